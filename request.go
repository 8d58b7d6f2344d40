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
	"time"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/proxy"
)

// Request is what is asked, before a session's defaults are laid under it. It
// is a plain value: a literal is fine, and the library never changes one that
// it is given. The defaults of a session have the same shape; see
// [Session.Defaults].
type Request struct {
	// Method is upper-cased. Empty inherits: GET at the bottom.
	Method string
	// URL is absolute, or a reference that is resolved against BaseURL.
	URL string
	// BaseURL is what relative URLs begin with. Its path counts as a
	// directory, with or without a slash at its end.
	BaseURL string
	// PathParams fill {name} in the URL's path, escaped as one segment.
	PathParams map[string]string
	// Header holds the fields to send. A key replaces the layer below's,
	// whatever its spelling; one present with no values removes it.
	Header http.Header
	// Params are added to the URL's query, in the order of their keys. A key
	// replaces the layer below's; one present with no values removes it.
	Params url.Values
	// Cookies are sent to the origin of the URL only, and are not stored.
	Cookies []*http.Cookie
	// Auth sets credentials. nil inherits; auth.None switches off every
	// source of credentials.
	Auth auth.Authenticator
	// Body is the content; nil sends none. Sessions have no body.
	Body Body
	// Hooks run after the session's.
	Hooks *Hooks
	Settings

	marks *marks // what options say that no field can
}

// NewRequest returns the request that the verbs make of method, url and opts, for
// [Session.Prepare], [Session.Explain] and [Session.Do]. The error tells all that
// is wrong with the method and the options; the URL is looked at beside a base URL.
// None of the request's maps is nil.
func NewRequest(method, url string, opts ...Option) (*Request, error) {
	l := newLayer()
	defer l.recycle()
	l.Method, l.URL = method, url
	l.apply(opts)
	err := l.err
	if method != "" {
		err = errors.Join(checkMethod(method), err)
	}
	if err != nil {
		return nil, &Error{Op: "new request", Err: err}
	}
	l.flush()
	r := l.Request
	r.giveMaps()
	return &r, nil
}

// marks are never written to once they are shared; see [Request.mark].
type marks struct {
	secret   []string // canonical names of header fields marked secret
	rawQuery string   // takes the place of the params of the layers below
	rawSet   bool
	wholeTLS bool // Settings.TLS replaces the layer below's rather than its set fields
	upload   func(sent, total int64)
	download func(got, total int64)
}

// mark returns marks of r's own to write to.
func (r *Request) mark() *marks {
	m := new(marks)
	if r.marks != nil {
		*m = *r.marks
		m.secret = slices.Clip(m.secret)
	}
	r.marks = m
	return m
}

// Settings are how a request is sent, apart from what it says. In every layer
// a number of 0 and a nil inherit from the layer below; a negative number
// means none.
type Settings struct {
	// Proxies maps "http", "https", "all" or "scheme://host" to a proxy's
	// URL; "" means a direct connection. Keys merge one by one.
	Proxies proxy.Map
	// ProxyAuth answers the proxy, on CONNECT and on forwarded requests. It
	// must be comparable, as auth's are. It is for the proxies of its layer and
	// those below: a layer above that names another proxy does not inherit it,
	// and one of the environment has it only where no layer names a proxy.
	ProxyAuth auth.Authenticator
	// ProxyTLS is the trust for an https proxy. nil: verified by the
	// system's roots. TLS never applies to the proxy.
	ProxyTLS *TLS
	// Environment says whether proxy, CA-bundle and netrc variables of the
	// environment apply. true at the bottom.
	Environment *bool
	// TLS is the trust for the origin. The fields that are set replace those
	// of the layer below.
	TLS *TLS
	// Timeouts bound the waits. See [Timeouts].
	Timeouts Timeouts
	// MaxRedirects is how many redirects a call follows: 30 at the bottom;
	// negative: none. HEAD follows only when its own call sets it.
	MaxRedirects int
	// Stream leaves the body of the response unread: the caller closes it.
	Stream *bool
	// MaxBody bounds the bytes of decoded content read into memory: 64 MiB at
	// the bottom; negative: no bound.
	MaxBody int64
	// RaiseForStatus turns a status of 400 to 599 into a *StatusError.
	RaiseForStatus *bool
	// Timings records the phases of an exchange on the response.
	Timings *bool
}

// TLS is [adapters.TLS].
type TLS = adapters.TLS

// Timeouts bound the waits of a call. 0 inherits, negative means none.
type Timeouts struct {
	// Connect bounds name look-up and connecting: 10 s at the bottom.
	Connect time.Duration
	// TLSHandshake bounds a proxy's CONNECT and TLS handshakes: 10 s at the
	// bottom.
	TLSHandshake time.Duration
	// Read is the longest silence, waiting for the header or between bytes of
	// the content: 120 s at the bottom. Connect, TLSHandshake and Read start
	// anew with every exchange.
	Read time.Duration
	// Total bounds the call: redirects, challenges, retries and the content,
	// streamed or not. None at the bottom.
	Total time.Duration
}

const (
	defaultConnect      = 10 * time.Second
	defaultTLSHandshake = 10 * time.Second
	defaultRead         = 120 * time.Second
	defaultMaxRedirects = 30
	defaultMaxBody      = 64 << 20 // bytes
)

// builtin returns the settings at the bottom of every session.
func builtin() Settings {
	yes, no := true, false
	return Settings{
		Environment:    &yes,
		Timeouts:       Timeouts{Connect: defaultConnect, TLSHandshake: defaultTLSHandshake, Read: defaultRead},
		MaxRedirects:   defaultMaxRedirects,
		Stream:         &no,
		MaxBody:        defaultMaxBody,
		RaiseForStatus: &no,
		Timings:        &no,
	}
}

// over lays s over the settings below. wholeTLS makes s.TLS replace all of
// the layer below's.
func (s *Settings) over(below *Settings, wholeTLS bool) Settings {
	out := *below
	if s.Proxies != nil {
		if len(below.Proxies) == 0 {
			out.Proxies = s.Proxies
		} else {
			out.Proxies = maps.Clone(below.Proxies)
			maps.Copy(out.Proxies, s.Proxies)
		}
	}
	if s.ProxyAuth != nil {
		out.ProxyAuth = s.ProxyAuth
	} else if namesOther(s.Proxies, below.Proxies) {
		out.ProxyAuth = nil // it is for those of the layer below
	}
	if s.ProxyTLS != nil {
		out.ProxyTLS = s.ProxyTLS
	}
	if s.TLS != nil {
		if wholeTLS || below.TLS == nil {
			out.TLS = s.TLS
		} else {
			out.TLS = overTLS(s.TLS, below.TLS)
		}
	}
	out.Timeouts = s.Timeouts.over(below.Timeouts)
	set(&out.Environment, s.Environment)
	set(&out.Stream, s.Stream)
	set(&out.RaiseForStatus, s.RaiseForStatus)
	set(&out.Timings, s.Timings)
	out.MaxRedirects = cmp.Or(s.MaxRedirects, below.MaxRedirects)
	out.MaxBody = cmp.Or(s.MaxBody, below.MaxBody)
	return out
}

// isZero reports whether s sets nothing.
func (s *Settings) isZero() bool {
	return s.Proxies == nil && s.ProxyAuth == nil && s.ProxyTLS == nil && s.TLS == nil && s.Timeouts == Timeouts{} &&
		s.MaxRedirects == 0 && s.MaxBody == 0 &&
		s.Environment == nil && s.Stream == nil && s.RaiseForStatus == nil && s.Timings == nil
}

// isOn reports whether a switch is set and true.
func isOn(b *bool) bool { return b != nil && *b }

func set[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}

func (t Timeouts) over(below Timeouts) Timeouts {
	return Timeouts{
		Connect:      cmp.Or(t.Connect, below.Connect),
		TLSHandshake: cmp.Or(t.TLSHandshake, below.TLSHandshake),
		Read:         cmp.Or(t.Read, below.Read),
		Total:        cmp.Or(t.Total, below.Total),
	}
}

// overTLS lays the fields that are set in t over those of below. Roots are one
// choice, however they are named, and so are client certificates: naming one
// form above drops the others below, or more would be trusted than was said.
// Roots named above a layer that switched verification off switch it on again,
// as verify="path" of Python's requests does.
func overTLS(t, below *TLS) *TLS {
	out := *below
	if t.CABundle != "" || t.RootCAs != nil {
		out.CABundle, out.RootCAs, out.Verify = t.CABundle, t.RootCAs, nil
	}
	set(&out.Verify, t.Verify)
	if t.ClientCert != "" || t.ClientKey != "" || t.Certificates != nil {
		out.ClientCert, out.ClientKey, out.Certificates = t.ClientCert, t.ClientKey, t.Certificates
	}
	if t.ServerName != "" {
		out.ServerName = t.ServerName
	}
	if t.MinVersion != 0 {
		out.MinVersion = t.MinVersion
	}
	if t.Config != nil {
		out.Config = t.Config
	}
	return &out
}

// limit returns a number of settings as its user wants it: 0 for none.
func limit[N ~int | ~int64](n N) N { return max(n, 0) }

// clone returns a copy of r that shares nothing that either could change.
// Bodies, authenticators and hook lists are shared: they are safe to share.
func (r *Request) clone() *Request {
	c := *r
	c.PathParams = maps.Clone(r.PathParams)
	c.Header = r.Header.Clone()
	c.Params = cloneValues(r.Params)
	c.Cookies = cloneCookies(r.Cookies)
	c.Settings = r.Settings.clone()
	return &c
}

func (s Settings) clone() Settings {
	s.Proxies = maps.Clone(s.Proxies)
	s.TLS, s.ProxyTLS = cloneTLS(s.TLS), cloneTLS(s.ProxyTLS)
	for _, b := range [...]**bool{&s.Environment, &s.Stream, &s.RaiseForStatus, &s.Timings} {
		if *b != nil {
			v := **b
			*b = &v
		}
	}
	return s
}

func cloneTLS(t *TLS) *TLS {
	if t == nil {
		return nil
	}
	c := *t
	c.Certificates = slices.Clone(t.Certificates)
	return &c
}

func cloneValues(v url.Values) url.Values { return url.Values(http.Header(v).Clone()) }

func cloneCookies(cs []*http.Cookie) []*http.Cookie {
	out := slices.Clone(cs)
	for i, c := range out {
		if c != nil {
			k := *c
			out[i] = &k
		}
	}
	return out
}

// String shows method and URL without secrets.
func (r *Request) String() string {
	return "<Request [" + printable(cmp.Or(r.Method, http.MethodGet)) + " " + printable(redact.RawURL(r.URL)) + "]>"
}

// Format prints [Request.String] under every verb: header, params, cookies
// and credentials may be secret.
func (r Request) Format(f fmt.State, verb rune) { formatText(f, verb, r.String()) }

// String shows proxies, timeouts and bounds without secrets, and whether TLS and
// the authenticator for proxies are set.
func (s *Settings) String() string {
	var b strings.Builder
	b.WriteString("<Settings")
	for _, k := range slices.Sorted(maps.Keys(s.Proxies)) {
		fmt.Fprintf(&b, " proxy[%s]=%s", printable(redact.RawURL(k)), printable(redact.RawURL(s.Proxies[k])))
	}
	if s.TLS != nil {
		b.WriteString(" tls")
	}
	if s.ProxyAuth != nil {
		b.WriteString(" proxy-auth")
	}
	fmt.Fprintf(&b, " timeouts=%v max-redirects=%d max-body=%d>", s.Timeouts, s.MaxRedirects, s.MaxBody)
	return b.String()
}

// Format prints [Settings.String] under every verb.
func (s Settings) Format(f fmt.State, verb rune) { formatText(f, verb, s.String()) }
