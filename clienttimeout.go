package requests

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/seed-3bbad739/requests/internal/drain"
)

// errOver is the cause of the context of an exchange that is over within its
// time.
var errOver = errors.New("the exchange is over")

// stoppable is what context.WithTimeoutCause gives with the cause errTotal, but
// for a clock that can be stopped: somebody else enforces the end.
type stoppable struct {
	context.Context
	end time.Time
}

func (s *stoppable) Deadline() (time.Time, bool) {
	if d, ok := s.Context.Deadline(); ok && d.Before(s.end) {
		return d, true
	}
	return s.end, true
}

func (s *stoppable) Err() error {
	err := s.Context.Err()
	if err != nil && context.Cause(s.Context) == errTotal {
		return context.DeadlineExceeded
	}
	return err
}

// boundExchange bounds the one exchange of c, its content included, by
// Timeouts.Total. It returns the clock, nil without a bound.
func (c *call) boundExchange() *time.Timer {
	d := limit(c.plan.settings.Timeouts.Total)
	if d <= 0 {
		return nil
	}
	t := &timer{caller: c.ctx.Context}
	ctx, cancel := context.WithCancelCause(t.caller)
	c.ctx.Context = &stoppable{ctx, time.Now().Add(d)}
	clock := time.AfterFunc(d, func() { cancel(errTotal) })
	t.cancel = func() {
		clock.Stop()
		cancel(errOver)
	}
	c.timer = t
	return clock
}

// unbound gives what the server has switched to to the caller, in resp: the
// connection outlives the bound of the exchange that it came by, but not its
// context, which may be what the connection hangs on.
func (c *call) unbound(resp *http.Response, clock *time.Timer) error {
	conn, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		return nil // it is content like any other
	}
	if !clock.Stop() {
		conn.Close()
		return errTotal
	}
	resp.Body = &switched{conn, c}
	return nil
}

// switched is the connection of a 101 response. Its Close lets go of the context,
// or that of the caller would remember it.
type switched struct {
	io.ReadWriteCloser
	c *call
}

func (s *switched) Close() error {
	err := s.ReadWriteCloser.Close()
	s.c.stopTimer()
	return err
}

// CloseWrite ends the caller's side of the connection.
func (s *switched) CloseWrite() error {
	if w, ok := s.ReadWriteCloser.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return http.ErrNotSupported
}

// Abort ends a pending Read.
func (s *switched) Abort() { drain.Abort(s.ReadWriteCloser) }

// CanAbort reports whether Abort is more than Close.
func (s *switched) CanAbort() bool { return drain.CanAbort(s.ReadWriteCloser) }
