package requests

import (
	"encoding"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
)

// queryOf encodes the exported fields of a struct, or of what a pointer to one
// points to, by their `url` tags.
func queryOf(v any) (url.Values, error) {
	rv := reflect.ValueOf(v)
	for rv.Kind() == reflect.Pointer && !rv.IsNil() {
		rv = rv.Elem()
	}
	if rv.Kind() != reflect.Struct {
		return nil, fmt.Errorf("want a struct, not %T", v)
	}
	values := make(url.Values)
	return values, addFields(values, rv)
}

func addFields(values url.Values, rv reflect.Value) error {
	t := rv.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("url"), ",")
		if name == "-" {
			continue
		}
		if !f.IsExported() && !f.Anonymous {
			continue
		}
		omitEmpty := false
		for o := range strings.SplitSeq(options, ",") {
			switch o {
			case "":
			case "omitempty":
				omitEmpty = true
			default:
				return fmt.Errorf("field %s: the url tag's option %q is not known", f.Name, o)
			}
		}
		fv := rv.Field(i)
		if f.Anonymous && name == "" {
			for fv.Kind() == reflect.Pointer && !fv.IsNil() {
				fv = fv.Elem()
			}
			if fv.Kind() == reflect.Struct {
				if err := addFields(values, fv); err != nil {
					return err
				}
				continue
			}
		}
		if !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if omitEmpty && fv.IsZero() {
			continue
		}
		if err := addValue(values, name, fv); err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	return nil
}

func addValue(values url.Values, name string, v reflect.Value) error {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil
		}
		if _, ok := textOf(v); ok {
			break
		}
		v = v.Elem()
	}
	if text, ok := textOf(v); ok {
		b, err := text.MarshalText()
		if err != nil {
			return err
		}
		values.Add(name, string(b))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		values.Add(name, v.String())
	case reflect.Bool:
		values.Add(name, strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		values.Add(name, strconv.FormatInt(v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		values.Add(name, strconv.FormatUint(v.Uint(), 10))
	case reflect.Float32:
		values.Add(name, strconv.FormatFloat(v.Float(), 'f', -1, 32))
	case reflect.Float64:
		values.Add(name, strconv.FormatFloat(v.Float(), 'f', -1, 64))
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 && v.Kind() == reflect.Slice {
			values.Add(name, string(v.Bytes()))
			return nil
		}
		for i := range v.Len() {
			if err := addValue(values, name, v.Index(i)); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("a %s has no form in a query", v.Type())
	}
	return nil
}

// textOf returns v as a marshaler of text, which its pointer may be: a
// time.Time is one.
func textOf(v reflect.Value) (encoding.TextMarshaler, bool) {
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		return m, true
	}
	if v.CanAddr() {
		m, ok := v.Addr().Interface().(encoding.TextMarshaler)
		return m, ok
	}
	return nil, false
}
