package bench_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSameWork runs every client through every scenario, with every request
// inspected.
func TestSameWork(t *testing.T) {
	for i := range scenarios {
		sc := &scenarios[i]
		for _, k := range contenders {
			if slices.Contains(k.lacks, sc.name) {
				continue
			}
			t.Run(sc.name+"/"+k.name, func(t *testing.T) {
				w := newWork(t, sc)
				s := sc.setup
				if sc.network {
					server := httptest.NewServer(newHandler())
					defer server.Close()
					s.base = server.URL
				} else {
					s.base, s.memory = memoryBase, &memory{inspect: expected}
					s.transport = s.memory
				}
				c := k.new(s)
				defer c.close()
				for range 2 {
					require.NoError(t, sc.run(t.Context(), c, w))
				}
				if sc.name == "Download64MiB" {
					f, err := os.ReadFile(filepath.Join(w.dir, "downloaded"))
					require.NoError(t, err)
					require.Len(t, f, downloadPieces*len(large()))
				}
				if sc.name == "OverheadGetJSON" || sc.name == "GetJSON" {
					var d document
					require.NoError(t, c.getJSON(t.Context(), "/json", &d))
					require.Equal(t, theDocument, &d)
				}
				if sc.name == "OverheadPostJSON" || sc.name == "PostJSON" {
					got, err := c.postJSON(t.Context(), "/orders", theOrder)
					require.NoError(t, err)
					require.Equal(t, theOrder, &got)
				}
			})
		}
	}
}
