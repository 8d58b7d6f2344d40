package requests_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

// onlyReader hides everything but Read.
type onlyReader struct{ io.Reader }

// onlySeeker hides everything but Read and Seek.
type onlySeeker struct{ io.ReadSeeker }

// onlyReaderAt has Read, Seek and ReadAt.
type onlyReaderAt struct {
	io.ReadSeeker
	io.ReaderAt
}

// factory is a Body of the caller's.
type factory struct {
	content string
	length  int64
	opened  int
}

func (f *factory) Len() int64          { return f.length }
func (f *factory) ContentType() string { return "text/x-factory" }
func (f *factory) Open() (io.ReadCloser, error) {
	f.opened++
	return io.NopCloser(strings.NewReader(f.content)), nil
}

// miserly is a Body that opens once and says so only then.
type miserly struct{ factory }

func (m *miserly) Open() (io.ReadCloser, error) {
	if m.opened > 0 {
		return nil, requests.ErrBodyNotReplayable
	}
	return m.factory.Open()
}

const content = "the content, to the byte"

func skip[R io.Seeker](r R, n int64) R {
	r.Seek(n, io.SeekStart)
	return r
}

// resendTests are the kinds of body, each made anew for every case.
var resendTests = []struct {
	name    string
	make    func(t *testing.T) requests.Option
	again   bool
	framing string // of both requests
}{
	{"bytes", func(*testing.T) requests.Option { return requests.WithBody([]byte(content)) }, true, "Content-Length: 24"},
	{"a string", func(*testing.T) requests.Option { return requests.WithBody(content) }, true, "Content-Length: 24"},
	{"a bytes.Buffer", func(*testing.T) requests.Option { return requests.WithBody(bytes.NewBufferString(content)) }, true, "Content-Length: 24"},
	{"a strings.Reader from where it stands", func(*testing.T) requests.Option {
		return requests.WithBody(skip(strings.NewReader("before "+content), 7))
	}, true, "Content-Length: 24"},
	{"a reader at", func(*testing.T) requests.Option {
		r := strings.NewReader(content)
		return requests.WithBody(onlyReaderAt{r, r})
	}, true, "Content-Length: 24"},
	{"a seeker from where it stands", func(*testing.T) requests.Option {
		return requests.WithBody(onlySeeker{skip(strings.NewReader("before "+content), 7)})
	}, true, "Content-Length: 24"},
	{"an open file from where it stands", func(t *testing.T) requests.Option {
		f, err := os.Open(contentFile(t, "before "+content))
		require.NoError(t, err)
		t.Cleanup(func() { f.Close() })
		return requests.WithBody(skip(f, 7))
	}, true, "Content-Length: 24"},
	{"a factory", func(*testing.T) requests.Option { return requests.WithBody(&factory{content: content, length: 24}) }, true, "Content-Length: 24"},
	{"a factory of unknown length", func(*testing.T) requests.Option { return requests.WithBody(&factory{content: content, length: -1}) }, true, "Transfer-Encoding: chunked"},
	{"a reader", func(*testing.T) requests.Option { return requests.WithBody(onlyReader{strings.NewReader(content)}) }, false, "Transfer-Encoding: chunked"},
	{"a factory that opens once", func(*testing.T) requests.Option {
		return requests.WithBody(&miserly{factory{content: content, length: 24}})
	}, false, "Content-Length: 24"},
}

func contentFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "content.txt")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestBody_sentAgainAfterRedirect(t *testing.T) {
	for _, b := range resendTests {
		for _, status := range []int{307, 308} {
			t.Run(b.name+"/"+strconv.Itoa(status), func(t *testing.T) {
				w := newReplies(t, redirectTo(status, "/1"), redirectTo(status, "/2"), reply(200, ""))
				_, err := newSession(t).Post(t.Context(), w.URL+"/0", b.make(t))
				all := w.Requests()
				assert.Equal(t, content, all[0].Body)
				assert.Contains(t, all[0].Fields, b.framing)
				if !b.again {
					require.ErrorIs(t, err, requests.ErrBodyNotReplayable, "D13")
					assert.Len(t, all, 1, "never without its content")
					return
				}
				require.NoError(t, err)
				require.Len(t, all, 3)
				assert.Equal(t, "POST /2 HTTP/1.1", all[2].Line)
				assert.Equal(t, content, all[1].Body)
				assert.Equal(t, content, all[2].Body)
				assert.Contains(t, all[2].Fields, b.framing)
			})
		}
	}
}

func TestBody_droppedByRedirect(t *testing.T) {
	for _, b := range resendTests {
		for _, status := range []int{301, 302, 303} {
			t.Run(b.name+"/"+strconv.Itoa(status), func(t *testing.T) {
				w := newReplies(t, redirectTo(status, "/1"), redirectTo(307, "/2"), reply(200, ""))
				_, err := newSession(t).Post(t.Context(), w.URL+"/0", b.make(t))
				require.NoError(t, err, "a body that is not needed again need not be replayable")
				all := w.Requests()
				require.Len(t, all, 3)
				assert.Equal(t, content, all[0].Body)
				for _, r := range all[1:] {
					assert.Equal(t, "GET", r.Method(), "R112")
					assert.Empty(t, r.Body)
					assert.NotContains(t, r.Header, "Content-Length", "R113")
					assert.NotContains(t, r.Header, "Content-Type", "R113")
					assert.NotContains(t, r.Header, "Transfer-Encoding", "R113")
				}
			})
		}
	}
}

func TestBody_sentAgainAfterChallenge(t *testing.T) {
	for _, b := range resendTests {
		t.Run(b.name, func(t *testing.T) {
			w := newReplies(t, reply(401, "who", "WWW-Authenticate: Test n=1"), reply(200, "in"))
			resp, err := newSession(t).Post(t.Context(), w.URL, b.make(t), requests.WithAuth(&challenger{}))
			all := w.Requests()
			assert.Equal(t, content, all[0].Body)
			if !b.again {
				require.ErrorIs(t, err, requests.ErrBodyNotReplayable, "D13")
				assert.Len(t, all, 1)
				return
			}
			require.NoError(t, err)
			require.Len(t, all, 2)
			assert.Equal(t, "in", resp.Text())
			assert.Equal(t, content, all[1].Body)
			assert.Contains(t, all[1].Fields, b.framing)
		})
	}
}

// Bodies in parts, whose bytes have a boundary in them.
func TestBody_multipartSentAgain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		make  func(t *testing.T) requests.Option
		again bool
	}{
		{"parts of strings", func(*testing.T) requests.Option { return requests.WithFile("f", "f.txt", content) }, true},
		{"a part of a file path", func(t *testing.T) requests.Option { return requests.WithFilePath("f", contentFile(t, content)) }, true},
		{"a part of a seeker", func(*testing.T) requests.Option {
			return requests.WithFile("f", "f.txt", onlySeeker{strings.NewReader(content)})
		}, true},
		{"a part of a reader", func(*testing.T) requests.Option {
			return requests.WithFile("f", "f.txt", onlyReader{strings.NewReader(content)})
		}, false},
	} {
		for _, first := range []struct {
			name, reply string
			opts        []requests.Option
		}{
			{"after 307", redirectTo(307, "/1"), nil},
			{"after 308", redirectTo(308, "/1"), nil},
			{"after a challenge", reply(401, "", "WWW-Authenticate: Test n=1"), []requests.Option{requests.WithAuth(&challenger{})}},
		} {
			t.Run(tt.name+"/"+first.name, func(t *testing.T) {
				w := newReplies(t, first.reply, reply(200, ""))
				_, err := newSession(t).Post(t.Context(), w.URL, append(first.opts, tt.make(t))...)
				all := w.Requests()
				assert.Contains(t, all[0].Body, "\r\n\r\n"+content+"\r\n--")
				if !tt.again {
					require.ErrorIs(t, err, requests.ErrBodyNotReplayable)
					assert.Len(t, all, 1)
					return
				}
				require.NoError(t, err)
				require.Len(t, all, 2)
				assert.Equal(t, all[0].Body, all[1].Body)
				assert.Equal(t, all[0].Header["Content-Type"], all[1].Header["Content-Type"])
				assert.Equal(t, all[0].Header["Content-Length"], all[1].Header["Content-Length"])
			})
		}
	}
}

func TestBody_emptySentAgain(t *testing.T) {
	w := newReplies(t, redirectTo(307, "/1"), reply(200, ""))
	_, err := newSession(t).Post(t.Context(), w.URL, requests.WithBody(""))
	require.NoError(t, err)
	all := w.Requests()
	require.Len(t, all, 2)
	assert.Contains(t, all[0].Fields, "Content-Length: 0")
	assert.Contains(t, all[1].Fields, "Content-Length: 0")
}

// A Send hook may have asked for more encryption than the URL said: the body
// was sent under that.
func TestBody_insecureRedirectAfterAHook(t *testing.T) {
	h := newHosts(t, redirectOnce(307, "http://a.test/end"))
	hooks := new(requests.Hooks)
	hooks.Send.PushBack(func(e *requests.Exchange) error {
		if e.Number == 1 {
			e.Request.URL.Scheme = "https"
		}
		return nil
	})
	_, err := h.Session(t, requests.WithHooks(hooks)).Post(t.Context(), "http://a.test/start", requests.WithBody("planted"))
	require.ErrorIs(t, err, requests.ErrInsecureRedirect)
	assert.Len(t, h.Arrivals(), 1)
}

func TestBody_insecureRedirectIsFollowedByHand(t *testing.T) {
	h := newHosts(t, redirectOnce(307, "http://a.test/end"))
	s := h.Session(t)
	resp, err := s.Post(t.Context(), "https://a.test/start", requests.WithBody("planted"), requests.WithHeader("X-Api-Key", "planted"), requests.WithoutRedirects())
	require.NoError(t, err)
	require.NotNil(t, resp.Next())
	_, err = s.Send(resp.Next())
	require.NoError(t, err, "D53 the caller wants it")
	assert.Equal(t, "http://a.test/end", h.Last(t).URL)
	assert.Equal(t, "planted", h.Last(t).Body)
	assert.NotContains(t, h.Last(t).Header, "X-Api-Key")
}

// What a hook says about the content goes with it, whatever the network would
// make of it.
func TestBody_whatDescribesItIsDropped(t *testing.T) {
	describing := []string{"Content-Type", "Trailer", "Expect"}
	for _, tt := range []struct {
		status int
		stays  map[string]string
	}{
		{301, map[string]string{}}, {302, map[string]string{}}, {303, map[string]string{}},
		{307, map[string]string{"Content-Type": "x", "Trailer": "x", "Expect": "x"}},
		{308, map[string]string{"Content-Type": "x", "Trailer": "x", "Expect": "x"}},
	} {
		t.Run("R113 after "+strconv.Itoa(tt.status), func(t *testing.T) {
			var last http.Header
			wire := adapters.Func(func(r *http.Request) (*http.Response, error) {
				last = r.Header.Clone()
				if r.URL.Path == "/start" {
					return answered(tt.status, "", "Location: /end"), nil
				}
				return answered(200, ""), nil
			})
			_, err := newSession(t, requests.WithAdapter("http://", wire)).Put(t.Context(), "http://a.test/start", requests.WithBody("x"),
				requests.WithHooks(prepareHook(func(p *requests.PreparedRequest) error {
					for _, name := range describing {
						p.Header.Set(name, "x")
					}
					return nil
				})))
			require.NoError(t, err)
			assert.Equal(t, tt.stays, pick(last, describing))
		})
	}
}
