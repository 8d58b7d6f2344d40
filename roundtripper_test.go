package requests_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
)

// What signs its own requests must find them on the wire as it signed them.
func TestRoundTripper(t *testing.T) {
	coded := zipped(t, content)
	w := newReplies(t,
		reply(302, "", "Location: /elsewhere", "Set-Cookie: a=1"),
		reply(401, "", "WWW-Authenticate: Basic realm=x"),
		reply(200, coded, "Content-Encoding: gzip"))
	s := newSession(t, requests.WithHeader("X-Session", "1"), requests.WithAuth(auth.Basic("u", "p")), requests.WithParam("q", "1"),
		requests.WithCookie(&http.Cookie{Name: "k", Value: "v"}))
	seen := 0
	s.Hooks().Send.PushBack(func(*requests.Exchange) error { seen++; return nil })
	c := &http.Client{
		Transport:     s.RoundTripper(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for i, status := range []int{302, 401, 200} {
		resp, body := send(t, c, "GET", w.URL+"/p", nil, "X-Own: 1", "Accept-Encoding: identity", "User-Agent: own")
		assert.Equal(t, status, resp.StatusCode)
		assert.Equal(t, []string{"Host: " + w.Addr, "User-Agent: own", "Accept-Encoding: identity", "X-Own: 1"}, w.Last(t).Fields)
		assert.Equal(t, "/p", w.Last(t).Target())
		if i == 2 {
			assert.Equal(t, coded, body, "in the coding that it was sent in")
		}
	}
	assert.Equal(t, 3, seen, "the hooks of exchanges run")
	for range s.Cookies().All() {
		assert.Fail(t, "a cookie was kept")
	}

	require.NoError(t, s.Mount(w.URL, named("mounted later")))
	_, body := send(t, c, "GET", w.URL, nil)
	assert.Equal(t, "mounted later", body, "the session's adapters of that moment")
	require.NoError(t, s.Close())
	_, err := s.RoundTripper().RoundTrip(newHTTP(t, "GET", w.URL, nil))
	require.ErrorIs(t, err, requests.ErrSessionClosed)
}

// rememberingContext counts who wants to be told of its end.
type rememberingContext struct {
	context.Context
	done    chan struct{}
	waiting atomic.Int32
}

func (c *rememberingContext) Done() <-chan struct{} { return c.done }

// AfterFunc is for package context.
func (c *rememberingContext) AfterFunc(func()) (stop func() bool) {
	c.waiting.Add(1)
	return sync.OnceValue(func() bool { c.waiting.Add(-1); return true })
}

// Timeouts.Total bounds an exchange with its retries and its content.
func TestRoundTripper_total(t *testing.T) {
	drip := func(pause time.Duration) func(net.Conn) {
		return func(c net.Conn) {
			said(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
			for _, b := range "12345" {
				time.Sleep(pause)
				io.WriteString(c, string(b))
			}
		}
	}
	again := &adapters.Retry{Attempts: 10, Wait: -1}
	for _, tt := range []struct {
		name  string
		serve func(net.Conn)
		opts  []requests.Option
		is    []error // nil: the content is 12345
		after time.Duration
	}{
		{"no answer", func(c net.Conn) { said(c); c.Read(make([]byte, 1)) }, nil,
			[]error{requests.ErrTimeout, context.DeadlineExceeded}, 7 * time.Second},
		{"content that drips", drip(2 * time.Second), nil, []error{requests.ErrTimeout, context.DeadlineExceeded}, 7 * time.Second},
		{"content within the time", drip(time.Second), nil, nil, 5 * time.Second},
		{"attempts that are slow", func(c net.Conn) {
			said(c)
			time.Sleep(3 * time.Second)
		}, []requests.Option{requests.WithMiddleware(again.Wrap)}, []error{requests.ErrTimeout, context.DeadlineExceeded}, 7 * time.Second},
		{"content that is cut", func(c net.Conn) {
			said(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n123")
		}, nil, []error{requests.ErrTruncated}, 0},
		{"a connection that is lost", func(c net.Conn) { said(c) }, nil, []error{requests.ErrConnection}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synced(t, func(t *testing.T) {
				s := piped(t, tt.serve, append(tt.opts, requests.WithTimeout(7*time.Second))...)
				parent := &rememberingContext{Context: t.Context(), done: make(chan struct{})}
				start := time.Now()
				resp, err := (&http.Client{Transport: s.RoundTripper()}).Do(newHTTP(t, "GET", "http://api.test/", nil).WithContext(parent))
				var got []byte
				if err == nil {
					defer resp.Body.Close()
					got, err = io.ReadAll(resp.Body)
				}
				assert.Equal(t, tt.after, time.Since(start))
				for _, is := range tt.is {
					require.ErrorIs(t, err, is)
				}
				if tt.is == nil {
					require.NoError(t, err)
					assert.Equal(t, "12345", string(got))
				} else if resp != nil {
					_, again := resp.Body.Read(make([]byte, 1))
					assert.EqualError(t, again, err.Error(), "a reader who goes on is told the same")
				}
				assert.Zero(t, parent.waiting.Load(), "the caller's context remembers nothing")
			})
		})
	}
	t.Run("content that is closed unread", func(t *testing.T) {
		synced(t, func(t *testing.T) {
			s := piped(t, drip(time.Second), requests.WithTimeout(7*time.Second))
			parent := &rememberingContext{Context: t.Context(), done: make(chan struct{})}
			resp, err := s.RoundTripper().RoundTrip(newHTTP(t, "GET", "http://api.test/", nil).WithContext(parent))
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Zero(t, parent.waiting.Load())
			_, err = resp.Body.Read(make([]byte, 1))
			require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
			require.NotErrorIs(t, err, context.Canceled)
		})
	})
	t.Run("the deadline can be seen below", func(t *testing.T) {
		synced(t, func(t *testing.T) {
			var d time.Time
			s := newSession(t, requests.WithTimeout(7*time.Second), requests.WithAdapter("http://", adapters.Func(func(r *http.Request) (*http.Response, error) {
				d, _ = r.Context().Deadline()
				<-r.Context().Done()
				return nil, r.Context().Err()
			})))
			want := time.Now().Add(7 * time.Second)
			_, err := s.RoundTripper().RoundTrip(newHTTP(t, "GET", "http://api.test/", nil))
			require.EqualError(t, err, "send GET http://api.test/: total timeout of 7s")
			assert.Equal(t, want, d)
		})
	})
	t.Run("the connection of a 101 lives past it", func(t *testing.T) {
		synced(t, func(t *testing.T) {
			s := piped(t, func(c net.Conn) {
				said(c)
				io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
				io.Copy(c, c)
			}, requests.WithTimeout(7*time.Second))
			parent := &rememberingContext{Context: t.Context(), done: make(chan struct{})}
			req := newHTTP(t, "GET", "http://api.test/", nil, "Connection: Upgrade", "Upgrade: echo").WithContext(parent)
			resp, err := s.RoundTripper().RoundTrip(req)
			require.NoError(t, err)
			conn, ok := resp.Body.(io.ReadWriteCloser)
			require.True(t, ok)
			assert.Implements(t, (*interface{ CloseWrite() error })(nil), conn)
			for range 3 {
				time.Sleep(5 * time.Second)
				_, err = io.WriteString(conn, "hello")
				require.NoError(t, err)
				got := make([]byte, 5)
				_, err = io.ReadFull(conn, got)
				require.NoError(t, err)
				assert.Equal(t, "hello", string(got))
				assert.NoError(t, resp.Request.Context().Err(), "what hangs on the context lives, too")
			}
			require.ErrorIs(t, conn.(interface{ CloseWrite() error }).CloseWrite(), http.ErrNotSupported, "as this one has none")
			require.NoError(t, conn.Close())
			assert.Zero(t, parent.waiting.Load())
		})
	})
	t.Run("no content ends it at once", func(t *testing.T) {
		s := newSession(t, requests.WithTimeout(time.Hour), requests.WithAdapter("http://", adapters.Func(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 204, Body: http.NoBody, Request: r}, nil
		})))
		parent := &rememberingContext{Context: t.Context(), done: make(chan struct{})}
		_, err := s.RoundTripper().RoundTrip(newHTTP(t, "GET", "http://api.test/", nil).WithContext(parent))
		require.NoError(t, err)
		assert.Zero(t, parent.waiting.Load())
	})
	t.Run("the caller's deadline where that is sooner", func(t *testing.T) {
		synced(t, func(t *testing.T) {
			s := newSession(t, requests.WithTimeout(7*time.Second), requests.WithAdapter("http://", adapters.Func(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			})))
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			want, _ := ctx.Deadline()
			_, err := s.RoundTripper().RoundTrip(newHTTP(t, "GET", "http://api.test/", nil).WithContext(ctx))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, want, time.Now())
		})
	})
}

func TestNewRequest(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	s := newSession(t, requests.WithBaseURL(w.URL), requests.WithHeader("X-Team", "core"))
	r, err := requests.NewRequest("post", "orders", requests.WithJSON(map[string]int{"n": 1}), requests.WithParam("dry", "1"), requests.WithoutHeader("X-Team"))
	require.NoError(t, err)
	for range 2 { // as often as one likes
		_, err = s.Do(t.Context(), r)
		require.NoError(t, err)
		got := w.Last(t)
		assert.Equal(t, "POST /orders?dry=1 HTTP/1.1", got.Line)
		assert.Equal(t, `{"n":1}`, got.Body)
		assert.Equal(t, []string{"Content-Type: application/json"}, linesOf(got, "Content-Type"))
		assert.Empty(t, linesOf(got, "X-Team"))
	}
	e, err := s.Explain(t.Context(), r)
	require.NoError(t, err)
	f, ok := e.Fact("header", "Content-Type")
	assert.True(t, ok)
	assert.Equal(t, "application/json", f.Value)

	_, err = requests.NewRequest("GET", "/", requests.WithJSON(1), requests.WithForm(url.Values{"a": {"1"}}), requests.WithHeader("a b", "c"), requests.WithCookieJar(nil))
	require.ErrorIs(t, err, requests.ErrInvalidHeader)
	require.ErrorContains(t, err, "only a session takes this option")
	require.ErrorContains(t, err, "the body is already set")
	_, err = requests.NewRequest("GE T", "/")
	require.ErrorIs(t, err, requests.ErrInvalidHeader)
	require.ErrorContains(t, err, "GE T")
}

func TestTransportOption(t *testing.T) {
	s := newSession(t, requests.WithAdapter("http://longer.test/", named("longer")), requests.WithTransport(named("all")))
	for url, want := range map[string]string{"http://a.test/": "all", "https://a.test/": "all", "http://longer.test/x": "longer"} {
		got, err := requests.Text(s.Get(t.Context(), url))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err := requests.NewSession(requests.WithTransport(nil))
	require.EqualError(t, err, "new session: WithTransport: the adapter is nil")
	_, err = s.Get(t.Context(), "http://a.test/", requests.WithTransport(named("call")))
	require.ErrorContains(t, err, "only a session takes this option")
}
