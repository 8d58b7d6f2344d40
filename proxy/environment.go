package proxy

import (
	"log/slog"
	"net/url"
	"os"
	"strings"
)

// Environment is what the variables of a process say about proxies.
type Environment struct {
	Proxies Map    // by the "<scheme>_proxy" and "all_proxy" variables
	NoProxy string // of the "no_proxy" variable; see [Bypass]
}

const suffix = "_proxy"

// FromEnvironment reads the variables of this process, anew at each call:
// "<scheme>_proxy" for any scheme, "all_proxy" and "no_proxy". A name in lower
// case goes before any other spelling, and an empty one in lower case removes
// the proxy; an empty "no_proxy" does not hide NO_PROXY. Where REQUEST_METHOD
// is set, as for CGI programs, HTTP_PROXY is not read: it could be the Proxy
// field of a request.
func FromEnvironment() Environment {
	var e Environment
	_, cgi := os.LookupEnv("REQUEST_METHOD")
	environ := os.Environ()
	for _, lower := range []bool{false, true} {
		for _, entry := range environ {
			name, value, _ := strings.Cut(entry, "=")
			if len(name) <= len(suffix) || !strings.EqualFold(name[len(name)-len(suffix):], suffix) {
				continue
			}
			key := strings.ToLower(name)
			if (key == name) == lower {
				e.set(key[:len(key)-len(suffix)], value, lower, cgi)
			}
		}
	}
	return e
}

func (e *Environment) set(key, value string, lower, cgi bool) {
	switch {
	case key == "no":
		if value != "" {
			e.NoProxy = value
		}
	case value == "":
		if lower {
			delete(e.Proxies, key)
		}
	case key == "http" && cgi && !lower:
	default:
		if e.Proxies == nil {
			e.Proxies = make(Map)
		}
		e.Proxies[key] = value
	}
}

// For returns the proxy for u, or nil for a direct connection. A URL without a
// host is never sent through one. The error matches [ErrInvalid].
func (e Environment) For(u *url.URL) (*url.URL, error) {
	if len(e.Proxies) == 0 || Bypass(e.NoProxy, u) {
		return nil, nil
	}
	return e.Proxies.For(u)
}

// LogValue hides the credentials in e.
func (e Environment) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("proxies", e.Proxies), slog.String("no_proxy", e.NoProxy))
}
