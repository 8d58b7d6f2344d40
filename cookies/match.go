package cookies

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

var publicSuffixes = publicsuffix.List

// maxHost is the longest name of the domain name system. A longer one is no
// host, and would be kept in memory.
const maxHost = 253

func secureScheme(scheme string) bool { return scheme == "https" || scheme == "wss" }

// requestPath returns the path of u as it goes out (RFC 6265bis compares
// paths as they are written, not decoded).
func requestPath(u *url.URL) string {
	if path := u.EscapedPath(); strings.HasPrefix(path, "/") {
		return path
	}
	return "/"
}

// defaultPath is the directory of a request's path (RFC 6265bis, section 5.1.4).
func defaultPath(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

// pathMatch reports whether a cookie of the path cookie goes to the path
// request (RFC 6265bis, section 5.1.4).
func pathMatch(request, cookie string) bool {
	if !strings.HasPrefix(request, cookie) {
		return false
	}
	return len(request) == len(cookie) || strings.HasSuffix(cookie, "/") || request[len(cookie)] == '/'
}

// domainMatch reports whether host is domain or below it, label by label. It
// is for names only: an address has nothing below it.
func domainMatch(host, domain string) bool {
	return host == domain || below(host, domain)
}

func below(host, domain string) bool {
	n := len(host) - len(domain)
	return n > 1 && domain != "" && host[n-1] == '.' && host[n:] == domain
}

// place is where a URL leads, as far as cookies care.
type place struct {
	host    string // canonical
	key     string // of its site: the registrable domain, the end of host
	address bool
}

// place finds the place of a URL's authority.
func (j *Jar) place(authority string) (p place, ok bool) {
	if len(authority) > 4*maxHost {
		return p, false
	}
	if p.host, ok = hostOf(authority); !ok {
		return p, false
	}
	p.address = isAddress(p.host)
	p.key = j.registrable(p.host, p.address)
	return p, true
}

// hostOf returns the host within the authority of a URL, canonical.
func hostOf(authority string) (string, bool) {
	if rest, ok := strings.CutPrefix(authority, "["); ok {
		host, port, ok := strings.Cut(rest, "]")
		if !ok || port != "" && port[0] != ':' {
			return "", false
		}
		return canonicalHost(host)
	}
	host, _, _ := strings.Cut(authority, ":")
	return canonicalHost(host)
}

// canonicalHost returns host in the one form the jar knows: lower case, in
// ASCII, without the root's dot. It reports whether host can be one at all.
func canonicalHost(host string) (string, bool) {
	host = strings.TrimSuffix(host, ".")
	if strings.Contains(host, ":") {
		addr, err := netip.ParseAddr(host)
		if err != nil || hasControl(addr.Zone()) {
			return "", false
		}
		return addr.String(), true
	}
	ascii := true
	upper := false
	for i := range len(host) {
		c := host[i]
		ascii = ascii && c < utf8.RuneSelf
		upper = upper || 'A' <= c && c <= 'Z'
	}
	if !ascii {
		encoded, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return "", false
		}
		host = strings.TrimSuffix(encoded, ".") // an ideographic full stop is a dot too
	} else if upper {
		host = strings.ToLower(host)
	}
	return host, validHost(host)
}

// validHost reports whether a lower-case ASCII host has sound labels.
func validHost(host string) bool {
	if host == "" || len(host) > maxHost {
		return false
	}
	last := byte('.')
	for i := range len(host) {
		c := host[i]
		switch {
		case 'a' <= c && c <= 'z', digit(c), c == '-', c == '_':
		case c == '.':
			if last == '.' {
				return false
			}
		case c <= ' ', c >= 0x7f, strings.IndexByte("\"#%,/:;<>?@[\\]^`{|}", c) >= 0:
			return false
		}
		last = c
	}
	return last != '.'
}

// isAddress reports whether a canonical host is an IP address, or so like one
// that a resolver may take it for one: its last label is a number.
func isAddress(host string) bool {
	if strings.IndexByte(host, ':') >= 0 {
		return true
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	for i := range len(last) {
		if !digit(last[i]) {
			return false
		}
	}
	return last != ""
}

// publicSuffix reports whether nobody owns domain alone.
func (j *Jar) publicSuffix(domain string) bool {
	ps := j.psl.PublicSuffix(domain)
	return ps != "" && !below(domain, ps)
}

// registrable returns the registrable domain of host, under which its cookies are
// kept: one label more than its public suffix. A host without one stands for
// itself.
func (j *Jar) registrable(host string, address bool) string {
	if address {
		return host
	}
	ps := j.psl.PublicSuffix(host)
	if ps == "" {
		// There are no public suffixes: all that share the last label may
		// share cookies.
		return host[strings.LastIndexByte(host, '.')+1:]
	}
	// Only the length is used, so a broken list cannot move a host elsewhere.
	n := len(host) - len(ps)
	if n <= 1 || host[n-1] != '.' {
		return host
	}
	return host[strings.LastIndexByte(host[:n-1], '.')+1:]
}

// scope decides which hosts get a cookie that host sets with a Domain
// attribute (RFC 6265bis, section 5.7, steps 7 to 10).
func (j *Jar) scope(v *place, attribute string) (domain string, hostOnly, ok bool) {
	if attribute == "" {
		return v.host, true, true
	}
	if len(attribute) > len(v.host) {
		return "", false, false
	}
	// What matches is a tail of the host, so nothing of the line is kept.
	n := len(v.host) - len(attribute)
	domain = v.host[n:]
	if !equalFold(attribute, domain) || n > 0 && (v.host[n-1] != '.' || v.address) {
		return "", false, false
	}
	if n == 0 && (v.address || j.publicSuffix(domain)) {
		return v.host, true, true
	}
	if n > 0 && j.publicSuffix(domain) {
		return "", false, false
	}
	// A host below a suffix that is itself below domain does not speak for it.
	return domain, false, j.registrable(domain, false) == v.key
}

// prefixed says why a cookie breaks the promise of its name's prefix (RFC
// 6265bis, section 4.1.3), "" if it does not.
func prefixed(name, value string, secure, hostOnly bool, path string, pathGiven bool) string {
	switch {
	case name == "" && (hasPrefixFold(value, "__secure-") || hasPrefixFold(value, "__host-")):
		// It would go out looking like the name of such a cookie.
		return "nameless cookie with a prefix"
	case hasPrefixFold(name, "__secure-") && !secure:
		return "__Secure- without Secure"
	case hasPrefixFold(name, "__host-") && (!secure || !hostOnly || !pathGiven || path != "/"):
		return "__Host- without Secure, a host of its own and the path /"
	}
	return ""
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && equalFold(s[:len(prefix)], prefix)
}
