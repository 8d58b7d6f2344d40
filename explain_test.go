package requests_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/cookies"
	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/proxy"
)

var update = flag.Bool("update", false, "write the golden files anew")

// stack is a random pile of layers: what a session and a request were given.
type stack struct {
	*rand.Rand
	session []requests.Option
	request requests.Request
	source  map[string]string // of header fields and settings, by who set them last
}

// one reports true once in n times.
func (s *stack) one(n int) bool { return s.IntN(n) == 0 }

func oneOf[T any](s *stack, from ...T) T { return from[s.IntN(len(from))] }

var (
	stackFields = []string{"X-A", "X-B", "Accept", "User-Agent", "Accept-Encoding", "X-Token", "Authorization", "Host"}
	stackParams = []string{"a", "b", "token", "c d", "é"}
)

func (s *stack) value(name string) string {
	if name == "Host" {
		return oneOf(s, "h1.test", "h2.test:81")
	}
	return oneOf(s, "1", "two words", "http://u:p@h.test/?token=x", "=&;%") + strconv.Itoa(s.IntN(100))
}

func newStack(seed uint64) *stack {
	s := &stack{Rand: rand.New(rand.NewPCG(seed, 1)), source: make(map[string]string)}
	for _, name := range stackFields {
		if s.one(3) {
			if s.one(4) {
				s.session = append(s.session, requests.WithoutHeader(name))
				delete(s.source, name)
			} else {
				s.session = append(s.session, requests.WithHeader(name, s.value(name)))
				s.source[name] = "session"
			}
		}
	}
	for _, name := range stackParams {
		if s.one(3) {
			s.session = append(s.session, requests.WithParam(name, s.value(""), []string{"more"}[:s.IntN(2)]...))
		}
	}
	set := &requests.Settings{}
	r := &s.request
	r.Header, r.Params = make(http.Header), make(url.Values)
	for _, name := range stackFields {
		if s.one(4) {
			r.Header[name] = nil
			if !s.one(3) {
				r.Header[name] = []string{s.value(name)}
			}
		}
	}
	for _, name := range stackParams {
		if s.one(4) {
			r.Params[name] = nil
			if !s.one(3) {
				r.Params[name] = []string{s.value(""), "more"}[:1+s.IntN(2)]
			}
		}
	}
	s.session = append(s.session, requests.WithCookieJar(s.jar()))
	switch s.IntN(4) {
	case 0:
		s.session = append(s.session, requests.WithBaseURL("http://api.test/v1"))
		r.URL = oneOf(s, "users/{id}?a=url&token=t", "", "http://other.test/x?b=1", "?q=1")
	case 1:
		s.session = append(s.session, requests.WithBaseURL("https://api.test:8443"))
		r.URL = oneOf(s, "/a/../b", "//other.test/", "https://API.test:8443/")
	default:
		r.URL = oneOf(s, "http://api.test/p/{id}?a=1&a=2", "https://me:pw@api.test/", "http://me@api.test", "http://api.test?b=&x")
	}
	if s.one(4) {
		s.session = append(s.session, requests.WithPathParam("id", "of session"))
	}
	r.PathParams = map[string]string{"id": oneOf(s, "7", "ü/?")}
	if s.one(5) {
		s.session = append(s.session, requests.WithRawQuery("raw=1&a=raw"))
	}
	r.Method = oneOf(s, "", "get", "HEAD", "POST", "DELETE", "PURGE")
	if s.one(5) {
		s.session = append(s.session, requests.WithMethod("options"))
	}
	switch {
	case r.Method == "get" || r.Method == "HEAD" || s.one(3):
	case s.one(2):
		r.Body, _ = requests.NewBody(oneOf(s, "text", "", "longer text"))
	case s.one(2):
		r.Body, _ = requests.NewBody(io.LimitReader(strings.NewReader("once"), 4))
	default:
		r.Body = typedBody{}
	}
	s.session = append(s.session, s.auth()...)
	r.Auth = oneOf(s, nil, nil, nil, auth.None, auth.Bearer("r"), auth.Query("a", "secret"), auth.Header("X-A", "secret"), auth.Digest("u", "p"))
	for i := range s.IntN(3) {
		s.session = append(s.session, requests.WithCookie(&http.Cookie{Name: oneOf(s, "a", "b"), Value: "s" + strconv.Itoa(i)}))
	}
	for i := range s.IntN(3) {
		r.Cookies = append(r.Cookies, &http.Cookie{Name: oneOf(s, "a", "b", ""), Value: "r" + strconv.Itoa(i), Quoted: s.one(4)})
	}
	if s.one(3) {
		set.Proxies = s.proxies()
		s.session = append(s.session, requests.WithProxies(set.Proxies))
	}
	if s.one(3) {
		r.Proxies = s.proxies()
	}
	if s.one(4) {
		s.session = append(s.session, requests.WithEnvironment(s.one(2)))
	}
	if s.one(3) {
		s.session = append(s.session, requests.WithTimeouts(s.timeouts()), requests.WithMaxRedirects(s.IntN(9)-2), requests.WithMaxBody(int64(s.IntN(9)-2)))
	}
	if s.one(3) {
		r.Timeouts, r.MaxRedirects, r.MaxBody = s.timeouts(), s.IntN(9)-2, int64(s.IntN(9)-2)
	}
	if s.one(3) {
		s.session = append(s.session, requests.WithVerify(s.one(2)))
	}
	if s.one(3) {
		verify := s.one(2)
		r.TLS = &requests.TLS{Verify: &verify, ServerName: oneOf(s, "", "n.test"), MinVersion: oneOf[uint16](s, 0, 0x304)}
	}
	if s.one(3) {
		hooks := new(requests.Hooks)
		for _, name := range []string{"first", "second"}[:1+s.IntN(2)] {
			hooks.Prepare.PushBackNamed(name, s.hook())
		}
		if s.one(2) {
			s.session = append(s.session, requests.WithHooks(hooks))
		} else {
			r.Hooks = hooks
		}
	}
	return s
}

func (s *stack) jar() *cookies.Jar {
	jar := cookies.New(nil)
	u := &url.URL{Scheme: "https", Host: "api.test", Path: "/"}
	for i := range s.IntN(3) {
		jar.SetCookies(u, []*http.Cookie{{Name: oneOf(s, "a", "j"), Value: "j" + strconv.Itoa(i), Secure: s.one(2)}})
	}
	return jar
}

func (s *stack) auth() []requests.Option {
	return oneOf(s, nil, nil, []requests.Option{requests.WithAuth(auth.Basic("s", "s"))}, []requests.Option{requests.WithoutAuth()}, []requests.Option{requests.WithAuth(auth.For("http://other.test", auth.Bearer("o")))})
}

func (s *stack) proxies() proxy.Map {
	m := make(proxy.Map)
	for _, key := range []string{"http", "https", "all", "http://api.test", "all://other.test"} {
		if s.one(3) {
			m[key] = oneOf(s, "", "http://p"+strconv.Itoa(s.IntN(5))+".test:1", "http://u:pw@p.test:2")
		}
	}
	if s.one(6) {
		m["no_proxy"] = oneOf(s, "api.test", "none.test")
	}
	return m
}

func (s *stack) timeouts() requests.Timeouts {
	d := func() time.Duration { return time.Duration(s.IntN(5)-1) * time.Minute }
	return requests.Timeouts{Connect: d(), TLSHandshake: d(), Read: d(), Total: max(d(), 0)}
}

// hook changes one thing, always the same: Explain and Do run it in turn.
func (s *stack) hook() func(*requests.PreparedRequest) error {
	name, value := oneOf(s, "X-A", "X-Hook", "x-lower"), s.value("")
	what := s.IntN(8)
	return func(p *requests.PreparedRequest) error {
		switch what {
		case 0:
			p.Header[name] = []string{value}
		case 1:
			p.Header.Del("Accept")
		case 2:
			p.URL.RawQuery = "hooked=1&" + p.URL.RawQuery
		case 3:
			p.URL.Path, p.URL.RawPath = "/hooked", ""
		case 4:
			p.Method = "PUT"
		case 5:
			p.Settings.MaxRedirects, p.Settings.Timeouts.Read = 3, time.Hour
		case 6:
			p.Settings.Proxies = proxy.Map{"all": "http://hooked.test:1"}
		case 7:
			p.URL.RawQuery = ""
			p.Host = "hooked.test"
		}
		return nil
	}
}

// typedBody is a body of a foreign type.
type typedBody struct{}

func (typedBody) Open() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("typed")), nil }
func (typedBody) Len() int64                   { return 5 }
func (typedBody) ContentType() string          { return "text/typed" }

// received is what an adapter was given.
type received struct {
	request  *http.Request
	settings adapters.Settings
	plan     *requests.PreparedRequest
}

// explainAndSend asks what will be sent, sends it, and returns what arrived.
func (s *stack) explainAndSend(t testing.TB) (*requests.Explanation, received) {
	var got received
	recorder := roundTrip(func(r *http.Request) (*http.Response, error) {
		got.request = r.Clone(context.Background())
		got.settings, _ = adapters.SettingsFrom(r.Context())
		if r.Body != nil {
			r.Body.Close()
		}
		return &http.Response{StatusCode: 204, Body: http.NoBody, Request: r}, nil
	})
	session, err := requests.NewSession(append(s.session, requests.WithAdapter("http://", recorder), requests.WithAdapter("https://", recorder))...)
	require.NoError(t, err)
	defer session.Close()
	session.Hooks().Complete.PushBackNamed("observer", func(r *requests.Result) error {
		got.plan = r.Request
		return nil
	})
	explained, err := session.Explain(t.Context(), &s.request)
	require.NoError(t, err)
	_, err = session.Do(t.Context(), &s.request)
	require.NoError(t, err)
	return explained, got
}

// shown are facts by name, and what is told to be absent.
func shown(e *requests.Explanation, part string) map[string]requests.Fact {
	m := make(map[string]requests.Fact)
	for _, f := range e.Facts {
		if f.Part == part && !f.Absent {
			m[f.Name] = f
		}
	}
	return m
}

// assertShown compares what was received under a name with what the fact says:
// as it is, or hidden.
func assertShown(t testing.TB, what string, values []string, f requests.Fact, print func(string) string) {
	t.Helper()
	var plain, hidden []string
	for _, v := range values {
		plain = append(plain, print(v))
		hidden = append(hidden, redact.Value(v))
	}
	if f.Value != strings.Join(hidden, ", ") {
		assert.Equal(t, strings.Join(plain, ", "), f.Value, what)
	}
	assert.NotEmpty(t, f.Source, what)
}

func TestExplain_SaysWhatIsReceived(t *testing.T) {
	t.Setenv("all_proxy", "http://environment.test:8080")
	t.Setenv("https_proxy", "http://secure.test:8080")
	t.Setenv("no_proxy", "other.test")
	netrc := filepath.Join(t.TempDir(), "netrc")
	require.NoError(t, os.WriteFile(netrc, []byte("machine other.test login n password n"), 0o600))
	t.Setenv("NETRC", netrc)
	stacks := 10_000
	if testing.Short() {
		stacks = 500
	}
	for seed := range stacks {
		if t.Failed() {
			t.Fatalf("stopped at seed %d", seed)
		}
		explained, got := newStack(uint64(seed)).explainAndSend(t)
		compare(t, explained, got)
	}
}

// compare holds an explanation to what was received.
func compare(t testing.TB, e *requests.Explanation, got received) {
	t.Helper()
	r := got.request
	fact := func(part, name string) requests.Fact {
		f, ok := e.Fact(part, name)
		require.True(t, ok, "%s %s is not explained", part, name)
		return f
	}
	assert.Equal(t, r.Method, e.Method)
	assert.Equal(t, r.Method, fact("method", "").Value)
	assert.Equal(t, redact.Target(r.URL), fact("url", "").Value)

	query := make(map[string][]string)
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if k, v, _ := strings.Cut(pair, "="); pair != "" {
			k, v = unescape(k), unescape(v)
			query[k] = append(query[k], v)
		}
	}
	facts := shown(e, "query")
	assert.Len(t, facts, len(query), "query of %s: %v", r.URL, facts)
	for name, values := range query {
		assertShown(t, "query "+name, values, facts[name], func(v string) string { return redact.Param(name, v, nil) })
	}

	header := r.Header.Clone()
	for name, vs := range header {
		if len(vs) == 0 {
			delete(header, name)
		}
	}
	sent := header["Cookie"]
	header.Del("Cookie")
	header.Set("Host", r.Host)
	switch {
	case r.ContentLength > 0 || r.Body != nil && r.ContentLength == 0 || r.Method == "POST" || r.Method == "PUT":
		header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	if r.ContentLength < 0 {
		header.Del("Content-Length")
		header.Set("Transfer-Encoding", "chunked")
	}
	facts = shown(e, "header")
	assert.Len(t, facts, len(header), "header %v: %v", header, facts)
	for name, values := range header {
		assertShown(t, "header "+name, values, facts[name], func(v string) string { return redact.Header(name, v) })
	}

	pairs := make(map[string][]string)
	if len(sent) > 0 {
		for pair := range strings.SplitSeq(sent[0], "; ") {
			name, value, ok := strings.Cut(pair, "=")
			if !ok {
				name, value = "", pair
			}
			pairs[name] = append(pairs[name], value)
		}
	}
	facts = shown(e, "cookie")
	assert.Len(t, facts, len(pairs), "cookies %v: %v", sent, facts)
	for name, values := range pairs {
		assertShown(t, "cookie "+name, values, facts[name], redact.Value)
	}

	direct := "direct"
	if got.settings.Proxy != nil {
		direct = redact.URL(got.settings.Proxy)
	}
	assert.Equal(t, direct, fact("proxy", "").Value, "proxy")
	times := got.plan.Settings.Timeouts
	for name, d := range map[string]time.Duration{"connect": got.settings.Connect, "tls handshake": got.settings.TLSHandshake, "read": got.settings.Read, "total": times.Total} {
		want := "none"
		if d > 0 {
			want = d.String()
		}
		assert.Equal(t, want, fact("timeout", name).Value, name)
	}
	for name, n := range map[string]int64{"max redirects": int64(got.plan.Settings.MaxRedirects), "max body": got.plan.Settings.MaxBody} {
		want := "none"
		if n > 0 {
			want = strconv.FormatInt(n, 10)
		}
		assert.Equal(t, want, fact("setting", name).Value, name)
	}
	assert.Equal(t, fmt.Sprint(*got.plan.Settings.Environment), fact("setting", "environment").Value)
	if r.URL.Scheme == "https" {
		verify := got.settings.TLS == nil || got.settings.TLS.Verify == nil || *got.settings.TLS.Verify
		assert.Equal(t, fmt.Sprint(verify), fact("tls", "verify").Value)
	}
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// The sources of header fields, by a model of its own: the last layer that
// says anything about a name has it.
func TestExplain_NamesTheLastLayer(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	last := 0 // a hook that sets what is there already changes nothing
	for range 500 {
		model := map[string][]requests.Overridden{}
		lay := func(name, source string, remove bool) string {
			last++
			value := strconv.Itoa(last)
			if remove {
				value = ""
			}
			model[name] = slices.Insert(model[name], 0, requests.Overridden{Value: value, Source: source})
			return value
		}
		var opts []requests.Option
		request := requests.Request{URL: "http://api.test/", Header: http.Header{}}
		hooks := new(requests.Hooks)
		for _, name := range []string{"X-A", "X-B", "X-C"} {
			if rnd.IntN(2) == 0 {
				opts = append(opts, requests.WithHeader(name, lay(name, "session", false)))
			}
			if rnd.IntN(2) == 0 {
				request.Header[name] = nil
				if v := lay(name, "request", rnd.IntN(3) == 0); v != "" {
					request.Header[name] = []string{v}
				}
			}
			if rnd.IntN(2) == 0 {
				v := lay(name, "hook h", false)
				hooks.Prepare.PushBackNamed("h", func(p *requests.PreparedRequest) error {
					p.Header.Set(name, v)
					return nil
				})
			}
		}
		s := newSession(t, append(opts, requests.WithHooks(hooks))...)
		e, err := s.Explain(t.Context(), &request)
		require.NoError(t, err)
		for name, layers := range model {
			f, ok := e.Fact("header", name)
			if !ok {
				require.Len(t, layers, 1)
				require.Empty(t, layers[0].Value, "only what is nowhere is not explained")
				continue
			}
			require.Equal(t, layers[0].Source, f.Source, name)
			require.Equal(t, layers[0].Value, f.Value, name)
			require.Equal(t, layers[0].Value == "", f.Absent, name)
			var below []requests.Overridden
			for _, l := range layers[1:] {
				if l.Value != "" {
					below = append(below, l)
				}
			}
			require.Equal(t, below, f.Overrode, name)
		}
	}
}

// golden compares text with a file, marks of secrets taken out of account.
func golden(t *testing.T, name, text string) {
	t.Helper()
	text = regexp.MustCompile(`\[redacted:[0-9a-f]{8}\]`).ReplaceAllString(text, "[redacted:########]")
	path := filepath.Join("testdata", "explain", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), text)
}

func TestExplain_Golden(t *testing.T) {
	dir := t.TempDir()
	netrc := filepath.Join(dir, "netrc")
	require.NoError(t, os.WriteFile(netrc, []byte("\nmachine api.test login me password "+longCanary+"\n"), 0o600))
	name := func(name string, f func(*requests.PreparedRequest) error) requests.Option {
		h := new(requests.Hooks)
		h.Prepare.PushBackNamed(name, f)
		return requests.WithHooks(h)
	}
	for _, test := range []struct {
		name        string
		environment map[string]string
		session     []requests.Option
		request     requests.Request
	}{
		{"nothing but the built-in", nil, nil, requests.Request{URL: "https://api.test/"}},
		{"an environment", map[string]string{"https_proxy": "http://me:" + longCanary + "@proxy.test:3128", "NETRC": netrc}, nil, requests.Request{URL: "https://api.test/v1"}},
		{"an exception of the environment", map[string]string{"HTTP_PROXY": "http://proxy.test:3128", "NO_PROXY": ".test"}, nil, requests.Request{URL: "http://api.test/v1"}},
		{"a session and a request", nil, []requests.Option{
			requests.WithBaseURL("https://api.test/v1"), requests.WithHeader("User-Agent", "session/1"), requests.WithHeader("X-Api-Key", longCanary),
			requests.WithParam("page", "1"), requests.WithParam("api_key", longCanary), requests.WithAuth(auth.Basic("me", longCanary)),
			requests.WithTimeout(time.Minute), requests.WithProxy("http://session.test:1"), requests.WithVerify(false),
			requests.WithCookie(&http.Cookie{Name: "own", Value: longCanary}), requests.WithLogger(nil),
		}, requests.Request{
			Method: "post", URL: "users/{id}?sort=name", PathParams: map[string]string{"id": "4 2"}, Header: http.Header{"User-Agent": {"request/1"}, "Accept": nil},
			Params: url.Values{"page": {"2", "3"}}, Auth: auth.Bearer(longCanary), Body: typedBody{},
			Settings: requests.Settings{Proxies: proxy.Map{"https": ""}, MaxRedirects: -1, TLS: &requests.TLS{ServerName: "other.test"}},
		}},
		{"a request away from the base URL", nil, []requests.Option{
			requests.WithBaseURL("https://api.test/v1"), requests.WithHeader("X-Api-Key", longCanary), requests.WithHeader("X-Plain", "goes along"),
			requests.WithParam("token", longCanary), requests.WithAuth(auth.Bearer(longCanary)),
		}, requests.Request{URL: "https://elsewhere.test/"}},
		{"hooks", nil, []requests.Option{
			name("stamp", func(p *requests.PreparedRequest) error {
				p.Header.Set("X-Stamp", "now")
				p.Header.Del("Accept")
				return nil
			}),
			name("route", func(p *requests.PreparedRequest) error {
				p.URL.Host, p.Method, p.Settings.MaxRedirects = "routed.test", "OPTIONS", 3
				p.URL.RawQuery += "&via=hook"
				return nil
			}),
			requests.WithSecretHeader("X-Marked", longCanary),
		}, requests.Request{URL: "http://api.test/?a=1", Auth: auth.Query("k", longCanary)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for k, v := range test.environment {
				t.Setenv(k, v)
			}
			s := newSession(t, test.session...)
			e, err := s.Explain(t.Context(), &test.request)
			require.NoError(t, err)
			for i := range e.Facts { // the width of a column must not hang on it
				for _, text := range []*string{&e.Facts[i].Value, &e.Facts[i].Source, &e.Facts[i].Rule} {
					*text = strings.ReplaceAll(*text, dir, "DIR")
				}
			}
			table := e.String()
			assertNoCanary(t, table)
			encoded, err := json.MarshalIndent(e, "", "\t")
			require.NoError(t, err)
			assertNoCanary(t, string(encoded))
			file := strings.ReplaceAll(test.name, " ", "-")
			golden(t, file+".txt", table)
			golden(t, file+".json", string(encoded)+"\n")
		})
	}
}

func TestExplain_Errors(t *testing.T) {
	s := newSession(t)
	for name, r := range map[string]*requests.Request{
		"no request":   nil,
		"a bad URL":    {URL: "http://%zz/"},
		"a bad field":  {URL: "http://api.test/", Header: http.Header{"A b": {"x"}}},
		"no adapter":   {URL: "gopher://api.test/"},
		"a bad method": {URL: "http://api.test/", Method: "G T"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Explain(t.Context(), r)
			require.Error(t, err)
		})
	}
}

func TestExplain_SendsNothing(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	s := newSession(t, requests.WithProxy(w.URL))
	_, err := s.Explain(t.Context(), &requests.Request{Method: "POST", URL: w.URL, Auth: auth.Digest("u", "p"), Body: forbidden{t}})
	require.NoError(t, err)
	assert.Zero(t, w.Accepted())
}
