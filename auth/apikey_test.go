package auth_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

func TestHeader(t *testing.T) {
	r := newRequest(t, "GET", "http://h.test/", nil)
	require.NoError(t, auth.Header("x-api-key", "s3 cret").Authenticate(r))
	assert.Equal(t, http.Header{"X-Api-Key": {"s3 cret"}}, r.Header)
	for name, bad := range map[string][2]string{
		"no name": {"", "v"}, "a name that is no token": {"X Y", "v"},
		"a line end": {"X", "v\r\nY: z"}, "a space at the end": {"X", "v "},
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			assert.ErrorIs(t, auth.Header(bad[0], bad[1]).Authenticate(r), sentinel.InvalidHeader)
		})
	}
}

func TestQuery(t *testing.T) {
	tests := []struct{ name, url, want string }{
		{"no query", "http://h.test/", "http://h.test/?api_key=a+%26b"},
		{"an empty query", "http://h.test/?", "http://h.test/?api_key=a+%26b"},
		{"others keep their order and form", "http://h.test/?z=%41&a&a=", "http://h.test/?z=%41&a&a=&api_key=a+%26b"},
		{"its own earlier values are replaced", "http://h.test/?api_key=1&x=2&api%5Fkey=3&api_key", "http://h.test/?x=2&api_key=a+%26b"},
		{"the fragment stays", "http://h.test/#f", "http://h.test/?api_key=a+%26b#f"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRequest(t, "GET", tt.url, nil)
			given := r.URL
			q := auth.Query("api_key", "a &b")
			require.NoError(t, q.Authenticate(r))
			assert.Equal(t, tt.want, r.URL.String())
			assert.Equal(t, tt.url, given.String(), "the URL given is as it was")
			require.NoError(t, q.Authenticate(r))
			assert.Equal(t, tt.want, r.URL.String(), "twice is as once")
		})
	}
	assert.ErrorContains(t, auth.Query("", "v").Authenticate(newRequest(t, "GET", "http://h.test/", nil)), "auth: query: ")
}

func ExampleQuery() {
	r, _ := http.NewRequest("GET", "https://api.test/search?q=go", nil)
	if err := auth.Query("key", "secret").Authenticate(r); err != nil {
		fmt.Println(err)
	}
	fmt.Println(r.URL)
	// Output: https://api.test/search?q=go&key=secret
}
