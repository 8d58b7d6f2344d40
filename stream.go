package requests

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"

	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// maxLine bounds a line of a stream, or a value of a sequence, that a server can
// make us hold.
const maxLine = 8 << 20 // bytes

// maxChunk bounds the buffer of Chunks: what arrives at a time is shorter.
const maxChunk = 1 << 20 // bytes

// errLongLine is ErrBodyTooLarge without its advice, which would not help.
var errLongLine = sentinel.New("longer than a loop over a stream holds; WithStream(false) has it whole, within MaxBody", ErrBodyTooLarge)

// Lines yields the lines of the content, without their ends: LF, CRLF or CR.
// Unlike [Response.Text] they are not decoded by a charset. The content of a
// stream is read as the loop goes, and closed when the loop ends, by break too: to
// go on from there read Body instead. Content in memory can be ranged over again. A
// line of a stream has at most 8 MiB; a longer one is an error that matches
// ErrBodyTooLarge. An error ends the loop and is kept for [Response.Err].
func (r *Response) Lines() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		body, err := r.reader()
		if err != nil {
			yield("", r.note(err))
			return
		}
		defer body.Close()
		lines := lineReader{r: bufio.NewReader(body), max: r.longestLine()}
		for {
			line, err := lines.next()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield("", r.note(err))
				return
			}
			if !yield(string(line), nil) {
				return
			}
		}
	}
}

// Chunks yields the content in pieces of at most size bytes, as they arrive; a
// size below 1 means whatever is there. A piece is only good until the next
// one is asked for. As with [Response.Lines], a stream is closed when the loop
// ends.
func (r *Response) Chunks(size int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if r.isKept || r.loaded {
			r.chunksOfMemory(size, yield)
			return
		}
		body, err := r.reader()
		if err != nil {
			yield(nil, r.note(err))
			return
		}
		defer body.Close()
		if size < 1 {
			size = 32 << 10
		}
		buf := make([]byte, min(size, maxChunk))
		for {
			n, err := body.Read(buf)
			if n > 0 && !yield(buf[:n:n], nil) {
				return
			}
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, r.note(err))
				return
			}
		}
	}
}

func (r *Response) chunksOfMemory(size int, yield func([]byte, error) bool) {
	content := r.Bytes()
	if size < 1 {
		size = max(len(content), 1)
	}
	for len(content) > 0 {
		n := min(size, len(content))
		if !yield(content[:n:n], nil) {
			return
		}
		content = content[n:]
	}
	if r.err != nil {
		yield(nil, r.err)
	}
}

// reader returns the content from its start if it is in memory, else the
// stream, from where it stands.
func (r *Response) reader() (io.ReadCloser, error) {
	switch {
	case r.isKept || r.loaded:
		content := r.Bytes()
		if r.err != nil {
			return io.NopCloser(io.MultiReader(bytes.NewReader(content), failingReader{r.err})), nil
		}
		return io.NopCloser(bytes.NewReader(content)), nil
	case r.Response == nil || r.Body == nil:
		return nil, ErrBodyConsumed
	case r.live() != nil && r.live().finished():
		return nil, r.contentError(ErrBodyConsumed)
	}
	return r.Body, nil
}

// longestLine bounds what a line of a stream makes us hold. What is in memory is
// held already.
func (r *Response) longestLine() int {
	if r.isKept || r.loaded {
		return math.MaxInt
	}
	return maxLine
}

// failingReader reads nothing but its error.
type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// note keeps an error of a stream for Err. Content in memory has been had, and
// may be looked at by others.
func (r *Response) note(err error) error {
	err = r.contentError(err)
	if r.err == nil && !r.isKept && !r.loaded {
		r.err = err
	}
	return err
}

// appendDoubling is append that doubles what is too small: a long line leaves
// half as much behind on its way as it would by append's smaller steps.
func appendDoubling(b, more []byte) []byte {
	if need := len(b) + len(more); need > cap(b) {
		grown := make([]byte, len(b), max(2*cap(b), need))
		copy(grown, b)
		b = grown
	}
	return append(b, more...)
}

// lineReader splits at LF, CRLF and CR, wherever the pieces that arrive end.
type lineReader struct {
	r      *bufio.Reader
	max    int // of a line, in bytes
	line   []byte
	skipLF bool // the last line ended with CR
}

func (l *lineReader) next() ([]byte, error) {
	l.line = l.line[:0]
	for {
		piece, err := l.r.Peek(1)
		if len(piece) == 0 {
			if err == io.EOF && len(l.line) > 0 {
				return l.line, nil
			}
			return nil, err
		}
		piece, _ = l.r.Peek(l.r.Buffered())
		if l.skipLF {
			l.skipLF = false
			if piece[0] == '\n' {
				l.r.Discard(1)
				continue
			}
		}
		i := bytes.IndexAny(piece, "\r\n")
		if i < 0 {
			if len(piece) > l.max-len(l.line) {
				return nil, refuse(errLongLine, "a line of more than %d bytes", l.max)
			}
			l.line = appendDoubling(l.line, piece)
			l.r.Discard(len(piece))
			continue
		}
		l.skipLF = piece[i] == '\r'
		l.line = append(l.line, piece[:i]...)
		l.r.Discard(i + 1)
		return l.line, nil
	}
}

// Values yields the values of a JSON sequence, decoded into T: lines of JSON
// (NDJSON), a JSON text sequence (RFC 7464), or the elements of one array. Of
// a stream no more is held than the value at hand: one of more than 8 MiB, of an
// array 16 MiB, is an error that matches ErrBodyTooLarge. A value that is no T or no
// JSON ends the loop with an error that matches ErrInvalidJSON. As with
// [Response.Lines], a stream is closed when the loop ends.
func Values[T any](r *Response) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		body, err := r.reader()
		if err != nil {
			yield(zero, r.note(err))
			return
		}
		defer body.Close()
		values := valueReader{r: bufio.NewReader(body), max: r.longestLine()}
		if err := values.start(r.contentType()); err != nil {
			if err != io.EOF {
				yield(zero, r.note(err))
			}
			return
		}
		for {
			var v T
			err := values.next(&v)
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(zero, r.note(err))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

type valueReader struct {
	r       *bufio.Reader
	max     int           // of a value, in bytes
	array   *json.Decoder // within an array
	bound   *perElement   // beneath array
	records bool          // RFC 7464: each value begins with RS
	n       int
}

const recordSeparator = 0x1e

// start finds out which form the sequence has.
func (v *valueReader) start(contentType string) error {
	const mark = "\ufeff"
	if b, _ := v.r.Peek(1); string(b) == mark[:1] { // more is not waited for: the first value may be all that comes for long
		if b, _ := v.r.Peek(len(mark)); string(b) == mark {
			v.r.Discard(len(mark))
		}
	}
	c, err := v.peekNonSpace()
	if err != nil {
		return err
	}
	switch {
	case c == recordSeparator:
		v.records = true
	case c == '[' && !isLinesOfJSON(contentType):
		v.bound = &perElement{r: v.r, max: v.max, left: v.max}
		v.array = json.NewDecoder(v.bound)
		_, err = v.array.Token()
	}
	return err
}

// isLinesOfJSON tells by the media type that a line beginning with [ is a
// value and not the whole.
func isLinesOfJSON(contentType string) bool {
	contentType, _, _ = strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(contentType)) {
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/jsonlines":
		return true
	}
	return false
}

func (v *valueReader) next(to any) error {
	v.n++
	if v.array != nil {
		return v.element(to)
	}
	text, err := v.text()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, to); err != nil {
		return because(ErrInvalidJSON, fmt.Errorf("value %d: %w", v.n, err))
	}
	return nil
}

// element reads one element of the array, or what ends it.
func (v *valueReader) element(to any) error {
	v.bound.left = v.max
	if v.array.More() {
		if err := v.array.Decode(to); err != nil {
			return v.syntax(err)
		}
		return nil
	}
	if _, err := v.array.Token(); err != nil { // the closing bracket
		return v.syntax(err)
	}
	rest := io.MultiReader(v.array.Buffered(), v.r)
	for buf := make([]byte, 512); ; {
		n, err := rest.Read(buf)
		if len(bytes.TrimLeft(buf[:n], " \t\r\n")) > 0 {
			return because(ErrInvalidJSON, errors.New("something follows the array"))
		}
		if err != nil {
			return err
		}
	}
}

// syntax tells a fault in the text from one in receiving it.
func (v *valueReader) syntax(err error) error {
	if e := (*Error)(nil); errors.As(err, &e) || errors.Is(err, ErrBodyTooLarge) {
		return err
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return because(ErrInvalidJSON, fmt.Errorf("value %d: %w", v.n, err))
}

// text returns the next line that is not blank, or the next record.
func (v *valueReader) text() ([]byte, error) {
	first, err := v.peekNonSpace()
	switch {
	case err != nil:
		return nil, err
	case v.records && first != recordSeparator:
		return nil, because(ErrInvalidJSON, fmt.Errorf("value %d: something follows the record before", v.n))
	case v.records:
		return v.record()
	}
	var text []byte
	for {
		piece, err := v.r.ReadSlice('\n')
		if len(piece) > v.max-len(text) {
			return nil, v.tooLarge()
		}
		text = appendDoubling(text, piece)
		switch err {
		case bufio.ErrBufferFull:
		case nil, io.EOF:
			return text, nil
		default:
			return nil, err
		}
	}
}

// record returns the next record. It ends where another begins or the sequence
// does, and where it is whole and nothing more has come: the next may be long in
// coming.
func (v *valueReader) record() ([]byte, error) {
	// Separators with nothing between them hold no value (RFC 7464, section 2.1).
	for c := []byte{recordSeparator}; len(c) > 0 && c[0] == recordSeparator; c, _ = v.r.Peek(1) {
		v.r.Discard(1)
	}
	var text []byte
	for {
		_, err := v.r.Peek(1)
		piece, _ := v.r.Peek(v.r.Buffered())
		piece, _, separated := bytes.Cut(piece, []byte{recordSeparator})
		if len(piece) > v.max-len(text) {
			return nil, v.tooLarge()
		}
		text = appendDoubling(text, piece)
		v.r.Discard(len(piece))
		ended := bytes.HasSuffix(text, []byte("\n"))
		switch {
		case separated, ended && v.r.Buffered() == 0 && len(text) <= maxAtOnce && json.Valid(text):
			return text, nil
		case err == io.EOF && !ended && !endsItself(text):
			// RFC 7464, section 2.4: a number or literal at the end without LF
			// may have been cut.
			return nil, because(ErrInvalidJSON, fmt.Errorf("value %d: %w", v.n, io.ErrUnexpectedEOF))
		case err == io.EOF:
			return text, nil
		case err != nil:
			return nil, err
		}
	}
}

// maxAtOnce bounds the records that are looked at with every piece that comes, to
// see whether they are whole.
const maxAtOnce = 64 << 10 // bytes

func (v *valueReader) tooLarge() error {
	return refuse(errLongLine, "value %d has more than %d bytes", v.n, v.max)
}

// endsItself reports whether a JSON text shows its own end.
func endsItself(text []byte) bool {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return false
	}
	switch text[len(text)-1] {
	case '}', ']', '"':
		return true
	}
	return false
}

func (v *valueReader) peekNonSpace() (byte, error) {
	for {
		c, err := v.r.ReadByte()
		if err != nil {
			return 0, err
		}
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c, v.r.UnreadByte()
		}
	}
}

// perElement bounds what is read for one element of an array: the decoder
// would hold any amount. Of blanks in a row it passes on one, as the decoder
// looks at all that it holds of them again whenever more comes.
type perElement struct {
	r        io.Reader
	max      int
	left     int
	inString bool
	escaped  bool
	blank    bool // the byte before was one
}

func (p *perElement) Read(b []byte) (int, error) {
	for {
		if p.left <= 0 {
			return 0, refuse(errLongLine, "an element has more than %d bytes", p.max)
		}
		raw, err := p.r.Read(b)
		p.left -= raw
		if n := p.squeeze(b[:raw]); n > 0 || raw == 0 || err != nil {
			return n, err
		}
	}
}

// squeeze takes blanks that follow one another out of b and returns what is left
// of its length.
func (p *perElement) squeeze(b []byte) int {
	out := b[:0]
	for _, c := range b {
		blank := !p.inString && (c == ' ' || c == '\t' || c == '\r' || c == '\n')
		if blank && p.blank {
			continue
		}
		p.blank = blank
		switch {
		case p.escaped:
			p.escaped = false
		case p.inString && c == '\\':
			p.escaped = true
		case c == '"':
			p.inString = !p.inString
		}
		out = append(out, c)
	}
	return len(out)
}
