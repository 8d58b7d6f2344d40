package bench_test

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// memoryBase is where a memory transport answers.
const memoryBase = "https://api.example.test"

// memory answers without a network. One call costs three allocations: the
// response, the reader of its content and io.NopCloser around that, as most who
// make responses by hand have it. Header fields are made once; no client writes
// to those of a response. It serves one goroutine.
type memory struct {
	n       int                       // requests of /retry
	buf     [4 << 10]byte             // what content is read into
	inspect func(*http.Request) error // nil while it is measured
}

var (
	jsonHeader   = http.Header{"Content-Type": {"application/json"}}
	cookieHeader = http.Header{"Content-Type": {"application/json"}, "Set-Cookie": {setCookie}}
	leadsTo      = redirects()
	documentText = string(documentRaw)
	orderText    = string(orderRaw)
)

// redirects are the header fields of a chain whose every hop sets a cookie.
func redirects() (chain [6]http.Header) {
	for n := 1; n < len(chain); n++ {
		chain[n] = http.Header{"Location": {"/redirect/" + strconv.Itoa(n-1)}, "Set-Cookie": {setCookie}}
	}
	return chain
}

// RoundTrip implements [http.RoundTripper].
func (m *memory) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.inspect != nil {
		if err := m.inspect(r); err != nil {
			return nil, err
		}
	}
	if r.Body != nil {
		// A transport reads the content in the pieces of its buffer.
		for {
			if _, err := r.Body.Read(m.buf[:]); err == io.EOF {
				break
			} else if err != nil {
				return nil, err
			}
		}
		r.Body.Close()
	}
	code, header, content := m.answer(r.URL)
	resp := &http.Response{
		Status: "200 OK", StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, ContentLength: int64(len(content)), Request: r,
	}
	if code != http.StatusOK {
		resp.Status = statusLines[code]
	}
	resp.Body = io.NopCloser(strings.NewReader(content))
	return resp, nil
}

var statusLines = map[int]string{302: "302 Found", 503: "503 Service Unavailable", 404: "404 Not Found"}

func (m *memory) answer(u *url.URL) (code int, header http.Header, content string) {
	switch u.Path {
	case "/items", "/auth":
		return http.StatusOK, jsonHeader, small
	case "/json":
		return http.StatusOK, jsonHeader, documentText
	case "/orders":
		return http.StatusOK, jsonHeader, orderText
	case "/cookies":
		return http.StatusOK, cookieHeader, small
	case "/retry":
		if m.n++; m.n%3 != 0 {
			return http.StatusServiceUnavailable, jsonHeader, small
		}
		return http.StatusOK, jsonHeader, small
	}
	if n, ok := strings.CutPrefix(u.Path, "/redirect/"); ok {
		if left, err := strconv.Atoi(n); err == nil && left > 0 && left < len(leadsTo) {
			return http.StatusFound, leadsTo[left], ""
		}
		return http.StatusOK, jsonHeader, small
	}
	return http.StatusNotFound, jsonHeader, ""
}
