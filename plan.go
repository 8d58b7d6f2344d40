package requests

import (
	"errors"
	"net/http"
	"slices"
	"sync"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/inmemory"
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

// authenticate runs p.auth on req and notes which fields it set. A body that
// the authenticator put in place of the old one is what will be sent.
func (p *plan) authenticate(req *http.Request) error {
	if f, ok := p.auth.(interface{ Field() string }); ok && redact.SecretName(f.Field()) {
		return p.auth.Authenticate(req) // one of auth's own, whose field needs no mark
	}
	req.Header = req.Header.Clone() // its elements may be shared
	var before [16]authMark
	marks := before[:0]
	for k, vs := range req.Header {
		marks = append(marks, markOf(k, vs))
	}
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
		if !slices.Contains(marks, markOf(k, vs)) && !slices.Contains(p.set.fields, k) {
			p.set.fields = append(p.set.fields, k)
		}
	}
	if req.URL.RawQuery != query {
		p.set.params = newKeys(p.set.params, query, req.URL.RawQuery)
	}
	p.set.mu.Unlock()
	return cleanHeader(req)
}

// authMarks are the names of what authentication has set. Later exchanges add
// to them, while what is left of an earlier one may still print its request.
// Nil has none.
type authMarks struct {
	mu     sync.RWMutex // guards what follows
	fields []string     // of the header
	params []string     // of the query
}

func (m *authMarks) hasField(name string) bool {
	if m == nil {
		return false
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Contains(m.fields, name)
}

func (m *authMarks) hasParam(name string) bool {
	if m == nil {
		return false
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Contains(m.params, name)
}

func (m *authMarks) clone() *authMarks {
	if m == nil {
		return nil
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return &authMarks{fields: slices.Clone(m.fields), params: slices.Clone(m.params)}
}

// adoptBody takes over a body that an authenticator or a hook set in r, or that
// came with a request made by hand. It can be sent again if GetBody is its own
// and not that of the body it took the place of. taken is shared by all who
// send this body; nil: nobody else does.
func (p *plan) adoptBody(r *http.Request, taken *uint32) {
	if r.Body == nil {
		return
	}
	if taken == nil {
		taken = new(uint32)
	}
	body, get, size := r.Body, r.GetBody, r.ContentLength
	r.Body, r.GetBody = nil, nil
	if body == http.NoBody {
		p.body, r.ContentLength = nil, 0
		return
	}
	if p.body != nil && size == p.body.Len() || p.body == nil && size == 0 {
		size = -1 // nobody has said
		if l, ok := body.(interface{ Len() int }); ok {
			size = int64(l.Len())
		} else if n, ok := inmemory.Len(body); ok {
			size = n
		}
	}
	r.ContentLength = size
	if get != nil && !isOpener(get) {
		b := &givenBody{first: body, get: get, size: size, handed: taken}
		p.body, r.GetBody = b, b.Open
		return
	}
	p.body = &onceBody{r: body, size: size, claimed: taken}
}
