// Package requests is an HTTP client with persistent sessions over net/http.
//
// # A session
//
// A [Session] is a set of defaults in the same vocabulary as a request, with
// the cookies and the connections that its requests share. One [Option] type
// serves [NewSession], [Session.Copy], [Session.Update] and every verb:
//
//	session, err := requests.NewSession(
//		requests.WithBaseURL("https://api.example.com/v1/"),
//		requests.WithHeader("User-Agent", "MyApp/1.0"),
//		requests.WithAuth(auth.Bearer(token)),
//	)
//	if err != nil {
//		return err // every mistake among the options at once
//	}
//	defer session.Close()
//
//	user, err := requests.JSON[User](session.Get(ctx, "users/42"))
//	resp, err := session.Post(ctx, "users", requests.WithJSON(newUser))
//
// A session is safe for concurrent use. [Session.Update] changes it while
// requests are in flight: those keep what they started with. [Session.Copy]
// makes another, with the same connections, cookies of its own and what is to
// differ. Close a session that is no longer needed; a program has few of them
// and keeps them. [Get] and the other functions of that kind use a session of
// the package's, for scripts.
//
// # Layers
//
// A request is made by laying layers over one another, lowest first:
//
//	built-in defaults < environment < session < request
//
// What a layer sets replaces what is below it, key by key: a header field by
// its name, a parameter by its key, a proxy by its scheme or host, a limit by
// itself. [WithoutHeader], [WithoutParam] and [WithoutAuth] take away what is
// below. Within a layer a later option replaces an earlier one for the same
// key. In a [Settings] 0 and nil inherit, and a negative number means none.
//
// The built-in defaults are a User-Agent with [Version], Accept */*, the
// content codings gzip, deflate, br and zstd, 30 redirects, 64 MiB of content
// in memory, and the timeouts below. The environment gives proxies (http_proxy,
// https_proxy, all_proxy, no_proxy), a CA bundle (REQUESTS_CA_BUNDLE,
// CURL_CA_BUNDLE) and, where NETRC names a file, credentials; a false
// [WithEnvironment] leaves it out. [Session.Explain] says which layer set what.
//
// # Requests
//
// The URL of a call is resolved against the base URL (RFC 3986, section 5),
// whose path counts as a directory; [WithPathParam] fills {name} in it,
// [WithParam] and [WithQuery] add to its query. Content is [WithJSON],
// [WithForm], [WithFile] and [WithFilePath] for multipart/form-data (RFC 7578),
// or [WithBody] for anything else.
//
// Redirects, challenges and retries send a [Body] again. What can be read once
// only is sent once; a call that needs it again fails with
// [ErrBodyNotReplayable] instead of sending nothing. [NewBody] says which
// readers can be sent again.
//
// A [Request] is the same as a plain value, for [Session.Do]; [NewRequest] makes
// one of options.
// [Session.Prepare] gives the request as it would be sent, to look at, change,
// print as a command ([PreparedRequest.Curl]) and send ([Session.Send]).
//
// # Responses
//
// A verb returns when the content has been read, within Settings.MaxBody (64
// MiB), and the connection given back: a [Response] that is dropped leaks
// nothing. [Response.JSON], [Response.Text] and [Response.Bytes] give the
// content; the collectors [JSON], [Text] and [Bytes] take the two results of a
// verb, check the status and decode in one line.
//
// With [WithStream] the body is left open, for [Response.Lines],
// [Response.Chunks], [Values], [Response.SaveFile] or any reader, and closing
// it is the caller's duty; SaveFile and the end of a loop close it too. [Pages]
// and [PagesFunc] walk through lists, [Items] takes their pages apart. Packages
// sse and download read event streams and large files.
//
// Redirects are followed by the rules of RFC 9110, section 15.4; those that
// were are in Response.History. [WithMaxRedirects] bounds them,
// [WithoutRedirects] returns them, [Response.Next] has the request that one
// leads to.
//
// # Errors
//
// A status such as 404 is a response, not an error, until it is asked for by
// [Response.RaiseForStatus], [WithRaiseForStatus] or a collector: then it is a
// [*StatusError], with the start of the content and the problem details of
// RFC 9457. Whatever else of a call fails is an [*Error], which matches the
// package's variables with [errors.Is], through every layer:
//
//	var status *requests.StatusError
//	switch {
//	case errors.As(err, &status) && status.StatusCode == 404:
//		// there is no such thing
//	case errors.Is(err, requests.ErrTimeout):
//		// time ran out, wherever it was
//	case errors.Is(err, requests.ErrConnection):
//		// no connection, or it broke; ErrProxy, ErrTLS and ErrTruncated are this too
//	}
//
// Errors show no secrets and no queries. Whatever else is printed shows no
// secrets either: values of this package under every verb of fmt, log lines,
// explanations.
//
// # Credentials and cookies
//
// Credentials have a home: the origin of the base URL, or of the first URL of a
// call. Requests elsewhere, by an absolute URL, a redirect, a page or an SDK,
// go without them: what [WithAuth] sets, cookies of the request, and header
// fields that are named like secrets or set by [WithSecretHeader]. Package auth
// has the kinds of credentials (Basic, Bearer, Digest, API keys, netrc, OAuth
// 2), and binds others to an origin by name (auth.For).
//
// Cookies are kept and sent by RFC 6265bis. [Session.Cookies] is the jar, to be
// listed, changed and saved; see package cookies. [WithCookie] sends one with a
// single call.
//
// # Timeouts
//
// [Timeouts] bound connecting (10 s), the TLS handshake (10 s), the longest
// silence (120 s) and the call in all (no bound but the context's). The error is
// [ErrConnectTimeout] for the first two, [ErrReadTimeout] for a silence, and
// [ErrTimeout] matches every one of them. [WithTimeout] sets the bound of the
// call.
//
// # Proxies and trust
//
// [WithProxy] and [WithProxies] go before the environment; "" is a direct
// connection. Proxies are http, https, socks4, socks4a, socks5 and socks5h.
// Certificates are verified by the system's roots unless [WithCABundle],
// [WithTLS] or the environment says otherwise, and an https proxy's by the
// system's roots or [WithProxyTLS] alone.
// [WithClientCert] shows a certificate. No connection made under one trust or
// proxy serves a request under another.
//
// # Adapters
//
// What carries requests is an [net/http.RoundTripper], mounted for a prefix of
// URLs by [Session.Mount] or laid around all of them by [WithMiddleware]:
// retries, limits, breakers and hedging of package adapters, a guard against
// addresses that are not public, a unix domain socket, or anything from the
// ecosystem. A request that failed is not tried again unless a retry is laid
// around; net/http alone replaces a kept connection that turns out to be closed.
//
//	retry := &adapters.Retry{Attempts: 5}
//	session, err := requests.NewSession(requests.WithMiddleware(retry.Wrap))
//
// In a test a handler in memory stands in the place of the server:
//
//	session, err := requests.NewSession(requests.WithTransport(adapters.Handler(mux)))
//
// [Session.HTTPClient] gives the session to libraries that take an
// [*net/http.Client], [Session.RoundTripper] to those that sign what they send.
//
// # Seeing what happens
//
// [Hooks] are functions run at four places of a call: Prepare and Complete once
// for each call, Send and Response once for each request on the wire.
// [WithLogger] writes log lines and, as every setting does, takes the place of
// the one below; hooks and middleware are added to those below. [WithTimings]
// records the phases of an exchange for [Response.Timings],
// [WithUploadProgress] and [WithDownloadProgress] count bytes.
package requests
