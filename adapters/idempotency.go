package adapters

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// idempotencyKey names the field by which a server recognises a request that
// it has had before.
const idempotencyKey = "Idempotency-Key"

// idempotentMethods are those of RFC 9110, section 9.2.2, and QUERY (RFC
// 10008), which is safe.
var idempotentMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodTrace, "QUERY",
}

// repeatable reports whether sending req twice does no more than sending it
// once: its method is one of methods, of the idempotent ones when there are
// none, or it carries a key.
func repeatable(req *http.Request, methods []string) bool {
	if len(methods) == 0 {
		methods = idempotentMethods
	}
	method := req.Method
	if method == "" {
		method = http.MethodGet
	}
	for _, m := range methods {
		if m == "*" || strings.EqualFold(m, method) {
			return true
		}
	}
	return hasKey(req)
}

func hasKey(req *http.Request) bool {
	return len(req.Header[idempotencyKey]) > 0 || len(req.Header["X-Idempotency-Key"]) > 0
}

// withKey returns a copy of req that carries a key of its own.
func withKey(req *http.Request) *http.Request {
	keyed := req.WithContext(req.Context())
	keyed.Header = make(http.Header, len(req.Header)+1)
	maps.Copy(keyed.Header, req.Header)
	keyed.Header[idempotencyKey] = []string{newKey()}
	return keyed
}

// newKey returns a random UUID (RFC 9562, section 5.4), which is what servers
// that check the form of a key expect.
func newKey() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// hasBody reports whether req has content that a second sending would need
// again.
func hasBody(req *http.Request) bool { return req.Body != nil && req.Body != http.NoBody }

// resendable returns a copy of req for one more sending, with content of its
// own. It reports false when the content cannot be had a second time.
func resendable(req *http.Request) (*http.Request, bool) {
	again := req.WithContext(req.Context())
	if !hasBody(req) {
		return again, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	if err != nil || body == nil {
		return nil, false
	}
	again.Body = body
	return again, true
}
