package adapters_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// unixServer serves h on a socket and returns its path.
func unixServer(t testing.TB, h http.Handler) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s") // short: a socket's path may have about 100 bytes
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	s := &http.Server{Handler: h}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return path
}

func TestUnix(t *testing.T) {
	one := unixServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "one "+r.Host+r.URL.Path) }))
	two := unixServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "two "+r.Host+r.URL.Path) }))
	a := adapters.Unix()
	defer a.(io.Closer).Close()
	get := func(path string) *http.Request {
		req := with(t, adapters.Settings{}, "GET", "http://placeholder/v1/info", nil)
		req.URL.Scheme, req.URL.Host, req.Host = "http+unix", path, ""
		return req
	}
	for range 2 {
		req := get(one)
		resp, got := fetch(t, a, req)
		require.Equal(t, "one localhost/v1/info", got)
		require.Same(t, req, resp.Request)
		require.Equal(t, one, req.URL.Host)
		_, got = fetch(t, a, get(two))
		require.Equal(t, "two localhost/v1/info", got, "sockets are kept apart")
	}
	req := get(one)
	req.Host = "docker.test"
	_, got := fetch(t, a, req)
	require.Equal(t, "one docker.test/v1/info", got)

	t.Run("a socket that is not there", func(t *testing.T) {
		_, err := a.RoundTrip(get("/nowhere/s"))
		require.ErrorIs(t, err, sentinel.Connection)
		require.ErrorContains(t, err, "/nowhere/s")
	})
	t.Run("another scheme", func(t *testing.T) {
		req := with(t, adapters.Settings{}, "POST", "http://h.test/", strings.NewReader("x"))
		closed := &closeCounter{ReadCloser: req.Body}
		req.Body = closed
		_, err := a.RoundTrip(req)
		require.ErrorIs(t, err, sentinel.InvalidURL)
		require.Equal(t, 1, closed.count())
	})
	t.Run("a proxy is an error", func(t *testing.T) {
		req := get(one)
		req = req.WithContext(adapters.WithSettings(req.Context(), adapters.Settings{Proxy: parsed(t, "http://p.test")}))
		_, err := a.RoundTrip(req)
		require.ErrorContains(t, err, "socket")
	})
}
