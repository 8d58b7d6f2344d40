package aws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/seed-3bbad739/requests/hooks"
)

// Request is one call of an operation, as handlers and events see it.
type Request struct {
	ClientInfo ClientInfo
	Operation  Operation
	// Params is the input: a [Params] of a client by name, a pointer to the
	// input of a typed client, nil of a raw request.
	Params any
	// Data is the output, from Unmarshal on: an [Output] of a client by name,
	// a pointer to a typed client's.
	Data any
	// HTTPRequest is there from Build on. Until Sign ran, it may be changed.
	HTTPRequest *http.Request
	// HTTPResponse is there after Send. A Send handler that sets it answers
	// in place of the network.
	HTTPResponse *http.Response
	// Error is what went wrong so far, for the lists that run afterwards.
	Error error
	// RetryCount is the number of attempts before this one.
	RetryCount int
	// Retryable, when a Retry handler sets it, decides about another attempt.
	Retryable *bool
	// RetryDelay, when an AfterRetry handler sets it, is the wait before it.
	RetryDelay *time.Duration
	// RequestID is what the service calls the request, once it answered.
	RequestID string
	// Time is when the call began.
	Time time.Time

	ctx      context.Context
	attempts int
	bucket   string // of S3
	region   string // to sign for, when it is not the client's
	followed bool   // to another region
	decodes  bool   // names in the output are to be decoded
	trailer  string // the field after content that is sent as it is read
	sent     bool   // the attempt at hand has come as far as Send
	running  *HandlerList
	item     HandlerListRunItem
}

// Format prints service and operation, whatever the verb: the request that is
// sent has the signature and the token in its header.
func (r *Request) Format(w fmt.State, _ rune) {
	if r == nil {
		io.WriteString(w, "<nil>")
		return
	}
	fmt.Fprintf(w, "aws.Request{Service:%q Operation:%q}", r.ClientInfo.ServiceName, r.Operation.Name)
}

// ClientInfo says whose request it is.
type ClientInfo struct {
	ServiceName   string // as in Client(name): "s3", also of typed clients where the table knows the service
	ServiceID     string // as the model has it: "S3"
	APIVersion    string
	Endpoint      string
	SigningName   string
	SigningRegion string
	PartitionID   string
}

// Operation says what is asked for.
type Operation struct {
	Name                 string // "PutObject"; "" of a raw request
	HTTPMethod, HTTPPath string // of clients by name
}

// Context returns the context of the call.
func (r *Request) Context() context.Context {
	if r.ctx == nil {
		return context.Background()
	}
	return r.ctx
}

// HandlerList is an ordered list of functions for one phase of a request: a
// [hooks.List] with the methods and the rules of the AWS SDK's lists. The
// first error ends the list, and the request. A HandlerList must not be
// copied; its zero value is empty and ready.
type HandlerList struct {
	list hooks.List[*Request]
	// AfterEachFn, if not nil, is called after each handler; false ends the
	// list. Set it before the list is in use.
	AfterEachFn func(item HandlerListRunItem) bool
}

// HandlerListRunItem is what AfterEachFn sees: the handler that just ran.
type HandlerListRunItem struct {
	Index   int
	Name    string
	Request *Request
	Err     error
}

// HandlerListStopOnError is an AfterEachFn that ends the list at an error on
// the request, set by whomever.
func HandlerListStopOnError(item HandlerListRunItem) bool {
	return item.Err == nil && item.Request.Error == nil
}

// errStopped ends a list whose AfterEachFn said so; it never leaves Run.
var errStopped = errors.New("stopped")

func watched(name string, fn func(*Request) error) func(*Request) error {
	if fn == nil {
		return nil
	}
	return func(r *Request) error {
		err := fn(r)
		l := r.running
		if l == nil || l.AfterEachFn == nil {
			return err
		}
		item := HandlerListRunItem{r.item.Index, name, r, err}
		r.item.Index++
		if !l.AfterEachFn(item) && err == nil {
			return errStopped
		}
		return err
	}
}

// PushBack adds fn at the end.
func (l *HandlerList) PushBack(fn func(*Request) error) { l.PushBackNamed("", fn) }

// PushFront adds fn at the beginning.
func (l *HandlerList) PushFront(fn func(*Request) error) { l.PushFrontNamed("", fn) }

// PushBackNamed adds fn at the end under name.
func (l *HandlerList) PushBackNamed(name string, fn func(*Request) error) {
	l.list.PushBackNamed(name, watched(name, fn))
}

// PushFrontNamed adds fn at the beginning under name.
func (l *HandlerList) PushFrontNamed(name string, fn func(*Request) error) {
	l.list.PushFrontNamed(name, watched(name, fn))
}

// SetBackNamed replaces what is called name, in its place, or else adds fn at the end.
func (l *HandlerList) SetBackNamed(name string, fn func(*Request) error) {
	if !l.Swap(name, fn) {
		l.PushBackNamed(name, fn)
	}
}

// SetFrontNamed replaces what is called name, in its place, or else adds fn at the beginning.
func (l *HandlerList) SetFrontNamed(name string, fn func(*Request) error) {
	if !l.Swap(name, fn) {
		l.PushFrontNamed(name, fn)
	}
}

// InsertBefore adds fn before the first handler called mark and reports
// whether there is one.
func (l *HandlerList) InsertBefore(mark, name string, fn func(*Request) error) bool {
	return l.list.InsertBefore(mark, name, watched(name, fn))
}

// InsertAfter adds fn after the first handler called mark and reports whether
// there is one.
func (l *HandlerList) InsertAfter(mark, name string, fn func(*Request) error) bool {
	return l.list.InsertAfter(mark, name, watched(name, fn))
}

// RemoveByName removes all handlers called name and returns their number.
func (l *HandlerList) RemoveByName(name string) int { return l.list.RemoveByName(name) }

// Remove is RemoveByName, as the SDK has it.
func (l *HandlerList) Remove(name string) int { return l.list.RemoveByName(name) }

// Swap replaces all handlers called name by fn and reports whether there were any.
func (l *HandlerList) Swap(name string, fn func(*Request) error) bool {
	return l.list.Swap(name, watched(name, fn))
}

// SwapNamed is Swap, as the SDK has it.
func (l *HandlerList) SwapNamed(name string, fn func(*Request) error) bool { return l.Swap(name, fn) }

// Clear removes all handlers.
func (l *HandlerList) Clear() { l.list.Clear() }

// Len returns the number of handlers.
func (l *HandlerList) Len() int { return l.list.Len() }

// Names returns the handlers' names in order, "" for those without.
func (l *HandlerList) Names() []string { return l.list.Names() }

// Run calls the handlers in order with r. The first error ends it and is returned.
func (l *HandlerList) Run(r *Request) error {
	if l.list.Len() == 0 {
		return nil
	}
	outer, item := r.running, r.item
	r.running, r.item = l, HandlerListRunItem{}
	err := l.list.Run(r)
	r.running, r.item = outer, item
	if errors.Is(err, errStopped) {
		return nil
	}
	return err
}

func (l *HandlerList) copyTo(to *HandlerList) {
	to.list.Append(&l.list)
	to.AfterEachFn = l.AfterEachFn
}

// Handlers are the phases of a request, in the order they run. Validate and
// Build run once per call; Sign, Send and the lists that follow run for every
// attempt; Complete runs once, at the end, whatever happened before.
//
//	Validate → Build
//	attempt: Sign → Send → UnmarshalMeta → ValidateResponse
//	         good → Unmarshal → CompleteAttempt
//	         bad  → UnmarshalError → CompleteAttempt → Retry → AfterRetry → next attempt
//	Complete
//
// Handlers see a request before the work of their phase is done: what a Sign
// handler sets is part of the signature, what a Send handler sets is not. An
// error from a handler ends the call; one from Send keeps the request from the
// network. BuildStream and UnmarshalStream of the SDK's first version, which had
// to do with single events of event streams, are not here: the clients that
// speak them bring their own codecs. A Handlers must not be copied by assignment; see [Handlers.Copy].
type Handlers struct {
	Validate         HandlerList
	Build            HandlerList
	Sign             HandlerList
	Send             HandlerList
	UnmarshalMeta    HandlerList
	ValidateResponse HandlerList
	Unmarshal        HandlerList
	UnmarshalError   HandlerList
	CompleteAttempt  HandlerList
	Retry            HandlerList
	AfterRetry       HandlerList
	Complete         HandlerList
}

func (h *Handlers) lists() [12]*HandlerList {
	return [...]*HandlerList{
		&h.Validate, &h.Build, &h.Sign, &h.Send, &h.UnmarshalMeta, &h.ValidateResponse, &h.Unmarshal,
		&h.UnmarshalError, &h.CompleteAttempt, &h.Retry, &h.AfterRetry, &h.Complete,
	}
}

// Copy returns handlers that change independently of h.
func (h *Handlers) Copy() *Handlers {
	n := new(Handlers)
	h.copyTo(n)
	return n
}

func (h *Handlers) copyTo(to *Handlers) {
	if h == nil {
		return
	}
	from, dst := h.lists(), to.lists()
	for i := range from {
		from[i].copyTo(dst[i])
	}
}

// Clear empties all lists.
func (h *Handlers) Clear() {
	for _, l := range h.lists() {
		l.Clear()
	}
}

// IsEmpty reports whether all lists are empty.
func (h *Handlers) IsEmpty() bool {
	for _, l := range h.lists() {
		if l.Len() > 0 {
			return false
		}
	}
	return true
}
