package adapters_test

import (
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/seed-3bbad739/requests/adapters"
)

func TestBudget(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name     string
		ratio    float64
		requests int
		asked    int
		granted  int
	}{
		{"ten in any case", 0, 1, 100, 10},
		{"a fifth of many by default", 0, 1000, 1000, 200},
		{"another part", 0.5, 1000, 1000, 500},
		{"a part above one", 2, 1000, 3000, 2000},
		{"none", -1, 1, 5000, 5000},
		{"no number is the default", math.NaN(), 1000, 1000, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b adapters.Budget
			grant := func(at time.Time) (n int) {
				for range tt.asked {
					if b.Withdraw(at, tt.ratio) {
						n++
					}
				}
				return n
			}
			for range tt.requests {
				b.Deposit(start, tt.ratio)
			}
			assert.Equal(t, tt.granted, grant(start))
			if tt.ratio >= 0 {
				assert.Zero(t, grant(start.Add(9*time.Second)), "nothing comes back by itself before ten seconds")
				assert.Equal(t, 10, grant(start.Add(10*time.Second)), "and nothing is saved up")
			}
		})
	}
}

func TestBudget_clockThatGoesBack(t *testing.T) {
	var b adapters.Budget
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for range 10 {
		assert.True(t, b.Withdraw(now, 0))
	}
	assert.False(t, b.Withdraw(now, 0))
	before := now.Add(-time.Hour - time.Second) // by whole windows the slots would be the same ones
	assert.True(t, b.Withdraw(before, 0), "the count begins anew")
}

// In no ten seconds are there more retries than the part of the requests, or
// ten: the property that keeps an outage from growing.
func TestBudget_neverExceeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b adapters.Budget
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var requests, retries []time.Time
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * ms)
			for range rapid.IntRange(0, 60).Draw(t, "requests") {
				b.Deposit(now, 0.2)
				requests = append(requests, now)
			}
			for range rapid.IntRange(0, 60).Draw(t, "asked") {
				if b.Withdraw(now, 0.2) {
					retries = append(retries, now)
				}
			}
		}
		for _, end := range retries {
			begin := end.Add(-9 * time.Second)
			in := func(times []time.Time) (n int) {
				for _, at := range times {
					if at.After(begin) && !at.After(end) {
						n++
					}
				}
				return n
			}
			// Requests of the slot that is just leaving still count for a part.
			whole := 0
			for _, at := range requests {
				if at.After(end.Add(-10*time.Second)) && !at.After(end) {
					whole++
				}
			}
			if n := in(retries); float64(n) > max(10, 0.2*float64(whole)) {
				t.Fatalf("%d retries for %d requests", n, whole)
			}
		}
	})
}

func TestBudget_underContention(t *testing.T) {
	var b adapters.Budget
	now := time.Now()
	var granted atomic.Int64
	var wg sync.WaitGroup
	for range 1000 {
		wg.Go(func() { b.Deposit(now, 0) })
	}
	wg.Wait()
	for range 1000 {
		wg.Go(func() {
			if b.Withdraw(now, 0) {
				granted.Add(1)
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 200, granted.Load())
}
