package adapters

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/net/http/httpguts"

	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// heldBack is how much content a handler may write before its header goes
// out: a shorter answer has its length declared, as net/http's server does.
const heldBack = 2048

// answer is the http.ResponseWriter of one request.
type answer struct {
	req   *http.Request
	body  *memoryBody
	sink  *io.PipeWriter
	ready chan *http.Response // the header, or nil when there will be none
	watch silenceWatch

	mu       sync.Mutex // guards what follows: handlers may use several goroutines
	header   http.Header
	sent     http.Header // what header was when it was committed
	status   int
	declared int64 // Content-Length that the handler set; -1: none
	written  int64
	held     []byte
	resp     *http.Response // once the header has gone out
	panicked any
}

func (w *answer) Header() http.Header { return w.header }

func (w *answer) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.commit(status)
}

// commit fixes status and header. mu is held.
func (w *answer) commit(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %v", status))
	}
	if w.status != 0 {
		return // superfluous, as net/http's server has it
	}
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		if t := httptrace.ContextClientTrace(w.req.Context()); t != nil && t.Got1xxResponse != nil {
			t.Got1xxResponse(status, textproto.MIMEHeader(w.header.Clone()))
		}
		w.watch.heard()
		return
	}
	w.status, w.sent = status, w.header.Clone()
	maps.DeleteFunc(w.sent, func(name string, _ []string) bool { return strings.HasPrefix(name, http.TrailerPrefix) })
	if cl := w.sent.Get("Content-Length"); cl != "" {
		n, err := strconv.ParseInt(cl, 10, 64)
		if err != nil || n < 0 {
			w.sent.Del("Content-Length")
		} else {
			w.declared = n
		}
	}
}

func (w *answer) Write(p []byte) (int, error) {
	w.mu.Lock()
	if w.status == 0 {
		w.commit(http.StatusOK)
	}
	switch {
	case !w.bodyAllowed():
		w.mu.Unlock()
		return 0, http.ErrBodyNotAllowed
	case w.declared >= 0 && w.written+int64(len(p)) > w.declared:
		w.mu.Unlock()
		return 0, http.ErrContentLength
	}
	w.written += int64(len(p))
	if w.resp == nil && len(w.held)+len(p) <= heldBack {
		w.held = append(w.held, p...)
		w.mu.Unlock()
		return len(p), nil
	}
	w.hold(p)
	w.send(false)
	w.mu.Unlock()
	if w.req.Method == http.MethodHead {
		return len(p), nil
	}
	return w.sink.Write(p)
}

// hold keeps the start of the content for its type to be told by, when that
// is not known yet. mu is held.
func (w *answer) hold(p []byte) {
	if w.resp == nil && len(w.held) == 0 && w.sent.Get("Content-Type") == "" && w.sent.Get("Content-Encoding") == "" && len(p) > 0 {
		w.sent.Set("Content-Type", http.DetectContentType(p))
	}
}

// bodyAllowed reports whether the status has content (RFC 9110, section 6.4.1).
func (w *answer) bodyAllowed() bool {
	return w.status >= 200 && w.status != http.StatusNoContent && w.status != http.StatusNotModified
}

// Flush sends what was written so far.
func (w *answer) Flush() { w.FlushError() }

// FlushError sends what was written so far, for http.ResponseController.
func (w *answer) FlushError() error {
	w.mu.Lock()
	if w.status == 0 {
		w.commit(http.StatusOK)
	}
	w.send(false)
	w.mu.Unlock()
	return nil
}

// EnableFullDuplex is for http.ResponseController: it always is so.
func (w *answer) EnableFullDuplex() error { return nil }

// send hands the response to the caller. whole says that all of the content
// has been written. mu is held.
func (w *answer) send(whole bool) {
	if w.resp != nil {
		return
	}
	h := w.sent
	if len(w.held) > 0 && w.bodyAllowed() && h.Get("Content-Type") == "" && h.Get("Content-Encoding") == "" {
		h.Set("Content-Type", http.DetectContentType(w.held))
	}
	resp := &http.Response{
		StatusCode: w.status, Status: strings.TrimSpace(strconv.Itoa(w.status) + " " + http.StatusText(w.status)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Request: w.req, Body: w.body, ContentLength: -1,
	}
	switch {
	case w.declared >= 0:
		resp.ContentLength = w.declared
	case !w.bodyAllowed():
		resp.ContentLength = 0
	case whole:
		if w.written > 0 || w.req.Method != http.MethodHead {
			resp.ContentLength = w.written
			h.Set("Content-Length", strconv.FormatInt(w.written, 10))
		}
	default:
		if w.req.Method != http.MethodHead {
			resp.TransferEncoding = []string{"chunked"}
		}
	}
	if w.hasContent() {
		w.announce(resp)
	}
	if w.req.Method != http.MethodHead {
		w.body.start = w.held
	}
	w.held = nil
	w.resp = resp
	w.ready <- resp
}

// hasContent reports whether there is content, and with it trailers.
func (w *answer) hasContent() bool { return w.bodyAllowed() && w.req.Method != http.MethodHead }

// announce prepares the trailers that the handler declared.
func (w *answer) announce(resp *http.Response) {
	for _, line := range w.sent["Trailer"] {
		for name := range strings.SplitSeq(line, ",") {
			if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); name != "" && httpguts.ValidTrailerHeader(name) {
				if resp.Trailer == nil {
					resp.Trailer = make(http.Header)
				}
				resp.Trailer[name] = nil
			}
		}
	}
	w.sent.Del("Trailer")
}

// finish ends the response when the handler has returned.
func (w *answer) finish() {
	w.mu.Lock()
	if w.status == 0 {
		w.commit(http.StatusOK)
	}
	w.send(true)
	short := w.declared >= 0 && w.written < w.declared && w.hasContent()
	w.mu.Unlock()
	if short {
		w.sink.CloseWithError(io.ErrUnexpectedEOF)
		return
	}
	w.trail()
	w.sink.Close()
}

// trail sets the trailers, before the end of the content can be seen.
func (w *answer) trail() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.hasContent() {
		return
	}
	for name := range w.resp.Trailer {
		if vv := w.header[name]; len(vv) > 0 {
			w.resp.Trailer[name] = append([]string(nil), vv...)
		}
	}
	for name, vv := range w.header {
		if rest, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			if w.resp.Trailer == nil {
				w.resp.Trailer = make(http.Header)
			}
			w.resp.Trailer[http.CanonicalHeaderKey(rest)] = append([]string(nil), vv...)
		}
	}
}

// abort ends the response when the handler panicked with p.
func (w *answer) abort(p any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.panicked = p
	if w.resp == nil {
		w.ready <- nil
	}
	w.sink.CloseWithError(w.brokenErr())
}

func (w *answer) brokenErr() error {
	if w.panicked == http.ErrAbortHandler {
		return errHandlerBroke
	}
	return fmt.Errorf("%w: panic: %v", errHandlerBroke, w.panicked)
}

// broken is the error of a handler that gave no header.
func (w *answer) broken() error {
	if err := interrupted(w.req.Context()); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return &failure{sentinel.Connection, w.brokenErr()}
}

// memoryBody is the content of a response, as the handler writes it.
type memoryBody struct {
	watch  *silenceWatch
	start  []byte // what was written before the header went out
	pipe   *io.PipeReader
	ctx    context.Context // the caller's
	cancel func(error)     // ends the handler's
	closed atomic.Bool
	err    error // what Read last ended with
}

func (b *memoryBody) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.read(p)
	switch {
	case err == nil:
		return n, nil
	case err == io.EOF:
		b.err = err
	case b.closed.Load():
		b.err = http.ErrBodyReadAfterClose
	default:
		if b.err = interrupted(b.ctx); b.err == nil {
			b.err = b.watch.ended()
		}
		if b.err == nil {
			b.err = &failure{sentinel.Truncated, err}
		}
	}
	b.cancel(errDone)
	return n, b.err
}

func (b *memoryBody) read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if len(b.start) > 0 {
		n := copy(p, b.start)
		b.start = b.start[n:]
		return n, nil
	}
	b.watch.reads(true)
	defer b.watch.reads(false)
	return b.pipe.Read(p)
}

// Close ends the handler's context and what it still writes.
func (b *memoryBody) Close() error {
	if !b.closed.Swap(true) {
		b.cancel(errAborted)
		b.pipe.CloseWithError(errAborted)
	}
	return nil
}

// Abort makes a Read that waits return.
func (b *memoryBody) Abort() { b.pipe.CloseWithError(errAborted) }
