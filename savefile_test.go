package requests_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

func TestResponse_SaveFile(t *testing.T) {
	content := strings.Repeat("0123456789", 10_000)
	for _, c := range []struct {
		name string
		opts []requests.Option
	}{
		{"from memory", nil},
		{"from a stream", []requests.Option{requests.WithStream(true)}},
		{"a stream is not bounded by MaxBody", []requests.Option{requests.WithStream(true), requests.WithMaxBody(10)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "file")
			r := fetch(t, canned("200 OK", nil, content), c.opts...)
			n, err := r.SaveFile(path)
			require.NoError(t, err)
			assert.Equal(t, int64(len(content)), n)
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, content, string(b))
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Len(t, entries, 1, "no temporary file is left")
		})
	}
}

func TestResponse_SaveFileLeavesNothingBehindAPanic(t *testing.T) {
	dir := t.TempDir()
	r := fetch(t, canned("200 OK", nil, "content"), requests.WithStream(true),
		requests.WithDownloadProgress(func(_, _ int64) { panic("report") }))
	assert.PanicsWithValue(t, "report", func() { r.SaveFile(filepath.Join(dir, "file")) })
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, entries)
}

func TestResponse_SaveFileKeepsTheModeOfWhatItReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	_, err := fetch(t, canned("200 OK", nil, "new")).SaveFile(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "what was private stays so")
}

func TestResponse_SaveFileThatFails(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, path string
		is         error
		says       string
	}{
		{"to a directory that is missing", filepath.Join(dir, "missing", "file"), os.ErrNotExist, "no such file or directory"},
		{"to a directory", dir, syscall.EISDIR, "is a directory"},
		{"to nothing", "", os.ErrNotExist, "file does not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := fetch(t, canned("200 OK", nil, "x"))
			n, err := r.SaveFile(c.path)
			assert.Zero(t, n)
			require.ErrorIs(t, err, c.is)
			var of *requests.Error
			require.ErrorAs(t, err, &of)
			assert.Equal(t, "GET", of.Method)
			assert.NotEmpty(t, of.URL)
			var file *fs.PathError
			require.ErrorAs(t, err, &file)
			assert.Equal(t, c.path, file.Path, "the name is the caller's, not the temporary one")
			if runtime.GOOS == "linux" {
				assert.ErrorContains(t, err, "open "+c.path+": "+c.says)
			}
		})
	}

	// Nothing is left beside it.
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "taken", "full"), 0o755))
	body := fetch(t, canned("200 OK", nil, "x"), requests.WithStream(true))
	_, err := body.SaveFile(filepath.Join(dir, "taken"))
	require.Error(t, err)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	body.Bytes()
	require.ErrorIs(t, body.Err(), requests.ErrBodyConsumed, "the response is closed")
}
