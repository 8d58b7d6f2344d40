package adapters_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// frames is an HTTP/2 server that does what answer says for each request, and
// notes which streams the client resets.
type frames struct {
	window uint32 // that each stream begins with
	answer func(f *http2.Framer, stream uint32)
	resets chan uint32
}

func (s *frames) serve(c net.Conn) {
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(c, c)
	write := make(chan func(), 10) // a pipe has no room: writing must not keep from reading
	defer close(write)
	go func() {
		for w := range write {
			w()
		}
	}()
	write <- func() { f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: s.window}) }
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				write <- func() { f.WriteSettingsAck() }
			}
		case *http2.PingFrame:
			if !frame.IsAck() {
				write <- func() { f.WritePing(true, frame.Data) }
			}
		case *http2.HeadersFrame:
			id := frame.StreamID
			write <- func() {
				s.answer(f, id)
				// net/http looks at the context of content that waits when
				// something comes.
				time.Sleep(time.Second)
				f.WriteWindowUpdate(0, 1)
			}
		case *http2.RSTStreamFrame:
			s.resets <- frame.StreamID
		}
	}
}

// head writes the header of a response.
func head(f *http2.Framer, stream uint32, ends bool, fields ...string) {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for i := 0; i < len(fields); i += 2 {
		e.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: b.Bytes(), EndHeaders: true, EndStream: ends})
}

// overHTTP2 has s answer in a bubble. The context of each request is one that
// ends, and one that does not.
func overHTTP2(t *testing.T, s *frames, f func(t *testing.T, h *adapters.HTTP, ctx context.Context)) {
	for name, ctx := range map[string]func(*testing.T) context.Context{
		"endless":     func(*testing.T) context.Context { return context.Background() },
		"cancellable": func(t *testing.T) context.Context { return t.Context() },
	} {
		t.Run("under a context that is "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s.resets = make(chan uint32, 10)
				p := newPipes()
				defer p.Close()
				go p.serve(s.serve)
				protocols := new(http.Protocols)
				protocols.SetUnencryptedHTTP2(true)
				h := adapters.New(adapters.Options{Dial: p.Dial, Protocols: protocols})
				f(t, h, ctx(t))
				h.Close()
				time.Sleep(time.Hour) // net/http keeps what it closed for a while
			})
		})
	}
}

// A response that ends before the request does leaves a stream that is half
// open: the server may wait for the rest, and counts it among those it allows.
func TestHTTP2_endsTheStreamOfAnEarlyAnswer(t *testing.T) {
	for _, c := range []struct {
		name   string
		window uint32
		answer func(f *http2.Framer, stream uint32)
		body   func() io.Reader
	}{
		{"small content that still waits to be taken", 0, func(f *http2.Framer, stream uint32) { head(f, stream, true, ":status", "204") }, func() io.Reader { return strings.NewReader("hello") }},
		{"content that is read as it is sent", 0, func(f *http2.Framer, stream uint32) { head(f, stream, true, ":status", "413") }, func() io.Reader { return readerOnly{strings.NewReader("hello")} }},
		{"a 304 that does not end", 65535, func(f *http2.Framer, stream uint32) {
			head(f, stream, false, ":status", "304", "content-length", "9")
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &frames{window: c.window}
			overHTTP2(t, s, func(t *testing.T, h *adapters.HTTP, ctx context.Context) {
				// The first of a connection is not held back: its settings are not known yet.
				s.answer = func(f *http2.Framer, stream uint32) { head(f, stream, true, ":status", "204") }
				first, err := h.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil).WithContext(ctx))
				require.NoError(t, err)
				require.NoError(t, first.Body.Close())
				synctest.Wait()
				s.answer = c.answer
				var content io.Reader
				if c.body != nil {
					content = c.body()
				}
				req := with(t, adapters.Settings{}, "POST", "http://h.test/", content).WithContext(ctx)
				if content != nil {
					req.ContentLength = 5
				}
				resp, err := h.RoundTrip(req)
				require.NoError(t, err)
				_, err = io.Copy(io.Discard, resp.Body)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				select {
				case id := <-s.resets:
					assert.EqualValues(t, 3, id)
				case <-time.After(time.Minute):
					t.Error("the stream is open still")
				}
			})
		})
	}
}

// Many servers send the header of an empty response and its end apart. net/http
// waits for the end: it may bring trailers, and servers that are reset too often
// close the connection.
func TestHTTP2_waitsForTheEndOfAnEmptyResponse(t *testing.T) {
	for _, c := range []struct {
		name    string
		end     func(f *http2.Framer, stream uint32)
		trailer http.Header
		err     string
	}{
		{"it ends", func(f *http2.Framer, stream uint32) { f.WriteData(stream, true, nil) }, nil, ""},
		{"it ends in trailers", func(f *http2.Framer, stream uint32) { head(f, stream, true, "x-sum", "abc") }, http.Header{"X-Sum": {"abc"}}, ""},
		{"it is reset", func(f *http2.Framer, stream uint32) { f.WriteRSTStream(stream, http2.ErrCodeInternal) }, nil, "INTERNAL_ERROR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &frames{window: 65535, answer: func(f *http2.Framer, stream uint32) {
				head(f, stream, false, ":status", "200", "content-length", "0", "trailer", "x-sum")
				time.Sleep(time.Second)
				c.end(f, stream)
			}}
			overHTTP2(t, s, func(t *testing.T, h *adapters.HTTP, ctx context.Context) {
				resp, err := h.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil).WithContext(ctx))
				require.NoError(t, err)
				_, err = io.Copy(io.Discard, resp.Body)
				if c.err != "" {
					require.ErrorContains(t, err, c.err)
				} else {
					require.NoError(t, err)
				}
				require.NoError(t, resp.Body.Close())
				if c.trailer != nil {
					assert.Equal(t, c.trailer, resp.Trailer)
				}
				synctest.Wait()
				assert.Empty(t, s.resets, "nothing is reset")
			})
		})
	}
	t.Run("it does not end", func(t *testing.T) {
		s := &frames{window: 65535, answer: func(f *http2.Framer, stream uint32) {
			head(f, stream, false, ":status", "200", "content-length", "0")
		}}
		overHTTP2(t, s, func(t *testing.T, h *adapters.HTTP, ctx context.Context) {
			resp, err := h.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil).WithContext(adapters.WithSettings(ctx, adapters.Settings{Read: time.Minute})))
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, resp.Body)
			require.ErrorIs(t, err, sentinel.ReadTimeout)
			require.NoError(t, resp.Body.Close())
		})
	})
}

type readerOnly struct{ io.Reader }

// stuck is content that never comes, whatever becomes of its reader.
type stuck struct{ over chan struct{} }

func (s stuck) Read([]byte) (int, error) { <-s.over; return 0, io.EOF }
func (stuck) Close() error               { return nil }

// A response without content is had at once, though the caller's body waits.
func TestHTTP2_doesNotWaitForABodyThatIsStuck(t *testing.T) {
	s := &frames{window: 65535, answer: func(f *http2.Framer, stream uint32) {
		head(f, stream, false, ":status", "304", "content-length", "9")
	}}
	overHTTP2(t, s, func(t *testing.T, h *adapters.HTTP, ctx context.Context) {
		content := stuck{make(chan struct{})}
		defer close(content.over)
		start := time.Now()
		resp, err := h.RoundTrip(with(t, adapters.Settings{Read: time.Minute}, "PUT", "http://h.test/", content).WithContext(ctx))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, start, time.Now())
	})
}
