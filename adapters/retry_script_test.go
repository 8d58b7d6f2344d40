package adapters_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// The errors that a script plays.
var (
	errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	errReset   = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	errOdd     = errors.New("something odd")
)

// errConnect is the error of a proxy that answers CONNECT with code.
func errConnect(code int) error { return fmt.Errorf("%w: %w", sentinel.Proxy, coded{code}) }

// baseFunc is a base of a test.
type baseFunc func(*http.Request) (*http.Response, error)

func (f baseFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// reply is one step of a script: a status with header lines, or an error.
type reply struct {
	status int
	header []string // name, value, name, value
	err    error
	after  time.Duration
}

func status(code int, header ...string) reply { return reply{status: code, header: header} }
func fails(err error) reply                   { return reply{err: err} }

// script is a base that plays its replies in order, and the last for ever. It
// keeps the contract of http.RoundTripper strictly.
type script struct {
	replies []reply

	mu     sync.Mutex
	times  []time.Time
	bodies []string
	keys   []string
	open   int // response bodies not yet closed
}

func play(replies ...reply) *script { return &script{replies: replies} }

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	var content []byte
	if req.Body != nil {
		content, _ = io.ReadAll(req.Body)
		req.Body.Close()
	}
	s.mu.Lock()
	n := len(s.times)
	s.times = append(s.times, time.Now())
	s.bodies = append(s.bodies, string(content))
	s.keys = append(s.keys, req.Header.Get("Idempotency-Key"))
	s.mu.Unlock()
	r := s.replies[min(n, len(s.replies)-1)]
	if r.after > 0 {
		timer := time.NewTimer(r.after)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	s.mu.Lock()
	s.open++
	s.mu.Unlock()
	h := http.Header{}
	for i := 0; i < len(r.header); i += 2 {
		h.Add(r.header[i], r.header[i+1])
	}
	return &http.Response{
		StatusCode: r.status, Status: strconv.Itoa(r.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Request: req, ContentLength: -1,
		Body: &scriptBody{Reader: strings.NewReader("content " + strconv.Itoa(n+1)), script: s},
	}, nil
}

type scriptBody struct {
	io.Reader
	script *script
	once   sync.Once
}

func (b *scriptBody) Close() error {
	b.once.Do(func() {
		b.script.mu.Lock()
		b.script.open--
		b.script.mu.Unlock()
	})
	return nil
}

// waits returns the time between one sending and the next.
func (s *script) waits() []time.Duration {
	var waits []time.Duration
	for i := 1; i < len(s.times); i++ {
		waits = append(waits, s.times[i].Sub(s.times[i-1]))
	}
	return waits
}

// full makes every wait as long as it may be, so that waits are exact.
func full(r *adapters.Retry) *adapters.Retry {
	adapters.SetJitter(r, func(bound time.Duration) time.Duration { return bound })
	return r
}

func newRequest(t testing.TB, method, content string) *http.Request {
	t.Helper()
	var body io.Reader
	if content != "" {
		body = strings.NewReader(content)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://server.test/path", body)
	require.NoError(t, err)
	return req
}

// read returns the content of resp and closes it.
func read(t testing.TB, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return string(b)
}
