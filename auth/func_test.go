package auth_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/auth"
)

func TestFunc(t *testing.T) {
	r := newRequest(t, "GET", "http://h.test/", nil)
	a := auth.Func(func(r *http.Request) error { r.Header.Set("X", "y"); return nil })
	require.NoError(t, a.Authenticate(r))
	assert.Equal(t, "y", r.Header.Get("X"))
	assert.ErrorContains(t, auth.Func(nil).Authenticate(r), "auth: func: ")
}
