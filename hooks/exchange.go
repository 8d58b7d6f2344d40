package hooks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-3bbad739/requests/internal/drain"
	"github.com/seed-3bbad739/requests/internal/redact"
)

// Exchange is one request on the wire and what came of it: a redirect hop and
// the answer to a challenge are exchanges of their own.
type Exchange struct {
	// Request is what is sent. A hook that runs before the wire may change
	// it: it belongs to this exchange alone.
	Request *http.Request
	// Response is what came back, its Body unread and as it was on the wire.
	// It is nil before the exchange and when Err is set.
	Response *http.Response
	// Err is why there is no response.
	Err error
	// Number counts the exchanges of a call from 1.
	Number int
	// Elapsed is the time from sending until the header had come.
	Elapsed time.Duration
}

// String is "<Exchange 1 [GET http://… 200]>", without secrets.
func (e Exchange) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<Exchange %d [", e.Number)
	if r := e.Request; r != nil {
		b.WriteString(r.Method + " " + redact.Marked(r.URL, redact.MarksFrom(r.Context())))
	}
	if e.Response != nil {
		fmt.Fprintf(&b, " %d", e.Response.StatusCode)
	}
	if e.Err != nil {
		b.WriteString(" " + redact.Text(e.Err.Error()))
	}
	return b.String() + "]>"
}

// Format prints [Exchange.String] under every verb: header and content may
// hold secrets.
func (e Exchange) Format(f fmt.State, _ rune) { io.WriteString(f, e.String()) }

// LogValue returns [Exchange.String].
func (e Exchange) LogValue() slog.Value { return slog.StringValue(e.String()) }

// MarshalJSON writes [Exchange.String].
func (e Exchange) MarshalJSON() ([]byte, error) { return json.Marshal(e.String()) }

// Peek returns up to n bytes from the start of the response's body and puts
// them back, so that whoever reads the body next still has them. The bytes
// are as received: a content coding is not undone. Fewer than n come back
// when the body ends earlier, without an error. An error met while reading
// is returned here and again, after the bytes, by the body.
func (e *Exchange) Peek(n int) ([]byte, error) {
	if e.Response == nil || e.Response.Body == nil || n <= 0 {
		return nil, nil
	}
	body := e.Response.Body
	p, ok := body.(*peeked)
	if !ok {
		p = &peeked{rest: body}
		e.Response.Body = p
	}
	if missing := n - len(p.ahead); missing > 0 && p.err == nil {
		more, err := io.ReadAll(io.LimitReader(p.rest, int64(missing)))
		p.ahead = append(p.ahead, more...)
		p.err = err
	}
	return bytes.Clone(p.ahead[:min(n, len(p.ahead))]), p.err
}

// peeked is a body of which the first bytes have been read ahead.
type peeked struct {
	ahead  []byte
	rest   io.ReadCloser
	err    error // met while reading ahead
	closed atomic.Bool
}

var errClosed = errors.New("hooks: read of a closed body")

func (p *peeked) Read(b []byte) (int, error) {
	if p.closed.Load() {
		return 0, errClosed
	}
	if len(p.ahead) > 0 {
		n := copy(b, p.ahead)
		p.ahead = p.ahead[n:]
		return n, nil
	}
	if p.err != nil {
		return 0, p.err
	}
	return p.rest.Read(b)
}

func (p *peeked) Close() error {
	p.closed.Store(true)
	return p.rest.Close()
}

// Peeked returns the body underneath: a session asks whether it is the one that came.
func (p *peeked) Peeked() io.ReadCloser { return p.rest }

// Abort ends a pending Read where the body underneath can.
func (p *peeked) Abort() { drain.Abort(p.rest) }

// CanAbort reports whether Abort is more than Close.
func (p *peeked) CanAbort() bool { return drain.CanAbort(p.rest) }
