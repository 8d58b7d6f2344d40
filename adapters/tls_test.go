package adapters_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// tlsServer is a server that counts handshakes begun and says who came.
type tlsServer struct {
	*httptest.Server
	handshakes atomic.Int64
}

func newTLSServer(t testing.TB, cert tls.Certificate, clients *x509.CertPool) *tlsServer {
	t.Helper()
	s := &tlsServer{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Proto+" ")
		for _, c := range r.TLS.PeerCertificates {
			io.WriteString(w, c.Subject.CommonName)
		}
	}))
	s.EnableHTTP2 = true
	c := &tls.Config{Certificates: []tls.Certificate{cert}}
	if clients != nil {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, clients
	}
	c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		s.handshakes.Add(1)
		return nil, nil
	}
	s.TLS = c
	s.Config.ErrorLog = discard
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func verify(b bool) *bool { return &b }

// Each axis of trust: what was made under one value serves no other.
func TestPoolKey(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	cert, _, _ := ca.issue(t, "server", "a.test", "b.test")
	alice, aliceCert, aliceKey := ca.issue(t, "alice")
	bob, _, _ := ca.issue(t, "bob")
	caFile, otherFile := file(t, "ca.pem", ca.pem), file(t, "other.pem", other.pem)

	const h2 = "HTTP/2.0 "
	type step struct {
		name       string
		tls        *adapters.TLS
		want       string // "": a failure of TLS
		handshakes int64  // in all, after this step
	}
	for _, c := range []struct {
		name    string
		clients *x509.CertPool
		steps   []step
	}{
		{"R157 verification off, then on", nil, []step{
			{"off", &adapters.TLS{Verify: verify(false)}, h2, 1},
			{"off again, by another value of the same", &adapters.TLS{Verify: verify(false)}, h2, 1},
			{"on fails", nil, "", 2},
			{"said to be on fails", &adapters.TLS{Verify: verify(true)}, "", 3},
			{"off serves as before", &adapters.TLS{Verify: verify(false)}, h2, 3},
		}},
		{"another authority", nil, []step{
			{"the right one", &adapters.TLS{CABundle: caFile}, h2, 1},
			{"another fails", &adapters.TLS{CABundle: otherFile}, "", 2},
			{"both are trusted", &adapters.TLS{CABundle: otherFile, RootCAs: ca.pool()}, h2, 3},
			{"the right one serves as before", &adapters.TLS{CABundle: caFile}, h2, 3},
			{"none but the system's fails", nil, "", 4},
		}},
		{"another pool of roots", nil, []step{
			{"the right one", &adapters.TLS{RootCAs: ca.pool()}, h2, 1},
			{"another fails", &adapters.TLS{RootCAs: other.pool()}, "", 2},
		}},
		{"another name", nil, []step{
			{"a name of the certificate", &adapters.TLS{CABundle: caFile, ServerName: "a.test"}, h2, 1},
			{"another of its names", &adapters.TLS{CABundle: caFile, ServerName: "b.test"}, h2, 2},
			{"none of its names fails", &adapters.TLS{CABundle: caFile, ServerName: "c.test"}, "", 3},
		}},
		{"another client certificate", ca.pool(), []step{
			{"none fails", &adapters.TLS{CABundle: caFile}, "", 1},
			{"alice", &adapters.TLS{CABundle: caFile, Certificates: []tls.Certificate{alice}}, h2 + "alice", 2},
			{"bob", &adapters.TLS{CABundle: caFile, Certificates: []tls.Certificate{bob}}, h2 + "bob", 3},
			{"alice again", &adapters.TLS{CABundle: caFile, Certificates: []tls.Certificate{alice}}, h2 + "alice", 3},
			{"alice from files", &adapters.TLS{
				CABundle:   caFile,
				ClientCert: file(t, "alice.pem", aliceCert), ClientKey: file(t, "alice.key", aliceKey),
			}, h2 + "alice", 4},
			{"alice from one file", &adapters.TLS{
				CABundle: caFile, ClientCert: file(t, "both.pem", append(aliceCert, aliceKey...)),
			}, h2 + "alice", 5},
			{"none fails still", &adapters.TLS{CABundle: caFile}, "", 6},
		}},
		{"another least version", nil, []step{
			{"1.2", &adapters.TLS{CABundle: caFile, MinVersion: tls.VersionTLS12}, h2, 1},
			{"1.3", &adapters.TLS{CABundle: caFile, MinVersion: tls.VersionTLS13}, h2, 2},
		}},
		{"another configuration", nil, []step{
			{"one", &adapters.TLS{CABundle: caFile, Config: &tls.Config{}}, h2, 1},
			{"its fields are the base", &adapters.TLS{Config: &tls.Config{RootCAs: ca.pool(), ServerName: "a.test"}}, h2, 2},
			{"verification off in it", &adapters.TLS{Config: &tls.Config{InsecureSkipVerify: true}}, h2, 3},
			{"verification on over it fails", &adapters.TLS{Verify: verify(true), Config: &tls.Config{InsecureSkipVerify: true}}, "", 4},
			{"NextProtos without h2 turns HTTP/2 off", &adapters.TLS{CABundle: caFile, Config: &tls.Config{NextProtos: []string{"http/1.1"}}}, "HTTP/1.1 ", 5},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTLSServer(t, cert, c.clients)
			h := adapters.New(adapters.Options{})
			defer h.Close()
			for _, step := range c.steps {
				resp, err := h.RoundTrip(with(t, adapters.Settings{TLS: step.tls}, "GET", s.URL, nil))
				if step.want == "" {
					require.ErrorIs(t, err, sentinel.Connection, step.name)
					if c.clients == nil { // else the server's alert may be lost to its hanging up
						require.ErrorIs(t, err, sentinel.TLS, step.name)
					}
				} else {
					require.NoError(t, err, step.name)
					got, err := io.ReadAll(resp.Body)
					require.NoError(t, err)
					require.NoError(t, resp.Body.Close())
					require.Equal(t, step.want, string(got), step.name)
				}
				require.Equal(t, step.handshakes, s.handshakes.Load(), step.name)
			}
		})
	}
}

func TestTLS_errors(t *testing.T) {
	ca := newAuthority(t)
	_, certPEM, keyPEM := ca.issue(t, "client")
	_, _, foreignKey := ca.issue(t, "another")
	missing := filepath.Join(t.TempDir(), "nope.pem")
	empty := file(t, "empty.pem", []byte("no certificates\n"))
	emptyDir := t.TempDir()
	certFile := file(t, "cert.pem", certPEM)
	for _, c := range []struct {
		name  string
		tls   adapters.TLS
		names string
	}{
		{"R155 a bundle that is not there", adapters.TLS{CABundle: missing}, missing},
		{"a bundle without certificates", adapters.TLS{CABundle: empty}, empty},
		{"a directory without certificates", adapters.TLS{CABundle: emptyDir}, emptyDir},
		{"R156 a client certificate that is not there", adapters.TLS{ClientCert: missing}, missing},
		{"R156 a client key that is not there", adapters.TLS{ClientCert: certFile, ClientKey: missing}, missing},
		{"a certificate without its key", adapters.TLS{ClientCert: certFile}, certFile},
		{"a key of another certificate", adapters.TLS{ClientCert: certFile, ClientKey: file(t, "foreign.pem", foreignKey)}, certFile},
		{"a key without a certificate", adapters.TLS{ClientKey: file(t, "key.pem", keyPEM)}, "key.pem"},
		{"a certificate in memory without its key", adapters.TLS{Certificates: []tls.Certificate{{}}}, "client certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.ErrorContains(t, c.tls.Load(), c.names)
			h := adapters.New(adapters.Options{Dial: newPipes().Dial})
			_, err := h.RoundTrip(with(t, adapters.Settings{TLS: &c.tls}, "GET", "https://h.test/", nil))
			require.ErrorContains(t, err, c.names)
			require.NotErrorIs(t, err, sentinel.Connection)
		})
	}
	t.Run("the cause is kept", func(t *testing.T) {
		require.ErrorIs(t, (&adapters.TLS{CABundle: missing}).Load(), os.ErrNotExist)
	})
	t.Run("nil and zero are right", func(t *testing.T) {
		require.NoError(t, (*adapters.TLS)(nil).Load())
		require.NoError(t, (&adapters.TLS{}).Load())
	})
	t.Run("D30 plain http does not look at them", func(t *testing.T) {
		s := httptest.NewServer(http.NotFoundHandler())
		defer s.Close()
		h := adapters.New(adapters.Options{})
		defer h.Close()
		resp, _ := fetch(t, h, with(t, adapters.Settings{TLS: &adapters.TLS{CABundle: missing}}, "GET", s.URL, nil))
		require.Equal(t, 404, resp.StatusCode)
	})
}

// Whoever answers a dial may put what he likes into a certificate.
func TestTLS_namesOfACertificateBeginNoLine(t *testing.T) {
	cert, _, _ := newAuthority(t).issue(t, "server", "x\x1b[31m.test", "b\nINJECTED")
	s := newTLSServer(t, cert, nil)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	require.NoError(t, err)
	h := adapters.New(adapters.Options{ConnectTo: map[string]string{"h.test:" + port: s.Listener.Addr().String()}})
	defer h.Close()
	_, err = h.RoundTrip(with(t, adapters.Settings{}, "GET", "https://h.test:"+port, nil))
	require.ErrorIs(t, err, sentinel.TLS)
	require.ErrorAs(t, err, new(x509.HostnameError))
	assert.ErrorContains(t, err, `valid for x\x1b[31m.test, b\nINJECTED, not h.test`)
}

func TestTLS_directory(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	cert, _, _ := ca.issue(t, "server")
	s := newTLSServer(t, cert, nil)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "readme"), []byte("text"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "other.pem"), other.pem, 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sub"), 0o700))
	require.NoError(t, os.Symlink(file(t, "ca.pem", ca.pem), filepath.Join(dir, "0a1b2c3d.0")))
	h := adapters.New(adapters.Options{})
	defer h.Close()
	fetch(t, h, with(t, adapters.Settings{TLS: &adapters.TLS{CABundle: dir}}, "GET", s.URL, nil))
}

// A bundle that changes on disk is another trust, a second later at most.
func TestTLS_changedFile(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	path := file(t, "ca.pem", ca.pem)
	synctest.Test(t, func(t *testing.T) {
		// Certificates are valid now, not when a bubble's clock begins.
		cert, roots := bubbleServer(t, ca)
		n := newPipes()
		s := &http.Server{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}), TLSConfig: cert, ErrorLog: discard,
		}
		go s.ServeTLS(n, "", "")
		h := adapters.New(adapters.Options{Dial: n.Dial})
		set := adapters.Settings{TLS: &adapters.TLS{CABundle: path, Config: roots}}
		get := func() error {
			resp, err := h.RoundTrip(with(t, set, "GET", "https://h.test/", nil))
			if err == nil {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			return err
		}
		require.NoError(t, get())
		require.NoError(t, os.WriteFile(path, append([]byte("\n"), other.pem...), 0o600))
		require.NoError(t, get(), "looked at once a second at most")
		time.Sleep(time.Second)
		require.ErrorIs(t, get(), sentinel.TLS)
		require.NoError(t, os.WriteFile(path, ca.pem, 0o600))
		time.Sleep(time.Second)
		require.NoError(t, get())
		require.NoError(t, os.Remove(path))
		time.Sleep(time.Second)
		require.ErrorIs(t, get(), os.ErrNotExist)
		h.Close()
		s.Close()
	})
}

// A session of TLS that was made under one trust is not resumed under another.
func TestTLS_noResumptionAcrossTrust(t *testing.T) {
	ca := newAuthority(t)
	cert, _, _ := ca.issue(t, "server", "a.test", "b.test")
	var resumed []bool
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		resumed = append(resumed, r.TLS.DidResume)
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.Config.ErrorLog = discard
	s.StartTLS()
	defer s.Close()
	base := &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	h := adapters.New(adapters.Options{})
	defer h.Close()
	roots := ca.pool()
	one := adapters.Settings{TLS: &adapters.TLS{RootCAs: roots, Config: base}}
	another := adapters.Settings{TLS: &adapters.TLS{RootCAs: roots, Config: base, MinVersion: tls.VersionTLS12}}
	for _, set := range []adapters.Settings{one, one, another, another, one} {
		fetch(t, h, with(t, set, "GET", s.URL, nil))
		h.CloseIdleConnections()
	}
	require.Equal(t, []bool{false, true, false, true, true}, resumed, "not by the cache of the base either")
}

func TestTransportsAreBounded(t *testing.T) {
	ca := newAuthority(t)
	cert, _, _ := ca.issue(t, "server")
	s := newTLSServer(t, cert, nil)
	h := adapters.New(adapters.Options{})
	defer h.Close()
	sets := make([]adapters.Settings, 80)
	for i := range sets {
		sets[i] = adapters.Settings{TLS: &adapters.TLS{RootCAs: ca.pool()}}
		fetch(t, h, with(t, sets[i], "GET", s.URL, nil))
	}
	require.EqualValues(t, 80, s.handshakes.Load())
	require.Equal(t, 64, h.Transports())
	fetch(t, h, with(t, sets[79], "GET", s.URL, nil))
	require.EqualValues(t, 80, s.handshakes.Load(), "those used last are kept")
	fetch(t, h, with(t, sets[0], "GET", s.URL, nil))
	require.EqualValues(t, 81, s.handshakes.Load(), "the one used longest ago was dropped")
}
