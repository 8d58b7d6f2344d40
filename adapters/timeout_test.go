package adapters_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// Each case is one exchange in a bubble: its condition and the moment of its
// failure are exact.
func TestTimeouts(t *testing.T) {
	limits := adapters.Settings{Connect: 3 * time.Second, TLSHandshake: 5 * time.Second, Read: 7 * time.Second}
	proxied := func(s string) adapters.Settings {
		set := limits
		set.Proxy, _ = url.Parse(s)
		return set
	}
	blackHole := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for _, c := range []struct {
		name   string
		set    adapters.Settings
		url    string
		dial   func(context.Context, string, string) (net.Conn, error) // nil: to server
		server func(net.Conn)
		is     *sentinel.Condition
		not    *sentinel.Condition
		after  time.Duration
	}{
		{"R166 an address that swallows packets", limits, "http://h.test/", blackHole, nil, sentinel.ConnectTimeout, sentinel.ReadTimeout, 3 * time.Second},
		{"R166 the same with TLS", limits, "https://h.test/", blackHole, nil, sentinel.ConnectTimeout, sentinel.ReadTimeout, 3 * time.Second},
		{"D28 a handshake that stalls is a connect timeout", limits, "https://h.test/", nil, silent, sentinel.ConnectTimeout, sentinel.ReadTimeout, 5 * time.Second},
		{"a proxy that swallows packets", proxied("http://p.test:3128"), "http://h.test/", blackHole, nil, sentinel.ProxyTimeout, sentinel.ReadTimeout, 3 * time.Second},
		{"D28 a proxy that does not answer CONNECT", proxied("http://p.test:3128"), "https://h.test/", nil, silent, sentinel.ProxyTimeout, sentinel.ReadTimeout, 5 * time.Second},
		{"an https proxy that stalls in its handshake", proxied("https://p.test"), "http://h.test/", nil, silent, sentinel.ProxyTimeout, sentinel.ReadTimeout, 5 * time.Second},
		{"a SOCKS proxy that does not answer", proxied("socks5h://p.test"), "http://h.test/", nil, silent, sentinel.ProxyTimeout, sentinel.ReadTimeout, 5 * time.Second},
		{"a SOCKS 4a proxy that does not answer", proxied("socks4a://p.test"), "http://h.test/", nil, silent, sentinel.ProxyTimeout, sentinel.ReadTimeout, 5 * time.Second},
		{"D28 a handshake that stalls behind a proxy", proxied("http://p.test:3128"), "https://h.test/", nil, func(c net.Conn) {
			readHeader(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			silent(c)
		}, sentinel.ConnectTimeout, sentinel.Proxy, 5 * time.Second},
		{"R167 a server that never answers", limits, "http://h.test/", nil, silent, sentinel.ReadTimeout, sentinel.Connection, 7 * time.Second},
		{"R167 a server that stops within the header", limits, "http://h.test/", nil, func(c net.Conn) {
			readHeader(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nX: ")
			silent(c)
		}, sentinel.ReadTimeout, sentinel.Connection, 7 * time.Second},
		{"R167 a server that stops within the content", limits, "http://h.test/", nil, func(c net.Conn) {
			readHeader(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
			silent(c)
		}, sentinel.BodyReadTimeout, nil, 7 * time.Second},
		{"R167 a server that drips and then stops", limits, "http://h.test/", nil, func(c net.Conn) {
			readHeader(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
			for range 5 {
				time.Sleep(6 * time.Second)
				io.WriteString(c, ".")
			}
			silent(c)
		}, sentinel.BodyReadTimeout, nil, 37 * time.Second},
		{"an interim response ends a silence", limits, "http://h.test/", nil, func(c net.Conn) {
			readHeader(c)
			for range 3 {
				time.Sleep(6 * time.Second)
				io.WriteString(c, "HTTP/1.1 102 Processing\r\n\r\n")
			}
			silent(c)
		}, sentinel.ReadTimeout, sentinel.Connection, 25 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newPipes()
				defer n.Close()
				dial := c.dial
				if dial == nil {
					dial = n.Dial
					go n.serve(c.server)
				}
				h := adapters.New(adapters.Options{Dial: dial})
				defer h.Close()
				start := time.Now()
				resp, err := h.RoundTrip(with(t, c.set, "GET", c.url, nil))
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
				} else {
					require.Nil(t, resp)
				}
				require.ErrorIs(t, err, c.is)
				require.ErrorIs(t, err, sentinel.Timeout)
				require.Equal(t, c.is == sentinel.ProxyTimeout, errors.Is(err, sentinel.Proxy))
				if c.not != nil {
					require.NotErrorIs(t, err, c.not)
				}
				var ne net.Error
				require.ErrorAs(t, err, &ne)
				require.True(t, ne.Timeout())
				require.Equal(t, c.after, time.Since(start))
			})
		})
	}
}

func TestTimeouts_notReached(t *testing.T) {
	limits := adapters.Settings{Connect: 3 * time.Second, TLSHandshake: 5 * time.Second, Read: 7 * time.Second}
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		body    func() io.Reader
		read    func(*testing.T, io.Reader) string
		want    string
	}{
		{"R167 a slow drip never fails", func(w http.ResponseWriter, r *http.Request) {
			for range 5 {
				time.Sleep(6 * time.Second)
				io.WriteString(w, "x")
				w.(http.Flusher).Flush()
			}
		}, nil, nil, "xxxxx"},
		{"a caller who takes long between reads is not a silent server", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, strings.Repeat("x", 1<<20)) // more than is held on the way
		}, nil, func(t *testing.T, r io.Reader) string {
			n := 0
			b := make([]byte, 1<<18)
			for {
				time.Sleep(time.Hour)
				got, err := io.ReadFull(r, b)
				n += got
				if err == io.EOF {
					return fmt.Sprint(n)
				}
				require.NoError(t, err)
			}
		}, "1048576"},
		{"a caller who takes long to produce an upload is not a silent server", func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			w.Write(b)
		}, func() io.Reader { return &slowReader{n: 3, wait: time.Hour} }, nil, "ooo"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newPipes()
				s := n.serveHTTP(c.handler)
				h := adapters.New(adapters.Options{Dial: n.Dial})
				var content io.Reader
				if c.body != nil {
					content = c.body()
				}
				resp, err := h.RoundTrip(with(t, limits, "POST", "http://h.test/", content))
				require.NoError(t, err)
				read := c.read
				if read == nil {
					read = func(t *testing.T, r io.Reader) string {
						b, err := io.ReadAll(r)
						require.NoError(t, err)
						return string(b)
					}
				}
				assert.Equal(t, c.want, read(t, resp.Body))
				resp.Body.Close()
				h.Close()
				s.Close()
			})
		})
	}
}

// A server that says for ever that it is about to answer is not waited for:
// what it says counts as header does. Without a limit of silence it is
// net/http that counts.
func TestInterimResponses_areBounded(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	for _, c := range []struct {
		name, reason, link string
		read               time.Duration
		h2                 bool
		most               int64 // of them
	}{
		{"long ones", "Early Hints", long, time.Minute, false, 30},
		{"long ones, without a limit of silence", "Early Hints", long, 0, false, 30},
		{"long reason phrases", long, "", time.Minute, false, 1100},
		{"short ones", "", "", time.Minute, false, 1100},
		{"HTTP/2", "", long, time.Minute, true, 100}, // its server writes on until it hears that nobody reads
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newPipes()
			defer n.Close()
			var sent atomic.Int64
			o := adapters.Options{Dial: n.Dial, Protocols: new(http.Protocols)}
			o.Protocols.SetHTTP1(!c.h2)
			o.Protocols.SetUnencryptedHTTP2(c.h2)
			if c.h2 {
				s := &http.Server{Protocols: o.Protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Link", c.link)
					for ; r.Context().Err() == nil; sent.Add(1) {
						w.WriteHeader(http.StatusEarlyHints)
					}
				})}
				go s.Serve(n)
				defer s.Close()
			} else {
				go n.serve(func(conn net.Conn) {
					readHeader(conn)
					for ; ; sent.Add(1) {
						if _, err := fmt.Fprintf(conn, "HTTP/1.1 103 %s\r\nLink: %s\r\n\r\n", c.reason, c.link); err != nil {
							return
						}
					}
				})
			}
			h := adapters.New(o)
			_, err := h.RoundTrip(with(t, adapters.Settings{Read: c.read}, "GET", "http://h.test/", nil))
			require.ErrorIs(t, err, sentinel.Connection)
			assert.LessOrEqual(t, sent.Load(), c.most)
			h.Close()
		})
	}
}

// slowReader waits before each of n bytes.
type slowReader struct {
	n    int
	wait time.Duration
}

func (r *slowReader) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	time.Sleep(r.wait)
	r.n--
	p[0] = 'o'
	return 1, nil
}

func TestTimeouts_uploadNobodyTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newPipes()
		defer n.Close()
		release := make(chan struct{})
		go n.serve(func(c net.Conn) { <-release })
		h := adapters.New(adapters.Options{Dial: n.Dial})
		defer h.Close()
		start := time.Now()
		_, err := h.RoundTrip(with(t, adapters.Settings{Read: time.Minute}, "POST", "http://h.test/", strings.NewReader(strings.Repeat("x", 1<<20))))
		close(release)
		require.ErrorIs(t, err, sentinel.ReadTimeout)
		require.Equal(t, time.Minute, time.Since(start))
	})
}

func TestTimeouts_waitingForAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newPipes()
		s := n.serveHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(50 * time.Second)
		}))
		h := adapters.New(adapters.Options{Dial: n.Dial, MaxConnsPerHost: 1})
		set := adapters.Settings{Connect: time.Second, TLSHandshake: time.Second, Read: time.Minute}
		done := make(chan error, 3)
		for range 3 {
			go func() {
				resp, err := h.RoundTrip(with(t, set, "GET", "http://h.test/", nil))
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
				}
				done <- err
			}()
		}
		start := time.Now()
		for range 3 {
			require.NoError(t, <-done, "only the context bounds the wait for a free connection")
		}
		require.Equal(t, 150*time.Second, time.Since(start))
		require.Equal(t, 1, n.dials)

		busy := make(chan error, 1)
		go func() {
			resp, err := h.RoundTrip(with(t, set, "GET", "http://h.test/", nil))
			if err == nil {
				resp.Body.Close()
			}
			busy <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(adapters.WithSettings(context.Background(), set), 3*time.Second)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, "GET", "http://h.test/", nil)
		_, err := h.RoundTrip(req)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, sentinel.Timeout, "R171 the caller's own deadline")
		require.NoError(t, <-busy)
		h.Close()
		s.Close()
	})
}

func TestCancel(t *testing.T) {
	cause := errors.New("changed my mind")
	for _, c := range []struct {
		name   string
		url    string
		server func(net.Conn)
	}{
		{"R171 while waiting for the header", "http://h.test/", silent},
		{"R171 in a handshake", "https://h.test/", silent},
		{"R171 while waiting for content", "http://h.test/", func(c net.Conn) {
			readHeader(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n12345")
			silent(c)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newPipes()
				defer n.Close()
				go n.serve(c.server)
				h := adapters.New(adapters.Options{Dial: n.Dial})
				defer h.Close()
				parent := adapters.WithSettings(context.Background(), adapters.Settings{Connect: time.Hour, TLSHandshake: time.Hour, Read: time.Hour})
				ctx, cancel := context.WithCancelCause(parent)
				time.AfterFunc(time.Second, func() { cancel(cause) })
				req, err := http.NewRequestWithContext(ctx, "GET", c.url, nil)
				require.NoError(t, err)
				start := time.Now()
				resp, err := h.RoundTrip(req)
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
				}
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorIs(t, err, cause)
				require.NotErrorIs(t, err, sentinel.Timeout)
				require.NotErrorIs(t, err, sentinel.Connection)
				require.Equal(t, time.Second, time.Since(start))
			})
		})
	}
}

// An errgroup gives the error of the first that fails to all the others.
func TestCancel_withTheErrorOfAnotherRequest(t *testing.T) {
	away := adapters.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	_, failed := away.RoundTrip(with(t, adapters.Settings{Read: time.Millisecond}, "GET", "http://other.test/", nil))
	require.ErrorIs(t, failed, sentinel.ReadTimeout)
	_, late := (&adapters.AttemptTimeout{Base: away, Timeout: time.Millisecond}).RoundTrip(with(t, adapters.Settings{}, "GET", "http://other.test/", nil))
	require.ErrorIs(t, late, context.DeadlineExceeded)
	busy := play(status(503))
	breaker := &adapters.Breaker{Base: away, Failures: 1}
	for _, c := range []struct {
		name string
		rt   func(*testing.T) http.RoundTripper
	}{
		{"R171 waiting for an answer", func(t *testing.T) http.RoundTripper { return away }},
		{"R171 waiting for content", func(t *testing.T) http.RoundTripper {
			return adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.(http.Flusher).Flush()
				<-r.Context().Done()
			}))
		}},
		{"R171 waiting to try again", func(t *testing.T) http.RoundTripper {
			return &adapters.Retry{Base: busy, Wait: time.Hour, MaxWait: time.Hour}
		}},
		{"R171 in a second attempt", func(t *testing.T) http.RoundTripper {
			tries := 0
			return &adapters.Retry{Wait: -1, Base: adapters.Func(func(r *http.Request) (*http.Response, error) {
				if tries++; tries == 1 {
					return nil, errReset
				}
				<-r.Context().Done()
				return nil, context.Cause(r.Context()) // as http.Transport
			})}
		}},
		{"R171 waiting for a turn", func(t *testing.T) http.RoundTripper {
			limit := &adapters.Limit{Base: play(status(200)), Rate: 0.001}
			limit.RoundTrip(newRequest(t, "GET", ""))
			return limit
		}},
		{"R171 waiting for a place", func(t *testing.T) http.RoundTripper {
			limit := &adapters.Limit{Base: play(status(200)), InFlight: 1}
			limit.RoundTrip(newRequest(t, "GET", ""))
			return limit
		}},
		{"R171 beneath a limit of time", func(t *testing.T) http.RoundTripper { return &adapters.AttemptTimeout{Base: away} }},
		{"R171 as one of two", func(t *testing.T) http.RoundTripper { return &adapters.Hedge{Base: away, Delay: time.Second} }},
		{"R171 beneath a circuit", func(t *testing.T) http.RoundTripper { return breaker }},
		{"R171 on a connection", func(t *testing.T) http.RoundTripper {
			n := newPipes()
			go n.serve(silent)
			h := adapters.New(adapters.Options{Dial: n.Dial})
			t.Cleanup(func() { h.Close(); n.Close() })
			return h
		}},
	} {
		for what, cause := range map[string]error{
			"a read timeout": failed, "a late response": fmt.Errorf("another: %w", late),
			"one with more to it": fmt.Errorf("part 7: %w", errors.Join(failed, fs.ErrInvalid)),
		} {
			t.Run(c.name+", by "+what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancelCause(context.Background())
					rt := c.rt(t)
					time.AfterFunc(2*time.Second, func() { cancel(cause) })
					resp, err := rt.RoundTrip(newRequest(t, "GET", "").WithContext(ctx))
					if err == nil {
						_, err = io.Copy(io.Discard, resp.Body)
					}
					require.ErrorIs(t, err, context.Canceled)
					require.ErrorIs(t, err, cause)
					for _, not := range []error{sentinel.Timeout, sentinel.ReadTimeout, sentinel.Connection, context.DeadlineExceeded, adapters.ErrRetriesExhausted} {
						require.NotErrorIs(t, err, not)
					}
					var n net.Error
					require.False(t, errors.As(err, &n) && n.Timeout())
					require.Equal(t, adapters.CircuitClosed, breaker.State(newRequest(t, "GET", "").URL))
				})
			})
		}
	}
}

// A connection that nobody waits for any more is not made for ever.
func TestCancel_abandonedDialEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		url  string
		hole bool
	}{
		{"while connecting", "http://h.test/", true},
		{"in a handshake", "https://h.test/", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newPipes()
				defer n.Close()
				gone := make(chan time.Time, 1)
				dial := n.Dial
				if c.hole {
					dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
						<-ctx.Done()
						gone <- time.Now()
						return nil, ctx.Err()
					}
				} else {
					go n.serve(func(c net.Conn) {
						silent(c)
						gone <- time.Now()
					})
				}
				h := adapters.New(adapters.Options{Dial: dial})
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				req, err := http.NewRequestWithContext(ctx, "GET", c.url, nil)
				require.NoError(t, err)
				start := time.Now()
				_, err = h.RoundTrip(req)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, 11*time.Second, (<-gone).Sub(start))
				h.Close()
			})
		})
	}
}

// A dial that nobody waited for to its end is not cut off once its connection
// is used.
func TestCancel_abandonedConnectionServes(t *testing.T) {
	ca := newAuthority(t)
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newPipes()
				server, client := bubbleServer(t, ca)
				s := &http.Server{TLSConfig: server, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.(http.Flusher).Flush()
					time.Sleep(30 * time.Second)
					io.WriteString(w, "ok")
				})}
				if scheme == "https" {
					go s.ServeTLS(n, "", "")
				} else {
					go s.Serve(n)
				}
				client.RootCAs = ca.pool()
				set := adapters.Settings{TLS: &adapters.TLS{Config: client}}
				h := adapters.New(adapters.Options{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
					time.Sleep(2 * time.Second)
					return n.Dial(ctx, network, addr)
				}})
				req := with(t, set, "GET", scheme+"://h.test/", nil)
				ctx, cancel := context.WithTimeout(req.Context(), time.Second)
				defer cancel()
				_, err := h.RoundTrip(req.WithContext(ctx))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				time.Sleep(2 * time.Second)
				for range 2 {
					_, got := fetch(t, h, req)
					require.Equal(t, "ok", got)
				}
				require.Equal(t, 1, n.dials)
				h.Close()
				s.Close()
			})
		})
	}
}

// A dial does not outlive the limit that ended its exchange.
func TestTimeouts_endTheDial(t *testing.T) {
	for name, c := range map[string]struct {
		url   string
		after time.Duration
	}{"while connecting": {"http://h.test/", 3 * time.Second}, "in a handshake": {"https://h.test/", 5 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newPipes()
				defer n.Close()
				gone := make(chan time.Time, 1)
				dial := n.Dial
				if c.url[4] == ':' {
					dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
						<-ctx.Done()
						gone <- time.Now()
						return nil, ctx.Err()
					}
				} else {
					go n.serve(func(c net.Conn) {
						silent(c)
						gone <- time.Now()
					})
				}
				h := adapters.New(adapters.Options{Dial: dial})
				start := time.Now()
				_, err := h.RoundTrip(with(t, adapters.Settings{Connect: 3 * time.Second, TLSHandshake: 5 * time.Second}, "GET", c.url, nil))
				require.ErrorIs(t, err, sentinel.ConnectTimeout)
				require.Equal(t, c.after, (<-gone).Sub(start))
				h.Close()
			})
		})
	}
}

// The dial of a second try is the exchange's own: it is not cut off as one
// that nobody waits for.
func TestSecondTryWaits(t *testing.T) {
	for name, set := range map[string]adapters.Settings{
		"without limits": {},
		"with limits":    {Connect: time.Minute, Read: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newPipes()
				defer n.Close()
				go n.serve(func(c net.Conn) {
					readHeader(c)
					io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
					readHeader(c)
				})
				wait := time.Duration(0)
				h := adapters.New(adapters.Options{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
					select {
					case <-time.After(wait):
					case <-ctx.Done():
						return nil, ctx.Err()
					}
					return n.Dial(ctx, network, addr)
				}})
				for range 2 {
					_, got := fetch(t, h, with(t, set, "GET", "http://h.test/", nil))
					require.Equal(t, "ok", got)
					wait = 50 * time.Second
				}
				require.Equal(t, 2, n.dials)
				h.Close()
			})
		})
	}
}

func TestFrom_timeouts(t *testing.T) {
	set := adapters.Settings{Connect: 3 * time.Second, TLSHandshake: 5 * time.Second, Read: 7 * time.Second}
	for _, c := range []struct {
		name  string
		url   string
		hole  bool
		is    *sentinel.Condition
		after time.Duration
	}{
		{"connect", "http://h.test/", true, sentinel.ConnectTimeout, 3 * time.Second},
		{"handshake", "https://h.test/", false, sentinel.ConnectTimeout, 5 * time.Second},
		{"read", "http://h.test/", false, sentinel.ReadTimeout, 7 * time.Second},
	} {
		t.Run("an adopted transport keeps the limit: "+c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newPipes()
				defer n.Close()
				tr := &http.Transport{DialContext: n.Dial}
				if c.hole {
					tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
						<-ctx.Done()
						return nil, ctx.Err()
					}
				} else {
					go n.serve(silent)
				}
				h := adapters.From(tr)
				start := time.Now()
				_, err := h.RoundTrip(with(t, set, "GET", c.url, nil))
				require.ErrorIs(t, err, c.is)
				require.Equal(t, c.after, time.Since(start))
				h.Close()
			})
		})
	}
}
