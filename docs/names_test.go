package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/cookies"
)

var (
	qualifiedName = regexp.MustCompile(`\b(requests|adapters|adaptertest|auth|sigv4|cookies|hooks|proxy|sse|download|aws)\.([A-Z]\w*)`)
	bareName      = regexp.MustCompile(`(?:^|[^.\w])((?:With|Without|Err)[A-Z]\w*)`)
	memberName    = regexp.MustCompile(`\b(session|resp|jar)\.([A-Z]\w*)`)
)

// What the prose of pages names in code marks is there: a function, an option
// or an error of a package, a method or a field of a session, a response, a jar.
func TestNames(t *testing.T) {
	packages := map[string]map[string]bool{}
	all := make(map[string]bool)
	for name, dir := range map[string]string{
		"requests": "", "adapters": "adapters", "adaptertest": "adapters/adaptertest", "auth": "auth", "sigv4": "auth/sigv4",
		"cookies": "cookies", "hooks": "hooks", "proxy": "proxy", "sse": "sse", "download": "download", "aws": "aws",
	} {
		var methods map[string]bool
		packages[name], methods = exported(t, filepath.Join(root(t), dir))
		maps.Copy(all, packages[name])
		maps.Copy(all, methods)
	}
	members := map[string]reflect.Type{
		"session": reflect.TypeFor[*requests.Session](), "resp": reflect.TypeFor[*requests.Response](), "jar": reflect.TypeFor[*cookies.Jar](),
	}
	placeholder := regexp.MustCompile(`^(With|Err)?X$`)
	seen := 0
	for _, p := range pages(t) {
		for _, code := range p.codes {
			for _, m := range qualifiedName.FindAllStringSubmatch(code.text, -1) {
				if seen++; !packages[m[1]][m[2]] && !placeholder.MatchString(m[2]) {
					t.Errorf("%s:%d: there is no %s", p.path, code.line, m[0])
				}
			}
			for _, m := range bareName.FindAllStringSubmatch(code.text, -1) {
				if seen++; !all[m[1]] && !placeholder.MatchString(m[1]) {
					t.Errorf("%s:%d: no package has %s", p.path, code.line, m[1])
				}
			}
			for _, m := range memberName.FindAllStringSubmatch(code.text, -1) {
				if seen++; !has(members[m[1]], m[2]) {
					t.Errorf("%s:%d: %v has no %s", p.path, code.line, members[m[1]], m[2])
				}
			}
		}
	}
	require.Greater(t, seen, 100, "the pages name things")
}

// exported returns the names that the package in dir exports, and those of
// methods.
func exported(t *testing.T, dir string) (names, methods map[string]bool) {
	names, methods = make(map[string]bool), make(map[string]bool)
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range f.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Recv == nil {
					names[decl.Name.Name] = true
				} else {
					methods[decl.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						names[spec.Name.Name] = true
					case *ast.ValueSpec:
						for _, id := range spec.Names {
							names[id.Name] = true
						}
					}
				}
			}
		}
	}
	require.NotEmpty(t, names, dir)
	return names, methods
}

// has reports whether a pointer to a struct has a method or a field.
func has(t reflect.Type, name string) bool {
	if _, ok := t.MethodByName(name); ok {
		return true
	}
	_, ok := t.Elem().FieldByName(name)
	return ok
}
