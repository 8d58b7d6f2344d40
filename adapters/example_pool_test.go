package adapters_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"time"

	"github.com/seed-3bbad739/requests/adapters"
)

// The figures of a pool, for expvar or a page of metrics.
func ExampleHTTP_Statistics() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	pool := adapters.New(adapters.Options{})
	defer pool.Close()
	client := &http.Client{Transport: pool}
	for range 3 {
		resp, err := client.Get(server.URL)
		if err != nil {
			fmt.Println(err)
			return
		}
		io.Copy(io.Discard, resp.Body) // read to its end: the connection serves again
		resp.Body.Close()
	}
	for _, s := range pool.Statistics() {
		fmt.Println(s.Origin == server.URL, s.Dials, "dialled,", s.Reuses, "reuses,", s.InFlight, "in flight")
	}
	// Output: true 1 dialled, 2 reuses, 0 in flight
}

// A transport that a program has already keeps what it is, and honours the
// settings of requests besides.
func ExampleFrom() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	pool := adapters.From(&http.Transport{ResponseHeaderTimeout: time.Minute, DisableCompression: true})
	defer pool.Close()
	resp, err := (&http.Client{Transport: pool}).Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 404
}

// ConnectTo sends the requests for one host to another, as curl's --connect-to
// does: a new server is tried before DNS knows it.
func ExampleOptions() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "asked for ", r.Host)
	}))
	defer server.Close()
	pool := adapters.New(adapters.Options{
		ConnectTo:      map[string]string{"api.example.test:80": server.Listener.Addr().String()},
		MaxIdlePerHost: 8,
		IdleTimeout:    30 * time.Second,
	})
	defer pool.Close()
	resp, err := (&http.Client{Transport: pool}).Get("http://api.example.test/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	fmt.Println(string(content), err)
	// Output: asked for api.example.test <nil>
}

// What a middleware may ask of the settings that a request carries.
func ExampleSettingsFrom() {
	looks := adapters.Func(func(r *http.Request) (*http.Response, error) {
		s, ok := adapters.SettingsFrom(r.Context())
		fmt.Println(s.Read, ok)
		return &http.Response{StatusCode: http.StatusNoContent}, nil
	})
	ctx := adapters.WithSettings(context.Background(), adapters.Settings{Read: 30 * time.Second})
	req, err := http.NewRequestWithContext(ctx, "GET", "https://api.example.test/", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := looks.RoundTrip(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	// Output: 30s true
}

// Load reports at once what the first request would meet.
func ExampleTLS_Load() {
	trust := &adapters.TLS{CABundle: "no such file", MinVersion: tls.VersionTLS13}
	fmt.Println(errors.Is(trust.Load(), os.ErrNotExist))
	// Output: true
}

// The path of a socket is the host of the URL. A session takes it escaped, as in
// http+unix://%2Fvar%2Frun%2Fd.sock/info.
func ExampleUnix() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	socket := dir + "/d.sock"
	listener, err := net.Listen("unix", socket)
	if err != nil {
		fmt.Println(err)
		return
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host, r.URL.Path) })}
	go server.Serve(listener)
	defer server.Close()

	unix := adapters.Unix()
	defer unix.(io.Closer).Close()
	req := &http.Request{Method: "GET", URL: &url.URL{Scheme: "http+unix", Host: socket, Path: "/info"}, Header: make(http.Header)}
	resp, err := unix.RoundTrip(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	fmt.Println(string(content), err)
	// Output: localhost/info <nil>
}

// A circuit can be asked for its state, and its error says when to try again.
func ExampleBreaker_State() {
	server := flaky(100)
	defer server.Close()
	breaker := &adapters.Breaker{Base: server.Client().Transport, Failures: 1, OpenFor: time.Hour}
	client := &http.Client{Transport: breaker}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(breaker.State(resp.Request.URL))

	_, err = client.Get(server.URL)
	var open *adapters.CircuitError
	if errors.As(err, &open) {
		fmt.Println("not before", time.Until(open.Until).Round(time.Hour))
	}
	// Output:
	// open
	// not before 1h0m0s
}

// The pool of all that name no other, under a plain client with retries.
func ExampleDefault() {
	server := flaky(1)
	defer server.Close()
	client := &http.Client{Transport: &adapters.Retry{Base: adapters.Default(), Wait: time.Millisecond}}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 200
}
