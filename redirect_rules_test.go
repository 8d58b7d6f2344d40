package requests_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
)

// A loop is the same request again: what differs in one part of its target is
// another request.
func TestRedirect_almostALoop(t *testing.T) {
	for _, tt := range []struct{ name, from, to string }{
		{"another scheme", "http://a.test/x", "https://a.test/x"},
		{"another host", "http://a.test/x", "http://b.test/x"},
		{"another port", "http://a.test/x", "http://a.test:8080/x"},
		{"another path", "http://a.test/x", "http://a.test/y"},
		{"a path that is written otherwise", "http://a.test/x%2Fy", "http://a.test/x/y"},
		{"another query", "http://a.test/x?n=1", "http://a.test/x?n=2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			answer := roundTrip(func(r *http.Request) (*http.Response, error) {
				asked = append(asked, r.URL.String())
				if len(asked) == 1 {
					return &http.Response{StatusCode: 302, Header: http.Header{"Location": {tt.to}}}, nil
				}
				return &http.Response{StatusCode: 200}, nil
			})
			_, err := newSession(t, requests.WithAdapter("http://", answer), requests.WithAdapter("https://", answer)).Get(t.Context(), tt.from)
			require.NoError(t, err)
			assert.Equal(t, []string{tt.from, tt.to}, asked)
		})
	}
}

// A prepared request whose settings are changed by hand keeps to them.
func TestRedirect_settingsByHand(t *testing.T) {
	prepared := func(t *testing.T, to string) (*requests.Session, *requests.PreparedRequest) {
		h := newHosts(t, redirectOnce(302, to))
		s := h.Session(t, requests.WithEnvironment(true))
		p, err := s.Prepare(t.Context(), &requests.Request{URL: "http://a.test/start"})
		require.NoError(t, err)
		return s, p
	}
	t.Run("no redirects left", func(t *testing.T) {
		s, p := prepared(t, "/end")
		p.Settings.MaxRedirects = 0
		_, err := s.Send(p)
		assert.ErrorIs(t, err, requests.ErrTooManyRedirects)
	})
	t.Run("nothing said about the environment", func(t *testing.T) {
		t.Setenv("NETRC", netrcFile(t, "machine b.test login netrc password p\n"))
		s, p := prepared(t, "http://b.test/end")
		p.Settings.Environment = nil
		_, err := s.Send(p)
		assert.NoError(t, err)
	})
}

// A netrc entry for where a redirect leads counts there, but for the way from
// https to http.
func TestRedirect_netrcByScheme(t *testing.T) {
	t.Setenv("NETRC", netrcFile(t, "machine b.test login netrc password p\n"))
	for _, tt := range []struct {
		from, to string
		want     []string
	}{
		{"http://a.test/", "http://b.test/", []string{basicNetrc}},
		{"http://a.test/", "https://b.test/", []string{basicNetrc}},
		{"https://a.test/", "https://b.test/", []string{basicNetrc}},
		{"https://a.test/", "http://b.test/", nil},
	} {
		t.Run(tt.from+" to "+tt.to, func(t *testing.T) {
			var sent []string
			answer := roundTrip(func(r *http.Request) (*http.Response, error) {
				sent = r.Header["Authorization"]
				if r.URL.Host == "a.test" {
					return &http.Response{StatusCode: 302, Header: http.Header{"Location": {tt.to}}}, nil
				}
				return &http.Response{StatusCode: 200}, nil
			})
			s := newSession(t, requests.WithEnvironment(true), requests.WithAdapter("http://", answer), requests.WithAdapter("https://", answer))
			_, err := s.Get(t.Context(), tt.from)
			require.NoError(t, err)
			assert.Equal(t, tt.want, sent)
		})
	}
}

// What Next prepares has the credentials that are meant for where it leads.
func TestNext_boundAuthenticators(t *testing.T) {
	for _, tt := range []struct {
		name, to string
		want     string
	}{
		{"an origin that is named", "http://b.test/end", "Bearer of-b"},
		{"an origin that is not", "http://c.test/end", ""},
		{"home", "/end", "Bearer of-a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, redirectOnce(302, tt.to))
			a := auth.First(auth.For("http://b.test", auth.Bearer("of-b")), auth.For("http://a.test", auth.Bearer("of-a")))
			s := h.Session(t, requests.WithAuth(a), requests.WithoutRedirects())
			resp, err := s.Get(t.Context(), "http://a.test/start")
			require.NoError(t, err)
			next := resp.Next()
			require.NotNil(t, next)
			_, err = s.Send(next)
			require.NoError(t, err)
			assert.Equal(t, tt.want, h.Last(t).Header.Get("Authorization"))
		})
	}
}
