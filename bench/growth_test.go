package bench_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/cookies"
)

// growing is what there may be 1, 10, 100 or 1,000 of.
type growing struct {
	name    string
	carried bool // each request carries all of them
	add     func(s *requests.Session, n int) error
}

var sizes = []int{1, 10, 100, 1000}

var growths = []growing{
	{"session header fields", true, func(s *requests.Session, n int) error {
		h := make(http.Header, n)
		for i := range n {
			h.Set(fmt.Sprintf("X-Field-%d", i), "value")
		}
		return s.Update(requests.WithHeaders(h))
	}},
	{"session params", true, func(s *requests.Session, n int) error {
		opts := make([]requests.Option, n)
		for i := range opts {
			opts[i] = requests.WithParam(fmt.Sprintf("param%d", i), "value")
		}
		return s.Update(opts...)
	}},
	{"cookies that match", true, func(s *requests.Session, n int) error {
		return setCookies(s, "api.example.test", n)
	}},
	{"cookies of other hosts", false, func(s *requests.Session, n int) error {
		return setCookies(s, "other.example", n)
	}},
	{"mounts of other prefixes", false, func(s *requests.Session, n int) error {
		for i := range n {
			if err := s.Mount(fmt.Sprintf("https://host%d.other.example/", i), new(memory)); err != nil {
				return err
			}
		}
		return nil
	}},
	{"hooks", true, func(s *requests.Session, n int) error {
		for range n {
			s.Hooks().Response.PushBack(func(*requests.Exchange) error { return nil })
		}
		return nil
	}},
}

func setCookies(s *requests.Session, host string, n int) error {
	for i := range n {
		c := cookies.Cookie{Name: fmt.Sprintf("c%d", i), Value: "v", Domain: host, HostOnly: true, Path: "/"}
		if err := s.Cookies().Set(c); err != nil {
			return err
		}
	}
	return nil
}

func grown(tb testing.TB, g growing, n int) func() error {
	jar := cookies.New(&cookies.Options{MaxPerHost: -1, MaxTotal: -1})
	s, err := requests.NewSession(requests.WithBaseURL(memoryBase), requests.WithCookieJar(jar), requests.WithAdapter("https://", new(memory)))
	require.NoError(tb, err)
	tb.Cleanup(func() { s.Close() })
	require.NoError(tb, g.add(s, n))
	ctx := context.Background()
	return func() error {
		_, err := s.Get(ctx, "/items", requests.WithParam("page", "2"))
		return err
	}
}

// BenchmarkGrowth shows what a call costs as a session grows.
func BenchmarkGrowth(b *testing.B) {
	for _, g := range growths {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("of=%s/n=%d", g.name, n), func(b *testing.B) {
				op := grown(b, g, n)
				b.ReportAllocs()
				for b.Loop() {
					if err := op(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// TestGrowth counts allocations: what a request does not carry costs nothing,
// and ten times of what it carries costs at most ten times as much.
func TestGrowth(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates on its own")
	}
	for _, g := range growths {
		t.Run(g.name, func(t *testing.T) {
			counts := make(map[int]float64)
			for _, n := range sizes {
				op := grown(t, g, n)
				require.NoError(t, op())
				counts[n] = testing.AllocsPerRun(100, func() {
					if err := op(); err != nil {
						t.Error(err)
					}
				})
			}
			t.Logf("allocations: %v", counts)
			if !g.carried {
				require.Equal(t, counts[1], counts[1000])
				return
			}
			for i, n := range sizes[1:] {
				require.LessOrEqual(t, counts[n], 10*counts[sizes[i]], "from %d to %d", sizes[i], n)
			}
		})
	}
}
