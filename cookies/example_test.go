package cookies_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-3bbad739/requests/cookies"
)

func ExampleNew() {
	client := &http.Client{Jar: cookies.New(nil)}
	_ = client // it sends back the cookies that it is given
}

func ExampleJar_StoreHeader() {
	jar := cookies.New(nil)
	u, _ := url.Parse("https://shop.example/cart/add")
	jar.StoreHeader(u, http.Header{"Set-Cookie": {
		`id="7, 8"; Path=/; Secure; HttpOnly`,
		"cart=full; Max-Age=3600",
	}})
	fmt.Println(jar.Header(u))
	// Output: cart=full; id="7, 8"
}

func ExampleJar_Get() {
	jar := cookies.New(nil)
	_ = jar.Set(cookies.Cookie{Name: "lang", Value: "en", Domain: "a.example"})
	_ = jar.Set(cookies.Cookie{Name: "lang", Value: "de", Domain: "b.example"})

	_, err := jar.Get("lang")
	fmt.Println(errors.Is(err, cookies.ErrConflict))
	c, err := jar.Get("lang", cookies.Domain("b.example"))
	fmt.Println(c.Value, err)
	// Output:
	// true
	// de <nil>
}

func ExampleJar_All() {
	jar := cookies.New(nil)
	_ = jar.Set(cookies.Cookie{Name: "lang", Value: "en", Domain: "a.example"})
	_ = jar.Set(cookies.Cookie{Name: "session", Value: "secret", Domain: "b.example", HostOnly: true, Secure: true})
	for c := range jar.All() {
		fmt.Println(c)
	}
	// Output:
	// "lang"=[redacted]; Domain=a.example; Path="/"
	// "session"=[redacted]; Domain=b.example; Path="/"; HostOnly; Secure
}

func ExampleJar_SaveFile() {
	dir, err := os.MkdirTemp("", "cookies")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "jar.json")

	jar := cookies.New(nil)
	_ = jar.Set(cookies.Cookie{Name: "login", Value: "yes", Domain: "shop.example", Expires: time.Now().Add(time.Hour)})
	_ = jar.Set(cookies.Cookie{Name: "tab", Value: "3", Domain: "shop.example"}) // ends with the session
	if err := jar.SaveFile(path); err != nil {
		fmt.Println(err)
	}

	later := cookies.New(nil)
	if err := later.LoadFile(path); err != nil {
		fmt.Println(err)
	}
	u, _ := url.Parse("https://shop.example/")
	fmt.Println(later.Header(u))
	// Output: login=yes
}

func ExampleJar_ReadNetscape() {
	jar := cookies.New(nil)
	err := jar.ReadNetscape(strings.NewReader("# Netscape HTTP Cookie File\n.shop.example\tTRUE\t/\tTRUE\t0\tlogin\tyes\n"))
	u, _ := url.Parse("https://www.shop.example/")
	fmt.Println(jar.Header(u), err)
	// Output: login=yes <nil>
}

func ExampleJar_Clear() {
	jar := cookies.New(nil)
	_ = jar.Set(cookies.Cookie{Name: "a", Value: "1", Domain: "one.example"})
	_ = jar.Set(cookies.Cookie{Name: "b", Value: "2", Domain: "two.example", Secure: true})
	fmt.Println(jar.Clear(func(c cookies.Cookie) bool { return c.Secure }), jar.Domains())
	// Output: 1 [one.example]
}
