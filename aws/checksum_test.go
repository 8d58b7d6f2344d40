package aws_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/auth/sigv4"
	"github.com/seed-3bbad739/requests/aws"
)

// storage is a service with an operation that sends and receives content.
func storage(checksum string) aws.Option {
	return aws.WithModels(tinyService("", `,"input":{"shape":"In"},"output":{"shape":"Out"}`+checksum,
		`,"Blob":{"type":"blob","streaming":true},"Long":{"type":"long"},
		"In":{"type":"structure","payload":"Body","members":{"Body":{"shape":"Blob","streaming":true},
			"ContentLength":{"shape":"Long","location":"header","locationName":"Content-Length"},
			"Algorithm":{"shape":"S","location":"header","locationName":"x-amz-sdk-checksum-algorithm"},
			"MD5":{"shape":"S","location":"header","locationName":"Content-MD5"},
			"Own":{"shape":"S","location":"header","locationName":"x-amz-checksum-crc32"},
			"Mode":{"shape":"S","location":"header","locationName":"x-amz-checksum-mode"}}},
		"Out":{"type":"structure","payload":"Body","members":{"Body":{"shape":"Blob","streaming":true}}}`))
}

const (
	knowsChecksums = `,"httpChecksum":{"requestAlgorithmMember":"Algorithm","requestChecksumRequired":false}`
	wantsChecksums = `,"httpChecksum":{"requestAlgorithmMember":"Algorithm","requestChecksumRequired":true}`
	returnsThem    = `,"httpChecksum":{"requestValidationModeMember":"Mode","responseAlgorithms":["CRC64NVME","CRC32","CRC32C","SHA256","SHA1","SHA512","MD5"]}`
	contentCRC32   = "/sUwqQ==" // of "content"
	contentCRC32C  = "Ya91Mw=="
	contentCRC64   = "lhVdXyVQTGE="
	contentSHA1    = "BA8G/XdAkkeNRQd09bowxdp4rMg="
	contentSHA256  = "7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M="
	contentMD5     = "mgNkuembtIDdJeHwKEyFVQ=="
)

func once() io.Reader { return struct{ io.Reader }{strings.NewReader("content")} }

func TestRequestChecksums(t *testing.T) {
	for _, c := range []struct {
		name, model string
		secure      bool
		env         map[string]string
		in          aws.Params
		field, want string // of the header; "" with want none: no checksum at all
		algorithm   string // what the header says about it
		trailer     string
		hash        string // X-Amz-Content-Sha256, when content is sent in chunks
	}{
		{name: "CRC32 where the operation knows checksums", model: knowsChecksums, in: aws.Params{"Body": "content"}, field: "X-Amz-Checksum-Crc32", want: contentCRC32, algorithm: "CRC32"},
		{name: "and of no content", model: knowsChecksums, field: "X-Amz-Checksum-Crc32", want: "AAAAAA==", algorithm: "CRC32"},
		{name: "and of a reader that is said to hold none", model: knowsChecksums, in: aws.Params{"Body": io.MultiReader(), "ContentLength": 0}, field: "X-Amz-Checksum-Crc32", want: "AAAAAA==", algorithm: "CRC32"},
		{name: "none when only required ones are wanted", model: knowsChecksums, env: map[string]string{"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"}, in: aws.Params{"Body": "content"}},
		{name: "required ones are sent even then", model: wantsChecksums, env: map[string]string{"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"}, in: aws.Params{"Body": "content"}, field: "X-Amz-Checksum-Crc32", want: contentCRC32, algorithm: "CRC32"},
		{name: "CRC32C on demand", model: knowsChecksums, in: aws.Params{"Body": "content", "Algorithm": "CRC32C"}, field: "X-Amz-Checksum-Crc32c", want: contentCRC32C, algorithm: "CRC32C"},
		{name: "CRC64NVME on demand", model: knowsChecksums, in: aws.Params{"Body": "content", "Algorithm": "CRC64NVME"}, field: "X-Amz-Checksum-Crc64nvme", want: contentCRC64, algorithm: "CRC64NVME"},
		{name: "SHA1 on demand", model: knowsChecksums, in: aws.Params{"Body": "content", "Algorithm": "SHA1"}, field: "X-Amz-Checksum-Sha1", want: contentSHA1, algorithm: "SHA1"},
		{name: "SHA256 on demand", model: knowsChecksums, in: aws.Params{"Body": "content", "Algorithm": "SHA256"}, field: "X-Amz-Checksum-Sha256", want: contentSHA256, algorithm: "SHA256"},
		{name: "the caller's own is not touched", model: wantsChecksums, in: aws.Params{"Body": "content", "Own": "AAAAAA=="}, field: "X-Amz-Checksum-Crc32", want: "AAAAAA=="},
		{name: "an MD5 stands for all where none is named", model: wantsChecksums, in: aws.Params{"Body": "content", "MD5": contentMD5}, field: "Content-Md5", want: contentMD5},
		{name: "MD5 where the model is of that time", model: `,"httpChecksumRequired":true`, in: aws.Params{"Body": "content"}, field: "Content-Md5", want: contentMD5},
		{name: "none where nobody asks", in: aws.Params{"Body": "content"}},
		{name: "after content that is read once, over TLS", model: knowsChecksums, secure: true, in: aws.Params{"Body": once(), "ContentLength": 7}, algorithm: "CRC32", trailer: "x-amz-checksum-crc32:" + contentCRC32, hash: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"},
		{name: "signed chunks protect it on plain http", model: knowsChecksums, in: aws.Params{"Body": once(), "ContentLength": 7}, hash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
		{name: "and are followed by what was asked for", model: knowsChecksums, in: aws.Params{"Body": once(), "ContentLength": 7, "Algorithm": "SHA256"}, algorithm: "SHA256", trailer: "x-amz-checksum-sha256:" + contentSHA256, hash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"},
		{name: "and by what is required", model: wantsChecksums, in: aws.Params{"Body": once(), "ContentLength": 7}, algorithm: "CRC32", trailer: "x-amz-checksum-crc32:" + contentCRC32, hash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, nil, c.env)
			srv := newCapture(t, c.secure)
			out := call(t, client(t, open(t, srv.over(testKeys(), storage(c.model))...), "tiny"), "Do", c.in)
			out["Body"].(io.Closer).Close()
			h := srv.last().Header
			for k := range h {
				if strings.HasPrefix(k, "X-Amz-Checksum-") || k == "Content-Md5" {
					assert.Equal(t, c.field, k)
				}
			}
			if c.field != "" {
				assert.Equal(t, c.want, h.Get(c.field))
			}
			assert.Equal(t, c.algorithm, h.Get("X-Amz-Sdk-Checksum-Algorithm"))
			body := string(srv.bodies[0])
			if c.hash != "" {
				assert.Equal(t, c.hash, h.Get("X-Amz-Content-Sha256"))
				assert.Equal(t, "7", h.Get("X-Amz-Decoded-Content-Length"))
				assert.Contains(t, body, "\r\ncontent\r\n")
				if c.trailer != "" {
					assert.Contains(t, body, c.trailer)
				} else {
					assert.NotContains(t, body, "x-amz-checksum")
				}
			} else {
				text, _ := c.in["Body"].(string)
				assert.Equal(t, text, body)
			}
		})
	}
	for _, c := range []struct {
		name, model string
		in          aws.Params
		check       func(t *testing.T, err error)
	}{
		{"one that nobody here can work out", knowsChecksums, aws.Params{"Body": "x", "Algorithm": "XXHASH64"}, func(t *testing.T, err error) {
			var p *aws.ParamValidationError
			require.ErrorAs(t, err, &p)
			assert.ErrorContains(t, err, "XXHASH64")
		}},
		{"one that cannot follow content", knowsChecksums, aws.Params{"Body": once(), "ContentLength": 7, "Algorithm": "SHA512"}, func(t *testing.T, err error) {
			assert.ErrorIs(t, err, sigv4.ErrNotReplayable)
		}},
		{"content of no known length", knowsChecksums, aws.Params{"Body": once()}, func(t *testing.T, err error) {
			assert.ErrorContains(t, err, "ContentLength")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, nil, nil)
			srv := newCapture(t, false)
			_, err := client(t, open(t, srv.over(testKeys(), storage(c.model))...), "tiny").Call(context.Background(), "Do", c.in)
			c.check(t, err)
			assert.Empty(t, srv.requests)
		})
	}
	t.Run("one that is named is sent beside an MD5", func(t *testing.T) {
		home(t, nil, nil)
		srv := newCapture(t, false)
		call(t, client(t, open(t, srv.over(testKeys(), storage(knowsChecksums))...), "tiny"), "Do", aws.Params{"Body": "content", "Algorithm": "SHA256", "MD5": contentMD5})["Body"].(io.Closer).Close()
		h := srv.last().Header
		assert.Equal(t, "SHA256", h.Get("X-Amz-Sdk-Checksum-Algorithm"))
		assert.Equal(t, contentSHA256, h.Get("X-Amz-Checksum-Sha256"))
		assert.Equal(t, contentMD5, h.Get("Content-Md5"))
	})
	t.Run("a URL has none: its user has the content", func(t *testing.T) {
		home(t, nil, nil)
		srv := newCapture(t, false)
		u, err := client(t, open(t, srv.over(testKeys(), storage(knowsChecksums))...), "tiny").Presign(context.Background(), "Do", nil, time.Minute)
		require.NoError(t, err)
		assert.NotContains(t, strings.ToLower(u), "checksum")
		assert.Contains(t, u, "X-Amz-SignedHeaders=host&")
		u, err = client(t, open(t, srv.over(testKeys(), storage(knowsChecksums))...), "tiny").Presign(context.Background(), "Do", aws.Params{"Algorithm": "SHA256"}, time.Minute)
		require.NoError(t, err)
		assert.Contains(t, u, "X-Amz-SignedHeaders=host%3Bx-amz-sdk-checksum-algorithm&", "who uses it has to send one")
	})
}

func TestResponseChecksums(t *testing.T) {
	for _, c := range []struct {
		name   string
		env    map[string]string
		in     aws.Params
		status int
		header http.Header
		want   string // the algorithm that does not fit; "" for content
	}{
		{name: "one that fits", status: 200, header: http.Header{"X-Amz-Checksum-Crc32": {contentCRC32}}},
		{name: "one that does not", status: 200, header: http.Header{"X-Amz-Checksum-Crc32": {"AAAAAA=="}}, want: "CRC32"},
		{name: "the quickest of several is looked at", status: 200, header: http.Header{"X-Amz-Checksum-Sha256": {contentSHA1}, "X-Amz-Checksum-Crc32c": {contentCRC32C}}},
		{name: "CRC64NVME", status: 200, header: http.Header{"X-Amz-Checksum-Crc64nvme": {contentCRC64}}},
		{name: "CRC64NVME that does not fit", status: 200, header: http.Header{"X-Amz-Checksum-Crc64nvme": {"AAAAAAAAAAA="}}, want: "CRC64NVME"},
		{name: "SHA256 that does not fit", status: 200, header: http.Header{"X-Amz-Checksum-Sha256": {contentSHA1}}, want: "SHA256"},
		{name: "one of parts is not of the content", status: 200, header: http.Header{"X-Amz-Checksum-Crc32": {"AAAAAA==-2"}}},
		{name: "one of all is not of a range", status: 206, header: http.Header{"X-Amz-Checksum-Crc32": {"AAAAAA=="}}},
		{name: "none", status: 200},
		{name: "nobody asks when only required ones are wanted", env: map[string]string{"AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required"}, status: 200, header: http.Header{"X-Amz-Checksum-Crc32": {"AAAAAA=="}}},
		{name: "but for who asks by parameter", env: map[string]string{"AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required"}, in: aws.Params{"Mode": "ENABLED"}, status: 200, header: http.Header{"X-Amz-Checksum-Crc32": {"AAAAAA=="}}, want: "CRC32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, nil, c.env)
			s := open(t, testKeys(), aws.WithRegion("eu-west-1"), storage(returnsThem))
			asked := ""
			s.Handlers.Send.PushBack(func(r *aws.Request) error {
				asked = r.HTTPRequest.Header.Get("X-Amz-Checksum-Mode")
				h := c.header.Clone()
				if h == nil {
					h = http.Header{}
				}
				r.HTTPResponse = &http.Response{StatusCode: c.status, Header: h, Body: io.NopCloser(strings.NewReader("content"))}
				return nil
			})
			out := call(t, client(t, s, "tiny"), "Do", c.in)
			if c.env == nil || c.in != nil {
				assert.Equal(t, "ENABLED", asked)
			} else {
				assert.Empty(t, asked)
			}
			var got bytes.Buffer
			_, err := io.Copy(&got, out["Body"].(io.Reader))
			assert.Equal(t, "content", got.String())
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			var e *aws.ChecksumError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.want, e.Algorithm)
			_, again := out["Body"].(io.Reader).Read(make([]byte, 1))
			assert.True(t, errors.As(again, &e), "the error stays")
		})
	}
}

// TestChecksumsAreThoseOfTheSDK puts the same content with both.
func TestChecksumsAreThoseOfTheSDK(t *testing.T) {
	home(t, nil, nil)
	models(t)
	srv := newCapture(t, false)
	srv.answer = ""
	s := open(t, srv.over(testKeys())...)
	pathStyle := aws.ClientConfigs(&aws.Config{S3ForcePathStyle: aws.Bool(true)})
	typed := aws.NewClient(s, s3.NewFromConfig, func(o *s3.Options) { o.UsePathStyle = true })
	_, err := typed.PutObject(context.Background(), &s3.PutObjectInput{Bucket: sdk.String("bucket"), Key: sdk.String(awkwardKey), Body: strings.NewReader("content")})
	require.NoError(t, err)
	call(t, client(t, s, "s3", pathStyle), "PutObject", aws.Params{"Bucket": "bucket", "Key": awkwardKey, "Body": "content"})
	require.Len(t, srv.requests, 2)
	for _, k := range []string{"X-Amz-Checksum-Crc32", "X-Amz-Content-Sha256"} {
		assert.Equal(t, srv.requests[0].Header.Get(k), srv.requests[1].Header.Get(k), k)
	}
	assert.Equal(t, srv.requests[0].RequestURI, srv.requests[1].RequestURI+"?x-id=PutObject")
}
