package auth

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/seed-3bbad739/requests/internal/proxyauth"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// credentialsField is the field for the credentials of r: a request marked as
// one for a proxy answers the proxy, every other the origin.
func credentialsField(r *http.Request) string {
	if proxyauth.From(r.Context()) != nil {
		return "Proxy-Authorization"
	}
	return "Authorization"
}

// server is the URL of whoever checks the credentials of r.
func server(r *http.Request) *url.URL {
	if proxy := proxyauth.From(r.Context()); proxy != nil {
		return proxy
	}
	return r.URL
}

// setField replaces a field by one value. The name is in canonical form.
func setField(r *http.Request, name, value string) {
	if r.Header == nil {
		r.Header = make(http.Header, 1)
	}
	r.Header[name] = []string{value}
}

// invalid is the error of credentials that no field can carry. What it says
// must never include them.
func invalid(scheme, what string) error {
	return fmt.Errorf("auth: %s: %s: %w", scheme, what, sentinel.InvalidHeader)
}

// hasControl reports whether s holds one of the control characters of ASCII.
func hasControl(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}
