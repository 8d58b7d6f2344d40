package hooks

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/seed-3bbad739/requests/internal/decode"
	"github.com/seed-3bbad739/requests/internal/redact"
)

// DumpOptions say how much of an exchange [Dump] shows. nil is the zero value.
type DumpOptions struct {
	// MaxBody bounds what is shown of each body, in bytes. 0: 4 KiB;
	// negative: no body is shown.
	MaxBody int
}

const defaultDump = 4 << 10 // bytes

// Dump returns a hook that writes each exchange to w as text that reads like
// the wire, the lines of the request behind "> ", those of the response behind
// "< ". It belongs in a list that runs once the header has come, where an
// exchange that brought no response is not shown. Secrets are hidden:
// credentials, cookies, secret query keys and fields of forms and JSON. Content
// codings are undone. What is no text is told by its size, and so is a stream of
// events, for waiting for its start would hold it up; a body of a request is
// shown when it can be opened again. An error of w is not the exchange's and is
// dropped.
func Dump(w io.Writer, o *DumpOptions) func(*Exchange) error {
	d := &dumper{w: w, max: defaultDump}
	if o != nil && o.MaxBody != 0 {
		d.max = max(o.MaxBody, 0)
	}
	return d.dump
}

type dumper struct {
	mu  sync.Mutex // one exchange is written at a time
	w   io.Writer
	max int
}

func (d *dumper) dump(e *Exchange) error {
	var b bytes.Buffer
	if e.Request != nil {
		prefixed(&b, "> ", d.request(e.Request))
	}
	if e.Response != nil {
		prefixed(&b, "< ", d.response(e))
	}
	if e.Err != nil {
		prefixed(&b, "! ", redact.Text(e.Err.Error())+"\n")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.w.Write(b.Bytes())
	return nil
}

// prefixed writes the lines of text. Every line bears the mark of its side: a
// body cannot pass for a header.
func prefixed(b *bytes.Buffer, mark, text string) {
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight(mark+strings.TrimRight(line, "\n"), " ") + "\n")
	}
}

func (d *dumper) request(r *http.Request) string {
	marks := redact.MarksFrom(r.Context())
	var b strings.Builder
	target, host := "", r.Host
	if r.URL != nil {
		target = cmp.Or(redact.Escape(r.URL.EscapedPath()), "/")
		if r.URL.RawQuery != "" {
			target += "?" + redact.Escape(redact.MarkedQuery(r.URL.RawQuery, marks))
		}
		host = cmp.Or(host, r.URL.Host)
	}
	fmt.Fprintf(&b, "%s %s %s\n", cmp.Or(r.Method, http.MethodGet), target, cmp.Or(r.Proto, "HTTP/1.1"))
	fmt.Fprintf(&b, "Host: %s\n", redact.Escape(host))
	writeHeader(&b, r.Header, marks)
	hasBody := r.GetBody != nil || r.Body != nil && r.Body != http.NoBody
	if hasBody && r.ContentLength > 0 {
		fmt.Fprintf(&b, "Content-Length: %d\n", r.ContentLength)
	} else if hasBody {
		b.WriteString("Transfer-Encoding: chunked\n")
	}
	b.WriteString("\n")
	if hasBody && d.max > 0 {
		b.WriteString(d.requestBody(r))
	}
	return b.String()
}

func (d *dumper) requestBody(r *http.Request) string {
	if r.GetBody == nil {
		return "[" + sizeOf(r.ContentLength) + ", to be read once]\n"
	}
	if !isText(r.Header) {
		return "[" + sizeOf(r.ContentLength) + kindOf(r.Header) + "]\n"
	}
	body, err := r.GetBody()
	if err != nil {
		return "[" + redact.Text(err.Error()) + "]\n"
	}
	defer body.Close()
	content, err := io.ReadAll(io.LimitReader(body, int64(d.max)+1))
	return d.content(r.Header, content, r.ContentLength, err)
}

func (d *dumper) response(e *Exchange) string {
	r := e.Response
	marks := redact.Marks(nil)
	if e.Request != nil {
		marks = redact.MarksFrom(e.Request.Context())
	}
	var b strings.Builder
	status := cmp.Or(r.Status, strings.TrimSpace(strconv.Itoa(r.StatusCode)+" "+http.StatusText(r.StatusCode)))
	fmt.Fprintf(&b, "%s %s\n", cmp.Or(r.Proto, "HTTP/1.1"), oneLine(redact.Text(status)))
	writeHeader(&b, r.Header, marks)
	b.WriteString("\n")
	if d.max > 0 && r.Body != nil && r.Body != http.NoBody && r.StatusCode != http.StatusSwitchingProtocols {
		b.WriteString(d.responseBody(e))
	}
	return b.String()
}

func (d *dumper) responseBody(e *Exchange) string {
	h, size := e.Response.Header, e.Response.ContentLength
	if size == 0 {
		return ""
	}
	if !isText(h) || isStream(h) {
		return "[" + sizeOf(size) + kindOf(h) + "]\n"
	}
	content, err := e.Peek(d.max + 1)
	if codings := h["Content-Encoding"]; len(codings) > 0 && len(content) > 0 {
		size = -1
		plain, cannot := decode.Reader(io.NopCloser(bytes.NewReader(content)), codings)
		if cannot != nil {
			return "[" + sizeOf(e.Response.ContentLength) + kindOf(h) + "]\n"
		}
		defer plain.Close()
		whole := len(content) <= d.max
		content, _ = io.ReadAll(io.LimitReader(plain, int64(d.max)+1)) // the end is missing more often than not
		if !whole && len(content) <= d.max {
			return d.content(h, content, size, err) + "[and more]\n"
		}
	}
	return d.content(h, content, size, err)
}

// content shows what was read of a body of size bytes, -1 for an unknown
// number of them: one byte more than is shown, if there is more.
func (d *dumper) content(h http.Header, content []byte, size int64, err error) string {
	rest := ""
	if len(content) > d.max {
		content = content[:d.max]
		for cut := len(content); cut > 0 && cut > len(content)-utf8.UTFMax; cut-- {
			if utf8.RuneStart(content[cut-1]) {
				if !utf8.FullRune(content[cut-1:]) {
					content = content[:cut-1]
				}
				break
			}
		}
		rest = "[and more]\n"
		if size > int64(len(content)) {
			rest = "[and " + strconv.FormatInt(size-int64(len(content)), 10) + " bytes more]\n"
		}
	}
	if err != nil {
		rest = "[" + redact.Text(err.Error()) + "]\n"
	}
	text := redact.Escape(strings.ReplaceAll(string(redact.Body(h.Get("Content-Type"), content)), "\r\n", "\n"))
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text + rest
}

func writeHeader(b *strings.Builder, h http.Header, marks redact.Marks) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			fmt.Fprintf(b, "%s: %s\n", oneLine(redact.Escape(name)), oneLine(redact.Field(name, v, marks)))
		}
	}
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", `\n`) }

func sizeOf(n int64) string {
	if n < 0 {
		return "a body of unknown length"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

func kindOf(h http.Header) string {
	s := ""
	if k := h.Get("Content-Type"); k != "" {
		s += " of " + oneLine(redact.Text(k))
	}
	if k := h["Content-Encoding"]; len(k) > 0 {
		s += ", " + oneLine(redact.Text(strings.Join(k, ", ")))
	}
	return s
}

// isText reports whether people can read the content, by what its header says.
func isText(h http.Header) bool {
	kind := h.Get("Content-Type")
	return kind == "" || redact.IsText(kind)
}

// isStream reports whether the start of the content may be long in coming.
func isStream(h http.Header) bool {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return kind == "text/event-stream" || strings.Contains(kind, "ndjson") || strings.HasSuffix(kind, "json-seq")
}
