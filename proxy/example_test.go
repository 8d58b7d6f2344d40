package proxy_test

import (
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/seed-3bbad739/requests/proxy"
)

// The variables are read anew at each call.
func ExampleFromEnvironment() {
	// A name in lower case goes before the same in capitals.
	for name, value := range map[string]string{"https_proxy": "http://proxy.example.test:3128", "no_proxy": "localhost, .corp.example.test"} {
		os.Setenv(name, value)
		defer os.Unsetenv(name)
	}
	environment := proxy.FromEnvironment()
	for _, raw := range []string{"https://api.example.test/", "https://wiki.corp.example.test/"} {
		u, _ := url.Parse(raw)
		p, err := environment.For(u)
		fmt.Println(raw, p, err)
	}
	// Output:
	// https://api.example.test/ http://proxy.example.test:3128 <nil>
	// https://wiki.corp.example.test/ <nil> <nil>
}

// A value without a scheme is an http proxy. Credentials do not print.
func ExampleMap() {
	proxies := proxy.Map{"all": "ada:lovelace@proxy.example.test:3128"}
	u, _ := url.Parse("https://api.example.test/")
	p, err := proxies.For(u)
	fmt.Println(p.Scheme, p.Host, p.User.Username(), err)
	fmt.Println(proxies)

	_, err = proxy.Map{"all": "proxy.example.test/pac.js"}.For(u)
	fmt.Println(errors.Is(err, proxy.ErrInvalid))
	// Output:
	// http proxy.example.test:3128 ada <nil>
	// map[all:[redacted]@proxy.example.test:3128]
	// true
}
