package hooks_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/seed-3bbad739/requests/hooks"
)

// A list is run in order, and ends with the first error.
func ExampleList_Run() {
	say := func(text string) func(*strings.Builder) error {
		return func(b *strings.Builder) error {
			b.WriteString(text + " ")
			return nil
		}
	}
	var l hooks.List[*strings.Builder]
	l.PushBack(say("second"))
	l.PushFront(say("first"))
	l.PushBackNamed("check", func(b *strings.Builder) error { return errors.New("not today") })
	l.PushBack(say("never"))

	var said strings.Builder
	err := l.Run(&said)
	fmt.Printf("%d hooks: %s(%v)\n", l.Len(), said.String(), err)
	// Output: 4 hooks: first second (hook "check": not today)
}

// Hooks with a name can be found again, by who did not add them.
func ExampleList_Swap() {
	var l hooks.List[http.Header]
	l.PushBackNamed("agent", func(h http.Header) error {
		h.Set("User-Agent", "MyApp/1.0")
		return nil
	})
	l.PushFrontNamed("language", func(h http.Header) error {
		h.Set("Accept-Language", "en")
		return nil
	})
	found := l.Swap("agent", func(h http.Header) error {
		h.Set("User-Agent", "MyApp/2.0")
		return nil
	})
	l.InsertAfter("agent", "team", func(h http.Header) error {
		h.Set("X-Team", "blue")
		return nil
	})
	header := make(http.Header)
	fmt.Println(found, l.Names(), l.Run(header))
	fmt.Println(header)
	fmt.Println(l.RemoveByName("team"), l.Names())
	// Output:
	// true [language agent team] <nil>
	// map[Accept-Language:[en] User-Agent:[MyApp/2.0] X-Team:[blue]]
	// 1 [language agent]
}

// A copy changes independently; appending joins two.
func ExampleList_Copy() {
	pass := func(int) error { return nil }
	var l hooks.List[int]
	l.PushBackNamed("one", pass)
	other := l.Copy()
	other.PushBackNamed("two", pass)
	l.Append(other)
	fmt.Println(l.Names(), other.Names())
	l.Clear()
	for name := range other.All() {
		fmt.Println(name)
	}
	fmt.Println(l.Len())
	// Output:
	// [one one two] [one two]
	// one
	// two
	// 0
}

// A hook looks at the start of a body without taking it from who reads it.
func ExampleExchange_Peek() {
	e := &hooks.Exchange{Response: &http.Response{Body: io.NopCloser(strings.NewReader(`{"error": "overloaded"}`))}}
	start, err := e.Peek(8)
	fmt.Printf("%s %v\n", start, err)
	all, err := io.ReadAll(e.Response.Body)
	fmt.Printf("%s %v\n", all, err)
	// Output:
	// {"error" <nil>
	// {"error": "overloaded"} <nil>
}

// The header alone, for exchanges whose content is nobody's business.
func ExampleDumpOptions() {
	request, _ := http.NewRequest("GET", "https://api.example.com/users", nil)
	request.Header.Set("Accept", "text/csv")
	hooks.Dump(os.Stdout, &hooks.DumpOptions{MaxBody: -1})(&hooks.Exchange{Request: request, Response: &http.Response{
		Proto: "HTTP/1.1", Status: "200 OK", ContentLength: 8, Body: io.NopCloser(strings.NewReader("Ada,1815")),
	}})
	// Output:
	// > GET /users HTTP/1.1
	// > Host: api.example.com
	// > Accept: text/csv
	// >
	// < HTTP/1.1 200 OK
	// <
}
