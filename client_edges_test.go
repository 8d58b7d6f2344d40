package requests_test

import (
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
)

// An exchange that fails gives no response, an error of the library's, and
// closes the body it was given.
func TestHTTPClient_refusals(t *testing.T) {
	broken := errors.New("broken")
	failing := requests.WithAdapter("http://", adapters.Func(func(*http.Request) (*http.Response, error) { return nil, broken }))
	for _, tt := range []struct {
		name  string
		url   string
		opts  []requests.Option
		close bool
		is    error
	}{
		{"the session is closed", "http://a.test/", nil, true, requests.ErrSessionClosed},
		{"the authenticator fails", "http://a.test/", []requests.Option{requests.WithAuth(auth.Func(func(*http.Request) error { return broken }))}, false, broken},
		{"the adapter fails", "http://a.test/", []requests.Option{failing}, false, broken},
		{"there is no adapter", "ftp://a.test/", nil, false, requests.ErrNoAdapter},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSession(t, tt.opts...)
			c := s.HTTPClient()
			if tt.close {
				require.NoError(t, s.Close())
			}
			body := &watchedBody{Reader: strings.NewReader("content")}
			req := newHTTP(t, "POST", strings.Replace(tt.url, "a.test/", "u:s3cret@a.test/?token=s3cret", 1), nil)
			req.Body, req.ContentLength = body, 7
			_, err := c.Transport.RoundTrip(req)
			require.ErrorIs(t, err, tt.is)
			var e *requests.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "send", e.Op)
			assert.NotContains(t, err.Error(), "s3cret")
			assert.True(t, body.isClosed())
		})
	}
}

func TestHTTPClient_requestsAsTheyAre(t *testing.T) {
	t.Run("a request without a header", func(t *testing.T) {
		h := newHosts(t, ok)
		u := &url.URL{Scheme: "http", Host: "a.test", Path: "/"}
		resp, err := h.Session(t, requests.WithHeader("X-Trace", "session")).HTTPClient().Transport.RoundTrip(&http.Request{Method: "GET", URL: u})
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, "session", h.Last(t).Header.Get("X-Trace"))
	})
	t.Run("a query that is no signature", func(t *testing.T) {
		h := newHosts(t, ok)
		send(t, h.Session(t, requests.WithAuth(auth.Bearer("b"))).HTTPClient(), "GET", "http://a.test/?signature=x&page=2", nil)
		assert.Equal(t, "Bearer b", h.Last(t).Header.Get("Authorization"))
	})
}

// A protocol that the server switches to has the connection as its body.
func TestHTTPClient_switchingProtocols(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	s := newSession(t, requests.WithAdapter("http://", adapters.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusSwitchingProtocols, Body: here}, nil
	})))
	resp, err := s.HTTPClient().Transport.RoundTrip(newHTTP(t, "GET", "http://a.test/", nil, "Connection: Upgrade", "Upgrade: echo"))
	require.NoError(t, err)
	defer resp.Body.Close()
	go io.WriteString(there, "hello")
	got := make([]byte, 5)
	_, err = io.ReadFull(resp.Body, got)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(got))
	assert.Implements(t, (*io.Writer)(nil), resp.Body)
}

// A content coding that cannot be undone is an error of the reading, as the
// header was received.
func TestHTTPClient_codingsThatAreRefused(t *testing.T) {
	w := newReplies(t, reply(200, "xx", "Content-Encoding: "+strings.Repeat("gzip, ", 20)+"gzip"))
	resp, err := newSession(t).HTTPClient().Do(newHTTP(t, "GET", w.URL, nil))
	require.NoError(t, err)
	defer resp.Body.Close()
	for range 2 {
		_, err = resp.Body.Read(make([]byte, 1))
		assert.ErrorIs(t, err, requests.ErrContentDecoding)
		assert.ErrorAs(t, err, new(*requests.Error))
	}
}

// cannotAnswer is an authenticator that fails at a challenge.
type cannotAnswer struct{ err error }

func (cannotAnswer) Authenticate(*http.Request) error         { return nil }
func (a cannotAnswer) Challenge(*http.Response) (bool, error) { return false, a.err }

// A challenge that the authenticator fails at is an error, and an error comes
// without a response: its body is closed.
func TestHTTPClient_challengesThatCannotBeAnswered(t *testing.T) {
	broken := errors.New("broken")
	body := &closeCounter{Reader: strings.NewReader("who are you")}
	s := newSession(t, requests.WithAuth(cannotAnswer{broken}), requests.WithAdapter("http://", adapters.Func(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusUnauthorized, Header: http.Header{"Www-Authenticate": {"Basic"}}, Body: body, ContentLength: -1, Request: r}, nil
	})))
	resp, err := s.HTTPClient().Transport.RoundTrip(newHTTP(t, "GET", "http://u:s3cret@a.test/?token=s3cret", nil))
	require.ErrorIs(t, err, broken)
	assert.Nil(t, resp)
	var e *requests.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "send", e.Op)
	assert.NotContains(t, err.Error(), "s3cret")
	assert.Positive(t, body.closed)
}

// Who drains what HTTPClient gave has to be able to end a Read that waits, also
// where the content is decoded on the way.
func TestHTTPClient_readOfCodedContentIsAborted(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, "begun")
		z.Flush()
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	resp, err := newSession(t).HTTPClient().Get(server.URL)
	require.NoError(t, err)
	defer resp.Body.Close()
	begun := make([]byte, len("begun"))
	_, err = io.ReadFull(resp.Body, begun)
	require.NoError(t, err)
	body, ok := resp.Body.(interface {
		Abort()
		CanAbort() bool
	})
	require.True(t, ok)
	assert.True(t, body.CanAbort())
	ended := make(chan error, 1)
	go func() {
		_, err := resp.Body.Read(begun)
		ended <- err
	}()
	body.Abort()
	require.Error(t, <-ended)
}
