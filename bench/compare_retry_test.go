package bench_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// failing answers 503 in memory, so that a bubble's clock can pass the waits.
type failing struct {
	retryAfter string
	sent       int
}

func (f *failing) RoundTrip(r *http.Request) (*http.Response, error) {
	f.sent++
	if r.Body != nil {
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
	}
	h := make(http.Header)
	if f.retryAfter != "" {
		h.Set("Retry-After", f.retryAfter)
	}
	return &http.Response{
		StatusCode: http.StatusServiceUnavailable, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(strings.NewReader(small)), ContentLength: int64(len(small)), Request: r,
	}, nil
}

const tries = 3

func compareRetry(t *testing.T, l library, w wishes) string {
	var found [2]string
	synctest.Test(t, func(t *testing.T) {
		server := new(failing)
		w.transport, w.tries = server, tries
		p := l.new(w)
		defer p.close()
		_, err := p.send(t.Context(), call{method: http.MethodPost, url: memoryBase + "/orders", body: []byte(small)})
		t.Log(err)
		found[0] = map[int]string{1: "sent once", tries: "sent three times"}[server.sent]
		require.NotEmpty(t, found[0], "sent %d times", server.sent)
	})
	synctest.Test(t, func(t *testing.T) {
		server := &failing{retryAfter: "40"}
		w.transport = server
		p := l.new(w)
		defer p.close()
		begin := time.Now()
		_, err := p.send(t.Context(), call{method: http.MethodGet, url: memoryBase + "/items"})
		t.Log(err, time.Since(begin))
		require.Equal(t, tries, server.sent)
		found[1] = "not heeded"
		if time.Since(begin) >= (tries-1)*40*time.Second {
			found[1] = "heeded"
		}
	})
	return found[0] + "; " + found[1]
}

func compareOutage(t *testing.T, l library, w wishes) (found string) {
	synctest.Test(t, func(t *testing.T) {
		server := new(failing)
		w.transport, w.tries, w.noWait = server, tries, true
		p := l.new(w)
		defer p.close()
		for range 100 {
			p.send(t.Context(), call{method: http.MethodGet, url: memoryBase + "/items"})
		}
		found = fmt.Sprint(server.sent)
	})
	return found
}
