package adapters

import (
	"net/http/httptrace"
	"net/textproto"
	"time"

	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// phase is how far an exchange is, which decides what its timer means.
type phase uint8

const (
	waiting    phase = iota // for a free connection: no limit but the context's
	connecting              // a dial is under way: Settings.Connect
	securing                // CONNECT, SOCKS and TLS: Settings.TLSHandshake
	sending                 // on a connection, until the header is here: Settings.Read
	receiving               // reading content: Settings.Read
	over
)

// listen sets the hooks by which net/http tells how far the exchange is. Each
// costs an allocation, so only those needed are set.
func (x *exchange) listen(timings bool) {
	x.hooks.GotConn = x.connected
	if x.limits != (limits{}) {
		x.hooks.GetConn = x.seek
	}
	if x.limits.read > 0 { // else net/http bounds them
		x.hooks.Got1xxResponse = x.interim
	}
	if x.via.adopted {
		x.hooks.ConnectDone = x.adoptedConnect
		x.hooks.TLSHandshakeStart = x.adoptedHandshake
	}
	if timings {
		x.timeline()
	}
}

// seek is called for each connection that is looked for: more than once when
// a kept one proves dead.
func (x *exchange) seek(string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.phase >= receiving {
		return
	}
	x.phase = waiting
	x.disarm()
	if x.via.adopted && !x.via.queues {
		// Its dialer tells us nothing, but there is nothing else to wait for.
		x.phase = connecting
		x.arm(x.limits.connect)
	}
}

// adoptedConnect and adoptedHandshake follow a dial that is not ours.
func (x *exchange) adoptedConnect(_, _ string, err error) {
	if err == nil {
		x.adoptedHandshake()
	}
}

func (x *exchange) adoptedHandshake() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.phase <= connecting {
		x.phase = securing
		x.arm(x.limits.handshake)
	}
}

// connected is called when there is a connection to send on.
func (x *exchange) connected(info httptrace.GotConnInfo) {
	settle(info.Conn)
	x.mu.Lock()
	if x.phase >= receiving {
		x.mu.Unlock()
		return
	}
	x.phase = sending
	x.got(info)
	x.rearm()
	dial := x.dial
	x.dial = nil
	x.mu.Unlock()
	if dial != nil {
		// Another connection may have come free first: what the dial makes
		// will go to the pool.
		dial.abandon()
	}
}

// minInterim is what a 1xx response counts for at least: its reason phrase, as
// long as the server likes, is not told.
const minInterim = 256 // bytes

// interim is called for a 1xx response: the server is not silent. net/http
// leaves it to whoever looks at these to bound them all, and bounds each by
// itself only.
func (x *exchange) interim(_ int, header textproto.MIMEHeader) error {
	size := 0
	for name, values := range header {
		for _, v := range values {
			size += len(name) + len(": ") + len(v) + len("\r\n")
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.interims += max(size, minInterim); x.interims > maxHeader {
		return &failure{sentinel.Connection, errInterims}
	}
	if x.phase == sending {
		x.rearm()
	}
	return nil
}

// waits notes that the caller begins or ceases to wait for content.
func (x *exchange) waits(reading bool) {
	if x.limits.read == 0 {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.reading = reading
	x.rearm()
}

// produces notes that the caller is asked for content, or has given some.
func (x *exchange) produces(producing bool) {
	if x.limits.read == 0 {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.producing = producing
	if x.phase == sending || x.phase == receiving {
		x.rearm()
	}
}

// rearm starts the limit of silence anew while it is the server that is
// waited for. mu is held.
func (x *exchange) rearm() {
	if x.producing || x.phase == receiving && !x.reading {
		x.disarm()
		return
	}
	x.arm(x.limits.read)
}

// arm sets the deadline d from now; none, when d is zero. The timer is left
// alone where it fires before that: it finds out then, which costs a stream
// less than setting it anew with every read. mu is held.
func (x *exchange) arm(d time.Duration) {
	if d <= 0 {
		x.disarm()
		return
	}
	x.deadline = time.Now().Add(d)
	switch {
	case x.timer == nil:
		x.timer = time.AfterFunc(d, x.expire)
	case x.fires.IsZero() || x.fires.After(x.deadline):
		x.timer.Reset(d)
	default:
		return
	}
	x.fires = x.deadline
}

// disarm takes the deadline away. mu is held.
func (x *exchange) disarm() { x.deadline = time.Time{} }

// expire runs when the timer fires. The deadline may have been taken away or
// moved since.
func (x *exchange) expire() {
	x.mu.Lock()
	x.fires = time.Time{}
	if left := time.Until(x.deadline); x.deadline.IsZero() || left > 0 {
		if !x.deadline.IsZero() {
			x.timer.Reset(left)
			x.fires = x.deadline
		}
		x.mu.Unlock()
		return
	}
	x.deadline = time.Time{}
	cause := &expiry{x.timeout()}
	dial := x.dial
	x.mu.Unlock()
	x.cancel(cause)
	if dial != nil {
		dial.abort(cause)
	}
}

// timeout is the error of the phase. mu is held.
func (x *exchange) timeout() *failure {
	switch x.phase {
	case connecting:
		return &failure{x.connectTimeout(), &silence{x.missing("connection", "to"), x.limits.connect}}
	case securing:
		return &failure{x.connectTimeout(), &silence{x.unready(), x.limits.handshake}}
	case receiving:
		return &failure{sentinel.BodyReadTimeout, &silence{x.missing("content", "through"), x.limits.read}}
	}
	return &failure{sentinel.ReadTimeout, &silence{x.missing("answer", "through"), x.limits.read}}
}

// connectTimeout is the condition of a connection that is not had in time:
// the proxy's failure too, as long as it has not let the exchange through.
func (x *exchange) connectTimeout() *sentinel.Condition {
	if x.via.proxy != nil && !x.tunnelled {
		return sentinel.ProxyTimeout
	}
	return sentinel.ConnectTimeout
}

// unready says what of the way to a usable connection was not done.
func (x *exchange) unready() string {
	switch {
	case x.via.adopted && x.pool.from().adopted.Proxy != nil:
		return "connection not ready" // a proxy that nothing is known of may be what stalls
	case x.via.proxy != nil && !x.tunnelled:
		return x.missing("connection", "through")
	}
	return x.missing("TLS handshake", "through")
}

// missing says that there was no what, and which proxy stood before it.
func (x *exchange) missing(what, where string) string {
	if x.via.proxy == nil {
		return "no " + what
	}
	return "no " + what + " " + where + " the proxy " + proxyName(x.via.proxy)
}
