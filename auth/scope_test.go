package auth_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/proxyauth"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

func mark(name string) auth.Authenticator { return auth.Header("X-By", name) }

func TestFor(t *testing.T) {
	tests := []struct {
		name, origin, url string
		want              bool
	}{
		{"the origin itself", "https://api.test", "https://api.test/x", true},
		{"a path of the origin does not count", "https://api.test/v1/", "https://api.test/x", true},
		{"host names in any case", "https://API.test", "https://api.TEST/", true},
		{"the default port is the same as none", "https://api.test:443", "https://api.test/", true},
		{"http to https on default ports", "http://api.test", "https://api.test/", true},
		{"https to http is another origin", "https://api.test", "http://api.test/", false},
		{"another port", "https://api.test", "https://api.test:8443/", false},
		{"a sub-domain", "https://api.test", "https://x.api.test/", false},
		{"a longer name", "https://api.test", "https://api.test.evil.test/", false},
		{"a name in the userinfo", "https://api.test", "https://api.test@evil.test/", false},
		{"an IPv6 address", "http://[::1]:80", "http://[::1]/", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := auth.For(tt.origin, mark("it"))
			r := newRequest(t, "GET", tt.url, nil)
			require.NoError(t, a.Authenticate(r))
			assert.Equal(t, tt.want, r.Header.Get("X-By") == "it")
			assert.Equal(t, tt.want, a.(bounder).Bound(r.URL))
		})
	}
	for _, bad := range []string{"", "api.test", "//api.test", "https://", "https:///x", "https://user:canary@%zz"} {
		t.Run(fmt.Sprintf("%q is no origin", bad), func(t *testing.T) {
			for _, a := range []auth.Authenticator{auth.For(bad, mark("it")), auth.First(mark("other"), auth.For(bad, mark("it")))} {
				err := a.Authenticate(newRequest(t, "GET", "http://h.test/", nil))
				assert.ErrorIs(t, err, sentinel.InvalidURL)
				assert.ErrorContains(t, err, "auth: for: ")
				assert.NotContains(t, err.Error(), "canary")
			}
		})
	}
	t.Run("to a proxy the origin is the proxy's", func(t *testing.T) {
		for origin, want := range map[string]string{"http://proxy.test:3128": "Basic dTpw", "http://h.test": ""} {
			r := newRequest(t, "GET", "http://h.test/", nil)
			r = r.WithContext(proxyauth.WithProxy(r.Context(), parse(t, "http://proxy.test:3128")))
			require.NoError(t, auth.For(origin, auth.Basic("u", "p")).Authenticate(r))
			assert.Equal(t, want, r.Header.Get("Proxy-Authorization"))
		}
	})
}

type bounder interface{ Bound(*url.URL) bool }

func TestFirst(t *testing.T) {
	a, b := auth.For("https://a.test", mark("a")), auth.For("https://b.test", mark("b"))
	tests := []struct {
		name  string
		first auth.Authenticator
		url   string
		want  string
		bound bool
	}{
		{"the one for the origin", auth.First(a, b), "https://b.test/", "b", true},
		{"none for the origin", auth.First(a, b), "https://c.test/", "", false},
		{"the first of two for the origin", auth.First(a, auth.For("https://a.test", mark("second"))), "https://a.test/", "a", true},
		{"one that is bound comes before one that is not", auth.First(mark("any"), a), "https://a.test/", "a", true},
		{"one that is not bound serves the rest", auth.First(a, mark("any"), mark("other")), "https://c.test/", "any", false},
		{"nil ones are left out", auth.First(nil, a), "https://a.test/", "a", true},
		{"nothing at all", auth.First(), "https://a.test/", "", false},
		{"nested", auth.First(auth.First(a), auth.First(mark("any"), b)), "https://b.test/", "b", true},
		{"nested, not bound", auth.First(auth.First(a), auth.First(mark("any"), b)), "https://c.test/", "any", false},
		{"For around First", auth.For("https://a.test", auth.First(b, mark("any"))), "https://a.test/", "any", true},
		{"For around For of another origin", auth.For("https://a.test", b), "https://a.test/", "", false},
		{"None switches off one origin", auth.First(auth.For("https://a.test", auth.None), mark("any")), "https://a.test/", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRequest(t, "GET", tt.url, nil)
			require.NoError(t, tt.first.Authenticate(r))
			assert.Equal(t, tt.want, r.Header.Get("X-By"))
			assert.Equal(t, tt.bound, tt.first.(bounder).Bound(r.URL))
		})
	}
}

type (
	plain        struct{}
	withDeferred struct{ plain }
	withObserve  struct{ plain }
	withAnswer   struct{ plain }
)

func (plain) Authenticate(*http.Request) error            { return nil }
func (withDeferred) Deferred()                            {}
func (withObserve) Observe(*http.Response)                {}
func (withAnswer) Challenge(*http.Response) (bool, error) { return true, nil }
func methods(a auth.Authenticator) (deferred, obs, answ bool) {
	_, deferred = a.(interface{ Deferred() })
	_, obs = a.(interface{ Observe(*http.Response) })
	_, answ = a.(auth.Challenger)
	return deferred, obs, answ
}

func TestScope_passesOptionalMethodsOn(t *testing.T) {
	d, o, c := withDeferred{}, withObserve{}, withAnswer{}
	for _, of := range [][]auth.Authenticator{
		{plain{}}, {d}, {o}, {c}, {d, o}, {d, c}, {o, c}, {d, o, c},
	} {
		var wd, wo, wc bool
		for _, a := range of {
			gd, go_, gc := methods(a)
			wd, wo, wc = wd || gd, wo || go_, wc || gc
		}
		t.Run(fmt.Sprintf("%T", of), func(t *testing.T) {
			first := auth.First(of...)
			for _, a := range []auth.Authenticator{first, auth.For("https://a.test", first)} {
				gd, gobs, gc := methods(a)
				assert.Equal(t, []bool{wd, wo, wc}, []bool{gd, gobs, gc})
				assert.NotPanics(t, func() { _ = map[auth.Authenticator]bool{a: true} }, "comparable")
			}
		})
	}
	t.Run("each of the real ones", func(t *testing.T) {
		for _, tt := range []struct {
			a    auth.Authenticator
			want bool
		}{
			{auth.Basic("u", "p"), false}, {auth.Netrc(""), false}, {auth.None, false},
			{auth.Digest("u", "p"), true}, {auth.OAuth2(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "t"})), true},
		} {
			for _, a := range []auth.Authenticator{tt.a, auth.For("https://a.test", tt.a)} {
				d, o, c := methods(a)
				assert.Equal(t, []bool{tt.want, tt.want, tt.want}, []bool{d, o, c}, "%v", a)
			}
		}
	})
	t.Run("a challenge reaches what it is for, and nothing else", func(t *testing.T) {
		a := auth.For("https://a.test", withAnswer{}).(auth.Challenger)
		for target, want := range map[string]bool{"https://a.test/": true, "https://b.test/": false} {
			again, err := a.Challenge(challengeOf(newRequest(t, "GET", target, nil)))
			require.NoError(t, err)
			assert.Equal(t, want, again, target)
		}
	})
	t.Run("a response that does not say its request is not answered", func(t *testing.T) {
		resp := &http.Response{StatusCode: http.StatusUnauthorized}
		digest := auth.Digest("u", "p")
		for _, a := range []auth.Authenticator{digest, auth.For("https://a.test", digest), auth.First(digest)} {
			again, err := a.(auth.Challenger).Challenge(resp)
			require.NoError(t, err)
			assert.False(t, again)
			a.(interface{ Observe(*http.Response) }).Observe(resp)
		}
	})
	t.Run("digest works within For", func(t *testing.T) {
		s := &digestServer{qop: "auth", realm: "r", user: "u", password: "p", next: true, proof: "right"}
		l := s.client(auth.First(auth.For("http://h.test", auth.Digest("u", "p")), auth.Basic("x", "y")))
		status, _ := send(t, l, "GET", "http://h.test/", nil)
		assert.Equal(t, 200, status)
		send(t, l, "GET", "http://h.test/", nil)
		assert.Equal(t, []string{"nonce1 00000001", "nonce2 00000001"}, s.seen)
		status, _ = send(t, l, "GET", "http://other.test/", nil)
		assert.Equal(t, 401, status)
	})
}

func TestNone(t *testing.T) {
	var a auth.Authenticator = auth.None
	assert.True(t, a == auth.None)
	assert.False(t, auth.Basic("u", "p") == auth.None)
	r := newRequest(t, "GET", "http://h.test/", nil)
	require.NoError(t, a.Authenticate(r))
	assert.Empty(t, r.Header)
}

func ExampleFirst() {
	a := auth.First(
		auth.For("https://api.test", auth.Bearer("token")),
		auth.For("https://files.test", auth.Basic("user", "password")),
	)
	for _, target := range []string{"https://api.test/v1", "https://files.test/a", "https://elsewhere.test/"} {
		r, _ := http.NewRequest("GET", target, nil)
		if err := a.Authenticate(r); err != nil {
			fmt.Println(err)
		}
		fmt.Printf("%s %q\n", r.URL.Host, r.Header.Get("Authorization"))
	}
	// Output:
	// api.test "Bearer token"
	// files.test "Basic dXNlcjpwYXNzd29yZA=="
	// elsewhere.test ""
}
