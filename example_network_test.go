package requests_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/proxy"
)

// proxyHandler is a proxy that answers by itself instead of forwarding.
var proxyHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	user, _, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
	fmt.Fprintf(w, "asked for %s by %q", r.URL, user)
})

// A proxy may have its credentials in its URL.
func ExampleWithProxy() {
	server := httptest.NewServer(proxyHandler)
	defer server.Close()
	session := requests.Must(requests.NewSession(requests.WithProxy("http://ada:lovelace@" + server.Listener.Addr().String())))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "http://api.example.test/users")))
	// Output: asked for http://api.example.test/users by "ada" <nil>
}

// One proxy for a scheme, another for a host, none for what no_proxy names.
func ExampleWithProxies() {
	session := requests.Must(requests.NewSession(requests.WithProxies(proxy.Map{
		"https":                         "http://proxy.example.test:3128",
		"https://partner.example.test":  "socks5h://gateway.example.test",
		"https://internal.example.test": "", // directly
		"no_proxy":                      "10.0.0.0/8",
	})))
	defer session.Close()

	for _, target := range []string{"https://api.example.test/", "https://partner.example.test/", "https://internal.example.test/", "https://10.1.2.3/"} {
		prepared, err := session.Prepare(context.Background(), &requests.Request{URL: target})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(prepared.Settings.Proxies.For(prepared.URL))
	}
	// Output:
	// http://proxy.example.test:3128 <nil>
	// socks5h://gateway.example.test <nil>
	// <nil> <nil>
	// <nil> <nil>
}

// Credentials for the proxy that are not part of its URL. A proxy that asks for
// Digest is answered by auth.Digest.
func ExampleWithProxyAuth() {
	server := httptest.NewServer(proxyHandler)
	defer server.Close()
	session := requests.Must(requests.NewSession(
		requests.WithProxy(server.URL),
		requests.WithProxyAuth(auth.Basic("ada", "lovelace")),
	))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "http://api.example.test/users")))
	// Output: asked for http://api.example.test/users by "ada" <nil>
}

// The trust for an https proxy is apart from that for the servers behind it.
func ExampleWithProxyTLS() {
	server := httptest.NewTLSServer(proxyHandler)
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	session := requests.Must(requests.NewSession(
		requests.WithProxy(server.URL),
		requests.WithProxyTLS(requests.TLS{RootCAs: roots}),
	))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "http://api.example.test/users")))
	// Output: asked for http://api.example.test/users by "" <nil>
}

// Without the environment, a session is what its options say and nothing else.
func ExampleWithEnvironment() {
	os.Setenv("https_proxy", "http://proxy.example.test:3128")
	defer os.Unsetenv("https_proxy")
	session := requests.Must(requests.NewSession())
	defer session.Close()

	for _, use := range []bool{true, false} {
		if err := session.Update(requests.WithEnvironment(use)); err != nil {
			log.Fatal(err)
		}
		prepared, err := session.Prepare(context.Background(), &requests.Request{URL: "https://api.example.test/"})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(prepared.Settings.Proxies.For(prepared.URL))
	}
	// Output:
	// http://proxy.example.test:3128 <nil>
	// <nil> <nil>
}

// certificateFiles writes what server shows, and its key, as PEM files.
func certificateFiles(dir string, server *httptest.Server) (certFile, keyFile string) {
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		log.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	err = errors.Join(
		os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), 0o600),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600),
	)
	if err != nil {
		log.Fatal(err)
	}
	return certFile, keyFile
}

// tlsServer says hello, and to whom, over TLS. What clients do wrong is not
// logged.
func tlsServer() *httptest.Server {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "hello")
		for _, c := range r.TLS.PeerCertificates {
			fmt.Fprint(w, ", ", c.Subject.Organization)
		}
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	return server
}

// A server of a company's own authority is trusted by that authority's file.
func ExampleWithCABundle() {
	server := tlsServer()
	defer server.Close()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	bundle, _ := certificateFiles(dir, server)
	session := requests.Must(requests.NewSession())
	defer session.Close()

	_, err = session.Get(context.Background(), server.URL)
	fmt.Println(errors.Is(err, requests.ErrTLS))
	fmt.Println(requests.Text(session.Get(context.Background(), server.URL, requests.WithCABundle(bundle))))
	_, err = requests.NewSession(requests.WithCABundle("no such file"))
	fmt.Println(errors.Is(err, os.ErrNotExist)) // known at once, not at the first request
	// Output:
	// true
	// hello <nil>
	// true
}

// A client certificate is shown to servers that ask for one.
func ExampleWithClientCert() {
	server := tlsServer()
	defer server.Close()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	certFile, keyFile := certificateFiles(dir, server)
	session := requests.Must(requests.NewSession(
		requests.WithCABundle(certFile),
		requests.WithClientCert(certFile, keyFile),
	))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), server.URL)))
	// Output: hello, [Acme Co] <nil>
}

// For a server that is reached by an address and has a certificate for a name.
func ExampleWithServerName() {
	server := tlsServer() // its certificate names example.com
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	session := requests.Must(requests.NewSession(requests.WithTLS(requests.TLS{RootCAs: roots})))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), server.URL, requests.WithServerName("example.com"))))
	_, err := session.Get(context.Background(), server.URL, requests.WithServerName("elsewhere.test"))
	fmt.Println(errors.Is(err, requests.ErrTLS))
	// Output:
	// hello <nil>
	// true
}

// WithTLS replaces all TLS settings at once. A field of a [requests.TLS] that
// is zero has the default.
func ExampleWithTLS() {
	server := tlsServer()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	session := requests.Must(requests.NewSession(requests.WithTLS(requests.TLS{
		RootCAs:    roots,
		MinVersion: tls.VersionTLS13,
	})))
	defer session.Close()

	resp, err := session.Get(context.Background(), server.URL)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Timings().TLSVersion)
	// Output: TLS 1.3
}

// Without verification, anybody in between can read and change what is sent.
// WithCABundle is what a test server or a private authority asks for.
func ExampleWithVerify() {
	server := tlsServer()
	defer server.Close()
	session := requests.Must(requests.NewSession())
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), server.URL, requests.WithVerify(false))))
	_, err := session.Get(context.Background(), server.URL) // the call before has no say in this one
	fmt.Println(errors.Is(err, requests.ErrTLS))
	// Output:
	// hello <nil>
	// true
}

// hanging never answers.
func hanging() http.RoundTripper {
	return adapters.Func(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, context.Cause(r.Context())
	})
}

// The bound of a whole call: redirects, retries and content included.
func ExampleWithTimeout() {
	session := requests.Must(requests.NewSession(
		requests.WithTimeout(30*time.Second), // for every call that says nothing else
		requests.WithTransport(hanging()),
	))
	defer session.Close()

	_, err := session.Get(context.Background(), "https://api.example.test/", requests.WithTimeout(10*time.Millisecond))
	fmt.Println(errors.Is(err, requests.ErrTimeout), errors.Is(err, context.DeadlineExceeded))
	// Output: true true
}

// Each wait has its bound and its error.
func ExampleWithTimeouts() {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	session := requests.Must(requests.NewSession(requests.WithTimeouts(requests.Timeouts{
		Connect: 5 * time.Second,
		Read:    20 * time.Millisecond, // the longest silence
	})))
	defer session.Close()

	_, err := session.Get(context.Background(), silent.URL)
	switch {
	case errors.Is(err, requests.ErrConnectTimeout):
		fmt.Println("the server cannot be reached")
	case errors.Is(err, requests.ErrReadTimeout):
		fmt.Println("the server does not answer")
	case errors.Is(err, requests.ErrTimeout):
		fmt.Println("it took too long in all")
	}
	// Output: the server does not answer
}

func ExampleWithTimings() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	session := requests.Must(requests.NewSession())
	defer session.Close()

	resp, err := session.Get(context.Background(), server.URL, requests.WithTimings(true))
	if err != nil {
		log.Fatal(err)
	}
	t := resp.Timings()
	fmt.Println(t.Connect > 0, t.FirstByte > t.Connect, t.Total >= t.FirstByte, t.TLS)
	// Output: true true true 0s
}

// A middleware is laid around whatever adapter serves a request: here a retry
// over the session's own connections.
func ExampleWithMiddleware() {
	failures := 2
	server := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if failures > 0 {
			failures--
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "here at last")
	}))
	retry := &adapters.Retry{Attempts: 5, Wait: time.Millisecond}
	session := requests.Must(requests.NewSession(
		requests.WithMiddleware(retry.Wrap),
		requests.WithTransport(server),
	))
	defer session.Close()

	resp, err := session.Get(context.Background(), "https://api.example.test/")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Text(), "after", len(adapters.AttemptsFrom(resp.Response)), "attempts")
	// Output: here at last after 3 attempts
}

// A middleware of one's own. It gets a request that is not its to change.
func ExampleWithMiddleware_func() {
	count := 0
	counting := func(next http.RoundTripper) http.RoundTripper {
		return adapters.Func(func(r *http.Request) (*http.Response, error) {
			count++
			return next.RoundTrip(r)
		})
	}
	session := requests.Must(requests.NewSession(
		requests.WithMiddleware(counting),
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithTransport(api()),
	))
	defer session.Close()

	_, err := session.Get(context.Background(), "old") // is redirected once
	fmt.Println(count, err)
	// Output: 2 <nil>
}

// The five layers that most programs want, in the order that fits: a limit of
// the load, a bound of the whole, retries, a circuit breaker, a bound of each
// attempt.
func ExampleWithMiddleware_resilient() {
	resilient := &adapters.Resilient{
		Limit:   adapters.Limit{InFlight: 10},
		Total:   20 * time.Second,
		Attempt: 5 * time.Second,
	}
	if err := resilient.Check(); err != nil {
		log.Fatal(err)
	}
	session := requests.Must(requests.NewSession(requests.WithMiddleware(resilient.Wrap), requests.WithTransport(api())))
	defer session.Close()

	resp, err := session.Get(context.Background(), "https://api.example.test/users/42")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.StatusCode)
	// Output: 200
}

// Layers of one's own choice. The last one is outermost: here the limit counts
// a request once, however often it is attempted.
func ExampleWithMiddleware_layers() {
	session := requests.Must(requests.NewSession(
		requests.WithMiddleware((&adapters.AttemptTimeout{Timeout: 5 * time.Second}).Wrap),
		requests.WithMiddleware((&adapters.Breaker{Failures: 5}).Wrap),
		requests.WithMiddleware((&adapters.Hedge{Delay: time.Second}).Wrap),
		requests.WithMiddleware((&adapters.Retry{Attempts: 3}).Wrap),
		requests.WithMiddleware((&adapters.Limit{InFlight: 10}).Wrap),
		requests.WithTransport(api()),
	))
	defer session.Close()

	resp, err := session.Get(context.Background(), "https://api.example.test/users/42")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.StatusCode)
	// Output: 200
}

// A session that must not reach what is not public, whatever URL it is given:
// the address is looked at when it is connected to.
func ExampleWithAdapter_guard() {
	pool := adapters.New(adapters.Options{Guard: &adapters.Guard{}})
	defer pool.Close()
	session := requests.Must(requests.NewSession(requests.WithAdapter("http://", pool), requests.WithEnvironment(false)))
	defer session.Close()

	_, err := session.Get(context.Background(), "http://169.254.169.254/latest/meta-data/")
	fmt.Println(errors.Is(err, requests.ErrBlockedAddress))
	// Output: true
}

// A daemon that listens on a unix domain socket: its path, escaped, is the host.
func ExampleWithAdapter_unixSocket() {
	unix := adapters.Unix()
	session := requests.Must(requests.NewSession(
		requests.WithAdapter("http+unix://", unix),
		requests.WithBaseURL("http+unix://"+url.PathEscape("/var/run/docker.sock")+"/v1.41/"),
	))
	defer session.Close()

	prepared, err := session.Prepare(context.Background(), &requests.Request{URL: "containers/json"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(prepared.URL.Host, prepared.URL.Path)
	// Output: /var/run/docker.sock /v1.41/containers/json
}
