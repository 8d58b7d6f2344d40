package requests_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/proxy"
)

// Whatever stands before it, an OptionFunc may assign to every map of the
// request, as one may to the header of an http.Request.
func TestOptionFunc_setsInEveryMap(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	set := requests.OptionFunc(func(r *requests.Request) error {
		r.Header.Set("X-A", "1")
		r.Params.Set("a", "1")
		r.PathParams["id"] = "7"
		r.Proxies["http"] = ""
		return nil
	})
	target := w.URL + "/{id}"
	check := func(t *testing.T, err error) {
		t.Helper()
		require.NoError(t, err)
		assert.Equal(t, "1", w.Last(t).Header.Get("X-A"))
		assert.Equal(t, "/7?a=1", w.Last(t).Target())
	}
	t.Run("of a call", func(t *testing.T) {
		_, err := newSession(t).Get(t.Context(), target, set)
		check(t, err)
	})
	t.Run("of a call, after other options", func(t *testing.T) {
		_, err := newSession(t).Get(t.Context(), target, requests.WithHeader("B", "2"), set)
		check(t, err)
		assert.Equal(t, "2", w.Last(t).Header.Get("B"))
	})
	t.Run("of a new session", func(t *testing.T) {
		_, err := newSession(t, set).Get(t.Context(), target)
		check(t, err)
	})
	t.Run("of a copy", func(t *testing.T) {
		s, err := newSession(t).Copy(set)
		require.NoError(t, err)
		defer s.Close()
		_, err = s.Get(t.Context(), target)
		check(t, err)
	})
	t.Run("of an update", func(t *testing.T) {
		s := newSession(t)
		require.NoError(t, s.Update(set))
		_, err := s.Get(t.Context(), target)
		check(t, err)
	})
	t.Run("of a new request", func(t *testing.T) {
		r, err := requests.NewRequest("GET", target, set)
		require.NoError(t, err)
		_, err = newSession(t).Do(t.Context(), r)
		check(t, err)
	})
	t.Run("a new request itself", func(t *testing.T) {
		r, err := requests.NewRequest("GET", target)
		require.NoError(t, err)
		require.NoError(t, set(r))
		_, err = newSession(t).Do(t.Context(), r)
		check(t, err)
	})
}

func TestOptionFunc_leavesNoEmptyMaps(t *testing.T) {
	nothing := requests.OptionFunc(func(*requests.Request) error { return nil })
	var seen requests.Request
	look := requests.OptionFunc(func(r *requests.Request) error {
		seen = *r
		return nil
	})
	_, err := requests.NewSession(nothing, requests.OptionFunc(func(r *requests.Request) error {
		r.Header, r.Params, r.PathParams, r.Proxies = nil, nil, nil, nil
		return nil
	}), look)
	require.NoError(t, err)
	assert.Equal(t, [4]bool{true, true, true, true}, [4]bool{seen.Header != nil, seen.Params != nil, seen.PathParams != nil, seen.Proxies != nil}, "each finds maps")

	s := newSession(t, nothing)
	d := s.Defaults()
	assert.Nil(t, d.Params)
	assert.Nil(t, d.PathParams)
	assert.Nil(t, d.Proxies)

	empty, err := requests.NewRequest("GET", "http://a.test/{id}?q")
	require.NoError(t, err)
	s = newSession(t, requests.WithPathParam("id", "7"), requests.WithProxy("http://p.test:1"), requests.WithProxyAuth(headerAuth("x")), requests.WithParam("b", "2"), requests.WithEnvironment(false))
	p := preparedOf(t, s, empty)
	assert.Equal(t, "http://a.test/7?q&b=2", p.URL.String())
	assert.Equal(t, proxy.Map{"all": "http://p.test:1", "http": "http://p.test:1", "https": "http://p.test:1"}, p.Settings.Proxies)
	assert.NotNil(t, p.Settings.ProxyAuth)
	explained, err := s.Explain(t.Context(), empty)
	require.NoError(t, err)
	same, err := s.Explain(t.Context(), &requests.Request{Method: "GET", URL: "http://a.test/{id}?q"})
	require.NoError(t, err)
	assert.Equal(t, same.String(), explained.String(), "maps without a key say nothing")
}

type headerAuth string

func (a headerAuth) Authenticate(r *http.Request) error {
	r.Header.Set("Proxy-Authorization", string(a))
	return nil
}

// The caller may keep what a function puts into a request.
func TestOptionFunc_sessionKeepsItsOwnMaps(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	var kept *requests.Request
	s := newSession(t, requests.WithEnvironment(false), requests.OptionFunc(func(r *requests.Request) error {
		r.Header.Set("X-A", "1")
		r.Params.Set("a", "1")
		r.PathParams["id"] = "7"
		r.Proxies["https"] = "http://a.test:1"
		copied := *r
		kept = &copied
		return nil
	}))
	kept.Header.Set("X-A", "2")
	kept.Params = url.Values{}
	kept.PathParams["id"] = "8"
	kept.Proxies["http"] = "http://127.0.0.1:1"
	_, err := s.Get(t.Context(), w.URL+"/{id}")
	require.NoError(t, err)
	assert.Equal(t, "1", w.Last(t).Header.Get("X-A"))
	assert.Equal(t, "/7?a=1", w.Last(t).Target())
	assert.Equal(t, proxy.Map{"https": "http://a.test:1"}, s.Defaults().Proxies)
}
