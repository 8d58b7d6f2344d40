package requests_test

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

// allocRelease is the release that the counts are of: another compiler decides
// differently what lives on the stack, and another library allocates
// differently.
const allocRelease = "go1.26"

// pathTransport answers by path, in two allocations: the response and the
// reader of its content.
type pathTransport struct {
	content string
	header  http.Header
	hops    []http.Header // of /hop/1 and so on
}

func (p *pathTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		var buf [512]byte
		for {
			if _, err := r.Body.Read(buf[:]); err == io.EOF {
				break
			} else if err != nil {
				return nil, err
			}
		}
		r.Body.Close()
	}
	resp := &http.Response{StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: p.header, Request: r}
	body := &memoryContent{rest: p.content}
	if n, ok := strings.CutPrefix(r.URL.Path, "/v1/hop/"); ok && n != "0" {
		left, err := strconv.Atoi(n)
		if err != nil {
			return nil, err
		}
		resp.StatusCode, resp.Header, body.rest = http.StatusFound, p.hops[left], ""
	}
	resp.ContentLength, resp.Body = int64(len(body.rest)), body
	return resp, nil
}

// foreignTransport hides that the body can be ended, as that of package adapters
// can.
type foreignTransport struct{ *pathTransport }

func (t foreignTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.pathTransport.RoundTrip(r)
	if err == nil {
		resp.Body = (*foreignContent)(resp.Body.(*memoryContent))
	}
	return resp, err
}

type foreignContent memoryContent

func (c *foreignContent) Read(p []byte) (int, error) { return (*memoryContent)(c).Read(p) }
func (c *foreignContent) Close() error               { return nil }

type allocItem struct {
	ID   int      `json:"id"`
	Name string   `json:"name"`
	Tags []string `json:"tags"`
}

// TestAllocations holds the main paths of a call to the number of allocations
// they have, the transport's two per exchange and what encoding/json needs
// included. A higher count is a regression; a lower one belongs here.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates on its own")
	}
	if release := runtime.Version(); !strings.HasPrefix(release, allocRelease) {
		t.Skipf("the counts are those of %s, this is %s", allocRelease, release)
	}
	transport := &pathTransport{
		content: benchContent,
		header:  http.Header{"Content-Type": {"application/json"}, "Set-Cookie": {"visit=1; Path=/"}},
	}
	for n := range 6 {
		transport.hops = append(transport.hops, http.Header{"Location": {"/v1/hop/" + strconv.Itoa(n-1)}})
	}
	plain := newSession(t, requests.WithBaseURL("https://api.example.test/v1/"), requests.WithCookieJar(nil),
		requests.WithHeaders(benchHeader), requests.WithParam("lang", "en"), requests.WithAdapter("https://", transport))
	foreign := newSession(t, requests.WithBaseURL("https://api.example.test/v1/"), requests.WithCookieJar(nil),
		requests.WithHeaders(benchHeader), requests.WithParam("lang", "en"), requests.WithAdapter("https://", foreignTransport{transport}))
	withJar := newSession(t, requests.WithBaseURL("https://api.example.test/v1/"),
		requests.WithHeaders(benchHeader), requests.WithAdapter("https://", transport))
	item := &allocItem{ID: 42, Name: "Ada", Tags: []string{"a", "b", "c"}}

	cases := []struct {
		name string
		want float64
		call func(context.Context) error
	}{
		{"GET with session and call defaults merged", 10, func(ctx context.Context) error {
			_, err := plain.Get(ctx, "items", requests.WithParam("page", "2"), requests.WithParam("limit", "50"))
			return err
		}},
		{"GET through a RoundTripper whose body may not know of the context", 13, func(ctx context.Context) error {
			_, err := foreign.Get(ctx, "items", requests.WithParam("page", "2"), requests.WithParam("limit", "50"))
			return err
		}},
		{"GET of JSON, decoded", 17, func(ctx context.Context) error {
			_, err := requests.JSON[allocItem](plain.Get(ctx, "items/42"))
			return err
		}},
		{"POST of JSON", 15, func(ctx context.Context) error {
			_, err := plain.Post(ctx, "items", requests.WithJSON(item))
			return err
		}},
		{"GET with cookies out and in", 7, func(ctx context.Context) error {
			_, err := withJar.Get(ctx, "items")
			return err
		}},
		{"GET with five redirects and cookies", 34, func(ctx context.Context) error {
			_, err := withJar.Get(ctx, "hop/5")
			return err
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			ctx := t.Context()
			require.NoError(t, c.call(ctx))
			got := testing.AllocsPerRun(200, func() {
				if err := c.call(ctx); err != nil {
					t.Error(err)
				}
			})
			require.Equal(t, c.want, got, "allocations")
		})
	}
}
