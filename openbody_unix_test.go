//go:build unix

package requests_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

// A pipe with a name opens when somebody comes to write.
func TestOpeningContent_ofAPipe(t *testing.T) {
	pipe := func() string {
		path := filepath.Join(t.TempDir(), "pipe")
		require.NoError(t, syscall.Mkfifo(path, 0o600))
		return path
	}
	path := pipe()
	w := newReplies(t, reply(200, ""))
	s := newSession(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error)
	stop := make(chan struct{})
	h := new(requests.Hooks)
	h.Send.PushBack(func(*requests.Exchange) error {
		close(stop)
		return nil
	})
	go func() {
		_, err := s.Post(ctx, w.URL, requests.WithFilePath("f", path), requests.WithHooks(h))
		ended <- err
	}()
	<-stop
	cancel(os.ErrProcessDone)
	err := <-ended
	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorIs(t, err, os.ErrProcessDone)
	assert.Empty(t, w.Requests(), "nothing was sent")

	// What was left behind has its writer.
	writer, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { writer.Close() })

	path = pipe()
	go func() {
		writer, err := os.OpenFile(path, os.O_WRONLY, 0)
		if assert.NoError(t, err) {
			writer.WriteString("from the pipe")
			writer.Close()
		}
	}()
	_, err = s.Post(t.Context(), w.URL, requests.WithFilePath("f", path))
	require.NoError(t, err)
	assert.Contains(t, w.Last(t).Body, "from the pipe")
}
