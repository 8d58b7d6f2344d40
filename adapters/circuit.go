package adapters

import (
	"sync"
	"time"
)

// circuitSlots is how finely a window is divided: outcomes leave it by slots.
const circuitSlots = 10

// circuit is the state of one origin. The zero circuit is closed.
type circuit struct {
	mu     sync.Mutex // guards the rest
	state  CircuitState
	period uint64    // counts changes: an outcome of an earlier period says nothing
	until  time.Time // open: when it becomes half-open

	inRow  int // closed: failures since the last success
	window outcomes

	trials    int       // half-open: under way
	succeeded int       // half-open: of them
	lastTrial time.Time // half-open: when the latest began
}

// enter asks for passage and returns the period that the outcome belongs to.
func (c *circuit) enter(key string, t circuitTerms) (period uint64, change *CircuitChange, err error) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == CircuitOpen {
		if now.Before(c.until) {
			return 0, nil, &CircuitError{Origin: key, Until: c.until}
		}
		change = c.become(CircuitHalfOpen)
	}
	if c.state == CircuitHalfOpen {
		// A trial that never ends must not keep everybody out for ever.
		if stuck := c.lastTrial.Add(t.openFor); c.trials+c.succeeded >= t.trials && now.Before(stuck) {
			return 0, change, &CircuitError{Origin: key, Until: stuck}
		}
		c.trials++
		c.lastTrial = now
	}
	return c.period, change, nil
}

// leave counts the outcome of a request that had passage.
func (c *circuit) leave(period uint64, o outcome, t circuitTerms) *CircuitChange {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if period != c.period {
		return nil
	}
	if c.state == CircuitHalfOpen {
		c.trials--
		switch o {
		case outcomeFailure:
			return c.open(now, t)
		case outcomeSuccess:
			if c.succeeded++; c.succeeded >= t.trials {
				return c.become(CircuitClosed)
			}
		}
		return nil
	}
	switch o {
	case outcomeSuccess:
		c.inRow = 0
	case outcomeFailure:
		c.inRow++
	default:
		return nil
	}
	all, failed := c.window.count(now, t.window, o == outcomeFailure)
	if o != outcomeFailure {
		return nil
	}
	if t.failures > 0 && c.inRow >= t.failures ||
		t.rate > 0 && all >= t.minRequests && float64(failed) >= t.rate*float64(all) {
		return c.open(now, t)
	}
	return nil
}

func (c *circuit) open(now time.Time, t circuitTerms) *CircuitChange {
	change := c.become(CircuitOpen)
	c.until = now.Add(t.openFor)
	change.Until = c.until
	return change
}

// become changes the state and forgets what led to it.
func (c *circuit) become(s CircuitState) *CircuitChange {
	change := &CircuitChange{From: c.state, To: s}
	c.state = s
	c.period++
	c.until, c.lastTrial = time.Time{}, time.Time{}
	c.inRow, c.trials, c.succeeded = 0, 0, 0
	c.window = outcomes{}
	return change
}

// outcomes counts over a window that slides by slots.
type outcomes struct {
	epoch time.Time
	slots [circuitSlots]outcomeSlot
}

type outcomeSlot struct {
	index       int64 // since epoch
	all, failed int
}

// count adds one outcome and returns the sums of the window that ends now.
func (o *outcomes) count(now time.Time, window time.Duration, failure bool) (all, failed int) {
	if o.epoch.IsZero() || now.Before(o.epoch) {
		*o = outcomes{epoch: now}
	}
	index := int64(now.Sub(o.epoch) / max(1, window/circuitSlots))
	s := &o.slots[index%circuitSlots]
	if s.index != index {
		*s = outcomeSlot{index: index}
	}
	s.all++
	if failure {
		s.failed++
	}
	for i := range o.slots {
		if s := &o.slots[i]; s.index > index-circuitSlots {
			all += s.all
			failed += s.failed
		}
	}
	return all, failed
}
