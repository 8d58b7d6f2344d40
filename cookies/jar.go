package cookies

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

const (
	defaultPerHost = 50   // what RFC 6265, section 6.1, asks for
	defaultTotal   = 3000 // likewise
	defaultSize    = 4096 // RFC 6265bis, section 5.7: name and value together

	// maxLines bounds the Set-Cookie lines taken from one response. It is the
	// limit net/http itself has for the cookies of one header.
	maxLines = 3000

	// maxHeader bounds the Cookie field: common servers refuse a request with
	// a longer line, so a site could lock its users out with large cookies.
	maxHeader = 8 << 10

	// ageLimit is the longest life of a cookie (RFC 6265bis, section 5.5).
	ageLimit = 400 * 24 * time.Hour
)

// Options are the limits and the policy of a [Jar]. The zero value is good.
type Options struct {
	// PublicSuffixList tells which domains no cookie may be set for, as
	// anybody can register a name below them. Nil means the list of
	// golang.org/x/net/publicsuffix. A list that always answers "" switches
	// the protection off. It must be safe for concurrent use.
	PublicSuffixList cookiejar.PublicSuffixList

	// MaxPerHost is the number of cookies kept for one domain. Zero means 50,
	// a negative number no limit.
	MaxPerHost int

	// MaxTotal is the number of cookies kept in all. Zero means 3000, a
	// negative number no limit. Beyond it the least recently used one goes, of
	// the registrable domain that has most of them where that is more than four
	// times MaxPerHost.
	MaxTotal int

	// MaxSize is the number of bytes that the name and the value of a cookie
	// may have together; a longer one is refused. Zero means 4096, a negative
	// number no limit.
	MaxSize int
}

// Jar keeps cookies by the rules of RFC 6265bis. It is an [http.CookieJar],
// and beyond that a dictionary of cookies with all their attributes, to be
// listed, changed, merged and saved. Make one with [New]. It is safe for
// concurrent use.
//
// With [Jar.StoreHeader] and [Jar.Header] a cookie's bytes pass unchanged.
// [Jar.SetCookies] and [Jar.Cookies] are for http.Client, whose cookie type
// drops some lines and rewrites some values.
//
// The jar is stricter than the standard in two places. A cookie of a domain
// goes only to hosts of the same registrable domain, and comes only from them:
// nothing passes between a domain and a public suffix below it. And a Cookie
// field never grows beyond 8 kB; cookies that would make it longer are left
// out of the request. Loopback is not taken for a secure origin.
type Jar struct {
	psl     cookiejar.PublicSuffixList
	perHost int // 0: no limit
	total   int // 0: no limit
	size    int // 0: no limit
	live    atomic.Int64
	mu      sync.RWMutex // guards all below
	sites   map[string]*site
	spare   []smallSite
	none    site // stands in views for a site that has no cookies
	views   map[string]*view
	held    int                // bytes of views, roughly
	count   int                // cookies in all sites, the expired ones included
	seq     uint64             // order of creation
	clock   uint64             // order of use
	changed instant            // the latest change there was; see tick
	graves  map[identity]grave // no more than maxGraves
}

// New returns an empty jar. Nil options mean the zero Options.
func New(o *Options) *Jar {
	if o == nil {
		o = new(Options)
	}
	j := &Jar{
		psl:     o.PublicSuffixList,
		perHost: limit(o.MaxPerHost, defaultPerHost),
		total:   limit(o.MaxTotal, defaultTotal),
		size:    limit(o.MaxSize, defaultSize),
	}
	if j.psl == nil {
		j.psl = publicSuffixes
	}
	return j
}

// limit returns n, its default when it is zero, or 0 for no limit.
func limit(n, standard int) int {
	if n == 0 {
		return standard
	}
	return max(n, 0)
}

// StoreHeader takes the cookies that a response from u sets with the
// Set-Cookie lines of h (RFC 6265bis, sections 5.6 and 5.7). What breaks the
// rules is ignored, as the standard wants; lines beyond the 3000th too.
// Cookies marked Secure are accepted from https and wss only.
func (j *Jar) StoreHeader(u *url.URL, h http.Header) {
	lines := h["Set-Cookie"]
	if u == nil || len(lines) == 0 {
		return
	}
	now := now()
	j.mu.Lock()
	defer j.mu.Unlock()
	from, ok := j.source(u, now)
	if !ok {
		return
	}
	lines = lines[:min(len(lines), maxLines)]
	for i, line := range lines {
		if r, ok := parse(line, now); ok {
			j.receive(&from, &r, len(lines)-i)
		}
	}
}

// Header returns the value of the Cookie field for a request to u, the
// longest path first, then the oldest cookie (RFC 6265bis, section 5.8.3). It
// is "" when there is nothing to send. The same question asked again costs no
// allocation until a cookie of that site changes.
func (j *Jar) Header(u *url.URL) string {
	if u == nil || j.live.Load() == 0 {
		return ""
	}
	path, secure := requestPath(u), secureScheme(u.Scheme)
	j.mu.RLock()
	if f := j.cached(u.Host, path, secure); f != nil && f.written {
		value := f.value
		j.mu.RUnlock()
		return value
	}
	j.mu.RUnlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.field(u.Host, path, secure).text()
}

// SetCookies implements [http.CookieJar]. It follows the same rules as
// [Jar.StoreHeader], which should be preferred where the header is at hand.
func (j *Jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	if u == nil || len(cookies) == 0 {
		return
	}
	now := now()
	j.mu.Lock()
	defer j.mu.Unlock()
	from, ok := j.source(u, now)
	if !ok {
		return
	}
	for i, c := range cookies {
		if r, ok := fromHTTP(c, now); ok {
			j.receive(&from, &r, len(cookies)-i)
		}
	}
}

// Cookies implements [http.CookieJar]: the cookies of [Jar.Header], with
// names and values only. The result belongs to the caller.
func (j *Jar) Cookies(u *url.URL) []*http.Cookie {
	if u == nil || j.live.Load() == 0 {
		return nil
	}
	path, secure := requestPath(u), secureScheme(u.Scheme)
	j.mu.RLock()
	if f := j.cached(u.Host, path, secure); f != nil {
		defer j.mu.RUnlock()
		return f.cookies()
	}
	j.mu.RUnlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.field(u.Host, path, secure).cookies()
}

// Format implements [fmt.Formatter]: a jar prints as its size, for its
// cookies are secrets.
func (j *Jar) Format(f fmt.State, _ rune) {
	if j == nil {
		_, _ = fmt.Fprint(f, "<nil>")
		return
	}
	_, _ = fmt.Fprintf(f, "cookies.Jar(%d)", j.live.Load())
}
