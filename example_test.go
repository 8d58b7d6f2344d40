package requests_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
)

// The examples talk to handlers in memory, mounted by WithTransport in the
// place of the network. Take that option away, and the same code talks to a server.

// api is a small service: users, and a list in pages.
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
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Location", "/users/43")
		w.WriteHeader(http.StatusCreated)
		io.Copy(w, r.Body)
	})
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "signed-in", Value: "ada", Path: "/"})
		http.Redirect(w, r, "/users/42", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /old", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/users/42", http.StatusMovedPermanently)
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
		fmt.Fprintf(w, `["item %d", "item %d"]`, 2*page+1, 2*page+2)
	})
	return adapters.Handler(mux)
}

// echo answers with what it was sent: the request line, the header fields of
// these names, and the content.
func echo(fields ...string) http.RoundTripper {
	return adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Method, " ", r.URL.RequestURI())
		for _, name := range fields {
			for _, value := range r.Header.Values(name) {
				fmt.Fprintf(w, "\n%s: %s", name, value)
			}
		}
		if content, _ := io.ReadAll(r.Body); len(content) > 0 {
			fmt.Fprintf(w, "\n%s", content)
		}
	}))
}

// A session says once what its requests share. A call says the rest.
func Example() {
	ctx := context.Background()
	session, err := requests.NewSession(
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithHeader("User-Agent", "MyApp/1.0"),
		requests.WithAuth(auth.Bearer("token")),
		requests.WithTransport(api()), // in the place of the network
	)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	// The status is checked, the content decoded, the connection given back.
	user, err := requests.JSON[struct {
		ID   int
		Name string
	}](session.Get(ctx, "users/{id}", requests.WithPathParam("id", "42")))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(user.ID, user.Name)

	// A response has its content already: there is nothing to close.
	resp, err := session.Post(ctx, "users", requests.WithJSON(map[string]string{"name": "Grace"}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status, resp.Text())
	// Output:
	// 42 Ada
	// 201 Created {"name":"Grace"}
}
