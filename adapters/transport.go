package adapters

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"time"

	"github.com/hashicorp/go-cleanhttp"

	"github.com/seed-3bbad739/requests/internal/hostaddr"
)

// newEntry makes the transport for what id asks for. m is what the files hold.
func (h *HTTP) newEntry(id identity, m *material) (*entry, error) {
	g := h.from()
	e := &entry{proxy: id.proxy, auth: id.auth, born: time.Now()}
	if g.adopted != nil && id == (identity{}) {
		e.transport, e.adopted, e.queues = g.adopted, true, g.adopted.MaxConnsPerHost > 0
		return e, nil
	}
	d := &dialer{options: &g.options, proxy: id.proxy, auth: id.auth, header: id.connect}
	d.net = &net.Dialer{KeepAlive: 30 * time.Second, LocalAddr: g.options.LocalAddr, Resolver: g.options.Resolver}
	if id.proxy != nil && id.auth == nil {
		if c := credentials(id.proxy); c != "" {
			d.header = c
			e.header = c
		}
	}
	t, err := g.base()
	if err != nil {
		return nil, err
	}
	if g.adopted != nil {
		d.options = &Options{Dial: g.adopted.DialContext}
	}
	if err := layTrust(t, id.tls, m.origin); err != nil {
		return nil, err
	}
	if err := d.route(t, id, m.proxy); err != nil {
		return nil, err
	}
	t.DialContext = d.DialContext
	e.transport = t
	return e, nil
}

// base returns a transport with what does not depend on the request.
func (g *given) base() (*http.Transport, error) {
	if a := g.adopted; a != nil {
		if hook := ownHook(a); hook != "" {
			return nil, fmt.Errorf("adapters: the adopted transport connects by its %s, which takes neither proxy nor trust; DialContext would", hook)
		}
		t := a.Clone()
		if t.Protocols == nil {
			// Cloning has settled what a speaks. A clone must speak it by
			// connections of its own, not through a's HTTP/2 pool.
			t.Protocols = new(http.Protocols)
			t.Protocols.SetHTTP1(true)
			t.Protocols.SetHTTP2(t.TLSClientConfig != nil && slices.Contains(t.TLSClientConfig.NextProtos, "h2"))
		}
		delete(t.TLSNextProto, "h2")
		return t, nil
	}
	o := &g.options
	t := cleanhttp.DefaultPooledTransport()
	t.TLSHandshakeTimeout = 0 // each exchange has its own
	t.DisableCompression = true
	t.MaxResponseHeaderBytes = maxHeader
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingWait}
	t.MaxIdleConns = o.maxIdle()
	t.MaxIdleConnsPerHost = maxIdlePerHost
	if o.MaxIdlePerHost != 0 {
		t.MaxIdleConnsPerHost = max(o.MaxIdlePerHost, -1)
	}
	t.MaxConnsPerHost = max(o.MaxConnsPerHost, 0)
	t.IdleConnTimeout = idleTimeout
	if o.IdleTimeout != 0 {
		t.IdleConnTimeout = max(o.IdleTimeout, 0)
	}
	t.Protocols = o.Protocols
	return t, nil
}

// layTrust sets the trust for origins, over that of an adopted transport.
func layTrust(t *http.Transport, set *TLS, m trust) error {
	if t.TLSClientConfig != nil && (set == nil || set.Config == nil) {
		over := TLS{}
		if set != nil {
			over = *set
		}
		over.Config = t.TLSClientConfig
		set = &over
	}
	c, err := set.config(m)
	if err != nil {
		return err
	}
	t.TLSClientConfig = c
	// net/http leaves HTTP/2 off for a configuration that is not its own.
	p := http.Protocols{}
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	if t.Protocols != nil {
		p = *t.Protocols
	}
	p.SetHTTP2(p.HTTP2() && (len(c.NextProtos) == 0 || slices.Contains(c.NextProtos, "h2")))
	t.Protocols = &p
	return nil
}

// route makes t use the proxy, if there is one. net/http does CONNECT and
// forwarding itself; what it does not do as settings ask, TLS to the proxy
// under trust of its own and SOCKS, is done while dialling, so that t sees a
// plain proxy or none.
func (d *dialer) route(t *http.Transport, id identity, m trust) error {
	if id.proxy == nil {
		t.Proxy = nil
		return nil
	}
	t.GetProxyConnectHeader, t.ProxyConnectHeader = d.connectHeader, nil
	t.OnProxyConnectResponse = d.connectAnswer
	if isSOCKS(id.proxy) {
		t.Proxy = nil
		return nil
	}
	if id.proxy.Scheme == "https" {
		c, err := id.proxyTLS.config(m)
		if err != nil {
			return err
		}
		if c.ServerName == "" {
			c.ServerName = hostaddr.Name(id.proxy.Hostname())
		}
		c.NextProtos = []string{"http/1.1"}
		d.proxyTLS = c
	}
	t.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: hostPort(id.proxy)})
	return nil
}

// ownHook returns the name of a field by which t connects past all that can be
// set on a clone of it, if it does. The deprecated ones are found by name.
func ownHook(t *http.Transport) string {
	v := reflect.ValueOf(t).Elem()
	for _, name := range []string{"DialTLSContext", "DialTLS", "Dial"} {
		if f := v.FieldByName(name); f.IsValid() && !f.IsNil() && (name != "Dial" || t.DialContext == nil) {
			return name
		}
	}
	return ""
}
