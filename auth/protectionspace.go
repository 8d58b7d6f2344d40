package auth

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-3bbad739/requests/internal/origin"
	"github.com/seed-3bbad739/requests/internal/proxyauth"
)

// Bounds of what is kept of servers' challenges; the oldest goes first.
const (
	maxSpaces   = 1024 // servers
	maxSessions = 16   // realms of a server
	maxNonces   = 8    // of a realm: servers behind one address have one each
	maxPaths    = 16   // of a realm
)

// spaces is what is known by server: an origin, or a proxy.
type spaces struct {
	by  map[string]*space
	now uint64 // counts uses
}

// space is what one server told, by realm.
type space struct {
	used     uint64
	sessions []*session // the last challenged at the end
}

// session is an authentication session (RFC 7616, section 3.6): what a realm's
// challenge asked for, and the nonces that it gave.
type session struct {
	offer
	nonces     []*nonce // the current one at the end
	challenged string   // the nonce of the last challenge
	// whole is whether the realm is all of its server (no domain was named),
	// paths the prefixes that are known to belong to it in any case.
	whole bool
	paths []string
}

type nonce struct {
	value  string
	cnonce string // one for all uses: a -sess secret is made with the first
	count  uint32
}

func (ss *spaces) find(key string) *space {
	sp := ss.by[key]
	if sp != nil {
		ss.now++
		sp.used = ss.now
	}
	return sp
}

// open is find, but makes room for what is not known yet.
func (ss *spaces) open(key string) *space {
	if sp := ss.find(key); sp != nil {
		return sp
	}
	if ss.by == nil {
		ss.by = make(map[string]*space)
	}
	if len(ss.by) >= maxSpaces {
		var oldest string
		least := uint64(math.MaxUint64)
		for k, sp := range ss.by {
			if sp.used < least {
				oldest, least = k, sp.used
			}
		}
		delete(ss.by, oldest)
	}
	ss.now++
	sp := &space{used: ss.now}
	ss.by[key] = sp
	return sp
}

// answer takes the next use of a nonce for r, if its target is known to lie in
// a realm of the server.
func (sp *space) answer(r *http.Request, newCnonce func() string) (a answer, ok bool) {
	s := sp.covering(pathOf(r))
	if s == nil || s.qop == "auth-int" && !canHash(r) {
		return a, false
	}
	n := s.nonces[len(s.nonces)-1]
	if n.count == math.MaxUint32 {
		sp.drop(s.realm) // a count has eight digits
		return a, false
	}
	n.count++
	if n.cnonce == "" || !s.sess {
		n.cnonce = newCnonce()
	}
	a = answer{offer: s.offer, cnonce: n.cnonce, count: n.count}
	a.nonce = n.value
	return a, true
}

// covering returns the session whose known paths have the longest prefix of
// path, of several such the last challenged.
func (sp *space) covering(path string) (best *session) {
	longest := -1
	for _, s := range slices.Backward(sp.sessions) {
		if n := s.covers(path); n > longest {
			best, longest = s, n
		}
	}
	return best
}

// covers returns the length of the longest prefix of path that belongs to s,
// -1 if there is none.
func (s *session) covers(path string) int {
	longest := -1
	if s.whole {
		longest = 0
	}
	for _, p := range s.paths {
		if len(p) > longest && strings.HasPrefix(path, p) {
			longest = len(p)
		}
	}
	return longest
}

func (sp *space) session(realm string) *session {
	for _, s := range sp.sessions {
		if s.realm == realm {
			return s
		}
	}
	return nil
}

func (sp *space) drop(realm string) {
	sp.sessions = slices.DeleteFunc(sp.sessions, func(s *session) bool { return s.realm == realm })
}

// refuses reports whether a new challenge means that the password is wrong,
// not that the nonce was: it came in answer to the first use of a nonce that
// a challenge gave, or repeats the nonce that was used.
func (sp *space) refuses(sent params, o offer) bool {
	if o.stale {
		return false
	}
	used := sent.value("nonce")
	if used == o.nonce {
		return true
	}
	s := sp.session(o.realm)
	count, _ := strconv.ParseUint(sent.value("nc"), 16, 32)
	return s != nil && s.challenged == used && count <= 1
}

// learn takes over what was offered in answer to r.
func (sp *space) learn(o offer, r *http.Request) {
	s := sp.session(o.realm)
	if s == nil {
		s = new(session)
	}
	sp.drop(o.realm)
	if len(sp.sessions) >= maxSessions {
		sp.sessions = slices.Delete(sp.sessions, 0, 1)
	}
	sp.sessions = append(sp.sessions, s)
	s.offer = o
	s.challenged = o.nonce
	s.use(o.nonce)
	s.whole = strings.TrimSpace(o.domain) == "" || proxyauth.From(r.Context()) != nil
	if !s.whole {
		for uri := range strings.FieldsSeq(o.domain) {
			// A domain on another origin is not for these credentials.
			if u, err := r.URL.Parse(uri); err == nil && origin.Of(u) == origin.Of(r.URL) {
				s.cover(path(u))
			}
		}
	}
	s.cover(pathOf(r)) // whatever the domain says, and last, so that no bound takes it: this is to be answered
}

// use makes value the nonce of the next requests. The count of one that was
// used before goes on.
func (s *session) use(value string) {
	n := &nonce{value: value}
	if i := slices.IndexFunc(s.nonces, func(n *nonce) bool { return n.value == value }); i >= 0 {
		n = s.nonces[i]
		s.nonces = slices.Delete(s.nonces, i, i+1)
	}
	if len(s.nonces) >= maxNonces {
		s.nonces = slices.Delete(s.nonces, 0, 1)
	}
	s.nonces = append(s.nonces, n)
}

func (s *session) cover(path string) {
	s.paths = slices.DeleteFunc(s.paths, func(p string) bool { return p == path })
	if len(s.paths) >= maxPaths {
		s.paths = slices.Delete(s.paths, 0, 1)
	}
	s.paths = append(s.paths, path)
}

// pathOf is where r lies in its server's spaces. A proxy has one space.
func pathOf(r *http.Request) string {
	if proxyauth.From(r.Context()) != nil {
		return ""
	}
	return path(r.URL)
}

func path(u *url.URL) string {
	if u.Opaque != "" {
		return u.Opaque
	}
	if p := u.EscapedPath(); p != "" {
		return p
	}
	return "/"
}
