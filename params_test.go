package requests_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

func TestParams(t *testing.T) {
	type options = []requests.Option
	session := options{requests.WithParam("lang", "en"), requests.WithParam("k", "v")}
	for _, c := range []struct {
		name          string
		session, call options
		url, want     string
	}{
		{"R44 after the URL's own query, before the fragment", nil, options{requests.WithParam("b", "2")}, "http://h.test/p?a=1#f", "http://h.test/p?a=1&b=2#f"},
		{"R44 the URL's own query is not taken apart", nil, options{requests.WithParam("a", "2")}, "http://h.test/?z&a=1&&a=%2b&b", "http://h.test/?z&a=1&&a=%2B&b&a=2"},
		{"R44 a query that ends with &, the session's params", session, nil, "http://h.test/?a=1&", "http://h.test/?a=1&&k=v&lang=en"},
		{"R44 a query that ends with &, the call's params", nil, options{requests.WithParam("b", "2")}, "http://h.test/?a=1&", "http://h.test/?a=1&&b=2"},
		{"R44 a bare question mark", nil, options{requests.WithParam("b", "2")}, "http://h.test/p?", "http://h.test/p?b=2"},
		{"R45 a space is +, the rest is escaped", nil, options{requests.WithParam("q", "a b&c")}, "http://h.test/", "http://h.test/?q=a+b%26c"},
		{"R45 what is never escaped", nil, options{requests.WithParam("q", "aZ09_.-~")}, "http://h.test/", "http://h.test/?q=aZ09_.-~"},
		{"R45 everything else is", nil, options{requests.WithParam("q", "!$'()*+,/:;=?@[]%\"")}, "http://h.test/", "http://h.test/?q=%21%24%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D%25%22"},
		{"R45 UTF-8", nil, options{requests.WithParam("ä", "€")}, "http://h.test/", "http://h.test/?%C3%A4=%E2%82%AC"},
		{"R45 keys are escaped as well", nil, options{requests.WithParam("a b&", "1")}, "http://h.test/", "http://h.test/?a+b%26=1"},
		{"R45 CR LF are data", nil, options{requests.WithParam("q", "a\r\nb")}, "http://h.test/", "http://h.test/?q=a%0D%0Ab"},
		{"R46 a pair for each value, in their order", nil, options{requests.WithParam("t", "2", "1", "2")}, "http://h.test/", "http://h.test/?t=2&t=1&t=2"},
		{"R46 an empty value", nil, options{requests.WithParam("k", "")}, "http://h.test/", "http://h.test/?k="},
		{"D61 in the order of the keys", nil, options{requests.WithParam("b", "1"), requests.WithParam("a", "2"), requests.WithParams(url.Values{"c": {"3"}, "aa": {"4"}})}, "http://h.test/", "http://h.test/?a=2&aa=4&b=1&c=3"},
		{"D61 across the layers", session, options{requests.WithParam("l", "1")}, "http://h.test/?z=0", "http://h.test/?z=0&k=v&l=1&lang=en"},

		{"R8 layers are merged", session, options{requests.WithParam("page", "2")}, "http://h.test/", "http://h.test/?k=v&lang=en&page=2"},
		{"R8 the session's alone", session, nil, "http://h.test/", "http://h.test/?k=v&lang=en"},
		{"R3 the call's replaces the session's", session, options{requests.WithParam("k", "w", "x")}, "http://h.test/", "http://h.test/?k=w&k=x&lang=en"},
		{"R8 names are told apart by case", session, options{requests.WithParam("K", "w")}, "http://h.test/", "http://h.test/?K=w&k=v&lang=en"},
		{"R3 a call removes the session's", session, options{requests.WithoutParam("lang")}, "http://h.test/", "http://h.test/?k=v"},
		{"R3 by a key without values", session, options{requests.WithParams(url.Values{"lang": nil, "k": {}})}, "http://h.test/", "http://h.test/"},
		{"R3 one that is not there", session, options{requests.WithoutParam("x")}, "http://h.test/", "http://h.test/?k=v&lang=en"},
		{"R3 set again after being removed", session, options{requests.WithoutParam("k"), requests.WithParam("k", "w")}, "http://h.test/", "http://h.test/?k=w&lang=en"},

		{"R8 a raw query replaces the session's params", session, options{requests.WithRawQuery("raw=1")}, "http://h.test/", "http://h.test/?raw=1"},
		{"R8 but not the call's own", session, options{requests.WithRawQuery("raw=1"), requests.WithParam("a", "2")}, "http://h.test/", "http://h.test/?raw=1&a=2"},
		{"R47 a raw query is appended as it is", nil, options{requests.WithRawQuery("a=1&b&&c=(x)")}, "http://h.test/?z", "http://h.test/?z&a=1&b&&c=(x)"},
		{"R39 what is reserved stays", nil, options{requests.WithRawQuery("a[]=1&b=%5B&c={}|")}, "http://h.test/", "http://h.test/?a[]=1&b=%5B&c=%7B%7D%7C"},
		{"R47 and made legal", nil, options{requests.WithRawQuery("a b=%7e%zz#f")}, "http://h.test/", "http://h.test/?a%20b=%257e%25zz%23f"},
		{"R47 a leading question mark stays", nil, options{requests.WithRawQuery("?a=1")}, "http://h.test/", "http://h.test/??a=1"},
		{"R48 an empty raw query adds nothing and replaces all the same", session, options{requests.WithRawQuery("")}, "http://h.test/", "http://h.test/"},
		{"R47 a session's raw query, beside its params", options{requests.WithParam("b", "2"), requests.WithRawQuery("a=1")}, nil, "http://h.test/", "http://h.test/?a=1&b=2"},
		{"R3 a call's params in place of a session's raw query", options{requests.WithRawQuery("a=1")}, options{requests.WithParam("c", "3")}, "http://h.test/", "http://h.test/?c=3"},
		{"R3 a param removed by a call likewise", options{requests.WithRawQuery("a=1")}, options{requests.WithoutParam("a")}, "http://h.test/", "http://h.test/"},

		{"R48 no params add nothing", nil, options{requests.WithParams(nil), requests.WithParams(url.Values{})}, "http://h.test/", "http://h.test/"},
		{"R48 nor a question mark", nil, options{requests.WithParams(url.Values{"a": nil})}, "http://h.test/p", "http://h.test/p"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			s := newSession(t, c.session...)
			_, err := s.Get(t.Context(), strings.Replace(c.url, "http://h.test", w.URL, 1), c.call...)
			require.NoError(t, err)
			want := strings.TrimPrefix(c.want, "http://h.test")
			target, _, _ := strings.Cut(want, "#")
			assert.Equal(t, target, w.Last(t).Target())
		})
	}
}

func TestParamsOfLiteral(t *testing.T) {
	s := newSession(t, requests.WithParam("lang", "en"))
	r := &requests.Request{URL: "http://h.test/?z=1#f", Params: url.Values{"b": {"2", "1"}, "a": {""}, "lang": nil}}
	assert.Equal(t, "http://h.test/?z=1&a=&b=2&b=1#f", preparedOf(t, s, r).URL.String(), "R44 and D61 in a literal")
	assert.Equal(t, url.Values{"b": {"2", "1"}, "a": {""}, "lang": nil}, r.Params, "R27 the literal is as it was")
	assert.Equal(t, url.Values{"lang": {"en"}}, s.Defaults().Params, "R27 the session is as it was")

	t.Run("R47 an update of a session adds to its raw query", func(t *testing.T) {
		s := newSession(t, requests.WithRawQuery("a=1"))
		require.NoError(t, s.Update(requests.WithParam("b", "2")))
		assert.Equal(t, "http://h.test/?a=1&b=2", preparedOf(t, s, &requests.Request{URL: "http://h.test/"}).URL.String())
	})
	t.Run("R47 a raw query in an update replaces what the session had", func(t *testing.T) {
		s := newSession(t, requests.WithParam("b", "2"))
		require.NoError(t, s.Update(requests.WithRawQuery("a=1")))
		assert.Equal(t, "http://h.test/?a=1", preparedOf(t, s, &requests.Request{URL: "http://h.test/"}).URL.String())
	})
}

// More of them than wait in a slice go through a map.
func TestManyFields(t *testing.T) {
	const n = 100
	session, call := make([]requests.Option, 0, 2*n), make([]requests.Option, 0, 2*n)
	header, params := make(http.Header), make(url.Values)
	for i := range n {
		key := fmt.Sprintf("X-Field-%03d", i)
		session = append(session, requests.WithHeader(key, "session"), requests.WithParam(key, "session"))
		switch i % 3 {
		case 0:
			call = append(call, requests.WithHeader(key, "call"), requests.WithParam(key, "call", "again"))
			header[key], params[key] = []string{"call"}, []string{"call", "again"}
		case 1:
			call = append(call, requests.WithHeader(key, "call"), requests.WithParam(key, "call"), requests.WithoutHeader(key), requests.WithoutParam(key))
		default:
			header[key], params[key] = []string{"session"}, []string{"session"}
		}
	}
	w := newReplies(t, reply(200, ""))
	s := newSession(t, session...)
	_, err := s.Get(t.Context(), w.URL, call...)
	require.NoError(t, err)
	assert.Equal(t, "/?"+params.Encode(), w.Last(t).Target(), "D61 in the order of their keys")
	got := make(http.Header)
	for _, line := range w.Last(t).Fields {
		if k, v, _ := strings.Cut(line, ": "); strings.HasPrefix(k, "X-Field") {
			got.Add(k, v)
		}
	}
	assert.Equal(t, header, got)

	require.NoError(t, s.Update(call...))
	assert.Equal(t, params, s.Defaults().Params)
	_, err = s.Get(t.Context(), w.URL)
	require.NoError(t, err)
	assert.Equal(t, "/?"+params.Encode(), w.Last(t).Target())
}

// What a function puts into a request stays as it is, whatever options follow.
func TestMapsOfAFunction(t *testing.T) {
	header, params := http.Header{"X-A": {"1"}}, url.Values{"a": {"1"}}
	function := requests.OptionFunc(func(r *requests.Request) error {
		if r.Header == nil {
			r.Header, r.Params = header, params
		}
		return nil
	})
	options := []requests.Option{function}
	for i := range 50 {
		options = append(options, requests.WithHeader(fmt.Sprint("X-B", i), "2"), requests.WithParam(fmt.Sprint("b", i), "2"))
	}
	options = append(options, function, requests.WithHeader("X-A", "2"), requests.WithParam("a", "2"))
	w := newReplies(t, reply(200, ""))
	s := newSession(t, options...)
	_, err := s.Get(t.Context(), w.URL, options...)
	require.NoError(t, err)
	assert.Equal(t, []string{"X-A: 2"}, linesOf(w.Last(t), "X-A"))
	assert.Equal(t, http.Header{"X-A": {"1"}}, header, "R27")
	assert.Equal(t, url.Values{"a": {"1"}}, params, "R27")
}

func TestQueryStruct(t *testing.T) {
	type embedded struct {
		Page int `url:"page"`
	}
	type query struct {
		embedded
		Q      string   `url:"q"`
		Tags   []string `url:"t"`
		Empty  []string `url:"e"`
		Nil    *string  `url:"n"`
		Exact  *string  `url:"x"`
		On     bool     `url:"on"`
		F      float64  `url:"f"`
		F32    float32  `url:"f32"`
		U      uint8    `url:"u"`
		Raw    []byte   `url:"raw"`
		When   time.Time
		Zero   int `url:"zero,omitempty"`
		Left   int `url:"-"`
		hidden int
	}
	text := "y"
	q := query{embedded: embedded{2}, Q: "a b", Tags: []string{"1", "2"}, Exact: &text, On: true, F: 0.1, F32: 1.5, U: 7, Raw: []byte("a\xff"),
		When: time.Date(2026, 8, 1, 2, 3, 4, 0, time.UTC), Left: 1, hidden: 1}
	w := newReplies(t, reply(200, ""))
	s := newSession(t)
	_, err := s.Get(t.Context(), w.URL, requests.WithQuery(&q))
	require.NoError(t, err)
	assert.Equal(t, "/?When=2026-08-01T02%3A03%3A04Z&f=0.1&f32=1.5&on=true&page=2&q=a+b&raw=a%FF&t=1&t=2&u=7&x=y", w.Last(t).Target(),
		"R46 lists expanded, nil left out, bytes escaped one by one; D19b spellings of Go")

	_, err = s.Get(t.Context(), w.URL, requests.WithQuery(struct {
		A bool
		B float64
		C []float64
	}{false, 2, []float64{0.25, -1}}))
	require.NoError(t, err)
	assert.Equal(t, "/?A=false&B=2&C=0.25&C=-1", w.Last(t).Target(), "D19b")
}

func TestPathParams(t *testing.T) {
	type options = []requests.Option
	for _, c := range []struct {
		name          string
		session, call options
		url, want     string // the target
	}{
		{"a value is one segment", nil, options{requests.WithPathParam("id", "a/b c?d#e%")}, "/users/{id}/x", "/users/a%2Fb%20c%3Fd%23e%25/x"},
		{"several, and twice", nil, options{requests.WithPathParam("a", "1"), requests.WithPathParam("b", "2")}, "/{a}/{b}-{a}", "/1/2-1"},
		{"the session's", options{requests.WithPathParam("id", "1")}, nil, "/{id}", "/1"},
		{"the call's over the session's", options{requests.WithPathParam("id", "1"), requests.WithPathParam("v", "9")}, options{requests.WithPathParam("id", "2")}, "/{v}/{id}", "/9/2"},
		{"not in the query", nil, options{requests.WithPathParam("id", "1")}, "/{id}?q={id}", "/1?q=%7Bid%7D"},
		{"text outside ASCII", nil, options{requests.WithPathParam("id", "ä")}, "/{id}", "/%C3%A4"},
		{"a name with escapes in it", nil, options{requests.WithPathParam("a b", "1")}, "/{a b}", "/1"},
		{"a value with braces is not filled again", nil, options{requests.WithPathParam("a", "{b}"), requests.WithPathParam("b", "2")}, "/{a}", "/%7Bb%7D"},
		{"dots within a value", nil, options{requests.WithPathParam("a", "..x")}, "/{a}", "/..x"},
		{"braces stay where there are no path params", nil, nil, "/{id}", "/%7Bid%7D"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			s := newSession(t, c.session...)
			_, err := s.Get(t.Context(), w.URL+c.url, c.call...)
			require.NoError(t, err)
			assert.Equal(t, c.want, w.Last(t).Target())
		})
	}
	t.Run("in the base URL too", func(t *testing.T) {
		s := newSession(t, requests.WithBaseURL("http://h.test/t/{tenant}/"), requests.WithPathParam("tenant", "a b"))
		assert.Equal(t, "http://h.test/t/a%20b/x", preparedOf(t, s, &requests.Request{URL: "x"}).URL.String())
	})
	s := newSession(t)
	for _, c := range []struct{ name, key, value string }{
		{"a value that is empty", "id", ""},
		{"a dot", "id", "."},
		{"two dots", "id", ".."},
		{"a name that is not given", "other", "1"},
	} {
		t.Run("refused: "+c.name, func(t *testing.T) {
			_, err := s.Get(t.Context(), "http://h.test/a/{id}/b", requests.WithPathParam(c.key, c.value))
			assert.ErrorIs(t, err, requests.ErrInvalidURL)
			assert.ErrorContains(t, err, "id")
		})
	}
	for _, c := range []struct{ name, url, value string }{
		{"two values make two dots", "http://h.test/a/{x}{x}/b", "."},
		{"a value behind a dot", "http://h.test/a/.{x}/b", "."},
	} {
		t.Run("refused: "+c.name, func(t *testing.T) {
			_, err := s.Get(t.Context(), c.url, requests.WithPathParam("x", c.value))
			assert.ErrorIs(t, err, requests.ErrInvalidURL)
		})
	}
}

func TestBaseURL(t *testing.T) {
	for _, c := range []struct{ name, base, url, want string }{
		{"a relative URL is appended", "/v1/", "users/42", "/v1/users/42"},
		{"the base is a directory without its slash too", "/v1", "users/42", "/v1/users/42"},
		{"a base without a path", "", "users", "/users"},
		{"an absolute path begins at the root", "/v1/", "/users", "/users"},
		{"nothing is the base", "/v1", "", "/v1"},
		{"nothing is the base, slash and all", "/v1/", "", "/v1/"},
		{"a query alone", "/v1/", "?a=1", "/v1/?a=1"},
		{"dot segments", "/v1/", "../v2/x", "/v2/x"},
		{"dot segments end at the root", "/v1/", "../../../x", "/x"},
		{"a dot", "/v1/", ".", "/v1/"},
		{"quoting as of any URL", "/v 1/", "a b?c d", "/v%201/a%20b?c%20d"},
		{"a slash within a segment stays escaped", "/a%2fb/", "c%2fd", "/a%2Fb/c%2Fd"},
		{"a colon in a later segment", "/v1/", "./a:b", "/v1/a:b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			s := newSession(t, requests.WithBaseURL(w.URL+c.base))
			_, err := s.Get(t.Context(), c.url)
			require.NoError(t, err)
			assert.Equal(t, c.want, w.Last(t).Target())
		})
	}
	for _, c := range []struct{ name, url, want string }{
		{"an absolute URL stands alone", "https://other.test/x", "https://other.test/x"},
		{"a host after two slashes takes the scheme", "//other.test/x", "http://other.test/x"},
		{"a scheme alone is relative", "http:x", "http://u:p@h.test:81/v1/x"},
		{"userinfo of the base stays", "x", "http://u:p@h.test:81/v1/x"},
		{"leading white space goes", " \n/x", "http://u:p@h.test:81/x"},
		{"R40 a backslash is no slash", `\\evil.test/x`, "http://u:p@h.test:81/v1/%5C%5Cevil.test/x"},
		{"R40 nor after one", `/\evil.test/x`, "http://u:p@h.test:81/%5Cevil.test/x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, requests.WithBaseURL("http://u:p@h.test:81/v1/"))
			assert.Equal(t, c.want, preparedOf(t, s, &requests.Request{URL: c.url}).URL.String())
		})
	}
	t.Run("a call's base over the session's", func(t *testing.T) {
		s := newSession(t, requests.WithBaseURL("http://h.test/v1/"))
		assert.Equal(t, "http://i.test/v2/x", preparedOf(t, s, &requests.Request{BaseURL: "http://i.test/v2", URL: "x"}).URL.String())
	})
}
