package requests_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

// serving answers everything with this content.
func serving(mediaType, text string) http.RoundTripper {
	return adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		io.WriteString(w, text)
	}))
}

// A response is net/http's, with its content read and its history kept.
func ExampleResponse() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	resp, err := session.Get(context.Background(), "old")
	if err != nil {
		log.Fatal(err)
	}
	for _, hop := range resp.History {
		fmt.Println(hop.StatusCode, hop.Request.URL.Path, "leads to", hop.Header.Get("Location"))
	}
	fmt.Println(resp.StatusCode, resp.Reason(), resp.Request.URL.Path)
	fmt.Println(resp.Header.Get("Content-Type"), len(resp.Bytes()), "bytes")
	// Output:
	// 301 /old leads to /users/42
	// 200 OK /users/42
	// application/json 22 bytes
}

// A status is a response, not an error, until it is asked for.
func ExampleResponse_OK() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	for _, id := range []string{"42", "1"} {
		resp, err := session.Get(context.Background(), "users/"+id)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(resp.StatusCode, resp.OK())
	}
	// Output:
	// 200 true
	// 404 false
}

func ExampleResponse_RaiseForStatus() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	resp, err := session.Get(context.Background(), "users/1")
	if err != nil {
		log.Fatal(err)
	}
	err = resp.RaiseForStatus()
	fmt.Println(err)

	var status *requests.StatusError
	if errors.As(err, &status) {
		fmt.Println(status.StatusCode, strings.TrimSpace(string(status.Content)))
	}
	// Output:
	// 404 Client Error: Not Found for url: https://api.example.test/users/1
	// 404 no such user
}

func ExampleResponse_Bytes() {
	session := requests.Must(requests.NewSession(requests.WithTransport(serving("application/octet-stream", "\x00\x01\x02"))))
	defer session.Close()

	resp, err := session.Get(context.Background(), "https://api.example.test/blob")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Bytes())
	// Output: [0 1 2]
}

// Text decodes by the charset that the server names, else by what the content
// looks like.
func ExampleResponse_Text() {
	session := requests.Must(requests.NewSession(requests.WithTransport(serving("text/plain; charset=iso-8859-1", "caf\xe9"))))
	defer session.Close()

	resp, err := session.Get(context.Background(), "https://menu.example.test/")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Encoding(), resp.Text())
	// Output: iso-8859-1 café
}

// SetEncoding is for servers that name the wrong charset, or none.
func ExampleResponse_SetEncoding() {
	session := requests.Must(requests.NewSession(requests.WithTransport(serving("text/plain", "\x8ab\x8ac")))) // says nothing
	defer session.Close()

	resp, err := session.Get(context.Background(), "https://menu.example.test/")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", resp.Encoding())
	if err := resp.SetEncoding("windows-1252"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Text())
	fmt.Println(resp.SetEncoding("no such charset") != nil)
	// Output:
	// ""
	// ŠbŠc
	// true
}

func ExampleResponse_JSON() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	resp, err := session.Get(context.Background(), "users/42")
	if err != nil {
		log.Fatal(err)
	}
	var user struct {
		ID   int
		Name string
	}
	if err := resp.JSON(&user); err != nil {
		log.Fatal(err)
	}
	fmt.Println(user.ID, user.Name)
	// Output: 42 Ada
}

// What is no JSON is an error that says so, whatever the status was.
func ExampleResponse_JSON_invalid() {
	session := requests.Must(requests.NewSession(requests.WithTransport(serving("text/html", "<html>Sign in</html>"))))
	defer session.Close()

	resp, err := session.Get(context.Background(), "https://api.example.test/users/42")
	if err != nil {
		log.Fatal(err)
	}
	var user struct{ Name string }
	err = resp.JSON(&user)
	fmt.Println(errors.Is(err, requests.ErrInvalidJSON))
	// Output: true
}

// Err tells what went wrong where the method itself cannot.
func ExampleResponse_Err() {
	session := requests.Must(requests.NewSession(requests.WithTransport(adapters.Handler(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "only a part")
		},
	)))))
	defer session.Close()

	resp, err := session.Get(context.Background(), "https://api.example.test/", requests.WithStream(true))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Text()) // reads the rest of the stream
	fmt.Println(errors.Is(resp.Err(), requests.ErrTruncated))
	// Output:
	// only a part
	// true
}

// Close is a stream's duty alone, and gives back its connection.
func ExampleResponse_Close() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	resp, err := session.Get(context.Background(), "events", requests.WithStream(true))
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Close()

	dec := json.NewDecoder(resp.Body)
	for dec.More() {
		var event struct{ N int }
		if err := dec.Decode(&event); err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.N)
	}
	// Output:
	// 1
	// 2
	// 3
}

func ExampleResponse_Lines() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	resp, err := session.Get(context.Background(), "events", requests.WithStream(true))
	if err != nil {
		log.Fatal(err)
	}
	for line, err := range resp.Lines() { // closes the stream, however it is left
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(line)
		break
	}
	// Output: {"n":1}
}

func ExampleResponse_Chunks() {
	session := requests.Must(requests.NewSession(requests.WithTransport(serving("text/plain", "one piece after the other"))))
	defer session.Close()

	resp, err := session.Get(context.Background(), "https://api.example.test/", requests.WithStream(true))
	if err != nil {
		log.Fatal(err)
	}
	for piece, err := range resp.Chunks(10) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%q\n", piece) // good until the next one
	}
	// Output:
	// "one piece "
	// "after the "
	// "other"
}

// The content goes from the network to the disk. There is a file when all of it
// has arrived, and no part of one before.
func ExampleResponse_SaveFile() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	session := requests.Must(requests.NewSession(requests.WithTransport(serving("application/octet-stream", "a large file"))))
	defer session.Close()

	resp, err := session.Get(context.Background(), "https://dl.example.test/image", requests.WithStream(true)) // never held in memory
	if err != nil {
		log.Fatal(err)
	}
	path := filepath.Join(dir, "image")
	n, err := resp.SaveFile(path)
	if err != nil {
		log.Fatal(err)
	}
	saved, err := os.ReadFile(path)
	fmt.Printf("%d bytes: %s %v\n", n, saved, err)
	// Output: 12 bytes: a large file <nil>
}

// Links of the header (RFC 8288), with their targets resolved.
func ExampleResponse_Links() {
	session := requests.Must(requests.NewSession(requests.WithTransport(adapters.Handler(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", `</users?page=3>; rel="next", </users?page=1>; rel="first prev"; title="the start"`)
		},
	)))))
	defer session.Close()

	resp, err := session.Get(context.Background(), "https://api.example.test/users?page=2")
	if err != nil {
		log.Fatal(err)
	}
	for _, link := range resp.Links() {
		fmt.Printf("%s: %s %q\n", link.Rel, link.URL, link.Title)
	}
	next, found := resp.Link("next")
	fmt.Println(next.URL, found)
	// Output:
	// next: https://api.example.test/users?page=3 ""
	// first: https://api.example.test/users?page=1 "the start"
	// prev: https://api.example.test/users?page=1 "the start"
	// https://api.example.test/users?page=3 true
}

// Redirects are followed one by one. Next has the method, header and
// credentials that the redirect leaves.
func ExampleResponse_Next() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithoutRedirects(),
		requests.WithTransport(api()),
	))
	defer session.Close()

	resp, err := session.Get(context.Background(), "old")
	for err == nil && resp.IsRedirect() {
		next := resp.Next()
		fmt.Println(resp.StatusCode, "permanent:", resp.IsPermanentRedirect(), "to", next.Method, next.URL)
		resp, err = session.Send(next)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.StatusCode)
	// Output:
	// 301 permanent: true to GET https://api.example.test/users/42
	// 200
}

// The connection is always known; with WithTimings, so are the phases.
func ExampleResponse_Timings() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	session := requests.Must(requests.NewSession(requests.WithTimings(true)))
	defer session.Close()

	for range 2 {
		resp, err := session.Get(context.Background(), server.URL)
		if err != nil {
			log.Fatal(err)
		}
		t := resp.Timings()
		fmt.Println(t.Protocol, "reused:", t.Reused, "connecting took time:", t.Connect > 0, "waiting too:", t.FirstByte > 0)
	}
	// Output:
	// HTTP/1.1 reused: false connecting took time: true waiting too: true
	// HTTP/1.1 reused: true connecting took time: false waiting too: true
}

// The collectors take the two results of a verb, check the status, and leave
// nothing to close.
func ExampleJSON() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	type user struct {
		ID   int
		Name string
	}
	u, err := requests.JSON[user](session.Get(context.Background(), "users/42"))
	fmt.Println(u.Name, err)

	_, err = requests.JSON[user](session.Get(context.Background(), "users/1"))
	fmt.Println(err)
	// Output:
	// Ada <nil>
	// 404 Client Error: Not Found for url: https://api.example.test/users/1
}

func ExampleText() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	text, err := requests.Text(session.Get(context.Background(), "users/42"))
	fmt.Println(text, err)
	// Output: {"id":42,"name":"Ada"} <nil>
}

func ExampleBytes() {
	session := requests.Must(requests.NewSession(requests.WithTransport(serving("image/png", "\x89PNG"))))
	defer session.Close()

	image, err := requests.Bytes(session.Get(context.Background(), "https://api.example.test/logo.png"))
	fmt.Printf("%q %v\n", image, err)
	// Output: "\x89PNG" <nil>
}

// Values decodes a stream as it arrives: lines of JSON, or the elements of one
// array. No more is held than the value at hand.
func ExampleValues() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	resp, err := session.Get(context.Background(), "events", requests.WithStream(true))
	if err != nil {
		log.Fatal(err)
	}
	sum := 0
	for event, err := range requests.Values[struct{ N int }](resp) {
		if err != nil {
			log.Fatal(err)
		}
		sum += event.N
	}
	fmt.Println(sum)
	// Output: 6
}

// Pages follows the Link fields of the responses.
func ExamplePages() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	for page, err := range requests.Pages(context.Background(), session, "items") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(page.Request.URL.RequestURI(), page.Text())
	}
	// Output:
	// /items ["item 1", "item 2"]
	// /items?page=1 ["item 3", "item 4"]
	// /items?page=2 ["item 5", "item 6"]
}

// Items takes the pages apart. Leaving the loop asks for no further page.
func ExampleItems() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	for item, err := range requests.Items[string](requests.Pages(context.Background(), session, "items")) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item)
		if item == "item 3" {
			break
		}
	}
	// Output:
	// item 1
	// item 2
	// item 3
}

// PagesFunc is for services that say in the content where the next page is.
func ExamplePagesFunc() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(adapters.Handler(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, map[string]string{
				"":  `{"data": {"names": ["Ada", "Grace"]}, "next": "b"}`,
				"b": `{"data": {"names": ["Hedy"]}}`,
			}[r.FormValue("cursor")])
		},
	)))))
	defer session.Close()

	next := func(page *requests.Response) ([]requests.Option, error) {
		var cursor struct{ Next string }
		if err := page.JSON(&cursor); err != nil || cursor.Next == "" {
			return nil, err
		}
		return []requests.Option{requests.WithParam("cursor", cursor.Next)}, nil
	}
	pages := requests.PagesFunc(context.Background(), session, "names", next)
	for name, err := range requests.Items[string](pages, "data", "names") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name)
	}
	// Output:
	// Ada
	// Grace
	// Hedy
}
