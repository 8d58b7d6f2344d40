package aws

import (
	"context"
	"errors"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/seed-3bbad739/requests"
)

// Event is what the functions of [Session.Events] get. Its name has three
// segments: what happens, the service and the operation, such as
// before-send.s3.PutObject; the service is its id in lower case with hyphens.
//
// In the order of one call: provide-client-params, before-parameter-build,
// before-endpoint-resolution (of two segments) and before-call; for every
// attempt request-created, choose-signer, before-sign, before-send,
// before-parse, response-received and needs-retry; then after-call, or
// after-call-error when there was neither a response nor an answer of
// before-call. Before all of them, once for a client by name,
// creating-client-class, which has two segments, and for each kind of resource
// creating-resource-class.s3.Bucket.
type Event struct {
	// Request is the call. When a client is being created it has ClientInfo only.
	Request *Request
	// Client is the client by name that is being created; nil in all other
	// events. Its handlers and events may be added to.
	Client *Client
	// Signer, when a function for choose-signer sets it, is what authenticates
	// the attempt: "none", "v4", "v4a" or "bearer". Clients by name only; raw
	// requests take "none".
	Signer string
	// RetryAfter, when a function for needs-retry sets it, makes another
	// attempt after that time, as far as attempts are left.
	RetryAfter *time.Duration
}

// phases runs handlers and the events that belong to them.
type phases struct {
	handlers *Handlers
	events   *Emitter[*Event]
	err      error // of New, for Validate
	replay   bool  // the HTTP session retries, and so needs content again
}

// HandlerError is the error of a handler or of an event's function. Attempts
// that end in one are not repeated.
type HandlerError struct {
	Phase string // "Sign", or an event's name
	Err   error
}

func (e *HandlerError) Error() string { return "aws: handler of " + e.Phase + ": " + e.Err.Error() }
func (e *HandlerError) Unwrap() error { return e.Err }

// RetryableError tells retryers to leave it.
func (e *HandlerError) RetryableError() bool { return false }

func (p *phases) run(phase string, l *HandlerList, r *Request) error {
	err := l.Run(r)
	if err == nil {
		return nil
	}
	if h := (*HandlerError)(nil); errors.As(err, &h) {
		return err
	}
	return &HandlerError{phase, err}
}

func (p *phases) emit(event string, r *Request) (*Event, error) {
	ev := &Event{Request: r}
	return ev, p.emitEvent(event, ev)
}

func (p *phases) emitEvent(event string, ev *Event) error {
	name := event + "." + serviceIDName(ev.Request.ClientInfo.ServiceID)
	if event != "before-endpoint-resolution" {
		name += "." + ev.Request.Operation.Name
	}
	if err := p.events.Emit(name, ev); err != nil {
		return &HandlerError{name, err}
	}
	return nil
}

// serviceIDName is how event names have a service.
func serviceIDName(id string) string {
	return strings.ToLower(strings.ReplaceAll(id, " ", "-"))
}

// validate begins a call.
func (p *phases) validate(r *Request) error {
	if p.err != nil {
		return p.err
	}
	if err := p.run("Validate", &p.handlers.Validate, r); err != nil {
		return err
	}
	if _, err := p.emit("provide-client-params", r); err != nil {
		return err
	}
	_, err := p.emit("before-parameter-build", r)
	return err
}

// build follows the codec.
func (p *phases) build(r *Request) error {
	if _, err := p.emit("before-endpoint-resolution", r); err != nil {
		return err
	}
	if err := p.run("Build", &p.handlers.Build, r); err != nil {
		return err
	}
	_, err := p.emit("before-call", r)
	return err
}

// sign precedes the signature of each attempt.
func (p *phases) sign(r *Request) (signer string, err error) {
	if _, err := p.emit("request-created", r); err != nil {
		return "", err
	}
	ev, err := p.emit("choose-signer", r)
	if err != nil {
		return "", err
	}
	if err := p.run("Sign", &p.handlers.Sign, r); err != nil {
		return "", err
	}
	_, err = p.emit("before-sign", r)
	return ev.Signer, err
}

// send precedes the wire.
func (p *phases) send(r *Request) error {
	r.HTTPResponse, r.RequestID = nil, ""
	if err := p.run("Send", &p.handlers.Send, r); err != nil || r.HTTPResponse != nil {
		return err
	}
	_, err := p.emit("before-send", r)
	return err
}

// received follows the wire.
func (p *phases) received(r *Request) error {
	if err := p.run("UnmarshalMeta", &p.handlers.UnmarshalMeta, r); err != nil {
		return err
	}
	if err := p.run("ValidateResponse", &p.handlers.ValidateResponse, r); err != nil {
		return err
	}
	_, err := p.emit("before-parse", r)
	return err
}

// attempted ends an attempt whose outcome is in r. It returns the error that
// the retryer is to see.
func (p *phases) attempted(r *Request) error {
	list, name := &p.handlers.Unmarshal, "Unmarshal"
	if r.Error != nil {
		list, name = &p.handlers.UnmarshalError, "UnmarshalError"
	}
	err := p.run(name, list, r)
	if err == nil {
		_, err = p.emit("response-received", r)
	}
	if cerr := p.run("CompleteAttempt", &p.handlers.CompleteAttempt, r); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	ev, err := p.emit("needs-retry", r)
	if err != nil {
		return err
	}
	r.Retryable, r.RetryDelay = nil, nil
	if r.Error == nil && ev.RetryAfter == nil {
		return nil
	}
	if ev.RetryAfter != nil {
		yes := true
		r.Retryable, r.RetryDelay = &yes, ev.RetryAfter
	}
	if r.Error != nil {
		if err := p.run("Retry", &p.handlers.Retry, r); err != nil {
			return err
		}
		if err := p.run("AfterRetry", &p.handlers.AfterRetry, r); err != nil {
			return err
		}
	}
	if r.Retryable == nil && r.RetryDelay == nil {
		return r.Error
	}
	return &attemptError{r.Error, r.Retryable, r.RetryDelay}
}

// complete ends the call whose outcome is in r.
func (p *phases) complete(r *Request) error {
	event := "after-call"
	if r.HTTPResponse == nil && r.Error != nil {
		event = "after-call-error"
	}
	_, err := p.emit(event, r)
	if cerr := p.run("Complete", &p.handlers.Complete, r); err == nil {
		err = cerr
	}
	return err
}

// attemptError is an attempt's outcome about which a handler has decided.
type attemptError struct {
	err       error // nil: it went well and is repeated all the same
	retryable *bool
	delay     *time.Duration
}

func (e *attemptError) Error() string {
	if e.err == nil {
		return "aws: a handler asked for another attempt"
	}
	return e.err.Error()
}
func (e *attemptError) Unwrap() error { return e.err }

// handledRetryer honours what handlers decided.
type handledRetryer struct{ sdk.Retryer }

func (h *handledRetryer) IsErrorRetryable(err error) bool {
	if errors.Is(err, requests.ErrSessionClosed) {
		return false // it stays closed
	}
	if a := (*attemptError)(nil); errors.As(err, &a) && a.retryable != nil {
		return *a.retryable
	}
	if e := (*HandlerError)(nil); errors.As(err, &e) {
		return false
	}
	return h.Retryer.IsErrorRetryable(err)
}

func (h *handledRetryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	if a := (*attemptError)(nil); errors.As(err, &a) && a.delay != nil {
		return *a.delay, nil
	}
	return h.Retryer.RetryDelay(attempt, err)
}

// GetAttemptToken keeps the rate limit of the adaptive mode.
func (h *handledRetryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if v2, ok := h.Retryer.(sdk.RetryerV2); ok {
		return v2.GetAttemptToken(ctx)
	}
	return h.Retryer.GetInitialToken(), nil
}
