package drain

import (
	"io"
	"sync"
	"time"
)

// besides is Body for a body whose Read may wait whatever is done to it: that
// of net/http, when it is at the header of gzip, has a Close that waits too.
// It is read in a goroutine, which is left behind after twice MaxWait and ends
// with the Read: with the context of the request, if nothing else ends that.
func besides(w io.Writer, body io.ReadCloser) (complete bool) {
	r := &reading{body: body, done: make(chan struct{})}
	go r.run()
	timer := time.NewTimer(MaxWait)
	defer timer.Stop()
	select {
	case <-r.done:
		if r.panicked != nil {
			panic(r.panicked) // where it can be recovered
		}
	case <-timer.C:
		r.leave()
	}
	_, err := w.Write(r.take())
	return err == nil && r.whole()
}

// reading is a body that is read in a goroutine of its own.
type reading struct {
	body     io.ReadCloser
	done     chan struct{}
	complete bool // once done is closed
	panicked any  // likewise
	closing  sync.Once

	mu      sync.Mutex // guards what follows
	content []byte
	taken   bool
}

func (r *reading) run() {
	defer close(r.done)
	defer func() { r.panicked = recover() }()
	defer r.close()
	b := &bounded{body: r.body, left: MaxBytes + 1}
	_, err := io.Copy(r, b)
	r.complete = err == nil && b.left > 0
}

// Write keeps what was read as long as somebody wants it.
func (r *reading) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.taken {
		return 0, io.ErrClosedPipe
	}
	r.content = append(r.content, p...)
	return len(p), nil
}

func (r *reading) take() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken = true
	return r.content
}

// whole reports whether the end was reached.
func (r *reading) whole() bool {
	select {
	case <-r.done:
		return r.complete
	default:
		return false
	}
}

func (r *reading) close() { r.closing.Do(func() { r.body.Close() }) }

// leave does what ends the Read of most bodies, and gives that as long again.
func (r *reading) leave() {
	go func() {
		if a, ok := r.body.(Aborter); ok {
			a.Abort()
			return
		}
		r.close()
	}()
	timer := time.NewTimer(MaxWait)
	defer timer.Stop()
	select {
	case <-r.done:
	case <-timer.C:
	}
}
