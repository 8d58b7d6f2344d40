package aws

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Presign returns a URL for an operation, valid for ttl, signed in the query.
// Fields that the operation sends in the header, a content type for one, have to be
// sent by the URL's user as well; with ContentLength, no content of another length
// can be. Of query protocols the URL is for a GET, where boto3's is for a POST.
func (c *Client) Presign(ctx context.Context, op string, in Params, ttl time.Duration) (string, error) {
	o, err := c.operation(op)
	if err != nil {
		return "", err
	}
	r := c.newRequest(ctx, o, in)
	call, err := c.prepare(ctx, o, r, true)
	if err != nil {
		return "", err
	}
	req := r.HTTPRequest
	defer func() {
		if req.Body != nil {
			req.Body.Close()
		}
	}()
	if c.meta.Protocol == "query" || c.meta.Protocol == "ec2" {
		if err := formToQuery(req); err != nil {
			return "", err
		}
	}
	if c.meta.Protocol == "rest-xml" && call.Given("Content-Type") == nil {
		req.Header.Del("Content-Type") // the codec's own, which who has the URL does not know
	}
	for _, k := range [...]string{"User-Agent", "Accept-Encoding", "Content-Length", "Amz-Sdk-Invocation-Id"} {
		req.Header.Del(k)
	}
	if n := call.Given("Content-Length"); n != nil { // who limits the content has the URL limit it
		req.Header.Set("Content-Length", fmt.Sprint(n))
	}
	scheme, err := c.phases.sign(r)
	if err != nil {
		return "", err
	}
	s, err := c.signer(scheme, o, call, r)
	if err != nil {
		return "", err
	}
	if s == nil { // an operation for anybody has a URL for anybody
		return r.HTTPRequest.URL.String(), nil
	}
	u, err := s.Presign(r.HTTPRequest, ttl)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

// formToQuery makes a GET of a form: it is how calls of query protocols are
// passed around.
func formToQuery(req *http.Request) error {
	b, err := io.ReadAll(req.Body)
	if err != nil {
		return err
	}
	req.Body.Close()
	req.Method, req.Body, req.GetBody, req.ContentLength = http.MethodGet, http.NoBody, nil, 0
	req.URL.RawQuery = strings.ReplaceAll(string(bytes.TrimSpace(b)), "+", "%20")
	req.Header.Del("Content-Type")
	return nil
}
