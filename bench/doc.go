// Package bench measures the session of requests beside net/http by hand and
// the libraries it may take the place of. README.md says how to read it.
package bench
