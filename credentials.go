package requests

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/seed-3bbad739/requests/auth"
)

// prepareAuth finds the one source of credentials that counts: the request's
// authenticator, the session's, the URL's userinfo, an Authorization field, a
// netrc file that the environment names. Those that have to wait for the
// exchange are left for it.
func (c *call) prepareAuth(home bool) error {
	p, req := c.plan, &c.first.req
	a, source, err := c.findAuth(home)
	if err != nil {
		return err
	}
	var before http.Header
	var query string
	if c.recorder() != nil {
		before, query = req.Header.Clone(), req.URL.RawQuery
	}
	switch {
	case a == auth.None:
		p.noAuth = true
		// None speaks for its layer and those below, so a field that the call
		// sets over a session's None stays.
		if c.layer.Auth == auth.None || !c.layer.sets("Authorization") {
			delete(req.Header, "Authorization")
		}
	case a != nil:
		if p.auth = a; isDeferred(a) {
			break
		}
		if f, ok := a.(singleField); !ok || f.Field() != "Authorization" { // which is not looked for any more
			c.plain = false
		}
		if err := p.authenticate(req); err != nil {
			return err
		}
		p.adoptBody(req, nil)
	}
	if c.recorder() != nil {
		c.explainAuth(a, source, before, query)
	}
	return nil
}

// findAuth returns the authenticator that counts and where it comes from; nil
// when there is none or an Authorization field stands in for it.
func (c *call) findAuth(home bool) (a auth.Authenticator, source string, err error) {
	req := &c.first.req
	if c.layer.Auth != nil {
		return c.layer.Auth, fromRequest, nil
	}
	if a := c.snapshot.request.Auth; a != nil && (home || a == auth.None || isBound(a, req.URL)) {
		return a, fromSession, nil
	}
	if !isWeb(req.URL) {
		return nil, "", nil
	}
	if user := req.URL.User; user != nil {
		if password, ok := user.Password(); ok && user.Username()+password != "" {
			return auth.Basic(user.Username(), password), fromUserinfo, nil
		}
	}
	if !c.plain && req.Header["Authorization"] != nil || !*c.plan.settings.Environment {
		return nil, "", nil
	}
	netrc, err := environmentNetrc(req.URL, false)
	if netrc == nil || err != nil {
		return nil, "", err
	}
	if c.recorder() != nil {
		file, line, ok := netrc.Source(req.URL.Hostname())
		if !ok {
			return nil, "", nil
		}
		source = "netrc " + file + ":" + strconv.Itoa(line)
	}
	return netrc, source, nil
}

// sets reports whether l itself sets the header field.
func (l *layer) sets(name string) bool {
	for k, vs := range l.Header {
		if len(vs) > 0 && http.CanonicalHeaderKey(k) == name {
			return true
		}
	}
	return slices.ContainsFunc(l.header, func(f field) bool { return f.name == name && !f.removes() })
}

// isDeferred reports whether a waits for the exchange: it says so, or it
// answers challenges and so has to be asked again after each.
func isDeferred(a auth.Authenticator) bool {
	if _, ok := a.(auth.Challenger); ok {
		return true
	}
	_, ok := a.(interface{ Deferred() })
	return ok
}

// isBound reports whether a was made for the origin of u by name.
func isBound(a auth.Authenticator, u *url.URL) bool {
	b, ok := a.(interface{ Bound(*url.URL) bool })
	return ok && b.Bound(u)
}
