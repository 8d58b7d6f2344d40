// The upload example sends a form with a file that is never in memory as a
// whole, to a server of its own that turns it away the first time: the file is
// opened again for the second.
//
//	go run ./examples/upload
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"

	"github.com/seed-3bbad739/requests"
)

const size = 64 << 20 // bytes

// store redirects /upload to /v2/upload, and there says what it was sent.
func store() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /upload", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/v2/upload", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("POST /v2/upload", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "   %d bytes in all\n", r.ContentLength)
		form, err := r.MultipartReader()
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		for {
			part, err := form.NextPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			hash := sha256.New()
			n, _ := io.Copy(hash, part)
			fmt.Fprintf(w, "   part %s: %d bytes, SHA-256 %x…\n", part.FormName(), n, hash.Sum(nil)[:8])
		}
	})
	return mux
}

func main() {
	server := httptest.NewServer(store())
	defer server.Close()
	if err := run(server.URL); err != nil {
		log.Fatal(err)
	}
}

func run(server string) error {
	dir, err := os.MkdirTemp("", "upload")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "video.mp4")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return err
	}
	if err := os.Truncate(path, size); err != nil {
		return err
	}

	session, err := requests.NewSession(
		requests.WithBaseURL(server),
		requests.WithEnvironment(false), // the server is of this program: no proxy leads to it
	)
	if err != nil {
		return err
	}
	defer session.Close()
	fmt.Println("1. A form with a file of 64 MiB is sent, read from the disk as it goes.")
	resp, err := session.Post(context.Background(), "upload",
		requests.WithForm(url.Values{"title": {"Holidays"}}),
		requests.WithFilePath("video", path),
		requests.WithUploadProgress(progress()),
		requests.WithRaiseForStatus(true),
	)
	if err != nil {
		return err
	}
	fmt.Println("2. The server wanted it elsewhere, so the file was opened twice.")
	for _, hop := range resp.History {
		fmt.Printf("   %s: %d to %s\n", hop.Request.URL.Path, hop.StatusCode, hop.Header.Get("Location"))
	}
	fmt.Printf("3. %s got all of it, its length told before it came.\n%s", resp.Request.URL.Path, resp.Text())
	return nil
}

// progress prints every quarter of what is sent.
func progress() func(sent, total int64) {
	quarters := int64(0)
	return func(sent, total int64) {
		if sent < quarters*total/4 {
			quarters = 0 // it begins anew
		}
		if now := 4 * sent / total; now > quarters {
			quarters = now
			fmt.Printf("   sent %d%% of %d MiB\n", 25*now, total>>20)
		}
	}
}
