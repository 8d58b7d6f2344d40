// Package hostaddr brings the ways of writing one host to one form, so that
// what decides by host, the exceptions from a proxy and the guard of the
// dialer, cannot be got round by another spelling.
package hostaddr

import (
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// Addr returns the address that host is a literal of, and whether it is one.
// Brackets, a zone and one trailing dot do not matter, and an IPv4 address
// mapped into IPv6 is the IPv4 address. It allocates nothing unless host looks
// like an address and is none.
func Addr(host string) (netip.Addr, bool) {
	host = bare(host)
	if !likely(host) {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}, false
	}
	return a.Unmap(), true
}

// Name returns host as names are compared: in lower case, IDNA names in their
// ASCII form, without brackets, zone and one trailing dot. It allocates
// nothing for a name that is so already.
func Name(host string) string {
	host = bare(host)
	for i := 0; i < len(host) && len(host) <= maxName; i++ {
		if host[i] >= 0x80 {
			if ascii, err := idna.Lookup.ToASCII(host); err == nil {
				return ascii
			}
			break // no valid name: it can equal nothing but itself
		}
	}
	return strings.ToLower(host)
}

// maxName is more than a valid name has as it is written: in ASCII it has at most
// 253 bytes. Converting takes time by the square of the length.
const maxName = 4 * 253 // bytes

// bare removes brackets, zone and trailing dot. A zone is free text that
// names an interface of this machine: left in place, "::1%.example.com" would
// be a subdomain of example.com.
func bare(host string) string {
	if len(host) > 1 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	host, _, _ = strings.Cut(host, "%")
	return strings.TrimSuffix(host, ".")
}

// likely keeps ordinary names from netip, whose refusal costs an allocation.
func likely(host string) bool {
	colons, dots, letters := 0, 0, false
	for i := 0; i < len(host); i++ {
		switch c := host[i]; {
		case '0' <= c && c <= '9':
		case c == ':':
			colons++
		case c == '.':
			dots++
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			letters = true
		default:
			return false
		}
	}
	return colons >= 2 || dots == 3 && !letters
}

// WithoutZone returns the host of a URL, with or without a port, without the
// zone of an IPv6 address: it means nothing to another machine (RFC 6874,
// section 4).
func WithoutZone(host string) string {
	if from, to := strings.IndexByte(host, '%'), strings.LastIndexByte(host, ']'); strings.HasPrefix(host, "[") && 0 < from && from < to {
		return host[:from] + host[to:]
	}
	return host
}
