package requests_test

import (
	"errors"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

// A field that says of the body what is not so is refused, whoever sets it.
func TestFraming_fieldsThatAreRefused(t *testing.T) {
	field := func(name string, values ...string) requests.Option {
		return requests.WithHeader(name, values[0], values[1:]...)
	}
	body := requests.WithBody("content")
	for _, tt := range []struct {
		name string
		opts []requests.Option
		want string
	}{
		{"a length and no body", []requests.Option{field("Content-Length", "7")}, "there is no body"},
		{"chunked and no body", []requests.Option{field("Transfer-Encoding", "chunked")}, "there is no body"},
		{"a length and chunked", []requests.Option{body, field("Content-Length", "7"), field("Transfer-Encoding", "chunked")}, "twice"},
		{"another coding", []requests.Option{body, field("Transfer-Encoding", "gzip")}, "nothing else"},
		{"two codings", []requests.Option{body, field("Transfer-Encoding", "gzip", "chunked")}, "nothing else"},
		{"a length that is no number", []requests.Option{body, field("Content-Length", "seven")}, "not one number"},
		{"a length with a sign", []requests.Option{body, field("Content-Length", "+7")}, "not one number"},
		{"two lengths", []requests.Option{body, field("Content-Length", "7", "7")}, "not one number"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			_, err := newSession(t).Post(t.Context(), w.URL, tt.opts...)
			assert.Empty(t, w.Requests(), "nothing was sent")
			require.ErrorIs(t, err, requests.ErrInvalidHeader)
			assert.ErrorContains(t, err, tt.want)
		})
	}
	t.Run("a field without values is none", func(t *testing.T) {
		r := &requests.Request{Method: "POST", URL: "http://a.test/", Header: http.Header{"Content-Length": {}}}
		p, err := newSession(t).Prepare(t.Context(), r)
		require.NoError(t, err)
		assert.Zero(t, p.ContentLength)
	})
}

func TestOptionFunc_refusals(t *testing.T) {
	broken := errors.New("broken")
	_, err := requests.NewSession(requests.OptionFunc(nil))
	assert.ErrorContains(t, err, "the function is nil")
	_, err = requests.NewSession(requests.OptionFunc(func(*requests.Request) error { return broken }))
	assert.ErrorIs(t, err, broken)
}

// A function may keep the request that it was given. What it writes there later
// is not another call's, whether the function failed or not.
func TestOptionFunc_keepsWhatItIsGiven(t *testing.T) {
	for name, outcome := range map[string]error{"a function that succeeds": nil, "a function that fails": errors.New("broken")} {
		t.Run(name, func(t *testing.T) {
			for range 10 { // a pool may give back another layer than the last
				var kept *requests.Request
				_, err := requests.NewRequest("GET", "http://a.test/", requests.OptionFunc(func(r *requests.Request) error {
					kept = r
					return outcome
				}))
				require.ErrorIs(t, err, outcome)
				_, err = requests.NewRequest("GET", "http://a.test/", requests.OptionFunc(func(r *requests.Request) error {
					assert.NotSame(t, kept, r)
					return nil
				}))
				require.NoError(t, err)
			}
		})
	}
}

// A Host that no field can carry would go out as an empty one, whoever set it.
func TestHostOfSomebodysOwn(t *testing.T) {
	for _, host := range []string{"a b", "a/b", "u@h", "a\r\nX: y", "a?b"} {
		for name, send := range map[string]func(*requests.Session, string) error{
			"a Send hook": func(s *requests.Session, u string) error {
				s.Hooks().Send.PushBack(func(e *requests.Exchange) error {
					e.Request.Host = host
					return nil
				})
				_, err := s.Get(t.Context(), u)
				return err
			},
			"a Prepare hook": func(s *requests.Session, u string) error {
				s.Hooks().Prepare.PushBack(func(p *requests.PreparedRequest) error {
					p.Host = host
					return nil
				})
				_, err := s.Get(t.Context(), u)
				return err
			},
			"a prepared request": func(s *requests.Session, u string) error {
				p, err := s.Prepare(t.Context(), &requests.Request{URL: u})
				require.NoError(t, err)
				p.Host = host
				_, err = s.Send(p)
				return err
			},
			"a request of an http.Client": func(s *requests.Session, u string) error {
				req, err := http.NewRequest("GET", u, nil)
				require.NoError(t, err)
				req.Host = host
				_, err = s.HTTPClient().Do(req)
				return err
			},
		} {
			t.Run(name+"/"+strconv.Quote(host), func(t *testing.T) {
				w := newReplies(t, reply(200, ""))
				require.ErrorIs(t, send(newSession(t), w.URL), requests.ErrInvalidHeader)
				assert.Empty(t, w.Requests())
			})
		}
	}
}

func TestPrepare_refusesTwoUserAgents(t *testing.T) {
	s := newSession(t)
	_, err := s.Prepare(t.Context(), &requests.Request{URL: "http://h.test/", Header: http.Header{"User-Agent": {"a", "b"}}})
	require.ErrorIs(t, err, requests.ErrInvalidHeader)
}
