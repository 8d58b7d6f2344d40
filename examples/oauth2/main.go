// Oauth2 shows a session with OAuth 2 tokens from a server of its own: with
// client credentials, with a refresh token, and what happens when a token is
// withdrawn or many requests need a new one at the same time.
//
//	go run ./examples/oauth2
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
)

func main() {
	p := new(provider)
	server := httptest.NewServer(p)
	defer server.Close()
	if err := run(server.URL, p); err != nil {
		server.Close()
		log.Fatal(err)
	}
}

func run(server string, p *provider) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	fmt.Println("1. Client credentials: a hundred requests at once cause one token request.")
	config := clientcredentials.Config{ClientID: "id", ClientSecret: "secret", TokenURL: server + "/token"}
	session, err := newSession(server, config.TokenSource(ctx))
	if err != nil {
		return err
	}
	defer session.Close()
	var wg sync.WaitGroup
	errs := make([]error, 100)
	for i := range errs {
		wg.Go(func() { _, errs[i] = session.Get(ctx, "api") })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	fmt.Printf("   token requests: %d\n", p.grants())

	fmt.Println("2. A refresh token: the old access token has expired, a new one is had first.")
	user := oauth2.Config{ClientID: "id", ClientSecret: "secret", Endpoint: oauth2.Endpoint{TokenURL: server + "/token"}}
	old := &oauth2.Token{AccessToken: "old", RefreshToken: "refresh", Expiry: time.Now().Add(-time.Hour)}
	refreshed, err := newSession(server, user.TokenSource(ctx, old))
	if err != nil {
		return err
	}
	defer refreshed.Close()
	resp, err := refreshed.Get(ctx, "api")
	if err != nil {
		return err
	}
	fmt.Printf("   %d, token requests: %d\n", resp.StatusCode, p.grants())

	fmt.Println("3. A token is withdrawn: one 401, another token, the same request again.")
	// The sources of x/oauth2 keep a token until it expires. One that asks
	// each time lets the session decide when to ask.
	direct, err := newSession(server, source(func() (*oauth2.Token, error) { return config.Token(ctx) }))
	if err != nil {
		return err
	}
	defer direct.Close()
	if _, err = direct.Get(ctx, "api"); err != nil {
		return err
	}
	p.withdraw()
	if resp, err = direct.Get(ctx, "api"); err != nil {
		return err
	}
	fmt.Printf("   %d after %d\n", resp.StatusCode, resp.History[0].StatusCode)

	fmt.Println("4. A token request that fails names the endpoint, and nothing that was sent.")
	wrong := clientcredentials.Config{ClientID: "id", ClientSecret: "wrong", TokenURL: server + "/token"}
	failing, err := newSession(server, wrong.TokenSource(ctx))
	if err != nil {
		return err
	}
	defer failing.Close()
	if _, err = failing.Get(ctx, "api"); err == nil {
		return errors.New("a wrong secret was accepted")
	}
	fmt.Printf("   %v\n", err)
	return nil
}

func newSession(server string, tokens oauth2.TokenSource) (*requests.Session, error) {
	return requests.NewSession(
		requests.WithBaseURL(server),
		requests.WithAuth(auth.OAuth2(tokens)),
		requests.WithRaiseForStatus(true),
		requests.WithEnvironment(false), // the server is of this program: no proxy leads to it
	)
}

type source func() (*oauth2.Token, error)

func (s source) Token() (*oauth2.Token, error) { return s() }

// provider is a token endpoint and an API that accepts its last tokens.
type provider struct {
	mu    sync.Mutex // guards what follows
	given int
	valid map[string]bool
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.URL.Path == "/token" {
		p.token(w, r)
		return
	}
	if !p.valid[r.Header.Get("Authorization")] {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if _, secret, _ := r.BasicAuth(); secret != "secret" {
		w.WriteHeader(http.StatusUnauthorized)
		json.NewEncoder(w).Encode(map[string]any{"error": "invalid_client"})
		return
	}
	p.given++
	token := fmt.Sprintf("token%d", p.given)
	if p.valid == nil {
		p.valid = make(map[string]bool)
	}
	p.valid["Bearer "+token] = true
	json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "bearer", "expires_in": 3600})
}

func (p *provider) grants() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.given
}

func (p *provider) withdraw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.valid)
}
