package bench_test

import (
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write compare.md instead of comparing with it")

const (
	comparePath = "compare.md"
	notion      = "–" // what a library has no notion of
)

var basicAuth = "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))

// library is a column.
type library struct {
	name    string
	module  string // "": the standard library
	new     func(wishes) peer
	session bool // it has defaults that calls share
	retries bool // it can send again what was answered 503
	with    map[string]variant
}

// variant is a documented setting that changes a cell.
type variant struct {
	label string
	set   func(*wishes)
}

func withJar(w *wishes)     { w.jar = true }
func withLimit(w *wishes)   { w.limit = 1 << 20 }
func withBreaker(w *wishes) { w.breaker = true }

var (
	stripping = variant{"`RedirectHeaderStripSensitivePolicy`", func(w *wishes) { w.strip = true }}
	stdJar    = variant{"`cookiejar` and `publicsuffix.List`", withJar}
	stdLimit  = variant{"`http.MaxBytesReader`", withLimit}
	nilHeader = variant{"`Request.Header[key] = nil`", func(w *wishes) { w.nilHeader = true }}
)

var libraries = []library{
	{name: "requests", module: "github.com/seed-3bbad739/requests", new: newSessionPeer, session: true, retries: true, with: map[string]variant{
		"outage": {"`adapters.Breaker`", withBreaker},
	}},
	{name: "net/http by hand", new: newHandPeer, with: map[string]variant{"cookies": stdJar, "bomb": stdLimit}},
	{name: "resty v3", module: "resty.dev/v3", new: newResty3Peer, session: true, retries: true, with: map[string]variant{
		"authorization": stripping, "api key": stripping,
		"defaults": nilHeader,
		"bomb":     {"`SetResponseBodyLimit`", withLimit},
		"outage":   {"`NewCircuitBreakerCount(10, …)`", withBreaker},
	}},
	{name: "resty v2", module: "github.com/go-resty/resty/v2", new: newResty2Peer, session: true, retries: true, with: map[string]variant{
		"defaults": nilHeader,
		"bomb":     {"`SetResponseBodyLimit`", withLimit},
		"retry":    {"`SetRetryAfter`", func(w *wishes) { w.retryAfter = true }},
	}},
	{name: "carlmjohnson/requests", module: "github.com/carlmjohnson/requests", new: newCarlPeer, session: true, with: map[string]variant{
		"cookies": {"`NewCookieJar`", withJar},
	}},
	{name: "go-retryablehttp", module: "github.com/hashicorp/go-retryablehttp", new: newRetryablePeer, retries: true, with: map[string]variant{
		"cookies": stdJar, "bomb": stdLimit,
	}},
	{name: "sling", module: "github.com/dghubble/sling", new: newSlingPeer, session: true, with: map[string]variant{"cookies": stdJar}},
	{name: "fasthttp", module: "github.com/valyala/fasthttp", new: newFastPeer, with: map[string]variant{
		"bomb":    {"`BodyUncompressedWithLimit`", withLimit},
		"codings": {"`Accept-Encoding` set and `BodyUncompressed`", func(w *wishes) { w.codings = true }},
		"proxies": {"`FasthttpProxyHTTPDialer`", func(w *wishes) { w.environ = true }},
	}},
}

// comparison is a row. Its cells are what run finds.
type comparison struct {
	key   string // the subtest
	title string
	file  string // where run is
	run   func(t *testing.T, l library, w wishes) string
	// applies says whether a library has the notion; nil, all have.
	applies func(library) bool
	race    bool // it takes the race detector to tell
}

func hasSession(l library) bool { return l.session }
func hasRetries(l library) bool { return l.retries }

var comparisons = []comparison{
	{
		key: "authorization", file: "compare_redirect_test.go", run: compareAuthorization,
		title: "Where the session's Basic credentials go along by a redirect",
	},
	{
		key: "api key", file: "compare_redirect_test.go", run: compareKey,
		title: "Where the session's X-Api-Key goes along by a redirect",
	},
	{
		key: "body", file: "compare_redirect_test.go", run: compareBody,
		title: "A POST is answered 307: what the second request has, of a file; of a reader that cannot seek",
	},
	{
		key: "dropped", file: "compare_response_test.go", run: compareDropped,
		title: "The response is dropped, not read, not closed",
	},
	{
		key: "bomb", file: "compare_response_test.go", run: compareBomb,
		title: "65 MiB that gzip made 64 KiB, read into memory",
	},
	{
		key: "codings", file: "compare_response_test.go", run: compareCodings,
		title: "Over TLS; content codings asked for and undone",
	},
	{
		key: "upload", file: "compare_response_test.go", run: compareUpload,
		title: "A POST of 32 MiB from an io.Reader",
	},
	{
		key: "error", file: "compare_response_test.go", run: compareError,
		title: "The error text of a failed GET of /?token=secret",
	},
	{
		key: "defaults", file: "compare_session_test.go", run: compareDefaults, applies: hasSession,
		title: "One call leaves a header of the session out; has a param that the session has",
	},
	{
		key: "in flight", file: "compare_session_test.go", run: compareInFlight, applies: hasSession, race: true,
		title: "A header of the session is changed while calls are in flight",
	},
	{
		key: "cookies", file: "compare_session_test.go", run: compareCookies,
		title: "Cookies as it comes; one for all of co.uk; in a file",
	},
	{
		key: "proxies", file: "compare_session_test.go", run: compareProxies,
		title: "HTTP_PROXY changes while the program runs",
	},
	{
		key: "retry", file: "compare_retry_test.go", run: compareRetry, applies: hasRetries,
		title: "Three tries: POST answered 503; Retry-After",
	},
	{
		key: "outage", file: "compare_retry_test.go", run: compareOutage, applies: hasRetries,
		title: "Three tries: requests of 100 GETs when all are answered 503",
	},
}

// TestComparison runs every library in every row and compares what it finds
// with compare.md. What a run leaves out (by -run, or for want of the race
// detector) is taken from the file.
func TestComparison(t *testing.T) {
	file, err := os.ReadFile(comparePath)
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	cells := readCells(string(file))
	for _, c := range comparisons {
		t.Run(c.key, func(t *testing.T) {
			if c.race && !raceEnabled {
				t.Skip("only the race detector can tell; the cells are compare.md's")
			}
			for i, l := range libraries {
				t.Run(l.name, func(t *testing.T) { cells[c.title][i] = cell(t, c, l) })
			}
		})
	}
	if t.Failed() {
		return
	}
	got := writeTable(t, cells)
	if *update {
		require.NoError(t, os.WriteFile(comparePath, []byte(got), 0o666))
		return
	}
	require.Equal(t, anyGo(string(file)), anyGo(got), "run go test -race -run TestComparison -update if that is how things are")
}

func cell(t *testing.T, c comparison, l library) string {
	if c.applies != nil && !c.applies(l) {
		return notion
	}
	found := c.run(t, l, wishes{})
	if v, ok := l.with[c.key]; ok {
		var w wishes
		v.set(&w)
		found += "; with " + v.label + ": " + c.run(t, l, w)
	}
	return found
}

// anyGo makes nothing of the version of Go, which whoever runs the test has.
func anyGo(s string) string { return goVersion.ReplaceAllString(s, "Go") }

var goVersion = regexp.MustCompile(`Go \d+\.\d+`)

func readCells(table string) map[string][]string {
	cells := make(map[string][]string)
	for _, c := range comparisons {
		cells[c.title] = make([]string, len(libraries))
	}
	for _, line := range strings.Split(table, "\n") {
		fields := strings.Split(strings.Trim(line, "| "), " | ")
		title, _, _ := strings.Cut(strings.TrimPrefix(fields[0], "["), "](")
		if row, ok := cells[title]; ok {
			copy(row, fields[1:])
		}
	}
	return cells
}

const preface = `# How they behave

Written by ` + "`go test -race -run TestComparison -update`" + `, which runs each library against servers on
loopback; every other run of the test fails where a cell is no longer so. A library is used as it comes, in
the way its documentation shows, and once more with the setting that a cell names. “–” is a notion that it
does not have; for net/http, go-retryablehttp and fasthttp, which have no session, the credentials are set on
the request. What the calls cost is in [README.md](README.md).

`

func writeTable(t *testing.T, cells map[string][]string) string {
	var b strings.Builder
	b.WriteString(preface)
	versions := versions(t)
	b.WriteString("| |")
	for _, l := range libraries {
		require.NotEmpty(t, versions[l.module], l.module)
		fmt.Fprintf(&b, " %s (%s) |", l.name, strings.TrimPrefix(versions[l.module], "v"))
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(libraries)) + "\n")
	for _, c := range comparisons {
		fmt.Fprintf(&b, "| [%s](%s) | %s |\n", c.title, c.file, strings.Join(cells[c.title], " | "))
	}
	return b.String()
}

var required = regexp.MustCompile(`(?m)^\s+(\S+) (v\S+)$`)

// versions are those of go.mod.
func versions(t *testing.T) map[string]string {
	file, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	v := make(map[string]string)
	for _, m := range required.FindAllStringSubmatch(string(file), -1) {
		v[m[1]] = m[2]
	}
	v["github.com/seed-3bbad739/requests"] = "this tree"
	parts := strings.SplitN(strings.TrimPrefix(runtime.Version(), "go"), ".", 3)
	v[""] = "Go " + strings.Join(parts[:min(2, len(parts))], ".")
	return v
}
