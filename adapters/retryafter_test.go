package adapters_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seed-3bbad739/requests/adapters"
)

func TestAskedDelay(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const s = time.Second
	tests := []struct {
		name   string
		header []string
		want   time.Duration
		ok     bool
	}{
		{"nothing", nil, 0, false},
		{"R201 seconds", []string{"Retry-After", "5"}, 5 * s, true},
		{"R201 seconds between blanks", []string{"Retry-After", " \t5 "}, 5 * s, true},
		{"R201 leading zeros", []string{"Retry-After", "000005"}, 5 * s, true},
		{"R201 zero", []string{"Retry-After", "0"}, 0, true},
		{"R201 a sign is no number", []string{"Retry-After", "-5"}, 0, false},
		{"R201 nor is plus", []string{"Retry-After", "+5"}, 0, false},
		{"R201 a decimal point", []string{"Retry-After", "1.5"}, 0, false},
		{"R201 words", []string{"Retry-After", "soon"}, 0, false},
		{"R201 empty", []string{"Retry-After", ""}, 0, false},
		{"R201 a list", []string{"Retry-After", "5, 10"}, 0, false},
		{"R201 digits of another script", []string{"Retry-After", "٥"}, 0, false},
		{"R201 hexadecimal", []string{"Retry-After", "0x10"}, 0, false},
		{"more than a time.Duration holds", []string{"Retry-After", "9223372037"}, 1_000_000_000 * s, true},
		{"10^30", []string{"Retry-After", "1" + strings.Repeat("0", 30)}, 1_000_000_000 * s, true},
		{"R201 IMF-fixdate", []string{"Retry-After", "Sun, 01 Mar 2026 12:00:30 GMT"}, 30 * s, true},
		{"R201 RFC 850", []string{"Retry-After", "Sunday, 01-Mar-26 12:00:30 GMT"}, 30 * s, true},
		{"R201 asctime, which is UTC", []string{"Retry-After", "Sun Mar  1 12:00:30 2026"}, 30 * s, true},
		{"R201 without a zone, which is UTC", []string{"Retry-After", "Sun, 01 Mar 2026 12:00:30"}, 30 * s, true},
		{"R201 with a numeric zone", []string{"Retry-After", "Sun, 01 Mar 2026 14:00:30 +0200"}, 30 * s, true},
		{"R201 the past", []string{"Retry-After", "Sun, 01 Mar 2026 11:00:00 GMT"}, 0, true},
		{"the year 1", []string{"Retry-After", "Mon, 01 Jan 0001 00:00:00 GMT"}, 0, true},
		{"the year 9999 does not overflow", []string{"Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"}, 1<<63 - 1, true},
		{"a long line is no date", []string{"Retry-After", "Sun, 01 Mar 2026 12:00:30 GMT" + strings.Repeat(" ", 100) + "x"}, 0, false},
		{"two lines: the longer", []string{"Retry-After", "5", "Retry-After", "7"}, 7 * s, true},
		{"two lines, one of use", []string{"Retry-After", "x", "Retry-After", "7"}, 7 * s, true},
		{"a reset in seconds", []string{"RateLimit-Reset", "30"}, 30 * s, true},
		{"a reset that is the largest number of seconds", []string{"RateLimit-Reset", "1000000000"}, 1_000_000_000 * s, true},
		{"a reset as a Unix time", []string{"X-RateLimit-Reset", "1772366430"}, 30 * s, true},
		{"a reset as a Unix time in the past", []string{"X-RateLimit-Reset", "1772366000"}, 0, true},
		{"a reset of 10^30", []string{"X-RateLimit-Reset", "1" + strings.Repeat("0", 30)}, time.Unix(100_000_000_000, 0).Sub(now), true},
		{"a negative reset", []string{"X-RateLimit-Reset", "-30"}, 0, false},
		{"the standard's name goes first", []string{"X-RateLimit-Reset", "30", "RateLimit-Reset", "20"}, 20 * s, true},
		{"Retry-After goes before both", []string{"RateLimit-Reset", "20", "Retry-After", "10"}, 10 * s, true},
		{"a quota with something left", []string{"RateLimit-Reset", "20", "RateLimit-Remaining", "3"}, 0, false},
		{"a quota that is used up", []string{"RateLimit-Reset", "20", "RateLimit-Remaining", "0"}, 20 * s, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			for i := 0; i < len(tt.header); i += 2 {
				h.Add(tt.header[i], tt.header[i+1])
			}
			got, ok := adapters.AskedDelay(h, now)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.ok, ok)
		})
	}
}

// FuzzAskedDelay: no value is read as a negative time, a number is read as
// itself up to the bound, and reading does not depend on blanks around it.
func FuzzAskedDelay(f *testing.F) {
	for _, v := range []string{"", "5", "-1", "1e9", "10000000000000000000000", "Sun, 01 Mar 2026 12:00:30 GMT", "Sun Mar  1 12:00:30 2026"} {
		f.Add(v, v)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, after, reset string) {
		for _, name := range []string{"Retry-After", "X-Ratelimit-Reset"} {
			d, ok := adapters.AskedDelay(http.Header{name: {after}, "Ratelimit-Reset": {reset}}, now)
			if d < 0 || d > 0 && !ok {
				t.Fatalf("%s %q: %v %v", name, after, d, ok)
			}
			again, okAgain := adapters.AskedDelay(http.Header{name: {" " + after + "\t"}, "Ratelimit-Reset": {reset}}, now)
			if d != again || ok != okAgain {
				t.Fatalf("%s %q: %v, with blanks %v", name, after, d, again)
			}
		}
	})
}
