package requests_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/seed-3bbad739/requests"

var (
	leaves     = []string{"adapters", "auth", "cookies", "hooks", "proxy"}
	companions = []string{"sse", "download", "aws", "examples", "bench", "docs"}
)

// layeringFaults reads the imports of every Go file below root and returns
// those that point up or sideways, each with its file. The floors: companions
// and examples stand on public packages, the root on leaves and ground, leaves
// on the ground alone, the ground on itself.
func layeringFaults(root string) (faults []string, files int, err error) {
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if base := d.Name(); rel != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "vendor") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") {
			return nil
		}
		files++
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if why := layeringFault(rel, imported); why != "" {
				faults = append(faults, fmt.Sprintf("%s imports %s: %s", rel, imported, why))
			}
		}
		return nil
	})
	return faults, files, err
}

// layeringFault says why file must not import imported; "" if it may.
func layeringFault(file, imported string) string {
	if imported != module && !strings.HasPrefix(imported, module+"/") {
		return ""
	}
	from := path.Dir(file)
	to := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/") // "": the root
	test := strings.HasSuffix(file, "_test.go")
	switch floor, _, _ := strings.Cut(from, "/"); {
	case from == ".":
		if slices.Contains(companions, firstPart(to)) {
			return "the root does not know its companions"
		}
		if test && to == "" || firstPart(to) == "internal" || slices.Contains(leaves, firstPart(to)) {
			return ""
		}
		return "the root stands on leaves and internal"
	case slices.Contains(leaves, floor):
		switch {
		case firstPart(to) == "internal":
			return ""
		case firstPart(to) == floor && (from != floor || test):
			return "" // a part of the leaf that uses it, or its tests
		case to == "":
			return "a leaf does not know the root"
		case firstPart(to) == floor:
			return "a leaf does not import what is built on it"
		}
		return "a leaf does not know other packages of ours than internal ones"
	case floor == "internal":
		if firstPart(to) == "internal" {
			return ""
		}
		return "internal packages know internal ones only"
	case slices.Contains(companions, floor):
		// Those of this module share its ground; what users build, or could,
		// stands on what users have.
		if firstPart(to) == "internal" && floor != "sse" && floor != "download" {
			return "companions use public packages only"
		}
		return ""
	case floor == "tools" || floor == "scripts":
		return ""
	}
	return "the directory has no floor: add it to this test"
}

func firstPart(dir string) string {
	f, _, _ := strings.Cut(dir, "/")
	return f
}

func TestLayering(t *testing.T) {
	faults, files, err := layeringFaults(".")
	require.NoError(t, err)
	assert.Empty(t, faults)
	assert.Greater(t, files, 50, "the files were found")
}

func TestLayering_SeesWhatIsAmiss(t *testing.T) {
	for _, c := range []struct {
		name, file, imports string
		fault               bool
	}{
		{"the root may use a leaf", "session.go", module + "/adapters", false},
		{"the root may use the ground", "session.go", module + "/internal/redact", false},
		{"the root does not use a companion", "session.go", module + "/sse", true},
		{"the root's tests use the root", "session_test.go", module, false},
		{"a leaf does not use the root", "auth/basic.go", module, true},
		{"a leaf's tests do not either", "auth/basic_test.go", module, true},
		{"a leaf does not use another", "auth/basic.go", module + "/adapters", true},
		{"a leaf's tests do not either, sideways", "auth/basic_test.go", module + "/cookies", true},
		{"a leaf may use the ground", "auth/basic.go", module + "/internal/redact", false},
		{"a leaf may use others' packages", "auth/oauth2.go", "golang.org/x/oauth2", false},
		{"a leaf's tests use the leaf", "auth/basic_test.go", module + "/auth", false},
		{"a leaf does not use its sub-package", "adapters/http.go", module + "/adapters/faults", true},
		{"its tests may", "adapters/http_test.go", module + "/adapters/adaptertest", false},
		{"a sub-package may use its leaf", "auth/sigv4/signer.go", module + "/auth", false},
		{"a sub-package does not use another leaf", "auth/sigv4/signer.go", module + "/adapters", true},
		{"nor the root", "adapters/adaptertest/run.go", module, true},
		{"the ground does not use a leaf", "internal/redact/redact.go", module + "/proxy", true},
		{"nor the root, in tests", "internal/redact/redact_test.go", module, true},
		{"the ground may use the ground", "internal/decode/decode.go", module + "/internal/drain", false},
		{"a companion may use the root", "sse/event.go", module, false},
		{"a companion may use a leaf", "download/file.go", module + "/adapters", false},
		{"a companion of this module shares its ground", "download/file.go", module + "/internal/again", false},
		{"one of its own module does not", "aws/session.go", module + "/internal/redact", true},
		{"nor does an example", "examples/hello/main.go", module + "/internal/origin", true},
		{"a package whose name begins like ours is another's", "auth/basic.go", module + "-extras", false},
		{"a directory that nobody has thought of", "plugins/x.go", module, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			file := filepath.Join(root, filepath.FromSlash(c.file))
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			require.NoError(t, os.WriteFile(file, []byte("package p\n\nimport _ "+strconv.Quote(c.imports)+"\n"), 0o644))
			faults, files, err := layeringFaults(root)
			require.NoError(t, err)
			assert.Equal(t, 1, files)
			if !c.fault {
				assert.Empty(t, faults)
				return
			}
			require.Len(t, faults, 1)
			assert.Contains(t, faults[0], c.file, "the file is named")
			assert.Contains(t, faults[0], c.imports, "and what it imports")
		})
	}
}
