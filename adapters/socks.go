package adapters

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/proxy"
)

func isSOCKS(u *url.URL) bool { return strings.HasPrefix(u.Scheme, "socks") }

// socks asks the proxy at the other end of conn for a connection to addr. By
// socks4 and socks5 the name is looked up here, by socks4a and socks5h there.
func (d *dialer) socks(ctx context.Context, conn net.Conn, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	switch d.proxy.Scheme {
	case "socks4", "socks5":
		if host, err = d.lookup(ctx, host, port); err != nil {
			return err
		}
	}
	if strings.HasPrefix(d.proxy.Scheme, "socks5") {
		return d.socks5(ctx, conn, net.JoinHostPort(host, port))
	}
	return socks4(ctx, conn, d.proxy.User.Username(), host, port)
}

// lookup returns an address of host that the guard, if any, allows.
func (d *dialer) lookup(ctx context.Context, host, port string) (string, error) {
	network := "ip"
	if d.proxy.Scheme == "socks4" {
		network = "ip4" // it has no other addresses
	}
	addrs, err := d.resolver().LookupNetIP(ctx, network, host)
	if err != nil {
		return "", err
	}
	err = &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	for _, a := range addrs {
		a = a.Unmap()
		if g := d.options.Guard; g != nil && !g.allowsHost(host, port) {
			if err = g.check(netip.AddrPortFrom(a, portNumber(port))); err != nil {
				continue
			}
		}
		return a.String(), nil
	}
	return "", err
}

// socks5 makes the request of RFC 1928 on conn, with the password of RFC 1929.
func (d *dialer) socks5(ctx context.Context, conn net.Conn, addr string) error {
	var auth *proxy.Auth
	if u := d.proxy.User; u != nil && u.Username() != "" {
		password, _ := u.Password()
		auth = &proxy.Auth{User: u.Username(), Password: password}
	}
	via, err := proxy.SOCKS5("tcp", "proxy:1080", auth, oneConn{conn})
	if err != nil {
		return err
	}
	// What it returns wraps conn and adds nothing that is needed here.
	_, err = via.(proxy.ContextDialer).DialContext(ctx, "tcp", addr)
	return err
}

// oneConn dials by returning a connection that is there already.
type oneConn struct{ net.Conn }

func (c oneConn) Dial(_, _ string) (net.Conn, error) { return c.Conn, nil }

func (c oneConn) DialContext(context.Context, string, string) (net.Conn, error) { return c.Conn, nil }

// socks4 makes the request of SOCKS 4, or 4A when host is a name.
func socks4(ctx context.Context, conn net.Conn, user, host, port string) error {
	request, err := socks4Request(user, host, port)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write(request); err != nil {
		return err
	}
	var answer [8]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return err
	}
	switch {
	case answer[0] != 0:
		return fmt.Errorf("socks4: unexpected version %d", answer[0])
	case answer[1] != 90:
		return fmt.Errorf("socks4: connection refused with code %d", answer[1])
	case !stop():
		return ctx.Err() // a deadline in the past is on the connection
	}
	return nil
}

func socks4Request(user, host, port string) ([]byte, error) {
	if len(user) > 255 || strings.ContainsRune(user, 0) {
		return nil, errors.New("socks4: invalid user")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, errors.New("socks4: invalid port")
	}
	b := binary.BigEndian.AppendUint16([]byte{4, 1}, uint16(n))
	a, err := netip.ParseAddr(host)
	if err == nil {
		a = a.Unmap()
		if !a.Is4() {
			return nil, errors.New("socks4: no IPv6 addresses")
		}
		ip := a.As4()
		b = append(b, ip[:]...)
		return append(append(b, user...), 0), nil
	}
	if len(host) > 255 || strings.ContainsRune(host, 0) {
		return nil, errors.New("socks4: invalid host")
	}
	// An address that cannot be, and then the name: SOCKS 4A.
	b = append(b, 0, 0, 0, 1)
	b = append(append(b, user...), 0)
	return append(append(b, host...), 0), nil
}
