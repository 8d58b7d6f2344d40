package reasons_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-3bbad739/requests/tools/internal/reasons"
)

func TestRead(t *testing.T) {
	for _, tt := range []struct{ name, text, want, fails string }{
		{"nothing", "", "", ""},
		{"a reason holds for the lines behind it", "# why\none\ntwo\n\n# why\nthree\n", "one three two", ""},
		{"a line without a reason", "one\n", "", "list:1: no reason"},
		{"a line behind an empty line", "# why\none\n\ntwo\n", "", "list:4: no reason"},
		{"a line twice", "# why\none\none\n", "", "list:3: it is listed twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "list")
			if err := os.WriteFile(name, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := reasons.Read(name)
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("error %v, not %q", err, tt.fails)
				}
				return
			}
			if s := strings.Join(slices.Sorted(maps.Keys(got)), " "); err != nil || s != tt.want {
				t.Errorf("%q, %v; not %q", s, err, tt.want)
			}
		})
	}
}
