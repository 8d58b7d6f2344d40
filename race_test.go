package requests_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
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
	"github.com/seed-3bbad739/requests/hooks"
)

// TestSession_ConcurrentUse is meant for the race detector: a hundred
// goroutines send while others change everything that can be changed.
func TestSession_ConcurrentUse(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "n" + r.URL.Query().Get("n"), Value: "v"})
		if r.URL.Path == "/redirect" {
			http.Redirect(w, r, "/end", http.StatusFound)
			return
		}
		w.Write([]byte("line\nline\n" + r.Header.Get("X-Generation")))
	}))
	defer server.Close()
	s := newSession(t, requests.WithBaseURL(server.URL), requests.WithHeader("X-Generation", "0"))
	prepared, err := s.Prepare(t.Context(), &requests.Request{URL: "/prepared"})
	require.NoError(t, err)
	shared := &requests.Request{URL: "/shared", Header: http.Header{"X-Own": {"1"}}}
	adapter := adapters.Func(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	})

	const senders, rounds = 100, 10
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var sending, changing sync.WaitGroup
	stop := make(chan struct{})
	for i := range senders {
		sending.Go(func() {
			for n := range rounds {
				var r *requests.Response
				var err error
				switch (i + n) % 6 {
				case 0:
					r, err = s.Get(ctx, "/get", requests.WithParam("n", strconv.Itoa(i)))
				case 1:
					r, err = s.Get(ctx, "/redirect", requests.WithHeader("X-Own", "2"))
				case 2:
					r, err = s.Send(prepared)
				case 3:
					r, err = s.Do(ctx, shared)
				case 4:
					r, err = s.Post(ctx, "/post", requests.WithJSON(map[string]int{"n": n}))
				case 5:
					r, err = s.Get(ctx, "/stream", requests.WithStream(true))
				}
				if !assert.NoError(t, err) {
					return
				}
				for _, err := range r.Lines() {
					assert.NoError(t, err)
				}
				assert.NoError(t, r.Close())
			}
		})
	}
	change := func(f func(n int)) {
		changing.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					f(n)
				}
			}
		})
	}
	change(func(n int) {
		assert.NoError(t, s.Update(requests.WithHeader("X-Generation", strconv.Itoa(n)), requests.WithParam("p", strconv.Itoa(n)), requests.WithAuth(auth.Bearer(strconv.Itoa(n)))))
		if n%50 == 0 { // each wraps what the last one did
			time.Sleep(time.Millisecond)
		}
	})
	change(func(n int) {
		prefix := server.URL + "/mounted" + strconv.Itoa(n%4)
		assert.NoError(t, s.Mount(prefix, adapter))
		s.Unmount(prefix)
		for range s.Mounts() {
		}
	})
	change(func(n int) {
		c, err := s.Copy(requests.WithHeader("X-Copy", "1"))
		if assert.NoError(t, err) {
			if n%8 == 0 {
				_, err = c.Get(ctx, "/copy")
				assert.NoError(t, err)
			}
			assert.NoError(t, c.Close())
		}
	})
	change(func(n int) {
		assert.NoError(t, s.Cookies().Set(cookies.Cookie{Name: "own" + strconv.Itoa(n%16), Value: "v", Domain: "127.0.0.1", Path: "/"}))
		for range s.Cookies().All() {
		}
		if n%100 == 0 {
			s.Cookies().Clear()
		}
	})
	change(func(n int) {
		s.Hooks().Send.PushBackNamed("race", func(e *requests.Exchange) error {
			e.Request.Header.Set("X-Hook", "1")
			return nil
		})
		s.Hooks().Response.PushBackNamed("race", func(e *requests.Exchange) error { _, err := e.Peek(4); return err })
		s.Hooks().Complete.PushBackNamed("race", func(r *requests.Result) error { _ = len(r.Exchanges); return nil })
		s.Hooks().Send.RemoveByName("race")
		s.Hooks().Response.RemoveByName("race")
		s.Hooks().Complete.RemoveByName("race")
	})
	change(func(int) {
		_ = s.Defaults().String()
		_ = s.String()
		_ = s.HTTPClient()
		_, err := s.Adapter(server.URL)
		assert.NoError(t, err)
	})
	sending.Wait()
	close(stop)
	changing.Wait()
	assert.Equal(t, http.Header{"X-Own": {"1"}}, shared.Header, "what is the caller's was not written to")
	assert.Equal(t, server.URL+"/prepared", prepared.URL.String())
}

func TestSession_RequestsKeepTheSnapshotTheyStartedWith(t *testing.T) {
	// A redirect that is followed after Update still has the header from before.
	s := newSession(t, requests.WithHeader("X-Generation", "old"))
	w := newWire(t, func(r wireRequest) string {
		if r.Path() == "/" {
			if err := s.Update(requests.WithHeader("X-Generation", "new")); err != nil {
				return ""
			}
			return redirectTo(302, "/end")
		}
		return reply(200, r.Header.Get("X-Generation"))
	})
	text, err := requests.Text(s.Get(t.Context(), w.URL))
	require.NoError(t, err)
	assert.Equal(t, "old", text)
	text, err = requests.Text(s.Get(t.Context(), w.URL+"/next"))
	require.NoError(t, err)
	assert.Equal(t, "new", text)
}

func TestSession_CloseWhileSending(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("x")) }))
	defer server.Close()
	for range 20 {
		s, err := requests.NewSession()
		require.NoError(t, err)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				for range 5 {
					if _, err := s.Get(t.Context(), server.URL); err != nil {
						assert.True(t, errors.Is(err, requests.ErrSessionClosed), "%v", err)
						return
					}
				}
			})
			all.Go(func() {
				if c, err := s.Copy(); err == nil {
					_, err = c.Get(t.Context(), server.URL)
					assert.NoError(t, err, "a copy works until it is closed itself")
					assert.NoError(t, c.Close())
				}
			})
		}
		all.Go(func() { assert.NoError(t, s.Close()) })
		all.Wait()
	}
}

func TestResponse_ConcurrentUseOfWhatIsInMemory(t *testing.T) {
	w := newReplies(t, reply(200, "[1]\n[2]\n", `Link: </n>; rel=next`))
	r, err := newSession(t).Get(t.Context(), w.URL)
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			assert.Equal(t, "[1]\n[2]\n", r.Text())
			for _, err := range r.Lines() {
				assert.NoError(t, err)
			}
			for _, err := range r.Chunks(3) {
				assert.NoError(t, err)
			}
			var last error
			for _, last = range requests.Values[int](r) {
			}
			assert.ErrorIs(t, last, requests.ErrInvalidJSON, "the form is an array's, with something after it")
			_, ok := r.Link("next")
			assert.True(t, ok)
			assert.NoError(t, r.RaiseForStatus())
			_ = r.String()
		})
	}
	all.Wait()
}

func TestResponse_ClosedByMany(t *testing.T) {
	w := newReplies(t, reply(200, "content"))
	r, err := newSession(t).Get(t.Context(), w.URL)
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { assert.NoError(t, r.Close()) })
	}
	all.Wait()
}

func TestResponse_ConcurrentUseOfHistory(t *testing.T) {
	w := newWire(t, func(r wireRequest) string {
		if r.Path() == "/" {
			return reply(302, coded(t, "moved", "gzip"), "Location: /end", "Content-Encoding: gzip")
		}
		return reply(200, "end")
	})
	r, err := newSession(t).Get(t.Context(), w.URL)
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			assert.Equal(t, "moved", r.History[0].Text())
			assert.NoError(t, r.History[0].Err())
		})
	}
	all.Wait()
}

// TestCall_WhatIsLeftOfAnExchange is meant for the race detector: an adapter that
// sends a request twice returns before both are over, and the rest of them runs
// while the next exchange of the call is on its way.
func TestCall_WhatIsLeftOfAnExchange(t *testing.T) {
	for _, test := range []struct {
		name string
		look func(*http.Request)
	}{
		{"reads the settings", func(r *http.Request) { adapters.SettingsFrom(r.Context()) }},
		{"prints the request", func(r *http.Request) {
			_ = hooks.Exchange{Request: r}.String()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var rest sync.WaitGroup
			defer rest.Wait()
			hop, begun := 0, make(chan struct{})
			adapter := adapters.Func(func(r *http.Request) (*http.Response, error) {
				if hop++; hop > 1 {
					return &http.Response{StatusCode: 200, Request: r}, nil
				}
				rest.Go(func() {
					close(begun)
					for range 100 {
						test.look(r)
						runtime.Gosched()
					}
				})
				<-begun
				return &http.Response{StatusCode: 302, Header: http.Header{"Location": {"/next"}}, Request: r}, nil
			})
			s := newSession(t, requests.WithTransport(adapter))
			_, err := s.Get(t.Context(), "http://api.test/", requests.WithAuth(&signing{hop: &hop}))
			require.NoError(t, err)
		})
	}
}

// signing sets another field and another param in each exchange.
type signing struct{ hop *int }

func (*signing) Deferred() {}

func (a *signing) Authenticate(r *http.Request) error {
	n := strconv.Itoa(*a.hop)
	r.URL.RawQuery = "hop" + n + "=x"
	r.Header.Set("X-Signed-"+n, "secret")
	return nil
}
