package aws_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth/sigv4"
	"github.com/seed-3bbad739/requests/aws"
)

// minio returns the server of MINIO_ENDPOINT, an S3 that checks signatures and
// checksums as strictly as the original, and options for sessions over it.
func minio(t *testing.T, secret string) (endpoint string, opts []aws.Option) {
	endpoint = strings.TrimSuffix(os.Getenv("MINIO_ENDPOINT"), "/")
	if endpoint == "" {
		t.Skip("MINIO_ENDPOINT is not set: no MinIO to test with")
	}
	home(t, nil, nil)
	key := cmp.Or(os.Getenv("MINIO_ROOT_USER"), "minioadmin")
	if secret == "" {
		secret = cmp.Or(os.Getenv("MINIO_ROOT_PASSWORD"), "minioadmin")
	}
	cfg := &aws.Config{Endpoint: &endpoint, S3ForcePathStyle: aws.Bool(true), MaxRetries: aws.Int(0)}
	if bundle := os.Getenv("MINIO_CERTIFICATE"); bundle != "" { // of an https endpoint
		cfg.HTTP = append(cfg.HTTP, requests.WithCABundle(bundle))
	}
	return endpoint, []aws.Option{aws.WithStaticCredentials(key, secret, ""), aws.WithRegion("us-east-1"), aws.WithConfig(cfg)}
}

func TestMinIO(t *testing.T) {
	ctx := context.Background()
	endpoint, opts := minio(t, "")
	if dirs, err := pythonData(); err == nil {
		t.Setenv("AWS_DATA_PATH", dirs[0])
	}
	s := open(t, opts...)
	bucket := fmt.Sprint("requests-", time.Now().UnixNano())
	typed := aws.NewClient(s, s3.NewFromConfig)
	_, err := typed.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket})
	require.NoError(t, err)
	t.Cleanup(func() { // the server is somebody's
		list, err := typed.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, EncodingType: "url"})
		assert.NoError(t, err)
		for _, o := range list.Contents {
			key, err := url.QueryUnescape(*o.Key)
			assert.NoError(t, err)
			_, err = typed.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
			assert.NoError(t, err)
		}
		_, err = typed.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket})
		assert.NoError(t, err)
	})
	roundTrip(t, s, endpoint, bucket, awkwardKey)

	raw := endpoint + "/" + bucket + "/" + (&url.URL{Path: "raw/" + awkwardKey}).EscapedPath()
	for _, p := range []struct {
		name    string
		payload sigv4.Payload
	}{
		{"signed", sigv4.PayloadSigned}, {"unsigned", sigv4.PayloadUnsigned}, {"in signed chunks", sigv4.PayloadStreamSigned},
		{"in signed chunks with a trailer", sigv4.PayloadStreamSignedTrailer}, {"in chunks with a trailer", sigv4.PayloadStreamUnsignedTrailer},
	} {
		t.Run("raw content "+p.name, func(t *testing.T) {
			content := strings.Repeat("0123456789abcdef", 10_000) // more than two chunks
			_, err := s.HTTP().Put(ctx, raw, requests.WithAuth(s.Auth("s3", aws.SignPayload(p.payload))), requests.WithBody(content), requests.WithRaiseForStatus(true))
			require.NoError(t, err)
			resp, err := s.HTTP().Get(ctx, raw, requests.WithAuth(s.Auth("s3")), requests.WithRaiseForStatus(true))
			require.NoError(t, err)
			assert.Equal(t, content, resp.Text())
		})
	}
	t.Run("a presigned PUT takes content", func(t *testing.T) {
		req, err := http.NewRequest("PUT", raw, nil)
		require.NoError(t, err)
		u, header, err := s.Presign(ctx, req, "s3", time.Minute)
		require.NoError(t, err)
		assert.Empty(t, header)
		_, err = s.HTTP().Put(ctx, u, requests.WithBody("presigned"), requests.WithRaiseForStatus(true))
		require.NoError(t, err)
		resp, err := s.HTTP().Get(ctx, raw, requests.WithAuth(s.Auth("s3")))
		require.NoError(t, err)
		assert.Equal(t, "presigned", resp.Text())
	})
	if _, err := pythonData(); err == nil {
		minioByName(t, s, bucket)
	}
	t.Run("a wrong secret is refused", func(t *testing.T) {
		_, opts := minio(t, "not-the-secret")
		bad := open(t, opts...)
		_, err := aws.NewClient(bad, s3.NewFromConfig).ListBuckets(ctx, nil)
		var e smithy.APIError
		require.True(t, errors.As(err, &e))
		assert.Equal(t, "SignatureDoesNotMatch", e.ErrorCode())
		resp, err := bad.HTTP().Get(ctx, raw, requests.WithAuth(bad.Auth("s3")))
		require.NoError(t, err)
		assert.Equal(t, 403, resp.StatusCode)
		assert.Contains(t, resp.Text(), "SignatureDoesNotMatch")
		req, err := http.NewRequest("GET", raw, nil)
		require.NoError(t, err)
		u, _, err := bad.Presign(ctx, req, "s3", time.Minute)
		require.NoError(t, err)
		resp, err = s.HTTP().Get(ctx, u)
		require.NoError(t, err)
		assert.Equal(t, 403, resp.StatusCode)
	})
}

func minioByName(t *testing.T, s *aws.Session, bucket string) {
	ctx := context.Background()
	c := client(t, s, "s3")
	for _, algorithm := range []string{"", "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
		for _, stream := range []bool{false, true} {
			name := "the checksum " + cmp.Or(algorithm, "of default")
			if stream {
				name += " of a stream"
			}
			t.Run(name, func(t *testing.T) {
				in := aws.Params{"Bucket": bucket, "Key": "sum" + algorithm, "Body": "content"}
				if stream {
					in["Body"], in["ContentLength"] = struct{ io.Reader }{strings.NewReader("content")}, 7
				}
				if algorithm != "" {
					in["ChecksumAlgorithm"] = algorithm
				}
				call(t, c, "PutObject", in)
				out := call(t, c, "GetObject", aws.Params{"Bucket": bucket, "Key": "sum" + algorithm})
				assert.Equal(t, "content", drain(t, out["Body"].(io.ReadCloser)))
				if !stream || algorithm != "" {
					assert.NotEmpty(t, out["Checksum"+cmp.Or(algorithm, "CRC32")])
				}
			})
		}
	}
	t.Run("a wrong checksum is refused", func(t *testing.T) {
		_, err := c.Call(ctx, "PutObject", aws.Params{"Bucket": bucket, "Key": "bad", "Body": "content", "ChecksumCRC32": "AAAAAA=="})
		var e *aws.ServiceError
		require.ErrorAs(t, err, &e)
		assert.Equal(t, 400, e.StatusCode)
	})
	t.Run("keys that XML cannot hold are listed, copied and deleted", func(t *testing.T) {
		odd := "odd/\x01 +%&é"
		call(t, c, "PutObject", aws.Params{"Bucket": bucket, "Key": odd, "Body": "odd"})
		list := call(t, c, "ListObjectsV2", aws.Params{"Bucket": bucket, "Prefix": "odd/"})
		require.Len(t, list["Contents"], 1)
		assert.Equal(t, odd, list["Contents"].([]any)[0].(map[string]any)["Key"])
		for i, src := range []any{bucket + "/" + odd, aws.Params{"Bucket": bucket, "Key": odd}} {
			key := "copy" + string(rune('0'+i))
			call(t, c, "CopyObject", aws.Params{"Bucket": bucket, "Key": key, "CopySource": src})
			assert.Equal(t, "odd", drain(t, call(t, c, "GetObject", aws.Params{"Bucket": bucket, "Key": key})["Body"].(io.ReadCloser)))
		}
		out := call(t, c, "DeleteObjects", aws.Params{"Bucket": bucket, "Delete": aws.Params{"Objects": []any{aws.Params{"Key": "copy0"}, aws.Params{"Key": "copy1"}}}})
		assert.Len(t, out["Deleted"], 2)
	})
	t.Run("parts make an object", func(t *testing.T) {
		id := call(t, c, "CreateMultipartUpload", aws.Params{"Bucket": bucket, "Key": "parts"})["UploadId"]
		var parts []any
		content := [][]byte{bytes.Repeat([]byte("a"), 5<<20), []byte("end")}
		for i, part := range content {
			out := call(t, c, "UploadPart", aws.Params{"Bucket": bucket, "Key": "parts", "UploadId": id, "PartNumber": i + 1, "Body": part})
			parts = append(parts, aws.Params{"PartNumber": i + 1, "ETag": out["ETag"]})
		}
		call(t, c, "CompleteMultipartUpload", aws.Params{"Bucket": bucket, "Key": "parts", "UploadId": id, "MultipartUpload": aws.Params{"Parts": parts}})
		got := drain(t, call(t, c, "GetObject", aws.Params{"Bucket": bucket, "Key": "parts"})["Body"].(io.ReadCloser))
		assert.True(t, string(bytes.Join(content, nil)) == got, "%d bytes came back", len(got))
	})
	t.Run("a presigned URL of an operation", func(t *testing.T) {
		u, err := c.Presign(ctx, "PutObject", aws.Params{"Bucket": bucket, "Key": awkwardKey}, time.Minute)
		require.NoError(t, err)
		_, err = s.HTTP().Put(ctx, u, requests.WithBody("by url"), requests.WithRaiseForStatus(true))
		require.NoError(t, err)
		u, err = c.Presign(ctx, "GetObject", aws.Params{"Bucket": bucket, "Key": awkwardKey, "ResponseContentType": "text/x y"}, time.Minute)
		require.NoError(t, err)
		resp, err := s.HTTP().Get(ctx, u, requests.WithRaiseForStatus(true))
		require.NoError(t, err)
		assert.Equal(t, "by url", resp.Text())
		assert.Equal(t, "text/x y", resp.Header.Get("Content-Type"))
	})
}
