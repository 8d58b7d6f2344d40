package sigv4

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// A signature is valid when the server derives the same canonical request from
// what arrives. Everything here therefore starts from what net/http writes on
// the wire, and where a spelling can be read in two ways, it is the request
// that is changed to the canonical spelling, so that both readings agree.

// target returns the canonical path and query of what net/http sends for u,
// and the URL to send: u itself or a copy in canonical spelling.
func target(u *url.URL, single bool) (path, query string, send *url.URL, err error) {
	send = u
	wire := u.EscapedPath()
	if u.Opaque != "" {
		if wire, err = opaquePath(u.Opaque); err != nil {
			return "", "", nil, err
		}
	}
	if single {
		path = encode(wire, inPath)
		if path != wire && u.Opaque == "" {
			c := *u
			c.RawPath = path
			send = &c
		}
	} else {
		path = encode(normalise(wire), again)
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	query, raw := canonicalQuery(u.RawQuery)
	if raw != u.RawQuery {
		if send == u {
			c := *u
			send = &c
		}
		send.RawQuery = raw
	}
	return path, query, send, nil
}

// opaquePath returns the path of a URL that spells its request target out.
func opaquePath(opaque string) (string, error) {
	if strings.ContainsAny(opaque, "?#") {
		return "", errors.New("sigv4: an opaque URL with a query in it cannot be signed")
	}
	if rest, ok := strings.CutPrefix(opaque, "//"); ok { // //host/path
		i := strings.IndexByte(rest, '/')
		if i < 0 {
			return "/", nil
		}
		return rest[i:], nil
	}
	return opaque, nil
}

// normalise removes dot segments and empty segments, as the algorithm asks
// for every service but S3. It looks at the path as spelt: %2E is no dot.
func normalise(path string) string {
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") && !strings.HasPrefix(path, ".") {
		return path
	}
	var kept []string
	for s := range strings.SplitSeq(path, "/") {
		switch s {
		case "", ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, s)
		}
	}
	if len(kept) == 0 {
		return "/"
	}
	n := "/" + strings.Join(kept, "/")
	if strings.HasSuffix(path, "/") {
		n += "/"
	}
	return n
}

// canonicalQuery returns raw sorted by encoded key, then by value, and raw in
// canonical spelling but its own order, which is what must be sent.
//
// A plus sign is a space: that is what [url.Values.Encode] and HTML forms
// write and AWS reads, but not every server; %20 is read alike by all. A
// percent sign that starts no escape is itself, and empty pairs go.
func canonicalQuery(raw string) (canonical, wire string) {
	if raw == "" {
		return "", ""
	}
	type pair struct {
		key, value string
		bare       bool // without an equals sign
	}
	var array [8]pair
	pairs := array[:0]
	changed, ready := false, true
	for rest, more := raw, true; more; {
		var part string
		part, rest, more = strings.Cut(rest, "&")
		if part == "" {
			changed = true
			continue
		}
		k, v, ok := strings.Cut(part, "=")
		p := pair{encode(k, inQuery), encode(v, inQuery), !ok}
		changed = changed || p.key != k || p.value != v
		ready = ready && ok
		pairs = append(pairs, p)
	}
	join := func(sorted bool) string {
		var b strings.Builder
		b.Grow(len(raw) + len(pairs))
		for i, p := range pairs {
			if i > 0 {
				b.WriteByte('&')
			}
			b.WriteString(p.key)
			if sorted || !p.bare {
				b.WriteByte('=')
			}
			b.WriteString(p.value)
		}
		return b.String()
	}
	wire = raw
	if changed {
		wire = join(false)
	}
	order := func(a, b pair) int {
		return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.value, b.value))
	}
	if ready && slices.IsSortedFunc(pairs, order) {
		return wire, wire
	}
	slices.SortStableFunc(pairs, order)
	return join(true), wire
}

// A spelling is a way to percent-encode.
type spelling byte

const (
	inPath  spelling = iota // escapes are read first, a slash stays
	inQuery                 // escapes and plus signs are read first
	again                   // escapes are encoded like anything else, a slash stays
)

const upperHex = "0123456789ABCDEF"

// encode percent-encodes all but the unreserved characters (RFC 3986, section
// 2.3). It returns s itself if there is nothing to change.
func encode(s string, how spelling) string {
	n := 0
	for n < len(s) && (unreserved(s[n]) || s[n] == '/' && how != inQuery) {
		n++
	}
	if n == len(s) {
		return s
	}
	b := make([]byte, n, len(s)+2*(len(s)-n))
	copy(b, s)
	for i := n; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '%' && how != again && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
			if c == '/' { // an escaped slash separates nothing
				b = append(b, "%2F"...)
				continue
			}
		case c == '+' && how == inQuery:
			c = ' '
		}
		if unreserved(c) || c == '/' && how != inQuery {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	if string(b) == s {
		return s
	}
	return string(b)
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&7 + 9
}
