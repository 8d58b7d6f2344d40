package auth

import (
	"math"
	"net/http"
	"strings"
)

// Bounds of what a server may ask in one response, and how long one value may
// be: values are kept and sent back.
const (
	maxChallenges = 32
	maxParams     = 32
	maxValue      = 4 << 10 // bytes
)

// challenge is one challenge of a WWW-Authenticate or Proxy-Authenticate field
// (RFC 9110, section 11.3).
type challenge struct {
	scheme  string // in lower case
	token68 string
	params  params
}

// params are the parameters of a challenge or of credentials, in their order,
// the names in lower case.
type params []param

type param struct{ name, value string }

// get returns the parameter called name, and whether there is one.
func (ps params) get(name string) (string, bool) {
	for _, p := range ps {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

func (ps params) value(name string) string {
	v, _ := ps.get(name)
	return v
}

// parseChallenges reads the challenges of all lines of a field, several to a
// line or one. Spacing may be odd and commas too many or missing. A challenge
// that is malformed otherwise, repeats a parameter or exceeds the bounds is
// left out: guessing what it meant would send credentials on a guess.
func parseChallenges(lines []string) []challenge {
	var all []challenge
	for _, line := range lines {
		s := scanner(line)
		var c *challenge // nil until a scheme is read
		bad := false
		end := func() {
			if c != nil && !bad && len(all) < maxChallenges {
				all = append(all, *c)
			}
			c, bad = nil, false
		}
		for s.skip(" \t,"); s != ""; s.skip(" \t,") {
			name := s.token()
			if name == "" {
				bad = true
				s.skipElement()
				continue
			}
			spaced := s.skip(" \t")
			if c != nil && s.first() == '=' {
				value, ok := s.value()
				bad = bad || !ok || !c.params.add(name, value, maxValue)
				continue
			}
			end()
			c = &challenge{scheme: strings.ToLower(name)}
			switch {
			case s == "" || s.first() == ',':
			case !spaced:
				bad = true
				s.skipElement()
			default:
				c.token68 = s.token68()
			}
		}
		end()
	}
	return all
}

// parseParams reads a list of parameters alone, as in Authentication-Info
// (RFC 7615). It reports whether all of it is well-formed.
func parseParams(s scanner, longest int) (ps params, ok bool) {
	for s.skip(" \t,"); s != ""; s.skip(" \t,") {
		name := s.token()
		s.skip(" \t")
		if name == "" || s.first() != '=' {
			return nil, false
		}
		value, ok := s.value()
		if !ok || !ps.add(name, value, longest) {
			return nil, false
		}
	}
	return ps, true
}

// credentialsOf reads the credentials in a field of r, which may be absent.
func credentialsOf(r *http.Request, field string) (scheme string, ps params) {
	scheme, rest, _ := strings.Cut(r.Header.Get(field), " ")
	ps, _ = parseParams(scanner(rest), math.MaxInt) // our own: a target may be long
	return strings.ToLower(scheme), ps
}

func (ps *params) add(name, value string, longest int) bool {
	name = strings.ToLower(name)
	if _, repeated := ps.get(name); repeated || len(*ps) >= maxParams || len(value) > longest {
		return false
	}
	*ps = append(*ps, param{name, value})
	return true
}

// scanner is what is left of a field's value.
type scanner string

func (s scanner) first() byte {
	if s == "" {
		return 0
	}
	return s[0]
}

// skip passes over bytes of set and reports whether there were any.
func (s *scanner) skip(set string) bool {
	rest := strings.TrimLeft(string(*s), set)
	skipped := len(rest) < len(*s)
	*s = scanner(rest)
	return skipped
}

// token reads a token, "" if there is none.
func (s *scanner) token() string {
	i := 0
	for i < len(*s) && isTokenByte((*s)[i]) {
		i++
	}
	return s.take(i)
}

// token68 reads a token68 if what follows is one and no parameter: it has to
// be all of its list element.
func (s *scanner) token68() string {
	t := *s
	i := 0
	for i < len(t) && isToken68Byte(t[i]) {
		i++
	}
	n := i
	for n < len(t) && t[n] == '=' {
		n++
	}
	rest := t[n:]
	rest.skip(" \t")
	if i == 0 || n > maxValue || rest != "" && rest.first() != ',' {
		return ""
	}
	return s.take(n)
}

// value reads = and the token or quoted string behind it, with spaces around
// either. It reports whether there is one; if not, the element is skipped. What it
// returns may be kept: it does not share the memory of the field, which may be long.
func (s *scanner) value() (value string, ok bool) {
	*s = (*s)[1:]
	s.skip(" \t")
	if s.first() == '"' {
		value, ok = s.quoted()
	} else {
		value = strings.Clone(s.token())
		ok = value != ""
	}
	// What is glued to the value is no part of it, nor anything else.
	if c := s.first(); !ok || c != 0 && c != ',' && c != ' ' && c != '\t' {
		s.skipElement()
		return "", false
	}
	return value, true
}

// quoted reads a quoted string and returns what it stands for.
func (s *scanner) quoted() (string, bool) {
	t := string(*s)
	var b strings.Builder
	for i := 1; i < len(t); i++ {
		switch c := t[i]; {
		case c == '"':
			*s = scanner(t[i+1:])
			return b.String(), true
		case c == '\\' && i+1 < len(t):
			i++
			if !isTextByte(t[i]) {
				return "", false
			}
			b.WriteByte(t[i])
		case !isTextByte(c):
			return "", false
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// skipElement passes over the rest of a list element: up to the next comma
// that is not quoted.
func (s *scanner) skipElement() {
	t := string(*s)
	quoted := false
	for i := 0; i < len(t); i++ {
		switch {
		case t[i] == '"':
			quoted = !quoted
		case quoted && t[i] == '\\':
			i++
		case !quoted && t[i] == ',':
			*s = scanner(t[i:])
			return
		}
	}
	*s = ""
}

func (s *scanner) take(n int) string {
	t := string((*s)[:n])
	*s = (*s)[n:]
	return t
}

// isTokenByte follows RFC 9110, section 5.6.2.
func isTokenByte(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// isToken68Byte follows RFC 9110, section 11.2.
func isToken68Byte(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("-._~+/", c) >= 0
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isTextByte reports whether c may stand in a quoted string, escaped or not.
func isTextByte(c byte) bool { return c == '\t' || c >= ' ' && c != 0x7f }

// quote writes s as a quoted string, escaped as RFC 9110, section 5.6.4, asks.
func quote(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
}
