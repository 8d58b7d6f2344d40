package adapters

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"time"
)

// Trace says which connection carried an exchange and, when
// Settings.Timings asked for it, when its steps were taken. A time is zero
// when the step was not taken, or not by this exchange: a connection that was
// kept is neither looked up nor made.
type Trace struct {
	Reused   bool          // the connection had carried another exchange before
	IdleTime time.Duration // how long it had been idle then; 0 for HTTP/2
	Local    net.Addr
	Remote   net.Addr // the proxy's, when there is one
	Protocol string   // as http.Response.Proto

	Start        time.Time // the exchange began to look for a connection
	DNSStart     time.Time
	DNSDone      time.Time
	ConnectStart time.Time
	ConnectDone  time.Time
	TLSStart     time.Time // the origin's handshake
	TLSDone      time.Time
	GotConn      time.Time
	WroteRequest time.Time
	FirstByte    time.Time // of the response
}

// TraceFrom returns the facts about the exchange that resp came by, and
// whether they are known: they are when resp is as an [HTTP] or a layer of this
// package over it returned it, and with Settings.Timings through every layer
// that leaves the response its Request.
func TraceFrom(resp *http.Response) (Trace, bool) {
	if resp == nil {
		return Trace{}, false
	}
	x := exchangeOf(resp)
	if x == nil {
		return Trace{}, false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	var t Trace
	if x.times != nil {
		t = *x.times
	}
	c := &x.conn
	t.Reused, t.IdleTime, t.Local, t.Remote, t.Protocol = c.reused, c.idle, c.local, c.remote, resp.Proto
	return t, true
}

// exchangeOf returns the exchange that resp came by, nil when it is not known.
func exchangeOf(resp *http.Response) *exchange {
	for content := resp.Body; ; {
		switch b := content.(type) {
		case *body:
			return b.x
		case *upgraded:
			return b.x
		case *releasingBody:
			content = b.ReadCloser
		case *releasingConn:
			content = b.ReadCloser
		case *closing:
			content = b.ReadCloser
		default:
			if resp.Request == nil {
				return nil
			}
			x, _ := resp.Request.Context().Value(tracedKey{}).(*exchange)
			if x == nil || x.request.URL != resp.Request.URL { // a request may have been made in the context of an answer
				return nil
			}
			return x
		}
	}
}

// tracedKey is the key of the *exchange in the context of the request of its
// response, where times are kept: others may lay what they like over the body.
type tracedKey struct{}

// connFacts are what is known of a connection at no cost.
type connFacts struct {
	reused        bool
	idle          time.Duration
	local, remote net.Addr
}

// got notes the connection. What a dial told so far is of no account when
// another connection came free first. mu is held.
func (x *exchange) got(info httptrace.GotConnInfo) {
	x.count(info)
	x.conn.reused, x.conn.idle = info.Reused, info.IdleTime
	x.conn.local, x.conn.remote = info.Conn.LocalAddr(), info.Conn.RemoteAddr()
	if x.times == nil {
		return
	}
	if info.Reused {
		*x.times = Trace{Start: x.times.Start}
	}
	x.times.GotConn = time.Now()
}

// timeline sets the hooks that note times.
func (x *exchange) timeline() {
	x.times = &Trace{Start: time.Now()}
	x.hooks.DNSStart = func(httptrace.DNSStartInfo) { x.dialled(&x.times.DNSStart) }
	x.hooks.DNSDone = func(httptrace.DNSDoneInfo) { x.dialled(&x.times.DNSDone) }
	x.hooks.ConnectStart = func(string, string) { x.dialled(&x.times.ConnectStart) }
	adopted := x.hooks.ConnectDone
	x.hooks.ConnectDone = func(network, addr string, err error) {
		if err == nil {
			x.dialled(&x.times.ConnectDone)
		}
		if adopted != nil {
			adopted(network, addr, err)
		}
	}
	begun := x.hooks.TLSHandshakeStart
	x.hooks.TLSHandshakeStart = func() {
		x.dialled(&x.times.TLSStart)
		if begun != nil {
			begun()
		}
	}
	x.hooks.TLSHandshakeDone = func(tls.ConnectionState, error) { x.dialled(&x.times.TLSDone) }
	x.hooks.WroteRequest = func(httptrace.WroteRequestInfo) { x.note(&x.times.WroteRequest) }
	x.hooks.GotFirstResponseByte = func() { x.note(&x.times.FirstByte) }
}

// dialled notes a step of a dial, unless the exchange goes on without it.
func (x *exchange) dialled(t *time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.phase < sending && t.IsZero() { // several addresses may be tried
		*t = time.Now()
	}
}

func (x *exchange) note(t *time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	*t = time.Now()
}
