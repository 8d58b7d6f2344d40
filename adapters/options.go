package adapters

import (
	"context"
	"net"
	"net/http"
	"time"
)

// Options say how an [HTTP] makes and keeps its connections. The zero value
// is good. For numbers, zero means the default and a negative value none.
type Options struct {
	// MaxConnsPerHost bounds the connections to one host, busy and idle. A
	// request beyond them waits for one, until its context ends. Zero and
	// negative: no bound. Requests through different proxies or under
	// different trust are counted apart. Without a bound more connections may
	// be begun than there are requests at a time: one that waits takes what
	// comes free first, and what was being made for it is kept or closed.
	MaxConnsPerHost int
	// MaxIdlePerHost is how many idle connections are kept for one host.
	// Zero: 64. Negative: none are kept.
	MaxIdlePerHost int
	// MaxIdle is how many idle connections are kept in all; one more closes
	// that which was idle longest. Zero: 512, or MaxIdlePerHost if that is
	// more. Negative: no bound. A server can lead a client to any number of
	// hosts by redirects, so without a bound it can use up the process's
	// descriptors. Raise it where more hosts than that are talked to in turns.
	// Requests through different proxies or under different trust are counted
	// apart. Of HTTP/2 up to twice as many are kept, and then all that are idle
	// are closed.
	MaxIdle int
	// IdleTimeout is how long an idle connection is kept. Zero: 90 seconds.
	// Negative: for as long as the server keeps it.
	IdleTimeout time.Duration
	// MaxConnAge retires connections so that changes in DNS are seen: none
	// takes a request that begins so long after it was made. Connections made
	// within one span of this length are retired together at its end, so one
	// may serve for less. Zero and negative: connections serve for as long as
	// they can.
	MaxConnAge time.Duration
	// Protocols are those offered. Nil: HTTP/1.1, and HTTP/2 over TLS. With
	// UnencryptedHTTP2 and without HTTP1, http URLs are asked for by HTTP/2
	// with prior knowledge (RFC 9113, section 3.3).
	Protocols *http.Protocols
	// Socket is the path of a unix domain socket to connect to, whatever the
	// URL's host. A request that has a proxy is then an error, and so is a
	// Resolver, ConnectTo or Guard.
	Socket string
	// Dial makes connections instead of a net.Dialer; LocalAddr must be nil then.
	// With a Resolver or a Guard it is given addresses, else the URL's host.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Resolver looks names up. Nil: net.DefaultResolver.
	Resolver *net.Resolver
	// ConnectTo names for a "host:port" the "host:port" to connect to in its
	// place, as curl's --connect-to: the request, and the name verified by
	// TLS, are those of the URL. It holds for whatever is connected to, which
	// may be a proxy.
	ConnectTo map[string]string
	// LocalAddr is the address to connect from, a *net.TCPAddr. Nil: the
	// system's choice.
	LocalAddr net.Addr
	// Guard refuses addresses that are not public. Nil: all are allowed.
	Guard *Guard
}

// maxIdle is how many idle connections one transport keeps; 0: any number.
func (o *Options) maxIdle() int {
	if o.MaxIdle == 0 {
		return max(maxIdle, o.MaxIdlePerHost)
	}
	return max(o.MaxIdle, 0)
}

const (
	maxIdle        = 512
	maxIdlePerHost = 64
	idleTimeout    = 90 * time.Second
	// maxHeader bounds a response's header; net/http would take 10 MiB.
	maxHeader = 256 << 10
	// A connection of HTTP/2 that is silent is asked whether it lives, and
	// given up when it does not answer: net/http alone would keep it for minutes.
	pingAfter = 30 * time.Second
	pingWait  = 15 * time.Second
)
