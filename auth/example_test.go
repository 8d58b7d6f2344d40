package auth_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/seed-3bbad739/requests/auth"
)

func ExampleBearer() {
	r, _ := http.NewRequest("GET", "https://api.example.test/", nil)
	if err := auth.Bearer("token").Authenticate(r); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Header.Get("Authorization"))

	err := auth.Bearer("two lines\r\nX-Admin: yes").Authenticate(r)
	fmt.Println(err != nil) // a field is not smuggled in
	// Output:
	// Bearer token
	// true
}

func ExampleHeader() {
	r, _ := http.NewRequest("GET", "https://api.example.test/", nil)
	if err := auth.Header("X-Api-Key", "k-4711").Authenticate(r); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Header.Get("X-Api-Key"))
	// Output: k-4711
}

// A scheme of one's own. What Func is given may be called by many goroutines.
func ExampleFunc() {
	a := auth.Func(func(r *http.Request) error {
		r.Header.Set("Authorization", "Example "+r.URL.Path)
		return nil
	})
	r, _ := http.NewRequest("GET", "https://api.example.test/users", nil)
	if err := a.Authenticate(r); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Header.Get("Authorization"))
	// Output: Example /users
}

// Credentials for one origin. Others go without, another port among them.
func ExampleFor() {
	a := auth.For("https://api.example.test", auth.Bearer("token"))
	for _, target := range []string{"https://api.example.test/users", "https://api.example.test:8443/", "https://www.example.test/"} {
		r, _ := http.NewRequest("GET", target, nil)
		if err := a.Authenticate(r); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s %q\n", r.URL.Host, r.Header.Get("Authorization"))
	}
	// Output:
	// api.example.test "Bearer token"
	// api.example.test:8443 ""
	// www.example.test ""
}

// The file and the line are known, for messages that help.
func ExampleNetrcFile_Source() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "netrc")
	text := "machine api.example.test\n\tlogin me\n\tpassword secret\ndefault login anonymous password guest\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	netrc := auth.Netrc(path)
	for _, host := range []string{"api.example.test", "ftp.example.test"} {
		file, line, ok := netrc.Source(host)
		fmt.Println(filepath.Base(file), line, ok, "by name:", netrc.Named(host))
	}
	// Output:
	// netrc 1 true by name: true
	// netrc 4 true by name: false
}
