package sigv4_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/auth/sigv4"
)

// A session signs with it last, without knowing the package.
var _ interface {
	Authenticate(*http.Request) error
	Deferred()
} = (*sigv4.Signer)(nil)

func TestSignedFields(t *testing.T) {
	r := newRequest(t, "POST", "https://example.amazonaws.com/", "")
	for _, name := range []string{
		"Authorization", "Proxy-Authorization", "Cookie", "Content-Length", "Transfer-Encoding", "Expect", "Trailer", "TE",
		"Connection", "Proxy-Connection", "Keep-Alive", "Upgrade", "User-Agent", "Accept-Encoding", "Referer", "Via",
		"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "Max-Forwards", "X-Real-IP", "X-Amzn-Trace-Id", "Traceparent", "Tracestate", "Baggage",
	} {
		r.Header.Set(name, "may change on the way")
	}
	r.Header["Empty"] = nil
	for _, name := range []string{"Content-Type", "Content-MD5", "Date", "Range", "X-Amz-Acl", "X-Amz-Meta-Name", "X-Custom"} {
		r.Header.Set(name, "value")
	}
	r.Header["Host"] = []string{"ignored.test"}
	r.Header["lower"] = []string{"two"}
	r.Header["Lower"] = []string{"one"}
	require.NoError(t, s3Signer().Authenticate(r))
	_, signed, _ := parts(t, r)
	assert.Equal(t, "content-md5;content-type;date;host;lower;range;x-amz-acl;x-amz-content-sha256;x-amz-date;x-amz-meta-name;x-custom", signed)
}

// TestFieldsOfOneName: net/http writes keys that differ in case alone in byte
// order, however the map has them.
func TestFieldsOfOneName(t *testing.T) {
	sign := func(h http.Header) string {
		r := newRequest(t, "GET", "https://example.amazonaws.com/", "")
		r.Header = h
		require.NoError(t, s3Signer().Authenticate(r))
		return r.Header.Get("Authorization")
	}
	want := sign(http.Header{"Lower": {"one", "two", "three"}})
	for range 50 {
		assert.Equal(t, want, sign(http.Header{"lower": {"three"}, "Lower": {"two"}, "lOWER": nil, "LoweR": {"one"}}))
	}
}

func TestHost(t *testing.T) {
	tests := []struct{ name, url, host, want string }{
		{"a default port of https goes", "https://h.test:443/", "", "h.test"},
		{"a default port of http goes", "http://h.test:80/", "", "h.test"},
		{"an empty port goes", "http://h.test:/", "", "h.test"},
		{"the other scheme's port stays", "http://h.test:443/", "", "h.test:443"},
		{"a port that is no default stays", "https://h.test:8443/", "", "h.test:8443"},
		{"letters are lower case", "https://Bucket.H.test/", "", "bucket.h.test"},
		{"the request's Host comes first", "https://127.0.0.1:9000/", "s3.test:443", "s3.test"},
		{"an IPv6 address keeps its brackets", "https://[::1]:443/", "", "[::1]"},
		{"an IPv6 zone goes, as net/http leaves it out", "http://[fe80::1%25eth0]:9000/", "", "[fe80::1]:9000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRequest(t, "GET", tt.url, "")
			if r.Host = tt.host; tt.host == "" {
				r.Host = r.URL.Host
			}
			require.NoError(t, s3Signer().Authenticate(r))
			assert.Equal(t, tt.want, r.Host)
			got := r.Header.Get("Authorization")

			same := newRequest(t, "GET", r.URL.Scheme+"://x.test/", "")
			same.URL.Host, same.Host = tt.want, ""
			require.NoError(t, s3Signer().Authenticate(same))
			assert.Equal(t, same.Header.Get("Authorization"), got)
		})
	}
}

func TestNormalise(t *testing.T) {
	for path, want := range map[string]string{
		"/": "/", "/a": "/a", "/a/": "/a/", "/a//b///": "/a/b/", "/../..": "/", "/../a": "/a", "/a/./b/../c/": "/a/c/",
		"/.a/..b/c.": "/.a/..b/c.", "/a/%2e%2e/b": "/a/%2e%2e/b", "/a/..": "/", "/a/b/..": "/a",
	} {
		assert.Equal(t, want, sigv4.Normalise(path), path)
	}
}

func TestCanonicalQuery(t *testing.T) {
	tests := []struct{ name, raw, canonical, wire string }{
		{"what is canonical stays", "a=1&b=%20", "a=1&b=%20", "a=1&b=%20"},
		{"the order on the wire stays", "b=1&a=2", "a=2&b=1", "b=1&a=2"},
		{"a key without an equals sign stays on the wire", "acl", "acl=", "acl"},
		{"a plus sign is a space", "a+b=c+d", "a%20b=c%20d", "a%20b=c%20d"},
		{"an escaped plus sign is one", "a=%2B", "a=%2B", "a=%2B"},
		{"escapes are in upper case", "a=%c3%bc", "a=%C3%BC", "a=%C3%BC"},
		{"unreserved characters are not escaped", "%61=%7E", "a=~", "a=~"},
		{"reserved characters are", "a=/:?", "a=%2F%3A%3F", "a=%2F%3A%3F"},
		{"a stray percent sign is itself", "a=%&b=%4&c=%zz", "a=%25&b=%254&c=%25zz", "a=%25&b=%254&c=%25zz"},
		{"an equals sign within a value", "a=b=c", "a=b%3Dc", "a=b%3Dc"},
		{"empty pairs go", "&a=1&&", "a=1", "a=1"},
		{"keys sort before pairs do", "Param-3=a&Param=b", "Param=b&Param-3=a", "Param-3=a&Param=b"},
		{"encoded keys sort, not what they mean", "z=1&%C3%BC=2", "%C3%BC=2&z=1", "z=1&%C3%BC=2"},
		{"values of one key sort", "a=b&a=B&a", "a=&a=B&a=b", "a=b&a=B&a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			canonical, wire := sigv4.CanonicalQuery(tt.raw)
			assert.Equal(t, tt.canonical, canonical)
			assert.Equal(t, tt.wire, wire)
		})
	}
}

// TestURLIsReplaced shows that a URL shared with others is not written to.
func TestURLIsReplaced(t *testing.T) {
	r := newRequest(t, "GET", "https://s3.test/a(b)?p=x+y", "")
	shared := r.URL
	require.NoError(t, s3Signer().Authenticate(r))
	assert.Equal(t, "https://s3.test/a(b)?p=x+y", shared.String())
	assert.Equal(t, "https://s3.test/a%28b%29?p=x%20y", r.URL.String())
	assert.Equal(t, "/a(b)", r.URL.Path)
}

func TestPathOnTheWire(t *testing.T) {
	for path, want := range map[string]string{
		"/a/b":                "/a/b",
		"":                    "",
		"/dir/a b+ü~'()*.txt": "/dir/a%20b%2B%C3%BC~%27%28%29%2A.txt",
		"/a%2fb":              "/a%2Fb", // an escaped slash separates nothing
		"/%7e%41":             "/~A",
		"/a//./../b":          "/a//./../b",
	} {
		r := newRequest(t, "GET", "https://s3.test"+path, "")
		require.NoError(t, s3Signer().Authenticate(r))
		assert.Equal(t, want, r.URL.EscapedPath())
	}
	for opaque, path := range map[string]string{"//s3.test/a/b": "/a/b", "//s3.test": "/", "/a/b": "/a/b", "a/b": "/a/b"} {
		r := newRequest(t, "GET", "https://s3.test/elsewhere", "")
		r.URL.Opaque = opaque
		require.NoError(t, s3Signer().Authenticate(r))
		assert.Equal(t, opaque, r.URL.Opaque)
		same := newRequest(t, "GET", "https://s3.test"+path, "")
		require.NoError(t, s3Signer().Authenticate(same))
		assert.Equal(t, same.Header, r.Header, opaque)
	}
	r := newRequest(t, "GET", "https://h.test/a(b)//../%2f", "")
	require.NoError(t, exampleSigner().Authenticate(r))
	assert.Equal(t, "/a(b)//../%2f", r.URL.EscapedPath(), "a path that is encoded twice stays as it is")
}

func TestPresignedURLIsLeftAlone(t *testing.T) {
	s := s3Signer()
	u, err := s.Presign(newRequest(t, "GET", "https://s3.test/key", ""), time.Hour)
	require.NoError(t, err)
	r := newRequest(t, "GET", u.String(), "")
	require.NoError(t, s.Authenticate(r))
	assert.Empty(t, r.Header)
	assert.Equal(t, u.String(), r.URL.String())
}

// opened counts how often content is opened and closed.
type opened struct {
	content     string
	open, close int
	fail        error
}

func (o *opened) Open() (io.ReadCloser, error) {
	if o.fail != nil {
		return nil, o.fail
	}
	o.open++
	return &openedBody{strings.NewReader(o.content), o}, nil
}

type openedBody struct {
	io.Reader
	of *opened
}

func (b *openedBody) Close() error { b.of.close++; return nil }

func TestContentHash(t *testing.T) {
	const welcome = "Welcome to Amazon S3."
	const welcomeHash = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
	t.Run("content is opened for its hash and closed", func(t *testing.T) {
		o := &opened{content: welcome}
		r := newRequest(t, "PUT", "https://s3.test/key", "")
		r.GetBody, r.ContentLength = o.Open, int64(len(welcome)) // Body is opened later
		require.NoError(t, s3Signer().Authenticate(r))
		assert.Equal(t, welcomeHash, r.Header.Get("X-Amz-Content-Sha256"))
		assert.Nil(t, r.Body)
		assert.Equal(t, 1, o.open)
		assert.Equal(t, 1, o.close)
	})
	t.Run("no content is the hash of nothing", func(t *testing.T) {
		r := newRequest(t, "GET", "https://s3.test/key", "")
		r.Body = http.NoBody
		require.NoError(t, s3Signer().Authenticate(r))
		assert.Equal(t, emptyHash, r.Header.Get("X-Amz-Content-Sha256"))
	})
	t.Run("content that is known to be none is not opened", func(t *testing.T) {
		o := &opened{content: welcome}
		r := newRequest(t, "PUT", "https://s3.test/key", "")
		r.Body, r.GetBody = http.NoBody, o.Open
		require.NoError(t, s3Signer().Authenticate(r))
		assert.Equal(t, emptyHash, r.Header.Get("X-Amz-Content-Sha256"))
		assert.Zero(t, o.open)
	})
	t.Run("content that opens to none is the hash of nothing", func(t *testing.T) {
		for _, body := range []io.ReadCloser{nil, http.NoBody} {
			r := newRequest(t, "PUT", "https://s3.test/key", "")
			r.GetBody = func() (io.ReadCloser, error) { return body, nil }
			require.NoError(t, s3Signer().Authenticate(r))
			assert.Equal(t, emptyHash, r.Header.Get("X-Amz-Content-Sha256"))
		}
	})
	t.Run("content that can be read once is an error, and is not read", func(t *testing.T) {
		r, err := http.NewRequest("PUT", "https://s3.test/key", io.MultiReader(strings.NewReader(welcome)))
		require.NoError(t, err)
		err = s3Signer().Authenticate(r)
		require.ErrorIs(t, err, sigv4.ErrNotReplayable)
		rest, _ := io.ReadAll(r.Body)
		assert.Equal(t, welcome, string(rest))
	})
	t.Run("an error of opening is passed on", func(t *testing.T) {
		broken := errors.New("broken")
		r := newRequest(t, "PUT", "https://s3.test/key", welcome)
		r.GetBody = (&opened{fail: broken}).Open
		require.ErrorIs(t, s3Signer().Authenticate(r), broken)
	})
	t.Run("hashing ends with the context", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("gone")
		cancel(gone)
		r := newRequest(t, "PUT", "https://s3.test/key", "").WithContext(ctx)
		o := &opened{content: welcome}
		r.GetBody, r.ContentLength = o.Open, int64(len(welcome))
		require.ErrorIs(t, s3Signer().Authenticate(r), gone)
		assert.Equal(t, 1, o.close)
	})
	t.Run("the caller's own hash is honoured", func(t *testing.T) {
		r, err := http.NewRequest("PUT", "https://s3.test/key", io.MultiReader(strings.NewReader(welcome)))
		require.NoError(t, err)
		r.Header.Set("X-Amz-Content-Sha256", welcomeHash)
		require.NoError(t, s3Signer().Authenticate(r))
		assert.Equal(t, welcomeHash, r.Header.Get("X-Amz-Content-Sha256"))
		first := r.Header.Get("Authorization")
		require.NoError(t, s3Signer().Authenticate(r))
		assert.Equal(t, first, r.Header.Get("Authorization"), "also the second time")
	})
	t.Run("the caller's UNSIGNED-PAYLOAD is honoured, streaming or not", func(t *testing.T) {
		for _, p := range []sigv4.Payload{sigv4.PayloadSigned, sigv4.PayloadStreamSigned} {
			s := s3Signer()
			s.Payload = p
			r := newRequest(t, "PUT", "https://s3.test/key", welcome)
			r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
			require.NoError(t, s.Authenticate(r))
			require.NoError(t, s.Authenticate(r))
			assert.Equal(t, "UNSIGNED-PAYLOAD", r.Header.Get("X-Amz-Content-Sha256"))
			assert.Empty(t, r.Header.Get("Content-Encoding"))
			assert.EqualValues(t, len(welcome), r.ContentLength)
		}
	})
	t.Run("the caller's own streaming mode is honoured by a signer that does not stream", func(t *testing.T) {
		for _, p := range []sigv4.Payload{sigv4.PayloadSigned, sigv4.PayloadUnsigned} {
			for _, mode := range []string{"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"} {
				s := s3Signer()
				s.Payload = p
				r := newRequest(t, "PUT", "https://s3.test/key", welcome)
				r.Header.Set("X-Amz-Content-Sha256", mode)
				require.NoError(t, s.Authenticate(r))
				assert.Equal(t, mode, r.Header.Get("X-Amz-Content-Sha256"))
				assert.Empty(t, r.Header.Get("Content-Encoding"))
			}
		}
	})
	t.Run("a hash of an earlier signature is not the caller's", func(t *testing.T) {
		r := newRequest(t, "PUT", "https://s3.test/key", welcome)
		s := s3Signer()
		require.NoError(t, s.Authenticate(r))
		r.Body, r.GetBody, r.ContentLength = nil, nil, 0
		require.NoError(t, s.Authenticate(r))
		assert.Equal(t, emptyHash, r.Header.Get("X-Amz-Content-Sha256"))
	})
	t.Run("a service other than S3 is sent the hash on request", func(t *testing.T) {
		s := exampleSigner()
		s.ContentSHA256 = true
		r := newRequest(t, "GET", "https://example.test/", "")
		require.NoError(t, s.Authenticate(r))
		assert.Equal(t, emptyHash, r.Header.Get("X-Amz-Content-Sha256"))
	})
}

// A request that was made by hand may have no header.
func TestNoHeader(t *testing.T) {
	bare := newRequest(t, "GET", "https://s3.test/key", "")
	bare.Header = nil
	usual := newRequest(t, "GET", "https://s3.test/key", "")
	for _, r := range []*http.Request{bare, usual} {
		require.NoError(t, s3Signer().Authenticate(r))
	}
	assert.NotEmpty(t, bare.Header.Get("Authorization"))
	assert.Equal(t, usual.Header, bare.Header)
}

func TestSigningAgain(t *testing.T) {
	now := at("20130524T000000Z")()
	clock := func() time.Time { return now }
	tests := []struct {
		name    string
		payload sigv4.Payload
		token   string
		body    string
	}{
		{"signed content", sigv4.PayloadSigned, "", "content"},
		{"unsigned content", sigv4.PayloadUnsigned, "", "content"},
		{"a token", sigv4.PayloadSigned, "token", ""},
		{"signed chunks", sigv4.PayloadStreamSigned, "", "content"},
		{"signed chunks and trailer", sigv4.PayloadStreamSignedTrailer, "", "content"},
		{"an unsigned trailer", sigv4.PayloadStreamUnsignedTrailer, "", "content"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := s3Signer()
			s.Now, s.Payload = clock, tt.payload
			s.Credentials = sigv4.Static(s3Key, s3Secret, tt.token)
			r := newRequest(t, "PUT", "https://s3.test/key", tt.body)
			r.Header.Set("Content-Encoding", "gzip")
			require.NoError(t, s.Authenticate(r))
			first, header, length := r.Header.Get("Authorization"), maps.Clone(r.Header), r.ContentLength
			again := func(why string) {
				require.NoError(t, s.Authenticate(r), why)
				assert.Equal(t, first, r.Header.Get("Authorization"), why)
				assert.Equal(t, header, r.Header, why)
				assert.Equal(t, length, r.ContentLength, why)
			}
			again("with a fixed clock the signature is the same")
			want := ""
			if r.Body != nil {
				content, err := io.ReadAll(r.Body)
				require.NoError(t, err)
				want = string(content)
			}
			again("after the content was sent")
			if r.GetBody != nil {
				var err error
				r.Body, err = r.GetBody()
				require.NoError(t, err)
				again("with the content opened again")
				content, err := io.ReadAll(r.Body)
				require.NoError(t, err)
				assert.Equal(t, want, string(content))
				r.Body = nil
				again("with the content still to be opened")
				body, err := r.GetBody()
				require.NoError(t, err)
				content, err = io.ReadAll(body)
				require.NoError(t, err)
				assert.Equal(t, want, string(content))
			}

			now = now.Add(time.Hour)
			require.NoError(t, s.Authenticate(r))
			later := newRequest(t, "PUT", "https://s3.test/key", tt.body)
			later.Header.Set("Content-Encoding", "gzip")
			require.NoError(t, s.Authenticate(later))
			assert.Equal(t, later.Header, r.Header, "an hour later it is as if signed for the first time")
			now = now.Add(-time.Hour)
		})
	}
	t.Run("a token of earlier credentials goes", func(t *testing.T) {
		r := newRequest(t, "GET", "https://s3.test/key", "")
		s := s3Signer()
		s.Credentials = sigv4.Static("TEMPORARY", "secret", "token")
		require.NoError(t, s.Authenticate(r))
		s.Credentials = sigv4.Static(s3Key, s3Secret, "")
		require.NoError(t, s.Authenticate(r))
		assert.NotContains(t, r.Header, "X-Amz-Security-Token")
	})
	t.Run("the caller's own token stays", func(t *testing.T) {
		r := newRequest(t, "GET", "https://s3.test/key", "")
		r.Header.Set("X-Amz-Security-Token", "mine")
		s := s3Signer()
		require.NoError(t, s.Authenticate(r))
		require.NoError(t, s.Authenticate(r))
		assert.Equal(t, "mine", r.Header.Get("X-Amz-Security-Token"))
	})
	t.Run("chunks of an earlier signature inside a foreign body are an error", func(t *testing.T) {
		r := newRequest(t, "PUT", "https://s3.test/key", "content")
		s := s3Signer()
		s.Payload = sigv4.PayloadStreamSigned
		require.NoError(t, s.Authenticate(r))
		r.Body, r.GetBody = io.NopCloser(r.Body), nil
		require.ErrorIs(t, s.Authenticate(r), sigv4.ErrNotReplayable)
	})
	t.Run("a trailer goes with the signer that chose it, and stays if the caller did", func(t *testing.T) {
		for _, named := range []bool{false, true} {
			s := s3Signer()
			s.Payload = sigv4.PayloadStreamUnsignedTrailer
			r := newRequest(t, "PUT", "https://s3.test/key", "content")
			if named {
				r.Header.Set("X-Amz-Trailer", "x-amz-checksum-sha1")
			}
			require.NoError(t, s.Authenticate(r))
			s.Payload = sigv4.PayloadStreamSigned
			if err := s.Authenticate(r); named {
				require.ErrorContains(t, err, "names a trailer")
			} else {
				require.NoError(t, err)
				assert.NotContains(t, r.Header, "X-Amz-Trailer")
			}
		}
	})
	t.Run("content that was sent and can be read once is an error", func(t *testing.T) {
		r, err := http.NewRequest("PUT", "https://s3.test/key", io.MultiReader(strings.NewReader("content")))
		require.NoError(t, err)
		r.ContentLength = 7
		s := s3Signer()
		s.Payload = sigv4.PayloadStreamSigned
		require.NoError(t, s.Authenticate(r))
		require.NoError(t, s.Authenticate(r), "not yet read, it may be signed again")
		_, err = io.ReadAll(r.Body)
		require.NoError(t, err)
		require.ErrorIs(t, s.Authenticate(r), sigv4.ErrNotReplayable)
	})
}

func TestMistakes(t *testing.T) {
	tests := []struct {
		name   string
		change func(*sigv4.Signer, *http.Request)
		want   string
	}{
		{"no service", func(s *sigv4.Signer, _ *http.Request) { s.Service = "" }, "service"},
		{"no region", func(s *sigv4.Signer, _ *http.Request) { s.Region = "" }, "region"},
		{"a region that would change the scope", func(s *sigv4.Signer, _ *http.Request) { s.Region = "eu/s3" }, "region"},
		{"no credentials", func(s *sigv4.Signer, _ *http.Request) { s.Credentials = nil }, "credentials"},
		{"an unknown payload", func(s *sigv4.Signer, _ *http.Request) { s.Payload = 9 }, "payload 9"},
		{"no URL", func(_ *sigv4.Signer, r *http.Request) { r.URL = nil }, "URL"},
		{"no host", func(_ *sigv4.Signer, r *http.Request) { r.Host, r.URL.Host = "", "" }, "host"},
		{"a host beyond ASCII", func(_ *sigv4.Signer, r *http.Request) { r.Host = "bücher.test" }, "ASCII"},
		{"a method over two lines", func(_ *sigv4.Signer, r *http.Request) { r.Method = "GET\n/" }, "method"},
		{"an opaque URL with a query", func(_ *sigv4.Signer, r *http.Request) { r.URL.Opaque = "/a?b" }, "opaque"},
		{"no access key", func(s *sigv4.Signer, _ *http.Request) { s.Credentials = sigv4.Static("", "CANARY", "") }, "access key"},
		{"no secret", func(s *sigv4.Signer, _ *http.Request) { s.Credentials = sigv4.Static("CANARY", "", "") }, "secret"},
		{"an access key with a line end", func(s *sigv4.Signer, _ *http.Request) { s.Credentials = sigv4.Static("CANARY\n", "CANARY", "") }, "access key"},
		{"an access key that would end the field early", func(s *sigv4.Signer, _ *http.Request) { s.Credentials = sigv4.Static("CANARY,x", "CANARY", "") }, "access key"},
		{"a token with a line end", func(s *sigv4.Signer, _ *http.Request) { s.Credentials = sigv4.Static("CANARY", "CANARY", "CANARY\r\n") }, "token"},
		{"chunks of unknown length", func(s *sigv4.Signer, r *http.Request) {
			s.Payload = sigv4.PayloadStreamSigned
			r.Body, r.GetBody, r.ContentLength = io.NopCloser(strings.NewReader("x")), nil, -1
		}, "length is known"},
		{"chunks of a length that net/http takes for unknown", func(s *sigv4.Signer, r *http.Request) {
			s.Payload = sigv4.PayloadStreamSigned
			r.Body, r.GetBody, r.ContentLength = io.NopCloser(strings.NewReader("x")), nil, 0
		}, "length is known"},
		{"chunks of a length beyond arithmetic", func(s *sigv4.Signer, r *http.Request) {
			s.Payload = sigv4.PayloadStreamSigned
			r.ContentLength = 1<<63 - 1
		}, "too long"},
		{"chunks of nothing", func(s *sigv4.Signer, r *http.Request) {
			s.Payload = sigv4.PayloadStreamSigned
			r.Body, r.GetBody, r.ContentLength = nil, nil, 5
		}, "no content"},
		{"a trailer that is no checksum", func(s *sigv4.Signer, r *http.Request) {
			s.Payload = sigv4.PayloadStreamSignedTrailer
			r.Header.Set("X-Amz-Trailer", "x-amz-meta-other")
		}, "x-amz-meta-other"},
		{"two trailers", func(s *sigv4.Signer, r *http.Request) {
			s.Payload = sigv4.PayloadStreamSignedTrailer
			r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32,x-amz-checksum-sha1")
		}, "not a checksum"},
		{"a trailer where none is sent", func(s *sigv4.Signer, r *http.Request) {
			s.Payload = sigv4.PayloadStreamSigned
			r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32")
		}, "trailer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, r := s3Signer(), newRequest(t, "PUT", "https://s3.test/key", "content")
			tt.change(s, r)
			err := s.Authenticate(r)
			require.ErrorContains(t, err, tt.want)
			assert.True(t, strings.HasPrefix(err.Error(), "sigv4: "), err)
			assert.NotContains(t, err.Error(), "CANARY")
			assert.NotContains(t, r.Header, "Authorization")
		})
	}
	t.Run("the error of Credentials", func(t *testing.T) {
		s := s3Signer()
		none := errors.New("none to be had")
		s.Credentials = func(context.Context) (sigv4.Credentials, error) { return sigv4.Credentials{}, none }
		r := newRequest(t, "GET", "https://s3.test/", "")
		require.ErrorIs(t, s.Authenticate(r), none)
		_, err := s.Presign(r, time.Hour)
		require.ErrorIs(t, err, none)
	})
	t.Run("Credentials is asked with the request's context", func(t *testing.T) {
		type key struct{}
		s := s3Signer()
		s.Credentials = func(ctx context.Context) (sigv4.Credentials, error) {
			assert.Equal(t, "tenant", ctx.Value(key{}))
			return sigv4.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
		}
		r := newRequest(t, "GET", "https://s3.test/", "")
		require.NoError(t, s.Authenticate(r.WithContext(context.WithValue(t.Context(), key{}, "tenant"))))
	})
}

func TestSecretsDoNotPrint(t *testing.T) {
	canaries := []string{"CANARYKEYID", "CANARYSECRET", "CANARYTOKEN"}
	c := sigv4.Credentials{AccessKeyID: canaries[0], SecretAccessKey: canaries[1], SessionToken: canaries[2]}
	s := s3Signer()
	s.Credentials = sigv4.Static(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
	s.Payload = sigv4.PayloadStreamSigned
	r := newRequest(t, "PUT", "https://s3.test/key", "content")
	require.NoError(t, s.Authenticate(r))
	holder := struct {
		C  sigv4.Credentials
		P  *sigv4.Credentials
		S  *sigv4.Signer
		by any
	}{c, &c, s, s}
	var out strings.Builder
	for _, v := range []any{c, &c, s, holder, &holder, s.Credentials, r.Body, []any{c, s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("signed", "credentials", c, "signer", s, "body", r.Body, "within", struct{ C *sigv4.Credentials }{&c})
	}
	encoded, err := json.Marshal([]any{c, &c, map[string]sigv4.Credentials{"c": c}})
	require.NoError(t, err)
	out.Write(encoded)
	derived := sigv4.DerivedKey(s)
	require.Len(t, derived, 32)
	for _, secret := range append(canaries, string(derived), hex.EncodeToString(derived), fmt.Sprint(derived)) {
		assert.NotContains(t, out.String(), secret)
		assert.NotContains(t, strings.ToLower(out.String()), hex.EncodeToString([]byte(secret)))
	}
	assert.Equal(t, `sigv4.Credentials{AccessKeyID:[redacted] SecretAccessKey:[redacted] SessionToken:""}`,
		fmt.Sprintf("%+v", sigv4.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}))
	assert.Equal(t, `sigv4.Signer{Service:"s3" Region:"us-east-1"}`, fmt.Sprintf("%#v", s))
	assert.Equal(t, "sigv4: aws-chunked content", fmt.Sprintf("%+v", r.Body))
	assert.Equal(t, "<nil>", fmt.Sprint((*sigv4.Signer)(nil)))
}

func TestKeys(t *testing.T) {
	s := s3Signer()
	sign := func() string {
		r := newRequest(t, "GET", "https://s3.test/", "")
		require.NoError(t, s.Authenticate(r))
		return r.Header.Get("Authorization")
	}
	first := sign()
	sign()
	assert.Equal(t, 1, sigv4.Keys(s), "one key serves a day")
	for i := range 100 {
		s.Credentials = sigv4.Static(s3Key, fmt.Sprint("secret", i), "")
		sign()
	}
	assert.Equal(t, 16, sigv4.Keys(s), "keys are bounded")
	s.Credentials = sigv4.Static(s3Key, s3Secret, "")
	assert.Equal(t, first, sign(), "a key that was dropped is derived again")

	changes := map[string]func(){
		"the day":     func() { s.Now = at("20130525T000000Z") },
		"the region":  func() { s.Region = "eu-west-1" },
		"the service": func() { s.Service = "s3express" },
		"the secret":  func() { s.Credentials = sigv4.Static(s3Key, "other", "") },
	}
	for what, change := range changes {
		*s = sigv4.Signer{Service: "s3", Region: "us-east-1", Credentials: sigv4.Static(s3Key, s3Secret, ""), Now: at("20130524T000000Z")}
		first := sign()
		change()
		cached := sign()
		assert.NotEqual(t, first, cached, what)
		*s = sigv4.Signer{Service: s.Service, Region: s.Region, Credentials: s.Credentials, Now: s.Now}
		assert.Equal(t, sign(), cached, what)
	}
}

func TestConcurrentUse(t *testing.T) {
	v := verifier{secret: s3Secret, single: true}
	s := s3Signer()
	s.Payload = sigv4.PayloadStreamSignedTrailer
	s.Credentials = func(ctx context.Context) (sigv4.Credentials, error) {
		return sigv4.Credentials{AccessKeyID: s3Key, SecretAccessKey: s3Secret}, nil
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 20 {
				r := newRequest(t, "PUT", "https://s3.test/key", "content")
				if !assert.NoError(t, s.Authenticate(r)) {
					return
				}
				r.RequestURI = r.URL.RequestURI()
				content, err := v.verify(r)
				assert.NoError(t, err)
				assert.Equal(t, "content", string(content))
				_, err = s.Presign(r, time.Hour)
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
}

func TestPresign(t *testing.T) {
	query := func(u *url.URL) url.Values { return u.Query() }
	t.Run("the request is not changed", func(t *testing.T) {
		r := newRequest(t, "PUT", "https://user:pw@S3.test:443/a(b)?p=x+y#part", "content")
		r.Header.Set("X-Amz-Acl", "private")
		header, target := r.Header.Clone(), r.URL.String()
		u, err := s3Signer().Presign(r, time.Minute)
		require.NoError(t, err)
		assert.Equal(t, header, r.Header)
		assert.Equal(t, target, r.URL.String())
		assert.Equal(t, "S3.test:443", r.Host)
		assert.True(t, strings.HasPrefix(u.String(), "https://s3.test/a%28b%29?"), u)
		assert.Equal(t, "host;x-amz-acl", query(u).Get("X-Amz-SignedHeaders"))
		assert.Equal(t, "x y", query(u).Get("p"))
	})
	t.Run("a length in the header is signed", func(t *testing.T) {
		r := newRequest(t, "PUT", "https://s3.test/key", "content")
		r.Header.Set("Content-Length", "7")
		r.Header.Set("Cache-Control", "no-store")
		u, err := s3Signer().Presign(r, time.Minute)
		require.NoError(t, err)
		assert.Equal(t, "cache-control;content-length;host", query(u).Get("X-Amz-SignedHeaders"))
	})
	t.Run("bounds of its life", func(t *testing.T) {
		r := newRequest(t, "GET", "https://s3.test/key", "")
		for ttl, want := range map[time.Duration]string{
			time.Second: "1", 1999 * time.Millisecond: "1", 7 * 24 * time.Hour: "604800",
			0: "", -time.Hour: "", 999 * time.Millisecond: "", 7*24*time.Hour + 1: "",
		} {
			u, err := s3Signer().Presign(r, ttl)
			if want == "" {
				require.Error(t, err, ttl)
				continue
			}
			require.NoError(t, err)
			assert.Equal(t, want, query(u).Get("X-Amz-Expires"))
		}
	})
	t.Run("a token is part of the signed query, not of the header", func(t *testing.T) {
		s := s3Signer()
		s.Credentials = sigv4.Static(s3Key, s3Secret, "to/ken+=")
		u, err := s.Presign(newRequest(t, "GET", "https://s3.test/key", ""), time.Hour)
		require.NoError(t, err)
		assert.Contains(t, u.RawQuery, "X-Amz-Security-Token=to%2Fken%2B%3D&")
		assert.Equal(t, "host", query(u).Get("X-Amz-SignedHeaders"))
		plain, err := s3Signer().Presign(newRequest(t, "GET", "https://s3.test/key", ""), time.Hour)
		require.NoError(t, err)
		assert.NotEqual(t, query(plain).Get("X-Amz-Signature"), query(u).Get("X-Amz-Signature"))
	})
	t.Run("an earlier signature is replaced, in the query and in the header", func(t *testing.T) {
		s := s3Signer()
		s.Credentials = sigv4.Static("OTHER", "secret", "token")
		r := newRequest(t, "GET", "https://s3.test/key?a=1", "")
		require.NoError(t, s.Authenticate(r))
		u, err := s.Presign(newRequest(t, "GET", "https://s3.test/key?a=1", ""), time.Hour)
		require.NoError(t, err)
		r.URL = u
		again, err := s3Signer().Presign(r, time.Hour)
		require.NoError(t, err)
		want, err := s3Signer().Presign(newRequest(t, "GET", "https://s3.test/key?a=1", ""), time.Hour)
		require.NoError(t, err)
		assert.Equal(t, want.String(), again.String())
	})
	t.Run("fields that a browser sends for itself are not signed", func(t *testing.T) {
		r := newRequest(t, "GET", "https://s3.test/key", "")
		r.Header = http.Header{"Accept": {"*/*"}, "User-Agent": {"x"}, "Accept-Language": {"de"}, "Range": {"bytes=0-9"}}
		u, err := s3Signer().Presign(r, time.Hour)
		require.NoError(t, err)
		assert.Equal(t, "host;range", query(u).Get("X-Amz-SignedHeaders"))
	})
	t.Run("a service other than S3 signs the content", func(t *testing.T) {
		a, err := exampleSigner().Presign(newRequest(t, "POST", "https://h.test/", "a"), time.Hour)
		require.NoError(t, err)
		b, err := exampleSigner().Presign(newRequest(t, "POST", "https://h.test/", "b"), time.Hour)
		require.NoError(t, err)
		assert.NotEqual(t, a.String(), b.String())
		r, err := http.NewRequest("POST", "https://h.test/", io.MultiReader(strings.NewReader("a")))
		require.NoError(t, err)
		_, err = exampleSigner().Presign(r, time.Hour)
		require.ErrorIs(t, err, sigv4.ErrNotReplayable)
	})
	t.Run("without a clock it is now", func(t *testing.T) {
		s := s3Signer()
		s.Now = nil
		before := time.Now().Add(-time.Second)
		u, err := s.Presign(newRequest(t, "GET", "https://s3.test/key", ""), time.Hour)
		require.NoError(t, err)
		date, err := time.Parse("20060102T150405Z", query(u).Get("X-Amz-Date"))
		require.NoError(t, err)
		assert.True(t, date.After(before), date)
	})
	t.Run("the caller's own hash is honoured", func(t *testing.T) {
		r := newRequest(t, "PUT", "https://s3.test/key", "")
		unsigned, err := s3Signer().Presign(r, time.Hour)
		require.NoError(t, err)
		r.Header.Set("X-Amz-Content-Sha256", emptyHash)
		u, err := s3Signer().Presign(r, time.Hour)
		require.NoError(t, err)
		assert.Equal(t, "host;x-amz-content-sha256", query(u).Get("X-Amz-SignedHeaders"))
		assert.NotEqual(t, query(unsigned).Get("X-Amz-Signature"), query(u).Get("X-Amz-Signature"))
	})
	t.Run("a method that is empty is GET", func(t *testing.T) {
		r := newRequest(t, "GET", "https://s3.test/key", "")
		want, err := s3Signer().Presign(r, time.Hour)
		require.NoError(t, err)
		r.Method = ""
		got, err := s3Signer().Presign(r, time.Hour)
		require.NoError(t, err)
		assert.Equal(t, want.String(), got.String())
	})
}

func TestChunkedFields(t *testing.T) {
	tests := []struct {
		name            string
		payload         sigv4.Payload
		header          http.Header
		encoding, trail string
		hash            string
	}{
		{"no coding before", sigv4.PayloadStreamSigned, nil, "aws-chunked", "", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
		{"in front of a coding", sigv4.PayloadStreamSigned, http.Header{"Content-Encoding": {"gzip"}}, "aws-chunked,gzip", "", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
		{"in front of several", sigv4.PayloadStreamSigned, http.Header{"Content-Encoding": {"br", "gzip"}}, "aws-chunked,br,gzip", "", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
		{"CRC32 when nothing is named", sigv4.PayloadStreamSignedTrailer, nil, "aws-chunked", "x-amz-checksum-crc32", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"},
		{"the trailer that is named, in lower case", sigv4.PayloadStreamUnsignedTrailer, http.Header{"X-Amz-Trailer": {"X-Amz-Checksum-SHA256"}}, "aws-chunked", "x-amz-checksum-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"},
		{"the mode named by the caller too", sigv4.PayloadStreamUnsignedTrailer, http.Header{"X-Amz-Content-Sha256": {"STREAMING-UNSIGNED-PAYLOAD-TRAILER"}}, "aws-chunked", "x-amz-checksum-crc32", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := s3Signer()
			s.Payload = tt.payload
			r := newRequest(t, "PUT", "https://s3.test/key", "content")
			if tt.header != nil {
				r.Header = tt.header
			}
			require.NoError(t, s.Authenticate(r))
			assert.Equal(t, tt.encoding, r.Header.Get("Content-Encoding"))
			assert.Equal(t, tt.trail, r.Header.Get("X-Amz-Trailer"))
			assert.Equal(t, tt.hash, r.Header.Get("X-Amz-Content-Sha256"))
			assert.Equal(t, "7", r.Header.Get("X-Amz-Decoded-Content-Length"))
			content, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			assert.EqualValues(t, len(content), r.ContentLength)
		})
	}
	t.Run("content that the caller has encoded is signed as it is", func(t *testing.T) {
		s := s3Signer()
		s.Payload = sigv4.PayloadStreamUnsignedTrailer
		r := newRequest(t, "PUT", "https://s3.test/key", "1\r\nx\r\n0\r\n\r\n")
		r.Header.Set("Content-Encoding", "aws-chunked")
		r.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
		require.NoError(t, s.Authenticate(r))
		content, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		assert.Equal(t, "1\r\nx\r\n0\r\n\r\n", string(content))
	})
	t.Run("no content is not encoded", func(t *testing.T) {
		s := s3Signer()
		s.Payload = sigv4.PayloadStreamSigned
		r := newRequest(t, "GET", "https://s3.test/key", "")
		require.NoError(t, s.Authenticate(r))
		assert.Nil(t, r.Body)
		assert.Equal(t, emptyHash, r.Header.Get("X-Amz-Content-Sha256"))
		assert.NotContains(t, r.Header, "Content-Encoding")
	})
	t.Run("no content with a trailer that is asked for is encoded", func(t *testing.T) {
		s := s3Signer()
		s.Payload = sigv4.PayloadStreamUnsignedTrailer
		r := newRequest(t, "PUT", "https://s3.test/key", "")
		r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32")
		require.NoError(t, s.Authenticate(r))
		content, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		assert.Equal(t, "0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", string(content))
		assert.EqualValues(t, len(content), r.ContentLength)
	})
}

// TestChecksums has the check values that the checksums are specified with,
// those of the digits 1 to 9, in base64.
func TestChecksums(t *testing.T) {
	for name, want := range map[string]string{
		"crc32":     "y/Q5Jg==",     // cbf43926
		"crc32c":    "4waSgw==",     // e3069283
		"crc64nvme": "rosUhgp5mIg=", // ae8b14860a799888
		"sha1":      "98O8HYCOBHMq32eZZczDTKeuNEE=",
		"sha256":    "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
	} {
		t.Run(name, func(t *testing.T) {
			s := s3Signer()
			s.Payload = sigv4.PayloadStreamUnsignedTrailer
			r := newRequest(t, "PUT", "https://s3.test/key", "123456789")
			r.Header.Set("X-Amz-Trailer", "x-amz-checksum-"+name)
			require.NoError(t, s.Authenticate(r))
			content, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			assert.Equal(t, "9\r\n123456789\r\n0\r\nx-amz-checksum-"+name+":"+want+"\r\n\r\n", string(content))
			assert.EqualValues(t, len(content), r.ContentLength)
		})
	}
}

func TestChunkedReading(t *testing.T) {
	stream := func(t *testing.T, declared int64, body io.ReadCloser) *http.Request {
		s := s3Signer()
		s.Payload = sigv4.PayloadStreamSigned
		r := newRequest(t, "PUT", "https://s3.test/key", "")
		r.Body, r.ContentLength = body, declared
		require.NoError(t, s.Authenticate(r))
		return r
	}
	t.Run("any size of reads gives the same bytes", func(t *testing.T) {
		content := strings.Repeat("0123456789", 7000)
		want, err := io.ReadAll(stream(t, 70000, io.NopCloser(strings.NewReader(content))).Body)
		require.NoError(t, err)
		for _, size := range []int{1, 7, 4096, 65536, 1 << 20} {
			body := stream(t, 70000, io.NopCloser(strings.NewReader(content))).Body
			var got bytes.Buffer
			_, err := io.CopyBuffer(&got, struct{ io.Reader }{body}, make([]byte, size))
			require.NoError(t, err)
			assert.True(t, bytes.Equal(want, got.Bytes()), size)
		}
	})
	t.Run("content shorter than declared", func(t *testing.T) {
		_, err := io.ReadAll(stream(t, 70000, io.NopCloser(strings.NewReader("short"))).Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.ErrorContains(t, err, "69995 bytes shorter")
	})
	t.Run("content longer than declared", func(t *testing.T) {
		_, err := io.ReadAll(stream(t, 3, io.NopCloser(strings.NewReader("longer"))).Body)
		require.ErrorContains(t, err, "longer than its declared length")
	})
	t.Run("an error of the content is passed on", func(t *testing.T) {
		broken := errors.New("broken")
		for _, after := range []int64{0, 5} {
			body := io.MultiReader(strings.NewReader("hello"[:after]), failing{broken})
			_, err := io.ReadAll(stream(t, 5, io.NopCloser(body)).Body)
			require.ErrorIs(t, err, broken)
		}
	})
	t.Run("an empty read costs nothing", func(t *testing.T) {
		n, err := stream(t, 5, io.NopCloser(strings.NewReader("hello"))).Body.Read(nil)
		require.NoError(t, err)
		assert.Zero(t, n)
	})
	t.Run("closing closes the content", func(t *testing.T) {
		o := &opened{content: "hello"}
		body, _ := o.Open()
		require.NoError(t, stream(t, 5, body).Body.Close())
		assert.Equal(t, 1, o.close)
	})
	t.Run("an error of opening again is passed on", func(t *testing.T) {
		s := s3Signer()
		s.Payload = sigv4.PayloadStreamSigned
		broken := errors.New("broken")
		r := newRequest(t, "PUT", "https://s3.test/key", "content")
		r.GetBody = (&opened{fail: broken}).Open
		require.NoError(t, s.Authenticate(r))
		_, err := r.GetBody()
		require.ErrorIs(t, err, broken)
	})
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
