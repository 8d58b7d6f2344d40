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
	"strconv"
	"strings"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
)

// api is what the examples talk to: a mux that is served in memory.
func api() http.RoundTripper {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") != "42" {
			http.Error(w, "no such user", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"id":42,"name":"Ada"}`)
	})
	mux.HandleFunc("POST /users", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "%s %s", r.Header.Get("Content-Type"), body)
	})
	mux.HandleFunc("GET /echo", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "agent=%s auth=%s query=%s cookie=%s", r.Header.Get("User-Agent"), r.Header.Get("Authorization"), r.URL.RawQuery, r.Header.Get("Cookie"))
	})
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		io.WriteString(w, "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n")
	})
	mux.HandleFunc("GET /items", func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		if page < 2 {
			w.Header().Set("Link", `</items?page=`+strconv.Itoa(page+1)+`>; rel="next"`)
		}
		fmt.Fprintf(w, "page %d", page)
	})
	return adapters.Handler(mux)
}

func ExampleNewSession() {
	session, err := requests.NewSession(
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithHeader("User-Agent", "MyApp/1.0"),
		requests.WithParam("lang", "en"),
		requests.WithAuth(auth.Bearer("token")),
		requests.WithAdapter("https://", api()), // no network in an example
	)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	text, err := requests.Text(session.Get(context.Background(), "echo", requests.WithParam("page", "2")))
	fmt.Println(text, err)
	// Output: agent=MyApp/1.0 auth=Bearer token query=lang=en&page=2 cookie= <nil>
}

// Every mistake among the options is reported at once.
func ExampleNewSession_mistakes() {
	_, err := requests.NewSession(
		requests.WithHeader("X-Team", "a\nb"),
		requests.WithProxy("gopher://proxy.test"),
		requests.WithBody("sessions have none"),
	)
	fmt.Println(errors.Is(err, requests.ErrInvalidHeader), errors.Is(err, requests.ErrInvalidProxyURL))
	// Output: true true
}

func ExampleJSON() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test"), requests.WithAdapter("https://", api())))
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

func ExampleSession_Post() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test"), requests.WithAdapter("https://", api())))
	defer session.Close()

	resp, err := session.Post(context.Background(), "users", requests.WithJSON(map[string]string{"name": "Grace"}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.StatusCode, resp.Text())
	// Output: 201 application/json {"name":"Grace"}
}

func ExampleSession_Copy() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test"),
		requests.WithHeader("User-Agent", "MyApp/1.0"),
		requests.WithAdapter("https://", api()),
	))
	defer session.Close()

	// The copy shares the connections, has its own cookies, and what it
	// changes does not touch the original.
	admin, err := session.Copy(requests.WithAuth(auth.Basic("root", "pw")))
	if err != nil {
		log.Fatal(err)
	}
	defer admin.Close()
	for _, s := range []*requests.Session{session, admin} {
		fmt.Println(requests.Text(s.Get(context.Background(), "echo")))
	}
	// Output:
	// agent=MyApp/1.0 auth= query= cookie= <nil>
	// agent=MyApp/1.0 auth=Basic cm9vdDpwdw== query= cookie= <nil>
}

func ExampleSession_Update() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test"), requests.WithAdapter("https://", api())))
	defer session.Close()

	// Safe while requests are in flight: those keep what they started with.
	if err := session.Update(requests.WithHeader("User-Agent", "MyApp/2.0")); err != nil {
		log.Fatal(err)
	}
	fmt.Println(requests.Text(session.Get(context.Background(), "echo")))
	// Output: agent=MyApp/2.0 auth= query= cookie= <nil>
}

func ExampleWithHooks() {
	hooks := new(requests.Hooks)
	hooks.Send.PushBack(func(e *requests.Exchange) error {
		e.Request.Header.Set("User-Agent", "hooked/1.0")
		return nil
	})
	hooks.Complete.PushBack(func(r *requests.Result) error {
		fmt.Println("exchanges:", len(r.Exchanges))
		return nil
	})
	session := requests.Must(requests.NewSession(requests.WithHooks(hooks), requests.WithAdapter("https://", api())))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "https://api.example.test/echo")))
	// Output:
	// exchanges: 1
	// agent=hooked/1.0 auth= query= cookie= <nil>
}

func ExampleWithCookie() {
	session := requests.Must(requests.NewSession(
		requests.WithHeader("User-Agent", "MyApp/1.0"),
		requests.WithAdapter("https://", api()),
	))
	defer session.Close()

	// For this call only: nothing is stored in the jar.
	text, err := requests.Text(session.Get(context.Background(), "https://api.example.test/echo", requests.WithCookie(&http.Cookie{Name: "theme", Value: "dark"})))
	fmt.Println(text, err)
	fmt.Println(session.Cookies().Len())
	// Output:
	// agent=MyApp/1.0 auth= query= cookie=theme=dark <nil>
	// 0
}

func ExampleWithStream() {
	session := requests.Must(requests.NewSession(requests.WithAdapter("https://", api())))
	defer session.Close()

	resp, err := session.Get(context.Background(), "https://api.example.test/events", requests.WithStream(true))
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Close() // a stream's only duty

	dec := json.NewDecoder(resp.Body)
	for dec.More() {
		var event struct{ N int }
		if err := dec.Decode(&event); err != nil {
			log.Fatal(err)
		}
		fmt.Print(event.N, " ")
	}
	// Output: 1 2 3
}

func ExampleResponse_Lines() {
	session := requests.Must(requests.NewSession(requests.WithAdapter("https://", api())))
	defer session.Close()

	resp, err := session.Get(context.Background(), "https://api.example.test/events", requests.WithStream(true))
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

func ExampleValues() {
	session := requests.Must(requests.NewSession(requests.WithAdapter("https://", api())))
	defer session.Close()

	resp, err := session.Get(context.Background(), "https://api.example.test/events", requests.WithStream(true))
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

func ExampleResponse_RaiseForStatus() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test"), requests.WithAdapter("https://", api())))
	defer session.Close()

	resp, err := session.Get(context.Background(), "users/1") // a status is a response, not an error
	if err != nil {
		log.Fatal(err)
	}
	var status *requests.StatusError
	if errors.As(resp.RaiseForStatus(), &status) {
		fmt.Println(status.StatusCode, strings.TrimSpace(string(status.Content)))
	}
	// Output: 404 no such user
}

func ExamplePages() {
	session := requests.Must(requests.NewSession(requests.WithAdapter("https://", api())))
	defer session.Close()

	for page, err := range requests.Pages(context.Background(), session, "https://api.example.test/items") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(page.Text())
	}
	// Output:
	// page 0
	// page 1
	// page 2
}

func ExampleResponse_SaveFile() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "a large file")
	}))
	defer server.Close()
	session := requests.Must(requests.NewSession())
	defer session.Close()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	resp, err := session.Get(context.Background(), server.URL, requests.WithStream(true)) // never held in memory
	if err != nil {
		log.Fatal(err)
	}
	path := filepath.Join(dir, "file")
	n, err := resp.SaveFile(path)
	fmt.Println(n, err)
	b, _ := os.ReadFile(path)
	fmt.Println(string(b))
	// Output:
	// 12 <nil>
	// a large file
}
