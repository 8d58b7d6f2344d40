package requests_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

const (
	contentBombSize = 128 << 20 // decoded bytes: twice what MaxBody allows by default
	contentMaxHeap  = 32 << 20  // bytes by which the heap may grow
)

// contentHeap watches the heap: its own reader samples it with every byte that
// arrives, and a goroutine in between.
type contentHeap struct {
	base uint64
	peak atomic.Uint64
	stop chan struct{}
	over chan struct{}
}

func newContentHeap() *contentHeap {
	runtime.GC() // twice: what pools hold survives the first
	runtime.GC()
	h := &contentHeap{base: contentHeapNow(), stop: make(chan struct{}), over: make(chan struct{})}
	go func() {
		defer close(h.over)
		tick := time.NewTicker(200 * time.Microsecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				h.sample()
			case <-h.stop:
				return
			}
		}
	}()
	return h
}

// contentHeapNow is MemStats.HeapAlloc, without stopping the world for it.
func contentHeapNow() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func (h *contentHeap) sample() {
	now := contentHeapNow()
	for old := h.peak.Load(); now > old && !h.peak.CompareAndSwap(old, now); old = h.peak.Load() {
	}
}

// Growth ends the watch.
func (h *contentHeap) Growth() int64 {
	h.sample()
	close(h.stop)
	<-h.over
	return int64(h.peak.Load()) - int64(h.base)
}

// Over is r, watched, in pieces so small that decoding cannot outrun the watch.
func (h *contentHeap) Over(r io.Reader) io.Reader { return &contentSampled{h, r} }

type contentSampled struct {
	heap *contentHeap
	r    io.Reader
}

func (s *contentSampled) Read(p []byte) (int, error) {
	s.heap.sample()
	return s.r.Read(p[:min(len(p), 64)])
}

// contentZeros writes so many zeros under a coding.
func contentZeros(t testing.TB, coding string, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "raw deflate":
		w, err = flate.NewWriter(&b, -1)
	case "br":
		w = brotli.NewWriterOptions(&b, brotli.WriterOptions{Quality: 3, LGWin: 24})
	case "zstd":
		w, err = zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(8<<20))
	}
	require.NoError(t, err)
	piece := make([]byte, 1<<20)
	for left := size; left > 0; left -= len(piece) {
		_, err := w.Write(piece[:min(left, len(piece))])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// contentAnswer is an adapter that answers the first request with a bomb and
// every later one with "end".
func contentAnswer(heap *contentHeap, status int, field, value, coding string, bomb []byte) http.RoundTripper {
	first := true
	return adapters.Func(func(r *http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: 200, Header: http.Header{}, Request: r}
		if !first {
			resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader("end")), 3
			return resp, nil
		}
		first = false
		resp.StatusCode = status
		resp.Header.Set("Content-Encoding", coding)
		if field != "" {
			resp.Header.Set(field, value)
		}
		resp.Body, resp.ContentLength = io.NopCloser(heap.Over(bytes.NewReader(bomb))), int64(len(bomb))
		return resp, nil
	})
}

func TestContentBombs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has a heap of its own, and takes minutes for this")
	}
	zipped := contentZeros(t, "gzip", contentBombSize)
	for _, c := range []struct {
		name, coding string
		bomb         []byte
		size         int
		ratio        int
		err          error // nil: it is sound content, only too much
	}{
		{"gzip", "gzip", zipped, contentBombSize, 1000, nil},
		{"deflate", "deflate", contentZeros(t, "deflate", contentBombSize), contentBombSize, 1000, nil},
		{"raw deflate", "deflate", contentZeros(t, "raw deflate", contentBombSize), contentBombSize, 1000, nil},
		{"br", "br", contentZeros(t, "br", contentBombSize), contentBombSize, 1000, nil},
		{"zstd", "zstd", contentZeros(t, "zstd", contentBombSize), contentBombSize, 1000, nil},
		{"10,000 gzip members", "gzip", bytes.Repeat(contentZeros(t, "gzip", 12800), 10_000), 128_000_000, 250, nil},
		{"10,000 empty gzip members and one", "gzip", append(bytes.Repeat(contentZeros(t, "gzip", 0), 10_000), zipped...), contentBombSize, 300, nil},
		{"a chain of five", "br, gzip, gzip, gzip, gzip", []byte(coded(t, string(contentZeros(t, "br", contentBombSize)), "gzip", "gzip", "gzip", "gzip")), contentBombSize, 1000, nil},
		{"a chain of six", "gzip, gzip, gzip, gzip, gzip, gzip", []byte(coded(t, string(zipped), "gzip", "gzip", "gzip", "gzip", "gzip")), contentBombSize, 1000, requests.ErrContentDecoding},
		{"a chain of six, identity among them", "gzip, identity, gzip, gzip,, identity, gzip", []byte(coded(t, string(zipped), "gzip", "gzip", "gzip")), contentBombSize, 1000, requests.ErrContentDecoding},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.GreaterOrEqual(t, c.size/len(c.bomb), c.ratio, "it is a bomb")
			watched := func(t *testing.T, limit int64, run func(t *testing.T, heap *contentHeap)) {
				heap := newContentHeap()
				run(t, heap)
				growth := heap.Growth()
				t.Logf("heap: %.1f MiB more", float64(growth)/(1<<20))
				assert.Less(t, growth, limit)
			}
			t.Run("streamed", func(t *testing.T) {
				watched(t, contentMaxHeap, func(t *testing.T, heap *contentHeap) {
					r := fetch(t, contentAnswer(heap, 200, "", "", c.coding, c.bomb), requests.WithStream(true))
					buf, n := make([]byte, 32<<10), 0
					var err error
					for err == nil {
						var m int
						m, err = r.Body.Read(buf)
						n += m
					}
					if c.err != nil {
						require.ErrorIs(t, err, c.err)
						assert.Zero(t, n)
						return
					}
					require.Equal(t, io.EOF, err)
					assert.Equal(t, c.size, n, "a stream has no bound but its reader's")
				})
			})
			tooMuch := c.err
			if tooMuch == nil {
				tooMuch = requests.ErrBodyTooLarge
			}
			call := func(t *testing.T, adapter http.RoundTripper, opts ...requests.Option) error {
				s := newSession(t, requests.WithAdapter("http://", adapter))
				r, err := s.Get(t.Context(), "http://api.test/a", opts...)
				assert.Nil(t, r)
				return err
			}
			t.Run("read with MaxBody 8 MiB", func(t *testing.T) {
				watched(t, contentMaxHeap, func(t *testing.T, heap *contentHeap) {
					err := call(t, contentAnswer(heap, 200, "", "", c.coding, c.bomb), requests.WithMaxBody(8<<20))
					require.ErrorIs(t, err, tooMuch)
				})
			})
			t.Run("read with the default MaxBody", func(t *testing.T) {
				watched(t, 2*(64<<20), func(t *testing.T, heap *contentHeap) {
					require.ErrorIs(t, call(t, contentAnswer(heap, 200, "", "", c.coding, c.bomb)), tooMuch)
				})
			})
			// A hop is read as it came: had its content been decoded meanwhile,
			// the bound of a drain would have been passed and the rest missed.
			wholeHop := func(t *testing.T, adapter http.RoundTripper, opts ...requests.Option) {
				r := fetch(t, adapter, append(opts, requests.WithMaxBody(8<<20))...)
				assert.Equal(t, "end", r.Text())
				require.Len(t, r.History, 1)
				hop := r.History[0]
				hop.Bytes()
				if c.err != nil || len(c.bomb) <= 256<<10 {
					require.ErrorIs(t, hop.Err(), tooMuch, "looked at, it is decoded within MaxBody")
				} else {
					require.Error(t, hop.Err())
				}
				assert.LessOrEqual(t, len(hop.Bytes()), 8<<20)
			}
			t.Run("on a redirect", func(t *testing.T) {
				watched(t, contentMaxHeap, func(t *testing.T, heap *contentHeap) {
					wholeHop(t, contentAnswer(heap, 302, "Location", "/end", c.coding, c.bomb))
				})
			})
			t.Run("on a challenge", func(t *testing.T) {
				watched(t, contentMaxHeap, func(t *testing.T, heap *contentHeap) {
					_, value, _ := strings.Cut(asks, ": ")
					wholeHop(t, contentAnswer(heap, 401, "WWW-Authenticate", value, c.coding, c.bomb), requests.WithAuth(new(waiting)))
				})
			})
		})
	}
}

func TestContentBombs_OverAConnection(t *testing.T) {
	// The connection serves again only if the bytes were drained as they came:
	// decoded they pass the bound of a drain at once.
	bomb := string(contentZeros(t, "gzip", contentBombSize/2))
	require.Less(t, len(bomb), 256<<10)
	for _, c := range []struct {
		name, answer string
		opts         []requests.Option
	}{
		{"a redirect", reply(302, bomb, "Location: /end", "Content-Encoding: gzip"), nil},
		{"a redirect in chunks", reply(302, fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(bomb), bomb), "Location: /end", "Content-Encoding: gzip", "Transfer-Encoding: chunked"), nil},
		{"a challenge", reply(401, bomb, asks, "Content-Encoding: gzip"), []requests.Option{requests.WithAuth(new(waiting))}},
		{"a redirect whose content is no gzip at all", reply(302, "moved", "Location: /end", "Content-Encoding: gzip"), nil},
		{"a redirect with more codings than are undone", reply(302, bomb, "Location: /end", "Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip"), nil},
		{"a redirect that is cut", reply(302, bomb[:1000], "Location: /end", "Content-Encoding: gzip"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, c.answer, reply(200, "end"))
			r, err := newSession(t, c.opts...).Get(t.Context(), w.URL)
			require.NoError(t, err)
			assert.Equal(t, "end", r.Text())
			assert.Len(t, w.Requests(), 2)
			assert.Equal(t, 1, w.Accepted())
		})
	}
}

func TestContentBombs_InALoop(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has a heap of its own")
	}
	for _, c := range []struct {
		name, contentType, head string
		fill                    byte
		loop                    func(*requests.Response) error
	}{
		{"a line without an end", "text/plain", "", 'x', func(r *requests.Response) (last error) {
			for _, err := range r.Lines() {
				last = err
			}
			return last
		}},
		{"a value without an end", "application/x-ndjson", "", '1', contentValues},
		{"a record without an end", "application/json-seq", "\x1e", '1', contentValues},
		{"an element without an end", "application/json", "[1,", '1', contentValues},
		{"blanks before an element", "application/json", "[1,", ' ', contentValues},
		{"an element that is nested without an end", "application/json", "[1,", '[', contentValues},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			w.Write(append([]byte(c.head), bytes.Repeat([]byte{c.fill}, contentBombSize/2)...))
			require.NoError(t, w.Close())
			heap := newContentHeap()
			r := fetch(t, contentAnswer(heap, 200, "Content-Type", c.contentType, "gzip", b.Bytes()), requests.WithStream(true))
			require.Error(t, c.loop(r))
			growth := heap.Growth()
			t.Logf("heap: %.1f MiB more", float64(growth)/(1<<20))
			assert.Less(t, growth, int64(contentMaxHeap))
			require.Error(t, r.Err())
		})
	}
}

func contentValues(r *requests.Response) (last error) {
	for _, err := range requests.Values[any](r) {
		last = err
	}
	return last
}

func gzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	require.NoError(t, err)
	_, err = w.Write(b)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

// nestedBomb puts a gigabyte, and with three codings a terabyte, of piece into kilobytes.
func nestedBomb(t *testing.T, piece []byte) []byte {
	b := gzipped(t, piece)
	for range 2 {
		b = gzipped(t, bytes.Repeat(b, 1000))
	}
	return b
}

// Codings over one another can make work for hours of a few kilobytes, with
// nothing of it content that MaxBody would count. What ends it is a bound, and
// for what does bring content the context.
func TestContentBombs_OfNothing(t *testing.T) {
	empty := bytes.Repeat(gzipped(t, nil), 50000)
	for _, c := range []struct {
		name, coding string
		bomb         []byte
		do           func(*requests.Session, context.Context, context.CancelFunc) error
		want         error
	}{
		{"empty members, read into memory", "gzip, gzip, gzip, gzip", nestedBomb(t, empty), func(s *requests.Session, ctx context.Context, _ context.CancelFunc) error {
			_, err := s.Get(ctx, "http://h.test/")
			return err
		}, requests.ErrContentDecoding},
		{"empty members under HTTPClient", "gzip, gzip, gzip, gzip", nestedBomb(t, empty), func(s *requests.Session, ctx context.Context, _ context.CancelFunc) error {
			resp, err := s.HTTPClient().Get("http://h.test/")
			require.NoError(t, err)
			defer resp.Body.Close()
			_, err = io.Copy(io.Discard, resp.Body)
			return err
		}, requests.ErrContentDecoding},
		{"blanks between values, cancelled", "gzip, gzip, gzip", nestedBomb(t, bytes.Repeat([]byte(" "), 1<<20)), func(s *requests.Session, ctx context.Context, cancel context.CancelFunc) error {
			r, err := s.Get(ctx, "http://h.test/", requests.WithStream(true))
			require.NoError(t, err)
			time.AfterFunc(10*time.Millisecond, cancel)
			for _, err := range requests.Values[any](r) {
				return err
			}
			return nil
		}, context.Canceled},
		{"chunks, cancelled", "gzip, gzip, gzip", nestedBomb(t, bytes.Repeat([]byte(" "), 1<<20)), func(s *requests.Session, ctx context.Context, cancel context.CancelFunc) error {
			r, err := s.Get(ctx, "http://h.test/", requests.WithStream(true))
			require.NoError(t, err)
			for _, err := range r.Chunks(0) {
				cancel()
				if err != nil {
					return err
				}
			}
			return nil
		}, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := adapters.Func(func(r *http.Request) (*http.Response, error) {
				h := http.Header{"Content-Encoding": {c.coding}}
				return &http.Response{StatusCode: 200, Header: h, Request: r, Body: io.NopCloser(struct{ io.Reader }{strings.NewReader(string(c.bomb))}), ContentLength: int64(len(c.bomb))}, nil
			})
			s, err := requests.NewSession(requests.WithEnvironment(false), requests.WithAdapter("http://", answer))
			require.NoError(t, err)
			defer s.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			require.ErrorIs(t, c.do(s, ctx, cancel), c.want)
		})
	}
}
