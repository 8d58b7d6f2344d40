package requests_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

const creditProblem = `{"type":"https://example.test/out-of-credit","title":"You do not have enough credit.","status":403,` +
	`"detail":"Your balance is 30, but that costs 50.","instance":"/account/12345","balance":30}`

func statusErrorOf(t *testing.T, answer string, opts ...requests.Option) *requests.StatusError {
	t.Helper()
	w := newReplies(t, answer)
	r, err := newSession(t).Get(t.Context(), w.URL, opts...)
	require.NoError(t, err)
	defer r.Close()
	var e *requests.StatusError
	require.ErrorAs(t, r.RaiseForStatus(), &e)
	return e
}

func TestStatusError_Problem(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		want         *requests.Problem
	}{
		{"RFC 9457 the members of a problem", reply(403, creditProblem, "Content-Type: application/problem+json"), &requests.Problem{
			Type: "https://example.test/out-of-credit", Title: "You do not have enough credit.", Status: 403,
			Detail: "Your balance is 30, but that costs 50.", Instance: "/account/12345"}},
		{"the media type in any case and with parameters", reply(400, `{"title":"t"}`, "Content-Type: Application/Problem+JSON; charset=utf-8"), &requests.Problem{Title: "t"}},
		{"RFC 9457 a member of the wrong type is ignored", reply(400, `{"title":1,"status":"x","detail":"d"}`, "Content-Type: application/problem+json"), &requests.Problem{Detail: "d"}},
		{"another media type is none", reply(400, `{"title":"t"}`, "Content-Type: application/json"), nil},
		{"no object is none", reply(400, `[1]`, "Content-Type: application/problem+json"), nil},
		{"cut is none", reply(400, `{"title":`, "Content-Type: application/problem+json"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, statusErrorOf(t, c.answer).Problem)
			assert.Equal(t, c.want, statusErrorOf(t, c.answer, requests.WithStream(true)).Problem)
		})
	}
}

func TestStatusError_Decode(t *testing.T) {
	var own struct{ Balance int }
	require.NoError(t, statusErrorOf(t, reply(403, creditProblem, "Content-Type: application/problem+json")).Decode(&own))
	assert.Equal(t, 30, own.Balance, "extension members")
	require.NoError(t, statusErrorOf(t, reply(500, `{"balance":1}`)).Decode(&own))
	assert.Equal(t, 1, own.Balance, "of any media type")
	require.ErrorIs(t, statusErrorOf(t, reply(500, "<html>")).Decode(&own), requests.ErrInvalidJSON)
	require.ErrorIs(t, statusErrorOf(t, reply(500, "")).Decode(&own), requests.ErrInvalidJSON)

	long := statusErrorOf(t, reply(422, `{"problem":"`+strings.Repeat("x", 8<<10)+`","balance":2}`))
	require.ErrorIs(t, long.Decode(&own), requests.ErrInvalidJSON, "what is kept ends at 4 KiB")
	require.NoError(t, long.Response.JSON(&own), "the response has all of it")
	assert.Equal(t, 2, own.Balance)
}

func TestProblem_thatJSONReads(t *testing.T) {
	for _, tt := range []struct{ name, contentType, content string }{
		{"with a byte order mark", "application/problem+json", "\ufeff{\"title\":\"T\"}"},
		{"of a type with a parameter that is none", "application/problem+json; charset", `{"title":"T"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := statusErrorOf(t, reply(400, tt.content, "Content-Type: "+tt.contentType))
			var v struct{ Title string }
			require.NoError(t, e.Decode(&v))
			assert.Equal(t, "T", v.Title)
			require.NotNil(t, e.Problem)
			assert.Equal(t, "T", e.Problem.Title)
		})
	}
}
