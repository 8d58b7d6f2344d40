package requests

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
)

// Option sets a default of a session or a part of one request: the same
// options serve [NewSession], [Session.Copy], [Session.Update] and every verb.
// The options of one layer apply in order; a later one for the same key
// replaces the earlier.
type Option interface {
	apply(*layer) error
}

// OptionFunc is an [Option] of a user's own. It sees and changes what the
// options before it, in the same layer, have made of the request.
type OptionFunc func(*Request) error

func (f OptionFunc) apply(l *layer) error {
	if f == nil {
		return errors.New("OptionFunc: the function is nil")
	}
	l.flush()
	l.foreign = true // whether f fails or not: it may keep what it is given
	had := l.Body != nil
	if err := f(&l.Request); err != nil {
		return err
	}
	if l.Body == nil || had {
		return nil
	}
	return l.claim("OptionFunc", false)
}

// optionFunc is an option that need not be cheap.
type optionFunc func(*layer) error

func (f optionFunc) apply(l *layer) error { return f(l) }

// WithBaseURL sets what relative URLs are resolved against (RFC 3986, section
// 5), its path taken as a directory: "users" is below it, "/users" at the root of
// its host. It may have no query and no fragment. A
// session's credentials are sent to the origin of its base URL only.
func WithBaseURL(base string) Option {
	return optionFunc(func(l *layer) error {
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
	return optionFunc(func(l *layer) error {
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

// WithParam sets a query parameter, once for each value.
func WithParam(key, value string, more ...string) Option {
	return &paramOption{key, value, moreOf(more)}
}

// WithParams sets every parameter of v. A key with no values removes it.
func WithParams(v url.Values) Option {
	v = cloneValues(v)
	return optionFunc(func(l *layer) error {
		for _, k := range slices.Sorted(maps.Keys(v)) {
			l.setParam(fieldOf(k, v[k]))
		}
		return nil
	})
}

// WithoutParam removes a parameter that a layer below sets.
func WithoutParam(key string) Option {
	return optionFunc(func(l *layer) error {
		l.setParam(field{name: key, more: removal})
		return nil
	})
}

// WithQuery sets a parameter for every exported field of a struct, named by
// its `url` tag, which may add ",omitempty"; "-" leaves a field out. Slices
// give one pair for each element, nil pointers none; fields may be of any
// basic type, time.Time (RFC 3339) or an encoding.TextMarshaler.
func WithQuery(v any) Option {
	return optionFunc(func(l *layer) error {
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
	return optionFunc(func(l *layer) error {
		m := l.mark()
		m.rawQuery, m.rawSet = query, true
		return nil
	})
}

// WithPathParam fills {name} in the URL's path with value, escaped as one
// segment. A value that is empty or a dot segment is an error.
func WithPathParam(name, value string) Option {
	return optionFunc(func(l *layer) error {
		m := maps.Clone(l.PathParams)
		if m == nil {
			m = make(map[string]string)
		}
		m[name] = value
		l.PathParams = m
		return nil
	})
}

// WithHooks adds hooks. A request's run after its session's.
func WithHooks(h *Hooks) Option {
	return optionFunc(func(l *layer) error {
		if h != nil {
			l.hookSets = append(l.hookSets, h)
		}
		return nil
	})
}

// WithLogger logs every call, and every exchange within it, without secrets:
// calls at Info, exchanges and redirects at Debug, the attempts of a retry and
// statuses from 400 at Warn, errors at Error. It takes the place of the logger
// of the layers below; a nil one logs nothing.
func WithLogger(logger *slog.Logger) Option { return WithHooks(logHooks(logger)) }
