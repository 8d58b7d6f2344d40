package requests_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

// piecewise is an adapter whose content arrives in these pieces.
func piecewise(contentType string, pieces ...string) http.RoundTripper {
	return adapters.Func(func(r *http.Request) (*http.Response, error) {
		readers := make([]io.Reader, len(pieces))
		for i, p := range pieces {
			readers[i] = strings.NewReader(p)
		}
		return &http.Response{
			StatusCode: 200, Header: http.Header{"Content-Type": {contentType}},
			Body: io.NopCloser(io.MultiReader(readers...)), ContentLength: -1, Request: r,
		}, nil
	})
}

func linesRead(t testing.TB, r *requests.Response) []string {
	t.Helper()
	got := []string{}
	for line, err := range r.Lines() {
		require.NoError(t, err)
		got = append(got, line)
	}
	return got
}

func TestResponse_Lines(t *testing.T) {
	for _, c := range []struct {
		name, content string
		lines         []string
	}{
		{"R184 nothing", "", []string{}},
		{"R184 no final empty line", "a\nb\n", []string{"a", "b"}},
		{"R184 the last line needs no end", "a\nb", []string{"a", "b"}},
		{"R184 CRLF", "a\r\nb\r\n", []string{"a", "b"}},
		{"R184 CR", "a\rb\r", []string{"a", "b"}},
		{"R184 mixed", "a\nb\r\nc\rd", []string{"a", "b", "c", "d"}},
		{"R184 empty lines count", "\n\na\n\n", []string{"", "", "a", ""}},
		{"R184 LF CR are two ends", "a\n\rb", []string{"a", "", "b"}},
		{"R184 CR CR LF are two ends", "a\r\r\nb", []string{"a", "", "b"}},
		{"D16 other separators are text", "a\u2028b\x0bc\x0cd\x85\n", []string{"a\u2028b\x0bc\x0cd\x85"}},
		{"R184 a line longer than any buffer", strings.Repeat("x", 100_000) + "\r\ny", []string{strings.Repeat("x", 100_000), "y"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := fetch(t, canned("200 OK", nil, c.content))
			assert.Equal(t, c.lines, linesRead(t, r), "in memory")
			assert.Equal(t, c.lines, linesRead(t, r), "in memory, again")

			adapter := adapters.Func(func(r *http.Request) (*http.Response, error) {
				body := io.NopCloser(iotest.OneByteReader(strings.NewReader(c.content)))
				return &http.Response{StatusCode: 200, Body: body, ContentLength: -1, Request: r}, nil
			})
			r = fetch(t, adapter, requests.WithStream(true))
			assert.Equal(t, c.lines, linesRead(t, r), "D16 byte by byte")

			r = fetch(t, piecewise("", strings.SplitAfter(c.content, "\r")...), requests.WithStream(true))
			assert.Equal(t, c.lines, linesRead(t, r), "D16 CRLF cut in two")
		})
	}
}

func TestResponse_LinesArriveWhenTheyAreThere(t *testing.T) {
	// A line is handed out when its end is seen, CR included: what follows may
	// be long in coming.
	r, w := io.Pipe()
	adapter := adapters.Func(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: r, ContentLength: -1, Request: req}, nil
	})
	go func() {
		io.WriteString(w, "one\rtwo\nthr")
	}()
	resp := fetch(t, adapter, requests.WithStream(true))
	var got []string
	for line, err := range resp.Lines() {
		require.NoError(t, err)
		if got = append(got, line); len(got) == 2 {
			break
		}
	}
	assert.Equal(t, []string{"one", "two"}, got)
}

// What is in memory is held already; a stream has a bound.
func TestResponse_LongestLine(t *testing.T) {
	long := strings.Repeat("x", 10<<20)
	text := piecewise("", "a\n", long, "\nb\n")
	r := fetch(t, text)
	assert.Equal(t, []string{"a", long, "b"}, linesRead(t, r))
	r = fetch(t, text, requests.WithStream(true))
	r.Bytes()
	assert.Equal(t, []string{"a", long, "b"}, linesRead(t, r), "a stream that has been read")

	n := 0
	for line, err := range fetch(t, text, requests.WithStream(true)).Lines() {
		if n++; n == 1 {
			assert.Equal(t, "a", line)
			continue
		}
		require.ErrorIs(t, err, requests.ErrBodyTooLarge)
		assert.NotContains(t, err.Error(), "WithMaxBody", "which would not help")
		assert.ErrorContains(t, err, "WithStream(false)")
	}
	assert.Equal(t, 2, n)
}

func TestValues_LongestValue(t *testing.T) {
	long := strings.Repeat("x", 20<<20)
	for name, content := range map[string]string{
		"a line":     `"` + long + "\"\n",
		"a record":   "\x1e\"" + long + "\"\n",
		"an element": `["` + long + `"]`,
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			for v, err := range requests.Values[string](fetch(t, canned("200 OK", nil, content))) {
				require.NoError(t, err)
				assert.True(t, v == long)
				n++
			}
			assert.Equal(t, 1, n)
			var last error
			for _, last = range requests.Values[string](fetch(t, canned("200 OK", nil, content), requests.WithStream(true))) {
			}
			require.ErrorIs(t, last, requests.ErrBodyTooLarge)
			assert.NotContains(t, last.Error(), "WithMaxBody")
		})
	}
}

func TestResponse_Chunks(t *testing.T) {
	for _, c := range []struct {
		name   string
		size   int
		pieces []string
		loaded []string
		stream []string
	}{
		{"R182 sizes are upper bounds", 4, []string{"0123456789"}, []string{"0123", "4567", "89"}, []string{"0123", "4567", "89"}},
		{"R182 pieces are not merged", 4, []string{"01", "23456", "789"}, []string{"0123", "4567", "89"}, []string{"01", "2345", "6", "789"}},
		{"R182 size 0: as it arrives", 0, []string{"01", "23456"}, []string{"0123456"}, []string{"01", "23456"}},
		{"R182 a negative size: as it arrives", -1, []string{"01", "23456"}, []string{"0123456"}, []string{"01", "23456"}},
		{"R182 nothing gives nothing", 4, nil, nil, nil},
		{"R182 a size beyond the content", 1 << 20, []string{"01"}, []string{"01"}, []string{"01"}},
		{"R182 a size beyond any memory", math.MaxInt, []string{"01"}, []string{"01"}, []string{"01"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			collect := func(r *requests.Response) (got []string) {
				for chunk, err := range r.Chunks(c.size) {
					require.NoError(t, err)
					assert.Equal(t, len(chunk), cap(chunk), "a piece has no room to append to")
					got = append(got, string(chunk))
				}
				return got
			}
			r := fetch(t, piecewise("", c.pieces...))
			assert.Equal(t, c.loaded, collect(r))
			assert.Equal(t, c.loaded, collect(r), "R182 repeatable in memory")

			r = fetch(t, piecewise("", c.pieces...), requests.WithStream(true))
			assert.Equal(t, c.stream, collect(r))
			for _, err := range r.Chunks(c.size) {
				require.ErrorIs(t, err, requests.ErrBodyConsumed, "R182 a finished stream")
			}
			require.ErrorIs(t, r.Err(), requests.ErrBodyConsumed)
		})
	}
}

func TestStream_AfterItsEnd(t *testing.T) {
	finish := map[string]func(*testing.T, *requests.Response){
		"R182 read by Lines": func(t *testing.T, r *requests.Response) { linesRead(t, r) },
		"R182 read by Chunks": func(t *testing.T, r *requests.Response) {
			for range r.Chunks(2) {
			}
		},
		"R182 read by hand": func(t *testing.T, r *requests.Response) {
			_, err := io.Copy(io.Discard, r.Body)
			require.NoError(t, err)
		},
		"D17 closed unread": func(t *testing.T, r *requests.Response) {
			require.NoError(t, r.Close())
			require.NoError(t, r.Close())
		},
		"D17 closed half-read": func(t *testing.T, r *requests.Response) {
			_, err := io.ReadFull(r.Body, make([]byte, 2))
			require.NoError(t, err)
			require.NoError(t, r.Close())
		},
		"D17 abandoned by a loop": func(t *testing.T, r *requests.Response) {
			for range r.Chunks(2) {
				break
			}
		},
	}
	use := map[string]func(*requests.Response) error{
		"Bytes": func(r *requests.Response) error { r.Bytes(); return r.Err() },
		"Text":  func(r *requests.Response) error { _ = r.Text(); return r.Err() },
		"JSON":  func(r *requests.Response) error { return r.JSON(new(any)) },
		"Lines": func(r *requests.Response) error {
			for _, err := range r.Lines() {
				return err
			}
			return nil
		},
		"Chunks": func(r *requests.Response) error {
			for _, err := range r.Chunks(1) {
				return err
			}
			return nil
		},
		"Values": func(r *requests.Response) error {
			for _, err := range requests.Values[int](r) {
				return err
			}
			return nil
		},
		"Bytes collected": func(r *requests.Response) error { _, err := requests.Bytes(r, nil); return err },
	}
	for name, end := range finish {
		for method, again := range use {
			t.Run(name+", then "+method, func(t *testing.T) {
				r := fetch(t, canned("200 OK", nil, "12\n34\n"), requests.WithStream(true))
				end(t, r)
				require.ErrorIs(t, again(r), requests.ErrBodyConsumed)
			})
		}
		t.Run(name+", then SaveFile", func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "kept")
			require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
			r := fetch(t, canned("200 OK", nil, "12\n34\n"), requests.WithStream(true))
			end(t, r)
			_, err := r.SaveFile(path)
			require.ErrorIs(t, err, requests.ErrBodyConsumed)
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, "old", string(b), "nothing is put in its place")
		})
	}
}

func TestStream_PartlyRead(t *testing.T) {
	r := fetch(t, canned("200 OK", nil, "0123456789"), requests.WithStream(true))
	_, err := io.ReadFull(r.Body, make([]byte, 4))
	require.NoError(t, err)
	assert.Equal(t, "456789", r.Text(), "R182 the rest is what is left")
	require.NoError(t, r.Err())
	assert.Equal(t, "456789", r.Text())
}

func TestStream_ConnectionReuse(t *testing.T) {
	content := strings.Repeat("x", 1<<20)
	for _, c := range []struct {
		name  string
		use   func(*requests.Response)
		conns int
	}{
		{"R181 read by Lines", func(r *requests.Response) { linesRead(t, r) }, 1},
		{"R181 read by hand", func(r *requests.Response) { io.Copy(io.Discard, r.Body) }, 1},
		{"R181 read by Bytes", func(r *requests.Response) { r.Bytes() }, 1},
		{"R181 closed early drops it", func(r *requests.Response) { r.Close() }, 2},
		{"R181 left by a loop drops it", func(r *requests.Response) {
			for range r.Chunks(10) {
				break
			}
		}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, reply(200, content), reply(200, "next"))
			s := newSession(t)
			r, err := s.Get(t.Context(), w.URL, requests.WithStream(true))
			require.NoError(t, err)
			c.use(r)
			_, err = s.Get(t.Context(), w.URL)
			require.NoError(t, err)
			assert.Equal(t, c.conns, w.Accepted())
		})
	}
}

// closeCounter is a body that knows whether it was closed.
type closeCounter struct {
	io.Reader
	closed int
}

func (c *closeCounter) Close() error {
	c.closed++
	return nil
}

func TestStream_LeavingALoopAnywhereClosesTheBody(t *testing.T) {
	const content = "1\n2\n3\n4\n"
	loops := map[string]func(r *requests.Response, leave func() bool){
		"Lines": func(r *requests.Response, leave func() bool) {
			for range r.Lines() {
				if leave() {
					break
				}
			}
		},
		"Chunks": func(r *requests.Response, leave func() bool) {
			for range r.Chunks(2) {
				if leave() {
					break
				}
			}
		},
		"Values": func(r *requests.Response, leave func() bool) {
			for range requests.Values[int](r) {
				if leave() {
					break
				}
			}
		},
	}
	for name, loop := range loops {
		for stop := 1; stop <= 5; stop++ {
			t.Run(fmt.Sprintf("%s left at %d", name, stop), func(t *testing.T) {
				body := &closeCounter{Reader: strings.NewReader(content)}
				r := fetch(t, adapters.Func(func(req *http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: 200, Body: body, ContentLength: -1, Request: req}, nil
				}), requests.WithStream(true))
				n := 0
				loop(r, func() bool { n++; return n == stop })
				assert.Positive(t, body.closed)
				r.Bytes()
				require.ErrorIs(t, r.Err(), requests.ErrBodyConsumed)
			})
		}
		t.Run(name+" left by a panic", func(t *testing.T) {
			body := &closeCounter{Reader: strings.NewReader(content)}
			r := fetch(t, adapters.Func(func(req *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Body: body, ContentLength: -1, Request: req}, nil
			}), requests.WithStream(true))
			assert.PanicsWithValue(t, "the caller's", func() { loop(r, func() bool { panic("the caller's") }) })
			assert.Positive(t, body.closed)
		})
	}
}

func TestValues(t *testing.T) {
	type item struct{ N int }
	for _, c := range []struct {
		name, contentType, content string
		items                      []item
		err                        error
	}{
		{"lines of JSON", "application/x-ndjson", "{\"n\":1}\n{\"n\":2}\n", []item{{1}, {2}}, nil},
		{"lines without a last end", "application/x-ndjson", "{\"n\":1}\n{\"n\":2}", []item{{1}, {2}}, nil},
		{"blank lines and CRLF", "application/jsonl", "{\"n\":1}\r\n\r\n\n{\"n\":2}\r\n", []item{{1}, {2}}, nil},
		{"a byte order mark", "", "\xef\xbb\xbf{\"n\":1}\n", []item{{1}}, nil},
		{"records (RFC 7464)", "application/json-seq", "\x1e{\"n\":1}\n\x1e{\"n\":2}\n", []item{{1}, {2}}, nil},
		{"separators in a row", "application/json-seq", "\x1e\x1e{\"n\":1}\n\x1e\x1e\x1e{\"n\":2}\n", []item{{1}, {2}}, nil},
		{"a last record that shows its own end", "application/json-seq", "\x1e{\"n\":1}\n\x1e{\"n\":2}", []item{{1}, {2}}, nil},
		{"a record that is cut before it begins", "application/json-seq", "\x1e{\"n\":1}\n\x1e", []item{{1}}, requests.ErrInvalidJSON},
		{"records of several lines", "application/json-seq", "\x1e{\n\"n\":\n1}\n\x1e{\"n\":2}\n\n", []item{{1}, {2}}, nil},
		{"an array", "application/json", "[{\"n\":1},\n {\"n\":2} ]\n", []item{{1}, {2}}, nil},
		{"an empty array", "application/json", " [ ] ", nil, nil},
		{"nothing", "application/json", "", nil, nil},
		{"only blanks", "application/json", " \n\r\n ", nil, nil},
		{"bad JSON ends it", "", "{\"n\":1}\nnope\n{\"n\":3}\n", []item{{1}}, requests.ErrInvalidJSON},
		{"a value of another shape ends it", "", "{\"n\":1}\n{\"n\":\"x\"}\n", []item{{1}}, requests.ErrInvalidJSON},
		{"an array that is cut", "application/json", `[{"n":1},{"n":2}`, []item{{1}, {2}}, requests.ErrInvalidJSON},
		{"an element that is cut", "application/json", `[{"n":1},{"n":`, []item{{1}}, requests.ErrInvalidJSON},
		{"something after the array", "application/json", `[{"n":1}] x`, []item{{1}}, requests.ErrInvalidJSON},
		{"commas only", "application/json", `[,]`, nil, requests.ErrInvalidJSON},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, stream := range []bool{true, false} {
				r := fetch(t, piecewise(c.contentType, strings.SplitAfter(c.content, "")...), requests.WithStream(stream))
				var items []item
				var last error
				for v, err := range requests.Values[item](r) {
					if last = err; err == nil {
						items = append(items, v)
					}
				}
				assert.Equal(t, c.items, items)
				if c.err == nil {
					require.NoError(t, last)
				} else {
					require.ErrorIs(t, last, c.err)
				}
				if stream {
					require.ErrorIs(t, r.Err(), c.err, "what ended a stream is kept")
				} else {
					require.NoError(t, r.Err(), "content in memory was all had")
				}
			}
		})
	}
}

// What is had is not held back until more comes, which may be long.
func TestValues_ComeAsTheyArrive(t *testing.T) {
	for name, pieces := range map[string][]string{
		"lines":   {"1\n", "2\n"},
		"records": {"\x1e{\"n\":1}\n", "\x1e2\n"},
	} {
		t.Run(name, func(t *testing.T) {
			had, sent := 0, 0
			body := reading(func(p []byte) (int, error) {
				require.Equal(t, sent, had, "more is read before what came is had")
				if sent == len(pieces) {
					return 0, io.EOF
				}
				sent++
				return copy(p, pieces[sent-1]), nil
			})
			r := fetch(t, roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Body: io.NopCloser(body), ContentLength: -1, Request: r}, nil
			}), requests.WithStream(true))
			for _, err := range requests.Values[any](r) {
				require.NoError(t, err)
				had++
			}
			assert.Equal(t, len(pieces), had)
		})
	}
}

func TestValues_AfterARecordThatWasHadComesARecord(t *testing.T) {
	var last error
	n := 0
	for _, err := range requests.Values[any](fetch(t, piecewise("", "\x1e1\n", "2\n"), requests.WithStream(true))) {
		n, last = n+1, err
	}
	assert.Equal(t, 2, n)
	require.ErrorIs(t, last, requests.ErrInvalidJSON)
}

type reading func([]byte) (int, error)

func (f reading) Read(p []byte) (int, error) { return f(p) }

func TestValues_ThatAreNoneSpoilNothingElse(t *testing.T) {
	r := fetch(t, canned("200 OK", nil, `{"a":1}`))
	for _, err := range requests.Values[int](r) {
		require.ErrorIs(t, err, requests.ErrInvalidJSON)
	}
	assert.Equal(t, []string{`{"a":1}`}, linesRead(t, r), "the content in memory is whole")
	var v map[string]int
	require.NoError(t, r.JSON(&v))
	assert.Equal(t, map[string]int{"a": 1}, v)
	_, err := requests.Bytes(r, nil)
	require.NoError(t, err)
}

func TestValues_EachIsItsOwn(t *testing.T) {
	r := fetch(t, canned("200 OK", nil, "{\"a\":1}\n{\"b\":2}\n"), requests.WithStream(true))
	var got []map[string]int
	for v, err := range requests.Values[map[string]int](r) {
		require.NoError(t, err)
		got = append(got, v)
	}
	assert.Equal(t, []map[string]int{{"a": 1}, {"b": 2}}, got, "no value shows through in the next")
}

func TestValues_KeepTheBlanksOfStringsOnly(t *testing.T) {
	const content = "[ \"a  b\" ,\r\n\t \"\\\\\"  , \"x\\\"  y\",   \"\\\\\\\"   \"  ]  "
	for _, pieces := range [][]string{{content}, strings.Split(content, "")} {
		var got []string
		for v, err := range requests.Values[string](fetch(t, piecewise("application/json", pieces...), requests.WithStream(true))) {
			require.NoError(t, err)
			got = append(got, v)
		}
		assert.Equal(t, []string{"a  b", `\`, `x"  y`, `\"   `}, got)
	}
}

// The decoder would hold the blanks, and look at all of them again whenever
// more come.
func TestValues_BlanksAreNotHeld(t *testing.T) {
	blanks := strings.Repeat(" ", 4<<20)
	r := fetch(t, piecewise("application/json", "[1", blanks, ",", blanks, "2", blanks, "]"), requests.WithStream(true))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var got []int
	for v, err := range requests.Values[int](r) {
		require.NoError(t, err)
		got = append(got, v)
	}
	runtime.ReadMemStats(&after)
	assert.Equal(t, []int{1, 2}, got)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "bytes")
}

// A function may take a Response by its value.
func TestStream_CopyOfAResponse(t *testing.T) {
	content := strings.Repeat("0123456789", 1000)
	for name, read := range map[string]func(requests.Response) (string, error){
		"its content": func(r requests.Response) (string, error) { return string(r.Bytes()), r.Err() },
		"its content after its status": func(r requests.Response) (string, error) {
			assert.Error(t, r.RaiseForStatus())
			return string(r.Bytes()), r.Err()
		},
		"its body after its status": func(r requests.Response) (string, error) {
			assert.Error(t, r.RaiseForStatus())
			b, err := io.ReadAll(r.Body)
			return string(b), err
		},
	} {
		t.Run(name, func(t *testing.T) {
			get := func(opts ...requests.Option) requests.Response {
				return *fetch(t, canned("500 Sorry", nil, content), append(opts, requests.WithStream(true))...)
			}
			got, err := read(get())
			require.NoError(t, err)
			assert.Equal(t, content, got)
			if name != "its body after its status" {
				_, err = read(get(requests.WithMaxBody(100)))
				require.ErrorIs(t, err, requests.ErrBodyTooLarge)
			}
		})
	}
}

func TestStream_ErrorsComeThrough(t *testing.T) {
	cut := reply(200, "1\n2\n3", "Content-Length: 100", "Connection: close")
	for _, stream := range []string{"Lines", "Chunks", "Values", "Body", "SaveFile"} {
		t.Run(stream, func(t *testing.T) {
			w := newReplies(t, cut)
			r, err := newSession(t).Get(t.Context(), w.URL, requests.WithStream(true))
			require.NoError(t, err)
			switch stream {
			case "Lines":
				for _, err = range r.Lines() {
				}
			case "Chunks":
				for _, err = range r.Chunks(100) {
				}
			case "Values":
				for _, err = range requests.Values[int](r) {
				}
			case "Body":
				_, err = io.Copy(io.Discard, r.Body)
			case "SaveFile":
				path := filepath.Join(t.TempDir(), "f")
				_, err = r.SaveFile(path)
				require.NoFileExists(t, path)
			}
			require.ErrorIs(t, err, requests.ErrTruncated)
			var e *requests.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "read content", e.Op)
			assert.Same(t, r, e.Response)
		})
	}
}

// A number at the end of a sequence of records may have been cut, other values
// show their own end (RFC 7464, section 2.4).
func TestValues_TheLastRecord(t *testing.T) {
	for _, tt := range []struct {
		name, content string
		want          []any
		cut           bool
	}{
		{"an object", "\x1e{}", []any{map[string]any{}}, false},
		{"an array", "\x1e[]", []any{[]any{}}, false},
		{"a string", "\x1e\"a\"", []any{"a"}, false},
		{"a string and blanks", "\x1e\"a\" ", []any{"a"}, false},
		{"a number and its end", "\x1e12\n", []any{12.0}, false},
		{"a number", "\x1e12", nil, true},
		{"a literal", "\x1etrue", nil, true},
		{"nothing", "\x1e", nil, true},
		{"a blank", "\x1e ", nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []any
			var last error
			for v, err := range requests.Values[any](fetch(t, canned("200 OK", nil, tt.content))) {
				if last = err; err == nil {
					got = append(got, v)
				}
			}
			assert.Equal(t, tt.want, got)
			if !tt.cut {
				require.NoError(t, last)
				return
			}
			require.ErrorIs(t, last, requests.ErrInvalidJSON)
			require.ErrorIs(t, last, io.ErrUnexpectedEOF)
		})
	}
}

// Content in memory is ranged over as a stream is: a loop may be left, and what
// is missing is an error behind what there is.
func TestStream_ContentInMemory(t *testing.T) {
	t.Run("a loop that is left", func(t *testing.T) {
		r := fetch(t, canned("200 OK", nil, "content"))
		for range 2 {
			var got []string
			for chunk, err := range r.Chunks(3) {
				require.NoError(t, err)
				if got = append(got, string(chunk)); len(got) == 2 {
					break
				}
			}
			assert.Equal(t, []string{"con", "ten"}, got)
		}
	})
	for _, tt := range []struct {
		name, content string
		chunks, lines []string
	}{
		{"content that was cut", "1\n2\n3", []string{"1\n2\n", "3"}, []string{"1", "2"}},
		{"content of which nothing came", "", nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newReplies(t, reply(200, tt.content, "Content-Length: 100", "Connection: close"))
			r, err := newSession(t).Get(t.Context(), w.URL, requests.WithStream(true))
			require.NoError(t, err)
			assert.Equal(t, tt.content, string(r.Bytes()))
			require.ErrorIs(t, r.Err(), requests.ErrTruncated)
			for range 2 {
				var chunks, lines []string
				var last error
				for chunk, err := range r.Chunks(4) {
					if last = err; err == nil {
						chunks = append(chunks, string(chunk))
					}
				}
				assert.Equal(t, tt.chunks, chunks)
				require.ErrorIs(t, last, requests.ErrTruncated)
				last = nil
				for line, err := range r.Lines() {
					if last = err; err == nil {
						lines = append(lines, line)
					}
				}
				assert.Equal(t, tt.lines, lines)
				require.ErrorIs(t, last, requests.ErrTruncated)
			}
		})
	}
	t.Run("values of which nothing came", func(t *testing.T) {
		w := newReplies(t, reply(200, "", "Content-Length: 100", "Connection: close"))
		for _, read := range []bool{false, true} {
			r, err := newSession(t).Get(t.Context(), w.URL, requests.WithStream(true))
			require.NoError(t, err)
			if read {
				r.Bytes()
			}
			var all []error
			for _, err := range requests.Values[int](r) {
				all = append(all, err)
			}
			require.Len(t, all, 1)
			require.ErrorIs(t, all[0], requests.ErrTruncated)
			require.ErrorIs(t, r.Err(), requests.ErrTruncated)
		}
	})
}

// The body of somebody else's RoundTripper is closed once, however often the
// response is: what a second Close does is not defined (package io).
func TestStream_ForeignBodyIsClosedOnce(t *testing.T) {
	for name, read := range map[string]func(t *testing.T, s *requests.Session){
		"read into memory": func(t *testing.T, s *requests.Session) {
			r, err := s.Get(t.Context(), "http://api.test/")
			require.NoError(t, err)
			require.NoError(t, r.Close())
		},
		"a stream, read to its end": func(t *testing.T, s *requests.Session) {
			r, err := s.Get(t.Context(), "http://api.test/", requests.WithStream(true))
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, r.Body)
			require.NoError(t, err)
			require.NoError(t, r.Close())
		},
		"a stream, closed": func(t *testing.T, s *requests.Session) {
			r, err := s.Get(t.Context(), "http://api.test/", requests.WithStream(true))
			require.NoError(t, err)
			require.NoError(t, r.Close())
			require.NoError(t, r.Close())
		},
		"a redirect": func(t *testing.T, s *requests.Session) {
			_, err := s.Get(t.Context(), "http://api.test/redirect")
			require.NoError(t, err)
		},
		"coded": func(t *testing.T, s *requests.Session) {
			r, err := s.Get(t.Context(), "http://api.test/coded")
			require.NoError(t, err)
			require.Equal(t, "content", r.Text())
		},
		"of a coding that is not": func(t *testing.T, s *requests.Session) {
			_, err := s.Get(t.Context(), "http://api.test/bad")
			require.ErrorIs(t, err, requests.ErrContentDecoding)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var bodies []*closeCounter
			s := newSession(t, requests.WithTransport(adapters.Func(func(r *http.Request) (*http.Response, error) {
				resp := &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: -1, Request: r}
				body := &closeCounter{Reader: strings.NewReader("content")}
				switch r.URL.Path {
				case "/redirect":
					resp.StatusCode = 302
					resp.Header.Set("Location", "/")
				case "/coded":
					resp.Header.Set("Content-Encoding", "gzip")
					body.Reader = strings.NewReader(zipped(t, "content"))
				case "/bad":
					resp.Header.Set("Content-Encoding", "gzip")
				}
				resp.Body, bodies = body, append(bodies, body)
				return resp, nil
			})))
			read(t, s)
			for i, b := range bodies {
				assert.Equal(t, 1, b.closed, "body %d", i+1)
			}
		})
	}
}

// A body that knows nothing of the context does not outlive it, whatever layers
// are around it.
func TestStream_ForeignBodyEndsWithTheContext(t *testing.T) {
	bodies := map[string]func() io.ReadCloser{
		"that waits": func() io.ReadCloser {
			pipe, w := io.Pipe()
			go w.Write([]byte("a part"))
			return pipe
		},
		"that never brings anything": func() io.ReadCloser { return io.NopCloser(emptyReader{}) },
	}
	ways := map[string][]requests.Option{
		"":                          nil,
		" as a stream":              {requests.WithStream(true)},
		" within a Limit":           {requests.WithMiddleware((&adapters.Limit{InFlight: 1}).Wrap)},
		" within an AttemptTimeout": {requests.WithMiddleware((&adapters.AttemptTimeout{Timeout: time.Hour}).Wrap)},
		" that a hook looks at": {requests.WithHooks(responseHook(func(e *requests.Exchange) error {
			_, err := e.Peek(4)
			return err
		}))},
		" that is counted": {requests.WithDownloadProgress(func(int64, int64) {})},
	}
	limits := map[string]time.Duration{"the caller's deadline": 0, "Total": time.Second}
	for body, open := range bodies {
		for way, opts := range ways {
			if strings.HasSuffix(way, "looks at") && !strings.HasSuffix(body, "waits") {
				continue // the hook itself would never see an end
			}
			for limit, total := range limits {
				t.Run("one "+body+way+", by "+limit, func(t *testing.T) {
					synced(t, func(t *testing.T) {
						var session, call []requests.Option
						if _, ok := strings.CutPrefix(way, " within"); ok {
							session = opts
						} else {
							call = opts
						}
						s := newSession(t, append(session, requests.WithTimeout(total), requests.WithTransport(adapters.Func(func(r *http.Request) (*http.Response, error) {
							return &http.Response{StatusCode: 200, ContentLength: -1, Body: open(), Request: r}, nil
						})))...)
						ctx := t.Context()
						if total == 0 {
							var cancel func()
							ctx, cancel = context.WithTimeout(ctx, time.Second)
							defer cancel()
						}
						r, err := s.Get(ctx, "http://api.test/", call...)
						if err == nil {
							_, err = io.Copy(io.Discard, r.Body)
						}
						require.ErrorIs(t, err, requests.ErrTimeout)
					})
				})
			}
		}
	}
}

// emptyReader brings nothing and takes its time for it.
type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) {
	time.Sleep(100 * time.Millisecond) // in a bubble
	return 0, nil
}

func TestRedirect_foreignBodyThatWaitsIsClosedOnce(t *testing.T) {
	synced(t, func(t *testing.T) {
		body := &silentBody{over: make(chan struct{})}
		s := newSession(t, requests.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/next" {
				return &http.Response{StatusCode: 200, Request: r}, nil
			}
			return &http.Response{StatusCode: 302, Header: http.Header{"Location": {"/next"}}, Body: body, ContentLength: -1, Request: r}, nil
		})))
		_, err := s.Get(t.Context(), "http://h.test/")
		require.NoError(t, err)
		assert.Equal(t, 1, body.closes)
	})
}

// silentBody waits until it is closed.
type silentBody struct {
	over   chan struct{}
	mu     sync.Mutex // guards closes
	closes int
}

func (b *silentBody) Read([]byte) (int, error) {
	<-b.over
	return 0, errors.New("closed")
}

func (b *silentBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closes++; b.closes == 1 {
		close(b.over)
	}
	return nil
}
