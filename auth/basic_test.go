package auth_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/proxyauth"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

func TestBasic(t *testing.T) {
	tests := []struct {
		name, user, password string
		want                 string // decoded; "": an error
	}{
		{"R79 user and password", "u", "p", "u:p"},
		{"R79 both may be empty", "", "", ":"},
		{"the password may hold colons", "u", "p:q", "u:p:q"},
		{"R79 Latin-1 where that can hold it", "J\u00fcrgen", "\u00a3", "J\xfcrgen:\xa3"},
		{"D21b UTF-8 where Latin-1 cannot hold one of both", "J\u00fcrgen", "\u20ac", "J\u00fcrgen:\u20ac"},
		{"bytes that are no text as they are", "\xff", "\xfe", "\xff:\xfe"},
		{"a colon in the user is an error", "u:v", "p", ""},
		{"a line end in the user is an error", "u\n", "p", ""},
		{"a line end in the password is an error", "u", "p\r\nX: y", ""},
		{"a NUL is an error", "u", "p\x00", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRequest(t, "GET", "http://h.test/", nil)
			err := auth.Basic(tt.user, tt.password).Authenticate(r)
			if tt.want == "" {
				assert.ErrorIs(t, err, sentinel.InvalidHeader)
				assert.ErrorContains(t, err, "auth: basic: ")
				assert.Empty(t, r.Header)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, "Basic "+base64.StdEncoding.EncodeToString([]byte(tt.want)), r.Header.Get("Authorization"))
		})
	}
	t.Run("a request without header gets one", func(t *testing.T) {
		r := &http.Request{}
		require.NoError(t, auth.Basic("u", "p").Authenticate(r))
		assert.Equal(t, "Basic dTpw", r.Header.Get("Authorization"))
	})
	t.Run("R82 a proxy is answered in its own field", func(t *testing.T) {
		r := newRequest(t, "GET", "http://h.test/", nil)
		r = r.WithContext(proxyauth.WithProxy(r.Context(), parse(t, "http://proxy.test")))
		require.NoError(t, auth.Basic("u", "p").Authenticate(r))
		assert.Equal(t, http.Header{"Proxy-Authorization": {"Basic dTpw"}}, r.Header)
	})
	t.Run("constructors give identities of their own", func(t *testing.T) {
		assert.NotSame(t, auth.Basic("u", "p"), auth.Basic("u", "p"))
	})
}

func ExampleBasic() {
	r, _ := http.NewRequest("GET", "https://api.test/", nil)
	a := auth.Basic("Aladdin", "open sesame")
	if err := a.Authenticate(r); err != nil {
		fmt.Println(err)
	}
	fmt.Println(r.Header.Get("Authorization"))
	fmt.Println(a)
	// Output:
	// Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==
	// auth.Basic
}

func BenchmarkBasic(b *testing.B) {
	a := auth.Basic("user", "password")
	r, _ := http.NewRequest("GET", "https://api.test/", nil)
	b.ReportAllocs()
	for b.Loop() {
		a.Authenticate(r)
	}
}
