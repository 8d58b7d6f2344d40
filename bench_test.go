package requests_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

// The work that is measured: a GET with five header fields and a parameter of
// a session's, two parameters of the call's, and its content read. The
// transport costs the same on both sides.
const (
	benchURL     = "https://api.example.test/v1/items"
	benchTarget  = benchURL + "?lang=en&limit=50&page=2"
	benchContent = `{"id":42,"name":"Ada","tags":["a","b","c"]}`
)

var benchHeader = http.Header{
	"User-Agent":    {"bench/1.0"},
	"Accept":        {"application/json"},
	"Authorization": {"Bearer token"},
	"X-Request-Id":  {"0123456789"},
	"X-Team":        {"core"},
}

// memoryTransport answers with one response and remembers the last target.
type memoryTransport struct {
	header http.Header
	last   *http.Request
}

func (m *memoryTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	m.last = r
	return &http.Response{
		Status: "200 OK", StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: m.header, Body: &memoryContent{rest: benchContent}, ContentLength: int64(len(benchContent)), Request: r,
	}, nil
}

func newMemoryTransport() *memoryTransport {
	return &memoryTransport{header: http.Header{"Content-Type": {"application/json"}}}
}

type memoryContent struct{ rest string }

func (m *memoryContent) Read(p []byte) (int, error) {
	if m.rest == "" {
		return 0, io.EOF
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}

func (m *memoryContent) Close() error { return nil }

// Abort ends a Read that waits: none does.
func (m *memoryContent) Abort() {}

func benchSession(t testing.TB, transport http.RoundTripper) *requests.Session {
	return newSession(t, requests.WithHeaders(benchHeader), requests.WithParam("lang", "en"), requests.WithAdapter("https://", transport))
}

func getBySession(ctx context.Context, s *requests.Session) ([]byte, error) {
	r, err := s.Get(ctx, benchURL, requests.WithParam("page", "2"), requests.WithParam("limit", "50"))
	if err != nil {
		return nil, err
	}
	return r.Bytes(), nil
}

// getByHand is the same work as it is written with net/http alone.
func getByHand(ctx context.Context, c *http.Client) ([]byte, error) {
	u, err := url.Parse(benchURL)
	if err != nil {
		return nil, err
	}
	q := u.Query()
	q.Set("lang", "en")
	q.Set("page", "2")
	q.Set("limit", "50")
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	for k, vs := range benchHeader {
		req.Header[k] = append([]string(nil), vs...)
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

func BenchmarkSession_Get(b *testing.B) {
	s := benchSession(b, newMemoryTransport())
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := getBySession(ctx, s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNetHTTP_Get(b *testing.B) {
	c := &http.Client{Transport: newMemoryTransport()}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := getByHand(ctx, c); err != nil {
			b.Fatal(err)
		}
	}
}

func TestSession_GetAllocatesLess(t *testing.T) {
	transport := newMemoryTransport()
	s := benchSession(t, transport)
	c := &http.Client{Transport: transport}
	ctx := t.Context()

	// What is compared is the same work.
	b, err := getBySession(ctx, s)
	require.NoError(t, err)
	require.Equal(t, benchContent, string(b))
	require.Equal(t, benchTarget, transport.last.URL.String())
	for k, vs := range benchHeader {
		require.Equal(t, vs, transport.last.Header[k])
	}
	b, err = getByHand(ctx, c)
	require.NoError(t, err)
	require.Equal(t, benchContent, string(b))
	require.Equal(t, benchTarget, transport.last.URL.String())
	for k, vs := range benchHeader {
		require.Equal(t, vs, transport.last.Header[k])
	}

	if raceEnabled {
		t.Skip("the race detector allocates on its own")
	}
	ours := testing.AllocsPerRun(200, func() { getBySession(ctx, s) })
	theirs := testing.AllocsPerRun(200, func() { getByHand(ctx, c) })
	t.Logf("%.0f allocations with a session, %.0f by hand", ours, theirs)
	require.Less(t, ours, theirs)
}
