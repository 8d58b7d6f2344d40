package requests_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// guidePackages are those a user imports, from their directories.
var guidePackages = []string{".", "adapters", "auth", "auth/sigv4", "cookies", "download", "hooks", "proxy", "sse"}

// withoutExample are the exported names that no Example shows, and why none
// has to. A name that gets one is to be taken out.
var withoutExample = map[string]string{
	"adapters.AttemptTimeout.Close": "that of Base, for wrappers in a row; a session's pool is closed with it",
	"adapters.Breaker.Close":        "as AttemptTimeout's",
	"adapters.Hedge.Close":          "as AttemptTimeout's",
	"adapters.Limit.Close":          "as AttemptTimeout's",
	"adapters.Resilient.Close":      "as AttemptTimeout's",
	"adapters.Retry.Close":          "as AttemptTimeout's",
	"adapters.ProxyAuth":            "the type of a field; what package auth makes is one",
	"cookies.Jar.Cookies":           "http.Client calls it",
	"cookies.Jar.SetCookies":        "http.Client calls it",
	"download.ErrBusy":              "a condition as ErrDigest, whose Example shows how they are asked for",
	"download.ErrChanged":           "as ErrBusy",
	"download.ErrName":              "as ErrBusy",
	"download.ErrNoSpace":           "as ErrBusy",
	"download.ErrPartialFile":       "as ErrBusy",
	"download.ErrRange":             "as ErrBusy",
	"download.ErrUnframed":          "as ErrBusy",
	"sigv4.ErrNotReplayable":        "the same value as requests.ErrBodyNotReplayable, which has an Example",
	"sigv4.Signer.Deferred":         "a mark for the session, not a method to call",
}

// called are methods that fmt, slog, encoding, errors, net and net/http call,
// not users.
var called = []string{
	"Format", "String", "GoString", "LogValue", "MarshalJSON", "MarshalText", "UnmarshalText",
	"Error", "Unwrap", "Timeout", "Temporary", "RoundTrip", "CloseIdleConnections",
}

// The Examples are the guide that users read beside the reference. Every
// exported function, method, option, type and variable has one of its own or is
// used in another's body, by what the type checker says it is.
func TestGuide(t *testing.T) {
	exports := exportData(t)
	var exported []string
	shown := make(map[string]bool)
	for _, dir := range guidePackages {
		importPath := strings.TrimSuffix(module+"/"+dir, "/.")
		load := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
			if exports[path] == "" {
				return nil, errors.New("not a package that users have") // a test's own: what it is used for need not be known
			}
			return os.Open(exports[path])
		})
		p, err := load.Import(importPath)
		require.NoError(t, err)
		exported = append(exported, exportedNames(p)...)
		files := exampleFiles(t, dir)
		require.NotEmpty(t, files, "%s has no examples", dir)
		maps.Copy(shown, shownNames(p, load, files))
	}
	require.Greater(t, len(exported), 200, "the packages are not what they were")
	for _, name := range exported {
		why, excused := withoutExample[name]
		assert.False(t, excused && why == "", "%s: no reason is given", name)
		assert.Falsef(t, excused && shown[name], "%s has an Example: take it out of withoutExample", name)
		assert.Truef(t, excused || shown[name], "%s is in no Example: write one, in example_*_test.go", name)
	}
	for name := range withoutExample {
		assert.Contains(t, exported, name, "withoutExample names what is not exported")
	}
}

// exportedNames lists what p exports, as "requests.Get" and
// "requests.Session.Get".
func exportedNames(p *types.Package) []string {
	var names []string
	for _, name := range p.Scope().Names() {
		obj := p.Scope().Lookup(name)
		if _, isConst := obj.(*types.Const); isConst || !obj.Exported() {
			continue
		}
		names = append(names, p.Name()+"."+name)
		if alias, ok := obj.(*types.TypeName); !ok || alias.IsAlias() {
			continue
		}
		if named, ok := obj.Type().(*types.Named); ok {
			for m := range named.Methods() {
				if m.Exported() && !slices.Contains(called, m.Name()) {
					names = append(names, p.Name()+"."+name+"."+m.Name())
				}
			}
		}
	}
	return names
}

// exampleFiles parses the test files of dir that have Examples and belong to
// the external test package.
func exampleFiles(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	require.NoError(t, err)
	var files []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(guideFiles, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		if strings.HasSuffix(f.Name.Name, "_test") && len(examplesOf(f)) > 0 {
			files = append(files, f)
		}
	}
	return files
}

var guideFiles = token.NewFileSet()

// examplesOf returns the Examples of f that are run.
func examplesOf(f *ast.File) []*ast.FuncDecl {
	var found []*ast.FuncDecl
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Example") {
			continue
		}
		checked := slices.ContainsFunc(f.Comments, func(c *ast.CommentGroup) bool {
			return c.Pos() > fn.Body.Pos() && c.End() < fn.Body.End() && strings.Contains(c.Text(), "Output:")
		})
		if checked {
			found = append(found, fn)
		}
	}
	return found
}

// shownNames returns what the Examples in files are named for and what their
// bodies use. Files of helpers are not among them, so much may be undefined;
// what is exported by the packages is known all the same.
func shownNames(p *types.Package, load types.Importer, files []*ast.File) map[string]bool {
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object), Types: make(map[ast.Expr]types.TypeAndValue)}
	conf := types.Config{Importer: load, Error: func(error) {}}
	conf.Check(p.Path()+"_test", guideFiles, files, info)
	shown := make(map[string]bool)
	for _, f := range files {
		for _, fn := range examplesOf(f) {
			own, _, _ := strings.Cut(strings.TrimPrefix(fn.Name.Name, "Example"), "_")
			if _, method, ok := strings.Cut(fn.Name.Name, "_"); ok && ast.IsExported(method) {
				method, _, _ = strings.Cut(method, "_")
				own += "." + method
			}
			shown[p.Name()+"."+own] = true
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					shown[nameOf(info.Uses[id])] = true
				}
				if expr, ok := n.(ast.Expr); ok { // the type of a value is shown with it
					shown[typeName(info.Types[expr].Type)] = true
				}
				return true
			})
		}
	}
	return shown
}

// nameOf is the name of an exported object as exportedNames writes it.
func nameOf(obj types.Object) string {
	if obj == nil || obj.Pkg() == nil || !obj.Exported() || !strings.HasPrefix(obj.Pkg().Path(), module) {
		return ""
	}
	name := obj.Name()
	if fn, ok := obj.(*types.Func); ok {
		if recv := fn.Signature().Recv(); recv != nil {
			if of := typeName(recv.Type()); of != "" {
				return of + "." + name
			}
			return ""
		}
	}
	return obj.Pkg().Name() + "." + name
}

// typeName is the name of an exported type, or of what a pointer to one leads
// to, as exportedNames writes it; "" for other types.
func typeName(of types.Type) string {
	if pointer, ok := of.(*types.Pointer); ok {
		of = pointer.Elem()
	}
	switch of := of.(type) {
	case *types.Named:
		return nameOf(of.Obj())
	case *types.Alias:
		return nameOf(of.Obj())
	}
	return ""
}

// exportData says where the compiler's account of each package is.
func exportData(t *testing.T) map[string]string {
	t.Helper()
	var stderr bytes.Buffer
	list := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-json=ImportPath,Export", "./...")
	list.Stderr = &stderr
	list.Env = append(os.Environ(), "GOWORK=off")
	out, err := list.Output()
	require.NoError(t, err, stderr.String())
	exports := make(map[string]string)
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return exports
		} else {
			require.NoError(t, err)
		}
		exports[p.ImportPath] = p.Export
	}
}
