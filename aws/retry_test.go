package aws_test

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/aws"
)

// counting is a retryer that is asked before each attempt.
type counting struct {
	sdk.Retryer
	asked, done int
	refuse      error
}

func (c *counting) GetAttemptToken(context.Context) (func(error) error, error) {
	c.asked++
	return func(error) error { c.done++; return nil }, c.refuse
}

func TestRetryersAreAskedBeforeEachAttempt(t *testing.T) {
	for _, c := range callers {
		t.Run(c.name, func(t *testing.T) {
			srv := newFlaky(t, 1)
			home(t, nil, nil)
			models(t)
			own := &counting{Retryer: retry.NewStandard()}
			s := open(t, aws.WithSDKConfig(sdk.Config{Region: "us-east-1", Retryer: func() sdk.Retryer { return own }}), testKeys(), aws.WithConfig(&aws.Config{Endpoint: &srv.URL}))
			fast(s)
			require.NoError(t, c.call(context.Background(), t, s))
			assert.Equal(t, 2, own.asked)
			assert.Equal(t, 2, own.done)
			own.refuse = errors.New("not now")
			assert.ErrorIs(t, c.call(context.Background(), t, s), own.refuse)
			assert.Equal(t, int32(2), srv.calls.Load())
		})
	}
}

func TestOneLayerRetries(t *testing.T) {
	for _, c := range callers {
		t.Run("the SDK's by default: "+c.name, func(t *testing.T) {
			srv := newFlaky(t, 100)
			s := handlerSession(t, srv.URL)
			fast(s)
			err := c.call(context.Background(), t, s)
			require.Error(t, err)
			assert.Equal(t, int32(3), srv.calls.Load())
		})
		t.Run("MaxRetries counts: "+c.name, func(t *testing.T) {
			srv := newFlaky(t, 100)
			s := handlerSession(t, srv.URL)
			fast(s)
			s.Config.MaxRetries = aws.Int(1)
			require.Error(t, c.call(context.Background(), t, s))
			assert.Equal(t, int32(2), srv.calls.Load())
		})
		t.Run("the session's, when it is left to it: "+c.name, func(t *testing.T) {
			srv := newFlaky(t, 100)
			home(t, nil, nil)
			models(t)
			retry := &adapters.Retry{Attempts: 2, Wait: -time.Nanosecond, Methods: []string{"*"}, Statuses: []int{500}}
			h, err := requests.NewSession(requests.WithMiddleware(retry.Wrap))
			require.NoError(t, err)
			defer h.Close()
			s := open(t, testKeys(), aws.WithRegion("us-east-1"), aws.WithConfig(&aws.Config{Endpoint: &srv.URL}), aws.WithHTTPSession(h), aws.WithSessionRetries())
			require.Error(t, c.call(context.Background(), t, s))
			assert.Equal(t, int32(2), srv.calls.Load())
		})
	}
}

// ending is a retryer that ends a context when it is asked how long to wait.
type ending struct {
	sdk.Retryer
	end func()
}

func (e ending) RetryDelay(int, error) (time.Duration, error) {
	e.end()
	return time.Hour, nil
}

// TestContextEndsAWait: between two attempts, and between two looks of a waiter.
func TestContextEndsAWait(t *testing.T) {
	home(t, nil, nil)
	models(t)
	mine := errors.New("my reason")
	for _, c := range []struct {
		name  string
		cause error
	}{{"with a cause", mine}, {"without", nil}} {
		ctx, cancel := context.WithCancelCause(context.Background())
		end := func() { cancel(c.cause) }
		own := func() sdk.Retryer { return ending{retry.NewStandard(), end} }
		s := open(t, aws.WithSDKConfig(sdk.Config{Region: "us-east-1", Retryer: own}), testKeys())
		answer(s, http.StatusServiceUnavailable, "<Error><Code>SlowDown</Code></Error>")
		_, err := client(t, s, "s3").Call(ctx, "ListBuckets", nil)
		check := func(t *testing.T, err error) {
			assert.ErrorIs(t, err, context.Canceled)
			if c.cause != nil {
				assert.ErrorIs(t, err, c.cause)
			}
		}
		t.Run("before another attempt, "+c.name, func(t *testing.T) {
			check(t, err)
			var canceled *sdk.RequestCanceledError
			assert.ErrorAs(t, err, &canceled, "as in the middle of an attempt")
			assert.ErrorContains(t, err, "ListBuckets")
			assert.ErrorContains(t, err, "SlowDown", "what it waited for")
		})
		t.Run("before another look, "+c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(context.Background())
			s := open(t, testKeys(), aws.WithRegion("us-east-1"))
			answer(s, http.StatusNotFound, "")
			s.Handlers.Complete.PushBack(func(*aws.Request) error { cancel(c.cause); return nil })
			err := client(t, s, "s3").Wait(ctx, "BucketExists", aws.Params{"Bucket": "buck"}, aws.WaitDelay(time.Hour))
			check(t, err)
			var e *aws.WaiterError
			assert.ErrorAs(t, err, &e)
		})
	}
}

// inTurn has a handler answer with the texts in turn, the last for ever, and
// counts the answers. One that ends in … breaks off there.
func inTurn(s *aws.Session, texts ...string) *int {
	n := new(int)
	s.Handlers.Send.PushBack(func(r *aws.Request) error {
		text := texts[min(*n, len(texts)-1)]
		*n++
		body := io.Reader(strings.NewReader(text))
		if rest, breaks := strings.CutSuffix(text, "…"); breaks {
			body = io.MultiReader(strings.NewReader(rest), iotest.ErrReader(io.ErrUnexpectedEOF))
		}
		r.HTTPResponse = &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body)}
		return nil
	})
	return n
}

// TestAnswersWorthAnotherTry: what looks like a success, and is none.
func TestAnswersWorthAnotherTry(t *testing.T) {
	home(t, nil, nil)
	models(t)
	copying := aws.Params{"Bucket": "buck", "Key": "k", "CopySource": "a/b"}
	for _, c := range []struct {
		name, service, op string
		in                aws.Params
		answer            string
		want              string // of the last error, when every answer is like that
	}{
		{"content that breaks off", "dynamodb", "ListTables", nil, `{"TableNames":["a…`, "reading the answer"},
		{"an error inside of S3's 200", "s3", "CopyObject", copying, `<Error><Code>InternalError</Code><Message>later</Message></Error>`, "InternalError (status 500)"},
		{"XML of S3 that breaks off where the connection does not", "s3", "CopyObject", copying, `<CopyObjectResult><ETag>"a`, "reading the answer"},
		{"XML that breaks off between elements", "s3", "CopyObject", copying, `<CopyObjectResult><ETag>"a"</ETag>`, "reading the answer"},
		{"a declaration, and no more", "s3", "CopyObject", copying, `<?xml version="1.0" encoding="UTF-8"?>`, "reading the answer"},
		{"blanks, and no more", "s3", "CopyObject", copying, " \n ", "reading the answer"},
		{"where a bucket is, which breaks off", "s3", "GetBucketLocation", aws.Params{"Bucket": "buck"}, `<LocationConstraint>eu-`, "reading the answer"},
		{"and of which nothing came", "s3", "GetBucketLocation", aws.Params{"Bucket": "buck"}, ` `, "reading the answer"},
		{"blanks, and no more, of many members", "s3", "CompleteMultipartUpload", aws.Params{"Bucket": "buck", "Key": "k", "UploadId": "u"}, " \n ", "reading the answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, testKeys(), aws.WithRegion("us-east-1"))
			fast(s)
			n := inTurn(s, c.answer, map[string]string{"s3": "<CopyObjectResult/>", "dynamodb": "{}"}[c.service])
			_, err := client(t, s, c.service).Call(context.Background(), c.op, c.in)
			require.NoError(t, err)
			assert.Equal(t, 2, *n)
		})
		t.Run(c.name+", for ever", func(t *testing.T) {
			s := open(t, testKeys(), aws.WithRegion("us-east-1"))
			fast(s)
			n := inTurn(s, c.answer)
			_, err := client(t, s, c.service).Call(context.Background(), c.op, c.in)
			assert.ErrorContains(t, err, c.want)
			assert.Equal(t, 3, *n)
		})
	}
	t.Run("content that X-Amz-Crc32 is not of", func(t *testing.T) {
		s := open(t, testKeys(), aws.WithRegion("us-east-1"))
		fast(s)
		n := inTurn(s, `{"TableNames":["b"]}`, `{"TableNames":["a"]}`)
		s.Handlers.Send.PushBack(func(r *aws.Request) error {
			r.HTTPResponse.Header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(`{"TableNames":["a"]}`))), 10))
			return nil
		})
		out := call(t, client(t, s, "dynamodb"), "ListTables", nil)
		assert.Equal(t, []any{"a"}, out["TableNames"])
		assert.Equal(t, 2, *n)
	})
	t.Run("an answer that is too large is not", func(t *testing.T) {
		h, err := requests.NewSession(requests.WithMaxBody(4))
		require.NoError(t, err)
		defer h.Close()
		s := open(t, testKeys(), aws.WithRegion("us-east-1"), aws.WithHTTPSession(h))
		fast(s)
		n := inTurn(s, `{"TableNames":["a"]}`)
		_, err = client(t, s, "dynamodb").Call(context.Background(), "ListTables", nil)
		assert.ErrorIs(t, err, requests.ErrBodyTooLarge)
		assert.Equal(t, 1, *n)
	})
}

// TestClosedSessionsAreNotRetried: it would wait for nothing.
func TestClosedSessionsAreNotRetried(t *testing.T) {
	for _, c := range callers {
		t.Run(c.name, func(t *testing.T) {
			srv := newFlaky(t, 0)
			s := handlerSession(t, srv.URL)
			tries := 0
			s.Handlers.Send.PushBack(func(*aws.Request) error { tries++; return nil })
			fast(s)
			require.NoError(t, s.Close())
			assert.ErrorIs(t, c.call(context.Background(), t, s), requests.ErrSessionClosed)
			assert.Equal(t, 1, tries)
		})
	}
}
