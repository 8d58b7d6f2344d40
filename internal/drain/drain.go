// Package drain reads what is left of a response nobody will look at, so that
// its connection can serve again, and gives up when that would cost more than
// a new connection.
package drain

import (
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/seed-3bbad739/requests/internal/inmemory"
)

// The bounds of a drain. Content is read as it came: decoding it would let a
// small body cost much.
const (
	MaxBytes = 256 << 10
	MaxWait  = 50 * time.Millisecond
)

// Aborter is a body whose pending Read can be ended from another goroutine.
// Close alone does not do that for HTTP/1 bodies: it waits for the Read.
//
// A body that has Abort for the sake of the one below it, and can do no more
// than that one, says so by a method CanAbort.
type Aborter interface{ Abort() }

// CanAbort reports whether a pending Read of body can be ended.
func CanAbort(body io.ReadCloser) bool {
	if c, ok := body.(interface{ CanAbort() bool }); ok {
		return c.CanAbort()
	}
	_, ok := body.(Aborter)
	return ok
}

// Abort ends a pending Read of body, by closing it where there is no other way.
func Abort(body io.ReadCloser) {
	if a, ok := body.(Aborter); ok {
		a.Abort()
		return
	}
	body.Close()
}

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
	_, present := inmemory.Len(body)
	if !present && !CanAbort(body) {
		return besides(w, body)
	}
	defer body.Close()
	s.bounded = bounded{body: body, left: MaxBytes + 1}
	if present { // no Read waits
		defer func() { s.body = nil }()
	} else {
		s.begin()
		defer s.end()
	}
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
	if a, ok := body.(Aborter); ok { // as CanAbort has found
		a.Abort()
	}
}

// bounded ends after a number of bytes, and fails where no more come.
type bounded struct {
	body  io.ReadCloser
	left  int32
	empty int32 // Reads in a row that brought nothing
}

// maxEmpty is how often a Read may bring nothing, as in package bufio.
const maxEmpty = 100

func (d *bounded) Read(p []byte) (int, error) {
	if d.left <= 0 {
		return 0, io.EOF
	}
	n, err := d.body.Read(p[:min(len(p), int(d.left))])
	d.left -= int32(n)
	d.empty++
	if n > 0 || err != nil {
		d.empty = 0
	}
	if d.empty > maxEmpty {
		err = io.ErrNoProgress
	}
	return n, err
}
