package requests

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"mime"
	"net/url"
	"strconv"
	"strings"

	"github.com/seed-3bbad739/requests/internal/redact"
)

// Link is one relation that a Link field states (RFC 8288). URL is resolved
// against that of the response; a field with several relation types gives a
// Link for each.
type Link struct {
	URL      *url.URL
	Rel      string // in lower case, unless it is a URL itself; "" if none is given
	Anchor   string
	Title    string // title*, decoded, if there is one
	Type     string
	Hreflang string
	Media    string
	Params   map[string]string // every parameter, by its name in lower case; the first of each counts
}

// String is the target with what is secret in it hidden, and the relation: servers
// repeat the parameters of a request in the links to its other pages.
func (l Link) String() string {
	if l.URL == nil {
		return "<Link [none]>"
	}
	s := "<Link [" + printable(redact.URL(l.URL)) // an opaque one is not escaped
	if l.Rel != "" {
		s += " " + strconv.Quote(redact.RawURL(l.Rel))
	}
	return s + "]>"
}

// Format prints [Link.String] under every verb.
func (l Link) Format(f fmt.State, verb rune) { formatText(f, verb, l.String()) }

// LogValue returns [Link.String].
func (l Link) LogValue() slog.Value { return slog.StringValue(l.String()) }

// MarshalJSON writes [Link.String].
func (l Link) MarshalJSON() ([]byte, error) { return json.Marshal(l.String()) }

// maxLinks bounds the relations that are taken from one response.
const maxLinks = 1000

// Links returns what the Link fields of the response state, in their order. A
// value that is malformed is left out, those after it are not.
func (r *Response) Links() []Link {
	if r.Response == nil {
		return nil
	}
	var base *url.URL
	if r.Request != nil {
		base = r.Request.URL
	}
	return parseLinks(base, r.Header["Link"])
}

// Link returns the link of a relation type, in any case, and whether there is one:
// of several the last, as the links of Python's requests have it.
func (r *Response) Link(rel string) (Link, bool) {
	links := r.Links()
	for i := len(links) - 1; i >= 0; i-- {
		if strings.EqualFold(links[i].Rel, rel) {
			return links[i], true
		}
	}
	return Link{}, false
}

func parseLinks(base *url.URL, lines []string) []Link {
	var links []Link
	for _, line := range lines {
		s := linkScanner{rest: line}
		for {
			target, params, ok := s.next()
			if !ok {
				break
			}
			links = appendLinks(links, base, target, params)
			if len(links) == maxLinks {
				return links
			}
		}
	}
	return links
}

func appendLinks(links []Link, base *url.URL, target string, params map[string]string) []Link {
	u := new(url.URL)
	var err error
	if base != nil {
		err = resolveInto(u, base, target, false)
	} else {
		err = parseTargetInto(u, target)
	}
	if err != nil {
		return links
	}
	l := Link{URL: u, Anchor: params["anchor"], Title: params["title"], Type: params["type"],
		Hreflang: params["hreflang"], Media: params["media"], Params: params}
	if title, ok := decodeExtended(params["title*"]); ok {
		l.Title = title
	}
	rels := strings.Fields(params["rel"])
	if len(rels) == 0 {
		return append(links, l)
	}
	for _, rel := range rels[:min(len(rels), maxLinks-len(links))] {
		if l.Rel = rel; !strings.Contains(rel, ":") {
			l.Rel = strings.ToLower(rel)
		}
		links = append(links, l)
	}
	return links
}

// decodeExtended decodes charset'language'value (RFC 8187).
func decodeExtended(s string) (string, bool) {
	if s == "" {
		return "", false
	}
	// package mime knows the form, but only as a parameter of a media type.
	_, params, err := mime.ParseMediaType("x/x; v*=" + s)
	if err != nil {
		return "", false
	}
	v, ok := params["v"]
	return v, ok
}

// linkScanner walks over the value of a Link field. Commas and semicolons
// separate only outside of <> and quotes.
type linkScanner struct{ rest string }

func (s *linkScanner) next() (target string, params map[string]string, ok bool) {
	_, rest, ok := strings.Cut(s.rest, "<")
	if !ok {
		return "", nil, false
	}
	target, s.rest, ok = strings.Cut(rest, ">")
	if !ok {
		return "", nil, false
	}
	return strings.TrimSpace(target), s.params(), true
}

// params reads parameters up to the comma that ends the link.
func (s *linkScanner) params() map[string]string {
	params := make(map[string]string)
	for {
		s.rest = strings.TrimLeft(s.rest, " \t")
		if s.rest == "" {
			return params
		}
		c := s.rest[0]
		if c == ',' {
			s.rest = s.rest[1:]
			return params
		}
		if c != ';' {
			s.skipJunk()
			continue
		}
		s.rest = strings.TrimLeft(s.rest[1:], " \t")
		n := strings.IndexAny(s.rest, "=;, \t")
		if n < 0 {
			n = len(s.rest)
		}
		name := strings.ToLower(s.rest[:n])
		s.rest = strings.TrimLeft(s.rest[n:], " \t")
		value := ""
		if strings.HasPrefix(s.rest, "=") {
			s.rest = strings.TrimLeft(s.rest[1:], " \t")
			value = s.value()
		}
		if _, had := params[name]; !had && name != "" {
			params[name] = value
		}
	}
}

// skipJunk passes over what is no parameter, to the next separator.
func (s *linkScanner) skipJunk() {
	n := strings.IndexAny(s.rest, ";,")
	if n < 0 {
		n = len(s.rest)
	}
	s.rest = s.rest[n:]
}

func (s *linkScanner) value() string {
	if !strings.HasPrefix(s.rest, `"`) {
		n := strings.IndexAny(s.rest, ";, \t")
		if n < 0 {
			n = len(s.rest)
		}
		v := s.rest[:n]
		s.rest = s.rest[n:]
		return v
	}
	var b strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; c {
		case '\\':
			if i++; i < len(s.rest) {
				b.WriteByte(s.rest[i])
			}
		case '"':
			s.rest = s.rest[i+1:]
			return b.String()
		default:
			b.WriteByte(c)
		}
	}
	s.rest = ""
	return b.String()
}
