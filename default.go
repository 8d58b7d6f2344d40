package requests

import (
	"context"
	"net/http"
	"sync"
)

// defaultSession is what the package-level verbs use.
var defaultSession struct {
	sync.Mutex
	session *Session
}

// DefaultSession returns the session behind the package-level functions. It is
// set up at the first use, and should not be closed while those are used.
func DefaultSession() *Session {
	defaultSession.Lock()
	defer defaultSession.Unlock()
	if defaultSession.session == nil {
		defaultSession.session = Must(NewSession()) // without options nothing can be wrong
	}
	return defaultSession.session
}

// SetDefaultSession puts s behind the package-level functions and returns what
// was there, for the caller to close; nil if there was none. A nil s means
// that a new one is set up at the next use.
func SetDefaultSession(s *Session) (previous *Session) {
	defaultSession.Lock()
	defer defaultSession.Unlock()
	previous, defaultSession.session = defaultSession.session, s
	return previous
}

// SetupDefaultSession puts a new session with these defaults behind the
// package-level functions and closes the one it replaces.
func SetupDefaultSession(defaults ...Option) error {
	s, err := NewSession(defaults...)
	if err != nil {
		return err
	}
	if previous := SetDefaultSession(s); previous != nil {
		return previous.Close()
	}
	return nil
}

// once makes a call with the default session's settings and connections, but
// with cookies of its own: it starts from a clone of the session's jar, which
// is dropped when the call is over.
func once(ctx context.Context, method, url string, opts []Option) (*Response, error) {
	s := DefaultSession()
	c, err := s.open(ctx)
	if err != nil {
		return nil, newError("prepare", method, nil, err, nil)
	}
	if c.jar != nil {
		c.jar = c.jar.Clone()
	}
	c.layUp(method, url, opts)
	return c.do()
}

// Get is [Session.Get] with the default session and no cookies kept. Most
// programs are better served by a session of their own.
func Get(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return once(ctx, http.MethodGet, url, opts)
}

// Head is [Session.Head] with the default session and no cookies kept.
func Head(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return once(ctx, http.MethodHead, url, opts)
}

// Options is [Session.Options] with the default session and no cookies kept.
func Options(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return once(ctx, http.MethodOptions, url, opts)
}

// Delete is [Session.Delete] with the default session and no cookies kept.
func Delete(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return once(ctx, http.MethodDelete, url, opts)
}

// Post is [Session.Post] with the default session and no cookies kept.
func Post(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return once(ctx, http.MethodPost, url, opts)
}

// Put is [Session.Put] with the default session and no cookies kept.
func Put(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return once(ctx, http.MethodPut, url, opts)
}

// Patch is [Session.Patch] with the default session and no cookies kept.
func Patch(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return once(ctx, http.MethodPatch, url, opts)
}

// Query is [Session.Query] with the default session and no cookies kept.
func Query(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return once(ctx, methodQuery, url, opts)
}
