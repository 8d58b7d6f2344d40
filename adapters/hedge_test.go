package adapters_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
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

func TestHedge(t *testing.T) {
	const s = time.Second
	slow := func(d time.Duration, r reply) reply { r.after = d; return r }
	tests := []struct {
		name    string
		method  string
		replies []reply
		elapsed time.Duration
		sent    int
		content string
		err     error
	}{
		{"an answer in time is the only one asked for", "GET", []reply{slow(999*ms, status(200))}, 999 * ms, 1, "content 1", nil},
		{"the second wins when it is first", "GET", []reply{slow(9*s, status(200)), slow(s, status(200))}, 2 * s, 2, "content 2", nil},
		{"the first wins when it is first", "GET", []reply{slow(1500*ms, status(200)), slow(s, status(200))}, 1500 * ms, 2, "content 1", nil},
		{"a response of any status wins", "GET", []reply{slow(9*s, status(200)), status(503)}, s, 2, "content 2", nil},
		{"an error waits for the other", "GET", []reply{slow(9*s, status(200)), fails(errReset)}, 9 * s, 2, "content 1", nil},
		{"and the other way round", "GET", []reply{slow(2*s, fails(errReset)), slow(9*s, status(200))}, 10 * s, 2, "content 2", nil},
		{"an early error is returned at once", "GET", []reply{fails(errRefused)}, 0, 1, "", errRefused},
		{"two errors: the first", "GET", []reply{slow(3*s, fails(errReset)), slow(s, fails(errRefused))}, 3 * s, 2, "", errRefused},
		{"an error says more than a circuit that is open", "GET", []reply{slow(3*s, fails(errReset)), fails(&adapters.CircuitError{})}, 3 * s, 2, "", errReset},
		{"also when it comes first", "GET", []reply{slow(s+1, fails(errReset)), slow(s, fails(&adapters.CircuitError{}))}, 2 * s, 2, "", errReset},
		{"POST is never sent twice", "POST", []reply{slow(9*s, status(200))}, 9 * s, 1, "content 1", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				base := play(tt.replies...)
				var hedged int
				hedge := &adapters.Hedge{Base: base, Delay: s, OnHedge: func(_ *http.Request, after time.Duration) {
					hedged++
					assert.Equal(t, s, after)
				}}
				start := time.Now()
				resp, err := hedge.RoundTrip(newRequest(t, tt.method, ""))
				assert.Equal(t, tt.elapsed, time.Since(start))
				if tt.err != nil {
					require.ErrorIs(t, err, tt.err)
				} else {
					require.NoError(t, err)
					assert.Equal(t, tt.content, read(t, resp))
				}
				synctest.Wait()
				assert.Len(t, base.times, tt.sent)
				assert.Equal(t, tt.sent-1, hedged)
				assert.Zero(t, base.open, "the loser's body is closed")
			})
		})
	}
}

// When both answer at the same moment one wins and the other leaks nothing.
func TestHedge_deadHeat(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			base := play(reply{status: 200, after: 2 * time.Second}, reply{status: 200, after: time.Second})
			resp, err := (&adapters.Hedge{Base: base, Delay: time.Second}).RoundTrip(newRequest(t, "GET", ""))
			require.NoError(t, err)
			read(t, resp)
			synctest.Wait()
			require.Zero(t, base.open)
		})
	}
}

func TestHedge_waitsForTheObservedPercentile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var took atomic.Int64
		base := baseFunc(func(req *http.Request) (*http.Response, error) {
			d := time.Duration(took.Swap(int64(10 * ms)))
			select {
			case <-time.After(d):
				return &http.Response{StatusCode: 200, Request: req, Body: http.NoBody}, nil
			case <-req.Context().Done():
				return nil, req.Context().Err()
			}
		})
		var after []time.Duration
		hedge := &adapters.Hedge{Base: base, OnHedge: func(_ *http.Request, d time.Duration) { after = append(after, d) }}
		send := func(d time.Duration) time.Duration {
			synctest.Wait() // a second try of the last request, made as the first came back, is not to take this one's time
			took.Store(int64(d))
			start := time.Now()
			_, err := hedge.RoundTrip(newRequest(t, "GET", ""))
			require.NoError(t, err)
			return time.Since(start)
		}
		assert.Equal(t, time.Minute, send(time.Minute), "nothing is known yet")
		for i := range 19 {
			send(time.Duration(i) * 10 * ms)
		}
		assert.Empty(t, after)
		assert.Equal(t, time.Minute+10*ms, send(time.Hour), "of twenty, the slowest")
		assert.Equal(t, []time.Duration{time.Minute}, after)
		for range 128 {
			send(20 * ms)
		}
		assert.Equal(t, 30*ms, send(time.Hour), "of 128, what the last took")
	})
}

func TestHedge_budget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := play(reply{status: 200, after: time.Minute})
		hedge := &adapters.Hedge{Base: base, Delay: time.Second}
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				resp, err := hedge.RoundTrip(newRequest(t, "GET", ""))
				require.NoError(t, err)
				read(t, resp)
			})
		}
		wg.Wait()
		assert.Len(t, base.times, 1200, "a server that is slow for all gets a fifth more, not twice as much")
	})
}

func TestHedge_cancelledByItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		base := play(reply{after: time.Hour})
		start := time.Now()
		_, err := (&adapters.Hedge{Base: base, Delay: time.Second}).RoundTrip(newRequest(t, "GET", "").WithContext(ctx))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 3*time.Second, time.Since(start))
		assert.Len(t, base.times, 2)
	})
}

// What the caller ended did not fail by what had failed before.
func TestHedge_cancelledWhenOneHasFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("user pressed stop")
		base := play(status(200), status(200))
		base.replies[0].after, base.replies[1].after = time.Hour, time.Hour
		hedge := &adapters.Hedge{Base: &adapters.AttemptTimeout{Base: base, Timeout: 2 * time.Second}, Delay: 300 * ms}
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(2100*ms, func() { cancel(why) })
		_, err := hedge.RoundTrip(newRequest(t, "GET", "").WithContext(ctx))
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, sentinel.Timeout)
	})
}

// Over a real connection the winner's content is read long after the loser
// was cancelled.
func TestHedge_winnersBodyIsUnaffected(t *testing.T) {
	var requests atomic.Int32
	loserGone := make(chan struct{})
	more := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 1 {
			<-r.Context().Done()
			close(loserGone)
			return
		}
		io.WriteString(w, "first half, ")
		w.(http.Flusher).Flush()
		<-more
		io.WriteString(w, strings.Repeat("second half", 100_000))
	}))
	defer server.Close()
	client := &http.Client{Transport: &adapters.Hedge{Base: server.Client().Transport, Delay: 20 * ms}}
	resp, err := client.Get(server.URL)
	require.NoError(t, err)
	<-loserGone
	close(more)
	assert.Len(t, read(t, resp), len("first half, ")+100_000*len("second half"))
	client.CloseIdleConnections()
}

func TestHedge_endsEveryContext(t *testing.T) {
	for name, last := range map[string]error{"both fail": errReset, "the second answers": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				contexts := make(chan context.Context, 2)
				base := baseFunc(func(req *http.Request) (*http.Response, error) {
					contexts <- req.Context()
					if len(contexts) == 1 {
						time.Sleep(2 * time.Second)
						return nil, errReset
					}
					time.Sleep(5 * time.Second)
					return &http.Response{StatusCode: 204, Request: req, Body: http.NoBody}, last
				})
				_, err := (&adapters.Hedge{Base: base, Delay: time.Second}).RoundTrip(newRequest(t, "GET", ""))
				require.ErrorIs(t, err, last)
				for range 2 {
					assert.Error(t, (<-contexts).Err())
				}
			})
		})
	}
}

func TestHedge_baseWithoutAnAnswer(t *testing.T) {
	hedge := &adapters.Hedge{Delay: time.Hour, Base: baseFunc(func(*http.Request) (*http.Response, error) { return nil, nil })}
	resp, err := hedge.RoundTrip(newRequest(t, "GET", ""))
	require.Nil(t, resp)
	require.ErrorContains(t, err, "neither a response nor an error")
}

// A limit beneath may keep the second sending back, which says nothing of the
// first.
func TestHedge_overALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := play(reply{after: 10 * time.Second, err: errReset})
		hedge := &adapters.Hedge{Delay: time.Second, Base: &adapters.Limit{Rate: 0.01, Base: base}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := hedge.RoundTrip(newRequest(t, "GET", "").WithContext(ctx))
		require.ErrorIs(t, err, errReset)
		assert.Len(t, base.times, 1)
	})
}
