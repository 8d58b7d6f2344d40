// Package jmespath evaluates the part of JMESPath that paginators, waiters and
// resource definitions of AWS services use.
package jmespath

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Search compiles expr and evaluates it on v. Values are those of package
// encoding/json, and int64.
func Search(expr string, v any) (any, error) {
	e, err := Compile(expr)
	if err != nil {
		return nil, err
	}
	return e.Search(v), nil
}

// Expr is a compiled expression, safe for concurrent use.
type Expr struct{ n node }

// Search evaluates e on v. What is not there is nil.
func (e *Expr) Search(v any) any { return e.n(v) }

type node func(v any) any

// maxLength bounds an expression, and so how deep it nests.
const maxLength = 4096 // bytes

// Compile parses expr.
func Compile(expr string) (*Expr, error) {
	if len(expr) > maxLength {
		return nil, fmt.Errorf("jmespath: the expression is longer than %d bytes", maxLength)
	}
	toks, err := lex(expr)
	if err != nil {
		return nil, err
	}
	p := &parser{toks: toks}
	n, err := p.expression(0)
	if err == nil && p.peek().kind != tEnd {
		err = fmt.Errorf("jmespath: unexpected %q in %q", p.peek().text, expr)
	}
	if err != nil {
		return nil, err
	}
	return &Expr{n}, nil
}

type kind int

const (
	tEnd kind = iota
	tName
	tNumber
	tLiteral
	tOp
)

type token struct {
	kind  kind
	text  string
	value any
}

func lex(s string) ([]token, error) {
	var toks []token
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case isLetter(c):
			j := i
			for j < len(s) && (isLetter(s[j]) || isDigit(s[j])) {
				j++
			}
			toks = append(toks, token{kind: tName, text: s[i:j]})
			i = j
		case isDigit(c) || c == '-' && i+1 < len(s) && isDigit(s[i+1]):
			j := i + 1
			for j < len(s) && isDigit(s[j]) {
				j++
			}
			toks = append(toks, token{kind: tNumber, text: s[i:j]})
			i = j
		case c == '"' || c == '\'' || c == '`':
			j := i + 1
			for j < len(s) && s[j] != c {
				if s[j] == '\\' {
					j++
				}
				j++
			}
			if j >= len(s) {
				return nil, fmt.Errorf("jmespath: no closing %c in %q", c, s)
			}
			t, err := quoted(c, s[i+1:j])
			if err != nil {
				return nil, err
			}
			toks = append(toks, t)
			i = j + 1
		default:
			op := s[i : i+1]
			if i+1 < len(s) {
				switch s[i : i+2] {
				case "[]", "[?", "||", "&&", "==", "!=", "<=", ">=":
					op = s[i : i+2]
				}
			}
			if len(op) == 1 && !strings.ContainsAny(op, ".[]*(){},|!<>@:&") {
				return nil, fmt.Errorf("jmespath: unexpected %q in %q", op, s)
			}
			toks = append(toks, token{kind: tOp, text: op})
			i += len(op)
		}
	}
	return toks, nil
}

func quoted(c byte, s string) (token, error) {
	switch c {
	case '"':
		var name string
		if err := json.Unmarshal([]byte(`"`+s+`"`), &name); err != nil {
			return token{}, fmt.Errorf("jmespath: %w", err)
		}
		return token{kind: tName, text: name, value: true}, nil
	case '\'':
		return token{kind: tLiteral, value: strings.ReplaceAll(s, `\'`, `'`)}, nil
	}
	var v any
	s = strings.TrimSpace(strings.ReplaceAll(s, "\\`", "`"))
	if json.Unmarshal([]byte(s), &v) != nil {
		v = s // the old form: a literal that is no JSON is text
	}
	return token{kind: tLiteral, value: v}, nil
}

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

type parser struct {
	toks    []token
	i       int
	entries int // of all lists and hashes of expressions
}

// maxEntries bounds the entries of multi-selections: nested ones multiply.
const maxEntries = 32

func (p *parser) entry() (node, error) {
	if p.entries++; p.entries > maxEntries {
		return nil, fmt.Errorf("jmespath: more than %d expressions in lists and hashes", maxEntries)
	}
	return p.expression(0)
}

func (p *parser) peek() token {
	if p.i < len(p.toks) {
		return p.toks[p.i]
	}
	return token{}
}

func (p *parser) next() token {
	t := p.peek()
	p.i++
	return t
}

func (p *parser) accept(op string) bool {
	if t := p.peek(); t.kind == tOp && t.text == op {
		p.i++
		return true
	}
	return false
}

func (p *parser) expect(op string) error {
	if !p.accept(op) {
		return fmt.Errorf("jmespath: %q is missing before %q", op, p.peek().text)
	}
	return nil
}

// binding powers
var power = map[string]int{"|": 1, "||": 2, "&&": 3, "==": 5, "!=": 5, "<": 5, "<=": 5, ">": 5, ">=": 5, "[]": 9, "*": 20, "[?": 21, ".": 40, "[": 55}

const (
	projectionStop = 10
	notPower       = 45
)

func (p *parser) expression(right int) (node, error) {
	left, err := p.prefix()
	for err == nil {
		t := p.peek()
		if t.kind != tOp || power[t.text] <= right {
			break
		}
		left, err = p.infix(left, p.next().text)
	}
	return left, err
}

func identity(v any) any { return v }

func (p *parser) prefix() (node, error) {
	t := p.next()
	switch t.kind {
	case tName:
		if t.value == nil && p.accept("(") {
			return p.call(t.text)
		}
		return field(t.text), nil
	case tLiteral:
		return func(any) any { return t.value }, nil
	case tOp:
		switch t.text {
		case "@":
			return identity, nil
		case "!":
			n, err := p.expression(notPower)
			if err != nil {
				return nil, err
			}
			return func(v any) any { return !truth(n(v)) }, nil
		case "(":
			n, err := p.expression(0)
			if err != nil {
				return nil, err
			}
			return n, p.expect(")")
		case "[":
			if n := p.peek(); n.kind == tNumber || n.kind == tOp && (n.text == "*" || n.text == ":") {
				return p.bracket(identity)
			}
			return p.multiList()
		case "[]", "[?", "*":
			p.i--
			return p.infix(identity, p.next().text)
		case "{":
			return p.multiHash()
		}
	}
	return nil, fmt.Errorf("jmespath: unexpected %q", t.text)
}

func (p *parser) infix(left node, op string) (node, error) {
	switch op {
	case ".":
		if p.accept("[") {
			n, err := p.multiList()
			return pipe(left, n), err
		}
		if p.accept("*") {
			return p.project(left, objectValues)
		}
		n, err := p.expression(power["."])
		return pipe(left, n), err
	case "|":
		n, err := p.expression(power[op])
		return pipe(left, n), err
	case "||", "&&":
		n, err := p.expression(power[op])
		or := op == "||"
		return func(v any) any {
			if l := left(v); truth(l) == or {
				return l
			}
			return n(v)
		}, err
	case "==", "!=", "<", "<=", ">", ">=":
		n, err := p.expression(power[op])
		return func(v any) any { return compare(op, left(v), n(v)) }, err
	case "[]":
		return p.project(left, flatten)
	case "*":
		return p.project(left, objectValues)
	case "[?":
		cond, err := p.expression(0)
		if err == nil {
			err = p.expect("]")
		}
		if err != nil {
			return nil, err
		}
		return p.project(left, func(v any) []any {
			var out []any
			for _, e := range list(v) {
				if truth(cond(e)) {
					out = append(out, e)
				}
			}
			return out
		})
	case "[":
		return p.bracket(left)
	}
	return nil, fmt.Errorf("jmespath: unexpected %q", op)
}

// bracket parses what follows [: an index or *.
func (p *parser) bracket(left node) (node, error) {
	if p.accept("*") {
		if err := p.expect("]"); err != nil {
			return nil, err
		}
		return p.project(left, list)
	}
	t := p.next()
	i, err := strconv.Atoi(t.text)
	if t.kind != tNumber || err != nil {
		return nil, fmt.Errorf("jmespath: %q is no index", t.text)
	}
	return func(v any) any {
		l := list(left(v))
		at := i
		if at < 0 {
			at += len(l)
		}
		if at < 0 || at >= len(l) {
			return nil
		}
		return l[at]
	}, p.expect("]")
}

// project applies the rest of the expression to each of the items that of finds.
func (p *parser) project(left node, of func(any) []any) (node, error) {
	rest := node(identity)
	for {
		t := p.peek()
		if t.kind != tOp || power[t.text] < projectionStop {
			break
		}
		var err error
		if rest, err = p.infix(rest, p.next().text); err != nil {
			return nil, err
		}
	}
	return func(v any) any {
		base := left(v)
		if base == nil {
			return nil
		}
		items := of(base)
		if items == nil && !isList(base) {
			return nil
		}
		out := []any{}
		for _, e := range items {
			if r := rest(e); r != nil {
				out = append(out, r)
			}
		}
		return out
	}, nil
}

func (p *parser) multiList() (node, error) {
	var ns []node
	for {
		n, err := p.entry()
		if err != nil {
			return nil, err
		}
		ns = append(ns, n)
		if p.accept("]") {
			break
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
	return func(v any) any {
		if v == nil {
			return nil
		}
		out := make([]any, len(ns))
		for i, n := range ns {
			out[i] = n(v)
		}
		return out
	}, nil
}

func (p *parser) multiHash() (node, error) {
	ns := make(map[string]node)
	for {
		t := p.next()
		if t.kind != tName {
			return nil, fmt.Errorf("jmespath: %q is no key", t.text)
		}
		if err := p.expect(":"); err != nil {
			return nil, err
		}
		n, err := p.entry()
		if err != nil {
			return nil, err
		}
		ns[t.text] = n
		if p.accept("}") {
			break
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
	return func(v any) any {
		if v == nil {
			return nil
		}
		out := make(map[string]any, len(ns))
		for k, n := range ns {
			out[k] = n(v)
		}
		return out
	}, nil
}

func (p *parser) call(name string) (node, error) {
	var args []node
	for !p.accept(")") {
		if len(args) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		n, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		args = append(args, n)
	}
	f := functions[name]
	if f.n != len(args) || f.call == nil {
		return nil, fmt.Errorf("jmespath: there is no function %s of %d arguments", name, len(args))
	}
	return func(v any) any {
		vs := make([]any, len(args))
		for i := range args {
			vs[i] = args[i](v)
		}
		return f.call(vs)
	}, nil
}

var functions = map[string]struct {
	n    int
	call func([]any) any
}{
	"length": {1, func(a []any) any {
		switch v := a[0].(type) {
		case string:
			return float64(len([]rune(v)))
		case map[string]any:
			return float64(len(v))
		}
		return float64(len(list(a[0])))
	}},
	"contains": {2, func(a []any) any {
		if s, ok := a[0].(string); ok {
			sub, ok := a[1].(string)
			return ok && strings.Contains(s, sub)
		}
		return slices.ContainsFunc(list(a[0]), func(e any) bool { return equal(e, a[1]) })
	}},
	"starts_with": {2, func(a []any) any {
		s, _ := a[0].(string)
		prefix, ok := a[1].(string)
		return ok && strings.HasPrefix(s, prefix)
	}},
	"keys": {1, func(a []any) any {
		m, _ := a[0].(map[string]any)
		out := []any{}
		for _, k := range slices.Sorted(maps.Keys(m)) {
			out = append(out, k)
		}
		return out
	}},
	"values": {1, func(a []any) any { return objectValues(a[0]) }},
	"to_string": {1, func(a []any) any {
		if s, ok := a[0].(string); ok {
			return s
		}
		b, err := json.Marshal(a[0])
		if err != nil {
			return nil
		}
		return string(b)
	}},
	"not_null": {2, func(a []any) any {
		if a[0] != nil {
			return a[0]
		}
		return a[1]
	}},
}

func field(name string) node {
	return func(v any) any {
		m, _ := v.(map[string]any)
		return m[name]
	}
}

func pipe(l, r node) node { return func(v any) any { return r(l(v)) } }

func isList(v any) bool { _, ok := v.([]any); return ok }

func list(v any) []any { l, _ := v.([]any); return l }

func flatten(v any) []any {
	var out []any
	for _, e := range list(v) {
		if l, ok := e.([]any); ok {
			out = append(out, l...)
		} else {
			out = append(out, e)
		}
	}
	return out
}

func objectValues(v any) []any {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	out := []any{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

// truth is false for nil, false and what is empty.
func truth(v any) bool {
	switch x := v.(type) {
	case nil:
		return false
	case bool:
		return x
	case string:
		return x != ""
	case []any:
		return len(x) > 0
	case map[string]any:
		return len(x) > 0
	}
	return true
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	}
	return 0, false
}

func equal(a, b any) bool {
	x, xok := number(a)
	y, yok := number(b)
	if xok && yok {
		return x == y
	}
	return reflect.DeepEqual(a, b)
}

func compare(op string, a, b any) any {
	switch op {
	case "==":
		return equal(a, b)
	case "!=":
		return !equal(a, b)
	}
	x, xok := number(a)
	y, yok := number(b)
	if !xok || !yok {
		return nil
	}
	switch op {
	case "<":
		return x < y
	case "<=":
		return x <= y
	case ">":
		return x > y
	}
	return x >= y
}
