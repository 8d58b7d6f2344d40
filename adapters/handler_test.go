package adapters_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-cleanhttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

func ExampleHandler() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "user %s of %s", r.PathValue("id"), r.Host)
	})
	client := &http.Client{Transport: adapters.Handler(mux)}
	resp, err := client.Get("https://api.test/users/42")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	content, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.Status, string(content))
	// Output: 200 OK user 42 of api.test
}

func ExampleFunc() {
	client := &http.Client{Transport: adapters.Func(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusTeapot}, nil
	})}
	resp, err := client.Get("https://pot.test/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 418 I'm a teapot
}

// A handler in memory answers as one behind a server does.
func TestHandler_asServer(t *testing.T) {
	for _, c := range []struct {
		name    string
		method  string
		content string
		handler http.HandlerFunc
	}{
		{"nothing", "GET", "", func(w http.ResponseWriter, r *http.Request) {}},
		{"a status alone", "GET", "", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404) }},
		{"a short text has its length and type", "GET", "", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }},
		{"HTML by its look", "GET", "", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<html></html>") }},
		{"a type that is set", "GET", "", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, "{}")
		}},
		{"a content coding has no type", "GET", "", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "xx")
		}},
		{"a long text is chunked", "GET", "", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, strings.Repeat("x", 5000)) }},
		{"several writes", "GET", "", func(w http.ResponseWriter, r *http.Request) {
			for range 5 {
				io.WriteString(w, strings.Repeat("y", 1000))
			}
		}},
		{"a flush is chunked", "GET", "", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "a")
			w.(http.Flusher).Flush()
			io.WriteString(w, "b")
		}},
		{"a flush of nothing", "GET", "", func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush() }},
		{"a declared length", "GET", "", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "5")
			w.(http.Flusher).Flush()
			io.WriteString(w, "hello")
		}},
		{"204 has no content", "GET", "", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(204)
			if _, err := io.WriteString(w, "x"); err != http.ErrBodyNotAllowed {
				panic("taken")
			}
		}},
		{"304 has no content", "GET", "", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(304) }},
		{"HEAD, short", "HEAD", "", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }},
		{"HEAD, long", "HEAD", "", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, strings.Repeat("x", 5000)) }},
		{"the first status counts", "GET", "", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(201)
			w.Header().Set("X-Late", "1")
			io.WriteString(w, "x")
		}},
		{"trailers", "GET", "", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "X-Sum, X-Not-Sent")
			io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			w.Header().Set("X-Sum", "1")
			w.Header().Set(http.TrailerPrefix+"X-More", "2")
		}},
		{"a trailer that is set first is none of the header", "GET", "", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(http.TrailerPrefix+"X-Sum", "1")
			w.(http.Flusher).Flush()
		}},
		{"HEAD has no trailers", "HEAD", "", trailed(200)},
		{"204 has no trailers", "GET", "", trailed(204)},
		{"304 has no trailers", "GET", "", trailed(304)},
		{"what the handler sees", "PUT", "content", func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			fmt.Fprintln(w, r.Method, r.URL, r.URL.Path, r.URL.RawPath, r.RequestURI, r.Proto, r.ContentLength,
				r.Header.Get("Content-Length"), r.Header.Get("Authorization"), r.TransferEncoding, r.TLS == nil, r.Form, string(b), err)
		}},
		{"what it sees without content", "POST", "", func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			fmt.Fprintln(w, r.ContentLength, r.Header["Content-Length"], string(b), err)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewServer(c.handler)
			defer s.Close()
			tr := cleanhttp.DefaultPooledTransport()
			tr.DisableCompression = true
			defer tr.CloseIdleConnections()
			var got [2]string
			for i, rt := range []http.RoundTripper{tr, adapters.Handler(c.handler)} {
				var content io.Reader
				if c.content != "" {
					content = strings.NewReader(c.content)
				}
				req := with(t, adapters.Settings{}, c.method, s.URL+"/a%2Fb?c=d", content)
				req.Header.Set("Authorization", "Test x")
				resp, text := fetch(t, rt, req)
				resp.Header.Del("Date")
				got[i] = fmt.Sprint(resp.Status, resp.Proto, resp.ContentLength, resp.TransferEncoding, resp.Header, resp.Trailer, "\n", text)
			}
			require.Equal(t, got[0], got[1])
		})
	}
}

// trailed answers with status and tries to send trailers.
func trailed(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		w.WriteHeader(status)
		w.(http.Flusher).Flush()
		w.Header().Set("X-Sum", "1")
		w.Header().Set(http.TrailerPrefix+"X-More", "2")
	}
}

func TestHandler_fullDuplex(t *testing.T) {
	rt := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		http.NewResponseController(w).Flush()
		b := make([]byte, 1)
		for {
			if _, err := io.ReadFull(r.Body, b); err != nil {
				return
			}
			w.Write([]byte(strings.ToUpper(string(b))))
		}
	}))
	in, out := io.Pipe()
	resp, err := rt.RoundTrip(with(t, adapters.Settings{}, "POST", "http://h.test/", in))
	require.NoError(t, err)
	for _, c := range []string{"a", "b", "c"} {
		io.WriteString(out, c)
		b := make([]byte, 1)
		_, err := io.ReadFull(resp.Body, b)
		require.NoError(t, err)
		require.Equal(t, strings.ToUpper(c), string(b))
	}
	out.Close()
	rest, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Empty(t, rest)
	resp.Body.Close()
}

func TestHandler_ends(t *testing.T) {
	cause := errors.New("changed my mind")
	t.Run("R171 the context reaches the handler", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			reached := make(chan error, 1)
			rt := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				<-r.Context().Done()
				reached <- context.Cause(r.Context())
			}))
			ctx, cancel := context.WithCancelCause(context.Background())
			time.AfterFunc(time.Second, func() { cancel(cause) })
			req, _ := http.NewRequestWithContext(ctx, "GET", "http://h.test/", nil)
			_, err := rt.RoundTrip(req)
			require.ErrorIs(t, err, cause)
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, <-reached, cause)
		})
	})
	t.Run("closing the content reaches the handler", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			writing := make(chan error, 1)
			rt := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.(http.Flusher).Flush()
				<-r.Context().Done()
				_, err := w.Write(make([]byte, 4096))
				writing <- err
			}))
			resp, err := rt.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Error(t, <-writing)
		})
	})
	t.Run("what the context carries stays with the caller", func(t *testing.T) {
		rt := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, ok := adapters.SettingsFrom(r.Context())
			fmt.Fprint(w, ok)
		}))
		_, got := fetch(t, rt, with(t, adapters.Settings{Timings: true}, "GET", "http://h.test/", nil))
		require.Equal(t, "false", got)
	})
	t.Run("R170 less than declared is truncated", func(t *testing.T) {
		rt := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "abc")
		}))
		resp, err := rt.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
		require.NoError(t, err)
		b, err := io.ReadAll(resp.Body)
		require.Equal(t, "abc", string(b))
		require.ErrorIs(t, err, sentinel.Truncated)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	})
	t.Run("more than declared is refused", func(t *testing.T) {
		rt := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "2")
			_, err := io.WriteString(w, "hello")
			assert.ErrorIs(t, err, http.ErrContentLength)
			io.WriteString(w, "ok")
		}))
		_, got := fetch(t, rt, with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
		require.Equal(t, "ok", got)
	})
	t.Run("a panic before the header is a failed connection", func(t *testing.T) {
		rt := adapters.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh no") }))
		_, err := rt.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
		require.ErrorIs(t, err, sentinel.Connection)
		require.ErrorContains(t, err, "oh no")
	})
	t.Run("the end of a handler that is not read from is no leak", func(t *testing.T) {
		rt := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "small") }))
		_, err := rt.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil)) // goleak looks for it
		require.NoError(t, err)
	})
	t.Run("a request without a URL", func(t *testing.T) {
		rt := adapters.Handler(http.NotFoundHandler())
		_, err := rt.RoundTrip(&http.Request{})
		require.ErrorIs(t, err, sentinel.InvalidURL)
	})
	t.Run("D15 1xx is not the answer", func(t *testing.T) {
		rt := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</x>")
			w.WriteHeader(103)
			w.WriteHeader(201)
		}))
		var hints []int
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, _ textproto.MIMEHeader) error { hints = append(hints, code); return nil },
		})
		req, _ := http.NewRequestWithContext(ctx, "GET", "http://h.test/", nil)
		resp, _ := fetch(t, rt, req)
		require.Equal(t, 201, resp.StatusCode)
		require.Equal(t, []int{103}, hints)
	})
}

func TestFunc(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		f    func(*http.Request) (*http.Response, error)
		err  error
		want string
	}{
		{"what is left out is set", func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 201}, nil }, nil, "201 Created HTTP/1.1 map[] "},
		{"an error is the error", func(*http.Request) (*http.Response, error) { return nil, broken }, broken, ""},
		{"an error beside a response", func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("x"))}, broken
		}, broken, ""},
		{"what is read is echoed", func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: r.Body}, nil
		}, nil, "200 OK HTTP/1.1 map[] "},
		{"the request is a copy", func(r *http.Request) (*http.Response, error) {
			r.Header.Set("Authorization", "Test x")
			r.URL.Path = "/elsewhere"
			return &http.Response{StatusCode: 200, Request: r}, nil
		}, nil, "200 OK HTTP/1.1 map[] "},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := with(t, adapters.Settings{}, "POST", "http://h.test/x", strings.NewReader("content"))
			closed := &closeCounter{ReadCloser: req.Body}
			req.Body = closed
			before := req.Clone(req.Context())
			resp, err := adapters.Func(c.f).RoundTrip(req)
			require.ErrorIs(t, err, c.err)
			if c.err == nil {
				require.Same(t, req, resp.Request)
				assert.Equal(t, c.want, fmt.Sprintf("%s %s %v ", resp.Status, resp.Proto, resp.Header))
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			} else {
				require.Nil(t, resp)
			}
			require.Equal(t, 1, closed.count())
			require.Equal(t, before.URL, req.URL)
			require.Equal(t, before.Header, req.Header)
		})
	}
	t.Run("neither is an error", func(t *testing.T) {
		_, err := adapters.Func(func(*http.Request) (*http.Response, error) { return nil, nil }).
			RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
		require.Error(t, err)
	})
}

// What a caller does with the content, and what it reads then.
func TestHandler_content(t *testing.T) {
	t.Run("an error stays", func(t *testing.T) {
		rt := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "abc")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}))
		resp, err := rt.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
		require.NoError(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		require.Equal(t, "abc", string(b))
		require.ErrorIs(t, err, sentinel.Truncated)
		_, again := resp.Body.Read(make([]byte, 1))
		require.Same(t, err, again)
	})
	t.Run("the end stays, though the context ends after it", func(t *testing.T) {
		rt := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "abc") }))
		ctx, cancel := context.WithCancel(t.Context())
		resp, err := rt.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil).WithContext(ctx))
		require.NoError(t, err)
		defer resp.Body.Close()
		_, err = io.ReadAll(resp.Body)
		require.NoError(t, err)
		cancel()
		_, err = resp.Body.Read(make([]byte, 1))
		require.Equal(t, io.EOF, err)
	})
	t.Run("what was held back is not read once the context has ended", func(t *testing.T) {
		rt := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "abc") }))
		cause := errors.New("changed my mind")
		ctx, cancel := context.WithCancelCause(t.Context())
		resp, err := rt.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil).WithContext(ctx))
		require.NoError(t, err)
		defer resp.Body.Close()
		cancel(cause)
		n, err := resp.Body.Read(make([]byte, 1))
		require.Zero(t, n)
		require.ErrorIs(t, err, cause)
		require.NotErrorIs(t, err, sentinel.Truncated)
	})
}

// endingContext has ended before it says so to those that wait, as every
// context has for a moment.
type endingContext struct {
	context.Context
	ended atomic.Bool
}

func (c *endingContext) Err() error {
	if c.ended.Load() {
		return context.Canceled
	}
	return nil
}

// A handler in memory that is silent is as a server that is: the limit of
// Settings.Read runs while it is waited for.
func TestHandler_silence(t *testing.T) {
	const limit = 7 * time.Second
	quiet := func(r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(time.Hour):
		}
	}
	for _, tt := range []struct {
		name  string
		limit time.Duration
		serve func(w http.ResponseWriter, r *http.Request)
		slow  time.Duration // before each Read of the caller, and of what it sends
		want  string
		is    []error
		after time.Duration
	}{
		{"before the header", limit, func(_ http.ResponseWriter, r *http.Request) { quiet(r) }, 0,
			"read timed out: no answer within 7s", []error{sentinel.ReadTimeout}, limit},
		{"within the content", limit, func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			quiet(r)
		}, 0, "read timed out within the content: no content within 7s", []error{sentinel.BodyReadTimeout, sentinel.Connection}, limit},
		{"after a header that took its time", limit, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(limit - 1)
			w.WriteHeader(http.StatusEarlyHints)
			time.Sleep(limit - 1)
			w.(http.Flusher).Flush()
			time.Sleep(limit - 1)
			io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			quiet(r)
		}, 0, "read timed out within the content: no content within 7s", nil, 4*limit - 3},
		{"never for that long", limit, func(w http.ResponseWriter, r *http.Request) {
			for range 100 {
				time.Sleep(limit - 1)
				io.WriteString(w, "x")
				w.(http.Flusher).Flush()
			}
		}, 0, "", nil, 100 * (limit - 1)},
		{"a caller that takes its time", limit, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(w, r.Body)
		}, time.Minute, "", nil, 3 * time.Minute},
		{"without a limit", 0, func(_ http.ResponseWriter, r *http.Request) { quiet(r) }, 0, "", nil, time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sent := iotest.DataErrReader(strings.NewReader("abc"))
				req := with(t, adapters.Settings{Read: tt.limit}, "POST", "http://h.test/", readerFunc(func(p []byte) (int, error) {
					time.Sleep(tt.slow)
					return sent.Read(p)
				}))
				ended := make(chan error, 1)
				start := time.Now()
				resp, err := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					tt.serve(w, r)
					ended <- context.Cause(r.Context())
				})).RoundTrip(req)
				for err == nil {
					time.Sleep(tt.slow)
					_, err = resp.Body.Read(make([]byte, 10))
				}
				assert.Equal(t, tt.after, time.Since(start))
				if tt.want == "" {
					require.Equal(t, io.EOF, err)
					require.NoError(t, <-ended)
					return
				}
				require.EqualError(t, err, tt.want)
				for _, is := range tt.is {
					require.ErrorIs(t, err, is)
				}
				require.ErrorIs(t, <-ended, sentinel.ReadTimeout, "the handler's context tells")
				if resp != nil {
					_, again := resp.Body.Read(make([]byte, 1))
					require.Equal(t, err, again)
				}
			})
		})
	}
}

// A handler that ends its goroutine, as a test that fails within it does, has
// not answered.
func TestHandler_thatEndsItsGoroutine(t *testing.T) {
	_, err := adapters.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		runtime.Goexit()
	})).RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
	require.ErrorIs(t, err, sentinel.Connection)
	resp, err := adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "abc")
		w.(http.Flusher).Flush()
		runtime.Goexit()
	})).RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
	require.NoError(t, err)
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	require.ErrorIs(t, err, sentinel.Truncated)
}

// A handler breaks off because of the end of the context, and the caller is
// told of that.
func TestHandler_breaksOffAsTheContextEnds(t *testing.T) {
	ctx := &endingContext{Context: t.Context()}
	rt := adapters.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		ctx.ended.Store(true)
		panic(http.ErrAbortHandler)
	}))
	_, err := rt.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil).WithContext(ctx))
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, sentinel.Connection)
}

// The request's content may still be read while the response's is: it is
// closed with it.
func TestFunc_closesTheContentWithTheResponse(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(io.ReadCloser)
	}{
		{"when it is read to its end", func(b io.ReadCloser) { io.Copy(io.Discard, b) }},
		{"when it is closed", func(b io.ReadCloser) { b.Close() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := with(t, adapters.Settings{}, "POST", "http://h.test/", strings.NewReader("content"))
			closed := &closeCounter{ReadCloser: req.Body}
			req.Body = closed
			answer := &closeCounter{ReadCloser: io.NopCloser(strings.NewReader("answer"))}
			rt := adapters.Func(func(r *http.Request) (*http.Response, error) {
				_, err := r.Body.Read(make([]byte, 3)) // the rest later
				return &http.Response{StatusCode: 200, Body: answer}, err
			})
			resp, err := rt.RoundTrip(req)
			require.NoError(t, err)
			_, err = resp.Body.Read(make([]byte, 1))
			require.NoError(t, err)
			require.Zero(t, closed.count(), "it is still sent")
			tt.end(resp.Body)
			require.Equal(t, 1, closed.count())
			resp.Body.Close()
			require.Equal(t, 1, closed.count())
			require.NotZero(t, answer.count())
		})
	}
}
