package adapters_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/seed-3bbad739/requests/adapters"
)

// names is a resolver in memory: each look-up of a name takes its next
// address, and the last one stays.
type names map[string][]string

func (n names) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go n.serve(server)
		return client, nil
	}}
}

func (n names) serve(c net.Conn) {
	defer c.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		b := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, b); err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(b) != nil || len(m.Questions) != 1 {
			return
		}
		q := m.Questions[0]
		m.Header = dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}
		m.Additionals = nil
		key := strings.TrimSuffix(strings.ToLower(q.Name.String()), ".")
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		for _, s := range n[key] {
			a := netip.MustParseAddr(s)
			switch {
			case a.Is4() && q.Type == dnsmessage.TypeA:
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: a.As4()}})
			case a.Is6() && q.Type == dnsmessage.TypeAAAA:
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
			}
		}
		if _, known := n[key]; !known {
			m.RCode = dnsmessage.RCodeNameError
		}
		out, err := m.Pack()
		if err != nil {
			return
		}
		c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(out))), out...))
	}
}

// refused are hosts that the zero Guard lets nothing through to.
var refused = []string{
	// Loopback, in every spelling.
	"127.0.0.1", "127.0.0.2", "127.255.255.254", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0X7F.0.0.1",
	"0177.0.0.1", "017700000001", "127.0.0.1.", "0x7f.0x0.0x0.0x1", "00000177.0.0.1", "127.0.0.01", "4294967297", "1.2.3.0x7f",
	"localhost", "localhost.", "LOCALHOST", "loopback.test", "①②⑦.⓪.⓪.①", "127。0。0。1",
	"[::1]", "[0:0:0:0:0:0:0:1]", "[::0001]",
	// Mapped and translated.
	"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:10.0.0.1]", "[::ffff:8.8.8.8]", "[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "[::7f00:1]",
	"[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::8.8.8.8]", "[64:ff9b:1::10.0.0.1]", "[2002:7f00:1::]", "[2002:a00:1::1]",
	"[2002:808:808::1]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "mapped.test", "nat64.test",
	// Private, shared, link-local, multicast, reserved, unspecified.
	"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "100.127.255.255",
	"169.254.169.254", "169.254.0.1", "0.0.0.0", "0.1.2.3", "0", "[::]", "224.0.0.1", "239.255.255.255", "240.0.0.1",
	"255.255.255.255", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1",
	"[fe80::1]", "[fe80::1%25lo]", "[::1%25lo]", "[2606:4700::1%25lo]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[fec0::1]",
	"[2001:db8::1]", "[100::1]", "[5f00::1]", "[3fff::1]",
	"private.test", "metadata.test", "both.test", "linklocal.test",
}

var addresses = names{
	"localhost":      {"127.0.0.1"},
	"loopback.test":  {"127.0.0.1"},
	"mapped.test":    {"::ffff:127.0.0.1"},
	"nat64.test":     {"64:ff9b::7f00:1"},
	"private.test":   {"10.1.2.3"},
	"metadata.test":  {"169.254.169.254"},
	"linklocal.test": {"fe80::1"},
	"both.test":      {"10.1.2.3", "fd00::1"},
	"public.test":    {"8.8.8.8"},
	"mixed.test":     {"10.1.2.3", "8.8.4.4"},
}

func TestGuard_refuses(t *testing.T) {
	require.Greater(t, len(refused), 60)
	// As the system dials, and by a dialer of the caller's.
	reached := func(context.Context, string, string) (net.Conn, error) {
		t.Error("connected")
		return nil, io.EOF
	}
	for name, o := range map[string]adapters.Options{
		"the system's dialer": {Guard: &adapters.Guard{}, Resolver: addresses.resolver()},
		"a dialer":            {Guard: &adapters.Guard{}, Resolver: addresses.resolver(), Dial: reached},
	} {
		t.Run(name, func(t *testing.T) {
			h := adapters.New(o)
			for _, host := range refused {
				req := with(t, adapters.Settings{}, "GET", "http://placeholder.test/latest/meta-data", nil)
				req.URL.Host = strings.Replace(host, "%25", "%", 1)
				_, err := h.RoundTrip(req)
				require.ErrorIs(t, err, adapters.ErrBlockedAddress, host)
			}
		})
	}
}

func TestGuard_lets(t *testing.T) {
	for _, c := range []struct {
		name  string
		guard adapters.Guard
		host  string
		want  string // what is dialled; "": refused
	}{
		{"a public address", adapters.Guard{}, "8.8.8.8:80", "8.8.8.8:80"},
		{"a public IPv6 address", adapters.Guard{}, "[2606:4700::1]:80", "[2606:4700::1]:80"},
		{"a name of a public address", adapters.Guard{}, "public.test:80", "8.8.8.8:80"},
		{"the public one of two addresses", adapters.Guard{}, "mixed.test:80", "8.8.4.4:80"},
		{"a prefix", adapters.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, "private.test:80", "10.1.2.3:80"},
		{"no other prefix", adapters.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}}, "private.test:80", ""},
		{"a mapped address by its IPv4 prefix", adapters.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, "[::ffff:127.0.0.1]:80", "127.0.0.1:80"},
		{"a mapped address that is not public, not by a mapped prefix alone", adapters.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("::ffff:0:0/96")}}, "[::ffff:127.0.0.1]:80", ""},
		{"a mapped address that is public, by a mapped prefix", adapters.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("::ffff:0:0/96")}}, "[::ffff:8.8.8.8]:80", "8.8.8.8:80"},
		{"NAT64 when it is allowed", adapters.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("64:ff9b::/96")}}, "[64:ff9b::808:808]:80", "[64:ff9b::808:808]:80"},
		{"NAT64 but not what it stands for", adapters.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("64:ff9b::/96")}}, "[64:ff9b::10.0.0.1]:80", ""},
		{"NAT64 and what it stands for", adapters.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("10.0.0.0/8")}}, "[64:ff9b::10.0.0.1]:80", "[64:ff9b::a00:1]:80"},
		{"not NAT64 by what it stands for", adapters.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, "[64:ff9b::10.0.0.1]:80", ""},
		{"a host", adapters.Guard{Hosts: []string{"Private.test"}}, "private.TEST:80", "private.TEST:80"},
		{"a host on a port", adapters.Guard{Hosts: []string{"private.test:8080"}}, "private.test:8080", "private.test:8080"},
		{"a host, not on another port", adapters.Guard{Hosts: []string{"private.test:8080"}}, "private.test:80", ""},
		{"an IPv6 host on a port", adapters.Guard{Hosts: []string{"[::1]:8080"}}, "[::1]:8080", "[::1]:8080"},
		{"not a sub-domain of a host", adapters.Guard{Hosts: []string{"test"}}, "private.test:80", ""},
		{"a port", adapters.Guard{Ports: []uint16{80, 443}}, "public.test:443", "8.8.8.8:443"},
		{"no other port", adapters.Guard{Ports: []uint16{80, 443}}, "public.test:22", ""},
		{"no other port of an address", adapters.Guard{Ports: []uint16{80, 443}}, "8.8.8.8:22", ""},
		{"a port beyond all ports is none of them", adapters.Guard{Ports: []uint16{80}}, "public.test:65616", ""},
		{"nor can it be had without a list", adapters.Guard{}, "public.test:65616", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var dialled string
			h := adapters.New(adapters.Options{
				Guard: &c.guard, Resolver: addresses.resolver(),
				Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
					dialled = addr
					return nil, io.EOF
				},
			})
			_, err := h.RoundTrip(with(t, adapters.Settings{}, "GET", "http://"+c.host+"/", nil))
			require.Error(t, err)
			require.Equal(t, c.want, dialled)
			if c.want == "" {
				require.ErrorIs(t, err, adapters.ErrBlockedAddress)
			} else {
				require.NotErrorIs(t, err, adapters.ErrBlockedAddress)
			}
		})
	}
}

// What is looked at is what is connected to: a name that is looked up anew
// does not get between.
func TestGuard_rebinding(t *testing.T) {
	n := names{"rebind.test": {"8.8.8.8"}}
	var dialled []string
	h := adapters.New(adapters.Options{
		Guard: &adapters.Guard{}, Resolver: n.resolver(),
		Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
			dialled = append(dialled, addr)
			n["rebind.test"] = []string{"127.0.0.1"}
			return nil, io.EOF
		},
	})
	for range 3 {
		h.RoundTrip(with(t, adapters.Settings{}, "GET", "http://rebind.test/", nil))
	}
	require.Equal(t, []string{"8.8.8.8:80"}, dialled)
}

func TestGuard_reachesTheServer(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(origin))
	defer s.Close()
	ap := netip.MustParseAddrPort(s.Listener.Addr().String())
	h := adapters.New(adapters.Options{Guard: &adapters.Guard{Allow: []netip.Prefix{netip.PrefixFrom(ap.Addr(), 32)}, Ports: []uint16{ap.Port()}}})
	defer h.Close()
	_, got := fetch(t, h, with(t, adapters.Settings{}, "GET", "http://localhost:"+strconv.Itoa(int(ap.Port()))+"/x", nil))
	require.Equal(t, "GET /x ", got)
}

func TestGuard_proxies(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(origin))
	defer s.Close()
	p, socks := newHTTPProxy(t, nil), newSOCKSProxy(t)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	here := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct {
		name  string
		guard adapters.Guard
		proxy string
		host  string
		want  bool
	}{
		{"a proxy is refused unless the guard is told", adapters.Guard{Allow: here}, p.URL, "127.0.0.1:" + port, false},
		{"a literal is looked at", adapters.Guard{ThroughProxy: true}, p.URL, "127.0.0.1:" + port, false},
		{"a literal that is allowed", adapters.Guard{ThroughProxy: true, Allow: here}, p.URL, "127.0.0.1:" + port, true},
		{"a number is looked at", adapters.Guard{ThroughProxy: true}, p.URL, "2130706433:" + port, false},
		{"localhost is refused", adapters.Guard{ThroughProxy: true}, p.URL, "localhost.:" + port, false},
		{"and its sub-domains", adapters.Guard{ThroughProxy: true}, p.URL, "a.localhost:" + port, false},
		{"a host that is allowed", adapters.Guard{ThroughProxy: true, Hosts: []string{"localhost"}}, p.URL, "localhost:" + port, true},
		{"a port is looked at", adapters.Guard{ThroughProxy: true, Ports: []uint16{1}}, p.URL, "any.test:" + port, false},
		{"a name goes to a SOCKS proxy that looks it up", adapters.Guard{ThroughProxy: true}, socks.url("socks5h", "").String(), "any.test:" + port, true},
		{"a name is looked up here and refused", adapters.Guard{ThroughProxy: true}, socks.url("socks5", "").String(), "private.test:" + port, false},
		{"a name is looked up here for SOCKS 4", adapters.Guard{ThroughProxy: true}, socks.url("socks4", "").String(), "private.test:" + port, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := adapters.New(adapters.Options{Guard: &c.guard, Resolver: addresses.resolver()})
			defer h.Close()
			resp, err := h.RoundTrip(with(t, adapters.Settings{Proxy: parsed(t, c.proxy)}, "GET", "http://"+c.host+"/", nil))
			if !c.want {
				require.ErrorIs(t, err, adapters.ErrBlockedAddress)
				return
			}
			require.NoError(t, err)
			require.Equal(t, 200, resp.StatusCode)
			resp.Body.Close()
		})
	}
}

// An address with a zone is allowed by a prefix, which has none.
func TestGuard_zones(t *testing.T) {
	for _, tt := range []struct {
		name  string
		allow string
		host  string
		want  bool
	}{
		{"no prefix", "fd00::/8", "[fe80::1%25eth0]", false},
		{"its prefix", "fe80::/10", "[fe80::1%25eth0]", true},
		{"the prefix of a public address, which a zone makes local", "2606:4700::/32", "[2606:4700::1%25eth0]", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var dialled []string
			h := adapters.New(adapters.Options{
				Guard: &adapters.Guard{ThroughProxy: true, Allow: []netip.Prefix{netip.MustParsePrefix(tt.allow)}},
				Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
					dialled = append(dialled, addr)
					return nil, io.EOF
				},
			})
			_, err := h.RoundTrip(with(t, adapters.Settings{Proxy: parsed(t, "http://p.test")}, "GET", "http://"+tt.host+"/", nil))
			if !tt.want {
				require.ErrorIs(t, err, adapters.ErrBlockedAddress)
				require.Empty(t, dialled)
				return
			}
			require.NotErrorIs(t, err, adapters.ErrBlockedAddress)
			require.Equal(t, []string{"p.test:80"}, dialled)
		})
	}
}
