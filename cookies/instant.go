package cookies

import "time"

// instant is a time in nanoseconds since 1970, 0 for none. A jar is full of
// times, and these are a third of the size of a time.Time.
type instant int64

// farthest is what later times become; no cookie lives to see it.
const farthest instant = 1 << 62 // in the year 2116

// instantOf returns t, within what an instant can hold.
func instantOf(t time.Time) instant {
	switch {
	case t.IsZero():
		return 0
	case t.Unix() <= 0:
		return 1
	case t.Unix() >= int64(farthest)/int64(time.Second):
		return farthest
	}
	return instant(t.UnixNano())
}

func (i instant) time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(i)).UTC()
}

// now returns the wall-clock time. The monotonic clock stands still while a
// machine sleeps, and does not survive a file.
func now() instant { return instant(time.Now().UnixNano()) }

func (i instant) plus(d time.Duration) instant { return i + instant(d) }

// reached reports whether the end i of a cookie has come.
func (i instant) reached(now instant) bool { return i != 0 && i <= now }
