package requests_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

// wire is a server on loopback that answers with what a script says, to the
// byte, and remembers what it was sent, to the byte.
type wire struct {
	URL  string // http://127.0.0.1:port
	Addr string

	listener net.Listener
	script   func(wireRequest) string
	serving  sync.WaitGroup
	mu       sync.Mutex // guards the rest
	requests []wireRequest
	conns    map[net.Conn]bool
	accepted int
}

// wireRequest is one request as it came over the connection.
type wireRequest struct {
	Line   string   // the request line
	Fields []string // the header lines in their order, as they were
	Header http.Header
	Body   string
	Number int // of the request, from 1
	Conn   int // of the connection, from 1
}

// Method and Target are the first two parts of the request line.
func (r wireRequest) Method() string { return strings.SplitN(r.Line, " ", 3)[0] }
func (r wireRequest) Target() string { return strings.SplitN(r.Line, " ", 3)[1] }

// Path is the target without its query.
func (r wireRequest) Path() string {
	path, _, _ := strings.Cut(r.Target(), "?")
	return path
}

// newWire starts a server that answers every request with what script returns
// for it: a whole response, such as reply makes. An empty string closes the
// connection without an answer. A response that says "Connection: close" or
// has no framing is followed by closing.
func newWire(t testing.TB, script func(wireRequest) string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{URL: "http://" + l.Addr().String(), Addr: l.Addr().String(), listener: l, script: script, conns: make(map[net.Conn]bool)}
	w.serving.Add(1)
	go w.accept()
	t.Cleanup(w.Close)
	return w
}

// newReplies starts a server that gives these answers, one after the other,
// the last one again and again.
func newReplies(t testing.TB, replies ...string) *wire {
	t.Helper()
	return newWire(t, func(r wireRequest) string { return replies[min(r.Number, len(replies))-1] })
}

// Close ends the server and every connection; it may be called twice.
func (w *wire) Close() {
	w.listener.Close()
	w.mu.Lock()
	for c := range w.conns {
		c.Close()
	}
	w.mu.Unlock()
	w.serving.Wait()
}

// Requests returns what has been received so far.
func (w *wire) Requests() []wireRequest {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]wireRequest(nil), w.requests...)
}

// Last returns the last request that was received.
func (w *wire) Last(t testing.TB) wireRequest {
	t.Helper()
	all := w.Requests()
	require.NotEmpty(t, all, "nothing was sent")
	return all[len(all)-1]
}

// Open returns how many connections are open, Accepted how many there were.
func (w *wire) Open() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.conns)
}

func (w *wire) Accepted() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.accepted
}

func (w *wire) accept() {
	defer w.serving.Done()
	for {
		c, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		w.accepted++
		n := w.accepted
		w.conns[c] = true
		w.mu.Unlock()
		w.serving.Add(1)
		go w.serve(c, n)
	}
}

func (w *wire) serve(c net.Conn, number int) {
	defer w.serving.Done()
	defer func() {
		c.Close()
		w.mu.Lock()
		delete(w.conns, c)
		w.mu.Unlock()
	}()
	r := bufio.NewReader(c)
	for {
		req, err := readWire(r)
		if err != nil {
			return
		}
		w.mu.Lock()
		req.Number, req.Conn = len(w.requests)+1, number
		w.requests = append(w.requests, req)
		w.mu.Unlock()
		answer := w.script(req)
		if answer == "" {
			return
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
		head, _, _ := strings.Cut(strings.ToLower(answer), "\r\n\r\n")
		framed := strings.Contains(head, "content-length:") || strings.Contains(head, "transfer-encoding:") ||
			strings.HasPrefix(head, "http/1.1 204") || strings.HasPrefix(head, "http/1.1 304") || req.Method() == "HEAD"
		if !framed || strings.Contains(head, "connection: close") {
			return
		}
	}
}

// readWire reads one request, header lines as they are.
func readWire(r *bufio.Reader) (wireRequest, error) {
	var head bytes.Buffer
	var req wireRequest
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return req, err
		}
		head.WriteString(line)
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break
		}
		if req.Line == "" {
			req.Line = line
		} else {
			req.Fields = append(req.Fields, line)
		}
	}
	parsed, err := http.ReadRequest(bufio.NewReader(io.MultiReader(&head, r)))
	if err != nil {
		// Not a request net/http would take, which may be what is tested.
		req.Header = make(http.Header)
		for _, f := range req.Fields {
			k, v, _ := strings.Cut(f, ":")
			req.Header.Add(k, strings.TrimSpace(v))
		}
		return req, nil
	}
	req.Header = parsed.Header
	if parsed.Host != "" {
		req.Header.Set("Host", parsed.Host)
	}
	if parsed.ContentLength > 0 {
		b := make([]byte, parsed.ContentLength)
		n, err := io.ReadFull(parsed.Body, b)
		req.Body = string(b[:n])
		return req, err
	}
	b, err := io.ReadAll(parsed.Body)
	req.Body = string(b)
	return req, err
}

// reply is a whole HTTP/1.1 response. Each field is "Name: value";
// Content-Length is added unless a field frames the body.
func reply(status int, body string, fields ...string) string {
	var b strings.Builder
	b.WriteString("HTTP/1.1 " + strconv.Itoa(status) + " " + http.StatusText(status) + "\r\n")
	framed := status == 204 || status == 304
	for _, f := range fields {
		b.WriteString(f + "\r\n")
		lower := strings.ToLower(f)
		framed = framed || strings.HasPrefix(lower, "content-length:") || strings.HasPrefix(lower, "transfer-encoding:")
	}
	if !framed {
		b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n")
	}
	return b.String() + "\r\n" + body
}

// redirectTo is a redirect with a short body.
func redirectTo(status int, location string, fields ...string) string {
	return reply(status, "moved", append([]string{"Location: " + location}, fields...)...)
}

// newSession is a session that is closed with the test.
func newSession(t testing.TB, opts ...requests.Option) *requests.Session {
	t.Helper()
	s, err := requests.NewSession(opts...)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// answering returns a session whose adapter for the web is answer.
func answering(t *testing.T, answer func(*http.Request) *http.Response, opts ...requests.Option) *requests.Session {
	rt := adapters.Func(func(r *http.Request) (*http.Response, error) {
		resp := answer(r)
		resp.Request = r
		if resp.Body == nil {
			resp.Body = http.NoBody
		}
		return resp, nil
	})
	s, err := requests.NewSession(append([]requests.Option{requests.WithEnvironment(false), requests.WithAdapter("http://", rt), requests.WithAdapter("https://", rt)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}
