package requests

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/seed-3bbad739/requests/proxy"
)

// Option sets a default of a session or a part of one request: the same
// options serve [NewSession], [Session.Copy], [Session.Update] and every verb.
// The options of one layer apply in order; a later one for the same key
// replaces the earlier.
type Option interface {
	apply(*layer) error
}

// OptionFunc is an [Option] of a user's own. It sees and changes what the
// options before it, in the same layer, have made of the request. None of the
// maps that it sees is nil: it may assign to all of them.
type OptionFunc func(*Request) error

func (f OptionFunc) apply(l *layer) error {
	if f == nil {
		return errors.New("OptionFunc: the function is nil")
	}
	l.flush()
	l.foreign = true // whether f fails or not: it may keep what it is given
	had := l.Body != nil
	l.giveMaps()
	err := f(&l.Request)
	l.takeEmptyMaps()
	if err != nil {
		return err
	}
	if l.Body == nil || had {
		return nil
	}
	return l.claim("OptionFunc", false)
}

// giveMaps makes the maps that are missing, so that they can be assigned to.
func (r *Request) giveMaps() {
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	if r.Params == nil {
		r.Params = make(url.Values)
	}
	if r.PathParams == nil {
		r.PathParams = make(map[string]string)
	}
	if r.Proxies == nil {
		r.Proxies = make(proxy.Map)
	}
}

// takeEmptyMaps leaves r without the maps in which nothing is: the layers below
// go unchanged.
func (r *Request) takeEmptyMaps() {
	if len(r.Header) == 0 {
		r.Header = nil
	}
	if len(r.Params) == 0 {
		r.Params = nil
	}
	if len(r.PathParams) == 0 {
		r.PathParams = nil
	}
	if len(r.Proxies) == 0 {
		r.Proxies = nil
	}
	r.Proxies = maps.Clone(r.Proxies) // a session keeps them, and so may who put them there
}

// option is an option and what it was given, which set takes into a layer. set
// has no variables of its own: so it is one piece of memory.
type option[T any] struct {
	name  string
	key   string // the field that it names; "": none
	value T
	set   func(*layer, T) error
}

func with[T any](name string, value T, set func(*layer, T) error) Option {
	return &option[T]{name, "", value, set}
}

func withKey[T any](name, key string, value T, set func(*layer, T) error) Option {
	return &option[T]{name, key, value, set}
}

func (o *option[T]) apply(l *layer) error { return o.set(l, o.value) }

// Format prints what the option is called, and MarshalText gives the same to
// JSON and to package slog: what it was given may be secret.
func (o *option[T]) Format(f fmt.State, verb rune) { formatText(f, verb, optionText(o.name, o.key)) }

func (o *option[T]) MarshalText() ([]byte, error) { return []byte(optionText(o.name, o.key)), nil }

// optionText is how an option is printed: by its name and the field's.
func optionText(name, key string) string {
	if key == "" {
		return "requests." + name
	}
	return "requests." + name + "(" + strconv.Quote(key) + ")"
}

// WithBaseURL sets what relative URLs are resolved against (RFC 3986, section
// 5), its path taken as a directory: "users" is below it, "/users" at the root of
// its host. It may have no query and no fragment. A
// session's credentials are sent to the origin of its base URL only.
func WithBaseURL(base string) Option {
	return with("WithBaseURL", base, func(l *layer, base string) error {
		u, err := parseBase(base)
		if err != nil {
			return fmt.Errorf("WithBaseURL: %w", err)
		}
		l.BaseURL, l.base, l.baseOf = base, u, base
		return nil
	})
}

// WithMethod sets the method, upper-cased. Among the options of a call it takes
// the place of the verb's; a session's is for [Session.Request] and [Session.Do]
// without one.
func WithMethod(method string) Option {
	return with("WithMethod", method, func(l *layer, method string) error {
		l.Method = method
		return nil
	})
}

type paramOption struct {
	name, value string
	more        *[]string
}

func (o *paramOption) apply(l *layer) error {
	l.setParam(field{name: o.name, value: o.value, more: o.more})
	return nil
}

// Format prints the option without its values; see [option.Format].
func (o *paramOption) Format(f fmt.State, verb rune) {
	formatText(f, verb, optionText("WithParam", o.name))
}

func (o *paramOption) MarshalText() ([]byte, error) {
	return []byte(optionText("WithParam", o.name)), nil
}

// WithParam sets a query parameter, once for each value.
func WithParam(key, value string, more ...string) Option {
	return &paramOption{key, value, moreOf(more)}
}

// WithParams sets every parameter of v. A key with no values removes it.
func WithParams(v url.Values) Option {
	return with("WithParams", cloneValues(v), func(l *layer, v url.Values) error {
		for _, k := range slices.Sorted(maps.Keys(v)) {
			l.setParam(fieldOf(k, v[k]))
		}
		return nil
	})
}

// WithoutParam removes a parameter that a layer below sets.
func WithoutParam(key string) Option {
	return withKey("WithoutParam", key, key, func(l *layer, key string) error {
		l.setParam(field{name: key, more: removal})
		return nil
	})
}

// WithQuery sets a parameter for every exported field of a struct, named by
// its `url` tag, which may add ",omitempty" and nothing else; "-" leaves a field
// out. Slices give one pair for each element, nil pointers none; fields may be of any
// basic type, time.Time (RFC 3339) or an encoding.TextMarshaler.
func WithQuery(v any) Option {
	return with("WithQuery", v, func(l *layer, v any) error {
		values, err := queryOf(v)
		if err != nil {
			return fmt.Errorf("WithQuery: %w", err)
		}
		return WithParams(values).apply(l)
	})
}

// WithRawQuery appends a query as it is, escaped only where it must be, in
// place of the params of the layers below. Params of a layer above take its place.
func WithRawQuery(query string) Option {
	return with("WithRawQuery", query, func(l *layer, query string) error {
		m := l.mark()
		m.rawQuery, m.rawSet = query, true
		return nil
	})
}

// WithPathParam fills {name} in the URL's path with value, escaped as one
// segment. A value that is empty or a dot segment is an error.
func WithPathParam(name, value string) Option {
	return withKey("WithPathParam", name, [2]string{name, value}, func(l *layer, pair [2]string) error {
		m := maps.Clone(l.PathParams)
		if m == nil {
			m = make(map[string]string)
		}
		m[pair[0]] = pair[1]
		l.PathParams = m
		return nil
	})
}

// WithHooks adds hooks. A request's run after its session's.
func WithHooks(h *Hooks) Option { return with("WithHooks", h, addHooks) }

func addHooks(l *layer, h *Hooks) error {
	if h != nil {
		l.hookSets = append(l.hookSets, h)
	}
	return nil
}

// WithLogger logs every call, and every exchange within it, without secrets:
// calls at Info, exchanges and redirects at Debug, the attempts of a retry and
// statuses from 400 at Warn, errors at Error. It takes the place of the logger
// of the layers below; a nil one logs nothing.
func WithLogger(logger *slog.Logger) Option { return with("WithLogger", logHooks(logger), addHooks) }
