// The resilience example sends requests to a server that fails on a schedule,
// and prints what each layer decided.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/seed-3bbad739/requests/adapters"
)

// schedule is what the server answers, by the number of the request.
func schedule(n int64) (status int, wait time.Duration) {
	switch {
	case n == 3:
		return http.StatusServiceUnavailable, 0 // for a moment
	case n == 5:
		return http.StatusOK, 2 * time.Second // hangs once
	case n >= 8 && n <= 13:
		return http.StatusBadGateway, 0 // an outage
	}
	return http.StatusOK, 0
}

func main() {
	var seen atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, wait := schedule(seen.Add(1))
		select {
		case <-time.After(wait):
		case <-r.Context().Done():
		}
		w.WriteHeader(status)
		io.WriteString(w, "answer")
	}))
	defer server.Close()

	client := &http.Client{Transport: &adapters.Resilient{
		Base:    server.Client().Transport,
		Limit:   adapters.Limit{Rate: 20, InFlight: 10},
		Total:   3 * time.Second,
		Attempt: 300 * time.Millisecond,
		Retry: adapters.Retry{
			Wait:    50 * time.Millisecond,
			OnRetry: func(a adapters.Attempt) { fmt.Println("  retry:  ", a) },
		},
		Breaker: adapters.Breaker{
			OpenFor:  500 * time.Millisecond,
			OnChange: func(c adapters.CircuitChange) { fmt.Println("  circuit:", c.From, "to", c.To) },
		},
	}}
	for i := 1; i <= 10; i++ {
		fmt.Printf("call %d\n", i)
		resp, err := client.Get(server.URL)
		var open *adapters.CircuitError
		switch {
		case errors.As(err, &open):
			left := time.Until(open.Until)
			fmt.Printf("  not sent: try again in %v\n", left.Round(time.Millisecond))
			time.Sleep(left)
		case err != nil:
			log.Fatal(err)
		default:
			resp.Body.Close()
			fmt.Println("  status", resp.StatusCode)
		}
	}
}
