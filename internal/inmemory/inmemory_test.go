package inmemory_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed-3bbad739/requests/internal/inmemory"
)

type closer struct{ *strings.Reader }

func (closer) Close() error { return nil }

func TestLen(t *testing.T) {
	begun := strings.NewReader("content")
	begun.ReadByte()
	for _, test := range []struct {
		name    string
		content io.ReadCloser
		n       int64
		ok      bool
	}{
		{"bytes", io.NopCloser(bytes.NewReader([]byte("content"))), 7, true},
		{"a buffer", io.NopCloser(bytes.NewBufferString("content")), 7, true},
		{"a string", io.NopCloser(strings.NewReader("content")), 7, true},
		{"what is left of one", io.NopCloser(begun), 6, true},
		{"none of them", io.NopCloser(io.LimitReader(begun, 1)), 0, false},
		{"one that closes by itself", closer{begun}, 0, false},
		{"net/http's empty body", http.NoBody, 0, false},
		{"nothing", nil, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			n, ok := inmemory.Len(test.content)
			assert.Equal(t, test.ok, ok)
			assert.Equal(t, test.n, n)
		})
	}
}

// net/http wraps content as io.NopCloser does: a release that does it in
// another way would go unnoticed otherwise.
func TestLen_ofRequests(t *testing.T) {
	r, err := http.NewRequest("POST", "http://h.test/", strings.NewReader("content"))
	assert.NoError(t, err)
	n, ok := inmemory.Len(r.Body)
	assert.True(t, ok)
	assert.EqualValues(t, 7, n)
}
