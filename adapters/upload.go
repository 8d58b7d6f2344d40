package adapters

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/seed-3bbad739/requests/internal/inmemory"
)

// upload is the content of a request on its way.
type upload struct {
	x       *exchange
	content io.ReadCloser
	left    int64 // of the declared length; not above 0: none is declared
	begun   atomic.Bool
	closed  atomic.Bool
}

func (u *upload) Read(p []byte) (int, error) {
	u.begun.Store(true)
	u.x.produces(true)
	n, err := u.content.Read(p)
	u.x.produces(false)
	u.left -= int64(n)
	if u.closed.Load() {
		return n, err // what it met may be the Close
	}
	wrong := err
	if err == nil || err == io.EOF {
		wrong = nil
		if declared := u.x.sent.ContentLength; declared > 0 && (u.left < 0 || err == io.EOF && u.left > 0) {
			wrong = &miscount{read: declared - u.left, declared: declared}
		}
	}
	if wrong != nil {
		u.x.mu.Lock()
		u.x.uploadErr = wrong
		u.x.mu.Unlock()
	}
	return n, err
}

func (u *upload) Close() error {
	if u.closed.Swap(true) {
		return nil
	}
	err := u.content.Close()
	u.x.uploaded()
	return err
}

// patience is how long the caller's content is waited for once the exchange has
// ended: a Read that is merely slow is not left behind, and Close is not called
// while it runs.
const patience = 50 * time.Millisecond

// mayStall reports whether content may keep the exchange beyond the end of the
// caller's context.
func (x *exchange) mayStall(content io.ReadCloser) bool {
	if x.standard == nil {
		return false // there is no such end
	}
	_, ok := inmemory.Len(content)
	return !ok
}

// roundTrip has the transport send out. Over HTTP/1 net/http does not come back
// before the Read of the caller's content that it is at has, and over HTTP/2
// not before Close, which may wait for that Read, however long ago the context
// ended: the caller is not to wait along.
func (x *exchange) roundTrip(out *http.Request) (*http.Response, error) {
	if x.upload.x == nil {
		return x.via.transport.RoundTrip(out)
	}
	var a sent
	if x.mayStall(x.upload.content) {
		var back bool
		if a, back = x.besides(out); !back {
			return nil, x.interrupted()
		}
	} else {
		a.resp, a.err = x.via.transport.RoundTrip(out)
	}
	if a.err == nil {
		// The content may have been cut off, and the server have taken what
		// came for all of it.
		if ended := x.interrupted(); ended != nil {
			a.resp.Body.Close()
			return nil, ended
		}
		// Over HTTP/2 net/http takes content that is too short for whole.
		x.mu.Lock()
		m, miscounted := x.uploadErr.(*miscount)
		x.mu.Unlock()
		if miscounted {
			a.resp.Body.Close()
			return nil, m
		}
	}
	return a.resp, a.err
}

// sent is what a round trip in a goroutine of its own came to.
type sent struct {
	resp     *http.Response
	err      error
	panicked any
}

// besides has the transport send out in a goroutine, which ends with the Read
// that it waits for. It reports false when the exchange has ended and the
// transport is not back.
func (x *exchange) besides(out *http.Request) (sent, bool) {
	done := make(chan sent, 1)
	go func() {
		a := sent{err: errNoResponse} // of a Goexit
		defer func() {
			if p := recover(); p != nil {
				a.panicked = p
			}
			done <- a
		}()
		a.resp, a.err = x.via.transport.RoundTrip(out)
	}()
	var a sent
	select {
	case a = <-done:
	case <-x.Done():
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case a = <-done:
		case <-timer.C:
			x.leave(done)
			return a, false
		}
	}
	if a.panicked != nil {
		panic(a.panicked) // where the caller expects that of its hooks
	}
	return a, true
}

// leave closes the content, by which many a Read ends, and what may come of the
// sending after all. Nothing of that is waited for.
func (x *exchange) leave(done <-chan sent) {
	x.mu.Lock()
	again := x.again
	x.mu.Unlock()
	go func() {
		if again != nil {
			again.Close()
		}
		x.upload.Close()
		if a := <-done; a.resp != nil {
			a.resp.Body.Close()
		}
	}()
}
