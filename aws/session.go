package aws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/seed-3bbad739/requests"
)

// Session holds what clients of AWS services have in common. Make one by
// [Open], [NewSession] or [NewSessionWithOptions] and close it when it and its
// clients are no longer needed.
//
// A Session is safe for concurrent use as long as nobody assigns to its
// Config; its handlers and events may be changed at any time. A client has
// copies of both, made when it was created.
type Session struct {
	// Config is what clients start from, the region and the credentials that
	// were found included. Change it before the session is shared, or use Copy.
	Config *Config
	// Handlers are what clients start from.
	Handlers Handlers

	loaded *loaded
	http   *requests.Session
	owned  bool
	extra  []requests.Option // laid over a borrowed session
	events *Emitter[*Event]
	err    error // why New could not make a session; fails every request
	closed atomic.Bool
}

// NewSession makes a session of the environment and the shared files, with
// cfgs merged over it, the last on top.
func NewSession(cfgs ...*Config) (*Session, error) {
	var o options
	o.Config.MergeIn(cfgs...)
	return open(context.Background(), &o)
}

// NewSessionWithOptions makes a session as o says.
func NewSessionWithOptions(o Options) (*Session, error) {
	own := options{Options: o}
	own.Config = *new(Config).Copy(&o.Config)
	return open(context.Background(), &own)
}

// New is NewSession for code that cannot take an error: what went wrong is the
// error of every request of the session's clients. Prefer NewSession.
func New(cfgs ...*Config) *Session {
	s, err := NewSession(cfgs...)
	if err == nil {
		return s
	}
	h, herr := requests.NewSession()
	return &Session{
		Config: new(Config).Copy(cfgs...), loaded: new(loaded), events: NewEmitter[*Event](),
		http: h, owned: herr == nil, err: errors.Join(err, herr),
	}
}

// Open makes a session as the options say, of the environment and the shared
// files where they say nothing. The context bounds the making only.
func Open(ctx context.Context, opts ...Option) (*Session, error) {
	var o options
	for _, set := range opts {
		if set != nil {
			set(&o)
		}
	}
	return open(ctx, &o)
}

// Copy returns a session with cfgs merged over s.Config, and copies of the
// handlers and events. It shares the connections and the credentials of s.
// HTTP options of cfgs apply to a copy of the HTTP session; one that is wrong
// is the error of every request, as with [New].
func (s *Session) Copy(cfgs ...*Config) *Session {
	c := &Session{
		Config: s.Config.Copy(cfgs...), loaded: s.loaded, http: s.http, extra: s.extra,
		events: s.events.Copy(), err: s.err,
	}
	s.Handlers.copyTo(&c.Handlers)
	more := new(Config).Copy(cfgs...).HTTP
	if len(more) == 0 {
		return c
	}
	h, err := s.http.Copy(append(c.extra[:len(c.extra):len(c.extra)], more...)...)
	if err != nil {
		c.err = errors.Join(c.err, fmt.Errorf("aws: %w", err))
		return c
	}
	c.http, c.owned, c.extra = h, true, nil
	return c
}

// HTTP returns the HTTP session that everything goes through. Its hooks and
// mounts are live. Requests made by itself are its user's own; see
// [Session.Auth] for signing them.
func (s *Session) HTTP() *requests.Session { return s.http }

// Events returns the session's events, live. Clients copy them when they are
// made.
func (s *Session) Events() *Emitter[*Event] { return s.events }

// Profile returns the name of the profile in use, "default" if none was named.
func (s *Session) Profile() string {
	if s.loaded.profile == "" {
		return "default"
	}
	return s.loaded.profile
}

// Region returns the region, "" when none is known.
func (s *Session) Region() string { return value(s.Config.Region) }

// AvailableProfiles returns the profiles of the shared files in the order they
// are there, those of the config file first. Files that do not exist have none.
func (s *Session) AvailableProfiles() ([]string, error) {
	ps := s.loaded.profiles
	if ps == nil && (s.loaded.configFiles != nil || s.loaded.credentialsFiles != nil) {
		var err error
		if ps, err = readSharedProfiles(s.loaded.configFiles, s.loaded.credentialsFiles); err != nil {
			return nil, err
		}
	}
	return ps.names(), nil
}

// Credentials returns the credentials in use, fetched if need be. The error
// matches ErrNoCredentials when no source has any.
func (s *Session) Credentials(ctx context.Context) (Credentials, error) {
	if s.err != nil {
		return Credentials{}, s.err
	}
	return s.CredentialsProvider().Retrieve(ctx)
}

// CredentialsProvider returns what keeps the credentials fresh. It is never nil.
func (s *Session) CredentialsProvider() CredentialsProvider {
	if p := s.Config.Credentials; p != nil {
		return p
	}
	return failing{ErrNoCredentials}
}

// Close closes the HTTP session, if the session made it. Calls in flight
// finish, later ones fail. Copies that share it fail as well.
func (s *Session) Close() error {
	if s.closed.Swap(true) || !s.owned {
		return nil
	}
	return s.http.Close()
}

// Format prints profile and region, whatever the verb.
func (s *Session) Format(w fmt.State, _ rune) {
	if s == nil {
		io.WriteString(w, "<nil>")
		return
	}
	fmt.Fprintf(w, "aws.Session{Profile:%q Region:%q}", s.Profile(), s.Region())
}
