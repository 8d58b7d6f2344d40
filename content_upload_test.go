package requests_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

// contentGenerated is a Body of so many bytes that nobody holds.
type contentGenerated struct {
	size         int64
	opened, read atomic.Int64
	closed       atomic.Int64
}

func (b *contentGenerated) Len() int64        { return b.size }
func (*contentGenerated) ContentType() string { return "application/octet-stream" }
func (b *contentGenerated) Open() (io.ReadCloser, error) {
	b.opened.Add(1)
	return &contentGenerator{b, b.size}, nil
}

// contentGenerator only counts: what p holds is content enough.
type contentGenerator struct {
	b    *contentGenerated
	left int64
}

func (g *contentGenerator) Read(p []byte) (int, error) {
	if g.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), g.left)
	g.left -= n
	g.b.read.Add(n)
	return int(n), nil
}

func (g *contentGenerator) Close() error {
	g.b.closed.Add(1)
	return nil
}

// contentForm is the options of an upload, and the length that it must have.
func contentForm(b *contentGenerated) ([]requests.Option, int64) {
	const head = "--B\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nlarge\r\n" +
		"--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"disk.img\"\r\nContent-Type: application/octet-stream\r\n\r\n"
	const tail = "\r\n--B--\r\n"
	const boundaries = 3 * (32 - len("B"))
	return []requests.Option{
		requests.WithForm(map[string][]string{"note": {"large"}}),
		requests.WithMultipart(requests.Part{Name: "f", Filename: "disk.img", Content: b}),
	}, int64(len(head)+len(tail)+boundaries) + b.size
}

func TestContentUpload_8GiB(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: 8 GiB are copied")
	}
	body := &contentGenerated{size: 8 << 30}
	opts, length := contentForm(body)
	heap := newContentHeap()
	var announced, received int64
	buf := make([]byte, 1<<20)
	adapter := adapters.Func(func(r *http.Request) (*http.Response, error) {
		announced = r.ContentLength
		assert.Empty(t, r.TransferEncoding)
		for {
			n, err := r.Body.Read(buf)
			received += int64(n)
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, err
			}
		}
		return &http.Response{StatusCode: 201, Request: r}, r.Body.Close()
	})
	s := newSession(t, requests.WithAdapter("http://", adapter))
	var sent, total int64
	r, err := s.Post(t.Context(), "http://api.test/", append(opts, requests.WithUploadProgress(func(n, of int64) { sent, total = n, of }))...)
	require.NoError(t, err)
	assert.Equal(t, 201, r.StatusCode)
	growth := heap.Growth()
	t.Logf("heap: %.1f MiB more", float64(growth)/(1<<20))
	assert.Less(t, growth, int64(4<<20))
	assert.Equal(t, length, announced, "the length is exact")
	assert.Equal(t, length, received)
	assert.Equal(t, []int64{length, length}, []int64{sent, total})
	assert.Equal(t, []int64{1, 1}, []int64{body.opened.Load(), body.closed.Load()})
}

func TestContentUpload_OverAConnection(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has a heap of its own")
	}
	// As above, but by net/http's transport and a server's reading.
	got := make(chan [2]int64, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		assert.NoError(t, err)
		got <- [2]int64{r.ContentLength, n}
	}))
	defer server.Close()
	for _, c := range []struct {
		name string
		opts func(*contentGenerated) ([]requests.Option, int64)
	}{
		{"R72 a form", contentForm},
		{"a Body of the caller's", func(b *contentGenerated) ([]requests.Option, int64) {
			return []requests.Option{requests.WithBody(b)}, b.size
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := &contentGenerated{size: 256 << 20}
			opts, length := c.opts(body)
			s := newSession(t)
			heap := newContentHeap()
			r, err := s.Put(t.Context(), server.URL, opts...)
			require.NoError(t, err)
			growth := heap.Growth()
			t.Logf("heap: %.1f MiB more", float64(growth)/(1<<20))
			assert.Less(t, growth, int64(8<<20))
			assert.Equal(t, 200, r.StatusCode)
			assert.Equal(t, [2]int64{length, length}, <-got)
			eventually(t, func() bool { return body.closed.Load() == 1 }, "the content is closed")
		})
	}
}

func TestContentUpload_AnEarlyAnswerIsReturned(t *testing.T) {
	// The server looks at the header, answers and reads no more of the body,
	// which would take minutes to send.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/some":
			io.CopyN(io.Discard, r.Body, 1<<20)
		case "/close":
			w.Header().Set("Connection", "close")
		}
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		fmt.Fprint(w, "at most 1 GiB")
	}))
	defer server.Close()
	for _, c := range []struct {
		name, path string
		opts       func(*contentGenerated) ([]requests.Option, int64)
		stream     bool
	}{
		{"R172 of a form", "/", contentForm, false},
		{"R172 of a form, as a stream", "/", contentForm, true},
		{"R172 of a form that was read in part", "/some", contentForm, false},
		{"R172 that closes the connection", "/close", contentForm, false},
		{"R172 of chunks", "/", func(b *contentGenerated) ([]requests.Option, int64) {
			rc, _ := b.Open()
			return []requests.Option{requests.WithFile("f", "n", rc)}, -1
		}, false},
		{"R172 of a Body of the caller's", "/", func(b *contentGenerated) ([]requests.Option, int64) {
			return []requests.Option{requests.WithBody(b)}, b.size
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := &contentGenerated{size: 1 << 42}
			opts, _ := c.opts(body)
			s := newSession(t)
			r, err := s.Post(t.Context(), server.URL+c.path, append(opts, requests.WithStream(c.stream))...)
			require.NoError(t, err)
			assert.Equal(t, 413, r.StatusCode)
			assert.Equal(t, "at most 1 GiB", r.Text())
			require.NoError(t, r.Err())
			require.NoError(t, r.Close())
			t.Logf("opened %d, closed %d, read %d", body.opened.Load(), body.closed.Load(), body.read.Load())
			eventually(t, func() bool { return body.closed.Load() == body.opened.Load() }, "what was opened is closed")
			assert.Less(t, body.read.Load(), body.size)

			// The session goes on.
			text, err := requests.Text(s.Post(t.Context(), server.URL, requests.WithBody("x")))
			require.ErrorContains(t, err, "413")
			assert.Empty(t, text)
		})
	}
}

func TestContentUpload_AContentThatBreaksIsTheError(t *testing.T) {
	// The reason is the content's, not the pipe that broke for it.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	for _, c := range []struct {
		name    string
		content requests.Body
		says    string
	}{
		{"a part that breaks", contentBroken{1000, io.ErrNoProgress}, io.ErrNoProgress.Error()},
		{"R72 a part that is shorter than it said", contentBroken{1000, io.EOF}, "ended"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newSession(t).Post(t.Context(), server.URL, requests.WithMultipart(requests.Part{Name: "f", Content: c.content}))
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, strings.ToLower(err.Error()), "broken pipe")
		})
	}
}

// contentBroken announces more than it has.
type contentBroken struct {
	size int64
	end  error
}

func (b contentBroken) Len() int64        { return b.size }
func (contentBroken) ContentType() string { return "" }
func (b contentBroken) Open() (io.ReadCloser, error) {
	return io.NopCloser(io.MultiReader(strings.NewReader("some"), contentEnd{b.end})), nil
}

type contentEnd struct{ err error }

func (e contentEnd) Read([]byte) (int, error) { return 0, e.err }
