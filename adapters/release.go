package adapters

import (
	"io"
	"net/http"
	"sync"

	"github.com/seed-3bbad739/requests/internal/drain"
)

// releasingBody calls release once: when the content has ended, has failed or
// is closed.
type releasingBody struct {
	io.ReadCloser
	once    sync.Once
	release func()
	closing sync.Once
	err     error // of Close
}

// releaseAtEnd returns body such that release is called when it is done with.
func releaseAtEnd(body io.ReadCloser, release func()) io.ReadCloser {
	if body == nil || body == http.NoBody {
		release()
		return body
	}
	b := &releasingBody{ReadCloser: body, release: release}
	if w, ok := body.(io.Writer); ok { // a 101 response: the connection itself
		return &releasingConn{b, w}
	}
	return b
}

func (b *releasingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.once.Do(b.release)
	}
	return n, err
}

func (b *releasingBody) Close() error {
	b.close()
	b.once.Do(b.release)
	return b.err
}

func (b *releasingBody) close() { b.closing.Do(func() { b.err = b.ReadCloser.Close() }) }

// Abort ends a pending Read from another goroutine. The release comes first
// where that has to be done by Close, which may wait for the Read: it may be
// what ends it.
func (b *releasingBody) Abort() {
	if a, ok := b.ReadCloser.(drain.Aborter); ok {
		a.Abort()
		b.once.Do(b.release)
		return
	}
	b.once.Do(b.release)
	b.close()
}

// CanAbort reports whether Abort is more than Close.
func (b *releasingBody) CanAbort() bool { return drain.CanAbort(b.ReadCloser) }

type releasingConn struct {
	*releasingBody
	io.Writer
}

func (c *releasingConn) CloseWrite() error { return closeWrite(c.Writer) }
