package download_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/download"
)

// interrupted downloads the first 30,000 bytes of what server has to path.
func interrupted(t testing.TB, server *origin, path string, o download.Options) {
	t.Helper()
	server.then(turn{stall: 30_000})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o.Progress = func(p download.Progress) {
		if p.Done == 30_000 {
			cancel()
		}
	}
	_, err := download.File(ctx, newSession(t), server.URL+"/dir/f.bin", path, o)
	var e *download.Error
	require.ErrorAs(t, err, &e)
	require.True(t, e.Resumable)
	server.then(turn{})
}

func TestFile_GoesOnFromAnEarlierCall(t *testing.T) {
	damage := func(change func(j map[string]any)) func(testing.TB, string) {
		return func(t testing.TB, path string) {
			name := filepath.Join(filepath.Dir(path), ".f.part.json")
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			var j map[string]any
			require.NoError(t, json.Unmarshal(text, &j))
			change(j)
			text, err = json.Marshal(j)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(name, text, 0o600))
		}
	}
	journal := func(text string) func(testing.TB, string) {
		return func(t testing.TB, path string) {
			require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(path), ".f.part.json"), []byte(text), 0o600))
		}
	}
	data := func(change func(t testing.TB, name string)) func(testing.TB, string) {
		return func(t testing.TB, path string) { change(t, filepath.Join(filepath.Dir(path), ".f.part")) }
	}
	segmentOf := func(j map[string]any) map[string]any { return j["segments"].([]any)[0].(map[string]any) }
	const rest, all = "bytes=30000-99999", ""
	for _, c := range []struct {
		name    string
		before  func(t testing.TB, path string)
		turns   []turn
		options func(*download.Options)
		url     string
		resumed int64
		ranges  []string
	}{
		{name: "as it was left", resumed: 30_000, ranges: []string{rest}},
		{name: "and is cut again", turns: []turn{{cut: 10_000}, {}}, resumed: 30_000, ranges: []string{rest, "bytes=40000-99999"}},
		{name: "with a digest", options: func(o *download.Options) { o.SHA256 = sum(random(1, size)) }, resumed: 30_000, ranges: []string{rest}},
		{name: "the content changed", turns: []turn{{before: become(2, size, `"v2"`)}}, ranges: []string{rest}},
		{name: "the content changed, and its size", turns: []turn{{before: become(2, size/5, `"v2"`)}}, ranges: []string{rest}},
		{name: "the server ignores ranges now", turns: []turn{{noRange: true}}, ranges: []string{rest}},
		{name: "the server refuses the range", turns: []turn{{status: 416}, {}}, ranges: []string{rest, all}},
		{name: "another URL with the same tag", url: "/other", ranges: []string{rest, all}},
		{name: "Fresh", options: func(o *download.Options) { o.Fresh = true }, ranges: []string{all}},
		{name: "more in the file than the journal claims", before: data(func(t testing.TB, name string) {
			f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
			require.NoError(t, err)
			f.Write(random(9, 200_000))
			require.NoError(t, f.Close())
		}), resumed: 30_000, ranges: []string{rest}},
		{name: "less in the file than the journal claims", before: data(func(t testing.TB, name string) { require.NoError(t, os.Truncate(name, 29_999)) }), ranges: []string{all}},
		{name: "the file is gone", before: data(func(t testing.TB, name string) { require.NoError(t, os.Remove(name)) }), ranges: []string{all}},
		{name: "the journal is empty", before: journal(""), ranges: []string{all}},
		{name: "the journal is cut", before: journal(`{"version":1,"resource":"`), ranges: []string{all}},
		{name: "the journal is too long", before: journal(strings.Repeat(" ", 1<<20) + "{}"), ranges: []string{all}},
		{name: "a journal of another version", before: damage(func(j map[string]any) { j["version"] = 2 }), ranges: []string{all}},
		{name: "a journal without a validator", before: damage(func(j map[string]any) { j["validator"] = "" }), ranges: []string{all}},
		{name: "a journal with a validator that is none", before: damage(func(j map[string]any) { j["validator"] = "\"a\r\nX: 1\"" }), ranges: []string{all}},
		{name: "a journal that claims what is not there", before: damage(func(j map[string]any) { segmentOf(j)["done"] = 100_000 }), ranges: []string{all}},
		{name: "a journal with a segment that passes its end", before: damage(func(j map[string]any) { segmentOf(j)["end"] = 5 }), ranges: []string{all}},
		{name: "a journal with a segment below zero", before: damage(func(j map[string]any) { segmentOf(j)["start"] = -5 }), ranges: []string{all}},
		{name: "a journal with a gap", before: damage(func(j map[string]any) { segmentOf(j)["end"] = 50_000 }), ranges: []string{all}},
		{name: "a journal of other content, with the tag of this", before: damage(func(j map[string]any) { j["size"] = 90_000; segmentOf(j)["end"] = 90_000 }), ranges: []string{"bytes=30000-89999", all}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newOrigin(t, size)
			dir := t.TempDir()
			path := filepath.Join(dir, "f")
			interrupted(t, server, path, quick())
			alone(t, dir, ".f.part", ".f.part.json")
			if c.before != nil {
				c.before(t, path)
			}
			if c.turns != nil {
				server.then(c.turns...)
			}
			if c.url == "" {
				c.url = "/dir/f.bin"
			}
			o := quick()
			if c.options != nil {
				c.options(&o)
			}
			result, err := download.File(t.Context(), newSession(t), server.URL+c.url, path, o)
			require.NoError(t, err)
			holds(t, path, server.content)
			alone(t, dir, "f")
			assert.Equal(t, c.ranges, server.fields("Range"))
			assert.Equal(t, c.resumed, result.Resumed)
		})
	}
}

func TestFile_KeepsTheServersDigest(t *testing.T) {
	server := newOrigin(t, size)
	path := filepath.Join(t.TempDir(), "f")
	server.then(turn{cut: 30_000, header: map[string]string{"Repr-Digest": digestField(random(1, size))}}, turn{status: 404})
	_, err := download.File(t.Context(), newSession(t), server.URL, path, quick())
	require.ErrorContains(t, err, "404")
	server.then(turn{})
	result, err := download.File(t.Context(), newSession(t), server.URL, path, quick())
	require.NoError(t, err)
	assert.Equal(t, []string{"sha-256"}, result.Verified)
	assert.EqualValues(t, 30_000, result.Resumed)
}

func TestFile_FindsDamageInWhatWasLeft(t *testing.T) {
	server := newOrigin(t, size)
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	interrupted(t, server, path, quick())
	f, err := os.OpenFile(filepath.Join(dir, ".f.part"), os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("damage"), 1000)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	o := quick()
	o.SHA256 = sum(server.content)
	_, err = download.File(t.Context(), newSession(t), server.URL+"/dir/f.bin", path, o)
	require.ErrorIs(t, err, download.ErrDigest)
	alone(t, dir)
	_, err = download.File(t.Context(), newSession(t), server.URL+"/dir/f.bin", path, o)
	require.NoError(t, err, "what was damaged is not kept")
}

// A call that had everything and was killed before the rename asks whether the
// content is still the same.
func TestFile_AsksBeforeItFinishesOldContent(t *testing.T) {
	for name, c := range map[string]struct {
		turn   turn
		ranges []string
	}{
		"it is the same": {turn{}, []string{"bytes=99999-99999"}},
		"it changed":     {turn{before: become(2, size, `"v2"`)}, []string{"bytes=99999-99999"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := newOrigin(t, size)
			dir := t.TempDir()
			path := filepath.Join(dir, "f")
			interrupted(t, server, path, quick())
			name := filepath.Join(dir, ".f.part.json")
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			text = []byte(strings.Replace(string(text), `"done":30000`, `"done":100000`, 1))
			require.NoError(t, os.WriteFile(name, text, 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(dir, ".f.part"), server.content, 0o600))
			server.then(c.turn)
			_, err = download.File(t.Context(), newSession(t), server.URL+"/dir/f.bin", path, quick())
			require.NoError(t, err)
			holds(t, path, server.content)
			assert.Equal(t, c.ranges, server.fields("Range"))
		})
	}
}

func TestFile_JournalsAsItGoes(t *testing.T) {
	download.Small(t, 1<<20, 10_000, time.Hour)
	server := newOrigin(t, 1<<20, turn{chunked: true})
	dir := t.TempDir()
	o := quick()
	claimed := int64(0)
	o.Progress = func(p download.Progress) {
		text, err := os.ReadFile(filepath.Join(dir, ".f.part.json"))
		if err != nil {
			return
		}
		info, err := os.Stat(filepath.Join(dir, ".f.part"))
		require.NoError(t, err)
		_, done, _, err := download.ParseJournal(text, info.Size())
		require.NoError(t, err)
		assert.LessOrEqual(t, done, p.Done)
		assert.GreaterOrEqual(t, done, claimed)
		claimed = done
	}
	_, err := download.File(t.Context(), newSession(t), server.URL, filepath.Join(dir, "f"), o)
	require.NoError(t, err)
	assert.Positive(t, claimed)
	alone(t, dir, "f")
}

func TestFile_OneAtATime(t *testing.T) {
	server := newOrigin(t, size)
	path := filepath.Join(t.TempDir(), "f")
	s := newSession(t)
	var second error
	o := quick()
	o.Progress = func(download.Progress) {
		if second == nil {
			_, second = download.File(t.Context(), s, server.URL, path, quick())
		}
	}
	_, err := download.File(t.Context(), s, server.URL, path, o)
	require.NoError(t, err)
	require.ErrorIs(t, second, download.ErrBusy)
	holds(t, path, server.content)
}

func TestWatch(t *testing.T) {
	server := newOrigin(t, size, turn{cut: 30_000}, turn{})
	path := filepath.Join(t.TempDir(), "f")
	var last download.Progress
	called := 0
	o := quick()
	o.Progress = func(download.Progress) { called++ }
	steps := 0
	for p, err := range download.Watch(t.Context(), newSession(t), server.URL, path, o) {
		require.NoError(t, err)
		assert.GreaterOrEqual(t, p.Done, last.Done)
		assert.EqualValues(t, size, p.Total)
		last = p
		steps++
	}
	require.NotNil(t, last.Result)
	assert.EqualValues(t, size, last.Done)
	assert.Equal(t, steps-1, called)
	holds(t, path, server.content)
}

func TestWatch_Left(t *testing.T) {
	for _, segments := range []int{1, 4} {
		download.Small(t, 10_000, 1<<30, time.Hour)
		server := newOrigin(t, size)
		for position := range 6 {
			dir := t.TempDir()
			n := 0
			o := quick()
			o.Segments = segments
			for p, err := range download.Watch(t.Context(), newSession(t), server.URL, filepath.Join(dir, "f"), o) {
				require.NoError(t, err)
				if n++; n > position || p.Result != nil {
					break
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "f")); err == nil {
				holds(t, filepath.Join(dir, "f"), server.content)
			}
			_, err := download.File(t.Context(), newSession(t), server.URL, filepath.Join(dir, "f"), o)
			require.NoError(t, err)
			holds(t, filepath.Join(dir, "f"), server.content)
		}
	}
}

func TestWatch_Fails(t *testing.T) {
	server := newOrigin(t, size, turn{cut: 30_000}, turn{status: 404})
	var failed error
	for p, err := range download.Watch(t.Context(), newSession(t), server.URL, filepath.Join(t.TempDir(), "f"), quick()) {
		if err != nil {
			failed = err
			assert.EqualValues(t, 30_000, p.Done)
		}
	}
	require.ErrorContains(t, failed, "404")
	assert.True(t, errors.As(failed, new(*download.Error)))
}

// However many calls there are for one path, what has its name is whole.
func TestFile_ManyAtATime(t *testing.T) {
	server := newOrigin(t, 20_000)
	path := filepath.Join(t.TempDir(), "f")
	s := newSession(t)
	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() {
			for range 40 {
				_, err := download.File(t.Context(), s, server.URL, path, quick())
				if !errors.Is(err, download.ErrBusy) {
					assert.NoError(t, err)
				}
				if got, err := os.ReadFile(path); err == nil {
					assert.True(t, string(got) == string(server.content), "a file of %d bytes has the name", len(got))
				}
			}
		})
	}
	calls.Wait()
	alone(t, filepath.Dir(path), "f")
}
