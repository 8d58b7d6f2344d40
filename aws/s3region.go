package aws

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/seed-3bbad739/requests/auth/sigv4"
	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// A bucket is in one region, and S3 in any other refuses requests for it and
// says where it is. A client by name goes there and remembers it, as boto3's do.

// maxBucketRegions bounds what is remembered.
const maxBucketRegions = 1000

// endpointOf returns where requests with params go: to the client's endpoint,
// or that of the region which their bucket was found in.
func (c *Client) endpointOf(r *Request, params map[string]any) *resolvedEndpoint {
	if !c.isS3() {
		return c.endpoint
	}
	r.bucket, _ = params["Bucket"].(string)
	c.bucketsMu.Lock()
	region := c.buckets[r.bucket]
	c.bucketsMu.Unlock()
	if e := c.inRegion(region); e != nil {
		r.region = e.signingRegion
		return e.forBucket(r.Operation.Name, r.bucket)
	}
	return c.endpoint.forBucket(r.Operation.Name, r.bucket)
}

// inRegion returns the client's endpoint in another region, nil for none.
func (c *Client) inRegion(region string) *resolvedEndpoint {
	if region == "" || region == c.endpoint.signingRegion {
		return nil
	}
	q := c.query
	q.region = region
	e, err := c.session.loaded.resolve(context.Background(), q)
	if err != nil {
		return nil
	}
	if !c.endpoint.derived {
		own := *c.endpoint // whoever names an endpoint means it
		own.signingRegion = e.signingRegion
		return &own
	}
	return e
}

// follow turns built towards the region that S3 names, in its refusal or when
// it is asked, and reports whether there is one to try. It happens once in a call.
func (c *Client) follow(o *api.Operation, r *Request, built *http.Request, err error) bool {
	var fault *ServiceError
	if !c.isS3() || r.bucket == "" || r.followed || !errors.As(err, &fault) || !replayable(built) || !elsewhere(o, fault) {
		return false
	}
	region := ""
	if r.HTTPResponse != nil {
		region = r.HTTPResponse.Header.Get("X-Amz-Bucket-Region")
	}
	if region == "" {
		region, _ = fault.Fields["Region"].(string)
	}
	if region == "" && o.Name != headBucket {
		region = c.askRegion(r)
	}
	from := c.endpointOf(r, map[string]any{"Bucket": r.bucket})
	to := c.inRegion(region)
	if to == nil && region == c.endpoint.signingRegion && from != c.endpoint {
		to = c.endpoint // it has moved back
	}
	if to == nil || to.signingRegion == from.signingRegion {
		return false
	}
	c.bucketsMu.Lock()
	if c.buckets == nil || len(c.buckets) >= maxBucketRegions {
		c.buckets = make(map[string]string)
	}
	c.buckets[r.bucket] = region
	c.bucketsMu.Unlock()
	r.followed, r.region = true, to.signingRegion
	built.URL.Host = strings.TrimSuffix(built.URL.Host, from.url.Host) + to.url.Host
	return true
}

// headBucket is the operation whose answer names the bucket's region, whatever
// else it says.
const headBucket = "HeadBucket"

// askRegion asks S3 for the region of the bucket of r, "" if it does not say.
func (c *Client) askRegion(r *Request) string {
	o := c.model.Operations[headBucket]
	if o == nil {
		return ""
	}
	ask := c.newRequest(r.Context(), o, Params{"Bucket": r.bucket})
	ask.followed = true
	out, err := c.call(r.Context(), o, ask)
	closeBody(out)
	ask.Error, ask.Data = err, out
	if c.phases.complete(ask) != nil || ask.HTTPResponse == nil {
		return ""
	}
	return ask.HTTPResponse.Header.Get("X-Amz-Bucket-Region")
}

// elsewhere reports whether a refusal means that the bucket is in another region.
func elsewhere(o *api.Operation, e *ServiceError) bool {
	switch e.Code {
	case "PermanentRedirect", "AuthorizationHeaderMalformed":
		return true
	case "IllegalLocationConstraintException":
		return o.Name != "CreateBucket"
	case "400":
		return strings.HasPrefix(o.Name, "Head") // the answer to a HEAD says no more
	}
	return e.StatusCode == http.StatusMovedPermanently || e.StatusCode == http.StatusFound || e.StatusCode == http.StatusTemporaryRedirect
}

// signersIn returns the signers for a region, "" for the client's own.
func (c *Client) signersIn(region string) *[5]sigv4.Signer {
	if region == "" || region == c.endpoint.signingRegion {
		return &c.signers
	}
	c.bucketsMu.Lock()
	defer c.bucketsMu.Unlock()
	if s := c.elsewhere[region]; s != nil {
		return s
	}
	s := new([5]sigv4.Signer)
	c.initSigners(s, region)
	if c.elsewhere == nil {
		c.elsewhere = make(map[string]*[5]sigv4.Signer)
	}
	c.elsewhere[region] = s
	return s
}
