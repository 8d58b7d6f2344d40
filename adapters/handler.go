package adapters

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"

	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// Handler returns a RoundTripper that has h serve each request in memory, as
// a server over HTTP/1.1 would: content streams both ways, the request's
// context ends with the caller's or when the response's body is closed, and a
// handler that panics or breaks off cuts the response. What the request's
// context carries is not seen by h. Of its [Settings] Read holds: an h that is
// silent for longer is a read timeout. The others are about the network.
func Handler(h http.Handler) http.RoundTripper { return &handler{h} }

type handler struct{ serve http.Handler }

func (h *handler) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := checkRequest(req); err != nil {
		closeContent(req)
		return nil, err
	}
	// Its own context: the values in the caller's are about another exchange.
	ctx, cancel := context.WithCancelCause(context.Background())
	content, sink := io.Pipe()
	stop := context.AfterFunc(req.Context(), func() {
		cancel(context.Cause(req.Context()))
		content.CloseWithError(interrupted(req.Context())) // h does not wait to write, nor the caller to read
	})
	w := &answer{
		req: req, header: make(http.Header), declared: -1,
		sink: sink, ready: make(chan *http.Response, 1),
	}
	w.body = &memoryBody{pipe: content, ctx: req.Context(), watch: &w.watch, cancel: func(err error) { stop(); cancel(err) }}
	w.watch.begin(settingsOf(req).Read, func(cause error) {
		w.body.cancel(cause)
		content.CloseWithError(cause)
	})
	upload := &uploadOnce{body: req.Body, watch: &w.watch}
	go h.run(w, served(ctx, req, upload), upload)
	select {
	case resp := <-w.ready:
		w.watch.answered()
		if resp == nil {
			return nil, w.broken()
		}
		return resp, nil
	case <-req.Context().Done():
		w.watch.answered()
		return nil, interrupted(req.Context())
	case <-w.watch.expired:
		return nil, w.watch.ended()
	}
}

// run is the goroutine of one request. It ends with the handler.
func (h *handler) run(w *answer, r *http.Request, upload *uploadOnce) {
	defer upload.Close()
	defer w.body.cancel(errDone)
	returned := false
	defer func() {
		p := recover()
		if p == nil && !returned {
			p = http.ErrAbortHandler // runtime.Goexit, as of a test that fails
		}
		if p != nil {
			w.abort(p)
			return
		}
		w.finish()
	}()
	h.serve.ServeHTTP(w, r)
	returned = true
}

// served returns req as a server would see it.
func served(ctx context.Context, req *http.Request, upload *uploadOnce) *http.Request {
	r := (&http.Request{
		Method: req.Method, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: req.Header.Clone(), Host: req.Host, RequestURI: req.URL.RequestURI(),
		RemoteAddr: "192.0.2.1:1234", Body: http.NoBody, ContentLength: req.ContentLength, Trailer: req.Trailer,
	}).WithContext(ctx)
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	if r.Host == "" {
		r.Host = req.URL.Host
	}
	r.URL = &url.URL{Path: req.URL.Path, RawPath: req.URL.RawPath, RawQuery: req.URL.RawQuery, ForceQuery: req.URL.ForceQuery}
	if r.URL.Path == "" {
		r.URL.Path = "/"
	}
	if req.URL.Scheme == "https" {
		r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: req.URL.Hostname()}
	}
	if req.Body != nil && req.Body != http.NoBody {
		r.Body = upload
		if r.ContentLength == 0 {
			r.ContentLength = -1
			r.TransferEncoding = []string{"chunked"}
		}
	}
	switch {
	case r.ContentLength > 0:
		r.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	case r.ContentLength == 0 && (r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch):
		r.Header.Set("Content-Length", "0")
	}
	return r
}

var errHandlerBroke = errors.New("adapters: the handler broke off")

// uploadOnce is a request's body as a handler reads it: closed once, and not
// to be read after.
type uploadOnce struct {
	body   io.ReadCloser
	watch  *silenceWatch // nil: none
	read   atomic.Bool
	closed atomic.Bool
}

func (u *uploadOnce) Read(p []byte) (int, error) {
	if u.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	u.read.Store(true)
	u.watch.produces(true)
	n, err := u.body.Read(p)
	u.watch.produces(false)
	return n, err
}

func (u *uploadOnce) Close() error {
	if u.body == nil || u.closed.Swap(true) {
		return nil
	}
	return u.body.Close()
}

// checkRequest refuses what no adapter can send.
func checkRequest(req *http.Request) error {
	if req.URL == nil {
		return &failure{sentinel.InvalidURL, errors.New("adapters: no URL")}
	}
	return interrupted(req.Context())
}
