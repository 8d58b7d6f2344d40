package cookies

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

const (
	// maxHeld bounds the memory held to answer repeated questions, in bytes.
	maxHeld = 4 << 20

	// fewPaths is the number of cookie paths up to which a view is searched
	// without an index.
	fewPaths = 16
)

// view is what the jar knows about the authority of a URL: the place it leads
// to and, until a cookie of its site changes, the fields built for it.
type view struct {
	place
	site *site // nil before the first look
	gen  uint64
	// paths holds the fields by the longest cookie path that matches the
	// request's. Of the paths that match a request each matches the longer
	// ones too, so the longest stands for the whole set.
	paths   []pathFields
	index   map[string]int32 // into paths when they are many, else empty
	longest int              // bytes of the longest path
	first   [1]pathFields    // room for the most common number of paths
}

// pathFields are the fields for the requests whose longest matching cookie
// path is path.
type pathFields struct {
	path          string
	plain, secure field
}

func (p *pathFields) of(secure bool) *field {
	if secure {
		return &p.secure
	}
	return &p.plain
}

// field is the answer to one question. It is read and changed under the jar's
// lock only, as its memory is used again.
type field struct {
	selected bool // order and until hold
	written  bool // value holds
	value    string
	until    instant // when the first of its cookies expires
	site     *site
	order    []int32  // its cookies, by their place in site
	few      [4]int32 // room for a common number of them
}

var emptyField = &field{selected: true, written: true}

// holds reports whether the field was built and none of its cookies has
// expired since.
func (f *field) holds() bool { return f.selected && (f.until == 0 || !f.until.reached(now())) }

// cached returns the field if it is at hand, else nil. The jar is locked for
// reading.
func (j *Jar) cached(authority, path string, secure bool) *field {
	v := j.views[authority]
	if v == nil || v.site == nil || v.gen != v.site.gen {
		return nil
	}
	p := v.match(path)
	if p == nil {
		return emptyField
	}
	if f := p.of(secure); f.holds() {
		return f
	}
	return nil
}

// match returns the fields for the longest cookie path that matches path.
func (v *view) match(path string) *pathFields {
	if len(v.index) > 0 {
		for n := min(len(path), v.longest); n > 0; n-- {
			if n == len(path) || path[n-1] == '/' || path[n] == '/' {
				if i, ok := v.index[path[:n]]; ok {
					return &v.paths[i]
				}
			}
		}
		return nil
	}
	var found *pathFields
	for i := range v.paths {
		p := &v.paths[i]
		if (found == nil || len(p.path) > len(found.path)) && pathMatch(path, p.path) {
			found = p
		}
	}
	return found
}

// field returns the field for a request, its cookies selected. The jar is
// locked for writing.
func (j *Jar) field(authority, path string, secure bool) *field {
	v, ok := j.view(authority)
	if !ok {
		return emptyField
	}
	now := now()
	s := j.sites[v.key]
	if s != nil && (v.site != s || v.gen != s.gen) {
		j.purge(v.key, s, now)
		if s = j.sites[v.key]; s != nil {
			j.refresh(v, s)
		}
	}
	if s == nil {
		v.forget()
		v.site, v.gen = &j.none, j.none.gen
		return emptyField
	}
	p := v.match(path)
	if p == nil {
		return emptyField
	}
	f := p.of(secure)
	if !f.holds() {
		j.selectCookies(v, f, path, secure, now)
	}
	return f
}

// view returns the view of an authority. The jar is locked for writing.
func (j *Jar) view(authority string) (*view, bool) {
	if v := j.views[authority]; v != nil {
		return v, true
	}
	p, ok := j.place(authority)
	if !ok {
		return nil, false
	}
	// The authority is a part of the URL's text, which need not live as long.
	authority = strings.Clone(authority)
	host := authority
	if !strings.HasPrefix(authority, p.host) {
		host = strings.Clone(p.host)
	}
	p.host = host[:len(p.host)]
	p.key = p.host[len(p.host)-len(p.key):]
	v := &view{place: p}
	v.paths = v.first[:0]
	j.hold(len(authority) + len(p.host) + 512)
	if j.views == nil {
		j.views = make(map[string]*view)
	}
	j.views[authority] = v
	return v, true
}

// hold accounts for n bytes more of views. When there are too many all go:
// they are soon built again.
func (j *Jar) hold(n int) {
	if j.held += n; j.held > maxHeld {
		clear(j.views)
		j.held = n
	}
}

// forget empties v and keeps its memory.
func (v *view) forget() {
	v.paths, v.longest = v.paths[:0], 0
	clear(v.index)
}

// refresh lists the cookie paths of s that count for v's host.
func (j *Jar) refresh(v *view, s *site) {
	room := cap(v.paths)
	v.forget()
	v.site, v.gen = s, s.gen
	last := ""
	for i := range s.entries {
		e := &s.entries[i]
		if e.path != last && v.gets(e) && !v.lists(e.path) {
			v.list(e.path)
		}
		if len(v.paths) > 0 {
			last = v.paths[len(v.paths)-1].path
		}
	}
	j.hold(256 * (cap(v.paths) - room))
}

// gets reports whether a cookie is for v's host.
func (v *view) gets(e *entry) bool {
	return e.domain == v.host || !e.hostOnly && !v.address && below(v.host, e.domain)
}

func (v *view) lists(path string) bool {
	if len(v.index) > 0 {
		_, ok := v.index[path]
		return ok
	}
	for i := range v.paths {
		if v.paths[i].path == path {
			return true
		}
	}
	return false
}

// list adds a path. The memory of a field that was there before is used again.
func (v *view) list(path string) {
	n := len(v.paths)
	if n < cap(v.paths) {
		v.paths = v.paths[:n+1]
	} else {
		v.paths = append(v.paths, pathFields{})
	}
	p := &v.paths[n]
	p.path = path
	p.plain.reset()
	p.secure.reset()
	v.longest = max(v.longest, len(path))
	if n < fewPaths {
		return
	}
	if v.index == nil {
		v.index = make(map[string]int32)
	}
	if len(v.index) == 0 {
		for i := range v.paths[:n] {
			v.index[v.paths[i].path] = int32(i)
		}
	}
	v.index[path] = int32(n)
}

func (f *field) reset() {
	f.selected, f.written, f.value, f.until, f.order = false, false, "", 0, f.order[:0]
}

// selectCookies chooses and sorts the cookies for a request (RFC 6265bis,
// section 5.8.3), as many as fit into a field.
func (j *Jar) selectCookies(v *view, f *field, path string, secure bool, now instant) {
	s := v.site
	f.reset()
	f.site, f.selected = s, true
	if f.order == nil {
		f.order = f.few[:0]
	}
	room := cap(f.order)
	for i := range s.entries {
		e := &s.entries[i]
		if v.gets(e) && (secure || !e.secure) && pathMatch(path, e.path) && !e.expired(now) {
			f.order = append(f.order, int32(i))
		}
	}
	slices.SortFunc(f.order, func(a, b int32) int { return before(&s.entries[a], &s.entries[b]) })
	kept := f.order[:0]
	size := 0
	j.clock++
	for _, i := range f.order {
		e := &s.entries[i]
		n := e.length()
		if len(kept) > 0 {
			n += len("; ")
		}
		if size+n > maxHeader {
			continue
		}
		size += n
		kept = append(kept, i)
		e.used = j.clock
		if e.expires != 0 && (f.until == 0 || e.expires < f.until) {
			f.until = e.expires
		}
	}
	f.order = kept
	j.hold(size + 4*(cap(f.order)-room))
}

// length returns the bytes of e within a field.
func (e *entry) length() int {
	if e.name == "" {
		return len(e.value)
	}
	return len(e.name) + len("=") + len(e.value)
}

// text returns the field's value. The jar is locked for writing.
func (f *field) text() string {
	if f.written {
		return f.value
	}
	size := len("; ") * len(f.order)
	for _, i := range f.order {
		size += f.site.entries[i].length()
	}
	var b strings.Builder
	b.Grow(size)
	for k, i := range f.order {
		e := &f.site.entries[i]
		if k > 0 {
			b.WriteString("; ")
		}
		if e.name != "" {
			b.WriteString(e.name)
			b.WriteByte('=')
		}
		b.WriteString(e.value)
	}
	f.value, f.written = b.String(), true
	return f.value
}

// before orders cookies within a field.
func before(a, b *entry) int {
	return cmp.Or(cmp.Compare(len(b.path), len(a.path)), older(a, b))
}

// older orders cookies by their creation.
func older(a, b *entry) int {
	return cmp.Or(cmp.Compare(a.created, b.created), cmp.Compare(a.seq, b.seq))
}

// cookies returns what the field says as net/http's type. The jar is locked,
// and nothing has changed since the cookies were selected.
func (f *field) cookies() []*http.Cookie {
	n := len(f.order)
	switch n {
	case 0:
		return nil
	case 1: // the most common number has one allocation instead of two
		one := new(struct {
			cookie http.Cookie
			list   [1]*http.Cookie
		})
		f.site.entries[f.order[0]].http(&one.cookie)
		one.list[0] = &one.cookie
		return one.list[:]
	}
	all := make([]http.Cookie, n)
	list := make([]*http.Cookie, n)
	for k, i := range f.order {
		f.site.entries[i].http(&all[k])
		list[k] = &all[k]
	}
	return list
}

func (e *entry) http(c *http.Cookie) {
	c.Name = e.name
	c.Value, c.Quoted = unquote(e.value)
}
