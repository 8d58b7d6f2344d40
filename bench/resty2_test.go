package bench_test

import (
	"context"
	"time"

	"github.com/go-resty/resty/v2"
)

type resty2 struct {
	*resty.Client
}

func newResty2(s setup) client {
	c := resty.New().SetBaseURL(s.base)
	if s.transport != nil {
		c.SetTransport(s.transport)
	}
	for _, f := range sessionHeader {
		c.SetHeader(f[0], f[1])
	}
	if s.params {
		c.SetQueryParam(sessionParam[0], sessionParam[1])
	}
	if s.auth {
		c.SetBasicAuth(user, password).SetDisableWarn(true)
	}
	if s.cookies > 0 {
		c.SetCookieJar(newJar(s))
	}
	if s.retry {
		c.SetRetryCount(2).SetRetryWaitTime(time.Nanosecond).SetRetryMaxWaitTime(2 * time.Nanosecond)
		c.AddRetryCondition(func(r *resty.Response, err error) bool { return err != nil || r.StatusCode() == 503 })
	}
	if s.timeouts {
		c.SetTimeout(30 * time.Second)
	}
	return &resty2{c}
}

func (c *resty2) close() { c.GetClient().CloseIdleConnections() }

func (c *resty2) bytes(r *resty.Response, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return r.Body(), status(r.StatusCode(), r.Body())
}

func (c *resty2) get(ctx context.Context, path string) ([]byte, error) {
	r := c.R().SetContext(ctx)
	for _, p := range callParams {
		r.SetQueryParam(p[0], p[1])
	}
	return c.bytes(r.Get(path))
}

func (c *resty2) getAs(ctx context.Context, path, accept string) ([]byte, error) {
	return c.bytes(c.R().SetContext(ctx).SetHeader("Accept", accept).Get(path))
}

func (c *resty2) getJSON(ctx context.Context, path string, out *document) error {
	r, err := c.R().SetContext(ctx).SetResult(out).Get(path)
	if err != nil {
		return err
	}
	*out = *r.Result().(*document)
	return status(r.StatusCode(), nil)
}

func (c *resty2) postJSON(ctx context.Context, path string, in *order) (order, error) {
	r, err := c.R().SetContext(ctx).SetBody(in).SetResult(order{}).Post(path)
	if err != nil {
		return order{}, err
	}
	return *r.Result().(*order), status(r.StatusCode(), nil)
}

func (c *resty2) upload(ctx context.Context, path, file string) (receipt, error) {
	r, err := c.R().SetContext(ctx).SetFile("file", file).SetResult(receipt{}).Post(path)
	if err != nil {
		return receipt{}, err
	}
	return *r.Result().(*receipt), status(r.StatusCode(), nil)
}

func (c *resty2) download(ctx context.Context, path, file string) error {
	r, err := c.R().SetContext(ctx).SetOutput(file).Get(path)
	if err != nil {
		return err
	}
	return status(r.StatusCode(), nil)
}
