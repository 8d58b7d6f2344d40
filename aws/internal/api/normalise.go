package api

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
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
			out[name] = NewToken()
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
	if ref.JSONValue {
		return n.jsonValue(at, ref, v)
	}
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
			return n.document(at, v)
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

// document returns v, which the model says nothing about, with all it holds in
// the form of plain.
func (n *normaliser) document(at string, v any) any {
	if n.depth++; n.depth > maxDepth {
		n.problem(at, "nested too deeply")
		return nil
	}
	defer func() { n.depth-- }()
	switch v := plain(v).(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, item := range v {
			out[k] = n.document(join(at, k), item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = n.document(fmt.Sprintf("%s[%d]", at, i), item)
		}
		return out
	default:
		if _, err := json.Marshal(v); err != nil {
			n.problem(at, "a value that JSON has is wanted, not %T", v)
			return nil
		}
		return v
	}
}

// jsonValue returns v as the JSON text that a member holds instead of a value
// of the model. In a field of the header it is in base64; elsewhere text is
// taken for JSON already, as boto3 takes it.
func (n *normaliser) jsonValue(at string, ref *Ref, v any) any {
	if text, ok := v.(string); ok && ref.Location != "header" {
		return text
	}
	b, err := json.Marshal(v)
	if err != nil {
		n.problem(at, "a value that JSON has is wanted, not %T", v)
		return nil
	}
	if ref.Location == "header" {
		return base64.StdEncoding.EncodeToString(b)
	}
	return string(b)
}

// fromJSONValue undoes jsonValue. Text that is no JSON stays text.
func fromJSONValue(ref *Ref, v any) any {
	text, ok := v.(string)
	if !ok || ref == nil || !ref.JSONValue {
		return v
	}
	b := []byte(text)
	if ref.Location == "header" {
		if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
			b = plain
		}
	}
	if value, ok := DecodeJSON(string(b)); ok {
		return value
	}
	return v
}

// DecodeJSON returns the value of a JSON text as outputs have it. It is not ok
// for other texts.
func DecodeJSON(text string) (v any, ok bool) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if d.Decode(&v) != nil || d.More() {
		return nil, false
	}
	return fromJSON(v), true
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
	if n.check && shape.Union && len(out) != 1 {
		n.problem(at, "one member of the union is wanted, not %d", len(out))
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

// NewToken returns a random UUID.
func NewToken() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
