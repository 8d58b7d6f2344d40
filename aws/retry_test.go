package aws_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/aws"
)

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
