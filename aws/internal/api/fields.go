package api

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
)

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

// encodeJSON returns v as JSON, without the escapes that HTML needs.
func encodeJSON(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
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
		switch v := v.(type) {
		case string:
			to.SetString(v)
			return nil
		case map[string]any, []any: // what was JSON in text is that again
			text, err := encodeJSON(v)
			to.SetString(text)
			return err
		}
	}
	return fmt.Errorf("a %T does not fit a %s", v, to.Type())
}
