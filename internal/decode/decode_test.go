package decode_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-3bbad739/requests/internal/decode"
	"github.com/seed-3bbad739/requests/internal/drain"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The encoders are the standard library's where it has one, so that decoder
// and encoder do not share their mistakes.
var encoders = map[string]func(io.Writer) io.WriteCloser{
	"gzip":   func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"x-gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"deflate": func(w io.Writer) io.WriteCloser {
		return zlib.NewWriter(w)
	},
	"raw": func(w io.Writer) io.WriteCloser {
		f, _ := flate.NewWriter(w, -1)
		return f
	},
	"br": func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, 5) },
	"zstd": func(w io.Writer) io.WriteCloser {
		z, _ := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		return z
	},
	"identity": func(w io.Writer) io.WriteCloser { return nopWriteCloser{w} },
}

type nopWriteCloser struct{ io.Writer }

func (nopWriteCloser) Close() error { return nil }

// encode applies codings, the first first.
func encode(t testing.TB, content []byte, codings ...string) []byte {
	t.Helper()
	for _, c := range codings {
		var out bytes.Buffer
		w := encoders[c](&out)
		_, err := w.Write(content)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		content = out.Bytes()
	}
	return content
}

// body counts what becomes of a response's body.
type body struct {
	io.Reader
	mu     sync.Mutex
	closed int
	read   int
}

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed > 0 {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.Reader.Read(p)
	b.read += n
	return n, err
}

func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed++
	return nil
}

func bodyOf(content []byte) *body { return &body{Reader: bytes.NewReader(content)} }

func decoded(t testing.TB, content []byte, codings ...string) ([]byte, error) {
	t.Helper()
	r, err := decode.Reader(bodyOf(content), codings)
	require.NoError(t, err)
	defer r.Close()
	return io.ReadAll(r)
}

// prose is compressible text, but not so that one block holds it all.
func prose(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"the ", "quick ", `{"id":`, "12345", "brown ", "fox\n", `value":"`, "lorem ", "ipsum "}
	var b bytes.Buffer
	for b.Len() < n {
		b.WriteString(words[r.IntN(len(words))])
		if r.IntN(3) == 0 {
			b.WriteByte(byte('a' + r.IntN(26)))
		}
	}
	return b.Bytes()[:n]
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestReader(t *testing.T) {
	text := prose(100_000)
	enc := func(codings ...string) []byte { return encode(t, text, codings...) }
	one, two := encode(t, []byte("one,"), "gzip"), encode(t, []byte("two"), "gzip")
	empty := encode(t, nil, "gzip")
	tests := []struct {
		name    string
		content []byte
		codings []string
		want    []byte
	}{
		{"R191 gzip", enc("gzip"), []string{"gzip"}, text},
		{"R191 x-gzip", enc("gzip"), []string{"x-gzip"}, text},
		{"R191 deflate in the zlib format", enc("deflate"), []string{"deflate"}, text},
		{"R191 deflate as bare data", enc("raw"), []string{"deflate"}, text},
		{"R191 br", enc("br"), []string{"br"}, text},
		{"R191 zstd", enc("zstd"), []string{"zstd"}, text},
		{"R191 zstd in several frames", join(encode(t, []byte("one,"), "zstd"), encode(t, []byte("two"), "zstd")), []string{"zstd"}, []byte("one,two")},
		{"R191 names are in any case", enc("gzip"), []string{"GZip"}, text},
		{"R191 identity is nothing", text, []string{"identity"}, text},
		{"R191 an unknown coding leaves the content", text, []string{"compress"}, text},
		{"R191 no coding", text, nil, text},
		{"R191 empty names are nothing", text, []string{"", " , "}, text},
		{"R191 a chain is undone from right to left", enc("gzip", "br"), []string{"gzip, br"}, text},
		{"R191 a chain over several lines", enc("deflate", "zstd", "gzip"), []string{"deflate", "zstd,gzip"}, text},
		{"R191 five codings", enc("gzip", "br", "deflate", "zstd", "gzip"), []string{"gzip,br,deflate", "zstd , x-gzip"}, text},
		{"D18 identity in a chain is nothing", enc("gzip", "br"), []string{"gzip, identity, BR"}, text},
		{"D18 an unknown member leaves the content", enc("gzip"), []string{"gzip, compress"}, enc("gzip")},
		{"D18 an unknown member below leaves the content", enc("gzip"), []string{"compress, gzip"}, enc("gzip")},
		{"R191 empty gzip content", nil, []string{"gzip"}, []byte{}},
		{"R191 empty deflate content", nil, []string{"deflate"}, []byte{}},
		{"R191 empty br content", nil, []string{"br"}, []byte{}},
		{"R191 empty zstd content", nil, []string{"zstd"}, []byte{}},
		{"R191 empty content of a chain", nil, []string{"gzip, zstd, br"}, []byte{}},
		{"R191 a coding of nothing", empty, []string{"gzip"}, []byte{}},
		{"R191 a coding of nothing below another", encode(t, nil, "br"), []string{"gzip, br"}, []byte{}},
		{"R191 several members", join(one, two), []string{"gzip"}, []byte("one,two")},
		{"R191 empty members", join(empty, one, empty, empty, two, empty), []string{"gzip"}, []byte("one,two")},
		{"R191 garbage after a member", join(one, []byte("garbage")), []string{"gzip"}, []byte("one,")},
		{"R191 garbage that begins like a member", join(one, []byte{0x1f, 0x8b, 9, 9, 9}), []string{"gzip"}, []byte("one,")},
		{"R191 garbage after several members", join(one, two, []byte{0xff}), []string{"gzip"}, []byte("one,two")},
		{"T2 zeros after a member", join(one, make([]byte, 5000)), []string{"gzip"}, []byte("one,")},
		{"T2 zeros between members", join(one, make([]byte, 5), two), []string{"gzip"}, []byte("one,two")},
		{"T2 zeros without end", join(one, make([]byte, 600_000), two), []string{"gzip"}, []byte("one,")},
		{"garbage without end", join(one, bytes.Repeat([]byte("x"), 600_000)), []string{"gzip"}, []byte("one,")},
		{"garbage after zlib", join(enc("deflate"), []byte("garbage")), []string{"deflate"}, text},
		{"garbage after bare data", join(enc("raw"), []byte("garbage")), []string{"deflate"}, text},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decoded(t, tt.content, tt.codings...)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(tt.want, got))

			r, err := decode.Reader(io.NopCloser(iotest.OneByteReader(bytes.NewReader(tt.content))), tt.codings)
			require.NoError(t, err)
			got, err = io.ReadAll(iotest.OneByteReader(r))
			require.NoError(t, err, "byte by byte")
			assert.True(t, bytes.Equal(tt.want, got), "byte by byte")
			require.NoError(t, r.Close())
		})
	}
}

func TestReaderRefuses(t *testing.T) {
	text := prose(100_000)
	enc := func(codings ...string) []byte { return encode(t, text, codings...) }
	change := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		if at < 0 {
			at += len(b)
		}
		b[at] ^= 0x55
		return b
	}
	window := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 14 << 3, 0x09, 0x00, 0x00, 'x'} // 16 MiB
	tests := []struct {
		name    string
		content []byte
		codings []string
		message string
		cause   error
	}{
		{"R191 a wrong gzip header", []byte("not gzip at all"), []string{"gzip"}, "content cannot be decoded: gzip: gzip: invalid header", nil},
		{"R191 a wrong gzip checksum", change(enc("gzip"), -5), []string{"gzip"}, "content cannot be decoded: gzip: gzip: invalid checksum", nil},
		{"R191 a wrong gzip length", change(enc("gzip"), -1), []string{"gzip"}, "content cannot be decoded: gzip: gzip: invalid checksum", nil},
		{"R191 a wrong zlib checksum", change(enc("deflate"), -1), []string{"deflate"}, "content cannot be decoded: deflate: wrong checksum", nil},
		{"R191 wrong deflate data", []byte{0xff, 0xff, 0xff}, []string{"deflate"}, "content cannot be decoded: deflate: flate: corrupt input before offset 1", nil},
		{"R191 a wrong zstd header", []byte("not zstd at all"), []string{"zstd"}, "content cannot be decoded: zstd: invalid input: magic number mismatch", nil},
		{"R191 a wrong br header", bytes.Repeat([]byte{0x11}, 30), []string{"br"}, "content cannot be decoded: br: ", nil},
		{"garbage after br", join(enc("br"), []byte("garbage")), []string{"br"}, "content cannot be decoded: br: brotli: excessive input", nil},
		{"D18 half of gzip", enc("gzip")[:5000], []string{"gzip"}, "content cannot be decoded: gzip: unexpected EOF", io.ErrUnexpectedEOF},
		{"D18 gzip without its checksum", enc("gzip")[:len(enc("gzip"))-8], []string{"gzip"}, "content cannot be decoded: gzip: unexpected EOF", io.ErrUnexpectedEOF},
		{"D18 a second member that is cut", join(enc("gzip"), enc("gzip")[:1000]), []string{"gzip"}, "content cannot be decoded: gzip: unexpected EOF", io.ErrUnexpectedEOF},
		{"D18 the first byte of a second member", join(enc("gzip"), []byte{0x1f}), []string{"gzip"}, "content cannot be decoded: gzip: unexpected EOF", io.ErrUnexpectedEOF},
		{"D18 one byte of deflate", []byte{0x78}, []string{"deflate"}, "content cannot be decoded: deflate: ", nil},
		{"D18 half of zlib", enc("deflate")[:5000], []string{"deflate"}, "content cannot be decoded: deflate: unexpected EOF", io.ErrUnexpectedEOF},
		{"D18 zlib without its checksum", enc("deflate")[:len(enc("deflate"))-4], []string{"deflate"}, "content cannot be decoded: deflate: unexpected EOF", io.ErrUnexpectedEOF},
		{"D18 half of bare data", enc("raw")[:5000], []string{"deflate"}, "content cannot be decoded: deflate: unexpected EOF", io.ErrUnexpectedEOF},
		{"D18 half of br", enc("br")[:5000], []string{"br"}, "content cannot be decoded: br: unexpected EOF", io.ErrUnexpectedEOF},
		{"D18 half of zstd", enc("zstd")[:5000], []string{"zstd"}, "content cannot be decoded: zstd: unexpected EOF", io.ErrUnexpectedEOF},
		{"a chain names the coding at fault", encode(t, enc("gzip")[:5000], "br"), []string{"gzip, br"}, "content cannot be decoded: gzip: unexpected EOF", io.ErrUnexpectedEOF},
		{"a chain names the outer coding at fault", enc("gzip", "br")[:5000], []string{"gzip, br"}, "content cannot be decoded: br: unexpected EOF", io.ErrUnexpectedEOF},
		{"a zstd window above 8 MiB", window, []string{"zstd"}, "content cannot be decoded: zstd: window size exceeded", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decoded(t, tt.content, tt.codings...)
			require.ErrorIs(t, err, sentinel.ContentDecoding)
			assert.Contains(t, err.Error(), tt.message)
			if tt.cause != nil {
				assert.ErrorIs(t, err, tt.cause)
			}
			assert.NotErrorIs(t, err, io.EOF)
			assert.NotErrorIs(t, err, sentinel.Truncated)
		})
	}
}

func TestReaderBoundsTheChain(t *testing.T) {
	for _, codings := range [][]string{
		{"gzip, gzip, gzip, gzip, gzip, gzip"},
		{"gzip", "gzip", "gzip", "gzip", "gzip", "gzip"},
		{"gzip, br", "identity, identity", "zstd, deflate"},
		{"compress, a, b, c, d, e"},
		{strings.Repeat("gzip,", 100_000)},
	} {
		b := bodyOf(nil)
		r, err := decode.Reader(b, codings)
		require.ErrorIs(t, err, sentinel.ContentDecoding)
		require.EqualError(t, err, "content cannot be decoded: more than 5 content codings")
		assert.Nil(t, r)
		assert.Zero(t, b.closed, "the body is the caller's")
	}
}

func TestReaderIsTheBodyWhenNothingIsUndone(t *testing.T) {
	b := bodyOf([]byte("x"))
	for _, codings := range [][]string{nil, {}, {""}, {"identity"}, {"aws-chunked"}, {"gzip, unknown"}} {
		r, err := decode.Reader(b, codings)
		require.NoError(t, err)
		assert.Same(t, b, r)
	}
	r, err := decode.Reader(http.NoBody, []string{"gzip"})
	require.NoError(t, err)
	assert.Equal(t, http.NoBody, r)
	r, err = decode.Reader(nil, []string{"gzip"})
	require.NoError(t, err)
	assert.Nil(t, r)
}

// Whatever is cut off, the content is not taken for whole.
func TestEveryTruncationIsAnError(t *testing.T) {
	text := []byte("some content, and some more content that repeats some content")
	for _, c := range []string{"gzip", "deflate", "raw", "br", "zstd"} {
		whole := encode(t, text, c)
		name := strings.Replace(c, "raw", "deflate", 1)
		for n := 1; n < len(whole); n++ {
			_, err := decoded(t, whole[:n], name)
			require.ErrorIs(t, err, sentinel.ContentDecoding, "%s cut after %d of %d bytes", c, n, len(whole))
		}
	}
	member := encode(t, text, "gzip")
	for n := 1; n < len(member); n++ {
		_, err := decoded(t, join(member, member[:n]), "gzip")
		require.ErrorIs(t, err, sentinel.ContentDecoding, "the second member cut after %d bytes", n)
	}
}

// What the body itself fails with is not the content's fault.
func TestErrorsOfTheBodyPass(t *testing.T) {
	text := prose(100_000)
	cause := errors.New("stalled")
	for _, failure := range []error{context.Canceled, io.ErrUnexpectedEOF, sentinel.ReadTimeout, fmt.Errorf("wrapped: %w", cause)} {
		for _, codings := range [][]string{{"gzip"}, {"deflate"}, {"br"}, {"zstd"}, {"gzip", "br"}, {"zstd", "gzip"}} {
			whole := encode(t, text, codings...)
			for _, n := range []int{0, 1, 3, 1000, len(whole) - 1, len(whole)} {
				r, err := decode.Reader(io.NopCloser(io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(failure))), codings)
				require.NoError(t, err)
				got, err := io.ReadAll(r)
				require.Equal(t, failure, err, "%v after %d bytes", codings, n)
				require.True(t, bytes.HasPrefix(text, got))
				if n == len(whole) {
					require.Len(t, got, len(text), "%v: all there was is given first", codings)
				}
				_, err = r.Read(make([]byte, 1))
				require.Equal(t, failure, err, "an error stays")
				require.NoError(t, r.Close())
			}
		}
	}
}

// still is a body that gives neither content nor an error.
type still struct{ reads int }

func (s *still) Read([]byte) (int, error) { s.reads++; return 0, nil }

func TestBodyThatGivesNothing(t *testing.T) {
	for _, codings := range [][]string{{"gzip"}, {"deflate"}, {"br"}, {"zstd"}, {"gzip", "br"}} {
		s := new(still)
		r, err := decode.Reader(io.NopCloser(s), codings)
		require.NoError(t, err)
		_, err = io.ReadAll(r)
		require.Equal(t, io.ErrNoProgress, err, "%v: the body is at fault, not its coding", codings)
		assert.LessOrEqual(t, s.reads, 1000)
		_, err = r.Read(make([]byte, 1))
		require.Equal(t, io.ErrNoProgress, err, "an error stays")
		require.NoError(t, r.Close())
	}
}

func TestReaderReadsTheBodyToItsEnd(t *testing.T) {
	for _, c := range []string{"gzip", "deflate", "br", "zstd"} {
		content := encode(t, prose(1000), c)
		b := &body{Reader: io.MultiReader(bytes.NewReader(content), iotest.ErrReader(io.ErrUnexpectedEOF))}
		r, err := decode.Reader(b, []string{c})
		require.NoError(t, err)
		_, err = io.ReadAll(r)
		require.Equal(t, io.ErrUnexpectedEOF, err, "%s: broken framing after whole content shows", c)
	}
	b := bodyOf(join(encode(t, nil, "gzip"), bytes.Repeat([]byte("x"), 10<<20)))
	r, err := decode.Reader(b, []string{"gzip"})
	require.NoError(t, err)
	_, err = io.ReadAll(r)
	require.NoError(t, err)
	assert.Less(t, b.read, 300<<10, "garbage is read within bounds")
}

func TestReaderIsLazy(t *testing.T) {
	for _, c := range []string{"gzip", "deflate", "br", "zstd"} {
		b := bodyOf(encode(t, prose(2<<20), c))
		r, err := decode.Reader(b, []string{c})
		require.NoError(t, err)
		assert.Zero(t, b.read, "%s: nothing is read before it is asked for", c)
		n, err := r.Read(nil)
		require.NoError(t, err)
		assert.Zero(t, n)
		assert.Zero(t, b.read, "%s: nothing is read for an empty buffer", c)

		p := make([]byte, 10)
		n, err = r.Read(p)
		require.NoError(t, err)
		assert.LessOrEqual(t, n, len(p))
		assert.LessOrEqual(t, b.read, 256<<10, "%s: a small read takes a small part", c)
		require.NoError(t, r.Close())
	}
}

// What a server flushes arrives before it sends more, and before it ends.
func TestReaderGivesWhatItHas(t *testing.T) {
	type flusher interface{ Flush() error }
	for _, c := range []string{"gzip", "deflate", "raw", "br", "zstd"} {
		t.Run(c, func(t *testing.T) {
			pr, pw := io.Pipe()
			defer pw.Close()
			r, err := decode.Reader(pr, []string{strings.Replace(c, "raw", "deflate", 1)})
			require.NoError(t, err)
			defer r.Close()
			next := make(chan string)
			defer close(next)
			go func() {
				w := encoders[c](pw)
				for message := range next {
					_, _ = io.WriteString(w, message)
					if message == "last" {
						_ = w.Close() // ends the content, not the body
						continue
					}
					_ = w.(flusher).Flush()
				}
			}()
			for _, message := range []string{"first\n", "a second message\n", strings.Repeat("third ", 100_000), "x", "last"} {
				next <- message
				p := make([]byte, len(message))
				_, err := io.ReadFull(r, p)
				require.NoError(t, err)
				assert.Equal(t, message, string(p))
			}
		})
	}
	t.Run("a member each", func(t *testing.T) {
		pr, pw := io.Pipe()
		defer pw.Close()
		r, err := decode.Reader(pr, []string{"gzip"})
		require.NoError(t, err)
		defer r.Close()
		for i := range 3 {
			message := fmt.Sprintf("message %d\n", i)
			go func() { _, _ = pw.Write(encode(t, []byte(message), "gzip")) }()
			p := make([]byte, len(message))
			_, err := io.ReadFull(r, p)
			require.NoError(t, err)
			assert.Equal(t, message, string(p))
		}
	})
}

func TestClose(t *testing.T) {
	for _, codings := range [][]string{{"gzip"}, {"deflate"}, {"br"}, {"zstd"}, {"gzip", "zstd", "br"}} {
		content := encode(t, prose(100_000), codings...)
		for _, n := range []int64{0, 1, 50_000, 100_000, 200_000} {
			b := bodyOf(content)
			r, err := decode.Reader(b, codings)
			require.NoError(t, err)
			_, err = io.CopyN(io.Discard, r, n)
			if n <= 100_000 {
				require.NoError(t, err)
			}
			require.NoError(t, r.Close())
			require.NoError(t, r.Close())
			assert.Equal(t, 1, b.closed)
			_, err = r.Read(make([]byte, 10))
			require.Equal(t, http.ErrBodyReadAfterClose, err)
		}
	}
}

// Close ends a Read that waits, and the decoder is given back but once: bodies
// decoded meanwhile would show it.
func TestCloseDuringRead(t *testing.T) {
	text := prose(50_000)
	for _, c := range []string{"gzip", "deflate", "br", "zstd"} {
		content := encode(t, text, c)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 30 {
					pr, pw := io.Pipe()
					r, err := decode.Reader(pr, []string{c})
					if !assert.NoError(t, err) {
						return
					}
					done := make(chan error, 1)
					go func() {
						_, err := io.Copy(io.Discard, r)
						done <- err
					}()
					_, err = pw.Write(content[:len(content)/2]) // returns when it has been read
					assert.NoError(t, err)
					assert.NoError(t, r.Close())
					assert.Error(t, <-done)

					got, err := decoded(t, content, c)
					assert.NoError(t, err)
					assert.True(t, bytes.Equal(text, got))
				}
			})
		}
		wg.Wait()
	}
}

type aborter struct {
	io.ReadCloser
	aborted int
}

func (a *aborter) Abort() { a.aborted++ }

func TestAbort(t *testing.T) {
	a := &aborter{ReadCloser: bodyOf(nil)}
	r, err := decode.Reader(a, []string{"gzip"})
	require.NoError(t, err)
	r.(interface{ Abort() }).Abort()
	assert.Equal(t, 1, a.aborted)
	assert.True(t, drain.CanAbort(r))

	b := bodyOf(nil)
	r, err = decode.Reader(b, []string{"gzip"})
	require.NoError(t, err)
	r.(interface{ Abort() }).Abort()
	assert.Equal(t, 1, b.closed, "a body that cannot abort is closed")
	assert.False(t, drain.CanAbort(r))
}

// A decoder that met an error or was left halfway serves the next body as new.
func TestPooledDecodersForget(t *testing.T) {
	text := prose(100_000)
	for _, c := range []string{"gzip", "deflate", "raw", "br", "zstd"} {
		content, name := encode(t, text, c), strings.Replace(c, "raw", "deflate", 1)
		for i := range 20 {
			broken := bytes.Clone(content)
			broken[(i*997)%len(broken)] ^= 0xff
			_, _ = decoded(t, broken, name)
			_, _ = decoded(t, broken[:(i*991)%len(broken)], name)
			r, err := decode.Reader(bodyOf(content), []string{name})
			require.NoError(t, err)
			_, err = io.CopyN(io.Discard, r, int64(i)*4000)
			require.NoError(t, err)
			require.NoError(t, r.Close())

			got, err := decoded(t, content, name)
			require.NoError(t, err)
			require.True(t, bytes.Equal(text, got))
		}
	}
}

// Decoders made in a bubble are of no harm outside, nor the other way round.
func TestDecodersCrossBubbles(t *testing.T) {
	for _, c := range []string{"gzip", "deflate", "br", "zstd"} {
		content := encode(t, prose(10_000), c)
		for range 3 {
			synctest.Test(t, func(t *testing.T) {
				for range 10 {
					_, err := decoded(t, content, c)
					require.NoError(t, err)
				}
			})
			_, err := decoded(t, content, c)
			require.NoError(t, err)
		}
	}
}

// zeros is an endless reader of zeros.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestBombsStreamInFlatMemory(t *testing.T) {
	const size = 48 << 20
	bomb := func(codings ...string) []byte {
		var out bytes.Buffer
		w := encoders[codings[0]](&out)
		_, err := io.CopyN(w, zeros{}, size)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return encode(t, out.Bytes(), codings[1:]...)
	}
	member := encode(t, make([]byte, 5000), "gzip")
	tests := []struct {
		name    string
		content []byte
		codings []string
		want    int64
	}{
		{"gzip", bomb("gzip"), []string{"gzip"}, size},
		{"zlib", bomb("deflate"), []string{"deflate"}, size},
		{"bare deflate", bomb("raw"), []string{"deflate"}, size},
		{"br", bomb("br"), []string{"br"}, size},
		{"zstd", bomb("zstd"), []string{"zstd"}, size},
		{"a chain of two", bomb("gzip", "gzip"), []string{"gzip, gzip"}, size},
		{"a chain of three", bomb("gzip", "zstd", "gzip"), []string{"gzip", "zstd", "gzip"}, size},
		{"10,000 members", bytes.Repeat(member, 10_000), []string{"gzip"}, 10_000 * 5000},
		{"100,000 empty members", bytes.Repeat(encode(t, nil, "gzip"), 100_000), []string{"gzip"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			runtime.GC()
			var before, now runtime.MemStats
			runtime.ReadMemStats(&before)
			r, err := decode.Reader(bodyOf(tt.content), tt.codings)
			require.NoError(t, err)
			defer r.Close()
			var total, peak int64
			p := make([]byte, 64<<10)
			for i := 0; ; i++ {
				n, err := r.Read(p)
				total += int64(n)
				if i%200 == 0 || err != nil {
					runtime.ReadMemStats(&now)
					peak = max(peak, int64(now.HeapAlloc)-int64(before.HeapAlloc))
				}
				if err == io.EOF {
					break
				}
				require.NoError(t, err)
			}
			assert.Equal(t, tt.want, total)
			assert.Less(t, peak, int64(32<<20))
		})
	}
}

func TestSmallResponsesAllocateLittle(t *testing.T) {
	p := make([]byte, 4096)
	for _, c := range []string{"gzip", "deflate", "br", "zstd"} {
		content := bytes.NewReader(nil)
		encoded := encode(t, []byte("hello"), c)
		codings := []string{c}
		n := testing.AllocsPerRun(200, func() {
			content.Reset(encoded)
			r, _ := decode.Reader(io.NopCloser(content), codings)
			for {
				if _, err := r.Read(p); err != nil {
					break
				}
			}
			_ = r.Close()
		})
		t.Log(c, n)
		assert.LessOrEqual(t, n, 12.0, c)
	}
}

// Decoding never panics, gives no more than was asked for, and its errors say
// whose fault they are; what was encoded is had again.
func FuzzReader(f *testing.F) {
	for _, c := range []string{"gzip", "deflate", "raw", "br", "zstd"} {
		f.Add(strings.Replace(c, "raw", "deflate", 1), encode(f, []byte("some content some content"), c), uint8(7))
	}
	f.Add("gzip, br", encode(f, []byte("some content"), "gzip", "br"), uint8(1))
	f.Add("identity,,gzip,unknown", []byte("x"), uint8(0))
	f.Fuzz(func(t *testing.T, codings string, content []byte, size uint8) {
		r, err := decode.Reader(bodyOf(content), []string{codings})
		if err != nil {
			require.ErrorIs(t, err, sentinel.ContentDecoding)
			return
		}
		p, total := make([]byte, int(size)+1), 0
		for total < 1<<20 {
			n, err := r.Read(p)
			require.LessOrEqual(t, n, len(p))
			total += n
			if err == io.EOF {
				break
			}
			if err != nil {
				require.ErrorIs(t, err, sentinel.ContentDecoding)
				require.NotErrorIs(t, err, io.EOF)
				break
			}
		}
		require.NoError(t, r.Close())

		for _, c := range []string{"gzip", "deflate", "br", "zstd"} {
			got, err := decoded(t, encode(t, content, c), c)
			require.NoError(t, err)
			require.True(t, bytes.Equal(content, got))
		}
	})
}

func BenchmarkGzip64MiB(b *testing.B) {
	content := encode(b, prose(64<<20), "gzip")
	run := func(b *testing.B, open func(io.ReadCloser) io.ReadCloser) {
		b.SetBytes(64 << 20)
		b.ReportAllocs()
		for b.Loop() {
			r := open(bodyOf(content))
			n, err := io.Copy(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r})
			if err != nil || n != 64<<20 {
				b.Fatal(n, err)
			}
			r.Close()
		}
	}
	b.Run("compress/gzip", func(b *testing.B) {
		run(b, func(body io.ReadCloser) io.ReadCloser {
			z, err := gzip.NewReader(body)
			require.NoError(b, err)
			return z
		})
	})
	b.Run("decode", func(b *testing.B) {
		run(b, func(body io.ReadCloser) io.ReadCloser {
			r, err := decode.Reader(body, []string{"gzip"})
			require.NoError(b, err)
			return r
		})
	})
}

func BenchmarkSmall(b *testing.B) {
	for _, c := range []string{"gzip", "deflate", "br", "zstd"} {
		b.Run(c, func(b *testing.B) {
			encoded := encode(b, prose(4000), c)
			content, p := bytes.NewReader(nil), make([]byte, 8192)
			b.ReportAllocs()
			for b.Loop() {
				content.Reset(encoded)
				r, _ := decode.Reader(io.NopCloser(content), []string{c})
				for {
					if _, err := r.Read(p); err != nil {
						break
					}
				}
				r.Close()
			}
		})
	}
}

func ExampleReader() {
	var response bytes.Buffer
	w := gzip.NewWriter(&response)
	_, _ = io.WriteString(w, "hello")
	_ = w.Close()

	r, err := decode.Reader(io.NopCloser(&response), []string{"gzip"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	fmt.Println(string(content), err)
	// Output: hello <nil>
}
