// Quickstart shows what a session is for, against a server of its own or one
// that is given: a login, JSON both ways, cookies, redirects, and one
// connection for all of it.
//
//	go run ./examples/quickstart [URL of an httpbin]
package main

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/mccutchen/go-httpbin/v2/httpbin"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
)

func main() {
	server, stop := server()
	defer stop()
	if err := run(server); err != nil {
		stop()
		log.Fatal(err)
	}
}

// server returns the URL given, or that of an httpbin started here.
func server() (url string, stop func()) {
	if len(os.Args) > 1 {
		return os.Args[1], func() {}
	}
	s := httptest.NewServer(httpbin.New())
	return s.URL, s.Close
}

func run(server string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	fmt.Println("1. A session: what every request shares is said once.")
	connections := make(map[string]bool)
	hooks := new(requests.Hooks)
	hooks.Response.PushBack(func(e *requests.Exchange) error {
		fmt.Printf("   %s %s -> %d\n", e.Request.Method, e.Request.URL.RequestURI(), e.Response.StatusCode)
		if t, ok := adapters.TraceFrom(e.Response); ok {
			connections[t.Local.String()] = true
		}
		return nil
	})
	session, err := requests.NewSession(
		requests.WithBaseURL(server),
		requests.WithHeader("User-Agent", "quickstart/1.0"),
		requests.WithAuth(auth.Basic("ada", "lovelace")),
		requests.WithTimeout(10*time.Second),
		requests.WithHooks(hooks),
	)
	if err != nil {
		return err
	}
	defer session.Close()

	fmt.Println("2. Log in: the credentials are the session's, the call does not mention them.")
	who, err := requests.JSON[struct {
		Authorized bool   `json:"authorized"`
		User       string `json:"user"`
	}](session.Get(ctx, "basic-auth/ada/lovelace"))
	if err != nil {
		return err
	}
	fmt.Printf("   authorized=%v as %s\n", who.Authorized, who.User)

	fmt.Println("3. Post a struct as JSON and read JSON back.")
	echo, err := requests.JSON[struct {
		JSON    map[string]any      `json:"json"`
		Headers map[string][]string `json:"headers"`
	}](session.Post(ctx, "post", requests.WithJSON(map[string]any{"engine": "analytical", "cards": 3})))
	if err != nil {
		return err
	}
	fmt.Printf("   the server saw %v from %s\n", echo.JSON, strings.Join(echo.Headers["User-Agent"], ""))

	fmt.Println("4. Cookies: two requests set one each, the third sends both.")
	for _, c := range []string{"theme=dark", "lang=en"} {
		if _, err := session.Get(ctx, "cookies/set?"+c); err != nil {
			return err
		}
	}
	jar, err := requests.JSON[struct {
		Cookies map[string]string `json:"cookies"`
	}](session.Get(ctx, "cookies"))
	if err != nil {
		return err
	}
	fmt.Printf("   the server got theme=%s lang=%s\n", jar.Cookies["theme"], jar.Cookies["lang"])

	fmt.Println("5. Redirects are followed, and remembered.")
	final, err := session.Get(ctx, "relative-redirect/3")
	if err != nil {
		return err
	}
	for _, r := range final.History {
		fmt.Printf("   %d to %s\n", r.StatusCode, r.Header.Get("Location"))
	}
	fmt.Printf("   arrived at %s with %d\n", final.Request.URL.Path, final.StatusCode)

	fmt.Println("6. The connection was kept between all of them.")
	t := final.Timings()
	fmt.Printf("   the last exchange reused it: %v, over %s\n", t.Reused, t.Protocol)
	fmt.Printf("   connections made in all: %d\n", len(connections))
	return nil
}
