package sse_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strings"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/sse"
)

func ExampleRead() {
	stream := strings.NewReader("event: add\nid: 7\ndata: 73857293\n\n: a comment\n\ndata: one\ndata: two\n\n")
	for event, err := range sse.Read(stream, nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s %s %q\n", event.ID, event.Type, event.Data)
	}
	// Output:
	// 7 add "73857293"
	// 7 message "one\ntwo"
}

func ExampleEvents() {
	// A server that ends the stream after each event, and has three.
	server := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next, ok := map[string]string{"": "1", "1": "2", "2": "3"}[r.Header.Get("Last-Event-ID")]
		if !ok {
			w.WriteHeader(http.StatusNoContent) // there is no more
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "retry: 1\nid: %s\ndata: event %s\n\n", next, next)
	}))
	session := requests.Must(requests.NewSession(requests.WithAdapter("http://events.test", server)))
	defer session.Close()

	for event, err := range sse.Events(context.Background(), session, "http://events.test/", nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Data)
	}
	// Output:
	// event 1
	// event 2
	// event 3
}

// What a stream may ask of its reader is bounded.
func ExampleOptions() {
	server := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "data: small\n\ndata: %s\n\n", strings.Repeat("x", 2000))
	}))
	session := requests.Must(requests.NewSession(requests.WithAdapter("http://events.test", server)))
	defer session.Close()

	for event, err := range sse.Events(context.Background(), session, "http://events.test/", &sse.Options{MaxEvent: 1000}) {
		if err != nil {
			fmt.Println(errors.Is(err, sse.ErrEventTooLarge))
			break
		}
		fmt.Println(event.Data)
	}
	// Output:
	// small
	// true
}
