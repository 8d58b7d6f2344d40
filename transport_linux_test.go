package requests_test

import (
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

// blackHole is an address where connections are neither accepted nor refused:
// the queue of a listener that never accepts is full, and Linux then leaves
// further ones without an answer.
func blackHole(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { syscall.Close(fd) })
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, syscall.Listen(fd, 0))
	name, err := syscall.Getsockname(fd)
	require.NoError(t, err)
	address := "127.0.0.1:" + strconv.Itoa(name.(*syscall.SockaddrInet4).Port)
	for range 8 {
		c, err := net.DialTimeout("tcp", address, 50*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("this kernel keeps on taking connections")
	return ""
}

func TestTransport_aBlackHoleOverSockets(t *testing.T) {
	address := blackHole(t)
	for _, scheme := range []string{"http", "https"} {
		_, err := newSession(t).Get(t.Context(), scheme+"://"+address+"/", requests.WithTimeouts(requests.Timeouts{Connect: 50 * time.Millisecond}))
		require.ErrorIs(t, err, requests.ErrConnectTimeout)
		require.ErrorIs(t, err, requests.ErrTimeout)
		require.ErrorIs(t, err, requests.ErrConnection)
		require.NotErrorIs(t, err, requests.ErrReadTimeout)
	}
	_, err := newSession(t).Get(t.Context(), "http://a.test/", requests.WithProxy("http://"+address),
		requests.WithTimeouts(requests.Timeouts{Connect: 50 * time.Millisecond}))
	require.ErrorIs(t, err, requests.ErrConnectTimeout, "a proxy that is one")
}
