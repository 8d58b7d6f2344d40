package requests

import (
	"fmt"
	"log/slog"

	"github.com/seed-3bbad739/requests/internal/redact"
)

// Secret is a string that does not print: with every verb of package fmt, in
// JSON and every other text encoding, and in package slog it shows as
// "[redacted:" and a short hash, by which two of them can be compared as long
// as the process runs. So it is not for what is to be sent: [WithJSON] of a
// Secret sends the hash. A Secret in an unexported field of a struct that is
// printed is out of reach of its methods: keep it in an exported one, or
// behind a pointer.
type Secret string

// Reveal returns the string.
func (s Secret) Reveal() string { return string(s) }

// String returns what stands for the secret.
func (s Secret) String() string { return redact.Value(string(s)) }

// Format prints [Secret.String] under every verb.
func (s Secret) Format(f fmt.State, verb rune) { formatText(f, verb, s.String()) }

// MarshalText returns [Secret.String].
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes a secret from a configuration, as it is.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = Secret(text)
	return nil
}

// LogValue returns [Secret.String].
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// RedactKeys hides the values of these query keys, and of fields of forms and
// JSON bodies of these names, in whatever the library prints, besides those
// that it knows: names with token, secret, auth, password, key, signature and
// the like. Case does not matter. It holds for the whole process and cannot be
// undone; call it where a program starts.
func RedactKeys(names ...string) { redact.Add(names...) }
