// Package nettls tells TLS failures from others, by the types that crypto/tls
// and crypto/x509 give them.
package nettls

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
)

// IsFailure reports whether err is a handshake that failed, a certificate that
// was not trusted, or an alert.
func IsFailure(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		record       tls.RecordHeaderError
		alert        tls.AlertError
		ech          *tls.ECHRejectionError
		hostname     x509.HostnameError
		authority    x509.UnknownAuthorityError
		invalid      x509.CertificateInvalidError
		op           *net.OpError
	)
	switch {
	case errors.As(err, &verification), errors.As(err, &record), errors.As(err, &alert), errors.As(err, &ech),
		errors.As(err, &hostname), errors.As(err, &authority), errors.As(err, &invalid):
		return true
	case errors.As(err, &op):
		// crypto/tls reports alerts so, received and sent.
		return op.Op == "remote error" || op.Op == "local error"
	}
	return false
}
