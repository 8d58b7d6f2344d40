package sigv4

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// wireHost returns the Host field for r: lower case, without the scheme's
// default port and without an IPv6 zone, which net/http leaves out too.
func wireHost(r *http.Request) (string, error) {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	if i := strings.LastIndexByte(host, ']'); i > 0 && host[0] == '[' {
		if z := strings.LastIndexByte(host[:i], '%'); z >= 0 {
			host = host[:z] + host[i:]
		}
	}
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		name, port = host[:i], host[i+1:]
	}
	if port == "" || port == "80" && strings.EqualFold(r.URL.Scheme, "http") || port == "443" && strings.EqualFold(r.URL.Scheme, "https") {
		host = name
	}
	if name == "" {
		return "", errors.New("sigv4: the request names no host")
	}
	// net/http would write an international name in its ASCII form, which
	// takes tables to work out: the caller is to have done that.
	if !visible(host, ',') {
		return "", errors.New("sigv4: the host name is not plain ASCII")
	}
	return strings.ToLower(host), nil
}

// unsigned are the fields left out of signatures: those that net/http, HTTP/2,
// proxies or tracing write, split or change after the signature is made, and
// those that are a credential of their own.
var unsigned = map[string]bool{
	"Authorization": true, "Proxy-Authorization": true, "Cookie": true,
	"Host":           true, // signed from its own value
	"Content-Length": true, "Transfer-Encoding": true, "Expect": true, "Trailer": true, "Te": true,
	"Connection": true, "Proxy-Connection": true, "Keep-Alive": true, "Upgrade": true,
	"User-Agent": true, "Accept-Encoding": true, "Referer": true,
	"Via": true, "Forwarded": true, "Max-Forwards": true, "X-Real-Ip": true,
	"X-Amzn-Trace-Id": true, "Traceparent": true, "Tracestate": true, "Baggage": true,
}

// field is a header field to sign. Host, which no header holds, uses value.
type field struct {
	key    string // in any case
	value  string
	values []string
}

// signedFields appends to dst the fields of h to sign, and host, in their order.
// Those that leave names are out too.
func signedFields(dst []field, h http.Header, host string, leave func(key string) bool) []field {
	dst = append(dst, field{key: "host", value: host})
	for k, v := range h {
		key := http.CanonicalHeaderKey(k)
		if len(v) == 0 || unsigned[key] || strings.HasPrefix(key, "X-Forwarded-") || leave != nil && leave(key) {
			continue
		}
		dst = append(dst, field{key: k, values: v})
	}
	slices.SortFunc(dst, func(a, b field) int {
		// net/http writes keys that differ in case alone in byte order.
		return cmp.Or(compareFold(a.key, b.key), strings.Compare(a.key, b.key))
	})
	return dst
}

// appendFields appends the canonical form of sorted fields, a line each.
func appendFields(b []byte, fields []field) []byte {
	for i, f := range fields {
		if i > 0 && compareFold(f.key, fields[i-1].key) == 0 {
			b[len(b)-1] = ','
		} else {
			b = appendLower(b, f.key)
			b = append(b, ':')
		}
		b = appendTrimmed(b, f.value)
		for j, v := range f.values {
			if j > 0 {
				b = append(b, ',')
			}
			b = appendTrimmed(b, v)
		}
		b = append(b, '\n')
	}
	return b
}

// appendNames appends the names of sorted fields, separated by semicolons.
func appendNames(b []byte, fields []field) []byte {
	for i, f := range fields {
		if i > 0 {
			if compareFold(f.key, fields[i-1].key) == 0 {
				continue
			}
			b = append(b, ';')
		}
		b = appendLower(b, f.key)
	}
	return b
}

// appendTrimmed appends v without the white space around it and with a single
// space for each run inside, in quoted strings too. The line ends of folded
// values count: that is how a value spread over lines is read.
func appendTrimmed(b []byte, v string) []byte {
	gap := false
	start := len(b)
	for i := 0; i < len(v); i++ {
		switch c := v[i]; c {
		case ' ', '\t', '\n', '\v', '\f', '\r':
			gap = true
		default:
			if gap && len(b) > start {
				b = append(b, ' ')
			}
			gap = false
			b = append(b, c)
		}
	}
	return b
}

func appendLower(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		b = append(b, lower(s[i]))
	}
	return b
}

func compareFold(a, b string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
