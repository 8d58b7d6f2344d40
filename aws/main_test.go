package aws_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-3bbad739/requests/aws"
)

func TestMain(m *testing.M) {
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasSuffix(name, "_CA_BUNDLE") || strings.HasSuffix(strings.ToLower(name), "_proxy") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	guardNames()
	code := m.Run()
	stopServers()
	if asked := lookups(); len(asked) > 0 {
		fmt.Fprintln(os.Stderr, "tests left loopback and asked name servers:", asked)
		code = 1
	}
	if code == 0 {
		if err := goleak.Find(goleak.IgnoreTopFunction("net/http.(*Server).Serve")); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines are left:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// home gives a test a home of its own with the files given, by their names
// below ~/.aws, and the environment variables given.
func home(t testing.TB, files map[string]string, env map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, ".aws"), 0o700))
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".aws", name), []byte(text), 0o600))
	}
	for k, v := range env {
		t.Setenv(k, strings.ReplaceAll(v, "$HOME", dir))
	}
	return dir
}

// open makes a session that the test closes.
func open(t testing.TB, opts ...aws.Option) *aws.Session {
	t.Helper()
	s, err := aws.Open(context.Background(), opts...)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// testKeys are the credentials that most tests use.
func testKeys() aws.Option { return aws.WithStaticCredentials("AKIDTEST", "secret-of-test", "") }

var servers struct {
	sync.Mutex
	cmds []*exec.Cmd
	moto map[string]string // by the number of calls without authorization
}

func stopServers() {
	servers.Lock()
	defer servers.Unlock()
	for _, c := range servers.cmds {
		c.Process.Kill()
		c.Wait()
	}
}

// moto returns the URL of a moto server, started once per process; with
// unsigned >= 0 one that checks signatures after that many calls.
func moto(t testing.TB, unsigned int) string {
	t.Helper()
	servers.Lock()
	defer servers.Unlock()
	key := fmt.Sprint(unsigned)
	if u, ok := servers.moto[key]; ok {
		if u == "" {
			t.Skip("moto does not start here")
		}
		return u
	}
	if servers.moto == nil {
		servers.moto = make(map[string]string)
	}
	servers.moto[key] = ""
	if err := exec.Command("python3", "-c", "import moto.server").Run(); err != nil {
		t.Skip("python3 has no moto.server: skipped")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command("python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", port)
	cmd.Env = append(os.Environ(), "MOTO_PORT="+port, "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x")
	if unsigned >= 0 {
		cmd.Env = append(cmd.Env, "INITIAL_NO_AUTH_ACTION_COUNT="+key)
	}
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	servers.cmds = append(servers.cmds, cmd)
	ready := make(chan struct{})
	go func() {
		sc := bufio.NewScanner(stderr)
		seen := false
		for sc.Scan() {
			if !seen && strings.Contains(sc.Text(), "Running on") {
				seen = true
				close(ready)
			}
		}
	}()
	select {
	case <-ready:
	case <-time.After(30 * time.Second):
		t.Skip("moto does not start here")
	}
	servers.moto[key] = "http://" + addr
	return servers.moto[key]
}

// rounds counts and keeps what passes a session.
type rounds struct {
	mu   sync.Mutex
	seen []*http.Request
}

func (r *rounds) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripFunc(func(req *http.Request) (*http.Response, error) {
		r.mu.Lock()
		r.seen = append(r.seen, req)
		r.mu.Unlock()
		return next.RoundTrip(req)
	})
}

func (r *rounds) all() []*http.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*http.Request(nil), r.seen...)
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
