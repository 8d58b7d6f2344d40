// Coverage reads a profile that go test -coverprofile wrote and prints how
// many statements were run, and each block that was not.
//
// left.txt names the blocks that no test is expected to reach, with the
// reason; those are counted and not printed. It fails when fewer than the
// given part of the statements was run.
package main

import (
	"bufio"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-3bbad739/requests/tools/internal/reasons"
)

func main() {
	least := flag.Float64("least", 95, "fail below this percentage")
	root := flag.String("root", "..", "the directory of the module")
	module := flag.String("module", "github.com/seed-3bbad739/requests", "its path")
	flag.Parse()
	if err := run(flag.Arg(0), *root, *module, *least); err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(1)
	}
}

func run(profile, root, module string, least float64) error {
	blocks, err := readProfile(profile, module)
	if err != nil {
		return err
	}
	left, err := reasons.Read(filepath.Join(root, "tools", "coverage", "left.txt"))
	if err != nil {
		return err
	}
	var all, run, expected, unexpected int
	sources := make(map[string]*source)
	for _, b := range blocks {
		all += b.statements
		if b.run {
			run += b.statements
			continue
		}
		s := sources[b.file]
		if s == nil {
			if s, err = readSource(filepath.Join(root, b.file)); err != nil {
				return err
			}
			sources[b.file] = s
		}
		name := b.file + " " + s.describe(b)
		if left[name] {
			expected += b.statements
			continue
		}
		unexpected += b.statements
		fmt.Printf("%s:%d: not run: %s\n", b.file, b.from.line, name)
	}
	if all == 0 {
		return errors.New("the profile is empty")
	}
	part := 100 * float64(run) / float64(all)
	fmt.Printf("%d of %d statements were run, %.1f %%; %d of the others are accounted for in left.txt, %d are not\n",
		run, all, part, expected, unexpected)
	if part < least {
		return fmt.Errorf("less than %.1f %%", least)
	}
	return nil
}

// block is a run of statements without a branch.
type block struct {
	file       string // below the module
	from, to   place
	statements int
	run        bool
}

type place struct{ line, column int }

// readProfile returns the blocks of a profile, in which each may come several
// times, once for each package whose tests were run.
func readProfile(name, module string) ([]*block, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	type key struct {
		file     string
		from, to place
	}
	found := make(map[key]*block)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "mode:") {
			continue
		}
		var b block
		var times int
		colon := strings.LastIndexByte(line, ':')
		if colon < 0 {
			return nil, fmt.Errorf("no profile: %q", line)
		}
		b.file = strings.TrimPrefix(line[:colon], module+"/")
		if _, err := fmt.Sscanf(line[colon+1:], "%d.%d,%d.%d %d %d",
			&b.from.line, &b.from.column, &b.to.line, &b.to.column, &b.statements, &times); err != nil {
			return nil, fmt.Errorf("no profile: %q: %w", line, err)
		}
		k := key{b.file, b.from, b.to}
		if found[k] == nil {
			found[k] = &b
		}
		found[k].run = found[k].run || times > 0
	}
	var blocks []*block
	for _, b := range found {
		blocks = append(blocks, b)
	}
	slices.SortFunc(blocks, func(a, b *block) int {
		return cmp.Or(cmp.Compare(a.file, b.file), a.from.line-b.from.line, a.from.column-b.from.column)
	})
	return blocks, lines.Err()
}

// source is a file, to say in words where a block is: line numbers change.
type source struct {
	lines []string
	file  *ast.File
	set   *token.FileSet
}

func readSource(name string) (*source, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	s := &source{lines: strings.Split(string(text), "\n"), set: token.NewFileSet()}
	s.file, err = parser.ParseFile(s.set, name, text, parser.SkipObjectResolution)
	return s, err
}

// maxText is as much of a block as tells it from others.
const maxText = 100

// describe returns the function that b is in, and b's text.
func (s *source) describe(b *block) string {
	function := ""
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && s.set.Position(f.Pos()).Line <= b.from.line && b.from.line <= s.set.Position(f.End()).Line {
			function = f.Name.Name
		}
	}
	// A block begins at its brace or behind its case, so that what leads to it
	// stands before it on the line.
	lines := slices.Clone(s.lines[b.from.line-1 : b.to.line])
	lines[len(lines)-1] = lines[len(lines)-1][:min(b.to.column-1, len(lines[len(lines)-1]))]
	text := strings.Join(strings.Fields(strings.Join(lines, " ")), " ")
	if len(text) > maxText {
		text = text[:maxText]
	}
	return function + ": " + strings.TrimSpace(text)
}
