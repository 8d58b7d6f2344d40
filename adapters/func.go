package adapters

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Func returns a RoundTripper that calls f. What a RoundTripper owes its
// callers is seen to: f gets a copy of the request, whose body is closed
// whether or not f reads it; a response lacks neither Request nor Body; and
// there is either a response or an error.
func Func(f func(*http.Request) (*http.Response, error)) http.RoundTripper { return function(f) }

type function func(*http.Request) (*http.Response, error)

func (f function) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := checkRequest(req); err != nil {
		closeContent(req)
		return nil, err
	}
	r := req.Clone(req.Context())
	r.Trailer = req.Trailer // who reads the content sets them
	upload := &uploadOnce{body: req.Body}
	if req.Body != nil && req.Body != http.NoBody {
		r.Body = upload
	}
	resp, err := f(r)
	switch {
	case err != nil:
		upload.Close()
		if resp != nil && resp.Body != nil {
			resp.Body.Close()
		}
		return nil, err
	case resp == nil:
		upload.Close()
		return nil, errors.New("adapters: the function returned neither a response nor an error")
	}
	if !upload.read.Load() {
		upload.Close()
	}
	complete(resp, req, upload)
	return resp, nil
}

// complete sets on c what f left out. A body of the request that f passed on
// may still be read, so it is closed with the response's.
func complete(c *http.Response, req *http.Request, upload *uploadOnce) {
	c.Request = req
	if c.Header == nil {
		c.Header = make(http.Header)
	}
	if c.Body == nil {
		c.Body = http.NoBody
	}
	if c.Status == "" {
		c.Status = strings.TrimSpace(strconv.Itoa(c.StatusCode) + " " + http.StatusText(c.StatusCode))
	}
	if c.Proto == "" {
		c.Proto, c.ProtoMajor, c.ProtoMinor = "HTTP/1.1", 1, 1
	}
	if upload.body != nil && !upload.closed.Load() {
		c.Body = &closing{c.Body, upload}
	}
}

// closing closes the request's body with the response's.
type closing struct {
	io.ReadCloser
	upload *uploadOnce
}

func (c *closing) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err != nil {
		c.upload.Close()
	}
	return n, err
}

func (c *closing) Close() error {
	defer c.upload.Close()
	return c.ReadCloser.Close()
}
