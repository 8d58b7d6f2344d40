package download_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/download"
)

// In a directory that others can write to, what is where the partial file
// should be may have been put there to have something else written over.
func TestFile_WritesToNothingThatIsNotItsOwn(t *testing.T) {
	for _, name := range []string{".f.part", ".f.part.json", ".f.part.json.new"} {
		t.Run("a symbolic link as "+name, func(t *testing.T) {
			server := newOrigin(t, size)
			dir := t.TempDir()
			victim := filepath.Join(t.TempDir(), "victim")
			require.NoError(t, os.WriteFile(victim, []byte("untouched"), 0o600))
			require.NoError(t, os.Symlink(victim, filepath.Join(dir, name)))
			_, err := download.File(t.Context(), newSession(t), server.URL, filepath.Join(dir, "f"), quick())
			require.ErrorIs(t, err, download.ErrPartialFile)
			require.ErrorContains(t, err, name)
			holds(t, victim, []byte("untouched"))
			assert.Zero(t, server.count())
			alone(t, dir, name)
		})
		t.Run("a symbolic link within the directory as "+name, func(t *testing.T) {
			server := newOrigin(t, size)
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "victim"), []byte("untouched"), 0o600))
			require.NoError(t, os.Symlink("victim", filepath.Join(dir, name)))
			_, err := download.File(t.Context(), newSession(t), server.URL, filepath.Join(dir, "f"), quick())
			require.ErrorIs(t, err, download.ErrPartialFile)
			holds(t, filepath.Join(dir, "victim"), []byte("untouched"))
		})
		t.Run("a dangling link as "+name, func(t *testing.T) {
			server := newOrigin(t, size)
			dir := t.TempDir()
			require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, name)))
			_, err := download.File(t.Context(), newSession(t), server.URL, filepath.Join(dir, "f"), quick())
			require.ErrorIs(t, err, download.ErrPartialFile)
			_, err = os.Lstat(filepath.Join(dir, "nowhere"))
			require.ErrorIs(t, err, fs.ErrNotExist)
		})
		t.Run("a directory as "+name, func(t *testing.T) {
			server := newOrigin(t, size)
			dir := t.TempDir()
			require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o700))
			_, err := download.File(t.Context(), newSession(t), server.URL, filepath.Join(dir, "f"), quick())
			require.ErrorIs(t, err, download.ErrPartialFile)
		})
	}
	t.Run("a hard link", func(t *testing.T) {
		server := newOrigin(t, size)
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "victim"), []byte("untouched"), 0o600))
		require.NoError(t, os.Link(filepath.Join(dir, "victim"), filepath.Join(dir, ".f.part")))
		_, err := download.File(t.Context(), newSession(t), server.URL, filepath.Join(dir, "f"), quick())
		require.NoError(t, err)
		holds(t, filepath.Join(dir, "f"), server.content)
		holds(t, filepath.Join(dir, "victim"), []byte("untouched"))
	})
	t.Run("somebody else's file", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("only root can give a file away")
		}
		server := newOrigin(t, size)
		dir := t.TempDir()
		name := filepath.Join(dir, ".f.part")
		require.NoError(t, os.WriteFile(name, []byte("theirs"), 0o666))
		require.NoError(t, os.Chown(name, 12345, 12345))
		open, err := os.OpenFile(name, os.O_RDWR, 0)
		require.NoError(t, err)
		defer open.Close()
		_, err = download.File(t.Context(), newSession(t), server.URL, filepath.Join(dir, "f"), quick())
		require.NoError(t, err)
		_, err = open.WriteAt([]byte("changed"), 0)
		require.NoError(t, err)
		holds(t, filepath.Join(dir, "f"), server.content)
	})
}
