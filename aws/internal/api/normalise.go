package api

import (
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Normalise returns params in the form that is sent, with idempotency tokens
// filled in, and what is wrong with them. params is not changed. With check
// false only what cannot be sent at all is a problem.
func (m *Model) Normalise(op *Operation, params map[string]any, check bool) (map[string]any, []string) {
	n := normaliser{model: m, check: check}
	if op.Input == nil {
		for k := range params {
			n.problem("", "unknown parameter %q: the operation takes none", k)
		}
		return nil, n.problems
	}
	out, _ := n.value("", op.Input, params, true).(map[string]any)
	if out == nil {
		out = make(map[string]any)
	}
	shape := m.Shapes[op.Input.Shape]
	for name, ref := range shape.Members {
		if _, given := out[name]; ref.IdempotencyToken && !given {
			out[name] = newToken()
		}
	}
	if check {
		for _, r := range shape.Required {
			if _, ok := out[r]; !ok {
				n.problem("", "missing required parameter %q", r)
			}
		}
	}
	return out, n.problems
}

type normaliser struct {
	model    *Model
	check    bool
	problems []string
	depth    int
}

// maxDepth bounds how deep parameters nest: a value may hold itself.
const maxDepth = 100

func (n *normaliser) problem(at, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if at != "" {
		text = at + ": " + text
	}
	n.problems = append(n.problems, text)
}

func (n *normaliser) value(at string, ref *Ref, v any, top bool) any {
	shape := n.model.Shapes[ref.Shape]
	if shape == nil {
		return nil
	}
	if n.depth++; n.depth > maxDepth {
		n.problem(at, "nested too deeply")
		return nil
	}
	defer func() { n.depth-- }()
	streams := shape.Type == "blob" && (ref.Streaming || shape.Streaming)
	if r, ok := v.(io.Reader); ok && shape.Type == "blob" {
		if streams {
			return r
		}
		n.problem(at, "content that is not streamed cannot be a reader")
		return nil
	}
	v = plain(v)
	bad := func(want string) any {
		n.problem(at, "%s is wanted, not %T", want, v)
		return nil
	}
	switch shape.Type {
	case "structure":
		if shape.Document {
			return v
		}
		m, ok := v.(map[string]any)
		if !ok {
			return bad("a map")
		}
		return n.structure(at, shape, m, top)
	case "list":
		items, ok := v.([]any)
		if !ok {
			return bad("a list")
		}
		n.min(at, shape, float64(len(items)), "items")
		out := make([]any, len(items))
		for i, item := range items {
			out[i] = n.value(fmt.Sprintf("%s[%d]", at, i), shape.Member, item, false)
		}
		return out
	case "map":
		m, ok := v.(map[string]any)
		if !ok {
			return bad("a map")
		}
		out := make(map[string]any, len(m))
		for k, item := range m {
			out[k] = n.value(join(at, k), shape.Value, item, false)
		}
		return out
	case "boolean":
		if _, ok := v.(bool); !ok {
			return bad("a bool")
		}
	case "integer", "long":
		i, ok := toInt(v)
		if !ok || shape.Type == "integer" && (i > math.MaxInt32 || i < math.MinInt32) {
			return bad("an integer in its range")
		}
		n.min(at, shape, float64(i), "")
		return i
	case "float", "double":
		f, ok := toFloat(v)
		if !ok {
			return bad("a number")
		}
		n.min(at, shape, f, "")
		return f
	case "blob":
		b, ok := toBytes(v)
		if !ok {
			return bad("content")
		}
		n.min(at, shape, float64(len(b)), "bytes")
		return b
	case "timestamp":
		t, ok := toTime(v)
		if !ok {
			return bad("a time")
		}
		return t
	default:
		s, ok := v.(string)
		if !ok {
			return bad("a string")
		}
		n.min(at, shape, float64(utf8.RuneCountInString(s)), "characters")
		if ref.Location == "uri" && s == "" && n.check {
			n.problem(at, "must not be empty, as it is part of the path")
		}
	}
	return v
}

func (n *normaliser) min(at string, s *Shape, got float64, unit string) {
	if n.check && s.Min != nil && got < *s.Min {
		n.problem(at, "%s", strings.TrimSpace(fmt.Sprintf("at least %v %s needed, not %v", *s.Min, unit, got)))
	}
}

func (n *normaliser) structure(at string, shape *Shape, m map[string]any, top bool) map[string]any {
	out := make(map[string]any, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		ref := shape.Members[k]
		if ref == nil {
			n.problem(at, "unknown parameter %q, known are: %s", k, strings.Join(slices.Sorted(maps.Keys(shape.Members)), ", "))
			continue
		}
		if m[k] == nil {
			continue
		}
		if v := n.value(join(at, k), ref, m[k], false); v != nil {
			out[k] = v
		} else {
			out[k] = nil
		}
	}
	if n.check && !top {
		for _, r := range shape.Required {
			if _, ok := out[r]; !ok {
				n.problem(at, "missing required parameter %q", r)
			}
		}
	}
	return out
}

func join(at, k string) string {
	if at == "" {
		return k
	}
	return at + "." + k
}

var (
	timeType  = reflect.TypeFor[time.Time]()
	bytesType = reflect.TypeFor[[]byte]()
)

// plain returns v as one of the few types that the rest knows: map[string]any,
// []any, string, bool, int64, float64, []byte and time.Time.
func plain(v any) any {
	switch v.(type) {
	case nil, map[string]any, []any, string, bool, int64, float64, []byte, time.Time:
		return v
	}
	r := reflect.ValueOf(v)
	for r.Kind() == reflect.Pointer || r.Kind() == reflect.Interface {
		if r.IsNil() {
			return nil
		}
		r = r.Elem()
	}
	switch r.Kind() {
	case reflect.String:
		if _, number := v.(interface{ Int64() (int64, error) }); number {
			return v // a json.Number
		}
		return r.String()
	case reflect.Bool:
		return r.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return r.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if u := r.Uint(); u <= math.MaxInt64 {
			return int64(u)
		}
	case reflect.Float32, reflect.Float64:
		return r.Float()
	case reflect.Slice, reflect.Array:
		if r.Type().ConvertibleTo(bytesType) {
			return r.Convert(bytesType).Interface()
		}
		out := make([]any, r.Len())
		for i := range out {
			out[i] = r.Index(i).Interface()
		}
		return out
	case reflect.Map:
		if r.Type().Key().Kind() != reflect.String {
			break
		}
		out := make(map[string]any, r.Len())
		for it := r.MapRange(); it.Next(); {
			out[it.Key().String()] = it.Value().Interface()
		}
		return out
	case reflect.Struct:
		if r.Type().ConvertibleTo(timeType) {
			return r.Convert(timeType).Interface()
		}
		return Fields(r)
	}
	return v
}

// Fields returns the exported fields of a structure by their names, or by
// their aws tags: `aws:"Name"` renames, `aws:"-"` leaves out, and
// `aws:",omitempty"` leaves out a zero value. Nil pointers, maps, slices and
// interfaces are left out always.
func Fields(r reflect.Value) map[string]any {
	out := make(map[string]any, r.NumField())
	for i := range r.NumField() {
		f := r.Type().Field(i)
		name, omit := fieldName(f)
		if name == "" {
			continue
		}
		v := r.Field(i)
		switch v.Kind() {
		case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
			if v.IsNil() {
				continue
			}
		}
		if !omit || !v.IsZero() {
			out[name] = v.Interface()
		}
	}
	return out
}

func fieldName(f reflect.StructField) (name string, omit bool) {
	if !f.IsExported() {
		return "", false
	}
	name, opts, _ := strings.Cut(f.Tag.Get("aws"), ",")
	switch name {
	case "-":
		return "", false
	case "":
		name = f.Name
	}
	return name, opts == "omitempty"
}

// Assign stores v, a value of an output, in to. Fields are found as [Fields]
// names them; what a structure has no field for is left out.
func Assign(to reflect.Value, v any) error {
	if v == nil {
		return nil
	}
	src := reflect.ValueOf(v)
	if src.Type().AssignableTo(to.Type()) {
		to.Set(src)
		return nil
	}
	switch to.Kind() {
	case reflect.Pointer:
		if to.IsNil() {
			to.Set(reflect.New(to.Type().Elem()))
		}
		return Assign(to.Elem(), v)
	case reflect.Struct:
		m, ok := v.(map[string]any)
		if !ok {
			break
		}
		for i := range to.NumField() {
			name, _ := fieldName(to.Type().Field(i))
			if item, ok := m[name]; ok && name != "" {
				if err := Assign(to.Field(i), item); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
		}
		return nil
	case reflect.Slice:
		items, ok := v.([]any)
		if !ok {
			break
		}
		s := reflect.MakeSlice(to.Type(), len(items), len(items))
		for i := range items {
			if err := Assign(s.Index(i), items[i]); err != nil {
				return err
			}
		}
		to.Set(s)
		return nil
	case reflect.Map:
		m, ok := v.(map[string]any)
		if !ok || to.Type().Key().Kind() != reflect.String {
			break
		}
		out := reflect.MakeMapWithSize(to.Type(), len(m))
		for k, item := range m {
			e := reflect.New(to.Type().Elem()).Elem()
			if err := Assign(e, item); err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
			out.SetMapIndex(reflect.ValueOf(k).Convert(to.Type().Key()), e)
		}
		to.Set(out)
		return nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if i, ok := toInt(v); ok && !to.OverflowInt(i) {
			to.SetInt(i)
			return nil
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if i, ok := toInt(v); ok && i >= 0 && !to.OverflowUint(uint64(i)) {
			to.SetUint(uint64(i))
			return nil
		}
	case reflect.Float32, reflect.Float64:
		if f, ok := toFloat(v); ok {
			to.SetFloat(f)
			return nil
		}
	case reflect.String:
		if s, ok := v.(string); ok {
			to.SetString(s)
			return nil
		}
	}
	return fmt.Errorf("a %T does not fit a %s", v, to.Type())
}

// newToken returns a random UUID.
func newToken() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
