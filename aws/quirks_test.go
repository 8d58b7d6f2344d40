package aws_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws"
)

// sent calls an operation, whose answer is empty, and returns what was sent.
func sent(t *testing.T, service, op string, in aws.Params, answered string) (r *aws.Request, body string, out aws.Output) {
	t.Helper()
	s := open(t, testKeys(), aws.WithRegion("us-east-1"))
	s.Handlers.Send.PushBack(func(req *aws.Request) error {
		r = req
		if req.HTTPRequest.Body != nil {
			b, err := io.ReadAll(req.HTTPRequest.Body)
			body = string(b)
			return err
		}
		return nil
	})
	answer(s, 200, answered)
	out, _ = client(t, s, service, aws.ClientRetry(0)).Call(context.Background(), op, in)
	require.NotNil(t, r, "nothing was sent")
	return r, body, out
}

func TestQuirks(t *testing.T) {
	home(t, nil, nil)
	models(t)
	for _, c := range []struct {
		name, service, op string
		in                aws.Params
		url               string            // what the URL holds
		header            map[string]string // what the header holds
		body              string            // what the content holds
	}{
		{name: "the source of a copy is escaped", service: "s3", op: "CopyObject", in: aws.Params{"Bucket": "b-b", "Key": "k", "CopySource": "src/dir/a b+ü~'()*.txt?versionId=v1"},
			header: map[string]string{"X-Amz-Copy-Source": "src/dir/a%20b%2B%C3%BC~%27%28%29%2A.txt?versionId=v1"}},
		{name: "and may be a map", service: "s3", op: "CopyObject", in: aws.Params{"Bucket": "b-b", "Key": "k", "CopySource": aws.Params{"Bucket": "src", "Key": "a?b", "VersionId": "v"}},
			header: map[string]string{"X-Amz-Copy-Source": "src/a%3Fb?versionId=v"}},
		{name: "of an access point too", service: "s3", op: "CopyObject", in: aws.Params{"Bucket": "b-b", "Key": "k", "CopySource": aws.Params{"Bucket": "arn:aws:s3:us-east-1:1:accesspoint/p", "Key": "k"}},
			header: map[string]string{"X-Amz-Copy-Source": "arn%3Aaws%3As3%3Aus-east-1%3A1%3Aaccesspoint/p/object/k"}},
		{name: "a key of the customer's comes with its MD5", service: "s3", op: "GetObject", in: aws.Params{"Bucket": "b-b", "Key": "k", "SSECustomerAlgorithm": "AES256", "SSECustomerKey": "0123456789abcdef0123456789abcdef"},
			header: map[string]string{"X-Amz-Server-Side-Encryption-Customer-Key": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "X-Amz-Server-Side-Encryption-Customer-Key-Md5": "hRasmdxgYDKV3nvbahU1MA=="}},
		{name: "one that has it stays", service: "s3", op: "GetObject", in: aws.Params{"Bucket": "b-b", "Key": "k", "SSECustomerKey": "a2V5", "SSECustomerKeyMD5": "x"},
			header: map[string]string{"X-Amz-Server-Side-Encryption-Customer-Key": "a2V5", "X-Amz-Server-Side-Encryption-Customer-Key-Md5": "x"}},
		{name: "ids of Route 53 lose their path", service: "route53", op: "GetHostedZone", in: aws.Params{"Id": "/hostedzone/Z1"}, url: "/hostedzone/Z1"},
		{name: "Glacier takes the account of the credentials, and wants its version", service: "glacier", op: "ListVaults", url: "/-/vaults", header: map[string]string{"X-Amz-Glacier-Version": "2012-06-01"}},
		{name: "a search is content", service: "cloudsearchdomain", op: "Search", in: aws.Params{"query": "a b&c", "size": 2}, url: "/2013-01-01/search", header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, body: "format=sdk&pretty=true&q=a%20b%26c&size=2"},
		{name: "API Gateway answers in JSON when asked", service: "apigateway", op: "GetRestApis", header: map[string]string{"Accept": "application/json"}},
		{name: "user data are encoded", service: "ec2", op: "RunInstances", in: aws.Params{"MinCount": 1, "MaxCount": 1, "UserData": "#!/bin/sh"}, body: "UserData=IyEvYmluL3No"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, body, _ := sent(t, c.service, c.op, c.in, "{}")
			assert.Contains(t, r.HTTPRequest.URL.String(), c.url)
			assert.NotContains(t, r.HTTPRequest.URL.Path, "//")
			for k, v := range c.header {
				assert.Equal(t, v, r.HTTPRequest.Header.Get(k), k)
			}
			assert.Contains(t, body, c.body)
		})
	}
	t.Run("an archive comes with the hash of its tree", func(t *testing.T) {
		content := bytes.Repeat([]byte("x"), 2<<20+5) // three leaves
		leaf := func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
		want := leaf(append(leaf(append(leaf(content[:1<<20]), leaf(content[1<<20:2<<20])...)), leaf(content[2<<20:])...))
		r, _, _ := sent(t, "glacier", "UploadArchive", aws.Params{"vaultName": "v", "body": content}, "")
		assert.Equal(t, hex.EncodeToString(want), r.HTTPRequest.Header.Get("X-Amz-Sha256-Tree-Hash"))
		assert.Equal(t, hex.EncodeToString(leaf(content)), r.HTTPRequest.Header.Get("X-Amz-Content-Sha256"))
		r, _, _ = sent(t, "glacier", "UploadMultipartPart", aws.Params{"vaultName": "v", "uploadId": "u", "range": "bytes 0-2/*", "body": content, "checksum": "given"}, "")
		assert.Equal(t, "given", r.HTTPRequest.Header.Get("X-Amz-Sha256-Tree-Hash"))
		assert.Equal(t, hex.EncodeToString(leaf(content)), r.HTTPRequest.Header.Get("X-Amz-Content-Sha256"), "which the service wants beside it")
	})
	t.Run("a blank in a query is not a plus, for those who do not sign either", func(t *testing.T) {
		s := open(t, aws.WithRegion("us-east-1"))
		urls := answer(s, 200, "<ListBucketResult/>")
		call(t, client(t, s, "s3", aws.ClientAnonymous()), "ListObjectsV2", aws.Params{"Bucket": "buck", "Prefix": "a b+c"})
		require.Len(t, *urls, 1)
		assert.Contains(t, (*urls)[0], "prefix=a%20b%2Bc")
	})
	t.Run("an ARN of a bucket is refused before anything is sent, but at an endpoint of one's own", func(t *testing.T) {
		s := open(t, testKeys(), aws.WithRegion("us-east-1"))
		urls := answer(s, 200, "")
		in := aws.Params{"Bucket": "arn:aws:s3:us-west-2:123456789012:accesspoint/myap", "Key": "k"}
		_, err := client(t, s, "s3").Call(context.Background(), "PutObject", in)
		var bad *aws.ParamValidationError
		require.ErrorAs(t, err, &bad)
		assert.ErrorContains(t, err, "typed client")
		_, err = client(t, s, "s3").Presign(context.Background(), "GetObject", in, time.Minute)
		assert.ErrorAs(t, err, &bad)
		assert.Empty(t, *urls)
		call(t, client(t, s, "s3", aws.ClientEndpoint("https://minio.test")), "PutObject", in)
		assert.Len(t, *urls, 1)
	})
	t.Run("a request has its name from the content where the header has none", func(t *testing.T) {
		r, _, out := sent(t, "ec2", "DescribeRegions", nil, `<DescribeRegionsResponse><requestId>rid</requestId><regionInfo/></DescribeRegionsResponse>`)
		assert.Equal(t, "rid", r.RequestID)
		assert.Equal(t, "rid", out["ResponseMetadata"].(map[string]any)["RequestId"])
		r, _, _ = sent(t, "sns", "DeleteTopic", aws.Params{"TopicArn": "t"}, `<DeleteTopicResponse><ResponseMetadata><RequestId>rid</RequestId></ResponseMetadata></DeleteTopicResponse>`)
		assert.Equal(t, "rid", r.RequestID)
	})
	t.Run("names in listings are encoded on the way", func(t *testing.T) {
		const list = `<ListBucketResult><EncodingType>url</EncodingType><Prefix>a%2Fb+</Prefix><Contents><Key>a%01+%2B</Key></Contents><CommonPrefixes><Prefix>p%20q</Prefix></CommonPrefixes></ListBucketResult>`
		r, _, out := sent(t, "s3", "ListObjectsV2", aws.Params{"Bucket": "b-b"}, list)
		assert.Contains(t, r.HTTPRequest.URL.RawQuery, "encoding-type=url")
		assert.Equal(t, "a\x01 +", out["Contents"].([]any)[0].(map[string]any)["Key"])
		assert.Equal(t, "p q", out["CommonPrefixes"].([]any)[0].(map[string]any)["Prefix"])
		assert.Equal(t, "a/b ", out["Prefix"])
		_, _, out = sent(t, "s3", "ListObjectsV2", aws.Params{"Bucket": "b-b", "EncodingType": "url"}, list)
		assert.Equal(t, "a%01+%2B", out["Contents"].([]any)[0].(map[string]any)["Key"], "who asks for it has it")
		_, _, out = sent(t, "s3", "ListObjectsV2", aws.Params{"Bucket": "b-b"}, strings.Replace(list, "<EncodingType>url</EncodingType>", "", 1))
		assert.Equal(t, "a%01+%2B", out["Contents"].([]any)[0].(map[string]any)["Key"], "a server that does not know of it is believed")
	})
	t.Run("policies of IAM are decoded, wherever they are", func(t *testing.T) {
		_, _, out := sent(t, "iam", "GetRolePolicy", aws.Params{"RoleName": "r", "PolicyName": "p"},
			`<R><GetRolePolicyResult><RoleName>r</RoleName><PolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Sid%22%3A%22a+b%22%2C%22N%22%3A1%7D%5D%7D</PolicyDocument></GetRolePolicyResult></R>`)
		policy := map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Sid": "a+b", "N": int64(1)}}}
		assert.Equal(t, policy, out["PolicyDocument"])
		_, _, out = sent(t, "iam", "ListRoles", nil,
			`<R><ListRolesResult><Roles><member><RoleName>r</RoleName><AssumeRolePolicyDocument>%7B%22a%22%3A%22%25%22%7D</AssumeRolePolicyDocument></member><member><AssumeRolePolicyDocument>no JSON</AssumeRolePolicyDocument></member></Roles></ListRolesResult></R>`)
		roles := out["Roles"].([]any)
		assert.Equal(t, map[string]any{"a": "%"}, roles[0].(map[string]any)["AssumeRolePolicyDocument"])
		assert.Equal(t, "no JSON", roles[1].(map[string]any)["AssumeRolePolicyDocument"])
	})
	t.Run("a console's output is text", func(t *testing.T) {
		for encoded, want := range map[string]string{"aGVsbG/DvP8=": "helloü\ufffd", "no base64": "no base64"} {
			_, _, out := sent(t, "ec2", "GetConsoleOutput", aws.Params{"InstanceId": "i-1"}, "<GetConsoleOutputResponse><output>"+encoded+"</output></GetConsoleOutputResponse>")
			assert.Equal(t, want, out["Output"])
		}
	})
	t.Run("a template in JSON is decoded, and no other", func(t *testing.T) {
		for body, want := range map[string]any{`{"Resources": {"n": 1.5}}`: map[string]any{"Resources": map[string]any{"n": 1.5}}, "Resources:\n  a: b": "Resources:\n  a: b"} {
			_, _, out := sent(t, "cloudformation", "GetTemplate", aws.Params{"StackName": "s"}, "<R><GetTemplateResult><TemplateBody>"+body+"</TemplateBody></GetTemplateResult></R>")
			assert.Equal(t, want, out["TemplateBody"])
		}
	})
	t.Run("what was decoded is text again for a field that is text", func(t *testing.T) {
		s := open(t, testKeys(), aws.WithRegion("us-east-1"))
		answer(s, 200, `<R><GetTemplateResult><TemplateBody>{"a": [1, "&lt;"]}</TemplateBody></GetTemplateResult></R>`)
		var text struct{ TemplateBody string }
		require.NoError(t, client(t, s, "cloudformation").CallInto(context.Background(), "GetTemplate", aws.Params{"StackName": "s"}, &text))
		assert.Equal(t, `{"a":[1,"<"]}`, text.TemplateBody)
		var fields struct {
			TemplateBody struct {
				A []any `aws:"a"`
			}
		}
		require.NoError(t, client(t, s, "cloudformation").CallInto(context.Background(), "GetTemplate", aws.Params{"StackName": "s"}, &fields))
		assert.Equal(t, []any{int64(1), "<"}, fields.TemplateBody.A)
	})
	t.Run("Expires is a time, in every model", func(t *testing.T) {
		at := time.Date(1994, 12, 1, 16, 0, 0, 0, time.UTC)
		r, _, _ := sent(t, "s3", "PutObject", aws.Params{"Bucket": "b-b", "Key": "k", "Expires": at}, "")
		assert.Equal(t, "Thu, 01 Dec 1994 16:00:00 GMT", r.HTTPRequest.Header.Get("Expires"))
	})
	t.Run("parameters stay as they were given", func(t *testing.T) {
		in := aws.Params{"Bucket": "b-b", "Key": "k", "CopySource": "a/b c"}
		sent(t, "s3", "CopyObject", in, "")
		assert.Equal(t, aws.Params{"Bucket": "b-b", "Key": "k", "CopySource": "a/b c"}, in)
	})
}
