package requests

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/seed-3bbad739/requests/cookies"
)

// sessionOnly is [with] for an option that a call cannot take.
func sessionOnly[T any](name string, value T, set func(*sessionOptions, T) error) Option {
	return &sessionOption[T]{option[T]{name: name, value: value}, set}
}

type sessionOption[T any] struct {
	option[T]
	set func(*sessionOptions, T) error
}

func (o *sessionOption[T]) apply(l *layer) error {
	if l.session == nil {
		return fmt.Errorf("%s: only a session takes this option", o.name)
	}
	if err := o.set(l.session, o.value); err != nil {
		return fmt.Errorf("%s: %w", o.name, err)
	}
	return nil
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
	return sessionOnly("WithCookieJar", jar, func(s *sessionOptions, jar *cookies.Jar) error {
		s.jar, s.jarSet = jar, true
		return nil
	})
}

// WithAdapter mounts adapter; see [Session.Mount].
func WithAdapter(prefix string, adapter http.RoundTripper) Option {
	return sessionOnly("WithAdapter", adapterAt{prefix, adapter}, func(s *sessionOptions, at adapterAt) error {
		m, err := newMount(at.prefix, at.adapter)
		if err == nil {
			s.mount(m)
		}
		return err
	})
}

// WithTransport mounts adapter for all of the web, http:// and https://, as
// [Session.Mount] does. What is mounted at a longer prefix stays.
func WithTransport(adapter http.RoundTripper) Option {
	return sessionOnly("WithTransport", adapter, func(s *sessionOptions, adapter http.RoundTripper) error {
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

type adapterAt struct {
	prefix  string
	adapter http.RoundTripper
}

// WithMiddleware lays wrap around whatever adapter serves a request, once for
// each adapter that is mounted. The last one is outermost. Those of a Copy or an
// Update lie around those that are there, and none can be taken away: a Retry
// around a Retry multiplies the attempts.
func WithMiddleware(wrap func(next http.RoundTripper) http.RoundTripper) Option {
	return sessionOnly("WithMiddleware", wrap, func(s *sessionOptions, wrap func(http.RoundTripper) http.RoundTripper) error {
		if wrap == nil {
			return errors.New("the function is nil")
		}
		s.middleware = append(s.middleware, wrap)
		return nil
	})
}
