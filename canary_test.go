package requests_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/hooks"
)

// formsOf are how a secret can look: itself, escaped, in hexadecimal, and in
// base64 at any offset of what it was encoded with.
func formsOf(secret string) []string {
	all := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), percentAll(secret), hex.EncodeToString([]byte(secret))}
	for i := range 3 {
		padded := []byte(strings.Repeat("x", i) + secret)
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			b := e.EncodeToString(padded)
			all = append(all, b[4:len(b)-4])
		}
	}
	return all
}

func percentAll(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		b.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{s[i]})))
	}
	return b.String()
}

// longCanary is long enough for its middle to be found in base64.
const longCanary = "c4n4ry-Tw33t~Zyx"

// assertNoCanary fails if text has a planted secret in any form.
func assertNoCanary(t testing.TB, text string) {
	t.Helper()
	lower := strings.ToLower(text)
	assert.NotContains(t, text, canary)
	assert.NotContains(t, lower, hex.EncodeToString([]byte(canary)))
	for _, form := range formsOf(longCanary) {
		assert.NotContains(t, text, form)
		assert.NotContains(t, lower, strings.ToLower(form))
	}
}

// printed is v in every way in which it gets into a log.
func printed(v any) string {
	var b bytes.Buffer
	for _, one := range []any{v, []any{v}, struct{ A any }{v}, map[string]any{"v": v}} {
		b.WriteString(strings.Join(texts(one), "\n"))
		slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", one)
		slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", one)
		if encoded, err := json.MarshalIndent(one, "", " "); err == nil {
			b.Write(encoded)
		}
	}
	return b.String()
}

// canaryServer answers with secrets of its own.
func canaryServer(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","refresh_token":%q}`, longCanary, longCanary)
	})
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "sid="+longCanary)
		w.Header().Set("Location", "http://me:"+longCanary+"@"+r.Host+"/echo?code="+longCanary)
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"deep":{"api_key":%q},"next":"http://u:%s@h.test/"}`, longCanary, longCanary)
	})
	mux.HandleFunc("/digest", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Www-Authenticate", `Digest realm="r", nonce="`+longCanary+`", qop="auth"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	mux.HandleFunc("/fail", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Auth-Token", longCanary)
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, `{"password":%q}`, longCanary)
	})
	mux.HandleFunc("/badjson", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"token":"`+longCanary) })
	mux.HandleFunc("/cut", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, `{"token":"`+longCanary)
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/loop?token="+longCanary, http.StatusFound)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// A secret is planted in every slot that can hold one, and everything that the
// library prints is searched for it.
func TestCanary(t *testing.T) {
	for _, form := range formsOf(longCanary) {
		all := "x" + longCanary + percentAll(longCanary) + hex.EncodeToString([]byte(longCanary))
		for i := range 3 {
			all += base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", i)+longCanary)) + base64.URLEncoding.EncodeToString([]byte(strings.Repeat("x", i)+longCanary))
		}
		require.Contains(t, all, form, "the forms are found where they are")
	}
	server := canaryServer(t)
	host := strings.TrimPrefix(server.URL, "http://")
	netrc := filepath.Join(t.TempDir(), "netrc")
	require.NoError(t, os.WriteFile(netrc, []byte("machine 127.0.0.1 login me password "+longCanary), 0o600))
	t.Setenv("NETRC", netrc)

	query := "?access_token=" + longCanary + "&plain=1#" + longCanary
	slots := map[string][]requests.Option{
		"userinfo of the URL and the query": nil, // in every URL
		"a header":                          {requests.WithHeader("X-Api-Key", longCanary), requests.WithHeader("Authorization", "Bearer "+longCanary)},
		"a header marked secret":            {requests.WithSecretHeader("X-Plain", longCanary)},
		"a param":                           {requests.WithParam("api_key", longCanary), requests.WithRawQuery("token=" + longCanary)},
		"a cookie":                          {requests.WithCookie(&http.Cookie{Name: "a", Value: longCanary})},
		"a Cookie header":                   {requests.WithHeader("Cookie", "a="+longCanary)},
		"JSON":                              {requests.WithJSON(map[string]any{"user": map[string]string{"password": longCanary}})},
		"a form":                            {requests.WithForm(url.Values{"client_secret": {longCanary}})},
		"a multipart form":                  {requests.WithForm(url.Values{"token": {longCanary}}), requests.WithFile("f", "f", "x")},
		"Basic":                             {requests.WithAuth(auth.Basic("me", longCanary))},
		"Bearer":                            {requests.WithAuth(auth.Bearer(longCanary))},
		"a header by authentication":        {requests.WithAuth(auth.Header("X-Key", longCanary))},
		"a param by authentication":         {requests.WithAuth(auth.Query("k", longCanary))},
		"Digest":                            {requests.WithAuth(auth.Digest("me", longCanary))},
		"a token response":                  {requests.WithAuth(auth.OAuth2(oauth2.ReuseTokenSource(nil, tokenFrom(server.URL+"/token"))))},
		"a proxy":                           {requests.WithProxy("http://me:" + longCanary + "@" + host), requests.WithProxyAuth(auth.Basic("me", longCanary))},
		"a proxy that is not there":         {requests.WithProxy("http://me:" + longCanary + "@127.0.0.1:1")},
		"netrc":                             {requests.WithEnvironment(true)},
	}
	paths := []string{"/echo", "/redirect", "/digest", "/fail", "/badjson", "/cut", "/loop", "/none"}
	for slot, opts := range slots {
		t.Run(slot, func(t *testing.T) {
			var seen bytes.Buffer
			logs := func(w io.Writer, h func(io.Writer, *slog.HandlerOptions) slog.Handler) requests.Option {
				return requests.WithLogger(slog.New(h(w, &slog.HandlerOptions{Level: slog.LevelDebug})))
			}
			h := new(requests.Hooks)
			show := func(e *requests.Exchange) error {
				seen.WriteString(printed(e) + printed(*e) + printed(e.Err))
				return nil
			}
			dump := hooks.Dump(&seen, nil)
			h.Prepare.PushBack(func(p *requests.PreparedRequest) error {
				seen.WriteString(printed(p) + printed(*p) + printed(p.Settings) + p.Curl())
				return nil
			})
			h.Send.PushBack(show)
			h.Send.PushBack(dump)
			h.Response.PushBack(show)
			h.Response.PushBack(dump)
			h.Complete.PushBack(func(r *requests.Result) error {
				seen.WriteString(printed(r) + printed(*r) + printed(r.Err) + printed(r.Exchanges))
				for i := range r.Exchanges {
					dump(&r.Exchanges[i])
				}
				return nil
			})
			s := newSession(t, append(ofSession(opts), requests.WithHooks(h), requests.WithTimings(true),
				logs(&seen, func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewTextHandler(w, o) }),
				logs(&seen, func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewJSONHandler(w, o) }))...)
			for _, path := range paths {
				target := "http://me:" + longCanary + "@" + host + path + query
				r, err := s.Post(t.Context(), target, opts...)
				seen.WriteString(printed(r) + printed(err))
				for e := err; e != nil; e = errors.Unwrap(e) {
					if _, ours := e.(*requests.Error); ours {
						seen.WriteString(printed(e))
					}
				}
				if r != nil {
					status := r.RaiseForStatus()
					seen.WriteString(printed(*r) + printed(r.History) + printed(status) + printed(r.JSON(new(int))) + printed(r.Timings()))
					seen.WriteString(printed(fmt.Errorf("the caller's: %w", status)))
				}
				var request requests.Request
				_, err = s.Post(t.Context(), target, append(opts[:len(opts):len(opts)], requests.OptionFunc(func(r *requests.Request) error { request = *r; return nil }))...)
				seen.WriteString(printed(request) + printed(&request) + printed(err))
				request.Method, request.URL = "POST", target
				e, err := s.Explain(t.Context(), &request)
				require.NoError(t, err)
				seen.WriteString(e.String() + printed(e) + printed(*e))
			}
			seen.WriteString(printed(s) + printed(s.Defaults()) + printed(s.Cookies()) + printed(s.Hooks()))
			require.Greater(t, seen.Len(), 10_000)
			for _, form := range formsOf(longCanary) {
				if i := strings.Index(strings.ToLower(seen.String()), strings.ToLower(form)); i >= 0 {
					t.Fatalf("the secret shows: …%s…", seen.String()[max(0, i-200):min(seen.Len(), i+100)])
				}
			}
		})
	}
}

// ofSession returns the options that a session takes too: none, where one sets
// a body.
func ofSession(opts []requests.Option) []requests.Option {
	s, err := requests.NewSession(opts...)
	if err != nil {
		return nil
	}
	s.Close()
	return opts[:len(opts):len(opts)]
}

type tokenSource func() (*oauth2.Token, error)

func (f tokenSource) Token() (*oauth2.Token, error) { return f() }

func tokenFrom(url string) oauth2.TokenSource {
	return tokenSource(func() (*oauth2.Token, error) {
		config := clientcredentials.Config{ClientID: "me", ClientSecret: longCanary, TokenURL: url}
		return config.Token(context.Background())
	})
}

// Every option that the package exports is printed by its name and that of the
// field, never by its value.
func TestCanary_options(t *testing.T) {
	proxyURL, trust := "http://me:"+longCanary+"@p.test:1", requests.TLS{ServerName: longCanary}
	part := requests.Part{Name: "p", Header: http.Header{"X-Token": {longCanary}}, Content: body(t, longCanary)}
	logger := slog.New(slog.DiscardHandler).With("a", longCanary)
	report := func(int64, int64) {}
	adapter := canned("200 OK", http.Header{"A": {longCanary}}, longCanary)
	api, err := os.ReadFile(apiFile)
	require.NoError(t, err)
	constructors := make(map[string]bool)
	for name, o := range map[string]requests.Option{
		"WithAdapter": requests.WithAdapter("http://u:"+longCanary+"@h.test/", adapter), "WithAuth": requests.WithAuth(bodyAuth(longCanary)),
		"WithBaseURL": requests.WithBaseURL("http://me:" + longCanary + "@h.test/"), "WithBody": requests.WithBody(longCanary),
		"WithCABundle": requests.WithCABundle(longCanary), "WithClientCert": requests.WithClientCert(longCanary, longCanary),
		"WithCookie": requests.WithCookie(&http.Cookie{Name: "a", Value: longCanary}), "WithCookieJar": requests.WithCookieJar(nil),
		"WithDownloadProgress": requests.WithDownloadProgress(report), "WithEnvironment": requests.WithEnvironment(true),
		`WithFile("f")`: requests.WithFile("f", longCanary, longCanary), `WithFilePath("f")`: requests.WithFilePath("f", longCanary),
		"WithForm": requests.WithForm(url.Values{"a": {longCanary}}), `WithHeader("X-A")`: requests.WithHeader("X-A", longCanary, longCanary),
		"WithHeaders": requests.WithHeaders(http.Header{"A": {longCanary}}), "WithHooks": requests.WithHooks(new(requests.Hooks)),
		"WithJSON": requests.WithJSON(longCanary), "WithLogger": requests.WithLogger(logger), "WithMaxBody": requests.WithMaxBody(1),
		"WithMaxRedirects": requests.WithMaxRedirects(1), "WithMethod": requests.WithMethod(longCanary),
		"WithMiddleware": requests.WithMiddleware(func(next http.RoundTripper) http.RoundTripper { return next }),
		"WithMultipart":  requests.WithMultipart(part), `WithParam("a")`: requests.WithParam("a", longCanary, longCanary),
		"WithParams": requests.WithParams(url.Values{"a": {longCanary}}), `WithPathParam("id")`: requests.WithPathParam("id", longCanary),
		"WithProxies": requests.WithProxies(map[string]string{"all": proxyURL}), "WithProxy": requests.WithProxy(proxyURL),
		"WithProxyAuth": requests.WithProxyAuth(bodyAuth(longCanary)), "WithProxyTLS": requests.WithProxyTLS(trust),
		"WithQuery":          requests.WithQuery(struct{ A string }{longCanary}),
		"WithRaiseForStatus": requests.WithRaiseForStatus(true), "WithRawQuery": requests.WithRawQuery("a=" + longCanary),
		`WithSecretHeader("X-A")`: requests.WithSecretHeader("X-A", longCanary), "WithServerName": requests.WithServerName(longCanary),
		"WithStream": requests.WithStream(true), "WithTLS": requests.WithTLS(trust), "WithTimeout": requests.WithTimeout(1),
		"WithTimeouts": requests.WithTimeouts(requests.Timeouts{Read: 1}), "WithTimings": requests.WithTimings(true),
		"WithTransport": requests.WithTransport(adapter), "WithUploadProgress": requests.WithUploadProgress(report),
		"WithVerify": requests.WithVerify(true), "WithoutAuth": requests.WithoutAuth(), `WithoutHeader("X-A")`: requests.WithoutHeader("X-A"),
		`WithoutParam("a")`: requests.WithoutParam("a"), "WithoutRedirects": requests.WithoutRedirects(),
	} {
		t.Run(name, func(t *testing.T) {
			assertNoCanary(t, printed(o))
			assert.Equal(t, "requests."+name, fmt.Sprint(o))
			assert.Equal(t, "requests."+name, fmt.Sprintf("%#v", o))
			assert.Equal(t, strconv.Quote("requests."+name), fmt.Sprintf("%q", o))
			var text string
			encoded, err := json.Marshal(o)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(encoded, &text))
			assert.Equal(t, "requests."+name, text)
		})
		seen, _, _ := strings.Cut(name, "(")
		constructors[seen] = true
	}
	for line := range strings.Lines(string(api)) {
		name, ok := strings.CutPrefix(line, "pkg requests, func ")
		if name, _, _ = strings.Cut(name, "("); ok && strings.HasSuffix(strings.TrimSpace(line), " Option") {
			assert.True(t, constructors[name], "%s is looked at", name)
		}
	}
}

// Content is printed by its length and type, a part by its name, and the context
// of a request by neither the call nor its session.
func TestCanary_content(t *testing.T) {
	var bodies []requests.Body
	look := requests.OptionFunc(func(r *requests.Request) error {
		bodies = append(bodies, r.Body)
		return nil
	})
	for _, o := range []requests.Option{requests.WithJSON(longCanary), requests.WithForm(url.Values{"a": {longCanary}}), requests.WithFile("f", "n", longCanary)} {
		r, err := requests.NewRequest("POST", "http://a.test/", o, look)
		require.NoError(t, err)
		bodies = append(bodies, r.Body)
	}
	for _, content := range []any{longCanary, []byte(longCanary), strings.NewReader(longCanary), seekerOnly{strings.NewReader(longCanary)}, plainReader{strings.NewReader(longCanary)}} {
		bodies = append(bodies, body(t, content))
	}
	file := requests.WithFilePath("f", fileAt(t, longCanary, 0).Name())
	r, err := requests.NewRequest("POST", "http://a.test/", file)
	require.NoError(t, err)
	for _, b := range append(bodies, r.Body) {
		assertNoCanary(t, printed(b))
	}
	assert.Equal(t, "<16 bytes>", fmt.Sprint(body(t, longCanary)))
	assert.Equal(t, "<content>", fmt.Sprint(body(t, plainReader{strings.NewReader(longCanary)})))
	part := requests.Part{Name: "p", Filename: "n", Header: http.Header{"X-Token": {longCanary}}, Content: body(t, longCanary)}
	assertNoCanary(t, printed(part)+printed(&part))
	assert.Equal(t, `<Part "p" filename="n" <16 bytes>>`, part.String())

	opts := []requests.Option{requests.WithAuth(auth.Bearer(longCanary)), requests.WithHeader("X-A", longCanary), requests.WithParam("a", longCanary)}
	type key struct{}
	var seen bytes.Buffer
	h := new(requests.Hooks)
	h.Prepare.PushBack(func(p *requests.PreparedRequest) error {
		seen.WriteString(strings.Join(texts(p.Context()), "\n"))
		return nil
	})
	h.Send.PushBack(func(e *requests.Exchange) error {
		ctx := e.Request.Context()
		derived, cancel := context.WithCancel(context.WithValue(ctx, key{}, 1))
		defer cancel()
		seen.WriteString(strings.Join(append(texts(ctx), texts(derived)...), "\n") + printed(ctx))
		return nil
	})
	s := newSession(t, append(opts, requests.WithHooks(h), requests.WithBaseURL("http://me:"+longCanary+"@a.test/"), requests.WithTransport(canned("200 OK", nil, "")))...)
	resp, err := s.Post(t.Context(), "", append(opts, requests.WithBody(longCanary))...)
	require.NoError(t, err)
	seen.WriteString(printed(resp.Request.Context()))
	assertNoCanary(t, seen.String())
	assert.Contains(t, seen.String(), "requests.callContext")

	p := prepared(t, newSession(t), "POST", "http://a.test/", requests.WithMultipart(requests.Part{Name: "x", Header: http.Header{"Authorization": {"Bearer " + longCanary}}, Content: body(t, "x")}))
	assert.Contains(t, p.Curl(), "Authorization: Bearer [redacted")
	assertNoCanary(t, p.Curl())
}

func TestSecret(t *testing.T) {
	s := requests.Secret(longCanary)
	assertNoCanary(t, printed(s)+printed(&s)+printed(struct{ S requests.Secret }{s})+printed(map[string]requests.Secret{"s": s}))
	assert.Equal(t, longCanary, s.Reveal())
	assert.Equal(t, s.String(), requests.Secret(longCanary).String(), "two can be compared")
	assert.NotEqual(t, s.String(), requests.Secret("other").String())
	var config struct{ Password requests.Secret }
	require.NoError(t, json.Unmarshal([]byte(`{"Password":"`+longCanary+`"}`), &config))
	assert.Equal(t, longCanary, config.Password.Reveal())
}

func ExampleSecret() {
	config := struct {
		User     string
		Password requests.Secret
	}{"me", "hunter2"}
	fmt.Println(len(config.Password.Reveal()), strings.HasPrefix(fmt.Sprint(config), "{me [redacted:"))
	// Output: 7 true
}

func TestRedactKeys(t *testing.T) {
	requests.RedactKeys("X_Canary_Slot")
	s := newSession(t)
	e, err := s.Explain(t.Context(), &requests.Request{URL: "http://api.test/?x_canary_slot=" + longCanary})
	require.NoError(t, err)
	assertNoCanary(t, e.String())
	assertNoCanary(t, prepared(t, s, "POST", "http://api.test/", requests.WithJSON(map[string]string{"x_canary_slot": longCanary})).Curl())
}
