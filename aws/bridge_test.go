package aws_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/aws"
)

const awkwardKey = "dir/a b+ü~'()*.txt"

func TestTypedClientsAgainstMoto(t *testing.T) {
	ctx := context.Background()
	home(t, nil, nil)
	url := moto(t, -1)
	sess := open(t, testKeys(), aws.WithRegion("us-east-1"), aws.WithConfig(&aws.Config{Endpoint: &url, S3ForcePathStyle: aws.Bool(true)}))
	client := aws.NewClient(sess, s3.NewFromConfig)
	_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: sdk.String("typed")})
	require.NoError(t, err)
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: sdk.String("typed"), Key: sdk.String(awkwardKey), Body: strings.NewReader("hello")})
	require.NoError(t, err)
	got, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: sdk.String("typed"), Key: sdk.String(awkwardKey)})
	require.NoError(t, err)
	b, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	require.NoError(t, got.Body.Close())
	assert.Equal(t, "hello", string(b))

	tables, err := aws.NewClient(sess, dynamodb.NewFromConfig).ListTables(ctx, nil)
	require.NoError(t, err)
	assert.NotContains(t, tables.TableNames, "typed", "the server is shared: others may have made tables")
	_, err = aws.NewClient(sess, sqs.NewFromConfig).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: sdk.String("q")})
	require.NoError(t, err)
}

func TestHTTPClientPassesThrough(t *testing.T) {
	home(t, nil, nil)
	var got *http.Request
	var body string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
		if strings.HasPrefix(r.URL.Path, "/moved") {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(307)
			return
		}
		w.Header().Set("Set-Cookie", "a=b")
		w.WriteHeader(404)
	}))
	defer srv.Close()
	base, err := requests.NewSession(requests.WithAuth(auth.Basic("user", "password")), requests.WithHeader("X-Own", "1"),
		requests.WithParam("p", "1"), requests.WithRaiseForStatus(true))
	require.NoError(t, err)
	defer base.Close()
	hooked := 0
	base.Hooks().Send.PushBack(func(*requests.Exchange) error { hooked++; return nil })
	sess := open(t, testKeys(), aws.WithHTTPSession(base))

	t.Run("session defaults that change a signed request stay home", func(t *testing.T) {
		req, err := http.NewRequest("PUT", srv.URL+"/a%2Fb/c%20d?x=1", io.NopCloser(strings.NewReader("body")))
		require.NoError(t, err)
		req.ContentLength = 4
		resp, err := sess.HTTPClient().Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, 404, resp.StatusCode)
		assert.Equal(t, "/a%2Fb/c%20d?x=1", got.RequestURI)
		assert.Equal(t, "body", body)
		assert.Empty(t, got.Header.Get("Authorization"))
		assert.Empty(t, got.Header.Get("X-Own"))
		assert.Equal(t, 1, hooked)
		assert.Zero(t, base.Cookies().Len())
	})
	t.Run("a base URL is not one", func(t *testing.T) {
		based, err := base.Copy(requests.WithBaseURL("http://base.invalid/"))
		require.NoError(t, err)
		defer based.Close()
		req, err := http.NewRequest("GET", srv.URL+"/x", nil)
		require.NoError(t, err)
		resp, err := open(t, testKeys(), aws.WithHTTPSession(based)).HTTPClient().Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, "/x", got.RequestURI)
	})
	t.Run("redirects come back", func(t *testing.T) {
		req, _ := http.NewRequest("GET", srv.URL+"/moved", nil)
		resp, err := sess.HTTPClient().Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, 307, resp.StatusCode)
	})
	t.Run("an empty method is GET", func(t *testing.T) {
		req, _ := http.NewRequest("GET", srv.URL+"/", nil)
		req.Method = ""
		resp, err := sess.HTTPClient().Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, "GET", got.Method)
		assert.Empty(t, req.Method, "the caller's request is not changed")
	})
	t.Run("hooks added later apply", func(t *testing.T) {
		before := hooked
		base.Hooks().Send.PushBack(func(*requests.Exchange) error { hooked++; return nil })
		req, _ := http.NewRequest("GET", srv.URL+"/", nil)
		resp, err := sess.HTTPClient().Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, before+2, hooked, "the hook that was there and the new one")
	})
	t.Run("a cancelled context is recognised", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		req, _ := http.NewRequestWithContext(ctx, "GET", srv.URL+"/", nil)
		_, err := sess.HTTPClient().Do(req)
		assert.ErrorIs(t, err, context.Canceled)
	})
	t.Run("a closed session says so", func(t *testing.T) {
		own := open(t, testKeys())
		require.NoError(t, own.Close())
		req, _ := http.NewRequest("GET", srv.URL+"/", nil)
		_, err := own.HTTPClient().Do(req)
		assert.ErrorIs(t, err, requests.ErrSessionClosed)
	})
}

func TestTypedClientsWithoutRegion(t *testing.T) {
	home(t, nil, nil)
	s := open(t, testKeys())
	urls := answer(s, 200, "<a><GetCallerIdentityResult/></a>")
	ctx := context.Background()
	_, err := aws.NewClient(s, sts.NewFromConfig).GetCallerIdentity(ctx, nil)
	require.NoError(t, err)
	_, err = aws.NewClient(s, s3.NewFromConfig).ListBuckets(ctx, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"https://sts.amazonaws.com/", "https://s3.us-east-1.amazonaws.com/?x-id=ListBuckets"}, *urls)
	_, err = aws.NewClient(s, dynamodb.NewFromConfig).ListTables(ctx, nil)
	assert.ErrorIs(t, err, aws.ErrNoRegion)
	_, err = aws.NewClient(s, dynamodb.NewFromConfig, func(o *dynamodb.Options) { o.Region = "eu-west-1" }).ListTables(ctx, nil)
	assert.NotErrorIs(t, err, aws.ErrNoRegion)
	assert.Len(t, *urls, 3)
}

func BenchmarkHTTPClient(b *testing.B) {
	home(b, nil, nil)
	s := open(b, testKeys())
	s.HTTP().Mount("http://x.test", roundTripFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
	}))
	req, _ := http.NewRequest("GET", "http://x.test/", nil)
	b.ReportAllocs()
	for b.Loop() {
		resp, err := s.HTTPClient().Do(req)
		if err != nil {
			b.Fatal(err)
		}
		resp.Body.Close()
	}
}
