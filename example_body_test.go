package requests_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

func ExampleWithJSON() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(echo("Content-Type"))))
	defer session.Close()

	type user struct {
		Name string `json:"name"`
		Site string `json:"site,omitempty"`
	}
	text, err := requests.Text(session.Post(context.Background(), "users", requests.WithJSON(user{Name: "Ada & Grace"})))
	fmt.Println(text, err)
	// Output:
	// POST /users
	// Content-Type: application/json
	// {"name":"Ada & Grace"} <nil>
}

func ExampleWithForm() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://shop.example.test/"), requests.WithTransport(echo("Content-Type"))))
	defer session.Close()

	text, err := requests.Text(session.Post(context.Background(), "login", requests.WithForm(url.Values{"user": {"ada"}, "remember": {"yes"}})))
	fmt.Println(text, err)
	// Output:
	// POST /login
	// Content-Type: application/x-www-form-urlencoded
	// remember=yes&user=ada <nil>
}

// WithBody sends what it is given. The media type is the caller's to say.
func ExampleWithBody() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(echo("Content-Type"))))
	defer session.Close()

	text, err := requests.Text(session.Put(context.Background(), "greeting",
		requests.WithBody("hello"), // or a []byte, a file, any io.Reader, a Body
		requests.WithHeader("Content-Type", "text/plain; charset=utf-8"),
	))
	fmt.Println(text, err)
	// Output:
	// PUT /greeting
	// Content-Type: text/plain; charset=utf-8
	// hello <nil>
}

// uploads answers with the parts of the form that it is sent.
func uploads() http.RoundTripper {
	return adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form, err := r.MultipartReader()
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var part *multipart.Part
		for part, err = form.NextPart(); err == nil; part, err = form.NextPart() {
			content, _ := io.ReadAll(part)
			fmt.Fprintf(w, "%s: %q of file %q and type %q\n", part.FormName(), content, part.FileName(), part.Header.Get("Content-Type"))
		}
	}))
}

// A form with a file is multipart/form-data.
func ExampleWithFile() {
	session := requests.Must(requests.NewSession(requests.WithTransport(uploads())))
	defer session.Close()

	text, err := requests.Text(session.Post(context.Background(), "https://api.example.test/photos",
		requests.WithForm(url.Values{"title": {"Ada"}}),
		requests.WithFile("photo", "ada.jpg", strings.NewReader("…")),
	))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(text)
	// Output:
	// title: "Ada" of file "" and type ""
	// photo: "…" of file "ada.jpg" and type ""
}

// The file is read as it is sent: it is never in memory as a whole, and opened
// again when a redirect or a retry needs it again.
func ExampleWithFilePath() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(path, []byte("read me"), 0o600); err != nil {
		log.Fatal(err)
	}
	session := requests.Must(requests.NewSession(requests.WithTransport(uploads())))
	defer session.Close()

	text, err := requests.Text(session.Post(context.Background(), "https://api.example.test/files", requests.WithFilePath("file", path)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(text)
	// Output: file: "read me" of file "notes.txt" and type ""
}

// A Part says everything about itself.
func ExampleWithMultipart() {
	metadata, err := requests.NewBody(`{"public":true}`)
	if err != nil {
		log.Fatal(err)
	}
	content, err := requests.NewBody("%PDF-")
	if err != nil {
		log.Fatal(err)
	}
	session := requests.Must(requests.NewSession(requests.WithTransport(uploads())))
	defer session.Close()

	text, err := requests.Text(session.Post(context.Background(), "https://api.example.test/documents", requests.WithMultipart(
		requests.Part{Name: "metadata", ContentType: "application/json", Content: metadata},
		requests.Part{Name: "document", Filename: "report.pdf", ContentType: "application/pdf", Content: content},
	)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(text)
	// Output:
	// metadata: "{\"public\":true}" of file "" and type "application/json"
	// document: "%PDF-" of file "report.pdf" and type "application/pdf"
}

// Strings, bytes and files can be opened any number of times. Other readers can
// be sent once: where they are needed again, the call is an error.
func ExampleNewBody() {
	session := requests.Must(requests.NewSession(requests.WithTransport(adapters.Handler(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/old" {
				http.Redirect(w, r, "/new", http.StatusTemporaryRedirect) // asks for the body again
				return
			}
			io.Copy(w, r.Body)
		},
	)))))
	defer session.Close()

	again := strings.NewReader("sent twice")
	once := io.LimitReader(again, 5)
	for _, reader := range []io.Reader{again, once} {
		body, err := requests.NewBody(reader)
		if err != nil {
			log.Fatal(err)
		}
		resp, err := session.Post(context.Background(), "https://api.example.test/old", requests.WithBody(body))
		if errors.Is(err, requests.ErrBodyNotReplayable) {
			fmt.Println("cannot be sent again")
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(body.Len(), resp.Text())
	}
	// Output:
	// 10 sent twice
	// cannot be sent again
}

// zippedBody is a Body that compresses another as it is read. It can be opened as
// often as the other.
type zippedBody struct{ requests.Body }

func (z zippedBody) Len() int64 { return -1 } // not known: it is sent chunked

func (z zippedBody) Open() (io.ReadCloser, error) {
	plain, err := z.Body.Open()
	if err != nil {
		return nil, err
	}
	r, w := io.Pipe()
	go func() {
		defer plain.Close()
		zip := gzip.NewWriter(w)
		_, err := io.Copy(zip, plain)
		w.CloseWithError(errors.Join(err, zip.Close()))
	}()
	return r, nil
}

// A Body of one's own is content that is made as it is sent.
func ExampleBody() {
	session := requests.Must(requests.NewSession(requests.WithTransport(adapters.Handler(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			plain, err := gzip.NewReader(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			io.Copy(w, plain)
		},
	)))))
	defer session.Close()

	text, err := requests.NewBody("many lines of a log")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(requests.Text(session.Post(context.Background(), "https://logs.example.test/",
		requests.WithBody(zippedBody{text}), // func (zippedBody) Open() compresses what text opens
		requests.WithHeader("Content-Encoding", "gzip"),
	)))
	// Output: many lines of a log <nil>
}

func ExampleWithUploadProgress() {
	session := requests.Must(requests.NewSession(requests.WithTransport(echo())))
	defer session.Close()

	var last string
	_, err := session.Post(context.Background(), "https://api.example.test/files",
		requests.WithBody(strings.Repeat("x", 1<<20)),
		requests.WithUploadProgress(func(sent, total int64) { last = fmt.Sprintf("%d of %d bytes", sent, total) }),
	)
	fmt.Println(last, err)
	// Output: 1048576 of 1048576 bytes <nil>
}

func ExampleWithDownloadProgress() {
	session := requests.Must(requests.NewSession(requests.WithTransport(adapters.Handler(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1048576")
			w.Write(make([]byte, 1<<20))
		},
	)))))
	defer session.Close()

	var last string
	_, err := session.Get(context.Background(), "https://dl.example.test/image",
		requests.WithDownloadProgress(func(got, total int64) { last = fmt.Sprintf("%d of %d bytes", got, total) }),
	)
	fmt.Println(last, err)
	// Output: 1048576 of 1048576 bytes <nil>
}
