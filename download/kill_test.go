package download_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/download"
)

// victimVariable makes this binary download to the path it holds, until it is
// killed.
const victimVariable = "DOWNLOAD_TEST_VICTIM"

func victim() int {
	url, path, _ := strings.Cut(os.Getenv(victimVariable), " ")
	download.SetSmall(16<<10, 16<<10, time.Millisecond)
	s, err := requests.NewSession(requests.WithEnvironment(false))
	if err != nil {
		fmt.Println(err)
		return 2
	}
	o := download.Options{Wait: time.Millisecond, Attempts: 100, Segments: 1 + os.Getpid()%4}
	if _, err = download.File(context.Background(), s, url, path, o); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// A process that downloads is killed at 200 points, of its own program and of
// the server's: while it connects, writes, keeps its journal, or renames. Its
// successors go on. The server cuts, stalls a little, ignores ranges, lies
// about them and changes the file. The file is always a whole version of what
// the server had, or not there.
func TestFile_SurvivesKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts 200 processes")
	}
	const points = 200
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	r := rand.New(rand.NewPCG(uint64(os.Getpid()), 1))
	versions := [][]byte{random(1, 400_000), random(2, 400_000), random(3, 300_000)}
	var version, turns atomic.Int64
	kill := make(chan struct{}, 1)
	var left atomic.Int64 // requests the process may make before it is killed

	file := new(origin)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if left.Add(-1) == 0 {
			select {
			case kill <- struct{}{}:
			default:
			}
		}
		n := turns.Add(1)
		do := []turn{{}, {cut: n * 7919 % 200_000}, {}, {chunked: true, cut: n * 6007 % 100_000}, {}, {noRange: n%3 == 0}, {},
			{header: map[string]string{"Content-Range": "bytes 0-1/2"}}}[n%8]
		if req.Header.Get("Range") == "" {
			do.header = nil
		}
		v := version.Load()
		file.answer(w, req, do, versions[v], fmt.Sprintf(`"v%d"`, v))
	}))
	defer server.Close()

	killed, finished, resumed := 0, 0, 0
	for killed < points {
		if r.IntN(10) == 0 {
			version.Store(int64(r.IntN(len(versions))))
		}
		if _, err := os.Stat(filepath.Join(dir, ".file.part.json")); err == nil {
			resumed++
		}
		left.Store(int64(1 + r.IntN(3)))
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), victimVariable+"="+server.URL+" "+path, "GORACE=atexit_sleep_ms=0")
		out := new(strings.Builder)
		cmd.Stdout = out
		require.NoError(t, cmd.Start())
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		var err error
		select {
		case err = <-ended:
		case <-kill:
			<-time.After(time.Duration(r.IntN(4000)) * time.Microsecond) // any point will do
			cmd.Process.Kill()
			err = <-ended
		}
		if err == nil {
			finished++
		} else {
			require.Empty(t, out.String(), "the server's faults are survived too")
			killed++
		}
		select {
		case <-kill:
		default:
		}
		checkVersion(t, path, versions, err == nil)
	}
	t.Logf("killed %d times, finished %d times, began with a journal %d times", killed, finished, resumed)
	assert.Positive(t, finished)
	assert.Positive(t, resumed)

	version.Store(0)
	left.Store(0)
	turns.Store(0)
	o := quick()
	o.Attempts = 100
	_, err := download.File(t.Context(), newSession(t), server.URL, path, o)
	require.NoError(t, err)
	holds(t, path, versions[0])
	alone(t, dir, "file")
}

// checkVersion asserts that the file is whole, if it is there, and takes it
// away.
func checkVersion(t *testing.T, path string, versions [][]byte, must bool) {
	t.Helper()
	got, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		require.False(t, must, "a download that ended well left a file")
		return
	}
	require.NoError(t, err)
	for _, v := range versions {
		if string(v) == string(got) {
			require.NoError(t, os.Remove(path))
			return
		}
	}
	require.Fail(t, "a file that the server never had", "%d bytes", len(got))
}
