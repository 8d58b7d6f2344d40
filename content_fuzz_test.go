package requests_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

// Whatever the content is, and wherever the pieces end that it arrives in:
// Values ends, with the values that come before the first fault and at most one
// error, last, which matches ErrInvalidJSON. Every value is valid JSON and is
// found in the content after the one before it; lines that are sound, each
// alone, are exactly the values; and the body is closed.
func FuzzValues(f *testing.F) {
	for _, seed := range []struct {
		content, contentType string
	}{
		{"{\"n\":1}\n{\"n\":2}\n", "application/x-ndjson"}, {"1\r\n\r\n\n2", "application/jsonl"}, {"\xef\xbb\xbf1\n", ""},
		{"\x1e{\"n\":1}\n\x1e2\n", "application/json-seq"}, {"\x1e1", ""}, {"\x1e\x1e1\n", ""}, {"[1,2 ,\n[3]]\n", "application/json"},
		{"[1]\n[2]\n", "application/x-ndjson"}, {"[1] x", ""}, {"[,]", ""}, {"[1,", ""}, {"[", ""}, {"nope\n1\n", ""}, {"", ""}, {" \t", ""}, {"[1]]", ""}, {"\"a\nb\"", ""},
	} {
		f.Add([]byte(seed.content), seed.contentType, uint8(3))
	}
	s, err := requests.NewSession(requests.WithEnvironment(false))
	require.NoError(f, err)
	f.Cleanup(func() { s.Close() })
	f.Fuzz(func(t *testing.T, content []byte, contentType string, size uint8) {
		values := func(size int, stream bool) ([]json.RawMessage, error) {
			body := &closeCounter{Reader: &contentPieces{content, size}}
			header := http.Header{"Content-Type": {contentType}}
			r, err := s.Get(t.Context(), "http://api.test/", requests.WithStream(stream), requests.WithHooks(contentAnswering(body, header)))
			require.NoError(t, err)
			var all []json.RawMessage
			var last error
			for v, err := range requests.Values[json.RawMessage](r) {
				require.NoError(t, last, "an error is the last")
				if last = err; err == nil {
					all = append(all, v)
				}
			}
			require.Positive(t, body.closed)
			return all, last
		}
		whole, err := values(len(content)+1, false)
		if err != nil {
			require.ErrorIs(t, err, requests.ErrInvalidJSON)
		}
		rest := content
		for _, v := range whole {
			require.True(t, json.Valid(v))
			_, after, ok := bytes.Cut(rest, bytes.TrimSpace(v))
			require.True(t, ok, "%q is not in %q", v, rest)
			rest = after
		}
		pieces, err2 := values(int(size)+1, true)
		require.Equal(t, whole, pieces, "where pieces end means nothing")
		require.Equal(t, err == nil, err2 == nil)
		require.Equal(t, errors.Is(err, requests.ErrInvalidJSON), errors.Is(err2, requests.ErrInvalidJSON))

		if first := bytes.TrimLeft(content, " \t\r\n"); len(first) == 0 || first[0] == '[' || first[0] == 0x1e || bytes.HasPrefix(first, []byte("\xef\xbb\xbf")) {
			return
		}
		var want []json.RawMessage
		sound := true
		for line := range bytes.SplitSeq(content, []byte("\n")) {
			if line = bytes.Trim(line, " \t\r"); len(line) == 0 {
				continue
			}
			if sound = json.Valid(line); !sound {
				break
			}
			want = append(want, line)
		}
		require.Equal(t, sound, err == nil)
		require.Len(t, whole, len(want))
		for i := range want {
			require.Equal(t, string(want[i]), string(bytes.TrimSpace(whole[i])))
		}
	})
}

// contentPieces gives its content in pieces of at most size bytes.
type contentPieces struct {
	rest []byte
	size int
}

func (p *contentPieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest[:min(p.size, len(p.rest))])
	p.rest = p.rest[n:]
	return n, nil
}

// contentAnswering is hooks that answer in the place of a network.
func contentAnswering(body io.ReadCloser, header http.Header) *requests.Hooks {
	h := new(requests.Hooks)
	h.Send.PushBack(func(e *requests.Exchange) error {
		e.Response = &http.Response{StatusCode: 200, Header: header, Body: body, ContentLength: -1, Request: e.Request}
		return nil
	})
	return h
}
