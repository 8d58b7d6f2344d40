package requests

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/cookies"
	"github.com/seed-3bbad739/requests/internal/redact"
)

// Session is a set of defaults, in the vocabulary of a request, with the
// cookies, adapters and connections that its requests share. Make one by
// [NewSession]; the zero value is not ready for use. Close it when it is no longer
// needed.
//
// A Session is safe for concurrent use. Its defaults are an immutable
// snapshot: a request keeps the ones it started with while [Session.Update]
// puts others in their place.
type Session struct {
	snapshot   atomic.Pointer[snapshot]
	mounts     atomic.Pointer[mountTable]
	hooks      Hooks
	middleware []func(http.RoundTripper) http.RoundTripper
	mu         sync.Mutex // serialises changes of snapshot, mounts and middleware

	lease *lease
	// calls counts those in flight; closedBit is added by Close.
	calls atomic.Int64
}

const closedBit = 1 << 62

// NewSession returns a session whose defaults are what the options say. It
// returns every mistake among them at once. The caller closes the session.
func NewSession(defaults ...Option) (*Session, error) {
	s := &Session{lease: newLease()}
	own := s.lease.adapter()
	mounts := [...]mount{{web[0], own, own}, {web[1], own, own}}
	if err := s.change("new session", bottom, mounts[:], defaults); err != nil {
		return nil, err
	}
	return s, nil
}

// Must returns s and panics if err is not nil, for sessions that are values
// of a package.
func Must(s *Session, err error) *Session {
	if err != nil {
		panic(err)
	}
	return s
}

// change lays options over from and mounts, which it does not keep, and
// installs the outcome, all or nothing. The caller holds s.mu or is alone.
func (s *Session) change(op string, from *snapshot, mounts []mount, opts []Option) error {
	l := newLayer()
	defer l.recycle()
	l.ofSession, l.session = true, &l.sessionRoom
	l.apply(opts)
	next, err := from.with(l)
	table, mountErr := s.mounts.Load(), error(nil)
	if table == nil || len(l.session.mounts) > 0 || len(l.session.middleware) > 0 {
		table, mountErr = remount(mounts, l.session.mounts, s.middleware, l.session.middleware)
	}
	if err := errors.Join(l.err, err, mountErr); err != nil {
		return &Error{Op: op, Err: err}
	}
	s.middleware = append(slices.Clip(s.middleware), l.session.middleware...)
	s.mounts.Store(table)
	s.hooks.append(l.Hooks)
	s.snapshot.Store(next)
	return nil
}

// Copy returns a session with the same defaults under changes, a clone of the
// cookies, copies of hooks and mounts, and the same pool of connections, which
// is closed with the last session that uses it.
func (s *Session) Copy(changes ...Option) (*Session, error) {
	if err := s.begin(); err != nil {
		return nil, &Error{Op: "copy session", Err: err}
	}
	defer s.end()
	c := new(Session)
	s.mu.Lock()
	from := s.snapshot.Load()
	mounts := s.mounts.Load()
	c.mounts.Store(mounts)
	c.middleware = slices.Clip(s.middleware)
	s.mu.Unlock()
	c.hooks.append(&s.hooks)
	s.lease.watch(s)
	c.lease = s.lease.again()
	c.lease.watch(c) // before an option can panic
	from = from.withClonedJar()
	if err := c.change("copy session", from, mounts.list, changes); err != nil {
		c.lease.release()
		return nil, err
	}
	return c, nil
}

// Update lays changes over the defaults of s. Either all of them take effect
// or, when one is wrong, none. Requests in flight keep what they started with.
func (s *Session) Update(changes ...Option) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.change("update session", s.snapshot.Load(), s.mounts.Load().list, changes)
}

// Defaults returns a copy of what every request of s starts from, the
// built-in defaults included.
func (s *Session) Defaults() *Request {
	snap := s.snapshot.Load()
	r := snap.request.clone()
	r.Params = valuesOf(snap.params)
	r.Hooks = s.hooks.copy()
	return r
}

// Cookies returns the session's jar, live. It is nil if the session was told
// to have none.
func (s *Session) Cookies() *cookies.Jar { return s.snapshot.Load().jar }

// Hooks returns the session's hooks, live: adding to them affects the requests
// that start from then on.
func (s *Session) Hooks() *Hooks { return &s.hooks }

// Mount makes adapter serve the URLs that begin with prefix, such as
// "https://api.example.com/v2/"; among several the longest prefix decides.
// A prefix ends at the end of a scheme, host, port or path segment, so
// "https://api.example" does not hold "https://api.example.test". Mounting a
// prefix again replaces its adapter. An *http.Transport is adopted by
// [adapters.From]. The adapter stays its owner's to close.
func (s *Session) Mount(prefix string, adapter http.RoundTripper) error {
	m, err := newMount(prefix, adapter)
	if err != nil {
		return &Error{Op: "mount", Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	table, err := remount(s.mounts.Load().list, []mount{m}, s.middleware, nil)
	if err != nil {
		return &Error{Op: "mount", Err: err}
	}
	s.mounts.Store(table)
	return nil
}

// Unmount takes the adapter of prefix away and returns it; nil if there is none.
func (s *Session) Unmount(prefix string) http.RoundTripper {
	s.mu.Lock()
	defer s.mu.Unlock()
	table := s.mounts.Load()
	i := table.place(prefix)
	if i < 0 {
		return nil
	}
	s.lease.watch(s)
	s.mounts.Store(table.without(i))
	return table.list[i].adapter
}

// Adapter returns what is mounted for rawURL, as it was mounted, or an error
// that matches ErrNoAdapter. The session's own pool is closed with the session,
// and also when nobody holds the session any more: keep it for as long as the
// adapter is used, or use [Session.RoundTripper], which holds it.
func (s *Session) Adapter(rawURL string) (http.RoundTripper, error) {
	u, err := parseTarget(rawURL)
	if err != nil {
		return nil, &Error{Op: "find adapter", Err: err}
	}
	m, err := s.mountFor(u)
	if err != nil {
		return nil, &Error{Op: "find adapter", Err: err}
	}
	s.lease.watch(s) // it may come to be used beneath another
	return m.adapter, nil
}

func (s *Session) mountFor(u *url.URL) (*mount, error) {
	if m := s.mounts.Load().find(u); m != nil {
		return m, nil
	}
	shown := redact.Target(u)
	switch base := s.snapshot.Load().base; {
	case isPort(u.Opaque):
		return nil, refuse(ErrNoAdapter, "%q; perhaps http://%s?", shown, shown)
	case base != nil && u.Opaque != "":
		return nil, refuse(ErrNoAdapter, `%q; what is below the base URL and has a colon begins with "./"`, shown) // RFC 3986, section 4.2
	}
	return nil, refuse(ErrNoAdapter, "%q", shown)
}

// isPort reports whether what follows "name:" begins with a port: the name is a
// host then, that was taken for a scheme.
func isPort(s string) bool {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	return digits > 0 && digits <= 5 && (digits == len(s) || strings.IndexByte("/?#", s[digits]) >= 0)
}

// Mounts yields prefixes and adapters in the order they are tried.
func (s *Session) Mounts() iter.Seq2[string, http.RoundTripper] {
	s.lease.watch(s)
	mounts := s.mounts.Load().list
	return func(yield func(string, http.RoundTripper) bool) {
		for _, m := range mounts {
			if !yield(m.prefix.raw, m.adapter) {
				return
			}
		}
	}
}

// Close ends the session: calls in flight finish, later ones return
// ErrSessionClosed. The session's own pool is closed with the last session
// that shares it; adapters that were mounted are left to who mounted them.
// Close may be called more than once. Copy returns ErrSessionClosed too; Update and
// Mount still change what a closed session says of itself.
func (s *Session) Close() error {
	for {
		n := s.calls.Load()
		if n&closedBit != 0 {
			return nil
		}
		if s.calls.CompareAndSwap(n, n|closedBit) {
			if n == 0 {
				s.lease.release()
			}
			return nil
		}
	}
}

// begin counts a call in, end counts it out; the last call of a closed session
// gives its share of the pool back.
func (s *Session) begin() error {
	if s.calls.Add(1)&closedBit != 0 {
		s.end()
		return ErrSessionClosed
	}
	return nil
}

func (s *Session) end() {
	if s.calls.Add(-1) == closedBit {
		s.lease.release()
	}
}

// String does not show the defaults: most are worth hiding.
func (s *Session) String() string {
	if snap := s.snapshot.Load(); snap != nil && snap.base != nil {
		return fmt.Sprintf("<Session [%s]>", redact.URL(snap.base))
	}
	return "<Session>"
}

// Format prints [Session.String] under every verb.
func (s *Session) Format(f fmt.State, verb rune) { formatText(f, verb, s.String()) }

// pool is the connections that a session and its copies share.
type pool struct {
	adapter adapters.HTTP
	users   atomic.Int64
}

// lease is one session's share of a pool. It is an object of its own so that
// it outlives a session that was dropped without Close.
type lease struct {
	pool     *pool
	watched  atomic.Bool
	released atomic.Bool
}

// newLease returns the first share of a new pool.
func newLease() *lease {
	first := new(struct {
		lease
		own pool
	})
	first.own.users.Store(1)
	first.pool = &first.own
	return &first.lease
}

// again returns another share of the same pool. The caller holds one, so the
// pool cannot be closed meanwhile.
func (l *lease) again() *lease {
	l.pool.users.Add(1)
	return &lease{pool: l.pool}
}

func (l *lease) adapter() *adapters.HTTP { return &l.pool.adapter }

// watch gives the share back when s is collected without having been closed. A
// pool that was neither used, shared nor handed out has nothing to close.
func (l *lease) watch(s *Session) {
	if !l.watched.Load() && !l.watched.Swap(true) {
		runtime.AddCleanup(s, (*lease).release, l)
	}
}

func (l *lease) release() {
	if !l.released.CompareAndSwap(false, true) {
		return
	}
	if l.pool.users.Add(-1) == 0 {
		l.adapter().Close()
	}
}

// The verbs. Each asks for url, relative to the session's base URL if it has
// one, with the options laid over the session's defaults. The response's body
// has been read and its connection given back, unless it was asked for as a
// stream.

// Get requests url by GET.
func (s *Session) Get(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return s.verb(ctx, http.MethodGet, url, opts)
}

// Head requests the header of url. Redirects are followed only when the call
// itself has WithMaxRedirects.
func (s *Session) Head(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return s.verb(ctx, http.MethodHead, url, opts)
}

// Options requests the communication options of url.
func (s *Session) Options(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return s.verb(ctx, http.MethodOptions, url, opts)
}

// Delete requests url by DELETE.
func (s *Session) Delete(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return s.verb(ctx, http.MethodDelete, url, opts)
}

// Post sends a body to url by POST.
func (s *Session) Post(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return s.verb(ctx, http.MethodPost, url, opts)
}

// Put sends a body to url by PUT.
func (s *Session) Put(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return s.verb(ctx, http.MethodPut, url, opts)
}

// Patch sends a body to url by PATCH.
func (s *Session) Patch(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return s.verb(ctx, http.MethodPatch, url, opts)
}

// methodQuery is the safe method with content of RFC 10008.
const methodQuery = "QUERY"

// Query sends a query as the body, by the safe method QUERY (RFC 10008).
func (s *Session) Query(ctx context.Context, url string, opts ...Option) (*Response, error) {
	return s.verb(ctx, methodQuery, url, opts)
}

// Request requests url by method; "" means the session's, or GET.
func (s *Session) Request(ctx context.Context, method, url string, opts ...Option) (*Response, error) {
	return s.verb(ctx, method, url, opts)
}

// Do prepares r and sends it. r is not changed.
func (s *Session) Do(ctx context.Context, r *Request) (*Response, error) {
	c, err := s.newCall(ctx, r)
	if err != nil {
		return nil, err
	}
	return c.do()
}

// Prepare lays r over the session's defaults and returns the request that
// Send would send. It does not use the network and opens no body. r is not
// changed. Authenticators that need the network, the body or the final header
// set their credentials in Send, which is also where a URL that no adapter serves
// is an error.
func (s *Session) Prepare(ctx context.Context, r *Request) (*PreparedRequest, error) {
	c, err := s.newCall(ctx, r)
	if err != nil {
		return nil, err
	}
	c.handsOut = true
	if err := c.prepare(); err != nil {
		return nil, err
	}
	return c.prepared, nil
}

// Send sends what was prepared, by this session or another; the adapters,
// cookies and hooks are this session's. It works on a copy, so p may be sent
// again, and concurrently, as often as its body can be opened.
func (s *Session) Send(p *PreparedRequest) (*Response, error) {
	c, err := s.resume(p)
	if err != nil {
		return nil, err
	}
	return c.send()
}
