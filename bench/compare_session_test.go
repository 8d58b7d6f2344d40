package bench_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func compareDefaults(t *testing.T, l library, w wishes) string {
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
	defer server.Close()
	w.header = [][2]string{{"X-Team", "core"}}
	w.param = [2]string{"lang", "en"}
	p := l.new(w)
	defer p.close()
	_, err := p.send(t.Context(), call{method: http.MethodGet, url: server.URL, without: "X-Team", param: [2]string{"lang", "de"}})
	require.NoError(t, err)
	found := "sent empty"
	if team, ok := got.Header["X-Team"]; !ok {
		found = "left out"
	} else {
		require.Equal(t, []string{""}, team)
	}
	if lang := got.URL.Query()["lang"]; len(lang) > 1 {
		require.ElementsMatch(t, []string{"en", "de"}, lang)
		return found + "; both are sent"
	}
	require.Equal(t, "de", got.URL.Query().Get("lang"))
	return found + "; the call's value"
}

func compareCookies(t *testing.T, l library, w wishes) string {
	var sent string
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		sent = r.Host + " " + r.Header.Get("Cookie")
		if r.URL.Path == "/set" {
			rw.Header().Add("Set-Cookie", "own=1; Path=/; Max-Age=3600")
			rw.Header().Add("Set-Cookie", "all=1; Path=/; Max-Age=3600; Domain=co.uk")
		}
	}))
	defer server.Close()
	w.proxy = server.URL
	get := func(p peer, url string) string {
		_, err := p.send(t.Context(), call{method: http.MethodGet, url: url})
		require.NoError(t, err)
		return sent
	}
	p := l.new(w)
	defer p.close()
	require.Equal(t, "shop.co.uk ", get(p, "http://shop.co.uk/set"))
	if !strings.Contains(get(p, "http://shop.co.uk/"), "own=1") {
		return "not kept"
	}
	found := "kept; refused"
	if get(p, "http://bank.co.uk/") != "bank.co.uk " {
		found = "kept; sent to all of co.uk"
	}
	s, ok := p.(saver)
	if !ok {
		return found + "; " + notion
	}
	file := filepath.Join(t.TempDir(), "cookies")
	require.NoError(t, s.save(file))
	next := l.new(w)
	defer next.close()
	require.NoError(t, next.(saver).load(file))
	require.Equal(t, "shop.co.uk own=1", get(next, "http://shop.co.uk/"))
	return found + "; saved and loaded"
}

// childVariable names the row whose work is to be done in a process of its
// own, and childLibrary the library.
const (
	childVariable = "REQUESTS_BENCH_COMPARE"
	childLibrary  = "REQUESTS_BENCH_COMPARE_LIBRARY"
)

// TestComparisonChild does in a process of its own what cannot be undone, or
// may end it.
func TestComparisonChild(t *testing.T) {
	row := os.Getenv(childVariable)
	if row == "" {
		t.Skip("TestComparison runs it in a process of its own")
	}
	i := slices.IndexFunc(libraries, func(l library) bool { return l.name == os.Getenv(childLibrary) })
	require.GreaterOrEqual(t, i, 0)
	switch row {
	case "in flight":
		changeInFlight(t, libraries[i])
	case "proxies":
		changeProxies(t, libraries[i], wishes{})
	case "proxies by the dialer":
		changeProxies(t, libraries[i], wishes{environ: true})
	default:
		t.Errorf("no row %q", row)
	}
}

func child(t *testing.T, row, library string) (output string, err error) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestComparisonChild$", "-test.v")
	// A race ends it at once, without the second that the detector waits at
	// the end. Races need threads, also where there is one processor.
	cmd.Env = append(os.Environ(), childVariable+"="+row, childLibrary+"="+library, "GORACE=halt_on_error=1 atexit_sleep_ms=0", "GOMAXPROCS=4")
	b, err := cmd.CombinedOutput()
	return string(b), err
}

func compareInFlight(t *testing.T, l library, _ wishes) string {
	out, err := child(t, "in flight", l.name)
	if err == nil {
		return "safe"
	}
	require.Truef(t, strings.Contains(out, "DATA RACE") || strings.Contains(out, "concurrent map"), "%v: %s", err, out)
	return "a data race"
}

// changeInFlight tries often and briefly. A session with many headers takes
// its time to read them, which is when a change meets a library that locks
// only a part of the way; and the race detector forgets what was long ago. It
// ends the process at the first race.
func changeInFlight(t *testing.T, l library) {
	w := wishes{transport: answering{}}
	for i := range 100 {
		w.header = append(w.header, [2]string{fmt.Sprintf("X-Team-%d", i), "core"})
	}
	for range 40 {
		p := l.new(w)
		var ended atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			defer ended.Store(true)
			for range 100 {
				if _, err := p.send(t.Context(), call{method: http.MethodGet, url: memoryBase + "/items"}); err != nil {
					t.Error(err)
					return
				}
			}
		})
		// A builder may grow with each change.
		for i := 0; i < 1000 && !ended.Load(); i++ {
			p.(changer).change(w.header[i%len(w.header)][0], "other")
			runtime.Gosched()
		}
		wg.Wait()
		p.close()
	}
}

// answering answers in memory, and may be asked by any number at once.
type answering struct{}

func (answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header), Body: io.NopCloser(strings.NewReader(small)), ContentLength: int64(len(small)), Request: r,
	}, nil
}

func compareProxies(t *testing.T, l library, w wishes) string {
	row := "proxies"
	if w.environ {
		row = "proxies by the dialer"
	}
	out, err := child(t, row, l.name)
	require.NoError(t, err, out)
	_, found, ok := strings.Cut(out, "found: ")
	require.True(t, ok, out)
	found, _, _ = strings.Cut(found, "\n")
	return found
}

// changeProxies needs a process that has asked for no proxy yet: net/http
// remembers what it found.
func changeProxies(t *testing.T, l library, w wishes) {
	var proxies [2]*httptest.Server
	var calls [2]atomic.Int32
	for i := range proxies {
		proxies[i] = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			calls[i].Add(1)
			if r.Method == http.MethodConnect {
				rw.WriteHeader(http.StatusBadGateway)
			}
		}))
		defer proxies[i].Close()
	}
	t.Setenv("HTTP_PROXY", proxies[0].URL)
	p := l.new(w)
	defer p.close()
	if f, ok := p.(*fastPeer); ok && f.Dial == nil {
		// It would look the name up.
		f.Dial = func(string) (net.Conn, error) { return nil, errDirect }
	}
	for i := range proxies {
		t.Setenv("HTTP_PROXY", proxies[i].URL)
		_, err := p.send(t.Context(), call{method: http.MethodGet, url: "http://api.test/"})
		t.Log(err)
	}
	switch got := [2]int32{calls[0].Load(), calls[1].Load()}; got {
	case [2]int32{0, 0}:
		fmt.Println("found: not used")
	case [2]int32{2, 0}:
		fmt.Println("found: the first one is kept")
	case [2]int32{1, 1}:
		fmt.Println("found: the next call uses it")
	default:
		t.Errorf("calls of the proxies: %v", got)
	}
}
