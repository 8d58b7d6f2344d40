package adapters

import (
	"context"
	"io"
	"net/http"
)

// policy is what [Retry], [Limit] and their kind have in common: a way of
// sending a request through whatever comes next.
type policy interface {
	roundTrip(next http.RoundTripper, req *http.Request) (*http.Response, error)
}

// policyLayer is a policy laid over one next. What the policy remembers stays
// with the policy, so that all its layers share it.
type policyLayer struct {
	policy policy
	next   http.RoundTripper // nil: Default()
}

func (l *policyLayer) RoundTrip(req *http.Request) (*http.Response, error) {
	return l.policy.roundTrip(orDefault(l.next), req)
}

// CloseIdleConnections closes those of what comes next.
func (l *policyLayer) CloseIdleConnections() { closeIdleOf(l.next) }

// Close closes what comes next.
func (l *policyLayer) Close() error { return closeOf(l.next) }

func orDefault(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		return Default()
	}
	return base
}

func closeIdleOf(base http.RoundTripper) {
	if c, ok := orDefault(base).(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// closeOf leaves the shared pool alone: it belongs to the process.
func closeOf(base http.RoundTripper) error {
	if base == nil {
		return nil
	}
	if c, ok := base.(io.Closer); ok {
		return c.Close()
	}
	closeIdleOf(base)
	return nil
}

// closeContent closes the body of a request that is not going to be sent, which
// the contract of http.RoundTripper asks for.
func closeContent(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

// showAsSent makes resp.Request live by the context of req again, when sent
// was req under a context that ends with the body. Values that lower layers
// put into theirs stay readable.
func showAsSent(resp *http.Response, sent, req *http.Request) {
	switch resp.Request {
	case nil:
	case sent:
		resp.Request = req
	default:
		inner := resp.Request.Context()
		resp.Request = resp.Request.WithContext(valuesContext{req.Context(), inner})
	}
}

// valuesContext ends with Context and has the values of values.
type valuesContext struct {
	context.Context
	values context.Context
}

func (c valuesContext) Value(key any) any { return c.values.Value(key) }
