// Package drain reads what is left of a response nobody will look at, so that
// its connection can serve again, and gives up when that would cost more than
// a new connection.
package drain

import (
	"io"
	"net/http"
	"time"
)

// The bounds of a drain. Content is read as it came: decoding it would let a
// small body cost much.
const (
	MaxBytes = 256 << 10
	MaxWait  = 50 * time.Millisecond
)

// Aborter is a body whose pending Read can be ended from another goroutine.
// Close alone does not do that for HTTP/1 bodies: it waits for the Read.
type Aborter interface{ Abort() }

// Body reads body to its end into w and closes it. It reports whether the end
// was reached within the bounds; if not, closing drops the connection.
func Body(w io.Writer, body io.ReadCloser) (complete bool) {
	if body == nil || body == http.NoBody {
		return true
	}
	defer body.Close()
	d := &bounded{body: body, left: MaxBytes + 1}
	stop := time.AfterFunc(MaxWait, d.abort)
	defer stop.Stop()
	_, err := io.Copy(w, d)
	return err == nil && d.left > 0
}

// bounded ends after a number of bytes.
type bounded struct {
	body io.ReadCloser
	left int
}

func (d *bounded) Read(p []byte) (int, error) {
	if d.left <= 0 {
		return 0, io.EOF
	}
	n, err := d.body.Read(p[:min(len(p), d.left)])
	d.left -= n
	return n, err
}

func (d *bounded) abort() {
	if a, ok := d.body.(Aborter); ok {
		a.Abort()
		return
	}
	d.body.Close()
}

// Discard is [Body] into nothing.
func Discard(body io.ReadCloser) { Body(io.Discard, body) }
