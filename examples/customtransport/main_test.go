package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/hashicorp/go-cleanhttp"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/adapters/adaptertest"
)

// newUsers mounts adapter as it is.
func newUsers(t *testing.T, adapter http.RoundTripper, options ...requests.Option) *Users {
	t.Helper()
	users, err := NewUsers("https://users.test/v1", append(options, requests.WithTransport(adapter))...)
	require.NoError(t, err)
	t.Cleanup(func() { users.Close() })
	return users
}

func TestUsers_OnAHandler(t *testing.T) {
	users := newUsers(t, adapters.Handler(service()))
	u, err := users.Get(t.Context(), "42")
	require.NoError(t, err)
	assert.Equal(t, User{42, "Ada"}, u)
	_, err = users.Get(t.Context(), "7")
	var status *requests.StatusError
	require.ErrorAs(t, err, &status)
	assert.Equal(t, http.StatusNotFound, status.StatusCode)
}

func TestUsers_OnHTTPMock(t *testing.T) {
	m, err := mock()
	require.NoError(t, err)
	busy := httpmock.NewStringResponder(http.StatusServiceUnavailable, "").Then(httpmock.NewJsonResponderOrPanic(http.StatusOK, User{1, "Grace"}))
	m.RegisterResponder("GET", "https://users.test/v1/users/1", busy)
	broken := errors.New("broken")
	m.RegisterResponder("GET", "https://users.test/v1/users/2", httpmock.NewErrorResponder(broken))
	retry := &adapters.Retry{Wait: -1}
	users := newUsers(t, m, requests.WithMiddleware(retry.Wrap))

	u, err := users.Get(t.Context(), "1")
	require.NoError(t, err, "what is laid around adapters is laid around this one")
	assert.Equal(t, User{1, "Grace"}, u)
	assert.Equal(t, 2, m.GetCallCountInfo()["GET https://users.test/v1/users/1"])
	_, err = users.Get(t.Context(), "2")
	require.ErrorIs(t, err, broken)
	u, err = users.Add(t.Context(), "Grace")
	require.NoError(t, err)
	assert.Equal(t, User{43, "Grace"}, u)
}

func TestUsers_OnGoVCR(t *testing.T) {
	name := filepath.Join(t.TempDir(), "users")
	open := func(mode recorder.Mode, real http.RoundTripper) *recorder.Recorder {
		vcr, err := recorder.New(name, recorder.WithMode(mode), recorder.WithRealTransport(real), recorder.WithSkipRequestLatency(true))
		require.NoError(t, err)
		return vcr
	}
	vcr := open(recorder.ModeRecordOnly, adapters.Handler(service()))
	recorded, err := newUsers(t, vcr).Get(t.Context(), "42")
	require.NoError(t, err)
	require.NoError(t, vcr.Stop())

	vcr = open(recorder.ModeReplayOnly, nil)
	users := newUsers(t, vcr)
	played, err := users.Get(t.Context(), "42")
	require.NoError(t, err)
	assert.Equal(t, recorded, played)
	_, err = users.Get(t.Context(), "43")
	require.ErrorIs(t, err, cassette.ErrInteractionNotFound)
	require.NoError(t, vcr.Stop())
}

// What these transports answer by themselves is content in memory, which
// cannot stream; the contract is asked of them where they pass requests on.
func TestContract(t *testing.T) {
	plain := func(t *testing.T) *http.Transport {
		real := cleanhttp.DefaultPooledTransport()
		t.Cleanup(real.CloseIdleConnections)
		return real
	}
	for name, adapter := range map[string]func(t *testing.T) http.RoundTripper{
		"a plain http.Transport": func(t *testing.T) http.RoundTripper { return plain(t) },
		"httpmock": func(t *testing.T) http.RoundTripper {
			m := httpmock.NewMockTransport()
			m.RegisterNoResponder(plain(t).RoundTrip)
			return m
		},
		"go-vcr": func(t *testing.T) http.RoundTripper {
			vcr, err := recorder.New(filepath.Join(t.TempDir(), "c"), recorder.WithMode(recorder.ModePassthrough), recorder.WithRealTransport(plain(t)))
			require.NoError(t, err)
			return vcr
		},
		"a handler in memory": nil,
	} {
		t.Run(name, func(t *testing.T) {
			adaptertest.Run(t, func(t *testing.T, h http.Handler) (http.RoundTripper, string) {
				if adapter == nil {
					return adapters.Handler(h), "http://handler.test"
				}
				s := httptest.NewServer(h)
				t.Cleanup(s.Close)
				return adapter(t), s.URL
			})
		})
	}
}
