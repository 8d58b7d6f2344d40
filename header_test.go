package requests_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
)

// linesOf are the header lines with one of these names, in any case, as they
// were on the wire.
func linesOf(r wireRequest, names ...string) []string {
	var lines []string
	for _, line := range r.Fields {
		name, _, _ := strings.Cut(line, ":")
		for _, n := range names {
			if strings.EqualFold(name, n) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

func TestDefaultHeader(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	s := newSession(t)
	_, err := s.Get(t.Context(), w.URL)
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{
		"Host: " + w.Addr,
		"User-Agent: go-requests/" + requests.Version,
		"Accept: */*",
		"Accept-Encoding: gzip, deflate, br, zstd",
	}, w.Last(t).Fields, "R1 three fields and Host, D75 no Connection")
}

func TestHeaderLayers(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	type options = []requests.Option
	for _, c := range []struct {
		name          string
		session, call options
		fields        string // the names to look at
		want          []string
	}{
		{"R3 the session's field goes out", options{requests.WithHeader("X-A", "1")}, nil, "X-A", []string{"X-A: 1"}},
		{"R3 the call's replaces it", options{requests.WithHeader("X-A", "1")}, options{requests.WithHeader("X-A", "2")}, "X-A", []string{"X-A: 2"}},
		{"R4 in any spelling", options{requests.WithHeader("x-a", "1")}, options{requests.WithHeader("X-a", "2")}, "X-A", []string{"X-A: 2"}},
		{"R4 the built-in ones too", nil, options{requests.WithHeader("accept", "text/html")}, "Accept", []string{"Accept: text/html"}},
		{"R3 several values replace one", options{requests.WithHeader("X-A", "1")}, options{requests.WithHeader("X-A", "2", "3")}, "X-A", []string{"X-A: 2", "X-A: 3"}},
		{"R3 one value replaces several", options{requests.WithHeader("X-A", "1", "2")}, options{requests.WithHeader("X-A", "3")}, "X-A", []string{"X-A: 3"}},
		{"R3 a later option of one layer replaces the earlier", nil, options{requests.WithHeader("X-A", "1"), requests.WithHeader("x-a", "2")}, "X-A", []string{"X-A: 2"}},
		{"R3 WithHeaders replaces field by field", options{requests.WithHeader("X-A", "1"), requests.WithHeader("X-B", "1")},
			options{requests.WithHeaders(http.Header{"x-b": {"2"}, "X-C": {"3"}})}, "X-A X-B X-C", []string{"X-A: 1", "X-B: 2", "X-C: 3"}},
		{"R73 an empty value is sent", nil, options{requests.WithHeader("X-A", "")}, "X-A", []string{"X-A: "}},
		{"R75 text outside ASCII is sent as UTF-8", nil, options{requests.WithHeader("X-A", "ä€")}, "X-A", []string{"X-A: ä€"}},
		{"R75 a tab within a value is sent", nil, options{requests.WithHeader("X-A", "a\tb")}, "X-A", []string{"X-A: a\tb"}},
		{"R76 one Host line", nil, options{requests.WithHeader("Host", "v.test")}, "Host", []string{"Host: v.test"}},
		{"R76 in any spelling", nil, options{requests.WithHeader("hOST", "v.test:81")}, "Host", []string{"Host: v.test:81"}},
		{"R76 from the session", options{requests.WithHeader("Host", "v.test")}, nil, "Host", []string{"Host: v.test"}},
		{"R76 the call's over the session's", options{requests.WithHeader("Host", "v.test")}, options{requests.WithHeader("host", "w.test")}, "Host", []string{"Host: w.test"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, c.session...)
			_, err := s.Get(t.Context(), w.URL, c.call...)
			require.NoError(t, err)
			assert.ElementsMatch(t, c.want, linesOf(w.Last(t), strings.Fields(c.fields)...))
		})
	}
}

func TestHeaderRemoval(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	session := []requests.Option{requests.WithHeader("X-Team", "a"), requests.WithHeader("Host", "v.test"), requests.WithAuth(auth.Header("X-Key", "k"))}
	for _, c := range []struct {
		name   string
		call   requests.Option
		fields string
		want   []string
	}{
		{"R5 by option, in any case", requests.WithoutHeader("x-TEAM"), "X-Team", nil},
		{"R5 by a key without values", requests.WithHeaders(http.Header{"x-team": nil}), "X-Team", nil},
		{"R5 by a function", requests.OptionFunc(func(r *requests.Request) error { r.Header = http.Header{"x-team": {}}; return nil }), "X-Team", nil},
		{"R5 the session's Host", requests.WithoutHeader("host"), "Host", []string{"Host: " + w.Addr}},
		{"R7 User-Agent, with nothing in its place", requests.WithoutHeader("User-Agent"), "User-Agent", nil},
		{"R7 Accept-Encoding, with nothing in its place", requests.WithoutHeader("Accept-Encoding"), "Accept-Encoding", nil},
		{"R7 Accept", requests.WithoutHeader("Accept"), "Accept", nil},
		{"D38 an empty User-Agent, which net/http cannot send", requests.WithHeader("User-Agent", ""), "User-Agent", nil},
		{"R5 what authentication sets is no header of the layers", requests.WithoutHeader("X-Key"), "X-Key", []string{"X-Key: k"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, session...)
			_, err := s.Get(t.Context(), w.URL, c.call)
			require.NoError(t, err)
			assert.Equal(t, c.want, linesOf(w.Last(t), c.fields))

			_, err = s.Get(t.Context(), w.URL)
			require.NoError(t, err)
			assert.Equal(t, []string{"X-Team: a"}, linesOf(w.Last(t), "X-Team"), "the session is as it was")
			assert.Equal(t, []string{"Host: v.test"}, linesOf(w.Last(t), "Host"), "the session is as it was")
		})
	}
	t.Run("R7 from a session for good", func(t *testing.T) {
		s := newSession(t, requests.WithoutHeader("user-agent"), requests.WithoutHeader("ACCEPT"), requests.WithoutHeader("Accept-Encoding"))
		_, err := s.Get(t.Context(), w.URL)
		require.NoError(t, err)
		assert.Equal(t, []string{"Host: " + w.Addr}, w.Last(t).Fields)
	})
	t.Run("D38 content is decoded though nothing was asked for", func(t *testing.T) {
		w := newReplies(t, reply(200, "plain", "Content-Type: text/plain"))
		s := newSession(t, requests.WithoutHeader("Accept-Encoding"))
		r, err := s.Get(t.Context(), w.URL)
		require.NoError(t, err)
		assert.Equal(t, "plain", r.Text())
		assert.False(t, r.Uncompressed)
	})
}

// Keys that are not canonical come from literals and from functions.
func TestHeaderSpelling(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	odd := func() http.Header {
		return http.Header{"accept": {"text/html"}, "host": {"v.test"}, "x-a": {"1"}, "authorization": {"Custom c"}}
	}
	function := requests.OptionFunc(func(r *requests.Request) error { r.Header = odd(); return nil })
	check := func(t *testing.T, err error) {
		t.Helper()
		require.NoError(t, err)
		got := w.Last(t)
		assert.Equal(t, []string{"Accept: text/html"}, linesOf(got, "Accept"))
		assert.Equal(t, []string{"Host: v.test"}, linesOf(got, "Host"))
		assert.Equal(t, []string{"X-A: 1"}, linesOf(got, "X-A"))
		assert.Equal(t, []string{"Authorization: Custom c"}, linesOf(got, "Authorization"))
	}
	t.Run("R4 in a literal", func(t *testing.T) {
		s := newSession(t)
		_, err := s.Do(t.Context(), &requests.Request{URL: w.URL, Header: odd()})
		check(t, err)
	})
	t.Run("R4 in a function of a call", func(t *testing.T) {
		s := newSession(t)
		_, err := s.Get(t.Context(), w.URL, function)
		check(t, err)
	})
	t.Run("R4 in a function of a session", func(t *testing.T) {
		s := newSession(t, function)
		_, err := s.Get(t.Context(), w.URL)
		check(t, err)
	})
	t.Run("R4 in an update by a function", func(t *testing.T) {
		s := newSession(t, requests.WithHeader("X-A", "0"))
		require.NoError(t, s.Update(function))
		_, err := s.Get(t.Context(), w.URL)
		check(t, err)
	})
	t.Run("D6 a literal's Authorization stays over a session without authentication", func(t *testing.T) {
		s := newSession(t, requests.WithoutAuth())
		_, err := s.Do(t.Context(), &requests.Request{URL: w.URL, Header: odd()})
		check(t, err)
	})
	t.Run("R4 prepared keys are canonical", func(t *testing.T) {
		p := preparedOf(t, newSession(t), &requests.Request{URL: "http://h.test/", Header: http.Header{"x-a": {"1"}}})
		assert.Equal(t, []string{"1"}, p.Header["X-A"])
		assert.NotContains(t, p.Header, "x-a")
		assert.Equal(t, "1", p.Header.Get("x-A"))
	})
	t.Run("D14 a hook cannot add a second framing", func(t *testing.T) {
		h := new(requests.Hooks)
		h.Prepare.PushBack(func(p *requests.PreparedRequest) error {
			p.Header["content-length"] = []string{"99"}
			p.Header["transfer-encoding"] = []string{"chunked"}
			p.Header["host"] = []string{"evil.test"}
			return nil
		})
		s := newSession(t, requests.WithHooks(h))
		_, err := s.Post(t.Context(), w.URL, requests.WithBody("abc"))
		require.NoError(t, err)
		assert.Equal(t, []string{"Content-Length: 3"}, linesOf(w.Last(t), "Content-Length", "Transfer-Encoding"))
		assert.Equal(t, []string{"Host: evil.test"}, linesOf(w.Last(t), "Host"), "a Host is the hook's to set")
	})
}

func TestHeaderRefused(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	for _, c := range []struct{ name, key, value string }{
		{"R73 an empty name", "", "1"},
		{"R73 a name with a colon", "X:Y", "1"},
		{"R73 a name that begins with a space", " X", "1"},
		{"R73 a name with LF", "X\nY", "1"},
		{"R75 a name with a space", "X Y", "1"},
		{"R75 a name with a slash", "X/Y", "1"},
		{"R75 a name outside ASCII", "Ä", "1"},
		{"R73 a value with CR LF", "X", "a\r\nb"},
		{"R73 a value with LF", "X", "a\nb"},
		{"R73 a value with CR", "X", "a\rb"},
		{"R73 a value that ends with LF", "X", "a\n"},
		{"R73 a value that begins with a space", "X", " a"},
		{"R73 a value that begins with a tab", "X", "\ta"},
		{"R73 a value that begins with a no-break space", "X", "\u00a0a"},
		{"D36 a value with NUL", "X", "a\x00b"},
		{"D36 a value with DEL", "X", "a\x7fb"},
		{"D36 a value with ESC", "X", "a\x1bb"},
		{"R76 a Host with a slash", "Host", "a/b"},
		{"R76 a Host with a space", "Host", "a b"},
		{"R76 an empty Host", "Host", ""},
		{"R76 a Host with userinfo", "Host", "u@h.test"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := requests.NewSession(requests.WithHeader(c.key, c.value))
			assert.ErrorIs(t, err, requests.ErrInvalidHeader, "as a default")

			s := newSession(t)
			assert.ErrorIs(t, s.Update(requests.WithHeader(c.key, c.value)), requests.ErrInvalidHeader, "in an update")
			_, err = s.Get(t.Context(), w.URL, requests.WithHeader(c.key, c.value))
			assert.ErrorIs(t, err, requests.ErrInvalidHeader, "in a call")
			_, err = s.Get(t.Context(), w.URL, requests.WithHeaders(http.Header{c.key: {c.value}}))
			assert.ErrorIs(t, err, requests.ErrInvalidHeader, "in a map")
			_, err = s.Do(t.Context(), &requests.Request{URL: w.URL, Header: http.Header{c.key: {c.value}}})
			assert.ErrorIs(t, err, requests.ErrInvalidHeader, "in a literal")
			_, err = s.Get(t.Context(), w.URL, requests.OptionFunc(func(r *requests.Request) error {
				r.Header = http.Header{c.key: {c.value}}
				return nil
			}))
			assert.ErrorIs(t, err, requests.ErrInvalidHeader, "by a function")
			_, err = s.Get(t.Context(), w.URL, requests.WithAuth(auth.Func(func(r *http.Request) error {
				if r.Header[c.key] = []string{c.value}; c.key == "Host" {
					r.Header["X Y"] = []string{"not net/http's to check"}
				}
				return nil
			})))
			assert.ErrorIs(t, err, requests.ErrInvalidHeader, "by authentication")
			assert.Empty(t, w.Requests(), "nothing was sent")
		})
	}
	t.Run("R73 the value is not told", func(t *testing.T) {
		s := newSession(t)
		_, err := s.Get(t.Context(), w.URL, requests.WithHeader("X-Token", "hunter2\n"))
		require.ErrorContains(t, err, "X-Token")
		assert.NotContains(t, err.Error(), "hunter2")
	})
}

func TestMethod(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	s := newSession(t)
	for _, c := range []struct{ name, method, want string }{
		{"R25 upper-cased", "patch", "PATCH"},
		{"R25 mixed", "pRoPfInD", "PROPFIND"},
		{"R25 any token", "FOO", "FOO"},
		{"R25 a token with marks", "m-search!", "M-SEARCH!"},
		{"R25 none is GET", "", "GET"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := s.Request(t.Context(), c.method, w.URL)
			require.NoError(t, err)
			assert.Equal(t, c.want, w.Last(t).Method())
		})
	}
	sent := len(w.Requests())
	for _, c := range []struct{ name, method string }{
		{"R25 a space", "A B"},
		{"R25 CR LF", "GET / HTTP/1.1\r\nX: y"},
		{"R25 a control character", "GET\x00"},
		{"R25 a letter outside ASCII", "GÄT"},
		{"R25 a letter whose capital is in ASCII", "poſt"},
		{"R25 another one", "optıons"},
		{"R25 a separator", "GET/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := s.Request(t.Context(), c.method, w.URL)
			assert.ErrorIs(t, err, requests.ErrInvalidHeader)
			_, err = requests.NewSession(requests.WithMethod(c.method))
			assert.ErrorIs(t, err, requests.ErrInvalidHeader)
			assert.Len(t, w.Requests(), sent, "nothing was sent")
		})
	}
	t.Run("R14 each verb has its method", func(t *testing.T) {
		type verb = func(context.Context, string, ...requests.Option) (*requests.Response, error)
		for want, do := range map[string]verb{
			"GET": s.Get, "HEAD": s.Head, "OPTIONS": s.Options, "DELETE": s.Delete, "POST": s.Post, "PUT": s.Put, "PATCH": s.Patch, "QUERY": s.Query,
		} {
			_, err := do(t.Context(), w.URL)
			require.NoError(t, err)
			assert.Equal(t, want, w.Last(t).Method())
		}
	})
	t.Run("R25 a session's method serves requests that name none", func(t *testing.T) {
		s := newSession(t, requests.WithMethod("put"))
		assert.Equal(t, "PUT", preparedOf(t, s, &requests.Request{URL: w.URL}).Method)
		assert.Equal(t, "GET", preparedOf(t, s, &requests.Request{URL: w.URL, Method: "get"}).Method)
	})
}

// What is wrong with several fields is told in the order of their names: the
// same mistakes are the same error.
func TestHeaderRefused_inOrder(t *testing.T) {
	bad := make(http.Header)
	for _, name := range []string{"X-H", "X-C", "X-A", "X-G", "X-B", "X-E", "X-F", "X-D"} {
		bad[name] = []string{"a\r\nb"}
	}
	_, err := newSession(t).Do(t.Context(), &requests.Request{URL: "http://a.test/", Header: bad})
	require.ErrorIs(t, err, requests.ErrInvalidHeader)
	var named []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		_, rest, _ := strings.Cut(line, "the value of ")
		name, _, _ := strings.Cut(rest, " ")
		named = append(named, name)
	}
	assert.Equal(t, []string{"X-A", "X-B", "X-C", "X-D", "X-E", "X-F", "X-G", "X-H"}, named)
}

func TestHeader_twoUserAgents(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	_, err := newSession(t).Get(t.Context(), w.URL, requests.WithHeader("User-Agent", "a", "b"))
	assert.ErrorIs(t, err, requests.ErrInvalidHeader, "net/http would send the first alone")
	assert.Empty(t, w.Requests())
}
