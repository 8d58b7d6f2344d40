package api_test

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// documented is a model with a document, and JSON in text, both ways.
func documented(t *testing.T) (*api.Model, *api.Operation) {
	m := new(api.Model)
	require.NoError(t, json.Unmarshal([]byte(`{
		"metadata":{"protocol":"rest-json","serviceId":"Tiny"},
		"operations":{"Do":{"name":"Do","http":{"method":"POST","requestUri":"/"},"input":{"shape":"D"},"output":{"shape":"D"}}},
		"shapes":{"S":{"type":"string"},"Doc":{"type":"structure","members":{},"document":true},
			"D":{"type":"structure","members":{"Doc":{"shape":"Doc"},"Text":{"shape":"S","jsonvalue":true},"Field":{"shape":"S","jsonvalue":true,"location":"header","locationName":"X-Field"}}}}}`), m))
	return m, m.Operations["Do"]
}

func TestDocuments(t *testing.T) {
	type named struct{ A *int }
	seven := 7
	for _, c := range []struct {
		name string
		in   any
		want string
	}{
		{"numbers of every kind", map[string]any{"a": 1, "b": uint8(2), "c": 2.5, "d": float32(0.5), "e": json.Number("12345678901234567890")}, `{"a":1,"b":2,"c":2.5,"d":0.5,"e":12345678901234567890}`},
		{"lists within maps within lists", []any{1, map[string]any{"a": []string{"x", "y"}}, []any{true, nil}}, `[1,{"a":["x","y"]},[true,null]]`},
		{"structures", named{&seven}, `{"A":7}`},
		{"text", "a\"b", `"a\"b"`},
		{"a number", 1, `1`},
		{"an empty list", []any{}, `[]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, op := documented(t)
			in, problems := m.Normalise(op, map[string]any{"Doc": c.in}, true)
			require.Empty(t, problems)
			call, err := m.NewCall(op, in)
			require.NoError(t, err)
			r, err := call.Request(context.Background(), &url.URL{Scheme: "https", Host: "h.test"})
			require.NoError(t, err)
			b, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			assert.Equal(t, `{"Doc":`+c.want+`}`, string(b))
		})
	}
	for _, c := range []struct {
		name string
		in   any
	}{{"a channel", map[string]any{"a": make(chan int)}}, {"a number that is none", []any{math.NaN()}}, {"a loop", loop()}} {
		t.Run("refused: "+c.name, func(t *testing.T) {
			m, op := documented(t)
			_, problems := m.Normalise(op, map[string]any{"Doc": c.in}, true)
			require.NotEmpty(t, problems)
		})
	}
	t.Run("what comes back", func(t *testing.T) {
		m, op := documented(t)
		call, err := m.NewCall(op, nil)
		require.NoError(t, err)
		resp := &http.Response{StatusCode: 200, Header: http.Header{"X-Field": {"eyJhIjpbMSwyLjVdfQ=="}}, Body: io.NopCloser(strings.NewReader(`{"Doc":{"a":[1,{"b":2.5,"c":null}],"d":true},"Text":"{\"x\":[12345678901,\"y\"]}"}`))}
		out, _, err := call.Response(context.Background(), resp, 1<<20)
		require.NoError(t, err)
		assert.Equal(t, map[string]any{
			"Doc":   map[string]any{"a": []any{int64(1), map[string]any{"b": 2.5, "c": nil}}, "d": true},
			"Text":  map[string]any{"x": []any{int64(12345678901), "y"}},
			"Field": map[string]any{"a": []any{int64(1), 2.5}},
		}, out)
	})
}

func TestJSONInText(t *testing.T) {
	m, op := documented(t)
	for _, c := range []struct {
		name         string
		in           any
		body, header string
	}{
		{"a map", map[string]any{"a": 1}, `{"Text":"{\"a\":1}"}`, "eyJhIjoxfQ=="},
		{"text is JSON already, but in the header", `{"a":1}`, `{"Text":"{\"a\":1}"}`, "IntcImFcIjoxfSI="},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, problems := m.Normalise(op, map[string]any{"Text": c.in, "Field": c.in}, true)
			require.Empty(t, problems)
			call, err := m.NewCall(op, in)
			require.NoError(t, err)
			r, err := call.Request(context.Background(), &url.URL{Scheme: "https", Host: "h.test"})
			require.NoError(t, err)
			b, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			assert.Equal(t, c.body, string(b))
			assert.Equal(t, c.header, r.Header.Get("X-Field"))
		})
	}
}

func loop() any {
	m := map[string]any{}
	m["m"] = m
	return m
}
