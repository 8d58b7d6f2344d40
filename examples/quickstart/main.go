// Quickstart is a tour of a session: what its requests share is said once, and
// each call says the rest. It talks to a server of its own, without a network,
// or to the go-httpbin whose URL it is given.
//
//	go run ./examples/quickstart [URL]
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/mccutchen/go-httpbin/v2/httpbin"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
)

func main() {
	log.SetFlags(0)
	server, stop := server()
	err := tour(server)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func tour(server string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	fmt.Println("1. A session has defaults: where to, as whom, with what.")
	session, err := requests.NewSession(
		requests.WithBaseURL(server),
		requests.WithHeader("User-Agent", "quickstart/1.0"),
		requests.WithParam("lang", "en"),
		requests.WithAuth(auth.Basic("ada", "lovelace")),
		requests.WithTimeout(10*time.Second),
	)
	if err != nil {
		return err // every mistake among the options at once
	}
	defer session.Close() // its connections end with it
	// A hook sees each request on the wire. This one prints the lines with ->.
	session.Hooks().Response.PushBack(func(e *requests.Exchange) error {
		fmt.Printf("   %s %s -> %d\n", e.Request.Method, e.Request.URL.RequestURI(), e.Response.StatusCode)
		return nil
	})

	fmt.Println("2. A call adds to the defaults, or replaces them for itself. JSON is decoded into a struct.")
	got, err := requests.JSON[seen](session.Get(ctx, "get", requests.WithParam("page", "2"), requests.WithHeader("Accept-Language", "en")))
	if err != nil {
		return err
	}
	fmt.Println("   the server saw the parameters", got.Args, "and the agent", got.Headers.Get("User-Agent"))

	fmt.Println("3. Credentials are the session's. They go to this server and to no other.")
	who, err := requests.JSON[struct{ User string }](session.Get(ctx, "basic-auth/ada/lovelace"))
	if err != nil {
		return err
	}
	fmt.Println("   signed in as", who.User)

	fmt.Println("4. A value is sent as JSON.")
	got, err = requests.JSON[seen](session.Post(ctx, "post", requests.WithJSON(map[string]any{"engine": "analytical", "cards": 3})))
	if err != nil {
		return err
	}
	fmt.Println("   the server saw", got.JSON)

	fmt.Println("5. Cookies are kept: here a redirect sets one, and the next request has it.")
	resp, err := session.Get(ctx, "cookies/set", requests.WithParam("theme", "dark"), requests.WithoutParam("lang"))
	if err != nil {
		return err
	}
	fmt.Println("   redirects:", len(resp.History), "cookies:", session.Cookies().Len(), "sent:", resp.Request.Header.Get("Cookie"))

	fmt.Println("6. One connection carried all of it, for a response gives it back.")
	fmt.Println("   the last request reused it:", resp.Timings().Reused)

	fmt.Println("7. A status is a response until it is asked for; what failed otherwise is an error of its kind.")
	resp, err = session.Get(ctx, "status/404")
	if err != nil {
		return err
	}
	var status *requests.StatusError
	if errors.As(resp.RaiseForStatus(), &status) {
		fmt.Println("   asked for:", status.StatusCode, status.Reason)
	}
	_, err = session.Get(ctx, "delay/10", requests.WithTimeout(100*time.Millisecond))
	fmt.Println("   a timeout:", errors.Is(err, requests.ErrTimeout))
	return nil
}

// seen is what httpbin says of a request.
type seen struct {
	Args    map[string][]string
	Headers http.Header
	JSON    any
}

// server returns the URL that was given, or that of an httpbin started here.
func server() (url string, stop func()) {
	if len(os.Args) > 1 {
		return os.Args[1], func() {}
	}
	os.Setenv("no_proxy", "127.0.0.1") // a proxy of the environment would not find it
	s := httptest.NewServer(httpbin.New())
	return s.URL, s.Close
}
