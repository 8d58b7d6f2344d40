// Package origin compares the origins of URLs (RFC 6454, section 5), on which
// every decision about where credentials may go rests.
package origin

import (
	"net/url"
	"strings"
)

// Same reports whether to is of the origin of from: scheme, host and port are
// equal, the ports by their defaults when absent. An upgrade from http to
// https on one host counts as the same when both use their default ports, for
// it exposes nothing; the way back does not.
func Same(from, to *url.URL) bool {
	if !strings.EqualFold(from.Hostname(), to.Hostname()) {
		return false
	}
	fp, tp := port(from), port(to)
	if strings.EqualFold(from.Scheme, to.Scheme) {
		return fp == tp
	}
	return strings.EqualFold(from.Scheme, "http") && strings.EqualFold(to.Scheme, "https") &&
		fp == "80" && tp == "443"
}

// Of returns scheme, host and port of u in lower case, the port always
// written where the scheme has a default: a key for state kept by origin. It is
// "" for a nil u.
func Of(u *url.URL) string {
	if u == nil {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	s := strings.ToLower(u.Scheme) + "://" + host
	if p := port(u); p != "" {
		s += ":" + p
	}
	return s
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	switch {
	case strings.EqualFold(u.Scheme, "http"):
		return "80"
	case strings.EqualFold(u.Scheme, "https"):
		return "443"
	}
	return ""
}
