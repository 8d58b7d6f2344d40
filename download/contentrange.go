package download

import (
	"fmt"
	"strconv"
	"strings"
)

// contentRange is the value of a Content-Range field (RFC 9110, section 14.4):
// the bytes from first to last, both included, of size in all.
type contentRange struct{ first, last, size int64 } // size -1: not said

// parseContentRange reads what a 206 says. Everything is an error that is not
// a range of bytes within its size.
func parseContentRange(v string) (contentRange, error) {
	malformed := func(why string) (contentRange, error) {
		return contentRange{}, fmt.Errorf("Content-Range %.100q: %s: %w", v, why, ErrRange)
	}
	unit, rest, ok := strings.Cut(strings.Trim(v, " \t"), " ")
	if !ok || !strings.EqualFold(unit, "bytes") {
		return malformed("no range of bytes")
	}
	span, size, ok := strings.Cut(rest, "/")
	if !ok {
		return malformed("no size")
	}
	first, last, ok := strings.Cut(span, "-")
	if !ok {
		return malformed("no range")
	}
	var r contentRange
	if r.first, ok = position(first); !ok {
		return malformed("the first position is no number")
	}
	if r.last, ok = position(last); !ok {
		return malformed("the last position is no number")
	}
	if r.size = -1; size != "*" {
		if r.size, ok = position(size); !ok {
			return malformed("the size is no number")
		}
	}
	if r.last < r.first {
		return malformed("it ends before it begins")
	}
	if r.size >= 0 && r.last >= r.size {
		return malformed("it ends after the content does")
	}
	return r, nil
}

// maxPosition leaves room to add to a position without overflow.
const maxPosition = 1 << 62

// position reads a number of digits alone.
func position(s string) (int64, bool) {
	if s == "" || len(s) > 19 {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n < maxPosition
}

func (r contentRange) len() int64 { return r.last - r.first + 1 }

// span is a range that is asked for. to -1 means the end of the content.
type span struct{ from, to int64 } // to not included

func (s span) field() string {
	if s.to < 0 {
		return "bytes=" + strconv.FormatInt(s.from, 10) + "-"
	}
	return "bytes=" + strconv.FormatInt(s.from, 10) + "-" + strconv.FormatInt(s.to-1, 10)
}

// answers says what is wrong with r as an answer to s; known is whether the
// size of the content is. Whether it is what it was is asked later: a change
// is no fault of the range. A part of what was asked for is right
// (RFC 9110, section 15.3.7), as long as it begins there.
func (r contentRange) answers(s span, known bool) error {
	switch {
	case r.first != s.from:
		return fmt.Errorf("a range from %d was asked for, one from %d came: %w", s.from, r.first, ErrRange)
	case s.to >= 0 && r.last >= s.to:
		return fmt.Errorf("a range up to %d was asked for, one up to %d came: %w", s.to-1, r.last, ErrRange)
	case r.size < 0 && !known:
		return fmt.Errorf("a range of content of unknown size: %w", ErrRange)
	}
	return nil
}
