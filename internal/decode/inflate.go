package decode

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash"
	"hash/adler32"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"github.com/seed-3bbad739/requests/internal/drain"
)

// gzipDecoder decodes the members of RFC 1952 one by one: what follows a
// member has to be looked at before it is taken for another, for servers pad
// with zeros and append what is not gzip.
type gzipDecoder struct {
	buf    *bufio.Reader
	z      gzip.Reader
	member bool // z is within a member
	later  bool // a member has been read
}

// magic begins a member: the identification and the one compression method.
var magic = []byte{0x1f, 0x8b, 8}

func newGzipDecoder() *gzipDecoder {
	return &gzipDecoder{buf: bufio.NewReaderSize(nil, bufferSize)}
}

func (d *gzipDecoder) reset(r io.Reader) {
	d.buf.Reset(r)
	d.member, d.later = false, false
}

func (d *gzipDecoder) Read(p []byte) (n int, err error) {
	for n == 0 && err == nil {
		if !d.member {
			if err := d.next(); err != nil {
				return 0, err
			}
		}
		n, err = d.z.Read(p)
		if err == io.EOF {
			// The next member is looked for by the next Read: it may not
			// come before what there is has been used.
			d.member, d.later, err = false, true, nil
		}
	}
	return n, err
}

// next begins a member, or returns io.EOF when there is none.
func (d *gzipDecoder) next() error {
	if d.later && !d.another() {
		return io.EOF
	}
	if err := d.z.Reset(d.buf); err != nil {
		if err == io.EOF { // within the header
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	d.z.Multistream(false)
	d.member = true
	return nil
}

// another reports whether a member follows, perhaps after zeros. A part of the
// magic at the end of the content is a member that was cut off.
func (d *gzipDecoder) another() bool {
	for range drain.MaxBytes {
		b, err := d.buf.Peek(1)
		if err != nil {
			return false
		}
		if b[0] != 0 {
			break
		}
		d.buf.Discard(1) // cannot fail after Peek
	}
	head, _ := d.buf.Peek(len(magic))
	return len(head) > 0 && bytes.HasPrefix(magic, head)
}

// deflateDecoder decodes what servers send as "deflate": the zlib format of
// RFC 1950, as RFC 9110 says, or the bare data of RFC 1951.
type deflateDecoder struct {
	buf  *bufio.Reader
	data io.ReadCloser // of package flate
	open bool
	zlib bool
	sum  hash.Hash32
}

var errChecksum = errors.New("wrong checksum")

func newDeflateDecoder() *deflateDecoder {
	buf := bufio.NewReaderSize(nil, bufferSize)
	return &deflateDecoder{buf: buf, data: flate.NewReader(buf), sum: adler32.New()}
}

func (d *deflateDecoder) reset(r io.Reader) {
	d.buf.Reset(r)
	d.open = false
}

func (d *deflateDecoder) Read(p []byte) (int, error) {
	if !d.open {
		d.begin()
	}
	n, err := d.data.Read(p)
	if !d.zlib {
		return n, err
	}
	d.sum.Write(p[:n])
	if err == io.EOF {
		err = d.check()
	}
	return n, err
}

func (d *deflateDecoder) begin() {
	head, _ := d.buf.Peek(2)
	if d.zlib = isZlib(head); d.zlib {
		d.buf.Discard(2) // cannot fail after Peek
	}
	d.data.(flate.Resetter).Reset(d.buf, nil) // never fails
	d.sum.Reset()
	d.open = true
}

// isZlib reports whether head is the header of the zlib format, without a
// preset dictionary: nobody could know which. Bare data would have to begin
// with an uncompressed block and stray bits to look the same.
func isZlib(head []byte) bool {
	return len(head) == 2 && head[0]&0x0f == 8 && head[0]>>4 <= 7 &&
		binary.BigEndian.Uint16(head)%31 == 0 && head[1]&0x20 == 0
}

// check compares the checksum that ends the zlib format.
func (d *deflateDecoder) check() error {
	head, err := d.buf.Peek(4)
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	if binary.BigEndian.Uint32(head) != d.sum.Sum32() {
		return errChecksum
	}
	return io.EOF
}
