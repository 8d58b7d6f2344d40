package requests

import (
	"fmt"
	"net/http"

	"github.com/seed-3bbad739/requests/cookies"
)

// ofSessionOnly refuses an option that a call cannot take.
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
	return with("WithCookieJar", jar, func(l *layer, jar *cookies.Jar) error {
		s, err := l.ofSessionOnly("WithCookieJar")
		if err != nil {
			return err
		}
		s.jar, s.jarSet = jar, true
		return nil
	})
}

// WithAdapter mounts adapter; see [Session.Mount].
func WithAdapter(prefix string, adapter http.RoundTripper) Option {
	return with("WithAdapter", adapterAt{prefix, adapter}, func(l *layer, at adapterAt) error {
		s, err := l.ofSessionOnly("WithAdapter")
		if err != nil {
			return err
		}
		m, err := newMount(at.prefix, at.adapter)
		if err != nil {
			return fmt.Errorf("WithAdapter: %w", err)
		}
		s.mount(m)
		return nil
	})
}

// WithTransport mounts adapter for all of the web, http:// and https://, as
// [Session.Mount] does. What is mounted at a longer prefix stays.
func WithTransport(adapter http.RoundTripper) Option {
	return with("WithTransport", adapter, func(l *layer, adapter http.RoundTripper) error {
		s, err := l.ofSessionOnly("WithTransport")
		if err != nil {
			return err
		}
		for _, p := range web {
			m, err := newMount(p.raw, adapter)
			if err != nil {
				return fmt.Errorf("WithTransport: %w", err)
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
	return with("WithMiddleware", wrap, func(l *layer, wrap func(http.RoundTripper) http.RoundTripper) error {
		s, err := l.ofSessionOnly("WithMiddleware")
		if err != nil {
			return err
		}
		if wrap == nil {
			return fmt.Errorf("WithMiddleware: the function is nil")
		}
		s.middleware = append(s.middleware, wrap)
		return nil
	})
}
