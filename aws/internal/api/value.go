package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/document"
	"github.com/aws/smithy-go/traits"
)

// input writes a value through a serializer, led by the schema. The value has
// been checked against the model.
type input struct {
	service *serviceSchemas
	schema  *smithy.Schema
	value   map[string]any
	stream  string
}

// Serialize implements [smithy.Serializable].
func (in *input) Serialize(s smithy.ShapeSerializer) {
	s.WriteStruct(in.schema)
	in.service.writeMembers(s, in.schema, in.schema.ID().Name, in.value, in.stream)
	s.CloseStruct()
}

// GetPayloadStream implements [smithy.StreamingInput].
func (in *input) GetPayloadStream() io.Reader {
	if in.stream == "" {
		return nil
	}
	switch v := in.value[in.stream].(type) {
	case io.Reader:
		return v
	case []byte:
		return bytes.NewReader(v)
	case string:
		return strings.NewReader(v)
	}
	return nil
}

func (s *serviceSchemas) writeMembers(w smithy.ShapeSerializer, schema *smithy.Schema, shape string, value map[string]any, except string) {
	members := schema.Members()
	for _, wire := range slices.Sorted(maps.Keys(members)) {
		name := wire
		if n := s.names[shape][wire]; n != "" {
			name = n
		}
		if v, ok := value[name]; ok && v != nil && (except == "" || name != except) {
			s.write(w, members[wire], v)
		}
	}
}

func (s *serviceSchemas) write(w smithy.ShapeSerializer, schema *smithy.Schema, v any) {
	if v == nil {
		w.WriteNil(schema)
		return
	}
	switch schema.Type() {
	case smithy.ShapeTypeStructure:
		m, _ := v.(map[string]any)
		w.WriteStruct(schema)
		s.writeMembers(w, schema, schema.TargetID().Name, m, "")
		w.CloseStruct()
	case smithy.ShapeTypeList:
		items, _ := v.([]any)
		if _, field := smithy.SchemaTrait[*traits.HTTPHeader](schema); field && len(items) == 0 {
			return // an empty field would be sent
		}
		w.WriteList(schema)
		for _, item := range items {
			s.write(w, schema.ListMember(), item)
		}
		w.CloseList()
	case smithy.ShapeTypeMap:
		m, _ := v.(map[string]any)
		w.WriteMap(schema)
		for _, k := range slices.Sorted(maps.Keys(m)) {
			w.WriteKey(schema.MapKey(), k)
			s.write(w, schema.MapValue(), m[k])
		}
		w.CloseMap()
	case smithy.ShapeTypeBoolean:
		b, _ := v.(bool)
		w.WriteBool(schema, b)
	case smithy.ShapeTypeInteger:
		n, _ := toInt(v)
		w.WriteInt32(schema, int32(n))
	case smithy.ShapeTypeLong:
		n, _ := toInt(v)
		w.WriteInt64(schema, n)
	case smithy.ShapeTypeFloat, smithy.ShapeTypeDouble:
		f, _ := toFloat(v) // a float32 would be written with digits that nobody gave
		w.WriteFloat64(schema, f)
	case smithy.ShapeTypeBlob:
		b, _ := toBytes(v)
		w.WriteBlob(schema, b)
	case smithy.ShapeTypeTimestamp:
		t, _ := toTime(v)
		w.WriteTime(schema, t)
	case smithy.ShapeTypeDocument:
		w.WriteDocument(schema, toDocument(v))
	default:
		str, _ := v.(string)
		w.WriteString(schema, str)
	}
}

func toInt(v any) (int64, bool) {
	switch n := v.(type) {
	case int64:
		return n, true
	case float64:
		if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int64(n), true
		}
	case json.Number:
		i, err := n.Int64()
		return i, err == nil
	}
	return 0, false
}

func toFloat(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}

func toBytes(v any) ([]byte, bool) {
	switch b := v.(type) {
	case []byte:
		return b, true
	case string:
		return []byte(b), true
	}
	return nil, false
}

// toTime takes a time, a number of seconds, or text in RFC 3339.
func toTime(v any) (time.Time, bool) {
	switch t := v.(type) {
	case time.Time:
		return t, true
	case string:
		parsed, err := time.Parse(time.RFC3339Nano, t)
		return parsed, err == nil
	}
	if f, ok := toFloat(v); ok && math.Abs(f) < 1e12 {
		return fromSeconds(f)
	}
	return time.Time{}, false
}

// jsonDocument is a document as it goes into JSON: smithy's codec cannot write
// one with a list in it.
type jsonDocument []byte

// MarshalSmithyDocument implements [document.Marshaler].
func (d jsonDocument) MarshalSmithyDocument() ([]byte, error) { return d, nil }

func toDocument(v any) document.Value {
	b, err := json.Marshal(v)
	if err != nil { // what was checked has none
		return document.Null{}
	}
	return document.Opaque{Value: jsonDocument(b)}
}

// fromDocument returns what a codec has read of a document.
func fromDocument(v document.Value) any {
	switch x := v.(type) {
	case document.Opaque:
		return fromJSON(x.Value)
	case *document.Opaque:
		return fromJSON(x.Value)
	case document.Boolean:
		return bool(x)
	case document.String:
		return string(x)
	case document.Number:
		return fromJSON(json.Number(x))
	case document.List:
		l := make([]any, len(x))
		for i := range x {
			l[i] = fromDocument(x[i])
		}
		return l
	case document.Map:
		m := make(map[string]any, len(x))
		for k := range x {
			m[k] = fromDocument(x[k])
		}
		return m
	}
	return nil
}

// fromJSON returns v with numbers as outputs have them.
func fromJSON(v any) any {
	switch x := v.(type) {
	case json.Number:
		if i, err := x.Int64(); err == nil {
			return i
		}
		f, _ := x.Float64()
		return f
	case float64:
		if i, ok := toInt(x); ok {
			return i
		}
		return x
	case []any:
		for i := range x {
			x[i] = fromJSON(x[i])
		}
		return x
	case map[string]any:
		for k := range x {
			x[k] = fromJSON(x[k])
		}
		return x
	}
	return v
}

// output reads a value led by the schema.
type output struct {
	service *serviceSchemas
	schema  *smithy.Schema
	value   map[string]any
}

// Deserialize implements [smithy.Deserializable].
func (o *output) Deserialize(d smithy.ShapeDeserializer) error {
	return o.service.readMembers(d, o.schema, o.schema.ID().Name, o.value)
}

// streamed is an output whose content is handed on as it arrives. It is a type
// of its own: the protocols would otherwise take every output for one.
type streamed struct {
	output
	body io.ReadCloser
}

// SetPayloadStream implements [smithy.StreamingOutput].
func (o *streamed) SetPayloadStream(body io.ReadCloser) { o.body = body }

func (s *serviceSchemas) readMembers(d smithy.ShapeDeserializer, schema *smithy.Schema, shape string, into map[string]any) error {
	return smithy.ReadStruct(d, schema, func(m *smithy.Schema) error {
		name := m.MemberName()
		if n := s.names[shape][name]; n != "" {
			name = n
		}
		v, err := s.read(d, m)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if sh := s.model.Shapes[shape]; sh != nil {
			v = fromJSONValue(sh.Members[name], v)
		}
		into[name] = v
		return nil
	})
}

func (s *serviceSchemas) read(d smithy.ShapeDeserializer, schema *smithy.Schema) (any, error) {
	switch schema.Type() {
	case smithy.ShapeTypeStructure:
		m := make(map[string]any)
		return m, s.readMembers(d, schema, schema.TargetID().Name, m)
	case smithy.ShapeTypeList:
		items := []any{}
		err := smithy.ReadList(d, schema, func() error {
			if isNil, err := d.ReadNil(schema.ListMember()); isNil || err != nil {
				items = append(items, nil)
				return err
			}
			v, err := s.read(d, schema.ListMember())
			if list := s.model.Shapes[schema.TargetID().Name]; list != nil {
				v = fromJSONValue(list.Member, v)
			}
			items = append(items, v)
			return err
		})
		return items, err
	case smithy.ShapeTypeMap:
		m := make(map[string]any)
		err := smithy.ReadMap(d, schema, func(key string) error {
			if isNil, err := d.ReadNil(schema.MapValue()); isNil || err != nil {
				m[key] = nil
				return err
			}
			v, err := s.read(d, schema.MapValue())
			m[key] = v
			return err
		})
		return m, err
	case smithy.ShapeTypeBoolean:
		var v bool
		err := d.ReadBool(schema, &v)
		return v, err
	case smithy.ShapeTypeInteger:
		if _, status := smithy.SchemaTrait[*traits.HTTPResponseCode](schema); status {
			var v int32
			err := d.ReadInt32(schema, &v)
			return int64(v), err
		}
		var v float64 // services send more than the 32 bits that their models have
		err := d.ReadFloat64(schema, &v)
		if n, ok := toInt(v); ok {
			return n, err
		}
		return v, err
	case smithy.ShapeTypeLong:
		if s.inJSON(schema) {
			v, err := readJSON(d, schema)
			if n, ok := toInt(v); ok {
				return n, err
			}
			if _, ok := v.(float64); !ok && err == nil {
				err = fmt.Errorf("no number: %.64v", v)
			}
			return v, err
		}
		var v int64
		err := d.ReadInt64(schema, &v)
		return v, err
	case smithy.ShapeTypeFloat, smithy.ShapeTypeDouble: // a float32 would have digits that nobody sent
		var v float64
		err := d.ReadFloat64(schema, &v)
		return v, err
	case smithy.ShapeTypeBlob:
		var v []byte
		err := d.ReadBlob(schema, &v)
		return bytes.Clone(v), err
	case smithy.ShapeTypeTimestamp:
		return s.readTime(d, schema)
	case smithy.ShapeTypeDocument:
		return readJSON(d, schema)
	}
	var v string
	err := d.ReadString(schema, &v)
	return strings.Clone(v), err // of a buffer that is used again
}

// inJSON reports whether what has the schema comes in JSON.
func (s *serviceSchemas) inJSON(schema *smithy.Schema) bool {
	_, field := smithy.SchemaTrait[*traits.HTTPHeader](schema)
	return !field && (s.protocol == "json" || s.protocol == "rest-json")
}

// readJSON reads whatever is there.
func readJSON(d smithy.ShapeDeserializer, schema *smithy.Schema) (any, error) {
	var v document.Value
	err := d.ReadDocument(schema, &v)
	return fromDocument(v), err
}

// readTime reads a time in whatever form it comes, as services do not keep to
// those of their models. The codecs do, and take a time too far from 1970 for
// another.
func (s *serviceSchemas) readTime(d smithy.ShapeDeserializer, schema *smithy.Schema) (any, error) {
	var v any
	var err error
	if s.inJSON(schema) {
		v, err = readJSON(d, schema)
	} else {
		var text string
		err = d.ReadString(schema, &text)
		v = text
	}
	if err != nil {
		return nil, err
	}
	if text, ok := v.(string); ok {
		if t, ok := parseTime(text); ok {
			return t, nil
		}
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			v = f
		}
	}
	if f, ok := toFloat(v); ok {
		if t, ok := fromSeconds(f); ok {
			return t, nil
		}
	}
	return nil, fmt.Errorf("no time: %.64v", v)
}

// parseTime takes what the three formats of the models allow for, and their
// neighbours.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range [...]string{
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700", time.DateTime, time.DateOnly,
		"Mon, _2 Jan 2006 15:04:05 GMT", "Mon, _2 Jan 2006 15:04:05 UTC", "Mon, _2 Jan 2006 15:04:05 -0700",
		"Mon, _2 Jan 06 15:04:05 GMT", time.RFC850, time.ANSIC,
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// fromSeconds returns a time by the seconds since 1970. A float has their
// millionths of any time there is likely to be, and of these alone.
func fromSeconds(f float64) (time.Time, bool) {
	whole, frac := math.Modf(f)
	return time.Unix(int64(whole), int64(math.Round(frac*1e6))*1e3).UTC(), math.Abs(f) < 1e15
}

// modeled is an error that the model describes.
type modeled struct {
	service *serviceSchemas
	schema  *smithy.Schema
	code    string // what the service calls it
	fields  map[string]any
}

// Error implements error; what callers see is made of the fields.
func (e *modeled) Error() string { return e.code }

// Deserialize implements [smithy.Deserializable].
func (e *modeled) Deserialize(d smithy.ShapeDeserializer) error {
	e.fields = make(map[string]any)
	return e.service.readMembers(d, e.schema, e.schema.ID().Name, e.fields)
}
