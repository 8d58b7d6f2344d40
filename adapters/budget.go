package adapters

import (
	"sync"
	"time"
)

// The terms of a budget: tokens live for budgetWindow, counted by slots of a
// second, and a quiet client may always resend minRetries requests in it.
const (
	defaultBudget = 0.2
	budgetSlots   = 10
	budgetWindow  = budgetSlots * time.Second
	minRetries    = 10
)

// budget bounds how much a client adds to the load of a server that fails.
// Every request puts a fraction of a token into a bucket, every resending
// takes a whole one out, and tokens are lost when they are budgetWindow old:
// a long quiet time does not save up for a flood. The zero value is ready.
type budget struct {
	mu    sync.Mutex // guards the rest
	epoch time.Time
	slots [budgetSlots]budgetSlot
}

type budgetSlot struct {
	second            int64 // since epoch
	requests, resends int
}

// deposit counts a request that is sent for the first time. With a negative
// ratio nobody asks.
func (b *budget) deposit(now time.Time, ratio float64) {
	if ratio < 0 {
		return
	}
	b.mu.Lock()
	b.slot(now).requests++
	b.mu.Unlock()
}

// withdraw reports whether one more request may be resent, and counts it. A
// ratio of 0 is the default, a negative one leaves resending unbounded.
func (b *budget) withdraw(now time.Time, ratio float64) bool {
	if ratio < 0 {
		return true
	}
	if !(ratio > 0) {
		ratio = defaultBudget
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	current := b.slot(now)
	requests, resends := 0, 0
	for i := range b.slots {
		if s := &b.slots[i]; s.second > current.second-budgetSlots {
			requests += s.requests
			resends += s.resends
		}
	}
	if float64(resends+1) > max(minRetries, ratio*float64(requests)) {
		return false
	}
	current.resends++
	return true
}

// slot returns the slot of now, emptied if it was another second's.
func (b *budget) slot(now time.Time) *budgetSlot {
	if b.epoch.IsZero() || now.Before(b.epoch) {
		b.epoch, b.slots = now, [budgetSlots]budgetSlot{}
	}
	second := int64(now.Sub(b.epoch) / time.Second)
	s := &b.slots[second%budgetSlots]
	if s.second != second {
		*s = budgetSlot{second: second}
	}
	return s
}
