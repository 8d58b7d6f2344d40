package adapters_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// writes counts the writes to a connection.
type writes struct {
	net.Conn
	n *atomic.Int64
}

func (w *writes) Write(p []byte) (int, error) {
	w.n.Add(1)
	return w.Conn.Write(p)
}

// takesAll reads requests whole and answers each.
func takesAll(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		n, _ := io.Copy(io.Discard, req.Body)
		if n != max(req.ContentLength, n) {
			return
		}
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	}
}

// A write is a system call and, with TCP_NODELAY, a packet: content that is
// there already needs none of its own.
func TestUpload_smallContentGoesWithItsHeader(t *testing.T) {
	small := strings.Repeat("x", 1000)
	for _, c := range []struct {
		name   string
		body   io.Reader
		writes int64
	}{
		{"none", nil, 1},
		{"bytes", bytes.NewReader([]byte(small)), 1},
		{"a buffer", bytes.NewBufferString(small), 1},
		{"a string", strings.NewReader(small), 1},
		{"the most that goes at once", strings.NewReader(strings.Repeat("x", 16<<10)), 2}, // net/http's buffer is smaller
		{"a reader that may wait", struct{ io.Reader }{strings.NewReader(small)}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPipes()
			defer p.Close()
			go p.serve(takesAll)
			var n atomic.Int64
			h := adapters.New(adapters.Options{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := p.Dial(ctx, network, addr)
				return &writes{conn, &n}, err
			}})
			defer h.Close()
			req := with(t, adapters.Settings{Read: time.Minute}, "POST", "http://h.test/", c.body)
			if c.body != nil && req.ContentLength == 0 {
				req.ContentLength = int64(len(small))
			}
			resp, err := h.RoundTrip(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, c.writes, n.Load())
		})
	}
}

// Content in memory that is not of the length it is said to have is not sent
// by net/http's short way either.
func TestUpload_contentInMemoryOfAnotherLength(t *testing.T) {
	for _, c := range []struct {
		name     string
		declared int64
		want     string
	}{
		{"longer", 3, "content of the request: longer than the 3 bytes that were declared"},
		{"shorter", 10, "content of the request: 5 bytes, but 10 were declared"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPipes()
			defer p.Close()
			go p.serve(takesAll)
			h := adapters.New(adapters.Options{Dial: p.Dial})
			defer h.Close()
			req := with(t, adapters.Settings{}, "POST", "http://h.test/", strings.NewReader("12345"))
			req.ContentLength = c.declared
			_, err := h.RoundTrip(req)
			require.EqualError(t, err, c.want)
			require.NotErrorIs(t, err, sentinel.Connection, "it is the caller's mistake")
		})
	}
}

// What is wrong with the caller's content is no failure of the connection,
// whatever the protocol, and to send it again would not mend it.
func TestUpload_contentThatIsWrong(t *testing.T) {
	gone := errors.New("disk on fire")
	server := func(t *testing.T, start func(*httptest.Server)) string {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
		s.Config.ErrorLog = discard
		start(s)
		t.Cleanup(s.Close)
		return s.URL
	}
	urls := map[string]string{
		"http":   server(t, (*httptest.Server).Start),
		"https":  server(t, (*httptest.Server).StartTLS),
		"HTTP/2": server(t, func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() }),
	}
	for _, c := range []struct {
		name    string
		content func() io.Reader
		want    string
	}{
		{"a Read that fails", func() io.Reader { return io.MultiReader(strings.NewReader("abc"), &failingReader{gone}) }, "content of the request: disk on fire"},
		{"shorter than declared", func() io.Reader { return reading("abc") }, "content of the request: 3 bytes, but 10 were declared"},
	} {
		for protocol, url := range urls {
			t.Run(c.name+" over "+protocol, func(t *testing.T) {
				h := adapters.New(adapters.Options{})
				defer h.Close()
				req := with(t, adapters.Settings{TLS: &adapters.TLS{Verify: verify(false)}}, "PUT", url, c.content())
				req.ContentLength = 10
				opened := 1
				req.GetBody = func() (io.ReadCloser, error) {
					opened++
					return io.NopCloser(c.content()), nil
				}
				_, err := (&adapters.Retry{Base: h, Wait: -1}).RoundTrip(req)
				require.EqualError(t, err, c.want)
				require.NotErrorIs(t, err, sentinel.Connection)
				require.False(t, errors.As(err, new(*net.OpError)))
				if strings.HasPrefix(c.name, "a Read") {
					require.ErrorIs(t, err, gone)
				}
				require.Equal(t, 1, opened)
			})
		}
	}
}

// A large upload goes on for as long as the server takes some of it now and
// then, in memory or not.
func TestUpload_slowServerIsNotSilent(t *testing.T) {
	const size = 64 << 10
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		defer p.Close()
		go p.serve(func(c net.Conn) {
			slow := readerFunc(func(b []byte) (int, error) {
				time.Sleep(700 * time.Millisecond)
				return c.Read(b[:min(len(b), 4<<10)])
			})
			req, err := http.ReadRequest(bufio.NewReader(slow))
			if err != nil {
				return
			}
			io.Copy(io.Discard, req.Body)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		})
		h := adapters.New(adapters.Options{Dial: p.Dial})
		defer h.Close()
		resp, err := h.RoundTrip(with(t, adapters.Settings{Read: 10 * time.Second}, "POST", "http://h.test/", bytes.NewReader(make([]byte, size))))
		require.NoError(t, err)
		resp.Body.Close()
		synctest.Wait()
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// Trailers are set in the caller's request while its content is read.
func TestUpload_trailersPassTheLayers(t *testing.T) {
	for name := range layers(nil) {
		t.Run(name, func(t *testing.T) {
			sendsTrailers(t, func(base http.RoundTripper) http.RoundTripper { return layers(base)[name] })
		})
	}
	t.Run("Func", func(t *testing.T) {
		sendsTrailers(t, func(base http.RoundTripper) http.RoundTripper { return adapters.Func(base.RoundTrip) })
	})
}

func sendsTrailers(t *testing.T, over func(http.RoundTripper) http.RoundTripper) {
	n := newPipes()
	defer n.Close()
	var got http.Header
	server := n.serveHTTP(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		got = r.Trailer
	}))
	defer server.Close()
	h := adapters.New(adapters.Options{Dial: n.Dial})
	defer h.Close()
	req := newRequest(t, "PUT", "")
	req.ContentLength, req.Trailer = -1, http.Header{"X-Sum": nil}
	req.GetBody = func() (io.ReadCloser, error) {
		content := strings.NewReader("content")
		return io.NopCloser(readerFunc(func(p []byte) (int, error) {
			n, err := content.Read(p)
			if err == io.EOF {
				req.Trailer.Set("X-Sum", "42")
			}
			return n, err
		})), nil
	}
	req.Body, _ = req.GetBody()
	resp, err := over(h).RoundTrip(req)
	require.NoError(t, err)
	read(t, resp)
	require.Equal(t, http.Header{"X-Sum": {"42"}}, got)
}
