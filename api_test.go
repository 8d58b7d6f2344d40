package requests_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// apiFile lists the exported surface of the module. A change to the surface
// shows as a change to this file, which a reviewer cannot overlook.
const apiFile = "api.txt"

func TestAPI(t *testing.T) {
	surface := apiOf(t, ".")
	require.NotEmpty(t, surface)
	now := strings.Join(surface, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile(apiFile, []byte(now), 0o644))
		return
	}
	stored, err := os.ReadFile(apiFile)
	require.NoError(t, err)
	listed := strings.Split(strings.TrimSuffix(string(stored), "\n"), "\n")
	for _, line := range surface {
		if !slices.Contains(listed, line) {
			t.Errorf("exported and not in %s: %s", apiFile, line)
		}
	}
	for _, line := range listed {
		if !slices.Contains(surface, line) {
			t.Errorf("in %s and not exported any more: %s", apiFile, line)
		}
	}
	if t.Failed() {
		t.Log("If the change is meant: go test -run 'TestAPI$' -update . and a line in CHANGELOG.md")
		return
	}
	assert.Equal(t, now, string(stored), "%s is not as it would be written", apiFile)
}

func TestAPI_listing(t *testing.T) {
	assert.Equal(t, []string{
		`pkg things, const Answer untyped int = 42`,
		`pkg things, const Monday Day = 1`,
		`pkg things, const Sunday Day = 0`,
		`pkg things, func Map[T, U any](in []T, by func(T) U) []U`,
		`pkg things, type Alias = http.Header`,
		`pkg things, type Base struct`,
		`pkg things, type Base, field Shared int`,
		`pkg things, type Base, method (*Base) Change(to int, more ...string) error`,
		`pkg things, type Day int`,
		`pkg things, type Doer interface`,
		`pkg things, type Doer, embedded io.Closer`,
		`pkg things, type Doer, method (Doer) Do(*http.Request) error`,
		`pkg things, type Func func(a int, b int) (c int)`,
		`pkg things, type Number interface{~int | ~float64}`,
		`pkg things, type Outer struct`,
		`pkg things, type Outer, embedded *Base`,
		`pkg things, type Outer, embedded *http.Client`,
		`pkg things, type Outer, field Promoted string`,
		`pkg things, type Outer, method (Outer) Inherited() bool`,
		`pkg things, type Pair[K comparable, V any] struct`,
		`pkg things, type Pair[K comparable, V any], field Key K "tag:\"x\""`,
		`pkg things, type Pair[K comparable, V any], method (Pair[K comparable, V any]) Value() V`,
		`pkg things, type Sealed interface, with unexported methods`,
		`pkg things, var Default *Base`,
	}, apiOf(t, "testdata/api"))
}

// apiOf lists what the packages of the module in dir export, a line for each
// thing. Commands, examples and internal packages are not for importing. The
// compiler's own account is read, so that it is what a user compiles against.
func apiOf(t *testing.T, dir string) []string {
	t.Helper()
	var stderr bytes.Buffer
	list := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-json=ImportPath,Name,Export,Module", "./...")
	list.Dir, list.Stderr = dir, &stderr
	list.Env = append(os.Environ(), "GOWORK=off")
	out, err := list.Output()
	require.NoError(t, err, stderr.String())
	var own []string
	main, exports := "", make(map[string]string)
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Name, Export string
			Module                   *struct {
				Path string
				Main bool
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
		exports[p.ImportPath] = p.Export
		if p.Module != nil && p.Module.Main {
			main = p.Module.Path
			if p.Name != "main" && !strings.Contains(p.ImportPath+"/", "/internal/") && !strings.Contains(p.ImportPath, "/examples/") {
				own = append(own, p.ImportPath)
			}
		}
	}
	load := importer.ForCompiler(token.NewFileSet(), "gc", func(importPath string) (io.ReadCloser, error) {
		return os.Open(exports[importPath])
	})
	slices.Sort(own)
	var lines []string
	for _, importPath := range own {
		p, err := load.Import(importPath)
		require.NoError(t, err)
		name := strings.TrimPrefix(strings.TrimPrefix(importPath, main), "/")
		if name == "" {
			name = path.Base(main)
		}
		s := surface{prefix: "pkg " + name + ", ", main: main, in: p}
		for _, name := range p.Scope().Names() {
			if obj := p.Scope().Lookup(name); obj.Exported() {
				s.object(obj)
			}
		}
		slices.Sort(s.lines)
		lines = append(lines, slices.Compact(s.lines)...)
	}
	return lines
}

// surface gathers the lines of one package.
type surface struct {
	prefix, main string
	in           *types.Package
	lines        []string
}

func (s *surface) addf(format string, a ...any) {
	s.lines = append(s.lines, s.prefix+fmt.Sprintf(format, a...))
}

// by qualifies the names of other packages as their users write them.
func (s *surface) by(p *types.Package) string {
	if p == s.in {
		return ""
	}
	return p.Name()
}

func (s *surface) text(t types.Type) string { return types.TypeString(t, s.by) }

func (s *surface) object(obj types.Object) {
	switch obj := obj.(type) {
	case *types.Const:
		s.addf("const %s %s = %s", obj.Name(), s.text(obj.Type()), obj.Val().ExactString())
	case *types.Var:
		s.addf("var %s %s", obj.Name(), s.text(obj.Type()))
	case *types.Func:
		s.addf("func %s%s", obj.Name(), strings.TrimPrefix(s.text(obj.Type()), "func"))
	case *types.TypeName:
		s.typeName(obj)
	}
}

func (s *surface) typeName(obj *types.TypeName) {
	if obj.IsAlias() {
		s.addf("%s", types.ObjectString(obj, s.by))
		return
	}
	name, methods := s.text(obj.Type()), types.NewMethodSet(types.NewPointer(obj.Type()))
	switch u := obj.Type().Underlying().(type) {
	case *types.Struct:
		s.addf("type %s struct", name)
		s.fields(name, u)
	case *types.Interface:
		s.interfaceType(name, u)
		return
	default:
		s.addf("type %s %s", name, s.text(u))
	}
	for m := range methods.Methods() {
		if !m.Obj().Exported() || !hidden(obj.Type(), m.Index()) {
			continue
		}
		receiver := name
		if types.NewMethodSet(obj.Type()).Lookup(s.in, m.Obj().Name()) == nil {
			receiver = "*" + name
		}
		s.method(receiver, m.Obj())
	}
}

func (s *surface) method(receiver string, m types.Object) {
	s.addf("type %s, method (%s) %s%s", strings.TrimPrefix(receiver, "*"), receiver, m.Name(), strings.TrimPrefix(s.text(m.Type()), "func"))
}

// fields lists the fields of a struct, and as its own those of an embedded
// type that users cannot name. Those of one they can stand with that type.
func (s *surface) fields(name string, of *types.Struct) {
	for i := range of.NumFields() {
		f, tag := of.Field(i), ""
		if of.Tag(i) != "" {
			tag = fmt.Sprintf(" %q", of.Tag(i))
		}
		switch inner, isStruct := f.Type().Underlying().(*types.Struct); {
		case f.Exported() && f.Embedded():
			s.addf("type %s, embedded %s%s", name, s.text(f.Type()), tag)
		case f.Exported():
			s.addf("type %s, field %s %s%s", name, f.Name(), s.text(f.Type()), tag)
		case f.Embedded() && isStruct:
			s.fields(name, inner)
		}
	}
}

// hidden reports whether all that the way to a method leads through, if
// anything, are embedded types that users cannot name.
func hidden(t types.Type, way []int) bool {
	for _, i := range way[:len(way)-1] {
		if p, ok := t.(*types.Pointer); ok {
			t = p.Elem()
		}
		f := t.Underlying().(*types.Struct).Field(i)
		if f.Exported() {
			return false
		}
		t = f.Type()
	}
	return true
}

func (s *surface) interfaceType(name string, of *types.Interface) {
	if !of.IsMethodSet() {
		s.addf("type %s %s", name, s.text(of))
		return
	}
	sealed := ""
	for m := range of.ExplicitMethods() {
		if m.Exported() {
			s.method(name, m)
		} else {
			sealed = ", with unexported methods"
		}
	}
	for embedded := range of.EmbeddedTypes() {
		s.addf("type %s, embedded %s", name, s.text(embedded))
	}
	s.addf("type %s interface%s", name, sealed)
}
