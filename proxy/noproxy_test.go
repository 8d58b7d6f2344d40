package proxy_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/proxy"
)

func parse(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return u
}

func TestBypass(t *testing.T) {
	tests := []struct {
		name, noProxy, url string
		want               bool
	}{
		{"R139 an empty list excepts nothing", "", "http://example.org/", false},
		{"R139 a star alone excepts everything", "*", "http://example.org/", true},
		{"R139 a star alone excepts addresses", " * ", "http://[2001:db8::1]/", true},
		{"R139 a star among others is no name", "a.example,*", "http://example.org/", false},
		{"R139 an entry matches its host", "example.org", "http://example.org/", true},
		{"R139 an entry matches subdomains", "example.org", "http://a.b.example.org/", true},
		{"R139 an entry ends at a label", "example.org", "http://notexample.org/", false},
		{"R139 an entry is no prefix", "example.org", "http://example.org.evil.test/", false},
		{"R139 a subdomain does not match its parent", "a.example.org", "http://example.org/", false},
		{"R139 a leading dot matches subdomains", ".example.org", "http://a.example.org/", true},
		{"R139 a leading dot matches the host itself", ".example.org", "http://example.org/", true},
		{"R139 several leading dots are as one", "..example.org", "http://example.org/", true},
		{"R139 case does not matter", "EXAMPLE.org", "http://www.Example.ORG/", true},
		{"R139 any entry of the list", "a.example, b.example ,c.example", "http://c.example/", true},
		{"R139 empty entries are nothing", ",, ,", "http://example.org/", false},
		{"R139 spaces are removed", "exam ple.org", "http://example.org/", true},
		{"R139 a space does not separate", "a.example example.org", "http://example.org/", false},
		{"R139 an entry with a port needs the port", "example.org:8080", "http://example.org/", false},
		{"R139 an entry with a port matches the port", "example.org:8080", "http://example.org:8080/", true},
		{"R139 an entry with a port matches it on subdomains", "example.org:8080", "http://a.example.org:8080/", true},
		{"R139 an entry with another port does not match", "example.org:8080", "http://example.org:8081/", false},
		{"R139 an entry without a port matches any", "example.org", "http://example.org:8080/", true},
		{"R139 an IPv4 address is compared literally", "192.0.2.1", "http://192.0.2.1:81/", true},
		{"R139 an IPv4 address has no subdomains", "2.1", "http://192.0.2.1/", false},
		{"R139 an IPv4 network", "192.0.2.0/24", "http://192.0.2.77/", true},
		{"R139 an IPv4 network by any of its addresses", "192.0.2.9/24", "http://192.0.2.77/", true},
		{"R139 outside an IPv4 network", "192.0.2.0/25", "http://192.0.2.200/", false},
		{"R139 the narrowest network", "192.0.2.1/32", "http://192.0.2.1/", true},
		{"R139 the widest network", "0.0.0.0/1", "http://127.0.0.1/", true},
		{"R139 a network of no bits matches nothing", "0.0.0.0/0", "http://192.0.2.1/", false},
		{"R139 an invalid network matches nothing", "192.0.2.0/33,192.0.2.0/x,/24,192.0.2.0/,192.0.2/24", "http://192.0.2.1/", false},
		{"R139 a name never matches an address", "1", "http://192.0.2.1/", false},
		{"a network of IPv4 addresses mapped into IPv6", "::ffff:192.0.2.0/120", "http://192.0.2.77/", true},
		{"outside a network of IPv4 addresses mapped into IPv6", "::ffff:192.0.2.0/120", "http://192.0.3.77/", false},
		{"the network of all IPv4 addresses mapped into IPv6", "::ffff:0.0.0.0/96", "http://192.0.2.77/", true},
		{"an IPv6 network that reaches beyond the mapped addresses", "::ffff:0.0.0.0/64", "http://[::1]/", true},
		{"outside a narrow IPv6 network", "2001:db8::/112", "http://[2001:db8:0:1::1]/", false},
		{"another address with the port", "192.0.2.2:80", "http://192.0.2.1/", false},
		{"a port of nines", "h.example:9090", "http://h.example:9090/", true},
		{"the port of wss", "h.example:443", "wss://h.example/", true},
		{"a dot alone matches nothing", ".", "http://h.example../", false},
		{"R139 a network never matches a name", "192.0.2.0/24", "http://host.example/", false},
		{"R140 localhost is not special", "example.org", "http://localhost/", false},
		{"R140 a loopback address is not special", "example.org", "http://127.0.0.1/", false},
		{"R140 names are not resolved", "127.0.0.1", "http://localhost/", false},
		{"R140 addresses are not named", "localhost", "http://127.0.0.1/", false},
		{"R141 a URL without a host is excepted", "example.org", "file:///etc/hosts", true},
		{"R141 a URL without a host is excepted by an empty list", "", "file:///etc/hosts", true},
		{"R141 userinfo and port do not matter", "example.org", "http://u:p@example.org:99/", true},
		{"R141 userinfo is no host", "example.org", "http://example.org:x@evil.test/", false},
		{"R142 a star before a dot is as a dot", "*.x.example", "http://a.x.example/", true},
		{"R142 a star before a dot includes the host itself", "*.x.example", "http://x.example/", true},
		{"R142 a star before a dot ends at a label", "*.x.example", "http://ax.example/", false},
		{"R142 a star in a label is no pattern", "*x.example,a.*.example", "http://a.x.example/", false},
		{"R142 a star with a port", "*.x.example:81", "http://a.x.example:81/", true},
		{"R142 an IPv6 address", "2001:db8::1", "http://[2001:db8::1]/", true},
		{"R142 an IPv6 address in brackets", "[2001:db8::1]", "http://[2001:db8::1]/", true},
		{"R142 an IPv6 address in other digits", "2001:DB8:0:0::0001", "http://[2001:db8::1]/", true},
		{"R142 another IPv6 address", "2001:db8::2", "http://[2001:db8::1]/", false},
		{"R142 an IPv6 network", "2001:db8::/32", "http://[2001:db8:1::9]/", true},
		{"R142 an IPv6 network in brackets", "[2001:db8::]/32", "http://[2001:db8:1::9]/", true},
		{"R142 outside an IPv6 network", "2001:db8::/32", "http://[2001:db9::1]/", false},
		{"R142 a port on an IPv4 entry", "192.0.2.1:8080", "http://192.0.2.1:8080/", true},
		{"R142 another port on an IPv4 entry", "192.0.2.1:8080", "http://192.0.2.1/", false},
		{"R142 a port on an IPv6 entry", "[::1]:8080", "http://[::1]:8080/", true},
		{"R142 another port on an IPv6 entry", "[::1]:8080", "http://[::1]:8081/", false},
		{"R142 the default port is implied on https", "example.org:443", "https://example.org/", true},
		{"R142 the default port is implied on http", "192.0.2.1:80", "http://192.0.2.1/", true},
		{"R142 the default port of another scheme is not", "example.org:443", "http://example.org/", false},
		{"R142 a default port that is written", "example.org:443", "https://example.org:0443/", true},
		{"R142 a port that is no number matches nothing", "example.org:x,example.org:", "http://example.org/", false},
		{"CVE-2025-22870 a zone is no domain", ".example.com", "http://[::1%25.example.com]/", false},
		{"CVE-2025-22870 a zone does not hide its address", "fe80::1", "http://[fe80::1%25eth0]/", true},
		{"CVE-2025-62718 a trailing dot of the host", "localhost", "http://localhost./", true},
		{"CVE-2025-62718 a trailing dot of the entry", "localhost.", "http://localhost/", true},
		{"CVE-2025-62718 a trailing dot of an address", "127.0.0.1", "http://127.0.0.1./", true},
		{"CVE-2025-62718 an address mapped into IPv6", "127.0.0.1", "http://[::ffff:127.0.0.1]/", true},
		{"CVE-2025-62718 a mapped entry", "[::ffff:7f00:1]", "http://127.0.0.1/", true},
		{"CVE-2025-62718 a mapped address in a network", "127.0.0.0/8", "http://[::ffff:127.1.2.3]/", true},
		{"CVE-2025-62718 a mapped network", "::ffff:127.0.0.0/104", "http://127.1.2.3/", true},
		{"an IDNA entry", "bücher.example", "http://xn--bcher-kva.example/", true},
		{"an IDNA host", "xn--bcher-kva.example", "http://bücher.example/", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, proxy.Bypass(tt.noProxy, parse(t, tt.url)))
		})
	}
	t.Run("a nil URL has no host", func(t *testing.T) {
		assert.True(t, proxy.Bypass("", nil))
	})
}

func TestBypassAllocatesNothing(t *testing.T) {
	const list = "localhost, 127.0.0.1,10.0.0.0/8,.corp.example,*.svc.cluster.local,[::1]:8080,other.example:8443"
	for _, raw := range []string{"http://api.example.com/v1", "http://10.1.2.3/", "http://[2001:db8::1]/"} {
		u := parse(t, raw)
		assert.Zero(t, testing.AllocsPerRun(100, func() { proxy.Bypass(list, u) }), raw)
	}
}

// A host's own name in a list always excepts it, whatever surrounds it, and an
// entry never excepts a host that does not end with it.
func FuzzBypass(f *testing.F) {
	for _, list := range []string{"", "*", "a.example,b", "*.x", "10.0.0.0/8", "[::1]:80", "::/1", " . ,:,/,[", "bücher.example"} {
		f.Add(list, "host.example")
		f.Add(list, "10.0.0.1")
		f.Add(list, "[::1%25z]")
	}
	f.Fuzz(func(t *testing.T, list, host string) {
		u, err := url.Parse("http://" + host + "/")
		if err != nil || u.Hostname() == "" {
			return
		}
		got := proxy.Bypass(list, u)
		if got && list != "" && !strings.ContainsAny(list, "*:/") && asciiLower(u.Hostname()) {
			joined := strings.ReplaceAll(list, " ", "")
			tail := u.Hostname()[strings.LastIndexByte(strings.TrimSuffix(u.Hostname(), "."), '.')+1:]
			assert.Contains(t, strings.ToLower(joined), strings.TrimSuffix(tail, "."))
		}
		if h := u.Hostname(); asciiLower(h) && strings.Trim(h, ".") == h {
			assert.True(t, proxy.Bypass(list+","+h, u), "%q is in the list", h)
			assert.True(t, proxy.Bypass(h+","+list, u), "%q is in the list", h)
		}
	})
}

func asciiLower(s string) bool {
	for _, c := range s {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '-') {
			return false
		}
	}
	return true
}

func BenchmarkBypass(b *testing.B) {
	u := parse(b, "https://api.example.com/v1/users")
	b.ReportAllocs()
	for b.Loop() {
		proxy.Bypass("localhost,127.0.0.1,10.0.0.0/8,.corp.example,.svc.cluster.local", u)
	}
}
