package adapters_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
)

// stalled is content whose Read waits for free, and for Close where that ends
// it. Close may wait for the Read, as it does for the body of a request that
// net/http's server has received.
type stalled struct {
	free   chan struct{}
	once   sync.Once
	ends   bool // Close ends a Read
	waits  bool // Close waits for a Read
	turn   chan struct{}
	closed atomic.Int32
}

func (s *stalled) Read([]byte) (int, error) {
	if s.waits {
		s.turn <- struct{}{} // no mutex: the bubble must see that it waits
		defer func() { <-s.turn }()
	}
	<-s.free
	return 0, io.ErrUnexpectedEOF
}

func (s *stalled) Close() error {
	if s.waits {
		s.turn <- struct{}{} // no mutex: the bubble must see that it waits
		defer func() { <-s.turn }()
	}
	s.closed.Add(1)
	if s.ends {
		s.release()
	}
	return nil
}

func (s *stalled) release() { s.once.Do(func() { close(s.free) }) }

// The caller's content may never come. The call ends with its context all the
// same, and so does the content, where Close can end it.
func TestUpload_thatStallsEndsWithTheContext(t *testing.T) {
	type settings = adapters.Settings
	why := errors.New("why")
	for _, c := range []struct {
		name string
		body *stalled
		set  settings
		h2   bool
		end  func(context.Context) (context.Context, context.CancelFunc)
		is   error
	}{
		{"its deadline", &stalled{ends: true}, settings{Read: time.Minute}, false, nil, context.DeadlineExceeded},
		{"no limit but the context", &stalled{ends: true}, settings{}, false, nil, context.DeadlineExceeded},
		{"a cancel", &stalled{ends: true}, settings{}, false, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(time.Second, func() { cancel(why) })
			return ctx, func() {}
		}, why},
		{"a Read that Close does not end", &stalled{}, settings{}, false, nil, context.DeadlineExceeded},
		{"a Close that waits for Read", &stalled{waits: true}, settings{}, false, nil, context.DeadlineExceeded},
		{"HTTP/2", &stalled{ends: true}, settings{}, true, nil, context.DeadlineExceeded},
		{"HTTP/2 and a Close that waits for Read", &stalled{waits: true}, settings{}, true, nil, context.DeadlineExceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPipes()
				defer p.Close()
				o := adapters.Options{Dial: p.Dial}
				server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					io.Copy(io.Discard, r.Body)
				}), Protocols: new(http.Protocols)}
				server.Protocols.SetHTTP1(!c.h2)
				server.Protocols.SetUnencryptedHTTP2(c.h2)
				o.Protocols = server.Protocols
				go server.Serve(p)
				defer server.Close()
				h := adapters.New(o)
				defer h.Close()

				body := c.body
				body.free, body.turn = make(chan struct{}), make(chan struct{}, 1)
				defer body.release()
				req := with(t, c.set, "PUT", "http://h.test/", body)
				end := c.end
				if end == nil {
					end = func(ctx context.Context) (context.Context, context.CancelFunc) {
						return context.WithTimeout(ctx, time.Second)
					}
				}
				ctx, cancel := end(req.Context())
				defer cancel()
				start := time.Now()
				_, err := h.RoundTrip(req.WithContext(ctx))
				require.ErrorIs(t, err, c.is)
				require.InDelta(t, time.Second, time.Since(start), float64(100*time.Millisecond))
				for _, s := range h.Statistics() {
					assert.Zero(t, s.InFlight)
				}
				body.release()
				synctest.Wait()
				assert.EqualValues(t, 1, body.closed.Load(), "closed, and once")
			})
		})
	}
}

// Content that GetBody gave for a second sending is closed as the first is.
func TestUpload_thatStallsWhenItIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		defer p.Close()
		kept := true
		go p.serve(func(c net.Conn) {
			if !kept {
				silent(c)
				return
			}
			kept = false
			r := bufio.NewReader(c)
			http.ReadRequest(r)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			again, err := http.ReadRequest(r)
			if assert.NoError(t, err) {
				io.Copy(io.Discard, again.Body) // and not a word
			}
		})
		h := adapters.New(adapters.Options{Dial: p.Dial})
		defer h.Close()
		fetch(t, h, with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
		body := &stalled{free: make(chan struct{}), ends: true}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req := with(t, adapters.Settings{}, "PUT", "http://h.test/", reading("content"))
		req.ContentLength = 7
		req.Header.Set("Idempotency-Key", "k")
		req.GetBody = func() (io.ReadCloser, error) { return body, nil }
		_, err := h.RoundTrip(req.WithContext(ctx))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		synctest.Wait()
		assert.EqualValues(t, 1, body.closed.Load())
	})
}

// A Read that only takes its time is not closed under its hands, and the call
// ends when it does.
func TestUpload_isNotLeftWhileItReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		defer p.Close()
		go p.serve(silent)
		h := adapters.New(adapters.Options{Dial: p.Dial})
		defer h.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		body := &unhurried{}
		_, err := h.RoundTrip(with(t, adapters.Settings{}, "PUT", "http://h.test/", body).WithContext(ctx))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.False(t, body.disturbed)
		assert.True(t, body.closed, "when the call has ended")
	})
}

// unhurried takes a while for each Read. It is not made for a Close meanwhile.
type unhurried struct{ reading, disturbed, closed bool }

func (u *unhurried) Read(p []byte) (int, error) {
	u.reading = true
	time.Sleep(30 * time.Millisecond)
	u.reading = false
	return copy(p, "content"), nil
}

func (u *unhurried) Close() error {
	u.disturbed, u.closed = u.disturbed || u.reading, true
	return nil
}

// A server may answer what came of an upload that was cut off: its 200 says
// nothing of the rest, which was not sent.
func TestUpload_thatIsCutOffIsNotAnswered(t *testing.T) {
	for name, body := range map[string]io.Reader{"a reader": reading("content"), "in memory": bytes.NewReader(make([]byte, 1<<20))} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			transport := new(http.Transport)
			transport.RegisterProtocol("http", baseFunc(func(r *http.Request) (*http.Response, error) {
				cancel()
				r.Body.Close()
				return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
			}))
			h := adapters.From(transport)
			defer h.Close()
			_, err := h.RoundTrip(with(t, adapters.Settings{}, "PUT", "http://h.test/", body).WithContext(ctx))
			require.ErrorIs(t, err, context.Canceled)
		})
	}
}

// What the caller's hooks panic with reaches the caller, who may know of it.
func TestUpload_panicsOfHooksReachTheCaller(t *testing.T) {
	h := adapters.New(adapters.Options{})
	defer h.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(string) { panic("of a hook") }})
	require.PanicsWithValue(t, "of a hook", func() {
		h.RoundTrip(with(t, adapters.Settings{}, "PUT", "http://127.0.0.1:1/", reading("content")).WithContext(ctx))
	})
}
