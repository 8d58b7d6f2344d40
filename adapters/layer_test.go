package adapters_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/drain"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// layer is what every policy offers.
type layer interface {
	http.RoundTripper
	Wrap(http.RoundTripper) http.RoundTripper
	CloseIdleConnections()
	io.Closer
}

// layers returns every policy over base, set so that it has something to do.
func layers(base http.RoundTripper) map[string]layer {
	return map[string]layer{
		"Retry, zero":          &adapters.Retry{Base: base},
		"Retry":                &adapters.Retry{Base: base, MaxElapsed: time.Minute, IdempotencyKey: true},
		"Limit, zero":          &adapters.Limit{Base: base},
		"Limit":                &adapters.Limit{Base: base, Rate: 1e6, InFlight: 100},
		"Breaker, zero":        &adapters.Breaker{Base: base},
		"Hedge, zero":          &adapters.Hedge{Base: base},
		"Hedge":                &adapters.Hedge{Base: base, Delay: time.Minute},
		"AttemptTimeout, zero": &adapters.AttemptTimeout{Base: base},
		"AttemptTimeout":       &adapters.AttemptTimeout{Base: base, Timeout: time.Minute},
		"Resilient, zero":      &adapters.Resilient{Base: base},
		"Resilient": &adapters.Resilient{Base: base, Limit: adapters.Limit{Rate: 1e6, InFlight: 100},
			Retry: adapters.Retry{IdempotencyKey: true}},
	}
}

// The contract of http.RoundTripper: the request is as it was, its body is
// closed, the response is one's own and may be read after a while.
func TestLayers_contract(t *testing.T) {
	for name := range layers(nil) {
		for _, method := range []string{"GET", "POST", "PUT"} {
			t.Run(name+" "+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					base := play(status(200))
					rt := layers(base)[name]
					for _, rt := range []http.RoundTripper{rt, rt.Wrap(base)} {
						var closed atomic.Int32
						req := newRequest(t, method, "content")
						req.Body = &onceClosed{Reader: strings.NewReader("content"), close: func() { closed.Add(1) }}
						req.Header.Set("X-Mine", "1")
						url, body := *req.URL, req.Body
						header := req.Header.Clone()
						resp, err := rt.RoundTrip(req)
						require.NoError(t, err)
						time.Sleep(time.Hour) // no timeout of a layer is on the content
						assert.Contains(t, read(t, resp), "content")
						assert.EqualValues(t, 1, closed.Load(), "the request's body is closed")
						assert.True(t, maps.EqualFunc(header, req.Header, func(a, b []string) bool { return a[0] == b[0] }))
						assert.Equal(t, url, *req.URL)
						assert.Same(t, body, req.Body)
						assert.NoError(t, resp.Request.Context().Err(), "resp.Request lives as long as the request")
					}
					assert.Zero(t, base.open)
				})
			})
		}
	}
}

func TestLayers_contentOutlivesTheRoundTrip(t *testing.T) {
	for name := range layers(nil) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent context.Context
				rt := layers(baseFunc(func(req *http.Request) (*http.Response, error) {
					sent = req.Context()
					return &http.Response{StatusCode: 200, Request: req, Body: io.NopCloser(strings.NewReader("abc"))}, nil
				}))[name]
				resp, err := rt.RoundTrip(newRequest(t, "GET", ""))
				require.NoError(t, err)
				time.Sleep(time.Hour)
				require.NoError(t, sent.Err(), "the context lives until the content is read")
				read(t, resp)
				if sent != t.Context() {
					require.Error(t, sent.Err(), "and no longer")
				}
			})
		})
	}
}

// A 101 response is a connection, on which both sides write.
func TestLayers_upgrade(t *testing.T) {
	for name := range layers(nil) {
		t.Run(name, func(t *testing.T) {
			conn := &upgraded{}
			rt := layers(baseFunc(func(req *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 101, Request: req, Body: conn}, nil
			}))[name]
			resp, err := rt.RoundTrip(newRequest(t, "GET", ""))
			require.NoError(t, err)
			_, err = resp.Body.(io.Writer).Write([]byte("hello"))
			require.NoError(t, err)
			require.NoError(t, resp.Body.(interface{ CloseWrite() error }).CloseWrite())
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, "hello.", conn.String())
		})
	}
}

type upgraded struct{ strings.Builder }

func (*upgraded) Read([]byte) (int, error) { return 0, io.EOF }
func (*upgraded) Close() error             { return nil }
func (u *upgraded) CloseWrite() error      { return u.WriteByte('.') }

func TestLayers_concurrently(t *testing.T) {
	for name := range layers(nil) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				base := play(status(200))
				rt := layers(base)[name]
				var wg sync.WaitGroup
				for range 100 {
					wg.Go(func() {
						resp, err := rt.RoundTrip(newRequest(t, "PUT", "x"))
						if assert.NoError(t, err) {
							read(t, resp)
						}
					})
				}
				wg.Wait()
				assert.Len(t, base.times, 100)
				assert.Zero(t, base.open)
			})
		})
	}
}

// Every layer hands on the closing of what it was given, and of no more.
func TestLayers_close(t *testing.T) {
	for name := range layers(nil) {
		t.Run(name, func(t *testing.T) {
			base := &closable{}
			rt := layers(base)[name]
			rt.CloseIdleConnections()
			require.NoError(t, rt.Close())
			assert.Equal(t, [2]int{1, 1}, [2]int{base.idle, base.closed})

			wrapped := layers(nil)[name].Wrap(base).(interface {
				CloseIdleConnections()
				io.Closer
			})
			wrapped.CloseIdleConnections()
			require.NoError(t, wrapped.Close())
			assert.Equal(t, [2]int{2, 2}, [2]int{base.idle, base.closed})

			require.NoError(t, layers(nil)[name].Close(), "the shared pool is left alone")
			require.NoError(t, layers(play(status(200)))[name].Close(), "a base without Close")
		})
	}
}

type closable struct {
	http.RoundTripper
	idle, closed int
}

func (c *closable) CloseIdleConnections() { c.idle++ }
func (c *closable) Close() error          { c.closed++; return nil }

// A layer without a base sends by the shared pool, whose connections it does
// not keep from being closed.
func TestLayers_withoutABase(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(origin))
	defer s.Close()
	for name, rt := range layers(nil) {
		for _, rt := range []http.RoundTripper{rt, rt.Wrap(nil)} {
			_, got := fetch(t, rt, with(t, adapters.Settings{}, "GET", s.URL+"/x", nil))
			assert.Equal(t, "GET /x ", got, name)
			require.NoError(t, rt.(io.Closer).Close(), "the shared pool belongs to the process")
		}
	}
	var dials, reuses uint64
	for _, f := range adapters.Default().Statistics() {
		if f.Origin == s.URL {
			dials, reuses = f.Dials, f.Reuses
		}
	}
	assert.EqualValues(t, 2*len(layers(nil)), dials+reuses)
	layers(nil)["Limit"].CloseIdleConnections()
}

// A base may leave out whose response it is, as http.RoundTripper does not ask
// for it.
func TestLayers_responseOfNoRequest(t *testing.T) {
	for name, rt := range layers(baseFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("content"))}, nil
	})) {
		resp, err := rt.RoundTrip(newRequest(t, "GET", ""))
		require.NoError(t, err, name)
		assert.Nil(t, resp.Request, name)
		assert.Equal(t, "content", read(t, resp), name)
	}
}

// Nor does every base keep to what http.RoundTripper does ask for.
func TestLayers_baseWithoutAnAnswer(t *testing.T) {
	for name, answer := range map[string]func() *http.Response{
		"nothing":                   func() *http.Response { return nil },
		"a response without a body": func() *http.Response { return &http.Response{StatusCode: 200} },
	} {
		for late, wait := range map[string]bool{"in time": false, "when the context has ended": true} {
			for layer, rt := range layers(baseFunc(func(r *http.Request) (*http.Response, error) {
				if wait {
					<-r.Context().Done()
				}
				return answer(), nil
			})) {
				t.Run(name+", "+late+", "+layer, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
						defer cancel()
						require.NotPanics(t, func() { rt.RoundTrip(newRequest(t, "GET", "").WithContext(ctx)) })
					})
				})
			}
		}
	}
}

// What a second Close does is for each body to say (package io), so none sees one.
func TestLayers_bodyIsClosedOnce(t *testing.T) {
	for name := range layers(nil) {
		t.Run(name, func(t *testing.T) {
			body := &watched{Reader: strings.NewReader("content")}
			rt := layers(baseFunc(func(req *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Request: req, Body: body}, nil
			}))[name]
			resp, err := rt.RoundTrip(newRequest(t, "GET", ""))
			require.NoError(t, err)
			if a, ok := resp.Body.(drain.Aborter); ok {
				require.False(t, drain.CanAbort(resp.Body), "no more than what is below")
				a.Abort()
				require.NoError(t, resp.Body.Close())
			}
			resp.Body.Close()
			assert.Equal(t, 1, body.closed)
		})
	}
}

type watched struct {
	io.Reader
	closed int
}

func (w *watched) Close() error { w.closed++; return nil }

// A panic of the base is the caller's to recover from, and a base that ends its
// goroutine, as a test that fails within it does, keeps nobody waiting.
func TestLayers_baseThatPanics(t *testing.T) {
	for name, rt := range layers(baseFunc(func(*http.Request) (*http.Response, error) { panic("the base") })) {
		t.Run(name, func(t *testing.T) {
			assert.PanicsWithValue(t, "the base", func() { rt.RoundTrip(newRequest(t, "GET", "")) })
		})
	}
	for name, rt := range layers(baseFunc(func(*http.Request) (*http.Response, error) { runtime.Goexit(); return nil, nil })) {
		t.Run(name+", which ends its goroutine", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				go func() {
					_, err := rt.RoundTrip(newRequest(t, "GET", ""))
					assert.Error(t, err)
				}()
				synctest.Wait()
			})
		})
	}
}

// Who panics in a callback leaves no content open: nobody has it in hand.
func TestLayers_callbackThatPanics(t *testing.T) {
	slow := status(503)
	slow.after = 2 * time.Second
	for _, tt := range []struct {
		name    string
		replies []reply
		before  int // calls that do not panic
		rt      func(base http.RoundTripper, callback func()) http.RoundTripper
	}{
		{"Retry.OnRetry", []reply{status(503)}, 0, func(base http.RoundTripper, callback func()) http.RoundTripper {
			return &adapters.Retry{Base: base, OnRetry: func(adapters.Attempt) { callback() }}
		}},
		{"Breaker.IsFailure", []reply{status(200)}, 0, func(base http.RoundTripper, callback func()) http.RoundTripper {
			return &adapters.Breaker{Base: base, IsFailure: func(*http.Response, error) bool { callback(); return false }}
		}},
		{"Breaker.OnChange, by the answer", []reply{status(503)}, 0, func(base http.RoundTripper, callback func()) http.RoundTripper {
			return &adapters.Breaker{Base: base, Failures: 1, OnChange: func(adapters.CircuitChange) { callback() }}
		}},
		{"Breaker.OnChange, before the trial", []reply{status(503)}, 1, func(base http.RoundTripper, callback func()) http.RoundTripper {
			return &adapters.Breaker{Base: base, Failures: 1, OpenFor: time.Second, OnChange: func(adapters.CircuitChange) { callback() }}
		}},
		{"Hedge.OnHedge", []reply{slow}, 0, func(base http.RoundTripper, callback func()) http.RoundTripper {
			return &adapters.Hedge{Base: base, Delay: time.Second, OnHedge: func(*http.Request, time.Duration) { callback() }}
		}},
		{"Hedge.OnHedge, as the answer comes", []reply{{status: 200, after: 1500 * ms}}, 0, func(base http.RoundTripper, callback func()) http.RoundTripper {
			return &adapters.Hedge{Base: base, Delay: time.Second, OnHedge: func(*http.Request, time.Duration) { time.Sleep(time.Second); callback() }}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				base, calls := play(tt.replies...), 0
				rt := tt.rt(base, func() {
					if calls++; calls > tt.before {
						panic("the callback")
					}
				})
				var open atomic.Int32
				req := newRequest(t, "PUT", "content")
				req.GetBody = func() (io.ReadCloser, error) {
					open.Add(1)
					return &onceClosed{Reader: strings.NewReader("content"), close: func() { open.Add(-1) }}, nil
				}
				for range tt.before {
					resp, err := rt.RoundTrip(newRequest(t, "PUT", "content"))
					require.NoError(t, err)
					resp.Body.Close()
					time.Sleep(time.Second)
				}
				req.Body, _ = req.GetBody()
				assert.PanicsWithValue(t, "the callback", func() { rt.RoundTrip(req) })
				time.Sleep(time.Minute)
				assert.Zero(t, open.Load(), "of the request")
				assert.Zero(t, base.open, "of the responses")
			})
		})
	}
}

// A request without a URL is refused as it is without the layer.
func TestLayers_requestWithoutAURL(t *testing.T) {
	h := adapters.New(adapters.Options{})
	defer h.Close()
	for name, rt := range layers(h) {
		body := &watched{Reader: strings.NewReader("content")}
		_, err := rt.RoundTrip(&http.Request{Method: "GET", Body: body})
		assert.ErrorIs(t, err, sentinel.InvalidURL, name)
		assert.Equal(t, 1, body.closed, name)
	}
	assert.Equal(t, adapters.CircuitClosed, new(adapters.Breaker).State(nil))
}
