package adapters_test

import (
	"context"
	"math"
	"net/http"
	"strconv"
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

func TestResilient_check(t *testing.T) {
	tests := []struct {
		name string
		r    *adapters.Resilient
		want []string
	}{
		{"zero is fine", &adapters.Resilient{}, nil},
		{"no bounds are fine", &adapters.Resilient{Total: -1, Attempt: -1}, nil},
		{"a short total shortens the default attempt", &adapters.Resilient{Total: time.Second}, nil},
		{"an attempt without a bound within a total", &adapters.Resilient{Attempt: -1}, nil},
		{"an attempt as long as the total", &adapters.Resilient{Total: time.Second, Attempt: time.Second},
			[]string{"Attempt 1s is not less than Total 1s"}},
		{"an attempt longer than the default total", &adapters.Resilient{Attempt: time.Minute},
			[]string{"Attempt 1m0s is not less than Total 30s"}},
		{"every mistake at once", &adapters.Resilient{
			Total:   time.Second,
			Attempt: time.Minute,
			Limit:   adapters.Limit{Base: http.DefaultTransport, Burst: 5},
			Retry:   adapters.Retry{Statuses: []int{1}, Wait: time.Minute, MaxWait: time.Second, MaxElapsed: time.Hour},
			Breaker: adapters.Breaker{FailureRate: 2},
		}, []string{"Limit.Base is set", "Attempt 1m0s", "Retry.MaxElapsed 1h0m0s is more than Total 1s",
			"Retry.Wait 1m0s is not less than Total", "Retry.Wait 1m0s is more than Retry.MaxWait 1s",
			"Retry.Statuses has 1", "Limit.Burst", "Breaker.FailureRate 2"}},
		{"numbers that are none", &adapters.Resilient{Limit: adapters.Limit{Rate: math.NaN()}, Retry: adapters.Retry{Budget: math.Inf(1)},
			Breaker: adapters.Breaker{FailureRate: math.NaN()}}, []string{"Limit.Rate NaN", "Retry.Budget +Inf", "Breaker.FailureRate NaN"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base := play(status(200))
			req := newRequest(t, "PUT", "x")
			closed := false
			req.Body = &onceClosed{Reader: req.Body, close: func() { closed = true }}
			resp, err := tt.r.Wrap(base).RoundTrip(req)
			assert.True(t, closed)
			assert.Equal(t, tt.r.Check(), err)
			if tt.want == nil {
				require.NoError(t, err)
				read(t, resp)
				return
			}
			for _, text := range tt.want {
				assert.ErrorContains(t, err, text)
			}
			assert.Empty(t, base.times)
		})
	}
}

func TestResilient_layers(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name    string
		r       *adapters.Resilient
		replies []reply
		sent    int
		elapsed time.Duration
		status  int
		err     error
	}{
		{"a failure is retried", &adapters.Resilient{Retry: adapters.Retry{Wait: -1}}, []reply{status(503), status(200)}, 2, 0, 200, nil},
		{"an attempt that hangs is retried", &adapters.Resilient{Retry: adapters.Retry{Wait: -1}},
			[]reply{{after: time.Hour}, status(200)}, 2, 10 * s, 200, nil},
		{"the total bounds all attempts", &adapters.Resilient{Retry: adapters.Retry{Wait: -1, Attempts: 9}},
			[]reply{{after: time.Hour}}, 3, 30 * s, 0, context.DeadlineExceeded},
		{"no wait passes the total", &adapters.Resilient{Total: 5 * s}, []reply{status(503, "Retry-After", "20")}, 1, 0, 503, nil},
		{"the breaker sees every attempt, and is not retried", &adapters.Resilient{Retry: adapters.Retry{Wait: -1, Attempts: 9}},
			[]reply{status(503)}, 5, 0, 0, adapters.ErrCircuitOpen},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				base := play(tt.replies...)
				tt.r.Base = base
				start := time.Now()
				resp, err := tt.r.RoundTrip(newRequest(t, "PUT", "x"))
				assert.Equal(t, tt.elapsed, time.Since(start))
				assert.Len(t, base.times, tt.sent)
				if tt.err != nil {
					require.ErrorIs(t, err, tt.err)
					assert.Zero(t, base.open)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, tt.status, resp.StatusCode)
				assert.Len(t, adapters.AttemptsFrom(resp), tt.sent, "the record is found through the layers")
				read(t, resp)
				assert.Zero(t, base.open)
			})
		})
	}
}

func TestResilient_totalIsATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &adapters.Resilient{Base: play(status(503), reply{after: time.Hour}), Total: 3 * time.Second, Attempt: -1}
		_, err := r.RoundTrip(newRequest(t, "GET", ""))
		require.ErrorIs(t, err, sentinel.Timeout)
		var re *adapters.RetryError
		require.ErrorAs(t, err, &re)
		assert.Len(t, re.Attempts, 2)
		assert.True(t, re.Timeout())
	})
}

func TestResilient_underAThousandCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int32
		var refused sync.Map // by caller: each is once at most, however the attempts fall
		base := baseFunc(func(req *http.Request) (*http.Response, error) {
			time.Sleep(50 * ms)
			code := 200
			if sent.Add(1)%10 == 0 {
				if _, again := refused.LoadOrStore(req.Header.Get("X-Caller"), true); !again {
					code = 503
				}
			}
			return &http.Response{StatusCode: code, Request: req, Body: http.NoBody}, nil
		})
		r := &adapters.Resilient{Base: base, Limit: adapters.Limit{Rate: 500, InFlight: 50}, Retry: adapters.Retry{Attempts: 5}}
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				req := newRequest(t, "GET", "")
				req.Header.Set("X-Caller", strconv.Itoa(i))
				resp, err := r.RoundTrip(req)
				if assert.NoError(t, err) {
					assert.Equal(t, 200, resp.StatusCode)
				}
			})
		}
		wg.Wait()
		assert.Greater(t, sent.Load(), int32(1000), "some were sent again")
		assert.Less(t, sent.Load(), int32(1200))
	})
}

// How long an attempt may take, when nothing is said of it.
func TestResilient_defaultAttempt(t *testing.T) {
	for _, tt := range []struct {
		name  string
		total time.Duration
		want  time.Duration
	}{
		{"10 s of 30", 0, 10 * time.Second},
		{"10 s of more", time.Hour, 10 * time.Second},
		{"a third of less", 6 * time.Second, 2 * time.Second},
		{"10 s without a total", -1, 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lasted []time.Duration
				base := baseFunc(func(r *http.Request) (*http.Response, error) {
					start := time.Now()
					<-r.Context().Done()
					lasted = append(lasted, time.Since(start))
					return nil, context.Cause(r.Context())
				})
				r := &adapters.Resilient{Base: base, Total: tt.total, Retry: adapters.Retry{Attempts: 1}}
				_, err := r.RoundTrip(newRequest(t, "GET", ""))
				require.ErrorIs(t, err, sentinel.Timeout)
				assert.Equal(t, []time.Duration{tt.want}, lasted)
			})
		})
	}
}
