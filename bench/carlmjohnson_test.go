package bench_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"time"

	"github.com/carlmjohnson/requests"
)

// carlmjohnson keeps a builder as its session; every call clones it.
type carlmjohnson struct {
	builder *requests.Builder
	http    *http.Client
}

func newCarlmjohnson(s setup) client {
	c := s.httpClient()
	if s.timeouts {
		c.Timeout = 30 * time.Second
	}
	b := requests.URL(s.base).Client(c)
	for _, f := range sessionHeader {
		b.Header(f[0], f[1])
	}
	if s.params {
		b.Param(sessionParam[0], sessionParam[1])
	}
	if s.auth {
		b.BasicAuth(user, password)
	}
	return &carlmjohnson{b, c}
}

func (c *carlmjohnson) close() { c.http.CloseIdleConnections() }

func (c *carlmjohnson) get(ctx context.Context, path string) ([]byte, error) {
	b := c.builder.Clone().Path(path)
	for _, p := range callParams {
		b.Param(p[0], p[1])
	}
	var buf bytes.Buffer
	err := b.ToBytesBuffer(&buf).Fetch(ctx)
	return buf.Bytes(), err
}

func (c *carlmjohnson) getAs(ctx context.Context, path, accept string) ([]byte, error) {
	var buf bytes.Buffer
	err := c.builder.Clone().Path(path).Header("Accept", accept).ToBytesBuffer(&buf).Fetch(ctx)
	return buf.Bytes(), err
}

func (c *carlmjohnson) getJSON(ctx context.Context, path string, out *document) error {
	return c.builder.Clone().Path(path).ToJSON(out).Fetch(ctx)
}

func (c *carlmjohnson) postJSON(ctx context.Context, path string, in *order) (order, error) {
	var out order
	err := c.builder.Clone().Path(path).BodyJSON(in).ToJSON(&out).Fetch(ctx)
	return out, err
}

func (c *carlmjohnson) upload(ctx context.Context, path, file string) (receipt, error) {
	var out receipt
	f, err := os.Open(file)
	if err != nil {
		return out, err
	}
	defer f.Close()
	body, contentType := multipartOf(f, file)
	err = c.builder.Clone().Path(path).Post().BodyReader(body).ContentType(contentType).ToJSON(&out).Fetch(ctx)
	return out, err
}

func (c *carlmjohnson) download(ctx context.Context, path, file string) error {
	return c.builder.Clone().Path(path).Handle(func(r *http.Response) error {
		return save(file, r.Body)
	}).Fetch(ctx)
}
