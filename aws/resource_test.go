package aws_test

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws"
)

// withDefinitions runs a test over boto3's definitions and over this package's.
func withDefinitions(t *testing.T, test func(t *testing.T, s *aws.Session)) {
	t.Run("definitions of boto3", func(t *testing.T) { test(t, motoSession(t)) })
	t.Run("definitions of this package", func(t *testing.T) {
		dirs, err := pythonData()
		if err != nil {
			t.Skip("python3 has no botocore: there are no models to test with")
		}
		home(t, nil, map[string]string{"AWS_DATA_PATH": dirs[0]})
		url := moto(t, -1)
		test(t, open(t, testKeys(), aws.WithRegion("us-east-1"), aws.WithConfig(&aws.Config{Endpoint: &url})))
	})
}

func TestResourceS3(t *testing.T) {
	withDefinitions(t, func(t *testing.T, s *aws.Session) {
		ctx := context.Background()
		s3, err := s.Resource("s3")
		require.NoError(t, err)
		_, err = s3.Do(ctx, "CreateBucket", aws.Params{"Bucket": "resource"})
		require.NoError(t, err)
		bucket, err := s3.Sub("Bucket", "resource")
		require.NoError(t, err)
		assert.Equal(t, "resource", bucket.Identifier("Name"))
		assert.Equal(t, `s3.Bucket(Name="resource")`, bucket.String())
		require.NoError(t, bucket.Wait(ctx, "Exists"))
		for _, key := range []string{"a", "b", awkwardKey} {
			res, err := bucket.Do(ctx, "PutObject", aws.Params{"Key": key, "Body": "text of " + key})
			require.NoError(t, err)
			assert.Equal(t, key, res.Resource().Identifier("Key"))
		}
		var keys []any
		for object, err := range bucket.All(ctx, "Objects", nil) {
			require.NoError(t, err)
			keys = append(keys, object.Identifier("Key"))
		}
		assert.Equal(t, []any{"a", "b", awkwardKey}, keys)
		object, err := bucket.Sub("Object", awkwardKey)
		require.NoError(t, err)
		length, err := object.Attr(ctx, "ContentLength")
		require.NoError(t, err)
		assert.Equal(t, int64(len("text of "+awkwardKey)), length)
		got, err := object.Do(ctx, "Get", nil)
		require.NoError(t, err)
		body := got.Output["Body"].(io.ReadCloser)
		b, err := io.ReadAll(body)
		require.NoError(t, err)
		require.NoError(t, body.Close())
		assert.Equal(t, "text of "+awkwardKey, string(b))
		action := "Delete"
		_, err = bucket.Batch(ctx, "Objects", action, nil)
		require.NoError(t, err)
		for range bucket.All(ctx, "Objects", nil) {
			t.Error("an object is left")
		}
		found := false
		for b, err := range s3.All(ctx, "Buckets", nil) {
			require.NoError(t, err)
			found = found || b.Identifier("Name") == "resource"
		}
		assert.True(t, found)
		_, err = bucket.Do(ctx, "Delete", nil)
		require.NoError(t, err)
		_, err = bucket.Do(ctx, "Fly", nil)
		assert.ErrorIs(t, err, aws.ErrDataNotFound)
		_, err = s3.Sub("Bucket")
		assert.Error(t, err)
		_, err = s3.Sub("Bucket", "a", "b")
		assert.Error(t, err)
	})
}

func TestResourceDynamoDBAndSQS(t *testing.T) {
	withDefinitions(t, func(t *testing.T, s *aws.Session) {
		ctx := context.Background()
		db, err := s.Resource("dynamodb")
		require.NoError(t, err)
		made, err := db.Do(ctx, "CreateTable", aws.Params{
			"TableName": "r", "BillingMode": "PAY_PER_REQUEST",
			"KeySchema":            []any{aws.Params{"AttributeName": "id", "KeyType": "HASH"}},
			"AttributeDefinitions": []any{aws.Params{"AttributeName": "id", "AttributeType": "S"}},
		})
		require.NoError(t, err)
		table := made.Resource()
		require.NotNil(t, table)
		status, err := table.Attr(ctx, "TableStatus")
		require.NoError(t, err)
		assert.Equal(t, "ACTIVE", status)
		_, err = table.Do(ctx, "PutItem", aws.Params{"Item": aws.Params{"id": aws.Params{"S": "1"}}})
		require.NoError(t, err)
		scan, err := table.Do(ctx, "Scan", nil)
		require.NoError(t, err)
		assert.Equal(t, int64(1), scan.Output["Count"])
		_, err = table.Do(ctx, "Delete", nil)
		require.NoError(t, err)

		sqs, err := s.Resource("sqs")
		require.NoError(t, err)
		queued, err := sqs.Do(ctx, "CreateQueue", aws.Params{"QueueName": "r"})
		require.NoError(t, err)
		queue := queued.Resource()
		_, err = queue.Do(ctx, "SendMessage", aws.Params{"MessageBody": "hi"})
		require.NoError(t, err)
		received, err := queue.Do(ctx, "ReceiveMessages", nil)
		require.NoError(t, err)
		require.Len(t, received.Resources, 1)
		body, err := received.Resources[0].Attr(ctx, "Body")
		require.NoError(t, err)
		assert.Equal(t, "hi", body)
		_, err = received.Resources[0].Do(ctx, "Delete", nil)
		require.NoError(t, err)
		_, err = queue.Do(ctx, "Delete", nil)
		require.NoError(t, err)
	})
}

func TestResourceErrors(t *testing.T) {
	home(t, nil, nil)
	models(t)
	s := open(t, testKeys(), aws.WithRegion("us-east-1"))
	_, err := s.Resource("lambda")
	var e *aws.ResourceNotExistsError
	require.ErrorAs(t, err, &e)
	assert.True(t, e.HasClient)
	assert.Equal(t, s.AvailableResources(), e.Available)
	assert.ErrorIs(t, err, aws.ErrDataNotFound)
	_, err = s.Resource("s3", aws.ClientAPIVersion("1999-01-01"))
	var v *aws.UnknownAPIVersionError
	require.ErrorAs(t, err, &v)
	assert.Equal(t, []string{"2006-03-01"}, v.Known)
}
