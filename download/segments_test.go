package download_test

import (
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/download"
)

func TestFile_Segments(t *testing.T) {
	download.Small(t, 10_000, 1<<30, time.Hour)
	v2 := become(2, size+5000, `"v2"`)
	for _, c := range []struct {
		name   string
		size   int
		n      int
		turns  []turn
		ranges []string // sorted
		left   bool
		err    string
	}{
		{"four", size, 4, nil, []string{"bytes=0-9999", "bytes=10000-32499", "bytes=32500-54999", "bytes=55000-77499", "bytes=77500-99999"}, false, ""},
		{"two", size, 2, nil, []string{"bytes=0-9999", "bytes=10000-54999", "bytes=55000-99999"}, false, ""},
		{"no smaller than is worth it", 30_000, 8, nil, []string{"bytes=0-9999", "bytes=10000-19999", "bytes=20000-29999"}, false, ""},
		{"content of one segment", 9_000, 4, nil, []string{"bytes=0-9999"}, false, ""},
		{"content of a byte more than one", 10_001, 4, nil, []string{"bytes=0-9999", "bytes=10000-10000"}, false, ""},
		{"no content", 0, 4, nil, []string{"", "bytes=0-9999"}, false, ""},
		{"a server without ranges", size, 4, []turn{{noRange: true}}, []string{"bytes=0-9999"}, false, ""},
		{"a server without ranges that cuts", size, 4, []turn{{noRange: true, cut: 30_000}, {noRange: true}}, []string{"", "bytes=0-9999"}, false, ""},
		{"a server with ranges at first only", size, 2, []turn{{}, {noRange: true}}, nil, false, ""},
		{"no validator", size, 4, []turn{{header: map[string]string{"ETag": ""}}}, []string{"", "bytes=0-9999"}, false, ""},
		{"a wrong range at first", size, 4, []turn{{header: map[string]string{"Content-Range": "bytes 1-10000/100000"}}, {}}, []string{"", "bytes=0-9999"}, false, ""},
		{"a range at first of content of unknown size", size, 4, []turn{{header: map[string]string{"Content-Range": "bytes 0-9999/*"}}, {}}, []string{"", "bytes=0-9999"}, false, ""},
		{"a range at first that goes on to the end", size, 4, []turn{{header: map[string]string{"Content-Range": "bytes 0-99999/100000"}, tamper: func([]byte) []byte { return random(1, size) }}, {}}, []string{"", "bytes=0-9999"}, false, ""},
		{"a wrong range later", size, 2, []turn{{}, {header: map[string]string{"Content-Range": "bytes 1-10000/100000"}}, {header: map[string]string{"Content-Range": "bytes 1-10000/100000"}}, {}}, nil, false, ""},
		{"cuts", size, 4, []turn{{cut: 3_000}, {}, {cut: 1_000}, {cut: 1_000}, {cut: 5_000}, {stall: 2_000}, {cut: 1}, {}}, nil, false, ""},
		{"a change while the first is had", size, 4, []turn{{cut: 3_000}, {before: v2}, {}}, nil, false, ""},
		{"a change while the others are had", size, 4, []turn{{}, {}, {before: v2}, {}}, nil, false, ""},
		{"no progress", size, 4, []turn{{}, {status: 503}}, nil, true, "503"},
		{"forbidden", size, 4, []turn{{}, {}, {status: 403}}, nil, true, "403"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newOrigin(t, c.size, c.turns...)
			dir := t.TempDir()
			path := filepath.Join(dir, "f")
			o := quick()
			o.Segments = c.n
			if c.err == "" {
				defer func() { holds(t, path, server.content) }()
			}
			result, err := download.File(t.Context(), newSession(t, readTimeout), server.URL, path, o)
			if c.ranges != nil {
				ranges := server.fields("Range")
				slices.Sort(ranges)
				assert.Equal(t, c.ranges, ranges)
			}
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				var e *download.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, c.left, e.Resumable)
				assert.GreaterOrEqual(t, e.Done, int64(10_000))

				server.then(turn{})
				o.SHA256 = sum(server.content)
				_, err = download.File(t.Context(), newSession(t), server.URL, path, o)
				require.NoError(t, err, "a later call goes on")
				assert.NotContains(t, server.fields("If-Range"), "")
				alone(t, dir, "f")
				return
			}
			require.NoError(t, err)
			assert.EqualValues(t, len(server.content), result.Size)
			alone(t, dir, "f")
		})
	}
}

func TestFile_SegmentsRunTogether(t *testing.T) {
	download.Small(t, 10_000, 1<<30, time.Hour)
	var meet sync.WaitGroup
	meet.Add(4)
	together := turn{before: func(o *origin) {
		if len(o.asked) <= 5 {
			o.mu.Unlock()
			meet.Done()
			meet.Wait() // nobody is answered before all four have asked
			o.mu.Lock()
		}
	}}
	server := newOrigin(t, size, turn{}, together)
	path := filepath.Join(t.TempDir(), "f")
	o := quick()
	o.Segments = 4
	o.SHA256 = sum(server.content)
	done := int64(0)
	o.Progress = func(p download.Progress) { // by this goroutine, or the race detector says so
		assert.GreaterOrEqual(t, p.Done, done)
		done = p.Done
	}
	o.OnRetry = func(error, time.Duration) { done += 0 }
	_, err := download.File(t.Context(), newSession(t), server.URL, path, o)
	require.NoError(t, err)
	holds(t, path, server.content)
	assert.EqualValues(t, size, done)
	assert.Equal(t, 5, server.count())
}

func TestFile_SegmentsAreResumedByOne(t *testing.T) {
	download.Small(t, 10_000, 1<<30, time.Hour)
	server := newOrigin(t, size, turn{}, turn{cut: 5_000}, turn{status: 404})
	path := filepath.Join(t.TempDir(), "f")
	o := quick()
	o.Segments = 4
	_, err := download.File(t.Context(), newSession(t), server.URL, path, o)
	require.ErrorContains(t, err, "404")
	server.then(turn{cut: 1_000}, turn{})
	o.Segments = 1
	o.SHA256 = sum(server.content)
	result, err := download.File(t.Context(), newSession(t), server.URL, path, o)
	require.NoError(t, err)
	holds(t, path, server.content)
	assert.GreaterOrEqual(t, result.Resumed, int64(10_000))
}

func TestFile_SegmentsAndNewContent(t *testing.T) {
	download.Small(t, 10_000, 1<<30, time.Hour)
	server := newOrigin(t, size, turn{}, turn{cut: 5_000}, turn{status: 404})
	path := filepath.Join(t.TempDir(), "f")
	o := quick()
	o.Segments = 4
	_, err := download.File(t.Context(), newSession(t), server.URL, path, o)
	require.ErrorContains(t, err, "404")
	server.then(turn{before: become(3, size/2, `"v3"`)}, turn{})
	result, err := download.File(t.Context(), newSession(t), server.URL, path, o)
	require.NoError(t, err)
	holds(t, path, server.content)
	assert.Zero(t, result.Resumed)
	assert.Equal(t, 1, result.Restarts)
}

// A hook runs in a goroutine of its own where several ranges are had at a time.
func TestFile_SegmentsWhoseHookPanics(t *testing.T) {
	download.Small(t, 10_000, 1<<30, time.Hour)
	server := newOrigin(t, size)
	path := filepath.Join(t.TempDir(), "f")
	o := quick()
	o.Segments = 4
	for name, leave := range map[string]func(){"panics": func() { panic("hook") }, "ends its goroutine": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			hooks := new(requests.Hooks)
			hooks.Send.PushBack(func(e *requests.Exchange) error {
				if e.Request.Header.Get("Range") != "bytes=0-9999" {
					leave()
				}
				return nil
			})
			s := newSession(t, requests.WithHooks(hooks))
			if name == "panics" {
				assert.PanicsWithValue(t, "hook", func() { download.File(t.Context(), s, server.URL, path, o) })
			} else {
				_, err := download.File(t.Context(), s, server.URL, path, o)
				require.ErrorContains(t, err, "did not return")
			}
			assert.NoFileExists(t, path)
		})
	}
	_, err := download.File(t.Context(), newSession(t), server.URL, path, o)
	require.NoError(t, err, "and what was had goes on")
	holds(t, path, server.content)
}
