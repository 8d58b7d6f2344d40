package auth_test

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/auth"
)

// given returns the credentials that a sends to target at once.
func given(t *testing.T, a auth.Authenticator, target string) string {
	t.Helper()
	r := newRequest(t, "GET", target, nil)
	require.NoError(t, a.Authenticate(r))
	return r.Header.Get("Authorization")
}

// A count has eight hexadecimal digits, and one that begins anew is a replay
// to the server.
func TestDigest_countEnds(t *testing.T) {
	for name, next := range map[string]string{"another nonce": "m", "the same nonce, which the server means to serve again": "n"} {
		t.Run(name, func(t *testing.T) {
			a := auth.Digest("u", "p")
			require.NotEmpty(t, answerTo(t, a, newRequest(t, "GET", "http://h.test/", nil), `Digest realm="r", nonce="n", qop="auth"`))
			auth.SetCount(a, auth.MaxCount-1)
			require.Contains(t, given(t, a, "http://h.test/"), "nc=ffffffff,")
			require.Empty(t, given(t, a, "http://h.test/"), "the next request asks for a nonce")
			got := answerTo(t, a, newRequest(t, "GET", "http://h.test/", nil), fmt.Sprintf(`Digest realm="r", nonce=%q, qop="auth"`, next))
			assert.Contains(t, got, fmt.Sprintf("nonce=%q, nc=00000001", next))
		})
	}
}

func TestDigest_realmsAreBounded(t *testing.T) {
	a := auth.Digest("u", "p")
	for i := range auth.MaxSessions + 1 {
		target := fmt.Sprintf("http://h.test/%d/", i)
		challenge := fmt.Sprintf(`Digest realm="r%d", nonce="n", domain="/%d/"`, i, i)
		require.Contains(t, answerTo(t, a, newRequest(t, "GET", target, nil), challenge), fmt.Sprintf(`realm="r%d"`, i))
	}
	assert.Empty(t, given(t, a, "http://h.test/0/"), "the first to be challenged is the first to go")
	for i := range auth.MaxSessions {
		assert.Contains(t, given(t, a, fmt.Sprintf("http://h.test/%d/", i+1)), fmt.Sprintf(`realm="r%d"`, i+1))
	}
}

func TestDigest_pathsAreBounded(t *testing.T) {
	const challenge = `Digest realm="r", nonce="n", domain="/always"`
	a := auth.Digest("u", "p")
	for i := range auth.MaxPaths {
		require.NotEmpty(t, answerTo(t, a, newRequest(t, "GET", fmt.Sprintf("http://h.test/%d/", i), nil), challenge))
	}
	assert.Empty(t, given(t, a, "http://h.test/0/"), "the first to be known is the first to go")
	for i := range auth.MaxPaths - 1 {
		assert.NotEmpty(t, given(t, a, fmt.Sprintf("http://h.test/%d/", i+1)), i+1)
	}
	assert.NotEmpty(t, given(t, a, "http://h.test/always"), "what each challenge names is as good as new")
}

// The path of an opaque URL is what is sent of it.
func TestDigest_opaqueURL(t *testing.T) {
	a := auth.Digest("u", "p")
	require.NotEmpty(t, answerTo(t, a, newRequest(t, "GET", "http://h.test/login", nil), `Digest realm="r", nonce="n", domain="/in/"`))
	for opaque, want := range map[string]bool{"/in/a%2fb": true, "/out/": false} {
		r := newRequest(t, "GET", "http://h.test/", nil)
		r.URL = &url.URL{Scheme: "http", Host: "h.test", Opaque: opaque}
		require.NoError(t, a.Authenticate(r))
		assert.Equal(t, want, r.Header.Get("Authorization") != "", opaque)
	}
}

// However many paths a domain names, the request that was challenged is
// answered.
func TestDigest_domainOfManyPaths(t *testing.T) {
	var domain []string
	for i := range auth.MaxPaths + 4 {
		domain = append(domain, fmt.Sprintf("/%d/", i))
	}
	a := auth.Digest("u", "p")
	r := newRequest(t, "GET", "http://h.test/0/a", nil)
	assert.NotEmpty(t, answerTo(t, a, r, fmt.Sprintf(`Digest realm="r", nonce="n", domain=%q`, strings.Join(domain, " "))))
}

// Servers behind one address may each have a nonce of their own. When there are
// too many, the one used longest ago goes, and its count with it.
func TestDigest_noncesAreBounded(t *testing.T) {
	a := auth.Digest("u", "p")
	use := func(nonce string) string {
		r := newRequest(t, "GET", "http://h.test/", nil)
		require.NoError(t, a.Authenticate(r))
		again, err := a.(auth.Challenger).Challenge(&http.Response{StatusCode: 401, Request: r, Header: http.Header{
			"Www-Authenticate": {fmt.Sprintf(`Digest realm="r", nonce=%q, qop="auth", stale=true`, nonce)},
		}})
		require.NoError(t, err)
		require.True(t, again)
		return given(t, a, "http://h.test/")
	}
	require.Contains(t, use("first"), `nonce="first", nc=00000001`)
	require.Contains(t, use("second"), `nonce="second", nc=00000001`)
	for i := range auth.MaxNonces - 1 {
		require.Contains(t, use(fmt.Sprint(i)), "nc=00000001")
	}
	assert.Regexp(t, `nonce="second", nc=0000000[^1]`, use("second"), "one that is kept goes on")
	assert.Contains(t, use("first"), `nonce="first", nc=00000001`, "one that has gone begins anew")
}

// A challenge's values are parts of a field that may have 256 KiB, and as many as
// are kept of them would keep that much.
func TestDigest_keepsNothingOfTheFieldButItsValues(t *testing.T) {
	a := auth.Digest("u", "p")
	padding := strings.Repeat(",", 240<<10)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range auth.MaxSessions * auth.MaxNonces {
		r := newRequest(t, "GET", "http://h.test/", nil)
		require.NoError(t, a.Authenticate(r))
		line := fmt.Sprintf(`Digest realm=r%d, nonce=n%d, opaque=o, algorithm=md5, domain="/%d", stale=true`, i%auth.MaxSessions, i, i)
		again, err := a.(auth.Challenger).Challenge(challengeOf(r, line+padding))
		require.NoError(t, err)
		require.True(t, again)
		require.NoError(t, a.Authenticate(r))
		info := http.Header{"Authentication-Info": {fmt.Sprintf("nextnonce=m%d", i) + padding}}
		a.(interface{ Observe(*http.Response) }).Observe(&http.Response{StatusCode: 200, Request: r, Header: info})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	assert.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(1<<20))
	runtime.KeepAlive(a)
}
