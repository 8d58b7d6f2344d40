package adapters

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/seed-3bbad739/requests/internal/drain"
)

const (
	defaultAttempts      = 3
	defaultMaxRetryAfter = time.Minute
)

// defaultStatuses are those of a server that is overloaded or away. A 413
// that says when to come back (RFC 9110, section 15.5.14) is one more.
var defaultStatuses = []int{
	http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

// Retry is an [http.RoundTripper] that sends a request again after a failure
// that may pass: a connection that could not be had or broke off, a server
// that is overloaded. Only what is harmless twice is sent twice: requests with
// an idempotent method (RFC 9110, section 9.2.2) or an Idempotency-Key field,
// and any request when no connection was had, as long as its content can be
// read again by GetBody. Waits grow exponentially with full jitter, unless the
// server names a time in Retry-After, RateLimit-Reset or X-RateLimit-Reset.
//
// Two things end the retries early so that they do not make an outage worse
// or keep the caller for nothing: the budget, a bucket of tokens that all
// users of the Retry share, and the deadline of the request's context, which
// no wait ever passes. What is there is then returned at once: the response,
// its content unread, or the error.
//
// When the retries are used up the last response is returned, or a
// [*RetryError] around the last error. A first attempt that is not retried
// returns its error as it is. [AttemptsFrom] tells what was tried.
//
// The zero value makes three attempts through [Default]. Mount a Retry by its
// pointer, or over any base by the method value Wrap; all that goes through
// one Retry shares its budget. A Retry must be neither changed nor copied
// after its first use.
type Retry struct {
	// Base performs each attempt. If nil, Default() is used.
	Base http.RoundTripper
	// Attempts is how often a request is sent in all, the first time
	// included. Zero means 3, negative 1.
	Attempts int
	// Wait and MaxWait are the upper bounds of the first wait and of any
	// wait; between them the bound doubles. Each wait is a random part of its
	// bound. Zero means 500 ms and 30 s. A negative Wait means no waiting but
	// for what the server asks, a negative MaxWait no bound.
	Wait, MaxWait time.Duration
	// MaxRetryAfter is the longest wait that a server may ask for. A longer
	// one ends the retries and the response is returned. Zero means 60 s;
	// negative means that only the context bounds it.
	MaxRetryAfter time.Duration
	// Statuses are retried, when the request may be. Nil means 429, 502, 503
	// and 504, and 413 with a Retry-After field; empty but not nil means none.
	Statuses []int
	// Methods may be sent twice, in any case of letters. Empty means GET,
	// HEAD, PUT, DELETE, OPTIONS, TRACE and QUERY; {"*"} means any.
	Methods []string
	// Budget is the part of the requests of the last 10 s that may be sent
	// once more; 10 retries in that time are always allowed. Zero means 0.2,
	// negative no budget.
	Budget float64
	// RaiseOnStatus makes retries that are used up by statuses end in a
	// [*RetryError] instead of the last response.
	RaiseOnStatus bool
	// Connect, Read, Status and Other bound the retries after one kind of
	// failure: no connection was had, or a proxy refused CONNECT for the
	// moment; the connection broke off or fell silent; a response of Statuses
	// came; anything else, TLS and SOCKS proxies among it. Zero means only
	// Attempts bounds them, negative none.
	Connect, Read, Status, Other int
	// MaxElapsed bounds the time of all attempts and waits, until the header
	// of the last response. Zero means none.
	MaxElapsed time.Duration
	// OnRetry is called before the wait for each next attempt with the
	// attempt that failed, in the caller's goroutine. Nil means nobody is told.
	OnRetry func(Attempt)
	// IdempotencyKey gives every request that could not be sent twice a
	// random Idempotency-Key field, the same in all its attempts, and so
	// makes it one that can. The server must know the field.
	IdempotencyKey bool

	budget budget
	jitter func(time.Duration) time.Duration // nil: any time up to the bound
}

// RoundTrip sends req through Base, as often as it takes and is allowed.
func (r *Retry) RoundTrip(req *http.Request) (*http.Response, error) {
	return r.roundTrip(orDefault(r.Base), req)
}

// Wrap returns r over next instead of Base. What one Retry wraps shares its
// budget.
func (r *Retry) Wrap(next http.RoundTripper) http.RoundTripper { return &policyLayer{r, next} }

// CloseIdleConnections closes those of Base.
func (r *Retry) CloseIdleConnections() { closeIdleOf(r.Base) }

// Close closes Base.
func (r *Retry) Close() error { return closeOf(r.Base) }

func (r *Retry) roundTrip(next http.RoundTripper, req *http.Request) (*http.Response, error) {
	if r.IdempotencyKey && !repeatable(req, r.Methods) {
		req = withKey(req)
	}
	start := time.Now()
	r.budget.deposit(start, r.Budget)
	resp, err := r.send(next, req, r.MaxElapsed)
	failed := r.failureOf(resp, err)
	if failed == failedNot {
		return resp, nil
	}
	t := &trial{Retry: r, next: next, req: req, start: start, sent: start}
	t.record.attempts = t.room[:0]
	return t.carryOn(resp, err, failed)
}

// send makes one attempt, within d unless that is 0.
func (r *Retry) send(next http.RoundTripper, req *http.Request, d time.Duration) (resp *http.Response, err error) {
	if d > 0 {
		resp, err = sendWithin(next, req, d)
	} else {
		resp, err = next.RoundTrip(req)
	}
	if resp == nil && err == nil {
		err = errNoResponse
	}
	return resp, err
}

var errNoResponse = errors.New("adapters: the base returned neither a response nor an error")

func (r *Retry) failureOf(resp *http.Response, err error) failureKind {
	if err != nil {
		return failureOf(err)
	}
	code := resp.StatusCode
	if r.Statuses != nil {
		if slices.Contains(r.Statuses, code) {
			return failedStatus
		}
		return failedNot
	}
	if slices.Contains(defaultStatuses, code) {
		return failedStatus
	}
	if code == http.StatusRequestEntityTooLarge {
		if _, ok := longest(resp.Header["Retry-After"], time.Now(), retryAfter); ok {
			return failedStatus
		}
	}
	return failedNot
}

// limit returns the bound of the retries after one kind of failure.
func (r *Retry) limit(f failureKind) int {
	n := 0
	switch f {
	case failedConnect:
		n = r.Connect
	case failedRead:
		n = r.Read
	case failedStatus:
		n = r.Status
	case failedOther:
		n = r.Other
	}
	if n == 0 {
		return r.attempts()
	}
	return n
}

func (r *Retry) attempts() int {
	if r.Attempts == 0 {
		return defaultAttempts
	}
	return max(1, r.Attempts)
}

// trial is one request whose first attempt failed: all that it needs, in one
// piece of memory.
type trial struct {
	*Retry
	next   http.RoundTripper
	req    *http.Request     // as it was sent first
	start  time.Time         // of the first attempt
	sent   time.Time         // of the latest
	failed [failureKinds]int // by kind
	drains drain.Series
	room   [defaultAttempts]Attempt
	record attempted
}

// carryOn makes the further attempts that the outcome of the first calls for.
func (t *trial) carryOn(resp *http.Response, err error, failed failureKind) (*http.Response, error) {
	for ; ; failed = t.failureOf(resp, err) {
		now := t.now()
		a := Attempt{Number: len(t.record.attempts) + 1, Start: t.sent, Elapsed: now.Sub(t.sent), Err: err}
		if err == nil {
			a.StatusCode = resp.StatusCode
		}
		if failed == failedNot {
			return t.end(resp, err, a)
		}
		t.failed[failed]++
		wait, stop := t.decide(failed, resp, err, now)
		var again *http.Request
		if stop == "" {
			var ok bool
			if again, ok = t.again(); !ok {
				stop = stopNoBody
			} else if !t.budget.withdraw(now, t.Budget) {
				closeContent(again)
				stop = stopBudget
			}
		}
		if stop != "" {
			a.Reason = stop
			return t.end(resp, err, a)
		}

		a.Reason, a.Wait = failed.String(), wait
		t.record.attempts = append(t.record.attempts, a)
		if resp != nil {
			t.drains.Discard(resp.Body) // may take a while, which is part of the wait
		}
		t.tell(a, again)
		var until time.Time
		if wait > 0 {
			until = now.Add(wait)
		}
		if cause := waitUntil(t.req.Context(), until); cause != nil {
			closeContent(again)
			e := &RetryError{Attempts: t.record.attempts, Response: resp, Err: cause}
			e.end(t.req.Context())
			return nil, e
		}
		t.sent = t.now()
		resp, err = t.send(t.next, again, t.left())
	}
}

// tell calls OnRetry. Should that panic, again is not sent.
func (t *trial) tell(a Attempt, again *http.Request) {
	if t.OnRetry == nil {
		return
	}
	told := false
	defer func() {
		if !told {
			closeContent(again)
		}
	}()
	t.OnRetry(a)
	told = true
}

// now is the time by the clock that runs since the start, which is cheaper to read
// than what time it is and keeps the attempts in order when that is set anew.
func (t *trial) now() time.Time { return t.start.Add(time.Since(t.start)) }

// again returns the request for one more attempt. One without content serves
// for all of them, as nobody writes to it.
func (t *trial) again() (*http.Request, bool) {
	if !hasBody(t.req) {
		return t.req, true
	}
	return resendable(t.req)
}

// The reasons for which no other attempt follows.
const (
	stopPermanent  = "another attempt would fail as well"
	stopContext    = "the context has ended"
	stopMethod     = "method is not idempotent"
	stopAttempts   = "attempts are used up"
	stopKind       = "retries of this kind are used up"
	stopNoBody     = "content cannot be sent again"
	stopRetryAfter = "the server asks for too long a wait"
	stopDeadline   = "the wait would pass the deadline"
	stopElapsed    = "the time for all attempts is used up"
	stopBudget     = "the budget is used up"
)

// decide returns how long to wait before the next attempt, or why there is
// to be none.
func (t *trial) decide(failed failureKind, resp *http.Response, err error, now time.Time) (wait time.Duration, stop string) {
	n := len(t.record.attempts) + 1 // attempts made
	switch {
	case t.req.Context().Err() != nil:
		return 0, stopContext
	case failed == failedForGood:
		return 0, stopPermanent
	case failed != failedConnect && !repeatable(t.req, t.Methods):
		return 0, stopMethod
	case n >= t.attempts():
		return 0, stopAttempts
	case t.failed[failed] > t.limit(failed):
		return 0, stopKind
	case hasBody(t.req) && t.req.GetBody == nil:
		return 0, stopNoBody
	}
	wait, ok := t.wait(n, resp, now)
	switch until := now.Add(wait); {
	case !ok:
		return 0, stopRetryAfter
	case passesDeadline(t.req.Context(), until):
		return 0, stopDeadline
	case t.MaxElapsed > 0 && until.Sub(t.start) >= t.MaxElapsed:
		return 0, stopElapsed
	}
	return wait, ""
}

// wait returns the time until attempt n+1. It reports false when the server
// wants to be left alone for longer than MaxRetryAfter.
func (t *trial) wait(n int, resp *http.Response, now time.Time) (time.Duration, bool) {
	if resp != nil {
		most := t.MaxRetryAfter
		if most == 0 {
			most = defaultMaxRetryAfter
		}
		if asked, ok := askedDelay(resp.Header, now); ok && asked > 0 {
			return asked, most < 0 || asked <= most
		}
	}
	return backoff(n, t.Wait, t.MaxWait, t.jitter), true
}

// left returns what remains of MaxElapsed, 0 when it is not set.
func (t *trial) left() time.Duration {
	if t.MaxElapsed <= 0 {
		return 0
	}
	return max(1, t.MaxElapsed-time.Since(t.start))
}

// end returns what the last attempt brought.
func (t *trial) end(resp *http.Response, err error, last Attempt) (*http.Response, error) {
	t.record.attempts = append(t.record.attempts, last)
	switch {
	case err != nil && len(t.record.attempts) == 1:
		return nil, err
	case err != nil:
		e := &RetryError{Attempts: t.record.attempts, Err: err}
		if last.Reason == stopContext {
			e.end(t.req.Context())
		}
		return nil, e
	case t.RaiseOnStatus && usedUp(last.Reason):
		t.drains.Discard(resp.Body)
		return nil, &RetryError{Attempts: t.record.attempts, Response: resp}
	}
	t.record.attach(resp, t.req)
	return resp, nil
}

// usedUp reports whether the policy's own limits ended the retries, and not
// what this one request or response is like.
func usedUp(reason string) bool {
	switch reason {
	case stopAttempts, stopKind, stopElapsed, stopBudget:
		return true
	}
	return false
}
