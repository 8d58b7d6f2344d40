package auth

import (
	"math"
	"strings"
)

// FixCnonce makes a Digest use cnonce for every request.
func FixCnonce(a Authenticator, cnonce string) {
	a.(*digest).newCnonce = func() string { return cnonce }
}

// SpacesOf returns how many servers a Digest knows.
func SpacesOf(a Authenticator) int {
	d := a.(*digest)
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.spaces.by)
}

// SetCount makes every nonce of a Digest one that was used n times.
func SetCount(a Authenticator, n uint32) {
	d := a.(*digest)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, sp := range d.spaces.by {
		for _, s := range sp.sessions {
			for _, nonce := range s.nonces {
				nonce.count = n
			}
		}
	}
}

const (
	MaxSpaces   = maxSpaces
	MaxSessions = maxSessions
	MaxNonces   = maxNonces
	MaxPaths    = maxPaths
	MaxCount    = math.MaxUint32
)

// Challenge is a challenge as it was parsed.
type Challenge struct {
	Scheme, Token68 string
	Params          [][2]string
}

// ParseChallenges parses the lines of a WWW-Authenticate field.
func ParseChallenges(lines []string) []Challenge {
	var out []Challenge
	for _, c := range parseChallenges(lines) {
		e := Challenge{Scheme: c.scheme, Token68: c.token68}
		for _, p := range c.params {
			e.Params = append(e.Params, [2]string{p.name, p.value})
		}
		out = append(out, e)
	}
	return out
}

// ParseParams parses a list of parameters.
func ParseParams(s string) (ps [][2]string, ok bool) {
	parsed, ok := parseParams(scanner(s), maxValue)
	for _, p := range parsed {
		ps = append(ps, [2]string{p.name, p.value})
	}
	return ps, ok
}

// NetrcEntry is an entry of a netrc file.
type NetrcEntry struct {
	Machine                  string
	Default                  bool
	Login, Account, Password string
	Line                     int
}

// ParseNetrc parses a netrc file.
func ParseNetrc(content []byte) (entries []NetrcEntry, line int, err error) {
	parsed, line, err := parseNetrc(content)
	for _, e := range parsed {
		out := NetrcEntry{Default: e.machine == nil, Login: e.login, Account: e.account, Password: e.password, Line: e.line}
		if e.machine != nil {
			out.Machine = *e.machine
		}
		entries = append(entries, out)
	}
	return entries, line, err
}

// Quote writes s as a quoted string.
func Quote(s string) string {
	var b strings.Builder
	quote(&b, s)
	return b.String()
}
