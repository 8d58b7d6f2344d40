package requests_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

// coded is content under these codings, the first applied first.
func coded(t testing.TB, content string, codings ...string) string {
	t.Helper()
	for _, c := range codings {
		var b bytes.Buffer
		var w io.WriteCloser
		switch c {
		case "gzip", "x-gzip", "GZip":
			w = gzip.NewWriter(&b)
		case "deflate":
			w = zlib.NewWriter(&b)
		case "raw deflate":
			w, _ = flate.NewWriter(&b, -1)
		case "br":
			w = brotli.NewWriterLevel(&b, 1)
		case "zstd":
			w, _ = zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
		default:
			require.Fail(t, "no such coding: "+c)
		}
		_, err := io.WriteString(w, content)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		content = b.String()
	}
	return content
}

func TestDecoding(t *testing.T) {
	const text = "What was said, said again: what was said."
	for _, c := range []struct{ name, field, body, content string }{
		{"R191 gzip", "gzip", coded(t, text, "gzip"), text},
		{"R191 x-gzip", "x-gzip", coded(t, text, "gzip"), text},
		{"R191 names in any case", "GZip", coded(t, text, "gzip"), text},
		{"R191 deflate with zlib's frame", "deflate", coded(t, text, "deflate"), text},
		{"R191 deflate without", "deflate", coded(t, text, "raw deflate"), text},
		{"R191 br", "br", coded(t, text, "br"), text},
		{"R191 zstd", "zstd", coded(t, text, "zstd"), text},
		{"R191 a chain is undone right to left", "deflate, gzip", coded(t, text, "deflate", "gzip"), text},
		{"R191 several gzip members", "gzip", coded(t, text, "gzip") + coded(t, text, "gzip"), text + text},
		{"R191 garbage after gzip", "gzip", coded(t, text, "gzip") + "garbage", text},
		{"R191 padding after gzip", "gzip", coded(t, text, "gzip") + "\x00\x00\x00", text},
		{"R191 identity", "identity", text, text},
		{"D18 identity in a chain does nothing", "identity, gzip", coded(t, text, "gzip"), text},
		{"R191 an unknown coding leaves the body untouched", "weird", text, text},
		{"D18 an unknown member leaves the body untouched", "weird, gzip", coded(t, text, "gzip"), coded(t, text, "gzip")},
		{"R191 empty content", "gzip", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, reply(200, c.body, "Content-Encoding: "+c.field))
			s := newSession(t)
			for _, stream := range []bool{false, true} {
				r, err := s.Get(t.Context(), w.URL, requests.WithStream(stream))
				require.NoError(t, err)
				b, err := io.ReadAll(r.Body)
				require.NoError(t, err)
				assert.Equal(t, c.content, string(b))
				assert.Equal(t, c.field, r.Header.Get("Content-Encoding"), "R191 the header is as received")
				assert.Equal(t, int64(len(c.body)), r.ContentLength)
			}
			assert.Equal(t, 1, w.Accepted(), "the connection serves again")
			assert.Equal(t, "gzip, deflate, br, zstd", w.Last(t).Header.Get("Accept-Encoding"))
		})
	}
}

func TestDecoding_SeveralFieldLines(t *testing.T) {
	w := newReplies(t, reply(200, coded(t, "text", "deflate", "gzip"), "Content-Encoding: deflate", "Content-Encoding: gzip"))
	text, err := requests.Text(newSession(t).Get(t.Context(), w.URL))
	require.NoError(t, err)
	assert.Equal(t, "text", text)
}

func TestDecoding_ThatFails(t *testing.T) {
	zipped := coded(t, strings.Repeat("some content ", 100), "gzip")
	badSum := []byte(zipped)
	badSum[len(badSum)-6] ^= 1
	for _, c := range []struct{ name, field, body string }{
		{"R191 not gzip at all", "gzip", "plain text that is none"},
		{"R191 a bad checksum", "gzip", string(badSum)},
		{"D18 gzip that is cut", "gzip", zipped[:len(zipped)/2]},
		{"D18 gzip without its trailer", "gzip", zipped[:len(zipped)-8]},
		{"D18 a header that is cut", "gzip", zipped[:5]},
		{"D18 deflate that is cut", "deflate", coded(t, "some content", "deflate")[:8]},
		{"R191 br that is none", "br", "\xff\xff\xff\xff\xff\xff"},
		{"D18 zstd that is cut", "zstd", coded(t, strings.Repeat("some content ", 100), "zstd")[:20]},
		{"R191 more than five codings", "gzip, gzip, gzip, gzip, gzip, gzip", "x"},
		{"R191 identity counts too", "identity, identity, identity, identity, identity, gzip", "x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, reply(200, c.body, "Content-Encoding: "+c.field))
			s := newSession(t)
			_, err := s.Get(t.Context(), w.URL)
			require.ErrorIs(t, err, requests.ErrContentDecoding)
			require.NotErrorIs(t, err, requests.ErrConnection, "the framing was sound")
			require.NotErrorIs(t, err, requests.ErrTruncated)

			r, err := s.Get(t.Context(), w.URL, requests.WithStream(true))
			require.NoError(t, err, "a stream has its header")
			_, err = io.Copy(io.Discard, r.Body)
			require.ErrorIs(t, err, requests.ErrContentDecoding)
			assert.Equal(t, 200, r.StatusCode)
		})
	}
}

func TestDecoding_NothingToDecode(t *testing.T) {
	gzipField := "Content-Encoding: gzip"
	for _, c := range []struct{ name, method, answer string }{
		{"R191 HEAD", "HEAD", reply(200, "", gzipField, "Content-Length: 12345")},
		{"R191 204", "GET", "HTTP/1.1 204 No Content\r\n" + gzipField + "\r\n\r\n"},
		{"R191 304", "GET", "HTTP/1.1 304 Not Modified\r\n" + gzipField + "\r\nContent-Length: 12345\r\n\r\n"},
		{"R191 empty", "GET", reply(200, "", gzipField)},
		{"R191 empty chunks", "GET", reply(200, "0\r\n\r\n", gzipField, "Transfer-Encoding: chunked")},
		{"R191 HEAD with more than five codings", "HEAD", reply(200, "", "Content-Encoding: a, b, c, d, e, f", "Content-Length: 9")},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, c.answer)
			s := newSession(t, requests.WithMaxBody(10))
			for _, stream := range []bool{false, true, false} {
				r, err := s.Request(t.Context(), c.method, w.URL, requests.WithStream(stream))
				require.NoError(t, err)
				assert.Empty(t, r.Bytes())
				assert.Empty(t, r.Text())
				require.NoError(t, r.Err())
				require.NoError(t, r.Close())
			}
			assert.Equal(t, 1, w.Accepted(), "the connection serves again")
		})
	}
}

func TestDecoding_Bombs(t *testing.T) {
	const size = 16 << 20
	zeros := strings.Repeat("\x00", size)
	for _, codings := range [][]string{{"gzip"}, {"deflate"}, {"br"}, {"zstd"}, {"gzip", "gzip"}} {
		name := strings.Join(codings, ", ")
		bomb := coded(t, zeros, codings...)
		t.Run(name, func(t *testing.T) {
			w := newReplies(t, reply(200, bomb, "Content-Encoding: "+name))
			s := newSession(t, requests.WithMaxBody(1<<20))
			r, err := s.Get(t.Context(), w.URL)
			require.ErrorIs(t, err, requests.ErrBodyTooLarge)
			require.Nil(t, r)
			var e *requests.Error
			require.ErrorAs(t, err, &e)
			if e.Response != nil {
				assert.LessOrEqual(t, cap(e.Response.Bytes()), 4<<20, "no more is held than was allowed")
			}

			// A stream gives at most what is asked for at a time.
			r, err = s.Get(t.Context(), w.URL, requests.WithStream(true))
			require.NoError(t, err)
			n, err := r.Body.Read(make([]byte, 10))
			require.NoError(t, err)
			assert.LessOrEqual(t, n, 10)
			require.NoError(t, r.Close())
		})
	}
}

func TestDecoding_ABombOnARedirectIsNotDecoded(t *testing.T) {
	bomb := coded(t, strings.Repeat("\x00", 16<<20), "gzip")
	w := newWire(t, func(r wireRequest) string {
		if r.Path() == "/" {
			return reply(302, bomb, "Location: /end", "Content-Encoding: gzip")
		}
		return reply(200, "end")
	})
	r, err := newSession(t, requests.WithMaxBody(1<<20)).Get(t.Context(), w.URL)
	require.NoError(t, err)
	assert.Equal(t, "end", r.Text())
	require.Len(t, r.History, 1)
	assert.LessOrEqual(t, len(r.History[0].Bytes()), 1<<20)
	require.ErrorIs(t, r.History[0].Err(), requests.ErrBodyTooLarge, "MaxBody holds for a hop's content too")
	assert.Equal(t, 1, w.Accepted())
}

func TestDecoding_TheContentOfAHop(t *testing.T) {
	w := newWire(t, func(r wireRequest) string {
		if r.Path() == "/" {
			return reply(302, coded(t, "moved away", "gzip"), "Location: /end", "Content-Encoding: gzip")
		}
		return reply(200, "end")
	})
	r, err := newSession(t).Get(t.Context(), w.URL)
	require.NoError(t, err)
	require.Len(t, r.History, 1)
	assert.Equal(t, "moved away", r.History[0].Text())
	b, err := io.ReadAll(r.History[0].Body)
	require.NoError(t, err)
	assert.Equal(t, "moved away", string(b))
}

func TestDownloadProgress_CountsWhatArrives(t *testing.T) {
	body := coded(t, strings.Repeat("a", 10_000), "gzip")
	w := newReplies(t, reply(200, body, "Content-Encoding: gzip"))
	var got, total int64
	r, err := newSession(t).Get(t.Context(), w.URL, requests.WithDownloadProgress(func(g, n int64) { got, total = g, n }))
	require.NoError(t, err)
	assert.Len(t, r.Bytes(), 10_000)
	assert.Equal(t, int64(len(body)), got)
	assert.Equal(t, int64(len(body)), total)
}
