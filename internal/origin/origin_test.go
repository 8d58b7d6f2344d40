package origin_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/internal/origin"
)

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return u
}

func TestSame(t *testing.T) {
	for _, test := range []struct {
		name, from, to string
		want           bool
	}{
		{"equal", "http://a.test/x", "http://a.test/y?z", true},
		{"the case of scheme and host does not matter", "HTTP://A.test", "http://a.TEST", true},
		{"a default port is as none", "https://a.test:443", "https://a.test", true},
		{"userinfo does not matter", "http://u:p@a.test", "http://a.test", true},
		{"another host", "http://a.test", "http://b.test", false},
		{"a sub-domain", "http://a.test", "http://x.a.test", false},
		{"a parent", "http://x.a.test", "http://a.test", false},
		{"a trailing dot is another name", "http://a.test", "http://a.test.", false},
		{"another port", "http://a.test", "http://a.test:8080", false},
		{"an upgrade on default ports", "http://a.test", "https://a.test:443", true},
		{"a downgrade", "https://a.test", "http://a.test", false},
		{"an upgrade on other ports", "http://a.test:8080", "https://a.test:8080", false},
		{"an upgrade to another port", "http://a.test", "https://a.test:8443", false},
		{"an upgrade from another port", "http://a.test:443", "https://a.test", false},
		{"an IPv6 address", "http://[::1]", "http://[::1]:80", true},
		{"another scheme", "ftp://a.test", "http://a.test", false},
		{"an upgrade from another scheme", "ftp://a.test:80", "https://a.test", false},
		{"an upgrade to another scheme", "http://a.test", "ftp://a.test:443", false},
		{"a scheme without a default port", "unix://a.test", "unix://a.test", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, origin.Same(parse(t, test.from), parse(t, test.to)))
		})
	}
}

func TestOf(t *testing.T) {
	for raw, want := range map[string]string{
		"HTTP://U@A.test/x": "http://a.test:80",
		"https://a.test":    "https://a.test:443",
		"http://[FE80::1]":  "http://[fe80::1]:80",
		"http://a.test:81":  "http://a.test:81",
		"unix://a":          "unix://a",
	} {
		assert.Equal(t, want, origin.Of(parse(t, raw)))
	}
	assert.Empty(t, origin.Of(nil))
}
