package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRun(t *testing.T) {
	const source = "package p\n\nfunc f(a bool) {\n\tif a {\n\t\tg()\n\t}\n}\n"
	const profile = "mode: set\nexample.test/m/p.go:3.16,4.7 9 1\nexample.test/m/p.go:4.7,6.3 1 0\nexample.test/m/p.go:3.16,4.7 9 0\n"
	for _, tt := range []struct {
		name, profile, left string
		least               float64
		want                string
	}{
		{"enough", profile, "", 90, ""},
		{"too little", profile, "", 90.1, "less than 90.1 %"},
		{"what is left is named", profile, "# why\np.go f: if a { g() }\n", 90, ""},
		{"what is left has no reason", profile, "p.go f: if a { g() }\n", 90, "no reason"},
		{"no profile", "nonsense\n", "", 90, "no profile"},
		{"an empty profile", "mode: set\n", "", 0, "empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			write(t, filepath.Join(root, "p.go"), source)
			write(t, filepath.Join(root, "tools/coverage/left.txt"), tt.left)
			write(t, filepath.Join(root, "profile"), tt.profile)
			err := run(filepath.Join(root, "profile"), root, "example.test/m", tt.least)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, not %q", err, tt.want)
			}
		})
	}
}
