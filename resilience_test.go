package requests_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
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

// played is an adapter that answers by the number of the request, from 1, and
// keeps what it was sent.
type played struct {
	answer func(n int, r *http.Request) (*http.Response, error)

	mu   sync.Mutex // guards sent
	sent []arrival
}

func (p *played) RoundTrip(r *http.Request) (*http.Response, error) {
	var content string
	if r.Body != nil {
		b, _ := io.ReadAll(r.Body)
		r.Body.Close()
		content = string(b)
	}
	p.mu.Lock()
	p.sent = append(p.sent, arrival{r.URL.String(), r.Method, r.Header.Clone(), content})
	n := len(p.sent)
	p.mu.Unlock()
	resp, err := p.answer(n, r)
	if resp != nil && resp.Request == nil {
		resp.Request = r
	}
	return resp, err
}

func (p *played) all() []arrival {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]arrival(nil), p.sent...)
}

// playing answers with these statuses, the last one again and again, each with
// its number as content and as a cookie. 0 is a connection that broke.
func playing(statuses ...int) *played {
	return &played{answer: func(n int, r *http.Request) (*http.Response, error) {
		status := statuses[min(n, len(statuses))-1]
		if status == 0 {
			return nil, &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
		}
		number := strconv.Itoa(n)
		return answered(status, "answer "+number, "Set-Cookie: answer="+number), nil
	}}
}

// waits answers request n after the nth of these times, or fails as net/http
// does when its context ends.
func waits(times ...time.Duration) *played {
	return &played{answer: func(n int, r *http.Request) (*http.Response, error) {
		timer := time.NewTimer(times[min(n, len(times))-1])
		defer timer.Stop()
		select {
		case <-timer.C:
			number := strconv.Itoa(n)
			return answered(200, "answer "+number, "Set-Cookie: answer="+number), nil
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}}
}

// policies is what the layers of package adapters have in common.
type policies interface {
	http.RoundTripper
	Wrap(http.RoundTripper) http.RoundTripper
}

// mountings are the two ways to put a layer under a session.
var mountings = []struct {
	name    string
	options func(layer policies, set func(http.RoundTripper), base http.RoundTripper) []requests.Option
}{
	{"by WithMiddleware", func(layer policies, _ func(http.RoundTripper), base http.RoundTripper) []requests.Option {
		return []requests.Option{requests.WithAdapter("http://", base), requests.WithMiddleware(layer.Wrap)}
	}},
	{"by WithAdapter", func(layer policies, set func(http.RoundTripper), base http.RoundTripper) []requests.Option {
		set(base)
		return []requests.Option{requests.WithAdapter("http://", layer)}
	}},
}

func TestLayers_MountUnderASession(t *testing.T) {
	for _, layer := range []struct {
		name   string
		make   func() (policies, func(http.RoundTripper))
		base   func() *played
		sent   int    // requests that leave
		answer string // the content of the response, and its cookie
		traced []int  // statuses of the attempts that can be read from it
	}{
		{"Retry", func() (policies, func(http.RoundTripper)) {
			l := new(adapters.Retry)
			return l, func(b http.RoundTripper) { l.Base = b }
		}, func() *played { return playing(503, 0, 200) }, 3, "3", []int{503, 0, 200}},
		{"Retry, used up", func() (policies, func(http.RoundTripper)) {
			l := new(adapters.Retry)
			return l, func(b http.RoundTripper) { l.Base = b }
		}, func() *played { return playing(503, 502, 504) }, 3, "3", []int{503, 502, 504}},
		{"Retry, with nothing to do", func() (policies, func(http.RoundTripper)) {
			l := new(adapters.Retry)
			return l, func(b http.RoundTripper) { l.Base = b }
		}, func() *played { return playing(200) }, 1, "1", nil},
		{"Hedge", func() (policies, func(http.RoundTripper)) {
			l := &adapters.Hedge{Delay: time.Second}
			return l, func(b http.RoundTripper) { l.Base = b }
		}, func() *played { return waits(time.Hour, time.Second) }, 2, "2", nil},
		{"Limit", func() (policies, func(http.RoundTripper)) {
			l := &adapters.Limit{Rate: 1, InFlight: 1}
			return l, func(b http.RoundTripper) { l.Base = b }
		}, func() *played { return playing(200) }, 1, "1", nil},
		{"Breaker", func() (policies, func(http.RoundTripper)) {
			l := new(adapters.Breaker)
			return l, func(b http.RoundTripper) { l.Base = b }
		}, func() *played { return playing(503) }, 1, "1", nil},
		{"AttemptTimeout", func() (policies, func(http.RoundTripper)) {
			l := new(adapters.AttemptTimeout)
			return l, func(b http.RoundTripper) { l.Base = b }
		}, func() *played { return waits(time.Second) }, 1, "1", nil},
		{"Resilient", func() (policies, func(http.RoundTripper)) {
			l := &adapters.Resilient{Limit: adapters.Limit{InFlight: 1}}
			return l, func(b http.RoundTripper) { l.Base = b }
		}, func() *played { return playing(503, 200) }, 2, "2", []int{503, 200}},
	} {
		for _, mounting := range mountings {
			for _, stream := range []bool{false, true} {
				name := layer.name + " " + mounting.name
				if stream {
					name += ", as a stream"
				}
				t.Run(name, func(t *testing.T) {
					synced(t, func(t *testing.T) {
						base, j := layer.base(), new(journal)
						l, set := layer.make()
						s := newSession(t, mounting.options(l, set, base)...)
						s.Hooks().Send.PushBack(func(*requests.Exchange) error { j.note("send"); return nil })
						s.Hooks().Response.PushBack(func(e *requests.Exchange) error {
							j.note("response " + strconv.Itoa(len(adapters.AttemptsFrom(e.Response))))
							return nil
						})
						s.Hooks().Complete.PushBack(func(r *requests.Result) error {
							j.note("complete " + strconv.Itoa(len(r.Exchanges)))
							return nil
						})
						resp, err := s.Get(t.Context(), "http://a.test/x", requests.WithStream(stream))
						require.NoError(t, err)
						assert.Equal(t, "answer "+layer.answer, resp.Text())
						require.NoError(t, resp.Err())
						assert.Len(t, base.all(), layer.sent)
						assert.Equal(t, []string{"send", "response " + strconv.Itoa(len(layer.traced)), "complete 1"}, j.lines,
							"the hooks see one exchange, however often it is attempted")
						assert.Empty(t, resp.History, "an attempt is no hop")
						assert.Equal(t, "http://a.test/x", resp.Request.URL.String())
						cookie, err := s.Cookies().Get("answer")
						require.NoError(t, err)
						assert.Equal(t, layer.answer, cookie.Value, "R204 the cookies of the response that counts")
						var traced []int
						for i, a := range adapters.AttemptsFrom(resp.Response) {
							assert.Equal(t, i+1, a.Number)
							assert.Equal(t, a.StatusCode == 0, a.Err != nil)
							traced = append(traced, a.StatusCode)
						}
						assert.Equal(t, layer.traced, traced)
						for _, sent := range base.all() {
							assert.NotContains(t, sent.Header, "Cookie", "one attempt's cookies are not sent with the next")
						}
					})
				})
			}
		}
	}
}

func TestRetry_UsedUpUnderASession(t *testing.T) {
	for _, tt := range []struct {
		name     string
		statuses []int
		retry    *adapters.Retry
		isnt     error
	}{
		{"by statuses, when it is to be an error", []int{503}, &adapters.Retry{RaiseOnStatus: true}, requests.ErrConnection},
		{"by errors", []int{0}, &adapters.Retry{}, requests.ErrTimeout},
	} {
		for _, mounting := range mountings {
			t.Run(tt.name+" "+mounting.name, func(t *testing.T) {
				synced(t, func(t *testing.T) {
					retry := &adapters.Retry{RaiseOnStatus: tt.retry.RaiseOnStatus}
					var result *requests.Result
					s := newSession(t, append(mounting.options(retry, func(b http.RoundTripper) { retry.Base = b }, playing(tt.statuses...)),
						requests.WithHooks(completeHook(func(r *requests.Result) error { result = r; return nil })))...)
					_, err := s.Get(t.Context(), "http://a.test/x?token=planted")
					require.ErrorIs(t, err, requests.ErrRetriesExhausted)
					require.NotErrorIs(t, err, tt.isnt)
					var e *requests.Error
					require.ErrorAs(t, err, &e)
					assert.Equal(t, "http://a.test/x", e.URL)
					var used *adapters.RetryError
					require.ErrorAs(t, err, &used)
					assert.Len(t, used.Attempts, 3)
					assert.NotContains(t, err.Error(), "planted")
					require.NotNil(t, result)
					require.ErrorIs(t, result.Err, requests.ErrRetriesExhausted)
					assert.Len(t, result.Exchanges, 1)
				})
			})
		}
	}
}

// Read is a timeout of an exchange with the network, so a silent attempt is
// one that failed; Total is one of the call.
func TestRetry_Timeouts(t *testing.T) {
	// Answers nothing to the first connections, then what is asked.
	silentFirst := func(n int, answer string) func(net.Conn) {
		var mu sync.Mutex
		return func(c net.Conn) {
			mu.Lock()
			n--
			speaks := n < 0
			mu.Unlock()
			said(c)
			if speaks {
				io.WriteString(c, answer)
			}
			c.Read(make([]byte, 1))
		}
	}
	const fine = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	const overloaded = "HTTP/1.1 503 Overloaded\r\nContent-Length: 4\r\nRetry-After: 20\r\n\r\nlate"
	for _, tt := range []struct {
		name     string
		serve    func(net.Conn)
		retry    *adapters.Retry
		timeouts requests.Timeouts
		is       []error
		content  string
		after    time.Duration
	}{
		{"a silent attempt is followed by another", silentFirst(2, fine), &adapters.Retry{Wait: -1}, requests.Timeouts{Read: 3 * time.Second},
			nil, "ok", 6 * time.Second},
		{"all attempts are silent", silentFirst(9, ""), &adapters.Retry{Wait: -1}, requests.Timeouts{Read: 3 * time.Second},
			[]error{requests.ErrRetriesExhausted, requests.ErrReadTimeout, requests.ErrTimeout}, "", 9 * time.Second},
		{"Total ends an attempt", silentFirst(9, ""), &adapters.Retry{Wait: -1}, requests.Timeouts{Read: 3 * time.Second, Total: 7 * time.Second},
			[]error{requests.ErrTimeout, context.DeadlineExceeded}, "", 7 * time.Second},
		{"a wait that Total would cut is not begun", silentFirst(0, overloaded), &adapters.Retry{}, requests.Timeouts{Total: 19 * time.Second},
			nil, "late", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synced(t, func(t *testing.T) {
				s := piped(t, tt.serve, requests.WithMiddleware(tt.retry.Wrap), requests.WithTimeouts(tt.timeouts))
				start := time.Now()
				resp, err := s.Get(t.Context(), "http://a.test/")
				assert.Equal(t, tt.after, time.Since(start))
				for _, is := range tt.is {
					require.ErrorIs(t, err, is)
				}
				if tt.is == nil {
					require.NoError(t, err)
					assert.Equal(t, tt.content, resp.Text())
				}
			})
		})
	}
}

func TestRetry_CallerEndsAWait(t *testing.T) {
	synced(t, func(t *testing.T) {
		mine := errors.New("the caller's reason")
		base := playing(0)
		retry := &adapters.Retry{Methods: []string{"*"}}
		ctx, cancel := context.WithCancelCause(t.Context())
		retry.OnRetry = func(adapters.Attempt) { cancel(mine) }
		s := newSession(t, requests.WithAdapter("http://", base), requests.WithMiddleware(retry.Wrap))
		_, err := s.Post(ctx, "http://a.test/", requests.WithBody("content"))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, mine)
		require.NotErrorIs(t, err, requests.ErrRetriesExhausted, "they were ended, not used up")
		var used *adapters.RetryError
		require.ErrorAs(t, err, &used, "what was tried is not lost")
		assert.Len(t, used.Attempts, 1)
		assert.Len(t, base.all(), 1)
	})
}

func TestRetry_BudgetIsSharedWithCopies(t *testing.T) {
	synced(t, func(t *testing.T) {
		base := playing(503)
		retry := &adapters.Retry{Attempts: 2, Budget: 1e-9, Wait: -1} // ten retries in ten seconds
		s := newSession(t, requests.WithAdapter("http://", base), requests.WithMiddleware(retry.Wrap))
		c, err := s.Copy()
		require.NoError(t, err)
		defer c.Close()
		other := playing(503)
		mounted, err := s.Copy(requests.WithAdapter("http://b.test", other))
		require.NoError(t, err)
		defer mounted.Close()
		for range 10 {
			_, err := s.Get(t.Context(), "http://a.test/")
			require.NoError(t, err)
		}
		require.Len(t, base.all(), 20)
		resp, err := c.Get(t.Context(), "http://a.test/")
		require.NoError(t, err)
		assert.Len(t, base.all(), 21, "the copy has no retries of its own")
		require.Len(t, adapters.AttemptsFrom(resp.Response), 1)
		assert.Equal(t, "the budget is used up", adapters.AttemptsFrom(resp.Response)[0].Reason)
		_, err = mounted.Get(t.Context(), "http://b.test/")
		require.NoError(t, err)
		assert.Len(t, other.all(), 1, "nor has an adapter that is mounted later")

		time.Sleep(time.Minute)
		_, err = c.Get(t.Context(), "http://a.test/")
		require.NoError(t, err)
		assert.Len(t, base.all(), 23)
	})
}

func TestRetry_EveryHop(t *testing.T) {
	synced(t, func(t *testing.T) {
		base := &played{answer: func(n int, r *http.Request) (*http.Response, error) {
			switch {
			case n%2 == 1:
				return answered(503, "", "Set-Cookie: failed=1"), nil
			case r.URL.Path == "/start":
				return answered(307, "", "Location: /protected"), nil
			case r.Header.Get("Authorization") == "":
				return answered(401, "", "WWW-Authenticate: Test n=1"), nil
			}
			return answered(200, "in"), nil
		}}
		retry := &adapters.Retry{IdempotencyKey: true}
		s := newSession(t, requests.WithAdapter("http://", base), requests.WithMiddleware(retry.Wrap))
		resp, err := s.Post(t.Context(), "http://a.test/start", requests.WithBody("content"), requests.WithAuth(&challenger{}))
		require.NoError(t, err)
		assert.Equal(t, "in", resp.Text())
		require.Len(t, resp.History, 2, "the redirect and the challenge, and no attempt")
		for _, r := range append(resp.History, resp) {
			attempts := adapters.AttemptsFrom(r.Response)
			require.Len(t, attempts, 2, "each hop has its own")
			assert.Equal(t, 503, attempts[0].StatusCode)
			assert.Equal(t, r.StatusCode, attempts[1].StatusCode)
		}
		sent := base.all()
		require.Len(t, sent, 6)
		for i, a := range sent {
			assert.Equal(t, "content", a.Body)
			key := a.Header.Get("Idempotency-Key")
			assert.NotEmpty(t, key)
			if i%2 == 1 {
				assert.Equal(t, sent[i-1].Header.Get("Idempotency-Key"), key, "one key for all attempts")
			}
		}
		assert.Zero(t, s.Cookies().Len(), "what an attempt sets that is followed by another is not kept")
	})
}

// A layer that holds a place until the content is done with must get it back
// when a hop is left behind, or a chain of hops would wait for itself.
func TestLimit_ChainsAndStreams(t *testing.T) {
	synced(t, func(t *testing.T) {
		long := strings.Repeat("x", 1<<20)
		base := &played{answer: func(n int, r *http.Request) (*http.Response, error) {
			switch r.URL.Path {
			case "/start":
				return answered(302, long, "Location: /challenge"), nil
			case "/challenge":
				if r.Header.Get("Authorization") == "" {
					return answered(401, long, "WWW-Authenticate: Test n=1"), nil
				}
			}
			return answered(200, long), nil
		}}
		limit := &adapters.Limit{InFlight: 1}
		s := newSession(t, requests.WithAdapter("http://", base), requests.WithMiddleware(limit.Wrap), requests.WithTimeout(time.Minute))
		resp, err := s.Get(t.Context(), "http://a.test/start", requests.WithAuth(&challenger{}))
		require.NoError(t, err)
		assert.Len(t, resp.Bytes(), len(long))
		assert.Len(t, resp.History, 2)

		// A stream keeps its place until it is closed.
		stream, err := s.Get(t.Context(), "http://a.test/end", requests.WithStream(true), requests.WithTimeout(-1))
		require.NoError(t, err)
		var second sync.WaitGroup
		done := false
		second.Go(func() {
			_, err := s.Get(t.Context(), "http://a.test/end", requests.WithTimeout(-1))
			assert.NoError(t, err)
			done = true
		})
		synctest.Wait()
		assert.False(t, done)
		require.NoError(t, stream.Close())
		second.Wait()

		// A turn that comes after the deadline is not waited for.
		stream, err = s.Get(t.Context(), "http://a.test/end", requests.WithStream(true), requests.WithTimeout(-1))
		require.NoError(t, err)
		start := time.Now()
		_, err = s.Get(t.Context(), "http://a.test/end", requests.WithTimeout(3*time.Second))
		require.ErrorIs(t, err, requests.ErrTimeout)
		assert.Equal(t, 3*time.Second, time.Since(start), "in flight: Total ends the wait")
		require.NoError(t, stream.Close())
	})
}

func TestLimit_RateUnderASession(t *testing.T) {
	synced(t, func(t *testing.T) {
		base := playing(200)
		limit := &adapters.Limit{Rate: 1}
		s := newSession(t, requests.WithAdapter("http://", base), requests.WithMiddleware(limit.Wrap))
		c, err := s.Copy()
		require.NoError(t, err)
		defer c.Close()
		start := time.Now()
		for _, s := range []*requests.Session{s, c, s} {
			_, err := s.Get(t.Context(), "http://a.test/")
			require.NoError(t, err)
		}
		assert.Equal(t, 2*time.Second, time.Since(start), "the copy shares the rate")
		start = time.Now()
		_, err = s.Get(t.Context(), "http://a.test/", requests.WithTimeout(time.Millisecond))
		require.ErrorIs(t, err, requests.ErrTimeout)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Zero(t, time.Since(start), "a turn that comes too late is not waited for")
	})
}

func TestBreaker_UnderASession(t *testing.T) {
	synced(t, func(t *testing.T) {
		base := playing(503, 503, 200)
		breaker := &adapters.Breaker{Failures: 2, OpenFor: time.Minute}
		s := newSession(t, requests.WithAdapter("http://", base), requests.WithMiddleware(breaker.Wrap))
		c, err := s.Copy()
		require.NoError(t, err)
		defer c.Close()
		for range 2 {
			resp, err := s.Get(t.Context(), "http://a.test/")
			require.NoError(t, err)
			assert.Equal(t, 503, resp.StatusCode)
		}
		for _, s := range []*requests.Session{s, c} {
			_, err = s.Post(t.Context(), "http://a.test/", requests.WithBody(onlyReader{strings.NewReader(content)}))
			require.ErrorIs(t, err, adapters.ErrCircuitOpen)
			var open *adapters.CircuitError
			require.ErrorAs(t, err, &open)
			assert.Equal(t, "http://a.test:80", strings.TrimSuffix(open.Origin, ":80")+":80")
			assert.Equal(t, time.Minute, time.Until(open.Until))
		}
		assert.Len(t, base.all(), 2, "nothing was sent")
		_, err = s.Get(t.Context(), "http://b.test/")
		require.NoError(t, err, "another origin has its own circuit")
		time.Sleep(time.Minute)
		resp, err := c.Get(t.Context(), "http://a.test/")
		require.NoError(t, err)
		assert.Equal(t, 200, resp.StatusCode)
	})
}

func TestAttemptTimeout_UnderASession(t *testing.T) {
	for _, tt := range []struct {
		name  string
		base  *played
		total time.Duration
		is    []error
		after time.Duration
	}{
		{"the second attempt is quick", waits(time.Hour, time.Second), 0, nil, 3 * time.Second},
		{"all attempts are slow", waits(time.Hour), 0,
			[]error{requests.ErrRetriesExhausted, requests.ErrReadTimeout, requests.ErrTimeout, context.DeadlineExceeded}, 6 * time.Second},
		{"Total comes first", waits(time.Hour), 3 * time.Second, []error{requests.ErrTimeout, context.DeadlineExceeded}, 3 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synced(t, func(t *testing.T) {
				retry, attempt := &adapters.Retry{Wait: -1}, &adapters.AttemptTimeout{Timeout: 2 * time.Second}
				s := newSession(t, requests.WithAdapter("http://", tt.base), requests.WithMiddleware(attempt.Wrap),
					requests.WithMiddleware(retry.Wrap), requests.WithTimeout(tt.total))
				start := time.Now()
				resp, err := s.Get(t.Context(), "http://a.test/")
				assert.Equal(t, tt.after, time.Since(start))
				if tt.is == nil {
					require.NoError(t, err)
					assert.Equal(t, "answer 2", resp.Text(), "whose time is over no more once it has answered")
				}
				for _, is := range tt.is {
					require.ErrorIs(t, err, is)
				}
			})
		})
	}
}

func TestHedge_UnderASession(t *testing.T) {
	synced(t, func(t *testing.T) {
		base := waits(time.Hour, time.Second, 0)
		hedge := &adapters.Hedge{Delay: 2 * time.Second}
		s := newSession(t, requests.WithAdapter("http://", base), requests.WithMiddleware(hedge.Wrap))
		start := time.Now()
		resp, err := s.Put(t.Context(), "http://a.test/", requests.WithBody(content), requests.WithStream(true))
		require.NoError(t, err)
		assert.Equal(t, 3*time.Second, time.Since(start))
		time.Sleep(time.Hour)
		assert.Equal(t, "answer 2", resp.Text(), "the content outlives the loser")
		assert.Equal(t, 1, s.Cookies().Len())
		for _, a := range base.all() {
			assert.Equal(t, content, a.Body)
		}

		// What ends the call ends both sendings: the bubble has no goroutine left.
		s = newSession(t, requests.WithAdapter("http://", waits(time.Hour)), requests.WithMiddleware(hedge.Wrap))
		start = time.Now()
		_, err = s.Get(t.Context(), "http://a.test/", requests.WithTimeout(5*time.Second))
		require.ErrorIs(t, err, requests.ErrTimeout)
		assert.Equal(t, 5*time.Second, time.Since(start))
	})
}

func TestResilient_UnderASession(t *testing.T) {
	synced(t, func(t *testing.T) {
		// An attempt that hangs, one that fails, and one that is fine.
		base := &played{answer: func(n int, r *http.Request) (*http.Response, error) {
			switch n {
			case 1:
				<-r.Context().Done()
				return nil, r.Context().Err()
			case 2:
				return answered(502, ""), nil
			}
			return answered(200, "fine"), nil
		}}
		resilient := &adapters.Resilient{Attempt: 2 * time.Second, Total: 20 * time.Second, Retry: adapters.Retry{Wait: -1}}
		s := newSession(t, requests.WithAdapter("http://", base), requests.WithMiddleware(resilient.Wrap))
		start := time.Now()
		resp, err := s.Get(t.Context(), "http://a.test/", requests.WithStream(true))
		require.NoError(t, err)
		assert.Equal(t, 2*time.Second, time.Since(start))
		assert.Len(t, adapters.AttemptsFrom(resp.Response), 3)
		time.Sleep(time.Hour)
		assert.Equal(t, "fine", resp.Text(), "its bounds end with the header")
	})
	t.Run("settings that do not fit send nothing", func(t *testing.T) {
		base := playing(200)
		resilient := &adapters.Resilient{Attempt: time.Minute, Total: time.Second}
		s := newSession(t, requests.WithAdapter("http://", base), requests.WithMiddleware(resilient.Wrap))
		_, err := s.Get(t.Context(), "http://a.test/")
		require.ErrorContains(t, err, "Attempt 1m0s is not less than Total 1s")
		assert.Empty(t, base.all())
	})
}
