package requests_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
)

// redirectOnce answers /start with a redirect, everything else with 200.
func redirectOnce(status int, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/start" {
			w.Header().Set("Location", to)
			w.WriteHeader(status)
		}
	}
}

// credentialNames are the fields that planted credentials arrive in, and two
// that are none.
var credentialNames = []string{"Authorization", "Cookie", "X-Api-Key", "X-Marked", "X-Set-By-Auth", "Proxy-Authorization", "X-Trace", "User-Agent"}

// plantedCredentials sets one credential of every kind.
func plantedCredentials() []requests.Option {
	return []requests.Option{
		requests.WithHeader("User-Agent", "test/1"),
		requests.WithHeader("Authorization", "Bearer planted"),
		requests.WithHeader("X-Api-Key", "planted"),
		requests.WithSecretHeader("X-Marked", "planted"),
		requests.WithHeader("Proxy-Authorization", "Basic planted"),
		requests.WithHeader("X-Trace", "42"),
		requests.WithCookie(&http.Cookie{Name: "own", Value: "planted"}),
		requests.WithAuth(auth.Func(func(r *http.Request) error {
			r.Header.Set("X-Set-By-Auth", "planted")
			return nil
		})),
	}
}

func pick(h http.Header, names []string) map[string]string {
	found := map[string]string{}
	for _, n := range names {
		if vs, ok := h[n]; ok {
			found[n] = vs[0]
		}
	}
	return found
}

var (
	everything = map[string]string{
		"Authorization": "Bearer planted", "Cookie": "own=planted", "X-Api-Key": "planted",
		"X-Marked": "planted", "X-Set-By-Auth": "planted", "X-Trace": "42", "User-Agent": "test/1",
	}
	nothingSecret = map[string]string{"X-Trace": "42", "User-Agent": "test/1"}
)

// The origin rule, by scheme, host and port: what arrives after a redirect.
var originTests = []struct {
	name     string
	from, to string
	arrives  map[string]string
	insecure bool // a body may not be sent again
}{
	{"the same origin keeps everything", "http://a.test/start", "http://a.test/end", everything, false},
	{"a relative Location keeps everything", "http://a.test/start", "/end", everything, false},
	{"the same origin over TLS keeps everything", "https://a.test/start", "https://a.test/end", everything, false},
	{"R130 the host in another case is the same", "http://a.test/start", "http://A.TEST/end", everything, false},
	{"R130 the default port may be written", "http://a.test/start", "http://a.test:80/end", everything, false},
	{"R130 the default port may be left out", "https://a.test:443/start", "https://a.test/end", everything, false},
	{"the same port that is no default is the same origin", "http://a.test:8080/start", "http://a.test:8080/end", everything, false},
	{"D64 an upgrade between default ports keeps everything", "http://a.test/start", "https://a.test/end", everything, false},
	{"D64 an upgrade between written default ports keeps everything", "http://a.test:80/start", "https://a.test:443/end", everything, false},
	{"R130 a downgrade loses them", "https://a.test/start", "http://a.test/end", nothingSecret, true},
	{"an upgrade from another port loses them", "http://a.test:8080/start", "https://a.test/end", nothingSecret, false},
	{"an upgrade to another port loses them", "http://a.test/start", "https://a.test:8443/end", nothingSecret, false},
	{"an upgrade between other ports loses them", "http://a.test:8080/start", "https://a.test:8443/end", nothingSecret, false},
	{"R130 another port loses them", "http://a.test:8080/start", "http://a.test:9090/end", nothingSecret, false},
	{"a port besides the default loses them", "http://a.test/start", "http://a.test:8080/end", nothingSecret, false},
	{"another port over TLS loses them", "https://a.test/start", "https://a.test:8443/end", nothingSecret, false},
	{"another host loses them", "http://a.test/start", "http://b.test/end", nothingSecret, false},
	{"another host over TLS loses them", "https://a.test/start", "https://b.test/end", nothingSecret, false},
	{"another host by a Location without a scheme loses them", "https://a.test/start", "//b.test/end", nothingSecret, false},
	{"R130 a subdomain loses them", "http://a.test/start", "http://sub.a.test/end", nothingSecret, false},
	{"a parent domain loses them", "http://sub.a.test/start", "http://a.test/end", nothingSecret, false},
	{"a host that ends the same loses them", "http://a.test/start", "http://xa.test/end", nothingSecret, false},
	{"a host that begins the same loses them", "http://a.test/start", "http://a.test.b.test/end", nothingSecret, false},
	{"R130 a trailing dot loses them", "http://a.test/start", "http://a.test./end", nothingSecret, false},
	{"the host as userinfo of another loses them", "http://a.test/start", "http://a.test@b.test/end", nothingSecret, false},
	{"another host and scheme loses them", "http://a.test/start", "https://b.test/end", nothingSecret, false},
	{"a downgrade to another host loses them", "https://a.test/start", "http://b.test/end", nothingSecret, true},
}

// claimsOneField says of itself what only authenticators of package auth can say.
type claimsOneField struct{ auth.Authenticator }

func (claimsOneField) Field() string { return "Authorization" }

func TestOrigin_whatAuthenticationSets(t *testing.T) {
	sets := func(f func(http.Header)) auth.Authenticator {
		return auth.Func(func(r *http.Request) error {
			f(r.Header)
			return nil
		})
	}
	for _, c := range []struct {
		name string
		auth auth.Authenticator
	}{
		{"by its name", sets(func(h http.Header) { h.Set("X-Sig", "planted") })},
		{"in small letters, into the map", sets(func(h http.Header) { h["x-sig"] = []string{"planted"} })},
		{"as the second of two values", sets(func(h http.Header) { h["X-Sig"][1] = "planted" })},
		{"by a type that claims to set Authorization alone", claimsOneField{sets(func(h http.Header) { h.Set("X-Sig", "planted") })}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHosts(t, redirectOnce(302, "http://b.test/end"))
			p, err := h.Session(t).Prepare(t.Context(), &requests.Request{URL: "http://a.test/start",
				Header: http.Header{"X-Sig": {"own", "own"}, "X-Trace": {"42"}}, Auth: c.auth})
			require.NoError(t, err)
			assert.NotContains(t, p.Curl(), "planted")
			_, err = h.Session(t).Send(p)
			require.NoError(t, err)
			all := h.Arrivals()
			require.Len(t, all, 2)
			assert.Contains(t, all[0].Header["X-Sig"], "planted")
			assert.Empty(t, all[1].Header["X-Sig"])
			assert.Equal(t, "42", all[1].Header.Get("X-Trace"))
		})
	}
}

func TestOrigin_redirect(t *testing.T) {
	for _, tt := range originTests {
		for _, status := range []int{301, 302, 303, 307, 308} {
			for _, through := range []string{"direct", "proxied"} {
				t.Run(tt.name+"/"+strconv.Itoa(status)+"/"+through, func(t *testing.T) {
					h := newHosts(t, redirectOnce(status, tt.to))
					opts := plantedCredentials()
					var p *forwardingProxy
					if through == "proxied" {
						p = newProxy(t, h)
						opts = append(opts, requests.WithProxy(p.URL))
					}
					resp, err := h.Session(t).Get(t.Context(), tt.from, opts...)
					require.NoError(t, err)
					assert.Equal(t, 200, resp.StatusCode)

					all := h.Arrivals()
					require.Len(t, all, 2)
					assert.Equal(t, everything, pick(all[0].Header, credentialNames), "the first hop")
					assert.Equal(t, tt.arrives, pick(all[1].Header, credentialNames), "the second hop")
					assert.NotContains(t, all[1].Header, "Referer")
					if p != nil {
						seen := p.Requests()
						require.Len(t, seen, 2, "each hop asks the proxy anew")
						assert.Equal(t, "Basic planted", seen[0].Header.Get("Proxy-Authorization"))
						assert.NotContains(t, seen[1].Header, "Proxy-Authorization", "R153 the caller's own is for the first hop")
					}
				})
			}
		}
	}
}

// Where the body goes, by status and by whether encryption would be lost.
var originBodyTests = []struct {
	status       int
	method, body string
	resends      bool
}{
	{301, "GET", "", false},
	{302, "GET", "", false},
	{303, "GET", "", false},
	{307, "POST", "planted", true},
	{308, "POST", "planted", true},
}

func TestOrigin_redirectBody(t *testing.T) {
	for _, tt := range originTests {
		for _, b := range originBodyTests {
			for _, through := range []string{"direct", "proxied"} {
				t.Run(tt.name+"/"+strconv.Itoa(b.status)+"/"+through, func(t *testing.T) {
					h := newHosts(t, redirectOnce(b.status, tt.to))
					opts := append(plantedCredentials(), requests.WithBody("planted"))
					if through == "proxied" {
						opts = append(opts, requests.WithProxy(newProxy(t, h).URL))
					}
					_, err := h.Session(t).Post(t.Context(), tt.from, opts...)
					if tt.insecure && b.resends {
						require.ErrorIs(t, err, requests.ErrInsecureRedirect)
						assert.Len(t, h.Arrivals(), 1, "nothing is sent without encryption")
						return
					}
					require.NoError(t, err)
					all := h.Arrivals()
					require.Len(t, all, 2)
					assert.Equal(t, b.method, all[1].Method)
					assert.Equal(t, b.body, all[1].Body)
					assert.Equal(t, tt.arrives, pick(all[1].Header, credentialNames))
				})
			}
		}
	}
}

func TestOrigin_whoeverSetIt(t *testing.T) {
	basic := requests.WithAuth(auth.Basic("u", "planted"))
	for _, tt := range []struct {
		name    string
		session []requests.Option
		url     string
		call    []requests.Option
		field   string
	}{
		{"R129 the session's authenticator", []requests.Option{basic}, "http://a.test/start", nil, "Authorization"},
		{"R129 the request's authenticator", nil, "http://a.test/start", []requests.Option{basic}, "Authorization"},
		{"R129 userinfo", nil, "http://u:planted@a.test/start", nil, "Authorization"},
		{"R129 a header of the session", []requests.Option{requests.WithHeader("authorization", "planted")}, "http://a.test/start", nil, "Authorization"},
		{"an API key by auth.Header", nil, "http://a.test/start", []requests.Option{requests.WithAuth(auth.Header("X-Plain", "planted"))}, "X-Plain"},
		{"a header marked secret in the session", []requests.Option{requests.WithSecretHeader("x-plain", "planted")}, "http://a.test/start", nil, "X-Plain"},
		{"a header marked secret in the session and set by the request", []requests.Option{requests.WithSecretHeader("x-plain", "other")}, "http://a.test/start", []requests.Option{requests.WithHeader("X-Plain", "planted")}, "X-Plain"},
		{"D52 a name with token", nil, "http://a.test/start", []requests.Option{requests.WithHeader("X-Csrf-Token", "planted")}, "X-Csrf-Token"},
		{"D52 a name with secret", nil, "http://a.test/start", []requests.Option{requests.WithHeader("Client-Secret", "planted")}, "Client-Secret"},
		{"D52 a name with auth", nil, "http://a.test/start", []requests.Option{requests.WithHeader("X-Author", "planted")}, "X-Author"},
		{"D52 a name with apikey", nil, "http://a.test/start", []requests.Option{requests.WithHeader("Apikey", "planted")}, "Apikey"},
		{"D52 a name with api-key", nil, "http://a.test/start", []requests.Option{requests.WithHeader("My-Api-Key-2", "planted")}, "My-Api-Key-2"},
		{"D52 a name with credential", nil, "http://a.test/start", []requests.Option{requests.WithHeader("X-Credentials", "planted")}, "X-Credentials"},
		{"D52 a name with password", nil, "http://a.test/start", []requests.Option{requests.WithHeader("X-Password", "planted")}, "X-Password"},
		{"D52 a name with session", nil, "http://a.test/start", []requests.Option{requests.WithHeader("X-Session-Id", "planted")}, "X-Session-Id"},
		{"a header of a Prepare hook, named like a secret", []requests.Option{requests.WithHooks(prepareHook(func(p *requests.PreparedRequest) error {
			p.Header.Set("X-Token", "planted")
			return nil
		}))}, "http://a.test/start", nil, "X-Token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, redirectOnce(302, "http://b.test/end"))
			_, err := h.Session(t, tt.session...).Get(t.Context(), tt.url, tt.call...)
			require.NoError(t, err)
			all := h.Arrivals()
			require.Len(t, all, 2)
			assert.Contains(t, all[0].Header, tt.field)
			assert.NotContains(t, all[1].Header, tt.field)
		})
	}
}

func prepareHook(f func(*requests.PreparedRequest) error) *requests.Hooks {
	h := new(requests.Hooks)
	h.Prepare.PushBack(f)
	return h
}

func TestOrigin_lossIsSticky(t *testing.T) {
	for _, tt := range []struct {
		name  string
		start string
		path  []string
	}{
		{"R129 a way back to the first host", "http://a.test/1", []string{"http://b.test/2", "http://a.test/3"}},
		{"a way back and on from there", "http://a.test/1", []string{"http://b.test/2", "http://a.test/3", "/4"}},
		{"a way back by way of a subdomain", "http://a.test/1", []string{"http://sub.a.test/2", "http://a.test/3"}},
		{"a downgrade and an upgrade", "https://a.test/1", []string{"http://a.test/2", "https://a.test/3"}},
		{"an upgrade and a downgrade", "http://a.test/1", []string{"https://a.test/2", "http://a.test/3"}},
		{"more hops at the other host", "http://a.test/1", []string{"http://b.test/2", "/3"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
				if n, _ := strconv.Atoi(r.URL.Path[1:]); n <= len(tt.path) {
					w.Header().Set("Location", tt.path[n-1])
					w.WriteHeader(307)
				}
			})
			_, err := h.Session(t).Get(t.Context(), tt.start, plantedCredentials()...)
			require.NoError(t, err)
			all := h.Arrivals()
			require.Len(t, all, len(tt.path)+1)
			for _, a := range all[2:] {
				assert.Equal(t, nothingSecret, pick(a.Header, credentialNames), a.URL)
			}
		})
	}
}

// Where a hook leads one exchange is not where the call began, so a redirect
// within that place is a way from home.
func TestOrigin_aHooksHostIsNotHome(t *testing.T) {
	h := newHosts(t, redirectOnce(302, "/end"))
	s := h.Session(t, requests.WithHooks(sendHook(func(e *requests.Exchange) error {
		if e.Number == 1 {
			e.Request.URL.Host, e.Request.Host = "b.test", "b.test"
		}
		return nil
	})))
	_, err := s.Get(t.Context(), "http://a.test/start", plantedCredentials()...)
	require.NoError(t, err)
	assert.Equal(t, []string{"http://b.test/start", "http://b.test/end"}, h.URLs())
	assert.NotContains(t, h.Arrivals()[0].Header, "Cookie", "the request's own are for where the call began")
	assert.Equal(t, nothingSecret, pick(h.Last(t).Header, credentialNames))
}

func TestOrigin_baseURL(t *testing.T) {
	session := []requests.Option{
		requests.WithBaseURL("https://a.test/v1/"),
		requests.WithHeader("User-Agent", "test/1"), requests.WithHeader("X-Trace", "42"),
		requests.WithHeader("X-Api-Key", "planted"), requests.WithSecretHeader("X-Marked", "planted"),
		requests.WithCookie(&http.Cookie{Name: "own", Value: "planted"}),
		requests.WithAuth(auth.Bearer("planted")),
	}
	atHome := map[string]string{"Authorization": "Bearer planted", "Cookie": "own=planted", "X-Api-Key": "planted", "X-Marked": "planted", "X-Trace": "42", "User-Agent": "test/1"}
	own := requests.WithHeader("X-Api-Key", "own")
	for _, tt := range []struct {
		name    string
		url     string
		call    []requests.Option
		arrives map[string]string
	}{
		{"a relative URL is at home", "users", nil, atHome},
		{"an absolute URL of the base's origin is at home", "https://a.test/other", nil, atHome},
		{"D65 another host by an absolute URL goes without", "https://b.test/x", nil, nothingSecret},
		{"D65 another host by a URL without a scheme goes without", "//b.test/x", nil, nothingSecret},
		{"D65 the same host without encryption goes without", "http://a.test/x", nil, nothingSecret},
		{"D65 another port goes without", "https://a.test:8443/x", nil, nothingSecret},
		{"what the call itself sets has the call's URL as its home", "https://b.test/x", []requests.Option{own}, map[string]string{"X-Api-Key": "own", "X-Trace": "42", "User-Agent": "test/1"}},
		{"a redirect to the base's origin brings nothing back", "https://b.test/start", nil, nothingSecret},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, redirectOnce(302, "https://a.test/end"))
			_, err := h.Session(t, session...).Get(t.Context(), tt.url, tt.call...)
			require.NoError(t, err)
			assert.Equal(t, tt.arrives, pick(h.Last(t).Header, credentialNames))
		})
	}
}

func TestOrigin_rawQueryOfASession(t *testing.T) {
	h := newHosts(t, func(http.ResponseWriter, *http.Request) {})
	s := h.Session(t, requests.WithBaseURL("http://a.test/"), requests.WithRawQuery("token=planted&x=1;to%6ben=planted&y"))
	for url, query := range map[string]string{
		"http://a.test/": "token=planted&x=1;token=planted&y",
		"http://b.test/": "x=1&y",
		"//b.test/":      "x=1&y",
	} {
		_, err := s.Get(t.Context(), url)
		require.NoError(t, err)
		_, got, _ := strings.Cut(h.Last(t).URL, "?")
		assert.Equal(t, query, got, url)
	}
}

func TestOrigin_boundAuthenticators(t *testing.T) {
	bound := auth.First(auth.For("http://a.test", auth.Bearer("of-a")), auth.For("http://b.test", auth.Header("X-Plain", "of-b")))
	names := []string{"Authorization", "X-Plain"}
	for _, tt := range []struct {
		name    string
		a       auth.Authenticator
		arrives []map[string]string
	}{
		{"auth.For follows to the origin it names", bound, []map[string]string{
			{"Authorization": "Bearer of-a"}, {"X-Plain": "of-b"}, {}, {"X-Plain": "of-b"}}},
		{"auth.For of one origin stays there", auth.For("http://a.test", auth.Bearer("of-a")), []map[string]string{
			{"Authorization": "Bearer of-a"}, {}, {}, {}}},
		{"an unbound one of auth.First stays where the call began", auth.First(auth.For("http://b.test", auth.Bearer("of-b")), auth.Bearer("of-call")), []map[string]string{
			{"Authorization": "Bearer of-call"}, {"Authorization": "Bearer of-b"}, {}, {"Authorization": "Bearer of-b"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			next := map[string]string{"a.test": "http://b.test/2", "b.test/2": "http://c.test/3", "c.test/3": "http://b.test/4"}
			h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
				to := next[r.Host+r.URL.Path]
				if r.Host == "a.test" {
					to = next["a.test"]
				}
				if to != "" {
					w.Header().Set("Location", to)
					w.WriteHeader(302)
				}
			})
			_, err := h.Session(t).Get(t.Context(), "http://a.test/1", requests.WithAuth(tt.a))
			require.NoError(t, err)
			all := h.Arrivals()
			require.Len(t, all, 4)
			for i, want := range tt.arrives {
				assert.Equal(t, want, pick(all[i].Header, names), all[i].URL)
			}
		})
	}
}

func TestOrigin_sentAgainBySend(t *testing.T) {
	h := newHosts(t, redirectOnce(307, "http://b.test/end"))
	s := h.Session(t, plantedCredentials()...)
	p, err := s.Prepare(t.Context(), &requests.Request{URL: "http://a.test/start"})
	require.NoError(t, err)
	for range 2 {
		_, err = s.Send(p)
		require.NoError(t, err)
	}
	all := h.Arrivals()
	require.Len(t, all, 4)
	assert.Equal(t, everything, pick(all[2].Header, credentialNames), "the prepared request is as it was")
	assert.Equal(t, nothingSecret, pick(all[1].Header, credentialNames))
	assert.Equal(t, nothingSecret, pick(all[3].Header, credentialNames))
}

func TestOrigin_packageFunctionsKeepTheRule(t *testing.T) {
	h := newHosts(t, redirectOnce(307, "http://b.test/end"))
	s, err := requests.NewSession(requests.WithAdapter("http://", h.pool))
	require.NoError(t, err)
	previous := requests.SetDefaultSession(s)
	defer func() { requests.SetDefaultSession(previous); s.Close() }()
	_, err = requests.Get(context.Background(), "http://a.test/start", plantedCredentials()...)
	require.NoError(t, err)
	assert.Equal(t, nothingSecret, pick(h.Last(t).Header, credentialNames))
}

// The jar goes by RFC 6265bis, not by the rule of origins: its cookies are for
// hosts, whatever the port.
func TestOrigin_jarFollowsItsOwnRule(t *testing.T) {
	h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/start" {
			http.SetCookie(w, &http.Cookie{Name: "stored", Value: "1", Path: "/"})
			w.Header().Set("Location", r.URL.Query().Get("to"))
			w.WriteHeader(302)
			return
		}
		io.WriteString(w, r.Header.Get("Cookie"))
	})
	for _, tt := range []struct{ name, to, cookie string }{
		{"R107 another port of the host", "http://a.test:8080/end", "stored=1"},
		{"R108 not to a subdomain: the cookie is host-only", "http://sub.a.test/end", ""},
		{"not to another host", "http://b.test/end", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text, err := requests.Text(h.Session(t).Get(t.Context(), "http://a.test/start", requests.WithParam("to", tt.to)))
			require.NoError(t, err)
			assert.Equal(t, tt.cookie, text)
		})
	}
}
