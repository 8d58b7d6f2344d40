package auth_test

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed-3bbad739/requests/auth"
)

// Whatever a printer looks for, it finds the name and nothing else.
func TestPrintsItsName(t *testing.T) {
	for want, a := range map[string]auth.Authenticator{
		"auth.None":   auth.None,
		"auth.Basic":  auth.Basic("u", "p"),
		"auth.Bearer": auth.Bearer("t"),
		"auth.Digest": auth.Digest("u", "p"),
		"auth.OAuth2": auth.OAuth2(nil),
		"auth.For(http://h.test, auth.First(auth.Basic, auth.Func))": auth.For("http://h.test", auth.First(auth.Basic("u", "p"), auth.Func(nil))),
	} {
		t.Run(want, func(t *testing.T) {
			assert.Equal(t, want, fmt.Sprintf("%+v", a))
			assert.Equal(t, want, a.(fmt.Stringer).String())
			assert.Equal(t, want, a.(fmt.GoStringer).GoString())
			assert.Equal(t, want, a.(slog.LogValuer).LogValue().String())
		})
	}
}
