package requests

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/proxy"
)

// WithProxyAuth sets the authenticator for proxies: those named beside it or
// below, else those of the environment. Nil is an error; auth.None switches it
// off. See Settings.ProxyAuth.
func WithProxyAuth(a auth.Authenticator) Option {
	return with("WithProxyAuth", a, func(l *layer, a auth.Authenticator) error {
		if a == nil {
			return errors.New("WithProxyAuth: the authenticator is nil; auth.None switches it off")
		}
		if err := checkProxyAuth(a); err != nil {
			return fmt.Errorf("WithProxyAuth: %w", err)
		}
		l.ProxyAuth = a
		return nil
	})
}

// WithTimeout limits each call, redirects, retries and content included, to
// total. Zero inherits the layer below; a negative total means no limit beyond
// the context's.
func WithTimeout(total time.Duration) Option {
	return with("WithTimeout", total, func(l *layer, total time.Duration) error {
		if total != 0 {
			l.Timeouts.Total = total
		}
		return nil
	})
}

// WithTimeouts sets those of t that are not zero.
func WithTimeouts(t Timeouts) Option {
	return with("WithTimeouts", t, func(l *layer, t Timeouts) error {
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
// hosts ("https://host"); "" connects directly. A key that no URL has, such as
// "HTTP", is an error. See [proxy.Map].
func WithProxies(m proxy.Map) Option { return proxiesOption("WithProxies", maps.Clone(m)) }

func proxiesOption(name string, m proxy.Map) Option {
	return with(name, proxiesOf{name, m}, func(l *layer, o proxiesOf) error {
		if err := checkProxies(o.proxies); err != nil {
			return fmt.Errorf("%s: %w", o.option, err)
		}
		merged := maps.Clone(l.Proxies)
		if merged == nil {
			merged = make(proxy.Map, len(o.proxies))
		}
		maps.Copy(merged, o.proxies)
		l.Proxies = merged
		return nil
	})
}

type proxiesOf struct {
	option  string
	proxies proxy.Map
}

// WithEnvironment says whether the proxy, CA-bundle and netrc variables of the
// environment apply. They do by default.
func WithEnvironment(use bool) Option {
	return with("WithEnvironment", use, func(l *layer, use bool) error {
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
	return with(name, tlsChange{name, change}, func(l *layer, o tlsChange) error {
		var only TLS
		o.change(&only)
		if err := only.Load(); err != nil {
			return fmt.Errorf("%s: %w", o.option, err)
		}
		t := cloneTLS(l.TLS)
		if t == nil {
			t = new(TLS)
		}
		o.change(t)
		l.TLS = t
		return nil
	})
}

type tlsChange struct {
	option string
	change func(*TLS)
}

// WithTLS replaces all TLS settings of the layers below.
func WithTLS(t TLS) Option {
	return with("WithTLS", *cloneTLS(&t), func(l *layer, t TLS) error {
		if err := t.Load(); err != nil {
			return fmt.Errorf("WithTLS: %w", err)
		}
		l.TLS = &t
		l.mark().wholeTLS = true
		return nil
	})
}

// WithProxyTLS sets the trust for https proxies.
func WithProxyTLS(t TLS) Option {
	return with("WithProxyTLS", *cloneTLS(&t), func(l *layer, t TLS) error {
		if err := t.Load(); err != nil {
			return fmt.Errorf("WithProxyTLS: %w", err)
		}
		l.ProxyTLS = &t
		return nil
	})
}

// WithMaxRedirects limits how many redirects a call follows: 30 by default; 0
// inherits, a negative n follows none.
func WithMaxRedirects(n int) Option { return with("WithMaxRedirects", n, setMaxRedirects) }

func setMaxRedirects(l *layer, n int) error {
	if n != 0 {
		l.MaxRedirects = n
	}
	return nil
}

// WithoutRedirects returns redirects as responses; see [Response.Next].
func WithoutRedirects() Option { return with("WithoutRedirects", -1, setMaxRedirects) }

// WithStream leaves the body of the response unread. The caller closes it. The
// connection after a 101 is left open without it too.
func WithStream(stream bool) Option {
	return with("WithStream", stream, func(l *layer, stream bool) error {
		l.Stream = &stream
		return nil
	})
}

// WithMaxBody bounds the decoded content that is read into memory, in bytes:
// 64 MiB by default; 0 inherits, a negative n sets no bound.
func WithMaxBody(n int64) Option {
	return with("WithMaxBody", n, func(l *layer, n int64) error {
		if n != 0 {
			l.MaxBody = n
		}
		return nil
	})
}

// WithRaiseForStatus makes a response of status 400 to 599 an error, a
// [*StatusError]. Off by default.
func WithRaiseForStatus(raise bool) Option {
	return with("WithRaiseForStatus", raise, func(l *layer, raise bool) error {
		l.RaiseForStatus = &raise
		return nil
	})
}

// WithTimings records when each phase of an exchange ended; see
// [Response.Timings]. Off by default.
func WithTimings(record bool) Option {
	return with("WithTimings", record, func(l *layer, record bool) error {
		l.Timings = &record
		return nil
	})
}

// checkProxies looks at every key and parses every proxy URL, for a bad one
// would else be noticed in production only.
func checkProxies(m proxy.Map) error {
	if len(m) == 0 {
		return nil
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if k == noProxyKey {
			continue
		}
		if !isProxyKey(k) {
			return refuse(ErrInvalidProxyURL, "no URL has the key %q: keys are no_proxy, all, a scheme or scheme://host, in lower case, without a port", redact.RawURL(k))
		}
		if m[k] == "" {
			continue
		}
		if _, err := proxy.Parse(m[k]); err != nil {
			return because(ErrInvalidProxyURL, fmt.Errorf("%s: %w", redact.RawURL(k), err))
		}
	}
	return nil
}

// isProxyKey reports whether k can be a URL's. By any other, what is meant for a
// proxy would go past it, and what is excepted from one through it.
func isProxyKey(k string) bool {
	scheme, host, hosted := strings.Cut(k, "://")
	// An underscore is in names of the environment, as in npm_config_https_proxy.
	notInScheme := func(c rune) bool {
		return !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '-' || c == '_')
	}
	if scheme == "" || strings.ContainsFunc(scheme, notInScheme) {
		return false
	}
	if !hosted {
		return true
	}
	if strings.Contains(host, ":") && host[0] != '[' {
		host = "[" + host + "]" // an IPv6 address, with brackets or without
	}
	prepared, err := prepareHost(host)
	return err == nil && prepared == host
}
