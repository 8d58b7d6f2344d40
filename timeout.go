package requests

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/ctxkey"
	"github.com/seed-3bbad739/requests/internal/nettls"
	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// callContext is the caller's context with the settings of the exchange, which
// the adapter asks for, and the call, which knows what was marked secret: one
// object for the whole call. What is left of one exchange may still look at the
// settings while those of the next take their place.
type callContext struct {
	context.Context
	settings atomic.Pointer[adapters.Settings] // nil before the first exchange
	call     *call
}

var noSettings adapters.Settings

func (c *callContext) Value(key any) any {
	switch key.(type) {
	case ctxkey.Settings:
		if s := c.settings.Load(); s != nil {
			return s
		}
		return &noSettings
	case redact.MarksKey:
		if c.call != nil {
			return c.call
		}
	}
	return c.Context.Value(key)
}

// Format prints no more than what c is: it leads to all that the call and its
// session have, secrets included.
func (c *callContext) Format(f fmt.State, verb rune) { formatText(f, verb, "requests.callContext") }

// callerContext is the context underneath, so that requests made from requests
// do not nest.
func callerContext(ctx context.Context) context.Context {
	switch c := ctx.(type) {
	case *callContext:
		return c.Context
	case *answeredContext:
		return callerContext(c.Context)
	}
	return ctx
}

// answeredContext has the values of the context that a request was answered
// under besides its own. When that one ends is nothing to it.
type answeredContext struct {
	context.Context
	answered context.Context
}

func (c *answeredContext) Value(key any) any {
	if v := c.answered.Value(key); v != nil {
		return v
	}
	return c.Context.Value(key)
}

func (c *answeredContext) Format(f fmt.State, verb rune) {
	formatText(f, verb, "requests.answeredContext")
}

// timer bounds a call by Timeouts.Total. The other timeouts belong to single
// exchanges and are kept by the adapter, beneath retries.
type timer struct {
	caller context.Context // what the caller gave
	cancel context.CancelFunc
}

func (c *call) startTimer() {
	if d := limit(c.plan.settings.Timeouts.Total); d > 0 {
		t := &timer{caller: c.ctx.Context}
		c.ctx.Context, t.cancel = context.WithTimeoutCause(t.caller, d, errTotal)
		c.timer = t
	}
}

func (c *call) stopTimer() {
	if c.timer != nil {
		c.timer.cancel()
	}
}

// callerContext is the context that the call was made with.
func (c *call) callerContext() context.Context {
	if c.timer != nil {
		return c.timer.caller
	}
	return c.ctx.Context
}

// contextError says why ctx is done, in terms that match both the context's
// error and its cause; nil while it is not.
func contextError(ctx context.Context) error {
	err := sentinel.Ended(ctx)
	if err == nil {
		return nil
	}
	if context.Cause(ctx) == errTotal {
		return totalError(ctx)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return because(ErrTimeout, err)
	}
	return err
}

// totalError is errTotal, with the time that was allowed where ctx is a call's.
func totalError(ctx context.Context) error {
	c, ok := ctx.(*callContext)
	if !ok || c.call == nil || c.call.plan == nil {
		return errTotal
	}
	return sentinel.New(fmt.Sprintf("total timeout of %v", c.call.plan.settings.Timeouts.Total), errTotal)
}

// withAttempts returns reason, for which ctx is done, or err where that says
// the same and tells of attempts besides.
func withAttempts(ctx context.Context, reason, err error) error {
	var r *adapters.RetryError
	if !errors.As(err, &r) || !errors.Is(r, ctx.Err()) {
		return reason
	}
	if errors.Is(reason, ErrTimeout) {
		return because(ErrTimeout, bare(err))
	}
	return bare(err)
}

// isCauseOf reports whether err is what ctx was cancelled with: adapters that
// are not ours return that as it is.
func isCauseOf(ctx context.Context, err error) bool {
	return errors.Is(ctx.Err(), context.Canceled) && errors.Is(err, context.Cause(ctx))
}

// failure turns what an adapter or a body returned into what the caller can
// match: the context's reason if it has one, else the conditions that the
// adapter reported, else those of the kind of error.
func failure(ctx context.Context, err error) error {
	if !errors.Is(err, sentinel.Timeout) || errors.Is(err, errTotal) || isCauseOf(ctx, err) { // the reason tells how long that was
		if reason := contextError(ctx); reason != nil {
			return withAttempts(ctx, reason, err)
		}
	}
	err = bare(err)
	if errors.As(err, new(*sentinel.Condition)) {
		return err // what the cause is like, an error of the caller's own content say, is nothing to it
	}
	// Adapters that are not ours report as net/http and package net do.
	var netErr net.Error
	switch {
	case errors.As(err, &netErr) && netErr.Timeout():
		return because(ErrReadTimeout, err)
	case nettls.IsFailure(err):
		return because(ErrTLS, err)
	case errors.As(err, new(*net.OpError)), errors.As(err, new(*net.DNSError)), errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return because(ErrConnection, err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return because(ErrTruncated, err)
	}
	return err
}
