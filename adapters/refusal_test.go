package adapters_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// What a SOCKS 4 proxy has no room for, or answers against the protocol.
func TestSOCKS4_refuses(t *testing.T) {
	for _, tt := range []struct {
		name, user, host, answer, want string
	}{
		{"a user of more than 255 bytes", strings.Repeat("u", 256), "h.test", "", "invalid user"},
		{"a user with a zero byte", "a\x00b", "h.test", "", "invalid user"},
		{"a host of more than 255 bytes", "", strings.Repeat("h", 256), "", "invalid host"},
		{"a port that is none", "", "h.test:65616", "", "invalid port"},
		{"an answer of another version", "", "h.test", "\x05\x5a\x00\x00\x00\x00\x00\x00", "unexpected version 5"},
		{"half an answer", "", "h.test", "\x00\x5a", "EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newPipes()
			defer n.Close()
			go n.serve(func(c net.Conn) {
				c.Read(make([]byte, 512))
				io.WriteString(c, tt.answer)
				c.Close()
			})
			h := adapters.New(adapters.Options{Dial: n.Dial})
			defer h.Close()
			set := adapters.Settings{Proxy: &url.URL{Scheme: "socks4a", User: url.User(tt.user), Host: "p.test:1080"}}
			_, err := h.RoundTrip(with(t, set, "GET", "http://"+tt.host+"/", nil))
			require.ErrorIs(t, err, sentinel.Proxy)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

// The time that a SOCKS 4 proxy is given ends with the context.
func TestSOCKS4_silence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newPipes()
		go n.serve(silent)
		h := adapters.New(adapters.Options{Dial: n.Dial})
		ctx, cancel := context.WithCancelCause(t.Context())
		asked := errors.New("not wanted any more")
		go func() {
			synctest.Wait()
			cancel(asked)
		}()
		req := with(t, adapters.Settings{Proxy: parsed(t, "socks4a://p.test")}, "GET", "http://h.test/", nil)
		_, err := h.RoundTrip(req.WithContext(adapters.WithSettings(ctx, adapters.Settings{Proxy: parsed(t, "socks4a://p.test")})))
		require.ErrorIs(t, err, asked)
		h.Close()
		n.Close()
	})
}

func TestSOCKS_aNameThatCannotBeLookedUp(t *testing.T) {
	for _, scheme := range []string{"socks4", "socks5"} {
		n := newPipes()
		h := adapters.New(adapters.Options{Dial: n.Dial, Resolver: noDNS})
		go n.serve(silent)
		_, err := h.RoundTrip(with(t, adapters.Settings{Proxy: parsed(t, scheme+"://127.0.0.1")}, "GET", "http://no.such.test/", nil))
		require.ErrorIs(t, err, sentinel.Proxy, scheme)
		h.Close()
		n.Close()
	}
}

func TestGuard_refusesByTheDefaultPort(t *testing.T) {
	for _, tt := range []struct {
		name, url string
		ports     []uint16
		want      bool
	}{
		{"https without a port is 443", "https://any.test/", []uint16{80}, true},
		{"http without a port is 80", "http://any.test/", []uint16{443}, true},
		{"another port", "http://any.test:8080/", []uint16{80, 443}, true},
		{"a number beyond all ports", "http://any.test:65616/", []uint16{80}, true},
		{"its own port", "http://any.test:8080/", []uint16{8080}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newPipes()
			defer n.Close()
			go n.serve(func(c net.Conn) { c.Close() })
			h := adapters.New(adapters.Options{Guard: &adapters.Guard{ThroughProxy: true, Ports: tt.ports, Hosts: []string{"p.test"}}, Dial: n.Dial})
			defer h.Close()
			_, err := h.RoundTrip(with(t, adapters.Settings{Proxy: parsed(t, "http://p.test:3128")}, "GET", tt.url, nil))
			assert.Equal(t, tt.want, errors.Is(err, adapters.ErrBlockedAddress), "%v", err)
		})
	}
}

func TestTLS_filesThatAreTooLarge(t *testing.T) {
	large := file(t, "large.pem", make([]byte, 17<<20))
	dir := t.TempDir()
	require.NoError(t, os.Link(large, filepath.Join(dir, "ca.pem")))
	for name, set := range map[string]adapters.TLS{
		"a bundle":             {CABundle: large},
		"a file of a bundle":   {CABundle: dir},
		"a client certificate": {ClientCert: large},
	} {
		assert.ErrorContains(t, set.Load(), "larger than", name)
	}
}

// Real bundles have keys and comments between their certificates.
func TestTLS_bundleWithOtherBlocks(t *testing.T) {
	ca := newAuthority(t)
	_, _, key := ca.issue(t, "client")
	require.NoError(t, (&adapters.TLS{CABundle: file(t, "ca.pem", append(key, ca.pem...))}).Load())
	assert.ErrorContains(t, (&adapters.TLS{CABundle: file(t, "key.pem", key)}).Load(), "no certificates")
}

func TestData_refusesABadEscape(t *testing.T) {
	for _, opaque := range []string{"text/pl%zzain,x", ",100%"} {
		req := with(t, adapters.Settings{}, "GET", "http://placeholder.test", nil)
		req.URL = &url.URL{Scheme: "data", Opaque: opaque}
		_, err := adapters.Data().RoundTrip(req)
		require.ErrorIs(t, err, sentinel.InvalidURL, opaque)
		assert.ErrorContains(t, err, "bad escape")
		assert.NotContains(t, err.Error(), "100", "its content is not shown")
	}
}

func TestData_contentEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	req := with(t, adapters.Settings{}, "GET", "http://placeholder.test", nil).WithContext(ctx)
	req.URL = &url.URL{Scheme: "data", Opaque: ",content"}
	resp, err := adapters.Data().RoundTrip(req)
	require.NoError(t, err)
	cause := errors.New("not wanted any more")
	cancel(cause)
	_, err = resp.Body.Read(make([]byte, 1))
	assert.ErrorIs(t, err, cause)
	require.NoError(t, resp.Body.Close())
	_, err = resp.Body.Read(make([]byte, 1))
	assert.Equal(t, http.ErrBodyReadAfterClose, err)
}

func TestUnix_refusesAHostThatIsNoSocket(t *testing.T) {
	rt := adapters.Unix()
	defer rt.(io.Closer).Close()
	req := with(t, adapters.Settings{}, "GET", "http://placeholder.test", nil)
	req.URL = &url.URL{Scheme: "http+unix", Host: "%zz", Path: "/"}
	_, err := rt.RoundTrip(req)
	assert.Error(t, err)
}

// A SOCKS 4 proxy that hangs up before it was asked.
func TestSOCKS4_hangsUp(t *testing.T) {
	n := newPipes()
	defer n.Close()
	go n.serve(func(net.Conn) {})
	h := adapters.New(adapters.Options{Dial: n.Dial})
	defer h.Close()
	_, err := h.RoundTrip(with(t, adapters.Settings{Proxy: parsed(t, "socks4a://p.test")}, "GET", "http://h.test/", nil))
	require.ErrorIs(t, err, sentinel.Proxy)
	assert.ErrorIs(t, err, io.ErrClosedPipe, "it is the asking that failed")
}
