//go:build unix

package requests_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
)

// startSquid runs a squid that asks for the password until the test ends, and
// returns its address. Without squid the test is skipped; where it must be
// there, that fails.
func startSquid(t *testing.T, user, hash string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a server, which takes seconds")
	}
	if _, err := exec.LookPath("squid"); err != nil {
		if os.Getenv("CI_INTEGRATION") == "1" {
			t.Fatal("squid is not installed")
		}
		t.Skip("squid is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755)) // squid runs as somebody else
	require.NoError(t, os.Chmod(dir, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "users"), []byte(user+":"+hash+"\n"), 0o644))
	conf := filepath.Join(dir, "conf")
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, `http_port %s
auth_param basic program /usr/lib/squid/basic_ncsa_auth %s/users
auth_param basic children 1
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
cache deny all
pid_filename %[2]s/pid
access_log none
shutdown_lifetime 0 seconds
cache_log %[2]s/log
`, address, dir), 0o644))
	var output bytes.Buffer
	cmd := exec.Command("squid", "-N", "-f", conf)
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 10 * time.Second
	require.NoError(t, cmd.Start())
	exited := make(chan struct{})
	go func() { cmd.Wait(); close(exited) }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(10 * time.Second):
		}
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // and its helpers
		<-exited
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		if c, err := new(net.Dialer).DialContext(ctx, "tcp", address); err == nil {
			c.Close()
			return address
		}
		select {
		case <-exited:
			require.FailNow(t, "squid ended", "%s", &output)
		case <-ctx.Done():
			require.FailNow(t, "squid does not answer", "%s", &output)
		case <-again.C:
		}
	}
}

// The hash is crypt's, of the password.
func TestIntegration_redirectsThroughSquid(t *testing.T) {
	const user, password, hash = "user", `p:w"d`, "$1$requests$qMa9CcJjvB.pYoY1JUG7d1"
	squid := startSquid(t, user, hash)
	large := strings.Repeat("0123456789abcdef", 16<<10)

	// squid looks no names up that are only ours: hosts are addresses.
	h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusTemporaryRedirect)
			return
		}
		fmt.Fprint(w, r.Proto, " ", r.Header.Get("Proxy-Authorization"))
	})
	plain, secure := "http://"+h.plain, "https://"+h.secure
	proxyURL := &url.URL{Scheme: "http", Host: squid, User: url.UserPassword(user, password)}
	for _, tt := range []struct {
		name    string
		options []requests.Option
		env     bool
	}{
		{"with credentials in its URL", []requests.Option{requests.WithProxy(proxyURL.String())}, false},
		{"with an authenticator", []requests.Option{requests.WithProxy("http://" + squid), requests.WithProxyAuth(auth.Basic(user, password))}, false},
		{"by the environment", nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.env {
				t.Setenv("http_proxy", proxyURL.String())
				t.Setenv("https_proxy", proxyURL.String())
			}
			s := newSession(t, append(tt.options, requests.WithTLS(requests.TLS{RootCAs: h.Roots, ServerName: "a.test"}))...)
			for _, from := range []string{plain, secure} {
				for _, to := range []string{plain, secure} {
					if from == secure && to == plain {
						continue // content does not leave encryption
					}
					before := len(h.Arrivals())
					resp, err := s.Post(t.Context(), from+"/?to="+url.QueryEscape(to+"/end"), requests.WithBody(onlySeeker{strings.NewReader(large)}))
					require.NoError(t, err, "%s to %s", from, to)
					assert.Equal(t, 200, resp.StatusCode)
					assert.Equal(t, "HTTP/1.1 ", resp.Text(), "the proxy's credentials are for the proxy")
					arrived := h.Arrivals()[before:]
					require.Len(t, arrived, 2)
					for _, a := range arrived {
						assert.True(t, a.Body == large, "the exact bytes")
						if strings.HasPrefix(a.URL, "http:") {
							assert.Contains(t, a.Header.Get("Via"), "squid")
						}
					}
				}
			}
			_, err := s.Post(t.Context(), plain+"/?to="+url.QueryEscape(secure+"/end"), requests.WithBody(onlyReader{strings.NewReader(large)}))
			require.ErrorIs(t, err, requests.ErrBodyNotReplayable)
		})
	}
	t.Run("a wrong password", func(t *testing.T) {
		s := newSession(t, requests.WithProxy("http://"+squid), requests.WithProxyAuth(auth.Basic(user, "planted")), requests.WithTLS(requests.TLS{RootCAs: h.Roots}))
		resp, err := s.Get(t.Context(), plain)
		require.NoError(t, err)
		assert.Equal(t, 407, resp.StatusCode)
		_, err = s.Get(t.Context(), secure)
		require.ErrorIs(t, err, requests.ErrProxy)
		require.ErrorContains(t, err, "407")
		assert.NotContains(t, err.Error(), "planted")
	})
}
