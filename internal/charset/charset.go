// Package charset turns the bytes of a response into text: by the charset its
// Content-Type names, by what the bytes themselves say, or by trying.
package charset

import (
	"bytes"
	"strings"
	"unicode/utf8"

	htmlcharset "golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// Names that detect gives by itself, spelled as Python's requests does.
const (
	utf8Name   = "utf-8"
	latin1Name = "ISO-8859-1"
)

// FromContentType returns the charset that a Content-Type settles without a
// look at the content: that of its charset parameter, as it is written, else
// "utf-8" for JSON, else "". The parameter's name is in any case; quotes and
// blanks around name and value, or around both, do not count, and the last of
// several wins.
func FromContentType(ct string) string {
	if name, declared := parameter(ct); declared {
		return name
	}
	if isJSON(mediaType(ct)) {
		return utf8Name
	}
	return ""
}

// parameter returns the charset parameter and whether there is one.
func parameter(ct string) (name string, declared bool) {
	const cut = "\"' \t"
	_, params, _ := strings.Cut(ct, ";")
	for params != "" {
		var param string
		param, params, _ = strings.Cut(params, ";")
		key, value, ok := strings.Cut(param, "=")
		if ok && strings.EqualFold(strings.Trim(key, cut), "charset") {
			name, declared = strings.Trim(value, cut), true
		}
	}
	return name, declared
}

func mediaType(ct string) string {
	ct, _, _ = strings.Cut(ct, ";")
	return strings.ToLower(strings.TrimSpace(ct))
}

func isJSON(mediaType string) bool {
	return strings.Contains(mediaType, "application/json") || strings.HasSuffix(mediaType, "+json")
}

func isHTML(mediaType string) bool {
	return mediaType == "text/html" || mediaType == "application/xhtml+xml"
}

// Lookup reports whether the charset of this name is known: by the labels of
// the WHATWG Encoding Standard, by IANA's names, or as a form of UTF-32.
func Lookup(name string) bool {
	_, ok := find(name)
	return ok
}

// find returns the encoding of a name, nil for UTF-8.
func find(name string) (e encoding.Encoding, ok bool) {
	name = strings.TrimSpace(name)
	switch strings.ToLower(name) {
	case "latin-1", "latin_1":
		name = "latin1" // as Python spells it
	case "":
		return nil, false
	case "utf-8", "utf8", "utf_8", "u8":
		return nil, true
	case "utf-8-sig":
		return unicode.UTF8BOM, true
	// The Encoding Standard takes utf-16 for utf-16le, whatever its BOM says.
	case "utf-16", "utf16", "utf_16":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), true
	case "utf-32", "utf32", "utf_32":
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), true
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), true
	case "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), true
	}
	if e, err := htmlindex.Get(name); err == nil && e != encoding.Replacement {
		if e == unicode.UTF8 {
			return nil, true
		}
		return e, true
	}
	if e, err := ianaindex.IANA.Encoding(name); err == nil && e != nil {
		return e, true
	}
	if hyphened := strings.ReplaceAll(name, "_", "-"); hyphened != name {
		return find(hyphened)
	}
	return nil, false
}

// detect returns the name of the charset of b and, when a byte order mark
// decided, the length of that. What counts is, in this order: forced unless it is
// empty; the charset parameter of contentType; what a byte order mark says; for
// HTML, what a meta element in the first kilobyte says; "utf-8" for JSON and for
// what is valid UTF-8; "ISO-8859-1". A name that is given is returned as it is,
// known or not.
func detect(b []byte, contentType, forced string) (name string, mark int) {
	if forced != "" {
		return forced, 0
	}
	if name, declared := parameter(contentType); declared {
		return name, 0
	}
	for _, m := range marks {
		if bytes.HasPrefix(b, m.mark) {
			return m.name, len(m.mark)
		}
	}
	mt := mediaType(contentType)
	if isHTML(mt) {
		if name := prescan(b); name != "" {
			return name, 0
		}
	}
	if isJSON(mt) || utf8.Valid(b) {
		return utf8Name, 0
	}
	return latin1Name, 0
}

// marks has UTF-32 first: in little-endian order its mark begins with the one
// of UTF-16.
var marks = []struct {
	mark []byte
	name string
}{
	{[]byte{0xff, 0xfe, 0, 0}, "utf-32le"},
	{[]byte{0, 0, 0xfe, 0xff}, "utf-32be"},
	{[]byte{0xef, 0xbb, 0xbf}, utf8Name},
	{[]byte{0xff, 0xfe}, "utf-16le"},
	{[]byte{0xfe, 0xff}, "utf-16be"},
}

// prescanned is how far the HTML standard looks for a meta element.
const prescanned = 1024

// prescan returns the charset that a meta element names, or "".
func prescan(b []byte) string {
	b = b[:min(len(b), prescanned)]
	if !mentionsCharset(b) {
		return ""
	}
	head := make([]byte, 0, prescanned)
	for _, c := range b {
		if c >= utf8.RuneSelf {
			c = '?' // meta elements that count are ASCII
		}
		head = append(head, c)
	}
	// DetermineEncoding does not tell what it found from what it guesses. It
	// guesses windows-1252 for ASCII, and UTF-8 for ASCII with a probe.
	_, found, _ := htmlcharset.DetermineEncoding(head, "")
	if found != "windows-1252" {
		return found
	}
	const probe = "\u00e9x"
	head = append(head[:min(len(head), prescanned-len(probe))], probe...)
	if _, guess, _ := htmlcharset.DetermineEncoding(head, ""); guess != found {
		return ""
	}
	return found
}

// mentionsCharset spares most content the prescan's tokenizer.
func mentionsCharset(b []byte) bool {
	const word = "charset"
	for i := 0; i+len(word) <= len(b); i++ {
		if b[i]|0x20 == word[0] && bytes.EqualFold(b[i:i+len(word)], []byte(word)) {
			return true
		}
	}
	return false
}

// Decode returns b as text, by the charset that forced names; that of contentType;
// that of a byte order mark, or of a meta element in HTML; UTF-8 for JSON and for
// what is valid UTF-8; else ISO-8859-1. forced and contentType may be "". It never
// fails: an unknown charset is taken for UTF-8, what cannot be decoded becomes
// U+FFFD, and ISO-8859-1 is read as its superset windows-1252, as browsers do.
// A byte order mark that decided is removed; with a charset that was declared
// or forced it stays, unless that charset is one that says so, as utf-16 does.
func Decode(b []byte, contentType, forced string) string {
	if len(b) == 0 {
		return ""
	}
	name, mark := detect(b, contentType, forced)
	b = b[mark:]
	e, _ := find(name)
	switch e {
	case nil:
		return fromUTF8(b)
	case charmap.Windows1252:
		return fromLatin1(b)
	}
	if s, err := decode(b, e); err == nil {
		return s
	}
	return fromUTF8(b)
}

// fromLatin1 reads windows-1252, and what that leaves undefined as ISO-8859-1:
// every byte is a character.
func fromLatin1(b []byte) string {
	var s strings.Builder
	s.Grow(len(b) + len(b)/8)
	for _, c := range b {
		r := rune(c)
		if 0x80 <= c && c < 0xa0 {
			if w := charmap.Windows1252.DecodeByte(c); w != utf8.RuneError {
				r = w
			}
		}
		s.WriteRune(r)
	}
	return s.String()
}

func fromUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	s, err := decode(b, unicode.UTF8)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	return s
}

func decode(b []byte, e encoding.Encoding) (string, error) {
	var s strings.Builder
	s.Grow(len(b) + len(b)/8)
	w := transform.NewWriter(&s, e.NewDecoder())
	if _, err := w.Write(b); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return s.String(), nil
}
