package requests_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

var sentinels = map[string]error{
	"ErrTimeout": requests.ErrTimeout, "ErrConnectTimeout": requests.ErrConnectTimeout, "ErrReadTimeout": requests.ErrReadTimeout,
	"ErrConnection": requests.ErrConnection, "ErrProxy": requests.ErrProxy, "ErrTLS": requests.ErrTLS,
	"ErrTooManyRedirects": requests.ErrTooManyRedirects, "ErrInsecureRedirect": requests.ErrInsecureRedirect,
	"ErrInvalidURL": requests.ErrInvalidURL, "ErrMissingScheme": requests.ErrMissingScheme, "ErrNoAdapter": requests.ErrNoAdapter,
	"ErrInvalidHeader": requests.ErrInvalidHeader, "ErrInvalidProxyURL": requests.ErrInvalidProxyURL,
	"ErrContentDecoding": requests.ErrContentDecoding, "ErrTruncated": requests.ErrTruncated, "ErrInvalidJSON": requests.ErrInvalidJSON,
	"ErrBodyTooLarge": requests.ErrBodyTooLarge, "ErrBodyNotReplayable": requests.ErrBodyNotReplayable, "ErrBodyConsumed": requests.ErrBodyConsumed,
	"ErrRetriesExhausted": requests.ErrRetriesExhausted, "ErrBlockedAddress": requests.ErrBlockedAddress, "ErrSessionClosed": requests.ErrSessionClosed,
}

// ancestors is the hierarchy of R194, written out.
var ancestors = map[string][]string{
	"ErrConnectTimeout":  {"ErrTimeout", "ErrConnection"},
	"ErrReadTimeout":     {"ErrTimeout"},
	"ErrProxy":           {"ErrConnection"},
	"ErrTLS":             {"ErrConnection"},
	"ErrMissingScheme":   {"ErrInvalidURL"},
	"ErrInvalidProxyURL": {"ErrInvalidURL"},
	"ErrBlockedAddress":  {"ErrConnection"},
	"ErrTruncated":       {"ErrConnection"},
}

func TestErrors_Hierarchy(t *testing.T) {
	for name, err := range sentinels {
		require.Error(t, err, name)
		is := []string{name}
		for other, target := range sentinels {
			if other != name && errors.Is(err, target) {
				is = append(is, other)
			}
		}
		assert.ElementsMatch(t, append([]string{name}, ancestors[name]...), is, "R194 %s", name)
		assert.NotContains(t, err.Error(), "\n")
		if name != "ErrTLS" && name != "ErrMissingScheme" { // which begin with TLS and URL
			assert.Equal(t, strings.ToLower(err.Error()[:1]), err.Error()[:1], "lower case: %s", err)
		}
	}
	assert.Same(t, adapters.ErrBlockedAddress, requests.ErrBlockedAddress, "the leaf's and the root's are one value")
}

func TestErrors_InAnError(t *testing.T) {
	// An Error is transparent, wherever it stands in a chain.
	for name, target := range sentinels {
		err := fmt.Errorf("the caller's: %w", &requests.Error{Op: "send", Method: "GET", URL: "http://api.test/", Err: target})
		require.ErrorIs(t, err, target, name)
		var e *requests.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, errors.Is(target, requests.ErrTimeout), e.Timeout(), name)
		assert.False(t, e.Temporary())
		var n net.Error
		require.ErrorAs(t, err, &n, "R194 every Error is a net.Error")
	}
	assert.Equal(t, "send GET http://api.test/: boom", (&requests.Error{Op: "send", Method: "GET", URL: "http://api.test/", Err: errors.New("boom")}).Error())
	assert.Equal(t, "new session: boom", (&requests.Error{Op: "new session", Err: errors.New("boom")}).Error())
	assert.True(t, (&requests.Error{Op: "send", Err: context.DeadlineExceeded}).Timeout())
	assert.False(t, (&requests.Error{Op: "send", Err: context.Canceled}).Timeout())
}

func TestErrors_OfEveryKind(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	closedAddr := strings.TrimPrefix(closed.URL, "http://")
	secure := quietTLSServer(t)
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	refusing := newReplies(t, reply(403, "no"))
	loop := newWire(t, func(r wireRequest) string { return redirectTo(302, r.Path()+"x") })
	bad := newReplies(t, "garbage\r\n\r\n")
	okay := newReplies(t, reply(200, "x"))
	nameless := adapters.New(adapters.Options{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no name server is asked")
	}}})
	defer nameless.Close()

	for _, c := range []struct {
		name, url string
		opts      []requests.Option
		is        error
		op        string
	}{
		{"R169 refused", closed.URL, nil, requests.ErrConnection, "send"},
		{"R169 a bad status line", bad.URL, nil, requests.ErrConnection, "send"},
		{"R169 a name that is none", "http://no-such-host.test/", nil, requests.ErrConnection, "send"},
		{"R169 TLS without trust", secure.URL, nil, requests.ErrTLS, "send"},
		{"R169 TLS to a server without", "https" + strings.TrimPrefix(plain.URL, "http"), nil, requests.ErrTLS, "send"},
		{"R169 a proxy that is not there", okay.URL, []requests.Option{requests.WithProxy("http://" + closedAddr)}, requests.ErrProxy, "send"},
		{"R169 a proxy that refuses", "https://api.test/", []requests.Option{requests.WithProxy(refusing.URL)}, requests.ErrProxy, "send"},
		{"R169 too many redirects", loop.URL + "/", []requests.Option{requests.WithMaxRedirects(2)}, requests.ErrTooManyRedirects, "send"},
		{"R169 a bad port", "http://h.test:99999/", nil, requests.ErrInvalidURL, "prepare"},
		{"R31 no scheme", "h.test/", nil, requests.ErrMissingScheme, "prepare"},
		{"no adapter", "ftp://h.test/", nil, requests.ErrNoAdapter, "prepare"},
		{"a bad header", okay.URL, []requests.Option{requests.WithHeader("A", "b\nc")}, requests.ErrInvalidHeader, "prepare"},
		{"a bad proxy", okay.URL, []requests.Option{requests.WithProxy("::")}, requests.ErrInvalidProxyURL, "prepare"},
		{"a value that is no JSON", okay.URL, []requests.Option{requests.WithJSON(func() {})}, requests.ErrInvalidJSON, "prepare"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, requests.WithAdapter("http://no-such-host.test", nameless))
			r, err := s.Get(t.Context(), c.url, c.opts...)
			require.Nil(t, r)
			require.ErrorIs(t, err, c.is)
			var e *requests.Error
			require.ErrorAs(t, err, &e, "R194 one type carries what and where")
			assert.Equal(t, c.op, e.Op)
			assert.Equal(t, "GET", e.Method)
			assert.NotNil(t, e.Err)
			assert.False(t, errors.As(err, new(*url.Error)), "a *url.Error has the whole URL in its text")
			assert.Equal(t, 1, strings.Count(err.Error(), e.Err.Error()), "each layer adds its part once: %s", err)
			require.NotErrorIs(t, err, requests.ErrTimeout)
		})
	}
}

func TestErrors_OfAdaptersThatAreNotOurs(t *testing.T) {
	opErr := &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
	for _, c := range []struct {
		name     string
		err      error
		is, isnt []error
	}{
		{"its own error stays as it is", errors.New("odd"), nil, []error{requests.ErrConnection, requests.ErrTimeout}},
		{"a *url.Error is opened", &url.Error{Op: "Get", URL: "http://api.test/?token=x", Err: opErr}, []error{requests.ErrConnection}, nil},
		{"package net's are connections", opErr, []error{requests.ErrConnection}, []error{requests.ErrTimeout}},
		{"a look-up that failed", &net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}, []error{requests.ErrConnection}, nil},
		{"EOF before the header", io.EOF, []error{requests.ErrConnection}, nil},
		{"an unexpected EOF", io.ErrUnexpectedEOF, []error{requests.ErrConnection}, nil},
		{"a timeout", &net.DNSError{Err: "timeout", IsTimeout: true}, []error{requests.ErrTimeout}, nil},
		{"a cancellation that is not the caller's", context.Canceled, []error{context.Canceled}, []error{requests.ErrTimeout}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, requests.WithAdapter("http://", adapters.Func(func(*http.Request) (*http.Response, error) { return nil, c.err })))
			_, err := s.Get(t.Context(), "http://api.test/")
			var e *requests.Error
			require.ErrorAs(t, err, &e)
			assert.False(t, errors.As(err, new(*url.Error)))
			for _, is := range c.is {
				require.ErrorIs(t, err, is)
			}
			for _, isnt := range c.isnt {
				require.NotErrorIs(t, err, isnt)
			}
			if inner := errors.Unwrap(c.err); inner == nil {
				require.ErrorIs(t, err, c.err, "the cause is kept")
			}
		})
	}
}

// What reading the caller's own content met says nothing about the connection,
// whatever it would mean if it came from there.
func TestErrors_OfTheCallersContent(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	for name, met := range map[string]error{
		"a file that is closed":       os.ErrClosed,
		"content of another download": io.ErrUnexpectedEOF,
		"another connection":          &net.OpError{Op: "read", Net: "tcp", Err: errors.New("broken")},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t)
			_, err := s.Put(t.Context(), server.URL, requests.WithBody(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(met))))
			require.ErrorIs(t, err, met)
			assert.NotErrorIs(t, err, requests.ErrConnection)
			assert.ErrorContains(t, err, ": content of the request: "+met.Error())
		})
	}
}

func TestErrors_OfAPlainTransportBehindAFunc(t *testing.T) {
	// Whatever lies around net/http's own transport, its errors are known again.
	secure := quietTLSServer(t)
	bad := newReplies(t, "garbage\r\n\r\n")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	s := newSession(t, requests.WithAdapter("http://", adapters.Func(transport.RoundTrip)), requests.WithAdapter("https://", adapters.Func(transport.RoundTrip)))
	_, err := s.Get(t.Context(), secure.URL)
	require.ErrorIs(t, err, requests.ErrTLS)
	_, err = s.Get(t.Context(), bad.URL)
	require.Error(t, err)
	w := newReplies(t, reply(200, "abc", "Content-Length: 10", "Connection: close"))
	_, err = s.Get(t.Context(), w.URL)
	require.ErrorIs(t, err, requests.ErrTruncated)
}

// quietTLSServer does not log the handshakes that fail.
func quietTLSServer(t *testing.T) *httptest.Server {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestErrors_OfASessionThatIsClosed(t *testing.T) {
	w := newReplies(t, reply(200, "x"))
	s, err := requests.NewSession()
	require.NoError(t, err)
	p, err := s.Prepare(t.Context(), &requests.Request{URL: w.URL})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())

	_, err = s.Get(t.Context(), w.URL)
	require.ErrorIs(t, err, requests.ErrSessionClosed, "D55")
	_, err = s.Send(p)
	require.ErrorIs(t, err, requests.ErrSessionClosed, "D55")
	_, err = s.Copy()
	require.ErrorIs(t, err, requests.ErrSessionClosed, "D55")
	_, err = s.HTTPClient().Get(w.URL)
	require.ErrorIs(t, err, requests.ErrSessionClosed, "D55")
	for _, err = range requests.Pages(t.Context(), s, w.URL) {
	}
	require.ErrorIs(t, err, requests.ErrSessionClosed, "D55")
	assert.Empty(t, w.Requests())
}

func TestClose_OfSessionsThatShareAPool(t *testing.T) {
	w := newReplies(t, reply(200, "x"))
	first := newSession(t)
	second, err := first.Copy()
	require.NoError(t, err)
	_, err = first.Get(t.Context(), w.URL)
	require.NoError(t, err)
	require.NoError(t, first.Close())
	_, err = second.Get(t.Context(), w.URL)
	require.NoError(t, err, "D55 the pool closes with its last session")
	assert.Equal(t, 1, w.Accepted(), "it is the same pool")
	require.NoError(t, second.Close())
	eventually(t, func() bool { return w.Open() == 0 }, "D55 and then its connections are closed")
}

func TestClose_LetsCallsInFlightFinish(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	w := newWire(t, func(wireRequest) string {
		close(entered)
		<-leave
		return reply(200, "in time")
	})
	s := newSession(t)
	type outcome struct {
		text string
		err  error
	}
	done := make(chan outcome)
	go func() {
		text, err := requests.Text(s.Get(context.WithoutCancel(t.Context()), w.URL))
		done <- outcome{text, err}
	}()
	<-entered
	require.NoError(t, s.Close())
	close(leave)
	assert.Equal(t, outcome{"in time", nil}, <-done)
	eventually(t, func() bool { return w.Open() == 0 }, "no connection outlives the last call")
}

func TestClose_LeavesMountedAdaptersAlone(t *testing.T) {
	w := newReplies(t, reply(200, "x"))
	mine := adapters.New(adapters.Options{})
	defer mine.Close()
	for range 2 {
		s := newSession(t, requests.WithAdapter("http://", mine))
		_, err := s.Get(t.Context(), w.URL)
		require.NoError(t, err)
		require.NoError(t, s.Close())
	}
	assert.Equal(t, 1, w.Accepted(), "D72 its connection is still there for the next session")
}

// eventually waits for what another goroutine brings about, yielding to it.
func eventually(t *testing.T, is func() bool, why string) {
	t.Helper()
	require.Eventually(t, is, 10*time.Second, time.Millisecond, why)
}
