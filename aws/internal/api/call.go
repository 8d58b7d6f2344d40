package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Call is one call of an operation, encoded and decoded by the service's
// protocol.
type Call struct {
	Model     *Model
	Operation *Operation
	// RequestID is what the answer calls the request where that is in no field of its header.
	RequestID string
	op        *operation
	input     *input
}

// NewCall returns a call with params, which must have been through [Model.Normalise].
func (m *Model) NewCall(op *Operation, params map[string]any) (*Call, error) {
	s := m.schemas()
	if s.err != nil {
		return nil, s.err
	}
	o, err := s.operation(op)
	if err != nil {
		return nil, err
	}
	c := &Call{Model: m, Operation: op, op: o}
	if o.schema.Input != nil {
		c.input = &input{service: s, schema: o.schema.Input, value: params, stream: o.streamIn}
	}
	return c, nil
}

// Streams reports whether the content of the request is a member by itself,
// and of the response.
func (c *Call) Streams() (in, out bool) { return c.op.streamIn != "", c.op.streamOut != "" }

// Request encodes the call for the service at endpoint. The body is there,
// with GetBody when it can be read again.
func (c *Call) Request(ctx context.Context, endpoint *url.URL) (*http.Request, error) {
	s := c.Model.schemas()
	req := smithyhttp.NewStackRequest().(*smithyhttp.Request)
	req.URL.Scheme, req.URL.Host, req.Host = endpoint.Scheme, endpoint.Host, endpoint.Host
	var in smithy.Serializable = noInput{}
	if c.input != nil {
		in = c.input
	}
	if err := s.client.SerializeRequest(ctx, c.op.schema, in, req); err != nil {
		return nil, fmt.Errorf("encoding %s: %w", c.Operation.Name, err)
	}
	out := req.Request.Clone(ctx)
	if p := strings.TrimSuffix(endpoint.EscapedPath(), "/"); p != "" {
		path, err := url.PathUnescape(p)
		if err != nil {
			return nil, err
		}
		out.URL.RawPath = p + out.URL.EscapedPath()
		out.URL.Path = path + out.URL.Path
	}
	if endpoint.RawQuery != "" {
		out.URL.RawQuery = strings.Trim(endpoint.RawQuery+"&"+out.URL.RawQuery, "&")
	}
	out.URL.RawQuery = strings.ReplaceAll(out.URL.RawQuery, "+", "%20") // blanks, which not every service reads in this form
	out.Host = ""
	body := req.GetStream()
	if s.protocol == "rest-xml" && c.emptyPayload() {
		// The codec stands in an object for content that is not given.
		body = nil
		if c.Given("Content-Type") == nil { // else it is that of what is to be stored
			out.Header.Del("Content-Type")
		}
	}
	return out, setBody(out, body)
}

// emptyPayload reports whether nothing was given that is content.
func (c *Call) emptyPayload() bool {
	if c.input == nil {
		return false
	}
	shape := c.Model.Shapes[c.Operation.Input.Shape]
	if shape.Payload != "" {
		return c.input.value[shape.Payload] == nil
	}
	for name := range c.input.value {
		if ref := shape.Members[name]; ref != nil && ref.Location == "" {
			return false
		}
	}
	return true
}

// Given returns the parameter that is a field of the header, nil for none.
func (c *Call) Given(field string) any {
	if c.input == nil {
		return nil
	}
	for name, v := range c.input.value {
		if ref := c.Model.Shapes[c.Operation.Input.Shape].Members[name]; ref != nil && ref.Location == "header" && strings.EqualFold(ref.LocationName, field) {
			return v
		}
	}
	return nil
}

type noInput struct{}

func (noInput) Serialize(smithy.ShapeSerializer) {}

// setBody gives r its content, to be read again where that is possible.
func setBody(r *http.Request, body io.Reader) error {
	declared := r.ContentLength // the codec has it from the parameter, and -1 without
	r.Body, r.GetBody, r.ContentLength = http.NoBody, nil, 0
	switch b := body.(type) {
	case nil:
		return nil
	case interface {
		io.ReaderAt
		io.Seeker
	}:
		at, err := b.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		end, err := b.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		if _, err := b.Seek(at, io.SeekStart); err != nil {
			return err
		}
		if end <= at {
			r.GetBody = func() (io.ReadCloser, error) { return http.NoBody, nil }
			return nil
		}
		r.ContentLength = end - at
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(b, at, end-at)), nil }
		r.Body, err = r.GetBody()
		return err
	default:
		if declared == 0 {
			r.GetBody = func() (io.ReadCloser, error) { return http.NoBody, nil }
			return nil
		}
		r.Body, r.ContentLength = io.NopCloser(body), declared // -1 where it is not known
		return nil
	}
}

// ErrTooLarge is matched by the error for content longer than the limit.
var ErrTooLarge = errors.New("the response is larger than the limit")

// ReadError is the error for content that breaks off.
type ReadError struct{ Err error }

func (e *ReadError) Error() string { return "reading the answer: " + e.Err.Error() }
func (e *ReadError) Unwrap() error { return e.Err }

// ConnectionError tells the SDK's retryer that it is worth another try.
func (e *ReadError) ConnectionError() bool { return true }

// Fault is an error that the service answered with.
type Fault struct {
	Code, Message, RequestID string
	Fields                   map[string]any
	Server                   bool
}

func (f *Fault) Error() string { return f.Code + ": " + f.Message }

// Response decodes resp, at most limit bytes of it unless the content is
// handed on as a stream, in which case the caller closes the body. In all other cases
// the body is closed.
func (c *Call) Response(ctx context.Context, resp *http.Response, limit int64) (out map[string]any, stream bool, err error) {
	ok := resp.StatusCode >= 200 && resp.StatusCode < 300
	s := c.Model.schemas()
	r := &smithyhttp.Response{Response: resp}
	if ok && c.op.streamOut != "" {
		o := &streamed{output: output{service: s, schema: c.op.schema.Output, value: make(map[string]any)}}
		if err := s.client.DeserializeResponse(ctx, c.op.schema, c.op.registry, r, o); err != nil {
			resp.Body.Close()
			return nil, false, err
		}
		o.value[c.op.streamOut] = resp.Body
		c.addAbsent(o.value)
		return o.value, true, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	resp.Body.Close()
	if err != nil {
		return nil, false, &ReadError{err}
	}
	if int64(len(body)) > limit {
		return nil, false, ErrTooLarge
	}
	if ok && c.Model.Metadata.ServiceID == "DynamoDB" && !resp.Uncompressed && !fits(resp.Header.Get("X-Amz-Crc32"), body) {
		return nil, false, &ReadError{errors.New("X-Amz-Crc32 is of other content")}
	}
	body = asUTF8(body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if ok && s.protocol == "rest-xml" && isErrorBody(body) { // S3 says so inside of a 200
		copied := *resp
		copied.StatusCode = http.StatusInternalServerError
		r = &smithyhttp.Response{Response: &copied}
		ok = false
	}
	if !ok {
		return nil, false, c.fault(ctx, r, body)
	}
	if (s.protocol == "query" || s.protocol == "ec2") && RequestID(resp.Header) == "" {
		c.RequestID = idInside(body)
	}
	value := make(map[string]any)
	if c.op.schema.Output == nil {
		return value, false, nil
	}
	if c.Operation.Name == "GetBucketLocation" && c.Model.Metadata.ServiceID == "S3" {
		text, err := rootText(body)
		if err != nil {
			return nil, false, &ReadError{err} // "" would be a region
		}
		value["LocationConstraint"] = text
		return value, false, nil
	}
	o := &output{service: s, schema: c.op.schema.Output, value: value}
	err = s.client.DeserializeResponse(ctx, c.op.schema, c.op.registry, r, o)
	if syntax := (*xml.SyntaxError)(nil); c.Model.Metadata.ServiceID == "S3" && (errors.As(err, &syntax) || errors.Is(err, io.EOF)) {
		err = &ReadError{err} // S3 has sent its 200 already when it fails
	}
	if err == nil {
		c.addAbsent(value)
	}
	return value, false, err
}

// RequestID returns what the header of an answer calls the request, "" for nothing.
func RequestID(h http.Header) string {
	return cmp.Or(h.Get("X-Amzn-Requestid"), h.Get("X-Amz-Request-Id"), h.Get("X-Amzn-Request-Id"))
}

// idInside returns what an answer of the query protocols calls the request.
func idInside(body []byte) string {
	var root struct {
		Query string `xml:"ResponseMetadata>RequestId"`
		EC2   string `xml:"requestId"`
	}
	if xml.Unmarshal(body, &root) != nil {
		return ""
	}
	return cmp.Or(root.Query, root.EC2)
}

// addAbsent adds what is there even if the answer has nothing of it: a map of
// fields, and the member that is the content.
func (c *Call) addAbsent(out map[string]any) {
	shape := c.Model.Shapes[c.Operation.Output.Shape]
	for name, ref := range shape.Members {
		target := c.Model.Shapes[ref.Shape]
		switch {
		case out[name] != nil || target == nil:
		case ref.Location == "headers":
			out[name] = map[string]any{}
		case name != shape.Payload:
		case target.Type == "structure" && !target.Document:
			out[name] = map[string]any{}
		case target.Type == "blob":
			out[name] = []byte{}
		case target.Type == "string":
			out[name] = ""
		}
	}
}

// fits reports whether a checksum in decimal digits, if there is one, is of body.
func fits(sum string, body []byte) bool {
	want, err := strconv.ParseUint(sum, 10, 32)
	return err != nil || uint32(want) == crc32.ChecksumIEEE(body)
}

func (c *Call) fault(ctx context.Context, r *smithyhttp.Response, body []byte) error {
	f := &Fault{Code: strconv.Itoa(r.StatusCode), Message: http.StatusText(r.StatusCode), Server: r.StatusCode >= 500}
	if len(bytes.TrimSpace(body)) == 0 && r.Header.Get("X-Amzn-Errortype") == "" {
		return f // the answer to a HEAD, for one
	}
	s := c.Model.schemas()
	err := s.client.DeserializeResponse(ctx, c.op.schema, c.op.registry, r, nil)
	f.RequestID = xmlText(body, "RequestId")
	var (
		m *modeled
		g *smithy.GenericAPIError
	)
	switch {
	case errors.As(err, &m):
		f.Code, f.Fields = m.code, m.fields
		f.Message = firstText(m.fields, "message", "Message", "errorMessage")
		if f.Message == "" {
			f.Message = cmp.Or(xmlText(body, "Message"), jsonMessage(body))
		}
	case errors.As(err, &g):
		f.Code, f.Message = g.Code, g.Message
		f.Fields = errorFields(body)
	}
	// A service that has moved from query to JSON keeps its old codes here.
	if code, _, ok := strings.Cut(r.Header.Get("X-Amzn-Query-Error"), ";"); ok && code != "" {
		f.Code = code
	}
	return f
}

// errorFields returns what an error in XML says besides what all of them say:
// of S3, the Region that a bucket is in, for one. It is nil for nothing.
func errorFields(body []byte) map[string]any {
	if !isErrorBody(body) {
		return nil
	}
	var root struct {
		Fields []struct {
			XMLName xml.Name
			Text    string `xml:",chardata"`
		} `xml:",any"`
	}
	if xml.Unmarshal(body, &root) != nil {
		return nil
	}
	var fields map[string]any
	for _, e := range root.Fields {
		switch e.XMLName.Local {
		case "Code", "Message", "RequestId", "HostId", "Type":
			continue
		}
		if fields == nil {
			fields = make(map[string]any)
		}
		fields[e.XMLName.Local] = strings.TrimSpace(e.Text)
	}
	return fields
}

// jsonMessage returns the text of an error in JSON, "" without one. Services
// spell its name otherwise than their models, and some models have no member for it.
func jsonMessage(body []byte) string {
	var fields map[string]any
	if json.Unmarshal(body, &fields) != nil {
		return ""
	}
	return firstText(fields, "message", "Message", "errorMessage")
}

func firstText(m map[string]any, names ...string) string {
	for _, n := range names {
		if s, ok := m[n].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// isErrorBody reports whether the root of b is an error's. It may be far in: S3
// sends blanks while it works.
func isErrorBody(b []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		t, err := d.Token()
		if err != nil {
			return false
		}
		if e, ok := t.(xml.StartElement); ok {
			return e.Name.Local == "Error"
		}
	}
}

// declared finds the encoding that XML declares.
var declared = regexp.MustCompile(`^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)["']`)

// asUTF8 returns XML as the codec reads it, which knows UTF-8 alone. Some servers
// that stand in for S3 declare ISO-8859-1; not all that do so mean it.
func asUTF8(body []byte) []byte {
	at := declared.FindSubmatchIndex(body[:min(len(body), 256)])
	if at == nil || strings.EqualFold(string(body[at[2]:at[3]]), "UTF-8") {
		return body
	}
	text := slices.Concat(body[:at[2]], []byte("UTF-8"), body[at[3]:])
	if utf8.Valid(text) || !strings.EqualFold(string(body[at[2]:at[3]]), "ISO-8859-1") {
		return text
	}
	runes := make([]rune, len(text))
	for i, b := range text {
		runes[i] = rune(b)
	}
	return []byte(string(runes))
}

func rootText(b []byte) (string, error) {
	var root struct {
		Text string `xml:",chardata"`
	}
	err := xml.Unmarshal(b, &root)
	return strings.TrimSpace(root.Text), err
}

// xmlText returns the text of the first element called name, "" without one.
func xmlText(b []byte, name string) string {
	if len(b) == 0 || bytes.TrimSpace(b)[0] != '<' {
		return ""
	}
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		t, err := d.Token()
		if err != nil {
			return ""
		}
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == name {
			var text string
			if d.DecodeElement(&text, &e) != nil {
				return ""
			}
			return text
		}
	}
}
