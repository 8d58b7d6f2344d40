package faults_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/seed-3bbad739/requests/adapters/faults"
)

func Example() {
	client := &http.Client{Transport: &faults.Transport{
		Seed: 42,
		Rules: []faults.Rule{
			{Chance: 0.5, Fault: faults.Latency(0, 5*time.Millisecond)},
			{Chance: 0.3, Fault: faults.Refuse()},
			{Chance: 1, Fault: faults.Status(503, "Retry-After", "1")},
		},
	}}
	for range 6 {
		resp, err := client.Get("http://server.test/")
		if err != nil {
			fmt.Println(err)
			continue
		}
		resp.Body.Close()
		fmt.Println(resp.Status, resp.Header.Get("Retry-After"))
	}
	// Output:
	// Get "http://server.test/": dial tcp: connect: connection refused
	// Get "http://server.test/": dial tcp: connect: connection refused
	// Get "http://server.test/": dial tcp: connect: connection refused
	// Get "http://server.test/": dial tcp: connect: connection refused
	// 503 Service Unavailable 1
	// 503 Service Unavailable 1
}
