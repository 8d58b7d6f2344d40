package requests_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

// echoServer is one that switches protocols, asked or not, and then answers lines
// until the client has no more. over is closed when the connection is.
func echoServer(t *testing.T) (url string, over chan struct{}) {
	over = make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(over)
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, rw, err := http.NewResponseController(w).Hijack()
		if !assert.NoError(t, err) {
			return
		}
		defer conn.Close()
		for {
			line, err := rw.ReadString('\n')
			if err != nil {
				io.WriteString(conn, "bye")
				return
			}
			fmt.Fprint(conn, "echo ", line)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, over
}

var upgrade = requests.WithHeaders(http.Header{"Connection": {"Upgrade"}, "Upgrade": {"echo"}})

// waysOfACall are ways to ask for a response.
var waysOfACall = map[string][]requests.Option{
	"":                        nil,
	" as a stream":            {requests.WithStream(true)},
	" within limits":          {requests.WithMiddleware((&adapters.Limit{InFlight: 1}).Wrap), requests.WithMaxBody(1)},
	" whose progress is seen": {requests.WithDownloadProgress(func(int64, int64) {})},
}

func TestSwitchedProtocols_theBodyIsTheConnection(t *testing.T) {
	for name, opts := range waysOfACall {
		t.Run("a call"+name, func(t *testing.T) {
			url, over := echoServer(t)
			s := newSession(t, opts...)
			r, err := s.Post(t.Context(), url, upgrade)
			require.NoError(t, err)
			assert.Empty(t, r.Bytes())
			require.NoError(t, r.Err(), "what is to come is left alone")
			conn, ok := r.Body.(io.ReadWriteCloser)
			require.True(t, ok, "%T", r.Body)
			lines := bufio.NewReader(conn)
			for range 3 {
				_, err = io.WriteString(conn, "hello\n")
				require.NoError(t, err)
				line, err := lines.ReadString('\n')
				require.NoError(t, err)
				assert.Equal(t, "echo hello\n", line)
			}
			require.NoError(t, conn.(interface{ CloseWrite() error }).CloseWrite())
			rest, err := io.ReadAll(lines)
			require.NoError(t, err)
			assert.Equal(t, "bye", string(rest))
			<-over
			require.NoError(t, r.Close())
			_, err = conn.Write([]byte("more"))
			require.ErrorIs(t, err, requests.ErrBodyConsumed)
		})
	}
}

func TestSwitchedProtocols_linesCanBeRangedOver(t *testing.T) {
	url, over := echoServer(t)
	r, err := newSession(t).Get(t.Context(), url, upgrade)
	require.NoError(t, err)
	_, err = io.WriteString(r.Body.(io.Writer), "a\nb\n")
	require.NoError(t, err)
	for line, err := range r.Lines() {
		require.NoError(t, err)
		if line == "echo b" {
			break
		}
	}
	<-over // the end of the loop has closed it
}

// What ends a connection, and a Read that waits.
func TestSwitchedProtocols_end(t *testing.T) {
	changed := errors.New("changed my mind")
	for _, c := range []struct {
		name string
		opts []requests.Option
		end  func(*requests.Response, context.CancelCauseFunc)
		is   error
	}{
		{"Close", nil, func(r *requests.Response, _ context.CancelCauseFunc) { r.Close() }, requests.ErrBodyConsumed},
		{"the context", nil, func(_ *requests.Response, cancel context.CancelCauseFunc) { cancel(changed) }, context.Canceled},
		{"Timeouts.Total", []requests.Option{requests.WithTimeout(50 * time.Millisecond)}, nil, requests.ErrTimeout},
	} {
		for name, opts := range waysOfACall {
			t.Run(c.name+" ends a call"+name, func(t *testing.T) {
				url, over := echoServer(t)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				r, err := newSession(t, append(opts, c.opts...)...).Get(ctx, url, upgrade)
				require.NoError(t, err)
				if c.end != nil {
					go c.end(r, cancel)
				}
				_, err = r.Body.Read(make([]byte, 1))
				require.ErrorIs(t, err, c.is)
				<-over
				_, err = r.Body.(io.Writer).Write([]byte("x"))
				require.Error(t, err)
				assert.ErrorAs(t, err, new(*requests.Error))
				require.NoError(t, r.Close())
			})
		}
	}
}

// Who asks for no other protocol does not close what comes of one.
func TestSwitchedProtocols_thatNobodyAskedForAreClosed(t *testing.T) {
	url, over := echoServer(t)
	r, err := newSession(t).Get(t.Context(), url)
	require.NoError(t, err)
	assert.Equal(t, http.StatusSwitchingProtocols, r.StatusCode)
	assert.Empty(t, r.Bytes())
	<-over
}

func TestSwitchedProtocols_collectorsAndErrorsCloseThem(t *testing.T) {
	url, over := echoServer(t)
	_, err := requests.Bytes(newSession(t).Get(t.Context(), url, upgrade))
	require.NoError(t, err)
	<-over

	url, over = echoServer(t)
	complete := new(requests.Hooks)
	complete.Complete.PushBack(func(*requests.Result) error { return errHook })
	_, err = newSession(t, requests.WithHooks(complete)).Get(t.Context(), url, upgrade)
	require.ErrorIs(t, err, errHook)
	<-over
}

// An adapter's connection may be unable to end one side alone.
func TestSwitchedProtocols_ofAnAdapter(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	s := newSession(t, requests.WithTransport(adapters.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusSwitchingProtocols, Body: here}, nil
	})))
	r, err := s.Get(t.Context(), "http://a.test/", upgrade)
	require.NoError(t, err)
	assert.ErrorIs(t, r.Body.(interface{ CloseWrite() error }).CloseWrite(), http.ErrNotSupported)
	require.NoError(t, r.Close())
	_, err = there.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
}

// A protocol after the switch may be silent for as long as it likes.
func TestSwitchedProtocols_silenceIsNoEnd(t *testing.T) {
	url, _ := echoServer(t)
	r, err := newSession(t, requests.WithTimeouts(requests.Timeouts{Read: 50 * time.Millisecond})).Get(t.Context(), url, upgrade)
	require.NoError(t, err)
	time.AfterFunc(150*time.Millisecond, func() { r.Body.(interface{ CloseWrite() error }).CloseWrite() })
	rest, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	assert.Equal(t, "bye", string(rest))
}
