package aws_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws"
)

// answer has a handler answer in place of the network, and keeps the URLs.
func answer(s *aws.Session, status int, body string) *[]string {
	urls := new([]string)
	s.Handlers.Send.PushBack(func(r *aws.Request) error {
		*urls = append(*urls, r.HTTPRequest.URL.String())
		r.HTTPResponse = &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
		return nil
	})
	return urls
}

func TestAddressing(t *testing.T) {
	home(t, nil, nil)
	models(t)
	virtual := aws.ClientConfigs(&aws.Config{S3ForcePathStyle: aws.Bool(false)})
	for _, c := range []struct {
		name, service, op string
		in                aws.Params
		opts              []aws.ClientOption
		want              string
	}{
		{"a bucket is part of the host", "s3", "GetObject", aws.Params{"Bucket": "buck", "Key": "a/b c"}, nil, "https://buck.s3.us-east-1.amazonaws.com/a/b%20c"},
		{"and the path is empty without a key", "s3", "HeadBucket", aws.Params{"Bucket": "buck"}, nil, "https://buck.s3.us-east-1.amazonaws.com/"},
		{"not one whose name cannot be", "s3", "HeadBucket", aws.Params{"Bucket": "Big_Bucket"}, nil, "https://s3.us-east-1.amazonaws.com/Big_Bucket"},
		{"nor one with dots over TLS", "s3", "HeadBucket", aws.Params{"Bucket": "a.bucket"}, nil, "https://s3.us-east-1.amazonaws.com/a.bucket"},
		{"nor when path style is asked for", "s3", "HeadBucket", aws.Params{"Bucket": "buck"}, []aws.ClientOption{aws.ClientConfigs(&aws.Config{S3ForcePathStyle: aws.Bool(true)})}, "https://s3.us-east-1.amazonaws.com/buck"},
		{"nor of an address", "s3", "HeadBucket", aws.Params{"Bucket": "buck"}, []aws.ClientOption{aws.ClientEndpoint("http://127.0.0.1:9")}, "http://127.0.0.1:9/buck"},
		{"nor of a host of one's own", "s3", "HeadBucket", aws.Params{"Bucket": "buck"}, []aws.ClientOption{aws.ClientEndpoint("https://minio.test:9000")}, "https://minio.test:9000/buck"},
		{"unless it is to be there", "s3", "HeadBucket", aws.Params{"Bucket": "buck"}, []aws.ClientOption{aws.ClientEndpoint("https://minio.test:9000"), virtual}, "https://buck.minio.test:9000/"},
		{"which an address cannot have", "s3", "HeadBucket", aws.Params{"Bucket": "buck"}, []aws.ClientOption{aws.ClientEndpoint("http://127.0.0.1:9"), virtual}, "http://127.0.0.1:9/buck"},
		{"transfer acceleration knows no path", "s3", "HeadBucket", aws.Params{"Bucket": "buck"}, []aws.ClientOption{aws.ClientEndpoint("https://s3-accelerate.amazonaws.com")}, "https://buck.s3-accelerate.amazonaws.com/"},
		{"an endpoint may have a path", "sqs", "ListQueues", nil, []aws.ClientOption{aws.ClientEndpoint("http://proxy.test/aws/")}, "http://proxy.test/aws/"},
		{"an operation may have a prefix of the host", "s3control", "GetPublicAccessBlock", aws.Params{"AccountId": "123456789012"}, nil, "https://123456789012.s3-control.us-east-1.amazonaws.com/v20180820/configuration/publicAccessBlock"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, testKeys(), aws.WithRegion("us-east-1"))
			urls := answer(s, 200, "")
			_, err := client(t, s, c.service, c.opts...).Call(context.Background(), c.op, c.in)
			if c.service == "s3" {
				require.NoError(t, err)
			}
			require.NotEmpty(t, *urls)
			assert.Equal(t, c.want, (*urls)[0])
		})
	}
}

// TestS3SettingsOfAProfile is the table of the block "s3" of a profile, with what
// boto3 makes of it where nothing else is said.
func TestS3SettingsOfAProfile(t *testing.T) {
	models(t)
	head := aws.Params{"Bucket": "buck"}
	off := aws.ClientConfigs(&aws.Config{UseDualStack: aws.Bool(false)})
	for _, c := range []struct {
		name, region, settings, op string
		in                         aws.Params
		env                        map[string]string
		opts                       []aws.ClientOption
		want                       string
	}{
		{"nothing", "eu-west-1", "", "HeadBucket", head, nil, nil, "https://buck.s3.eu-west-1.amazonaws.com/"},
		{"buckets in the path", "eu-west-1", "addressing_style = path", "HeadBucket", head, nil, nil, "https://s3.eu-west-1.amazonaws.com/buck"},
		{"which code can take back", "eu-west-1", "addressing_style = path", "HeadBucket", head, nil, []aws.ClientOption{aws.ClientConfigs(&aws.Config{S3ForcePathStyle: aws.Bool(false)})}, "https://buck.s3.eu-west-1.amazonaws.com/"},
		{"buckets in the host", "eu-west-1", "addressing_style = virtual", "HeadBucket", head, nil, []aws.ClientOption{aws.ClientEndpoint("https://minio.test:9000")}, "https://buck.minio.test:9000/"},
		{"as it is without", "eu-west-1", "addressing_style = auto", "HeadBucket", head, nil, []aws.ClientOption{aws.ClientEndpoint("https://minio.test:9000")}, "https://minio.test:9000/buck"},
		{"dual stack", "eu-west-1", "use_dualstack_endpoint = true", "HeadBucket", head, nil, nil, "https://buck.s3.dualstack.eu-west-1.amazonaws.com/"},
		{"dual stack, whatever the variable for all says", "eu-west-1", "use_dualstack_endpoint = True", "HeadBucket", head, map[string]string{"AWS_USE_DUALSTACK_ENDPOINT": "false"}, nil, "https://buck.s3.dualstack.eu-west-1.amazonaws.com/"},
		{"no dual stack, by code", "eu-west-1", "use_dualstack_endpoint = true", "HeadBucket", head, nil, []aws.ClientOption{off}, "https://buck.s3.eu-west-1.amazonaws.com/"},
		{"acceleration", "eu-west-1", "use_accelerate_endpoint = true", "HeadBucket", head, nil, nil, "https://buck.s3-accelerate.amazonaws.com/"},
		{"which knows no path", "eu-west-1", "use_accelerate_endpoint = true\n  addressing_style = path", "HeadBucket", head, nil, nil, "https://buck.s3-accelerate.amazonaws.com/"},
		{"with dual stack", "eu-west-1", "use_accelerate_endpoint = true\n  use_dualstack_endpoint = true", "HeadBucket", head, nil, nil, "https://buck.s3-accelerate.dualstack.amazonaws.com/"},
		{"not of what has no bucket", "eu-west-1", "use_accelerate_endpoint = true", "ListBuckets", nil, nil, nil, "https://s3.eu-west-1.amazonaws.com/"},
		{"nor of what makes one", "eu-west-1", "use_accelerate_endpoint = true", "CreateBucket", head, nil, nil, "https://buck.s3.eu-west-1.amazonaws.com/"},
		{"nor of one with dots", "eu-west-1", "use_accelerate_endpoint = true", "HeadBucket", aws.Params{"Bucket": "a.bucket"}, nil, nil, "https://s3.eu-west-1.amazonaws.com/a.bucket"},
		{"nor in China", "cn-north-1", "use_accelerate_endpoint = true", "HeadBucket", head, nil, nil, "https://buck.s3.cn-north-1.amazonaws.com.cn/"},
		{"nor with FIPS", "us-east-1", "use_accelerate_endpoint = true", "HeadBucket", head, map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}, nil, "https://buck.s3-fips.us-east-1.amazonaws.com/"},
		{"nor at an endpoint of one's own", "eu-west-1", "use_accelerate_endpoint = true", "HeadBucket", head, nil, []aws.ClientOption{aws.ClientEndpoint("https://minio.test:9000")}, "https://minio.test:9000/buck"},
		{"the host without a region", "us-east-1", "us_east_1_regional_endpoint = legacy", "HeadBucket", head, nil, nil, "https://buck.s3.amazonaws.com/"},
		{"of us-east-1 only", "eu-west-1", "us_east_1_regional_endpoint = legacy", "HeadBucket", head, nil, nil, "https://buck.s3.eu-west-1.amazonaws.com/"},
		{"and not with dual stack", "us-east-1", "us_east_1_regional_endpoint = legacy\n  use_dualstack_endpoint = true", "HeadBucket", head, nil, nil, "https://buck.s3.dualstack.us-east-1.amazonaws.com/"},
		{"the variable first", "us-east-1", "us_east_1_regional_endpoint = legacy", "HeadBucket", head, map[string]string{"AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "regional"}, nil, "https://buck.s3.us-east-1.amazonaws.com/"},
		{"where the config file does not count", "eu-west-1", "addressing_style = path", "HeadBucket", head, map[string]string{"AWS_SDK_LOAD_CONFIG": "false", "AWS_REGION": "eu-west-1"}, nil, "https://buck.s3.eu-west-1.amazonaws.com/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			block := "[default]\ns3 =\n  " + c.settings + "\n"
			home(t, map[string]string{"config": block, "credentials": block}, c.env)
			s := open(t, testKeys(), aws.WithRegion(c.region))
			urls := answer(s, 200, "")
			call(t, client(t, s, "s3", c.opts...), c.op, c.in)
			assert.Equal(t, []string{c.want}, *urls)
		})
	}
	t.Run("S3 Control is dual stack too, and others are not", func(t *testing.T) {
		home(t, map[string]string{"config": "[default]\nregion=eu-west-1\ns3 =\n  use_dualstack_endpoint = true\n"}, nil)
		s := open(t, testKeys())
		assert.Equal(t, "https://s3-control.dualstack.eu-west-1.amazonaws.com", client(t, s, "s3control").Meta().Endpoint)
		assert.Equal(t, "https://sqs.eu-west-1.amazonaws.com", client(t, s, "sqs").Meta().Endpoint)
	})
	for _, bad := range []string{"addressing_style = bogus", "us_east_1_regional_endpoint = bogus"} {
		t.Run(bad+" is an error", func(t *testing.T) {
			home(t, map[string]string{"config": "[default]\ns3 =\n  " + bad + "\n"}, nil)
			_, err := aws.Open(context.Background(), testKeys())
			isConfigError(t, err)
			assert.ErrorContains(t, err, "bogus")
		})
	}
}

// TestVariantsByCode: what code says comes before variables, both ways.
func TestVariantsByCode(t *testing.T) {
	home(t, nil, map[string]string{"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"})
	models(t)
	s := open(t, testKeys(), aws.WithRegion("us-east-1"))
	none := &aws.Config{UseFIPS: aws.Bool(false), UseDualStack: aws.Bool(false)}
	assert.Equal(t, "https://sqs-fips.us-east-1.api.aws", client(t, s, "sqs").Meta().Endpoint)
	assert.Equal(t, "https://sqs.us-east-1.amazonaws.com", client(t, s, "sqs", aws.ClientConfigs(none)).Meta().Endpoint)
	assert.Equal(t, "https://sqs.us-east-1.amazonaws.com", s.ClientConfig("sqs", none).Endpoint)
	assert.Equal(t, "https://sqs-fips.us-east-1.amazonaws.com", client(t, s, "sqs", aws.ClientConfigs(none), aws.ClientRegion("fips-us-east-1")).Meta().Endpoint, "a region that says so")
}

// TestHostsOfMovedServices: the tables are older than these.
func TestHostsOfMovedServices(t *testing.T) {
	home(t, nil, nil)
	models(t)
	for _, c := range []struct{ service, region, host, signed string }{
		{"application-signals", "eu-west-1", "application-signals.eu-west-1.api.aws", "eu-west-1"},
		{"application-signals", "fips-us-east-1", "application-signals-fips.us-east-1.api.aws", "us-east-1"},
		{"application-signals", "cn-north-1", "application-signals.cn-north-1.api.amazonwebservices.com.cn", "cn-north-1"},
		{"bcm-data-exports", "eu-west-1", "bcm-data-exports.us-east-1.api.aws", "us-east-1"},
		{"bcm-data-exports", "us-gov-east-1", "bcm-data-exports.us-gov-west-1.api.aws", "us-gov-west-1"},
		{"freetier", "eu-west-1", "freetier.us-east-1.api.aws", "us-east-1"},
		{"freetier", "cn-north-1", "freetier.cn-north-1.api.amazonwebservices.com.cn", "cn-north-1"},
		{"artifact", "eu-west-1", "artifact.us-east-1.amazonaws.com", "us-east-1"},
		{"artifact", "cn-north-1", "artifact.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"},
		{"support", "eu-west-1", "support.us-east-1.amazonaws.com", "us-east-1"},
		{"support", "", "support.us-east-1.amazonaws.com", "us-east-1"},
		{"support", "fips-us-gov-west-1", "support.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
		{"support", "us-gov-east-1", "support.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
		{"route53-recovery-control-config", "eu-west-1", "route53-recovery-control-config.us-west-2.amazonaws.com", "us-west-2"},
		{"networkmanager", "cn-north-1", "networkmanager.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"},
		{"networkmanager", "eu-west-1", "networkmanager.us-west-2.amazonaws.com", "us-west-2"},
		{"taxsettings", "cn-north-1", "tax.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"},
		{"kinesisvideo", "us-gov-west-1", "kinesisvideo.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
		{"compute-optimizer", "us-gov-west-1", "compute-optimizer.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
		{"compute-optimizer", "fips-us-gov-west-1", "compute-optimizer-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
	} {
		t.Run(c.service+" "+c.region, func(t *testing.T) {
			m := client(t, open(t, testKeys(), aws.WithRegion(c.region)), c.service).Meta()
			assert.Equal(t, "https://"+c.host, m.Endpoint)
			assert.Equal(t, c.signed, m.SigningRegion)
		})
	}
	_, err := open(t, testKeys()).Client("bcm-data-exports")
	assert.ErrorIs(t, err, aws.ErrNoRegion)
}

// TestVariantsOfGlobalServices: their hosts name no region that there is, such
// as aws-global. These are as botocore's rules have them.
func TestVariantsOfGlobalServices(t *testing.T) {
	home(t, nil, nil)
	models(t)
	for _, c := range []struct {
		service, region string
		config          aws.Config
		host, signed    string
	}{
		{"iam", "us-east-1", aws.Config{UseDualStack: aws.Bool(true)}, "iam.global.api.aws", "us-east-1"},
		{"iam", "eu-west-1", aws.Config{UseFIPS: aws.Bool(true)}, "iam-fips.amazonaws.com", "us-east-1"},
		{"route53", "", aws.Config{UseDualStack: aws.Bool(true)}, "route53.global.api.aws", "us-east-1"},
		{"organizations", "us-east-1", aws.Config{UseDualStack: aws.Bool(true)}, "organizations.us-east-1.api.aws", "us-east-1"},
		{"account", "eu-west-1", aws.Config{UseFIPS: aws.Bool(true)}, "account-fips.us-east-1.amazonaws.com", "us-east-1"},
		{"ce", "eu-west-1", aws.Config{UseFIPS: aws.Bool(true)}, "ce-fips.us-east-1.amazonaws.com", "us-east-1"},
		{"organizations", "cn-northwest-1", aws.Config{UseDualStack: aws.Bool(true)}, "organizations.cn-northwest-1.api.amazonwebservices.com.cn", "cn-northwest-1"},
		{"iam", "us-gov-west-1", aws.Config{UseDualStack: aws.Bool(true)}, "iam.us-gov.api.aws", "us-gov-west-1"},
		{"route53", "cn-north-1", aws.Config{UseDualStack: aws.Bool(true)}, "route53.global.api.amazonwebservices.com.cn", "cn-northwest-1"},
		{"route53", "us-iso-east-1", aws.Config{UseDualStack: aws.Bool(true)}, "route53.api.aws.ic.gov", "us-iso-east-1"},
		{"cloudfront", "eu-west-1", aws.Config{UseFIPS: aws.Bool(true)}, "cloudfront-fips.amazonaws.com", "us-east-1"},
		{"cloudfront", "eu-west-1", aws.Config{UseFIPS: aws.Bool(true), UseDualStack: aws.Bool(true)}, "cloudfront-fips.global.api.aws", "us-east-1"},
		{"savingsplans", "eu-west-1", aws.Config{UseDualStack: aws.Bool(true)}, "savingsplans.global.api.aws", "us-east-1"},
		{"iam", "us-east-1", aws.Config{}, "iam.amazonaws.com", "us-east-1"},
	} {
		t.Run(c.service+" "+c.host, func(t *testing.T) {
			m := client(t, open(t, testKeys(), aws.WithRegion(c.region)), c.service, aws.ClientConfigs(&c.config)).Meta()
			assert.Equal(t, "https://"+c.host, m.Endpoint)
			assert.Equal(t, c.signed, m.SigningRegion)
		})
	}
}

// TestNamesOfDualStack: some services have another name there, and some have it
// under their plain one.
func TestNamesOfDualStack(t *testing.T) {
	home(t, nil, nil)
	models(t)
	for _, c := range []struct {
		service, region string
		fips            bool
		host            string
	}{
		{"ecr", "eu-west-1", false, "ecr.eu-west-1.api.aws"},
		{"ecr", "us-gov-west-1", false, "ecr.us-gov-west-1.api.aws"},
		{"efs", "us-east-1", true, "efs-fips.us-east-1.api.aws"},
		{"efs", "us-iso-east-1", false, "elasticfilesystem.us-iso-east-1.api.aws.ic.gov"},
		{"dynamodbstreams", "cn-north-1", false, "streams-dynamodb.cn-north-1.api.amazonwebservices.com.cn"},
		{"dynamodb", "eu-west-1", false, "dynamodb.eu-west-1.api.aws"},
		{"secretsmanager", "eu-west-1", false, "secretsmanager.eu-west-1.amazonaws.com"},
		{"secretsmanager", "eu-west-1", true, "secretsmanager-fips.eu-west-1.amazonaws.com"},
		{"secretsmanager", "us-gov-west-1", false, "secretsmanager.us-gov-west-1.api.aws"},
		{"cognito-idp", "eu-west-1", false, "cognito-idp.eu-west-1.amazonaws.com"},
		{"cognito-idp", "us-east-1", true, "cognito-idp-fips.us-east-1.amazonaws.com"},
		{"cognito-idp", "eu-west-1", true, "cognito-idp-fips.eu-west-1.api.aws"},
		{"cognito-identity", "eu-west-1", false, "cognito-identity.eu-west-1.amazonaws.com"},
	} {
		t.Run(c.host, func(t *testing.T) {
			s := open(t, testKeys(), aws.WithRegion(c.region), aws.WithConfig(&aws.Config{UseDualStack: aws.Bool(true), UseFIPS: &c.fips}))
			m := client(t, s, c.service).Meta()
			assert.Equal(t, "https://"+c.host, m.Endpoint)
			plain := client(t, s, c.service, aws.ClientConfigs(&aws.Config{UseDualStack: aws.Bool(false), UseFIPS: aws.Bool(false)})).Meta()
			assert.Equal(t, plain.SigningName, m.SigningName)
			assert.Equal(t, c.region, m.SigningRegion)
		})
	}
}

// TestPseudoRegions: each partition has one, and keys of one are of no use in
// another.
func TestPseudoRegions(t *testing.T) {
	home(t, nil, nil)
	models(t)
	for _, c := range []struct{ service, region, host, signed, partition string }{
		{"iam", "aws-global", "iam.amazonaws.com", "us-east-1", "aws"},
		{"iam", "aws-cn-global", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1", "aws-cn"},
		{"iam", "aws-us-gov-global", "iam.us-gov.amazonaws.com", "us-gov-west-1", "aws-us-gov"},
		{"route53", "aws-iso-b-global", "route53.sc2s.sgov.gov", "us-isob-east-1", "aws-iso-b"},
		{"sts", "aws-global", "sts.amazonaws.com", "us-east-1", "aws"},
	} {
		t.Run(c.service+" "+c.region, func(t *testing.T) {
			m := client(t, open(t, testKeys(), aws.WithRegion(c.region)), c.service).Meta()
			assert.Equal(t, "https://"+c.host, m.Endpoint)
			assert.Equal(t, c.signed, m.SigningRegion)
			assert.Equal(t, c.partition, m.PartitionID)
		})
	}
}

// TestConfiguredEndpointsTakePaths: what variables say is an endpoint of one's own too.
func TestConfiguredEndpointsTakePaths(t *testing.T) {
	home(t, nil, map[string]string{"AWS_ENDPOINT_URL_S3": "https://minio.test"})
	models(t)
	s := open(t, testKeys(), aws.WithRegion("us-east-1"))
	u, err := client(t, s, "s3").Presign(context.Background(), "GetObject", aws.Params{"Bucket": "buck", "Key": "k"}, time.Minute)
	require.NoError(t, err)
	assert.Contains(t, u, "https://minio.test/buck/k?")
}

func TestS3ErrorsInsideOf200(t *testing.T) {
	home(t, nil, nil)
	models(t)
	s := open(t, testKeys(), aws.WithRegion("us-east-1"))
	answer(s, 200, `<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>later</Message><RequestId>rid</RequestId></Error>`)
	_, err := client(t, s, "s3", aws.ClientRetry(0)).Call(context.Background(), "CopyObject", aws.Params{"Bucket": "buck", "Key": "k", "CopySource": "buck/x"})
	var e *aws.ServiceError
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "SlowDown", e.Code)
	assert.Equal(t, "rid", e.RequestID)
	assert.Equal(t, 500, e.StatusCode)
}

func TestEventsAnswerAndChange(t *testing.T) {
	home(t, nil, nil)
	models(t)
	s := open(t, testKeys(), aws.WithRegion("us-east-1"))
	urls := answer(s, 200, "{}")
	t.Run("before-call can answer in place of the call", func(t *testing.T) {
		c := client(t, s, "dynamodb")
		c.Events().On("before-call.dynamodb.ListTables", func(_ string, ev *aws.Event) error {
			ev.Request.Data = aws.Output{"TableNames": []any{"mine"}}
			return nil
		})
		assert.Equal(t, []any{"mine"}, call(t, c, "ListTables", nil)["TableNames"])
		assert.Empty(t, *urls)
	})
	t.Run("provide-client-params can change parameters, of a copy", func(t *testing.T) {
		c := client(t, s, "sqs", aws.ClientEndpoint("http://q.test"))
		body := ""
		c.Events().On("provide-client-params.sqs", func(_ string, ev *aws.Event) error {
			ev.Request.Params.(aws.Params)["QueueName"] = "changed"
			return nil
		})
		c.Handlers().Build.PushBack(func(r *aws.Request) error {
			b, err := io.ReadAll(r.HTTPRequest.Body)
			body = string(b)
			return err
		})
		in := aws.Params{"QueueName": "given"}
		call(t, c, "CreateQueue", in)
		assert.Contains(t, body, "changed")
		assert.Equal(t, "given", in["QueueName"])
	})
}

func TestContextEndsACall(t *testing.T) {
	srv := newFlaky(t, 100)
	s := handlerSession(t, srv.URL)
	ctx, cancel := context.WithCancel(context.Background())
	s.Handlers.AfterRetry.PushBack(func(*aws.Request) error { cancel(); return nil })
	for _, c := range callers {
		err := c.call(ctx, t, s)
		assert.ErrorIs(t, err, context.Canceled, c.name)
	}
	assert.Equal(t, int32(1), srv.calls.Load())
}
