package requests_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
)

func ExampleNewSession() {
	session, err := requests.NewSession(
		requests.WithBaseURL("https://api.example.test/v1/"),
		requests.WithHeader("User-Agent", "MyApp/1.0"),
		requests.WithParam("lang", "en"),
		requests.WithAuth(auth.Bearer("token")),
		requests.WithTransport(echo("User-Agent", "Authorization")), // in the place of the network
	)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	text, err := requests.Text(session.Get(context.Background(), "users", requests.WithParam("page", "2")))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
	// Output:
	// GET /v1/users?lang=en&page=2
	// User-Agent: MyApp/1.0
	// Authorization: Bearer token
}

// Every mistake among the options is reported at once.
func ExampleNewSession_mistakes() {
	_, err := requests.NewSession(
		requests.WithHeader("X-Team", "a\nb"),
		requests.WithProxy("gopher://proxy.test"),
		requests.WithBody("sessions have none"),
	)
	fmt.Println(errors.Is(err, requests.ErrInvalidHeader), errors.Is(err, requests.ErrInvalidProxyURL))
	// Output: true true
}

// service is a value of a package: options that are wrong end the program
// where it starts.
var service = requests.Must(requests.NewSession(
	requests.WithBaseURL("https://api.example.test/"),
	requests.WithTransport(api()),
))

func ExampleMust() {
	resp, err := service.Get(context.Background(), "users/42")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.StatusCode)
	// Output: 200
}

func ExampleSession_Get() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	resp, err := session.Get(context.Background(), "users/42")
	if err != nil {
		log.Fatal(err) // there was no response
	}
	// The content has been read and the connection given back.
	fmt.Println(resp.StatusCode, resp.Header.Get("Content-Type"))
	fmt.Println(resp.Text())
	// Output:
	// 200 application/json
	// {"id":42,"name":"Ada"}
}

func ExampleSession_Head() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	resp, err := session.Head(context.Background(), "old")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.StatusCode, resp.Header.Get("Location")) // HEAD does not follow by itself

	resp, err = session.Head(context.Background(), "old", requests.WithMaxRedirects(5))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.StatusCode, resp.Request.URL.Path)
	// Output:
	// 301 /users/42
	// 200 /users/42
}

func ExampleSession_Options() {
	session := requests.Must(requests.NewSession(requests.WithTransport(adapters.Handler(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Allow", "GET, HEAD, "+r.Method) },
	)))))
	defer session.Close()

	resp, err := session.Options(context.Background(), "https://api.example.test/users")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Header.Get("Allow"))
	// Output: GET, HEAD, OPTIONS
}

func ExampleSession_Post() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	resp, err := session.Post(context.Background(), "users", requests.WithJSON(map[string]string{"name": "Grace"}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.StatusCode, resp.Header.Get("Location"))
	fmt.Println(resp.Text())
	// Output:
	// 201 /users/43
	// {"name":"Grace"}
}

// PUT, PATCH and DELETE take the same options as every other verb.
func ExampleSession_Put() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(echo())))
	defer session.Close()

	text, err := requests.Text(session.Put(context.Background(), "users/42", requests.WithJSON(map[string]string{"name": "Ada"})))
	fmt.Println(text, err)
	// Output:
	// PUT /users/42
	// {"name":"Ada"} <nil>
}

func ExampleSession_Patch() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(echo("Content-Type"))))
	defer session.Close()

	text, err := requests.Text(session.Patch(context.Background(), "users/42",
		requests.WithJSON(map[string]any{"email": nil}),
		requests.WithHeader("Content-Type", "application/merge-patch+json"), // outranks what the body says
	))
	fmt.Println(text, err)
	// Output:
	// PATCH /users/42
	// Content-Type: application/merge-patch+json
	// {"email":null} <nil>
}

func ExampleSession_Delete() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(echo("If-Match"))))
	defer session.Close()

	text, err := requests.Text(session.Delete(context.Background(), "users/42", requests.WithHeader("If-Match", `"7"`)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
	// Output:
	// DELETE /users/42
	// If-Match: "7"
}

// QUERY asks as GET does, with the question in the body. It is safe and
// idempotent, so it may be sent again where a POST may not.
func ExampleSession_Query() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(echo())))
	defer session.Close()

	text, err := requests.Text(session.Query(context.Background(), "users", requests.WithForm(url.Values{"born": {"1815"}})))
	fmt.Println(text, err)
	// Output:
	// QUERY /users
	// born=1815 <nil>
}

// Any method may be sent, not just those with a verb of their own.
func ExampleSession_Request() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://dav.example.test/"), requests.WithTransport(echo("Depth"))))
	defer session.Close()

	text, err := requests.Text(session.Request(context.Background(), "PROPFIND", "files/", requests.WithHeader("Depth", "1")))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
	// Output:
	// PROPFIND /files/
	// Depth: 1
}

// A Request is a plain value, for programs that make requests in one place and
// send them in another.
func ExampleSession_Do() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(echo("Accept"))))
	defer session.Close()

	text, err := requests.Text(session.Do(context.Background(), &requests.Request{
		Method:     http.MethodGet,
		URL:        "users/{id}/notes",
		PathParams: map[string]string{"id": "42"},
		Header:     http.Header{"Accept": {"application/json"}},
		Params:     url.Values{"page": {"2"}},
		Settings:   requests.Settings{MaxRedirects: -1}, // follow none
	}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
	// Output:
	// GET /users/42/notes?page=2
	// Accept: application/json
}

// NewRequest makes a Request of options, as the verbs do.
func ExampleNewRequest() {
	request, err := requests.NewRequest("POST", "users/{id}/notes",
		requests.WithPathParam("id", "42"),
		requests.WithJSON(map[string]string{"text": "hello"}),
	)
	if err != nil {
		log.Fatal(err)
	}
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(echo())))
	defer session.Close()

	fmt.Println(requests.Text(session.Do(context.Background(), request)))
	// Output:
	// POST /users/42/notes
	// {"text":"hello"} <nil>
}

// Prepare gives the request as it would be sent, to look at or to change. It
// does not use the network.
func ExampleSession_Prepare() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/v1/"),
		requests.WithHeader("User-Agent", "MyApp/1.0"),
		requests.WithTransport(echo("User-Agent", "X-Checksum")),
	))
	defer session.Close()

	prepared, err := session.Prepare(context.Background(), &requests.Request{Method: "POST", URL: "users", Params: url.Values{"notify": {"no"}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(prepared.Method, prepared.URL)
	prepared.Header.Set("X-Checksum", "5f2c")

	text, err := requests.Text(session.Send(prepared))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
	// Output:
	// POST https://api.example.test/v1/users?notify=no
	// POST /v1/users?notify=no
	// User-Agent: MyApp/1.0
	// X-Checksum: 5f2c
}

// Send works on a copy: what was prepared once may be sent as often as its
// body can be opened, also concurrently.
func ExampleSession_Send() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	body, err := requests.NewBody(`{"name":"Grace"}`)
	if err != nil {
		log.Fatal(err)
	}
	prepared, err := session.Prepare(context.Background(), &requests.Request{Method: "POST", URL: "users", Body: body})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		resp, err := session.Send(prepared)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(resp.StatusCode, resp.Text())
	}
	// Output:
	// 201 {"name":"Grace"}
	// 201 {"name":"Grace"}
}

func ExampleSession_Copy() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithHeader("User-Agent", "MyApp/1.0"),
		requests.WithTransport(echo("User-Agent", "Authorization")),
	))
	defer session.Close()

	// The copy shares the connections, has its own cookies, and what it
	// changes does not touch the original.
	admin, err := session.Copy(requests.WithAuth(auth.Basic("root", "pw")))
	if err != nil {
		log.Fatal(err)
	}
	defer admin.Close()
	for _, s := range []*requests.Session{session, admin} {
		text, err := requests.Text(s.Get(context.Background(), "users"))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(text)
	}
	// Output:
	// GET /users
	// User-Agent: MyApp/1.0
	// GET /users
	// User-Agent: MyApp/1.0
	// Authorization: Basic cm9vdDpwdw==
}

// Update is safe while requests are in flight: those keep what they started
// with. Either all changes take effect or none.
func ExampleSession_Update() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithHeader("X-Release", "1"),
		requests.WithTransport(echo("X-Release")),
	))
	defer session.Close()

	err := session.Update(requests.WithHeader("X-Release", "2"), requests.WithProxy("gopher://proxy.test"))
	fmt.Println(errors.Is(err, requests.ErrInvalidProxyURL))
	fmt.Println(requests.Text(session.Get(context.Background(), "users")))

	err = session.Update(requests.WithHeader("X-Release", "2"))
	fmt.Println(err)
	fmt.Println(requests.Text(session.Get(context.Background(), "users")))
	// Output:
	// true
	// GET /users
	// X-Release: 1 <nil>
	// <nil>
	// GET /users
	// X-Release: 2 <nil>
}

// Defaults shows what every request starts from. It is a copy: only Update
// changes a session.
func ExampleSession_Defaults() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/v1"),
		requests.WithHeader("Accept", "application/json"),
	))
	defer session.Close()

	d := session.Defaults()
	fmt.Println(d.BaseURL, d.Header.Get("Accept"), d.MaxRedirects, d.Timeouts.Read)
	// Output: https://api.example.test/v1 application/json 30 2m0s
}

func ExampleSession_Cookies() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://shop.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	// The cookie that a redirect sets is sent with the next hop.
	resp, err := session.Get(context.Background(), "login")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Request.Header.Get("Cookie"))

	// It is there to be looked at, with all its attributes.
	c, err := session.Cookies().Get("signed-in")
	fmt.Println(c.Value, c.Domain, c.Path, err)
	fmt.Println(session.Cookies().Clear(), session.Cookies().Len())
	// Output:
	// signed-in=ada
	// ada shop.example.test / <nil>
	// 1 0
}

// The hooks of a session can be changed at any time, by name too.
func ExampleSession_Hooks() {
	session := requests.Must(requests.NewSession(requests.WithTransport(echo("X-Request-Id"))))
	defer session.Close()

	session.Hooks().Send.PushBackNamed("request id", func(e *requests.Exchange) error {
		e.Request.Header.Set("X-Request-Id", "4711")
		return nil
	})
	fmt.Println(requests.Text(session.Get(context.Background(), "https://api.example.test/")))
	fmt.Println(session.Hooks().Send.RemoveByName("request id"))
	fmt.Println(requests.Text(session.Get(context.Background(), "https://api.example.test/")))
	// Output:
	// GET /
	// X-Request-Id: 4711 <nil>
	// 1
	// GET / <nil>
}

// The longest prefix decides. A mux, a transport of the ecosystem, a retry over
// either: whatever is an http.RoundTripper can be mounted.
func ExampleSession_Mount() {
	session := requests.Must(requests.NewSession())
	defer session.Close()

	answer := func(text string) http.RoundTripper {
		return adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) }))
	}
	err := errors.Join(
		session.Mount("https://api.example.test/", answer("the service")),
		session.Mount("https://api.example.test/v2/", answer("its second version")),
	)
	if err != nil {
		log.Fatal(err)
	}
	for _, path := range []string{"v1/users", "v2/users"} {
		fmt.Println(requests.Text(session.Get(context.Background(), "https://api.example.test/"+path)))
	}
	for prefix := range session.Mounts() {
		fmt.Println(prefix)
	}
	// Output:
	// the service <nil>
	// its second version <nil>
	// https://api.example.test/v2/
	// https://api.example.test/
	// https://
	// http://
}

func ExampleSession_Unmount() {
	session := requests.Must(requests.NewSession(requests.WithTransport(api())))
	defer session.Close()

	session.Unmount("http://") // this session speaks https only
	_, err := session.Get(context.Background(), "http://api.example.test/users/42")
	fmt.Println(errors.Is(err, requests.ErrNoAdapter))
	// Output: true
}

func ExampleSession_Adapter() {
	session := requests.Must(requests.NewSession(requests.WithAdapter("data:", adapters.Data())))
	defer session.Close()

	_, err := session.Adapter("data:,hello")
	fmt.Println(err)
	_, err = session.Adapter("ftp://files.example.test/")
	fmt.Println(errors.Is(err, requests.ErrNoAdapter))
	// Output:
	// <nil>
	// true
}

// MergeEnvironment answers which proxy and which trust a URL would get.
func ExampleSession_MergeEnvironment() {
	os.Setenv("https_proxy", "http://proxy.example.test:3128")
	os.Setenv("no_proxy", "intranet.example.test")
	defer os.Unsetenv("https_proxy")
	defer os.Unsetenv("no_proxy")
	session := requests.Must(requests.NewSession())
	defer session.Close()

	for _, target := range []string{"https://api.example.test/", "https://wiki.intranet.example.test/"} {
		u, err := url.Parse(target)
		if err != nil {
			log.Fatal(err)
		}
		set, err := session.MergeEnvironment(u, requests.Settings{})
		if err != nil {
			log.Fatal(err)
		}
		via, err := set.Proxies.For(u)
		fmt.Println(u.Host, "by", via, err)
	}
	// Output:
	// api.example.test by http://proxy.example.test:3128 <nil>
	// wiki.intranet.example.test by <nil> <nil>
}

// HTTPClient is for libraries that take an *http.Client: their requests get
// the session's header, credentials, cookies, retries, proxies and timeouts.
func ExampleSession_HTTPClient() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/"), // the home of the token
		requests.WithAuth(auth.Bearer("token")),
		requests.WithTransport(echo("Authorization")),
	))
	defer session.Close()

	client := session.HTTPClient() // github.NewClient(client), and so on
	for _, host := range []string{"api.example.test", "elsewhere.example.test"} {
		resp, err := client.Get("https://" + host + "/users")
		if err != nil {
			log.Fatal(err)
		}
		content, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Printf("%s %q %v\n", host, strings.TrimSpace(string(content)), err)
	}
	// Output:
	// api.example.test "GET /users\nAuthorization: Bearer token" <nil>
	// elsewhere.example.test "GET /users" <nil>
}

// RoundTripper is for clients that sign what they send, as those of clouds do:
// their requests go as they are, by the session's connections, proxies, retries
// and timeouts, without its header and credentials.
func ExampleSession_RoundTripper() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithAuth(auth.Bearer("token")),
		requests.WithTransport(echo("Authorization")),
	))
	defer session.Close()

	client := &http.Client{Transport: session.RoundTripper()}
	resp, err := client.Get("https://api.example.test/users")
	if err != nil {
		log.Fatal(err)
	}
	content, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	fmt.Println(string(content), err)
	// Output: GET /users <nil>
}

// Explain says which layer set what, and sends nothing.
func ExampleSession_Explain() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/v1/"),
		requests.WithHeader("Accept", "application/json"),
		requests.WithParam("api_key", "k-4711"),
	))
	defer session.Close()

	explanation, err := session.Explain(context.Background(), &requests.Request{
		URL:    "report",
		Header: http.Header{"Accept": {"text/csv"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	accept, _ := explanation.Fact("header", "Accept")
	fmt.Println(accept.Value, "of layer", accept.Source)
	for _, o := range accept.Overrode {
		fmt.Println("over", o.Value, "of layer", o.Source)
	}
	key, _ := explanation.Fact("query", "api_key")
	fmt.Println("a secret:", strings.HasPrefix(key.Value, "[redacted"), "of layer", key.Source)
	// Output:
	// text/csv of layer request
	// over application/json of layer session
	// over */* of layer built-in
	// a secret: true of layer session
}

func ExampleSession_Close() {
	session := requests.Must(requests.NewSession(requests.WithTransport(api())))
	if err := session.Close(); err != nil {
		log.Fatal(err)
	}
	_, err := session.Get(context.Background(), "https://api.example.test/users/42")
	fmt.Println(errors.Is(err, requests.ErrSessionClosed))
	// Output: true
}

// The package-level functions share one session and keep no cookies. They suit
// scripts; a program has sessions of its own.
func ExampleGet() {
	previous := requests.SetDefaultSession(requests.Must(requests.NewSession(requests.WithTransport(api()))))
	defer func() { requests.SetDefaultSession(previous).Close() }()

	resp, err := requests.Get(context.Background(), "https://api.example.test/users/42")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.StatusCode, resp.Text())
	// Output: 200 {"id":42,"name":"Ada"}
}

func ExamplePost() {
	previous := requests.SetDefaultSession(requests.Must(requests.NewSession(requests.WithTransport(api()))))
	defer func() { requests.SetDefaultSession(previous).Close() }()

	resp, err := requests.Post(context.Background(), "https://api.example.test/users", requests.WithJSON(map[string]string{"name": "Grace"}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.StatusCode, resp.Text())
	// Output: 201 {"name":"Grace"}
}

// A script sets up its defaults once, where it starts.
func ExampleSetupDefaultSession() {
	defer requests.SetDefaultSession(nil)
	err := requests.SetupDefaultSession(
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithRaiseForStatus(true),
		requests.WithTransport(api()),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer requests.DefaultSession().Close()

	_, err = requests.Get(context.Background(), "users/1")
	fmt.Println(err)
	// Output: 404 Client Error: Not Found for url: https://api.example.test/users/1
}

// Every verb of a session has its package-level function.
func ExampleDefaultSession() {
	previous := requests.SetDefaultSession(requests.Must(requests.NewSession(requests.WithTransport(echo()))))
	defer func() { requests.SetDefaultSession(previous).Close() }()

	type verb func(ctx context.Context, url string, opts ...requests.Option) (*requests.Response, error)
	for _, send := range []verb{requests.Head, requests.Options, requests.Delete, requests.Put, requests.Patch, requests.Query} {
		resp, err := send(context.Background(), "https://api.example.test/users/42")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d %q\n", resp.StatusCode, resp.Text())
	}
	fmt.Println(requests.DefaultSession().Cookies().Len(), "cookies")
	// Output:
	// 200 ""
	// 200 "OPTIONS /users/42"
	// 200 "DELETE /users/42"
	// 200 "PUT /users/42"
	// 200 "PATCH /users/42"
	// 200 "QUERY /users/42"
	// 0 cookies
}

// SetDefaultSession puts a session that is at hand behind the package-level
// functions, and hands back the one that was there.
func ExampleSetDefaultSession() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	previous := requests.SetDefaultSession(session)
	defer func() { requests.SetDefaultSession(previous).Close() }()

	fmt.Println(requests.DefaultSession() == session)
	fmt.Println(requests.Text(requests.Get(context.Background(), "users/42")))
	// Output:
	// true
	// {"id":42,"name":"Ada"} <nil>
}
