package api_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// compared are services of every protocol and with every oddity of a model.
// With AWS_ALL_MODELS set, all that botocore has are compared.
var compared = []string{
	"apigateway", "bedrock-agent", "braket", "cloudfront", "cloudwatch", "cognito-idp", "dynamodb", "ec2", "ecs", "elasticache", "glacier",
	"iam", "iot-data", "kinesis", "lambda", "lex-runtime", "rds", "route53", "s3", "s3control", "sns", "sqs", "sts",
}

// encoded is a request as both sides write it down.
type encoded struct {
	Method, Path string
	Query        [][2]string
	Header       map[string]string
	Form         map[string]string
	Body         []byte
}

// TestRequestsAreThoseOfBotocore encodes every operation with all its
// parameters set, and has botocore do the same.
func TestRequestsAreThoseOfBotocore(t *testing.T) {
	loader, services := botocoreModels(t)
	var lines bytes.Buffer
	var got []encoded
	endpoint := &url.URL{Scheme: "https", Host: "h.test"}
	for _, service := range services {
		for _, version := range loader.Versions(service) {
			m, err := loader.Load(service, version)
			require.NoError(t, err)
			for _, name := range slices.Sorted(maps.Keys(m.Operations)) {
				op := m.Operations[name]
				if m.HasEvents(op) {
					continue
				}
				var params map[string]any
				if op.Input != nil {
					params, _ = sample(m, op.Input, 0).(map[string]any)
				}
				for name := range params {
					if strings.Contains(op.Endpoint.HostPrefix, "{"+name+"}") {
						params[name] = "host" // text with a space would be none
					}
				}
				in, problems := m.Normalise(op, params, false)
				require.Empty(t, problems, "%s %s", service, name)
				call, err := m.NewCall(op, in)
				require.NoError(t, err, "%s %s", service, name)
				r, err := call.Request(context.Background(), endpoint)
				require.NoError(t, err, "%s %s", service, name)
				fmt.Fprintln(&lines, service, version, name)
				got = append(got, written(t, r))
			}
		}
	}
	require.NotEmpty(t, got)
	asked := strings.Split(strings.TrimSpace(lines.String()), "\n")
	cmd := exec.Command("python3", "testdata/serialize.py")
	cmd.Stdin, cmd.Stderr = &lines, os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	answers := json.NewDecoder(bytes.NewReader(out))
	for i := range got {
		var want encoded
		require.NoError(t, answers.Decode(&want))
		equal(t, asked[i], want, got[i])
	}
	t.Logf("%d operations of %d services", len(got), len(services))
}

func written(t *testing.T, r *http.Request) encoded {
	e := encoded{Method: r.Method, Path: r.URL.Path, Query: [][2]string{}, Header: make(map[string]string)}
	for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
		k, v, _ := strings.Cut(part, "=")
		if k == "" {
			continue
		}
		k, kerr := url.QueryUnescape(k)
		v, verr := url.QueryUnescape(v)
		require.NoError(t, kerr)
		require.NoError(t, verr)
		e.Query = append(e.Query, [2]string{k, v})
	}
	slices.SortFunc(e.Query, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	for k, vs := range r.Header {
		e.Header[strings.ToLower(k)] = strings.Join(vs, ",")
	}
	if r.Body != nil {
		var err error
		e.Body, err = io.ReadAll(r.Body)
		require.NoError(t, err)
	}
	return e
}

func equal(t *testing.T, name string, want, got encoded) {
	t.Helper()
	assert.Equal(t, want.Method, got.Method, name)
	assert.Equal(t, want.Path, got.Path, name)
	assert.Equal(t, want.Query, got.Query, name)
	for k, v := range want.Header {
		switch k {
		case "content-length": // it is of the request
		case "content-type":
			assert.Equal(t, media(v), media(got.Header[k]), "%s: %s", name, k)
		default:
			assert.Equal(t, v, got.Header[k], "%s: %s", name, k)
		}
	}
	for k := range got.Header {
		switch k {
		case "content-length", "content-type", "x-amzn-query-mode", "accept":
		default:
			assert.Contains(t, want.Header, k, name)
		}
	}
	switch {
	case want.Form != nil:
		q, err := url.ParseQuery(string(got.Body))
		require.NoError(t, err, name)
		form := make(map[string]string, len(q))
		for k := range q {
			form[k] = q.Get(k)
		}
		assert.Equal(t, want.Form, form, name)
	case len(want.Body) > 0 && want.Body[0] == '{':
		assert.JSONEq(t, string(want.Body), string(got.Body), name)
	case len(want.Body) > 0 && want.Body[0] == '<':
		assert.Equal(t, tree(t, string(want.Body)), tree(t, string(got.Body)), name)
	default:
		assert.Equal(t, string(want.Body), string(got.Body), name)
	}
}

func media(contentType string) string {
	m, _, _ := strings.Cut(contentType, ";")
	return m
}

// botocoreModels returns a loader of botocore's models and the services to
// compare, or skips the test.
func botocoreModels(t *testing.T) (*api.Loader, []string) {
	dir, err := exec.Command("python3", "-c", "import botocore,os;print(os.path.join(os.path.dirname(botocore.__file__),'data'))").Output()
	if err != nil {
		t.Skip("python3 has no botocore to compare with")
	}
	loader := api.NewLoader([]fs.FS{os.DirFS(strings.TrimSpace(string(dir)))})
	if os.Getenv("AWS_ALL_MODELS") != "" {
		return loader, loader.Services()
	}
	return loader, compared
}

// otherwise are operations whose answers are no comparison, and why.
var otherwise = map[string]string{
	"s3 GetBucketLocation":     "its answer is not what the model says",
	"s3 GetBucketNotification": "deprecated: two of its members have one element",
}

// TestAnswersAreReadAsBotocoreDoes reads an answer of every operation with all
// its members set.
func TestAnswersAreReadAsBotocoreDoes(t *testing.T) {
	loader, services := botocoreModels(t)
	var lines bytes.Buffer
	type asked struct {
		service string
		model   *api.Model
		op      *api.Operation
	}
	var all []asked
	for _, service := range services {
		for _, version := range loader.Versions(service) {
			m, err := loader.Load(service, version)
			require.NoError(t, err)
			for _, name := range slices.Sorted(maps.Keys(m.Operations)) {
				if op := m.Operations[name]; !m.HasEvents(op) && otherwise[service+" "+name] == "" {
					all = append(all, asked{service, m, op})
					fmt.Fprintln(&lines, service, version, name)
				}
			}
		}
	}
	cmd := exec.Command("python3", "testdata/parse.py")
	cmd.Stdin, cmd.Stderr = &lines, os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	answers := json.NewDecoder(bytes.NewReader(out))
	answers.UseNumber()
	left := 0
	for _, a := range all {
		name := a.service + " " + a.op.Name
		var want struct {
			Header map[string]string
			Body   []byte
			Parsed map[string]any
		}
		require.NoError(t, answers.Decode(&want))
		if want.Parsed == nil {
			left++
			continue
		}
		call, err := a.model.NewCall(a.op, nil)
		require.NoError(t, err, name)
		resp := &http.Response{StatusCode: 200, Header: make(http.Header), Body: io.NopCloser(bytes.NewReader(want.Body))}
		for k, v := range want.Header {
			resp.Header.Set(k, v)
		}
		got, _, err := call.Response(context.Background(), resp, 1<<20)
		if assert.NoError(t, err, "%s: %s", name, want.Body) {
			assert.Equal(t, want.Parsed, comparable(t, got), "%s: %s", name, want.Body)
		}
	}
	assert.Less(t, left, len(all)/50, "left out")
	t.Logf("%d operations of %d services", len(all)-left, len(services))
}

// comparable is an output in the form of parse.py.
func comparable(t *testing.T, v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(x))
		for k := range x {
			out[k] = comparable(t, x[k])
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = comparable(t, x[i])
		}
		return out
	case []byte:
		return map[string]any{"bytes": base64.StdEncoding.EncodeToString(x)}
	case time.Time:
		return map[string]any{"time": json.Number(fmt.Sprint(x.Unix()))}
	case io.Reader:
		b, err := io.ReadAll(x)
		require.NoError(t, err)
		return map[string]any{"bytes": base64.StdEncoding.EncodeToString(b)}
	case int64:
		return json.Number(fmt.Sprint(x))
	case float64:
		return json.Number(fmt.Sprint(x))
	}
	return v
}

// sample makes up a value, as testdata/serialize.py does.
func sample(m *api.Model, ref *api.Ref, depth int) any {
	const most = 3
	shape := m.Shapes[ref.Shape]
	switch shape.Type {
	case "structure":
		out := make(map[string]any)
		switch {
		case shape.Document:
			return map[string]any{"a": 1, "b": []any{true, "x"}}
		case depth <= most:
			for k, member := range shape.Members {
				out[k] = sample(m, member, depth+1)
			}
		}
		return out
	case "list":
		if depth > most {
			return []any{}
		}
		return []any{sample(m, shape.Member, depth+1)}
	case "map":
		if depth > most {
			return map[string]any{}
		}
		return map[string]any{"key": sample(m, shape.Value, depth+1)}
	case "boolean":
		return true
	case "integer", "long":
		return 7
	case "float", "double":
		return 1.5
	case "blob":
		return []byte("b")
	case "timestamp":
		return time.Unix(1700000000, 0)
	}
	return "a b"
}
