package requests_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

// socketServer serves on a unix domain socket and returns its path.
func socketServer(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s") // short: a socket's path may have about 100 bytes
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "a b.sock")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	s := httptest.NewUnstartedServer(h)
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return path
}

func TestTransport_unixSocketInTheURL(t *testing.T) {
	path := socketServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/redirect" {
			w.Header().Set("Location", "/v1/info")
			w.WriteHeader(302)
			return
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s at %s: %s", r.Method, r.RequestURI, r.Host, body)
	})
	unix := adapters.Unix()
	t.Cleanup(func() { unix.(io.Closer).Close() })
	s := newSession(t, requests.WithAdapter("http+unix://", unix))
	written := "http+unix://" + url.PathEscape(path)

	p, err := s.Prepare(t.Context(), &requests.Request{URL: written + "/v1/x%20y", Params: url.Values{"a": {"1"}}})
	require.NoError(t, err)
	assert.Equal(t, path, p.URL.Host, "decoded")
	assert.Equal(t, "/v1/x y", p.URL.Path)
	assert.Equal(t, written+"/v1/x%20y?a=1", p.URL.String(), "printed as it was written")

	resp, err := s.Send(p)
	require.NoError(t, err)
	assert.Equal(t, "GET /v1/x%20y?a=1 at localhost: ", resp.Text())
	assert.Equal(t, written+"/v1/x%20y?a=1", resp.Request.URL.String())
	resp, err = s.Post(t.Context(), written+"/v1", requests.WithBody("content"))
	require.NoError(t, err)
	assert.Equal(t, "POST /v1 at localhost: content", resp.Text())

	_, err = s.Get(t.Context(), written+"/redirect")
	require.ErrorIs(t, err, requests.ErrNoAdapter, "D54 a server leads to http and https only")
	resp, err = s.Get(t.Context(), written+"/redirect", requests.WithoutRedirects())
	require.NoError(t, err)
	assert.Equal(t, 302, resp.StatusCode)

	_, err = s.Get(t.Context(), "http+unix://"+url.PathEscape(filepath.Join(filepath.Dir(path), "none.sock"))+"/")
	require.ErrorIs(t, err, requests.ErrConnection)
	assert.Contains(t, err.Error(), "http+unix://"+url.PathEscape(filepath.Dir(path)))
	_, err = newSession(t).Get(t.Context(), written+"/")
	require.ErrorIs(t, err, requests.ErrNoAdapter, "not by default")
}

func TestTransport_unixSocketOfASession(t *testing.T) {
	path := socketServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/redirect" {
			http.Redirect(w, r, "http://b.test/next", http.StatusFound)
			return
		}
		io.WriteString(w, r.Host+r.URL.Path)
	})
	pool := adapters.New(adapters.Options{Socket: path})
	defer pool.Close()
	s := newSession(t, requests.WithAdapter("http://", pool))
	text, err := requests.Text(s.Get(t.Context(), "http://a.test/redirect"))
	require.NoError(t, err)
	assert.Equal(t, "b.test/next", text)
	_, err = s.Get(t.Context(), "http://a.test/", requests.WithProxy("http://127.0.0.1:1"))
	require.ErrorContains(t, err, "socket", "a proxy cannot be kept to")
}

func TestTransport_redirectsReachTheWebOnly(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "secret"), []byte("planted"), 0o600))
	socket := socketServer(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "planted") })
	unix := adapters.Unix()
	defer unix.(io.Closer).Close()
	for _, location := range []string{
		"file:///secret", "FILE:///secret", "file:/secret", "data:,planted", "data:text/plain;base64,cGxhbnRlZA==",
		"http+unix://" + url.PathEscape(socket) + "/", "HTTP+UNIX://" + url.PathEscape(socket) + "/",
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			t.Run(fmt.Sprint("D54 ", location, " by ", status), func(t *testing.T) {
				w := newReplies(t, redirectTo(status, location))
				s := newSession(t, requests.WithAdapter("file://", adapters.File(root)), requests.WithAdapter("data:", adapters.Data()),
					requests.WithAdapter("http+unix://", unix))
				_, err := s.Get(t.Context(), w.URL)
				require.ErrorIs(t, err, requests.ErrNoAdapter)
				resp, err := s.Get(t.Context(), w.URL, requests.WithoutRedirects())
				require.NoError(t, err)
				assert.Nil(t, resp.Next(), "nor by hand")
			})
		}
	}
}

func TestTransport_filesAndData(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "a file.txt"), []byte("0123456789"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(root), "outside"), []byte("planted"), 0o600))
	s := newSession(t, requests.WithAdapter("file://", adapters.File(root)), requests.WithAdapter("data:", adapters.Data()))
	for _, tt := range []struct {
		name, method, url string
		options           []requests.Option
		status            int
		content, length   string
	}{
		{"a file", "GET", "file:///a%20file.txt", nil, 200, "0123456789", "10"},
		{"a file at localhost", "GET", "file://localhost/a%20file.txt", nil, 200, "0123456789", "10"},
		{"HEAD of a file", "HEAD", "file:///a%20file.txt", nil, 200, "", "10"},
		{"a range of a file", "GET", "file:///a%20file.txt", []requests.Option{requests.WithHeader("Range", "bytes=2-4")}, 206, "234", "3"},
		{"a range it does not have", "GET", "file:///a%20file.txt", []requests.Option{requests.WithHeader("Range", "bytes=20-")}, 416, "", ""},
		{"no such file", "GET", "file:///none", nil, 404, "", ""},
		{"not out of the root", "GET", "file:///../outside", nil, 404, "", ""},
		{"not out of the root, escaped", "GET", "file:///%2e%2e/outside", nil, 404, "", ""},
		{"no other method", "PUT", "file:///a%20file.txt", []requests.Option{requests.WithBody("content")}, 405, "", ""},
		{"data", "GET", "data:text/plain;charset=iso-8859-1,%e9t%e9", nil, 200, "été", "3"},
		{"data in base64", "GET", "data:;base64,aGVsbG8=", nil, 200, "hello", "5"},
		{"HEAD of data", "HEAD", "data:,hello", nil, 200, "", "5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, err := s.Request(t.Context(), tt.method, tt.url, tt.options...)
			require.NoError(t, err)
			assert.Equal(t, tt.status, resp.StatusCode)
			if tt.status < 300 {
				assert.Equal(t, tt.content, resp.Text())
				assert.Equal(t, tt.length, resp.Header.Get("Content-Length"))
			}
			assert.NotContains(t, resp.Text(), "planted")
		})
	}
	t.Run("its limits hold", func(t *testing.T) {
		_, err := s.Get(t.Context(), "data:,hello", requests.WithMaxBody(4))
		require.ErrorIs(t, err, requests.ErrBodyTooLarge)
		_, err = s.Get(t.Context(), "file:///a%20file.txt", requests.WithMaxBody(4))
		require.ErrorIs(t, err, requests.ErrBodyTooLarge)
	})
}

func TestTransport_guard(t *testing.T) {
	w := newWire(t, func(r wireRequest) string { return redirectTo(302, r.Header.Get("X-To")) })
	guarded := adapters.New(adapters.Options{Guard: &adapters.Guard{Hosts: []string{w.Addr}}})
	defer guarded.Close()
	s := newSession(t, requests.WithAdapter("http://", guarded), requests.WithAdapter("https://", guarded))
	for _, to := range []string{
		"http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/", "http://[fd00:ec2::254]/", "http://[::ffff:169.254.169.254]/",
		"http://[64:ff9b::a9fe:a9fe]/", "http://100.100.100.200/", "http://10.0.0.1/", "http://127.0.0.1:1/", "http://[::1]:1/",
		"http://0.0.0.0:1/", "//169.254.169.254/", "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/",
	} {
		t.Run("a redirect to "+to, func(t *testing.T) {
			_, err := s.Get(t.Context(), w.URL, requests.WithHeader("X-To", to))
			require.ErrorIs(t, err, requests.ErrBlockedAddress)
			require.ErrorIs(t, err, requests.ErrConnection)
			var e *requests.Error
			require.ErrorAs(t, err, &e)
		})
	}
	t.Run("it is not retried", func(t *testing.T) {
		retry := &adapters.Retry{Wait: -1, OnRetry: func(a adapters.Attempt) { assert.Fail(t, "retried", a) }}
		_, err := newSession(t, requests.WithAdapter("http://", guarded), requests.WithMiddleware(retry.Wrap)).Get(t.Context(), "http://10.0.0.1/")
		require.ErrorIs(t, err, requests.ErrBlockedAddress)
	})
	t.Run("a proxy is refused unless it is told what to do", func(t *testing.T) {
		h := newHosts(t, ok)
		p := newProxy(t, h)
		_, err := s.Get(t.Context(), "http://a.test/", requests.WithProxy(p.URL))
		require.ErrorIs(t, err, requests.ErrBlockedAddress)
		told := adapters.New(adapters.Options{Guard: &adapters.Guard{ThroughProxy: true}})
		defer told.Close()
		through := newSession(t, requests.WithAdapter("http://", told), requests.WithProxy(p.URL))
		_, err = through.Get(t.Context(), "http://a.test/")
		require.NoError(t, err)
		_, err = through.Get(t.Context(), "http://169.254.169.254/")
		require.ErrorIs(t, err, requests.ErrBlockedAddress)
		assert.Equal(t, []string{"GET http://a.test/"}, p.Lines())
	})
	t.Run("what is allowed is reached", func(t *testing.T) {
		allowed := adapters.New(adapters.Options{Guard: &adapters.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
		defer allowed.Close()
		resp, err := newSession(t, requests.WithAdapter("http://", allowed)).Get(t.Context(), w.URL, requests.WithoutRedirects())
		require.NoError(t, err)
		assert.Equal(t, 302, resp.StatusCode)
	})
}

// Content goes along with a 307 through a proxy, which is chosen for each hop.
func TestTransport_proxyOfEveryHop(t *testing.T) {
	for _, tt := range []struct {
		name, from, to string
		one, two       []string // what each proxy is asked
	}{
		{"forwarded, then forwarded", "http://a.test/start", "http://a.test/end", []string{"POST http://a.test/start", "POST http://a.test/end"}, []string{}},
		{"forwarded, then through a tunnel", "http://a.test/start", "https://a.test/end", []string{"POST http://a.test/start"}, []string{"CONNECT a.test:443"}},
		{"a tunnel for both", "https://a.test/start", "https://a.test/end", []string{}, []string{"CONNECT a.test:443"}},
		{"a tunnel for each host", "https://a.test/start", "https://b.test/end", []string{}, []string{"CONNECT a.test:443", "CONNECT b.test:443"}},
		{"through a tunnel, then directly", "https://a.test/start", "https://c.test/end", []string{}, []string{"CONNECT a.test:443"}},
	} {
		for _, environment := range []bool{false, true} {
			name := tt.name
			if environment {
				name += ", by the environment"
			}
			t.Run(name, func(t *testing.T) {
				h := newHosts(t, redirectOnce(307, tt.to))
				one, two := newProxy(t, h), newProxy(t, h)
				s := h.Session(t)
				if environment {
					t.Setenv("http_proxy", one.URL)
					t.Setenv("https_proxy", two.URL)
					t.Setenv("no_proxy", "c.test")
				} else {
					require.NoError(t, s.Update(requests.WithProxies(map[string]string{"http": one.URL, "https": two.URL, "https://c.test": ""})))
				}
				resp, err := s.Post(t.Context(), tt.from, requests.WithBody(onlySeeker{strings.NewReader(content)}))
				require.NoError(t, err)
				assert.Equal(t, 200, resp.StatusCode)
				assert.Equal(t, []string{tt.from, tt.to}, h.URLs())
				for _, a := range h.Arrivals() {
					assert.Equal(t, content, a.Body)
					assert.Equal(t, "POST", a.Method)
				}
				assert.Equal(t, tt.one, one.Lines())
				assert.Equal(t, tt.two, two.Lines())
			})
		}
	}
}

// issued is a certificate of an authority made for it, with both as PEM files.
type issued struct {
	certificate       tls.Certificate
	roots             *x509.CertPool
	cert, key, bundle string
}

func newIssued(t *testing.T, name string) issued {
	t.Helper()
	made := func(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		if signer == nil {
			parent, signer = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
		require.NoError(t, err)
		c, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		return c, key
	}
	from, to := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	ca, caKey := made(&x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of " + name}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, nil)
	leaf, key := made(&x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to,
		DNSNames: []string{"a.test"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}, ca, caKey)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	file := func(kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), "file.pem")
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return path
	}
	i := issued{tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}, x509.NewCertPool(),
		file("CERTIFICATE", leaf.Raw), file("PRIVATE KEY", der), file("CERTIFICATE", ca.Raw)}
	i.roots.AddCert(ca)
	return i
}

// secured is a TLS server at a.test, which answers with who asks and over
// which connection, and a session that reaches it.
func secured(t *testing.T, server issued, clients *x509.CertPool) (*requests.Session, *hosts) {
	t.Helper()
	h := newHosts(t, ok)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := "nobody"
		if len(r.TLS.PeerCertificates) > 0 {
			who = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		fmt.Fprint(w, r.ProtoMajor, " ", who, " ", r.RemoteAddr)
	}))
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{Certificates: []tls.Certificate{server.certificate}, ClientCAs: clients, ClientAuth: tls.VerifyClientCertIfGiven}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes are to fail
	s.StartTLS()
	t.Cleanup(s.Close)
	h.secure = s.Listener.Addr().String()
	return newSession(t, requests.WithAdapter("https://", h.pool), requests.WithAdapter("http://", h.pool)), h
}

// trustStep is a request of one session, and what it must come to.
type trustStep struct {
	name   string
	option requests.Option
	who    string // "": the server is not trusted
	conn   int    // which connection, from 1, in the order they are first used
}

func TestTransport_noConnectionUnderOtherTrust(t *testing.T) {
	server, other := newIssued(t, "server"), newIssued(t, "other")
	ada, eve := newIssued(t, "ada"), newIssued(t, "eve")
	clients := x509.NewCertPool()
	for _, i := range []issued{ada, eve} {
		b, err := os.ReadFile(i.bundle)
		require.NoError(t, err)
		require.True(t, clients.AppendCertsFromPEM(b))
	}
	trusted := func() requests.Option {
		return requests.OptionFunc(func(r *requests.Request) error {
			if r.TLS == nil {
				r.TLS = new(requests.TLS)
			}
			r.TLS.RootCAs = server.roots
			return nil
		})
	}
	certified := func(i issued) requests.Option {
		return requests.WithTLS(requests.TLS{RootCAs: server.roots, ClientCert: i.cert, ClientKey: i.key})
	}
	for _, tt := range []struct {
		name  string
		steps []trustStep
	}{
		{"verify off, then on, then off", []trustStep{
			{"off", requests.WithVerify(false), "nobody", 1},
			{"on", requests.WithVerify(true), "", 0},
			{"by default", nil, "", 0},
			{"off", requests.WithVerify(false), "nobody", 1},
			{"on, and trusted", trusted(), "nobody", 2},
		}},
		{"another CA bundle", []trustStep{
			{"the right one", requests.WithCABundle(server.bundle), "nobody", 1},
			{"another", requests.WithCABundle(other.bundle), "", 0},
			{"the right one", requests.WithCABundle(server.bundle), "nobody", 1},
			{"the right one as a pool", requests.WithTLS(requests.TLS{RootCAs: server.roots}), "nobody", 2},
			{"another as a pool", requests.WithTLS(requests.TLS{RootCAs: other.roots}), "", 0},
		}},
		{"another client certificate", []trustStep{
			{"ada", certified(ada), "ada", 1},
			{"eve", certified(eve), "eve", 2},
			{"none", requests.WithTLS(requests.TLS{RootCAs: server.roots}), "nobody", 3},
			{"ada", certified(ada), "ada", 1},
		}},
		{"another name", []trustStep{
			{"its own", trusted(), "nobody", 1},
			{"another", requests.WithTLS(requests.TLS{RootCAs: server.roots, ServerName: "b.test"}), "", 0},
			{"its own", trusted(), "nobody", 1},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := secured(t, server, clients)
			conns := make(map[string]int)
			for _, step := range tt.steps {
				var opts []requests.Option
				if step.option != nil {
					opts = append(opts, step.option)
				}
				resp, err := s.Get(t.Context(), "https://a.test/", opts...)
				if step.who == "" {
					require.ErrorIs(t, err, requests.ErrTLS, step.name)
					require.ErrorIs(t, err, requests.ErrConnection, step.name)
					continue
				}
				require.NoError(t, err, step.name)
				var major int
				var who, conn string
				_, err = fmt.Sscan(resp.Text(), &major, &who, &conn)
				require.NoError(t, err)
				assert.Equal(t, 2, major, "HTTP/2 whatever the trust")
				assert.Equal(t, step.who, who, step.name)
				if conns[conn] == 0 {
					conns[conn] = len(conns) + 1
				}
				assert.Equal(t, step.conn, conns[conn], step.name)
			}
		})
	}
}

// net/http alone sends all five through the first.
func TestTransport_proxiesToOneHTTP2Host(t *testing.T) {
	server := newIssued(t, "server")
	s, h := secured(t, server, nil)
	require.NoError(t, s.Update(requests.WithTLS(requests.TLS{RootCAs: server.roots})))
	one, two := newProxy(t, h), newProxy(t, h)
	conns := make(map[string]string)
	for _, via := range []string{one.URL, two.URL, "", one.URL, ""} {
		resp, err := s.Get(t.Context(), "https://a.test/", requests.WithProxy(via))
		require.NoError(t, err)
		text := resp.Text()
		assert.True(t, strings.HasPrefix(text, "2 "), text)
		if known, ok := conns[via]; ok {
			assert.Equal(t, known, text, "its own connection again")
		}
		for other, known := range conns {
			assert.True(t, other == via || known != text, "a connection of %q for %q", other, via)
		}
		conns[via] = text
	}
	assert.Equal(t, []string{"CONNECT a.test:443"}, one.Lines())
	assert.Equal(t, []string{"CONNECT a.test:443"}, two.Lines())
}

func TestTransport_fileURLWithoutASlash(t *testing.T) {
	_, err := newSession(t, requests.WithAdapter("file://", adapters.File(t.TempDir()))).Get(t.Context(), "file:a")
	assert.ErrorIs(t, err, requests.ErrInvalidURL)
}
