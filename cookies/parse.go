package cookies

import (
	"net/http"
	"strings"
	"time"
)

// maxAttribute is the longest attribute value that counts (RFC 6265bis,
// section 5.6): a longer one is skipped as if it were not there.
const maxAttribute = 1024

// received is what one Set-Cookie line says, before the jar judges it.
type received struct {
	name, value string // value with its quotation marks
	domain      string // without the leading dot, otherwise as sent; "": none
	path        string // "": none that counts
	pathGiven   bool   // a Path attribute was there, good or not
	expires     instant
	secure      bool
	httpOnly    bool
	partitioned bool
	sameSite    http.SameSite
}

// parse reads a Set-Cookie line (RFC 6265bis, section 5.6). It reports
// whether there is a cookie in it. The result shares line's memory.
func parse(line string, now instant) (r received, ok bool) {
	if hasControl(line) {
		return r, false
	}
	pair, rest, more := strings.Cut(line, ";")
	if name, value, found := strings.Cut(pair, "="); found {
		r.name, r.value = trim(name), trim(value)
	} else {
		r.value = trim(pair)
	}
	if r.name == "" && r.value == "" {
		return r, false
	}
	var maxAge bool
	for more {
		var attribute string
		attribute, rest, more = strings.Cut(rest, ";")
		key, value, _ := strings.Cut(attribute, "=")
		key, value = trim(key), trim(value)
		if len(value) > maxAttribute {
			continue
		}
		switch {
		case equalFold(key, "expires"):
			if t, ok := parseDate(value); ok && !maxAge {
				r.expires = instantOf(t)
			}
		case equalFold(key, "max-age"):
			if t, ok := parseMaxAge(value, now); ok {
				r.expires, maxAge = t, true
			}
		case equalFold(key, "domain"):
			r.domain = strings.TrimPrefix(value, ".")
		case equalFold(key, "path"):
			r.path, r.pathGiven = "", true
			if strings.HasPrefix(value, "/") {
				r.path = value
			}
		case equalFold(key, "secure"):
			r.secure = true
		case equalFold(key, "httponly"):
			r.httpOnly = true
		case equalFold(key, "partitioned"):
			r.partitioned = true
		case equalFold(key, "samesite"):
			r.sameSite = sameSite(value)
		}
	}
	return r, true
}

// fromHTTP is parse for a cookie that net/http has read.
func fromHTTP(c *http.Cookie, now instant) (r received, ok bool) {
	if c == nil {
		return r, false
	}
	r = received{
		name: trim(c.Name), value: trim(c.Value),
		secure: c.Secure, httpOnly: c.HttpOnly, partitioned: c.Partitioned, sameSite: c.SameSite,
	}
	if c.Quoted {
		r.value = `"` + c.Value + `"`
	}
	if r.name == "" && r.value == "" || malformedPair(r.name, r.value) != "" {
		return r, false
	}
	switch {
	case c.MaxAge < 0:
		r.expires = longAgo
	case c.MaxAge > 0:
		r.expires = after(now, uint64(c.MaxAge))
	case !c.Expires.IsZero():
		r.expires = instantOf(c.Expires)
	case c.RawExpires != "": // net/http knows fewer forms of a date than the standard
		if t, ok := parseDate(c.RawExpires); ok {
			r.expires = instantOf(t)
		}
	}
	if len(c.Domain) <= maxAttribute && !hasControl(c.Domain) {
		r.domain = strings.TrimPrefix(trim(c.Domain), ".")
	}
	if path := trim(c.Path); path != "" && len(path) <= maxAttribute {
		r.pathGiven = true
		if path[0] == '/' && malformedPath(path) == "" {
			r.path = path
		}
	}
	return r, true
}

// malformedPair says what is wrong with a name and a value that did not come
// through the parser, "" if nothing is.
func malformedPair(name, value string) string {
	switch {
	case hasControl(name), hasControl(value):
		return "control character"
	case strings.ContainsAny(name, "=;"):
		return "name with = or ;"
	case strings.Contains(value, ";"):
		return "value with ;"
	case trim(name) != name, trim(value) != value:
		return "space around the name or the value"
	}
	return ""
}

func malformedPath(path string) string {
	switch {
	case !strings.HasPrefix(path, "/"):
		return "path does not begin with /"
	case len(path) > maxAttribute:
		return "path is too long"
	case hasControl(path), strings.Contains(path, ";"), trim(path) != path:
		return "malformed path"
	}
	return ""
}

// parseMaxAge reads a Max-Age (RFC 6265bis, section 5.6.2) and returns the
// time it ends, at most ageLimit from now.
func parseMaxAge(s string, now instant) (instant, bool) {
	digits, negative := strings.CutPrefix(s, "-")
	if s == "" || digits == "" && !negative {
		return 0, false
	}
	var n uint64
	for i := range len(digits) {
		if !digit(digits[i]) {
			return 0, false
		}
		// Beyond the limit the number does not matter, so it cannot overflow.
		if n = n*10 + uint64(digits[i]-'0'); n > uint64(ageLimit/time.Second) {
			n = uint64(ageLimit / time.Second)
		}
	}
	if negative || n == 0 {
		return longAgo, true
	}
	return after(now, n), true
}

// longAgo is the end of a cookie that is to be deleted.
const longAgo instant = 1

// after returns the time so many seconds after now, within ageLimit.
func after(now instant, seconds uint64) instant {
	return now.plus(time.Duration(min(seconds, uint64(ageLimit/time.Second))) * time.Second)
}

// hasControl reports whether s has a control character other than a tab.
func hasControl(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return true
		}
	}
	return false
}

// trim takes spaces and tabs from both ends, and nothing else: the space of
// other scripts belongs to a value.
func trim(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// equalFold compares s with a lower-case ASCII word. strings.EqualFold would
// take the Kelvin sign for a k.
func equalFold(s, word string) bool {
	if len(s) != len(word) {
		return false
	}
	for i := range len(s) {
		if lower(s[i]) != word[i] {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func digit(c byte) bool { return '0' <= c && c <= '9' }
