// Proxy sends requests through proxies: one for all, one for a scheme or a
// host, none for what NO_PROXY names. It starts the proxies it needs.
//
//	go run ./examples/proxy
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"time"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/proxy"
)

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "the server is asked by %s", r.Proto)
		if r.Header.Get("Proxy-Authorization") != "" {
			fmt.Fprint(w, ", and is shown the proxy's credentials")
		}
	})
	plain := httptest.NewServer(answer)
	defer plain.Close()
	secure := httptest.NewUnstartedServer(answer)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	defer secure.Close()
	one, two := newProxy("one"), newProxy("two")
	defer one.Close()
	defer two.Close()

	session, err := requests.NewSession(
		requests.WithTLS(requests.TLS{RootCAs: secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}),
		requests.WithProxies(proxy.Map{
			"http":  one.URL,
			"https": two.URL,
		}),
		requests.WithProxyAuth(auth.Basic("ada", "lovelace")),
	)
	if err != nil {
		return err
	}
	defer session.Close()
	get := func(url string, opts ...requests.Option) error {
		text, err := requests.Text(session.Get(ctx, url, opts...))
		if err == nil {
			fmt.Println("   " + text)
		}
		return err
	}

	fmt.Println("1. A proxy for each scheme: http is forwarded, https goes through a tunnel.")
	if err := errors.Join(get(plain.URL), get(secure.URL)); err != nil {
		return err
	}
	fmt.Println("2. One request goes elsewhere, another directly. No connection is shared between ways.")
	for _, way := range []struct {
		title   string
		options []requests.Option
	}{
		{"by the other proxy:", []requests.Option{requests.WithProxy(one.URL)}},
		{"directly:", []requests.Option{requests.WithProxy("")}},
		{"as the session says, by the tunnel that is there:", nil},
	} {
		fmt.Println("  ", way.title)
		if err := get(secure.URL, way.options...); err != nil {
			return err
		}
	}
	fmt.Println("3. A proxy that refuses is an error of its own.")
	_, err = session.Get(ctx, secure.URL, requests.WithProxyAuth(auth.Basic("eve", "guess")), requests.WithProxy(one.URL))
	if !errors.Is(err, requests.ErrProxy) {
		return fmt.Errorf("unexpectedly: %w", err)
	}
	fmt.Println("   the proxy refused eve")

	fmt.Println("4. The environment is asked when nothing is said.")
	os.Setenv("http_proxy", "http://ada:lovelace@"+two.Listener.Addr().String())
	os.Setenv("no_proxy", "intranet.test, 10.0.0.0/8")
	scripts, err := requests.NewSession()
	if err != nil {
		return err
	}
	defer scripts.Close()
	text, err := requests.Text(scripts.Get(ctx, plain.URL))
	if err != nil {
		return err
	}
	fmt.Println("   " + text)
	for _, target := range []string{"http://intranet.test/", "http://10.1.2.3/", "http://example.test/"} {
		u, err := url.Parse(target)
		if err != nil {
			return err
		}
		set, err := scripts.MergeEnvironment(u, requests.Settings{})
		if err != nil {
			return err
		}
		via, err := set.Proxies.For(u)
		if err != nil {
			return err
		}
		fmt.Printf("   %s goes through a proxy: %t\n", target, via != nil)
	}
	return nil
}

// newProxy starts a proxy that asks for ada's password.
func newProxy(name string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
		if user, password, _ := asked.BasicAuth(); user != "ada" || password != "lovelace" {
			w.Header().Set("Proxy-Authenticate", `Basic realm="proxy"`)
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if r.Method == http.MethodConnect {
			fmt.Printf("   proxy %s connects\n", name)
			tunnel(w, r.Host)
			return
		}
		fmt.Printf("   proxy %s forwards\n", name)
		forward(w, r)
	}))
}

func forward(w http.ResponseWriter, r *http.Request) {
	out := r.Clone(r.Context())
	out.RequestURI = ""
	out.Header.Del("Proxy-Authorization")
	direct := http.Transport{DisableKeepAlives: true}
	resp, err := direct.RoundTrip(out)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
	io.Copy(w, resp.Body)
}

func tunnel(w http.ResponseWriter, address string) {
	far, err := net.Dial("tcp", address)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	near, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		far.Close()
		return
	}
	io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		io.Copy(far, near)
		far.Close()
	}()
	io.Copy(near, far)
	near.Close()
}
