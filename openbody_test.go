package requests_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

// slowBody is content that comes from elsewhere: opening it waits for its turn.
type slowBody struct {
	turn chan struct{}

	mu             sync.Mutex // guards what follows
	opened, closed int
}

func (b *slowBody) Open() (io.ReadCloser, error) {
	<-b.turn
	b.mu.Lock()
	defer b.mu.Unlock()
	b.opened++
	return &slowReader{strings.NewReader("slow"), b}, nil
}

func (*slowBody) Len() int64          { return 4 }
func (*slowBody) ContentType() string { return "" }

func (b *slowBody) counts() (opened, closed int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.opened, b.closed
}

type slowReader struct {
	io.Reader
	of *slowBody
}

func (r *slowReader) Close() error {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	r.of.closed++
	return nil
}

// readingAll answers 200 when it has read the content.
var readingAll = adapters.Func(func(r *http.Request) (*http.Response, error) {
	defer r.Body.Close()
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(content))), Request: r}, nil
})

func TestOpeningContent_endsWithTheContext(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(context.Context, *requests.Session, requests.Body) error
		is   error
	}{
		{"a deadline", func(ctx context.Context, s *requests.Session, b requests.Body) error {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			_, err := s.Post(ctx, "http://a.test/", requests.WithBody(b))
			return err
		}, context.DeadlineExceeded},
		{"Timeouts.Total", func(ctx context.Context, s *requests.Session, b requests.Body) error {
			_, err := s.Post(ctx, "http://a.test/", requests.WithBody(b), requests.WithTimeout(time.Minute))
			return err
		}, requests.ErrTimeout},
		{"Timeouts.Total of a call that reports progress", func(ctx context.Context, s *requests.Session, b requests.Body) error {
			_, err := s.Post(ctx, "http://a.test/", requests.WithBody(b), requests.WithTimeout(time.Minute), requests.WithUploadProgress(func(int64, int64) {}))
			return err
		}, requests.ErrTimeout},
		{"a stream", func(ctx context.Context, s *requests.Session, b requests.Body) error {
			_, err := s.Post(ctx, "http://a.test/", requests.WithBody(b), requests.WithTimeout(time.Minute), requests.WithStream(true))
			return err
		}, requests.ErrTimeout},
		{"a prepared request", func(ctx context.Context, s *requests.Session, b requests.Body) error {
			p, err := s.Prepare(ctx, &requests.Request{Method: "PUT", URL: "http://a.test/", Body: b})
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			_, err = s.Send(p.WithContext(ctx))
			return err
		}, context.DeadlineExceeded},
		{"a middleware that opens it", func(ctx context.Context, s *requests.Session, b requests.Body) error {
			b.(*slowBody).turn <- struct{}{}
			again := requests.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
				return adapters.Func(func(r *http.Request) (*http.Response, error) {
					r.Body.Close()
					body, err := r.GetBody()
					if err != nil {
						return nil, err
					}
					r.Body = body
					return next.RoundTrip(r)
				})
			})
			s, err := s.Copy(again)
			require.NoError(t, err)
			defer s.Close()
			_, err = s.Post(ctx, "http://a.test/", requests.WithBody(b), requests.WithTimeout(time.Minute))
			return err
		}, requests.ErrTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSession(t, requests.WithTransport(readingAll))
				b := &slowBody{turn: make(chan struct{}, 1)}
				start := time.Now()
				err := c.do(t.Context(), s, b)
				require.ErrorIs(t, err, c.is)
				assert.ErrorIs(t, err, requests.ErrTimeout)
				assert.Equal(t, time.Minute, time.Since(start))
				close(b.turn) // what was left behind
				synctest.Wait()
				opened, closed := b.counts()
				assert.Equal(t, opened, closed, "what opens late is closed")
				assert.Positive(t, opened)
			})
		})
	}
}

func TestOpeningContent_thatTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept *http.Request
		s := newSession(t, requests.WithTransport(adapters.Func(func(r *http.Request) (*http.Response, error) {
			kept = r
			return readingAll.RoundTrip(r)
		})))
		b := &slowBody{turn: make(chan struct{})}
		time.AfterFunc(time.Minute, func() { close(b.turn) })
		resp, err := s.Post(t.Context(), "http://a.test/", requests.WithBody(b), requests.WithTimeout(time.Hour))
		require.NoError(t, err)
		assert.Equal(t, "slow", resp.Text())
		opened, closed := b.counts()
		assert.Equal(t, []int{1, 1}, []int{opened, closed})

		// The call is over, and its time with it.
		again, err := kept.GetBody()
		require.NoError(t, err)
		require.NoError(t, again.Close())
		b.turn = make(chan struct{})
		_, err = kept.GetBody()
		assert.ErrorIs(t, err, context.Canceled)
		close(b.turn)
	})
}

// oddBody opens as its function says.
type oddBody func() (io.ReadCloser, error)

func (b oddBody) Open() (io.ReadCloser, error) { return b() }
func (oddBody) Len() int64                     { return -1 }
func (oddBody) ContentType() string            { return "" }

func TestOpeningContent_thatFails(t *testing.T) {
	s := newSession(t, requests.WithTransport(readingAll))
	broken := errors.New("broken")
	_, err := s.Post(t.Context(), "http://a.test/", requests.WithBody(oddBody(func() (io.ReadCloser, error) { return nil, broken })))
	assert.ErrorIs(t, err, broken)
	assert.PanicsWithValue(t, "odd", func() {
		s.Post(t.Context(), "http://a.test/", requests.WithBody(oddBody(func() (io.ReadCloser, error) { panic("odd") })))
	}, "in the caller's goroutine, where it can be recovered")
}
