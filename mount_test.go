package requests_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

// named is an adapter that answers with its name.
type named string

func (n named) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body.Close()
	}
	return answer(200, string(n)), nil
}

func answer(status int, text string, fields ...string) *http.Response {
	h := make(http.Header)
	for _, f := range fields {
		k, v, _ := strings.Cut(f, ": ")
		h.Add(k, v)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), ProtoMajor: 1, ProtoMinor: 1}
}

func TestMounts(t *testing.T) {
	const web = "web"
	for _, c := range []struct {
		name     string
		prefixes []string
		url      string
		want     string // the prefix whose adapter serves url; "" for none
	}{
		{"R160 the longest prefix", []string{"https://h.test", "https://h.test/v1"}, "https://h.test/v1/x", "https://h.test/v1"},
		{"R160 whatever was mounted first", []string{"https://h.test/v1", "https://h.test"}, "https://h.test/v1/x", "https://h.test/v1"},
		{"R160 else the shorter one", []string{"https://h.test", "https://h.test/v1"}, "https://h.test/v2", "https://h.test"},
		{"R160 the prefix itself", []string{"https://h.test/v1"}, "https://h.test/v1", "https://h.test/v1"},
		{"R160 the scheme in any case", []string{"HTTPS://h.test/"}, "https://h.test/x", "HTTPS://h.test/"},
		{"R160 the host in any case", []string{"https://H.Test/"}, "https://h.TEST/x", "https://H.Test/"},
		{"R160 the path in any case", []string{"https://h.test/API"}, "https://h.test/api/x", "https://h.test/API"},
		{"R160 the other scheme is another", []string{"https://h.test/"}, "http://h.test/x", "http://"},
		{"R160 an empty prefix holds everything", []string{""}, "mailto:a@b", ""},
		{"R160 a scheme before an empty prefix", []string{""}, "http://h.test/", "http://"},
		{"R160 a scheme alone", []string{"foo:"}, "foo:bar", "foo:"},
		{"R160 a scheme with its slashes", []string{"foo://"}, "foo://bar/x", "foo://"},
		{"R160 a host of another scheme", []string{"foo://a", "foo://b"}, "foo://B/x", "foo://b"},
		{"R160 and not another one", []string{"foo://a", "foo://b"}, "foo://c/x", "none"},

		{"D51 not another host that begins so", []string{"https://api.example"}, "https://api.example.evil.test/", "https://"},
		{"D51 nor with a letter more", []string{"https://api.example"}, "https://api.examples/", "https://"},
		{"D51 nor userinfo that looks so", []string{"https://api.example"}, "https://api.example@evil.test/", "https://"},
		{"D51 nor with a slash in it", []string{"https://api.example/"}, "https://api.example%2F@evil.test/", "https://"},
		{"D51 a path segment ends", []string{"https://h.test/v1"}, "https://h.test/v10/x", "https://"},
		{"D51 at a slash", []string{"https://h.test/v1"}, "https://h.test/v1/x", "https://h.test/v1"},
		{"D51 at a query", []string{"https://h.test/v1"}, "https://h.test/v1?x", "https://h.test/v1"},
		{"D51 at a fragment", []string{"https://h.test/v1"}, "https://h.test/v1#x", "https://h.test/v1"},
		{"D51 a slash at the end asks for one", []string{"https://h.test/v1/"}, "https://h.test/v1", "https://"},
		{"D51 a host has any port", []string{"https://h.test"}, "https://h.test:8443/", "https://h.test"},
		{"D51 a port is a port", []string{"https://h.test:84"}, "https://h.test:8443/", "https://"},
		{"D51 with its own", []string{"https://h.test:8443"}, "https://h.test:8443/x", "https://h.test:8443"},
		{"D51 a host with a path has the default port", []string{"https://h.test/"}, "https://h.test:8443/", "https://"},
		{"D51 written or not", []string{"https://h.test/"}, "https://h.test:443/x", "https://h.test/"},
		{"D51 nor the other way round", []string{"https://h.test:443/"}, "https://h.test/x", "https://h.test:443/"},
		{"D51 userinfo does not matter", []string{"https://h.test/"}, "https://u:p@h.test/x", "https://h.test/"},
		{"D51 dot segments are removed before", []string{"https://h.test/v1/"}, "https://h.test/v1/../v2/", "https://"},
		{"D51 escaped ones too", []string{"https://h.test/v1/"}, "https://h.test/v1/%2e%2e/v2/", "https://"},
		{"D51 a scheme ends as well", []string{"foo"}, "foobar:x", "none"},
		{"R32 an international host", []string{"https://bücher.example/"}, "https://xn--bcher-kva.example/x", "https://bücher.example/"},
		{"R160 an IPv6 host", []string{"http://[::1]:81/"}, "http://[::1]:81/x", "http://[::1]:81/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, requests.WithAdapter("https://", named(web)), requests.WithAdapter("http://", named(web)))
			for _, p := range c.prefixes {
				require.NoError(t, s.Mount(p, named(p)))
			}
			check := func(message string) {
				got, err := s.Adapter(c.url)
				switch c.want {
				case "none":
					assert.ErrorIs(t, err, requests.ErrNoAdapter, message)
				case "http://", "https://":
					require.NoError(t, err, message)
					assert.Equal(t, named(web), got, message)
				default:
					require.NoError(t, err, message)
					assert.Equal(t, named(c.want), got, message)
				}
			}
			check("among few")
			for i := range 20 { // found by another way
				for _, p := range []string{"https://host%d.test/", "http://host%d.test:81/v1/", "unix://host%d/"} {
					require.NoError(t, s.Mount(fmt.Sprintf(p, i), named("other")))
				}
			}
			check("among many")
		})
	}
}

func TestManyMounts(t *testing.T) {
	s := newSession(t)
	var prefixes []string
	for i := range 20 {
		prefixes = append(prefixes, fmt.Sprintf("https://Host%d.test/", i), fmt.Sprintf("https://host%d.test/v1/", i), fmt.Sprintf("unix://socket%d/", i))
	}
	for _, p := range prefixes {
		require.NoError(t, s.Mount(p, named(p)))
	}
	for _, p := range prefixes {
		got, err := s.Adapter(strings.ToLower(p) + "x")
		require.NoError(t, err)
		assert.Equal(t, named(p), got, "R160 the longest prefix of its host")
		assert.Equal(t, named(p), s.Unmount(p))
	}
	got, err := s.Adapter("https://host1.test/")
	require.NoError(t, err)
	assert.IsType(t, (*adapters.HTTP)(nil), got, "the session's own when the others are gone")
}

func TestMountOrder(t *testing.T) {
	prefixes := func(s *requests.Session) (all []string) {
		for p := range s.Mounts() {
			all = append(all, p)
		}
		return all
	}
	s := newSession(t)
	assert.Equal(t, []string{"https://", "http://"}, prefixes(s), "R2")
	for _, p := range []string{"http://a", "", "http://b", "http://a/b"} {
		require.NoError(t, s.Mount(p, named(p)))
	}
	assert.Equal(t, []string{"http://a/b", "https://", "http://a", "http://b", "http://", ""}, prefixes(s), "R160 longest first, equals in mounting order")

	require.NoError(t, s.Mount("HTTP://A", named("again")))
	assert.Equal(t, []string{"http://a/b", "https://", "HTTP://A", "http://b", "http://", ""}, prefixes(s), "R160 replaced in its place")
	assert.Equal(t, named("again"), s.Unmount("http://a"))
	assert.Nil(t, s.Unmount("http://a"), "it is gone")
	assert.Equal(t, []string{"http://a/b", "https://", "http://b", "http://", ""}, prefixes(s))

	for p := range s.Mounts() {
		require.NoError(t, s.Mount(p+"x", named("while ranging")))
		break
	}
}

func TestNoAdapter(t *testing.T) {
	s := newSession(t)
	for _, c := range []struct{ name, url string }{
		{"R161 ftp", "ftp://h.test/x"}, {"R161 file", "file:///etc/passwd"}, {"R161 data", "data:,x"}, {"R161 a host taken for a scheme", "h.test:80/x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := s.Get(t.Context(), c.url)
			require.ErrorIs(t, err, requests.ErrNoAdapter)
			assert.ErrorContains(t, err, c.url, "it names the URL")
			_, err = s.Adapter(c.url)
			assert.ErrorIs(t, err, requests.ErrNoAdapter)
		})
	}
	t.Run("it says what was meant", func(t *testing.T) {
		below := newSession(t, requests.WithBaseURL("http://h.test/v1/"))
		for _, c := range []struct {
			s         *requests.Session
			url, says string
		}{
			{s, "localhost:8080/users?q=1", `"localhost:8080/users"; perhaps http://localhost:8080/users?`},
			{s, "h.test:80", `"h.test:80"; perhaps http://h.test:80?`},
			{below, "localhost:8080/users", `"localhost:8080/users"; perhaps http://localhost:8080/users?`},
			{below, "users:batch", `"users:batch"; what is below the base URL and has a colon begins with "./"`},
			{s, "users:batch", `"users:batch"`},
			{below, "ftp://h.test/x", `"ftp://h.test/x"`},
		} {
			_, err := c.s.Get(t.Context(), c.url)
			require.ErrorIs(t, err, requests.ErrNoAdapter)
			assert.True(t, strings.HasSuffix(err.Error(), ": "+c.says), "%v", err)
		}
	})
	t.Run("R161 after the last is gone", func(t *testing.T) {
		s := newSession(t)
		s.Unmount("http://")
		_, err := s.Get(t.Context(), "http://h.test/")
		assert.ErrorIs(t, err, requests.ErrNoAdapter)
	})
	t.Run("a URL that is none", func(t *testing.T) {
		_, err := s.Adapter("h.test")
		assert.ErrorIs(t, err, requests.ErrMissingScheme)
	})
}

// R162: the session does the rest, whatever the adapter.
func TestAdapterContract(t *testing.T) {
	t.Run("R162 redirects, cookies and hooks come for free", func(t *testing.T) {
		var got []*http.Request
		a := adapters.Func(func(r *http.Request) (*http.Response, error) {
			got = append(got, r)
			if r.URL.Path == "/1" {
				return answer(302, "", "Location: /2", "Set-Cookie: a=1"), nil
			}
			return answer(200, "done"), nil
		})
		var seen []int
		h := new(requests.Hooks)
		h.Response.PushBack(func(e *requests.Exchange) error { seen = append(seen, e.Response.StatusCode); return nil })
		s := newSession(t, requests.WithAdapter("http://mock.test/", a), requests.WithHooks(h))
		r, err := s.Get(t.Context(), "http://mock.test/1")
		require.NoError(t, err)
		assert.Equal(t, "done", r.Text())
		require.Len(t, got, 2)
		assert.Equal(t, "a=1", got[1].Header.Get("Cookie"))
		assert.Equal(t, []int{302, 200}, seen)
		assert.Len(t, r.History, 1)
	})
	t.Run("R164 request and header are there, whatever the adapter left out", func(t *testing.T) {
		s := newSession(t, requests.WithAdapter("http://mock.test/", adapters.Func(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 204}, nil
		})))
		r, err := s.Get(t.Context(), "http://mock.test/x#f")
		require.NoError(t, err)
		assert.Equal(t, "http://mock.test/x#f", r.Request.URL.String())
		assert.Empty(t, r.Header.Get("X"))
		assert.Empty(t, r.Bytes())
		assert.Equal(t, "", r.Encoding())
	})
	t.Run("an adapter that returns nothing is an error", func(t *testing.T) {
		s := newSession(t, requests.WithAdapter("http://mock.test/", adapters.Func(func(*http.Request) (*http.Response, error) { return nil, nil })))
		_, err := s.Get(t.Context(), "http://mock.test/")
		assert.ErrorContains(t, err, "neither a response nor an error")
	})
	t.Run("an adapter's error is in the chain", func(t *testing.T) {
		mine := errors.New("mine")
		s := newSession(t, requests.WithAdapter("http://mock.test/", adapters.Func(func(*http.Request) (*http.Response, error) { return nil, mine })))
		_, err := s.Get(t.Context(), "http://mock.test/")
		require.ErrorIs(t, err, mine)
		var e *requests.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "http://mock.test/", e.URL)
		assert.Equal(t, "GET", e.Method)
	})
	t.Run("a mount serves the schemes the library has no rules for", func(t *testing.T) {
		s := newSession(t, requests.WithAdapter("data:", adapters.Data()))
		text, err := requests.Text(s.Get(t.Context(), "data:text/plain,hello%20there"))
		require.NoError(t, err)
		assert.Equal(t, "hello there", text)
	})
	t.Run("a mount of one session is not another's", func(t *testing.T) {
		s := newSession(t)
		c, err := s.Copy(requests.WithAdapter("mock:", named("copy")))
		require.NoError(t, err)
		defer c.Close()
		_, err = s.Adapter("mock:x")
		assert.ErrorIs(t, err, requests.ErrNoAdapter)
		_, err = c.Adapter("mock:x")
		assert.NoError(t, err)
	})
}

func TestMiddleware(t *testing.T) {
	var order []string
	wrap := func(name string) requests.Option {
		return requests.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
			return adapters.Func(func(r *http.Request) (*http.Response, error) {
				order = append(order, name)
				return next.RoundTrip(r)
			})
		})
	}
	s := newSession(t, requests.WithAdapter("http://a.test/", named("a")), wrap("1"), wrap("2"))
	check := func(t *testing.T, s *requests.Session, url string, want ...string) {
		t.Helper()
		order = nil
		_, err := s.Get(t.Context(), url)
		require.NoError(t, err)
		assert.Equal(t, want, order)
	}
	check(t, s, "http://a.test/", "2", "1")

	require.NoError(t, s.Mount("http://b.test/", named("b")))
	check(t, s, "http://b.test/", "2", "1")

	c, err := s.Copy(wrap("3"))
	require.NoError(t, err)
	defer c.Close()
	check(t, c, "http://b.test/", "3", "2", "1")
	check(t, s, "http://b.test/", "2", "1")

	require.NoError(t, s.Update(wrap("4")))
	check(t, s, "http://a.test/", "4", "2", "1")
	check(t, c, "http://a.test/", "3", "2", "1")

	a, err := s.Adapter("http://a.test/")
	require.NoError(t, err)
	assert.Equal(t, named("a"), a, "Adapter returns what was mounted")
	assert.Error(t, s.Update(requests.WithMiddleware(func(http.RoundTripper) http.RoundTripper { return nil })))
	check(t, s, "http://a.test/", "4", "2", "1")
}

// What never serves anything would let a test that means to mock reach the network.
func TestMount_PrefixesThatHoldNothing(t *testing.T) {
	s := newSession(t)
	for _, prefix := range []string{"api.example.com", "api.example.com/v1/", "localhost", "localhost:8080", "localhost:8080/v1", "api.example.com:443/", "/v1", "//h.test/", "*"} {
		err := s.Mount(prefix, named("x"))
		require.ErrorContains(t, err, "has no scheme; perhaps https://", prefix)
		_, err = requests.NewSession(requests.WithAdapter(prefix, named("x")))
		require.ErrorContains(t, err, "has no scheme", prefix)
	}
	for _, prefix := range []string{"", "foo", "foo:", "data:", "mailto:a@b", "http+unix://"} {
		require.NoError(t, s.Mount(prefix, named("x")), prefix)
	}
}
