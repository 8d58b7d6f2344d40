package adapters

import (
	"slices"
	"sync"
	"time"
)

// How much of an origin's past a percentile is taken from, and how often.
const (
	latencySize    = 128
	latencyLeast   = 20
	latencyRefresh = 16
	// latencyFloor is what shorter percentiles count as: to hedge answers that
	// come at once would only double the load.
	latencyFloor = time.Millisecond
)

// latency is how long the latest answers of an origin took.
type latency struct {
	mu    sync.Mutex // guards the rest
	ring  [latencySize]time.Duration
	count int           // all that were ever observed
	value time.Duration // the percentile, as of the latest refresh
}

func (l *latency) observe(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring[l.count%latencySize] = d
	l.count++
	if l.count >= latencyLeast && (l.count == latencyLeast || l.count%latencyRefresh == 0) {
		sorted := slices.Sorted(slices.Values(l.ring[:min(l.count, latencySize)]))
		l.value = sorted[len(sorted)*95/100]
	}
}

// p95 returns the time within which 95 of 100 answers came, and whether
// enough have been seen to tell.
func (l *latency) p95() (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(l.value, latencyFloor), l.count >= latencyLeast
}
