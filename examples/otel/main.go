// The otel example traces a session by OpenTelemetry: otelhttp's transport is
// mounted as an adapter, so every attempt and every hop has a span and carries
// its trace context to the server. The connections of the adapter are published
// by expvar, which a server shows at /debug/vars.
//
//	go -C examples/otel run .
package main

import (
	"context"
	"encoding/json"
	"expvar"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

func main() {
	server := httptest.NewServer(flaky())
	defer server.Close()

	spans := tracetest.NewInMemoryExporter()
	provider := trace.NewTracerProvider(trace.WithSyncer(spans))
	defer provider.Shutdown(context.Background())

	pool := adapters.New(adapters.Options{})
	defer pool.Close()
	expvar.Publish("connections", expvar.Func(func() any { return pool.Statistics() }))
	traced := otelhttp.NewTransport(pool,
		otelhttp.WithTracerProvider(provider), otelhttp.WithPropagators(propagation.TraceContext{}))
	retry := &adapters.Retry{Wait: 10 * time.Millisecond}

	session, err := requests.NewSession(
		requests.WithTransport(traced),
		requests.WithMiddleware(retry.Wrap), // outside: a span for each attempt
		requests.WithEnvironment(false),     // the server is of this program: no proxy leads to it
	)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	ctx, span := provider.Tracer("example").Start(context.Background(), "call")
	fmt.Println("1. Two calls under one span. The first is redirected and retried.")
	for _, path := range []string{"/start", "/end"} {
		resp, err := session.Get(ctx, server.URL+path)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("   call of", path, "ended with", resp.StatusCode, "after", len(resp.History), "redirects")
	}
	span.End()

	fmt.Println("2. Every request on the wire had a span of its own.")
	root := span.SpanContext()
	for _, s := range spans.GetSpans() {
		fmt.Printf("   span %-8s of the trace: %-5v below the call: %v\n", s.Name,
			s.SpanContext.TraceID() == root.TraceID(), s.Parent.SpanID() == root.SpanID())
	}
	fmt.Println("3. The figures of the connections, as /debug/vars has them.")
	var figures []adapters.Statistics
	if err := json.Unmarshal([]byte(expvar.Get("connections").String()), &figures); err != nil {
		log.Fatal(err)
	}
	for _, f := range figures {
		fmt.Printf("   dialled: %d, reused: %d, open: %d, in flight: %d\n", f.Dials, f.Reuses, f.Open, f.InFlight)
	}
}

// flaky redirects /start to /end, which fails once, and says which trace a
// request belongs to.
func flaky() http.Handler {
	var seen atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/start", func(w http.ResponseWriter, r *http.Request) {
		report(r)
		http.Redirect(w, r, "/end", http.StatusFound)
	})
	mux.HandleFunc("/end", func(w http.ResponseWriter, r *http.Request) {
		report(r)
		if seen.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	return mux
}

func report(r *http.Request) {
	version, _, _ := strings.Cut(r.Header.Get("Traceparent"), "-")
	fmt.Println("   the server got", r.URL.Path, "with a trace context of version", version)
}
