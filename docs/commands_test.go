package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Commands of pages name make targets, directories and scripts that exist.
// They are not run: .ci/run does that with most of them.
func TestCommands(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root(t), "Makefile"))
	require.NoError(t, err)
	targets := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^([a-z][a-z-]*):`).FindAllStringSubmatch(string(makefile), -1) {
		targets[m[1]] = true
	}
	seen := 0
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.lang != "sh" && b.lang != "" {
				continue
			}
			for line := range strings.Lines(b.text) {
				line, _, _ = strings.Cut(line, " #")
				dir := root(t)
				for command := range strings.SplitSeq(line, "&&") {
					words := strings.Fields(strings.Trim(command, "()"))
					// A variable before a command, as in FUZZTIME=10s make fuzz.
					for len(words) > 0 && regexp.MustCompile(`^[A-Z_]+=`).MatchString(words[0]) {
						words = words[1:]
					}
					if len(words) == 0 || b.lang == "" && words[0] != "make" && words[0] != "go" && words[0] != "cd" {
						continue
					}
					seen++
					dir = checkCommand(t, b, dir, words, targets)
				}
			}
		}
	}
	require.Greater(t, seen, 5, "the pages have commands")
}

// checkCommand reports what of a command does not exist. It returns the
// directory that the next one runs in.
func checkCommand(t *testing.T, b *block, dir string, words []string, targets map[string]bool) string {
	exists := func(path string) {
		path = strings.TrimSuffix(path, "...")
		if _, err := os.Stat(filepath.Join(dir, path)); err != nil {
			t.Errorf("%s: %q: there is no %s", b.name(), strings.Join(words, " "), path)
		}
	}
	switch program := words[0]; {
	case program == "cd":
		exists(words[1])
		return filepath.Join(dir, words[1])
	case program == "make":
		for _, word := range words[1:] {
			if !strings.Contains(word, "=") && !targets[word] {
				t.Errorf("%s: the Makefile has no target %s", b.name(), word)
			}
		}
	case strings.HasPrefix(program, "./"):
		exists(program)
	case program == "go":
		args := words[1:]
		if len(args) > 1 && args[0] == "-C" {
			exists(args[1])
			dir, args = filepath.Join(dir, args[1]), args[2:]
		}
		if args[0] == "mod" || args[0] == "get" || args[0] == "doc" {
			break // works on modules and names, which the Go blocks are the test of
		}
		for _, arg := range args[1:] {
			if strings.HasPrefix(arg, "./") {
				exists(arg)
			}
		}
	case program == "mkdir", program == "curl", program == "git", program == "openssl", program == "docker":
	default:
		t.Errorf("%s: no rule for the command %s", b.name(), program)
	}
	return dir
}
