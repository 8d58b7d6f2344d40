package jmespath

import (
	"fmt"
	"strconv"
)

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
