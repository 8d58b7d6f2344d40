package adapters

import (
	"io"
	"net/http"
	"sync/atomic"
)

// body is the content of a response, and the end of its exchange.
type body struct {
	x       *exchange
	content io.ReadCloser
	left    int64 // of the declared length; -1: none is declared
	atEnd   bool
	err     error // what Read last ended with; Read's alone
	closed  atomic.Bool
}

func (b *body) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	if b.atEnd {
		return 0, io.EOF
	}
	if b.err != nil {
		return 0, b.err
	}
	b.x.waits(true)
	n, err := b.content.Read(p)
	b.x.waits(false)
	if b.left > 0 {
		b.left -= int64(n)
	}
	if err == nil {
		return n, nil
	}
	return n, b.finish(err)
}

// finish settles what the last Read ended with. net/http may report the end
// of a cancelled body as its clean end: that counts only while the context
// lives, unless the declared length is there.
func (b *body) finish(err error) error {
	whole := err == io.EOF && b.left == 0
	if !whole {
		if ended := b.x.interrupted(); ended != nil {
			b.err = ended
			if b.closed.Load() {
				b.err = http.ErrBodyReadAfterClose
			}
			b.content.Close()
			b.x.breakOff()
			return b.err
		}
	}
	if err == io.EOF && (whole || b.left < 0) {
		b.atEnd = true
		b.content.Close() // waits for HTTP/2 to have forgotten the stream
		b.x.complete()
		return io.EOF
	}
	b.err = b.x.cut(err)
	b.content.Close()
	b.x.breakOff()
	return b.err
}

// Close ends the exchange. What is unread is not waited for.
func (b *body) Close() error {
	if b.closed.Swap(true) {
		return nil
	}
	if !b.x.isOver() {
		b.x.cancel(errAborted) // a Read that waits returns
	}
	err := b.content.Close()
	b.x.end()
	return err
}

// Abort makes a Read that waits return, and those that follow fail.
func (b *body) Abort() { b.x.cancel(errAborted) }

// upgraded is the body of a 101 response, which is written to as well.
type upgraded struct {
	*body
	io.Writer
}

// CloseWrite ends the caller's side of the connection, as that of net/http's body.
func (u *upgraded) CloseWrite() error { return closeWrite(u.Writer) }

func closeWrite(conn io.Writer) error {
	if w, ok := conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return http.ErrNotSupported
}

// upload is the content of a request on its way.
type upload struct {
	x       *exchange
	content io.ReadCloser
	left    int64 // of the declared length; not above 0: none is declared
	begun   atomic.Bool
	closed  atomic.Bool
}

func (u *upload) Read(p []byte) (int, error) {
	u.begun.Store(true)
	u.x.produces(true)
	n, err := u.content.Read(p)
	u.x.produces(false)
	declared := u.x.request.ContentLength > 0
	u.left -= int64(n)
	if declared && (u.left < 0 || err == io.EOF && u.left > 0) || err != nil && err != io.EOF {
		u.x.mu.Lock()
		if err != nil && err != io.EOF {
			u.x.uploadErr = err
		} else {
			u.x.miscounted = true
		}
		u.x.mu.Unlock()
	}
	return n, err
}

func (u *upload) Close() error {
	if u.closed.Swap(true) {
		return nil
	}
	err := u.content.Close()
	u.x.uploaded()
	return err
}
