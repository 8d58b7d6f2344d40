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
	stop := time.AfterFunc(MaxWait, func() {
		if a, ok := body.(Aborter); ok {
			a.Abort()
			return
		}
		body.Close()
	})
	defer stop.Stop()
	_, err := io.CopyN(w, body, MaxBytes+1)
	return err == io.EOF
}

// Discard is [Body] into nothing.
func Discard(body io.ReadCloser) { Body(io.Discard, body) }
