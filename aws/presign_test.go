package aws_test

import (
	"context"
	"encoding/json"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws"
)

func TestPresignByName(t *testing.T) {
	home(t, nil, nil)
	models(t)
	s := open(t, aws.WithStaticCredentials("AKIDTEST", "secret-of-test", "tok/en"), aws.WithRegion("eu-west-1"))
	for _, c := range []struct {
		name, service, op string
		in                aws.Params
		base              string
		want              url.Values // what the query has besides the signature
	}{
		{"query", "sts", "GetCallerIdentity", nil, "https://sts.eu-west-1.amazonaws.com/", url.Values{"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}}},
		{"query with structures and spaces", "sns", "CreateTopic", aws.Params{"Name": "a b+c&d", "Tags": []any{aws.Params{"Key": "k", "Value": "v"}}}, "https://sns.eu-west-1.amazonaws.com/",
			url.Values{"Action": {"CreateTopic"}, "Version": {"2010-03-31"}, "Name": {"a b+c&d"}, "Tags.member.1.Key": {"k"}, "Tags.member.1.Value": {"v"}}},
		{"ec2", "ec2", "DescribeInstances", aws.Params{"InstanceIds": []any{"i-1", "i-2"}}, "https://ec2.eu-west-1.amazonaws.com/",
			url.Values{"Action": {"DescribeInstances"}, "Version": {"2016-11-15"}, "InstanceId.1": {"i-1"}, "InstanceId.2": {"i-2"}}},
		{"rest", "s3", "GetObject", aws.Params{"Bucket": "buck", "Key": awkwardKey, "VersionId": "v 1"}, "https://buck.s3.eu-west-1.amazonaws.com/dir/a%20b%2B%C3%BC~%27%28%29%2A.txt", url.Values{"versionId": {"v 1"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw, err := client(t, s, c.service).Presign(context.Background(), c.op, c.in, 90*time.Second)
			require.NoError(t, err)
			assert.NotContains(t, raw, "+", "a plus sign can be read in two ways")
			u, err := url.Parse(raw)
			require.NoError(t, err)
			q := u.Query()
			u.RawQuery = ""
			assert.Equal(t, c.base, u.String())
			assert.Equal(t, "90", q.Get("X-Amz-Expires"))
			assert.Equal(t, "tok/en", q.Get("X-Amz-Security-Token"))
			assert.Equal(t, "host", q.Get("X-Amz-SignedHeaders"))
			assert.NotEmpty(t, q.Get("X-Amz-Signature"))
			for k := range q {
				if strings.HasPrefix(k, "X-Amz-") {
					q.Del(k)
				}
			}
			assert.Equal(t, c.want, q)
		})
	}
	t.Run("what nobody has to sign has a plain URL", func(t *testing.T) {
		u, err := client(t, s, "s3", aws.ClientAnonymous()).Presign(context.Background(), "GetObject", aws.Params{"Bucket": "buck", "Key": "k"}, time.Minute)
		require.NoError(t, err)
		assert.Equal(t, "https://buck.s3.eu-west-1.amazonaws.com/k", u)
	})
	t.Run("a content type and a length are signed when they are given, not when they are the codec's", func(t *testing.T) {
		for _, c := range []struct {
			op     string
			in     aws.Params
			signed string
		}{
			{"PutObject", aws.Params{"Bucket": "buck", "Key": "k", "ContentType": "text/plain"}, "content-type;host"},
			{"PutObject", aws.Params{"Bucket": "buck", "Key": "k", "Body": []byte("x")}, "host"},
			{"PutObject", aws.Params{"Bucket": "buck", "Key": "k", "ContentLength": 5}, "content-length;host"},
			{"UploadPart", aws.Params{"Bucket": "buck", "Key": "k", "UploadId": "u", "PartNumber": 1, "ContentLength": int64(5)}, "content-length;host"},
			{"PutObject", aws.Params{"Bucket": "buck", "Key": "k", "ContentLength": 5, "Body": []byte("abcde")}, "content-length;host"},
			{"PutBucketPolicy", aws.Params{"Bucket": "buck", "Policy": "{}"}, "host"},
		} {
			raw, err := client(t, s, "s3").Presign(context.Background(), c.op, c.in, time.Minute)
			require.NoError(t, err)
			u, err := url.Parse(raw)
			require.NoError(t, err)
			assert.Equal(t, c.signed, u.Query().Get("X-Amz-SignedHeaders"), c.op)
		}
	})
	t.Run("handlers of Sign can add a field", func(t *testing.T) {
		c := client(t, s, "s3")
		c.Handlers().Sign.PushBack(func(r *aws.Request) error { r.HTTPRequest.Header.Set("X-Amz-Meta-A", "b"); return nil })
		u, err := c.Presign(context.Background(), "PutObject", aws.Params{"Bucket": "buck", "Key": "k"}, time.Minute)
		require.NoError(t, err)
		assert.Contains(t, u, "X-Amz-SignedHeaders=host%3Bx-amz-meta-a")
	})
}

// TestPresignedURLsAreThoseOfBoto3 compares all but what depends on the time.
func TestPresignedURLsAreThoseOfBoto3(t *testing.T) {
	home(t, nil, nil)
	models(t)
	s := open(t, aws.WithStaticCredentials("AKIDTEST", "secret-of-test", "tok/en"), aws.WithRegion("eu-west-1"))
	for _, c := range []struct {
		service, op, method string
		in                  aws.Params
	}{
		{"sts", "GetCallerIdentity", "get_caller_identity", aws.Params{}},
		{"ec2", "DescribeInstances", "describe_instances", aws.Params{"InstanceIds": []any{"i-1"}, "Filters": []any{aws.Params{"Name": "tag:a b", "Values": []any{"x", "y&z"}}}}},
		{"sns", "Publish", "publish", aws.Params{"TopicArn": "arn:aws:sns:eu-west-1:1:t", "Message": "héllo wörld"}},
		{"s3", "GetObject", "get_object", aws.Params{"Bucket": "buck", "Key": awkwardKey, "ResponseContentType": "text/x y"}},
		{"s3", "ListObjectsV2", "list_objects_v2", aws.Params{"Bucket": "buck", "Prefix": "a b", "EncodingType": "url"}},
		{"lambda", "GetFunction", "get_function", aws.Params{"FunctionName": "f", "Qualifier": "1"}},
	} {
		t.Run(c.service+" "+c.op, func(t *testing.T) {
			raw, err := client(t, s, c.service).Presign(context.Background(), c.op, c.in, time.Minute)
			require.NoError(t, err)
			params, err := json.Marshal(c.in)
			require.NoError(t, err)
			cmd := exec.Command("python3", "-c", `import boto3,json,sys
from botocore.config import Config
c=boto3.client(sys.argv[1],"eu-west-1",aws_access_key_id="AKIDTEST",aws_secret_access_key="secret-of-test",aws_session_token="tok/en",config=Config(signature_version="s3v4" if sys.argv[1]=="s3" else "v4",s3={"addressing_style":"virtual"}))
print(c.generate_presigned_url(sys.argv[2],Params=json.loads(sys.argv[3]),ExpiresIn=60))`, c.service, c.method, string(params))
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
			theirs, err := url.Parse(strings.TrimSpace(string(out)))
			require.NoError(t, err)
			ours, err := url.Parse(raw)
			require.NoError(t, err)
			assert.Equal(t, theirs.Host, ours.Host)
			assert.Equal(t, theirs.Path, ours.Path)
			want, got := theirs.Query(), ours.Query()
			for _, q := range []url.Values{want, got} {
				for _, k := range []string{"X-Amz-Date", "X-Amz-Signature"} {
					q.Del(k)
				}
				key, _, _ := strings.Cut(q.Get("X-Amz-Credential"), "/") // the date follows
				q.Set("X-Amz-Credential", key)
			}
			assert.Equal(t, want, got)
		})
	}
}
