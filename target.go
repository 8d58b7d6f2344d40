package requests

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/seed-3bbad739/requests/internal/redact"
)

// parseTarget prepares a URL as a caller or a Location field wrote it: it is
// normalised so far that net/url and net/http neither refuse nor change it.
// What is legal stays byte for byte. A scheme other than http and https is
// left as it is, but for schemes that begin with http (http+unix), whose
// escapes are normalised.
func parseTarget(raw string) (*url.URL, error) {
	u := new(url.URL)
	if err := parseTargetInto(u, raw); err != nil {
		return nil, err
	}
	return u, nil
}

func parseTargetInto(u *url.URL, raw string) error {
	raw = strings.TrimLeftFunc(raw, unicode.IsSpace)
	scheme, rest, ok := cutScheme(raw)
	if !ok {
		if raw == "" {
			return refuse(ErrMissingScheme, "the URL is empty")
		}
		shown := redact.RawURL(withoutQuery(raw))
		if !beginsWithHost(shown) {
			return refuse(ErrMissingScheme, "%q is relative, and there is no base URL", shown)
		}
		return refuse(ErrMissingScheme, "%q; perhaps https://%s?", shown, strings.TrimLeft(shown, "/"))
	}
	if !strings.HasPrefix(scheme, "http") {
		return parseForeign(u, raw, scheme, rest)
	}
	web := scheme == "http" || scheme == "https"
	var authority string
	if strings.HasPrefix(rest, "//") {
		authority, rest = cutAuthority(rest[2:], web)
	} else if web {
		return refuse(ErrInvalidURL, "no host in %q", redact.RawURL(withoutQuery(raw)))
	}
	rest, fragment, _ := strings.Cut(rest, "#")
	path, query, _ := strings.Cut(rest, "?")

	u.Scheme = scheme
	if err := setAuthority(u, authority, web); err != nil {
		return err
	}
	path = normalize(path, legalPath)
	if web {
		path = removeDotSegments(path)
	}
	if path == "" || path[0] != '/' {
		path = "/" + path
	}
	setPath(u, path)
	u.RawQuery = normalize(query, legalQuery)
	setFragment(u, normalize(fragment, legalQuery))
	return nil
}

// beginsWithHost reports whether what has no scheme looks like a host with a path,
// rather than a path alone.
func beginsWithHost(s string) bool {
	if strings.HasPrefix(s, "//") {
		return true
	}
	first, _, _ := strings.Cut(s, "/")
	return first == "localhost" || strings.ContainsAny(first, ".:[") && strings.Trim(first, ".") != ""
}

// parseForeign takes a URL of a scheme the library has no rules for as it is.
func parseForeign(u *url.URL, raw, scheme, rest string) error {
	if parsed, err := url.Parse(raw); err == nil {
		*u = *parsed
		return nil
	}
	*u = url.URL{Scheme: scheme, Opaque: rest}
	return nil
}

// cutScheme splits "scheme:rest" (RFC 3986, section 3.1), the scheme in lower case.
func cutScheme(raw string) (scheme, rest string, ok bool) {
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		case i > 0 && c == ':':
			return strings.ToLower(raw[:i]), raw[i+1:], true
		default:
			return "", raw, false
		}
	}
	return "", raw, false
}

// cutAuthority splits what follows "//". A backslash ends the authority of a
// web URL, as it does in browsers: were it part of the host, one parser would
// see another host than the next.
func cutAuthority(s string, web bool) (authority, rest string) {
	end := "/?#"
	if web {
		end = `/?#\`
	}
	if i := strings.IndexAny(s, end); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// setAuthority sets User and Host. The last @ separates them, as in the
// parsers that a server or a proxy uses.
func setAuthority(u *url.URL, authority string, web bool) error {
	host := authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		u.User = userinfo(authority[:i])
		host = authority[i+1:]
	}
	if !web {
		// In http+unix the host is the path of a socket, escaped.
		if h, err := url.PathUnescape(host); err == nil {
			host = h
		}
		if host == "" {
			return refuse(ErrInvalidURL, "no host in a %s URL", u.Scheme)
		}
		u.Host = host
		return nil
	}
	if plainHost(host) {
		u.Host = host
		return nil
	}
	name, port, err := splitHostPort(host)
	if err != nil {
		return err
	}
	if name, err = prepareHost(name); err != nil {
		return err
	}
	if port != "" {
		name += ":" + port
	}
	u.Host = name
	return nil
}

// plainHost reports whether host is a lower-case name or address and perhaps
// an ordinary port, which nothing has to be done to.
func plainHost(host string) bool {
	name, port := host, ""
	if i := strings.IndexByte(host, ':'); i >= 0 {
		name, port = host[:i], host[i+1:]
		if port == "" || len(port) > 4 || port[0] == '0' {
			return false
		}
		for i := 0; i < len(port); i++ {
			if port[i] < '0' || port[i] > '9' {
				return false
			}
		}
	}
	if name == "" || name[0] == '.' {
		return false
	}
	for i := 0; i < len(name); i++ {
		if c := name[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.') {
			return false
		}
	}
	return true
}

// userinfo decodes what stands before the @. url.Userinfo escapes it anew.
func userinfo(s string) *url.Userinfo {
	name, password, has := strings.Cut(s, ":")
	name, password = unescapeLenient(name), unescapeLenient(password)
	if !has {
		return url.User(name)
	}
	return url.UserPassword(name, password)
}

// unescapeLenient undoes escapes, unless one is malformed: then all percent
// signs are data, as in every other part of a URL.
func unescapeLenient(s string) string {
	if d, err := url.PathUnescape(s); err == nil {
		return d
	}
	return s
}

func splitHostPort(hostport string) (host, port string, err error) {
	host = hostport
	if i := strings.LastIndexByte(hostport, ':'); i >= 0 && !strings.HasSuffix(hostport, "]") {
		host, port = hostport[:i], hostport[i+1:]
		if port, err = preparePort(port); err != nil {
			return "", "", err
		}
	}
	if host == "" {
		return "", "", refuse(ErrInvalidURL, "no host supplied")
	}
	return host, port, nil
}

// preparePort drops leading zeros; an empty port and port 0 vanish.
func preparePort(port string) (string, error) {
	for i := 0; i < len(port); i++ {
		if port[i] < '0' || port[i] > '9' {
			return "", refuse(ErrInvalidURL, "the port is no number") // it may be a password, misplaced
		}
	}
	port = strings.TrimLeft(port, "0")
	if port == "" {
		return "", nil
	}
	if n, err := strconv.Atoi(port); err != nil || n > 65535 {
		return "", refuse(ErrInvalidURL, "the port is above 65535")
	}
	return port, nil
}

// hosts maps names outside ASCII as RFC 5891 and UTS 46 say, and refuses what
// no registry gives out.
var hosts = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(false))

// maxHost bounds a name as it is written: in ASCII it has at most 253 bytes, and
// converting one that has other characters takes time by the square of its length.
const maxHost = 4 * 253 // bytes

// maxLabel bounds a label in ASCII (RFC 1035, section 2.3.4).
const maxLabel = 63 // bytes

// notOfNames reports whether r is none of the letters, digits and hyphens that the
// ASCII form of an internationalised label is made of (RFC 5890, section 2.3.1).
func notOfNames(r rune) bool {
	return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
}

func prepareHost(host string) (string, error) {
	if strings.HasPrefix(host, "[") {
		return prepareIPv6(host)
	}
	if len(host) > maxHost {
		return "", refuse(ErrInvalidURL, "a host of %d bytes", len(host))
	}
	ascii := true
	for i := 0; i < len(host); i++ {
		if host[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if !ascii {
		if !utf8.ValidString(host) || strings.ContainsFunc(host, func(r rune) bool { return r >= utf8.RuneSelf && unicode.IsSymbol(r) }) {
			return "", refuse(ErrInvalidURL, "host %q is no internationalised name", host)
		}
		mapped, err := hosts.ToASCII(host)
		if err != nil {
			return "", refuse(ErrInvalidURL, "host %q is no internationalised name", host)
		}
		// What only mapping makes a name is refused, as IDNA 2008 does: another
		// parser would see another host.
		if back, err := hosts.ToUnicode(mapped); err != nil || back != strings.ToLower(strings.ReplaceAll(host, "İ", "i\u0307")) {
			return "", refuse(ErrInvalidURL, "host %q is no internationalised name", host)
		}
		for label := range strings.SplitSeq(mapped, ".") {
			if len(label) > maxLabel || strings.HasPrefix(label, "xn--") && strings.ContainsFunc(label, notOfNames) {
				return "", refuse(ErrInvalidURL, "host %q is no internationalised name", host)
			}
		}
		host = mapped
	}
	host = strings.ToLower(host)
	// After the mapping, for it can bring forth separators of a URL.
	for i := 0; i < len(host); i++ {
		if !legalHost.has(host[i]) {
			return "", refuse(ErrInvalidURL, "host %q has an illegal character", host)
		}
	}
	if host == "" || host[0] == '*' || host[0] == '.' {
		return "", refuse(ErrInvalidURL, "host %q begins with a wildcard or an empty label", host)
	}
	return host, nil
}

func prepareIPv6(host string) (string, error) {
	inner, ok := strings.CutSuffix(host[1:], "]")
	addr, zone, zoned := strings.Cut(inner, "%")
	if zoned {
		zone = strings.TrimPrefix(zone, "25")
		if zone = unescapeLenient(zone); zone == "" {
			ok = false
		}
		for i := 0; i < len(zone); i++ {
			if !legalZone.has(zone[i]) {
				ok = false
			}
		}
	}
	if a, err := netip.ParseAddr(addr); !ok || err != nil || !a.Is6() {
		return "", refuse(ErrInvalidURL, "host %q is no IPv6 address", host)
	}
	addr = strings.ToLower(addr)
	if zoned {
		addr += "%" + zone
	}
	return "[" + addr + "]", nil
}

// class is a set of ASCII characters.
type class byte

// The character classes of RFC 3986, sections 2 and 3.
const (
	unreserved class = 1 << iota
	legalHost
	legalPath
	legalQuery
	legalRawQuery

	legalZone = unreserved
)

const (
	unreservedChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	subDelims       = "!$&'()*+,;="
)

// classesOf says of every byte which classes it is in.
var classesOf = func() (table [256]class) {
	for _, set := range [...]struct {
		chars   string
		classes class
	}{
		{unreservedChars, unreserved | legalHost | legalPath | legalQuery | legalRawQuery},
		{subDelims, legalHost | legalPath | legalQuery | legalRawQuery},
		{":@/", legalPath | legalQuery | legalRawQuery},
		{"?", legalQuery | legalRawQuery},
		{"[]", legalRawQuery}, // reserved, not illegal: whoever signs a query wants it as it is
	} {
		for i := 0; i < len(set.chars); i++ {
			table[set.chars[i]] |= set.classes
		}
	}
	return table
}()

func (c class) has(b byte) bool { return classesOf[b]&c != 0 }

const upperHex = "0123456789ABCDEF"

// normalize makes a component of a URL legal: escapes are kept with upper-case
// digits, those of unreserved characters undone, everything illegal escaped.
// When a single percent sign is no escape, all of the component are data.
func normalize(s string, legal class) string {
	first := -1
	for i := 0; i < len(s); i++ {
		if !legal.has(s[i]) {
			first = i
			break
		}
	}
	if first < 0 {
		return s
	}
	escapes := true
	for i := first; i < len(s); i++ {
		if s[i] == '%' && !isEscape(s[i:]) {
			escapes = false
			break
		}
	}
	b := make([]byte, first, len(s)+16)
	copy(b, s[:first])
	for i := first; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '%' && escapes:
			v := unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
			if unreserved.has(v) {
				b = append(b, v)
			} else {
				b = append(b, '%', upperHex[v>>4], upperHex[v&15])
			}
		case legal.has(c):
			b = append(b, c)
		default:
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return string(b)
}

func isEscape(s string) bool { return len(s) >= 3 && isHex(s[1]) && isHex(s[2]) }

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	default:
		return c - 'A' + 10
	}
}

// removeDotSegments is RFC 3986, section 5.2.4. Empty segments stay.
func removeDotSegments(path string) string {
	if !strings.Contains(path, "/.") && !strings.HasPrefix(path, ".") {
		return path
	}
	segments := strings.Split(path, "/")
	out := segments[:0:0]
	for i, s := range segments {
		switch s {
		case ".":
		case "..":
			// The empty segment before the leading slash is the root.
			if len(out) > 1 || len(out) == 1 && out[0] != "" {
				out = out[:len(out)-1]
			}
		default:
			out = append(out, s)
			continue
		}
		if i == len(segments)-1 {
			out = append(out, "")
		}
	}
	return strings.Join(out, "/")
}

// setPath sets Path and, where net/url would escape otherwise, RawPath.
func setPath(u *url.URL, escaped string) {
	plain := true
	for i := 0; i < len(escaped); i++ {
		if c := escaped[i]; c != '/' && !unreserved.has(c) {
			plain = false
			break
		}
	}
	if plain {
		u.Path, u.RawPath = escaped, ""
		return
	}
	decoded, err := url.PathUnescape(escaped)
	if err != nil { // impossible for what normalize returns
		decoded = escaped
	}
	u.Path, u.RawPath = decoded, ""
	if u.EscapedPath() != escaped {
		u.RawPath = escaped
	}
}

func setFragment(u *url.URL, escaped string) {
	u.Fragment, u.RawFragment = "", ""
	if escaped == "" {
		return
	}
	decoded, err := url.PathUnescape(escaped)
	if err != nil {
		decoded = escaped
	}
	u.Fragment = decoded
	if u.EscapedFragment() != escaped {
		u.RawFragment = escaped
	}
}

// isWeb reports whether u is of a scheme that redirects may lead to and that
// credentials of the URL and of netrc are for.
func isWeb(u *url.URL) bool { return u.Scheme == "http" || u.Scheme == "https" }
