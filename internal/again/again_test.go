package again_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seed-3bbad739/requests/internal/again"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

func TestFailure(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want bool
	}{
		{"a connection that broke", fmt.Errorf("a: %w", sentinel.Connection), true},
		{"content that was cut", sentinel.Truncated, true},
		{"content that was cut within its coding", fmt.Errorf("%w: gzip: %w", sentinel.ContentDecoding, io.ErrUnexpectedEOF), true},
		{"content that is not in its coding", fmt.Errorf("%w: gzip: invalid header", sentinel.ContentDecoding), false},
		{"a server that was silent", sentinel.ReadTimeout, true},
		{"a TLS failure of which no more is known", sentinel.TLS, false},
		{"a certificate that is not trusted", tlsFailure(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), false},
		{"an alert", tlsFailure(&net.OpError{Op: "remote error", Err: tls.AlertError(80)}), false},
		{"an alert before the connection was reset", tlsFailure(errors.Join(tls.AlertError(80), syscall.ECONNRESET)), false},
		{"a handshake that was cut off", tlsFailure(io.EOF), true},
		{"within a record", tlsFailure(io.ErrUnexpectedEOF), true},
		{"by a reset", tlsFailure(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), true},
		{"while writing", tlsFailure(&net.OpError{Op: "write", Err: syscall.EPIPE}), true},
		{"a circuit that is open", fmt.Errorf("a: %w", sentinel.CircuitOpen), true},
		{"retries that are used up", fmt.Errorf("a: %w", sentinel.RetriesExhausted), true},
		{"retries that an untrusted certificate ended", errors.Join(sentinel.RetriesExhausted, tlsFailure(x509.HostnameError{Certificate: new(x509.Certificate)})), false},
		{"an address that is blocked", sentinel.BlockedAddress, false},
		{"a URL that is none", sentinel.InvalidURL, false},
		{"anything else", errors.New("else"), false},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, again.Failure(c.err)) })
	}
}

func tlsFailure(err error) error { return fmt.Errorf("%w: %w", sentinel.TLS, err) }

func TestBackoff(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name        string
		n           int
		wait, most  time.Duration
		least, upTo time.Duration
	}{
		{"the first wait is as long as asked", 1, 4 * s, 60 * s, 4 * s, 5 * s},
		{"the third is four times as long", 3, 4 * s, 60 * s, 16 * s, 20 * s},
		{"the bound holds for jitter too", 4, 7 * s, 60 * s, 56 * s, 60 * s},
		{"many failures do not overflow", 1 << 20, 4 * s, 60 * s, 60 * s, 60 * s},
		{"a wait above the bound is the bound", 1, 90 * s, 60 * s, 60 * s, 60 * s},
		{"a tiny wait", 1, 1, 60 * s, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 200 {
				d := again.Backoff(c.n, c.wait, c.most)
				assert.GreaterOrEqual(t, d, c.least)
				assert.LessOrEqual(t, d, c.upTo)
			}
		})
	}
}

func TestAfter(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, c := range []struct {
		name, value string
		want        time.Duration
		ok          bool
	}{
		{"none", "", 0, false},
		{"seconds", "12", 12 * time.Second, true},
		{"zero", "0", 0, true},
		{"blanks around", " 3\t", 3 * time.Second, true},
		{"a sign is no digit", "-3", 0, false},
		{"a fraction", "1.5", 0, false},
		{"more than any number holds", "99999999999999999999999999", 365 * 24 * time.Hour, true},
		{"a date to come", "Wed, 04 Mar 2026 05:07:07 GMT", time.Minute, true},
		{"a date that is past", "Wed, 04 Mar 2020 05:07:07 GMT", 0, true},
		{"a date far away", "Wed, 04 Mar 9020 05:07:07 GMT", 365 * 24 * time.Hour, true},
		{"a word", "soon", 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, ok := again.After(http.Header{"Retry-After": {c.value}}, now)
			assert.Equal(t, c.ok, ok)
			assert.Equal(t, c.want, d)
		})
	}
}

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		assert.NoError(t, again.Pause(t.Context(), time.Hour))
		assert.Equal(t, time.Hour, time.Since(began))

		why := errors.New("why")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(why) })
		began = time.Now()
		assert.ErrorIs(t, again.Pause(ctx, time.Hour), why)
		assert.Equal(t, time.Minute, time.Since(began))
		assert.ErrorIs(t, again.Pause(ctx, 0), why, "an end that has come is seen without waiting")
	})
}
