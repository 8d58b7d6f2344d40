package main

import (
	"fmt"
	"os"
	"strings"
)

// A rule names a file whose conditions are put wrong and who must notice.
type rule struct {
	file      string
	functions []string // nil: all
	tests     []tests
}

// tests are those of a package that match run, and not skip unless it is "".
type tests struct{ dir, run, skip string }

func (t tests) String() string { return strings.TrimSpace(t.dir + " " + t.run) }

// readRules reads groups of lines: files, each perhaps followed by a colon and
// functions, and then, indented, the tests in the order in which they are
// tried: a directory, and perhaps patterns of the tests to run and, behind a
// minus, to skip.
func readRules(name string) ([]rule, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var rules []rule
	first := 0 // of the group
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '\t':
			var t tests
			for i, word := range strings.Fields(line) {
				switch skip, ok := strings.CutPrefix(word, "-"); {
				case i == 0:
					t.dir = word
				case ok:
					t.skip = skip
				default:
					t.run = word
				}
			}
			for i := first; i < len(rules); i++ {
				rules[i].tests = append(rules[i].tests, t)
			}
		default:
			if n := len(rules); n > 0 && rules[n-1].tests != nil {
				first = n
			}
			file, functions, _ := strings.Cut(line, ":")
			rules = append(rules, rule{file: file, functions: strings.Fields(functions)})
		}
	}
	if n := len(rules); n == 0 || rules[n-1].tests == nil {
		return nil, fmt.Errorf("%s: it ends without tests", name)
	}
	return rules, nil
}
