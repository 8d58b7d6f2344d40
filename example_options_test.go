package requests_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/cookies"
)

// The path of the base URL is a directory, with or without a slash at its end.
// What begins with a slash leaves it.
func ExampleWithBaseURL() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/v1")))
	defer session.Close()

	for _, ref := range []string{"users", "/status", "?page=2", "https://elsewhere.test/"} {
		prepared, err := session.Prepare(context.Background(), &requests.Request{URL: ref})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(prepared.URL)
	}
	// Output:
	// https://api.example.test/v1/users
	// https://api.example.test/status
	// https://api.example.test/v1?page=2
	// https://elsewhere.test/
}

// An adapter is any http.RoundTripper. A mux is the mock of a service.
func ExampleWithAdapter() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "user %s of %s", r.PathValue("id"), r.Host)
	})
	session := requests.Must(requests.NewSession(requests.WithAdapter("https://api.example.test/", adapters.Handler(mux))))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "https://api.example.test/users/42")))
	// Output: user 42 of api.example.test <nil>
}

// For all of the web, where WithAdapter is for a prefix. The transport of
// another library goes under a session so.
func ExampleWithTransport() {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = 4 << 10
	session := requests.Must(requests.NewSession(requests.WithTransport(transport)))
	defer session.Close()
	defer transport.CloseIdleConnections() // what is mounted belongs to who mounted it
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }))
	defer server.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), server.URL)))
	// Output: hello <nil>
}

// A field of the call takes the place of the session's.
func ExampleWithHeader() {
	session := requests.Must(requests.NewSession(
		requests.WithHeader("Accept", "application/json"),
		requests.WithHeader("X-Team", "blue"),
		requests.WithTransport(echo("Accept", "X-Team")),
	))
	defer session.Close()

	text, err := requests.Text(session.Get(context.Background(), "https://api.example.test/report", requests.WithHeader("Accept", "text/csv")))
	fmt.Println(text, err)
	// Output:
	// GET /report
	// Accept: text/csv
	// X-Team: blue <nil>
}

func ExampleWithHeaders() {
	session := requests.Must(requests.NewSession(
		requests.WithHeaders(http.Header{"Accept-Language": {"en"}, "X-Team": {"blue"}}),
		requests.WithTransport(echo("Accept-Language", "X-Team")),
	))
	defer session.Close()

	// A key without values removes the field.
	text, err := requests.Text(session.Get(context.Background(), "https://api.example.test/", requests.WithHeaders(http.Header{"X-Team": nil})))
	fmt.Println(text, err)
	// Output:
	// GET /
	// Accept-Language: en <nil>
}

// What the session sets is left out of one call.
func ExampleWithoutHeader() {
	session := requests.Must(requests.NewSession(
		requests.WithHeader("X-Team", "blue"),
		requests.WithTransport(echo("X-Team", "User-Agent", "Accept")),
	))
	defer session.Close()

	text, err := requests.Text(session.Get(context.Background(), "https://api.example.test/", requests.WithoutHeader("X-Team"), requests.WithoutHeader("User-Agent")))
	fmt.Println(text, err)
	// Output:
	// GET /
	// Accept: */* <nil>
}

// A secret field stays with its origin, here that of the base URL, wherever
// redirects lead, and is printed nowhere.
func ExampleWithSecretHeader() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithSecretHeader("X-Tenant", "t-4711"),
		requests.WithTransport(echo("X-Tenant")),
	))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "users")))
	fmt.Println(requests.Text(session.Get(context.Background(), "https://elsewhere.test/users")))
	// Output:
	// GET /users
	// X-Tenant: t-4711 <nil>
	// GET /users <nil>
}

func ExampleWithParam() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithParam("lang", "en"),
		requests.WithTransport(echo()),
	))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "search", requests.WithParam("q", "a&b"), requests.WithParam("tag", "go", "http"))))
	fmt.Println(requests.Text(session.Get(context.Background(), "search?q=1", requests.WithParam("lang", "de"))))
	// Output:
	// GET /search?lang=en&q=a%26b&tag=go&tag=http <nil>
	// GET /search?q=1&lang=de <nil>
}

func ExampleWithParams() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(echo())))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "users", requests.WithParams(url.Values{"born": {"1815"}, "sort": {"name", "id"}}))))
	// Output: GET /users?born=1815&sort=name&sort=id <nil>
}

func ExampleWithoutParam() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithParam("lang", "en"),
		requests.WithParam("page_size", "50"),
		requests.WithTransport(echo()),
	))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "users", requests.WithoutParam("lang"))))
	// Output: GET /users?page_size=50 <nil>
}

func ExampleWithQuery() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(echo())))
	defer session.Close()

	type search struct {
		Text   string    `url:"q"`
		Tags   []string  `url:"tag"`
		Since  time.Time `url:"since"`
		Cursor string    `url:"cursor,omitempty"`
	}
	fmt.Println(requests.Text(session.Get(context.Background(), "search", requests.WithQuery(search{
		Text:  "sessions",
		Tags:  []string{"go", "http"},
		Since: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
	}))))
	// Output: GET /search?q=sessions&since=2026-01-02T00%3A00%3A00Z&tag=go&tag=http <nil>
}

// For a query that is made already, or whose order matters.
func ExampleWithRawQuery() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithParam("lang", "en"),
		requests.WithTransport(echo()),
	))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "search", requests.WithRawQuery("z=1&a=2&flag"))))
	// Output: GET /search?z=1&a=2&flag <nil>
}

// A value is one segment of the path, whatever it holds.
func ExampleWithPathParam() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(echo())))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "users/{id}/notes", requests.WithPathParam("id", "42"))))
	fmt.Println(requests.Text(session.Get(context.Background(), "users/{id}/notes", requests.WithPathParam("id", "../admin?x=1"))))
	_, err := session.Get(context.Background(), "users/{id}/notes", requests.WithPathParam("id", ".."))
	fmt.Println(errors.Is(err, requests.ErrInvalidURL))
	// Output:
	// GET /users/42/notes <nil>
	// GET /users/..%2Fadmin%3Fx=1/notes <nil>
	// true
}

// WithMethod is for options that are put together in one place: the method of
// the call, when it names one, counts.
func ExampleWithMethod() {
	session := requests.Must(requests.NewSession(requests.WithMethod("post"), requests.WithTransport(echo())))
	defer session.Close()

	fmt.Println(requests.Text(session.Do(context.Background(), &requests.Request{URL: "https://rpc.example.test/call"})))
	// Output: POST /call <nil>
}

// An OptionFunc is an option of one's own. It is a default of a session or part
// of one call, like any other.
func ExampleOptionFunc() {
	asOf := func(day string) requests.Option {
		return requests.OptionFunc(func(r *requests.Request) error {
			if _, err := time.Parse(time.DateOnly, day); err != nil {
				return err
			}
			if r.Params == nil {
				r.Params = make(url.Values)
			}
			r.Params.Set("as_of", day)
			return nil
		})
	}
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(echo())))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "rates", asOf("2026-01-02"))))
	_, err := session.Get(context.Background(), "rates", asOf("yesterday"))
	fmt.Println(err != nil)
	// Output:
	// GET /rates?as_of=2026-01-02 <nil>
	// true
}

// Credentials stay with their origin: that of the base URL, or of the first URL
// of a call. The kinds of them are in package auth.
func ExampleWithAuth() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithAuth(auth.Bearer("token")),
		requests.WithTransport(echo("Authorization")),
	))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "users")))
	fmt.Println(requests.Text(session.Get(context.Background(), "users", requests.WithAuth(auth.Basic("ada", "lovelace")))))
	fmt.Println(requests.Text(session.Get(context.Background(), "https://elsewhere.test/users")))
	// Output:
	// GET /users
	// Authorization: Bearer token <nil>
	// GET /users
	// Authorization: Basic YWRhOmxvdmVsYWNl <nil>
	// GET /users <nil>
}

// One session may have credentials for several origins.
func ExampleWithAuth_origins() {
	session := requests.Must(requests.NewSession(
		requests.WithAuth(auth.First(
			auth.For("https://api.example.test", auth.Bearer("token")),
			auth.For("https://files.example.test", auth.Header("X-Api-Key", "k-4711")),
		)),
		requests.WithTransport(echo("Authorization", "X-Api-Key")),
	))
	defer session.Close()

	for _, host := range []string{"api", "files", "www"} {
		fmt.Println(requests.Text(session.Get(context.Background(), "https://"+host+".example.test/")))
	}
	// Output:
	// GET /
	// Authorization: Bearer token <nil>
	// GET /
	// X-Api-Key: k-4711 <nil>
	// GET / <nil>
}

func ExampleWithoutAuth() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithAuth(auth.Bearer("token")),
		requests.WithTransport(echo("Authorization")),
	))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "public", requests.WithoutAuth())))
	// The same in a Request: nil would inherit the session's.
	fmt.Println(requests.Text(session.Do(context.Background(), &requests.Request{URL: "public", Auth: auth.None})))
	// Output:
	// GET /public <nil>
	// GET /public <nil>
}

// For this call only: nothing is stored in the jar.
func ExampleWithCookie() {
	session := requests.Must(requests.NewSession(requests.WithTransport(echo("Cookie"))))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "https://shop.example.test/", requests.WithCookie(&http.Cookie{Name: "theme", Value: "dark"}))))
	fmt.Println(session.Cookies().Len())
	// Output:
	// GET /
	// Cookie: theme=dark <nil>
	// 0
}

// A jar that was filled elsewhere, from a file for example.
func ExampleWithCookieJar() {
	jar := cookies.New(nil)
	if err := jar.Set(cookies.Cookie{Name: "signed-in", Value: "ada", Domain: "shop.example.test"}); err != nil {
		log.Fatal(err)
	}
	session := requests.Must(requests.NewSession(requests.WithCookieJar(jar), requests.WithTransport(echo("Cookie"))))
	defer session.Close()

	fmt.Println(requests.Text(session.Get(context.Background(), "https://shop.example.test/cart")))
	// Output:
	// GET /cart
	// Cookie: signed-in=ada <nil>
}

// A nil jar keeps no cookies and sends none.
func ExampleWithCookieJar_none() {
	session := requests.Must(requests.NewSession(requests.WithCookieJar(nil), requests.WithTransport(api())))
	defer session.Close()

	resp, err := session.Get(context.Background(), "https://api.example.test/login") // sets a cookie and redirects
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q %t\n", resp.Request.Header.Get("Cookie"), session.Cookies() == nil)
	// Output: "" true
}

func ExampleWithMaxRedirects() {
	session := requests.Must(requests.NewSession(requests.WithTransport(adapters.Handler(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"/more", http.StatusFound)
		},
	)))))
	defer session.Close()

	_, err := session.Get(context.Background(), "https://api.example.test/a", requests.WithMaxRedirects(2))
	var failed *requests.Error
	if errors.As(err, &failed) && errors.Is(err, requests.ErrTooManyRedirects) {
		fmt.Println("the last one led to", failed.Response.Header.Get("Location"))
	}
	// Output: the last one led to /a/more/more/more
}

func ExampleWithoutRedirects() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	resp, err := session.Get(context.Background(), "old", requests.WithoutRedirects())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.StatusCode, resp.Header.Get("Location"))
	// Output: 301 /users/42
}

// More content than that is an error, not more memory.
func ExampleWithMaxBody() {
	session := requests.Must(requests.NewSession(requests.WithMaxBody(1<<20), requests.WithTransport(adapters.Handler(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 2<<20)) },
	)))))
	defer session.Close()

	_, err := session.Get(context.Background(), "https://api.example.test/dump")
	fmt.Println(errors.Is(err, requests.ErrBodyTooLarge))

	resp, err := session.Get(context.Background(), "https://api.example.test/dump", requests.WithMaxBody(-1)) // no bound
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(resp.Bytes()))
	// Output:
	// true
	// 2097152
}

// As a default of a session, a status of 400 to 599 is an error of every call.
func ExampleWithRaiseForStatus() {
	session := requests.Must(requests.NewSession(
		requests.WithBaseURL("https://api.example.test/"),
		requests.WithRaiseForStatus(true),
		requests.WithTransport(api()),
	))
	defer session.Close()

	_, err := session.Get(context.Background(), "users/1")
	fmt.Println(err)
	resp, err := session.Get(context.Background(), "users/1", requests.WithRaiseForStatus(false))
	fmt.Println(resp.StatusCode, err)
	// Output:
	// 404 Client Error: Not Found for url: https://api.example.test/users/1
	// 404 <nil>
}

// A stream is read as it arrives, and closed by the caller.
func ExampleWithStream() {
	session := requests.Must(requests.NewSession(requests.WithBaseURL("https://api.example.test/"), requests.WithTransport(api())))
	defer session.Close()

	resp, err := session.Get(context.Background(), "events", requests.WithStream(true))
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Close()
	first := make([]byte, len(`{"n":1}`))
	if _, err := io.ReadFull(resp.Body, first); err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(first))
	// Output: {"n":1}
}
