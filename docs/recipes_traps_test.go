package docs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/cookies"
	"github.com/seed-3bbad739/requests/hooks"
)

// A recipe is a heading, code, and one trap.
func TestRecipes_HaveTheirParts(t *testing.T) {
	content, err := os.ReadFile("recipes.md")
	require.NoError(t, err)
	recipes := strings.Split(string(content), "\n### ")
	require.Greater(t, len(recipes), 40)
	for _, r := range recipes[1:] {
		r, _, _ = strings.Cut(r, "\n## ")
		name, text, _ := strings.Cut(r, "\n")
		assert.Contains(t, text, "```go", name)
		assert.Equal(t, 1, strings.Count(text, "**Trap.**"), name)
	}
}

// in is a session under https://api.example.com/v1/ whose requests h serves.
func in(t *testing.T, h http.HandlerFunc, options ...requests.Option) *requests.Session {
	t.Helper()
	s, err := requests.NewSession(append([]requests.Option{
		requests.WithEnvironment(false),
		requests.WithBaseURL("https://api.example.com/v1/"),
		requests.WithAdapter("https://", adapters.Handler(h)),
	}, options...)...)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// What the recipes warn of happens as they say, so that a warning goes when
// what it is about is mended.
func TestRecipes_Traps(t *testing.T) {
	t.Run("a slash in front leaves the base's path", func(t *testing.T) {
		s := in(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Path) })
		for given, want := range map[string]string{"/users/42": "/users/42", "users/42": "/v1/users/42"} {
			path, err := requests.Text(s.Get(t.Context(), given))
			require.NoError(t, err)
			assert.Equal(t, want, path)
		}
	})

	t.Run("a problem is known by its type, and long content is kept in part", func(t *testing.T) {
		s := in(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			json.NewEncoder(w).Encode(map[string]string{"title": strings.Repeat("x", 5000)})
		})
		_, err := requests.Text(s.Get(t.Context(), "x"))
		var failed *requests.StatusError
		require.ErrorAs(t, err, &failed)
		assert.Nil(t, failed.Problem)
		assert.Error(t, failed.Decode(new(struct{ Title string })))
	})

	t.Run("without a total, a drip goes on", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			drip := func(w http.ResponseWriter, _ *http.Request) {
				for range 60 {
					time.Sleep(time.Minute)
					io.WriteString(w, "x")
					http.NewResponseController(w).Flush()
				}
			}
			text, err := requests.Text(in(t, drip).Get(t.Context(), "x"))
			require.NoError(t, err)
			assert.Len(t, text, 60)
			_, err = in(t, drip).Get(t.Context(), "x", requests.WithTimeout(time.Hour/2))
			assert.ErrorIs(t, err, requests.ErrTimeout)
			_, err = in(t, drip, requests.WithTimeout(time.Hour/2)).Get(t.Context(), "x", requests.WithTimeout(-1))
			assert.NoError(t, err, "a negative total is none")
		})
	})

	t.Run("attempts that are used up by a status are no error", func(t *testing.T) {
		retry := &adapters.Retry{Wait: -1}
		resp, err := in(t, status(503), requests.WithMiddleware(retry.Wrap)).Get(t.Context(), "x")
		require.NoError(t, err)
		assert.Len(t, adapters.AttemptsFrom(resp.Response), 3)
		raising := &adapters.Retry{Wait: -1, RaiseOnStatus: true}
		_, err = in(t, status(503), requests.WithMiddleware(raising.Wrap)).Get(t.Context(), "x")
		assert.ErrorIs(t, err, requests.ErrRetriesExhausted)
	})

	t.Run("content from a plain reader is not retried", func(t *testing.T) {
		retry := &adapters.Retry{Wait: -1, IdempotencyKey: true}
		s := in(t, status(503), requests.WithMiddleware(retry.Wrap))
		resp, err := s.Post(t.Context(), "x", requests.WithBody(io.MultiReader(strings.NewReader("x"))))
		require.NoError(t, err)
		assert.LessOrEqual(t, len(adapters.AttemptsFrom(resp.Response)), 1)
		resp, err = s.Post(t.Context(), "x", requests.WithBody("x"))
		require.NoError(t, err)
		assert.Len(t, adapters.AttemptsFrom(resp.Response), 3)
	})

	t.Run("a stream that is open keeps its place in a limit", func(t *testing.T) {
		limit := &adapters.Limit{InFlight: 1}
		s := in(t, status(200), requests.WithMiddleware(limit.Wrap))
		resp, err := s.Get(t.Context(), "x", requests.WithStream(true))
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = s.Get(ctx, "x")
		require.ErrorIs(t, err, context.Canceled)
		require.NoError(t, resp.Close())
		_, err = s.Get(t.Context(), "x")
		require.NoError(t, err)
	})

	t.Run("loopback is proxied, and NO_PROXY says nothing to a proxy of one's own", func(t *testing.T) {
		t.Setenv("HTTP_PROXY", "http://proxy.test:1")
		t.Setenv("http_proxy", "http://proxy.test:1")
		t.Setenv("NO_PROXY", "a.test")
		t.Setenv("no_proxy", "a.test")
		chosen := func(address string, options ...requests.Option) string {
			s, err := requests.NewSession(options...)
			require.NoError(t, err)
			defer s.Close()
			e, err := s.Explain(t.Context(), &requests.Request{URL: address})
			require.NoError(t, err)
			fact, _ := e.Fact("proxy", "")
			return fact.Value
		}
		assert.Equal(t, "http://proxy.test:1", chosen("http://127.0.0.1/"))
		assert.Equal(t, "direct", chosen("http://a.test/"))
		assert.Equal(t, "http://own.test:1", chosen("http://a.test/", requests.WithProxy("http://own.test:1")))
		assert.Equal(t, "direct", chosen("http://a.test/",
			requests.WithProxies(map[string]string{"all": "http://own.test:1", "no_proxy": "a.test"})))
	})

	t.Run("a proxy's 407 is a response for http and an error for https", func(t *testing.T) {
		proxy := httptest.NewServer(status(407))
		defer proxy.Close()
		s, err := requests.NewSession(requests.WithEnvironment(false), requests.WithProxy(proxy.URL))
		require.NoError(t, err)
		defer s.Close()
		resp, err := s.Get(t.Context(), "http://a.test/")
		require.NoError(t, err)
		assert.Equal(t, 407, resp.StatusCode)
		_, err = s.Get(t.Context(), "https://a.test/")
		assert.ErrorIs(t, err, requests.ErrProxy)
	})

	t.Run("a certificate and a key that do not fit one another are an error", func(t *testing.T) {
		a := newAuthority(t)
		cert, _ := a.client(t)
		_, key := a.client(t)
		certFile, keyFile := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
		write(t, certFile, cert)
		write(t, keyFile, key)
		_, err := requests.NewSession(requests.WithClientCert(certFile, keyFile))
		assert.ErrorContains(t, err, certFile)
	})

	t.Run("a proxy cannot be kept to with a socket", func(t *testing.T) {
		pool := adapters.New(adapters.Options{Socket: filepath.Join(t.TempDir(), "none.sock")})
		defer pool.Close()
		s, err := requests.NewSession(requests.WithAdapter("http://", pool), requests.WithProxy("http://127.0.0.1:1"))
		require.NoError(t, err)
		defer s.Close()
		_, err = s.Get(t.Context(), "http://daemon.test/")
		assert.ErrorContains(t, err, "socket")
	})

	t.Run("cookies of a visit are saved only if asked for", func(t *testing.T) {
		for _, tt := range []struct {
			options []cookies.SaveOption
			saved   int
		}{{nil, 0}, {[]cookies.SaveOption{cookies.WithSessionCookies()}, 1}} {
			file := filepath.Join(t.TempDir(), "cookies.json")
			jar, again := cookies.New(nil), cookies.New(nil)
			require.NoError(t, jar.Set(cookies.Cookie{Name: "sid", Value: "1", Domain: "a.test"}))
			require.NoError(t, jar.SaveFile(file, tt.options...))
			require.NoError(t, again.LoadFile(file))
			assert.Equal(t, tt.saved, again.Len())
		}
	})

	t.Run("copies do not follow an update", func(t *testing.T) {
		s := in(t, status(200), requests.WithHeader("X", "old"))
		c, err := s.Copy()
		require.NoError(t, err)
		defer c.Close()
		require.NoError(t, s.Update(requests.WithHeader("X", "new")))
		assert.Equal(t, "old", c.Defaults().Header.Get("X"))
	})

	t.Run("credentials without a home go to the first URL", func(t *testing.T) {
		echo := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("Authorization")) }))
		for _, tt := range []struct {
			name string
			a    auth.Authenticator
			want string
		}{
			{"not bound", auth.Bearer("t"), "Bearer t"},
			{"bound", auth.For("https://api.example.com", auth.Bearer("t")), ""},
		} {
			s, err := requests.NewSession(requests.WithAdapter("https://", echo), requests.WithAuth(tt.a))
			require.NoError(t, err)
			defer s.Close()
			got, err := requests.Text(s.Get(t.Context(), "https://anywhere.test/"))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got, tt.name)
		}
	})

	t.Run("a session that asks itself for its token waits for the deadline", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := in(t, func(w http.ResponseWriter, r *http.Request) {
				answer(w, 200, map[string]any{"access_token": "t", "token_type": "bearer", "expires_in": 3600})
			})
			config := clientcredentials.Config{ClientID: "id", ClientSecret: "secret",
				TokenURL: "https://api.example.com/token", AuthStyle: oauth2.AuthStyleInParams}
			source := func(s *requests.Session) requests.Option {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				t.Cleanup(cancel)
				return requests.WithAuth(auth.OAuth2(config.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, s.HTTPClient()))))
			}
			good, err := s.Copy(source(s))
			require.NoError(t, err)
			defer good.Close()
			_, err = good.Get(t.Context(), "x")
			require.NoError(t, err)

			require.NoError(t, s.Update(source(s)))
			begun := time.Now()
			_, err = s.Get(t.Context(), "x", requests.WithTimeout(time.Minute))
			assert.ErrorIs(t, err, requests.ErrTimeout)
			assert.Equal(t, time.Minute, time.Since(begun))
		})
	})

	t.Run("no Content-Type is guessed", func(t *testing.T) {
		s := in(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%q", r.Header["Content-Type"]) })
		text, err := requests.Text(s.Put(t.Context(), "x.csv", requests.WithBody("a,b")))
		require.NoError(t, err)
		assert.Equal(t, "[]", text)
	})

	t.Run("a pipe cannot be sent again", func(t *testing.T) {
		s := in(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/next", http.StatusTemporaryRedirect)
		})
		_, err := s.Post(t.Context(), "x", requests.WithBody(io.MultiReader(strings.NewReader("x"))))
		assert.ErrorIs(t, err, requests.ErrBodyNotReplayable)
	})

	t.Run("MaxBody does not bound what is saved", func(t *testing.T) {
		s := in(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "0123456789") })
		resp, err := s.Get(t.Context(), "x", requests.WithMaxBody(4), requests.WithStream(true))
		require.NoError(t, err)
		n, err := resp.SaveFile(filepath.Join(t.TempDir(), "x"))
		require.NoError(t, err)
		assert.EqualValues(t, 10, n)
	})

	t.Run("a page of any status is asked for the next one", func(t *testing.T) {
		asked := 0
		next := func(*requests.Response) ([]requests.Option, error) { asked++; return nil, nil }
		for range requests.PagesFunc(t.Context(), in(t, status(500)), "x", next) {
		}
		assert.Equal(t, 1, asked)
		for range requests.PagesFunc(t.Context(), in(t, status(500), requests.WithRaiseForStatus(true)), "x", next) {
		}
		assert.Equal(t, 1, asked)
	})

	t.Run("a call that cannot be prepared has no request", func(t *testing.T) {
		s := in(t, status(200))
		seen := 0
		s.Hooks().Complete.PushBack(func(r *requests.Result) error {
			seen++
			assert.Nil(t, r.Request)
			assert.Nil(t, r.Response)
			return nil
		})
		_, err := s.Get(t.Context(), "http://a b/")
		require.Error(t, err)
		assert.Equal(t, 1, seen)
	})

	t.Run("an exchange without a response is not dumped", func(t *testing.T) {
		refused := adapters.Func(func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") })
		s, err := requests.NewSession(requests.WithAdapter("https://", refused))
		require.NoError(t, err)
		defer s.Close()
		var dumped strings.Builder
		s.Hooks().Response.PushBack(hooks.Dump(&dumped, nil))
		_, err = s.Get(t.Context(), "https://a.test/")
		require.Error(t, err)
		assert.Empty(t, dumped.String())
	})

	t.Run("a copy begins with the cookies of the original", func(t *testing.T) {
		s := in(t, status(200))
		require.NoError(t, s.Cookies().Set(cookies.Cookie{Name: "sid", Value: "1", Domain: "api.example.com"}))
		c, err := s.Copy()
		require.NoError(t, err)
		defer c.Close()
		assert.Equal(t, 1, c.Cookies().Len())
	})

	t.Run("Close does not wait", func(t *testing.T) {
		arrived, answer := make(chan struct{}), make(chan struct{})
		s := in(t, func(http.ResponseWriter, *http.Request) { close(arrived); <-answer })
		done := make(chan error)
		go func() {
			_, err := s.Get(context.Background(), "x")
			done <- err
		}()
		<-arrived
		require.NoError(t, s.Close())
		_, err := s.Get(t.Context(), "x")
		require.ErrorIs(t, err, requests.ErrSessionClosed)
		close(answer)
		assert.NoError(t, <-done, "it was in flight")
	})

	t.Run("a text about http.Client's errors has the query", func(t *testing.T) {
		refused := adapters.Func(func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") })
		s, err := requests.NewSession(requests.WithAdapter("https://", refused))
		require.NoError(t, err)
		defer s.Close()
		const address = "https://a.test/?token=planted"
		_, err = s.HTTPClient().Get(address)
		var wrapped *url.Error
		require.ErrorAs(t, err, &wrapped)
		assert.ErrorContains(t, err, "planted")
		assert.NotContains(t, wrapped.Err.Error(), "planted")
		_, err = s.Get(t.Context(), address)
		assert.NotContains(t, err.Error(), "planted")
	})

	t.Run("a parameter of an ordinary name crosses, one by auth.Query does not", func(t *testing.T) {
		query := func(option requests.Option) string {
			s := in(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.RawQuery) }, option)
			text, err := requests.Text(s.Get(t.Context(), "https://b.test/"))
			require.NoError(t, err)
			return text
		}
		assert.Equal(t, "customer=s3cret", query(requests.WithParam("customer", "s3cret")))
		assert.Empty(t, query(requests.WithParam("key", "s3cret")))
		assert.Empty(t, query(requests.WithAuth(auth.Query("customer", "s3cret"))))
	})
}
