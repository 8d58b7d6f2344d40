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
	err := b.ReadCloser.Close()
	b.once.Do(b.release)
	return err
}

// Abort ends a pending Read from another goroutine.
func (b *releasingBody) Abort() {
	if a, ok := b.ReadCloser.(drain.Aborter); ok {
		a.Abort()
	} else {
		b.ReadCloser.Close()
	}
	b.once.Do(b.release)
}

type releasingConn struct {
	*releasingBody
	io.Writer
}

func (c *releasingConn) CloseWrite() error { return closeWrite(c.Writer) }
