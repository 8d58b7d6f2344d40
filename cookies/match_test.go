package cookies_test

import (
	"strings"
	"testing"

	"github.com/seed-3bbad739/requests/cookies"
	"github.com/stretchr/testify/assert"
)

// sendTest is where a cookie comes from and where it is to go.
type sendTest struct {
	name, from, line, to string
	want                 string
}

func runSend(t *testing.T, o *cookies.Options, tests []sendTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := cookies.New(o)
			store(t, j, tt.from, tt.line)
			assert.Equal(t, tt.want, j.Header(mustURL(t, tt.to)))
		})
	}
}

func TestJar_domains(t *testing.T) {
	const from = "http://home.example.org:8888/"
	runSend(t, nil, []sendTest{
		{"R108 without Domain for the host", from, "id=x", "http://home.example.org/", "id=x"},
		{"R108 without Domain not for hosts below", from, "id=x", "http://sub.home.example.org/", ""},
		{"R108 without Domain not for the parent", from, "id=x", "http://example.org/", ""},
		{"R107 ports make no difference", from, "id=x", "http://home.example.org:9999/", "id=x"},
		{"Domain of the host for the host", from, "id=x; domain=home.example.org", "http://home.example.org/", "id=x"},
		{"Domain of the host for hosts below", from, "id=x; domain=home.example.org", "http://sub.home.example.org/", "id=x"},
		{"Domain of the host not for siblings", from, "id=x; domain=home.example.org", "http://sibling.example.org/", ""},
		{"a leading dot makes no difference for the host", from, "id=x; domain=.home.example.org", "http://home.example.org/", "id=x"},
		{"a leading dot makes no difference for hosts below", from, "id=x; domain=.home.example.org", "http://sub.home.example.org/", "id=x"},
		{"a leading dot makes no difference for siblings", from, "id=x; domain=.home.example.org", "http://sibling.example.org/", ""},
		{"R105 Domain of the parent for the host", from, "id=x; domain=example.org", "http://home.example.org/", "id=x"},
		{"R105 Domain of the parent for siblings", from, "id=x; domain=.example.org", "http://sibling.example.org/", "id=x"},
		{"R105 Domain of the parent for the parent", from, "id=x; domain=example.org", "http://example.org/", "id=x"},
		{"R105 a parent from any depth", "http://a.b.c.example.org/", "id=x; domain=example.org", "http://z.example.org/", "id=x"},
		{"Domain of a sibling is refused", from, "id=x; domain=sibling.example.org", "http://sibling.example.org/", ""},
		{"Domain of a sibling with a dot is refused", from, "id=x; domain=.sibling.example.org", "http://sibling.example.org/", ""},
		{"Domain of a host below is refused", from, "id=x; domain=sub.home.example.org", "http://sub.home.example.org/", ""},
		{"Domain of a host below is refused for the host too", from, "id=x; domain=sub.home.example.org", from, ""},
		{"Domain of another site is refused", from, "id=x; domain=example.com", from, ""},
		{"half a label is no parent", "http://notexample.org/", "id=x; domain=example.org", "http://example.org/", ""},
		{"half a label is no child", "http://example.org/", "id=x; domain=example.org", "http://notexample.org/", ""},
		{"two leading dots are refused", from, "id=x; domain=..home.example.org", from, ""},
		{"two dots within are refused", from, "id=x; domain=home..example.org", from, ""},
		{"a dot at the end is refused", from, "id=x; domain=home.example.org.", from, ""},
		{"two dots at the end are refused", from, "id=x; domain=home.example.org..", from, ""},
		{"a space and a dot at the end are refused", from, "id=x; domain=home.example.org .", from, ""},
		{"a dot and spaces are refused", from, "id=x; domain=  .  home.example.org", from, ""},
		{"space before Domain goes", from, "id=x; domain=  .home.example.org", from, "id=x"},
		{"space behind Domain goes", from, "id=x; domain=home.example.org  ;", from, "id=x"},
		{"a dot alone is no Domain", from, "id=x; domain=.", from, "id=x"},
		{"a quoted Domain is refused", from, `id=x; domain="home.example.org"`, from, ""},
		{"Domain with a port is refused", from, "id=x; domain=home.example.org:8888", from, ""},
		{"Domain with a scheme is refused", from, "id=x; domain=http://home.example.org", from, ""},
		{"half a label below the site is no child", "http://a.example.org/", "id=x; domain=a.example.org", "http://mya.example.org/", ""},
		{"Domain in capitals", from, "id=x; domain=home.eXaMpLe.ORG", from, "id=x"},
		{"a URL in capitals receives", from, "id=x; domain=home.example.org", "http://hoMe.eXaMplE.org/", "id=x"},
		{"a URL in capitals sets", "http://HOME.Example.ORG/", "id=x", from, "id=x"},
		{"an empty Domain is the host", from, "id=x; domain=", from, "id=x"},
		{"an empty Domain is the host alone", from, "id=x; domain=", "http://sub.home.example.org/", ""},
		{"Domain without = is the host", from, "id=x; domain", from, "id=x"},
		{"the last Domain counts: the host's", from, "id=x; domain=.example.org; domain=home.example.org", "http://sibling.example.org/", ""},
		{"the last Domain counts: the parent's", from, "id=x; domain=home.example.org; domain=.example.org", "http://sibling.example.org/", "id=x"},
		{"the last Domain counts: a foreign one", from, "id=x; domain=home.example.org; domain=home.example.com", from, ""},
		{"the last Domain counts: after a foreign one", from, "id=x; domain=home.example.com; domain=home.example.org", from, "id=x"},
		{"the last Domain counts of three", from, "id=x; domain=home.example.org; domain=home.example.com; domain=home.example.org", from, "id=x"},
		{"D62 the last Domain counts, even an empty one", from, "id=x; domain=example.org; domain=", "http://sibling.example.org/", ""},
		{"D62 an empty Domain after one that would be refused", from, "id=x; domain=foo.example.org; domain=", from, "id=x"},
		{"Domain beyond ASCII is refused", "http://xn--bcher-kva.example/", "id=x; domain=bücher.example", "http://xn--bcher-kva.example/", ""},
		{"Domain of a Kelvin sign is refused", "http://k.example.org/", "id=x; domain=\u212a.example.org", "http://k.example.org/", ""},
		{"a host beyond ASCII is that in ASCII", "http://bücher.example/", "id=x", "http://xn--bcher-kva.example/", "id=x"},
		{"a host beyond ASCII in capitals", "http://BÜCHER.example/", "id=x; domain=xn--bcher-kva.example", "http://www.bücher.example/", "id=x"},
		{"an ideographic full stop is a dot", "http://www。example。org/", "id=x", "http://www.example.org/", "id=x"},
		{"a host that ends with a dot is the same", "http://home.example.org./", "id=x", from, "id=x"},
		{"a host that ends with a dot receives", from, "id=x", "http://home.example.org.:80/", "id=x"},
		{"a host that ends with two dots is none", "http://home.example.org../", "id=x", "http://home.example.org../", ""},
		{"a host that begins with a dot is none", "http://.example.org/", "id=x", "http://.example.org/", ""},
		{"a host with an empty label is none", "http://a..example.org/", "id=x", "http://a..example.org/", ""},
		{"an underscore is a part of a host", "http://my_app.example.org/", "id=x", "http://my_app.example.org/", "id=x"},
		{"a URL without a host is none", "file:///etc/passwd", "id=x", "file:///etc/passwd", ""},
		{"a host of 253 bytes", "http://" + strings.Repeat("a.", 126) + "a/", "id=x", "http://" + strings.Repeat("a.", 126) + "a/", "id=x"},
		{"a longer host is none", "http://" + strings.Repeat("a.", 127) + "a/", "id=x", "http://" + strings.Repeat("a.", 127) + "a/", ""},
	})
}

func TestJar_public_suffixes(t *testing.T) {
	runSend(t, nil, []sendTest{
		{"no cookie for all of com", "http://example.com/", "id=x; domain=com", "http://other.com/", ""},
		{"no cookie for all of com, with a dot", "http://example.com/", "id=x; domain=.com", "http://example.com/", ""},
		{"no cookie for all of com, with a dot at the end", "http://example.com./", "id=x; domain=com.", "http://example.com/", ""},
		{"no cookie for all of com, in capitals", "http://example.com/", "id=x; domain=.COM", "http://example.com/", ""},
		{"no cookie for all of co.uk", "http://shop.co.uk/", "id=x; domain=co.uk", "http://other.co.uk/", ""},
		{"no cookie for all of Co.Uk", "http://shop.co.uk/", "id=x; domain=.Co.Uk", "http://shop.co.uk/", ""},
		{"a cookie for a site below co.uk", "http://www.shop.co.uk/", "id=x; domain=shop.co.uk", "http://shop.co.uk/", "id=x"},
		{"no cookie for all of github.io, a private suffix", "http://me.github.io/", "id=x; domain=github.io", "http://you.github.io/", ""},
		{"a suffix may set a cookie for itself", "http://github.io/", "id=x; domain=github.io", "http://github.io/", "id=x"},
		{"a suffix's own cookie stays with it", "http://github.io/", "id=x; domain=github.io", "http://me.github.io/", ""},
		{"no cookie for an unlisted top level", "http://a.invalidtld/", "id=x; domain=invalidtld", "http://b.invalidtld/", ""},
		{"a cookie below an unlisted top level", "http://x.a.invalidtld/", "id=x; domain=a.invalidtld", "http://y.a.invalidtld/", "id=x"},
		{"a wildcard suffix", "http://shop.foo.ck/", "id=x; domain=foo.ck", "http://other.foo.ck/", ""},
		{"an exception to a wildcard", "http://www.ck/", "id=x; domain=www.ck", "http://a.www.ck/", "id=x"},
		{"an internationalised suffix", "http://食狮.公司.cn/", "id=x; domain=xn--55qx5d.cn", "http://xn--85x722f.xn--55qx5d.cn/", ""},
		{"a host below a suffix does not speak for the domain above", "http://b.s3.amazonaws.com/", "id=x; domain=amazonaws.com", "http://b.s3.amazonaws.com/", ""},
		{"a single label is a host", "http://localhost:8080/", "id=x", "http://localhost/", "id=x"},
		{"a single label may name itself", "http://localhost/", "id=x; domain=localhost", "http://localhost/", "id=x"},
		{"a single label names itself alone", "http://localhost/", "id=x; domain=localhost", "http://a.localhost/", ""},
		{"R108 a single label gets no .local", "http://printer/", "id=x", "http://printer.local/", ""},
	})
	runSend(t, &cookies.Options{PublicSuffixList: noList{}}, []sendTest{
		{"a list of nothing allows everything", "http://example.com/", "id=x; domain=com", "http://other.com/", "id=x"},
	})
	runSend(t, &cookies.Options{PublicSuffixList: brokenList{}}, []sendTest{
		{"a broken list leaves cookies with their host", "http://a.example.com/", "id=x", "http://a.example.com/", "id=x"},
		{"a broken list allows nothing above the host", "http://a.example.com/", "id=x; domain=example.com", "http://a.example.com/", ""},
	})
	runSend(t, &cookies.Options{PublicSuffixList: exactList{}}, []sendTest{
		{"a list that knows a suffix only when it is asked for it", "http://a.shop.test/", "id=x; domain=shop.test", "http://b.shop.test/", ""},
	})
}

type noList struct{}

func (noList) PublicSuffix(string) string { return "" }
func (noList) String() string             { return "no suffixes" }

type exactList struct{}

func (exactList) PublicSuffix(domain string) string {
	if domain == "shop.test" {
		return domain
	}
	return domain[strings.LastIndexByte(domain, '.')+1:]
}
func (exactList) String() string { return "exact" }

type brokenList struct{}

func (brokenList) PublicSuffix(string) string { return "not a suffix of it" }
func (brokenList) String() string             { return "broken" }

func TestJar_addresses(t *testing.T) {
	runSend(t, nil, []sendTest{
		{"an IPv4 address is a host", "http://127.0.0.1:81/", "id=x", "http://127.0.0.1/", "id=x"},
		{"an IPv4 address may name itself", "http://127.0.0.1/", "id=x; domain=127.0.0.1", "http://127.0.0.1/", "id=x"},
		{"R108 the end of an address is no domain", "http://127.0.0.1/", "id=x; domain=0.0.1", "http://127.0.0.1/", ""},
		{"R108 the end of an address is no domain, with a dot", "http://127.0.0.1/", "id=x; domain=.0.0.1", "http://126.0.0.1/", ""},
		{"an address ends with a dot", "http://127.0.0.1./", "id=x", "http://127.0.0.1/", "id=x"},
		{"a name that ends like an address is no domain", "http://a.1.2.3.4/", "id=x; domain=2.3.4", "http://9.2.3.4/", ""},
		{"a hexadecimal end is like an address", "http://a.b.0x7f/", "id=x; domain=b.0x7f", "http://c.b.0x7f/", ""},
		{"an IPv6 address is a host", "http://[::1]:81/", "id=x", "http://[::1]/", "id=x"},
		{"an IPv6 address has one form", "http://[0:0::0:1]/", "id=x", "http://[::1]/", "id=x"},
		{"an IPv6 address in capitals", "http://[FE80::A]/", "id=x", "http://[fe80::a]/", "id=x"},
		{"an IPv6 address may name itself", "http://[::1]/", "id=x; domain=::1", "http://[::1]/", "id=x"},
		{"the end of an IPv6 address is no domain", "http://[::1]/", "id=x; domain=:1", "http://[::1]/", ""},
		{"a zone is a part of an address", "http://[fe80::1%25a]/", "id=x", "http://[fe80::1%25b]/", ""},
		{"a zone is no domain", "http://[fe80::1%25www.example.org]/", "id=x; domain=example.org", "http://example.org/", ""},
	})
}

func TestJar_paths(t *testing.T) {
	const set = "http://h.example.org/set"
	runSend(t, nil, []sendTest{
		{"R107 a path for itself", set, "id=x; path=/foo/bar", "http://h.example.org/foo/bar?q", "id=x"},
		{"R107 a path for what is below", set, "id=x; path=/foo", "http://h.example.org/foo/bar", "id=x"},
		{"R107 a path not for what is beside", set, "id=x; path=/foo", "http://h.example.org/bar", ""},
		{"R107 a path not for what is above", set, "id=x; path=/foo/bar", "http://h.example.org/foo", ""},
		{"a path not for a cousin", set, "id=x; path=/foo/qux", "http://h.example.org/bar/qux", ""},
		{"R107 half a segment is none", set, "id=x; path=/foo", "http://h.example.org/foobar", ""},
		{"a slash at the end for what is below", set, "id=x; path=/foo/", "http://h.example.org/foo/bar", "id=x"},
		{"a slash at the end for itself", set, "id=x; path=/foo/", "http://h.example.org/foo/", "id=x"},
		{"a slash at the end not for without", set, "id=x; path=/foo/", "http://h.example.org/foo", ""},
		{"a slash at the end not for half a segment", set, "id=x; path=/foo/", "http://h.example.org/foobar", ""},
		{"without a slash for one with", set, "id=x; path=/foo", "http://h.example.org/foo/", "id=x"},
		{"two slashes are below one", set, "id=x; path=/foo/", "http://h.example.org/foo//bar", "id=x"},
		{"a slash more is not the same", set, "id=x; path=/foo//", "http://h.example.org/foo/bar", ""},
		{"dots are not resolved", set, "id=x; path=/foo/../bar", "http://h.example.org/bar", ""},
		{"case counts", set, "id=x; path=/Foo", "http://h.example.org/foo", ""},
		{"the root for all", set, "id=x; path=/", "http://h.example.org/a/b/c", "id=x"},
		{"the root for a URL without a path", set, "id=x; path=/", "http://h.example.org", "id=x"},
		{"the root for a query without a path", set, "id=x; path=/", "http://h.example.org?q=/a", "id=x"},
		{"R106 the default is the directory", "http://h.example.org/a/b", "id=x", "http://h.example.org/a/c", "id=x"},
		{"R106 the default is not above", "http://h.example.org/a/b", "id=x", "http://h.example.org/", ""},
		{"R106 the default of a directory is itself", "http://h.example.org/a/b/", "id=x", "http://h.example.org/a/b", "id=x"},
		{"R106 the default of a file at the root is the root", "http://h.example.org/a", "id=x", "http://h.example.org/z", "id=x"},
		{"R106 the default of no path is the root", "http://h.example.org", "id=x", "http://h.example.org/z", "id=x"},
		{"the default keeps escapes", "http://h.example.org/a%2Fb/c", "id=x", "http://h.example.org/a/b/c", ""},
		{"the default keeps escapes for the same", "http://h.example.org/a%2Fb/c", "id=x", "http://h.example.org/a%2Fb/d", "id=x"},
		{"R105 a path elsewhere is taken", "http://h.example.org/a/b", "id=x; path=/z", "http://h.example.org/z", "id=x"},
		{"escapes are compared as written", set, "id=x; path=/f%6Fo", "http://h.example.org/foo", ""},
		{"escapes match the same escapes", set, "id=x; path=/f%6Fo", "http://h.example.org/f%6Fo/bar", "id=x"},
		{"a space is escaped in a request", set, "id=x; path=/a%20b", "http://h.example.org/a b", "id=x"},
		{"a semicolon cannot be in a Path", set, "id=x; path=/a;b", "http://h.example.org/a/c", "id=x"},
		{"a Path with a query matches no path", set, "id=x; path=/a?b", "http://h.example.org/a?b", ""},
	})
}

func TestJar_security(t *testing.T) {
	runSend(t, nil, []sendTest{
		{"R107 Secure goes over https", "https://h.example.org/", "id=x; Secure", "https://h.example.org/", "id=x"},
		{"R107 Secure does not go over http", "https://h.example.org/", "id=x; Secure", "http://h.example.org/", ""},
		{"Secure goes over wss", "https://h.example.org/", "id=x; Secure", "wss://h.example.org/", "id=x"},
		{"Secure comes over wss", "wss://h.example.org/", "id=x; Secure", "https://h.example.org/", "id=x"},
		{"Secure does not go over ws", "https://h.example.org/", "id=x; Secure", "ws://h.example.org/", ""},
		{"Secure does not go over an unknown scheme", "https://h.example.org/", "id=x; Secure", "my://h.example.org/", ""},
		{"others go over an unknown scheme", "my://h.example.org/", "id=x", "my://h.example.org/", "id=x"},
		{"others go over both", "https://h.example.org/", "id=x", "http://h.example.org/", "id=x"},
		{"D62 Secure from http is refused", "http://h.example.org/", "id=x; Secure", "https://h.example.org/", ""},
		{"D62 Secure from loopback http is refused", "http://127.0.0.1/", "id=x; Secure", "https://127.0.0.1/", ""},
		{"D62 Secure does not go to loopback http", "https://localhost/", "id=x; Secure", "http://localhost/", ""},
		{"__Secure- with Secure", "https://h.example.org/", "__Secure-id=x; Secure; Domain=example.org", "https://h.example.org/", "__Secure-id=x"},
		{"__Secure- without Secure", "https://h.example.org/", "__Secure-id=x", "https://h.example.org/", ""},
		{"__Secure- from http", "http://h.example.org/", "__Secure-id=x; Secure", "https://h.example.org/", ""},
		{"__secure- in any case", "https://h.example.org/", "__sEcUrE-id=x", "https://h.example.org/", ""},
		{"__Host- as it should be", "https://h.example.org/a/b", "__Host-id=x; Secure; Path=/", "https://h.example.org/", "__Host-id=x"},
		{"__Host- without Secure", "https://h.example.org/", "__Host-id=x; Path=/", "https://h.example.org/", ""},
		{"__Host- without Path", "https://h.example.org/", "__Host-id=x; Secure", "https://h.example.org/", ""},
		{"__Host- with another Path", "https://h.example.org/", "__Host-id=x; Secure; Path=/a", "https://h.example.org/a", ""},
		{"__Host- with Domain", "https://h.example.org/", "__Host-id=x; Secure; Path=/; Domain=h.example.org", "https://h.example.org/", ""},
		{"__Host- with an empty Domain", "https://h.example.org/", "__Host-id=x; Secure; Path=/; Domain=", "https://h.example.org/", "__Host-id=x"},
		{"__host- in any case", "https://h.example.org/", "__hOsT-id=x; Secure; Path=/a", "https://h.example.org/a", ""},
		{"__Host- from http", "http://h.example.org/", "__Host-id=x; Secure; Path=/", "https://h.example.org/", ""},
		{"a prefix in a nameless value", "https://h.example.org/", "=__Host-id=x; Secure; Path=/", "https://h.example.org/", ""},
		{"a prefix in a value without =", "https://h.example.org/", "__Secure-id", "https://h.example.org/", ""},
		{"__Http- is no prefix", "https://h.example.org/", "__Http-id=x", "https://h.example.org/", "__Http-id=x"},
	})

	for _, tt := range []struct{ name, first, second, want string }{
		{"http does not replace a Secure cookie", "id=x; Secure", "id=y", "id=x"},
		{"http does not delete a Secure cookie", "id=x; Secure", "id=y; Max-Age=0", "id=x"},
		{"http does not hide a Secure cookie by a Domain", "id=x; Secure", "id=y; Domain=example.org", "id=x"},
		{"http does not hide a Secure cookie by a host", "id=x; Secure; Domain=example.org", "id=y", "id=x"},
		{"http does not hide a Secure cookie by a longer path", "id=x; Secure; Path=/", "id=y; Path=/shop", "id=x"},
		{"http may set one for a shorter path", "id=x; Secure; Path=/shop", "id=y; Path=/", "id=x; id=y"},
		{"http may set one of another name", "id=x; Secure", "other=y", "id=x; other=y"},
		{"http may replace one that is not Secure", "id=x", "id=y", "id=y"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := cookies.New(nil)
			store(t, j, "https://h.example.org/shop/", tt.first)
			store(t, j, "http://h.example.org/shop/", tt.second)
			assert.Equal(t, tt.want, j.Header(mustURL(t, "https://h.example.org/shop/")))
		})
	}
	t.Run("a Secure cookie may lose Secure over https", func(t *testing.T) {
		j := cookies.New(nil)
		store(t, j, "https://h.example.org/", "id=x; Secure")
		assert.Empty(t, j.Header(mustURL(t, "http://h.example.org/")))
		store(t, j, "https://h.example.org/", "id=x")
		assert.Equal(t, "id=x", j.Header(mustURL(t, "http://h.example.org/")))
	})
	t.Run("a cookie may become Secure", func(t *testing.T) {
		j := cookies.New(nil)
		store(t, j, "https://h.example.org/", "id=x")
		assert.Equal(t, "id=x", j.Header(mustURL(t, "http://h.example.org/")))
		store(t, j, "https://h.example.org/", "id=x; Secure")
		assert.Empty(t, j.Header(mustURL(t, "http://h.example.org/")))
	})
}

func TestJar_order(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"R107 the longest path first", []string{"a=1; path=/", "b=2; path=/shop", "c=3; path=/shop/x"}, "c=3; b=2; a=1"},
		{"a slash makes a path longer", []string{"a=1; path=/shop", "b=2; path=/shop/"}, "b=2; a=1"},
		{"by length, not by letters", []string{"a=1; path=/shop/x", "b=2; path=/"}, "a=1; b=2"},
		{"the oldest first", []string{"b=1", "a=2", "c=3"}, "b=1; a=2; c=3"},
		{"a new value does not make it younger", []string{"b=1", "a=2", "b=3"}, "b=3; a=2"},
		{"deleting does", []string{"b=1", "a=2", "b=; Max-Age=0", "b=3"}, "a=2; b=3"},
		{"a host's and a domain's are two", []string{"a=1; path=/", "a=2; path=/; domain=example.org"}, "a=1; a=2"},
		{"a host's and its own domain's are two", []string{"a=1; path=/", "a=2; path=/; domain=h.example.org"}, "a=1; a=2"},
		{
			"one name on many paths and domains",
			[]string{"k=0", "k=1; path=/shop/x", "k=2; path=/shop", "k=3; path=/bar", "k=4; path=/; domain=example.org", "k=5; domain=example.org; path=/shop/x/y"},
			"k=5; k=1; k=2; k=4",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := cookies.New(nil)
			store(t, j, "http://h.example.org/shop/set", tt.lines...)
			assert.Equal(t, tt.want, j.Header(mustURL(t, "http://h.example.org/shop/x/y")))
		})
	}
}
