package aws

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Emitter calls functions by the dotted names of events. A registration
// matches every event of which its pattern is a prefix, segment by segment;
// the segment * matches any one segment. For one event, patterns with * come
// before the same without, longer ones before shorter ones, and within one
// pattern what was registered [First], then the others, then what was
// registered [Last].
//
// In an emitter of *[Event], a service goes by all its names: that of its
// client, of its endpoints, and its id. An Emitter is safe for concurrent use.
// Make one by [NewEmitter].
type Emitter[T any] struct {
	canonical func(name string) string // of names and patterns

	mu     sync.RWMutex
	root   *eventNode[T]             // guarded by mu
	unique map[string]*uniqueHandler // guarded by mu
	cache  map[string][]EventFunc[T] // guarded by mu; by event, dropped on a change
}

// EventFunc is what an Emitter calls with the name of the event and the event.
type EventFunc[T any] = func(name string, ev T) error

type eventNode[T any] struct {
	children map[string]*eventNode[T]
	handlers [3][]*eventHandler[T] // first, middle, last
}

type eventHandler[T any] struct {
	fn     EventFunc[T]
	unique string
}

type uniqueHandler struct {
	counted bool
	count   int
	remove  func()
}

// RegisterOption changes how [Emitter.On] registers.
type RegisterOption func(*registration)

type registration struct {
	place   int
	id      string
	counted bool
}

// First puts a registration before the others of its pattern.
func First() RegisterOption { return func(r *registration) { r.place = 0 } }

// Last puts a registration after the others of its pattern.
func Last() RegisterOption { return func(r *registration) { r.place = 2 } }

// UniqueID makes further registrations with the same id do nothing, whatever
// their pattern.
func UniqueID(id string) RegisterOption { return func(r *registration) { r.id, r.counted = id, false } }

// CountedID is UniqueID, but as many Offs are needed as there were Ons.
// Registering one id both ways panics: it is a mistake in the program.
func CountedID(id string) RegisterOption {
	return func(r *registration) { r.id, r.counted = id, true }
}

// NewEmitter returns an empty Emitter.
func NewEmitter[T any]() *Emitter[T] {
	e := &Emitter[T]{root: new(eventNode[T]), unique: make(map[string]*uniqueHandler), canonical: func(name string) string { return name }}
	if _, ok := any((*T)(nil)).(**Event); ok {
		e.canonical = canonicalEvent
	}
	return e
}

// maxEventCache bounds the names whose handlers are remembered.
const maxEventCache = 1024

// On registers fn for the events that pattern is a prefix of. The function it
// returns takes the registration back.
func (e *Emitter[T]) On(pattern string, fn func(name string, ev T) error, opts ...RegisterOption) (off func()) {
	r := registration{place: 1}
	for _, o := range opts {
		o(&r)
	}
	if fn == nil {
		return func() {}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.id != "" {
		if u := e.unique[r.id]; u != nil {
			if u.counted != r.counted {
				panic(fmt.Sprintf("aws: the event id %q is registered both counted and uncounted", r.id))
			}
			if r.counted {
				u.count++
			}
			return sync.OnceFunc(func() { e.Off(pattern, r.id) })
		}
	}
	n := e.root
	for _, seg := range strings.Split(e.canonical(pattern), ".") {
		next := n.children[seg]
		if next == nil {
			if n.children == nil {
				n.children = make(map[string]*eventNode[T])
			}
			next = new(eventNode[T])
			n.children[seg] = next
		}
		n = next
	}
	h := &eventHandler[T]{fn: fn, unique: r.id}
	n.handlers[r.place] = append(slices.Clip(n.handlers[r.place]), h)
	e.cache = nil
	remove := func() { // with e.mu held
		n.handlers[r.place] = slices.DeleteFunc(slices.Clone(n.handlers[r.place]), func(x *eventHandler[T]) bool { return x == h })
		e.cache = nil
	}
	if r.id != "" {
		e.unique[r.id] = &uniqueHandler{counted: r.counted, count: 1, remove: remove}
		return sync.OnceFunc(func() { e.Off(pattern, r.id) })
	}
	return sync.OnceFunc(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		remove()
	})
}

// Off takes back what was registered under uniqueID; a counted one when it
// was taken back as often as it was registered. The pattern is not looked at.
func (e *Emitter[T]) Off(pattern, uniqueID string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	u := e.unique[uniqueID]
	if u == nil {
		return
	}
	if u.count--; u.count <= 0 {
		u.remove()
		delete(e.unique, uniqueID)
	}
}

// Emit calls what is registered for name, in order. The first error ends it
// and is returned.
func (e *Emitter[T]) Emit(name string, ev T) error {
	_, err := e.EmitUntil(name, ev, nil)
	return err
}

// EmitUntil is Emit that ends as soon as done reports true for the event, and
// reports whether it did.
func (e *Emitter[T]) EmitUntil(name string, ev T, done func(T) bool) (handled bool, err error) {
	if e == nil {
		return false, nil
	}
	for _, fn := range e.handlersOf(name) {
		if err := fn(name, ev); err != nil {
			return false, err
		}
		if done != nil && done(ev) {
			return true, nil
		}
	}
	return false, nil
}

func (e *Emitter[T]) handlersOf(name string) []EventFunc[T] {
	e.mu.RLock()
	found, ok := e.cache[name]
	e.mu.RUnlock()
	if ok {
		return found
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var groups [][]EventFunc[T]
	collect(e.root, strings.Split(e.canonical(name), "."), &groups)
	slices.Reverse(groups)
	found = slices.Concat(groups...)
	if e.cache == nil || len(e.cache) >= maxEventCache {
		e.cache = make(map[string][]EventFunc[T])
	}
	e.cache[name] = found
	return found
}

// collect walks depth first, the literal child before the * one; the order in
// which handlers run is the reverse of the walk.
func collect[T any](n *eventNode[T], rest []string, into *[][]EventFunc[T]) {
	var own []EventFunc[T]
	for _, place := range n.handlers {
		for _, h := range place {
			own = append(own, h.fn)
		}
	}
	if len(own) > 0 {
		*into = append(*into, own)
	}
	if len(rest) == 0 {
		return
	}
	if c := n.children[rest[0]]; c != nil {
		collect(c, rest[1:], into)
	}
	if rest[0] != "*" {
		if c := n.children["*"]; c != nil {
			collect(c, rest[1:], into)
		}
	}
}

// Copy returns an emitter with the same registrations that changes
// independently of e. The ids of registrations are copied with them.
func (e *Emitter[T]) Copy() *Emitter[T] {
	n := NewEmitter[T]()
	e.mu.RLock()
	defer e.mu.RUnlock()
	moved := make(map[*eventHandler[T]]func())
	n.root = copyNode(e.root, n, moved)
	for h, remove := range moved {
		if u := e.unique[h.unique]; h.unique != "" && u != nil {
			n.unique[h.unique] = &uniqueHandler{counted: u.counted, count: u.count, remove: remove}
		}
	}
	return n
}

func copyNode[T any](from *eventNode[T], e *Emitter[T], moved map[*eventHandler[T]]func()) *eventNode[T] {
	to := new(eventNode[T])
	for place, hs := range from.handlers {
		for _, h := range hs {
			c := &eventHandler[T]{h.fn, h.unique}
			to.handlers[place] = append(to.handlers[place], c)
			moved[h] = func() {
				to.handlers[place] = slices.DeleteFunc(slices.Clone(to.handlers[place]), func(x *eventHandler[T]) bool { return x == c })
				e.cache = nil
			}
		}
	}
	for seg, child := range from.children {
		if to.children == nil {
			to.children = make(map[string]*eventNode[T], len(from.children))
		}
		to.children[seg] = copyNode(child, e, moved)
	}
	return to
}
