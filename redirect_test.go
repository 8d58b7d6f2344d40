package requests_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

func TestRedirect_isRedirect(t *testing.T) {
	for _, tt := range []struct {
		name                string
		status              int
		header              http.Header
		redirect, permanent bool
	}{
		{"R110 301 with a Location", 301, http.Header{"Location": {"/x"}}, true, true},
		{"R110 302 with a Location", 302, http.Header{"Location": {"/x"}}, true, false},
		{"R110 303 with a Location", 303, http.Header{"Location": {"/x"}}, true, false},
		{"R110 307 with a Location", 307, http.Header{"Location": {"/x"}}, true, false},
		{"R110 308 with a Location", 308, http.Header{"Location": {"/x"}}, true, true},
		{"R110 without a Location", 302, http.Header{}, false, false},
		{"R111 with an empty Location", 302, http.Header{"Location": {""}}, true, false},
		{"R110 300 is none", 300, http.Header{"Location": {"/x"}}, false, false},
		{"R110 304 is none", 304, http.Header{"Location": {"/x"}}, false, false},
		{"R110 305 is none", 305, http.Header{"Location": {"/x"}}, false, false},
		{"R110 201 is none", 201, http.Header{"Location": {"/x"}}, false, false},
		{"R110 200 is none", 200, http.Header{"Location": {"/x"}}, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &requests.Response{Response: &http.Response{StatusCode: tt.status, Header: tt.header}}
			assert.Equal(t, tt.redirect, r.IsRedirect())
			assert.Equal(t, tt.permanent, r.IsPermanentRedirect())
		})
	}
}

func TestRedirect_notFollowed(t *testing.T) {
	for _, tt := range []struct{ name, reply string }{
		{"R110 302 without a Location", reply(302, "here")},
		{"R111 an empty Location", reply(302, "here", "Location:")},
		{"R111 a Location of white space", reply(302, "here", "Location:   ")},
		{"R110 300", reply(300, "here", "Location: /x")},
		{"R110 305", reply(305, "here", "Location: /x")},
		{"R110 201", reply(201, "here", "Location: /x")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newReplies(t, tt.reply)
			resp, err := newSession(t).Get(t.Context(), w.URL)
			require.NoError(t, err)
			assert.Equal(t, "here", resp.Text())
			assert.Empty(t, resp.History)
			assert.Nil(t, resp.Next())
			assert.Len(t, w.Requests(), 1)
		})
	}
}

func TestRedirect_method(t *testing.T) {
	for _, tt := range []struct {
		method string
		status int
		next   string
		body   string
	}{
		{"GET", 301, "GET", ""}, {"GET", 302, "GET", ""}, {"GET", 303, "GET", ""}, {"GET", 307, "GET", "content"}, {"GET", 308, "GET", "content"},
		{"POST", 301, "GET", ""}, {"POST", 302, "GET", ""}, {"POST", 303, "GET", ""}, {"POST", 307, "POST", "content"}, {"POST", 308, "POST", "content"},
		{"PUT", 301, "PUT", ""}, {"PUT", 302, "GET", ""}, {"PUT", 303, "GET", ""}, {"PUT", 307, "PUT", "content"}, {"PUT", 308, "PUT", "content"},
		{"PATCH", 301, "PATCH", ""}, {"PATCH", 302, "GET", ""}, {"PATCH", 303, "GET", ""}, {"PATCH", 307, "PATCH", "content"}, {"PATCH", 308, "PATCH", "content"},
		{"DELETE", 301, "DELETE", ""}, {"DELETE", 302, "GET", ""}, {"DELETE", 303, "GET", ""}, {"DELETE", 307, "DELETE", "content"}, {"DELETE", 308, "DELETE", "content"},
		{"OPTIONS", 301, "OPTIONS", ""}, {"OPTIONS", 302, "GET", ""}, {"OPTIONS", 303, "GET", ""}, {"OPTIONS", 307, "OPTIONS", "content"}, {"OPTIONS", 308, "OPTIONS", "content"},
		{"HEAD", 301, "HEAD", ""}, {"HEAD", 302, "HEAD", ""}, {"HEAD", 303, "HEAD", ""}, {"HEAD", 307, "HEAD", "content"}, {"HEAD", 308, "HEAD", "content"},
		{"QUERY", 301, "QUERY", "content"}, {"QUERY", 302, "QUERY", "content"}, {"QUERY", 303, "GET", ""}, {"QUERY", 308, "QUERY", "content"},
		{"FOO", 301, "FOO", ""}, {"FOO", 302, "GET", ""}, {"FOO", 307, "FOO", "content"},
	} {
		t.Run("R112 "+tt.method+" after "+strconv.Itoa(tt.status), func(t *testing.T) {
			w := newWire(t, func(r wireRequest) string {
				if r.Number == 1 {
					return reply(tt.status, "", "Location: /end")
				}
				return reply(200, "")
			})
			_, err := newSession(t).Request(t.Context(), tt.method, w.URL+"/start",
				requests.WithBody("content"), requests.WithHeader("Content-Type", "text/plain"), requests.WithHeader("Content-Language", "en"),
				requests.WithMaxRedirects(5))
			require.NoError(t, err)
			all := w.Requests()
			require.Len(t, all, 2)
			assert.Equal(t, tt.next, all[1].Method())
			assert.Equal(t, tt.body, all[1].Body)
			assert.Equal(t, "en", all[1].Header.Get("Content-Language"), "R113 other fields stay")
			if tt.body == "" {
				assert.NotContains(t, all[1].Header, "Content-Type", "R113")
				assert.NotContains(t, all[1].Header, "Transfer-Encoding", "R113")
			} else {
				assert.Equal(t, "text/plain", all[1].Header.Get("Content-Type"))
			}
		})
	}
}

func TestRedirect_location(t *testing.T) {
	for _, tt := range []struct{ name, start, location, target, fragment string }{
		{"R114 an absolute path", "/a/b/c", "/x", "/x", ""},
		{"R114 a relative path", "/a/b/c", "x", "/a/b/x", ""},
		{"R114 dot segments", "/a/b/c", "../x", "/a/x", ""},
		{"R114 a dot segment before others", "/a/b/c", "./../x", "/a/x", ""},
		{"R114 above the root", "/a", "../../../x", "/x", ""},
		{"R114 a relative path in a directory", "/a/b/", "x", "/a/b/x", ""},
		{"R114 a dot in a directory", "/a/b/?q", ".", "/a/b/", ""},
		{"R114 dots in a directory", "/a/b/", "..", "/a/", ""},
		{"R114 a dot segment within, in a directory", "/a/b/", "x/./y/../z", "/a/b/x/z", ""},
		{"R114 a dot segment at the end, in a directory", "/a/b/", "x/.", "/a/b/x/", ""},
		{"R114 a name that begins with a dot, in a directory", "/a/b/", ".x/..y", "/a/b/.x/..y", ""},
		{"R114 a directory with an escaped slash", "/a%2Fb/", "c", "/a%2Fb/c", ""},
		{"R114 an escaped slash in a directory", "/a/b/", "c%2Fd", "/a/b/c%2Fd", ""},
		{"R114 signs in a directory stay as they are", "/a/b/", "!(*)", "/a/b/!(*)", ""},
		{"R114 signs at the root stay as they are", "/?q", "!(*)", "/!(*)", ""},
		{"R114 a query only", "/a/b?old=1", "?new=2", "/a/b?new=2", ""},
		{"R114 the same scheme without a host is relative", "/a/b", "http:x", "/a/x", ""},
		{"R114 the same scheme without a host and an absolute path", "/a/b", "HTTP:/x", "/x", ""},
		{"R114 the same scheme and an empty host", "/a/b", "http:///x?q", "/x?q", ""},
		{"R114 an empty host alone", "/a/b", "///x", "/x", ""},
		{"R114 an empty host and nothing else", "/a/b?q", "//#f", "/a/b?q", "f"},
		{"R114 leading spaces are ignored", "/a/b", "   /x", "/x", ""},
		{"R115 a space is escaped", "/a", "/a b", "/a%20b", ""},
		{"R115 UTF-8 is escaped", "/a", "/caf\u00e9?q=\u00e9", "/caf%C3%A9?q=%C3%A9", ""},
		{"D10 bytes that are no UTF-8 are escaped as they are", "/a", "/caf\xe9", "/caf%E9", ""},
		{"R115 escapes are normalised", "/a", "/%7euser/%2f%c3%a9", "/~user/%2F%C3%A9", ""},
		{"R115 a stray percent sign", "/a", "/100%", "/100%25", ""},
		{"R116 a fragment is inherited", "/a#f", "/b", "/b", "f"},
		{"R116 a fragment of its own", "/a#f", "/b#g", "/b", "g"},
		{"R116 an empty fragment of its own", "/a#f", "/b#", "/b", ""},
		{"R117 the session's params are not added again", "/a?k=v", "/b?x=1", "/b?x=1", ""},
		{"repeated slashes stay", "/a", "/b//c", "/b//c", ""},
		{"a backslash is data of the path", "/a", `/b\c`, "/b%5Cc", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWire(t, func(r wireRequest) string {
				if r.Number == 1 {
					return redirectTo(302, tt.location)
				}
				return reply(200, "")
			})
			s := newSession(t)
			resp, err := s.Get(t.Context(), w.URL+tt.start)
			require.NoError(t, err)
			assert.Equal(t, "GET "+tt.target+" HTTP/1.1", w.Last(t).Line)
			assert.Equal(t, tt.fragment, resp.Request.URL.Fragment)
			assert.Len(t, w.Requests(), 2)
		})
	}
}

func TestRedirect_locationNames(t *testing.T) {
	for _, tt := range []struct{ name, from, location, url string }{
		{"R114 a host without a scheme takes the response's", "https://a.test/start", "//b.test/x", "https://b.test/x"},
		{"R114 another scheme with a host", "https://a.test/start", "http://b.test/x", "http://b.test/x"},
		{"D11 a name outside ASCII is encoded", "http://a.test/start", "http://b\u00fccher.test/x", "http://xn--bcher-kva.test/x"},
		{"D11 a host in capitals is lowered", "http://a.test/start", "HTTP://B.Test/x", "http://b.test/x"},
		{"an empty path is the root", "http://a.test/start", "http://b.test", "http://b.test/"},
		{"a backslash ends the host", "http://a.test/start", `http://b.test\@c.test/x`, "http://b.test/%5C@c.test/x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, redirectOnce(302, tt.location))
			_, err := h.Session(t).Get(t.Context(), tt.from)
			require.NoError(t, err)
			assert.Equal(t, tt.url, h.Last(t).URL)
		})
	}
}

func TestRedirect_refusedLocation(t *testing.T) {
	for _, tt := range []struct {
		name, location string
		is             error
	}{
		{"R114 another scheme without a host", "https:x", requests.ErrInvalidURL},
		{"R125 a port without a host", "http://:80/", requests.ErrInvalidURL},
		{"R125 another scheme with an empty host", "https:///x", requests.ErrInvalidURL},
		{"no host comes of more slashes", "////b.test/x", requests.ErrInvalidURL},
		{"a port that is none", "http://a.test:99999/", requests.ErrInvalidURL},
		{"a space in the host", "http://a b.test/", requests.ErrInvalidURL},
		{"an escape in the host", "http://a%2eb.test/", requests.ErrInvalidURL},
		{"R125 mailto", "mailto:x@a.test", requests.ErrNoAdapter},
		{"D54 file", "file:///etc/passwd", requests.ErrNoAdapter},
		{"D54 data", "data:,hello", requests.ErrNoAdapter},
		{"D54 a unix socket", "http+unix://%2Frun%2Fx/y", requests.ErrNoAdapter},
		{"D54 a scheme of its own", "my://x/", requests.ErrNoAdapter},
		{"D59 longer than 8 kB", "/" + strings.Repeat("x", 8<<10), requests.ErrInvalidURL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			trap := adapters.Func(func(r *http.Request) (*http.Response, error) {
				asked++
				return &http.Response{StatusCode: 200, Request: r}, nil
			})
			w := newReplies(t, redirectTo(302, tt.location))
			s := newSession(t, requests.WithAdapter("mailto:", trap), requests.WithAdapter("file://", trap), requests.WithAdapter("data:", trap),
				requests.WithAdapter("http+unix://", trap), requests.WithAdapter("my://", trap))
			_, err := s.Get(t.Context(), w.URL)
			require.ErrorIs(t, err, tt.is)
			assert.Zero(t, asked)
			assert.Len(t, w.Requests(), 1)

			resp, err := s.Get(t.Context(), w.URL, requests.WithoutRedirects())
			require.NoError(t, err, "D29 nothing is wrong when redirects are not followed")
			assert.Equal(t, 302, resp.StatusCode)
			assert.Nil(t, resp.Next())
		})
	}
}

func TestRedirect_longestLocation(t *testing.T) {
	location := "/" + strings.Repeat("x", 8<<10-1)
	w := newReplies(t, redirectTo(302, location), reply(200, ""))
	_, err := newSession(t).Get(t.Context(), w.URL)
	require.NoError(t, err)
	assert.Equal(t, location, w.Last(t).Target())
}

func TestRedirect_firstLocationCounts(t *testing.T) {
	w := newReplies(t, reply(302, "", "Location: /a", "Location: /b"), reply(200, ""))
	_, err := newSession(t).Get(t.Context(), w.URL)
	require.NoError(t, err)
	assert.Equal(t, "/a", w.Last(t).Target(), "D12")
}

func TestRedirect_limit(t *testing.T) {
	forever := func(r wireRequest) string { return redirectTo(302, "/"+strconv.Itoa(r.Number)) }
	for _, tt := range []struct {
		name     string
		session  int
		call     int
		requests int
	}{
		{"R119 of the call", 0, 2, 3},
		{"R119 of the session", 2, 0, 3},
		{"the call's over the session's", 1, 3, 4},
		{"R2 30 by default", 0, 0, 31},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWire(t, forever)
			_, err := newSession(t, requests.WithMaxRedirects(tt.session)).Get(t.Context(), w.URL+"/start", requests.WithMaxRedirects(tt.call))
			require.ErrorIs(t, err, requests.ErrTooManyRedirects)
			assert.Len(t, w.Requests(), tt.requests)
			var e *requests.Error
			require.ErrorAs(t, err, &e)
			require.NotNil(t, e.Response, "R119 the last redirect")
			assert.Equal(t, 302, e.Response.StatusCode)
			assert.Len(t, e.Response.History, tt.requests-1)
			assert.Equal(t, "moved", e.Response.Text())
			assert.Equal(t, w.Last(t).Target(), e.Response.Request.URL.Path)
		})
	}
	t.Run("D29 exactly as many as allowed is no error", func(t *testing.T) {
		w := newReplies(t, redirectTo(302, "/1"), redirectTo(302, "/2"), reply(200, "end"))
		resp, err := newSession(t).Get(t.Context(), w.URL, requests.WithMaxRedirects(2))
		require.NoError(t, err)
		assert.Equal(t, "end", resp.Text())
	})
}

func TestRedirect_loop(t *testing.T) {
	for _, tt := range []struct {
		name     string
		script   func(wireRequest) string
		requests int
		loops    bool
	}{
		{"D59 to itself", func(wireRequest) string { return redirectTo(302, "/") }, 1, true},
		{"D59 by a fragment", func(wireRequest) string { return redirectTo(302, "#x") }, 2, true},
		{"D59 by an empty fragment", func(wireRequest) string { return redirectTo(302, "#") }, 1, true},
		{"R2 by ever new fragments", func(r wireRequest) string { return redirectTo(302, "#"+strconv.Itoa(r.Number)) }, 31, true},
		{"R114 a fragment makes it another URL", func(r wireRequest) string {
			if r.Number == 1 {
				return redirectTo(302, "#x")
			}
			return reply(200, "")
		}, 2, false},
		{"D59 between two", func(r wireRequest) string {
			return redirectTo(302, map[string]string{"/": "/x", "/x": "/"}[r.Target()])
		}, 2, true},
		{"a cookie makes it another request", func(r wireRequest) string {
			if r.Header.Get("Cookie") == "" {
				return redirectTo(302, "/", "Set-Cookie: seen=1")
			}
			return reply(200, "")
		}, 2, false},
		{"a cookie that stays the same does not", func(wireRequest) string { return redirectTo(302, "/", "Set-Cookie: seen=1") }, 2, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWire(t, tt.script)
			_, err := newSession(t).Get(t.Context(), w.URL+"/")
			assert.Equal(t, tt.loops, errors.Is(err, requests.ErrTooManyRedirects), "%v", err)
			assert.Len(t, w.Requests(), tt.requests)
		})
	}
	t.Run("another method makes it another request", func(t *testing.T) {
		w := newWire(t, func(r wireRequest) string {
			if r.Method() == "POST" {
				return redirectTo(303, "/")
			}
			return reply(200, "")
		})
		_, err := newSession(t).Post(t.Context(), w.URL+"/", requests.WithBody("x"))
		require.NoError(t, err)
	})
}

func TestRedirect_history(t *testing.T) {
	w := newReplies(t, redirectTo(301, "/1"), reply(302, "junk", "Location: /2", "Content-Encoding: gzip"), redirectTo(307, "/3"), reply(200, "end"))
	resp, err := newSession(t).Get(t.Context(), w.URL+"/0")
	require.NoError(t, err)
	require.Len(t, resp.History, 3)
	for i, status := range []int{301, 302, 307} {
		assert.Equal(t, status, resp.History[i].StatusCode)
		assert.Len(t, resp.History[i].History, i, "R120 the earlier ones")
		assert.Equal(t, "/"+strconv.Itoa(i), resp.History[i].Request.URL.Path)
		assert.Nil(t, resp.History[i].Next(), "R121")
	}
	assert.Equal(t, "moved", resp.History[0].Text(), "R120 the content is there")
	assert.Empty(t, resp.History[1].Text(), "R120 what cannot be decoded does not end the chain")
	assert.ErrorIs(t, resp.History[1].Err(), requests.ErrContentDecoding)
	assert.Equal(t, "end", resp.Text())
	assert.Nil(t, resp.Next())
	assert.Equal(t, 1, w.Accepted(), "R120 one connection for all")
}

func TestRedirect_drainIsBounded(t *testing.T) {
	w := newWire(t, func(r wireRequest) string {
		if r.Number == 1 {
			return reply(302, strings.Repeat("x", 1<<20), "Location: /end")
		}
		return reply(200, "end")
	})
	resp, err := newSession(t).Get(t.Context(), w.URL)
	require.NoError(t, err)
	assert.Equal(t, "end", resp.Text())
	assert.Equal(t, 2, w.Accepted(), "D42 a long body costs the connection")
	assert.LessOrEqual(t, len(resp.History[0].Bytes()), 257<<10)
	assert.ErrorIs(t, resp.History[0].Err(), requests.ErrTruncated)
}

func TestRedirect_malformedBodyIsIgnored(t *testing.T) {
	w := newReplies(t, reply(302, "zz\r\nnot chunked\r\n", "Location: /end", "Transfer-Encoding: chunked", "Connection: close"), reply(200, "end"))
	resp, err := newSession(t).Get(t.Context(), w.URL)
	require.NoError(t, err, "R120")
	assert.Equal(t, "end", resp.Text())
}

func TestRedirect_head(t *testing.T) {
	for _, tt := range []struct {
		name     string
		session  []requests.Option
		call     []requests.Option
		requests int
	}{
		{"R122 does not follow by default", nil, nil, 1},
		{"D67 does not follow for the session's limit", []requests.Option{requests.WithMaxRedirects(5)}, nil, 1},
		{"D67 follows for the call's", nil, []requests.Option{requests.WithMaxRedirects(5)}, 2},
		{"does not follow when the call says so", nil, []requests.Option{requests.WithoutRedirects()}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newReplies(t, reply(303, "", "Location: /end"), reply(200, ""))
			_, err := newSession(t, tt.session...).Head(t.Context(), w.URL, tt.call...)
			require.NoError(t, err)
			assert.Len(t, w.Requests(), tt.requests)
			assert.Equal(t, "HEAD", w.Last(t).Method(), "R122")
		})
	}
}

func TestRedirect_host(t *testing.T) {
	for _, tt := range []struct{ name, to, host string }{
		{"D8 an explicit Host stays with its host", "http://a.test/end", "http://virtual.test/end"},
		{"D8 and is dropped when the host changes", "http://b.test/end", "http://b.test/end"},
		{"D8 and when the port does", "http://a.test:8080/end", "http://a.test:8080/end"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, redirectOnce(302, tt.to))
			_, err := h.Session(t).Get(t.Context(), "http://a.test/start", requests.WithHeader("Host", "virtual.test"))
			require.NoError(t, err)
			assert.Equal(t, "http://virtual.test/start", h.Arrivals()[0].URL)
			assert.Equal(t, tt.host, h.Last(t).URL)
		})
	}
}

func TestRedirect_everyHopFindsItsAdapter(t *testing.T) {
	w := newReplies(t, redirectTo(302, "http://mounted.test/x"))
	mounted := adapters.Func(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("mounted " + r.URL.Path)), Request: r}, nil
	})
	text, err := requests.Text(newSession(t, requests.WithAdapter("http://mounted.test", mounted)).Get(t.Context(), w.URL))
	require.NoError(t, err)
	assert.Equal(t, "mounted /x", text, "R123")
}

func TestRedirect_off(t *testing.T) {
	for _, tt := range []struct {
		name          string
		session, call requests.Option
	}{
		{"for the call", nil, requests.WithoutRedirects()},
		{"for the session", requests.WithoutRedirects(), nil},
		{"for the call over the session", requests.WithMaxRedirects(3), requests.WithMaxRedirects(-1)},
	} {
		t.Run("R121 "+tt.name, func(t *testing.T) {
			w := newReplies(t, redirectTo(302, "/x"))
			resp, err := newSession(t, tt.session).Get(t.Context(), w.URL, tt.call)
			require.NoError(t, err)
			assert.Equal(t, 302, resp.StatusCode)
			assert.Equal(t, "moved", resp.Text())
			assert.Empty(t, resp.History)
			assert.Len(t, w.Requests(), 1)
		})
	}
}

func TestRedirect_userinfo(t *testing.T) {
	for _, tt := range []struct {
		name, from, location string
		url                  string
		authorization        []string
	}{
		{"R132 userinfo of a Location is no authentication", "http://a.test/start", "http://x:y@a.test/end", "http://x:y@a.test/end", nil},
		{"R132 nor at another host", "http://a.test/start", "http://x:y@b.test/end", "http://x:y@b.test/end", nil},
		{"R132 a relative Location keeps the old userinfo", "http://u:p@a.test/start", "/end", "http://u:p@a.test/end", []string{"Basic dTpw"}},
		{"userinfo stays behind when the host changes", "http://u:p@a.test/start", "//b.test/end", "http://b.test/end", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHosts(t, redirectOnce(302, tt.location))
			resp, err := h.Session(t).Get(t.Context(), tt.from)
			require.NoError(t, err)
			assert.Equal(t, tt.url, resp.Request.URL.String())
			assert.Equal(t, tt.authorization, h.Last(t).Header["Authorization"])
		})
	}
}

// A URL of net/url's may have no path at all, which is the root: what is
// relative to it is under the root.
func TestRedirect_fromAURLWithoutAPath(t *testing.T) {
	w := newReplies(t, redirectTo(302, "next"), reply(200, ""))
	bare, err := url.Parse(w.URL)
	require.NoError(t, err)
	require.Empty(t, bare.Path)
	resp, err := newSession(t).Get(t.Context(), "http://nowhere.invalid/a/b", requests.WithHooks(prepareHook(func(p *requests.PreparedRequest) error {
		p.URL, p.Host = bare, bare.Host
		return nil
	})))
	require.NoError(t, err)
	assert.Equal(t, "/next", w.Last(t).Target())
	assert.Equal(t, "/next", resp.Request.URL.Path)
}

// A response made by hand says nothing of its length more often than not.
func TestRedirect_historyOfLiteralResponses(t *testing.T) {
	s := newSession(t, requests.WithTransport(adapters.Func(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/" {
			return &http.Response{StatusCode: 302, Header: http.Header{"Location": {"/next"}}, Body: readCloserOf("moved"), Request: r}, nil
		}
		return &http.Response{StatusCode: 200, Body: readCloserOf("here"), Request: r}, nil
	})))
	resp, err := s.Get(t.Context(), "http://api.test/")
	require.NoError(t, err)
	assert.Equal(t, "here", resp.Text())
	assert.Equal(t, "moved", resp.History[0].Text())
}
