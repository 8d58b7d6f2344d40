package requests

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/seed-3bbad739/requests/adapters"
)

// mount is an adapter with the part of the world it serves.
type mount struct {
	prefix  *prefix
	adapter http.RoundTripper // as it was mounted
	wrapped http.RoundTripper // with the session's middleware around it
}

func newMount(raw string, adapter http.RoundTripper) (mount, error) {
	if isNil(adapter) {
		return mount{}, errors.New("the adapter is nil")
	}
	if t, ok := adapter.(*http.Transport); ok {
		adapter = adapters.From(t)
	}
	p, err := parsePrefix(raw)
	if err != nil {
		return mount{}, err
	}
	return mount{p, adapter, adapter}, nil
}

func isNil(adapter http.RoundTripper) bool {
	if adapter == nil {
		return true
	}
	v := reflect.ValueOf(adapter)
	return (v.Kind() == reflect.Pointer || v.Kind() == reflect.Func) && v.IsNil()
}

// mountTable is the mounts of a session. One that is installed is never written
// to.
type mountTable struct {
	list   []mount     // in the order they are tried: longest first
	byHost *mountIndex // nil where list is short enough to search
}

// mountIndex is the places in a table of the mounts with a host, by its
// lower-case name, and those of the rest.
type mountIndex struct {
	hosts  map[string][]int
	others []int
}

// fewMounts are searched one by one.
const fewMounts = 8

// emptyTable returns one with room for n mounts. Those of most sessions lie in
// one piece with it.
func emptyTable(n int) *mountTable {
	var small struct {
		mountTable
		room [3]mount
	}
	if n > len(small.room) {
		return &mountTable{list: make([]mount, 0, n)}
	}
	small.list = small.room[:0]
	return &small.mountTable
}

func (t *mountTable) index() {
	if len(t.list) <= fewMounts {
		return
	}
	t.byHost = &mountIndex{hosts: make(map[string][]int)}
	for i := range t.list {
		if p := t.list[i].prefix; p.text || p.host == "" {
			t.byHost.others = append(t.byHost.others, i)
		} else {
			host := strings.ToLower(p.host)
			t.byHost.hosts[host] = append(t.byHost.hosts[host], i)
		}
	}
}

// find returns the first mount that u is under, nil if there is none.
func (t *mountTable) find(u *url.URL) *mount {
	if t.byHost == nil {
		for i := range t.list {
			if t.list[i].prefix.matches(u) {
				return &t.list[i]
			}
		}
		return nil
	}
	key := u.Host
	if isWeb(u) {
		key = u.Hostname()
	}
	first := len(t.list)
	for _, places := range [...][]int{t.byHost.hosts[strings.ToLower(key)], t.byHost.others} {
		for _, i := range places {
			if i < first && t.list[i].prefix.matches(u) {
				first = i
			}
		}
	}
	if first == len(t.list) {
		return nil
	}
	return &t.list[first]
}

// place returns the place of the mount of raw, -1 if there is none.
func (t *mountTable) place(raw string) int {
	return slices.IndexFunc(t.list, func(m mount) bool { return strings.EqualFold(m.prefix.raw, raw) })
}

// add puts m in the place of one of the same prefix or behind those of its
// length.
func (t *mountTable) add(m mount) {
	if i := t.place(m.prefix.raw); i >= 0 {
		t.list[i] = m
		return
	}
	i := slices.IndexFunc(t.list, func(o mount) bool { return len(o.prefix.raw) < len(m.prefix.raw) })
	if i < 0 {
		i = len(t.list)
	}
	t.list = slices.Insert(t.list, i, m)
}

// without returns a table of the mounts but the one at place i.
func (t *mountTable) without(i int) *mountTable {
	out := emptyTable(len(t.list) - 1)
	out.list = append(append(out.list, t.list[:i]...), t.list[i+1:]...)
	out.index()
	return out
}

// remount returns a table of mounts with added among them, and with more middleware
// around every one. Where one adapter stands behind several prefixes, what is around
// it, with its state, serves all of them.
func remount(mounts, added []mount, middleware, more []func(http.RoundTripper) http.RoundTripper) (*mountTable, error) {
	t := emptyTable(len(mounts) + len(added))
	t.list = append(t.list, mounts...)
	for _, m := range added {
		if i := slices.IndexFunc(t.list, func(o mount) bool { return same(o.adapter, m.adapter) }); i >= 0 {
			m.wrapped = t.list[i].wrapped
		} else if err := m.wrap(middleware); err != nil {
			return nil, err
		}
		t.add(m)
	}
	t.index()
	if len(more) == 0 {
		return t, nil
	}
	for i := range t.list {
		m := &t.list[i]
		if j := slices.IndexFunc(t.list[:i], func(o mount) bool { return same(o.adapter, m.adapter) }); j >= 0 {
			m.wrapped = t.list[j].wrapped
		} else if err := m.wrap(more); err != nil {
			return nil, err
		}
	}
	return t, nil
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
