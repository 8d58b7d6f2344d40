package adapters_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// The times of a look-up are those of its name, and lie before the dial.
func TestTrace_ofAName(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(origin))
	defer s.Close()
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	require.NoError(t, err)
	h := adapters.New(adapters.Options{Resolver: names{"h.test": {"127.0.0.1"}}.resolver()})
	defer h.Close()
	resp, _ := fetch(t, h, with(t, adapters.Settings{Timings: true}, "GET", "http://h.test:"+port+"/x", nil))
	tr, ok := adapters.TraceFrom(resp)
	require.True(t, ok)
	order := []time.Time{tr.Start, tr.DNSStart, tr.DNSDone, tr.ConnectStart, tr.ConnectDone}
	for i := 1; i < len(order); i++ {
		require.False(t, order[i].IsZero(), i)
		require.False(t, order[i].Before(order[i-1]), i)
	}
}

// The limits of an exchange on an adopted transport go by the hooks that its
// times are noted by.
func TestTrace_keepsTheLimitsOfAnAdoptedTransport(t *testing.T) {
	ca := newAuthority(t)
	for _, tt := range []struct {
		name  string
		after string // when the server falls silent
		wait  time.Duration
		is    *sentinel.Condition
	}{
		{"no connection", "", 3 * time.Second, sentinel.ConnectTimeout},
		{"a handshake that stalls", "connect", 5 * time.Second, sentinel.ConnectTimeout},
		{"no answer", "handshake", 7 * time.Second, sentinel.ReadTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newPipes()
				server, client := bubbleServer(t, ca)
				client.RootCAs = ca.pool()
				go n.serve(func(c net.Conn) {
					if tt.after == "handshake" {
						c = tls.Server(c, server)
					}
					silent(c)
				})
				dial := n.Dial
				if tt.after == "" {
					dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
						<-ctx.Done()
						return nil, ctx.Err()
					}
				}
				h := adapters.From(&http.Transport{DialContext: dial, TLSClientConfig: client})
				set := adapters.Settings{Timings: true, Connect: 3 * time.Second, TLSHandshake: 5 * time.Second, Read: 7 * time.Second}
				start := time.Now()
				_, err := h.RoundTrip(with(t, set, "GET", "https://h.test/", nil))
				require.ErrorIs(t, err, tt.is)
				assert.Equal(t, tt.wait, time.Since(start))
				h.Close()
				n.Close()
			})
		})
	}
}

// Whoever was given the context of an exchange, as a protocol that an adopted
// transport was given is, may send with it while the content is read: that is
// another exchange, whose connections are not this one's.
func TestTrace_ofAnotherExchangeUnderTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newPipes()
		s := n.serveHTTP(http.HandlerFunc(origin))
		var given context.Context
		silence, never := io.Pipe()
		tr := &http.Transport{}
		tr.RegisterProtocol("memory", adapters.Func(func(r *http.Request) (*http.Response, error) {
			given = r.Context()
			return &http.Response{StatusCode: 200, ContentLength: -1, Body: silence}, nil
		}))
		h := adapters.From(tr)
		set := adapters.Settings{Connect: time.Second, Read: 7 * time.Second}
		resp, err := h.RoundTrip(with(t, set, "GET", "memory://h.test/", nil))
		require.NoError(t, err)
		before, ok := adapters.TraceFrom(resp)
		require.True(t, ok)

		other := &http.Transport{DialContext: n.Dial}
		for range 2 { // on a connection that is made, and on one that is kept
			req, err := http.NewRequestWithContext(given, "GET", "http://other.test/", nil)
			require.NoError(t, err)
			fetch(t, other, req)
		}
		after, _ := adapters.TraceFrom(resp)
		assert.Equal(t, before, after)
		time.AfterFunc(time.Second, func() { io.WriteString(never, "x") })
		time.AfterFunc(9*time.Second, func() { never.Close() })
		_, err = resp.Body.Read(make([]byte, 1))
		require.NoError(t, err)
		_, err = resp.Body.Read(make([]byte, 1))
		assert.ErrorIs(t, err, sentinel.BodyReadTimeout)
		resp.Body.Close()
		h.Close()
		other.CloseIdleConnections()
		s.Close()
	})
}

// The same where the transport connects by a dialer of the system: a proxy
// that is connected to and says nothing has had its connect limit.
func TestTrace_keepsTheLimitOfASilentProxy(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close() // never accepts: the system connects all the same
	h := adapters.From(&http.Transport{Proxy: http.ProxyURL(parsed(t, "http://"+l.Addr().String()))})
	defer h.Close()
	set := adapters.Settings{Timings: true, Connect: 10 * time.Second, TLSHandshake: 20 * time.Millisecond}
	_, err = h.RoundTrip(with(t, set, "GET", "https://h.test/", nil))
	require.ErrorIs(t, err, sentinel.ConnectTimeout)
	assert.ErrorContains(t, err, "connection not ready within 20ms")
}
