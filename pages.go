package requests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"

	"github.com/seed-3bbad739/requests/internal/redact"
)

// Pages yields url and what its Link fields name as the next page, one after
// the other (RFC 8288, rel=next). The options apply to every page, but params
// and body to the first only: the server's URLs are complete. Credentials stay
// with the origin of the first page. A link that leads to a page that has been
// yielded, by redirects or straight, ends the loop with an error, and so does any
// other error. Of pages that are streams the caller closes each.
func Pages(ctx context.Context, s *Session, url string, opts ...Option) iter.Seq2[*Response, error] {
	return func(yield func(*Response, error) bool) {
		c, err := s.open(ctx)
		if err != nil {
			yield(nil, newError("prepare", http.MethodGet, nil, err, nil))
			return
		}
		c.layUp(http.MethodGet, url, opts)
		seen := make(map[string]bool)
		r, err := c.do()
		for {
			if err == nil && seen[pageOf(r.Request.URL)] { // it was redirected there
				r.Close()
				r, err = nil, r.loopAt(r.Request.URL)
			}
			if !yield(r, err) || err != nil {
				return
			}
			link, ok := r.Link("next")
			if !ok {
				return
			}
			seen[pageOf(r.Request.URL)] = true
			if seen[pageOf(link.URL)] {
				yield(nil, r.loopAt(link.URL))
				return
			}
			p, err2 := r.followLink(link.URL)
			if err2 != nil {
				yield(nil, r.wrap("next page", err2))
				return
			}
			r, err = s.Send(p)
		}
	}
}

// pageOf is what tells one page from another: a fragment does not.
func pageOf(u *url.URL) string {
	page := *u
	page.Fragment, page.RawFragment = "", ""
	return page.String()
}

func (r *Response) loopAt(u *url.URL) error {
	return r.wrap("next page", refuse(ErrTooManyRedirects, "a loop: %s was had before", redact.Target(u)))
}

// followLink prepares a GET of a URL that a server gave, under the rules of a
// redirect: what must not leave its origin stays behind.
func (r *Response) followLink(u *url.URL) (*PreparedRequest, error) {
	if !isWeb(u) {
		return nil, refuse(ErrNoAdapter, "a link leads to http and https only, not to %q", redact.Target(u))
	}
	return r.call.follow(u)
}

// PagesFunc yields url and the pages after it, where those are not told by Link
// fields: next looks at a page and returns the options that make the next one,
// such as WithParam("cursor", …), laid over opts; none ends the pages, and so
// does an error. Every page is a call of its own to the same url.
func PagesFunc(ctx context.Context, s *Session, url string, next func(*Response) ([]Option, error), opts ...Option) iter.Seq2[*Response, error] {
	return func(yield func(*Response, error) bool) {
		var more []Option
		for {
			r, err := s.Get(ctx, url, slices.Concat(opts, more)...)
			if !yield(r, err) || err != nil {
				return
			}
			if more, err = next(r); err != nil {
				yield(nil, r.wrap("next page", err))
				return
			}
			if len(more) == 0 {
				return
			}
		}
	}
}

// Items yields the elements of all pages, one after the other: each page is an
// array of JSON, or an object in which path leads to one, key by key. A status
// of 400 to 599, content that is none of that, and an error of a page end it.
func Items[T any](pages iter.Seq2[*Response, error], path ...string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		for page, err := range pages {
			if err == nil {
				err = page.RaiseForStatus()
			}
			var elements []json.RawMessage
			if err == nil {
				elements, err = elementsOf(page, path)
			}
			if err != nil {
				if page != nil {
					page.Close()
				}
				yield(zero, err)
				return
			}
			for i, text := range elements {
				var v T
				if err := json.Unmarshal(text, &v); err != nil {
					yield(zero, page.wrap("decode JSON", because(ErrInvalidJSON, fmt.Errorf("element %d: %w", i+1, err))))
					return
				}
				if !yield(v, nil) {
					return
				}
			}
		}
	}
}

func elementsOf(page *Response, path []string) ([]json.RawMessage, error) {
	var text json.RawMessage
	if err := page.JSON(&text); err != nil {
		return nil, err
	}
	for _, key := range path {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(text, &object); err != nil {
			return nil, page.wrap("decode JSON", refuse(ErrInvalidJSON, "%q is looked for in %s", key, kindOf(text)))
		}
		var ok bool
		if text, ok = object[key]; !ok {
			return nil, page.wrap("decode JSON", because(ErrInvalidJSON, fmt.Errorf("there is no %q", key)))
		}
	}
	if bytes.Equal(text, []byte("null")) {
		return nil, nil
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(text, &elements); err != nil {
		if len(path) == 0 {
			return nil, page.wrap("decode JSON", refuse(ErrInvalidJSON, "the page is %s; name the path to its array", kindOf(text)))
		}
		return nil, page.wrap("decode JSON", refuse(ErrInvalidJSON, "%q is %s and no array", path[len(path)-1], kindOf(text)))
	}
	return elements, nil
}

// kindOf says what a text that is JSON, and not null, stands for.
func kindOf(text json.RawMessage) string {
	switch text[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	}
	return "a number"
}
