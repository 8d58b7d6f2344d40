package adapters_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/go-cleanhttp"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/adapters/adaptertest"
)

// served returns a factory whose adapter reaches a server on loopback.
func served(rt func(t *testing.T) http.RoundTripper) func(*testing.T, http.Handler) (http.RoundTripper, string) {
	return func(t *testing.T, h http.Handler) (http.RoundTripper, string) {
		s := httptest.NewUnstartedServer(h)
		s.Config.ErrorLog = discard
		s.Start()
		t.Cleanup(s.Close)
		return rt(t), s.URL
	}
}

// limited lays settings over each request, as a session does.
type limited struct {
	*adapters.HTTP
	set adapters.Settings
}

func (l *limited) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.HTTP.RoundTrip(req.WithContext(adapters.WithSettings(req.Context(), l.set)))
	if resp != nil {
		resp.Request = req
	}
	return resp, err
}

func TestContract(t *testing.T) {
	limits := adapters.Settings{Connect: time.Minute, TLSHandshake: time.Minute, Read: time.Minute}
	for name, factory := range map[string]func(*testing.T, http.Handler) (http.RoundTripper, string){
		"a plain http.Transport": served(func(t *testing.T) http.RoundTripper { return cleanhttp.DefaultPooledTransport() }),
		"HTTP":                   served(func(t *testing.T) http.RoundTripper { return adapters.New(adapters.Options{}) }),
		"HTTP with limits": served(func(t *testing.T) http.RoundTripper {
			return &limited{adapters.New(adapters.Options{}), limits}
		}),
		"HTTP with all its times": served(func(t *testing.T) http.RoundTripper {
			set := limits
			set.Timings = true
			return &limited{adapters.New(adapters.Options{}), set}
		}),
		"HTTP through a proxy": served(func(t *testing.T) http.RoundTripper {
			p := newSOCKSProxy(t)
			set := limits
			set.Proxy = p.url("socks5h", "")
			return &limited{adapters.New(adapters.Options{}), set}
		}),
		"HTTP on an adopted transport": served(func(t *testing.T) http.RoundTripper {
			return &limited{adapters.From(cleanhttp.DefaultPooledTransport()), limits}
		}),
		"HTTP/2": func(t *testing.T, h http.Handler) (http.RoundTripper, string) {
			ca := newAuthority(t)
			cert, _, _ := ca.issue(t, "server")
			s := newTLSServer(t, cert, nil)
			s.Config.Handler = h
			set := limits
			set.TLS = &adapters.TLS{RootCAs: ca.pool()}
			return &limited{adapters.New(adapters.Options{}), set}, s.URL
		},
		"Unix": func(t *testing.T, h http.Handler) (http.RoundTripper, string) {
			path := unixServer(t, h)
			return &onSocket{adapters.Unix(), path}, "http+unix://socket.test"
		},
		"Handler": func(t *testing.T, h http.Handler) (http.RoundTripper, string) {
			return adapters.Handler(h), "http://handler.test"
		},
		"Func": served(func(t *testing.T) http.RoundTripper {
			h := adapters.New(adapters.Options{})
			t.Cleanup(h.CloseIdleConnections)
			return adapters.Func(h.RoundTrip)
		}),
	} {
		t.Run(name, func(t *testing.T) { adaptertest.Run(t, factory) })
	}
	t.Run("File", func(t *testing.T) {
		path := file(t, "a.txt", []byte("content of a file"))
		adaptertest.RunContent(t, func(t *testing.T) (http.RoundTripper, string, string) {
			return contentOnly{adapters.File(filepath.Dir(path))}, "file:///a.txt", "content of a file"
		})
	})
	t.Run("Data", func(t *testing.T) {
		adaptertest.RunContent(t, func(t *testing.T) (http.RoundTripper, string, string) {
			return contentOnly{adapters.Data()}, "data:,content%20of%20a%20URL", "content of a URL"
		})
	})
}

// contentOnly is what it embeds, and nothing else that it may have.
type contentOnly struct{ http.RoundTripper }

// onSocket puts the socket's path in the place of a host that stands for it.
type onSocket struct {
	http.RoundTripper
	path string
}

func (o *onSocket) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.WithContext(req.Context())
	out.URL = &url.URL{}
	*out.URL = *req.URL
	out.URL.Host = o.path
	resp, err := o.RoundTripper.RoundTrip(out)
	if resp != nil {
		resp.Request = req
	}
	return resp, err
}

func (o *onSocket) CloseIdleConnections() {
	o.RoundTripper.(interface{ CloseIdleConnections() }).CloseIdleConnections()
}
