package bench_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/dghubble/sling"
)

// slings keeps a sling as its session; every call begins with a copy of it.
type slings struct {
	sling *sling.Sling
	http  *http.Client
}

type slingSession struct {
	Lang string `url:"lang"`
}

type slingCall struct {
	Page  int `url:"page"`
	Limit int `url:"limit"`
}

func newSling(s setup) client {
	c := s.httpClient()
	if s.timeouts {
		c.Timeout = 30 * time.Second
	}
	b := sling.New().Base(s.base).Client(c)
	for _, f := range sessionHeader {
		b.Set(f[0], f[1])
	}
	if s.params {
		b.QueryStruct(slingSession{sessionParam[1]})
	}
	if s.auth {
		b.SetBasicAuth(user, password)
	}
	return &slings{b, c}
}

func (c *slings) close() { c.http.CloseIdleConnections() }

// raw makes a sling give the content as it is.
type raw struct{}

func (raw) Decode(r *http.Response, v any) error {
	b, err := io.ReadAll(r.Body)
	*v.(*[]byte) = b
	return err
}

func (c *slings) do(ctx context.Context, s *sling.Sling, out any) error {
	req, err := s.Request()
	if err != nil {
		return err
	}
	resp, err := s.Do(req.WithContext(ctx), out, nil)
	if err != nil {
		return err
	}
	return status(resp.StatusCode, nil)
}

func (c *slings) get(ctx context.Context, path string) ([]byte, error) {
	var b []byte
	s := c.sling.New().Get(path).QueryStruct(slingCall{2, 50}).ResponseDecoder(raw{})
	err := c.do(ctx, s, &b)
	return b, err
}

func (c *slings) getAs(ctx context.Context, path, accept string) ([]byte, error) {
	var b []byte
	s := c.sling.New().Get(path).Set("Accept", accept).ResponseDecoder(raw{})
	err := c.do(ctx, s, &b)
	return b, err
}

func (c *slings) getJSON(ctx context.Context, path string, out *document) error {
	return c.do(ctx, c.sling.New().Get(path), out)
}

func (c *slings) postJSON(ctx context.Context, path string, in *order) (order, error) {
	var out order
	err := c.do(ctx, c.sling.New().Post(path).BodyJSON(in), &out)
	return out, err
}

func (c *slings) upload(ctx context.Context, path, file string) (receipt, error) {
	var out receipt
	f, err := os.Open(file)
	if err != nil {
		return out, err
	}
	defer f.Close()
	body, contentType := multipartOf(f, file)
	err = c.do(ctx, c.sling.New().Post(path).Body(body).Set("Content-Type", contentType), &out)
	return out, err
}

func (c *slings) download(ctx context.Context, path, file string) error {
	req, err := c.sling.New().Get(path).Request()
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req.WithContext(ctx))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := status(resp.StatusCode, nil); err != nil {
		return err
	}
	return save(file, resp.Body)
}
