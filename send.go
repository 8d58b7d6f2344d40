package requests

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/ctxkey"
	"github.com/seed-3bbad739/requests/internal/drain"
)

// hop is one exchange in the making: the request, as it stands before hooks,
// cookies and deferred authentication, and the response.
type hop struct {
	req    http.Request
	url    url.URL
	http   http.Response
	resp   Response
	cookie string // the Cookie field that was sent

	elsewhere bool // not of the origin that the hop before was of
	dropsBody bool
	ownCookie bool // the Cookie field is the caller's: the jar adds nothing

	before *hop
}

// exchangeRecord is what a call remembers of its exchanges.
type exchangeRecord struct {
	home   *url.URL  // the URL of the first exchange
	last   *hop      // the latest, which knows the one before it
	chain  *chain    // nil as long as there is one hop
	result *observed // nil unless a Complete hook will want it
	upload *uploadProgress
	number int32 // of exchanges

	dropped bool // a redirect left the content behind
	lost    bool // credentials were left behind, for good

	// For HTTPClient: the request is somebody else's, framing and all.
	passThrough bool
	raw         bool // the caller wants the content coding as it comes
}

// chain is what a call remembers when one exchange leads to another.
type chain struct {
	history    []*Response
	room       [4]*Response
	decoding   sync.Mutex // guards what is decoded late of history
	redirects  int
	rounds     []round // challenges answered, by origin
	unfollowed *hop    // what Next returns
}

// chained returns c's chain, which begins with the first call.
func (c *call) chained() *chain {
	if c.chain == nil {
		c.chain = new(chain)
	}
	return c.chain
}

func (c *chain) add(r *Response) {
	if c.history == nil {
		c.history = c.room[:0]
	}
	c.history = append(c.history, r)
}

// observed is what the Complete hooks are told.
type observed struct {
	started   time.Time
	asked     *PreparedRequest
	exchanges []Exchange
}

// content is what goes along with a request: nothing once a redirect dropped it.
func (c *call) content() Body {
	if c.dropped {
		return nil
	}
	return c.plan.body
}

// resume makes a call of a prepared request.
func (s *Session) resume(p *PreparedRequest) (*call, error) {
	if p == nil || p.Request == nil || p.Request.URL == nil {
		return nil, &Error{Op: "send", Err: errors.New("the prepared request is nil or has no URL")}
	}
	c, err := s.open(callerContext(p.Context()))
	if err != nil {
		return nil, newError("send", p.Method, p.URL, err, nil)
	}
	own := *p
	c.prepared, c.plan = &own, &own.plan
	own.settings = &own.Settings
	if own.Settings.Environment == nil { // made by hand, not by Prepare
		own.byHand = true
		own.Settings = own.Settings.over(&c.snapshot.request.Settings, false)
		own.proxies, own.merged = own.Settings.Proxies, own.Settings.Proxies
	}
	h := &c.first
	h.req = *p.Request.WithContext(&c.ctx)
	h.url = *p.URL
	h.req.URL = &h.url
	if h.req.Header = p.Header.Clone(); h.req.Header == nil {
		h.req.Header = make(http.Header)
	}
	if h.req.Method == "" {
		h.req.Method = http.MethodGet
	}
	own.Request = &h.req
	own.adoptBody(&h.req)
	if err := errors.Join(checkMethod(h.req.Method), cleanHeader(&h.req)); err != nil {
		return nil, newError("send", p.Method, p.URL, err, nil)
	}
	return c, nil
}

func (c *call) send() (*Response, error) {
	if err := c.session.begin(); err != nil {
		return nil, newError("send", c.first.req.Method, &c.first.url, err, nil)
	}
	defer c.session.end()
	return c.run()
}

// run is the exchange loop. It ends with a response whose content is read, or
// left open for a stream.
func (c *call) run() (*Response, error) {
	if p := c.prepared; p == nil {
		// Nobody had it in hand.
	} else if p.Request != &c.first.req {
		// A hook put another request in the place of the prepared one.
		c.first.req = *p.Request.WithContext(&c.ctx)
		c.first.url = *p.Request.URL
		c.first.req.URL = &c.first.url
		c.first.req.Header = p.Request.Header.Clone()
	} else if p.URL != &c.first.url {
		c.first.url = *p.URL
		c.first.req.URL = &c.first.url
	}
	if c.hasCompleteHooks() {
		c.result = &observed{started: time.Now(), asked: c.asPrepared().Clone()}
	}
	c.startTimer()
	c.home = &c.first.url
	_, c.first.ownCookie = c.first.req.Header["Cookie"]
	if m := c.plan.marks; m != nil && m.upload != nil {
		c.upload = &uploadProgress{report: m.upload}
	}

	h := &c.first
	for {
		h.before, c.last = c.last, h
		if err := c.exchange(h); err != nil {
			return c.fail(h, nil, err)
		}
		next, err := c.challenge(h)
		if next == nil && err == nil {
			next, err = c.redirect(h)
		}
		if err != nil {
			c.keep(h)
			return c.fail(h, &h.resp, err)
		}
		if next == nil {
			break
		}
		c.keep(h)
		c.chain.add(&h.resp)
		h = next
	}
	return c.finish(h)
}

// asPrepared is what is sent in the form that others know.
func (c *call) asPrepared() *PreparedRequest {
	if c.prepared != nil {
		return c.prepared
	}
	return &PreparedRequest{Request: &c.first.req, Settings: *c.plan.settings, plan: *c.plan}
}

// finish hands the last response out.
func (c *call) finish(h *hop) (*Response, error) {
	r := &h.resp
	if c.chain != nil {
		r.History = slices.Clip(c.chain.history)
		if c.chain.unfollowed != nil {
			next, err := c.prepareNext(c.chain.unfollowed)
			if err != nil {
				r.Body.Close()
				return c.fail(h, r, err)
			}
			r.next = next
		}
	}
	settings := c.plan.settings
	r.openBody(c)
	if settings.Stream == nil || !*settings.Stream {
		err := r.load()
		c.stopTimer()
		if err != nil {
			return nil, c.complete(r, err)
		}
	}
	if settings.RaiseForStatus != nil && *settings.RaiseForStatus {
		if err := r.RaiseForStatus(); err != nil {
			r.Close()
			return nil, c.complete(r, err)
		}
	}
	if err := c.complete(r, nil); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// fail ends the call with an error that names the hop it happened at.
func (c *call) fail(h *hop, resp *Response, err error) (*Response, error) {
	c.stopTimer()
	u := &h.url
	if h.http.Request != nil && h.http.Request.URL != nil {
		u = h.http.Request.URL
	}
	return nil, c.complete(resp, newError("send", h.req.Method, u, err, resp))
}

// complete runs the Complete hooks and joins their error to the call's.
func (c *call) complete(r *Response, err error) error {
	if c.plan == nil || !c.hasCompleteHooks() {
		return err
	}
	result := &Result{Response: r, Err: err}
	if o := c.result; o != nil {
		result.Request, result.Exchanges, result.Elapsed = o.asked, o.exchanges, time.Since(o.started)
	}
	hookErr := c.session.hooks.Complete.Run(result)
	if hookErr == nil && c.plan.hooks != nil {
		hookErr = c.plan.hooks.Complete.Run(result)
	}
	if hookErr == nil {
		return err
	}
	return errors.Join(err, &Error{Op: "complete hook", Method: c.first.req.Method, Err: hookErr, Response: r})
}

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
	if hooked || deferred {
		req = h.req.Clone(&c.ctx)
	}
	var answer *http.Response
	var err error
	if hooked {
		if req, answer, err = c.beforeWire(req); err != nil {
			return err
		}
	}
	var elapsed time.Duration
	if answer == nil {
		c.addCookies(h, req)
		if _, ok := req.Header["User-Agent"]; !ok {
			req.Header["User-Agent"] = nil // or net/http would send its own
		}
		if deferred {
			if err := c.plan.authenticate(req); err != nil {
				return c.recorded(req, nil, 0, err)
			}
		}
		if answer, elapsed, err = c.roundTrip(req); err != nil {
			return c.recorded(req, nil, elapsed, err)
		}
	}
	h.http = *answer
	if h.http.Request = c.requestOf(answer, req); h.http.Body == nil {
		h.http.Body = http.NoBody
	}
	if h.http.Header == nil {
		h.http.Header = make(http.Header)
	}
	h.resp.Response, h.resp.Elapsed, h.resp.call, h.resp.arrived = &h.http, elapsed, c, answer.Body
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
	err := c.runSend(&e)
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
	if err != nil && e.Response != nil && e.Response.Body != nil {
		e.Response.Body.Close()
	}
	return e.Request, e.Response, err
}

// respond runs the Response hooks, which may put another response in place.
func (c *call) respond(h *hop, req *http.Request, elapsed time.Duration) error {
	e := Exchange{Request: req, Response: &h.http, Number: int(c.number), Elapsed: elapsed}
	err := c.runResponse(&e)
	if err == nil && e.Response == nil {
		err = errors.New("the exchange has no response left")
	}
	if err != nil {
		h.http.Body.Close()
		if e.Response != nil && e.Response != &h.http && e.Response.Body != nil {
			e.Response.Body.Close()
		}
		return fmt.Errorf("response hook: %w", err)
	}
	if e.Response != &h.http {
		if e.Response.Body != h.http.Body {
			h.http.Body.Close()
		}
		h.http = *e.Response
	}
	if h.http.Request == nil || h.http.Request.URL == nil {
		h.http.Request = req
	}
	if h.http.Body == nil {
		h.http.Body = http.NoBody
	}
	if h.http.Header == nil {
		h.http.Header = make(http.Header)
	}
	return nil
}

// recorded notes an exchange for the Complete hooks and returns err.
func (c *call) recorded(req *http.Request, resp *http.Response, elapsed time.Duration, err error) error {
	if c.result != nil {
		e := Exchange{Request: req, Response: resp, Err: err, Number: int(c.number), Elapsed: elapsed}
		c.result.exchanges = append(c.result.exchanges, e)
	}
	return err
}

// roundTrip lets the adapter of the URL carry req. Whatever goes wrong before
// the adapter has the request leaves no body open.
func (c *call) roundTrip(req *http.Request) (*http.Response, time.Duration, error) {
	m, err := c.session.mountFor(req.URL)
	if err != nil {
		return nil, 0, err
	}
	if err := c.prepareExchange(req.URL); err != nil {
		return nil, 0, err
	}
	if c.ctx.settings.Proxy == nil {
		delete(req.Header, "Proxy-Authorization") // it is for a proxy, never for an origin
	}
	if err := contextError(&c.ctx); err != nil {
		return nil, 0, err
	}
	if c.upload != nil {
		// What counts the bytes is put around GetBody, which the next hop takes over.
		req = req.WithContext(req.Context())
	}
	if err := c.openRequestBody(req); err != nil {
		return nil, 0, err
	}
	start := time.Now()
	resp, err := m.wrapped.RoundTrip(req)
	elapsed := time.Since(start)
	if err != nil {
		return nil, elapsed, failure(&c.ctx, err)
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
	a := &c.ctx.settings
	explicit := p.proxies
	var env *environmentProxies
	if !sameMap(s.Proxies, p.merged) { // a hook or the caller changed it
		explicit = s.Proxies
	} else if s.Environment != nil && *s.Environment {
		if env = c.env; c.number > 1 || c.envOf != schemeOf(u) {
			env = environmentFor(u)
		}
	}
	proxyURL, err := selectProxy(explicit, c.snapshot.proxies, env, u)
	if err != nil {
		return err
	}
	*a = adapters.Settings{
		Proxy:        proxyURL,
		Connect:      limit(s.Timeouts.Connect),
		TLSHandshake: limit(s.Timeouts.TLSHandshake),
		Read:         limit(s.Timeouts.Read),
		Timings:      s.Timings != nil && *s.Timings,
	}
	if proxyURL != nil {
		a.ProxyTLS = s.ProxyTLS
		if s.ProxyAuth != nil && s.ProxyAuth != auth.None {
			a.ProxyAuth = s.ProxyAuth
		}
	}
	if u.Scheme != "http" {
		a.TLS = s.TLS
		if s.Environment != nil && *s.Environment && (c.number > 1 || c.envOf != schemeOf(u)) {
			a.TLS = c.snapshot.bundled(s.TLS, u)
		}
	}
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
	if req.GetBody != nil {
		body, err = req.GetBody()
	} else {
		body, err = content.Open()
	}
	if err == nil && body == nil {
		err = fmt.Errorf("%T.Open returned neither a reader nor an error", content)
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

// keep reads what is left of a response that is followed by another, within
// the bounds of a drain, so that its connection can serve again. The bytes
// stay with the response as they came.
func (c *call) keep(h *hop) {
	r := &h.resp
	r.History = slices.Clip(c.chained().history)
	if h.http.Body == http.NoBody || h.http.ContentLength == 0 {
		h.http.Body.Close()
		r.keepContent(nil, true, c.plan.settings)
		return
	}
	var buf bytes.Buffer
	if n := h.http.ContentLength; n > 0 && n <= drain.MaxBytes {
		buf.Grow(int(n) + bytes.MinRead)
	}
	complete := drain.Body(&buf, h.http.Body)
	r.noteEnd()
	r.keepContent(buf.Bytes()[:min(buf.Len(), drain.MaxBytes)], complete, c.plan.settings)
}

// prepareNext makes what Next returns of a hop that was not followed.
func (c *call) prepareNext(n *hop) (*PreparedRequest, error) {
	if err := c.authenticateHop(n); err != nil {
		return nil, err
	}
	p := &PreparedRequest{Request: n.req.WithContext(c.callerContext()), Settings: c.plan.settings.clone(), plan: *c.plan}
	if n.dropsBody {
		p.body = nil
	}
	if n.elsewhere || c.lost {
		p.cookies = nil
		if p.auth != nil && isDeferred(p.auth) && !isBound(p.auth, &n.url) {
			p.auth = nil
		}
	}
	if field := c.cookieFieldAfter(n); field != "" {
		p.Request.Header["Cookie"] = []string{field}
		p.cookies = nil
	}
	return p, nil
}
