package adapters

import (
	"io"

	"github.com/seed-3bbad739/requests/internal/inmemory"
)

// atOnce bounds the content that is sent in one go: little enough for a socket
// to take, as a rule, without waiting for the other side.
const atOnce = 16 << 10

// goesAtOnce reports whether content is in memory, small, and of the length it
// is declared to have. net/http sends such content together with the header,
// in one write, as long as nothing is laid around it; and there is nothing to
// watch, for it neither waits nor fails.
func goesAtOnce(content io.ReadCloser, declared int64) bool {
	if declared <= 0 || declared > atOnce {
		return false
	}
	n, ok := inmemory.Len(content)
	return ok && n == declared
}
