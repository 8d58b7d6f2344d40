package bench_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// serverVariable makes the test binary a server.
const serverVariable = "REQUESTS_BENCH_SERVER"

func TestMain(m *testing.M) {
	// What the machine says about proxies and trust is no part of the work.
	for _, name := range []string{
		"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
		"REQUEST_METHOD", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC",
	} {
		os.Unsetenv(name)
	}
	if os.Getenv(serverVariable) != "" {
		serve()
		return
	}
	code := m.Run()
	stopServer()
	os.Exit(code)
}

// serve answers until standard input ends, which it does with the parent.
func serve() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("http://%s\n", l.Addr())
	go http.Serve(l, newHandler())
	io.Copy(io.Discard, os.Stdin)
}

// process is the server in another process, started when it is first needed.
var process struct {
	once sync.Once
	base string
	err  error
	stop func()
}

func serverBase() (string, error) {
	p := &process
	p.once.Do(func() {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), serverVariable+"=1")
		cmd.Stderr = os.Stderr
		in, err1 := cmd.StdinPipe()
		out, err2 := cmd.StdoutPipe()
		if p.err = errors.Join(err1, err2); p.err != nil {
			return
		}
		if p.err = cmd.Start(); p.err != nil {
			return
		}
		p.stop = func() {
			in.Close()
			cmd.Wait()
		}
		p.base, p.err = bufio.NewReader(out).ReadString('\n')
		p.base = strings.TrimSpace(p.base)
	})
	return p.base, p.err
}

func stopServer() {
	if process.stop != nil {
		process.stop()
	}
}

// newHandler answers what a memory transport answers, and what takes a
// network. A request that is not the expected one is answered with 400, so
// that no client can do less than its work.
func newHandler() http.Handler {
	m := new(memory)
	var attempts atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		u := *r.URL
		if u.Path == "/retry" {
			code := http.StatusServiceUnavailable
			if attempts.Add(1)%3 == 0 {
				code = http.StatusOK
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			io.WriteString(w, small)
			return
		}
		io.Copy(io.Discard, r.Body)
		code, header, content := m.answer(&u)
		maps.Copy(w.Header(), header)
		w.WriteHeader(code)
		io.WriteString(w, content)
	})
	mux.HandleFunc("/large", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.WriteHeader(http.StatusNotAcceptable)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(largeGzip())
	})
	mux.HandleFunc("/upload", func(w http.ResponseWriter, r *http.Request) {
		got, err := receive(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(got)
	})
	mux.HandleFunc("/download", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(downloadPieces*len(large())))
		for range downloadPieces {
			if _, err := w.Write(large()); err != nil {
				return
			}
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := expected(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// receive reads a form with one file.
func receive(r *http.Request) (receipt, error) {
	form, err := r.MultipartReader()
	if err != nil {
		return receipt{}, err
	}
	part, err := form.NextPart()
	if err != nil {
		return receipt{}, err
	}
	if part.FormName() != "file" || part.FileName() != uploadName {
		return receipt{}, fmt.Errorf("part %q, file %q", part.FormName(), part.FileName())
	}
	sum := crc32.NewIEEE()
	n, err := io.Copy(sum, part)
	if err != nil {
		return receipt{}, err
	}
	if _, err := form.NextPart(); err != io.EOF {
		return receipt{}, errors.New("more than one part")
	}
	return receipt{n, sum.Sum32()}, nil
}

// expected says what is wrong with a request: it lacks something that the
// session or the call was to put in.
func expected(r *http.Request) error {
	var wrong []error
	miss := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	for _, f := range sessionHeader {
		want := f[1]
		if f[0] == "Accept" && r.URL.Path == "/auth" {
			want = acceptOverride
		}
		if got := r.Header[http.CanonicalHeaderKey(f[0])]; len(got) != 1 || got[0] != want {
			miss("%s is %q", f[0], got)
		}
	}
	method := http.MethodGet
	switch r.URL.Path {
	case "/items", "/cookies", "/retry", "/redirect/5":
		want := url.Values{sessionParam[0]: {sessionParam[1]}}
		for _, p := range callParams {
			want.Set(p[0], p[1])
		}
		if got := r.URL.Query(); got.Encode() != want.Encode() {
			miss("query is %q", r.URL.RawQuery)
		}
	case "/auth":
		if u, p, ok := r.BasicAuth(); !ok || u != user || p != password {
			miss("no credentials")
		}
	case "/orders":
		method = http.MethodPost
		if got := r.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
			miss("Content-Type is %q", got)
		}
		content, err := io.ReadAll(r.Body)
		if err != nil {
			miss("content: %w", err)
		}
		r.Body = io.NopCloser(bytes.NewReader(content))
		if !bytes.Equal(bytes.TrimSuffix(content, []byte("\n")), orderRaw) {
			miss("content is %.100q", content)
		}
	case "/upload":
		method = http.MethodPost
	}
	if r.Method != method {
		miss("method is %s", r.Method)
	}
	want := -1
	switch {
	case r.URL.Path == "/cookies":
		want = 5
	case strings.HasPrefix(r.URL.Path, "/redirect/"):
		want = 1
	}
	if got := r.Cookies(); want >= 0 && len(got) != want {
		miss("%d cookies", len(got))
	}
	for i, c := range r.Cookies() {
		if !strings.HasPrefix(c.Name, "match") || c.Value != cookieValue {
			miss("cookie %d is %s=%s", i, c.Name, c.Value)
		}
	}
	return errors.Join(wrong...)
}

const (
	uploadName     = "upload.bin"
	uploadSize     = 8 << 20
	downloadPieces = 64 // of 1 MiB
)

// large is 1 MiB of text that gzip brings to about a fifth.
var large = sync.OnceValue(func() []byte {
	b := make([]byte, 0, 1<<20)
	for i := uint32(1); len(b) < 1<<20; i++ {
		b = fmt.Appendf(b, "%08x the quick brown fox jumps over the lazy dog %d\n", i*2654435761, i)
	}
	return b[:1<<20]
})

var largeGzip = sync.OnceValue(func() []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Write(large())
	w.Close()
	return buf.Bytes()
})

var uploadContent = sync.OnceValue(func() []byte { return bytes.Repeat(large(), uploadSize>>20) })

var uploadReceipt = sync.OnceValue(func() receipt {
	return receipt{uploadSize, crc32.ChecksumIEEE(uploadContent())}
})
