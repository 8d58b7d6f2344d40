package aws

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	smithytime "github.com/aws/smithy-go/time"

	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// What services need, and their models do not say. It is what boto3 does for
// its users, in the same places; the package comment names what is left out.

// adjustParams returns params as the service wants them; what was given is not
// changed.
func (c *Client) adjustParams(o *api.Operation, r *Request, given Params, presign bool) (Params, error) {
	p := maps.Clone(given)
	if p == nil {
		p = Params{}
	}
	if !presign {
		c.askForChecksum(o, p)
	}
	switch c.meta.ServiceID {
	case "S3":
		if bucket, _ := p["Bucket"].(string); strings.HasPrefix(bucket, "arn:") && c.endpoint.derived {
			return nil, &ParamValidationError{o.Name, []string{"Bucket: an ARN is for a typed client, made by NewClient; the alias of an access point is a bucket here"}}
		}
		if !presign && lists[o.Name] != nil && p["EncodingType"] == nil && c.takes(o, "EncodingType") {
			// Keys hold characters that XML cannot.
			p["EncodingType"], r.decodes = "url", true
		}
		if err := adjustCopySource(o, p); err != nil {
			return nil, err
		}
		addKeyMD5(p, "SSECustomerKey")
		addKeyMD5(p, "CopySourceSSECustomerKey")
	case "Route 53":
		// What one operation returns, /hostedzone/Z1, goes into the next.
		if o.Input == nil {
			break
		}
		for name, ref := range c.model.Shapes[o.Input.Shape].Members {
			switch ref.Shape {
			case "ResourceId", "DelegationSetId", "ChangeId":
				if id, ok := p[name].(string); ok {
					p[name] = id[strings.LastIndexByte(id, '/')+1:]
				}
			}
		}
	case "Glacier":
		if p["accountId"] == nil && c.takes(o, "accountId") {
			p["accountId"] = "-" // that of the credentials
		}
	case "EC2", "Auto Scaling":
		if o.Name == "RunInstances" || o.Name == "CreateLaunchConfiguration" {
			switch data := p["UserData"].(type) {
			case string:
				p["UserData"] = base64.StdEncoding.EncodeToString([]byte(data))
			case []byte:
				p["UserData"] = base64.StdEncoding.EncodeToString(data)
			}
		}
	}
	return p, nil
}

// takes reports whether an operation has a parameter.
func (c *Client) takes(o *api.Operation, name string) bool {
	return o.Input != nil && c.model.Shapes[o.Input.Shape] != nil && c.model.Shapes[o.Input.Shape].Members[name] != nil
}

// adjustRequest changes what was made of the parameters.
func (c *Client) adjustRequest(o *api.Operation, req *http.Request, presign bool) error {
	if !presign {
		if err := c.addCopyURL(o, req); err != nil {
			return err
		}
	}
	switch c.meta.ServiceID {
	case "API Gateway":
		if req.Header.Get("Accept") == "" {
			req.Header.Set("Accept", "application/json")
		}
	case "CloudSearch Domain":
		if query := req.URL.RawQuery; o.Name == "Search" && !presign { // which may be longer than a URL
			req.Method, req.URL.RawQuery, req.ContentLength = http.MethodPost, "", int64(len(query))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(query)), nil }
			req.Body, _ = req.GetBody()
		}
	case "Glacier":
		req.Header.Set("X-Amz-Glacier-Version", c.meta.APIVersion)
		if o.Name != "UploadArchive" && o.Name != "UploadMultipartPart" || !replayable(req) || req.GetBody == nil {
			break
		}
		body, err := req.GetBody()
		if err != nil {
			return err
		}
		defer body.Close()
		whole, tree, err := treeHash(body)
		if err != nil {
			return err
		}
		req.Header.Set("X-Amz-Content-Sha256", whole)
		if req.Header.Get("X-Amz-Sha256-Tree-Hash") == "" { // else it was given
			req.Header.Set("X-Amz-Sha256-Tree-Hash", tree)
		}
	}
	return nil
}

// lists are S3's listings, and where in their outputs keys are: at the top, and
// in the items of lists.
var lists = map[string]*struct {
	top   []string
	items map[string]string
}{
	"ListObjects":        {[]string{"Delimiter", "Marker", "NextMarker", "Prefix"}, map[string]string{"Contents": "Key", "CommonPrefixes": "Prefix"}},
	"ListObjectsV2":      {[]string{"Delimiter", "Prefix", "StartAfter"}, map[string]string{"Contents": "Key", "CommonPrefixes": "Prefix"}},
	"ListObjectVersions": {[]string{"KeyMarker", "NextKeyMarker", "Prefix", "Delimiter"}, map[string]string{"Versions": "Key", "DeleteMarkers": "Key", "CommonPrefixes": "Prefix"}},
}

// adjustOutput decodes what the service sends encoded and the model has as
// text, and undoes what adjustParams asked for.
func (c *Client) adjustOutput(o *api.Operation, r *Request, out Output) {
	switch c.meta.ServiceID {
	case "IAM":
		if o.Output != nil {
			c.decodePolicies(o.Output.Shape, out)
		}
	case "EC2":
		if text, ok := out["Output"].(string); ok && o.Name == "GetConsoleOutput" {
			if b, err := base64.StdEncoding.DecodeString(text); err == nil {
				out["Output"] = strings.ToValidUTF8(string(b), "\ufffd")
			}
		}
	case "CloudFormation":
		if text, ok := out["TemplateBody"].(string); ok && o.Name == "GetTemplate" {
			if template, ok := api.DecodeJSON(text); ok { // else it is YAML
				out["TemplateBody"] = template
			}
		}
	}
	if !r.decodes || out["EncodingType"] != "url" {
		return
	}
	decode := func(m map[string]any, name string) {
		if s, ok := m[name].(string); ok {
			if plain, err := url.QueryUnescape(s); err == nil {
				m[name] = plain
			}
		}
	}
	l := lists[o.Name]
	for _, name := range l.top {
		decode(out, name)
	}
	for list, name := range l.items {
		items, _ := out[list].([]any)
		for _, item := range items {
			if m, ok := item.(map[string]any); ok {
				decode(m, name)
			}
		}
	}
}

// decodePolicies decodes the policies in v, which has the shape given: they are
// JSON, percent-encoded.
func (c *Client) decodePolicies(shape string, v any) {
	switch s := c.model.Shapes[shape]; v := v.(type) {
	case map[string]any:
		for name, ref := range s.Members {
			text, ok := v[name].(string)
			if !ok || ref.Shape != "policyDocumentType" {
				c.decodePolicies(ref.Shape, v[name])
				continue
			}
			if plain, err := url.PathUnescape(text); err == nil {
				if policy, ok := api.DecodeJSON(plain); ok {
					v[name] = policy
				}
			}
		}
	case []any:
		for _, item := range v {
			c.decodePolicies(s.Member.Shape, item)
		}
	}
}

// takeExpires returns the field Expires of an object, and takes it off resp if
// it is no time: it is whatever was stored, and 0 and -1 are common.
func (c *Client) takeExpires(o *api.Operation, resp *http.Response) string {
	text := resp.Header.Get("Expires")
	if text == "" || !c.isS3() || o.Output == nil || c.model.Shapes[o.Output.Shape].Members["Expires"] == nil {
		return ""
	}
	if _, err := smithytime.ParseHTTPDate(text); err != nil {
		resp.Header = resp.Header.Clone()
		resp.Header.Del("Expires")
	}
	return text
}

var versionSuffix = regexp.MustCompile(`\?versionId=[^\s]+$`)

// adjustCopySource escapes the source of a copy, "bucket/key", which may also
// be a map of Bucket, Key and VersionId.
func adjustCopySource(o *api.Operation, p Params) error {
	switch src := p["CopySource"].(type) {
	case string:
		path, version := src, ""
		if at := versionSuffix.FindStringIndex(src); at != nil {
			path, version = src[:at[0]], src[at[0]:]
		}
		p["CopySource"] = escapePath(path) + version
	case map[string]any:
		bucket, _ := src["Bucket"].(string)
		key, _ := src["Key"].(string)
		if bucket == "" || key == "" {
			return &ParamValidationError{o.Name, []string{"CopySource: Bucket and Key are needed"}}
		}
		path := bucket + "/" + key
		if strings.HasPrefix(bucket, "arn:") {
			path = bucket + "/object/" + key
		}
		text := escapePath(path)
		if v, _ := src["VersionId"].(string); v != "" {
			text += "?versionId=" + v
		}
		p["CopySource"] = text
	}
	return nil
}

// escapePath percent-encodes all but the unreserved characters and slashes.
func escapePath(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~/", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// addKeyMD5 sends a key of the customer's as S3 wants it, in base64 and with
// its MD5. One that has its MD5 is as it should be.
func addKeyMD5(p Params, name string) {
	var key []byte
	switch k := p[name].(type) {
	case string:
		key = []byte(k)
	case []byte:
		key = k
	}
	if len(key) == 0 || p[name+"MD5"] != nil {
		return
	}
	sum := md5.Sum(key)
	p[name] = base64.StdEncoding.EncodeToString(key)
	p[name+"MD5"] = base64.StdEncoding.EncodeToString(sum[:])
}

// treeHash returns the SHA-256 of content, and that of a tree whose leaves are
// its mebibytes.
func treeHash(r io.Reader) (whole, tree string, err error) {
	all := sha256.New()
	var level [][]byte
	for {
		leaf := sha256.New()
		n, err := io.CopyN(io.MultiWriter(leaf, all), r, 1<<20)
		if n > 0 || level == nil {
			level = append(level, leaf.Sum(nil))
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", "", err
		}
	}
	for len(level) > 1 {
		var next [][]byte
		for i := 0; i < len(level); i += 2 {
			if i+1 == len(level) {
				next = append(next, level[i])
				break
			}
			pair := sha256.Sum256(append(append([]byte{}, level[i]...), level[i+1]...))
			next = append(next, pair[:])
		}
		level = next
	}
	return hex.EncodeToString(all.Sum(nil)), hex.EncodeToString(level[0]), nil
}
