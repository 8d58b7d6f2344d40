//go:build unix

package adapters_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// A pool that is closed while the files of a request are read sends nothing,
// and makes no transport that nobody would close.
func TestClose_whileFilesAreRead(t *testing.T) {
	ca := newAuthority(t)
	slow := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, syscall.Mkfifo(slow, 0o600))
	h := adapters.New(adapters.Options{})
	req := with(t, adapters.Settings{TLS: &adapters.TLS{CABundle: slow}}, "POST", "https://127.0.0.1:1/", strings.NewReader("content"))
	closed := &closeCounter{ReadCloser: req.Body}
	req.Body = closed
	done := make(chan error, 1)
	go func() {
		_, err := h.RoundTrip(req)
		done <- err
	}()
	w, err := os.OpenFile(slow, os.O_WRONLY, 0) // waits for the reader
	require.NoError(t, err)
	require.NoError(t, h.Close())
	_, err = w.Write(ca.pem)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.ErrorIs(t, <-done, sentinel.Closed)
	assert.Equal(t, 1, closed.count())
	assert.Zero(t, h.Transports())
}
