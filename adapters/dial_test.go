package adapters_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// url.Parse lets no such host through, but a URL may be made by hand.
func TestDial_ofWhatIsNoHost(t *testing.T) {
	for _, tt := range []struct {
		name  string
		guard *adapters.Guard
		proxy string
		is    *sentinel.Condition
		dials int // of proxies
	}{
		{"by a dialer that is given addresses", nil, "", sentinel.Connection, 0},
		{"under a guard", &adapters.Guard{}, "", sentinel.Connection, 0},
		{"through SOCKS 4", nil, "socks4a://p.test", sentinel.Proxy, 1},
		{"through SOCKS 5", nil, "socks5h://p.test", sentinel.Proxy, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newPipes()
			defer n.Close()
			go n.serve(silent)
			h := adapters.New(adapters.Options{
				Dial: n.Dial, Guard: tt.guard, Resolver: names{"p.test": {"8.8.8.8"}}.resolver(),
			})
			defer h.Close()
			set := adapters.Settings{}
			if tt.proxy != "" {
				set.Proxy = parsed(t, tt.proxy)
			}
			req := with(t, set, "GET", "http://placeholder.test/", nil)
			req.URL.Host = "h]test"
			_, err := h.RoundTrip(req)
			require.ErrorIs(t, err, tt.is)
			var address *net.AddrError
			require.ErrorAs(t, err, &address)
			assert.Equal(t, tt.dials, n.dials)
		})
	}
}

// The other addresses of a name are not tried when the time for all is over.
func TestDial_endsWithItsTime(t *testing.T) {
	resolver := names{"h.test": {"192.0.2.1", "192.0.2.2", "192.0.2.3"}}.resolver()
	// What package net keeps for all resolvers is not to be made in a bubble.
	_, err := resolver.LookupNetIP(t.Context(), "ip", "h.test")
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		var dialled []string
		ended := make(chan struct{})
		h := adapters.New(adapters.Options{
			Resolver: resolver,
			Dial: func(ctx context.Context, _, addr string) (net.Conn, error) {
				dialled = append(dialled, addr)
				<-ctx.Done()
				if len(dialled) == 1 {
					close(ended)
				}
				return nil, ctx.Err()
			},
		})
		defer h.Close()
		_, err := h.RoundTrip(with(t, adapters.Settings{Connect: time.Second}, "GET", "http://h.test/", nil))
		require.ErrorIs(t, err, sentinel.ConnectTimeout)
		<-ended
		synctest.Wait()
		assert.Equal(t, []string{"192.0.2.1:80"}, dialled)
	})
}

// A dialer of the caller's may not look at its context: the connection that
// it returns when it is too late is closed.
func TestDial_lateConnectionIsClosed(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  adapters.Settings
		end  func(*adapters.HTTP, context.CancelFunc) // nil: the limit does
		is   error
	}{
		{"when the limit has passed", adapters.Settings{Connect: time.Second}, nil, sentinel.ConnectTimeout},
		{"when its pool is closed", adapters.Settings{}, func(h *adapters.HTTP, cancel context.CancelFunc) {
			cancel()
			synctest.Wait()
			h.Close()
		}, context.Canceled},
	} {
		for _, scheme := range []string{"http", "https"} {
			t.Run(tt.name+", "+scheme, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := newPipes()
					go n.serve(silent)
					count := &countingDial{dial: func(_ context.Context, network, addr string) (net.Conn, error) {
						time.Sleep(5 * time.Second) // less than it is given when nobody waits for it
						return n.Dial(context.Background(), network, addr)
					}}
					h := adapters.New(adapters.Options{Dial: count.Dial})
					ctx, cancel := context.WithCancel(adapters.WithSettings(context.Background(), tt.set))
					defer cancel()
					if tt.end != nil {
						go func() {
							synctest.Wait()
							tt.end(h, cancel)
						}()
					}
					req, err := http.NewRequestWithContext(ctx, "GET", scheme+"://h.test/", nil)
					require.NoError(t, err)
					_, err = h.RoundTrip(req)
					require.ErrorIs(t, err, tt.is)
					time.Sleep(5 * time.Second)
					synctest.Wait()
					assert.EqualValues(t, 1, count.dials.Load())
					assert.Zero(t, count.open.Load())
					h.Close()
					n.Close()
				})
			})
		}
	}
}

func TestDial_givesNothing(t *testing.T) {
	for _, tt := range []struct{ target, proxy string }{
		{"http://h.test/", ""},
		{"https://h.test/", ""},
		{"http://h.test/", "socks5://p.test"},
		{"https://h.test/", "https://p.test"},
	} {
		t.Run(tt.target+" "+tt.proxy, func(t *testing.T) {
			h := adapters.New(adapters.Options{Dial: func(context.Context, string, string) (net.Conn, error) { return nil, nil }})
			defer h.Close()
			set := adapters.Settings{}
			if tt.proxy != "" {
				set.Proxy = parsed(t, tt.proxy)
			}
			_, err := h.RoundTrip(with(t, set, "GET", tt.target, nil))
			require.ErrorContains(t, err, "neither a connection nor an error")
		})
	}
}

// The zone says by which interface an address is reached.
func TestDial_keepsTheZone(t *testing.T) {
	var to string
	h := adapters.New(adapters.Options{Resolver: noDNS, Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
		to = addr
		return nil, net.ErrClosed
	}})
	defer h.Close()
	_, err := h.RoundTrip(with(t, adapters.Settings{}, "GET", "http://[fe80::1%25eth0]/", nil))
	require.ErrorIs(t, err, net.ErrClosed)
	assert.Equal(t, "[fe80::1%eth0]:80", to)
}
