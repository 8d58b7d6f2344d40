package requests_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
)

// matrixBody is a kind of content. Each is made anew for every case.
type matrixBody struct {
	name  string
	make  func(t *testing.T) requests.Option
	again bool // it can be opened again
	parts bool // it is multipart, with the content in one part
}

func matrixBodies() (all []matrixBody) {
	for _, b := range resendTests {
		all = append(all, matrixBody{b.name, b.make, b.again, false})
	}
	return append(all,
		matrixBody{"a file by its path, in multipart", func(t *testing.T) requests.Option { return requests.WithFilePath("f", contentFile(t, content)) }, true, true},
		matrixBody{"bytes in multipart", func(*testing.T) requests.Option { return requests.WithFile("f", "f.bin", []byte(content)) }, true, true},
		matrixBody{"a seeker in multipart", func(*testing.T) requests.Option {
			return requests.WithFile("f", "f.bin", onlySeeker{skip(strings.NewReader("before "+content), 7)})
		}, true, true},
		matrixBody{"a reader in multipart", func(*testing.T) requests.Option {
			return requests.WithFile("f", "f.bin", onlyReader{strings.NewReader(content)})
		}, false, true},
	)
}

// check compares what arrived with the content, byte by byte.
func (b matrixBody) check(t *testing.T, arrived []string) {
	t.Helper()
	for _, got := range arrived {
		if b.parts {
			assert.Equal(t, 1, strings.Count(got, "\r\n\r\n"+content+"\r\n--"), got)
			assert.Equal(t, arrived[0], got, "the boundary stays the same")
			continue
		}
		assert.Equal(t, content, got)
	}
}

func wireBodies(w *wire) (all []string) {
	for _, r := range w.Requests() {
		all = append(all, r.Body)
	}
	return all
}

// sentTwice is a way by which a content comes to be sent twice.
type sentTwice struct {
	name string
	// put sends body by PUT and returns what arrived.
	put func(t *testing.T, body requests.Option) (*requests.Response, []string, error)
	// The outcome for a content that cannot be opened again: the text of the
	// first response or, when that is "", an error.
	first string
	is    error
	isnt  []error
}

var matrix = []sentTwice{
	{"by a retry after a status", func(t *testing.T, body requests.Option) (*requests.Response, []string, error) {
		w := newReplies(t, reply(503, "first"), reply(200, "second"))
		retry := &adapters.Retry{Wait: -1}
		resp, err := newSession(t, requests.WithMiddleware(retry.Wrap)).Put(t.Context(), w.URL, body)
		return resp, wireBodies(w), err
	}, "first", nil, nil},
	{"by a retry after a broken connection", func(t *testing.T, body requests.Option) (*requests.Response, []string, error) {
		w := newReplies(t, "", reply(200, "second"))
		retry := &adapters.Retry{Wait: -1}
		resp, err := newSession(t, requests.WithMiddleware(retry.Wrap)).Put(t.Context(), w.URL, body)
		return resp, wireBodies(w), err
	}, "", requests.ErrConnection, []error{requests.ErrBodyNotReplayable, requests.ErrRetriesExhausted}},
	{"by a retry after a reset of HTTP/2", func(t *testing.T, body requests.Option) (*requests.Response, []string, error) {
		f := newFramed(t, http2.ErrCodeInternal, false)
		retry := &adapters.Retry{Wait: -1}
		resp, err := f.session(t, requests.WithMiddleware(retry.Wrap)).Put(t.Context(), f.URL, body)
		return resp, f.arrived(), err
	}, "", requests.ErrConnection, []error{requests.ErrBodyNotReplayable, requests.ErrRetriesExhausted}},
	{"by a hedge", func(t *testing.T, body requests.Option) (resp *requests.Response, arrived []string, err error) {
		synced(t, func(t *testing.T) {
			base := &played{answer: func(n int, r *http.Request) (*http.Response, error) {
				if n == 2 {
					return answered(200, "second"), nil
				}
				select {
				case <-time.After(time.Minute):
					return answered(200, "first"), nil
				case <-r.Context().Done():
					return nil, r.Context().Err()
				}
			}}
			hedge := &adapters.Hedge{Delay: time.Second}
			s := newSession(t, requests.WithAdapter("http://", base), requests.WithMiddleware(hedge.Wrap))
			resp, err = s.Put(t.Context(), "http://a.test/", body)
			for _, a := range base.all() {
				arrived = append(arrived, a.Body)
			}
		})
		return resp, arrived, err
	}, "first", nil, nil},
	{"by HTTP/2 after a refused stream", func(t *testing.T, body requests.Option) (*requests.Response, []string, error) {
		f := newFramed(t, http2.ErrCodeRefusedStream, false)
		resp, err := f.session(t).Put(t.Context(), f.URL, body)
		return resp, f.arrived(), err
	}, "", requests.ErrConnection, []error{requests.ErrRetriesExhausted, requests.ErrTimeout}},
	{"by HTTP/2 after the server went away", func(t *testing.T, body requests.Option) (*requests.Response, []string, error) {
		f := newFramed(t, http2.ErrCodeNo, true)
		resp, err := f.session(t).Put(t.Context(), f.URL, body)
		return resp, f.arrived(), err
	}, "", requests.ErrConnection, []error{requests.ErrRetriesExhausted, requests.ErrTimeout}},
	{"by a redirect", func(t *testing.T, body requests.Option) (*requests.Response, []string, error) {
		w := newReplies(t, redirectTo(308, "/next"), reply(200, "second"))
		resp, err := newSession(t).Put(t.Context(), w.URL, body)
		return resp, wireBodies(w), err
	}, "", requests.ErrBodyNotReplayable, nil},
	{"by Digest", func(t *testing.T, body requests.Option) (*requests.Response, []string, error) {
		w := newReplies(t, reply(401, "", `WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"`), reply(200, "second"))
		resp, err := newSession(t, requests.WithAuth(auth.Digest("ada", "lovelace"))).Put(t.Context(), w.URL, body)
		return resp, wireBodies(w), err
	}, "", requests.ErrBodyNotReplayable, nil},
	{"by a redirect that is retried, to where Digest is asked for", func(t *testing.T, body requests.Option) (*requests.Response, []string, error) {
		w := newReplies(t, redirectTo(307, "/next"), reply(503, ""), reply(401, "", `WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"`), "", reply(200, "second"))
		retry := &adapters.Retry{Wait: -1}
		s := newSession(t, requests.WithAuth(auth.Digest("ada", "lovelace")), requests.WithMiddleware(retry.Wrap))
		resp, err := s.Put(t.Context(), w.URL, body)
		return resp, wireBodies(w), err
	}, "", requests.ErrBodyNotReplayable, nil},
}

func TestBody_Matrix(t *testing.T) {
	for _, way := range matrix {
		for _, body := range matrixBodies() {
			t.Run(way.name+"/"+body.name, func(t *testing.T) {
				resp, arrived, err := way.put(t, body.make(t))
				body.check(t, arrived)
				switch {
				case body.again:
					require.NoError(t, err)
					assert.Equal(t, 200, resp.StatusCode)
					assert.Equal(t, "second", resp.Text())
					assert.GreaterOrEqual(t, len(arrived), 2)
				case way.first != "":
					require.NoError(t, err)
					assert.Equal(t, way.first, resp.Text(), "the first response, its content intact")
					assert.Len(t, arrived, 1)
				default:
					require.ErrorIs(t, err, way.is)
					for _, isnt := range way.isnt {
						require.NotErrorIs(t, err, isnt)
					}
					assert.Len(t, arrived, 1, "never without its content")
				}
			})
		}
	}
}

// What a body is told of its progress begins anew each time it is sent, and
// says every byte once.
func TestBody_UploadProgressWhenSentAgain(t *testing.T) {
	for _, tt := range []struct {
		name    string
		replies []string
		options []requests.Option
		want    []int64 // each sending of the 24 bytes at once
	}{
		{"once", []string{reply(200, "")}, nil, []int64{24}},
		{"after redirects", []string{redirectTo(307, "/1"), redirectTo(307, "/2"), reply(200, "")}, nil, []int64{24, 24, 24}},
		{"after redirects, with a hook", []string{redirectTo(307, "/1"), reply(200, "")},
			[]requests.Option{requests.WithHooks(sendHook(func(*requests.Exchange) error { return nil }))}, []int64{24, 24}},
		{"after a challenge", []string{reply(401, "", asks), reply(200, "")}, []requests.Option{requests.WithAuth(&challenger{})}, []int64{24, 24}},
		{"after retries", []string{reply(503, ""), reply(503, ""), reply(200, "")}, nil, []int64{24, 24, 24}},
		{"after all of them", []string{redirectTo(307, "/1"), reply(401, "", asks), reply(503, ""), reply(200, "")},
			[]requests.Option{requests.WithAuth(&challenger{})}, []int64{24, 24, 24, 24}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newReplies(t, tt.replies...)
			retry := &adapters.Retry{Wait: -1}
			s := newSession(t, requests.WithMiddleware(retry.Wrap))
			var got []int64
			_, err := s.Put(t.Context(), w.URL, append(tt.options, requests.WithBody(content), requests.WithUploadProgress(func(sent, total int64) {
				assert.Equal(t, int64(24), total)
				got = append(got, sent)
			}))...)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

// framed is a server of HTTP/2 in the clear, which resets the first stream
// once its content is there, and answers the others.
type framed struct {
	URL string

	code     http2.ErrCode // for the first stream
	goAway   bool          // instead of a reset, end the connection
	listener net.Listener
	serving  sync.WaitGroup

	mu     sync.Mutex // guards the rest
	bodies []string
	conns  []net.Conn
}

func newFramed(t *testing.T, code http2.ErrCode, goAway bool) *framed {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &framed{URL: "http://" + l.Addr().String(), code: code, goAway: goAway, listener: l}
	f.serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.conns = append(f.conns, c)
			f.mu.Unlock()
			f.serving.Go(func() {
				defer c.Close()
				f.serve(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		f.mu.Lock()
		for _, c := range f.conns {
			c.Close()
		}
		f.mu.Unlock()
		f.serving.Wait()
	})
	return f
}

// session speaks HTTP/2 with prior knowledge.
func (f *framed) session(t *testing.T, opts ...requests.Option) *requests.Session {
	t.Helper()
	only := new(http.Protocols)
	only.SetUnencryptedHTTP2(true)
	pool := adapters.New(adapters.Options{Protocols: only})
	t.Cleanup(func() { pool.Close() })
	return newSession(t, append(opts, requests.WithAdapter("http://", pool))...)
}

func (f *framed) arrived() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.bodies...)
}

func (f *framed) serve(c net.Conn) {
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	fr := http2.NewFramer(c, c)
	fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	fr.WriteSettings()
	contents := make(map[uint32]*bytes.Buffer)
	for {
		frame, err := fr.ReadFrame()
		if err != nil {
			return
		}
		ended := false
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				fr.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !frame.IsAck() {
				fr.WritePing(true, frame.Data)
			}
		case *http2.MetaHeadersFrame:
			contents[frame.StreamID] = new(bytes.Buffer)
			ended = frame.StreamEnded()
		case *http2.DataFrame:
			contents[frame.StreamID].Write(frame.Data())
			ended = frame.StreamEnded()
		}
		if id := frame.Header().StreamID; ended && f.answer(fr, id, contents[id].String()) != nil {
			return
		}
	}
}

var errGoneAway = errors.New("gone away")

func (f *framed) answer(fr *http2.Framer, id uint32, body string) error {
	f.mu.Lock()
	f.bodies = append(f.bodies, body)
	first := len(f.bodies) == 1
	f.mu.Unlock()
	switch {
	case first && f.goAway:
		if err := fr.WriteGoAway(id-1, f.code, nil); err != nil { // no stream was dealt with
			return err
		}
		return errGoneAway
	case first:
		return fr.WriteRSTStream(id, f.code)
	}
	var header bytes.Buffer
	hpack.NewEncoder(&header).WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	if err := fr.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: header.Bytes(), EndHeaders: true}); err != nil {
		return err
	}
	return fr.WriteData(id, true, []byte("second"))
}

// counted is content that knows how often it was opened and closed.
type counted struct {
	factory
	mu             sync.Mutex // guards the rest
	opened, closed int
}

func (c *counted) Open() (io.ReadCloser, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened++
	return &countedReader{strings.NewReader(c.content), c, sync.Once{}}, nil
}

func (c *counted) allClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opened == c.closed
}

type countedReader struct {
	io.Reader
	of   *counted
	once sync.Once
}

func (r *countedReader) Close() error {
	r.once.Do(func() {
		r.of.mu.Lock()
		defer r.of.mu.Unlock()
		r.of.closed++
	})
	return nil
}

// Whoever sends a body twice closes it as often as it was opened: files are.
func TestBody_ClosedAsOftenAsOpened(t *testing.T) {
	for _, way := range matrix {
		t.Run(way.name, func(t *testing.T) {
			body := &counted{factory: factory{content: content, length: int64(len(content))}}
			resp, _, err := way.put(t, requests.WithBody(body))
			require.NoError(t, err)
			assert.Equal(t, "second", resp.Text())
			eventually(t, body.allClosed, "a body was left open")
		})
	}
}
