package auth

import (
	"fmt"
	"io"
	"log/slog"
)

// label is what an authenticator prints as, with any verb and in logs: its
// name. All else that it holds may be secret, a user name too.
type label string

func (l label) Format(f fmt.State, _ rune) { io.WriteString(f, string(l)) }
func (l label) String() string             { return string(l) }
func (l label) GoString() string           { return string(l) }
func (l label) LogValue() slog.Value       { return slog.StringValue(string(l)) }
func (l label) name() string               { return string(l) }

// secret is a string that no verb prints. A label alone does not do: in an
// unexported field of somebody's struct its methods are out of fmt's reach,
// which then prints the fields of what a pointer leads to, locked or not, but
// only one deep.
type secret struct{ p *string }

func hide(s string) secret { return secret{&s} }

// reveal returns what hide was given; the zero secret has nothing to reveal.
func (s secret) reveal() string { return *s.p }

// printed is the methods of label.
type printed interface {
	fmt.Formatter
	fmt.Stringer
	fmt.GoStringer
	slog.LogValuer
	name() string
}

// nameOf is how one authenticator names another: foreign ones by type only,
// for how they print is unknown.
func nameOf(a Authenticator) string {
	if n, ok := a.(printed); ok {
		return n.name()
	}
	return fmt.Sprintf("%T", a)
}
