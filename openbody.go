package requests

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// mayWait reports whether opening body can take long: that of a type that is not
// ours can, and that of a pipe with a name, which waits for a writer.
func mayWait(body Body) bool {
	switch b := body.(type) {
	case nil, *bytesBody, *textBody, *sectionBody, *seekBody, *onceBody:
		return false
	case *fileBody:
		return b.size < 0
	case *givenBody:
		return atomic.LoadUint32(b.handed) != 0 // the first reader is there already
	case *multipartBody:
		for _, part := range b.contents {
			if !isReplayable(part) && mayWait(part) { // the others open as they are reached
				return true
			}
		}
		return false
	}
	return true
}

// boundBody is a body whose opening ends with the context.
type boundBody struct {
	Body
	get func() (io.ReadCloser, error) // opens it, unless it is nil
	ctx context.Context
}

func (b *boundBody) Open() (io.ReadCloser, error) {
	if b.get != nil {
		return openWithin(b.ctx, b.get)
	}
	return openWithin(b.ctx, b.Body.Open)
}

// bind makes the opening of content, by whoever does it, end with the call.
func (c *call) bind(req *http.Request, content Body) Body {
	b := &boundBody{content, req.GetBody, &c.ctx}
	switch get := req.GetBody; {
	case get == nil:
	case isOpener(get):
		req.GetBody = opener{b}.open
	default:
		req.GetBody = b.Open
	}
	return b
}

// lateOpening is how long content may take to open for one who kept the request
// and asks for it when the call is over.
const lateOpening = time.Second

// openWithin opens content in a goroutine of its own, which is left behind when
// ctx ends first. It ends when open does, and closes what that gave.
func openWithin(ctx context.Context, open func() (io.ReadCloser, error)) (io.ReadCloser, error) {
	o := &opening{done: make(chan struct{})}
	go o.run(open)
	over := ctx.Done()
	if ctx.Err() != nil {
		late := make(chan struct{})
		t := time.AfterFunc(lateOpening, func() { close(late) })
		defer t.Stop()
		over = late
	}
	select {
	case <-o.done:
	case <-over:
		if o.claimed.CompareAndSwap(false, true) {
			return nil, contextError(ctx)
		}
		<-o.done
	}
	if o.panicked != nil {
		panic(o.panicked) // where it can be recovered
	}
	return o.content, o.err
}

// opening is content that is opened in a goroutine of its own.
type opening struct {
	claimed atomic.Bool   // by who opens it or who gave it up, whoever is first
	done    chan struct{} // closed when what follows is there
	content io.ReadCloser
	err     error

	panicked any
}

var errNotOpened = errors.New("the goroutine that opens the content was ended")

func (o *opening) run(open func() (io.ReadCloser, error)) {
	o.err = errNotOpened
	defer func() {
		o.panicked = recover()
		if o.claimed.CompareAndSwap(false, true) {
			close(o.done)
		} else if o.content != nil {
			o.content.Close()
		}
	}()
	o.content, o.err = open()
}
