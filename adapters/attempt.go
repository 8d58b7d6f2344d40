package adapters

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-3bbad739/requests/internal/ctxkey"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// ErrRetriesExhausted is matched by the errors of requests that were retried
// and failed to the last.
var ErrRetriesExhausted error = sentinel.RetriesExhausted

// Attempt is one sending of a request by a [Retry].
type Attempt struct {
	Number     int           // from 1
	Start      time.Time     // when it was sent
	Elapsed    time.Duration // until its header or its error
	StatusCode int           // of its response; 0: there was none
	Err        error         // of the transport; nil: there was a response
	// Wait is the time between this attempt and the next. It is 0 for the last.
	Wait time.Duration
	// Reason says why another attempt followed ("connect error", "read
	// error", "other error", "status"), or why none did ("attempts are used
	// up", "method is not idempotent", …). It is "" for success.
	Reason string
}

// String describes the attempt in a line for people.
func (a Attempt) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "attempt %d: ", a.Number)
	if a.Err != nil {
		b.WriteString(message(a.Err))
	} else {
		fmt.Fprintf(&b, "status %d", a.StatusCode)
	}
	if a.Reason != "" {
		fmt.Fprintf(&b, " (%s)", a.Reason)
	}
	if a.Wait > 0 {
		fmt.Fprintf(&b, ", waiting %v", a.Wait)
	}
	return b.String()
}

// Format prints [Attempt.String], whatever the verb: an error of a foreign type
// may hold a URL.
func (a Attempt) Format(f fmt.State, _ rune) { io.WriteString(f, a.String()) }

// LogValue is for package slog.
func (a Attempt) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalJSON writes [Attempt.String].
func (a Attempt) MarshalJSON() ([]byte, error) { return json.Marshal(a.String()) }

// RetryError reports that a request failed in spite of being retried. It
// matches [ErrRetriesExhausted], unless the context of the request ended the
// retries, and always what the last attempt met. Retries used up by a server
// that is silent are a failed connection too.
type RetryError struct {
	// Attempts are all that were made, oldest first.
	Attempts []Attempt
	// Response is the last attempt's, its body drained and closed. Nil: the
	// last attempt met an error.
	Response *http.Response
	// Err is the error of the last attempt, or why the context has ended. Nil
	// when retries were used up by statuses.
	Err error

	// When the context ended the retries, its error and the cause of that.
	ended, cause error
}

// end notes that ctx ended the retries. A base that is not ours may have
// returned the cause as it was given.
func (e *RetryError) end(ctx context.Context) {
	given := context.Cause(ctx)
	e.ended, e.cause = ctx.Err(), interrupted(ctx)
	if given != e.ended && errors.Is(e.Err, given) {
		e.Err = e.cause
	}
}

// Error says after how many attempts the request failed, and by what the last did.
func (e *RetryError) Error() string {
	n := len(e.Attempts)
	s := fmt.Sprintf("adapters: %v after %d attempts", ErrRetriesExhausted, n)
	if e.ended != nil {
		s = fmt.Sprintf("adapters: given up after %d attempts", n)
	}
	if n == 1 {
		s = strings.TrimSuffix(s, "s")
	}
	switch {
	case e.Err != nil:
		return s + ": " + message(e.Err)
	case e.Response != nil:
		return fmt.Sprintf("%s: status %d", s, e.Response.StatusCode)
	}
	return s
}

// Format prints the text of [RetryError.Error], whatever the verb.
func (e RetryError) Format(f fmt.State, _ rune) { io.WriteString(f, e.Error()) }

// MarshalJSON writes the text of [RetryError.Error].
func (e RetryError) MarshalJSON() ([]byte, error) { return json.Marshal(e.Error()) }

// Unwrap returns what e matches.
func (e *RetryError) Unwrap() []error {
	var errs []error
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	if e.ended != nil {
		return append(errs, e.ended, e.cause)
	}
	if errors.Is(e.Err, sentinel.ReadTimeout) {
		errs = append(errs, sentinel.Connection) // a server that is silent every time cannot be reached
	}
	return append(errs, ErrRetriesExhausted)
}

// Timeout reports whether the last attempt, or the context, timed out.
func (e *RetryError) Timeout() bool {
	return e.Err != nil && isTimeout(e.Err) || e.ended != nil && isTimeout(e.ended)
}

// Temporary completes net.Error. It always reports false.
func (e *RetryError) Temporary() bool { return false }

// AttemptsFrom returns the attempts that a [Retry] made for resp, oldest
// first, the one that brought it included. It is nil when the first attempt
// succeeded, and when no Retry was involved. The attempts of a request that
// ended in an error are those of its [*RetryError].
func AttemptsFrom(resp *http.Response) []Attempt {
	if resp == nil || resp.Request == nil {
		return nil
	}
	if a, ok := resp.Request.Context().Value(attemptsKey{}).(*attempted); ok {
		return slices.Clone(a.attempts)
	}
	return nil
}

// attemptsKey is the key of the *attempted in the context of a response's
// request: whoever wraps or replaces the body leaves that as it is.
type attemptsKey struct{}

// attach puts a into the context of resp's request, which was req if resp does
// not say.
func (a *attempted) attach(resp *http.Response, req *http.Request) {
	if resp.Request != nil {
		req = resp.Request
	}
	a.Context = req.Context()
	a.request = *req.WithContext(a)
	resp.Request = &a.request
}

// attempted is the context that carries the record, and the request it is of.
type attempted struct {
	context.Context
	attempts []Attempt
	request  http.Request
}

func (a *attempted) Value(key any) any {
	switch key.(type) {
	case attemptsKey:
		return a
	case ctxkey.Beneath:
		return a.Context
	}
	return a.Context.Value(key)
}
