package adapters_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
)

type lifetimeKey struct{}

// lifetimes are a lifetime under each kind of context that a caller may have.
func lifetimes(t *testing.T, f func(t *testing.T, l *adapters.Lifetime)) {
	endless := context.WithValue(context.Background(), lifetimeKey{}, "value")
	for name, caller := range map[string]func() (context.Context, context.CancelFunc){
		"endless":     func() (context.Context, context.CancelFunc) { return endless, func() {} },
		"cancellable": func() (context.Context, context.CancelFunc) { return context.WithCancel(endless) },
		"with a time": func() (context.Context, context.CancelFunc) { return context.WithTimeout(endless, time.Hour) },
	} {
		t.Run("under a context that is "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := caller()
				defer cancel()
				f(t, adapters.NewLifetime(ctx))
			})
		})
	}
}

var errOver = errors.New("over")

func TestLifetime_lasts(t *testing.T) {
	lifetimes(t, func(t *testing.T, l *adapters.Lifetime) {
		derived, cancel := context.WithCancel(l)
		defer cancel()
		synctest.Wait()
		for _, ctx := range []context.Context{l, derived} {
			require.NoError(t, ctx.Err())
			require.Equal(t, "value", ctx.Value(lifetimeKey{}))
			select {
			case <-ctx.Done():
				t.Error("it is done")
			default:
			}
		}
		require.NoError(t, l.Interrupted())
	})
}

func TestLifetime_endsOnce(t *testing.T) {
	lifetimes(t, func(t *testing.T, l *adapters.Lifetime) {
		before, cancelBefore := context.WithCancel(l)
		defer cancelBefore()
		second, cancelSecond := context.WithCancel(l)
		defer cancelSecond()
		dropped, drop := context.WithCancel(l)
		drop()
		l.Cancel(errOver)
		l.Cancel(errors.New("another"))
		after, cancelAfter := context.WithCancel(l)
		defer cancelAfter()
		synctest.Wait()
		for _, ctx := range []context.Context{l, before, second, after, dropped} {
			<-ctx.Done()
			require.Equal(t, context.Canceled, ctx.Err())
		}
		err := l.Interrupted()
		require.ErrorIs(t, err, errOver)
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestLifetime_endsWithTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errOver)
		defer cancel()
		l := adapters.NewLifetime(ctx)
		<-l.Done()
		require.Equal(t, context.DeadlineExceeded, l.Err())
		require.ErrorIs(t, l.Interrupted(), errOver)
		deadline, ok := l.Deadline()
		require.True(t, ok)
		require.Equal(t, time.Now(), deadline)
	})
}

func TestLifetime_AfterFunc(t *testing.T) {
	lifetimes(t, func(t *testing.T, l *adapters.Lifetime) {
		var mu sync.Mutex
		var told []string
		note := func(name string) func() {
			return func() {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, name)
			}
		}
		context.AfterFunc(l, note("first"))
		stop := context.AfterFunc(l, note("stopped"))
		context.AfterFunc(l, note("third"))
		assert.True(t, stop())
		assert.False(t, stop())
		l.Cancel(errOver)
		synctest.Wait()
		late := context.AfterFunc(l, note("late"))
		synctest.Wait()
		assert.False(t, late(), "it has run")
		assert.ElementsMatch(t, []string{"first", "third", "late"}, told)

		direct := l.AfterFunc(note("direct"))
		synctest.Wait()
		assert.False(t, direct())
		assert.Contains(t, told, "direct")
	})
}

// Letting go twice does no harm, and what is let go of can still be ended.
func TestLifetime_letGo(t *testing.T) {
	lifetimes(t, func(t *testing.T, l *adapters.Lifetime) {
		l.LetGo()
		l.LetGo()
		synctest.Wait()
		l.Cancel(errOver)
		<-l.Done()
		require.Error(t, l.Interrupted())
	})
}

// A context that lives long would otherwise collect the exchanges made under it.
func TestLifetime_letGoUnlinks(t *testing.T) {
	l := adapters.NewLifetime(t.Context())
	l.LetGo()
	require.Equal(t, context.Canceled, l.Err())
}

// net/http derives a context and drops it from another goroutine, while the
// exchange is ended by a third.
func TestLifetime_concurrently(t *testing.T) {
	for _, caller := range []context.Context{context.Background(), t.Context()} {
		for range 200 {
			l := adapters.NewLifetime(caller)
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					ctx, cancel := context.WithCancelCause(l)
					defer cancel(errOver)
					stop := context.AfterFunc(ctx, func() {})
					defer stop()
					_, _ = ctx.Err(), l.Err()
				})
			}
			wg.Go(func() { l.Cancel(errOver) })
			wg.Go(func() { <-l.Done() })
			wg.Wait()
			require.Error(t, l.Err())
		}
	}
}
