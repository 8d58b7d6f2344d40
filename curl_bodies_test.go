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
	file, err := requests.NewBody(mustOpen(t, path))
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

func mustOpen(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

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
