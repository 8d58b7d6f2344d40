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
	useFIPS, useDualStack          *bool // as Config has them
	fips, dualStack, http          bool
}

// resolvedEndpoint is where a service is, and how requests to it are signed.
type resolvedEndpoint struct {
	url                        *url.URL
	partition                  string
	region                     string // as asked for, or the partition-wide one
	signingRegion, signingName string
	derived                    bool   // from the tables, rather than configured
	accelerated                string // host of S3 that takes the place of url's where it can; "": none
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
	q.fips = q.fips || l.flag(ctx, q.useFIPS, useFIPS)
	ofS3 := q.serviceID == "S3" || q.serviceID == "S3 Control"
	q.dualStack = l.flag(ctx, q.useDualStack, useDualStack) || q.useDualStack == nil && ofS3 && l.s3.dualStack
	if q.explicit == "" {
		q.explicit = l.configuredEndpoint(ctx, q.serviceID)
	}
	p, pseudo := partitionOf(q.region), false
	if p == nil {
		p = partitionOfPseudo(q.region)
		pseudo = p != nil
	}
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
	if q.region == "" || pseudo {
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
	if notRegional && global != "" || l.s3.legacy && q.serviceID == "S3" && key == "us-east-1" && !q.fips && !q.dualStack {
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
	if e.signingRegion == "" || pseudo && e.signingRegion == q.region {
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
	label := key
	if (q.fips || q.dualStack) && strings.HasSuffix(key, "-global") { // which no variant's host has in its name
		label = p.variantRegion(q, e.signingRegion)
	}
	host := hostname(p, table, services, info, q, label)
	u, err := parseEndpoint(scheme + "://" + host)
	if err != nil {
		return nil, err
	}
	e.url, e.derived = u, true
	if l.s3.accelerate && q.serviceID == "S3" && p.ID == "aws" && !q.fips {
		e.accelerated = "s3-accelerate." + p.DNSSuffix
		if q.dualStack {
			e.accelerated = "s3-accelerate.dualstack." + p.DNSSuffix
		}
	}
	return e, nil
}

// partitionOfPseudo returns the partition whose region for what it has once this
// is, such as aws-cn-global, nil for none.
func partitionOfPseudo(region string) *partition {
	for _, p := range partitionTable() {
		if region == p.ID+"-global" {
			return p
		}
	}
	return nil
}

// variantRegion returns what the host of a variant has for a region, where p has
// the service once, by the rules of botocore. "": nothing.
func (p *partition) variantRegion(q endpointQuery, signingRegion string) string {
	switch q.prefix {
	case "savingsplans":
		if !q.fips {
			return "global"
		}
		return signingRegion
	case "cloudfront", "iam", "route53":
	default:
		return signingRegion
	}
	switch {
	case !q.dualStack:
	case p.ID == "aws", p.ID == "aws-cn" && !q.fips && q.prefix != "cloudfront":
		return "global"
	case p.ID == "aws-us-gov":
		return "us-gov"
	}
	return ""
}

// dualStackNames are the services that hosts of dual stack call otherwise than
// by their prefix, by the rules of botocore, in the partitions that hostname has.
var dualStackNames = map[string]string{
	"api.detective":           "detective",
	"api.ecr":                 "ecr",
	"api.ecr-public":          "ecr-public",
	"api.mediatailor":         "mediatailor",
	"api.tunneling.iot":       "api.iot-tunneling",
	"elasticfilesystem":       "efs",
	"entitlement.marketplace": "entitlement-marketplace",
	"ingest.timestream":       "timestream-ingest",
	"kafka":                   "kafka-api",
	"metering.marketplace":    "metering-marketplace",
	"query.timestream":        "timestream-query",
	"streams.dynamodb":        "streams-dynamodb",
}

// hostname fills the most particular template that fits. A region of "" leaves
// its place out.
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
	if region == "" {
		template = strings.ReplaceAll(template, "{region}.", "")
	}
	if q.dualStack && p.ID == "aws" { // where the plain hosts of these have dual stack, by their rules
		switch q.prefix {
		case "secretsmanager":
			suffix = p.DNSSuffix
		case "cognito-identity", "cognito-idp":
			if !q.fips || strings.HasPrefix(region, "us-") {
				suffix = p.DNSSuffix
			}
		}
	}
	name := q.prefix
	if other := dualStackNames[name]; other != "" && q.dualStack {
		switch p.ID {
		case "aws", "aws-cn", "aws-us-gov":
			name = other
		}
	}
	return strings.NewReplacer("{service}", name, "{region}", region, "{dnsSuffix}", suffix).Replace(template)
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

// flag returns what code says, else what get finds in variables and profile.
func (l *loaded) flag(ctx context.Context, code *bool, get func(context.Context, any) (on, found bool)) bool {
	if code != nil {
		return *code
	}
	for _, src := range l.cfg.ConfigSources {
		if on, found := get(ctx, src); found {
			return on
		}
	}
	return false
}
