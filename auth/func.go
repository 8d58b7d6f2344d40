package auth

import (
	"errors"
	"net/http"
)

type function struct {
	label
	f func(*http.Request) error
}

// Func returns an [Authenticator] that calls f, which may change the request
// and must be safe for concurrent use. A nil f is an error when a request is
// authenticated.
func Func(f func(*http.Request) error) Authenticator {
	return &function{label: "auth.Func", f: f}
}

func (f *function) Authenticate(r *http.Request) error {
	if f.f == nil {
		return errors.New("auth: func: function is nil")
	}
	return f.f(r)
}
