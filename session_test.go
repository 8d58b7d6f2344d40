package requests_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/cookies"
	"github.com/seed-3bbad739/requests/proxy"
)

func TestDefaults(t *testing.T) {
	s := newSession(t)
	d := s.Defaults()
	assert.Equal(t, http.Header{"User-Agent": {"go-requests/" + requests.Version}, "Accept": {"*/*"}, "Accept-Encoding": {"gzip, deflate, br, zstd"}}, d.Header, "R1, D75")
	assert.Nil(t, d.Auth, "R2")
	assert.Empty(t, d.Proxies, "R2")
	assert.Empty(t, d.Params, "R2")
	assert.Empty(t, d.Cookies, "R2")
	assert.Nil(t, d.TLS, "R2 certificates are verified and none is shown")
	assert.False(t, *d.Stream, "R2")
	assert.True(t, *d.Environment, "R2")
	assert.False(t, *d.RaiseForStatus)
	assert.False(t, *d.Timings)
	assert.Equal(t, 30, d.MaxRedirects, "R2")
	assert.Equal(t, int64(64<<20), d.MaxBody, "D56")
	assert.Equal(t, requests.Timeouts{Connect: 10 * time.Second, TLSHandshake: 10 * time.Second, Read: 120 * time.Second}, d.Timeouts, "R13, D1 no total")
	assert.Equal(t, 0, s.Cookies().Len(), "R2")
	assert.Equal(t, 0, s.Hooks().Response.Len(), "R2")

	t.Run("they are a copy", func(t *testing.T) {
		s := newSession(t, requests.WithHeader("X-A", "1"), requests.WithParam("p", "1"), requests.WithPathParam("x", "1"), requests.WithProxy("http://p.test"),
			requests.WithCookie(&http.Cookie{Name: "c", Value: "1"}), requests.WithServerName("n.test"), requests.WithStream(false))
		d := s.Defaults()
		d.Header["X-A"][0] = "2"
		d.Header.Set("X-B", "2")
		d.Params["p"][0] = "2"
		d.PathParams["x"] = "2"
		d.Proxies["http"] = "http://evil.test"
		d.Cookies[0].Value = "2"
		d.TLS.ServerName = "evil.test"
		*d.Stream = true
		d.Hooks.Response.PushBack(func(*requests.Exchange) error { return errors.New("not run") })
		e := s.Defaults()
		assert.Equal(t, []string{"1"}, e.Header["X-A"])
		assert.NotContains(t, e.Header, "X-B")
		assert.Equal(t, url.Values{"p": {"1"}}, e.Params)
		assert.Equal(t, map[string]string{"x": "1"}, e.PathParams)
		assert.Equal(t, "http://p.test", e.Proxies["http"])
		assert.Equal(t, "1", e.Cookies[0].Value)
		assert.Equal(t, "n.test", e.TLS.ServerName)
		assert.False(t, *e.Stream)
		assert.Equal(t, 0, s.Hooks().Response.Len())
	})
	t.Run("what options were given may be changed afterwards", func(t *testing.T) {
		h, p, c := http.Header{"X-A": {"1"}}, url.Values{"p": {"1"}}, &http.Cookie{Name: "c", Value: "1"}
		m := proxy.Map{"http": "http://p.test"}
		s := newSession(t, requests.WithHeaders(h), requests.WithParams(p), requests.WithCookie(c), requests.WithProxies(m))
		h["X-A"][0], p["p"][0], c.Value, m["http"] = "2", "2", "2", "http://evil.test"
		d := s.Defaults()
		assert.Equal(t, []string{"1"}, d.Header["X-A"])
		assert.Equal(t, url.Values{"p": {"1"}}, d.Params)
		assert.Equal(t, "1", d.Cookies[0].Value)
		assert.Equal(t, "http://p.test", d.Proxies["http"])
	})
}

// How Settings of a call are laid over those of its session.
func TestSettingsLayers(t *testing.T) {
	yes, no := true, false
	second, minute := time.Second, time.Minute
	for _, c := range []struct {
		name    string
		session []requests.Option
		call    requests.Settings
		got     func(requests.Settings) any
		want    any
	}{
		{name: "R12 the call's stream over the session's", session: []requests.Option{requests.WithStream(true)}, call: requests.Settings{Stream: &no},
			got: func(s requests.Settings) any { return *s.Stream }, want: false},
		{name: "R12 the session's stream", session: []requests.Option{requests.WithStream(true)},
			got: func(s requests.Settings) any { return *s.Stream }, want: true},
		{name: "R12 verification that a call switches off", call: requests.Settings{TLS: &requests.TLS{Verify: &no}},
			got: func(s requests.Settings) any { return *s.TLS.Verify }, want: false},
		{name: "R12 and on again", session: []requests.Option{requests.WithVerify(false)}, call: requests.Settings{TLS: &requests.TLS{Verify: &yes}},
			got: func(s requests.Settings) any { return *s.TLS.Verify }, want: true},
		{name: "R12 fields of TLS merge one by one", session: []requests.Option{requests.WithServerName("n.test")}, call: requests.Settings{TLS: &requests.TLS{MinVersion: tls.VersionTLS13}},
			got: func(s requests.Settings) any { return []any{s.TLS.ServerName, s.TLS.MinVersion} }, want: []any{"n.test", uint16(tls.VersionTLS13)}},
		{name: "R15 a call's environment", session: []requests.Option{requests.WithEnvironment(false)}, call: requests.Settings{Environment: &yes},
			got: func(s requests.Settings) any { return *s.Environment }, want: true},
		{name: "D70 0 inherits", session: []requests.Option{requests.WithMaxRedirects(3), requests.WithMaxBody(7), requests.WithTimeout(minute)},
			got: func(s requests.Settings) any { return []any{s.MaxRedirects, s.MaxBody, s.Timeouts.Total} }, want: []any{3, int64(7), minute}},
		{name: "D70 a number replaces", session: []requests.Option{requests.WithMaxRedirects(3), requests.WithMaxBody(7), requests.WithTimeout(minute)},
			call: requests.Settings{MaxRedirects: 4, MaxBody: 8, Timeouts: requests.Timeouts{Total: second}},
			got:  func(s requests.Settings) any { return []any{s.MaxRedirects, s.MaxBody, s.Timeouts.Total} }, want: []any{4, int64(8), second}},
		{name: "D70 a negative number replaces, for none", session: []requests.Option{requests.WithMaxRedirects(3), requests.WithTimeout(minute)},
			call: requests.Settings{MaxRedirects: -1, MaxBody: -1, Timeouts: requests.Timeouts{Total: -1, Read: -1}},
			got: func(s requests.Settings) any {
				return []any{s.MaxRedirects < 0, s.MaxBody < 0, s.Timeouts.Total < 0, s.Timeouts.Read < 0, s.Timeouts.Connect}
			},
			want: []any{true, true, true, true, 10 * time.Second}},
		{name: "D1 timeouts merge one by one", session: []requests.Option{requests.WithTimeouts(requests.Timeouts{Read: minute})}, call: requests.Settings{Timeouts: requests.Timeouts{Connect: second}},
			got: func(s requests.Settings) any { return s.Timeouts }, want: requests.Timeouts{Connect: second, TLSHandshake: 10 * time.Second, Read: minute}},
		{name: "R3 proxies merge key by key", session: []requests.Option{requests.WithProxies(proxy.Map{"http": "http://a.test", "https": "http://b.test"})}, call: requests.Settings{Proxies: proxy.Map{"https": ""}},
			got: func(s requests.Settings) any { return s.Proxies }, want: proxy.Map{"http": "http://a.test", "https": ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, c.session...)
			p := preparedOf(t, s, &requests.Request{URL: "https://h.test/", Settings: c.call})
			assert.Equal(t, c.want, c.got(p.Settings))
		})
	}
}

func TestPreparedIsApart(t *testing.T) {
	s := newSession(t, requests.WithHeader("X-A", "1"), requests.WithProxy("http://p.test"))
	r := &requests.Request{URL: "http://h.test/", Header: http.Header{"X-B": {"1"}}, Params: url.Values{"a": {"1"}}, Settings: requests.Settings{Proxies: proxy.Map{"https": "http://q.test"}}}
	p := preparedOf(t, s, r)
	p.Header["X-A"] = append(p.Header["X-A"], "more")
	p.Header.Set("X-B", "2")
	p.Header.Add("X-A", "more")
	p.URL.Path = "/changed"
	again := preparedOf(t, s, r)
	assert.Equal(t, []string{"1"}, again.Header["X-A"], "R27 the session is as it was")
	assert.Equal(t, []string{"1"}, again.Header["X-B"], "R27 the literal is as it was")
	assert.Equal(t, "/", again.URL.Path, "R27")
	assert.Equal(t, http.Header{"X-B": {"1"}}, r.Header, "R27")
	assert.Equal(t, "http://h.test/", r.URL, "R27")

	t.Run("R26 a clone is independent, its hooks are not", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		h := new(requests.Hooks)
		p := preparedOf(t, s, &requests.Request{URL: w.URL, Header: http.Header{"X-C": {"1"}}, Settings: requests.Settings{Proxies: proxy.Map{"http": ""}}, Hooks: h})
		c := p.Clone()
		c.Header.Set("X-C", "2")
		c.URL.Path = "/clone"
		*c.Settings.Stream = true
		_, err := s.Send(p)
		require.NoError(t, err)
		assert.Equal(t, "/", w.Last(t).Path())
		assert.Equal(t, []string{"X-C: 1"}, linesOf(w.Last(t), "X-C"))
		assert.False(t, *p.Settings.Stream)
		ran := 0
		h.Send.PushBack(func(*requests.Exchange) error { ran++; return nil })
		for _, each := range []*requests.PreparedRequest{p, c} {
			r, err := s.Send(each)
			require.NoError(t, err)
			require.NoError(t, r.Close())
		}
		assert.Equal(t, 2, ran)
		assert.Equal(t, "/clone", w.Last(t).Path())
	})
	t.Run("R26 sending changes nothing in what was prepared", func(t *testing.T) {
		w := newReplies(t, redirectTo(302, "/2", "Set-Cookie: a=1"), reply(200, ""))
		s := newSession(t)
		p := preparedOf(t, s, &requests.Request{Method: "POST", URL: w.URL + "/1", Body: body(t, "x")})
		before := p.Header.Clone()
		_, err := s.Send(p)
		require.NoError(t, err)
		assert.Equal(t, "POST", p.Method)
		assert.Equal(t, "/1", p.URL.Path)
		assert.Equal(t, before, p.Header)
		assert.Nil(t, p.Body)
		assert.Equal(t, int64(1), p.ContentLength)
	})
	t.Run("R16 what was prepared by another session carries that one's header", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		other := newSession(t, requests.WithHeader("X-Other", "1"), requests.WithParam("o", "1"))
		s := newSession(t, requests.WithHeader("X-Mine", "1"), requests.WithParam("m", "1"), requests.WithAuth(auth.Bearer("mine")))
		_, err := s.Send(preparedOf(t, other, &requests.Request{URL: w.URL}))
		require.NoError(t, err)
		assert.Equal(t, "/?o=1", w.Last(t).Target())
		assert.Equal(t, []string{"X-Other: 1"}, linesOf(w.Last(t), "X-Other", "X-Mine", "Authorization"))
	})
	t.Run("R16 what was made by hand carries nothing more", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		s := newSession(t, requests.WithHeader("X-Mine", "1"), requests.WithParam("m", "1"), requests.WithAuth(auth.Bearer("mine")))
		r, err := http.NewRequest("GET", w.URL+"/x", nil)
		require.NoError(t, err)
		_, err = s.Send(&requests.PreparedRequest{Request: r})
		require.NoError(t, err)
		assert.Equal(t, "GET /x HTTP/1.1", w.Last(t).Line)
		assert.Equal(t, []string{"Host: " + w.Addr}, w.Last(t).Fields)
	})
}

// Whoever holds what was prepared may write into it, and reaches no default.
func TestPreparedElements(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	write := func(h http.Header, s *requests.Settings) {
		h["X-A"][0] = "2"
		if s != nil {
			*s.Stream, *s.Environment = true, false
			s.TLS.ServerName = "evil.test"
			s.Proxies["http"] = "http://evil.test"
		}
	}
	hook := new(requests.Hooks)
	hook.Prepare.PushBack(func(p *requests.PreparedRequest) error { write(p.Header, nil); return nil })
	settingsHook := new(requests.Hooks)
	settingsHook.Prepare.PushBack(func(p *requests.PreparedRequest) error { write(p.Header, &p.Settings); return errors.New("enough") })
	send := new(requests.Hooks)
	send.Send.PushBack(func(e *requests.Exchange) error { write(e.Request.Header, nil); return nil })
	for _, c := range []struct {
		name string
		do   func(*requests.Session)
	}{
		{"D57 a prepared request", func(s *requests.Session) {
			p := preparedOf(t, s, &requests.Request{URL: w.URL})
			write(p.Header, &p.Settings)
		}},
		{"D57 a Prepare hook", func(s *requests.Session) { s.Get(t.Context(), w.URL, requests.WithHooks(hook)) }},
		{"D57 a Prepare hook and the settings", func(s *requests.Session) { s.Get(t.Context(), w.URL, requests.WithHooks(settingsHook)) }},
		{"D57 a Send hook", func(s *requests.Session) { s.Get(t.Context(), w.URL, requests.WithHooks(send)) }},
		{"D57 an authenticator", func(s *requests.Session) {
			s.Get(t.Context(), w.URL, requests.WithAuth(auth.Func(func(r *http.Request) error { write(r.Header, nil); return nil })))
		}},
		{"D57 merged settings", func(s *requests.Session) {
			set, err := s.MergeEnvironment(&url.URL{Scheme: "http", Host: "h.test"}, requests.Settings{})
			require.NoError(t, err)
			write(http.Header{"X-A": {""}}, &set)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, requests.WithHeader("X-A", "1"), requests.WithServerName("n.test"), requests.WithProxies(proxy.Map{"http": "", "https": "http://p.test"}))
			c.do(s)
			d := s.Defaults()
			assert.Equal(t, []string{"1"}, d.Header["X-A"])
			assert.Equal(t, "n.test", d.TLS.ServerName)
			assert.Equal(t, "", d.Proxies["http"])
			assert.False(t, *d.Stream)
			assert.True(t, *d.Environment)
			p := preparedOf(t, s, &requests.Request{URL: w.URL})
			assert.Equal(t, []string{"1"}, p.Header["X-A"])
			assert.False(t, *p.Settings.Stream)
		})
	}
}

// The order in which a request is prepared: what each part sees of the others.
func TestPrepareOrder(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	var steps []string
	a := auth.Func(func(r *http.Request) error {
		steps = append(steps, "auth")
		assert.Equal(t, "/p?a=1", r.URL.RequestURI(), "R24 the URL is final")
		assert.Equal(t, "application/json", r.Header.Get("Content-Type"), "R24 the header is final")
		assert.Equal(t, int64(1), r.ContentLength, "R24 the body is final")
		r.Header.Set("X-Signed", "1")
		r.URL.RawQuery += "&sig=x"
		return nil
	})
	session, call := new(requests.Hooks), new(requests.Hooks)
	hook := func(name string) func(*requests.PreparedRequest) error {
		return func(p *requests.PreparedRequest) error {
			steps = append(steps, name)
			assert.Equal(t, "1", p.Header.Get("X-Signed"), "R24 hooks come last")
			p.Header.Add("X-Hook", name)
			return nil
		}
	}
	session.Prepare.PushBack(hook("session"))
	call.Prepare.PushBack(hook("call"))
	s := newSession(t, requests.WithAuth(a), requests.WithHooks(session))
	_, err := s.Put(t.Context(), w.URL+"/p", requests.WithParam("a", "1"), requests.WithJSON(1), requests.WithHooks(call))
	require.NoError(t, err)
	assert.Equal(t, []string{"auth", "session", "call"}, steps, "R24, D50")
	assert.Equal(t, "/p?a=1&sig=x", w.Last(t).Target(), "R24 authentication may rewrite the URL")
	assert.Equal(t, []string{"X-Hook: session", "X-Hook: call"}, linesOf(w.Last(t), "X-Hook"))

	t.Run("R24 a mistake in the header comes before authentication", func(t *testing.T) {
		steps = nil
		_, err := s.Get(t.Context(), w.URL, requests.WithHeader("X", "a\nb"))
		require.ErrorIs(t, err, requests.ErrInvalidHeader)
		assert.Empty(t, steps)
	})
	t.Run("an authenticator's error ends the call", func(t *testing.T) {
		mine := errors.New("no credentials")
		_, err := s.Get(t.Context(), w.URL, requests.WithAuth(auth.Func(func(*http.Request) error { return mine })))
		assert.ErrorIs(t, err, mine)
	})
}

func TestAuthLayers(t *testing.T) {
	netrc := filepath.Join(t.TempDir(), "netrc")
	require.NoError(t, os.WriteFile(netrc, []byte("machine 127.0.0.1 login net password rc\n"), 0o600))
	type options = []requests.Option
	const basicAB, basicCD, basicUP, basicNet = "Basic YTpi", "Basic Yzpk", "Basic dTpw", "Basic bmV0OnJj"
	ab, cd := requests.WithAuth(auth.Basic("a", "b")), requests.WithAuth(auth.Basic("c", "d"))
	own := requests.WithHeader("Authorization", "Own o")
	for _, c := range []struct {
		name          string
		session, call options
		userinfo      string
		want          string
	}{
		{"R9 the call's over the session's", options{cd}, options{ab}, "", basicAB},
		{"R9 the session's", options{cd}, nil, "", basicCD},
		{"R77 the session's over userinfo", options{cd}, nil, "u:p@", basicCD},
		{"R77 userinfo over a header", nil, options{own}, "u:p@", basicUP},
		{"D5 a header over netrc", nil, options{own}, "", "Own o"},
		{"D5 the session's header over netrc", options{own}, nil, "", "Own o"},
		{"D6 userinfo over netrc", nil, nil, "u:p@", basicUP},
		{"R77 netrc when there is nothing else", nil, nil, "", basicNet},
		{"R78 a user without a password is no credentials, but chooses netrc's entry", nil, nil, "net@", basicNet},
		{"R78 which another user has not", nil, nil, "u@", ""},
		{"D6 None over all four, of a call", options{cd, own}, options{requests.WithoutAuth()}, "u:p@", ""},
		{"D6 None over netrc, of a session", options{requests.WithoutAuth()}, nil, "", ""},
		{"D6 a call's own over the session's None", options{requests.WithoutAuth()}, options{ab}, "", basicAB},
		{"D6 a call's header over the session's None", options{requests.WithoutAuth()}, options{own}, "", "Own o"},
		{"R15 no netrc without the environment", nil, options{requests.WithEnvironment(false)}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("NETRC", netrc)
			w := newReplies(t, reply(200, ""))
			s := newSession(t, c.session...)
			_, err := s.Get(t.Context(), "http://"+c.userinfo+w.Addr+"/", c.call...)
			require.NoError(t, err)
			assert.Equal(t, c.want, w.Last(t).Header.Get("Authorization"))
		})
	}
}

func TestCookieLayers(t *testing.T) {
	w := newReplies(t, reply(200, "", "Set-Cookie: srv=1"))
	s := newSession(t)
	u, err := url.Parse(w.URL)
	require.NoError(t, err)
	require.NoError(t, s.Cookies().Set(cookies.Cookie{Name: "a", Value: "1", Domain: u.Hostname(), Path: "/", HostOnly: true}))
	_, err = s.Get(t.Context(), w.URL, requests.WithCookie(&http.Cookie{Name: "b", Value: "2"}))
	require.NoError(t, err)
	assert.Equal(t, []string{"Cookie: a=1; b=2"}, linesOf(w.Last(t), "Cookie"), "R11")
	_, err = s.Get(t.Context(), w.URL)
	require.NoError(t, err)
	assert.Equal(t, []string{"Cookie: a=1; srv=1"}, linesOf(w.Last(t), "Cookie"), "R100 the call's is not stored, the server's is")
	_, err = s.Get(t.Context(), w.URL, requests.WithHeader("Cookie", "m=1"))
	require.NoError(t, err)
	assert.Equal(t, []string{"Cookie: m=1"}, linesOf(w.Last(t), "Cookie"), "R102")
}

// Settings print what they set, and of secrets that they are there.
func TestSettings_String(t *testing.T) {
	for want, s := range map[string]requests.Settings{
		"<Settings timeouts={0s 0s 0s 0s} max-redirects=0 max-body=0>":     {},
		"<Settings tls timeouts={0s 0s 0s 0s} max-redirects=0 max-body=0>": {TLS: &requests.TLS{ServerName: canary}},
		"<Settings proxy[all]=http://p.test tls proxy-auth timeouts={1s 0s 0s 0s} max-redirects=2 max-body=3>": {
			Proxies: map[string]string{"all": "http://p.test"}, TLS: new(requests.TLS), ProxyAuth: auth.Basic(canary, canary),
			Timeouts: requests.Timeouts{Connect: time.Second}, MaxRedirects: 2, MaxBody: 3,
		},
	} {
		assert.Equal(t, want, s.String())
		assert.Equal(t, want, fmt.Sprintf("%+v", s))
	}
}
