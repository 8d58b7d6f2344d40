// The stream example reads two streams of a server of its own as they arrive:
// lines of JSON, and server-sent events over a connection that breaks.
//
//	go run ./examples/stream
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/sse"
)

// reading is what the server measures, again and again.
type reading struct {
	Sensor string  `json:"sensor"`
	Value  float64 `json:"value"`
}

const every = 100 * time.Millisecond

// readings sends a line of JSON now and then, without an end.
func readings(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines := json.NewEncoder(w)
	for i := 0; r.Context().Err() == nil; i++ {
		lines.Encode(reading{"roof", 20 + float64(i)/2})
		http.NewResponseController(w).Flush()
		time.Sleep(every)
	}
}

// events sends the events 1 to 6 and drops the connection after every third.
// A client that comes back says which it has seen.
func events(w http.ResponseWriter, r *http.Request) {
	seen, _ := strconv.Atoi(r.Header.Get("Last-Event-ID"))
	if seen == 6 {
		w.WriteHeader(http.StatusNoContent) // there is no more
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, "retry: 200\n\n")
	for i := seen + 1; i <= seen+3; i++ {
		fmt.Fprintf(w, "event: tick\nid: %d\ndata: tick %d\n\n", i, i)
		http.NewResponseController(w).Flush()
		time.Sleep(every)
	}
	panic(http.ErrAbortHandler)
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/readings", readings)
	mux.HandleFunc("/events", events)
	server := httptest.NewServer(mux)
	defer server.Close()
	if err := run(server.URL); err != nil {
		log.Fatal(err)
	}
}

func run(server string) error {
	ctx := context.Background()
	session, err := requests.NewSession(
		requests.WithBaseURL(server),
		requests.WithRaiseForStatus(true),
		requests.WithEnvironment(false), // the server is of this program: no proxy leads to it
	)
	if err != nil {
		return err
	}
	defer session.Close()

	fmt.Println("1. Lines of JSON, each decoded as it arrives, until one is too warm:")
	resp, err := session.Get(ctx, "readings", requests.WithStream(true))
	if err != nil {
		return err
	}
	for r, err := range requests.Values[reading](resp) {
		if err != nil {
			return err
		}
		fmt.Printf("   %s %.1f\n", r.Sensor, r.Value)
		if r.Value > 21 {
			break // the response is closed with the loop
		}
	}

	fmt.Println("2. Events, over as many connections as it takes, until the server has no more:")
	options := &sse.Options{OnReconnect: func(error, time.Duration) {
		fmt.Println("   the connection broke; the next one says which event was the last")
	}}
	for event, err := range sse.Events(ctx, session, "events", options) {
		if err != nil {
			return err
		}
		fmt.Printf("   %s %s: %s\n", event.ID, event.Type, event.Data)
	}
	return nil
}
