package main

import (
	"strings"
	"testing"
)

// Written with all mutants asleep a function must mean what it meant, so each
// expression keeps its place and stands in parentheses of its own.
func TestMutate(t *testing.T) {
	for _, tt := range []struct{ name, body, want, names string }{
		{"a condition", "if a { f() }", "if mutantNot(1, a) { f() }", "not: a"},
		{"a negated condition", "if !a { f() }", "if !mutantNot(1, a) { f() }", "not: a"},
		{"both of two conditions", "if a && b { f() }",
			"if mutantNot(1, (mutantIs(2) || mutantNot(3, a)) && (mutantIs(4) || mutantNot(5, b))) { f() }",
			"not: a && b, drop: a, not: a, drop: b, not: b"},
		{"either of two conditions", "x = a || b",
			"x = (!mutantIs(1) && mutantNot(2, a)) || (!mutantIs(3) && mutantNot(4, b))", "drop: a, not: a, drop: b, not: b"},
		{"three conditions have three operands", "x = a && b && c",
			"x = (mutantIs(1) || mutantNot(2, a)) && (mutantIs(3) || mutantNot(4, b)) && (mutantIs(5) || mutantNot(6, c))",
			"drop: a, not: a, drop: b, not: b, drop: c, not: c"},
		{"a comparison", "x = n == 1", "x = mutantNot(1, n == 1)", "not: n == 1"},
		{"a comparison by order has an edge", "x = n < m", "x = mutantNot(1, (n < m || mutantIs(2) && n == m))", "not: n < m, edge: n < m"},
		{"so has one that allows equal values", "x = n >= m", "x = mutantNot(1, (n >= m && !(mutantIs(2) && n == m)))", "not: n >= m, edge: n >= m"},
		{"a result", "return true", "return mutantNot(1, true)", "not: true"},
		{"a condition within a call", "f(a == b)", "f(mutantNot(1, a == b))", "not: a == b"},
		{"the values of a switch", "switch g() { case 1, 2: f() }",
			"switch mutantTag28 := g(); { case mutantNot(1, mutantTag28 == (1)), mutantNot(2, mutantTag28 == (2)): f() }", "case: 1, case: 2"},
		{"the cases of a switch", "switch { case a: f() }", "switch { case mutantNot(1, a): f() }", "not: a"},
		{"the same condition again", "_, _ = a == b, a == b", "_, _ = mutantNot(1, a == b), mutantNot(2, a == b)", "not: a == b, not: a == b #2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			next := 0
			text, pkg, mutants, err := mutate("x.go", []byte("package p\n\nfunc t() bool {\n\t"+tt.body+"\n}\n"), nil, &next)
			if err != nil || pkg != "p" {
				t.Fatal(pkg, err)
			}
			got := strings.TrimSuffix(strings.TrimPrefix(string(text), "package p\n\nfunc t() bool {\n\t"), "\n}\n")
			if got != tt.want {
				t.Errorf("\n%s\nis not\n%s", got, tt.want)
			}
			var names []string
			for _, m := range mutants {
				names = append(names, strings.TrimPrefix(m.name, "x.go t "))
			}
			if s := strings.Join(names, ", "); s != tt.names {
				t.Errorf("%s\nis not\n%s", s, tt.names)
			}
		})
	}
}

func TestMutate_onlyTheFunctionsNamed(t *testing.T) {
	next := 0
	const text = "package p\n\nfunc a() { if x { } }\nfunc b() { if x { } }\n"
	got, _, _, err := mutate("x.go", []byte(text), []string{"b"}, &next)
	if want := "package p\n\nfunc a() { if x { } }\nfunc b() { if mutantNot(1, x) { } }\n"; err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	if _, _, _, err := mutate("x.go", []byte(text), []string{"c"}, &next); err == nil {
		t.Error("a function that is not there is no error")
	}
}
