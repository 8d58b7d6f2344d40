package api_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

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
			"T":{"type":"timestamp"},"ISO":{"type":"timestamp","timestampFormat":"iso8601"},
			"M":{"type":"map","key":{"shape":"S"},"value":{"shape":"S"}},"List":{"type":"list","member":{"shape":"S"}},
			"In":{"type":"structure","members":{"Field":{"shape":"List","location":"header","locationName":"X-Field"},"Body":{"shape":"List"}}},
			"Out":{"type":"structure","members":{"F":{"shape":"F"},"D":{"shape":"D"},"I":{"shape":"I"},"L":{"shape":"L"},"M":{"shape":"M"},"List":{"shape":"List"},
				"T":{"shape":"T"},"ISO":{"shape":"ISO"},"Date":{"shape":"T","location":"header","locationName":"X-Date"}}}}}`), m))
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
		{"a long with a point", "json", `{"L":3.0}`, map[string]any{"L": int64(3)}},
		{"a long has all its digits", "json", `{"L":9007199254740993}`, map[string]any{"L": int64(9007199254740993)}},
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

// TestTimesOfAnswers is the table of the forms that times come in. Services do
// not keep to those of their models, and boto3 takes all of these.
func TestTimesOfAnswers(t *testing.T) {
	at := time.Date(2023, 11, 14, 22, 13, 20, 0, time.UTC)
	for _, c := range []struct {
		name, text string
		want       time.Time
	}{
		{"seconds", `1700000000`, at},
		{"seconds with a fraction", `1700000000.123456`, at.Add(123456 * time.Microsecond)},
		{"milliseconds that a float only comes near", `1700000000.29`, at.Add(290 * time.Millisecond)},
		{"seconds in text", `"1700000000.5"`, at.Add(time.Second / 2)},
		{"before 1970", `-1.5`, time.Unix(-2, 5e8).UTC()},
		{"the end of the calendar, which stands for never", `253402300799`, time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
		{"its beginning", `-62135596800`, time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"with an exponent", `1.7E9`, at},
		{"a date-time", `"2023-11-14T22:13:20.5Z"`, at.Add(time.Second / 2)},
		{"a date-time of a zone", `"2023-11-14T23:13:20+01:00"`, at},
		{"a zone without a colon", `"2023-11-14T23:13:20+0100"`, at},
		{"no zone", `"2023-11-14T22:13:20"`, at},
		{"a space between", `"2023-11-14 22:13:20"`, at},
		{"a date", `"2023-11-14"`, time.Date(2023, 11, 14, 0, 0, 0, 0, time.UTC)},
		{"an HTTP date", `"Tue, 14 Nov 2023 22:13:20 GMT"`, at},
		{"one with a zone", `"Tue, 14 Nov 2023 23:13:20 +0100"`, at},
		{"one in UTC", `"Tue, 14 Nov 2023 22:13:20 UTC"`, at},
	} {
		plain := strings.Trim(c.text, `"`)
		for _, in := range []struct {
			name, protocol, answer string
			header                 http.Header
			want                   []string
		}{
			{"JSON", "json", `{"T":` + c.text + `,"ISO":` + c.text + `}`, nil, []string{"T", "ISO"}},
			{"XML", "query", `<R><DoResult><T>` + plain + `</T><ISO>` + plain + `</ISO></DoResult></R>`, nil, []string{"T", "ISO"}},
			{"a field beside JSON", "rest-json", `{"T":` + c.text + `}`, http.Header{"X-Date": {plain}}, []string{"T", "Date"}},
			{"a field beside XML", "rest-xml", `<R><T>` + plain + `</T></R>`, http.Header{"X-Date": {plain}}, []string{"T", "Date"}},
		} {
			t.Run(c.name+" in "+in.name, func(t *testing.T) {
				m, op := numbers(t, in.protocol)
				call, err := m.NewCall(op, nil)
				require.NoError(t, err)
				out, _, err := call.Response(context.Background(), &http.Response{StatusCode: 200, Header: in.header, Body: io.NopCloser(strings.NewReader(in.answer))}, 1<<20)
				require.NoError(t, err)
				want := map[string]any{}
				for _, name := range in.want {
					want[name] = c.want
				}
				assert.Equal(t, want, out)
			})
		}
	}
	for _, text := range []string{`"soon"`, `""`, `true`, `{}`, `"NaN"`, `"Infinity"`, `1e300`} {
		t.Run(text+" is no time", func(t *testing.T) {
			m, op := numbers(t, "json")
			call, err := m.NewCall(op, nil)
			require.NoError(t, err)
			_, _, err = call.Response(context.Background(), &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"T":` + text + `}`))}, 1<<20)
			assert.ErrorContains(t, err, "T: no time: ")
		})
	}
}

// TestAbsentContent: a member that is the content, or a map of fields, is there
// when the answer has none of it, so that a caller can look into it.
func TestAbsentContent(t *testing.T) {
	for _, protocol := range []string{"rest-json", "rest-xml"} {
		for _, c := range []struct {
			name, shape string
			want        any
		}{
			{"a structure", `{"type":"structure","members":{"A":{"shape":"S"}}}`, map[string]any{}},
			{"a blob", `{"type":"blob"}`, []byte{}},
			{"text", `{"type":"string"}`, ""},
		} {
			t.Run(c.name+" of "+protocol, func(t *testing.T) {
				m, op := numbers(t, protocol)
				m.Shapes["P"], m.Shapes["Out"] = new(api.Shape), new(api.Shape)
				require.NoError(t, json.Unmarshal([]byte(c.shape), m.Shapes["P"]))
				require.NoError(t, json.Unmarshal([]byte(`{"type":"structure","payload":"P","members":{"P":{"shape":"P"},
					"Metadata":{"shape":"M","location":"headers","locationName":"X-Meta-"}}}`), m.Shapes["Out"]))
				call, err := m.NewCall(op, nil)
				require.NoError(t, err)
				out, _, err := call.Response(context.Background(), &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, 1<<20)
				require.NoError(t, err)
				assert.Equal(t, map[string]any{"P": c.want, "Metadata": map[string]any{}}, out)
			})
		}
	}
}

// TestCodesOfErrors: the code is the one that was sent, as waiters know errors by
// it. Some models call an error otherwise than its code.
func TestCodesOfErrors(t *testing.T) {
	for _, c := range []struct{ name, protocol, answer, want string }{
		{"the code", "query", `<ErrorResponse><Error><Code>Gone</Code><Message>m</Message></Error></ErrorResponse>`, "Gone"},
		{"the shape's name", "query", `<ErrorResponse><Error><Code>GoneFault</Code><Message>m</Message></Error></ErrorResponse>`, "GoneFault"},
		{"the code in JSON", "json", `{"__type":"Gone","message":"m"}`, "Gone"},
		{"the shape's name in JSON", "json", `{"__type":"com.amazonaws#GoneFault","message":"m"}`, "GoneFault"},
		{"the shape's name in XML", "rest-xml", `<Error><Code>GoneFault</Code><Message>m</Message></Error>`, "GoneFault"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, op := numbers(t, c.protocol)
			op.Errors = []api.Ref{{Shape: "GoneFault"}}
			m.Shapes["GoneFault"] = new(api.Shape)
			require.NoError(t, json.Unmarshal([]byte(`{"type":"structure","exception":true,"error":{"code":"Gone","httpStatusCode":404},"members":{"message":{"shape":"S"}}}`), m.Shapes["GoneFault"]))
			call, err := m.NewCall(op, nil)
			require.NoError(t, err)
			_, _, err = call.Response(context.Background(), &http.Response{StatusCode: 404, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.answer))}, 1<<20)
			var f *api.Fault
			require.ErrorAs(t, err, &f)
			assert.Equal(t, c.want, f.Code)
			assert.Equal(t, "m", f.Message)
		})
	}
}

// TestTextsOfErrors: services spell the name otherwise than their models, and
// some models have none.
func TestTextsOfErrors(t *testing.T) {
	for _, c := range []struct{ name, members, answer, want string }{
		{"as the model says", `{"message":{"shape":"S"}}`, `{"__type":"Gone","message":"it broke"}`, "it broke"},
		{"with the other case", `{"message":{"shape":"S"}}`, `{"__type":"Gone","Message":"it broke"}`, "it broke"},
		{"the other way about", `{"Message":{"shape":"S"}}`, `{"__type":"Gone","message":"it broke"}`, "it broke"},
		{"where the model has no member", `{}`, `{"__type":"Gone","message":"it broke"}`, "it broke"},
		{"none", `{}`, `{"__type":"Gone"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, op := numbers(t, "json")
			op.Errors = []api.Ref{{Shape: "Gone"}}
			m.Shapes["Gone"] = new(api.Shape)
			require.NoError(t, json.Unmarshal([]byte(`{"type":"structure","exception":true,"members":`+c.members+`}`), m.Shapes["Gone"]))
			call, err := m.NewCall(op, nil)
			require.NoError(t, err)
			_, _, err = call.Response(context.Background(), &http.Response{StatusCode: 400, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.answer))}, 1<<20)
			var f *api.Fault
			require.ErrorAs(t, err, &f)
			assert.Equal(t, "Gone", f.Code)
			assert.Equal(t, c.want, f.Message)
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

// TestBlanksBeforeAnswers: S3 sends its 200 and then blanks, to keep the
// connection while it works; what comes of it is known by the end.
func TestBlanksBeforeAnswers(t *testing.T) {
	blanks := strings.Repeat(" \n", 4<<10)
	const declaration = `<?xml version="1.0" encoding="UTF-8"?>`
	for _, c := range []struct{ name, before string }{
		{"after the declaration", declaration + blanks},
		{"before it", blanks + declaration},
		{"without one", blanks},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, op := numbers(t, "rest-xml")
			call, err := m.NewCall(op, nil)
			require.NoError(t, err)
			answer := func(body string) (map[string]any, error) {
				out, _, err := call.Response(context.Background(), &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.before + body))}, 1<<20)
				return out, err
			}
			out, err := answer(`<R><D>1.5</D></R>`)
			require.NoError(t, err)
			assert.Equal(t, map[string]any{"D": 1.5}, out)
			_, err = answer(`<Error><Code>InternalError</Code><Message>m</Message></Error>`)
			var f *api.Fault
			require.ErrorAs(t, err, &f)
			assert.Equal(t, "InternalError", f.Code)
		})
	}
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
