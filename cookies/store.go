package cookies

import (
	"net/http"
	"net/url"
	"slices"
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
// Secure, then any of it, then any at all, but see crowded; each time the least
// recently used.
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

// sitePart is how many times the cookies of one domain a site may have before it
// is the one to make room in a full jar: a host may set cookies for every domain
// above it, and those of a hundred would leave none of anybody else's.
const sitePart = 4

// crowded returns the site that has to make room, nil when it may be any.
func (j *Jar) crowded() (most *site) {
	if j.perHost == 0 {
		return nil
	}
	part := sitePart * j.perHost
	for _, s := range j.sites {
		if len(s.entries) > part {
			most, part = s, len(s.entries)
		}
	}
	return most
}

func (j *Jar) removeLeastUsed() {
	var key string
	var from *site
	at := 0
	crowded := j.crowded()
	for k, s := range j.sites {
		if crowded != nil && s != crowded {
			continue
		}
		for i := range s.entries {
			if from == nil || s.entries[i].used < from.entries[at].used {
				key, from, at = k, s, i
			}
		}
	}
	j.remove(key, from, at)
}
