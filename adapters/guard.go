package adapters

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/seed-3bbad739/requests/internal/hostaddr"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// Guard keeps an [HTTP] from connecting to addresses that are not public:
// private, loopback, link-local, shared (CGNAT), multicast, reserved and
// unspecified ones, those that stand for an IPv4 address (mapped, NAT64,
// 6to4, Teredo), and those with a zone. It looks at the address that is about
// to be connected to, after names are looked up, so that neither another
// spelling nor DNS nor a redirect gets round it. The zero value refuses all
// these. Errors match [ErrBlockedAddress].
type Guard struct {
	// Allow are prefixes that may be connected to though they are not public.
	// An address that stands for an IPv4 address has to be allowed itself, and
	// the IPv4 address too unless that is public. Of a mapped address
	// (::ffff:0:0/96) it is enough to allow the IPv4 address.
	Allow []netip.Prefix
	// Hosts are hosts as URLs have them, "host" or "host:port", that may be
	// connected to wherever they are.
	Hosts []string
	// Ports are those that may be connected to. Nil: all.
	Ports []uint16
	// ThroughProxy lets requests through a proxy. The proxy looks names up
	// itself and connects to what it finds, so the guard sees then only
	// hosts written as addresses, and the name localhost; what else the proxy
	// can reach is the proxy's to refuse. False: a request that has a proxy is
	// refused. The proxy's own address is not looked at.
	ThroughProxy bool
}

// reserved are the prefixes that are not public, from the registries of
// special-purpose addresses of RFC 6890. For IPv6 all that lies outside of
// 2000::/3 is refused too.
var reserved = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
	"192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
)

var (
	global = netip.MustParsePrefix("2000::/3")
	nat64  = netip.MustParsePrefix("64:ff9b::/96")
	sixTo4 = netip.MustParsePrefix("2002::/16")
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

func (g *Guard) clone() *Guard {
	c := *g
	c.Allow, c.Hosts, c.Ports = slices.Clone(g.Allow), slices.Clone(g.Hosts), slices.Clone(g.Ports)
	return &c
}

// dial connects to addr by d, looking at what it comes to.
func (g *Guard) dial(ctx context.Context, d *dialer, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if g.allowsHost(host, port) {
		if d.options.Dial != nil {
			return d.options.Dial(ctx, network, addr)
		}
		return d.net.DialContext(ctx, network, addr)
	}
	if err := g.checkHost(host, port); err != nil {
		return nil, err
	}
	if d.options.Dial != nil {
		return d.dialResolved(ctx, network, addr, g.checkString)
	}
	watched := *d.net
	watched.Control = func(_, address string, _ syscall.RawConn) error { return g.checkString(address) }
	return watched.DialContext(ctx, network, addr)
}

// allowsHost reports whether host is let through by name.
func (g *Guard) allowsHost(host, port string) bool {
	name := hostaddr.Name(host)
	for _, allowed := range g.Hosts {
		h, p := allowed, ""
		if ah, ap, err := net.SplitHostPort(allowed); err == nil {
			h, p = ah, ap
		}
		if hostaddr.Name(h) == name && (p == "" || p == port) {
			return true
		}
	}
	return false
}

// checkHost refuses what can be told from the host as it is written: an
// address, or a number in one of the spellings that some resolvers take for
// an address and others for a name.
func (g *Guard) checkHost(host, port string) error {
	host, zone, _ := strings.Cut(host, "%")
	a, err := netip.ParseAddr(strings.TrimSuffix(host, "."))
	if err != nil {
		if name := hostaddr.Name(host); endsInNumber(name) {
			return &failure{sentinel.BlockedAddress, fmt.Errorf("adapters: %q is a number, not a name", host)}
		}
		return g.checkPort(port)
	}
	if zone != "" {
		a = a.WithZone(zone)
	}
	return g.check(netip.AddrPortFrom(a, portNumber(port)))
}

// endsInNumber reports whether the last label is a number, decimal or
// hexadecimal, as no name's is.
func endsInNumber(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	if rest, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(rest, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

func (g *Guard) checkString(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return &failure{sentinel.BlockedAddress, fmt.Errorf("adapters: %q is no address", address)}
	}
	return g.check(ap)
}

// check refuses an address that is not public and not allowed.
func (g *Guard) check(ap netip.AddrPort) error {
	if !g.allowsPort(ap.Port()) {
		return g.blocked(ap, "the port is not allowed")
	}
	a := ap.Addr()
	if inner, ok := embedded(a); ok {
		if !g.allows(a) && !(a.Is4In6() && g.allows(inner)) {
			return g.blocked(ap, "it stands for an IPv4 address")
		}
		a = inner
	}
	if a.Zone() != "" {
		if g.allows(a.WithZone("")) {
			return nil
		}
		return g.blocked(ap, "it has a zone")
	}
	if !public(a) && !g.allows(a) {
		return g.blocked(ap, "it is not public")
	}
	return nil
}

func (g *Guard) checkPort(port string) error {
	if !g.allowsPort(portNumber(port)) {
		return &failure{sentinel.BlockedAddress, fmt.Errorf("adapters: port %q is not allowed", port)}
	}
	return nil
}

func (g *Guard) allowsPort(p uint16) bool { return g.Ports == nil || slices.Contains(g.Ports, p) }

func (g *Guard) allows(a netip.Addr) bool {
	return slices.ContainsFunc(g.Allow, func(p netip.Prefix) bool { return p.Contains(a) })
}

func (g *Guard) blocked(ap netip.AddrPort, why string) error {
	return &failure{sentinel.BlockedAddress, fmt.Errorf("adapters: %s: %s", ap, why)}
}

// public reports whether a is an address of the Internet at large.
func public(a netip.Addr) bool {
	if a.Is6() && !global.Contains(a) {
		return false
	}
	return !slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(a) })
}

// embedded returns the IPv4 address that a stands for.
func embedded(a netip.Addr) (netip.Addr, bool) {
	if !a.Is6() {
		return netip.Addr{}, false
	}
	b := a.As16()
	switch {
	case a.Is4In6():
		return a.Unmap(), true
	case nat64.Contains(a):
		return netip.AddrFrom4([4]byte(b[12:])), true
	case sixTo4.Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}

// guardProxied looks at a request that has a proxy.
func (h *HTTP) guardProxied(req *http.Request) error {
	g := h.from().options.Guard
	if g == nil {
		return nil
	}
	if !g.ThroughProxy {
		return &failure{sentinel.BlockedAddress, errors.New("adapters: the guard lets nothing through a proxy, which would look names up itself")}
	}
	host, port := req.URL.Hostname(), targetPort(req.URL)
	if g.allowsHost(host, port) {
		return nil
	}
	if name := hostaddr.Name(host); name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return &failure{sentinel.BlockedAddress, fmt.Errorf("adapters: %q is this machine", host)}
	}
	return g.checkHost(host, port)
}

func targetPort(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// portNumber is 0 for what is no port, which no list allows.
func portNumber(port string) uint16 {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}
