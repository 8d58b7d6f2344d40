package bench_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// retryable has no session: header and params are put in by hand.
type retryable struct {
	base   string
	params bool
	auth   bool
	*retryablehttp.Client
}

func newRetryable(s setup) client {
	c := retryablehttp.NewClient()
	c.Logger = nil
	if s.transport != nil {
		c.HTTPClient.Transport = s.transport
	}
	if s.cookies > 0 {
		c.HTTPClient.Jar = newJar(s)
	}
	if s.timeouts {
		c.HTTPClient.Timeout = 30 * time.Second
	}
	c.RetryMax, c.RetryWaitMin, c.RetryWaitMax = 2, 0, 0
	return &retryable{s.base, s.params, s.auth, c}
}

func (c *retryable) close() { c.HTTPClient.CloseIdleConnections() }

func (c *retryable) request(ctx context.Context, method, target string, body any) (*retryablehttp.Request, error) {
	req, err := retryablehttp.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, err
	}
	for _, f := range sessionHeader {
		req.Header.Set(f[0], f[1])
	}
	return req, nil
}

func (c *retryable) do(req *retryablehttp.Request) ([]byte, error) {
	resp, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	return b, status(resp.StatusCode, b)
}

func (c *retryable) get(ctx context.Context, path string) ([]byte, error) {
	req, err := c.request(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return nil, err
	}
	q := make(url.Values)
	if c.params {
		q.Set(sessionParam[0], sessionParam[1])
	}
	for _, p := range callParams {
		q.Set(p[0], p[1])
	}
	req.URL.RawQuery = q.Encode()
	return c.do(req)
}

func (c *retryable) getAs(ctx context.Context, path, accept string) ([]byte, error) {
	req, err := c.request(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	if c.auth {
		req.SetBasicAuth(user, password)
	}
	return c.do(req)
}

func (c *retryable) getJSON(ctx context.Context, path string, out *document) error {
	req, err := c.request(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return err
	}
	b, err := c.do(req)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, out)
}

func (c *retryable) postJSON(ctx context.Context, path string, in *order) (order, error) {
	var out order
	content, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	req, err := c.request(ctx, http.MethodPost, c.base+path, content)
	if err != nil {
		return out, err
	}
	req.Header.Set("Content-Type", "application/json")
	b, err := c.do(req)
	if err != nil {
		return out, err
	}
	err = json.Unmarshal(b, &out)
	return out, err
}

func (c *retryable) upload(ctx context.Context, path, file string) (receipt, error) {
	var out receipt
	f, err := os.Open(file)
	if err != nil {
		return out, err
	}
	defer f.Close()
	// A reader would be read into memory, so that it can be sent again.
	body, contentType := multipartOf(f, file)
	req, err := c.request(ctx, http.MethodPost, c.base+path, body)
	if err != nil {
		return out, err
	}
	req.Header.Set("Content-Type", contentType)
	b, err := c.do(req)
	if err != nil {
		return out, err
	}
	err = json.Unmarshal(b, &out)
	return out, err
}

func (c *retryable) download(ctx context.Context, path, file string) error {
	req, err := c.request(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return err
	}
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := status(resp.StatusCode, nil); err != nil {
		return err
	}
	return save(file, resp.Body)
}
