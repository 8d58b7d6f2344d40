package requests_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
)

// send makes a request of net/http's and returns the response, its body read.
func send(t *testing.T, c *http.Client, method, url string, body io.Reader, fields ...string) (*http.Response, string) {
	t.Helper()
	resp, err := c.Do(newHTTP(t, method, url, body, fields...))
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(b)
}

func newHTTP(t *testing.T, method, url string, body io.Reader, fields ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	require.NoError(t, err)
	for _, f := range fields {
		k, v, _ := strings.Cut(f, ": ")
		req.Header.Add(k, v)
	}
	return req
}

func TestHTTPClient_defaults(t *testing.T) {
	s := func(h *hosts, opts ...requests.Option) *http.Client {
		return h.Session(t, append([]requests.Option{
			requests.WithHeader("User-Agent", "test/1"), requests.WithHeader("X-Trace", "session"), requests.WithAuth(auth.Bearer("session")),
			requests.WithBaseURL("http://a.test/v1/"), requests.WithParam("key", "value"), requests.WithMaxBody(1), requests.WithRaiseForStatus(true),
		}, opts...)...).HTTPClient()
	}
	for _, tt := range []struct {
		name, url string
		fields    []string
		arrives   map[string]string
	}{
		{"header and authentication of the session", "http://a.test/", nil,
			map[string]string{"User-Agent": "test/1", "X-Trace": "session", "Authorization": "Bearer session"}},
		{"a field of the request stands", "http://a.test/", []string{"X-Trace: own", "User-Agent: own"},
			map[string]string{"User-Agent": "own", "X-Trace": "own", "Authorization": "Bearer session"}},
		{"an Authorization of the request stands", "http://a.test/", []string{"Authorization: own"},
			map[string]string{"User-Agent": "test/1", "X-Trace": "session", "Authorization": "own"}},
		{"D65 none at another origin than the base URL's", "http://b.test/", nil,
			map[string]string{"User-Agent": "test/1", "X-Trace": "session"}},
		{"none for a URL signed for AWS", "http://a.test/?X-Amz-Signature=s", nil, map[string]string{"User-Agent": "test/1", "X-Trace": "session"}},
		{"none for a URL signed for Google", "http://a.test/?X-Goog-Signature=s", nil, map[string]string{"User-Agent": "test/1", "X-Trace": "session"}},
		{"none for a URL signed for Azure", "http://a.test/?sv=1&sig=s", nil, map[string]string{"User-Agent": "test/1", "X-Trace": "session"}},
		{"none for a URL signed in the older way", "http://a.test/?AWSAccessKeyId=k&Signature=s", nil, map[string]string{"User-Agent": "test/1", "X-Trace": "session"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(404)
				io.WriteString(w, "long content")
			})
			resp, body := send(t, s(h), "GET", tt.url, nil, tt.fields...)
			assert.Equal(t, 404, resp.StatusCode, "a status is no error")
			assert.Equal(t, "long content", body, "MaxBody does not apply")
			assert.Equal(t, tt.url, h.Last(t).URL, "neither base URL nor params")
			assert.Equal(t, tt.arrives, pick(h.Last(t).Header, []string{"User-Agent", "X-Trace", "Authorization"}))
		})
	}
	t.Run("R77 the session's authenticator is above its Authorization header", func(t *testing.T) {
		h := newHosts(t, ok)
		send(t, s(h, requests.WithHeader("Authorization", "field")), "GET", "http://a.test/", nil)
		assert.Equal(t, "Bearer session", h.Last(t).Header.Get("Authorization"))
	})
	t.Run("a signed URL does not get its Authorization header either", func(t *testing.T) {
		h := newHosts(t, ok)
		send(t, s(h, requests.WithHeader("Authorization", "field")), "GET", "http://a.test/?X-Amz-Signature=s", nil)
		assert.NotContains(t, h.Last(t).Header, "Authorization")
	})
	t.Run("a redirect to an origin that auth.For names", func(t *testing.T) {
		h := newHosts(t, redirectOnce(302, "http://b.test/end"))
		a := auth.First(auth.For("http://b.test", auth.Bearer("of-b")), auth.Bearer("of-a"))
		send(t, h.Session(t, requests.WithAuth(a)).HTTPClient(), "GET", "http://a.test/start", nil)
		assert.Equal(t, "Bearer of-a", h.Arrivals()[0].Header.Get("Authorization"))
		assert.Equal(t, "Bearer of-b", h.Last(t).Header.Get("Authorization"))
	})
	t.Run("the request is as it was", func(t *testing.T) {
		h := newHosts(t, ok)
		req := newHTTP(t, "GET", "http://a.test/", nil)
		resp, err := s(h).Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Empty(t, req.Header)
	})
	t.Run("None of the session sends nothing", func(t *testing.T) {
		h := newHosts(t, ok)
		send(t, s(h, requests.WithoutAuth()), "GET", "http://a.test/", nil)
		assert.NotContains(t, h.Last(t).Header, "Authorization")
	})
	t.Run("an Update is seen by the client", func(t *testing.T) {
		h := newHosts(t, ok)
		session := h.Session(t)
		c := session.HTTPClient()
		require.NoError(t, session.Update(requests.WithHeader("X-Trace", "new")))
		send(t, c, "GET", "http://a.test/", nil)
		assert.Equal(t, "new", h.Last(t).Header.Get("X-Trace"))
	})
	t.Run("every call returns a new client", func(t *testing.T) {
		session := newSession(t)
		assert.NotSame(t, session.HTTPClient(), session.HTTPClient())
		assert.Nil(t, session.HTTPClient().Jar)
	})
}

// What http.Client keeps on a redirect is taken away where the rule says so;
// see originTests.
func TestHTTPClient_origin(t *testing.T) {
	planted := []string{"Authorization: Bearer planted", "Cookie: own=planted", "X-Api-Key: planted", "X-Marked: planted", "X-Set-By-Auth: planted", "X-Trace: 42", "User-Agent: test/1"}
	for _, tt := range originTests {
		t.Run(tt.name+"/set by the caller", func(t *testing.T) {
			if strings.Contains(tt.to, "A.TEST") {
				t.Skip("http.Client takes a host in another case for another, and keeps less")
			}
			h := newHosts(t, redirectOnce(307, tt.to))
			s := h.Session(t, requests.WithSecretHeader("X-Marked", "session's"))
			send(t, s.HTTPClient(), "GET", tt.from, nil, planted...)
			all := h.Arrivals()
			require.Len(t, all, 2)
			assert.Equal(t, everything, pick(all[0].Header, credentialNames))
			assert.Equal(t, tt.arrives, pick(all[1].Header, credentialNames))
			assert.NotContains(t, all[1].Header, "Referer")
		})
		t.Run(tt.name+"/set by the session", func(t *testing.T) {
			h := newHosts(t, redirectOnce(307, tt.to))
			s := h.Session(t, requests.WithHeader("User-Agent", "test/1"), requests.WithHeader("X-Trace", "42"), requests.WithHeader("X-Api-Key", "planted"),
				requests.WithSecretHeader("X-Marked", "planted"), requests.WithAuth(auth.Func(func(r *http.Request) error {
					r.Header.Set("Authorization", "Bearer planted")
					r.Header.Set("X-Set-By-Auth", "planted")
					return nil
				})))
			send(t, s.HTTPClient(), "GET", tt.from, nil)
			all := h.Arrivals()
			require.Len(t, all, 2)
			want := map[string]string{}
			for k, v := range tt.arrives {
				if k != "Cookie" {
					want[k] = v
				}
			}
			assert.Equal(t, want, pick(all[1].Header, credentialNames))
		})
	}
}

func TestHTTPClient_lossIsSticky(t *testing.T) {
	h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
		if to := map[string]string{"a.test/1": "http://sub.a.test/2", "sub.a.test/2": "http://a.test/3", "a.test/3": "http://a.test/4"}[r.Host+r.URL.Path]; to != "" {
			w.Header().Set("Location", to)
			w.WriteHeader(307)
		}
	})
	s := h.Session(t, requests.WithAuth(auth.Header("X-Plain", "planted")))
	send(t, s.HTTPClient(), "GET", "http://a.test/1", nil, "X-Api-Key: planted")
	all := h.Arrivals()
	require.Len(t, all, 4)
	for _, a := range all[1:] {
		assert.NotContains(t, a.Header, "X-Api-Key", a.URL)
		assert.NotContains(t, a.Header, "X-Plain", a.URL)
	}
}

func TestHTTPClient_userinfoOfALocation(t *testing.T) {
	h := newHosts(t, redirectOnce(302, "http://x:y@b.test/end"))
	send(t, h.Session(t).HTTPClient(), "GET", "http://a.test/start", nil)
	assert.NotContains(t, h.Last(t).Header, "Authorization", "R132")
}

func TestHTTPClient_redirects(t *testing.T) {
	forever := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Path+"x")
		w.WriteHeader(302)
	}
	for _, tt := range []struct {
		name     string
		opts     []requests.Option
		requests int
		is       error
	}{
		{"the session's limit", []requests.Option{requests.WithMaxRedirects(2)}, 3, requests.ErrTooManyRedirects},
		{"30 by default", nil, 31, requests.ErrTooManyRedirects},
		{"none", []requests.Option{requests.WithoutRedirects()}, 1, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, forever)
			resp, err := h.Session(t, tt.opts...).HTTPClient().Do(newHTTP(t, "GET", "http://a.test/", nil))
			require.ErrorIs(t, err, tt.is)
			if resp != nil {
				resp.Body.Close()
			}
			assert.Len(t, h.Arrivals(), tt.requests)
		})
	}
	for _, location := range []string{"file:///etc/passwd", "data:,hello", "http+unix://%2Frun%2Fx/y", "my://x/"} {
		t.Run("D54 not to "+location, func(t *testing.T) {
			asked := 0
			trap := adapters.Func(func(r *http.Request) (*http.Response, error) {
				asked++
				return answered(200, "trapped"), nil
			})
			h := newHosts(t, redirectOnce(302, location))
			s := h.Session(t, requests.WithAdapter("file://", trap), requests.WithAdapter("data:", trap), requests.WithAdapter("http+unix://", trap), requests.WithAdapter("my://", trap))
			c := s.HTTPClient()
			_, err := c.Do(newHTTP(t, "GET", "http://a.test/start", nil))
			require.Error(t, err)
			c.CheckRedirect = nil
			_, err = c.Do(newHTTP(t, "GET", "http://a.test/start", nil))
			require.Error(t, err, "nor when the caller has rules of its own")
			assert.Zero(t, asked)
		})
	}
	t.Run("D53 a body is not sent again without encryption", func(t *testing.T) {
		h := newHosts(t, redirectOnce(307, "http://a.test/end"))
		_, err := h.Session(t).HTTPClient().Do(newHTTP(t, "POST", "https://a.test/start", strings.NewReader("planted")))
		require.ErrorIs(t, err, requests.ErrInsecureRedirect)
		assert.Len(t, h.Arrivals(), 1)
	})
	t.Run("D59 a Location is bounded", func(t *testing.T) {
		h := newHosts(t, redirectOnce(302, "/"+strings.Repeat("x", 8<<10)))
		_, err := h.Session(t).HTTPClient().Do(newHTTP(t, "GET", "http://a.test/start", nil))
		require.ErrorIs(t, err, requests.ErrInvalidURL)
	})
	t.Run("a body goes along after 307", func(t *testing.T) {
		h := newHosts(t, redirectOnce(307, "/end"))
		send(t, h.Session(t).HTTPClient(), "POST", "http://a.test/start", strings.NewReader(content))
		assert.Equal(t, "POST", h.Last(t).Method)
		assert.Equal(t, content, h.Last(t).Body)
	})
}

func TestHTTPClient_cookies(t *testing.T) {
	h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/start" {
			http.SetCookie(w, &http.Cookie{Name: "s", Value: "1", Path: "/"})
			w.Header().Set("Location", "/end")
			w.WriteHeader(302)
		}
	})
	s := h.Session(t)
	send(t, s.HTTPClient(), "GET", "http://a.test/start", nil)
	assert.Equal(t, "s=1", h.Last(t).Header.Get("Cookie"), "in and out with every exchange")
	assert.Equal(t, 1, s.Cookies().Len())
	send(t, s.HTTPClient(), "GET", "http://a.test/end", nil, "Cookie: own=1")
	assert.Equal(t, []string{"own=1"}, h.Last(t).Header["Cookie"], "a field of the caller's stands alone")
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func TestHTTPClient_contentCoding(t *testing.T) {
	coded := zipped(t, content)
	for _, tt := range []struct {
		name    string
		fields  []string
		body    string
		coding  string
		accepts []string
	}{
		{"decoded by default", nil, content, "", []string{"gzip, deflate, br, zstd"}},
		{"as it comes when the caller names codings", []string{"Accept-Encoding: gzip"}, coded, "gzip", []string{"gzip"}},
		{"as it comes when the caller asks for a range", []string{"Range: bytes=0-"}, coded, "gzip", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				io.WriteString(w, coded)
			})
			resp, body := send(t, h.Session(t).HTTPClient(), "GET", "http://a.test/", nil, tt.fields...)
			assert.Equal(t, tt.body, body)
			assert.Equal(t, tt.coding, resp.Header.Get("Content-Encoding"))
			assert.Equal(t, tt.coding == "", resp.Uncompressed)
			assert.Equal(t, tt.accepts, h.Last(t).Header["Accept-Encoding"])
		})
	}
	t.Run("a HEAD has nothing to decode", func(t *testing.T) {
		w := newReplies(t, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n")
		resp, body := send(t, newSession(t).HTTPClient(), "HEAD", w.URL, nil)
		assert.Empty(t, body)
		assert.Equal(t, int64(9), resp.ContentLength)
	})
	t.Run("a fault in the coding is told", func(t *testing.T) {
		w := newReplies(t, reply(200, coded[:len(coded)-9], "Content-Encoding: gzip"))
		resp, err := newSession(t).HTTPClient().Do(newHTTP(t, "GET", w.URL, nil))
		require.NoError(t, err)
		defer resp.Body.Close()
		_, err = io.ReadAll(resp.Body)
		require.ErrorIs(t, err, requests.ErrContentDecoding)
	})
}

func TestHTTPClient_streams(t *testing.T) {
	pieces := make(chan string, 1)
	h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
		for piece := range pieces {
			io.WriteString(w, piece)
			w.(http.Flusher).Flush()
		}
	})
	pieces <- "first"
	resp, err := h.Session(t).HTTPClient().Do(newHTTP(t, "GET", "http://a.test/", nil))
	require.NoError(t, err, "the header is there before the end of the content")
	defer resp.Body.Close()
	got := make([]byte, 5)
	_, err = io.ReadFull(resp.Body, got)
	require.NoError(t, err)
	assert.Equal(t, "first", string(got))
	pieces <- "second"
	close(pieces)
	rest, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "second", string(rest))
}

func TestHTTPClient_uploadsOnce(t *testing.T) {
	for _, tt := range []struct {
		name string
		body func(t *testing.T) io.Reader
	}{
		{"a reader of known length", func(*testing.T) io.Reader { return strings.NewReader(content) }},
		{"a reader of unknown length", func(*testing.T) io.Reader { return onlyReader{strings.NewReader(content)} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			body := &watchedBody{Reader: tt.body(t)}
			req := newHTTP(t, "PUT", w.URL, tt.body(t))
			length := req.ContentLength
			req.Body, req.GetBody = body, nil
			resp, err := newSession(t).HTTPClient().Do(req)
			require.NoError(t, err)
			resp.Body.Close()
			assert.Equal(t, content, w.Last(t).Body)
			assert.Len(t, w.Requests(), 1)
			assert.True(t, body.isClosed())
			if length > 0 {
				assert.Equal(t, "24", w.Last(t).Header.Get("Content-Length"))
			}
		})
	}
	t.Run("the body is closed when nothing is sent", func(t *testing.T) {
		s := newSession(t)
		c := s.HTTPClient()
		require.NoError(t, s.Close())
		body := &watchedBody{Reader: strings.NewReader(content)}
		_, err := c.Do(newHTTP(t, "PUT", "http://a.test/", body))
		require.ErrorIs(t, err, requests.ErrSessionClosed)
		assert.True(t, body.isClosed())
	})
	t.Run("the body is closed when a hook answers", func(t *testing.T) {
		body := &watchedBody{Reader: strings.NewReader(content)}
		s := newSession(t, requests.WithHooks(sendHook(func(e *requests.Exchange) error { e.Response = answered(200, "hook"); return nil })))
		_, text := send(t, s.HTTPClient(), "PUT", "http://nowhere.invalid/", body)
		assert.Equal(t, "hook", text)
		assert.True(t, body.isClosed())
	})
}

// watchedBody knows whether it was closed.
type watchedBody struct {
	io.Reader
	mu     sync.Mutex // guards closed
	closed bool
}

func (b *watchedBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}

func (b *watchedBody) isClosed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

func TestHTTPClient_challenge(t *testing.T) {
	t.Run("is answered where GetBody allows it", func(t *testing.T) {
		w := newReplies(t, reply(401, "", asks), reply(200, "in"))
		_, text := send(t, newSession(t, requests.WithAuth(new(waiting))).HTTPClient(), "POST", w.URL, strings.NewReader(content))
		assert.Equal(t, "in", text)
		assert.Equal(t, content, w.Last(t).Body)
		assert.Equal(t, "Test 1", w.Last(t).Header.Get("Authorization"))
	})
	t.Run("is returned where it does not", func(t *testing.T) {
		w := newReplies(t, reply(401, "who", asks), reply(200, "in"))
		resp, text := send(t, newSession(t, requests.WithAuth(new(waiting))).HTTPClient(), "POST", w.URL, onlyReader{strings.NewReader(content)})
		assert.Equal(t, 401, resp.StatusCode)
		assert.Equal(t, "who", text)
		assert.Len(t, w.Requests(), 1)
	})
	t.Run("draws nothing out elsewhere", func(t *testing.T) {
		h := newHosts(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/start" {
				http.Redirect(w, r, "http://sub.a.test/end", http.StatusTemporaryRedirect)
				return
			}
			w.Header().Set("Www-Authenticate", "Test n=1")
			w.WriteHeader(401)
		})
		resp, _ := send(t, h.Session(t, requests.WithAuth(new(waiting))).HTTPClient(), "GET", "http://a.test/start", nil)
		assert.Equal(t, 401, resp.StatusCode)
		assert.Len(t, h.Arrivals(), 2)
	})
}

func TestHTTPClient_hooks(t *testing.T) {
	h := newHosts(t, redirectOnce(302, "/end"))
	var j journal
	c := h.Session(t, requests.WithHooks(j.hooks("session"))).HTTPClient()
	send(t, c, "GET", "http://a.test/start", nil)
	assert.Equal(t, []string{"session send 1 /start", "session response 1 302", "session send 1 /end", "session response 1 200"}, j.lines,
		"those of an exchange, not those of a call; every RoundTrip is one exchange")
}

func TestHTTPClient_closeIdleConnectionsIsNotIts(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	s := newSession(t)
	c := s.HTTPClient()
	send(t, c, "GET", w.URL, nil)
	c.CloseIdleConnections()
	var reused bool
	req := newHTTP(t, "GET", w.URL, nil)
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }}))
	resp, err := c.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	assert.True(t, reused)
	assert.Equal(t, 1, w.Accepted())
}

func TestHTTPClient_proxy(t *testing.T) {
	h := newHosts(t, ok)
	p := newProxy(t, h)
	send(t, h.Session(t, requests.WithProxy(p.URL)).HTTPClient(), "GET", "http://a.test/x", nil)
	assert.Equal(t, []string{"GET http://a.test/x"}, p.Lines())
	t.Setenv("http_proxy", p.URL)
	send(t, h.Session(t).HTTPClient(), "GET", "http://a.test/y", nil)
	assert.Len(t, p.Lines(), 2, "the environment's too")
}

func TestHTTPClient_headersAreNotTheSessions(t *testing.T) {
	w := newReplies(t, reply(200, ""), reply(200, ""))
	s := newSession(t, requests.WithHeader("X-Own", "own"))
	r, err := s.HTTPClient().Get(w.URL)
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	r.Request.Header["X-Own"][0], r.Request.Header["Accept"][0] = "***", "***"
	_, err = s.Get(t.Context(), w.URL)
	require.NoError(t, err)
	assert.Equal(t, []string{"own"}, w.Last(t).Header.Values("X-Own"))
	assert.Equal(t, []string{"*/*"}, w.Last(t).Header.Values("Accept"))
}

func TestHTTPClient_userAgentsAsNetHTTPHasThem(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	r, err := http.NewRequest("GET", w.URL, nil)
	require.NoError(t, err)
	r.Header["User-Agent"] = []string{"one", "two"}
	resp, err := newSession(t).HTTPClient().Do(r)
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, []string{"one"}, w.Last(t).Header.Values("User-Agent"), "as net/http does")
}
