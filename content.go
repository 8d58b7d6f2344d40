package requests

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/seed-3bbad739/requests/internal/decode"
	"github.com/seed-3bbad739/requests/internal/drain"
	"github.com/seed-3bbad739/requests/internal/inmemory"
)

// openBody puts the decoding reader in the place of the raw body.
func (r *Response) openBody(c *call) {
	s := &r.stream
	s.response = r
	s.raw = r.Body
	s.left = r.ContentLength
	if c.hasResponseHooks() && !sameBody(unpeeked(r.Body), r.came.Body) {
		s.left = -1 // a Response hook's, and the length is of what came
	}
	if m := c.plan.marks; m != nil && m.download != nil {
		s.raw = &countedBody{rc: s.raw, total: r.ContentLength, report: m.download}
	}
	if conn, ok := r.Body.(io.Writer); ok && r.switched() {
		r.connect(conn, c)
		return
	}
	if r.Body == http.NoBody || !hasContent(r.Request.Method, r.StatusCode) {
		s.decoded = noContent{}
	} else if lines := r.Header["Content-Encoding"]; len(lines) == 0 {
		s.decoded = (*rawSource)(s)
	} else if s.decoded, s.err = decode.Reader((*rawSource)(s), lines); s.err != nil {
		s.fail(s.err)
	}
	r.Response.Body = s
	if s.err == nil {
		s.watch(&c.ctx)
	}
}

// hasContent reports whether a response to method can have content (RFC 9110,
// section 6.4.1).
func hasContent(method string, status int) bool {
	return method != http.MethodHead && status != http.StatusNoContent && status != http.StatusNotModified && (status >= 200 || status < 100)
}

// load reads the content into memory, once, and returns what went wrong with
// that, which stays with the response: what was had is not the whole.
func (r *Response) load() error {
	if r.isKept {
		// A hop that was left is decoded when somebody looks, and there may
		// be several.
		mu := &r.call.chained().decoding
		mu.Lock()
		defer mu.Unlock()
	}
	if r.loaded || r.Response == nil {
		return r.err
	}
	var err error
	switch {
	case r.isConnection():
		return r.err // it is the caller's, and has no end
	case r.isKept:
		err = r.loadKept()
	case r.Body == nil:
	case r.live() == nil: // somebody's own
		r.content, err = readAll(r.Body, -1, r.maxBody(), nil)
		r.Body.Close()
	case r.live().finished():
		err = ErrBodyConsumed
	default:
		s := r.live()
		r.content, err = readAll(s, r.declared(), r.maxBody(), &s.probe)
		s.Close()
		r.Response.Body = (*memoryBody)(r)
	}
	r.loaded = true
	r.content = slices.Clip(r.content)
	if err != nil && r.err == nil {
		r.err = r.contentError(err)
	}
	return r.err
}

// live returns the stream that the content comes by; nil when it comes by none
// of ours. Of a Response that was copied it is that of the original.
func (r *Response) live() *stream {
	switch body := r.Body.(type) {
	case *stream:
		return body
	case *connection:
		return body.stream
	}
	return nil
}

// maxBody bounds the decoded content, in bytes; 0 does not.
func (r *Response) maxBody() int64 {
	if r.call == nil {
		return defaultMaxBody // made by hand
	}
	return limit(r.call.plan.settings.MaxBody)
}

// unpeeked is body without what Peek of a hook has laid over it.
func unpeeked(body io.ReadCloser) io.ReadCloser {
	if p, ok := body.(interface{ Peeked() io.ReadCloser }); ok {
		return p.Peeked()
	}
	return body
}

// declared is the length of the decoded content, where the header tells.
func (r *Response) declared() int64 {
	if len(r.Header["Content-Encoding"]) > 0 || !hasContent(r.Request.Method, r.StatusCode) || r.stream.left < 0 {
		return -1
	}
	return r.ContentLength
}

// keepContent holds the raw content of a hop that was left.
func (r *Response) keepContent(raw []byte, all bool) {
	r.content, r.keptAll, r.isKept = raw, all, true
	r.Response.Body = (*memoryBody)(r)
}

// loadKept decodes what was kept: only now, for decoding the content of every
// redirect would let a small one cost much.
func (r *Response) loadKept() error {
	raw := r.content
	r.content = nil
	if !hasContent(r.Request.Method, r.StatusCode) {
		return nil
	}
	var err error
	decoded := io.NopCloser(bytes.NewReader(raw))
	if lines := r.Header["Content-Encoding"]; len(lines) > 0 && len(raw) > 0 {
		if decoded, err = decode.Reader(decoded, lines); err != nil {
			return err
		}
	}
	defer decoded.Close()
	r.content, err = readAll(decoded, -1, r.maxBody(), nil)
	if !r.keptAll && (err == nil || errors.Is(err, ErrContentDecoding)) {
		err = refuse(ErrTruncated, "the content of a response that was left is kept within bounds only")
	}
	return err
}

// memoryBody is a Response as the reader of its own content, which is in memory.
type memoryBody Response

func (m *memoryBody) Read(p []byte) (int, error) {
	if atomic.LoadUint32(&m.isClosed) != 0 {
		return 0, ErrBodyConsumed
	}
	content := (*Response)(m).Bytes()
	if m.offset >= len(content) {
		if m.err != nil {
			return 0, m.err
		}
		return 0, io.EOF
	}
	n := copy(p, content[m.offset:])
	m.offset += n
	return n, nil
}

func (m *memoryBody) Close() error {
	atomic.StoreUint32(&m.isClosed, 1)
	return nil
}

// stream is the body of a response whose content is on its way: undecoded
// below, decoded above, and the place where errors get their names.
type stream struct {
	response *Response
	raw      io.ReadCloser
	left     int64 // of the declared length; -1 when it is not known
	decoded  io.ReadCloser
	ahead    *bytes.Buffer // read by peek; nil: nothing was
	err      error         // final: what every later Read returns
	stop     func() bool   // ends the watch over a foreign body; nil: there is none
	state    uint32        // what was closed, atomically: it may come while a Read waits
	ended    bool
	told     bool // a reader has seen the end, which peek has not
	probe    [1]byte
}

// The bits of a stream's state.
const (
	streamClosed uint32 = 1 << iota // by its reader
	rawClosed                       // the body below
)

// rawSource is a stream as the reader below its decoder: it is what counts the
// declared length.
type rawSource stream

// Read passes an end on only while the context lives: net/http can report a
// cancelled body as one that ended well. A declared length that was read in
// full is an end whatever the context says. A body that brings nothing is read
// on only while the context lives, too.
func (r *rawSource) Read(p []byte) (int, error) {
	n, err := r.raw.Read(p)
	if r.left > 0 {
		r.left -= int64(n)
	}
	if err == io.EOF && r.left != 0 || n == 0 && err == nil {
		if reason := contextError(&r.response.call.ctx); reason != nil {
			return n, reason
		}
		if r.left > 0 && err == io.EOF {
			return n, refuse(ErrTruncated, "%d bytes are missing", r.left)
		}
	}
	return n, err
}

// Alive is for package decode: codings over one another may go on for long without
// reading more.
func (r *rawSource) Alive() error { return contextError(&r.response.call.ctx) }

func (r *rawSource) Close() error { return (*stream)(r).closeRaw() }

// closeRaw closes the body below once, for what a second Close does is not
// defined (package io).
func (s *stream) closeRaw() error {
	if atomic.OrUint32(&s.state, rawClosed)&rawClosed != 0 {
		return nil
	}
	return s.raw.Close()
}

// watch sees to it that the end of the context ends the stream. The bodies of
// package adapters and of net/http see to it themselves, but one of somebody's
// own RoundTripper may wait for ever. It is given some time to do so: closing it
// comes from another goroutine than its Read.
func (s *stream) watch(ctx context.Context) {
	if drain.CanAbort(s.raw) || s.raw == http.NoBody || ctx.Done() == nil {
		return
	}
	if _, ok := inmemory.Len(s.raw); ok {
		return
	}
	s.stop = context.AfterFunc(ctx, func() { time.AfterFunc(drain.MaxWait, func() { s.closeRaw() }) })
}

// over closes all that is below.
func (s *stream) over() {
	if s.stop != nil {
		s.stop()
	}
	s.decoded.Close()
	s.closeRaw()
	s.response.call.stopTimer()
}

// noContent stands in for a body that has none by its method or status.
type noContent struct{}

func (noContent) Read([]byte) (int, error) { return 0, io.EOF }
func (noContent) Close() error             { return nil }

func (s *stream) Read(p []byte) (int, error) {
	if s.isClosed() {
		return 0, s.afterClose()
	}
	if s.isAhead() {
		return s.ahead.Read(p)
	}
	if s.err != nil {
		s.told = true
		return 0, s.err
	}
	n, err := s.decoded.Read(p)
	if s.isClosed() {
		return 0, s.afterClose()
	}
	if err != nil {
		s.finish(err)
		if n > 0 {
			return n, nil
		}
		s.told = true
		return 0, s.err
	}
	return n, nil
}

// afterClose is the error of a Read when the stream was closed, by whomever.
func (s *stream) afterClose() error {
	return s.response.contentError(refuse(ErrBodyConsumed, "the response was closed"))
}

// finish ends the stream: everything below is closed.
func (s *stream) finish(err error) {
	if err == io.EOF {
		s.err, s.ended = io.EOF, true
		s.response.takeTrailer()
	} else {
		s.err = s.response.contentError(failure(&s.response.call.ctx, err))
	}
	s.over()
	s.response.noteEnd()
}

// takeTrailer takes the trailers over that came with the end of the content.
func (r *Response) takeTrailer() {
	if r.Trailer == nil && r.came != nil {
		r.Trailer = r.came.Trailer
	}
}

// fail is finish before there was a decoder.
func (s *stream) fail(err error) {
	s.err = s.response.contentError(err)
	s.decoded = (*rawSource)(s)
	s.over()
	s.response.noteEnd()
}

// finished reports whether the stream was read to its end or closed.
func (s *stream) finished() bool {
	return s.isClosed() || s.ended && s.told
}

// Close ends the stream; reading it later is an error, not an early end. It
// may come from another goroutine, and ends a Read that waits.
func (s *stream) Close() error {
	if atomic.OrUint32(&s.state, streamClosed)&streamClosed != 0 {
		return nil
	}
	s.over()
	return nil
}

// isClosed is not an atomic.Bool's, so that a Response may be copied for printing.
func (s *stream) isClosed() bool { return atomic.LoadUint32(&s.state)&streamClosed != 0 }

// Abort ends a pending Read.
func (s *stream) Abort() { drain.Abort(s.raw) }

// CanAbort reports whether Abort is more than Close.
func (s *stream) CanAbort() bool { return drain.CanAbort(s.raw) }

func (s *stream) isAhead() bool { return s.ahead != nil && s.ahead.Len() > 0 }

// peek reads up to n bytes ahead.
func (s *stream) peek(n int) []byte {
	if s.ahead == nil {
		s.ahead = new(bytes.Buffer)
	}
	if s.ahead.Len() < n && s.err == nil {
		// An error stays with the stream, for who reads on.
		s.ahead.ReadFrom(io.LimitReader(readerFunc(func(p []byte) (int, error) {
			n, err := s.decoded.Read(p)
			if err != nil {
				s.finish(err)
				err = s.err
			}
			return n, err
		}), int64(n-s.ahead.Len())))
	}
	return bytes.Clone(s.ahead.Bytes()[:min(n, s.ahead.Len())])
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
