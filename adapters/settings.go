package adapters

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/seed-3bbad739/requests/internal/ctxkey"
	"github.com/seed-3bbad739/requests/internal/redact"
)

// ProxyAuth sets the credentials for a proxy on the request that is sent to
// it: the CONNECT, or the forwarded request. The authenticators of package
// auth are such.
type ProxyAuth interface {
	Authenticate(*http.Request) error
}

// Settings are what one request asks of the network, apart from what it says.
// They travel in the request's context, so any RoundTripper may stand between
// who sets them and the [HTTP] that honours them. Every zero field asks for
// nothing: a direct connection, the system's trust, no limit of time.
type Settings struct {
	Proxy     *url.URL      // nil: direct
	ProxyAuth ProxyAuth     // nil: the userinfo of Proxy, if any; must be comparable
	TLS       *TLS          // trust for the origin; nil: verified by the system's roots
	ProxyTLS  *TLS          // trust for an https proxy; nil: verified by the system's roots
	Connect   time.Duration // name look-up and connecting, to the proxy when there is one
	// TLSHandshake bounds what follows until the connection is of use: a
	// proxy's CONNECT and the TLS handshakes.
	TLSHandshake time.Duration
	// Read is the longest silence, waiting for the header or between bytes of
	// the content.
	Read    time.Duration
	Timings bool // trace the exchange for its times
}

// TLS says which servers are trusted and which certificate is shown to them.
// A TLS must not be changed once it is in use.
type TLS struct {
	Verify       *bool             // nil: as Config has it, which is true without one
	CABundle     string            // PEM file, or directory of such files, instead of the system's roots
	RootCAs      *x509.CertPool    // instead of the system's roots; with CABundle, both are trusted
	ClientCert   string            // PEM file with the certificate chain, and the key when ClientKey is ""
	ClientKey    string            // PEM file
	Certificates []tls.Certificate // besides ClientCert
	ServerName   string            // sent and verified instead of the URL's host
	MinVersion   uint16            // tls.VersionTLS12 and so on; 0: crypto/tls's default
	Config       *tls.Config       // the base the fields above are laid over; cloned at first use
}

// WithSettings returns a context that carries s to the adapter.
func WithSettings(ctx context.Context, s Settings) context.Context {
	return context.WithValue(ctx, ctxkey.Settings{}, &s)
}

// SettingsFrom returns the settings that ctx carries, and whether it carries any.
func SettingsFrom(ctx context.Context) (Settings, bool) {
	if s, ok := ctx.Value(ctxkey.Settings{}).(*Settings); ok && s != nil {
		return *s, true
	}
	return Settings{}, false
}

// String describes s without its credentials.
func (s Settings) String() string {
	proxy := "direct"
	if s.Proxy != nil {
		proxy = redact.URL(s.Proxy)
	}
	t := "{proxy " + proxy
	if s.ProxyAuth != nil {
		t += fmt.Sprintf(", authenticated by %T", s.ProxyAuth)
	}
	if s.TLS != nil {
		t += ", TLS " + s.TLS.String()
	}
	if s.ProxyTLS != nil {
		t += ", proxy TLS " + s.ProxyTLS.String()
	}
	return t + fmt.Sprintf(", connect %v, handshake %v, read %v}", s.Connect, s.TLSHandshake, s.Read)
}

// Format prints [Settings.String], whatever the verb.
func (s Settings) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue is for package slog.
func (s Settings) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON writes [Settings.String]: proxies and keys are secret.
func (s Settings) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// String describes t without keys.
func (t TLS) String() string {
	verify := "by default"
	if t.Verify != nil {
		verify = fmt.Sprint(*t.Verify)
	}
	s := "{verify " + verify
	if t.CABundle != "" {
		s += fmt.Sprintf(", CA bundle %q", t.CABundle)
	}
	if t.RootCAs != nil {
		s += ", own roots"
	}
	if t.ClientCert != "" {
		s += fmt.Sprintf(", client certificate %q", t.ClientCert)
	}
	if n := len(t.Certificates); n > 0 {
		s += fmt.Sprintf(", %d client certificates", n)
	}
	if t.ServerName != "" {
		s += fmt.Sprintf(", server name %q", t.ServerName)
	}
	if t.MinVersion != 0 {
		s += ", at least version " + tls.VersionName(t.MinVersion)
	}
	if t.Config != nil {
		s += ", own configuration"
	}
	return s + "}"
}

// Format prints [TLS.String], whatever the verb.
func (t TLS) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }

// LogValue is for package slog.
func (t TLS) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON writes [TLS.String]: package json would write private keys.
func (t TLS) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }
