package aws_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth/sigv4"
	"github.com/seed-3bbad739/requests/aws"
)

// roundTrip puts and gets an object in each of the three ways.
func roundTrip(t *testing.T, s *aws.Session, endpoint, bucket, name string, without ...string) {
	ctx := context.Background()
	key, raw := "", ""
	typed := aws.NewClient(s, s3.NewFromConfig)
	get := map[string]func(t *testing.T) string{
		"typed": func(t *testing.T) string {
			out, err := typed.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
			require.NoError(t, err)
			return drain(t, out.Body)
		},
		"raw": func(t *testing.T) string {
			resp, err := s.HTTP().Get(ctx, raw, requests.WithAuth(s.Auth("s3")), requests.WithRaiseForStatus(true))
			require.NoError(t, err)
			return resp.Text()
		},
		"presigned": func(t *testing.T) string {
			req, err := http.NewRequest("GET", raw, nil)
			require.NoError(t, err)
			u, _, err := s.Presign(ctx, req, "s3", time.Minute)
			require.NoError(t, err)
			resp, err := s.HTTP().Get(ctx, u, requests.WithRaiseForStatus(true))
			require.NoError(t, err)
			return resp.Text()
		},
	}
	put := map[string]func(t *testing.T, text string){
		"typed": func(t *testing.T, text string) {
			_, err := typed.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(text)})
			require.NoError(t, err)
		},
		"raw": func(t *testing.T, text string) {
			_, err := s.HTTP().Put(ctx, raw, requests.WithAuth(s.Auth("s3")), requests.WithBody(text), requests.WithRaiseForStatus(true))
			require.NoError(t, err)
		},
		"raw in signed chunks": func(t *testing.T, text string) {
			_, err := s.HTTP().Put(ctx, raw, requests.WithAuth(s.Auth("s3", aws.SignPayload(sigv4.PayloadStreamSigned))), requests.WithBody(text), requests.WithRaiseForStatus(true))
			require.NoError(t, err)
		},
	}
	if _, err := pythonData(); err == nil {
		byName := client(t, s, "s3")
		get["by name"] = func(t *testing.T) string {
			return drain(t, call(t, byName, "GetObject", aws.Params{"Bucket": bucket, "Key": key})["Body"].(io.ReadCloser))
		}
		put["by name"] = func(t *testing.T, text string) {
			call(t, byName, "PutObject", aws.Params{"Bucket": bucket, "Key": key, "Body": text})
		}
		put["by name as a stream"] = func(t *testing.T, text string) {
			call(t, byName, "PutObject", aws.Params{"Bucket": bucket, "Key": key, "Body": struct{ io.Reader }{strings.NewReader(text)}, "ContentLength": len(text)})
		}
	}
	for _, w := range without {
		delete(get, w)
	}
	for p, doPut := range put {
		t.Run("put "+p, func(t *testing.T) {
			text := "put " + p
			// Each has a key of its own: what a server keeps beside an object
			// must not be another's.
			key = strings.ReplaceAll(p, " ", "") + "/" + name
			raw = endpoint + "/" + bucket + "/" + (&url.URL{Path: key}).EscapedPath()
			doPut(t, text)
			for g, doGet := range get {
				t.Run("get "+g, func(t *testing.T) { assert.Equal(t, text, doGet(t)) })
			}
		})
	}
}

func drain(t *testing.T, body io.ReadCloser) string {
	b, err := io.ReadAll(body)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	return string(b)
}

func TestGofakes3(t *testing.T) {
	home(t, nil, nil)
	if dirs, err := pythonData(); err == nil {
		t.Setenv("AWS_DATA_PATH", dirs[0])
	}
	srv := httptest.NewServer(gofakes3.New(s3mem.New(), gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	defer srv.Close()
	s := open(t, testKeys(), aws.WithRegion("us-east-1"), aws.WithConfig(&aws.Config{Endpoint: &srv.URL, S3ForcePathStyle: aws.Bool(true)}))
	_, err := aws.NewClient(s, s3.NewFromConfig).CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: sdk.String("bucket")})
	require.NoError(t, err)
	roundTrip(t, s, srv.URL, "bucket", awkwardKey)
}

// TestSignaturesAreChecked runs against a server that knows the secret.
func TestSignaturesAreChecked(t *testing.T) {
	home(t, nil, nil)
	models(t)
	ctx := context.Background()
	endpoint := moto(t, 3)
	base := []aws.Option{aws.WithRegion("us-east-1"), aws.WithConfig(&aws.Config{Endpoint: &endpoint, S3ForcePathStyle: aws.Bool(true), MaxRetries: aws.Int(0)})}
	admin := client(t, open(t, append(base, testKeys())...), "iam")
	call(t, admin, "CreateUser", aws.Params{"UserName": "u"})
	call(t, admin, "PutUserPolicy", aws.Params{"UserName": "u", "PolicyName": "p", "PolicyDocument": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`})
	key := call(t, admin, "CreateAccessKey", aws.Params{"UserName": "u"})["AccessKey"].(map[string]any)
	id, secret := key["AccessKeyId"].(string), key["SecretAccessKey"].(string)
	good := open(t, append(base, aws.WithStaticCredentials(id, secret, ""))...)
	call(t, client(t, good, "s3"), "CreateBucket", aws.Params{"Bucket": "signed"})
	// Of a key with + or one of '()* or beyond ASCII the server refuses the
	// SDK's own request; TestTrapAwkwardKeySignature has those.
	roundTrip(t, good, endpoint, "signed", "dir/a b~.txt", "presigned") // it needs the header Authorization
	list := func(s *aws.Session) (*requests.Response, error) {
		return s.HTTP().Post(ctx, endpoint, requests.WithAuth(s.Auth("dynamodb")), requests.WithBody("{}"),
			requests.WithHeader("Content-Type", "application/x-amz-json-1.0"), requests.WithHeader("X-Amz-Target", "DynamoDB_20120810.ListTables"))
	}
	t.Run("typed: dynamodb", func(t *testing.T) {
		_, err := aws.NewClient(good, dynamodb.NewFromConfig).ListTables(ctx, nil)
		require.NoError(t, err)
	})
	t.Run("raw: dynamodb", func(t *testing.T) {
		resp, err := list(good)
		require.NoError(t, err)
		assert.Equal(t, 200, resp.StatusCode, resp.Text())
	})
	for _, c := range []struct{ service, op string }{{"dynamodb", "ListTables"}, {"sqs", "ListQueues"}, {"sts", "GetCallerIdentity"}, {"ec2", "DescribeVpcs"}} {
		t.Run("by name: "+c.service, func(t *testing.T) { call(t, client(t, good, c.service), c.op, nil) })
	}
	bad := open(t, append(base, aws.WithStaticCredentials(id, secret+"x", ""))...)
	t.Run("a wrong secret is refused, by name", func(t *testing.T) {
		for _, c := range []struct{ service, op string }{{"s3", "ListBuckets"}, {"dynamodb", "ListTables"}, {"sqs", "ListQueues"}, {"sts", "GetCallerIdentity"}} {
			_, err := client(t, bad, c.service).Call(ctx, c.op, nil)
			var e *aws.ServiceError
			if assert.ErrorAs(t, err, &e, c.service) {
				assert.Equal(t, 403, e.StatusCode, c.service)
			}
		}
	})
	t.Run("a wrong secret is refused, typed", func(t *testing.T) {
		_, err := aws.NewClient(bad, s3.NewFromConfig).ListBuckets(ctx, nil)
		var e smithy.APIError
		require.True(t, errors.As(err, &e))
		assert.Equal(t, "SignatureDoesNotMatch", e.ErrorCode())
	})
	t.Run("a wrong secret is refused, raw", func(t *testing.T) {
		resp, err := bad.HTTP().Get(ctx, endpoint+"/signed", requests.WithAuth(bad.Auth("s3")))
		require.NoError(t, err)
		assert.Equal(t, 403, resp.StatusCode)
		resp, err = list(bad)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, resp.StatusCode, 400)
		assert.Contains(t, resp.Text(), "ignature")
	})
}
