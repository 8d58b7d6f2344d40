// Package drain reads what is left of a response nobody will look at, so that
// its connection can serve again, and gives up when that would cost more than
// a new connection.
package drain

import (
	"io"
	"net/http"
	"sync"
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
func Body(w io.Writer, body io.ReadCloser) (complete bool) { return new(Series).Body(w, body) }

// Discard is [Body] into nothing.
func Discard(body io.ReadCloser) { Body(io.Discard, body) }

// Series drains bodies one after the other, by one timer. The zero value is
// ready.
type Series struct {
	bounded
	mu    sync.Mutex  // guards what follows
	timer *time.Timer // of the body that is drained, or ready for the next; nil: there is none
	turn  uint        // of timer: one that has fired, perhaps too late for its body, does not see the next
}

// Body is the function of that name.
func (s *Series) Body(w io.Writer, body io.ReadCloser) (complete bool) {
	if body == nil || body == http.NoBody {
		return true
	}
	defer body.Close()
	s.bounded = bounded{body: body, left: MaxBytes + 1}
	s.begin()
	defer s.end()
	_, err := io.Copy(w, &s.bounded)
	return err == nil && s.left > 0
}

// Discard is Body into nothing.
func (s *Series) Discard(body io.ReadCloser) { s.Body(io.Discard, body) }

func (s *Series) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Reset(MaxWait)
		return
	}
	s.turn++
	turn := s.turn
	s.timer = time.AfterFunc(MaxWait, func() { s.expire(turn) })
}

func (s *Series) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil && !s.timer.Stop() {
		s.timer = nil
	}
	s.body = nil // whoever keeps s need not keep what it was
}

func (s *Series) expire(turn uint) {
	s.mu.Lock()
	if s.timer == nil || s.turn != turn {
		s.mu.Unlock()
		return
	}
	s.timer = nil
	body := s.body
	s.mu.Unlock()
	if a, ok := body.(Aborter); ok {
		a.Abort()
		return
	}
	body.Close()
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
