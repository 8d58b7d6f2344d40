package adapters_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seed-3bbad739/requests/adapters"
)

// simulation is a fleet of callers against one server that fails for a minute.
// Every caller asks every ten seconds, with five seconds for each call.
type simulation struct {
	callers, processes int
	budget             float64 // of each process's Retry
}

const (
	simFrom, simTo = 20 * time.Second, 80 * time.Second // the outage
	simEnd         = 110 * time.Second
	simEvery       = 10 * time.Second
	simDeadline    = 5 * time.Second
)

// simFigures are what the server and the callers saw.
type simFigures struct {
	mu          sync.Mutex
	perSecond   [int((simEnd + simDeadline) / time.Second)]int
	calls, sent [3]int // before, during and after the outage
	posts       map[string]int
	overdue     int
	failedAfter int
}

func simPhase(at time.Duration) int {
	switch {
	case at < simFrom:
		return 0
	case at < simTo:
		return 1
	}
	return 2
}

func (s simulation) run(t *testing.T) *simFigures {
	f := &simFigures{posts: make(map[string]int)}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		server := baseFunc(func(req *http.Request) (*http.Response, error) {
			at := time.Since(start)
			f.mu.Lock()
			f.perSecond[int(at/time.Second)]++
			f.sent[simPhase(at)]++
			if id := req.Header.Get("Id"); id != "" {
				f.posts[id]++
			}
			f.mu.Unlock()
			time.Sleep(20 * ms)
			resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: req}
			if simPhase(at) == 1 {
				if rand.N(2) == 0 {
					return nil, errReset
				}
				resp.StatusCode = 503
			}
			return resp, nil
		})
		retries := make([]*adapters.Retry, s.processes)
		for i := range retries {
			retries[i] = &adapters.Retry{Base: server, Budget: s.budget}
		}
		var wg sync.WaitGroup
		for i := range s.callers {
			wg.Go(func() { s.caller(i, start, retries[i%s.processes], f) })
		}
		wg.Wait()
	})
	return f
}

func (s simulation) caller(i int, start time.Time, retry *adapters.Retry, f *simFigures) {
	time.Sleep(time.Duration(i) * simEvery / time.Duration(s.callers))
	for n := 0; time.Since(start) < simEnd; n++ {
		called := time.Now()
		ctx, cancel := context.WithDeadline(context.Background(), called.Add(simDeadline))
		method, id := "GET", ""
		if (i+n)%10 == 0 {
			method, id = "POST", strconv.Itoa(i)+"/"+strconv.Itoa(n)
		}
		req, _ := http.NewRequestWithContext(ctx, method, "http://server.test/", nil)
		if id != "" {
			req.Header.Set("Id", id)
		}
		resp, err := retry.RoundTrip(req)
		phase := simPhase(called.Sub(start))
		f.mu.Lock()
		f.calls[phase]++
		if time.Since(called) > simDeadline {
			f.overdue++
		}
		if phase == 2 && (err != nil || resp.StatusCode != 200) {
			f.failedAfter++
		}
		f.mu.Unlock()
		cancel()
		time.Sleep(time.Until(called.Add(simEvery)))
	}
}

func (f *simFigures) String() string {
	return fmt.Sprintf("calls %v, sent %v (before, during, after); extra load in the outage %.1f %%; peak %d/s before, %d/s after",
		f.calls, f.sent, 100*f.extra(), f.peak(0, simFrom), f.peak(simTo, simEnd))
}

// extra is what was sent in the outage besides every call's first attempt.
func (f *simFigures) extra() float64 { return float64(f.sent[1]-f.calls[1]) / float64(f.calls[1]) }

func (f *simFigures) peak(from, to time.Duration) (most int) {
	for s := from; s < to; s += time.Second {
		most = max(most, f.perSecond[s/time.Second])
	}
	return most
}

func TestRetry_outage(t *testing.T) {
	for _, tt := range []struct {
		name  string
		s     simulation
		floor float64 // ten retries in ten seconds, as a part of the calls, for every process
	}{
		{"10,000 callers of one Retry", simulation{callers: 10_000, processes: 1}, 0},
		{"100 processes of 50 callers each", simulation{callers: 5000, processes: 100}, 0},
		{"100 processes of 10 callers each", simulation{callers: 1000, processes: 100}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := tt.s.run(t)
			t.Log(f)
			assert.Equal(t, f.calls[0], f.sent[0], "nothing is added before the outage")
			assert.Greater(t, f.sent[1], f.calls[1], "there are retries")
			// The calls of the last seconds before the outage count for the budget as well.
			assert.LessOrEqual(t, f.extra(), max(0.2, tt.floor)+0.02)
			for id, n := range f.posts {
				if n > 1 {
					t.Fatalf("POST %s was sent %d times", id, n)
				}
			}
			assert.Zero(t, f.overdue, "nobody comes back after the deadline")
			assert.Zero(t, f.failedAfter, "every call after the outage succeeds")
			before, after := f.peak(0, simFrom), f.peak(simTo, simEnd)
			assert.LessOrEqual(t, float64(after), (1.25+tt.floor)*float64(before), "no stampede")
			assert.Equal(t, before, f.perSecond[(simTo+5*time.Second)/time.Second], "calm after five seconds")
		})
	}
	t.Run("for comparison, 1000 callers without a budget", func(t *testing.T) {
		f := simulation{callers: 1000, processes: 1, budget: -1}.run(t)
		t.Log(f)
		assert.Greater(t, f.extra(), 1.0)
	})
}
