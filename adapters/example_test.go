package adapters_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/seed-3bbad739/requests/adapters"
)

func ExampleNew() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "hello")
	}))
	defer server.Close()

	pool := adapters.New(adapters.Options{MaxConnsPerHost: 10})
	defer pool.Close()
	client := &http.Client{Transport: pool}

	// What one request asks of the network travels in its context.
	req, err := http.NewRequest("GET", server.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	req = req.WithContext(adapters.WithSettings(req.Context(), adapters.Settings{
		Connect: 5 * time.Second,
		Read:    30 * time.Second,
	}))
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	trace, _ := adapters.TraceFrom(resp)
	fmt.Println(resp.Status, trace.Protocol, trace.Reused)
	// Output: 200 OK HTTP/1.1 false
}

func ExampleGuard() {
	client := &http.Client{Transport: adapters.New(adapters.Options{Guard: &adapters.Guard{}})}
	_, err := client.Get("http://169.254.169.254/latest/meta-data/")
	fmt.Println(errors.Is(err, adapters.ErrBlockedAddress))
	// Output: true
}
