package requests_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

// roundTrip is an adapter from a function, and nothing more: adapters.Func would
// see to what the function owes.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// canned is an adapter that answers every request with status, header and
// content, without a network.
func canned(status string, header http.Header, content string) http.RoundTripper {
	return adapters.Func(func(r *http.Request) (*http.Response, error) {
		resp := &http.Response{
			Status: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header.Clone(),
			Body: io.NopCloser(strings.NewReader(content)), ContentLength: int64(len(content)), Request: r,
		}
		_, err := fmt.Sscan(status, &resp.StatusCode)
		return resp, err
	})
}

// fetch is the response of a session on which adapter serves everything.
func fetch(t testing.TB, adapter http.RoundTripper, opts ...requests.Option) *requests.Response {
	t.Helper()
	s := newSession(t, requests.WithAdapter("http://", adapter))
	r, err := s.Get(t.Context(), "http://api.test/a", opts...)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

func TestResponse_HasWhatCameBack(t *testing.T) {
	w := newWire(t, func(r wireRequest) string {
		if r.Path() == "/start" {
			return redirectTo(302, "/end?b=2#part", "Set-Cookie: hop=1")
		}
		return reply(200, "content", "X-A: 1", "X-A: 2", "Set-Cookie: last=2", "Content-Type: text/plain; charset=utf-8")
	})
	s := newSession(t)
	r, err := s.Get(t.Context(), w.URL+"/start?a=1#here")
	require.NoError(t, err)

	assert.Equal(t, 200, r.StatusCode)
	assert.Equal(t, "OK", r.Reason())
	assert.Equal(t, []string{"1", "2"}, r.Header.Values("x-a"))
	assert.Equal(t, w.URL+"/end?b=2#part", r.Request.URL.String(), "R173 the final URL, with its fragment")
	assert.Equal(t, "hop=1", r.Request.Header.Get("Cookie"), "R173 the request as it was sent")
	require.Len(t, r.History, 1)
	assert.Equal(t, 302, r.History[0].StatusCode)
	assert.Equal(t, w.URL+"/start?a=1#here", r.History[0].Request.URL.String())
	assert.Empty(t, r.History[0].History)
	require.Len(t, r.Cookies(), 1)
	assert.Equal(t, "last", r.Cookies()[0].Name, "R173 only the cookies of this response")
	assert.Equal(t, "utf-8", strings.ToLower(r.Encoding()))
	assert.True(t, r.OK())
	assert.False(t, r.IsRedirect())
	assert.Nil(t, r.Next())
	assert.Equal(t, "content", r.Text())
	assert.Equal(t, []byte("content"), r.Bytes())
	assert.Equal(t, "moved", r.History[0].Text(), "content of a hop is kept")
}

func TestResponse_KeepsUserinfoInItsURL(t *testing.T) {
	r := fetch(t, canned("200 OK", nil, ""))
	assert.Nil(t, r.Request.URL.User)

	s := newSession(t, requests.WithAdapter("http://", canned("200 OK", nil, "")))
	r, err := s.Get(t.Context(), "http://me:pw@api.test/")
	require.NoError(t, err)
	assert.Equal(t, "http://me:pw@api.test/", r.Request.URL.String())
}

func TestResponse_Status(t *testing.T) {
	for _, c := range []struct {
		name, status string
		ok           bool
		err          string
	}{
		{"R175 200 is fine", "200 OK", true, ""},
		{"R175 304 is fine", "304 Not Modified", true, ""},
		{"R175 399 is fine", "399 Odd", true, ""},
		{"R176 400 is the client's", "400 Bad Request", false, "400 Client Error: Bad Request for url: http://api.test/a"},
		{"R176 404 says what the server said", "404 Not Here", false, "404 Client Error: Not Here for url: http://api.test/a"},
		{"R176 499 is the client's", "499 Odd", false, "499 Client Error: Odd for url: http://api.test/a"},
		{"R176 500 is the server's", "500 Internal Server Error", false, "500 Server Error: Internal Server Error for url: http://api.test/a"},
		{"R176 599 is the server's", "599 Odd", false, "599 Server Error: Odd for url: http://api.test/a"},
		{"R176 an empty reason leaves two spaces", "404 ", false, "404 Client Error:  for url: http://api.test/a"},
		{"R176 a missing reason leaves two spaces", "404", false, "404 Client Error:  for url: http://api.test/a"},
		{"R176 control characters of the peer are escaped", "404 a\x1b[2Jb", false, `404 Client Error: a\x1b[2Jb for url: http://api.test/a`},
		{"R175 600 is fine", "600 Odd", true, ""},
		{"R175 999 is fine", "999 Odd", true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := fetch(t, canned(c.status, http.Header{"X-A": {"1"}}, "why"))
			assert.Equal(t, c.ok, r.OK())
			err := r.RaiseForStatus()
			if c.err == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, c.err)
			var e *requests.StatusError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, r.StatusCode, e.StatusCode)
			assert.Equal(t, "GET", e.Method)
			assert.Equal(t, "http://api.test/a", e.URL)
			assert.Equal(t, "why", string(e.Content))
			assert.Same(t, r, e.Response, "R176 the error has the response")
			assert.Equal(t, "api.test", e.Response.Request.URL.Host, "R177 and so the request")
		})
	}
}

func TestResponse_ReasonOverTheWire(t *testing.T) {
	for _, c := range []struct{ name, line, reason string }{
		{"R173 as sent", "HTTP/1.1 200 All Is Well", "All Is Well"},
		{"R173 empty", "HTTP/1.1 200 ", ""},
		{"R173 absent", "HTTP/1.1 200", ""},
		{"R176 in UTF-8", "HTTP/1.1 200 caf\u00e9", "caf\u00e9"},
		{"R176 else in Latin-1", "HTTP/1.1 200 caf\xe9", "caf\u00e9"},
		{"R173 an old protocol", "HTTP/1.0 200 Fine", "Fine"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, c.line+"\r\nContent-Length: 2\r\n\r\nok")
			r, err := newSession(t).Get(t.Context(), w.URL)
			require.NoError(t, err)
			assert.Equal(t, c.reason, r.Reason())
			assert.Equal(t, "ok", r.Text())
		})
	}
}

// An adapter gives a status line of its own; net/http's has the code in front.
func TestResponse_ReasonOfAnAdapter(t *testing.T) {
	for status, want := range map[string]string{
		"200 Fine":         "Fine",
		"200 ":             "",
		"200":              "",
		"":                 "OK",
		"Fine":             "Fine",
		"2000 Not of mine": "2000 Not of mine",
		"caf\xe9":          "caf\u00e9",
	} {
		r := &requests.Response{Response: &http.Response{StatusCode: 200, Status: status, ProtoMajor: 1}}
		assert.Equal(t, want, r.Reason(), "%q", status)
	}
}

func TestResponse_RedirectMarks(t *testing.T) {
	for _, c := range []struct {
		name, status, location string
		redirect, permanent    bool
	}{
		{"R173 301 is permanent", "301 Moved", "/b", true, true},
		{"R173 308 is permanent", "308 Moved", "/b", true, true},
		{"R173 302 is not", "302 Found", "/b", true, false},
		{"R173 303 is not", "303 See Other", "/b", true, false},
		{"R173 307 is not", "307 Temporary", "/b", true, false},
		{"R173 301 without Location is no redirect", "301 Moved", "", false, false},
		{"R173 300 is no redirect", "300 Choices", "/b", false, false},
		{"R173 200 with Location is no redirect", "200 OK", "/b", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := http.Header{}
			if c.location != "" {
				h.Set("Location", c.location)
			}
			r := fetch(t, canned(c.status, h, ""), requests.WithoutRedirects())
			assert.Equal(t, c.redirect, r.IsRedirect())
			assert.Equal(t, c.permanent, r.IsPermanentRedirect())
			assert.Equal(t, c.redirect, r.Next() != nil)
		})
	}
}

func TestResponse_ZeroValue(t *testing.T) {
	// R178: a response that is not of a session is of little use, and harmless.
	var r requests.Response
	assert.False(t, r.OK())
	assert.Error(t, r.RaiseForStatus())
	assert.Nil(t, r.Bytes())
	assert.Empty(t, r.Text())
	assert.Empty(t, r.Reason())
	assert.Empty(t, r.Encoding())
	assert.Nil(t, r.Links())
	assert.False(t, r.IsRedirect())
	assert.Nil(t, r.Next())
	assert.ErrorIs(t, r.JSON(new(any)), requests.ErrInvalidJSON)
	for range r.Lines() {
		break
	}
	for range r.Chunks(1) {
		break
	}
	assert.NoError(t, r.Close())
	assert.Equal(t, "<Response [none]>", r.String())
	_ = r.Timings()
}

func TestResponse_AroundAnHTTPResponse(t *testing.T) {
	r := &requests.Response{Response: &http.Response{
		StatusCode: 200, Body: io.NopCloser(strings.NewReader("by hand")), ContentLength: 7,
	}}
	assert.Equal(t, "by hand", r.Text())
	assert.Equal(t, "by hand", r.Text())
	assert.NoError(t, r.Err())
	assert.NoError(t, r.RaiseForStatus())
	_, ok := r.Link("next")
	assert.False(t, ok)
}

func TestResponse_StringForms(t *testing.T) {
	r := fetch(t, canned("200 OK", nil, "body"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.Equal(t, "<Response [200]>", fmt.Sprintf(verb, r), "R180")
	}
	p, err := newSession(t).Prepare(t.Context(), &requests.Request{URL: "http://api.test/"})
	require.NoError(t, err)
	assert.Equal(t, "<PreparedRequest [GET http://api.test/]>", fmt.Sprint(p), "R180")
	p.Method = "GET\x1b[2J"
	assert.Equal(t, `<PreparedRequest [GET\x1b[2J http://api.test/]>`, fmt.Sprint(p), "as that of a Request")
}

func TestResponse_ElapsedIsOfTheHopWithoutItsContent(t *testing.T) {
	synced(t, func(t *testing.T) {
		s := newSession(t, requests.WithAdapter("http://", adapters.Func(func(r *http.Request) (*http.Response, error) {
			resp := &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: -1, Request: r}
			if r.URL.Path == "/" {
				time.Sleep(3 * time.Second)
				resp.StatusCode = 302
				resp.Header.Set("Location", "/slow")
				resp.Body = http.NoBody
				return resp, nil
			}
			time.Sleep(2 * time.Second)
			resp.Body = io.NopCloser(sleepyReader{strings.NewReader("slow"), time.Second})
			return resp, nil
		})))
		s.Hooks().Response.PushBack(func(*requests.Exchange) error {
			time.Sleep(time.Minute)
			return nil
		})
		r, err := s.Get(t.Context(), "http://api.test/")
		require.NoError(t, err)
		assert.Equal(t, 2*time.Second, r.Elapsed, "R174 neither hooks nor content nor the hop before")
		assert.Equal(t, 3*time.Second, r.History[0].Elapsed, "R174 each hop has its own")
		assert.Equal(t, "slow", r.Text())
	})
}

// sleepyReader waits before every Read.
type sleepyReader struct {
	io.Reader
	wait time.Duration
}

func (s sleepyReader) Read(p []byte) (int, error) {
	time.Sleep(s.wait)
	return s.Reader.Read(p)
}

func TestResponse_ContentCanBeHadAgainAndAgain(t *testing.T) {
	r := fetch(t, canned("200 OK", nil, "once and for all"))
	assert.Equal(t, "once and for all", r.Text())
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	assert.Equal(t, "once and for all", string(b), "the body reads from memory")
	assert.Equal(t, "once and for all", string(r.Bytes()))
	require.NoError(t, r.Close())
	require.NoError(t, r.Close(), "R185 closing twice is fine")
	assert.Equal(t, "once and for all", r.Text(), "content in memory outlives Close")
	_, err = r.Body.Read(make([]byte, 1))
	assert.Error(t, err, "a closed body is not an empty one")
}

func TestResponse_BytesHaveNoRoomToGrowInto(t *testing.T) {
	// Two callers that append to what Bytes returned must not write to the
	// same memory.
	for _, length := range []int64{-1, 4} {
		adapter := adapters.Func(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("four")), ContentLength: length, Request: r}, nil
		})
		r := fetch(t, adapter)
		one := append(r.Bytes(), '1')
		two := append(r.Bytes(), '2')
		assert.Equal(t, "four1", string(one), "length %d", length)
		assert.Equal(t, "four2", string(two), "length %d", length)
	}
}

func TestResponse_RaiseForStatusKeepsAStart(t *testing.T) {
	long := strings.Repeat("x", 10<<10)
	for _, stream := range []bool{false, true} {
		r := fetch(t, canned("500 Oops", nil, long), requests.WithStream(stream))
		var e *requests.StatusError
		require.ErrorAs(t, r.RaiseForStatus(), &e)
		assert.Len(t, e.Content, 4<<10, "at most 4 KiB are kept")
		assert.Len(t, r.Bytes(), len(long), "the content is all there after the check")
		require.NoError(t, r.Err())
	}
}

func TestWithRaiseForStatus(t *testing.T) {
	for _, c := range []struct {
		name   string
		stream bool
	}{{"read into memory", false}, {"as a stream", true}} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, requests.WithAdapter("http://", canned("404 Not Found", nil, "nothing here")), requests.WithRaiseForStatus(true))
			r, err := s.Get(t.Context(), "http://api.test/", requests.WithStream(c.stream))
			assert.Nil(t, r)
			var e *requests.StatusError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "nothing here", string(e.Content))

			r, err = s.Get(t.Context(), "http://api.test/", requests.WithRaiseForStatus(false), requests.WithStream(c.stream))
			require.NoError(t, err)
			assert.Equal(t, "nothing here", r.Text())
		})
	}
}

func TestCollectors(t *testing.T) {
	type user struct{ Name string }
	good := newSession(t, requests.WithAdapter("http://", canned("200 OK", http.Header{"Content-Type": {"application/json"}}, `{"name":"Ada"}`)))
	bad := newSession(t, requests.WithAdapter("http://", canned("404 Not Found", nil, `{"name":"no"}`)))
	ctx := t.Context()
	for _, stream := range []bool{false, true} {
		u, err := requests.JSON[user](good.Get(ctx, "http://api.test/", requests.WithStream(stream)))
		require.NoError(t, err)
		assert.Equal(t, user{"Ada"}, u)
		text, err := requests.Text(good.Get(ctx, "http://api.test/", requests.WithStream(stream)))
		require.NoError(t, err)
		assert.Equal(t, `{"name":"Ada"}`, text)
		b, err := requests.Bytes(good.Get(ctx, "http://api.test/", requests.WithStream(stream)))
		require.NoError(t, err)
		assert.Equal(t, `{"name":"Ada"}`, string(b))

		var e *requests.StatusError
		u, err = requests.JSON[user](bad.Get(ctx, "http://api.test/", requests.WithStream(stream)))
		require.ErrorAs(t, err, &e)
		assert.Zero(t, u)
		_, err = requests.Text(bad.Get(ctx, "http://api.test/", requests.WithStream(stream)))
		require.ErrorAs(t, err, &e)
		_, err = requests.Bytes(bad.Get(ctx, "http://api.test/", requests.WithStream(stream)))
		require.ErrorAs(t, err, &e)
		_, err = requests.Bytes(good.Get(ctx, "http://api.test/", requests.WithStream(stream), requests.WithMaxBody(3)))
		require.ErrorIs(t, err, requests.ErrBodyTooLarge)
	}
	_, err := requests.Text(nil, io.ErrClosedPipe)
	require.ErrorIs(t, err, io.ErrClosedPipe, "a verb's error comes through")
	_, err = requests.Text(nil, nil)
	require.Error(t, err)
}

func TestMaxBody(t *testing.T) {
	content := strings.Repeat("0123456789", 10)
	for _, c := range []struct {
		name     string
		declared bool
		max      int64
		fails    bool
	}{
		{"D56 as long as the bound", true, 100, false},
		{"D56 one longer, as declared", true, 99, true},
		{"D56 as long as the bound, undeclared", false, 100, false},
		{"D56 one longer, undeclared", false, 99, true},
		{"D70 zero inherits", true, 0, false},
		{"D70 negative means none", false, -1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			adapter := adapters.Func(func(r *http.Request) (*http.Response, error) {
				length := int64(-1)
				if c.declared {
					length = int64(len(content))
				}
				return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(content)), ContentLength: length, Request: r}, nil
			})
			s := newSession(t, requests.WithAdapter("http://", adapter))
			r, err := s.Get(t.Context(), "http://api.test/", requests.WithMaxBody(c.max))
			if !c.fails {
				require.NoError(t, err)
				assert.Equal(t, content, r.Text())
				return
			}
			require.ErrorIs(t, err, requests.ErrBodyTooLarge)
			assert.ErrorContains(t, err, "WithMaxBody")
			assert.ErrorContains(t, err, "WithStream", "both ways out are named")

			// A stream is not bounded until it is read into memory.
			r, err = s.Get(t.Context(), "http://api.test/", requests.WithMaxBody(c.max), requests.WithStream(true))
			require.NoError(t, err)
			b, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			assert.Equal(t, content, string(b))
			r, err = s.Get(t.Context(), "http://api.test/", requests.WithMaxBody(c.max), requests.WithStream(true))
			require.NoError(t, err)
			r.Bytes()
			require.ErrorIs(t, r.Err(), requests.ErrBodyTooLarge)
		})
	}
	assert.Equal(t, int64(64<<20), newSession(t).Defaults().MaxBody)

	// What is declared to be too long is not read at all.
	s := newSession(t, requests.WithAdapter("http://", adapters.Func(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(iotest.ErrReader(io.ErrClosedPipe)), ContentLength: 11, Request: r}, nil
	})))
	_, err := s.Get(t.Context(), "http://api.test/", requests.WithMaxBody(10))
	require.ErrorIs(t, err, requests.ErrBodyTooLarge)
}

func TestContentThatFailed_IsNotTakenForWhole(t *testing.T) {
	w := newReplies(t, reply(200, `{"a":1}`, "Content-Length: 100", "Connection: close", "Content-Type: application/json"))
	_, err := newSession(t).Get(t.Context(), w.URL)
	require.ErrorIs(t, err, requests.ErrTruncated)
	var e *requests.Error
	require.ErrorAs(t, err, &e)
	require.NotNil(t, e.Response, "what was had is there to look at")
	assert.Equal(t, `{"a":1}`, string(e.Response.Bytes()))
	require.ErrorIs(t, e.Response.Err(), requests.ErrTruncated)
	require.ErrorIs(t, e.Response.JSON(new(any)), requests.ErrTruncated)
	_, err = io.Copy(io.Discard, e.Response.Body)
	require.ErrorIs(t, err, requests.ErrTruncated, "the body does not end well either")
	var last error
	var lines bytes.Buffer
	for line, err := range e.Response.Lines() {
		lines.WriteString(line)
		last = err
	}
	require.ErrorIs(t, last, requests.ErrTruncated)
}

func TestResponse_RaiseForStatusOfOneMadeByHand(t *testing.T) {
	r := &requests.Response{Response: &http.Response{StatusCode: 500, Body: io.NopCloser(strings.NewReader("why"))}}
	var e *requests.StatusError
	require.ErrorAs(t, r.RaiseForStatus(), &e)
	assert.Equal(t, "why", string(e.Content))
}

func TestResponse_RaiseForStatusLeavesAnEmptyStream(t *testing.T) {
	w := newReplies(t, reply(500, ""))
	r, err := newSession(t).Get(t.Context(), w.URL, requests.WithStream(true))
	require.NoError(t, err)
	require.Error(t, r.RaiseForStatus())
	assert.Empty(t, r.Text())
	assert.NoError(t, r.Err())
}

// A server may decide on trailers while it writes. net/http then sets those of
// its own response, at the end of the content.
func TestResponse_TrailersThatWereNotAnnounced(t *testing.T) {
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "content")
			w.(http.Flusher).Flush()
			w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
		}))
		server.EnableHTTP2 = version == "HTTP/2.0"
		server.StartTLS()
		defer server.Close()
		s := newSession(t, requests.WithVerify(false))
		check := func(t *testing.T, r *http.Response) {
			assert.Equal(t, version, r.Proto)
			assert.Equal(t, http.Header{"Grpc-Status": {"0"}}, r.Trailer)
		}
		t.Run("in memory by "+version, func(t *testing.T) {
			r, err := s.Get(t.Context(), server.URL)
			require.NoError(t, err)
			check(t, r.Response)
		})
		t.Run("of a stream by "+version, func(t *testing.T) {
			r, err := s.Get(t.Context(), server.URL, requests.WithStream(true))
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, r.Body)
			require.NoError(t, err)
			check(t, r.Response)
		})
		t.Run("through HTTPClient by "+version, func(t *testing.T) {
			r, err := s.HTTPClient().Get(server.URL)
			require.NoError(t, err)
			defer r.Body.Close()
			_, err = io.Copy(io.Discard, r.Body)
			require.NoError(t, err)
			check(t, r)
		})
	}
}

func TestResponse_ContentBehindABodyOfTheCallersIsBounded(t *testing.T) {
	r := fetch(t, canned("200 OK", nil, strings.Repeat("x", 100)), requests.WithStream(true), requests.WithMaxBody(10))
	r.Body = struct{ io.ReadCloser }{r.Body}
	assert.Len(t, r.Bytes(), 10)
	require.ErrorIs(t, r.Err(), requests.ErrBodyTooLarge)
}
