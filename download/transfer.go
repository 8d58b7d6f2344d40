package download

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed-3bbad739/requests/internal/again"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// restart is an error after which all has to begin anew.
type restart struct {
	why   error
	plain bool // without ranges
}

func (r *restart) Error() string { return r.why.Error() }
func (r *restart) Unwrap() error { return r.why }

// maxRestarts and maxRequests bound what a server can make of one call.
const (
	maxRestarts = 5
	maxRequests = 10_000
)

// transfer brings all of the content.
func (d *download) transfer() error {
	for {
		err := d.round()
		var r *restart
		if !errors.As(err, &r) {
			return err
		}
		if err := d.restart(r.why); err != nil {
			return err
		}
		d.plain = d.plain || r.plain
		if err := d.reset(); err != nil {
			return err
		}
	}
}

func (d *download) restart(why error) error {
	if d.restarts++; d.restarts > maxRestarts {
		return fmt.Errorf("%w: %w", ErrChanged, why)
	}
	return nil
}

// round has every segment brought: one after the other or, once the server has
// given a right range, several at a time.
func (d *download) round() error {
	if !d.apart() {
		if err := d.bring(d.ctx, inOrder); err != nil {
			return err
		}
	}
	if d.apart() {
		d.divide()
		return d.together()
	}
	return nil
}

// apart reports whether ranges may be asked for at the same time.
func (d *download) apart() bool { return d.begun && d.proven && !d.plain && d.options.Segments > 1 }

// next returns the first segment that is not finished: 0 while there is none,
// -1 when all are.
func (d *download) next() int {
	if !d.begun {
		return 0
	}
	return slices.IndexFunc(d.segments, func(s segment) bool { return !s.finished() })
}

// minSegment is the least that is worth a request of its own. The first
// request of a download in segments asks for this much, and by its answer
// proves that there are ranges.
var minSegment = int64(1 << 20)

// divide halves the largest of what is not had yet, until there is enough to
// do at a time.
func (d *download) divide() {
	for len(d.segments) < maxJournaled {
		busy, largest := 0, -1
		for i, s := range d.segments {
			if s.finished() {
				continue
			}
			if busy++; largest < 0 || s.End-s.Done > d.segments[largest].End-d.segments[largest].Done {
				largest = i
			}
		}
		if busy == 0 || busy >= d.options.Segments {
			return
		}
		s := &d.segments[largest]
		if s.End-s.Done < 2*minSegment {
			return
		}
		middle := s.Done + (s.End-s.Done)/2
		second := segment{Start: middle, Done: middle, End: s.End}
		s.End = middle
		d.segments = slices.Insert(d.segments, largest+1, second)
	}
}

// together brings what is not had yet, by as many workers as were asked for.
// The caller's goroutine keeps the journal and tells of progress meanwhile.
func (d *download) together() error {
	ctx, cancel := context.WithCancel(d.ctx)
	var workers sync.WaitGroup
	defer workers.Wait()
	defer cancel()

	var todo []int
	for i, s := range d.segments {
		if !s.finished() {
			todo = append(todo, i)
		}
	}
	n := min(d.options.Segments, len(todo))
	ended := make(chan error, n)
	for range n {
		workers.Go(func() {
			err := errNoReturn
			defer func() {
				if p := recover(); p != nil {
					err = &panicked{p}
				}
				ended <- err
			}()
			for {
				d.mu.Lock()
				if len(todo) == 0 {
					d.mu.Unlock()
					err = nil
					return
				}
				i := todo[0]
				todo = todo[1:]
				d.mu.Unlock()
				if e := d.bring(ctx, i); e != nil {
					err = e
					return
				}
			}
		})
	}
	for running := n; running > 0; {
		select {
		case <-d.tick:
			if err := d.report(); err != nil {
				return err
			}
		case err := <-ended:
			if p, ok := err.(*panicked); ok {
				panic(p.value) // where the caller can recover from it
			}
			if running--; err != nil {
				return err
			}
		}
	}
	return d.report()
}

// errNoReturn is the error of a hook that leaves by runtime.Goexit.
var errNoReturn = errors.New("a request did not return")

// panicked is what a hook, or whatever else of the caller's, panicked with.
type panicked struct{ value any }

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// inOrder stands for whichever segment is next, in the caller's goroutine.
const inOrder = -1

// bring has segment i brought, by as many requests as it takes. With inOrder
// it brings all, or as much as is better had alone.
func (d *download) bring(ctx context.Context, i int) error {
	failed, high := 0, d.had(i)
	for {
		now := i
		if i == inOrder {
			if now = d.next(); now < 0 || d.apart() {
				return nil
			}
		} else if d.complete(i) {
			return nil
		}
		err := d.request(ctx, now, i != inOrder)
		failed++
		if had := d.had(i); had > high {
			high, failed = had, 0
		}
		if ctx.Err() != nil {
			return ended(ctx, err)
		}
		if err == nil {
			continue
		}
		if !mayPass(err) {
			return err
		}
		if failed >= d.options.Attempts {
			return fmt.Errorf("attempt %d of %d: %w", failed, d.options.Attempts, err)
		}
		if err := d.pause(ctx, err, max(failed, 1), i != inOrder); err != nil {
			return err
		}
		if i == inOrder && d.begun && !d.resumable() {
			if err := d.reset(); err != nil {
				return err
			}
		}
	}
}

// ended is the error of a call whose context is done. What the session made of
// it says more, where there is that.
func ended(ctx context.Context, err error) error {
	if err != nil && errors.Is(err, ctx.Err()) {
		return err
	}
	return sentinel.Ended(ctx)
}

// passing is a failure that another request may not meet.
type passing struct {
	error
	after time.Duration // the server wants to be left alone that long
}

func (p *passing) Unwrap() error { return p.error }

func mayPass(err error) bool {
	if errors.As(err, new(*passing)) {
		return true
	}
	return !errors.As(err, new(*restart)) && again.Failure(err)
}

// pause waits after a failure. It returns the error that ends the download.
func (d *download) pause(ctx context.Context, err error, failed int, parallel bool) error {
	wait := again.Backoff(failed, d.options.Wait, d.options.MaxWait)
	if p := (*passing)(nil); errors.As(err, &p) {
		if p.after > d.options.MaxWait {
			return fmt.Errorf("the server asks for a wait of %v, MaxWait is %v: %w", p.after, d.options.MaxWait, err)
		}
		err, wait = p.error, max(wait, p.after)
	}
	switch {
	case d.options.OnRetry == nil:
	case parallel:
		d.mu.Lock()
		d.retries = append(d.retries, retry{err, wait})
		d.mu.Unlock()
		d.wake()
	default:
		d.options.OnRetry(err, wait)
	}
	if again.Pause(ctx, wait) != nil {
		return ended(ctx, nil)
	}
	return nil
}
