package requests

import (
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
)

// cleanHeader holds a header that others have had in their hands to what holds
// for all: valid, canonical, and without the framing, which is net/http's.
func cleanHeader(r *http.Request) error {
	if err := checkHeaders(r.Header); err != nil {
		return err
	}
	r.Header = canonicalHeader(r.Header)
	delete(r.Header, "Content-Length")
	delete(r.Header, "Transfer-Encoding")
	if host, ok := r.Header["Host"]; ok {
		if err := checkHost(r.Header); err != nil {
			return err
		}
		r.Host = host[0]
		delete(r.Header, "Host")
	}
	return checkHostOf(r)
}

// checkHostOf refuses a Host of somebody's own that no field can carry: net/http
// would send an empty one.
func checkHostOf(r *http.Request) error {
	if r.Host == "" || r.URL != nil && r.Host == r.URL.Host || validHost(r.Host) {
		return nil
	}
	return refuse(ErrInvalidHeader, "Host is %q, which is no host", r.Host)
}

// prepareBody sets what the content needs to be sent: its type unless the
// caller named one, and one framing (RFC 9112, section 6).
func (c *call) prepareBody(req *http.Request, body Body) error {
	declared, err := takeLength(req.Header)
	if err != nil {
		return err
	}
	chunked, err := takeTransferEncoding(req.Header)
	if err != nil {
		return err
	}
	switch {
	case body == nil && declared > 0:
		return refuse(ErrInvalidHeader, "Content-Length is %d and there is no body", declared)
	case body == nil && chunked:
		return refuse(ErrInvalidHeader, "Transfer-Encoding is chunked and there is no body")
	case chunked && declared >= 0:
		return refuse(ErrInvalidHeader, "Content-Length and Transfer-Encoding frame the body twice")
	case body == nil:
		return nil
	}
	if err := prepareContentType(req.Header, body); err != nil {
		return err
	}
	req.ContentLength = body.Len()
	switch {
	case chunked:
		req.ContentLength = -1
	case req.ContentLength < 0 && declared >= 0:
		// A reader of unknown length that the caller vouches for: net/http
		// holds it to the number.
		req.ContentLength = declared
	}
	if req.ContentLength != 0 && isReplayable(body) {
		req.GetBody = opener{body}.open
	}
	return nil
}

// prepareContentType sets the type of body, unless the caller named one. A
// multipart type without a boundary is given the body's.
func prepareContentType(h http.Header, body Body) error {
	contentType := body.ContentType()
	if contentType == "" {
		return nil
	}
	own, ok := h["Content-Type"]
	if !ok {
		h["Content-Type"] = []string{contentType}
		return checkValue("Content-Type", contentType)
	}
	if m, ok := body.(*multipartBody); ok && len(own) == 1 && hasPrefixFold(own[0], "multipart/") && !strings.Contains(strings.ToLower(own[0]), "boundary=") {
		h["Content-Type"] = []string{own[0] + "; boundary=" + m.boundary}
	}
	return nil
}

// takeLength removes a Content-Length field and returns its number, -1 for none.
func takeLength(h http.Header) (int64, error) {
	vs, ok := h["Content-Length"]
	if !ok {
		return -1, nil
	}
	delete(h, "Content-Length")
	n, err := strconv.ParseUint(vs[0], 10, 63) // digits only: RFC 9110, section 8.6
	if err != nil || len(vs) > 1 {
		return 0, refuse(ErrInvalidHeader, "Content-Length is not one number")
	}
	return int64(n), nil
}

// takeTransferEncoding removes a Transfer-Encoding field: net/http frames.
func takeTransferEncoding(h http.Header) (chunked bool, err error) {
	vs, ok := h["Transfer-Encoding"]
	if !ok {
		return false, nil
	}
	delete(h, "Transfer-Encoding")
	if len(vs) != 1 || !strings.EqualFold(vs[0], "chunked") {
		return false, refuse(ErrInvalidHeader, "Transfer-Encoding can be chunked and nothing else")
	}
	return true, nil
}

// opener is body.Open as net/http's GetBody. All method values of it share one
// code pointer, by which isOpener knows them.
type opener struct{ body Body }

func (o opener) open() (io.ReadCloser, error) { return o.body.Open() }

var openerCode = reflect.ValueOf(opener{}.open).Pointer()

func isOpener(get func() (io.ReadCloser, error)) bool {
	return reflect.ValueOf(get).Pointer() == openerCode
}

// sameFunc reports whether two functions are of one code.
func sameFunc(a, b func() (io.ReadCloser, error)) bool {
	return b != nil && reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}
