package api_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// suite is a file of the AWS SDK's protocol tests.
type suite struct {
	Description    string
	ClientEndpoint string
	Metadata       json.RawMessage
	Shapes         json.RawMessage
	Cases          []struct {
		Given      json.RawMessage
		Params     map[string]any
		Serialized struct {
			Method, Body, URI, Host string
			Headers                 map[string]string
		}
		Result   any
		Response struct {
			StatusCode int `json:"status_code"`
			Headers    map[string]string
			Body       string
		}
		ErrorCode    string
		ErrorMessage string
		Error        map[string]any
	}
}

// suites reads the test data of the AWS SDK for Go, when its module is in the
// cache.
func suites(t *testing.T, kind string) map[string][]suite {
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	require.NoError(t, err)
	paths, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "github.com/aws/aws-sdk-go@v1.55.8/models/protocol_tests", kind, "*.json"))
	if len(paths) == 0 {
		t.Skip("github.com/aws/aws-sdk-go@v1.55.8 is not in the module cache: its protocol tests are skipped; go generate fetches it")
	}
	all := make(map[string][]suite)
	for _, p := range paths {
		b, err := os.ReadFile(p)
		require.NoError(t, err)
		var s []suite
		require.NoError(t, json.Unmarshal(b, &s))
		all[strings.TrimSuffix(filepath.Base(p), ".json")] = s
	}
	return all
}

func (s *suite) call(t *testing.T, given json.RawMessage, params map[string]any) *api.Call {
	m := new(api.Model)
	require.NoError(t, json.Unmarshal(s.Metadata, &m.Metadata))
	require.NoError(t, json.Unmarshal(s.Shapes, &m.Shapes))
	// In these files, and nowhere else, a shape may say where its uses are.
	var places map[string]api.Ref
	require.NoError(t, json.Unmarshal(s.Shapes, &places))
	for _, sh := range m.Shapes {
		for _, ref := range sh.Members {
			if place := places[ref.Shape]; ref.Location == "" && place.Location != "" {
				ref.Location = place.Location
				if ref.LocationName == "" {
					ref.LocationName = place.LocationName
				}
			}
		}
	}
	op := new(api.Operation)
	require.NoError(t, json.Unmarshal(given, op))
	var payload struct{ Input, Output struct{ Payload string } }
	require.NoError(t, json.Unmarshal(given, &payload))
	if payload.Input.Payload != "" {
		m.Shapes[op.Input.Shape].Payload = payload.Input.Payload
	}
	if payload.Output.Payload != "" {
		m.Shapes[op.Output.Shape].Payload = payload.Output.Payload
	}
	in, problems := m.Normalise(op, params, false)
	require.Empty(t, problems)
	c, err := m.NewCall(op, in)
	require.NoError(t, err)
	return c
}

// skipped are cases that a smithy protocol answers differently, and why.
var skipped = map[string]string{
	"rest-json Idempotency token auto fill":    "the token is random",
	"rest-xml Idempotency token auto fill":     "the token is random",
	"json Idempotency token auto fill":         "the token is random",
	"query Idempotency token auto fill":        "the token is random",
	"ec2 Idempotency token auto fill":          "the token is random",
	"rest-xml Header whitespace":               "net/http trims values as it writes them, and names with spaces are refused",
	"json unmodeled non-json response payload": "an answer that is no JSON is an error",
	"query Timestamp members":                  "smithy's codec insists on the element of the result",
	"query Enum output":                        "smithy's codec insists on the element of the result",
	"rest-json Scalar members":                 "a time has the form that the model says",
	"rest-json Supports header maps":           "the names in maps of header fields are in lower case",
	"query Recursive shapes":                   "maps are sorted by their keys, which the case is not",
}

func TestInputs(t *testing.T) {
	for protocol, file := range suites(t, "input") {
		for _, s := range file {
			for i, c := range s.Cases {
				t.Run(fmt.Sprintf("%s %s/%d", protocol, s.Description, i), func(t *testing.T) {
					if why := skipped[protocol+" "+s.Description]; why != "" {
						t.Skip(why)
					}
					endpoint, err := url.Parse("https://x.test")
					require.NoError(t, err)
					req, err := s.call(t, c.Given, c.Params).Request(context.Background(), endpoint)
					require.NoError(t, err)
					var body []byte
					if req.Body != nil {
						body, err = io.ReadAll(req.Body)
						require.NoError(t, err)
					}
					if c.Serialized.URI != "" && protocol[0] == 'r' {
						assert.Equal(t, sorted(c.Serialized.URI), sorted(req.URL.RequestURI()))
					}
					if c.Serialized.Method != "" {
						assert.Equal(t, c.Serialized.Method, req.Method)
					}
					for k, v := range c.Serialized.Headers {
						got := strings.Join(req.Header.Values(k), ",")
						if k == "Content-Length" {
							got = fmt.Sprint(req.ContentLength)
						}
						assert.Equal(t, strings.ReplaceAll(v, ", ", ","), strings.ReplaceAll(got, ", ", ","), k)
					}
					same(t, protocol, c.Serialized.Body, string(body))
				})
			}
		}
	}
}

func sorted(uri string) string {
	path, query, ok := strings.Cut(uri, "?")
	if !ok {
		return path
	}
	v, err := url.ParseQuery(query)
	if err != nil {
		return uri
	}
	return path + "?" + v.Encode()
}

func same(t *testing.T, protocol, want, got string) {
	switch {
	case want == "" || got == want:
		if want == "" && got != "{}" {
			assert.Empty(t, got)
		}
	case strings.HasPrefix(want, "{"):
		assert.JSONEq(t, want, got)
	case strings.HasPrefix(want, "<"):
		assert.Equal(t, tree(t, want), tree(t, got))
	case protocol == "query" || protocol == "ec2":
		w, err := url.ParseQuery(want)
		require.NoError(t, err)
		g, err := url.ParseQuery(got)
		require.NoError(t, err)
		assert.Equal(t, w, g)
	default:
		assert.Equal(t, want, got)
	}
}

// tree is XML with the elements of each element in order of their text.
func tree(t *testing.T, s string) string {
	var n node
	require.NoError(t, xml.Unmarshal([]byte(s), &n), s)
	return n.String()
}

type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Text    string     `xml:",chardata"`
	Nodes   []node     `xml:",any"`
}

func (n node) String() string {
	var parts []string
	for _, c := range n.Nodes {
		parts = append(parts, c.String())
	}
	sort.Strings(parts)
	var attrs []string
	for _, a := range n.Attrs {
		attrs = append(attrs, a.Name.Local+"="+a.Value)
	}
	sort.Strings(attrs)
	return fmt.Sprintf("<%s %v>%s%v", n.XMLName.Local, attrs, strings.TrimSpace(n.Text), parts)
}

func TestOutputs(t *testing.T) {
	for protocol, file := range suites(t, "output") {
		for _, s := range file {
			for i, c := range s.Cases {
				t.Run(fmt.Sprintf("%s %s/%d", protocol, s.Description, i), func(t *testing.T) {
					if why := skipped[protocol+" "+s.Description]; why != "" {
						t.Skip(why)
					}
					call := s.call(t, c.Given, nil)
					resp := &http.Response{StatusCode: c.Response.StatusCode, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.Response.Body)), ContentLength: int64(len(c.Response.Body))}
					for k, v := range c.Response.Headers {
						resp.Header.Set(k, v)
					}
					got, _, err := call.Response(context.Background(), resp, 1<<20)
					if c.ErrorCode != "" {
						var f *api.Fault
						require.ErrorAs(t, err, &f)
						assert.Equal(t, c.ErrorCode, f.Code)
						assert.Equal(t, c.ErrorMessage, f.Message)
						return
					}
					require.NoError(t, err)
					want, _ := c.Result.(map[string]any)
					if want == nil {
						want = map[string]any{}
					}
					compare(t, "", want, got)
				})
			}
		}
	}
}

// compare takes what the files write as text or a number for what was read.
func compare(t *testing.T, at string, want, got any) {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !assert.True(t, ok, "%s: %T", at, got) {
			return
		}
		for k, v := range w {
			if v == nil {
				continue
			}
			compare(t, at+"."+k, v, g[k])
		}
	case []any:
		g, ok := got.([]any)
		if !assert.True(t, ok, "%s: %T", at, got) || !assert.Len(t, g, len(w), at) {
			return
		}
		for i := range w {
			compare(t, fmt.Sprintf("%s[%d]", at, i), w[i], g[i])
		}
	case float64:
		switch g := got.(type) {
		case int64:
			assert.Equal(t, w, float64(g), at)
		case float64:
			assert.InDelta(t, w, g, 1e-6, at)
		case time.Time:
			assert.Equal(t, int64(math.Trunc(w)), g.Unix(), at)
		default:
			assert.Fail(t, "a number is wanted", "%s: %T", at, got)
		}
	case string:
		switch g := got.(type) {
		case []byte:
			assert.Contains(t, []string{w, base64.StdEncoding.EncodeToString([]byte(w))}, string(g), at)
		case io.Reader:
			b, err := io.ReadAll(g)
			require.NoError(t, err)
			assert.Equal(t, w, string(bytes.TrimSpace(b)), at)
		default:
			assert.Equal(t, w, got, at)
		}
	default:
		assert.Equal(t, want, got, at)
	}
}
