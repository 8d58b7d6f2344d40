package requests

import (
	"io"

	"github.com/seed-3bbad739/requests/internal/drain"
)

// uploadProgress reports how much of the body was read for sending.
type uploadProgress struct{ report func(sent, total int64) }

func (u *uploadProgress) of(rc io.ReadCloser, total int64) io.ReadCloser {
	return &countedBody{rc: rc, total: total, report: u.report}
}

type countedBody struct {
	rc          io.ReadCloser
	done, total int64
	report      func(done, total int64)
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.rc.Read(p)
	if n > 0 {
		b.done += int64(n)
		b.report(b.done, b.total)
	}
	return n, err
}

func (b *countedBody) Close() error { return b.rc.Close() }

// Abort ends a pending Read where the body underneath can.
func (b *countedBody) Abort() { drain.Abort(b.rc) }

// CanAbort reports whether Abort is more than Close.
func (b *countedBody) CanAbort() bool { return drain.CanAbort(b.rc) }
