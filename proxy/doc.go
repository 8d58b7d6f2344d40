// Package proxy decides which proxy, if any, a URL is requested through: by a
// map of proxies, by the variables of the environment, and by the exceptions
// of either.
//
// A [Map] names proxies by scheme and by host:
//
//	proxy.Map{
//		"https":                    "http://proxy.example.com:3128",
//		"https://internal.example": "", // directly
//		"no_proxy":                 "10.0.0.0/8, .corp.example",
//	}
//
// It is given to requests.WithProxies, for a session or a call, and goes before
// the environment, which [FromEnvironment] reads anew for each call: http_proxy,
// https_proxy, all_proxy and no_proxy, lower case before upper. [Bypass] says how
// exceptions are written. Loopback is no exception by itself.
//
// [Parse] takes http, https, socks4, socks4a, socks5 and socks5h proxies, with or
// without user and password. Of the two forms of a SOCKS version, socks4a and
// socks5h leave it to the proxy to look names up. Credentials do not print.
package proxy
