package requests

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/seed-3bbad739/requests/internal/redact"
)

// prefix is the part of the world that an adapter serves. It is never written
// to.
type prefix struct {
	raw string // as it was mounted

	// Its parts. Without "://" in it, the URL's text is compared.
	text               bool
	scheme, host, port string
	path               string // "": every port and path
}

// web holds all of it.
var web = [...]*prefix{{raw: "https://", scheme: "https"}, {raw: "http://", scheme: "http"}}

func parsePrefix(raw string) (*prefix, error) {
	for _, p := range web {
		if p.raw == raw {
			return p, nil
		}
	}
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		if name, rest, colon := strings.Cut(raw, ":"); raw != "" && (!isScheme(name) || isPort(rest) || !colon && beginsWithHost(raw)) {
			return nil, fmt.Errorf("prefix %q has no scheme; perhaps https://%s?", redact.RawURL(raw), redact.RawURL(raw))
		}
		return &prefix{raw: raw, text: true}, nil
	}
	p := &prefix{raw: raw, scheme: strings.ToLower(scheme)}
	if rest == "" {
		return p, nil
	}
	host, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	if strings.Contains(host, "@") {
		return nil, fmt.Errorf("a prefix has no userinfo: %q", redact.RawURL(raw))
	}
	if p.scheme == "http" || p.scheme == "https" {
		var u url.URL
		u.Scheme = p.scheme
		if err := setAuthority(&u, host, true); err != nil {
			return nil, fmt.Errorf("prefix %q: %w", redact.RawURL(raw), err)
		}
		p.host, p.port = u.Hostname(), u.Port()
		if p.port == "" && path != "" {
			p.port = defaultPort(p.scheme)
		}
	} else {
		p.host = host
	}
	p.path = path
	return p, nil
}

func isScheme(s string) bool {
	_, _, ok := cutScheme(s + ":")
	return ok
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// matches reports whether u is under p. A prefix ends where a part of the URL
// ends: https://api.example does not hold https://api.example.test.
func (p *prefix) matches(u *url.URL) bool {
	if p.text {
		return hasPrefixFold(u.String(), p.raw) && endsPart(u.String(), p.raw)
	}
	if u.Scheme != p.scheme {
		return false
	}
	if p.host == "" && p.path == "" {
		return true
	}
	if isWeb(u) {
		if !strings.EqualFold(u.Hostname(), p.host) {
			return false
		}
		if p.port != "" && p.port != effectivePort(u) {
			return false
		}
	} else if !strings.EqualFold(u.Host, p.host) {
		return false
	}
	if p.path == "" {
		return true
	}
	target := u.EscapedPath()
	if u.RawQuery != "" {
		target += "?" + u.RawQuery
	}
	return hasPrefixFold(target, p.path) && endsPart(target, p.path)
}

func effectivePort(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return defaultPort(u.Scheme)
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// endsPart reports whether prefix, with which s begins, ends at a boundary.
func endsPart(s, prefix string) bool {
	if len(s) == len(prefix) || prefix == "" {
		return true
	}
	const boundaries = ":/?#&="
	return strings.IndexByte(boundaries, prefix[len(prefix)-1]) >= 0 || strings.IndexByte(boundaries, s[len(prefix)]) >= 0
}
