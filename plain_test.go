package requests_test

import (
	"maps"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

// Some fields mean something besides being sent, whichever layer sets them and
// however it does.
func TestFieldsWithAMeaningOfTheirOwn(t *testing.T) {
	netrc := netrcFile(t, "machine 127.0.0.1 login ambient password secret")
	for _, field := range []struct {
		name   string
		key    string
		values []string // nil: the field is removed
		want   []string // the lines of that name; nil with no err: none
		err    error
	}{
		{"Authorization stands in the place of netrc", "Authorization", []string{"Token t"}, []string{"Authorization: Token t"}, nil},
		{"Cookie stands in the place of the jar", "Cookie", []string{"own=1"}, []string{"Cookie: own=1"}, nil},
		{"Host is sent once", "Host", []string{"other.test"}, []string{"Host: other.test"}, nil},
		{"Proxy-Authorization goes to no origin", "Proxy-Authorization", []string{"Basic eDp5"}, nil, nil},
		{"User-Agent is left out when it is removed", "User-Agent", nil, nil, nil},
		{"User-Agent has one value", "User-Agent", []string{"a", "b"}, nil, requests.ErrInvalidHeader},
		{"Content-Length needs content", "Content-Length", []string{"5"}, nil, requests.ErrInvalidHeader},
		{"Transfer-Encoding needs content", "Transfer-Encoding", []string{"chunked"}, nil, requests.ErrInvalidHeader},
		{"Trailer is the body's", "Trailer", []string{"X-Sum"}, nil, requests.ErrInvalidHeader},
	} {
		option := requests.WithoutHeader(field.key)
		if field.values != nil {
			option = requests.WithHeader(field.key, field.values[0], field.values[1:]...)
		}
		whole := requests.WithHeaders(http.Header{field.key: field.values})
		for _, layer := range []struct {
			name          string
			session, call []requests.Option
		}{
			{"of the session", []requests.Option{option}, nil},
			{"of the session beside another of the call", []requests.Option{option}, []requests.Option{requests.WithHeader("X-A", "1")}},
			{"of the call", nil, []requests.Option{option}},
			{"of the call among others", nil, []requests.Option{requests.WithHeader("X-A", "1"), whole}},
		} {
			t.Run(field.name+", "+layer.name, func(t *testing.T) {
				if field.key == "Authorization" {
					t.Setenv("NETRC", netrc)
				}
				w := newReplies(t, reply(200, ""))
				s, err := requests.NewSession(layer.session...)
				if err == nil {
					defer s.Close()
					s.Cookies().SetCookies(&url.URL{Scheme: "http", Host: w.Addr}, []*http.Cookie{{Name: "jar", Value: "1"}})
					_, err = s.Get(t.Context(), w.URL, layer.call...)
				}
				if field.err != nil {
					require.ErrorIs(t, err, field.err)
					assert.Empty(t, w.Requests(), "nothing was sent")
					return
				}
				require.NoError(t, err)
				assert.Equal(t, field.want, linesOf(w.Last(t), field.key))
			})
		}
	}
}

// An adapter of somebody else's would send what it is given.
func TestProxyAuthorizationIsTakenBeforeTheAdapter(t *testing.T) {
	option := requests.WithHeader("Proxy-Authorization", "Basic eDp5")
	for name, layers := range map[string][2][]requests.Option{
		"set by the session": {{option}, nil},
		"set by the call":    {nil, {option}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t, append(layers[0], requests.WithAdapter("http://", roundTrip(func(r *http.Request) (*http.Response, error) {
				assert.NotContains(t, r.Header, "Proxy-Authorization")
				return &http.Response{StatusCode: 200, Request: r}, nil
			})))...)
			_, err := s.Get(t.Context(), "http://api.example.test/", layers[1]...)
			require.NoError(t, err)
		})
	}
}

// What an authenticator sets is looked at as what the caller sets is.
func TestFieldsWithAMeaningOfTheirOwn_setByAnAuthenticator(t *testing.T) {
	t.Run("Cookie stands in the place of the jar", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		s := newSession(t, requests.WithAuth(&setting{"Cookie": {"own=1"}}))
		s.Cookies().SetCookies(&url.URL{Scheme: "http", Host: w.Addr}, []*http.Cookie{{Name: "jar", Value: "1"}})
		_, err := s.Get(t.Context(), w.URL)
		require.NoError(t, err)
		assert.Equal(t, []string{"Cookie: own=1"}, linesOf(w.Last(t), "Cookie"))
	})
	t.Run("User-Agent has one value", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		_, err := newSession(t, requests.WithAuth(&setting{"User-Agent": {"a", "b"}})).Get(t.Context(), w.URL)
		require.ErrorIs(t, err, requests.ErrInvalidHeader)
		assert.Empty(t, w.Requests(), "nothing was sent")
	})
}

// setting is an authenticator that sets fields.
type setting http.Header

func (s *setting) Authenticate(r *http.Request) error {
	maps.Copy(r.Header, http.Header(*s))
	return nil
}
