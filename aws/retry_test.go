package aws_test

import (
	"context"
	"errors"
	"testing"
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
