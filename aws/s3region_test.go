package aws_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws"
)

// refusing answers as S3 does when a bucket is in eu-west-1, and keeps what it
// was asked: the host, and the region that was signed for.
func refusing(s *aws.Session, refuse func(r *http.Request) *http.Response) *[]string {
	seen := new([]string)
	s.Handlers.Send.PushBack(func(r *aws.Request) error {
		req := r.HTTPRequest
		region := strings.Split(cut(req.Header.Get("Authorization"), "Credential=", ","), "/")
		body := ""
		if req.Body != nil {
			b, err := io.ReadAll(req.Body)
			if err != nil {
				return err
			}
			body = " " + string(b)
		}
		*seen = append(*seen, strings.TrimSpace(req.Method+" "+req.URL.Host+" "+region[2]+body))
		r.HTTPResponse = &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}
		if region[2] != "eu-west-1" {
			r.HTTPResponse = refuse(req)
		}
		return nil
	})
	return seen
}

func refusal(status int, header, body string) func(*http.Request) *http.Response {
	return func(*http.Request) *http.Response {
		h := http.Header{}
		if header != "" {
			h.Set("X-Amz-Bucket-Region", header)
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
	}
}

// silent refuses with code, and says where the bucket is only to a HEAD of it.
func silent(code string) func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response {
		if r.Method == "HEAD" && r.URL.Path == "/" {
			return refusal(400, "eu-west-1", "")(r)
		}
		if code == "" {
			return refusal(400, "", "")(r)
		}
		return refusal(400, "", "<Error><Code>"+code+"</Code></Error>")(r)
	}
}

func TestBucketsElsewhere(t *testing.T) {
	home(t, nil, nil)
	models(t)
	const moved = `<Error><Code>PermanentRedirect</Code><Message>m</Message><Endpoint>buck.s3.eu-west-1.amazonaws.com</Endpoint></Error>`
	for _, c := range []struct {
		name, op string
		in       aws.Params
		refuse   func(*http.Request) *http.Response
		opts     []aws.ClientOption
		want     []string
		fails    string
	}{
		{name: "the header says where", op: "PutObject", in: aws.Params{"Key": "k", "Body": "content"}, refuse: refusal(301, "eu-west-1", moved),
			want: []string{"PUT buck.s3.us-east-1.amazonaws.com us-east-1 content", "PUT buck.s3.eu-west-1.amazonaws.com eu-west-1 content"}},
		{name: "the error says where", op: "GetObject", in: aws.Params{"Key": "k"}, refuse: refusal(400, "", `<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message><Region>eu-west-1</Region></Error>`),
			want: []string{"GET buck.s3.us-east-1.amazonaws.com us-east-1", "GET buck.s3.eu-west-1.amazonaws.com eu-west-1"}},
		{name: "a HEAD has no error", op: "HeadBucket", refuse: refusal(400, "eu-west-1", ""),
			want: []string{"HEAD buck.s3.us-east-1.amazonaws.com us-east-1", "HEAD buck.s3.eu-west-1.amazonaws.com eu-west-1"}},
		{name: "in the path", op: "HeadBucket", refuse: refusal(301, "eu-west-1", ""), opts: []aws.ClientOption{aws.ClientConfigs(&aws.Config{S3ForcePathStyle: aws.Bool(true)})},
			want: []string{"HEAD s3.us-east-1.amazonaws.com us-east-1", "HEAD s3.eu-west-1.amazonaws.com eu-west-1"}},
		{name: "an endpoint of one's own stays", op: "HeadBucket", refuse: refusal(400, "eu-west-1", ""), opts: []aws.ClientOption{aws.ClientEndpoint("http://s3.test")},
			want: []string{"HEAD s3.test us-east-1", "HEAD s3.test eu-west-1"}},
		{name: "S3 is asked where, when it does not say", op: "PutObject", in: aws.Params{"Key": "k", "Body": "content"}, refuse: silent("IllegalLocationConstraintException"),
			want: []string{"PUT buck.s3.us-east-1.amazonaws.com us-east-1 content", "HEAD buck.s3.us-east-1.amazonaws.com us-east-1", "PUT buck.s3.eu-west-1.amazonaws.com eu-west-1 content"}},
		{name: "so it is after a HEAD of an object", op: "HeadObject", in: aws.Params{"Key": "k"}, refuse: silent(""),
			want: []string{"HEAD buck.s3.us-east-1.amazonaws.com us-east-1", "HEAD buck.s3.us-east-1.amazonaws.com us-east-1", "HEAD buck.s3.eu-west-1.amazonaws.com eu-west-1"}},
		{name: "nowhere is no place to go", op: "GetObject", in: aws.Params{"Key": "k"}, refuse: refusal(301, "", moved), fails: "PermanentRedirect",
			want: []string{"GET buck.s3.us-east-1.amazonaws.com us-east-1", "HEAD buck.s3.us-east-1.amazonaws.com us-east-1"}},
		{name: "and what asks where is not asked for twice", op: "HeadBucket", refuse: refusal(400, "", ""), want: []string{"HEAD buck.s3.us-east-1.amazonaws.com us-east-1"}, fails: "400"},
		{name: "nor is what cannot be a region", op: "GetObject", in: aws.Params{"Key": "k"}, refuse: refusal(301, "evil.test/", moved), want: []string{"GET buck.s3.us-east-1.amazonaws.com us-east-1"}, fails: "PermanentRedirect"},
		{name: "one refusal is followed, a second one is not", op: "GetObject", in: aws.Params{"Key": "k"}, refuse: refusal(301, "ap-south-1", moved),
			want: []string{"GET buck.s3.us-east-1.amazonaws.com us-east-1", "GET buck.s3.ap-south-1.amazonaws.com ap-south-1"}, fails: "PermanentRedirect"},
		{name: "nor is one that names yet another region", op: "GetObject", in: aws.Params{"Key": "k"}, refuse: func(r *http.Request) *http.Response {
			if strings.Contains(r.URL.Host, "us-east-1") {
				return refusal(301, "ap-south-1", moved)(r)
			}
			return refusal(301, "us-west-2", moved)(r)
		}, want: []string{"GET buck.s3.us-east-1.amazonaws.com us-east-1", "GET buck.s3.ap-south-1.amazonaws.com ap-south-1"}, fails: "PermanentRedirect"},
		{name: "other errors stay", op: "GetObject", in: aws.Params{"Key": "k"}, refuse: refusal(403, "eu-west-1", `<Error><Code>AccessDenied</Code></Error>`), want: []string{"GET buck.s3.us-east-1.amazonaws.com us-east-1"}, fails: "AccessDenied"},
		{name: "content that is gone is not sent again", op: "PutObject", in: aws.Params{"Key": "k", "Body": once(), "ContentLength": 7}, refuse: refusal(301, "eu-west-1", moved), want: nil, fails: "PermanentRedirect"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, testKeys(), aws.WithRegion("us-east-1"))
			seen := refusing(s, c.refuse)
			buckets := client(t, s, "s3", append(c.opts, aws.ClientRetry(0))...)
			in := aws.Params{"Bucket": "buck"}
			for k, v := range c.in {
				in[k] = v
			}
			out, err := buckets.Call(context.Background(), c.op, in)
			if c.fails != "" {
				var e *aws.ServiceError
				require.ErrorAs(t, err, &e)
				assert.Equal(t, c.fails, e.Code)
				if c.want == nil {
					assert.Len(t, *seen, 1)
					return
				}
				assert.Equal(t, c.want, *seen)
				return
			}
			require.NoError(t, err)
			if b, ok := out["Body"].(io.Closer); ok {
				b.Close()
			}
			assert.Equal(t, c.want, *seen)
			_, err = buckets.Call(context.Background(), c.op, in)
			require.NoError(t, err)
			assert.Equal(t, append(c.want, c.want[len(c.want)-1]), *seen, "it is remembered")
		})
	}
	t.Run("what S3 says besides is in the error", func(t *testing.T) {
		s := open(t, testKeys(), aws.WithRegion("us-east-1"))
		refusing(s, refusal(301, "", moved))
		_, err := client(t, s, "s3", aws.ClientRetry(0)).Call(context.Background(), "GetObject", aws.Params{"Bucket": "buck", "Key": "k"})
		var e *aws.ServiceError
		require.ErrorAs(t, err, &e)
		assert.Equal(t, map[string]any{"Endpoint": "buck.s3.eu-west-1.amazonaws.com"}, e.Fields)
	})
}
