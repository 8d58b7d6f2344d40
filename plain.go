package requests

import "net/http"

// isPlainHeader reports whether no field of h is special but a User-Agent of one
// value: then a call that sets neither need not look for any.
func isPlainHeader(h http.Header) bool {
	if len(h["User-Agent"]) != 1 {
		return false
	}
	for name := range h {
		if isSpecial(name) {
			return false
		}
	}
	return true
}

// keepsPlain reports whether a plain header is one still with f laid over it.
func keepsPlain(f *field) bool { return f.name != "User-Agent" && !isSpecial(f.name) }

// isSpecial reports whether a call looks for the field by its name, as it means
// something besides being sent.
func isSpecial(name string) bool {
	switch name {
	case "Authorization", "Content-Length", "Cookie", "Host", "Proxy-Authorization", "Trailer", "Transfer-Encoding":
		return true
	}
	return false
}
