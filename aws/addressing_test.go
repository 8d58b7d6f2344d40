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
