package faults

import (
	"io"
	"net/http"
	"time"
)

// cutBody breaks off when left bytes have been read and there are more.
type cutBody struct {
	io.ReadCloser
	left int64
}

func (b *cutBody) Read(p []byte) (int, error) {
	if b.left > 0 {
		n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
		b.left -= int64(n)
		return n, err
	}
	var more [1]byte
	switch n, err := b.ReadCloser.Read(more[:]); {
	case n > 0:
		return 0, reset()
	default:
		return 0, err
	}
}

type slowBody struct {
	io.ReadCloser
	req  *http.Request
	size int
	each time.Duration
}

func (b *slowBody) Read(p []byte) (int, error) {
	if err := pause(b.req, b.each); err != nil {
		return 0, err
	}
	return b.ReadCloser.Read(p[:min(len(p), b.size)])
}
