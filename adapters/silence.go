package adapters

import (
	"sync"
	"time"

	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// silenceWatch ends an exchange in memory whose handler is silent for longer
// than Settings.Read, as the timer of an [exchange] does: the time runs while
// the caller waits for the handler, and not the other way round. The methods of
// a nil one do nothing.
type silenceWatch struct {
	limit   time.Duration // 0: none, and what follows is not used
	end     func(cause error)
	expired chan struct{} // closed when the handler was silent for too long

	mu        sync.Mutex // guards what follows
	timer     *time.Timer
	deadline  time.Time // zero: the timer does not mean it
	producing bool      // the caller is asked for content
	reading   bool      // the caller waits for content
	headed    bool      // the header is there
	cause     error     // of the end
}

// begin starts the time that the header may take.
func (s *silenceWatch) begin(limit time.Duration, end func(cause error)) {
	if limit <= 0 {
		return
	}
	s.limit, s.end, s.expired = limit, end, make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = time.Now().Add(limit)
	s.timer = time.AfterFunc(limit, s.expire)
}

// note has change say what is waited for, and starts the time anew if it is
// the handler.
func (s *silenceWatch) note(change func()) {
	if s == nil || s.limit == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	if s.cause != nil || s.producing || s.headed && !s.reading {
		s.deadline = time.Time{}
		s.timer.Stop()
		return
	}
	s.deadline = time.Now().Add(s.limit)
	s.timer.Reset(s.limit)
}

func (s *silenceWatch) heard()            { s.note(func() {}) }
func (s *silenceWatch) answered()         { s.note(func() { s.headed = true }) }
func (s *silenceWatch) reads(yes bool)    { s.note(func() { s.reading = yes }) }
func (s *silenceWatch) produces(yes bool) { s.note(func() { s.producing = yes }) }

// expire runs when the timer fires, which it may have done before it was
// stopped.
func (s *silenceWatch) expire() {
	s.mu.Lock()
	if s.cause != nil || s.deadline.IsZero() || time.Until(s.deadline) > 0 {
		s.mu.Unlock()
		return
	}
	s.cause = &failure{sentinel.ReadTimeout, &silence{"no answer", s.limit}}
	if s.headed {
		s.cause = &failure{sentinel.BodyReadTimeout, &silence{"no content", s.limit}}
	}
	cause := s.cause
	s.mu.Unlock()
	s.end(cause)
	close(s.expired)
}

// ended returns the error of a handler that was silent for too long, else nil.
func (s *silenceWatch) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause
}
