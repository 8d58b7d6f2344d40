package requests_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/proxy"
)

// needCurl skips a test where the machine has no curl or no shell.
func needCurl(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"curl", "base64", "/bin/sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("skipped: there is no %s on this machine", tool)
		}
	}
}

// runShell runs a command by /bin/sh, without what the user has configured.
func runShell(t testing.TB, command string) string {
	t.Helper()
	script := filepath.Join(t.TempDir(), "command")
	require.NoError(t, os.WriteFile(script, []byte(command), 0o600))
	cmd := exec.Command("/bin/sh", script)
	cmd.Env = append(os.Environ(), "HOME=/nonexistent", "CURL_HOME=/nonexistent")
	out, err := cmd.Output()
	if e, ok := err.(*exec.ExitError); ok {
		require.NoError(t, err, "%s\n%s", command, e.Stderr)
	}
	require.NoError(t, err, command)
	return string(out)
}

// prepared prepares a request with options, without sending it.
func prepared(t testing.TB, s *requests.Session, method, url string, opts ...requests.Option) *requests.PreparedRequest {
	t.Helper()
	var prepared *requests.PreparedRequest
	stop := new(requests.Hooks)
	stop.Prepare.PushBack(func(p *requests.PreparedRequest) error {
		prepared = p
		return io.EOF
	})
	_, err := s.Request(t.Context(), method, url, append(opts[:len(opts):len(opts)], requests.WithHooks(stop))...)
	require.ErrorIs(t, err, io.EOF)
	return prepared
}

// onWire is what matters of a request that was received.
func onWire(r wireRequest) map[string]any {
	return map[string]any{"line": r.Line, "header": r.Header, "body": r.Body}
}

func TestCurl_SendsWhatSendSends(t *testing.T) {
	needCurl(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "it's a file.bin")
	require.NoError(t, os.WriteFile(path, []byte("file\x00content\r\n"), 0o600))
	evil := "'; echo \"$HOME\" `id` $(id) \\ !x # & | > < * ? ~ %41"
	for _, test := range []struct {
		name   string
		method string
		url    string
		opts   []requests.Option
	}{
		{"a plain GET", "GET", "/", nil},
		{"a query and a path with what shells act on", "GET", "/a'b;$x/(c)?q='%22$HOME&r=[1-3]{a,b}", nil},
		{"dot segments that are escaped", "GET", "/a/%2e%2e/b", nil},
		{"a header with what shells act on", "GET", "/", []requests.Option{requests.WithHeader("X-Evil", evil)}},
		{"a header that begins like a file", "GET", "/", []requests.Option{requests.WithHeader("X-At", "@/etc/passwd")}},
		{"a header with an empty value", "GET", "/", []requests.Option{requests.WithHeader("X-Empty", "")}},
		{"a header of two lines", "GET", "/", []requests.Option{requests.WithHeader("X-Two", "a", "b")}},
		{"the built-in fields removed", "POST", "/", []requests.Option{requests.WithoutHeader("User-Agent"), requests.WithoutHeader("Accept"), requests.WithoutHeader("Accept-Encoding"), requests.WithBody("x")}},
		{"another host", "GET", "/", []requests.Option{requests.WithHeader("Host", "other.test")}},
		{"credentials", "GET", "/", []requests.Option{requests.WithAuth(auth.Basic("me", evil))}},
		{"cookies", "GET", "/", []requests.Option{requests.WithCookie(&http.Cookie{Name: "a", Value: "it's"}, &http.Cookie{Name: "b", Value: "2"})}},
		{"HEAD", "HEAD", "/", nil},
		{"POST without a body", "POST", "/", nil},
		{"DELETE without a body", "DELETE", "/", nil},
		{"GET with a body", "GET", "/", []requests.Option{requests.WithBody("x")}},
		{"JSON", "POST", "/", []requests.Option{requests.WithJSON(map[string]any{"name": "it's", "token": "t"})}},
		{"a form", "PUT", "/", []requests.Option{requests.WithForm(url.Values{"a": {"1", evil}, "password": {"p"}})}},
		{"text that begins like a file", "POST", "/", []requests.Option{requests.WithBody("@/etc/passwd")}},
		{"text with ends of lines", "POST", "/", []requests.Option{requests.WithBody("a\r\nb\n\n'\\n\n")}},
		{"text with what shells act on", "PATCH", "/", []requests.Option{requests.WithBody(evil)}},
		{"bytes that are no text", "POST", "/", []requests.Option{requests.WithBody([]byte("\x00\xff\x01%s\n\\"))}},
		{"more text than one argument holds", "POST", "/", []requests.Option{requests.WithBody(strings.Repeat("it's long ", 30_000))}},
		{"a file", "POST", "/", []requests.Option{requests.WithBody(openFile(t, path))}},
		{"a multipart form with a file", "POST", "/", []requests.Option{requests.WithForm(url.Values{"a": {"1"}}), requests.WithFilePath("f", path)}},
		{"a multipart form of text", "POST", "/", []requests.Option{requests.WithForm(url.Values{"a": {"it's"}}), requests.WithFile("f", "x.txt", "text")}},
		{"a method of one's own", "PURGE", "/", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newReplies(t, reply(204, ""))
			s := newSession(t)
			_, err := s.Request(t.Context(), test.method, w.URL+test.url, test.opts...)
			require.NoError(t, err)
			want := onWire(w.Last(t))
			p := prepared(t, s, test.method, w.URL+test.url, test.opts...)
			if strings.HasPrefix(test.name, "a multipart form") {
				// The boundary is drawn for every body.
				_, err := s.Send(p)
				require.NoError(t, err)
				want = onWire(w.Last(t))
			}
			command := p.Curl(requests.CurlWithSecrets())
			n := len(w.Requests())
			runShell(t, command)
			require.Len(t, w.Requests(), n+1, command)
			got := onWire(w.Last(t))
			for _, side := range []map[string]any{want, got} {
				h := side["header"].(http.Header)
				h.Del("Connection")
			}
			assert.Equal(t, want, got, command)
		})
	}
}

func openFile(t testing.TB, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func TestCurl_QuotesAnything(t *testing.T) {
	needCurl(t)
	w := newReplies(t, reply(204, ""))
	s := newSession(t)
	rapid.Check(t, func(rt *rapid.T) {
		if len(w.Requests()) > 100 { // a process each
			return
		}
		value := strings.TrimSpace(rapid.StringMatching(`[ -~\t]{0,20}`).Draw(rt, "value"))
		body := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(rt, "body")
		param := rapid.String().Draw(rt, "param")
		p := prepared(t, s, "POST", w.URL+"/", requests.WithHeader("X-Any", value), requests.WithParam("p", param), requests.WithBody(body))
		runShell(t, p.Curl(requests.CurlWithSecrets()))
		r := w.Last(t)
		assert.Equal(rt, value, r.Header.Get("X-Any"))
		assert.Equal(rt, string(body), r.Body)
		assert.Equal(rt, p.URL.RequestURI(), r.Target())
	})
}

func TestCurl_PutsMarksForSecrets(t *testing.T) {
	needCurl(t)
	w := newReplies(t, reply(204, ""))
	s := newSession(t)
	base := strings.Replace(w.URL, "://", "://"+longCanary+":"+longCanary+"@", 1)
	for name, opts := range map[string][]requests.Option{
		"credentials":            {requests.WithAuth(auth.Basic(longCanary, longCanary))},
		"userinfo of the URL":    nil,
		"a token":                {requests.WithAuth(auth.Bearer(longCanary))},
		"a field of credentials": {requests.WithAuth(auth.Header("X-Plain", longCanary))},
		"a key of credentials":   {requests.WithAuth(auth.Query("plain", longCanary))},
		"a field named so":       {requests.WithHeader("X-Api-Key", longCanary)},
		"a field marked so":      {requests.WithSecretHeader("X-Plain", longCanary)},
		"a query key":            {requests.WithParam("access_token", longCanary)},
		"a cookie":               {requests.WithCookie(&http.Cookie{Name: "sid", Value: longCanary})},
		"a Cookie field":         {requests.WithHeader("Cookie", "sid="+longCanary)},
		"JSON":                   {requests.WithJSON(map[string]any{"a": map[string]string{"password": longCanary}})},
		"a form":                 {requests.WithForm(url.Values{"token": {longCanary}})},
		"a multipart form":       {requests.WithForm(url.Values{"token": {longCanary}}), requests.WithFile("f", "f.bin", "\x00")},
		"a text with a URL":      {requests.WithBody("http://u:" + longCanary + "@h.test/?token=" + longCanary)},
		"JSON that was packed":   {requests.WithBody("\x1f\x8b" + longCanary), requests.WithHeader("Content-Type", "application/json"), requests.WithHeader("Content-Encoding", "gzip")},
	} {
		t.Run(name, func(t *testing.T) {
			p := prepared(t, s, "POST", base+"/", opts...)
			command := p.Curl()
			assertNoCanary(t, command)
			runShell(t, command)
			assert.Contains(t, p.Curl(requests.CurlWithSecrets()), "curl")
		})
	}
	t.Run("a proxy", func(t *testing.T) {
		p := prepared(t, s, "GET", "http://h.test/", requests.WithProxies(proxy.Map{"all": base}), requests.WithProxyAuth(auth.Basic(longCanary, longCanary)))
		assertNoCanary(t, p.Curl())
		runShell(t, p.Curl())
		full := p.Curl(requests.CurlWithSecrets())
		assert.Contains(t, full, "--proxy-user '"+longCanary+":"+longCanary+"'")
		runShell(t, full)
		assert.Equal(t, "GET http://h.test/ HTTP/1.1", w.Last(t).Line)
	})
}

// forbidden is a body that must not be opened.
type forbidden struct{ t *testing.T }

func (f forbidden) Open() (io.ReadCloser, error) {
	f.t.Error("the body was opened")
	return nil, requests.ErrBodyNotReplayable
}
func (f forbidden) Len() int64          { return -1 }
func (f forbidden) ContentType() string { return "" }

func TestCurl_OpensNoBodyThatCannotBeOpenedAgain(t *testing.T) {
	s := newSession(t)
	for name, test := range map[string]struct {
		opt  requests.Option
		want string
	}{
		"a reader":                 {requests.WithBody(io.LimitReader(strings.NewReader("once"), 9)), "'[a body that can be read once, which is not opened]'"},
		"a body of a foreign type": {requests.WithBody(forbidden{t}), "'[a requests_test.forbidden, which is not opened]'"},
		"a part":                   {requests.WithFile("f", "f", io.LimitReader(strings.NewReader("once"), 9)), "'[a body with a part that can be read once, which is not opened]'"},
		"a foreign part":           {requests.WithFile("f", "f", forbidden{t}), "'[a body with a part that can be read once, which is not opened]'"},
		"a long body":              {requests.WithBody(bytes.NewReader(make([]byte, 2<<20))), "'[a body of 2097152 bytes]'"},
	} {
		t.Run(name, func(t *testing.T) {
			p := prepared(t, s, "POST", "http://api.test/", test.opt)
			for range 2 {
				assert.Contains(t, p.Curl(requests.CurlWithSecrets()), "--data-raw "+test.want)
			}
		})
	}
	once := prepared(t, s, "POST", "http://api.test/", requests.WithBody(io.LimitReader(strings.NewReader("once"), 9)))
	_ = once.Curl()
	got := new(bytes.Buffer)
	s2 := newSession(t, requests.WithAdapter("http://", roundTrip(func(r *http.Request) (*http.Response, error) {
		io.Copy(got, r.Body)
		return &http.Response{StatusCode: 204, Body: http.NoBody, Request: r}, nil
	})))
	_, err := s2.Send(once)
	require.NoError(t, err)
	assert.Equal(t, "once", got.String(), "the body is whole after Curl")
}

func TestCurl_Says(t *testing.T) {
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: testCertificate(t).Certificate[0]}), 0o600))
	s := newSession(t)
	for name, test := range map[string]struct {
		url  string
		opts []requests.Option
		want []string
	}{
		"trust that is switched off": {"https://api.test/", []requests.Option{requests.WithVerify(false)}, []string{"--insecure"}},
		"a bundle of certificates":   {"https://api.test/", []requests.Option{requests.WithCABundle(bundle)}, []string{"--cacert " + bundle}},
		"a directory of them":        {"https://api.test/", []requests.Option{requests.WithCABundle(filepath.Dir(bundle))}, []string{"--capath " + filepath.Dir(bundle)}},
		"a name to verify":           {"https://api.test/", []requests.Option{requests.WithServerName("other.test")}, []string{"\n# left out: server name, other.test"}},
		"times":                      {"http://api.test/", []requests.Option{requests.WithTimeouts(requests.Timeouts{Connect: 1500e6, Total: 60e9})}, []string{"--connect-timeout 1.5 ", "--max-time 60 "}},
		"credentials that wait":      {"http://api.test/", []requests.Option{requests.WithAuth(auth.Digest("u", "p"))}, []string{"\n# left out: what auth.Digest sets when the request is sent"}},
		"a proxy":                    {"http://api.test/", []requests.Option{requests.WithProxy("http://proxy.test:3128")}, []string{"--proxy http://proxy.test:3128"}},
	} {
		t.Run(name, func(t *testing.T) {
			command := prepared(t, s, "POST", test.url, test.opts...).Curl()
			for _, want := range test.want {
				assert.Contains(t, command, want)
			}
		})
	}
	t.Run("no proxy where the environment has one for curl", func(t *testing.T) {
		t.Setenv("http_proxy", "http://proxy.test:3128")
		assert.Contains(t, prepared(t, s, "POST", "http://api.test/", requests.WithProxy("")).Curl(), "--noproxy '*'")
		assert.Contains(t, prepared(t, s, "POST", "http://api.test/").Curl(), "--proxy http://proxy.test:3128")
	})
	t.Run("nothing of nothing", func(t *testing.T) {
		assert.Equal(t, "# there is no request", new(requests.PreparedRequest).Curl())
	})
	t.Run("a request made by hand", func(t *testing.T) {
		r, err := http.NewRequest("POST", "http://api.test/", strings.NewReader("text"))
		require.NoError(t, err)
		assert.Contains(t, (&requests.PreparedRequest{Request: r}).Curl(nil), "--data-raw text")
	})
}

func ExamplePreparedRequest_Curl() {
	s := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.com"), requests.WithoutHeader("User-Agent")))
	defer s.Close()
	p, err := s.Prepare(context.Background(), &requests.Request{Method: "DELETE", URL: "users/42", Header: http.Header{"Accept-Encoding": nil}})
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(p.Curl())
	// Output:
	// curl \
	//   --request DELETE \
	//   --header 'Accept: */*' \
	//   --header User-Agent: \
	//   --header Content-Type: \
	//   --data-raw '' \
	//   --path-as-is https://api.example.com/users/42
}

func TestCurl_CookiesThatDoNotGo(t *testing.T) {
	s := newSession(t)
	p, err := s.Prepare(t.Context(), &requests.Request{URL: "http://h.test/", Cookies: []*http.Cookie{{Name: "a", Value: "1", Secure: true}}})
	require.NoError(t, err)
	assert.NotContains(t, p.Curl(), "Cookie")
}

func TestCurl_spellings(t *testing.T) {
	s := newSession(t, requests.WithEnvironment(false))
	r, err := requests.NewRequest("GET", "https://h.test/", requests.WithHeader("User-Agent", ""))
	require.NoError(t, err)
	p, err := s.Prepare(t.Context(), r)
	require.NoError(t, err)
	assert.NotContains(t, p.Curl(), "'User-Agent;'")
	assert.Contains(t, p.Curl(), "--header User-Agent:")
	p.Settings.TLS = &requests.TLS{ClientCert: `/x/a:b\c.pem`}
	assert.Contains(t, p.Curl(), `--cert '/x/a\:b\\c.pem'`)
}
