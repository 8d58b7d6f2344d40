package cookies_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"github.com/seed-3bbad739/requests/cookies"
	"golang.org/x/net/publicsuffix"
)

// jars are what is measured: ours, and that of the standard library with the
// same public suffix list.
var jars = []struct {
	name string
	make func() http.CookieJar
}{
	{"cookies", func() http.CookieJar {
		return cookies.New(&cookies.Options{MaxPerHost: 10000, MaxTotal: 10000})
	}},
	{"cookiejar", func() http.CookieJar {
		j, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
		if err != nil {
			panic(err)
		}
		return j
	}},
}

// load is a number of cookies spread over a number of domains.
type load struct {
	urls    []*url.URL
	cookies [][]*http.Cookie
}

// sizes calls f for each size. At most fifty cookies match one request: what
// more there is of a domain has paths of its own.
func sizes(f func(name string, l load)) {
	for _, n := range []int{10, 1000, 3000} {
		for _, domains := range []int{1, 100, 1000} {
			if domains > n {
				continue
			}
			l := load{cookies: make([][]*http.Cookie, domains)}
			for d := range domains {
				l.urls = append(l.urls, &url.URL{Scheme: "https", Host: fmt.Sprintf("www.host%d.test", d), Path: "/p0/index"})
			}
			for i := range n {
				d := i % domains
				l.cookies[d] = append(l.cookies[d], &http.Cookie{
					Name: fmt.Sprintf("name%d", i), Value: fmt.Sprintf("value%d", i), Path: fmt.Sprintf("/p%d", i/domains/50),
				})
			}
			f(fmt.Sprintf("n=%d/domains=%d", n, domains), l)
		}
	}
}

func (l load) fill(j http.CookieJar) {
	for d, u := range l.urls {
		j.SetCookies(u, l.cookies[d])
	}
}

func BenchmarkJar_Cookies(b *testing.B) {
	sizes(func(name string, l load) {
		for _, jar := range jars {
			b.Run(name+"/"+jar.name, func(b *testing.B) {
				j := jar.make()
				l.fill(j)
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					j.Cookies(l.urls[i%len(l.urls)])
					i++
				}
			})
		}
	})
}

// BenchmarkJar_Cookies_changed asks after every change of the site, when
// nothing is at hand.
func BenchmarkJar_Cookies_changed(b *testing.B) {
	sizes(func(name string, l load) {
		for _, jar := range jars {
			b.Run(name+"/"+jar.name, func(b *testing.B) {
				j := jar.make()
				l.fill(j)
				b.ReportAllocs()
				i := 0
				c := []*http.Cookie{{Name: "name0", Path: "/p0"}}
				values := []string{"a", "b"}
				for b.Loop() {
					d := i % len(l.urls)
					c[0].Name, c[0].Value = l.cookies[d][0].Name, values[i/len(l.urls)%2]
					j.SetCookies(l.urls[d], c)
					j.Cookies(l.urls[d])
					i++
				}
			})
		}
	})
}

// BenchmarkJar_SetCookies fills an empty jar.
func BenchmarkJar_SetCookies(b *testing.B) {
	sizes(func(name string, l load) {
		for _, jar := range jars {
			b.Run(name+"/"+jar.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					l.fill(jar.make())
				}
			})
		}
	})
}

// BenchmarkJar_SetCookies_again sets what is there already.
func BenchmarkJar_SetCookies_again(b *testing.B) {
	sizes(func(name string, l load) {
		for _, jar := range jars {
			b.Run(name+"/"+jar.name, func(b *testing.B) {
				j := jar.make()
				l.fill(j)
				b.ReportAllocs()
				for b.Loop() {
					l.fill(j)
				}
			})
		}
	})
}

func BenchmarkJar_Header(b *testing.B) {
	sizes(func(name string, l load) {
		b.Run(name, func(b *testing.B) {
			j := cookies.New(&cookies.Options{MaxPerHost: 10000, MaxTotal: 10000})
			l.fill(j)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				j.Header(l.urls[i%len(l.urls)])
				i++
			}
		})
	})
	b.Run("empty", func(b *testing.B) {
		j := cookies.New(nil)
		u := &url.URL{Scheme: "https", Host: "www.host.test", Path: "/"}
		b.ReportAllocs()
		for b.Loop() {
			j.Header(u)
		}
	})
}

func BenchmarkJar_StoreHeader(b *testing.B) {
	j := cookies.New(nil)
	u := &url.URL{Scheme: "https", Host: "www.host.test", Path: "/"}
	h := http.Header{"Set-Cookie": {"session=0123456789abcdef; Path=/; HttpOnly; Secure; SameSite=Lax", "theme=dark; Max-Age=3600"}}
	b.ReportAllocs()
	for b.Loop() {
		j.StoreHeader(u, h)
	}
}
