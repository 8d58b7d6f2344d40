package bench_test

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	carl "github.com/carlmjohnson/requests"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

func compareDropped(t *testing.T, l library, w wishes) string {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		io.WriteString(rw, small)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	p := l.new(w)
	defer p.close()
	for range 3 {
		require.NoError(t, p.drop(t.Context(), server.URL))
	}
	if connections.Load() == 1 {
		return "the connection serves the next call"
	}
	require.EqualValues(t, 3, connections.Load())
	return "the connection is lost"
}

const bombSize = 65 << 20

// bomb is one JSON string, so that whatever decodes it can.
var bomb = sync.OnceValue(func() []byte {
	var buf bytes.Buffer
	w, _ := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	zeros := bytes.Repeat([]byte("0"), 1<<20)
	for range bombSize >> 20 {
		w.Write(zeros)
	}
	w.Close()
	return buf.Bytes()
})

func compareBomb(t *testing.T, l library, w wishes) string {
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			rw.WriteHeader(http.StatusNotAcceptable)
			return
		}
		rw.Header().Set("Content-Encoding", "gzip")
		rw.Write(bomb())
	}))
	defer server.Close()
	w.codings = true
	p := l.new(w)
	defer p.close()
	r, err := p.send(t.Context(), call{method: http.MethodGet, url: server.URL})
	if err != nil {
		t.Log(err)
		return "an error"
	}
	require.Equal(t, http.StatusOK, r.status)
	require.Len(t, r.content, bombSize)
	return "all of it"
}

// codings by fasthttp's encoders; it asks for none by itself.
var codings = []struct {
	name   string
	encode func(dst, src []byte) []byte
}{
	{"gzip", fasthttp.AppendGzipBytes},
	{"deflate", fasthttp.AppendDeflateBytes},
	{"br", fasthttp.AppendBrotliBytes},
	{"zstd", fasthttp.AppendZstdBytes},
}

func compareCodings(t *testing.T, l library, w wishes) string {
	var protocol string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		protocol = fmt.Sprintf("HTTP/%d", r.ProtoMajor)
		if r.ProtoMinor > 0 {
			protocol += fmt.Sprintf(".%d", r.ProtoMinor)
		}
		content := []byte(small)
		for _, c := range codings {
			if "/"+c.name == r.URL.Path {
				if !strings.Contains(r.Header.Get("Accept-Encoding"), c.name) {
					rw.WriteHeader(http.StatusNotAcceptable)
					return
				}
				rw.Header().Set("Content-Encoding", c.name)
				content = c.encode(nil, content)
			}
		}
		rw.Write(content)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	w.roots = x509.NewCertPool()
	w.roots.AddCert(server.Certificate())
	p := l.new(w)
	defer p.close()
	var undone []string
	for _, c := range codings {
		r, err := p.send(t.Context(), call{method: http.MethodGet, url: server.URL + "/" + c.name})
		switch {
		case r.status == http.StatusNotAcceptable || carl.HasStatusErr(err, http.StatusNotAcceptable):
		case err == nil && string(r.content) == small:
			undone = append(undone, c.name)
		default:
			t.Logf("%s: %v", c.name, err)
			undone = append(undone, c.name+" (asked for, not undone)")
		}
	}
	if len(undone) == 0 {
		undone = []string{"no codings"}
	}
	return protocol + "; " + strings.Join(undone, ", ")
}

// zeros reads like a file that cannot be read twice.
type zeros struct {
	left  int
	atEnd func()
}

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		z.atEnd()
		return 0, io.EOF
	}
	n := min(len(p), z.left)
	clear(p[:n])
	z.left -= n
	return n, nil
}

// compareUpload sends more than the sockets' buffers hold: when the reader
// ends, a request that is streamed has arrived.
func compareUpload(t *testing.T, l library, w wishes) string {
	const size = 32 << 20
	var begun, streamed atomic.Bool
	var received atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		begun.Store(true)
		n, _ := io.Copy(io.Discard, r.Body)
		received.Store(n)
	}))
	server.Config.ConnState = func(c net.Conn, s http.ConnState) {
		if s == http.StateNew {
			c.(*net.TCPConn).SetReadBuffer(64 << 10)
		}
	}
	server.Start()
	defer server.Close()
	p := l.new(w)
	defer p.close()
	body := &zeros{size, func() { streamed.Store(begun.Load()) }}
	_, err := p.send(t.Context(), call{method: http.MethodPost, url: server.URL, body: body})
	require.NoError(t, err)
	require.EqualValues(t, size, received.Load())
	if streamed.Load() {
		return "streamed"
	}
	return "read into memory first"
}

// compareError asks a server that hangs up.
func compareError(t *testing.T, l library, w wishes) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	})
	p := l.new(w)
	_, err = p.send(t.Context(), call{method: http.MethodGet, url: "http://" + listener.Addr().String() + "/?token=secret"})
	p.close()
	listener.Close()
	wg.Wait()
	require.Error(t, err)
	t.Log(err)
	if strings.Contains(err.Error(), "secret") {
		return "shows the token"
	}
	return "does not show it"
}
