package auth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// source gives token1, token2 … that live for life (0: for ever), each after
// waiting for delay.
type source struct {
	life, delay time.Duration
	same        bool // always token1
	calls       atomic.Int64
	err         error
}

func (s *source) Token() (*oauth2.Token, error) {
	n := s.calls.Add(1)
	time.Sleep(s.delay)
	if s.err != nil {
		return nil, s.err
	}
	if s.same {
		n = 1
	}
	t := &oauth2.Token{AccessToken: fmt.Sprintf("token%d", n)}
	if s.life > 0 {
		t.Expiry = time.Now().Add(s.life)
	}
	return t, nil
}

func bearerOf(t testing.TB, a auth.Authenticator) string {
	r := newRequest(t, "GET", "http://h.test/", nil)
	require.NoError(t, a.Authenticate(r))
	return r.Header.Get("Authorization")
}

func TestOAuth2_cache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{life: time.Hour}
		a := auth.OAuth2(s)
		assert.EqualValues(t, 0, s.calls.Load(), "nothing happens before the first request")
		for _, step := range []struct {
			wait time.Duration
			want string
		}{{0, "Bearer token1"}, {time.Hour - 11*time.Second, "Bearer token1"}, {2 * time.Second, "Bearer token2"}} {
			time.Sleep(step.wait)
			assert.Equal(t, step.want, bearerOf(t, a))
		}
	})
}

func TestOAuth2_oneRefreshForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{life: time.Hour, delay: time.Second}
		a := auth.OAuth2(s)
		bearerOf(t, a)
		time.Sleep(2 * time.Hour)
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() { assert.Equal(t, "Bearer token2", bearerOf(t, a)) })
		}
		wg.Wait()
		assert.EqualValues(t, 2, s.calls.Load())
	})
}

func TestOAuth2_waiting(t *testing.T) {
	t.Run("a waiter goes when its context ends, the others get the token", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &source{delay: time.Minute}
			a := auth.OAuth2(s)
			gone := errors.New("gone")
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, gone)
			defer cancel()
			var wg sync.WaitGroup
			wg.Go(func() {
				start := time.Now()
				err := a.Authenticate(newRequest(t, "GET", "http://h.test/", nil).WithContext(ctx))
				assert.ErrorIs(t, err, gone)
				assert.Equal(t, time.Second, time.Since(start))
			})
			wg.Go(func() { assert.Equal(t, "Bearer token1", bearerOf(t, a)) })
			wg.Wait()
			assert.EqualValues(t, 1, s.calls.Load())
		})
	})
	t.Run("R171 a waiter that is cancelled has neither a timeout nor what another call met", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			gone := errors.New("gone")
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(fmt.Errorf("%w: %w", gone, os.ErrDeadlineExceeded)) })
			err := auth.OAuth2(&source{delay: time.Minute}).Authenticate(newRequest(t, "GET", "http://h.test/", nil).WithContext(ctx))
			assert.ErrorIs(t, err, context.Canceled)
			assert.ErrorIs(t, err, gone)
			assert.False(t, errors.As(err, new(net.Error)))
			time.Sleep(time.Minute)
		})
	})
	t.Run("a fetch that nobody waits for ends by itself and serves the next", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { // fails if a goroutine stays
			s := &source{delay: time.Minute}
			a := auth.OAuth2(s)
			for range 3 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				err := a.Authenticate(newRequest(t, "GET", "http://h.test/", nil).WithContext(ctx))
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.ErrorContains(t, err, "auth: oauth2: ")
				cancel()
			}
			time.Sleep(2 * time.Minute)
			start := time.Now()
			assert.Equal(t, "Bearer token1", bearerOf(t, a))
			assert.Zero(t, time.Since(start))
			assert.EqualValues(t, 1, s.calls.Load())
		})
	})
	t.Run("an error goes to those who wait, the next request asks again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			bad := errors.New("bad")
			s := &source{delay: time.Second, err: bad}
			a := auth.OAuth2(s)
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() {
					assert.ErrorIs(t, a.Authenticate(newRequest(t, "GET", "http://h.test/", nil)), bad)
				})
			}
			wg.Wait()
			assert.EqualValues(t, 1, s.calls.Load())
			s.err = nil
			assert.Equal(t, "Bearer token2", bearerOf(t, a))
		})
	})
	t.Run("a source that panics does so where the caller can recover, and is asked again", func(t *testing.T) {
		a := auth.OAuth2(tokenFunc(func() (*oauth2.Token, error) { panic("source") }))
		for range 2 {
			assert.PanicsWithValue(t, "source", func() { a.Authenticate(httptest.NewRequest("GET", "http://api.test/", nil)) })
		}
	})
	t.Run("a source that ends its goroutine leaves nobody waiting", func(t *testing.T) {
		a := auth.OAuth2(tokenFunc(func() (*oauth2.Token, error) { runtime.Goexit(); return nil, nil }))
		assert.ErrorContains(t, a.Authenticate(newRequest(t, "GET", "http://h.test/", nil)), "did not return")
	})
}

type tokenFunc func() (*oauth2.Token, error)

func (f tokenFunc) Token() (*oauth2.Token, error) { return f() }

func TestOAuth2_refused(t *testing.T) {
	// serverOf accepts the tokens in accepts and counts what it sees.
	serverOf := func(seen *[]string, accepts ...string) serve {
		return func(w http.ResponseWriter, r *http.Request) {
			given := r.Header.Get("Authorization")
			*seen = append(*seen, given)
			for _, ok := range accepts {
				if given == "Bearer "+ok {
					return
				}
			}
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, "no")
		}
	}
	t.Run("another token is tried once", func(t *testing.T) {
		var seen []string
		l := &loop{auth: auth.OAuth2(&source{}), base: serverOf(&seen, "token2")}
		status, _ := send(t, l, "GET", "http://h.test/", nil)
		assert.Equal(t, 200, status)
		send(t, l, "GET", "http://h.test/", nil)
		assert.Equal(t, []string{"Bearer token1", "Bearer token2", "Bearer token2"}, seen)
	})
	t.Run("the same token is not tried again", func(t *testing.T) {
		var seen []string
		l := &loop{auth: auth.OAuth2(&source{same: true}), base: serverOf(&seen)}
		status, content := send(t, l, "GET", "http://h.test/", nil)
		assert.Equal(t, 401, status)
		assert.Equal(t, "no", content)
		assert.Equal(t, []string{"Bearer token1"}, seen)
	})
	t.Run("a third token is not tried, the next request has it", func(t *testing.T) {
		var seen []string
		l := &loop{auth: auth.OAuth2(&source{}), base: serverOf(&seen, "token3")}
		status, _ := send(t, l, "GET", "http://h.test/", nil)
		assert.Equal(t, 401, status)
		assert.Equal(t, []string{"Bearer token1", "Bearer token2"}, seen)
		status, _ = send(t, l, "GET", "http://h.test/", nil)
		assert.Equal(t, 200, status)
	})
	t.Run("a token that did well may be replaced later", func(t *testing.T) {
		var seen []string
		l := &loop{auth: auth.OAuth2(&source{}), base: serverOf(&seen, "token2")}
		send(t, l, "GET", "http://h.test/", nil)
		l.base = serverOf(&seen, "token3")
		status, _ := send(t, l, "GET", "http://h.test/", nil)
		assert.Equal(t, 200, status)
	})
	t.Run("many refused at once ask once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &source{delay: time.Second}
			a := auth.OAuth2(s)
			bearerOf(t, a)
			var wg sync.WaitGroup
			for range 100 {
				wg.Go(func() {
					r := newRequest(t, "GET", "http://h.test/", nil)
					r.Header.Set("Authorization", "Bearer token1")
					again, err := a.(auth.Challenger).Challenge(challengeOf(r))
					assert.NoError(t, err)
					assert.True(t, again)
				})
			}
			wg.Wait()
			assert.EqualValues(t, 2, s.calls.Load())
		})
	})
	t.Run("a request that had no token gets none", func(t *testing.T) {
		s := &source{}
		again, err := auth.OAuth2(s).(auth.Challenger).Challenge(challengeOf(newRequest(t, "GET", "http://h.test/", nil)))
		require.NoError(t, err)
		assert.False(t, again)
		assert.Zero(t, s.calls.Load())
	})
	t.Run("403 is no challenge", func(t *testing.T) {
		s := &source{}
		a := auth.OAuth2(s)
		r := newRequest(t, "GET", "http://h.test/", nil)
		require.NoError(t, a.Authenticate(r))
		again, err := a.(auth.Challenger).Challenge(&http.Response{StatusCode: 403, Request: r})
		require.NoError(t, err)
		assert.False(t, again)
		assert.EqualValues(t, 1, s.calls.Load())
	})
}

func TestOAuth2_badTokens(t *testing.T) {
	r := newRequest(t, "GET", "http://h.test/", nil)
	for name, token := range map[string]*oauth2.Token{
		"none": nil, "empty": {}, "a line end in the token": {AccessToken: "a\r\nX: canary"},
		"a line end in the type": {AccessToken: "a", TokenType: "canary\n"},
	} {
		t.Run(name, func(t *testing.T) {
			err := auth.OAuth2(tokenFunc(func() (*oauth2.Token, error) { return token, nil })).Authenticate(r)
			require.ErrorContains(t, err, "auth: oauth2: ")
			assert.NotContains(t, err.Error(), "canary")
			if token != nil {
				assert.ErrorIs(t, err, sentinel.InvalidHeader)
			}
		})
	}
	assert.ErrorContains(t, auth.OAuth2(nil).Authenticate(r), "source is nil")
}

func TestOAuth2_errors(t *testing.T) {
	var answer http.HandlerFunc
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r) }))
	defer server.Close()
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, server.Client())
	endpoint := server.URL + "/token"
	a := auth.OAuth2((&clientcredentials.Config{ClientID: "id", ClientSecret: "canary-secret", TokenURL: endpoint + "?key=canary-query", AuthStyle: oauth2.AuthStyleInHeader}).TokenSource(ctx))
	r := newRequest(t, "GET", "http://h.test/", nil)

	t.Run("what the endpoint refused", func(t *testing.T) {
		answer = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(400)
			io.WriteString(w, `{"error":"invalid_client","error_description":"canary-description","error_uri":"canary-uri","x":"canary-body"}`)
		}
		err := a.Authenticate(r)
		require.EqualError(t, err, "auth: oauth2: token endpoint "+endpoint+": answered 400 Bad Request, invalid_client")
		var re *oauth2.RetrieveError
		require.ErrorAs(t, err, &re)
		assert.Equal(t, "invalid_client", re.ErrorCode)
		assert.Equal(t, 400, re.Response.StatusCode)
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v %+v", re, re, re, re.Response), "canary")
	})
	t.Run("an error code that looks like something else is left out", func(t *testing.T) {
		answer = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(400)
			io.WriteString(w, `{"error":"Canary-9"}`)
		}
		assert.EqualError(t, a.Authenticate(r), "auth: oauth2: token endpoint "+endpoint+": answered 400 Bad Request")
	})
	t.Run("so is one that is too long", func(t *testing.T) {
		for n, want := range map[int]string{40: ", " + strings.Repeat("a", 40), 41: ""} {
			answer = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(400)
				fmt.Fprintf(w, `{"error":%q}`, strings.Repeat("a", n))
			}
			assert.EqualError(t, a.Authenticate(r), "auth: oauth2: token endpoint "+endpoint+": answered 400 Bad Request"+want)
		}
	})
	t.Run("an endpoint that cannot be reached", func(t *testing.T) {
		refused := errors.New("refused")
		ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: failing{refused}})
		a := auth.OAuth2((&clientcredentials.Config{ClientID: "id", ClientSecret: "s", TokenURL: "https://u:canary@id.test/token?key=canary"}).TokenSource(ctx))
		err := a.Authenticate(r)
		require.ErrorIs(t, err, refused)
		assert.ErrorContains(t, err, "id.test/token: refused")
		assert.NotContains(t, err.Error(), "canary")
		var ue *url.Error
		assert.NotErrorAs(t, err, &ue, "it prints the query")
	})
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func ExampleOAuth2() {
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"abc","token_type":"bearer","expires_in":3600}`)
	}))
	defer tokens.Close()
	config := clientcredentials.Config{ClientID: "id", ClientSecret: "secret", TokenURL: tokens.URL}
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, tokens.Client())
	a := auth.OAuth2(config.TokenSource(ctx))

	r, _ := http.NewRequest("GET", "https://api.test/", nil)
	if err := a.Authenticate(r); err != nil {
		fmt.Println(err)
	}
	fmt.Println(r.Header.Get("Authorization"))
	// Output: Bearer abc
}
