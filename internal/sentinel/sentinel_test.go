package sentinel_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed-3bbad739/requests/internal/sentinel"
)

func TestCondition(t *testing.T) {
	for _, test := range []struct {
		name      string
		condition *sentinel.Condition
		is        []error
		not       []error
		timeout   bool
	}{
		{"a connect timeout is a timeout and a failed connection", sentinel.ConnectTimeout, []error{sentinel.ConnectTimeout, sentinel.Timeout, sentinel.Connection}, []error{sentinel.ReadTimeout, sentinel.Proxy}, true},
		{"a silence before the header is no failed connection", sentinel.ReadTimeout, []error{sentinel.Timeout}, []error{sentinel.Connection}, true},
		{"a silence within the content is one", sentinel.BodyReadTimeout, []error{sentinel.ReadTimeout, sentinel.Timeout, sentinel.Connection}, []error{sentinel.ConnectTimeout}, true},
		{"a failed proxy is a failed connection", sentinel.Proxy, []error{sentinel.Connection}, []error{sentinel.Timeout, sentinel.TLS}, false},
		{"a bad proxy URL is a bad URL", sentinel.InvalidProxyURL, []error{sentinel.InvalidURL}, []error{sentinel.Proxy}, false},
		{"a parent is not its child", sentinel.Timeout, []error{sentinel.Timeout}, []error{sentinel.ConnectTimeout, sentinel.ReadTimeout}, true},
		{"a condition may have any error as parent", sentinel.New("x", context.DeadlineExceeded, sentinel.Timeout), []error{context.DeadlineExceeded, sentinel.Timeout}, []error{context.Canceled}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := fmt.Errorf("wrapped: %w", test.condition)
			for _, target := range test.is {
				assert.ErrorIs(t, err, target)
			}
			for _, target := range test.not {
				assert.NotErrorIs(t, err, target)
			}
			var n net.Error
			assert.True(t, errors.As(err, &n))
			assert.Equal(t, test.timeout, n.Timeout())
			assert.False(t, test.condition.Temporary())
			assert.NotEmpty(t, test.condition.Error())
		})
	}
}
