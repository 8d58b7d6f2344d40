package requests

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-3bbad739/requests/internal/charset"
	"github.com/seed-3bbad739/requests/internal/redact"
)

// Response is what came back. Its content has been read and its connection
// given back, unless it was asked for as a stream: then Body yields the
// decoded content, and the caller closes it or reads it to its end.
//
// After 101 Switching Protocols to a request with an Upgrade field, Body is the
// connection, of a stream or not: an io.ReadWriteCloser, with CloseWrite where the
// adapter has it. The caller closes it; the context and Timeouts.Total end it too.
//
// A Response is not safe for concurrent use until its content is read; then
// its methods are, but for SetEncoding, and for printing it beside Close or what
// reads the content of its History.
type Response struct {
	// Response is that of the last hop; its Request is the request as it was
	// sent, and not to be written to: the values of its header are the
	// session's. Content-Encoding and Content-Length are as received.
	*http.Response
	// History holds the earlier hops and the answered challenges, oldest first.
	History []*Response
	// Elapsed is the time from sending until the header had come, of this hop:
	// without the content, hooks and redirects.
	Elapsed time.Duration

	call     *call
	next     *PreparedRequest
	stream   stream
	content  []byte // decoded once loaded; until then, of a hop that was left, raw
	err      error
	encoding *string        // named by SetEncoding; nil: by nobody
	came     *http.Response // as the adapter gave it: its body knows how it came, and gets trailers that were not announced
	over     *time.Time     // when the content was read, with WithTimings
	offset   int            // of Body in the content, once that is in memory
	isClosed uint32         // Body is, once the content is in memory; set atomically
	loaded   bool
	isKept   bool // of a hop that was left
	keptAll  bool // as far as it came
}

// OK reports whether the status is not one of 400 to 599.
func (r *Response) OK() bool {
	return r.Response != nil && (r.StatusCode < 400 || r.StatusCode > 599)
}

// RaiseForStatus returns a *StatusError for a status of 400 to 599, with the
// start of the content, and nil for every other.
func (r *Response) RaiseForStatus() error {
	if r.Response == nil {
		return errors.New("the response is empty")
	}
	if r.OK() {
		return nil
	}
	e := &StatusError{StatusCode: r.StatusCode, Reason: r.Reason(), Header: r.Header, Response: r}
	if r.Request != nil {
		e.Method, e.URL = r.Request.Method, redact.Target(r.Request.URL)
	}
	e.Content = r.excerpt()
	e.Problem = problemOf(r.contentType(), e.Content)
	return e
}

// excerpt returns the start of the content. Of a stream it reads no more than
// that, and puts it back.
func (r *Response) excerpt() []byte {
	s := r.live()
	if s == nil && r.stream.response == r {
		s = &r.stream // beneath what somebody put in the place of Body
	}
	if r.isKept || r.loaded || s == nil {
		b := r.Bytes()
		return b[:min(len(b), maxExcerpt):min(len(b), maxExcerpt)]
	}
	return s.peek(maxExcerpt)
}

// Reason is what follows the code in the status line, as UTF-8 or else Latin-1. It
// may be empty, as it always is with HTTP/2, where the standard text stands in.
func (r *Response) Reason() string {
	if r.Response == nil {
		return ""
	}
	code := strconv.Itoa(r.StatusCode)
	reason, ok := strings.CutPrefix(r.Status, code+" ")
	switch {
	case ok:
		return utf8OrLatin1(reason)
	case r.ProtoMajor >= 2 || r.Status == "":
		return http.StatusText(r.StatusCode)
	case r.Status == code:
		return ""
	}
	return utf8OrLatin1(r.Status)
}

// utf8OrLatin1 reads octets above ASCII, which have no meaning in a status line by
// RFC 9110, as servers write them.
func utf8OrLatin1(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return charset.Decode([]byte(s), "", "iso-8859-1")
}

// Bytes returns the decoded content. The slice is shared and must not be
// written to. The rest of a stream is read first, within MaxBody, and the
// response closed; what went wrong with that is told by [Response.Err].
func (r *Response) Bytes() []byte {
	r.load()
	return r.content
}

// Err returns what went wrong when content was read on demand, by Bytes, Text,
// JSON or a range over Lines or Chunks; nil when nothing did.
func (r *Response) Err() error { return r.err }

// Text returns the content decoded by its charset: that of SetEncoding, of
// Content-Type, of a byte order mark, UTF-8 if it is valid, else Latin-1, which is
// read as windows-1252, as browsers do. A name in Content-Type that is not known, or
// empty, means UTF-8.
// What cannot be decoded becomes U+FFFD.
func (r *Response) Text() string {
	b := r.Bytes()
	if len(b) == 0 {
		return ""
	}
	return charset.Decode(b, r.contentType(), r.named())
}

// JSON decodes the content, read as by [Response.Bytes], into v. Content that is
// no JSON, that does not fit v, or that has more than white space behind the value
// is an error that matches ErrInvalidJSON.
func (r *Response) JSON(v any) error {
	b := r.Bytes()
	if r.err != nil {
		return r.err
	}
	text, err := r.jsonText(b)
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		if len(b) == 0 && r.Response != nil {
			err = fmt.Errorf("the content is empty (status %d): %w", r.StatusCode, err)
		} else if t, _, _ := strings.Cut(r.contentType(), ";"); t != "" && !strings.Contains(strings.ToLower(t), "json") {
			err = fmt.Errorf("the content is %s: %w", printable(t), err)
		}
		return r.wrap("decode JSON", because(ErrInvalidJSON, err))
	}
	return nil
}

// jsonText returns b in UTF-8. JSON is that, or tells by its first bytes which
// other Unicode form it is; a charset that somebody names counts all the same.
func (r *Response) jsonText(b []byte) ([]byte, error) {
	name := r.Encoding()
	if name == "" || strings.EqualFold(name, "utf-8") || !charset.Lookup(name) {
		return charset.UTF8JSON(b)
	}
	return charset.UTF8JSON([]byte(charset.Decode(b, r.contentType(), r.named())))
}

// Encoding returns the charset that Text decodes by, if one is named: by
// SetEncoding, by Content-Type, or for JSON by its standard. "" otherwise.
func (r *Response) Encoding() string {
	if name := r.named(); name != "" {
		return name
	}
	return charset.FromContentType(r.contentType())
}

func (r *Response) named() string {
	if r.encoding == nil {
		return ""
	}
	return *r.encoding
}

// SetEncoding makes Text decode by the charset of that name, whatever the
// header says. "" undoes it; an unknown name is an error.
func (r *Response) SetEncoding(name string) error {
	if name != "" && !charset.Lookup(name) {
		return fmt.Errorf("set encoding: %q is no charset that is known", name)
	}
	r.encoding = nil
	if name != "" {
		r.encoding = &name
	}
	return nil
}

func (r *Response) contentType() string {
	if r.Response == nil {
		return ""
	}
	return r.Header.Get("Content-Type")
}

// IsRedirect reports whether the response leads elsewhere: its status is 301,
// 302, 303, 307 or 308, and it has a Location.
func (r *Response) IsRedirect() bool {
	return r.Response != nil && isRedirect(r.StatusCode, r.Header)
}

// IsPermanentRedirect reports whether it is a redirect of status 301 or 308.
func (r *Response) IsPermanentRedirect() bool {
	return r.IsRedirect() && (r.StatusCode == http.StatusMovedPermanently || r.StatusCode == http.StatusPermanentRedirect)
}

// Next returns the request that a redirect leads to, when redirects were not
// followed: its method, header and cookies are rewritten, its credentials
// stripped where it leaves their origin. nil when there is none.
func (r *Response) Next() *PreparedRequest { return r.next }

// Close ends the response and gives its connection back. It is needed for
// streams only; more than once does no harm.
func (r *Response) Close() error {
	if r.Response == nil || r.Body == nil {
		return nil
	}
	return r.Body.Close()
}

// String is "<Response [200]>".
func (r Response) String() string {
	if r.Response == nil {
		return "<Response [none]>"
	}
	return "<Response [" + strconv.Itoa(r.StatusCode) + "]>"
}

// Format prints [Response.String] under every verb: header and content may
// hold secrets.
func (r Response) Format(f fmt.State, verb rune) { formatText(f, verb, r.String()) }

// contentError wraps what went wrong with the content.
func (r *Response) contentError(err error) error { return r.wrap("read content", err) }

func (r *Response) wrap(op string, err error) error {
	if r.Response == nil || r.Request == nil {
		return newError(op, "", nil, err, r)
	}
	return newError(op, r.Request.Method, r.Request.URL, err, r)
}
