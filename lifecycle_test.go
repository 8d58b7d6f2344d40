package requests_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/cookies"
)

// eventuallyOpen waits until w has n connections: closing takes effect at the
// server when it takes effect.
func eventuallyOpen(t *testing.T, w *wire, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return w.Open() == n }, 20*time.Second, time.Millisecond)
}

func TestUpdate(t *testing.T) {
	s := newSession(t, requests.WithHeader("X-A", "1"), requests.WithHeader("X-B", "1"), requests.WithParam("p", "1"))
	p := preparedOf(t, s, &requests.Request{URL: "http://h.test/"})
	require.NoError(t, s.Update(requests.WithHeader("x-a", "2"), requests.WithoutParam("p"), requests.WithMaxRedirects(3)))
	assert.Equal(t, "1", p.Header.Get("X-A"), "D57 what is prepared keeps what it started with")
	p = preparedOf(t, s, &requests.Request{URL: "http://h.test/"})
	assert.Equal(t, "2", p.Header.Get("X-A"))
	assert.Equal(t, "1", p.Header.Get("X-B"))
	assert.Equal(t, "", p.URL.RawQuery)
	assert.Equal(t, 3, p.Settings.MaxRedirects)

	t.Run("D57 all or nothing", func(t *testing.T) {
		jar := s.Cookies()
		before := s.Defaults()
		ran := 0
		h := new(requests.Hooks)
		h.Prepare.PushBack(func(*requests.PreparedRequest) error { ran++; return nil })
		err := s.Update(requests.WithHeader("X-A", "3"), requests.WithHooks(h), requests.WithAdapter("mock:", named("m")), requests.WithCookieJar(nil),
			requests.WithBaseURL("http://b.test/"), requests.WithAuth(auth.Bearer("t")), requests.WithProxy("ftp://p.test"))
		require.ErrorIs(t, err, requests.ErrInvalidProxyURL)
		after := s.Defaults()
		assert.Equal(t, before.Header, after.Header)
		assert.Equal(t, before.BaseURL, after.BaseURL)
		assert.Nil(t, after.Auth)
		assert.Same(t, jar, s.Cookies())
		_, err = s.Adapter("mock:x")
		assert.ErrorIs(t, err, requests.ErrNoAdapter)
		preparedOf(t, s, &requests.Request{URL: "http://h.test/"})
		assert.Equal(t, 0, ran)
	})
	t.Run("D57 a jar can be put in place and taken away", func(t *testing.T) {
		w := newReplies(t, reply(200, "", "Set-Cookie: a=1"))
		jar := cookies.New(nil)
		s := newSession(t, requests.WithCookieJar(nil))
		assert.Nil(t, s.Cookies())
		for range 2 {
			_, err := s.Get(t.Context(), w.URL)
			require.NoError(t, err)
			assert.Empty(t, linesOf(w.Last(t), "Cookie"))
		}
		require.NoError(t, s.Update(requests.WithCookieJar(jar)))
		assert.Same(t, jar, s.Cookies(), "it is used as it is")
		_, err := s.Get(t.Context(), w.URL)
		require.NoError(t, err)
		assert.Equal(t, 1, jar.Len())
	})
	t.Run("D57 whoever sends meanwhile sees one state or the other", func(t *testing.T) {
		s := newSession(t, requests.WithHeader("X-A", "0"), requests.WithHeader("X-B", "0"))
		var sending sync.WaitGroup
		stop := make(chan struct{})
		for range 4 {
			sending.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					p, err := s.Prepare(context.Background(), &requests.Request{URL: "http://h.test/"})
					if assert.NoError(t, err) && !assert.Equal(t, p.Header.Get("X-A"), p.Header.Get("X-B")) {
						return
					}
				}
			})
		}
		for i := range 500 {
			require.NoError(t, s.Update(requests.WithHeader("X-A", strconv.Itoa(i)), requests.WithHeader("X-B", strconv.Itoa(i))))
		}
		close(stop)
		sending.Wait()
	})
	t.Run("D57 no update is lost", func(t *testing.T) {
		s := newSession(t)
		var updates sync.WaitGroup
		for i := range 50 {
			updates.Go(func() { assert.NoError(t, s.Update(requests.WithHeader("X-"+strconv.Itoa(i), "1"))) })
		}
		updates.Wait()
		assert.Len(t, s.Defaults().Header, 3+50)
	})
}

func TestCopy(t *testing.T) {
	w := newReplies(t, reply(200, "", "Set-Cookie: s=1"))
	ran := 0
	h := new(requests.Hooks)
	h.Prepare.PushBack(func(*requests.PreparedRequest) error { ran++; return nil })
	s := newSession(t, requests.WithHeader("X-A", "1"), requests.WithHeader("X-B", "1"), requests.WithHooks(h), requests.WithCookie(&http.Cookie{Name: "c", Value: "1"}))
	_, err := s.Get(t.Context(), w.URL)
	require.NoError(t, err)
	c, err := s.Copy(requests.WithHeader("X-B", "2"))
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })

	_, err = c.Get(t.Context(), w.URL)
	require.NoError(t, err)
	assert.Equal(t, []string{"X-A: 1", "X-B: 2"}, linesOf(w.Last(t), "X-A", "X-B"), "R20 the same settings under changes")
	assert.Equal(t, []string{"Cookie: s=1; c=1"}, linesOf(w.Last(t), "Cookie"), "R20 the same cookies")
	assert.Equal(t, 1, w.Accepted(), "R20 the same connections")
	assert.Equal(t, 2, ran, "R20 the same hooks")

	c.Cookies().Clear()
	assert.Equal(t, 1, s.Cookies().Len(), "R20 cookies are its own")
	c.Hooks().Prepare.Clear()
	_, err = s.Get(t.Context(), w.URL)
	require.NoError(t, err)
	assert.Equal(t, 3, ran, "hooks are its own")
	require.NoError(t, c.Update(requests.WithHeader("X-A", "3")))
	assert.Equal(t, []string{"1"}, s.Defaults().Header["X-A"], "defaults are its own")
	require.NoError(t, s.Update(requests.WithHeader("X-A", "4")))
	assert.Equal(t, []string{"3"}, c.Defaults().Header["X-A"])

	t.Run("a copy with a mistake is none", func(t *testing.T) {
		_, err := s.Copy(requests.WithProxy("ftp://p.test"))
		assert.ErrorIs(t, err, requests.ErrInvalidProxyURL)
	})
	t.Run("a copy of a copy", func(t *testing.T) {
		d, err := c.Copy(requests.WithoutHeader("X-B"))
		require.NoError(t, err)
		defer d.Close()
		assert.Equal(t, []string{"3"}, d.Defaults().Header["X-A"])
		assert.NotContains(t, d.Defaults().Header, "X-B")
	})
}

func TestClose(t *testing.T) {
	t.Run("D55 calls after it are refused", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		s := newSession(t)
		p := preparedOf(t, s, &requests.Request{URL: w.URL})
		client := s.HTTPClient()
		require.NoError(t, s.Close())
		require.NoError(t, s.Close(), "twice does no harm")
		for name, do := range map[string]func() error{
			"Get":  func() error { _, err := s.Get(t.Context(), w.URL); return err },
			"Do":   func() error { _, err := s.Do(t.Context(), &requests.Request{URL: w.URL}); return err },
			"Send": func() error { _, err := s.Send(p); return err },
			"Copy": func() error { _, err := s.Copy(); return err },
			"HTTPClient": func() error {
				_, err := client.Get(w.URL)
				return err
			},
		} {
			assert.ErrorIs(t, do(), requests.ErrSessionClosed, name)
		}
		assert.Empty(t, w.Requests(), "nothing was sent")
	})
	t.Run("R19 idle connections are closed", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		s := newSession(t)
		_, err := s.Get(t.Context(), w.URL)
		require.NoError(t, err)
		assert.Equal(t, 1, w.Open())
		require.NoError(t, s.Close())
		eventuallyOpen(t, w, 0)
	})
	t.Run("D55 a pool is closed with the last of its sessions", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		s := newSession(t)
		c, err := s.Copy()
		require.NoError(t, err)
		d, err := c.Copy()
		require.NoError(t, err)
		for _, each := range []*requests.Session{s, c, d} {
			_, err := each.Get(t.Context(), w.URL)
			require.NoError(t, err)
			require.NoError(t, each.Close())
			require.NoError(t, each.Close(), "and counts once")
			assert.Equal(t, 1, w.Accepted())
		}
		eventuallyOpen(t, w, 0)
	})
	t.Run("D55 a copy that failed does not count", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		s := newSession(t)
		_, err := s.Get(t.Context(), w.URL)
		require.NoError(t, err)
		_, err = s.Copy(requests.WithProxy("ftp://p.test"))
		require.Error(t, err)
		require.NoError(t, s.Close())
		eventuallyOpen(t, w, 0)
	})
	t.Run("D55 nor does one whose option panicked", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		s := newSession(t)
		_, err := s.Get(t.Context(), w.URL)
		require.NoError(t, err)
		assert.Panics(t, func() { s.Copy(requests.OptionFunc(func(*requests.Request) error { panic("option") })) })
		require.NoError(t, s.Close())
		require.Eventually(t, func() bool { runtime.GC(); return w.Open() == 0 }, 20*time.Second, time.Millisecond)
	})
	t.Run("D55 a copy that was dropped is counted out", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		s := newSession(t)
		func() {
			c, err := s.Copy()
			require.NoError(t, err)
			_, err = c.Get(t.Context(), w.URL)
			require.NoError(t, err)
		}()
		require.NoError(t, s.Close())
		require.Eventually(t, func() bool { runtime.GC(); return w.Open() == 0 }, 20*time.Second, time.Millisecond)
	})
	t.Run("D55 a session that was dropped closes its pool, wherever that is used", func(t *testing.T) {
		for name, put := range map[string]func(*requests.Session, string) error{
			"as it is": func(*requests.Session, string) error { return nil },
			"beneath another": func(s *requests.Session, url string) error {
				own, err := s.Adapter(url)
				if err != nil {
					return err
				}
				return s.Mount("http://", &adapters.Retry{Base: own})
			},
			"unmounted": func(s *requests.Session, _ string) error {
				return s.Mount("http://127.0.0.1", &adapters.Retry{Base: s.Unmount("https://")})
			},
		} {
			t.Run(name, func(t *testing.T) {
				w := newReplies(t, reply(200, ""))
				func() {
					s, err := requests.NewSession()
					require.NoError(t, err)
					require.NoError(t, put(s, w.URL))
					_, err = s.Get(t.Context(), w.URL)
					require.NoError(t, err)
				}()
				require.Eventually(t, func() bool { runtime.GC(); return w.Open() == 0 }, 20*time.Second, time.Millisecond)
			})
		}
	})
	t.Run("D55 calls in flight finish, and their connections are closed", func(t *testing.T) {
		arrived, answer := make(chan struct{}), make(chan struct{})
		w := newWire(t, func(wireRequest) string {
			close(arrived)
			<-answer
			return reply(200, "late")
		})
		s := newSession(t)
		var text string
		var err error
		var call sync.WaitGroup
		call.Go(func() { text, err = requests.Text(s.Get(context.Background(), w.URL)) })
		<-arrived
		require.NoError(t, s.Close())
		close(answer)
		call.Wait()
		require.NoError(t, err)
		assert.Equal(t, "late", text)
		eventuallyOpen(t, w, 0)
	})
	t.Run("D55 a redirect in flight is followed to its end", func(t *testing.T) {
		var s *requests.Session
		w := newWire(t, func(r wireRequest) string {
			if r.Number == 1 {
				s.Close()
				return redirectTo(302, "/2")
			}
			return reply(200, "there")
		})
		s = newSession(t)
		text, err := requests.Text(s.Get(t.Context(), w.URL))
		require.NoError(t, err)
		assert.Equal(t, "there", text)
		eventuallyOpen(t, w, 0)
	})
	t.Run("a stream outlives its session", func(t *testing.T) {
		w := newReplies(t, reply(200, "0123456789"))
		s := newSession(t)
		r, err := s.Get(t.Context(), w.URL, requests.WithStream(true))
		require.NoError(t, err)
		require.NoError(t, s.Close())
		text, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		assert.Equal(t, "0123456789", string(text))
		require.NoError(t, r.Close())
		eventuallyOpen(t, w, 0)
	})
	t.Run("D72 adapters that were mounted are their owner's", func(t *testing.T) {
		a := &closable{}
		s := newSession(t, requests.WithAdapter("http://h.test/", a))
		_, err := s.Get(t.Context(), "http://h.test/")
		require.NoError(t, err)
		require.NoError(t, s.Close())
		assert.Equal(t, 0, a.closed)
	})
}

type closable struct{ closed int }

func (c *closable) RoundTrip(*http.Request) (*http.Response, error) { return answer(200, ""), nil }
func (c *closable) CloseIdleConnections()                           { c.closed++ }
func (c *closable) Close() error                                    { c.closed++; return nil }

func TestMust(t *testing.T) {
	s := requests.Must(requests.NewSession())
	require.NoError(t, s.Close())
	assert.PanicsWithError(t, "mine", func() { requests.Must(nil, errors.New("mine")) })
}

// withDefault puts s behind the package-level functions for one test.
func withDefault(t *testing.T, s *requests.Session) {
	t.Helper()
	previous := requests.SetDefaultSession(s)
	t.Cleanup(func() {
		if used := requests.SetDefaultSession(previous); used != nil {
			used.Close()
		}
	})
}

func TestDefaultSession(t *testing.T) {
	t.Run("D58 calls share connections and no cookies", func(t *testing.T) {
		w := newReplies(t, reply(200, "", "Set-Cookie: a=1"))
		withDefault(t, nil)
		for range 3 {
			_, err := requests.Get(t.Context(), w.URL)
			require.NoError(t, err)
			assert.Empty(t, linesOf(w.Last(t), "Cookie"))
		}
		assert.Equal(t, 1, w.Accepted())
		assert.Equal(t, 0, requests.DefaultSession().Cookies().Len())
	})
	t.Run("D58 within a call cookies are kept", func(t *testing.T) {
		w := newReplies(t, redirectTo(302, "/2", "Set-Cookie: a=1"), reply(200, ""))
		withDefault(t, nil)
		_, err := requests.Get(t.Context(), w.URL+"/1")
		require.NoError(t, err)
		assert.Equal(t, []string{"Cookie: a=1"}, linesOf(w.Last(t), "Cookie"))
	})
	t.Run("D58 each call starts from the default session's cookies", func(t *testing.T) {
		w := newReplies(t, reply(200, "", "Set-Cookie: b=2"))
		withDefault(t, newSession(t))
		require.NoError(t, requests.DefaultSession().Cookies().Set(cookies.Cookie{Name: "a", Value: "1", Domain: "127.0.0.1", HostOnly: true, Path: "/"}))
		for range 2 {
			_, err := requests.Get(t.Context(), w.URL)
			require.NoError(t, err)
			assert.Equal(t, []string{"Cookie: a=1"}, linesOf(w.Last(t), "Cookie"))
		}
	})
	t.Run("R18 each verb has its function", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		withDefault(t, nil)
		type verb = func(context.Context, string, ...requests.Option) (*requests.Response, error)
		for want, do := range map[string]verb{
			"GET": requests.Get, "HEAD": requests.Head, "OPTIONS": requests.Options, "DELETE": requests.Delete,
			"POST": requests.Post, "PUT": requests.Put, "PATCH": requests.Patch, "QUERY": requests.Query,
		} {
			_, err := do(t.Context(), w.URL, requests.WithParam("a", "1"))
			require.NoError(t, err)
			assert.Equal(t, want+" /?a=1 HTTP/1.1", w.Last(t).Line)
		}
	})
	t.Run("it can be set up, set and taken back", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		withDefault(t, nil)
		require.NoError(t, requests.SetupDefaultSession(requests.WithHeader("X-A", "1")))
		first := requests.DefaultSession()
		_, err := requests.Get(t.Context(), w.URL)
		require.NoError(t, err)
		assert.Equal(t, []string{"X-A: 1"}, linesOf(w.Last(t), "X-A"))

		assert.ErrorIs(t, requests.SetupDefaultSession(requests.WithCABundle("missing.pem")), os.ErrNotExist)
		assert.Same(t, first, requests.DefaultSession(), "a mistake changes nothing")

		require.NoError(t, requests.SetupDefaultSession())
		_, err = first.Get(t.Context(), w.URL)
		assert.ErrorIs(t, err, requests.ErrSessionClosed, "what was replaced is closed")

		mine := newSession(t)
		second := requests.SetDefaultSession(mine)
		assert.NotSame(t, first, second)
		assert.Same(t, mine, requests.SetDefaultSession(second))
		_, err = mine.Get(t.Context(), w.URL)
		assert.NoError(t, err, "what was taken back is open")
	})
	t.Run("an option of sessions is refused", func(t *testing.T) {
		withDefault(t, nil)
		_, err := requests.Get(t.Context(), "http://h.test/", requests.WithAdapter("x:", named("x")))
		assert.ErrorContains(t, err, "WithAdapter")
	})
}

// Path parameters of a layer are laid over those below one by one.
func TestPathParams_layers(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	s := newSession(t, requests.WithBaseURL(w.URL), requests.WithPathParam("a", "1"), requests.WithPathParam("b", "1"))
	copied, err := s.Copy(requests.WithPathParam("b", "2"), requests.WithPathParam("c", "2"))
	require.NoError(t, err)
	defer copied.Close()
	_, err = copied.Get(t.Context(), "{a}/{b}/{c}/{d}", requests.WithPathParam("c", "3"), requests.WithPathParam("d", "3"))
	require.NoError(t, err)
	assert.Equal(t, "/1/2/3/3", w.Last(t).Target())
	_, err = s.Get(t.Context(), "{a}/{b}")
	require.NoError(t, err)
	assert.Equal(t, "/1/1", w.Last(t).Target(), "the session is as it was")
}
