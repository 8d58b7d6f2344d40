package requests_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
)

// Answers that leave the client waiting: the connection stays open, and the
// server notices when the client closes it.
const (
	noHeader   = "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n"
	halfBody   = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf\n"
	halfChunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf\n\r\n"
)

var (
	errHook = errors.New("the hook's")
	errAny  = errors.New("whichever it is")
)

// leakCase is a way for a call to go wrong, or for its response to be dropped.
type leakCase struct {
	name   string
	answer string
	opts   []requests.Option // of the session
	run    func(t *testing.T, s *requests.Session, url string) error
	err    error // what run returns; nil: none
	drops  bool  // a stream was dropped without Close: only the end of its context closes it
}

func get(opts ...requests.Option) func(*testing.T, *requests.Session, string) error {
	return func(t *testing.T, s *requests.Session, url string) error {
		r, err := s.Get(t.Context(), url, opts...)
		assert.Equal(t, err == nil, r != nil, "either a response or an error")
		return err
	}
}

// post sends what body returns, which is asked anew for every call.
func post(body func() any) func(*testing.T, *requests.Session, string) error {
	return func(t *testing.T, s *requests.Session, url string) error {
		_, err := s.Post(t.Context(), url, requests.WithBody(body()))
		return err
	}
}

func once() any   { return io.LimitReader(strings.NewReader("once"), 4) }
func broken() any { return brokenReader{} }

func hooked(set func(*requests.Hooks)) []requests.Option {
	h := new(requests.Hooks)
	set(h)
	return []requests.Option{requests.WithHooks(h)}
}

// whenSent runs f when the request is on its way, and by all odds answered as far
// as it will be: whatever f meets, the outcome is the same.
func whenSent(s *requests.Session, f func()) {
	s.Hooks().Send.PushBack(func(e *requests.Exchange) error {
		time.AfterFunc(20*time.Millisecond, f)
		return nil
	})
}

func cancelled(opts ...requests.Option) func(*testing.T, *requests.Session, string) error {
	return func(t *testing.T, s *requests.Session, url string) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		whenSent(s, cancel)
		r, err := s.Get(ctx, url, opts...)
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body)
		}
		return err
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

// authFailing has no credentials when they are needed.
type authFailing struct{}

func (authFailing) Authenticate(*http.Request) error { return errHook }
func (authFailing) Deferred()                        {}

var leakCases = []leakCase{
	{"refused", "", nil, func(t *testing.T, s *requests.Session, _ string) error {
		return get()(t, s, "http://127.0.0.1:1/")
	}, requests.ErrConnection, false},
	{"closed without an answer", "", nil, get(), requests.ErrConnection, false},
	{"a bad status line", "garbage\r\ncontent-length: 0\r\n\r\n", nil, get(), requests.ErrConnection, false},
	{"unequal lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", nil, get(), requests.ErrInvalidHeader, false},
	{"a header that is too long", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 300<<10) + "\r\nContent-Length: 0\r\n\r\n", nil, get(), requests.ErrConnection, false},
	{"a short body", reply(200, "abc", "Content-Length: 10", "Connection: close"), nil, get(), requests.ErrTruncated, false},
	{"bad chunks", reply(200, "ZZ\r\n", "Transfer-Encoding: chunked"), nil, get(), requests.ErrTruncated, false},
	{"silence before the header", noHeader, nil, get(requests.WithTimeouts(requests.Timeouts{Read: 20 * time.Millisecond})), requests.ErrReadTimeout, false},
	{"silence within the content", halfBody, nil, get(requests.WithTimeouts(requests.Timeouts{Read: 20 * time.Millisecond})), requests.ErrReadTimeout, false},
	{"no time left before the header", noHeader, nil, get(requests.WithTimeout(20 * time.Millisecond)), requests.ErrTimeout, false},
	{"no time left within the content", halfChunks, nil, get(requests.WithTimeout(20 * time.Millisecond)), requests.ErrTimeout, false},
	{"cancelled before the header", noHeader, nil, cancelled(), context.Canceled, false},
	{"cancelled within the content", halfBody, nil, cancelled(), context.Canceled, false},
	{"cancelled within chunks", halfChunks, nil, cancelled(), context.Canceled, false},
	{"a stream cancelled", halfBody, nil, cancelled(requests.WithStream(true)), context.Canceled, false},
	{"too many redirects", redirectTo(302, "/x?"), nil, get(requests.WithMaxRedirects(1)), requests.ErrTooManyRedirects, false},
	{"a redirect to no URL", redirectTo(302, "http://h:port/"), nil, get(), requests.ErrInvalidURL, false},
	{"a redirect to no adapter", redirectTo(302, "ftp://h.test/"), nil, get(), requests.ErrNoAdapter, false},
	{"a redirect to nobody", redirectTo(302, "http://127.0.0.1:1/"), nil, get(), requests.ErrConnection, false},
	{"a Location that is too long", redirectTo(302, "/"+strings.Repeat("x", 9000)), nil, get(), requests.ErrInvalidURL, false},
	{"a redirect whose body does not end", "HTTP/1.1 302 Found\r\nLocation: ftp://h.test/\r\nContent-Length: 10\r\n\r\nabc", nil, get(), requests.ErrNoAdapter, false},
	{"a redirect that asks for a body that is gone", redirectTo(307, "/next"), nil, post(once), requests.ErrBodyNotReplayable, false},
	{"a challenge that asks for a body that is gone", reply(401, "", `WWW-Authenticate: Digest realm="r", nonce="n", qop="auth", stale=true`), []requests.Option{requests.WithAuth(auth.Digest("u", "p"))}, post(once), requests.ErrBodyNotReplayable, false},
	{"a Prepare hook", reply(200, "x"), hooked(func(h *requests.Hooks) {
		h.Prepare.PushBack(func(*requests.PreparedRequest) error { return errHook })
	}), get(), errHook, false},
	{"a Send hook", reply(200, "x"), hooked(func(h *requests.Hooks) {
		h.Send.PushBack(func(*requests.Exchange) error { return errHook })
	}), get(), errHook, false},
	{"a Response hook", halfBody, hooked(func(h *requests.Hooks) {
		h.Response.PushBack(func(*requests.Exchange) error { return errHook })
	}), get(), errHook, false},
	{"a Response hook that has peeked", halfBody, hooked(func(h *requests.Hooks) {
		h.Response.PushBack(func(e *requests.Exchange) error {
			e.Peek(4)
			return errHook
		})
	}), get(), errHook, false},
	{"a Response hook that takes the response away", halfBody, hooked(func(h *requests.Hooks) {
		h.Response.PushBack(func(e *requests.Exchange) error {
			e.Response = nil
			return nil
		})
	}), get(requests.WithStream(true)), errAny, false},
	{"a Response hook that puts another in place", halfBody, hooked(func(h *requests.Hooks) {
		h.Response.PushBack(func(e *requests.Exchange) error {
			e.Response = &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("mine"))}
			return nil
		})
	}), get(requests.WithStream(true)), nil, false},
	{"a Complete hook", halfBody, hooked(func(h *requests.Hooks) {
		h.Complete.PushBack(func(*requests.Result) error { return errHook })
	}), get(requests.WithStream(true)), errHook, false},
	{"an authenticator", reply(200, "x"), []requests.Option{requests.WithAuth(authFailing{})}, post(once), errHook, false},
	{"a body that breaks", halfBody, nil, post(broken), io.ErrClosedPipe, false},
	{"RaiseForStatus", reply(500, "why"), nil, get(requests.WithRaiseForStatus(true)), errAny, false},
	{"RaiseForStatus of a stream", "HTTP/1.1 500 Oops\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 5000), nil, get(requests.WithStream(true), requests.WithRaiseForStatus(true)), errAny, false},
	{"MaxBody as declared", halfBody, nil, get(requests.WithMaxBody(3)), requests.ErrBodyTooLarge, false},
	{"MaxBody undeclared", halfChunks, nil, get(requests.WithMaxBody(3)), requests.ErrBodyTooLarge, false},
	{"a bad coding", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\nno gzip at all, whatever they say", nil, get(), requests.ErrContentDecoding, false},
	{"too many codings", "HTTP/1.1 200 OK\r\nContent-Encoding: a,b,c,d,e,f\r\nContent-Length: 100\r\n\r\nx", nil, get(), requests.ErrContentDecoding, false},
	{"a loop over lines that is left", halfBody, nil, func(t *testing.T, s *requests.Session, url string) error {
		r, err := s.Get(t.Context(), url, requests.WithStream(true))
		require.NoError(t, err)
		for range r.Lines() {
			break
		}
		return nil
	}, nil, false},
	{"a loop over chunks that is left", halfBody, nil, func(t *testing.T, s *requests.Session, url string) error {
		r, err := s.Get(t.Context(), url, requests.WithStream(true))
		require.NoError(t, err)
		for range r.Chunks(1) {
			break
		}
		return nil
	}, nil, false},
	{"pages that are left", reply(200, "x", "Link: </2>; rel=next"), nil, func(t *testing.T, s *requests.Session, url string) error {
		for range requests.Pages(t.Context(), s, url) {
			break
		}
		return nil
	}, nil, false},
	{"a file that cannot be written", halfBody, nil, func(t *testing.T, s *requests.Session, url string) error {
		r, err := s.Get(t.Context(), url, requests.WithStream(true))
		require.NoError(t, err)
		_, err = r.SaveFile(filepath.Join(t.TempDir(), "no", "such", "directory"))
		require.Error(t, err)
		return nil
	}, nil, false},
	{"a collector of a status", "HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\nx", nil, func(t *testing.T, s *requests.Session, url string) error {
		_, err := requests.Text(s.Get(t.Context(), url, requests.WithStream(true), requests.WithTimeouts(requests.Timeouts{Read: 20 * time.Millisecond})))
		require.Error(t, err)
		return nil
	}, nil, false},
	{"dropped without Close", reply(200, "read into memory"), nil, get(), nil, false},
	{"a HEAD as a stream, dropped", reply(200, "", "Content-Length: 10"), nil, func(t *testing.T, s *requests.Session, url string) error {
		_, err := s.Head(t.Context(), url, requests.WithStream(true))
		return err
	}, nil, false},
	{"a stream dropped without Close", halfBody, nil, get(requests.WithStream(true)), nil, true},
	{"a call of a closed session", reply(200, "x"), nil, func(t *testing.T, s *requests.Session, url string) error {
		require.NoError(t, s.Close())
		return get()(t, s, url)
	}, requests.ErrSessionClosed, false},
}

func TestLeaks(t *testing.T) {
	for _, c := range leakCases {
		t.Run(c.name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			w := newWire(t, func(r wireRequest) string {
				// Another target each time, or it is a loop.
				return strings.Replace(c.answer, "/x?", "/x?"+strings.Repeat("y", r.Number), 1)
			})
			s, err := requests.NewSession(c.opts...)
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			run := c.run
			if c.drops {
				run = func(_ *testing.T, s *requests.Session, url string) error {
					_, err := s.Get(ctx, url, requests.WithStream(true))
					return err
				}
			}
			for range 3 {
				err := run(t, s, w.URL+"/start")
				switch c.err {
				case nil:
					require.NoError(t, err)
				case errAny:
					require.Error(t, err)
				default:
					require.ErrorIs(t, err, c.err)
				}
			}
			if c.drops {
				assert.Equal(t, 3, w.Open(), "a stream is open until it is closed, read or cancelled")
				cancel()
			}
			eventually(t, func() bool { return w.Open() <= 1 }, "no connection but an idle one is open")
			require.NoError(t, s.Close())
			eventually(t, func() bool { return w.Open() == 0 }, "every connection is closed with the session")
			w.Close()
			goleak.VerifyNone(t, before)
		})
	}
}

func TestHooks_BodiesTheyPutInPlaceAreClosed(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(h *requests.Hooks, resp *http.Response)
	}{
		{"a Send hook answers and the next one fails", func(h *requests.Hooks, resp *http.Response) {
			h.Send.PushBack(func(e *requests.Exchange) error { e.Response = resp; return nil })
			h.Send.PushBack(func(*requests.Exchange) error { return errHook })
		}},
		{"a Send hook answers and a Response hook fails", func(h *requests.Hooks, resp *http.Response) {
			h.Send.PushBack(func(e *requests.Exchange) error { e.Response = resp; return nil })
			h.Response.PushBack(func(*requests.Exchange) error { return errHook })
		}},
		{"a Response hook replaces and the next one fails", func(h *requests.Hooks, resp *http.Response) {
			h.Response.PushBack(func(e *requests.Exchange) error { e.Response = resp; return nil })
			h.Response.PushBack(func(*requests.Exchange) error { return errHook })
		}},
		{"a Response hook replaces and a Complete hook fails", func(h *requests.Hooks, resp *http.Response) {
			h.Response.PushBack(func(e *requests.Exchange) error { e.Response = resp; return nil })
			h.Complete.PushBack(func(*requests.Result) error { return errHook })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := &closeCounter{Reader: strings.NewReader("content")}
			original := &closeCounter{Reader: strings.NewReader("content")}
			h := new(requests.Hooks)
			c.set(h, &http.Response{StatusCode: 200, Header: http.Header{}, Body: body, ContentLength: -1})
			s := newSession(t, requests.WithHooks(h), requests.WithAdapter("http://", adapters.Func(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: original, ContentLength: -1, Request: r}, nil
			})))
			_, err := s.Get(t.Context(), "http://api.test/", requests.WithStream(true))
			require.ErrorIs(t, err, errHook)
			assert.Positive(t, body.closed, "the one put in place")
			if strings.Contains(c.name, "replaces") {
				assert.Positive(t, original.closed, "the one it took the place of")
			}
		})
	}
}

func TestBodies_OfRequestsThatWereNotSentAreClosed(t *testing.T) {
	for _, c := range []struct {
		name string
		opts []requests.Option
	}{
		{"a Send hook fails", hooked(func(h *requests.Hooks) {
			h.Send.PushBack(func(*requests.Exchange) error { return errHook })
		})},
		{"a Send hook answers", hooked(func(h *requests.Hooks) {
			h.Send.PushBack(func(e *requests.Exchange) error {
				e.Response = &http.Response{StatusCode: 200}
				return nil
			})
		})},
		{"authentication fails", []requests.Option{requests.WithAuth(authFailing{})}},
	} {
		t.Run(c.name, func(t *testing.T) {
			opened := 0
			s := newSession(t, append(c.opts, requests.WithAdapter("http://", canned("200 OK", nil, "")))...)
			s.Post(t.Context(), "http://api.test/", requests.WithBody(countedOpen{&opened}))
			assert.Zero(t, opened, "what is not sent is not opened")
		})
	}
}

// countedOpen is a Body that counts how many of its readers are open.
type countedOpen struct{ open *int }

func (countedOpen) Len() int64          { return 1 }
func (countedOpen) ContentType() string { return "" }
func (b countedOpen) Open() (io.ReadCloser, error) {
	*b.open++
	return &releasing{strings.NewReader("x"), b.open}, nil
}

type releasing struct {
	io.Reader
	open *int
}

func (r *releasing) Close() error {
	*r.open--
	return nil
}

func TestHooks_RequestBodiesTheySetAreClosed(t *testing.T) {
	set := func(h *requests.Hooks, body io.ReadCloser) {
		h.Send.PushBack(func(e *requests.Exchange) error {
			e.Request.Body, e.Request.ContentLength = body, 7
			return nil
		})
	}
	for _, c := range []struct {
		name  string
		after func(h *requests.Hooks, cancel func()) requests.Option
	}{
		{"and the next one fails", func(h *requests.Hooks, _ func()) requests.Option {
			h.Send.PushBack(func(*requests.Exchange) error { return errHook })
			return nil
		}},
		{"and the next one answers", func(h *requests.Hooks, _ func()) requests.Option {
			h.Send.PushBack(func(e *requests.Exchange) error { e.Response = &http.Response{StatusCode: 200}; return nil })
			return nil
		}},
		{"and authentication fails", func(*requests.Hooks, func()) requests.Option { return requests.WithAuth(authFailing{}) }},
		{"and the call is cancelled", func(h *requests.Hooks, cancel func()) requests.Option {
			h.Send.PushBack(func(*requests.Exchange) error { cancel(); return nil })
			return nil
		}},
		{"and there is no adapter", func(h *requests.Hooks, _ func()) requests.Option {
			h.Send.PushBack(func(e *requests.Exchange) error { e.Request.URL.Scheme = "none"; return nil })
			return nil
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			body := &closeCounter{Reader: strings.NewReader("content")}
			h := new(requests.Hooks)
			set(h, body)
			opt := c.after(h, cancel)
			newSession(t).Post(ctx, "http://api.invalid/", opt, requests.WithHooks(h))
			assert.Equal(t, 1, body.closed)
		})
	}
	t.Run("beside a GetBody, which is asked for the next one only", func(t *testing.T) {
		w := newReplies(t, reply(200, ""))
		body := &closeCounter{Reader: strings.NewReader("content")}
		_, err := newSession(t).Post(t.Context(), w.URL, requests.WithHooks(prepareHook(func(p *requests.PreparedRequest) error {
			p.Request.Body, p.ContentLength = body, 7
			p.GetBody = func() (io.ReadCloser, error) { return nil, errors.New("nobody needs another") }
			return nil
		})))
		require.NoError(t, err)
		assert.Equal(t, []string{"content"}, wireBodies(w))
		assert.Positive(t, body.closed)
	})
}

func TestPanicsOfCallbacksLeaveNoBodyOpen(t *testing.T) {
	complete, response := new(requests.Hooks), new(requests.Hooks)
	complete.Complete.PushBack(func(*requests.Result) error { panic(errHook) })
	response.Response.PushBack(func(*requests.Exchange) error { panic(errHook) })
	get := func(s *requests.Session) { s.Get(t.Context(), "http://api.test/") }
	client := func(s *requests.Session) { s.HTTPClient().Get("http://api.test/") }
	for _, c := range []struct {
		name string
		opts []requests.Option
		call func(*requests.Session)
	}{
		{"a Response hook", []requests.Option{requests.WithHooks(response)}, get},
		{"a Response hook under HTTPClient", []requests.Option{requests.WithHooks(response)}, client},
		{"a Complete hook", []requests.Option{requests.WithHooks(complete)}, get},
		{"a Complete hook of a stream", []requests.Option{requests.WithHooks(complete), requests.WithStream(true)}, get},
		{"a challenge", []requests.Option{requests.WithAuth(panicking{challenge: true})}, get},
		{"a challenge under HTTPClient", []requests.Option{requests.WithAuth(panicking{challenge: true})}, client},
		{"an authenticator that observes", []requests.Option{requests.WithAuth(panicking{})}, get},
		{"an authenticator that observes, under HTTPClient", []requests.Option{requests.WithAuth(panicking{})}, client},
		{"what tells of the download", []requests.Option{requests.WithDownloadProgress(func(_, _ int64) { panic(errHook) })}, get},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := &closeCounter{Reader: strings.NewReader("content")}
			s := newSession(t, append(c.opts, requests.WithTransport(adapters.Func(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 401, Body: body, ContentLength: -1, Request: r}, nil
			})))...)
			assert.PanicsWithValue(t, errHook, func() { c.call(s) })
			assert.Positive(t, body.closed)
		})
	}
}

func TestPanicsBeforeTheWireLeaveNoBodyOpen(t *testing.T) {
	for _, c := range []struct {
		name string
		opts []requests.Option
		set  func(*requests.Exchange, io.ReadCloser)
	}{
		{"the content that a hook sets, beneath one that panics", []requests.Option{requests.WithHooks(sendHook(panics))}, setsContent},
		{"the response that a hook sets, beneath one that panics", []requests.Option{requests.WithHooks(sendHook(panics))}, answers},
		{"the content that a hook sets, for an authenticator that panics", []requests.Option{requests.WithAuth(panicsLate{})}, setsContent},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := &closeCounter{Reader: strings.NewReader("content")}
			s := newSession(t, append(c.opts, requests.WithTransport(canned("200 OK", nil, "")))...)
			s.Hooks().Send.PushFront(func(e *requests.Exchange) error { c.set(e, body); return nil })
			assert.PanicsWithValue(t, errHook, func() { s.Get(t.Context(), "http://api.test/") })
			assert.Equal(t, 1, body.closed)
		})
	}
}

func panics(*requests.Exchange) error { panic(errHook) }

func setsContent(e *requests.Exchange, body io.ReadCloser) { e.Request.Body = body }

func answers(e *requests.Exchange, body io.ReadCloser) {
	e.Response = &http.Response{StatusCode: 200, Body: body}
}

// panicsLate panics when it is to set its credentials.
type panicsLate struct{}

func (panicsLate) Deferred()                        {}
func (panicsLate) Authenticate(*http.Request) error { panic(errHook) }

// panicking is an authenticator that panics when it is shown a response, or has
// to answer one.
type panicking struct{ challenge bool }

func (panicking) Authenticate(*http.Request) error { return nil }

func (p panicking) Observe(*http.Response) {
	if !p.challenge {
		panic(errHook)
	}
}

func (panicking) Challenge(*http.Response) (bool, error) { panic(errHook) }
