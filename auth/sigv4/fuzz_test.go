package sigv4_test

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/auth/sigv4"
)

// FuzzCanonicalQuery: what is sent means what was given, wherever net/url can
// read that, and is its own canonical spelling.
func FuzzCanonicalQuery(f *testing.F) {
	for _, seed := range []string{"", "a=1&b=2", "b&a", "a+b=%2B", "a=%zz&%", "a=b=c&&", "%e1%88%b4=ü", "a;b=c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		canonical, wire := sigv4.CanonicalQuery(raw)
		c2, w2 := sigv4.CanonicalQuery(wire)
		assert.Equal(t, canonical, c2)
		assert.Equal(t, wire, w2)
		again, w3 := sigv4.CanonicalQuery(canonical)
		assert.Equal(t, canonical, again)
		assert.Equal(t, canonical, w3)
		if want, err := url.ParseQuery(raw); err == nil {
			got, err := url.ParseQuery(wire)
			require.NoError(t, err)
			assert.Equal(t, want, got)
			sorted, err := url.ParseQuery(canonical)
			require.NoError(t, err)
			require.Len(t, sorted, len(want))
			for key := range want {
				slices.Sort(want[key]) // a canonical query sorts what is encoded, which differs
				slices.Sort(sorted[key])
				require.Equal(t, want[key], sorted[key])
			}
		}
	})
}

// FuzzAuthenticate: no panic; with a fixed clock a second signature is equal;
// the secret is nowhere in the request; and presigning changes nothing.
func FuzzAuthenticate(f *testing.F) {
	f.Add("GET", "https://bucket.s3.test/key?a=1", "X-Custom", "a  b", "secret", "token", "content", byte(0), true)
	f.Add("PUT", "http://[::1]:80//a/../b%2F?x&x=+", "Content-Encoding", "gzip", "s", "", "", byte(3), false)
	f.Add("PUT", "http://h.test", "X-Amz-Trailer", "x-amz-checksum-crc64nvme", "s", "", "c", byte(4), true)
	f.Add("PUT", "opaque:/a b", "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD", "s", "", "c", byte(2), true)
	f.Fuzz(func(t *testing.T, method, target, name, value, secret, token, content string, payload byte, s3 bool) {
		secret = "CANARY" + secret
		if strings.Contains(target+name+value+token+content+method, "CANARY") {
			t.Skip("the secret is in the request from the start")
		}
		r, err := http.NewRequest(method, target, strings.NewReader(content))
		if err != nil {
			t.Skip("no request:", err)
		}
		if name != "" {
			r.Header.Set(name, value)
		}
		s := &sigv4.Signer{
			Service: "execute-api", Region: "us-east-1", Credentials: sigv4.Static("AKID", secret, token),
			Payload: sigv4.Payload(payload % 5), Now: at("20130524T000000Z"),
		}
		if s3 {
			s.Service = "s3"
		}
		before := dump(t, r)
		if u, err := s.Presign(r, time.Hour); err == nil {
			assert.NotContains(t, u.String(), "CANARY")
		}
		assert.Equal(t, before, dump(t, r))

		again := r.Clone(t.Context())
		if err := s.Authenticate(r); err != nil {
			assert.NotContains(t, err.Error(), "CANARY")
			return
		}
		require.NoError(t, s.Authenticate(again))
		require.NoError(t, s.Authenticate(again))
		assert.Equal(t, r.Header, again.Header)
		assert.Equal(t, r.URL, again.URL)
		assert.Equal(t, r.ContentLength, again.ContentLength)
		assert.NotContains(t, dump(t, r), "CANARY")
	})
}

// dump is r with its content, which stays to be read.
func dump(t *testing.T, r *http.Request) string {
	var b bytes.Buffer
	b.WriteString(r.Method + " " + r.URL.String() + " " + r.Host + "\n")
	require.NoError(t, r.Header.Write(&b))
	if r.GetBody != nil {
		body, err := r.GetBody()
		require.NoError(t, err)
		defer body.Close()
		_, err = b.ReadFrom(body)
		require.NoError(t, err)
	}
	return b.String()
}
