package requests

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/cookies"
	"github.com/seed-3bbad739/requests/internal/decode"
	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/proxy"
)

// Version is sent in the default User-Agent.
const Version = "0.1.0"

// snapshot is everything that a session's requests start from, made once and
// never written to again. A session swaps one for another.
type snapshot struct {
	request Request   // merged; Header is canonical, with the built-in fields; for Params see params
	own     *Settings // what the options of the session say, not merged with the built-in
	jar     *cookies.Jar

	base *url.URL // of request.BaseURL, nil without one
	host string   // a Host field among the defaults
	defaults
	proxies map[string]*url.URL // those of request.Settings, parsed, by their text

	apart sync.Once
	away  *defaults // without what is secret, from the first call on that goes elsewhere

	bundle atomic.Pointer[bundledTLS]        // the last TLS settings with an environment's CA bundle
	last   atomic.Pointer[adapters.Settings] // of the exchange before, without ProxyAuth
}

// defaults are what goes into every request.
type defaults struct {
	header http.Header
	params []field // in the order of their names
	query  string  // params, encoded
	plain  bool    // header is
}

// sentTo returns what goes to the session's home, or elsewhere.
func (s *snapshot) sentTo(home bool) *defaults {
	if home {
		return &s.defaults
	}
	s.apart.Do(func() { s.away = s.withoutSecrets() })
	return s.away
}

// settled returns a pointer to a, which most exchanges share with the one
// before.
func (s *snapshot) settled(a adapters.Settings) *adapters.Settings {
	shares := a.ProxyAuth == nil // comparing one might panic
	if last := s.last.Load(); shares && last != nil && *last == a {
		return last
	}
	own := a
	if shares {
		s.last.Store(&own)
	}
	return &own
}

// bundledTLS keeps the pointer stable, by which adapters know trust again.
type bundledTLS struct {
	below *TLS
	path  string
	tls   *TLS
}

// bottomRequest is what every session starts from. It is shared and never
// written to.
var bottomRequest = Request{
	Header: http.Header{
		"User-Agent":      {"go-requests/" + Version},
		"Accept-Encoding": {decode.Supported},
		"Accept":          {"*/*"},
	},
	Settings: builtin(),
}

// bottom is the snapshot beneath every session. What is laid over it gets a
// jar of its own.
var bottom = &snapshot{request: bottomRequest, own: new(Settings)}

// withClonedJar returns a snapshot to lay a copy's changes over: the copy has
// cookies of its own.
func (s *snapshot) withClonedJar() *snapshot {
	n := &snapshot{request: s.request, own: s.own}
	n.params = s.params
	if s.jar != nil {
		n.jar = s.jar.Clone()
	}
	return n
}

// with lays l over s and works out what can be worked out once.
func (s *snapshot) with(l *layer) (*snapshot, error) {
	n := &snapshot{jar: s.jar}
	switch {
	case l.session != nil && l.session.jarSet:
		n.jar = l.session.jar
	case s == bottom:
		n.jar = cookies.New(nil)
	}
	if l.foreign { // the user may keep what the option put there
		l.Header, l.Params = l.Header.Clone(), cloneValues(l.Params)
	}
	n.request = s.request
	r := &n.request
	r.marks = mergeMarks(l.marks, s.request.marks)
	var errs []error
	if l.Method != "" {
		if err := checkMethod(l.Method); err != nil {
			errs = append(errs, fmt.Errorf("WithMethod: %w", err))
		}
		r.Method = strings.ToUpper(l.Method)
	}
	if l.URL != "" {
		errs = append(errs, errors.New("a session has no URL; see WithBaseURL"))
	}
	if l.BaseURL != "" {
		r.BaseURL = l.BaseURL
	}
	switch {
	case l.base != nil && l.baseOf == r.BaseURL:
		n.base = l.base
	case r.BaseURL != "":
		base, err := parseBase(r.BaseURL)
		if err != nil {
			errs = append(errs, fmt.Errorf("BaseURL: %w", err))
		}
		n.base = base
	}
	r.PathParams = overlay(s.request.PathParams, l.PathParams)
	r.Header = overlayHeader(s.request.Header, canonicalHeader(l.Header), l.header)
	n.params = s.params
	if l.marks != nil && l.marks.rawSet {
		n.params = nil
	}
	n.params = overlayParams(n.params, l)
	if err := errors.Join(checkHeaders(l.Header), checkHost(r.Header)); err != nil { // the options have checked theirs
		errs = append(errs, err)
	}
	for _, c := range l.Cookies {
		errs = append(errs, checkCookie(c))
	}
	r.Cookies = overlayCookies(s.request.Cookies, cloneCookies(l.Cookies))
	if l.Auth != nil {
		r.Auth = l.Auth
	}
	n.own = s.own
	if !l.Settings.isZero() {
		wholeTLS := l.marks != nil && l.marks.wholeTLS
		r.Settings = l.Settings.over(&s.request.Settings, wholeTLS)
		own := l.Settings.over(s.own, wholeTLS)
		n.own = &own
	}
	if err := checkSettings(&r.Settings); err != nil {
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	n.compile()
	return n, nil
}

func (s *snapshot) compile() {
	s.header = s.request.Header
	if host, ok := s.header["Host"]; ok {
		s.host = host[0]
		s.header = maps.Clone(s.header)
		delete(s.header, "Host")
	}
	s.query, s.plain = encodeFields(s.params), isPlainHeader(s.header)
	s.parseProxies()
}

// withoutSecrets returns the defaults for calls that go elsewhere: all of them
// when nothing is secret.
func (s *snapshot) withoutSecrets() *defaults {
	hidden := func(f field) bool { return secretParam(f.name) }
	found := slices.ContainsFunc(s.params, hidden)
	for k := range s.header {
		found = found || s.isSecret(k)
	}
	if !found {
		return &s.defaults
	}
	away := &defaults{header: maps.Clone(s.header), params: slices.DeleteFunc(slices.Clone(s.params), hidden)}
	maps.DeleteFunc(away.header, func(k string, _ []string) bool { return s.isSecret(k) })
	away.query, away.plain = encodeFields(away.params), isPlainHeader(away.header)
	return away
}

func (s *snapshot) parseProxies() {
	for k, raw := range s.request.Proxies {
		if raw == "" || k == noProxyKey {
			continue
		}
		if u, err := proxy.Parse(raw); err == nil { // a bad one has been refused
			if s.proxies == nil {
				s.proxies = make(map[string]*url.URL, len(s.request.Proxies))
			}
			s.proxies[raw] = u
		}
	}
}

func (s *snapshot) isSecret(name string) bool {
	return redact.SecretName(name) || s.request.marks != nil && slices.Contains(s.request.marks.secret, name)
}

// secretParam reports whether a session's param stays at its home: what is
// hidden when a URL is printed is not sent elsewhere either.
func secretParam(name string) bool {
	return redact.SecretKey(name) || redact.SecretName(strings.ReplaceAll(name, "_", "-"))
}

// parseBase parses a base URL. A query or fragment would be lost at the first
// relative reference, so it is refused.
func parseBase(raw string) (*url.URL, error) {
	u, err := parseTarget(raw)
	if err != nil {
		return nil, err
	}
	if u.Opaque != "" || u.Host == "" {
		return nil, refuse(ErrInvalidURL, "%q has no host", redact.RawURL(withoutQuery(raw)))
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return nil, refuse(ErrInvalidURL, "a base URL has no query and no fragment: %q", redact.RawURL(withoutQuery(raw)))
	}
	return u, nil
}

func checkHost(h http.Header) error {
	if vs, ok := h["Host"]; ok && (len(vs) != 1 || !validHost(vs[0])) {
		return refuse(ErrInvalidHeader, "a Host field has one value, a host and perhaps a port")
	}
	return nil
}

func validHost(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !legalHost.has(c) && c != ':' && c != '[' && c != ']' && c != '%' {
			return false
		}
	}
	return s != ""
}

// checkSettings looks at what the options have not looked at: a Settings may
// come from a literal or an OptionFunc.
func checkSettings(s *Settings) error {
	var trust, proxyTrust error
	if s.TLS != nil {
		trust = s.TLS.Load()
	}
	if s.ProxyTLS != nil {
		proxyTrust = s.ProxyTLS.Load()
	}
	return errors.Join(checkProxies(s.Proxies), checkProxyAuth(s.ProxyAuth), trust, proxyTrust)
}

// overlayHeader lays upper and then fields over lower and returns a map of its
// own. A key with no values, and a removal, remove the key.
func overlayHeader(lower, upper http.Header, fields []field) http.Header {
	if len(upper) == 0 && len(fields) == 0 {
		return lower // nobody writes to either
	}
	out := maps.Clone(lower)
	maps.Copy(out, upper)
	flushInto(out, fields)
	maps.DeleteFunc(out, func(_ string, vs []string) bool { return len(vs) == 0 })
	return out
}

// ownHeader returns the fields that the session's options set, and as keys
// without values those that they removed: the built-in ones are known by
// their very values.
func (s *snapshot) ownHeader() http.Header {
	own := make(http.Header)
	for k, vs := range s.request.Header {
		if b := bottomRequest.Header[k]; len(b) == 0 || &vs[0] != &b[0] {
			own[k] = vs
		}
	}
	for k := range bottomRequest.Header {
		if _, ok := s.request.Header[k]; !ok {
			own[k] = nil
		}
	}
	return own
}

func overlay(lower, upper map[string]string) map[string]string {
	if len(upper) == 0 {
		return lower
	}
	out := make(map[string]string, len(lower)+len(upper))
	maps.Copy(out, lower)
	maps.Copy(out, upper)
	return out
}

// overlayCookies replaces the cookies of lower that have the name, domain and
// path of one in upper, and adds the others.
func overlayCookies(lower, upper []*http.Cookie) []*http.Cookie {
	if len(upper) == 0 {
		return lower
	}
	if len(lower) == 0 {
		return upper
	}
	out := slices.Clone(lower)
	for _, c := range upper {
		i := slices.IndexFunc(out, func(o *http.Cookie) bool { return sameCookie(o, c) })
		if i >= 0 {
			out[i] = c
		} else {
			out = append(out, c)
		}
	}
	return out
}

// sameCookie compares as a jar does (RFC 6265, section 5.3): a cookie of a name
// and a value alone is for all paths.
func sameCookie(a, b *http.Cookie) bool {
	return a.Name == b.Name && cmp.Or(a.Path, "/") == cmp.Or(b.Path, "/") &&
		strings.EqualFold(strings.TrimPrefix(a.Domain, "."), strings.TrimPrefix(b.Domain, "."))
}

func mergeMarks(upper, lower *marks) *marks {
	if upper == nil {
		return lower
	}
	if lower == nil {
		lower = new(marks)
	}
	m := *lower
	m.wholeTLS = false
	m.secret = slices.Clip(lower.secret)
	for _, name := range upper.secret {
		if !slices.Contains(m.secret, name) {
			m.secret = append(m.secret, name)
		}
	}
	if upper.rawSet {
		m.rawQuery, m.rawSet = upper.rawQuery, true
	}
	if upper.upload != nil {
		m.upload = upper.upload
	}
	if upper.download != nil {
		m.download = upper.download
	}
	return &m
}
