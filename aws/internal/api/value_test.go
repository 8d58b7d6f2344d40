package api_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// numbers is a model of a protocol with an output of one member for each kind of value.
func numbers(t *testing.T, protocol string) (*api.Model, *api.Operation) {
	m := new(api.Model)
	require.NoError(t, json.Unmarshal([]byte(`{
		"metadata":{"protocol":"`+protocol+`","serviceId":"Tiny","jsonVersion":"1.1","targetPrefix":"Tiny","apiVersion":"1"},
		"operations":{"Do":{"name":"Do","http":{"method":"POST","requestUri":"/"},"input":{"shape":"In"},"output":{"shape":"Out"}}},
		"shapes":{"S":{"type":"string"},"F":{"type":"float"},"D":{"type":"double"},"I":{"type":"integer"},"L":{"type":"long"},
			"M":{"type":"map","key":{"shape":"S"},"value":{"shape":"S"}},"List":{"type":"list","member":{"shape":"S"}},
			"In":{"type":"structure","members":{"Field":{"shape":"List","location":"header","locationName":"X-Field"},"Body":{"shape":"List"}}},
			"Out":{"type":"structure","members":{"F":{"shape":"F"},"D":{"shape":"D"},"I":{"shape":"I"},"L":{"shape":"L"},"M":{"shape":"M"},"List":{"shape":"List"}}}}}`), m))
	return m, m.Operations["Do"]
}

// TestValuesOfAnswers is the table of how values come out that look one way on
// the wire and could come out in another.
func TestValuesOfAnswers(t *testing.T) {
	for _, c := range []struct {
		name, protocol, answer string
		want                   map[string]any
	}{
		{"a float has the digits that were sent", "json", `{"F":0.1,"D":0.1}`, map[string]any{"F": 0.1, "D": 0.1}},
		{"in XML too", "query", `<DoResponse><DoResult><F>0.1</F></DoResult></DoResponse>`, map[string]any{"F": 0.1}},
		{"null in a map is there", "json", `{"M":{"a":null,"b":"c"}}`, map[string]any{"M": map[string]any{"a": nil, "b": "c"}}},
		{"and in a list", "json", `{"List":[null,"b"]}`, map[string]any{"List": []any{nil, "b"}}},
		{"a member that is null is none", "json", `{"F":null}`, map[string]any{}},
		{"an integer of more than 32 bits", "json", `{"I":3000000000,"L":3000000000}`, map[string]any{"I": int64(3000000000), "L": int64(3000000000)}},
		{"an integer with a point", "json", `{"I":3.0}`, map[string]any{"I": int64(3)}},
		{"in XML too", "query", `<DoResponse><DoResult><I>3000000000</I></DoResult></DoResponse>`, map[string]any{"I": int64(3000000000)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, op := numbers(t, c.protocol)
			call, err := m.NewCall(op, nil)
			require.NoError(t, err)
			out, _, err := call.Response(context.Background(), &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.answer))}, 1<<20)
			require.NoError(t, err)
			assert.Equal(t, c.want, out)
		})
	}
}

// TestUnionsTakeOneMember: a service could not tell which is meant.
func TestUnionsTakeOneMember(t *testing.T) {
	m, op := numbers(t, "json")
	m.Shapes["In"].Members["U"] = &api.Ref{Shape: "U"}
	m.Shapes["U"] = new(api.Shape)
	require.NoError(t, json.Unmarshal([]byte(`{"type":"structure","union":true,"members":{"A":{"shape":"S"},"B":{"shape":"S"}}}`), m.Shapes["U"]))
	for _, c := range []struct {
		name string
		in   map[string]any
		want []string
	}{
		{"one", map[string]any{"A": "x"}, nil},
		{"one, and one that is nil", map[string]any{"A": "x", "B": nil}, nil},
		{"two", map[string]any{"A": "x", "B": "y"}, []string{"U: one member of the union is wanted, not 2"}},
		{"none", map[string]any{}, []string{"U: one member of the union is wanted, not 0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := m.Normalise(op, map[string]any{"U": c.in}, true)
			assert.Equal(t, c.want, problems)
			_, problems = m.Normalise(op, map[string]any{"U": c.in}, false)
			assert.Empty(t, problems, "unchecked")
		})
	}
}

// TestDeclaredEncodings: some servers that stand in for S3 declare another
// encoding of XML than UTF-8.
func TestDeclaredEncodings(t *testing.T) {
	for _, c := range []struct{ name, answer, want string }{
		{"none", `<R><DoResult><D>1</D><M><entry><key>k</key><value>é</value></entry></M></DoResult></R>`, "é"},
		{"UTF-8", `<?xml version="1.0" encoding="UTF-8"?><R><DoResult><M><entry><key>k</key><value>é</value></entry></M></DoResult></R>`, "é"},
		{"ISO-8859-1", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<R><DoResult><M><entry><key>k</key><value>\xe9</value></entry></M></DoResult></R>", "é"},
		{"ISO-8859-1 of what is UTF-8", `<?xml version='1.0' encoding='iso-8859-1' ?><R><DoResult><M><entry><key>k</key><value>é</value></entry></M></DoResult></R>`, "é"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, op := numbers(t, "query")
			call, err := m.NewCall(op, nil)
			require.NoError(t, err)
			out, _, err := call.Response(context.Background(), &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.answer))}, 1<<20)
			require.NoError(t, err)
			assert.Equal(t, map[string]any{"k": c.want}, out["M"])
		})
	}
	t.Run("of an error", func(t *testing.T) {
		m, op := numbers(t, "rest-xml")
		call, err := m.NewCall(op, nil)
		require.NoError(t, err)
		_, _, err = call.Response(context.Background(), &http.Response{StatusCode: 404, Header: http.Header{},
			Body: io.NopCloser(strings.NewReader("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><Error><Code>NoSuchKey</Code><Message>caf\xe9</Message></Error>"))}, 1<<20)
		var f *api.Fault
		require.ErrorAs(t, err, &f)
		assert.Equal(t, "NoSuchKey", f.Code)
		assert.Equal(t, "café", f.Message)
	})
}

// TestEmptyListsInFields: an empty field would ask for nothing, which is not
// what a list without items says.
func TestEmptyListsInFields(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []any
		want []string
	}{
		{"an empty list has no field", []any{}, nil},
		{"one with items has", []any{"a", "b"}, []string{"a", "b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, op := numbers(t, "rest-json")
			in, problems := m.Normalise(op, map[string]any{"Field": c.in, "Body": []any{}}, true)
			require.Empty(t, problems)
			call, err := m.NewCall(op, in)
			require.NoError(t, err)
			r, err := call.Request(context.Background(), &url.URL{Scheme: "https", Host: "h.test"})
			require.NoError(t, err)
			assert.Equal(t, c.want, r.Header["X-Field"])
			b, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			assert.Equal(t, `{"Body":[]}`, string(b), "in content it is sent")
		})
	}
}
