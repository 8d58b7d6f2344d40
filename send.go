package requests

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/seed-3bbad739/requests/internal/redact"
)

// observed is what the Complete hooks are told.
type observed struct {
	started   time.Time
	asked     *PreparedRequest
	exchanges []Exchange
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
	own := PreparedRequest{Request: p.Request, Settings: p.Settings, plan: p.plan, cookie: p.cookie}
	c.prepared, c.plan = &own, &own.plan
	own.set = p.set.clone()
	own.byHand = p.byHand || p.settings == nil // and not by Prepare
	own.settings = &own.Settings
	if own.byHand || own.Settings.Environment == nil {
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
	own.adoptBody(&h.req, p.claimed())
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

// run makes the exchanges of the call. What a panic of a hook, an authenticator
// or a callback leaves open is closed.
func (c *call) run() (*Response, error) {
	over := false
	defer func() {
		if !over {
			c.abandon()
		}
	}()
	resp, err := c.loop()
	over = true
	return resp, err
}

// abandon ends what nobody will have in hand.
func (c *call) abandon() {
	c.stopTimer()
	if c.last != nil {
		closeContent(&c.last.http)
	}
}

// loop is the exchange loop. It ends with a response whose content is read, or
// left open for a stream.
func (c *call) loop() (*Response, error) {
	if p := c.prepared; p != nil && p.Request != &c.first.req {
		// A hook put another request in the place of the prepared one.
		c.first.req = *p.Request.WithContext(&c.ctx)
		c.first.req.Header = p.Request.Header.Clone()
	}
	if u := c.first.req.URL; u != &c.first.url { // a hook's
		c.first.url = *u
		c.first.req.URL = &c.first.url
	}
	if c.hasCompleteHooks() {
		asked := c.asPrepared().Clone()
		// Not that of the call, which Timeouts.Total ends with it.
		asked.Request = asked.Request.WithContext(&callContext{Context: c.ctx.Context, call: c})
		c.result = &observed{started: time.Now(), asked: asked}
	}
	c.startTimer()
	c.home = &c.first.url
	if field, ok := c.first.req.Header["Cookie"]; ok {
		c.first.ownCookie = c.prepared == nil || !c.prepared.cookie.is(field)
	}
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
	if !isOn(settings.Stream) && !r.isConnection() {
		err := r.load()
		c.stopTimer()
		if err != nil {
			return nil, c.complete(r, err)
		}
	}
	if isOn(settings.RaiseForStatus) {
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
	hookErr := c.runComplete(result)
	if hookErr == nil {
		return err
	}
	return errors.Join(err, &Error{Op: "complete hook", Method: c.first.req.Method, URL: redact.Target(c.first.req.URL), Err: hookErr, Response: r})
}
