// Digest shows a session answering Digest challenges: the first request of a
// protection space is asked for credentials, the next ones carry them at once,
// and another origin never sees any.
//
//	go run ./examples/digest [URL of an httpbin]
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/mccutchen/go-httpbin/v2/httpbin"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
)

func main() {
	server, stop := server()
	err := run(server)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

// server returns the URL given, or that of an httpbin started here.
func server() (url string, stop func()) {
	if len(os.Args) > 1 {
		return os.Args[1], func() {}
	}
	os.Setenv("no_proxy", "127.0.0.1") // a proxy of the environment would not find it
	s := httptest.NewServer(httpbin.New())
	return s.URL, s.Close
}

func run(server string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	session, err := requests.NewSession(
		requests.WithBaseURL(server),
		requests.WithAuth(auth.Digest("ada", "lovelace")),
		requests.WithRaiseForStatus(true),
	)
	if err != nil {
		return err
	}
	defer session.Close()

	fmt.Println("1. The first request is challenged and sent again with an answer.")
	resp, err := session.Get(ctx, "digest-auth/auth/ada/lovelace/SHA-256")
	if err != nil {
		return err
	}
	show(resp)

	fmt.Println("2. What was learned is used at once: no challenge, the next count.")
	resp, err = session.Get(ctx, "digest-auth/auth/ada/lovelace/SHA-256")
	if err != nil {
		return err
	}
	show(resp)

	fmt.Println("3. Another origin gets nothing, for the session's credentials have a home.")
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", `Digest realm="trap", nonce="abc", qop="auth"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer other.Close()
	resp, err = session.Get(ctx, other.URL, requests.WithRaiseForStatus(false))
	if err != nil {
		return err
	}
	show(resp)
	return nil
}

// show prints what came before a response, and what its request carried.
func show(resp *requests.Response) {
	for _, r := range resp.History {
		fmt.Printf("   %d asks for %s\n", r.StatusCode, scheme(r.Header.Get("WWW-Authenticate")))
	}
	fmt.Printf("   %d with %s\n", resp.StatusCode, count(resp.Request.Header.Get("Authorization")))
}

func scheme(challenge string) string {
	name, _, _ := strings.Cut(challenge, " ")
	return name
}

func count(credentials string) string {
	if _, rest, ok := strings.Cut(credentials, "nc="); ok {
		n, _, _ := strings.Cut(rest, ",")
		return "the use " + n + " of a nonce"
	}
	return "no credentials"
}
