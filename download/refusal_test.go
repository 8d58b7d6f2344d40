package download_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/download"
)

// A range that is not the one asked for is not written anywhere: the content
// is had anew.
func TestFile_RangesThatWereNotAskedFor(t *testing.T) {
	const rest, all = "bytes=30000-99999", ""
	for _, tt := range []struct{ name, contentRange string }{
		{"from elsewhere", "bytes 29999-99999/100000"},
		{"beyond what was asked for", "bytes 30000-100000/100001"},
		{"of content of another size", "bytes 30000-99999/100001"},
		{"that ends where it begins", "bytes 30000-29999/100000"},
		{"beyond its own content", "bytes 30000-99999/99999"},
		{"of no content", "bytes */100000"},
		{"of other units", "lines 30000-99999/100000"},
		{"that is none", "bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := newOrigin(t, size)
			path := filepath.Join(t.TempDir(), "f")
			interrupted(t, server, path, quick())
			server.then(turn{header: map[string]string{"Content-Range": tt.contentRange}}, turn{})
			result, err := download.File(t.Context(), newSession(t), server.URL+"/dir/f.bin", path, quick())
			require.NoError(t, err)
			holds(t, path, server.content)
			assert.Zero(t, result.Resumed)
			ranges := server.fields("Range")
			assert.Equal(t, rest, ranges[0])
			assert.Equal(t, all, ranges[len(ranges)-1])
		})
	}
}

// A journal that could not have been written claims nothing.
func TestParseJournal_refuses(t *testing.T) {
	const sound = `{"version":1,"resource":"r","validator":"\"v\"","size":10,"name":"f","segments":[{"start":0,"done":4,"end":10}]}`
	size, done, segments, err := download.ParseJournal([]byte(sound), 4)
	require.NoError(t, err)
	assert.Equal(t, []int64{10, 4, 1}, []int64{size, done, int64(segments)})
	for _, tt := range []struct{ name, old, new, want string }{
		{"no JSON", "{", "", "invalid character"},
		{"another version", `"version":1`, `"version":2`, "version 2"},
		{"no resource", `"resource":"r"`, `"resource":""`, "no resource"},
		{"no validator", `"\"v\""`, `""`, "no validator"},
		{"a validator that is no field's value", `"\"v\""`, `"a\nb"`, "no validator"},
		{"a size below none", `"size":10`, `"size":-2`, "no size"},
		{"a size that cannot be", `"size":10`, `"size":9223372036854775807`, "no size"},
		{"no segments", `[{"start":0,"done":4,"end":10}]`, `[]`, "0 segments"},
		{"too many segments", `[{"start":0,"done":4,"end":10}]`, "[" + strings.Repeat(`{"start":0,"done":0,"end":1},`, 2000) + `{}]`, "2001 segments"},
		{"a name that leads elsewhere", `"name":"f"`, `"name":"../f"`, "no file name"},
		{"a segment that does not begin at the beginning", `"start":0`, `"start":1`, "do not join"},
		{"a segment that goes backwards", `"done":4`, `"done":-1`, "do not join"},
		{"a segment that passes its end", `"done":4`, `"done":11`, "passes its end"},
		{"an empty segment", `"done":4,"end":10`, `"done":0,"end":0`, "is empty"},
		{"more than the file has", `"done":4`, `"done":5`, "more than the file has"},
		{"segments that do not fill the file", `"end":10`, `"end":9`, "do not fill"},
		{"an end where none is known", `"size":10`, `"size":-1`, "without an end"},
		{"a digest of an unknown algorithm", `"name":"f"`, `"digests":{"md4":"00"}`, `digest "md4"`},
		{"a digest that is no number", `"name":"f"`, `"digests":{"sha-256":"xx"}`, `digest "sha-256"`},
		{"a digest of another length", `"name":"f"`, `"digests":{"sha-256":"00"}`, `digest "sha-256"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Contains(t, sound, tt.old)
			_, _, _, err := download.ParseJournal([]byte(strings.Replace(sound, tt.old, tt.new, 1)), 4)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}
