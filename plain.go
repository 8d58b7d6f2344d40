package requests

import "net/http"

// isPlainHeader reports whether no field of h is special but a User-Agent of one value:
// then a call that adds none need not look for any.
func isPlainHeader(h http.Header) bool {
	if len(h["User-Agent"]) != 1 {
		return false
	}
	for name := range h {
		if name != "User-Agent" && isSpecial(name) {
			return false
		}
	}
	return true
}

// isSpecial reports whether a call looks for the field by its name, as it means
// something besides being sent.
func isSpecial(name string) bool {
	switch name {
	case "Authorization", "Content-Length", "Cookie", "Host", "Proxy-Authorization", "Trailer", "Transfer-Encoding", "User-Agent":
		return true
	}
	return false
}
