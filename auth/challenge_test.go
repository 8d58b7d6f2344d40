package auth_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed-3bbad739/requests/auth"
)

func TestParseChallenges(t *testing.T) {
	type ps = [][2]string
	tests := []struct {
		name  string
		lines []string
		want  []auth.Challenge
	}{
		{"one scheme with one parameter", []string{`Basic realm="simple"`},
			[]auth.Challenge{{Scheme: "basic", Params: ps{{"realm", "simple"}}}}},
		{"the example of RFC 9110 section 11.6.1: two schemes in one line", []string{`Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\""`},
			[]auth.Challenge{{Scheme: "basic", Params: ps{{"realm", "simple"}}}, {Scheme: "newauth", Params: ps{{"realm", "apps"}, {"type", "1"}, {"title", `Login to "apps"`}}}}},
		{"two schemes in two lines", []string{`Negotiate`, `Digest realm="r", nonce="n"`},
			[]auth.Challenge{{Scheme: "negotiate"}, {Scheme: "digest", Params: ps{{"realm", "r"}, {"nonce", "n"}}}}},
		{"commas in quotes do not separate", []string{`Digest qop="auth,auth-int", realm="a, Basic b=c"`},
			[]auth.Challenge{{Scheme: "digest", Params: ps{{"qop", "auth,auth-int"}, {"realm", "a, Basic b=c"}}}}},
		{"a token68 with padding", []string{`Negotiate YII/+-._~ab==, Basic realm=x`},
			[]auth.Challenge{{Scheme: "negotiate", Token68: "YII/+-._~ab=="}, {Scheme: "basic", Params: ps{{"realm", "x"}}}}},
		{"a token68 that ends the line", []string{`NTLM TlRMTVNTUAAC=`},
			[]auth.Challenge{{Scheme: "ntlm", Token68: "TlRMTVNTUAAC="}}},
		{"names in any case, spaces and tabs anywhere", []string{"  DIGEST \t REALM \t=  \"r\"\t,,\t, Nonce=n ,"},
			[]auth.Challenge{{Scheme: "digest", Params: ps{{"realm", "r"}, {"nonce", "n"}}}}},
		{"a comma after the scheme", []string{`Digest, realm="r"`},
			[]auth.Challenge{{Scheme: "digest", Params: ps{{"realm", "r"}}}}},
		{"missing commas", []string{`Digest realm="r" nonce="n" Basic realm="b"`},
			[]auth.Challenge{{Scheme: "digest", Params: ps{{"realm", "r"}, {"nonce", "n"}}}, {Scheme: "basic", Params: ps{{"realm", "b"}}}}},
		{"an empty quoted string", []string{`Basic realm=""`},
			[]auth.Challenge{{Scheme: "basic", Params: ps{{"realm", ""}}}}},
		{"bytes beyond ASCII in quotes", []string{"Basic realm=\"caf\xe9\""},
			[]auth.Challenge{{Scheme: "basic", Params: ps{{"realm", "caf\xe9"}}}}},
		{"nothing", []string{"", " , ,"}, nil},
		{"an open quote spoils its challenge, not the one before", []string{`Basic realm="b", Digest realm="r`},
			[]auth.Challenge{{Scheme: "basic", Params: ps{{"realm", "b"}}}}},
		{"a repeated parameter spoils its challenge, not the one behind", []string{`Digest realm="a", realm="b", Basic realm="c"`},
			[]auth.Challenge{{Scheme: "basic", Params: ps{{"realm", "c"}}}}},
		{"something glued to a value spoils its challenge", []string{`Digest realm="a"b, nonce=n, Basic realm="c"`},
			[]auth.Challenge{{Scheme: "basic", Params: ps{{"realm", "c"}}}}},
		{"a missing value spoils its challenge", []string{`Digest nonce=n, realm=, Basic realm="c"`},
			[]auth.Challenge{{Scheme: "basic", Params: ps{{"realm", "c"}}}}},
		{"what is no token spoils its challenge", []string{`Digest nonce=n, (x), Basic realm="c"`},
			[]auth.Challenge{{Scheme: "basic", Params: ps{{"realm", "c"}}}}},
		{"a parameter without a scheme is taken for one, and spoiled", []string{`realm="r"`}, nil},
		{"a control character in quotes spoils its challenge, not the one behind", []string{"Digest realm=\"a\x01b\", nonce=n, Basic realm=\"c\""},
			[]auth.Challenge{{Scheme: "basic", Params: ps{{"realm", "c"}}}}},
		{"an escaped control character spoils its challenge too", []string{"Digest realm=\"a\\\x7fb\", nonce=n, Basic realm=\"c\""},
			[]auth.Challenge{{Scheme: "basic", Params: ps{{"realm", "c"}}}}},
		{"what stands in a spoilt quoted string is no challenge, escaped quotes or not", []string{"Digest realm=\"\x01\\\", Basic realm=inside, Other \\\"\", Basic realm=\"c\""},
			[]auth.Challenge{{Scheme: "basic", Params: ps{{"realm", "c"}}}}},
		{"a value too long spoils its challenge", []string{`Digest realm="` + strings.Repeat("x", 5000) + `"`}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, auth.ParseChallenges(tt.lines)) })
	}
}

func TestParseChallenges_bounds(t *testing.T) {
	assert.Len(t, auth.ParseChallenges([]string{strings.Repeat("A,", 1000)}), 32)
	var b strings.Builder
	b.WriteString("A ")
	for range 40 {
		b.WriteString("x" + strings.Repeat("y", b.Len()%37) + strings.Repeat("z", b.Len()%41) + "=1,")
	}
	assert.Empty(t, auth.ParseChallenges([]string{b.String()}))
}

func TestParseParams(t *testing.T) {
	type ps = [][2]string
	for _, tt := range []struct {
		name, list string
		want       ps
		ok         bool
	}{
		{"none", " ,\t,", nil, true},
		{"several, with odd spacing", "A = b ,, c=\"d, e\"", ps{{"a", "b"}, {"c", "d, e"}}, true},
		{"a name without a value", "a=b, c", nil, false},
		{"what is no token", "a=b, (c)=d", nil, false},
		{"an equals sign without a value", "a=b, c=", nil, false},
		{"an open quote", "a=b, c=\"d", nil, false},
		{"a name that comes twice", "a=b, A=c", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := auth.ParseParams(tt.list)
			assert.Equal(t, tt.ok, ok)
			assert.Equal(t, tt.want, got, "a list that is malformed says nothing")
		})
	}
}

// What is parsed, written again in plain form, parses to the same.
func FuzzParseChallenges(f *testing.F) {
	f.Add(`Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\""`)
	f.Add(`Negotiate YII==, Digest realm = "r" ,, nonce=n, qop="auth,auth-int"`)
	f.Add(`Digest realm="a"b, "`)
	f.Fuzz(func(t *testing.T, line string) {
		got := auth.ParseChallenges([]string{line})
		var b strings.Builder
		for i, c := range got {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(c.Scheme)
			sep := " "
			if c.Token68 != "" {
				b.WriteString(" " + c.Token68)
				sep = ", "
			}
			for _, p := range c.Params {
				b.WriteString(sep + p[0] + "=" + auth.Quote(p[1]))
				sep = ", "
			}
		}
		assert.Equal(t, got, auth.ParseChallenges([]string{b.String()}))
	})
}
