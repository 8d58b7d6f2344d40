package redact_test

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/internal/redact"
)

// plain takes the hash out of marks, which differs in every process.
func plain(s string) string {
	return regexp.MustCompile(`\[redacted:[0-9a-f]{8}\]`).ReplaceAllString(s, "[#]")
}

func TestSecretName(t *testing.T) {
	for name, want := range map[string]bool{
		"X-{Id}": false, "X-[Token]": true, "{": false,
		"Authorization": true, "X-Api-Key": true, "x-apikey": true, "Set-Cookie": true, "X-SESSION-ID": true, "My-Secret": true, "X-Amz-Server-Side-Encryption-Customer-Key": true,
		"X-Credential": true, "Www-Authenticate": true, "Accept": false, "": false, "X-Author": true, "Content-Type": false,
	} {
		assert.Equal(t, want, redact.SecretName(name), name)
	}
	for name, want := range map[string]bool{
		"access_token": true, "API_KEY": true, "X-Amz-Signature": true, "code": true, "pwd": true, "jwt": true, "page": false, "": false, "sort": false,
	} {
		assert.Equal(t, want, redact.SecretKey(name), name)
	}
}

func TestAdd(t *testing.T) {
	assert.False(t, redact.SecretKey("iban"))
	redact.Add("IBAN", "", "pin")
	assert.True(t, redact.SecretKey("iban"))
	assert.True(t, redact.SecretKey("Pin"))
	assert.False(t, redact.SecretKey("pink"), "a name that is added is a whole one")
	assert.False(t, redact.SecretKey(""))
	assert.Equal(t, "iban=[redacted]&a=1", redact.Query("iban=DE01&a=1"))
}

func TestValue(t *testing.T) {
	a, b := redact.Value("hunter2"), redact.Value("hunter3")
	assert.Regexp(t, `^\[redacted:[0-9a-f]{8}\]$`, a)
	assert.Equal(t, a, redact.Value("hunter2"), "the same secret looks the same")
	assert.NotEqual(t, a, b)
	assert.Equal(t, a, redact.Value(a), "what is hidden stays as it is")
	assert.Equal(t, redact.Mask, redact.Value(redact.Mask))
	assert.Equal(t, redact.Mask, redact.Value(""))
	assert.NotContains(t, redact.Value("[redacted:hunter2]"), "hunter2", "what only looks hidden is hidden")
}

func TestHeader(t *testing.T) {
	for _, test := range []struct{ name, field, value, want string }{
		{"the scheme of credentials stays", "Authorization", "Bearer hunter2", "Bearer [#]"},
		{"credentials without a scheme", "authorization", "hunter2", "[#]"},
		{"a token with a space that is no scheme", "Authorization", "hunter2== x", "[#]"},
		{"the scheme of a challenge stays", "WWW-Authenticate", `Digest nonce="hunter2"`, "Digest [#]"},
		{"the names of cookies stay", "Cookie", "sid=hunter2; lang=en", "sid=[#]; lang=[#]"},
		{"a cookie without a name is all value", "Cookie", "hunter2", "[#]"},
		{"base64 is no name", "Cookie", "aHVudGVyMg==", "[#]"},
		{"the attributes of a cookie stay", "Set-Cookie", "sid=hunter2; Path=/; HttpOnly; note=hunter2", "sid=[#]; Path=/; HttpOnly; [redacted]"},
		{"a name like a secret", "X-Auth-Token", "hunter2", "[#]"},
		{"any other", "Accept", "text/html, */*;q=0.8", "text/html, */*;q=0.8"},
		{"a URL in any other", "X-Next", "see http://u:hunter2@h.test/?token=hunter2#x", "see http://[redacted]@h.test/?token=[redacted]"},
		{"a relative Location", "Location", "/cb?code=hunter2&a=1", "/cb?code=[redacted]&a=1"},
		{"a control character", "Server", "a\x1b[31mb\rc", `a\x1b[31mb\rc`},
	} {
		t.Run(test.name, func(t *testing.T) { assert.Equal(t, test.want, plain(redact.Header(test.field, test.value))) })
	}
}

type marks struct{}

func (marks) HidesField(name string) bool { return name == "X-Plain" }
func (marks) HidesParam(name string) bool { return name == "plain" }

func TestMarks(t *testing.T) {
	ctx := context.WithValue(t.Context(), redact.MarksKey{}, redact.Marks(marks{}))
	require.NotNil(t, redact.MarksFrom(ctx))
	assert.Nil(t, redact.MarksFrom(t.Context()))
	m := redact.MarksFrom(ctx)
	assert.Equal(t, "[#]", plain(redact.Field("X-Plain", "hunter2", m)))
	assert.Equal(t, "hunter2", redact.Field("X-Plain", "hunter2", nil))
	assert.Equal(t, "Bearer [#]", plain(redact.Field("Authorization", "Bearer hunter2", m)))
	u := &url.URL{Scheme: "http", Host: "h.test", RawQuery: "plain=hunter2&a=1&token=x"}
	assert.Equal(t, "http://h.test?plain=[#]&a=1&token=[#]", plain(redact.Marked(u, m)))
	assert.Equal(t, "plain=hunter2", redact.MarkedQuery("plain=hunter2", nil))
	assert.Equal(t, "[#]", plain(redact.Param("plain", "hunter2", m)))
}

func TestURL(t *testing.T) {
	for _, test := range []struct{ name, raw, want string }{
		{"userinfo, all of it", "https://hunter2:x@h.test/p", "https://[redacted]@h.test/p"},
		{"a user name alone may be a token", "https://hunter2@h.test", "https://[redacted]@h.test"},
		{"secret keys of the query", "http://h.test/?a=1&token=hunter2&b", "http://h.test/?a=1&token=[redacted]&b"},
		{"an escaped key", "http://h.test/?%74oken=hunter2", "http://h.test/?%74oken=[redacted]"},
		{"a semicolon as separator", "http://h.test/?a=1;token=hunter2", "http://h.test/?a=1;token=[redacted]"},
		{"a URL in a value", "http://h.test/?to=http%3A%2F%2Fu%3Ahunter2%40h%2F%3Ftoken%3Dhunter2", "http://h.test/?to=http%3A%2F%2F%5Bredacted%5D%40h%2F%3Ftoken%3D%5Bredacted%5D"},
		{"the fragment", "http://h.test/#access_token=hunter2", "http://h.test/"},
		{"what lacks its scheme", "user:hunter2@h.test/", "user:[redacted]@h.test/"},
		{"nothing to hide", "http://h.test:80/a%20b?x=y", "http://h.test:80/a%20b?x=y"},
	} {
		t.Run(test.name, func(t *testing.T) {
			u, err := url.Parse(test.raw)
			require.NoError(t, err)
			assert.Equal(t, test.want, redact.URL(u))
			assert.NotContains(t, redact.RawURL(test.raw), "hunter2")
		})
	}
	assert.Empty(t, redact.URL(nil))
	assert.Empty(t, redact.Target(nil))
	assert.Equal(t, "http://[redacted]@h.test/p", redact.Target(&url.URL{Scheme: "http", User: url.User("u"), Host: "h.test", Path: "/p", RawQuery: "q=hunter2", ForceQuery: true}))
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "",
		"no URL":                          "no URL",
		"at http://127.0.0.1:80: refused": "at http://127.0.0.1:80: refused",
		"two\nlines":                      "two\nlines",
		`Get "http://u:hunter2@h.test/?token=hunter2": refused`:    `Get "http://[redacted]@h.test/?token=[redacted]": refused`,
		"(http://u:hunter2@h.test), then ftp://u:hunter2@h.test/x": "(http://[redacted]@h.test), then ftp://[redacted]@h.test/x",
		`<a href="/a?x=1&amp;token=hunter2&y=2">`:                  `<a href="/a?x=1&amp;token=[redacted]&y=2">`,
		"see ?token=hunter2, token=is shown":                       "see ?token=[redacted] token=is shown",
		"a\x1b[2J\x00\u202eb\xff":                                  `a\x1b[2J\x00\u202eb\xff`,
	} {
		assert.Equal(t, want, redact.Text(text))
		assert.Equal(t, want, redact.Text(redact.Text(text)), "twice is as once")
	}
	assert.Equal(t, "ü\t€ \r\n \ufffd \xa0"[:len("ü\t€ \r\n \ufffd ")]+`\xa0`, redact.Escape("ü\t€ \r\n \ufffd \xa0"))
}

func TestBody(t *testing.T) {
	const boundary = "multipart/form-data; boundary=B"
	for _, test := range []struct{ name, kind, content, want string }{
		{"a member of JSON", "application/json", `{"token": "hunter2", "a": [1]}`, `{"token": "[#]", "a": [1]}`},
		{"at any depth", "application/vnd.api+json; charset=utf-8", `[{"a":{"password":"hunter2"}}]`, `[{"a":{"password":"[#]"}}]`},
		{"a number", "application/json", `{"pwd":4711,"x":1}`, `{"pwd":"[#]","x":1}`},
		{"an object and a list", "application/json", `{"credentials":{"a":["hunter2"]},"secret":["hunter2",{"b":"}"}],"x":1}`, `{"credentials":"[#]","secret":"[#]","x":1}`},
		{"what can be no secret", "application/json", `{"token":null,"auth":true,"session":false}`, `{"token":null,"auth":true,"session":false}`},
		{"an escaped name", "application/json", `{"t\u006fken":"hunter2"}`, `{"t\u006fken":"[#]"}`},
		{"a quote in the value", "application/json", `{"token":"hun\"ter2","x":"\""}`, `{"token":"[#]","x":"\""}`},
		{"cut in the value", "application/json", `{"token": "hunter`, `{"token": "[#]"`},
		{"cut in an object", "application/json", `{"secret": {"a":"hunter2`, `{"secret": "[#]"`},
		{"cut behind the name", "application/json", `{"token":`, `{"token":`},
		{"JSON in a string", "application/json", `{"body":"{\"token\":\"hunter2\"}"}`, `{"body":"{\"token\":\"[#]\"}"}`},
		{"a URL in a string", "application/json", `{"next":"http://u:hunter2@h.test/"}`, `{"next":"http://[redacted]@h.test/"}`},
		{"a value that is a name", "application/json", `{"a":"token","b":"x"}`, `{"a":"token","b":"x"}`},
		{"JSON lines", "application/x-ndjson", "{\"token\":\"hunter2\"}\n{\"token\":\"hunter2\"}\n", "{\"token\":\"[#]\"}\n{\"token\":\"[#]\"}\n"},
		{"JSON that is not told to be", "", ` {"token":"hunter2"}`, ` {"token":"[#]"}`},
		{"JSON as text", "text/plain", `{"token":"hunter2"}`, `{"token":"[#]"}`},
		{"a form", "application/x-www-form-urlencoded", "a=1&client_secret=hunter2", "a=1&client_secret=[#]"},
		{"a form that is cut", "application/x-www-form-urlencoded", "client_secret=hunt", "client_secret=[#]"},
		{"a part", boundary, "--B\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nhunter2\r\n--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--B--\r\n",
			"--B\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n[#]\r\n--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--B--\r\n"},
		{"a part of JSON", boundary, "--B\r\nContent-Type: application/json\r\n\r\n{\"token\":\"hunter2\"}\r\n--B--", "--B\r\nContent-Type: application/json\r\n\r\n{\"token\":\"[#]\"}\r\n--B--"},
		{"a part that is cut", boundary, "--B\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nhunt", "--B\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n[#]"},
		{"a part of bytes is left alone", boundary, "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\nContent-Type: image/png\r\n\r\n\x00\xff\r\n--B--", "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\nContent-Type: image/png\r\n\r\n\x00\xff\r\n--B--"},
		{"a field of a part's header", boundary, "--B\r\nAuthorization: Bearer hunter2\r\nX-A: 1\r\nx-api-key:hunter2\r\n\r\nx\r\n--B--", "--B\r\nAuthorization: Bearer [#]\r\nX-A: 1\r\nx-api-key: [#]\r\n\r\nx\r\n--B--"},
		{"a URL in a part's header", boundary, "--B\r\nContent-Location: http://u:hunter2@h.test/\r\n\r\n\r\n--B--", "--B\r\nContent-Location: http://[redacted]@h.test/\r\n\r\n\r\n--B--"},
		{"a field of a part's header that is folded", boundary, "--B\r\nX-Token: hun\r\n\tter2\r\nX-A: 1\r\n 2\r\n\r\n", "--B\r\nX-Token: [#]\r\nX-A: 1\r\n 2\r\n\r\n"},
		{"a part's header that is cut", boundary, "--B\r\nX-A: 1\r\nX-Token: hunt", "--B\r\nX-A: 1\r\nX-Token: [#]"},
		{"any other text", "text/plain", "see http://u:hunter2@h.test/", "see http://[redacted]@h.test/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := string(redact.Body(test.kind, []byte(test.content)))
			assert.Equal(t, test.want, plain(got))
			assert.Equal(t, got, string(redact.Body(test.kind, []byte(got))), "twice is as once")
		})
	}
}

// The mark of a value is that of what stands between its quotes, though the
// string be no JSON.
func TestBody_stringsThatAreWrong(t *testing.T) {
	for _, test := range []struct{ name, content, inside string }{
		{"an escape that is none", `{"token":"hun\xter2"}`, `hun\xter2`},
		{"a line end", "{\"token\":\"hun\nter2\"}", "hun\nter2"},
		{"nothing but a quote, cut", `{"token":"`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := string(redact.Body("application/json", []byte(test.content)))
			assert.Equal(t, `{"token":"`+redact.Value(test.inside)+`"`, strings.TrimSuffix(got, "}"))
		})
	}
}

// A secret shows in no output, wherever it was planted, whatever stands
// around it, and wherever the text is cut. Nothing panics, and what is hidden
// once is not hidden again.
func FuzzRedact(f *testing.F) {
	f.Add("name", "before", "hunter2-hunter2", uint16(40))
	f.Add("a\"b", "&;=://@", "p w\"\\{}[],:\x00", uint16(9))
	f.Add("--B\r\n\r\n", "{\"token\":", "ünïcode\u2028", uint16(70))
	f.Fuzz(func(t *testing.T, name, around, secret string, cut uint16) {
		for _, s := range []string{name, around, secret} {
			for _, hide := range []func(string) string{redact.Text, redact.RawURL, redact.Query, func(s string) string { return string(redact.JSON([]byte(s))) }, func(s string) string { return redact.Header("Cookie", s) }, func(s string) string { return redact.Header("Set-Cookie", s) }} {
				hide(s)
			}
			require.Equal(t, redact.Text(s), redact.Text(redact.Text(s)), "twice is as once")
		}
		// The secret must be one that cannot be in the rest by accident.
		secret = "s3cr3t" + strings.ToValidUTF8(secret, "") + "t3rc3s"
		if strings.Contains(name+around, "s3cr3t") || strings.Contains(name+around, "t3rc3s") {
			t.Skip("skipped: the frame has the secret")
		}
		hidden := func(where, text string) {
			t.Helper()
			require.NotContains(t, text, "s3cr3t", where)
			require.NotContains(t, text, "t3rc3s", where)
		}
		short := func(s string) string { return s[:min(int(cut), len(s))] }

		u := &url.URL{Scheme: "http", User: url.UserPassword(secret, secret), Host: "h.test", Path: "/" + strings.ToValidUTF8(name, ""), RawQuery: url.Values{"x" + name + "token": {secret}, "plain": {around}}.Encode(), Fragment: secret}
		hidden("URL", redact.URL(u))
		hidden("raw URL", redact.RawURL(u.String()))
		hidden("text", redact.Text("cannot get \""+u.String()+"\": "+strings.ReplaceAll(around, "\"", "")))
		hidden("marked", redact.Marked(u, nil))

		member := map[string]any{strings.ToValidUTF8(name, ""): strings.ToValidUTF8(around, ""), "my_token": secret, "deep": []any{map[string]any{"password": map[string]string{"x": secret}}}}
		body, err := json.Marshal(member)
		require.NoError(t, err)
		hidden("JSON", string(redact.JSON(body)))
		hidden("JSON that is cut", string(redact.JSON([]byte(short(string(body))))))
		nested, err := json.Marshal(map[string]any{"inner": string(body)})
		require.NoError(t, err)
		hidden("JSON within JSON", string(redact.JSON(nested)))

		form := url.Values{"token": {secret}, name: {around}}.Encode()
		hidden("form", string(redact.Body("application/x-www-form-urlencoded", []byte(short(form)))))

		hidden("header", redact.Header("X-Token", secret))
		hidden("authorization", redact.Header("Authorization", "Bearer "+secret))
		hidden("cookie", redact.Header("Cookie", "a="+url.QueryEscape(secret)+"; b="+url.QueryEscape(secret)))
		hidden("set-cookie", redact.Header("Set-Cookie", "a="+url.QueryEscape(secret)+"; Path=/"))
		if !strings.Contains(secret, "--B") {
			part := "--B\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n" + secret + "\r\n--B--\r\n"
			hidden("multipart", string(redact.Body("multipart/form-data; boundary=B", []byte(short(part)))))
		}
	})
}

// Content may be cut anywhere: a URL in a form's value is one all the same.
func TestBody_cutWithinAnEscape(t *testing.T) {
	const whole = "next=http%3A%2F%2Fh%2F%3FX-Amz-Security-Token%3Dcanary%26a%3D1%2F"
	for n := strings.Index(whole, "canary") + len("canary"); n <= len(whole); n++ {
		assert.NotContains(t, string(redact.Body("application/x-www-form-urlencoded", []byte(whole[:n]))), "canary", whole[:n])
	}
}

func TestText_workForNestedURLsIsBounded(t *testing.T) {
	text := strings.Repeat("http://h/?a=", 2000) // 24 kB
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	redact.Text(text)
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20), "bytes allocated")
	assert.NotContains(t, redact.Text(text+"&token=hunter2"), "hunter2")
}

func TestBody_namesOfPartsInAllTheirSpellings(t *testing.T) {
	for _, disposition := range []string{`form-data; name="token"`, `form-data; name=token`, `form-data;name="token"`, `form-data; NAME="token"`, `form-data; name = "token"`, "form-data;\r\n name=\"token\"", "form-data; name*=utf-8''token", `form-data; name="token"; broken`} {
		body := "--B\r\nContent-Disposition: " + disposition + "\r\n\r\nhunter2\r\n--B--\r\n"
		assert.NotContains(t, string(redact.Body("multipart/form-data; boundary=B", []byte(body))), "hunter2", disposition)
		assert.NotContains(t, string(redact.Body("multipart/mixed; boundary=B", []byte(body))), "hunter2", disposition)
	}
}

func TestQuery_credentialsOfOAuth(t *testing.T) {
	for _, name := range []string{"assertion", "client_assertion", "passphrase"} {
		assert.NotContains(t, redact.Query("grant_type=x&"+name+"=hunter2"), "hunter2", name)
	}
}
