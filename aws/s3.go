package aws

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

func (c *Client) isS3() bool { return c.meta.ServiceID == "S3" }

// addressBucket moves the bucket from the path to the host, where it can be.
func (c *Client) addressBucket(req *http.Request, params map[string]any) {
	bucket, _ := params["Bucket"].(string)
	if bucket == "" || value(c.config.S3ForcePathStyle) || !isDNSBucket(bucket) {
		return
	}
	host := req.URL.Hostname()
	if net.ParseIP(host) != nil || !c.endpoint.derived && !strings.Contains(host, ".") {
		return // an address has no subdomains, and neither has a lone name such as localhost
	}
	if req.URL.Scheme == "https" && strings.Contains(bucket, ".") {
		return // no certificate is for two labels
	}
	path := req.URL.EscapedPath()
	rest, ok := strings.CutPrefix(path, "/"+bucket)
	if !ok || rest != "" && rest[0] != '/' {
		return
	}
	if rest == "" {
		rest = "/"
	}
	plain, err := url.PathUnescape(rest)
	if err != nil {
		return
	}
	req.URL.Host, req.URL.Path, req.URL.RawPath = bucket+"."+req.URL.Host, plain, rest
}

// isDNSBucket reports whether a bucket's name can be part of a host name.
func isDNSBucket(b string) bool {
	if len(b) < 3 || len(b) > 63 || net.ParseIP(b) != nil {
		return false
	}
	for label := range strings.SplitSeq(b, ".") {
		if label == "" || label != strings.ToLower(label) || !validLabel(label) {
			return false
		}
	}
	return true
}
