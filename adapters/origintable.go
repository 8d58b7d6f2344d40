package adapters

import (
	recency "container/list"
	"sync"
	"time"
)

// The bounds of what is remembered by origin. A server can name any number of
// hosts in its redirects.
const (
	maxOrigins = 1024
	originIdle = 10 * time.Minute
)

// originTable keeps a *T for each origin, made at its first use. The least
// recently used that nobody holds goes first.
type originTable[T any] struct {
	mu      sync.Mutex                  // guards entries, order and the entries' holders and used
	entries map[string]*recency.Element // of *originEntry[T]
	order   recency.List                // most recently used first
}

type originEntry[T any] struct {
	key     string
	state   T
	holders int
	used    time.Time
}

// hold returns the entry of key, which stays in the table until it is let go.
func (t *originTable[T]) hold(key string, now time.Time, fill func(*T)) *originEntry[T] {
	t.mu.Lock()
	defer t.mu.Unlock()
	if el, ok := t.entries[key]; ok {
		t.order.MoveToFront(el)
		e := el.Value.(*originEntry[T])
		e.holders++
		e.used = now
		return e
	}
	t.expire(now)
	e := &originEntry[T]{key: key, holders: 1, used: now}
	fill(&e.state)
	if t.entries == nil {
		t.entries = make(map[string]*recency.Element)
	}
	t.entries[key] = t.order.PushFront(e)
	return e
}

func (t *originTable[T]) letGo(e *originEntry[T]) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.holders--
}

// peek returns the state of key, nil when nothing is remembered.
func (t *originTable[T]) peek(key string) *T {
	t.mu.Lock()
	defer t.mu.Unlock()
	if el, ok := t.entries[key]; ok {
		return &el.Value.(*originEntry[T]).state
	}
	return nil
}

// expire makes room for one more. Entries that are held are passed over: they
// are no more than there are requests in flight.
func (t *originTable[T]) expire(now time.Time) {
	for el := t.order.Back(); el != nil; {
		e, before := el.Value.(*originEntry[T]), el.Prev()
		if now.Sub(e.used) < originIdle && len(t.entries) < maxOrigins {
			return
		}
		if e.holders == 0 {
			t.order.Remove(el)
			delete(t.entries, e.key)
		}
		el = before
	}
}
