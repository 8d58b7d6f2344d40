package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// byHand is what one writes with net/http alone.
type byHand struct {
	base   string
	http   *http.Client
	params bool
	auth   bool
	retry  bool
}

func newByHand(s setup) client {
	c := &byHand{base: s.base, http: s.httpClient(), params: s.params, auth: s.auth, retry: s.retry}
	if s.timeouts {
		c.http.Timeout = 30 * time.Second
	}
	return c
}

func (c *byHand) close() { c.http.CloseIdleConnections() }

func (c *byHand) request(ctx context.Context, method, target string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, err
	}
	for _, f := range sessionHeader {
		req.Header.Set(f[0], f[1])
	}
	return req, nil
}

func (c *byHand) do(req *http.Request) ([]byte, error) {
	resp, err := c.http.Do(req)
	for range 2 {
		if err != nil || !c.retry || resp.StatusCode != http.StatusServiceUnavailable {
			break
		}
		io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
		resp.Body.Close()
		resp, err = c.http.Do(req)
	}
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

func (c *byHand) get(ctx context.Context, path string) ([]byte, error) {
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

func (c *byHand) getAs(ctx context.Context, path, accept string) ([]byte, error) {
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

func (c *byHand) getJSON(ctx context.Context, path string, out *document) error {
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

func (c *byHand) postJSON(ctx context.Context, path string, in *order) (order, error) {
	var r order
	content, err := json.Marshal(in)
	if err != nil {
		return r, err
	}
	req, err := c.request(ctx, http.MethodPost, c.base+path, bytes.NewReader(content))
	if err != nil {
		return r, err
	}
	req.Header.Set("Content-Type", "application/json")
	b, err := c.do(req)
	if err != nil {
		return r, err
	}
	err = json.Unmarshal(b, &r)
	return r, err
}

func (c *byHand) upload(ctx context.Context, path, file string) (receipt, error) {
	var r receipt
	f, err := os.Open(file)
	if err != nil {
		return r, err
	}
	defer f.Close()
	body, contentType := multipartOf(f, file)
	req, err := c.request(ctx, http.MethodPost, c.base+path, body)
	if err != nil {
		return r, err
	}
	req.Header.Set("Content-Type", contentType)
	b, err := c.do(req)
	if err != nil {
		return r, err
	}
	err = json.Unmarshal(b, &r)
	return r, err
}

// multipartOf streams a form with one file, for all who have no way of their
// own.
func multipartOf(f *os.File, file string) (io.Reader, string) {
	pr, pw := io.Pipe()
	w := multipart.NewWriter(pw)
	go func() {
		part, err := w.CreateFormFile("file", filepath.Base(file))
		if err == nil {
			_, err = io.Copy(part, f)
		}
		if err == nil {
			err = w.Close()
		}
		pw.CloseWithError(err)
	}()
	return pr, w.FormDataContentType()
}

func (c *byHand) download(ctx context.Context, path, file string) error {
	req, err := c.request(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := status(resp.StatusCode, nil); err != nil {
		return err
	}
	return save(file, resp.Body)
}

// save writes r to a file that is complete or not there, as
// [requests.Response.SaveFile] does.
func save(file string, r io.Reader) error {
	f, err := os.CreateTemp(filepath.Dir(file), "save*")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		return os.Rename(f.Name(), file)
	}
	os.Remove(f.Name())
	return err
}
