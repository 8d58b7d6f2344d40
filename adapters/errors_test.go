package adapters_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// A timeout says what did not come, and how long it was waited for.
func TestTimeouts_text(t *testing.T) {
	limits := adapters.Settings{Connect: 3 * time.Second, TLSHandshake: 5 * time.Second, Read: 7 * time.Second}
	hole := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	tunnels := func(c net.Conn) {
		readHeader(c)
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		silent(c)
	}
	for _, tt := range []struct {
		name   string
		proxy  string // "": none
		url    string
		dial   func(context.Context, string, string) (net.Conn, error) // nil: to server
		server func(net.Conn)
		want   string
	}{
		{"a connection", "", "http://h.test/", hole, nil, "connect timed out: no connection within 3s"},
		{"a handshake", "", "https://h.test/", nil, silent, "connect timed out: no TLS handshake within 5s"},
		{"a header", "", "http://h.test/", nil, silent, "read timed out: no answer within 7s"},
		{"content", "", "http://h.test/", nil, func(c net.Conn) {
			readHeader(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")
			silent(c)
		}, "read timed out within the content: no content within 7s"},
		{"a connection to a proxy", "http://u:s3cret@p.test:3128", "https://h.test/", hole, nil,
			"connect timed out: no connection to the proxy http://p.test:3128 within 3s"},
		{"a proxy's answer to CONNECT", "http://u:s3cret@p.test", "https://h.test/", nil, silent,
			"connect timed out: no connection through the proxy http://p.test:80 within 5s"},
		{"the handshake of an https proxy", "https://u:s3cret@p.test", "http://h.test/", nil, silent,
			"connect timed out: no connection through the proxy https://p.test:443 within 5s"},
		{"a SOCKS proxy's answer", "socks5h://u:s3cret@[::1]", "http://h.test/", nil, silent,
			"connect timed out: no connection through the proxy socks5h://[::1]:1080 within 5s"},
		{"a handshake behind a proxy", "http://u:s3cret@p.test:3128", "https://h.test/", nil, tunnels,
			"connect timed out: no TLS handshake through the proxy http://p.test:3128 within 5s"},
		{"a handshake behind a SOCKS proxy", "socks4a://p.test:1080", "https://h.test/", nil, func(c net.Conn) {
			c.Read(make([]byte, 64))
			c.Write([]byte{0, 90, 0, 0, 0, 0, 0, 0})
			silent(c)
		}, "connect timed out: no TLS handshake through the proxy socks4a://p.test:1080 within 5s"},
		{"a header by way of a proxy", "http://u:s3cret@p.test:3128", "http://h.test/", nil, silent,
			"read timed out: no answer through the proxy http://p.test:3128 within 7s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newPipes()
				defer n.Close()
				dial := tt.dial
				if dial == nil {
					dial = n.Dial
					go n.serve(tt.server)
				}
				h := adapters.New(adapters.Options{Dial: dial})
				defer h.Close()
				set := limits
				if tt.proxy != "" {
					set.Proxy = parsed(t, tt.proxy)
				}
				resp, err := h.RoundTrip(with(t, set, "GET", tt.url, nil))
				if err == nil {
					_, err = resp.Body.Read(make([]byte, 1))
				}
				require.ErrorIs(t, err, sentinel.Timeout)
				require.NotErrorIs(t, err, context.Canceled)
				assert.EqualError(t, err, tt.want)
			})
		})
	}
}

// A limit of time is told in the words of its cause. What somebody cancels a
// context with may be about something else.
func TestCancel_text(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("changed my mind"))
	_, err := adapters.New(adapters.Options{}).RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil).WithContext(ctx))
	require.ErrorIs(t, err, context.Canceled)
	assert.EqualError(t, err, "context canceled: changed my mind")
	ctx, end := context.WithTimeoutCause(t.Context(), 0, errors.New("no time left"))
	defer end()
	_, err = adapters.New(adapters.Options{}).RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil).WithContext(ctx))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.EqualError(t, err, "no time left")
}

// A connection that the system gave up on is a timeout like one of ours,
// whoever was to be connected to.
func TestErrors_systemTimeout(t *testing.T) {
	for _, tt := range []struct{ name, proxy, url string }{
		{"an origin", "", "http://h.test/"},
		{"an origin with TLS", "", "https://h.test/"},
		{"a proxy", "http://p.test:3128", "http://h.test/"},
		{"a SOCKS proxy", "socks5h://p.test", "https://h.test/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := adapters.Settings{}
			if tt.proxy != "" {
				set.Proxy = parsed(t, tt.proxy)
			}
			h := adapters.New(adapters.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ETIMEDOUT)}
			}})
			defer h.Close()
			_, err := h.RoundTrip(with(t, set, "GET", tt.url, nil))
			require.ErrorIs(t, err, sentinel.ConnectTimeout)
			require.ErrorIs(t, err, syscall.ETIMEDOUT)
			assert.NotErrorIs(t, err, sentinel.Proxy)
			assert.NotErrorIs(t, err, sentinel.ReadTimeout)
		})
	}
}

// A server that speaks plain HTTP where TLS is spoken is told by the error of
// net/http for it, also where the server is a proxy.
func TestErrors_plainHTTPOnAPortOfTLS(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(origin))
	defer s.Close()
	s.Config.ErrorLog = discard
	addr := s.Listener.Addr().String()
	for _, tt := range []struct{ name, proxy, url, want string }{
		{"an origin", "", "https://" + addr + "/", "TLS failed: http: server gave HTTP response to HTTPS client"},
		{"a proxy", "https://u:s3cret@" + addr, "http://h.test/",
			"proxy failed: https://" + addr + ": TLS failed: http: server gave HTTP response to HTTPS client"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := adapters.Settings{}
			if tt.proxy != "" {
				set.Proxy = parsed(t, tt.proxy)
			}
			h := adapters.New(adapters.Options{})
			defer h.Close()
			_, err := h.RoundTrip(with(t, set, "GET", tt.url, nil))
			require.EqualError(t, err, tt.want)
			require.ErrorIs(t, err, http.ErrSchemeMismatch)
			require.ErrorIs(t, err, sentinel.TLS)
			var record tls.RecordHeaderError
			require.ErrorAs(t, err, &record)
		})
	}
}

// What breaks as TLS is a failure of TLS, also when the connection had been
// good: neither a server that hung up nor content that is too short.
func TestErrors_brokenByTLS(t *testing.T) {
	ca := newAuthority(t)
	cert, _, _ := ca.issue(t, "server", "h.test")
	for _, tt := range []struct{ name, answer, content string }{
		{"before the header", "", ""},
		{"within the content", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "abc"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newPipes()
			defer n.Close()
			go n.serve(func(c net.Conn) {
				secure := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
				readHeader(secure)
				io.WriteString(secure, tt.answer)
				// A record of content that no key of this connection has sealed.
				c.Write(append([]byte{23, 3, 3, 0, 32}, make([]byte, 32)...))
				silent(c)
			})
			h := adapters.New(adapters.Options{Dial: n.Dial})
			defer h.Close()
			var content []byte
			resp, err := h.RoundTrip(with(t, adapters.Settings{TLS: &adapters.TLS{RootCAs: ca.pool()}}, "GET", "https://h.test/", nil))
			if err == nil {
				content, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			require.ErrorIs(t, err, sentinel.TLS)
			assert.NotErrorIs(t, err, sentinel.Truncated)
			assert.Equal(t, tt.content, string(content))
		})
	}
}

// A protocol that an adopted transport was given may end its content early
// without a word. What was declared is missed all the same.
func TestErrors_shortContentOfARegisteredProtocol(t *testing.T) {
	tr := &http.Transport{}
	tr.RegisterProtocol("memory", adapters.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, ContentLength: 10, Body: io.NopCloser(reading("abc"))}, nil
	}))
	h := adapters.From(tr)
	defer h.Close()
	resp, err := h.RoundTrip(with(t, adapters.Settings{}, "GET", "memory://h.test/", nil))
	require.NoError(t, err)
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	assert.Equal(t, "abc", string(content))
	require.ErrorIs(t, err, sentinel.Truncated)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}
