package download_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/download"
)

// A server with one file, without a network.
var fileServer = adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", `"1"`)
	w.Header().Set("Content-Disposition", `attachment; filename="hello.txt"`)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader("Hello, World!\n"))
}))

func ExampleFile() {
	session := requests.Must(requests.NewSession(requests.WithAdapter("https://dl.test", fileServer)))
	defer session.Close()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	path := filepath.Join(dir, "hello")
	result, err := download.File(context.Background(), session, "https://dl.test/f", path, download.Options{
		SHA256:   "c98c24b677eff44860afea6f493bbaec5bb1c4cbb209c6fc2bbb47f66ff2ad31",
		Segments: 4,
	})
	if err != nil {
		log.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d bytes, verified by %v: %s", result.Size, result.Verified, content)
	// Output: 14 bytes, verified by [sha-256]: Hello, World!
}

func ExampleWatch() {
	session := requests.Must(requests.NewSession(requests.WithAdapter("https://dl.test", fileServer)))
	defer session.Close()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	for progress, err := range download.Watch(context.Background(), session, "https://dl.test/f", dir, download.Options{ServerName: true}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d of %d\n", progress.Done, progress.Total)
		if progress.Result != nil {
			fmt.Println(filepath.Base(progress.Result.Path))
		}
	}
	// Output:
	// 0 of 14
	// 14 of 14
	// 14 of 14
	// hello.txt
}
