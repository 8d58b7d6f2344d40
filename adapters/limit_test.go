package adapters_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
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

func TestLimit_rate(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name  string
		limit *adapters.Limit
		sends int
		want  []time.Duration // when each is sent
	}{
		{"zero limits nothing", &adapters.Limit{}, 3, []time.Duration{0, 0, 0}},
		{"a second's worth at once, then evenly", &adapters.Limit{Rate: 2}, 5,
			[]time.Duration{0, 0, 500 * ms, 1000 * ms, 1500 * ms}},
		{"a burst of one's own", &adapters.Limit{Rate: 2, Burst: 1}, 4,
			[]time.Duration{0, 500 * ms, 1000 * ms, 1500 * ms}},
		{"less than one a second", &adapters.Limit{Rate: 0.1}, 3, []time.Duration{0, 10 * s, 20 * s}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				base := play(status(200))
				start := time.Now()
				for range tt.sends {
					resp, err := tt.limit.Wrap(base).RoundTrip(newRequest(t, "GET", ""))
					require.NoError(t, err)
					read(t, resp)
				}
				var got []time.Duration
				for _, at := range base.times {
					got = append(got, at.Sub(start))
				}
				assert.Equal(t, tt.want, got)
			})
		})
	}
}

func TestLimit_isForEachHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := play(status(200))
		limit := &adapters.Limit{Base: base, Rate: 1}
		start := time.Now()
		for _, host := range []string{"a.test", "b.test", "A.test:80", "a.test:81"} {
			req := newRequest(t, "GET", "")
			req.URL.Host = host
			resp, err := limit.RoundTrip(req)
			require.NoError(t, err)
			read(t, resp)
		}
		assert.Equal(t, time.Second, time.Since(start), "only A.test:80 is a host again")
	})
}

func TestLimit_untilTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := play(status(200))
		limit := &adapters.Limit{Base: base, Rate: 1}
		send := func(d time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			req := newRequest(t, "PUT", "x").WithContext(ctx)
			closed := false
			req.Body = &onceClosed{close: func() { closed = true }, Reader: req.Body}
			resp, err := limit.RoundTrip(req)
			assert.True(t, closed)
			if err == nil {
				read(t, resp)
			}
			return err
		}
		start := time.Now()
		require.NoError(t, send(time.Nanosecond), "no wait, no loss")
		err := send(500 * ms)
		assert.Zero(t, time.Since(start), "known at once")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, sentinel.Timeout)
		require.NotErrorIs(t, err, sentinel.ConnectTimeout)
		var ne net.Error
		require.ErrorAs(t, err, &ne)
		assert.True(t, ne.Timeout())
		assert.EqualError(t, err, "adapters: waiting for a turn at http://server.test:80: the wait would pass the deadline")
		require.NoError(t, send(2*time.Second))
		assert.Equal(t, time.Second, time.Since(start), "the turn that was given up is free")
	})
}

func TestLimit_cancelledWhileWaiting(t *testing.T) {
	for name, limit := range map[string]*adapters.Limit{
		"for the rate": {Rate: 0.001}, "for a place": {InFlight: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				base := play(status(200))
				held, err := limit.Wrap(base).RoundTrip(newRequest(t, "GET", ""))
				require.NoError(t, err)
				defer held.Body.Close()
				why := errors.New("changed my mind")
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Minute, func() { cancel(why) })
				start := time.Now()
				_, err = limit.Wrap(base).RoundTrip(newRequest(t, "GET", "").WithContext(ctx))
				require.ErrorIs(t, err, why)
				require.ErrorIs(t, err, context.Canceled, "R171")
				assert.Equal(t, time.Minute, time.Since(start))
				assert.Len(t, base.times, 1)
			})
		})
	}
}

func TestLimit_inFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		base := baseFunc(func(req *http.Request) (*http.Response, error) {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(time.Second)
			defer now.Add(-1)
			if req.Method == "DELETE" {
				return nil, errReset
			}
			return &http.Response{StatusCode: 204, Request: req, Body: http.NoBody}, nil
		})
		limit := &adapters.Limit{Base: base, InFlight: 7}
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				method := "GET"
				if i%3 == 0 {
					method = "DELETE"
				}
				resp, err := limit.RoundTrip(newRequest(t, method, ""))
				if err == nil {
					resp.Body.Close()
				}
			})
		}
		start := time.Now()
		wg.Wait()
		assert.EqualValues(t, 7, most.Load())
		assert.Equal(t, 143*time.Second, time.Since(start), "1000 requests, 7 at a time, a second each")
	})
}

func TestLimit_inFlightUntilTheContentIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := &adapters.Limit{Base: play(status(200)), InFlight: 1}
		resp, err := limit.RoundTrip(newRequest(t, "GET", ""))
		require.NoError(t, err)
		time.AfterFunc(time.Minute, func() { resp.Body.Close() })
		start := time.Now()
		second, err := limit.RoundTrip(newRequest(t, "GET", ""))
		require.NoError(t, err)
		assert.Equal(t, time.Minute, time.Since(start))
		buf := make([]byte, 100)
		for err == nil {
			_, err = second.Body.Read(buf)
		}
		_, err = limit.RoundTrip(newRequest(t, "GET", ""))
		require.NoError(t, err)
		assert.Equal(t, time.Minute, time.Since(start), "its end will do")
	})
}

func TestLimit_isFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []int
		var mu sync.Mutex
		base := baseFunc(func(req *http.Request) (*http.Response, error) {
			var n int
			fmt.Sscan(req.Header.Get("N"), &n)
			mu.Lock()
			order = append(order, n)
			mu.Unlock()
			time.Sleep(time.Second)
			return &http.Response{StatusCode: 204, Request: req, Body: http.NoBody}, nil
		})
		limit := &adapters.Limit{Base: base, InFlight: 1, Rate: 100}
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * ms)
				req := newRequest(t, "GET", "")
				req.Header.Set("N", fmt.Sprint(i))
				_, err := limit.RoundTrip(req)
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		assert.True(t, slices.IsSorted(order), "in the order of arrival: %v", order)
	})
}

func TestLimit_remembersABoundedNumberOfHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := &adapters.Limit{Base: play(status(200)), Rate: 1}
		send := func(host string) *http.Response {
			req := newRequest(t, "GET", "")
			req.URL.Host = host
			resp, err := limit.RoundTrip(req)
			require.NoError(t, err)
			return resp
		}
		held := send("held.test")
		for i := range 3000 {
			read(t, send(fmt.Sprintf("host%d.test", i)))
		}
		assert.LessOrEqual(t, limit.OriginCount(), 1024)
		start := time.Now()
		read(t, send("held.test"))
		assert.Equal(t, time.Second, time.Since(start), "one that is in use stays")
		read(t, held)
		time.Sleep(11 * time.Minute)
		read(t, send("new.test"))
		assert.Equal(t, 1, limit.OriginCount(), "the others are forgotten after ten minutes")
	})
}

// A request whose context has ended before its turn takes none from others.
func TestLimit_endedBeforeItsTurn(t *testing.T) {
	base := play(status(200))
	limit := &adapters.Limit{Base: base, Rate: 1. / 3600}
	why := errors.New("changed my mind")
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	closed := false
	req := newRequest(t, "PUT", "x").WithContext(ended)
	req.Body = &onceClosed{close: func() { closed = true }, Reader: req.Body}
	_, err := limit.RoundTrip(req)
	require.ErrorIs(t, err, why)
	require.ErrorIs(t, err, context.Canceled, "R171")
	assert.True(t, closed)
	assert.Empty(t, base.times, "nothing is sent")

	ctx, cancelLater := context.WithTimeout(t.Context(), time.Minute)
	defer cancelLater()
	resp, err := limit.RoundTrip(newRequest(t, "GET", "").WithContext(ctx))
	require.NoError(t, err, "the turn is there still")
	read(t, resp)
	_, err = limit.RoundTrip(newRequest(t, "GET", "").WithContext(ctx))
	var late interface {
		Timeout() bool
		Temporary() bool
	}
	require.ErrorAs(t, err, &late)
	assert.True(t, late.Timeout())
	assert.False(t, late.Temporary(), "to try again would wait as long")
}
