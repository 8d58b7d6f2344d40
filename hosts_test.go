package requests_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

// hosts is a small internet on loopback: every name under .test is served, on
// ports 443, 8443 and 9443 by TLS and on all others without.
type hosts struct {
	Roots       *x509.CertPool
	Certificate []byte // what the secure ones show

	plain, secure string // addresses
	pool          *adapters.HTTP
	mu            sync.Mutex // guards all
	all           []arrival
}

// arrival is a request as it reached a host.
type arrival struct {
	URL    string // as the host was addressed, by its scheme, Host field and target
	Method string
	Header http.Header
	Body   string
}

// newHosts starts hosts that answer every request with answer.
func newHosts(t testing.TB, answer http.HandlerFunc) *hosts {
	t.Helper()
	h := &hosts{Roots: x509.NewCertPool()}
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		h.mu.Lock()
		h.all = append(h.all, arrival{scheme + "://" + r.Host + r.RequestURI, r.Method, r.Header.Clone(), string(body)})
		h.mu.Unlock()
		answer(w, r)
	})
	plain := httptest.NewServer(serve)
	t.Cleanup(plain.Close)
	secure := httptest.NewUnstartedServer(serve)
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{testCertificate(t)}}
	secure.StartTLS()
	t.Cleanup(secure.Close)
	h.Certificate = secure.Certificate().Raw
	h.Roots.AddCert(secure.Certificate())
	h.plain, h.secure = plain.Listener.Addr().String(), secure.Listener.Addr().String()
	h.pool = adapters.New(adapters.Options{Dial: h.Dial})
	t.Cleanup(func() { h.pool.Close() })
	return h
}

// Dial connects to the host that a name under .test stands for.
func (h *hosts) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(strings.TrimSuffix(strings.ToLower(host), "."), ".test") {
		addr = h.plain
		switch port {
		case "443", "8443", "9443":
			addr = h.secure
		}
	}
	return new(net.Dialer).DialContext(ctx, network, addr)
}

// Session is a session that reaches the hosts and trusts them.
func (h *hosts) Session(t testing.TB, opts ...requests.Option) *requests.Session {
	t.Helper()
	return newSession(t, append([]requests.Option{
		requests.WithAdapter("http://", h.pool),
		requests.WithAdapter("https://", h.pool),
		requests.WithTLS(requests.TLS{RootCAs: h.Roots}),
	}, opts...)...)
}

// Arrivals returns what has come, in order.
func (h *hosts) Arrivals() []arrival {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]arrival(nil), h.all...)
}

// Last returns what came last.
func (h *hosts) Last(t testing.TB) arrival {
	t.Helper()
	all := h.Arrivals()
	require.NotEmpty(t, all, "nothing arrived")
	return all[len(all)-1]
}

// URLs returns where requests came, in order.
func (h *hosts) URLs() []string {
	var urls []string
	for _, a := range h.Arrivals() {
		urls = append(urls, a.URL)
	}
	return urls
}

// testCertificate is valid for the names under .test that tests use.
func testCertificate(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"a.test", "sub.a.test", "b.test", "c.test", "xa.test"},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// forwardingProxy is a plain HTTP proxy in front of hosts. It takes
// Proxy-Authorization for itself, as proxies do.
type forwardingProxy struct {
	URL  string
	Addr string

	mu  sync.Mutex // guards all and tunnels
	all []proxied

	tunnels []net.Conn
}

// proxied is a request as it reached the proxy.
type proxied struct {
	Line   string // "GET http://a.test/x" or "CONNECT a.test:443"
	Host   string
	Header http.Header
}

func newProxy(t testing.TB, behind *hosts) *forwardingProxy {
	t.Helper()
	p := new(forwardingProxy)
	onward := &http.Transport{DialContext: behind.Dial, DisableCompression: true}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.all = append(p.all, proxied{r.Method + " " + r.RequestURI, r.Host, r.Header.Clone()})
		p.mu.Unlock()
		if r.Method == http.MethodConnect {
			p.tunnel(w, r, behind)
			return
		}
		out := r.Clone(r.Context())
		out.RequestURI = ""
		out.Header.Del("Proxy-Authorization")
		resp, err := onward.RoundTrip(out)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		for k, vs := range resp.Header {
			w.Header()[k] = vs
		}
		w.WriteHeader(resp.StatusCode)
		io.Copy(w, resp.Body)
	}))
	t.Cleanup(func() {
		p.mu.Lock()
		for _, c := range p.tunnels {
			c.Close()
		}
		p.mu.Unlock()
		server.Close()
		onward.CloseIdleConnections()
	})
	p.URL, p.Addr = server.URL, server.Listener.Addr().String()
	return p
}

func (p *forwardingProxy) tunnel(w http.ResponseWriter, r *http.Request, behind *hosts) {
	far, err := behind.Dial(r.Context(), "tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	near, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		far.Close()
		return
	}
	p.mu.Lock()
	p.tunnels = append(p.tunnels, near, far)
	p.mu.Unlock()
	io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(far, near)
		far.Close()
	}()
	io.Copy(near, far)
	near.Close()
	<-done
}

// Requests returns what the proxy has been asked, in order.
func (p *forwardingProxy) Requests() []proxied {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]proxied(nil), p.all...)
}

// Lines returns the request lines of what the proxy has been asked.
func (p *forwardingProxy) Lines() []string {
	lines := []string{}
	for _, r := range p.Requests() {
		lines = append(lines, r.Line)
	}
	return lines
}
