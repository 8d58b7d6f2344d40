package adapters_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/drain"
)

// A Read that waits while its body is closed says so, and one that waits while
// the body is aborted does not say that the caller closed it.
func TestBody_endsWhatWaits(t *testing.T) {
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	inMemory := func(rt http.RoundTripper) func() (http.RoundTripper, func()) {
		return func() (http.RoundTripper, func()) { return rt, func() {} }
	}
	abort := func(b io.ReadCloser) { b.(drain.Aborter).Abort() }
	shut := func(b io.ReadCloser) { b.Close() }
	overNetwork := func() (http.RoundTripper, func()) {
		n := newPipes()
		go n.serve(func(c net.Conn) {
			readHeader(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
			silent(c)
		})
		h := adapters.New(adapters.Options{Dial: n.Dial})
		return h, func() { h.Close(); n.Close() }
	}
	for _, tt := range []struct {
		name   string
		make   func() (rt http.RoundTripper, done func())
		end    func(io.ReadCloser)
		closed bool // the Read says that the body is closed
	}{
		{"HTTP by Close", overNetwork, shut, true},
		{"HTTP by Abort", overNetwork, abort, false},
		{"Handler by Close", inMemory(adapters.Handler(slow)), shut, true},
		{"Handler by Abort", inMemory(adapters.Handler(slow)), abort, false},
		{"a layer by Abort", inMemory(limitOf(adapters.Handler(slow))), abort, false},
		{"a layer by Abort, over a body that can be closed only", inMemory(limitOf(unabortable(slow))), abort, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt, done := tt.make()
				resp, err := rt.RoundTrip(with(t, adapters.Settings{}, "GET", "http://h.test/", nil))
				require.NoError(t, err)
				read := make(chan error, 1)
				go func() {
					_, err := resp.Body.Read(make([]byte, 1))
					read <- err
				}()
				synctest.Wait()
				require.Empty(t, read)
				tt.end(resp.Body)
				synctest.Wait()
				require.Len(t, read, 1)
				err = <-read
				require.Error(t, err)
				assert.Equal(t, tt.closed, err == http.ErrBodyReadAfterClose, "%v", err)
				resp.Body.Close()
				done()
			})
		})
	}
}

// limitOf lets one request at a time through.
func limitOf(base http.RoundTripper) *adapters.Limit {
	return &adapters.Limit{Base: base, InFlight: 1}
}

// unabortable is a base whose bodies can be closed, and no more.
func unabortable(h http.Handler) http.RoundTripper {
	rt := adapters.Handler(h)
	return baseFunc(func(r *http.Request) (*http.Response, error) {
		resp, err := rt.RoundTrip(r)
		if err == nil {
			resp.Body = struct{ io.ReadCloser }{resp.Body}
		}
		return resp, err
	})
}

// The place of a response that is aborted is free again, before it is closed.
func TestLimit_abortedContentIsDoneWith(t *testing.T) {
	for name, base := range map[string]func(http.Handler) http.RoundTripper{
		"a body that can be aborted": adapters.Handler, "a body that can be closed only": unabortable,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limit := limitOf(base(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.(http.Flusher).Flush()
					<-r.Context().Done()
				})))
				first, err := limit.RoundTrip(newRequest(t, "GET", ""))
				require.NoError(t, err)
				second := make(chan *http.Response, 1)
				go func() {
					resp, err := limit.RoundTrip(newRequest(t, "GET", ""))
					assert.NoError(t, err)
					second <- resp
				}()
				synctest.Wait()
				require.Empty(t, second, "there is one place")
				first.Body.(drain.Aborter).Abort()
				synctest.Wait()
				require.Len(t, second, 1)
				first.Body.Close()
				(<-second).Body.Close()
			})
		})
	}
}

// halfClosing is a connection that can end one of its directions.
type halfClosing struct {
	net.Conn
	ended chan struct{}
}

func (c *halfClosing) CloseWrite() error { close(c.ended); return nil }

// Who is given the connection, as httptrace does, can end what it writes where
// the connection can.
func TestConnection_closeWrite(t *testing.T) {
	for _, tt := range []struct {
		name string
		can  bool
		err  error
	}{{"a connection that can", true, nil}, {"a connection that cannot", false, http.ErrNotSupported}} {
		t.Run(tt.name, func(t *testing.T) {
			n := newPipes()
			defer n.Close()
			go n.serve(func(c net.Conn) {
				readHeader(c)
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				silent(c)
			})
			ended := make(chan struct{})
			h := adapters.New(adapters.Options{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := n.Dial(ctx, network, addr)
				if err != nil || !tt.can {
					return conn, err
				}
				return &halfClosing{conn, ended}, nil
			}})
			defer h.Close()
			var got net.Conn
			req := with(t, adapters.Settings{}, "GET", "http://h.test/", nil)
			fetch(t, h, req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
				GotConn: func(info httptrace.GotConnInfo) { got = info.Conn },
			})))
			w, ok := got.(interface{ CloseWrite() error })
			require.True(t, ok)
			require.Equal(t, tt.err, w.CloseWrite())
			below := got.(interface{ NetConn() net.Conn }).NetConn()
			_, can := below.(*halfClosing)
			require.Equal(t, tt.can, can, "what Dial made can be had")
			if tt.can {
				<-ended
			}
		})
	}
}
