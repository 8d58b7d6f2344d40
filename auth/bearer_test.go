package auth_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

func TestBearer(t *testing.T) {
	r := newRequest(t, "GET", "http://h.test/", nil)
	require.NoError(t, auth.Bearer("a.b-c_d~e+f/g==").Authenticate(r))
	assert.Equal(t, "Bearer a.b-c_d~e+f/g==", r.Header.Get("Authorization"))
	const other = "auth: bearer: the token holds a space, a line end, another control character or one outside ASCII: invalid header"
	for _, tt := range []struct{ name, token, text string }{
		{"empty", "", "auth: bearer: the token is empty: invalid header"},
		{"a line end, as a file has", "abc\n", other},
		{"a space", "Bearer abc", other},
		{"beyond ASCII", "\u00e9", other},
	} {
		t.Run("a bad token is an error: "+tt.name, func(t *testing.T) {
			err := auth.Bearer(tt.token).Authenticate(r)
			require.ErrorIs(t, err, sentinel.InvalidHeader)
			assert.EqualError(t, err, tt.text)
		})
	}
}
