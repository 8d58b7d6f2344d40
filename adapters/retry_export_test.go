package adapters

import "time"

// SetJitter makes r wait as long as jitter makes of each bound.
func SetJitter(r *Retry, jitter func(bound time.Duration) time.Duration) { r.jitter = jitter }

var AskedDelay = askedDelay

type Budget struct{ budget }

func (b *Budget) Deposit(now time.Time, ratio float64)       { b.deposit(now, ratio) }
func (b *Budget) Withdraw(now time.Time, ratio float64) bool { return b.withdraw(now, ratio) }

// OriginCount returns how many hosts l remembers.
func (l *Limit) OriginCount() int { return len(l.hosts.entries) }
