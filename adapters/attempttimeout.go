package adapters

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-3bbad739/requests/internal/sentinel"
)

const defaultAttemptTimeout = 10 * time.Second

// AttemptTimeout is an [http.RoundTripper] that gives up a request whose
// response header has not come in time. Mounted beneath a [Retry] it bounds
// each attempt, so that a server that hangs costs one attempt and not the
// whole call. The content of the response is not under this bound.
//
// The error matches the conditions of a read timeout and
// context.DeadlineExceeded, and is a timeout in the sense of net.Error. The
// zero value is ready. An AttemptTimeout must not be changed after its first use.
type AttemptTimeout struct {
	// Base performs each request. If nil, Default() is used.
	Base http.RoundTripper
	// Timeout bounds the time until the header. Zero means 10 s, negative none.
	Timeout time.Duration
}

// RoundTrip sends req through Base.
func (t *AttemptTimeout) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.roundTrip(orDefault(t.Base), req)
}

// Wrap returns t over next instead of Base.
func (t *AttemptTimeout) Wrap(next http.RoundTripper) http.RoundTripper {
	return &policyLayer{t, next}
}

// CloseIdleConnections closes those of Base.
func (t *AttemptTimeout) CloseIdleConnections() { closeIdleOf(t.Base) }

// Close closes Base.
func (t *AttemptTimeout) Close() error { return closeOf(t.Base) }

func (t *AttemptTimeout) roundTrip(next http.RoundTripper, req *http.Request) (*http.Response, error) {
	switch {
	case t.Timeout < 0:
		return next.RoundTrip(req)
	case t.Timeout == 0:
		return sendWithin(next, req, defaultAttemptTimeout)
	}
	return sendWithin(next, req, t.Timeout)
}

// sendWithin sends req and gives up when there is no header after d. The
// context it sends under tells of the deadline, and lives on after the header
// until the body is done with.
func sendWithin(next http.RoundTripper, req *http.Request, d time.Duration) (*http.Response, error) {
	late := &noResponseError{d}
	ctx, cancel := context.WithCancelCause(req.Context())
	deadline := time.Now().Add(d)
	timer := time.AfterFunc(d, func() { cancel(late) })
	sent := req.WithContext(deadlineContext{ctx, deadline, late})
	resp, err := next.RoundTrip(sent)
	inTime := timer.Stop()
	if resp == nil && err == nil {
		err = errNoResponse
	}
	if inTime && err == nil {
		showAsSent(resp, sent, req)
		resp.Body = releaseAtEnd(resp.Body, func() { cancel(nil) })
		return resp, nil
	}
	cancel(late)
	if err == nil {
		if resp.Body != nil {
			resp.Body.Close() // its context has ended: the content would be cut
		}
		err = interrupted(ctx)
	}
	if !inTime && context.Cause(ctx) == error(late) {
		err = late.insteadOf(err)
	}
	return nil, err
}

// deadlineContext is what context.WithDeadline gives, but for a timer that
// can be stopped: somebody else enforces the deadline, with the cause late.
type deadlineContext struct {
	context.Context
	deadline time.Time
	late     error
}

func (c deadlineContext) Deadline() (time.Time, bool) {
	if d, ok := c.Context.Deadline(); ok && d.Before(c.deadline) {
		return d, true
	}
	return c.deadline, true
}

func (c deadlineContext) Err() error {
	err := c.Context.Err()
	if err != nil && context.Cause(c.Context) == c.late {
		return context.DeadlineExceeded
	}
	return err
}

// noResponseError reports that no header came within its time.
type noResponseError struct{ d time.Duration }

// insteadOf returns e for what a base made of the end of its context, in which
// it may see a cancellation of the caller's. What a Retry tells of its attempts
// is kept.
func (e *noResponseError) insteadOf(err error) error {
	r, ok := err.(*RetryError)
	if !ok {
		return e
	}
	again := *r
	again.Err, again.ended, again.cause = e, context.DeadlineExceeded, e
	return &again
}

func (e *noResponseError) Error() string   { return fmt.Sprintf("adapters: no response within %v", e.d) }
func (e *noResponseError) Timeout() bool   { return true }
func (e *noResponseError) Temporary() bool { return false }
func (e *noResponseError) Unwrap() []error {
	return []error{sentinel.ReadTimeout, context.DeadlineExceeded}
}
