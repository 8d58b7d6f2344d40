package requests_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
)

// challenger is an authenticator that answers "WWW-Authenticate: Test n=…"
// with the number it was last asked for.
type challenger struct {
	mu     sync.Mutex // guards the rest
	number string
	rounds int
	fail   error
	seen   []string // what a challenge's request had been sent with
}

func (c *challenger) Authenticate(r *http.Request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.number != "" {
		r.Header.Set("Authorization", "Test "+c.number)
	}
	return nil
}

func (c *challenger) Challenge(resp *http.Response) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rounds++
	c.seen = append(c.seen, resp.Request.Header.Get("Authorization"))
	if c.fail != nil {
		return false, c.fail
	}
	number, ok := strings.CutPrefix(resp.Header.Get("Www-Authenticate"), "Test n=")
	c.number = number
	return ok, nil
}

// waiting is a challenger that sets credentials in Send, as auth.Digest does.
type waiting struct{ challenger }

func (*waiting) Deferred() {}

// observing is a challenger that looks at every response of its origin.
type observing struct {
	waiting
	observed []string
}

func (o *observing) Observe(resp *http.Response) {
	o.observed = append(o.observed, strconv.Itoa(resp.StatusCode)+" "+resp.Request.URL.Host)
}

const asks = "WWW-Authenticate: Test n=1"

func TestChallenge_answered(t *testing.T) {
	for _, tt := range []struct {
		name string
		a    auth.Authenticator
	}{
		{"by an authenticator with the two methods", new(challenger)},
		{"by one that waits for Send", new(waiting)},
		{"by one that is bound", auth.For("http://a.test", new(challenger))},
		{"by one of several", auth.First(auth.For("http://b.test", auth.Bearer("x")), new(challenger))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Test 1" {
					w.Header().Set("Www-Authenticate", "Test n=1")
					w.WriteHeader(401)
				}
			})
			resp, err := h.Session(t).Get(t.Context(), "http://a.test/", requests.WithAuth(tt.a))
			require.NoError(t, err)
			assert.Equal(t, 200, resp.StatusCode)
			require.Len(t, resp.History, 1)
			assert.Equal(t, 401, resp.History[0].StatusCode)
			assert.Empty(t, resp.History[0].History)
		})
	}
}

func TestChallenge_wire(t *testing.T) {
	w := newReplies(t, reply(401, "who are you", asks), reply(200, "welcome"))
	a := new(waiting)
	s := newSession(t, requests.WithAuth(a))
	resp, err := s.Put(t.Context(), w.URL+"/x?q=1", requests.WithBody("content"), requests.WithHeader("X-Trace", "42"))
	require.NoError(t, err)
	all := w.Requests()
	require.Len(t, all, 2)
	assert.NotContains(t, all[0].Header, "Authorization", "the first goes without")
	assert.Equal(t, "PUT /x?q=1 HTTP/1.1", all[1].Line)
	assert.Equal(t, "Test 1", all[1].Header.Get("Authorization"))
	assert.Equal(t, "42", all[1].Header.Get("X-Trace"))
	assert.Equal(t, "content", all[1].Body)
	assert.Equal(t, 1, w.Accepted(), "the body of the challenge is drained and the connection used again")
	assert.Equal(t, "who are you", resp.History[0].Text())
	assert.Equal(t, "welcome", resp.Text())

	_, err = s.Get(t.Context(), w.URL)
	require.NoError(t, err)
	assert.Equal(t, "Test 1", w.Last(t).Header.Get("Authorization"), "later calls know")
	assert.Len(t, w.Requests(), 3)
}

func TestChallenge_roundsAreBounded(t *testing.T) {
	w := newWire(t, func(r wireRequest) string {
		return reply(401, "no", "WWW-Authenticate: Test n="+strconv.Itoa(r.Number))
	})
	a := new(waiting)
	resp, err := newSession(t).Get(t.Context(), w.URL, requests.WithAuth(a))
	require.NoError(t, err, "a 401 is a response")
	assert.Equal(t, 401, resp.StatusCode)
	assert.Equal(t, "no", resp.Text(), "the last one's body is the caller's")
	assert.Len(t, resp.History, 2)
	assert.Len(t, w.Requests(), 3, "two answers to one origin")
	assert.Equal(t, []string{"", "Test 1"}, a.seen, "the response's request has what was sent")
}

func TestChallenge_notAnswered(t *testing.T) {
	for _, tt := range []struct{ name, reply string }{
		{"D71 a 403", reply(403, "", asks)},
		{"D71 a 400", reply(400, "", asks)},
		{"D71 a 407 is the proxy's", reply(407, "", "Proxy-Authenticate: Test n=1")},
		{"a 200", reply(200, "", asks)},
		{"a 401 that the challenger knows no answer to", reply(401, "", "WWW-Authenticate: Other")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newReplies(t, tt.reply)
			resp, err := newSession(t).Get(t.Context(), w.URL, requests.WithAuth(new(waiting)))
			require.NoError(t, err)
			assert.Empty(t, resp.History)
			assert.Len(t, w.Requests(), 1)
		})
	}
	t.Run("a 401 without a challenger", func(t *testing.T) {
		w := newReplies(t, reply(401, "", asks))
		resp, err := newSession(t).Get(t.Context(), w.URL, requests.WithAuth(auth.Bearer("x")))
		require.NoError(t, err)
		assert.Equal(t, 401, resp.StatusCode)
		assert.Len(t, w.Requests(), 1)
	})
}

func TestChallenge_error(t *testing.T) {
	boom := errors.New("boom")
	w := newReplies(t, reply(401, "who", asks))
	_, err := newSession(t).Get(t.Context(), w.URL, requests.WithAuth(&waiting{challenger{fail: boom}}))
	require.ErrorIs(t, err, boom)
	var e *requests.Error
	require.ErrorAs(t, err, &e)
	require.NotNil(t, e.Response)
	assert.Equal(t, 401, e.Response.StatusCode)
	assert.Equal(t, "who", e.Response.Text())
}

func TestChallenge_cookies(t *testing.T) {
	t.Run("those of the challenge are stored and sent with the answer", func(t *testing.T) {
		w := newReplies(t, reply(401, "", asks, "Set-Cookie: stale=0; Max-Age=0", "Set-Cookie: fresh=1"), reply(200, ""))
		s := newSession(t)
		_, err := s.Get(t.Context(), w.URL, requests.WithAuth(new(waiting)))
		require.NoError(t, err)
		assert.Equal(t, "fresh=1", w.Last(t).Header.Get("Cookie"), "D23 rebuilt")
		assert.Equal(t, 1, s.Cookies().Len(), "R104")
	})
	t.Run("R102 a field of the caller's is sent with every answer", func(t *testing.T) {
		w := newReplies(t, reply(401, "", asks, "Set-Cookie: fresh=1"), reply(401, "", "WWW-Authenticate: Test n=2"), reply(200, ""))
		_, err := newSession(t).Get(t.Context(), w.URL, requests.WithAuth(new(waiting)), requests.WithHeader("Cookie", "m=1"))
		require.NoError(t, err)
		all := w.Requests()
		require.Len(t, all, 3)
		assert.Equal(t, []string{"m=1"}, all[1].Header["Cookie"])
		assert.Equal(t, []string{"m=1"}, all[2].Header["Cookie"])
	})
}

func TestChallenge_afterRedirect(t *testing.T) {
	guarded := func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/start":
			w.Header().Set("Location", r.URL.Query().Get("to"))
			w.WriteHeader(307)
		case r.Header.Get("Authorization") == "":
			w.Header().Set("Www-Authenticate", "Test n=1")
			w.WriteHeader(401)
		}
	}
	for _, tt := range []struct {
		name   string
		to     string
		a      auth.Authenticator
		status int
		n      int
	}{
		{"at the same origin is answered", "http://a.test/end", new(waiting), 200, 3},
		{"elsewhere draws no credentials out", "http://b.test/end", new(waiting), 401, 2},
		{"elsewhere draws none out of one with two methods", "http://b.test/end", new(challenger), 401, 2},
		{"elsewhere is answered by one bound to that origin", "http://b.test/end", auth.For("http://b.test", new(waiting)), 200, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, guarded)
			resp, err := h.Session(t).Get(t.Context(), "http://a.test/start", requests.WithParam("to", tt.to), requests.WithAuth(tt.a))
			require.NoError(t, err)
			assert.Equal(t, tt.status, resp.StatusCode)
			assert.Len(t, h.Arrivals(), tt.n)
		})
	}
	t.Run("R93 at each place that redirects to the next, by nonces for one use", func(t *testing.T) {
		var nonce int
		w := newWire(t, func(r wireRequest) string {
			if got := r.Header.Get("Authorization"); !strings.Contains(got, fmt.Sprintf(`nonce="%d"`, nonce)) || nonce == 0 {
				nonce++
				return reply(401, "", fmt.Sprintf(`Www-Authenticate: Digest realm="r", nonce="%d", qop="auth", stale=%v`, nonce, got != ""))
			}
			nonce++ // it is used up
			if place, _ := strconv.Atoi(r.Target()[1:]); place < 4 {
				return redirectTo(302, fmt.Sprintf("/%d", place+1))
			}
			return reply(200, "")
		})
		resp, err := newSession(t).Get(t.Context(), w.URL+"/0", requests.WithAuth(auth.Digest("u", "p")))
		require.NoError(t, err)
		assert.Equal(t, 200, resp.StatusCode)
		assert.Equal(t, "/4", resp.Request.URL.Path)
	})
	t.Run("elsewhere by Next draws no credentials out", func(t *testing.T) {
		for _, a := range []auth.Authenticator{new(waiting), new(challenger)} {
			h := newHosts(t, guarded)
			s := h.Session(t)
			resp, err := s.Get(t.Context(), "http://a.test/start", requests.WithParam("to", "http://b.test/end"), requests.WithAuth(a), requests.WithoutRedirects())
			require.NoError(t, err)
			resp, err = s.Send(resp.Next())
			require.NoError(t, err)
			assert.Equal(t, 401, resp.StatusCode)
			assert.Len(t, h.Arrivals(), 2)
		}
	})
}

func TestChallenge_known(t *testing.T) {
	t.Run("what is known does not go elsewhere", func(t *testing.T) {
		h := newHosts(t, redirectOnce(307, "http://b.test/end"))
		_, err := h.Session(t).Get(t.Context(), "http://a.test/start", requests.WithAuth(&waiting{challenger{number: "7"}}))
		require.NoError(t, err)
		assert.Equal(t, "Test 7", h.Arrivals()[0].Header.Get("Authorization"))
		assert.NotContains(t, h.Last(t).Header, "Authorization")
	})
	t.Run("Observe sees the responses of the origin only", func(t *testing.T) {
		h := newHosts(t, redirectOnce(307, "http://b.test/end"))
		a := new(observing)
		_, err := h.Session(t).Get(t.Context(), "http://a.test/start", requests.WithAuth(a))
		require.NoError(t, err)
		assert.Equal(t, []string{"307 a.test"}, a.observed)
	})
}

func TestChallenge_digest(t *testing.T) {
	const offer = `WWW-Authenticate: Digest realm="r", nonce="abc", qop="auth", algorithm=SHA-256`
	w := newWire(t, func(r wireRequest) string {
		if r.Header.Get("Authorization") == "" {
			return reply(401, "", offer)
		}
		return reply(200, "")
	})
	s := newSession(t, requests.WithAuth(auth.Digest("u", "p")))
	for range 2 {
		_, err := s.Get(t.Context(), w.URL+"/x?a=b")
		require.NoError(t, err)
	}
	all := w.Requests()
	require.Len(t, all, 3, "the second call knows the nonce")
	assert.Contains(t, all[1].Header.Get("Authorization"), `uri="/x?a=b"`)
	assert.Contains(t, all[1].Header.Get("Authorization"), "nc=00000001")
	assert.Contains(t, all[2].Header.Get("Authorization"), "nc=00000002")
}

func TestChallenge_longBodyCostsTheConnection(t *testing.T) {
	w := newReplies(t, reply(401, strings.Repeat("x", 1<<20), asks), reply(200, "in"))
	resp, err := newSession(t).Get(t.Context(), w.URL, requests.WithAuth(new(waiting)))
	require.NoError(t, err)
	assert.Equal(t, "in", resp.Text())
	assert.Equal(t, 2, w.Accepted(), "D42")
}

func TestChallenge_digestOfALongTarget(t *testing.T) {
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n++
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Digest realm="r", nonce="n%d", qop="auth"`, n))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer srv.Close()
	s := newSession(t, requests.WithAuth(auth.Digest("u", "wrong")))
	r, err := s.Get(t.Context(), srv.URL+"/?q="+strings.Repeat("x", 5000))
	require.NoError(t, err)
	defer r.Close()
	assert.Equal(t, 2, n, "requests")
}
