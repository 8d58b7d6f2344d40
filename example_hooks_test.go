package requests_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/seed-3bbad739/requests"
)

// The four places of a call, and what a hook sees there.
func ExampleHooks() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	h := session.Hooks()
	h.Prepare.PushBack(func(p *requests.PreparedRequest) error { // once a call
		fmt.Println("prepared", p.Method, p.URL.Path)
		return nil
	})
	h.Send.PushBack(func(e *requests.Exchange) error { // once for every request on the wire
		fmt.Println("  sends", e.Number, e.Request.URL.Path)
		return nil
	})
	h.Response.PushBack(func(e *requests.Exchange) error {
		fmt.Println("  gets", e.Number, e.Response.StatusCode)
		return nil
	})
	h.Complete.PushBack(func(r *requests.Result) error { // once a call, however it ended
		fmt.Println("complete after", len(r.Exchanges), "exchanges, error:", r.Err)
		return nil
	})
	if _, err := session.Get(context.Background(), "old"); err != nil {
		log.Fatal(err)
	}
	// Output:
	// prepared GET /old
	//   sends 1 /old
	//   gets 1 301
	//   sends 2 /users/42
	//   gets 2 200
	// complete after 2 exchanges, error: <nil>
}

// Hooks that are made apart and given to sessions or to single calls.
func ExampleWithHooks() {
	tracing := new(requests.Hooks)
	tracing.Send.PushBackNamed("trace", func(e *requests.Exchange) error {
		e.Request.Header.Set("Traceparent", fmt.Sprintf("00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333%d-01", e.Number))
		return nil
	})
	session := requests.Must(requests.NewSession(requests.WithTransport(echo("Traceparent"))))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "https://api.example.test/", requests.WithHooks(tracing))))
	// Output:
	// GET /
	// Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 <nil>
}

// A Send hook that sets a response answers without the network: a cache, or a
// service that is switched off.
func ExampleWithHooks_answer() {
	h := new(requests.Hooks)
	h.Send.PushBack(func(e *requests.Exchange) error {
		if e.Request.URL.Path == "/status" {
			e.Response = &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("all is well"))}
		}
		return nil
	})
	session := requests.Must(requests.NewSession(requests.WithHooks(h)))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "https://api.example.test/status")))
	// Output: all is well <nil>
}

// A line for each call; at Debug, one for each exchange too. Secrets are not in
// them.
func ExampleWithLogger() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "elapsed" {
				return slog.Attr{} // they differ each time
			}
			return a
		},
	}))
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithLogger(logger),
		requests.WithTransport(api()),
	))
	defer session.Close()

	if _, err := session.Get(context.Background(), "users/42"); err != nil {
		log.Fatal(err)
	}
	// Output: level=INFO msg="http call" method=GET url=https://api.example.test/users/42 status=200 exchanges=1
}

// The command shows the request as it would be sent, for a bug report or a
// colleague. Secrets are left out unless they are asked for.
func ExampleCurlWithSecrets() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithHeaders(http.Header{"User-Agent": nil, "Accept": nil, "Accept-Encoding": nil}),
	))
	defer session.Close()

	body, err := requests.NewBody("hello")
	if err != nil {
		log.Fatal(err)
	}
	prepared, err := session.Prepare(context.Background(), &requests.Request{
		Method: "POST", URL: "notes", Header: http.Header{"X-Api-Key": {"k-4711"}, "Content-Type": {"text/plain"}}, Body: body,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(prepared.Curl(requests.CurlWithSecrets()))
	fmt.Println("the key is in the other form:", strings.Contains(prepared.Curl(), "k-4711"))
	// Output:
	// curl \
	//   --header 'Content-Type: text/plain' \
	//   --header 'X-Api-Key: k-4711' \
	//   --header Accept: \
	//   --header User-Agent: \
	//   --data-raw hello \
	//   --path-as-is https://api.example.test/notes
	// the key is in the other form: false
}

// A clone of a prepared request can be changed and sent beside the original.
func ExamplePreparedRequest_Clone() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(echo("X-Part"))))
	defer session.Close()

	first, err := session.Prepare(context.Background(), &requests.Request{URL: "report", Header: http.Header{"X-Part": {"1"}}})
	if err != nil {
		log.Fatal(err)
	}
	second := first.Clone()
	second.Header.Set("X-Part", "2")
	fmt.Println(requests.Text(session.Send(first)))
	fmt.Println(requests.Text(session.Send(second)))
	// Output:
	// GET /report
	// X-Part: 1 <nil>
	// GET /report
	// X-Part: 2 <nil>
}

// The same request under another context: another deadline, another trace.
func ExamplePreparedRequest_WithContext() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(echo())))
	defer session.Close()

	prepared, err := session.Prepare(context.Background(), &requests.Request{URL: "report"})
	if err != nil {
		log.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = session.Send(prepared.WithContext(cancelled))
	fmt.Println(err)
	fmt.Println(requests.Text(session.Send(prepared)))
	// Output:
	// send GET https://api.example.test/report: context canceled
	// GET /report <nil>
}

// A Secret in a configuration does not print, whoever prints it.
func ExampleSecret_Reveal() {
	config := struct {
		User     string
		Password requests.Secret
	}{"ada", "lovelace"}

	printed := fmt.Sprintf("%v %+v %#v", config, config, config)
	fmt.Println(strings.Contains(printed, "lovelace"), strings.Contains(printed, "[redacted:"))
	fmt.Println(config.Password.Reveal())
	// Output:
	// false true
	// lovelace
}

// Names of parameters, form fields and JSON members that are secret in one's own
// services, besides those that the library knows.
func ExampleRedactKeys() {
	requests.RedactKeys("example_pin")
	session := requests.Must(requests.NewSession())
	defer session.Close()

	explanation, err := session.Explain(context.Background(), &requests.Request{URL: "https://bank.example.test/?example_pin=4711"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(explanation.String(), "4711"))
	// Output: false
}
