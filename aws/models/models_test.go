package models_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

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
