// Package redact hides secrets in whatever the library prints: URLs, header
// values and texts that may hold either. It is the one place that knows which
// names are secret.
package redact

import (
	"net/url"
	"strings"
)

// Mask stands where a secret was.
const Mask = "[redacted]"

// words are the parts of a field name that mark its value as a credential.
var words = []string{"token", "secret", "auth", "api-key", "apikey", "cookie", "credential", "password", "session"}

// queryWords are those of query keys and body fields, besides words.
var queryWords = []string{"api_key", "signature", "passwd", "pwd", "private", "access_key", "accesskey", "code", "sig", "key", "jwt"}

// SecretName reports whether a header field of this name holds a credential
// by its name alone, in any case.
func SecretName(name string) bool {
	for _, w := range words {
		if containsFold(name, w) {
			return true
		}
	}
	return false
}

// SecretKey reports whether the value of a query key or of a form or JSON
// field of this name is hidden.
func SecretKey(name string) bool {
	if SecretName(name) {
		return true
	}
	for _, w := range queryWords {
		if containsFold(name, w) {
			return true
		}
	}
	return false
}

func containsFold(s, lower string) bool {
	for i := 0; i+len(lower) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(lower)], lower) {
			return true
		}
	}
	return false
}

// Header returns value for printing: hidden when the field's name is secret,
// but for the authentication scheme before the first space.
func Header(name, value string) string {
	if !SecretName(name) {
		return value
	}
	if scheme, rest, ok := strings.Cut(value, " "); ok && rest != "" && token(scheme) && strings.EqualFold(name, "Authorization") || strings.EqualFold(name, "Proxy-Authorization") && ok && token(scheme) {
		return scheme + " " + Mask
	}
	return Mask
}

func token(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-') {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

// URL returns u for printing: the whole userinfo hidden, for a user name
// alone is often a token, and the values of secret query keys too.
func URL(u *url.URL) string {
	if u == nil {
		return ""
	}
	c := *u
	c.User = nil
	c.RawQuery = Query(u.RawQuery)
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

// Query returns a raw query with the values of secret keys hidden.
func Query(raw string) string {
	if raw == "" {
		return ""
	}
	pairs := strings.Split(raw, "&")
	for i, p := range pairs {
		k, _, ok := strings.Cut(p, "=")
		name, err := url.QueryUnescape(k)
		if err != nil {
			name = k
		}
		if ok && SecretKey(name) {
			pairs[i] = k + "=" + Mask
		}
	}
	return strings.Join(pairs, "&")
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
// in it hidden, for texts from elsewhere: the causes of errors.
func Text(s string) string {
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
		b.WriteString(s[:start])
		b.WriteString(RawURL(s[start:end]))
		s = s[end:]
	}
}

func isScheme(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'
}

// endsURL reports whether c cannot be part of a URL as texts quote them.
func endsURL(c byte) bool {
	return c <= ' ' || c == '"' || c == '<' || c == '>' || c == '`' || c == '\\'
}
