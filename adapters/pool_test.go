package adapters_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// An adopted transport chooses its proxy itself. When it cannot, nothing is
// sent and the content is closed.
func TestFrom_theProxyFunctionFails(t *testing.T) {
	why := errors.New("no proxy today")
	tr := &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return nil, why }}
	h := adapters.From(tr)
	defer h.Close()
	for name, set := range map[string]adapters.Settings{
		"as it is": {}, "with trust of the request's own": {TLS: &adapters.TLS{Verify: verify(false)}},
	} {
		t.Run(name, func(t *testing.T) {
			req := with(t, set, "POST", "https://127.0.0.1:1/", strings.NewReader("content"))
			closed := &closeCounter{ReadCloser: req.Body}
			req.Body = closed
			resp, err := h.RoundTrip(req)
			require.Nil(t, resp)
			require.ErrorIs(t, err, why)
			assert.NotErrorIs(t, err, sentinel.Connection)
			assert.Equal(t, 1, closed.count())
		})
	}
}

// Settings that say the same share a transport, however often they are made
// anew, and those remembered are bounded.
func TestPool_remembersABoundedNumberOfSettings(t *testing.T) {
	const most = 256
	h := adapters.New(adapters.Options{})
	defer h.Close()
	for i := range 3 * most {
		set := adapters.Settings{TLS: &adapters.TLS{ServerName: "h.test"}}
		require.NoError(t, h.LookUp(with(t, set, "GET", "https://h.test/", nil)))
		require.LessOrEqual(t, h.Remembered(), most, "after %d", i+1)
	}
	assert.Equal(t, 1, h.Transports())
}

// net/http remembers every destination that never gave a connection back for as
// long as the transport lives.
func TestPool_retiresATransportThatHasMetManyDestinations(t *testing.T) {
	h := adapters.New(adapters.Options{})
	defer h.Close()
	look := func(i int) *http.Transport {
		tr, err := h.TransportFor(with(t, adapters.Settings{}, "GET", fmt.Sprintf("http://h%d.test/", i), nil))
		require.NoError(t, err)
		return tr
	}
	first := look(0)
	for i := range adapters.MaxMet {
		require.Same(t, first, look(i))
	}
	second := look(adapters.MaxMet)
	require.NotSame(t, first, second)
	for range 2 * adapters.MaxMet {
		require.Same(t, second, look(0), "those that are known cost nothing")
	}
	assert.Equal(t, 1, h.Transports())
}

// Where more destinations are in use than are told apart, none of the others
// counts as new whenever it is asked for.
func TestPool_keepsATransportForMoreDestinationsThanAreToldApart(t *testing.T) {
	h := adapters.New(adapters.Options{})
	defer h.Close()
	request := func(i int) *http.Request {
		return with(t, adapters.Settings{}, "GET", fmt.Sprintf("http://h%d.test/", i), nil)
	}
	for i := range 1024 {
		require.NoError(t, h.Hold(request(i)))
	}
	first, err := h.TransportFor(request(1024))
	require.NoError(t, err)
	for i := range 2 * adapters.MaxMet {
		tr, err := h.TransportFor(request(1024 + i%2))
		require.NoError(t, err)
		require.Same(t, first, tr)
	}
}

// Trust for a proxy that cannot be had is an error before anything is sent,
// and makes no transport.
func TestPool_trustForAProxyThatCannotBeHad(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "ca.pem")
	for _, tt := range []struct {
		name  string
		proxy string
		tls   adapters.TLS
		want  string // "": it is not looked at
	}{
		{"a file that is not there", "https://p.test", adapters.TLS{CABundle: missing}, missing},
		{"a certificate without a key", "https://p.test", adapters.TLS{Certificates: make([]tls.Certificate, 1)}, "no chain or no key"},
		{"for a proxy that takes no TLS", "http://p.test", adapters.TLS{CABundle: missing}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dials := 0
			h := adapters.New(adapters.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
				dials++
				return nil, io.EOF
			}})
			defer h.Close()
			req := with(t, adapters.Settings{Proxy: parsed(t, tt.proxy), ProxyTLS: &tt.tls}, "POST", "http://h.test/", strings.NewReader("content"))
			closed := &closeCounter{ReadCloser: req.Body}
			req.Body = closed
			_, err := h.RoundTrip(req)
			require.Error(t, err)
			assert.Equal(t, 1, closed.count())
			if tt.want == "" {
				assert.ErrorIs(t, err, sentinel.Proxy)
				assert.Equal(t, 1, dials)
				return
			}
			assert.ErrorContains(t, err, tt.want)
			assert.NotErrorIs(t, err, sentinel.Connection)
			assert.Zero(t, dials)
			assert.Zero(t, h.Transports())
		})
	}
}
