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
	if bucket == "" || c.pathStyle() || !isDNSBucket(bucket) {
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

// pathStyle reports whether buckets stay in the path. At an endpoint of one's
// own they do: few of those have a name and a certificate for each bucket.
func (c *Client) pathStyle() bool {
	if p := c.config.S3ForcePathStyle; p != nil {
		return *p
	}
	accelerates := strings.HasPrefix(c.endpoint.url.Hostname(), "s3-accelerate.") // which has no paths
	return !c.endpoint.derived && !accelerates
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
