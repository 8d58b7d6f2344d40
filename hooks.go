package requests

import (
	"sync/atomic"
	"time"

	"github.com/seed-3bbad739/requests/hooks"
)

// Exchange is one request on the wire and what came of it; see [hooks.Exchange].
type Exchange = hooks.Exchange

// Hooks are functions run at four places of a call, in two rings. Prepare and
// Complete run once per call. Send and Response run once per exchange: for
// every redirect hop and every answer to a challenge. The first error ends a
// list and fails the call. The lists may be changed while requests run.
//
// A Hooks must not be copied; its zero value is empty and ready.
type Hooks struct {
	// Prepare runs last in [Session.Prepare] and may change what will be sent.
	Prepare hooks.List[*PreparedRequest]
	// Send runs before the wire, on a request of its own, which it may
	// change. One that it moves to another host takes its credentials along. A
	// Body set here can be sent again, by a Retry say, if GetBody is set beside
	// it. A Response set here answers without the network.
	Send hooks.List[*Exchange]
	// Response runs once the header has come and the cookies are stored, the
	// body unread and not yet decoded. It may change or replace Response, and
	// so what is followed. The body of a response that is replaced is closed: to
	// wrap it, set Response.Body.
	Response hooks.List[*Exchange]
	// Complete runs when the call is over, well or not. It observes: an error
	// it returns is joined to the call's, and a call that went well fails by it,
	// with its response in Error.Response.
	Complete hooks.List[*Result]

	logs atomic.Bool // a WithLogger is among them, perhaps of nil
}

// Result is what came of a call. It is not to be written to.
type Result struct {
	Request   *PreparedRequest // what was asked; nil when preparing failed
	Response  *Response        // nil when there is none
	Err       error            // what the call returns
	Exchanges []Exchange       // everything that went over the wire, in order
	Elapsed   time.Duration    // from the beginning of sending, the content included unless it is streamed
}

// append adds the hooks of o, as they are now, after those of h. A logger takes
// the place of the one before.
func (h *Hooks) append(o *Hooks) {
	if o == nil {
		return
	}
	h.Prepare.Append(&o.Prepare)
	h.Send.Append(&o.Send)
	logs := o.logs.Load()
	appendLogged(&h.Response, &o.Response, logs)
	appendLogged(&h.Complete, &o.Complete, logs)
	if logs {
		h.logs.Store(true)
	}
}

// appendLogged adds the hooks of more to list. If one of them is to log, or none
// any more, it swaps the former in one step: calls that run meanwhile are logged.
func appendLogged[T any](list, more *hooks.List[T], logs bool) {
	if !logs {
		list.Append(more)
		return
	}
	silent := true
	for name, hook := range more.All() {
		ofLogger := name == logName
		if ofLogger {
			silent = false
		}
		if !ofLogger || !list.Swap(name, hook) {
			list.PushBackNamed(name, hook)
		}
	}
	if silent {
		list.RemoveByName(logName)
	}
}

// copy returns hooks that change independently of h.
func (h *Hooks) copy() *Hooks {
	c := new(Hooks)
	c.append(h)
	return c
}

// The lists of a call: the session's and then the request's, which may be nil.

func (c *call) runPrepare(p *PreparedRequest) error {
	if err := c.session.hooks.Prepare.Run(p); err != nil || c.plan.hooks == nil {
		return err
	}
	return c.plan.hooks.Prepare.Run(p)
}

func (c *call) hasPrepareHooks() bool {
	return c.session.hooks.Prepare.Len() > 0 || c.plan.hooks != nil && c.plan.hooks.Prepare.Len() > 0
}

func (c *call) hasSendHooks() bool {
	return c.session.hooks.Send.Len() > 0 || c.plan.hooks != nil && c.plan.hooks.Send.Len() > 0
}

func (c *call) runSend(e *Exchange) error {
	if err := c.session.hooks.Send.Run(e); err != nil || c.plan.hooks == nil {
		return err
	}
	return c.plan.hooks.Send.Run(e)
}

func (c *call) hasResponseHooks() bool {
	return c.session.hooks.Response.Len() > 0 || c.plan.hooks != nil && c.plan.hooks.Response.Len() > 0
}

func (c *call) runResponse(e *Exchange) error {
	own := c.plan.hooks
	if err := runBeneath(&c.session.hooks.Response, own, e); err != nil || own == nil {
		return err
	}
	return own.Response.Run(e)
}

func (c *call) hasCompleteHooks() bool {
	return c.session.hooks.Complete.Len() > 0 || c.plan.hooks != nil && c.plan.hooks.Complete.Len() > 0
}

func (c *call) runComplete(r *Result) error {
	own := c.plan.hooks
	if err := runBeneath(&c.session.hooks.Complete, own, r); err != nil || own == nil {
		return err
	}
	return own.Complete.Run(r)
}

// runBeneath runs a list of the session's, without its logger where the call has
// one of its own.
func runBeneath[T any](list *hooks.List[T], own *Hooks, v T) error {
	if own == nil || !own.logs.Load() {
		return list.Run(v)
	}
	others := list.Copy()
	others.RemoveByName(logName)
	return others.Run(v)
}
