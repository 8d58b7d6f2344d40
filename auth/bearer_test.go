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
	for name, token := range map[string]string{
		"empty": "", "a line end, as a file has": "abc\n", "a space": "Bearer abc", "beyond ASCII": "\u00e9",
	} {
		t.Run("a bad token is an error: "+name, func(t *testing.T) {
			assert.ErrorIs(t, auth.Bearer(token).Authenticate(r), sentinel.InvalidHeader)
		})
	}
}
