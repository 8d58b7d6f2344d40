// Package jmespath evaluates the part of JMESPath that paginators, waiters and
// resource definitions of AWS services use.
package jmespath

import "fmt"

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
