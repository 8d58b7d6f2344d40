// Package again answers what everything that asks a second time has to know:
// whether another try may help, and how long to wait before it.
package again

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/seed-3bbad739/requests/internal/nettls"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// Status reports whether a response of this status may be another one soon.
func Status(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// Failure reports whether a call that ended in err may fare better the next
// time: the connection failed, in its handshake too, the server was silent, a
// circuit is open, the retries of a layer below are used up, or content ended
// within its coding: where its framing tells no end, that is how a connection
// that broke shows. Trust that was refused and addresses that are blocked stay
// so. The caller looks at its context first.
func Failure(err error) bool {
	switch {
	case errors.Is(err, sentinel.BlockedAddress), nettls.IsFailure(err):
		return false
	case errors.Is(err, sentinel.TLS):
		return cutOff(err)
	case errors.Is(err, sentinel.ContentDecoding):
		return errors.Is(err, io.ErrUnexpectedEOF)
	}
	return errors.Is(err, sentinel.Connection) || errors.Is(err, sentinel.Timeout) ||
		errors.Is(err, sentinel.CircuitOpen) || errors.Is(err, sentinel.RetriesExhausted)
}

// cutOff reports whether a connection broke off. A handshake that ends so says
// nothing about trust: it is what a server that restarts or is overloaded does.
func cutOff(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// Backoff returns how long to wait after n failures in a row, from 1: wait at
// first, doubled with every failure, and up to a quarter more, so that the
// clients of a server that comes back do not arrive at once. most bounds all
// of it. wait and most are above 0.
func Backoff(n int, wait, most time.Duration) time.Duration {
	wait = min(wait, most)
	for ; n > 1 && wait < most; n-- {
		if wait > most/2 {
			wait = most
			break
		}
		wait *= 2
	}
	return min(wait+rand.N(wait/4+1), most)
}

// maxDelay is what a longer Retry-After counts as: still safe to add to a time.
const maxDelay = 365 * 24 * time.Hour

// After returns what the first Retry-After field asks for (RFC 9110, section
// 10.2.3), never below 0. It reports false if there is none or it is neither
// seconds nor a date.
func After(h http.Header, now time.Time) (time.Duration, bool) {
	v := strings.Trim(h.Get("Retry-After"), " \t")
	if v == "" || len(v) > 64 {
		return 0, false
	}
	if d, ok := Digits(v, time.Second, maxDelay); ok {
		return d, true
	}
	t, err := http.ParseTime(v)
	if err != nil {
		return 0, false
	}
	return min(max(0, t.Sub(now)), maxDelay), true
}

// Digits reads a number of units from ASCII digits alone; whatever is above
// most counts as most.
func Digits(s string, unit, most time.Duration) (time.Duration, bool) {
	limit := int64(most / unit)
	n := int64(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(n*10+int64(c-'0'), limit)
	}
	return time.Duration(n) * unit, s != ""
}

// Pause waits for d. It returns the cause of ctx's end if that comes first.
func Pause(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
