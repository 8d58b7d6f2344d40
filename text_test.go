package requests_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

// typed is a response with content of a type; "" names none.
func typed(t testing.TB, contentType, content string, opts ...requests.Option) *requests.Response {
	t.Helper()
	h := http.Header{}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	return fetch(t, canned("200 OK", h, content), opts...)
}

func TestResponse_Encoding(t *testing.T) {
	for _, c := range []struct{ name, contentType, encoding string }{
		{"R187 a parameter", "text/html; charset=utf-8", "utf-8"},
		{"R187 as it is written", "text/html; charset=UTF-8", "UTF-8"},
		{"R187 the name in any case", "text/html; ChArSeT=koi8-r", "koi8-r"},
		{"R187 quotes are stripped", `text/html; charset="koi8-r"`, "koi8-r"},
		{"R187 single quotes are stripped", `text/html; charset='koi8-r'`, "koi8-r"},
		{"R187 blanks are stripped", "text/html; charset = koi8-r ", "koi8-r"},
		{"R187 the whole parameter in quotes", `text/html; "charset=koi8-r"`, "koi8-r"},
		{"R187 the last one wins", "text/html; charset=koi8-r; charset=utf-16", "utf-16"},
		{"R187 a parameter without = is ignored", "text/html; charset", ""},
		{"R187 among others", "text/html; a=b; charset=koi8-r; c=d", "koi8-r"},
		{"R187 JSON is UTF-8", "application/json", "utf-8"},
		{"R187 JSON in any case", "Application/JSON", "utf-8"},
		{"R187 +json counts as JSON", "application/problem+json", "utf-8"},
		{"R187 a parameter outranks JSON", "application/json; charset=utf-16", "utf-16"},
		{"D19 text alone settles nothing", "text/plain", ""},
		{"R187 nothing is known", "application/octet-stream", ""},
		{"R187 no type at all", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.encoding, typed(t, c.contentType, "x").Encoding())
		})
	}
}

func TestResponse_Text(t *testing.T) {
	for _, c := range []struct{ name, contentType, forced, content, text string }{
		{"R188 empty content", "text/plain; charset=koi8-r", "", "", ""},
		{"R188 by the parameter", "text/plain; charset=koi8-r", "", "\xd0\xd2\xc9\xd7\xc5\xd4", "привет"},
		{"R188 what was set wins", "text/plain; charset=koi8-r", "iso-8859-1", "\xe9", "é"},
		{"D19 text in UTF-8", "text/plain", "", "grün", "grün"},
		{"D19 text that is no UTF-8 is Latin-1", "text/plain", "", "gr\xfcn", "grün"},
		{"R188 detected as UTF-8", "", "", "grün", "grün"},
		{"R188 detected as Latin-1", "application/octet-stream", "", "gr\xfcn", "grün"},
		{"R188 a byte order mark of UTF-16", "", "", "\xff\xfeh\x00i\x00", "hi"},
		{"R188 a byte order mark of UTF-8 is dropped when it decides", "", "", "\xef\xbb\xbfhi", "hi"},
		{"R188 and kept when utf-8 was declared", "text/plain; charset=utf-8", "", "\xef\xbb\xbfhi", "\ufeffhi"},
		{"R188 an unknown charset is UTF-8", "text/plain; charset=nonsense", "", "grün", "grün"},
		{"R188 an empty charset is UTF-8", "text/plain; charset=", "", "grün", "grün"},
		{"R188 what cannot be decoded is replaced", "text/plain; charset=utf-8", "", "a\xffb", "a\ufffdb"},
		{"R188 JSON that is no UTF-8 is replaced", "application/json", "", "\"\xff\"", "\"\ufffd\""},
		{"R188 Shift JIS", "text/plain; charset=Shift_JIS", "", "\x83\x65\x83\x58\x83\x67", "テスト"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, stream := range []bool{false, true} {
				r := typed(t, c.contentType, c.content, requests.WithStream(stream))
				require.NoError(t, r.SetEncoding(c.forced))
				assert.Equal(t, c.text, r.Text())
				assert.Equal(t, c.text, r.Text())
				require.NoError(t, r.Err())
				assert.Equal(t, c.content, string(r.Bytes()), "the bytes are as they came")
			}
		})
	}
}

func TestResponse_SetEncoding(t *testing.T) {
	r := typed(t, "text/plain; charset=utf-8", "gr\xfcn")
	require.NoError(t, r.SetEncoding("latin1"))
	assert.Equal(t, "latin1", r.Encoding())
	assert.Equal(t, "grün", r.Text())
	require.Error(t, r.SetEncoding("nonsense"))
	assert.Equal(t, "latin1", r.Encoding(), "a refused name changes nothing")
	require.NoError(t, r.SetEncoding(""))
	assert.Equal(t, "utf-8", r.Encoding())
	assert.Equal(t, "gr\ufffdn", r.Text())
}

func TestResponse_JSON(t *testing.T) {
	for _, c := range []struct {
		name, contentType, content string
		value                      any
	}{
		{"R189 UTF-8", "application/json", `{"a":"ü"}`, map[string]any{"a": "ü"}},
		{"R189 whatever the type says", "text/plain", `[1,2]`, []any{1.0, 2.0}},
		{"R189 without a type", "", `"x"`, "x"},
		{"R189 white space around it", "", " \r\n\t1 \n", 1.0},
		{"R189 a short text", "", "1", 1.0},
		{"D20 a byte order mark", "application/json; charset=utf-8", "\xef\xbb\xbf1", 1.0},
		{"R189 UTF-16 with a mark", "", "\xff\xfe\"\x00\xfc\x00\"\x00", "ü"},
		{"R189 UTF-16 by its zero bytes", "", "\x00[\x001\x00]", []any{1.0}},
		{"R189 UTF-32 by its zero bytes", "", "[\x00\x00\x001\x00\x00\x00]\x00\x00\x00", []any{1.0}},
		{"R189 by a declared charset", "application/json; charset=iso-8859-1", "\"gr\xfcn\"", "grün"},
		{"R189 by another declared charset", "application/json; charset=koi8-r", "\"\xd0\xd2\"", "пр"},
		{"R189 an unknown charset is UTF-8", "application/json; charset=nonsense", `"ü"`, "ü"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, stream := range []bool{false, true} {
				var v any
				require.NoError(t, typed(t, c.contentType, c.content, requests.WithStream(stream)).JSON(&v))
				assert.Equal(t, c.value, v)
			}
		})
	}
}

func TestResponse_JSONThatIsNone(t *testing.T) {
	for _, c := range []struct{ name, content string }{
		{"R189 a word", "nope"},
		{"R189 nothing", ""},
		{"R189 blanks", "  \n"},
		{"R189 trailing data", `{} {}`},
		{"R189 cut", `{"a":`},
		{"D20 NaN is refused", "NaN"},
		{"D20 Infinity is refused", "[Infinity]"},
		{"R189 half of a UTF-16 unit", "\xff\xfe1\x00x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := typed(t, "application/json", c.content)
			err := r.JSON(new(any))
			require.ErrorIs(t, err, requests.ErrInvalidJSON)
			var e *requests.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "GET", e.Method)
			assert.Equal(t, "http://api.test/a", e.URL)
			assert.Same(t, r, e.Response)
			assert.Equal(t, c.content, string(r.Bytes()), "the content is still there")
			require.NoError(t, r.Err(), "it is the text that is bad, not what was read")
		})
	}
	r := typed(t, "application/json", `{"a":"text"}`)
	require.ErrorIs(t, r.JSON(new(struct{ A int })), requests.ErrInvalidJSON, "a value of another shape")
	require.NoError(t, r.JSON(new(struct{ A string })), "and it can be tried again")
}

func TestResponse_JSONByTheSetEncoding(t *testing.T) {
	r := typed(t, "text/plain", "\"gr\xfcn\"")
	require.NoError(t, r.SetEncoding("iso-8859-1"))
	var v string
	require.NoError(t, r.JSON(&v))
	assert.Equal(t, "grün", v, "R188 what the user sets wins")
}
