package requests_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

func TestContentRules_EagerOrStreamed(t *testing.T) {
	t.Run("R181 a Response hook sees the body unread", func(t *testing.T) {
		for _, stream := range []bool{false, true} {
			w := newReplies(t, reply(200, "content"))
			var seen string
			s := newSession(t)
			s.Hooks().Response.PushBack(func(e *requests.Exchange) error {
				b, err := io.ReadAll(e.Response.Body)
				seen = string(b)
				e.Response.Body = io.NopCloser(bytes.NewReader(b))
				return err
			})
			r, err := s.Get(t.Context(), w.URL, requests.WithStream(stream))
			require.NoError(t, err)
			assert.Equal(t, "content", seen)
			assert.Equal(t, "content", r.Text())
		}
	})
	t.Run("R181 a Complete hook sees the content of a call, and a stream unread", func(t *testing.T) {
		w := newReplies(t, reply(200, "content"))
		for _, stream := range []bool{false, true} {
			s := newSession(t)
			ran := false
			s.Hooks().Complete.PushBack(func(res *requests.Result) error {
				if ran = true; !stream {
					assert.Equal(t, "content", res.Response.Text())
				}
				return nil
			})
			r, err := s.Get(t.Context(), w.URL, requests.WithStream(stream))
			require.NoError(t, err)
			assert.True(t, ran)
			b, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			assert.Equal(t, "content", string(b))
		}
	})
	t.Run("R181 the body is read after redirects, of the last hop only", func(t *testing.T) {
		w := newReplies(t, redirectTo(302, "/b"), reply(200, "end"))
		var progress []int64
		r, err := newSession(t).Get(t.Context(), w.URL, requests.WithDownloadProgress(func(got, _ int64) { progress = append(progress, got) }))
		require.NoError(t, err)
		assert.Equal(t, "end", r.Text())
		assert.Equal(t, []int64{3}, progress)
	})
	t.Run("R181 a call that is not streamed gives its connection back", func(t *testing.T) {
		w := newReplies(t, reply(200, strings.Repeat("x", 1<<20)))
		s := newSession(t)
		for range 3 {
			_, err := s.Get(t.Context(), w.URL)
			require.NoError(t, err)
		}
		assert.Equal(t, 1, w.Accepted())
	})
}

func TestContentRules_Close(t *testing.T) {
	t.Run("R185 closing again does nothing", func(t *testing.T) {
		for _, stream := range []bool{false, true} {
			r := fetch(t, canned("200 OK", nil, "content"), requests.WithStream(stream))
			require.NoError(t, r.Close())
			require.NoError(t, r.Close())
			require.NoError(t, r.Body.Close())
		}
	})
	t.Run("R185 content in memory outlives Close", func(t *testing.T) {
		r := fetch(t, canned("200 OK", nil, "content"))
		require.NoError(t, r.Close())
		assert.Equal(t, "content", r.Text())
		require.NoError(t, r.Err())
	})
	t.Run("R185 a body is closed once, however often the response is", func(t *testing.T) {
		body := &closeCounter{Reader: strings.NewReader("content")}
		r := fetch(t, contentOf(body, nil), requests.WithStream(true))
		require.NoError(t, r.Close())
		closed := body.closed
		assert.Positive(t, closed)
		require.NoError(t, r.Close())
		assert.Equal(t, closed, body.closed)
	})
}

// contentOf is an adapter that answers with body.
func contentOf(body io.ReadCloser, header http.Header) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: header.Clone(), Body: body, ContentLength: -1, Request: r}, nil
	})
}

func TestContentRules_TextOfAStream(t *testing.T) {
	for _, c := range []struct{ name, contentType, content, text string }{
		{"R183 characters split over pieces are joined", "text/plain; charset=utf-8", "grün 😀", "grün 😀"},
		{"R183 units of UTF-16 too", "text/plain; charset=utf-16le", "g\x00\xfc\x00=\xd8\x00\xde", "gü😀"},
		{"R183 what cannot be decoded is replaced", "text/plain; charset=utf-8", "a\xffb\xf0\x9f", "a\ufffdb\ufffd"},
		{"R183 without a charset", "application/octet-stream", "gr\xfcn", "grün"},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := io.NopCloser(iotest.OneByteReader(strings.NewReader(c.content)))
			r := fetch(t, contentOf(body, http.Header{"Content-Type": {c.contentType}}), requests.WithStream(true))
			assert.Equal(t, c.text, r.Text())
			require.NoError(t, r.Err())
		})
	}
	t.Run("R183 chunks and lines are the bytes, whatever the charset", func(t *testing.T) {
		const content = "g\xfc\nx"
		header := http.Header{"Content-Type": {"text/plain; charset=iso-8859-1"}}
		r := fetch(t, contentOf(io.NopCloser(strings.NewReader(content)), header), requests.WithStream(true))
		assert.Equal(t, []string{"g\xfc", "x"}, linesRead(t, r))
		r = fetch(t, contentOf(io.NopCloser(strings.NewReader(content)), header), requests.WithStream(true))
		var got []byte
		for chunk, err := range r.Chunks(1) {
			require.NoError(t, err)
			got = append(got, chunk...)
		}
		assert.Equal(t, content, string(got))
	})
	t.Run("R183 an unknown charset is an error of SetEncoding", func(t *testing.T) {
		r := fetch(t, canned("200 OK", nil, "content"), requests.WithStream(true))
		require.ErrorContains(t, r.SetEncoding("nonsense"), "nonsense")
		assert.Equal(t, "content", r.Text())
	})
}

func TestContentRules_RawBytes(t *testing.T) {
	zipped := coded(t, "content", "gzip")
	t.Run("R186 a Response hook has them undecoded", func(t *testing.T) {
		w := newReplies(t, reply(200, zipped, "Content-Encoding: gzip"))
		s := newSession(t)
		var raw []byte
		s.Hooks().Response.PushBack(func(e *requests.Exchange) (err error) {
			raw, err = e.Peek(1 << 10)
			return err
		})
		r, err := s.Get(t.Context(), w.URL)
		require.NoError(t, err)
		assert.Equal(t, zipped, string(raw))
		assert.Equal(t, "content", r.Text(), "and the caller has them decoded")
	})
	t.Run("R186 a client that asks for a coding itself has them undecoded", func(t *testing.T) {
		w := newReplies(t, reply(200, zipped, "Content-Encoding: gzip"))
		req, err := http.NewRequestWithContext(t.Context(), "GET", w.URL, nil)
		require.NoError(t, err)
		req.Header.Set("Accept-Encoding", "gzip")
		resp, err := newSession(t).HTTPClient().Do(req)
		require.NoError(t, err)
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, zipped, string(b))
	})
	t.Run("R186 what was read is not read again from the network", func(t *testing.T) {
		body := &closeCounter{Reader: strings.NewReader(zipped)}
		r := fetch(t, contentOf(body, http.Header{"Content-Encoding": {"gzip"}}))
		n, err := body.Read(make([]byte, 1))
		assert.Zero(t, n)
		assert.Equal(t, io.EOF, err, "it is exhausted")
		assert.Positive(t, body.closed)
		assert.Equal(t, "content", r.Text())
	})
}

func TestContentRules_JSONErrorsSayWhere(t *testing.T) {
	r := fetch(t, canned("200 OK", nil, `{"a": nope}`))
	err := r.JSON(new(any))
	var syntax *json.SyntaxError
	require.ErrorAs(t, err, &syntax, "R189 with the position")
	assert.Equal(t, int64(8), syntax.Offset)
	var typed *json.UnmarshalTypeError
	r = fetch(t, canned("200 OK", nil, `{"A": "text"}`))
	require.ErrorAs(t, r.JSON(new(struct{ A int })), &typed, "R189 with the field")
	assert.Equal(t, "A", typed.Field)
}

func TestContentRules_MultipartOfNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		opts []requests.Option
		err  string
	}{
		{"R71 a part without content is an error, not skipped", []requests.Option{requests.WithMultipart(requests.Part{Name: "f"})}, "no content"},
		{"R71 and so is a nil file that has a type", []requests.Option{requests.WithFile("f", "n", (*strings.Reader)(nil))}, "nil"},
		{"R71 several mistakes are told at once", []requests.Option{requests.WithMultipart(requests.Part{Name: "one"}, requests.Part{Name: "two"})}, "two"},
		{"R68 a header field of a part that would split", []requests.Option{requests.WithMultipart(requests.Part{Name: "f", Content: jsonBody{}, Header: http.Header{"X": {"a\r\nb"}}})}, "f"},
		{"R66 a type of a part that would split", []requests.Option{requests.WithMultipart(requests.Part{Name: "f", Content: jsonBody{}, ContentType: "a/b\r\nX: y"})}, "f"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			_, err := newSession(t).Post(t.Context(), w.URL, c.opts...)
			require.ErrorContains(t, err, c.err)
			assert.Empty(t, w.Requests(), "nothing was sent")
		})
	}
}

// A response to HEAD has no content, whatever an adapter gives (RFC 9110,
// section 9.3.2): neither the last nor one that was left.
func TestContentRules_HeadHasNone(t *testing.T) {
	s := newSession(t, requests.WithAdapter("http://", roundTrip(func(r *http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("content")), ContentLength: 7, Request: r}
		if r.URL.Path == "/start" {
			resp.StatusCode = 302
			resp.Header.Set("Location", "/end")
		}
		return resp, nil
	})))
	r, err := s.Head(t.Context(), "http://api.test/start", requests.WithMaxRedirects(1))
	require.NoError(t, err)
	require.Len(t, r.History, 1)
	for _, r := range []*requests.Response{r, r.History[0]} {
		assert.Empty(t, r.Bytes(), r.StatusCode)
		assert.NoError(t, r.Err(), r.StatusCode)
	}
}

// A Response that was made by hand may have no body.
// net/http takes what is no status by RFC 9110 for the end of an answer.
func TestContentRules_StatusBelow100HasSome(t *testing.T) {
	for _, status := range []string{"099", "+20"} {
		w := newReplies(t, "HTTP/1.1 "+status+" Odd\r\nContent-Length: 5\r\n\r\nhello")
		r, err := newSession(t).Get(t.Context(), w.URL)
		require.NoError(t, err)
		assert.Equal(t, "hello", r.Text(), status)
	}
}

func TestContentRules_ByHandWithoutABody(t *testing.T) {
	r := &requests.Response{Response: &http.Response{StatusCode: 404}}
	assert.Empty(t, r.Bytes())
	assert.Empty(t, r.Text())
	require.NoError(t, r.Err())
	var e *requests.StatusError
	require.ErrorAs(t, r.RaiseForStatus(), &e)
	assert.Empty(t, e.Content)
	_, err := requests.Bytes(&requests.Response{Response: &http.Response{StatusCode: 200}}, nil)
	require.NoError(t, err)
}

// The bound holds for what comes, not for what was announced.
func TestContentRules_MoreThanAnnounced(t *testing.T) {
	s := newSession(t, requests.WithMaxBody(10), requests.WithAdapter("http://", roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(strings.Repeat("x", 1000))), ContentLength: 3, Request: r}, nil
	})))
	_, err := s.Get(t.Context(), "http://api.test/")
	require.ErrorIs(t, err, requests.ErrBodyTooLarge)
	r, err := s.Get(t.Context(), "http://api.test/", requests.WithStream(true))
	require.NoError(t, err)
	defer r.Close()
	assert.Equal(t, strings.Repeat("x", 10), string(r.Bytes()))
	require.ErrorIs(t, r.Err(), requests.ErrBodyTooLarge)
}
