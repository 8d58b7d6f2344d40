package bench_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/valyala/fasthttp"
)

// fast is another implementation of HTTP/1.1, without net/http: the outer
// reference. What it has no session for is put in by hand.
type fast struct {
	base     string
	params   bool
	auth     bool
	deadline time.Duration
	*fasthttp.Client
}

func newFast(s setup) client {
	c := &fasthttp.Client{NoDefaultUserAgentHeader: true, StreamResponseBody: false}
	if s.memory != nil {
		c.ConfigureClient = func(hc *fasthttp.HostClient) error {
			hc.Transport = fastMemory{s.memory}
			return nil
		}
	}
	f := &fast{base: s.base, params: s.params, auth: s.auth, Client: c}
	if s.timeouts {
		f.deadline = 30 * time.Second
	}
	return f
}

func (c *fast) close() { c.CloseIdleConnections() }

// fastMemory answers fasthttp as memory does the others.
type fastMemory struct{ m *memory }

func (f fastMemory) RoundTrip(_ *fasthttp.HostClient, req *fasthttp.Request, resp *fasthttp.Response) (bool, error) {
	u := url.URL{Path: string(req.URI().Path())}
	if f.m.inspect != nil {
		r, err := plain(req)
		if err != nil {
			return false, err
		}
		if err := f.m.inspect(r); err != nil {
			return false, err
		}
	}
	code, header, content := f.m.answer(&u)
	resp.SetStatusCode(code)
	for k, vs := range header {
		for _, v := range vs {
			resp.Header.Set(k, v)
		}
	}
	resp.SetBodyString(content)
	return false, nil
}

func (c *fast) do(req *fasthttp.Request) ([]byte, error) {
	for _, f := range sessionHeader {
		if len(req.Header.Peek(f[0])) == 0 {
			req.Header.Set(f[0], f[1])
		}
	}
	resp := fasthttp.AcquireResponse()
	defer fasthttp.ReleaseResponse(resp)
	var err error
	if c.deadline > 0 {
		err = c.DoTimeout(req, resp, c.deadline)
	} else {
		err = c.Do(req, resp)
	}
	if err != nil {
		return nil, err
	}
	b, err := resp.BodyUncompressed()
	if err != nil {
		return nil, err
	}
	return append([]byte(nil), b...), status(resp.StatusCode(), b)
}

func (c *fast) get(_ context.Context, path string) ([]byte, error) {
	req := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(req)
	req.SetRequestURI(c.base + path)
	q := req.URI().QueryArgs()
	if c.params {
		q.Set(sessionParam[0], sessionParam[1])
	}
	for _, p := range callParams {
		q.Set(p[0], p[1])
	}
	if path == "/large" {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	return c.do(req)
}

func (c *fast) getAs(_ context.Context, path, accept string) ([]byte, error) {
	req := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(req)
	req.SetRequestURI(c.base + path)
	req.Header.Set("Accept", accept)
	if c.auth {
		req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	}
	return c.do(req)
}

func (c *fast) getJSON(_ context.Context, path string, out *document) error {
	req := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(req)
	req.SetRequestURI(c.base + path)
	b, err := c.do(req)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, out)
}

func (c *fast) postJSON(_ context.Context, path string, in *order) (order, error) {
	var out order
	req := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(req)
	req.SetRequestURI(c.base + path)
	req.Header.SetMethod(http.MethodPost)
	req.Header.SetContentType("application/json")
	content, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	req.SetBodyRaw(content)
	b, err := c.do(req)
	if err != nil {
		return out, err
	}
	err = json.Unmarshal(b, &out)
	return out, err
}

func (c *fast) upload(_ context.Context, path, file string) (receipt, error) {
	var out receipt
	f, err := os.Open(file)
	if err != nil {
		return out, err
	}
	defer f.Close()
	body, contentType := multipartOf(f, file)
	req := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(req)
	req.SetRequestURI(c.base + path)
	req.Header.SetMethod(http.MethodPost)
	req.Header.SetContentType(contentType)
	req.SetBodyStream(body, -1)
	b, err := c.do(req)
	if err != nil {
		return out, err
	}
	err = json.Unmarshal(b, &out)
	return out, err
}

func (c *fast) download(_ context.Context, path, file string) error {
	req := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(req)
	req.SetRequestURI(c.base + path)
	for _, f := range sessionHeader {
		req.Header.Set(f[0], f[1])
	}
	resp := fasthttp.AcquireResponse()
	defer fasthttp.ReleaseResponse(resp)
	resp.StreamBody = true
	if err := c.Do(req, resp); err != nil {
		return err
	}
	defer resp.CloseBodyStream()
	if err := status(resp.StatusCode(), nil); err != nil {
		return err
	}
	return save(file, resp.BodyStream())
}

// plain is req as net/http has it, for the check of what is sent.
func plain(req *fasthttp.Request) (*http.Request, error) {
	r, err := http.NewRequest(string(req.Header.Method()), req.URI().String(), bytes.NewReader(req.Body()))
	if err != nil {
		return nil, err
	}
	for k, v := range req.Header.All() {
		r.Header.Add(string(k), string(v))
	}
	return r, nil
}
