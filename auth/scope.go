package auth

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-3bbad739/requests/internal/origin"
	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// None is an [Authenticator] that sets nothing. As the authentication of a
// request it switches off every other source of credentials: the session's,
// the URL's userinfo and netrc.
var None Authenticator = none{"auth.None"}

type none struct{ label }

func (none) Authenticate(*http.Request) error { return nil }

// bounder is what names the origins that its credentials are for.
type bounder interface {
	// Bound reports whether a request to u would be authenticated because
	// its origin was named with [For].
	Bound(u *url.URL) bool
}

// chooser is a scope: it passes a request on to at most one of the
// authenticators that it wraps.
type chooser interface {
	Authenticator
	bounder
	printed
	// choose returns the authenticator for u, nil when there is none.
	choose(u *url.URL) Authenticator
	// mistake returns the error of an origin that cannot be parsed, here or
	// in what is wrapped.
	mistake() error
}

// scope is what [For] and [First] return at least.
type scope struct{ chooser }

type forOrigin struct {
	label
	origin *url.URL
	a      Authenticator
	err    error
}

// For returns an [Authenticator] that passes requests to origin on to a, and
// does nothing with any other. Only the scheme, host and port of the URL
// origin count; http on its default port includes https on its own
// (see RFC 6454). A session follows redirects to origin with these
// credentials, whichever origin it came from.
//
// An origin without scheme or host is an error when a request is
// authenticated. It matches requests.ErrInvalidURL.
//
// If a is a [Challenger], or has a method Deferred or Observe, so has what For
// returns. As authentication to a proxy, origin is the proxy's.
func For(origin string, a Authenticator) Authenticator {
	f := &forOrigin{a: a}
	f.origin, f.err = parseOrigin(origin)
	if f.err == nil {
		f.err = mistake(a)
	}
	f.label = label(fmt.Sprintf("auth.For(%s, %s)", redact.Target(f.origin), nameOf(a)))
	return withMethods(f, a)
}

func parseOrigin(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.Hostname() == "" {
		return nil, fmt.Errorf("auth: for: %q is not an origin with scheme and host: %w", redact.RawURL(raw), sentinel.InvalidURL)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

func (f *forOrigin) Authenticate(r *http.Request) error {
	if f.err != nil {
		return f.err
	}
	return authenticateBy(f, r)
}

func (f *forOrigin) Bound(u *url.URL) bool { return applies(f.choose(u), u) }

func (f *forOrigin) choose(u *url.URL) Authenticator {
	if f.err != nil || u == nil || !origin.Same(f.origin, u) {
		return nil
	}
	return f.a
}

type first struct {
	label
	of  []Authenticator
	err error
}

// First returns an [Authenticator] that passes each request on to one of a:
// the first that is bound to the request's origin with [For]; if there is
// none, the first that is not bound at all; if there is none either, nothing
// happens. Nil ones are left out.
//
// What First returns has the methods Challenge, Deferred and Observe if one of
// a has them.
func First(a ...Authenticator) Authenticator {
	f := new(first)
	var names []string
	for _, a := range a {
		if a != nil {
			f.of = append(f.of, a)
			names = append(names, nameOf(a))
			if f.err == nil {
				// It would go unnoticed otherwise: such an origin matches nothing.
				f.err = mistake(a)
			}
		}
	}
	f.label = label("auth.First(" + strings.Join(names, ", ") + ")")
	return withMethods(f, f.of...)
}

func (f *first) Authenticate(r *http.Request) error {
	if f.err != nil {
		return f.err
	}
	return authenticateBy(f, r)
}

func (f *first) Bound(u *url.URL) bool {
	b, ok := f.choose(u).(bounder)
	return ok && b.Bound(u)
}

func (f *first) choose(u *url.URL) Authenticator {
	for _, a := range f.of {
		if b, ok := a.(bounder); ok && b.Bound(u) {
			return a
		}
	}
	for _, a := range f.of {
		if applies(a, u) {
			return a
		}
	}
	return nil
}

// applies reports whether a would do anything for a request to u.
func applies(a Authenticator, u *url.URL) bool {
	switch a := a.(type) {
	case nil:
		return false
	case chooser:
		return applies(a.choose(u), u)
	case bounder:
		return a.Bound(u)
	}
	return true
}

func mistake(a Authenticator) error {
	if c, ok := a.(chooser); ok {
		return c.mistake()
	}
	return nil
}

func (f *forOrigin) mistake() error { return f.err }
func (f *first) mistake() error     { return f.err }

func authenticateBy(c chooser, r *http.Request) error {
	a := c.choose(server(r))
	if a == nil {
		return nil
	}
	return a.Authenticate(r)
}

// The optional methods of an authenticator, passed on by its scope.
type (
	deferred   interface{ Deferred() }
	observer   interface{ Observe(*http.Response) }
	deferring  struct{}
	observing  struct{ c chooser }
	challenged struct{ c chooser }
)

func (deferring) Deferred() {}

func (o observing) Observe(resp *http.Response) {
	if a, ok := answered(o.c, resp).(observer); ok {
		a.Observe(resp)
	}
}

func (ch challenged) Challenge(resp *http.Response) (again bool, err error) {
	if a, ok := answered(ch.c, resp).(Challenger); ok {
		return a.Challenge(resp)
	}
	return false, nil
}

// answered returns the authenticator for the request that resp answers, nil
// when there is none or resp does not say which it was.
func answered(c chooser, resp *http.Response) Authenticator {
	if resp.Request == nil {
		return nil
	}
	return c.choose(server(resp.Request))
}

// withMethods returns c with those optional methods that one of wrapped has.
// A method set is fixed at compile time, so there is a type for each.
func withMethods(c chooser, wrapped ...Authenticator) Authenticator {
	var d, o, ch bool
	for _, a := range wrapped {
		_, isDeferred := a.(deferred)
		_, isObserver := a.(observer)
		_, isChallenger := a.(Challenger)
		d, o, ch = d || isDeferred, o || isObserver, ch || isChallenger
	}
	switch {
	case d && o && ch:
		return &struct {
			scope
			deferring
			observing
			challenged
		}{scope{c}, deferring{}, observing{c}, challenged{c}}
	case d && ch:
		return &struct {
			scope
			deferring
			challenged
		}{scope{c}, deferring{}, challenged{c}}
	case o && ch:
		return &struct {
			scope
			observing
			challenged
		}{scope{c}, observing{c}, challenged{c}}
	case ch:
		return &struct {
			scope
			challenged
		}{scope{c}, challenged{c}}
	case d && o:
		return &struct {
			scope
			deferring
			observing
		}{scope{c}, deferring{}, observing{c}}
	case d:
		return &struct {
			scope
			deferring
		}{scope{c}, deferring{}}
	case o:
		return &struct {
			scope
			observing
		}{scope{c}, observing{c}}
	}
	return &scope{c}
}
