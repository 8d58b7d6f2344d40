package sse_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/sse"
)

// script answers one connection after the other, the last answer again and
// again, and remembers what was sent and when.
type script struct {
	answers []answer
	sent    []http.Header
	at      []time.Duration // since the first
	began   time.Time
	open    int // bodies that were not closed
}

// answer is a response, or err. Its content is followed by then, EOF if nil.
type answer struct {
	status      int // 0: 200
	contentType string
	header      http.Header
	content     string
	then        error
	err         error
	hangs       bool // after the content, until the context ends
}

func stream(content string) answer { return answer{content: content} }

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.began.IsZero() {
		s.began = time.Now()
	}
	a := s.answers[min(len(s.sent), len(s.answers)-1)]
	s.sent = append(s.sent, r.Header.Clone())
	s.at = append(s.at, time.Since(s.began))
	if a.err != nil {
		return nil, a.err
	}
	if a.status == 0 {
		a.status = 200
	}
	if a.contentType == "" {
		a.contentType = "text/event-stream"
	}
	h := a.header.Clone()
	if h == nil {
		h = make(http.Header)
	}
	h.Set("Content-Type", a.contentType)
	s.open++
	return &http.Response{
		StatusCode: a.status, Status: http.StatusText(a.status), ProtoMajor: 1, ProtoMinor: 1, Header: h, ContentLength: -1,
		Body: &scriptedBody{strings.NewReader(a.content), a, r.Context(), s}, Request: r,
	}, nil
}

type scriptedBody struct {
	r      io.Reader
	a      answer
	ctx    context.Context
	script *script
}

func (b *scriptedBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != io.EOF {
		return n, err
	}
	if b.a.hangs {
		<-b.ctx.Done()
		return 0, b.ctx.Err()
	}
	if b.a.then != nil {
		return 0, b.a.then
	}
	return 0, io.EOF
}

func (b *scriptedBody) Close() error {
	if b.script != nil {
		b.script.open--
		b.script = nil
	}
	return nil
}

func (s *script) session(t testing.TB, opts ...requests.Option) *requests.Session {
	t.Helper()
	session, err := requests.NewSession(append(opts, requests.WithAdapter("http://", s), requests.WithEnvironment(false))...)
	require.NoError(t, err)
	t.Cleanup(func() { session.Close() })
	return session
}

// collect takes up to n events of url.
func collect(ctx context.Context, s *requests.Session, o *sse.Options, n int, opts ...requests.Option) (data []string, err error) {
	for e, err := range sse.Events(ctx, s, "http://events.test/", o, opts...) {
		if err != nil {
			return data, err
		}
		if data = append(data, e.Data); len(data) == n {
			break
		}
	}
	return data, nil
}

const endOfStream = 204

var noMore = answer{status: endOfStream}

func TestEvents_Reconnects(t *testing.T) {
	down := answer{err: fmt.Errorf("dial: %w", requests.ErrConnection)}
	busy := answer{status: 503, contentType: "text/plain", content: "busy"}
	open := answer{err: &adapters.CircuitError{}}
	const s, ms = time.Second, time.Millisecond
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, "data: a\n\n")
	z.Flush()
	cut := b.String()
	z.Close()
	whole := b.String()
	coded := func(content string) answer {
		return answer{content: content, header: http.Header{"Content-Encoding": {"gzip"}}}
	}
	for _, c := range []struct {
		name    string
		answers []answer
		options *sse.Options
		data    []string
		waits   []time.Duration // before each connection but the first, at least; up to a quarter more
		lastIDs []string        // as sent
		err     string
	}{
		{"204 ends the loop", []answer{noMore}, nil, nil, nil, []string{""}, ""},
		{"a stream that ends is asked for again", []answer{stream("data: a\n\n"), stream("data: b\n\n"), noMore}, nil,
			[]string{"a", "b"}, []time.Duration{s, s}, []string{"", "", ""}, ""},
		{"from the last event on", []answer{stream("id: 7\ndata: a\n\n"), stream("data: b\n\n"), stream("id: 9\n\n"), noMore}, nil,
			[]string{"a", "b"}, []time.Duration{s, s, s}, []string{"", "7", "7", "9"}, ""},
		{"an id of an incomplete event does not count", []answer{stream("id: 7\ndata: a\n\nid: 8\ndata: b\n"), noMore}, nil,
			[]string{"a"}, []time.Duration{s}, []string{"", "7"}, ""},
		{"an id that was taken back is not sent", []answer{stream("id: 7\ndata: a\n\nid\ndata: b\n\n"), noMore}, nil,
			[]string{"a", "b"}, []time.Duration{s}, []string{"", ""}, ""},
		{"an id that no field can hold is not sent", []answer{stream("id: 7\x01\ndata: a\n\n"), noMore}, nil,
			[]string{"a"}, []time.Duration{s}, []string{"", ""}, ""},
		{"an id in blanks is sent without them", []answer{stream("id:  ü \ndata: a\n\n"), noMore}, nil,
			[]string{"a"}, []time.Duration{s}, []string{"", "ü"}, ""},
		{"a huge id is not sent", []answer{stream("id: " + strings.Repeat("7", 5000) + "\ndata: a\n\n"), noMore}, nil,
			[]string{"a"}, []time.Duration{s}, []string{"", ""}, ""},
		{"an id to begin with", []answer{stream("data: a\n\n"), noMore}, &sse.Options{LastEventID: "5"},
			[]string{"a"}, []time.Duration{s}, []string{"5", "5"}, ""},
		{"after the time the server sets", []answer{stream("retry: 20\n\n"), stream("data: a\n\n"), noMore}, nil,
			[]string{"a"}, []time.Duration{20 * ms, 20 * ms}, nil, ""},
		{"which is bounded", []answer{stream("retry: 86400000\ndata: a\n\n"), noMore}, &sse.Options{MaxWait: 5 * s},
			[]string{"a"}, []time.Duration{5 * s}, nil, ""},
		{"a stream that broke is asked for again", []answer{{content: "data: a\n\n", then: io.ErrUnexpectedEOF}, stream("data: b\n\n"), noMore}, nil,
			[]string{"a", "b"}, []time.Duration{s, s}, nil, ""},
		{"and one that broke within its coding", []answer{coded(cut), coded(whole), noMore}, nil, []string{"a", "a"}, []time.Duration{s, s}, nil, ""},
		{"one that is not in its coding is final", []answer{coded("data: a\n\ndata: b\n\n")}, nil, nil, nil, nil, "content cannot be decoded"},
		{"one that never had a stream gives up soon", []answer{down}, nil, nil, []time.Duration{s, 2 * s}, nil, "sse: attempt 3 of 3: send GET http://events.test/: dial"},
		{"one that had, later", []answer{stream("data: a\n\n"), busy}, nil, []string{"a"},
			[]time.Duration{s, s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 60 * s, 60 * s, 60 * s}, nil, "sse: attempt 10 of 10: 503 Server Error"},
		{"a stream resets the count", []answer{down, down, stream("data: a\n\n"), down, down, down, stream("data: b\n\n"), noMore},
			nil, []string{"a", "b"}, []time.Duration{s, 2 * s, s, s, 2 * s, 4 * s, s}, nil, ""},
		{"attempts of one's own", []answer{busy}, &sse.Options{Attempts: 2, Wait: 3 * s}, nil, []time.Duration{3 * s}, nil, "503"},
		{"streams without events are asked for more and more slowly", []answer{stream(""), stream(": hi\n"), stream(""), noMore}, nil,
			nil, []time.Duration{s, 2 * s, 4 * s}, nil, ""},
		{"even when the server asks for no wait", []answer{stream("retry: 0\n"), stream(""), stream(""), noMore}, nil,
			nil, []time.Duration{0, 200 * ms, 400 * ms}, nil, ""},
		{"429 is waited out as it asks", []answer{{status: 429, header: http.Header{"Retry-After": {"7"}}}, stream("data: a\n\n"), noMore}, nil,
			[]string{"a"}, []time.Duration{7 * s, s}, nil, ""},
		{"but not for too long", []answer{{status: 429, header: http.Header{"Retry-After": {"61"}}}}, nil, nil, nil, nil, "sse: the server asks for a wait of 1m1s, MaxWait is 1m0s: 429 Client Error"},
		{"404 is final", []answer{{status: 404}}, nil, nil, nil, nil, "404 Client Error"},
		{"201 is final", []answer{{status: 201}}, nil, nil, nil, nil, "read events GET http://events.test/: status 201 is no stream of events"},
		{"another content type is final", []answer{{contentType: "text/html", content: "data: a\n\n"}}, nil, nil, nil, nil, `content of type "text/html"`},
		{"parameters of the type are not", []answer{{contentType: "Text/Event-Stream; charset=utf-8", content: "data: a\n\n"}, noMore}, nil,
			[]string{"a"}, []time.Duration{s}, nil, ""},
		{"an event that is too large is final", []answer{stream("data: abcdefgh\n\n")}, &sse.Options{MaxEvent: 8}, nil, nil, nil, "read events GET http://events.test/: sse: a line of more than 8 bytes: event is larger than MaxEvent"},
		{"a circuit that is open is waited out", []answer{stream("data: a\n\n"), open, open, stream("data: b\n\n"), noMore}, nil,
			[]string{"a", "b"}, []time.Duration{s, s, 2 * s, s}, nil, ""},
		{"retries of a layer below that are used up", []answer{{err: &adapters.RetryError{Response: &http.Response{StatusCode: 503}}}, stream("data: a\n\n"), noMore}, nil,
			[]string{"a"}, []time.Duration{s, s}, nil, ""},
		{"trust that was refused is final", []answer{{err: requests.ErrTLS}}, nil, nil, nil, nil, "TLS"},
		{"an error of unknown kind is final", []answer{{err: errors.New("odd")}}, nil, nil, nil, nil, "odd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &script{answers: c.answers}
				data, err := collect(t.Context(), server.session(t), c.options, -1)
				if c.err == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, c.err)
				}
				assert.Equal(t, c.data, data)
				require.Len(t, server.at, len(c.waits)+1)
				for i, least := range c.waits {
					waited := server.at[i+1] - server.at[i]
					assert.GreaterOrEqual(t, waited, least, "wait %d", i+1)
					assert.LessOrEqual(t, waited, least+least/4+time.Nanosecond, "wait %d", i+1)
				}
				for i, id := range c.lastIDs {
					assert.Equal(t, id, server.sent[i].Get("Last-Event-ID"), "connection %d", i+1)
				}
				assert.Zero(t, server.open, "every body is closed")
			})
		})
	}
}

func TestEvents_AsksForAStream(t *testing.T) {
	server := &script{answers: []answer{stream("data: a\n\n")}}
	s := server.session(t, requests.WithHeader("Accept", "application/json"), requests.WithAuth(auth.Bearer("t0ken")),
		requests.WithRaiseForStatus(true), requests.WithStream(false))
	_, err := collect(t.Context(), s, nil, 1, requests.WithHeader("X-Own", "1"), requests.WithStream(false))
	require.NoError(t, err)
	assert.Equal(t, []string{"text/event-stream"}, server.sent[0]["Accept"])
	assert.Equal(t, []string{"no-store"}, server.sent[0]["Cache-Control"])
	assert.Equal(t, []string{"1"}, server.sent[0]["X-Own"])
	assert.Equal(t, []string{"Bearer t0ken"}, server.sent[0]["Authorization"])
	assert.NotContains(t, server.sent[0], "Last-Event-Id")
	assert.Zero(t, server.open, "leaving the loop closes the body")
}

func TestEvents_EndsWithItsContext(t *testing.T) {
	hangs := answer{content: "data: a\n\n", hangs: true}
	for _, c := range []struct {
		name    string
		answers []answer
		context func(context.Context) (context.Context, context.CancelFunc)
		want    error
		after   time.Duration
	}{
		{"while it waits for an event", []answer{hangs}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 5*time.Second)
		}, context.DeadlineExceeded, 5 * time.Second},
		{"while it waits to connect again", []answer{stream("retry: 50000\ndata: a\n\n")}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 5*time.Second)
		}, context.DeadlineExceeded, 5 * time.Second},
		{"with its cause", []answer{hangs}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, 5*time.Second, errShutdown)
		}, errShutdown, 5 * time.Second},
		{"with its cause, waiting to connect", []answer{stream("retry: 50000\ndata: a\n\n")}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, 5*time.Second, errShutdown)
		}, errShutdown, 5 * time.Second},
		{"with what another call met", []answer{hangs}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return cancelledLater(ctx, &requests.StatusError{StatusCode: 404})
		}, context.Canceled, 5 * time.Second},
		{"with what another call met, waiting to connect", []answer{stream("retry: 50000\ndata: a\n\n")}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return cancelledLater(ctx, fmt.Errorf("another: %w", requests.ErrReadTimeout))
		}, context.Canceled, 5 * time.Second},
		{"before the first connection", []answer{hangs}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		}, context.Canceled, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &script{answers: c.answers}
				ctx, cancel := c.context(t.Context())
				defer cancel()
				began := time.Now()
				_, err := collect(ctx, server.session(t), nil, -1)
				require.ErrorIs(t, err, c.want)
				require.ErrorIs(t, err, ctx.Err())
				require.ErrorIs(t, err, context.Cause(ctx))
				assert.Equal(t, errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, requests.ErrTimeout) || errors.Is(err, context.DeadlineExceeded))
				assert.False(t, errors.As(err, new(*requests.StatusError)))
				assert.Equal(t, c.after, time.Since(began))
				assert.Zero(t, server.open)
			})
		})
	}
}

// cancelledLater is ctx until somebody cancels it, after 5 s and for cause.
func cancelledLater(ctx context.Context, cause error) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	time.AfterFunc(5*time.Second, func() { cancel(cause) })
	return ctx, func() { cancel(nil) }
}

var errShutdown = errors.New("shutdown")

func TestEvents_Timeouts(t *testing.T) {
	for _, c := range []struct {
		name    string
		session []requests.Option
		options *sse.Options
		opts    []requests.Option
		want    []time.Duration // when each connection is made, without jitter
	}{
		{"the session's read timeout replaces a silent connection", []requests.Option{requests.WithTimeouts(requests.Timeouts{Read: 10 * time.Second})}, nil, nil,
			[]time.Duration{0, 11 * time.Second, 22 * time.Second, 33 * time.Second, 44 * time.Second}},
		{"Silence is instead of it", nil, &sse.Options{Silence: 30 * time.Second}, nil, []time.Duration{0, 31 * time.Second}},
		{"negative waits for ever", nil, &sse.Options{Silence: -1}, nil, []time.Duration{0}},
		{"the session's total does not bound a stream", []requests.Option{requests.WithTimeout(5 * time.Second)}, &sse.Options{Silence: -1}, nil, []time.Duration{0}},
		{"the call's does", nil, nil, []requests.Option{requests.WithTimeout(20 * time.Second)}, []time.Duration{0, 21 * time.Second, 42 * time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &script{answers: []answer{{content: "data: a\n\n", hangs: true}}}
				base := timeouts{server}
				s, err := requests.NewSession(append(c.session, requests.WithAdapter("http://", base), requests.WithEnvironment(false))...)
				require.NoError(t, err)
				defer s.Close()
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
				defer cancel()
				_, err = collect(ctx, s, c.options, -1, c.opts...)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Len(t, server.at, len(c.want))
				for i, at := range c.want {
					assert.InDelta(t, at.Seconds(), server.at[i].Seconds(), 0.25*float64(i)+0.001)
				}
			})
		})
	}
}

// timeouts keeps the read timeout as the adapters that use a network do.
type timeouts struct{ base http.RoundTripper }

func (a timeouts) RoundTrip(r *http.Request) (*http.Response, error) {
	set, _ := adapters.SettingsFrom(r.Context())
	if set.Read <= 0 {
		return a.base.RoundTrip(r)
	}
	ctx, cancel := context.WithCancel(r.Context())
	resp, err := a.base.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = &timedBody{resp.Body, set.Read, cancel, ctx}
	return resp, nil
}

type timedBody struct {
	io.ReadCloser
	read   time.Duration
	cancel context.CancelFunc
	ctx    context.Context
}

func (b *timedBody) Read(p []byte) (int, error) {
	timer := time.AfterFunc(b.read, b.cancel)
	n, err := b.ReadCloser.Read(p)
	if !timer.Stop() && err != nil && err != io.EOF {
		err = requests.ErrReadTimeout
	}
	return n, err
}

func (b *timedBody) Close() error {
	b.cancel()
	return b.ReadCloser.Close()
}

func TestEvents_OnReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &script{answers: []answer{stream("retry: 40\ndata: a\n\n"), {status: 503}, {content: "data: b\n\n", then: io.ErrUnexpectedEOF}, noMore}}
		var why []string
		var waited time.Duration
		_, err := collect(t.Context(), server.session(t), &sse.Options{OnReconnect: func(err error, wait time.Duration) {
			why = append(why, fmt.Sprint(err))
			waited += wait
		}}, -1)
		require.NoError(t, err)
		assert.Equal(t, waited, server.at[len(server.at)-1])
		require.Len(t, why, 3)
		assert.Equal(t, "<nil>", why[0], "a stream that ended in good order")
		assert.Contains(t, why[1], "503 Server Error")
		assert.Contains(t, why[2], "truncated")
	})
}

func TestEvents_MayBeRangedOverAgain(t *testing.T) {
	server := &script{answers: []answer{stream("id: 1\ndata: a\n\n"), stream("id: 2\ndata: b\n\n")}}
	events := sse.Events(t.Context(), server.session(t), "http://events.test/", &sse.Options{Wait: time.Nanosecond})
	for range 2 {
		for e, err := range events {
			require.NoError(t, err)
			if e.Data == "b" {
				break
			}
		}
	}
	assert.Equal(t, "", server.sent[0].Get("Last-Event-ID"))
	assert.Equal(t, "1", server.sent[1].Get("Last-Event-ID"))
	assert.Equal(t, "", server.sent[2].Get("Last-Event-ID"), "it begins anew")
}

// Over a real server: events arrive as they are flushed, and credentials stay
// home when the stream is redirected to another origin.
func TestEvents_OverTheWire(t *testing.T) {
	gate := make(chan struct{})
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Empty(t, r.Header.Get("Authorization"))
		assert.Equal(t, "41", r.Header.Get("Last-Event-ID"))
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "id: %d\ndata: %d\n\n", i, i)
			w.(http.Flusher).Flush()
			select {
			case <-gate: // the next event is sent when this one was had
			case <-r.Context().Done():
				return
			}
		}
	}))
	defer other.Close()
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "Bearer t0ken", r.Header.Get("Authorization"))
		http.Redirect(w, r, other.URL+"/stream", http.StatusFound)
	}))
	defer home.Close()
	s, err := requests.NewSession(requests.WithAuth(auth.Bearer("t0ken")), requests.WithBaseURL(home.URL))
	require.NoError(t, err)
	defer s.Close()
	n := 0
	for e, err := range sse.Events(t.Context(), s, "events", &sse.Options{LastEventID: "41"}) {
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprint(n), e.Data)
		if n++; n == 3 {
			break
		}
		gate <- struct{}{}
	}
}

// cutting is a listener that ends the next connections before they speak TLS,
// as a server does that restarts or has too many of them.
type cutting struct {
	net.Listener
	next   atomic.Int64 // how many
	resets bool         // and not orderly
}

func (c *cutting) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil || c.next.Add(-1) < 0 {
			return conn, err
		}
		if c.resets {
			conn.(*net.TCPConn).SetLinger(0)
		}
		conn.Close()
	}
}

func TestEvents_HandshakesThatAreCut(t *testing.T) {
	for name, resets := range map[string]bool{"in good order": false, "by a reset": true} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				w.Header().Set("Connection", "close")
				io.WriteString(w, "retry: 1\ndata: x\n\n")
			}))
			cuts := &cutting{Listener: server.Listener, resets: resets}
			server.Listener = cuts
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			defer server.Close()
			s, err := requests.NewSession(requests.WithVerify(false), requests.WithEnvironment(false))
			require.NoError(t, err)
			defer s.Close()
			n := 0
			for _, err := range sse.Events(t.Context(), s, server.URL, &sse.Options{MaxWait: time.Millisecond}) {
				require.NoError(t, err)
				if n++; n == 4 {
					break
				}
				cuts.next.Store(2)
			}
		})
	}
}

func TestEvents_LeftAnywhere(t *testing.T) {
	for position := 1; position <= 4; position++ {
		server := &script{answers: []answer{stream("data: 1\n\ndata: 2\n\n"), {content: "data: 3\n\ndata: 4\n\n", hangs: true}}}
		data, err := collect(t.Context(), server.session(t), &sse.Options{Wait: time.Nanosecond}, position)
		require.NoError(t, err)
		assert.Len(t, data, position)
		assert.Zero(t, server.open, "left after %d", position)
	}
}

func TestEvents_OverHTTP2(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "retry: 1\nid: %s1\ndata: after %q\n\n", r.Header.Get("Last-Event-ID"), r.Header.Get("Last-Event-ID"))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	s, err := requests.NewSession(requests.WithEnvironment(false), requests.WithTLS(requests.TLS{RootCAs: roots}))
	require.NoError(t, err)
	defer s.Close()
	var data []string
	for e, err := range sse.Events(t.Context(), s, server.URL, nil) {
		require.NoError(t, err)
		if data = append(data, e.Data); len(data) == 3 {
			break
		}
	}
	assert.Equal(t, []string{`after ""`, `after "1"`, `after "11"`}, data)
}

func BenchmarkRead(b *testing.B) {
	const n = 1000
	stream := strings.Repeat("id: 12345\nevent: price\ndata: {\"symbol\":\"YHOO\",\"price\":41.5,\"change\":2}\n\n", n)
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		events := 0
		for _, err := range sse.Read(strings.NewReader(stream), nil) {
			if err != nil {
				b.Fatal(err)
			}
			events++
		}
		if events != n {
			b.Fatal(events)
		}
	}
}

// silent is a server that never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

// Whichever way the context ends a connection that is being made, the error
// says for which URL.
func TestEvents_ContextEndsWhileConnecting(t *testing.T) {
	gone := errors.New("gone")
	for _, c := range []struct {
		name string
		end  func(context.Context) (context.Context, context.CancelFunc)
		want error
	}{
		{"by its deadline", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 5*time.Second)
		}, context.DeadlineExceeded},
		{"by being cancelled", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(5*time.Second, cancel)
			return ctx, cancel
		}, context.Canceled},
		{"with a cause", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(5*time.Second, func() { cancel(gone) })
			return ctx, func() { cancel(nil) }
		}, gone},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := requests.NewSession(requests.WithAdapter("http://", silent{}), requests.WithEnvironment(false))
				require.NoError(t, err)
				defer s.Close()
				ctx, cancel := c.end(t.Context())
				defer cancel()
				_, err = collect(ctx, s, nil, -1)
				require.ErrorIs(t, err, c.want)
				require.ErrorIs(t, err, ctx.Err())
				var e *requests.Error
				if assert.ErrorAs(t, err, &e) {
					assert.Equal(t, "http://events.test/", e.URL)
				}
			})
		})
	}
}
