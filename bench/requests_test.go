package bench_test

import (
	"context"
	"strings"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
)

type session struct {
	*requests.Session
}

func newSession(s setup) client {
	opts := make([]requests.Option, 0, 12)
	opts = append(opts, requests.WithBaseURL(s.base))
	if s.params {
		opts = append(opts, requests.WithParam(sessionParam[0], sessionParam[1]))
	}
	for _, f := range sessionHeader {
		opts = append(opts, requests.WithHeader(f[0], f[1]))
	}
	if s.auth {
		opts = append(opts, requests.WithAuth(auth.Basic(user, password)))
	}
	if s.retry {
		// Every call of this scenario is retried twice, more than a budget allows.
		opts = append(opts, requests.WithMiddleware((&adapters.Retry{Wait: -1, Budget: -1}).Wrap))
	}
	if s.transport != nil {
		opts = append(opts, requests.WithAdapter(s.base[:strings.Index(s.base, "//")+2], s.transport))
	}
	if s.transport == nil && !s.timeouts && !s.asItComes {
		// By hand there are none either.
		opts = append(opts, requests.WithTimeouts(requests.Timeouts{Connect: -1, TLSHandshake: -1, Read: -1}))
	}
	made, err := requests.NewSession(opts...)
	if err != nil {
		panic(err)
	}
	fill(made.Cookies(), s)
	return &session{made}
}

func (c *session) close() { c.Session.Close() }

func (c *session) get(ctx context.Context, path string) ([]byte, error) {
	return requests.Bytes(c.Get(ctx, path,
		requests.WithParam(callParams[0][0], callParams[0][1]),
		requests.WithParam(callParams[1][0], callParams[1][1])))
}

func (c *session) getAs(ctx context.Context, path, accept string) ([]byte, error) {
	return requests.Bytes(c.Get(ctx, path, requests.WithHeader("Accept", accept)))
}

func (c *session) getJSON(ctx context.Context, path string, out *document) error {
	r, err := c.Get(ctx, path)
	if err != nil {
		return err
	}
	if err := r.RaiseForStatus(); err != nil {
		return err
	}
	return r.JSON(out)
}

func (c *session) postJSON(ctx context.Context, path string, in *order) (order, error) {
	return requests.JSON[order](c.Post(ctx, path, requests.WithJSON(in)))
}

func (c *session) upload(ctx context.Context, path, file string) (receipt, error) {
	return requests.JSON[receipt](c.Post(ctx, path, requests.WithFilePath("file", file)))
}

func (c *session) download(ctx context.Context, path, file string) error {
	r, err := c.Get(ctx, path, requests.WithStream(true))
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.RaiseForStatus(); err != nil {
		return err
	}
	_, err = r.SaveFile(file)
	return err
}
