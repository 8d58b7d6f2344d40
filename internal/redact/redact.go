// Package redact hides secrets in whatever the library prints: URLs, header
// values and texts that may hold either. It is the one place that knows which
// names are secret.
package redact

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Mask stands where a secret was.
const Mask = "[redacted]"

// words are the parts of a field name that mark its value as a credential.
var words = []string{"token", "secret", "auth", "api-key", "apikey", "cookie", "credential", "password", "session", "customer-key"}

// queryWords are those of query keys and body fields, besides words.
var queryWords = []string{"api_key", "signature", "passwd", "pwd", "private", "access_key", "accesskey", "code", "sig", "key", "jwt", "assertion", "passphrase"}

// SecretName reports whether a header field of this name holds a credential
// by its name alone, in any case.
func SecretName(name string) bool { return containsAny(name, words, &wordBeginnings) }

// SecretKey reports whether the value of a query key or of a form or JSON
// field of this name is hidden.
func SecretKey(name string) bool {
	if SecretName(name) {
		return true
	}
	return containsAny(name, queryWords, &queryBeginnings) || added(name)
}

// pairs is a set of two letters, in lower case: for each first letter the
// second ones. Few names have even those of a word.
type pairs ['z' - 'a' + 1]uint32

func beginnings(words []string) (set pairs) {
	for _, w := range words {
		set[w[0]-'a'] |= 1 << (w[1] & 31)
	}
	return set
}

var wordBeginnings, queryBeginnings = beginnings(words), beginnings(queryWords)

// containsAny reports whether s contains one of words, which are in lower case
// and begin with two letters of begin, in any case.
func containsAny(s string, words []string, begin *pairs) bool {
	for i := 0; i+1 < len(s); i++ {
		c := (s[i] | 0x20) - 'a'
		if int(c) >= len(begin) || begin[c]>>(s[i+1]&31)&1 == 0 {
			continue
		}
		for _, w := range words {
			if len(w) <= len(s)-i && strings.EqualFold(s[i:i+len(w)], w) {
				return true
			}
		}
	}
	return false
}

// URL returns u for printing: the whole userinfo hidden, for a user name
// alone is often a token, and the values of secret query keys too.
func URL(u *url.URL) string { return printURL(u, masked, nil) }

// Marked is [URL] with marks by which values can be compared (see [Value]),
// and with the query keys hidden that marks names. marks may be nil.
func Marked(u *url.URL, marks Marks) string { return printURL(u, Value, marks) }

func printURL(u *url.URL, hide func(string) string, marks Marks) string {
	if u == nil {
		return ""
	}
	c := *u
	c.User = nil
	c.RawQuery = query(u.RawQuery, hide, marks)
	if i := strings.LastIndexByte(u.Opaque, '@'); i >= 0 {
		c.Opaque = Mask + u.Opaque[i:] // a URL that lacks its scheme looks like this
	}
	c.Fragment, c.RawFragment = "", ""
	s := c.String()
	if u.User != nil {
		if i := strings.Index(s, "//"); i >= 0 {
			s = s[:i+2] + Mask + "@" + s[i+2:]
		}
	}
	return s
}

// Target returns u without userinfo, query and fragment: what an error names.
func Target(u *url.URL) string {
	if u == nil {
		return ""
	}
	c := *u
	c.RawQuery, c.ForceQuery = "", false
	return URL(&c)
}

// Query returns a raw query, or a body of a form, with the values of secret
// keys hidden.
func Query(raw string) string { return query(raw, masked, nil) }

// MarkedQuery is [Query] as [Marked] hides values.
func MarkedQuery(raw string, marks Marks) string { return query(raw, Value, marks) }

// query hides values by hide, which is given what is behind the key. A URL in a
// value is looked at as one.
func query(raw string, hide func(string) string, marks Marks) string {
	if !strings.Contains(raw, "=") {
		return raw
	}
	var b strings.Builder
	for {
		// Some servers take a semicolon for a separator too.
		end := strings.IndexAny(raw, "&;")
		pair := raw
		if end >= 0 {
			pair = raw[:end]
		}
		b.WriteString(hidePair(pair, hide, marks))
		if end < 0 {
			return b.String()
		}
		b.WriteByte(raw[end])
		raw = raw[end+1:]
	}
}

func hidePair(pair string, hide func(string) string, marks Marks) string {
	k, v, ok := strings.Cut(pair, "=")
	if !ok {
		return pair
	}
	plain := unescape(v)
	hidden := hideParam(unescape(k), plain, hide, marks)
	switch {
	case hidden == plain:
		return pair
	case isHidden(hidden):
		return k + "=" + hidden
	}
	return k + "=" + url.QueryEscape(hidden)
}

// Param returns the value of a query key for printing.
func Param(name, value string, marks Marks) string { return hideParam(name, value, Value, marks) }

// maxURLs bounds the URLs that are looked at in one value: each may hold the
// next in its query, and every one costs time for all that is behind it.
const maxURLs = 8

func hideParam(name, value string, hide func(string) string, marks Marks) string {
	if SecretKey(name) || marks != nil && marks.HidesParam(name) || strings.Count(value, "://") > maxURLs {
		return hide(value)
	}
	return hideURLs(value)
}

func masked(string) string { return Mask }

func unescape(s string) string {
	for cut := range min(len(s), 2) + 1 { // content that was cut may end within an escape
		if u, err := url.QueryUnescape(s[:len(s)-cut]); err == nil {
			return u + s[len(s)-cut:]
		}
	}
	return s
}

// RawURL is [URL] for a text that may be no URL at all. What cannot be parsed
// keeps its scheme and what follows the last @ of its authority.
func RawURL(raw string) string {
	if u, err := url.Parse(raw); err == nil && (u.Host != "" || u.User == nil) && u.Opaque == "" && !strings.Contains(u.Path, "@") {
		return URL(u)
	}
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		scheme, rest = "", raw
	} else {
		scheme += "://"
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = Mask + rest[i:]
	} else if authority, _, _ := strings.Cut(rest, "/"); !strings.HasPrefix(authority, "[") {
		// What stands where a port should, and is none, may be a password.
		if i := strings.IndexByte(authority, ':'); i >= 0 && !digits(authority[i+1:]) {
			rest = authority[:i+1] + Mask + rest[len(authority):]
		}
	}
	s := scheme + rest
	if hasQuery {
		s += "?" + Query(query)
	}
	return s
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Text returns s with the userinfo and the secret query values of every URL
// in it hidden, for texts from elsewhere: the causes of errors, which may
// quote a peer. Control characters are escaped but for the ends of lines.
func Text(s string) string { return hideURLs(Escape(s)) }

func hideURLs(s string) string { return hidePairs(hideWhole(s)) }

// hidePairs hides the values of secret keys in what is left of a query: that
// of a relative URL, in the text of a page.
func hidePairs(s string) string {
	var b strings.Builder
	done := 0
	for i := 0; i < len(s); i++ {
		if s[i] != '=' {
			continue
		}
		start := i
		for start > done && isKey(s[start-1]) {
			start--
		}
		if start == done || start == i || !strings.ContainsRune("?&;", rune(s[start-1])) || !SecretKey(unescape(s[start:i])) {
			continue
		}
		end := i + 1
		for end < len(s) && !endsURL(s[end]) && !strings.ContainsRune("&;'#", rune(s[end])) {
			end++
		}
		if isHidden(s[i+1 : end]) {
			continue
		}
		b.WriteString(s[done:i+1] + Mask)
		done, i = end, end-1
	}
	if done == 0 {
		return s
	}
	b.WriteString(s[done:])
	return b.String()
}

func isKey(c byte) bool { return isScheme(c) || c == '_' || c == '%' || c == '[' || c == ']' }

// hideWhole hides what is secret in the URLs that have a scheme.
func hideWhole(s string) string {
	if !strings.Contains(s, "://") {
		return s
	}
	var b strings.Builder
	for {
		i := strings.Index(s, "://")
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		start := i
		for start > 0 && isScheme(s[start-1]) {
			start--
		}
		end := i + 3
		for end < len(s) && !endsURL(s[end]) {
			end++
		}
		if end > i+3 && s[end-1] == ':' {
			end-- // of the text, as in "http://h.test:80: refused"
		}
		b.WriteString(s[:start])
		b.WriteString(RawURL(s[start:end]))
		s = s[end:]
	}
}

// Escape returns s with what a terminal would act on written as Go escapes it:
// control and format characters, and bytes that are no text. Tabs and the ends
// of lines stay.
func Escape(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return !prints(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '\r' && strings.HasPrefix(s[i:], "\r\n"):
			b.WriteByte('\r')
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case prints(r) || r == utf8.RuneError:
			b.WriteRune(r)
		default:
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		}
	}
	return b.String()
}

func prints(r rune) bool {
	return r >= ' ' && r < 0x7f || r == '\n' || r == '\t' || r > 0xa0 && r != utf8.RuneError && unicode.IsPrint(r) || r == 0xa0
}

func isScheme(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'
}

// endsURL reports whether c cannot be part of a URL as texts quote them.
func endsURL(c byte) bool {
	return c <= ' ' || c == '"' || c == '<' || c == '>' || c == '`' || c == '\\'
}
