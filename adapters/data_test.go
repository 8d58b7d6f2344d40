package adapters_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

func ExampleData() {
	client := &http.Client{Transport: adapters.Data()}
	resp, err := client.Get("data:text/plain;charset=utf-8;base64,aGVsbG8=")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	content, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.Header.Get("Content-Type"), string(content))
	// Output: text/plain;charset=utf-8 hello
}

func TestData(t *testing.T) {
	const plain = "text/plain;charset=US-ASCII"
	for _, c := range []struct {
		name, url, mediaType, content string
	}{
		{"the examples of RFC 2397", "data:,A%20brief%20note", plain, "A brief note"},
		{"a charset alone", "data:;charset=iso-8859-7,%be%fg", "", ""},
		{"a charset alone, well escaped", "data:;charset=iso-8859-7,%be%fa", "text/plain;charset=iso-8859-7", "\xbe\xfa"},
		{"nothing", "data:,", plain, ""},
		{"a media type", "data:text/html,<p>x</p>", "text/html", "<p>x</p>"},
		{"a media type with quotes", "data:text/plain;a=%22b%22,x", `text/plain;a="b"`, "x"},
		{"base64", "data:;base64,aGVsbG8=", plain, "hello"},
		{"base64 in capitals", "data:text/x;BASE64,aGVsbG8=", "text/x", "hello"},
		{"base64 without padding", "data:;base64,aGVsbG8", plain, "hello"},
		{"base64 with blanks", "data:;base64,aGVs%0AbG8%20=", plain, "hello"},
		{"base64 with escapes", "data:;base64,aGVsbG8%3D", plain, "hello"},
		{"a comma in the content", "data:,a,b", plain, "a,b"},
		{"a question mark is content", "data:,a?b=c&d", plain, "a?b=c&d"},
		{"a question mark at the end", "data:,a?", plain, "a?"},
		{"a plus is a plus", "data:,a+b", plain, "a+b"},
		{"a fragment is not content", "data:,a#b", plain, "a"},
		{"slashes", "data:,//a/b", plain, "//a/b"},
		{"a scheme in capitals", "DATA:,a", plain, "a"},
		{"no comma", "data:text/plain", "", ""},
		{"bad base64", "data:;base64,a*b", "", ""},
		{"bad base64 by length", "data:;base64,a", "", ""},
		{"a line break in the media type", "data:text/x%0d%0aX: y,z", "", ""},
		{"another scheme", "http://h.test/,x", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, err := url.Parse(c.url)
			if err != nil {
				u = &url.URL{Scheme: "data", Opaque: strings.TrimPrefix(c.url, "data:")}
			}
			req := with(t, adapters.Settings{}, "GET", "http://placeholder.test", nil)
			req.URL = u
			resp, err := adapters.Data().RoundTrip(req)
			if c.mediaType == "" {
				require.ErrorIs(t, err, sentinel.InvalidURL)
				return
			}
			require.NoError(t, err)
			b, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Equal(t, c.content, string(b))
			require.Equal(t, c.mediaType, resp.Header.Get("Content-Type"))
			require.EqualValues(t, len(c.content), resp.ContentLength)
		})
	}
	t.Run("another method", func(t *testing.T) {
		resp, _ := fetch(t, adapters.Data(), with(t, adapters.Settings{}, "POST", "data:,x", strings.NewReader("x")))
		require.Equal(t, 405, resp.StatusCode)
	})
}

// What is encoded comes back; anything else is an error or content, and no panic.
func FuzzData(f *testing.F) {
	for _, s := range []string{"", ",", "text/html,x", ";base64,aGVsbG8=", "a;b=c;base64,%3d", "//h/,x", "?,x"} {
		f.Add(s, []byte(s))
	}
	f.Fuzz(func(t *testing.T, s string, content []byte) {
		if u, err := url.Parse("data:" + s); err == nil {
			req := &http.Request{Method: "GET", URL: u}
			if resp, err := adapters.Data().RoundTrip(req); err == nil {
				n, err := io.Copy(io.Discard, resp.Body)
				require.NoError(t, err)
				require.Equal(t, resp.ContentLength, n)
				require.NotContains(t, resp.Header.Get("Content-Type"), "\n")
			}
		}
		for _, written := range []string{
			"data:;base64," + base64.StdEncoding.EncodeToString(content),
			"data:," + url.PathEscape(string(content)),
		} {
			u, err := url.Parse(written)
			require.NoError(t, err)
			resp, err := adapters.Data().RoundTrip(&http.Request{Method: "GET", URL: u})
			require.NoError(t, err)
			got, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Equal(t, string(content), string(got))
		}
	})
}
