package adapters

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// exchange is one request and its response on a transport. It is the context
// of the request, so that a dial made for it can be told from others, and
// lives until the response's body is read to its end or closed.
//
// It is one allocation with all that belongs to it.
type exchange struct {
	lifetime
	pool    *HTTP
	via     *entry
	traffic *traffic
	request *http.Request // the caller's
	sent    http.Request  // what goes to the transport
	limits  limits
	upload  upload
	body    body
	hooks   httptrace.ClientTrace

	mu        sync.Mutex // guards what follows
	phase     phase
	tunnelled bool        // the proxy accepted CONNECT, or what SOCKS asks
	reading   bool        // the caller waits for content
	producing bool        // the caller is asked for content
	received  bool        // the content has been read to its end
	interims  int         // bytes of 1xx responses, as far as they are told
	uploads   int         // request bodies not closed yet
	again     *upload     // the request body that was opened last, by GetBody
	uploadErr error       // what reading the caller's body met, or a *miscount
	timer     *time.Timer // nil until a limit is first armed
	deadline  time.Time   // when the timer means it; zero: it does not
	fires     time.Time   // when the timer fires next, which may be before that; zero: it does not
	dial      *dialing    // under way for this exchange
	conn      connFacts
	on        *counted // the connection, or the one being made; nil: none yet
	times     *Trace   // nil: not asked for
}

// limits are the times of Settings; zero means none.
type limits struct{ connect, handshake, read time.Duration }

type exchangeKey struct{}

// Value answers for the exchange itself; all else is the caller's context's.
func (x *exchange) Value(key any) any {
	if _, ok := key.(exchangeKey); ok {
		return x
	}
	return x.Context.Value(key)
}

func exchangeFrom(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

func (x *exchange) secure() bool { return x.request.URL.Scheme == "https" }

// begin sends req through e. It owns a reference to e and a place in t, which
// the end of the exchange gives back.
func (h *HTTP) begin(e *entry, t *traffic, req *http.Request, content io.ReadCloser, set *Settings) (*http.Response, error) {
	x := &exchange{pool: h, via: e, traffic: t, request: req}
	x.live(req.Context())
	x.limits = limits{max(set.Connect, 0), max(set.TLSHandshake, 0), max(set.Read, 0)}
	x.listen(set.Timings)
	// Under x and not over it: what net/http derives its context from is x
	// itself, which tells of its end without a goroutine.
	x.Context = httptrace.WithClientTrace(x.Context, &x.hooks)
	out := &x.sent
	*out = *req.WithContext(x) // which then stays off the heap
	switch {
	case content == nil || content == http.NoBody:
	case goesAtOnce(content, req.ContentLength):
		out.Body = content
	default:
		x.carry(out, content)
	}
	if x.forwarded() {
		out.URL = absoluteTarget(out)
	}
	if err := x.authenticate(out, set); err != nil {
		if out.Body != nil {
			out.Body.Close()
		}
		x.breakOff()
		return nil, err
	}
	resp, err := x.roundTrip(out)
	if err != nil {
		err = x.explain(err)
		x.breakOff()
		return nil, err
	}
	resp.Request = req
	if x.times != nil {
		resp.Request = req.WithContext(context.WithValue(req.Context(), tracedKey{}, x))
	}
	x.receive(resp)
	return resp, nil
}

// carry lays the exchange's own body over content, which net/http may open
// again when a kept connection proves dead.
func (x *exchange) carry(out *http.Request, content io.ReadCloser) {
	x.upload = upload{x: x, content: content, left: x.request.ContentLength}
	x.uploads = 1
	out.Body = &x.upload
	if again := x.request.GetBody; again != nil {
		out.GetBody = func() (io.ReadCloser, error) {
			x.closeUnread()
			content, err := again()
			if err != nil {
				return nil, err
			}
			u := &upload{x: x, content: content, left: x.request.ContentLength}
			x.mu.Lock()
			x.uploads++
			x.again = u
			x.uploadErr = nil // of what is not sent any more
			x.mu.Unlock()
			return u, nil
		}
	}
}

// closeUnread closes the body that GetBody gave last, if it was never read:
// net/http forgets it when HTTP/2 asks for one and then has no connection.
func (x *exchange) closeUnread() {
	x.mu.Lock()
	u := x.again
	x.again = nil
	x.mu.Unlock()
	if u != nil && !u.begun.Load() {
		u.Close()
	}
}

// receive lays the exchange's own body over that of resp.
func (x *exchange) receive(resp *http.Response) {
	x.body = body{x: x, content: resp.Body, left: resp.ContentLength}
	if resp.Body == nil || resp.Body == http.NoBody || withoutContent(x.request, resp) {
		if resp.Body != nil && resp.Body != http.NoBody {
			x.cancel(errDone) // or Close would wait for the caller's body to be read
			resp.Body.Close()
		}
		x.body.content, x.body.left = http.NoBody, 0
	}
	x.mu.Lock()
	x.phase = receiving
	x.rearm()
	x.mu.Unlock()
	resp.Body = &x.body
	if w, ok := x.body.content.(io.Writer); ok && resp.StatusCode == http.StatusSwitchingProtocols {
		x.body.left, x.body.other = -1, true
		resp.Body = &upgraded{&x.body, w}
	}
	switch {
	case x.body.left != 0:
	case resp.ProtoMajor >= 2 && x.body.content != http.NoBody:
		// The end is to come, and trailers perhaps. Servers count it against a
		// connection when a stream is reset instead.
		x.body.empty = true
	default:
		x.body.atEnd = true
		if resp.ProtoMajor >= 2 && !x.uploading() {
			x.cancel(errDone) // the stream may be open still, for small content or for its end
		}
		x.complete()
	}
}

// withoutContent reports whether a declared length is that of a response that
// was not sent. net/http's HTTP/2 misses the content of a 304.
func withoutContent(req *http.Request, resp *http.Response) bool {
	return req.Method == http.MethodHead ||
		resp.ContentLength > 0 && (resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified)
}

// complete notes that the content is read. An upload may still be under way
// when a server answers early: the exchange ends with it.
func (x *exchange) complete() {
	x.mu.Lock()
	x.received = true
	over := x.uploads == 0
	x.mu.Unlock()
	if over {
		x.end()
	}
}

// uploading reports whether a request body is not closed yet.
func (x *exchange) uploading() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.uploads > 0
}

// isOver reports whether the exchange has ended.
func (x *exchange) isOver() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.phase == over
}

// uploaded notes that a request body was closed.
func (x *exchange) uploaded() {
	x.mu.Lock()
	x.uploads--
	over := x.uploads == 0 && x.received
	x.mu.Unlock()
	if over {
		x.end()
	}
}

// breakOff is end for what did not come to its own end.
func (x *exchange) breakOff() {
	x.cancel(errDone)
	x.end()
}

// end gives back all that the exchange holds. It may be called more than once.
func (x *exchange) end() {
	x.mu.Lock()
	if x.phase == over {
		x.mu.Unlock()
		return
	}
	x.phase = over
	x.disarm()
	if x.timer != nil {
		x.timer.Stop()
	}
	dial := x.dial
	x.dial = nil
	x.carriedBy(nil)
	x.mu.Unlock()
	if dial != nil {
		dial.abandon()
	}
	x.closeUnread()
	x.letGo()
	x.traffic.inFlight.Add(-1)
	x.pool.release(x.via)
}
