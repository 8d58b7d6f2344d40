//go:build unix

package adapters_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// The credentials of the servers below. The hash is crypt's, of the password.
const (
	serverUser     = "user"
	serverPassword = `c4n4ry:Tw33t"Zyx`
	serverHash     = "$1$requests$fIRuGnVCV/tJiiMpJ7xXS0"
	wrongPassword  = "Wr0ng/c4n4ry%Zyx"
)

// passwordForms are how a password can look: itself, escaped, in hexadecimal,
// and in base64 at any offset of what it was encoded with.
func passwordForms(secret string) []string {
	h := hex.EncodeToString([]byte(secret))
	all := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), url.UserPassword("u", secret).String()[2:], h, strings.ToUpper(h)}
	for i := range 3 {
		padded := []byte(strings.Repeat("x", i) + secret)
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			b := e.EncodeToString(padded)
			all = append(all, b[4:len(b)-4])
		}
	}
	return all
}

// keepsPasswords fails if v, or an error that v wraps, shows a password of the
// tests in any way in which it could be printed or logged.
func keepsPasswords(t testing.TB, v any) {
	t.Helper()
	var text bytes.Buffer
	for one := v; one != nil; {
		fmt.Fprintf(&text, "%v\n%+v\n%#v\n%s\n%q\n%+v\n", one, one, one, one, one, []any{one})
		slog.New(slog.NewTextHandler(&text, nil)).Info("x", "v", one)
		slog.New(slog.NewJSONHandler(&text, nil)).Info("x", "v", one)
		err, ok := one.(error)
		if !ok || errors.Unwrap(err) == nil {
			break
		}
		one = errors.Unwrap(err)
	}
	for _, password := range []string{serverPassword, wrongPassword, plainPassword} {
		for _, form := range passwordForms(password) {
			assert.NotContains(t, text.String(), form, "%T", v)
		}
	}
}

// quiet is a RoundTripper that must not show a password, whatever happens.
type quiet struct {
	http.RoundTripper
	t testing.TB
}

func (q quiet) RoundTrip(r *http.Request) (*http.Response, error) {
	q.t.Helper()
	resp, err := q.RoundTripper.RoundTrip(r)
	keepsPasswords(q.t, q.RoundTripper)
	keepsPasswords(q.t, err)
	set, _ := adapters.SettingsFrom(r.Context())
	keepsPasswords(q.t, set)
	if resp != nil {
		trace, _ := adapters.TraceFrom(resp)
		keepsPasswords(q.t, trace)
	}
	return resp, err
}

// needs skips the test where a server is missing; where all must be there, it fails.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts servers, which takes seconds")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err == nil {
			continue
		}
		if os.Getenv("CI_INTEGRATION") == "1" {
			t.Fatalf("%s is not installed", p)
		}
		t.Skipf("%s is not installed", p)
	}
}

// serverDir is a directory that a server may use, whoever it runs as.
func serverDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	require.NoError(t, os.Chmod(dir, 0o777))
	return dir
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}

func put(t *testing.T, dir, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(content), mode))
	return path
}

// start runs a server until the test ends and returns when its port answers.
func start(t *testing.T, port, program string, args ...string) {
	t.Helper()
	var output bytes.Buffer
	cmd := exec.Command(program, args...)
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
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // and whatever it began
		<-exited
		if t.Failed() {
			t.Logf("%s said:\n%s", program, &output)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+port)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-exited:
			require.FailNow(t, "server ended", "%s: %s", program, &output)
		case <-ctx.Done():
			require.FailNow(t, "server does not answer", "%s: %s", program, &output)
		case <-again.C:
		}
	}
}

// world is what proxies are to reach, in the clear and by TLS with HTTP/2.
type world struct {
	plain, secure *httptest.Server
	trust         *adapters.TLS
}

func newWorld(t *testing.T) *world {
	ca := newAuthority(t)
	cert, _, _ := ca.issue(t, "origin", "localhost")
	moving := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			io.Copy(io.Discard, r.Body) // not every proxy bears an early answer
			http.Redirect(rw, r, "/d", http.StatusTemporaryRedirect)
			return
		}
		origin(rw, r)
	})
	w := &world{plain: httptest.NewServer(moving), trust: &adapters.TLS{RootCAs: ca.pool()}}
	w.secure = httptest.NewUnstartedServer(moving)
	w.secure.EnableHTTP2 = true
	w.secure.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	w.secure.StartTLS()
	t.Cleanup(w.plain.Close)
	t.Cleanup(w.secure.Close)
	return w
}

// through sends each kind of request through the proxy, by address and by name.
func (w *world) through(t *testing.T, proxy *url.URL, proxyTLS *adapters.TLS, idle int) {
	t.Helper()
	h := adapters.New(adapters.Options{MaxIdlePerHost: idle})
	defer h.Close()
	rt := quiet{h, t}
	set := adapters.Settings{
		Proxy: proxy, TLS: w.trust, ProxyTLS: proxyTLS, Connect: time.Minute, TLSHandshake: time.Minute, Read: time.Minute,
	}
	large := strings.Repeat("0123456789abcdef", 16<<10)
	for _, base := range []string{w.plain.URL, w.secure.URL, strings.Replace(w.secure.URL, "127.0.0.1", "localhost", 1)} {
		for range 2 {
			resp, got := fetch(t, rt, with(t, set, "GET", base+"/a", nil))
			require.Equal(t, "GET /a ", got)
			if strings.HasPrefix(base, "https") {
				require.Equal(t, 2, resp.ProtoMajor, "HTTP/2 through the proxy")
			}
			_, got = fetch(t, rt, with(t, set, "POST", base+"/b", strings.NewReader(large)))
			require.Equal(t, "POST /b "+large, got)
			_, got = fetch(t, rt, with(t, set, "POST", base+"/c", reading(large)))
			require.Equal(t, "POST /c "+large, got)

			// A 307 asks for the content again, at another place.
			again := with(t, set, "POST", base+"/moved", strings.NewReader(large))
			resp, err := (&http.Client{Transport: rt}).Do(again)
			require.NoError(t, err)
			content, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, "POST /d "+large, string(content))
		}
	}
	for _, scheme := range []string{"http", "https"} { // an origin that is gone
		if resp, err := rt.RoundTrip(with(t, set, "GET", scheme+"://127.0.0.1:"+freePort(t), nil)); err == nil {
			require.GreaterOrEqual(t, resp.StatusCode, 400)
			resp.Body.Close()
		}
	}
}

func proxyURL(scheme, user, password, port string) *url.URL {
	u := &url.URL{Scheme: scheme, Host: "127.0.0.1:" + port}
	if user != "" {
		u.User = url.UserPassword(user, password)
	}
	return u
}

func TestIntegration_squid(t *testing.T) {
	needs(t, "squid")
	dir, port := serverDir(t), freePort(t)
	put(t, dir, "users", serverUser+":"+serverHash+"\n", 0o644)
	conf := put(t, dir, "conf", fmt.Sprintf(`http_port 127.0.0.1:%s
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
`, port, dir), 0o644)
	start(t, port, "squid", "-N", "-f", conf)
	w := newWorld(t)
	w.through(t, proxyURL("http", serverUser, serverPassword, port), nil, 0)

	h := adapters.New(adapters.Options{})
	defer h.Close()
	set := adapters.Settings{Proxy: proxyURL("http", serverUser, wrongPassword, port), TLS: w.trust}
	resp, _ := fetch(t, quiet{h, t}, with(t, set, "GET", w.plain.URL, nil))
	require.Equal(t, 407, resp.StatusCode)
	_, err := quiet{h, t}.RoundTrip(with(t, set, "GET", w.secure.URL, nil))
	require.ErrorIs(t, err, sentinel.Proxy)
	require.ErrorContains(t, err, "407")
}

// plainPassword is for a proxy whose configuration has no quotes.
const plainPassword = "c4n4ry-Tw33t-Zyx"

// unkept is for a proxy that closes each connection after one response without
// saying so: a POST sent on it just then is lost.
const unkept = -1

func startTinyproxy(t *testing.T) (port string) {
	dir, port := serverDir(t), freePort(t)
	conf := put(t, dir, "conf", fmt.Sprintf("Listen 127.0.0.1\nPort %s\nTimeout 60\nLogLevel Error\nPidFile \"%s/pid\"\nBasicAuth %s %s\n", port, dir, serverUser, plainPassword), 0o644)
	start(t, port, "tinyproxy", "-d", "-c", conf)
	return port
}

func TestIntegration_tinyproxy(t *testing.T) {
	needs(t, "tinyproxy")
	newWorld(t).through(t, proxyURL("http", serverUser, plainPassword, startTinyproxy(t)), nil, unkept)
}

func TestIntegration_stunnel(t *testing.T) {
	needs(t, "tinyproxy", "stunnel4")
	ca := newAuthority(t)
	_, certPEM, keyPEM := ca.issue(t, "proxy")
	dir, port := serverDir(t), freePort(t)
	put(t, dir, "cert.pem", string(certPEM)+string(keyPEM), 0o600)
	conf := put(t, dir, "conf", fmt.Sprintf("foreground = yes\npid =\nsyslog = no\n[proxy]\naccept = 127.0.0.1:%s\nconnect = 127.0.0.1:%s\ncert = %s/cert.pem\n", port, startTinyproxy(t), dir), 0o600)
	start(t, port, "stunnel4", conf)
	w := newWorld(t)
	w.through(t, proxyURL("https", serverUser, plainPassword, port), &adapters.TLS{RootCAs: ca.pool()}, unkept)

	h := adapters.New(adapters.Options{})
	defer h.Close()
	_, err := quiet{h, t}.RoundTrip(with(t, adapters.Settings{Proxy: proxyURL("https", "", "", port), TLS: &adapters.TLS{RootCAs: ca.pool()}}, "GET", w.plain.URL, nil))
	require.ErrorIs(t, err, sentinel.Proxy)
	require.ErrorIs(t, err, sentinel.TLS, "the origin's trust is not the proxy's")
}

func TestIntegration_dante(t *testing.T) {
	needs(t, "danted")
	dir, port := serverDir(t), freePort(t)
	conf := put(t, dir, "conf", fmt.Sprintf(`logoutput: stderr
internal: 127.0.0.1 port = %s
external: 127.0.0.1
clientmethod: none
socksmethod: none
client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
`, port), 0o644)
	start(t, port, "danted", "-f", conf, "-p", filepath.Join(dir, "pid"))
	w := newWorld(t)
	for _, scheme := range []string{"socks4", "socks5", "socks5h"} {
		t.Run(scheme, func(t *testing.T) { w.through(t, proxyURL(scheme, "", "", port), nil, 0) })
	}
}

func TestIntegration_microsocks(t *testing.T) {
	needs(t, "microsocks")
	port := freePort(t)
	start(t, port, "microsocks", "-i", "127.0.0.1", "-p", port, "-u", serverUser, "-P", serverPassword)
	w := newWorld(t)
	for _, scheme := range []string{"socks5", "socks5h"} {
		t.Run(scheme, func(t *testing.T) { w.through(t, proxyURL(scheme, serverUser, serverPassword, port), nil, 0) })
	}
	h := adapters.New(adapters.Options{})
	defer h.Close()
	_, err := quiet{h, t}.RoundTrip(with(t, adapters.Settings{Proxy: proxyURL("socks5h", serverUser, wrongPassword, port)}, "GET", w.plain.URL, nil))
	require.ErrorIs(t, err, sentinel.Proxy)
}

// openssh's dynamic forwarding speaks SOCKS 4, 4A and 5.
func TestIntegration_openssh(t *testing.T) {
	needs(t, "sshd", "ssh", "ssh-keygen")
	me, err := user.Current()
	require.NoError(t, err)
	if me.Uid == "0" {
		require.NoError(t, os.MkdirAll("/run/sshd", 0o755)) // where sshd locks itself in
	}
	dir := t.TempDir()
	for _, key := range []string{"host", "client"} {
		out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, key)).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	sshPort, port := freePort(t), freePort(t)
	conf := put(t, dir, "conf", fmt.Sprintf(`ListenAddress 127.0.0.1:%s
HostKey %s/host
AuthorizedKeysFile %[2]s/client.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
PidFile none
`, sshPort, dir), 0o600)
	sshd, err := exec.LookPath("sshd")
	require.NoError(t, err)
	start(t, sshPort, sshd, "-D", "-e", "-f", conf)
	start(t, port, "ssh", "-N", "-F", "none", "-D", "127.0.0.1:"+port, "-p", sshPort, "-i", filepath.Join(dir, "client"),
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", me.Username+"@127.0.0.1")
	w := newWorld(t)
	for _, scheme := range []string{"socks4", "socks4a", "socks5", "socks5h"} {
		t.Run(scheme, func(t *testing.T) { w.through(t, proxyURL(scheme, "", "", port), nil, 0) })
	}
}

func TestIntegration_nginx(t *testing.T) {
	needs(t, "nginx")
	ca, other := newAuthority(t), newAuthority(t)
	_, certPEM, keyPEM := ca.issue(t, "nginx")
	client, _, _ := ca.issue(t, "alice")
	stranger, _, _ := other.issue(t, "mallory")
	dir, port, open := serverDir(t), freePort(t), freePort(t)
	put(t, dir, "cert.pem", string(certPEM), 0o644)
	put(t, dir, "key.pem", string(keyPEM), 0o600)
	put(t, dir, "ca.pem", string(ca.pem), 0o644)
	conf := put(t, dir, "conf", fmt.Sprintf(`daemon off; pid %[1]s/pid; error_log %[1]s/log; worker_processes 1;
events {}
http {
	access_log off; gzip on; gzip_types text/plain; gzip_min_length 1; default_type text/plain;
	client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
	ssl_certificate %[1]s/cert.pem; ssl_certificate_key %[1]s/key.pem;
	server {
		listen 127.0.0.1:%[2]s ssl http2;
		ssl_verify_client on; ssl_client_certificate %[1]s/ca.pem;
		location / { return 200 "$server_protocol $ssl_client_s_dn"; }
	}
	server {
		listen 127.0.0.1:%[3]s ssl http2;
		location / { return 200 "$server_protocol"; }
	}
}
`, dir, port, open), 0o644)
	start(t, port, "nginx", "-c", conf, "-p", dir)
	h := adapters.New(adapters.Options{})
	defer h.Close()
	ask := func(port string, trust *adapters.TLS) (*http.Response, string, error) {
		req := with(t, adapters.Settings{TLS: trust, Read: time.Minute}, "GET", "https://127.0.0.1:"+port+"/", nil)
		resp, err := quiet{h, t}.RoundTrip(req)
		if err != nil {
			return nil, "", err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return resp, string(b), err
	}
	roots := func(pool *x509.CertPool, certs ...tls.Certificate) *adapters.TLS {
		return &adapters.TLS{RootCAs: pool, Certificates: certs}
	}
	for range 2 {
		resp, got, err := ask(port, roots(ca.pool(), client))
		require.NoError(t, err)
		require.Equal(t, "HTTP/2.0 CN=alice", got)
		require.Equal(t, 2, resp.ProtoMajor)
		_, got, err = ask(open, roots(ca.pool()))
		require.NoError(t, err)
		require.Equal(t, "HTTP/2.0", got)
		_, _, err = ask(open, roots(other.pool()))
		require.ErrorIs(t, err, sentinel.TLS)
		for _, certs := range [][]tls.Certificate{nil, {stranger}} {
			resp, _, err = ask(port, roots(ca.pool(), certs...))
			if err == nil { // nginx says so in a response
				require.Equal(t, 400, resp.StatusCode)
			}
		}
	}
	req := with(t, adapters.Settings{TLS: roots(ca.pool())}, "GET", "https://127.0.0.1:"+open+"/", nil)
	req.Header.Set("Accept-Encoding", "gzip")
	resp, got := fetch(t, quiet{h, t}, req)
	require.Equal(t, "gzip", resp.Header.Get("Content-Encoding"), "codings are left as they are")
	require.True(t, strings.HasPrefix(got, "\x1f\x8b"))
}
