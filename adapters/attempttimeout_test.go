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
