package download_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/download"
)

func TestMain(m *testing.M) {
	for _, name := range []string{
		"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
		"REQUEST_METHOD", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC",
	} {
		os.Unsetenv(name)
	}
	if os.Getenv(victimVariable) != "" {
		os.Exit(victim())
	}
	goleak.VerifyTestMain(m)
}

// origin is a server with one file, which behaves as each request's turn says.
type origin struct {
	*httptest.Server
	mu      sync.Mutex // guards the rest
	content []byte
	etag    string // "": none
	turns   []turn // by request, the last again and again
	asked   []http.Header
	most    int // requests at the same time
	active  int
}

// turn is what happens to one request. The zero turn is a server as it should be.
type turn struct {
	cut      int64             // the connection is cut after so many bytes of content; 0: not
	stall    int64             // the server falls silent after so many bytes; 0: not
	status   int               // instead of an answer
	noRange  bool              // ranges are ignored
	chunked  bool              // without Content-Length
	unframed bool              // and without chunks
	header   map[string]string // instead of the right fields; "" removes one
	extra    string            // follows the content
	before   func(*origin)     // runs first, with the lock held
	tamper   func([]byte) []byte
}

func newOrigin(t testing.TB, size int, turns ...turn) *origin {
	t.Helper()
	o := &origin{content: random(1, size), etag: `"v1"`, turns: turns}
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Close)
	return o
}

func random(seed uint64, size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(seed)})
	r.Read(b)
	return b
}

// become puts other content in the place of what there is.
func become(seed uint64, size int, etag string) func(*origin) {
	return func(o *origin) { o.content, o.etag = random(seed, size), etag }
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	n := len(o.asked)
	o.asked = append(o.asked, r.Header.Clone())
	var do turn
	if len(o.turns) > 0 {
		do = o.turns[min(n, len(o.turns)-1)]
	}
	if do.before != nil {
		do.before(o)
	}
	content, etag := o.content, o.etag
	o.active++
	o.most = max(o.most, o.active)
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		o.active--
		o.mu.Unlock()
	}()
	o.answer(w, r, do, content, etag)
}

func (o *origin) answer(w http.ResponseWriter, r *http.Request, do turn, content []byte, etag string) {
	if do.status != 0 {
		for k, v := range do.header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(do.status)
		return
	}
	status, from, to := 200, 0, len(content)
	if etag != "" {
		w.Header().Set("ETag", etag)
	}
	if field := r.Header.Get("Range"); field != "" && !do.noRange && (r.Header.Get("If-Range") == "" || r.Header.Get("If-Range") == etag) {
		first, last, _ := strings.Cut(strings.TrimPrefix(field, "bytes="), "-")
		from, _ = strconv.Atoi(first)
		if last != "" {
			to, _ = strconv.Atoi(last)
			to = min(to+1, len(content))
		}
		if from >= len(content) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", len(content)))
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		status = 206
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(content)))
	}
	body := content[from:to]
	if do.tamper != nil {
		body = do.tamper(body)
	}
	body = append(body[:len(body):len(body)], do.extra...)
	if !do.chunked && !do.unframed {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	for k, v := range do.header {
		w.Header().Del(k)
		if v != "" {
			w.Header().Set(k, v)
		}
	}
	if do.unframed {
		o.unframed(w, body, do.cut)
		return
	}
	w.WriteHeader(status)
	flush := func() { _ = http.NewResponseController(w).Flush() }
	switch {
	case do.cut > 0 && do.cut <= int64(len(body)):
		w.Write(body[:do.cut])
		flush()
		panic(http.ErrAbortHandler)
	case do.stall > 0:
		w.Write(body[:min(do.stall, int64(len(body)))])
		flush()
		<-r.Context().Done()
	default:
		if do.chunked {
			flush()
		}
		w.Write(body)
	}
}

// unframed answers as HTTP/1.0 servers did: the content ends with the connection.
func (o *origin) unframed(w http.ResponseWriter, body []byte, cut int64) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	if cut > 0 {
		body = body[:cut]
	}
	fmt.Fprintf(conn, "HTTP/1.0 200 OK\r\n")
	w.Header().Write(conn)
	io.WriteString(conn, "\r\n")
	conn.Write(body)
}

// fields returns what a field was in each request.
func (o *origin) fields(name string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var values []string
	for _, h := range o.asked {
		values = append(values, h.Get(name))
	}
	return values
}

func (o *origin) count() int { return len(o.fields("")) }

// then gives turns to the requests to come.
func (o *origin) then(turns ...turn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked, o.turns = nil, turns
}

func newSession(t testing.TB, opts ...requests.Option) *requests.Session {
	t.Helper()
	s, err := requests.NewSession(append([]requests.Option{requests.WithEnvironment(false)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// quick are options with waits that no test notices.
func quick() download.Options {
	return download.Options{Wait: time.Microsecond, MaxWait: time.Millisecond}
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// holds asserts that a file has this content, without printing either.
func holds(t testing.TB, path string, content []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, len(content), len(got))
	require.True(t, string(content) == string(got), "the content of %s", filepath.Base(path))
}

// alone asserts that a directory has these names and no others.
func alone(t testing.TB, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	got := []string{}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if names == nil {
		names = []string{}
	}
	assert.Equal(t, names, got)
}

var readTimeout = requests.WithTimeouts(requests.Timeouts{Read: 250 * time.Millisecond})
