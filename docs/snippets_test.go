package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// kind is what a block of Go is.
type kind int

const (
	program      kind = iota // a file with a package clause and a main
	tests                    // declarations, or a file, with tests
	declarations             // other declarations, or a file without main and tests
	statements               // the body of a function
)

// snippet is a block of Go as a file that compiles.
type snippet struct {
	*block
	kind   kind
	pkg    string // its directory; a page's statements share one, as that is much quicker
	source string
	needs  map[string]bool // of the preamble
}

var (
	packagePattern = regexp.MustCompile(`(?m)^package \w+`)
	mainPattern    = regexp.MustCompile(`(?m)^func main\(\)`)
	testPattern    = regexp.MustCompile(`(?m)^func (Test\w*\(t \*testing\.T\)|Example\w*\(\))`)
	importPattern  = regexp.MustCompile(`(?s)^\s*import (\(.*?\n\)|[^\n]*)\n`)
)

// newSnippet makes b a file.
func newSnippet(b *block, pre *preamble) (*snippet, error) {
	s := &snippet{block: b, kind: declarations, pkg: b.ident()}
	if testPattern.MatchString(b.text) {
		s.kind = tests
	}
	if packagePattern.MatchString(b.text) {
		if mainPattern.MatchString(b.text) {
			s.kind = program
		}
		s.source = b.text // unaltered
		return s, nil
	}
	imports, body := "", b.text
	for m := importPattern.FindString(body); m != ""; m = importPattern.FindString(body) {
		imports, body = imports+m, body[len(m):]
	}
	// Errors of the compiler name the page. A comment in the form of a
	// directive holds for the line after it.
	position := fmt.Sprintf("//line %s:%d\n", b.page.file, b.line+strings.Count(imports, "\n"))

	set := token.NewFileSet()
	head := "package p\n" + imports
	file, err := parser.ParseFile(set, "", head+body, 0)
	if err != nil {
		s.kind, s.pkg = statements, ident(b.page.path)
		head += "func _() error {\n"
		if file, err = parser.ParseFile(set, "", head+body+"\n}", 0); err != nil {
			return nil, fmt.Errorf("%s: neither declarations nor statements: %w", b.name(), err)
		}
		main := file.Decls[len(file.Decls)-1].(*ast.FuncDecl)
		body, err = complete(main.Body, body, func(p token.Pos) int { return set.Position(p).Offset - len(head) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.name(), err)
		}
		// What was put in may use names too, so that it counts.
		if file, err = parser.ParseFile(set, "", head+body+"\n}", 0); err != nil {
			return nil, fmt.Errorf("%s: %w", b.name(), err)
		}
	}
	own := make(map[string]bool)
	for _, spec := range file.Imports {
		own[importName(spec)] = true
	}
	used, needs := pre.resolve(file, own)
	s.needs = needs
	var out strings.Builder
	fmt.Fprintf(&out, "package %s\n\nimport (\n", s.pkg)
	for _, name := range slices.Sorted(maps.Keys(used)) {
		fmt.Fprintf(&out, "\t%s %q\n", name, pre.imports[name])
	}
	fmt.Fprintf(&out, ")\n\n%s\n", imports)
	if s.kind == statements {
		fmt.Fprintf(&out, "func %s() error {\n%s%s\n}\n", functionName(b), position, body)
	} else {
		fmt.Fprintf(&out, "%s%s", position, body)
	}
	s.source = out.String()
	return s, nil
}

func functionName(b *block) string { return "Block" + strconv.Itoa(b.line) }

// complete makes statements of a page the body of a function that returns an
// error: it uses what they declare, returns an error that they leave unlooked
// at, and returns at the end.
func complete(body *ast.BlockStmt, text string, offset func(token.Pos) int) (string, error) {
	type insertion struct {
		at   int
		text string
	}
	var insertions []insertion
	for i, stmt := range body.List {
		names := assigned(stmt)
		var use strings.Builder
		for _, name := range names {
			fmt.Fprintf(&use, "; _ = %s", name)
		}
		if mentionsTarget(stmt, "err") && !lookedAt(body.List[i+1:], "err") {
			use.WriteString("; if err != nil { return err }")
		}
		if use.Len() > 0 {
			insertions = append(insertions, insertion{offset(stmt.End()), use.String()})
		}
	}
	for _, ret := range returns(body) {
		switch len(ret.Results) {
		case 0:
			insertions = append(insertions, insertion{offset(ret.End()), " nil"})
		case 1:
		default:
			return "", fmt.Errorf("a return of %d values: show the whole function", len(ret.Results))
		}
	}
	slices.SortStableFunc(insertions, func(a, b insertion) int { return b.at - a.at })
	for _, in := range insertions {
		text = text[:in.at] + in.text + text[in.at:]
	}
	if n := len(body.List); n > 0 {
		if _, ok := body.List[n-1].(*ast.ReturnStmt); ok {
			return text, nil
		}
	}
	return text + "\nreturn nil", nil
}

// assigned returns the names that a statement declares.
func assigned(stmt ast.Stmt) []string {
	var names []string
	switch stmt := stmt.(type) {
	case *ast.AssignStmt:
		if stmt.Tok != token.DEFINE {
			return nil
		}
		for _, x := range stmt.Lhs {
			if id, ok := x.(*ast.Ident); ok && id.Name != "_" {
				names = append(names, id.Name)
			}
		}
	case *ast.DeclStmt:
		decl := stmt.Decl.(*ast.GenDecl)
		for _, spec := range decl.Specs {
			if value, ok := spec.(*ast.ValueSpec); ok && decl.Tok == token.VAR {
				for _, id := range value.Names {
					names = append(names, id.Name)
				}
			}
		}
	}
	return names
}

// mentionsTarget reports whether stmt assigns to name.
func mentionsTarget(stmt ast.Stmt, name string) bool {
	assign, ok := stmt.(*ast.AssignStmt)
	return ok && slices.ContainsFunc(assign.Lhs, func(x ast.Expr) bool {
		id, ok := x.(*ast.Ident)
		return ok && id.Name == name
	})
}

// mentions reports whether name occurs in node.
func mentions(node ast.Node, name string) (found bool) {
	ast.Inspect(node, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == name {
			found = true
		}
		return !found
	})
	return found
}

// lookedAt reports whether statements use name before they assign to it.
func lookedAt(stmts []ast.Stmt, name string) bool {
	for _, stmt := range stmts {
		if assign, ok := stmt.(*ast.AssignStmt); ok && mentionsTarget(stmt, name) {
			return slices.ContainsFunc(assign.Rhs, func(x ast.Expr) bool { return mentions(x, name) })
		}
		if mentions(stmt, name) {
			return true
		}
	}
	return false
}

// returns are the return statements of a body itself, not those of functions
// in it.
func returns(body *ast.BlockStmt) []*ast.ReturnStmt {
	var all []*ast.ReturnStmt
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			all = append(all, n)
		}
		return true
	})
	return all
}

// preamble is what blocks may use without saying where it comes from.
type preamble struct {
	imports map[string]string // package names and paths
	decls   map[string]string // source by the name that it declares
	order   []string
}

// readPreamble reads imports.go and testdata/preamble.go.
func readPreamble(t *testing.T) *preamble {
	pre := &preamble{imports: make(map[string]string), decls: make(map[string]string)}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "imports.go", nil, parser.ImportsOnly)
	require.NoError(t, err)
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		pre.imports[importName(spec)] = path
	}

	const name = "testdata/preamble.go"
	source, err := os.ReadFile(name)
	require.NoError(t, err)
	file, err = parser.ParseFile(set, name, source, 0)
	require.NoError(t, err)
	text := func(n ast.Node) string {
		return string(source[set.Position(n.Pos()).Offset:set.Position(n.End()).Offset])
	}
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					require.Len(t, spec.Names, 1)
					pre.add(spec.Names[0].Name, decl.Tok.String()+" "+text(spec))
				case *ast.TypeSpec:
					pre.add(spec.Name.Name, "type "+text(spec))
				}
			}
		case *ast.FuncDecl:
			pre.add(decl.Name.Name, text(decl))
		}
	}
	return pre
}

func (pre *preamble) add(name, source string) {
	pre.decls[name] = source
	pre.order = append(pre.order, name)
}

// importName is the name of an import that says it, or the one that its path
// ends with, a version left out.
func importName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	path, _ := strconv.Unquote(spec.Path.Value)
	elems := strings.Split(path, "/")
	name := elems[len(elems)-1]
	if len(elems) > 1 && regexp.MustCompile(`^v\d+$`).MatchString(name) {
		name = elems[len(elems)-2]
	}
	return name
}

// resolve returns the packages and the names of the preamble that a file uses
// and does not declare.
func (pre *preamble) resolve(file *ast.File, own map[string]bool) (imports, decls map[string]bool) {
	imports, decls = make(map[string]bool), make(map[string]bool)
	unresolved := make(map[*ast.Ident]bool)
	for _, id := range file.Unresolved {
		unresolved[id] = true
		if pre.decls[id.Name] != "" {
			decls[id.Name] = true
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && unresolved[id] && !own[id.Name] && pre.imports[id.Name] != "" {
				imports[id.Name] = true
			}
		}
		return true
	})
	return imports, decls
}

// file returns the file that declares names, and what they need, in pkg.
func (pre *preamble) file(t *testing.T, pkg string, names map[string]bool) string {
	imports := make(map[string]bool)
	for grown := true; grown; {
		grown = false
		for name := range maps.Clone(names) {
			file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+pre.decls[name], 0)
			require.NoError(t, err)
			used, needs := pre.resolve(file, nil)
			maps.Copy(imports, used)
			for need := range needs {
				grown = grown || !names[need]
				names[need] = true
			}
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "package %s\n\nimport (\n", pkg)
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		fmt.Fprintf(&out, "\t%s %q\n", name, pre.imports[name])
	}
	out.WriteString(")\n\n")
	for _, name := range pre.order {
		if names[name] {
			out.WriteString(pre.decls[name] + "\n\n")
		}
	}
	return out.String()
}
