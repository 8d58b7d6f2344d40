package aws

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"

	"github.com/seed-3bbad739/requests/aws/internal/jmespath"
)

// oneOrMore is a string, or several, in JSON.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return jsonUnmarshal(b, (*[]string)(o))
	}
	*o = make(oneOrMore, 1)
	return jsonUnmarshal(b, &(*o)[0])
}

type paginator struct {
	InputToken  oneOrMore `json:"input_token"`
	OutputToken oneOrMore `json:"output_token"`
	MoreResults string    `json:"more_results"`
	ResultKey   oneOrMore `json:"result_key"`
	LimitKey    string    `json:"limit_key"`
}

func (c *Client) paginator(op string) (*paginator, error) {
	var file struct{ Pagination map[string]*paginator }
	if _, err := c.session.models().loader.Read(c.model.Name, c.model.Version, "paginators-1", &file); err != nil {
		return nil, fmt.Errorf("aws: %w", err)
	}
	p := file.Pagination[op]
	if p == nil {
		return nil, &UnknownOperationError{c.meta.ServiceName, "paginator", op}
	}
	return p, nil
}

// errSameToken is that of a service that would be paged through for ever.
var errSameToken = errors.New("the service returned the token that it was given")

// Paginate yields the pages of a listing, one call each, until there are no
// more, an error, or the loop ends. The error of an operation that has no
// pages is an *UnknownOperationError.
func (c *Client) Paginate(ctx context.Context, op string, in Params) iter.Seq2[Output, error] {
	return func(yield func(Output, error) bool) {
		p, err := c.paginator(op)
		if err != nil {
			yield(nil, err)
			return
		}
		params := maps.Clone(in)
		if params == nil {
			params = Params{}
		}
		var last []any
		for {
			out, err := c.Call(ctx, op, params)
			if err != nil {
				yield(nil, err)
				return
			}
			tokens, more, err := p.next(out)
			if !yield(out, nil) || err == nil && !more {
				return
			}
			if err == nil && reflect.DeepEqual(tokens, last) {
				err = errSameToken
			}
			if err != nil {
				yield(nil, fmt.Errorf("aws: paging through %s: %w", op, err))
				return
			}
			last = tokens
			for i, name := range p.InputToken {
				if delete(params, name); tokens[i] != nil {
					params[name] = tokens[i]
				}
			}
		}
	}
}

// next returns the tokens of the next page, one for each of InputToken.
func (p *paginator) next(out Output) (tokens []any, more bool, err error) {
	if p.MoreResults != "" {
		v, err := jmespath.Search(p.MoreResults, out)
		if on, _ := v.(bool); err != nil || !on {
			return nil, false, err
		}
	}
	tokens = make([]any, len(p.InputToken))
	for i := range p.InputToken {
		if i >= len(p.OutputToken) {
			break
		}
		v, err := jmespath.Search(p.OutputToken[i], out)
		if err != nil {
			return nil, false, err
		}
		switch x := v.(type) {
		case nil:
			continue
		case string:
			if x == "" {
				continue
			}
		case map[string]any:
			if len(x) == 0 {
				continue
			}
		}
		tokens[i], more = v, true
	}
	return tokens, more, nil
}
