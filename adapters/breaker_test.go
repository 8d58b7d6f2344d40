package adapters_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// Each step sends some requests, all of which are to be answered or all to be
// kept back, or lets time pass.
func TestBreaker(t *testing.T) {
	type step struct {
		what string
		n    int
		meet reply
	}
	answer := func(n int, r reply) step { return step{"meet", n, r} }
	kept := func(n int) step { return step{what: "kept", n: n} }
	pause := func(d time.Duration) step { return step{what: "pause", meet: reply{after: d}} }
	tests := []struct {
		name    string
		breaker *adapters.Breaker
		steps   []step
		state   adapters.CircuitState
		changes []string
	}{
		{"success keeps it closed", &adapters.Breaker{}, []step{answer(100, status(200))}, adapters.CircuitClosed, nil},
		{"five failures in a row open it", &adapters.Breaker{},
			[]step{answer(4, status(503)), answer(1, status(200)), answer(5, status(503)), kept(9)}, adapters.CircuitOpen,
			[]string{"0s closed open 5s"}},
		{"errors are failures", &adapters.Breaker{},
			[]step{answer(5, fails(errRefused)), kept(1)}, adapters.CircuitOpen, []string{"0s closed open 5s"}},
		{"404, 429 and 501 are not", &adapters.Breaker{},
			[]step{answer(50, status(404)), answer(50, status(429)), answer(50, status(501))}, adapters.CircuitClosed, nil},
		{"another number in a row", &adapters.Breaker{Failures: 2},
			[]step{answer(2, status(500)), kept(1)}, adapters.CircuitOpen, []string{"0s closed open 5s"}},
		{"what counts is for the user to say", &adapters.Breaker{IsFailure: func(r *http.Response, _ error) bool { return r.StatusCode == 404 }},
			[]step{answer(9, status(503)), answer(5, status(404)), kept(1)}, adapters.CircuitOpen, []string{"0s closed open 5s"}},
		{"half of twenty open it", &adapters.Breaker{Failures: -1},
			[]step{answer(10, status(200)), answer(9, status(503)), answer(1, status(503)), kept(1)}, adapters.CircuitOpen,
			[]string{"0s closed open 5s"}},
		{"less than half do not", &adapters.Breaker{Failures: -1},
			[]step{answer(12, status(200)), answer(11, status(503))}, adapters.CircuitClosed, nil},
		{"a rate of one's own", &adapters.Breaker{Failures: -1, FailureRate: 0.1, MinRequests: 100},
			[]step{answer(90, status(200)), answer(10, status(503)), kept(1)}, adapters.CircuitOpen, []string{"0s closed open 5s"}},
		{"what has left the window does not count", &adapters.Breaker{Failures: -1},
			[]step{answer(15, status(503)), pause(10 * time.Second), answer(15, status(503))}, adapters.CircuitClosed, nil},
		{"neither rule", &adapters.Breaker{Failures: -1, FailureRate: -1},
			[]step{answer(500, status(503))}, adapters.CircuitClosed, nil},
		{"half-open when its time has come", &adapters.Breaker{},
			[]step{answer(5, status(503)), pause(4999 * ms), kept(1), pause(ms)}, adapters.CircuitHalfOpen, []string{"0s closed open 5s"}},
		{"a trial that succeeds closes it", &adapters.Breaker{OpenFor: time.Minute},
			[]step{answer(5, status(503)), pause(time.Minute), answer(4, status(200)), answer(4, status(503))}, adapters.CircuitClosed,
			[]string{"0s closed open 1m0s", "1m0s open half-open 0s", "1m0s half-open closed 0s"}},
		{"a trial that fails opens it again", &adapters.Breaker{},
			[]step{answer(5, status(503)), pause(5 * time.Second), answer(1, status(503)), kept(1)}, adapters.CircuitOpen,
			[]string{"0s closed open 5s", "5s open half-open 0s", "5s half-open open 5s"}},
		{"several trials must all succeed", &adapters.Breaker{Trials: 3},
			[]step{answer(5, status(503)), pause(5 * time.Second), answer(2, status(200)), answer(1, status(503)), kept(1)}, adapters.CircuitOpen,
			[]string{"0s closed open 5s", "5s open half-open 0s", "5s half-open open 5s"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var changes []string
				tt.breaker.OnChange = func(c adapters.CircuitChange) {
					assert.Equal(t, "http://server.test:80", c.Origin)
					until := time.Duration(0)
					if !c.Until.IsZero() {
						until = time.Until(c.Until)
					}
					changes = append(changes, fmt.Sprint(time.Since(start), " ", c.From, " ", c.To, " ", until))
				}
				for _, step := range tt.steps {
					time.Sleep(step.meet.after)
					base := play(step.meet)
					for range step.n {
						resp, err := tt.breaker.Wrap(base).RoundTrip(newRequest(t, "PUT", "x"))
						if err == nil {
							read(t, resp)
						}
						assert.Equal(t, step.what == "kept", errors.Is(err, adapters.ErrCircuitOpen), "%v: %v", step, err)
					}
					if step.what == "meet" {
						assert.Len(t, base.times, step.n)
					}
				}
				assert.Equal(t, tt.state, tt.breaker.State(newRequest(t, "GET", "").URL))
				assert.Equal(t, tt.changes, changes)
			})
		})
	}
}

func TestCircuitError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		breaker := &adapters.Breaker{Base: play(status(503)), Failures: 1}
		req := newRequest(t, "PUT", "x")
		req.URL.User = url.UserPassword("user", "hidden")
		req.URL.RawQuery = "token=hidden"
		resp, err := breaker.RoundTrip(req)
		require.NoError(t, err)
		read(t, resp)
		closed := false
		req.Body = &onceClosed{close: func() { closed = true }}
		_, err = breaker.RoundTrip(req)
		var ce *adapters.CircuitError
		require.ErrorAs(t, err, &ce)
		assert.Equal(t, 5*time.Second, time.Until(ce.Until))
		assert.EqualError(t, err, "adapters: http://server.test:80: circuit is open until 2000-01-01T00:00:05Z")
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "hidden")
		assert.True(t, closed)
		other := newRequest(t, "GET", "")
		other.URL.Host = "other.test"
		_, err = breaker.RoundTrip(other)
		require.NoError(t, err, "origins are apart")
		assert.Equal(t, adapters.CircuitClosed, breaker.State(&url.URL{Scheme: "http", Host: "unknown.test"}))
	})
}

func TestBreaker_whatTheCallerCancelsDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		send := func(breaker *adapters.Breaker, ctx context.Context, cancel func()) {
			time.AfterFunc(time.Second, cancel)
			_, err := breaker.RoundTrip(newRequest(t, "GET", "").WithContext(ctx))
			require.Error(t, err)
		}
		base := play(reply{after: time.Hour})
		breaker := &adapters.Breaker{Base: base, Failures: 1}
		ctx, cancel := context.WithCancel(t.Context())
		send(breaker, ctx, cancel)
		assert.Equal(t, adapters.CircuitClosed, breaker.State(newRequest(t, "GET", "").URL))

		cause, cancelCause := context.WithCancelCause(t.Context())
		send(breaker, cause, func() { cancelCause(sentinel.ReadTimeout) })
		assert.Equal(t, adapters.CircuitOpen, breaker.State(newRequest(t, "GET", "").URL), "but a timeout does")

		time.Sleep(5 * time.Second)
		ctx, cancel = context.WithCancel(t.Context())
		send(breaker, ctx, cancel)
		assert.Equal(t, adapters.CircuitHalfOpen, breaker.State(newRequest(t, "GET", "").URL))
		base.replies = []reply{status(200)}
		_, err := breaker.RoundTrip(newRequest(t, "GET", ""))
		require.NoError(t, err, "a trial that says nothing leaves its place to another")
	})
}

func TestBreaker_aTrialThatPanicsOrHangsIsNotTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var base baseFunc
		breaker := &adapters.Breaker{Failures: 1, Base: baseFunc(func(r *http.Request) (*http.Response, error) { return base(r) })}
		base = func(*http.Request) (*http.Response, error) { return nil, errReset }
		send := func() error { _, err := breaker.RoundTrip(newRequest(t, "GET", "")); return err }
		require.Error(t, send())
		time.Sleep(5 * time.Second)
		base = func(*http.Request) (*http.Response, error) { panic("base") }
		require.Panics(t, func() { send() })
		hang := make(chan struct{})
		base = func(*http.Request) (*http.Response, error) { <-hang; return nil, errReset }
		go send()
		synctest.Wait()
		base = func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Request: r, Body: http.NoBody}, nil
		}
		require.ErrorIs(t, send(), adapters.ErrCircuitOpen, "one trial at a time")
		time.Sleep(5 * time.Second)
		require.NoError(t, send(), "until it has taken too long")
		assert.Equal(t, adapters.CircuitClosed, breaker.State(newRequest(t, "GET", "").URL))
		close(hang)
		synctest.Wait()
		assert.Equal(t, adapters.CircuitClosed, breaker.State(newRequest(t, "GET", "").URL), "an old outcome says nothing")
	})
}

func TestBreaker_underAThousandCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		var sent, most, now atomic.Int32
		down.Store(true)
		base := baseFunc(func(req *http.Request) (*http.Response, error) {
			sent.Add(1)
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(10 * ms)
			now.Add(-1)
			code := 200
			if down.Load() {
				code = 503
			}
			return &http.Response{StatusCode: code, Request: req, Body: http.NoBody}, nil
		})
		breaker := &adapters.Breaker{Base: base, Trials: 3}
		all := func() (answered int32) {
			var wg sync.WaitGroup
			var n atomic.Int32
			for range 1000 {
				wg.Go(func() {
					if _, err := breaker.RoundTrip(newRequest(t, "GET", "")); err == nil {
						n.Add(1)
					}
				})
			}
			wg.Wait()
			return n.Load()
		}
		assert.EqualValues(t, 1000, all(), "all were under way when the first failed")
		assert.Zero(t, all(), "open")
		time.Sleep(5 * time.Second)
		most.Store(0)
		assert.EqualValues(t, 3, all(), "three trials")
		assert.EqualValues(t, 3, most.Load())
		down.Store(false)
		time.Sleep(5 * time.Second)
		assert.EqualValues(t, 3, all(), "three trials that succeed")
		assert.EqualValues(t, 1000, all(), "closed")
		assert.EqualValues(t, 2006, sent.Load())
	})
}

// What goes wrong before the server has a part in it is no reason to spare it.
func TestBreaker_whatTheServerHasNoPartInDoesNotCount(t *testing.T) {
	answers := func(t *testing.T) *adapters.HTTP {
		n := newPipes()
		go n.serve(takesAll)
		h := adapters.New(adapters.Options{Dial: n.Dial})
		t.Cleanup(func() { h.Close(); n.Close() })
		return h
	}
	broken := errors.New("disk failed")
	for _, tt := range []struct {
		name string
		base func(*testing.T) http.RoundTripper
		send func(*testing.T) *http.Request
		is   error
	}{
		{"content that cannot be read", func(t *testing.T) http.RoundTripper { return answers(t) }, func(t *testing.T) *http.Request {
			req := newRequest(t, "PUT", "")
			req.Body, req.ContentLength = io.NopCloser(&failingReader{broken}), -1
			return req
		}, broken},
		{"content of another length", func(t *testing.T) http.RoundTripper { return answers(t) }, func(t *testing.T) *http.Request {
			req := newRequest(t, "PUT", "content")
			req.ContentLength = 10
			return req
		}, nil},
		{"a deadline that was over before", func(t *testing.T) http.RoundTripper { return answers(t) }, func(t *testing.T) *http.Request {
			ctx, cancel := context.WithTimeout(t.Context(), -1)
			cancel()
			return newRequest(t, "GET", "").WithContext(ctx)
		}, context.DeadlineExceeded},
		{"a limit beneath", func(t *testing.T) http.RoundTripper {
			limit := &adapters.Limit{Rate: 1, Base: play(status(200))}
			resp, err := limit.RoundTrip(newRequest(t, "GET", ""))
			require.NoError(t, err)
			read(t, resp)
			return limit
		}, func(t *testing.T) *http.Request {
			ctx, cancel := context.WithTimeout(t.Context(), 500*ms)
			t.Cleanup(cancel)
			return newRequest(t, "GET", "").WithContext(ctx)
		}, context.DeadlineExceeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				breaker := &adapters.Breaker{Failures: 1, Base: tt.base(t)}
				req := tt.send(t)
				_, err := breaker.RoundTrip(req)
				require.Error(t, err)
				if tt.is != nil {
					require.ErrorIs(t, err, tt.is)
				}
				assert.Equal(t, adapters.CircuitClosed, breaker.State(req.URL))
			})
		})
	}
}
