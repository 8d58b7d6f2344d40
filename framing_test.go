package requests_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

func TestFraming(t *testing.T) {
	for _, c := range []struct{ name, answer, content string }{
		{"R192 a declared length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc"},
		{"R192 equal lengths twice", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "abc"},
		{"R192 up to the close", "HTTP/1.1 200 OK\r\n\r\nabc", "abc"},
		{"R192 HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nabc", "abc"},
		{"R192 chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"},
		{"R192 chunk extensions and trailers are ignored", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n", "abc"},
		{"R192 chunked beats Content-Length", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "abc"},
		{"D15 100 is skipped", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc"},
		{"D15 103 is skipped", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc"},
		{"D15 several are skipped", "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc"},
		{"R192 bytes beyond the declared length are not content", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabcdef", "abc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWire(t, func(wireRequest) string { return c.answer })
			s := newSession(t)
			for _, stream := range []bool{false, true} {
				r, err := s.Get(t.Context(), w.URL, requests.WithStream(stream))
				require.NoError(t, err)
				assert.Equal(t, 200, r.StatusCode)
				assert.Equal(t, c.content, r.Text())
				require.NoError(t, r.Err())
			}
		})
	}
}

func TestFraming_OfWhatIsCut(t *testing.T) {
	for _, c := range []struct {
		name, answer, content string
	}{
		{"R192 a short body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabc", "abc"},
		{"R192 no body where one is declared", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n", ""},
		{"R170 a bad chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nZZ\r\nabc\r\n0\r\n\r\n", ""},
		{"R192 a negative chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n-1\r\nabc\r\n0\r\n\r\n", ""},
		{"R192 a huge chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n", ""},
		{"R192 a chunk that is cut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n8\r\nabc", "abc"},
		{"R192 no end chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n", "abc"},
		{"R192 no blank line at the end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n", "abc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWire(t, func(wireRequest) string { return c.answer })
			s := newSession(t)
			_, err := s.Get(t.Context(), w.URL)
			require.ErrorIs(t, err, requests.ErrTruncated)
			require.NotErrorIs(t, err, requests.ErrTimeout)

			r, err := s.Get(t.Context(), w.URL, requests.WithStream(true))
			require.NoError(t, err)
			b, err := io.ReadAll(r.Body)
			require.ErrorIs(t, err, requests.ErrTruncated, "R192 in both modes")
			assert.Equal(t, c.content, string(b), "what came is handed out before the error")
			_, err = r.Body.Read(make([]byte, 1))
			require.ErrorIs(t, err, requests.ErrTruncated, "and the error stays")
			r.Bytes()
			require.ErrorIs(t, r.Err(), requests.ErrTruncated)
		})
	}
}

func TestFraming_OfWhatIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		err          error
	}{
		{"R192 unequal lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde", requests.ErrInvalidHeader},
		{"T7 a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc", requests.ErrConnection},
		{"T7 a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc", requests.ErrConnection},
		{"R169 a bad status line", "HELLO\r\n\r\n", requests.ErrConnection},
		{"R169 a status that is no number", "HTTP/1.1 abc OK\r\n\r\n", requests.ErrConnection},
		{"R169 closed without an answer", "", requests.ErrConnection},
		{"R169 a header that is cut", "HTTP/1.1 200 OK\r\nContent-Le", requests.ErrConnection},
		{"R169 a field without a name", "HTTP/1.1 200 OK\r\n: x\r\n\r\n", requests.ErrConnection},
		{"R169 an oversized header", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 300<<10) + "\r\nContent-Length: 0\r\n\r\n", requests.ErrConnection},
		{"R192 another transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", requests.ErrConnection},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWire(t, func(wireRequest) string { return c.answer })
			r, err := newSession(t).Get(t.Context(), w.URL+"/path?token=hidden")
			require.ErrorIs(t, err, c.err)
			require.Nil(t, r)
			require.NotErrorIs(t, err, requests.ErrTimeout)
			var e *requests.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "GET", e.Method)
			assert.Equal(t, w.URL+"/path", e.URL)
			assert.NotContains(t, err.Error(), "hidden")
		})
	}
}

func TestFraming_LinesOfTheHeaderThatHoldControls(t *testing.T) {
	// What the peer sends must not reach a terminal through an error.
	w := newWire(t, func(wireRequest) string { return "HTTP/1.1 2\x1b[2J0 OK\r\n\r\n" })
	_, err := newSession(t).Get(t.Context(), w.URL)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "\x1b")
}

func TestCancelledBody(t *testing.T) {
	// The server sends a part and then nothing: only the context ends the wait.
	hang := make(chan struct{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 4096)
			c.Read(buf)
			answer := "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"
			if strings.Contains(string(buf), "/chunked") {
				answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
			} else if strings.Contains(string(buf), "/close") {
				answer = "HTTP/1.1 200 OK\r\n\r\nabc"
			}
			io.WriteString(c, answer)
			go func() { <-hang; c.Close() }()
		}
	}()
	t.Cleanup(func() { close(hang); l.Close(); <-served })
	s := newSession(t)
	for _, path := range []string{"/length", "/chunked", "/close"} {
		t.Run("R171 a cancelled body is not one that ended: "+path, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			r, err := s.Get(ctx, "http://"+l.Addr().String()+path, requests.WithStream(true))
			require.NoError(t, err)
			_, err = io.ReadFull(r.Body, make([]byte, 3))
			require.NoError(t, err)
			cancel()
			_, err = io.ReadAll(r.Body)
			require.ErrorIs(t, err, context.Canceled)
			require.NotErrorIs(t, err, requests.ErrTimeout)
			require.NotErrorIs(t, err, requests.ErrConnection)
			var e *requests.Error
			require.ErrorAs(t, err, &e)
			assert.False(t, e.Timeout())
		})
		t.Run("R171 cancelled while it is read into memory: "+path, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, err := s.Get(ctx, "http://"+l.Addr().String()+path, requests.WithDownloadProgress(func(got, _ int64) {
				if got == 3 {
					cancel()
				}
			}))
			require.ErrorIs(t, err, context.Canceled)
		})
	}
}

func TestEarlyAnswer(t *testing.T) {
	// The server answers and closes while the body is on its way.
	for _, c := range []struct {
		name string
		body any
	}{
		{"R172 a declared length", strings.Repeat("x", 32<<20)},
		{"R172 chunks", io.LimitReader(endless{}, 32<<20)},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			done := make(chan struct{})
			go func() {
				defer close(done)
				c, err := l.Accept()
				if err != nil {
					return
				}
				defer c.Close()
				c.Read(make([]byte, 1024)) // the header and a little
				io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\nConnection: close\r\n\r\ntoo big")
				c.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, c)
			}()
			t.Cleanup(func() { l.Close(); <-done })
			s := newSession(t)
			r, err := s.Post(t.Context(), "http://"+l.Addr().String(), requests.WithBody(c.body))
			require.NoError(t, err)
			assert.Equal(t, 413, r.StatusCode)
			assert.Equal(t, "too big", r.Text())
			require.NoError(t, s.Close())
		})
	}
}

// endless is a reader of x.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestSwitchingProtocolsIsAnAnswer(t *testing.T) {
	w := newWire(t, func(wireRequest) string {
		return "HTTP/1.1 101 Switching Protocols\r\nConnection: close, upgrade\r\nUpgrade: other\r\n\r\n"
	})
	r, err := newSession(t).Get(t.Context(), w.URL, requests.WithHeader("Connection", "Upgrade"), requests.WithHeader("Upgrade", "other"), requests.WithStream(true))
	require.NoError(t, err)
	assert.Equal(t, http.StatusSwitchingProtocols, r.StatusCode)
	require.NoError(t, r.Close())
}

func TestHTTP2_MidBody(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("half"))
		w.(http.Flusher).Flush()
		if r.URL.Path == "/abort" {
			panic(http.ErrAbortHandler)
		}
		<-r.Context().Done()
	})
	for _, c := range []struct {
		name, path string
		opts       []requests.Option
		cancel     bool
		is, isnt   []error
	}{
		{"R171 cancelled", "/", nil, true, []error{context.Canceled}, []error{requests.ErrTimeout, requests.ErrConnection}},
		{"Total", "/", []requests.Option{requests.WithTimeout(50 * time.Millisecond)}, false, []error{requests.ErrTimeout, context.DeadlineExceeded}, []error{context.Canceled, requests.ErrTruncated}},
		{"D28 silence", "/", []requests.Option{requests.WithTimeouts(requests.Timeouts{Read: 50 * time.Millisecond})}, false, []error{requests.ErrReadTimeout, requests.ErrConnection}, []error{context.Canceled, requests.ErrTruncated}},
		{"R170 reset by the server", "/abort", nil, false, []error{requests.ErrTruncated, requests.ErrConnection}, []error{context.Canceled, requests.ErrTimeout}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synced(t, func(t *testing.T) { // the half is there before any time has passed
				s := pipedHTTP2(t, handler)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				r, err := s.Get(ctx, "http://api.test"+c.path, append(c.opts, requests.WithStream(true))...)
				require.NoError(t, err)
				require.Equal(t, 2, r.ProtoMajor)
				assert.Equal(t, "OK", r.Reason(), "HTTP/2 has no reason: the standard text stands in")
				_, err = io.ReadFull(r.Body, make([]byte, 4))
				require.NoError(t, err)
				if c.cancel {
					cancel()
				}
				_, err = io.ReadAll(r.Body)
				for _, is := range c.is {
					require.ErrorIs(t, err, is)
				}
				for _, isnt := range c.isnt {
					require.NotErrorIs(t, err, isnt)
				}
			})
		})
	}
}

// pipedHTTP2 is a session that speaks HTTP/2 with prior knowledge to h, over
// pipes. It can run in a bubble.
func pipedHTTP2(t *testing.T, h http.Handler) *requests.Session {
	t.Helper()
	only := new(http.Protocols)
	only.SetUnencryptedHTTP2(true)
	l := make(pipeListener)
	server := &http.Server{Handler: h, Protocols: only, ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(l)
	pool := adapters.New(adapters.Options{Protocols: only, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		l <- server
		return client, nil
	}})
	t.Cleanup(func() {
		pool.Close()
		server.Close()
	})
	return newSession(t, requests.WithAdapter("http://", pool))
}

// pipeListener accepts what is sent on it.
type pipeListener chan net.Conn

func (l pipeListener) Accept() (net.Conn, error) {
	if c, ok := <-l; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (l pipeListener) Close() error { close(l); return nil }
func (pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func TestStream_CloseEndsARead(t *testing.T) {
	// Closing from another goroutine is how a read that hangs is given up, as
	// with net/http's own bodies.
	w := newReplies(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
	s := newSession(t)
	for range 20 {
		r, err := s.Get(t.Context(), w.URL, requests.WithStream(true))
		require.NoError(t, err)
		_, err = io.ReadFull(r.Body, make([]byte, 4))
		require.NoError(t, err)
		done := make(chan error)
		go func() {
			_, err := r.Body.Read(make([]byte, 1))
			done <- err
		}()
		require.NoError(t, r.Body.Close())
		require.Error(t, <-done)
	}
}
