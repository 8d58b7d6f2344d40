package requests_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/proxy"
)

// Each refusal names the option and comes from whatever takes the option,
// before anything is sent.
func TestBadInputNamed(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	missing := filepath.Join(t.TempDir(), "missing.pem")
	garbage := filepath.Join(t.TempDir(), "garbage.pem")
	require.NoError(t, os.WriteFile(garbage, []byte("no certificate"), 0o600))
	for _, c := range []struct {
		name, option string
		o            requests.Option
		is           error // nil: no condition is promised
	}{
		{"a base URL without scheme", "WithBaseURL", requests.WithBaseURL("h.test/v1"), requests.ErrMissingScheme},
		{"a base URL without host", "WithBaseURL", requests.WithBaseURL("http:///v1"), requests.ErrInvalidURL},
		{"a base URL with a query", "WithBaseURL", requests.WithBaseURL("http://h.test/?a=1"), requests.ErrInvalidURL},
		{"a base URL with a fragment", "WithBaseURL", requests.WithBaseURL("http://h.test/#a"), requests.ErrInvalidURL},
		{"a header name", "WithHeader", requests.WithHeader("X Y", "1"), requests.ErrInvalidHeader},
		{"a header value", "WithHeader", requests.WithHeader("X", "a\r\nb"), requests.ErrInvalidHeader},
		{"a second header value", "WithHeader", requests.WithHeader("X", "a", "b\x00"), requests.ErrInvalidHeader},
		{"a secret header", "WithSecretHeader", requests.WithSecretHeader("X", "a\r\nb"), requests.ErrInvalidHeader},
		{"headers", "WithHeaders", requests.WithHeaders(http.Header{"X": {"a\r\nb"}}), requests.ErrInvalidHeader},
		{"a cookie's name", "WithCookie", requests.WithCookie(&http.Cookie{Name: "a b", Value: "1"}), requests.ErrInvalidHeader},
		{"a cookie's value", "WithCookie", requests.WithCookie(&http.Cookie{Name: "a", Value: "1\r\nX: y"}), requests.ErrInvalidHeader},
		{"a nil cookie", "WithCookie", requests.WithCookie(nil), requests.ErrInvalidHeader},
		{"a proxy URL that cannot be parsed", "WithProxy", requests.WithProxy("http://a b:1"), requests.ErrInvalidProxyURL},
		{"a proxy of a strange scheme", "WithProxy", requests.WithProxy("ftp://h.test"), requests.ErrInvalidProxyURL},
		{"one of several proxies", "WithProxies", requests.WithProxies(proxy.Map{"http": "http://p.test", "https": "http://"}), requests.ErrInvalidProxyURL},
		{"a CA bundle that is not there", "WithCABundle", requests.WithCABundle(missing), os.ErrNotExist},
		{"a CA bundle without certificates", "WithCABundle", requests.WithCABundle(garbage), nil},
		{"a client certificate that is not there", "WithClientCert", requests.WithClientCert(missing, ""), os.ErrNotExist},
		{"a client certificate that is none", "WithClientCert", requests.WithClientCert(garbage, garbage), nil},
		{"TLS settings", "WithTLS", requests.WithTLS(requests.TLS{CABundle: missing}), os.ErrNotExist},
		{"TLS settings for the proxy", "WithProxyTLS", requests.WithProxyTLS(requests.TLS{CABundle: missing}), os.ErrNotExist},
		{"a nil authenticator", "WithAuth", requests.WithAuth(nil), nil},
		{"a nil authenticator for proxies", "WithProxyAuth", requests.WithProxyAuth(nil), nil},
		{"a query of no struct", "WithQuery", requests.WithQuery(3), nil},
		{"a query with a field without form", "WithQuery", requests.WithQuery(struct{ A chan int }{}), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := requests.NewSession(c.o)
			checkRefusal(t, err, c.option, c.is)
			s := newSession(t)
			checkRefusal(t, s.Update(c.o), c.option, c.is)
			_, err = s.Copy(c.o)
			checkRefusal(t, err, c.option, c.is)
			_, err = s.Get(t.Context(), w.URL, c.o)
			checkRefusal(t, err, c.option, c.is)
			assert.Empty(t, w.Requests(), "nothing was sent")
		})
	}
}

func checkRefusal(t *testing.T, err error, option string, is error) {
	t.Helper()
	require.ErrorContains(t, err, option+": ")
	var e *requests.Error
	require.ErrorAs(t, err, &e)
	if is != nil {
		assert.ErrorIs(t, err, is)
	}
}

func TestBadInputOfBodies(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	s := newSession(t)
	for _, c := range []struct {
		name, option string
		o            requests.Option
		is           error
	}{
		{"R57 NaN", "WithJSON", requests.WithJSON(math.NaN()), requests.ErrInvalidJSON},
		{"R57 an infinity within", "WithJSON", requests.WithJSON(map[string]any{"a": []any{math.Inf(-1)}}), requests.ErrInvalidJSON},
		{"R57 what has no JSON", "WithJSON", requests.WithJSON(make(chan int)), requests.ErrInvalidJSON},
		{"a body of a strange type", "WithBody", requests.WithBody(3), nil},
		{"a file of a strange type", "WithFile", requests.WithFile("f", "n", 3), nil},
		{"a file that is not there", "WithFilePath", requests.WithFilePath("f", filepath.Join(t.TempDir(), "missing")), os.ErrNotExist},
		{"a file that is a directory", "WithFilePath", requests.WithFilePath("f", t.TempDir()), nil},
		{"a part without content", "WithMultipart", requests.WithMultipart(requests.Part{Name: "a"}), nil},
		{"a part with a broken type", "WithMultipart", requests.WithMultipart(requests.Part{Name: "a", ContentType: "a\r\nb", Content: body(t, "x")}), requests.ErrInvalidHeader},
		{"a part with a broken header", "WithMultipart", requests.WithMultipart(requests.Part{Name: "a", Header: http.Header{"X": {"a\r\nb"}}, Content: body(t, "x")}), requests.ErrInvalidHeader},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := s.Post(t.Context(), w.URL, c.o)
			checkRefusal(t, err, c.option, c.is)
			assert.Empty(t, w.Requests(), "nothing was sent")
		})
	}
	for _, c := range []struct {
		name, option string
		o            requests.Option
	}{
		{"JSON in a session", "WithJSON", requests.WithJSON(1)},
		{"a form in a session", "WithForm", requests.WithForm(url.Values{"a": {"1"}})},
		{"a body in a session", "WithBody", requests.WithBody("a")},
		{"a file in a session", "WithFile", requests.WithFile("a", "b", "c")},
		{"parts in a session", "WithMultipart", requests.WithMultipart(requests.Part{Name: "a", Content: body(t, "x")})},
		{"a function's body in a session", "body", requests.OptionFunc(func(r *requests.Request) error { r.Body = body(t, "x"); return nil })},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := requests.NewSession(c.o)
			assert.ErrorContains(t, err, c.option)
			assert.ErrorContains(t, s.Update(c.o), c.option)
			_, err = s.Copy(c.o)
			assert.ErrorContains(t, err, c.option)
		})
	}
}

func body(t testing.TB, content any) requests.Body {
	t.Helper()
	b, err := requests.NewBody(content)
	require.NoError(t, err)
	return b
}

// D68: nothing is dropped silently.
func TestTwoBodies(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	s := newSession(t)
	form := requests.WithForm(url.Values{"a": {"1"}})
	file := requests.WithFile("f", "n", "x")
	function := requests.OptionFunc(func(r *requests.Request) error {
		r.Body = body(t, "x")
		return nil
	})
	for _, c := range []struct {
		name     string
		one, two requests.Option
		names    []string
	}{
		{"JSON and JSON", requests.WithJSON(1), requests.WithJSON(2), []string{"WithJSON"}},
		{"a form and JSON", form, requests.WithJSON(1), []string{"WithForm", "WithJSON"}},
		{"a body and JSON", requests.WithBody("a"), requests.WithJSON(1), []string{"WithBody", "WithJSON"}},
		{"a body and a form", requests.WithBody("a"), form, []string{"WithBody", "WithForm"}},
		{"a form and a form", form, form, []string{"WithForm"}},
		{"an empty body and JSON", requests.WithBody(""), requests.WithJSON(1), []string{"WithBody", "WithJSON"}},
		{"R58 files and JSON", file, requests.WithJSON(1), []string{"WithFile", "WithJSON"}},
		{"R71 a string and files", requests.WithBody("x"), file, []string{"WithBody", "WithFile"}},
		{"R71 a stream and files", requests.WithBody(strings.NewReader("x")), file, []string{"WithBody", "WithFile"}},
		{"a function and JSON", function, requests.WithJSON(1), []string{"WithJSON"}},
		{"a function and a file", function, file, []string{"WithFile"}},
		{"a form and a function", form, function, []string{"WithForm"}},
		{"a file and a function", file, function, []string{"WithFile"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := s.Post(t.Context(), w.URL, c.one, c.two)
			for _, name := range c.names {
				require.ErrorContains(t, err, name)
			}
			assert.Empty(t, w.Requests(), "nothing was sent")
		})
	}
	t.Run("a function may put another body in the place of the one it sees", func(t *testing.T) {
		_, err := s.Post(t.Context(), w.URL, requests.WithJSON(1), requests.OptionFunc(func(r *requests.Request) error {
			r.Body = body(t, "["+strconv.FormatInt(r.Body.Len(), 10)+"]")
			return nil
		}))
		require.NoError(t, err)
		assert.Equal(t, "[1]", w.Last(t).Body)
	})
}

func TestBadInputJoined(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	missing := filepath.Join(t.TempDir(), "missing.pem")
	options := []requests.Option{
		requests.WithHeader("X Y", "1"),
		requests.WithCABundle(missing),
		requests.WithClientCert(missing+"2", ""),
		requests.WithProxy("ftp://p.test"),
		requests.WithBaseURL("http:///"),
		requests.WithCookie(&http.Cookie{Name: "a b"}),
	}
	said := []string{"WithHeader: ", "WithCABundle: ", "WithClientCert: ", missing + "2", "WithProxy", "WithBaseURL: ", "WithCookie: "}
	check := func(t *testing.T, err error, said ...string) {
		t.Helper()
		require.Error(t, err)
		for _, s := range said {
			assert.ErrorContains(t, err, s)
		}
		assert.Equal(t, 1, strings.Count(err.Error(), missing+":"), "each mistake is told once: %v", err)
		assert.ErrorIs(t, err, requests.ErrInvalidHeader)
		assert.ErrorIs(t, err, requests.ErrInvalidURL)
		assert.ErrorIs(t, err, requests.ErrInvalidProxyURL)
		assert.ErrorIs(t, err, os.ErrNotExist)
	}
	t.Run("a session's", func(t *testing.T) {
		_, err := requests.NewSession(append(options, requests.WithJSON(1), requests.WithMethod("a b"))...)
		check(t, err, append(said, "WithJSON", "method")...)
	})
	t.Run("an update's", func(t *testing.T) {
		s := newSession(t)
		check(t, s.Update(options...), said...)
	})
	t.Run("a copy's", func(t *testing.T) {
		s := newSession(t)
		_, err := s.Copy(options...)
		check(t, err, said...)
	})
	t.Run("a call's", func(t *testing.T) {
		s := newSession(t)
		_, err := s.Get(t.Context(), w.URL, append(options, requests.WithJSON(math.NaN()))...)
		check(t, err, append(said, "WithJSON: ")...)
	})
	t.Run("a call's method, URL and options", func(t *testing.T) {
		s := newSession(t)
		_, err := s.Request(t.Context(), "a b", "http:///", requests.WithHeader("X Y", "1"))
		for _, said := range []string{"method", "no host", "X Y"} {
			assert.ErrorContains(t, err, said)
		}
	})
	t.Run("a literal's", func(t *testing.T) {
		s := newSession(t)
		_, err := s.Prepare(t.Context(), &requests.Request{
			Method: "a b", URL: "http:///", Header: http.Header{"X Y": {"1"}}, Cookies: []*http.Cookie{{Name: "c d"}},
			Settings: requests.Settings{Proxies: proxy.Map{"http": "ftp://p.test"}},
		})
		for _, said := range []string{"method", "no host", "X Y", "c d", "ftp"} {
			assert.ErrorContains(t, err, said)
		}
	})
	assert.Empty(t, w.Requests(), "nothing was sent")
}

// What a caller got wrong is often where a secret is.
func TestBadInputHidesSecrets(t *testing.T) {
	s := newSession(t, requests.WithEnvironment(false))
	const secret = "hunter2"
	for _, c := range []struct {
		name string
		err  error
	}{
		{"a password with a slash", callError(t, s, "http://user:"+secret+"/x@h.test/")},
		{"a password with a question mark", callError(t, s, "http://user:"+secret+"?x@h.test/")},
		{"a password with a hash", callError(t, s, "http://user:"+secret+"#x@h.test/")},
		{"a password with a slash before it", callError(t, s, "http://user:x/"+secret+"@h.test/")},
		{"a password and no host", callError(t, s, "http://user:"+secret)},
		{"a password and a broken host", callError(t, s, "http://user:"+secret+"@h test/")},
		{"a password and a bad port", callError(t, s, "http://user:"+secret+"@h.test:x/")},
		{"a password and no scheme", callError(t, s, "user:"+secret+"@h.test/x")},
		{"a password and no scheme but slashes", callError(t, s, "//user:"+secret+"@h.test/x")},
		{"a password and a scheme without adapter", callError(t, s, "ftp://user:"+secret+"@h.test/x")},
		{"a token in the query, no scheme", callError(t, s, "h.test/x?token="+secret)},
		{"a token in the query, no host", callError(t, s, "http:///x?api_key="+secret)},
		{"a token in the query, no adapter", callError(t, s, "ftp://h.test/x?access_token="+secret)},
		{"a base URL", sessionError(requests.WithBaseURL("http://u:" + secret + "@h test/"))},
		{"a base URL with a query", sessionError(requests.WithBaseURL("http://u:" + secret + "@h.test/?token=" + secret))},
		{"a base URL without scheme", sessionError(requests.WithBaseURL("u:" + secret + "@h.test"))},
		{"a proxy", sessionError(requests.WithProxy("http://u:" + secret + "@a b"))},
		{"a proxy of a strange scheme", sessionError(requests.WithProxy("ftp://u:" + secret + "@p.test"))},
		{"a proxy's key", sessionError(requests.WithProxies(proxy.Map{"http://u:" + secret + "@h": "ftp://p.test"}))},
		{"a header", sessionError(requests.WithHeader("Authorization", "Bearer "+secret+"\n"))},
		{"a cookie", sessionError(requests.WithCookie(&http.Cookie{Name: "a", Value: secret + ";"}))},
		{"a mount", s.Mount("http://u:"+secret+"@h.test/", http.DefaultTransport)},
		{"a mount with a bad port", s.Mount("http://u:"+secret, http.DefaultTransport)},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Error(t, c.err)
			for err := c.err; err != nil; err = errors.Unwrap(err) {
				for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
					assert.NotContains(t, fmt.Sprintf(verb, err), secret)
				}
			}
		})
	}
}

func callError(t *testing.T, s *requests.Session, url string) error {
	t.Helper()
	_, err := s.Do(t.Context(), &requests.Request{URL: url})
	return err
}

func sessionError(o requests.Option) error {
	_, err := requests.NewSession(o)
	return err
}

func TestNilInput(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	s := newSession(t)
	var none context.Context
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"a nil context for a verb", func() error { _, err := s.Get(none, w.URL); return err }},
		{"a nil context for Request", func() error { _, err := s.Request(none, "GET", w.URL); return err }},
		{"a nil context for Do", func() error { _, err := s.Do(none, &requests.Request{URL: w.URL}); return err }},
		{"a nil context for Prepare", func() error { _, err := s.Prepare(none, &requests.Request{URL: w.URL}); return err }},
		{"a nil context for the default session", func() error {
			defer requests.SetDefaultSession(requests.SetDefaultSession(s))
			_, err := requests.Get(none, w.URL)
			return err
		}},
		{"a nil request for Do", func() error { _, err := s.Do(t.Context(), nil); return err }},
		{"a nil request for Prepare", func() error { _, err := s.Prepare(t.Context(), nil); return err }},
		{"a nil prepared request", func() error { _, err := s.Send(nil); return err }},
		{"an empty prepared request", func() error { _, err := s.Send(&requests.PreparedRequest{}); return err }},
		{"a nil reader", func() error {
			_, err := s.Post(t.Context(), w.URL, requests.WithBody((*strings.Reader)(nil)))
			return err
		}},
		{"a nil reader of a file", func() error {
			_, err := s.Post(t.Context(), w.URL, requests.WithFile("f", "n", (*bytes.Reader)(nil)))
			return err
		}},
		{"a nil file", func() error { _, err := s.Post(t.Context(), w.URL, requests.WithBody((*os.File)(nil))); return err }},
		{"a nil buffer", func() error {
			_, err := s.Post(t.Context(), w.URL, requests.WithBody((*bytes.Buffer)(nil)))
			return err
		}},
		{"a nil adapter", func() error { return s.Mount("http://h.test/", nil) }},
		{"a nil URL for MergeEnvironment", func() error { _, err := s.MergeEnvironment(nil, requests.Settings{}); return err }},
		{"nil middleware", func() error { return s.Update(requests.WithMiddleware(nil)) }},
		{"an option of a session in a call", func() error { _, err := s.Get(t.Context(), w.URL, requests.WithCookieJar(nil)); return err }},
		{"a URL in a session", func() error {
			return s.Update(requests.OptionFunc(func(r *requests.Request) error { r.URL = w.URL; return nil }))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.do()
			require.Error(t, err)
			var e *requests.Error
			assert.ErrorAs(t, err, &e)
			assert.Empty(t, w.Requests(), "nothing was sent")
		})
	}
	t.Run("nil options are passed over", func(t *testing.T) {
		s := newSession(t, nil, requests.WithHooks(nil), requests.WithLogger(nil))
		_, err := s.Get(t.Context(), w.URL, nil, requests.WithHooks(nil), requests.WithBody(nil), requests.WithJSON(nil))
		assert.NoError(t, err)
	})
}

// Neither a bad URL nor a bad method forges a second line where it is printed.
func TestBadInput_inOneLine(t *testing.T) {
	const forged = "x\n\x1b[31mlevel=INFO"
	s := newSession(t)
	_, err := s.Get(t.Context(), "http://"+forged+"/")
	require.ErrorIs(t, err, requests.ErrInvalidURL)
	_, methodErr := s.Request(t.Context(), forged, "http://h.test/")
	require.ErrorIs(t, methodErr, requests.ErrInvalidHeader)
	r := &requests.Request{Method: forged, URL: "http://" + forged}
	for _, text := range []string{err.Error(), methodErr.Error(), fmt.Sprint(r)} {
		assert.NotContains(t, text, "\x1b")
		assert.NotContains(t, text, "\nlevel", text)
		assert.NotContains(t, text, "x\n", text)
	}
}
