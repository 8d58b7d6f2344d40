package hooks_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/hooks"
)

func TestLog(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		err    error
		want   string
	}{
		{"what goes well is for debugging", 200, nil, `level=DEBUG msg="http exchange" method=GET url="http://[redacted]@api.test/?a=1" exchange=2 status=200 protocol=HTTP/1.1 length=3 elapsed=1s`},
		{"a status of an error is a warning", 500, nil, `level=WARN msg="http exchange" method=GET url="http://[redacted]@api.test/?a=1" exchange=2 status=500 protocol=HTTP/1.1 length=3 elapsed=1s`},
		{"an error is one", 0, errors.New("no http://u:hunter2@api.test/"), `level=ERROR msg="http exchange" method=GET url="http://[redacted]@api.test/?a=1" exchange=2 error="no http://[redacted]@api.test/" elapsed=1s`},
		{"what the caller cancelled is not", 0, fmt.Errorf("x: %w", context.Canceled), `level=INFO msg="http exchange" method=GET url="http://[redacted]@api.test/?a=1" exchange=2 error="x: context canceled" elapsed=1s`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b bytes.Buffer
			e := &hooks.Exchange{Request: httptest.NewRequest("GET", "http://u:hunter2@api.test/?a=1", nil), Number: 2, Elapsed: time.Second, Err: test.err}
			if test.status > 0 {
				e.Response = &http.Response{StatusCode: test.status, Proto: "HTTP/1.1", ContentLength: 3}
			}
			logger := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: withoutTime}))
			require.NoError(t, hooks.Log(logger)(e))
			assert.Equal(t, test.want+"\n", b.String())
		})
	}
	assert.Nil(t, hooks.Log(nil))
	off := hooks.Log(slog.New(slog.DiscardHandler))
	e := &hooks.Exchange{Request: httptest.NewRequest("GET", "http://api.test/", nil)}
	assert.Zero(t, testing.AllocsPerRun(100, func() { off(e) }), "a level that is off costs nothing")
	require.NoError(t, off(&hooks.Exchange{}))
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

func ExampleLog() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: withoutTime}))
	request, _ := http.NewRequest("GET", "https://api.example.com/users", nil)
	hooks.Log(logger)(&hooks.Exchange{
		Request:  request,
		Response: &http.Response{StatusCode: 200, Proto: "HTTP/2.0", ContentLength: 512},
		Number:   1,
		Elapsed:  80 * time.Millisecond,
	})
	// Output: level=DEBUG msg="http exchange" method=GET url=https://api.example.com/users exchange=1 status=200 protocol=HTTP/2.0 length=512 elapsed=80ms
}
