package requests

import (
	"net/url"
	"slices"
	"strings"
)

// prepareQuery appends the params of both layers to the query that the URL has.
func (c *call) prepareQuery(u *url.URL) {
	l, snap := c.layer, c.snapshot
	home := c.atHome(u)
	sent := snap.sentTo(home)
	below, encoded, raw := sent.params, sent.query, ""
	own := l.ownParams()
	if m := snap.request.marks; m != nil && m.rawSet && len(own) == 0 { // it cannot be merged with params
		raw = m.rawQuery
		if !home {
			raw = withoutSecretPairs(raw)
		}
	}
	if m := l.marks; m != nil && m.rawSet {
		raw = m.rawQuery
		below, encoded = nil, ""
	}
	raw = normalize(raw, legalRawQuery)
	if c.recorder() != nil {
		c.explainQuery(u.RawQuery, raw, below, own)
	}
	if len(own) == 0 {
		u.RawQuery = joinQuery(joinQuery(u.RawQuery, raw), encoded)
		return
	}
	sortFields(own)
	var buf [256]byte
	b := append(buf[:0], joinQuery(u.RawQuery, raw)...)
	u.RawQuery = string(appendFields(b, below, own))
}

// withoutSecretPairs leaves out of a raw query what would stay at home as a param.
// That its name cannot be read is no reason to send a value.
func withoutSecretPairs(query string) string {
	pairs := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
	return strings.Join(slices.DeleteFunc(pairs, func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		return err != nil || secretParam(name)
	}), "&")
}

func joinQuery(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	return a + "&" + b
}

// sortFields is slices.SortFunc for the few fields that most calls have.
func sortFields(fs []field) {
	if len(fs) > maxWaiting {
		slices.SortFunc(fs, byName)
		return
	}
	for i := 1; i < len(fs); i++ {
		for j := i; j > 0 && fs[j].name < fs[j-1].name; j-- {
			fs[j], fs[j-1] = fs[j-1], fs[j]
		}
	}
}

// overlayParams lays the params of l over lower and returns a slice that is
// never written to. What removes a param is not among them.
func overlayParams(lower []field, l *layer) []field {
	if len(l.Params) == 0 && len(l.params) == 0 {
		return lower
	}
	upper := l.ownParams()
	sortFields(upper)
	out := make([]field, 0, len(lower)+len(upper))
	m := merging{lower, upper}
	for f := m.next(); f != nil; f = m.next() {
		if !f.removes() {
			out = append(out, *f)
		}
	}
	return out
}

// ownParams returns the params of l, each name once, in no order. The slice is
// for the caller to sort.
func (l *layer) ownParams() []field {
	if len(l.Params) == 0 {
		return l.params
	}
	own := append(make([]field, 0, len(l.Params)+len(l.params)), l.params...)
	for k, vs := range l.Params {
		if !slices.ContainsFunc(l.params, func(f field) bool { return f.name == k }) {
			own = append(own, fieldOf(k, vs))
		}
	}
	return own
}

// merging goes through two slices that are in the order of their names. Of one
// name the upper's counts.
type merging struct{ lower, upper []field }

// next returns nil at the end.
func (m *merging) next() *field {
	from := &m.upper
	if len(m.lower) > 0 && (len(m.upper) == 0 || m.lower[0].name < m.upper[0].name) {
		from = &m.lower
	} else if len(m.upper) == 0 {
		return nil
	} else if len(m.lower) > 0 && m.lower[0].name == m.upper[0].name {
		m.lower = m.lower[1:]
	}
	f := &(*from)[0]
	*from = (*from)[1:]
	return f
}

// valuesOf returns params as a caller knows them.
func valuesOf(params []field) url.Values {
	if len(params) == 0 {
		return nil
	}
	return url.Values(flushInto(nil, params))
}

func byName(a, b field) int { return strings.Compare(a.name, b.name) }

func encodeFields(fs []field) string {
	if len(fs) == 0 {
		return ""
	}
	var room [256]byte
	return string(appendFields(room[:0], nil, fs))
}

// appendFields appends the pairs of both as application/x-www-form-urlencoded.
func appendFields(b []byte, lower, upper []field) []byte {
	m := merging{lower, upper}
	for f := m.next(); f != nil; f = m.next() {
		if f.removes() {
			continue
		}
		b = appendPair(b, f.name, f.value)
		for _, v := range f.rest() {
			b = appendPair(b, f.name, v)
		}
	}
	return b
}

func appendPair(b []byte, name, value string) []byte {
	if len(b) > 0 {
		b = append(b, '&')
	}
	b = appendQuery(b, name)
	b = append(b, '=')
	return appendQuery(b, value)
}

// appendQuery escapes as url.QueryEscape does, without a string in between.
func appendQuery(b []byte, s string) []byte {
	plain := 0 // as much of s, most often all, stands for itself
	for plain < len(s) && unreserved.has(s[plain]) {
		plain++
	}
	b = append(b, s[:plain]...)
	for i := plain; i < len(s); i++ {
		switch c := s[i]; {
		case unreserved.has(c):
			b = append(b, c)
		case c == ' ':
			b = append(b, '+')
		default:
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return b
}
