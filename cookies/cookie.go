package cookies

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/seed-3bbad739/requests/internal/redact"
)

// Cookie is a cookie with all its attributes. It prints without its value, but
// encoded, as JSON for one, it has it: whoever keeps cookies in a store of their
// own needs that. A handler of logs encodes too, what lies within a struct.
type Cookie struct {
	// Name may be empty; such a cookie is sent as its bare value.
	Name string

	// Value is any bytes but controls and semicolons. It does not include
	// the quotation marks that Quoted stands for.
	Value string

	// Domain is the host, or with HostOnly false the domain whose hosts all
	// get the cookie: lower case, in ASCII, without a leading dot.
	Domain string

	// Path is what the path of a request must begin with, up to a slash.
	Path string

	HostOnly    bool // for the host Domain alone, not for those below it
	Secure      bool // for https and wss only
	HttpOnly    bool // kept and saved; it asks nothing of a client without scripts
	Partitioned bool // kept and saved; a client has no site to partition by
	Quoted      bool // the value is sent within quotation marks

	// SameSite is kept and saved but not enforced, as a client has no site of
	// its own. Zero means that the attribute was absent.
	SameSite http.SameSite

	// Expires is when the cookie ends. Zero means with the session: it is not
	// saved unless asked for.
	Expires time.Time

	// Created is when the cookie was first set; replacing it keeps the time.
	Created time.Time
}

// Format implements [fmt.Formatter]. Whatever the verb, the value is hidden.
func (c Cookie) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.redacted())) }

// LogValue implements [slog.LogValuer]: as printed, without the value.
func (c Cookie) LogValue() slog.Value { return slog.StringValue(c.redacted()) }

func (c Cookie) redacted() string {
	var b strings.Builder
	// A nameless cookie is all value, a name comes from the peer.
	fmt.Fprintf(&b, "%q=%s; Domain=%s; Path=%q", c.Name, redact.Mask, c.Domain, c.Path)
	for _, flag := range []struct {
		set  bool
		text string
	}{{c.HostOnly, "HostOnly"}, {c.Secure, "Secure"}, {c.HttpOnly, "HttpOnly"}, {c.Partitioned, "Partitioned"}} {
		if flag.set {
			b.WriteString("; " + flag.text)
		}
	}
	if name := sameSiteName(c.SameSite); name != "" {
		b.WriteString("; SameSite=" + name)
	}
	if !c.Expires.IsZero() {
		b.WriteString("; Expires=" + c.Expires.UTC().Format(http.TimeFormat))
	}
	return b.String()
}

// sameSiteName returns how the file names s, "" when the attribute was absent.
func sameSiteName(s http.SameSite) string {
	switch s {
	case http.SameSiteDefaultMode:
		return "default"
	case http.SameSiteLaxMode:
		return "lax"
	case http.SameSiteStrictMode:
		return "strict"
	case http.SameSiteNoneMode:
		return "none"
	}
	return ""
}

// sameSite reads the value of a SameSite attribute. A word it does not know
// asks for the default (RFC 6265bis, section 5.6.7).
func sameSite(word string) http.SameSite {
	switch {
	case strings.EqualFold(word, "lax"):
		return http.SameSiteLaxMode
	case strings.EqualFold(word, "strict"):
		return http.SameSiteStrictMode
	case strings.EqualFold(word, "none"):
		return http.SameSiteNoneMode
	}
	return http.SameSiteDefaultMode
}
