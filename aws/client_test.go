package aws_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws"
)

var pythonData = sync.OnceValues(func() (dirs [2]string, err error) {
	out, err := exec.Command("python3", "-c", "import botocore,boto3,os;print(os.path.dirname(botocore.__file__)+'/data');print(os.path.dirname(boto3.__file__)+'/data')").Output()
	if err == nil {
		copy(dirs[:], strings.Fields(string(out)))
	}
	return dirs, err
})

// models lets the test find botocore's models, or skips it.
func models(t testing.TB) {
	t.Helper()
	dirs, err := pythonData()
	if err != nil {
		t.Skip("python3 has no botocore: there are no models to test with")
	}
	t.Setenv("AWS_DATA_PATH", dirs[0]+":"+dirs[1])
}

// motoSession returns a session over a moto server, with models.
func motoSession(t testing.TB, opts ...aws.Option) *aws.Session {
	t.Helper()
	home(t, nil, nil)
	models(t)
	url := moto(t, -1)
	return open(t, append([]aws.Option{testKeys(), aws.WithRegion("us-east-1"), aws.WithConfig(&aws.Config{Endpoint: &url})}, opts...)...)
}

func call(t testing.TB, c *aws.Client, op string, in aws.Params) aws.Output {
	t.Helper()
	out, err := c.Call(context.Background(), op, in)
	require.NoError(t, err)
	return out
}

func client(t testing.TB, s *aws.Session, name string, opts ...aws.ClientOption) *aws.Client {
	t.Helper()
	c, err := s.Client(name, opts...)
	require.NoError(t, err)
	return c
}

func TestClientSpeaksEveryProtocol(t *testing.T) {
	s := motoSession(t)
	ctx := context.Background()
	t.Run("json: dynamodb", func(t *testing.T) {
		c := client(t, s, "dynamodb")
		call(t, c, "CreateTable", aws.Params{
			"TableName": "t", "BillingMode": "PAY_PER_REQUEST",
			"KeySchema":            []map[string]string{{"AttributeName": "id", "KeyType": "HASH"}},
			"AttributeDefinitions": []any{aws.Params{"AttributeName": "id", "AttributeType": "S"}},
		})
		item := aws.Params{"id": aws.Params{"S": "1"}, "n": aws.Params{"N": "42"}, "b": aws.Params{"B": []byte("raw")}, "l": aws.Params{"L": []any{aws.Params{"BOOL": true}}}}
		call(t, c, "PutItem", aws.Params{"TableName": "t", "Item": item})
		out := call(t, c, "GetItem", aws.Params{"TableName": "t", "Key": aws.Params{"id": aws.Params{"S": "1"}}})
		got := out["Item"].(map[string]any)
		assert.Equal(t, map[string]any{"N": "42"}, got["n"])
		assert.Equal(t, map[string]any{"B": []byte("raw")}, got["b"])
		_, err := c.Call(ctx, "GetItem", aws.Params{"TableName": "nope", "Key": aws.Params{"id": aws.Params{"S": "1"}}})
		var e *aws.ServiceError
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "ResourceNotFoundException", e.Code)
		assert.Equal(t, 400, e.StatusCode)
		assert.NotEmpty(t, e.Message)
		assert.NotEmpty(t, e.RequestID)
	})
	t.Run("query: sts", func(t *testing.T) {
		out := call(t, client(t, s, "sts"), "GetCallerIdentity", nil)
		assert.Equal(t, "123456789012", out["Account"])
	})
	t.Run("query: sns with nested maps and lists", func(t *testing.T) {
		c := client(t, s, "sns")
		arn := call(t, c, "CreateTopic", aws.Params{"Name": "topic", "Attributes": aws.Params{"DisplayName": "x y&z"}, "Tags": []any{aws.Params{"Key": "k", "Value": "v"}}})["TopicArn"]
		out := call(t, c, "GetTopicAttributes", aws.Params{"TopicArn": arn})
		assert.Equal(t, "x y&z", out["Attributes"].(map[string]any)["DisplayName"])
		_, err := c.Call(ctx, "GetTopicAttributes", aws.Params{"TopicArn": "arn:aws:sns:us-east-1:123456789012:none"})
		var e *aws.ServiceError
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "NotFound", e.Code)
	})
	t.Run("json, once query: sqs", func(t *testing.T) {
		c := client(t, s, "sqs")
		url := call(t, c, "CreateQueue", aws.Params{"QueueName": "q"})["QueueUrl"]
		call(t, c, "SendMessage", aws.Params{"QueueUrl": url, "MessageBody": "héllo"})
		out := call(t, c, "ReceiveMessage", aws.Params{"QueueUrl": url})
		assert.Equal(t, "héllo", out["Messages"].([]any)[0].(map[string]any)["Body"])
		_, err := c.Call(ctx, "GetQueueUrl", aws.Params{"QueueName": "none"})
		var e *aws.ServiceError
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "AWS.SimpleQueueService.NonExistentQueue", e.Code)
	})
	t.Run("ec2", func(t *testing.T) {
		c := client(t, s, "ec2")
		out := call(t, c, "DescribeRegions", aws.Params{"RegionNames": []string{"eu-west-1"}})
		assert.Equal(t, "eu-west-1", out["Regions"].([]any)[0].(map[string]any)["RegionName"])
		vpc := call(t, c, "CreateVpc", aws.Params{"CidrBlock": "10.0.0.0/16"})["Vpc"].(map[string]any)
		found := call(t, c, "DescribeVpcs", aws.Params{"Filters": []any{aws.Params{"Name": "vpc-id", "Values": []any{vpc["VpcId"]}}}})
		assert.Len(t, found["Vpcs"], 1)
		_, err := c.Call(ctx, "DescribeVpcs", aws.Params{"VpcIds": []string{"vpc-none"}})
		var e *aws.ServiceError
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "InvalidVpcID.NotFound", e.Code)
	})
	t.Run("rest-json: lambda and apigateway", func(t *testing.T) {
		out := call(t, client(t, s, "lambda"), "ListFunctions", nil)
		assert.Empty(t, out["Functions"])
		_, err := client(t, s, "lambda").Call(ctx, "GetFunction", aws.Params{"FunctionName": "none"})
		var e *aws.ServiceError
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "ResourceNotFoundException", e.Code)
		api := client(t, s, "apigateway")
		id := call(t, api, "CreateRestApi", aws.Params{"name": "my api", "tags": aws.Params{"a": "b"}})["id"]
		assert.Equal(t, "my api", call(t, api, "GetRestApi", aws.Params{"restApiId": id})["name"])
	})
	t.Run("rest-xml: route53", func(t *testing.T) {
		c := client(t, s, "route53")
		out := call(t, c, "CreateHostedZone", aws.Params{"Name": "example.test.", "CallerReference": "1"})
		zone := out["HostedZone"].(map[string]any)
		assert.Equal(t, "example.test.", zone["Name"])
		assert.NotEmpty(t, call(t, c, "ListHostedZones", nil)["HostedZones"])
	})
}

func TestClientS3(t *testing.T) {
	s := motoSession(t)
	ctx := context.Background()
	c := client(t, s, "s3")
	call(t, c, "CreateBucket", aws.Params{"Bucket": "dynamic"})
	for _, body := range []struct {
		name string
		body any
	}{
		{"bytes", []byte("content")}, {"a string", "content"}, {"a reader", strings.NewReader("content")},
		{"a stream with its length", struct{ io.Reader }{strings.NewReader("content")}},
	} {
		t.Run("the awkward key round-trips with content from "+body.name, func(t *testing.T) {
			in := aws.Params{"Bucket": "dynamic", "Key": awkwardKey, "Body": body.body, "ContentType": "text/x", "Metadata": aws.Params{"a": "b"}}
			if _, ok := body.body.(struct{ io.Reader }); ok {
				in["ContentLength"] = 7
			}
			call(t, c, "PutObject", in)
			out := call(t, c, "GetObject", aws.Params{"Bucket": "dynamic", "Key": awkwardKey})
			stream := out["Body"].(io.ReadCloser)
			b, err := io.ReadAll(stream)
			require.NoError(t, err)
			require.NoError(t, stream.Close())
			assert.Equal(t, "content", string(b))
			assert.Equal(t, "text/x", out["ContentType"])
			assert.Equal(t, map[string]any{"a": "b"}, out["Metadata"])
			assert.Equal(t, int64(7), out["ContentLength"])
			assert.IsType(t, time.Time{}, out["LastModified"])
		})
	}
	t.Run("listing", func(t *testing.T) {
		out := call(t, c, "ListObjectsV2", aws.Params{"Bucket": "dynamic"})
		assert.Equal(t, awkwardKey, out["Contents"].([]any)[0].(map[string]any)["Key"])
	})
	t.Run("an operation that demands a checksum", func(t *testing.T) {
		call(t, c, "PutObject", aws.Params{"Bucket": "dynamic", "Key": "gone", "Body": "x", "ChecksumAlgorithm": "SHA256"})
		out := call(t, c, "DeleteObjects", aws.Params{"Bucket": "dynamic", "Delete": aws.Params{"Objects": []any{aws.Params{"Key": "gone"}}}})
		assert.Equal(t, "gone", out["Deleted"].([]any)[0].(map[string]any)["Key"])
	})
	t.Run("an error with a body and one without", func(t *testing.T) {
		_, err := c.Call(ctx, "GetObject", aws.Params{"Bucket": "dynamic", "Key": "none"})
		var e *aws.ServiceError
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "NoSuchKey", e.Code)
		_, err = c.Call(ctx, "HeadObject", aws.Params{"Bucket": "dynamic", "Key": "none"})
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "404", e.Code)
	})
	t.Run("the location of a bucket", func(t *testing.T) {
		call(t, client(t, s, "s3", aws.ClientRegion("eu-west-1")), "CreateBucket", aws.Params{"Bucket": "elsewhere", "CreateBucketConfiguration": aws.Params{"LocationConstraint": "eu-west-1"}})
		assert.Equal(t, "eu-west-1", call(t, c, "GetBucketLocation", aws.Params{"Bucket": "elsewhere"})["LocationConstraint"])
	})
	t.Run("a presigned URL works with plain requests", func(t *testing.T) {
		u, err := c.Presign(ctx, "GetObject", aws.Params{"Bucket": "dynamic", "Key": awkwardKey}, time.Minute)
		require.NoError(t, err)
		resp, err := s.HTTP().Get(ctx, u)
		require.NoError(t, err)
		assert.Equal(t, "content", resp.Text())
	})
	t.Run("pages", func(t *testing.T) {
		for i := range 5 {
			call(t, c, "PutObject", aws.Params{"Bucket": "dynamic", "Key": "page/" + string(rune('a'+i)), "Body": "x"})
		}
		var keys []string
		pages := 0
		for page, err := range c.Paginate(ctx, "ListObjectsV2", aws.Params{"Bucket": "dynamic", "Prefix": "page/", "MaxKeys": 2}) {
			require.NoError(t, err)
			pages++
			for _, o := range page["Contents"].([]any) {
				keys = append(keys, o.(map[string]any)["Key"].(string))
			}
		}
		assert.Equal(t, []string{"page/a", "page/b", "page/c", "page/d", "page/e"}, keys)
		assert.Equal(t, 3, pages)
		for _, err := range c.Paginate(ctx, "GetObject", nil) {
			assert.ErrorIs(t, err, aws.ErrDataNotFound)
		}
	})
	t.Run("waiting", func(t *testing.T) {
		require.NoError(t, c.Wait(ctx, "bucket_exists", aws.Params{"Bucket": "dynamic"}))
		require.NoError(t, c.Wait(ctx, "ObjectNotExists", aws.Params{"Bucket": "dynamic", "Key": "none"}))
		err := c.Wait(ctx, "BucketExists", aws.Params{"Bucket": "none"}, aws.WaitAttempts(2), aws.WaitDelay(time.Nanosecond))
		var w *aws.WaiterError
		require.ErrorAs(t, err, &w)
	})
}

func TestClientIntoStructs(t *testing.T) {
	s := motoSession(t)
	c := client(t, s, "sqs")
	type create struct {
		QueueName  string
		Attributes map[string]string
	}
	var made struct{ QueueUrl string }
	require.NoError(t, c.CallInto(context.Background(), "CreateQueue", &create{QueueName: "into", Attributes: map[string]string{"DelaySeconds": "0"}}, &made))
	assert.Contains(t, made.QueueUrl, "/into")
	var list struct {
		URLs []string `aws:"QueueUrls"`
	}
	require.NoError(t, c.CallInto(context.Background(), "ListQueues", nil, &list))
	assert.NotEmpty(t, list.URLs)
}

func TestClientValidatesParameters(t *testing.T) {
	s := motoSession(t)
	c := client(t, s, "dynamodb")
	for _, tc := range []struct {
		name string
		in   aws.Params
		want string
	}{
		{"a required one is missing", aws.Params{}, `missing required parameter "TableName"`},
		{"an unknown one", aws.Params{"TableName": "t", "Itme": 1}, `unknown parameter "Itme"`},
		{"a wrong type", aws.Params{"TableName": 5}, "TableName: a string is wanted, not int64"},
		{"a wrong type within", aws.Params{"TableName": "t", "Item": aws.Params{"k": aws.Params{"L": []any{aws.Params{"BOOL": "yes"}}}}}, "Item.k.L[0].BOOL: a bool is wanted"},
		{"too short", aws.Params{"TableName": "", "Item": aws.Params{}}, "at least 1 characters"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := c.Call(context.Background(), "PutItem", tc.in)
			var v *aws.ParamValidationError
			require.ErrorAs(t, err, &v)
			assert.Contains(t, v.Error(), tc.want)
		})
	}
	_, err := c.Call(context.Background(), "NoSuchOperation", nil)
	assert.ErrorIs(t, err, aws.ErrDataNotFound)
	assert.False(t, errors.Is(err, aws.ErrNoRegion))
	assert.Contains(t, c.Operations(), "PutItem")
	assert.NotEmpty(t, bytes.TrimSpace([]byte(c.Meta().Endpoint)))
}
