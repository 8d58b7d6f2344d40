package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// client does the work of the scenarios in the way its library is meant to be
// used. One is made for each measurement, from a setup, before it begins.
type client interface {
	// get sends the session's header and param and the call's two params, and
	// returns the content.
	get(ctx context.Context, path string) ([]byte, error)
	// getAs sends the session's credentials and header, one field of it
	// replaced, and no params.
	getAs(ctx context.Context, path, accept string) ([]byte, error)
	// getJSON and postJSON send the session's header, no params, and decode
	// the content.
	getJSON(ctx context.Context, path string, out *document) error
	postJSON(ctx context.Context, path string, in *order) (order, error)
	// upload sends a file as multipart/form-data, without reading it into
	// memory if the library can.
	upload(ctx context.Context, path, file string) (receipt, error)
	// download writes the content to a file, which is complete or not there.
	download(ctx context.Context, path, file string) error
	close()
}

// setup is what the session is to have.
type setup struct {
	base      string
	transport http.RoundTripper // nil: what the library takes by itself
	memory    *memory           // the same, for a library that takes no http.RoundTripper
	params    bool              // the session's own param
	auth      bool
	cookies   int  // 20 are held and so many match
	retry     bool // three attempts, without waiting
	timeouts  bool // the library's default timeouts, or 30 s in all
	asItComes bool // nothing is set about timeouts
}

// contender is a library.
type contender struct {
	name  string
	new   func(setup) client
	bare  func() client // nothing but a jar and connections of its own
	lacks []string      // scenarios that it has nothing for
}

var contenders = []contender{
	{name: "nethttp", new: newByHand, bare: bareByHand},
	{name: "requests", new: newSession, bare: bareSession},
	{name: "resty3", new: newResty3, bare: bareResty3},
	{name: "resty2", new: newResty2, bare: bareResty2},
	{name: "carlmjohnson", new: newCarlmjohnson, bare: bareCarlmjohnson, lacks: []string{"OverheadRetry", "Retry"}},
	{name: "retryablehttp", new: newRetryable, bare: bareRetryable},
	{name: "sling", new: newSling, bare: bareSling, lacks: []string{"OverheadRetry", "Retry"}},
	{name: "fasthttp", new: newFast, lacks: []string{
		"OverheadCookies", "OverheadRedirect5", "OverheadRetry", "SessionNew", "Cookies", "Redirect5", "Retry", "IdleSession", "GetSmallTimeouts",
	}},
}

const (
	user, password = "ada", "lovelace"
	acceptOverride = "text/plain"
)

// The session's header, its param and the params of the call.
var (
	sessionHeader = [...][2]string{
		{"User-Agent", "bench/1.0"},
		{"Accept", "application/json"},
		{"X-Request-Id", "0123456789"},
		{"X-Team", "core"},
		{"X-Trace", "4bf92f3577b34da6"},
	}
	sessionParam = [2]string{"lang", "en"}
	callParams   = [...][2]string{{"page", "2"}, {"limit", "50"}}
)

// small is the content of everything that has no content to speak of.
const small = `{"id":42,"name":"Ada","tags":["a","b","c"]}`

// document is 2 KB of JSON.
type document struct {
	Items []item `json:"items"`
	Next  string `json:"next"`
	Total int    `json:"total"`
}

type item struct {
	ID     int     `json:"id"`
	Name   string  `json:"name"`
	Email  string  `json:"email"`
	Score  float64 `json:"score"`
	Active bool    `json:"active"`
}

// order is 1 KB of JSON.
type order struct {
	Reference string `json:"reference"`
	Customer  string `json:"customer"`
	Note      string `json:"note"`
	Lines     []line `json:"lines"`
}

type line struct {
	Article  string  `json:"article"`
	Colour   string  `json:"colour"`
	Quantity int     `json:"quantity"`
	Price    float64 `json:"price"`
}

// receipt says what was received.
type receipt struct {
	Size int64  `json:"size"`
	Sum  uint32 `json:"sum"`
}

var (
	theDocument = makeDocument()
	theOrder    = makeOrder()
	documentRaw = mustMarshal(theDocument)
	orderRaw    = mustMarshal(theOrder)
)

func makeDocument() *document {
	d := &document{Next: "/v1/users?cursor=eyJpZCI6MTIzNDU2fQ", Total: 1234}
	for i := range 20 {
		d.Items = append(d.Items, item{
			ID: 1000 + i, Name: fmt.Sprintf("User Number %d", i), Email: fmt.Sprintf("user.number.%d@mail.example.test", i),
			Score: 12.5 + float64(i), Active: i%2 == 0,
		})
	}
	return d
}

func makeOrder() *order {
	o := &order{Reference: "2026-000123", Customer: "c-98765", Note: strings.Repeat("leave it with the neighbours ", 3)}
	for i := range 16 {
		o.Lines = append(o.Lines, line{Article: fmt.Sprintf("a%04d", i), Colour: fmt.Sprintf("blue %d", i), Quantity: i + 1, Price: 9.99})
	}
	return o
}

func mustMarshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// fill gives a jar 20 cookies, of which s.cookies go to every path of s.base,
// 5 to another path of it, and the others to other hosts.
func fill(jar http.CookieJar, s setup) {
	add := func(host, name, path string) {
		u, err := url.Parse(host)
		if err != nil {
			panic(err)
		}
		jar.SetCookies(u, []*http.Cookie{{Name: name, Value: cookieValue, Path: path}})
	}
	if s.cookies == 0 {
		return
	}
	for i := range 20 {
		switch {
		case i < s.cookies:
			add(s.base, fmt.Sprintf("match%d", i), "/")
		case i < s.cookies+5:
			add(s.base, fmt.Sprintf("admin%d", i), "/admin")
		default:
			add(fmt.Sprintf("https://host%d.other.example", i%5), fmt.Sprintf("other%d", i), "/")
		}
	}
}

const cookieValue = "0123456789abcdef"

// setCookie is what an answer sets: a cookie that the session has already,
// with the value that it has, as servers do that keep a session alive.
const setCookie = "match0=" + cookieValue + "; Path=/"

// newJar is the jar of every library that has none of its own.
func newJar(s setup) http.CookieJar {
	jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		panic(err)
	}
	fill(jar, s)
	return jar
}

// httpClient is the client under a library that takes one.
func (s setup) httpClient() *http.Client {
	c := &http.Client{Transport: s.transport}
	if s.transport == nil {
		c.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	if s.cookies > 0 {
		c.Jar = newJar(s)
	}
	return c
}

// status makes an error of what is not a success.
func status(code int, content []byte) error {
	if code != http.StatusOK {
		return fmt.Errorf("status %d: %.200s", code, content)
	}
	return nil
}
