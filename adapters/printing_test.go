package adapters_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seed-3bbad739/requests/adapters"
)

// What TLS settings print is what they set, and nothing of the keys.
func TestTLS_print(t *testing.T) {
	for _, tt := range []struct {
		name string
		tls  adapters.TLS
		want string
	}{
		{"nothing is set", adapters.TLS{}, "{verify by default}"},
		{"verification is off", adapters.TLS{Verify: verify(false)}, "{verify false}"},
		{"verification is on", adapters.TLS{Verify: verify(true)}, "{verify true}"},
		{"a bundle by its path", adapters.TLS{CABundle: "/etc/ca.pem"}, `{verify by default, CA bundle "/etc/ca.pem"}`},
		{"roots in code", adapters.TLS{RootCAs: x509.NewCertPool()}, "{verify by default, own roots}"},
		{"a client certificate by its path, its key not", adapters.TLS{ClientCert: "c.pem", ClientKey: "k.pem"},
			`{verify by default, client certificate "c.pem"}`},
		{"client certificates in code by their number", adapters.TLS{Certificates: []tls.Certificate{{PrivateKey: "s3cret"}, {}}},
			"{verify by default, 2 client certificates}"},
		{"the rest", adapters.TLS{ServerName: "h.test", MinVersion: tls.VersionTLS13, Config: &tls.Config{ServerName: "s3cret"}},
			`{verify by default, server name "h.test", at least version TLS 1.3, own configuration}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, tt.tls.String())
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
				assert.Equal(t, tt.want, fmt.Sprintf(verb, tt.tls), verb)
			}
			assert.Equal(t, tt.want, tt.tls.LogValue().String())
		})
	}
}

func TestPrinting_ofAdapters(t *testing.T) {
	h := adapters.New(adapters.Options{Socket: "/run/s3cret.sock"})
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("used", "adapter", h)
	assert.Equal(t, "adapters.HTTP", h.String())
	assert.Contains(t, log.String(), "adapter=adapters.HTTP\n")
	assert.Equal(t, "CircuitState(7)", adapters.CircuitState(7).String(), "a state that is none")
}

func TestRetryError_text(t *testing.T) {
	three := make([]adapters.Attempt, 3)
	for _, tt := range []struct {
		name string
		err  adapters.RetryError
		want string
	}{
		{"one attempt", adapters.RetryError{Attempts: three[:1], Err: errors.New("broken")}, "adapters: retries exhausted after 1 attempt: broken"},
		{"several", adapters.RetryError{Attempts: three, Err: errors.New("broken")}, "adapters: retries exhausted after 3 attempts: broken"},
		{"a status", adapters.RetryError{Attempts: three, Response: &http.Response{StatusCode: 503}}, "adapters: retries exhausted after 3 attempts: status 503"},
		{"neither", adapters.RetryError{Attempts: three}, "adapters: retries exhausted after 3 attempts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, tt.err.Error())
			assert.Equal(t, tt.want, fmt.Sprintf("%#v", &tt.err))
			assert.ErrorIs(t, &tt.err, adapters.ErrRetriesExhausted)
			assert.False(t, tt.err.Temporary())
		})
	}
}

func TestAttemptsFrom_withoutARetry(t *testing.T) {
	assert.Nil(t, adapters.AttemptsFrom(nil))
	assert.Nil(t, adapters.AttemptsFrom(&http.Response{}), "a response of nobody's request")
	assert.Nil(t, adapters.AttemptsFrom(&http.Response{Request: new(http.Request)}))
}

// A timeout names what was waited for and for how long, and says to net.Error
// that it is none to be tried again.
func TestAttemptTimeout_text(t *testing.T) {
	rt := &adapters.AttemptTimeout{Timeout: time.Millisecond, Base: adapters.Func(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, context.Cause(r.Context())
	})}
	_, err := rt.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
	var ne interface {
		Timeout() bool
		Temporary() bool
	}
	assert.ErrorAs(t, err, &ne)
	assert.True(t, ne.Timeout())
	assert.False(t, ne.Temporary())
	assert.ErrorContains(t, err, "1ms")
}
