package requests_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/cookies"
)

// scenario describes calls once, for both libraries: as JSON for the one, as
// options for the other. In URL, netrc and replies {base}, {addr}, {port} stand
// for the server, and {other} for the same server as another origin.
type scenario struct {
	Name      string        `json:"name"`
	Method    string        `json:"method"`
	URL       string        `json:"url"`
	Session   scenarioLayer `json:"session"`
	Call      scenarioLayer `json:"call"`
	Body      scenarioBody  `json:"body"`
	Redirects *bool         `json:"redirects"` // nil: whatever is usual
	Repeat    int           `json:"repeat"`
	Netrc     string        `json:"netrc"`

	replies []string // one after the other, the last again and again

	// Where ours is another outcome by intent: which deviation it is, what
	// ours sends instead (nil: the same), and the error (nil: the same).
	deviation string
	ours      []string
	fails     error
}

type scenarioLayer struct {
	Headers  map[string]*string  `json:"headers"` // nil removes
	Params   map[string][]string `json:"params"`  // nil removes
	Pairs    [][2]string         `json:"pairs"`
	RawQuery string              `json:"raw_query"`
	Cookies  map[string]string   `json:"cookies"`
	Auth     []string            `json:"auth"`
}

type scenarioBody struct {
	Kind  string              `json:"kind"` // "", text, form, json, stream, file; files may go with a form
	Text  string              `json:"text"`
	Form  map[string][]string `json:"form"`
	JSON  json.RawMessage     `json:"json"`
	Seek  int64               `json:"seek"`
	Files []scenarioFile      `json:"files"`
}

type scenarioFile struct {
	Field   string            `json:"field"`
	Name    *string           `json:"name"`
	Text    string            `json:"text"`
	Type    string            `json:"type"`
	Headers map[string]string `json:"headers"`
}

// referenceRunner reads scenarios from stdin and writes the name of the
// exception of each, or null.
const referenceRunner = `
import io, json, os, sys, tempfile, warnings
import requests
warnings.simplefilter("ignore")

def layer(l):
    params = dict(l["params"] or {}) or [tuple(p) for p in l["pairs"] or []] or l["raw_query"] or None
    return dict(headers=l["headers"] or None, params=params, cookies=l["cookies"] or None, auth=tuple(l["auth"]) if l["auth"] else None)

def body(b):
    kw = {}
    if b["kind"] == "text": kw["data"] = b["text"].encode()
    if b["kind"] == "form": kw["data"] = b["form"]
    if b["kind"] == "json": kw["json"] = json.loads(json.dumps(b["json"])) if b["json"] is not None else float("nan")
    if b["kind"] == "stream": kw["data"] = iter([c.encode() for c in b["text"]])
    if b["kind"] == "file":
        f = tempfile.TemporaryFile()
        f.write(b["text"].encode())
        f.seek(b["seek"])
        kw["data"] = f
    if b["files"]:
        kw["files"] = [(f["field"], (f["name"], f["text"].encode(), f["type"] or None, f["headers"] or {})) for f in b["files"]]
    return kw

def run(s):
    os.environ.pop("NETRC", None)
    if s["netrc"]:
        os.environ["NETRC"] = s["netrc"]
    with requests.Session() as session:
        d = layer(s["session"])
        session.headers.update(d["headers"] or {})
        session.params = d["params"] or {}
        session.cookies.update(d["cookies"] or {})
        session.auth = d["auth"]
        for _ in range(max(s["repeat"], 1)):
            kw = dict(layer(s["call"]), **body(s["body"]))
            if s["redirects"] is None:
                s["redirects"] = s["method"].upper() != "HEAD"
            session.request(s["method"], s["url"], allow_redirects=s["redirects"], timeout=20, **kw)

out = []
for s in json.load(sys.stdin):
    try:
        run(s)
        out.append(None)
    except Exception as e:
        out.append(type(e).__name__)
json.dump(out, sys.stdout)
`

// errSucceeds says that ours works where the reference fails.
var errSucceeds = errors.New("succeeds")

// referenceErrors are the conditions that the reference's exceptions stand for.
var referenceErrors = map[string]error{
	"MissingSchema": requests.ErrMissingScheme, "InvalidSchema": requests.ErrNoAdapter, "InvalidURL": requests.ErrInvalidURL,
	"InvalidHeader": requests.ErrInvalidHeader, "InvalidJSONError": requests.ErrInvalidJSON, "TooManyRedirects": requests.ErrTooManyRedirects,
}

// The same calls through Python's requests and through this library send the
// same: method, target, header and body. Left out are what differs by design
// in every request: User-Agent, Accept-Encoding, Connection, the order of
// fields and of cookies, and the boundary of multipart.
func TestReference(t *testing.T) {
	python := findReference(t)
	all := scenarios()
	require.GreaterOrEqual(t, len(all), 60)

	theirs := make([]*wire, len(all))
	asked := make([]scenario, len(all))
	for i, c := range all {
		theirs[i] = newReplies(t, "")
		asked[i] = c.at(t, theirs[i])
	}
	raised := runReference(t, python, asked)
	require.Len(t, raised, len(all))

	for i, c := range all {
		t.Run(c.Name, func(t *testing.T) {
			w := newReplies(t, "")
			mine := c.at(t, w)
			err := mine.run(t)
			want, got := sentTexts(t, theirs[i]), sentTexts(t, w)
			failure := referenceErrors[raised[i]]
			if raised[i] != "" && failure == nil && c.fails == nil {
				failure = errors.New("nothing known as " + raised[i])
			}
			if c.deviation != "" {
				require.Regexp(t, `^D\d+b?$`, c.deviation)
				if c.ours != nil {
					assert.NotEqual(t, want, c.ours, "%s is no deviation", c.deviation)
					want = c.ours
				}
				if c.fails != nil {
					failure = c.fails
				}
			}
			assert.Equal(t, want, got)
			if failure != nil && failure != errSucceeds {
				assert.ErrorIs(t, err, failure)
			} else {
				assert.NoError(t, err)
			}
		})
	}
}

// findReference returns the Python that has requests, and ends the test when
// there is none.
func findReference(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("python3", "-c", "import requests, sys; print(sys.executable)").Output()
	if err != nil {
		t.Skip("the reference is not to be had: python3 -c 'import requests':", err)
	}
	return strings.TrimSpace(string(out))
}

// runReference sends all scenarios from one process, whose environment has
// nothing that the reference would look at.
func runReference(t *testing.T, python string, all []scenario) []string {
	t.Helper()
	input, err := json.Marshal(all)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), python, "-c", referenceRunner)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LC_ALL=C.UTF-8"}
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s", &stderr)
	var names []*string
	require.NoError(t, json.Unmarshal(out, &names))
	raised := make([]string, len(names))
	for i, n := range names {
		if n != nil {
			raised[i] = *n
		}
	}
	return raised
}

// at returns c for the server w, which is told its replies.
func (c scenario) at(t *testing.T, w *wire) scenario {
	t.Helper()
	port := w.Addr[strings.LastIndexByte(w.Addr, ':')+1:]
	fill := strings.NewReplacer("{base}", w.URL, "{addr}", w.Addr, "{port}", port, "{other}", "http://localhost:"+port).Replace
	replies := c.replies
	if replies == nil {
		replies = []string{reply(200, "")}
	}
	w.mu.Lock()
	w.script = func(r wireRequest) string { return fill(replies[min(r.Number, len(replies))-1]) }
	w.mu.Unlock()
	c.URL = fill(c.URL)
	if c.Netrc != "" {
		path := filepath.Join(t.TempDir(), "netrc")
		require.NoError(t, os.WriteFile(path, []byte(c.Netrc), 0o600))
		c.Netrc = path
	}
	return c
}

// run makes the calls of c through this library.
func (c scenario) run(t *testing.T) error {
	t.Helper()
	if c.Netrc != "" {
		t.Setenv("NETRC", c.Netrc)
	}
	s := newSession(t, c.Session.options()...)
	for name, value := range c.Session.Cookies {
		require.NoError(t, s.Cookies().Set(cookies.Cookie{Name: name, Value: value, Domain: "127.0.0.1", HostOnly: true, Path: "/"}))
	}
	for range max(c.Repeat, 1) {
		options := append(c.Call.options(), c.Body.options(t)...)
		for name, value := range c.Call.Cookies {
			options = append(options, requests.WithCookie(&http.Cookie{Name: name, Value: value}))
		}
		switch {
		case c.Redirects == nil:
		case *c.Redirects:
			options = append(options, requests.WithMaxRedirects(30))
		default:
			options = append(options, requests.WithoutRedirects())
		}
		if _, err := s.Request(t.Context(), c.Method, c.URL, options...); err != nil {
			return err
		}
	}
	return nil
}

func (l *scenarioLayer) options() (all []requests.Option) {
	for _, k := range slices.Sorted(maps.Keys(l.Headers)) {
		if v := l.Headers[k]; v != nil {
			all = append(all, requests.WithHeader(k, *v))
		} else {
			all = append(all, requests.WithoutHeader(k))
		}
	}
	all = append(all, requests.WithParams(l.Params))
	for _, p := range l.Pairs {
		all = append(all, requests.WithParam(p[0], p[1]))
	}
	if l.RawQuery != "" {
		all = append(all, requests.WithRawQuery(l.RawQuery))
	}
	if l.Auth != nil {
		all = append(all, requests.WithAuth(auth.Basic(l.Auth[0], l.Auth[1])))
	}
	return all
}

func (b *scenarioBody) options(t *testing.T) (all []requests.Option) {
	switch b.Kind {
	case "text":
		all = append(all, requests.WithBody(b.Text))
	case "form":
		all = append(all, requests.WithForm(url.Values(b.Form)))
	case "json":
		var v any = func() {} // stands for what has no JSON, as NaN
		if b.JSON != nil {
			v = b.JSON
		}
		all = append(all, requests.WithJSON(v))
	case "stream":
		all = append(all, requests.WithBody(plainReader{strings.NewReader(b.Text)}))
	case "file":
		all = append(all, requests.WithBody(fileAt(t, b.Text, b.Seek)))
	}
	for _, f := range b.Files {
		p := requests.Part{Name: f.Field, ContentType: f.Type, Header: make(http.Header), Content: body(t, f.Text)}
		if f.Name != nil {
			p.Filename, p.HasFilename = *f.Name, true
		}
		for k, v := range f.Headers {
			p.Header.Set(k, v)
		}
		all = append(all, requests.WithMultipart(p))
	}
	return all
}

// sentTexts are the requests that w was sent, each as a text that can be
// compared: "METHOD target", the fields sorted, an empty line, the body. Host
// and Accept are left out when they are what they always are.
func sentTexts(t *testing.T, w *wire) (all []string) {
	t.Helper()
	all = []string{}
	for _, r := range w.Requests() {
		var fields []string
		seen := make(map[string]int)
		body, boundary := r.Body, "no boundary"
		for _, line := range r.Fields {
			name, value, _ := strings.Cut(line, ":")
			name, value = textproto.CanonicalMIMEHeaderKey(name), strings.TrimSpace(value)
			seen[name]++
			switch name {
			case "User-Agent", "Accept-Encoding", "Connection":
				continue
			case "Content-Type":
				if _, b, ok := strings.Cut(value, "boundary="); ok {
					boundary = b
				}
			case "Cookie":
				pairs := strings.Split(value, "; ")
				slices.Sort(pairs)
				value = strings.Join(pairs, "; ")
			}
			if name == "Host" && value == w.Addr || name == "Accept" && value == "*/*" {
				continue
			}
			fields = append(fields, name+": "+value)
		}
		if seen["Accept"] != 1 {
			fields = append(fields, "no Accept")
		}
		require.Equal(t, 1, seen["Host"], "Host lines")
		slices.Sort(fields)
		port := w.Addr[strings.LastIndexByte(w.Addr, ':')+1:]
		text := r.Method() + " " + r.Target() + "\n" + strings.Join(fields, "\n") + "\n\n" + body
		text = strings.NewReplacer(boundary, "B", "localhost:"+port, "OTHER", w.Addr, "HOST").Replace(text)
		all = append(all, text)
	}
	return all
}
