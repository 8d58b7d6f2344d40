package decode

import (
	"bufio"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// decoder is a decoder's state, which serves one body after the other.
type decoder interface {
	io.Reader
	// reset makes ready for r without reading from it. A nil r lets go of the
	// last one.
	reset(r io.Reader)
}

// coding is a content coding and its idle decoders.
type coding struct {
	name string
	pool sync.Pool // of decoder
}

var (
	gzipCoding    = &coding{name: "gzip", pool: sync.Pool{New: func() any { return newGzipDecoder() }}}
	deflateCoding = &coding{name: "deflate", pool: sync.Pool{New: func() any { return newDeflateDecoder() }}}
	brotliCoding  = &coding{name: "br", pool: sync.Pool{New: func() any { return new(brotliDecoder) }}}
	zstdCoding    = &coding{name: "zstd", pool: sync.Pool{New: func() any { return newZstdDecoder() }}}
)

func (c *coding) get(r io.Reader) decoder {
	d := c.pool.Get().(decoder)
	d.reset(r)
	return d
}

func (c *coding) put(d decoder) {
	d.reset(nil)
	if z, ok := d.(*zstdDecoder); ok && z.bound {
		return
	}
	c.pool.Put(d)
}

func find(name string) *coding {
	switch {
	case strings.EqualFold(name, "gzip"), strings.EqualFold(name, "x-gzip"):
		return gzipCoding
	case strings.EqualFold(name, "deflate"):
		return deflateCoding
	case strings.EqualFold(name, "br"):
		return brotliCoding
	case strings.EqualFold(name, "zstd"):
		return zstdCoding
	}
	return nil
}

// bufferSize is how much the decoders that read byte by byte take from the
// body at once.
const bufferSize = 8 << 10

// brotliDecoder has windows of at most 16 MiB, the largest of RFC 7932, and
// allocates no more of one than the content fills.
type brotliDecoder struct{ brotli.Reader }

func (d *brotliDecoder) reset(r io.Reader) {
	d.Reader.Reset(r) // never fails
}

// maxWindow is what RFC 9659 allows the content coding zstd.
const maxWindow = 8 << 20

type zstdDecoder struct {
	*zstd.Decoder
	buf   *bufio.Reader
	bound bool // to the synctest bubble it was made in
}

// bubbles is a time that real clocks have passed and those of testing/synctest
// do not reach: they start in the year 2000. A zstd.Decoder has a channel, and
// one that was made in a bubble ends the process when it is used outside. So a
// decoder made before this time serves one body only.
var bubbles = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func newZstdDecoder() *zstdDecoder {
	// One at a time: no goroutines, whose owner would be no one.
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		panic("decode: " + err.Error()) // the options are constants
	}
	return &zstdDecoder{d, bufio.NewReaderSize(nil, bufferSize), time.Now().Before(bubbles)}
}

func (d *zstdDecoder) reset(r io.Reader) {
	d.buf.Reset(r)
	if r != nil {
		r = d.buf
	}
	d.Decoder.Reset(r) // fails only for a closed Decoder, which none of these is
}
