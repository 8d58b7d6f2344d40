package requests

import (
	"io"
	"sync"
)

// maxPreallocation bounds what a server can make us allocate by its word alone.
const maxPreallocation = 1 << 20 // bytes

// readAll reads r to its end, at most max bytes of it if max is above 0, into
// a slice of the right size. length is what was announced, -1 if nothing was.
// Once that much has come, probe is where a further Read shows whether there is
// more; without a length it may be nil.
func readAll(r io.Reader, length, max int64, probe *[1]byte) ([]byte, error) {
	if max > 0 && length > max {
		return nil, tooLarge(max)
	}
	if length < 0 {
		return readUnknown(r, max)
	}
	var b []byte
	if length > 0 {
		b = make([]byte, 0, min(length, maxPreallocation))
	}
	for {
		room := b[len(b):cap(b)]
		// A full slice is not grown before it is known that more comes.
		full := len(room) == 0
		if full {
			room = probe[:]
		}
		n, err := r.Read(room)
		if full {
			b = append(b, room[:n]...)
		} else {
			b = b[:len(b)+n]
		}
		if max > 0 && int64(len(b)) > max {
			return b[:max], tooLarge(max)
		}
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

func tooLarge(max int64) error { return refuse(ErrBodyTooLarge, "more than %d bytes", max) }

// chunks hold content of unknown length until it is all there, what leaves is a
// copy of the right size; and content on its way to a file.
var chunks = sync.Pool{New: func() any { return new(chunk) }}

type chunk [64 << 10]byte

// maxPooledChunks bounds what one large content leaves to the pool.
const maxPooledChunks = 16

func readUnknown(r io.Reader, max int64) ([]byte, error) {
	var first [4]*chunk
	held := first[:0]
	defer func() {
		for _, c := range held[:min(len(held), maxPooledChunks)] {
			chunks.Put(c)
		}
	}()
	var total int64
	var err error
	used := len(chunk{}) // of the last chunk
	for err == nil && (max <= 0 || total <= max) {
		if used == len(chunk{}) {
			held, used = append(held, chunks.Get().(*chunk)), 0
		}
		var n int
		n, err = r.Read(held[len(held)-1][used:])
		used += n
		total += int64(n)
	}
	exceeds := max > 0 && total > max
	if exceeds {
		// The start is enough to see what it was; a copy of all would need as
		// much again.
		total = min(max, maxPreallocation)
	}
	var b []byte
	if total > 0 {
		b = make([]byte, 0, total)
		for _, c := range held {
			b = append(b, c[:min(int64(len(c)), total-int64(len(b)))]...)
		}
	}
	switch {
	case exceeds:
		return b, tooLarge(max)
	case err == io.EOF:
		return b, nil
	}
	return b, err
}
