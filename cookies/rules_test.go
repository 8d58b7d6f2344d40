package cookies_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-3bbad739/requests/cookies"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The edges of the rules of domains, hosts and prefixes: cases that only one
// of several conditions decides.
func TestJar_rules_of_domains_and_prefixes(t *testing.T) {
	runSend(t, nil, []sendTest{
		{"half a label is no parent within a site", "http://mya.example.org/", "id=x; domain=a.example.org", "http://a.example.org/", ""},
		{"half a label is no parent within a site, for the host itself", "http://mya.example.org/", "id=x; domain=a.example.org", "http://mya.example.org/", ""},
		{"a host all in capitals", "http://LOCALHOST/", "id=x", "http://localhost/", "id=x"},
		{"a host of the first letter", "http://A/", "id=x", "http://a/", "id=x"},
		{"a host of the last letter", "http://Z/", "id=x", "http://z/", "id=x"},
		{"Domain with the last letter in capitals", "http://z.example.org/", "id=x; domain=Z.example.org", "http://z.example.org/", "id=x"},
		{"characters of a host that mean nothing", "http://a!b.example.org/", "id=x", "http://a!b.example.org/", "id=x"},
		{"a prefix in the value of a cookie with a name", "https://h.example.org/", "id=__Host-x", "https://h.example.org/", "id=__Host-x"},
		{"__Secure- is a name that begins with itself", "https://h.example.org/", "__Secure-=x", "https://h.example.org/", ""},
		{"__Host- is a name that begins with itself", "https://h.example.org/", "__Host-=x; Secure; Path=/a", "https://h.example.org/a", ""},
		{"an empty Max-Age does not count", "https://h.example.org/", "id=x; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=", "https://h.example.org/", ""},
		{"a Max-Age of a sign alone has passed", "https://h.example.org/", "id=x; Max-Age=-", "https://h.example.org/", ""},
	})
}

func TestJar_hosts_that_cannot_be(t *testing.T) {
	for _, host := range []string{
		"[::1", "[::1]x", "[fe80::1%e\x01]", "a{b.test", "a|b.test", "a~b.\x7ftest", `a"b.test`, "a b.test", "a..test", ".a.test",
		"-é.test", strings.Repeat("a", 254), strings.Repeat("a", 2000),
	} {
		t.Run(host[:min(len(host), 20)], func(t *testing.T) {
			j := cookies.New(nil)
			u := &url.URL{Scheme: "https", Host: host, Path: "/"}
			j.StoreHeader(u, http.Header{"Set-Cookie": {"id=x"}})
			j.SetCookies(u, []*http.Cookie{{Name: "id", Value: "x"}})
			assert.Zero(t, j.Len())
			assert.Empty(t, j.Header(u))
		})
	}
}

// An address has nothing below it: with Domain of itself or without, a cookie
// is for it alone.
func TestJar_addresses_are_hosts_alone(t *testing.T) {
	for host, domain := range map[string]string{
		"127.0.0.1": "127.0.0.1", "h.123": "h.123", "h.0x7f": "h.0x7f", "[::1]": "::1", "[1::2]": "1::2", "[fe80::1%a.b]": "fe80::1%a.b", "[::1%a.b]": "::1%a.b",
	} {
		t.Run(host, func(t *testing.T) {
			for _, o := range []*cookies.Options{nil, {PublicSuffixList: noList{}}} {
				j := cookies.New(o)
				u := &url.URL{Scheme: "https", Host: host, Path: "/"}
				j.StoreHeader(u, http.Header{"Set-Cookie": {"id=x; Domain=" + domain}})
				all := slices.Collect(j.All())
				require.Len(t, all, 1)
				assert.True(t, all[0].HostOnly)
				assert.Equal(t, "id=x", j.Header(u))
			}
		})
	}
}

// shortList says that what is not the end of a name is its public suffix.
type shortList struct{}

func (shortList) PublicSuffix(string) string { return "xx" }
func (shortList) String() string             { return "short" }

func TestJar_a_list_that_is_wrong_shares_nothing(t *testing.T) {
	runSend(t, &cookies.Options{PublicSuffixList: shortList{}}, []sendTest{
		{"a host has its own", "http://h.example.org/", "id=x", "http://h.example.org/", "id=x"},
		{"Domain of a parent is refused", "http://h.example.org/", "id=x; Domain=example.org", "http://h.example.org/", ""},
	})
}

// What http must not do to a Secure cookie, and what it may do beside one
// (RFC 6265bis, section 5.7, step 16).
func TestJar_rules_of_Secure(t *testing.T) {
	const here, beside = "//a.example.org/", "//b.example.org/"
	inBubble(t, "a Secure cookie of a sibling is no obstacle", func(t *testing.T) {
		j := cookies.New(nil)
		store(t, j, "https:"+beside, "id=x; Secure")
		store(t, j, "http:"+here, "id=y")
		assert.Equal(t, "id=y", j.Header(mustURL(t, "http:"+here)))
	})
	inBubble(t, "a Secure cookie of another name is no obstacle", func(t *testing.T) {
		j := cookies.New(nil)
		store(t, j, "https:"+here, "other=x; Secure")
		store(t, j, "http:"+here, "id=x")
		store(t, j, "http:"+here, "id=y")
		assert.Equal(t, "id=y", j.Header(mustURL(t, "http:"+here)))
	})
	inBubble(t, "a Secure cookie that has expired is no obstacle", func(t *testing.T) {
		j := cookies.New(nil)
		store(t, j, "https:"+here, "id=x; Secure; Max-Age=1", "other=x; Secure")
		time.Sleep(time.Second)
		store(t, j, "http:"+here, "id=y")
		assert.Equal(t, "id=y", j.Header(mustURL(t, "http:"+here)))
	})
	inBubble(t, "one that became Secure is protected from then on", func(t *testing.T) {
		j := cookies.New(nil)
		store(t, j, "https:"+here, "id=x")
		store(t, j, "https:"+here, "id=x; Secure")
		store(t, j, "http:"+here, "id=y")
		assert.Equal(t, "id=x", j.Header(mustURL(t, "https:"+here)))
	})
	inBubble(t, "one stays protected when another loses Secure", func(t *testing.T) {
		j := cookies.New(nil)
		store(t, j, "https:"+here, "id=x; Secure", "other=x; Secure")
		store(t, j, "https:"+here, "other=x")
		store(t, j, "http:"+here, "id=y")
		assert.Equal(t, "id=x; other=x", j.Header(mustURL(t, "https:"+here)))
	})
}

func TestJar_rules_of_eviction(t *testing.T) {
	t.Run("one without Secure goes before one with that was used longer ago", func(t *testing.T) {
		j := cookies.New(&cookies.Options{MaxPerHost: 2})
		store(t, j, "https://h.example.org/", "a=x; Path=/a")
		store(t, j, "https://h.example.org/", "b=x; Secure; Path=/b")
		j.Header(mustURL(t, "https://h.example.org/a"))
		store(t, j, "https://h.example.org/", "c=x; Secure")
		assert.Equal(t, "b@h.example.org/b c@h.example.org/", names(j))
	})
}

// The bounds of what is kept of a line and of a request, to the byte.
func TestJar_bounds(t *testing.T) {
	path := func(n int) string { return "/" + strings.Repeat("p", n-1) }
	t.Run("the default path of a request that is too long", func(t *testing.T) {
		for n, want := range map[int]int{cookies.MaxAttribute: 1, cookies.MaxAttribute + 1: 0} {
			j := cookies.New(nil)
			store(t, j, "https://h.example.org"+path(n)+"/x", "id=x")
			assert.Equal(t, want, j.Len(), n)
		}
	})
	t.Run("a cookie of net/http with a path that is too long has the default one", func(t *testing.T) {
		for n, want := range map[int]string{cookies.MaxAttribute: "", cookies.MaxAttribute + 1: "id=x"} {
			j := cookies.New(nil)
			u := mustURL(t, "https://h.example.org/")
			j.SetCookies(u, []*http.Cookie{{Name: "id", Value: "x", Path: path(n)}})
			assert.Equal(t, want, j.Header(u), n)
		}
	})
	t.Run("and with a domain that is too long is for the host", func(t *testing.T) {
		for n, want := range map[int]int{cookies.MaxAttribute: 0, cookies.MaxAttribute + 1: 1} {
			j := cookies.New(nil)
			j.SetCookies(mustURL(t, "https://h.example.org/"), []*http.Cookie{{Name: "id", Value: "x", Domain: strings.Repeat("d", n)}})
			assert.Equal(t, want, j.Len(), n)
		}
	})
	t.Run("a path that is too long is none that was given", func(t *testing.T) {
		for n, want := range map[int]int{1: 1, cookies.MaxAttribute + 1: 0} {
			j := cookies.New(nil)
			j.SetCookies(mustURL(t, "https://h.example.org/"), []*http.Cookie{{Name: "__Host-id", Value: "x", Secure: true, Path: path(n)}})
			assert.Equal(t, want, j.Len(), n)
		}
	})
	t.Run("a path that is set by hand", func(t *testing.T) {
		j := cookies.New(nil)
		c := cookies.Cookie{Name: "id", Value: "x", Domain: "h.example.org"}
		c.Path = path(cookies.MaxAttribute)
		assert.NoError(t, j.Set(c))
		c.Path = path(cookies.MaxAttribute + 1)
		assert.ErrorContains(t, j.Set(c), "too long")
	})
	t.Run("a name and value without a limit", func(t *testing.T) {
		j := cookies.New(&cookies.Options{MaxSize: -1})
		assert.NoError(t, j.Set(cookies.Cookie{Name: "id", Value: strings.Repeat("v", 10_000), Domain: "h.example.org"}))
	})
	t.Run("a name and value as long as the jar allows", func(t *testing.T) {
		j := cookies.New(&cookies.Options{MaxSize: 5})
		assert.NoError(t, j.Set(cookies.Cookie{Name: "abc", Value: "12", Domain: "h.example.org"}))
		assert.ErrorContains(t, j.Set(cookies.Cookie{Name: "abc", Value: "123", Domain: "h.example.org"}), "5 bytes")
	})
}

// The end of a field that is kept for the next question is that of the cookie
// in it that ends first.
func TestJar_fields_end_with_their_first_cookie(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		want  string // after a second
	}{
		{"the first ends, the second never", []string{"a=x; Max-Age=1", "b=x"}, "b=x"},
		{"the second ends, the first never", []string{"a=x", "b=x; Max-Age=1"}, "a=x"},
		{"the first ends sooner", []string{"a=x; Max-Age=1", "b=x; Max-Age=10"}, "b=x"},
		{"the second ends sooner", []string{"a=x; Max-Age=10", "b=x; Max-Age=1"}, "a=x"},
		{"both end at once", []string{"a=x; Max-Age=1", "b=x; Max-Age=1"}, ""},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			j := cookies.New(nil)
			u := mustURL(t, "https://h.example.org/")
			store(t, j, u.String(), tt.lines...)
			assert.Equal(t, "a=x; b=x", j.Header(u))
			time.Sleep(time.Second)
			assert.Equal(t, tt.want, j.Header(u))
			assert.Equal(t, tt.want, joined(j.Cookies(u)))
		})
	}
}

// Many paths are found as few are.
func TestJar_many_paths(t *testing.T) {
	j := cookies.New(nil)
	for i := range 40 {
		store(t, j, "https://h.example.org/", fmt.Sprintf("n%d=x; Path=/p%d", i, i))
	}
	for path, want := range map[string]string{"/p7": "n7=x", "/p7/": "n7=x", "/p7/a/b": "n7=x", "/p70": "", "/p": "", "/": "", "/other": "", "/p39": "n39=x"} {
		assert.Equal(t, want, j.Header(mustURL(t, "https://h.example.org"+path)), path)
	}
}

// A field is as long as it may be, to the byte, separators and all.
func TestJar_fields_to_the_byte(t *testing.T) {
	u := mustURL(t, "https://h.example.org/")
	for _, tt := range []struct {
		name          string
		first, second int // bytes of the pairs
		want          int // bytes of the field
	}{
		{"one that just fits", cookies.MaxHeader, 0, cookies.MaxHeader},
		{"one that does not", cookies.MaxHeader + 1, 0, 0},
		{"two that just fit", 4000, cookies.MaxHeader - 4002, cookies.MaxHeader},
		{"two of which one fits", 4000, cookies.MaxHeader - 4001, 4000},
	} {
		for _, nameless := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, nameless), func(t *testing.T) {
				j := cookies.New(&cookies.Options{MaxSize: -1})
				for i, n := range []int{tt.first, tt.second} {
					if n == 0 {
						continue
					}
					c := cookies.Cookie{Name: string(rune('a' + i)), Value: strings.Repeat("v", n-2), Domain: "h.example.org", Created: bubbleStart.Add(time.Duration(i))}
					if nameless && i == 0 {
						c.Name, c.Value = "", strings.Repeat("v", n)
					}
					require.NoError(t, j.Set(c))
				}
				assert.Len(t, j.Header(u), tt.want)
			})
		}
	}
}

// Of two changes at the same instant a jar's own stands.
func TestJar_Merge_of_the_same_instant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own, other := cookies.New(nil), cookies.New(nil)
		store(t, own, "https://h.example.org/", "id=own")
		store(t, other, "https://h.example.org/", "id=other")
		own.Merge(other)
		assert.Equal(t, "id=own", own.Header(mustURL(t, "https://h.example.org/")))
	})
}

func TestJar_SetCookies_takes_what_a_line_may_have(t *testing.T) {
	for _, tt := range []struct {
		name   string
		cookie *http.Cookie
		want   string
		len    int
	}{
		{"none", nil, "", 0},
		{"neither name nor value", &http.Cookie{}, "", 0},
		{"a name without a value", &http.Cookie{Name: "id"}, "id=", 1},
		{"a value without a name", &http.Cookie{Value: "x"}, "x", 1},
		{"a Domain with a control character is none", &http.Cookie{Name: "id", Value: "x", Domain: "\x01"}, "id=x", 1},
		{"a Path with a semicolon is none", &http.Cookie{Name: "id", Value: "x", Path: "/;x"}, "id=x", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := cookies.New(nil)
			u := mustURL(t, "https://h.example.org/")
			j.SetCookies(u, []*http.Cookie{tt.cookie})
			assert.Equal(t, tt.want, j.Header(u))
			assert.Equal(t, tt.len, j.Len())
		})
	}
}

// Every byte is a delimiter of a date or none, as RFC 6265bis, section 5.1.1,
// has it.
func TestParseDate_delimiters(t *testing.T) {
	for b := range 256 {
		c := byte(b)
		want := c == 0x09 || c >= 0x20 && c <= 0x2f || c >= 0x3b && c <= 0x40 || c >= 0x5b && c <= 0x60 || c >= 0x7b && c <= 0x7e
		_, ok := cookies.ParseDate(strings.Join([]string{"1", "jan", "1990", "10:10:10"}, string([]byte{c})))
		assert.Equal(t, want, ok, fmt.Sprintf("%#x", c))
	}
}

func TestParseDate_words_that_are_none(t *testing.T) {
	for _, word := range []string{":10:10", "10::10", "10x10:10", "10:10:", "10x10x10", "10:10x10", "10:10", "10:10:x", "100:10:10", "10:10:100"} {
		_, ok := cookies.ParseDate("1 jan 1990 " + word)
		assert.False(t, ok, "the time %s", word)
	}
	for _, year := range []string{"7", "19900", "x"} {
		_, ok := cookies.ParseDate("1 jan " + year + " 10:10:10")
		assert.False(t, ok, "the year %s", year)
	}
	for _, day := range []string{"0", "123", "32"} {
		_, ok := cookies.ParseDate(day + " jan 1990 10:10:10")
		assert.False(t, ok, "the day %s", day)
	}
}

// A cookie's time is over at the very instant of its end.
func TestJar_the_end_is_exact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := cookies.New(nil)
		u := mustURL(t, "https://h.example.org/")
		store(t, j, u.String(), "id=x; Max-Age=2")
		time.Sleep(2*time.Second - time.Nanosecond)
		assert.Equal(t, "id=x", j.Header(u))
		assert.Equal(t, 1, j.Len())
		time.Sleep(time.Nanosecond)
		assert.Empty(t, j.Header(u))
		assert.Zero(t, j.Len())
	})
}
