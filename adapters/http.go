package adapters

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/seed-3bbad739/requests/internal/ctxkey"
)

// HTTP is an [http.RoundTripper] that honours the [Settings] in a request's
// context: it keeps one [http.Transport] for each proxy and each trust that
// requests ask for, so that no connection made under one serves another. The
// 64 used last are kept.
//
// Responses are as they came: content codings are not undone, redirects are
// not followed. Errors match the conditions that the root exports, such as a
// connect timeout or a failed proxy, and keep their cause in the chain.
//
// Create one by [New] or [From]; the zero HTTP is what New makes of the zero
// Options. It is safe for concurrent use and must not be copied.
type HTTP struct {
	given *given // nil: nothing

	mu      sync.Mutex // guards what follows
	entries map[key]*entry
	recent  map[identity]recent
	traffic map[destination]*traffic
	last    *latest // nil before the first look-up
	turn    uint64  // counts look-ups, for the least recently used
	closed  bool
	beyond  *traffic // what traffic has no room for; nil: nothing
}

// given is what a pool was made of. It never changes; most pools of sessions
// are given nothing.
type given struct {
	options Options
	invalid error           // what the options ask for that cannot be had
	adopted *http.Transport // by From
	shared  bool            // by all: never closed
	sockets bool            // every host is a unix socket
}

var nothingGiven given

func (h *HTTP) from() *given {
	if h.given == nil {
		return &nothingGiven
	}
	return h.given
}

// New returns a pool of transports that connect as o says. An option that
// cannot be honoured is an error of every RoundTrip.
func New(o Options) *HTTP {
	g := &given{options: o}
	if o.Protocols != nil {
		p := *o.Protocols
		g.options.Protocols = &p
	}
	if o.Guard != nil {
		g.options.Guard = o.Guard.clone()
	}
	if o.ConnectTo != nil {
		g.options.ConnectTo = make(map[string]string, len(o.ConnectTo))
		for from, to := range o.ConnectTo {
			g.options.ConnectTo[strings.ToLower(from)] = to
			for _, hp := range []string{from, to} {
				if _, _, err := net.SplitHostPort(hp); err != nil {
					g.invalid = errors.Join(g.invalid, fmt.Errorf("adapters: ConnectTo: %q is not host:port", hp))
				}
			}
		}
	}
	for _, other := range [...]struct {
		name  string
		isSet bool
	}{{"Resolver", o.Resolver != nil}, {"ConnectTo", len(o.ConnectTo) > 0}, {"Guard", o.Guard != nil}} {
		if other.isSet && o.Socket != "" {
			g.invalid = errors.Join(g.invalid, fmt.Errorf("adapters: %s has no effect on Socket", other.name))
		}
	}
	if o.Dial != nil && o.LocalAddr != nil {
		g.invalid = errors.Join(g.invalid, errors.New("adapters: LocalAddr has no effect on Dial"))
	}
	return &HTTP{given: g}
}

// From returns a pool that begins with t. A request whose settings ask for no
// proxy and no trust of their own is sent by t itself, as it is; for others t
// is cloned. What t makes impossible, such as other trust when t dials TLS by
// itself, is an error. The time limits hold for t too; with both a dialer
// of its own and MaxConnsPerHost, the wait for a connection is limited by the
// context alone. t stays the caller's: Close closes its idle connections, as it
// does those of the clones, and t may be used on.
func From(t *http.Transport) *HTTP {
	h := New(Options{})
	h.given.adopted = t
	return h
}

var shared = sync.OnceValue(func() *HTTP {
	h := New(Options{})
	h.given.shared = true
	return h
})

// Default returns the pool shared by all that name no other. It belongs to
// the process: its Close does nothing.
func Default() *HTTP { return shared() }

// RoundTrip sends req as the [Settings] in its context say. The error for an
// expired limit matches the condition of its kind; the end of the context is
// its own error. It comes then even while req.Body is read: what does not end by
// itself is closed, and is left behind if that does not end it either.
func (h *HTTP) RoundTrip(req *http.Request) (*http.Response, error) {
	set := settingsOf(req)
	challenged, ok := set.ProxyAuth.(challenger)
	if !ok || set.Proxy == nil {
		return h.roundTrip(req, req.Body, set)
	}
	return h.answering(req, challenged, set)
}

func settingsOf(req *http.Request) *Settings {
	if s, ok := req.Context().Value(ctxkey.Settings{}).(*Settings); ok && s != nil {
		return s
	}
	return &noSettings
}

var noSettings Settings

func (h *HTTP) roundTrip(req *http.Request, content io.ReadCloser, set *Settings) (*http.Response, error) {
	e, t, err := h.acquire(req, set)
	if err != nil {
		if content != nil {
			content.Close()
		}
		return nil, err
	}
	return h.begin(e, t, req, content, set)
}

// CloseIdleConnections closes the connections that are idle. Those in use are
// not touched.
func (h *HTTP) CloseIdleConnections() {
	for _, e := range h.all() {
		e.transport.CloseIdleConnections()
	}
}

// Close makes later RoundTrips fail and closes idle connections. Exchanges
// under way finish, and their connections are closed after them. It returns
// nil. The pool of [Default] is not closed.
func (h *HTTP) Close() error {
	if h.from().shared {
		return nil
	}
	h.mu.Lock()
	h.closed = true
	for k, e := range h.entries {
		h.retire(k, e)
	}
	h.mu.Unlock()
	return nil
}

// String returns the type's name: the proxies that a pool knows may hold
// credentials.
func (h *HTTP) String() string { return "adapters.HTTP" }

// Format prints the type's name, whatever the verb.
func (h *HTTP) Format(f fmt.State, _ rune) { io.WriteString(f, "adapters.HTTP") }

// LogValue is for package slog.
func (h *HTTP) LogValue() slog.Value { return slog.StringValue("adapters.HTTP") }
