package aws

import (
	"context"
	"sync"
)

// defaults guards the default session.
var defaults struct {
	mu      sync.Mutex
	session *Session
}

// SetupDefaultSession makes a new session the default one. Clients made before
// keep theirs, which is not closed. On an error the default session stays
// what it was.
func SetupDefaultSession(ctx context.Context, opts ...Option) error {
	s, err := Open(ctx, opts...)
	if err != nil {
		return err
	}
	defaults.mu.Lock()
	defer defaults.mu.Unlock()
	defaults.session = s
	return nil
}

// DefaultSession returns the default session, made at the first call. An error
// is not kept: the next call tries again.
func DefaultSession() (*Session, error) {
	defaults.mu.Lock()
	defer defaults.mu.Unlock()
	if defaults.session != nil {
		return defaults.session, nil
	}
	s, err := Open(context.Background())
	if err != nil {
		return nil, err
	}
	defaults.session = s
	return s, nil
}

// ResetDefaultSession forgets the default session, for tests. It is not closed.
func ResetDefaultSession() {
	defaults.mu.Lock()
	defer defaults.mu.Unlock()
	defaults.session = nil
}

// DefaultClient is Client of the default session.
func DefaultClient(service string, opts ...ClientOption) (*Client, error) {
	s, err := DefaultSession()
	if err != nil {
		return nil, err
	}
	return s.Client(service, opts...)
}

// DefaultResource is Resource of the default session.
func DefaultResource(service string, opts ...ClientOption) (*Resource, error) {
	s, err := DefaultSession()
	if err != nil {
		return nil, err
	}
	return s.Resource(service, opts...)
}
