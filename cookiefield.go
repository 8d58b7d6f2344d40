package requests

import (
	"cmp"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-3bbad739/requests/cookies"
	"github.com/seed-3bbad739/requests/internal/origin"
)

// addCookies sets the Cookie field from the request's own cookies and the jar.
// A field of the caller's stands, on the first hop.
func (c *call) addCookies(h *hop, req *http.Request) {
	if !c.plain {
		own, ok := req.Header["Cookie"]
		first := c.prepared != nil && h == &c.first && c.prepared.cookie.lacksJar()
		switch {
		case first && !ok: // somebody has taken them out
			c.plan.cookies = nil
		case first && c.prepared.cookie.is(own):
		case ok:
			h.cookie[0] = strings.Join(own, "; ")
			return
		}
		if c.plan.byHand && h == &c.first {
			return // it goes out as it was made
		}
	}
	if h.cookie[0] = c.cookieField(req.URL); h.cookie[0] != "" {
		req.Header["Cookie"] = h.cookie[:]
	}
}

// cookieShown is a Cookie field that a prepared request has, which is not the
// caller's.
type cookieShown struct {
	field string // "": there is none
	whole bool   // those of the jar are in it
}

func (s cookieShown) is(field []string) bool {
	return s.field != "" && len(field) == 1 && field[0] == s.field
}

func (s cookieShown) lacksJar() bool { return s.field != "" && !s.whole }

// showCookies sets the Cookie field to the request's own cookies, for whoever
// looks at the header or signs it. The jar's are those of the time of sending.
func (p *PreparedRequest) showCookies() {
	if _, ok := p.Header["Cookie"]; ok {
		return
	}
	if field := cookieText(cookiesFor(p.cookies, p.URL)); field != "" {
		p.Header["Cookie"], p.cookie = []string{field}, cookieShown{field, false}
	}
}

// cookieField returns the value of the Cookie field for u: the jar's cookies and
// then the request's own, which go to the origin of the call only. They come
// first where they share a name, of which most servers take the first.
func (c *call) cookieField(u *url.URL) string {
	stored := c.jar
	var own []*http.Cookie
	if len(c.plan.cookies) > 0 && !c.lost && origin.Same(c.home, u) {
		own = cookiesFor(c.plan.cookies, u)
	}
	if len(own) == 0 {
		if stored == nil {
			return ""
		}
		return stored.Header(u)
	}
	if stored == nil {
		return cookieText(own)
	}
	for _, k := range own {
		if k.Domain != "" {
			stored = withoutCookie(stored, k)
		}
	}
	field := stored.Header(u)
	switch {
	case field == "":
		return cookieText(own)
	case sharesName(field, own):
		return cookieText(own) + "; " + field
	}
	return field + "; " + cookieText(own)
}

// cookieText writes cookies as they are (RFC 6265, section 4.2.1).
func cookieText(cs []*http.Cookie) string {
	var b strings.Builder
	for _, k := range cs {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		if k.Name != "" {
			b.WriteString(k.Name)
			b.WriteByte('=')
		}
		if k.Quoted {
			b.WriteString(`"` + k.Value + `"`)
		} else {
			b.WriteString(k.Value)
		}
	}
	return b.String()
}

// sharesName reports whether a cookie of cs has the name of one in field.
func sharesName(field string, cs []*http.Cookie) bool {
	for pair := range strings.SplitSeq(field, "; ") {
		name, _, named := strings.Cut(pair, "=")
		if !named {
			name = ""
		}
		if slices.ContainsFunc(cs, func(k *http.Cookie) bool { return k.Name == name }) {
			return true
		}
	}
	return false
}

// cookiesFor returns those of cs whose Domain, Path and Secure, as far as the
// caller gave them, allow u.
func cookiesFor(cs []*http.Cookie, u *url.URL) []*http.Cookie {
	if !slices.ContainsFunc(cs, func(k *http.Cookie) bool { return !allows(k, u) }) {
		return cs
	}
	return slices.DeleteFunc(slices.Clone(cs), func(k *http.Cookie) bool { return !allows(k, u) })
}

// allows applies RFC 6265bis, section 5.8.3.
func allows(k *http.Cookie, u *url.URL) bool {
	if k.Secure && u.Scheme != "https" {
		return false
	}
	if domain := strings.ToLower(strings.TrimPrefix(k.Domain, ".")); domain != "" {
		host := strings.ToLower(u.Hostname())
		if _, err := netip.ParseAddr(host); host != domain && (err == nil || !strings.HasSuffix(host, "."+domain)) {
			return false
		}
	}
	if path, at := k.Path, cmp.Or(u.EscapedPath(), "/"); strings.HasPrefix(path, "/") && at != path {
		return strings.HasPrefix(at, path) && (strings.HasSuffix(path, "/") || at[len(path)] == '/')
	}
	return true
}

// cookieFieldAfter is the Cookie field as it would be on the next hop.
func (c *call) cookieFieldAfter(n *hop) string {
	lost := c.lost
	c.lost = lost || n.elsewhere
	defer func() { c.lost = lost }()
	return c.cookieField(&n.url)
}

// withoutCookie returns the jar without the cookie that one of the request's
// own takes the place of: the same name, domain and path.
func withoutCookie(jar *cookies.Jar, k *http.Cookie) *cookies.Jar {
	same := []cookies.Filter{cookies.Domain(k.Domain), cookies.Path(cmp.Or(k.Path, "/"))}
	if _, err := jar.Get(k.Name, same...); err != nil {
		return jar
	}
	jar = jar.Clone()
	jar.Delete(k.Name, same...)
	return jar
}
