package hooks_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/hooks"
	"github.com/seed-3bbad739/requests/internal/drain"
)

// body counts what is done with it.
type body struct {
	io.Reader
	closed, aborted int
}

func (b *body) Close() error { b.closed++; return nil }
func (b *body) Abort()       { b.aborted++ }

type plainBody struct {
	io.Reader
	closed int
}

func (b *plainBody) Close() error { b.closed++; return nil }

func TestExchange_Peek(t *testing.T) {
	errCut := errors.New("cut")
	for _, test := range []struct {
		name    string
		content io.Reader
		peeks   []int
		want    []string
		err     error
		rest    string
	}{
		{"the start is put back", strings.NewReader("content"), []int{3}, []string{"con"}, nil, "content"},
		{"more than there is", strings.NewReader("content"), []int{100}, []string{"content"}, nil, "content"},
		{"again and further", iotest.OneByteReader(strings.NewReader("content")), []int{2, 5, 1}, []string{"co", "conte", "c"}, nil, "content"},
		{"nothing", strings.NewReader("content"), []int{0, -1}, []string{"", ""}, nil, "content"},
		{"an error is told, and again by the body", io.MultiReader(strings.NewReader("con"), iotest.ErrReader(errCut)), []int{5}, []string{"con"}, errCut, "con"},
		{"an error behind what was asked for", io.MultiReader(strings.NewReader("con"), iotest.ErrReader(errCut)), []int{3}, []string{"con"}, nil, "con"},
		{"an empty body", strings.NewReader(""), []int{5}, []string{""}, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := &body{Reader: test.content}
			e := &hooks.Exchange{Response: &http.Response{Body: b}}
			for i, n := range test.peeks {
				got, err := e.Peek(n)
				assert.Equal(t, test.want[i], string(got))
				if i == 0 {
					assert.Equal(t, test.err, err)
				}
				for j := range got {
					got[j] = '#' // the caller's own
				}
			}
			rest, err := io.ReadAll(e.Response.Body)
			assert.Equal(t, test.rest, string(rest))
			if strings.Contains(test.name, "error") {
				assert.Equal(t, errCut, err)
			} else {
				assert.NoError(t, err)
			}
			require.NoError(t, e.Response.Body.Close())
			assert.Equal(t, 1, b.closed)
		})
	}
}

func TestExchange_PeekWithoutABody(t *testing.T) {
	for _, e := range []*hooks.Exchange{{}, {Response: &http.Response{}}} {
		got, err := e.Peek(10)
		assert.Empty(t, got)
		assert.NoError(t, err)
	}
}

func TestExchange_PeekedBody(t *testing.T) {
	b := &body{Reader: strings.NewReader("content")}
	e := &hooks.Exchange{Response: &http.Response{Body: b}}
	_, err := e.Peek(2)
	require.NoError(t, err)
	assert.True(t, drain.CanAbort(e.Response.Body))
	e.Response.Body.(interface{ Abort() }).Abort()
	assert.Equal(t, 1, b.aborted, "a pending read is ended where it can be")
	require.NoError(t, e.Response.Body.Close())
	_, err = e.Response.Body.Read(make([]byte, 1))
	assert.Error(t, err, "what was read ahead is not had from a closed body")

	p := &plainBody{Reader: strings.NewReader("content")}
	e = &hooks.Exchange{Response: &http.Response{Body: p}}
	_, err = e.Peek(2)
	require.NoError(t, err)
	assert.False(t, drain.CanAbort(e.Response.Body), "it may wait for what it closes")
	e.Response.Body.(interface{ Abort() }).Abort()
	assert.Equal(t, 1, p.closed, "closing ends the read of any other")
}

func TestExchange_Prints(t *testing.T) {
	e := exchangeOf("", "", "", "")
	e.Number, e.Err = 3, errBroken
	want := "<Exchange 3 [POST http://[redacted]@api.test/path?token=[#]&a=1 200 broken http://[redacted]@h.test/]>"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		assert.Equal(t, want, mark.ReplaceAllString(fmt.Sprintf(verb, e), "[#]"))
		assert.Equal(t, want, mark.ReplaceAllString(fmt.Sprintf(verb, *e), "[#]"))
	}
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "e", e, "list", []*hooks.Exchange{e})
	assert.NotContains(t, b.String(), "hunter2")
	assert.Contains(t, b.String(), "Exchange 3")
	assert.Equal(t, "<Exchange 0 []>", fmt.Sprint(hooks.Exchange{}))
}
