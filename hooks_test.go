package requests_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
)

// journal gathers what hooks saw, in order.
type journal struct {
	mu    sync.Mutex // guards lines
	lines []string
}

func (j *journal) note(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

// hooks returns one hook of each kind that notes where it ran.
func (j *journal) hooks(who string) *requests.Hooks {
	h := new(requests.Hooks)
	h.Prepare.PushBack(func(p *requests.PreparedRequest) error {
		j.note(who + " prepare " + p.URL.Path)
		return nil
	})
	h.Send.PushBack(func(e *requests.Exchange) error {
		j.note(who + " send " + strconv.Itoa(e.Number) + " " + e.Request.URL.Path)
		return nil
	})
	h.Response.PushBack(func(e *requests.Exchange) error {
		j.note(who + " response " + strconv.Itoa(e.Number) + " " + strconv.Itoa(e.Response.StatusCode))
		return nil
	})
	h.Complete.PushBack(func(r *requests.Result) error {
		j.note(who + " complete " + strconv.Itoa(len(r.Exchanges)))
		return nil
	})
	return h
}

// answered is a response that no network gave.
func answered(status int, body string, fields ...string) *http.Response {
	h := make(http.Header)
	for _, f := range fields {
		k, v, _ := strings.Cut(f, ": ")
		h.Add(k, v)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

func sendHook(f func(*requests.Exchange) error) *requests.Hooks {
	h := new(requests.Hooks)
	h.Send.PushBack(f)
	return h
}

func responseHook(f func(*requests.Exchange) error) *requests.Hooks {
	h := new(requests.Hooks)
	h.Response.PushBack(f)
	return h
}

func completeHook(f func(*requests.Result) error) *requests.Hooks {
	h := new(requests.Hooks)
	h.Complete.PushBack(f)
	return h
}

func TestHooks_rings(t *testing.T) {
	w := newReplies(t, redirectTo(302, "/1"), reply(401, "", asks), reply(200, ""))
	var j journal
	s := newSession(t, requests.WithHooks(j.hooks("session")), requests.WithAuth(new(waiting)))
	_, err := s.Get(t.Context(), w.URL+"/0", requests.WithHooks(j.hooks("call")), requests.WithHooks(j.hooks("more")))
	require.NoError(t, err)
	assert.Equal(t, []string{
		"session prepare /0", "call prepare /0", "more prepare /0",
		"session send 1 /0", "call send 1 /0", "more send 1 /0",
		"session response 1 302", "call response 1 302", "more response 1 302",
		"session send 2 /1", "call send 2 /1", "more send 2 /1",
		"session response 2 401", "call response 2 401", "more response 2 401",
		"session send 3 /1", "call send 3 /1", "more send 3 /1",
		"session response 3 200", "call response 3 200", "more response 3 200",
		"session complete 3", "call complete 3", "more complete 3",
	}, j.lines, "D50 the session's and then the call's; R193 for every hop")
}

func TestHooks_prepareAndSendApart(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	var j journal
	s := newSession(t, requests.WithHooks(j.hooks("session")))
	p, err := s.Prepare(t.Context(), &requests.Request{URL: w.URL + "/0", Hooks: j.hooks("call")})
	require.NoError(t, err)
	assert.Equal(t, []string{"session prepare /0", "call prepare /0"}, j.lines)
	j.lines = nil
	_, err = s.Send(p)
	require.NoError(t, err)
	assert.Equal(t, []string{"session send 1 /0", "call send 1 /0", "session response 1 200", "call response 1 200", "session complete 1", "call complete 1"}, j.lines)
}

func TestHooks_prepare(t *testing.T) {
	for _, tt := range []struct {
		name string
		hook func(*requests.PreparedRequest) error
		line string
		has  string
	}{
		{"sets a field", func(p *requests.PreparedRequest) error { p.Header.Set("X-Hook", "1"); return nil }, "GET /0 HTTP/1.1", "X-Hook: 1"},
		{"changes the method", func(p *requests.PreparedRequest) error { p.Method = "DELETE"; return nil }, "DELETE /0 HTTP/1.1", "X-Trace: 42"},
		{"changes the path", func(p *requests.PreparedRequest) error { p.URL.Path = "/hook"; return nil }, "GET /hook HTTP/1.1", "X-Trace: 42"},
		{"R24 sees what authentication set", func(p *requests.PreparedRequest) error {
			p.Header.Set("X-Saw", p.Header.Get("Authorization"))
			return nil
		}, "GET /0 HTTP/1.1", "X-Saw: Bearer x"},
		{"puts another request in its place", func(p *requests.PreparedRequest) error {
			p.Request = p.Request.Clone(p.Context())
			p.Request.Header = http.Header{"X-New": {"1"}}
			return nil
		}, "GET /0 HTTP/1.1", "X-New: 1"},
		{"removes User-Agent", func(p *requests.PreparedRequest) error { p.Header.Del("User-Agent"); return nil }, "GET /0 HTTP/1.1", "X-Trace: 42"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			_, err := newSession(t).Get(t.Context(), w.URL+"/0", requests.WithHeader("X-Trace", "42"), requests.WithAuth(auth.Bearer("x")), requests.WithHooks(prepareHook(tt.hook)))
			require.NoError(t, err)
			assert.Equal(t, tt.line, w.Last(t).Line)
			assert.Contains(t, w.Last(t).Fields, tt.has)
		})
	}
	t.Run("may set all settings", func(t *testing.T) {
		h := newHosts(t, redirectOnce(302, "http://b.test/end"))
		s := h.Session(t, requests.WithHooks(prepareHook(func(p *requests.PreparedRequest) error {
			p.Settings = requests.Settings{MaxRedirects: 3}
			return nil
		})))
		_, err := s.Get(t.Context(), "http://a.test/start")
		require.NoError(t, err)
		assert.Len(t, h.Arrivals(), 2)
	})
}

func TestHooks_send(t *testing.T) {
	t.Run("a change is for one exchange", func(t *testing.T) {
		w := newReplies(t, redirectTo(307, "/1"), reply(200, ""))
		_, err := newSession(t).Get(t.Context(), w.URL+"/0", requests.WithHooks(sendHook(func(e *requests.Exchange) error {
			if e.Number == 1 {
				e.Request.Header.Set("X-Hook", "1")
				e.Request.Header.Set("Cookie", "hook=1")
			}
			return nil
		})))
		require.NoError(t, err)
		all := w.Requests()
		require.Len(t, all, 2)
		assert.Equal(t, "1", all[0].Header.Get("X-Hook"))
		assert.Equal(t, "hook=1", all[0].Header.Get("Cookie"))
		assert.NotContains(t, all[1].Header, "X-Hook")
		assert.NotContains(t, all[1].Header, "Cookie")
	})
	t.Run("the prepared request is as it was", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		s := newSession(t)
		p, err := s.Prepare(t.Context(), &requests.Request{URL: w.URL, Hooks: sendHook(func(e *requests.Exchange) error {
			e.Request.Header.Add("X-Hook", "1")
			return nil
		})})
		require.NoError(t, err)
		for range 2 {
			_, err = s.Send(p)
			require.NoError(t, err)
			assert.Equal(t, []string{"1"}, w.Last(t).Header["X-Hook"])
		}
	})
	t.Run("the jar goes by the URL that a hook made", func(t *testing.T) {
		h := newHosts(t, ok)
		s := h.Session(t, requests.WithCookieJar(jarWith(t, "http://b.test/", "of=b")))
		_, err := s.Get(t.Context(), "http://a.test/", requests.WithHooks(sendHook(func(e *requests.Exchange) error {
			e.Request.URL.Host, e.Request.Host = "b.test", "b.test"
			return nil
		})))
		require.NoError(t, err)
		assert.Equal(t, "http://b.test/", h.Last(t).URL)
		assert.Equal(t, "of=b", h.Last(t).Header.Get("Cookie"))
	})
	t.Run("a field that cannot be sent is refused", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		_, err := newSession(t).Get(t.Context(), w.URL, requests.WithHooks(sendHook(func(e *requests.Exchange) error {
			e.Request.Header["X-Hook"] = []string{"a\r\nb: c"}
			return nil
		})))
		require.ErrorIs(t, err, requests.ErrInvalidHeader)
		assert.Empty(t, w.Requests())
	})
}

func TestHooks_answerWithoutNetwork(t *testing.T) {
	var j journal
	s := newSession(t, requests.WithHooks(j.hooks("session")))
	s.Hooks().Send.PushBack(func(e *requests.Exchange) error {
		switch e.Request.URL.Path {
		case "/start":
			e.Response = answered(302, "moved", "Location: /end", "Set-Cookie: made=1")
		case "/end":
			e.Response = answered(200, "no network")
		}
		return nil
	})
	opened := &factory{content: "x", length: 1}
	resp, err := s.Put(t.Context(), "http://nowhere.invalid/start", requests.WithBody(opened))
	require.NoError(t, err)
	assert.Equal(t, "no network", resp.Text())
	require.Len(t, resp.History, 1)
	assert.Equal(t, "moved", resp.History[0].Text())
	assert.Equal(t, "http://nowhere.invalid/end", resp.Request.URL.String())
	assert.Zero(t, opened.opened, "a body that is not sent is not opened")
	assert.Equal(t, 1, s.Cookies().Len(), "cookies are kept as from the wire")
	assert.Contains(t, j.lines, "session response 1 302", "Response hooks see it")
	assert.Contains(t, j.lines, "session complete 2")
}

func TestHooks_response(t *testing.T) {
	t.Run("R193 what one puts in place the next sees, and the caller", func(t *testing.T) {
		w := newReplies(t, reply(200, "wire"))
		var second int
		hooks := responseHook(func(e *requests.Exchange) error { e.Response = answered(299, "made up"); return nil })
		hooks.Response.PushBack(func(e *requests.Exchange) error { second = e.Response.StatusCode; return nil })
		resp, err := newSession(t).Get(t.Context(), w.URL, requests.WithHooks(hooks))
		require.NoError(t, err)
		assert.Equal(t, 299, second)
		assert.Equal(t, 299, resp.StatusCode)
		assert.Equal(t, "made up", resp.Text())
		assert.NotNil(t, resp.Request)
	})
	t.Run("R124 a changed Location is what is followed", func(t *testing.T) {
		w := newReplies(t, redirectTo(302, "/wrong"), reply(200, ""))
		_, err := newSession(t).Get(t.Context(), w.URL, requests.WithHooks(responseHook(func(e *requests.Exchange) error {
			if e.Number == 1 {
				e.Response.Header.Set("Location", "/right")
			}
			return nil
		})))
		require.NoError(t, err)
		assert.Equal(t, "/right", w.Last(t).Target())
	})
	t.Run("R126 a 200 can be made a redirect", func(t *testing.T) {
		w := newReplies(t, reply(200, "", "X-Next: /next"), reply(200, "end"))
		resp, err := newSession(t).Get(t.Context(), w.URL, requests.WithHooks(responseHook(func(e *requests.Exchange) error {
			if next := e.Response.Header.Get("X-Next"); next != "" {
				e.Response.StatusCode = 303
				e.Response.Header.Set("Location", next)
			}
			return nil
		})))
		require.NoError(t, err)
		assert.Equal(t, "end", resp.Text())
		assert.Len(t, resp.History, 1)
	})
	t.Run("a Location of a hook is under the origin rule", func(t *testing.T) {
		h := newHosts(t, ok)
		_, err := h.Session(t).Get(t.Context(), "http://a.test/", append(plantedCredentials(), requests.WithHooks(responseHook(func(e *requests.Exchange) error {
			if e.Number == 1 {
				e.Response.StatusCode = 307
				e.Response.Header.Set("Location", "http://b.test/")
			}
			return nil
		})))...)
		require.NoError(t, err)
		assert.Equal(t, nothingSecret, pick(h.Last(t).Header, credentialNames))
	})
	t.Run("Peek leaves the body whole", func(t *testing.T) {
		w := newReplies(t, reply(200, "the whole content"))
		var start string
		resp, err := newSession(t).Get(t.Context(), w.URL, requests.WithHooks(responseHook(func(e *requests.Exchange) error {
			b, err := e.Peek(9)
			start = string(b)
			return err
		})))
		require.NoError(t, err)
		assert.Equal(t, "the whole", start)
		assert.Equal(t, "the whole content", resp.Text())
	})
	t.Run("a replaced body is closed and its connection not lost to us", func(t *testing.T) {
		w := newReplies(t, reply(200, "wire"), reply(200, "again"))
		s := newSession(t)
		_, err := s.Get(t.Context(), w.URL, requests.WithHooks(responseHook(func(e *requests.Exchange) error {
			io.Copy(io.Discard, e.Response.Body)
			e.Response = answered(200, "made up")
			return nil
		})))
		require.NoError(t, err)
		_, err = s.Get(t.Context(), w.URL)
		require.NoError(t, err)
		assert.Equal(t, 1, w.Accepted())
	})
}

func TestHooks_errors(t *testing.T) {
	boom := errors.New("boom")
	later := func(j *journal) func() { return func() { j.note("later") } }
	for _, tt := range []struct {
		name     string
		hooks    func(then func()) *requests.Hooks
		requests int
		text     string
	}{
		{"Prepare", func(then func()) *requests.Hooks {
			h := prepareHook(func(*requests.PreparedRequest) error { return boom })
			h.Prepare.PushBack(func(*requests.PreparedRequest) error { then(); return nil })
			return h
		}, 0, "prepare hook"},
		{"Send", func(then func()) *requests.Hooks {
			h := sendHook(func(*requests.Exchange) error { return boom })
			h.Send.PushBack(func(*requests.Exchange) error { then(); return nil })
			return h
		}, 0, "send hook"},
		{"Response", func(then func()) *requests.Hooks {
			h := responseHook(func(*requests.Exchange) error { return boom })
			h.Response.PushBack(func(*requests.Exchange) error { then(); return nil })
			return h
		}, 1, "response hook"},
		{"Complete", func(then func()) *requests.Hooks {
			h := completeHook(func(*requests.Result) error { return boom })
			h.Complete.PushBack(func(*requests.Result) error { then(); return nil })
			return h
		}, 1, "complete hook GET http://"},
	} {
		t.Run("the first error of "+tt.name+" ends the list and fails the call", func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			var j journal
			resp, err := newSession(t, requests.WithHooks(tt.hooks(later(&j)))).Get(t.Context(), w.URL)
			require.ErrorIs(t, err, boom)
			assert.Nil(t, resp)
			require.ErrorAs(t, err, new(*requests.Error))
			assert.ErrorContains(t, err, tt.text)
			assert.Empty(t, j.lines)
			assert.Len(t, w.Requests(), tt.requests)
		})
	}
	t.Run("an error of Complete is joined to the call's", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		w.Close()
		_, err := newSession(t, requests.WithHooks(completeHook(func(*requests.Result) error { return boom }))).Get(t.Context(), w.URL)
		require.ErrorIs(t, err, boom)
		require.ErrorIs(t, err, requests.ErrConnection)
	})
	t.Run("a hook that takes the request away", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		for _, h := range []*requests.Hooks{
			prepareHook(func(p *requests.PreparedRequest) error { p.Request = nil; return nil }),
			prepareHook(func(p *requests.PreparedRequest) error { p.URL = nil; return nil }),
			sendHook(func(e *requests.Exchange) error { e.Request = nil; return nil }),
			sendHook(func(e *requests.Exchange) error { e.Request.URL = nil; return nil }),
			responseHook(func(e *requests.Exchange) error { e.Response = nil; return nil }),
		} {
			_, err := newSession(t).Get(t.Context(), w.URL, requests.WithHooks(h))
			require.ErrorContains(t, err, "left")
		}
	})
}

func TestHooks_complete(t *testing.T) {
	results := func(into *[]*requests.Result) requests.Option {
		return requests.WithHooks(completeHook(func(r *requests.Result) error { *into = append(*into, r); return nil }))
	}
	t.Run("sees the response and every exchange", func(t *testing.T) {
		w := newReplies(t, redirectTo(302, "/1"), reply(200, "end"))
		var got []*requests.Result
		resp, err := newSession(t, results(&got)).Get(t.Context(), w.URL+"/0")
		require.NoError(t, err)
		require.Len(t, got, 1)
		assert.Same(t, resp, got[0].Response)
		assert.NoError(t, got[0].Err)
		assert.Equal(t, "/0", got[0].Request.URL.Path)
		require.Len(t, got[0].Exchanges, 2)
		assert.Equal(t, "/0", got[0].Exchanges[0].Request.URL.Path)
		assert.Equal(t, 302, got[0].Exchanges[0].Response.StatusCode)
		assert.Equal(t, 2, got[0].Exchanges[1].Number)
		assert.Equal(t, "end", got[0].Response.Text())
	})
	t.Run("sees the error of the call", func(t *testing.T) {
		w := newReplies(t, redirectTo(302, "ftp://x/"))
		var got []*requests.Result
		_, err := newSession(t, results(&got)).Get(t.Context(), w.URL)
		require.Error(t, err)
		require.Len(t, got, 1)
		assert.Same(t, err, got[0].Err)
		assert.Len(t, got[0].Exchanges, 1)
	})
	t.Run("sees an exchange that failed", func(t *testing.T) {
		w := newReplies(t, "")
		var got []*requests.Result
		_, err := newSession(t, results(&got)).Post(t.Context(), w.URL)
		require.Error(t, err)
		require.Len(t, got, 1)
		require.Len(t, got[0].Exchanges, 1)
		assert.Nil(t, got[0].Exchanges[0].Response)
		assert.ErrorIs(t, got[0].Exchanges[0].Err, requests.ErrConnection)
	})
	t.Run("sees a status error that the call asked for", func(t *testing.T) {
		w := newReplies(t, reply(404, "gone"))
		var got []*requests.Result
		_, err := newSession(t, results(&got)).Get(t.Context(), w.URL, requests.WithRaiseForStatus(true))
		require.ErrorAs(t, err, new(*requests.StatusError))
		require.Len(t, got, 1)
		assert.ErrorAs(t, got[0].Err, new(*requests.StatusError))
		assert.Equal(t, 404, got[0].Response.StatusCode)
	})
	t.Run("runs when a Prepare hook fails", func(t *testing.T) {
		var got []*requests.Result
		_, err := newSession(t, results(&got), requests.WithHooks(prepareHook(func(*requests.PreparedRequest) error { return errors.New("boom") }))).Get(t.Context(), "http://a.test/")
		require.Error(t, err)
		require.Len(t, got, 1)
		assert.ErrorContains(t, got[0].Err, "boom")
	})
	t.Run("does not leak secrets of the request that was asked", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		var got []*requests.Result
		_, err := newSession(t, results(&got)).Get(t.Context(), w.URL+"/?token=planted", requests.WithAuth(auth.Bearer("planted")))
		require.NoError(t, err)
		assert.NotContains(t, got[0].Request.String(), "planted")
	})
}

func TestHooks_copies(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	var j journal
	s := newSession(t, requests.WithHooks(sendHook(func(*requests.Exchange) error { j.note("session"); return nil })))
	c, err := s.Copy(requests.WithHooks(sendHook(func(*requests.Exchange) error { j.note("copy"); return nil })))
	require.NoError(t, err)
	defer c.Close()
	c.Hooks().Send.PushFront(func(*requests.Exchange) error { j.note("front"); return nil })
	_, err = s.Get(t.Context(), w.URL)
	require.NoError(t, err)
	assert.Equal(t, []string{"session"}, j.lines)
	j.lines = nil
	_, err = c.Get(t.Context(), w.URL)
	require.NoError(t, err)
	assert.Equal(t, []string{"front", "session", "copy"}, j.lines)
}

func TestHooks_changeWhileSending(t *testing.T) {
	s := newSession(t, requests.WithHooks(sendHook(func(e *requests.Exchange) error {
		e.Response = answered(200, "x")
		return nil
	})))
	var all sync.WaitGroup
	for i := range 8 {
		name := strconv.Itoa(i)
		all.Go(func() {
			for range 50 {
				_, err := s.Get(t.Context(), "http://nowhere.invalid/")
				assert.NoError(t, err)
			}
		})
		all.Go(func() {
			for range 50 {
				s.Hooks().Send.PushFrontNamed(name, func(*requests.Exchange) error { return nil })
				s.Hooks().Response.PushBackNamed(name, func(*requests.Exchange) error { return nil })
				assert.NoError(t, s.Update(requests.WithHooks(completeHook(func(*requests.Result) error { return nil }))))
				s.Hooks().Send.RemoveByName(name)
				s.Hooks().Response.RemoveByName(name)
			}
		})
	}
	all.Wait()
	assert.Equal(t, 1, s.Hooks().Send.Len())
}

// A hook may put a request or a response of its own in place, and need fill in
// no more than net/http's users have to.
func TestHooks_bareReplacements(t *testing.T) {
	t.Run("a request without a header", func(t *testing.T) {
		w := newReplies(t, reply(200, "ok"))
		s := newSession(t, requests.WithCookieJar(jarWith(t, w.URL, "of=jar")))
		resp, err := s.Post(t.Context(), "http://nowhere.invalid/", requests.WithHooks(sendHook(func(e *requests.Exchange) error {
			u, err := url.Parse(w.URL + "/other")
			e.Request = &http.Request{Method: "DELETE", URL: u}
			return err
		})))
		require.NoError(t, err)
		assert.Equal(t, "ok", resp.Text())
		assert.Equal(t, "DELETE /other HTTP/1.1", w.Last(t).Line)
		assert.Equal(t, "of=jar", w.Last(t).Header.Get("Cookie"))
		assert.NotContains(t, w.Last(t).Header, "User-Agent", "net/http's own is not sent")
	})
	t.Run("a response without header and body", func(t *testing.T) {
		w := newReplies(t, reply(200, "wire"))
		for _, stream := range []bool{false, true} {
			resp, err := newSession(t).Get(t.Context(), w.URL, requests.WithStream(stream), requests.WithHooks(responseHook(func(e *requests.Exchange) error {
				e.Response = &http.Response{StatusCode: 299}
				return nil
			})))
			require.NoError(t, err)
			assert.Equal(t, 299, resp.StatusCode)
			assert.NotNil(t, resp.Header)
			require.NotNil(t, resp.Body)
			assert.Empty(t, resp.Text())
			require.NoError(t, resp.Err())
			require.NoError(t, resp.Body.Close())
		}
	})
}

// bodySigner puts a body in place when everything else is final.
type bodySigner struct{ body string }

func (bodySigner) Deferred() {}
func (a bodySigner) Authenticate(r *http.Request) error {
	r.Body, r.ContentLength, r.GetBody = io.NopCloser(strings.NewReader(a.body)), int64(len(a.body)), nil
	return nil
}

// A body that is there before the wire is what is sent, and the one that was
// asked for is not opened: nobody would close it.
func TestHooks_bodiesThatAreThereAreSent(t *testing.T) {
	for name, opt := range map[string]requests.Option{
		"a Send hook's": requests.WithHooks(sendHook(func(e *requests.Exchange) error {
			return bodySigner{"other"}.Authenticate(e.Request)
		})),
		"an authenticator's": requests.WithAuth(bodySigner{"other"}),
	} {
		t.Run(name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			opened := &factory{content: "content", length: 7}
			_, err := newSession(t).Post(t.Context(), w.URL, requests.WithBody(opened), opt)
			require.NoError(t, err)
			assert.Equal(t, "other", w.Last(t).Body)
			assert.Zero(t, opened.opened)
		})
	}
}

// What a hook does to a header in its hands stays with the exchange that it is
// of: neither the session nor the next hop knows of it.
func TestHooks_headersAreTheirOwn(t *testing.T) {
	spoil := func(h http.Header) {
		for _, vs := range h {
			for i := range vs {
				vs[i] = "***"
			}
		}
		h.Del("Authorization")
	}
	for _, tt := range []struct {
		name   string
		hooks  *requests.Hooks
		spoilt int // exchanges that are to go out so
	}{
		{"Prepare", prepareHook(func(p *requests.PreparedRequest) error { spoil(p.Header); return nil }), 2},
		{"Send", sendHook(func(e *requests.Exchange) error { spoil(e.Request.Header); return nil }), 2},
		{"Response", responseHook(func(e *requests.Exchange) error { spoil(e.Request.Header); return nil }), 0},
		{"Complete", completeHook(func(r *requests.Result) error { spoil(r.Request.Header); return nil }), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newReplies(t, redirectTo(302, "/next"), reply(200, ""), reply(200, ""))
			s := newSession(t, requests.WithHeader("X-Own", "own"), requests.WithAuth(auth.Basic("u", "p")))
			_, err := s.Get(t.Context(), w.URL, requests.WithHooks(tt.hooks))
			require.NoError(t, err)
			_, err = s.Get(t.Context(), w.URL)
			require.NoError(t, err)
			require.Len(t, w.Requests(), 3)
			for i, r := range w.Requests()[tt.spoilt:] {
				assert.Equal(t, []string{"own"}, r.Header.Values("X-Own"), "exchange %d", i+1)
				assert.Equal(t, []string{"*/*"}, r.Header.Values("Accept"), "exchange %d", i+1)
				assert.Equal(t, []string{"Basic dTpw"}, r.Header.Values("Authorization"), "exchange %d", i+1)
			}
		})
	}
}

type contextKey struct{}

func TestHooks_contextThatOneSets(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	hooks := prepareHook(func(p *requests.PreparedRequest) error {
		set, ok := adapters.SettingsFrom(p.Context())
		assert.True(t, ok)
		assert.Equal(t, adapters.Settings{}, set, "before the exchange")
		p.Request = p.Request.WithContext(context.WithValue(p.Context(), contextKey{}, "value"))
		return nil
	})
	var seen any
	hooks.Send.PushBack(func(e *requests.Exchange) error { seen = e.Request.Context().Value(contextKey{}); return nil })
	_, err := newSession(t).Get(t.Context(), w.URL, requests.WithHooks(hooks))
	require.NoError(t, err)
	assert.Equal(t, "value", seen)
}

func TestHooks_resultCanBeSentAgain(t *testing.T) {
	w := newReplies(t, reply(200, ""), reply(200, ""))
	s := newSession(t, requests.WithTimeout(time.Minute))
	var asked *requests.PreparedRequest
	_, err := s.Get(t.Context(), w.URL, requests.WithHooks(completeHook(func(r *requests.Result) error {
		asked = r.Request
		return r.Request.Context().Err()
	})))
	require.NoError(t, err)
	_, err = s.Send(asked)
	require.NoError(t, err)
}

func TestHooks_bodyThatOneSetsIsWhatIsSentAgain(t *testing.T) {
	w := newReplies(t, reply(503, ""), reply(200, ""))
	retry := &adapters.Retry{Wait: -1}
	resp, err := newSession(t, requests.WithMiddleware(retry.Wrap)).Put(t.Context(), w.URL, requests.WithBody("plain!"),
		requests.WithHooks(sendHook(func(e *requests.Exchange) error {
			e.Request.Body = io.NopCloser(strings.NewReader("ZIPPED"))
			return nil
		})))
	require.NoError(t, err)
	assert.Equal(t, 503, resp.StatusCode, "it cannot be opened again")
	assert.Equal(t, []string{"ZIPPED"}, wireBodies(w))
}

func TestHooks_contextOfARequestThatOneSets(t *testing.T) {
	hooks := prepareHook(func(p *requests.PreparedRequest) (err error) {
		p.Request, err = http.NewRequest("GET", p.URL.String(), nil)
		return err
	})
	var asked context.Context
	s := newSession(t, requests.WithTransport(adapters.Func(func(r *http.Request) (*http.Response, error) {
		asked = r.Context()
		return &http.Response{StatusCode: 200}, nil
	})))
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), contextKey{}, "value"))
	_, err := s.Get(ctx, "http://api.test/", requests.WithHooks(hooks), requests.WithStream(true))
	require.NoError(t, err)
	assert.Equal(t, "value", asked.Value(contextKey{}))
	cancel()
	assert.Error(t, asked.Err(), "the caller's end is the call's")
}

func TestHooks_oneThatTakesTheBodyAway(t *testing.T) {
	for name, hook := range map[string]func(*requests.Exchange) error{
		"into another response": func(e *requests.Exchange) error {
			other := *e.Response
			e.Response.Body, e.Response = nil, &other
			return nil
		},
		"and fails": func(e *requests.Exchange) error {
			e.Response.Body.Close()
			e.Response.Body = nil
			return errors.New("no")
		},
		"and panics": func(e *requests.Exchange) error { e.Response.Body.Close(); e.Response.Body = nil; panic("hook") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newReplies(t, reply(200, "content"))
			var r *requests.Response
			var err error
			var panicked any
			func() {
				defer func() { panicked = recover() }()
				r, err = newSession(t).Get(t.Context(), w.URL, requests.WithHooks(responseHook(hook)))
			}()
			switch name {
			case "and fails":
				require.Nil(t, panicked)
				assert.ErrorContains(t, err, "no")
			case "and panics":
				assert.Equal(t, "hook", panicked)
			default:
				require.Nil(t, panicked)
				require.NoError(t, err)
				assert.Equal(t, "content", r.Text())
			}
		})
	}
}

func TestHooks_errorsSayTheirNames(t *testing.T) {
	refuse := func(s *requests.Session) {
		s.Hooks().Prepare.PushBackNamed("audit", func(*requests.PreparedRequest) error { return errHook })
	}
	for _, c := range []struct {
		name  string
		hook  func(*requests.Session)
		call  func(*requests.Session) error
		place string
	}{
		{"when a request is explained too", refuse, func(s *requests.Session) error {
			_, err := s.Explain(t.Context(), &requests.Request{URL: "http://api.test/"})
			return err
		}, "prepare"},
		{"beneath a call with a logger of its own too", func(s *requests.Session) {
			s.Hooks().Response.PushBackNamed("audit", func(*requests.Exchange) error { return errHook })
		}, func(s *requests.Session) error {
			_, err := s.Get(t.Context(), "http://api.test/", requests.WithLogger(nil))
			return err
		}, "response"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, requests.WithTransport(canned("200 OK", nil, "")))
			c.hook(s)
			require.ErrorContains(t, c.call(s), c.place+` hook: hook "audit": `)
		})
	}
}

// The length that came is not that of content which a hook puts in place of it.
func TestResponseHook_contentOfItsOwn(t *testing.T) {
	type body struct {
		io.Reader
		io.Closer
	}
	for _, c := range []struct {
		name, want string
		hook       func(*requests.Exchange) error
	}{
		{"shorter", "s", func(e *requests.Exchange) error {
			e.Response.Body.Close()
			e.Response.Body = io.NopCloser(strings.NewReader("s"))
			return nil
		}},
		{"longer", strings.Repeat("long", 99), func(e *requests.Exchange) error {
			e.Response.Body.Close()
			e.Response.Body = io.NopCloser(strings.NewReader(strings.Repeat("long", 99)))
			return nil
		}},
		{"a part of what came", "con", func(e *requests.Exchange) error {
			e.Response.Body = body{io.LimitReader(e.Response.Body, 3), e.Response.Body}
			return nil
		}},
		{"what came, by a body around it", "content", func(e *requests.Exchange) error {
			e.Response.Body = body{e.Response.Body, e.Response.Body}
			return nil
		}},
		{"another response", "s", func(e *requests.Exchange) error {
			e.Response = &http.Response{StatusCode: 200, ContentLength: e.Response.ContentLength, Body: io.NopCloser(strings.NewReader("s"))}
			return nil
		}},
	} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, as a stream: %t", c.name, stream), func(t *testing.T) {
				r, err := newSession(t, requests.WithHooks(responseHook(c.hook)), requests.WithStream(stream)).Get(t.Context(), newReplies(t, reply(200, "content")).URL)
				require.NoError(t, err)
				assert.Equal(t, c.want, r.Text())
				require.NoError(t, r.Err())
			})
		}
	}
}

// What comes is counted still beneath a hook that looks at it.
func TestResponseHook_peeksAtContentThatIsCut(t *testing.T) {
	cut := adapters.Func(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("cut")), ContentLength: 10, Request: r}, nil
	})
	for _, n := range []int{1, 5} {
		h := responseHook(func(e *requests.Exchange) error { _, err := e.Peek(n); return err })
		_, err := newSession(t, requests.WithTransport(cut), requests.WithHooks(h)).Get(t.Context(), "http://a.test/")
		require.ErrorIs(t, err, requests.ErrTruncated)
	}
}

// uncomparable is a body by value, as mocks have.
type uncomparable struct {
	*strings.Reader
	_ []byte
}

func (uncomparable) Close() error { return nil }

func TestHooks_copyOfAResponseWithABodyThatCannotBeCompared(t *testing.T) {
	h := new(requests.Hooks)
	h.Response.PushBack(func(e *requests.Exchange) error {
		other := *e.Response
		other.Header = http.Header{"X-Copied": {"1"}}
		e.Response = &other
		return nil
	})
	r := fetch(t, adapters.Func(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: uncomparable{Reader: strings.NewReader("content")}, ContentLength: -1, Request: r}, nil
	}), requests.WithHooks(h))
	assert.Equal(t, "content", r.Text())
	assert.Equal(t, "1", r.Header.Get("X-Copied"))
}
