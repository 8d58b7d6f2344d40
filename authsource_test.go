package requests_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/proxy"
)

// netrcFile writes a netrc file and returns its path.
func netrcFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "netrc")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

const (
	basicRequest  = "Basic cmVxdWVzdDpw" // request:p
	basicSession  = "Basic c2Vzc2lvbjpw" // session:p
	basicUserinfo = "Basic dXJsOnA="     // url:p
	basicNetrc    = "Basic bmV0cmM6cA==" // netrc:p
	netrcForA     = "machine a.test login netrc password p\n"
)

func TestAuth_precedence(t *testing.T) {
	var (
		session      = requests.WithAuth(auth.Basic("session", "p"))
		request      = requests.WithAuth(auth.Basic("request", "p"))
		header       = requests.WithHeader("Authorization", "own")
		withUserinfo = "http://url:p@a.test/"
		without      = "http://a.test/"
	)
	for _, tt := range []struct {
		name    string
		session []requests.Option
		url     string
		call    []requests.Option
		netrc   string
		sent    []string
	}{
		{"R77 the request's above all", []requests.Option{session, header}, withUserinfo, []requests.Option{request, header}, netrcForA, []string{basicRequest}},
		{"R77 the session's above userinfo", []requests.Option{session}, withUserinfo, nil, netrcForA, []string{basicSession}},
		{"R77 the session's above a field of the request", []requests.Option{session}, without, []requests.Option{header}, netrcForA, []string{basicSession}},
		{"D6 userinfo above netrc", nil, withUserinfo, nil, netrcForA, []string{basicUserinfo}},
		{"R77 userinfo above a field", nil, withUserinfo, []requests.Option{header}, netrcForA, []string{basicUserinfo}},
		{"D5 a field above netrc", nil, without, []requests.Option{header}, netrcForA, []string{"own"}},
		{"D5 a field of the session above netrc", []requests.Option{header}, without, nil, netrcForA, []string{"own"}},
		{"R77 netrc when there is nothing else", nil, without, nil, netrcForA, []string{basicNetrc}},
		{"R15 netrc not without the environment", []requests.Option{requests.WithEnvironment(false)}, without, nil, netrcForA, nil},
		{"R15 netrc not without the environment in the call", nil, without, []requests.Option{requests.WithEnvironment(false)}, netrcForA, nil},
		{"R9 none of the request switches off the session's", []requests.Option{session}, without, []requests.Option{requests.WithoutAuth()}, "", nil},
		{"D6 none switches off userinfo", nil, withUserinfo, []requests.Option{requests.WithoutAuth()}, "", nil},
		{"D6 none switches off netrc", nil, without, []requests.Option{requests.WithoutAuth()}, netrcForA, nil},
		{"D6 none switches off a field", []requests.Option{header}, without, []requests.Option{requests.WithoutAuth()}, "", nil},
		{"D6 none of the session switches off all", []requests.Option{requests.WithoutAuth()}, withUserinfo, nil, netrcForA, nil},
		{"D6 none of the request switches off a field of its own", nil, without, []requests.Option{header, requests.WithoutAuth()}, "", nil},
		{"D6 none of the session switches off a field of its own", []requests.Option{header, requests.WithoutAuth()}, without, nil, "", nil},
		{"D6 none of the session holds elsewhere too", []requests.Option{requests.WithBaseURL("http://b.test/"), requests.WithoutAuth()}, withUserinfo, nil, netrcForA, nil},
		{"the session's for an origin that it names, away from home", []requests.Option{requests.WithBaseURL("http://b.test/"),
			requests.WithAuth(auth.For("http://a.test", auth.Basic("session", "p")))}, without, nil, netrcForA, []string{basicSession}},
		{"not the session's for another origin, away from home", []requests.Option{requests.WithBaseURL("http://b.test/"),
			requests.WithAuth(auth.For("http://b.test", auth.Basic("session", "p")))}, without, nil, "", nil},
		{"the request's over none of the session", []requests.Option{requests.WithoutAuth()}, without, []requests.Option{request}, netrcForA, []string{basicRequest}},
		{"a field of the request over none of the session", []requests.Option{requests.WithoutAuth()}, without, []requests.Option{header}, netrcForA, []string{"own"}},
		{"nothing at all", nil, without, nil, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.netrc != "" {
				t.Setenv("NETRC", netrcFile(t, tt.netrc))
			}
			h := newHosts(t, func(http.ResponseWriter, *http.Request) {})
			_, err := h.Session(t, tt.session...).Get(t.Context(), tt.url, tt.call...)
			require.NoError(t, err)
			assert.Equal(t, tt.sent, h.Last(t).Header["Authorization"])
		})
	}
}

func TestAuth_userinfo(t *testing.T) {
	for _, tt := range []struct {
		name, url string
		sent      []string
	}{
		{"R78 user and password", "http://u:p@a.test/", []string{"Basic dTpw"}},
		{"R78 an empty password", "http://u:@a.test/", []string{"Basic dTo="}},
		{"R78 a user without a password is none", "http://u@a.test/", nil},
		{"R78 an empty user", "http://:p@a.test/", []string{"Basic OnA="}},
		{"R78 nothing on either side of the colon is none", "http://:@a.test/", nil},
		{"R78 escapes are decoded", "http://u%40x:p%3Aq@a.test/", []string{"Basic dUB4OnA6cQ=="}},
		{"R79 Latin-1 where it can", "http://u:p%C3%A9@a.test/", []string{"Basic dTpw6Q=="}},
		{"D21b UTF-8 where it must", "http://u:%E2%82%AC@a.test/", []string{"Basic dTrigqw="}},
		{"the last @ separates", "http://u:p@q@a.test/", []string{"Basic dTpwQHE="}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, func(http.ResponseWriter, *http.Request) {})
			_, err := h.Session(t).Get(t.Context(), tt.url)
			require.NoError(t, err)
			assert.Equal(t, tt.sent, h.Last(t).Header["Authorization"])
			assert.Equal(t, "http://a.test/", h.Last(t).URL, "never in the request")
		})
	}
}

func TestAuth_baseURLWithUserinfo(t *testing.T) {
	h := newHosts(t, func(http.ResponseWriter, *http.Request) {})
	s := h.Session(t, requests.WithBaseURL("http://u:p@a.test/v1"))
	_, err := s.Get(t.Context(), "users")
	require.NoError(t, err)
	assert.Equal(t, []string{"Basic dTpw"}, h.Last(t).Header["Authorization"])
	_, err = s.Get(t.Context(), "http://b.test/")
	require.NoError(t, err)
	assert.NotContains(t, h.Last(t).Header, "Authorization")
}

func TestAuth_netrc(t *testing.T) {
	for _, tt := range []struct {
		name, file, url string
		sent            []string
	}{
		{"R84 by host without its port", "machine a.test login a password b\n", "http://a.test:81/", []string{"Basic YTpi"}},
		{"R84 an entry with a port matches nothing", "machine a.test:81 login a password b\n", "http://a.test:81/", nil},
		{"R84 an entry in capitals matches nothing", "machine A.test login a password b\n", "http://A.test/", nil},
		{"R84 default when no machine matches", "default login d password e\nmachine b.test login a password b\n", "http://a.test/", []string{"Basic ZDpl"}},
		{"R84 a machine before default", "default login d password e\nmachine a.test login a password b\n", "http://a.test/", []string{"Basic YTpi"}},
		{"R84 the last of two machines", "machine a.test login x password y\nmachine a.test login a password b\n", "http://a.test/", []string{"Basic YTpi"}},
		{"R85 a missing login is the account", "machine a.test account a password b\n", "http://a.test/", []string{"Basic YTpi"}},
		{"R85 a missing password is empty", "machine a.test login a\n", "http://a.test/", []string{"Basic YTo="}},
		{"R85 neither is an empty user", "machine a.test password b\n", "http://a.test/", []string{"Basic OmI="}},
		{"R85 an entry with nothing in it is none", "machine a.test\n", "http://a.test/", nil},
		{"R85 quoted values have spaces", "machine a.test login \"a b\" password \"c d\"\n", "http://a.test/", []string{"Basic YSBiOmMgZA=="}},
		{"R87 the host is that of a URL parser", "machine b.test login a password b\nmachine a.test login x password y\n", "http://a.test:@b.test/", []string{"Basic YS50ZXN0Og=="}},
		{"a subdomain is another machine", "machine a.test login a password b\n", "http://sub.a.test/", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("NETRC", netrcFile(t, tt.file))
			h := newHosts(t, func(http.ResponseWriter, *http.Request) {})
			_, err := h.Session(t).Get(t.Context(), tt.url)
			require.NoError(t, err)
			assert.Equal(t, tt.sent, h.Last(t).Header["Authorization"])
		})
	}
}

func TestAuth_netrcFiles(t *testing.T) {
	get := func(t *testing.T, opts ...requests.Option) (http.Header, error) {
		h := newHosts(t, func(http.ResponseWriter, *http.Request) {})
		_, err := h.Session(t).Get(t.Context(), "http://a.test/", opts...)
		if err != nil {
			return nil, err
		}
		return h.Last(t).Header, nil
	}
	home := func(t *testing.T, name string) {
		dir := t.TempDir()
		t.Setenv("HOME", dir)
		t.Setenv("USERPROFILE", dir)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("machine a.test login home password p\n"), 0o600))
	}
	t.Run("R83 a missing file that NETRC names is no authentication", func(t *testing.T) {
		home(t, ".netrc")
		t.Setenv("NETRC", filepath.Join(t.TempDir(), "missing"))
		header, err := get(t)
		require.NoError(t, err)
		assert.NotContains(t, header, "Authorization")
	})
	t.Run("D69 a broken file is an error that names it and the line", func(t *testing.T) {
		path := netrcFile(t, "machine a.test login a password b\nnonsense\n")
		t.Setenv("NETRC", path)
		_, err := get(t)
		require.ErrorContains(t, err, path)
		require.ErrorContains(t, err, "line 2")
	})
	t.Run("D69 a broken file is an error from Prepare", func(t *testing.T) {
		t.Setenv("NETRC", netrcFile(t, "nonsense\n"))
		_, err := newSession(t).Prepare(t.Context(), &requests.Request{URL: "http://a.test/"})
		require.ErrorContains(t, err, "line 1")
	})
	t.Run("D69 a broken file does not matter to explicit authentication", func(t *testing.T) {
		t.Setenv("NETRC", netrcFile(t, "nonsense\n"))
		header, err := get(t, requests.WithAuth(auth.Bearer("x")))
		require.NoError(t, err)
		assert.Equal(t, "Bearer x", header.Get("Authorization"))
	})
	t.Run("D69 the home directory's is not ambient", func(t *testing.T) {
		home(t, ".netrc")
		header, err := get(t)
		require.NoError(t, err)
		assert.NotContains(t, header, "Authorization")
	})
	for _, name := range []string{".netrc", "_netrc"} {
		t.Run("D69 ~/"+name+" is read by auth.Netrc", func(t *testing.T) {
			home(t, name)
			header, err := get(t, requests.WithAuth(auth.Netrc("")))
			require.NoError(t, err)
			assert.Equal(t, "Basic aG9tZTpw", header.Get("Authorization"))
		})
	}
	t.Run("R146 NETRC is read at each request", func(t *testing.T) {
		t.Setenv("NETRC", netrcFile(t, "machine a.test login one password p\n"))
		header, err := get(t)
		require.NoError(t, err)
		assert.Equal(t, "Basic b25lOnA=", header.Get("Authorization"))
		t.Setenv("NETRC", netrcFile(t, "machine a.test login two password p\n"))
		header, err = get(t)
		require.NoError(t, err)
		assert.Equal(t, "Basic dHdvOnA=", header.Get("Authorization"))
	})
}

func TestAuth_netrcAcrossRedirects(t *testing.T) {
	const both = "machine a.test login a password p\nmachine b.test login b password p\n"
	for _, tt := range []struct {
		name, file, from, to string
		call                 []requests.Option
		sent                 []string
	}{
		{"R131 the new host's entry", both, "http://a.test/start", "http://b.test/end", nil, []string{"Basic Yjpw"}},
		{"D5 not above explicit authentication on the same host", both, "http://a.test/start", "/end", []requests.Option{requests.WithAuth(auth.Bearer("x"))}, []string{"Bearer x"}},
		{"R131 after explicit authentication was left behind", both, "http://a.test/start", "http://b.test/end", []requests.Option{requests.WithAuth(auth.Bearer("x"))}, []string{"Basic Yjpw"}},
		{"D5 not when authentication was switched off", both, "http://a.test/start", "http://b.test/end", []requests.Option{requests.WithoutAuth()}, nil},
		{"D5 not above an authenticator bound to the new host", both, "http://a.test/start", "http://b.test/end", []requests.Option{requests.WithAuth(auth.For("http://b.test", auth.Bearer("of-b")))}, []string{"Bearer of-b"}},
		{"not without the environment", both, "http://a.test/start", "http://b.test/end", []requests.Option{requests.WithEnvironment(false)}, nil},
		{"D69 default never applies there", "default login d password e\n", "http://a.test/start", "http://b.test/end", nil, nil},
		{"D69 default still applies at home", "default login d password e\n", "http://a.test/start", "/end", nil, []string{"Basic ZDpl"}},
		{"R87 nor by userinfo of the Location", both, "http://a.test/start", "http://b.test:x@c.test/end", nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("NETRC", netrcFile(t, tt.file))
			h := newHosts(t, redirectOnce(302, tt.to))
			_, err := h.Session(t).Get(t.Context(), tt.from, tt.call...)
			require.NoError(t, err)
			require.Len(t, h.Arrivals(), 2)
			assert.Equal(t, tt.sent, h.Last(t).Header["Authorization"])
		})
	}
	t.Run("each host's entry is its own along a chain", func(t *testing.T) {
		t.Setenv("NETRC", netrcFile(t, both))
		next := map[string]string{"a.test/start": "http://b.test/1", "b.test/1": "http://b.test/2", "b.test/2": "http://c.test/3", "c.test/3": "http://a.test/4", "a.test/4": "http://a.test/5"}
		h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
			if to, ok := next[r.Host+r.URL.Path]; ok {
				w.Header().Set("Location", to)
				w.WriteHeader(302)
			}
		})
		_, err := h.Session(t).Get(t.Context(), "http://a.test/start")
		require.NoError(t, err)
		var sent []string
		for _, a := range h.Arrivals() {
			sent = append(sent, a.Header.Get("Authorization"))
		}
		assert.Equal(t, []string{"Basic YTpw", "Basic Yjpw", "Basic Yjpw", "", "Basic YTpw", "Basic YTpw"}, sent)
	})
	t.Run("the password is not sent without encryption after a downgrade", func(t *testing.T) {
		t.Setenv("NETRC", netrcFile(t, both))
		h := newHosts(t, redirectOnce(302, "http://a.test/end"))
		_, err := h.Session(t).Get(t.Context(), "https://a.test/start")
		require.NoError(t, err)
		assert.NotContains(t, h.Last(t).Header, "Authorization", "CVE-2018-18074: the entry was good for TLS")
	})
}

func TestAuth_customRunsOnce(t *testing.T) {
	runs := 0
	count := auth.Func(func(r *http.Request) error {
		runs++
		r.Header.Set("X-Sum", r.Method+" "+r.URL.Path)
		return nil
	})
	for _, tt := range []struct {
		name string
		bind func(origin string) auth.Authenticator
	}{
		{"unbound", func(string) auth.Authenticator { return count }},
		{"bound to where it is", func(origin string) auth.Authenticator { return auth.For(origin, count) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runs = 0
			w := newReplies(t, redirectTo(302, "/1"), redirectTo(302, "/2"), reply(200, ""))
			_, err := newSession(t).Post(t.Context(), w.URL+"/0", requests.WithAuth(tt.bind(w.URL)), requests.WithBody("x"))
			require.NoError(t, err)
			assert.Equal(t, 1, runs, "R81")
			assert.Equal(t, "POST /0", w.Last(t).Header.Get("X-Sum"), "the field is carried")
		})
	}
}

// deferredAuth sets what depends on the exchange.
type deferredAuth struct{ runs int }

func (*deferredAuth) Deferred() {}
func (d *deferredAuth) Authenticate(r *http.Request) error {
	d.runs++
	r.Header.Set("X-Sum", r.Method+" "+r.URL.Path+" "+r.Header.Get("Cookie"))
	return nil
}

func TestAuth_deferredRunsBeforeEachExchange(t *testing.T) {
	w := newReplies(t, redirectTo(302, "/1", "Set-Cookie: k=v"), reply(200, ""))
	a := new(deferredAuth)
	s := newSession(t, requests.WithAuth(a))
	p, err := s.Prepare(t.Context(), &requests.Request{URL: w.URL + "/0", Method: "POST"})
	require.NoError(t, err)
	assert.Zero(t, a.runs, "not in Prepare")
	_, err = s.Send(p)
	require.NoError(t, err)
	all := w.Requests()
	require.Len(t, all, 2)
	assert.Equal(t, "POST /0", all[0].Header.Get("X-Sum"))
	assert.Equal(t, "GET /1 k=v", all[1].Header.Get("X-Sum"), "it sees the final header")
}

func TestAuth_error(t *testing.T) {
	boom := errors.New("boom")
	fails := auth.Func(func(*http.Request) error { return boom })
	w := newReplies(t, reply(200, ""))
	_, err := newSession(t, requests.WithAuth(fails)).Get(t.Context(), w.URL)
	require.ErrorIs(t, err, boom)
	assert.Empty(t, w.Requests())
}

func TestAuth_proxyBasic(t *testing.T) {
	h := newHosts(t, func(http.ResponseWriter, *http.Request) {})
	p := newProxy(t, h)
	_, err := h.Session(t, requests.WithProxy(p.URL), requests.WithProxyAuth(auth.Basic("u", "p"))).Get(t.Context(), "http://a.test/", requests.WithAuth(auth.Bearer("origin")))
	require.NoError(t, err)
	assert.Equal(t, "Basic dTpw", p.Requests()[0].Header.Get("Proxy-Authorization"), "R82")
	assert.Equal(t, "Bearer origin", p.Requests()[0].Header.Get("Authorization"))
	assert.NotContains(t, h.Last(t).Header, "Proxy-Authorization")
}

// What authenticates to a proxy is for the proxies that it was set beside or
// above, and never for another.
func TestAuth_proxyOfAnotherLayer(t *testing.T) {
	const own = "Basic bWU6b3du" // me:own
	for _, tt := range []struct {
		name    string
		session proxy.Map // {a} and {b} are proxies, {a@} one with its own credentials
		env     string
		call    proxy.Map
		sent    string // to whom, with what
	}{
		{"the session's proxy", proxy.Map{"all": "{a}"}, "", nil, "a " + own},
		{"the session's, named by the call once more", proxy.Map{"all": "{a}"}, "", proxy.Map{"all": "{a}"}, "a " + own},
		{"the call's own proxy", proxy.Map{"all": "{a}"}, "", proxy.Map{"all": "{b}"}, "b "},
		{"the call's own proxy, with credentials", proxy.Map{"all": "{a}"}, "", proxy.Map{"all": "{b@}"}, "b Basic Ym9iOmI="},
		{"the call's own proxy, where the session has none", nil, "", proxy.Map{"all": "{b}"}, "b "},
		{"the session's, over the environment's", proxy.Map{"http": "{a}"}, "{b}", nil, "a " + own},
		{"the session's, beside exceptions of the call", proxy.Map{"all": "{a}"}, "", proxy.Map{"no_proxy": "other.test"}, "a " + own},
		{"the session's, where the call wants none for another scheme", proxy.Map{"all": "{a}"}, "", proxy.Map{"https": ""}, "a " + own},
		{"the environment's, where none is named", nil, "{b}", nil, "b " + own},
		{"the environment's, beside one that is named for another scheme", proxy.Map{"https": "{a}"}, "{b}", nil, "b "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, ok)
			a, b := newProxy(t, h), newProxy(t, h)
			fill := strings.NewReplacer("{a}", a.URL, "{b}", b.URL, "{b@}", strings.Replace(b.URL, "://", "://bob:b@", 1)).Replace
			opts := []requests.Option{requests.WithProxyAuth(auth.Basic("me", "own"))}
			filled := func(m proxy.Map) requests.Option {
				out := make(proxy.Map)
				for k, v := range m {
					out[k] = fill(v)
				}
				return requests.WithProxies(out)
			}
			t.Setenv("http_proxy", fill(tt.env))
			s := h.Session(t, append(opts, filled(tt.session))...)
			_, err := s.Get(t.Context(), "http://h.test/", filled(tt.call))
			require.NoError(t, err)
			var sent []string
			for name, p := range map[string]*forwardingProxy{"a": a, "b": b} {
				for _, r := range p.Requests() {
					sent = append(sent, name+" "+r.Header.Get("Proxy-Authorization"))
				}
			}
			assert.Equal(t, []string{tt.sent}, sent)
		})
	}
}

func TestAuth_prepareSetsIt(t *testing.T) {
	s := newSession(t)
	p, err := s.Prepare(t.Context(), &requests.Request{URL: "http://a.test/", Auth: auth.Basic("u", "p")})
	require.NoError(t, err)
	assert.Equal(t, "Basic dTpw", p.Header.Get("Authorization"))
}

// waitingAuth waits for its credentials until the context ends.
type waitingAuth struct{}

func (*waitingAuth) Deferred() {}
func (*waitingAuth) Authenticate(r *http.Request) error {
	<-r.Context().Done()
	return fmt.Errorf("waiting for a token: %w", r.Context().Err())
}

func TestAuthThatAsks(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	t.Run("a call that fails for its token is still the call", func(t *testing.T) {
		inner := newSession(t)
		s := newSession(t, requests.WithAuth(auth.Func(func(r *http.Request) error {
			_, err := inner.Post(r.Context(), "unknown://token.test/")
			return fmt.Errorf("token: %w", err)
		})))
		_, err := s.Get(t.Context(), w.URL+"/items")
		var e *requests.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, []string{"GET", w.URL + "/items"}, []string{e.Method, e.URL})
		require.ErrorIs(t, err, requests.ErrNoAdapter)
		require.ErrorContains(t, err, "unknown://token.test/")
	})
	t.Run("waiting until the deadline is a timeout", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			s := newSession(t, requests.WithAuth(new(waitingAuth)), requests.WithTransport(named("unreached")))
			_, err := s.Get(ctx, "http://a.test/")
			require.ErrorIs(t, err, requests.ErrTimeout)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
	})
}

func TestMergeEnvironment_proxyAuth(t *testing.T) {
	t.Setenv("http_proxy", "http://ambient.test:1")
	var got []adapters.Settings
	s := newSession(t, requests.WithProxies(proxy.Map{"https": "http://named.test:1"}), requests.WithProxyAuth(auth.Basic("u", "p")),
		requests.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
			set, _ := adapters.SettingsFrom(r.Context())
			got = append(got, set)
			return &http.Response{StatusCode: 200, Request: r}, nil
		})))
	_, err := s.Get(t.Context(), "http://h.test/")
	require.NoError(t, err)
	r, err := http.NewRequest("GET", "http://h.test/", nil)
	require.NoError(t, err)
	set, err := s.MergeEnvironment(r.URL, requests.Settings{})
	require.NoError(t, err)
	_, err = s.Send(&requests.PreparedRequest{Request: r, Settings: set})
	require.NoError(t, err)
	require.Len(t, got, 2)
	for _, set := range got {
		assert.Equal(t, "ambient.test:1", set.Proxy.Host)
		assert.Nil(t, set.ProxyAuth, "it is for the proxy that was named")
	}
}

func TestAuth_proxyByNone(t *testing.T) {
	h := newHosts(t, ok)
	p := newProxy(t, h)
	own := strings.Replace(p.URL, "://", "://bob:b@", 1)
	_, err := h.Session(t, requests.WithProxy(own), requests.WithProxyAuth(auth.None)).Get(t.Context(), "http://h.test/")
	require.NoError(t, err)
	assert.Equal(t, "Basic Ym9iOmI=", p.Requests()[0].Header.Get("Proxy-Authorization"), "the URL's own, as without")
}

// Settings that were merged hold the environment's proxies beside those that were
// named: which are which is told by the environment.
func TestAuth_proxyOfMergedSettings(t *testing.T) {
	for name, send := range map[string]func(*testing.T, *requests.Session, string) error{
		"that a hook has changed": func(t *testing.T, s *requests.Session, u string) error {
			_, err := s.Get(t.Context(), u, requests.WithHooks(prepareHook(func(p *requests.PreparedRequest) error {
				p.Settings.Proxies["no_proxy"] = "other.test"
				return nil
			})))
			return err
		},
		"in a request made by hand": func(t *testing.T, s *requests.Session, u string) error {
			p := prepared(t, s, "GET", u)
			r, err := http.NewRequest("GET", u, nil)
			require.NoError(t, err)
			_, err = s.Send(&requests.PreparedRequest{Request: r, Settings: p.Settings})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHosts(t, ok)
			ambient := newProxy(t, h)
			t.Setenv("http_proxy", ambient.URL)
			s := h.Session(t, requests.WithProxies(proxy.Map{"https": "http://named.test:1"}), requests.WithProxyAuth(auth.Basic("u", "p")))
			require.NoError(t, send(t, s, "http://h.test/"))
			require.Len(t, ambient.Requests(), 1)
			assert.NotContains(t, ambient.Requests()[0].Header, "Proxy-Authorization")
		})
	}
}

func TestNetrc_notInTheClearAfterHTTPS(t *testing.T) {
	file := filepath.Join(t.TempDir(), "netrc")
	require.NoError(t, os.WriteFile(file, []byte("machine a.test login u password p\n"), 0o600))
	t.Setenv("NETRC", file)
	next := map[string]string{"https://a.test/1": "http://b.test/2", "http://b.test/2": "http://a.test/3"}
	var got []string
	s := answering(t, func(r *http.Request) *http.Response {
		got = append(got, r.URL.String()+" "+r.Header.Get("Authorization"))
		h := http.Header{}
		if to := next[r.URL.String()]; to != "" {
			h.Set("Link", "<"+to+">; rel=next")
		}
		return &http.Response{StatusCode: 200, Header: h}
	}, requests.WithEnvironment(true))
	for _, err := range requests.Pages(t.Context(), s, "https://a.test/1") {
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"https://a.test/1 Basic dTpw", "http://b.test/2 ", "http://a.test/3 "}, got)
}
