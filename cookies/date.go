package cookies

import "time"

// parseDate reads a date by the lenient algorithm of RFC 6265bis, section
// 5.1.1: it looks for a time, a day, a month and a year among the words, in
// whatever order, and takes each the first time that it fits.
func parseDate(s string) (time.Time, bool) {
	var hour, minute, second, day, year int
	var month time.Month
	var haveTime, haveDay, haveYear bool
	for s != "" {
		var word string
		if word, s = nextWord(s); word == "" {
			continue
		}
		if !haveTime {
			if hour, minute, second, haveTime = clockTime(word); haveTime {
				continue
			}
		}
		if !haveDay {
			if n, ok := number(word, 1, 2); ok {
				day, haveDay = n, true
				continue
			}
		}
		if month == 0 {
			if month = monthOf(word); month != 0 {
				continue
			}
		}
		if !haveYear {
			year, haveYear = number(word, 2, 4)
		}
	}
	switch {
	case !haveYear:
	case 70 <= year && year <= 99:
		year += 1900
	case year <= 69:
		year += 2000
	}
	if !haveTime || !haveDay || month == 0 || !haveYear || day < 1 || year < 1601 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, month, day, hour, minute, second, 0, time.UTC)
	return t, t.Day() == day // there is no 31 February
}

// nextWord returns the first run of s without delimiters, which may be empty,
// and what is behind it and its delimiter.
func nextWord(s string) (word, rest string) {
	for i := range len(s) {
		if delimiter(s[i]) {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

func delimiter(c byte) bool {
	return c == '\t' || ' ' <= c && c <= '/' || ';' <= c && c <= '@' || '[' <= c && c <= '`' || '{' <= c && c <= '~'
}

// clockTime reads h:m:s, each of one or two digits, and anything behind that
// does not begin with a digit.
func clockTime(s string) (hour, minute, second int, ok bool) {
	if hour, s, ok = leading(s, 2); !ok || s == "" || s[0] != ':' {
		return 0, 0, 0, false
	}
	if minute, s, ok = leading(s[1:], 2); !ok || s == "" || s[0] != ':' {
		return 0, 0, 0, false
	}
	if second, s, ok = leading(s[1:], 2); !ok || s != "" && digit(s[0]) {
		return 0, 0, 0, false
	}
	return hour, minute, second, true
}

// number reads a number of least to most digits that no further digit follows.
func number(s string, least, most int) (int, bool) {
	n, rest, ok := leading(s, most)
	if !ok || len(s)-len(rest) < least || rest != "" && digit(rest[0]) {
		return 0, false
	}
	return n, true
}

// leading reads up to most digits from the beginning of s.
func leading(s string, most int) (n int, rest string, ok bool) {
	i := 0
	for ; i < len(s) && i < most && digit(s[i]); i++ {
		n = n*10 + int(s[i]-'0')
	}
	return n, s[i:], i > 0
}

const monthNames = "janfebmaraprmayjunjulaugsepoctnovdec"

// monthOf returns the month that s begins with, 0 if with none.
func monthOf(s string) time.Month {
	if len(s) < 3 {
		return 0
	}
	for i := 0; i < len(monthNames); i += 3 {
		if equalFold(s[:3], monthNames[i:i+3]) {
			return time.Month(i/3 + 1)
		}
	}
	return 0
}
