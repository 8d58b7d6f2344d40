package sigv4

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/seed-3bbad739/requests/internal/redact"
)

// Credentials are an access key and, when they are temporary, its session
// token. They print as a mask, whatever the verb, and are that as JSON: what
// stores them has to take their fields.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string // empty for long-lived keys
}

// Static returns a source of the same credentials for ever. An empty
// sessionToken means that there is none.
func Static(accessKeyID, secretAccessKey, sessionToken string) func(context.Context) (Credentials, error) {
	c := Credentials{accessKeyID, secretAccessKey, sessionToken}
	return func(context.Context) (Credentials, error) { return c, nil }
}

// Format writes which fields are set, and none of them. It serves every verb.
func (c Credentials) Format(w fmt.State, _ rune) {
	io.WriteString(w, "sigv4.Credentials{AccessKeyID:"+mask(c.AccessKeyID)+
		" SecretAccessKey:"+mask(c.SecretAccessKey)+
		" SessionToken:"+mask(c.SessionToken)+"}")
}

// LogValue keeps the credentials out of structured logs, whose handlers do
// not ask Format.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// MarshalJSON keeps the credentials out of what a handler of logs encodes: it
// does not ask LogValue of what lies within a struct.
func (c Credentials) MarshalJSON() ([]byte, error) { return json.Marshal(fmt.Sprint(c)) }

func mask(secret string) string {
	if secret == "" {
		return `""`
	}
	return redact.Mask
}

// validate finds what would break the header that the credentials go into, or
// smuggle another one. A key read from a file with its line's end is the usual
// case. Errors name the field only.
func (c *Credentials) validate() error {
	switch {
	case c.AccessKeyID == "" || c.SecretAccessKey == "":
		return errors.New("sigv4: credentials without an access key or without its secret")
	case !visible(c.AccessKeyID, ','):
		return errors.New("sigv4: the access key holds a character that cannot be sent")
	case !visible(c.SessionToken, 0):
		return errors.New("sigv4: the session token holds a character that cannot be sent")
	}
	return nil
}

// visible reports whether s is visible ASCII throughout, without except.
func visible(s string, except byte) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == except {
			return false
		}
	}
	return true
}
