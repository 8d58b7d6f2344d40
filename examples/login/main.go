// Login signs in through a form with a CSRF token, saves the cookies, and is
// still signed in when it is started again: the second half runs in another
// process, with another session, on the saved file.
//
//	go run ./examples/login
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/cookies"
)

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var err error
	if len(os.Args) == 3 {
		err = comeBack(ctx, os.Args[1], os.Args[2])
	} else {
		err = run(ctx)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	server := httptest.NewServer(newSite())
	defer server.Close()
	dir, err := os.MkdirTemp("", "login")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "cookies.json")

	if err := signIn(ctx, server.URL, file); err != nil {
		return err
	}
	fmt.Println("4. The program is started again, with nothing but the file.")
	self, err := os.Executable()
	if err != nil {
		return err
	}
	again := exec.CommandContext(ctx, self, server.URL, file)
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	return again.Run()
}

var tokenField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func signIn(ctx context.Context, server, file string) error {
	session, err := newSession(server)
	if err != nil {
		return err
	}
	defer session.Close()

	fmt.Println("1. The form comes with a token, and a cookie that ties it to us.")
	page, err := requests.Text(session.Get(ctx, "login"))
	if err != nil {
		return err
	}
	token := tokenField.FindStringSubmatch(page)
	if token == nil {
		return errors.New("the form has no token")
	}

	fmt.Println("2. Name, password and token are posted; the answer is a redirect to our page.")
	resp, err := session.Post(ctx, "login", requests.WithForm(url.Values{
		"user": {"ada"}, "password": {"lovelace"}, "csrf": {token[1]},
	}))
	if err != nil {
		return err
	}
	fmt.Printf("   %s says: %s\n", resp.Request.URL.Path, resp.Text())

	fmt.Println("3. The cookies are saved, the one of this visit left out.")
	for c := range session.Cookies().All() {
		kind := "for this visit"
		if !c.Expires.IsZero() {
			kind = fmt.Sprintf("for %.0f days", time.Until(c.Expires).Hours()/24)
		}
		fmt.Printf("   %s, %s\n", c.Name, kind)
	}
	return session.Cookies().SaveFile(file)
}

// comeBack is the second process.
func comeBack(ctx context.Context, server, file string) error {
	jar := cookies.New(nil)
	if err := jar.LoadFile(file); err != nil {
		return err
	}
	session, err := newSession(server, requests.WithCookieJar(jar))
	if err != nil {
		return err
	}
	defer session.Close()
	text, err := requests.Text(session.Get(ctx, "home"))
	if err != nil {
		return err
	}
	fmt.Printf("   /home says: %s\n", text)
	return nil
}

func newSession(server string, more ...requests.Option) (*requests.Session, error) {
	return requests.NewSession(append([]requests.Option{
		requests.WithBaseURL(server),
		requests.WithRaiseForStatus(true),
		requests.WithEnvironment(false), // the server is of this program: no proxy leads to it
	}, more...)...)
}

// site is a server with a form to sign in by.
type site struct {
	mu     sync.Mutex // guards what follows
	tokens map[string]string
	users  map[string]string
}

func newSite() http.Handler {
	s := &site{tokens: make(map[string]string), users: make(map[string]string)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", s.form)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("GET /home", s.home)
	return mux
}

func (s *site) form(w http.ResponseWriter, _ *http.Request) {
	visit, token := rand.Text(), rand.Text()
	s.mu.Lock()
	s.tokens[visit] = token
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "visit", Value: visit, Path: "/", HttpOnly: true})
	fmt.Fprintf(w, `<form method="post"><input name="user"><input name="password"><input name="csrf" value="%s"></form>`, token)
}

func (s *site) login(w http.ResponseWriter, r *http.Request) {
	visit, err := r.Cookie("visit")
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || s.tokens[visit.Value] == "" || s.tokens[visit.Value] != r.FormValue("csrf") {
		http.Error(w, "the token is not yours", http.StatusForbidden)
		return
	}
	if r.FormValue("user") != "ada" || r.FormValue("password") != "lovelace" {
		http.Error(w, "wrong name or password", http.StatusUnauthorized)
		return
	}
	id := rand.Text()
	s.users[id] = r.FormValue("user")
	http.SetCookie(w, &http.Cookie{Name: "signed-in", Value: id, Path: "/", HttpOnly: true, MaxAge: 7 * 24 * 3600})
	http.Redirect(w, r, "/home", http.StatusSeeOther)
}

func (s *site) home(w http.ResponseWriter, r *http.Request) {
	c, err := r.Cookie("signed-in")
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || s.users[c.Value] == "" {
		http.Error(w, "sign in first", http.StatusUnauthorized)
		return
	}
	fmt.Fprintf(w, "welcome, %s", s.users[c.Value])
}
