package bench_test

import (
	"bytes"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	keyName  = "X-Api-Key"
	keyValue = "0123456789"
)

func compareAuthorization(t *testing.T, l library, w wishes) string {
	w.auth = true
	return leaks(t, l, w, "Authorization", basicAuth)
}

func compareKey(t *testing.T, l library, w wishes) string {
	w.header = [][2]string{{keyName, keyValue}}
	return leaks(t, l, w, keyName, keyValue)
}

// leaks lists the places to which a redirect carries a header field.
func leaks(t *testing.T, l library, w wishes, name, value string) string {
	var found []string
	for _, p := range places {
		if p.carried(t, l, w, name, value) {
			found = append(found, p.name)
		}
	}
	if len(found) == 0 {
		return "nowhere"
	}
	return strings.Join(found, ", ")
}

var places = []struct {
	name    string
	carried func(t *testing.T, l library, w wishes, name, value string) bool
}{
	{"another host", func(t *testing.T, l library, w wishes, name, value string) bool {
		return carried(t, l, w, name, value, "http://home.test/", "http://other.test/")
	}},
	{"another port", func(t *testing.T, l library, w wishes, name, value string) bool {
		return carried(t, l, w, name, value, "http://home.test/", "http://home.test:8080/")
	}},
	{"https to http", downgraded},
	{"back from another host", func(t *testing.T, l library, w wishes, name, value string) bool {
		return carried(t, l, w, name, value, "http://home.test/", "http://other.test/", "http://home.test/back")
	}},
}

// carried reports whether the last of urls, each of which redirects to the
// next, gets the field. One server is the proxy for all of them.
func carried(t *testing.T, l library, w wishes, name, value string, urls ...string) bool {
	var at []string
	got := "not reached"
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		at = append(at, "http://"+r.Host+r.URL.Path)
		if len(at) == 1 && r.Header.Get(name) != value {
			http.Error(rw, "the first request lacks it", http.StatusBadRequest)
			return
		}
		if len(at) < len(urls) {
			http.Redirect(rw, r, urls[len(at)], http.StatusFound)
			return
		}
		got = r.Header.Get(name)
	}))
	defer server.Close()
	w.proxy = server.URL
	p := l.new(w)
	defer p.close()
	_, err := p.send(t.Context(), call{method: http.MethodGet, url: urls[0]})
	require.NoError(t, err)
	require.Equal(t, urls, at)
	return isValue(t, got, value)
}

func downgraded(t *testing.T, l library, w wishes, name, value string) bool {
	got := "not reached"
	plain := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get(name) }))
	defer plain.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, plain.URL, http.StatusFound)
	}))
	defer secure.Close()
	w.roots = x509.NewCertPool()
	w.roots.AddCert(secure.Certificate())
	p := l.new(w)
	defer p.close()
	_, err := p.send(t.Context(), call{method: http.MethodGet, url: secure.URL})
	require.NoError(t, err)
	return isValue(t, got, value)
}

func isValue(t *testing.T, got, value string) bool {
	if got != "" {
		require.Equal(t, value, got)
	}
	return got != ""
}

func compareBody(t *testing.T, l library, w wishes) string {
	name := filepath.Join(t.TempDir(), "body")
	require.NoError(t, os.WriteFile(name, uploadContent()[:64<<10], 0o600))
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	return again(t, l, w, f) + "; " + again(t, l, w, struct{ io.Reader }{bytes.NewReader(uploadContent()[:64<<10])})
}

// again says what is sent when the body of a POST is asked for once more.
func again(t *testing.T, l library, w wishes, body io.Reader) string {
	want := uploadContent()[:64<<10]
	var mu sync.Mutex // guards bodies: a request may outlast its call
	var bodies [][]byte
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if bodies = append(bodies, b); len(bodies) == 1 {
			http.Redirect(rw, r, "/to", http.StatusTemporaryRedirect)
		}
	}))
	p := l.new(w)
	r, err := p.send(t.Context(), call{method: http.MethodPost, url: server.URL, body: body})
	p.close()
	server.Close()
	t.Logf("%d requests, status %d, error %v", len(bodies), r.status, err)
	require.NotEmpty(t, bodies)
	require.Equal(t, want, bodies[0])
	switch {
	case len(bodies) == 1 && err != nil:
		return "an error"
	case len(bodies) == 1:
		require.Equal(t, http.StatusTemporaryRedirect, r.status)
		return "no second request, no error"
	case len(bodies[1]) == 0:
		return "nothing, no error"
	}
	require.NoError(t, err)
	require.Equal(t, want, bodies[1])
	return "the same bytes"
}
