package aws

// movedService says where a service is that the tables have elsewhere, or not
// at all. Its hosts would not resolve.
type movedService struct {
	api bool // every host ends as those of dual stack do, in api.aws
	// in has by partition the one region that the service is in, "" for a
	// service in each. Of other partitions the tables are right, without api.
	in map[string]string
}

// movedServices are by endpoint prefix. They are those of the built-in services
// that the rules of botocore 1.43.11 (data/*/*/endpoint-rule-set-1.json) and the
// tables differ in.
var movedServices = map[string]movedService{
	"application-signals":             {api: true},
	"artifact":                        {in: map[string]string{"aws": "us-east-1", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}},
	"bcm-data-exports":                {api: true, in: map[string]string{"aws": "us-east-1", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}},
	"compute-optimizer":               {in: map[string]string{"aws-us-gov": ""}},
	"freetier":                        {api: true, in: map[string]string{"aws": "us-east-1"}},
	"kinesisvideo":                    {in: map[string]string{"aws-us-gov": ""}},
	"networkmanager":                  {in: map[string]string{"aws-cn": "cn-northwest-1"}},
	"route53-recovery-control-config": {in: map[string]string{"aws": "us-west-2", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}},
	"support":                         {in: map[string]string{"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}},
	"tax":                             {in: map[string]string{"aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}},
}

// endpointsOf returns what is known of a service in a partition, nil for nothing.
func (p *partition) endpointsOf(prefix string) *serviceEndpoints {
	var known *serviceEndpoints
	if table := endpointTable()[p.ID]; table != nil {
		known = table.Services[prefix]
	}
	m, moved := movedServices[prefix]
	region, here := m.in[p.ID]
	if !moved || !here && !m.api {
		return known
	}
	e := &serviceEndpoints{only: region}
	if known != nil {
		e.PartitionEndpoint = known.PartitionEndpoint
		if region != "" {
			e.Endpoints = known.Endpoints
		}
	}
	if m.api {
		e.Defaults.Hostname = "{service}.{region}." + p.DualStackDNSSuffix
		e.Defaults.Variants = []endpointVariant{{Hostname: "{service}-fips.{region}." + p.DualStackDNSSuffix, Tags: []string{"fips"}}}
	}
	return e
}
