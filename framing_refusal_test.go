package requests_test

import (
	"errors"
	"net/http"
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
