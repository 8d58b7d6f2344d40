package requests_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
)

// None of the session speaks for the session: an Authorization field goes out
// only where the call itself sets it.
func TestAuth_noneOfTheSessionAndFieldsOfTheCall(t *testing.T) {
	own := []string{"own"}
	for _, tt := range []struct {
		name    string
		literal http.Header
		opts    []requests.Option
		sent    []string
	}{
		{"a field of a literal", http.Header{"Authorization": own}, nil, own},
		{"a field of a literal in lower case", http.Header{"authorization": own}, nil, own},
		{"another field of a literal", http.Header{"X-Other": own}, nil, nil},
		{"a field that a literal removes", http.Header{"Authorization": nil}, nil, nil},
		{"a field of an option", nil, []requests.Option{requests.WithHeader("Authorization", "own")}, own},
		{"another field of an option", nil, []requests.Option{requests.WithHeader("X-Other", "own")}, nil},
		{"a field that an option removes", nil, []requests.Option{requests.WithoutHeader("Authorization")}, nil},
		{"nothing", nil, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, ok)
			s := h.Session(t, requests.WithoutAuth(), requests.WithHeader("Authorization", "session"))
			var err error
			if tt.literal != nil {
				_, err = s.Do(t.Context(), &requests.Request{URL: "http://a.test/", Header: tt.literal})
			} else {
				_, err = s.Get(t.Context(), "http://a.test/", tt.opts...)
			}
			require.NoError(t, err)
			assert.Equal(t, tt.sent, h.Last(t).Header["Authorization"])
		})
	}
}

// What an authenticator adds to the query is secret by whatever name, escaped
// or not.
func TestAuth_namesOfItsParamsAreSecret(t *testing.T) {
	s := newSession(t, requests.WithAuth(auth.Func(func(r *http.Request) error {
		r.URL.RawQuery = "page=2&&m%79%20page=s3cret&plain=s3cret"
		return nil
	})))
	p, err := s.Prepare(t.Context(), &requests.Request{URL: "http://a.test/?page=2"})
	require.NoError(t, err)
	assert.NotContains(t, p.Curl(), "s3cret")
	assert.Contains(t, p.Curl(), "page=2")
	assert.NotContains(t, p.String(), "s3cret")
}

// A request made by hand goes out as it was made; the hops that follow it are
// the session's, cookies and all.
func TestCookie_ofARequestMadeByHand(t *testing.T) {
	h := newHosts(t, redirectOnce(302, "/end"))
	s := h.Session(t, requests.WithCookieJar(jarWith(t, "http://a.test/", "a=1; Path=/")))
	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://a.test/start", nil)
	require.NoError(t, err)
	_, err = s.Send(&requests.PreparedRequest{Request: r})
	require.NoError(t, err)
	all := h.Arrivals()
	require.Len(t, all, 2)
	assert.Empty(t, all[0].Header["Cookie"])
	assert.Equal(t, []string{"a=1"}, all[1].Header["Cookie"])
}
