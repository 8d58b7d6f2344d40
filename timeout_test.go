package requests_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

// synced runs a test in a bubble of its own time.
func synced(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func TestTimeouts_OfADefaultSession(t *testing.T) {
	want := requests.Timeouts{Connect: 10 * time.Second, TLSHandshake: 10 * time.Second, Read: 120 * time.Second}
	assert.Equal(t, want, newSession(t).Defaults().Timeouts, "and no Total")

	previous := requests.SetDefaultSession(nil)
	defer func() {
		require.NoError(t, requests.SetDefaultSession(previous).Close())
	}()
	assert.Equal(t, want, requests.DefaultSession().Defaults().Timeouts)
}

func TestTimeouts_InLayers(t *testing.T) {
	for _, c := range []struct {
		name             string
		session, request requests.Timeouts
		want             requests.Timeouts
	}{
		{"D70 zero inherits", requests.Timeouts{Read: time.Second}, requests.Timeouts{Total: time.Minute},
			requests.Timeouts{Connect: 10 * time.Second, TLSHandshake: 10 * time.Second, Read: time.Second, Total: time.Minute}},
		{"D70 negative means none", requests.Timeouts{Total: time.Second}, requests.Timeouts{Connect: -1, TLSHandshake: -1, Read: -1, Total: -1},
			requests.Timeouts{Connect: -1, TLSHandshake: -1, Read: -1, Total: -1}},
		{"R165 the request's win", requests.Timeouts{Connect: 1, TLSHandshake: 2, Read: 3, Total: 4}, requests.Timeouts{Connect: 5, TLSHandshake: 6, Read: 7, Total: 8},
			requests.Timeouts{Connect: 5, TLSHandshake: 6, Read: 7, Total: 8}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, requests.WithTimeouts(c.session))
			p, err := s.Prepare(t.Context(), &requests.Request{URL: "http://api.test/", Settings: requests.Settings{Timeouts: c.request}})
			require.NoError(t, err)
			assert.Equal(t, c.want, p.Settings.Timeouts)
		})
	}
}

// silent is a server on loopback that accepts connections and answers each
// with what say returns, once; then it says no more.
func silent(t *testing.T, say func(request string) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	var conns []net.Conn
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, c)
			go func() {
				r := bufio.NewReader(c)
				line, _ := r.ReadString('\n')
				io.WriteString(c, say(line))
				io.Copy(io.Discard, r)
			}()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
		for _, c := range conns {
			c.Close()
		}
	})
	return l.Addr().String()
}

func TestTimeouts_OverSockets(t *testing.T) {
	const short = 30 * time.Millisecond
	addr := silent(t, func(line string) string {
		switch {
		case strings.Contains(line, "/body"):
			return "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"
		case strings.Contains(line, "/loop"):
			return "HTTP/1.1 302 Found\r\nLocation: /silence\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
		}
		return ""
	})
	for _, c := range []struct {
		name, url string
		timeouts  requests.Timeouts
		is, isnt  []error
	}{
		{"R167 no answer", "http://" + addr + "/", requests.Timeouts{Read: short},
			[]error{requests.ErrReadTimeout, requests.ErrTimeout}, []error{requests.ErrConnection, requests.ErrConnectTimeout, context.DeadlineExceeded}},
		{"D28 silence within the content", "http://" + addr + "/body", requests.Timeouts{Read: short},
			[]error{requests.ErrReadTimeout, requests.ErrTimeout, requests.ErrConnection}, []error{requests.ErrConnectTimeout, requests.ErrTruncated}},
		{"R166 a handshake that stalls", "https://" + addr + "/", requests.Timeouts{TLSHandshake: short},
			[]error{requests.ErrConnectTimeout, requests.ErrTimeout, requests.ErrConnection}, []error{requests.ErrReadTimeout, requests.ErrTLS}},
		{"Total before the header", "http://" + addr + "/", requests.Timeouts{Total: short},
			[]error{requests.ErrTimeout, context.DeadlineExceeded}, []error{requests.ErrConnection, requests.ErrReadTimeout, requests.ErrConnectTimeout}},
		{"Total within the content", "http://" + addr + "/body", requests.Timeouts{Total: short},
			[]error{requests.ErrTimeout, context.DeadlineExceeded}, []error{requests.ErrReadTimeout, requests.ErrTruncated}},
		{"Total during the handshake", "https://" + addr + "/", requests.Timeouts{Total: short},
			[]error{requests.ErrTimeout, context.DeadlineExceeded}, []error{requests.ErrConnectTimeout}},
		{"Total over redirects", "http://" + addr + "/loop", requests.Timeouts{Total: short},
			[]error{requests.ErrTimeout, context.DeadlineExceeded}, []error{requests.ErrTooManyRedirects}},
	} {
		for _, stream := range []bool{false, true} {
			name := c.name
			if stream {
				name += ", as a stream"
			}
			t.Run(name, func(t *testing.T) {
				r, err := newSession(t).Get(t.Context(), c.url, requests.WithTimeouts(c.timeouts), requests.WithStream(stream))
				if r != nil {
					_, err = io.Copy(io.Discard, r.Body)
				}
				for _, is := range c.is {
					require.ErrorIs(t, err, is)
				}
				for _, isnt := range c.isnt {
					require.NotErrorIs(t, err, isnt)
				}
				var timeout net.Error
				require.ErrorAs(t, err, &timeout)
				assert.True(t, timeout.Timeout())
				var e *requests.Error
				require.ErrorAs(t, err, &e)
				assert.True(t, e.Timeout())
			})
		}
	}
}

func TestTimeouts_TheCallersContext(t *testing.T) {
	addr := silent(t, func(line string) string {
		if strings.Contains(line, "/body") {
			return "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"
		}
		return ""
	})
	mine := errors.New("the caller's reason")
	for _, path := range []string{"/", "/body"} {
		t.Run("R171 its deadline: "+path, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			defer cancel()
			_, err := newSession(t).Get(ctx, "http://"+addr+path, requests.WithTimeout(time.Minute))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorIs(t, err, requests.ErrTimeout, "a deadline is a timeout")
			require.NotErrorIs(t, err, requests.ErrReadTimeout)
			require.NotErrorIs(t, err, requests.ErrConnection)
		})
		t.Run("R171 its cause is kept: "+path, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(30*time.Millisecond, func() { cancel(mine) })
			_, err := newSession(t).Get(ctx, "http://"+addr+path)
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, mine)
			require.NotErrorIs(t, err, requests.ErrTimeout)
			var e *requests.Error
			require.ErrorAs(t, err, &e)
			assert.False(t, e.Timeout())
		})
	}
	// An errgroup gives the error of the first call that fails to all the others.
	missing := newReplies(t, reply(404, ""))
	failing := newSession(t)
	_, late := failing.Get(t.Context(), "http://"+addr+"/", requests.WithTimeouts(requests.Timeouts{Read: time.Millisecond}))
	require.ErrorIs(t, late, requests.ErrReadTimeout)
	_, total := failing.Get(t.Context(), "http://"+addr+"/", requests.WithTimeout(time.Millisecond))
	require.ErrorIs(t, total, context.DeadlineExceeded)
	_, refused := failing.Get(t.Context(), "http://127.0.0.1:1/")
	require.ErrorIs(t, refused, requests.ErrConnection)
	_, status := failing.Get(t.Context(), missing.URL, requests.WithRaiseForStatus(true))
	require.ErrorAs(t, status, new(*requests.StatusError))
	for _, path := range []string{"/", "/body"} {
		for name, adapter := range map[string]requests.Option{
			"":                    requests.WithTimings(false),
			", by a foreign one":  requests.WithTransport(foreignTrip{new(http.Transport)}),
			", with another try":  requests.WithMiddleware(new(adapters.Retry).Wrap),
			", within other time": requests.WithTimeout(time.Minute),
		} {
			for what, why := range map[string]error{
				"silence": late, "a total": total, "a refusal": refused, "a status": status,
				"more to it": &callersError{errors.Join(late, status, mine)},
			} {
				t.Run("R171 the failure of another call is none of its own: "+path+name+", "+what, func(t *testing.T) {
					ctx, cancel := context.WithCancelCause(t.Context())
					time.AfterFunc(10*time.Millisecond, func() { cancel(why) })
					_, err := newSession(t, adapter).Get(ctx, "http://"+addr+path)
					require.ErrorIs(t, err, context.Canceled)
					require.ErrorIs(t, err, why)
					require.ErrorContains(t, err, path+": context canceled: ")
					for _, not := range []error{requests.ErrTimeout, requests.ErrReadTimeout, requests.ErrConnection, context.DeadlineExceeded} {
						require.NotErrorIs(t, err, not)
					}
					var e *requests.Error
					require.ErrorAs(t, err, &e)
					assert.Equal(t, "http://"+addr+path, e.URL)
					assert.False(t, e.Timeout())
					assert.False(t, errors.As(err, new(*requests.StatusError)), "a status that another call had")
					var own *callersError
					if assert.Equal(t, what == "more to it", errors.As(err, &own)); own != nil {
						assert.ErrorIs(t, err, mine)
					}
				})
			}
		}
	}
	t.Run("R171 a context that is over sends nothing", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := newSession(t).Get(ctx, w.URL)
		require.ErrorIs(t, err, context.Canceled)
		assert.Empty(t, w.Requests())
	})
}

// callersError is an error of the caller's own.
type callersError struct{ error }

func (c *callersError) Unwrap() error { return c.error }

// foreignTrip hides what it is that makes the round trip.
type foreignTrip struct{ http.RoundTripper }

// piped is a session whose connections are pipes to serve, which is called for
// each with what is said to the server. It can run in a bubble.
func piped(t *testing.T, serve func(net.Conn), opts ...requests.Option) *requests.Session {
	t.Helper()
	var serving sync.WaitGroup
	adapter := adapters.New(adapters.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		serving.Go(func() {
			defer server.Close()
			serve(server)
		})
		return client, nil
	}})
	t.Cleanup(func() {
		adapter.Close()
		serving.Wait()
	})
	return newSession(t, append(opts, requests.WithAdapter("http://", adapter))...)
}

// said reads one request and returns its target.
func said(c net.Conn) string {
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return ""
	}
	io.Copy(io.Discard, r.Body)
	return r.URL.Path
}

func TestTimeouts_ToTheInstant(t *testing.T) {
	answer := func(c net.Conn) {
		said(c)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
	}
	for _, c := range []struct {
		name     string
		serve    func(net.Conn)
		timeouts requests.Timeouts
		err      error // nil: the content is 12345
		after    time.Duration
	}{
		{"R167 no answer", func(c net.Conn) { said(c); c.Read(make([]byte, 1)) },
			requests.Timeouts{Read: 3 * time.Second}, requests.ErrReadTimeout, 3 * time.Second},
		{"the default is two minutes", func(c net.Conn) { said(c); c.Read(make([]byte, 1)) },
			requests.Timeouts{}, requests.ErrReadTimeout, 2 * time.Minute},
		{"R167 a slow drip never fails", func(c net.Conn) {
			answer(c)
			for _, b := range "12345" {
				time.Sleep(2900 * time.Millisecond)
				io.WriteString(c, string(b))
			}
		}, requests.Timeouts{Read: 3 * time.Second}, nil, 5 * 2900 * time.Millisecond},
		{"D28 silence within the content", func(c net.Conn) {
			answer(c)
			time.Sleep(2 * time.Second)
			io.WriteString(c, "1")
			c.Read(make([]byte, 1))
		}, requests.Timeouts{Read: 3 * time.Second}, requests.ErrReadTimeout, 5 * time.Second},
		{"Total ends a slow drip", func(c net.Conn) {
			answer(c)
			for _, b := range "12345" {
				time.Sleep(2 * time.Second)
				io.WriteString(c, string(b))
			}
		}, requests.Timeouts{Read: 3 * time.Second, Total: 7 * time.Second}, context.DeadlineExceeded, 7 * time.Second},
		{"no Read, no Total: it waits", func(c net.Conn) {
			said(c)
			time.Sleep(24 * time.Hour)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n12345")
		}, requests.Timeouts{Read: -1}, nil, 24 * time.Hour},
	} {
		for _, stream := range []bool{false, true} {
			name := c.name
			if stream {
				name += ", as a stream"
			}
			t.Run(name, func(t *testing.T) {
				synced(t, func(t *testing.T) {
					s := piped(t, c.serve)
					start := time.Now()
					r, err := s.Get(t.Context(), "http://api.test/", requests.WithTimeouts(c.timeouts), requests.WithStream(stream))
					if err == nil {
						r.Bytes()
						err = r.Err()
					}
					assert.Equal(t, c.after, time.Since(start))
					if c.err != nil {
						require.ErrorIs(t, err, c.err)
						return
					}
					require.NoError(t, err)
					assert.Equal(t, "12345", r.Text())
				})
			})
		}
	}
}

func TestTimeouts_Connect(t *testing.T) {
	synced(t, func(t *testing.T) {
		adapter := adapters.New(adapters.Options{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		defer adapter.Close()
		s := newSession(t, requests.WithAdapter("http://", adapter))
		start := time.Now()
		_, err := s.Get(t.Context(), "http://api.test/", requests.WithTimeouts(requests.Timeouts{Connect: 4 * time.Second}))
		require.ErrorIs(t, err, requests.ErrConnectTimeout)
		require.ErrorIs(t, err, requests.ErrTimeout)
		require.ErrorIs(t, err, requests.ErrConnection)
		assert.Equal(t, 4*time.Second, time.Since(start))

		start = time.Now()
		_, err = s.Get(t.Context(), "http://api.test/")
		require.ErrorIs(t, err, requests.ErrConnectTimeout)
		assert.Equal(t, 10*time.Second, time.Since(start), "the default")
	})
}

func TestTimeouts_StartAnewWithEveryHop(t *testing.T) {
	serve := func(c net.Conn) {
		switch said(c) {
		case "/a":
			time.Sleep(3 * time.Second)
			io.WriteString(c, "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		case "/b":
			time.Sleep(3 * time.Second)
			io.WriteString(c, "HTTP/1.1 302 Found\r\nLocation: /c\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		default:
			time.Sleep(3 * time.Second)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
		}
	}
	synced(t, func(t *testing.T) {
		s := piped(t, serve, requests.WithTimeouts(requests.Timeouts{Read: 4 * time.Second}))
		start := time.Now()
		r, err := s.Get(t.Context(), "http://api.test/a")
		require.NoError(t, err, "R168 each hop has the full timeout")
		assert.Equal(t, 9*time.Second, time.Since(start))
		assert.Equal(t, "ok", r.Text())

		start = time.Now()
		_, err = s.Get(t.Context(), "http://api.test/a", requests.WithTimeout(5*time.Second))
		require.ErrorIs(t, err, context.DeadlineExceeded, "Total does not start anew")
		require.ErrorIs(t, err, requests.ErrTimeout)
		assert.Equal(t, 5*time.Second, time.Since(start))
	})
}

func TestTimeouts_WhoIsSlow(t *testing.T) {
	// A caller that is slow to read, or to produce, is not the server's silence.
	synced(t, func(t *testing.T) {
		s := piped(t, func(c net.Conn) {
			said(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nab")
			time.Sleep(time.Second)
			io.WriteString(c, "cd")
		}, requests.WithTimeouts(requests.Timeouts{Read: 3 * time.Second}))
		r, err := s.Get(t.Context(), "http://api.test/", requests.WithStream(true))
		require.NoError(t, err)
		time.Sleep(time.Hour)
		assert.Equal(t, "abcd", r.Text())
		require.NoError(t, r.Err())

		r, err = s.Post(t.Context(), "http://api.test/", requests.WithBody(sleepyReader{strings.NewReader("content"), time.Minute}))
		require.NoError(t, err)
		assert.Equal(t, "abcd", r.Text())
	})
}

func TestTimeouts_TotalOfAStreamEndsWithIt(t *testing.T) {
	synced(t, func(t *testing.T) {
		s := piped(t, func(c net.Conn) {
			half := said(c) == "/half"
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nab")
			if half {
				c.Read(make([]byte, 1))
			}
			io.WriteString(c, "cd")
		})
		r, err := s.Get(t.Context(), "http://api.test/", requests.WithStream(true), requests.WithTimeout(time.Minute))
		require.NoError(t, err)
		b, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		assert.Equal(t, "abcd", string(b))
		require.NoError(t, r.Close())

		// What is in memory stays there when the time is up.
		r, err = s.Get(t.Context(), "http://api.test/", requests.WithTimeout(time.Minute))
		require.NoError(t, err)
		time.Sleep(time.Hour)
		assert.Equal(t, "abcd", r.Text())

		// A stream that is left open is cut when the time is up.
		r, err = s.Get(t.Context(), "http://api.test/half", requests.WithTimeout(time.Minute), requests.WithStream(true))
		require.NoError(t, err)
		time.Sleep(time.Hour)
		_, err = io.ReadAll(r.Body)
		require.ErrorIs(t, err, requests.ErrTimeout)
	})
}

func TestTimeouts_OurTotalAndTheCallersDeadline(t *testing.T) {
	for _, c := range []struct {
		name          string
		total, caller time.Duration
		after         time.Duration
	}{
		{"ours comes first", time.Second, time.Minute, time.Second},
		{"the caller's comes first", time.Minute, time.Second, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synced(t, func(t *testing.T) {
				s := piped(t, func(c net.Conn) { said(c); c.Read(make([]byte, 1)) })
				ctx, cancel := context.WithTimeout(t.Context(), c.caller)
				defer cancel()
				start := time.Now()
				_, err := s.Get(ctx, "http://api.test/", requests.WithTimeout(c.total))
				assert.Equal(t, c.after, time.Since(start))
				require.ErrorIs(t, err, requests.ErrTimeout)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, c.total == time.Second, ctx.Err() == nil)
			})
		})
	}
}

func TestTimeouts_TotalSaysHowLong(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	_, err := newSession(t, requests.WithTimeout(50*time.Millisecond)).Get(t.Context(), server.URL)
	require.ErrorIs(t, err, requests.ErrTimeout)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "total timeout of 50ms")
}
