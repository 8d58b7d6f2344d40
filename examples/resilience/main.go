// Resilience sends requests to a server that fails on a schedule, through a
// session with the five layers of adapters.Resilient, and prints what each of
// them decided.
//
//	go run ./examples/resilience
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

func main() {
	var seen atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		schedule(w, r, seen.Add(1))
	}))
	defer server.Close()
	if err := run(server.URL); err != nil {
		server.Close()
		log.Fatal(err)
	}
}

// schedule is what the server answers, by the number of the request.
func schedule(w http.ResponseWriter, r *http.Request, n int64) {
	switch {
	case n == 2: // for a moment
		w.WriteHeader(http.StatusServiceUnavailable)
	case n == 4: // it hangs until it is given up
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	case n >= 6 && n <= 10: // an outage
		w.WriteHeader(http.StatusBadGateway)
	default:
		fmt.Fprintf(w, "answer %d", n)
	}
}

func run(server string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	resilient := &adapters.Resilient{
		Limit:   adapters.Limit{Rate: 1000, InFlight: 10},
		Total:   20 * time.Second,
		Attempt: 2 * time.Second,
		Retry: adapters.Retry{
			Wait: time.Millisecond,
			OnRetry: func(a adapters.Attempt) {
				fmt.Printf("   attempt %d: %s, to be tried again\n", a.Number, outcome(a))
			},
		},
		Breaker: adapters.Breaker{
			OpenFor:  200 * time.Millisecond,
			OnChange: func(c adapters.CircuitChange) { fmt.Printf("   the circuit is %s\n", c.To) },
		},
	}
	session, err := requests.NewSession(
		requests.WithBaseURL(server),
		requests.WithMiddleware(resilient.Wrap), // the one line
		requests.WithEnvironment(false),         // the server is of this program: no proxy leads to it
	)
	if err != nil {
		return err
	}
	defer session.Close()

	for _, title := range []string{
		"1. All is well.",
		"2. The server is overloaded for a moment.",
		"3. The server hangs, which costs one attempt.",
		"4. An outage begins: the attempts are used up, the last response is returned.",
		"5. It goes on: so many failures open the circuit.",
		"6. Its time is over: one request tries it, and it is closed.",
		"7. The server is back.",
	} {
		fmt.Println(title)
		if err := call(ctx, session); err != nil {
			return err
		}
	}
	fmt.Println("8. A POST is not sent twice, unless no connection was had.")
	gone := httptest.NewServer(nil)
	gone.Close()
	_, err = session.Post(ctx, gone.URL, requests.WithJSON("content"))
	var used *adapters.RetryError
	if !errors.As(err, &used) || !errors.Is(err, requests.ErrRetriesExhausted) {
		return fmt.Errorf("unexpectedly: %w", err)
	}
	fmt.Printf("   given up after %d attempts\n", len(used.Attempts))
	return nil
}

// call sends one request. A circuit that is open says when to come back.
func call(ctx context.Context, session *requests.Session) error {
	resp, err := session.Get(ctx, "/")
	var open *adapters.CircuitError
	switch {
	case errors.As(err, &open):
		fmt.Println("   not sent: the circuit is open")
		time.Sleep(time.Until(open.Until))
		return nil
	case err != nil:
		return err
	}
	fmt.Printf("   status %d with %q\n", resp.StatusCode, resp.Text())
	if attempts := adapters.AttemptsFrom(resp.Response); attempts != nil {
		last := attempts[len(attempts)-1]
		fmt.Printf("   %d attempts; of the last: %s\n", len(attempts), outcome(last))
	}
	return nil
}

func outcome(a adapters.Attempt) string {
	switch {
	case errors.Is(a.Err, requests.ErrTimeout):
		return "no answer in time"
	case errors.Is(a.Err, requests.ErrConnection):
		return "no connection"
	case a.Err != nil:
		return a.Err.Error()
	case a.Reason != "":
		return fmt.Sprintf("status %d (%s)", a.StatusCode, a.Reason)
	}
	return fmt.Sprintf("status %d", a.StatusCode)
}
