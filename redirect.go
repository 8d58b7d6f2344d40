package requests

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/seed-3bbad739/requests/internal/origin"
	"github.com/seed-3bbad739/requests/internal/redact"
)

// maxLocation bounds a Location field: resolving a path costs more than its
// length.
const maxLocation = 8 << 10 // bytes

// isRedirect reports whether a response leads elsewhere (RFC 9110, section
// 15.4): 300, 304 and 305 do not.
func isRedirect(status int, header http.Header) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		_, ok := header["Location"]
		return ok
	}
	return false
}

// redirectMethod returns the method after a redirect, and whether the content
// goes along. The three older codes have turned POST into GET for so long that
// RFC 9110, sections 15.4.2 to 15.4.4, allows it; 307 and 308 never do.
func redirectMethod(status int, method string) (next string, keepsBody bool) {
	switch {
	case method == methodQuery && status != http.StatusSeeOther:
		// Safe, and nothing without its content: RFC 10008, section 2.5.
		return method, true
	case status == http.StatusSeeOther, status == http.StatusFound:
		if method != http.MethodHead {
			method = http.MethodGet
		}
		return method, false
	case status == http.StatusMovedPermanently:
		if method == http.MethodPost {
			method = http.MethodGet
		}
		return method, false
	}
	return method, true
}

// redirectTarget sets u to a Location resolved against the URL of its response
// and reports whether there is something to follow.
func redirectTarget(u, from *url.URL, location string) (found bool, err error) {
	if len(location) > maxLocation {
		return false, refuse(ErrInvalidURL, "a Location of %d bytes", len(location))
	}
	location = strings.TrimLeftFunc(location, unicode.IsSpace)
	if location == "" {
		return false, nil
	}
	if err := resolveInto(u, from, withoutEmptyHost(location, from.Scheme), false); err != nil {
		return false, err
	}
	if u.Fragment == "" && !strings.Contains(location, "#") {
		u.Fragment, u.RawFragment = from.Fragment, from.RawFragment // RFC 9110, section 10.2.2
	}
	if !isWeb(u) {
		return false, notWeb(u)
	}
	return true, nil
}

// withoutEmptyHost makes a Location with an empty host, and of scheme or none, a
// relative one: servers that do not know their name send it, and there is one host
// only that they can mean.
func withoutEmptyHost(location, scheme string) string {
	rest := location
	if s, after, ok := cutScheme(location); ok {
		if s != scheme {
			return location
		}
		rest = after
	}
	if after, ok := strings.CutPrefix(rest, "//"); ok && !strings.HasPrefix(after, "//") && (after == "" || strings.IndexByte("/?#", after[0]) >= 0) {
		return after
	}
	return location
}

// notWeb refuses what only a caller may ask for: a server must not reach files
// and sockets through us.
func notWeb(u *url.URL) error {
	return refuse(ErrNoAdapter, "a redirect leads to http and https only, not to %q", redact.Target(u))
}

// resolveInto sets u to ref resolved against base (RFC 3986, section 5.2). With
// asDirectory the path of base is one, slash or not, which is how people mean
// base URLs.
func resolveInto(u, base *url.URL, ref string, asDirectory bool) error {
	ref = strings.TrimLeftFunc(ref, unicode.IsSpace)
	if scheme, rest, ok := cutScheme(ref); ok {
		if scheme != base.Scheme || strings.HasPrefix(rest, "//") {
			return parseTargetInto(u, ref)
		}
		ref = rest // "http:path" is relative to an http base: RFC 3986, section 5.2.2
	}
	if strings.HasPrefix(ref, "//") {
		return parseTargetInto(u, base.Scheme+":"+ref)
	}
	u.Scheme, u.User, u.Host = base.Scheme, base.User, base.Host
	ref, fragment, _ := strings.Cut(ref, "#")
	path, query, hasQuery := strings.Cut(ref, "?")
	setFragment(u, normalize(fragment, legalQuery))
	if path == "" {
		u.Path, u.RawPath = base.Path, base.RawPath
		if hasQuery {
			u.RawQuery = normalize(query, legalQuery)
		} else {
			u.RawQuery = base.RawQuery
		}
		return nil
	}
	u.RawQuery = normalize(query, legalQuery)
	path = normalize(path, legalPath)
	if path[0] != '/' && base.RawPath == "" && strings.HasSuffix(base.Path, "/") && isPlainPath(path) && isPlainPath(base.Path) {
		u.Path, u.RawPath = base.Path+path, "" // most calls of a session with a base URL
		return nil
	}
	if path[0] != '/' {
		dir := base.EscapedPath()
		if i := strings.LastIndexByte(dir, '/'); asDirectory && i != len(dir)-1 {
			dir += "/"
		} else {
			dir = dir[:i+1]
		}
		if dir == "" {
			dir = "/"
		}
		path = dir + path
	}
	setPath(u, removeDotSegments(path))
	return nil
}

// isPlainPath reports whether path has neither escapes nor dot segments.
func isPlainPath(path string) bool {
	for i := 0; i < len(path); i++ {
		if c := path[i]; c != '/' && !unreserved.has(c) || c == '.' && (i == 0 || path[i-1] == '/') {
			return false
		}
	}
	return true
}

// staysHome reports whether a hop from one URL to the next, in a chain that
// began at first, keeps credentials. Both comparisons are needed: after an
// upgrade to https a way back to http is no longer the same origin.
func staysHome(first, from, to *url.URL) bool {
	return origin.Same(from, to) && origin.Same(first, to)
}

// stripCredentials removes from h what must not leave its origin: the fields
// that authentication set, those marked secret, and those named like secrets.
func stripCredentials(h http.Header, set *authMarks, secret []string) {
	for k := range h {
		if redact.SecretName(k) || set.hasField(k) || slices.Contains(secret, k) {
			delete(h, k)
		}
	}
}

// stripContent removes the framing and the type of a body that is not sent again.
// Other fields of content, Content-Encoding among them, stay, as with Python's
// requests.
func stripContent(h http.Header) {
	for _, k := range [...]string{"Content-Length", "Content-Type", "Transfer-Encoding", "Trailer", "Expect"} {
		delete(h, k)
	}
}

// redirect returns the hop that h's response leads to, or nil when the chain
// ends here. It sends nothing.
func (c *call) redirect(h *hop) (*hop, error) {
	if !isRedirect(h.http.StatusCode, h.http.Header) {
		return nil, nil
	}
	follow := c.follows(h)
	next, err := c.nextHop(h)
	if err != nil {
		if !follow {
			return nil, nil // Next says so; what was received is what was asked for
		}
		return nil, err
	}
	if next == nil {
		return nil, nil
	}
	if !follow {
		c.chained().unfollowed = next
		return nil, nil
	}
	chain := c.chained()
	if chain.redirects++; chain.redirects > limit(c.plan.settings.MaxRedirects) {
		return nil, refuse(ErrTooManyRedirects, "more than %d", limit(c.plan.settings.MaxRedirects))
	}
	if c.seen(next) {
		return nil, refuse(ErrTooManyRedirects, "a loop: %s %s was requested before", next.req.Method, redact.Target(&next.url))
	}
	if body := c.content(); body != nil && !next.dropsBody {
		if h.http.Request.URL.Scheme == "https" && next.url.Scheme == "http" {
			return nil, ErrInsecureRedirect
		}
		if !isReplayable(body) {
			return nil, refuse(ErrBodyNotReplayable, "a redirect asks for it again")
		}
	}
	if next.dropsBody {
		c.dropped = true
	}
	chain.rounds = chain.rounds[:0] // the next place may challenge again
	c.lost = c.lost || next.elsewhere
	return next, c.authenticateHop(next)
}

// follows reports whether the call follows redirects at all.
func (c *call) follows(h *hop) bool {
	if h.req.Method == http.MethodHead && !c.plan.headFollows {
		return false
	}
	return c.plan.settings.MaxRedirects >= 0
}

// nextHop makes the request that the redirect in h asks for.
func (c *call) nextHop(h *hop) (*hop, error) {
	n := new(hop)
	found, err := redirectTarget(&n.url, h.http.Request.URL, h.http.Header.Get("Location"))
	if !found || err != nil {
		return nil, err
	}
	n.elsewhere = !staysHome(c.home, h.http.Request.URL, &n.url)
	header := maps.Clone(h.req.Header) // the values are never written to
	delete(header, "Cookie")
	delete(header, "Proxy-Authorization")
	if n.elsewhere || c.lost {
		stripCredentials(header, c.plan.set, c.plan.secret())
	}
	method, keepsBody := redirectMethod(h.http.StatusCode, h.req.Method)
	n.dropsBody = !keepsBody
	if !keepsBody {
		stripContent(header)
	}
	n.req = *blank.WithContext(&c.ctx)
	n.req.Method, n.req.URL, n.req.Header = method, &n.url, header
	n.req.Proto, n.req.ProtoMajor, n.req.ProtoMinor = "HTTP/1.1", 1, 1
	n.req.Host = n.url.Host
	if h.req.Host != h.url.Host && strings.EqualFold(h.url.Host, n.url.Host) {
		n.req.Host = h.req.Host // an explicit Host stays with its host
	}
	if keepsBody && c.content() != nil {
		n.req.ContentLength, n.req.GetBody = h.req.ContentLength, h.req.GetBody
	}
	return n, nil
}

// seen reports whether the request was made before in this call, with the same
// cookies: the answer would be the same again. A URL with another fragment is
// another, which a server may lead to, though it is the same on the wire.
func (c *call) seen(n *hop) bool {
	field := c.cookieField(&n.url)
	for h := c.last; h != nil; h = h.before {
		if h.req.Method == n.req.Method && sameTarget(&h.url, &n.url) && h.cookie[0] == field {
			return true
		}
	}
	return false
}

func sameTarget(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && a.Host == b.Host && a.Path == b.Path && a.RawPath == b.RawPath && a.RawQuery == b.RawQuery && a.Fragment == b.Fragment
}

// authenticateHop gives a hop that left its origin the credentials that are
// meant for where it leads: an authenticator bound to that origin by name, or
// a netrc entry for the host. Those that are deferred wait for the exchange.
func (c *call) authenticateHop(n *hop) error {
	p := c.plan
	if !n.elsewhere && !c.lost || p.noAuth {
		return nil
	}
	if p.auth != nil && isBound(p.auth, &n.url) {
		if isDeferred(p.auth) {
			return nil
		}
		return p.authenticate(&n.req)
	}
	if _, ok := n.req.Header["Authorization"]; ok || !isOn(p.settings.Environment) {
		return nil
	}
	if (c.home.Scheme == "https" || p.encrypted) && n.url.Scheme == "http" {
		return nil // no ambient password in the clear once the call was encrypted
	}
	a, err := environmentNetrc(&n.url, true)
	if a == nil || err != nil {
		return err
	}
	return a.Authenticate(&n.req)
}

// follow prepares a GET of a URL that the last response of c names, as a
// redirect of status 303 would.
func (c *call) follow(u *url.URL) (*PreparedRequest, error) {
	h := c.last
	as := *h
	as.http.StatusCode = http.StatusSeeOther
	as.http.Header = http.Header{"Location": {u.String()}}
	n, err := c.nextHop(&as)
	if err != nil {
		return nil, err
	}
	p, err := c.prepareNext(n)
	if err != nil {
		return nil, err
	}
	delete(p.Header, "Cookie") // of the jar: Send adds it
	if !n.elsewhere && !c.lost {
		p.cookies = c.plan.cookies
	}
	return p, nil
}
