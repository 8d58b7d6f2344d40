package docs_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The page for users of requests names, in the section where one would look,
// everything that requests exports, as requests itself tells.
func TestPythonSurface(t *testing.T) {
	out, err := exec.Command(python(t), "testdata/surface.py").Output()
	require.NoError(t, err)
	var surface struct {
		Version  string
		Sections map[string][]string
		Codes    []int
	}
	require.NoError(t, json.Unmarshal(out, &surface))
	require.NotEmpty(t, surface.Sections)

	content, err := os.ReadFile("from-python-requests.md")
	require.NoError(t, err)
	sections := make(map[string]string)
	for _, section := range strings.Split(string(content), "\n#") {
		heading, text, _ := strings.Cut(strings.TrimLeft(section, "# "), "\n")
		sections[heading] += text
	}
	for section, names := range surface.Sections {
		t.Run(section, func(t *testing.T) {
			text, ok := sections[section]
			require.True(t, ok, "the page has no section %q", section)
			require.NotEmpty(t, names)
			for _, name := range names {
				if !strings.Contains(text, "`"+name+"`") {
					t.Errorf("requests %s has %s, and the page does not say what became of it", surface.Version, name)
				}
			}
		})
	}
	t.Run("Status codes", func(t *testing.T) {
		for _, code := range surface.Codes {
			if http.StatusText(code) == "" {
				assert.Contains(t, sections["Status codes"], "`"+strconv.Itoa(code)+"`", "net/http has no name for it")
			}
		}
	})
}
