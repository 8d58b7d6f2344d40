package requests

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/seed-3bbad739/requests/auth"
)

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

// Format prints the option without its values; see [option.Format].
func (o *headerOption) Format(f fmt.State, verb rune) { formatText(f, verb, o.text()) }

func (o *headerOption) MarshalText() ([]byte, error) { return []byte(o.text()), nil }

func (o *headerOption) text() string {
	if o.secret {
		return optionText("WithSecretHeader", o.name)
	}
	return optionText("WithHeader", o.name)
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
	return with("WithHeaders", canonicalHeader(h.Clone()), func(l *layer, h http.Header) error {
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
	return withKey("WithoutHeader", key, key, func(l *layer, key string) error {
		l.setHeader(field{name: http.CanonicalHeaderKey(key), more: removal})
		return nil
	})
}

// WithAuth sets the authenticator. It outranks credentials in the URL, an
// Authorization header and netrc.
func WithAuth(a auth.Authenticator) Option { return with("WithAuth", a, setAuth) }

// WithoutAuth switches off every source of credentials: the session's
// authenticator, an Authorization header, userinfo in the URL and netrc.
func WithoutAuth() Option { return with("WithoutAuth", auth.None, setAuth) }

func setAuth(l *layer, a auth.Authenticator) error {
	if a == nil {
		return fmt.Errorf("WithAuth: the authenticator is nil; WithoutAuth switches authentication off")
	}
	l.Auth = a
	return nil
}

// WithCookie adds cookies, for the origin of the request's URL only; they are
// not stored in the jar.
func WithCookie(cs ...*http.Cookie) Option {
	return with("WithCookie", cloneCookies(cs), func(l *layer, cs []*http.Cookie) error {
		for _, c := range cs {
			if err := checkCookie(c); err != nil {
				return fmt.Errorf("WithCookie: %w", err)
			}
		}
		l.Cookies = overlayCookies(l.Cookies, cs)
		return nil
	})
}
