package requests

import (
	"context"
	"io"
	"net/http"
)

// connection is the body of a 101 response to a request that asked for another
// protocol: a stream that is written to as well.
type connection struct {
	*stream
	conn io.Writer
}

// switched reports whether the server speaks another protocol from here on. One
// that nobody asked for is none: its connection would be left to a caller who does
// not expect to close it (RFC 9110, section 7.8).
func (r *Response) switched() bool {
	return r.StatusCode == http.StatusSwitchingProtocols && r.Request.Header.Get("Upgrade") != ""
}

// connect is openBody for a connection. net/http leaves it to its holder, whatever
// becomes of the context.
func (r *Response) connect(conn io.Writer, c *call) {
	s := &r.stream
	s.left = -1
	s.decoded = (*rawSource)(s)
	r.Response.Body = &connection{s, conn}
	s.stop = context.AfterFunc(&c.ctx, func() { s.closeRaw() })
}

// isConnection reports whether Body is a connection, which is left open whether or
// not it was asked for as a stream.
func (r *Response) isConnection() bool {
	if r.Response == nil {
		return false
	}
	_, ok := r.Body.(*connection)
	return ok
}

func (c *connection) Write(p []byte) (int, error) {
	if c.isClosed() {
		return 0, c.afterClose()
	}
	n, err := c.conn.Write(p)
	if err != nil {
		err = c.response.wrap("write", failure(&c.response.call.ctx, err))
	}
	return n, err
}

// CloseWrite ends what is written; what the server writes can be read on.
func (c *connection) CloseWrite() error {
	if w, ok := c.conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return http.ErrNotSupported
}
