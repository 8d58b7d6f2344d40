package cookies

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// ErrNoCookie is matched by the error for a cookie that is not there.
var ErrNoCookie = errors.New("cookies: no such cookie")

// ErrConflict is matched by the error for a name that several cookies have,
// of different domains or paths. Filters narrow the choice.
var ErrConflict = errors.New("cookies: several cookies of that name")

// Filter chooses cookies: it reports whether one is meant. Several filters
// choose what all of them do; a nil one chooses every cookie.
type Filter func(Cookie) bool

// Domain chooses the cookies of exactly this domain or host, in any case,
// with or without a leading dot; a name in another script than ASCII may be
// written as it is read.
func Domain(domain string) Filter {
	canonical, ok := canonicalHost(strings.TrimPrefix(domain, "."))
	return func(c Cookie) bool { return ok && c.Domain == canonical }
}

// Path chooses the cookies of exactly this path.
func Path(path string) Filter { return func(c Cookie) bool { return c.Path == path } }

// All yields the cookies that have not expired, the oldest first. It yields
// from a copy: the jar may be changed meanwhile.
func (j *Jar) All() iter.Seq[Cookie] {
	return func(yield func(Cookie) bool) {
		for _, e := range j.snapshot() {
			if !yield(e.cookie()) {
				return
			}
		}
	}
}

// snapshot returns the living cookies in the order of their creation.
func (j *Jar) snapshot() []entry {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.living(now())
}

// living returns the cookies that have not expired. The jar is locked.
func (j *Jar) living(now instant) []entry {
	return slices.DeleteFunc(j.ordered(), func(e entry) bool { return e.expired(now) })
}

// ordered returns all entries in the order of their creation. The jar is locked.
func (j *Jar) ordered() []entry {
	all := make([]entry, 0, j.count)
	for _, s := range j.sites {
		all = append(all, s.entries...)
	}
	slices.SortFunc(all, func(a, b entry) int { return older(&a, &b) })
	return all
}

// Get returns the cookie of that name that the filters choose. The error
// matches [ErrNoCookie] when there is none and [ErrConflict] when there are
// several.
func (j *Jar) Get(name string, filters ...Filter) (Cookie, error) {
	var found Cookie
	n := 0
	for _, c := range j.named(name) {
		if chosen(c, filters) {
			found = c
			n++
		}
	}
	switch n {
	case 0:
		return Cookie{}, fmt.Errorf("%w: %q", ErrNoCookie, name)
	case 1:
		return found, nil
	}
	return Cookie{}, fmt.Errorf("%w: %q, %d times", ErrConflict, name, n)
}

// named returns the cookies of a name. Filters see them without the lock
// held: they are the caller's code and may use the jar.
func (j *Jar) named(name string) []Cookie {
	now := now()
	j.mu.RLock()
	defer j.mu.RUnlock()
	var found []Cookie
	for _, s := range j.sites {
		for i := range s.entries {
			if e := &s.entries[i]; e.name == name && !e.expired(now) {
				found = append(found, e.cookie())
			}
		}
	}
	return found
}

func chosen(c Cookie, filters []Filter) bool {
	for _, f := range filters {
		if f != nil && !f(c) {
			return false
		}
	}
	return true
}

// Set stores c, replacing the cookie of the same name, domain, path and
// HostOnly. Domain must be given: a cookie for every host would be a leak. It
// may have a leading dot and capitals. An empty Path means "/". For an
// address or a name of one label HostOnly is implied. An end beyond 400 days
// is brought nearer; one in the past deletes. A zero Created means now, or
// that of the cookie replaced.
//
// What could not be sent as it is, breaks the promise of a name's prefix, is
// larger than the jar allows or belongs to a public suffix is an error.
func (j *Jar) Set(c Cookie) error {
	e, err := newEntry(c)
	if err == nil {
		err = j.refuse(&e)
	}
	if err != nil {
		return fmt.Errorf("cookies: set %q: %w", c.Name, err)
	}
	now := now()
	j.mu.Lock()
	defer j.mu.Unlock()
	key := j.registrable(e.domain, isAddress(e.domain))
	if e.expired(now) {
		j.bury(key, &e.identity, now)
		return nil
	}
	e.expires = cappedExpiry(e.expires, now)
	j.put(key, &e, now, 1)
	return nil
}

// newEntry returns c as it is kept. The error says why it cannot be.
func newEntry(c Cookie) (entry, error) {
	e := entry{
		identity: identity{name: c.Name, path: c.Path, hostOnly: c.HostOnly},
		value:    c.Value, expires: instantOf(c.Expires), created: instantOf(c.Created),
		secure: c.Secure, httpOnly: c.HttpOnly, partitioned: c.Partitioned, sameSite: uint8(c.SameSite),
	}
	if c.Quoted {
		e.value = `"` + c.Value + `"`
	}
	if e.path == "" {
		e.path = "/"
	}
	if e.name == "" && e.value == "" {
		return e, errors.New("neither name nor value")
	}
	if reason := malformedPair(e.name, e.value); reason != "" {
		return e, errors.New(reason)
	}
	if reason := malformedPath(e.path); reason != "" {
		return e, errors.New(reason)
	}
	if c.Domain == "" {
		return e, errors.New("no domain")
	}
	var ok bool
	if e.domain, ok = canonicalHost(strings.TrimPrefix(c.Domain, ".")); !ok {
		return e, fmt.Errorf("malformed domain %q", c.Domain)
	}
	if isAddress(e.domain) || !strings.Contains(e.domain, ".") {
		e.hostOnly = true
	}
	return e, nil
}

// refuse says what the jar's policy has against a sound cookie.
func (j *Jar) refuse(e *entry) error {
	if j.size > 0 && len(e.name)+len(e.value) > j.size {
		return fmt.Errorf("longer than %d bytes", j.size)
	}
	if !e.hostOnly && j.publicSuffix(e.domain) {
		return fmt.Errorf("%s is a public suffix", e.domain)
	}
	if reason := prefixed(e.name, e.value, e.secure, e.hostOnly, e.path, true); reason != "" {
		return errors.New(reason)
	}
	return nil
}

// Delete removes the cookies of that name that the filters choose and returns
// how many there were.
func (j *Jar) Delete(name string, filters ...Filter) int {
	return j.delete(func(c Cookie) bool { return c.Name == name && chosen(c, filters) }, false)
}

// Clear removes the cookies that the filters choose, all without a filter,
// and returns how many there were. What is deleted is also left out when the
// jar is saved to a file that has it, and is not loaded again unless it
// changed; after a Clear without filters, loading brings the file's cookies back.
func (j *Jar) Clear(filters ...Filter) int {
	return j.delete(func(c Cookie) bool { return chosen(c, filters) }, len(filters) == 0)
}

// delete removes what choose names, which runs without the lock held.
func (j *Jar) delete(choose func(Cookie) bool, emptied bool) int {
	var doomed []identity
	for _, e := range j.snapshot() {
		if choose(e.cookie()) {
			doomed = append(doomed, e.identity)
		}
	}
	now := now()
	j.mu.Lock()
	defer j.mu.Unlock()
	n := 0
	for _, id := range doomed {
		if j.bury(j.registrable(id.domain, isAddress(id.domain)), &id, now) {
			n++
		}
	}
	if emptied {
		for id, g := range j.graves {
			j.graves[id] = grave{g.at, true}
		}
	}
	return n
}

// Len returns the number of cookies that have not expired.
func (j *Jar) Len() int {
	if j.live.Load() == 0 {
		return 0
	}
	now := now()
	j.mu.RLock()
	defer j.mu.RUnlock()
	n := 0
	for _, s := range j.sites {
		for i := range s.entries {
			if !s.entries[i].expired(now) {
				n++
			}
		}
	}
	return n
}

// Domains returns the distinct domains of the cookies, in the order of [Jar.All].
func (j *Jar) Domains() []string {
	var domains []string
	seen := make(map[string]bool)
	for _, e := range j.snapshot() {
		if !seen[e.domain] {
			seen[e.domain] = true
			domains = append(domains, e.domain)
		}
	}
	return domains
}

// Clone returns a jar of the same options and cookies that changes
// independently of j.
func (j *Jar) Clone() *Jar {
	j.mu.RLock()
	defer j.mu.RUnlock()
	c := &Jar{psl: j.psl, perHost: j.perHost, total: j.total, size: j.size,
		seq: j.seq, clock: j.clock, changed: j.changed, graves: maps.Clone(j.graves)}
	if len(j.sites) > 0 {
		c.sites = make(map[string]*site, len(j.sites))
	}
	for key, s := range j.sites {
		c.sites[key] = &site{entries: slices.Clone(s.entries), index: maps.Clone(s.index), secure: s.secure}
	}
	c.grew(j.count)
	return c
}

// Merge takes the cookies of other over, except where j has changed its own
// later. Both keep what they have; j's limits hold.
func (j *Jar) Merge(other *Jar) {
	if other == nil || other == j {
		return
	}
	entries := other.snapshot()
	now := now()
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range entries {
		if j.refuse(&e) == nil {
			j.adopt(e, now)
		}
	}
}

// adopt takes over an entry with its times, unless the jar's own is as new.
func (j *Jar) adopt(e entry, now instant) {
	key := j.registrable(e.domain, isAddress(e.domain))
	if s := j.sites[key]; s != nil {
		if i := s.find(&e.identity); i >= 0 && e.changed <= s.entries[i].changed {
			return
		}
	}
	j.put(key, &e, now, 1)
}
