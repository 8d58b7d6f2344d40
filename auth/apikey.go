package auth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"
)

type header struct {
	label
	field secret // a name, or the value in the wrong place
	value secret
	err   error
}

// Header returns an [Authenticator] that sets the header field name to value,
// as services with API keys ask for. A name or value that no header can carry
// is an error when a request is authenticated. It matches
// requests.ErrInvalidHeader.
func Header(name, value string) Authenticator {
	h := &header{label: "auth.Header", field: hide(http.CanonicalHeaderKey(name)), value: hide(value)}
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		// The name stays out of the message: it may be the value, in the wrong place.
		h.err = invalid("header", "name is not a token")
	case !httpguts.ValidHeaderFieldValue(value), strings.TrimSpace(value) != value:
		h.err = invalid("header", "value holds a control character, or a space at an end")
	}
	return h
}

func (h *header) Authenticate(r *http.Request) error {
	if h.err != nil {
		return h.err
	}
	setField(r, h.field.reveal(), h.value.reveal())
	return nil
}

type query struct {
	label
	key  string // as it is compared
	pair secret // as it is sent
}

// Query returns an [Authenticator] that sets the query parameter name to
// value. It replaces every parameter of that name and leaves the others and
// their order as they are. Prefer [Header] where the service has the choice:
// URLs end in logs. An empty name is an error when a request is authenticated.
func Query(name, value string) Authenticator {
	return &query{label: "auth.Query", key: name, pair: hide(url.QueryEscape(name) + "=" + url.QueryEscape(value))}
}

func (q *query) Authenticate(r *http.Request) error {
	if q.key == "" {
		return errors.New("auth: query: name is empty")
	}
	u := *r.URL // whoever else holds the URL must not see the secret
	u.RawQuery = q.setIn(u.RawQuery)
	u.ForceQuery = false
	r.URL = &u
	return nil
}

func (q *query) setIn(raw string) string {
	pair := q.pair.reveal()
	var b strings.Builder
	b.Grow(len(raw) + 1 + len(pair))
	for part := range strings.SplitSeq(raw, "&") {
		key, _, _ := strings.Cut(part, "=")
		if name, err := url.QueryUnescape(key); part == "" || err == nil && name == q.key {
			continue
		}
		b.WriteString(part)
		b.WriteByte('&')
	}
	b.WriteString(pair)
	return b.String()
}
