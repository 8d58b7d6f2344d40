package adapters

import (
	"bytes"
	"io"
	"reflect"
	"strings"
)

// atOnce bounds the content that is sent in one go: what every socket takes
// without waiting for the other side.
const atOnce = 16 << 10

// nopClosers are the types by which net/http knows content in memory again.
var nopClosers = [...]reflect.Type{
	reflect.TypeOf(io.NopCloser(nil)),
	reflect.TypeOf(io.NopCloser(struct {
		io.Reader
		io.WriterTo
	}{})),
}

// goesAtOnce reports whether content is in memory, small, and of the length it
// is declared to have. net/http sends such content together with the header,
// in one write, as long as nothing is laid around it; and there is nothing to
// watch, for it neither waits nor fails.
func goesAtOnce(content io.ReadCloser, declared int64) bool {
	if declared <= 0 || declared > atOnce {
		return false
	}
	t := reflect.TypeOf(content)
	if t != nopClosers[0] && t != nopClosers[1] {
		return false
	}
	switch r := reflect.ValueOf(content).Field(0).Interface().(type) {
	case *bytes.Reader:
		return int64(r.Len()) == declared
	case *bytes.Buffer:
		return int64(r.Len()) == declared
	case *strings.Reader:
		return int64(r.Len()) == declared
	}
	return false
}
