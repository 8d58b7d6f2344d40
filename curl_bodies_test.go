package requests_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

// byHand is a request of net/http's as if it had been prepared.
func byHand(t *testing.T, method string, body io.Reader) *requests.PreparedRequest {
	t.Helper()
	r, err := http.NewRequest(method, "http://api.test/", body)
	require.NoError(t, err)
	return &requests.PreparedRequest{Request: r}
}

func TestCurl_NamesTheBody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "upload.bin")
	require.NoError(t, os.WriteFile(path, []byte("content"), 0o600))
	s := newSession(t)
	opened := errors.New("why: s3cret")
	failing := byHand(t, "POST", strings.NewReader("content"))
	failing.GetBody = func() (io.ReadCloser, error) { return nil, opened }
	unreadable := byHand(t, "POST", strings.NewReader("content"))
	unreadable.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(errorReader{opened}), nil }
	endless := byHand(t, "POST", strings.NewReader("content"))
	endless.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(zeros{}), nil }
	noMethod := byHand(t, "GET", nil)
	noMethod.Method = ""
	file, err := requests.NewBody(openFile(t, path))
	require.NoError(t, err)
	for _, tt := range []struct {
		name string
		p    *requests.PreparedRequest
		want string
	}{
		{"a file that is open is what it holds", prepared(t, s, "POST", "http://api.test/", requests.WithBody(file)), "--data-raw content"},
		{"a body that cannot be opened", failing, "[a body that cannot be opened now]"},
		{"a body that cannot be read", unreadable, "[a body that cannot be read]"},
		{"a body without an end", endless, "[a body of more than "},
		{"HEAD has none", prepared(t, s, "HEAD", "http://api.test/", requests.WithBody("content")), "curl sends no body with HEAD"},
		{"no method is GET", noMethod, "User-Agent: \\\n  --path-as-is http://api.test/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Contains(t, tt.p.Curl(), tt.want)
			assert.NotContains(t, tt.p.Curl(), opened.Error())
		})
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestCurl_NamesTheTrust(t *testing.T) {
	s := newSession(t)
	p := prepared(t, s, "GET", "https://api.test/")
	p.Settings.TLS = &requests.TLS{ClientCert: "c.pem", ClientKey: "k.pem", RootCAs: x509.NewCertPool(), Certificates: []tls.Certificate{{}}, Config: new(tls.Config)}
	command := p.Curl()
	for _, want := range []string{"--cert c.pem", "--key k.pem", "# left out: roots, a pool in code", "1 in code", "set in code"} {
		assert.Contains(t, command, want)
	}
	p.Settings.Proxies = map[string]string{"https": "ftp://u:s3cret@p.test"}
	assert.Contains(t, p.Curl(), "# left out: a proxy that is no URL")
	assert.NotContains(t, p.Curl(), "s3cret")
	p.Settings.Proxies = map[string]string{"https": "https://p.test"}
	p.Settings.ProxyTLS = new(requests.TLS)
	assert.Contains(t, p.Curl(), "# left out: the trust for the proxy")
}

// What a hook puts in place is shown if it can be opened again, and is still
// there to be sent.
func TestCurl_BodiesThatHooksPutInPlace(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	s := newSession(t)
	put := func(again func() (io.ReadCloser, error)) requests.Option {
		return requests.WithHooks(namedPrepareHook("put", func(p *requests.PreparedRequest) error {
			p.Body, p.ContentLength, p.GetBody = readCloserOf("other"), 5, again
			return nil
		}))
	}
	for _, tt := range []struct {
		name, want string
		put        requests.Option
	}{
		{"one that can be opened again", "--data-raw other", put(func() (io.ReadCloser, error) { return readCloserOf("other"), nil })},
		{"one that is read once", "[a body that can be read once, which is not opened]", put(nil)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := requests.NewRequest("POST", w.URL, requests.WithBody("content"), tt.put)
			require.NoError(t, err)
			p, err := s.Prepare(t.Context(), r)
			require.NoError(t, err)
			assert.Contains(t, p.Curl(), tt.want)
			_, err = s.Send(p)
			require.NoError(t, err)
			assert.Equal(t, "other", w.Last(t).Body)
		})
	}
}

// A device or a pipe is read once: a command that opened it would take from it
// what is to be sent.
func TestCurl_OpensNoDevice(t *testing.T) {
	command := prepared(t, newSession(t), "POST", "http://api.test/", requests.WithFilePath("f", os.DevNull)).Curl()
	assert.Contains(t, command, "[a body with a part that can be read once, which is not opened]")
	assert.NotContains(t, command, "filename")
}

// Fields that Send does not send are not in the command: the framing, which
// curl makes of the body, and what is for a proxy where there is none.
func TestCurl_LeavesOutWhatIsNotSent(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	s := newSession(t)
	p := prepared(t, s, "POST", w.URL, requests.WithBody("content"), requests.WithHeader("Proxy-Authorization", "Basic eDp5"))
	p.Header.Set("Content-Length", "99")
	command := p.Curl(requests.CurlWithSecrets())
	assert.NotContains(t, command, "Content-Length")
	assert.NotContains(t, command, "Proxy-Authorization")
	_, err := s.Send(p)
	require.NoError(t, err)
	assert.Equal(t, "content", w.Last(t).Body)
	assert.NotContains(t, w.Last(t).Header, "Proxy-Authorization")
}

// A field that is for the proxy goes to the proxy, and a Host set by hand is the
// Host, as Send has it.
func TestCurl_FieldsThatGoElsewhere(t *testing.T) {
	needCurl(t)
	w := newReplies(t, reply(200, ""))
	s := newSession(t)
	through := prepared(t, s, "GET", "http://api.test/", requests.WithProxy(w.URL), requests.WithHeader("Proxy-Authorization", "Basic eDp5"))
	assert.NotContains(t, through.Curl(), "eDp5")
	byHand := prepared(t, s, "GET", w.URL)
	byHand.Header["host"] = []string{"other.test"}
	for name, p := range map[string]*requests.PreparedRequest{"Proxy-Authorization": through, "Host": byHand} {
		_, err := s.Send(p)
		require.NoError(t, err)
		sent := w.Last(t)
		require.NotEmpty(t, sent.Header.Get(name))
		runShell(t, p.Curl(requests.CurlWithSecrets()))
		got := w.Last(t)
		assert.Equal(t, sent.Number+1, got.Number)
		assert.Equal(t, sent.Line, got.Line)
		assert.Equal(t, sent.Header.Get(name), got.Header.Get(name), name)
	}
}
