package hooks

import (
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
)

// List is an ordered list of hooks, each a func(T) error with an optional
// name. The zero List is empty and ready. A List is safe for concurrent use:
// it is copied when written, so a running [List.Run] keeps the hooks that it
// began with. A List must not be copied after its first use; see [List.Copy].
type List[T any] struct {
	mu      sync.Mutex // serialises writers
	entries atomic.Pointer[[]entry[T]]
}

type entry[T any] struct {
	name string
	hook func(T) error
}

// PushBack adds hook at the end.
func (l *List[T]) PushBack(hook func(T) error) { l.PushBackNamed("", hook) }

// PushFront adds hook at the beginning.
func (l *List[T]) PushFront(hook func(T) error) { l.PushFrontNamed("", hook) }

// PushBackNamed adds hook at the end under name. Names need not be unique;
// the methods that look for a name act on all that bear it. A nil hook is not
// added.
func (l *List[T]) PushBackNamed(name string, hook func(T) error) {
	l.change(func(es []entry[T]) []entry[T] { return insert(es, len(es), name, hook) })
}

// PushFrontNamed adds hook at the beginning under name.
func (l *List[T]) PushFrontNamed(name string, hook func(T) error) {
	l.change(func(es []entry[T]) []entry[T] { return insert(es, 0, name, hook) })
}

// InsertBefore adds hook under name before the first hook called mark. It
// reports whether there is one; if not, nothing is added.
func (l *List[T]) InsertBefore(mark, name string, hook func(T) error) bool {
	return l.insertAt(mark, 0, name, hook)
}

// InsertAfter adds hook under name after the first hook called mark. It
// reports whether there is one; if not, nothing is added.
func (l *List[T]) InsertAfter(mark, name string, hook func(T) error) bool {
	return l.insertAt(mark, 1, name, hook)
}

func (l *List[T]) insertAt(mark string, offset int, name string, hook func(T) error) (found bool) {
	l.change(func(es []entry[T]) []entry[T] {
		i := slices.IndexFunc(es, func(e entry[T]) bool { return e.name == mark })
		if found = i >= 0; !found {
			return es
		}
		return insert(es, i+offset, name, hook)
	})
	return found
}

// RemoveByName removes the hooks called name and returns how many there were.
func (l *List[T]) RemoveByName(name string) (removed int) {
	l.change(func(es []entry[T]) []entry[T] {
		kept := slices.DeleteFunc(slices.Clone(es), func(e entry[T]) bool { return e.name == name })
		removed = len(es) - len(kept)
		return kept
	})
	return removed
}

// Swap replaces every hook called name, in its place. It reports whether it
// replaced one: a nil hook replaces none.
func (l *List[T]) Swap(name string, hook func(T) error) (found bool) {
	if hook == nil {
		return false
	}
	l.change(func(es []entry[T]) []entry[T] {
		es = slices.Clone(es)
		for i := range es {
			if es[i].name == name {
				es[i].hook, found = hook, true
			}
		}
		return es
	})
	return found
}

// Clear removes all hooks.
func (l *List[T]) Clear() { l.change(func([]entry[T]) []entry[T] { return nil }) }

// Copy returns a list of the same hooks that changes independently of l.
func (l *List[T]) Copy() *List[T] {
	c := new(List[T])
	if l != nil {
		c.entries.Store(l.entries.Load())
	}
	return c
}

// Append adds the hooks of other at the end, as they are now.
func (l *List[T]) Append(other *List[T]) {
	more := other.load()
	if len(more) == 0 {
		return
	}
	l.change(func(es []entry[T]) []entry[T] { return append(slices.Clip(es), more...) })
}

// Len returns the number of hooks. It is 0 for a nil List.
func (l *List[T]) Len() int { return len(l.load()) }

// Names returns the hooks' names in order, "" for those without one.
func (l *List[T]) Names() []string {
	es := l.load()
	names := make([]string, len(es))
	for i, e := range es {
		names[i] = e.name
	}
	return names
}

// Run calls the hooks in order with v. The first error ends it and is returned,
// with the name of a hook that has one before it. A nil List runs nothing.
func (l *List[T]) Run(v T) error {
	for _, e := range l.load() {
		if err := e.hook(v); err != nil {
			if e.name == "" {
				return err
			}
			return fmt.Errorf("hook %q: %w", e.name, err)
		}
	}
	return nil
}

// All yields the hooks in order with their names, for who runs them one by one.
func (l *List[T]) All() iter.Seq2[string, func(T) error] {
	return func(yield func(string, func(T) error) bool) {
		for _, e := range l.load() {
			if !yield(e.name, e.hook) {
				return
			}
		}
	}
}

func (l *List[T]) load() []entry[T] {
	if l == nil {
		return nil
	}
	if es := l.entries.Load(); es != nil {
		return *es
	}
	return nil
}

// change installs what edit returns. edit must leave the slice it is given as
// it is: others may be running it.
func (l *List[T]) change(edit func([]entry[T]) []entry[T]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	es := edit(l.load())
	l.entries.Store(&es)
}

func insert[T any](es []entry[T], at int, name string, hook func(T) error) []entry[T] {
	if hook == nil {
		return es
	}
	out := make([]entry[T], 0, len(es)+1)
	out = append(out, es[:at]...)
	out = append(out, entry[T]{name, hook})
	return append(out, es[at:]...)
}
