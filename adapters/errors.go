package adapters

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/seed-3bbad739/requests/internal/nettls"
	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// ErrBlockedAddress is matched by the errors for an address that a [Guard] refuses.
var ErrBlockedAddress error = sentinel.BlockedAddress

// failure is an error under the condition it is an instance of.
type failure struct {
	condition *sentinel.Condition
	err       error // the cause; never nil
}

func (f *failure) Error() string   { return f.condition.Error() + ": " + f.err.Error() }
func (f *failure) Unwrap() []error { return []error{f.condition, f.err} }

// expiry is the cause of the end that a limit of ours puts to a context. A
// failure by itself may be the caller's cause: the error of another request.
type expiry struct{ *failure }

// interruption is the end of a context that a limit of time has put to it, told
// in the words of its cause.
type interruption struct{ cause, err error }

func (i *interruption) Error() string   { return i.cause.Error() }
func (i *interruption) Unwrap() []error { return []error{i.cause, i.err} }

// silence is the cause of a timeout.
type silence struct {
	what string
	d    time.Duration
}

func (s *silence) Error() string { return s.what + " within " + s.d.String() }

// refusal is a proxy's answer other than 200 to CONNECT. The proxy's own
// words are left out of the text.
type refusal struct{ status int }

func (r *refusal) Error() string {
	return "CONNECT refused: " + strings.TrimSpace(strconv.Itoa(r.status)+" "+http.StatusText(r.status))
}

// StatusCode is what the proxy answered.
func (r *refusal) StatusCode() int { return r.status }

// proxyFailure is a failure of the proxy at u. Its text says which proxy that
// is: the environment may have named it.
func proxyFailure(u *url.URL, err error) error {
	if u != nil {
		err = &named{proxyName(u), err}
	}
	return &failure{sentinel.Proxy, err}
}

// proxyName is what errors call a proxy: its URL without the credentials.
func proxyName(u *url.URL) string { return u.Scheme + "://" + hostPort(u) }

// named is an error with the name of whose it is before it.
type named struct {
	name string
	err  error
}

func (n *named) Error() string { return n.name + ": " + n.err.Error() }
func (n *named) Unwrap() error { return n.err }

// tlsFailure is err as a failure of TLS. A server that spoke plain HTTP is
// [http.ErrSchemeMismatch], as it is for an [http.Client].
func tlsFailure(err error) error {
	var record tls.RecordHeaderError
	if errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/" {
		err = &plainAnswer{err}
	}
	return &failure{sentinel.TLS, &peersNames{err}}
}

// peersNames is an error that may have names of a certificate in its text, put
// there as they are before anybody has trusted it: they begin no line.
type peersNames struct{ err error }

func (p *peersNames) Error() string {
	return strings.ReplaceAll(redact.Escape(p.err.Error()), "\n", `\n`)
}
func (p *peersNames) Unwrap() error { return p.err }

// plainAnswer is the answer in plain HTTP to the beginning of a handshake.
type plainAnswer struct{ err error }

func (p *plainAnswer) Error() string   { return http.ErrSchemeMismatch.Error() }
func (p *plainAnswer) Unwrap() []error { return []error{http.ErrSchemeMismatch, p.err} }

// ownError carries the error of an authenticator through net/http: it is no
// failure of the proxy.
type ownError struct{ err error }

func (o *ownError) Error() string { return o.err.Error() }

// errContent is the condition of what the caller's own content met, or that it
// is not of its declared length. Nobody but the caller has a part in it.
var errContent = sentinel.New("content of the request")

// miscount is the error of content that is not of its declared length.
type miscount struct{ read, declared int64 }

func (m *miscount) Error() string {
	if m.read > m.declared {
		return fmt.Sprintf("longer than the %d bytes that were declared", m.declared)
	}
	return fmt.Sprintf("%d bytes, but %d were declared", m.read, m.declared)
}

var (
	errDone     = errors.New("adapters: the exchange is over")
	errAborted  = errors.New("adapters: the body was aborted")
	errAnswered = errors.New("adapters: the proxy's challenge has an answer")
	errInterims = fmt.Errorf("adapters: more than %d bytes of interim responses", maxHeader)
)

// interrupted returns the error for a context that has ended, else nil: a
// timeout of ours, or the context's own error and the cause it was given.
func interrupted(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	return interruptedBy(err, context.Cause(ctx))
}

func interruptedBy(err, cause error) error {
	if e, ok := cause.(*expiry); ok {
		return e.failure
	}
	if cause == err {
		return err
	}
	if callersDoing(err, cause) {
		return fmt.Errorf("%w: %w", err, sentinel.Because(err, cause))
	}
	return &interruption{cause, err}
}

// callersDoing reports whether a context that ended with err for cause was
// cancelled by who made the request, and not by a limit of time. A condition,
// and context.DeadlineExceeded, is what somebody else's limit says.
func callersDoing(err, cause error) bool {
	switch cause.(type) {
	case *expiry, *noResponseError, *sentinel.Condition:
		return false
	}
	return err != nil && !errors.Is(err, context.DeadlineExceeded) && cause != context.DeadlineExceeded
}

// explain puts the error of a RoundTrip under its condition. What is known of
// the exchange decides first, then the types in err; net/http leaves only its
// text for conflicting lengths.
func (x *exchange) explain(err error) error {
	if ended := x.interrupted(); ended != nil {
		return ended
	}
	x.mu.Lock()
	phase, tunnelled, uploadErr := x.phase, x.tunnelled, x.uploadErr
	x.mu.Unlock()
	if uploadErr != nil {
		return &failure{errContent, uploadErr} // err may blame the connection, which net/http ends for this
	}
	if f := (*failure)(nil); errors.As(err, &f) {
		return f
	}
	if o := (*ownError)(nil); errors.As(err, &o) {
		return o.err
	}
	switch {
	case errors.Is(err, errAnswered), errors.Is(err, sentinel.BlockedAddress):
		return err
	case phase == waiting && !errors.As(err, new(*net.OpError)): // else it is the dial of an adopted transport
		return x.invalid(err)
	case phase <= securing:
		return x.unconnected(err, phase, tunnelled)
	case nettls.IsFailure(err):
		return tlsFailure(err)
	case disagreeingLengths(err.Error()):
		return &failure{sentinel.InvalidHeader, err}
	}
	return &failure{sentinel.Connection, err}
}

// disagreeingLengths reports whether text is net/http's for a Content-Length of
// several values, in lines of their own or in one.
func disagreeingLengths(text string) bool {
	_, value, ok := strings.Cut(text, `bad Content-Length "`)
	return ok && strings.Contains(value, ",") || strings.Contains(text, "message cannot contain multiple Content-Length headers")
}

// invalid explains an error that came before any connection was sought: the
// request itself is at fault.
func (x *exchange) invalid(err error) error {
	if x.request.URL == nil || x.request.URL.Host == "" {
		return &failure{sentinel.InvalidURL, err}
	}
	for k, vv := range x.request.Header {
		if !httpguts.ValidHeaderFieldName(k) {
			return &failure{sentinel.InvalidHeader, err}
		}
		for _, v := range vv {
			if !httpguts.ValidHeaderFieldValue(v) {
				return &failure{sentinel.InvalidHeader, err}
			}
		}
	}
	return err
}

// unconnected explains why there is no connection.
func (x *exchange) unconnected(err error, p phase, tunnelled bool) error {
	proxied := x.via.proxy != nil && !tunnelled
	var ne net.Error
	switch {
	case errors.As(err, &ne) && ne.Timeout():
		// The system gave up, or net/http did: it gives a CONNECT a minute.
		return &failure{sentinel.ConnectTimeout, err}
	case nettls.IsFailure(err) || p == securing && x.secure() && !proxied:
		err = tlsFailure(err)
	}
	if proxied {
		return proxyFailure(x.via.proxy, err)
	}
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "proxyconnect" {
		return &failure{sentinel.Proxy, err} // an adopted transport's own
	}
	if _, ok := err.(*failure); ok {
		return err
	}
	return &failure{sentinel.Connection, err}
}

// cut explains an error met within the content. Whatever ends a connection
// there cuts the content short, bad framing too, for which net/http has no types.
func (x *exchange) cut(err error) error {
	switch {
	case err == http.ErrBodyReadAfterClose:
		return err
	case nettls.IsFailure(err):
		return tlsFailure(err)
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return &failure{sentinel.Truncated, err}
}
