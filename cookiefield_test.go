package requests_test

import (
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/cookies"
)

func cookie(name, value string) requests.Option {
	return requests.WithCookie(&http.Cookie{Name: name, Value: value})
}

// jarWith returns a jar that u has set cookies in.
func jarWith(t *testing.T, u string, lines ...string) *cookies.Jar {
	t.Helper()
	parsed, err := url.Parse(u)
	require.NoError(t, err)
	jar := cookies.New(nil)
	jar.StoreHeader(parsed, http.Header{"Set-Cookie": lines})
	return jar
}

func TestCookie_field(t *testing.T) {
	header := func(v string) requests.Option { return requests.WithHeader("Cookie", v) }
	for _, tt := range []struct {
		name    string
		jar     []string
		session []requests.Option
		call    []requests.Option
		sent    []string
	}{
		{"the jar's", []string{"a=1"}, nil, nil, []string{"a=1"}},
		{"R11 the request's besides the jar's", []string{"a=1"}, nil, []requests.Option{cookie("b", "2")}, []string{"a=1; b=2"}},
		{"R11 the request's first where one shares a name", []string{"a=1", "c=3"}, nil, []requests.Option{cookie("b", "2"), cookie("c", "4")}, []string{"b=2; c=4; a=1; c=3"}},
		{"the request's first where both have no name", []string{"stored"}, nil, []requests.Option{cookie("", "own")}, []string{"own; stored"}},
		{"R100 the request's over the session's", nil, []requests.Option{cookie("a", "1")}, []requests.Option{cookie("a", "2")}, []string{"a=2"}},
		{"R101 of one name, without a domain, beside the jar's", []string{"a=1"}, nil, []requests.Option{cookie("a", "2")}, []string{"a=2; a=1"}},
		{"R101 of one name, domain and path, over the jar's", []string{"a=1; Path=/"}, nil,
			[]requests.Option{requests.WithCookie(&http.Cookie{Name: "a", Value: "2", Domain: "a.test", Path: "/"})}, []string{"a=2"}},
		{"R101 of one name and domain, but a path that is not asked for, not at all", []string{"a=1; Path=/"}, nil,
			[]requests.Option{requests.WithCookie(&http.Cookie{Name: "a", Value: "2", Domain: "a.test", Path: "/x"})}, []string{"a=1"}},
		{"several of the request in their order", nil, nil, []requests.Option{cookie("b", "2"), cookie("a", "1")}, []string{"b=2; a=1"}},
		{"R102 a field of the request alone", []string{"a=1"}, []requests.Option{cookie("b", "2")}, []requests.Option{header("m=1")}, []string{"m=1"}},
		{"R102 a field of the session alone", []string{"a=1"}, []requests.Option{header("m=1")}, nil, []string{"m=1"}},
		{"R102 an empty field alone", []string{"a=1"}, nil, []requests.Option{header("")}, []string{""}},
		{"a field of the session that the request removes", []string{"a=1"}, []requests.Option{header("m=1")}, []requests.Option{requests.WithoutHeader("cookie")}, []string{"a=1"}},
		{"R107 values go raw", nil, nil, []requests.Option{cookie("a", `x"y, z`)}, []string{`a=x"y, z`}},
		{"a quoted value", nil, nil, []requests.Option{requests.WithCookie(&http.Cookie{Name: "a", Value: "x y", Quoted: true})}, []string{`a="x y"`}},
		{"D63 the jar goes by the URL, not by a Host field", []string{"a=1"}, nil, []requests.Option{requests.WithHeader("Host", "b.test")}, []string{"a=1"}},
		{"none at all", nil, nil, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, func(http.ResponseWriter, *http.Request) {})
			jar := jarWith(t, "http://a.test/", tt.jar...)
			s := h.Session(t, append(tt.session, requests.WithCookieJar(jar))...)
			_, err := s.Get(t.Context(), "http://a.test/", tt.call...)
			require.NoError(t, err)
			assert.Equal(t, tt.sent, h.Last(t).Header["Cookie"])
			assert.Equal(t, len(tt.jar), jar.Len(), "R100 the request's are not stored")
			assert.Same(t, jar, s.Cookies(), "R109")
		})
	}
}

func TestCookie_stored(t *testing.T) {
	w := newReplies(t, redirectTo(302, "/1", "Set-Cookie: s=1; Path=/"), redirectTo(302, "/2", "Set-Cookie: s=2; Path=/", "Set-Cookie: u=3; Path=/"), reply(200, "", "Set-Cookie: v=4; Path=/"))
	s := newSession(t)
	resp, err := s.Get(t.Context(), w.URL+"/0", cookie("own", "x"))
	require.NoError(t, err)
	all := w.Requests()
	require.Len(t, all, 3)
	assert.Equal(t, "own=x", all[0].Header.Get("Cookie"))
	assert.Equal(t, "s=1; own=x", all[1].Header.Get("Cookie"), "D7 the request's stay for the chain")
	assert.Equal(t, "s=2; u=3; own=x", all[2].Header.Get("Cookie"), "R103")
	assert.Equal(t, 3, s.Cookies().Len(), "R104 those of every hop")
	var names []string
	for _, c := range resp.Cookies() {
		names = append(names, c.Name)
	}
	assert.Equal(t, []string{"v"}, names, "R104 the response's own only")
}

func TestCookie_overrideLastsForTheChain(t *testing.T) {
	h := newHosts(t, redirectOnce(302, "/end"))
	jar := jarWith(t, "http://a.test/", "a=1; Path=/")
	s := h.Session(t, requests.WithCookieJar(jar))
	_, err := s.Get(t.Context(), "http://a.test/start", requests.WithCookie(&http.Cookie{Name: "a", Value: "2", Domain: "a.test", Path: "/"}))
	require.NoError(t, err)
	require.Len(t, h.Arrivals(), 2)
	for _, a := range h.Arrivals() {
		assert.Equal(t, []string{"a=2"}, a.Header["Cookie"], "D7")
	}
	kept, err := jar.Get("a")
	require.NoError(t, err)
	assert.Equal(t, "1", kept.Value, "R100")
}

func TestCookie_explicitFieldIsForTheFirstHop(t *testing.T) {
	for _, tt := range []struct {
		name, to string
		sent     []string
	}{
		{"R127 at the same origin the jar's follow", "/end", []string{"stored=1"}},
		{"R127 elsewhere none", "http://b.test/end", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, redirectOnce(302, tt.to))
			s := h.Session(t, requests.WithCookieJar(jarWith(t, "http://a.test/", "stored=1; Path=/")))
			_, err := s.Get(t.Context(), "http://a.test/start", requests.WithHeader("Cookie", "m=1"))
			require.NoError(t, err)
			assert.Equal(t, []string{"m=1"}, h.Arrivals()[0].Header["Cookie"])
			assert.Equal(t, tt.sent, h.Last(t).Header["Cookie"])
		})
	}
}

func TestCookie_requestsOwnStayAtTheOrigin(t *testing.T) {
	for _, tt := range []struct{ name, to string }{
		{"D7 not to another host", "http://b.test/end"},
		{"D63 not to another port of the host", "http://a.test:8080/end"},
		{"D7 not to a subdomain, whatever their domain", "http://sub.a.test/end"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, redirectOnce(302, tt.to))
			_, err := h.Session(t).Get(t.Context(), "http://a.test/start", requests.WithCookie(&http.Cookie{Name: "own", Value: "1", Domain: "a.test", Path: "/"}))
			require.NoError(t, err)
			assert.Equal(t, []string{"own=1"}, h.Arrivals()[0].Header["Cookie"])
			assert.NotContains(t, h.Last(t).Header, "Cookie")
		})
	}
}

func TestCookie_withoutJar(t *testing.T) {
	w := newReplies(t, redirectTo(302, "/1", "Set-Cookie: s=1; Path=/"), reply(200, ""))
	s := newSession(t, requests.WithCookieJar(nil))
	_, err := s.Get(t.Context(), w.URL, cookie("own", "x"))
	require.NoError(t, err)
	assert.Nil(t, s.Cookies())
	assert.Equal(t, "own=x", w.Last(t).Header.Get("Cookie"), "cookies are neither kept nor sent, but for the request's own")
}

func TestCookie_seenByHooks(t *testing.T) {
	w := newReplies(t, reply(200, "", "Set-Cookie: s=1; Path=/"))
	s := newSession(t)
	var seen int
	s.Hooks().Response.PushBack(func(e *requests.Exchange) error {
		seen = s.Cookies().Len()
		e.Response = &http.Response{StatusCode: 200, Header: http.Header{"Set-Cookie": {"made=up"}}, Body: http.NoBody}
		return nil
	})
	_, err := s.Get(t.Context(), w.URL)
	require.NoError(t, err)
	assert.Equal(t, 1, seen, "D66 stored before the hooks run")
	assert.Equal(t, 1, s.Cookies().Len(), "and not those of what a hook puts in place")
}

func TestCookie_ofPackageFunctionsAreDropped(t *testing.T) {
	w := newWire(t, func(r wireRequest) string {
		if r.Target() == "/" {
			return redirectTo(302, "/1", "Set-Cookie: s=1; Path=/")
		}
		return reply(200, r.Header.Get("Cookie"))
	})
	defer func() { requests.SetDefaultSession(nil).Close() }()
	requests.SetDefaultSession(requests.Must(requests.NewSession()))
	for range 2 {
		text, err := requests.Text(requests.Get(t.Context(), w.URL))
		require.NoError(t, err)
		assert.Equal(t, "s=1", text, "within the call")
	}
	assert.NotContains(t, w.Requests()[2].Header, "Cookie", "D58 not after it")
	assert.Zero(t, requests.DefaultSession().Cookies().Len())
}

func TestCookie_ofCopiesAreTheirOwn(t *testing.T) {
	h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "s", Value: r.URL.Path[1:]})
		io.WriteString(w, r.Header.Get("Cookie"))
	})
	s := h.Session(t)
	_, err := s.Get(t.Context(), "http://a.test/1")
	require.NoError(t, err)
	c, err := s.Copy()
	require.NoError(t, err)
	defer c.Close()
	text, err := requests.Text(c.Get(t.Context(), "http://a.test/2"))
	require.NoError(t, err)
	assert.Equal(t, "s=1", text, "they begin with the session's")
	text, err = requests.Text(s.Get(t.Context(), "http://a.test/3"))
	require.NoError(t, err)
	assert.Equal(t, "s=1", text, "and leave them as they are")
}

func TestCookie_attributesOfTheRequests(t *testing.T) {
	for _, tt := range []struct {
		name   string
		cookie http.Cookie
		url    string
		sent   string
	}{
		{"R99 none: everywhere", http.Cookie{}, "http://a.test/x/y", "a=1"},
		{"its domain", http.Cookie{Domain: "a.test"}, "http://a.test/", "a=1"},
		{"a domain with a dot before it, in capitals", http.Cookie{Domain: ".A.test"}, "http://a.test/", "a=1"},
		{"a host of its domain", http.Cookie{Domain: "a.test"}, "http://b.a.test/", "a=1"},
		{"a host that only ends like its domain", http.Cookie{Domain: "a.test"}, "http://ba.test/", ""},
		{"another domain", http.Cookie{Domain: "b.test"}, "http://a.test/", ""},
		{"an address that is its domain", http.Cookie{Domain: "127.0.0.1"}, "http://127.0.0.1/", "a=1"},
		{"an address that ends like its domain", http.Cookie{Domain: "0.0.1"}, "http://127.0.0.1/", ""},
		{"its path", http.Cookie{Path: "/x"}, "http://a.test/x", "a=1"},
		{"below its path", http.Cookie{Path: "/x"}, "http://a.test/x/y", "a=1"},
		{"below its path with a slash", http.Cookie{Path: "/x/"}, "http://a.test/x/y", "a=1"},
		{"a path that only begins like its own", http.Cookie{Path: "/x"}, "http://a.test/xy", ""},
		{"above its path", http.Cookie{Path: "/x/y"}, "http://a.test/x", ""},
		{"a path that is none", http.Cookie{Path: "x"}, "http://a.test/y", "a=1"},
		{"secure, by http", http.Cookie{Secure: true}, "http://a.test/", ""},
		{"secure, by https", http.Cookie{Secure: true}, "https://a.test/", "a=1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.cookie.Name, tt.cookie.Value = "a", "1"
			var sent string
			s := newSession(t, requests.WithTransport(adapters.Func(func(r *http.Request) (*http.Response, error) {
				sent = r.Header.Get("Cookie")
				return &http.Response{StatusCode: 200, Request: r}, nil
			})), requests.WithCookie(&tt.cookie))
			_, err := s.Get(t.Context(), tt.url)
			require.NoError(t, err)
			assert.Equal(t, tt.sent, sent)
			e, err := s.Explain(t.Context(), &requests.Request{URL: tt.url})
			require.NoError(t, err)
			_, ok := e.Fact("cookie", "a")
			assert.Equal(t, tt.sent != "", ok, "and Explain says so")
		})
	}
}

// Whoever looks at a prepared request, or signs it, sees the cookies that are its
// own. Those of the jar are added when it is sent.
func TestCookie_ofAPreparedRequest(t *testing.T) {
	for _, tt := range []struct {
		name   string
		call   []*http.Cookie
		change func(*requests.PreparedRequest)
		seen   []string
		sent   []string
	}{
		{"its own", []*http.Cookie{{Name: "b", Value: "2"}}, nil, []string{"b=2"}, []string{"a=1; b=2"}},
		{"none", nil, nil, nil, []string{"a=1"}},
		{"those for this path only", []*http.Cookie{{Name: "b", Value: "2", Path: "/other"}}, nil, nil, []string{"a=1"}},
		{"changed, alone", []*http.Cookie{{Name: "b", Value: "2"}}, func(p *requests.PreparedRequest) { p.Header.Set("Cookie", "c=3") }, []string{"b=2"}, []string{"c=3"}},
		{"taken out, not at all", []*http.Cookie{{Name: "b", Value: "2"}}, func(p *requests.PreparedRequest) { p.Header.Del("Cookie") }, []string{"b=2"}, []string{"a=1"}},
	} {
		for name, copied := range map[string]func(*requests.PreparedRequest) *requests.PreparedRequest{
			"as it is": func(p *requests.PreparedRequest) *requests.PreparedRequest { return p },
			"cloned":   (*requests.PreparedRequest).Clone,
		} {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				h := newHosts(t, redirectOnce(302, "/end"))
				s := h.Session(t, requests.WithCookieJar(jarWith(t, "http://a.test/", "a=1; Path=/")))
				p, err := s.Prepare(t.Context(), &requests.Request{URL: "http://a.test/start", Cookies: tt.call})
				require.NoError(t, err)
				assert.Equal(t, tt.seen, p.Header["Cookie"])
				if tt.change != nil {
					tt.change(p)
				}
				p = copied(p)
				for range 2 {
					_, err = s.Send(p)
					require.NoError(t, err)
					all := h.Arrivals()
					assert.Equal(t, tt.sent, all[len(all)-2].Header["Cookie"])
				}
			})
		}
	}
	t.Run("a command shows what will be sent", func(t *testing.T) {
		own := []*http.Cookie{{Name: "b", Value: "2"}}
		h := newHosts(t, func(http.ResponseWriter, *http.Request) {})
		s := h.Session(t)
		p, err := s.Prepare(t.Context(), &requests.Request{URL: "http://a.test/", Cookies: own})
		require.NoError(t, err)
		assert.Contains(t, p.Curl(requests.CurlWithSecrets()), "Cookie: b=2")
		p.Header.Del("Cookie")
		assert.NotContains(t, p.Curl(requests.CurlWithSecrets()), "Cookie")

		var asked string
		s.Hooks().Complete.PushBack(func(r *requests.Result) error {
			asked = r.Request.Curl(requests.CurlWithSecrets())
			return nil
		})
		_, err = s.Get(t.Context(), "http://a.test/", requests.WithCookie(own...))
		require.NoError(t, err)
		assert.Contains(t, asked, "Cookie: b=2")
	})
	t.Run("R24 authentication sees them", func(t *testing.T) {
		var seen string
		look := auth.Func(func(r *http.Request) error {
			seen = r.Header.Get("Cookie")
			return nil
		})
		s := newSession(t)
		p, err := s.Prepare(t.Context(), &requests.Request{URL: "http://a.test/", Cookies: []*http.Cookie{{Name: "b", Value: "2"}}, Auth: look})
		require.NoError(t, err)
		assert.Equal(t, "b=2", seen)
		assert.Equal(t, "b=2", p.Header.Get("Cookie"))
	})
}
