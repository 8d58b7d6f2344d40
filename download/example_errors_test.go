package download_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/download"
)

// Nothing has the file's name until all of it is there and checked.
func ExampleError() {
	session := requests.Must(requests.NewSession(requests.WithAdapter("https://dl.test", fileServer)))
	defer session.Close()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "hello")

	for _, options := range []download.Options{
		{SHA256: "0000000000000000000000000000000000000000000000000000000000000000"},
		{MaxSize: 5},
	} {
		_, err := download.File(context.Background(), session, "https://dl.test/f", path, options)
		var failed *download.Error
		switch {
		case !errors.As(err, &failed):
			log.Fatal(err)
		case errors.Is(err, download.ErrDigest):
			fmt.Println("not what was expected; worth another call:", failed.Resumable)
		case errors.Is(err, download.ErrTooLarge):
			fmt.Println("more than is wanted:", failed.Total, "bytes")
		}
	}
	_, err = os.Stat(path)
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output:
	// not what was expected; worth another call: false
	// more than is wanted: 14 bytes
	// true
}
