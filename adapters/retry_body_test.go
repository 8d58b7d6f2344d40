package adapters_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
)

// A kind of content, as a request has it: opened anew by GetBody, or once.
type bodyKind struct {
	name       string
	replayable bool
	set        func(t *testing.T, req *http.Request) (content string)
}

const bodyText = "the exact bytes, \x00\xff and all"

func bodyKinds() []bodyKind {
	std := func(r io.Reader) func(*testing.T, *http.Request) string {
		return func(t *testing.T, req *http.Request) string {
			made, err := http.NewRequest("PUT", "http://server.test/", r)
			require.NoError(t, err)
			req.Body, req.GetBody, req.ContentLength = made.Body, made.GetBody, made.ContentLength
			return bodyText
		}
	}
	opened := func(open func() (io.ReadCloser, error)) func(*testing.T, *http.Request) string {
		return func(t *testing.T, req *http.Request) string {
			body, err := open()
			require.NoError(t, err)
			req.Body, req.GetBody, req.ContentLength = body, open, -1
			return bodyText
		}
	}
	return []bodyKind{
		{"bytes", true, std(bytes.NewReader([]byte(bodyText)))},
		{"string", true, std(strings.NewReader(bodyText))},
		{"seeker, one reader at a time", true, func(t *testing.T, req *http.Request) string {
			return opened(oneAtATime(strings.NewReader(bodyText)))(t, req)
		}},
		{"file", true, func(t *testing.T, req *http.Request) string {
			path := filepath.Join(t.TempDir(), "content")
			require.NoError(t, os.WriteFile(path, []byte(bodyText), 0o600))
			return opened(func() (io.ReadCloser, error) { return os.Open(path) })(t, req)
		}},
		{"factory", true, opened(func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader(bodyText[:5]), strings.NewReader(bodyText[5:]))), nil
		})},
		{"multipart", true, func(t *testing.T, req *http.Request) string {
			var b bytes.Buffer
			w := multipart.NewWriter(&b)
			part, err := w.CreateFormFile("file", "name.bin")
			require.NoError(t, err)
			_, err = part.Write([]byte(bodyText))
			require.NoError(t, err)
			require.NoError(t, w.Close())
			content := b.String()
			std(&b)(t, req)
			return content
		}},
		{"once-reader", false, std(io.LimitReader(strings.NewReader(bodyText), 1<<20))},
		{"factory that works once", false, func(t *testing.T, req *http.Request) string {
			std(io.LimitReader(strings.NewReader(bodyText), 1<<20))(t, req)
			req.GetBody = func() (io.ReadCloser, error) { return nil, errors.New("cannot be opened again") }
			return bodyText
		}},
	}
}

// oneAtATime opens r from its start, unless an earlier opening is still in use.
func oneAtATime(r io.ReadSeeker) func() (io.ReadCloser, error) {
	var busy atomic.Bool
	return func() (io.ReadCloser, error) {
		if !busy.CompareAndSwap(false, true) {
			return nil, errors.New("still in use")
		}
		_, err := r.Seek(0, io.SeekStart)
		return &onceClosed{Reader: r, close: func() { busy.Store(false) }}, err
	}
}

type onceClosed struct {
	io.Reader
	once  sync.Once
	close func()
}

func (c *onceClosed) Close() error { c.once.Do(c.close); return nil }

func TestRetry_bodies(t *testing.T) {
	for _, failure := range []struct {
		name  string
		reply reply
	}{{"a status", status(503)}, {"a broken connection", fails(errReset)}, {"no connection", fails(errRefused)}} {
		for _, kind := range bodyKinds() {
			t.Run(kind.name+" after "+failure.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					base := play(failure.reply, status(200))
					req := newRequest(t, "PUT", "")
					content := kind.set(t, req)
					resp, err := (&adapters.Retry{Base: base}).RoundTrip(req)
					if !kind.replayable {
						require.Len(t, base.times, 1)
						if failure.reply.err != nil {
							require.Equal(t, failure.reply.err, err)
							return
						}
						require.NoError(t, err)
						require.Equal(t, 503, resp.StatusCode)
						require.Equal(t, "content 1", read(t, resp), "the response is intact")
						require.Equal(t, "content cannot be sent again", adapters.AttemptsFrom(resp)[0].Reason)
						return
					}
					require.NoError(t, err)
					require.Equal(t, 200, resp.StatusCode)
					require.Equal(t, "content 2", read(t, resp))
					require.Equal(t, []string{content, content}, base.bodies)
				})
			})
		}
	}
}

func TestHedge_bodies(t *testing.T) {
	for _, kind := range bodyKinds() {
		t.Run(kind.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				base := play(reply{status: 200, after: time.Hour}, status(200))
				req := newRequest(t, "PUT", "")
				content := kind.set(t, req)
				start := time.Now()
				resp, err := (&adapters.Hedge{Base: base, Delay: time.Second}).RoundTrip(req)
				require.NoError(t, err)
				if !kind.replayable {
					require.Equal(t, time.Hour, time.Since(start), "the first answer")
					require.Equal(t, "content 1", read(t, resp))
					require.Equal(t, []string{content}, base.bodies)
					return
				}
				require.Equal(t, time.Second, time.Since(start))
				require.Equal(t, "content 2", read(t, resp))
				require.Equal(t, []string{content, content}, base.bodies)
			})
		})
	}
}

// A body that is opened for an attempt which then is not made is closed.
func TestRetry_closesWhatItDoesNotSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open atomic.Int32
		opening := func() (io.ReadCloser, error) {
			open.Add(1)
			return &onceClosed{Reader: strings.NewReader("x"), close: func() { open.Add(-1) }}, nil
		}
		send := func(ctx context.Context, retry *adapters.Retry) {
			req := newRequest(t, "PUT", "").WithContext(ctx)
			req.Body, _ = opening()
			req.GetBody = opening
			resp, err := retry.RoundTrip(req)
			if err == nil {
				read(t, resp)
			}
			assert.Zero(t, open.Load())
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		send(ctx, &adapters.Retry{Base: play(status(503)), Wait: time.Hour, MaxWait: time.Hour})
		used := &adapters.Retry{Base: play(status(503)), Wait: -1, Attempts: 20}
		send(t.Context(), used)
		send(t.Context(), used)
	})
}

// Over real connections: the failed responses are drained, so that one
// connection serves every attempt.
func TestRetry_reusesTheConnection(t *testing.T) {
	var connections, requests atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		if requests.Add(1) < 4 {
			w.WriteHeader(http.StatusServiceUnavailable)
			w.Write(bytes.Repeat([]byte("busy"), 10_000))
			return
		}
		w.Write(content)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	client := &http.Client{Transport: &adapters.Retry{Base: server.Client().Transport, Attempts: 4, Wait: ms}}
	req, err := http.NewRequest("PUT", server.URL, strings.NewReader(bodyText))
	require.NoError(t, err)
	resp, err := client.Do(req)
	require.NoError(t, err)
	assert.Equal(t, bodyText, read(t, resp))
	assert.Len(t, adapters.AttemptsFrom(resp), 4)
	assert.EqualValues(t, 1, connections.Load(), "R204")
}

func TestRetry_afterAnHTTP2Reset(t *testing.T) {
	for _, kind := range bodyKinds() {
		t.Run(kind.name, func(t *testing.T) {
			var requests atomic.Int32
			var got atomic.Value
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				content, _ := io.ReadAll(r.Body)
				if requests.Add(1) == 1 {
					panic(http.ErrAbortHandler) // RST_STREAM
				}
				got.Store(string(content))
			}))
			server.EnableHTTP2 = true
			server.StartTLS()
			defer server.Close()
			req, err := http.NewRequest("PUT", server.URL, nil)
			require.NoError(t, err)
			content := kind.set(t, req)
			resp, err := (&adapters.Retry{Base: server.Client().Transport, Wait: -1}).RoundTrip(req)
			if !kind.replayable {
				require.Error(t, err)
				require.NotErrorIs(t, err, adapters.ErrRetriesExhausted)
				require.EqualValues(t, 1, requests.Load())
				return
			}
			require.NoError(t, err)
			require.Equal(t, 2, resp.ProtoMajor)
			require.Equal(t, 200, resp.StatusCode)
			read(t, resp)
			require.Equal(t, content, got.Load())
		})
	}
}

// A drain that nothing ends is left behind: net/http's body, at the header of
// gzip, has a Close that waits for its Read.
func TestRetry_doesNotWaitForAResponseThatStalls(t *testing.T) {
	for name, over := range map[string]func(http.RoundTripper) http.RoundTripper{
		"net/http": func(base http.RoundTripper) http.RoundTripper { return base },
		"a limit":  (&adapters.Limit{InFlight: 1}).Wrap, // whose only place is free for the next attempt
		"a bound":  (&adapters.AttemptTimeout{Timeout: time.Hour}).Wrap,
		"Func":     func(base http.RoundTripper) http.RoundTripper { return adapters.Func(base.RoundTrip) },
	} {
		t.Run(name, func(t *testing.T) {
			n := newPipes()
			defer n.Close()
			var requests atomic.Int32
			go n.serve(func(c net.Conn) {
				readHeader(c)
				if requests.Add(1) == 1 {
					io.WriteString(c, "HTTP/1.1 503 Busy\r\nContent-Length: 100\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b")
				} else {
					io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
				silent(c)
			})
			transport := &http.Transport{DialContext: n.Dial}
			defer transport.CloseIdleConnections()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel() // by which what is left behind ends
			resp, err := (&adapters.Retry{Base: over(transport), Wait: -1}).RoundTrip(newRequest(t, "GET", "").WithContext(ctx))
			require.NoError(t, err)
			require.Equal(t, 200, resp.StatusCode)
			read(t, resp)
		})
	}
}
