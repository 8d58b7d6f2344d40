//go:build unix

package auth_test

import (
	"bytes"
	"context"
	"crypto/md5"
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
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/proxyauth"
)

// The credentials of the servers below. The hash is crypt's, of the password.
const (
	serverUser     = "user"
	serverPassword = `c4n4ry:Tw33t"Zyx`
	serverHash     = "$1$requests$fIRuGnVCV/tJiiMpJ7xXS0"
	wrongPassword  = "Wr0ng/c4n4ry%Zyx"
)

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
	for _, password := range []string{serverPassword, wrongPassword} {
		for _, form := range forms(password) {
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
	keepsPasswords(q.t, err)
	return resp, err
}

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

// serverDir is a directory that a server may read, whoever it runs as.
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
	return l.Addr().String()
}

// start runs a server until the test ends and returns when addr answers.
func start(t *testing.T, addr, dir, program string, args ...string) {
	t.Helper()
	var output bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
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
			logs, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Logf("%s said:\n%s%s", program, &output, logs)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
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

// echo answers with the method and the content it received.
func echo(t *testing.T) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Empty(t, r.Header.Get("Proxy-Authorization"), "it ends at the proxy")
		fmt.Fprintf(w, "%s %d %x", r.Method, len(body), md5.Sum(body))
	})
}

// exchange sends a request with each kind of body through l.
func exchange(t *testing.T, l *loop, target string) {
	t.Helper()
	keepsPasswords(t, l.auth)
	defer keepsPasswords(t, l.auth)
	large := strings.Repeat("0123456789abcdef", 16<<10) // 256 kB
	file := write(t, filepath.Join(t.TempDir(), "content"), large, 0o600)
	open := func() (io.ReadCloser, error) { return os.Open(file) }
	for _, kind := range []struct {
		name, method, content string
		set                   func(*http.Request)
	}{
		{"GET", "GET", "", func(*http.Request) {}},
		{"POST without content", "POST", "", func(*http.Request) {}},
		{"POST of bytes", "POST", "small", func(r *http.Request) {
			r.ContentLength = 5
			r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("small")), nil }
		}},
		{"POST of a file", "POST", large, func(r *http.Request) { r.ContentLength, r.GetBody = int64(len(large)), open }},
		{"POST of unknown length", "POST", large, func(r *http.Request) { r.ContentLength, r.GetBody = -1, open }},
	} {
		r := newRequest(t, kind.method, target, nil)
		kind.set(r)
		if r.GetBody != nil {
			body, err := r.GetBody()
			require.NoError(t, err, kind.name)
			r.Body = body
		}
		resp, err := quiet{l, t}.RoundTrip(r)
		require.NoError(t, err, kind.name)
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		require.NoError(t, err, kind.name)
		require.Equal(t, 200, resp.StatusCode, kind.name)
		assert.Equal(t, fmt.Sprintf("%s %d %x", kind.method, len(kind.content), md5.Sum([]byte(kind.content))), string(body), kind.name)
	}
}

// counting counts the responses by status.
type counting struct {
	http.RoundTripper
	mu     sync.Mutex // guards counts
	counts map[int]int
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.RoundTripper.RoundTrip(r)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.counts == nil {
			c.counts = make(map[int]int)
		}
		c.counts[resp.StatusCode]++
	}
	return resp, err
}

func TestIntegration_apache(t *testing.T) {
	needs(t, "apache2")
	const modules = "/usr/lib/apache2/modules"
	backend := httptest.NewServer(echo(t))
	defer backend.Close()
	dir := serverDir(t)
	addr := freePort(t)
	var sites strings.Builder
	type site struct {
		name, settings string
		challenges     int // for five requests
	}
	all := []site{
		{"qop", "AuthDigestQop auth", 1},
		{"md5", "AuthDigestQop auth\nAuthDigestAlgorithm MD5", 1},
		// mod_proxy takes away the nextnonce, so that each nonce is stale after its use.
		{"onetime", "AuthDigestQop auth\nAuthDigestNonceLifetime 0", 5},
		{"static", "AuthDigestQop auth", 0},
		{"static/onetime", "AuthDigestQop auth\nAuthDigestNonceLifetime 0", 0},
		{"forever", "AuthDigestQop auth\nAuthDigestNonceLifetime -1", 1},
		{"domain", "AuthDigestQop auth\nAuthDigestDomain /domain/ /else/", 1},
	}
	for _, s := range all {
		fmt.Fprintf(&sites, "<Location /%s>\nAuthType Digest\nAuthName \"a %s realm\"\nAuthDigestProvider file\nAuthUserFile %s/digest\n%s\nRequire valid-user\n</Location>\n", s.name, s.name, dir, s.settings)
	}
	var users strings.Builder
	for _, s := range all {
		realm := "a " + s.name + " realm"
		fmt.Fprintf(&users, "%s:%s:%x\n", serverUser, realm, md5.Sum([]byte(serverUser+":"+realm+":"+serverPassword)))
	}
	write(t, filepath.Join(dir, "digest"), users.String(), 0o644)
	write(t, filepath.Join(dir, "basic"), serverUser+":"+serverHash+"\n", 0o644)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "files/static/onetime"), 0o755))
	write(t, filepath.Join(dir, "files/static/file"), "content", 0o644)
	write(t, filepath.Join(dir, "files/static/onetime/file"), "content", 0o644)
	var load strings.Builder
	for _, m := range []string{"mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "auth_digest", "proxy", "proxy_http"} {
		fmt.Fprintf(&load, "LoadModule %s_module %s/mod_%s.so\n", m, modules, m)
	}
	account := ""
	if os.Getuid() == 0 {
		account = "User www-data\nGroup www-data\n"
	}
	write(t, filepath.Join(dir, "conf"), fmt.Sprintf(`ServerRoot %s
DefaultRuntimeDir %[1]s
ServerName localhost
Listen %s
PidFile %[1]s/pid
ErrorLog %[1]s/log
DocumentRoot %[1]s/files
%[3]s%[4]sProxyPass /static !
ProxyPass / %[5]s/
%[6]s<Location /basic>
AuthType Basic
AuthName basic
AuthUserFile %[1]s/basic
Require valid-user
</Location>
`, dir, addr, &load, account, backend.URL, &sites), 0o644)
	start(t, addr, dir, "apache2", "-D", "FOREGROUND", "-f", filepath.Join(dir, "conf"))

	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for _, s := range all {
		if s.challenges == 0 {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			base := &counting{RoundTripper: transport}
			target := "http://" + addr + "/" + s.name + "/a%20b?q=1&r"
			exchange(t, &loop{auth: auth.Digest(serverUser, serverPassword), base: base}, target)
			assert.Equal(t, s.challenges, base.counts[401])
			resp, err := quiet{&loop{auth: auth.Digest(serverUser, wrongPassword), base: base}, t}.RoundTrip(newRequest(t, "GET", target, nil))
			require.NoError(t, err)
			content, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			require.NoError(t, err)
			assert.Equal(t, 401, resp.StatusCode)
			assert.NotEmpty(t, content)
			assert.Equal(t, s.challenges+2, base.counts[401], "a wrong password is tried once")
		})
	}
	for _, path := range []string{"/static/file", "/static/onetime/file"} {
		t.Run("with Authentication-Info, "+path, func(t *testing.T) {
			var info []string
			base := &counting{RoundTripper: tripper(func(r *http.Request) (*http.Response, error) {
				resp, err := transport.RoundTrip(r)
				if err == nil && resp.StatusCode == 200 {
					info = append(info, resp.Header.Get("Authentication-Info"))
				}
				return resp, err
			})}
			l := &loop{auth: auth.Digest(serverUser, serverPassword), base: base}
			for range 3 {
				status, content := send(t, l, "GET", "http://"+addr+path, nil)
				assert.Equal(t, 200, status)
				assert.Equal(t, "content", content)
			}
			assert.Equal(t, 1, base.counts[401], "the server's proof is right and its nextnonce used: %q", info)
			assert.Len(t, info, 3)
			assert.NotContains(t, info, "")
		})
	}
	t.Run("concurrently", func(t *testing.T) {
		l := &loop{auth: auth.Digest(serverUser, serverPassword), base: transport}
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				resp, err := quiet{l, t}.RoundTrip(newRequest(t, "GET", "http://"+addr+"/qop/", nil))
				if assert.NoError(t, err) {
					assert.Equal(t, 200, resp.StatusCode)
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			})
		}
		wg.Wait()
	})
	t.Run("basic", func(t *testing.T) {
		exchange(t, &loop{auth: auth.Basic(serverUser, serverPassword), base: transport}, "http://"+addr+"/basic/")
	})
}

// tunnelling is a transport whose CONNECT is authenticated by a.
func tunnelling(a auth.Authenticator, proxy *url.URL, base *http.Transport) http.RoundTripper {
	t := base.Clone()
	answered := errors.New("answered")
	request := func(ctx context.Context, target string, h http.Header) *http.Request {
		r := &http.Request{Method: "CONNECT", URL: &url.URL{Opaque: target}, Host: target, Header: h}
		return r.WithContext(proxyauth.WithProxy(ctx, proxy))
	}
	t.Proxy = http.ProxyURL(proxy)
	t.GetProxyConnectHeader = func(ctx context.Context, _ *url.URL, target string) (http.Header, error) {
		r := request(ctx, target, http.Header{})
		err := a.Authenticate(r)
		return r.Header, err
	}
	t.OnProxyConnectResponse = func(ctx context.Context, _ *url.URL, r *http.Request, resp *http.Response) error {
		c, ok := a.(auth.Challenger)
		if !ok || resp.StatusCode != 407 {
			return nil
		}
		answer := *resp
		answer.Request = request(ctx, r.Host, r.Header)
		again, err := c.Challenge(&answer)
		if again {
			return answered
		}
		return err
	}
	return tripper(func(r *http.Request) (*http.Response, error) {
		for range 2 {
			if resp, err := t.RoundTrip(r); !errors.Is(err, answered) {
				return resp, err
			}
			if r.GetBody != nil {
				r = r.Clone(r.Context())
				r.Body, _ = r.GetBody()
			}
		}
		return t.RoundTrip(r)
	})
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestIntegration_squid(t *testing.T) {
	needs(t, "squid")
	const helpers = "/usr/lib/squid"
	plain := httptest.NewServer(echo(t))
	defer plain.Close()
	secure := httptest.NewTLSServer(echo(t))
	defer secure.Close()
	for _, scheme := range []struct {
		name, param string
		auth        func(user, password string) auth.Authenticator
	}{
		{"digest", "digest program " + helpers + "/digest_file_auth -c", auth.Digest},
		{"basic", "basic program " + helpers + "/basic_ncsa_auth", auth.Basic},
	} {
		t.Run(scheme.name, func(t *testing.T) {
			dir := serverDir(t)
			addr := freePort(t)
			users := serverUser + ":" + serverHash + "\n"
			more := ""
			if scheme.name == "digest" {
				users = fmt.Sprintf("%s:a realm:%x\n", serverUser, md5.Sum([]byte(serverUser+":a realm:"+serverPassword)))
				more = "auth_param digest check_nonce_count on\nauth_param digest post_workaround off\n"
			}
			write(t, filepath.Join(dir, "users"), users, 0o644)
			write(t, filepath.Join(dir, "conf"), fmt.Sprintf(`http_port %s
auth_param %s %s/users
auth_param %s children 1
auth_param %[4]s realm a realm
%sacl known proxy_auth REQUIRED
http_access allow known
http_access deny all
cache deny all
pid_filename %[3]s/pid
access_log none
cache_log %[3]s/log
coredump_dir %[3]s
netdb_filename none
pinger_enable off
visible_hostname localhost
shutdown_lifetime 0 seconds
`, addr, scheme.param, dir, scheme.name, more), 0o644)
			start(t, addr, dir, "squid", "-N", "-f", filepath.Join(dir, "conf"))
			proxy := parse(t, "http://"+addr)

			base := secure.Client().Transport.(*http.Transport).Clone()
			base.Proxy = http.ProxyURL(proxy)
			defer base.CloseIdleConnections()
			t.Run("forwarded", func(t *testing.T) {
				counted := &counting{RoundTripper: base}
				a := scheme.auth(serverUser, serverPassword)
				exchange(t, &loop{auth: a, proxy: proxy, base: counted}, plain.URL+"/a%20b?q=1&r")
				_, challenges := a.(auth.Challenger)
				assert.Equal(t, challenges, counted.counts[407] == 1, "%v", counted.counts)
			})
			t.Run("forwarded with a wrong password", func(t *testing.T) {
				l := &loop{auth: scheme.auth(serverUser, wrongPassword), proxy: proxy, base: base}
				resp, err := quiet{l, t}.RoundTrip(newRequest(t, "GET", plain.URL, nil))
				require.NoError(t, err)
				content, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				require.NoError(t, err)
				assert.Equal(t, 407, resp.StatusCode)
				assert.NotEmpty(t, content)
			})
			t.Run("tunnelled", func(t *testing.T) {
				rt := tunnelling(scheme.auth(serverUser, serverPassword), proxy, base)
				exchange(t, &loop{auth: auth.None, base: rt}, secure.URL+"/a%20b?q=1&r")
			})
			t.Run("tunnelled with a wrong password", func(t *testing.T) {
				rt := tunnelling(scheme.auth(serverUser, wrongPassword), proxy, base)
				_, err := quiet{rt, t}.RoundTrip(newRequest(t, "GET", secure.URL, nil))
				assert.ErrorContains(t, err, "Proxy Authentication Required")
			})
		})
	}
}
