package bench_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	carl "github.com/carlmjohnson/requests"
	"github.com/dghubble/sling"
	restyv2 "github.com/go-resty/resty/v2"
	"github.com/hashicorp/go-retryablehttp"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpproxy"
	"resty.dev/v3"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/auth"
)

// peer is a library in use, in the way that its documentation shows.
type peer interface {
	// send returns the response with its content, redirects followed.
	send(ctx context.Context, c call) (reply, error)
	// drop sends a GET and does nothing with what is returned.
	drop(ctx context.Context, url string) error
	close()
}

// Peers that have the notion.
type (
	// changer changes a default.
	changer interface{ change(key, value string) }
	// saver keeps cookies in a file.
	saver interface {
		save(file string) error
		load(file string) error
	}
)

type call struct {
	method, url string
	body        any // nil, []byte, *os.File, or an io.Reader that cannot seek
	param       [2]string
	without     string // the header field of the session that is left out
}

type reply struct {
	status  int
	content []byte
}

// wishes is what a row needs of a peer. The zero value is the library as it
// comes.
type wishes struct {
	header    [][2]string       // the session's, or of each call where there is no session
	auth      bool              // Basic credentials, likewise
	param     [2]string         // the session's
	proxy     string            // the server that answers for every host
	roots     *x509.CertPool    // whom to trust
	transport http.RoundTripper // memory
	tries     int               // retries are on, 503 and 429 among their reasons
	noWait    bool              // retries follow at once

	// What a cell names as "with".
	limit      int64 // of the content in memory
	jar        bool
	nilHeader  bool // resty: a field of the request set to nil
	strip      bool // resty's redirect policy that strips headers
	breaker    bool
	retryAfter bool // resty v2's function for Retry-After
	codings    bool // fasthttp: Accept-Encoding set by the caller
	environ    bool // fasthttp: the dialer for proxies of the environment
}

func (w *wishes) tls() *tls.Config {
	if w.roots == nil {
		return nil
	}
	return &tls.Config{RootCAs: w.roots}
}

func (w *wishes) client() *http.Client {
	c := &http.Client{Transport: w.transport}
	if w.transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		w.adjust(t)
		c.Transport = t
	}
	if w.jar {
		c.Jar = newJar(setup{})
	}
	return c
}

func (w *wishes) adjust(t *http.Transport) {
	if w.proxy != "" {
		u, err := url.Parse(w.proxy)
		if err != nil {
			panic(err)
		}
		t.Proxy = http.ProxyURL(u)
	}
	if w.roots != nil {
		t.TLSClientConfig = w.tls()
	}
}

// withParam is for those who add a param to the URL by hand.
func (c call) withParam(w *wishes) string {
	u, err := url.Parse(c.url)
	if err != nil {
		panic(err)
	}
	q := u.Query()
	for _, p := range [][2]string{w.param, c.param} {
		if p[0] != "" {
			q.Set(p[0], p[1])
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func (c call) reader() io.Reader {
	switch b := c.body.(type) {
	case nil:
		return nil
	case []byte:
		return bytes.NewReader(b)
	default:
		return b.(io.Reader)
	}
}

// readAll is what one does with a response by hand.
func readAll(r *http.Response, err error, w *wishes) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	defer r.Body.Close()
	body := r.Body
	if w.limit > 0 {
		body = http.MaxBytesReader(nil, body, w.limit)
	}
	b, err := io.ReadAll(body)
	return reply{r.StatusCode, b}, err
}

type sessionPeer struct{ *requests.Session }

func newSessionPeer(w wishes) peer {
	var opts []requests.Option
	for _, f := range w.header {
		opts = append(opts, requests.WithHeader(f[0], f[1]))
	}
	if w.auth {
		opts = append(opts, requests.WithAuth(auth.Basic(user, password)))
	}
	if w.param[0] != "" {
		opts = append(opts, requests.WithParam(w.param[0], w.param[1]))
	}
	if w.proxy != "" {
		opts = append(opts, requests.WithProxy(w.proxy))
	}
	if w.roots != nil {
		opts = append(opts, requests.WithTLS(requests.TLS{RootCAs: w.roots}))
	}
	if w.transport != nil {
		opts = append(opts, requests.WithAdapter("https://", w.transport))
	}
	if w.tries > 0 {
		r := &adapters.Retry{Attempts: w.tries}
		if w.noWait {
			r.Wait = -1
		}
		opts = append(opts, requests.WithMiddleware(r.Wrap))
	}
	if w.breaker {
		opts = append(opts, requests.WithMiddleware(new(adapters.Breaker).Wrap))
	}
	return sessionPeer{requests.Must(requests.NewSession(opts...))}
}

func (p sessionPeer) send(ctx context.Context, c call) (reply, error) {
	var opts []requests.Option
	if c.body != nil {
		opts = append(opts, requests.WithBody(c.body))
	}
	if c.param[0] != "" {
		opts = append(opts, requests.WithParam(c.param[0], c.param[1]))
	}
	if c.without != "" {
		opts = append(opts, requests.WithoutHeader(c.without))
	}
	r, err := p.Request(ctx, c.method, c.url, opts...)
	if err != nil {
		return reply{}, err
	}
	return reply{r.StatusCode, r.Bytes()}, nil
}

func (p sessionPeer) drop(ctx context.Context, url string) error {
	_, err := p.Get(ctx, url)
	return err
}

func (p sessionPeer) change(key, value string) {
	if err := p.Update(requests.WithHeader(key, value)); err != nil {
		panic(err)
	}
}

func (p sessionPeer) save(file string) error { return p.Cookies().SaveFile(file) }
func (p sessionPeer) load(file string) error { return p.Cookies().LoadFile(file) }
func (p sessionPeer) close()                 { p.Close() }

type handPeer struct {
	wishes
	http *http.Client
}

func newHandPeer(w wishes) peer { return &handPeer{w, w.client()} }

func (p *handPeer) send(ctx context.Context, c call) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, c.method, c.withParam(&p.wishes), c.reader())
	if err != nil {
		return reply{}, err
	}
	for _, f := range p.header {
		req.Header.Set(f[0], f[1])
	}
	if p.auth {
		req.SetBasicAuth(user, password)
	}
	r, err := p.http.Do(req)
	return readAll(r, err, &p.wishes)
}

func (p *handPeer) drop(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	_, err = p.http.Do(req)
	return err
}

func (p *handPeer) close() { p.http.CloseIdleConnections() }

type resty3Peer struct {
	wishes
	*resty.Client
}

func newResty3Peer(w wishes) peer {
	// Basic credentials over http are a warning in its log.
	c := resty.New().SetLogger(silent{})
	for _, f := range w.header {
		c.SetHeader(f[0], f[1])
	}
	if w.auth {
		c.SetBasicAuth(user, password)
	}
	if w.param[0] != "" {
		c.SetQueryParam(w.param[0], w.param[1])
	}
	if w.proxy != "" {
		c.SetProxy(w.proxy)
	}
	if w.roots != nil {
		c.SetTLSClientConfig(w.tls())
	}
	if w.transport != nil {
		c.SetTransport(w.transport)
	}
	if w.tries > 0 {
		c.SetRetryCount(w.tries-1).AddRetryConditions(resty.RetryConditionStatus5XX, resty.RetryConditionStatusTooManyRequests)
	}
	if w.noWait {
		c.SetRetryWaitTime(0).SetRetryMaxWaitTime(0)
	}
	if w.limit > 0 {
		c.SetResponseBodyLimit(w.limit)
	}
	if w.strip {
		c.SetRedirectPolicy(resty.RedirectHeaderStripSensitivePolicy(true))
	}
	if w.breaker {
		c.SetCircuitBreaker(resty.NewCircuitBreakerCount(10, 1, 10*time.Second))
	}
	return &resty3Peer{w, c}
}

func (p *resty3Peer) send(ctx context.Context, c call) (reply, error) {
	r := p.R().SetContext(ctx)
	if c.body != nil {
		r.SetBody(c.body)
	}
	if c.param[0] != "" {
		r.SetQueryParam(c.param[0], c.param[1])
	}
	if c.without != "" {
		r.SetHeader(c.without, "")
		if p.nilHeader {
			r.Header[c.without] = nil
		}
	}
	resp, err := r.Execute(c.method, c.url)
	if err != nil {
		return reply{}, err
	}
	return reply{resp.StatusCode(), resp.Bytes()}, nil
}

func (p *resty3Peer) drop(ctx context.Context, url string) error {
	_, err := p.R().SetContext(ctx).Get(url)
	return err
}

func (p *resty3Peer) change(key, value string) { p.SetHeader(key, value) }
func (p *resty3Peer) close()                   { p.Close() }

type resty2Peer struct {
	wishes
	*restyv2.Client
}

func newResty2Peer(w wishes) peer {
	c := restyv2.New().SetDisableWarn(true).SetLogger(silent{})
	for _, f := range w.header {
		c.SetHeader(f[0], f[1])
	}
	if w.auth {
		c.SetBasicAuth(user, password)
	}
	if w.param[0] != "" {
		c.SetQueryParam(w.param[0], w.param[1])
	}
	if w.proxy != "" {
		c.SetProxy(w.proxy)
	}
	if w.roots != nil {
		c.SetTLSClientConfig(w.tls())
	}
	if w.transport != nil {
		c.SetTransport(w.transport)
	}
	if w.tries > 0 {
		c.SetRetryCount(w.tries - 1).AddRetryCondition(func(r *restyv2.Response, err error) bool {
			return err != nil || r.StatusCode() == http.StatusServiceUnavailable || r.StatusCode() == http.StatusTooManyRequests
		})
	}
	if w.noWait {
		c.SetRetryWaitTime(time.Nanosecond).SetRetryMaxWaitTime(2 * time.Nanosecond)
	}
	if w.retryAfter {
		c.SetRetryMaxWaitTime(time.Minute).SetRetryAfter(func(_ *restyv2.Client, r *restyv2.Response) (time.Duration, error) {
			seconds, err := strconv.Atoi(r.Header().Get("Retry-After"))
			if err != nil {
				return 0, nil // by its own waits
			}
			return time.Duration(seconds) * time.Second, nil
		})
	}
	if w.limit > 0 {
		c.SetResponseBodyLimit(int(w.limit))
	}
	return &resty2Peer{w, c}
}

func (p *resty2Peer) send(ctx context.Context, c call) (reply, error) {
	r := p.R().SetContext(ctx)
	if c.body != nil {
		r.SetBody(c.body)
	}
	if c.param[0] != "" {
		r.SetQueryParam(c.param[0], c.param[1])
	}
	if c.without != "" {
		r.SetHeader(c.without, "")
		if p.nilHeader {
			r.Header[c.without] = nil
		}
	}
	resp, err := r.Execute(c.method, c.url)
	if err != nil {
		return reply{}, err
	}
	return reply{resp.StatusCode(), resp.Body()}, nil
}

func (p *resty2Peer) drop(ctx context.Context, url string) error {
	_, err := p.R().SetContext(ctx).Get(url)
	return err
}

func (p *resty2Peer) change(key, value string) { p.SetHeader(key, value) }
func (p *resty2Peer) close()                   { p.GetClient().CloseIdleConnections() }

// carlPeer keeps a builder as its session.
type carlPeer struct {
	builder *carl.Builder
	http    *http.Client
}

func newCarlPeer(w wishes) peer {
	c := w.client()
	if w.jar {
		c.Jar = carl.NewCookieJar()
	}
	b := carl.New().Client(c)
	for _, f := range w.header {
		b.Header(f[0], f[1])
	}
	if w.auth {
		b.BasicAuth(user, password)
	}
	if w.param[0] != "" {
		b.Param(w.param[0], w.param[1])
	}
	return carlPeer{b, c}
}

func (p carlPeer) send(ctx context.Context, c call) (reply, error) {
	b := p.builder.Clone().BaseURL(c.url).Method(c.method)
	switch body := c.body.(type) {
	case nil:
	case []byte:
		b.BodyBytes(body)
	case *os.File:
		b.BodyFile(body.Name())
	case io.Reader:
		b.BodyReader(body)
	}
	if c.param[0] != "" {
		b.Param(c.param[0], c.param[1])
	}
	if c.without != "" {
		b.Header(c.without)
	}
	var buf bytes.Buffer
	var code int
	err := b.Handle(func(r *http.Response) error {
		code = r.StatusCode
		return carl.ToBytesBuffer(&buf)(r)
	}).Fetch(ctx)
	return reply{code, buf.Bytes()}, err
}

func (p carlPeer) drop(ctx context.Context, url string) error {
	return p.builder.Clone().BaseURL(url).Fetch(ctx)
}

func (p carlPeer) change(key, value string) { p.builder.Header(key, value) }
func (p carlPeer) close()                   { p.http.CloseIdleConnections() }

type retryablePeer struct {
	wishes
	*retryablehttp.Client
}

func newRetryablePeer(w wishes) peer {
	c := retryablehttp.NewClient()
	c.Logger = nil
	c.RetryMax = max(0, w.tries-1)
	if w.noWait {
		c.RetryWaitMin, c.RetryWaitMax = 0, 0
	}
	w.adjust(c.HTTPClient.Transport.(*http.Transport))
	if w.transport != nil {
		c.HTTPClient.Transport = w.transport
	}
	if w.jar {
		c.HTTPClient.Jar = newJar(setup{})
	}
	return &retryablePeer{w, c}
}

func (p *retryablePeer) send(ctx context.Context, c call) (reply, error) {
	req, err := retryablehttp.NewRequestWithContext(ctx, c.method, c.withParam(&p.wishes), c.body)
	if err != nil {
		return reply{}, err
	}
	for _, f := range p.header {
		req.Header.Set(f[0], f[1])
	}
	if p.auth {
		req.SetBasicAuth(user, password)
	}
	r, err := p.Do(req)
	return readAll(r, err, &p.wishes)
}

func (p *retryablePeer) drop(ctx context.Context, url string) error {
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	_, err = p.Do(req)
	return err
}

func (p *retryablePeer) close() { p.HTTPClient.CloseIdleConnections() }

// slingPeer keeps a sling as its session.
type slingPeer struct {
	*sling.Sling
	http *http.Client
}

type langParam struct {
	Lang string `url:"lang"`
}

func newSlingPeer(w wishes) peer {
	c := w.client()
	s := sling.New().Client(c)
	for _, f := range w.header {
		s.Set(f[0], f[1])
	}
	if w.auth {
		s.SetBasicAuth(user, password)
	}
	if w.param[0] != "" {
		s.QueryStruct(langParam{w.param[1]})
	}
	return slingPeer{s, c}
}

func (p slingPeer) send(ctx context.Context, c call) (reply, error) {
	s := p.New().Get(c.url).ResponseDecoder(raw{})
	if c.method == http.MethodPost {
		s.Post(c.url)
	}
	s.Body(c.reader())
	if c.param[0] != "" {
		s.QueryStruct(langParam{c.param[1]})
	}
	if c.without != "" {
		s.Set(c.without, "")
	}
	req, err := s.Request()
	if err != nil {
		return reply{}, err
	}
	var b []byte
	r, err := s.Do(req.WithContext(ctx), &b, &b)
	if err != nil {
		return reply{}, err
	}
	return reply{r.StatusCode, b}, nil
}

func (p slingPeer) drop(_ context.Context, url string) error {
	_, err := p.New().Get(url).Receive(nil, nil)
	return err
}

func (p slingPeer) change(key, value string) { p.Set(key, value) }
func (p slingPeer) close()                   { p.http.CloseIdleConnections() }

type fastPeer struct {
	wishes
	*fasthttp.Client
}

// errDirect is where a connection without the proxy would be made.
var errDirect = errors.New("not through a proxy")

func newFastPeer(w wishes) peer {
	c := &fasthttp.Client{TLSConfig: w.tls()}
	if w.proxy != "" {
		u, err := url.Parse(w.proxy)
		if err != nil {
			panic(err)
		}
		c.Dial = func(string) (net.Conn, error) { return fasthttp.Dial(u.Host) }
	}
	if w.environ {
		c.Dial = fasthttpproxy.FasthttpProxyHTTPDialer()
	}
	return &fastPeer{w, c}
}

func (p *fastPeer) send(_ context.Context, c call) (reply, error) {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI(c.withParam(&p.wishes))
	req.Header.SetMethod(c.method)
	for _, f := range p.header {
		req.Header.Set(f[0], f[1])
	}
	if p.auth {
		req.Header.Set("Authorization", basicAuth)
	}
	if p.codings {
		req.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	}
	switch b := c.body.(type) {
	case nil:
	case []byte:
		req.SetBody(b)
	case io.Reader:
		req.SetBodyStream(b, -1)
	}
	if err := p.DoRedirects(req, resp, 10); err != nil {
		return reply{}, err
	}
	b, err := resp.BodyUncompressedWithLimit(int(p.limit))
	return reply{resp.StatusCode(), bytes.Clone(b)}, err
}

func (p *fastPeer) drop(_ context.Context, url string) error {
	req := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(req)
	req.SetRequestURI(url)
	return p.Do(req, new(fasthttp.Response))
}

func (p *fastPeer) close() { p.CloseIdleConnections() }
