package requests_test

import (
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-3bbad739/requests"
)

// contentLoop is a loop over what a server sends that is left once it has had
// so many turns: 0 means that it is not begun.
type contentLoop struct {
	name   string
	answer func(wireRequest) string
	turns  int // that it has when it is not left
	run    func(t *testing.T, s *requests.Session, url string, leave func() bool)
}

// contentRange ranges until leave says so, which is asked before the first turn
// and after each.
func contentRange[T any](seq iter.Seq2[T, error], leave func() bool) {
	if leave() {
		return
	}
	for range seq {
		if leave() {
			break
		}
	}
}

// contentOfStream makes a loop over one streamed response.
func contentOfStream[T any](seq func(*requests.Response) iter.Seq2[T, error]) func(*testing.T, *requests.Session, string, func() bool) {
	return func(t *testing.T, s *requests.Session, url string, leave func() bool) {
		r, err := s.Get(t.Context(), url, requests.WithStream(true))
		require.NoError(t, err)
		defer r.Close() // which a loop that is not begun leaves to its caller
		contentRange(seq(r), leave)
	}
}

func contentPages(t *testing.T, s *requests.Session, url string) iter.Seq2[*requests.Response, error] {
	return requests.Pages(t.Context(), s, url)
}

func contentPagesFunc(t *testing.T, s *requests.Session, url string) iter.Seq2[*requests.Response, error] {
	return requests.PagesFunc(t.Context(), s, url, func(r *requests.Response) ([]requests.Option, error) {
		if len(r.Links()) == 0 {
			return nil, nil
		}
		return []requests.Option{requests.WithParam("page", r.Links()[0].URL.Query().Get("page"))}, nil
	})
}

// contentThreePages serves three pages of two numbers each.
func contentThreePages(r wireRequest) string {
	switch r.Target() {
	case "/":
		return reply(200, "[1,2]", `Link: </?page=2>; rel="next"`)
	case "/?page=2":
		return reply(200, "[3,4]", `Link: </?page=3>; rel="next"`)
	}
	return reply(200, "[5,6]")
}

// contentFaultyPage serves a second page that is none.
func contentFaultyPage(r wireRequest) string {
	if r.Target() == "/" {
		return contentThreePages(r)
	}
	return reply(500, strings.Repeat("why ", 100_000))
}

// contentUnended is a stream that has three lines and never ends, so that
// nothing but leaving closes its connection.
func contentUnended(lines string) func(wireRequest) string {
	return func(wireRequest) string {
		return "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + lines
	}
}

func contentLoops(t testing.TB) []contentLoop {
	lines := func(r *requests.Response) iter.Seq2[string, error] { return r.Lines() }
	chunks := func(r *requests.Response) iter.Seq2[[]byte, error] { return r.Chunks(2) }
	pieces := func(r *requests.Response) iter.Seq2[[]byte, error] { return r.Chunks(0) }
	values := requests.Values[int]
	pages := func(pages func(*testing.T, *requests.Session, string) iter.Seq2[*requests.Response, error]) func(*testing.T, *requests.Session, string, func() bool) {
		return func(t *testing.T, s *requests.Session, url string, leave func() bool) {
			contentRange(pages(t, s, url), leave)
		}
	}
	items := func(pages func(*testing.T, *requests.Session, string) iter.Seq2[*requests.Response, error]) func(*testing.T, *requests.Session, string, func() bool) {
		return func(t *testing.T, s *requests.Session, url string, leave func() bool) {
			contentRange(requests.Items[int](pages(t, s, url)), leave)
		}
	}
	streamed := func(t *testing.T, s *requests.Session, url string) iter.Seq2[*requests.Response, error] {
		return requests.Pages(t.Context(), s, url, requests.WithStream(true))
	}
	whole := func(content string) func(wireRequest) string {
		return func(wireRequest) string { return reply(200, content) }
	}
	cut := func(content string) func(wireRequest) string {
		return func(wireRequest) string { return reply(200, content, "Content-Length: 100", "Connection: close") }
	}
	zipped := reply(200, coded(t, "1\n2\n3\n", "gzip"), "Content-Encoding: gzip")
	return []contentLoop{
		{"Lines", whole("1\n2\n3\n"), 3, contentOfStream(lines)},
		{"Lines of what is cut", cut("1\n2\n3\n"), 4, contentOfStream(lines)},
		{"Lines of gzip", func(wireRequest) string { return zipped }, 3, contentOfStream(lines)},
		{"Chunks", whole("1\n2\n3\n"), 3, contentOfStream(chunks)},
		{"Chunks of what is cut", cut("1\n2\n3\n"), 4, contentOfStream(chunks)},
		{"Chunks as they arrive", whole("123"), 1, contentOfStream(pieces)},
		{"Values of lines", whole("1\n2\n3\n"), 3, contentOfStream(values)},
		{"Values of an array", whole("[1,2,3]"), 3, contentOfStream(values)},
		{"Values of records", whole("\x1e1\n\x1e2\n\x1e3\n"), 3, contentOfStream(values)},
		{"Values of what is no JSON", whole("1\n2\nthree\n4\n"), 3, contentOfStream(values)},
		{"Values of what is cut", cut("[1,2,"), 3, contentOfStream(values)},
		{"Pages", contentThreePages, 3, pages(contentPages)},
		{"Pages of which one fails", contentFaultyPage, 2, pages(contentPages)},
		{"PagesFunc", contentThreePages, 3, pages(contentPagesFunc)},
		{"Items of Pages", contentThreePages, 6, items(contentPages)},
		{"Items of Pages of which one fails", contentFaultyPage, 3, items(contentPages)},
		{"Items of PagesFunc", contentThreePages, 6, items(contentPagesFunc)},
		{"Items of streamed Pages", contentThreePages, 6, items(streamed)},
		{"Items of streamed Pages of which one fails", contentFaultyPage, 3, items(streamed)},
	}
}

// contentUnendedLoops are loops that nothing ends but being left.
func contentUnendedLoops() []contentLoop {
	return []contentLoop{
		{"Lines without an end", contentUnended("1\n2\n3\n"), 3, contentOfStream(func(r *requests.Response) iter.Seq2[string, error] { return r.Lines() })},
		{"Chunks without an end", contentUnended("1\n2\n3\n"), 3, contentOfStream(func(r *requests.Response) iter.Seq2[[]byte, error] { return r.Chunks(2) })},
		{"Values of lines without an end", contentUnended("1\n2\n3\n"), 3, contentOfStream(requests.Values[int])},
		{"Values of an array without an end", contentUnended("[1,2,3,"), 3, contentOfStream(requests.Values[int])},
		{"Values of records without an end", contentUnended("\x1e1\n\x1e2\n\x1e3\n\x1e"), 3, contentOfStream(requests.Values[int])},
	}
}

func TestContentLoops_LeftAnywhereLeakNothing(t *testing.T) {
	check := func(t *testing.T, c contentLoop, stop int, want int) {
		before := goleak.IgnoreCurrent()
		w := newWire(t, c.answer)
		s, err := requests.NewSession()
		require.NoError(t, err)
		for range 3 {
			had := -1
			c.run(t, s, w.URL+"/", func() bool {
				had++
				return had == stop
			})
			assert.Equal(t, want, had)
		}
		eventually(t, func() bool { return w.Open() <= 1 }, "no connection but an idle one is open")
		require.NoError(t, s.Close())
		eventually(t, func() bool { return w.Open() == 0 }, "every connection is closed with the session")
		w.Close()
		goleak.VerifyNone(t, before)
	}
	for _, c := range contentLoops(t) {
		for stop := range c.turns + 1 {
			t.Run(fmt.Sprintf("%s, left at %d of %d", c.name, stop, c.turns), func(t *testing.T) { check(t, c, stop, stop) })
		}
		t.Run(c.name+", to the end", func(t *testing.T) { check(t, c, -2, c.turns) })
	}
	for _, c := range contentUnendedLoops() {
		for stop := range c.turns + 1 {
			t.Run(fmt.Sprintf("%s, left at %d", c.name, stop), func(t *testing.T) { check(t, c, stop, stop) })
		}
	}
}

func TestContentLoops_PulledAndStoppedLeakNothing(t *testing.T) {
	for stop := range 5 {
		t.Run(fmt.Sprintf("stopped after %d", stop), func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			w := newWire(t, contentUnended("1\n2\n3\n4\n5\n"))
			s, err := requests.NewSession()
			require.NoError(t, err)
			r, err := s.Get(t.Context(), w.URL, requests.WithStream(true))
			require.NoError(t, err)
			next, end := iter.Pull2(requests.Values[int](r))
			for i := range stop {
				v, err, ok := next()
				require.NoError(t, err)
				assert.True(t, ok)
				assert.Equal(t, i+1, v)
			}
			end()
			if stop == 0 {
				require.NoError(t, r.Close(), "what is not begun is not closed either")
			}
			eventually(t, func() bool { return w.Open() == 0 }, "the connection is closed")
			require.NoError(t, s.Close())
			w.Close()
			goleak.VerifyNone(t, before)
		})
	}
}
