// Package proxyauth marks the requests that authenticate to a proxy. Whoever
// speaks to the proxy marks them; authenticators then answer the proxy and
// leave the origin alone.
package proxyauth

import (
	"context"
	"net/url"
)

type key struct{}

// WithProxy returns a context that marks its request as one for proxy. A nil
// proxy takes the mark away.
func WithProxy(ctx context.Context, proxy *url.URL) context.Context {
	return context.WithValue(ctx, key{}, proxy)
}

// From returns the proxy that the request of ctx is for, nil when it is for
// its origin.
func From(ctx context.Context) *url.URL {
	proxy, _ := ctx.Value(key{}).(*url.URL)
	return proxy
}
