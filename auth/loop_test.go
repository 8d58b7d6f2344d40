package auth_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/drain"
	"github.com/seed-3bbad739/requests/internal/proxyauth"
)

// loop sends a request as a session does: authenticated last, challenges
// answered at most twice, each time from the request as it was.
type loop struct {
	auth  auth.Authenticator
	proxy *url.URL // non-nil: auth is for it
	base  http.RoundTripper
}

func (l *loop) RoundTrip(r *http.Request) (*http.Response, error) {
	for round := 0; ; round++ {
		ctx := r.Context()
		if l.proxy != nil {
			ctx = proxyauth.WithProxy(ctx, l.proxy)
		}
		out := r.Clone(ctx)
		if round > 0 && r.GetBody != nil {
			body, err := r.GetBody()
			if err != nil {
				return nil, err
			}
			out.Body = body
		}
		if err := l.auth.Authenticate(out); err != nil {
			if out.Body != nil {
				out.Body.Close()
			}
			return nil, err
		}
		resp, err := l.base.RoundTrip(out)
		if err != nil {
			return nil, err
		}
		resp.Request = out
		if o, ok := l.auth.(interface{ Observe(*http.Response) }); ok {
			o.Observe(resp)
		}
		c, ok := l.auth.(auth.Challenger)
		if !ok || round == 2 {
			return resp, nil
		}
		again, err := c.Challenge(resp)
		if err != nil || !again {
			return resp, err
		}
		drain.Discard(resp.Body)
	}
}

// serve is a transport that calls h in memory.
type serve func(http.ResponseWriter, *http.Request)

func (s serve) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	s(w, in)
	in.Body.Close()
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func newRequest(t testing.TB, method, target string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, body)
	require.NoError(t, err)
	return r
}

// challengeOf is a 401 to r with lines in WWW-Authenticate.
func challengeOf(r *http.Request, lines ...string) *http.Response {
	return &http.Response{StatusCode: http.StatusUnauthorized, Request: r, Body: http.NoBody,
		Header: http.Header{"Www-Authenticate": lines}}
}

func parse(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return u
}
