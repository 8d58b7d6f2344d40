package aws

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
)

// validHostLabel reports whether s can be one label of a host name, as a
// region has to be: letters, digits and inner hyphens, at most 63, not all digits.
func validHostLabel(s string) bool {
	if len(s) == 0 || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	digits := true
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '-':
			digits = false
		default:
			return false
		}
	}
	return !digits
}

// parseEndpoint checks that an endpoint is a URL with scheme and host.
func parseEndpoint(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: it does not parse", ErrInvalidEndpoint)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return nil, fmt.Errorf("%w: %q has no scheme http or https, no host, or user information", ErrInvalidEndpoint, u.Redacted())
	}
	return u, nil
}

// endpointQuery is what an endpoint is derived from.
type endpointQuery struct {
	serviceID, prefix, signingName string
	region                         string
	explicit                       string
	fips, dualStack, http          bool
}

// resolvedEndpoint is where a service is, and how requests to it are signed.
type resolvedEndpoint struct {
	url                        *url.URL
	partition                  string
	region                     string // as asked for, or the partition-wide one
	signingRegion, signingName string
	derived                    bool // from the tables, rather than configured
}

// normalise takes pseudo regions apart: fips-us-east-1 is us-east-1 with FIPS.
func (q *endpointQuery) normalise() {
	r := q.region
	switch {
	case strings.HasPrefix(r, "fips-"):
		r, q.fips = r[len("fips-"):], true
	case strings.HasSuffix(r, "-fips"):
		r, q.fips = r[:len(r)-len("-fips")], true
	case strings.Contains(r, "-fips-"):
		r, q.fips = strings.Replace(r, "-fips-", "-", 1), true
	}
	q.region = r
}

// resolve finds the endpoint of a service.
func (l *loaded) resolve(ctx context.Context, q endpointQuery) (*resolvedEndpoint, error) {
	q.normalise()
	if q.region != "" && !validHostLabel(q.region) {
		return nil, &InvalidRegionError{q.region}
	}
	if !q.fips {
		q.fips = l.flag(ctx, useFIPS)
	}
	if !q.dualStack {
		q.dualStack = l.flag(ctx, useDualStack)
	}
	if q.explicit == "" {
		q.explicit = l.configuredEndpoint(ctx, q.serviceID)
	}
	p := partitionOf(q.region)
	if p == nil { // a plausible name that no pattern admits is routed in the first partition
		p = partitionTable()[0]
	}
	e := &resolvedEndpoint{partition: p.ID, region: q.region, signingRegion: q.region, signingName: q.signingName}
	if e.signingName == "" {
		e.signingName = q.prefix
	}
	table := endpointTable()[p.ID]
	services := p.endpointsOf(q.prefix)
	global := ""
	if services != nil && services.PartitionEndpoint != "" {
		global = services.PartitionEndpoint
	}
	notRegional := services != nil && services.IsRegionalized != nil && !*services.IsRegionalized
	if q.region == "" || q.region == "aws-global" {
		switch {
		case q.prefix == "s3" && q.region == "":
			e.region, e.signingRegion = "us-east-1", "us-east-1"
		case global != "":
			e.region = global
		case q.region == "" && q.explicit == "":
			return nil, fmt.Errorf("%w: %s needs one", ErrNoRegion, q.serviceID)
		case q.region == "":
			return nil, fmt.Errorf("%w: signing for %s needs one", ErrNoRegion, q.serviceID)
		}
	}
	key := e.region
	if notRegional && global != "" {
		key = global
	}
	var info endpointInfo
	if services != nil && services.only != "" {
		key, e.signingRegion = services.only, services.only
	}
	if services != nil {
		info = services.Endpoints[key]
		if r := info.CredentialScope.Region; r != "" {
			e.signingRegion = r
		}
		if n := info.CredentialScope.Service; n != "" {
			e.signingName = n
		}
	}
	if e.signingRegion == "" || e.signingRegion == "aws-global" {
		e.signingRegion = p.GlobalRegion
	}
	if q.explicit != "" {
		u, err := parseEndpoint(q.explicit)
		if err != nil {
			return nil, err
		}
		e.url = u
		return e, nil
	}
	scheme := "https"
	if q.http {
		scheme = "http"
	}
	host := hostname(p, table, services, info, q, key)
	u, err := parseEndpoint(scheme + "://" + host)
	if err != nil {
		return nil, err
	}
	e.url, e.derived = u, true
	return e, nil
}

// hostname fills the most particular template that fits.
func hostname(p *partition, table *endpointPartition, services *serviceEndpoints, info endpointInfo, q endpointQuery, region string) string {
	levels := make([]endpointInfo, 0, 3)
	levels = append(levels, info)
	if services != nil {
		levels = append(levels, services.Defaults)
	}
	suffix := p.DNSSuffix
	if table != nil {
		levels = append(levels, table.Defaults)
	}
	var tags []string
	if q.dualStack {
		tags, suffix = append(tags, "dualstack"), p.DualStackDNSSuffix
	}
	if q.fips {
		tags = append(tags, "fips")
	}
	template := ""
find:
	for _, l := range levels {
		if tags == nil {
			if l.Hostname != "" {
				template = l.Hostname
				break
			}
			continue
		}
		for _, v := range l.Variants {
			if slices.Equal(slices.Sorted(slices.Values(v.Tags)), tags) && v.Hostname != "" {
				template = v.Hostname
				if v.DNSSuffix != "" {
					suffix = v.DNSSuffix
				}
				break find
			}
		}
	}
	if template == "" {
		template = "{service}.{region}.{dnsSuffix}"
		if q.fips {
			template = "{service}-fips.{region}.{dnsSuffix}"
		}
	}
	return strings.NewReplacer("{service}", q.prefix, "{region}", region, "{dnsSuffix}", suffix).Replace(template)
}

// configuredEndpoint returns what variables and profile say about endpoints:
// variables before the profile, and of each the one for the service before the
// one for all.
func (l *loaded) configuredEndpoint(ctx context.Context, serviceID string) string {
	for _, src := range l.cfg.ConfigSources {
		if i, ok := src.(interface {
			GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
		}); ok {
			if ignore, found, err := i.GetIgnoreConfiguredEndpoints(ctx); err == nil && found {
				if ignore {
					return ""
				}
				break
			}
		}
	}
	if all := os.Getenv("AWS_ENDPOINT_URL"); l.fresh && all != "" && os.Getenv("AWS_ENDPOINT_URL_"+environmentName(serviceID)) == "" {
		return all
	}
	for _, src := range l.cfg.ConfigSources {
		if i, ok := src.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		}); ok {
			if e, found, err := i.GetServiceBaseEndpoint(ctx, serviceID); err == nil && found && e != "" {
				return e
			}
		}
	}
	return value(l.cfg.BaseEndpoint)
}

// environmentName is how variables have a service's id, or its signing name.
func environmentName(service string) string {
	return strings.ToUpper(strings.NewReplacer("-", "_", " ", "_").Replace(service))
}

func useFIPS(ctx context.Context, src any) (on, found bool) {
	if i, ok := src.(interface {
		GetUseFIPSEndpoint(context.Context) (sdk.FIPSEndpointState, bool, error)
	}); ok {
		v, found, err := i.GetUseFIPSEndpoint(ctx)
		return v == sdk.FIPSEndpointStateEnabled, found && err == nil
	}
	return false, false
}

func useDualStack(ctx context.Context, src any) (on, found bool) {
	if i, ok := src.(interface {
		GetUseDualStackEndpoint(context.Context) (sdk.DualStackEndpointState, bool, error)
	}); ok {
		v, found, err := i.GetUseDualStackEndpoint(ctx)
		return v == sdk.DualStackEndpointStateEnabled, found && err == nil
	}
	return false, false
}

func (l *loaded) flag(ctx context.Context, get func(context.Context, any) (on, found bool)) bool {
	for _, src := range l.cfg.ConfigSources {
		if on, found := get(ctx, src); found {
			return on
		}
	}
	return false
}
