package hostaddr_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed-3bbad739/requests/internal/hostaddr"
)

func TestAddr(t *testing.T) {
	tests := []struct {
		name, host, want string // want "" is none
	}{
		{"an IPv4 address", "127.0.0.1", "127.0.0.1"},
		{"a trailing dot is dropped", "127.0.0.1.", "127.0.0.1"},
		{"an IPv6 address", "::1", "::1"},
		{"brackets are dropped", "[::1]", "::1"},
		{"a zone is dropped", "fe80::1%eth0", "fe80::1"},
		{"a zone that looks like a domain is dropped", "[::1%.example.com]", "::1"},
		{"an IPv4 address mapped into IPv6", "::ffff:10.0.0.1", "10.0.0.1"},
		{"the same in hexadecimal digits", "[::FFFF:a00:1]", "10.0.0.1"},
		{"letters come first", "fe80::1", "fe80::1"},
		{"a name", "example.com", ""},
		{"a name of digits", "1.example", ""},
		{"a number is no address here", "2130706433", ""},
		{"octal digits are refused", "0177.0.0.1", ""},
		{"too few parts", "127.1", ""},
		{"a port is no part of a host", "[::1]:80", ""},
		{"empty", "", ""},
		{"a bracket alone", "[", ""},
		{"empty brackets", "[]", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, ok := hostaddr.Addr(tt.host)
			assert.Equal(t, tt.want != "", ok)
			if ok {
				assert.Equal(t, tt.want, a.String())
			}
		})
	}
}

func TestName(t *testing.T) {
	tests := []struct{ name, host, want string }{
		{"lower case stays", "example.com", "example.com"},
		{"upper case is lowered", "LocalHost", "localhost"},
		{"one trailing dot is dropped", "localhost.", "localhost"},
		{"a second dot is not", "localhost..", "localhost."},
		{"an IDNA name has its ASCII form", "Bücher.example", "xn--bcher-kva.example"},
		{"what is no IDNA name is only lowered", "\u00fc\u202e.Example", "\u00fc\u202e.example"},
		{"a zone is dropped", "::1%.example.com", "::1"},
		{"brackets are dropped", "[::1]", "::1"},
		{"a bracket at the end stays", "a.test]", "a.test]"},
		{"a bracket at the beginning stays", "[a.test", "[a.test"},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, hostaddr.Name(tt.host))
		})
	}
}

func TestOrdinaryHostsAllocateNothing(t *testing.T) {
	for _, host := range []string{"api.example.com", "localhost", "10.0.0.1", "[::1]", "host1"} {
		n := testing.AllocsPerRun(100, func() {
			hostaddr.Addr(host)
			hostaddr.Name(host)
		})
		assert.Zero(t, n, host)
	}
}

// Converting takes time by the square of the length, and a peer may choose the
// name. What is lower case already is then returned as it is.
func TestName_longerThanAnyIsNotConverted(t *testing.T) {
	long := strings.Repeat("\u4e00\u4e01", 200) + ".example"
	assert.Equal(t, long, hostaddr.Name(long))
	assert.Zero(t, testing.AllocsPerRun(10, func() { hostaddr.Name(long) }))
	label := strings.Repeat("\u4e00", 10)
	within := strings.Repeat(label+".", 9) + label
	assert.Equal(t, strings.Repeat("xn--4gqaaaaaaaaa.", 9)+"xn--4gqaaaaaaaaa", hostaddr.Name(within))
}

// A host in another spelling is the same host.
func FuzzSpelling(f *testing.F) {
	for _, s := range []string{"127.0.0.1", "::1", "fe80::1%eth0", "Example.com.", "::ffff:1.2.3.4", "bücher.example", "[", "%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		a, ok := hostaddr.Addr(host)
		if ok {
			b, again := hostaddr.Addr("[" + a.String() + "%zone]")
			assert.True(t, again)
			assert.Equal(t, a, b)
			assert.False(t, a.Is4In6())
			assert.Empty(t, a.Zone())
		}
		name := hostaddr.Name(host)
		assert.NotContains(t, name, "%")
		assert.Equal(t, strings.ToLower(name), name)
	})
}

func TestWithoutZone(t *testing.T) {
	for host, want := range map[string]string{
		"h.test": "h.test", "h.test:80": "h.test:80", "[::1]": "[::1]", "[::1]:80": "[::1]:80",
		"[fe80::1%eth0]": "[fe80::1]", "[fe80::1%25eth0]:80": "[fe80::1]:80",
		"a%b]": "a%b]", "[a]%b": "[a]%b", "": "",
	} {
		assert.Equal(t, want, hostaddr.WithoutZone(host), host)
	}
}
