package requests

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/seed-3bbad739/requests/internal/redact"
)

// Explanation says what a request will be, and which layer said so. Secrets
// are hidden.
type Explanation struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	// Facts are in the order in which a request is made: method, URL, query,
	// header, cookies, body, proxy, TLS, timeouts, other settings,
	// authentication, hooks, adapter; of one kind by their names.
	Facts []Fact `json:"facts"`
}

// Fact returns the fact about a part of this name, such as ("header",
// "Accept"), and whether there is one.
func (e *Explanation) Fact(part, name string) (Fact, bool) {
	i := slices.IndexFunc(e.Facts, func(f Fact) bool { return f.Part == part && f.Name == name })
	if i < 0 {
		return Fact{}, false
	}
	return e.Facts[i], true
}

// Fact is one part of a request, with where it comes from.
type Fact struct {
	Part string `json:"part"`           // "header", "query", "proxy", …
	Name string `json:"name,omitempty"` // of the field, parameter or setting
	// Value has every secret replaced by a mark, the same for the same secret
	// as long as the process runs. Several values are joined by ", ". It is
	// "" with Absent.
	Value  string `json:"value"`
	Absent bool   `json:"absent,omitempty"`
	// Source is the layer: "built-in", "environment NAME", "netrc FILE:LINE",
	// "session", "request", "userinfo of the URL", "hook NAME", "cookie jar",
	// or several of them where their values are sent beside one another.
	Source string `json:"source"`
	// Overrode are the values of layers below that this one took the place
	// of, the last one first.
	Overrode []Overridden `json:"overrode,omitempty"`
	Rule     string       `json:"rule,omitempty"` // why, where it does not go without saying
}

// Overridden is a value that did not come to count.
type Overridden struct {
	Value  string `json:"value"`
	Source string `json:"source"`
}

// Explain says of every part of the request that r would become which layer
// set it, what it overrode, and by which rule. It runs the code of
// [Session.Prepare], Prepare hooks included: no network, no body is opened,
// and authenticators that wait for the exchange are named but not run.
func (s *Session) Explain(ctx context.Context, r *Request) (*Explanation, error) {
	c, err := s.newCall(ctx, r)
	if err != nil {
		return nil, err
	}
	c.layer.rec = newRecorder()
	if err := c.prepare(); err != nil {
		return nil, err
	}
	if err := c.explainRest(); err != nil {
		return nil, c.refused(err)
	}
	p := c.prepared
	return &Explanation{Method: p.Method, URL: redact.Marked(p.URL, c), Facts: c.recorder().list()}, nil
}

// String is a table for people: what, its value, where it comes from, and what
// there is to say about that.
func (e *Explanation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", e.Method, cell(e.URL))
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, f := range e.Facts {
		name, value := f.Part, cell(f.Value)
		if f.Name != "" {
			name += " " + cell(f.Name)
		}
		if f.Absent {
			value = "(absent)"
		}
		var notes []string
		for _, o := range f.Overrode {
			notes = append(notes, "over "+cell(o.Value)+" of "+cell(o.Source))
		}
		if f.Rule != "" {
			notes = append(notes, cell(f.Rule))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", name, value, cell(f.Source), strings.Join(notes, "; "))
	}
	w.Flush()
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// cell keeps a text within its cell of a table: an empty one is shown.
func cell(s string) string {
	if s == "" {
		return `""`
	}
	return printable(s)
}

// MarshalJSON writes the explanation for tools.
func (e *Explanation) MarshalJSON() ([]byte, error) {
	type plain Explanation
	return json.Marshal((*plain)(e))
}

const (
	fromBuiltin = "built-in"
	fromSession = "session"
	fromRequest = "request"

	fromUserinfo = "userinfo of the URL"
)

// recorder notes who writes what while a request is prepared. Prepare asks
// `if rec != nil` before it says anything, so that without one it costs nothing.
type recorder struct {
	facts map[[2]string]*Fact
	order []*Fact
	// proxies and tls are who changed these by a hook; "" nobody.
	proxies, tls string
}

func newRecorder() *recorder { return &recorder{facts: make(map[[2]string]*Fact)} }

// set notes a value that takes the place of the one before.
func (r *recorder) set(part, name, value, source, rule string) {
	f := r.fact(part, name)
	if f.Source != "" && !f.Absent {
		f.Overrode = slices.Insert(f.Overrode, 0, Overridden{f.Value, f.Source})
	}
	f.Value, f.Source, f.Rule, f.Absent = value, source, rule, false
}

// drop notes that a value was taken away.
func (r *recorder) drop(part, name, source, rule string) {
	f, ok := r.facts[[2]string{part, name}]
	if !ok || f.Absent {
		return
	}
	f.Overrode = slices.Insert(f.Overrode, 0, Overridden{f.Value, f.Source})
	f.Value, f.Source, f.Rule, f.Absent = "", source, rule, true
}

// beside notes a value that is sent together with what is there, after it or,
// with first, before it.
func (r *recorder) beside(part, name, value, source, rule string, first bool) {
	f, ok := r.facts[[2]string{part, name}]
	if !ok || f.Absent {
		r.set(part, name, value, source, rule)
		return
	}
	a, b, from, other := f.Value, value, f.Source, source
	if first {
		a, b, from, other = b, a, other, from
	}
	f.Value = a + ", " + b
	if from != other {
		f.Source = from + " and " + other
	}
	if f.Rule == "" {
		f.Rule = rule
	}
}

func (r *recorder) fact(part, name string) *Fact {
	key := [2]string{part, name}
	f, ok := r.facts[key]
	if !ok {
		f = &Fact{Part: part, Name: name}
		r.facts[key] = f
		r.order = append(r.order, f)
	}
	return f
}

// source is where what is known of a part comes from; "" when nothing is.
func (r *recorder) source(part, name string) string {
	if f, ok := r.facts[[2]string{part, name}]; ok && !f.Absent {
		return f.Source
	}
	return ""
}

// parts are in the order they are listed in.
var parts = []string{"method", "url", "query", "header", "cookie", "body", "proxy", "tls", "timeout", "setting", "auth", "hooks", "adapter"}

func (r *recorder) list() []Fact {
	slices.SortStableFunc(r.order, func(a, b *Fact) int {
		if d := slices.Index(parts, a.Part) - slices.Index(parts, b.Part); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	out := make([]Fact, len(r.order))
	for i, f := range r.order {
		out[i] = *f
	}
	return out
}
