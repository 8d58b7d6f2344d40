package requests_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

// preparedOf is r over the defaults of s; both must be right.
func preparedOf(t testing.TB, s *requests.Session, r *requests.Request) *requests.PreparedRequest {
	t.Helper()
	p, err := s.Prepare(t.Context(), r)
	require.NoError(t, err)
	return p
}

func TestPrepareURL(t *testing.T) {
	s := newSession(t)
	for _, c := range []struct{ name, url, want string }{
		{"R28 leading spaces go", "  http://h.test/", "http://h.test/"},
		{"R28 leading tabs and newlines go", "\t\r\n http://h.test/a", "http://h.test/a"},
		{"R28 a leading no-break space goes", "\u00a0http://h.test/", "http://h.test/"},
		{"R28 trailing white space belongs to the path", "http://h.test/a \n", "http://h.test/a%20%0A"},
		{"R28 trailing white space belongs to the query", "http://h.test/?q=1 ", "http://h.test/?q=1%20"},

		{"R30 the scheme in lower case", "HTTPS://h.test/A", "https://h.test/A"},

		{"R32 the host in lower case", "http://EXAMPLE.Test/Path", "http://example.test/Path"},
		{"R32 an international name becomes punycode", "http://bücher.example/", "http://xn--bcher-kva.example/"},
		{"R32 an international name in capitals", "http://BÜCHER.example/", "http://xn--bcher-kva.example/"},
		{"R32 sharp s keeps its own name", "http://faß.test/", "http://xn--fa-hia.test/"},
		{"R32 final sigma keeps its own name", "http://ελς.test/", "http://xn--qxamv.test/"},
		{"R32 a capital dotted I is a small one and its dot", "http://İstanbul.example/", "http://xn--istanbul-o0e.example/"},
		{"R32 punycode passes", "http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"},
		{"R32 underscores pass", "http://my_host.test/", "http://my_host.test/"},
		{"R32 underscores pass beside an international label", "http://my_host.bücher.test/", "http://my_host.xn--bcher-kva.test/"},
		{"R32 a trailing dot passes", "http://h.test./", "http://h.test./"},
		{"R32 an empty inner label passes", "http://a..test/", "http://a..test/"},

		{"R33 a port stays", "http://h.test:8080/", "http://h.test:8080/"},
		{"R33 a default port that was written stays", "http://h.test:80/", "http://h.test:80/"},
		{"R33 the other default port", "https://h.test:443/", "https://h.test:443/"},
		{"R33 the highest port", "http://h.test:65535/", "http://h.test:65535/"},
		{"R33 an empty port vanishes", "http://h.test:/", "http://h.test/"},
		{"R33 port 0 vanishes", "http://h.test:0/", "http://h.test/"},
		{"R33 a port of zeros vanishes", "http://h.test:000/", "http://h.test/"},
		{"R33 leading zeros are dropped", "http://h.test:0080/", "http://h.test:80/"},

		{"R34 an IPv6 address", "http://[::1]/", "http://[::1]/"},
		{"R34 an IPv6 address with a port", "http://[::1]:8080/", "http://[::1]:8080/"},
		{"R34 an IPv6 address in capitals", "http://[FE80::ABCD]/", "http://[fe80::abcd]/"},
		{"R34 a zone, escaped", "http://[fe80::1%25eth0]/", "http://[fe80::1%25eth0]/"},
		{"R34 a zone, bare", "http://[fe80::1%eth0]/", "http://[fe80::1%25eth0]/"},
		{"R34 a zone keeps its case", "http://[fe80::1%25Eth0]:81/", "http://[fe80::1%25Eth0]:81/"},

		{"R35 userinfo stays", "http://me:secret@h.test/", "http://me:secret@h.test/"},
		{"R35 userinfo is escaped", "http://me:a b@h.test/", "http://me:a%20b@h.test/"},
		{"R35 a percent sign in it that is no escape is one", "http://m%e:50%@h.test/", "http://m%25e:50%25@h.test/"},
		{"R35 the last @ separates it", "http://a@b@h.test/", "http://a%40b@h.test/"},
		{"R35 a second colon is the password's", "http://u:p:q@h.test/", "http://u:p%3Aq@h.test/"},
		{"R35 escapes stay", "http://u:p%40q@h.test/", "http://u:p%40q@h.test/"},
		{"R35 a user alone", "http://u@h.test/", "http://u@h.test/"},

		{"R36 an empty path is a slash", "http://h.test", "http://h.test/"},
		{"R36 an empty path before a query", "http://h.test?x", "http://h.test/?x"},
		{"R36 an empty path before a fragment", "http://h.test#x", "http://h.test/#x"},
		{"R36 a bare question mark goes", "http://h.test/?", "http://h.test/"},
		{"R36 a bare hash goes", "http://h.test/#", "http://h.test/"},
		{"R36 both go", "http://h.test?#", "http://h.test/"},

		{"R37 dot segments", "http://h.test/a/b/../c", "http://h.test/a/c"},
		{"R37 a single dot", "http://h.test/a/./b", "http://h.test/a/b"},
		{"R37 a dot at the end", "http://h.test/a/.", "http://h.test/a/"},
		{"R37 two dots at the end", "http://h.test/a/..", "http://h.test/"},
		{"R37 no way above the root", "http://h.test/../../a", "http://h.test/a"},
		{"R37 only dots", "http://h.test/..", "http://h.test/"},
		{"R37 names may begin with dots", "http://h.test/.a/..b/...", "http://h.test/.a/..b/..."},
		{"R37 repeated slashes stay", "http://h.test/a//b", "http://h.test/a//b"},
		{"R37 repeated slashes stay at the start", "http://h.test//a", "http://h.test//a"},
		{"R37 not in the query", "http://h.test/?p=/a/../b", "http://h.test/?p=/a/../b"},
		{"R37 escaped dots are dots", "http://h.test/a/%2e%2E/b", "http://h.test/b"},

		{"R38 a stray percent sign", "http://h.test/50%", "http://h.test/50%25"},
		{"R38 one stray makes all literal", "http://h.test/%zz%41", "http://h.test/%25zz%2541"},
		{"R38 each component for itself", "http://h.test/50%?q=%41#%e4", "http://h.test/50%25?q=A#%E4"},
		{"R38 a stray one in the query", "http://h.test/%2f?q=%zz", "http://h.test/%2F?q=%25zz"},
		{"R38 a cut escape", "http://h.test/%4", "http://h.test/%254"},
		{"R38 digits in capitals", "http://h.test/%c3%a4", "http://h.test/%C3%A4"},
		{"R39 unreserved escapes are undone", "http://h.test/%6Eame%2D%5f%7E%2e", "http://h.test/name-_~."},
		{"R39 reserved escapes stay", "http://h.test/a%2Fb%3Fc%23d%40", "http://h.test/a%2Fb%3Fc%23d%40"},
		{"R39 an escaped percent sign stays", "http://h.test/%2541", "http://h.test/%2541"},
		{"R39 in the query too", "http://h.test/?%71=%26", "http://h.test/?q=%26"},

		{"R40 legal in a path", "http://h.test/!$&'()*+,;=:@/~x(1)", "http://h.test/!$&'()*+,;=:@/~x(1)"},
		{"R40 legal in a query", "http://h.test/?!$&'()*+,;=:@/?~", "http://h.test/?!$&'()*+,;=:@/?~"},
		{"R40 legal in a fragment", "http://h.test/#!$&'()*+,;=:@/?~", "http://h.test/#!$&'()*+,;=:@/?~"},
		{"R40 a space", "http://h.test/a b?c d#e f", "http://h.test/a%20b?c%20d#e%20f"},
		{"R40 quotes and angles", `http://h.test/"<>?"<>`, "http://h.test/%22%3C%3E?%22%3C%3E"},
		{"R40 brackets and braces", "http://h.test/[]{}|?[]{}|", "http://h.test/%5B%5D%7B%7D%7C?%5B%5D%7B%7D%7C"},
		{"R40 caret and backtick", "http://h.test/^`", "http://h.test/%5E%60"},
		{"R40 controls", "http://h.test/\r\n\x00\x7f?\r\n", "http://h.test/%0D%0A%00%7F?%0D%0A"},
		{"R40 text outside ASCII", "http://h.test/ä?ö#ü", "http://h.test/%C3%A4?%C3%B6#%C3%BC"},
		{"R40 bytes that are no text", "http://h.test/\xff", "http://h.test/%FF"},
		{"R40 a backslash in the path", `http://h.test/a\b`, "http://h.test/a%5Cb"},
		{"R40 a backslash after the host starts the path", `http://h.test\b`, "http://h.test/%5Cb"},
		{"R40 a backslash hides no other host", `http://h.test\@evil.test/`, "http://h.test/%5C@evil.test/"},
		{"R40 a plus sign in a query", "http://h.test/?a+b", "http://h.test/?a+b"},
		{"R40 a hash in a fragment", "http://h.test/#a#b", "http://h.test/#a%23b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := preparedOf(t, s, &requests.Request{URL: c.url})
			assert.Equal(t, c.want, p.URL.String())
			again := preparedOf(t, s, &requests.Request{URL: p.URL.String()})
			assert.Equal(t, c.want, again.URL.String(), "R43 preparing twice changes nothing")
		})
	}
}

func TestPrepareURL_withoutSchemeSaysWhatWasMeant(t *testing.T) {
	s := newSession(t)
	for _, c := range []struct{ name, url, says string }{
		{"a host", "h.test/x?q=1", `"h.test/x"; perhaps https://h.test/x?`},
		{"a host alone", "h.test", `"h.test"; perhaps https://h.test?`},
		{"localhost", "localhost/x", `"localhost/x"; perhaps https://localhost/x?`},
		{"an IPv6 address", "[::1]/x", `"[::1]/x"; perhaps https://[::1]/x?`},
		{"two slashes", "//intranet/x", `"//intranet/x"; perhaps https://intranet/x?`},
		{"a path", "/users/42", `"/users/42" is relative, and there is no base URL`},
		{"a path without a slash", "users/42", `"users/42" is relative, and there is no base URL`},
		{"a segment", "users", `"users" is relative, and there is no base URL`},
		{"dot segments", "../users", `"../users" is relative, and there is no base URL`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := s.Get(t.Context(), c.url)
			require.ErrorIs(t, err, requests.ErrMissingScheme)
			assert.True(t, strings.HasSuffix(err.Error(), ": "+c.says), "%v", err)
		})
	}
}

func TestPrepareURL_refused(t *testing.T) {
	s := newSession(t)
	for _, c := range []struct {
		name, url string
		want      error
	}{
		{"R32 what IDNA could not have made", "http://a,b日/", requests.ErrInvalidURL},
		{"R32 nor within a label further on", "http://h.example.com日+&80/", requests.ErrInvalidURL},
		{"R31 no scheme", "example.test/x", requests.ErrMissingScheme},
		{"R31 no scheme is an invalid URL too", "example.test", requests.ErrInvalidURL},
		{"R31 nothing at all", "", requests.ErrMissingScheme},
		{"R31 only white space", " \n", requests.ErrMissingScheme},
		{"R31 a path", "/a", requests.ErrMissingScheme},
		{"R31 a host after two slashes", "//h.test/a", requests.ErrMissingScheme},
		{"R31 no host", "http://", requests.ErrInvalidURL},
		{"R31 no host before the path", "http:///p", requests.ErrInvalidURL},
		{"R31 no host before the query", "http://?q", requests.ErrInvalidURL},
		{"R31 no host but a port", "http://:80/", requests.ErrInvalidURL},
		{"R31 no host but userinfo", "http://u:p@/", requests.ErrInvalidURL},
		{"R31 no slashes", "http:h.test", requests.ErrInvalidURL},
		{"R31 one slash", "http:/h.test", requests.ErrInvalidURL},
		{"R30 a scheme like http without host", "http+unix:///p", requests.ErrInvalidURL},

		{"R32 a label that gets too long", "http://" + strings.Repeat("é", 60) + ".test/", requests.ErrInvalidURL},
		{"R32 an emoji is no name", "http://😀.test/", requests.ErrInvalidURL},
		{"R32 only mapping makes a name of full-width letters", "http://ｅｘａｍｐｌｅ.test/", requests.ErrInvalidURL},
		{"R32 only mapping makes a name of a ligature", "http://ﬁ.test/", requests.ErrInvalidURL},
		{"R32 only mapping makes a name of what is not composed", "http://e\u0301.test/", requests.ErrInvalidURL},
		{"R32 only mapping makes a separator of an ideographic full stop", "http://a。test/", requests.ErrInvalidURL},
		{"R32 digits of another script", "http://١.test/", requests.ErrInvalidURL},
		{"R32 a label that is punycode and is not", "http://xn--ü.test/", requests.ErrInvalidURL},
		{"R32 a name that maps to a slash", "http://a℀b.test/", requests.ErrInvalidURL},
		{"R32 a full-width slash", "http://a／b.test/", requests.ErrInvalidURL},
		{"R32 a full-width @", "http://a＠b.test/", requests.ErrInvalidURL},
		{"R32 a full-width question mark", "http://a？b.test/", requests.ErrInvalidURL},
		{"R32 a name that maps to nothing", "http://\u00ad/", requests.ErrInvalidURL},
		{"R32 bytes that are no text", "http://\xff.test/", requests.ErrInvalidURL},
		{"R32 a percent sign", "http://a%b.test/", requests.ErrInvalidURL},
		{"R32 an escape", "http://a%41.test/", requests.ErrInvalidURL},
		{"R32 an escaped slash", "http://a%2Fb.test/", requests.ErrInvalidURL},
		{"R32 a wildcard", "http://*.test/", requests.ErrInvalidURL},
		{"R32 a leading dot", "http://.test/", requests.ErrInvalidURL},

		{"R33 a port too high", "http://h.test:65536/", requests.ErrInvalidURL},
		{"R33 a port far too high", "http://h.test:99999999999999999999/", requests.ErrInvalidURL},
		{"R33 a port of letters", "http://h.test:http/", requests.ErrInvalidURL},
		{"R33 a negative port", "http://h.test:-1/", requests.ErrInvalidURL},
		{"R33 a signed port", "http://h.test:+80/", requests.ErrInvalidURL},
		{"R33 digits of another script", "http://h.test:８０/", requests.ErrInvalidURL},

		{"R34 an IPv6 address without brackets", "http://::1/", requests.ErrInvalidURL},
		{"R34 an open bracket", "http://[::1/", requests.ErrInvalidURL},
		{"R34 text after the bracket", "http://[::1]x/", requests.ErrInvalidURL},
		{"R34 an IPv4 address in brackets", "http://[127.0.0.1]/", requests.ErrInvalidURL},
		{"R34 a name in brackets", "http://[h.test]/", requests.ErrInvalidURL},
		{"R34 an empty zone", "http://[fe80::1%25]/", requests.ErrInvalidURL},
		{"R34 a zone with a slash", "http://[fe80::1%25a%2Fb]/", requests.ErrInvalidURL},

		{"R41 a space in the host", "http://my host/", requests.ErrInvalidURL},
		{"R41 a space after the host", "http://h.test ", requests.ErrInvalidURL},
		{"R41 a tab in the host", "http://a\tb/", requests.ErrInvalidURL},
		{"R41 CR LF in the host", "http://a\r\nX: y/", requests.ErrInvalidURL},
		{"R41 NUL in the host", "http://a\x00b/", requests.ErrInvalidURL},
		{"R41 a quote in the host", `http://a"b/`, requests.ErrInvalidURL},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := s.Prepare(t.Context(), &requests.Request{URL: c.url})
			require.ErrorIs(t, err, c.want)
			var e *requests.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "prepare", e.Op)
		})
	}
	t.Run("R31 the message suggests https", func(t *testing.T) {
		_, err := s.Prepare(t.Context(), &requests.Request{URL: "example.test/x"})
		assert.ErrorContains(t, err, "https://example.test/x")
	})
}

func TestPrepareURL_otherSchemes(t *testing.T) {
	anything := adapters.Func(func(*http.Request) (*http.Response, error) { panic("not to be called") })
	s := newSession(t, requests.WithAdapter("", anything), requests.WithParam("a", "1"))
	for _, c := range []struct{ name, url, want string }{
		{"R29 a scheme without rules is left alone", "mailto:a@b", "mailto:a@b"},
		{"R29 without quoting", "mailto:a b@c", "mailto:a b@c"},
		{"R29 its query is its own", "data:,x?y=1", "data:,x?y=1"},
		{"R29 dot segments stay", "foo://h.test/a/../b", "foo://h.test/a/../b"},
		{"R29 a percent sign that is no escape stays", "foo://h.test/100%/a?b", "foo://h.test/100%/a?b"},
		{"R30 a scheme that begins with http has its path requoted", "HTTP+unix://%2Fsock/a b", "http+unix://%2Fsock/a%20b?a=1"},
		{"R30 its dot segments stay", "http+unix://%2Fsock/a/../b", "http+unix://%2Fsock/a/../b?a=1"},
		{"R30 its host stays", "http+unix://%2Frun%2FX.sock/%6e", "http+unix://%2Frun%2FX.sock/n?a=1"},
		{"R30 its empty path is a slash", "http+unix://sock", "http+unix://sock/?a=1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, preparedOf(t, s, &requests.Request{URL: c.url}).URL.String())
		})
	}
}

func TestRequestTarget(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	s := newSession(t)
	for _, c := range []struct{ name, suffix, line, fragment string }{
		{"R42 path and query go out, the fragment does not", "/p?q#f", "GET /p?q HTTP/1.1", "f"},
		{"R42 an empty query is none", "/p?#f", "GET /p HTTP/1.1", "f"},
		{"R42 no path", "", "GET / HTTP/1.1", ""},
		{"R42 no path but a query", "?q", "GET /?q HTTP/1.1", ""},
		{"R37 a target may begin with two slashes", "//a", "GET //a HTTP/1.1", ""},
		{"R40 CR LF stays within the line", "/a\r\nHost: evil.test", "GET /a%0D%0AHost:%20evil.test HTTP/1.1", ""},
		{"R40 legal characters go out as they are", "/x(1)!*';,=:@?[]", "GET /x(1)!*';,=:@?%5B%5D HTTP/1.1", ""},
		{"R39 an escaped slash goes out escaped", "/a%2fb", "GET /a%2Fb HTTP/1.1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := s.Get(t.Context(), w.URL+c.suffix)
			require.NoError(t, err)
			assert.Equal(t, c.line, w.Last(t).Line)
			assert.Equal(t, c.fragment, r.Request.URL.Fragment)
		})
	}
}

// Whether anything serves a URL is asked when it is sent: by this session, which
// may get an adapter for it, or by another.
func TestPrepareURL_ofASchemeThatNothingServes(t *testing.T) {
	for _, c := range []struct{ name, url string }{
		{"R29 as it is given", "mailto:a@b"},
		{"R31 host and port are a scheme", "h.test:8080/x"},
		{"R161 another protocol", "ftp://h.test/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t)
			r := &requests.Request{URL: c.url, Params: url.Values{"a": {"1"}}}
			p, err := s.Prepare(t.Context(), r)
			require.NoError(t, err)
			assert.Equal(t, c.url, p.URL.String())
			_, err = s.Send(p)
			require.ErrorIs(t, err, requests.ErrNoAdapter)
			_, err = s.Do(t.Context(), r)
			require.ErrorIs(t, err, requests.ErrNoAdapter)
			_, err = s.Explain(t.Context(), r)
			require.ErrorIs(t, err, requests.ErrNoAdapter)
		})
	}
}

// The properties of whatever is prepared, from whatever text.
func FuzzPrepareURL(f *testing.F) {
	for _, seed := range []string{
		"http://h.test/a?b#c", "HTTPS://u:p@[fe80::1%25x]:0443/%zz/../ä?%41#%", `http://a\@b`, "http://bücher.test:080", "//h", "h:1", "http+unix://%2Fs/a",
		"http://h.test/..//a/%2e%2e/b", "http://a@b@c:1:2/", "http://h/\x00\r\n", "http://%41/", "http:///", "mailto:x", "http://h/?a=%", "http://１２７.0.0.1/", "http://ｈ：80/",
		"http://@h/", "http://:@h/", "http://h#%2F%zz", "http://h/%25%2", "http://xn--a/", "http://İ.test/", "http://a\u0301/", "http://h/;%3b{x}",
	} {
		f.Add(seed)
	}
	s, err := requests.NewSession(requests.WithEnvironment(false))
	require.NoError(f, err)
	f.Cleanup(func() { s.Close() })
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := s.Prepare(t.Context(), &requests.Request{URL: raw})
		if err != nil {
			return
		}
		if p.URL.Scheme != "http" && p.URL.Scheme != "https" {
			_, err := s.Send(p)
			require.ErrorIs(t, err, requests.ErrNoAdapter)
			return
		}
		text, target := p.URL.String(), p.URL.RequestURI()
		for _, s := range []string{text, target, p.Host} {
			for i := range len(s) {
				require.True(t, s[i] > ' ' && s[i] < 0x7f, "byte %#x in %q", s[i], s)
			}
		}
		require.NotEmpty(t, p.URL.Hostname())
		require.False(t, strings.ContainsAny(p.URL.Host, `/@?#\`), "host %q", p.URL.Host)
		require.Equal(t, p.URL.Host, p.Host)
		require.True(t, strings.HasPrefix(target, "/"), "target %q", target)

		std, err := url.Parse(text)
		require.NoError(t, err)
		require.Equal(t, target, std.RequestURI())
		require.Equal(t, p.URL.Host, std.Host)
		require.Equal(t, p.URL.User.String(), std.User.String())

		again, err := s.Prepare(t.Context(), &requests.Request{URL: text})
		require.NoError(t, err, "second time, of %q", text)
		require.Equal(t, text, again.URL.String())
	})
}

func TestHost_tooLongToConvert(t *testing.T) {
	var b strings.Builder
	for i := range 3000 {
		b.WriteRune(rune(0x4e00 + i%20000))
	}
	s := answering(t, func(*http.Request) *http.Response {
		return &http.Response{StatusCode: 200, Header: http.Header{"Link": {"<http://" + b.String() + "/>; rel=next"}}}
	})
	_, err := s.Get(t.Context(), "http://"+b.String()+"/")
	require.ErrorIs(t, err, requests.ErrInvalidURL)
	assert.ErrorContains(t, err, "a host of 9000 bytes")
	r, err := s.Get(t.Context(), "http://h.test/")
	require.NoError(t, err)
	assert.Empty(t, r.Links())
}
