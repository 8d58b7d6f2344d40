package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTablesAreReproduced generates everything anew and wants the bytes that are
// committed. It takes the SDKs from the module cache alone.
func TestTablesAreReproduced(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOFLAGS", "-mod=mod")
	v1, err := moduleDir(v1Module)
	if err != nil {
		t.Skipf("%s is not in the module cache; go generate fetches it: %v", v1Module, err)
	}
	v2, err := moduleDir(v2Module)
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, tables(v1, v2, dir))
	// Compressing the models takes longer than all other tests: what is in them counts.
	require.NoError(t, models(filepath.Join(v1, "models/apis"), filepath.Join(dir, "models.zip"), flate.NoCompression))
	for name, committed := range map[string]string{
		"partitions.json": "../../tables", "endpoints.json.gz": "../../tables", "services.json.gz": "../../tables", "models.zip": "../../models",
	} {
		want, err := os.ReadFile(filepath.Join(committed, name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		if !bytes.Equal(want, got) { // another Go may compress in another way
			want, got = content(t, want), content(t, got)
		}
		assert.True(t, bytes.Equal(want, got), "%s is not what go generate makes of its input", name)
	}
}

// content returns what b holds, whatever it is compressed by.
func content(t *testing.T, b []byte) []byte {
	var all bytes.Buffer
	if z, err := gzip.NewReader(bytes.NewReader(b)); err == nil {
		_, err = io.Copy(&all, z)
		require.NoError(t, err)
		return all.Bytes()
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return b
	}
	for _, f := range z.File {
		all.WriteString(f.Name + "\n")
		r, err := f.Open()
		require.NoError(t, err)
		_, err = io.Copy(&all, r)
		require.NoError(t, err)
	}
	return all.Bytes()
}

// TestInputsAreNamed: the notices and go.mod say the versions that the
// generator takes.
func TestInputsAreNamed(t *testing.T) {
	_, v1, _ := strings.Cut(v1Module, "@v")
	_, v2, _ := strings.Cut(v2Module, "@v")
	for path, versions := range map[string][]string{
		"../../NOTICE": {"version " + v1, "version " + v2}, "../../models/NOTICE": {"version " + v1}, "../../go.mod": {"github.com/aws/aws-sdk-go-v2 v" + v2},
	} {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, v := range versions {
			assert.Contains(t, strings.Join(strings.Fields(string(b)), " "), v, path)
		}
	}
}
