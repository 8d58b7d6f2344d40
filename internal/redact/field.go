package redact

import (
	"context"
	"net/url"
	"strings"
)

// Marks are the names that somebody has marked as secret, for one call.
type Marks interface {
	// HidesField reports whether the values of the header field of this
	// canonical name are secret.
	HidesField(name string) bool
	// HidesParam reports whether the values of this query key are.
	HidesParam(name string) bool
}

// MarksKey is the key under which the context of a request has its [Marks].
type MarksKey struct{}

// MarksFrom returns the marks that ctx has, nil if it has none.
func MarksFrom(ctx context.Context) Marks {
	m, _ := ctx.Value(MarksKey{}).(Marks)
	return m
}

// FieldName is the type by which an authenticator of package auth says that it
// does nothing but set one header field, and which: nobody else's can say so.
type FieldName string

// Field returns value for printing, as [Header] does, and hidden if marks says
// so. marks may be nil.
func Field(name, value string, marks Marks) string {
	if marks != nil && marks.HidesField(name) && !SecretName(name) {
		return Value(value)
	}
	if marks != nil && isURLField(name) {
		// A redirect mostly repeats the query, and with it a marked parameter.
		if u, err := url.Parse(value); err == nil && u.Opaque == "" && !strings.Contains(u.Path, "@") {
			return Escape(Marked(u, marks))
		}
	}
	return Header(name, value)
}

// Header returns the value of a header field for printing. When the name is
// secret the value is hidden (see [Value]), but for what helps and is no
// secret: the scheme of credentials and challenges, the names of cookies, the
// attributes of a cookie that is set. URLs in other fields lose their secrets.
func Header(name, value string) string {
	switch strings.ToLower(name) {
	case "authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate":
		if scheme, rest, ok := strings.Cut(value, " "); ok && rest != "" && isToken(scheme) {
			return scheme + " " + Value(rest)
		}
		return Value(value)
	case "cookie":
		pairs := strings.Split(value, ";")
		for i, p := range pairs {
			pairs[i] = Cookie(strings.TrimSpace(p))
		}
		return strings.Join(pairs, "; ")
	case "set-cookie":
		return setCookie(value)
	}
	if isURLField(name) {
		return Escape(RawURL(value))
	}
	if SecretName(name) {
		return Value(value)
	}
	return Text(value)
}

func isURLField(name string) bool {
	switch strings.ToLower(name) {
	case "location", "content-location", "referer", "origin":
		return true
	}
	return false
}

// Cookie returns "name=value" with the value hidden. A pair without a name is
// all value.
func Cookie(pair string) string {
	name, value, ok := strings.Cut(pair, "=")
	// What ends in = is more likely padding than a cookie without a value.
	if !ok || !isToken(name) || strings.Trim(value, "=") == "" && value != "" {
		return Value(pair)
	}
	return name + "=" + Value(value)
}

func setCookie(line string) string {
	parts := strings.Split(line, ";")
	out := parts[:1]
	out[0] = Cookie(strings.TrimSpace(parts[0]))
	for _, p := range parts[1:] {
		name, _, _ := strings.Cut(p, "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "domain", "expires", "httponly", "max-age", "partitioned", "path", "priority", "samesite", "secure":
			out = append(out, Escape(strings.TrimSpace(p)))
		default:
			out = append(out, Mask)
		}
	}
	return strings.Join(out, "; ")
}

// isToken reports whether s reads like a scheme or the name of a cookie and
// not like what they stand for.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
