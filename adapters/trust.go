package adapters

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/seed-3bbad739/requests/internal/filecache"
)

// trust is what the files that a [TLS] names hold; nil for those not named.
type trust struct {
	bundle     *bundle
	clientCert *tls.Certificate
}

func (m trust) files() bool { return m.bundle != nil || m.clientCert != nil }

// bundle is a set of roots. Its address tells one reading of a file from another.
type bundle struct{ certs []*x509.Certificate }

var (
	bundles = filecache.New(readBundle)
	// pemFiles keeps the two files of a client certificate apart, as either
	// may change by itself.
	pemFiles = filecache.New(readPEM)
	pairs    = &pairCache{made: make(map[pair]*tls.Certificate)}
)

// maxTrustFile bounds a file of certificates.
const maxTrustFile = 16 << 20

// Load reads the files that t names and reports what is wrong with them or
// with t, naming the path. RoundTrip does the same when it needs them; Load
// is for who wants to know at once. A nil t is right.
func (t *TLS) Load() error {
	m, err := t.read()
	if err != nil {
		return err
	}
	_, err = t.config(m)
	return err
}

// read returns what the files hold now, or held less than a second ago.
func (t *TLS) read() (trust, error) {
	var m trust
	if t == nil {
		return m, nil
	}
	if t.CABundle != "" {
		b, err := bundles.Get(t.CABundle)
		if err != nil {
			return m, fmt.Errorf("adapters: CA bundle %s: %w", t.CABundle, bare(err))
		}
		m.bundle = b
	}
	if t.ClientCert == "" {
		if t.ClientKey != "" {
			return m, fmt.Errorf("adapters: client key %s without a certificate", t.ClientKey)
		}
		return m, nil
	}
	c, err := readPair(t.ClientCert, t.ClientKey)
	m.clientCert = c
	return m, err
}

// config returns t laid over its base, with a session cache of its own: a
// session made under one trust must not be resumed under another.
func (t *TLS) config(m trust) (*tls.Config, error) {
	if t == nil {
		return &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(0)}, nil
	}
	c := t.Config.Clone()
	if c == nil {
		c = &tls.Config{}
	}
	c.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	if t.Verify != nil {
		c.InsecureSkipVerify = !*t.Verify
	}
	if t.RootCAs != nil {
		c.RootCAs = t.RootCAs
	}
	if m.bundle != nil {
		roots := x509.NewCertPool()
		if t.RootCAs != nil {
			roots = t.RootCAs.Clone()
		}
		for _, cert := range m.bundle.certs {
			roots.AddCert(cert)
		}
		c.RootCAs = roots
	}
	if m.clientCert != nil || len(t.Certificates) > 0 {
		c.Certificates = slices.Clone(t.Certificates)
		if m.clientCert != nil {
			c.Certificates = append(c.Certificates, *m.clientCert)
		}
		for _, cert := range c.Certificates {
			if len(cert.Certificate) == 0 || cert.PrivateKey == nil {
				return nil, errors.New("adapters: a client certificate has no chain or no key")
			}
		}
	}
	if t.ServerName != "" {
		c.ServerName = t.ServerName
	}
	if t.MinVersion != 0 {
		c.MinVersion = t.MinVersion
	}
	return c, nil
}

// readBundle reads a PEM file, or all those of a directory. Blocks that are
// no certificates, or such as Go does not take, are passed over, as real
// bundles have some; a file without any is an error.
func readBundle(path string) (*bundle, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	b := &bundle{}
	if !info.IsDir() {
		text, err := readSome(path)
		if err != nil {
			return nil, err
		}
		b.add(text)
	} else if err := b.addDirectory(path); err != nil {
		return nil, err
	}
	if len(b.certs) == 0 {
		return nil, errors.New("no certificates in it")
	}
	return b, nil
}

func (b *bundle) addDirectory(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := filepath.Join(path, e.Name())
		info, err := os.Stat(name) // the names of a hashed directory are links
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		text, err := readSome(name)
		if err != nil {
			return err
		}
		b.add(text)
	}
	return nil
}

func (b *bundle) add(text []byte) {
	for len(text) > 0 {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return
		}
		if block.Type != "CERTIFICATE" && block.Type != "TRUSTED CERTIFICATE" {
			continue
		}
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
			b.certs = append(b.certs, cert)
		}
	}
}

// readPair returns the certificate in certFile with the key in keyFile, or in
// certFile too when keyFile is "".
func readPair(certFile, keyFile string) (*tls.Certificate, error) {
	cert, err := pemFiles.Get(certFile)
	if err != nil {
		return nil, fmt.Errorf("adapters: client certificate %s: %w", certFile, bare(err))
	}
	key := cert
	if keyFile != "" {
		if key, err = pemFiles.Get(keyFile); err != nil {
			return nil, fmt.Errorf("adapters: client key %s: %w", keyFile, bare(err))
		}
	}
	c, err := pairs.get(pair{cert, key})
	if err != nil {
		return nil, fmt.Errorf("adapters: client certificate %s: %w", certFile, err)
	}
	return c, nil
}

// pemFile is the text of a file. Its address tells one reading from another.
type pemFile struct{ text []byte }

func readPEM(path string) (*pemFile, error) {
	text, err := readSome(path)
	if err != nil {
		return nil, err
	}
	return &pemFile{text}, nil
}

// pair is a certificate and its key as they were read.
type pair struct{ cert, key *pemFile }

// pairCache gives one reading of two files one certificate, whose address is
// its identity.
type pairCache struct {
	mu   sync.Mutex // guards made
	made map[pair]*tls.Certificate
}

// maxPairs bounds the certificates kept: old readings of files are among them.
const maxPairs = 64

func (c *pairCache) get(p pair) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cert := c.made[p]; cert != nil {
		return cert, nil
	}
	cert, err := tls.X509KeyPair(p.cert.text, p.key.text)
	if err != nil {
		return nil, err
	}
	if len(c.made) >= maxPairs {
		clear(c.made)
	}
	c.made[p] = &cert
	return &cert, nil
}

func readSome(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(f, maxTrustFile+1))
	if err == nil && n > maxTrustFile {
		err = fmt.Errorf("larger than %d bytes", maxTrustFile)
	}
	return b.Bytes(), err
}

// bare takes the path out of err: who returns it names the path already.
func bare(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
