package requests_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/adapters/faults"
)

func TestTimings(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("ok")) }))
	defer server.Close()
	trust := requests.WithTLS(requests.TLS{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs})

	t.Run("the connection is known without asking, the times are not", func(t *testing.T) {
		s := newSession(t, trust)
		for i := range 2 {
			r, err := s.Get(t.Context(), server.URL)
			require.NoError(t, err)
			got := r.Timings()
			assert.Equal(t, i > 0, got.Reused)
			assert.Equal(t, server.Listener.Addr().String(), got.Remote.String())
			assert.NotNil(t, got.Local)
			assert.Equal(t, "HTTP/1.1", got.Protocol)
			assert.Equal(t, "TLS 1.3", got.TLSVersion)
			assert.Equal(t, tls.CipherSuiteName(r.TLS.CipherSuite), got.CipherSuite)
			assert.Equal(t, server.Certificate().NotAfter, got.CertificateExpiry)
			assert.Zero(t, got.Connect+got.TLS+got.WroteRequest+got.FirstByte+got.Total)
		}
	})
	t.Run("the times when they are asked for", func(t *testing.T) {
		s := newSession(t, trust, requests.WithTimings(true))
		r, err := s.Get(t.Context(), server.URL)
		require.NoError(t, err)
		got := r.Timings()
		assert.Positive(t, got.Connect)
		assert.Positive(t, got.TLS)
		assert.Positive(t, got.WroteRequest)
		assert.GreaterOrEqual(t, got.FirstByte, got.WroteRequest)
		assert.GreaterOrEqual(t, got.FirstByte, got.Connect+got.TLS)
		assert.GreaterOrEqual(t, got.Total, got.FirstByte)
		again, err := s.Get(t.Context(), server.URL)
		require.NoError(t, err)
		assert.True(t, again.Timings().Reused)
		assert.Zero(t, again.Timings().Connect+again.Timings().TLS, "a kept connection is not made")
		assert.Positive(t, again.Timings().FirstByte)
	})
	t.Run("a stream has no total until it is read", func(t *testing.T) {
		s := newSession(t, trust, requests.WithTimings(true), requests.WithStream(true))
		r, err := s.Get(t.Context(), server.URL)
		require.NoError(t, err)
		assert.Zero(t, r.Timings().Total)
		assert.Equal(t, "ok", r.Text())
		assert.GreaterOrEqual(t, r.Timings().Total, r.Timings().FirstByte)
		require.NoError(t, r.Close())
	})
	t.Run("layers over the adapter do not hide them", func(t *testing.T) {
		for name, wrap := range map[string]func(http.RoundTripper) http.RoundTripper{
			"Retry":          new(adapters.Retry).Wrap,
			"Breaker":        new(adapters.Breaker).Wrap,
			"Limit":          (&adapters.Limit{InFlight: 3}).Wrap,
			"AttemptTimeout": new(adapters.AttemptTimeout).Wrap,
			"Hedge":          (&adapters.Hedge{Delay: time.Minute}).Wrap,
			"Resilient":      (&adapters.Resilient{Limit: adapters.Limit{InFlight: 3}}).Wrap,
			"faults": func(next http.RoundTripper) http.RoundTripper {
				return &faults.Transport{Base: next, Rules: []faults.Rule{{Chance: 1, Fault: faults.Slow(1<<20, 0)}}}
			},
			"somebody else's": func(next http.RoundTripper) http.RoundTripper { return overlaid{next} },
			"all together": func(next http.RoundTripper) http.RoundTripper {
				return (&adapters.Hedge{Delay: time.Minute}).Wrap(overlaid{(&adapters.Limit{InFlight: 3}).Wrap(next)})
			},
		} {
			t.Run(name, func(t *testing.T) {
				s := newSession(t, trust, requests.WithTimings(true), requests.WithMiddleware(wrap))
				for i := range 2 {
					r, err := s.Post(t.Context(), server.URL, requests.WithBody("content"), requests.WithHeader("Idempotency-Key", "k"))
					require.NoError(t, err)
					got := r.Timings()
					assert.Equal(t, i > 0, got.Reused)
					assert.NotNil(t, got.Remote)
					assert.Equal(t, "HTTP/1.1", got.Protocol)
					assert.Positive(t, got.FirstByte)
					assert.Positive(t, got.Total)
				}
			})
		}
	})
	t.Run("an answer from elsewhere has none of the request that it was asked for by", func(t *testing.T) {
		var ctx context.Context
		s := newSession(t, trust, requests.WithTimings(true), requests.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				resp, err := next.RoundTrip(r)
				if ctx != nil {
					resp.Body.Close()
					resp = &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("kept")), Request: r.WithContext(ctx)}
				} else if err == nil {
					ctx = resp.Request.Context()
				}
				return resp, err
			})
		}))
		for i := range 2 {
			r, err := s.Get(t.Context(), server.URL)
			require.NoError(t, err)
			assert.Equal(t, i == 0, r.Timings().Remote != nil)
		}
	})
	t.Run("nothing is known of a response that came by no connection", func(t *testing.T) {
		s := newSession(t, requests.WithAdapter("http://", adapters.Handler(http.NotFoundHandler())), requests.WithTimings(true))
		r, err := s.Get(t.Context(), "http://api.test/")
		require.NoError(t, err)
		assert.Zero(t, r.Timings())
		assert.Zero(t, new(requests.Response).Timings())
	})
}

// overlaid lays content of its own over a response, as tracing does.
type overlaid struct{ next http.RoundTripper }

func (o overlaid) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := o.next.RoundTrip(r.Clone(r.Context()))
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{resp.Body, resp.Body}
	}
	return resp, err
}
