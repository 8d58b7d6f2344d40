package adapters_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-cleanhttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/drain"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// What a server does wrong, and the condition it comes under.
func TestErrors(t *testing.T) {
	say := func(s string) func(net.Conn) {
		return func(c net.Conn) {
			readHeader(c)
			io.WriteString(c, s)
		}
	}
	for _, c := range []struct {
		name   string
		server func(net.Conn)
		is     []error
		not    []error
	}{
		{"R169 hangs up at once", func(net.Conn) {}, []error{sentinel.Connection}, []error{sentinel.Truncated, sentinel.Timeout}},
		{"R169 hangs up when asked", say(""), []error{sentinel.Connection}, []error{sentinel.Truncated}},
		{"R169 speaks something else", say("SSH-2.0-x\r\n"), []error{sentinel.Connection}, []error{sentinel.Truncated}},
		{"R169 an oversized header", say("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 300<<10) + "\r\n\r\n"), []error{sentinel.Connection}, nil},
		{"R169 lengths that disagree in one line", say("HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nab"), []error{sentinel.InvalidHeader}, []error{sentinel.Connection}},
		{"R169 lengths that disagree", say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), []error{sentinel.InvalidHeader}, []error{sentinel.Connection}},
		{"T7 a length that is none", say("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nab"), []error{sentinel.Connection}, nil},
		{"R170 shorter than declared", say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), []error{sentinel.Truncated, sentinel.Connection, io.ErrUnexpectedEOF}, []error{sentinel.Timeout}},
		{"R170 a bad chunk size", say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nabc"), []error{sentinel.Truncated}, nil},
		{"R170 a truncated chunk", say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"), []error{sentinel.Truncated}, nil},
		{"R192 a missing end chunk", say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), []error{sentinel.Truncated}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newPipes()
			defer n.Close()
			go n.serve(c.server)
			h := adapters.New(adapters.Options{Dial: n.Dial})
			defer h.Close()
			resp, err := h.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
				_, again := resp.Body.Read(make([]byte, 1))
				require.Equal(t, err, again, "the error stays")
				resp.Body.Close()
			}
			for _, is := range c.is {
				require.ErrorIs(t, err, is)
			}
			for _, not := range c.not {
				require.NotErrorIs(t, err, not)
			}
		})
	}
}

func TestErrors_dial(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l.Close()
	h := adapters.New(adapters.Options{Resolver: noDNS})
	defer h.Close()
	t.Run("R169 nobody listens", func(t *testing.T) {
		_, err := h.RoundTrip(with(t, adapters.Settings{}, "GET", "http://"+l.Addr().String(), nil))
		require.ErrorIs(t, err, sentinel.Connection)
		require.NotErrorIs(t, err, sentinel.Proxy)
		var op *net.OpError
		require.ErrorAs(t, err, &op)
	})
	t.Run("R169 no such name", func(t *testing.T) {
		_, err := h.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
		require.ErrorIs(t, err, sentinel.Connection)
		var dns *net.DNSError
		require.ErrorAs(t, err, &dns)
	})
	t.Run("R158 no TLS at the other end", func(t *testing.T) {
		s := httptest.NewServer(http.NotFoundHandler())
		defer s.Close()
		_, err := h.RoundTrip(with(t, adapters.Settings{}, "GET", strings.Replace(s.URL, "http", "https", 1), nil))
		require.ErrorIs(t, err, sentinel.TLS)
	})
	t.Run("R158 hangs up in the handshake", func(t *testing.T) {
		n := newPipes()
		defer n.Close()
		go n.serve(func(c net.Conn) { c.Read(make([]byte, 100)) })
		h := adapters.New(adapters.Options{Dial: n.Dial})
		_, err := h.RoundTrip(with(t, adapters.Settings{}, "GET", "https://h.test/", nil))
		require.ErrorIs(t, err, sentinel.TLS)
	})
}

// What the caller does wrong is no failure of the connection.
func TestErrors_caller(t *testing.T) {
	// It says nothing before the client is gone: of content that is too long
	// it has all that was declared, and its answer would count.
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer s.Close()
	h := adapters.New(adapters.Options{})
	defer h.Close()
	broken := errors.New("the disk is gone")
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		is     error
	}{
		{"no URL", func(r *http.Request) { r.URL = nil }, sentinel.InvalidURL},
		{"no host", func(r *http.Request) { r.URL.Host = "" }, sentinel.InvalidURL},
		{"a field name that is none", func(r *http.Request) { r.Header["a b"] = []string{"x"} }, sentinel.InvalidHeader},
		{"a field value that is none", func(r *http.Request) { r.Header.Set("A", "a\nb") }, sentinel.InvalidHeader},
		{"a scheme that is none", func(r *http.Request) { r.URL.Scheme = "ftp" }, nil},
		{"a method that is none", func(r *http.Request) { r.Method = "G T" }, nil},
		{"content that fails", func(r *http.Request) { r.Body = io.NopCloser(&failingReader{broken}); r.ContentLength = -1 }, broken},
		{"content that is longer than declared", func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("abcdef")), 3
		}, nil},
		{"content that is shorter than declared", func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("ab")), 3
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := with(t, adapters.Settings{Read: time.Minute}, "POST", s.URL, strings.NewReader("content"))
			req.GetBody = nil
			c.change(req)
			closed := &closeCounter{ReadCloser: req.Body}
			req.Body = closed
			resp, err := h.RoundTrip(req)
			require.Nil(t, resp)
			require.Error(t, err)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			require.NotErrorIs(t, err, sentinel.Connection)
			require.Eventually(t, func() bool { return closed.count() == 1 }, 5*time.Second, time.Millisecond)
		})
	}
}

type failingReader struct{ err error }

func (r *failingReader) Read([]byte) (int, error) { return 0, r.err }

// net/http can report a cancelled body as a clean end.
func TestCancelledBodiesAreNotComplete(t *testing.T) {
	ca := newAuthority(t)
	cert, _, _ := ca.issue(t, "server")
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("HTTP/2 %v", h2), func(t *testing.T) {
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for {
					if _, err := w.Write(make([]byte, 1024)); err != nil {
						return
					}
				}
			}))
			s.EnableHTTP2 = h2
			s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
			s.Config.ErrorLog = discard
			s.StartTLS()
			defer s.Close()
			h := adapters.New(adapters.Options{})
			defer h.Close()
			set := adapters.Settings{TLS: &adapters.TLS{RootCAs: ca.pool()}, Read: time.Minute}
			for range 200 {
				ctx, cancel := context.WithCancel(adapters.WithSettings(t.Context(), set))
				req, err := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
				require.NoError(t, err)
				resp, err := h.RoundTrip(req)
				require.NoError(t, err)
				go cancel()
				_, err = io.Copy(io.Discard, resp.Body)
				require.ErrorIs(t, err, context.Canceled)
				resp.Body.Close()
			}
		})
	}
}

// The same, where it is certain: the body's end comes with the cancellation.
func TestCancelledEndIsNoEnd(t *testing.T) {
	tr := &http.Transport{}
	tr.RegisterProtocol("fake", adapters.Func(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, ContentLength: -1, Body: io.NopCloser(&endsWith{r.Context()})}, nil
	}))
	h := adapters.From(tr)
	defer h.Close()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", "fake://h.test/", nil)
	require.NoError(t, err)
	resp, err := h.RoundTrip(req)
	require.NoError(t, err)
	cancel()
	_, err = io.ReadAll(resp.Body)
	require.ErrorIs(t, err, context.Canceled)
	resp.Body.Close()
}

// endsWith ends cleanly with its context.
type endsWith struct{ ctx context.Context }

func (e *endsWith) Read([]byte) (int, error) {
	<-e.ctx.Done()
	return 0, io.EOF
}

func TestDeclaredLengthIsWholeThoughCancelled(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }))
	defer s.Close()
	h := adapters.New(adapters.Options{})
	defer h.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
	require.NoError(t, err)
	resp, err := h.RoundTrip(req)
	require.NoError(t, err)
	b := make([]byte, 5)
	n, err := io.ReadFull(resp.Body, b)
	require.NoError(t, err)
	cancel()
	require.Equal(t, 5, n)
	_, err = resp.Body.Read(b)
	require.Equal(t, io.EOF, err)
}

func TestAbort(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-release
	}))
	defer s.Close()
	defer close(release)
	h := adapters.New(adapters.Options{})
	defer h.Close()
	for name, end := range map[string]func(io.ReadCloser){
		"by Abort": func(b io.ReadCloser) { b.(drain.Aborter).Abort() },
		"by Close": func(b io.ReadCloser) { b.Close() },
	} {
		t.Run("a Read that waits ends "+name, func(t *testing.T) {
			resp, err := h.RoundTrip(with(t, adapters.Settings{}, "GET", s.URL, nil))
			require.NoError(t, err)
			done := make(chan error)
			go func() {
				_, err := resp.Body.Read(make([]byte, 1))
				done <- err
			}()
			end(resp.Body)
			require.Error(t, <-done)
			resp.Body.Close()
			_, err = resp.Body.Read(make([]byte, 1))
			require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
		})
	}
}

// countingDial counts what is connected and what stays open.
type countingDial struct {
	dial        func(ctx context.Context, network, addr string) (net.Conn, error) // nil: a net.Dialer's
	dials, open atomic.Int64
}

func (c *countingDial) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	dial := c.dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c.dials.Add(1)
	c.open.Add(1)
	return &countedConn{Conn: conn, n: c}, nil
}

type countedConn struct {
	net.Conn
	n    *countingDial
	once sync.Once
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.n.open.Add(-1) })
	return c.Conn.Close()
}

// 64 callers make 2,000 requests of one host. In a bubble time stands while
// anything can run; outside of it net/http gives up each connection whose
// writer gets no processor for 50 ms.
func TestConnectionsAreReused(t *testing.T) {
	const callers, requests = 64, 2_000
	for _, c := range []struct {
		name     string
		most     int
		together bool // the first request of each caller is answered once all have come
		dials    int  // at most
	}{
		{"as many as were needed at once serve whatever follows", 0, true, callers},
		{"a bound holds from the first", callers, false, callers},
		{"callers share what a lower bound allows", 8, false, 8},
		// While fewer than 64 are there, net/http dials for each request that
		// finds none idle, and goes on when another connection comes free
		// first: how many is a matter of what the dials take.
		{"without a bound none is lost but what is beyond those kept", 0, false, requests},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var arrived sync.WaitGroup
				arrived.Add(callers)
				n := newPipes()
				s := n.serveHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/together" {
						arrived.Done()
						arrived.Wait()
					}
					io.WriteString(w, "hello")
				}))
				defer s.Close()
				open := countingDial{dial: n.Dial}
				h := adapters.New(adapters.Options{Dial: open.Dial, MaxConnsPerHost: c.most})
				defer h.Close()

				var left, offered atomic.Int64
				ask := func(path string) {
					req := with(t, adapters.Settings{Connect: time.Minute, Read: time.Minute}, "GET", "http://h.test"+path, nil)
					req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
						PutIdleConn: func(error) { offered.Add(1) },
					}))
					_, got := fetch(t, h, req)
					assert.Equal(t, "hello", got)
				}
				left.Store(requests)
				var wg sync.WaitGroup
				for range callers {
					wg.Go(func() {
						if c.together {
							left.Add(-1)
							ask("/together")
						}
						for left.Add(-1) >= 0 {
							ask("/")
						}
					})
				}
				wg.Wait()
				synctest.Wait() // dials that nobody waits for any more
				dials := int(open.dials.Load())
				require.LessOrEqual(t, dials, c.dials)
				require.EqualValues(t, requests, offered.Load(), "each exchange gives its connection back")
				require.EqualValues(t, min(dials, 64), open.open.Load(), "and it is kept")
			})
		})
	}
}

func TestClose(t *testing.T) {
	ca := newAuthority(t)
	cert, _, _ := ca.issue(t, "server")
	for _, c := range []struct {
		name   string
		secure bool
	}{{"HTTP/1", false}, {"HTTP/2", true}} {
		t.Run(c.name, func(t *testing.T) {
			release := make(chan struct{})
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.(http.Flusher).Flush()
				<-release
				io.WriteString(w, "late")
			}))
			s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
			s.EnableHTTP2 = true
			if c.secure {
				s.StartTLS()
			} else {
				s.Start()
			}
			defer s.Close()
			var n countingDial
			h := adapters.New(adapters.Options{Dial: n.Dial})
			set := adapters.Settings{TLS: &adapters.TLS{RootCAs: ca.pool()}}
			resp, err := h.RoundTrip(with(t, set, "GET", s.URL, nil))
			require.NoError(t, err)
			require.NoError(t, h.Close())
			require.NoError(t, h.Close())
			req := with(t, set, "POST", s.URL, strings.NewReader("x"))
			closed := &closeCounter{ReadCloser: req.Body}
			req.Body = closed
			_, err = h.RoundTrip(req)
			require.ErrorIs(t, err, sentinel.Closed)
			require.Equal(t, 1, closed.count())
			require.EqualValues(t, 1, n.open.Load(), "the exchange under way goes on")
			close(release)
			b, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Equal(t, "late", string(b))
			require.Eventually(t, func() bool { return n.open.Load() == 0 }, 5*time.Second, time.Millisecond,
				"its connection closes with it")
		})
	}
	t.Run("the shared pool is never closed", func(t *testing.T) {
		s := httptest.NewServer(http.NotFoundHandler())
		defer s.Close()
		require.NoError(t, adapters.Default().Close())
		resp, _ := fetch(t, adapters.Default(), with(t, adapters.Settings{}, "GET", s.URL, nil))
		require.Equal(t, 404, resp.StatusCode)
		adapters.Default().CloseIdleConnections()
		require.Same(t, adapters.Default(), adapters.Default())
	})
}

// net/http does not take an HTTP/2 connection for idle when RoundTrip or Close
// returns because the exchange was broken off.
func TestCloseOfWhatWasBrokenOff(t *testing.T) {
	ca := newAuthority(t)
	cert, _, _ := ca.issue(t, "server")
	for _, c := range []struct {
		name   string
		secure bool
	}{{"HTTP/1", false}, {"HTTP/2", true}} {
		arrived := make(chan struct{}, 1)
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			arrived <- struct{}{}
			if r.URL.Path == "/content" {
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		}))
		s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
		s.EnableHTTP2 = true
		if c.secure {
			s.StartTLS()
		} else {
			s.Start()
		}
		defer s.Close()
		for _, how := range []struct {
			name, path string
			breakOff   func(cancel func(), body io.Closer)
		}{
			{"while it waits for the header", "/", nil},
			{"by closing its content", "/content", func(_ func(), body io.Closer) { body.Close() }},
			{"by cancelling its content", "/content", func(cancel func(), body io.Closer) { cancel(); body.Close() }},
		} {
			t.Run(c.name+" "+how.name, func(t *testing.T) {
				var n countingDial
				h := adapters.New(adapters.Options{Dial: n.Dial, IdleTimeout: -1})
				set := adapters.Settings{TLS: &adapters.TLS{RootCAs: ca.pool()}}
				ctx, cancel := context.WithCancel(adapters.WithSettings(t.Context(), set))
				defer cancel()
				req, err := http.NewRequestWithContext(ctx, "GET", s.URL+how.path, nil)
				require.NoError(t, err)
				if how.breakOff == nil {
					go func() {
						<-arrived
						h.Close()
						cancel()
					}()
					_, err = h.RoundTrip(req)
					require.ErrorIs(t, err, context.Canceled)
				} else {
					resp, err := h.RoundTrip(req)
					require.NoError(t, err)
					<-arrived
					h.Close()
					how.breakOff(cancel, resp.Body)
				}
				require.Eventually(t, func() bool { return n.open.Load() == 0 }, 5*time.Second, time.Millisecond,
					"its connection closes with it")
			})
		}
	}
}

func TestMaxConnAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newPipes()
		s := n.serveHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
		h := adapters.New(adapters.Options{Dial: n.Dial, MaxConnAge: time.Minute})
		for _, step := range []struct {
			after time.Duration
			dials int
		}{{0, 1}, {30 * time.Second, 1}, {29 * time.Second, 1}, {time.Second, 2}, {59 * time.Second, 2}, {time.Hour, 3}} {
			time.Sleep(step.after)
			fetch(t, h, with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
			synctest.Wait()
			require.Equal(t, step.dials, n.dials)
			require.Equal(t, 1, h.Transports())
		}
		h.Close()
		s.Close()
	})
}

func TestIdleConnections(t *testing.T) {
	for _, c := range []struct {
		name    string
		options adapters.Options
		after   time.Duration
		dials   int
	}{
		{"kept for 90 seconds", adapters.Options{}, 89 * time.Second, 1},
		{"not kept longer", adapters.Options{}, 91 * time.Second, 2},
		{"kept for as long as is said", adapters.Options{IdleTimeout: time.Second}, 2 * time.Second, 2},
		{"kept for ever", adapters.Options{IdleTimeout: -1}, 24 * time.Hour, 1},
		{"not kept at all", adapters.Options{MaxIdlePerHost: -1}, 0, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newPipes()
				s := n.serveHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
				c.options.Dial = n.Dial
				h := adapters.New(c.options)
				fetch(t, h, with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
				time.Sleep(c.after)
				fetch(t, h, with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
				require.Equal(t, c.dials, n.dials)
				h.Close()
				s.Close()
			})
		})
	}
}

// A server names the hosts of its redirects, and each leaves a connection.
func TestIdleConnections_ofManyHosts(t *testing.T) {
	http1, http2 := new(http.Protocols), new(http.Protocols)
	http1.SetHTTP1(true)
	http2.SetUnencryptedHTTP2(true)
	const hosts = 520
	for _, c := range []struct {
		name    string
		options adapters.Options
		most    int // that are ever idle
	}{
		{"bounded by default", adapters.Options{Protocols: http1}, 512},
		{"as many as are kept for one host", adapters.Options{Protocols: http1, MaxIdlePerHost: 515}, 515},
		{"as many as is said", adapters.Options{Protocols: http1, MaxIdle: 3}, 3},
		{"as many as is said, also where one host may have more", adapters.Options{Protocols: http1, MaxIdle: 3, MaxIdlePerHost: 10}, 3},
		{"any number", adapters.Options{Protocols: http1, MaxIdle: -1}, hosts},
		{"of HTTP/2 twice as many", adapters.Options{Protocols: http2, MaxIdle: 3}, 6},
		{"of HTTP/2 any number", adapters.Options{Protocols: http2, MaxIdle: -1}, hosts},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newPipes()
				s := &http.Server{Handler: http.HandlerFunc(origin), Protocols: c.options.Protocols}
				go s.Serve(n)
				c.options.Dial = n.Dial
				h := adapters.New(c.options)
				most := 0
				for i := range hosts {
					fetch(t, h, with(t, adapters.Settings{}, "GET", fmt.Sprintf("http://h%d.test/", i), nil))
					synctest.Wait()
					idle := 0
					for _, s := range h.Statistics() {
						idle += s.Idle
					}
					most = max(most, idle)
				}
				require.Equal(t, c.most, most)
				h.Close()
				s.Close()
				n.Close()
			})
		})
	}
}

func TestOptions(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s", r.Proto, r.Host, r.RemoteAddr)
	}))
	defer s.Close()
	addr := s.Listener.Addr().String()
	t.Run("ConnectTo changes the address and nothing else", func(t *testing.T) {
		h := adapters.New(adapters.Options{ConnectTo: map[string]string{"H.test:8080": addr}})
		defer h.Close()
		_, got := fetch(t, h, with(t, adapters.Settings{}, "GET", "http://h.TEST:8080/", nil))
		require.True(t, strings.HasPrefix(got, "HTTP/1.1 h.TEST:8080 "), got)
	})
	t.Run("LocalAddr", func(t *testing.T) {
		h := adapters.New(adapters.Options{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}})
		defer h.Close()
		_, got := fetch(t, h, with(t, adapters.Settings{}, "GET", s.URL, nil))
		require.Contains(t, got, "127.0.0.9:")
	})
	t.Run("Socket takes every host", func(t *testing.T) {
		path := unixServer(t, s.Config.Handler)
		h := adapters.New(adapters.Options{Socket: path})
		defer h.Close()
		_, got := fetch(t, h, with(t, adapters.Settings{}, "GET", "http://any.test/", nil))
		require.Contains(t, got, "any.test")
		_, err := h.RoundTrip(with(t, adapters.Settings{Proxy: parsed(t, "http://u:secret@p.test")}, "GET", "http://any.test/", nil))
		require.ErrorContains(t, err, "socket")
		require.NotContains(t, err.Error(), "secret")
	})
	t.Run("Dial with a Resolver gets addresses", func(t *testing.T) {
		n := newPipes()
		go n.serve(func(net.Conn) {})
		defer n.Close()
		h := adapters.New(adapters.Options{Dial: n.Dial, Resolver: noDNS})
		h.RoundTrip(with(t, adapters.Settings{}, "GET", "http://127.0.0.1:8/", nil))
		require.Equal(t, []string{"127.0.0.1:8"}, n.addrs)
		_, err := h.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test:8/", nil))
		var dns *net.DNSError
		require.ErrorAs(t, err, &dns)
	})
	t.Run("HTTP/2 with prior knowledge", func(t *testing.T) {
		u := httptest.NewUnstartedServer(s.Config.Handler)
		u.Config.Protocols = new(http.Protocols)
		u.Config.Protocols.SetUnencryptedHTTP2(true)
		u.Start()
		defer u.Close()
		p := new(http.Protocols)
		p.SetUnencryptedHTTP2(true)
		h := adapters.New(adapters.Options{Protocols: p})
		defer h.Close()
		_, got := fetch(t, h, with(t, adapters.Settings{}, "GET", u.URL, nil))
		require.True(t, strings.HasPrefix(got, "HTTP/2.0 "), got)
	})
	t.Run("what cannot be had is an error", func(t *testing.T) {
		socket := unixServer(t, s.Config.Handler)
		for name, o := range map[string]adapters.Options{
			"ConnectTo":                         {ConnectTo: map[string]string{"h.test": addr}},
			"LocalAddr":                         {Dial: newPipes().Dial, LocalAddr: &net.TCPAddr{}},
			"Guard":                             {Socket: socket, Guard: &adapters.Guard{}},
			"Resolver":                          {Socket: socket, Resolver: noDNS},
			"ConnectTo has no effect on Socket": {Socket: socket, ConnectTo: map[string]string{"h.test:80": addr}},
		} {
			_, err := adapters.New(o).RoundTrip(with(t, adapters.Settings{}, "GET", s.URL, nil))
			require.ErrorContains(t, err, name)
		}
	})
}

func TestFrom(t *testing.T) {
	ca := newAuthority(t)
	cert, _, _ := ca.issue(t, "server")
	s := newTLSServer(t, cert, nil)
	plain := httptest.NewServer(http.HandlerFunc(origin))
	defer plain.Close()
	p := newHTTPProxy(t, nil)
	trust := &adapters.TLS{RootCAs: ca.pool()}

	t.Run("plain requests are the transport's own", func(t *testing.T) {
		tr := &http.Transport{}
		tr.RegisterProtocol("memory", adapters.Func(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 299}, nil
		}))
		h := adapters.From(tr)
		defer h.Close()
		resp, _ := fetch(t, h, with(t, adapters.Settings{}, "GET", "memory://x/", nil))
		require.Equal(t, 299, resp.StatusCode)
	})
	t.Run("its proxy function holds", func(t *testing.T) {
		h := adapters.From(&http.Transport{Proxy: http.ProxyURL(parsed(t, strings.Replace(p.URL, "//", "//u:p@", 1)))})
		defer h.Close()
		fetch(t, h, with(t, adapters.Settings{}, "GET", plain.URL+"/x", nil))
		fetch(t, h, with(t, adapters.Settings{TLS: trust}, "GET", s.URL+"/x", nil))
		require.Equal(t, []string{
			"GET " + plain.URL + "/x Basic dTpw",
			"CONNECT " + strings.TrimPrefix(s.URL, "https://") + " Basic dTpw",
		}, p.requests())
	})
	t.Run("D73 the caller's own Proxy-Authorization is for its proxy only", func(t *testing.T) {
		p := newHTTPProxy(t, nil)
		direct := func(*http.Request) (*url.URL, error) { return nil, nil }
		for _, c := range []struct {
			proxy func(*http.Request) (*url.URL, error)
			url   string
		}{{direct, plain.URL}, {nil, plain.URL}, {http.ProxyURL(parsed(t, p.URL)), plain.URL}} {
			h := adapters.From(&http.Transport{Proxy: c.proxy})
			req := with(t, adapters.Settings{}, "GET", c.url+"/x", nil)
			req.Header.Set("Proxy-Authorization", "Bearer own")
			_, got := fetch(t, h, req)
			require.Equal(t, "GET /x ", got)
			h.Close()
		}
		require.Equal(t, []string{"GET " + plain.URL + "/x Bearer own"}, p.requests())
	})
	t.Run("trust is laid over its own, HTTP/2 as it has it", func(t *testing.T) {
		for _, c := range []struct {
			name string
			tr   *http.Transport
			want string
		}{
			{"by default", &http.Transport{}, "HTTP/2.0 "},
			{"off by TLSNextProto", &http.Transport{TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}, "HTTP/1.1 "},
			{"off by its own configuration", &http.Transport{TLSClientConfig: &tls.Config{}}, "HTTP/1.1 "},
			{"on by force", &http.Transport{TLSClientConfig: &tls.Config{}, ForceAttemptHTTP2: true}, "HTTP/2.0 "},
			{"go-cleanhttp", cleanhttp.DefaultPooledTransport(), "HTTP/2.0 "},
		} {
			h := adapters.From(c.tr)
			_, err := h.RoundTrip(with(t, adapters.Settings{}, "GET", s.URL, nil))
			require.Error(t, err, c.name)
			_, got := fetch(t, h, with(t, adapters.Settings{TLS: trust}, "GET", s.URL, nil))
			require.Equal(t, c.want, got, c.name)
			h.Close()
		}
	})
	t.Run("its dialer holds through a proxy", func(t *testing.T) {
		var n countingDial
		h := adapters.From(&http.Transport{DialContext: n.Dial})
		fetch(t, h, with(t, adapters.Settings{Proxy: parsed(t, p.URL)}, "GET", plain.URL+"/x", nil))
		require.EqualValues(t, 1, n.dials.Load())
		h.Close()
		require.Eventually(t, func() bool { return n.open.Load() == 0 }, 5*time.Second, time.Millisecond)
	})
	t.Run("what it makes impossible is an error", func(t *testing.T) {
		for name, tr := range map[string]*http.Transport{
			"DialTLSContext": {DialTLSContext: newPipes().Dial},
			"Dial":           oldDial(func(string, string) (net.Conn, error) { return nil, io.EOF }),
		} {
			h := adapters.From(tr)
			_, err := h.RoundTrip(with(t, adapters.Settings{TLS: trust}, "GET", s.URL, nil))
			require.ErrorContains(t, err, "its "+name)
		}
	})
}

// oldDial returns a transport that connects by the field that DialContext
// came to replace.
func oldDial(f func(network, addr string) (net.Conn, error)) *http.Transport {
	t := &http.Transport{}
	reflect.ValueOf(t).Elem().FieldByName("Dial").Set(reflect.ValueOf(f))
	return t
}

func TestTrace(t *testing.T) {
	ca := newAuthority(t)
	cert, _, _ := ca.issue(t, "server")
	s := newTLSServer(t, cert, nil)
	h := adapters.New(adapters.Options{})
	defer h.Close()
	set := adapters.Settings{Timings: true, TLS: &adapters.TLS{RootCAs: ca.pool()}}
	first, _ := fetch(t, h, with(t, set, "GET", s.URL, nil))
	tr, ok := adapters.TraceFrom(first)
	require.True(t, ok)
	require.False(t, tr.Reused)
	require.Equal(t, "HTTP/2.0", tr.Protocol)
	require.Equal(t, s.Listener.Addr().String(), tr.Remote.String())
	require.NotNil(t, tr.Local)
	order := []time.Time{tr.Start, tr.ConnectStart, tr.ConnectDone, tr.TLSStart, tr.TLSDone, tr.GotConn, tr.FirstByte}
	for i := 1; i < len(order); i++ {
		require.False(t, order[i].IsZero(), i)
		require.False(t, order[i].Before(order[i-1]), i)
	}
	// Over HTTP/2 the answer may be here before the writer has said that it is done.
	require.False(t, !tr.WroteRequest.IsZero() && tr.WroteRequest.Before(tr.GotConn))
	require.True(t, tr.DNSStart.IsZero(), "an address is not looked up")

	second, _ := fetch(t, h, with(t, set, "GET", s.URL, nil))
	tr, _ = adapters.TraceFrom(second)
	require.True(t, tr.Reused)
	require.True(t, tr.ConnectStart.IsZero())
	require.False(t, tr.FirstByte.IsZero())

	set.Timings = false
	third, _ := fetch(t, h, with(t, set, "GET", s.URL, nil))
	tr, ok = adapters.TraceFrom(third)
	require.True(t, ok)
	require.True(t, tr.Reused)
	require.NotNil(t, tr.Remote)
	require.True(t, tr.FirstByte.IsZero())

	_, ok = adapters.TraceFrom(&http.Response{Body: http.NoBody})
	require.False(t, ok)
	_, ok = adapters.TraceFrom(nil)
	require.False(t, ok)
}

func TestCallersTraceIsCalled(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	h := adapters.New(adapters.Options{})
	defer h.Close()
	var got, first bool
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { got = true }, GotFirstResponseByte: func() { first = true },
	})
	req, err := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
	require.NoError(t, err)
	fetch(t, h, req)
	require.True(t, got)
	require.True(t, first)
}

func TestEarlyResponse(t *testing.T) {
	n := newPipes()
	defer n.Close()
	go n.serve(func(c net.Conn) {
		br := bufio.NewReader(c)
		http.ReadRequest(br)
		io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		io.Copy(io.Discard, br)
	})
	h := adapters.New(adapters.Options{Dial: n.Dial})
	defer h.Close()
	r, w := io.Pipe()
	go func() {
		io.Copy(w, bytes.NewReader(make([]byte, 1<<16)))
	}()
	resp, err := h.RoundTrip(with(t, adapters.Settings{Read: time.Minute}, "POST", "http://h.test/", r))
	require.NoError(t, err)
	require.Equal(t, 413, resp.StatusCode, "R172 the answer counts, not the broken pipe")
	resp.Body.Close()
	r.Close()
}

func TestUpgrade(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		all, _ := io.ReadAll(rw)
		rw.Write(all)
		rw.Flush()
	}))
	defer s.Close()
	h := adapters.New(adapters.Options{})
	defer h.Close()
	req := with(t, adapters.Settings{}, "GET", s.URL, nil)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "echo")
	resp, err := h.RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	_, err = io.WriteString(resp.Body.(io.Writer), "hello\n")
	require.NoError(t, err)
	require.NoError(t, resp.Body.(interface{ CloseWrite() error }).CloseWrite())
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, "hello\n", string(b))
	_, ok := adapters.TraceFrom(resp)
	require.True(t, ok)
}

// A kept connection that the server has closed is not the caller's trouble,
// and the timer goes with the second try.
func TestStaleConnection(t *testing.T) {
	var served atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if served.Add(1) == 2 {
			c, _, _ := w.(http.Hijacker).Hijack()
			c.Close()
			return
		}
		w.Write(b)
	}))
	defer s.Close()
	h := adapters.New(adapters.Options{})
	defer h.Close()
	set := adapters.Settings{Connect: time.Minute, Read: time.Minute}
	for range 2 {
		req := with(t, set, "PUT", s.URL, strings.NewReader("again"))
		req.Header["X-Idempotency-Key"] = nil
		_, got := fetch(t, h, req)
		require.Equal(t, "again", got)
	}
	require.EqualValues(t, 3, served.Load())
}

func TestConcurrentTransportsLookUp(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(origin))
	defer s.Close()
	p := newHTTPProxy(t, nil)
	h := adapters.New(adapters.Options{})
	defer h.Close()
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			set := adapters.Settings{Read: time.Minute}
			if i%2 == 0 {
				set.Proxy = parsed(t, p.URL)
			}
			_, got := fetch(t, h, with(t, set, "POST", s.URL+"/x", strings.NewReader("a")))
			assert.Equal(t, "POST /x a", got)
		})
	}
	wg.Wait()
	require.Equal(t, 2, h.Transports(), "equal proxies share a transport whatever their pointers")
}

func TestLookUpDoesNotAllocate(t *testing.T) {
	ca := newAuthority(t)
	h := adapters.New(adapters.Options{})
	set := adapters.Settings{
		Proxy: parsed(t, "http://p.test"), ProxyAuth: &fixedAuth{}, ProxyTLS: &adapters.TLS{}, TLS: &adapters.TLS{CABundle: file(t, "ca.pem", ca.pem)},
	}
	req := with(t, set, "GET", "https://h.test/", nil)
	require.NoError(t, h.LookUp(req))
	require.Zero(t, testing.AllocsPerRun(100, func() { h.LookUp(req) }))
}

func BenchmarkRoundTrip(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }))
	defer s.Close()
	bare := cleanhttp.DefaultPooledTransport()
	bare.DisableCompression = true
	defer bare.CloseIdleConnections()
	h := adapters.New(adapters.Options{})
	defer h.Close()
	for _, c := range []struct {
		name string
		rt   http.RoundTripper
		set  *adapters.Settings
	}{
		{"bare transport", bare, nil},
		{"no settings", h, nil},
		{"limits", h, &adapters.Settings{Connect: time.Second, TLSHandshake: time.Second, Read: time.Minute}},
		{"limits and timings", h, &adapters.Settings{Connect: time.Second, TLSHandshake: time.Second, Read: time.Minute, Timings: true}},
	} {
		b.Run(c.name, func(b *testing.B) {
			ctx := b.Context()
			if c.set != nil {
				ctx = adapters.WithSettings(ctx, *c.set)
			}
			req, err := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				resp, err := c.rt.RoundTrip(req)
				if err != nil {
					b.Fatal(err)
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
}
