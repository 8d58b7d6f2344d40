package requests

import (
	"fmt"
	"net/http"

	"github.com/seed-3bbad739/requests/cookies"
)

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

func (s *sessionOptions) mount(m mount) {
	if s.mounts == nil {
		s.mounts = s.mountBuf[:0]
	}
	s.mounts = append(s.mounts, m)
}

// WithCookieJar makes the session use jar as it is. A nil jar means that cookies
// are neither kept nor sent.
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

// WithTransport mounts adapter for all of the web, http:// and https://, as
// [Session.Mount] does. What is mounted at a longer prefix stays.
func WithTransport(adapter http.RoundTripper) Option {
	return sessionOnly("WithTransport", func(s *sessionOptions) error {
		for _, p := range web {
			m, err := newMount(p.raw, adapter)
			if err != nil {
				return err
			}
			s.mount(m)
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
	s.mount(m)
	return nil
}

// WithMiddleware lays wrap around whatever adapter serves a request, once for
// each adapter that is mounted. The last one is outermost. Those of a Copy or an
// Update lie around those that are there, and none can be taken away: a Retry
// around a Retry multiplies the attempts.
func WithMiddleware(wrap func(next http.RoundTripper) http.RoundTripper) Option {
	return sessionOnly("WithMiddleware", func(s *sessionOptions) error {
		if wrap == nil {
			return fmt.Errorf("the function is nil")
		}
		s.middleware = append(s.middleware, wrap)
		return nil
	})
}
