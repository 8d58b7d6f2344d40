package aws

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// s3Settings are the block "s3" of a profile, which boto3 and the command line
// have. Clients by name go by it, where code says nothing.
type s3Settings struct {
	pathStyle  *bool // nil: as it fits
	dualStack  bool
	accelerate bool
	legacy     bool // us-east-1 is s3.amazonaws.com
}

// readS3Settings reads the settings of p, if its files count.
func readS3Settings(p profileKeys, counts bool) (s s3Settings, err error) {
	get := func(name string) string { return withoutComment(p.setting("s3."+name, counts)) }
	on := func(name string) bool { return strings.EqualFold(get(name), "true") }
	s.dualStack, s.accelerate = on("use_dualstack_endpoint"), on("use_accelerate_endpoint")
	switch v := get("addressing_style"); v {
	case "", "auto":
	case "path", "virtual":
		s.pathStyle = Bool(v == "path")
	default:
		err = errors.Join(err, fmt.Errorf("addressing_style %.64q of the profile's s3 is none of auto, virtual and path", v))
	}
	switch v := firstOf(os.Getenv("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT"), p.setting("s3_us_east_1_regional_endpoint", counts), get("us_east_1_regional_endpoint")); v {
	case "", "regional":
	case "legacy":
		s.legacy = true
	default:
		err = errors.Join(err, fmt.Errorf("us_east_1_regional_endpoint %.64q of AWS_S3_US_EAST_1_REGIONAL_ENDPOINT or the profile is neither regional nor legacy", v))
	}
	if err != nil {
		return s, &ConfigParseError{Err: err}
	}
	return s, nil
}

// forBucket returns where an operation on a bucket goes: by transfer
// acceleration, if that is asked for and knows the operation and such a name.
func (e *resolvedEndpoint) forBucket(operation, bucket string) *resolvedEndpoint {
	switch operation {
	case "ListBuckets", "CreateBucket", "DeleteBucket":
		return e
	}
	if e.accelerated == "" || strings.Contains(bucket, ".") || !isDNSBucket(bucket) {
		return e
	}
	fast, u := *e, *e.url
	u.Host = e.accelerated
	fast.url = &u
	return &fast
}

func (c *Client) isS3() bool { return c.meta.ServiceID == "S3" }

// addressBucket moves the bucket from the path to the host, where it can be.
func (c *Client) addressBucket(req *http.Request, params map[string]any) {
	bucket, _ := params["Bucket"].(string)
	host := req.URL.Hostname()
	if bucket == "" || c.pathStyle(host) || !isDNSBucket(bucket) {
		return
	}
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
func (c *Client) pathStyle(host string) bool {
	if strings.HasPrefix(host, "s3-accelerate.") { // which has no paths
		return false
	}
	for _, p := range [...]*bool{c.config.S3ForcePathStyle, c.session.loaded.s3.pathStyle} {
		if p != nil {
			return *p
		}
	}
	return !c.endpoint.derived
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
