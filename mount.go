package requests

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/redact"
)

// mount is an adapter with the part of the world it serves.
type mount struct {
	prefix  string
	adapter http.RoundTripper // as it was mounted
	wrapped http.RoundTripper // with the session's middleware around it

	// The parts of the prefix. Without "://" in it, the URL's text is compared.
	text               bool
	scheme, host, port string
	path               string // "": every port and path
}

func newMount(prefix string, adapter http.RoundTripper) (mount, error) {
	if isNil(adapter) {
		return mount{}, errors.New("the adapter is nil")
	}
	if t, ok := adapter.(*http.Transport); ok {
		adapter = adapters.From(t)
	}
	m := mount{prefix: prefix, adapter: adapter, wrapped: adapter}
	scheme, rest, ok := strings.Cut(prefix, "://")
	if !ok {
		m.text = true
		return m, nil
	}
	m.scheme = strings.ToLower(scheme)
	if rest == "" {
		return m, nil
	}
	host, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	if strings.Contains(host, "@") {
		return mount{}, fmt.Errorf("a prefix has no userinfo: %q", redact.RawURL(prefix))
	}
	if m.scheme == "http" || m.scheme == "https" {
		var u url.URL
		u.Scheme = m.scheme
		if err := setAuthority(&u, host, true); err != nil {
			return mount{}, fmt.Errorf("prefix %q: %w", prefix, err)
		}
		m.host, m.port = u.Hostname(), u.Port()
		if m.port == "" && path != "" {
			m.port = defaultPort(m.scheme)
		}
	} else {
		m.host = host
	}
	m.path = path
	return m, nil
}

func isNil(adapter http.RoundTripper) bool {
	if adapter == nil {
		return true
	}
	v := reflect.ValueOf(adapter)
	return (v.Kind() == reflect.Pointer || v.Kind() == reflect.Func) && v.IsNil()
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// matches reports whether u is under m's prefix. A prefix ends where a part of
// the URL ends: https://api.example does not hold https://api.example.test.
//
// host is u's, without its port.
func (m *mount) matches(u *url.URL, host string) bool {
	if m.text {
		return hasPrefixFold(u.String(), m.prefix) && endsPart(u.String(), m.prefix)
	}
	if u.Scheme != m.scheme {
		return false
	}
	if m.host == "" && m.path == "" {
		return true
	}
	if isWeb(u) {
		if len(host) != len(m.host) || !strings.EqualFold(host, m.host) {
			return false
		}
		if m.port != "" && m.port != effectivePort(u) {
			return false
		}
	} else if !strings.EqualFold(u.Host, m.host) {
		return false
	}
	if m.path == "" {
		return true
	}
	target := u.EscapedPath()
	if u.RawQuery != "" {
		target += "?" + u.RawQuery
	}
	return hasPrefixFold(target, m.path) && endsPart(target, m.path)
}

func effectivePort(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return defaultPort(u.Scheme)
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// endsPart reports whether prefix, with which s begins, ends at a boundary.
func endsPart(s, prefix string) bool {
	if len(s) == len(prefix) || prefix == "" {
		return true
	}
	const boundaries = ":/?#&="
	return strings.IndexByte(boundaries, prefix[len(prefix)-1]) >= 0 || strings.IndexByte(boundaries, s[len(prefix)]) >= 0
}

// mountTable is the mounts of a session. It is never written to.
type mountTable struct {
	list []mount // in the order they are tried: longest first
	// byHost are the places in list of those with a host, by its lower-case
	// name, and others are the rest; nil where list is short enough to search.
	byHost map[string][]int
	others []int
}

// fewMounts are searched one by one.
const fewMounts = 8

func newMountTable(list []mount) *mountTable {
	t := &mountTable{list: list}
	if len(list) <= fewMounts {
		return t
	}
	t.byHost = make(map[string][]int)
	for i := range list {
		if m := &list[i]; m.text || m.host == "" {
			t.others = append(t.others, i)
		} else {
			host := strings.ToLower(m.host)
			t.byHost[host] = append(t.byHost[host], i)
		}
	}
	return t
}

// find returns the first mount that u is under, nil if there is none.
func (t *mountTable) find(u *url.URL) *mount {
	host := u.Hostname()
	if t.byHost == nil {
		for i := range t.list {
			if t.list[i].matches(u, host) {
				return &t.list[i]
			}
		}
		return nil
	}
	key := host
	if !isWeb(u) {
		key = u.Host
	}
	first := len(t.list)
	for _, places := range [...][]int{t.byHost[strings.ToLower(key)], t.others} {
		for _, i := range places {
			if i < first && t.list[i].matches(u, host) {
				first = i
			}
		}
	}
	if first == len(t.list) {
		return nil
	}
	return &t.list[first]
}

// addMount puts m among mounts, in the place of one of the same prefix or
// behind those of its length.
func addMount(mounts []mount, m mount) []mount {
	for i := range mounts {
		if strings.EqualFold(mounts[i].prefix, m.prefix) {
			mounts[i] = m
			return mounts
		}
	}
	i := slices.IndexFunc(mounts, func(o mount) bool { return len(o.prefix) < len(m.prefix) })
	if i < 0 {
		i = len(mounts)
	}
	return slices.Insert(mounts, i, m)
}

// rewrap returns a copy of mounts with added among them, and with more middleware around
// every one. Where one adapter stands behind several prefixes, what is around
// it, with its state, serves all of them.
func rewrap(mounts, added []mount, middleware, more []func(http.RoundTripper) http.RoundTripper) ([]mount, error) {
	out := slices.Clone(mounts)
	for _, m := range added {
		if i := slices.IndexFunc(out, func(o mount) bool { return same(o.adapter, m.adapter) }); i >= 0 {
			m.wrapped = out[i].wrapped
		} else if err := m.wrap(middleware); err != nil {
			return nil, err
		}
		out = addMount(out, m)
	}
	if len(more) == 0 {
		return out, nil
	}
	for i := range out {
		if j := slices.IndexFunc(out[:i], func(o mount) bool { return same(o.adapter, out[i].adapter) }); j >= 0 {
			out[i].wrapped = out[j].wrapped
		} else if err := out[i].wrap(more); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// same reports whether a and b are known to be one adapter.
func same(a, b http.RoundTripper) bool {
	return reflect.TypeOf(a) == reflect.TypeOf(b) && reflect.ValueOf(a).Comparable() && a == b
}

// wrap lays more layers around m, the last one outermost.
func (m *mount) wrap(layers []func(http.RoundTripper) http.RoundTripper) error {
	for _, w := range layers {
		if m.wrapped = w(m.wrapped); isNil(m.wrapped) {
			return errors.New("WithMiddleware: the function returned nil")
		}
	}
	return nil
}
