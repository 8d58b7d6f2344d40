package charset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// UTF8JSON returns JSON text in UTF-8 without a byte order mark. UTF-16 and
// UTF-32 are known by their mark or by where the zero bytes are, for JSON begins
// with an ASCII character. What is UTF-8 already is returned as it is, a slice
// of b; whether it is valid is for the JSON decoder to say. The error is for
// UTF-16 or UTF-32 that is not valid, and names the byte.
func UTF8JSON(b []byte) ([]byte, error) {
	mark := 0
	encoding := zeroPattern(b)
	for _, m := range marks {
		if bytes.HasPrefix(b, m.mark) {
			encoding, mark = m.name, len(m.mark)
			break
		}
	}
	rest := b[mark:]
	switch encoding {
	case "utf-16le":
		return fromUTF16(rest, mark, binary.LittleEndian)
	case "utf-16be":
		return fromUTF16(rest, mark, binary.BigEndian)
	case "utf-32le":
		return fromUTF32(rest, mark, binary.LittleEndian)
	case "utf-32be":
		return fromUTF32(rest, mark, binary.BigEndian)
	}
	return rest, nil
}

// zeroPattern returns the encoding by the zeros among the first bytes, or "".
// The first character is ASCII, and none is zero; the second may be anything
// when the first is a quotation mark.
func zeroPattern(b []byte) string {
	switch {
	case len(b) < 2:
		return ""
	case len(b) >= 4 && b[0] == 0 && b[1] == 0:
		return "utf-32be"
	case len(b) >= 4 && b[1] == 0 && b[2] == 0 && b[3] == 0:
		return "utf-32le"
	case b[0] == 0 && b[1] != 0:
		return "utf-16be"
	case b[0] != 0 && b[1] == 0:
		return "utf-16le"
	}
	return ""
}

// fromUTF16 counts the bytes of its errors from before the mark.
func fromUTF16(b []byte, mark int, order binary.ByteOrder) ([]byte, error) {
	out := make([]byte, 0, len(b)/2+len(b)/8)
	for i := 0; i < len(b); i += 2 {
		if i+2 > len(b) {
			return nil, fmt.Errorf("charset: half a UTF-16 unit at byte %d", mark+i)
		}
		r := rune(order.Uint16(b[i:]))
		if utf16.IsSurrogate(r) {
			low := rune(utf8.RuneError)
			if i+4 <= len(b) {
				low = rune(order.Uint16(b[i+2:]))
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				return nil, fmt.Errorf("charset: unpaired UTF-16 surrogate at byte %d", mark+i)
			}
			i += 2
		}
		out = utf8.AppendRune(out, r)
	}
	return out, nil
}

func fromUTF32(b []byte, mark int, order binary.ByteOrder) ([]byte, error) {
	out := make([]byte, 0, len(b)/4+len(b)/16)
	for i := 0; i < len(b); i += 4 {
		if i+4 > len(b) {
			return nil, fmt.Errorf("charset: part of a UTF-32 unit at byte %d", mark+i)
		}
		u := order.Uint32(b[i:])
		if u > utf8.MaxRune || !utf8.ValidRune(rune(u)) {
			return nil, fmt.Errorf("charset: invalid UTF-32 unit at byte %d", mark+i)
		}
		out = utf8.AppendRune(out, rune(u))
	}
	return out, nil
}
