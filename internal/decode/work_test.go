package decode_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/internal/decode"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// members is gzip that brings nothing, coded again: a thousandth of its length.
func members(t testing.TB, n int, codings ...string) []byte {
	return encode(t, bytes.Repeat(encode(t, nil, "gzip"), n), codings...)
}

func TestReader_boundsWorkThatBringsNoContent(t *testing.T) {
	const codings = "gzip, "
	for _, below := range []string{"gzip", "deflate", "br", "zstd"} {
		_, err := decoded(t, members(t, 60_000, below), codings+below)
		require.ErrorIs(t, err, sentinel.ContentDecoding, below)
		require.EqualError(t, err, "content cannot be decoded: codings over one another bring next to no content")
	}
	_, err := decoded(t, members(t, 60_000, "gzip", "gzip"), "gzip, gzip, gzip")
	require.ErrorIs(t, err, sentinel.ContentDecoding)
	got, err := decoded(t, members(t, 1000, "gzip"), "gzip, gzip")
	require.NoError(t, err, "a few are taken")
	assert.Empty(t, got)
}

// A stream that flushes each of its small events spends more bytes on the
// flushes than on the events.
func TestReader_takesContentThatIsFlushedOften(t *testing.T) {
	var out bytes.Buffer
	outer := encoders["gzip"](&out)
	inner := encoders["gzip"](outer)
	for range 150_000 {
		_, err := inner.Write([]byte("x\n"))
		require.NoError(t, err)
		require.NoError(t, inner.(interface{ Flush() error }).Flush())
	}
	require.NoError(t, inner.Close())
	require.NoError(t, outer.Close())
	got, err := decoded(t, out.Bytes(), "gzip, gzip")
	require.NoError(t, err)
	assert.Len(t, got, 300_000)
}

// asked is a body that is asked whether it is wanted.
type asked struct {
	*body
	answer func() error
}

func (a *asked) Alive() error { return a.answer() }

func TestReader_asksWhetherTheBodyIsWanted(t *testing.T) {
	over := errors.New("the call is over")
	for _, codings := range [][]string{{"gzip"}, {"deflate"}, {"br"}, {"zstd"}, {"gzip", "br"}, {"br", "zstd", "gzip"}} {
		left := 2
		b := &asked{bodyOf(encode(t, make([]byte, 8<<20), codings...)), func() error {
			if left--; left < 0 {
				return over
			}
			return nil
		}}
		r, err := decode.Reader(b, codings)
		require.NoError(t, err)
		got, err := io.ReadAll(r)
		require.Equal(t, over, err, "%v", codings)
		assert.LessOrEqual(t, len(got), 3<<20, "%v", codings)
		_, err = r.Read(make([]byte, 1))
		require.Equal(t, over, err, "an error stays")
		require.NoError(t, r.Close())
	}
}

// Close comes from another goroutine, here from within the Read that it ends.
func TestReader_Close_endsWorkThatBringsNoContent(t *testing.T) {
	var r io.ReadCloser
	b := &asked{bodyOf(members(t, 40_000, "gzip")), func() error { return r.Close() }}
	r, err := decode.Reader(b, []string{"gzip, gzip"})
	require.NoError(t, err)
	_, err = r.Read(make([]byte, 1))
	require.Equal(t, http.ErrBodyReadAfterClose, err)
}
