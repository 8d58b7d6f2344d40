package requests_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
)

// Readers of the kinds that differ in how often they can be read.
type (
	plainReader  struct{ io.Reader }     // once
	seekerOnly   struct{ io.ReadSeeker } // again, one at a time
	closedReader struct {
		io.Reader
		closed int
	}
	brokenSeeker struct {
		io.ReadSeeker
		broken bool
	}
)

func (c *closedReader) Close() error { c.closed++; return nil }

func (b *brokenSeeker) Seek(offset int64, whence int) (int64, error) {
	if b.broken {
		return 0, errors.New("out of order")
	}
	return b.ReadSeeker.Seek(offset, whence)
}

// fileAt is an open file that holds text and stands at offset.
func fileAt(t *testing.T, text string, offset int64) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	f, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	_, err = f.Seek(offset, io.SeekStart)
	require.NoError(t, err)
	return f
}

func TestBodyFraming(t *testing.T) {
	type options = []requests.Option
	const form, json = "Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json"
	partRead := strings.NewReader("0123456789")
	partRead.Seek(4, io.SeekStart)
	for _, c := range []struct {
		name, method string
		call         options
		lines        []string // Content-Length, Content-Type and Transfer-Encoding
		body         string
	}{
		{"R49 GET without a body", "GET", nil, nil, ""},
		{"R49 HEAD without a body", "HEAD", nil, nil, ""},
		{"R49 POST without a body", "POST", nil, []string{"Content-Length: 0"}, ""},
		{"R49 PUT without a body", "PUT", nil, []string{"Content-Length: 0"}, ""},
		{"R49 PATCH without a body", "PATCH", nil, []string{"Content-Length: 0"}, ""},
		{"R49 DELETE without a body", "DELETE", nil, []string{"Content-Length: 0"}, ""},
		{"R49 OPTIONS without a body", "OPTIONS", nil, []string{"Content-Length: 0"}, ""},
		{"R49 TRACE without a body", "TRACE", nil, []string{"Content-Length: 0"}, ""},
		{"R49 a method of the user's without a body", "FOO", nil, []string{"Content-Length: 0"}, ""},
		{"R49 a Content-Length of 0 that the user set", "POST", options{requests.WithHeader("content-length", "0")}, []string{"Content-Length: 0"}, ""},

		{"R50 an empty string is no body", "POST", options{requests.WithBody("")}, []string{"Content-Length: 0"}, ""},
		{"R50 nor are no bytes", "DELETE", options{requests.WithBody([]byte{})}, []string{"Content-Length: 0"}, ""},
		{"R50 an empty string with GET", "GET", options{requests.WithBody("")}, nil, ""},
		{"R50 an empty form is no body", "POST", options{requests.WithForm(url.Values{})}, []string{"Content-Length: 0"}, ""},
		{"R50 an empty form beside JSON", "POST", options{requests.WithForm(url.Values{}), requests.WithJSON(1)}, []string{"Content-Length: 1", json}, "1"},
		{"R50 JSON beside a nil form", "POST", options{requests.WithJSON(1), requests.WithForm(nil)}, []string{"Content-Length: 1", json}, "1"},
		{"R50 nor is a nil one", "POST", options{requests.WithForm(nil)}, []string{"Content-Length: 0"}, ""},

		{"R51 a form", "POST", options{requests.WithForm(url.Values{"a": {"1", "2"}})}, []string{"Content-Length: 7", form}, "a=1&a=2"},
		{"R51 as a query is encoded", "POST", options{requests.WithForm(url.Values{"ä b": {"a b&c", "~"}})}, []string{"Content-Length: 27", form}, "%C3%A4+b=a+b%26c&%C3%A4+b=~"},
		{"R51 the user's type stays", "POST", options{requests.WithForm(url.Values{"a": {"1"}}), requests.WithHeader("content-TYPE", "x/y")}, []string{"Content-Length: 3", "Content-Type: x/y"}, "a=1"},
		{"R52 a form that encodes to nothing", "POST", options{requests.WithForm(url.Values{"a": nil})}, []string{"Content-Length: 0", form}, ""},

		{"R53 a string is UTF-8, without a type", "POST", options{requests.WithBody("abc€")}, []string{"Content-Length: 6"}, "abc€"},
		{"R53 bytes", "POST", options{requests.WithBody([]byte("a\x00\xff"))}, []string{"Content-Length: 3"}, "a\x00\xff"},

		{"R54 a reader in memory, from its position", "POST", options{requests.WithBody(partRead)}, []string{"Content-Length: 6"}, "456789"},
		{"R54 a file, from its position", "PUT", options{requests.WithBody(fileAt(t, "0123456789", 4))}, []string{"Content-Length: 6"}, "456789"},
		{"R56 a buffer", "POST", options{requests.WithBody(bytes.NewBufferString("abc"))}, []string{"Content-Length: 3"}, "abc"},
		{"R56 a seeker", "POST", options{requests.WithBody(seekerOnly{strings.NewReader("abc")})}, []string{"Content-Length: 3"}, "abc"},
		{"R55 a reader of unknown length", "POST", options{requests.WithBody(plainReader{strings.NewReader("abc")})}, []string{"Transfer-Encoding: chunked"}, "abc"},
		{"R55 an empty reader of unknown length", "POST", options{requests.WithBody(plainReader{strings.NewReader("")})}, []string{"Transfer-Encoding: chunked"}, ""},
		{"R55 byte by byte", "POST", options{requests.WithBody(iotest.OneByteReader(strings.NewReader("abc")))}, []string{"Transfer-Encoding: chunked"}, "abc"},

		{"R57 JSON", "POST", options{requests.WithJSON(map[string]any{"a": 1, "b": "<ä&>"})}, []string{"Content-Length: 19", json}, `{"a":1,"b":"<ä&>"}`},
		{"R57 zero is JSON", "POST", options{requests.WithJSON(0)}, []string{"Content-Length: 1", json}, "0"},
		{"R57 false is JSON", "POST", options{requests.WithJSON(false)}, []string{"Content-Length: 5", json}, "false"},
		{"R57 an empty string is JSON", "POST", options{requests.WithJSON("")}, []string{"Content-Length: 2", json}, `""`},
		{"R57 an empty list is JSON", "POST", options{requests.WithJSON([]int{})}, []string{"Content-Length: 2", json}, "[]"},
		{"R57 an empty map is JSON", "POST", options{requests.WithJSON(struct{}{})}, []string{"Content-Length: 2", json}, "{}"},
		{"R57 nil is no body", "POST", options{requests.WithJSON(nil)}, []string{"Content-Length: 0"}, ""},
		{"R57 the user's type stays", "POST", options{requests.WithJSON(1), requests.WithHeader("Content-Type", "application/vnd.api+json")}, []string{"Content-Length: 1", "Content-Type: application/vnd.api+json"}, "1"},
		{"D20 no line end, no escapes", "POST", options{requests.WithJSON("\u2028</script>")}, []string{"Content-Length: 17", json}, `"\u2028</script>"`},

		{"R59 a length of the user's gives way", "POST", options{requests.WithBody("abc"), requests.WithHeader("Content-Length", "99")}, []string{"Content-Length: 3"}, "abc"},
		{"R60 a length declared for a stream", "POST", options{requests.WithBody(plainReader{strings.NewReader("abcde")}), requests.WithHeader("content-length", "5")}, []string{"Content-Length: 5"}, "abcde"},
		{"R60 bytes, chunked because the user says so", "POST", options{requests.WithBody("abc"), requests.WithHeader("transfer-encoding", "Chunked")}, []string{"Transfer-Encoding: chunked"}, "abc"},
		{"R61 GET with JSON", "GET", options{requests.WithJSON(map[string]int{"a": 1})}, []string{"Content-Length: 7", json}, `{"a":1}`},
		{"R61 GET with a stream", "GET", options{requests.WithBody(plainReader{strings.NewReader("abc")})}, []string{"Transfer-Encoding: chunked"}, "abc"},
		{"R61 QUERY with a form", "QUERY", options{requests.WithForm(url.Values{"q": {"x"}})}, []string{"Content-Length: 3", form}, "q=x"},
		{"R61 DELETE with a string", "DELETE", options{requests.WithBody("abc")}, []string{"Content-Length: 3"}, "abc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			s := newSession(t)
			_, err := s.Request(t.Context(), c.method, w.URL, c.call...)
			require.NoError(t, err)
			got := w.Last(t)
			assert.ElementsMatch(t, c.lines, linesOf(got, "Content-Length", "Content-Type", "Transfer-Encoding"))
			assert.Equal(t, c.body, got.Body)
		})
	}
}

func TestBodyFramingRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		call []requests.Option
	}{
		{"D14 a length without a body", []requests.Option{requests.WithHeader("Content-Length", "5")}},
		{"D14 a length that is no number", []requests.Option{requests.WithHeader("Content-Length", "5x"), requests.WithBody("abc")}},
		{"D14 a negative length", []requests.Option{requests.WithHeader("Content-Length", "-5"), requests.WithBody("abc")}},
		{"D14 a signed length", []requests.Option{requests.WithHeader("Content-Length", "+3"), requests.WithBody("abc")}},
		{"D14 two lengths", []requests.Option{requests.WithHeader("Content-Length", "3", "4"), requests.WithBody("abc")}},
		{"D14 a transfer coding that is not chunked", []requests.Option{requests.WithHeader("Transfer-Encoding", "gzip, chunked"), requests.WithBody("abc")}},
		{"D14 a trailer", []requests.Option{requests.WithHeader("Trailer", "X-A"), requests.WithBody("abc")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			_, err := newSession(t).Post(t.Context(), w.URL, c.call...)
			assert.ErrorIs(t, err, requests.ErrInvalidHeader)
			assert.Empty(t, w.Requests(), "nothing was sent")
		})
	}
	for _, c := range []struct{ name, text string }{
		{"R60 a stream shorter than declared", "abcd"},
		{"R60 a stream longer than declared", "abcdef"},
	} {
		t.Run(c.name, func(t *testing.T) {
			// An answer to what was declared would count, if it came first.
			addr := silent(t, func(string) string { return "" })
			_, err := newSession(t).Post(t.Context(), "http://"+addr, requests.WithBody(plainReader{strings.NewReader(c.text)}), requests.WithHeader("Content-Length", "5"))
			assert.Error(t, err)
			assert.NotErrorIs(t, err, requests.ErrTimeout)
			assert.NotErrorIs(t, err, requests.ErrConnection)
		})
	}
	t.Run("a stream that fails, fails the call", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		broken := errors.New("disk on fire")
		_, err := newSession(t).Post(t.Context(), w.URL, requests.WithBody(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken))))
		assert.ErrorIs(t, err, broken)
	})
}

// What goes out when the body is asked for a second time.
func TestBodySentAgain(t *testing.T) {
	seekable := &brokenSeeker{ReadSeeker: strings.NewReader("abcdef")}
	moved := strings.NewReader("abcdef")
	moved.Seek(3, io.SeekStart)
	for _, c := range []struct {
		name    string
		content any
		status  int
		second  string // the body of the second request
		is      error
	}{
		{"R62 a file, from its position", fileAt(t, "abcdef", 3), 307, "def", nil},
		{"R62 a reader in memory, from its position", moved, 308, "def", nil},
		{"R62 a seeker", seekerOnly{strings.NewReader("abc")}, 307, "abc", nil},
		{"R62 a string", "abc", 307, "abc", nil},
		{"R62 bytes", []byte("abc"), 308, "abc", nil},
		{"R62 a buffer", bytes.NewBufferString("abc"), 307, "abc", nil},
		{"R62 a seeker that fails", seekable, 307, "", requests.ErrBodyNotReplayable},
		{"R63 a stream, 307", plainReader{strings.NewReader("abc")}, 307, "", requests.ErrBodyNotReplayable},
		{"R63 a stream, 308", plainReader{strings.NewReader("abc")}, 308, "", requests.ErrBodyNotReplayable},
		{"R62 a stream is not asked for where the body is dropped, 301", plainReader{strings.NewReader("abc")}, 301, "", nil},
		{"R62 a stream is not asked for where the body is dropped, 302", plainReader{strings.NewReader("abc")}, 302, "", nil},
		{"R62 a stream is not asked for where the body is dropped, 303", plainReader{strings.NewReader("abc")}, 303, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWire(t, func(r wireRequest) string {
				if r.Number > 1 {
					return reply(200, "")
				}
				seekable.broken = true
				return redirectTo(c.status, "/2")
			})
			_, err := newSession(t).Post(t.Context(), w.URL, requests.WithBody(c.content))
			if c.is != nil {
				assert.ErrorIs(t, err, c.is)
				assert.Len(t, w.Requests(), 1, "D13 never an empty body")
				return
			}
			require.NoError(t, err)
			require.Len(t, w.Requests(), 2)
			assert.Equal(t, c.second, w.Last(t).Body)
		})
	}
	t.Run("R26 a prepared request is sent twice", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		s := newSession(t)
		p := preparedOf(t, s, &requests.Request{Method: "POST", URL: w.URL, Body: body(t, fileAt(t, "abcdef", 3))})
		for range 2 {
			_, err := s.Send(p)
			require.NoError(t, err)
			assert.Equal(t, "def", w.Last(t).Body)
		}
	})
	t.Run("D13 a stream is sent once", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		s := newSession(t)
		p := preparedOf(t, s, &requests.Request{Method: "POST", URL: w.URL, Body: body(t, plainReader{strings.NewReader("abc")})})
		_, err := s.Send(p)
		require.NoError(t, err)
		_, err = s.Send(p)
		assert.ErrorIs(t, err, requests.ErrBodyNotReplayable)
		assert.Len(t, w.Requests(), 1)
	})
}

func TestNewBody(t *testing.T) {
	read := func(t *testing.T, b requests.Body) string {
		t.Helper()
		rc, err := b.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(rc)
		require.NoError(t, err)
		require.NoError(t, rc.Close())
		return string(text)
	}
	t.Run("what can be read anywhere opens concurrently and stays where it is", func(t *testing.T) {
		r := strings.NewReader("abcdef")
		r.Seek(2, io.SeekStart)
		b := body(t, r)
		one, err := b.Open()
		require.NoError(t, err)
		assert.Equal(t, "cdef", read(t, b))
		text, err := io.ReadAll(one)
		require.NoError(t, err)
		assert.Equal(t, "cdef", string(text))
		assert.Equal(t, 4, r.Len(), "the reader was not moved")
	})
	t.Run("another seeker opens one at a time", func(t *testing.T) {
		b := body(t, seekerOnly{strings.NewReader("abc")})
		one, err := b.Open()
		require.NoError(t, err)
		_, err = b.Open()
		assert.ErrorIs(t, err, requests.ErrBodyNotReplayable)
		require.NoError(t, one.Close())
		assert.Equal(t, "abc", read(t, b))
		assert.Equal(t, "abc", read(t, b))
	})
	t.Run("a seeker that does not come back is refused: nothing would be left of it", func(t *testing.T) {
		_, err := requests.NewBody(&strayedSeeker{strings.NewReader("abc")})
		assert.ErrorIs(t, err, io.ErrNoProgress)
	})
	t.Run("a stream opens once and is closed", func(t *testing.T) {
		r := &closedReader{Reader: strings.NewReader("abc")}
		b := body(t, r)
		assert.Equal(t, int64(-1), b.Len())
		assert.Equal(t, "abc", read(t, b))
		assert.Equal(t, 1, r.closed)
		_, err := b.Open()
		assert.ErrorIs(t, err, requests.ErrBodyNotReplayable)
	})
	t.Run("nil is no body, a Body is itself", func(t *testing.T) {
		assert.Nil(t, body(t, nil))
		b := body(t, "a")
		assert.Same(t, b, body(t, b))
	})
	t.Run("Prepare neither opens nor closes a body", func(t *testing.T) {
		r := &closedReader{Reader: strings.NewReader("abc")}
		s := newSession(t)
		b := body(t, r)
		preparedOf(t, s, &requests.Request{Method: "POST", URL: "http://h.test/", Body: b})
		assert.Equal(t, 0, r.closed)
		assert.Equal(t, "abc", read(t, b))
	})
	t.Run("R24 a body that authentication puts in place is measured anew", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		s := newSession(t, requests.WithAuth(bodyAuth("four")))
		_, err := s.Post(t.Context(), w.URL, requests.WithBody("a longer one"), requests.WithHeader("Content-Length", "99"))
		require.NoError(t, err)
		assert.Equal(t, []string{"Content-Length: 4"}, linesOf(w.Last(t), "Content-Length", "Transfer-Encoding"))
		assert.Equal(t, []string{"X-Auth: 1"}, linesOf(w.Last(t), "X-Auth"))
		assert.Equal(t, "four", w.Last(t).Body)
	})
}

// strayedSeeker tells its length and cannot be put back to its start.
type strayedSeeker struct{ *strings.Reader }

func (s *strayedSeeker) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		return 0, io.ErrNoProgress
	}
	return s.Reader.Seek(offset, whence)
}

// bodyAuth authenticates by a header and a body of its own.
type bodyAuth string

func (a bodyAuth) Authenticate(r *http.Request) error {
	r.Header.Set("X-Auth", "1")
	r.Body = io.NopCloser(strings.NewReader(string(a)))
	r.ContentLength = int64(len(a))
	return nil
}

// emptyHanded is a body that breaks its contract.
type emptyHanded struct{}

func (emptyHanded) Open() (io.ReadCloser, error) { return nil, nil }
func (emptyHanded) Len() int64                   { return 2 }
func (emptyHanded) ContentType() string          { return "" }

func TestBodyOpensNothing(t *testing.T) {
	s := newSession(t)
	for _, c := range []struct {
		name string
		call []requests.Option
	}{
		{"as a body", []requests.Option{requests.WithBody(emptyHanded{})}},
		{"with progress", []requests.Option{requests.WithBody(emptyHanded{}), requests.WithUploadProgress(func(int64, int64) {})}},
		{"as a part", []requests.Option{requests.WithFile("f", "n", emptyHanded{})}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			_, err := s.Post(t.Context(), w.URL, c.call...)
			assert.ErrorContains(t, err, "neither a reader nor an error")
		})
	}
}

// net/http closes a body while it reads it when the stream of HTTP/2 breaks
// off, and is not to wait for content that may never come.
func TestBodies_ClosedWhileTheyAreRead(t *testing.T) {
	for _, c := range []struct {
		name    string
		content func(r io.Reader) requests.Option
	}{
		{"a reader", func(r io.Reader) requests.Option { return requests.WithBody(r) }},
		{"a reader with a position", func(r io.Reader) requests.Option { return requests.WithBody(stuckSeeker{r}) }},
		{"a part that is read once", func(r io.Reader) requests.Option { return requests.WithFile("f", "f", r) }},
		{"a part that closes", func(r io.Reader) requests.Option { return requests.WithFile("f", "f", io.NopCloser(r)) }},
		{"a part with a position", func(r io.Reader) requests.Option { return requests.WithFile("f", "f", stuckSeeker{r}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			stuck := &stuckReader{begun: make(chan struct{}), release: make(chan struct{})}
			adapter := roundTrip(func(r *http.Request) (*http.Response, error) {
				done := make(chan struct{})
				go func() {
					defer close(done)
					io.Copy(io.Discard, r.Body)
				}()
				<-stuck.begun
				r.Body.Close()
				close(stuck.release)
				<-done
				return answered(200, ""), nil
			})
			_, err := newSession(t, requests.WithAdapter("http://", adapter)).Post(t.Context(), "http://a.test/", c.content(stuck))
			require.NoError(t, err)
		})
	}
}

// A reader with one position is not read from two places.
func TestBodies_AreNotSoughtWhileTheyAreRead(t *testing.T) {
	stuck := &stuckReader{begun: make(chan struct{}), release: make(chan struct{})}
	adapter := roundTrip(func(r *http.Request) (*http.Response, error) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			io.Copy(io.Discard, r.Body)
		}()
		<-stuck.begun
		r.Body.Close()
		_, err := r.GetBody()
		assert.ErrorIs(t, err, requests.ErrBodyNotReplayable)
		close(stuck.release)
		<-done
		again, err := r.GetBody()
		if assert.NoError(t, err) {
			again.Close()
		}
		return answered(200, ""), nil
	})
	_, err := newSession(t, requests.WithAdapter("http://", adapter)).Post(t.Context(), "http://a.test/", requests.WithBody(stuckSeeker{stuck}))
	require.NoError(t, err)
}

// net/http gives an upload that was answered early up some time after the
// response, when a redirect or a challenge may already want to send it again.
func TestBodies_WaitForWhoIsAboutToLeave(t *testing.T) {
	synced(t, func(t *testing.T) {
		stuck := &stuckReader{begun: make(chan struct{}), release: make(chan struct{})}
		adapter := roundTrip(func(r *http.Request) (*http.Response, error) {
			go io.Copy(io.Discard, r.Body)
			<-stuck.begun
			r.Body.Close()
			time.AfterFunc(50*time.Millisecond, func() { close(stuck.release) })
			again, err := r.GetBody()
			if assert.NoError(t, err) {
				again.Close()
			}
			return answered(200, ""), nil
		})
		_, err := newSession(t, requests.WithTransport(adapter)).Post(t.Context(), "http://a.test/", requests.WithBody(stuckSeeker{stuck}))
		require.NoError(t, err)
	})
}

// stuckReader says when it is read, and returns its end when it may.
type stuckReader struct{ begun, release chan struct{} }

func (r *stuckReader) Read([]byte) (int, error) {
	close(r.begun)
	<-r.release
	return 0, io.EOF
}

// stuckSeeker has content of ten bytes, if Seek is to be believed.
type stuckSeeker struct{ io.Reader }

func (stuckSeeker) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekEnd {
		return 10 + offset, nil
	}
	return offset, nil
}

// A body that was closed ends there: whoever reads on must not take what is left
// for the whole, nor open a part that nobody closes.
func TestBodies_AreNotReadAfterClose(t *testing.T) {
	opened, closed := 0, 0
	second := partBody{open: func() io.ReadCloser { opened++; return countedPart{strings.NewReader("second"), &closed} }}
	r, err := requests.NewRequest("POST", "http://a.test/", requests.WithFile("a", "a", "first"), requests.WithFile("b", "b", second))
	require.NoError(t, err)
	body, err := r.Body.Open()
	require.NoError(t, err)
	_, err = io.ReadFull(body, make([]byte, 10))
	require.NoError(t, err)
	require.NoError(t, body.Close())
	_, err = io.Copy(io.Discard, body)
	require.Error(t, err)
	assert.Equal(t, opened, closed, "what was opened is closed")
}

type partBody struct{ open func() io.ReadCloser }

func (b partBody) Open() (io.ReadCloser, error) { return b.open(), nil }
func (partBody) Len() int64                     { return 6 }
func (partBody) ContentType() string            { return "" }

type countedPart struct {
	io.Reader
	n *int
}

func (c countedPart) Close() error { *c.n++; return nil }

// sizedReader is read once, and knows what is left of it.
type sizedReader struct{ *strings.Reader }

func (r sizedReader) Close() error { return nil }

// sized is what is seen of a sizedReader, so that it cannot be sought in.
type sized interface {
	io.ReadCloser
	Len() int
}

// A reader that says how long it is has its length announced, whoever puts it
// there: many servers refuse a body that is sent in chunks.
func TestBodies_OfReadersThatKnowTheirLength(t *testing.T) {
	once := func(text string) io.ReadCloser { return struct{ sized }{sizedReader{strings.NewReader(text)}} }
	instead := new(requests.Hooks)
	instead.Prepare.PushBack(func(p *requests.PreparedRequest) error {
		p.Body, p.GetBody = once("the hook's"), nil
		return nil
	})
	for _, tt := range []struct {
		name string
		opts []requests.Option
		want string
	}{
		{"a reader", []requests.Option{requests.WithBody(once("content"))}, "content"},
		{"a reader that a hook puts where there was none", []requests.Option{requests.WithHooks(instead)}, "the hook's"},
		{"a reader that a hook puts in the place of another body", []requests.Option{requests.WithBody("content"), requests.WithHooks(instead)}, "the hook's"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			_, err := newSession(t).Post(t.Context(), w.URL, tt.opts...)
			require.NoError(t, err)
			assert.Equal(t, tt.want, w.Last(t).Body)
			assert.Contains(t, w.Last(t).Fields, "Content-Length: "+strconv.Itoa(len(tt.want)))
			assert.NotContains(t, w.Last(t).Header, "Transfer-Encoding")
		})
	}
}

// A reader with one position is given back with Close: what reads on then would
// take bytes from whoever has it next.
func TestBodies_GivenBackAreLeftAlone(t *testing.T) {
	shared := strings.NewReader("content")
	content, err := requests.NewBody(seekerOnly{shared})
	require.NoError(t, err)
	first, err := content.Open()
	require.NoError(t, err)
	_, err = io.ReadFull(first, make([]byte, 2))
	require.NoError(t, err)
	require.NoError(t, first.Close())
	second, err := content.Open()
	require.NoError(t, err)
	n, err := first.Read(make([]byte, 4))
	assert.Zero(t, n)
	require.ErrorIs(t, err, fs.ErrClosed)
	all, err := io.ReadAll(second)
	require.NoError(t, err)
	assert.Equal(t, "content", string(all))
}

// A part that opens late may find that its body was closed meanwhile: nobody
// else would close it then.
func TestBodies_ClosedWhileAPartOpens(t *testing.T) {
	var body io.ReadCloser
	opened, closed := 0, 0
	part := partBody{open: func() io.ReadCloser {
		opened++
		assert.NoError(t, body.Close())
		return countedPart{strings.NewReader("second"), &closed}
	}}
	r, err := requests.NewRequest("POST", "http://a.test/", requests.WithFile("f", "f", part))
	require.NoError(t, err)
	body, err = r.Body.Open()
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, body)
	require.Error(t, err)
	assert.Equal(t, 1, opened)
	assert.Equal(t, 1, closed)
}

// Readers that are read once are closed with their body, also those whose turn
// did not come.
func TestBodies_PartsThatAreNotReadAreClosed(t *testing.T) {
	parts := []*closedReader{{Reader: strings.NewReader("first")}, {Reader: strings.NewReader("second")}}
	adapter := roundTrip(func(r *http.Request) (*http.Response, error) {
		r.Body.Close()
		return answered(200, ""), nil
	})
	_, err := newSession(t, requests.WithAdapter("http://", adapter)).Post(t.Context(), "http://a.test/",
		requests.WithFile("a", "a", parts[0]), requests.WithFile("b", "b", parts[1]))
	require.NoError(t, err)
	for i, p := range parts {
		assert.Equal(t, 1, p.closed, "part %d", i)
	}
}

// A body that is put in place again, as who signs it does, is as long as it was.
func TestBodies_SetAgainKeepTheirLength(t *testing.T) {
	again := func(r *http.Request) (err error) {
		r.Body, err = r.GetBody()
		return err
	}
	another := func(r *http.Request) error {
		content, err := requests.NewBody("other")
		if err != nil {
			return err
		}
		r.GetBody = content.Open
		r.Body, err = content.Open()
		return err
	}
	for name, set := range map[string]func(*http.Request) error{"the same": again, "another": another} {
		for where, opt := range map[string]requests.Option{
			"by an authenticator": requests.WithAuth(auth.Func(set)),
			"by a hook": requests.WithHooks(prepareHook(func(p *requests.PreparedRequest) error {
				return set(p.Request)
			})),
		} {
			t.Run(name+" "+where, func(t *testing.T) {
				w := newReplies(t, reply(200, ""))
				_, err := newSession(t).Post(t.Context(), w.URL, requests.WithBody([]byte("bytes")), opt)
				require.NoError(t, err)
				assert.Len(t, w.Last(t).Body, 5)
				assert.Equal(t, "5", w.Last(t).Header.Get("Content-Length"))
				assert.NotContains(t, w.Last(t).Header, "Transfer-Encoding")
			})
		}
	}
}
