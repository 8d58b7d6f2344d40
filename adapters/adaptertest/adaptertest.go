// Package adaptertest holds what any adapter must keep, as tests to run on one.
package adaptertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long a test waits for what must happen. It is long, as
// nothing waits for it when all is well.
const patience = 30 * time.Second

// Run tests an adapter: an [http.RoundTripper] that a session can mount. new
// returns one that reaches server, and the URL of server's root without a
// slash at its end; it is called for each test, and cleans up by t.Cleanup.
//
// An adapter does not change the request. It closes the request's body,
// whatever happens. It returns either a response or an error, whatever the
// status, and follows no redirects. Method, path, query, fields and content
// arrive as they are, both ways, and content streams. The end of the
// request's context is an error, also while content is read. It serves many
// goroutines at once, and leaves none behind once its CloseIdleConnections, if
// it has one, was called.
func Run(t *testing.T, new func(t *testing.T, server http.Handler) (http.RoundTripper, string)) {
	t.Helper()
	for _, c := range contract {
		t.Run(c.name, func(t *testing.T) {
			// Registered first, so that it looks when all else is cleaned up.
			leaks := goleak.IgnoreCurrent()
			t.Cleanup(func() { goleak.VerifyNone(t, leaks) })
			rt, base := new(t, c.server)
			t.Cleanup(func() {
				if c, ok := rt.(interface{ CloseIdleConnections() }); ok {
					c.CloseIdleConnections()
				}
			})
			c.check(t, &subject{rt, base})
		})
	}
}

// RunContent is [Run] for an adapter that serves content of its own, such as
// one for files: new returns it, with a URL and the content a GET of it has.
func RunContent(t *testing.T, new func(t *testing.T) (rt http.RoundTripper, url, content string)) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, http.RoundTripper, string, string){
		"GET has the content": getsContent,
		"HEAD has none":       headsContent,
		"the request is not changed, its body is closed": keepsRequest,
		"a context that has ended is an error":           refusesEnded,
		"many at once":                                   getsConcurrently,
	} {
		t.Run(name, func(t *testing.T) {
			leaks := goleak.IgnoreCurrent()
			t.Cleanup(func() { goleak.VerifyNone(t, leaks) })
			rt, url, content := new(t)
			check(t, rt, url, content)
		})
	}
}

type subject struct {
	rt   http.RoundTripper
	base string
}

type rule struct {
	name   string
	server http.HandlerFunc
	check  func(*testing.T, *subject)
}

var contract = []rule{
	{"the request arrives as it is", echo, func(t *testing.T, s *subject) {
		req := s.request(t, "PATCH", "/a%2Fb/c%20d?x=1&x=2&y=%26", strings.NewReader("content"))
		req.Header["X-Several"] = []string{"one", "two"}
		req.Header.Set("X-Empty", "")
		resp, got := s.fetch(t, req)
		equal(t, got, "PATCH /a%2Fb/c%20d?x=1&x=2&y=%26 [one two] [] content")
		equal(t, resp.StatusCode, http.StatusOK)
	}},
	{"the response arrives as it is", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Several"] = []string{"one", "two"}
		w.Header().Set("Content-Encoding", "x-unknown")
		w.WriteHeader(299)
		io.WriteString(w, "content")
	}, func(t *testing.T, s *subject) {
		req := s.request(t, "GET", "/", nil)
		resp, got := s.fetch(t, req)
		equal(t, got, "content")
		equal(t, resp.StatusCode, 299)
		equal(t, fmt.Sprint(resp.Header.Values("X-Several")), "[one two]")
		equal(t, resp.Header.Get("Content-Encoding"), "x-unknown")
		if resp.Request == nil || resp.Request.URL.String() != req.URL.String() {
			t.Errorf("resp.Request is not the request")
		}
		if resp.ContentLength != 7 && resp.ContentLength != -1 {
			t.Errorf("ContentLength %d", resp.ContentLength)
		}
	}},
	{"the request is not changed", echo, func(t *testing.T, s *subject) {
		for _, method := range []string{"GET", "POST"} {
			var content io.Reader
			if method == "POST" {
				content = strings.NewReader("content")
			}
			req := s.request(t, method, "/x?y=z", content)
			req.Header.Set("Proxy-Authorization", "Test kept")
			before := req.Clone(req.Context())
			body := req.Body
			s.fetch(t, req)
			same(t, before, req)
			if req.Body != body {
				t.Errorf("Body was replaced")
			}
		}
	}},
	{"the body is closed when it is read", echo, func(t *testing.T, s *subject) {
		b := newBody("content")
		s.fetch(t, s.request(t, "POST", "/", b))
		b.closed(t)
	}},
	{"the body is closed when it is not read", func(w http.ResponseWriter, r *http.Request) {}, func(t *testing.T, s *subject) {
		b := newBody("content")
		s.fetch(t, s.request(t, "POST", "/", b))
		b.closed(t)
	}},
	{"the body is closed when the context has ended", echo, func(t *testing.T, s *subject) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		b := newBody("content")
		resp, err := s.rt.RoundTrip(s.request(t, "POST", "/", b).WithContext(ctx))
		failed(t, resp, err)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the error is not the context's: %v", err)
		}
		b.closed(t)
	}},
	{"the body is closed when the server breaks off", func(w http.ResponseWriter, r *http.Request) {
		panic(http.ErrAbortHandler)
	}, func(t *testing.T, s *subject) {
		b := newBody("content")
		resp, err := s.rt.RoundTrip(s.request(t, "POST", "/", b))
		failed(t, resp, err)
		b.closed(t)
	}},
	{"no status is an error, and none is followed", func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscan(strings.TrimPrefix(r.URL.Path, "/"), &status)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}, func(t *testing.T, s *subject) {
		for _, status := range []int{200, 204, 301, 302, 304, 307, 401, 404, 407, 418, 500, 503} {
			resp, _ := s.fetch(t, s.request(t, "GET", fmt.Sprintf("/%d", status), nil))
			equal(t, resp.StatusCode, status)
		}
	}},
	{"304 has a length and no content", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "7")
		w.WriteHeader(http.StatusNotModified)
	}, func(t *testing.T, s *subject) {
		_, got := s.fetch(t, s.request(t, "GET", "/", nil))
		equal(t, got, "")
	}},
	{"HEAD has a length and no content", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "7")
		if r.Method != http.MethodHead {
			io.WriteString(w, "content")
		}
	}, func(t *testing.T, s *subject) {
		resp, got := s.fetch(t, s.request(t, "HEAD", "/", nil))
		equal(t, got, "")
		equal(t, resp.Header.Get("Content-Length"), "7")
	}},
	{"much content goes whole", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n)
	}, func(t *testing.T, s *subject) {
		// Once with a declared length, once without.
		content := bytes.Repeat([]byte("x"), 1<<20)
		_, got := s.fetch(t, s.request(t, "POST", "/", bytes.NewReader(content)))
		equal(t, got, "1048576")
		_, got = s.fetch(t, s.request(t, "POST", "/", struct{ io.Reader }{bytes.NewReader(content)}))
		equal(t, got, "1048576")
	}},
	{"much content comes whole", func(w http.ResponseWriter, r *http.Request) {
		for range 1 << 10 {
			w.Write(bytes.Repeat([]byte("0123456789abcdef"), 64))
		}
	}, func(t *testing.T, s *subject) {
		_, got := s.fetch(t, s.request(t, "GET", "/", nil))
		equal(t, len(got), 1<<20)
	}},
	{"content streams", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		<-r.Context().Done() // until the client leaves
	}, func(t *testing.T, s *subject) {
		resp, err := s.rt.RoundTrip(s.request(t, "GET", "/", nil))
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 5)
		if _, err := io.ReadFull(resp.Body, b); err != nil || string(b) != "first" {
			t.Errorf("got %q, %v", b, err)
		}
		resp.Body.Close()
		if n, err := resp.Body.Read(b); n != 0 || err == nil || err == io.EOF {
			t.Errorf("a read after Close gives %d, %v", n, err)
		}
	}},
	{"the context ends the wait for the header", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}, func(t *testing.T, s *subject) {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(10*time.Millisecond, cancel)
		b := newBody("content")
		resp, err := s.rt.RoundTrip(s.request(t, "POST", "/", b).WithContext(ctx))
		failed(t, resp, err)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the error is not the context's: %v", err)
		}
		b.closed(t)
	}},
	{"the context ends the wait for content", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}, func(t *testing.T, s *subject) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		resp, err := s.rt.RoundTrip(s.request(t, "GET", "/", nil).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		time.AfterFunc(10*time.Millisecond, cancel)
		if _, err := io.Copy(io.Discard, resp.Body); err == nil || !errors.Is(err, context.Canceled) {
			t.Errorf("the error is not the context's: %v", err)
		}
	}},
	{"content that is cut short is an error", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}, func(t *testing.T, s *subject) {
		resp, err := s.rt.RoundTrip(s.request(t, "GET", "/", nil))
		if err != nil {
			return // it came before the header did
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err == nil {
			t.Errorf("no error")
		}
	}},
	{"a response that is not read leaves nothing behind", func(w http.ResponseWriter, r *http.Request) {
		w.Write(make([]byte, 1<<20))
	}, func(t *testing.T, s *subject) {
		for range 3 {
			resp, err := s.rt.RoundTrip(s.request(t, "GET", "/", nil))
			if err != nil {
				t.Fatal(err)
			}
			if err := resp.Body.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if err := resp.Body.Close(); err != nil {
				t.Errorf("a second Close: %v", err)
			}
		}
	}},
	{"many at once", echo, func(t *testing.T, s *subject) {
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				for j := range 8 {
					want := fmt.Sprintf("%d-%d", i, j)
					req := s.request(t, "POST", "/x", strings.NewReader(want))
					resp, err := s.rt.RoundTrip(req)
					if err != nil {
						t.Error(err)
						return
					}
					got, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					if err != nil || string(got) != "POST /x [] [] "+want {
						t.Errorf("got %q, %v", got, err)
					}
				}
			})
		}
		wg.Wait()
	}},
}

// echo answers with what came.
func echo(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %v %v %s", r.Method, r.RequestURI, r.Header.Values("X-Several"), trimmed(r.Header.Values("X-Empty")), b)
}

func trimmed(vv []string) []string {
	return slices.DeleteFunc(slices.Clone(vv), func(s string) bool { return s == "" })
}

func (s *subject) request(t *testing.T, method, target string, content io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequest(method, s.base+target, content)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func (s *subject) fetch(t *testing.T, req *http.Request) (*http.Response, string) {
	t.Helper()
	return fetch(t, s.rt, req)
}

func fetch(t *testing.T, rt http.RoundTripper, req *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	if resp == nil || resp.Body == nil {
		t.Fatal("no response, or one without Body")
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: reading: %v", req.Method, req.URL, err)
	}
	return resp, string(b)
}

func getsContent(t *testing.T, rt http.RoundTripper, url, content string) {
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, got := fetch(t, rt, req)
	equal(t, got, content)
	equal(t, resp.StatusCode, http.StatusOK)
	if resp.Request == nil {
		t.Errorf("resp.Request is nil")
	}
	if n, err := resp.Body.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("a read after Close gives %d, %v", n, err)
	}
}

func headsContent(t *testing.T, rt http.RoundTripper, url, content string) {
	req, err := http.NewRequest("HEAD", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, got := fetch(t, rt, req)
	equal(t, got, "")
	equal(t, resp.Header.Get("Content-Length"), fmt.Sprint(len(content)))
}

func keepsRequest(t *testing.T, rt http.RoundTripper, url, _ string) {
	for _, method := range []string{"GET", "POST"} {
		b := newBody("content")
		req, err := http.NewRequest(method, url, b)
		if err != nil {
			t.Fatal(err)
		}
		before := req.Clone(req.Context())
		fetch(t, rt, req)
		same(t, before, req)
		b.closed(t)
	}
}

func refusesEnded(t *testing.T, rt http.RoundTripper, url, _ string) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b := newBody("content")
	req, err := http.NewRequestWithContext(ctx, "GET", url, b)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rt.RoundTrip(req)
	failed(t, resp, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is not the context's: %v", err)
	}
	b.closed(t)
}

func getsConcurrently(t *testing.T, rt http.RoundTripper, url, content string) {
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			req, err := http.NewRequest("GET", url, nil)
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := rt.RoundTrip(req)
			if err != nil {
				t.Error(err)
				return
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || string(got) != content {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	wg.Wait()
}

// same compares what a caller can see of a request, but for its body.
func same(t *testing.T, before, after *http.Request) {
	t.Helper()
	for _, f := range []struct {
		name string
		a, b any
	}{
		{"Method", before.Method, after.Method},
		{"URL", before.URL, after.URL},
		{"Header", before.Header, after.Header},
		{"Host", before.Host, after.Host},
		{"ContentLength", before.ContentLength, after.ContentLength},
		{"TransferEncoding", before.TransferEncoding, after.TransferEncoding},
		{"Trailer", before.Trailer, after.Trailer},
		{"Close", before.Close, after.Close},
	} {
		if !reflect.DeepEqual(f.a, f.b) {
			t.Errorf("%s was changed from %v to %v", f.name, f.a, f.b)
		}
	}
}

func failed(t *testing.T, resp *http.Response, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if resp != nil {
		t.Error("a response beside the error")
	}
}

func equal[T comparable](t *testing.T, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// body tells when it is closed.
type body struct {
	io.Reader
	once sync.Once
	done chan struct{}
}

func newBody(content string) *body {
	return &body{Reader: strings.NewReader(content), done: make(chan struct{})}
}

func (b *body) Close() error {
	b.once.Do(func() { close(b.done) })
	return nil
}

// closed waits for the body to be closed, which an adapter may do after it
// has returned.
func (b *body) closed(t *testing.T) {
	t.Helper()
	select {
	case <-b.done:
	case <-time.After(patience):
		t.Error("the body is not closed")
	}
}
