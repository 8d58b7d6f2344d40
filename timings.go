package requests

import (
	"crypto/tls"
	"net"
	"time"

	"github.com/seed-3bbad739/requests/adapters"
)

// Timings says how an exchange went over the wire. The times are kept only with
// WithTimings. The connection is known when one of this library's adapters made
// it; where a layer that is not this library's has put content of its own over
// the response, with WithTimings only, and where it has given the response
// another Request, as adapters.Func does, not at all. A duration is zero when its step was not taken: a reused
// connection is neither looked up nor made.
type Timings struct {
	Reused   bool          // the connection had served before
	IdleTime time.Duration // how long it had been idle then
	Local    net.Addr      // nil: not known
	Remote   net.Addr      // of the proxy, when there is one
	Protocol string        // "HTTP/1.1", "HTTP/2.0"

	TLSVersion        string    // "TLS 1.3"; "" without TLS
	CipherSuite       string    // "TLS_AES_128_GCM_SHA256"
	CertificateExpiry time.Time // of the server's own certificate

	DNS          time.Duration // looking the name up
	Connect      time.Duration // connecting
	TLS          time.Duration // the handshake with the origin
	WroteRequest time.Duration // from the start until the request was written
	FirstByte    time.Duration // from the start until the response began
	Total        time.Duration // from the start until the content was read; zero before
}

// Timings returns what is known of how this response came.
func (r *Response) Timings() Timings {
	var t Timings
	// The adapter's body knows; what has been laid over it since does not.
	if r.came != nil {
		if trace, ok := adapters.TraceFrom(r.came); ok {
			t = timingsOf(trace)
			if r.over != nil {
				t.Total = between(trace.Start, *r.over)
			}
		}
	}
	if r.Response != nil && r.TLS != nil {
		t.TLSVersion = tls.VersionName(r.TLS.Version)
		t.CipherSuite = tls.CipherSuiteName(r.TLS.CipherSuite)
		if chain := r.TLS.PeerCertificates; len(chain) > 0 {
			t.CertificateExpiry = chain[0].NotAfter
		}
	}
	return t
}

func timingsOf(t adapters.Trace) Timings {
	return Timings{
		Reused: t.Reused, IdleTime: t.IdleTime, Local: t.Local, Remote: t.Remote, Protocol: t.Protocol,
		DNS: between(t.DNSStart, t.DNSDone), Connect: between(t.ConnectStart, t.ConnectDone), TLS: between(t.TLSStart, t.TLSDone),
		WroteRequest: between(t.Start, t.WroteRequest), FirstByte: between(t.Start, t.FirstByte),
	}
}

// noteEnd notes that the content was read, for who asked for times.
func (r *Response) noteEnd() {
	if isOn(r.call.plan.settings.Timings) && r.over == nil {
		now := time.Now()
		r.over = &now
	}
}

func between(from, to time.Time) time.Duration {
	if from.IsZero() || to.IsZero() {
		return 0
	}
	return to.Sub(from)
}
