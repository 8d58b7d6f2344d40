package api

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
	"github.com/aws/smithy-go/transport/http/protocol/ec2query"
	"github.com/aws/smithy-go/transport/http/protocol/restjson1"
	"github.com/aws/smithy-go/transport/http/protocol/restxml"
)

// namespace is that of all shape ids made here; nothing of it is sent.
const namespace = "model"

// serviceSchemas are the schemas of a model, made once.
type serviceSchemas struct {
	model    *Model
	protocol string
	client   smithyhttp.ClientProtocol
	byShape  map[string]*smithy.Schema
	names    map[string]map[string]string // shape → wire name → member, where they differ
	err      error
}

// protocols that can be spoken, the preferred ones first.
var spoken = []string{"rest-json", "rest-xml", "json", "query", "ec2"}

func (m *Model) schemas() *serviceSchemas {
	m.once.Do(func() { m.service = newSchemas(m) })
	return m.service
}

func newSchemas(m *Model) *serviceSchemas {
	s := &serviceSchemas{model: m, byShape: make(map[string]*smithy.Schema, len(m.Shapes)), names: make(map[string]map[string]string)}
	s.protocol = m.Metadata.Protocol
	if !slices.Contains(spoken, s.protocol) {
		for _, p := range m.Metadata.Protocols {
			if slices.Contains(spoken, p) {
				s.protocol = p
				break
			}
		}
	}
	var ts []smithy.Trait
	if ns := m.Metadata.XMLNamespace; ns != "" {
		ts = append(ts, &traits.XMLNamespace{URI: ns})
	}
	if m.Metadata.AWSQueryCompatible != nil {
		ts = append(ts, &traits.AWSQueryCompatible{})
	}
	name := m.Metadata.TargetPrefix
	if name == "" {
		name = m.Metadata.ServiceID
	}
	schema := smithy.NewServiceSchema(smithy.NewSchema(smithy.ShapeID{Namespace: namespace, Name: name}, smithy.ShapeTypeService, 0, ts...), m.Metadata.APIVersion)
	switch s.protocol {
	case "json":
		if m.Metadata.JSONVersion == "1.0" {
			s.client = awsjson.New10(schema)
		} else {
			s.client = awsjson.New11(schema)
		}
	case "rest-json":
		s.client = restjson1.New(schema)
	case "rest-xml":
		s.client = restxml.New(schema)
	case "query":
		s.client = awsquery.New(schema)
	case "ec2":
		s.client = ec2query.New(schema)
	default:
		s.err = fmt.Errorf("the protocol %q is not spoken", m.Metadata.Protocol)
		return s
	}
	// In two rounds, as shapes may hold themselves: members of a schema are
	// shared by reference with all that refer to it.
	for n, shape := range m.Shapes {
		s.byShape[n] = s.bare(n, shape)
	}
	// Lists and maps come first: what a structure's member takes over of them
	// are their traits, set already, and their members, by reference.
	for n, shape := range m.Shapes {
		s.fill(n, shape)
	}
	return s
}

// timestampFormats are smithy's names for the models' formats.
var timestampFormats = map[string]string{"iso8601": "date-time", "unixTimestamp": "epoch-seconds", "rfc822": "http-date"}

func shapeType(s *Shape) smithy.ShapeType {
	switch s.Type {
	case "structure":
		if s.Document {
			return smithy.ShapeTypeDocument
		}
		return smithy.ShapeTypeStructure
	case "list":
		return smithy.ShapeTypeList
	case "map":
		return smithy.ShapeTypeMap
	case "boolean":
		return smithy.ShapeTypeBoolean
	case "integer":
		return smithy.ShapeTypeInteger
	case "long":
		return smithy.ShapeTypeLong
	case "float":
		return smithy.ShapeTypeFloat
	case "double":
		return smithy.ShapeTypeDouble
	case "blob":
		return smithy.ShapeTypeBlob
	case "timestamp":
		return smithy.ShapeTypeTimestamp
	}
	return smithy.ShapeTypeString
}

func (s *serviceSchemas) bare(name string, shape *Shape) *smithy.Schema {
	var ts []smithy.Trait
	if shape.Flattened {
		ts = append(ts, &traits.XMLFlattened{})
	}
	if f := timestampFormats[shape.TimestampFormat]; f != "" {
		ts = append(ts, &traits.TimestampFormat{Format: f})
	}
	if shape.Streaming {
		ts = append(ts, &traits.Streaming{})
	}
	if shape.Error.Code != "" {
		ts = append(ts, &traits.AWSQueryError{ErrorCode: shape.Error.Code, StatusCode: shape.Error.HTTPStatusCode})
	}
	return smithy.NewSchema(smithy.ShapeID{Namespace: namespace, Name: name}, shapeType(shape), len(shape.Members), ts...)
}

func (s *serviceSchemas) fill(name string, shape *Shape) {
	schema := s.byShape[name]
	switch shape.Type {
	case "list":
		s.addMember(schema, "member", shape.Member, nil)
	case "map":
		s.addMember(schema, "key", shape.Key, nil)
		s.addMember(schema, "value", shape.Value, nil)
	case "structure":
		s.fillStructure(schema, shape)
	}
}

func (s *serviceSchemas) fillStructure(schema *smithy.Schema, shape *Shape) {
	for member, ref := range shape.Members {
		wire := member
		if s.protocol == "json" && ref.LocationName != "" && ref.LocationName != member {
			wire = ref.LocationName
			names := s.names[schema.ID().Name]
			if names == nil {
				names = make(map[string]string)
				s.names[schema.ID().Name] = names
			}
			names[wire] = member
		}
		s.addMember(schema, wire, ref, func(ts []smithy.Trait) []smithy.Trait {
			if shape.Payload == member {
				ts = append(ts, &traits.HTTPPayload{})
				if n := s.model.Shapes[ref.Shape].LocationName; n != "" && ref.LocationName == "" && s.protocol == "rest-xml" {
					ts = append(ts, &traits.XMLName{Name: n})
				}
				if ref.Streaming {
					ts = append(ts, &traits.Streaming{})
				}
			}
			return ts
		})
	}
}

// addMember adds what ref refers to, with the traits of the use.
func (s *serviceSchemas) addMember(schema *smithy.Schema, name string, ref *Ref, more func([]smithy.Trait) []smithy.Trait) {
	if ref == nil || s.byShape[ref.Shape] == nil {
		return
	}
	ts := s.refTraits(name, ref)
	if more != nil {
		ts = more(ts)
	}
	schema.AddMember(name, s.byShape[ref.Shape], ts...)
}

func (s *serviceSchemas) refTraits(name string, ref *Ref) []smithy.Trait {
	var ts []smithy.Trait
	target := s.model.Shapes[ref.Shape]
	if f := timestampFormats[ref.TimestampFormat]; f != "" {
		ts = append(ts, &traits.TimestampFormat{Format: f})
	}
	if ns := cmp.Or(ref.XMLNamespace, target.XMLNamespace); ns != nil {
		ts = append(ts, &traits.XMLNamespace{URI: ns.URI, Prefix: ns.Prefix})
	}
	if ref.XMLAttribute {
		ts = append(ts, &traits.XMLAttribute{})
	}
	if ref.Flattened {
		ts = append(ts, &traits.XMLFlattened{})
	}
	wire := ref.LocationName
	if wire == "" && ref.Location == "" {
		wire = target.LocationName // a shape may say what all its uses are called
	}
	if wire == "" && ref.Location != "" && ref.Location != "headers" {
		wire = name
	}
	switch ref.Location {
	case "header":
		return append(ts, &traits.HTTPHeader{Name: wire})
	case "headers":
		return append(ts, &traits.HTTPPrefixHeaders{Prefix: wire})
	case "uri":
		return append(ts, &traits.HTTPLabel{})
	case "querystring":
		if target.Type == "map" {
			return append(ts, &traits.HTTPQueryParams{})
		}
		return append(ts, &traits.HTTPQuery{Name: wire})
	case "statusCode":
		return append(ts, &traits.HTTPResponseCode{})
	}
	switch s.protocol {
	case "rest-json":
		if wire != "" {
			ts = append(ts, &traits.JSONName{Name: wire})
		}
	case "query", "rest-xml", "ec2":
		if target.Type == "list" && (target.Flattened || ref.Flattened) && target.Member != nil && target.Member.LocationName != "" {
			wire = target.Member.LocationName // a flattened list is called as its members are
		}
		if wire != "" {
			ts = append(ts, &traits.XMLName{Name: wire})
		}
		if s.protocol == "ec2" && ref.QueryName != "" {
			ts = append(ts, &traits.EC2QueryName{Name: ref.QueryName})
		}
	}
	return ts
}

// operation is an operation ready to be called.
type operation struct {
	schema    *smithy.OperationSchema
	registry  *smithy.TypeRegistry
	streamIn  string // the member whose content is the request's, as a stream
	streamOut string
}

func (s *serviceSchemas) operation(op *Operation) (*operation, error) {
	o := &operation{registry: &smithy.TypeRegistry{Entries: make(map[string]*smithy.TypeRegistryEntry, len(op.Errors))}}
	uri := op.HTTP.RequestURI
	var input, output *smithy.Schema
	if op.Input != nil {
		input, uri = s.input(op, uri)
		o.streamIn = s.stream(op.Input.Shape)
	}
	if op.Output != nil {
		output = s.byShape[op.Output.Shape]
		o.streamOut = s.stream(op.Output.Shape)
	}
	own := smithy.NewSchema(smithy.ShapeID{Namespace: namespace, Name: op.Name}, smithy.ShapeTypeOperation, 0,
		&traits.HTTP{Method: op.HTTP.Method, URI: uri, Code: op.HTTP.ResponseCode})
	o.schema = smithy.NewOperationSchema(own, input, output)
	for _, e := range op.Errors {
		schema := s.byShape[e.Shape]
		if schema == nil {
			continue
		}
		// What is sent is the shape's name or its code, and callers get what was sent.
		entry := func(code string) *smithy.TypeRegistryEntry {
			return &smithy.TypeRegistryEntry{Schema: schema, New: func() any { return &modeled{service: s, schema: schema, code: code} }}
		}
		o.registry.Entries[namespace+"#"+e.Shape] = entry(e.Shape)
		if code := s.model.Shapes[e.Shape].Error.Code; code != "" {
			o.registry.Entries[code] = entry(code)
		}
	}
	return o, nil
}

// input returns the schema of an operation's input, whose root element may be
// called otherwise than the shape, and the URI with its labels named as the
// members are.
func (s *serviceSchemas) input(op *Operation, uri string) (*smithy.Schema, string) {
	shape := s.model.Shapes[op.Input.Shape]
	for member, ref := range shape.Members {
		if ref.Location == "uri" && ref.LocationName != member {
			uri = strings.NewReplacer("{"+ref.LocationName+"}", "{"+member+"}", "{"+ref.LocationName+"+}", "{"+member+"+}").Replace(uri)
		}
	}
	if s.protocol != "rest-xml" || op.Input.LocationName == "" && op.Input.XMLNamespace == nil {
		return s.byShape[op.Input.Shape], uri
	}
	var ts []smithy.Trait
	if op.Input.LocationName != "" {
		ts = append(ts, &traits.XMLName{Name: op.Input.LocationName})
	}
	if ns := op.Input.XMLNamespace; ns != nil {
		ts = append(ts, &traits.XMLNamespace{URI: ns.URI, Prefix: ns.Prefix})
	}
	schema := smithy.NewSchema(smithy.ShapeID{Namespace: namespace, Name: op.Input.Shape}, smithy.ShapeTypeStructure, len(shape.Members), ts...)
	s.fillStructure(schema, shape)
	return schema, uri
}

// stream returns the member of a structure that is the content itself, as a
// stream, or "".
func (s *serviceSchemas) stream(shape string) string {
	sh := s.model.Shapes[shape]
	if sh == nil || sh.Payload == "" {
		return ""
	}
	ref := sh.Members[sh.Payload]
	if ref == nil {
		return ""
	}
	if t := s.model.Shapes[ref.Shape]; t != nil && t.Type == "blob" && (ref.Streaming || t.Streaming) {
		return sh.Payload
	}
	return ""
}

// HasEvents reports whether what an operation sends or receives is a stream of
// events, which is not spoken here.
func (m *Model) HasEvents(op *Operation) bool {
	for _, ref := range [...]*Ref{op.Input, op.Output} {
		if ref == nil || m.Shapes[ref.Shape] == nil {
			continue
		}
		for _, member := range m.Shapes[ref.Shape].Members {
			if t := m.Shapes[member.Shape]; t != nil && t.EventStream {
				return true
			}
		}
	}
	return false
}
