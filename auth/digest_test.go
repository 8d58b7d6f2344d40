package auth_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/proxyauth"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// answerTo lets a answer the challenge to a request and returns what it set.
func answerTo(t *testing.T, a auth.Authenticator, r *http.Request, lines ...string) string {
	t.Helper()
	require.NoError(t, a.Authenticate(r))
	require.Empty(t, r.Header.Get("Authorization"))
	again, err := a.(auth.Challenger).Challenge(challengeOf(r, lines...))
	require.NoError(t, err)
	if !again {
		return ""
	}
	require.NoError(t, a.Authenticate(r))
	require.NotEmpty(t, r.Header, "a second request without credentials is useless")
	return r.Header.Get("Authorization")
}

func TestDigest_publishedExamples(t *testing.T) {
	const (
		nonce7616 = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
		rest7616  = `nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`
		user3992  = "J\u00e4s\u00f8n Doe"
	)
	tests := []struct {
		name, user, password, target, cnonce string
		challenges                           []string
		want                                 string
	}{
		{
			"RFC 2617 section 3.5", "Mufasa", "Circle Of Life", "http://www.nowhere.test/dir/index.html", "0a4f113b",
			[]string{`Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"`},
			`Digest username="Mufasa", realm="testrealm@host.com", uri="/dir/index.html", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", nc=00000001, cnonce="0a4f113b", qop=auth, response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"`,
		},
		{
			"RFC 7616 section 3.9.1 with MD5 alone", "Mufasa", "Circle of Life", "http://www.example.test/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
			[]string{`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, ` + rest7616},
			`Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=MD5, nonce="` + nonce7616 + `", nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="8ca523f5e9506fed4657c9700eebdbec", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
		},
		{
			"RFC 7616 section 3.9.1 answers the stronger of its two challenges, though it is the second", "Mufasa", "Circle of Life", "http://www.example.test/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
			[]string{
				`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, ` + rest7616,
				`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, ` + rest7616,
			},
			`Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=SHA-256, nonce="` + nonce7616 + `", nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
		},
		{
			// The RFC's own values are not of SHA-512/256; these are its erratum's.
			"RFC 7616 section 3.9.2 as its erratum corrects it", user3992, "Secret, or not?", "http://api.example.test/doe.json", "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
			[]string{`Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true`},
			`Digest username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b", realm="api@example.org", uri="/doe.json", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", nc=00000001, cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", qop=auth, response="3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", userhash=true`,
		},
		{
			"RFC 7616 section 3.9.2 without userhash, the name as an ext-value", user3992, "Secret, or not?", "http://api.example.test/doe.json", "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
			[]string{`Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8`},
			`Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm="api@example.org", uri="/doe.json", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", nc=00000001, cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", qop=auth, response="3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS"`,
		},
		{
			"RFC 2069 without qop, as RFC 2617 computes it", "Mufasa", "CircleOfLife", "http://www.nowhere.test/dir/index.html", "unused",
			[]string{`Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"`},
			`Digest username="Mufasa", realm="testrealm@host.com", uri="/dir/index.html", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", response="1949323746fe6a43ef61f9606e7febea", opaque="5ccc069c403ebaf9f0171e9517f40e41"`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := auth.Digest(tt.user, tt.password)
			auth.FixCnonce(a, tt.cnonce)
			assert.Equal(t, tt.want, answerTo(t, a, newRequest(t, "GET", tt.target, nil), tt.challenges...))
		})
	}
}

func TestDigest_credentials(t *testing.T) {
	tests := []struct {
		name, user, method, target, challenge string
		body                                  io.Reader
		want                                  []string // parts of the field; none: not answered
	}{
		{"R96 quotes and backslashes are escaped", `x"y\z`, "GET", "http://h.test/", `Digest realm="a \"b\" \\", nonce="n\"1", qop="auth"`, nil,
			[]string{`username="x\"y\\z"`, `realm="a \"b\" \\"`, `nonce="n\"1"`}},
		{"R91 the target is path and query, as sent", "u", "GET", "http://h.test/a%2Fb%20c/?q=%41&&x", `Digest realm="r", nonce="n", qop="auth"`, nil,
			[]string{`uri="/a%2Fb%20c/?q=%41&&x"`}},
		{"R91 an empty path is a slash", "u", "GET", "http://h.test", `Digest realm="r", nonce="n", qop="auth"`, nil,
			[]string{`uri="/"`}},
		{"R91 the algorithm is in the server's spelling", "u", "GET", "http://h.test/", `Digest realm="r", nonce="n", qop="auth", algorithm="sha-256-SESS"`, nil,
			[]string{`algorithm=sha-256-SESS,`}},
		{"R92 spaces around the commas of qop do not matter", "u", "GET", "http://h.test/", `Digest realm="r", nonce="n", qop="auth-int , auth"`, nil,
			[]string{`qop=auth,`}},
		{"auth-int alone is answered with the hash of the content", "u", "POST", "http://h.test/", `Digest realm="r", nonce="n", qop="auth-int"`, strings.NewReader("abc"),
			[]string{`qop=auth-int`}},
		{"auth-int over content that cannot be opened again falls back to auth", "u", "POST", "http://h.test/", `Digest realm="r", nonce="n", qop="auth-int,auth"`, io.MultiReader(strings.NewReader("abc")),
			[]string{`qop=auth,`}},
		{"auth-int alone over content that cannot be opened again is not answered", "u", "POST", "http://h.test/", `Digest realm="r", nonce="n", qop="auth-int"`, io.MultiReader(strings.NewReader("abc")), nil},
		{"a name outside ASCII is an ext-value where the charset is UTF-8", "J\u00fcrgen \u20ac", "GET", "http://h.test/", `Digest realm="r", nonce="n", qop="auth", charset="utf-8"`, nil,
			[]string{`username*=UTF-8''J%C3%BCrgen%20%E2%82%AC`}},
		{"a name outside ASCII is UTF-8 where nothing is said", "J\u00fcrgen", "GET", "http://h.test/", `Digest realm="r", nonce="n", qop="auth"`, nil,
			[]string{"username=\"J\u00fcrgen\""}},
		{"a name within ASCII is no ext-value, whatever the charset", "u", "GET", "http://h.test/", `Digest realm="r", nonce="n", qop="auth", charset=UTF-8`, nil,
			[]string{`username="u"`}},
		{"an empty opaque is returned", "u", "GET", "http://h.test/", `Digest realm="r", nonce="n", opaque=""`, nil,
			[]string{`opaque=""`}},
		{"-sess without qop carries the cnonce that its secret is made with", "u", "GET", "http://h.test/", `Digest realm="r", nonce="n", algorithm=MD5-sess`, nil,
			[]string{`cnonce="`}},
		{"the challenge may stand behind others", "u", "GET", "http://h.test/", `Basic realm="b", Negotiate, Digest realm="r", nonce="n"`, nil,
			[]string{`realm="r"`}},
		{"R92 an unknown algorithm is not answered", "u", "GET", "http://h.test/", `Digest realm="r", nonce="n", algorithm=SHA3`, nil, nil},
		{"an unknown qop is not answered", "u", "GET", "http://h.test/", `Digest realm="r", nonce="n", qop="auth-conf"`, nil, nil},
		{"a challenge without nonce is not answered", "u", "GET", "http://h.test/", `Digest realm="r", qop="auth"`, nil, nil},
		{"an empty nonce is not answered", "u", "GET", "http://h.test/", `Digest realm="r", nonce=""`, nil, nil},
		{"a challenge without realm is not answered", "u", "GET", "http://h.test/", `Digest nonce="n", qop="auth"`, nil, nil},
		{"a malformed challenge is not answered", "u", "GET", "http://h.test/", `Digest realm="r", nonce="n`, nil, nil},
		{"a repeated parameter is not answered", "u", "GET", "http://h.test/", `Digest realm="r", nonce="n", nonce="m"`, nil, nil},
		{"another scheme is not answered", "u", "GET", "http://h.test/", `Basic realm="r"`, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := answerTo(t, auth.Digest(tt.user, "p"), newRequest(t, tt.method, tt.target, tt.body), tt.challenge)
			if tt.want == nil {
				assert.Empty(t, got)
			}
			for _, part := range tt.want {
				assert.Contains(t, got, part)
			}
		})
	}
}

// digestServer checks credentials by its own reading of RFC 7616.
type digestServer struct {
	algorithm, qop, realm, user, password string
	userhash, sess                        bool
	next                                  bool // gives a new nonce with each response
	proof                                 string

	mu      sync.Mutex
	nonces  map[string]map[string]bool // the counts seen, by nonce
	made    int
	seen    []string // "nonce nc" of what was accepted
	refused int
}

func (s *digestServer) hash() hash.Hash {
	switch {
	case strings.HasPrefix(s.algorithm, "SHA-512-256"):
		return sha512.New512_256()
	case strings.HasPrefix(s.algorithm, "SHA-256"):
		return sha256.New()
	}
	return md5.New()
}

func (s *digestServer) h(text string) string {
	h := s.hash()
	io.WriteString(h, text)
	return hex.EncodeToString(h.Sum(nil))
}

func (s *digestServer) nonce() string {
	s.made++
	n := fmt.Sprintf("nonce%d", s.made)
	if s.nonces == nil {
		s.nonces = make(map[string]map[string]bool)
	}
	s.nonces[n] = make(map[string]bool)
	return n
}

func (s *digestServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	problem := s.check(w, r, body)
	if problem == "" {
		fmt.Fprintf(w, "welcome, %d bytes", len(body))
		return
	}
	s.refused++
	field := fmt.Sprintf("Digest realm=%q, nonce=%q, opaque=\"o\"", s.realm, s.nonce())
	if s.qop != "" {
		field += fmt.Sprintf(", qop=%q", s.qop)
	}
	if s.algorithm != "" {
		field += ", algorithm=" + s.algorithm
	}
	if s.userhash {
		field += ", userhash=true"
	}
	if problem == "stale" {
		field += ", stale=TRUE"
	}
	w.Header().Set("WWW-Authenticate", field)
	w.WriteHeader(http.StatusUnauthorized)
	io.WriteString(w, problem)
}

func (s *digestServer) check(w http.ResponseWriter, r *http.Request, body []byte) string {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Digest ")
	if !ok {
		return "no credentials"
	}
	ps, ok := auth.ParseParams(given)
	if !ok {
		return "malformed"
	}
	p := make(map[string]string)
	for _, kv := range ps {
		p[kv[0]] = kv[1]
	}
	user := s.user
	if s.userhash {
		user = s.h(s.user + ":" + s.realm)
	}
	if p["username"] != user || p["realm"] != s.realm || p["opaque"] != "o" || p["algorithm"] != s.algorithm || p["uri"] != r.URL.RequestURI() {
		return "other parameters"
	}
	ha1 := s.h(s.user + ":" + s.realm + ":" + s.password)
	if s.sess {
		ha1 = s.h(ha1 + ":" + p["nonce"] + ":" + p["cnonce"])
	}
	a2 := r.Method + ":" + p["uri"]
	if p["qop"] == "auth-int" {
		a2 += ":" + s.h(string(body))
	}
	middle := ":" + p["nonce"] + ":"
	if s.qop != "" {
		middle += p["nc"] + ":" + p["cnonce"] + ":" + p["qop"] + ":"
	}
	if p["response"] != s.h(ha1+middle+s.h(a2)) {
		return "wrong response"
	}
	counts := s.nonces[p["nonce"]]
	if counts == nil || s.qop != "" && counts[p["nc"]] {
		return "stale"
	}
	counts[p["nc"]] = true
	s.seen = append(s.seen, p["nonce"]+" "+p["nc"])
	var info []string
	if s.next {
		info = append(info, fmt.Sprintf("nextnonce=%q", s.nonce()))
	}
	if s.proof != "" {
		proof := s.h(ha1 + middle + s.h(":"+p["uri"]))
		if s.proof == "wrong" {
			proof = strings.Repeat("0", len(proof))
		}
		info = append(info, fmt.Sprintf("qop=auth, rspauth=%q, cnonce=%q, nc=%s", proof, p["cnonce"], p["nc"]))
	}
	if info != nil {
		w.Header().Set("Authentication-Info", strings.Join(info, ", "))
	}
	return ""
}

func (s *digestServer) client(a auth.Authenticator) *loop {
	return &loop{auth: a, base: serve(s.ServeHTTP)}
}

func send(t *testing.T, l *loop, method, target string, body io.Reader) (status int, content string) {
	t.Helper()
	resp, err := l.RoundTrip(newRequest(t, method, target, body))
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(b)
}

func TestDigest_everyCombination(t *testing.T) {
	for _, algorithm := range []string{"", "MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess"} {
		for _, qop := range []string{"", "auth", "auth-int", "auth,auth-int"} {
			for _, userhash := range []bool{false, true} {
				t.Run(fmt.Sprintf("algorithm %q, qop %q, userhash %v", algorithm, qop, userhash), func(t *testing.T) {
					s := &digestServer{algorithm: algorithm, qop: qop, userhash: userhash, sess: strings.HasSuffix(algorithm, "-sess"),
						realm: "r", user: "u", password: "p"}
					l := s.client(auth.Digest("u", "p"))
					status, content := send(t, l, "GET", "http://h.test/a?b=c", nil)
					assert.Equal(t, 200, status, content)
					status, content = send(t, l, "POST", "http://h.test/a", bytes.NewReader([]byte("content")))
					assert.Equal(t, 200, status, content)
					assert.Equal(t, "welcome, 7 bytes", content)
					assert.Equal(t, 1, s.refused, "only the first request is challenged")
				})
			}
		}
	}
}

func TestDigest_sessions(t *testing.T) {
	t.Run("R90 later requests carry the next count at once", func(t *testing.T) {
		s := &digestServer{qop: "auth", realm: "r", user: "u", password: "p"}
		l := s.client(auth.Digest("u", "p"))
		for range 3 {
			send(t, l, "GET", "http://h.test/", nil)
		}
		assert.Equal(t, []string{"nonce1 00000001", "nonce1 00000002", "nonce1 00000003"}, s.seen)
		assert.Equal(t, 1, s.refused)
	})
	t.Run("R90 a stale nonce is replaced in one more round, the count begins anew", func(t *testing.T) {
		s := &digestServer{qop: "auth", realm: "r", user: "u", password: "p"}
		l := s.client(auth.Digest("u", "p"))
		send(t, l, "GET", "http://h.test/", nil)
		s.nonces = nil
		status, _ := send(t, l, "POST", "http://h.test/", strings.NewReader("x"))
		assert.Equal(t, 200, status)
		assert.Equal(t, []string{"nonce1 00000001", "nonce2 00000001"}, s.seen)
		assert.Equal(t, 2, s.refused)
	})
	t.Run("a wrong password is tried once and the 401 comes back with its content", func(t *testing.T) {
		s := &digestServer{qop: "auth", realm: "r", user: "u", password: "p"}
		l := s.client(auth.Digest("u", "wrong"))
		for want := 2; want <= 4; want += 2 {
			status, content := send(t, l, "GET", "http://h.test/", nil)
			assert.Equal(t, 401, status)
			assert.Equal(t, "wrong response", content)
			assert.Equal(t, want, s.refused)
		}
	})
	t.Run("nextnonce is used for the next request", func(t *testing.T) {
		s := &digestServer{qop: "auth", realm: "r", user: "u", password: "p", next: true}
		l := s.client(auth.Digest("u", "p"))
		for range 3 {
			send(t, l, "GET", "http://h.test/", nil)
		}
		assert.Equal(t, []string{"nonce1 00000001", "nonce2 00000001", "nonce3 00000001"}, s.seen)
		assert.Equal(t, 1, s.refused)
	})
	t.Run("a server that proves the password is believed", func(t *testing.T) {
		s := &digestServer{qop: "auth", algorithm: "SHA-256-sess", sess: true, realm: "r", user: "u", password: "p", next: true, proof: "right"}
		l := s.client(auth.Digest("u", "p"))
		send(t, l, "GET", "http://h.test/", nil)
		send(t, l, "GET", "http://h.test/", nil)
		assert.Equal(t, 1, s.refused)
		assert.Equal(t, "nonce2 00000001", s.seen[1])
	})
	t.Run("a server that cannot prove the password is forgotten", func(t *testing.T) {
		s := &digestServer{qop: "auth", realm: "r", user: "u", password: "p", next: true, proof: "wrong"}
		l := s.client(auth.Digest("u", "p"))
		send(t, l, "GET", "http://h.test/", nil)
		send(t, l, "GET", "http://h.test/", nil)
		assert.Equal(t, 2, s.refused, "the second request began anew")
	})
	t.Run("R94 1,000 concurrent requests have a count each", func(t *testing.T) {
		s := &digestServer{qop: "auth", realm: "r", user: "u", password: "p"}
		l := s.client(auth.Digest("u", "p"))
		send(t, l, "GET", "http://h.test/", nil)
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				resp, err := l.RoundTrip(newRequest(t, "GET", "http://h.test/", nil))
				if assert.NoError(t, err) {
					assert.Equal(t, 200, resp.StatusCode)
				}
			})
		}
		wg.Wait()
		assert.Equal(t, 1, s.refused, "a count that came twice would be refused")
		assert.Len(t, s.nonces["nonce1"], 1001)
		assert.True(t, s.nonces["nonce1"]["000003e9"])
	})
}

func TestDigest_scope(t *testing.T) {
	const challenge = `Digest realm="r", nonce="n", qop="auth"`
	t.Run("R93 an origin that was never to be authenticated to is not answered", func(t *testing.T) {
		a := auth.Digest("u", "p")
		require.NoError(t, a.Authenticate(newRequest(t, "GET", "http://a.test/", nil)))
		again, err := a.(auth.Challenger).Challenge(challengeOf(newRequest(t, "GET", "http://b.test/", nil), challenge))
		require.NoError(t, err)
		assert.False(t, again)
	})
	t.Run("what one origin said is not used for another of the same realm", func(t *testing.T) {
		a := auth.Digest("u", "p")
		require.NotEmpty(t, answerTo(t, a, newRequest(t, "GET", "http://a.test/", nil), challenge))
		for _, other := range []string{"http://b.test/", "http://a.test:8080/", "https://a.test/"} {
			r := newRequest(t, "GET", other, nil)
			require.NoError(t, a.Authenticate(r))
			assert.Empty(t, r.Header, other)
		}
	})
	t.Run("the domain limits what is authenticated at once", func(t *testing.T) {
		a := auth.Digest("u", "p")
		r := newRequest(t, "GET", "http://a.test/login", nil)
		require.NotEmpty(t, answerTo(t, a, r, challenge+`, domain="/in http://b.test/ http://a.test/also"`))
		for target, want := range map[string]bool{"/in/x": true, "/also": true, "/login": true, "/": false, "/other": false} {
			r := newRequest(t, "GET", "http://a.test"+target, nil)
			require.NoError(t, a.Authenticate(r))
			assert.Equal(t, want, r.Header.Get("Authorization") != "", target)
		}
	})
	t.Run("two realms of an origin keep apart", func(t *testing.T) {
		a := auth.Digest("u", "p")
		require.Contains(t, answerTo(t, a, newRequest(t, "GET", "http://a.test/one/", nil), `Digest realm="one", nonce="n", domain="/one/"`), `realm="one"`)
		require.Contains(t, answerTo(t, a, newRequest(t, "GET", "http://a.test/two/", nil), `Digest realm="two", nonce="n"`), `realm="two"`)
		r := newRequest(t, "GET", "http://a.test/one/x", nil)
		require.NoError(t, a.Authenticate(r))
		assert.Contains(t, r.Header.Get("Authorization"), `realm="one"`)
	})
	t.Run("D71 only status 401 is answered", func(t *testing.T) {
		for _, status := range []int{400, 403, 404, 407, 500, 200} {
			a := auth.Digest("u", "p")
			r := newRequest(t, "GET", "http://a.test/", nil)
			require.NoError(t, a.Authenticate(r))
			resp := challengeOf(r, challenge)
			resp.StatusCode = status
			again, err := a.(auth.Challenger).Challenge(resp)
			require.NoError(t, err)
			assert.False(t, again, status)
		}
	})
	t.Run("a challenge that repeats the nonce refuses the password, unless it says stale", func(t *testing.T) {
		for suffix, want := range map[string]bool{"": false, ", stale=true": true} {
			a := auth.Digest("u", "p")
			require.NotEmpty(t, answerTo(t, a, newRequest(t, "GET", "http://a.test/", nil), challenge))
			r := newRequest(t, "GET", "http://a.test/", nil)
			require.NoError(t, a.Authenticate(r))
			require.Contains(t, r.Header.Get("Authorization"), "nc=00000002")
			again, err := a.(auth.Challenger).Challenge(challengeOf(r, challenge+suffix))
			require.NoError(t, err)
			assert.Equal(t, want, again)
		}
	})
	t.Run("a count that starts again with an old nonce goes on", func(t *testing.T) {
		a := auth.Digest("u", "p")
		r := newRequest(t, "GET", "http://a.test/", nil)
		require.NotEmpty(t, answerTo(t, a, r, `Digest realm="r", nonce="n1", qop="auth"`))
		for _, n := range []string{"n2", "n1"} {
			again, err := a.(auth.Challenger).Challenge(challengeOf(newRequest(t, "GET", "http://a.test/", nil), `Digest realm="r", nonce="`+n+`", qop="auth"`))
			require.NoError(t, err)
			require.True(t, again)
		}
		require.NoError(t, a.Authenticate(r))
		assert.Contains(t, r.Header.Get("Authorization"), `nonce="n1", nc=00000002`)
	})
	t.Run("what is kept of servers is bounded", func(t *testing.T) {
		a := auth.Digest("u", "p")
		for i := range auth.MaxSpaces + 10 {
			require.NoError(t, a.Authenticate(newRequest(t, "GET", fmt.Sprintf("http://h%d.test/", i), nil)))
		}
		assert.Equal(t, auth.MaxSpaces, auth.SpacesOf(a))
	})
}

func TestDigest_proxy(t *testing.T) {
	proxy := parse(t, "http://proxy.test:3128")
	tests := []struct {
		name, wantURI string
		request       func(t *testing.T) *http.Request
	}{
		{"a forwarded request is hashed in absolute form", "http://h.test/a?b", func(t *testing.T) *http.Request {
			return newRequest(t, "GET", "http://h.test/a?b", nil)
		}},
		{"a CONNECT is hashed as host and port", "h.test:443", func(t *testing.T) *http.Request {
			r := newRequest(t, "CONNECT", "http://h.test:443", nil)
			r.URL.Opaque = "h.test:443"
			return r
		}},
		{"a CONNECT for http without a port is for 80", "h.test:80", func(t *testing.T) *http.Request {
			return newRequest(t, "CONNECT", "http://h.test", nil)
		}},
		{"a CONNECT without a port is for the default one", "[::1]:443", func(t *testing.T) *http.Request {
			return newRequest(t, "CONNECT", "https://[::1]", nil)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := auth.Digest("u", "p")
			r := tt.request(t)
			r = r.WithContext(proxyauth.WithProxy(r.Context(), proxy))
			require.NoError(t, a.Authenticate(r))
			require.Empty(t, r.Header)
			resp := &http.Response{StatusCode: 407, Request: r, Header: http.Header{
				"Www-Authenticate":   {`Digest realm="origin", nonce="wrong"`},
				"Proxy-Authenticate": {`Digest realm="proxy", nonce="n", qop="auth"`},
			}}
			again, err := a.(auth.Challenger).Challenge(resp)
			require.NoError(t, err)
			require.True(t, again)
			require.NoError(t, a.Authenticate(r))
			assert.Empty(t, r.Header.Get("Authorization"))
			got := r.Header.Get("Proxy-Authorization")
			assert.Contains(t, got, `realm="proxy"`)
			assert.Contains(t, got, `uri="`+tt.wantURI+`"`)

			other := newRequest(t, "GET", "http://h.test/a?b", nil)
			other = other.WithContext(proxyauth.WithProxy(other.Context(), parse(t, "http://other.test:3128")))
			require.NoError(t, a.Authenticate(other))
			assert.Empty(t, other.Header, "another proxy knows nothing of it")
			origin := newRequest(t, "GET", "http://proxy.test:3128/", nil)
			require.NoError(t, a.Authenticate(origin))
			assert.Empty(t, origin.Header, "nor does an origin of the same address")
		})
	}
}

// What is hashed for a proxy is what net/http writes to it.
func TestDigest_proxyTarget(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		url        url.URL
		host       string // of the request, beside that of its URL
	}{
		{"the absolute form", "http://h.test/a%2Fb?c", url.URL{Scheme: "http", Host: "h.test", Path: "/a/b", RawPath: "/a%2Fb", RawQuery: "c"}, "h.test"},
		{"with the host that the caller chose", "http://virtual.test/a", url.URL{Scheme: "http", Host: "h.test", Path: "/a"}, "virtual.test"},
		{"with the URL's host where the request has none", "http://h.test/a", url.URL{Scheme: "http", Host: "h.test", Path: "/a"}, ""},
		{"an opaque URL, which is complete", "http://h.test/a%2Fb", url.URL{Scheme: "http", Host: "h.test", Opaque: "//h.test/a%2Fb"}, ""},
		{"the asterisk", "*", url.URL{Scheme: "http", Host: "h.test", Opaque: "*"}, ""},
		{"without the zone of an address", "http://[fe80::1]/a", url.URL{Scheme: "http", Host: "[fe80::1%lo]", Path: "/a"}, ""},
		{"a path alone where there is no scheme", "/a", url.URL{Host: "h.test", Path: "/a"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := auth.Digest("u", "p")
			r := newRequest(t, "OPTIONS", "http://h.test/", nil)
			r = r.WithContext(proxyauth.WithProxy(r.Context(), parse(t, "http://proxy.test:3128")))
			r.URL, r.Host = &tt.url, tt.host
			require.NoError(t, a.Authenticate(r))
			again, err := a.(auth.Challenger).Challenge(&http.Response{StatusCode: 407, Request: r, Header: http.Header{
				"Proxy-Authenticate": {`Digest realm="proxy", nonce="n", qop="auth"`},
			}})
			require.NoError(t, err)
			require.True(t, again)
			require.NoError(t, a.Authenticate(r))
			assert.Contains(t, r.Header.Get("Proxy-Authorization"), `uri="`+tt.want+`"`)
			var wire bytes.Buffer
			require.NoError(t, r.WriteProxy(&wire))
			line, err := wire.ReadString('\n')
			require.NoError(t, err)
			assert.Equal(t, "OPTIONS "+tt.want+" HTTP/1.1\r\n", line)
		})
	}
}

func TestDigest_emptyMethod(t *testing.T) {
	var given []string
	for _, method := range []string{"GET", ""} {
		a := auth.Digest("u", "p")
		auth.FixCnonce(a, "c")
		r := newRequest(t, "GET", "http://h.test/", nil)
		r.Method = method
		given = append(given, answerTo(t, a, r, `Digest realm="r", nonce="n", qop="auth"`))
	}
	require.NotEmpty(t, given[0])
	assert.Equal(t, given[0], given[1], "net/http sends no method as GET")
}

// What a response says of the next nonce is taken from the server that was
// authenticated to, and from no other.
func TestDigest_Observe(t *testing.T) {
	const challenge = `Digest realm="r", nonce="n1", qop="auth"`
	next := http.Header{"Authentication-Info": {`nextnonce="n2"`}}
	for _, tt := range []struct {
		name, challenge string
		edit            func(*http.Response) // the response to a request with credentials
		want            string
	}{
		{"the next nonce is taken", challenge, func(*http.Response) {}, "n2"},
		{"a response without a request says nothing", challenge, func(r *http.Response) { r.Request = nil }, "n1"},
		{"nor does one to a request without a URL", challenge, func(r *http.Response) { r.Request.URL = nil }, "n1"},
		{"nor one of another origin", challenge, func(r *http.Response) { r.Request.URL = parse(t, "http://other.test/") }, "n1"},
		{"nor one of a realm that is not known", challenge, func(r *http.Response) {
			r.Request.Header.Set("Authorization", `Digest realm="other", nonce="n1"`)
		}, "n1"},
		{"nor one to credentials of another scheme", `Digest realm="", nonce="n1", qop="auth"`, func(r *http.Response) {
			r.Request.Header.Set("Authorization", "Basic dTpw")
		}, "n1"},
		{"a field that breaks off says nothing", challenge, func(r *http.Response) {
			r.Header = http.Header{"Authentication-Info": {`nextnonce="n2", qop`}}
		}, "n1"},
		{"a field that contradicts itself says nothing", challenge, func(r *http.Response) {
			r.Header = http.Header{"Authentication-Info": {`nextnonce="n2"`, `nextnonce="n3"`}}
		}, "n1"},
		{"a proof over content is not checked, for the content has not been read", `Digest realm="r", nonce="n1", qop="auth-int"`, func(r *http.Response) {
			r.Header = http.Header{"Authentication-Info": {`rspauth="00", nextnonce="n2"`}}
		}, "n2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := auth.Digest("u", "p")
			r := newRequest(t, "GET", "http://h.test/", nil)
			require.NotEmpty(t, answerTo(t, a, r, tt.challenge))
			resp := &http.Response{StatusCode: 200, Request: r, Header: next}
			tt.edit(resp)
			a.(interface{ Observe(*http.Response) }).Observe(resp)
			r = newRequest(t, "GET", "http://h.test/", nil)
			require.NoError(t, a.Authenticate(r))
			assert.Contains(t, r.Header.Get("Authorization"), `nonce="`+tt.want+`"`)
		})
	}
}

func TestDigest_badInput(t *testing.T) {
	t.Run("a control character in the name is an error before anything is sent", func(t *testing.T) {
		err := auth.Digest("u\r\nX: y", "p").Authenticate(newRequest(t, "GET", "http://h.test/", nil))
		assert.ErrorIs(t, err, sentinel.InvalidHeader)
		assert.ErrorContains(t, err, "auth: digest: ")
	})
	t.Run("content that fails to open is an error", func(t *testing.T) {
		a := auth.Digest("u", "p")
		r := newRequest(t, "POST", "http://h.test/", strings.NewReader("x"))
		require.NoError(t, a.Authenticate(r))
		again, err := a.(auth.Challenger).Challenge(challengeOf(r, `Digest realm="r", nonce="n", qop="auth-int"`))
		require.NoError(t, err)
		require.True(t, again)
		gone := errors.New("gone")
		r.GetBody = func() (io.ReadCloser, error) { return nil, gone }
		assert.ErrorIs(t, a.Authenticate(r), gone)
		assert.Empty(t, r.Header)
	})
}

func ExampleDigest() {
	a := auth.Digest("Mufasa", "Circle of Life")
	r, _ := http.NewRequest("GET", "http://api.test/", nil)
	challenge := &http.Response{StatusCode: 401, Request: r, Header: http.Header{
		"Www-Authenticate": {`Digest realm="api", nonce="abc", qop="auth", algorithm=SHA-256`},
	}}
	// A session does what follows.
	a.Authenticate(r)
	fmt.Printf("%q\n", r.Header.Get("Authorization"))
	again, err := a.(auth.Challenger).Challenge(challenge)
	fmt.Println(again, err)
	a.Authenticate(r)
	fmt.Println(r.Header.Get("Authorization")[:len(`Digest username="Mufasa"`)])
	// Output:
	// ""
	// true <nil>
	// Digest username="Mufasa"
}
