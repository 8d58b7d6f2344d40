package requests_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/redact"
)

// namedPrepareHook is a hook of this name that runs last in preparing.
func namedPrepareHook(name string, f func(*requests.PreparedRequest) error) *requests.Hooks {
	h := new(requests.Hooks)
	h.Prepare.PushBackNamed(name, f)
	return h
}

// readCloserOf is a reader of net/http's kind: how long it is nobody can see.
func readCloserOf(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

// What is said of a body, and of the fields that frame it, is what goes out,
// whoever has put it there.
func TestExplain_bodies(t *testing.T) {
	replaced := func(r *http.Request) {
		r.Body, r.ContentLength, r.GetBody = readCloserOf("other"), 5, nil
	}
	for _, tt := range []struct {
		name   string
		method string
		opts   []requests.Option
		header http.Header
		want   requests.Fact // %d stands for the bytes that arrive
		absent string        // a field that was asked for and does not go out
	}{
		{name: "a form", opts: []requests.Option{requests.WithForm(url.Values{"a": {"b c"}})},
			want: requests.Fact{Value: "form of %d bytes", Source: "request", Rule: "can be sent again"}},
		{name: "a form with files", opts: []requests.Option{requests.WithForm(url.Values{"a": {"b"}}), requests.WithFile("f", "f.txt", "content")},
			want: requests.Fact{Value: "multipart of 2 parts of %d bytes", Source: "request", Rule: "can be sent again"}},
		{name: "a part that is read once", opts: []requests.Option{requests.WithFile("f", "f.txt", onlyReader{strings.NewReader("content")})},
			want: requests.Fact{Value: "multipart of 1 parts of unknown length", Source: "request", Rule: "can be sent once"}},
		{name: "one that authentication puts in place", opts: []requests.Option{requests.WithBody("content"),
			requests.WithAuth(auth.Func(func(r *http.Request) error { replaced(r); return nil }))},
			want: requests.Fact{Value: "reader of %d bytes", Source: "request", Rule: "can be sent once",
				Overrode: []requests.Overridden{{Value: "text of 7 bytes", Source: "request"}}}},
		{name: "one that a hook puts in place", opts: []requests.Option{requests.WithBody("content"),
			requests.WithHooks(namedPrepareHook("swap", func(p *requests.PreparedRequest) error { replaced(p.Request); return nil }))},
			want: requests.Fact{Value: "reader of %d bytes", Source: "hook swap", Rule: "can be sent once",
				Overrode: []requests.Overridden{{Value: "text of 7 bytes", Source: "request"}}}},
		{name: "none where authentication takes it away", opts: []requests.Option{requests.WithBody("content"),
			requests.WithAuth(auth.Func(func(r *http.Request) error { r.Body = http.NoBody; return nil }))},
			want: requests.Fact{Value: "none", Source: "request", Overrode: []requests.Overridden{{Value: "text of 7 bytes", Source: "request"}}}},
		{name: "none where a hook takes it away", opts: []requests.Option{requests.WithBody("content"),
			requests.WithHooks(namedPrepareHook("drop", func(p *requests.PreparedRequest) error { p.Body = http.NoBody; return nil }))},
			want: requests.Fact{Value: "none", Source: "hook drop", Overrode: []requests.Overridden{{Value: "text of 7 bytes", Source: "request"}}}},
		{name: "a field for a proxy that is not used", opts: []requests.Option{requests.WithBody("content")},
			header: http.Header{"Proxy-Authorization": {"Basic eDp5"}}, absent: "Proxy-Authorization",
			want: requests.Fact{Value: "text of %d bytes", Source: "request", Rule: "can be sent again"}},
		{name: "a length of the caller's for one whose length is known", opts: []requests.Option{requests.WithBody("content")},
			header: http.Header{"Content-Length": {"99"}},
			want:   requests.Fact{Value: "text of %d bytes", Source: "request", Rule: "can be sent again"}},
		{name: "a length of the caller's for none", method: "GET", header: http.Header{"Content-Length": {"0"}}, absent: "Content-Length",
			want: requests.Fact{Value: "none", Source: "built-in"}},
		{name: "a length of the caller's for an empty one", method: "GET", opts: []requests.Option{requests.WithBody("")},
			header: http.Header{"Content-Length": {"7"}}, absent: "Content-Length",
			want: requests.Fact{Value: "text of %d bytes", Source: "request", Rule: "can be sent again"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			s := newSession(t)
			if tt.method == "" {
				tt.method = "POST"
			}
			r, err := requests.NewRequest(tt.method, w.URL, tt.opts...)
			require.NoError(t, err)
			r.Header = tt.header
			e, err := s.Explain(t.Context(), r)
			require.NoError(t, err)
			_, err = s.Do(t.Context(), r)
			require.NoError(t, err)

			sent := w.Last(t)
			tt.want.Part, tt.want.Value = "body", strings.Replace(tt.want.Value, "%d", strconv.Itoa(len(sent.Body)), 1)
			got, _ := e.Fact("body", "")
			assert.Equal(t, tt.want, got)
			var length, coding string
			for _, f := range sent.Fields {
				switch name, value, _ := strings.Cut(f, ": "); name {
				case "Content-Length":
					length = value
				case "Transfer-Encoding":
					coding = value
				}
			}
			assert.Equal(t, length, shown(e, "header")["Content-Length"].Value)
			assert.Equal(t, coding, shown(e, "header")["Transfer-Encoding"].Value)
			if tt.absent != "" {
				f, ok := e.Fact("header", tt.absent)
				require.True(t, ok, "what became of it is told")
				assert.True(t, f.Absent)
				assert.Equal(t, []requests.Overridden{{Value: redact.Header(tt.absent, tt.header.Get(tt.absent)), Source: "request"}}, f.Overrode)
				assert.NotContains(t, sent.Header, tt.absent)
			}
		})
	}
}

// What is said of the trust is what the adapter is given, whoever chose it.
func TestExplain_trust(t *testing.T) {
	t.Setenv("REQUESTS_CA_BUNDLE", "")
	t.Setenv("CURL_CA_BUNDLE", "")
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: testCertificate(t).Certificate[0]}), 0o600))
	for _, tt := range []struct {
		name             string
		session, request requests.Option
		fact             string
		want             requests.Fact
	}{
		{"a pool in code beside a bundle", nil, requests.WithTLS(requests.TLS{RootCAs: x509.NewCertPool(), CABundle: bundle}), "roots",
			requests.Fact{Value: "a pool in code and " + bundle, Source: "request", Overrode: []requests.Overridden{{Value: "the system's", Source: "built-in"}}}},
		{"a name that a hook pins", requests.WithServerName("session.test"),
			requests.WithHooks(namedPrepareHook("pin", func(p *requests.PreparedRequest) error {
				p.Settings.TLS.ServerName = "pinned.test"
				return nil
			})), "server name",
			requests.Fact{Value: "pinned.test", Source: "hook pin", Overrode: []requests.Overridden{{Value: "session.test", Source: "session"}, {Value: "the URL's host", Source: "built-in"}}}},
		{"a name that the whole of the request's drops", requests.WithServerName("session.test"), requests.WithTLS(requests.TLS{CABundle: bundle}), "server name",
			requests.Fact{Value: "the URL's host", Source: "request", Rule: "what the request sets takes the place of the session's",
				Overrode: []requests.Overridden{{Value: "session.test", Source: "session"}, {Value: "the URL's host", Source: "built-in"}}}},
		{"verification that roots of the request's switch on again", requests.WithVerify(false), requests.WithCABundle(bundle), "verify",
			requests.Fact{Value: "true", Source: "request", Rule: "what the request sets takes the place of the session's",
				Overrode: []requests.Overridden{{Value: "false", Source: "session"}, {Value: "true", Source: "built-in"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSession(t, tt.session)
			r, err := requests.NewRequest("GET", "https://api.test/", tt.request)
			require.NoError(t, err)
			e, err := s.Explain(t.Context(), r)
			require.NoError(t, err)
			got, _ := e.Fact("tls", tt.fact)
			tt.want.Part, tt.want.Name = "tls", tt.fact
			assert.Equal(t, tt.want, got)

			p, err := s.Prepare(t.Context(), r)
			require.NoError(t, err)
			switch tt.fact {
			case "server name":
				want, _ := strings.CutPrefix(tt.want.Value, "the URL's host")
				assert.Equal(t, want, p.Settings.TLS.ServerName)
			case "verify":
				assert.Nil(t, p.Settings.TLS.Verify)
			}
		})
	}
}

// A query that is not well formed is sent as it is, and said as it is.
func TestExplain_queryThatIsMalformed(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	s := newSession(t, requests.WithHooks(namedPrepareHook("raw", func(p *requests.PreparedRequest) error {
		p.URL.RawQuery = "a=100%&b=%41"
		return nil
	})))
	e, err := s.Explain(t.Context(), &requests.Request{URL: w.URL})
	require.NoError(t, err)
	_, err = s.Get(t.Context(), w.URL)
	require.NoError(t, err)
	assert.Equal(t, "/?a=100%&b=%41", w.Last(t).Target())
	for name, value := range map[string]string{"a": "100%", "b": "A"} {
		f, ok := e.Fact("query", name)
		require.True(t, ok, name)
		assert.Equal(t, requests.Fact{Part: "query", Name: name, Value: value, Source: "hook raw"}, f)
	}
}

// foreignAuth prints its secret, as what others write may do.
type foreignAuth struct{ secret string }

func (foreignAuth) Deferred() {}
func (a foreignAuth) Authenticate(r *http.Request) error {
	r.Header.Set("X-Signature", a.secret)
	return nil
}

// An authenticator of somebody else's is named by its type: how it prints is
// not known.
func TestExplain_foreignAuthenticators(t *testing.T) {
	for name, a := range map[string]auth.Authenticator{
		"*requests_test.foreignAuth": &foreignAuth{longCanary},
		"requests_test.foreignAuth":  foreignAuth{longCanary},
	} {
		s := newSession(t, requests.WithAuth(a))
		e, err := s.Explain(context.Background(), &requests.Request{URL: "http://api.test/"})
		require.NoError(t, err)
		f, ok := e.Fact("auth", "")
		require.True(t, ok)
		assert.Equal(t, name, f.Value)
		assert.Equal(t, "session", f.Source)
		assertNoCanary(t, e.String())

		p := prepared(t, s, "GET", "http://api.test/")
		assert.Contains(t, p.Curl(requests.CurlWithSecrets()), "# left out: what "+name+" sets when the request is sent")
	}
}

// The cookies of both layers are sent beside one another, and the request's own
// in the place of one of the same name. They come after those of the jar, unless
// one shares its name with them.
func TestExplain_cookiesOfLayers(t *testing.T) {
	for _, c := range []struct {
		jar, sent string
		sources   map[string]string
	}{
		{"", "both=r; session=s; request=r", map[string]string{"both": "request", "session": "session", "request": "request"}},
		{"stored=c", "stored=c; both=r; session=s; request=r", map[string]string{"stored": "cookie jar", "both": "request", "session": "session", "request": "request"}},
		{"session=c", "both=r; session=s; request=r; session=c", map[string]string{"both": "request", "request": "request"}},
	} {
		t.Run(c.sent, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			s := newSession(t, requests.WithCookie(&http.Cookie{Name: "both", Value: "s"}, &http.Cookie{Name: "session", Value: "s"}),
				requests.WithCookieJar(jarWith(t, w.URL, c.jar)))
			r := &requests.Request{URL: w.URL, Cookies: []*http.Cookie{{Name: "both", Value: "r"}, {Name: "request", Value: "r"}}}
			e, err := s.Explain(t.Context(), r)
			require.NoError(t, err)
			_, err = s.Do(t.Context(), r)
			require.NoError(t, err)
			assert.Equal(t, c.sent, w.Last(t).Header.Get("Cookie"))
			for name, source := range c.sources {
				f, ok := e.Fact("cookie", name)
				require.True(t, ok, name)
				assert.Equal(t, source, f.Source, name)
				assert.Equal(t, redact.Value(source[:1]), f.Value, name)
			}
		})
	}
}
