package requests_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
)

// FuzzRedirectTarget holds that whatever a Location says: nothing panics; what
// is followed is http or https, with a host on which net/url agrees; no
// credentials go where scheme, host or port differ, an upgrade between default
// ports excepted; and userinfo of a Location never becomes authentication.
func FuzzRedirectTarget(f *testing.F) {
	for _, tt := range originTests {
		f.Add(tt.from, tt.to)
	}
	for _, location := range []string{
		"", "#f", "?q", "//", "///x", "//@b.test", `\\b.test`, `/\b.test`, "http:b.test", "http:/b.test", "http:///b.test", "https:/x", "http://a.test@b.test/",
		"http://b.test#@a.test/", `http://b.test\@a.test/`, "http://a.test:80@b.test/", "http://u:p@a.test/", "//u:p@b.test/", "http://[::1]/", "http://[::1%25a.test]/",
		"http://a.test%2eb.test/", "http://a\uff0etest/", "http://\u212a.test/", "HTTP://A.TEST:080/", "http://a.test:/", "http://a.test:0/", "http://a.test:65536/",
		"javascript:alert(1)", "file:///x", "data:,x", "..//b.test", "%2f%2fb.test", "/%zz", "/\xff", " \t/x", "http://a.test\u3002b.test/",
	} {
		f.Add("http://a.test/dir/start?q=1#f", location)
	}
	f.Fuzz(func(t *testing.T, base, location string) {
		parsed, err := url.Parse(base)
		if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" {
			return
		}
		planted := []requests.Option{
			requests.WithHeader("X-Api-Key", "planted"), requests.WithCookie(&http.Cookie{Name: "own", Value: "planted"}),
			requests.WithAuth(auth.Bearer("planted")),
		}
		for _, opts := range [][]requests.Option{planted, nil} {
			var asked []*http.Request
			wire := adapters.Func(func(r *http.Request) (*http.Response, error) {
				asked = append(asked, r.Clone(r.Context()))
				if len(asked) == 1 {
					return &http.Response{StatusCode: 307, Header: http.Header{"Location": {location}}, Body: http.NoBody, Request: r}, nil
				}
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
			})
			s, err := requests.NewSession(requests.WithAdapter("", wire), requests.WithAdapter("http://", wire), requests.WithAdapter("https://", wire))
			require.NoError(t, err)
			_, err = s.Get(t.Context(), base, opts...)
			require.NoError(t, s.Close())
			if len(asked) < 2 {
				continue
			}
			require.NoError(t, err)
			first, second := asked[0], asked[1]
			u := second.URL
			require.Contains(t, []string{"http", "https"}, u.Scheme)
			require.NotEmpty(t, u.Host)
			require.Equal(t, u.Host, second.Host)
			again, err := url.Parse(u.String())
			require.NoError(t, err)
			require.Equal(t, u.Hostname(), again.Hostname(), "%s", u)
			require.Equal(t, u.Port(), again.Port())
			if opts == nil && first.Header["Authorization"] == nil {
				require.NotContains(t, second.Header, "Authorization", "userinfo of a Location")
			}
			if !mayKeep(first.URL, u) {
				for _, name := range []string{"Authorization", "X-Api-Key", "Cookie"} {
					assert.NotContains(t, second.Header, name, "%s to %s", first.URL, u)
				}
			}
		}
	})
}

// mayKeep is the rule of origins, said once more and bluntly.
func mayKeep(from, to *url.URL) bool {
	port := func(u *url.URL) string {
		if u.Port() == "" {
			return map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		return u.Port()
	}
	if !strings.EqualFold(from.Hostname(), to.Hostname()) {
		return false
	}
	return from.Scheme == to.Scheme && port(from) == port(to) ||
		from.Scheme == "http" && to.Scheme == "https" && port(from) == "80" && port(to) == "443"
}
