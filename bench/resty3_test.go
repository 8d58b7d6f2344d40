package bench_test

import (
	"context"
	"time"

	"resty.dev/v3"
)

type resty3 struct {
	*resty.Client
}

func newResty3(s setup) client {
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
		// Over http it would warn on every call.
		c.SetBasicAuth(user, password).SetLogger(silent{})
	}
	if s.cookies > 0 {
		c.SetCookieJar(newJar(s))
	}
	if s.retry {
		c.SetRetryCount(2).AddRetryConditions(resty.RetryConditionStatus5XX).SetRetryDelayStrategy(func(*resty.Response, error) (time.Duration, error) { return 0, nil })
	}
	if s.timeouts {
		c.SetTimeout(30 * time.Second)
	}
	return &resty3{c}
}

type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}

func (c *resty3) close() { c.Client.Close() }

func (c *resty3) bytes(r *resty.Response, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return r.Bytes(), status(r.StatusCode(), r.Bytes())
}

func (c *resty3) get(ctx context.Context, path string) ([]byte, error) {
	r := c.R().SetContext(ctx)
	for _, p := range callParams {
		r.SetQueryParam(p[0], p[1])
	}
	return c.bytes(r.Get(path))
}

func (c *resty3) getAs(ctx context.Context, path, accept string) ([]byte, error) {
	return c.bytes(c.R().SetContext(ctx).SetHeader("Accept", accept).Get(path))
}

func (c *resty3) getJSON(ctx context.Context, path string, out *document) error {
	r, err := c.R().SetContext(ctx).SetResult(out).Get(path)
	if err != nil {
		return err
	}
	return status(r.StatusCode(), nil)
}

func (c *resty3) postJSON(ctx context.Context, path string, in *order) (order, error) {
	var out order
	r, err := c.R().SetContext(ctx).SetBody(in).SetResult(&out).Post(path)
	if err != nil {
		return out, err
	}
	return out, status(r.StatusCode(), nil)
}

func (c *resty3) upload(ctx context.Context, path, file string) (receipt, error) {
	var out receipt
	r, err := c.R().SetContext(ctx).SetFile("file", file).SetResult(&out).Post(path)
	if err != nil {
		return out, err
	}
	return out, status(r.StatusCode(), nil)
}

func (c *resty3) download(ctx context.Context, path, file string) error {
	r, err := c.R().SetContext(ctx).SetResponseSaveToFile(true).SetResponseSaveFileName(file).Get(path)
	if err != nil {
		return err
	}
	return status(r.StatusCode(), nil)
}
