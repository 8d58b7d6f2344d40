package adapters

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/seed-3bbad739/requests/internal/origin"
)

// Hedge is an [http.RoundTripper] against slow answers: when a request has
// had none for a while it is sent a second time, and the first response wins.
// The other sending is then cancelled.
//
// Only what is harmless twice is hedged: requests with an idempotent method
// (RFC 9110, section 9.2.2) or an Idempotency-Key field, whose content, if
// any, can be read again by GetBody and has no trailers, which it sets as it is
// read. A response of any status wins; an error only when the other sending has
// failed too.
//
// The zero value waits as long as 95 of 100 recent answers of the origin
// took. All that goes through one Hedge, mounted by pointer or by Wrap, shares
// what was observed and the budget. A Hedge must be neither changed nor copied
// after its first use.
type Hedge struct {
	// Base performs each sending. If nil, Default() is used.
	Base http.RoundTripper
	// Delay is how long the first sending is waited for. Zero means the 95th
	// percentile of the origin's latest answers, and no hedging before 20 of
	// them were seen; negative means no hedging.
	Delay time.Duration
	// Budget is the part of the requests of the last 10 s that may be sent
	// twice; 10 in that time always may. Zero means 0.2, negative no budget.
	Budget float64
	// OnHedge is called when a request is sent a second time, in the
	// caller's goroutine, with the delay after which it was. Nil means nobody
	// is told.
	OnHedge func(req *http.Request, after time.Duration)

	budget  budget
	answers originTable[latency]
}

// RoundTrip sends req through Base, twice if need be.
func (h *Hedge) RoundTrip(req *http.Request) (*http.Response, error) {
	return h.roundTrip(orDefault(h.Base), req)
}

// Wrap returns h over next instead of Base.
func (h *Hedge) Wrap(next http.RoundTripper) http.RoundTripper { return &policyLayer{h, next} }

// CloseIdleConnections closes those of Base.
func (h *Hedge) CloseIdleConnections() { closeIdleOf(h.Base) }

// Close closes Base.
func (h *Hedge) Close() error { return closeOf(h.Base) }

func (h *Hedge) roundTrip(next http.RoundTripper, req *http.Request) (*http.Response, error) {
	if h.Delay < 0 || !repeatable(req, nil) || hasBody(req) && (req.GetBody == nil || len(req.Trailer) > 0) {
		return next.RoundTrip(req)
	}
	start := time.Now()
	h.budget.deposit(start, h.Budget)
	if h.Delay > 0 {
		return h.race(next, req, h.Delay)
	}
	seen := h.answers.hold(origin.Of(req.URL), start, func(*latency) {})
	defer h.answers.letGo(seen)
	var resp *http.Response
	var err error
	if delay, ok := seen.state.p95(); ok {
		resp, err = h.race(next, req, delay)
	} else {
		resp, err = next.RoundTrip(req)
	}
	if err == nil {
		seen.state.observe(time.Since(start))
	}
	return resp, err
}

// race sends req, a second time after delay, and returns the first response.
func (h *Hedge) race(next http.RoundTripper, req *http.Request, delay time.Duration) (*http.Response, error) {
	r := &hedgeRace{next: next, req: req, results: make(chan *hedgeTry, 2)}
	r.start(req.Body)
	timer := time.NewTimer(delay)
	defer timer.Stop()
	over := false
	defer func() {
		if !over { // OnHedge or the base panicked
			r.abandon()
		}
	}()
	running := 1
	var failed error
	for {
		select {
		case t := <-r.results:
			if t.panicked != nil {
				panic(t.panicked) // where the caller can recover from it
			}
			if t.err == nil {
				over = true
				return r.win(t), nil
			}
			t.cancel()
			if failed == nil || keptBack(failed) || req.Context().Err() != nil {
				failed = t.err
			}
			if running--; running == 0 {
				over = true
				return nil, failed
			}
		case <-timer.C:
			again, ok := resendable(req)
			if !ok || req.Context().Err() != nil || !h.budget.withdraw(time.Now(), h.Budget) {
				if ok {
					closeContent(again)
				}
				continue
			}
			r.unsent = again
			if h.OnHedge != nil {
				h.OnHedge(req, delay)
			}
			r.unsent = nil
			r.start(again.Body)
			running++
		}
	}
}

// keptBack reports whether a layer beneath did not let a request pass. Of two
// sendings that says less than how the other failed.
func keptBack(err error) bool {
	return errors.Is(err, ErrCircuitOpen) || errors.Is(err, errTooLate)
}

// hedgeRace is one request and its sendings.
type hedgeRace struct {
	next    http.RoundTripper
	req     *http.Request
	results chan *hedgeTry // has room for all

	tries  []*hedgeTry
	unsent *http.Request // ready while OnHedge is told; nil at other times
	won    atomic.Bool   // a response has come; those after it are of no use
}

type hedgeTry struct {
	sent   *http.Request
	cancel context.CancelFunc
	resp   *http.Response
	err    error

	panicked any // what the base panicked with
}

// start sends a copy of the request in a goroutine that ends with its round
// trip. The copy is a deep one: a loser may still look at it when the caller,
// having read the winner's content, is free to change the original.
func (r *hedgeRace) start(body io.ReadCloser) {
	ctx, cancel := context.WithCancel(r.req.Context())
	t := &hedgeTry{sent: r.req.Clone(ctx), cancel: cancel}
	t.sent.Body = body
	r.tries = append(r.tries, t)
	go func() {
		t.err = errNoResponse // of a Goexit
		defer func() {
			if t.panicked = recover(); t.err == nil && t.resp == nil {
				t.err = errNoResponse
			}
			if t.err == nil && !r.won.CompareAndSwap(false, true) {
				t.discard()
				return
			}
			r.results <- t
		}()
		t.resp, t.err = r.next.RoundTrip(t.sent)
	}()
}

// abandon gives up what is under way or has come.
func (r *hedgeRace) abandon() {
	for _, t := range r.tries {
		t.cancel()
	}
	if r.unsent != nil {
		closeContent(r.unsent)
	}
	if r.won.CompareAndSwap(false, true) {
		return // what comes later gives itself up
	}
	for t := range r.results {
		if t.err == nil {
			t.discard()
			return
		}
	}
}

// win makes t the answer. Its context lives until its content is done with;
// the others are cancelled.
func (r *hedgeRace) win(t *hedgeTry) *http.Response {
	for _, other := range r.tries {
		if other != t {
			other.cancel()
		}
	}
	showAsSent(t.resp, t.sent, r.req)
	t.resp.Body = releaseAtEnd(t.resp.Body, t.cancel)
	return t.resp
}

// discard gives up the response of a loser.
func (t *hedgeTry) discard() {
	t.cancel()
	if t.resp.Body != nil {
		t.resp.Body.Close()
	}
}
