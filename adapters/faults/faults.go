// Package faults breaks requests on purpose, for tests of what a program does
// then: an [net/http.RoundTripper] that delays, refuses, resets, cuts short
// and answers wrongly by rules, at random but the same for the same seed.
package faults

import (
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Transport is an [http.RoundTripper] that lets faults happen to the requests
// sent through it. What happens to a request is decided by Seed and by how
// many came before it, so that requests sent one after the other meet the same
// in every run; among concurrent ones the faults are the same, and who gets
// which is not.
//
// It is safe for concurrent use. Seed and Rules must not be changed after the
// first use.
type Transport struct {
	// Base performs the requests, as far as the faults let it. If nil,
	// http.DefaultTransport is used.
	Base http.RoundTripper
	// Seed decides everything that is random. Zero is a seed like any other.
	Seed uint64
	// Rules are decided one by one, each by itself. The faults of those that
	// apply lie over one another, the first outermost. None: no faults.
	Rules []Rule

	sent atomic.Uint64
}

// Rule says how often a fault happens.
type Rule struct {
	// Chance is the part of the requests that the fault happens to, from 0
	// to 1.
	Chance float64
	// Fault is what happens. A nil one never does.
	Fault Fault
}

// Fault sends req by next, or does not, and spoils what comes of it. All that
// it draws at random must come from random. It keeps the contract of
// [http.RoundTripper]: it leaves req as it is, and closes its body when next
// is not called.
type Fault func(next http.RoundTripper, req *http.Request, random *rand.Rand) (*http.Response, error)

// RoundTrip sends req through the faults that the rules have for it.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	random := rand.New(rand.NewPCG(t.Seed, t.sent.Add(1)))
	next := t.base()
	var hit []Fault
	for _, rule := range t.Rules {
		if random.Float64() < rule.Chance && rule.Fault != nil { // draws for every rule
			hit = append(hit, rule.Fault)
		}
	}
	for i := len(hit) - 1; i >= 0; i-- {
		next = &faulty{hit[i], next, random}
	}
	return next.RoundTrip(req)
}

// Sent returns how many requests were sent through t.
func (t *Transport) Sent() int { return int(t.sent.Load()) }

// CloseIdleConnections closes those of Base.
func (t *Transport) CloseIdleConnections() {
	if c, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// Close closes Base.
func (t *Transport) Close() error {
	if c, ok := t.Base.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

func (t *Transport) base() http.RoundTripper {
	if t.Base == nil {
		return http.DefaultTransport
	}
	return t.Base
}

type faulty struct {
	fault  Fault
	next   http.RoundTripper
	random *rand.Rand
}

func (f *faulty) RoundTrip(req *http.Request) (*http.Response, error) {
	return f.fault(f.next, req, f.random)
}

// Latency delays the request by a time between least and most.
func Latency(least, most time.Duration) Fault {
	return func(next http.RoundTripper, req *http.Request, random *rand.Rand) (*http.Response, error) {
		d := least
		if most > least {
			d += time.Duration(random.Int64N(int64(most - least + 1)))
		}
		if err := pause(req, d); err != nil {
			closeBody(req)
			return nil, err
		}
		return next.RoundTrip(req)
	}
}

// Refuse fails as a port does at which nobody listens.
func Refuse() Fault {
	return func(_ http.RoundTripper, req *http.Request, _ *rand.Rand) (*http.Response, error) {
		closeBody(req)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
}

// Reset sends the request, and breaks the connection off before the response
// header: the server has seen the request, and the caller does not know.
func Reset() Fault {
	return func(next http.RoundTripper, req *http.Request, _ *rand.Rand) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		if resp.Body != nil {
			resp.Body.Close()
		}
		return nil, reset()
	}
}

// Cut breaks the connection off after the first n bytes of the content. A
// shorter content is whole.
func Cut(n int64) Fault {
	return func(next http.RoundTripper, req *http.Request, _ *rand.Rand) (*http.Response, error) {
		return spoil(next, req, func(body io.ReadCloser) io.ReadCloser { return &cutBody{body, n} })
	}
}

// Slow makes the content come in pieces of at most n bytes, after a pause
// each.
func Slow(n int, each time.Duration) Fault {
	return func(next http.RoundTripper, req *http.Request, _ *rand.Rand) (*http.Response, error) {
		return spoil(next, req, func(body io.ReadCloser) io.ReadCloser {
			return &slowBody{body, req, max(1, n), each}
		})
	}
}

// Status answers with code instead of sending the request. The header is
// given as names and values in turn; a last name without a value is left out.
func Status(code int, header ...string) Fault {
	return func(_ http.RoundTripper, req *http.Request, _ *rand.Rand) (*http.Response, error) {
		closeBody(req)
		return answer(req, code, header), nil
	}
}

// malformed are Retry-After values that a client must not fall for.
var malformed = []string{
	"", "-1", "+5", "1.5", "soon", "0x10", "1e3", "5, 10", "1" + strings.Repeat("0", 30),
	"Thu, 32 Dec 2026 25:61:61 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
}

// MalformedRetryAfter answers 503 with a Retry-After field that is no number
// and no date, or one beyond reason.
func MalformedRetryAfter() Fault {
	return func(_ http.RoundTripper, req *http.Request, random *rand.Rand) (*http.Response, error) {
		closeBody(req)
		v := malformed[random.IntN(len(malformed))]
		return answer(req, http.StatusServiceUnavailable, []string{"Retry-After", v}), nil
	}
}

func answer(req *http.Request, code int, header []string) *http.Response {
	const content = "a fault on purpose\n"
	h := http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
	for i := 0; i+1 < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	resp := &http.Response{
		StatusCode: code, Status: strconv.Itoa(code) + " " + http.StatusText(code),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Request: req, Body: http.NoBody,
	}
	if req.Method != http.MethodHead && code >= 200 && code != http.StatusNoContent && code != http.StatusNotModified {
		resp.Body = io.NopCloser(strings.NewReader(content))
		resp.ContentLength = int64(len(content))
	}
	return resp
}

func spoil(next http.RoundTripper, req *http.Request, with func(io.ReadCloser) io.ReadCloser) (*http.Response, error) {
	resp, err := next.RoundTrip(req)
	if err == nil && resp.Body != nil && resp.Body != http.NoBody {
		resp.Body = with(resp.Body)
	}
	return resp, err
}

func reset() error {
	return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

// pause waits for d, or for the end of the request's context.
func pause(req *http.Request, d time.Duration) error {
	ctx := req.Context()
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
