package requests_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

var errHeld = errors.New("given up")

// heldBody never has anything to read. As net/http's of HTTP/1 its Close waits
// for a Read that is under way, so that only Abort ends one.
type heldBody struct {
	turn chan struct{} // held by Read and Close
	over chan struct{}
}

func newHeldBody() *heldBody {
	return &heldBody{turn: make(chan struct{}, 1), over: make(chan struct{})}
}

func (b *heldBody) Read([]byte) (int, error) {
	b.turn <- struct{}{}
	defer func() { <-b.turn }()
	<-b.over
	return 0, errHeld
}

func (b *heldBody) Close() error {
	b.turn <- struct{}{}
	<-b.turn
	return nil
}

func (b *heldBody) Abort() { close(b.over) }

// A response that nobody reads is given up when its content does not come, also
// where one session is the adapter of another: what stands around a body passes
// on that a Read is to end.
func TestBodies_AreGivenUpThroughWhatIsAroundThem(t *testing.T) {
	streamed := func(opts ...requests.Option) func(s *requests.Session) http.RoundTripper {
		return func(s *requests.Session) http.RoundTripper {
			return adapters.Func(func(r *http.Request) (*http.Response, error) {
				resp, err := s.Get(r.Context(), r.URL.String(), append(opts, requests.WithStream(true), requests.WithoutRedirects())...)
				if err != nil {
					return nil, err
				}
				return resp.Response, nil
			})
		}
	}
	bodies := map[string]func() io.ReadCloser{
		"one that Close does not end": func() io.ReadCloser { return newHeldBody() },
		"one that only Close ends": func() io.ReadCloser {
			r, _ := io.Pipe()
			return r
		},
	}
	for _, tt := range []struct {
		name    string
		adapter func(*requests.Session) http.RoundTripper
	}{
		{"the client of a session", func(s *requests.Session) http.RoundTripper { return s.HTTPClient().Transport }},
		{"the plain view of a session", func(s *requests.Session) http.RoundTripper { return s.RoundTripper() }},
		{"a streamed response", streamed()},
		{"a streamed response whose progress is told", streamed(requests.WithDownloadProgress(func(int64, int64) {}))},
	} {
		for kind, body := range bodies {
			t.Run(tt.name+", "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					inner := newSession(t, requests.WithAdapter("http://", adapters.Func(func(r *http.Request) (*http.Response, error) {
						if r.URL.Path == "/end" {
							return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("end")), ContentLength: 3, Request: r}, nil
						}
						return &http.Response{StatusCode: 302, Header: http.Header{"Location": {"/end"}}, Body: body(), ContentLength: -1, Request: r}, nil
					})))
					outer := newSession(t, requests.WithAdapter("http://", tt.adapter(inner)))
					resp, err := outer.Get(t.Context(), "http://api.test/start")
					require.NoError(t, err)
					assert.Equal(t, "end", resp.Text())
					require.Len(t, resp.History, 1)
					assert.Empty(t, resp.History[0].Bytes())
					assert.ErrorIs(t, resp.History[0].Err(), requests.ErrTruncated, "what was left is not the whole")
				})
			})
		}
	}
}
