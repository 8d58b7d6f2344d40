// Package adapters carries requests to servers: pools of transports, and
// round trippers to lay around or put in place of them. Each is an
// [net/http.RoundTripper] and works under a plain [net/http.Client] as well.
//
// # Pools
//
// [New] makes an [HTTP]: a pool that keeps connections apart by proxy and
// trust, and honours the [Settings] that a request carries in its context (its
// proxy, its trust, its time limits). A session makes one of its own; another is
// mounted for what [Options] say: a unix domain socket, a [Guard] against
// addresses that are not public, limits of connections, a resolver. [From]
// adopts an [net/http.Transport], [Default] is shared by all that name no other.
// Whoever makes a pool closes it. [TraceFrom] says by which connection a
// response came, [HTTP.Statistics] how many there are.
//
// # Around a pool
//
// The layers below are structs whose zero value works. Their field Base is what
// they are laid around, and their method Wrap fits requests.WithMiddleware, where
// the last one is outermost:
//
//   - [Limit] bounds how many requests start in a second and are under way;
//   - [Retry] sends what is harmless twice again, within a budget and the
//     caller's deadline;
//   - [Hedge] sends a second request when the first is slow;
//   - [Breaker] keeps requests from an origin that fails;
//   - [AttemptTimeout] bounds one attempt;
//   - [Resilient] is four of them and a bound of the whole, in the order that fits.
//
// # In the place of one
//
//   - [Handler] has an [net/http.Handler] answer in memory: a mux is the mock of
//     a service;
//   - [Func] is a round tripper from a function;
//   - [File] and [Data] answer file and data URLs (RFC 8089, RFC 2397);
//   - [Unix] takes http+unix URLs, whose host is the path of a socket.
//
// # The contract
//
// An adapter does not change the request, closes its body even when it fails,
// returns either a response or an error, and is safe for concurrent use.
// Package adaptertest holds that as tests to run on any round tripper; package
// faults breaks requests on purpose.
package adapters
