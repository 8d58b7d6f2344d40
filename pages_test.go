package requests_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

type pagedItem struct{ ID int }

// cursorAPI serves two items a page, with a cursor in the content.
func cursorAPI(t *testing.T) *wire {
	return newWire(t, func(r wireRequest) string {
		switch r.Target() {
		case "/items?size=2":
			return reply(200, `{"data":{"items":[{"ID":1},{"ID":2}]},"next":"b"}`)
		case "/items?cursor=b&size=2":
			return reply(200, `{"data":{"items":[{"ID":3}]},"next":"c"}`)
		case "/items?cursor=c&size=2":
			return reply(200, `{"data":{"items":null}}`)
		}
		return reply(404, "no such page")
	})
}

func nextCursor(r *requests.Response) ([]requests.Option, error) {
	var page struct{ Next string }
	if err := r.JSON(&page); err != nil || page.Next == "" {
		return nil, err
	}
	return []requests.Option{requests.WithParam("cursor", page.Next)}, nil
}

func TestPagesFunc_FollowsACursorOfTheCallers(t *testing.T) {
	w := cursorAPI(t)
	s := newSession(t, requests.WithParam("size", "2"))
	var ids []int
	for item, err := range requests.Items[pagedItem](requests.PagesFunc(t.Context(), s, w.URL+"/items", nextCursor), "data", "items") {
		require.NoError(t, err)
		ids = append(ids, item.ID)
	}
	assert.Equal(t, []int{1, 2, 3}, ids)
	assert.Len(t, w.Requests(), 3)
}

func TestPagesFunc_StopsWhereTheLoopDoes(t *testing.T) {
	w := cursorAPI(t)
	s := newSession(t, requests.WithParam("size", "2"))
	for range requests.Items[pagedItem](requests.PagesFunc(t.Context(), s, w.URL+"/items", nextCursor), "data", "items") {
		break
	}
	assert.Len(t, w.Requests(), 1, "the second page was not asked for")
}

func TestPagesFunc_EndsWithTheErrorOfItsFunction(t *testing.T) {
	w := newReplies(t, reply(200, "[]"))
	planned := errors.New("planned")
	var got error
	for _, err := range requests.PagesFunc(t.Context(), newSession(t), w.URL, func(*requests.Response) ([]requests.Option, error) { return nil, planned }) {
		got = err
	}
	require.ErrorIs(t, got, planned)
}

func TestItems_AreErrorsWhereTheyAreNone(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		path         []string
		target       error
		says         string
	}{
		{"a status is an error", reply(500, "[]"), nil, nil, "500 Server Error"},
		{"no array", reply(200, " {\"a\":1}"), nil, requests.ErrInvalidJSON, "the page is an object; name the path to its array"},
		{"no array at the path", reply(200, `{"a":{"b":true}}`), []string{"a", "b"}, requests.ErrInvalidJSON, `"b" is a boolean and no array`},
		{"a text at the path", reply(200, `{"a":"x"}`), []string{"a"}, requests.ErrInvalidJSON, `"a" is a string and no array`},
		{"nothing on the way", reply(200, `{"a":null}`), []string{"a", "b"}, requests.ErrInvalidJSON, `there is no "b"`},
		{"no such key", reply(200, `{"a":1}`), []string{"b"}, requests.ErrInvalidJSON, `there is no "b"`},
		{"no object", reply(200, `[1]`), []string{"b"}, requests.ErrInvalidJSON, `"b" is looked for in an array`},
		{"no object on the way", reply(200, `{"a":1}`), []string{"a", "b"}, requests.ErrInvalidJSON, `"b" is looked for in a number`},
		{"an element of another shape", reply(200, `[{"ID":"x"}]`), nil, requests.ErrInvalidJSON, "element 1: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newReplies(t, c.answer)
			var got error
			for _, err := range requests.Items[pagedItem](requests.Pages(t.Context(), newSession(t), w.URL), c.path...) {
				got = err
			}
			require.ErrorContains(t, got, c.says)
			if c.target != nil {
				require.ErrorIs(t, got, c.target)
			} else {
				require.ErrorAs(t, got, new(*requests.StatusError))
			}
		})
	}
}

func TestItems_OverLinkedPages(t *testing.T) {
	w := newWire(t, func(r wireRequest) string {
		if strings.HasSuffix(r.Target(), "/2") {
			return reply(200, `[3]`)
		}
		return reply(200, `[1,2]`, `Link: </2>; rel="next"`)
	})
	var all []int
	for n, err := range requests.Items[int](requests.Pages(t.Context(), newSession(t), w.URL+"/1")) {
		require.NoError(t, err)
		all = append(all, n)
	}
	assert.Equal(t, []int{1, 2, 3}, all)
}
