package requests

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/cookies"
	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/proxy"
)

// Option sets a default of a session or a part of one request: the same
// options serve [NewSession], [Session.Copy], [Session.Update] and every verb.
// The options of one layer apply in order; a later one for the same key
// replaces the earlier.
type Option interface {
	apply(*layer) error
}

// OptionFunc is an [Option] of a user's own. It sees and changes what the
// options before it, in the same layer, have made of the request.
type OptionFunc func(*Request) error

func (f OptionFunc) apply(l *layer) error {
	l.flush()
	if f == nil {
		return errors.New("OptionFunc: the function is nil")
	}
	had := l.Body != nil
	if err := f(&l.Request); err != nil {
		return err
	}
	l.foreign = true
	if l.Body == nil || had {
		return nil
	}
	return l.claim("OptionFunc", false)
}

// optionFunc is an option that need not be cheap.
type optionFunc func(*layer) error

func (f optionFunc) apply(l *layer) error { return f(l) }

// WithBaseURL sets what relative URLs are resolved against (RFC 3986, section
// 5), its path taken as a directory: "users" is below it, "/users" at the root of
// its host. It may have no query and no fragment. A
// session's credentials are sent to the origin of its base URL only.
func WithBaseURL(base string) Option {
	return optionFunc(func(l *layer) error {
		u, err := parseBase(base)
		if err != nil {
			return fmt.Errorf("WithBaseURL: %w", err)
		}
		l.BaseURL, l.base, l.baseOf = base, u, base
		return nil
	})
}

// WithMethod sets the method, upper-cased; the verbs set their own.
func WithMethod(method string) Option {
	return optionFunc(func(l *layer) error {
		l.Method = method
		return nil
	})
}

type headerOption struct {
	name, value string
	more        *[]string
	secret      bool
}

func (o *headerOption) apply(l *layer) error {
	err := checkValue(o.name, o.value)
	if o.more != nil {
		for _, v := range *o.more {
			if err == nil {
				err = checkValue(o.name, v)
			}
		}
	}
	if err != nil && o.secret {
		return fmt.Errorf("WithSecretHeader: %w", err)
	}
	if err != nil {
		return fmt.Errorf("WithHeader: %w", err)
	}
	name := http.CanonicalHeaderKey(o.name)
	l.setHeader(field{name: name, value: o.value, more: o.more})
	if o.secret {
		m := l.mark()
		if !slices.Contains(m.secret, name) {
			m.secret = append(m.secret, name)
		}
	}
	return nil
}

// WithHeader sets a header field, with as many values as it is to have lines.
// An empty value is sent as such; see [WithoutHeader].
func WithHeader(key, value string, more ...string) Option {
	return &headerOption{name: key, value: value, more: moreOf(more)}
}

// WithSecretHeader sets a header field that never leaves its origin and is
// never printed. Fields named like credentials are secret anyway.
func WithSecretHeader(key, value string) Option {
	return &headerOption{name: key, value: value, secret: true}
}

// WithHeaders sets every field of h. A key with no values removes that field.
func WithHeaders(h http.Header) Option {
	h = canonicalHeader(h.Clone())
	return optionFunc(func(l *layer) error {
		if err := checkHeaders(h); err != nil {
			return fmt.Errorf("WithHeaders: %w", err)
		}
		for _, k := range slices.Sorted(maps.Keys(h)) {
			l.setHeader(fieldOf(k, h[k]))
		}
		return nil
	})
}

func fieldOf(name string, values []string) field {
	if len(values) == 0 {
		return field{name: name, more: removal}
	}
	return field{name: name, value: values[0], more: moreOf(values[1:])}
}

// WithoutHeader removes a field that a layer below sets, the built-in
// User-Agent, Accept and Accept-Encoding included.
func WithoutHeader(key string) Option {
	return optionFunc(func(l *layer) error {
		l.setHeader(field{name: http.CanonicalHeaderKey(key), more: removal})
		return nil
	})
}

type paramOption struct {
	name, value string
	more        *[]string
}

func (o *paramOption) apply(l *layer) error {
	l.setParam(field{name: o.name, value: o.value, more: o.more})
	return nil
}

// WithParam sets a query parameter, once for each value.
func WithParam(key, value string, more ...string) Option {
	return &paramOption{key, value, moreOf(more)}
}

// WithParams sets every parameter of v. A key with no values removes it.
func WithParams(v url.Values) Option {
	v = cloneValues(v)
	return optionFunc(func(l *layer) error {
		for _, k := range slices.Sorted(maps.Keys(v)) {
			l.setParam(fieldOf(k, v[k]))
		}
		return nil
	})
}

// WithoutParam removes a parameter that a layer below sets.
func WithoutParam(key string) Option {
	return optionFunc(func(l *layer) error {
		l.setParam(field{name: key, more: removal})
		return nil
	})
}

// WithQuery sets a parameter for every exported field of a struct, named by
// its `url` tag, which may add ",omitempty"; "-" leaves a field out. Slices
// give one pair for each element, nil pointers none; fields may be of any
// basic type, time.Time (RFC 3339) or an encoding.TextMarshaler.
func WithQuery(v any) Option {
	return optionFunc(func(l *layer) error {
		values, err := queryOf(v)
		if err != nil {
			return fmt.Errorf("WithQuery: %w", err)
		}
		return WithParams(values).apply(l)
	})
}

// WithRawQuery appends a query as it is, escaped only where it must be, in
// place of the params of the layers below.
func WithRawQuery(query string) Option {
	return optionFunc(func(l *layer) error {
		m := l.mark()
		m.rawQuery, m.rawSet = query, true
		return nil
	})
}

// WithPathParam fills {name} in the URL's path with value, escaped as one
// segment. A value that is empty or a dot segment is an error.
func WithPathParam(name, value string) Option {
	return optionFunc(func(l *layer) error {
		m := maps.Clone(l.PathParams)
		if m == nil {
			m = make(map[string]string)
		}
		m[name] = value
		l.PathParams = m
		return nil
	})
}

type authOption struct{ a auth.Authenticator }

func (o authOption) apply(l *layer) error {
	if o.a == nil {
		return fmt.Errorf("WithAuth: the authenticator is nil; WithoutAuth switches authentication off")
	}
	l.Auth = o.a
	return nil
}

// WithAuth sets the authenticator. It outranks credentials in the URL, an
// Authorization header and netrc.
func WithAuth(a auth.Authenticator) Option { return authOption{a} }

// WithoutAuth switches off every source of credentials: the session's
// authenticator, an Authorization header, userinfo in the URL and netrc.
func WithoutAuth() Option { return authOption{auth.None} }

// WithProxyAuth sets the authenticator for proxies.
func WithProxyAuth(a auth.Authenticator) Option {
	return optionFunc(func(l *layer) error {
		if err := checkProxyAuth(a); err != nil {
			return fmt.Errorf("WithProxyAuth: %w", err)
		}
		l.ProxyAuth = a
		return nil
	})
}

// WithCookie adds cookies, for the origin of the request's URL only; they are
// not stored in the jar.
func WithCookie(cs ...*http.Cookie) Option {
	cs = cloneCookies(cs)
	return optionFunc(func(l *layer) error {
		for _, c := range cs {
			if err := checkCookie(c); err != nil {
				return fmt.Errorf("WithCookie: %w", err)
			}
		}
		l.Cookies = overlayCookies(l.Cookies, cs)
		return nil
	})
}

// WithJSON sends v as JSON: compact, in UTF-8, without escaping HTML. v is
// encoded when the option is applied. A nil v sends no body.
func WithJSON(v any) Option {
	return optionFunc(func(l *layer) error {
		if v == nil {
			return nil
		}
		if err := l.claim("WithJSON", false); err != nil {
			return err
		}
		b, err := newJSON(v)
		if err != nil {
			return fmt.Errorf("WithJSON: %w", err)
		}
		l.Body = b
		return nil
	})
}

// WithForm sends fields as application/x-www-form-urlencoded, in the order of
// their keys, or as multipart/form-data together with files.
func WithForm(fields url.Values) Option {
	fields = cloneValues(fields)
	return optionFunc(func(l *layer) error {
		if l.hasForm {
			return fmt.Errorf("WithForm: the body is already set by WithForm")
		}
		if err := l.claim("WithForm", len(l.parts) > 0); err != nil {
			return err
		}
		l.form, l.hasForm = fields, true
		return nil
	})
}

// WithBody sends content: a string, []byte, io.Reader or [Body]. No
// Content-Type is set but a Body's own. See [NewBody] for which readers can
// be sent again.
func WithBody(content any) Option {
	body, err := NewBody(content)
	return optionFunc(func(l *layer) error {
		if err != nil {
			return fmt.Errorf("WithBody: %w", err)
		}
		if body == nil {
			return nil
		}
		if err := l.claim("WithBody", false); err != nil {
			return err
		}
		l.Body = body
		return nil
	})
}

// WithMultipart sends parts as multipart/form-data, after the fields of a form.
func WithMultipart(parts ...Part) Option {
	parts = slices.Clone(parts)
	return optionFunc(func(l *layer) error { return l.addParts("WithMultipart", parts) })
}

// WithFile adds a file to a multipart/form-data body. content is a string,
// []byte, io.Reader or [Body].
func WithFile(name, filename string, content any) Option {
	body, err := NewBody(content)
	return optionFunc(func(l *layer) error {
		if err != nil {
			return fmt.Errorf("WithFile: %w", err)
		}
		return l.addParts("WithFile", []Part{{Name: name, Filename: filename, HasFilename: true, Content: body}})
	})
}

// WithFilePath adds the file at path to a multipart/form-data body, under its
// base name. It is opened when the request is sent and not read before.
func WithFilePath(name, path string) Option {
	return optionFunc(func(l *layer) error {
		body, err := newFileBody(path)
		if err != nil {
			return fmt.Errorf("WithFilePath: %w", err)
		}
		return l.addParts("WithFilePath", []Part{{Name: name, Filename: baseName(path), HasFilename: true, Content: body}})
	})
}

func (l *layer) addParts(option string, parts []Part) error {
	if len(parts) == 0 {
		return nil
	}
	if err := l.claim(option, true); err != nil {
		return err
	}
	l.parts = append(l.parts, parts...)
	return nil
}

// WithTimeout limits each call, redirects, retries and content included, to
// total. Zero inherits the layer below; a negative total means no limit beyond
// the context's.
func WithTimeout(total time.Duration) Option { return timeoutOption(total) }

type timeoutOption time.Duration

func (o timeoutOption) apply(l *layer) error {
	if o != 0 {
		l.Timeouts.Total = time.Duration(o)
	}
	return nil
}

// WithTimeouts sets those of t that are not zero.
func WithTimeouts(t Timeouts) Option {
	return optionFunc(func(l *layer) error {
		l.Timeouts = t.over(l.Timeouts)
		return nil
	})
}

// WithProxy sends every request through the proxy at rawURL, above what the
// environment says; "" connects directly.
func WithProxy(rawURL string) Option {
	return proxiesOption("WithProxy", proxy.Map{"http": rawURL, "https": rawURL, "all": rawURL})
}

// WithProxies sets the proxies for schemes ("http", "https", "all") and for
// hosts ("https://host"); "" connects directly.
func WithProxies(m proxy.Map) Option { return proxiesOption("WithProxies", maps.Clone(m)) }

func proxiesOption(name string, m proxy.Map) Option {
	return optionFunc(func(l *layer) error {
		if err := checkProxies(m); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		merged := maps.Clone(l.Proxies)
		if merged == nil {
			merged = make(proxy.Map, len(m))
		}
		maps.Copy(merged, m)
		l.Proxies = merged
		return nil
	})
}

// WithEnvironment says whether the proxy, CA-bundle and netrc variables of the
// environment apply. They do by default.
func WithEnvironment(use bool) Option {
	return optionFunc(func(l *layer) error {
		l.Environment = &use
		return nil
	})
}

// WithVerify says whether a server's certificate is verified. It is by
// default; without, anybody in between can read and change what is sent.
func WithVerify(verify bool) Option {
	return tlsOption("WithVerify", func(t *TLS) { t.Verify = &verify })
}

// WithCABundle trusts the certificates in a PEM file, or in the files of a
// directory, instead of the system's. It is read when the option is applied,
// and again for new connections when it has changed.
func WithCABundle(path string) Option {
	return tlsOption("WithCABundle", func(t *TLS) { t.CABundle, t.RootCAs = path, nil })
}

// WithClientCert shows a certificate to servers that ask for one, from PEM
// files that are read when the option is applied, and again for new connections
// when they have changed. An empty keyFile means that certFile holds the key too.
func WithClientCert(certFile, keyFile string) Option {
	return tlsOption("WithClientCert", func(t *TLS) { t.ClientCert, t.ClientKey, t.Certificates = certFile, keyFile, nil })
}

// WithServerName sends and verifies name instead of the URL's host.
func WithServerName(name string) Option {
	return tlsOption("WithServerName", func(t *TLS) { t.ServerName = name })
}

// tlsOption changes a field of the layer's TLS, on a copy, if what it names
// can be had.
func tlsOption(name string, change func(*TLS)) Option {
	return optionFunc(func(l *layer) error {
		var only TLS
		change(&only)
		if err := only.Load(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		t := cloneTLS(l.TLS)
		if t == nil {
			t = new(TLS)
		}
		change(t)
		l.TLS = t
		return nil
	})
}

// WithTLS replaces all TLS settings of the layers below.
func WithTLS(t TLS) Option {
	t = *cloneTLS(&t)
	return optionFunc(func(l *layer) error {
		own := t
		if err := own.Load(); err != nil {
			return fmt.Errorf("WithTLS: %w", err)
		}
		l.TLS = &own
		l.mark().wholeTLS = true
		return nil
	})
}

// WithProxyTLS sets the trust for https proxies.
func WithProxyTLS(t TLS) Option {
	t = *cloneTLS(&t)
	return optionFunc(func(l *layer) error {
		own := t
		if err := own.Load(); err != nil {
			return fmt.Errorf("WithProxyTLS: %w", err)
		}
		l.ProxyTLS = &own
		return nil
	})
}

// WithMaxRedirects limits how many redirects a call follows: 30 by default; 0
// inherits, a negative n follows none.
func WithMaxRedirects(n int) Option {
	return optionFunc(func(l *layer) error {
		if n != 0 {
			l.MaxRedirects = n
		}
		return nil
	})
}

// WithoutRedirects returns redirects as responses; see [Response.Next].
func WithoutRedirects() Option { return WithMaxRedirects(-1) }

// WithStream leaves the body of the response unread. The caller closes it.
func WithStream(stream bool) Option {
	return optionFunc(func(l *layer) error {
		l.Stream = &stream
		return nil
	})
}

// WithMaxBody bounds the decoded content that is read into memory, in bytes:
// 64 MiB by default; 0 inherits, a negative n sets no bound.
func WithMaxBody(n int64) Option {
	return optionFunc(func(l *layer) error {
		if n != 0 {
			l.MaxBody = n
		}
		return nil
	})
}

// WithRaiseForStatus makes a response of status 400 to 599 an error, a
// [*StatusError]. Off by default.
func WithRaiseForStatus(raise bool) Option {
	return optionFunc(func(l *layer) error {
		l.RaiseForStatus = &raise
		return nil
	})
}

// WithTimings records when each phase of an exchange ended; see
// [Response.Timings]. Off by default.
func WithTimings(record bool) Option {
	return optionFunc(func(l *layer) error {
		l.Timings = &record
		return nil
	})
}

// WithHooks adds hooks. A request's run after its session's.
func WithHooks(h *Hooks) Option {
	return optionFunc(func(l *layer) error {
		if h != nil {
			l.hookSets = append(l.hookSets, h)
		}
		return nil
	})
}

// WithLogger logs every call, and every exchange within it, without secrets:
// calls at Info, exchanges and redirects at Debug, the attempts of a retry and
// statuses from 400 at Warn, errors at Error. A nil logger logs nothing.
func WithLogger(logger *slog.Logger) Option { return WithHooks(logHooks(logger)) }

// WithUploadProgress calls report as the body is sent. total is -1 when it is
// not known; sent begins anew when the body is sent again.
func WithUploadProgress(report func(sent, total int64)) Option {
	return optionFunc(func(l *layer) error {
		l.mark().upload = report
		return nil
	})
}

// WithDownloadProgress calls report as content arrives, counted before it is
// decoded. total is -1 when it is not known.
func WithDownloadProgress(report func(got, total int64)) Option {
	return optionFunc(func(l *layer) error {
		l.mark().download = report
		return nil
	})
}

// sessionOnly is an option that a call cannot take.
func sessionOnly(name string, set func(*sessionOptions) error) Option {
	return optionFunc(func(l *layer) error {
		s, err := l.ofSessionOnly(name)
		if err != nil {
			return err
		}
		if err := set(s); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
}

func (l *layer) ofSessionOnly(option string) (*sessionOptions, error) {
	if l.session == nil {
		return nil, fmt.Errorf("%s: only a session takes this option", option)
	}
	return l.session, nil
}

// WithCookieJar makes the session use jar as it is. nil means that cookies are
// neither kept nor sent.
func WithCookieJar(jar *cookies.Jar) Option {
	return sessionOnly("WithCookieJar", func(s *sessionOptions) error {
		s.jar, s.jarSet = jar, true
		return nil
	})
}

// WithAdapter mounts adapter; see [Session.Mount].
func WithAdapter(prefix string, adapter http.RoundTripper) Option {
	return &adapterOption{prefix, adapter}
}

// WithTransport mounts adapter for all of the web: http:// and https://. What is
// mounted at a longer prefix stays.
func WithTransport(adapter http.RoundTripper) Option {
	return sessionOnly("WithTransport", func(s *sessionOptions) error {
		for _, prefix := range [...]string{"https://", "http://"} {
			m, err := newMount(prefix, adapter)
			if err != nil {
				return err
			}
			s.mounts = append(s.mounts, m)
		}
		return nil
	})
}

type adapterOption struct {
	prefix  string
	adapter http.RoundTripper
}

func (o *adapterOption) apply(l *layer) error {
	s, err := l.ofSessionOnly("WithAdapter")
	if err != nil {
		return err
	}
	m, err := newMount(o.prefix, o.adapter)
	if err != nil {
		return fmt.Errorf("WithAdapter: %w", err)
	}
	s.mounts = append(s.mounts, m)
	return nil
}

// WithMiddleware lays wrap around whatever adapter serves a request, once for
// each adapter that is mounted. The last one is outermost.
func WithMiddleware(wrap func(next http.RoundTripper) http.RoundTripper) Option {
	return sessionOnly("WithMiddleware", func(s *sessionOptions) error {
		if wrap == nil {
			return fmt.Errorf("the function is nil")
		}
		s.middleware = append(s.middleware, wrap)
		return nil
	})
}

// checkProxies parses every proxy URL, for a bad one would else be noticed in
// production only.
func checkProxies(m proxy.Map) error {
	if len(m) == 0 {
		return nil
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if m[k] == "" || strings.EqualFold(k, "no_proxy") {
			continue
		}
		if _, err := proxy.Parse(m[k]); err != nil {
			return because(ErrInvalidProxyURL, fmt.Errorf("%s: %w", redact.RawURL(k), err))
		}
	}
	return nil
}
