package requests_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

// What an explanation says of one thing, by who set it.
func TestExplain_facts(t *testing.T) {
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: testCertificate(t).Certificate[0]}), 0o600))
	roots := requests.WithTLS(requests.TLS{RootCAs: x509.NewCertPool()})
	through := func(next http.RoundTripper) http.RoundTripper { return next }
	body := func(content any) requests.Body {
		b, err := requests.NewBody(content)
		require.NoError(t, err)
		return b
	}
	for _, tt := range []struct {
		name       string
		session    []requests.Option
		request    requests.Request
		part, fact string
		want       requests.Fact
	}{
		{"roots in code", []requests.Option{roots}, requests.Request{}, "tls", "roots",
			requests.Fact{Value: "a pool in code", Source: "session"}},
		{"a client certificate in code", nil, requests.Request{Settings: requests.Settings{TLS: &requests.TLS{Certificates: []tls.Certificate{testCertificate(t)}}}}, "tls", "client certificate",
			requests.Fact{Value: "1 in code", Source: "request"}},
		{"a configuration in code", []requests.Option{requests.WithTLS(requests.TLS{Config: new(tls.Config)})}, requests.Request{}, "tls", "config",
			requests.Fact{Value: "set in code", Source: "session"}},
		{"a session's middleware", []requests.Option{requests.WithMiddleware(through)}, requests.Request{}, "adapter", "",
			requests.Fact{Source: "built-in", Rule: "within 1 middleware"}},
		{"a base URL of the request", []requests.Option{requests.WithBaseURL("https://other.test/")}, requests.Request{URL: "x", BaseURL: "https://api.test/v1/"}, "url", "",
			requests.Fact{Value: "https://api.test/v1/x", Source: "request", Rule: "the request's base"}},
		{"a text", nil, requests.Request{Method: "POST", Body: body("a=b")}, "body", "",
			requests.Fact{Value: "text of 3 bytes", Source: "request", Rule: "can be sent again"}},
		{"a reader of unknown length", nil, requests.Request{Method: "POST", Body: body(onlyReader{strings.NewReader("x")})}, "body", "",
			requests.Fact{Value: "reader of unknown length", Source: "request", Rule: "can be sent once"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.request.URL == "" {
				tt.request.URL = "https://api.test/"
			}
			e, err := newSession(t, tt.session...).Explain(t.Context(), &tt.request)
			require.NoError(t, err)
			f, ok := e.Fact(tt.part, tt.fact)
			require.True(t, ok)
			assert.Contains(t, f.Value, tt.want.Value)
			assert.Contains(t, f.Source, tt.want.Source)
			assert.Contains(t, f.Rule, tt.want.Rule)
		})
	}
	t.Run("a bundle that the environment names", func(t *testing.T) {
		for _, name := range []string{"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} {
			t.Run(name, func(t *testing.T) {
				t.Setenv("REQUESTS_CA_BUNDLE", "")
				t.Setenv("CURL_CA_BUNDLE", "")
				t.Setenv(name, bundle)
				e, err := newSession(t).Explain(t.Context(), &requests.Request{URL: "https://api.test/"})
				require.NoError(t, err)
				f, ok := e.Fact("tls", "roots")
				require.True(t, ok)
				assert.Contains(t, f.Value, bundle)
				assert.Equal(t, "environment "+name, f.Source)
			})
		}
	})
	t.Run("trust of its own for an https proxy", func(t *testing.T) {
		for source, s := range map[string]*requests.Session{
			"session": newSession(t, requests.WithProxy("https://p.test"), requests.WithProxyTLS(requests.TLS{})),
			"request": newSession(t, requests.WithProxy("https://p.test")),
		} {
			r := &requests.Request{URL: "https://api.test/"}
			if source == "request" {
				r.ProxyTLS = new(requests.TLS)
			}
			e, err := s.Explain(t.Context(), r)
			require.NoError(t, err)
			f, ok := e.Fact("proxy", "tls")
			require.True(t, ok, source)
			assert.Equal(t, source, f.Source)
		}
	})
}

// A hook that fails, or takes the request away, ends an explanation as it
// would end the call.
func TestExplain_hooksThatFail(t *testing.T) {
	for _, tt := range []struct {
		name string
		hook func(*requests.PreparedRequest) error
		want string
	}{
		{"an error", func(*requests.PreparedRequest) error { return os.ErrPermission }, "prepare hook: permission denied"},
		{"a request without URL", func(p *requests.PreparedRequest) error { p.URL = nil; return nil }, "prepare hook: the request has no URL"},
		{"no request", func(p *requests.PreparedRequest) error { p.Request = nil; return nil }, "prepare hook: the request has no URL"},
		{"a URL without a scheme", func(p *requests.PreparedRequest) error { p.URL = new(url.URL); return nil }, "no adapter is mounted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hooks := new(requests.Hooks)
			hooks.Prepare.PushBack(tt.hook)
			s := newSession(t, requests.WithHooks(hooks))
			_, err := s.Explain(t.Context(), &requests.Request{URL: "http://api.test/"})
			_, sent := s.Get(t.Context(), "http://api.test/")
			assert.ErrorContains(t, err, tt.want)
			assert.ErrorContains(t, sent, tt.want)
		})
	}
}
