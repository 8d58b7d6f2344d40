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
	"github.com/stretchr/testify/require"
	"golang.org/x/net/publicsuffix"
	"pgregory.net/rapid"
)

// model is a jar as RFC 6265bis tells it, a list that is searched from one
// end to the other.
type model struct{ cookies []modelCookie }

type modelCookie struct {
	name, value, domain, path string
	hostOnly, secure          bool
	expires                   time.Time // zero: never
	born                      int
}

// setting is a Set-Cookie line before it is written.
type setting struct {
	name, value  string
	domain, path string // "" none
	secure       bool
	maxAge       int // -1 none
	scheme, host string
	requestPath  string
	birth        int
}

func (s setting) line() string {
	line := s.name + "=" + s.value
	if s.domain != "" {
		line += "; Domain=" + s.domain
	}
	if s.path != "" {
		line += "; Path=" + s.path
	}
	if s.secure {
		line += "; Secure"
	}
	if s.maxAge >= 0 {
		line += fmt.Sprintf("; Max-Age=%d", s.maxAge)
	}
	return line
}

func (s setting) url() *url.URL { return &url.URL{Scheme: s.scheme, Host: s.host, Path: s.requestPath} }

// modelDomainMatch is stricter than the standard, as browsers are: a domain
// has nothing below a public suffix that is below it.
func modelDomainMatch(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain) && modelSite(host) == modelSite(domain)
}

func modelPathMatch(request, cookie string) bool {
	if request == cookie {
		return true
	}
	return strings.HasPrefix(request, cookie) && (strings.HasSuffix(cookie, "/") || request[len(cookie)] == '/')
}

func modelSite(host string) string {
	if site, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return site
	}
	return host // a public suffix
}

func (m *model) store(s setting, now time.Time) {
	c := modelCookie{name: s.name, value: s.value, domain: s.host, hostOnly: true, secure: s.secure, born: s.birth}
	secureOrigin := s.scheme == "https"
	if suffix, _ := publicsuffix.PublicSuffix(s.domain); s.domain != "" && suffix == s.domain {
		if s.domain != s.host {
			return
		}
	} else if s.domain != "" {
		if !modelDomainMatch(s.host, s.domain) {
			return
		}
		c.domain, c.hostOnly = s.domain, false
	}
	c.path = s.path
	if c.path == "" {
		c.path = s.requestPath[:max(1, strings.LastIndex(s.requestPath, "/"))]
	}
	if s.secure && !secureOrigin {
		return
	}
	for _, o := range m.cookies {
		if !s.secure && !secureOrigin && o.secure && o.name == c.name && o.alive(now) &&
			(modelDomainMatch(o.domain, c.domain) || modelDomainMatch(c.domain, o.domain)) && modelPathMatch(c.path, o.path) {
			return
		}
	}
	if s.maxAge >= 0 {
		c.expires = now.Add(time.Duration(s.maxAge) * time.Second)
	}
	for i, o := range m.cookies {
		if o.name == c.name && o.domain == c.domain && o.path == c.path && o.hostOnly == c.hostOnly {
			if o.alive(now) {
				c.born = o.born
			}
			m.cookies = slices.Delete(m.cookies, i, i+1)
			break
		}
	}
	m.cookies = append(m.cookies, c)
}

func (c modelCookie) alive(now time.Time) bool { return c.expires.IsZero() || c.expires.After(now) }

func (m *model) send(u *url.URL, now time.Time) string {
	var chosen []modelCookie
	for _, c := range m.cookies {
		if c.alive(now) && (c.domain == u.Host || !c.hostOnly && modelDomainMatch(u.Host, c.domain)) &&
			modelPathMatch(u.Path, c.path) && (u.Scheme == "https" || !c.secure) {
			chosen = append(chosen, c)
		}
	}
	slices.SortFunc(chosen, func(a, b modelCookie) int {
		if len(a.path) != len(b.path) {
			return len(b.path) - len(a.path)
		}
		return a.born - b.born
	})
	var parts []string
	for _, c := range chosen {
		parts = append(parts, strings.TrimPrefix(c.name+"="+c.value, "="))
	}
	return strings.Join(parts, "; ")
}

var (
	someHosts = rapid.SampledFrom([]string{
		"example.org", "a.example.org", "b.example.org", "x.a.example.org", "mya.example.org", "other.org", "co.uk", "shop.co.uk", "www.shop.co.uk",
		"github.io", "me.github.io", "bucket.s3.amazonaws.com", "amazonaws.com", "s3.amazonaws.com", "localhost",
	})
	somePaths   = rapid.SampledFrom([]string{"/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/a/b/c", "/b"})
	someSchemes = rapid.SampledFrom([]string{"http", "https"})
)

func drawSetting(t *rapid.T, birth int) setting {
	optional := func(g *rapid.Generator[string]) *rapid.Generator[string] { return rapid.OneOf(rapid.Just(""), g) }
	s := setting{
		name: rapid.SampledFrom([]string{"a", "b", ""}).Draw(t, "name"), value: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "value"),
		domain: optional(someHosts).Draw(t, "domain"), path: optional(somePaths).Draw(t, "path"),
		secure: rapid.Bool().Draw(t, "secure"), maxAge: rapid.SampledFrom([]int{-1, -1, 0, 10, 60}).Draw(t, "max-age"),
		scheme: someSchemes.Draw(t, "scheme"), host: someHosts.Draw(t, "host"), requestPath: somePaths.Draw(t, "request path"),
		birth: birth,
	}
	if s.domain != "" && rapid.Bool().Draw(t, "own host") {
		s.host = s.domain
	}
	return s
}

// step is one thing that happens to a jar, and what is asked afterwards.
type step struct {
	kind         int
	sleep        time.Duration
	name, domain string
	setting      setting
	questions    []*url.URL
}

func drawStep(t *rapid.T, birth int) step {
	s := step{kind: rapid.IntRange(0, 9).Draw(t, "step"), setting: drawSetting(t, birth)}
	s.sleep = time.Duration(rapid.SampledFrom([]int{1, 10, 50}).Draw(t, "seconds")) * time.Second
	s.name = rapid.SampledFrom([]string{"a", "b", ""}).Draw(t, "name")
	s.domain = someHosts.Draw(t, "domain")
	for range 2 {
		s.questions = append(s.questions, &url.URL{
			Scheme: someSchemes.Draw(t, "scheme"), Host: someHosts.Draw(t, "host"), Path: somePaths.Draw(t, "path"),
		})
	}
	return s
}

// compare runs the steps on a jar and on the model and says where they part.
func compare(steps []step) error {
	j, m := cookies.New(nil), new(model)
	for i, s := range steps {
		switch s.kind {
		case 0:
			time.Sleep(s.sleep)
		case 1:
			j.Delete(s.name, cookies.Domain(s.domain))
			m.cookies = slices.DeleteFunc(m.cookies, func(c modelCookie) bool { return c.name == s.name && c.domain == s.domain })
		case 2:
			j = j.Clone()
		default:
			j.StoreHeader(s.setting.url(), http.Header{"Set-Cookie": {s.setting.line()}})
			m.store(s.setting, time.Now())
		}
		alive := 0
		for _, c := range m.cookies {
			if c.alive(time.Now()) {
				alive++
			}
		}
		if n := len(slices.Collect(j.All())); n != alive || j.Len() != alive {
			return fmt.Errorf("step %d: %d cookies, Len %d, want %d", i, n, j.Len(), alive)
		}
		for _, u := range s.questions {
			want := m.send(u, time.Now())
			for _, got := range []string{j.Header(u), j.Header(u), joined(j.Cookies(u))} {
				if got != want {
					return fmt.Errorf("step %d, %s: %q, want %q", i, u, got, want)
				}
			}
		}
	}
	return nil
}

// The jar sends what a plain reading of the standard sends, no more and no
// less, however often it is asked, and whatever changes in between.
func TestJar_follows_the_model(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var steps []step
		for birth := range rapid.IntRange(1, 40).Draw(rt, "steps") {
			steps = append(steps, drawStep(rt, birth))
		}
		var err error
		synctest.Test(t, func(*testing.T) { err = compare(steps) })
		require.NoError(rt, err)
	})
}

func joined(cs []*http.Cookie) string {
	var parts []string
	for _, c := range cs {
		value := c.Value
		if c.Quoted {
			value = `"` + value + `"`
		}
		parts = append(parts, strings.TrimPrefix(c.Name+"="+value, "="))
	}
	return strings.Join(parts, "; ")
}

// With many names and paths in one site, found by an index, it is the same.
func TestJar_follows_the_model_when_large(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var settings []setting
		for birth := range rapid.IntRange(20, 120).Draw(rt, "settings") {
			s := setting{
				name: fmt.Sprintf("n%d", rapid.IntRange(0, 30).Draw(rt, "name")), value: fmt.Sprint(birth), scheme: "https",
				host: rapid.SampledFrom([]string{"example.org", "a.example.org"}).Draw(rt, "host"), requestPath: "/",
				path:   fmt.Sprintf("/p%d", rapid.IntRange(0, 30).Draw(rt, "path")),
				maxAge: rapid.SampledFrom([]int{-1, -1, -1, 0, 1}).Draw(rt, "max-age"), birth: birth,
			}
			if s.path == "/p0" {
				s.path = "/"
			}
			settings = append(settings, s)
		}
		var err error
		synctest.Test(t, func(*testing.T) { err = compareLarge(settings) })
		require.NoError(rt, err)
	})
}

func compareLarge(settings []setting) error {
	j, m := cookies.New(&cookies.Options{MaxPerHost: -1, MaxTotal: -1}), new(model)
	for i, s := range settings {
		j.StoreHeader(s.url(), http.Header{"Set-Cookie": {s.line()}})
		m.store(s, time.Now())
		if i%10 == 0 {
			time.Sleep(500 * time.Millisecond)
		}
	}
	for _, host := range []string{"example.org", "a.example.org"} {
		for p := range 31 {
			for _, end := range []string{"", "/", "/x", "x"} {
				u := &url.URL{Scheme: "https", Host: host, Path: fmt.Sprintf("/p%d%s", p, end)}
				if got, want := j.Header(u), m.send(u, time.Now()); got != want {
					return fmt.Errorf("%s: %q, want %q", u, got, want)
				}
			}
		}
	}
	return nil
}
