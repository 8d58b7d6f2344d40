package aws_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws"
)

// lister is a service that lists numbers in pages, as its paginator says.
func lister(paginator string) aws.Option {
	dir := tinyService("", `,"input":{"shape":"In"},"output":{"shape":"Out"}`, `,"Bool":{"type":"boolean"},"List":{"type":"list","member":{"shape":"S"}},
		"Inner":{"type":"structure","members":{"Token":{"shape":"S"}}},
		"In":{"type":"structure","members":{"Token":{"shape":"S"},"Mark":{"shape":"S"},"Inner":{"shape":"Inner"}}},
		"Out":{"type":"structure","members":{"Token":{"shape":"S"},"Mark":{"shape":"S"},"Inner":{"shape":"Inner"},"More":{"shape":"Bool"},"Items":{"shape":"List"}}}`).(fstest.MapFS)
	dir["tiny/2020-01-01/paginators-1.json"] = &fstest.MapFile{Data: []byte(`{"pagination":{"Do":` + paginator + `}}`)}
	return aws.WithModels(dir)
}

func TestPaginate(t *testing.T) {
	const token = `"input_token":"Token","output_token":"Token","result_key":"Items"`
	for _, c := range []struct {
		name, paginator string
		pages           []string // what the service answers, in order
		sent            []string // what it is sent
		fails           string
	}{
		{"until there is no token", `{` + token + `}`, []string{`{"Token":"1"}`, `{"Token":"2"}`, `{}`}, []string{`{}`, `{"Token":"1"}`, `{"Token":"2"}`}, ""},
		{"an empty token is none", `{` + token + `}`, []string{`{"Token":"1"}`, `{"Token":""}`}, []string{`{}`, `{"Token":"1"}`}, ""},
		{"until there is no more, whatever the token", `{` + token + `,"more_results":"More"}`, []string{`{"Token":"1","More":true}`, `{"Token":"2","More":false}`}, []string{`{}`, `{"Token":"1"}`}, ""},
		{"no word about more is no more", `{` + token + `,"more_results":"More"}`, []string{`{"Token":"1"}`}, []string{`{}`}, ""},
		{"more without a token is the end", `{` + token + `,"more_results":"More"}`, []string{`{"More":true}`}, []string{`{}`}, ""},
		{"several tokens go together", `{"input_token":["Token","Mark"],"output_token":["Token","Mark"]}`, []string{`{"Token":"1","Mark":"a"}`, `{"Token":"2"}`, `{}`}, []string{`{}`, `{"Token":"1","Mark":"a"}`, `{"Token":"2"}`}, ""},
		{"a token found by a path", `{"input_token":"Token","output_token":"Inner.Token || Items[-1]"}`, []string{`{"Items":["a","b"]}`, `{"Inner":{"Token":"x"},"Items":["c"]}`, `{}`}, []string{`{}`, `{"Token":"b"}`, `{"Token":"x"}`}, ""},
		{"the same token twice would never end", `{` + token + `}`, []string{`{"Token":"1"}`, `{"Token":"1"}`}, []string{`{}`, `{"Token":"1"}`}, "the token that it was given"},
		{"a path that does not parse", `{"input_token":"Token","output_token":"a["}`, []string{`{"Token":"1"}`}, []string{`{}`}, "jmespath"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, nil, nil)
			s := open(t, testKeys(), aws.WithRegion("eu-west-1"), lister(c.paginator))
			var sent []string
			s.Handlers.Send.PushBack(func(r *aws.Request) error {
				b, err := io.ReadAll(r.HTTPRequest.Body)
				sent = append(sent, string(b))
				if len(sent) > len(c.pages) {
					return fmt.Errorf("page %d was asked for", len(sent))
				}
				r.HTTPResponse = &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.pages[len(sent)-1]))}
				return err
			})
			pages := 0
			var failure error
			for out, err := range client(t, s, "tiny").Paginate(context.Background(), "Do", nil) {
				if err != nil {
					failure = err
					continue
				}
				assert.NotNil(t, out)
				pages++
			}
			if c.fails == "" {
				require.NoError(t, failure)
			} else {
				require.ErrorContains(t, failure, c.fails)
			}
			assert.Equal(t, len(c.sent), pages)
			require.Len(t, sent, len(c.sent))
			for i := range sent {
				assert.JSONEq(t, c.sent[i], sent[i])
			}
		})
	}
	t.Run("a loop that ends asks for no more", func(t *testing.T) {
		home(t, nil, nil)
		s := open(t, testKeys(), aws.WithRegion("eu-west-1"), lister(`{`+token+`}`))
		urls := answer(s, 200, `{"Token":"1"}`)
		for _, err := range client(t, s, "tiny").Paginate(context.Background(), "Do", nil) {
			require.NoError(t, err)
			break
		}
		assert.Len(t, *urls, 1)
	})
	t.Run("parameters stay as they were given", func(t *testing.T) {
		home(t, nil, nil)
		s := open(t, testKeys(), aws.WithRegion("eu-west-1"), lister(`{`+token+`}`))
		answer(s, 200, `{}`)
		in := aws.Params{"Mark": "m"}
		for range client(t, s, "tiny").Paginate(context.Background(), "Do", in) {
		}
		assert.Equal(t, aws.Params{"Mark": "m"}, in)
	})
}
