package adapters

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"github.com/seed-3bbad739/requests/internal/origin"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// Limit is an [http.RoundTripper] that keeps the load on each host within
// bounds. A request that comes too early waits, in the order of arrival, until
// it may go or its context ends; one whose context has a deadline that the
// wait would pass fails at once with an error that matches
// context.DeadlineExceeded.
//
// The zero value limits nothing. All that goes through one Limit, mounted by
// pointer or by Wrap, shares the bounds. A Limit must be neither changed nor
// copied after its first use. It remembers up to 1024 hosts, each for ten
// minutes after its last request.
type Limit struct {
	// Base performs the requests. If nil, Default() is used.
	Base http.RoundTripper
	// Rate is how many requests a second may start at one host (scheme, name
	// and port). Zero or negative means any number.
	Rate float64
	// Burst is how many may start at one moment after a pause. Zero means
	// Rate rounded up: a second's worth.
	Burst int
	// InFlight is how many requests to one host may be under way, each until
	// the content of its response is read to the end or closed. Zero or
	// negative means any number.
	InFlight int

	hosts originTable[hostLimit]
}

type hostLimit struct {
	rate     *rate.Limiter       // nil: any rate
	inFlight *semaphore.Weighted // nil: any number; first come, first served
}

// RoundTrip sends req through Base when its turn has come.
func (l *Limit) RoundTrip(req *http.Request) (*http.Response, error) {
	return l.roundTrip(orDefault(l.Base), req)
}

// Wrap returns l over next instead of Base.
func (l *Limit) Wrap(next http.RoundTripper) http.RoundTripper { return &policyLayer{l, next} }

// CloseIdleConnections closes those of Base.
func (l *Limit) CloseIdleConnections() { closeIdleOf(l.Base) }

// Close closes Base.
func (l *Limit) Close() error { return closeOf(l.Base) }

func (l *Limit) roundTrip(next http.RoundTripper, req *http.Request) (*http.Response, error) {
	if !(l.Rate > 0) && l.InFlight <= 0 {
		return next.RoundTrip(req)
	}
	key := origin.Of(req.URL)
	host := l.hosts.hold(key, time.Now(), l.fill)
	if err := host.state.enter(req.Context()); err != nil {
		l.hosts.letGo(host)
		closeContent(req)
		return nil, fmt.Errorf("adapters: waiting for a turn at %s: %w", key, err)
	}
	leave := func() {
		host.state.leave()
		l.hosts.letGo(host)
	}
	returned := false
	defer func() {
		if !returned { // an error, or a panic of the base
			leave()
		}
	}()
	resp, err := next.RoundTrip(req)
	if err == nil && resp != nil {
		returned = true
		resp.Body = releaseAtEnd(resp.Body, leave)
	}
	return resp, err
}

func (l *Limit) fill(h *hostLimit) {
	if l.Rate > 0 {
		burst := l.Burst
		if burst <= 0 {
			burst = int(min(math.Ceil(l.Rate), math.MaxInt32))
		}
		h.rate = rate.NewLimiter(rate.Limit(l.Rate), burst)
	}
	if l.InFlight > 0 {
		h.inFlight = semaphore.NewWeighted(int64(l.InFlight))
	}
}

// enter waits for a place and then for the time, so that it is the sendings
// that keep to the rate.
func (h *hostLimit) enter(ctx context.Context) error {
	if ctx.Err() != nil || h.inFlight != nil && h.inFlight.Acquire(ctx, 1) != nil {
		return interrupted(ctx)
	}
	if h.rate == nil {
		return nil
	}
	now := time.Now()
	turn := h.rate.ReserveN(now, 1)
	at := now.Add(turn.DelayFrom(now))
	var err error
	if passesDeadline(ctx, at) && at.After(now) {
		err = errTooLate
	} else {
		err = waitUntil(ctx, at)
	}
	if err != nil {
		turn.Cancel()
		h.leave()
	}
	return err
}

func (h *hostLimit) leave() {
	if h.inFlight != nil {
		h.inFlight.Release(1)
	}
}

// errTooLate is a turn that comes after the deadline.
var errTooLate error = tooLateError{}

type tooLateError struct{}

func (tooLateError) Error() string   { return "the wait would pass the deadline" }
func (tooLateError) Timeout() bool   { return true }
func (tooLateError) Temporary() bool { return false }
func (tooLateError) Unwrap() []error { return []error{sentinel.Timeout, context.DeadlineExceeded} }
