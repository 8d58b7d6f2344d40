package download

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/seed-3bbad739/requests"
)

func digestOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// resourceOf identifies what was asked for: the URL of the first exchange of a
// call, before redirects.
func resourceOf(resp *requests.Response) (*url.URL, string) {
	first := resp.Request
	if len(resp.History) > 0 {
		first = resp.History[0].Request
	}
	u := *first.URL
	u.Fragment, u.RawFragment = "", ""
	return first.URL, digestOf(u.String())
}

// strongValidator returns what If-Range may be given (RFC 9110, section
// 13.1.5): a strong entity tag, or a date so far back that a change within its
// second is out of the question (section 8.8.2.2). "" if there is none.
func strongValidator(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" {
		if len(tag) < 2 || len(tag) > 1<<10 || tag[0] != '"' || tag[len(tag)-1] != '"' || !httpguts.ValidHeaderFieldValue(tag) {
			return "" // weak, or none at all
		}
		return tag
	}
	modified, err := http.ParseTime(h.Get("Last-Modified"))
	if err != nil {
		return ""
	}
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil || date.Sub(modified) < time.Minute {
		return ""
	}
	return h.Get("Last-Modified")
}
