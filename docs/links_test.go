package docs_test

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var testName = regexp.MustCompile(`^(Test|Benchmark|Fuzz|Example)\w+$`)

// Every link to a file of the repository leads to one, to a heading of it if it
// names one, and to the test that is the text of the link.
func TestLinks(t *testing.T) {
	all := make(map[string]*page)
	for _, p := range pages(t) {
		all[p.file] = p
	}
	for _, p := range all {
		for _, l := range p.links {
			u, err := url.Parse(l.target)
			if !assert.NoError(t, err, "%s:%d", p.path, l.line) || u.Scheme != "" {
				continue
			}
			target := p.file
			if u.Path != "" {
				target = filepath.Join(filepath.Dir(p.file), filepath.FromSlash(u.Path))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s:%d: %s leads nowhere", p.path, l.line, l.target)
				continue
			}
			if name := l.text; testName.MatchString(name) && strings.HasSuffix(target, ".go") {
				content, err := os.ReadFile(target)
				require.NoError(t, err)
				if !strings.Contains(string(content), "func "+name+"(") {
					t.Errorf("%s:%d: %s has no %s", p.path, l.line, u.Path, name)
				}
			}
			if to := all[target]; to != nil && u.Fragment != "" && !to.slugs[u.Fragment] {
				t.Errorf("%s:%d: %s has no heading #%s", p.path, l.line, to.path, u.Fragment)
			}
		}
	}
}
