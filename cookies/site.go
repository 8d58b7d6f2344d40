package cookies

import (
	"slices"
	"strings"
)

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
		e.path = "/" // the constant: the same text may be a part of the header
	} else {
		e.path = take(e.path)
	}
	if e.domain == known {
		e.domain = known // likewise
	} else {
		e.domain = take(e.domain)
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
