package adapters_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
)

// pipes is a network in memory, which a synctest bubble can wait on.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
	dials int
	addrs []string
	mu    sync.Mutex
}

func newPipes() *pipes {
	return &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (p *pipes) Dial(ctx context.Context, _, addr string) (net.Conn, error) {
	client, server := net.Pipe()
	p.mu.Lock()
	p.dials++
	p.addrs = append(p.addrs, addr)
	p.mu.Unlock()
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
	case <-p.done:
	}
	client.Close()
	server.Close()
	return nil, net.ErrClosed
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// serve answers each connection by f, and closes it after.
func (p *pipes) serve(f func(net.Conn)) {
	for {
		c, err := p.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			f(c)
		}()
	}
}

// serveHTTP answers by h.
func (p *pipes) serveHTTP(h http.Handler) *http.Server {
	s := &http.Server{Handler: h}
	go s.Serve(p)
	return s
}

// readHeader reads a request from c up to the end of its header.
func readHeader(c net.Conn) *http.Request {
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return nil
	}
	return req
}

// silent reads what comes and says nothing.
func silent(c net.Conn) { io.Copy(io.Discard, c) }

// noDNS knows no names but those of the hosts file.
var noDNS = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("no DNS here")
}}

// authority issues certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

var serials struct {
	sync.Mutex
	last int64
}

func serial() *big.Int {
	serials.Lock()
	defer serials.Unlock()
	serials.last++
	return big.NewInt(serials.last)
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	n := serial()
	template := &x509.Certificate{
		SerialNumber: n, Subject: pkix.Name{CommonName: "authority " + n.String()},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// issue returns a certificate for hosts and the addresses of this machine,
// and both its PEM texts.
func (a *authority) issue(t testing.TB, name string, hosts ...string) (cert tls.Certificate, certPEM, keyPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: hosts, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, &key.PublicKey, a.key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	certPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})
	cert, err = tls.X509KeyPair(certPEM, keyPEM)
	require.NoError(t, err)
	return cert, certPEM, keyPEM
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// discard is the log of servers that are meant to be failed at.
var discard = log.New(io.Discard, "", 0)

// bubbleServer returns the configuration of a server in a bubble, whose clock
// stands long before now, and a client's base that checks certificates by now.
func bubbleServer(t testing.TB, ca *authority) (server, client *tls.Config) {
	t.Helper()
	when := ca.cert.NotBefore.Add(time.Hour)
	now := func() time.Time { return when }
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial(), NotBefore: when.Add(-time.Hour), NotAfter: when.Add(time.Hour), DNSNames: []string{"h.test"},
	}, ca.cert, &key.PublicKey, ca.key)
	require.NoError(t, err)
	cert := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	// Pipes hold nothing: two sides that write at once, a ticket and an alert, would wait for ever.
	return &tls.Config{Certificates: []tls.Certificate{cert}, Time: now, SessionTicketsDisabled: true}, &tls.Config{Time: now}
}

// file writes content below a directory of the test.
func file(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// with returns a request for url that carries the settings.
func with(t testing.TB, s adapters.Settings, method, url string, content io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(adapters.WithSettings(context.Background(), s), method, url, content)
	require.NoError(t, err)
	return req
}

// fetch returns status and content.
func fetch(t testing.TB, rt http.RoundTripper, req *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := rt.RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(b)
}

// reading hides what else a reader can do, so that it can be sent once.
func reading(s string) io.Reader { return io.MultiReader(strings.NewReader(s)) }
