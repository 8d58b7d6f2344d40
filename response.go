package requests

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-3bbad739/requests/internal/charset"
	"github.com/seed-3bbad739/requests/internal/decode"
	"github.com/seed-3bbad739/requests/internal/redact"
)

// Response is what came back. Its content has been read and its connection
// given back, unless it was asked for as a stream: then Body yields the
// decoded content, and the caller closes it or reads it to its end.
//
// A Response is not safe for concurrent use until its content is read; then
// its methods, SetEncoding excepted, are.
type Response struct {
	// Response is that of the last hop; its Request is the request as it was
	// sent. Content-Encoding and Content-Length are as received.
	*http.Response
	// History holds the earlier hops and the answered challenges, oldest first.
	History []*Response
	// Elapsed is the time from sending until the header was had, of this hop:
	// without the content, hooks and redirects.
	Elapsed time.Duration

	call     *call
	next     *PreparedRequest
	stream   stream
	memory   memoryBody
	content  []byte
	loaded   bool
	err      error
	encoding string // named by SetEncoding
	kept     []byte // raw content of a hop that was left
	keptAll  bool
	isKept   bool
	maxBody  int64
	arrived  io.ReadCloser // the body as the adapter gave it, which knows how it came
	over     time.Time     // when the content was read, with WithTimings
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
	if r.isKept || r.loaded || r.Body == nil {
		b := r.Bytes()
		return b[:min(len(b), maxExcerpt):min(len(b), maxExcerpt)]
	}
	return r.stream.peek(maxExcerpt)
}

// Reason is what follows the code in the status line. It may be empty, as it
// always is with HTTP/2, where the standard text stands in.
func (r *Response) Reason() string {
	if r.Response == nil {
		return ""
	}
	code := strconv.Itoa(r.StatusCode)
	reason, ok := cutPrefix(r.Status, code+" ")
	if !ok && r.ProtoMajor >= 2 || !ok && r.Status == "" {
		return http.StatusText(r.StatusCode)
	}
	if !ok && r.Status != code {
		return r.Status
	}
	return reason
}

func cutPrefix(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && s[:len(prefix)] == prefix {
		return s[len(prefix):], true
	}
	return "", false
}

// Bytes returns the decoded content. The slice is shared and must not be
// written to. The rest of a stream is read first, within MaxBody; what went
// wrong with that is told by [Response.Err].
func (r *Response) Bytes() []byte {
	r.load()
	return r.content
}

// Err returns what went wrong when content was read on demand, by Bytes, Text,
// JSON or a range over Lines or Chunks; nil when all was had.
func (r *Response) Err() error { return r.err }

// Text returns the content decoded by its charset: that of SetEncoding, of
// Content-Type, of a byte order mark, UTF-8 if it is valid, else Latin-1.
// What cannot be decoded becomes U+FFFD.
func (r *Response) Text() string {
	b := r.Bytes()
	if len(b) == 0 {
		return ""
	}
	return charset.Decode(b, r.contentType(), r.encoding)
}

// JSON decodes the content into v. Anything but white space after the value is
// an error, as is every other that matches ErrInvalidJSON.
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
	return charset.UTF8JSON([]byte(charset.Decode(b, r.contentType(), r.encoding)))
}

// Encoding returns the charset that Text decodes by, if one is named: by
// SetEncoding, by Content-Type, or for JSON by its standard. "" otherwise.
func (r *Response) Encoding() string {
	if r.encoding != "" {
		return r.encoding
	}
	return charset.FromContentType(r.contentType())
}

// SetEncoding makes Text decode by the charset of that name, whatever the
// header says. "" undoes it; an unknown name is an error.
func (r *Response) SetEncoding(name string) error {
	if name != "" && !charset.Lookup(name) {
		return fmt.Errorf("set encoding: %q is no charset that is known", name)
	}
	r.encoding = name
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

// openBody puts the decoding reader in the place of the raw body.
func (r *Response) openBody(c *call) {
	r.maxBody = limit(c.plan.settings.MaxBody)
	s := &r.stream
	s.response, s.call = r, c
	s.raw = r.Body
	s.left = r.ContentLength
	if m := c.plan.marks; m != nil && m.download != nil {
		s.raw = &countedBody{rc: s.raw, total: r.ContentLength, report: m.download}
	}
	if r.Body == http.NoBody || !hasContent(r.Request.Method, r.StatusCode) {
		s.decoded = noContent{}
	} else if lines := r.Header["Content-Encoding"]; len(lines) == 0 {
		s.decoded = s.source()
	} else if s.decoded, s.err = decode.Reader(s.source(), lines); s.err != nil {
		s.fail(s.err)
	}
	r.Response.Body = s
}

// hasContent reports whether a response to method can have content (RFC 9110,
// section 6.4.1).
func hasContent(method string, status int) bool {
	return method != http.MethodHead && status != http.StatusNoContent && status != http.StatusNotModified && status >= 200
}

// load reads the content into memory, once, and returns what went wrong with
// that, which stays with the response: what was had is not the whole.
func (r *Response) load() error {
	if r.isKept {
		// A hop that was left is decoded when somebody looks, and there may
		// be several.
		r.call.keptMu.Lock()
		defer r.call.keptMu.Unlock()
	}
	if r.loaded || r.Response == nil {
		return r.err
	}
	var err error
	switch {
	case r.isKept:
		err = r.loadKept()
	case r.Body == nil:
	case r.Body != io.ReadCloser(&r.stream): // a Response made around somebody's own
		r.content, err = readAll(r.Body, r.ContentLength, defaultMaxBody)
		r.Body.Close()
	case r.stream.finished():
		err = ErrBodyConsumed
	default:
		r.content, err = readAll(&r.stream, r.declared(), r.maxBody)
		r.stream.Close()
		r.memory = memoryBody{response: r}
		r.Response.Body = &r.memory
	}
	r.loaded = true
	r.content = slices.Clip(r.content)
	if err != nil && r.err == nil {
		r.err = r.contentError(err)
	}
	return r.err
}

// declared is the length of the decoded content, where the header tells.
func (r *Response) declared() int64 {
	if len(r.Header["Content-Encoding"]) > 0 || !hasContent(r.Request.Method, r.StatusCode) {
		return -1
	}
	return r.ContentLength
}

// keepContent holds the raw content of a hop that was left.
func (r *Response) keepContent(raw []byte, all bool, s *Settings) {
	r.kept, r.keptAll, r.isKept = raw, all, true
	r.maxBody = limit(s.MaxBody)
	r.memory = memoryBody{response: r}
	r.Response.Body = &r.memory
}

// loadKept decodes what was kept: only now, for decoding the content of every
// redirect would let a small one cost much.
func (r *Response) loadKept() error {
	var err error
	raw := io.NopCloser(bytes.NewReader(r.kept))
	if !hasContent(r.Request.Method, r.StatusCode) {
		return nil
	}
	decoded := io.ReadCloser(raw)
	if lines := r.Header["Content-Encoding"]; len(lines) > 0 && len(r.kept) > 0 {
		if decoded, err = decode.Reader(raw, lines); err != nil {
			return err
		}
	}
	defer decoded.Close()
	r.content, err = readAll(decoded, -1, r.maxBody)
	if !r.keptAll && (err == nil || errors.Is(err, ErrContentDecoding)) {
		err = refuse(ErrTruncated, "the content of a response that was left is kept within bounds only")
	}
	r.kept = nil
	return err
}

// memoryBody reads the content that is in memory.
type memoryBody struct {
	response *Response
	offset   int
	closed   bool
}

func (m *memoryBody) Read(p []byte) (int, error) {
	if m.closed {
		return 0, ErrBodyConsumed
	}
	content := m.response.Bytes()
	if m.offset >= len(content) {
		if err := m.response.err; err != nil {
			return 0, err
		}
		return 0, io.EOF
	}
	n := copy(p, content[m.offset:])
	m.offset += n
	return n, nil
}

func (m *memoryBody) Close() error {
	m.closed = true
	return nil
}

// stream is the body of a response whose content is on its way: undecoded
// below, decoded above, and the place where errors get their names.
type stream struct {
	response *Response
	call     *call
	raw      io.ReadCloser
	left     int64 // of the declared length; -1 when it is not known
	decoded  io.ReadCloser
	ahead    []byte // read by peek
	err      error  // final: what every later Read returns
	closed   uint32 // by Close, atomically: it may come while a Read waits
	ended    bool
	rawSource
}

// rawSource is the reader below the decoder: it is what counts the declared
// length.
type rawSource struct{ s *stream }

func (s *stream) source() io.ReadCloser {
	s.rawSource.s = s
	return &s.rawSource
}

// Read passes an end on only while the context lives: net/http can report a
// cancelled body as one that ended well. A declared length that was read in
// full is an end whatever the context says.
func (r *rawSource) Read(p []byte) (int, error) {
	s := r.s
	n, err := s.raw.Read(p)
	if s.left > 0 {
		s.left -= int64(n)
	}
	if err == io.EOF && s.left != 0 {
		if reason := contextError(&s.call.ctx); reason != nil {
			return n, reason
		}
		if s.left > 0 {
			return n, refuse(ErrTruncated, "%d bytes are missing", s.left)
		}
	}
	return n, err
}

func (r *rawSource) Close() error { return r.s.raw.Close() }

// noContent stands in for a body that has none by its method or status.
type noContent struct{}

func (noContent) Read([]byte) (int, error) { return 0, io.EOF }
func (noContent) Close() error             { return nil }

func (s *stream) Read(p []byte) (int, error) {
	if s.isClosed() {
		return 0, s.afterClose()
	}
	if len(s.ahead) > 0 {
		n := copy(p, s.ahead)
		s.ahead = s.ahead[n:]
		return n, nil
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.decoded.Read(p)
	if s.isClosed() {
		return 0, s.afterClose()
	}
	if err != nil {
		s.finish(err)
		if n > 0 {
			return n, nil
		}
		return 0, s.err
	}
	return n, nil
}

// afterClose is the error of a Read when the stream was closed, by whomever.
func (s *stream) afterClose() error {
	return s.response.contentError(refuse(ErrBodyConsumed, "the response was closed"))
}

// finish ends the stream: everything below is closed.
func (s *stream) finish(err error) {
	if err == io.EOF {
		s.err, s.ended = io.EOF, true
	} else {
		s.err = s.response.contentError(failure(&s.call.ctx, err))
	}
	s.decoded.Close()
	s.raw.Close()
	s.call.stopTimer()
	s.response.noteEnd()
}

// fail is finish before there was a decoder.
func (s *stream) fail(err error) {
	s.err = s.response.contentError(err)
	s.decoded = s.raw
	s.raw.Close()
	s.call.stopTimer()
	s.response.noteEnd()
}

// finished reports whether the stream was read to its end or closed.
func (s *stream) finished() bool {
	return s.isClosed() || s.err != nil && len(s.ahead) == 0 && s.ended
}

// Close ends the stream; reading it later is an error, not an early end. It
// may come from another goroutine, and ends a Read that waits.
func (s *stream) Close() error {
	if !atomic.CompareAndSwapUint32(&s.closed, 0, 1) {
		return nil
	}
	s.decoded.Close()
	s.raw.Close()
	s.call.stopTimer()
	return nil
}

// isClosed is not an atomic.Bool's, so that a Response may be copied for printing.
func (s *stream) isClosed() bool { return atomic.LoadUint32(&s.closed) != 0 }

// Abort ends a pending Read.
func (s *stream) Abort() { abort(s.raw) }

// peek reads up to n bytes ahead.
func (s *stream) peek(n int) []byte {
	if len(s.ahead) < n && s.err == nil {
		more, err := io.ReadAll(io.LimitReader(readerFunc(func(p []byte) (int, error) {
			if s.err != nil {
				return 0, s.err
			}
			n, err := s.decoded.Read(p)
			if err != nil {
				s.finish(err)
				err = s.err
			}
			return n, err
		}), int64(n-len(s.ahead))))
		_ = err // stays with the stream, for who reads on
		s.ahead = append(s.ahead, more...)
	}
	return bytes.Clone(s.ahead[:min(n, len(s.ahead))])
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// JSON takes a verb's two results and decodes the content into a T. It checks
// the status, reads within MaxBody and closes the response.
func JSON[T any](r *Response, err error) (T, error) {
	var v T
	if err = collect(r, err); err != nil {
		return v, err
	}
	err = r.JSON(&v)
	return v, err
}

// Text takes a verb's two results and returns the content as text. It checks
// the status, reads within MaxBody and closes the response.
func Text(r *Response, err error) (string, error) {
	if err = collect(r, err); err != nil {
		return "", err
	}
	return r.Text(), nil
}

// Bytes takes a verb's two results and returns the content. It checks the
// status, reads within MaxBody and closes the response.
func Bytes(r *Response, err error) ([]byte, error) {
	if err = collect(r, err); err != nil {
		return nil, err
	}
	return r.Bytes(), nil
}

func collect(r *Response, err error) error {
	if err != nil {
		return err
	}
	if r == nil {
		return errors.New("the response is nil")
	}
	defer r.Close()
	if err := r.RaiseForStatus(); err != nil {
		return err
	}
	r.Bytes()
	return r.err
}
