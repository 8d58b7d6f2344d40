package adapters

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"time"

	"github.com/seed-3bbad739/requests/internal/ctxkey"
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
	Verify       *bool             // nil: true
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
