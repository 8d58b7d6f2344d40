package adapters_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

func TestAttemptTimeout(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name     string
		timeout  time.Duration
		answer   reply
		elapsed  time.Duration
		answered bool
	}{
		{"an answer in time", s, reply{status: 200, after: 999 * ms}, 999 * ms, true},
		{"an answer that is late", s, reply{status: 200, after: 1001 * ms}, s, false},
		{"ten seconds by default", 0, reply{status: 200, after: time.Hour}, 10 * s, false},
		{"none", -1, reply{status: 200, after: time.Hour}, time.Hour, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				base := play(tt.answer)
				resp, err := (&adapters.AttemptTimeout{Base: base, Timeout: tt.timeout}).RoundTrip(newRequest(t, "PUT", "x"))
				assert.Equal(t, tt.elapsed, time.Since(start))
				if tt.answered {
					require.NoError(t, err)
					assert.Equal(t, "content 1", read(t, resp))
					return
				}
				require.ErrorIs(t, err, sentinel.ReadTimeout)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.NotErrorIs(t, err, context.Canceled)
				var ne net.Error
				require.ErrorAs(t, err, &ne)
				assert.True(t, ne.Timeout())
				assert.EqualError(t, err, "adapters: no response within "+tt.elapsed.String())
			})
		})
	}
}

func TestAttemptTimeout_leavesTheCallersContextItsSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("changed my mind")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(why) })
		base := baseFunc(func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, context.Cause(req.Context())
		})
		_, err := (&adapters.AttemptTimeout{Base: base}).RoundTrip(newRequest(t, "GET", "").WithContext(ctx))
		assert.Equal(t, why, err)
	})
}

func TestAttemptTimeout_tellsOfItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var left time.Duration
		base := baseFunc(func(req *http.Request) (*http.Response, error) {
			deadline, ok := req.Context().Deadline()
			assert.True(t, ok)
			left = time.Until(deadline)
			return nil, errReset
		})
		timeout := &adapters.AttemptTimeout{Base: base}
		timeout.RoundTrip(newRequest(t, "GET", ""))
		assert.Equal(t, 10*time.Second, left)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		timeout.RoundTrip(newRequest(t, "GET", "").WithContext(ctx))
		assert.Equal(t, time.Second, left, "the earlier of the two")
	})
}

func TestAttemptTimeout_beneathARetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := play(reply{after: time.Hour}, status(200))
		retry := full(&adapters.Retry{Base: &adapters.AttemptTimeout{Base: base, Timeout: time.Second}})
		start := time.Now()
		resp, err := retry.RoundTrip(newRequest(t, "PUT", "x"))
		require.NoError(t, err)
		assert.Equal(t, "content 2", read(t, resp))
		assert.Equal(t, 1500*ms, time.Since(start))
		assert.Equal(t, "read error", adapters.AttemptsFrom(resp)[0].Reason)
	})
}

// A base that takes no notice of its context, and answers too late.
func TestAttemptTimeout_lateResponseIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := play(status(200))
		deaf := baseFunc(func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Minute)
			return base.RoundTrip(req)
		})
		_, err := (&adapters.AttemptTimeout{Base: deaf}).RoundTrip(newRequest(t, "GET", ""))
		require.ErrorIs(t, err, sentinel.ReadTimeout)
		assert.Zero(t, base.open)
	})
}

// The end of a time is no cancellation of the caller's, whoever looks at it as
// one on the way.
func TestAttemptTimeout_isNotCancelled(t *testing.T) {
	for _, tt := range []struct {
		name     string
		over     func(http.RoundTripper) http.RoundTripper
		attempts int
	}{
		{"an attempt's", (&adapters.AttemptTimeout{Timeout: time.Second}).Wrap, 0},
		{"one over another", func(base http.RoundTripper) http.RoundTripper {
			return &adapters.AttemptTimeout{Timeout: time.Second, Base: &adapters.AttemptTimeout{Base: base}}
		}, 0},
		{"of all attempts", (&adapters.Retry{MaxElapsed: time.Second}).Wrap, 0},
		{"of attempts and waits", (&adapters.Resilient{Total: 5 * time.Second, Attempt: 2 * time.Second, Retry: adapters.Retry{Wait: -1}}).Wrap, 3},
		{"with a hedge beneath", func(base http.RoundTripper) http.RoundTripper {
			return &adapters.AttemptTimeout{Timeout: 3 * time.Second, Base: &adapters.Hedge{Delay: time.Second, Base: base}}
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newPipes()
				defer n.Close()
				go n.serve(silent)
				h := adapters.New(adapters.Options{Dial: n.Dial})
				defer h.Close()
				_, err := tt.over(h).RoundTrip(newRequest(t, "GET", ""))
				require.ErrorIs(t, err, sentinel.ReadTimeout)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.NotErrorIs(t, err, context.Canceled)
				if tt.attempts > 0 {
					var e *adapters.RetryError
					require.ErrorAs(t, err, &e)
					assert.Len(t, e.Attempts, tt.attempts)
					assert.True(t, e.Timeout())
				}
			})
		})
	}
}
