package adapters

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/seed-3bbad739/requests/internal/again"
)

const (
	defaultWait    = 500 * time.Millisecond
	defaultMaxWait = 30 * time.Second
	// endless is longer than any wait and still safe to add to a time.
	endless = time.Duration(1 << 61)
)

// backoff returns how long to wait before retry number n, from 1: any time up
// to a bound that doubles with every retry. With full jitter the callers of a
// server that comes back arrive spread over the whole bound, not in waves.
func backoff(n int, wait, most time.Duration, jitter func(time.Duration) time.Duration) time.Duration {
	switch {
	case wait < 0:
		return 0
	case wait == 0:
		wait = defaultWait
	}
	switch {
	case most < 0:
		most = endless
	case most == 0:
		most = defaultMaxWait
	}
	bound := min(wait, most)
	for i := 1; i < n && bound < most; i++ {
		if bound > most/2 {
			bound = most
			break
		}
		bound *= 2
	}
	bound = min(bound, endless)
	if jitter != nil {
		return jitter(bound)
	}
	return time.Duration(rand.Int64N(int64(bound) + 1))
}

// waitUntil returns nil at t, or why ctx has ended if that comes first. The
// zero time is over, whatever the clock says.
func waitUntil(ctx context.Context, t time.Time) error {
	if ctx.Err() == nil && (t.IsZero() || time.Until(t) <= 0) {
		return nil
	}
	if again.Pause(ctx, time.Until(t)) != nil {
		return interrupted(ctx)
	}
	return nil
}

// passesDeadline reports whether waiting until t leaves nothing of ctx's time.
func passesDeadline(ctx context.Context, t time.Time) bool {
	deadline, ok := ctx.Deadline()
	return ok && !t.Before(deadline)
}
