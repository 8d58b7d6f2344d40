// The explain example asks which layer set what: the environment, a netrc
// file, a session and a request all have a word in one call. Nothing is sent.
//
//	go run ./examples/explain
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/seed-3bbad739/requests"
)

// variables are what the library reads. None of this machine's is left.
var variables = []string{
	"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
	"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC",
}

// profile is an environment as a machine behind a company's proxy has it, with
// a netrc file in the working directory.
func profile() map[string]string {
	text := "machine example.com login nobody password p\nmachine api.example.com login build password hunter2\n"
	if err := os.WriteFile("netrc", []byte(text), 0o600); err != nil {
		log.Fatal(err)
	}
	return map[string]string{
		"http_proxy":  "http://proxy.corp.example:3128",
		"https_proxy": "http://build:hunter2@proxy.corp.example:3128",
		"NO_PROXY":    "internal.example",
		"NETRC":       "netrc",
	}
}

func main() {
	dir, err := os.MkdirTemp("", "explain")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chdir(dir); err != nil {
		log.Fatal(err)
	}
	for _, name := range variables {
		os.Unsetenv(name)
	}
	for name, value := range profile() {
		os.Setenv(name, value)
	}

	session, err := requests.NewSession(
		requests.WithBaseURL("https://api.example.com/v1/"),
		requests.WithHeader("User-Agent", "explain/1.0"),
		requests.WithSecretHeader("X-Tenant", "t-4711"),
		requests.WithParam("page_size", "50"),
		requests.WithParam("api_key", "k-4711"),
		requests.WithTimeouts(requests.Timeouts{Read: 30 * time.Second}),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	session.Hooks().Prepare.PushBackNamed("trace id", func(p *requests.PreparedRequest) error {
		p.Header.Set("X-Trace-Id", "1f0c")
		return nil
	})

	fmt.Println("Each line: what, its value, the layer it comes from, and what that layer took the place of.")
	fmt.Println()
	for _, r := range []requests.Request{
		{
			Method: http.MethodPost, URL: "users/{id}/notes",
			PathParams: map[string]string{"id": "42"},
			Header:     http.Header{"Accept": {"application/json"}},
			Params:     url.Values{"page_size": {"5"}},
			Body:       note("hello"),
			Settings:   requests.Settings{MaxRedirects: -1},
		},
		{URL: "https://wiki.internal.example/"}, // not of the base URL, and not by the proxy
	} {
		explanation, err := session.Explain(context.Background(), &r)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(explanation)
	}
}

func note(text string) requests.Body {
	body, err := requests.NewBody(text)
	if err != nil {
		log.Fatal(err)
	}
	return body
}
