//go:build unix

package requests_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Opening a pipe waits for somebody who writes to it, whatever the context says.
func TestNetrc_aPipeThatNobodyWrites(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "netrc")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	t.Setenv("NETRC", pipe)
	w := newReplies(t, reply(200, ""))
	_, err := newSession(t).Get(t.Context(), w.URL)
	require.NoError(t, err)
}
