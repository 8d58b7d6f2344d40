package adapters

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"time"

	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

const (
	// maxTransports bounds the transports of a pool.
	maxTransports = 64
	// maxRecent bounds the settings remembered for a transport found before.
	maxRecent = 256
	// maxMet bounds the destinations of a transport: net/http's remembers each
	// that never gave a connection back, for good.
	maxMet = 8192
)

// entry is one transport of a pool.
type entry struct {
	transport *http.Transport
	proxy     *url.URL // as configured, with its userinfo; nil: direct
	auth      ProxyAuth
	header    string // Proxy-Authorization for a forwarded request
	adopted   bool   // its dialer is not ours
	queues    bool   // adopted, and requests may wait for a connection
	born      time.Time
	open      connections

	// Guarded by the pool's mu.
	busy    int    // exchanges under way
	used    uint64 // the turn of the last look-up
	retired bool   // takes no more exchanges
	met     int    // destinations that were new
}

// identity is what settings are told apart by without looking into them:
// their pointers. Nothing in it is allocated.
type identity struct {
	proxy    *url.URL
	auth     ProxyAuth
	tls      *TLS
	proxyTLS *TLS
	connect  string // the caller's own Proxy-Authorization, for CONNECT
}

// recent is what an identity led to.
type recent struct {
	entry *entry
	// looked is when the files that the settings name were last looked at;
	// zero when they name none.
	looked time.Time
}

// latest is what the look-up before led to. Most requests go where the one
// before went, and comparing costs less than looking up.
type latest struct {
	id      identity
	recent  recent
	traffic *traffic
}

// recently returns the entry that id led to lately, nil if there is none that
// still serves. mu is held.
func (h *HTTP) recently(id identity) *entry {
	if h.last == nil {
		return nil
	}
	r := h.last.recent
	if r.entry == nil || h.last.id != id {
		r = h.recent[id]
	}
	if r.entry == nil || !r.fresh() || h.aged(r.entry) {
		return nil
	}
	h.last.id, h.last.recent = id, r
	return r.entry
}

// acquire returns the transport for req, with a reference that [HTTP.release]
// gives back, and where req counts.
func (h *HTTP) acquire(req *http.Request, set *Settings) (*entry, *traffic, error) {
	if err := h.from().invalid; err != nil {
		return nil, nil, err
	}
	id, err := h.identify(req, set)
	if err != nil {
		return nil, nil, err
	}
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil, nil, sentinel.Closed
	}
	if e := h.recently(id); e != nil {
		t := h.hold(e, req)
		h.mu.Unlock()
		return e, t, nil
	}
	h.mu.Unlock()
	return h.find(id, req)
}

// identify looks at what the settings ask for, and whether it can be had.
func (h *HTTP) identify(req *http.Request, set *Settings) (identity, error) {
	if req.URL == nil {
		return identity{}, &failure{sentinel.InvalidURL, errors.New("adapters: no URL")}
	}
	secure := req.URL.Scheme == "https"
	id := identity{proxy: set.Proxy}
	if secure {
		id.tls = set.TLS // plain http has no use for it
	}
	if t := h.from().adopted; t != nil && t.Proxy != nil && set.Proxy == nil && id.tls != nil {
		// Its own choice, made here so that trust for the origin is not used on the proxy.
		var err error
		if id.proxy, err = t.Proxy(req); err != nil {
			return identity{}, err
		}
	}
	if id.proxy == nil {
		return id, nil
	}
	if err := h.identifyProxy(&id, req, set, secure); err != nil {
		return identity{}, err
	}
	return id, h.guardProxied(req)
}

func (h *HTTP) identifyProxy(id *identity, req *http.Request, set *Settings, secure bool) error {
	g, socks := h.from(), isSOCKS(id.proxy)
	switch {
	case g.options.Socket != "" || g.sockets:
		return fmt.Errorf("adapters: a proxy cannot be reached through a unix socket: %s", redact.Target(id.proxy))
	case id.proxy.Hostname() == "":
		return &failure{sentinel.InvalidProxyURL, fmt.Errorf("adapters: no host in %q", redact.URL(id.proxy))}
	case !socks && id.proxy.Scheme != "http" && id.proxy.Scheme != "https":
		return &failure{sentinel.InvalidProxyURL, fmt.Errorf("adapters: unsupported scheme %q", id.proxy.Scheme)}
	}
	if set.ProxyAuth != nil {
		// Asking costs an allocation, and a pointer is comparable.
		if v := reflect.ValueOf(set.ProxyAuth); v.Kind() != reflect.Pointer && !v.Comparable() {
			return fmt.Errorf("adapters: ProxyAuth of type %T is not comparable", set.ProxyAuth)
		}
		if socks {
			return errors.New("adapters: ProxyAuth cannot authenticate to a SOCKS proxy: put user and password into its URL")
		}
		id.auth = set.ProxyAuth
	}
	if id.proxy.Scheme == "https" {
		id.proxyTLS = set.ProxyTLS
	}
	if secure && !socks && id.auth == nil && credentials(id.proxy) == "" {
		// A tunnel belongs to whom the proxy let through.
		id.connect, _ = ownProxyAuthorization(req.Header)
	}
	return nil
}

// find makes or finds the transport for settings not met lately.
func (h *HTTP) find(id identity, req *http.Request) (*entry, *traffic, error) {
	looked := time.Now()
	k, m, err := keyOf(id)
	if err != nil {
		return nil, nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, nil, sentinel.Closed
	}
	e := h.entries[k]
	if e != nil && h.aged(e) {
		h.retire(k, e)
		e = nil
	}
	if e == nil {
		if e, err = h.newEntry(id, m); err != nil {
			return nil, nil, err
		}
		if h.entries == nil {
			h.entries, h.recent, h.last = make(map[key]*entry), make(map[identity]recent), new(latest)
		}
		h.entries[k] = e
		h.trim(e)
	}
	if !m.files() {
		looked = time.Time{}
	}
	if len(h.recent) >= maxRecent {
		clear(h.recent)
	}
	h.recent[id] = recent{e, looked}
	h.last.id, h.last.recent = id, recent{e, looked}
	return e, h.hold(e, req), nil
}

// fresh reports whether the files behind the settings need no look.
func (r recent) fresh() bool {
	if r.looked.IsZero() {
		return true
	}
	age := time.Since(r.looked)
	return age >= 0 && age < time.Second
}

// aged reports whether e has served for as long as the options allow.
func (h *HTTP) aged(e *entry) bool {
	most := h.from().options.MaxConnAge
	return most > 0 && time.Since(e.born) >= most || e.met >= maxMet && !e.adopted
}

// hold takes a reference to e for req. mu is held.
func (h *HTTP) hold(e *entry, req *http.Request) *traffic {
	h.turn++
	e.used = h.turn
	e.busy++
	return h.trafficOf(req, e)
}

// release gives a reference back. A connection that was in use when its
// transport was retired is closed once it is idle.
func (h *HTTP) release(e *entry) {
	h.mu.Lock()
	e.busy--
	last := e.retired && e.busy == 0
	h.mu.Unlock()
	if last {
		e.close()
	}
}

// retire drops e, whose exchanges may finish. mu is held.
func (h *HTTP) retire(k key, e *entry) {
	e.retired = true
	delete(h.entries, k)
	if h.last.recent.entry == e {
		h.last.id, h.last.recent = identity{}, recent{}
	}
	for id, r := range h.recent {
		if r.entry == e {
			delete(h.recent, id)
		}
	}
	if e.busy == 0 {
		e.close()
		return
	}
	e.transport.CloseIdleConnections()
}

// close ends a retired transport that nothing is under way on. An HTTP/2
// connection whose last exchange was broken off is not idle for net/http yet,
// and nobody would come back for it.
func (e *entry) close() {
	e.transport.CloseIdleConnections()
	e.open.close()
}

// tidy closes what is idle on e when it is twice what is to be kept.
// net/http sees to the bound itself but for HTTP/2: of that it forgets the
// connections beyond MaxIdleConns, and keeps them open.
func (h *HTTP) tidy(e *entry) {
	most := e.transport.MaxIdleConns
	if most <= 0 {
		return
	}
	h.mu.Lock()
	busy := e.busy
	h.mu.Unlock()
	if e.open.count()-busy >= 2*most {
		e.transport.CloseIdleConnections()
	}
}

// trim drops the transport used longest ago, when there are too many. mu is held.
func (h *HTTP) trim(keep *entry) {
	if len(h.entries) <= maxTransports {
		return
	}
	var (
		oldest  *entry
		dropped key
	)
	for k, e := range h.entries {
		if e != keep && (oldest == nil || e.used < oldest.used) {
			oldest, dropped = e, k
		}
	}
	h.retire(dropped, oldest)
}

func (h *HTTP) all() []*entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]*entry, 0, len(h.entries))
	for _, e := range h.entries {
		list = append(list, e)
	}
	return list
}
