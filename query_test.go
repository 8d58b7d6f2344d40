package requests_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
)

type textless struct{}

func (textless) MarshalText() ([]byte, error) { return nil, errors.New("no text for it") }

type point struct{ X int }

func (p *point) MarshalText() ([]byte, error) { return []byte(strconv.Itoa(p.X)), nil }

// PageOf is exported, as only such a pointer can be embedded.
type PageOf struct {
	Page int `url:"page"`
}

type inner string

func TestQueryStruct_fieldsOfOtherKinds(t *testing.T) {
	for _, tt := range []struct {
		name string
		v    any
		want string // "!" and a text: the error
	}{
		{"an embedded pointer", struct{ *PageOf }{&PageOf{2}}, "page=2"},
		{"an embedded pointer that is nil", struct{ *PageOf }{}, ""},
		{"a value whose pointer knows its text", &struct{ P point }{point{7}}, "P=7"},
		{"a pointer that knows its text", struct{ P *point }{&point{7}}, "P=7"},
		{"a text that cannot be had", struct{ B textless }{}, "!B: no text for it"},
		{"one of several that cannot be had", struct{ B []any }{[]any{1, textless{}}}, "!B: no text for it"},
		{"a field of an embedded struct that has no form", struct{ PageWithout }{}, "!Ch: a chan int has no form"},
		{"an integer without a sign", struct{ N uint64 }{1 << 63}, "N=9223372036854775808"},
		{"an option of the tag that is empty", struct {
			A string `url:"a,,omitempty"`
		}{}, ""},
		{"an option of the tag that is not known", struct {
			A []string `url:"a,comma"`
		}{}, `!field A: the url tag's option "comma" is not known`},
		{"one that is written wrongly", struct {
			A string `url:"a,omitempty,omitempy"`
		}{}, `!field A: the url tag's option "omitempy" is not known`},
		{"one of an embedded struct", struct {
			PageOf `url:",inline"`
		}{}, `!field PageOf: the url tag's option "inline" is not known`},
		{"what is not exported, embedded or not", struct {
			inner
			b string `url:"b"`
		}{"x", "y"}, ""},
		{"any value", struct{ A, B any }{"x", nil}, "A=x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newReplies(t, reply(200, ""))
			_, err := newSession(t).Get(t.Context(), w.URL, requests.WithQuery(tt.v))
			if text, ok := strings.CutPrefix(tt.want, "!"); ok {
				assert.ErrorContains(t, err, text)
				return
			}
			require.NoError(t, err)
			_, query, _ := strings.Cut(w.Last(t).Target(), "?")
			assert.Equal(t, tt.want, query)
		})
	}
}

// PageWithout has a field that a query has no form for.
type PageWithout struct{ Ch chan int }
