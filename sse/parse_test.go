package sse_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/sse"
)

func read(t testing.TB, r io.Reader, o *sse.Options) ([]sse.Event, error) {
	t.Helper()
	var events []sse.Event
	for e, err := range sse.Read(r, o) {
		if err != nil {
			return events, err
		}
		events = append(events, e)
	}
	return events, nil
}

func message(data string) sse.Event { return sse.Event{Type: "message", Data: data} }

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		want         []sse.Event
	}{
		{"an empty stream", "", nil},
		{"a line of data is a message", "data: a\n\n", []sse.Event{message("a")}},
		{"lines may end with CR", "data: a\rdata: b\r\rdata: c\r\r", []sse.Event{message("a\nb"), message("c")}},
		{"lines may end with CRLF", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", []sse.Event{message("a\nb"), message("c")}},
		{"ends may be mixed", "data: a\r\ndata: b\rdata: c\n\r\ndata: d\n\n", []sse.Event{message("a\nb\nc"), message("d")}},
		{"LF after CRLF is an empty line", "data: a\r\n\ndata: b\n\n", []sse.Event{message("a"), message("b")}},
		{"a byte order mark is passed over", "\ufeffdata: a\n\n", []sse.Event{message("a")}},
		{"a second one is part of the name", "\ufeff\ufeffdata: a\n\n", nil},
		{"half a mark is part of the name", "\xef\xbbdata: a\n\n", nil},
		{"one space after the colon is dropped", "data:a\ndata:  b\ndata:\tc\n\n", []sse.Event{message("a\n b\n\tc")}},
		{"a colon in the value is part of it", "data: a: b:\n\n", []sse.Event{message("a: b:")}},
		{"a name alone has an empty value", "data\n\n", []sse.Event{message("")}},
		{"two empty lines of data are one LF", "data\ndata:\n\n", []sse.Event{message("\n")}},
		{"a name has no space before its colon", "data : a\n\n", nil},
		{"names are case-sensitive", "Data: a\n\n", nil},
		{"comments are ignored", ": one\ndata: a\n:\n: two\ndata: b\n\n", []sse.Event{message("a\nb")}},
		{"unknown fields are ignored", "colour: red\ndata: a\n\n", []sse.Event{message("a")}},
		{"a type", "event: add\ndata: 1\n\n", []sse.Event{{Type: "add", Data: "1"}}},
		{"the last type counts", "event: add\nevent: del\ndata: 1\n\n", []sse.Event{{Type: "del", Data: "1"}}},
		{"an empty type is message", "event: add\nevent\ndata: 1\n\n", []sse.Event{message("1")}},
		{"a type is of its event only", "event: add\ndata: 1\n\ndata: 2\n\n", []sse.Event{{Type: "add", Data: "1"}, message("2")}},
		{"without data there is no event", "event: add\nid: 1\n\n", nil},
		{"and its type is forgotten", "event: add\n\ndata: 1\n\n", []sse.Event{message("1")}},
		{"an id stays", "id: 1\ndata: a\n\ndata: b\n\n", []sse.Event{{ID: "1", Type: "message", Data: "a"}, {ID: "1", Type: "message", Data: "b"}}},
		{"an id stays from where there was no event", "id: 1\n\ndata: b\n\n", []sse.Event{{ID: "1", Type: "message", Data: "b"}}},
		{"an empty id takes it back", "id: 1\ndata: a\n\nid\ndata: b\n\n", []sse.Event{{ID: "1", Type: "message", Data: "a"}, message("b")}},
		{"an id with NUL is ignored", "id: 1\nid: 2\x00\ndata: a\n\n", []sse.Event{{ID: "1", Type: "message", Data: "a"}}},
		{"a reconnection time in milliseconds", "retry: 1500\ndata: a\n\ndata: b\n\n", []sse.Event{{Type: "message", Data: "a", Retry: 1500 * time.Millisecond}, message("b")}},
		{"one that comes alone goes with the next event", "retry: 10\n\ndata: a\n\n", []sse.Event{{Type: "message", Data: "a", Retry: 10 * time.Millisecond}}},
		{"one that is not all digits is ignored", "retry: 10\nretry: -5\nretry: 1.5\nretry: 7s\nretry:\nretry: \u0663\ndata: a\n\n", []sse.Event{{Type: "message", Data: "a", Retry: 10 * time.Millisecond}}},
		{"one that no number holds is a day", "retry: 99999999999999999999999999\ndata: a\n\n", []sse.Event{{Type: "message", Data: "a", Retry: 24 * time.Hour}}},
		{"an event the stream ends within is dropped", "data: a\n\ndata: b\n", []sse.Event{message("a")}},
		{"and so is one whose line it ends within", "data: a\n\ndata: b", []sse.Event{message("a")}},
		{"malformed UTF-8 is replaced", "data: a\xffb\xe2\x82\n\n", []sse.Event{message("a\ufffdb\ufffd")}},
		{"NUL in data stays", "data: a\x00b\n\n", []sse.Event{message("a\x00b")}},
		{"the standard's own example", "data: YHOO\ndata: +2\ndata: 10\n\n", []sse.Event{message("YHOO\n+2\n10")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{
				"at once":        strings.NewReader(c.stream),
				"byte by byte":   iotest.OneByteReader(strings.NewReader(c.stream)),
				"with the error": iotest.DataErrReader(strings.NewReader(c.stream)),
			} {
				events, err := read(t, r, nil)
				require.NoError(t, err, name)
				assert.Equal(t, c.want, events, name)
			}
		})
	}
}

func TestRead_Bounds(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	for _, c := range []struct {
		name   string
		max    int
		stream io.Reader
		err    string
	}{
		{"data within the bound", 10_006, strings.NewReader("data: " + long + "\n\n"), ""},
		{"a line above it", 10_005, strings.NewReader("data: " + long + "\n\n"), "a line of more than 10005 bytes"},
		{"a line without an end", 1 << 20, endless("x"), "a line of more than 1048576 bytes"},
		{"a comment without an end", 1 << 20, endless(": x"), "a line of more than 1048576 bytes"},
		{"lines of data that go on", 1 << 20, endless("data: x\n"), "an event of more than 1048576 bytes"},
		{"empty lines of data that go on", 1 << 20, endless("data\r"), "an event of more than 1048576 bytes"},
		{"an id, a type and data together", 10_010, strings.NewReader("id: " + long[:4000] + "\nevent: " + long[:4000] + "\ndata: " + long[:4000] + "\n\n"), "an event of more than 10010 bytes"},
		{"a type after the data", 10_010, strings.NewReader("data: " + long + "\nevent: eleven more\n\n"), "an event of more than 10010 bytes"},
		{"an id after the data", 10_010, strings.NewReader("data: " + long + "\nid: eleven more\n\n"), "an event of more than 10010 bytes"},
		{"an id that stays from an event before", 10_010, strings.NewReader("id: eleven more\n\ndata: " + long + "\n\n"), "an event of more than 10010 bytes"},
		{"the last of many types counts", 10_020, strings.NewReader(strings.Repeat("event: "+long[:6000]+"\n", 3) + "event\ndata: " + long + "\n\n"), ""},
		{"the default is 16 MiB", 0, endless("data: x\n"), "an event of more than 16777216 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, err := read(t, c.stream, &sse.Options{MaxEvent: c.max})
			if c.err == "" {
				require.NoError(t, err)
				assert.Equal(t, []sse.Event{message(long)}, events)
				return
			}
			require.ErrorIs(t, err, sse.ErrEventTooLarge)
			assert.ErrorContains(t, err, c.err)
		})
	}
	t.Run("none", func(t *testing.T) {
		huge := strings.Repeat("x", 17<<20)
		events, err := read(t, strings.NewReader("data: "+huge+"\n\n"), &sse.Options{MaxEvent: -1})
		require.NoError(t, err)
		assert.Equal(t, len(huge), len(events[0].Data))
	})
}

type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e) <= len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

func TestRead_ReportsAFailure(t *testing.T) {
	broken := errors.New("broken")
	events, err := read(t, io.MultiReader(strings.NewReader("data: a\n\ndata: b\n"), iotest.ErrReader(broken)), nil)
	assert.ErrorIs(t, err, broken)
	assert.Equal(t, []sse.Event{message("a")}, events, "what came before it is had")
}

// An event must be seen when its last byte has come, not when the next one
// does: that may take hours.
func TestRead_DoesNotWaitForMore(t *testing.T) {
	for name, stream := range map[string]string{"LF": "data: a\n\n", "CR": "data: a\r\r", "CRLF": "data: a\r\n\r\n", "BOM": "\ufeffdata: a\n\n"} {
		t.Run(name, func(t *testing.T) {
			r := io.MultiReader(strings.NewReader(stream), iotest.ErrReader(errors.New("asked for more than there is")))
			for e, err := range sse.Read(r, nil) {
				require.NoError(t, err)
				assert.Equal(t, message("a"), e)
				break
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"data: a\n\n", "\ufeffid: 1\r\nevent: e\rdata\n\nretry: 5\n\n", ":\xff\n\rdata:\x00\r\r", "\xef\xbb"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		// How the bytes arrive makes no difference, and neither does the
		// form of line ends.
		at := func(r io.Reader) []sse.Event {
			events, err := read(t, r, nil)
			require.NoError(t, err)
			return events
		}
		want := at(strings.NewReader(string(stream)))
		require.Equal(t, want, at(iotest.OneByteReader(strings.NewReader(string(stream)))))
		lf := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(stream))
		require.Equal(t, want, at(strings.NewReader(lf)))
		for _, e := range want {
			require.NotEmpty(t, e.Type)
			require.NotContains(t, e.ID, "\x00")
			require.GreaterOrEqual(t, e.Retry, time.Duration(0))
			require.False(t, strings.ContainsAny(e.Type+e.ID, "\r\n"))
		}
		// What was read and is written again is read as the same.
		var b strings.Builder
		for _, e := range want {
			b.WriteString("id: " + e.ID + "\nevent: " + e.Type + "\n")
			for line := range strings.SplitSeq(e.Data, "\n") {
				b.WriteString("data: " + line + "\n")
			}
			b.WriteByte('\n')
		}
		again := at(strings.NewReader(b.String()))
		require.True(t, slices.EqualFunc(want, again, func(a, b sse.Event) bool {
			return a.ID == b.ID && a.Type == b.Type && a.Data == b.Data
		}))
	})
}
