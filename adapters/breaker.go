package adapters

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/seed-3bbad739/requests/internal/origin"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// ErrCircuitOpen is matched by the error of a request that a [Breaker] kept
// back. It comes as a [*CircuitError].
var ErrCircuitOpen error = sentinel.CircuitOpen

// CircuitError reports that a request was not sent, as the server has failed
// too often of late. It matches [ErrCircuitOpen].
type CircuitError struct {
	Origin string    // scheme, host and port
	Until  time.Time // when to try again
}

// Error says which origin is left alone, and until when.
func (e *CircuitError) Error() string {
	return fmt.Sprintf("adapters: %s: %v until %s", e.Origin, ErrCircuitOpen, e.Until.Format(time.RFC3339))
}

// Unwrap returns [ErrCircuitOpen].
func (e *CircuitError) Unwrap() error { return ErrCircuitOpen }

// CircuitState is how a [Breaker] treats an origin.
type CircuitState int

// The states of a circuit.
const (
	CircuitClosed   CircuitState = iota // requests pass
	CircuitOpen                         // requests fail at once
	CircuitHalfOpen                     // a few pass, to see how the server is
)

// String returns "closed", "open" or "half-open".
func (s CircuitState) String() string {
	switch s {
	case CircuitClosed:
		return "closed"
	case CircuitOpen:
		return "open"
	case CircuitHalfOpen:
		return "half-open"
	}
	return fmt.Sprintf("CircuitState(%d)", int(s))
}

// CircuitChange is a change of the state of one origin.
type CircuitChange struct {
	Origin   string
	From, To CircuitState
	Until    time.Time // when an open circuit lets the next request through; zero otherwise
}

// The defaults of a Breaker.
const (
	defaultFailures    = 5
	defaultFailureRate = 0.5
	defaultMinRequests = 20
	defaultWindow      = 10 * time.Second
	defaultOpenFor     = 5 * time.Second
)

// Breaker is an [http.RoundTripper] that stops sending to an origin which
// fails: it is spared the load, and the callers the wait. After OpenFor a few
// trial requests go through; when they succeed, all do again.
//
// The zero value is ready. All that goes through one Breaker, mounted by
// pointer or by Wrap, shares its circuits, of which it keeps up to 1024. A
// Breaker must be neither changed nor copied after its first use.
type Breaker struct {
	// Base performs the requests. If nil, Default() is used.
	Base http.RoundTripper
	// Failures in a row open the circuit. Zero means 5, negative that they
	// do not.
	Failures int
	// FailureRate opens the circuit when this part of at least MinRequests
	// outcomes within Window were failures. Zero means 0.5 of 20 in 10 s; a
	// negative rate never opens it.
	FailureRate float64
	MinRequests int
	Window      time.Duration
	// OpenFor is how long requests are kept back. Zero means 5 s.
	OpenFor time.Duration
	// Trials is how many requests pass a half-open circuit, and must all
	// succeed to close it. Zero means 1.
	Trials int
	// IsFailure decides what counts. Nil means errors, and the statuses 500,
	// 502, 503 and 504. What the server has no part in never counts: requests
	// that their caller cancelled, whose content could not be read, whose
	// deadline was over before or which a [Limit] beneath did not let pass.
	IsFailure func(*http.Response, error) bool
	// OnChange is told of every change, in the goroutine of the request that
	// caused it. Nil means nobody is told.
	OnChange func(CircuitChange)

	circuits originTable[circuit]
}

// RoundTrip sends req through Base, or returns a [*CircuitError].
func (b *Breaker) RoundTrip(req *http.Request) (*http.Response, error) {
	return b.roundTrip(orDefault(b.Base), req)
}

// Wrap returns b over next instead of Base.
func (b *Breaker) Wrap(next http.RoundTripper) http.RoundTripper { return &policyLayer{b, next} }

// CloseIdleConnections closes those of Base.
func (b *Breaker) CloseIdleConnections() { closeIdleOf(b.Base) }

// Close closes Base.
func (b *Breaker) Close() error { return closeOf(b.Base) }

// State returns the state of u's origin. A circuit whose time has come is
// half-open, though no request may have tried it yet.
func (b *Breaker) State(u *url.URL) CircuitState {
	c := b.circuits.peek(origin.Of(u))
	if c == nil {
		return CircuitClosed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == CircuitOpen && !time.Now().Before(c.until) {
		return CircuitHalfOpen
	}
	return c.state
}

func (b *Breaker) roundTrip(next http.RoundTripper, req *http.Request) (*http.Response, error) {
	key := origin.Of(req.URL)
	entry := b.circuits.hold(key, time.Now(), func(*circuit) {})
	defer b.circuits.letGo(entry)
	c := &entry.state

	period, change, err := c.enter(key, b.terms())
	if err != nil {
		closeContent(req)
		b.report(key, change)
		return nil, err
	}
	over := req.Context().Err() != nil // before anything was sent
	var (
		outcome            = outcomeNone
		resp               *http.Response
		sent, judged, done bool
	)
	defer func() { // what nobody gets when IsFailure or OnChange panicked
		switch {
		case done:
		case !sent:
			closeContent(req)
		case resp != nil && resp.Body != nil:
			resp.Body.Close()
		}
	}()
	defer func() { // also when the base panics: a trial must not stay open
		b.report(key, c.leave(period, outcome, b.terms()))
		done = judged
	}()
	b.report(key, change)
	sent = true
	resp, err = next.RoundTrip(req)
	if !over {
		outcome = b.outcome(req, resp, err)
	}
	judged = true
	return resp, err
}

func (b *Breaker) report(key string, change *CircuitChange) {
	if change != nil && b.OnChange != nil {
		change.Origin = key
		b.OnChange(*change)
	}
}

type outcome int

const (
	outcomeNone outcome = iota // says nothing about the server
	outcomeSuccess
	outcomeFailure
)

func (b *Breaker) outcome(req *http.Request, resp *http.Response, err error) outcome {
	if err != nil && callersDoing(req.Context().Err(), context.Cause(req.Context())) {
		return outcomeNone // the caller's own doing; a timeout is not
	}
	if errors.Is(err, errContent) || errors.Is(err, errTooLate) {
		return outcomeNone // the server has no part in it
	}
	failed := false
	switch {
	case b.IsFailure != nil:
		failed = b.IsFailure(resp, err)
	case err != nil || resp == nil:
		failed = true
	default:
		switch resp.StatusCode {
		case http.StatusInternalServerError, http.StatusBadGateway,
			http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			failed = true
		}
	}
	if failed {
		return outcomeFailure
	}
	return outcomeSuccess
}

// circuitTerms are a Breaker's fields with the defaults filled in.
type circuitTerms struct {
	failures, minRequests, trials int // failures and rate: negative for never
	rate                          float64
	window, openFor               time.Duration
}

func (b *Breaker) terms() circuitTerms {
	t := circuitTerms{b.Failures, b.MinRequests, b.Trials, b.FailureRate, b.Window, b.OpenFor}
	if t.failures == 0 {
		t.failures = defaultFailures
	}
	if t.rate == 0 {
		t.rate = defaultFailureRate
	}
	if t.minRequests <= 0 {
		t.minRequests = defaultMinRequests
	}
	if t.window <= 0 {
		t.window = defaultWindow
	}
	if t.openFor <= 0 {
		t.openFor = defaultOpenFor
	}
	t.trials = max(1, t.trials)
	return t
}
