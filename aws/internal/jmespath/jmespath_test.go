package jmespath_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws/internal/jmespath"
)

func TestSearch(t *testing.T) {
	const data = `{"a":{"b":[1,2,3]},"list":[{"n":"x","s":[{"v":1},{"v":2}]},{"n":"y","s":[{"v":3}]},{"m":1}],
		"Contents":[{"Key":"k1"},{"Key":"k2"}],"empty":[],"no":null,"t":true,"od d":5,"nested":[[1,2],[3]]}`
	for _, c := range []struct{ name, expr, want string }{
		{"a field", "t", `true`},
		{"a path", "a.b", `[1,2,3]`},
		{"a quoted field", `"od d"`, `5`},
		{"an index", "a.b[0]", `1`},
		{"an index from the end", "Contents[-1].Key", `"k2"`},
		{"an index out of range", "a.b[9]", `null`},
		{"a projection leaves out what is nil", "list[].n", `["x","y"]`},
		{"projections nest and flatten", "list[].s[].v", `[1,2,3]`},
		{"a list projection keeps the nesting", "list[*].s[*].v", `[[1,2],[3]]`},
		{"flattening", "nested[]", `[1,2,3]`},
		{"or takes the first that is something", "NextMarker || Contents[-1].Key", `"k2"`},
		{"and", "t && a.b[1]", `2`},
		{"not", "!empty", `true`},
		{"a filter", "list[?n=='y'].s[].v", `[3]`},
		{"a filter by number", "list[].s[?v>`1`].v[]", `[2,3]`},
		{"length", "length(list[])", `3`},
		{"length compared", "length(empty) > `0`", `false`},
		{"contains", "contains(Contents[].Key, 'k1')", `true`},
		{"a pipe ends a projection", "list[].n | [0]", `"x"`},
		{"a list of expressions", "Contents[0].[Key, Key]", `["k1","k1"]`},
		{"a hash of expressions", "{x: t, y: a.b[0]}", `{"x":true,"y":1}`},
		{"the current node", "@.t", `true`},
		{"what is not there", "x.y.z", `null`},
		{"values of an object", "a.*", `[[1,2,3]]`},
		{"equality of a projection with a literal", "list[].n == `[\"x\",\"y\"]`", `true`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v any
			require.NoError(t, json.Unmarshal([]byte(data), &v))
			got, err := jmespath.Search(c.expr, v)
			require.NoError(t, err)
			b, err := json.Marshal(got)
			require.NoError(t, err)
			assert.JSONEq(t, c.want, string(b))
		})
	}
}

func TestCompileRefuses(t *testing.T) {
	for _, expr := range []string{"", "a.", "a[", "a[b", "[?x", "'x", "a b", "nothing(x)", "#", "{a}"} {
		_, err := jmespath.Compile(expr)
		assert.Error(t, err, expr)
	}
}

// FuzzSearch: no expression panics, whatever the value.
func FuzzSearch(f *testing.F) {
	f.Add("a[?b=='c'].d[-1] || length(x[])")
	f.Fuzz(func(t *testing.T, expr string) {
		e, err := jmespath.Compile(expr)
		if err != nil {
			return
		}
		for _, v := range []any{nil, "s", 1.0, []any{1.0, "x", []any{}}, map[string]any{"a": []any{map[string]any{"b": "c"}}}} {
			e.Search(v)
		}
	})
}
