package adapters

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
)

// key is what requests must share to share connections: net/http's own pool
// knows nothing of trust, and its HTTP/2 pool nothing of proxies.
type key struct {
	proxy    string // with its credentials; "": direct
	auth     ProxyAuth
	connect  string
	tls      trustKey
	proxyTLS trustKey
}

// trustKey is a [TLS] by value, but for what has an identity only: pools of
// roots and configurations. Files are those read, so that a changed file is
// another trust.
type trustKey struct {
	verify     int8 // 1: never, 2: always; 0: the default
	bundle     *bundle
	roots      *x509.CertPool
	clientCert *tls.Certificate
	leaves     [sha256.Size]byte
	serverName string
	minVersion uint16
	config     *tls.Config
}

// material is what the files of two [TLS] hold.
type material struct{ origin, proxy trust }

func (m *material) files() bool { return m.origin.files() || m.proxy.files() }

// keyOf looks into what id points to.
func keyOf(id identity) (k key, m *material, err error) {
	k = key{auth: id.auth, connect: id.connect}
	m = &material{}
	if id.proxy != nil {
		k.proxy = id.proxy.String()
	}
	if m.origin, err = id.tls.read(); err != nil {
		return key{}, nil, err
	}
	if m.proxy, err = id.proxyTLS.read(); err != nil {
		return key{}, nil, err
	}
	k.tls, k.proxyTLS = id.tls.key(m.origin), id.proxyTLS.key(m.proxy)
	return k, m, nil
}

func (t *TLS) key(m trust) trustKey {
	if t == nil {
		return trustKey{}
	}
	k := trustKey{
		bundle: m.bundle, roots: t.RootCAs, clientCert: m.clientCert,
		serverName: t.ServerName, minVersion: t.MinVersion, config: t.Config,
	}
	switch {
	case t.Verify != nil && !*t.Verify:
		k.verify = 1
	case t.Verify != nil && t.Config != nil:
		k.verify = 2
	}
	if len(t.Certificates) > 0 {
		h := sha256.New()
		for _, c := range t.Certificates {
			leaf := [sha256.Size]byte{}
			if len(c.Certificate) > 0 {
				leaf = sha256.Sum256(c.Certificate[0])
			}
			h.Write(leaf[:])
		}
		h.Sum(k.leaves[:0])
	}
	return k
}
