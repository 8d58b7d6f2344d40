package adapters

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// Unix returns a RoundTripper for http+unix URLs, whose host is the path of a
// unix domain socket: URL.Host holds it decoded. A prepared request for
// http+unix://%2Fvar%2Frun%2Fd.sock/info has the host /var/run/d.sock and the
// path /info. The server is told the Host localhost unless the request has
// another. Settings hold, but for a proxy: a session has none for such URLs, and
// one that the Settings of a context name is an error.
//
// It has the CloseIdleConnections and Close of [HTTP].
func Unix() http.RoundTripper {
	h := New(Options{Dial: dialSocket})
	h.given.sockets = true
	return &unix{h}
}

type unix struct{ *HTTP }

func (a *unix) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL == nil || !strings.EqualFold(req.URL.Scheme, "http+unix") || req.URL.Host == "" {
		closeContent(req)
		return nil, &failure{sentinel.InvalidURL, errors.New("adapters: not the URL of a unix socket")}
	}
	out := req.WithContext(req.Context())
	out.URL = &url.URL{}
	*out.URL = *req.URL
	out.URL.Scheme, out.URL.Host, out.URL.User = "http", socketHost(req.URL.Host), nil
	if out.Host == "" || out.Host == req.URL.Host {
		out.Host = "localhost"
	}
	resp, err := a.HTTP.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	resp.Request = req
	return resp, nil
}

// socketHost spells a path as a host, so that net/http keeps the connections
// to one socket apart from those to another.
func socketHost(path string) string { return hex.EncodeToString([]byte(path)) + ".socket" }

// dialSocket connects to the socket that addr, made by socketHost, stands for.
func dialSocket(ctx context.Context, _, addr string) (net.Conn, error) {
	host, _, _ := strings.Cut(addr, ":")
	path, ok := socketPath(host)
	if !ok {
		return nil, fmt.Errorf("adapters: not a socket: %q", host)
	}
	var d net.Dialer
	return d.DialContext(ctx, "unix", path)
}

// socketPath is what socketHost spelt.
func socketPath(host string) (string, bool) {
	path, err := hex.DecodeString(strings.TrimSuffix(host, ".socket"))
	return string(path), err == nil
}
