package adapters

import (
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// File returns a RoundTripper for file URLs (RFC 8089) below the directory
// root: file:///a/b is a/b in it. GET and HEAD are answered as a server would
// answer, with ranges (RFC 9110, section 14) and If-Modified-Since; another
// method is 405, what is not there 404, what may not be read 403. A directory
// answers with a list of its names in HTML.
//
// Nothing outside of root is reachable, also not by symbolic links that lead
// there. A URL's host must be empty or localhost.
func File(root string) http.RoundTripper { return &files{root} }

type files struct{ root string }

func (a *files) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL != nil && req.URL.Host != "" && !strings.EqualFold(req.URL.Host, "localhost") {
		closeContent(req)
		return nil, &failure{sentinel.InvalidURL, fmt.Errorf("adapters: file URL with a host: %q", req.URL.Host)}
	}
	if req.URL != nil && req.URL.Opaque != "" {
		closeContent(req)
		return nil, &failure{sentinel.InvalidURL, errors.New("adapters: file URL whose path does not begin with a slash")}
	}
	return Handler(http.HandlerFunc(a.serve)).RoundTrip(req)
}

func (a *files) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if name == "" {
		name = "."
	}
	local, err := filepath.Localize(name)
	if err != nil {
		fail(w, fs.ErrNotExist)
		return
	}
	root, err := os.OpenRoot(a.root)
	if err != nil {
		fail(w, err)
		return
	}
	defer root.Close()
	// Looked at before it is opened: opening a pipe waits for its writer.
	info, err := root.Stat(local)
	if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		err = fs.ErrPermission
	}
	if err != nil {
		fail(w, err)
		return
	}
	f, err := root.Open(local)
	if err != nil {
		fail(w, err)
		return
	}
	defer f.Close()
	if info.IsDir() {
		list(w, r, f)
		return
	}
	http.ServeContent(w, r, info.Name(), info.ModTime(), f)
}

// fail answers for an error of the file system without its text, which names
// paths outside of what the URL shows.
func fail(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		http.Error(w, "not found", http.StatusNotFound)
	default: // a path that leads out of the root is one of these
		http.Error(w, "forbidden", http.StatusForbidden)
	}
}

// list answers with the names in a directory, those of directories with a slash.
func list(w http.ResponseWriter, r *http.Request, dir *os.File) {
	entries, err := dir.ReadDir(-1)
	if err != nil {
		fail(w, err)
		return
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	base := strings.TrimSuffix(r.URL.Path, "/") + "/"
	io.WriteString(w, "<pre>\n")
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() {
			name += "/"
		}
		target := url.URL{Path: base + name}
		fmt.Fprintf(w, "<a href=\"%s\">%s</a>\n", html.EscapeString(target.String()), html.EscapeString(name))
	}
	io.WriteString(w, "</pre>\n")
}
