package jmespath

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

var functions = map[string]struct {
	n    int
	call func([]any) any
}{
	"length": {1, func(a []any) any {
		switch v := a[0].(type) {
		case string:
			return float64(len([]rune(v)))
		case map[string]any:
			return float64(len(v))
		}
		return float64(len(list(a[0])))
	}},
	"contains": {2, func(a []any) any {
		if s, ok := a[0].(string); ok {
			sub, ok := a[1].(string)
			return ok && strings.Contains(s, sub)
		}
		return slices.ContainsFunc(list(a[0]), func(e any) bool { return equal(e, a[1]) })
	}},
	"starts_with": {2, func(a []any) any {
		s, _ := a[0].(string)
		prefix, ok := a[1].(string)
		return ok && strings.HasPrefix(s, prefix)
	}},
	"keys": {1, func(a []any) any {
		m, _ := a[0].(map[string]any)
		out := []any{}
		for _, k := range slices.Sorted(maps.Keys(m)) {
			out = append(out, k)
		}
		return out
	}},
	"values": {1, func(a []any) any { return objectValues(a[0]) }},
	"to_string": {1, func(a []any) any {
		if s, ok := a[0].(string); ok {
			return s
		}
		b, err := json.Marshal(a[0])
		if err != nil {
			return nil
		}
		return string(b)
	}},
	"not_null": {2, func(a []any) any {
		if a[0] != nil {
			return a[0]
		}
		return a[1]
	}},
}

func field(name string) node {
	return func(v any) any {
		m, _ := v.(map[string]any)
		return m[name]
	}
}

func pipe(l, r node) node { return func(v any) any { return r(l(v)) } }

func isList(v any) bool { _, ok := v.([]any); return ok }

func list(v any) []any { l, _ := v.([]any); return l }

func flatten(v any) []any {
	var out []any
	for _, e := range list(v) {
		if l, ok := e.([]any); ok {
			out = append(out, l...)
		} else {
			out = append(out, e)
		}
	}
	return out
}

func objectValues(v any) []any {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	out := []any{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

// truth is false for nil, false and what is empty.
func truth(v any) bool {
	switch x := v.(type) {
	case nil:
		return false
	case bool:
		return x
	case string:
		return x != ""
	case []any:
		return len(x) > 0
	case map[string]any:
		return len(x) > 0
	}
	return true
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	}
	return 0, false
}

func equal(a, b any) bool {
	x, xok := number(a)
	y, yok := number(b)
	if xok && yok {
		return x == y
	}
	return reflect.DeepEqual(a, b)
}

func compare(op string, a, b any) any {
	switch op {
	case "==":
		return equal(a, b)
	case "!=":
		return !equal(a, b)
	}
	x, xok := number(a)
	y, yok := number(b)
	if !xok || !yok {
		return nil
	}
	switch op {
	case "<":
		return x < y
	case "<=":
		return x <= y
	case ">":
		return x > y
	}
	return x >= y
}
