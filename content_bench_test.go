package requests_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

// contentBuffer is what both sides read with.
const contentBuffer = 64 << 10 // bytes

// contentDrain reads r to its end by buf, and in no other way.
func contentDrain(r io.Reader, buf []byte) (int64, error) {
	var n int64
	for {
		m, err := r.Read(buf)
		n += int64(m)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// BenchmarkContent_Stream1GiB is a stream over loopback, beside the same by
// http.Transport alone.
func BenchmarkContent_Stream1GiB(b *testing.B) {
	const size = 1 << 30
	piece := make([]byte, 256<<10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(size))
		for left := size; left > 0; left -= len(piece) {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy, transport.DisableCompression = nil, true
	defer transport.CloseIdleConnections()
	s := newSession(b)
	buf := make([]byte, contentBuffer)
	for name, get := range contentSides(
		func() (io.ReadCloser, error) {
			r, err := s.Get(b.Context(), server.URL, requests.WithStream(true))
			if err != nil {
				return nil, err
			}
			return r.Body, nil
		},
		func() (io.ReadCloser, error) {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL, nil)
			if err != nil {
				return nil, err
			}
			resp, err := transport.RoundTrip(req)
			if err != nil {
				return nil, err
			}
			return resp.Body, nil
		}) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				body, err := get()
				require.NoError(b, err)
				n, err := contentDrain(body, buf)
				require.NoError(b, err)
				require.EqualValues(b, size, n)
				require.NoError(b, body.Close())
			}
		})
	}
}

// contentSides yields ours and the one beside it, in this order.
func contentSides[T any](session, byHand T) func(func(string, T) bool) {
	return func(yield func(string, T) bool) {
		_ = yield("session", session) && yield("by hand", byHand)
	}
}

// contentRecords is text such as an API sends, which gzip makes about a fifth of.
func contentRecords(size int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	b.Grow(size + 200)
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "{\"id\":%d,\"key\":\"%x\",\"name\":\"item %d\",\"price\":%d.99,\"tags\":[\"new\",\"sale\"]}\n", i, random.Uint32(), random.IntN(5000), random.IntN(900))
	}
	return b.Bytes()[:size]
}

// BenchmarkContent_Gzip64MiB decodes 64 MiB as they arrive, beside a
// gzip.Reader on the body of http.Transport's kind.
func BenchmarkContent_Gzip64MiB(b *testing.B) {
	const size = 64 << 20
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	w.Write(contentRecords(size))
	require.NoError(b, w.Close())
	adapter := roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: 200, Header: http.Header{"Content-Encoding": {"gzip"}}, Request: r,
			Body: io.NopCloser(bytes.NewReader(zipped.Bytes())), ContentLength: int64(zipped.Len()),
		}, nil
	})
	s := newSession(b, requests.WithAdapter("http://", adapter))
	client := &http.Client{Transport: adapter}
	buf := make([]byte, contentBuffer)
	for name, get := range contentSides(
		func() (io.Reader, error) {
			r, err := s.Get(b.Context(), "http://api.test/", requests.WithStream(true))
			if err != nil {
				return nil, err
			}
			return r.Body, nil
		},
		func() (io.Reader, error) {
			resp, err := client.Get("http://api.test/")
			if err != nil {
				return nil, err
			}
			return gzip.NewReader(resp.Body)
		}) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				body, err := get()
				require.NoError(b, err)
				n, err := contentDrain(body, buf)
				require.NoError(b, err)
				require.EqualValues(b, size, n)
			}
		})
	}
}
