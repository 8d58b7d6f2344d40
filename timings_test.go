package requests_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
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
	t.Run("nothing is known of a response that came by no connection", func(t *testing.T) {
		s := newSession(t, requests.WithAdapter("http://", adapters.Handler(http.NotFoundHandler())), requests.WithTimings(true))
		r, err := s.Get(t.Context(), "http://api.test/")
		require.NoError(t, err)
		assert.Zero(t, r.Timings())
		assert.Zero(t, new(requests.Response).Timings())
	})
}
