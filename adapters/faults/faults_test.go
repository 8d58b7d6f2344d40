package faults_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters/faults"
)

type server func(*http.Request) (*http.Response, error)

func (s server) RoundTrip(r *http.Request) (*http.Response, error) { return s(r) }

// echo answers with the request's content.
func echo(sent *atomic.Int32) server {
	return func(req *http.Request) (*http.Response, error) {
		sent.Add(1)
		content, err := io.ReadAll(req.Body)
		req.Body.Close()
		return &http.Response{StatusCode: 200, Header: http.Header{}, Request: req,
			Body: io.NopCloser(strings.NewReader(string(content)))}, err
	}
}

type closing struct {
	io.Reader
	closed *atomic.Int32
}

func (c closing) Close() error { c.closed.Add(1); return nil }

func TestFaults(t *testing.T) {
	tests := []struct {
		name    string
		rules   []faults.Rule
		sent    int32
		status  int
		content string
		elapsed time.Duration
		err     error // of the request
		readErr error // of the content
	}{
		{"no rules", nil, 1, 200, "content", 0, nil, nil},
		{"a rule that never applies", []faults.Rule{{0, faults.Refuse()}}, 1, 200, "content", 0, nil, nil},
		{"a rule without a fault", []faults.Rule{{1, nil}}, 1, 200, "content", 0, nil, nil},
		{"latency", []faults.Rule{{1, faults.Latency(time.Second, 0)}}, 1, 200, "content", time.Second, nil, nil},
		{"refused", []faults.Rule{{1, faults.Refuse()}}, 0, 0, "", 0, syscall.ECONNREFUSED, nil},
		{"reset before the header", []faults.Rule{{1, faults.Reset()}}, 1, 0, "", 0, syscall.ECONNRESET, nil},
		{"a cut body", []faults.Rule{{1, faults.Cut(3)}}, 1, 200, "con", 0, nil, syscall.ECONNRESET},
		{"a body as long as the cut", []faults.Rule{{1, faults.Cut(7)}}, 1, 200, "content", 0, nil, nil},
		{"cut at once", []faults.Rule{{1, faults.Cut(0)}}, 1, 200, "", 0, nil, syscall.ECONNRESET},
		{"a slow body", []faults.Rule{{1, faults.Slow(2, time.Second)}}, 1, 200, "content", 5 * time.Second, nil, nil},
		{"a status", []faults.Rule{{1, faults.Status(503, "Retry-After", "5")}}, 0, 503, "a fault on purpose\n", 0, nil, nil},
		{"one over another", []faults.Rule{{1, faults.Latency(time.Second, 0)}, {1, faults.Latency(time.Minute, 0)}, {1, faults.Status(500)}},
			0, 500, "a fault on purpose\n", 61 * time.Second, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent, closed atomic.Int32
				transport := &faults.Transport{Base: echo(&sent), Rules: tt.rules}
				req, err := http.NewRequestWithContext(t.Context(), "PUT", "http://a.test/", closing{strings.NewReader("content"), &closed})
				require.NoError(t, err)
				start := time.Now()
				resp, err := transport.RoundTrip(req)
				assert.Equal(t, tt.sent, sent.Load())
				assert.EqualValues(t, 1, closed.Load())
				assert.Equal(t, 1, transport.Sent())
				if tt.err != nil {
					require.ErrorIs(t, err, tt.err)
					var op *net.OpError
					require.ErrorAs(t, err, &op)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, tt.status, resp.StatusCode)
				content, err := io.ReadAll(resp.Body)
				assert.ErrorIs(t, err, tt.readErr)
				assert.Equal(t, tt.content, string(content))
				assert.NoError(t, resp.Body.Close())
				assert.Equal(t, tt.elapsed, time.Since(start))
			})
		})
	}
}

func TestFaults_endWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent, closed atomic.Int32
		send := func(fault faults.Fault) (*http.Response, error) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			t.Cleanup(cancel)
			req, err := http.NewRequestWithContext(ctx, "PUT", "http://a.test/", closing{strings.NewReader("content"), &closed})
			require.NoError(t, err)
			return (&faults.Transport{Base: echo(&sent), Rules: []faults.Rule{{1, fault}}}).RoundTrip(req)
		}
		start := time.Now()
		_, err := send(faults.Latency(time.Hour, time.Hour))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		resp, err := send(faults.Slow(1, time.Hour))
		require.NoError(t, err)
		_, err = io.ReadAll(resp.Body)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 2*time.Second, time.Since(start))
		assert.EqualValues(t, 2, closed.Load())
	})
}

// The same seed brings the same faults, another seed others, about as often
// as the chances say.
func TestTransport_isReproducible(t *testing.T) {
	run := func(seed uint64) string {
		var log strings.Builder
		synctest.Test(t, func(t *testing.T) {
			var sent atomic.Int32
			transport := &faults.Transport{Base: echo(&sent), Seed: seed, Rules: []faults.Rule{
				{0.2, faults.Latency(time.Millisecond, time.Second)},
				{0.1, faults.Refuse()},
				{0.1, faults.MalformedRetryAfter()},
				{0.1, func(next http.RoundTripper, req *http.Request, random *rand.Rand) (*http.Response, error) {
					return faults.Status(500+random.IntN(5))(next, req, random)
				}},
			}}
			for range 1000 {
				req, _ := http.NewRequestWithContext(t.Context(), "PUT", "http://a.test/", http.NoBody)
				start := time.Now()
				resp, err := transport.RoundTrip(req)
				code, after := 0, ""
				if err == nil {
					code, after = resp.StatusCode, resp.Header.Get("Retry-After")
				}
				fmt.Fprintln(&log, time.Since(start), errors.Is(err, syscall.ECONNREFUSED), code, after)
			}
		})
		return log.String()
	}
	one := run(1)
	assert.Equal(t, one, run(1))
	assert.NotEqual(t, one, run(2))
	assert.InDelta(t, 100, strings.Count(one, "true"), 30)
	assert.InDelta(t, 200, 1000-strings.Count(one, "0s "), 40)
}

func TestTransport_close(t *testing.T) {
	transport := &faults.Transport{}
	require.NoError(t, transport.Close(), "the default transport is left alone")
	transport.CloseIdleConnections()
}

// closable counts what it is asked to close.
type closable struct {
	server
	closed, idle int
	err          error
}

func (c *closable) Close() error          { c.closed++; return c.err }
func (c *closable) CloseIdleConnections() { c.idle++ }

func TestTransport_closesItsBase(t *testing.T) {
	base := &closable{err: errors.New("in use")}
	transport := &faults.Transport{Base: base}
	assert.Equal(t, base.err, transport.Close())
	assert.Equal(t, 1, base.closed)
	transport.CloseIdleConnections()
	assert.Equal(t, 1, base.idle)
	require.NoError(t, (&faults.Transport{Base: server(nil)}).Close(), "a base that cannot be closed")
}

// A delay of nothing sends nothing either when the context has ended.
func TestLatency_ofNothing(t *testing.T) {
	var sent, closed atomic.Int32
	transport := &faults.Transport{Base: echo(&sent), Rules: []faults.Rule{{1, faults.Latency(0, 0)}}}
	send := func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, "PUT", "http://a.test/", closing{strings.NewReader("content"), &closed})
		require.NoError(t, err)
		resp, err := transport.RoundTrip(req)
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, send(ended), context.Canceled)
	assert.Zero(t, sent.Load())
	assert.EqualValues(t, 1, closed.Load())
	require.NoError(t, send(t.Context()))
	assert.EqualValues(t, 1, sent.Load())
}

// A connection that never came cannot be reset: the error is the base's.
func TestReset_ofWhatFails(t *testing.T) {
	why := errors.New("no such host")
	transport := &faults.Transport{Rules: []faults.Rule{{1, faults.Reset()}},
		Base: server(func(*http.Request) (*http.Response, error) { return nil, why })}
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://a.test/", nil)
	require.NoError(t, err)
	_, err = transport.RoundTrip(req)
	require.Equal(t, why, err)
}
