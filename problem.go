package requests

import (
	"encoding/json"
	"errors"
	"mime"

	"github.com/seed-3bbad739/requests/internal/charset"
)

// Problem is what a server says of an error in the form of RFC 9457. Members
// that are absent or of another type are zero. Further members are had by
// [StatusError.Decode].
type Problem struct {
	Type     string // a URI that names the kind; "" means "about:blank"
	Title    string
	Status   int // as the server says it, which need not be the response's
	Detail   string
	Instance string
}

// Decode decodes the kept content, JSON of whatever media type, into v: the
// extension members of a problem, or an API's own form of error. Content that
// was longer than what is kept is no JSON any more: [Response.JSON] of
// e.Response has all of it, unless it was a stream.
func (e *StatusError) Decode(v any) error {
	if len(e.Content) == 0 {
		return because(ErrInvalidJSON, errors.New("there is no content"))
	}
	text, err := charset.UTF8JSON(e.Content)
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		return because(ErrInvalidJSON, err)
	}
	return nil
}

// problemOf reads content of type application/problem+json. RFC 9457, section
// 3.1, has a member of the wrong type ignored.
func problemOf(contentType string, content []byte) *Problem {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) || mediaType != "application/problem+json" {
		return nil
	}
	text, err := charset.UTF8JSON(content)
	var members map[string]json.RawMessage
	if err != nil || json.Unmarshal(text, &members) != nil {
		return nil
	}
	p := new(Problem)
	for name, to := range map[string]any{"type": &p.Type, "title": &p.Title, "status": &p.Status, "detail": &p.Detail, "instance": &p.Instance} {
		if text, ok := members[name]; ok {
			_ = json.Unmarshal(text, to) // of the wrong type: left at zero
		}
	}
	return p
}
