package charset_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/internal/charset"
)

func TestFromContentType(t *testing.T) {
	tests := []struct{ name, contentType, want string }{
		{"R187 the charset parameter", "text/html; charset=utf-8", "utf-8"},
		{"R187 as it is written", "text/html; charset=UTF-8", "UTF-8"},
		{"R187 the parameter's name in any case", "text/html; ChArSeT=koi8-r", "koi8-r"},
		{"R187 double quotes are stripped", `text/html; charset="utf-8"`, "utf-8"},
		{"R187 single quotes are stripped", "text/html; charset='utf-8'", "utf-8"},
		{"R187 spaces are stripped", "text/html;  charset = utf-8 ; x=y", "utf-8"},
		{"R187 the whole parameter quoted", `text/html; "charset=utf-8"`, "utf-8"},
		{"R187 the last one wins", "text/html; charset=a; charset=b", "b"},
		{"R187 a parameter without = is ignored", "text/html; charset", ""},
		{"R187 a parameter without = after one that has it", "text/html; charset=a; charset", "a"},
		{"R187 another parameter is ignored", "text/html; xcharset=a; boundary=b", ""},
		{"R187 application/json is utf-8", "application/json", "utf-8"},
		{"R187 application/json in any case", "Application/JSON; x=y", "utf-8"},
		{"R187 +json is JSON", "application/problem+json", "utf-8"},
		{"R187 a parameter beats JSON", "application/json; charset=utf-16", "utf-16"},
		{"D19 text is for the content to say", "text/plain", ""},
		{"R187 else none", "image/png", ""},
		{"no Content-Type", "", ""},
		{"an empty charset", "text/html; charset=", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, charset.FromContentType(tt.contentType))
		})
	}
}

func TestDecode(t *testing.T) {
	tests := []struct {
		name, content, contentType, forced string
		want, charset                      string
	}{
		{"R188 empty", "", "text/plain; charset=koi8-r", "", "", "koi8-r"},
		{"R188 the forced charset wins", "\xe9\x80", "text/plain; charset=utf-8", "iso-8859-1", "é€", "iso-8859-1"},
		{"R188 the forced charset beats a mark", "\xef\xbb\xbfx", "", "iso-8859-1", "ï»¿x", "iso-8859-1"},
		{"R188 the declared charset", "\xd0\xd2\xc9\xd7\xc5\xd4", "text/plain; charset=koi8-r", "", "привет", "koi8-r"},
		{"R188 the declared charset beats valid UTF-8", "é", "text/plain; charset=windows-1252", "", "Ã©", "windows-1252"},
		{"R188 an unknown charset is UTF-8", "é", "text/plain; charset=unknown-name", "", "é", "unknown-name"},
		{"R188 an unknown charset replaces", "\xe9", "text/plain; charset=unknown-name", "", "\ufffd", "unknown-name"},
		{"R188 an empty charset is UTF-8", "\xe9", `text/plain; charset=""`, "", "\ufffd", ""},
		{"R188 an unknown forced charset is UTF-8", "é\xff", "", "unknown-name", "é\ufffd", "unknown-name"},
		{"R188 undecodable bytes are replaced", "a\xffb\xe2\x82c\xc0\x80", "text/plain; charset=utf-8", "", "a\ufffdb\ufffdc\ufffd\ufffd", "utf-8"},
		{"R188 a mark is kept when the charset is utf-8", "\xef\xbb\xbfx", "text/plain; charset=utf-8", "", "\ufeffx", "utf-8"},
		{"R188 a mark that decides is removed", "\xef\xbb\xbfé", "text/plain", "", "é", "utf-8"},
		{"R188 a mark that decides replaces what is not UTF-8", "\xef\xbb\xbf\xe9", "text/plain", "", "\ufffd", "utf-8"},
		{"R188 a mark of UTF-16, little-endian", "\xff\xfeh\x00\xe9\x00", "text/plain", "", "hé", "utf-16le"},
		{"R188 a mark of UTF-16, big-endian", "\xfe\xff\x00h\x00\xe9", "application/octet-stream", "", "hé", "utf-16be"},
		{"a mark of UTF-32, little-endian", "\xff\xfe\x00\x00h\x00\x00\x00", "text/plain", "", "h", "utf-32le"},
		{"a mark of UTF-32, big-endian", "\x00\x00\xfe\xff\x00\x00\x00h", "text/plain", "", "h", "utf-32be"},
		{"a declared utf-16 goes by its mark", "\xfe\xff\x00h\x00\xe9", "text/plain; charset=utf-16", "", "hé", "utf-16"},
		{"a declared utf-16 without a mark is little-endian", "h\x00\xe9\x00", "text/plain; charset=utf-16", "", "hé", "utf-16"},
		{"half a unit is replaced", "h\x00\xe9", "text/plain; charset=utf-16le", "", "h\ufffd", "utf-16le"},
		{"a declared utf-8-sig loses its mark", "\xef\xbb\xbfé", "text/plain; charset=utf-8-sig", "", "é", "utf-8-sig"},
		{"D19 text is UTF-8 if it is valid", "naïve", "text/plain", "", "naïve", "utf-8"},
		{"D19 text is ISO-8859-1 if not", "na\xefve", "text/plain", "", "naïve", "ISO-8859-1"},
		{"D19 and windows-1252 where that has more", "\x93na\xefve\x94 \x80 \x81", "text/plain", "", "“naïve” € \u0081", "ISO-8859-1"},
		{"R188 no type is UTF-8 if it is valid", "é", "", "", "é", "utf-8"},
		{"R188 no type is ISO-8859-1 if not", "\xe9", "", "", "é", "ISO-8859-1"},
		{"R187 JSON is UTF-8 though it is not valid", "\"\xe9\"", "application/json", "", "\"\ufffd\"", "utf-8"},
		{"multi-byte charsets", "\x93\xfa\x96\x7b", "text/plain; charset=Shift_JIS", "", "日本", "Shift_JIS"},
		{"names that only IANA has", "\x82", "text/plain; charset=cp437", "", "é", "cp437"},
		{"a meta element", "<meta charset=koi8-r><p>\xd0\xd2", "text/html", "", "<meta charset=koi8-r><p>пр", "koi8-r"},
		{"a meta element in XHTML", "<meta charset='koi8-r'/><p>\xd0", "Application/XHTML+xml; x=y", "", "<meta charset='koi8-r'/><p>п", "koi8-r"},
		{"a meta element with a pragma", `<META http-equiv="Content-Type" content="text/html; CHARSET=koi8-r">` + "\xd0", "text/html", "", `<META http-equiv="Content-Type" content="text/html; CHARSET=koi8-r">п`, "koi8-r"},
		{"a meta element beats valid UTF-8", "<meta charset=windows-1252>é", "text/html", "", "<meta charset=windows-1252>Ã©", "windows-1252"},
		{"a meta element of UTF-8 replaces what is not", "<meta charset=utf-8>\xe9", "text/html", "", "<meta charset=utf-8>\ufffd", "utf-8"},
		{"a meta element of UTF-16 is UTF-8", "<meta charset=utf-16>é", "text/html", "", "<meta charset=utf-16>é", "utf-8"},
		{"a meta element after bytes that are not ASCII", "<title>\xd0\xd2</title><meta charset=koi8-r>", "text/html", "", "<title>пр</title><meta charset=koi8-r>", "koi8-r"},
		{"a header beats a meta element", "<meta charset=koi8-r>é", "text/html; charset=utf-8", "", "<meta charset=koi8-r>é", "utf-8"},
		{"a mark beats a meta element", "\xef\xbb\xbf<meta charset=koi8-r>é", "text/html", "", "<meta charset=koi8-r>é", "utf-8"},
		{"a meta element is looked for in HTML only", "<meta charset=koi8-r>\xe9", "text/plain", "", "<meta charset=koi8-r>é", "ISO-8859-1"},
		{"a meta element in a comment does not count", "<!-- <meta charset=koi8-r> -->\xe9", "text/html", "", "<!-- <meta charset=koi8-r> -->é", "ISO-8859-1"},
		{"a meta element of an unknown charset does not count", "<meta charset=unknown>é", "text/html", "", "<meta charset=unknown>é", "utf-8"},
		{"a meta element that is cut does not count", "<meta charset=koi8-r", "text/html", "", "<meta charset=koi8-r", "utf-8"},
		{"a meta element past the first kilobyte does not count", strings.Repeat(" ", 1024) + "<meta charset=koi8-r>é", "text/html", "", strings.Repeat(" ", 1024) + "<meta charset=koi8-r>é", "utf-8"},
		{"HTML without a meta element", "<p>charset \xe9", "text/html", "", "<p>charset é", "ISO-8859-1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, charset.Decode([]byte(tt.content), tt.contentType, tt.forced))
			assert.Equal(t, tt.charset, charset.Detect([]byte(tt.content), tt.contentType, tt.forced))
		})
	}
}

func TestLookup(t *testing.T) {
	for _, name := range []string{
		"utf-8", "UTF8", " utf-8 ", "utf-8-sig", "utf-16", "utf-16le", "UTF-16BE", "utf-32", "utf-32le", "utf-32be", "us-ascii", "ascii",
		"iso-8859-1", "latin1", "iso-8859-15", "windows-1251", "koi8-r", "shift_jis", "euc-jp", "gb2312", "gb18030", "big5", "euc-kr", "cp437", "macintosh",
	} {
		assert.True(t, charset.Lookup(name), name)
	}
	for _, name := range []string{"", " ", "utf-9", "unknown-name", "utf-8\x00", "base64", "rot13"} {
		assert.False(t, charset.Lookup(name), name)
	}
}

func units16(s string, mark, big bool) []byte {
	u := utf16.Encode([]rune(s))
	if mark {
		u = append([]uint16{0xfeff}, u...)
	}
	var b []byte
	for _, c := range u {
		if big {
			b = append(b, byte(c>>8), byte(c))
		} else {
			b = append(b, byte(c), byte(c>>8))
		}
	}
	return b
}

func units32(s string, mark, big bool) []byte {
	r := []rune(s)
	if mark {
		r = append([]rune{0xfeff}, r...)
	}
	var b []byte
	for _, c := range r {
		if big {
			b = append(b, byte(c>>24), byte(c>>16), byte(c>>8), byte(c))
		} else {
			b = append(b, byte(c), byte(c>>8), byte(c>>16), byte(c>>24))
		}
	}
	return b
}

func TestUTF8JSON(t *testing.T) {
	for _, text := range []string{`{"a":"é"}`, `"é😀"`, "[1]", "1", "12", `"Ā"`, `"日本"`, `""`} {
		for _, mark := range []bool{false, true} {
			for _, big := range []bool{false, true} {
				name := fmt.Sprintf("%s with mark %t, big-endian %t", text, mark, big)
				got, err := charset.UTF8JSON(units16(text, mark, big))
				require.NoError(t, err, name)
				assert.Equal(t, text, string(got), "R189 UTF-16, %s", name)
				got, err = charset.UTF8JSON(units32(text, mark, big))
				require.NoError(t, err, name)
				assert.Equal(t, text, string(got), "R189 UTF-32, %s", name)
			}
		}
		b := []byte(text)
		got, err := charset.UTF8JSON(b)
		require.NoError(t, err)
		assert.Same(t, &b[0], &got[0], "R189 UTF-8 is returned as it is")
		assert.Len(t, got, len(b))
		got, err = charset.UTF8JSON([]byte("\xef\xbb\xbf" + text))
		require.NoError(t, err)
		assert.Equal(t, text, string(got), "D20 a mark of UTF-8 is removed")
	}

	refused := []struct{ name, content, message string }{
		{"half a UTF-16 unit", "1\x002\x003", "charset: half a UTF-16 unit at byte 4"},
		{"half a UTF-16 unit after a mark", "\xff\xfe1", "charset: half a UTF-16 unit at byte 2"},
		{"a high surrogate alone", "\"\x00\x3d\xd8\"\x00", "charset: unpaired UTF-16 surrogate at byte 2"},
		{"a high surrogate at the end", "\"\x00\x3d\xd8", "charset: unpaired UTF-16 surrogate at byte 2"},
		{"a low surrogate alone", "\"\x00\x00\xde\"\x00", "charset: unpaired UTF-16 surrogate at byte 2"},
		{"part of a UTF-32 unit", "1\x00\x00\x002\x00", "charset: part of a UTF-32 unit at byte 4"},
		{"a UTF-32 unit out of range", "1\x00\x00\x00\x00\x00\x11\x00", "charset: invalid UTF-32 unit at byte 4"},
		{"a UTF-32 unit out of int32's range", "1\x00\x00\x00\x00\x00\x00\xff", "charset: invalid UTF-32 unit at byte 4"},
		{"a surrogate in UTF-32", "1\x00\x00\x00\x00\xd8\x00\x00", "charset: invalid UTF-32 unit at byte 4"},
	}
	for _, tt := range refused {
		t.Run(tt.name, func(t *testing.T) {
			_, err := charset.UTF8JSON([]byte(tt.content))
			assert.EqualError(t, err, tt.message)
		})
	}
	t.Run("nothing is nothing", func(t *testing.T) {
		for _, b := range [][]byte{nil, {}, {0}, {'1'}} {
			got, err := charset.UTF8JSON(b)
			require.NoError(t, err)
			assert.Equal(t, b, got)
		}
	})
}

func TestUTF8CostsOneAllocation(t *testing.T) {
	b := []byte(strings.Repeat("some text, naïve ", 1000))
	for _, ct := range []string{"text/plain", "text/plain; charset=utf-8", "application/json", "text/html", ""} {
		n := testing.AllocsPerRun(100, func() { sink = charset.Decode(b, ct, "") })
		assert.LessOrEqual(t, n, 1.0, ct)
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = charset.UTF8JSON(b) }))
}

var sink string

// Text is always valid UTF-8, what is valid UTF-8 and says nothing else is
// unchanged, and Decode reads by the charset that Detect names.
func FuzzDecode(f *testing.F) {
	for _, ct := range []string{"", "text/html", "text/plain; charset=utf-16", "text/html; charset=shift_jis", "a/b; charset=iso-2022-kr", "application/json", "x; charset=utf-7;charset"} {
		f.Add([]byte("<meta charset=koi8-r>\xd0\xd2é"), ct, "")
		f.Add([]byte("\xff\xfe\x00\xd8\x00"), ct, "gb18030")
	}
	f.Fuzz(func(t *testing.T, content []byte, contentType, forced string) {
		text := charset.Decode(content, contentType, forced)
		require.True(t, utf8.ValidString(text))
		if utf8.Valid(content) && !strings.HasPrefix(string(content), "\ufeff") && !strings.HasPrefix(string(content), "\x00") {
			require.Equal(t, string(content), charset.Decode(content, "text/plain", ""))
		}
		_ = charset.FromContentType(contentType)
		_ = charset.Lookup(forced)
		name := charset.Detect(content, contentType, forced)
		if !strings.HasPrefix(strings.ToLower(name), "utf") && name != "" && !strings.EqualFold(name, "ISO-8859-1") {
			require.Equal(t, text, charset.Decode(content, contentType, name))
		}
	})
}

// JSON is the same in every encoding of its text.
func FuzzUTF8JSON(f *testing.F) {
	f.Add([]byte(`{"a":"é😀"}`))
	f.Add([]byte("\x00\x00\x00\x31"))
	f.Add([]byte("\xfe\xff\xd8"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := charset.UTF8JSON(b)
		if err != nil {
			return
		}
		if !json.Valid(b) || !utf8.Valid(b) {
			return
		}
		require.Equal(t, string(b), string(got))
		text := strings.TrimSpace(string(b))
		for _, mark := range []bool{false, true} {
			for _, big := range []bool{false, true} {
				for _, in := range [][]byte{units16(text, mark, big), units32(text, mark, big)} {
					got, err := charset.UTF8JSON(in)
					require.NoError(t, err)
					require.Equal(t, text, string(got))
				}
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	content := []byte(strings.Repeat("some text, naïve ", 4000))
	latin := []byte(strings.Repeat("some text, na\xefve ", 4000))
	b.Run("UTF-8", func(b *testing.B) {
		b.SetBytes(int64(len(content)))
		b.ReportAllocs()
		for b.Loop() {
			sink = charset.Decode(content, "text/html", "")
		}
	})
	b.Run("ISO-8859-1", func(b *testing.B) {
		b.SetBytes(int64(len(latin)))
		b.ReportAllocs()
		for b.Loop() {
			sink = charset.Decode(latin, "text/plain", "")
		}
	})
}

func ExampleDecode() {
	fmt.Println(charset.Decode([]byte("na\xefve"), "text/plain", ""))
	fmt.Println(charset.Decode([]byte("\xd0\xd2\xc9\xd7\xc5\xd4"), "text/plain; charset=koi8-r", ""))
	// Output:
	// naïve
	// привет
}

func TestDecode_namesThatAreReplacedOrSpeltOtherwise(t *testing.T) {
	assert.Equal(t, "hi 你好", charset.Decode([]byte("hi ~{Dc:C~}"), "text/plain; charset=hz-gb-2312", ""))
	assert.Equal(t, "é", charset.Decode([]byte{0xe9}, "text/plain; charset=latin-1", ""))
	assert.Equal(t, "€", charset.Decode([]byte{0xa4}, "text/plain; charset=iso8859_15", ""))
	assert.Equal(t, "plain", charset.Decode([]byte("plain"), "text/plain; charset=iso-2022-kr", ""))
}
