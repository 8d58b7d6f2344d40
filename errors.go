package requests

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// The conditions that errors of this package match with [errors.Is]. Some are
// also others: ErrConnectTimeout is ErrTimeout and ErrConnection, ErrProxy, ErrTLS,
// ErrTruncated and ErrBlockedAddress are ErrConnection, ErrInvalidProxyURL is
// ErrInvalidURL.
var (
	// ErrTimeout is matched whenever time ran out: connecting, reading, in
	// all, or by the context's deadline.
	ErrTimeout error = sentinel.Timeout
	// ErrConnectTimeout: no usable connection within Timeouts.Connect and
	// Timeouts.TLSHandshake. It is also ErrConnection.
	ErrConnectTimeout error = sentinel.ConnectTimeout
	// ErrReadTimeout: the server was silent for longer than Timeouts.Read. A
	// silence within the content is ErrConnection too.
	ErrReadTimeout error = sentinel.ReadTimeout
	// ErrConnection: no connection could be made, or it broke.
	ErrConnection error = sentinel.Connection
	// ErrProxy: the proxy could not be reached, in time or at all, or refused to
	// connect. It is also ErrConnection.
	ErrProxy error = sentinel.Proxy
	// ErrTLS: the handshake failed or the certificate was not trusted. It is also
	// ErrConnection.
	ErrTLS error = sentinel.TLS
	// ErrTooManyRedirects: more redirects than Settings.MaxRedirects, or a
	// redirect to a request that was already made in the same call.
	ErrTooManyRedirects error = sentinel.New("too many redirects")
	// ErrInsecureRedirect: a 307 or 308 would send a body again, from https
	// to http.
	ErrInsecureRedirect error = sentinel.New("redirect would send the body without encryption")
	// ErrInvalidURL: the URL cannot be prepared.
	ErrInvalidURL error = sentinel.InvalidURL
	// ErrMissingScheme: the URL has no scheme and there is no base URL. It is
	// also ErrInvalidURL.
	ErrMissingScheme error = sentinel.New("URL has no scheme", sentinel.InvalidURL)
	// ErrNoAdapter: nothing is mounted for the URL.
	ErrNoAdapter error = sentinel.New("no adapter is mounted for the URL")
	// ErrInvalidHeader: a header field or the method cannot be sent, or what
	// the server sent contradicts itself.
	ErrInvalidHeader error = sentinel.InvalidHeader
	// ErrInvalidProxyURL: a proxy URL cannot be parsed or its scheme is not
	// supported. It is also ErrInvalidURL.
	ErrInvalidProxyURL error = sentinel.InvalidProxyURL
	// ErrContentDecoding: the content is not what Content-Encoding says.
	ErrContentDecoding error = sentinel.ContentDecoding
	// ErrTruncated: the content ended before its framing said so. It is also
	// ErrConnection, though the server had answered: ask for it first.
	ErrTruncated error = sentinel.Truncated
	// ErrInvalidJSON: a value cannot be encoded as JSON, or content is none.
	ErrInvalidJSON error = sentinel.New("invalid JSON")
	// ErrBodyTooLarge: the decoded content is longer than Settings.MaxBody, or what
	// a loop over a stream would hold of it at a time than that may be.
	ErrBodyTooLarge error = sentinel.New("content is larger than MaxBody; raise it by WithMaxBody or read a stream by WithStream")
	// ErrBodyNotReplayable: the body has to be sent again and cannot be
	// opened again.
	ErrBodyNotReplayable error = sentinel.NotReplayable
	// ErrBodyConsumed: the stream has been read already, or was closed.
	ErrBodyConsumed error = sentinel.New("content is already consumed")
	// ErrRetriesExhausted is adapters.ErrRetriesExhausted.
	ErrRetriesExhausted error = sentinel.RetriesExhausted
	// ErrBlockedAddress is adapters.ErrBlockedAddress. It is also ErrConnection.
	ErrBlockedAddress error = sentinel.BlockedAddress
	// ErrSessionClosed: the session was closed before the call.
	ErrSessionClosed error = sentinel.Closed
)

// errTotal is the cause of the context of a call that outlived Timeouts.Total.
var errTotal error = sentinel.New("total timeout", sentinel.Timeout, context.DeadlineExceeded)

// Error reports a call that failed before a response could be returned, or
// whose content could not be read. Its text holds no secrets.
type Error struct {
	Op       string    // what was attempted: "prepare", "send", "read content", "decode JSON"
	Method   string    // of the request; may be empty
	URL      string    // of the request, without query and fragment, its userinfo hidden; may be empty
	Err      error     // the cause, never nil
	Response *Response // what had been received: the last redirect, the response whose content failed; often nil
}

// Error says what was attempted, on which URL, and why it failed.
func (e Error) Error() string {
	s := e.Op
	if e.Method != "" {
		s += " " + printable(e.Method)
	}
	if e.URL != "" {
		s += " " + printable(e.URL)
	}
	if e.Err == nil {
		return s
	}
	return s + ": " + redact.Text(e.Err.Error())
}

// Format prints the text of [Error.Error] under every verb, for the fields
// may hold what the text leaves out.
func (e Error) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether time ran out, as [net.Error] asks.
func (e *Error) Timeout() bool {
	if errors.Is(e.Err, ErrTimeout) {
		return true
	}
	var n net.Error
	return errors.As(e.Err, &n) && n.Timeout()
}

// Temporary completes [net.Error]; it always reports false.
func (e *Error) Temporary() bool { return false }

// newError wraps err unless it is an *Error already. A *url.Error is opened:
// its text has the whole URL in it.
func newError(op, method string, u *url.URL, err error, resp *Response) error {
	if err == nil {
		return nil
	}
	if _, ok := err.(*Error); ok { // one deeper down is of a session that was used on the way
		return err
	}
	return &Error{Op: op, Method: method, URL: redact.Target(u), Err: bare(err), Response: resp}
}

// bare takes a *url.Error off the top of err.
func bare(err error) error {
	if ue, ok := err.(*url.Error); ok {
		return ue.Err
	}
	return err
}

// cause joins a condition with what led to it, so that both match.
type cause struct {
	condition error
	err       error
}

func (c *cause) Error() string   { return c.condition.Error() + ": " + c.err.Error() }
func (c *cause) Unwrap() []error { return []error{c.condition, c.err} }

// because returns condition with its cause: condition alone if err is nil, err
// alone if that matches it already.
func because(condition, err error) error {
	if err == nil {
		return condition
	}
	if errors.Is(err, condition) {
		return err
	}
	return &cause{condition, err}
}

// refuse returns condition with the reason in words.
func refuse(condition error, format string, args ...any) error {
	return &cause{condition, fmt.Errorf(format, args...)}
}

// maxExcerpt is how much of an error response's content StatusError keeps.
const maxExcerpt = 4 << 10 // bytes

// StatusError reports a response with a status of 400 to 599, once the caller
// asked for the check: by [Response.RaiseForStatus], a collector, or
// Settings.RaiseForStatus.
type StatusError struct {
	StatusCode int
	Reason     string // what follows the code in the status line; may be empty
	Method     string
	URL        string // without query and fragment, its userinfo hidden
	Header     http.Header
	Content    []byte    // the start of the decoded content, at most 4 KiB
	Problem    *Problem  // what application/problem+json says; nil for other content
	Response   *Response // the response itself
}

// Error reads "404 Client Error: Not Found for url: https://…", as that of
// Python's requests does.
func (e StatusError) Error() string {
	kind := "Client"
	if e.StatusCode >= 500 {
		kind = "Server"
	}
	return strconv.Itoa(e.StatusCode) + " " + kind + " Error: " + printable(e.Reason) + " for url: " + e.URL
}

// printable escapes what a terminal or a log would act on: the reason is the
// peer's text.
func printable(s string) string {
	q := strconv.Quote(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// Format prints the text of [StatusError.Error] under every verb: content and
// header may hold secrets.
func (e StatusError) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// formatText prints s for any verb, quoted where fmt would quote a string.
func formatText(f fmt.State, verb rune, s string) {
	if verb == 'q' {
		s = strconv.Quote(s)
	}
	fmt.Fprint(f, s)
}
