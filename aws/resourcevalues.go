package aws

import (
	"fmt"
	"maps"
	"strings"

	"github.com/seed-3bbad739/requests/aws/internal/jmespath"
)

// params returns what follows from the resource with in on top.
func (r *Resource) params(ps []resourceParam, in Params) (Params, error) {
	out := Params{}
	for _, p := range ps {
		v, err := r.source(p.Source, in, nil, nil)
		if err != nil {
			return nil, err
		}
		if v != nil {
			place(out, p.Target, v, 0)
		}
	}
	maps.Copy(out, in)
	return out, nil
}

// source returns what a parameter or an identifier is taken from.
func (r *Resource) source(s resourceSource, params Params, out Output, given *[]any) (any, error) {
	switch s.Kind {
	case fromIdentifier:
		return r.ids[s.Value], nil
	case fromLiteral:
		return s.Literal, nil
	case fromRequest:
		return search(s.Value, params)
	case fromResponse:
		return search(s.Value, out)
	case fromData:
		r.mu.Lock()
		defer r.mu.Unlock()
		return search(s.Value, r.data)
	case fromInput:
		if given == nil || len(*given) == 0 {
			return nil, fmt.Errorf("aws: %s: an identifier is missing", r)
		}
		v := (*given)[0]
		*given = (*given)[1:]
		return v, nil
	}
	return nil, nil
}

// make returns the resources that ref describes: one, or as many as the
// longest list among the identifiers.
func (r *Resource) make(ref *resourceRef, params Params, out Output, given []any) ([]*Resource, error) {
	def := r.defs.Resources[ref.Type]
	if def == nil {
		return nil, fmt.Errorf("aws: %s: there is no type %q: %w", r, ref.Type, ErrDataNotFound)
	}
	values := make(map[string]any, len(ref.IDs))
	n, many := 1, false
	for _, id := range ref.IDs {
		v, err := r.source(id.Source, params, out, &given)
		if err != nil {
			return nil, err
		}
		if list, ok := v.([]any); ok {
			n, many = len(list), true
		} else if v == nil && id.Source.Kind == fromResponse {
			n = 0
		}
		values[id.Target] = v
	}
	if len(given) > 0 {
		return nil, fmt.Errorf("aws: %s: too many identifiers for a %s", r, ref.Type)
	}
	var data any
	if ref.Path != "" {
		var err error
		src := any(out)
		if out == nil {
			r.mu.Lock()
			src = r.data
			r.mu.Unlock()
		}
		if data, err = search(ref.Path, src); err != nil {
			return nil, err
		}
	}
	all := make([]*Resource, 0, n)
	for i := range n {
		one := &Resource{client: r.client, defs: r.defs, def: def, typ: ref.Type, ids: make(map[string]any, len(values))}
		for k, v := range values {
			if list, ok := v.([]any); ok && i < len(list) {
				v = list[i]
			}
			one.ids[k] = v
		}
		if list, ok := data.([]any); ok && many && i < len(list) {
			one.data = list[i]
		} else if !many {
			one.data = data
		}
		all = append(all, one)
	}
	return all, nil
}

func search(path string, v any) (any, error) {
	if path == "" || path == "$" || path == "@" {
		return v, nil
	}
	found, err := jmespath.Search(path, v)
	if err != nil {
		return nil, fmt.Errorf("aws: a resource definition: %w", err)
	}
	return found, nil
}

// place stores v at a target such as "Bucket", "Filters[0].Name" or, of a
// batch, "Delete.Objects[].Key", whose [] is the item at index i.
func place(params map[string]any, target string, v any, i int) {
	name, rest, more := strings.Cut(target, ".")
	name, index, list := strings.Cut(name, "[")
	if !list {
		if !more {
			params[name] = v
			return
		}
		inner, _ := params[name].(map[string]any)
		if inner == nil {
			inner = make(map[string]any)
			params[name] = inner
		}
		place(inner, rest, v, i)
		return
	}
	at := i
	if index != "]" && index != "*]" {
		at = 0
		fmt.Sscanf(index, "%d]", &at)
	}
	items, _ := params[name].([]any)
	for len(items) <= at && at < 10000 {
		items = append(items, nil)
	}
	if !more {
		items[at] = v
		params[name] = items
		return
	}
	inner, _ := items[at].(map[string]any)
	if inner == nil {
		inner = make(map[string]any)
		items[at] = inner
	}
	params[name] = items
	place(inner, rest, v, i)
}
