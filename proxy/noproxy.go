package proxy

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/seed-3bbad739/requests/internal/hostaddr"
)

// Bypass reports whether noProxy, a list as in the NO_PROXY variable, excepts
// u from being sent through a proxy. A URL without a host always is excepted;
// with an empty list no other is. Nothing else is special: localhost goes
// through the proxy unless it is listed, and names are not resolved.
//
// Entries are separated by commas, and spaces among them do not count. A list
// that is just "*" excepts everything. Otherwise an entry is
//
//   - a name, which stands for itself and all its subdomains, with a leading
//     dot or "*." or without;
//   - an IPv4 or IPv6 address, the latter with brackets or without;
//   - a network in CIDR notation, with a prefix of at least one bit;
//   - a name or address with ":port" (an IPv6 address in brackets), which
//     stands for that port only. The port of a URL without one is its
//     scheme's.
//
// Names are compared without regard to case and to a trailing dot. An IPv6
// zone is not looked at, and an IPv4 address mapped into IPv6 is the IPv4
// address. An entry that is none of these excepts nothing.
func Bypass(noProxy string, u *url.URL) bool {
	if u == nil || u.Hostname() == "" {
		return true
	}
	if noProxy == "" {
		return false
	}
	if strings.TrimSpace(noProxy) == "*" {
		return true
	}
	t := targetOf(u)
	for noProxy != "" {
		var entry string
		entry, noProxy, _ = strings.Cut(noProxy, ",")
		if entry = withoutSpaces(entry); entry != "" && t.matches(entry) {
			return true
		}
	}
	return false
}

// target is what a URL's entries are compared with.
type target struct {
	name   string
	addr   netip.Addr
	isAddr bool
	port   string // never empty for schemes with a default
}

func targetOf(u *url.URL) target {
	host := u.Hostname()
	t := target{port: strings.TrimLeft(u.Port(), "0")}
	if t.port == "" {
		switch strings.ToLower(u.Scheme) {
		case "http", "ws":
			t.port = "80"
		case "https", "wss":
			t.port = "443"
		}
	}
	if t.addr, t.isAddr = hostaddr.Addr(host); !t.isAddr {
		t.name = hostaddr.Name(host)
	}
	return t
}

func (t *target) matches(entry string) bool {
	if t.isAddr {
		return t.matchesAddr(entry)
	}
	host, port, ok := splitPort(entry)
	if !ok || port != "" && port != t.port {
		return false
	}
	host = strings.TrimLeft(strings.TrimPrefix(host, "*."), ".")
	return within(t.name, hostaddr.Name(host))
}

func (t *target) matchesAddr(entry string) bool {
	if strings.IndexByte(entry, '/') >= 0 {
		p, ok := prefix(entry)
		return ok && p.Contains(t.addr)
	}
	if a, ok := hostaddr.Addr(entry); ok {
		return a == t.addr
	}
	host, port, ok := splitPort(entry)
	if !ok || port != t.port {
		return false
	}
	a, ok := hostaddr.Addr(host)
	return ok && a == t.addr
}

// within reports whether name is domain or below it.
func within(name, domain string) bool {
	if domain == "" || !strings.HasSuffix(name, domain) {
		return false
	}
	rest := len(name) - len(domain)
	return rest == 0 || name[rest-1] == '.'
}

// splitPort takes a ":port" off entry; port is "" when there is none. It
// reports false for a port that is no number.
func splitPort(entry string) (host, port string, ok bool) {
	i := strings.LastIndexByte(entry, ':')
	if i < 0 {
		return entry, "", true
	}
	host, port = entry[:i], entry[i+1:]
	for j := 0; j < len(port); j++ {
		if port[j] < '0' || port[j] > '9' {
			return "", "", false
		}
	}
	return host, port, port != ""
}

// prefix parses a network. An empty prefix is refused, as Python's requests does:
// what excepts everything is written "*".
func prefix(entry string) (netip.Prefix, bool) {
	if entry[0] == '[' {
		entry = strings.Replace(entry[1:], "]", "", 1)
	}
	p, err := netip.ParsePrefix(entry)
	if err != nil || p.Bits() == 0 {
		return netip.Prefix{}, false
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		// The target is unmapped, so the network must be.
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p, true
}

// withoutSpaces allocates only for blanks inside an entry.
func withoutSpaces(entry string) string {
	entry = strings.TrimSpace(entry)
	if strings.IndexByte(entry, ' ') >= 0 {
		entry = strings.ReplaceAll(entry, " ", "")
	}
	return entry
}
