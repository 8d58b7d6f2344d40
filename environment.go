package requests

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/proxy"
)

// The variables that say which proxy is used. They are read at every call.
var proxyVariables = [...]string{
	"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
	"no_proxy", "NO_PROXY", "REQUEST_METHOD",
}

// environmentProxies is what the variables said when they were last seen to
// change: reading them costs nothing, taking them apart does.
type environmentProxies struct {
	raw     [len(proxyVariables)]string
	present [len(proxyVariables)]bool
	env     proxy.Environment
	parsed  map[string]*url.URL // by key of env.Proxies
	errs    map[string]error
}

var lastEnvironment atomic.Pointer[environmentProxies]

func currentEnvironment() *environmentProxies {
	var e environmentProxies
	for i, name := range proxyVariables {
		e.raw[i], e.present[i] = os.LookupEnv(name)
	}
	if last := lastEnvironment.Load(); last != nil && last.raw == e.raw && last.present == e.present {
		return last
	}
	n := &environmentProxies{raw: e.raw, present: e.present, env: proxy.FromEnvironment()}
	n.parsed = make(map[string]*url.URL)
	n.errs = make(map[string]error)
	for k, v := range n.env.Proxies {
		if u, err := proxy.Parse(v); err != nil {
			n.errs[k] = fmt.Errorf("environment %s: %w", variableOf(k+"_proxy"), err)
		} else {
			n.parsed[k] = u
		}
	}
	lastEnvironment.Store(n)
	return n
}

// environmentFor returns what the variables say about URLs of u's scheme, nil
// when they say nothing: most calls are made where no proxy is named, and are
// done after four look-ups.
func environmentFor(u *url.URL) *environmentProxies {
	names := &httpVariables
	switch u.Scheme {
	case "http":
	case "https":
		names = &httpsVariables
	default:
		return nil
	}
	for _, name := range names {
		if _, ok := os.LookupEnv(name); ok {
			if e := currentEnvironment(); len(e.env.Proxies) > 0 {
				return e
			}
			return nil
		}
	}
	return nil
}

// webScheme is a scheme that the environment has proxies for, in a byte.
type webScheme byte

const (
	otherScheme webScheme = iota
	schemeHTTP
	schemeHTTPS
)

func schemeOf(u *url.URL) webScheme {
	switch u.Scheme {
	case "http":
		return schemeHTTP
	case "https":
		return schemeHTTPS
	}
	return otherScheme
}

var (
	httpVariables  = [...]string{"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}
	httpsVariables = [...]string{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}
)

// find returns what the environment says for a key, and whether it says anything.
func (e *environmentProxies) find(key string) (*url.URL, bool, error) {
	if err := e.errs[key]; err != nil {
		return nil, true, because(ErrInvalidProxyURL, err)
	}
	u, ok := e.parsed[key]
	return u, ok, nil
}

// has reports whether p is one that the variables name.
func (e *environmentProxies) has(p *url.URL) bool {
	if e == nil || p == nil {
		return false
	}
	text := p.String()
	for _, u := range e.parsed {
		if u.String() == text {
			return true
		}
	}
	return false
}

// noProxyKey in a map of proxies holds exceptions, in the place of NO_PROXY.
const noProxyKey = "no_proxy"

// selectProxy returns the proxy for u, nil for none: the most particular key
// that any layer has, and of one key the request's value over the session's
// over the environment's. NO_PROXY makes exceptions from the environment's
// proxies; a no_proxy key among explicit ones makes them from all.
//
// parsed holds the proxies of the session by their text: an adapter knows
// connections again by the pointer.
func selectProxy(explicit proxy.Map, parsed map[string]*url.URL, env *environmentProxies, u *url.URL) (*url.URL, error) {
	if env == nil && len(explicit) == 0 || !isWeb(u) {
		return nil, nil
	}
	if exceptions, ok := explicit[noProxyKey]; ok {
		if proxy.Bypass(exceptions, u) {
			return nil, nil
		}
	} else if env != nil && proxy.Bypass(env.env.NoProxy, u) {
		env = nil
	}
	keys := [...]string{"", u.Scheme, "", "all"}
	if len(explicit) > 0 { // the environment has no keys with a host
		host := strings.ToLower(u.Hostname())
		keys[0], keys[2] = hostKey(explicit, u.Scheme, host), hostKey(explicit, "all", host)
	}
	for _, key := range keys {
		if raw, ok := explicit[key]; ok {
			if raw == "" {
				return nil, nil
			}
			if p := parsed[raw]; p != nil {
				return p, nil
			}
			p, err := proxy.Parse(raw)
			if err != nil {
				return nil, because(ErrInvalidProxyURL, err)
			}
			return p, nil
		}
		if env != nil {
			if p, ok, err := env.find(key); ok || err != nil {
				return p, err
			}
		}
	}
	return nil, nil
}

// hostKey returns the key for a host of m, where an IPv6 address has brackets or
// none.
func hostKey(m proxy.Map, scheme, host string) string {
	key := scheme + "://" + host
	if _, ok := m[key]; !ok && strings.Contains(host, ":") {
		return scheme + "://[" + host + "]"
	}
	return key
}

// withEnvironment lays explicit proxies over the environment's, as far as
// those apply to u.
func withEnvironment(explicit proxy.Map, env *environmentProxies, u *url.URL) proxy.Map {
	if env == nil {
		return explicit
	}
	exceptions, ok := explicit[noProxyKey]
	if !ok {
		exceptions = env.env.NoProxy
	}
	if proxy.Bypass(exceptions, u) {
		return explicit
	}
	merged := make(proxy.Map, len(env.env.Proxies)+len(explicit))
	maps.Copy(merged, env.env.Proxies)
	maps.Copy(merged, explicit)
	return merged
}

// proxyAuthFor returns a if it is for the proxy that selectProxy chose: one of the
// environment's has no part in what was set beside a proxy that was named. named
// may hold the environment's too, from settings that were merged.
func proxyAuthFor(chosen *url.URL, a auth.Authenticator, named proxy.Map, env *environmentProxies) auth.Authenticator {
	if a == nil || a == auth.None || env.has(chosen) && namesOther(named, env.env.Proxies) {
		return nil
	}
	return a
}

// namesOther reports whether m names a proxy that below does not.
func namesOther(m, below proxy.Map) bool {
	for key, raw := range m {
		if key != noProxyKey && raw != "" && !slices.Contains(slices.Collect(maps.Values(below)), raw) {
			return true
		}
	}
	return false
}

func checkProxyAuth(a auth.Authenticator) error {
	if a == nil || isComparable(a) {
		return nil
	}
	return errors.New("the authenticator for a proxy is not comparable: connections could not be told apart by it")
}

// environmentBundle is the CA bundle that the environment names, "" for none.
func environmentBundle() string { return os.Getenv(bundleVariable()) }

// bundleVariable is the variable that counts.
func bundleVariable() string {
	if os.Getenv("REQUESTS_CA_BUNDLE") != "" {
		return "REQUESTS_CA_BUNDLE"
	}
	return "CURL_CA_BUNDLE"
}

// bundled returns t with the environment's CA bundle, where code has chosen
// nothing about trust: the environment must not undo what code says.
func (s *snapshot) bundled(t *TLS, u *url.URL) *TLS {
	if u.Scheme != "https" || t != nil && !isPlainTrust(t) {
		return t
	}
	path := environmentBundle()
	if path == "" {
		return t
	}
	if b := s.bundle.Load(); b != nil && b.below == t && b.path == path {
		return b.tls
	}
	n := new(TLS)
	if t != nil {
		*n = *t
	}
	n.CABundle = path
	s.bundle.Store(&bundledTLS{t, path, n})
	return n
}

// ofBundle names the variable where err is that the CA bundle of the environment
// cannot be read: nobody may know to have set it.
func (c *call) ofBundle(err error) error {
	b := c.snapshot.bundle.Load()
	if b == nil || b.tls != c.ctx.settings.Load().TLS || !strings.Contains(err.Error(), b.path) {
		return err
	}
	return fmt.Errorf("environment %s: %w", bundleVariable(), err)
}

func isPlainTrust(t *TLS) bool {
	return (t.Verify == nil || *t.Verify) && t.CABundle == "" && t.RootCAs == nil &&
		(t.Config == nil || t.Config.RootCAs == nil && !t.Config.InsecureSkipVerify && t.Config.VerifyConnection == nil && t.Config.VerifyPeerCertificate == nil)
}

// namedNetrc keeps the authenticator for the file that NETRC named last, which
// keeps the file.
type namedNetrc struct {
	path string
	auth *auth.NetrcFile
}

var lastNetrc atomic.Pointer[namedNetrc]

// environmentNetrc returns the authenticator for the file that NETRC names, or
// nil. After a hop to another origin only an entry for the host by name
// counts: the default entry was not meant for wherever a server leads.
func environmentNetrc(u *url.URL, elsewhere bool) (*auth.NetrcFile, error) {
	path := os.Getenv("NETRC")
	if path == "" {
		return nil, nil
	}
	n := lastNetrc.Load()
	if n == nil || n.path != path {
		n = &namedNetrc{path, auth.Netrc(path)}
		lastNetrc.Store(n)
	}
	if elsewhere && !n.auth.Named(u.Hostname()) {
		return nil, nil
	}
	return n.auth, nil
}

// prepareSettings merges the settings of both layers and of the environment.
func (c *call) prepareSettings(u *url.URL, check func(error)) {
	p, l, snap := c.plan, c.layer, c.snapshot
	if l.Proxies != nil || l.TLS != nil || l.ProxyTLS != nil || l.ProxyAuth != nil {
		check(checkSettings(&l.Settings))
	}
	s := &snap.request.Settings
	if !l.Settings.isZero() {
		merged := l.Settings.over(s, l.marks != nil && l.marks.wholeTLS)
		s = &merged
	}
	p.headFollows = l.MaxRedirects > 0
	p.proxies = s.Proxies
	if *s.Environment {
		c.env, c.envOf = environmentFor(u), schemeOf(u)
		_, err := selectProxy(p.proxies, snap.proxies, c.env, u)
		check(err)
		if tls := snap.bundled(s.TLS, u); c.env != nil || tls != s.TLS {
			merged := *s
			merged.Proxies, merged.TLS = withEnvironment(p.proxies, c.env, u), tls
			s = &merged
		}
	}
	p.settings, p.merged = s, s.Proxies
}

// MergeEnvironment returns set laid over the session's settings, with the
// proxies and the CA bundle that the environment has for u under both. It is
// what Prepare does.
func (s *Session) MergeEnvironment(u *url.URL, set Settings) (Settings, error) {
	if u == nil {
		return Settings{}, &Error{Op: "merge environment", Err: because(ErrInvalidURL, errors.New("the URL is nil"))}
	}
	snap := s.snapshot.Load()
	if err := checkSettings(&set); err != nil {
		return Settings{}, &Error{Op: "merge environment", URL: redact.Target(u), Err: err}
	}
	out := set.over(&snap.request.Settings, false)
	if *out.Environment {
		env := environmentFor(u)
		chosen, err := selectProxy(out.Proxies, snap.proxies, env, u)
		if err != nil {
			return Settings{}, &Error{Op: "merge environment", URL: redact.Target(u), Err: err}
		}
		if env.has(chosen) {
			out.ProxyAuth = proxyAuthFor(chosen, out.ProxyAuth, out.Proxies, env) // which of them is whose is not told any more
		}
		out.Proxies = withEnvironment(out.Proxies, env, u)
		out.TLS = snap.bundled(out.TLS, u)
	}
	return out.clone(), nil
}

// sameMap reports whether two maps hold the same; most are both nil.
func sameMap(a, b proxy.Map) bool {
	return len(a) == 0 && len(b) == 0 || maps.Equal(a, b)
}

// isComparable reports whether a can be part of the key of a connection.
func isComparable(a auth.Authenticator) bool { return reflect.ValueOf(a).Comparable() }
