package requests_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
)

func TestNext_isWhatWouldBeSent(t *testing.T) {
	w := newReplies(t, redirectTo(302, "../end?x=1#f", "Set-Cookie: s=1; Path=/"), reply(200, "end"))
	s := newSession(t)
	resp, err := s.Post(t.Context(), w.URL+"/a/start", requests.WithJSON(map[string]int{"n": 1}), requests.WithHeader("X-Trace", "42"),
		cookie("own", "1"), requests.WithAuth(auth.Bearer("x")), requests.WithoutRedirects())
	require.NoError(t, err)
	next := resp.Next()
	require.NotNil(t, next, "R121")
	assert.Equal(t, "GET", next.Method)
	assert.Equal(t, w.URL+"/end?x=1#f", next.URL.String())
	assert.Equal(t, "s=1; own=1", next.Header.Get("Cookie"), "R121 cookies rewritten")
	assert.Equal(t, "Bearer x", next.Header.Get("Authorization"))
	assert.Equal(t, "42", next.Header.Get("X-Trace"))
	assert.NotContains(t, next.Header, "Content-Type")

	for range 2 {
		resp, err = s.Send(next)
		require.NoError(t, err)
		assert.Equal(t, "end", resp.Text())
		assert.Empty(t, resp.History, "R121 responses without history")
		got := w.Last(t)
		assert.Equal(t, "GET /end?x=1 HTTP/1.1", got.Line)
		assert.Equal(t, "s=1; own=1", got.Header.Get("Cookie"))
		assert.Empty(t, got.Body)
	}
}

func TestNext_sendsTheBodyAgain(t *testing.T) {
	for _, b := range resendTests {
		t.Run(b.name, func(t *testing.T) {
			w := newReplies(t, redirectTo(307, "/end"), reply(200, ""))
			s := newSession(t)
			resp, err := s.Post(t.Context(), w.URL, b.make(t), requests.WithoutRedirects())
			require.NoError(t, err)
			_, err = s.Send(resp.Next())
			if !b.again {
				require.ErrorIs(t, err, requests.ErrBodyNotReplayable)
				assert.Len(t, w.Requests(), 1)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, "POST /end HTTP/1.1", w.Last(t).Line)
			assert.Equal(t, content, w.Last(t).Body)
			assert.Contains(t, w.Last(t).Fields, b.framing)
		})
	}
}

func TestNext_leavesTheBodyBehind(t *testing.T) {
	w := newReplies(t, redirectTo(303, "/1"), redirectTo(307, "/2"), reply(200, ""))
	s := newSession(t)
	resp, err := s.Post(t.Context(), w.URL, requests.WithBody(onlyReader{strings.NewReader(content)}), requests.WithoutRedirects())
	require.NoError(t, err)
	next := resp.Next()
	next.Settings.MaxRedirects = 5
	_, err = s.Send(next)
	require.NoError(t, err, "nothing asks for the body any more")
	assert.Equal(t, "GET /2 HTTP/1.1", w.Last(t).Line)
	assert.Empty(t, w.Last(t).Body)
}

func TestNext_none(t *testing.T) {
	for _, tt := range []struct {
		name  string
		reply string
		opts  []requests.Option
	}{
		{"R121 not a redirect", reply(200, ""), []requests.Option{requests.WithoutRedirects()}},
		{"R111 an empty Location", reply(302, "", "Location:"), []requests.Option{requests.WithoutRedirects()}},
		{"R119 the end of a chain", reply(200, ""), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newReplies(t, tt.reply)
			resp, err := newSession(t).Get(t.Context(), w.URL, tt.opts...)
			require.NoError(t, err)
			assert.Nil(t, resp.Next())
		})
	}
}

func TestNext_ofHead(t *testing.T) {
	w := newReplies(t, reply(303, "", "Location: /end"), reply(200, ""))
	s := newSession(t)
	resp, err := s.Head(t.Context(), w.URL)
	require.NoError(t, err)
	require.NotNil(t, resp.Next(), "R122")
	_, err = s.Send(resp.Next())
	require.NoError(t, err)
	assert.Equal(t, "HEAD /end HTTP/1.1", w.Last(t).Line)
}

func TestNext_ofAStream(t *testing.T) {
	w := newReplies(t, redirectTo(302, "/end"), reply(200, ""))
	s := newSession(t)
	resp, err := s.Get(t.Context(), w.URL, requests.WithStream(true), requests.WithoutRedirects())
	require.NoError(t, err)
	defer resp.Close()
	require.NotNil(t, resp.Next())
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "moved", string(b))
}

// Next follows the origin rule of a redirect; see originTests.
func TestNext_origin(t *testing.T) {
	for _, tt := range originTests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, redirectOnce(307, tt.to))
			s := h.Session(t)
			resp, err := s.Get(t.Context(), tt.from, append(plantedCredentials(), requests.WithoutRedirects())...)
			require.NoError(t, err)
			require.NotNil(t, resp.Next())
			_, err = s.Send(resp.Next())
			require.NoError(t, err)
			require.Len(t, h.Arrivals(), 2)
			assert.Equal(t, tt.arrives, pick(h.Last(t).Header, credentialNames))
		})
	}
}

func TestNext_lossIsSticky(t *testing.T) {
	h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
		if to := map[string]string{"a.test/1": "http://b.test/2", "b.test/2": "http://a.test/3"}[r.Host+r.URL.Path]; to != "" {
			w.Header().Set("Location", to)
			w.WriteHeader(307)
		}
	})
	for _, a := range []auth.Authenticator{auth.Bearer("planted"), new(deferredAuth), &waiting{challenger{number: "7"}}} {
		t.Run(fmt.Sprintf("%T", a), func(t *testing.T) {
			s := h.Session(t)
			resp, err := s.Get(t.Context(), "http://a.test/1", requests.WithAuth(a), requests.WithHeader("X-Api-Key", "planted"), requests.WithoutRedirects())
			for range 2 {
				require.NoError(t, err)
				require.NotNil(t, resp.Next())
				resp, err = s.Send(resp.Next())
			}
			require.NoError(t, err)
			assert.Equal(t, "http://a.test/3", h.Last(t).URL)
			for _, name := range []string{"Authorization", "X-Api-Key", "X-Sum"} {
				assert.NotContains(t, h.Last(t).Header, name)
			}
		})
	}
}

// pages serves n pages of a.test, each naming the next.
func pages(n int, next func(page int) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if page < n {
			w.Header().Set("Link", "<"+next(page+1)+`>; rel="next"`)
		}
		io.WriteString(w, strconv.Itoa(page))
	}
}

func collect(t *testing.T, s *requests.Session, url string, opts ...requests.Option) string {
	t.Helper()
	var got []string
	for resp, err := range requests.Pages(t.Context(), s, url, opts...) {
		require.NoError(t, err)
		got = append(got, resp.Text())
	}
	return strings.Join(got, " ")
}

func TestPages_options(t *testing.T) {
	h := newHosts(t, pages(3, func(n int) string { return "/" + strconv.Itoa(n) + "?cursor=c" }))
	s := h.Session(t, requests.WithParam("key", "session"))
	text := collect(t, s, "http://a.test/1", requests.WithParam("size", "2"), requests.WithHeader("X-Trace", "42"), cookie("own", "1"),
		requests.WithAuth(auth.Bearer("x")), requests.WithBody("content"), requests.WithHeader("Content-Type", "text/plain"))
	assert.Equal(t, "1 2 3", text)
	all := h.Arrivals()
	require.Len(t, all, 3)
	assert.Equal(t, []string{"http://a.test/1?key=session&size=2", "http://a.test/2?cursor=c", "http://a.test/3?cursor=c"}, h.URLs(), "params are for the first page")
	assert.Equal(t, "content", all[0].Body)
	for _, a := range all[1:] {
		assert.Empty(t, a.Body, "and so is the body")
		assert.NotContains(t, a.Header, "Content-Type")
		assert.Equal(t, "GET", a.Method)
		assert.Equal(t, "42", a.Header.Get("X-Trace"))
		assert.Equal(t, "Bearer x", a.Header.Get("Authorization"))
		assert.Equal(t, "own=1", a.Header.Get("Cookie"))
		assert.NotContains(t, a.Header, "Referer")
	}
}

func TestPages_deferredAuthentication(t *testing.T) {
	h := newHosts(t, pages(2, func(n int) string { return "/" + strconv.Itoa(n) }))
	collect(t, h.Session(t), "http://a.test/1", requests.WithAuth(new(deferredAuth)))
	assert.Equal(t, "GET /2", h.Last(t).Header.Get("X-Sum"))
}

// Pages follows the origin rule of a redirect; see originTests.
func TestPages_origin(t *testing.T) {
	for _, tt := range originTests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/start" {
					w.Header().Set("Link", "<"+tt.to+`>; rel="next"`)
				}
			})
			collect(t, h.Session(t), tt.from, plantedCredentials()...)
			require.Len(t, h.Arrivals(), 2)
			assert.Equal(t, tt.arrives, pick(h.Last(t).Header, credentialNames))
		})
	}
}

func TestPages_lossIsSticky(t *testing.T) {
	h := newHosts(t, pages(4, func(n int) string { return "http://" + []string{"", "", "b", "a", "a"}[n] + ".test/" + strconv.Itoa(n) }))
	collect(t, h.Session(t), "http://a.test/1", plantedCredentials()...)
	all := h.Arrivals()
	require.Len(t, all, 4)
	for _, a := range all[1:] {
		assert.Equal(t, nothingSecret, pick(a.Header, credentialNames), a.URL)
	}
}

func TestPages_baseURL(t *testing.T) {
	h := newHosts(t, pages(2, func(n int) string { return "http://b.test/" + strconv.Itoa(n) }))
	s := h.Session(t, append(plantedCredentials()[:1:1], requests.WithBaseURL("http://a.test/"), requests.WithAuth(auth.Bearer("planted")), requests.WithHeader("X-Api-Key", "planted"))...)
	collect(t, s, "1")
	assert.Equal(t, map[string]string{"User-Agent": "test/1"}, pick(h.Last(t).Header, credentialNames))
}

func TestPages_end(t *testing.T) {
	for _, tt := range []struct {
		name string
		next func(int) string
		is   error
	}{
		{"a page that was had before", func(int) string { return "/1" }, requests.ErrTooManyRedirects},
		{"another scheme", func(int) string { return "file:///etc/passwd" }, requests.ErrNoAdapter},
	} {
		t.Run(tt.name+" ends it with an error", func(t *testing.T) {
			h := newHosts(t, pages(3, tt.next))
			var last error
			n := 0
			for _, err := range requests.Pages(t.Context(), h.Session(t), "http://a.test/1") {
				n, last = n+1, err
			}
			assert.Equal(t, 2, n)
			require.ErrorIs(t, last, tt.is)
			assert.Len(t, h.Arrivals(), 1)
		})
	}
	t.Run("a page with a fragment is the same page", func(t *testing.T) {
		for _, first := range []string{"http://a.test/1", "http://a.test/1#top"} {
			h := newHosts(t, pages(3, func(int) string { return "/1#next" }))
			var last error
			for _, err := range requests.Pages(t.Context(), h.Session(t), first) {
				last = err
			}
			require.ErrorIs(t, last, requests.ErrTooManyRedirects)
			assert.Len(t, h.Arrivals(), 1)
		}
	})
	t.Run("leaving the loop asks for no more", func(t *testing.T) {
		h := newHosts(t, pages(3, func(n int) string { return "/" + strconv.Itoa(n) }))
		for _, err := range requests.Pages(t.Context(), h.Session(t), "http://a.test/1") {
			require.NoError(t, err)
			break
		}
		assert.Len(t, h.Arrivals(), 1)
	})
	t.Run("one link that is redirected to ever new pages does not", func(t *testing.T) {
		n := 0
		h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/next" {
				n++
				http.Redirect(w, r, fmt.Sprint("/", n), http.StatusFound)
			} else if n < 3 {
				w.Header().Set("Link", `</next>; rel="next"`)
			}
		})
		var paths []string
		for r, err := range requests.Pages(t.Context(), h.Session(t), "http://a.test/next") {
			require.NoError(t, err)
			paths = append(paths, r.Request.URL.Path)
		}
		assert.Equal(t, []string{"/1", "/2", "/3"}, paths)
	})
	t.Run("a link that is redirected to a page had before ends it with an error", func(t *testing.T) {
		h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/latest" {
				http.Redirect(w, r, "/1", http.StatusFound)
				return
			}
			w.Header().Set("Link", `</latest>; rel="next"`)
		})
		for _, first := range []string{"http://a.test/latest", "http://a.test/0"} {
			var last error
			n := 0
			for _, err := range requests.Pages(t.Context(), h.Session(t), first) {
				if n, last = n+1, err; n > 3 {
					break
				}
			}
			require.ErrorIs(t, last, requests.ErrTooManyRedirects, first)
		}
	})
	t.Run("a redirect within a page resolves links against where it led", func(t *testing.T) {
		h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/1":
				w.Header().Set("Location", "/dir/1")
				w.WriteHeader(302)
			case "/dir/1":
				w.Header().Set("Link", `<2>; rel="next"`)
			}
		})
		collect(t, h.Session(t), "http://a.test/1")
		assert.Equal(t, "http://a.test/dir/2", h.Last(t).URL)
	})
}

func TestNext_hasAHeaderOfItsOwn(t *testing.T) {
	w := newReplies(t, redirectTo(302, "/next"), reply(200, ""))
	s := newSession(t, requests.WithHeader("X-Own", "own"))
	r, err := s.Get(t.Context(), w.URL, requests.WithoutRedirects())
	require.NoError(t, err)
	r.Next().Header["X-Own"][0], r.Next().Header["Accept"][0] = "***", "***"
	_, err = s.Get(t.Context(), w.URL)
	require.NoError(t, err)
	assert.Equal(t, []string{"own"}, w.Last(t).Header.Values("X-Own"))
	assert.Equal(t, []string{"*/*"}, w.Last(t).Header.Values("Accept"))
}

func TestNext_keepsTheCallsCookiesForTheChain(t *testing.T) {
	w := newReplies(t, redirectTo(302, "/1"), redirectTo(302, "/2"), redirectTo(302, "/3"), reply(200, ""))
	s := newSession(t)
	r, err := s.Get(t.Context(), w.URL, cookie("own", "1"), requests.WithoutRedirects())
	for err == nil && r.Next() != nil {
		r, err = s.Send(r.Next())
	}
	require.NoError(t, err)
	require.Len(t, w.Requests(), 4)
	for i, r := range w.Requests() {
		assert.Equal(t, []string{"own=1"}, r.Header.Values("Cookie"), "request %d (D7)", i+1)
	}
}

func TestNext_cookiesOfAChallenge(t *testing.T) {
	w := newReplies(t, redirectTo(302, "/next", "Set-Cookie: a=1"), reply(401, "", "Set-Cookie: b=2", asks), reply(200, ""))
	s := newSession(t, requests.WithAuth(new(waiting)))
	r, err := s.Get(t.Context(), w.URL, requests.WithoutRedirects())
	require.NoError(t, err)
	r, err = s.Send(r.Next())
	require.NoError(t, err)
	assert.Equal(t, 200, r.StatusCode)
	assert.Equal(t, []string{"a=1; b=2"}, w.Last(t).Header.Values("Cookie"), "as when the redirect is followed")
	t.Run("a field of the caller's stays as it is", func(t *testing.T) {
		w := newReplies(t, redirectTo(302, "/next", "Set-Cookie: a=1"), reply(401, "", "Set-Cookie: b=2", asks), reply(200, ""))
		s := newSession(t, requests.WithAuth(new(waiting)))
		r, err := s.Get(t.Context(), w.URL, requests.WithoutRedirects())
		require.NoError(t, err)
		next := r.Next()
		next.Header.Set("Cookie", "mine=1")
		_, err = s.Send(next)
		require.NoError(t, err)
		assert.Equal(t, []string{"mine=1"}, w.Last(t).Header.Values("Cookie"))
	})
}
