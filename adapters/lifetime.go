package adapters

import (
	"context"
	"sync"
	"sync/atomic"
)

// lifetime is the context of an exchange. It has the caller's values and ends
// with the caller's context, or by cancel.
//
// Under a context that can end it is what context.WithCancelCause makes. Under
// one that cannot it keeps its own books: they lie in the exchange, need no map
// for the one context that net/http derives from it, and when the content has
// been read there is nothing to do. By package context a lock would be taken
// here and by net/http at the same moment, in every exchange: 2 to 3 % of the
// processor time of a small one.
type lifetime struct {
	context.Context
	standard context.CancelCauseFunc // ends Context; nil: that never ends

	ending sync.Mutex    // guards what follows
	done   chan struct{} // nil until somebody asks
	cause  error         // nil while it lasts
	first  follower
}

// follower is told of a lifetime's end, once.
type follower struct {
	f    func()
	told atomic.Bool // or not wanting to be any more
	next *follower
}

func (f *follower) tell() {
	if f.f != nil && !f.told.Swap(true) {
		f.f()
	}
}

func (f *follower) stop() bool { return !f.told.Swap(true) }

// live makes l the lifetime of an exchange under caller.
func (l *lifetime) live(caller context.Context) {
	l.Context = caller
	if caller.Done() != nil {
		l.Context, l.standard = context.WithCancelCause(caller)
	}
}

// cancel ends l, if it has not ended.
func (l *lifetime) cancel(cause error) {
	if l.standard != nil {
		l.standard(cause)
		return
	}
	l.ending.Lock()
	if l.cause != nil {
		l.ending.Unlock()
		return
	}
	l.cause = cause
	if l.done != nil {
		close(l.done)
	}
	further := l.first.next
	l.ending.Unlock()
	l.first.tell()
	for f := further; f != nil; f = f.next {
		f.tell()
	}
}

// letGo is for when the exchange is over and nothing waits for its end.
func (l *lifetime) letGo() {
	if l.standard != nil {
		l.standard(errDone) // or the caller's context would remember it
	}
}

// interrupted returns why l has ended, nil while it lasts: see the function of
// that name.
func (l *lifetime) interrupted() error {
	if l.standard != nil {
		return interrupted(l.Context)
	}
	l.ending.Lock()
	defer l.ending.Unlock()
	if l.cause == nil {
		return nil
	}
	return interruptedBy(context.Canceled, l.cause)
}

// Done is part of [context.Context].
func (l *lifetime) Done() <-chan struct{} {
	if l.standard != nil {
		return l.Context.Done()
	}
	l.ending.Lock()
	defer l.ending.Unlock()
	if l.done == nil {
		l.done = make(chan struct{})
		if l.cause != nil {
			close(l.done)
		}
	}
	return l.done
}

// Err is part of [context.Context].
func (l *lifetime) Err() error {
	if l.standard != nil {
		return l.Context.Err()
	}
	l.ending.Lock()
	defer l.ending.Unlock()
	if l.cause != nil {
		return context.Canceled
	}
	return nil
}

// AfterFunc calls f when l ends. Package context asks for it, so that a context
// derived from l needs no goroutine; its f does not wait.
func (l *lifetime) AfterFunc(f func()) (stop func() bool) {
	if l.standard != nil {
		return context.AfterFunc(l.Context, f)
	}
	l.ending.Lock()
	defer l.ending.Unlock()
	to := &l.first
	switch {
	case l.cause != nil:
		to = &follower{f: f}
		go to.tell() // whoever asks may hold what f needs
	case to.f == nil:
		to.f = f
	default:
		to = &follower{f: f, next: l.first.next}
		l.first.next = to
	}
	return to.stop
}
