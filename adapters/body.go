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
	empty   bool  // a stream of HTTP/2 of length 0, of which the end is to come
	other   bool  // another protocol, whose peers may be silent for long
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
	b.waits(true)
	n, err := b.content.Read(p)
	b.waits(false)
	if b.left > 0 {
		b.left -= int64(n)
	}
	if err == nil {
		return n, nil
	}
	return n, b.finish(err)
}

func (b *body) waits(reading bool) {
	if !b.other {
		b.x.waits(reading)
	}
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
		if b.empty && !b.x.uploading() {
			b.x.cancel(errDone) // small content may wait still to be sent
		}
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
