// Package ctxkey holds the context keys that the root answers and a leaf asks
// for, so that a session's own context type can carry the value without an
// allocation of context.WithValue.
package ctxkey

// Settings is the key of the *adapters.Settings of an exchange.
type Settings struct{}

// Beneath is the key under which a context that adds nothing but values to
// another says which one that is.
type Beneath struct{}
