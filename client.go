package requests

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/decode"
	"github.com/seed-3bbad739/requests/internal/drain"
)

// HTTPClient returns the session as an *http.Client, for SDKs that take one.
// Each of its exchanges goes through the session's adapters, middleware,
// exchange hooks, cookies, proxies, TLS settings and timeouts. The session's
// header fields are added where the request has none of that name, a Host where
// that of the request is its URL's, and its authentication where the request has
// no Authorization and its URL carries no signature; all only as far as the origin
// rules of the session allow, which also take from a redirect what http.Client
// would have kept. Redirects are followed by http.Client, up to the session's
// limit. Content is decoded if the request names neither Accept-Encoding nor Range.
// A file named by NETRC does not apply.
//
// The client's Timeout is the session's Timeouts.Total as it is now; its Transport
// by itself knows no Total. Match a timeout by context.DeadlineExceeded or
// net.Error, as http.Client puts an error of its own in the place of the session's
// when its Timeout runs out.
//
// The text of http.Client's own errors has the whole URL in it, query and all.
//
// Base URL, params, MaxBody, RaiseForStatus and the hooks of a call do not
// apply. Every call returns a new client; its CloseIdleConnections does
// nothing, as the connections are the session's.
func (s *Session) HTTPClient() *http.Client {
	set := &s.snapshot.Load().request.Settings
	return &http.Client{
		Transport:     &clientTransport{session: s},
		CheckRedirect: s.checkRedirect,
		Timeout:       limit(set.Timeouts.Total),
	}
}

func (s *Session) checkRedirect(req *http.Request, via []*http.Request) error {
	set := &s.snapshot.Load().request.Settings
	switch n := set.MaxRedirects; {
	case n < 0:
		return http.ErrUseLastResponse
	case !isWeb(req.URL):
		return notWeb(req.URL)
	case len(via) > n:
		return refuse(ErrTooManyRedirects, "more than %d", n)
	}
	if req.Response != nil && len(req.Response.Header.Get("Location")) > maxLocation {
		return refuse(ErrInvalidURL, "a Location of more than %d bytes", maxLocation)
	}
	if hasBody(req) && via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme == "http" {
		return ErrInsecureRedirect
	}
	return nil
}

// isInsecure reports whether req is a redirect that would send its content
// without the encryption that it had.
func isInsecure(req *http.Request) bool {
	if !hasBody(req) || req.URL.Scheme != "http" || req.Response == nil || req.Response.Request == nil || req.Response.Request.URL == nil {
		return false
	}
	return req.Response.Request.URL.Scheme == "https"
}

func hasBody(req *http.Request) bool {
	return req.Body != nil && req.Body != http.NoBody || req.ContentLength > 0
}

// RoundTripper returns a view of s for clients that sign what they send: it
// sends requests as they are. Adapters, middleware, proxies, trust, time limits
// and the hooks of exchanges are those of s, at the moment of sending; its
// header, cookies and authentication stay out, and cookies that come back are
// not kept. Content comes in the coding that it was sent in. Redirects are the
// caller's to follow.
//
// Timeouts.Total bounds each exchange, with its retries and its content: a
// redirect that the caller follows has that time anew. The connection of a 101
// response lives past it.
func (s *Session) RoundTripper() http.RoundTripper {
	return &clientTransport{session: s, plain: true}
}

// clientTransport is one exchange of a session per RoundTrip.
type clientTransport struct {
	session *Session
	plain   bool // the session's defaults stay out
}

// RoundTrip implements [http.RoundTripper].
func (t *clientTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	body := &givenBody{first: req.Body, get: req.GetBody, size: req.ContentLength, handed: new(uint32)}
	defer body.discard() // unless it was handed on
	s := t.session
	if req.Response != nil && !isWeb(req.URL) { // whatever CheckRedirect the caller has put in place
		return nil, newError("send", req.Method, req.URL, notWeb(req.URL), nil)
	}
	if isInsecure(req) {
		return nil, newError("send", req.Method, req.URL, ErrInsecureRedirect, nil)
	}
	if err := s.begin(); err != nil {
		return nil, newError("send", req.Method, req.URL, err, nil)
	}
	defer s.end()
	c, err := s.open(callerContext(req.Context()))
	if err != nil {
		return nil, newError("send", req.Method, req.URL, err, nil)
	}
	if t.plain {
		c.jar = nil
	}
	if err := c.adopt(req, body, t.plain); err != nil {
		return nil, newError("send", req.Method, req.URL, err, nil)
	}
	var clock *time.Timer
	if t.plain { // http.Client bounds the other
		clock = c.boundExchange()
	}
	h, err := c.authenticated()
	if err == nil && clock != nil && h.http.StatusCode == http.StatusSwitchingProtocols {
		err = c.unbound(&h.http, clock)
	}
	if err != nil {
		c.stopTimer()
		return nil, newError("send", req.Method, req.URL, err, nil)
	}
	return c.passOn(h), nil
}

// authenticated sends the first request, and again as the challenges ask for it.
func (c *call) authenticated() (*hop, error) {
	over := false
	defer func() {
		if !over { // a hook or an authenticator panicked
			c.abandon()
		}
	}()
	h := &c.first
	for {
		h.before, c.last = c.last, h
		var next *hop
		err := c.exchange(h)
		if err == nil {
			if next, err = c.challenge(h); err != nil {
				closeContent(&h.http)
			}
		}
		if err != nil || next == nil {
			over = true
			return h, err
		}
		c.keep(h)
		h = next
	}
}

// CloseIdleConnections does nothing: the connections are the session's.
func (t *clientTransport) CloseIdleConnections() {}

// adopt lays the session's defaults under req, unless it is to go as it is. A
// copy of it will be sent.
func (c *call) adopt(req *http.Request, body *givenBody, plain bool) error {
	snap := c.snapshot
	p, h := &c.own, &c.first
	c.plan = p
	first, lost := walkBack(req)
	c.home, c.lost = first, lost
	home := !lost && c.atHome(first)

	if err := checkHostOf(req); err != nil {
		return err
	}
	h.url = *req.URL
	h.req = *req.WithContext(&c.ctx)
	h.req.URL = &h.url
	h.req.Body, h.req.GetBody = nil, nil
	if _, ok := c.ctx.Deadline(); ok {
		dropCancel(&h.req)
	}
	if snap.host != "" && home && !plain && (req.Host == "" || req.Host == req.URL.Host) {
		h.req.Host = snap.host // http.NewRequest has filled in that of the URL
	}
	h.req.Header = req.Header.Clone()
	if h.req.Header == nil {
		h.req.Header = make(http.Header)
	}
	if home && !plain {
		p.cookies = snap.request.Cookies
	}
	p.marks = snap.request.marks
	if lost {
		stripCredentials(h.req.Header, nil, p.secret())
	}
	if req.Response != nil {
		// http.Client put it there: where a request came from is nobody's
		// business.
		delete(h.req.Header, "Referer")
	}
	_, h.ownCookie = h.req.Header["Cookie"]
	c.raw = plain || h.req.Header["Accept-Encoding"] != nil || h.req.Header["Range"] != nil
	given, signed := h.req.Header["Authorization"] != nil, isSigned(&h.url)
	var header http.Header
	if !plain {
		header = snap.sentTo(home).header
	}
	for k, vs := range header {
		_, ok := h.req.Header[k]
		if ok || c.raw && k == "Accept-Encoding" || signed && k == "Authorization" {
			continue
		}
		h.req.Header[k] = slices.Clone(vs)
	}
	c.passThrough = true
	if body.first != nil && body.first != http.NoBody {
		p.body = body
		if h.req.ContentLength == 0 {
			h.req.ContentLength = -1 // what 0 means to net/http beside a body
		}
		if body.get != nil {
			h.req.GetBody = body.Open
		}
	}
	p.settings = &snap.request.Settings
	p.proxies, p.merged = p.settings.Proxies, p.settings.Proxies

	a := snap.request.Auth
	if plain || a == nil || a == auth.None || given || signed {
		return nil
	}
	if !home && !isBound(a, &h.url) {
		return nil
	}
	if p.auth = a; isDeferred(a) {
		return nil
	}
	return p.authenticate(&h.req)
}

// dropCancel leaves the end of r to its context, which has a deadline. That of an
// http.Client with a timeout ends both at one moment, and the channel does not say
// why. Whether it counts beside a context is undefined.
//
// Deprecated: as the field is, which http.Client goes on setting.
func dropCancel(r *http.Request) { r.Cancel = nil }

// walkBack returns the URL that the chain of redirects behind req began with,
// and whether it left its origin on the way.
func walkBack(req *http.Request) (first *url.URL, lost bool) {
	const maxChain = 1000 // the chain is the caller's, but a loop in it must end
	chain := []*url.URL{req.URL}
	for r := req; r.Response != nil && r.Response.Request != nil && r.Response.Request.URL != nil && len(chain) < maxChain; {
		r = r.Response.Request
		chain = append(chain, r.URL)
	}
	first = chain[len(chain)-1]
	for i := len(chain) - 1; i > 0; i-- {
		lost = lost || !staysHome(first, chain[i], chain[i-1])
	}
	return first, lost
}

// isSigned reports whether a URL authenticates itself (presigned URLs of AWS,
// Google and Azure): a second set of credentials makes servers refuse it.
func isSigned(u *url.URL) bool {
	if u.RawQuery == "" {
		return false
	}
	q := u.Query()
	for _, k := range [...]string{"X-Amz-Signature", "X-Goog-Signature", "Signature", "sig"} {
		if q.Has(k) {
			return true
		}
	}
	return false
}

// passOn returns the response as http.Client expects it.
func (c *call) passOn(h *hop) *http.Response {
	resp := h.http
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return &resp // the body is a connection now
	}
	s := &passedBody{c: c, rc: resp.Body, resp: &resp, came: h.resp.came}
	lines := resp.Header["Content-Encoding"]
	if !c.raw && len(lines) > 0 && resp.Body != http.NoBody && hasContent(h.req.Method, resp.StatusCode) {
		source := &aliveBody{resp.Body, c}
		decoded, err := decode.Reader(source, lines)
		if err == nil && decoded != io.ReadCloser(source) {
			s.rc = decoded
			resp.Header = resp.Header.Clone()
			delete(resp.Header, "Content-Encoding")
			delete(resp.Header, "Content-Length")
			resp.ContentLength, resp.Uncompressed = -1, true
		} else if err != nil {
			s.err = s.named(err)
		}
	}
	if resp.Body != http.NoBody {
		resp.Body = s
	} else {
		c.stopTimer()
	}
	return &resp
}

// passedBody gives the errors of a body their names.
type passedBody struct {
	c    *call
	rc   io.ReadCloser
	err  error
	resp *http.Response // as it was passed on
	came *http.Response // see Response.came
}

func (b *passedBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.rc.Read(p)
	if err == io.EOF && b.resp.Trailer == nil {
		b.resp.Trailer = b.came.Trailer
	}
	if err != nil && err != io.EOF {
		err = b.named(err)
	}
	if err != nil {
		b.c.stopTimer()
	}
	return n, err
}

func (b *passedBody) named(err error) error {
	req := b.c.first.http.Request
	why := failure(&b.c.ctx, err)
	if context.Cause(&b.c.ctx) == errOver { // which says nothing of what is read after it
		why = failure(b.c.callerContext(), err)
	}
	return newError("read content", req.Method, req.URL, why, nil)
}

func (b *passedBody) Close() error {
	err := b.rc.Close()
	b.c.stopTimer()
	return err
}

// Abort ends a pending Read.
func (b *passedBody) Abort() { drain.Abort(b.rc) }

// CanAbort reports whether Abort is more than Close.
func (b *passedBody) CanAbort() bool { return drain.CanAbort(b.rc) }

// givenBody is the body of a request that somebody else made: the first
// reader is there already, others come from GetBody.
type givenBody struct {
	first  io.ReadCloser
	get    func() (io.ReadCloser, error)
	size   int64
	handed *uint32 // set atomically
}

func (b *givenBody) Len() int64        { return b.size }
func (*givenBody) ContentType() string { return "" }
func (b *givenBody) replayable() bool  { return b.get != nil }
func (b *givenBody) Open() (io.ReadCloser, error) {
	if atomic.CompareAndSwapUint32(b.handed, 0, 1) {
		return b.first, nil
	}
	return b.get()
}

// discard closes the body if nobody has taken it.
func (b *givenBody) discard() {
	if b.first != nil && atomic.CompareAndSwapUint32(b.handed, 0, 1) {
		b.first.Close()
	}
}

// aliveBody is a body that can tell whether the call it is of still goes on.
type aliveBody struct {
	io.ReadCloser
	c *call
}

// Alive is for package decode.
func (b *aliveBody) Alive() error { return contextError(&b.c.ctx) }

// Abort ends a pending Read.
func (b *aliveBody) Abort() { drain.Abort(b.ReadCloser) }

// CanAbort reports whether Abort is more than Close.
func (b *aliveBody) CanAbort() bool { return drain.CanAbort(b.ReadCloser) }
