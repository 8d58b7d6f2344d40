package adapters_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// begun sends a GET and leaves its content unread.
func begun(t testing.TB, rt http.RoundTripper, set adapters.Settings, target string) *http.Response {
	t.Helper()
	resp, err := rt.RoundTrip(with(t, set, "GET", target, nil))
	require.NoError(t, err)
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// ended reads the content of resp to its end.
func ended(t testing.TB, resp *http.Response) {
	t.Helper()
	_, err := io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
}

func TestStatistics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newPipes()
		defer n.Close()
		s := n.serveHTTP(http.HandlerFunc(origin))
		defer s.Close()
		h := adapters.New(adapters.Options{Dial: n.Dial})
		defer h.Close()
		require.Empty(t, h.Statistics())
		is := func(what string, open, idle, inFlight int, dials, reuses uint64) {
			t.Helper()
			synctest.Wait()
			require.Equal(t, []adapters.Statistics{{Origin: "http://h.test:80", Open: open, Idle: idle, InFlight: inFlight, Dials: dials, Reuses: reuses}}, h.Statistics(), what)
		}
		one := begun(t, h, adapters.Settings{}, "http://h.test/a")
		is("content is unread", 1, 0, 1, 1, 0)
		two := begun(t, h, adapters.Settings{}, "http://H.test:80/b")
		is("another spelling of the origin", 2, 0, 2, 2, 0)
		ended(t, one)
		is("content is read", 2, 1, 1, 2, 0)
		fetch(t, h, with(t, adapters.Settings{}, "GET", "http://h.test/c", nil))
		is("a kept connection is used again", 2, 1, 1, 2, 1)
		two.Body.Close()
		is("content is given up, and its connection with it", 1, 1, 0, 2, 1)
		s.Close()
		is("the server closes", 0, 0, 0, 2, 1)
	})
}

func TestStatistics_closing(t *testing.T) {
	for _, c := range []struct {
		name  string
		close func(*adapters.HTTP)
	}{
		{"idle connections are closed, one in use when it is idle", func(h *adapters.HTTP) { h.CloseIdleConnections() }},
		{"a retired transport still counts", func(h *adapters.HTTP) { h.Close() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newPipes()
				defer n.Close()
				defer n.serveHTTP(http.HandlerFunc(origin)).Close()
				h := adapters.New(adapters.Options{Dial: n.Dial})
				one, two := begun(t, h, adapters.Settings{}, "http://h.test/"), begun(t, h, adapters.Settings{}, "http://h.test/")
				ended(t, one)
				c.close(h)
				require.Equal(t, []adapters.Statistics{{Origin: "http://h.test:80", Open: 1, InFlight: 1, Dials: 2}}, h.Statistics())
				ended(t, two)
				h.CloseIdleConnections()
				h.Close()
				synctest.Wait()
				require.Equal(t, []adapters.Statistics{{Origin: "http://h.test:80", Dials: 2}}, h.Statistics())
			})
		})
	}
}

// A connection that is being secured is open but not idle.
func TestStatistics_handshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newPipes()
		defer n.Close()
		go n.serve(silent)
		h := adapters.New(adapters.Options{Dial: n.Dial})
		defer h.Close()
		_, err := h.RoundTrip(with(t, adapters.Settings{TLSHandshake: time.Second}, "GET", "https://h.test/", nil))
		require.ErrorIs(t, err, sentinel.ConnectTimeout)
		synctest.Wait()
		require.Equal(t, []adapters.Statistics{{Origin: "https://h.test:443", Dials: 1}}, h.Statistics(), "given up by two, closed once")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, err := h.RoundTrip(with(t, adapters.Settings{}, "GET", "https://h.test/", nil).WithContext(ctx))
			assert.ErrorIs(t, err, context.Canceled)
		}()
		synctest.Wait()
		require.Equal(t, []adapters.Statistics{{Origin: "https://h.test:443", Open: 1, InFlight: 1, Dials: 2}}, h.Statistics())
		cancel()
		<-done
		require.Zero(t, h.Statistics()[0].InFlight)
	})
}

func TestStatistics_http2(t *testing.T) {
	for _, c := range []struct {
		name   string
		secure bool
	}{{"over TLS", true}, {"with prior knowledge", false}} {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.(http.Flusher).Flush()
				if r.URL.Path == "/long" {
					<-r.Context().Done()
				}
			}))
			o, set := adapters.Options{}, adapters.Settings{}
			if c.secure {
				ca := newAuthority(t)
				cert, _, _ := ca.issue(t, "origin", "localhost")
				s.EnableHTTP2, s.TLS = true, &tls.Config{Certificates: []tls.Certificate{cert}}
				s.StartTLS()
				set.TLS = &adapters.TLS{RootCAs: ca.pool()}
			} else {
				s.Config.Protocols, o.Protocols = new(http.Protocols), new(http.Protocols)
				s.Config.Protocols.SetUnencryptedHTTP2(true)
				o.Protocols.SetUnencryptedHTTP2(true)
				s.Start()
			}
			defer s.Close()
			h := adapters.New(o)
			defer h.Close()
			resp, _ := fetch(t, h, with(t, set, "GET", s.URL+"/short", nil))
			require.Equal(t, 2, resp.ProtoMajor)
			var long []*http.Response
			for range 3 {
				long = append(long, begun(t, h, set, s.URL+"/long"))
			}
			require.Equal(t, []adapters.Statistics{{Origin: s.URL, Open: 1, InFlight: 3, Dials: 1, Reuses: 3}}, h.Statistics())
			for i, resp := range long {
				require.Zero(t, h.Statistics()[0].Idle)
				resp.Body.Close()
				require.Equal(t, 2-i, h.Statistics()[0].InFlight)
			}
			require.Equal(t, []adapters.Statistics{{Origin: s.URL, Open: 1, Idle: 1, Dials: 1, Reuses: 3}}, h.Statistics())

			lost := begun(t, h, set, s.URL+"/long")
			s.CloseClientConnections()
			require.Eventually(t, func() bool { return h.Statistics()[0].Open == 0 }, 5*time.Second, time.Millisecond)
			require.Equal(t, 1, h.Statistics()[0].InFlight, "its content is not read yet")
			lost.Body.Close()
			fetch(t, h, with(t, set, "GET", s.URL+"/short", nil))
			require.Equal(t, []adapters.Statistics{{Origin: s.URL, Open: 1, Idle: 1, Dials: 2, Reuses: 4}}, h.Statistics())
		})
	}
}

func TestStatistics_proxy(t *testing.T) {
	ca := newAuthority(t)
	cert, _, _ := ca.issue(t, "origin", "localhost")
	plain := httptest.NewServer(http.HandlerFunc(origin))
	defer plain.Close()
	other := httptest.NewServer(http.HandlerFunc(origin))
	defer other.Close()
	secure := httptest.NewUnstartedServer(http.HandlerFunc(origin))
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	secure.StartTLS()
	defer secure.Close()
	trust := &adapters.TLS{RootCAs: ca.pool()}
	p, socks := newHTTPProxy(t, nil), newSOCKSProxy(t)
	for _, c := range []struct {
		name    string
		proxy   *url.URL
		targets []string
		want    []adapters.Statistics
	}{
		{"forwarded requests go to the proxy, whatever their origin", parsed(t, p.URL), []string{plain.URL, other.URL},
			[]adapters.Statistics{{Origin: p.URL, Open: 1, Idle: 1, Dials: 1, Reuses: 1}}},
		{"a tunnel leads to its origin", parsed(t, p.URL), []string{secure.URL, secure.URL},
			[]adapters.Statistics{{Origin: secure.URL, Open: 1, Idle: 1, Dials: 1, Reuses: 1}}},
		{"so does a connection by SOCKS", socks.url("socks5", ""), []string{plain.URL},
			[]adapters.Statistics{{Origin: plain.URL, Open: 1, Idle: 1, Dials: 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := adapters.New(adapters.Options{})
			defer h.Close()
			for _, target := range c.targets {
				fetch(t, h, with(t, adapters.Settings{Proxy: c.proxy, TLS: trust}, "GET", target, nil))
			}
			require.Equal(t, c.want, h.Statistics())
		})
	}
}

func TestStatistics_adopted(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(origin))
	defer s.Close()
	h := adapters.From(&http.Transport{})
	defer h.Close()
	for range 3 {
		fetch(t, h, with(t, adapters.Settings{}, "GET", s.URL, nil))
	}
	require.Equal(t, []adapters.Statistics{{Origin: s.URL, Dials: 1, Reuses: 2}}, h.Statistics())
}

func TestStatistics_unix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	s := &http.Server{Handler: http.HandlerFunc(origin)}
	go s.Serve(l)
	defer s.Close()
	a := adapters.Unix()
	defer a.(io.Closer).Close()
	req := with(t, adapters.Settings{}, "GET", "http://x/", nil)
	req.URL = &url.URL{Scheme: "http+unix", Host: path, Path: "/"}
	fetch(t, a, req)
	require.Equal(t, []adapters.Statistics{{Origin: "http+unix://" + url.PathEscape(path), Open: 1, Idle: 1, Dials: 1}},
		a.(interface{ Statistics() []adapters.Statistics }).Statistics())
}

func TestStatistics_bound(t *testing.T) {
	const most = 1024
	synctest.Test(t, func(t *testing.T) {
		n := newPipes()
		defer n.Close()
		defer n.serveHTTP(http.HandlerFunc(origin)).Close()
		h := adapters.New(adapters.Options{Dial: n.Dial, MaxIdle: -1})
		defer h.Close()
		get := func(i int) {
			fetch(t, h, with(t, adapters.Settings{}, "GET", fmt.Sprintf("http://h%04d.test/", i), nil))
		}
		for i := range most + 2 {
			get(i)
		}
		list := h.Statistics()
		require.Len(t, list, most+1)
		require.Equal(t, adapters.Statistics{Open: 2, Idle: 2, Dials: 2}, list[0], "all others are in use")
		require.Equal(t, "http://h0000.test:80", list[1].Origin)
		require.Equal(t, "http://h0001.test:80", list[2].Origin)
		h.CloseIdleConnections()
		synctest.Wait()
		get(0)
		get(most + 3)
		list = h.Statistics()
		require.Len(t, list, most+1)
		require.Equal(t, "http://h0000.test:80", list[1].Origin)
		require.Equal(t, "http://h0002.test:80", list[2].Origin, "h0001 was used longest ago")
		long := "http://" + strings.Repeat("h", 1<<10) + "/"
		fetch(t, h, with(t, adapters.Settings{}, "GET", long, nil))
		require.Len(t, h.Statistics(), most+1)
		require.Equal(t, adapters.Statistics{Open: 1, Idle: 1, Dials: 3}, h.Statistics()[0])
	})
}

// Whatever happens at once, the sums are right when it is over.
func TestStatistics_concurrently(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/1" {
			w.Header().Set("Connection", "close")
		}
		io.Copy(w, r.Body)
	}))
	defer s.Close()
	h := adapters.New(adapters.Options{})
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for j := range 20 {
				ctx, cancel := context.WithCancel(t.Context())
				req := with(t, adapters.Settings{}, "POST", fmt.Sprintf("%s/%d", s.URL, j%3), strings.NewReader("content")).WithContext(ctx)
				if i%4 == 0 && j%5 == 0 {
					go cancel()
				}
				if resp, err := h.RoundTrip(req); err == nil {
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
				cancel()
				if i == 0 {
					h.CloseIdleConnections()
				}
				for _, s := range h.Statistics() {
					assert.LessOrEqual(t, s.Idle, s.Open)
				}
			}
		})
	}
	wg.Wait()
	h.Close()
	s.CloseClientConnections()
	s.Close()
	require.Eventually(t, func() bool { st := h.Statistics()[0]; return st.Open == 0 && st.Idle == 0 && st.InFlight == 0 }, 5*time.Second, time.Millisecond)
}

func TestStatistics_json(t *testing.T) {
	b, err := json.Marshal(adapters.Statistics{Origin: "http://h.test:80", Open: 3, Idle: 1, InFlight: 2, Dials: 4, Reuses: 5})
	require.NoError(t, err)
	require.Equal(t, `{"origin":"http://h.test:80","open":3,"idle":1,"inflight":2,"dials":4,"reuses":5}`, string(b))
}
