package decode

import (
	"fmt"
	"net/http"

	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// Alive is a body that can tell whether it is still wanted. Some kilobytes can
// decode to gigabytes, and while they do the body is not read, which is when it
// would find out by itself.
type Alive interface {
	// Alive returns why the body is not wanted, or nil.
	Alive() error
}

const (
	// maxSpare bounds what codings hand to one another beyond what the content
	// accounts for: empty members of gzip bring no content, and a coding below
	// makes a gigabyte of them from nothing.
	maxSpare = 1 << 20 // bytes
	// perByte is how much of that each byte of the content accounts for. Only
	// flushes make it more than one.
	perByte = 16
	// askEvery is how much is decoded before the body is asked again.
	askEvery = 256 << 10 // bytes
)

// wanted returns why decoding has to end, or nil. What ended stays so.
func (r *reader) wanted() error {
	switch {
	case r.closed.Load():
		return http.ErrBodyReadAfterClose
	case r.since < askEvery:
		return nil
	case r.alive != nil:
		if err := r.alive.Alive(); err != nil {
			return err
		}
	}
	r.since = 0
	return nil
}

// bring counts n bytes of content.
func (r *reader) bring(n int) {
	r.since += n
	r.spare += perByte * int64(n)
}

// pass counts n bytes that one coding hands to the next.
func (r *reader) pass(n int) error {
	r.since += n
	if r.spare -= int64(n); r.spare < 0 {
		return fmt.Errorf("%w: codings over one another bring next to no content", sentinel.ContentDecoding)
	}
	return r.wanted()
}
