package adapters_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

// No way of writing a value down shows a secret in it, nor in a struct that
// holds it, of which package slog asks nobody.
func TestPrinting_hidesSecrets(t *testing.T) {
	const secret = "hunter2"
	proxy := parsed(t, "http://u:"+secret+"@p.test:3128")
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	trust := adapters.TLS{Certificates: []tls.Certificate{{PrivateKey: key, Certificate: [][]byte{[]byte(secret)}}}, Config: &tls.Config{ServerName: secret}}
	set := adapters.Settings{Proxy: proxy, TLS: &trust, ProxyTLS: &trust}
	foreign := &url.Error{Op: "Get", URL: "http://u:" + secret + "@h.test/?token=" + secret, Err: errors.New("broken at http://u:" + secret + "@h.test/")}
	attempt := adapters.Attempt{Number: 1, Err: foreign, Reason: "other error"}
	failed := adapters.RetryError{Attempts: []adapters.Attempt{attempt}, Err: foreign}
	for name, v := range map[string]any{
		"TLS": trust, "*TLS": &trust, "Settings": set, "*Settings": &set, "Attempt": attempt, "*Attempt": &attempt,
		"Attempts": []adapters.Attempt{attempt}, "RetryError": failed, "*RetryError": &failed,
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []any{v, struct{ V any }{v}} {
				var log bytes.Buffer
				slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", v)
				slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v)
				text, err := json.Marshal(v)
				require.NoError(t, err)
				log.Write(text)
				for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X"} {
					fmt.Fprintf(&log, verb, v)
				}
				assert.NotContains(t, log.String(), secret)
				assert.NotContains(t, log.String(), hex.EncodeToString([]byte(secret)))
				assert.NotContains(t, log.String(), base64.StdEncoding.EncodeToString([]byte(secret)))
				assert.NotContains(t, log.String(), key.D.String())
			}
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
