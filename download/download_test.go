package download_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/download"
)

const size = 100_000

// What a server does, and what the file and the requests are like after it.
// The file is either the server's last content or not there.
func TestFile(t *testing.T) {
	v2 := become(2, size+5000, `"v2"`)
	cut := turn{cut: 30_000}
	for _, c := range []struct {
		name    string
		size    int
		turns   []turn
		options func(*download.Options)
		ranges  []string // asked for, by request
		err     error
		text    string // in the error
		left    bool   // what a later call can go on from
	}{
		{name: "a file", size: size, ranges: []string{""}},
		{name: "an empty file", size: 0, ranges: []string{""}},
		{name: "content of unknown size", size: size, turns: []turn{{chunked: true}}, ranges: []string{""}},

		{name: "a cut is gone on from", size: size, turns: []turn{cut, {}}, ranges: []string{"", "bytes=30000-99999"}},
		{name: "and another", size: size, turns: []turn{cut, cut, cut, {}}, ranges: []string{"", "bytes=30000-99999", "bytes=60000-99999", "bytes=90000-99999"}},
		{name: "a cut at the last byte", size: size, turns: []turn{{cut: size - 1}, {}}, ranges: []string{"", "bytes=99999-99999"}},
		{name: "a cut before the first byte", size: size, turns: []turn{{status: 500}, {}}, ranges: []string{"", ""}},
		{name: "unknown size, cut", size: size, turns: []turn{{chunked: true, cut: 30_000}, {}}, ranges: []string{"", "bytes=29999-"}},
		{name: "unknown size, cut after the last byte", size: size, turns: []turn{{chunked: true, cut: size}, {}}, ranges: []string{"", "bytes=99999-"}},
		{name: "unknown size, cut, and unknown again", size: size, turns: []turn{{chunked: true, cut: 30_000}, {chunked: true}}, ranges: []string{"", "bytes=29999-"}},
		{name: "a stall is a cut", size: size, turns: []turn{{stall: 30_000}, {}}, ranges: []string{"", "bytes=30000-99999"}},
		{name: "without a validator a cut begins anew", size: size, turns: []turn{{cut: 30_000, header: map[string]string{"ETag": ""}}, {}}, ranges: []string{"", ""}},
		{name: "a weak validator is none", size: size, turns: []turn{{cut: 30_000, header: map[string]string{"ETag": `W/"v1"`}}, {}}, ranges: []string{"", ""}},
		{name: "a server that says it has no ranges is not asked", size: size, turns: []turn{{cut: 30_000, header: map[string]string{"Accept-Ranges": "none"}}, {}}, ranges: []string{"", ""}},
		{name: "progress resets the count of failures", size: size, turns: []turn{{cut: 10_000}, {cut: 10_000}, {cut: 10_000}, {cut: 10_000}, {cut: 10_000}, {cut: 10_000}, {cut: 10_000}, {}},
			ranges: []string{"", "bytes=10000-99999", "bytes=20000-99999", "bytes=30000-99999", "bytes=40000-99999", "bytes=50000-99999", "bytes=60000-99999", "bytes=70000-99999"}},
		{name: "no progress ends it", size: size, turns: []turn{cut, {status: 503}}, ranges: []string{"", "bytes=30000-99999", "bytes=30000-99999", "bytes=30000-99999", "bytes=30000-99999", "bytes=30000-99999"},
			text: "after 30000 of 100000 bytes: attempt 5 of 5: 503 Server Error", left: true},
		{name: "beginning anew is no progress", size: size, turns: []turn{{cut: 30_000, header: map[string]string{"ETag": ""}}}, ranges: []string{"", "", "", "", "", ""},
			err: requests.ErrConnection},

		{name: "a change midway begins anew", size: size, turns: []turn{cut, {before: v2}}, ranges: []string{"", "bytes=30000-99999"}},
		{name: "and is gone on from too", size: size, turns: []turn{cut, {before: v2, cut: 50_000}, {}}, ranges: []string{"", "bytes=30000-99999", "bytes=50000-104999"}},
		{name: "changing without an end", size: size, turns: []turn{{cut: 30_000, before: func(o *origin) {
			become(uint64(len(o.asked)), size, fmt.Sprintf(`"%d"`, len(o.asked)))(o)
		}}}, ranges: []string{"", "bytes=30000-99999", "bytes=30000-99999", "bytes=30000-99999", "bytes=30000-99999"}, err: requests.ErrConnection, left: true},
		{name: "a range with another tag is of other content", size: size, turns: []turn{cut, {header: map[string]string{"ETag": `"v9"`}}, {}}, ranges: []string{"", "bytes=30000-99999", ""}},
		{name: "ranges that are ignored", size: size, turns: []turn{cut, {noRange: true}}, ranges: []string{"", "bytes=30000-99999"}},
		{name: "ranges that are ignored, and a cut", size: size, turns: []turn{cut, {noRange: true, cut: 40_000}, {noRange: true}}, ranges: []string{"", "bytes=30000-99999", ""}},

		{name: "a range that is no range", size: size, turns: []turn{cut, {header: map[string]string{"Content-Range": "bytes x"}}, {}}, ranges: []string{"", "bytes=30000-99999", ""}},
		{name: "a 206 without Content-Range", size: size, turns: []turn{cut, {header: map[string]string{"Content-Range": ""}}, {}}, ranges: []string{"", "bytes=30000-99999", ""}},
		{name: "a range from elsewhere", size: size, turns: []turn{cut, {header: map[string]string{"Content-Range": "bytes 29999-99998/100000"}}, {}}, ranges: []string{"", "bytes=30000-99999", ""}},
		{name: "a range that is longer", size: size, turns: []turn{cut, {header: map[string]string{"Content-Range": "bytes 30000-100000/100001"}}, {}}, ranges: []string{"", "bytes=30000-99999", ""}},
		{name: "a range that is shorter is had, and the rest asked for", size: size, turns: []turn{cut,
			{header: map[string]string{"Content-Range": "bytes 30000-30999/100000", "Content-Length": "1000"}, tamper: func(b []byte) []byte { return b[:1000] }}, {}},
			ranges: []string{"", "bytes=30000-99999", "bytes=31000-99999"}},
		{name: "content that is longer than its range", size: size, turns: []turn{cut, {chunked: true, extra: "more"}, {}}, ranges: []string{"", "bytes=30000-99999", ""}},
		{name: "a range up to the end of content of unknown size", size: size, turns: []turn{{chunked: true, cut: 30_000}, {header: map[string]string{"Content-Range": "bytes 29999-99999/*"}}, {}}, ranges: []string{"", "bytes=29999-", ""}},
		{name: "content that is shorter than its range", size: size, turns: []turn{cut, {chunked: true, tamper: func(b []byte) []byte { return b[:10_000] }}, {}},
			ranges: []string{"", "bytes=30000-99999", "bytes=40000-99999"}},
		{name: "Content-Length that contradicts the range", size: size, turns: []turn{cut, {extra: "more"}, {}}, ranges: []string{"", "bytes=30000-99999", ""}},
		{name: "a size that contradicts the first", size: size, turns: []turn{cut, {header: map[string]string{"Content-Range": "bytes 30000-99999/100001"}}, {}}, ranges: []string{"", "bytes=30000-99999", ""}},
		{name: "several ranges", size: size, turns: []turn{cut, {header: map[string]string{"Content-Type": "multipart/byteranges; boundary=x"}}, {}}, ranges: []string{"", "bytes=30000-99999", ""}},
		{name: "a coded range", size: size, turns: []turn{cut, {header: map[string]string{"Content-Encoding": "x-unknown"}}, {}}, ranges: []string{"", "bytes=30000-99999", ""}},
		{name: "416", size: size, turns: []turn{cut, {status: 416}, {}}, ranges: []string{"", "bytes=30000-99999", ""}},
		{name: "a 206 that was not asked for", size: size, turns: []turn{{status: 206}}, ranges: []string{""}, err: download.ErrRange},
		{name: "lies without an end", size: size, turns: []turn{{status: 416}, cut, {status: 416}, cut, {status: 416}, cut},
			ranges: []string{""}, text: "416"},

		{name: "404 ends it", size: size, turns: []turn{{status: 404}}, ranges: []string{""}, text: "404 Client Error: Not Found for url: http"},
		{name: "404 after a cut leaves what there is", size: size, turns: []turn{cut, {status: 404}}, ranges: []string{"", "bytes=30000-99999"}, text: "404 Client Error", left: true},
		{name: "204 brings nothing", size: size, turns: []turn{{status: 204}}, ranges: []string{""}, text: "status 204 brings no content"},
		{name: "503 with a wait that is too long", size: size, turns: []turn{{status: 503, header: map[string]string{"Retry-After": "3600"}}}, ranges: []string{""},
			text: "the server asks for a wait of 1h0m0s, MaxWait is 1ms: 503 Server Error"},

		{name: "an end that is not told", size: size, turns: []turn{{unframed: true}}, ranges: []string{""}, err: download.ErrUnframed, text: "see Options.AllowUnframed"},
		{name: "is accepted if that is wanted", size: size, turns: []turn{{unframed: true}}, options: func(o *download.Options) { o.AllowUnframed = true }, ranges: []string{""}},
		{name: "or if a digest proves it", size: size, turns: []turn{{unframed: true}}, options: func(o *download.Options) { o.SHA256 = sum(random(1, size)) }, ranges: []string{""}},
		{name: "or disproves it", size: size, turns: []turn{{unframed: true, cut: 30_000}}, options: func(o *download.Options) { o.SHA256 = sum(random(1, size)) }, ranges: []string{""}, err: download.ErrDigest},

		{name: "a digest that agrees", size: size, options: func(o *download.Options) { o.SHA256 = strings.ToUpper(sum(random(1, size))) }, ranges: []string{""}},
		{name: "a digest that agrees after a cut", size: size, turns: []turn{cut, {}}, options: func(o *download.Options) { o.SHA256 = sum(random(1, size)) }, ranges: []string{"", "bytes=30000-99999"}},
		{name: "one that does not", size: size, options: func(o *download.Options) { o.SHA256 = sum(nil) }, ranges: []string{""}, err: download.ErrDigest},
		{name: "one that is none", size: size, options: func(o *download.Options) { o.SHA256 = "abc" }, text: "Options.SHA256 is no SHA-256"},
		{name: "within the limit", size: size, options: func(o *download.Options) { o.MaxSize = size }, ranges: []string{""}},
		{name: "above the limit, by its header", size: size, options: func(o *download.Options) { o.MaxSize = size - 1 }, ranges: []string{""}, err: download.ErrTooLarge, text: "after 0 of 100000 bytes"},
		{name: "above the limit, as it comes", size: size, turns: []turn{{chunked: true}}, options: func(o *download.Options) { o.MaxSize = size - 1 }, ranges: []string{""}, err: requests.ErrBodyTooLarge},
		{name: "options that cannot be honoured", size: size, options: func(o *download.Options) { o.Segments, o.Attempts, o.MaxSize = 17, -1, -1 }, text: "Segments"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newOrigin(t, c.size, c.turns...)
			dir := t.TempDir()
			path := filepath.Join(dir, "file")
			o := quick()
			if c.options != nil {
				c.options(&o)
			}
			s := newSession(t, requests.WithTimeouts(requests.Timeouts{Read: 250 * time.Millisecond}))
			result, err := download.File(t.Context(), s, server.URL+"/f?key=s3cret", path, o)
			if c.name != "lies without an end" && c.name != "changing without an end" {
				assert.Equal(t, c.ranges, server.fields("Range"))
			}
			if c.err == nil && c.text == "" {
				require.NoError(t, err)
				holds(t, path, server.content)
				alone(t, dir, "file")
				assert.Equal(t, path, result.Path)
				assert.EqualValues(t, len(server.content), result.Size)
				assert.Equal(t, len(c.ranges), result.Requests)
				assert.Equal(t, 200, result.Response.StatusCode)
				for i, v := range server.fields("If-Range") {
					assert.Equal(t, c.ranges[i] != "", v != "", "a range is conditional")
				}
				return
			}
			require.Error(t, err)
			assert.Nil(t, result)
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
			}
			require.ErrorContains(t, err, c.text)
			assert.NotContains(t, fmt.Sprintf("%v %+v", err, err), "s3cret")
			var e *download.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.left, e.Resumable)
			if c.left {
				alone(t, dir, ".file.part", ".file.part.json")
			} else {
				alone(t, dir)
			}
		})
	}
}

func TestFile_AsksForBytes(t *testing.T) {
	server := newOrigin(t, size, turn{cut: 10}, turn{})
	s := newSession(t, requests.WithHeader("Accept-Encoding", "br"), requests.WithHeader("Range", "bytes=5-"), requests.WithRaiseForStatus(true))
	_, err := download.File(t.Context(), s, server.URL, filepath.Join(t.TempDir(), "f"), quick(),
		requests.WithHeader("If-Range", `"mine"`), requests.WithHeader("X-Own", "1"), requests.WithStream(false), requests.WithMaxBody(10))
	require.NoError(t, err)
	assert.Equal(t, []string{"identity", "identity"}, server.fields("Accept-Encoding"))
	assert.Equal(t, []string{"", "bytes=10-99999"}, server.fields("Range"))
	assert.Equal(t, []string{"", `"v1"`}, server.fields("If-Range"))
	assert.Equal(t, []string{"1", "1"}, server.fields("X-Own"))
}

func TestFile_DecodesWhatIsCodedAllTheSame(t *testing.T) {
	content := random(1, size)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(content)
	z.Close()
	coded := turn{header: map[string]string{"Content-Encoding": "gzip", "Repr-Digest": digestField(b.Bytes())}}
	cut := coded
	cut.cut = 30_000
	within, unframed := coded, cut // its coding, where the framing has an end or cannot have one
	within.tamper = func(b []byte) []byte { return b[:30_000] }
	unframed.unframed = true
	server := newOrigin(t, 0, cut, within, unframed, coded)
	server.content = b.Bytes()
	path := filepath.Join(t.TempDir(), "f")
	o := quick()
	o.SHA256 = sum(content)
	result, err := download.File(t.Context(), newSession(t), server.URL, path, o)
	require.NoError(t, err)
	holds(t, path, content)
	assert.Equal(t, []string{"sha-256"}, result.Verified)
	assert.Equal(t, []string{"", "", "", ""}, server.fields("Range"), "ranges would count the coded bytes")
}

func digestField(b []byte) string { return "sha-256=:" + base64Of(b) + ":" }

func TestFile_ChecksTheServersDigests(t *testing.T) {
	content := random(1, size)
	right, wrong := digestField(content), digestField(nil)
	for _, c := range []struct {
		name     string
		turns    []turn
		sha256   string
		verified []string
		requests int
		err      string
	}{
		{"Repr-Digest agrees", []turn{{header: map[string]string{"Repr-Digest": right}}}, "", []string{"sha-256"}, 1, ""},
		{"Content-Digest agrees", []turn{{header: map[string]string{"Content-Digest": right}}}, "", []string{"sha-256"}, 1, ""},
		{"unknown algorithms are ignored", []turn{{header: map[string]string{"Repr-Digest": "md5=:AAAA:, " + right + ";q=1, adler=5"}}}, "", []string{"sha-256"}, 1, ""},
		{"Repr-Digest does not agree", []turn{{header: map[string]string{"Repr-Digest": wrong}}}, "", nil, 1, "sha-256 is"},
		{"Content-Digest does not agree", []turn{{header: map[string]string{"Content-Digest": wrong}}}, "", nil, 1, "sha-256 is"},
		{"one that is none", []turn{{header: map[string]string{"Repr-Digest": "sha-256=:AAAA:"}}}, "", nil, 1, "Repr-Digest"},
		{"it contradicts the caller's before anything is had", []turn{{header: map[string]string{"Repr-Digest": right}}}, sum(nil), nil, 1, "after 0 of"},
		{"Repr-Digest is of all, whatever range it comes with", []turn{{cut: 30_000, header: map[string]string{"Repr-Digest": right}}, {header: map[string]string{"Repr-Digest": right}}}, "", []string{"sha-256"}, 2, ""},
		{"one that changes tells of other content", []turn{{cut: 30_000, header: map[string]string{"Repr-Digest": right}}, {header: map[string]string{"Repr-Digest": wrong}}, {}}, "", nil, 3, ""},
		{"Content-Digest of a range is of that range", []turn{{cut: 30_000}, {header: map[string]string{"Content-Digest": digestField(content[30_000:])}}}, "", nil, 2, ""},
		{"a range that arrives wrong is had again", []turn{{cut: 30_000},
			{header: map[string]string{"Content-Digest": digestField(content[30_000:])}, tamper: func(b []byte) []byte { return append([]byte("x"), b[1:]...) }}, {}}, sum(content), []string{"sha-256"}, 3, ""},
		{"again and again", []turn{{cut: 30_000},
			{header: map[string]string{"Content-Digest": digestField(content[30_000:])}, tamper: func(b []byte) []byte { return append([]byte("x"), b[1:]...) }}}, "", nil, 6, "sha-256 is"},
		{"content that was damaged is not kept", []turn{{header: map[string]string{"Repr-Digest": right}, tamper: func(b []byte) []byte { return append([]byte("x"), b[1:]...) }}}, "", nil, 1, "sha-256 is"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newOrigin(t, size, c.turns...)
			dir := t.TempDir()
			path := filepath.Join(dir, "f")
			o := quick()
			o.SHA256 = c.sha256
			result, err := download.File(t.Context(), newSession(t), server.URL, path, o)
			assert.Equal(t, c.requests, server.count())
			if c.err != "" {
				require.ErrorIs(t, err, download.ErrDigest)
				require.ErrorContains(t, err, c.err)
				alone(t, dir)
				return
			}
			require.NoError(t, err)
			holds(t, path, content)
			assert.Equal(t, c.verified, result.Verified)
		})
	}
}

func TestFile_ReplacesWhatIsThere(t *testing.T) {
	server := newOrigin(t, size)
	s := newSession(t)
	t.Run("a file hands its mode on", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "f")
		require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
		_, err := download.File(t.Context(), s, server.URL, path, quick())
		require.NoError(t, err)
		holds(t, path, server.content)
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	})
	t.Run("a symbolic link is replaced and not followed", func(t *testing.T) {
		dir := t.TempDir()
		other := filepath.Join(t.TempDir(), "other")
		require.NoError(t, os.WriteFile(other, []byte("untouched"), 0o600))
		require.NoError(t, os.Symlink(other, filepath.Join(dir, "f")))
		_, err := download.File(t.Context(), s, server.URL, filepath.Join(dir, "f"), quick())
		require.NoError(t, err)
		holds(t, other, []byte("untouched"))
		info, err := os.Lstat(filepath.Join(dir, "f"))
		require.NoError(t, err)
		assert.True(t, info.Mode().IsRegular())
	})
	t.Run("a failure leaves it", func(t *testing.T) {
		server := newOrigin(t, size, turn{cut: 10, header: map[string]string{"ETag": ""}})
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "f"), []byte("old"), 0o600))
		_, err := download.File(t.Context(), s, server.URL, filepath.Join(dir, "f"), quick())
		require.ErrorIs(t, err, requests.ErrConnection)
		holds(t, filepath.Join(dir, "f"), []byte("old"))
		alone(t, dir, "f")
	})
	for name, path := range map[string]string{"a directory": t.TempDir(), "no name": "", "a path that ends in a slash": t.TempDir() + "/x/", "dots": ".."} {
		t.Run(name+" is refused before anything is asked", func(t *testing.T) {
			server.then()
			_, err := download.File(t.Context(), s, server.URL, path, quick())
			require.ErrorIs(t, err, download.ErrName)
			assert.Zero(t, server.count())
		})
	}
	t.Run("a directory that is not there", func(t *testing.T) {
		_, err := download.File(t.Context(), s, server.URL, filepath.Join(t.TempDir(), "no", "f"), quick())
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
	t.Run("a name as long as it may be", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, strings.Repeat("n", 255))
		_, err := download.File(t.Context(), s, server.URL, path, quick())
		require.NoError(t, err)
		holds(t, path, server.content)
	})
}

func TestFile_FreeSpace(t *testing.T) {
	download.SetFreeSpace(t, size-1)
	server := newOrigin(t, size)
	dir := t.TempDir()
	_, err := download.File(t.Context(), newSession(t), server.URL, filepath.Join(dir, "f"), quick())
	require.ErrorIs(t, err, download.ErrNoSpace)
	require.ErrorContains(t, err, "100000 bytes are to come, and there is room for 99999")
	alone(t, dir)
	download.SetFreeSpace(t, size)
	_, err = download.File(t.Context(), newSession(t), server.URL, filepath.Join(dir, "f"), quick())
	require.NoError(t, err)

	f, err := os.Open(filepath.Join(dir, "f"))
	require.NoError(t, err)
	defer f.Close()
	free, ok := download.DiskSpace(f)
	assert.True(t, ok)
	assert.Positive(t, free)
}

// Every request of a download goes through the session's rules: what is said
// to the first origin is not said to the one that it redirects to.
func TestFile_CredentialsStayHome(t *testing.T) {
	store := newOrigin(t, size, turn{cut: 30_000}, turn{})
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "Bearer t0ken", r.Header.Get("Authorization"))
		http.Redirect(w, r, store.URL+"/signed?sig=abc", http.StatusFound)
	}))
	defer home.Close()
	path := filepath.Join(t.TempDir(), "f")
	_, err := download.File(t.Context(), newSession(t, requests.WithAuth(auth.Bearer("t0ken"))), home.URL, path, quick(), requests.WithHeader("X-Api-Key", "k3y"))
	require.NoError(t, err)
	holds(t, path, store.content)
	assert.Equal(t, []string{"", ""}, store.fields("Authorization"))
	assert.Equal(t, []string{"", ""}, store.fields("X-Api-Key"))
	assert.Equal(t, []string{"", "bytes=30000-99999"}, store.fields("Range"))
}

func TestFile_EndsWithItsContext(t *testing.T) {
	why := fmt.Errorf("another: %w", requests.ErrReadTimeout)
	for _, c := range []struct {
		name string
		turn turn
		done int64
		o    download.Options
	}{
		{"while it reads", turn{stall: 30_000}, 30_000, quick()},
		{"while it waits", turn{cut: 30_000}, 30_000, download.Options{Wait: time.Hour, MaxWait: time.Hour}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newOrigin(t, size, c.turn, turn{})
			path := filepath.Join(t.TempDir(), "f")
			ctx, cancel := context.WithCancelCause(t.Context())
			o := c.o
			o.OnRetry = func(error, time.Duration) { cancel(why) }
			o.Progress = func(p download.Progress) {
				if p.Done == c.done && c.turn.stall > 0 {
					cancel(why)
				}
			}
			_, err := download.File(ctx, newSession(t), server.URL, path, o)
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, why)
			require.NotErrorIs(t, err, requests.ErrTimeout)
			var e *download.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.done, e.Done)
			assert.True(t, e.Resumable)

			server.then(turn{})
			result, err := download.File(t.Context(), newSession(t), server.URL, path, quick())
			require.NoError(t, err)
			holds(t, path, server.content)
			assert.Equal(t, c.done, result.Resumed)
			assert.Equal(t, []string{"bytes=30000-99999"}, server.fields("Range"))
			assert.Equal(t, []string{`"v1"`}, server.fields("If-Range"))
		})
	}
}

func TestFile_OnRetry(t *testing.T) {
	server := newOrigin(t, size, turn{status: 503}, turn{cut: 30_000}, turn{})
	o := quick()
	var why []string
	o.OnRetry = func(err error, wait time.Duration) { why = append(why, err.Error()) }
	_, err := download.File(t.Context(), newSession(t), server.URL, filepath.Join(t.TempDir(), "f"), o)
	require.NoError(t, err)
	require.Len(t, why, 2)
	assert.Contains(t, why[0], "503 Server Error")
	assert.Contains(t, why[1], "truncated")
}

// Layers of the session may keep a request back, or give up on it, for as long
// as the server is away.
func TestFile_OutlastsTheSessionsLayers(t *testing.T) {
	away := turn{status: 503}
	for _, tt := range []struct {
		name  string
		layer requests.Option
		why   error
	}{
		{"a circuit that is open", requests.WithMiddleware((&adapters.Breaker{Failures: 2, OpenFor: 20 * time.Millisecond}).Wrap), adapters.ErrCircuitOpen},
		{"retries that are used up", requests.WithMiddleware((&adapters.Retry{Attempts: 2, Wait: -1, RaiseOnStatus: true}).Wrap), adapters.ErrRetriesExhausted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := newOrigin(t, size, away, away, turn{})
			o := quick()
			o.Attempts = 1000
			var why error
			o.OnRetry = func(err error, _ time.Duration) { why = err }
			path := filepath.Join(t.TempDir(), "f")
			_, err := download.File(t.Context(), newSession(t, tt.layer), server.URL, path, o)
			require.NoError(t, err)
			require.ErrorIs(t, why, tt.why)
			holds(t, path, server.content)
		})
	}
}

func base64Of(b []byte) string {
	digest := sha256.Sum256(b)
	return base64.StdEncoding.EncodeToString(digest[:])
}

// A cut is another thing over HTTP/2, where the connection survives it.
func TestFile_OverHTTP2(t *testing.T) {
	file := &origin{content: random(1, size), etag: `"v1"`, turns: []turn{{cut: 30_000}, {chunked: true, cut: 20_000}, {}}}
	server := httptest.NewUnstartedServer(file)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	path := filepath.Join(t.TempDir(), "f")
	result, err := download.File(t.Context(), newSession(t, requests.WithTLS(requests.TLS{RootCAs: roots})), server.URL, path, quick())
	require.NoError(t, err)
	holds(t, path, file.content)
	assert.Equal(t, 2, result.Response.ProtoMajor)
	assert.Equal(t, []string{"", "bytes=30000-99999", "bytes=50000-99999"}, file.fields("Range"))
}
