package auth

import (
	"net/http"

	"github.com/seed-3bbad739/requests/internal/redact"
)

type bearer struct {
	label
	value secret
	err   error
}

// Field names the one field that is set, as that of Basic does.
func (*bearer) Field() redact.FieldName { return "Authorization" }

// Bearer returns an [Authenticator] that sends token with the Bearer scheme
// (RFC 6750, section 2.1). An empty token, or one with a space, a control
// character or a character outside ASCII, is an error when a request is
// authenticated. It matches requests.ErrInvalidHeader.
func Bearer(token string) Authenticator {
	b := &bearer{label: "auth.Bearer", value: hide("Bearer " + token)}
	switch {
	case token == "":
		b.value, b.err = secret{}, invalid("bearer", "the token is empty")
	case !validToken(token):
		b.value, b.err = secret{}, invalid("bearer", "the token holds a space, a line end, another control character or one outside ASCII")
	}
	return b
}

func (b *bearer) Authenticate(r *http.Request) error {
	if b.err != nil {
		return b.err
	}
	setField(r, credentialsField(r), b.value.reveal())
	return nil
}

// validToken is wider than the b64token of RFC 6750: servers hand out more
// than that, and only what could not be told apart on the wire is refused.
func validToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return s != ""
}
