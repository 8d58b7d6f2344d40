package requests_test

import (
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/proxy"
)

func ok(http.ResponseWriter, *http.Request) {}

// p1 to p3 stand for the URLs of proxies that a test starts.
const p1, p2, p3 = "{1}", "{2}", "{3}"

// fill puts the URLs of proxies in the place of p1 to p3.
func fill(s string, proxies [3]*forwardingProxy) string {
	switch s {
	case p1:
		return proxies[0].URL
	case p2:
		return proxies[1].URL
	case p3:
		return proxies[2].URL
	}
	return s
}

func fillMap(m proxy.Map, proxies [3]*forwardingProxy) proxy.Map {
	out := proxy.Map{}
	for k, v := range m {
		out[k] = fill(v, proxies)
	}
	return out
}

func TestEnvironment_proxySelection(t *testing.T) {
	for _, tt := range []struct {
		name          string
		env           map[string]string
		session, call proxy.Map
		url           string
		through       string // "" for none
	}{
		{"nothing says anything", nil, nil, nil, "http://a.test/", ""},
		{"R134 by scheme", map[string]string{"http_proxy": p1}, nil, nil, "http://a.test/", p1},
		{"R134 of another scheme", map[string]string{"https_proxy": p1}, nil, nil, "http://a.test/", ""},
		{"R134 all_proxy", map[string]string{"all_proxy": p1}, nil, nil, "http://a.test/", p1},
		{"R134 all_proxy for https", map[string]string{"all_proxy": p1}, nil, nil, "https://a.test/", p1},
		{"R135 the scheme before all", map[string]string{"http_proxy": p1, "all_proxy": p2}, nil, nil, "http://a.test/", p1},
		{"R134 lower case before upper", map[string]string{"http_proxy": p1, "HTTP_PROXY": p2}, nil, nil, "http://a.test/", p1},
		{"R134 upper case alone", map[string]string{"HTTP_PROXY": p2}, nil, nil, "http://a.test/", p2},
		{"R134 an empty one in lower case disables the upper", map[string]string{"http_proxy": "", "HTTP_PROXY": p2}, nil, nil, "http://a.test/", ""},
		{"R134 HTTP_PROXY is ignored in CGI", map[string]string{"HTTP_PROXY": p2, "REQUEST_METHOD": "GET"}, nil, nil, "http://a.test/", ""},
		{"R134 http_proxy is not ignored in CGI", map[string]string{"http_proxy": p1, "REQUEST_METHOD": "GET"}, nil, nil, "http://a.test/", p1},
		{"R134 no_proxy", map[string]string{"http_proxy": p1, "no_proxy": "a.test"}, nil, nil, "http://a.test/", ""},
		{"R134 an empty no_proxy falls through to the upper case", map[string]string{"http_proxy": p1, "no_proxy": "", "NO_PROXY": "a.test"}, nil, nil, "http://a.test/", ""},
		{"R139 no_proxy holds subdomains", map[string]string{"http_proxy": p1, "no_proxy": "a.test"}, nil, nil, "http://sub.a.test/", ""},
		{"R139 at a label boundary", map[string]string{"http_proxy": p1, "no_proxy": "a.test"}, nil, nil, "http://xa.test/", p1},
		{"R139 everything", map[string]string{"http_proxy": p1, "no_proxy": "*"}, nil, nil, "http://a.test/", ""},
		{"R135 scheme and host before scheme", nil, proxy.Map{"http": p1, "http://a.test": p2}, nil, "http://a.test/", p2},
		{"R135 scheme before all and host", nil, proxy.Map{"http": p1, "all://a.test": p2}, nil, "http://a.test/", p1},
		{"R135 all and host before all", nil, proxy.Map{"all": p1, "all://a.test": p2}, nil, "http://a.test/", p2},
		{"R135 a host without its port", nil, proxy.Map{"http://a.test": p2}, nil, "http://a.test:8080/", p2},
		{"R135 all for another scheme", nil, proxy.Map{"http": p1, "all": p2}, nil, "https://a.test/", p2},
		{"R135 an empty value ends the search", nil, proxy.Map{"http": "", "all": p2}, nil, "http://a.test/", ""},
		{"D3 the session's over the environment's", map[string]string{"http_proxy": p1}, proxy.Map{"http": p2}, nil, "http://a.test/", p2},
		{"D3 the request's over the session's", nil, proxy.Map{"http": p1}, proxy.Map{"http": p2}, "http://a.test/", p2},
		{"D3 the request's over both", map[string]string{"http_proxy": p1}, proxy.Map{"http": p2}, proxy.Map{"http": p3}, "http://a.test/", p3},
		{"D3 key by key: the environment's stay for others", map[string]string{"http_proxy": p1}, proxy.Map{"https": p2}, nil, "http://a.test/", p1},
		{"D3 key by key: the session's stay for others", nil, proxy.Map{"http": p1}, proxy.Map{"https": p2}, "http://a.test/", p1},
		{"D3 the more particular key wins over the layer", map[string]string{"http_proxy": p1}, proxy.Map{"all": p2}, nil, "http://a.test/", p1},
		{"R137 an empty one of the request is a direct connection", map[string]string{"http_proxy": p1}, proxy.Map{"http": p2}, proxy.Map{"http": ""}, "http://a.test/", ""},
		{"R138 NO_PROXY does not touch the session's", map[string]string{"http_proxy": p1, "NO_PROXY": "a.test"}, proxy.Map{"http": p2}, nil, "http://a.test/", p2},
		{"R138 nor the request's", map[string]string{"http_proxy": p1, "NO_PROXY": "a.test"}, nil, proxy.Map{"http": p2}, "http://a.test/", p2},
		{"R138 a no_proxy key of the request overrides the variable", map[string]string{"http_proxy": p1, "NO_PROXY": "b.test"}, nil, proxy.Map{"no_proxy": "a.test"}, "http://a.test/", ""},
		{"R138 so that the variable's hosts are proxied", map[string]string{"http_proxy": p1, "NO_PROXY": "a.test"}, nil, proxy.Map{"no_proxy": "b.test"}, "http://a.test/", p1},
		{"R138 an empty no_proxy key means no exceptions", map[string]string{"http_proxy": p1, "NO_PROXY": "a.test"}, nil, proxy.Map{"no_proxy": ""}, "http://a.test/", p1},
		{"D3 a no_proxy key of the session is honoured too", map[string]string{"http_proxy": p1}, proxy.Map{"no_proxy": "a.test"}, nil, "http://a.test/", ""},
		{"an https proxy variable for https", map[string]string{"https_proxy": p1}, nil, nil, "https://a.test/", p1},
		{"R148 CONNECT is for https", map[string]string{"http_proxy": p1, "https_proxy": p2}, nil, nil, "https://a.test/", p2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, ok)
			proxies := [3]*forwardingProxy{newProxy(t, h), newProxy(t, h), newProxy(t, h)}
			for k, v := range tt.env {
				t.Setenv(k, fill(v, proxies))
			}
			s := h.Session(t, requests.WithProxies(fillMap(tt.session, proxies)))
			asked := func() string {
				for i, name := range []string{p1, p2, p3} {
					if len(proxies[i].Requests()) > 0 {
						return name
					}
				}
				return ""
			}
			r := &requests.Request{URL: tt.url}
			if tt.call != nil {
				r.Proxies = fillMap(tt.call, proxies)
			}
			_, err := s.Do(t.Context(), r)
			require.NoError(t, err)
			assert.Equal(t, tt.through, asked())
			require.Len(t, h.Arrivals(), 1)

			p, err := s.Prepare(t.Context(), r)
			require.NoError(t, err)
			_, err = s.Send(p)
			require.NoError(t, err)
			assert.Equal(t, tt.through, asked(), "D3 the same by Prepare and Send")

			u, err := url.Parse(tt.url)
			require.NoError(t, err)
			set, err := s.MergeEnvironment(u, requests.Settings{Proxies: r.Proxies})
			require.NoError(t, err)
			chosen, err := set.Proxies.For(u)
			require.NoError(t, err)
			if tt.through == "" && chosen == nil {
				return
			}
			require.NotNil(t, chosen)
			assert.Equal(t, fill(tt.through, proxies), chosen.String(), "MergeEnvironment says the same")
		})
	}
}

func TestEnvironment_loopbackIsNotSpecial(t *testing.T) {
	h := newHosts(t, ok)
	p := newProxy(t, h)
	w := newReplies(t, reply(200, ""))
	t.Setenv("http_proxy", p.URL)
	_, err := newSession(t).Get(t.Context(), w.URL+"/x")
	require.NoError(t, err)
	assert.Equal(t, []string{"GET " + w.URL + "/x"}, p.Lines(), "R140 127.0.0.1 is proxied")
}

func TestEnvironment_off(t *testing.T) {
	for _, tt := range []struct {
		name          string
		session, call requests.Option
	}{
		{"for the session", requests.WithEnvironment(false), nil},
		{"for the call", nil, requests.WithEnvironment(false)},
	} {
		t.Run("R15 "+tt.name, func(t *testing.T) {
			h := newHosts(t, ok)
			p := newProxy(t, h)
			t.Setenv("http_proxy", p.URL)
			t.Setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
			_, err := h.Session(t, tt.session).Get(t.Context(), "http://a.test/", tt.call)
			require.NoError(t, err)
			assert.Empty(t, p.Requests())
		})
	}
}

func TestEnvironment_isReadAtEachRequest(t *testing.T) {
	h := newHosts(t, ok)
	p := newProxy(t, h)
	s := h.Session(t)
	for _, tt := range []struct {
		value string
		n     int
	}{{"", 0}, {p.URL, 1}, {"", 1}, {p.URL, 2}} {
		t.Setenv("http_proxy", tt.value)
		_, err := s.Get(t.Context(), "http://a.test/")
		require.NoError(t, err)
		assert.Len(t, p.Requests(), tt.n, "R146")
	}
}

func TestEnvironment_badProxy(t *testing.T) {
	for _, tt := range []struct{ name, value string }{
		{"R147 no host", "http://"},
		{"R147 an unsupported scheme", "gopher://p:1"},
		{"a bad port", "http://p:x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("http_proxy", tt.value)
			_, err := newSession(t).Get(t.Context(), "http://a.test/")
			require.ErrorIs(t, err, requests.ErrInvalidProxyURL)
			require.ErrorIs(t, err, requests.ErrInvalidURL)
			require.ErrorContains(t, err, "environment http_proxy: ", "nobody may know to have set it")
		})
	}
	t.Run("of the environment does not matter where another is chosen", func(t *testing.T) {
		h := newHosts(t, ok)
		p := newProxy(t, h)
		t.Setenv("http_proxy", "http://")
		_, err := h.Session(t, requests.WithProxy(p.URL)).Get(t.Context(), "http://a.test/")
		require.NoError(t, err)
	})
}

func TestEnvironment_everyHopChoosesAnew(t *testing.T) {
	for _, tt := range []struct {
		name     string
		env      map[string]string
		from, to string
		lines    []string
	}{
		{"D25 NO_PROXY holds for the new host", map[string]string{"http_proxy": p1, "no_proxy": "b.test"}, "http://a.test/start", "http://b.test/end",
			[]string{"GET http://a.test/start"}},
		{"D25 and for the first one only", map[string]string{"http_proxy": p1, "no_proxy": "a.test"}, "http://a.test/start", "http://b.test/end",
			[]string{"GET http://b.test/end"}},
		{"R143 the proxy of the new scheme", map[string]string{"https_proxy": p1}, "http://a.test/start", "https://a.test/end",
			[]string{"CONNECT a.test:443"}},
		{"R143 none for the new scheme", map[string]string{"http_proxy": p1}, "http://a.test/start", "https://a.test/end",
			[]string{"GET http://a.test/start"}},
		{"R143 the same for both", map[string]string{"http_proxy": p1}, "http://a.test/start", "http://b.test/end",
			[]string{"GET http://a.test/start", "GET http://b.test/end"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, redirectOnce(302, tt.to))
			proxies := [3]*forwardingProxy{newProxy(t, h)}
			for k, v := range tt.env {
				t.Setenv(k, fill(v, proxies))
			}
			_, err := h.Session(t).Get(t.Context(), tt.from)
			require.NoError(t, err)
			require.Len(t, h.Arrivals(), 2)
			assert.Equal(t, tt.lines, proxies[0].Lines())
		})
	}
}

func TestEnvironment_forwardedRequest(t *testing.T) {
	h := newHosts(t, ok)
	p := newProxy(t, h)
	s := h.Session(t, requests.WithProxy(p.URL))
	_, err := s.Get(t.Context(), "http://u:p@a.test:8080/x?q=1#f")
	require.NoError(t, err)
	got := p.Requests()[0]
	assert.Equal(t, "GET http://a.test:8080/x?q=1", got.Line, "R148 absolute, without userinfo and fragment")
	assert.Equal(t, "a.test:8080", got.Host)
	assert.Equal(t, "Basic dTpw", got.Header.Get("Authorization"), "R148")
	assert.NotContains(t, got.Header, "Proxy-Authorization")
}

func withUserinfo(t *testing.T, raw, user string) string {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return "http://" + user + "@" + u.Host
}

func TestEnvironment_proxyCredentials(t *testing.T) {
	own := requests.WithHeader("Proxy-Authorization", "Bearer own")
	for _, tt := range []struct {
		name, user string
		call       []requests.Option
		url        string
		sent       []string // to the proxy
	}{
		{"R150 with a forwarded request", "u:p", nil, "http://a.test/", []string{"Basic dTpw"}},
		{"R150 on CONNECT", "u:p", nil, "https://a.test/", []string{"Basic dTpw"}},
		{"R150 escapes are decoded", "u%40x:p%3A", nil, "http://a.test/", []string{"Basic dUB4OnA6"}},
		{"R150 a user alone is none", "u", nil, "http://a.test/", nil},
		{"R151 a field of the caller's to a proxy without credentials", "", []requests.Option{own}, "http://a.test/", []string{"Bearer own"}},
		{"R151 credentials of the URL overwrite it", "u:p", []requests.Option{own}, "http://a.test/", []string{"Basic dTpw"}},
		{"D73 a field of the caller's on CONNECT", "", []requests.Option{own}, "https://a.test/", []string{"Bearer own"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, ok)
			p := newProxy(t, h)
			address := p.URL
			if tt.user != "" {
				address = withUserinfo(t, p.URL, tt.user)
			}
			_, err := h.Session(t, requests.WithProxy(address)).Get(t.Context(), tt.url, tt.call...)
			require.NoError(t, err)
			assert.Equal(t, tt.sent, p.Requests()[0].Header["Proxy-Authorization"])
			assert.NotContains(t, h.Last(t).Header, "Proxy-Authorization", "D73 never to the origin")
		})
	}
	t.Run("D73 never to an origin without a proxy", func(t *testing.T) {
		h := newHosts(t, ok)
		_, err := h.Session(t).Get(t.Context(), "http://a.test/", own)
		require.NoError(t, err)
		assert.NotContains(t, h.Last(t).Header, "Proxy-Authorization")
	})
	t.Run("R154 each proxy has its own along a chain", func(t *testing.T) {
		h := newHosts(t, redirectOnce(302, "http://b.test/end"))
		first, second := newProxy(t, h), newProxy(t, h)
		_, err := h.Session(t).Get(t.Context(), "http://a.test/start", requests.WithProxies(proxy.Map{
			"http://a.test": withUserinfo(t, first.URL, "a:1"), "http://b.test": withUserinfo(t, second.URL, "b:2"),
		}))
		require.NoError(t, err)
		assert.Equal(t, "Basic YTox", first.Requests()[0].Header.Get("Proxy-Authorization"))
		assert.Equal(t, "Basic Yjoy", second.Requests()[0].Header.Get("Proxy-Authorization"))
	})
	t.Run("R153 not inside the tunnel after a redirect to https", func(t *testing.T) {
		h := newHosts(t, redirectOnce(302, "https://a.test/end"))
		p := newProxy(t, h)
		_, err := h.Session(t, requests.WithProxy(withUserinfo(t, p.URL, "u:p"))).Get(t.Context(), "http://a.test/start")
		require.NoError(t, err)
		assert.Equal(t, []string{"GET http://a.test/start", "CONNECT a.test:443"}, p.Lines())
		assert.Equal(t, "Basic dTpw", p.Requests()[1].Header.Get("Proxy-Authorization"))
		assert.NotContains(t, h.Last(t).Header, "Proxy-Authorization")
	})
}

func TestEnvironment_proxyAnswers(t *testing.T) {
	t.Run("R152 a 407 to a forwarded request is a response", func(t *testing.T) {
		w := newReplies(t, reply(407, "who", "Proxy-Authenticate: Basic realm=x"))
		resp, err := newSession(t, requests.WithProxy(w.URL)).Get(t.Context(), "http://a.test/")
		require.NoError(t, err)
		assert.Equal(t, 407, resp.StatusCode)
	})
	t.Run("R152 a refused CONNECT is a proxy error", func(t *testing.T) {
		w := newReplies(t, reply(403, ""))
		_, err := newSession(t, requests.WithProxy(w.URL)).Get(t.Context(), "https://a.test/")
		require.ErrorIs(t, err, requests.ErrProxy)
		require.ErrorIs(t, err, requests.ErrConnection)
	})
	t.Run("R152 a proxy that is not there is a proxy error", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		w.Close()
		_, err := newSession(t, requests.WithProxy(w.URL)).Get(t.Context(), "http://a.test/")
		require.ErrorIs(t, err, requests.ErrProxy)
	})
}

// bundleOf writes the certificate that the hosts show to a PEM file.
func bundleOf(t *testing.T, h *hosts) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate}), 0o600))
	return path
}

func TestEnvironment_caBundle(t *testing.T) {
	const bundle, missing = "{bundle}", "/nonexistent/ca.pem"
	for _, tt := range []struct {
		name    string
		env     map[string]string
		session []requests.Option
		call    []requests.Option
		url     string
		is      error
	}{
		{"without one the host is not trusted", nil, nil, nil, "https://a.test/", requests.ErrTLS},
		{"R144 REQUESTS_CA_BUNDLE", map[string]string{"REQUESTS_CA_BUNDLE": bundle}, nil, nil, "https://a.test/", nil},
		{"R144 CURL_CA_BUNDLE", map[string]string{"CURL_CA_BUNDLE": bundle}, nil, nil, "https://a.test/", nil},
		{"R144 the first before the second", map[string]string{"REQUESTS_CA_BUNDLE": bundle, "CURL_CA_BUNDLE": missing}, nil, nil, "https://a.test/", nil},
		{"R144 an empty one is unset", map[string]string{"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": bundle}, nil, nil, "https://a.test/", nil},
		{"D4 not where the session has switched verifying off", map[string]string{"REQUESTS_CA_BUNDLE": missing}, []requests.Option{requests.WithVerify(false)}, nil, "https://a.test/", nil},
		{"D4 not where the call has", map[string]string{"REQUESTS_CA_BUNDLE": missing}, nil, []requests.Option{requests.WithVerify(false)}, "https://a.test/", nil},
		{"D4 a plain true of the call does not matter", map[string]string{"REQUESTS_CA_BUNDLE": bundle}, nil, []requests.Option{requests.WithVerify(true)}, "https://a.test/", nil},
		{"D4 a name to verify is no choice of trust", map[string]string{"REQUESTS_CA_BUNDLE": bundle}, []requests.Option{requests.WithServerName("b.test")}, nil, "https://a.test/", nil},
		{"R15 not without the environment", map[string]string{"REQUESTS_CA_BUNDLE": bundle}, []requests.Option{requests.WithEnvironment(false)}, nil, "https://a.test/", requests.ErrTLS},
		{"D30 not for http", map[string]string{"REQUESTS_CA_BUNDLE": missing}, nil, nil, "http://a.test/", nil},
		{"after a redirect from http", map[string]string{"REQUESTS_CA_BUNDLE": bundle}, nil, nil, "http://a.test/start", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, redirectOnce(302, "https://a.test/end"))
			for k, v := range tt.env {
				if v == bundle {
					v = bundleOf(t, h)
				}
				t.Setenv(k, v)
			}
			s := newSession(t, append(tt.session, requests.WithAdapter("http://", h.pool), requests.WithAdapter("https://", h.pool))...)
			_, err := s.Get(t.Context(), tt.url, tt.call...)
			if tt.is == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, tt.is)
		})
	}
	t.Run("D4 not over roots that code has chosen", func(t *testing.T) {
		t.Setenv("REQUESTS_CA_BUNDLE", missing)
		h := newHosts(t, ok)
		_, err := h.Session(t).Get(t.Context(), "https://a.test/")
		require.NoError(t, err)
	})
	t.Run("D74 a missing one is an error that names it", func(t *testing.T) {
		for _, name := range []string{"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} {
			t.Setenv("REQUESTS_CA_BUNDLE", "")
			t.Setenv(name, missing)
			_, err := newSession(t).Get(t.Context(), "https://a.test/")
			require.ErrorContains(t, err, "environment "+name+": ")
			require.ErrorContains(t, err, missing)
			_, err = newSession(t, requests.WithTransport(adapters.Func(func(*http.Request) (*http.Response, error) {
				return nil, errors.New("planned")
			}))).Get(t.Context(), "https://a.test/")
			assert.NotContains(t, err.Error(), name, "what failed did not need it")
		}
	})
}

func TestEnvironment_mergeEnvironment(t *testing.T) {
	t.Setenv("https_proxy", "http://env.test:1")
	t.Setenv("no_proxy", "b.test")
	t.Setenv("REQUESTS_CA_BUNDLE", "/some/ca.pem")
	s := newSession(t, requests.WithProxies(proxy.Map{"http": "http://session.test:1"}))
	at := func(raw string) requests.Settings {
		u, err := url.Parse(raw)
		require.NoError(t, err)
		set, err := s.MergeEnvironment(u, requests.Settings{Proxies: proxy.Map{"all": "http://call.test:1"}})
		require.NoError(t, err)
		return set
	}
	set := at("https://a.test/")
	assert.Equal(t, proxy.Map{"http": "http://session.test:1", "https": "http://env.test:1", "all": "http://call.test:1"}, set.Proxies)
	assert.Equal(t, "/some/ca.pem", set.TLS.CABundle)
	assert.Equal(t, 30, set.MaxRedirects, "the session's settings are there")
	assert.Equal(t, proxy.Map{"http": "http://session.test:1", "all": "http://call.test:1"}, at("https://b.test/").Proxies)
	assert.Nil(t, at("http://a.test/").TLS)
	set.Proxies["http"] = "changed"
	assert.Equal(t, "http://session.test:1", s.Defaults().Proxies["http"], "what is returned is the caller's")
	_, err := s.MergeEnvironment(nil, requests.Settings{})
	require.ErrorIs(t, err, requests.ErrInvalidURL)
}

func TestEnvironment_handMadeRequest(t *testing.T) {
	h := newHosts(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("X-S")) })
	p := newProxy(t, h)
	t.Setenv("http_proxy", p.URL)
	s := h.Session(t, requests.WithHeader("X-S", "session"))
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://a.test/x", nil)
	require.NoError(t, err)
	text, err := requests.Text(s.Send(&requests.PreparedRequest{Request: req}))
	require.NoError(t, err)
	assert.Empty(t, text, "R16 no header of the session's")
	assert.Equal(t, []string{"GET http://a.test/x"}, p.Lines(), "R16 the environment's proxies apply")
}

func TestProxies_areForTheWebAlone(t *testing.T) {
	var set adapters.Settings
	adapter := adapters.Func(func(r *http.Request) (*http.Response, error) {
		set, _ = adapters.SettingsFrom(r.Context())
		return &http.Response{StatusCode: 200, Request: r}, nil
	})
	s := newSession(t, requests.WithProxy("http://proxy.test:1"), requests.WithAdapter("own://", adapter))
	_, err := s.Get(t.Context(), "own://h.test/")
	require.NoError(t, err)
	assert.Nil(t, set.Proxy)
}

func TestProxies_forAnIPv6Host(t *testing.T) {
	for _, key := range []string{"http://::1", "http://[::1]", "all://::1", "all://[::1]"} {
		t.Run(key, func(t *testing.T) {
			var set adapters.Settings
			s := newSession(t, requests.WithProxies(proxy.Map{key: "http://proxy.test:1"}), requests.WithTransport(adapters.Func(func(r *http.Request) (*http.Response, error) {
				set, _ = adapters.SettingsFrom(r.Context())
				return answer(200, ""), nil
			})))
			_, err := s.Get(t.Context(), "http://[::1]:8080/")
			require.NoError(t, err)
			require.NotNil(t, set.Proxy)
			assert.Equal(t, "proxy.test:1", set.Proxy.Host)
			e, err := s.Explain(t.Context(), &requests.Request{URL: "http://[::1]:8080/"})
			require.NoError(t, err)
			assert.Contains(t, e.String(), key)
		})
	}
}

// A key that no URL has would let what is meant for a proxy go past it, and what
// is excepted go through it.
func TestProxies_keysThatNoURLHas(t *testing.T) {
	const by = "http://proxy.test:3128"
	s := newSession(t)
	made := func(s *requests.Session, err error) error {
		if err == nil {
			s.Close()
		}
		return err
	}
	for _, tt := range []struct {
		name, key string
		refused   bool
	}{
		{"exceptions in upper case", "NO_PROXY", true},
		{"a scheme in upper case", "HTTP", true},
		{"all in another case", "All", true},
		{"nothing", "", true},
		{"a wildcard", "*", true},
		{"a host without its scheme", "a.test", true},
		{"an address without its scheme", "127.0.0.1", true},
		{"a host with its port", "http://a.test:8080", true},
		{"a host with a path", "http://a.test/", true},
		{"a host in upper case", "http://A.test", true},
		{"a host with a wildcard", "http://*.a.test", true},
		{"an international host as it is read", "http://bücher.test", true},
		{"a scheme with nothing behind it", "http://", true},
		{"an IPv6 address with its port", "http://[::1]:80", true},
		{"an IPv6 address that is none", "http://::x", true},
		{"userinfo", "http://u:p@a.test", true},

		{"exceptions", "no_proxy", false},
		{"a scheme", "https", false},
		{"a scheme without a meaning here", "ftp", false},
		{"a variable of another program's", "npm_config_https", false},
		{"all", "all", false},
		{"a host", "http://a.test", false},
		{"a host of all schemes", "all://a.test", false},
		{"an international host as it is sent", "http://xn--bcher-kva.test", false},
		{"an IPv6 address", "http://::1", false},
		{"an IPv6 address in brackets", "http://[::1]", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, value := range []string{by, ""} {
				m := proxy.Map{tt.key: value}
				_, ofCall := s.Prepare(t.Context(), &requests.Request{URL: "http://b.test/", Settings: requests.Settings{Proxies: m}})
				for where, err := range map[string]error{
					"NewSession": made(requests.NewSession(requests.WithProxies(m))),
					"Copy":       made(s.Copy(requests.WithProxies(m))),
					"Update":     newSession(t).Update(requests.WithProxies(m)),
					"a call":     ofCall,
				} {
					if tt.refused {
						require.ErrorIs(t, err, requests.ErrInvalidProxyURL, where)
					} else {
						require.NoError(t, err, where)
					}
				}
			}
		})
	}
}
