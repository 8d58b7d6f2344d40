package auth

import (
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/seed-3bbad739/requests/internal/redact"
)

type basic struct {
	label
	value secret
	err   error
}

// Field names the one field that is set, and nothing else is touched: a
// session need not look for what has changed.
func (*basic) Field() redact.FieldName { return "Authorization" }

// Basic returns an [Authenticator] for the Basic scheme (RFC 7617). User and
// password may be empty. They are sent in ISO 8859-1 if that can hold both,
// else in UTF-8; text that is not UTF-8 is sent as it is.
//
// A colon in user, or a control character in either, is an error when a
// request is authenticated. It matches requests.ErrInvalidHeader.
func Basic(user, password string) Authenticator {
	b := &basic{label: "auth.Basic"}
	value, err := basicCredentials(user, password)
	b.value, b.err = hide(value), err
	return b
}

func (b *basic) Authenticate(r *http.Request) error {
	if b.err != nil {
		return b.err
	}
	setField(r, credentialsField(r), b.value.reveal())
	return nil
}

func basicCredentials(user, password string) (string, error) {
	switch {
	case strings.Contains(user, ":"):
		// The server would split at it (RFC 7617, section 2).
		return "", invalid("basic", "user name holds a colon")
	case hasControl(user):
		return "", invalid("basic", "user name holds a control character")
	case hasControl(password):
		return "", invalid("basic", "password holds a control character")
	}
	pair := user + ":" + password
	if b, ok := latin1(pair); ok {
		return "Basic " + base64.StdEncoding.EncodeToString(b), nil
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)), nil
}

// latin1 encodes UTF-8 text in ISO 8859-1, if it is UTF-8 and fits.
func latin1(s string) ([]byte, bool) {
	if !utf8.ValidString(s) {
		return nil, false
	}
	b := make([]byte, 0, len(s))
	for _, c := range s {
		if c > 0xff {
			return nil, false
		}
		b = append(b, byte(c))
	}
	return b, true
}
