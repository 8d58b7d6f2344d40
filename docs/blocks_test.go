package docs_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The marks of blocks are those that mean something to the tests, and every
// block of text is the output of another.
func TestMarks(t *testing.T) {
	languages := []string{"", "go", "python", "sh", "text", "json", "http", "xml", "yaml", "ini"}
	for _, p := range pages(t) {
		printed := make(map[*block]bool)
		for _, b := range p.blocks {
			assert.Contains(t, languages, b.lang, b.name())
			assert.Contains(t, []string{"", "compile-only"}, b.option, b.name())
			if b.lang == "go" || b.lang == "python" {
				printed[expected(b)] = b.option == "" || printed[expected(b)]
			}
		}
		for _, b := range p.blocks {
			if b.lang == "text" && !printed[b] {
				t.Errorf("%s: no block before it prints this", b.name())
			}
		}
	}
}

// Every block of Go compiles, with go vet; what can be run is, and prints what
// the page says it prints.
func TestGoBlocks(t *testing.T) {
	pre := readPreamble(t)
	dir := t.TempDir()
	module(t, dir)

	var snippets []*snippet
	needs := make(map[string]map[string]bool) // of the preamble, by package
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.lang != "go" {
				continue
			}
			s, err := newSnippet(b, pre)
			if !assert.NoError(t, err) {
				continue
			}
			name := b.ident() + ".go"
			if s.kind == tests {
				name = b.ident() + "_test.go"
			}
			write(t, filepath.Join(dir, s.pkg, name), s.source)
			if needs[s.pkg] == nil {
				needs[s.pkg] = make(map[string]bool)
			}
			maps.Copy(needs[s.pkg], s.needs)
			snippets = append(snippets, s)
		}
	}
	require.NotEmpty(t, snippets)
	for pkg, names := range needs {
		if len(names) > 0 {
			write(t, filepath.Join(dir, pkg, "preamble.go"), pre.file(t, pkg, names))
		}
	}
	write(t, filepath.Join(dir, "blocks", "main.go"), dispatcher(snippets))

	// A block may well end in code that the rest of a function follows.
	if out, err := goTool(t, dir, "vet", "-unreachable=false", "./..."); err != nil {
		t.Fatalf("the blocks do not compile: %v\n%s", err, out)
	}
	bin := filepath.Join(dir, "bin") + string(filepath.Separator)
	require.NoError(t, os.Mkdir(bin, 0o755))
	out, err := goTool(t, dir, "build", "-ldflags=-s -w", "-o", bin, "./...")
	require.NoError(t, err, "%s", out)

	for _, s := range snippets {
		if s.option == "compile-only" {
			continue
		}
		var command []string
		switch s.kind {
		case program:
			command = []string{bin + s.pkg}
		case statements:
			command = []string{bin + "blocks", s.ident()}
		case tests:
			command = []string{bin + s.pkg + ".test"}
			out, err := goTool(t, dir, "test", "-c", "-o", command[0], "./"+s.pkg)
			require.NoError(t, err, "%s", out)
		default:
			continue
		}
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			stdout := run(t, command, nil)
			if s.kind != tests {
				compare(t, s.block, stdout)
			}
		})
	}
}

// Every block of Python runs with the real requests and prints what the page
// says it prints.
func TestPythonBlocks(t *testing.T) {
	python := python(t)
	preamble, err := filepath.Abs("testdata/preamble.py")
	require.NoError(t, err)
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.lang != "python" || b.option == "compile-only" {
				continue
			}
			t.Run(b.name(), func(t *testing.T) {
				t.Parallel()
				const script = `import sys
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"))
exec(compile("\n" * int(sys.argv[3]) + sys.stdin.read(), sys.argv[2], "exec"))
`
				stdout := run(t, []string{python, "-c", script, preamble, p.path, fmt.Sprint(b.line - 1)}, strings.NewReader(b.text))
				compare(t, b, stdout)
			})
		}
	}
}

// python returns a Python that has requests.
func python(t *testing.T) string {
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	if out, err := exec.Command(path, "-c", "import requests").CombinedOutput(); err != nil {
		t.Skipf("python3 has no requests: %s", out)
	}
	return path
}

// module makes dir a module that depends on what this one does.
func module(t *testing.T, dir string) {
	mod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	abs := regexp.MustCompile(`=> (\.\./\S*)`).ReplaceAllStringFunc(string(mod), func(s string) string {
		return "=> " + filepath.Join(root(t), strings.TrimPrefix(s, "=> ../"))
	})
	write(t, filepath.Join(dir, "go.mod"), abs)
	sum, err := os.ReadFile("go.sum")
	require.NoError(t, err)
	write(t, filepath.Join(dir, "go.sum"), string(sum))
}

// dispatcher is a program that runs the one of the statements that its argument
// names: linking one program is quicker than linking many.
func dispatcher(snippets []*snippet) string {
	packages := make(map[string]bool)
	var cases strings.Builder
	for _, s := range snippets {
		if s.kind == statements {
			packages[s.pkg] = true
			fmt.Fprintf(&cases, "\tcase %q:\n\t\terr = %s.%s()\n", s.ident(), s.pkg, functionName(s.block))
		}
	}
	var out strings.Builder
	out.WriteString("package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n")
	for _, page := range slices.Sorted(maps.Keys(packages)) {
		fmt.Fprintf(&out, "\t%q\n", "github.com/seed-3bbad739/requests/docs/"+page)
	}
	fmt.Fprintf(&out, ")\n\nfunc main() {\n\tvar err error\n\tswitch os.Args[1] {\n%s\t}\n", cases.String())
	out.WriteString("\tif err != nil {\n\t\tfmt.Fprintln(os.Stderr, err)\n\t\tos.Exit(1)\n\t}\n}\n")
	return out.String()
}

func write(t *testing.T, file, content string) {
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
}

// goTool runs a command of go in dir. Without the paths in what is built, the
// build cache serves the next run.
func goTool(t *testing.T, dir string, args ...string) (output []byte, err error) {
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-trimpath")
	return cmd.CombinedOutput()
}

// run runs a command in a directory and an environment of its own, in which
// every host of the world is hosts. It returns what the command prints.
func run(t *testing.T, command []string, stdin *strings.Reader) string {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	world := newWorld(t)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = world.dir
	cmd.Env = world.environment
	if stdin != nil {
		cmd.Stdin = stdin
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Errorf("%v\n%s%s", err, stdout.String(), stderr.String())
	}
	for _, lost := range world.unknown() {
		t.Errorf("no route for %s: see hosts_test.go", lost)
	}
	return stdout.String()
}

// compare holds what a block printed against the block of text that follows it.
// An ellipsis in the text stands for anything within a line.
func compare(t *testing.T, b *block, stdout string) {
	want := expected(b)
	if want == nil {
		return
	}
	pattern := regexp.QuoteMeta(strings.TrimSpace(want.text))
	pattern = "^" + strings.ReplaceAll(pattern, "…", ".*") + "$"
	if !regexp.MustCompile(pattern).MatchString(strings.TrimSpace(stdout)) {
		t.Errorf("%s: the page says\n%s\nit printed\n%s", want.name(), want.text, stdout)
	}
}

// expected returns the block of text that says what b prints: the next one of
// the section. A block of Python may have a block of Go between, which then
// prints the same.
func expected(b *block) *block {
	blocks := b.page.blocks
	for i := slices.Index(blocks, b) + 1; i < len(blocks) && blocks[i].section == b.section; i++ {
		switch {
		case blocks[i].lang == "text":
			return blocks[i]
		case b.lang == "python" && blocks[i].lang == "go" && blocks[i-1] == b:
		default:
			return nil
		}
	}
	return nil
}
