package requests

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/http/httpguts"
)

// Part is one part of a multipart/form-data body (RFC 7578).
type Part struct {
	// Name of the form field.
	Name string
	// Filename is sent when it is not empty, or when HasFilename says so.
	Filename    string
	HasFilename bool
	// ContentType of the part; "" sends none: it is not guessed.
	ContentType string
	// Header holds further fields; it cannot replace Content-Disposition.
	Header http.Header
	// Content is the part's content; see [NewBody].
	Content Body
}

// String shows what p is called and how much of what is in it: neither that nor
// its header, which may be secret.
func (p Part) String() string {
	s := "<Part " + strconv.Quote(p.Name)
	if p.HasFilename || p.Filename != "" {
		s += " filename=" + strconv.Quote(p.Filename)
	}
	if p.Content != nil {
		s += " " + bodyText(p.Content)
	}
	return s + ">"
}

// Format prints [Part.String] under every verb.
func (p Part) Format(f fmt.State, verb rune) { formatText(f, verb, p.String()) }

// LogValue returns [Part.String].
func (p Part) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalJSON writes [Part.String]: the header may be secret.
func (p Part) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }

// multipartBody streams its parts: nothing is held in memory but the header
// of each.
type multipartBody struct {
	boundary string
	heads    [][]byte // before each content, the delimiter included
	contents []Body
	tail     []byte
	size     int64 // -1 when a part's is not known
}

func newMultipart(form url.Values, parts []Part) (Body, error) {
	m := new(multipartBody)
	var raw [16]byte
	rand.Read(raw[:])
	m.boundary = hex.EncodeToString(raw[:])

	var errs []error
	for _, k := range slices.Sorted(maps.Keys(form)) {
		for _, v := range form[k] {
			m.add(&Part{Name: k, Content: &textBody{v}})
		}
	}
	for i := range parts {
		if err := checkPart(&parts[i]); err != nil {
			errs = append(errs, err)
			continue
		}
		m.add(&parts[i])
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	m.tail = []byte("--" + m.boundary + "--\r\n")
	m.size = int64(len(m.tail))
	for i, c := range m.contents {
		n := c.Len()
		if n < 0 {
			m.size = -1
			break
		}
		m.size += int64(len(m.heads[i])) + n + int64(len(crlf))
	}
	return m, nil
}

const crlf = "\r\n"

func checkPart(p *Part) error {
	if p.Content == nil {
		return fmt.Errorf("part %q has no content", p.Name)
	}
	if !httpguts.ValidHeaderFieldValue(cmp.Or(p.ContentType, p.Content.ContentType())) {
		return refuse(ErrInvalidHeader, "the Content-Type of part %q has a control character", p.Name)
	}
	if err := checkHeaders(p.Header); err != nil {
		return fmt.Errorf("part %q: %w", p.Name, err)
	}
	return nil
}

func (m *multipartBody) add(p *Part) {
	var b bytes.Buffer
	b.WriteString("--" + m.boundary + crlf)
	b.WriteString(`Content-Disposition: form-data; name="` + escapeFormName(p.Name) + `"`)
	if p.HasFilename || p.Filename != "" {
		b.WriteString(`; filename="` + escapeFormName(p.Filename) + `"`)
	}
	b.WriteString(crlf)
	contentType := cmp.Or(p.ContentType, p.Content.ContentType())
	if contentType != "" {
		b.WriteString("Content-Type: " + contentType + crlf)
	}
	header := canonicalHeader(p.Header)
	if v := header.Get("Content-Location"); v != "" {
		b.WriteString("Content-Location: " + v + crlf)
	}
	for _, k := range slices.Sorted(maps.Keys(header)) {
		switch k {
		case "Content-Disposition", "Content-Location":
			continue
		case "Content-Type":
			if contentType != "" {
				continue
			}
		}
		for _, v := range header[k] {
			b.WriteString(k + ": " + v + crlf)
		}
	}
	b.WriteString(crlf)
	m.heads = append(m.heads, b.Bytes())
	m.contents = append(m.contents, p.Content)
}

// escapeFormName escapes as HTML's multipart/form-data encoding does: nothing
// but what would end the parameter.
func escapeFormName(s string) string { return formName.Replace(s) }

var formName = strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A")

// withOwnBoundary gives a multipart body the boundary that the caller's
// Content-Type names: under another nobody could read it.
func withOwnBoundary(body Body, h http.Header, check func(error)) Body {
	m, ok := body.(*multipartBody)
	own := h["Content-Type"]
	if !ok || len(own) != 1 || !hasPrefixFold(own[0], "multipart/") {
		return body
	}
	_, params, err := mime.ParseMediaType(own[0])
	boundary, found := params["boundary"]
	named := strings.Contains(strings.ToLower(own[0]), "boundary=")
	switch {
	case !named && !found:
		return body // prepareContentType adds the body's
	case !named || err != nil || !validBoundary(boundary):
		check(refuse(ErrInvalidHeader, "the Content-Type has a boundary that no body can have (RFC 2046, section 5.1.1)"))
		return body
	}
	return m.under(boundary)
}

// validBoundary holds a boundary to RFC 2046, section 5.1.1.
func validBoundary(s string) bool {
	for i := range len(s) {
		if !unreserved.has(s[i]) && !strings.ContainsRune("'()+,/:=? ", rune(s[i])) || s[i] == '~' {
			return false
		}
	}
	return s != "" && len(s) <= 70 && s[len(s)-1] != ' '
}

// under returns m with another boundary.
func (m *multipartBody) under(boundary string) *multipartBody {
	o := &multipartBody{boundary: boundary, contents: m.contents, size: m.size, tail: []byte("--" + boundary + "--" + crlf)}
	o.heads = make([][]byte, len(m.heads))
	for i, head := range m.heads {
		o.heads[i] = append([]byte("--"+boundary), head[len("--"+m.boundary):]...)
	}
	if o.size >= 0 {
		o.size += int64((len(boundary) - len(m.boundary)) * (len(m.heads) + 1))
	}
	return o
}

func (m *multipartBody) Len() int64 { return m.size }

func (m *multipartBody) ContentType() string { return "multipart/form-data; boundary=" + m.boundary }

func (m *multipartBody) replayable() bool {
	for _, c := range m.contents {
		if !isReplayable(c) {
			return false
		}
	}
	return true
}

// Open opens the first part only; the others follow as they are reached, so
// that a thousand files are not open at once. A part that is read once is
// claimed here all the same: a second Open must fail before anything is sent.
func (m *multipartBody) Open() (io.ReadCloser, error) {
	r := &multipartReader{body: m}
	for i, c := range m.contents {
		if isReplayable(c) {
			continue
		}
		rc, err := c.Open()
		if err != nil {
			r.Close()
			return nil, err
		}
		if r.claimed == nil {
			r.claimed = make(map[int]io.ReadCloser)
		}
		r.claimed[i] = rc
	}
	return r, nil
}

// multipartReader may be closed while it is read, which net/http does when an
// HTTP/2 stream breaks off. Close must not wait then: what a part is read from
// may never come.
type multipartReader struct {
	body  *multipartBody
	next  int    // the part whose head is not begun
	bytes []byte // to be returned before content goes on
	left  int64  // of content; -1 when not known
	done  bool
	err   error

	mu      sync.Mutex            // guards what follows
	claimed map[int]io.ReadCloser // opened before their turn
	content io.ReadCloser
	closed  bool
}

var errPartsClosed = errors.New("read of a closed body")

func (r *multipartReader) Read(p []byte) (n int, err error) {
	for n == 0 && len(p) > 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.mu.Lock()
		content, closed := r.content, r.closed
		r.mu.Unlock()
		switch {
		case closed:
			r.err = errPartsClosed
		case len(r.bytes) > 0:
			n = copy(p, r.bytes)
			r.bytes = r.bytes[n:]
		case content != nil:
			n = r.readContent(content, p)
		case r.next < len(r.body.contents):
			r.openNext()
		case !r.done:
			r.bytes, r.done = r.body.tail, true
		default:
			r.err = io.EOF
		}
	}
	return n, nil
}

func (r *multipartReader) openNext() {
	i := r.next
	r.next++
	c := r.body.contents[i]
	r.mu.Lock()
	rc, ok := r.claimed[i]
	delete(r.claimed, i)
	r.mu.Unlock()
	if !ok {
		if rc, r.err = c.Open(); r.err != nil {
			return
		}
	}
	if rc == nil {
		r.err = fmt.Errorf("%T.Open returned neither a reader nor an error", c)
		return
	}
	r.bytes, r.left = r.body.heads[i], c.Len()
	r.mu.Lock()
	closed := r.closed
	if !closed {
		r.content = rc
	}
	r.mu.Unlock()
	if closed {
		rc.Close()
	}
}

// readContent holds each part to its declared length: the length of the whole
// has been sent already.
func (r *multipartReader) readContent(content io.Reader, p []byte) int {
	if r.left >= 0 && int64(len(p)) > r.left {
		p = p[:r.left]
	}
	var n int
	err := io.EOF
	if r.left != 0 {
		n, err = content.Read(p)
		n = max(n, 0)
	}
	if r.left > 0 {
		r.left -= int64(n)
		if r.left > 0 && err == io.EOF {
			err = fmt.Errorf("part %d ended %d bytes early: %w", r.next, r.left, io.ErrUnexpectedEOF)
		}
	}
	if err == nil {
		return n
	}
	r.leave()
	if err != io.EOF {
		r.err = err
		return n
	}
	r.bytes = []byte(crlf)
	return n
}

// leave closes the part that was read.
func (r *multipartReader) leave() {
	r.mu.Lock()
	content := r.content
	r.content = nil
	r.mu.Unlock()
	if content != nil {
		content.Close()
	}
}

func (r *multipartReader) Close() error {
	r.mu.Lock()
	claimed := r.claimed
	r.claimed, r.closed = nil, true
	r.mu.Unlock()
	r.leave()
	for _, rc := range claimed {
		rc.Close()
	}
	return nil
}
