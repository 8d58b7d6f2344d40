package requests

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/ctxkey"
)

// exchange sends h's request and receives the header of the response. The
// order is: Send hooks, for they may change everything; cookies of the jar,
// for the URL that is final now; deferred authentication, which may sign all
// of it; the body, opened last so that nothing before can leave it open; the
// adapter. Cookies are stored before Response hooks, which see the jar as the
// next request will.
func (c *call) exchange(h *hop) error {
	c.number++
	req := &h.req
	deferred := c.plan.auth != nil && isDeferred(c.plan.auth) && (!c.lost || isBound(c.plan.auth, &h.url))
	hooked := c.hasSendHooks()
	if hooked || deferred || c.hasResponseHooks() {
		req = h.req.Clone(&c.ctx) // hooks have it in hand
		c.plain = false
	}
	var answer *http.Response
	var err error
	taken := false
	defer func() {
		if !taken { // what a hook or an authenticator has set
			closeBody(req)
		}
	}()
	if hooked {
		if req, answer, err = c.beforeWire(req); err != nil {
			return err
		}
	}
	var elapsed time.Duration
	if answer == nil {
		c.addCookies(h, req)
		if err := c.checkAgent(req); err != nil {
			return err
		}
		if deferred {
			if err := c.plan.authenticate(req); err != nil {
				if errors.Is(err, context.DeadlineExceeded) {
					err = because(ErrTimeout, err) // it waited for something: a token, say
				}
				return c.recorded(req, nil, 0, err)
			}
		}
		if req.Body != nil && req.GetBody != nil && sameFunc(req.GetBody, h.req.GetBody) {
			req.GetBody = nil // it opens what the hook or the authenticator has replaced
		}
		taken = true
		if answer, elapsed, err = c.roundTrip(req); err != nil {
			return c.recorded(req, nil, elapsed, err)
		}
	}
	h.http = *answer
	h.http.Request = c.requestOf(answer, req)
	fillIn(&h.http)
	h.resp.Response, h.resp.Elapsed, h.resp.call, h.resp.came = &h.http, elapsed, c, answer
	if c.jar != nil {
		c.jar.StoreHeader(req.URL, h.http.Header)
	}
	c.recorded(req, &h.http, elapsed, nil)
	if o, ok := c.plan.auth.(interface{ Observe(*http.Response) }); ok && (!c.lost || isBound(c.plan.auth, req.URL)) {
		o.Observe(&h.http)
	}
	if c.hasResponseHooks() {
		return c.respond(h, req, elapsed)
	}
	return nil
}

// checkAgent sees to the User-Agent field, of which net/http would send its own
// in place of none, and one of several.
func (c *call) checkAgent(req *http.Request) error {
	if c.plain {
		return nil
	}
	agents, ok := req.Header["User-Agent"]
	if !ok {
		req.Header["User-Agent"] = nil
	}
	if c.passThrough {
		return nil
	}
	return checkAgents(agents)
}

func checkAgents(agents []string) error {
	if len(agents) > 1 {
		return refuse(ErrInvalidHeader, "User-Agent has %d values, and only one can be sent", len(agents))
	}
	return nil
}

// closeBody closes what a hook or an authenticator has set and nobody takes.
func closeBody(req *http.Request) {
	if req != nil && req.Body != nil {
		req.Body.Close()
	}
}

// requestOf is req as the request of answer, with what layers below the session
// left in the context of theirs: a Retry leaves its attempts.
func (c *call) requestOf(answer *http.Response, req *http.Request) *http.Request {
	if answer.Request == nil {
		return req
	}
	sent := answer.Request.Context()
	if own, ok := sent.(*callContext); ok && own == &c.ctx {
		return req
	}
	if own, ok := sent.Value(ctxkey.Beneath{}).(*callContext); ok && own == &c.ctx && answer.Request.URL == req.URL {
		return answer.Request // req and what was left for us
	}
	return req.WithContext(&answeredContext{req.Context(), sent})
}

// beforeWire runs the Send hooks, which may answer in the place of the network.
func (c *call) beforeWire(req *http.Request) (*http.Request, *http.Response, error) {
	e := Exchange{Request: req, Number: int(c.number)}
	ran := false
	defer func() {
		if !ran { // a hook panicked
			closeContent(e.Response)
		}
	}()
	err := c.runSend(&e)
	ran = true
	switch {
	case err != nil:
		err = fmt.Errorf("send hook: %w", err)
	case e.Request == nil || e.Request.URL == nil:
		err = errors.New("send hook: the exchange has no request left")
	default:
		if e.Request.Header == nil {
			e.Request.Header = make(http.Header)
		}
		err = cleanHeader(e.Request)
	}
	if err != nil {
		closeContent(e.Response)
	}
	return e.Request, e.Response, err
}

// respond runs the Response hooks, which may put another response in place.
func (c *call) respond(h *hop, req *http.Request, elapsed time.Duration) error {
	e := Exchange{Request: req, Response: &h.http, Number: int(c.number), Elapsed: elapsed}
	ran := false
	defer func() {
		if !ran { // a hook panicked
			closeContent(&h.http)
		}
	}()
	err := c.runResponse(&e)
	ran = true
	if err == nil && e.Response == nil {
		err = errors.New("the exchange has no response left")
	}
	if err != nil {
		closeContent(&h.http)
		if e.Response != &h.http {
			closeContent(e.Response)
		}
		return fmt.Errorf("response hook: %w", err)
	}
	if e.Response != &h.http {
		if !sameBody(e.Response.Body, h.http.Body) {
			closeContent(&h.http)
		}
		h.http = *e.Response
	}
	if h.http.Request == nil || h.http.Request.URL == nil {
		h.http.Request = req
	}
	fillIn(&h.http)
	return nil
}

// fillIn gives a response that somebody made by hand what net/http's always have.
func fillIn(r *http.Response) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
}

// closeContent closes what is left of a response that a hook had in hand.
func closeContent(r *http.Response) {
	if r != nil && r.Body != nil {
		r.Body.Close()
	}
}

// recorded notes an exchange for the Complete hooks and returns err.
func (c *call) recorded(req *http.Request, resp *http.Response, elapsed time.Duration, err error) error {
	if c.result != nil {
		e := Exchange{Request: req, Response: resp, Err: err, Number: int(c.number), Elapsed: elapsed}
		c.result.exchanges = append(c.result.exchanges, e)
	}
	return err
}

// began is what exchanges are timed from: how long ago that was takes half as long
// to read as what time it is.
var began = time.Now()

// roundTrip lets the adapter of the URL carry req. Whatever goes wrong before
// the adapter has the request leaves no body open.
func (c *call) roundTrip(req *http.Request) (*http.Response, time.Duration, error) {
	handed := false
	defer func() {
		if !handed {
			closeBody(req)
		}
	}()
	m, err := c.session.mountFor(req.URL)
	if err != nil {
		return nil, 0, err
	}
	if l := c.session.lease; m.adapter == http.RoundTripper(l.adapter()) {
		l.watch(c.session)
	}
	if err := c.prepareExchange(req.URL); err != nil {
		return nil, 0, err
	}
	if !c.plain && c.ctx.settings.Load().Proxy == nil {
		delete(req.Header, "Proxy-Authorization") // it is for a proxy, never for an origin
	}
	if err := contextError(&c.ctx); err != nil {
		return nil, 0, err
	}
	if c.upload != nil || mayWait(c.content()) {
		// What is put around GetBody is not for the next hop, which takes that over.
		req = req.WithContext(req.Context())
	}
	if err := c.openRequestBody(req); err != nil {
		return nil, 0, err
	}
	handed = true
	c.plain = false
	start := time.Since(began)
	resp, err := m.wrapped.RoundTrip(req)
	elapsed := time.Since(began) - start
	if err != nil {
		return nil, elapsed, failure(&c.ctx, c.ofBundle(err))
	}
	if resp == nil {
		return nil, elapsed, errors.New("the adapter returned neither response nor error")
	}
	return resp, elapsed, nil
}

// prepareExchange works out the adapter's settings for u: the proxy is chosen
// anew for every hop.
func (c *call) prepareExchange(u *url.URL) error {
	p := c.plan
	s := p.settings
	explicit := p.proxies
	var env *environmentProxies
	if !sameMap(s.Proxies, p.merged) { // a hook or the caller changed it
		explicit = s.Proxies
	} else if isOn(s.Environment) {
		if env = c.env; c.number > 1 || c.envOf != schemeOf(u) {
			env = environmentFor(u)
		}
	}
	proxyURL, err := selectProxy(explicit, c.snapshot.proxies, env, u)
	if err != nil {
		return err
	}
	a := adapters.Settings{
		Proxy:        proxyURL,
		Connect:      limit(s.Timeouts.Connect),
		TLSHandshake: limit(s.Timeouts.TLSHandshake),
		Read:         limit(s.Timeouts.Read),
		Timings:      isOn(s.Timings),
	}
	if proxyURL != nil {
		a.ProxyTLS = s.ProxyTLS
		if env == nil && s.ProxyAuth != nil && isOn(s.Environment) {
			env = environmentFor(u) // whose proxies may be among those of s
		}
		if by := proxyAuthFor(proxyURL, s.ProxyAuth, explicit, env); by != nil {
			a.ProxyAuth = by
		}
	}
	if u.Scheme != "http" {
		a.TLS = s.TLS
		if isOn(s.Environment) && (c.number > 1 || c.envOf != schemeOf(u)) {
			a.TLS = c.snapshot.bundled(s.TLS, u)
		}
	}
	c.ctx.settings.Store(c.snapshot.settled(a))
	return nil
}

// openRequestBody gives req the body it announces, unless an authenticator
// did.
func (c *call) openRequestBody(req *http.Request) error {
	if req.Body != nil {
		return nil
	}
	content := c.content()
	if content == nil {
		if !c.passThrough && !c.dropped && req.ContentLength == 0 {
			frameEmpty(req)
		}
		return nil
	}
	if req.ContentLength == 0 {
		frameEmpty(req)
		return nil
	}
	var body io.ReadCloser
	var err error
	if mayWait(content) {
		content = c.bind(req, content)
	}
	if req.GetBody != nil {
		body, err = req.GetBody()
	} else {
		body, err = content.Open()
	}
	if err == nil && body == nil {
		err = fmt.Errorf("%T.Open returned neither a reader nor an error", c.content())
	}
	if err != nil {
		return fmt.Errorf("open body: %w", err)
	}
	if c.upload != nil {
		get := req.GetBody
		total := req.ContentLength
		body = c.upload.of(body, total)
		if get != nil {
			req.GetBody = func() (io.ReadCloser, error) {
				again, err := get()
				if err != nil {
					return nil, err
				}
				return c.upload.of(again, total), nil
			}
		}
	}
	req.Body = body
	return nil
}

var identity = []string{"identity"}

// frameEmpty makes an empty body go out as Content-Length: 0, which GET and
// HEAD do without. net/http does that by itself for the methods that usually
// have a body; for the others it must be told.
func frameEmpty(req *http.Request) {
	switch req.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		req.Body = http.NoBody
	default:
		req.Body = http.NoBody
		req.TransferEncoding = identity
	}
}
