package adapters_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-3bbad739/requests/adapters"
)

// flaky is a server that answers the first n requests with 503.
func flaky(n int32) *httptest.Server {
	var seen atomic.Int32
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		if seen.Add(1) <= n {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, "%s %s", r.Method, content)
	}))
}

func ExampleRetry() {
	server := flaky(2)
	defer server.Close()
	client := &http.Client{Transport: &adapters.Retry{
		Base: server.Client().Transport,
		Wait: time.Millisecond,
		OnRetry: func(a adapters.Attempt) {
			fmt.Printf("attempt %d: %d, again because of its %s\n", a.Number, a.StatusCode, a.Reason)
		},
	}}
	req, _ := http.NewRequest("PUT", server.URL, strings.NewReader("content"))
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	content, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(content))
	fmt.Println(len(adapters.AttemptsFrom(resp)), "attempts")
	// Output:
	// attempt 1: 503, again because of its status
	// attempt 2: 503, again because of its status
	// 200 PUT content
	// 3 attempts
}

func ExampleRetryError() {
	server := flaky(100)
	defer server.Close()
	client := &http.Client{Transport: &adapters.Retry{
		Base: server.Client().Transport, Wait: time.Millisecond, RaiseOnStatus: true,
	}}
	_, err := client.Get(server.URL)
	var re *adapters.RetryError
	if errors.As(err, &re) {
		fmt.Println(re)
		fmt.Println(re.Response.StatusCode, errors.Is(err, adapters.ErrRetriesExhausted))
	}
	// Output:
	// adapters: retries exhausted after 3 attempts: status 503
	// 503 true
}

// A minted key makes a POST safe to repeat, where the server knows the field.
func ExampleRetry_idempotencyKey() {
	server := flaky(1)
	defer server.Close()
	client := &http.Client{Transport: &adapters.Retry{
		Base: server.Client().Transport, Wait: time.Millisecond, IdempotencyKey: true,
	}}
	resp, err := client.Post(server.URL, "text/plain", strings.NewReader("an order"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	content, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(content))
	// Output: 200 POST an order
}

func ExampleLimit() {
	server := flaky(0)
	defer server.Close()
	client := &http.Client{Transport: &adapters.Limit{
		Base: server.Client().Transport, Rate: 100, Burst: 1, InFlight: 4,
	}}
	start := time.Now()
	for range 3 {
		resp, err := client.Get(server.URL)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
	}
	fmt.Println("at least 20 ms:", time.Since(start) >= 20*time.Millisecond)
	// Output: at least 20 ms: true
}

func ExampleBreaker() {
	server := flaky(100)
	defer server.Close()
	breaker := &adapters.Breaker{
		Base:     server.Client().Transport,
		Failures: 2,
		OnChange: func(c adapters.CircuitChange) { fmt.Println(c.From, "→", c.To) },
	}
	client := &http.Client{Transport: breaker}
	for range 3 {
		resp, err := client.Get(server.URL)
		if errors.Is(err, adapters.ErrCircuitOpen) {
			fmt.Println("not sent")
			continue
		}
		resp.Body.Close()
		fmt.Println(resp.StatusCode)
	}
	// Output:
	// 503
	// closed → open
	// 503
	// not sent
}

func ExampleHedge() {
	var seen atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if seen.Add(1) == 1 {
			<-r.Context().Done() // this one never answers
			return
		}
		fmt.Fprint(w, "answered")
	}))
	defer server.Close()
	client := &http.Client{Transport: &adapters.Hedge{
		Base:  server.Client().Transport,
		Delay: 20 * time.Millisecond,
	}}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	content, _ := io.ReadAll(resp.Body)
	fmt.Println(string(content))
	// Output: answered
}

func ExampleAttemptTimeout() {
	hangs := baseFunc(func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	})
	client := &http.Client{Transport: &adapters.AttemptTimeout{Base: hangs, Timeout: 10 * time.Millisecond}}
	_, err := client.Get("http://server.test/")
	fmt.Println(err)
	// Output: Get "http://server.test/": adapters: no response within 10ms
}

func ExampleResilient() {
	server := flaky(1)
	defer server.Close()
	client := &http.Client{Transport: &adapters.Resilient{
		Base:    server.Client().Transport,
		Limit:   adapters.Limit{Rate: 100, InFlight: 10},
		Total:   5 * time.Second,
		Retry:   adapters.Retry{Wait: time.Millisecond},
		Attempt: time.Second,
	}}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 200
}

func ExampleResilient_Check() {
	r := &adapters.Resilient{Total: time.Second, Attempt: time.Minute}
	fmt.Println(r.Check())
	// Output:
	// adapters: settings do not fit one another
	// Resilient: Attempt 1m0s is not less than Total 1s
}
