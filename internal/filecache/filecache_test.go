package filecache_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/internal/filecache"
)

func TestCache(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	write := func(t *testing.T, path, content string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	synctest.Test(t, func(t *testing.T) {
		loads := 0
		c := filecache.New(func(p string) (string, error) {
			loads++
			b, err := os.ReadFile(p)
			if strings.Contains(string(b), "bad") {
				err = errors.New("bad content")
			}
			return string(b), err
		})
		get := func(want string, wantLoads int) {
			t.Helper()
			got, err := c.Get(path)
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Equal(t, wantLoads, loads)
		}
		_, err := c.Get(path)
		require.ErrorIs(t, err, os.ErrNotExist)
		write(t, path, "one")
		get("one", 1) // errors are not kept
		get("one", 1)
		time.Sleep(time.Second)
		get("one", 1) // looked at, and not changed
		write(t, path, "three")
		get("one", 1) // not looked at
		time.Sleep(time.Second - 1)
		get("one", 1)
		time.Sleep(time.Nanosecond)
		get("three", 2)

		// Another file of the same size and time is another file.
		info, err := os.Stat(path)
		require.NoError(t, err)
		write(t, path+".new", "seven")
		require.NoError(t, os.Chtimes(path+".new", info.ModTime(), info.ModTime()))
		require.NoError(t, os.Rename(path+".new", path))
		time.Sleep(time.Second)
		get("seven", 3)

		write(t, path, "bad content")
		time.Sleep(time.Second)
		_, err = c.Get(path)
		require.ErrorContains(t, err, "bad content")
		write(t, path, "good again")
		get("good again", 5)
		require.NoError(t, os.Remove(path))
		time.Sleep(time.Second)
		_, err = c.Get(path)
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

func TestCache_directory(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		loads := 0
		c := filecache.New(func(string) (int, error) { loads++; return loads, nil })
		step := func(want int, change func() error) {
			t.Helper()
			require.NoError(t, change())
			time.Sleep(time.Second)
			got, err := c.Get(dir)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		a := filepath.Join(dir, "a")
		step(1, func() error { return nil })
		step(2, func() error { return os.WriteFile(a, []byte("x"), 0o600) })
		step(2, func() error { return nil })
		step(3, func() error { return os.WriteFile(a, []byte("xy"), 0o600) })
		step(4, func() error { return os.Remove(a) })
	})
}

func TestCache_manyPaths(t *testing.T) {
	c := filecache.New(func(p string) (string, error) { return p, nil })
	dir := t.TempDir()
	for i := range 600 {
		path := filepath.Join(dir, strings.Repeat("d", i%100+1)+string(rune('a'+i/100)))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		got, err := c.Get(path)
		require.NoError(t, err)
		require.Equal(t, path, got)
	}
}
