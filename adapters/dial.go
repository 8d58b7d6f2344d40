package adapters

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-3bbad739/requests/internal/proxyauth"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// abandonedFor bounds how long a connection goes on being made when nobody
// waits for it any more. net/http does not end a dial with the request that
// began it, as the next request may want the connection.
const abandonedFor = 10 * time.Second

var errAbandoned = errors.New("adapters: nobody waits for the connection any more")

// dialer makes the connections of one transport.
type dialer struct {
	net      *net.Dialer
	options  *Options
	proxy    *url.URL    // nil: direct
	auth     ProxyAuth   // for proxy; nil: header
	header   string      // Proxy-Authorization on CONNECT; "": none
	proxyTLS *tls.Config // for an https proxy
}

// DialContext connects to addr, through a SOCKS proxy if there is one, or to
// a proxy at addr. It tells the exchange that asked how far it is.
func (d *dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(errDone)
	dl := &dialing{cancel: cancel}
	x := exchangeFrom(ctx)
	if x != nil {
		x.dialling(dl)
	}
	conn, err := d.connect(ctx, network, addr)
	if err == nil && conn == nil {
		err = errors.New("adapters: Dial returned neither a connection nor an error")
	}
	if err == nil {
		conn, err = dl.connected(x, conn)
	}
	if err == nil {
		conn, err = d.secure(ctx, conn, addr)
	}
	if err != nil {
		dl.settle()
		if ended := interrupted(ctx); ended != nil {
			return nil, ended
		}
		return nil, err
	}
	if x == nil || !x.secure() {
		dl.settle() // it is of use as it is
	}
	return conn, nil
}

// connect makes the plain connection to the origin or the proxy.
func (d *dialer) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	guard := d.options.Guard
	if d.proxy != nil {
		guard = nil // the proxy's own address was configured
		if isSOCKS(d.proxy) {
			addr = hostPort(d.proxy)
		}
	}
	if d.options.Socket != "" {
		network, addr, guard = "unix", d.options.Socket, nil
	}
	if to, ok := d.options.ConnectTo[strings.ToLower(addr)]; ok {
		addr = to
	}
	if guard != nil {
		return guard.dial(ctx, d, network, addr)
	}
	if d.options.Dial != nil {
		if d.options.Resolver != nil && network != "unix" {
			return d.dialResolved(ctx, network, addr, nil)
		}
		return d.options.Dial(ctx, network, addr)
	}
	return d.net.DialContext(ctx, network, addr)
}

// dialResolved looks the host up and gives the caller's Dial addresses only,
// those that check lets pass, until one answers.
func (d *dialer) dialResolved(ctx context.Context, network, addr string, check func(addr string) error) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	if a, err := netip.ParseAddr(host); err == nil {
		addrs = []netip.Addr{a} // with its zone, which a look-up drops
	} else if addrs, err = d.resolver().LookupNetIP(ctx, "ip", host); err != nil {
		return nil, err
	}
	var first error
	for _, a := range addrs {
		to := net.JoinHostPort(a.Unmap().String(), port)
		if check != nil {
			err = check(to)
		}
		if err == nil {
			var conn net.Conn
			if conn, err = d.options.Dial(ctx, network, to); err == nil {
				return conn, nil
			}
		}
		if first == nil || errors.Is(first, sentinel.BlockedAddress) {
			first = err // an address that was tried says more
		}
		err = nil
		if ctx.Err() != nil {
			break
		}
	}
	if first == nil {
		first = &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	}
	return nil, first
}

func (d *dialer) resolver() *net.Resolver {
	if d.options.Resolver != nil {
		return d.options.Resolver
	}
	return net.DefaultResolver
}

// secure does what lies between the connection to a proxy and what net/http
// does itself: the handshake with an https proxy, and SOCKS.
func (d *dialer) secure(ctx context.Context, conn net.Conn, addr string) (net.Conn, error) {
	switch {
	case d.proxy == nil:
		return conn, nil
	case isSOCKS(d.proxy):
		if err := d.socks(ctx, conn, addr); err != nil {
			conn.Close()
			return nil, err
		}
		if x := exchangeFrom(ctx); x != nil {
			x.tunnel()
		}
	case d.proxy.Scheme == "https":
		tc := tls.Client(conn, d.proxyTLS)
		if err := tc.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		return tc, nil
	}
	return conn, nil
}

// connectHeader returns the fields sent with CONNECT.
func (d *dialer) connectHeader(ctx context.Context, _ *url.URL, target string) (http.Header, error) {
	header := http.Header{"User-Agent": {""}} // net/http would send its own
	if d.auth != nil {
		req := connectRequest(ctx, d.proxy, target, header)
		if err := d.auth.Authenticate(req); err != nil {
			return nil, &ownError{err}
		}
		return req.Header, nil
	}
	if d.header != "" {
		header.Set("Proxy-Authorization", d.header)
	}
	return header, nil
}

// connectAnswer looks at the response to CONNECT.
func (d *dialer) connectAnswer(ctx context.Context, _ *url.URL, req *http.Request, res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		if x := exchangeFrom(ctx); x != nil {
			x.tunnel()
		}
		return nil
	}
	if c, ok := d.auth.(challenger); ok && res.StatusCode == http.StatusProxyAuthRequired {
		answer := *res
		answer.Request = connectRequest(ctx, d.proxy, req.Host, req.Header)
		again, err := c.Challenge(&answer)
		if err != nil {
			return &ownError{err}
		}
		if again {
			return errAnswered
		}
	}
	return proxyFailure(d.proxy, &refusal{res.StatusCode})
}

// tunnel notes that what goes through the connection goes to the origin.
func (x *exchange) tunnel() {
	x.mu.Lock()
	x.tunnelled = true
	x.mu.Unlock()
}

// connectRequest returns CONNECT as an authenticator sees it.
func connectRequest(ctx context.Context, proxy *url.URL, target string, header http.Header) *http.Request {
	req := &http.Request{
		Method: http.MethodConnect, URL: &url.URL{Opaque: target}, Host: target, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if x := exchangeFrom(ctx); x != nil {
		ctx = &authContext{ctx, x.request.Context()}
	}
	return req.WithContext(proxyauth.WithProxy(ctx, proxy))
}

// authContext ends with the dial and has the caller's values: what an
// authenticator sends under it is no part of the exchange.
type authContext struct {
	context.Context
	caller context.Context
}

func (c *authContext) Value(key any) any { return c.caller.Value(key) }

// dialing is one connection that is being made for an exchange.
type dialing struct {
	cancel context.CancelCauseFunc

	mu    sync.Mutex // guards what follows
	conn  net.Conn   // once connected
	timer *time.Timer
	cause error // why it was aborted
	over  bool  // the connection is had, or lost
}

// dialling notes that a dial begins for x.
func (x *exchange) dialling(dl *dialing) {
	x.mu.Lock()
	// Without limits nothing tells that a kept connection proved dead and
	// another is looked for, but nothing is timed by the phase either.
	expected := x.phase == waiting || x.phase == sending && x.limits == (limits{})
	var before *dialing
	if expected {
		x.phase = connecting
		before, x.dial = x.dial, dl
		x.arm(x.limits.connect)
	}
	x.mu.Unlock()
	if !expected {
		dl.abandon() // the exchange has gone on without it
	}
	if before != nil {
		before.abandon()
	}
}

// connected notes that there is a connection, and returns it so wrapped that
// it can be told whether it came to be used.
func (dl *dialing) connected(x *exchange, conn net.Conn) (net.Conn, error) {
	var c *counted
	if x != nil {
		c = x.traffic.dialled(conn)
		conn = c
		if !x.via.open.add(c) {
			conn.Close()
			return nil, errAbandoned
		}
		x.pool.tidy(x.via)
	}
	dl.mu.Lock()
	cause := dl.cause
	if cause == nil {
		dl.conn = conn
	}
	dl.mu.Unlock()
	if cause != nil {
		conn.Close()
		return nil, cause
	}
	if x == nil {
		return conn, nil
	}
	x.mu.Lock()
	if x.dial == dl && x.phase == connecting {
		x.phase = securing
		x.carriedBy(c)
		x.arm(x.limits.handshake)
	}
	x.mu.Unlock()
	if !x.secure() && (x.via.proxy == nil || x.via.proxy.Scheme == "http") {
		return conn, nil // nothing follows that could stall
	}
	u := &unsettled{Conn: conn}
	u.dialing.Store(dl)
	return u, nil
}

// abort ends the dial, or closes what it has made.
func (dl *dialing) abort(cause error) {
	dl.mu.Lock()
	if dl.over {
		dl.mu.Unlock()
		return
	}
	dl.cause = cause
	conn := dl.conn
	dl.mu.Unlock()
	dl.cancel(cause)
	if conn != nil {
		conn.Close()
	}
}

// abandon gives the dial a last limit.
func (dl *dialing) abandon() {
	dl.mu.Lock()
	defer dl.mu.Unlock()
	if !dl.over && dl.cause == nil && dl.timer == nil {
		dl.timer = time.AfterFunc(abandonedFor, func() { dl.abort(errAbandoned) })
	}
}

// settle ends the watch over the dial.
func (dl *dialing) settle() {
	dl.mu.Lock()
	defer dl.mu.Unlock()
	dl.over, dl.conn = true, nil
	if dl.timer != nil {
		dl.timer.Stop()
	}
}

// unsettled is a connection whose handshake may not have been made yet.
type unsettled struct {
	net.Conn
	dialing atomic.Pointer[dialing] // nil once settled
}

func (u *unsettled) settle() {
	if dl := u.dialing.Swap(nil); dl != nil {
		dl.settle()
	}
}

func (u *unsettled) Close() error {
	u.settle()
	return u.Conn.Close()
}

// settle notes that conn, which may be TLS within TLS, is in use.
func settle(conn net.Conn) {
	for {
		switch c := conn.(type) {
		case *unsettled:
			c.settle()
			return
		case *tls.Conn:
			conn = c.NetConn()
		default:
			return
		}
	}
}
