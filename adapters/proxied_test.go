package adapters_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/internal/proxyauth"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// httpProxy forwards and tunnels, and keeps the requests it got. Names end at
// the machine itself.
type httpProxy struct {
	*httptest.Server
	want string // Proxy-Authorization it lets through; "": any

	mu   sync.Mutex // guards seen
	seen []*http.Request
}

func newHTTPProxy(t testing.TB, cert *tls.Certificate) *httpProxy {
	t.Helper()
	p := &httpProxy{}
	p.Server = httptest.NewUnstartedServer(p)
	p.Config.ErrorLog = discard
	if cert == nil {
		p.Start()
	} else {
		p.TLS = &tls.Config{Certificates: []tls.Certificate{*cert}}
		p.StartTLS()
	}
	t.Cleanup(p.Close)
	return p
}

func (p *httpProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.seen = append(p.seen, r)
	want := p.want
	p.mu.Unlock()
	if want != "" && r.Header.Get("Proxy-Authorization") != want {
		w.Header().Set("Proxy-Authenticate", `Test nonce="1"`)
		http.Error(w, "who are you", http.StatusProxyAuthRequired)
		return
	}
	if r.Method != http.MethodConnect {
		out := r.Clone(r.Context())
		out.RequestURI = ""
		out.Header.Del("Proxy-Authorization")
		resp, err := http.DefaultTransport.RoundTrip(out)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
		io.Copy(w, resp.Body)
		return
	}
	_, port, _ := net.SplitHostPort(r.Host)
	if port == "1" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	server, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	client, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		server.Close()
		return
	}
	io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	join(client, server)
}

// requests returns what came: method, target, and credentials.
func (p *httpProxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for _, r := range p.seen {
		list = append(list, strings.TrimSpace(r.Method+" "+r.RequestURI+" "+r.Header.Get("Proxy-Authorization")))
	}
	return list
}

// join copies both ways until either side ends.
func join(a, b net.Conn) {
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
		go func() {
			io.Copy(pair[0], pair[1])
			done <- struct{}{}
		}()
	}
	<-done
	a.Close()
	b.Close()
	<-done
}

// socksProxy speaks SOCKS 4, 4A and 5, and keeps what it was asked for.
type socksProxy struct {
	net.Listener
	user, password string // for SOCKS 5; "": nobody is asked

	mu   sync.Mutex // guards asked
	asks []string
}

func newSOCKSProxy(t testing.TB) *socksProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &socksProxy{Listener: l}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	t.Cleanup(func() { l.Close() })
	return p
}

func (p *socksProxy) serve(c net.Conn) {
	r := bufio.NewReader(c)
	version, _ := r.ReadByte()
	var target string
	var err error
	switch version {
	case 4:
		target, err = p.serve4(r)
	case 5:
		target, err = p.serve5(r, c)
	default:
		err = fmt.Errorf("version %d", version)
	}
	if err != nil {
		c.Close()
		return
	}
	p.mu.Lock()
	p.asks = append(p.asks, target)
	p.mu.Unlock()
	_, port, _ := net.SplitHostPort(target)
	server, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
	ok, refused := []byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0}, []byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0}
	if version == 4 {
		ok, refused = []byte{0, 90, 0, 0, 0, 0, 0, 0}, []byte{0, 91, 0, 0, 0, 0, 0, 0}
	}
	if err != nil {
		c.Write(refused)
		c.Close()
		return
	}
	c.Write(ok)
	join(c, server)
}

func (p *socksProxy) serve4(r *bufio.Reader) (string, error) {
	var b [7]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return "", err
	}
	if _, err := r.ReadString(0); err != nil {
		return "", err
	}
	host := net.IP(b[3:7]).String()
	if b[3] == 0 && b[4] == 0 && b[5] == 0 {
		name, err := r.ReadString(0)
		if err != nil {
			return "", err
		}
		host = strings.TrimSuffix(name, "\x00")
	}
	return net.JoinHostPort(host, fmt.Sprint(binary.BigEndian.Uint16(b[1:3]))), nil
}

func (p *socksProxy) serve5(r *bufio.Reader, c net.Conn) (string, error) {
	n, _ := r.ReadByte()
	methods := make([]byte, n)
	if _, err := io.ReadFull(r, methods); err != nil {
		return "", err
	}
	if p.user == "" {
		c.Write([]byte{5, 0})
	} else {
		if !slices.Contains(methods, 2) {
			c.Write([]byte{5, 0xff})
			return "", errors.New("no password")
		}
		c.Write([]byte{5, 2})
		r.ReadByte()
		user, password := counted(r), counted(r)
		if user != p.user || password != p.password {
			c.Write([]byte{1, 1})
			return "", errors.New("wrong password")
		}
		c.Write([]byte{1, 0})
	}
	var b [4]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return "", err
	}
	var host string
	switch b[3] {
	case 1:
		ip := make(net.IP, 4)
		io.ReadFull(r, ip)
		host = ip.String()
	case 3:
		host = counted(r)
	case 4:
		ip := make(net.IP, 16)
		io.ReadFull(r, ip)
		host = ip.String()
	}
	var port [2]byte
	_, err := io.ReadFull(r, port[:])
	return net.JoinHostPort(host, fmt.Sprint(binary.BigEndian.Uint16(port[:]))), err
}

func counted(r *bufio.Reader) string {
	n, _ := r.ReadByte()
	b := make([]byte, n)
	io.ReadFull(r, b)
	return string(b)
}

func (p *socksProxy) url(scheme, user string) *url.URL {
	if user != "" {
		user += "@"
	}
	u, _ := url.Parse(scheme + "://" + user + p.Addr().String())
	return u
}

func (p *socksProxy) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asks)
}

// origin echoes method, host, content and the credentials that reach it.
func origin(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s%s", r.Method, r.URL.Path, b, strings.Join(r.Header.Values("Proxy-Authorization"), ","))
}

func parsed(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	require.NoError(t, err)
	return u
}

// What is connected to for a proxy, as its URL has it.
func TestProxies_addresses(t *testing.T) {
	for _, tt := range []struct{ proxy, want string }{
		{"http://P.test", "p.test:80"},
		{"http://[::1]", "[::1]:80"},
		{"http://[fe80::1%25Eth0]:3128", "[fe80::1%Eth0]:3128"},
		{"socks5h://[fe80::1%25Eth0]", "[fe80::1%Eth0]:1080"},
		{"https://b\u00fccher.test", "xn--bcher-kva.test:443"},
	} {
		t.Run(tt.proxy, func(t *testing.T) {
			var dialled []string
			h := adapters.New(adapters.Options{Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
				dialled = append(dialled, addr)
				return nil, io.EOF
			}})
			defer h.Close()
			_, err := h.RoundTrip(with(t, adapters.Settings{Proxy: parsed(t, tt.proxy)}, "GET", "http://h.test/", nil))
			require.ErrorIs(t, err, sentinel.Proxy)
			assert.Equal(t, []string{tt.want}, dialled)
		})
	}
}

// Each kind of proxy carries GET, POST with a streamed body, and both inside TLS.
func TestProxies(t *testing.T) {
	ca, proxyCA := newAuthority(t), newAuthority(t)
	cert, _, _ := ca.issue(t, "origin", "origin.test")
	proxyCert, _, _ := proxyCA.issue(t, "proxy")
	plain := httptest.NewServer(http.HandlerFunc(origin))
	defer plain.Close()
	secure := httptest.NewUnstartedServer(http.HandlerFunc(origin))
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	secure.EnableHTTP2 = true
	secure.StartTLS()
	defer secure.Close()

	byHTTP, byHTTPS, bySOCKS, byPassword := newHTTPProxy(t, nil), newHTTPProxy(t, &proxyCert), newSOCKSProxy(t), newSOCKSProxy(t)
	byPassword.user, byPassword.password = "u", "p:@"
	for _, c := range []struct {
		name  string
		proxy *url.URL
	}{
		{"http", parsed(t, byHTTP.URL)},
		{"https", parsed(t, byHTTPS.URL)},
		{"socks4", bySOCKS.url("socks4", "")},
		{"socks4 with a user", bySOCKS.url("socks4", "me")},
		{"socks4a", bySOCKS.url("socks4a", "")},
		{"socks5", bySOCKS.url("socks5", "")},
		{"socks5h", bySOCKS.url("socks5h", "")},
		{"socks5 with a password", byPassword.url("socks5", "u:p%3A%40")},
		{"socks5h with a password", byPassword.url("socks5h", "u:p%3A%40")},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := adapters.New(adapters.Options{})
			defer h.Close()
			set := adapters.Settings{
				Proxy: c.proxy, TLS: &adapters.TLS{RootCAs: ca.pool()}, ProxyTLS: &adapters.TLS{RootCAs: proxyCA.pool()},
			}
			for _, base := range []string{plain.URL, secure.URL} {
				resp, got := fetch(t, h, with(t, set, "GET", base+"/a", nil))
				require.Equal(t, "GET /a ", got)
				_, got = fetch(t, h, with(t, set, "POST", base+"/b", reading("content")))
				require.Equal(t, "POST /b content", got)
				if base == secure.URL {
					require.Equal(t, 2, resp.ProtoMajor, "HTTP/2 is negotiated through the proxy")
				}
			}
		})
	}
	assert.Contains(t, byHTTP.requests(), "GET "+plain.URL+"/a", "R148 the target is in absolute form")
	assert.Contains(t, byHTTP.requests(), "CONNECT "+strings.TrimPrefix(secure.URL, "https://"), "R149")
}

func TestProxies_names(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(origin))
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	for _, c := range []struct{ scheme, name, want string }{
		{"socks4a", "name.test", "name.test:"},
		{"socks5h", "name.test", "name.test:"},
		{"socks4", "localhost", "127.0.0.1:"},
	} {
		t.Run(c.scheme, func(t *testing.T) {
			p := newSOCKSProxy(t)
			h := adapters.New(adapters.Options{})
			defer h.Close()
			fetch(t, h, with(t, adapters.Settings{Proxy: p.url(c.scheme, "")}, "GET", "http://"+c.name+":"+port+"/", nil))
			require.Equal(t, []string{c.want + port}, p.asked())
		})
	}
	t.Run("socks5 looks names up here", func(t *testing.T) {
		p := newSOCKSProxy(t)
		h := adapters.New(adapters.Options{})
		defer h.Close()
		fetch(t, h, with(t, adapters.Settings{Proxy: p.url("socks5", "")}, "GET", "http://localhost:"+port+"/", nil))
		require.Len(t, p.asked(), 1)
		require.NotContains(t, p.asked()[0], "localhost")
	})
}

// net/http's HTTP/2 pool does not know proxies: one transport would send all
// five requests through the first one's tunnel.
func TestProxies_apart(t *testing.T) {
	ca := newAuthority(t)
	cert, _, _ := ca.issue(t, "origin")
	s := newTLSServer(t, cert, nil)
	p1, p2 := newHTTPProxy(t, nil), newHTTPProxy(t, nil)
	h := adapters.New(adapters.Options{})
	defer h.Close()
	trust := &adapters.TLS{RootCAs: ca.pool()}
	for _, proxy := range []string{p1.URL, p2.URL, "", p1.URL, ""} {
		set := adapters.Settings{TLS: trust}
		if proxy != "" {
			set.Proxy = parsed(t, proxy)
		}
		_, got := fetch(t, h, with(t, set, "GET", s.URL, nil))
		require.Equal(t, "HTTP/2.0 ", got)
	}
	require.Len(t, p1.requests(), 1, "the second time by the tunnel that is there")
	require.Len(t, p2.requests(), 1)
	require.EqualValues(t, 3, s.handshakes.Load())
}

func TestProxyAuthorization(t *testing.T) {
	ca := newAuthority(t)
	cert, _, _ := ca.issue(t, "origin")
	plain := httptest.NewServer(http.HandlerFunc(origin))
	defer plain.Close()
	secure := httptest.NewUnstartedServer(http.HandlerFunc(origin))
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	secure.StartTLS()
	defer secure.Close()
	const basic = "Basic dTpwOg==" // u:p:
	fixed := &fixedAuth{value: "Test fixed"}
	for _, c := range []struct {
		name     string
		userinfo string
		auth     adapters.ProxyAuth
		own      string
		want     string
	}{
		{"none", "", nil, "", ""},
		{"R150 user and password of the URL, unescaped", "u:p%3A@", nil, "", basic},
		{"R150 a user alone is not sent", "u@", nil, "", ""},
		{"R151 the caller's own, when the URL has none", "", nil, "Bearer own", "Bearer own"},
		{"R151 the URL's over the caller's own", "u:p%3A@", nil, "Bearer own", basic},
		{"ProxyAuth over the URL's", "u:p%3A@", fixed, "", "Test fixed"},
		{"ProxyAuth over the caller's own", "", fixed, "Bearer own", "Test fixed"},
	} {
		for _, kind := range []struct{ name, base, method string }{{"forwarded", plain.URL, "GET"}, {"tunnelled", secure.URL, "CONNECT"}} {
			t.Run(c.name+", "+kind.name, func(t *testing.T) {
				p := newHTTPProxy(t, nil)
				h := adapters.New(adapters.Options{})
				defer h.Close()
				u := parsed(t, strings.Replace(p.URL, "//", "//"+c.userinfo, 1))
				req := with(t, adapters.Settings{Proxy: u, ProxyAuth: c.auth, TLS: &adapters.TLS{RootCAs: ca.pool()}}, "GET", kind.base+"/x", nil)
				if c.own != "" {
					req.Header.Set("Proxy-Authorization", c.own)
				}
				before := req.Header.Clone()
				_, got := fetch(t, h, req)
				require.Equal(t, before, req.Header, "the request is not changed")
				require.Equal(t, "GET /x ", got, "CVE-2023-32681: nothing reaches the origin")
				require.Len(t, p.requests(), 1)
				parts := strings.SplitN(p.requests()[0], " ", 3)
				require.Equal(t, kind.method, parts[0])
				require.Equal(t, c.want, strings.Join(parts[2:], ""))
			})
		}
	}
	t.Run("D73 never to an origin", func(t *testing.T) {
		h := adapters.New(adapters.Options{})
		defer h.Close()
		for _, key := range []string{"Proxy-Authorization", "proxy-authorization"} {
			req := with(t, adapters.Settings{}, "GET", plain.URL+"/x", nil)
			req.Header[key] = []string{"Bearer own"}
			_, got := fetch(t, h, req)
			require.Equal(t, "GET /x ", got)
			require.Equal(t, []string{"Bearer own"}, req.Header[key])
		}
	})
	t.Run("a tunnel serves only whom the proxy let through", func(t *testing.T) {
		p := newHTTPProxy(t, nil)
		h := adapters.New(adapters.Options{})
		defer h.Close()
		set := adapters.Settings{Proxy: parsed(t, p.URL), TLS: &adapters.TLS{RootCAs: ca.pool()}}
		for _, own := range []string{"Bearer a", "Bearer b", "Bearer a", ""} {
			req := with(t, set, "GET", secure.URL+"/x", nil)
			if own != "" {
				req.Header.Set("Proxy-Authorization", own)
			}
			fetch(t, h, req)
		}
		require.Len(t, p.requests(), 3)
	})
}

// fixedAuth sets what it has, and only on requests that are for a proxy.
type fixedAuth struct{ value string }

func (a *fixedAuth) Authenticate(r *http.Request) error {
	if proxyauth.From(r.Context()) == nil {
		return errors.New("not for a proxy")
	}
	r.Header.Set("Proxy-Authorization", a.value)
	return nil
}

// answering knows the answer once it has seen a challenge.
type answering struct {
	mu     sync.Mutex // guards what follows
	value  string
	asked  []string
	giveUp bool
}

func (a *answering) Authenticate(r *http.Request) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.value != "" {
		r.Header.Set("Proxy-Authorization", a.value)
	}
	return nil
}

func (a *answering) Challenge(resp *http.Response) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if proxyauth.From(resp.Request.Context()) == nil {
		return false, errors.New("not from a proxy")
	}
	a.asked = append(a.asked, resp.Request.Method+" "+resp.Header.Get("Proxy-Authenticate"))
	if a.giveUp {
		return false, nil
	}
	a.value = "Test answer"
	return true, nil
}

func TestProxyChallenge(t *testing.T) {
	ca := newAuthority(t)
	cert, _, _ := ca.issue(t, "origin")
	plain := httptest.NewServer(http.HandlerFunc(origin))
	defer plain.Close()
	secure := httptest.NewUnstartedServer(http.HandlerFunc(origin))
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	secure.StartTLS()
	defer secure.Close()
	trust := &adapters.TLS{RootCAs: ca.pool()}
	for _, c := range []struct {
		name    string
		base    string
		content func() io.Reader
		want    string // "": 407
		asks    int
		giveUp  bool
		wants   string // what the proxy lets through
	}{
		{"CONNECT", secure.URL, nil, "POST /x ", 1, false, "Test answer"},
		{"CONNECT with content that opens again", secure.URL, func() io.Reader { return strings.NewReader("abc") }, "POST /x abc", 1, false, "Test answer"},
		{"CONNECT with content that is not touched", secure.URL, func() io.Reader { return reading("abc") }, "POST /x abc", 1, false, "Test answer"},
		{"forwarded", plain.URL, nil, "POST /x ", 1, false, "Test answer"},
		{"forwarded with content that opens again", plain.URL, func() io.Reader { return strings.NewReader("abc") }, "POST /x abc", 1, false, "Test answer"},
		{"forwarded with content that is gone is a response", plain.URL, func() io.Reader { return reading("abc") }, "", 1, false, "Test answer"},
		{"no answer to CONNECT is an error", secure.URL, nil, "", 1, true, "Test answer"},
		{"no answer to a forwarded request is a response", plain.URL, nil, "", 1, true, "Test answer"},
		{"answers are bounded, forwarded", plain.URL, nil, "", 3, false, "Test other"},
		{"answers are bounded, CONNECT", secure.URL, nil, "", 3, false, "Test other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newHTTPProxy(t, nil)
			p.want = c.wants
			h := adapters.New(adapters.Options{})
			defer h.Close()
			a := &answering{giveUp: c.giveUp}
			set := adapters.Settings{Proxy: parsed(t, p.URL), ProxyAuth: a, TLS: trust}
			var content io.Reader
			if c.content != nil {
				content = c.content()
			}
			req := with(t, set, "POST", c.base+"/x", content)
			closed := &closeCounter{ReadCloser: req.Body}
			if req.Body != nil {
				req.Body = closed
			}
			resp, err := h.RoundTrip(req)
			require.Len(t, a.asked, c.asks)
			switch {
			case c.want != "":
				require.NoError(t, err)
				b, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				resp.Body.Close()
				require.Equal(t, c.want, string(b))
			case c.base == plain.URL:
				require.NoError(t, err)
				require.Equal(t, 407, resp.StatusCode, "R152")
				resp.Body.Close()
			default:
				require.ErrorIs(t, err, sentinel.Proxy)
				require.ErrorContains(t, err, "407")
			}
			if req.Body != nil {
				require.EqualValues(t, 1, closed.count(), "the body is closed once")
			}
		})
	}
}

// givesUp fails at every challenge.
type givesUp struct{ err error }

func (*givesUp) Authenticate(*http.Request) error                 { return nil }
func (g *givesUp) Challenge(*http.Response) (again bool, _ error) { return false, g.err }

// The error of an authenticator comes as it is, however the proxy was asked,
// and the content is closed.
func TestProxyChallenge_error(t *testing.T) {
	for _, target := range []string{"http://h.test/", "https://h.test/"} {
		for name, content := range map[string]io.Reader{
			"content that opens again": strings.NewReader("content"), "content that does not": reading("content"),
		} {
			t.Run(target+" with "+name, func(t *testing.T) {
				p := newHTTPProxy(t, nil)
				p.want = "Test answer"
				h := adapters.New(adapters.Options{})
				defer h.Close()
				why := &givesUp{errors.New("the token has expired")}
				req := with(t, adapters.Settings{Proxy: parsed(t, p.URL), ProxyAuth: why}, "POST", target, content)
				closed := &closeCounter{ReadCloser: req.Body}
				req.Body = closed
				resp, err := h.RoundTrip(req)
				require.Nil(t, resp)
				assert.Equal(t, why.err, err)
				assert.Equal(t, 1, closed.count())
				assert.Len(t, p.requests(), 1)
			})
		}
	}
	t.Run("content that cannot be opened again", func(t *testing.T) {
		p := newHTTPProxy(t, nil)
		p.want = "Test answer"
		h := adapters.New(adapters.Options{})
		defer h.Close()
		req := with(t, adapters.Settings{Proxy: parsed(t, p.URL), ProxyAuth: &answering{}}, "POST", "http://h.test/", strings.NewReader("content"))
		gone := errors.New("the file is gone")
		req.GetBody = func() (io.ReadCloser, error) { return nil, gone }
		resp, err := h.RoundTrip(req)
		require.Nil(t, resp)
		assert.Equal(t, gone, err)
		assert.Len(t, p.requests(), 1)
	})
	t.Run("before a forwarded request is sent", func(t *testing.T) {
		for name, content := range map[string]io.Reader{"in memory": strings.NewReader("content"), "of a stream": reading("content")} {
			h := adapters.New(adapters.Options{})
			req := with(t, adapters.Settings{Proxy: parsed(t, "http://127.0.0.1:1"), ProxyAuth: failing{}}, "POST", "http://h.test/", content)
			closed := &closeCounter{ReadCloser: req.Body}
			req.Body = closed
			_, err := h.RoundTrip(req)
			require.ErrorIs(t, err, errNoCredentials)
			assert.Equal(t, 1, closed.count(), name)
			for _, s := range h.Statistics() {
				assert.Zero(t, s.InFlight, name)
			}
			h.Close()
		}
	})
}

// closeCounter counts how often a body is closed.
type closeCounter struct {
	io.ReadCloser
	mu sync.Mutex // guards n
	n  int
}

func (c *closeCounter) Close() error {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return c.ReadCloser.Close()
}

func (c *closeCounter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func TestProxyErrors(t *testing.T) {
	ca, wrongCA := newAuthority(t), newAuthority(t)
	cert, _, _ := ca.issue(t, "both")
	secure := newTLSServer(t, cert, nil)
	refusing := newHTTPProxy(t, nil)
	byHTTPS := newHTTPProxy(t, &cert)
	bySOCKS := newSOCKSProxy(t)
	byPassword := newSOCKSProxy(t)
	byPassword.user, byPassword.password = "u", "secret"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := l.Addr().String()
	l.Close()
	rude, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer rude.Close()
	go func() {
		for {
			c, err := rude.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	trust, distrust := &adapters.TLS{RootCAs: ca.pool()}, &adapters.TLS{RootCAs: wrongCA.pool()}
	for _, c := range []struct {
		name  string
		proxy *url.URL
		url   string
		set   adapters.Settings
		is    []error
		not   []error
		text  string
	}{
		{"R152 nobody listens", parsed(t, "http://"+closed), "http://h.test/", adapters.Settings{}, []error{sentinel.Proxy, sentinel.Connection}, []error{sentinel.Timeout, sentinel.TLS}, "refused"},
		{"R152 nobody listens, for TLS", parsed(t, "http://"+closed), "https://h.test/", adapters.Settings{}, []error{sentinel.Proxy}, []error{sentinel.TLS}, ""},
		{"nobody listens, SOCKS", parsed(t, "socks5h://"+closed), "http://h.test/", adapters.Settings{}, []error{sentinel.Proxy}, nil, ""},
		{"R152 no such name", parsed(t, "http://proxy.invalid:1"), "http://h.test/", adapters.Settings{}, []error{sentinel.Proxy}, nil, ""},
		{"R152 CONNECT is refused, with its status", parsed(t, refusing.URL), "https://h.test:1/", adapters.Settings{}, []error{sentinel.Proxy}, []error{sentinel.TLS}, "403 Forbidden"},
		{"the proxy hangs up on CONNECT", parsed(t, "http://"+rude.Addr().String()), "https://h.test/", adapters.Settings{}, []error{sentinel.Proxy}, []error{sentinel.TLS}, ""},
		{"an https proxy of unknown authority", parsed(t, byHTTPS.URL), secure.URL, adapters.Settings{TLS: trust, ProxyTLS: distrust}, []error{sentinel.Proxy, sentinel.TLS}, nil, ""},
		{"TLS settings are not for the proxy", parsed(t, byHTTPS.URL), "http://h.test/", adapters.Settings{TLS: trust}, []error{sentinel.Proxy, sentinel.TLS}, nil, ""},
		{"verification off is not for the proxy", parsed(t, byHTTPS.URL), secure.URL, adapters.Settings{TLS: &adapters.TLS{Verify: verify(false)}}, []error{sentinel.Proxy, sentinel.TLS}, nil, ""},
		{"the proxy's trust is not for the origin", parsed(t, byHTTPS.URL), secure.URL, adapters.Settings{TLS: distrust, ProxyTLS: trust}, []error{sentinel.TLS}, []error{sentinel.Proxy}, ""},
		{"an origin of unknown authority behind SOCKS", bySOCKS.url("socks5h", ""), secure.URL, adapters.Settings{TLS: distrust}, []error{sentinel.TLS}, []error{sentinel.Proxy}, ""},
		{"SOCKS refuses", bySOCKS.url("socks5h", ""), "http://h.test:1/", adapters.Settings{}, []error{sentinel.Proxy}, nil, "refused"},
		{"SOCKS 4 refuses", bySOCKS.url("socks4a", ""), "http://h.test:1/", adapters.Settings{}, []error{sentinel.Proxy}, nil, "91"},
		{"a wrong password", byPassword.url("socks5h", "u:wrongsecret"), "http://h.test:1/", adapters.Settings{}, []error{sentinel.Proxy}, nil, ""},
		{"SOCKS 4 has no IPv6", bySOCKS.url("socks4a", ""), "http://[::1]:1/", adapters.Settings{}, []error{sentinel.Proxy}, nil, "IPv6"},
		{"R147 a proxy without a host", &url.URL{Scheme: "http", Opaque: "x"}, "http://h.test/", adapters.Settings{}, []error{sentinel.InvalidProxyURL}, []error{sentinel.Connection}, ""},
		{"R147 an unknown scheme", parsed(t, "gopher://u:secret@p.test"), "http://h.test/", adapters.Settings{}, []error{sentinel.InvalidProxyURL, sentinel.InvalidURL}, nil, "gopher"},
		{"ProxyAuth cannot be had with SOCKS", parsed(t, "socks5://u:secret@p.test"), "http://h.test/", adapters.Settings{ProxyAuth: &fixedAuth{}}, nil, []error{sentinel.Connection}, "SOCKS"},
		{"a ProxyAuth that cannot be compared", parsed(t, "http://u:secret@p.test"), "http://h.test/", adapters.Settings{ProxyAuth: uncomparable{}}, nil, []error{sentinel.Connection}, "not comparable"},
		{"a ProxyAuth that fails", parsed(t, refusing.URL), "http://h.test/", adapters.Settings{ProxyAuth: failing{}}, []error{errNoCredentials}, []error{sentinel.Connection}, ""},
		{"a ProxyAuth that fails, for TLS", parsed(t, refusing.URL), "https://h.test/", adapters.Settings{ProxyAuth: failing{}}, []error{errNoCredentials}, []error{sentinel.Connection}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := adapters.New(adapters.Options{Resolver: noDNS})
			defer h.Close()
			c.set.Proxy = c.proxy
			resp, err := h.RoundTrip(with(t, c.set, "GET", c.url, nil))
			require.Nil(t, resp)
			require.Error(t, err)
			for _, is := range c.is {
				require.ErrorIs(t, err, is)
			}
			for _, not := range c.not {
				require.NotErrorIs(t, err, not)
			}
			require.ErrorContains(t, err, c.text)
			require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "secret")
		})
	}
	t.Run("the proxy is named, its credentials are not", func(t *testing.T) {
		for name, c := range map[string]struct{ proxy, url, want string }{
			"nobody listens": {"http://u:secret@" + closed, "https://h.test:1/", "proxy failed: http://" + closed + ": "},
			"it refuses":     {"http://u:secret@" + refusing.Listener.Addr().String(), "https://h.test:1/", "proxy failed: " + refusing.URL + ": CONNECT refused: 403 Forbidden"},
		} {
			h := adapters.New(adapters.Options{})
			defer h.Close()
			_, err := h.RoundTrip(with(t, adapters.Settings{Proxy: parsed(t, c.proxy)}, "GET", c.url, nil))
			require.ErrorContains(t, err, c.want, name)
			require.NotContains(t, err.Error(), "secret", name)
		}
	})
	t.Run("the proxy of an adopted transport", func(t *testing.T) {
		for _, set := range []adapters.Settings{{}, {Connect: time.Minute}} {
			h := adapters.From(&http.Transport{Proxy: http.ProxyURL(parsed(t, "http://u:secret@"+closed))})
			defer h.Close()
			_, err := h.RoundTrip(with(t, set, "GET", "http://h.test/", nil))
			require.ErrorIs(t, err, sentinel.Proxy)
			require.NotContains(t, err.Error(), "secret")
			_, err = adapters.From(&http.Transport{}).RoundTrip(with(t, set, "GET", "http://"+closed, nil))
			require.ErrorIs(t, err, sentinel.Connection)
			require.NotErrorIs(t, err, sentinel.Proxy)
		}
	})
	t.Run("the status of a refusal can be had", func(t *testing.T) {
		h := adapters.New(adapters.Options{})
		defer h.Close()
		_, err := h.RoundTrip(with(t, adapters.Settings{Proxy: parsed(t, refusing.URL)}, "GET", "https://h.test:1/", nil))
		var coded interface{ StatusCode() int }
		require.ErrorAs(t, err, &coded)
		require.Equal(t, 403, coded.StatusCode())
	})
}

type uncomparable struct{ _ []func() }

func (uncomparable) Authenticate(*http.Request) error { return nil }

var errNoCredentials = errors.New("no credentials today")

type failing struct{}

func (failing) Authenticate(*http.Request) error { return errNoCredentials }

func TestSettings_print(t *testing.T) {
	s := adapters.Settings{
		Proxy:     parsed(t, "http://user:secret1@p.test"),
		ProxyAuth: &fixedAuth{value: "secret2"},
		TLS:       &adapters.TLS{Certificates: []tls.Certificate{{PrivateKey: []byte("secret3")}}},
	}
	h := adapters.New(adapters.Options{})
	_, _ = h.RoundTrip(with(t, s, "GET", "http://127.0.0.1:1/", nil))
	for _, v := range []any{s, &s, *s.TLS, s.TLS, h, []any{s}, context.Background()} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			got := fmt.Sprintf(verb, v)
			for _, secret := range []string{"secret", "115, 101", "user"} {
				require.NotContains(t, got, secret, verb)
			}
		}
	}
	require.Contains(t, fmt.Sprint(s), "p.test")
}

// fetching is an authenticator that asks somebody for its token, under the
// context of the request.
type fetching struct{ ask func(context.Context) error }

func (f *fetching) Authenticate(r *http.Request) error {
	r.Header.Set("Proxy-Authorization", "Bearer token")
	return f.ask(r.Context())
}

// What an authenticator sends is no part of the exchange that it is for: it
// has time of its own, and counts for itself.
func TestProxyAuth_thatSendsRequests(t *testing.T) {
	for _, target := range []string{"http://h.test/", "https://h.test/"} {
		t.Run(target, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newPipes()
				defer n.Close()
				go n.serve(func(c net.Conn) {
					if readHeader(c) != nil {
						io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
					}
				})
				tokens := newPipes()
				defer tokens.Close()
				go tokens.serve(func(c net.Conn) {
					if readHeader(c) != nil {
						time.Sleep(10 * time.Second)
						io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
					}
				})
				h := adapters.New(adapters.Options{Dial: n.Dial})
				defer h.Close()
				source := &http.Transport{DialContext: tokens.Dial}
				defer source.CloseIdleConnections()
				set := adapters.Settings{Connect: 7 * time.Second, TLSHandshake: 30 * time.Second, Read: 7 * time.Second, Proxy: parsed(t, "http://p.test:3128"),
					ProxyAuth: &fetching{func(ctx context.Context) error {
						req, err := http.NewRequestWithContext(ctx, "GET", "http://tokens.test/", nil)
						if err != nil {
							return err
						}
						resp, err := source.RoundTrip(req)
						if err == nil {
							resp.Body.Close()
						}
						return err
					}}}
				resp, err := h.RoundTrip(with(t, set, "GET", target, nil))
				if err == nil {
					require.Equal(t, 403, resp.StatusCode)
					resp.Body.Close()
				} else {
					require.ErrorContains(t, err, "403", "of the proxy")
				}
				dials := 0
				for _, s := range h.Statistics() {
					dials += int(s.Dials)
				}
				require.Equal(t, 1, dials)
			})
		})
	}
}

// A Host field says which of its sites a server is to show, not which server
// the proxy goes to.
func TestProxied_hostOfTheCaller(t *testing.T) {
	for _, c := range []struct{ name, target, host, line string }{
		{"the URL's", "http://h.test:81/a%2Fb?c=d", "", "GET http://h.test:81/a%2Fb?c=d HTTP/1.1"},
		{"another", "http://h.test:81/a%2Fb?c=d", "other.test", "GET http://h.test:81/a%2Fb?c=d HTTP/1.1"},
		{"another, without a path", "http://h.test", "other.test", "GET http://h.test/ HTTP/1.1"},
		{"another, an empty query", "http://h.test/?", "other.test", "GET http://h.test/? HTTP/1.1"},
		{"another than an address with a zone", "http://[fe80::1%25eth0]:81/", "other.test", "GET http://[fe80::1]:81/ HTTP/1.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newPipes()
			defer n.Close()
			lines := make(chan string, 2)
			go n.serve(func(conn net.Conn) {
				r := bufio.NewReader(conn)
				line, _ := r.ReadString('\n')
				if _, err := http.ReadRequest(bufio.NewReader(io.MultiReader(strings.NewReader(line), r))); err != nil {
					return
				}
				lines <- strings.TrimSpace(line)
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			})
			h := adapters.New(adapters.Options{Dial: n.Dial})
			defer h.Close()
			req := with(t, adapters.Settings{Proxy: parsed(t, "http://p.test:3128")}, "GET", c.target, nil)
			before := *req.URL
			if c.host != "" {
				req.Host = c.host
			}
			resp, err := h.RoundTrip(req)
			require.NoError(t, err)
			resp.Body.Close()
			require.Equal(t, c.line, <-lines)
			require.Equal(t, before, *req.URL, "the caller's is as it was")
		})
	}
}

func TestProxied_connectNamesNoClient(t *testing.T) {
	for _, by := range []struct {
		name string
		auth adapters.ProxyAuth
	}{{"by itself", nil}, {"with a ProxyAuth", &fixedAuth{}}} {
		t.Run(by.name, func(t *testing.T) {
			n := newPipes()
			defer n.Close()
			header := make(chan http.Header, 1)
			go n.serve(func(conn net.Conn) {
				if r := readHeader(conn); r != nil {
					header <- r.Header
				}
				io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\n\r\n")
			})
			h := adapters.New(adapters.Options{Dial: n.Dial})
			defer h.Close()
			_, err := h.RoundTrip(with(t, adapters.Settings{Proxy: parsed(t, "http://p.test:3128"), ProxyAuth: by.auth}, "GET", "https://h.test/", nil))
			require.ErrorIs(t, err, sentinel.Proxy)
			require.NotContains(t, <-header, "User-Agent", "R7")
		})
	}
}
