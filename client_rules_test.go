package requests_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
)

// Which of the session's defaults a request through HTTPClient gets.
func TestHTTPClient_whatIsAdded(t *testing.T) {
	base := requests.WithBaseURL("http://a.test/")
	for _, tt := range []struct {
		name, url string
		opts      []requests.Option
		fields    []string
		field     string
		want      string
	}{
		{"the session's own cookies at home", "http://a.test/", []requests.Option{base, cookie("own", "1")}, nil, "Cookie", "own=1"},
		{"not elsewhere", "http://b.test/", []requests.Option{base, cookie("own", "1")}, nil, "Cookie", ""},
		{"an Authorization field of the session", "http://a.test/", []requests.Option{requests.WithHeader("Authorization", "field")}, nil, "Authorization", "field"},
		{"not for a URL that is signed", "http://a.test/?sig=x", []requests.Option{requests.WithHeader("Authorization", "field")}, nil, "Authorization", ""},
		{"other fields for a URL that is signed", "http://a.test/?sig=x", []requests.Option{requests.WithHeader("X-Trace", "session")}, nil, "X-Trace", "session"},
		{"fields where a Range is asked for", "http://a.test/", []requests.Option{requests.WithHeader("X-Trace", "session")}, []string{"Range: bytes=0-1"}, "X-Trace", "session"},
		{"but no coding of that range", "http://a.test/", nil, []string{"Range: bytes=0-1"}, "Accept-Encoding", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, ok)
			send(t, h.Session(t, tt.opts...).HTTPClient(), "GET", tt.url, nil, tt.fields...)
			assert.Equal(t, tt.want, h.Last(t).Header.Get(tt.field))
		})
	}
	t.Run("no body is no body", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		send(t, newSession(t).HTTPClient(), "POST", w.URL, http.NoBody)
		assert.Equal(t, "0", w.Last(t).Header.Get("Content-Length"))
		assert.Empty(t, w.Last(t).Header.Get("Transfer-Encoding"))
	})
	t.Run("no body is sent again with a challenge's answer", func(t *testing.T) {
		w := newReplies(t, reply(401, "", asks), reply(200, "in"))
		req := newHTTP(t, "POST", w.URL, nil)
		req.Body, req.GetBody = http.NoBody, nil
		resp, err := newSession(t, requests.WithAuth(new(waiting))).HTTPClient().Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, 200, resp.StatusCode)
	})
	t.Run("a body that can be had again is had again by what retries", func(t *testing.T) {
		w := newReplies(t, reply(503, ""), reply(200, "in"))
		retry := &adapters.Retry{Wait: -1, Methods: []string{"*"}}
		_, text := send(t, newSession(t, requests.WithMiddleware(retry.Wrap)).HTTPClient(), "POST", w.URL, strings.NewReader(content))
		assert.Equal(t, "in", text)
		assert.Equal(t, content, w.Last(t).Body)
	})
}

// Where a Host field of the session goes.
func TestHTTPClient_hostOfTheSession(t *testing.T) {
	base := requests.WithBaseURL("http://a.test/")
	for _, tt := range []struct {
		name, url, own string
		opts           []requests.Option
		plain          bool
		want           []string
	}{
		{"where the request has its URL's", "http://a.test/", "", nil, false, []string{"http://v.test/"}},
		{"at home", "http://a.test/", "", []requests.Option{base}, false, []string{"http://v.test/"}},
		{"not elsewhere", "http://b.test/", "", []requests.Option{base}, false, []string{"http://b.test/"}},
		{"not where the request has its own", "http://a.test/", "own.test", nil, false, []string{"http://own.test/"}},
		{"also after a redirect that stays", "http://a.test/stay", "", nil, false, []string{"http://v.test/stay", "http://v.test/"}},
		{"not after one that leaves", "http://a.test/leave", "", nil, false, []string{"http://v.test/leave", "http://b.test/"}},
		{"not where nothing is added", "http://a.test/", "", nil, true, []string{"http://a.test/"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/stay":
					http.Redirect(w, r, "http://a.test/", http.StatusFound)
				case "/leave":
					http.Redirect(w, r, "http://b.test/", http.StatusFound)
				}
			})
			s := h.Session(t, append(tt.opts, requests.WithHeader("Host", "v.test"))...)
			c := s.HTTPClient()
			if tt.plain {
				c = &http.Client{Transport: s.RoundTripper()}
			}
			req := newHTTP(t, "GET", tt.url, nil)
			if tt.own != "" {
				req.Host = tt.own
			}
			resp, err := c.Do(req)
			require.NoError(t, err)
			resp.Body.Close()
			assert.Equal(t, tt.want, h.URLs())
			assert.NotEqual(t, "v.test", req.Host, "the caller's request is the caller's")
		})
	}
}

// http.Client says in two ways that its time is over, of which one does not say
// why: adapters, hooks and layers are told of a timeout all the same.
func TestHTTPClient_timeoutAsItIsSeenBelow(t *testing.T) {
	for name, client := range map[string]func(*requests.Session) *http.Client{
		"HTTPClient": (*requests.Session).HTTPClient,
		"a client over RoundTripper": func(s *requests.Session) *http.Client {
			return &http.Client{Transport: s.RoundTripper(), Timeout: 3 * time.Second}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synced(t, func(t *testing.T) {
				var seen []error
				s := piped(t, func(c net.Conn) { said(c); c.Read(make([]byte, 1)) }, requests.WithTimeout(3*time.Second),
					requests.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
						return adapters.Func(func(r *http.Request) (*http.Response, error) {
							resp, err := next.RoundTrip(r)
							seen = append(seen, err)
							return resp, err
						})
					}))
				for range 50 {
					_, err := client(s).Get("http://api.test/")
					require.ErrorIs(t, err, context.DeadlineExceeded)
				}
				require.Len(t, seen, 50)
				for _, err := range seen {
					require.ErrorIs(t, err, context.DeadlineExceeded)
					require.NotErrorIs(t, err, requests.ErrConnection)
				}
			})
		})
	}
	t.Run("a channel without a deadline counts", func(t *testing.T) {
		synced(t, func(t *testing.T) {
			over := make(chan struct{})
			s := piped(t, func(c net.Conn) { said(c); c.Read(make([]byte, 1)) })
			req := newHTTP(t, "GET", "http://api.test/", nil)
			reflect.ValueOf(req).Elem().FieldByName("Cancel").Set(reflect.ValueOf((<-chan struct{})(over))) // which is deprecated
			time.AfterFunc(time.Second, func() { close(over) })
			start := time.Now()
			_, err := s.HTTPClient().Do(req)
			require.Error(t, err)
			assert.Equal(t, time.Second, time.Since(start))
		})
	})
}

// The rules of redirects, as http.Client asks for them.
func TestHTTPClient_CheckRedirect(t *testing.T) {
	location := func(n int) *http.Response {
		return &http.Response{Header: http.Header{"Location": {"/" + strings.Repeat("x", n-1)}}}
	}
	for _, tt := range []struct {
		name, from, to string
		change         func(*http.Request)
		is             error
	}{
		{"a request without content may go from https to http", "https://a.test/", "http://a.test/", nil, nil},
		{"content may not go from https to http", "https://a.test/", "http://a.test/", func(r *http.Request) { r.Body = new(watchedBody) }, requests.ErrInsecureRedirect},
		{"content of which only the length is known may not", "https://a.test/", "http://a.test/", func(r *http.Request) { r.ContentLength = 1 }, requests.ErrInsecureRedirect},
		{"http.NoBody is no content", "https://a.test/", "http://a.test/", func(r *http.Request) { r.Body = http.NoBody }, nil},
		{"content may go from https to https", "https://a.test/", "https://b.test/", func(r *http.Request) { r.Body = new(watchedBody) }, nil},
		{"content may go from http to http", "http://a.test/", "http://b.test/", func(r *http.Request) { r.Body = new(watchedBody) }, nil},
		{"a file is no place to go", "http://a.test/", "file:///etc/passwd", nil, requests.ErrNoAdapter},
		{"the longest Location", "http://a.test/", "http://a.test/x", func(r *http.Request) { r.Response = location(8 << 10) }, nil},
		{"a Location that is longer", "http://a.test/", "http://a.test/x", func(r *http.Request) { r.Response = location(8<<10 + 1) }, requests.ErrInvalidURL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := newHTTP(t, "GET", "http://placeholder.test/", nil)
			to, err := url.Parse(tt.to)
			require.NoError(t, err)
			req.URL = to
			if tt.change != nil {
				tt.change(req)
			}
			err = newSession(t).HTTPClient().CheckRedirect(req, []*http.Request{newHTTP(t, "GET", tt.from, nil)})
			if tt.is == nil {
				assert.NoError(t, err)
			} else {
				assert.ErrorIs(t, err, tt.is)
			}
		})
	}
}

func TestCookie_withADomainAndNoJar(t *testing.T) {
	h := newHosts(t, ok)
	_, err := h.Session(t, requests.WithCookieJar(nil)).Get(t.Context(), "http://a.test/",
		requests.WithCookie(&http.Cookie{Name: "own", Value: "1", Domain: "a.test"}))
	require.NoError(t, err)
	assert.Equal(t, "own=1", h.Last(t).Header.Get("Cookie"))
}

// The chain behind a request is the caller's: whatever it holds, it ends.
func TestHTTPClient_chainsThatAreNone(t *testing.T) {
	for name, behind := range map[string]func(*http.Request) *http.Response{
		"a response without a request": func(*http.Request) *http.Response { return new(http.Response) },
		"a request without a URL":      func(*http.Request) *http.Response { return &http.Response{Request: new(http.Request)} },
		"a loop":                       func(r *http.Request) *http.Response { return &http.Response{Request: r} },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHosts(t, ok)
			req := newHTTP(t, "GET", "http://a.test/", nil)
			req.Response = behind(req)
			resp, err := h.Session(t).HTTPClient().Transport.RoundTrip(req)
			require.NoError(t, err)
			resp.Body.Close()
			assert.Len(t, h.Arrivals(), 1)
		})
	}
}

// RoundTripper adds nothing of the session and decodes nothing.
func TestSession_RoundTripper_addsNothing(t *testing.T) {
	w := newReplies(t, reply(200, "coded", "Content-Encoding: gzip"))
	s := newSession(t, requests.WithBaseURL(w.URL), cookie("own", "1"), requests.WithHeader("X-Trace", "session"), requests.WithAuth(auth.Bearer("b")))
	req := newHTTP(t, "GET", w.URL, nil)
	req.Header.Set("User-Agent", "own")
	resp, err := s.RoundTripper().RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "coded", string(got))
	for _, name := range []string{"Cookie", "X-Trace", "Authorization"} {
		assert.Empty(t, w.Last(t).Header.Get(name), name)
	}
}

// A call that left its origin on the way and came back has lost its cookies
// for the pages that follow too.
func TestPages_lossOfCookiesIsSticky(t *testing.T) {
	h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Host + r.URL.Path {
		case "a.test/1":
			http.Redirect(w, r, "http://b.test/", http.StatusFound)
		case "b.test/":
			http.Redirect(w, r, "http://a.test/2", http.StatusFound)
		case "a.test/2":
			w.Header().Set("Link", `</3>; rel="next"`)
		}
	})
	for _, err := range requests.Pages(t.Context(), h.Session(t), "http://a.test/1", cookie("own", "1")) {
		require.NoError(t, err)
	}
	all := h.Arrivals()
	require.Len(t, all, 4)
	assert.Equal(t, "http://a.test/3", all[3].URL)
	for i, want := range []string{"own=1", "", "", ""} {
		assert.Equal(t, want, all[i].Header.Get("Cookie"), i)
	}
}

func TestInsecureRedirect_underAnyHTTPClient(t *testing.T) {
	for name, client := range map[string]func(*requests.Session) *http.Client{
		"a CheckRedirect of the caller": func(s *requests.Session) *http.Client {
			c := s.HTTPClient()
			c.CheckRedirect = func(*http.Request, []*http.Request) error { return nil }
			return c
		},
		"its transport":    func(s *requests.Session) *http.Client { return &http.Client{Transport: s.HTTPClient().Transport} },
		"the RoundTripper": func(s *requests.Session) *http.Client { return &http.Client{Transport: s.RoundTripper()} },
	} {
		t.Run(name, func(t *testing.T) {
			plain := ""
			s := answering(t, func(r *http.Request) *http.Response {
				b, _ := io.ReadAll(r.Body)
				if r.URL.Scheme == "http" {
					plain += string(b)
					return &http.Response{StatusCode: 200, Header: http.Header{}}
				}
				return &http.Response{StatusCode: 307, Header: http.Header{"Location": {"http://h.test/"}}}
			})
			_, err := client(s).Post("https://h.test/", "text/plain", strings.NewReader("secret"))
			require.ErrorIs(t, err, requests.ErrInsecureRedirect)
			assert.Empty(t, plain)
		})
	}
}
