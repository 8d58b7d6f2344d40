package docs_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mccutchen/go-httpbin/v2/httpbin"
	"github.com/stretchr/testify/require"
)

// hosts are the servers that the pages talk to, made anew for each block, so
// that they may count.
func hosts() map[string]http.Handler {
	bin := httpbin.New(httpbin.WithHostname("httpbin.org"))
	all := map[string]http.Handler{
		"api.example.com":   api(),
		"other.example.com": http.HandlerFunc(echo),
		"httpbin.org":       bin,
		"api.github.com":    githubAPI(),
		"api.openai.com":    openaiAPI(),
	}
	maps.Copy(all, recipeHosts())
	return all
}

// api is the service that most blocks are about.
func api() http.Handler {
	mux := http.NewServeMux()
	users := map[string]string{"42": "Ada", "43": "Grace"}
	mux.HandleFunc("GET /v1/users/{id}", func(w http.ResponseWriter, r *http.Request) {
		name, ok := users[r.PathValue("id")]
		if !ok {
			problem(w, http.StatusNotFound, "no such user")
			return
		}
		id, _ := strconv.Atoi(r.PathValue("id"))
		answer(w, http.StatusOK, map[string]any{"id": id, "name": name})
	})
	mux.HandleFunc("GET /v1/users", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, []map[string]any{{"id": 42, "name": "Ada"}, {"id": 43, "name": "Grace"}})
	})
	mux.HandleFunc("POST /v1/users", func(w http.ResponseWriter, r *http.Request) {
		var user map[string]any
		if err := json.NewDecoder(r.Body).Decode(&user); err != nil {
			problem(w, http.StatusBadRequest, err.Error())
			return
		}
		user["id"] = 44
		w.Header().Set("Location", "/v1/users/44")
		answer(w, http.StatusCreated, user)
	})
	mux.HandleFunc("DELETE /v1/users/{id}", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/v1/echo", echo)
	// Three pages of items, by Link fields.
	mux.HandleFunc("GET /v1/items", func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.FormValue("page"))
		page = max(page, 1)
		if page < 3 {
			w.Header().Set("Link", fmt.Sprintf(`<https://api.example.com/v1/items?page=%d>; rel="next"`, page+1))
		}
		answer(w, http.StatusOK, []map[string]any{{"id": 2*page - 1}, {"id": 2 * page}})
	})
	mux.HandleFunc("GET /v1/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		io.WriteString(w, "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n")
	})
	mux.HandleFunc("GET /v1/report.csv", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(w, r, "report.csv", time.Time{}, strings.NewReader("name,born\nAda,1815\nGrace,1906\n"))
	})
	mux.HandleFunc("POST /v1/files", func(w http.ResponseWriter, r *http.Request) {
		sizes := make(map[string]int64)
		if r.ParseMultipartForm(1<<20) == nil {
			for name, files := range r.MultipartForm.File {
				sizes[name+" "+files[0].Filename] = files[0].Size
			}
		}
		answer(w, http.StatusOK, sizes)
	})
	// Two failures, then success.
	var calls atomic.Int32
	mux.HandleFunc("/v1/flaky", func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) < 3 {
			problem(w, http.StatusServiceUnavailable, "try again")
			return
		}
		answer(w, http.StatusOK, map[string]any{"calls": calls.Load()})
	})
	mux.HandleFunc("GET /v1/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/v1/users/42", http.StatusMovedPermanently)
	})
	mux.HandleFunc("/v1/renamed", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/v1/echo", http.StatusMovedPermanently)
	})
	// Answers nothing until the client goes away.
	mux.HandleFunc("/v1/slow", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	// Leaves the origin.
	mux.HandleFunc("/v1/elsewhere", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://other.example.com/", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("POST /v1/login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "abc", Path: "/", Secure: true})
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// echo answers with what it was sent.
func echo(w http.ResponseWriter, r *http.Request) {
	content, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	header := make(map[string]string)
	for name := range r.Header {
		header[name] = r.Header.Get(name)
	}
	answer(w, http.StatusOK, map[string]any{
		"method": r.Method, "host": r.Host, "path": r.URL.Path, "query": r.URL.RawQuery,
		"header": header, "content": string(content),
	})
}

func githubAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /repos/{owner}/{name}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, map[string]any{"name": r.PathValue("name"), "full_name": r.PathValue("owner") + "/" + r.PathValue("name"), "stargazers_count": 7})
	})
	return mux
}

func openaiAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, map[string]any{
			"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o",
			"choices": []any{map[string]any{"index": 0, "finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": "Hello, Ada."}}},
		})
	})
	return mux
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
}

// world is what a block runs in: a directory, and an environment whose proxy
// answers for every host.
type world struct {
	dir         string
	environment []string
	hosts       map[string]http.Handler
	authority   *authority
	tunnels     tunnels

	mu   sync.Mutex
	lost []string // guarded by mu: requests that nothing answers
}

func newWorld(t *testing.T) *world {
	w := &world{dir: t.TempDir(), hosts: hosts(), authority: newAuthority(t), tunnels: newTunnels()}
	quiet := log.New(io.Discard, "", 0) // clients that break off are none of the tests' business
	proxy := httptest.NewUnstartedServer(http.HandlerFunc(w.proxy))
	proxy.Config.ErrorLog = quiet
	proxy.Start()
	t.Cleanup(proxy.Close)
	inside := &http.Server{Handler: http.HandlerFunc(w.serve), ErrorLog: quiet}
	go inside.Serve(w.tunnels)
	t.Cleanup(func() { inside.Close() })

	trust := filepath.Join(w.dir, "ca.pem")
	write(t, trust, w.authority.pem())
	cert, key := w.authority.client(t)
	write(t, filepath.Join(w.dir, "client.pem"), cert)
	write(t, filepath.Join(w.dir, "client-key.pem"), key)
	write(t, filepath.Join(w.dir, "report.csv"), "name,born\nAda,1815\n")
	write(t, filepath.Join(w.dir, "photo.jpg"), "not really a photo")
	w.environment = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "TMPDIR=" + w.dir,
		"HTTP_PROXY=" + proxy.URL, "HTTPS_PROXY=" + proxy.URL, "http_proxy=" + proxy.URL, "https_proxy=" + proxy.URL,
		"NO_PROXY=localhost,127.0.0.1,::1", "no_proxy=localhost,127.0.0.1,::1",
		"REQUESTS_CA_BUNDLE=" + trust, "SSL_CERT_FILE=" + trust, "AWS_CA_BUNDLE=" + trust,
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_REGION=eu-west-1", "AWS_EC2_METADATA_DISABLED=true",
		"API_TOKEN=t0ken", "GITHUB_TOKEN=t0ken", "OPENAI_API_KEY=t0ken",
	}
	return w
}

// unknown returns the requests that nothing answered.
func (w *world) unknown() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.lost)
}

func (w *world) proxy(rw http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		w.serve(rw, r)
		return
	}
	conn, _, err := rw.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		conn.Close()
		return
	}
	w.tunnels.add(tls.Server(conn, &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return w.authority.leaf(hello.ServerName)
	}}))
}

// serve answers as the host that the request is for.
func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	handler := w.hosts[host]
	found := handler != nil
	if mux, ok := handler.(*http.ServeMux); ok {
		_, pattern := mux.Handler(r)
		found = pattern != ""
	}
	if !found {
		w.mu.Lock()
		w.lost = append(w.lost, r.Method+" "+r.Host+r.URL.RequestURI())
		w.mu.Unlock()
		http.Error(rw, "no such route", http.StatusNotImplemented)
		return
	}
	handler.ServeHTTP(rw, r)
}

// tunnels are the connections that CONNECT made, as what a server listens to.
type tunnels struct {
	conns  chan net.Conn
	closed chan struct{}
	once   *sync.Once
}

func newTunnels() tunnels {
	return tunnels{conns: make(chan net.Conn), closed: make(chan struct{}), once: new(sync.Once)}
}

func (l tunnels) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// add hands conn to who accepts, or closes it when nobody does any more.
func (l tunnels) add(conn net.Conn) {
	select {
	case l.conns <- conn:
	case <-l.closed:
		conn.Close()
	}
}

func (l tunnels) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l tunnels) Addr() net.Addr { return &net.TCPAddr{} }

// authority signs the certificates of the hosts.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of the pages"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{cert: cert, key: key}
}

func (a *authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// leaf returns a certificate for host.
func (a *authority) leaf(host string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// client returns the certificate and the key of a client, as PEM.
func (a *authority) client(t *testing.T) (cert, key string) {
	leaf, err := a.leaf("client.example.com")
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Certificate[0]})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
