package sigv4_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/auth/sigv4"
)

// signing is the smallest user of a Signer: it signs a clone and sends it.
type signing struct {
	signer *sigv4.Signer
	base   http.RoundTripper
}

func (s signing) RoundTrip(r *http.Request) (*http.Response, error) {
	r2 := r.Clone(r.Context())
	if err := s.signer.Authenticate(r2); err != nil {
		return nil, err
	}
	return s.base.RoundTrip(r2)
}

// service starts a server that answers with the content it verified by all
// the verifiers, or with 403 and what was wrong.
func service(t testing.TB, verifiers ...verifier) (string, *http.Client) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		var content []byte
		for _, v := range verifiers {
			if err == nil {
				r.Body = io.NopCloser(bytes.NewReader(raw))
				if content, err = v.verify(r); err != nil {
					err = fmt.Errorf("single %v, decode %v: %w", v.single, v.decode, err)
				}
			}
		}
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, err.Error())
			return
		}
		w.Header().Set("Test-Trailer", r.Header.Get("Test-Trailer"))
		w.Header().Set("Test-Encoding", r.Header.Get("Content-Encoding"))
		w.Write(content)
	}))
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return server.URL, &http.Client{Transport: transport}
}

// TestWireAgrees sends signed targets through net/http to services that read
// the target in either way they are known to.
func TestWireAgrees(t *testing.T) {
	asSpelt, decoded := verifier{secret: s3Secret}, verifier{secret: s3Secret, decode: true}
	s3AsSpelt, s3Decoded := asSpelt, decoded
	s3AsSpelt.single, s3Decoded.single = true, true
	s3URL, s3Client := service(t, s3AsSpelt, s3Decoded)
	otherURL, otherClient := service(t, asSpelt)
	other := s3Signer()
	other.Service = "execute-api"

	paths := []string{
		"/", "", "/a/b", "/dir/a b+ü~'()*.txt", "/$&,:;=@!", "/a%2Fb", "/a%2fb", "/%41%7e", "/a//b", "/a/../b", "/./a/", "//", "/100%25", "/日本",
	}
	queries := []string{
		"", "?", "?acl", "?b=2&a=1", "?a=2&a=1&a", "?a=b+c", "?a=b%20c", "?a=b%2Bc", "?a=b=c", "?a=%", "?a=%zz", "?a=%e1%88%b4", "?ü=ö",
		"?a=1&&b=2&", "?&", "?=v", "?a;b=c", "?a=/?:@'()*!~", "?Param-3=x&Param=y", "?a=%00",
	}
	for _, path := range paths {
		for _, query := range queries {
			r := newRequest(t, "GET", s3URL+path+query, "")
			s3Client.Transport = signing{s3Signer(), baseOf(s3Client)}
			assertVerified(t, s3Client, r, "")
			if strings.Contains(path, "//") || strings.Contains(path, "/.") {
				continue // the verifier does not normalise
			}
			r = newRequest(t, "GET", otherURL+path+query, "")
			otherClient.Transport = signing{other, baseOf(otherClient)}
			assertVerified(t, otherClient, r, "")
		}
	}
}

func baseOf(c *http.Client) http.RoundTripper {
	if s, ok := c.Transport.(signing); ok {
		return s.base
	}
	return c.Transport
}

func assertVerified(t testing.TB, c *http.Client, r *http.Request, content string) *http.Response {
	t.Helper()
	resp, err := c.Do(r)
	require.NoError(t, err, "%s", r.URL)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	if assert.Equal(t, http.StatusOK, resp.StatusCode, "%s %s: %s", r.Method, r.URL, got) {
		assert.True(t, content == string(got), "content of %s differs: %d bytes for %d", r.URL, len(got), len(content))
	}
	return resp
}

func TestWireContent(t *testing.T) {
	url, client := service(t, verifier{secret: s3Secret, single: true})
	base := baseOf(client)
	payloads := map[string]sigv4.Payload{
		"signed":                  sigv4.PayloadSigned,
		"unsigned":                sigv4.PayloadUnsigned,
		"stream signed":           sigv4.PayloadStreamSigned,
		"stream signed trailer":   sigv4.PayloadStreamSignedTrailer,
		"stream unsigned trailer": sigv4.PayloadStreamUnsignedTrailer,
	}
	for name, payload := range payloads {
		t.Run(name, func(t *testing.T) {
			s := s3Signer()
			s.Payload = payload
			client := &http.Client{Transport: signing{s, base}}
			for _, size := range []int{0, 1, 65535, 65536, 65537, 3 * 65536} {
				content := strings.Repeat("x", size)
				r := newRequest(t, "PUT", url+"/key", content)
				r.Header.Set("Content-Type", "text/plain")
				assertVerified(t, client, r, content)
			}
			r := newRequest(t, "GET", url+"/key", "")
			assertVerified(t, client, r, "")
		})
	}
}

// TestWireReplay goes through redirects and dropped connections, where
// net/http itself opens GetBody.
func TestWireReplay(t *testing.T) {
	v := verifier{secret: s3Secret, single: true}
	var hops int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := v.verify(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		if hops++; hops%3 != 0 {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			return
		}
		w.Write(content)
	}))
	defer server.Close()
	for _, payload := range []sigv4.Payload{sigv4.PayloadSigned, sigv4.PayloadStreamSigned, sigv4.PayloadStreamSignedTrailer, sigv4.PayloadStreamUnsignedTrailer} {
		s := s3Signer()
		s.Payload = payload
		transport := &http.Transport{}
		// Signing the client's own request rather than a clone makes each
		// redirect start from a signed header and an encoded body.
		sign := roundTripper(func(r *http.Request) (*http.Response, error) {
			if err := s.Authenticate(r); err != nil {
				return nil, err
			}
			return transport.RoundTrip(r)
		})
		content := strings.Repeat("abcdefgh", 20000)
		assertVerified(t, &http.Client{Transport: sign}, newRequest(t, "PUT", server.URL+"/key", content), content)
		transport.CloseIdleConnections()
	}
	assert.Equal(t, 12, hops)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
