package auth_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed-3bbad739/requests/auth"
)

// picky is an authenticator of a user's that names its origins itself.
type picky struct {
	auth.Authenticator
	host string
}

func (p picky) Bound(u *url.URL) bool { return u.Host == p.host }

// A scope is bound where all of what it wraps would be, and nowhere when its
// origin is none.
func TestScope_bound(t *testing.T) {
	here := picky{mark("it"), "h.test"}
	for _, tt := range []struct {
		name string
		a    auth.Authenticator
		url  *url.URL
		want bool
	}{
		{"an origin that is none", auth.For("nonsense", mark("it")), parse(t, "http://h.test/"), false},
		{"no URL", auth.For("http://h.test", mark("it")), nil, false},
		{"nothing is wrapped", auth.For("http://h.test", nil), parse(t, "http://h.test/"), false},
		{"what is wrapped names the same origin", auth.For("http://h.test", auth.For("http://h.test", mark("it"))), parse(t, "http://h.test/"), true},
		{"what is wrapped names another origin", auth.For("http://h.test", auth.For("http://i.test", mark("it"))), parse(t, "http://h.test/"), false},
		{"a user's own is bound there", auth.For("http://h.test", here), parse(t, "http://h.test/"), true},
		{"a user's own is bound elsewhere", auth.For("http://i.test", here), parse(t, "http://i.test/"), false},
		{"the first that is bound", auth.First(mark("other"), auth.For("http://h.test", mark("it"))), parse(t, "http://h.test/"), true},
		{"the first that is not bound at all", auth.First(mark("other"), auth.For("http://h.test", mark("it"))), parse(t, "http://i.test/"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, tt.a.(bounder).Bound(tt.url))
		})
	}
}
