package adapters_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// coded is an error with the status that a proxy answered.
type coded struct{ code int }

func (c coded) Error() string   { return fmt.Sprintf("refused with %d", c.code) }
func (c coded) StatusCode() int { return c.code }

// What another attempt cannot change ends the retries at once.
func TestRetry_whatIsTriedAgain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		err   error
		tries int
	}{
		{"a certificate of an unknown authority", x509.UnknownAuthorityError{}, 1},
		{"a proxy that forbids the host", fmt.Errorf("%w: %w", sentinel.Proxy, coded{403}), 1},
		{"a proxy that asks for credentials", fmt.Errorf("%w: %w", sentinel.Proxy, coded{407}), 1},
		{"a proxy that asks to wait", fmt.Errorf("%w: %w", sentinel.Proxy, coded{429}), 3},
		{"a proxy that was too slow", fmt.Errorf("%w: %w", sentinel.Proxy, coded{408}), 3},
		{"a proxy that fails", fmt.Errorf("%w: %w", sentinel.Proxy, coded{502}), 3},
		{"a status that is no proxy's", coded{403}, 3},
		{"a dial that failed", &net.OpError{Op: "dial", Err: errors.New("no route")}, 3},
		{"a connection that broke", &net.OpError{Op: "read", Err: errors.New("broken")}, 3},
		{"a header that cannot be sent", sentinel.InvalidHeader, 1},
		{"an address that is blocked", adapters.ErrBlockedAddress, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tries := 0
			rt := &adapters.Retry{Wait: -time.Second, Base: adapters.Func(func(*http.Request) (*http.Response, error) {
				tries++
				return nil, tt.err
			})}
			_, err := rt.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
			require.ErrorIs(t, err, tt.err)
			assert.Equal(t, tt.tries, tries)
		})
	}
}

// A request of a plain literal is answered as a server would answer it.
func TestHandler_ofALiteral(t *testing.T) {
	rt := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "nonsense")
		w.Header().Set(http.TrailerPrefix+"X-Sum", "42")
		w.WriteHeader(201)
		w.WriteHeader(500)
		fmt.Fprintf(w, "%s %s %d", r.Method, r.URL.Path, len(r.Header))
	}))
	req := with(t, adapters.Settings{}, "GET", "http://h.test", nil)
	req.Method, req.Header = "", nil
	resp, got := fetch(t, rt, req)
	assert.Equal(t, 201, resp.StatusCode, "the first status counts")
	assert.Equal(t, "GET / 0", got)
	assert.Equal(t, "42", resp.Trailer.Get("X-Sum"))
	_, err := resp.Body.Read(make([]byte, 1))
	assert.Equal(t, http.ErrBodyReadAfterClose, err)
	t.Run("a status that is none is the handler's mistake", func(t *testing.T) {
		rt := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(99) }))
		_, err := rt.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
		assert.ErrorContains(t, err, "invalid WriteHeader code 99")
	})
}
