package adapters_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

func ExampleFile() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	os.WriteFile(filepath.Join(dir, "greeting.txt"), []byte("hello"), 0o600)

	client := &http.Client{Transport: adapters.File(dir)}
	resp, err := client.Get("file:///greeting.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	content, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.Header.Get("Content-Type"), string(content))
	// Output: text/plain; charset=utf-8 hello
}

func TestFile(t *testing.T) {
	outside := t.TempDir()
	root := filepath.Join(t.TempDir(), "root")
	write := func(path, content string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	link := func(to, name string) { require.NoError(t, os.Symlink(to, filepath.Join(root, name))) }
	write(filepath.Join(outside, "secret.txt"), "secret")
	write(filepath.Join(filepath.Dir(root), "sibling.txt"), "secret")
	write(filepath.Join(root, "a.txt"), "0123456789")
	write(filepath.Join(root, "index.html"), "<html></html>")
	write(filepath.Join(root, "a b&<c>.txt"), "odd name")
	write(filepath.Join(root, "sub", "b.json"), "{}")
	link(filepath.Join(outside, "secret.txt"), "absolute")
	link("../sibling.txt", "relative")
	link(outside, "directory")
	link("sub/b.json", "inside")
	link("nowhere", "dangling")
	mkfifo(t, filepath.Join(root, "pipe"))

	a := adapters.File(root)
	for _, c := range []struct {
		name    string
		method  string
		target  string
		header  [2]string
		status  int
		content string // "*": not looked at
	}{
		{"a file", "GET", "/a.txt", [2]string{}, 200, "0123456789"},
		{"a host that is this machine", "GET", "//localhost/a.txt", [2]string{}, 200, "0123456789"},
		{"a name with what URLs escape", "GET", "/a%20b&%3Cc%3E.txt", [2]string{}, 200, "odd name"},
		{"in a sub-directory", "GET", "/sub/b.json", [2]string{}, 200, "{}"},
		{"an index is a file, and no redirect", "GET", "/index.html", [2]string{}, 200, "<html></html>"},
		{"HEAD", "HEAD", "/a.txt", [2]string{}, 200, ""},
		{"a range", "GET", "/a.txt", [2]string{"Range", "bytes=2-4"}, 206, "234"},
		{"a range from the end", "GET", "/a.txt", [2]string{"Range", "bytes=-3"}, 206, "789"},
		{"a range beyond the end", "GET", "/a.txt", [2]string{"Range", "bytes=20-"}, 416, "*"},
		{"not modified", "GET", "/a.txt", [2]string{"If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"}, 304, ""},
		{"a directory", "GET", "/sub", [2]string{}, 200, "<pre>\n<a href=\"/sub/b.json\">b.json</a>\n</pre>\n"},
		{"a directory with a slash", "GET", "/sub/", [2]string{}, 200, "<pre>\n<a href=\"/sub/b.json\">b.json</a>\n</pre>\n"},
		{"what is not there", "GET", "/nope", [2]string{}, 404, "not found\n"},
		{"another method", "PUT", "/a.txt", [2]string{}, 405, "method not allowed\n"},
		{"DELETE", "DELETE", "/a.txt", [2]string{}, 405, "method not allowed\n"},
		{"a link inside", "GET", "/inside", [2]string{}, 200, "{}"},
		{"a link outside", "GET", "/absolute", [2]string{}, 403, "forbidden\n"},
		{"a relative link outside", "GET", "/relative", [2]string{}, 403, "forbidden\n"},
		{"through a linked directory", "GET", "/directory/secret.txt", [2]string{}, 403, "forbidden\n"},
		{"the list of a linked directory", "GET", "/directory/", [2]string{}, 403, "forbidden\n"},
		{"a link to nothing", "GET", "/dangling", [2]string{}, 404, "not found\n"},
		{"a pipe is not waited for", "GET", "/pipe", [2]string{}, 403, "forbidden\n"},
		{"upwards", "GET", "/../sibling.txt", [2]string{}, 404, "not found\n"},
		{"upwards, escaped", "GET", "/%2e%2e/sibling.txt", [2]string{}, 404, "not found\n"},
		{"upwards, with an escaped slash", "GET", "/..%2fsibling.txt", [2]string{}, 404, "not found\n"},
		{"upwards from below", "GET", "/sub/../../sibling.txt", [2]string{}, 404, "not found\n"},
		{"a zero byte", "GET", "/a.txt%00.html", [2]string{}, 404, "not found\n"},
		{"the absolute path", "GET", outside + "/secret.txt", [2]string{}, 404, "not found\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := "file://" + c.target
			if strings.HasPrefix(c.target, "//") {
				url = "file:" + c.target
			}
			req := with(t, adapters.Settings{}, c.method, url, nil)
			if c.header[0] != "" {
				req.Header.Set(c.header[0], c.header[1])
			}
			resp, got := fetch(t, a, req)
			require.Equal(t, c.status, resp.StatusCode)
			if c.content != "*" {
				require.Equal(t, c.content, got)
			}
			require.NotContains(t, got, "secret")
			require.Same(t, req, resp.Request)
		})
	}
	t.Run("names are escaped in a list", func(t *testing.T) {
		_, got := fetch(t, a, with(t, adapters.Settings{}, "GET", "file:///", nil))
		require.Contains(t, got, `<a href="/a%20b&amp;%3Cc%3E.txt">a b&amp;&lt;c&gt;.txt</a>`)
		require.Contains(t, got, `<a href="/sub/">sub/</a>`)
	})
	t.Run("another host", func(t *testing.T) {
		_, err := a.RoundTrip(with(t, adapters.Settings{}, "GET", "file://elsewhere.test/a.txt", nil))
		require.ErrorIs(t, err, sentinel.InvalidURL)
	})
	t.Run("a root that is not there", func(t *testing.T) {
		resp, _ := fetch(t, adapters.File(filepath.Join(root, "nope")), with(t, adapters.Settings{}, "GET", "file:///a.txt", nil))
		require.Equal(t, 404, resp.StatusCode)
	})
}
