package requests

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-3bbad739/requests/cookies"
	"github.com/seed-3bbad739/requests/internal/origin"
	"github.com/seed-3bbad739/requests/internal/redact"
)

// PreparedRequest is a request with all layers laid over one another: what
// [Session.Send] will send.
type PreparedRequest struct {
	// Request is what will be sent, before the cookies of the jar and what
	// the transport adds. Its Body is nil until it is sent: GetBody opens it.
	*http.Request
	// Settings are merged, the environment included.
	Settings Settings

	plan // its settings are those above, once it is sent

	cookie cookieShown
	claim  *claim // to Body, of whichever Send comes first; guarded by claims
}

// WithContext returns a shallow copy of p with another context, which must not
// be nil.
func (p *PreparedRequest) WithContext(ctx context.Context) *PreparedRequest {
	return &PreparedRequest{Request: p.Request.WithContext(ctx), Settings: p.Settings, plan: p.plan, cookie: p.cookie, claim: p.claimed()}
}

// Clone returns a deep copy of p. The body and the hooks are shared.
func (p *PreparedRequest) Clone() *PreparedRequest {
	c := PreparedRequest{Settings: p.Settings, plan: p.plan, cookie: p.cookie, claim: p.claimed()}
	c.Request = p.Request.Clone(p.Context())
	c.Settings = p.Settings.clone()
	c.cookies = cloneCookies(p.cookies)
	c.set = p.set.clone()
	return &c
}

// String is "<PreparedRequest [GET https://…]>" without secrets.
func (p PreparedRequest) String() string {
	if p.Request == nil {
		return "<PreparedRequest [none]>"
	}
	return "<PreparedRequest [" + printable(p.Method) + " " + redact.Marked(p.URL, planMarks{&p.plan}) + "]>"
}

// Format prints [PreparedRequest.String] under every verb.
func (p PreparedRequest) Format(f fmt.State, verb rune) { formatText(f, verb, p.String()) }

// call is everything that one call needs, in one piece of memory: the request
// with its URL and context, the layer of its options, and the response.
type call struct {
	session  *Session
	snapshot *snapshot
	jar      *cookies.Jar
	ctx      callContext
	layer    *layer // nil once it is laid over what is below
	own      plan
	prepared *PreparedRequest // nil unless somebody gets it in hand
	plan     *plan            // of prepared, or own
	first    hop
	exchangeRecord
	timer *timer // nil without Timeouts.Total

	env      *environmentProxies // for the first exchange, as read in preparing
	values   [2]string           // of header fields with one value
	used     uint8               // of values
	envOf    webScheme           // what env is for
	handsOut bool                // the prepared request is for the caller
	plain    bool                // the header is, and nobody else has had it in hand
}

func (s *Session) verb(ctx context.Context, method, url string, opts []Option) (*Response, error) {
	c, err := s.open(ctx)
	if err != nil {
		return nil, newError("prepare", method, nil, err, nil)
	}
	c.layUp(method, url, opts)
	return c.do()
}

// layUp makes the layer of a call that is made of options.
func (c *call) layUp(method, url string, opts []Option) {
	c.layer = newLayer()
	c.layer.Method, c.layer.URL = method, url
	c.layer.apply(opts)
}

func (s *Session) newCall(ctx context.Context, r *Request) (*call, error) {
	if r == nil {
		return nil, &Error{Op: "prepare", Err: errors.New("the request is nil")}
	}
	c, err := s.open(ctx)
	if err != nil {
		return nil, newError("prepare", r.Method, nil, err, nil)
	}
	c.layer = newLayer()
	c.layer.Request = *r
	return c, nil
}

func (s *Session) open(ctx context.Context) (*call, error) {
	if ctx == nil {
		return nil, errors.New("the context is nil")
	}
	c := new(call)
	c.session = s
	c.snapshot = s.snapshot.Load()
	c.jar = c.snapshot.jar
	c.ctx.Context, c.ctx.call = ctx, c
	return c, nil
}

// refused wraps what was wrong with the request, completing nothing: it never
// began.
func (c *call) refused(err error) error {
	req := &c.first.req
	if c.prepared != nil && c.prepared.Request != nil {
		req = c.prepared.Request
	}
	if req.URL == nil {
		return &Error{Op: "prepare", Method: c.layer.Method, URL: redact.RawURL(withoutQuery(c.layer.URL)), Err: bare(err)}
	}
	return &Error{Op: "prepare", Method: req.Method, URL: redact.Target(req.URL), Err: bare(err)}
}

func withoutQuery(raw string) string {
	if i := strings.IndexAny(raw, "?#"); i >= 0 {
		return raw[:i]
	}
	return raw
}

func (c *call) do() (*Response, error) {
	if err := c.session.begin(); err != nil {
		return nil, c.refused(err)
	}
	defer c.session.end()
	if err := c.prepare(); err != nil {
		return nil, c.complete(nil, err)
	}
	return c.run()
}

// prepare lays the layers over one another, after which that of the call has
// served, unless it is to be explained.
func (c *call) prepare() error {
	err := c.layOver()
	if c.recorder() == nil {
		c.layer.recycle()
		c.layer = nil
	}
	return err
}

// recorder returns nil unless the request is explained.
func (c *call) recorder() *recorder {
	if c.layer == nil {
		return nil
	}
	return c.layer.rec
}

// layOver makes the request part by part, in the order in which later ones need
// the earlier: method, URL, header, content, settings, authentication, hooks.
func (c *call) layOver() error {
	l, snap := c.layer, c.snapshot
	c.plan = &c.own
	if c.plan.hooks = l.Hooks; c.handsOut || c.recorder() != nil || c.hasPrepareHooks() {
		c.prepared = &PreparedRequest{Request: &c.first.req, plan: c.own}
		c.plan = &c.prepared.plan
	}
	p := c.plan
	var errs []error
	check := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	check(c.layer.err)

	method := l.Method
	if method == "" {
		method = snap.request.Method
	}
	if method == "" {
		method = http.MethodGet
	} else {
		check(checkMethod(method))
		method = upper(method)
	}
	if c.recorder() != nil {
		c.explainMethod(method)
	}
	u := &c.first.url
	check(c.prepareURL(u))
	if len(errs) > 0 {
		// Nothing more can be made without these two, but what else is wrong
		// is worth saying at once.
		c.prepareHeader(true, check)
		c.requestCookies(true, check)
		check(checkSettings(&l.Settings))
		return c.refused(errors.Join(errs...))
	}
	home := c.atHome(u)
	header, host := c.prepareHeader(home, check)

	req := &c.first.req
	*req = *blank.WithContext(&c.ctx)
	req.Method, req.URL, req.Header = method, u, header
	req.Proto, req.ProtoMajor, req.ProtoMinor = "HTTP/1.1", 1, 1
	if req.Host = host; host == "" {
		req.Host = u.Host
	}
	l.Body = withOwnBoundary(l.Body, header, check)
	p.body = l.Body
	var before http.Header
	if c.recorder() != nil {
		before = req.Header.Clone()
	}
	if l.Body != nil || !c.plain {
		check(c.prepareBody(req, l.Body))
	}
	if c.recorder() != nil {
		c.explainBody(req, before)
	}
	p.cookies = c.requestCookies(home, check)
	c.prepareSettings(u, check)
	if c.prepared != nil {
		// Others will have these in their hands, not the snapshot's.
		req.Header, c.plain = req.Header.Clone(), false
		c.prepared.Settings = p.settings.clone()
		p.settings = &c.prepared.Settings
		p.cookies = cloneCookies(p.cookies)
		c.prepared.showCookies()
	}
	p.marks = c.mergedMarks()
	if !c.handsOut { // or whoever sends it finds out
		_, err := c.session.mountFor(u)
		check(err)
	}
	if len(errs) > 0 {
		return c.refused(errors.Join(errs...))
	}
	if err := c.prepareAuth(home); err != nil {
		return c.refused(err)
	}
	if c.prepared == nil {
		return nil
	}
	return c.showPrepared()
}

// showPrepared runs the Prepare hooks, which may change everything.
func (c *call) showPrepared() error {
	p := c.prepared
	run := c.runPrepare
	if c.recorder() != nil {
		run = c.runExplained
	}
	// What a hook derives from the context that it is shown, and puts in place,
	// becomes the call's, and must not lead back to itself.
	shown := &callContext{Context: c.ctx.Context, call: c}
	mine := p.Request.WithContext(shown)
	p.Request = mine
	if err := run(p); err != nil {
		return c.refused(fmt.Errorf("prepare hook: %w", err))
	}
	if p.Request != nil && p.Request.Context() != shown && p.Request.Context().Value(redact.MarksKey{}) == any(c) {
		c.ctx.Context = p.Request.Context() // any other would not end with the caller's
	}
	if p.Request == mine {
		c.first.req = *p.Request.WithContext(&c.ctx)
		p.Request = &c.first.req
	}
	if p.Request == nil || p.URL == nil || p.Header == nil {
		return c.refused(errors.New("prepare hook: the request has no URL or header left"))
	}
	p.adoptBody(p.Request, nil)
	if err := errors.Join(checkMethod(p.Method), cleanHeader(p.Request)); err != nil {
		return c.refused(err)
	}
	return nil
}

// blank is where a request's context is set without an allocation: WithContext
// copies what it is called on.
var blank http.Request

func upper(method string) string {
	for i := 0; i < len(method); i++ {
		if c := method[i]; 'a' <= c && c <= 'z' {
			return strings.ToUpper(method)
		}
	}
	return method
}

// prepareURL resolves, fills and normalises the URL and adds the query.
func (c *call) prepareURL(u *url.URL) error {
	l, snap := c.layer, c.snapshot
	var err error
	base := snap.base
	if l.BaseURL != "" && l.BaseURL != snap.request.BaseURL {
		if base, err = parseBase(l.BaseURL); err != nil {
			return fmt.Errorf("BaseURL: %w", err)
		}
	}
	if base == nil {
		err = parseTargetInto(u, l.URL)
	} else {
		err = resolveInto(u, base, l.URL, true)
	}
	if err != nil {
		return err
	}
	if c.recorder() != nil {
		c.explainURL(u, base)
	}
	if !strings.HasPrefix(u.Scheme, "http") {
		return nil // params are for URLs the library has rules for
	}
	if len(l.PathParams) > 0 || len(snap.request.PathParams) > 0 {
		if err := fillPath(u, l.PathParams, snap.request.PathParams); err != nil {
			return err
		}
	}
	c.prepareQuery(u)
	return nil
}

// fillPath replaces {name}, which normalising has escaped, in u's path.
func fillPath(u *url.URL, params, defaults map[string]string) error {
	path := u.EscapedPath()
	if !strings.Contains(path, "%7B") {
		return nil
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(path, "%7B")
		b.WriteString(before)
		if !ok {
			break
		}
		name, after, ok := strings.Cut(rest, "%7D")
		if !ok {
			b.WriteString("%7B" + rest)
			break
		}
		key := unescapeLenient(name)
		value, ok := params[key]
		if !ok {
			value, ok = defaults[key]
		}
		if !ok {
			return refuse(ErrInvalidURL, "the path has {%s}, for which there is no path parameter", key)
		}
		if value == "" || value == "." || value == ".." {
			return refuse(ErrInvalidURL, "path parameter %s is %q, which would change the path around it", key, value)
		}
		b.WriteString(url.PathEscape(value))
		path = after
	}
	setPath(u, b.String())
	return nil
}

// atHome reports whether the session's credentials may go to u.
func (c *call) atHome(u *url.URL) bool {
	base := c.snapshot.base
	return base == nil || base.Host == u.Host && base.Scheme == u.Scheme || origin.Same(base, u)
}

// prepareHeader lays the call's fields over the session's. Host is returned
// apart, as net/http wants it.
func (c *call) prepareHeader(home bool, check func(error)) (http.Header, string) {
	l, snap := c.layer, c.snapshot
	below, host := snap.sentTo(home), snap.host
	if !home {
		host = ""
	}
	// The values are the snapshot's: hooks, and whoever gets the header in hand
	// to change it, get a deep clone.
	header := maps.Clone(below.header)
	c.plain = below.plain && len(l.Header) == 0
	if len(l.Header) > 0 {
		own := canonicalHeader(l.Header)
		check(checkHeaders(own))
		for k, vs := range own {
			if len(vs) == 0 {
				delete(header, k)
				if k == "Host" {
					host = ""
				}
			} else {
				c.setHeader(header, k, vs)
			}
		}
	}
	for i := range l.header {
		f := &l.header[i]
		c.plain = c.plain && keepsPlain(f)
		switch {
		case f.removes():
			delete(header, f.name)
			if f.name == "Host" {
				host = ""
			}
		case f.more != nil:
			header[f.name] = f.values()
		default:
			c.setHeader(header, f.name, []string{f.value})
		}
	}
	if !c.plain {
		if own, ok := header["Host"]; ok {
			check(checkHost(header))
			host = own[0]
			delete(header, "Host")
		}
		check(checkAgents(header["User-Agent"]))
		if _, ok := header["Trailer"]; ok {
			check(refuse(ErrInvalidHeader, "a Trailer field cannot be sent: trailers are of the body's"))
		}
	}
	if c.recorder() != nil {
		c.explainHeader(below.header, host)
	}
	return header, host
}

// setHeader sets a field to values of the call's own. A single value lies in
// the call itself.
func (c *call) setHeader(h http.Header, name string, vs []string) {
	if len(vs) != 1 || int(c.used) == len(c.values) {
		h[name] = slices.Clone(vs)
		return
	}
	c.values[c.used] = vs[0]
	h[name] = c.values[c.used : c.used+1 : c.used+1]
	c.used++
}

// requestCookies returns the cookies of both layers that go with this call.
func (c *call) requestCookies(home bool, check func(error)) []*http.Cookie {
	below := c.snapshot.request.Cookies
	if !home {
		below = nil
	}
	for _, k := range c.layer.Cookies {
		check(checkCookie(k))
	}
	return overlayCookies(below, c.layer.Cookies)
}

func (c *call) mergedMarks() *marks {
	if c.layer.marks == nil {
		return c.snapshot.request.marks
	}
	return mergeMarks(c.layer.marks, c.snapshot.request.marks)
}
