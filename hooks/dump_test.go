package hooks_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/hooks"
)

var mark = regexp.MustCompile(`\[redacted:[0-9a-f]{8}\]`)

// exchangeOf makes an exchange; a body of "once" can be read once.
func exchangeOf(kind, content, answerKind, answer string) *hooks.Exchange {
	var sent io.Reader
	if content != "" {
		sent = strings.NewReader(content)
	}
	r, err := http.NewRequest("POST", "http://u:hunter2@api.test/path?token=hunter2&a=1", sent)
	if err != nil {
		panic(err)
	}
	if content == "once" {
		r.GetBody = nil
	}
	r.Header.Set("Authorization", "Bearer hunter2")
	r.Header.Set("Cookie", "sid=hunter2")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	h := http.Header{"Set-Cookie": {"sid=hunter2; Path=/"}}
	if answerKind != "" {
		h.Set("Content-Type", answerKind)
	}
	return &hooks.Exchange{Request: r, Response: &http.Response{
		Proto: "HTTP/1.1", StatusCode: 200, Status: "200 OK", Header: h,
		ContentLength: int64(len(answer)), Body: io.NopCloser(strings.NewReader(answer)),
	}}
}

func dump(t *testing.T, e *hooks.Exchange, o *hooks.DumpOptions) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, hooks.Dump(&b, o)(e))
	assert.NotContains(t, b.String(), "hunter2")
	return mark.ReplaceAllString(b.String(), "[#]")
}

func TestDump(t *testing.T) {
	e := exchangeOf("application/json", `{"token":"hunter2","a":1}`, "application/x-www-form-urlencoded", "access_token=hunter2&b=2")
	assert.Equal(t, `> POST /path?token=[#]&a=1 HTTP/1.1
> Host: api.test
> Authorization: Bearer [#]
> Content-Type: application/json
> Cookie: sid=[#]
> Content-Length: 25
>
> {"token":"[#]","a":1}
< HTTP/1.1 200 OK
< Content-Type: application/x-www-form-urlencoded
< Set-Cookie: sid=[#]; Path=/
<
< access_token=[#]&b=2
`, dump(t, e, nil))
	rest, err := io.ReadAll(e.Response.Body)
	require.NoError(t, err)
	assert.Equal(t, "access_token=hunter2&b=2", string(rest), "the body is whole")
	again, err := io.ReadAll(e.Request.Body)
	require.NoError(t, err)
	assert.Equal(t, `{"token":"hunter2","a":1}`, string(again))
}

func TestDump_Bodies(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write([]byte(`{"token":"hunter2","text":"` + strings.Repeat("long ", 4000) + `"}`))
	w.Close()
	for _, test := range []struct {
		name string
		o    *hooks.DumpOptions
		e    *hooks.Exchange
		edit func(*hooks.Exchange)
		want []string
	}{
		{"a long one is cut", &hooks.DumpOptions{MaxBody: 8}, exchangeOf("text/plain", "0123456789", "text/plain", "abcdefghijkl"), nil, []string{"> 01234567\n> [and 2 bytes more]\n", "< abcdefgh\n< [and 4 bytes more]\n"}},
		{"none is cut within a character", &hooks.DumpOptions{MaxBody: 4}, exchangeOf("text/plain", "abc€", "", "abü€"), nil, []string{"> abc\n> [and 3 bytes more]\n", "< abü\n< [and 3 bytes more]\n"}},
		{"a secret that is cut", &hooks.DumpOptions{MaxBody: 14}, exchangeOf("application/json", `{"token": "hunter2"}`, "", ""), nil, []string{"> {\"token\": \"[#]\"\n"}},
		{"none is shown", &hooks.DumpOptions{MaxBody: -1}, exchangeOf("text/plain", "0123456789", "text/plain", "abcdefghijkl"), nil, []string{"Content-Length: 10\n>\n< HTTP", "Path=/\n<\n"}},
		{"one that can be read once", nil, exchangeOf("text/plain", "once", "", ""), nil, []string{"> [4 bytes, to be read once]\n"}},
		{"one that is no text", nil, exchangeOf("image/png", "\x00", "image/png", "\x00\x01"), nil, []string{"> [1 bytes of image/png]\n", "< [2 bytes of image/png]\n"}},
		{"a stream of events", nil, exchangeOf("", "", "text/event-stream", "data: x"), func(e *hooks.Exchange) { e.Response.ContentLength = -1 }, []string{"< [a body of unknown length of text/event-stream]\n"}},
		{"a coding is undone", &hooks.DumpOptions{MaxBody: 30000}, exchangeOf("", "", "application/json", packed.String()), func(e *hooks.Exchange) { e.Response.Header.Set("Content-Encoding", "gzip") }, []string{"< {\"token\":\"[#]\",\"text\":\"long long"}},
		{"a coding of which the end is not read", &hooks.DumpOptions{MaxBody: 40}, exchangeOf("", "", "application/json", packed.String()), func(e *hooks.Exchange) { e.Response.Header.Set("Content-Encoding", "gzip") }, []string{"[and more]\n"}},
		{"a coding that is not known is shown as it came", nil, exchangeOf("", "", "application/json", "?\x1b"), func(e *hooks.Exchange) { e.Response.Header.Set("Content-Encoding", "zip\x1b") }, []string{"< Content-Encoding: zip\\x1b\n", "< ?\\x1b\n"}},
		{"a chain of codings that is too long to be undone is told by its size", nil, exchangeOf("", "", "application/json", "hunter2"), func(e *hooks.Exchange) {
			e.Response.Header["Content-Encoding"] = []string{"gzip, gzip, gzip", "gzip, gzip,\nhttp://u:hunter2@h.test/"}
		}, []string{"\n< [7 bytes of application/json, gzip, gzip, gzip, gzip, gzip,\\nhttp://[redacted]@h.test/]\n"}},
		{"one that is coded and no text", nil, exchangeOf("image/png", "\x00", "image/png", "\x00\x01"), func(e *hooks.Exchange) {
			e.Request.Header.Set("Content-Encoding", "br")
			e.Response.Header.Set("Content-Encoding", "gzip")
		}, []string{"> [1 bytes of image/png, br]\n", "< [2 bytes of image/png, gzip]\n"}},
		{"a body cannot pass for a header", nil, exchangeOf("", "", "text/plain", "a\r\n< Set-Cookie: b\r\n\r\n> x\x1b[2J"), nil, []string{"< a\n< < Set-Cookie: b\n<\n< > x\\x1b[2J\n"}},
		{"a body that breaks", nil, exchangeOf("", "", "text/plain", "abc"), func(e *hooks.Exchange) {
			e.Response.Body = io.NopCloser(io.MultiReader(strings.NewReader("abc"), broken{}))
		}, []string{"< abc\n< [broken http://[redacted]@h.test/]\n"}},
		{"an error in place of a response", nil, exchangeOf("", "", "", ""), func(e *hooks.Exchange) { e.Response, e.Err = nil, errBroken }, []string{"! broken http://[redacted]@h.test/\n"}},
		{"a request body of unknown length", nil, exchangeOf("text/plain", "abc", "", ""), func(e *hooks.Exchange) { e.Request.ContentLength = -1 }, []string{"> Transfer-Encoding: chunked\n>\n> abc\n"}},
		{"a request body that cannot be opened", nil, exchangeOf("text/plain", "abc", "", ""), func(e *hooks.Exchange) { e.Request.GetBody = func() (io.ReadCloser, error) { return nil, errBroken } }, []string{"> [broken http://[redacted]@h.test/]\n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.edit != nil {
				test.edit(test.e)
			}
			text := dump(t, test.e, test.o)
			for _, want := range test.want {
				assert.Contains(t, text, want)
			}
		})
	}
	assert.Empty(t, dump(t, &hooks.Exchange{}, nil))
}

var errBroken = errors.New("broken http://u:hunter2@h.test/")

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errBroken }

func TestDump_Concurrently(t *testing.T) {
	var b bytes.Buffer
	hook := hooks.Dump(&b, nil)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { hook(exchangeOf("text/plain", "sent", "text/plain", "received")) })
	}
	wg.Wait()
	one := strings.Count(b.String(), "> sent\n< HTTP/1.1 200 OK\n")
	assert.Equal(t, 20, one, "exchanges are not mixed")
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errBroken }

func TestDump_AnErrorOfTheWriterIsNotTheExchanges(t *testing.T) {
	assert.NoError(t, hooks.Dump(failing{}, nil)(exchangeOf("", "", "", "")))
}

func ExampleDump() {
	request, _ := http.NewRequest("GET", "https://api.example.com/users?page=2", nil)
	hooks.Dump(os.Stdout, nil)(&hooks.Exchange{Request: request, Response: &http.Response{
		Proto: "HTTP/1.1", Status: "200 OK", Header: http.Header{"Content-Type": {"application/json"}},
		ContentLength: 10, Body: io.NopCloser(strings.NewReader(`{"id": 42}`)),
	}})
	// Output:
	// > GET /users?page=2 HTTP/1.1
	// > Host: api.example.com
	// >
	// < HTTP/1.1 200 OK
	// < Content-Type: application/json
	// <
	// < {"id": 42}
}
