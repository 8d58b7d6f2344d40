// Package adapters carries requests to servers: pools of transports, and
// round trippers to lay around or put in place of them. Each is an
// [net/http.RoundTripper] and works under a plain [net/http.Client] as well.
package adapters
