// Package requests is an HTTP client with persistent sessions over net/http.
//
// A [Session] is a set of defaults in the same vocabulary as a request: one
// [Option] type serves [NewSession], [Session.Copy], [Session.Update] and every
// verb. A request is made by laying layers over one another, lowest first:
//
//	built-in defaults < environment < session < request
//
// What a layer sets replaces what is below it, key by key; WithoutHeader,
// WithoutParam and WithoutAuth take away what is below. [Session.Explain] says
// which layer set what.
//
//	session, err := requests.NewSession(
//		requests.WithBaseURL("https://api.example.com/v1/"),
//		requests.WithHeader("User-Agent", "MyApp/1.0"),
//		requests.WithAuth(auth.Bearer(token)),
//	)
//	if err != nil { … }
//	defer session.Close()
//
//	user, err := requests.JSON[User](session.Get(ctx, "users/42"))
//	resp, err := session.Post(ctx, "users", requests.WithJSON(newUser))
//
// # Responses
//
// A verb returns when the content has been read, within Settings.MaxBody (64
// MiB), and the connection given back: a [Response] that is dropped leaks
// nothing. With [WithStream] the body is left open, for [Response.Lines],
// [Response.Chunks], [Values], [Response.SaveFile] or any reader, and closing
// it is the caller's duty. A status such as 404 is a response, not an error,
// until it is asked for by [Response.RaiseForStatus], [WithRaiseForStatus] or
// the collectors [JSON], [Text] and [Bytes].
//
// # Credentials
//
// Credentials have a home: the origin of the base URL, or of the first URL of a
// call. Requests elsewhere, by an absolute URL, a redirect, a page or an SDK,
// go without them: what authentication sets, cookies of the request, and header
// fields that are marked or named like secrets. Package auth binds others to
// an origin by name.
//
// # Bodies
//
// Redirects, challenges and retries send a [Body] again. What can be read once
// only is sent once; a call that needs it again fails with
// [ErrBodyNotReplayable] instead of sending nothing.
//
// # Timeouts
//
// [Timeouts] bound connecting (10 s), the TLS handshake (10 s), the longest
// silence (120 s) and the call in all (no bound but the context's), each with
// an error of its own: [ErrConnectTimeout], [ErrReadTimeout], [ErrTimeout].
//
// # Adapters
//
// What carries requests is an [net/http.RoundTripper], mounted for a prefix of
// URLs by [Session.Mount] or laid around all of them by [WithMiddleware]:
// retries, limits and breakers of package adapters, a handler in memory in the
// place of a server, or anything from the ecosystem. [Session.HTTPClient] gives
// the session to libraries that take an *http.Client.
//
// Errors are [*Error] and [*StatusError], match the package's variables through
// every layer, and show no secrets, as does everything else that is printed.
package requests
