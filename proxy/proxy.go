package proxy

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"

	"github.com/seed-3bbad739/requests/internal/hostaddr"
	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// ErrInvalid is matched by the error for a proxy URL that cannot be used: it
// has no host, cannot be parsed, or its scheme is not supported. The root's
// ErrInvalidProxyURL is the same value.
var ErrInvalid error = sentinel.InvalidProxyURL

// exceptions is the key of a Map whose value is a list as for [Bypass].
const exceptions = "no_proxy"

// Map says which proxy serves which URLs. Its keys, all in lower case, are
// looked for in this order: "scheme://host" without a port, "scheme",
// "all://host", "all". The first that is present decides, and "" as its value
// means a direct connection. An IPv6 address as the host has brackets, as in
// URLs, or none. Values are proxy URLs, as for [Parse].
//
// The key "no_proxy" holds exceptions from the map's own proxies, as for
// [Bypass].
//
// A nil Map has no proxies. Printing a Map, in whatever way, hides the
// credentials in it; so does encoding it as JSON.
type Map map[string]string

// For returns the proxy for u, or nil for a direct connection, be it by "", by
// an exception, or because no key is found. Its error matches [ErrInvalid].
func (m Map) For(u *url.URL) (*url.URL, error) {
	if len(m) == 0 || u == nil {
		return nil, nil
	}
	raw := m.lookup(u)
	if raw == "" || m.excepts(u) {
		return nil, nil
	}
	return Parse(raw)
}

func (m Map) lookup(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname())
	if raw, found := m.at(scheme, host); found {
		return raw
	}
	if raw, found := m[scheme]; found {
		return raw
	}
	if raw, found := m.at("all", host); found {
		return raw
	}
	return m["all"]
}

func (m Map) at(scheme, host string) (raw string, found bool) {
	if host == "" {
		return "", false
	}
	var buf [128]byte // keeps the key off the heap
	key := append(buf[:0], scheme...)
	key = append(key, "://"...)
	bare := len(key)
	key = append(key, host...)
	raw, found = m[string(key)]
	if !found && strings.Contains(host, ":") {
		key = append(append(append(key[:bare], '['), host...), ']')
		raw, found = m[string(key)]
	}
	return raw, found
}

func (m Map) excepts(u *url.URL) bool {
	list, found := m[exceptions]
	return found && list != "" && Bypass(list, u)
}

// Parse returns the proxy URL that raw stands for. Its scheme is http, https,
// socks4, socks4a, socks5 or socks5h, and http when there is none, as in
// "proxy:3128" and "user:password@proxy:3128". A proxy has no path but "/",
// no query and no fragment: these are mostly an unescaped password, or the
// address of a configuration file. The error matches [ErrInvalid] and names
// raw without its credentials.
func Parse(raw string) (*url.URL, error) {
	u, reason := parse(strings.TrimSpace(raw))
	if reason != "" {
		// net/url's own error would repeat the value with its password.
		return nil, fmt.Errorf("proxy: %w %q: %s", ErrInvalid, hide(raw), reason)
	}
	return u, nil
}

func parse(raw string) (_ *url.URL, reason string) {
	switch {
	case raw == "":
		return nil, "it is empty"
	case strings.HasPrefix(raw, "//"):
		raw = "http:" + raw
	case !strings.Contains(raw, "://"):
		if singleSlash(raw) {
			return nil, "the scheme is not followed by //"
		}
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, "it is not a URL"
	}
	switch u.Scheme {
	case "http", "https", "socks4", "socks4a", "socks5", "socks5h":
	default:
		return nil, "the scheme is not one of http, https, socks4, socks4a, socks5 and socks5h"
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return nil, "it has more than scheme, credentials, host and port; special characters in a password must be escaped"
	}
	host, reason := authority(u)
	if reason != "" {
		return nil, reason
	}
	return &url.URL{Scheme: u.Scheme, User: u.User, Host: host}, ""
}

const notHost = "the host is not a name or an address"

// authority returns u's host in lower case and its port, if any, for one
// spelling of each proxy: connections are kept by it.
func authority(u *url.URL) (host, reason string) {
	host, port := u.Hostname(), u.Port()
	if _, ok := hostaddr.Addr(host); ok {
		if strings.Contains(host, ":") {
			host = "[" + host + "]" // with its zone: a proxy may be link-local
		}
	} else {
		host = hostaddr.Name(host)
		switch {
		case host == "":
			return "", "no host"
		case host[0] == '.' || host[len(host)-1] == '.' || strings.Contains(u.Host, "%"):
			return "", notHost
		}
		for i := 0; i < len(host); i++ {
			c := host[i]
			if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_') {
				return "", notHost
			}
		}
	}
	if port == "" {
		return host, ""
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", "the port is not between 1 and 65535"
	}
	return host + ":" + strings.TrimLeft(port, "0"), ""
}

// singleSlash reports whether raw begins as "scheme:/" does.
func singleSlash(raw string) bool {
	i := strings.IndexAny(raw, ":/@")
	return i >= 0 && strings.HasPrefix(raw[i:], ":/")
}

// hide returns a proxy URL for printing. Whatever stands before the last @ is
// hidden, even where that is not what a parser calls userinfo: in a value that
// is refused an unescaped password may hold any delimiter.
func hide(raw string) string {
	i := strings.LastIndexByte(raw, '@')
	if i < 0 {
		return redact.RawURL(raw)
	}
	server, query, ok := strings.Cut(raw[i:], "?")
	if ok {
		server += "?" + redact.Query(query)
	}
	scheme, _, ok := strings.Cut(raw[:i], "://")
	if !ok || strings.ContainsAny(scheme, ":/?#") {
		return redact.Mask + server
	}
	return scheme + "://" + redact.Mask + server
}

// Format hides the credentials in m, with any verb.
func (m Map) Format(f fmt.State, verb rune) {
	fmt.Fprintf(f, fmt.FormatString(f, verb), m.hidden())
}

// LogValue hides the credentials in m.
func (m Map) LogValue() slog.Value { return slog.AnyValue(m.hidden()) }

// MarshalJSON hides the credentials in m.
func (m Map) MarshalJSON() ([]byte, error) { return json.Marshal(m.hidden()) }

func (m Map) hidden() map[string]string {
	if m == nil {
		return nil
	}
	h := make(map[string]string, len(m))
	for k, v := range m {
		if k != exceptions && v != "" {
			v = hide(v)
		}
		h[k] = v
	}
	return h
}
