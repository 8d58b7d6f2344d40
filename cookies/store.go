package cookies

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// identity tells cookies apart (RFC 6265bis, section 5.7, step 23).
type identity struct {
	name, domain, path string
	hostOnly           bool
}

// entry is a cookie as it is kept.
type entry struct {
	identity
	secure      bool
	httpOnly    bool
	partitioned bool
	sameSite    uint8  // an http.SameSite
	value       string // with its quotation marks
	expires     instant
	created     instant
	changed     instant // for merging; see Jar.tick
	seq         uint64  // orders cookies created at the same instant
	used        uint64  // Jar.clock when it was last set or looked up
	next        int32   // the next entry of that name, if the site has an index; else or at the end -1
}

func (e *entry) expired(now instant) bool { return e.expires.reached(now) }

func (e *entry) cookie() Cookie {
	value, quoted := unquote(e.value)
	return Cookie{
		Name: e.name, Value: value, Domain: e.domain, Path: e.path,
		HostOnly: e.hostOnly, Secure: e.secure, HttpOnly: e.httpOnly, Partitioned: e.partitioned, Quoted: quoted,
		SameSite: http.SameSite(e.sameSite), Expires: e.expires.time(), Created: e.created.time(),
	}
}

// unquote takes the quotation marks from around a value.
func unquote(value string) (string, bool) {
	if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
		return value[1 : n-1], true
	}
	return value, false
}

// grave remembers that a cookie was deleted, for a file that still has it.
type grave struct {
	at instant
	// emptied marks what Clear took with all the rest: it is left out of a
	// file, but loading brings it back.
	emptied bool
}

// maxGraves bounds what a server can grow by setting and deleting cookies.
const maxGraves = 4096

// indexed is the number of cookies from which a site has an index; fewer are
// found sooner by looking through them.
const indexed = 24

// site holds the cookies of one registrable domain, in no order.
type site struct {
	entries []entry
	index   map[string]int32 // the first entry of each name; nil while there are few
	secure  int              // how many entries are Secure
	gen     uint64           // changes with whatever a Cookie field shows
}

// smallSite is a site with room for the one cookie that most have.
type smallSite struct {
	site
	first [1]entry
}

// newSite returns a site with room for n cookies. Small ones are made a few
// at a time, as a jar of many sites has many of them.
func (j *Jar) newSite(n int) *site {
	if n > 1 {
		return &site{entries: make([]entry, 0, n)}
	}
	if len(j.spare) == 0 {
		j.spare = make([]smallSite, min(max(len(j.sites), 1), 8))
	}
	s := &j.spare[0]
	j.spare = j.spare[1:]
	s.entries = s.first[:0]
	return &s.site
}

func (s *site) find(id *identity) int {
	if s.index != nil {
		i, ok := s.index[id.name]
		for ; ok && i >= 0; i = s.entries[i].next {
			if s.entries[i].identity == *id {
				return int(i)
			}
		}
		return -1
	}
	for i := range s.entries {
		// The name tells most of them apart.
		if e := &s.entries[i]; e.name == id.name && e.identity == *id {
			return i
		}
	}
	return -1
}

// add appends e, making room for as many as may come.
func (s *site) add(e *entry, more int) {
	if len(s.entries) == cap(s.entries) {
		s.entries = slices.Grow(s.entries, more)
	}
	s.entries = append(s.entries, *e)
	if e.secure {
		s.secure++
	}
	s.gen++
	switch {
	case s.index != nil:
		s.link(len(s.entries) - 1)
	case len(s.entries) > indexed:
		s.index = make(map[string]int32, cap(s.entries))
		for i := range s.entries {
			s.link(i)
		}
	}
}

// cut removes entry i and puts the last one in its place.
func (s *site) cut(i int) {
	last := len(s.entries) - 1
	if s.entries[i].secure {
		s.secure--
	}
	if s.index != nil {
		s.unlink(i)
		if i != last {
			s.unlink(last)
		}
	}
	s.entries[i] = s.entries[last]
	s.entries[last] = entry{}
	s.entries = s.entries[:last]
	if s.index != nil && i != last {
		s.link(i)
	}
	s.gen++
}

// link puts entry i before the others of its name.
func (s *site) link(i int) {
	e := &s.entries[i]
	e.next = -1
	if head, ok := s.index[e.name]; ok {
		e.next = head
	}
	s.index[e.name] = int32(i)
}

func (s *site) unlink(i int) {
	e := &s.entries[i]
	head := s.index[e.name]
	switch {
	case head != int32(i):
		for s.entries[head].next != int32(i) {
			head = s.entries[head].next
		}
		s.entries[head].next = e.next
	case e.next < 0:
		delete(s.index, e.name)
	default:
		s.index[e.name] = e.next
	}
}

// source is the response that cookies come from.
type source struct {
	place
	path   string
	secure bool
	now    instant
}

// source describes a response from u. The jar is locked.
func (j *Jar) source(u *url.URL, now instant) (from source, ok bool) {
	if v := j.views[u.Host]; v != nil {
		from.place = v.place
	} else if from.place, ok = j.place(u.Host); !ok {
		return from, false
	}
	from.path, from.secure, from.now = requestPath(u), secureScheme(u.Scheme), now
	return from, true
}

// receive judges and keeps a cookie (RFC 6265bis, section 5.7). more is how
// many may come, this one included. The jar is locked.
func (j *Jar) receive(from *source, r *received, more int) {
	if j.size > 0 && len(r.name)+len(r.value) > j.size {
		return
	}
	domain, hostOnly, ok := j.scope(&from.place, r.domain)
	if !ok || r.secure && !from.secure {
		return
	}
	path := r.path
	if path == "" {
		path = defaultPath(from.path)
		if len(path) > maxAttribute {
			return // the same bound for what the jar would hold of a request
		}
	}
	if prefixed(r.name, r.value, r.secure, hostOnly, path, r.pathGiven) != "" {
		return
	}
	e := entry{
		identity: identity{r.name, domain, path, hostOnly}, value: r.value, secure: r.secure, httpOnly: r.httpOnly,
		partitioned: r.partitioned, sameSite: uint8(r.sameSite), expires: cappedExpiry(r.expires, from.now),
	}
	if !r.secure && !from.secure && j.sites[from.key].overlays(&e.identity, from.now) {
		return
	}
	if e.expired(from.now) {
		j.bury(from.key, &e.identity, from.now)
		return
	}
	j.put(from.key, &e, from.now, more)
}

// cappedExpiry keeps an end within ageLimit.
func cappedExpiry(end, now instant) instant { return min(end, now.plus(ageLimit)) }

// overlays reports whether a cookie id from an insecure origin would take the
// place of a Secure one, or hide it (RFC 6265bis, section 5.7, step 16).
func (s *site) overlays(id *identity, now instant) bool {
	if s == nil || s.secure == 0 {
		return false
	}
	for i := range s.entries {
		e := &s.entries[i]
		if e.secure && e.name == id.name && !e.expired(now) &&
			(domainMatch(id.domain, e.domain) || domainMatch(e.domain, id.domain)) && pathMatch(id.path, e.path) {
			return true
		}
	}
	return false
}

// put stores a cookie. One that takes another's place keeps its time of
// creation, unless e brings its own; likewise e may bring the time of its last
// change. The jar copies what it keeps of e's strings. more is how many
// cookies may come, this one included.
func (j *Jar) put(key string, e *entry, now instant, more int) {
	j.clock++
	e.used = j.clock
	if e.changed == 0 {
		e.changed = j.tick(now)
	}
	j.changed = max(j.changed, e.changed)
	if len(j.graves) > 0 {
		delete(j.graves, e.identity)
	}
	if j.perHost > 0 {
		more = min(more, j.perHost)
	}
	s := j.sites[key]
	if s == nil {
		own(e, "")
		s = j.newSite(more)
		if j.sites == nil {
			j.sites = make(map[string]*site)
		}
		// A cookie's domain ends with the name of its site.
		j.sites[e.domain[len(e.domain)-len(key):]] = s
		j.none.gen++
	} else {
		i := s.find(&e.identity)
		if i >= 0 && !s.entries[i].expired(now) {
			s.replace(i, e)
			return
		}
		if i >= 0 { // as if it were gone already
			s.cut(i)
			j.grew(-1)
		}
		known := ""
		if n := len(s.entries); n > 0 {
			known = s.entries[n-1].domain
		}
		own(e, known)
	}
	if e.created == 0 {
		e.created = now
	}
	j.seq++
	e.seq = j.seq
	s.add(e, more)
	j.grew(1)
	j.enforce(key, s, e.domain, now)
}

// replace puts e in the place of entry i, keeping the strings the jar owns.
func (s *site) replace(i int, e *entry) {
	old := &s.entries[i]
	if e.created == 0 {
		e.created = old.created
	}
	// A later end does not show: the field that has the earlier one is built
	// again in time.
	sooner := e.expires != 0 && (old.expires == 0 || e.expires < old.expires)
	if e.value != old.value || e.secure != old.secure || e.created != old.created || sooner {
		s.gen++
	}
	if e.value == old.value {
		e.value = old.value
	} else {
		e.value = strings.Clone(e.value)
	}
	if e.secure && !old.secure {
		s.secure++
	} else if !e.secure && old.secure {
		s.secure--
	}
	e.identity, e.seq, e.next = old.identity, old.seq, old.next
	*old = *e
}

// own copies e's strings in one piece, as they may be parts of a large
// header. The domain is not copied when it is one that the jar knows.
func own(e *entry, known string) {
	size := len(e.name) + len(e.value)
	if e.path != "/" {
		size += len(e.path)
	}
	if e.domain != known {
		size += len(e.domain)
	}
	var b strings.Builder
	b.Grow(size)
	take := func(s string) string {
		from := b.Len()
		b.WriteString(s)
		return b.String()[from:]
	}
	e.name, e.value = take(e.name), take(e.value)
	if e.path == "/" {
		e.path = "/"
	} else {
		e.path = take(e.path)
	}
	if e.domain == known {
		e.domain = known
	} else {
		e.domain = take(e.domain)
	}
}

// tick returns the time for the next change: now, but later than any change
// the jar has seen, so that of two changes the later is always known.
func (j *Jar) tick(now instant) instant {
	j.changed = max(now, j.changed+1)
	return j.changed
}

func (j *Jar) grew(n int) {
	j.count += n
	j.live.Store(int64(j.count))
}

// remove takes entry i out of a site.
func (j *Jar) remove(key string, s *site, i int) {
	s.cut(i)
	j.grew(-1)
	if len(s.entries) == 0 {
		delete(j.sites, key)
	}
}

// bury deletes a cookie if it is there, and remembers that it was.
func (j *Jar) bury(key string, id *identity, now instant) bool {
	s := j.sites[key]
	if s == nil {
		return false
	}
	i := s.find(id)
	if i < 0 {
		return false
	}
	j.mourn(s.entries[i].identity, grave{at: j.tick(now)})
	j.remove(key, s, i)
	return true
}

func (j *Jar) mourn(id identity, g grave) {
	if j.graves == nil {
		j.graves = make(map[identity]grave)
	}
	if old, ok := j.graves[id]; ok && old.at > g.at {
		return
	}
	j.graves[id] = g
	if len(j.graves) > maxGraves {
		j.forgetOldest()
	}
}

// forgetOldest drops the older half of the graves, so that the work is done
// once for many.
func (j *Jar) forgetOldest() {
	times := make([]instant, 0, len(j.graves))
	for _, g := range j.graves {
		times = append(times, g.at)
	}
	slices.Sort(times)
	oldest := times[len(times)/2]
	for id, g := range j.graves {
		if g.at <= oldest {
			delete(j.graves, id)
		}
	}
}

// expire removes entry i of s, whose time has come. The grave has the time of
// the entry's last change: an older version in a file ended with it.
func (j *Jar) expire(key string, s *site, i int) {
	j.mourn(s.entries[i].identity, grave{at: s.entries[i].changed})
	j.remove(key, s, i)
}

// purge removes the expired cookies of a site.
func (j *Jar) purge(key string, s *site, now instant) {
	for i := len(s.entries) - 1; i >= 0; i-- {
		if s.entries[i].expired(now) {
			j.expire(key, s, i)
		}
	}
}

// enforce removes cookies until the limits hold (RFC 6265bis, section 5.7, at
// its end): expired ones first, then of an overfull domain those without
// Secure, then any of it, then any at all; each time the least recently used.
func (j *Jar) enforce(key string, s *site, domain string, now instant) {
	if j.perHost > 0 && len(s.entries) > j.perHost && s.share(domain) > j.perHost {
		j.purge(key, s, now)
		for n := s.share(domain); n > j.perHost; n-- {
			j.remove(key, s, s.leastUsed(domain))
		}
	}
	if j.total <= 0 || j.count <= j.total {
		return
	}
	for k, other := range j.sites {
		j.purge(k, other, now)
	}
	for j.count > j.total {
		j.removeLeastUsed()
	}
}

// share counts the cookies of domain.
func (s *site) share(domain string) int {
	n := 0
	for i := range s.entries {
		if s.entries[i].domain == domain {
			n++
		}
	}
	return n
}

// leastUsed returns the cookie of domain that goes first.
func (s *site) leastUsed(domain string) int {
	first := -1
	for i := range s.entries {
		e := &s.entries[i]
		if e.domain != domain {
			continue
		}
		if first < 0 || s.entries[first].secure && !e.secure ||
			s.entries[first].secure == e.secure && e.used < s.entries[first].used {
			first = i
		}
	}
	return first
}

func (j *Jar) removeLeastUsed() {
	var key string
	var from *site
	at := 0
	for k, s := range j.sites {
		for i := range s.entries {
			if from == nil || s.entries[i].used < from.entries[at].used {
				key, from, at = k, s, i
			}
		}
	}
	j.remove(key, from, at)
}
