package requests_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
)

// What signs its own requests must find them on the wire as it signed them.
func TestRoundTripper(t *testing.T) {
	coded := zipped(t, content)
	w := newReplies(t,
		reply(302, "", "Location: /elsewhere", "Set-Cookie: a=1"),
		reply(401, "", "WWW-Authenticate: Basic realm=x"),
		reply(200, coded, "Content-Encoding: gzip"))
	s := newSession(t, requests.WithHeader("X-Session", "1"), requests.WithAuth(auth.Basic("u", "p")), requests.WithParam("q", "1"),
		requests.WithCookie(&http.Cookie{Name: "k", Value: "v"}))
	seen := 0
	s.Hooks().Send.PushBack(func(*requests.Exchange) error { seen++; return nil })
	c := &http.Client{
		Transport:     s.RoundTripper(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for i, status := range []int{302, 401, 200} {
		resp, body := send(t, c, "GET", w.URL+"/p", nil, "X-Own: 1", "Accept-Encoding: identity", "User-Agent: own")
		assert.Equal(t, status, resp.StatusCode)
		assert.Equal(t, []string{"Host: " + w.Addr, "User-Agent: own", "Accept-Encoding: identity", "X-Own: 1"}, w.Last(t).Fields)
		assert.Equal(t, "/p", w.Last(t).Target())
		if i == 2 {
			assert.Equal(t, coded, body, "in the coding that it was sent in")
		}
	}
	assert.Equal(t, 3, seen, "the hooks of exchanges run")
	for range s.Cookies().All() {
		assert.Fail(t, "a cookie was kept")
	}

	require.NoError(t, s.Mount(w.URL, named("mounted later")))
	_, body := send(t, c, "GET", w.URL, nil)
	assert.Equal(t, "mounted later", body, "the session's adapters of that moment")
	require.NoError(t, s.Close())
	_, err := s.RoundTripper().RoundTrip(newHTTP(t, "GET", w.URL, nil))
	require.ErrorIs(t, err, requests.ErrSessionClosed)
}

func TestNewRequest(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	s := newSession(t, requests.WithBaseURL(w.URL), requests.WithHeader("X-Team", "core"))
	r, err := requests.NewRequest("post", "orders", requests.WithJSON(map[string]int{"n": 1}), requests.WithParam("dry", "1"), requests.WithoutHeader("X-Team"))
	require.NoError(t, err)
	for range 2 { // as often as one likes
		_, err = s.Do(t.Context(), r)
		require.NoError(t, err)
		got := w.Last(t)
		assert.Equal(t, "POST /orders?dry=1 HTTP/1.1", got.Line)
		assert.Equal(t, `{"n":1}`, got.Body)
		assert.Equal(t, []string{"Content-Type: application/json"}, linesOf(got, "Content-Type"))
		assert.Empty(t, linesOf(got, "X-Team"))
	}
	e, err := s.Explain(t.Context(), r)
	require.NoError(t, err)
	f, ok := e.Fact("header", "Content-Type")
	assert.True(t, ok)
	assert.Equal(t, "application/json", f.Value)

	_, err = requests.NewRequest("GET", "/", requests.WithJSON(1), requests.WithForm(url.Values{"a": {"1"}}), requests.WithHeader("a b", "c"), requests.WithCookieJar(nil))
	require.ErrorIs(t, err, requests.ErrInvalidHeader)
	require.ErrorContains(t, err, "only a session takes this option")
	require.ErrorContains(t, err, "the body is already set")
	_, err = requests.NewRequest("GE T", "/")
	require.ErrorIs(t, err, requests.ErrInvalidHeader)
	require.ErrorContains(t, err, "GE T")
}

func TestTransportOption(t *testing.T) {
	s := newSession(t, requests.WithAdapter("http://longer.test/", named("longer")), requests.WithTransport(named("all")))
	for url, want := range map[string]string{"http://a.test/": "all", "https://a.test/": "all", "http://longer.test/x": "longer"} {
		got, err := requests.Text(s.Get(t.Context(), url))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err := requests.NewSession(requests.WithTransport(nil))
	require.EqualError(t, err, "new session: WithTransport: the adapter is nil")
	_, err = s.Get(t.Context(), "http://a.test/", requests.WithTransport(named("call")))
	require.ErrorContains(t, err, "only a session takes this option")
}
