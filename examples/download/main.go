// The download example brings a file of 64 MiB, with a bar, from a server of
// its own that is slow and cuts the connection once.
//
//	go -C examples/download run .
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/download"
)

const size = 64 << 20 // bytes

// content is what the server has.
var content = strings.Repeat("0123456789abcdef", size/16)

// slow is a server that sends 32 MiB a second and drops the first connection
// in the middle of the file.
func slow() http.Handler {
	var answered atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sink := &throttled{ResponseWriter: w, left: size}
		if answered.Add(1) == 1 {
			sink.left = size / 2
		}
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(sink, r, "image.iso", time.Time{}, strings.NewReader(content))
	})
}

type throttled struct {
	http.ResponseWriter
	left int64 // bytes until the connection is cut
}

func (t *throttled) Write(b []byte) (int, error) {
	if t.left -= int64(len(b)); t.left < 0 {
		panic(http.ErrAbortHandler)
	}
	time.Sleep(time.Duration(len(b)) * time.Second / (32 << 20))
	return t.ResponseWriter.Write(b)
}

func main() {
	server := httptest.NewServer(slow())
	defer server.Close()
	// An interrupt ends the download; what has arrived is kept for the next.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, server.URL+"/image.iso"); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, url string) error {
	dir, err := os.MkdirTemp("", "download")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	session, err := requests.NewSession(requests.WithEnvironment(false)) // the server is of this program: no proxy leads to it
	if err != nil {
		return err
	}
	defer session.Close()

	fmt.Println("1. A file of 64 MiB is downloaded. Where there is a terminal, a bar shows how far it is.")
	bar := progressBar()
	expected := sha256.Sum256([]byte(content))
	result, err := download.File(ctx, session, url, filepath.Join(dir, "image.iso"), download.Options{
		SHA256:   hex.EncodeToString(expected[:]),
		Progress: func(p download.Progress) { bar.ChangeMax64(p.Total); bar.Set64(p.Done) },
		OnRetry: func(why error, _ time.Duration) {
			fmt.Fprintln(os.Stderr, why)
			fmt.Println("2. The connection broke. What has arrived is kept, and the rest asked for.")
		},
	})
	if err != nil {
		return err
	}
	fmt.Println("3. All of it is there and checked, and only now has its name.")
	fmt.Printf("   %s: %d bytes by %d requests, verified by %s\n",
		filepath.Base(result.Path), result.Size, result.Requests, strings.Join(result.Verified, ", "))
	return nil
}

// progressBar returns a bar on the terminal, or one that does not show where
// there is none.
func progressBar() *progressbar.ProgressBar {
	var out io.Writer = os.Stderr
	if info, err := os.Stderr.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		out = io.Discard
	}
	return progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(out),
		progressbar.OptionSetDescription("image.iso"),
		progressbar.OptionShowBytes(true),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(65*time.Millisecond),
		progressbar.OptionOnCompletion(func() { fmt.Fprintln(out) }),
	)
}
