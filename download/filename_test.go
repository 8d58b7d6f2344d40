package download_test

import (
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/download"
)

func TestServerName(t *testing.T) {
	for _, c := range []struct{ name, field, path, want string }{
		{"a token", "attachment; filename=a.txt", "/x", "a.txt"},
		{"a quoted string", `attachment; filename="a b.txt"`, "/x", "a b.txt"},
		{"inline too", `inline; filename="a.txt"`, "/x", "a.txt"},
		{"filename* comes first", `attachment; filename="EURO.txt"; filename*=UTF-8''%e2%82%ac.txt`, "/x", "€.txt"},
		{"without a name the path's last segment", "attachment", "/dir/a%20b.zip", "a b.zip"},
		{"and without the field", "", "/dir/b.zip", "b.zip"},
		{"the base name of a path", `attachment; filename="/etc/cron.d/job"`, "/x", "job"},
		{"of one that leads upwards", `attachment; filename="../../../etc/passwd"`, "/x", "passwd"},
		{"of a Windows path", `attachment; filename="C:\\Windows\\win.ini"`, "/x", "win.ini"},
		{"of an escaped path", `attachment; filename*=UTF-8''..%2F..%2Fx.txt`, "/x", "x.txt"},
		{"of an escaped slash in the URL", "", "/a%2Fb", "b"},

		{"a field that is none", "attachment; filename=a b.txt", "/x", ""},
		{"a directory in the URL", "", "/dir/", ""},
		{"nothing in the URL", "", "", ""},
		{"a directory in the field", `attachment; filename="dir/"`, "/x", ""},
		{"a dot", `attachment; filename="."`, "/x", ""},
		{"two dots", `attachment; filename=".."`, "/x", ""},
		{"hidden", `attachment; filename=".bashrc"`, "/x", ""},
		{"an option", `attachment; filename="-rf"`, "/x", ""},
		{"a line end", `attachment; filename*=UTF-8''a%0Ab`, "/x", ""},
		{"NUL", `attachment; filename*=UTF-8''a%00.txt`, "/x", ""},
		{"an escape sequence", `attachment; filename*=UTF-8''a%1B%5B2J`, "/x", ""},
		{"an override of direction", `attachment; filename*=UTF-8''a%E2%80%AEtxt.exe`, "/x", ""},
		{"no UTF-8", "attachment; filename=\"a\xff\"", "/x", ""},
		{"a stream of NTFS", `attachment; filename="a.txt:evil"`, "/x", ""},
		{"a wildcard", `attachment; filename="*"`, "/x", ""},
		{"a space at the end", `attachment; filename="a.txt "`, "/x", ""},
		{"a dot at the end", `attachment; filename="a.txt."`, "/x", ""},
		{"a device", `attachment; filename="NUL"`, "/x", ""},
		{"a device with an extension", `attachment; filename="com1.txt"`, "/x", ""},
		{"a device with two", `attachment; filename="aux.tar.gz"`, "/x", ""},
		{"a device in superscript", `attachment; filename*=UTF-8''LPT%C2%B9`, "/x", ""},
		{"what only begins like a device", `attachment; filename="com10.txt"`, "/x", "com10.txt"},
		{"too long", `attachment; filename="` + strings.Repeat("a", 201) + `"`, "/x", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := &url.URL{Scheme: "http", Host: "h.test"}
			var err error
			u.Path, err = url.PathUnescape(c.path)
			require.NoError(t, err)
			h := http.Header{}
			if c.field != "" {
				h.Set("Content-Disposition", c.field)
			}
			name, err := download.ServerName(h, u)
			if c.want == "" {
				require.ErrorIs(t, err, download.ErrName)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, name)
		})
	}
}

func TestFile_ServerName(t *testing.T) {
	named := turn{header: map[string]string{"Content-Disposition": `attachment; filename="../name.bin"`}}
	cut := named
	cut.cut = 30_000
	o := quick()
	o.ServerName = true
	t.Run("the field's", func(t *testing.T) {
		server := newOrigin(t, size, cut, turn{})
		dir := t.TempDir()
		result, err := download.File(t.Context(), newSession(t), server.URL+"/f.bin", dir, o)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, "name.bin"), result.Path)
		holds(t, result.Path, server.content)
		alone(t, dir, "name.bin")
	})
	t.Run("the URL's", func(t *testing.T) {
		server := newOrigin(t, size)
		dir := t.TempDir()
		result, err := download.File(t.Context(), newSession(t), server.URL+"/dir/f.bin?x=../y", dir, o)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, "f.bin"), result.Path)
	})
	t.Run("the URL's that was asked for, not that of a redirect", func(t *testing.T) {
		server := newOrigin(t, size, turn{status: 302, header: map[string]string{"Location": "/evil.exe"}}, turn{})
		dir := t.TempDir()
		result, err := download.File(t.Context(), newSession(t), server.URL+"/f.bin", dir, o)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, "f.bin"), result.Path)
	})
	t.Run("a file that exists is not replaced", func(t *testing.T) {
		server := newOrigin(t, size, named)
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "name.bin"), []byte("old"), 0o600))
		_, err := download.File(t.Context(), newSession(t), server.URL, dir, o)
		require.ErrorIs(t, err, fs.ErrExist)
		holds(t, filepath.Join(dir, "name.bin"), []byte("old"))
		alone(t, dir, "name.bin")
	})
	t.Run("one that appears meanwhile is not either", func(t *testing.T) {
		server := newOrigin(t, size, named)
		dir := t.TempDir()
		o := o
		o.Progress = func(p download.Progress) {
			if p.Done == size {
				require.NoError(t, os.Symlink("elsewhere", filepath.Join(dir, "name.bin")))
			}
		}
		_, err := download.File(t.Context(), newSession(t), server.URL, dir, o)
		require.ErrorIs(t, err, fs.ErrExist)
		_, err = os.Lstat(filepath.Join(dir, "elsewhere"))
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
	t.Run("the name outlives the call", func(t *testing.T) {
		server := newOrigin(t, size, cut, turn{status: 404})
		dir := t.TempDir()
		_, err := download.File(t.Context(), newSession(t), server.URL, dir, o)
		require.ErrorContains(t, err, "404")
		server.then(turn{})
		result, err := download.File(t.Context(), newSession(t), server.URL, dir, o)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, "name.bin"), result.Path)
		assert.EqualValues(t, 30_000, result.Resumed)
	})
	t.Run("a name that is refused", func(t *testing.T) {
		server := newOrigin(t, size, turn{header: map[string]string{"Content-Disposition": `attachment; filename=".ssh"`}})
		dir := t.TempDir()
		_, err := download.File(t.Context(), newSession(t), server.URL, dir, o)
		require.ErrorIs(t, err, download.ErrName)
		alone(t, dir)
	})
}

func FuzzServerName(f *testing.F) {
	f.Add(`attachment; filename="a.txt"`, "/b")
	f.Add(`attachment; filename*=UTF-8''%2e%2e%2f%00`, "/../x")
	f.Add("", `\..\con.txt`)
	f.Fuzz(func(t *testing.T, field, path string) {
		name, err := download.ServerName(http.Header{"Content-Disposition": {field}}, &url.URL{Path: path})
		if err != nil {
			require.ErrorIs(t, err, download.ErrName)
			return
		}
		require.True(t, filepath.IsLocal(name), name)
		require.Equal(t, filepath.Base(name), name)
		require.False(t, strings.ContainsAny(name, "/\\\x00\n\r:"), name)
		require.False(t, strings.HasPrefix(name, "."), name)
		// It is a name that can be had, and nothing else than that.
		root, err := os.OpenRoot(t.TempDir())
		require.NoError(t, err)
		defer root.Close()
		require.NoError(t, root.WriteFile(name, nil, 0o600))
		alone(t, root.Name(), name)
	})
}
