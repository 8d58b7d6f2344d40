package sentinel_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// What somebody cancels a context with says nothing about the call that is
// cancelled, as far as it tells of another.
func TestEnded(t *testing.T) {
	timeout := fmt.Errorf("another: %w", sentinel.ReadTimeout)
	mine := &fs.PathError{Op: "read", Path: "list", Err: errors.Join(fs.ErrInvalid, timeout)}
	for _, test := range []struct {
		name  string
		cause error
		is    []error
		not   []error
	}{
		{"no cause", nil, nil, nil},
		{"the cause itself", timeout, []error{timeout}, []error{sentinel.ReadTimeout, sentinel.Timeout}},
		{"what the cause is made of, but for what tells of another call", mine, []error{mine, fs.ErrInvalid, timeout},
			[]error{sentinel.ReadTimeout, sentinel.Timeout}},
		{"a deadline of another call", fmt.Errorf("another: %w", context.DeadlineExceeded), nil, []error{context.DeadlineExceeded}},
		{"a condition that is named", sentinel.ReadTimeout, []error{sentinel.ReadTimeout}, nil},
		{"a deadline that is named", context.DeadlineExceeded, []error{context.DeadlineExceeded}, nil},
		{"an error that cannot be compared", list{"a"}, nil, []error{list{"a"}, sentinel.Timeout, context.DeadlineExceeded}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			require.NoError(t, sentinel.Ended(ctx))
			cancel(test.cause)
			err := sentinel.Ended(ctx)
			assert.ErrorIs(t, err, context.Canceled)
			for _, target := range test.is {
				assert.ErrorIs(t, err, target)
			}
			for _, target := range test.not {
				assert.NotErrorIs(t, err, target)
			}
			var n net.Error
			assert.False(t, errors.As(err, &n))
			assert.False(t, errors.As(err, new(*sentinel.Condition)))
			assert.False(t, errors.As(err, new(interface{ Timeout() bool })))
			assert.Equal(t, test.cause == mine, errors.As(err, new(*fs.PathError)), "the caller's own types are found")
		})
	}
	t.Run("the cause of a deadline is kept as it is", func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 0, timeout)
		defer cancel()
		err := sentinel.Ended(ctx)
		for _, target := range []error{context.DeadlineExceeded, timeout, sentinel.ReadTimeout} {
			assert.ErrorIs(t, err, target)
		}
		assert.EqualError(t, err, "context deadline exceeded: another: read timed out")
	})
}

// list is an error that cannot be compared.
type list []string

func (l list) Error() string { return l[0] }

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
