package requests_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
)

// newLogger returns a logger at a level, and what it has written, one line of
// level and message for each record.
func newLogger(level slog.Level) (*slog.Logger, *bytes.Buffer, func(t *testing.T) []map[string]any) {
	var b bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: level}))
	return logger, &b, func(t *testing.T) []map[string]any {
		var all []map[string]any
		d := json.NewDecoder(bytes.NewReader(b.Bytes()))
		for d.More() {
			var m map[string]any
			require.NoError(t, d.Decode(&m))
			all = append(all, m)
		}
		return all
	}
}

func TestWithLogger(t *testing.T) {
	statuses := func(codes ...int) http.RoundTripper {
		n := 0
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			code := codes[min(n, len(codes)-1)]
			n++
			if code < 0 {
				return nil, errors.New("refused http://u:" + longCanary + "@api.test/")
			}
			h := http.Header{}
			if code == 302 {
				h.Set("Location", "/next?token="+longCanary)
			}
			return &http.Response{StatusCode: code, Proto: "HTTP/1.1", Header: h, ContentLength: 0, Body: http.NoBody, Request: r}, nil
		})
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name    string
		ctx     context.Context
		adapter http.RoundTripper
		want    []string
	}{
		{"a call that goes well is one record at Info", t.Context(), statuses(200), []string{"DEBUG http exchange", "INFO http call"}},
		{"a status of an error is a warning", t.Context(), statuses(404), []string{"WARN http exchange", "WARN http call"}},
		{"an error is one", t.Context(), statuses(-1), []string{"ERROR http exchange", "ERROR http call"}},
		{"a redirect has a record", t.Context(), statuses(302, 200), []string{"DEBUG http exchange", "DEBUG http redirect", "DEBUG http exchange", "INFO http call"}},
		{"a call that its caller gave up is no error", canceled, statuses(200), []string{"INFO http exchange", "INFO http call"}},
		{"attempts that were recorded", t.Context(), &adapters.Retry{Base: statuses(503, 200), Wait: -1}, []string{"WARN http attempt", "DEBUG http attempt", "DEBUG http exchange", "INFO http call"}},
		{"attempts that all failed", t.Context(), &adapters.Retry{Base: statuses(-1), Wait: -1, Attempts: 2}, []string{"WARN http attempt", "WARN http attempt", "ERROR http exchange", "ERROR http call"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			logger, text, records := newLogger(slog.LevelDebug)
			s := newSession(t, requests.WithLogger(logger), requests.WithAdapter("http://", test.adapter), requests.WithAuth(auth.Query("k", longCanary)))
			s.Get(test.ctx, "http://me:"+longCanary+"@api.test/?token="+longCanary)
			var got []string
			for _, r := range records(t) {
				got = append(got, r["level"].(string)+" "+r["msg"].(string))
			}
			assert.Equal(t, test.want, got)
			assertNoCanary(t, text.String())
		})
	}
}

func TestWithLogger_Records(t *testing.T) {
	w := newReplies(t, redirectTo(302, "/next?token=t"), reply(200, "ok"))
	logger, _, records := newLogger(slog.LevelDebug)
	s := newSession(t, requests.WithLogger(logger))
	_, err := s.Get(t.Context(), w.URL+"/first?q=1&token=t")
	require.NoError(t, err)
	all := records(t)
	require.Len(t, all, 4)
	assert.Equal(t, "GET", all[0]["method"])
	assert.EqualValues(t, 302, all[0]["status"])
	assert.EqualValues(t, 1, all[0]["exchange"])
	assert.Equal(t, "HTTP/1.1", all[0]["protocol"])
	assert.Regexp(t, `^`+w.URL+`/first\?q=1&token=\[redacted:[0-9a-f]{8}\]$`, all[0]["url"])
	assert.Equal(t, all[0]["url"], all[1]["from"])
	assert.Regexp(t, `^`+w.URL+`/next\?token=\[redacted:[0-9a-f]{8}\]$`, all[1]["to"])
	assert.Equal(t, all[1]["to"], all[2]["url"], "two lines can be compared")
	assert.EqualValues(t, 2, all[3]["exchanges"])
	assert.EqualValues(t, 200, all[3]["status"])
}

func TestWithLogger_Levels(t *testing.T) {
	logger, text, _ := newLogger(slog.LevelWarn)
	s := newSession(t, requests.WithLogger(logger), requests.WithAdapter("http://", adapters.Handler(http.NotFoundHandler())))
	_, err := s.Get(t.Context(), "http://api.test/")
	require.NoError(t, err)
	assert.Contains(t, text.String(), "404")
	text.Reset()
	ok := newSession(t, requests.WithLogger(logger), requests.WithAdapter("http://", roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 204, Body: http.NoBody, Request: r}, nil
	})))
	_, err = ok.Get(t.Context(), "http://api.test/")
	require.NoError(t, err)
	assert.Empty(t, text.String(), "what is below the level is not written")
}

// What is not asked for costs nothing: the number is that of the same call
// before there was anything to ask for.
func TestAllocations_WithoutExplainTimingsAndLogs(t *testing.T) {
	const before = 10
	answer := roundTrip(func(r *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"text/plain"}}
		return &http.Response{StatusCode: 200, Status: "200 OK", Header: h, Body: http.NoBody, Request: r}, nil
	})
	s := newSession(t, requests.WithAdapter("http://", answer), requests.WithBaseURL("http://api.test/v1/"),
		requests.WithHeader("X-A", "1"), requests.WithHeader("X-B", "2"), requests.WithHeader("X-C", "3"), requests.WithHeader("X-D", "4"), requests.WithHeader("X-E", "5"),
		requests.WithParam("s", "1"), requests.WithLogger(nil))
	ctx := t.Context()
	opts := []requests.Option{requests.WithParam("a", "1"), requests.WithParam("b", "2")}
	got := testing.AllocsPerRun(200, func() {
		if _, err := s.Get(ctx, "users", opts...); err != nil {
			panic(err)
		}
	})
	assert.LessOrEqual(t, got, float64(before))
}

// The attempts of a retry are logged by what came of each.
func TestWithLogger_LevelsOfAttempts(t *testing.T) {
	for level, want := range map[slog.Level][]string{
		slog.LevelInfo:  {"WARN http attempt", "INFO http call"},
		slog.LevelWarn:  {"WARN http attempt"},
		slog.LevelError: nil,
	} {
		t.Run(level.String(), func(t *testing.T) {
			logger, _, records := newLogger(level)
			n := 0
			base := roundTrip(func(r *http.Request) (*http.Response, error) {
				n++
				return &http.Response{StatusCode: []int{0, 503, 204}[n], Body: http.NoBody, Request: r}, nil
			})
			s := newSession(t, requests.WithLogger(logger), requests.WithAdapter("http://", &adapters.Retry{Base: base, Wait: -1}))
			_, err := s.Get(t.Context(), "http://api.test/")
			require.NoError(t, err)
			var got []string
			for _, r := range records(t) {
				got = append(got, r["level"].(string)+" "+r["msg"].(string))
			}
			assert.Equal(t, want, got)
		})
	}
}

// A logger of a layer takes the place of the one below, as other settings do.
func TestWithLogger_Layers(t *testing.T) {
	base, _, ofBase := newLogger(slog.LevelInfo)
	other, _, ofOther := newLogger(slog.LevelInfo)
	copied := func(opts ...requests.Option) func(*testing.T, *requests.Session) *requests.Session {
		return func(t *testing.T, s *requests.Session) *requests.Session {
			c, err := s.Copy(opts...)
			require.NoError(t, err)
			t.Cleanup(func() { c.Close() })
			return c
		}
	}
	updated := func(opts ...requests.Option) func(*testing.T, *requests.Session) *requests.Session {
		return func(t *testing.T, s *requests.Session) *requests.Session {
			require.NoError(t, s.Update(opts...))
			return s
		}
	}
	asItIs := updated()
	for _, tt := range []struct {
		name                  string
		change                func(*testing.T, *requests.Session) *requests.Session
		call                  []requests.Option
		linesBase, linesOther int
	}{
		{"the session's", asItIs, nil, 1, 0},
		{"a copy's", copied(requests.WithLogger(other)), nil, 0, 1},
		{"an update's", updated(requests.WithLogger(other)), nil, 0, 1},
		{"the same once more", updated(requests.WithLogger(base)), nil, 1, 0},
		{"none in a copy", copied(requests.WithLogger(nil)), nil, 0, 0},
		{"none by an update", updated(requests.WithLogger(nil)), nil, 0, 0},
		{"the last of two", updated(requests.WithLogger(base), requests.WithLogger(other)), nil, 0, 1},
		{"none and then one", updated(requests.WithLogger(nil), requests.WithLogger(other)), nil, 0, 1},
		{"a copy without a word of it", copied(requests.WithHeader("X-A", "1")), nil, 1, 0},
		{"other hooks beside it", copied(requests.WithHooks(new(requests.Hooks))), nil, 1, 0},
		{"a call's", asItIs, []requests.Option{requests.WithLogger(other)}, 0, 1},
		{"none in a call", asItIs, []requests.Option{requests.WithLogger(nil)}, 0, 0},
		{"the same in a call", asItIs, []requests.Option{requests.WithLogger(base)}, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, beforeOther := len(ofBase(t)), len(ofOther(t))
			ran := 0
			h := new(requests.Hooks)
			h.Complete.PushBackNamed("log", func(*requests.Result) error { ran++; return nil })
			s := tt.change(t, newSession(t, requests.WithLogger(base), requests.WithHooks(h), requests.WithTransport(named("x"))))
			_, err := s.Get(t.Context(), "http://a.test/", tt.call...)
			require.NoError(t, err)
			assert.Equal(t, tt.linesBase, len(ofBase(t))-before)
			assert.Equal(t, tt.linesOther, len(ofOther(t))-beforeOther)
			assert.Equal(t, 1, ran, "a hook of another's is left, whatever its name")
		})
	}
}

func TestWithLogger_IsExplained(t *testing.T) {
	logger, _, _ := newLogger(slog.LevelInfo)
	s := newSession(t, requests.WithLogger(logger))
	for _, tt := range []struct {
		name  string
		call  []requests.Option
		lines int
	}{
		{"the session's", nil, 2}, // of Response and of Complete
		{"a call's, which takes its place", []requests.Option{requests.WithLogger(logger)}, 2},
		{"none in a call", []requests.Option{requests.WithLogger(nil)}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := requests.NewRequest("GET", "http://a.test/", tt.call...)
			require.NoError(t, err)
			e, err := s.Explain(t.Context(), r)
			require.NoError(t, err)
			assert.Equal(t, tt.lines, strings.Count(e.String(), "WithLogger"))
		})
	}
}

func TestWithLogger_OtherHooksOfTheSessionRunBesideACallsLogger(t *testing.T) {
	w := newReplies(t, reply(200, ""))
	broken := errors.New("broken")
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	for name, hooks := range map[string]*requests.Hooks{
		"Response": responseHook(func(*requests.Exchange) error { return broken }),
		"Complete": completeHook(func(*requests.Result) error { return broken }),
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t, requests.WithLogger(logger), requests.WithHooks(hooks))
			_, err := s.Get(t.Context(), w.URL, requests.WithLogger(logger))
			require.ErrorIs(t, err, broken)
		})
	}
}
