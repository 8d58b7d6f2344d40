// Package hooks gives a session its places to look and to act: ordered lists
// of named functions, and the exchange that they are shown.
//
// A [List] of type T holds functions of T that return an error; the first error
// ends a run and fails what it was run for. Lists may be changed while they run:
// a run keeps the hooks it began with. Hooks with a name can be found, replaced
// and removed by others than who added them, and errors say it.
//
// A session has four lists (requests.Hooks). Prepare and Complete run once for
// each call. Send and Response run once for each [Exchange], which is one
// request on the wire: redirects and answers to challenges are exchanges of
// their own. In order:
//
//	Prepare → ( Send → the wire → Response ) for each exchange → Complete
//
//	session.Hooks().Send.PushBackNamed("request id", func(e *requests.Exchange) error {
//		e.Request.Header.Set("X-Request-Id", newID())
//		return nil
//	})
//
// [Log] and [Dump] make hooks that write exchanges to a logger and, as on the
// wire, to a writer, both without secrets. [Exchange.Peek] looks at the start of
// a body and leaves it to be read.
package hooks
