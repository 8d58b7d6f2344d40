package adapters

import (
	"net/http"
	"strings"
	"time"
)

const (
	// maxDelaySeconds is what a longer number counts as. It is beyond every
	// useful wait and far from the overflow of a time.Duration.
	maxDelaySeconds = 1_000_000_000
	// maxResetSeconds does the same for numbers that may be Unix times.
	maxResetSeconds = 100 * maxDelaySeconds
)

// askedDelay returns how long the server wants to be left alone, counted from
// now, and whether it says so in a form that can be understood. Times in the
// past are 0.
func askedDelay(h http.Header, now time.Time) (time.Duration, bool) {
	if d, ok := longest(h["Retry-After"], now, retryAfter); ok {
		return d, true
	}
	// The time until a quota is renewed matters only once it is used up. Many
	// servers send these fields with every response.
	for _, quota := range quotas {
		reset := h[quota.reset]
		if len(reset) == 0 {
			continue
		}
		if left := h[quota.remaining]; len(left) > 0 {
			if n, ok := digits(left[0], 1); ok && n > 0 {
				continue
			}
		}
		if d, ok := longest(reset, now, rateLimitReset); ok {
			return d, true
		}
	}
	return 0, false
}

// quotas are the fields that tell of one, in the form that net/http gives names.
var quotas = [...]struct{ remaining, reset string }{
	{"Ratelimit-Remaining", "Ratelimit-Reset"},
	{"X-Ratelimit-Remaining", "X-Ratelimit-Reset"},
}

// longest returns the longest delay among the lines of a field that ought to
// have one line: coming back too late harms nobody.
func longest(lines []string, now time.Time, parse func(string, time.Time) (time.Duration, bool)) (most time.Duration, found bool) {
	for _, line := range lines[:min(len(lines), 8)] {
		if d, ok := parse(strings.Trim(line, " \t"), now); ok {
			most, found = max(most, d), true
		}
	}
	return most, found
}

// retryAfter reads a Retry-After value (RFC 9110, section 10.2.3).
func retryAfter(v string, now time.Time) (time.Duration, bool) {
	if n, ok := digits(v, maxDelaySeconds); ok {
		return time.Duration(n) * time.Second, true
	}
	if t, ok := httpDate(v); ok {
		return max(0, t.Sub(now)), true
	}
	return 0, false
}

// rateLimitReset reads a value that some servers give in seconds from now and
// others as a Unix time.
func rateLimitReset(v string, now time.Time) (time.Duration, bool) {
	n, ok := digits(v, maxResetSeconds)
	switch {
	case !ok:
		return 0, false
	case n > 1_000_000_000:
		return max(0, time.Unix(n, 0).Sub(now)), true
	}
	return time.Duration(n) * time.Second, true
}

// digits reads a decimal number, of which everything above most counts as
// most. Signs, points and blanks make it no number.
func digits(v string, most int64) (n int64, ok bool) {
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(n*10+int64(c-'0'), most)
	}
	return n, v != ""
}

// dateForms are what is accepted besides the three forms of RFC 9110, section
// 5.6.7: a numeric zone, and none, which is read as UTC.
var dateForms = [...]string{time.RFC1123Z, "Mon, 02 Jan 2006 15:04:05"}

func httpDate(v string) (time.Time, bool) {
	if len(v) > 64 {
		return time.Time{}, false
	}
	if t, err := http.ParseTime(v); err == nil {
		return t, true
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form, v); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
