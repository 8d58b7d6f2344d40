package requests_test

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

// boundaryOf is the boundary that the Content-Type of r states.
func boundaryOf(t *testing.T, r wireRequest) string {
	t.Helper()
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	require.NoError(t, err)
	return params["boundary"]
}

func TestMultipart(t *testing.T) {
	type options = []requests.Option
	partRead := strings.NewReader("0123456789")
	partRead.Seek(4, io.SeekStart)
	path := filepath.Join(t.TempDir(), "y.png")
	require.NoError(t, os.WriteFile(path, []byte("png"), 0o600))
	for _, c := range []struct {
		name string
		call options
		want []string // lines; B stands for the boundary
	}{
		{"R64 a file", options{requests.WithFile("f", "a.txt", "data")},
			[]string{"--B", `Content-Disposition: form-data; name="f"; filename="a.txt"`, "", "data", "--B--", ""}},
		{"R64 a file with type and header", options{requests.WithMultipart(requests.Part{
			Name: "f", Filename: "a.txt", ContentType: "text/plain", Header: http.Header{"X-A": {"1"}}, Content: body(t, "data")})},
			[]string{"--B", `Content-Disposition: form-data; name="f"; filename="a.txt"`, "Content-Type: text/plain", "X-A: 1", "", "data", "--B--", ""}},
		{"R65 the base name of a path", options{requests.WithFilePath("f", path)},
			[]string{"--B", `Content-Disposition: form-data; name="f"; filename="y.png"`, "", "png", "--B--", ""}},
		{"R65 no filename makes a plain field", options{requests.WithMultipart(requests.Part{Name: "f", Content: body(t, "data")})},
			[]string{"--B", `Content-Disposition: form-data; name="f"`, "", "data", "--B--", ""}},
		{"R65 an empty filename is sent", options{requests.WithMultipart(requests.Part{Name: "f", HasFilename: true, Content: body(t, "data")})},
			[]string{"--B", `Content-Disposition: form-data; name="f"; filename=""`, "", "data", "--B--", ""}},
		{"R66 no type is guessed", options{requests.WithFile("f", "a.png", []byte("\x89PNG"))},
			[]string{"--B", `Content-Disposition: form-data; name="f"; filename="a.png"`, "", "\x89PNG", "--B--", ""}},
		{"R67 fields before files, each value a part", options{requests.WithFile("f", "n", "x"), requests.WithForm(url.Values{"b": {"1"}, "a": {"2", ""}, "nil": nil})},
			[]string{"--B", `Content-Disposition: form-data; name="a"`, "", "2", "--B", `Content-Disposition: form-data; name="a"`, "", "",
				"--B", `Content-Disposition: form-data; name="b"`, "", "1", "--B", `Content-Disposition: form-data; name="f"; filename="n"`, "", "x", "--B--", ""}},
		{"R67 files in the order of the options", options{requests.WithFile("z", "1", "x"), requests.WithMultipart(requests.Part{Name: "m", Content: body(t, "")}), requests.WithFile("a", "2", "y")},
			[]string{"--B", `Content-Disposition: form-data; name="z"; filename="1"`, "", "x", "--B", `Content-Disposition: form-data; name="m"`, "", "",
				"--B", `Content-Disposition: form-data; name="a"; filename="2"`, "", "y", "--B--", ""}},
		{"R68 the order of a part's header", options{requests.WithMultipart(requests.Part{Name: "f", ContentType: "a/b", Content: body(t, "x"),
			Header: http.Header{"x-b": {"2"}, "content-location": {"/l"}, "X-A": {"1"}, "Content-Disposition": {"evil"}, "Content-Type": {"c/d"}}})},
			[]string{"--B", `Content-Disposition: form-data; name="f"`, "Content-Type: a/b", "Content-Location: /l", "X-A: 1", "X-B: 2", "", "x", "--B--", ""}},
		{"R69 quotes and line ends are escaped, nothing else", options{requests.WithFile("n\"\r\n", `a"b\ä;c`+"\r\nX: y", "x")},
			[]string{"--B", `Content-Disposition: form-data; name="n%22%0D%0A"; filename="a%22b\ä;c%0D%0AX: y"`, "", "x", "--B--", ""}},
		{"R71 what is left of a reader", options{requests.WithFile("f", "n", partRead)},
			[]string{"--B", `Content-Disposition: form-data; name="f"; filename="n"`, "", "456789", "--B--", ""}},
		{"R71 a nil file is skipped", options{requests.WithFile("f", "n", nil), requests.WithFile("g", "m", "x"), requests.WithForm(url.Values{"a": {"1"}})},
			[]string{"--B", `Content-Disposition: form-data; name="a"`, "", "1", "--B", `Content-Disposition: form-data; name="g"; filename="m"`, "", "x", "--B--", ""}},
		{"R71 beside a form alone it leaves the form's parts", options{requests.WithForm(url.Values{"a": {"1"}}), requests.WithFile("f", "n", nil)},
			[]string{"--B", `Content-Disposition: form-data; name="a"`, "", "1", "--B--", ""}},
		{"R71 nil files alone leave the end", options{requests.WithFile("f", "n", nil), requests.WithFile("g", "m", nil)}, []string{"--B--", ""}},
		{"R64 a body of JSON brings its type", options{requests.WithMultipart(requests.Part{Name: "f", Content: jsonBody{}})},
			[]string{"--B", `Content-Disposition: form-data; name="f"`, "Content-Type: application/json", "", "{}", "--B--", ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			_, err := newSession(t).Post(t.Context(), w.URL, c.call...)
			require.NoError(t, err)
			got := w.Last(t)
			boundary := boundaryOf(t, got)
			assert.Regexp(t, regexp.MustCompile("^[0-9a-f]{32}$"), boundary, "R70")
			assert.Equal(t, []string{"Content-Type: multipart/form-data; boundary=" + boundary}, linesOf(got, "Content-Type"))
			assert.Equal(t, c.want, strings.Split(strings.ReplaceAll(got.Body, boundary, "B"), "\r\n"))
			assert.Equal(t, []string{fmt.Sprintf("Content-Length: %d", len(got.Body))}, linesOf(got, "Content-Length", "Transfer-Encoding"), "R70, R72 the length is exact")
		})
	}
}

type jsonBody struct{}

func (jsonBody) Open() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("{}")), nil }
func (jsonBody) Len() int64                   { return 2 }
func (jsonBody) ContentType() string          { return "application/json" }

func TestMultipartContentType(t *testing.T) {
	for _, c := range []struct{ name, own, want string }{
		{"D14b a type without boundary is given one", "multipart/related", "multipart/related; boundary=B"},
		{"D14b in any case", "Multipart/Mixed; type=x", "Multipart/Mixed; type=x; boundary=B"},
		{"R70 a boundary of the user's stays", "multipart/form-data; boundary=mine", "multipart/form-data; boundary=mine"},
		{"R70 however it is spelled", "multipart/form-data; Boundary=mine", "multipart/form-data; Boundary=mine"},
		{"R70 another type stays", "application/x-mine", "application/x-mine"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			_, err := newSession(t).Post(t.Context(), w.URL, requests.WithFile("f", "n", "x"), requests.WithHeader("content-type", c.own))
			require.NoError(t, err)
			got := w.Last(t)
			first, _, _ := strings.Cut(got.Body, "\r\n")
			boundary := strings.TrimPrefix(first, "--")
			assert.Equal(t, []string{"Content-Type: " + strings.Replace(c.want, "boundary=B", "boundary="+boundary, 1)}, linesOf(got, "Content-Type"))
		})
	}
	longest := strings.Repeat("x", 70)
	for _, c := range []struct{ name, own, want string }{
		{"a boundary of the user's is the body's", "multipart/form-data; boundary=mine", "mine"},
		{"in any spelling of its name", "Multipart/Form-Data; Boundary=Mine", "Mine"},
		{"quoted", `multipart/related; type="a/b"; boundary="my own (1)+_,-./:=?'"`, "my own (1)+_,-./:=?'"},
		{"as long as may be", "multipart/form-data; boundary=" + longest, longest},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, redirectTo(307, "/2"), reply(200, ""))
			_, err := newSession(t).Post(t.Context(), w.URL, requests.WithHeader("Content-Type", c.own),
				requests.WithForm(url.Values{"a": {"1"}}), requests.WithFile("f", "n", "x"))
			require.NoError(t, err)
			for _, got := range w.Requests() {
				assert.Equal(t, []string{"Content-Type: " + c.own}, linesOf(got, "Content-Type"))
				assert.Equal(t, "--"+c.want+"\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--"+c.want+
					"\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n\"\r\n\r\nx\r\n--"+c.want+"--\r\n", got.Body)
				assert.Equal(t, []string{fmt.Sprintf("Content-Length: %d", len(got.Body))}, linesOf(got, "Content-Length"))
			}
			assert.Len(t, w.Requests(), 2)
		})
	}
	t.Run("one body, under two boundaries", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		s := newSession(t)
		r, err := requests.NewRequest("POST", w.URL, requests.WithFile("f", "n", "x"))
		require.NoError(t, err)
		for _, boundary := range []string{"one", "another", "one"} {
			r.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
			_, err = s.Do(t.Context(), r)
			require.NoError(t, err)
			assert.True(t, strings.HasPrefix(w.Last(t).Body, "--"+boundary+"\r\n"))
			assert.True(t, strings.HasSuffix(w.Last(t).Body, "\r\n--"+boundary+"--\r\n"))
		}
	})
	for _, c := range []struct{ name, own string }{
		{"an empty one", "multipart/form-data; boundary="},
		{"an empty one, quoted", `multipart/form-data; boundary=""`},
		{"one that is too long", "multipart/form-data; boundary=x" + longest},
		{"a space at its end", `multipart/form-data; boundary="mine "`},
		{"a character that may not be in one", `multipart/form-data; boundary="m;ne"`},
		{"one that is not ASCII", `multipart/form-data; boundary="mïne"`},
		{"one that has to be quoted", "multipart/form-data; boundary=my own"},
		{"one that is extended", "multipart/form-data; boundary*=utf-8''mine"},
		{"two", "multipart/form-data; boundary=one; boundary=two"},
		{"a space before the equals sign", "multipart/form-data; boundary =mine"},
		{"its name in another parameter alone", `multipart/form-data; a="boundary=mine"`},
	} {
		t.Run("a boundary that no body can have is refused: "+c.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			_, err := newSession(t).Post(t.Context(), w.URL, requests.WithHeader("Content-Type", c.own), requests.WithFile("f", "n", "x"))
			assert.ErrorIs(t, err, requests.ErrInvalidHeader)
			assert.ErrorContains(t, err, "boundary")
			assert.Empty(t, w.Requests(), "nothing was sent")
		})
	}
	t.Run("R70 every body has another boundary", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		s := newSession(t)
		seen := make(map[string]bool)
		for range 20 {
			_, err := s.Post(t.Context(), w.URL, requests.WithFile("f", "n", "x"))
			require.NoError(t, err)
			seen[boundaryOf(t, w.Last(t))] = true
		}
		assert.Len(t, seen, 20)
	})
}

func TestMultipartStreams(t *testing.T) {
	t.Run("R72 a part of unknown length makes the body chunked", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		_, err := newSession(t).Post(t.Context(), w.URL, requests.WithFile("f", "n", iotest.OneByteReader(strings.NewReader("stream"))), requests.WithFile("g", "m", "x"))
		require.NoError(t, err)
		got := w.Last(t)
		assert.Equal(t, []string{"Transfer-Encoding: chunked"}, linesOf(got, "Content-Length", "Transfer-Encoding"))
		assert.Contains(t, got.Body, "\r\n\r\nstream\r\n--")
	})
	t.Run("R72 large files keep an exact length and are not held in memory", func(t *testing.T) {
		const size = 1 << 30
		path := filepath.Join(t.TempDir(), "large")
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Truncate(path, size))
		s := newSession(t)
		var p *requests.PreparedRequest
		h := new(requests.Hooks)
		h.Prepare.PushBack(func(prepared *requests.PreparedRequest) error { p = prepared; return io.ErrNoProgress })
		_, err := s.Post(t.Context(), "http://h.test/", requests.WithFilePath("a", path), requests.WithFilePath("b", path), requests.WithHooks(h))
		require.ErrorIs(t, err, io.ErrNoProgress)
		require.NotNil(t, p)
		head := len("--\r\nContent-Disposition: form-data; name=\"a\"; filename=\"large\"\r\n\r\n\r\n") + 32
		assert.Equal(t, int64(2*(head+size)+len("----\r\n")+32), p.ContentLength)
		rc, err := p.GetBody()
		require.NoError(t, err)
		assert.Less(t, testing.AllocsPerRun(1, func() { io.CopyN(io.Discard, rc, 8<<20) }), 100.0)
		require.NoError(t, rc.Close())
	})
	t.Run("D13 files are sent again after a redirect", func(t *testing.T) {
		w := newReplies(t, redirectTo(307, "/2"), reply(200, ""))
		_, err := newSession(t).Post(t.Context(), w.URL, requests.WithForm(url.Values{"a": {"1"}}), requests.WithFile("f", "n", fileAt(t, "abcdef", 3)))
		require.NoError(t, err)
		all := w.Requests()
		require.Len(t, all, 2)
		assert.Contains(t, all[0].Body, "\r\n\r\ndef\r\n--")
		assert.Equal(t, all[0].Body, all[1].Body)
		assert.Equal(t, linesOf(all[0], "Content-Type"), linesOf(all[1], "Content-Type"), "R70 one boundary")
	})
	t.Run("D13 a stream among them cannot", func(t *testing.T) {
		w := newReplies(t, redirectTo(308, "/2"), reply(200, ""))
		_, err := newSession(t).Post(t.Context(), w.URL, requests.WithFile("f", "n", plainReader{strings.NewReader("x")}), requests.WithFile("g", "m", "y"))
		assert.ErrorIs(t, err, requests.ErrBodyNotReplayable)
		assert.Len(t, w.Requests(), 1)
	})
	t.Run("D14 a file that has changed is not sent under the old length", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		path := filepath.Join(t.TempDir(), "log")
		require.NoError(t, os.WriteFile(path, []byte("abc"), 0o600))
		s := newSession(t)
		h := new(requests.Hooks)
		h.Prepare.PushBack(func(*requests.PreparedRequest) error { return os.WriteFile(path, []byte("abcdef"), 0o600) })
		_, err := s.Post(t.Context(), w.URL, requests.WithFilePath("f", path), requests.WithHooks(h))
		assert.ErrorContains(t, err, "log")
	})
	t.Run("a file without a size is sent as it is read", func(t *testing.T) {
		const path = "/proc/self/status"
		if _, err := os.Stat(path); err != nil {
			t.Skip("there is no " + path)
		}
		w := newReplies(t, reply(200, ""))
		_, err := newSession(t).Post(t.Context(), w.URL, requests.WithFilePath("f", path))
		require.NoError(t, err)
		assert.Contains(t, w.Last(t).Body, "Pid:")
		assert.Equal(t, []string{"Transfer-Encoding: chunked"}, linesOf(w.Last(t), "Content-Length", "Transfer-Encoding"))
	})
	t.Run("an empty file keeps its length", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "empty")
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		w := newReplies(t, reply(200, ""))
		_, err := newSession(t).Post(t.Context(), w.URL, requests.WithFilePath("f", path))
		require.NoError(t, err)
		assert.Len(t, linesOf(w.Last(t), "Content-Length"), 1)
	})
	t.Run("R64 a form without files is no multipart", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		_, err := newSession(t).Post(t.Context(), w.URL, requests.WithForm(url.Values{"a": {"1"}}), requests.WithMultipart())
		require.NoError(t, err)
		assert.Equal(t, "a=1", w.Last(t).Body)
	})
}

// Whatever the names are, they stay within the parameters that they are for:
// a parser finds the one part, with one header field and the content.
func FuzzMultipartNames(f *testing.F) {
	for _, seed := range [][3]string{
		{"f", "a.txt", "data"}, {"\"\r\n", "\"; filename=\"b", "--"}, {"a\x00", "\\\"", "\r\n--B--\r\n"}, {"", "", ""}, {"ä\xff", "😀", "\r\n\r\n"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	s, err := requests.NewSession(requests.WithEnvironment(false))
	require.NoError(f, err)
	f.Cleanup(func() { s.Close() })
	f.Fuzz(func(t *testing.T, name, filename, content string) {
		var p *requests.PreparedRequest
		h := new(requests.Hooks)
		h.Prepare.PushBack(func(prepared *requests.PreparedRequest) error { p = prepared; return io.ErrNoProgress })
		_, err := s.Post(t.Context(), "http://h.test/", requests.WithFile(name, filename, content), requests.WithHooks(h))
		require.ErrorIs(t, err, io.ErrNoProgress)
		rc, err := p.GetBody()
		require.NoError(t, err)
		raw, err := io.ReadAll(rc)
		require.NoError(t, err)
		require.Len(t, raw, int(p.ContentLength))

		_, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		require.NoError(t, err)
		lines := strings.Split(string(raw), "\r\n")
		require.Equal(t, "--"+params["boundary"], lines[0])
		require.Regexp(t, `(?s)^Content-Disposition: form-data; name="[^"\r\n]*"; filename="[^"\r\n]*"$`, lines[1])
		require.Equal(t, "", lines[2], "the header ends")
		require.Equal(t, content, strings.Join(lines[3:len(lines)-2], "\r\n"))
		require.Equal(t, []string{"--" + params["boundary"] + "--", ""}, lines[len(lines)-2:])
	})
}

// foreignType is a body whose type comes from elsewhere.
type foreignType struct {
	requests.Body
	kind string
}

func (b foreignType) ContentType() string { return b.kind }

func TestMultipart_theTypeOfAForeignPartIsChecked(t *testing.T) {
	content, err := requests.NewBody("x")
	require.NoError(t, err)
	_, err = requests.NewRequest("POST", "http://h.test/", requests.WithMultipart(requests.Part{Name: "a", Content: foreignType{content, "text/plain\r\nX-Evil: 1"}}))
	assert.ErrorIs(t, err, requests.ErrInvalidHeader)
}
