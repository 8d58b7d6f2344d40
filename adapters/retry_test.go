package adapters_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

const ms = time.Millisecond

func TestRetry(t *testing.T) {
	const s = time.Second
	date := func(d time.Duration) string { // a bubble's clock starts at midnight UTC 2000-01-01
		return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(d).Format(http.TimeFormat)
	}
	type durations = []time.Duration
	none := durations(nil)
	tests := []struct {
		name    string
		retry   *adapters.Retry
		method  string
		content string
		replies []reply
		waits   []time.Duration
		status  int   // of what is returned; 0: an error
		err     error // what the error matches
		reason  string
	}{
		{"success is returned as it is", &adapters.Retry{}, "GET", "", []reply{status(200)}, none, 200, nil, ""},
		{"R196 three attempts in all by default, the last response returned", &adapters.Retry{}, "GET", "",
			[]reply{status(503)}, durations{500 * ms, s}, 503, nil, "attempts are used up"},
		{"R196 N attempts are N sendings", &adapters.Retry{Attempts: 5}, "GET", "",
			[]reply{status(503)}, durations{500 * ms, s, 2 * s, 4 * s}, 503, nil, "attempts are used up"},
		{"one attempt is no retry", &adapters.Retry{Attempts: 1}, "GET", "", []reply{status(503)}, none, 503, nil, "attempts are used up"},
		{"negative attempts are one", &adapters.Retry{Attempts: -1}, "GET", "", []reply{status(503)}, none, 503, nil, "attempts are used up"},
		{"the first success ends it", &adapters.Retry{Attempts: 9}, "GET", "",
			[]reply{status(503), status(429), status(200)}, durations{500 * ms, s}, 200, nil, ""},
		{"429, 502 and 504 are retried by default", &adapters.Retry{Attempts: 4}, "GET", "",
			[]reply{status(429), status(502), status(504), status(200)}, durations{500 * ms, s, 2 * s}, 200, nil, ""},
		{"500 is not", &adapters.Retry{}, "GET", "", []reply{status(500)}, none, 500, nil, ""},
		{"404 is not", &adapters.Retry{}, "GET", "", []reply{status(404)}, none, 404, nil, ""},
		{"413 is with Retry-After", &adapters.Retry{}, "PUT", "x",
			[]reply{status(413, "Retry-After", "3"), status(200)}, durations{3 * s}, 200, nil, ""},
		{"413 is not without", &adapters.Retry{}, "PUT", "x", []reply{status(413)}, none, 413, nil, ""},
		{"statuses that are named replace the default", &adapters.Retry{Statuses: []int{500}}, "GET", "",
			[]reply{status(500), status(503)}, durations{500 * ms}, 503, nil, ""},
		{"no statuses at all", &adapters.Retry{Statuses: []int{}}, "GET", "", []reply{status(503)}, none, 503, nil, ""},

		{"R198 POST is not repeated after a status", &adapters.Retry{}, "POST", "x",
			[]reply{status(503)}, none, 503, nil, "method is not idempotent"},
		{"R198 PATCH is not repeated after a status", &adapters.Retry{}, "PATCH", "x",
			[]reply{status(503)}, none, 503, nil, "method is not idempotent"},
		{"R198 methods in any case", &adapters.Retry{Methods: []string{"post"}}, "POST", "x",
			[]reply{status(503), status(200)}, durations{500 * ms}, 200, nil, ""},
		{"R198 a method that is not named is not repeated", &adapters.Retry{Methods: []string{"post"}}, "GET", "",
			[]reply{status(503)}, none, 503, nil, "method is not idempotent"},
		{"D22 a star is any method", &adapters.Retry{Methods: []string{"*"}}, "PATCH", "x",
			[]reply{status(503), status(200)}, durations{500 * ms}, 200, nil, ""},
		{"D22 an empty list is the default", &adapters.Retry{Methods: []string{}}, "POST", "x",
			[]reply{status(503)}, none, 503, nil, "method is not idempotent"},
		{"QUERY, PUT, DELETE, OPTIONS, TRACE, HEAD are idempotent", &adapters.Retry{}, "QUERY", "x",
			[]reply{status(503), status(200)}, durations{500 * ms}, 200, nil, ""},
		{"an empty method is GET", &adapters.Retry{}, "", "", []reply{status(503), status(200)}, durations{500 * ms}, 200, nil, ""},
		{"a minted key makes a POST idempotent", &adapters.Retry{IdempotencyKey: true}, "POST", "x",
			[]reply{status(503), fails(errReset), status(200)}, durations{500 * ms, s}, 200, nil, ""},

		{"R197 no connection is retried for any method", &adapters.Retry{}, "POST", "x",
			[]reply{fails(errRefused), status(200)}, durations{500 * ms}, 200, nil, ""},
		{"R197 a connect timeout is retried for any method", &adapters.Retry{}, "POST", "x",
			[]reply{fails(fmt.Errorf("dial: %w", sentinel.ConnectTimeout)), status(200)}, durations{500 * ms}, 200, nil, ""},
		{"R197 a name that is not found is retried for any method", &adapters.Retry{}, "POST", "x",
			[]reply{fails(&net.DNSError{Err: "no such host"}), status(200)}, durations{500 * ms}, 200, nil, ""},
		{"R197 a broken connection is not for POST", &adapters.Retry{}, "POST", "x", []reply{fails(errReset)}, none, 0, errReset, ""},
		{"R197 a read timeout is not for POST", &adapters.Retry{}, "POST", "x",
			[]reply{fails(sentinel.ReadTimeout)}, none, 0, sentinel.ReadTimeout, ""},
		{"R197 TLS is not for POST", &adapters.Retry{}, "POST", "x", []reply{fails(sentinel.TLS)}, none, 0, sentinel.TLS, ""},
		{"a broken connection is for GET", &adapters.Retry{}, "GET", "",
			[]reply{fails(errReset), fails(io.EOF), status(200)}, durations{500 * ms, s}, 200, nil, ""},
		{"an error of an unknown type is for GET", &adapters.Retry{}, "GET", "",
			[]reply{fails(errOdd), status(200)}, durations{500 * ms}, 200, nil, ""},
		{"errors to the end are ErrRetriesExhausted", &adapters.Retry{}, "GET", "",
			[]reply{fails(errRefused)}, durations{500 * ms, s}, 0, adapters.ErrRetriesExhausted, "attempts are used up"},
		{"and match the last error", &adapters.Retry{}, "GET", "",
			[]reply{fails(errRefused), fails(errReset)}, durations{500 * ms, s}, 0, errReset, "attempts are used up"},
		{"D28 reads that time out to the end are a failed connection too", &adapters.Retry{}, "GET", "",
			[]reply{fails(sentinel.ReadTimeout)}, durations{500 * ms, s}, 0, sentinel.Connection, "attempts are used up"},
		{"D28 and a read timeout still", &adapters.Retry{}, "GET", "",
			[]reply{fails(sentinel.ReadTimeout)}, durations{500 * ms, s}, 0, sentinel.ReadTimeout, "attempts are used up"},
		{"R197 a CONNECT refused for the moment is retried for any method", &adapters.Retry{}, "POST", "x",
			[]reply{fails(errConnect(503)), fails(errConnect(429)), status(200)}, durations{500 * ms, s}, 200, nil, ""},
		{"a CONNECT that is refused counts as a failure to connect", &adapters.Retry{Connect: -1}, "GET", "", []reply{fails(errConnect(502))}, none, 0, sentinel.Proxy, ""},
		{"a CONNECT refused for good is not", &adapters.Retry{}, "POST", "x", []reply{fails(errConnect(403))}, none, 0, sentinel.Proxy, ""},
		{"another failure of a proxy is not for POST", &adapters.Retry{}, "POST", "x", []reply{fails(sentinel.Proxy)}, none, 0, sentinel.Proxy, ""},
		{"a blocked address is for good", &adapters.Retry{}, "GET", "",
			[]reply{fails(sentinel.BlockedAddress)}, none, 0, sentinel.BlockedAddress, ""},
		{"an open circuit is for good", &adapters.Retry{}, "GET", "",
			[]reply{fails(&adapters.CircuitError{})}, none, 0, adapters.ErrCircuitOpen, ""},

		{"connect retries of their own", &adapters.Retry{Attempts: 9, Connect: 1}, "GET", "",
			[]reply{fails(errRefused)}, durations{500 * ms}, 0, errRefused, "retries of this kind are used up"},
		{"connect retries do not use up those for reads", &adapters.Retry{Attempts: 9, Connect: 1, Read: 1}, "GET", "",
			[]reply{fails(errRefused), fails(errReset), fails(errReset)}, durations{500 * ms, s}, 0, errReset, "retries of this kind are used up"},
		{"no retries after a read error", &adapters.Retry{Read: -1}, "GET", "", []reply{fails(errReset)}, none, 0, errReset, ""},
		{"no retries after a status", &adapters.Retry{Status: -1}, "GET", "", []reply{status(503)}, none, 503, nil, "retries of this kind are used up"},
		{"no retries after anything else", &adapters.Retry{Other: -1}, "GET", "", []reply{fails(errOdd)}, none, 0, errOdd, ""},
		{"two retries after a status", &adapters.Retry{Attempts: 9, Status: 2}, "GET", "",
			[]reply{status(503)}, durations{500 * ms, s}, 503, nil, "retries of this kind are used up"},

		{"R200 the bound doubles up to the longest wait", &adapters.Retry{Attempts: 7, Wait: s, MaxWait: 5 * s}, "GET", "",
			[]reply{status(503)}, durations{s, 2 * s, 4 * s, 5 * s, 5 * s, 5 * s}, 503, nil, "attempts are used up"},
		{"R200 it does so for hours", &adapters.Retry{Attempts: 8, Wait: time.Hour, MaxWait: -1}, "GET", "", []reply{status(503)},
			durations{1 * time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour, 32 * time.Hour, 64 * time.Hour}, 503, nil, "attempts are used up"},
		{"a negative wait is none", &adapters.Retry{Wait: -1}, "GET", "", []reply{status(503)}, durations{0, 0}, 503, nil, "attempts are used up"},
		{"a first wait above the longest", &adapters.Retry{Wait: time.Hour}, "GET", "",
			[]reply{status(503)}, durations{30 * s, 30 * s}, 503, nil, "attempts are used up"},

		{"R201 Retry-After in seconds, instead of the backoff", &adapters.Retry{}, "GET", "",
			[]reply{status(503, "Retry-After", "5"), status(429, "Retry-After", " 7 "), status(200)}, durations{5 * s, 7 * s}, 200, nil, ""},
		{"R201 without waits of our own it counts all the same", &adapters.Retry{Wait: -1}, "GET", "",
			[]reply{status(503, "Retry-After", "5"), status(200)}, durations{5 * s}, 200, nil, ""},
		{"R201 zero is the backoff", &adapters.Retry{}, "GET", "",
			[]reply{status(503, "Retry-After", "0"), status(200)}, durations{500 * ms}, 200, nil, ""},
		{"R201 a date", &adapters.Retry{}, "GET", "",
			[]reply{status(503, "Retry-After", date(9*s)), status(200)}, durations{9 * s}, 200, nil, ""},
		{"R201 a date in the past is the backoff", &adapters.Retry{}, "GET", "",
			[]reply{status(503, "Retry-After", date(-time.Hour)), status(200)}, durations{500 * ms}, 200, nil, ""},
		{"D22 a negative number is absent", &adapters.Retry{}, "GET", "",
			[]reply{status(503, "Retry-After", "-5"), status(200)}, durations{500 * ms}, 200, nil, ""},
		{"D22 words are absent", &adapters.Retry{}, "GET", "",
			[]reply{status(503, "Retry-After", "in a moment"), status(200)}, durations{500 * ms}, 200, nil, ""},
		{"two headers: the longer", &adapters.Retry{}, "GET", "",
			[]reply{status(503, "Retry-After", "2", "Retry-After", "4"), status(200)}, durations{4 * s}, 200, nil, ""},
		{"two headers, one of them words", &adapters.Retry{}, "GET", "",
			[]reply{status(503, "Retry-After", "soon", "Retry-After", "4"), status(200)}, durations{4 * s}, 200, nil, ""},
		{"D60 a minute is still obeyed", &adapters.Retry{}, "GET", "",
			[]reply{status(503, "Retry-After", "60"), status(200)}, durations{60 * s}, 200, nil, ""},
		{"D60 more is not: the response is returned", &adapters.Retry{}, "GET", "",
			[]reply{status(503, "Retry-After", "61")}, none, 503, nil, "the server asks for too long a wait"},
		{"D60 not even as an error", &adapters.Retry{RaiseOnStatus: true}, "GET", "",
			[]reply{status(503, "Retry-After", "61")}, none, 503, nil, "the server asks for too long a wait"},
		{"D60 10^30 seconds", &adapters.Retry{}, "GET", "",
			[]reply{status(503, "Retry-After", "1"+strings.Repeat("0", 30))}, none, 503, nil, "the server asks for too long a wait"},
		{"D60 a far date", &adapters.Retry{}, "GET", "",
			[]reply{status(503, "Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT")}, none, 503, nil, "the server asks for too long a wait"},
		{"D60 a bound of one's own", &adapters.Retry{MaxRetryAfter: 5 * s}, "GET", "",
			[]reply{status(503, "Retry-After", "5"), status(503, "Retry-After", "6")}, durations{5 * s}, 503, nil, "the server asks for too long a wait"},
		{"D60 no bound", &adapters.Retry{MaxRetryAfter: -1}, "GET", "",
			[]reply{status(503, "Retry-After", "86400"), status(200)}, durations{24 * time.Hour}, 200, nil, ""},
		{"RateLimit-Reset when there is no Retry-After", &adapters.Retry{}, "GET", "",
			[]reply{status(429, "RateLimit-Reset", "8"), status(200)}, durations{8 * s}, 200, nil, ""},
		{"X-RateLimit-Reset in seconds", &adapters.Retry{}, "GET", "",
			[]reply{status(429, "X-RateLimit-Reset", "9"), status(200)}, durations{9 * s}, 200, nil, ""},
		{"X-RateLimit-Reset as a Unix time", &adapters.Retry{MaxRetryAfter: -1}, "GET", "",
			[]reply{status(429, "X-RateLimit-Reset", "1000000001"), status(200)}, durations{(1_000_000_001 - 946_684_800) * s}, 200, nil, ""},
		{"Retry-After goes before RateLimit-Reset", &adapters.Retry{}, "GET", "",
			[]reply{status(429, "RateLimit-Reset", "8", "Retry-After", "2"), status(200)}, durations{2 * s}, 200, nil, ""},
		{"a bad Retry-After does not", &adapters.Retry{}, "GET", "",
			[]reply{status(429, "RateLimit-Reset", "8", "Retry-After", "x"), status(200)}, durations{8 * s}, 200, nil, ""},
		{"the reset of a quota that is not used up says nothing", &adapters.Retry{}, "GET", "",
			[]reply{status(502, "X-RateLimit-Reset", "3000", "X-RateLimit-Remaining", "4999"), status(200)}, durations{500 * ms}, 200, nil, ""},
		{"a far RateLimit-Reset ends it", &adapters.Retry{}, "GET", "",
			[]reply{status(429, "RateLimit-Reset", "3000")}, none, 429, nil, "the server asks for too long a wait"},

		{"R199 exhausted by statuses, as an error when asked for", &adapters.Retry{RaiseOnStatus: true}, "GET", "",
			[]reply{status(503)}, durations{500 * ms, s}, 0, adapters.ErrRetriesExhausted, "attempts are used up"},
		{"R199 a POST that is not retried is a response", &adapters.Retry{RaiseOnStatus: true}, "POST", "x",
			[]reply{status(503)}, none, 503, nil, "method is not idempotent"},

		{"no wait passes MaxElapsed", &adapters.Retry{Attempts: 9, MaxElapsed: 4 * s}, "GET", "",
			[]reply{status(503)}, durations{500 * ms, s, 2 * s}, 503, nil, "the time for all attempts is used up"},
		{"MaxElapsed counts the attempts", &adapters.Retry{Attempts: 9, MaxElapsed: 4 * s}, "GET", "",
			[]reply{{status: 503, after: 3 * s}}, durations{3*s + 500*ms}, 0, sentinel.ReadTimeout, "the time for all attempts is used up"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				base := play(tt.replies...)
				retry := full(tt.retry)
				retry.Base = base
				resp, err := retry.RoundTrip(newRequest(t, tt.method, tt.content))
				var attempts []adapters.Attempt
				if tt.status == 0 {
					require.ErrorIs(t, err, tt.err)
					require.Nil(t, resp)
					var re *adapters.RetryError
					if assert.Equal(t, len(base.times) > 1 || tt.retry.RaiseOnStatus, errors.As(err, &re)) && re != nil {
						attempts = re.Attempts
					}
				} else {
					require.NoError(t, err)
					require.Equal(t, tt.status, resp.StatusCode)
					assert.Equal(t, fmt.Sprint("content ", len(base.times)), read(t, resp))
					attempts = adapters.AttemptsFrom(resp)
				}
				assert.Equal(t, tt.waits, base.waits())
				assert.Zero(t, base.open, "every body is closed")
				for _, content := range base.bodies {
					assert.Equal(t, tt.content, content)
				}
				if tt.reason != "" || len(attempts) > 0 {
					require.Len(t, attempts, len(base.times))
					for i, a := range attempts {
						assert.Equal(t, i+1, a.Number)
						assert.Equal(t, base.times[i], a.Start)
						assert.True(t, (a.Err == nil) == (a.StatusCode != 0))
					}
					assert.Equal(t, tt.reason, attempts[len(attempts)-1].Reason)
				}
			})
		})
	}
}

func TestRetry_withinADeadline(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name     string
		deadline time.Duration
		replies  []reply
		sent     int
		elapsed  time.Duration
		status   int
		err      error
	}{
		{"a wait that would pass it is not begun, the response is intact", 100 * ms,
			[]reply{status(503)}, 1, 0, 503, nil},
		{"a wait that would end with it neither", 500 * ms, []reply{status(503)}, 1, 0, 503, nil},
		{"a wait before it is", 501 * ms, []reply{status(503)}, 2, 500 * ms, 503, nil},
		{"nor what the server asks for", 10 * s, []reply{status(503, "Retry-After", "30")}, 1, 0, 503, nil},
		{"an error is returned at once", 100 * ms, []reply{fails(errRefused)}, 1, 0, 0, errRefused},
		{"the error of a later attempt too", s, []reply{status(503), fails(errRefused)}, 2, 500 * ms, 0, adapters.ErrRetriesExhausted},
		{"an attempt that meets it is the last", s, []reply{status(503), {after: time.Hour}}, 2, s, 0, context.DeadlineExceeded},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.deadline)
				defer cancel()
				base := play(tt.replies...)
				start := time.Now()
				resp, err := full(&adapters.Retry{Base: base}).RoundTrip(newRequest(t, "GET", "").WithContext(ctx))
				assert.Equal(t, tt.elapsed, time.Since(start))
				assert.Len(t, base.times, tt.sent)
				if tt.err != nil {
					require.ErrorIs(t, err, tt.err)
				} else {
					require.NoError(t, err)
					assert.Equal(t, tt.status, resp.StatusCode)
					assert.Equal(t, fmt.Sprint("content ", tt.sent), read(t, resp))
				}
				assert.Zero(t, base.open)
			})
		})
	}
}

func TestRetry_cancelledInAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("changed my mind")
		ctx, cancel := context.WithCancelCause(t.Context())
		base := play(status(503))
		retry := full(&adapters.Retry{Base: base, Wait: time.Minute, MaxWait: time.Hour, Attempts: 9})
		time.AfterFunc(2*time.Minute, func() { cancel(why) })
		start := time.Now()
		_, err := retry.RoundTrip(newRequest(t, "PUT", "x").WithContext(ctx))
		assert.Equal(t, 2*time.Minute, time.Since(start), "in the second wait")
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, why)
		require.NotErrorIs(t, err, adapters.ErrRetriesExhausted)
		var re *adapters.RetryError
		require.ErrorAs(t, err, &re)
		assert.Len(t, re.Attempts, 2)
		assert.False(t, re.Timeout())
		assert.EqualError(t, err, "adapters: given up after 2 attempts: context canceled: changed my mind")
		assert.Zero(t, base.open)
	})
}

func TestRetry_contextErrorsAreNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		base := play(reply{after: time.Hour})
		_, err := (&adapters.Retry{Base: base}).RoundTrip(newRequest(t, "GET", "").WithContext(ctx))
		assert.Equal(t, context.Canceled, err, "as the base returned it")
		assert.Len(t, base.times, 1)
	})
}

func TestRetry_jitterIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []time.Duration
		retry := &adapters.Retry{Base: play(status(503)), Attempts: 2, Wait: time.Second, Budget: -1,
			OnRetry: func(a adapters.Attempt) { waits = append(waits, a.Wait) }}
		for range 2000 {
			resp, err := retry.RoundTrip(newRequest(t, "GET", ""))
			require.NoError(t, err)
			resp.Body.Close()
		}
		var sum, least, most time.Duration = 0, time.Hour, 0
		for _, w := range waits {
			sum, least, most = sum+w, min(least, w), max(most, w)
		}
		mean := sum / time.Duration(len(waits))
		t.Logf("2000 waits: %v to %v, on average %v", least, most, mean)
		assert.InDelta(t, 500, mean.Milliseconds(), 50)
		assert.Less(t, least, 20*ms)
		assert.Greater(t, most, 980*ms)
		assert.LessOrEqual(t, most, time.Second)
	})
}

func TestRetry_idempotencyKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := play(status(503), fails(errReset), status(200), status(503), status(200))
		retry := &adapters.Retry{Base: base, IdempotencyKey: true}
		post := newRequest(t, "POST", "x")
		for range 2 {
			post.Body, _ = post.GetBody()
			resp, err := retry.RoundTrip(post)
			require.NoError(t, err)
			require.Equal(t, 200, resp.StatusCode)
			read(t, resp)
		}
		assert.NotContains(t, post.Header, "Idempotency-Key", "the request given is not written to")
		require.Len(t, base.keys, 5)
		assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, base.keys[0])
		assert.Equal(t, []string{base.keys[0], base.keys[0], base.keys[0], base.keys[3], base.keys[3]}, base.keys)
		assert.NotEqual(t, base.keys[0], base.keys[3])
	})
	synctest.Test(t, func(t *testing.T) {
		base := play(status(503), status(200))
		post := newRequest(t, "POST", "x")
		post.Header.Set("Idempotency-Key", "mine")
		resp, err := (&adapters.Retry{Base: base}).RoundTrip(post)
		require.NoError(t, err)
		read(t, resp)
		assert.Equal(t, []string{"mine", "mine"}, base.keys, "the caller's own key counts and is kept")
	})
	base := play(status(200))
	resp, err := (&adapters.Retry{Base: base, IdempotencyKey: true}).RoundTrip(newRequest(t, "PUT", "x"))
	require.NoError(t, err)
	read(t, resp)
	assert.Equal(t, []string{""}, base.keys, "a PUT needs none")
}

func TestRetry_sharesItsBudgetOverAllItWraps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := play(status(503)), play(status(503))
		retry := &adapters.Retry{Attempts: 100, Wait: -1}
		for _, rt := range []http.RoundTripper{retry.Wrap(a), retry.Wrap(b)} {
			resp, err := rt.RoundTrip(newRequest(t, "GET", ""))
			require.NoError(t, err)
			got := adapters.AttemptsFrom(resp)
			assert.Equal(t, "the budget is used up", got[len(got)-1].Reason)
			read(t, resp)
		}
		assert.Len(t, a.times, 11, "one request, ten retries")
		assert.Len(t, b.times, 1)
		time.Sleep(10 * time.Second)
		resp, err := retry.Wrap(b).RoundTrip(newRequest(t, "GET", ""))
		require.NoError(t, err)
		read(t, resp)
		assert.Len(t, b.times, 12, "after ten seconds it is full again")
	})
}

func TestRetry_tellsOfEveryRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		retry := full(&adapters.Retry{
			Base: play(fails(&url.Error{Op: "Get", URL: "http://a.test/?token=hidden", Err: errRefused}),
				status(503, "Retry-After", "3"), status(200)),
			OnRetry: func(a adapters.Attempt) { told = append(told, a.String()) },
		})
		resp, err := retry.RoundTrip(newRequest(t, "GET", ""))
		require.NoError(t, err)
		read(t, resp)
		assert.Equal(t, []string{
			"attempt 1: dial tcp: connect: connection refused (connect error), waiting 500ms",
			"attempt 2: status 503 (status), waiting 3s",
		}, told)
		attempts := adapters.AttemptsFrom(resp)
		require.Len(t, attempts, 3)
		assert.Equal(t, "attempt 3: status 200", attempts[2].String())
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			assert.NotContains(t, fmt.Sprintf(format, attempts), "hidden")
		}
		attempts[0].Number = 99
		assert.Equal(t, 1, adapters.AttemptsFrom(resp)[0].Number, "the record is the reader's own")
	})
}

func TestRetryError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		retry := &adapters.Retry{Base: play(status(503, "X-Why", "maintenance")), RaiseOnStatus: true}
		_, err := retry.RoundTrip(newRequest(t, "GET", ""))
		var re *adapters.RetryError
		require.ErrorAs(t, err, &re)
		assert.EqualError(t, err, "adapters: retries exhausted after 3 attempts: status 503")
		assert.Equal(t, "maintenance", re.Response.Header.Get("X-Why"), "D47")
		assert.Len(t, re.Attempts, 3)
		assert.False(t, re.Timeout())
	})
	synctest.Test(t, func(t *testing.T) {
		secret := &url.Error{Op: "Get", URL: "http://a.test/?token=hidden", Err: sentinel.ReadTimeout}
		client := &http.Client{Transport: &adapters.Retry{Base: play(fails(secret))}}
		_, err := client.Get("http://server.test/")
		var ne net.Error
		require.ErrorAs(t, err, &ne)
		assert.True(t, ne.Timeout(), "through http.Client too")
		require.ErrorIs(t, err, sentinel.ReadTimeout)
		var re *adapters.RetryError
		require.ErrorAs(t, err, &re)
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			assert.NotContains(t, fmt.Sprintf(format, re), "hidden")
		}
	})
}

func TestRetry_baseWithoutAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := baseFunc(func(*http.Request) (*http.Response, error) { return nil, nil })
		_, err := (&adapters.Retry{Base: base}).RoundTrip(newRequest(t, "GET", ""))
		require.ErrorIs(t, err, adapters.ErrRetriesExhausted)
	})
}

// The zero method of a request is GET, which may be sent again.
func TestRetry_withoutAMethod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := play(status(503), status(200))
		req := newRequest(t, "GET", "")
		req.Method = ""
		resp, err := (&adapters.Retry{Base: base}).RoundTrip(req)
		require.NoError(t, err)
		assert.Equal(t, 200, resp.StatusCode)
		read(t, resp)
		resp, err = (&adapters.Retry{Base: play(status(503)), Methods: []string{"PUT"}}).RoundTrip(req)
		require.NoError(t, err)
		assert.Equal(t, 503, resp.StatusCode, "GET is none of the methods")
		assert.Len(t, adapters.AttemptsFrom(resp), 1)
		read(t, resp)
	})
}
