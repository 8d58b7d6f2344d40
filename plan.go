package requests

import (
	"errors"
	"net/http"
	"slices"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/proxy"
)

// plan is what a call goes by besides its request: the layers laid over one
// another. Most calls set nothing about how they are sent, so settings are the
// snapshot's own until somebody gets them in hand.
type plan struct {
	settings *Settings // merged; not to be written to

	body    Body
	auth    auth.Authenticator // nil: there is nothing to set
	hooks   *Hooks             // the request's own
	cookies []*http.Cookie
	set     *authMarks // nil: authentication has set nothing that needs a mark
	marks   *marks     // of all layers; nil: none
	// proxies are the explicit ones and merged what Settings.Proxies was set
	// to: the environment's are looked at again on every hop, unless a hook
	// has changed them.
	proxies, merged proxy.Map
	noAuth          bool // auth.None: not even netrc on a later hop
	byHand          bool // made by the caller, not by Prepare
	encrypted       bool // a call that this one goes on from began with https
	headFollows     bool // the call itself set MaxRedirects: HEAD follows too
}

// secret are the fields that were marked so.
func (p *plan) secret() []string {
	if p.marks == nil {
		return nil
	}
	return p.marks.secret
}

// planMarks makes a plan [redact.Marks], without giving these methods to those
// who have the plan in them.
type planMarks struct{ *plan }

// HidesField reports whether the header field was marked secret, or set by
// authentication.
func (m planMarks) HidesField(name string) bool {
	return slices.Contains(m.secret(), name) || m.set.hasField(name)
}

// HidesParam reports whether authentication set the query key.
func (m planMarks) HidesParam(name string) bool { return m.set.hasParam(name) }

// singleField is an authenticator of package auth that does nothing but set one
// field.
type singleField interface{ Field() redact.FieldName }

// authenticate runs p.auth on req and notes which fields it set. A body that
// the authenticator put in place of the old one is what will be sent.
func (p *plan) authenticate(req *http.Request) error {
	if f, ok := p.auth.(singleField); ok && redact.SecretName(string(f.Field())) {
		return p.auth.Authenticate(req) // its field needs no mark
	}
	before := req.Header
	req.Header = before.Clone() // its elements may be shared
	query := req.URL.RawQuery
	if err := p.auth.Authenticate(req); err != nil {
		return err
	}
	if req.Header == nil || req.URL == nil {
		return errors.New("auth: the authenticator left a request without header or URL")
	}
	if p.set == nil {
		p.set = new(authMarks)
	}
	p.set.mu.Lock()
	for k, vs := range req.Header {
		if had, ok := before[k]; ok && slices.Equal(had, vs) {
			continue
		}
		// By the name that it is given below, whatever the spelling here.
		if name := http.CanonicalHeaderKey(k); !slices.Contains(p.set.fields, name) {
			p.set.fields = append(p.set.fields, name)
		}
	}
	if req.URL.RawQuery != query {
		p.set.params = newKeys(p.set.params, query, req.URL.RawQuery)
	}
	p.set.mu.Unlock()
	return cleanHeader(req)
}
