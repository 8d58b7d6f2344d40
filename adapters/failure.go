package adapters

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"

	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// failureKind is the kind of thing that went wrong with an attempt.
type failureKind int

const (
	failedNot     failureKind = iota
	failedConnect             // no connection was had, or a proxy let nothing through: the request has not been sent
	failedRead                // the connection broke or fell silent: the request may have been sent
	failedOther               // whatever else may pass: TLS, a SOCKS proxy, errors of unknown types
	failedStatus              // a response with a status that is retried
	failedForGood             // will fail again
	failureKinds
)

func (f failureKind) String() string {
	return [...]string{"", "connect error", "read error", "other error", "status", "permanent error"}[f]
}

// permanent are the conditions that another attempt does not change.
var permanent = [...]error{
	sentinel.BlockedAddress, sentinel.InvalidURL, sentinel.InvalidProxyURL, sentinel.InvalidHeader,
	sentinel.NotReplayable, sentinel.Closed, ErrCircuitOpen, errBadSettings, errContent,
}

// failureOf sorts an error by its type, never by its text.
func failureOf(err error) failureKind {
	if err == nil {
		return failedNot
	}
	for _, p := range permanent {
		if errors.Is(err, p) {
			return failedForGood
		}
	}
	switch {
	case untrusted(err), refusedByProxy(err):
		return failedForGood
	case errors.Is(err, sentinel.ConnectTimeout), notConnected(err), answerToCONNECT(err) != 0:
		return failedConnect
	case errors.Is(err, sentinel.TLS), errors.Is(err, sentinel.Proxy), brokenTLS(err):
		return failedOther
	case errors.Is(err, sentinel.Timeout), errors.Is(err, sentinel.Connection), brokenOff(err):
		return failedRead
	}
	return failedOther
}

// untrusted reports whether a certificate was not accepted.
func untrusted(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		hostname     x509.HostnameError
		invalid      x509.CertificateInvalidError
	)
	return errors.As(err, &verification) || errors.As(err, &authority) ||
		errors.As(err, &hostname) || errors.As(err, &invalid)
}

// refusedByProxy reports whether a proxy answered CONNECT with a status that
// blames the request.
func refusedByProxy(err error) bool {
	switch code := answerToCONNECT(err); code {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	default:
		return code/100 == 4
	}
}

// answerToCONNECT is the status by which a proxy refused to connect; 0: none did.
func answerToCONNECT(err error) int {
	var answer interface{ StatusCode() int }
	if !errors.Is(err, sentinel.Proxy) || !errors.As(err, &answer) {
		return 0
	}
	return answer.StatusCode()
}

func notConnected(err error) bool {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return true
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return true
	}
	var op *net.OpError
	if errors.As(err, &op) {
		switch op.Op {
		case "dial", "proxyconnect", "socks connect": // the last two are net/http's
			return true
		}
	}
	return false
}

func brokenTLS(err error) bool {
	var (
		record tls.RecordHeaderError
		alert  tls.AlertError
		op     *net.OpError
	)
	return errors.As(err, &record) || errors.As(err, &alert) ||
		errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error") // crypto/tls's
}

func brokenOff(err error) bool {
	var ne net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.As(err, &ne)
}

// isTimeout reports whether err is one in the sense of net.Error.
func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// message is the text of err without the URL that *url.Error prints whole, nor
// secrets in any other.
func message(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return redact.Text(err.Error())
}
