package download_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/download"
)

func TestContentRange(t *testing.T) {
	for _, c := range []struct {
		value             string
		first, last, size int64
		err               string
	}{
		{"bytes 0-9/10", 0, 9, 10, ""},
		{"bytes 5-5/6", 5, 5, 6, ""},
		{"Bytes 0-9/*", 0, 9, -1, ""},
		{" bytes 0-9/10 ", 0, 9, 10, ""},
		{"", 0, 0, 0, "no range of bytes"},
		{"bytes", 0, 0, 0, "no range of bytes"},
		{"items 0-9/10", 0, 0, 0, "no range of bytes"},
		{"bytes=0-9/10", 0, 0, 0, "no range of bytes"},
		{"bytes 0-9", 0, 0, 0, "no size"},
		{"bytes */10", 0, 0, 0, "no range"},
		{"bytes 9-0/10", 0, 0, 0, "ends before it begins"},
		{"bytes 0-10/10", 0, 0, 0, "ends after the content does"},
		{"bytes -1-9/10", 0, 0, 0, "first position"},
		{"bytes +0-9/10", 0, 0, 0, "first position"},
		{"bytes 0-9x/10", 0, 0, 0, "last position"},
		{"bytes 0-9/-1", 0, 0, 0, "size is no number"},
		{"bytes 0-9/", 0, 0, 0, "size is no number"},
		{"bytes 0-9223372036854775807/*", 0, 0, 0, "last position"},
		{"bytes 0-99999999999999999999/*", 0, 0, 0, "last position"},
		{"bytes 0-9/10, bytes 20-29/30", 0, 0, 0, "size is no number"},
	} {
		t.Run(c.value, func(t *testing.T) {
			first, last, size, err := download.ParseContentRange(c.value)
			if c.err != "" {
				require.ErrorIs(t, err, download.ErrRange)
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, []int64{c.first, c.last, c.size}, []int64{first, last, size})
		})
	}
}

func FuzzContentRange(f *testing.F) {
	for _, v := range []string{"bytes 0-9/10", "bytes 0-9/*", "bytes */10", "bytes 9-0/4611686018427387904"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		first, last, size, err := download.ParseContentRange(v)
		if err != nil {
			require.ErrorIs(t, err, download.ErrRange)
			return
		}
		// It is a range, in numbers that can be calculated with, and what is
		// written of it is read as the same.
		require.True(t, 0 <= first && first <= last && last < 1<<62 && (size == -1 || last < size && size < 1<<62))
		total := fmt.Sprint(size)
		if size < 0 {
			total = "*"
		}
		f2, l2, s2, err := download.ParseContentRange(fmt.Sprintf("bytes %d-%d/%s", first, last, total))
		require.NoError(t, err)
		require.Equal(t, [3]int64{first, last, size}, [3]int64{f2, l2, s2})
	})
}

func TestStrongValidator(t *testing.T) {
	const date, minuteBefore, secondBefore = "Wed, 04 Mar 2026 05:07:07 GMT", "Wed, 04 Mar 2026 05:06:07 GMT", "Wed, 04 Mar 2026 05:07:06 GMT"
	for _, c := range []struct {
		name                     string
		etag, modified, dateSent string
		want                     string
	}{
		{"a strong tag", `"a"`, "", "", `"a"`},
		{"an empty tag", `""`, "", "", `""`},
		{"a weak tag", `W/"a"`, "", "", ""},
		{"a weak tag does not give way to a date", `W/"a"`, minuteBefore, date, ""},
		{"a tag without quotes", `a`, "", "", ""},
		{"half a tag", `"`, "", "", ""},
		{"a tag with a control", "\"a\x01\"", "", "", ""},
		{"a date a minute back", "", minuteBefore, date, minuteBefore},
		{"a date a second back", "", secondBefore, date, ""},
		{"a date without the time it was sent", "", minuteBefore, "", ""},
		{"a date that is none", "", "yesterday", date, ""},
		{"nothing", "", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := http.Header{"Etag": {c.etag}, "Last-Modified": {c.modified}, "Date": {c.dateSent}}
			assert.Equal(t, c.want, download.StrongValidator(h))
		})
	}
}

func TestParseDigests(t *testing.T) {
	const empty256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	for _, c := range []struct {
		name  string
		lines []string
		names []string
		err   bool
	}{
		{"none", nil, nil, false},
		{"one", []string{"sha-256=:" + empty256 + ":"}, []string{"sha-256"}, false},
		{"unknown ones", []string{"md5=:1B2M2Y8AsgTpgAmY7PhCfg==:, unixsum=:AA==:", "x"}, nil, false},
		{"among others, on several lines, with parameters", []string{"md5=:AA==:,\tsha-256=:" + empty256 + ":;a=b", "crc32c=:AA==:"}, []string{"sha-256"}, false},
		{"without padding", []string{"sha-256=:" + strings.TrimRight(empty256, "=") + ":"}, []string{"sha-256"}, false},
		{"names are case-sensitive", []string{"SHA-256=:" + empty256 + ":"}, nil, false},
		{"not a byte sequence", []string{"sha-256=" + empty256}, nil, true},
		{"not base64", []string{"sha-256=:!:"}, nil, true},
		{"of the wrong length", []string{"sha-512=:" + empty256 + ":"}, nil, true},
		{"without a value", []string{"sha-256"}, nil, true},
		{"a lone colon", []string{"sha-256=:"}, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := download.ParseDigests(http.Header{"Repr-Digest": c.lines}, "Repr-Digest")
			if c.err {
				require.ErrorIs(t, err, download.ErrDigest)
				return
			}
			require.NoError(t, err)
			var names []string
			for name := range got {
				names = append(names, name)
			}
			assert.Equal(t, c.names, names)
		})
	}
}

func FuzzParseDigests(f *testing.F) {
	f.Add("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:, md5=:AA==:")
	f.Add("sha-512=::;,=")
	f.Fuzz(func(t *testing.T, v string) {
		got, err := download.ParseDigests(http.Header{"Content-Digest": {v}}, "Content-Digest")
		if err != nil {
			require.ErrorIs(t, err, download.ErrDigest)
			return
		}
		for name, sum := range got {
			require.Len(t, sum, map[string]int{"sha-256": 32, "sha-512": 64}[name])
		}
	})
}

func FuzzParseJournal(f *testing.F) {
	f.Add([]byte(`{"version":1,"resource":"r","validator":"\"v\"","size":10,"segments":[{"start":0,"done":5,"end":6},{"start":6,"done":6,"end":10}]}`), int64(5))
	f.Add([]byte(`{"version":1,"resource":"r","validator":"\"v\"","size":-1,"segments":[{"start":0,"done":5,"end":-1}]}`), int64(5))
	f.Fuzz(func(t *testing.T, text []byte, length int64) {
		size, done, segments, err := download.ParseJournal(text, length)
		if err != nil {
			return
		}
		require.True(t, segments >= 1 && segments <= 64)
		require.True(t, done >= 0 && (size == -1 || done <= size))
		require.True(t, done <= max(length, 0), "no more is claimed than the file has")
	})
}
