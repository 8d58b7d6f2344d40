// Package reasons reads lists in which every line has its reason.
package reasons

import (
	"fmt"
	"os"
	"strings"
)

// Read returns the lines of a file that stand behind a reason: a line that
// begins with #, which holds up to the next empty line.
func Read(name string) (map[string]bool, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	listed, reason, n := make(map[string]bool), false, 0
	for line := range strings.Lines(string(text)) {
		n++
		switch line = strings.TrimSpace(line); {
		case line == "":
			reason = false
		case line[0] == '#':
			reason = true
		case !reason:
			return nil, fmt.Errorf("%s:%d: no reason is given", name, n)
		case listed[line]:
			return nil, fmt.Errorf("%s:%d: it is listed twice", name, n)
		default:
			listed[line] = true
		}
	}
	return listed, nil
}
