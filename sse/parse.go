package sse

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/seed-3bbad739/requests/internal/again"
	"github.com/seed-3bbad739/requests/internal/charset"
)

// parser turns bytes into events. What it holds at any time is one line of no more
// than max, and of one event the type, the id and the data, together no more than
// that.
type parser struct {
	r      *bufio.Reader
	max    int // bytes; negative: no bound
	long   []byte
	begun  bool // past a byte order mark
	skipLF bool // the last line ended with CR

	data      []byte // each line followed by LF
	eventType string
	known     string // the last type there was, for the next event often has the same
	id        string // of the event at hand, which becomes lastID with it
	lastID    string
	retry     time.Duration // set since the last event
	reconnect time.Duration // in force; -1 before any is set
}

func newParser(r io.Reader, max int) *parser {
	return &parser{r: bufio.NewReader(r), max: max, reconnect: -1}
}

// next returns the next event that has data. io.EOF is the end of the stream.
func (p *parser) next() (Event, error) {
	for {
		line, err := p.line()
		if err != nil {
			return Event{}, err
		}
		if len(line) > 0 {
			if err := p.field(line); err != nil {
				return Event{}, err
			}
			continue
		}
		if e, ok := p.dispatch(); ok {
			return e, nil
		}
	}
}

// dispatch makes an event of the fields since the last empty line. Without
// data there is none, but its id counts.
func (p *parser) dispatch() (Event, bool) {
	p.lastID = p.id
	eventType := p.eventType
	p.eventType = ""
	if len(p.data) == 0 {
		return Event{}, false
	}
	if eventType == "" {
		eventType = defaultEventType
	}
	e := Event{ID: p.lastID, Type: eventType, Data: text(p.data[:len(p.data)-1]), Retry: p.retry}
	p.data, p.retry = p.data[:0], 0
	if cap(p.data) > maxKept {
		p.data = nil
	}
	return e, true
}

// maxKept is the buffer that is kept from one event for the next.
const maxKept = 64 << 10 // bytes

func (p *parser) field(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		if p.tooLarge(len(p.data) + len(value) + len(p.eventType) + len(p.id)) {
			return p.refuse("an event")
		}
		p.data = append(append(p.data, value...), '\n')
	case "event":
		if p.tooLarge(len(p.data) + len(value) + len(p.id)) {
			return p.refuse("an event")
		}
		if p.known != string(value) {
			p.known = text(value)
		}
		p.eventType = p.known
	case "id":
		if p.tooLarge(len(p.data) + len(p.eventType) + len(value)) {
			return p.refuse("an event")
		}
		if p.id != string(value) && bytes.IndexByte(value, 0) < 0 {
			p.id = text(value)
		}
	case "retry":
		if d, ok := again.Digits(string(value), time.Millisecond, maxRetry); ok {
			p.retry, p.reconnect = d, d
		}
	}
	return nil // a comment, or a field that the standard does not know
}

// line returns the next line without its end: LF, CRLF or CR. A CR ends it at
// once, for the LF may be long in coming. A line that the stream ends within
// is none.
func (p *parser) line() ([]byte, error) {
	p.long = p.long[:0]
	if cap(p.long) > maxKept {
		p.long = nil
	}
	for {
		piece, err := p.peek()
		if err != nil {
			return nil, err
		}
		i := bytes.IndexAny(piece, "\r\n")
		end := i
		if i < 0 {
			end = len(piece)
		}
		if p.tooLarge(len(p.long) + end) {
			return nil, p.refuse("a line")
		}
		if i < 0 {
			p.long = append(p.long, piece...)
			p.r.Discard(len(piece))
			continue
		}
		line := piece[:i]
		if len(p.long) > 0 {
			p.long = append(p.long, line...)
			line = p.long
		}
		p.skipLF = piece[i] == '\r'
		p.r.Discard(i + 1) // line stays good until the buffer is filled again
		return line, nil
	}
}

// peek returns what has arrived of the stream, at least a byte.
func (p *parser) peek() ([]byte, error) {
	if !p.begun {
		p.begun = true
		if err := p.skipMark(); err != nil {
			return nil, err
		}
	}
	for {
		if _, err := p.r.Peek(1); err != nil {
			return nil, err
		}
		piece, _ := p.r.Peek(p.r.Buffered())
		if p.skipLF && piece[0] == '\n' {
			p.skipLF = false
			p.r.Discard(1)
			continue
		}
		p.skipLF = false
		return piece, nil
	}
}

const byteOrderMark = "\ufeff"

// skipMark passes over a byte order mark. It waits for the bytes of one only
// as long as those before them agree.
func (p *parser) skipMark() error {
	for n := 1; n <= len(byteOrderMark); n++ {
		b, err := p.r.Peek(n)
		if len(b) < n {
			if n == 1 {
				return err
			}
			return nil
		}
		if string(b) != byteOrderMark[:n] {
			return nil
		}
	}
	p.r.Discard(len(byteOrderMark))
	return nil
}

func (p *parser) tooLarge(n int) bool { return p.max >= 0 && n > p.max }

func (p *parser) refuse(what string) error {
	return fmt.Errorf("sse: %s of more than %d bytes: %w", what, p.max, ErrEventTooLarge)
}

// text decodes UTF-8 as browsers do: what is malformed becomes U+FFFD.
func text(b []byte) string { return charset.Decode(b, "", "utf-8") }
