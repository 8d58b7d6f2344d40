package requests_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
)

// What a caller changes by hand in a prepared request is looked at again
// before it is sent.
func TestSend_aRequestChangedByHand(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(p *requests.PreparedRequest)
		sent   string
		is     error
	}{
		{"no method is GET", func(p *requests.PreparedRequest) { p.Method = "" }, "GET", nil},
		{"no header is an empty one", func(p *requests.PreparedRequest) { p.Header = nil }, "PUT", nil},
		{"a method that is none", func(p *requests.PreparedRequest) { p.Method = "P UT" }, "", requests.ErrInvalidHeader},
		{"a field with a line feed", func(p *requests.PreparedRequest) { p.Header.Set("X-A", "a\nX-B: b") }, "", requests.ErrInvalidHeader},
		{"a field that names no field", func(p *requests.PreparedRequest) { p.Header["X A"] = []string{"a"} }, "", requests.ErrInvalidHeader},
		{"two hosts", func(p *requests.PreparedRequest) { p.Header["Host"] = []string{"a.test", "b.test"} }, "", requests.ErrInvalidHeader},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			s := newSession(t)
			p, err := s.Prepare(t.Context(), &requests.Request{Method: "PUT", URL: w.URL})
			require.NoError(t, err)
			tt.change(p)
			_, err = s.Send(p)
			if tt.sent == "" {
				assert.ErrorIs(t, err, tt.is)
				assert.Empty(t, w.Requests(), "nothing was sent")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.sent, w.Last(t).Method())
		})
	}
}

func TestSend_adaptersThatBreakTheContract(t *testing.T) {
	s := func(f func(*http.Request) (*http.Response, error)) *requests.Session {
		return newSession(t, requests.WithAdapter("http://", roundTrip(f)))
	}
	_, err := s(func(*http.Request) (*http.Response, error) { return nil, nil }).Get(t.Context(), "http://a.test/")
	assert.ErrorContains(t, err, "neither response nor error")
	resp, err := s(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 200}, nil }).Get(t.Context(), "http://a.test/")
	require.NoError(t, err, "a response without a body has no content")
	assert.Empty(t, resp.Text())
	assert.Equal(t, "OK", resp.Reason())
}

// An authenticator may put another body in place; what it puts is what is sent.
func TestAuth_putsABodyInPlace(t *testing.T) {
	other := func(body io.ReadCloser, length int64, again bool) requests.Option {
		return requests.WithAuth(auth.Func(func(r *http.Request) error {
			r.Body, r.ContentLength, r.GetBody = body, length, nil
			if again {
				r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("again!!")), nil }
			}
			return nil
		}))
	}
	for _, tt := range []struct {
		name string
		auth requests.Option
		sent string
	}{
		{"none", other(http.NoBody, 0, false), ""},
		{"one of a length", other(io.NopCloser(strings.NewReader("other")), 5, false), "other"},
		{"one of a length that was the old one's", other(io.NopCloser(strings.NewReader("ot")), 7, false), "ot"},
		{"one that can be had again", other(io.NopCloser(strings.NewReader("again!!")), 7, true), "again!!"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			_, err := newSession(t).Post(t.Context(), w.URL, requests.WithBody("content"), tt.auth)
			require.NoError(t, err)
			assert.Equal(t, tt.sent, w.Last(t).Body)
		})
	}
	t.Run("and leaves a header and a URL", func(t *testing.T) {
		for _, spoil := range []func(*http.Request){
			func(r *http.Request) { r.Header = nil },
			func(r *http.Request) { r.URL = nil },
		} {
			_, err := newSession(t).Get(t.Context(), "http://a.test/", requests.WithAuth(auth.Func(func(r *http.Request) error { spoil(r); return nil })))
			assert.ErrorContains(t, err, "without header or URL")
		}
	})
}

// The TLS settings of a literal replace those of the session field by field,
// what belongs together at once.
func TestSettings_TLSOfALiteral(t *testing.T) {
	pool, own := x509.NewCertPool(), new(tls.Config)
	certs := []tls.Certificate{testCertificate(t)}
	s := newSession(t, requests.WithTLS(requests.TLS{RootCAs: x509.NewCertPool(), Certificates: certs, ServerName: "session.test"}))
	p, err := s.Prepare(t.Context(), &requests.Request{URL: "https://a.test/", Settings: requests.Settings{TLS: &requests.TLS{RootCAs: pool, Config: own}}})
	require.NoError(t, err)
	assert.Same(t, pool, p.Settings.TLS.RootCAs)
	assert.Same(t, own, p.Settings.TLS.Config)
	assert.Len(t, p.Settings.TLS.Certificates, 1, "what is not set is the session's")
	assert.Equal(t, "session.test", p.Settings.TLS.ServerName)
	p, err = s.Prepare(t.Context(), &requests.Request{URL: "https://a.test/", Settings: requests.Settings{TLS: &requests.TLS{Certificates: append(certs, certs...)}}})
	require.NoError(t, err)
	assert.Len(t, p.Settings.TLS.Certificates, 2)
	assert.NotSame(t, pool, p.Settings.TLS.RootCAs)
}

type listAuth []string

func (listAuth) Authenticate(*http.Request) error { return nil }

func TestLiterals_refusals(t *testing.T) {
	s := newSession(t)
	for _, tt := range []struct {
		name, want string
		request    requests.Request
	}{
		{"a base URL", "BaseURL: ", requests.Request{URL: "x", BaseURL: "a.test"}},
		{"an authenticator for a proxy that cannot be compared", "not comparable", requests.Request{URL: "http://a.test/", Settings: requests.Settings{ProxyAuth: listAuth{}}}},
		{"a proxy", "invalid proxy URL", requests.Request{URL: "http://a.test/", Settings: requests.Settings{Proxies: map[string]string{"http": "ftp://p.test"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.Do(t.Context(), &tt.request)
			assert.ErrorContains(t, err, tt.want)
		})
	}
	assert.ErrorContains(t, s.Update(requests.WithProxyAuth(listAuth{})), "WithProxyAuth")
	var e *requests.Error
	require.ErrorAs(t, s.Mount("http://a.test/", nil), &e)
	assert.Equal(t, "mount", e.Op)
}

func TestPathParams_aBraceThatIsNotClosed(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	_, err := newSession(t).Get(t.Context(), w.URL+"/a/{id}/{open", requests.WithPathParam("id", "1"))
	require.NoError(t, err)
	assert.Equal(t, "/a/1/%7Bopen", w.Last(t).Target())
}

func TestSend_aBodyThatIsReadOnce(t *testing.T) {
	w := newReplies(t, reply(200, ""), reply(200, ""))
	s := newSession(t)
	r, err := http.NewRequest("POST", w.URL, io.MultiReader(strings.NewReader("hello")))
	require.NoError(t, err)
	p := &requests.PreparedRequest{Request: r}
	_, err = s.Send(p)
	require.NoError(t, err)
	_, err = s.Send(p)
	assert.ErrorIs(t, err, requests.ErrBodyNotReplayable, "and not an empty body")
	assert.Equal(t, []string{"hello"}, wireBodies(w))
}

func TestSend_settings(t *testing.T) {
	t.Run("of the caller's leave a prepared request prepared", func(t *testing.T) {
		w := newReplies(t, reply(200, "", "Set-Cookie: a=1"), reply(200, ""))
		s := newSession(t)
		_, err := s.Get(t.Context(), w.URL)
		require.NoError(t, err)
		p, err := s.Prepare(t.Context(), &requests.Request{URL: w.URL})
		require.NoError(t, err)
		p.Settings = requests.Settings{Timeouts: requests.Timeouts{Total: time.Minute}}
		_, err = s.Send(p)
		require.NoError(t, err)
		assert.Equal(t, []string{"a=1"}, w.Last(t).Header.Values("Cookie"))
	})
	t.Run("of a request made by hand inherit what is zero, beside one that is set", func(t *testing.T) {
		no := false
		w := newReplies(t, redirectTo(302, "/next"), reply(200, "more than that"))
		r, err := http.NewRequest("GET", w.URL, nil)
		require.NoError(t, err)
		_, err = newSession(t, requests.WithMaxBody(3)).Send(&requests.PreparedRequest{Request: r, Settings: requests.Settings{Environment: &no}})
		assert.ErrorIs(t, err, requests.ErrBodyTooLarge)
		assert.Len(t, w.Requests(), 2, "redirects are followed")
	})
}

func TestSend_aBodySetInBetween(t *testing.T) {
	for name, prepared := range map[string]bool{"prepared": true, "by hand": false} {
		t.Run(name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""), reply(200, ""))
			s := newSession(t)
			r, err := http.NewRequest("POST", w.URL, nil)
			require.NoError(t, err)
			p := &requests.PreparedRequest{Request: r}
			if prepared {
				p, err = s.Prepare(t.Context(), &requests.Request{Method: "POST", URL: w.URL})
				require.NoError(t, err)
			}
			for _, content := range []string{"one", "two"} {
				p.Body = io.NopCloser(strings.NewReader(content))
				_, err = s.Send(p)
				require.NoError(t, err)
			}
			assert.Equal(t, []string{"one", "two"}, wireBodies(w))
		})
	}
}

func TestSend_copiesShareABodyThatIsReadOnce(t *testing.T) {
	for name, again := range map[string]func(*requests.PreparedRequest) *requests.PreparedRequest{
		"itself":      func(p *requests.PreparedRequest) *requests.PreparedRequest { return p },
		"Clone":       (*requests.PreparedRequest).Clone,
		"WithContext": func(p *requests.PreparedRequest) *requests.PreparedRequest { return p.WithContext(p.Context()) },
	} {
		for kind, body := range map[string]io.Reader{"in memory": strings.NewReader("hello"), "streamed": io.MultiReader(strings.NewReader("hello"))} {
			t.Run(name+" "+kind, func(t *testing.T) {
				w := newReplies(t, reply(200, ""), reply(200, ""))
				s := newSession(t)
				r, err := http.NewRequest("POST", w.URL, io.NopCloser(body))
				require.NoError(t, err)
				p := &requests.PreparedRequest{Request: r}
				q := again(p)
				_, err = s.Send(p)
				require.NoError(t, err)
				_, err = s.Send(q)
				assert.ErrorIs(t, err, requests.ErrBodyNotReplayable, "and not an empty body")
				assert.Equal(t, []string{"hello"}, wireBodies(w))
			})
		}
	}
	t.Run("in memory with GetBody", func(t *testing.T) {
		w := newReplies(t, reply(200, ""), reply(200, ""))
		s := newSession(t)
		open := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("hello")), nil }
		r, err := http.NewRequest("POST", w.URL, nil)
		require.NoError(t, err)
		r.Body, _ = open()
		r.GetBody = open
		p := &requests.PreparedRequest{Request: r}
		for range 2 {
			_, err = s.Send(p)
			require.NoError(t, err)
		}
		assert.Equal(t, []string{"hello", "hello"}, wireBodies(w))
	})
}

func TestSend_aBodyThatIsReadOnceAtOnce(t *testing.T) {
	w := newReplies(t, reply(200, ""), reply(200, ""))
	s := newSession(t)
	r, err := http.NewRequest("POST", w.URL, nil)
	require.NoError(t, err)
	r.Body = io.NopCloser(strings.NewReader("hello"))
	p := &requests.PreparedRequest{Request: r}
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() { s.Send(p) })
		all.Go(func() { s.Send(p.WithContext(context.Background())) })
	}
	all.Wait()
	assert.Equal(t, []string{"hello"}, wireBodies(w))
}

func TestSend_resultOfARequestMadeByHand(t *testing.T) {
	w := newReplies(t, reply(200, "", "Set-Cookie: a=1"), reply(200, ""), reply(200, ""))
	s := newSession(t)
	_, err := s.Get(t.Context(), w.URL)
	require.NoError(t, err)
	r, err := http.NewRequest("GET", w.URL, nil)
	require.NoError(t, err)
	var asked *requests.PreparedRequest
	s.Hooks().Complete.PushBack(func(r *requests.Result) error { asked = r.Request; return nil })
	_, err = s.Send(&requests.PreparedRequest{Request: r})
	require.NoError(t, err)
	_, err = s.Send(asked)
	require.NoError(t, err)
	require.Len(t, w.Requests(), 3)
	for _, r := range w.Requests()[1:] {
		assert.Empty(t, r.Header.Values("Cookie"), "it goes out as it was made")
	}
}
