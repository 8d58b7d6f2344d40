package docs_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// recipeHosts are the servers that only the recipes talk to.
func recipeHosts() map[string]http.Handler {
	return map[string]http.Handler{
		"app.example.com":            signIn(),
		"auth.example.com":           tokenEndpoint(),
		"dl.example.com":             downloads(),
		"limited.example.com":        everySecond(http.StatusTooManyRequests),
		"live.example.com":           live(),
		"search.example.com":         search(),
		"signed.example.com":         http.HandlerFunc(echo),
		"status.example.com":         http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }),
		"tenant-service.example.com": http.HandlerFunc(echo),
		"uploads.example.com":        http.HandlerFunc(uploaded),

		"s3.eu-west-1.amazonaws.com": bucket("reports"),
	}
}

// signIn is a site with a form to sign in by, whose token has to come back.
func signIn() http.Handler {
	var mu sync.Mutex // guards what follows
	forms, users := map[string]string{}, map[string]string{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) {
		visit, csrf := rand.Text(), rand.Text()
		mu.Lock()
		forms[visit] = csrf
		mu.Unlock()
		http.SetCookie(w, &http.Cookie{Name: "visit", Value: visit, Path: "/", Secure: true})
		fmt.Fprintf(w, `<form method="post"><input name="user"><input name="password"><input name="csrf" value="%s"></form>`, csrf)
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		visit, err := r.Cookie("visit")
		if err != nil || forms[visit.Value] == "" || forms[visit.Value] != r.FormValue("csrf") {
			http.Error(w, "the form is not yours", http.StatusForbidden)
			return
		}
		if r.FormValue("password") != "pa55word" {
			http.Error(w, "wrong name or password", http.StatusUnauthorized)
			return
		}
		id := rand.Text()
		users[id] = r.FormValue("user")
		http.SetCookie(w, &http.Cookie{Name: "signed-in", Value: id, Path: "/", Secure: true, MaxAge: 7 * 24 * 3600})
		http.Redirect(w, r, "/home", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /home", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		c, err := r.Cookie("signed-in")
		if err != nil || users[c.Value] == "" {
			http.Redirect(w, r, "/login", http.StatusFound)
			return
		}
		fmt.Fprintf(w, "welcome, %s", users[c.Value])
	})
	return mux
}

// tokenEndpoint gives tokens for client credentials.
func tokenEndpoint() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if id, secret, _ := r.BasicAuth(); id != "id" || secret != "secret" {
			answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
			return
		}
		answer(w, http.StatusOK, map[string]any{"access_token": "t0ken", "token_type": "bearer", "expires_in": 3600})
	})
	return mux
}

// downloads serves a file with ranges and a strong validator.
func downloads() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /image.iso", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		http.ServeContent(w, r, "image.iso", time.Time{}, strings.NewReader(strings.Repeat("x", 1<<20)))
	})
	return mux
}

// live sends events, three to a connection, and lines of JSON.
func live() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
		seen, _ := strconv.Atoi(r.Header.Get("Last-Event-ID"))
		if seen >= 4 {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "retry: 1\n\n")
		for id := seen + 1; id <= seen+2; id++ {
			fmt.Fprintf(w, "id: %d\nevent: tick\ndata: %d\n\n", id, id)
		}
	})
	mux.HandleFunc("GET /log", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		lines := json.NewEncoder(w)
		for n := 1; n <= 1000 && r.Context().Err() == nil; n++ {
			lines.Encode(map[string]int{"n": n})
		}
	})
	return mux
}

// search has three pages of results, each named by the cursor in the one before.
func search() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/search", func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.FormValue("cursor"))
		next := ""
		if page < 2 {
			next = strconv.Itoa(page + 1)
		}
		answer(w, http.StatusOK, map[string]any{
			"next": next,
			"data": map[string]any{"items": []any{map[string]any{"id": 2*page + 1}, map[string]any{"id": 2*page + 2}}},
		})
	})
	return mux
}

// uploaded says how it was sent what it was sent.
func uploaded(w http.ResponseWriter, r *http.Request) {
	parts := []string{}
	if reader, err := r.MultipartReader(); err == nil {
		for part, err := reader.NextPart(); err == nil; part, err = reader.NextPart() {
			parts = append(parts, part.FormName()+" "+part.FileName())
		}
	}
	n, _ := io.Copy(io.Discard, r.Body)
	fmt.Fprintf(w, "length %d, got %d, parts %q", r.ContentLength, n, parts)
}

// everySecond answers every second request with 200, the others with status.
func everySecond(status int) http.Handler {
	var calls atomic.Int32
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1)%2 == 1 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(status)
		}
	})
}

// bucket is an S3 with one bucket.
func bucket(name string) http.Handler {
	backend := s3mem.New()
	if err := backend.CreateBucket(name); err != nil {
		panic(err)
	}
	return gofakes3.New(backend).Server()
}
