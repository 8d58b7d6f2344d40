package aws

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"sync"
	"time"

	"github.com/seed-3bbad739/requests"
)

// boto3's limits: a service may well think for a minute.
const (
	defaultConnect = 60 * time.Second
	defaultRead    = 60 * time.Second
)

// maxPEM bounds the certificates that a caller hands over.
const maxPEM = 16 << 20 // bytes

// openHTTP makes or borrows the HTTP session.
func (s *Session) openHTTP(o *options) error {
	trust, err := o.trust(s.loaded)
	if err != nil {
		return err
	}
	var opts []requests.Option
	if trust != nil {
		opts = append(opts, trustOption(*trust))
	}
	if o.http != nil {
		s.http = o.http
		if o.CustomCABundle != nil || o.ClientTLSCert != nil || trustIsPlain(o.http) {
			s.extra = opts
		}
		s.extra = append(s.extra, s.Config.HTTP...)
		h, err := s.wire() // what is wrong with them is told now
		if err != nil {
			return fmt.Errorf("aws: %w", err)
		}
		return h.Close()
	}
	opts = append([]requests.Option{requests.WithTimeouts(requests.Timeouts{Connect: defaultConnect, Read: defaultRead})}, opts...)
	h, err := requests.NewSession(append(opts, s.Config.HTTP...)...)
	if err != nil {
		return fmt.Errorf("aws: %w", err)
	}
	s.http, s.owned = h, true
	return nil
}

func trustOption(t requests.TLS) requests.Option {
	return requests.OptionFunc(func(r *requests.Request) error {
		set := t
		r.TLS = &set
		return nil
	})
}

// trustIsPlain reports whether code has chosen nothing about trust: the
// environment must not undo what code says.
func trustIsPlain(s *requests.Session) bool {
	t := s.Defaults().TLS
	return t == nil || (t.Verify == nil || *t.Verify) && t.CABundle == "" && t.RootCAs == nil && t.Config == nil
}

// trust returns what options, environment and profile say about certificates,
// nil for nothing.
func (o *options) trust(l *loaded) (*requests.TLS, error) {
	var t requests.TLS
	set := false
	profile, _ := l.profiles.get(l.profile)
	switch bundle := firstOf(os.Getenv("AWS_CA_BUNDLE"), profile.setting("ca_bundle", o.sharedConfig())); {
	case o.CustomCABundle != nil:
		b, err := io.ReadAll(io.LimitReader(o.CustomCABundle, maxPEM))
		if err != nil {
			return nil, fmt.Errorf("aws: reading the CA bundle: %w", err)
		}
		t.RootCAs, set = x509.NewCertPool(), true
		if !t.RootCAs.AppendCertsFromPEM(b) {
			return nil, errors.New("aws: the CA bundle holds no certificates")
		}
	case bundle != "":
		t.CABundle, set = bundle, true
	}
	cert, key := os.Getenv("AWS_SDK_GO_CLIENT_TLS_CERT"), os.Getenv("AWS_SDK_GO_CLIENT_TLS_KEY")
	switch {
	case (o.ClientTLSCert == nil) != (o.ClientTLSKey == nil):
		return nil, errors.New("aws: ClientTLSCert and ClientTLSKey are needed both")
	case o.ClientTLSCert != nil:
		c, err := io.ReadAll(io.LimitReader(o.ClientTLSCert, maxPEM))
		k, kerr := io.ReadAll(io.LimitReader(o.ClientTLSKey, maxPEM))
		if err := errors.Join(err, kerr); err != nil {
			return nil, fmt.Errorf("aws: reading the client certificate: %w", err)
		}
		pair, err := tls.X509KeyPair(c, k)
		if err != nil {
			return nil, fmt.Errorf("aws: the client certificate: %w", err)
		}
		t.Certificates, set = []tls.Certificate{pair}, true
	case (cert == "") != (key == ""):
		return nil, errors.New("aws: AWS_SDK_GO_CLIENT_TLS_CERT and AWS_SDK_GO_CLIENT_TLS_KEY are needed both")
	case cert != "":
		t.ClientCert, t.ClientKey, set = cert, key, true
	}
	if !set {
		return nil, nil
	}
	return &t, nil
}

// placeholderBundle is a certificate that nobody has the key of.
var placeholderBundle = sync.OnceValues(func() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
})
