package aws

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seed-3bbad739/requests/auth/sigv4"
	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// A service that copies from another region fetches what it copies by a URL:
// the copying itself, signed by the caller for the region of the source. A
// client by name makes it of the parameter SourceRegion, as boto3's do.

// copySource says how operations that copy from another region are told of it.
type copySource struct {
	param      string // takes the URL
	sent       bool   // both regions are parameters of the service's own, and go with the URL
	operations []string
}

// copySources are the operations that copy, by the ids of their services.
var copySources = map[string]copySource{
	"RDS": {"PreSignedUrl", false, []string{
		"CopyDBClusterSnapshot", "CopyDBSnapshot", "CreateDBCluster", "CreateDBInstanceReadReplica", "StartDBInstanceAutomatedBackupsReplication",
	}},
	"Neptune": {"PreSignedUrl", false, []string{"CopyDBClusterSnapshot", "CreateDBCluster"}},
	"DocDB":   {"PreSignedUrl", false, []string{"CopyDBClusterSnapshot", "CreateDBCluster"}},
	"EC2":     {"PresignedUrl", true, []string{"CopySnapshot"}},
}

// copyURLLife is how long the URL is valid: the service uses it at once.
const copyURLLife = time.Hour

// addSourceRegions gives the operations of a model the parameter SourceRegion,
// where the service has none and takes a URL.
func addSourceRegions(m *api.Model) {
	src := copySources[m.Metadata.ServiceID]
	for _, name := range src.operations {
		o := m.Operations[name]
		if o == nil || o.Input == nil || m.Shapes[o.Input.Shape] == nil {
			continue
		}
		members := m.Shapes[o.Input.Shape].Members
		if at := members[src.param]; at != nil && members["SourceRegion"] == nil {
			members["SourceRegion"] = &api.Ref{Shape: at.Shape}
		}
	}
}

// addCopyURL puts the URL for the source into the form that req is, unless the
// caller has.
func (c *Client) addCopyURL(o *api.Operation, req *http.Request) error {
	src := copySources[c.meta.ServiceID]
	if !slices.Contains(src.operations, o.Name) || req.GetBody == nil {
		return nil
	}
	form, err := readForm(req)
	if err != nil {
		return err
	}
	given, err := url.ParseQuery(form)
	if err != nil {
		return err
	}
	if !given.Has("SourceRegion") {
		return nil
	}
	if !src.sent {
		form = withoutKeys(form, "SourceRegion")
	}
	scheme, err := c.scheme(o)
	if err != nil {
		return err
	}
	if !given.Has(src.param) && scheme != schemeNone {
		whole := withoutKeys(form, "DestinationRegion") + "&DestinationRegion=" + url.QueryEscape(c.endpoint.signingRegion)
		signed, err := c.copyURL(o, req, given.Get("SourceRegion"), whole)
		if err != nil {
			return err
		}
		if src.sent {
			form = whole
		}
		form += "&" + src.param + "=" + url.QueryEscape(signed)
	}
	req.Body.Close()
	req.ContentLength = int64(len(form))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(form)), nil }
	req.Body, err = req.GetBody()
	return err
}

func readForm(req *http.Request) (string, error) {
	body, err := req.GetBody()
	if err != nil {
		return "", err
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	return string(b), err
}

// copyURL returns the URL of a form in another region, whose endpoint differs
// from the client's in the name of the region, as far as that has it. Handlers
// of Sign do not see it: who uses the URL sends nothing that they could add.
func (c *Client) copyURL(o *api.Operation, req *http.Request, region, form string) (string, error) {
	if !validHostLabel(region) {
		return "", &ParamValidationError{o.Name, []string{fmt.Sprintf("SourceRegion: %q cannot be a region", region)}}
	}
	if c.provider == nil {
		return "", ErrNoCredentials
	}
	get, err := http.NewRequestWithContext(req.Context(), http.MethodGet, strings.ReplaceAll(req.URL.String(), c.endpoint.signingRegion, region), nil)
	if err != nil {
		return "", err
	}
	get.URL.RawQuery = strings.Trim(get.URL.RawQuery+"&"+form, "&")
	s := sigv4.Signer{Service: c.endpoint.signingName, Region: region, Credentials: signingCredentials(c.provider)}
	signed, err := s.Presign(get, copyURLLife)
	if err != nil {
		return "", err
	}
	return signed.String(), nil
}
