package models_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws"
	"github.com/seed-3bbad739/requests/aws/models"
)

func TestModels(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for _, v := range []string{"AWS_CA_BUNDLE", "AWS_DATA_PATH", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		t.Setenv(v, "")
	}
	var target string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target = r.Header.Get("X-Amz-Target")
		w.Write([]byte(`{"TableNames":["t"]}`))
	}))
	defer srv.Close()
	s, err := aws.Open(context.Background(), aws.WithRegion("us-east-1"), aws.WithStaticCredentials("a", "b", ""))
	require.NoError(t, err)
	defer s.Close()
	assert.Greater(t, len(s.AvailableServices()), 350)
	c, err := s.Client("dynamodb", aws.ClientEndpoint(srv.URL))
	require.NoError(t, err)
	out, err := c.Call(context.Background(), "ListTables", nil)
	require.NoError(t, err)
	assert.Equal(t, []any{"t"}, out["TableNames"])
	assert.Equal(t, "DynamoDB_20120810.ListTables", target)
	for _, service := range []string{"s3", "sqs", "ec2", "lambda", "iam"} {
		_, err := s.Client(service)
		assert.NoError(t, err, service)
	}
	_, err = s.Resource("s3")
	assert.NoError(t, err)
	require.NoError(t, fstest.TestFS(models.FS, "s3/2006-03-01/service-2.json", "s3/2006-03-01/waiters-2.json"))
}

// TestExpires: what is stored with an object as the time of its expiry need not be one.
func TestExpires(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for _, v := range []string{"AWS_CA_BUNDLE", "AWS_DATA_PATH", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		t.Setenv(v, "")
	}
	s, err := aws.Open(context.Background(), aws.WithRegion("us-east-1"), aws.WithStaticCredentials("a", "b", ""))
	require.NoError(t, err)
	defer s.Close()
	stored := ""
	s.Handlers.Send.PushBack(func(r *aws.Request) error {
		r.HTTPResponse = &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Expires": {stored}}, Body: http.NoBody}
		return nil
	})
	c, err := s.Client("s3")
	require.NoError(t, err)
	for text, want := range map[string]any{
		"0": nil, "-1": nil, "never": nil,
		"Thu, 01 Dec 1994 16:00:00 GMT": time.Date(1994, 12, 1, 16, 0, 0, 0, time.UTC),
	} {
		for _, op := range []string{"GetObject", "HeadObject"} {
			stored = text
			out, err := c.Call(context.Background(), op, aws.Params{"Bucket": "buck", "Key": "k"})
			require.NoError(t, err, text)
			assert.Equal(t, want, out["Expires"])
			assert.Equal(t, text, out["ExpiresString"])
			assert.Equal(t, text, out["ResponseMetadata"].(map[string]any)["HTTPHeaders"].(map[string]any)["expires"])
		}
	}
	stored = "0" // as the answers to listings have it, whose content nobody is to keep
	out, err := c.Call(context.Background(), "DeleteObject", aws.Params{"Bucket": "buck", "Key": "k"})
	require.NoError(t, err)
	assert.NotContains(t, out, "ExpiresString")
}
