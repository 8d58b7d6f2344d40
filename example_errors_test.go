package requests_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

// errors.Is asks which condition it was, errors.As for the particulars.
func ExampleError() {
	pool := adapters.New(adapters.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no route to host")
	}})
	defer pool.Close()
	session := requests.Must(requests.NewSession(requests.WithAdapter("http://", pool)))
	defer session.Close()

	_, err := session.Get(context.Background(), "http://api.example.test/users?token=secret")
	if errors.Is(err, requests.ErrConnection) {
		fmt.Println("there is no connection to be had")
	}
	var failed *requests.Error
	if errors.As(err, &failed) {
		fmt.Println(failed.Op, failed.Method, failed.URL) // the query is left out: it may be secret
	}
	// Output:
	// there is no connection to be had
	// send GET http://api.example.test/users
}

// What cannot be sent is an error before anything is sent.
func ExampleError_prepare() {
	session := requests.Must(requests.NewSession())
	defer session.Close()

	for _, target := range []string{"api.example.test/users", "http://[::1", "gopher://example.test/"} {
		_, err := session.Get(context.Background(), target)
		fmt.Println(errors.Is(err, requests.ErrMissingScheme), errors.Is(err, requests.ErrInvalidURL), errors.Is(err, requests.ErrNoAdapter))
	}
	_, err := session.Post(context.Background(), "https://api.example.test/", requests.WithJSON(func() {}))
	fmt.Println(errors.Is(err, requests.ErrInvalidJSON))
	// Output:
	// true true false
	// false true false
	// false false true
	// true
}

// A proxy's failures are told from the server's.
func ExampleError_proxy() {
	gone := httptest.NewServer(nil)
	gone.Close()
	session := requests.Must(requests.NewSession(requests.WithProxy(gone.URL)))
	defer session.Close()

	_, err := session.Get(context.Background(), "https://api.example.test/")
	fmt.Println(errors.Is(err, requests.ErrProxy), errors.Is(err, requests.ErrConnection))
	// Output: true true
}

// Content that is cut, or not what its header says, is never taken for whole.
func ExampleError_content() {
	mux := http.NewServeMux()
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, "the start")
	})
	mux.HandleFunc("/garbled", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "this is no gzip")
	})
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(adapters.Handler(mux))))
	defer session.Close()

	_, err := session.Get(context.Background(), "cut")
	fmt.Println(errors.Is(err, requests.ErrTruncated))
	_, err = session.Get(context.Background(), "garbled")
	fmt.Println(errors.Is(err, requests.ErrContentDecoding))
	// Output:
	// true
	// true
}

// A stream is read once.
func ExampleError_consumed() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	resp, err := session.Get(context.Background(), "events", requests.WithStream(true))
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		lines := 0
		for _, err := range resp.Lines() {
			if err != nil {
				fmt.Println(errors.Is(err, requests.ErrBodyConsumed))
				break
			}
			lines++
		}
		fmt.Println(lines, "lines")
	}
	// Output:
	// 3 lines
	// true
	// 0 lines
}

// A redirect that would send a body from https to http is not followed.
func ExampleError_insecureRedirect() {
	session := requests.Must(requests.NewSession(requests.WithTransport(adapters.Handler(
		http.RedirectHandler("http://api.example.test/", http.StatusTemporaryRedirect),
	))))
	defer session.Close()

	_, err := session.Post(context.Background(), "https://api.example.test/", requests.WithBody("confidential"))
	fmt.Println(errors.Is(err, requests.ErrInsecureRedirect))
	// Output: true
}

// Retries that are used up say what each attempt met.
func ExampleError_retries() {
	gone := httptest.NewServer(nil)
	gone.Close()
	retry := &adapters.Retry{Wait: -1} // no waiting in an example
	session := requests.Must(requests.NewSession(requests.WithMiddleware(retry.Wrap)))
	defer session.Close()

	_, err := session.Get(context.Background(), gone.URL)
	fmt.Println(errors.Is(err, requests.ErrRetriesExhausted), errors.Is(err, requests.ErrConnection))
	var tried *adapters.RetryError
	if errors.As(err, &tried) {
		fmt.Println(len(tried.Attempts), "attempts; why there is no other:", tried.Attempts[2].Reason)
	}
	// Output:
	// true true
	// 3 attempts; why there is no other: attempts are used up
}

// The collectors, RaiseForStatus and WithRaiseForStatus make it.
func ExampleStatusError() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	_, err := requests.Text(session.Get(context.Background(), "users/1"))
	var status *requests.StatusError
	if errors.As(err, &status) && status.StatusCode == http.StatusNotFound {
		fmt.Printf("%s %s: %s", status.Method, status.URL, status.Content)
	}
	// Output: GET https://api.example.test/users/1: no such user
}

// Services say what is wrong in a form of their own, or in that of RFC 9457.
func ExampleStatusError_Decode() {
	session := requests.Must(requests.NewSession(requests.WithTransport(adapters.Handler(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, `{"title": "You do not have enough credit.", "detail": "It costs 50.", "balance": 30}`)
		},
	)))))
	defer session.Close()

	_, err := requests.Text(session.Post(context.Background(), "https://shop.example.test/orders"))
	var status *requests.StatusError
	if !errors.As(err, &status) {
		log.Fatal(err)
	}
	fmt.Println(status.Problem.Title, status.Problem.Detail)
	var more struct{ Balance int }
	if err := status.Decode(&more); err != nil {
		log.Fatal(err)
	}
	fmt.Println(more.Balance)
	// Output:
	// You do not have enough credit. It costs 50.
	// 30
}
