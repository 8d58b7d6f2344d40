package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A mutant is one condition gone wrong.
type mutant struct {
	id    int
	file  string
	line  int
	name  string // file, function, kind and text of the condition: what equivalent.txt calls it
	tests []tests
}

// The functions that the conditions of a package are written with, and the
// number of the mutant that is on in this process.
const switches = `

import (
	"os"
	"strconv"
)

var mutantOn = func() int { n, _ := strconv.Atoi(os.Getenv("MUTANT")); return n }()

func mutantIs(id int) bool { return mutantOn == id }

func mutantNot(id int, b bool) bool { return b != (mutantOn == id) }
`

// source is a file on its way to hold all its mutants at once, each asleep
// until the process is told its number. So a package is built once, not once
// for each mutant.
type source struct {
	name    string // as in rules.txt
	text    []byte
	files   *token.FileSet
	edits   []edit
	within  string         // the function being read
	results *ast.FieldList // of that function
	seen    map[ast.Expr]bool
	named   map[string]int // how often each name was given
	mutants []*mutant
	next    *int
}

// edit is text that takes the place of text[from:to].
type edit struct {
	from, to int
	text     string
	order    int // among those at one place
}

// mutate returns text with the mutants of the functions of that name in it,
// of all when there are no names, numbered from *next on.
func mutate(name string, text []byte, functions []string, next *int) ([]byte, string, []*mutant, error) {
	s := &source{name: name, text: text, files: token.NewFileSet(), seen: make(map[ast.Expr]bool), named: make(map[string]int), next: next}
	f, err := parser.ParseFile(s.files, name, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, "", nil, err
	}
	missing := make(map[string]bool)
	for _, n := range functions {
		missing[n] = true
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil || len(functions) > 0 && !slices.Contains(functions, fn.Name.Name) {
			continue
		}
		delete(missing, fn.Name.Name)
		s.within, s.results = fn.Name.Name, fn.Type.Results
		s.block(fn.Body)
	}
	if len(missing) > 0 {
		return nil, "", nil, fmt.Errorf("%s: no function %s", name, strings.Join(slices.Sorted(maps.Keys(missing)), ", "))
	}
	return s.edited(), f.Name.Name, s.mutants, nil
}

func (s *source) block(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			outer := s.results
			s.results = n.Type.Results
			s.block(n.Body)
			s.results = outer
			return false
		case *ast.IfStmt:
			s.condition(n.Cond)
		case *ast.ForStmt:
			if n.Cond != nil {
				s.condition(n.Cond)
			}
		case *ast.SwitchStmt:
			s.switchCases(n)
		case *ast.ReturnStmt:
			s.returned(n)
		case *ast.BinaryExpr:
			if isBoolean(n.Op) {
				s.boolean(n)
			}
		case *ast.UnaryExpr:
			if n.Op == token.NOT {
				s.boolean(n)
			}
		}
		return true
	})
}

func isBoolean(op token.Token) bool {
	switch op {
	case token.LAND, token.LOR, token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
		return true
	}
	return false
}

// condition takes what decides a branch: besides its parts, the whole.
func (s *source) condition(e ast.Expr) {
	if b, ok := ast.Unparen(e).(*ast.BinaryExpr); ok && (b.Op == token.LAND || b.Op == token.LOR) && !s.seen[b] {
		s.wrap(e, "not", "mutantNot(%d, ", ")")
	}
	s.boolean(e)
}

// boolean takes an expression that is true or false. Its operands are
// inverted, left out, and where they compare by order, moved by one.
func (s *source) boolean(e ast.Expr) {
	if s.seen[e] {
		return
	}
	s.seen[e] = true
	switch x := e.(type) {
	case *ast.ParenExpr:
		s.boolean(x.X)
		return
	case *ast.UnaryExpr:
		if x.Op == token.NOT {
			s.boolean(x.X)
			return
		}
	case *ast.BinaryExpr:
		if x.Op != token.LAND && x.Op != token.LOR {
			break
		}
		left := "(mutantIs(%d) || "
		if x.Op == token.LOR {
			left = "(!mutantIs(%d) && "
		}
		for _, operand := range []ast.Expr{x.X, x.Y} {
			// a && b && c is (a && b) && c, and a && b no rule by itself.
			if inner, ok := operand.(*ast.BinaryExpr); !ok || inner.Op != x.Op {
				s.wrap(operand, "drop", left, ")")
			}
			s.boolean(operand)
		}
		return
	}
	s.wrap(e, "not", "mutantNot(%d, ", ")")
	if x, ok := e.(*ast.BinaryExpr); ok {
		equal := s.original(x.X) + " == " + s.original(x.Y)
		switch x.Op {
		case token.LSS, token.GTR:
			s.wrap(e, "edge", "(", " || mutantIs(%d) && "+equal+")")
		case token.LEQ, token.GEQ:
			s.wrap(e, "edge", "(", " && !(mutantIs(%d) && "+equal+"))")
		}
	}
}

// switchCases makes the cases of a switch over values conditions of their own.
func (s *source) switchCases(n *ast.SwitchStmt) {
	tag := ""
	if n.Tag != nil {
		tag = fmt.Sprintf("mutantTag%d", s.offset(n.Pos()))
		switch {
		case n.Init == nil:
			s.around(n.Tag, tag+" := ", ";")
		default:
			if _, ok := n.Tag.(*ast.Ident); !ok {
				return // what it holds could not be held as well
			}
			tag = s.original(n.Tag)
			s.edits = append(s.edits, edit{s.offset(n.Tag.Pos()), s.offset(n.Tag.End()), "", 0})
		}
	}
	for _, c := range n.Body.List {
		for _, value := range c.(*ast.CaseClause).List {
			if tag == "" {
				s.condition(value)
				continue
			}
			s.wrap(value, "case", "mutantNot(%d, "+tag+" == (", "))")
		}
	}
}

// returned takes the results that are true or false by the function's type.
func (s *source) returned(n *ast.ReturnStmt) {
	if s.results == nil {
		return
	}
	var kinds []ast.Expr
	for _, f := range s.results.List {
		for range max(len(f.Names), 1) {
			kinds = append(kinds, f.Type)
		}
	}
	if len(kinds) != len(n.Results) {
		return
	}
	for i, kind := range kinds {
		if id, ok := kind.(*ast.Ident); ok && id.Name == "bool" {
			s.boolean(n.Results[i])
		}
	}
}

// wrap adds a mutant of e, written with begin and end around it, in one of
// which stands %d for the mutant's number.
func (s *source) wrap(e ast.Expr, kind, begin, end string) {
	*s.next++
	m := &mutant{id: *s.next, file: s.name, line: s.files.Position(e.Pos()).Line}
	m.name = s.name + " " + s.within + " " + kind + ": " + strings.Join(strings.Fields(s.original(e)), " ")
	if s.named[m.name]++; s.named[m.name] > 1 {
		m.name += " #" + strconv.Itoa(s.named[m.name])
	}
	s.mutants = append(s.mutants, m)
	id := strconv.Itoa(m.id)
	s.around(e, strings.Replace(begin, "%d", id, 1), strings.Replace(end, "%d", id, 1))
}

// around writes begin and end around e. What is called for an expression
// first ends up around what is called later for a part of it.
func (s *source) around(e ast.Expr, begin, end string) {
	from, to, order := s.offset(e.Pos()), s.offset(e.End()), len(s.edits)
	s.edits = append(s.edits, edit{from, from, begin, order}, edit{to, to, end, -order})
}

func (s *source) offset(p token.Pos) int { return s.files.Position(p).Offset }

func (s *source) original(e ast.Expr) string {
	return string(s.text[s.offset(e.Pos()):s.offset(e.End())])
}

// edited returns the text with all edits made.
func (s *source) edited() []byte {
	slices.SortFunc(s.edits, func(a, b edit) int { return cmp.Or(a.from-b.from, a.order-b.order) })
	var out []byte
	last := 0
	for _, e := range s.edits {
		out = append(out, s.text[last:e.from]...)
		out = append(out, e.text...)
		last = e.to
	}
	return append(out, s.text[last:]...)
}
