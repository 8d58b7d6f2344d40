package requests_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/hooks"
	"github.com/seed-3bbad739/requests/proxy"
)

// canary is in every secret of these tests, and in no text that is printed.
const canary = "CANARY"

// planted are options that hold a secret wherever one can be.
func planted() []requests.Option {
	return []requests.Option{
		requests.WithHeader("Authorization", "Bearer "+canary),
		requests.WithHeader("X-Api-Key", canary),
		requests.WithSecretHeader("X-Plain", canary),
		requests.WithHeader("Cookie", "sid="+canary),
		requests.WithParam("access_token", canary),
		requests.WithCookie(&http.Cookie{Name: "sid", Value: canary}),
		requests.WithAuth(auth.Basic(canary, canary)),
		requests.WithProxies(proxy.Map{"http": "http://" + canary + ":" + canary + "@127.0.0.1:1", "https": "http://" + canary + ":" + canary + "@127.0.0.1:1"}),
		requests.WithProxyAuth(auth.Basic(canary, canary)),
		requests.WithBody(canary),
	}
}

// texts are the ways in which v gets into logs.
func texts(v any) []string {
	var out []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X"} {
		out = append(out, fmt.Sprintf(verb, v))
	}
	return append(out, fmt.Sprint(v), fmt.Sprintln(v))
}

// assertHidden fails if a secret, or its hexadecimal or decimal form, shows.
func assertHidden(t *testing.T, v any) {
	t.Helper()
	hex := fmt.Sprintf("%x", canary)
	decimal := strings.Trim(fmt.Sprint([]byte(canary)), "[]")
	for _, text := range texts(v) {
		assert.NotContains(t, text, canary, "%T", v)
		assert.NotContains(t, strings.ToLower(text), hex, "%T", v)
		assert.NotContains(t, text, decimal, "%T", v)
		assert.NotContains(t, text, "Q0FOQVJZ", "%T: base64", v)
	}
}

func TestPrinting_HidesSecrets(t *testing.T) {
	opts := planted()
	s := newSession(t, append(opts[:len(opts)-1:len(opts)-1], requests.WithBaseURL("http://"+canary+":"+canary+"@api.test/"), requests.WithAdapter("http://", canned("401 Unauthorized",
		http.Header{"Set-Cookie": {"sid=" + canary}, "Www-Authenticate": {"Basic"}}, canary)))...)
	request := requests.Request{
		URL: "http://" + canary + ":" + canary + "@api.test/?token=" + canary, Header: http.Header{"X-Token": {canary}},
		Params: url.Values{"access_token": {canary}}, Cookies: []*http.Cookie{{Name: "a", Value: canary}}, Auth: auth.Bearer(canary),
		PathParams: map[string]string{"id": canary},
		Settings:   requests.Settings{Proxies: proxy.Map{"all": "http://" + canary + ":" + canary + "@proxy.test:1"}, ProxyAuth: auth.Basic(canary, canary)},
	}
	prepared, err := s.Prepare(t.Context(), &request)
	require.NoError(t, err)
	response, err := s.Post(t.Context(), "/", opts...)
	require.NoError(t, err)
	require.Equal(t, canary, response.Text())
	status := response.RaiseForStatus()
	var statusErr *requests.StatusError
	require.ErrorAs(t, status, &statusErr)
	wrapped := &requests.Error{Op: "send", Method: "GET", URL: "http://api.test/", Err: status, Response: response}

	for name, v := range map[string]any{
		"Session": s, "Session in a struct": struct{ S *requests.Session }{s},
		"*Request": &request, "Request": request, "Defaults": s.Defaults(),
		"*Settings": &request.Settings, "Settings": request.Settings, "Settings in a struct": struct{ S requests.Settings }{request.Settings},
		"*PreparedRequest": prepared, "PreparedRequest": *prepared,
		"*Response": response, "Response": *response, "Responses": []*requests.Response{response},
		"*StatusError": statusErr, "StatusError": *statusErr,
		"*Error": wrapped, "Error": *wrapped, "joined": errors.Join(wrapped, status),
		"Result": requests.Result{Request: prepared, Response: response, Err: wrapped},
	} {
		t.Run(name, func(t *testing.T) { assertHidden(t, v) })
	}
}

func TestPrinting_OfNil(t *testing.T) {
	for _, v := range []any{(*requests.Response)(nil), (*requests.PreparedRequest)(nil), (*requests.Request)(nil), (*requests.Settings)(nil), (*requests.Session)(nil), (*requests.Error)(nil), (*requests.StatusError)(nil)} {
		assert.NotPanics(t, func() { _ = texts(v) }, "%T", v)
	}
	for _, v := range []any{&requests.Response{}, &requests.PreparedRequest{}, &requests.Request{}, &requests.Settings{}, &requests.Session{}, &requests.Error{}, &requests.StatusError{}} {
		for _, text := range texts(v) {
			assert.NotContains(t, text, "PANIC", "%T", v)
		}
	}
}

func TestErrors_HideSecrets(t *testing.T) {
	bad := newReplies(t, "garbage\r\n\r\n")
	cut := newReplies(t, reply(200, "abc", "Content-Length: 10", "Connection: close"))
	noJSON := newReplies(t, reply(200, canary+" is no JSON", "Content-Type: application/json"))
	failing := newReplies(t, reply(500, "why: "+canary))
	secretLocation := func(location string) *wire { return newReplies(t, redirectTo(302, location)) }
	loop := newWire(t, func(r wireRequest) string { return redirectTo(302, "/?access_token="+canary) })
	with := func(base string) string {
		return strings.Replace(base, "://", "://"+canary+":"+canary+"@", 1) + "/path?access_token=" + canary + "&q=" + canary + "#" + canary
	}
	direct := planted()
	direct = append(direct[:7:7], direct[8:]...) // without the proxies
	ctx := t.Context()
	send := func(url string, opts ...requests.Option) error {
		s := newSession(t)
		r, err := s.Post(ctx, url, opts...)
		if err != nil {
			return err
		}
		return r.JSON(new(map[string]int))
	}
	for name, err := range map[string]error{
		"refused":                    send(with("http://127.0.0.1:1"), direct...),
		"a proxy that is not there":  send(with("http://api.test"), planted()...),
		"a tunnel that fails":        send(with("https://api.test"), planted()...),
		"a bad status line":          send(with(bad.URL), direct...),
		"a body that is cut":         send(with(cut.URL), direct...),
		"no JSON":                    send(with(noJSON.URL), direct...),
		"a status":                   send(with(failing.URL), append(direct, requests.WithRaiseForStatus(true))...),
		"a redirect to nowhere":      send(with(secretLocation("http://"+canary+":"+canary+"@127.0.0.1:1/?access_token="+canary).URL), direct...),
		"a redirect that is no URL":  send(with(secretLocation("http://"+canary+":"+canary+"@127.0.0.1:port/?access_token="+canary).URL), direct...),
		"a redirect to no adapter":   send(with(secretLocation("ftp://"+canary+":"+canary+"@h.test/?access_token="+canary).URL), direct...),
		"a loop":                     send(with(loop.URL), direct...),
		"no adapter":                 send(with("ftp://api.test"), direct...),
		"no scheme":                  send(canary+":"+canary+"@api.test/?q="+canary+"&access_token="+canary, direct...),
		"no scheme, with slashes":    send("//"+canary+":"+canary+"@api.test/?access_token="+canary, direct...),
		"a bad port":                 send("http://"+canary+":"+canary+"@api.test:port/?access_token="+canary, direct...),
		"a password with a slash":    send("http://user:"+canary+"/x@api.test/", direct...),
		"a bad host":                 send("http://"+canary+":"+canary+"@a b/?access_token="+canary, direct...),
		"no host":                    send("http://"+canary+":"+canary+"@/?access_token="+canary, direct...),
		"a bad header value":         send(bad.URL, requests.WithHeader("Authorization", canary+"\n")),
		"a bad cookie":               send(bad.URL, requests.WithCookie(&http.Cookie{Name: "a", Value: canary + "\n;"})),
		"a bad proxy":                send(bad.URL, requests.WithProxy("http://"+canary+":"+canary+"@::/")),
		"a proxy of a bad scheme":    send(bad.URL, requests.WithProxy("gopher://"+canary+":"+canary+"@proxy.test/")),
		"two bodies":                 send(bad.URL, requests.WithBody(canary), requests.WithBody(canary)),
		"a path param that is amiss": send("http://api.test/{a}?access_token="+canary, requests.WithPathParam("b", canary)),
		"a body that cannot be sent": send("http://127.0.0.1:1/", requests.WithJSON(map[string]any{canary: func() {}})),
	} {
		t.Run(name, func(t *testing.T) {
			require.Error(t, err)
			assertHidden(t, err)
			assertHidden(t, fmt.Errorf("the caller's: %w", err))
		})
	}
	_, err := requests.NewSession(requests.WithBaseURL("http://"+canary+":"+canary+"@h.test:port/"), requests.WithHeader("Authorization", canary+"\n"), requests.WithProxy("gopher://"+canary+":"+canary+"@p.test"))
	require.Error(t, err)
	assertHidden(t, err)
	s := newSession(t)
	require.Error(t, s.Mount("http://"+canary+":"+canary+"@h.test/", adapters.Default()))
	assertHidden(t, s.Mount("http://"+canary+":"+canary+"@h.test/", adapters.Default()))
	_, err = s.Adapter("ftp://" + canary + ":" + canary + "@h.test/?access_token=" + canary)
	require.Error(t, err)
	assertHidden(t, err)
}

func TestErrors_OfOthersAreOpenedAndHidden(t *testing.T) {
	secret := "http://" + canary + ":" + canary + "@api.test/?access_token=" + canary
	for name, cause := range map[string]error{
		"a *url.Error":       &url.Error{Op: "Get", URL: secret, Err: errors.New("boom")},
		"one within another": fmt.Errorf("adapter: %w", &url.Error{Op: "Get", URL: secret, Err: errors.New("boom")}),
		"a text with a URL":  errors.New("cannot get " + secret + ", it is gone"),
		"in quotes":          fmt.Errorf("cannot get %q", secret),
		"in brackets":        errors.New("cannot get (" + secret + ")"),
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t, requests.WithAdapter("http://", adapters.Func(func(*http.Request) (*http.Response, error) { return nil, cause })))
			_, err := s.Get(t.Context(), "http://api.test/")
			require.Error(t, err)
			assert.ErrorContains(t, err, "api.test", "what is no secret stays")
			assertHidden(t, err)
		})
	}
}

func TestRedaction_aMarkedParameterInALocation(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/a" {
			http.Redirect(w, r, "/b?"+r.URL.RawQuery, http.StatusMovedPermanently)
		}
	}))
	defer srv.Close()
	var out strings.Builder
	h := &requests.Hooks{}
	h.Response.PushBack(hooks.Dump(&out, &hooks.DumpOptions{MaxBody: -1}))
	s := newSession(t, requests.WithHooks(h), requests.WithAuth(auth.Query("appid", "hunter2")))
	r, err := s.Get(t.Context(), srv.URL+"/a")
	require.NoError(t, err)
	r.Close()
	assert.NotContains(t, out.String(), "hunter2")
}
