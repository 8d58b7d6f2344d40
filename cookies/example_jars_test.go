package cookies_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-3bbad739/requests/cookies"
)

// A jar is an http.CookieJar: a plain http.Client takes it.
func ExampleJar() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "visit", Value: "1"})
		fmt.Println("got", r.Cookies())
	}))
	defer server.Close()
	jar := cookies.New(&cookies.Options{MaxPerHost: 20})
	client := &http.Client{Jar: jar}
	for range 2 {
		resp, err := client.Get(server.URL)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
	}
	fmt.Println(jar.Len(), "cookie is kept")
	// Output:
	// got []
	// got [visit=1]
	// 1 cookie is kept
}

func ExampleJar_Delete() {
	jar := cookies.New(nil)
	_ = jar.Set(cookies.Cookie{Name: "lang", Value: "en", Domain: "shop.example", Path: "/"})
	_ = jar.Set(cookies.Cookie{Name: "lang", Value: "de", Domain: "shop.example", Path: "/de"})
	fmt.Println(jar.Delete("lang", cookies.Path("/de")), jar.Len())
	_, err := jar.Get("theme")
	fmt.Println(errors.Is(err, cookies.ErrNoCookie))
	// Output:
	// 1 1
	// true
}

// A clone is independent; merging takes over what the other has changed later.
func ExampleJar_Merge() {
	jar := cookies.New(nil)
	_ = jar.Set(cookies.Cookie{Name: "lang", Value: "en", Domain: "shop.example"})
	other := jar.Clone()
	_ = other.Set(cookies.Cookie{Name: "theme", Value: "dark", Domain: "shop.example"})
	fmt.Println(jar.Len(), other.Len())

	jar.Merge(other)
	u, _ := url.Parse("https://shop.example/")
	fmt.Println(jar.Header(u))
	// Output:
	// 1 2
	// lang=en; theme=dark
}

// Cookies that end with the session are left out of a file unless asked for.
func ExampleWithSessionCookies() {
	dir, err := os.MkdirTemp("", "cookies")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	jar := cookies.New(nil)
	_ = jar.Set(cookies.Cookie{Name: "tab", Value: "3", Domain: "shop.example"})
	for name, options := range map[string][]cookies.SaveOption{
		"without.json": nil,
		"with.json":    {cookies.WithSessionCookies()},
	} {
		if err := jar.SaveFile(filepath.Join(dir, name), options...); err != nil {
			fmt.Println(err)
			return
		}
	}
	for _, name := range []string{"without.json", "with.json"} {
		later := cookies.New(nil)
		if err := later.LoadFile(filepath.Join(dir, name)); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(name, later.Len())
	}
	// Output:
	// without.json 0
	// with.json 1
}

// What curl reads by --cookie and writes by --cookie-jar.
func ExampleJar_WriteNetscape() {
	jar := cookies.New(nil)
	_ = jar.Set(cookies.Cookie{Name: "login", Value: "yes", Domain: "shop.example", Secure: true})
	var file strings.Builder
	if err := jar.WriteNetscape(&file); err != nil {
		fmt.Println(err)
		return
	}
	for line := range strings.Lines(file.String()) {
		if !strings.HasPrefix(line, "#") && strings.TrimSpace(line) != "" {
			fmt.Println(strings.Fields(line))
		}
	}
	// Output: [.shop.example TRUE / TRUE 0 login yes]
}
