package adapters

import (
	"cmp"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/seed-3bbad739/requests/internal/origin"
)

// Statistics are the figures of one origin at one moment. What is at work
// goes on meanwhile, so that they may differ by what just happened.
type Statistics struct {
	// Origin is scheme, host and port of what the connections lead to, or
	// http+unix and the escaped path of a socket. A connection to a proxy that
	// requests are forwarded by is the proxy's; one through a tunnel is the
	// origin's. "": all that came when 1024 origins were in use, or to a name
	// too long to be kept.
	Origin string `json:"origin"`
	// Open are the connections, those included whose handshakes are under way.
	// It is 0 for connections that the transport given to From makes itself.
	Open int `json:"open"`
	// Idle are the open connections that carry no exchange and are not being
	// made for one.
	Idle int `json:"idle"`
	// InFlight are the exchanges from RoundTrip to the end of their content,
	// those included that wait for a connection. HTTP/2 carries several on one.
	InFlight int `json:"inflight"`
	// Dials are the connections that were made, whatever became of them.
	Dials uint64 `json:"dials"`
	// Reuses are the exchanges that got a connection that was there already.
	Reuses uint64 `json:"reuses"`
}

// Statistics returns the figures of each origin to which there were
// connections, in the order of the origins. Transports that were retired
// count too. At most 1024 origins are kept: those used longest ago, and with
// nothing open, are forgotten first.
func (h *HTTP) Statistics() []Statistics {
	h.mu.Lock()
	list := make([]Statistics, 0, len(h.traffic)+1)
	for _, t := range h.traffic {
		list = t.appendTo(list)
	}
	if h.beyond != nil {
		list = h.beyond.appendTo(list)
	}
	h.mu.Unlock()
	slices.SortFunc(list, func(a, b Statistics) int { return cmp.Compare(a.Origin, b.Origin) })
	merged := list[:0]
	for _, s := range list {
		if n := len(merged); n > 0 && merged[n-1].Origin == s.Origin { // spelt in another way
			merged[n-1].add(s)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

func (s *Statistics) add(o Statistics) {
	s.Open += o.Open
	s.Idle += o.Idle
	s.InFlight += o.InFlight
	s.Dials += o.Dials
	s.Reuses += o.Reuses
}

// destination is an origin as a URL spells it: looking it up costs nothing.
type destination struct{ scheme, host string }

// maxDestination bounds the length of a host that is remembered.
const maxDestination = 512

// traffic counts what goes to one destination.
type traffic struct {
	to     destination
	origin string
	used   uint64 // the turn of the last look-up; guarded by the pool's mu

	open, busy, inFlight atomic.Int64 // busy: open connections that are held
	dials, reuses        atomic.Uint64
}

// trafficOf counts one more exchange to where e will send req. mu is held.
func (h *HTTP) trafficOf(req *http.Request, e *entry) *traffic {
	u := req.URL
	if e.proxy != nil && u.Scheme != "https" && !isSOCKS(e.proxy) {
		u = e.proxy
	}
	to := destination{u.Scheme, u.Host}
	t := h.last.traffic
	if t == nil || t.to != to {
		if t = h.traffic[to]; t == nil {
			t = h.newTraffic(u)
			if t != h.beyond || isLong(u) {
				e.met++ // others are not told apart: one may come again and again
			}
		}
		if t != h.beyond {
			h.last.traffic = t
		}
	}
	t.used = h.turn
	t.inFlight.Add(1)
	return t
}

// isLong reports whether where u leads is too long to be remembered.
func isLong(u *url.URL) bool { return len(u.Scheme)+len(u.Host) > maxDestination }

func (h *HTTP) newTraffic(u *url.URL) *traffic {
	if isLong(u) || len(h.traffic) >= maxOrigins && !h.forget() {
		if h.beyond == nil {
			h.beyond = new(traffic)
		}
		return h.beyond
	}
	// The URL's host may be a part of something longer.
	t := &traffic{to: destination{strings.Clone(u.Scheme), strings.Clone(u.Host)}, origin: h.originOf(u)}
	if h.traffic == nil {
		h.traffic = make(map[destination]*traffic)
	}
	h.traffic[t.to] = t
	return t
}

func (h *HTTP) originOf(u *url.URL) string {
	if h.from().sockets {
		if path, ok := socketPath(u.Host); ok {
			return "http+unix://" + url.PathEscape(path)
		}
	}
	return origin.Of(u)
}

// forget drops what was used longest ago, and reports whether anything was
// out of use.
func (h *HTTP) forget() bool {
	var (
		oldest  *traffic
		dropped destination
	)
	for d, t := range h.traffic {
		if t.open.Load() == 0 && t.inFlight.Load() == 0 && (oldest == nil || t.used < oldest.used) {
			oldest, dropped = t, d
		}
	}
	if oldest == nil {
		return false
	}
	delete(h.traffic, dropped)
	if h.last.traffic == oldest {
		h.last.traffic = nil
	}
	return true
}

// appendTo appends the figures of t to list, unless there was never a connection.
func (t *traffic) appendTo(list []Statistics) []Statistics {
	s := Statistics{Origin: t.origin, Dials: t.dials.Load(), Reuses: t.reuses.Load()}
	if s.Dials == 0 && s.Reuses == 0 {
		return list
	}
	// One is read after the other, and neither is to be below zero.
	s.InFlight = max(0, int(t.inFlight.Load()))
	s.Open = max(0, int(t.open.Load()))
	s.Idle = min(s.Open, max(0, s.Open-int(t.busy.Load())))
	return append(list, s)
}

// connections are those a transport has made that are open.
type connections struct {
	mu     sync.Mutex // guards what follows
	open   map[*counted]struct{}
	closed bool // so is each that comes
}

// add takes c in, unless its transport is closed.
func (s *connections) add(c *counted) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.open == nil {
		s.open = make(map[*counted]struct{})
	}
	s.open[c] = struct{}{}
	c.among = s
	return true
}

func (s *connections) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

func (s *connections) remove(c *counted) {
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
}

// close closes all that is open and all that comes.
func (s *connections) close() {
	s.mu.Lock()
	s.closed = true
	open := s.open
	s.open = nil
	s.mu.Unlock()
	for c := range open {
		c.Close()
	}
}

// counted is an open connection.
type counted struct {
	net.Conn
	to    *traffic
	among *connections // nil: of a transport that was closed meanwhile
	// state is how many exchanges hold the connection, and whether it is
	// closed: one word, so that each change is seen by one side only.
	state atomic.Int64
}

// isClosed is a bit of counted.state that no number of exchanges reaches.
const isClosed = 1 << 40

// dialled counts conn, which was just made.
func (t *traffic) dialled(conn net.Conn) *counted {
	t.dials.Add(1)
	t.open.Add(1)
	return &counted{Conn: conn, to: t}
}

func (c *counted) hold() {
	if c.state.Add(1) == 1 {
		c.to.busy.Add(1)
	}
}

func (c *counted) letGo() {
	if c.state.Add(-1) == 0 {
		c.to.busy.Add(-1)
	}
}

// Close is called by net/http whichever side ends the connection.
func (c *counted) Close() error {
	if was := c.state.Or(isClosed); was&isClosed == 0 {
		if was > 0 {
			c.to.busy.Add(-1)
		}
		c.to.open.Add(-1)
		if c.among != nil {
			c.among.remove(c)
		}
	}
	return c.Conn.Close()
}

// ReadFrom lets the system send a file by itself, as net/http would without
// c in between.
func (c *counted) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }

// CloseWrite is for who holds the connection after a 101 response.
func (c *counted) CloseWrite() error { return closeWrite(c.Conn) }

// NetConn returns the connection that is counted, as that of crypto/tls does.
func (c *counted) NetConn() net.Conn { return c.Conn }

// countedBelow returns what conn, which may be TLS, is counted by: nil when
// an adopted transport made it.
func countedBelow(conn net.Conn) *counted {
	for {
		switch c := conn.(type) {
		case *counted:
			return c
		case *unsettled:
			conn = c.Conn
		case *tls.Conn:
			conn = c.NetConn()
		default:
			return nil
		}
	}
}

// carriedBy notes that x goes by c, or waits for c to be of use, and by no
// other. mu is held.
func (x *exchange) carriedBy(c *counted) {
	if c == x.on {
		return
	}
	if c != nil {
		c.hold()
	}
	if x.on != nil {
		x.on.letGo()
	}
	x.on = c
}

// count notes the connection that x got. mu is held.
func (x *exchange) count(info httptrace.GotConnInfo) {
	c := countedBelow(info.Conn)
	x.carriedBy(c)
	switch {
	case info.Reused:
		x.traffic.reuses.Add(1)
	case c == nil:
		x.traffic.dials.Add(1)
	}
}
