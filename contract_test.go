package requests_test

import (
	"context"
	"crypto/tls"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/oauth2"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/adapters/adaptertest"
	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/auth/sigv4"
	"github.com/seed-3bbad739/requests/cookies"
	"github.com/seed-3bbad739/requests/hooks"
	"github.com/seed-3bbad739/requests/proxy"
)

// The names and signatures that users compile against: a change here is a
// change for all of them.
var (
	_ func(...requests.Option) (*requests.Session, error)                                                       = requests.NewSession
	_ func(*requests.Session, error) *requests.Session                                                          = requests.Must
	_ func(context.Context, string, ...requests.Option) (*requests.Response, error)                             = requests.Get
	_ func() *requests.Session                                                                                  = requests.DefaultSession
	_ func(*requests.Session) *requests.Session                                                                 = requests.SetDefaultSession
	_ func(...requests.Option) error                                                                            = requests.SetupDefaultSession
	_ func(*requests.Response, error) (int, error)                                                              = requests.JSON[int]
	_ func(*requests.Response, error) (string, error)                                                           = requests.Text
	_ func(*requests.Response, error) ([]byte, error)                                                           = requests.Bytes
	_ func(*requests.Response) iter.Seq2[int, error]                                                            = requests.Values[int]
	_ func(context.Context, *requests.Session, string, ...requests.Option) iter.Seq2[*requests.Response, error] = requests.Pages
	_ requests.Option                                                                                           = requests.OptionFunc(nil)
	_ adapters.ProxyAuth                                                                                        = auth.Basic("", "")
	_ http.CookieJar                                                                                            = (*cookies.Jar)(nil)
	_ cookiejar.PublicSuffixList                                                                                = cookies.Options{}.PublicSuffixList
	_ auth.Authenticator                                                                                        = (*sigv4.Signer)(nil)
	_ net.Error                                                                                                 = (*requests.Error)(nil)
	_ func(*testing.T, func(*testing.T, http.Handler) (http.RoundTripper, string))                              = adaptertest.Run
)

type contractSession interface {
	Get(context.Context, string, ...requests.Option) (*requests.Response, error)
	Head(context.Context, string, ...requests.Option) (*requests.Response, error)
	Options(context.Context, string, ...requests.Option) (*requests.Response, error)
	Delete(context.Context, string, ...requests.Option) (*requests.Response, error)
	Post(context.Context, string, ...requests.Option) (*requests.Response, error)
	Put(context.Context, string, ...requests.Option) (*requests.Response, error)
	Patch(context.Context, string, ...requests.Option) (*requests.Response, error)
	Query(context.Context, string, ...requests.Option) (*requests.Response, error)
	Request(context.Context, string, string, ...requests.Option) (*requests.Response, error)
	Do(context.Context, *requests.Request) (*requests.Response, error)
	Prepare(context.Context, *requests.Request) (*requests.PreparedRequest, error)
	Send(*requests.PreparedRequest) (*requests.Response, error)
	Copy(...requests.Option) (*requests.Session, error)
	Update(...requests.Option) error
	Defaults() *requests.Request
	Cookies() *cookies.Jar
	Hooks() *requests.Hooks
	Mount(string, http.RoundTripper) error
	Unmount(string) http.RoundTripper
	Adapter(string) (http.RoundTripper, error)
	Mounts() iter.Seq2[string, http.RoundTripper]
	MergeEnvironment(*url.URL, requests.Settings) (requests.Settings, error)
	HTTPClient() *http.Client
	Explain(context.Context, *requests.Request) (*requests.Explanation, error)
	Close() error
}

type contractResponse interface {
	OK() bool
	RaiseForStatus() error
	Bytes() []byte
	Text() string
	Err() error
	JSON(any) error
	Encoding() string
	SetEncoding(string) error
	Links() []requests.Link
	Link(string) (requests.Link, bool)
	IsRedirect() bool
	IsPermanentRedirect() bool
	Next() *requests.PreparedRequest
	Lines() iter.Seq2[string, error]
	Chunks(int) iter.Seq2[[]byte, error]
	SaveFile(string) (int64, error)
	Timings() requests.Timings
	Close() error
}

type contractJar interface {
	StoreHeader(*url.URL, http.Header)
	Header(*url.URL) string
	All() iter.Seq[cookies.Cookie]
	Get(string, ...cookies.Filter) (cookies.Cookie, error)
	Set(cookies.Cookie) error
	Delete(string, ...cookies.Filter) int
	Clear(...cookies.Filter) int
	Len() int
	Clone() *cookies.Jar
	Merge(*cookies.Jar)
	SaveFile(string, ...cookies.SaveOption) error
	LoadFile(string) error
	WriteNetscape(io.Writer) error
	ReadNetscape(io.Reader) error
}

type contractList interface {
	PushBack(func(int) error)
	PushFront(func(int) error)
	PushBackNamed(string, func(int) error)
	PushFrontNamed(string, func(int) error)
	RemoveByName(string) int
	Clear()
	Copy() *hooks.List[int]
	Len() int
	Names() []string
	Run(int) error
}

var (
	_ contractSession  = (*requests.Session)(nil)
	_ contractResponse = (*requests.Response)(nil)
	_ contractJar      = (*cookies.Jar)(nil)
	_ contractList     = (*hooks.List[int])(nil)
)

func TestContract_LiteralsAndOptions(t *testing.T) {
	yes := true
	request := requests.Request{
		Method: "GET", URL: "u", BaseURL: "b", PathParams: map[string]string{}, Header: http.Header{}, Params: url.Values{},
		Cookies: []*http.Cookie{}, Auth: auth.None, Body: nil, Hooks: &requests.Hooks{},
		Settings: requests.Settings{
			Proxies: proxy.Map{}, ProxyAuth: auth.Digest("u", "p"), ProxyTLS: &requests.TLS{}, Environment: &yes,
			TLS:      &requests.TLS{Verify: &yes, CABundle: "", RootCAs: nil, ClientCert: "", ClientKey: "", Certificates: nil, ServerName: "", MinVersion: tls.VersionTLS12, Config: nil},
			Timeouts: requests.Timeouts{Connect: 1, TLSHandshake: 1, Read: 1, Total: 1}, MaxRedirects: 1, Stream: &yes, MaxBody: 1, RaiseForStatus: &yes, Timings: &yes,
		},
	}
	assert.NotNil(t, request.Settings.TLS)
	options := []requests.Option{
		requests.WithBaseURL(""), requests.WithMethod(""), requests.WithHeader("", "", ""), requests.WithHeaders(nil), requests.WithoutHeader(""),
		requests.WithSecretHeader("", ""), requests.WithParam("", "", ""), requests.WithParams(nil), requests.WithoutParam(""), requests.WithQuery(nil),
		requests.WithRawQuery(""), requests.WithPathParam("", ""), requests.WithAuth(nil), requests.WithoutAuth(), requests.WithProxyAuth(nil),
		requests.WithCookie(), requests.WithJSON(nil), requests.WithForm(nil), requests.WithBody(nil), requests.WithMultipart(requests.Part{}),
		requests.WithFile("", "", ""), requests.WithFilePath("", ""), requests.WithTimeout(time.Second), requests.WithTimeouts(requests.Timeouts{}),
		requests.WithProxy(""), requests.WithProxies(nil), requests.WithEnvironment(true), requests.WithVerify(true), requests.WithCABundle(""),
		requests.WithClientCert("", ""), requests.WithServerName(""), requests.WithTLS(requests.TLS{}), requests.WithMaxRedirects(1),
		requests.WithoutRedirects(), requests.WithStream(true), requests.WithMaxBody(1), requests.WithRaiseForStatus(true), requests.WithTimings(true),
		requests.WithHooks(nil), requests.WithLogger((*slog.Logger)(nil)), requests.WithProxyTLS(requests.TLS{}),
		requests.WithUploadProgress(func(_, _ int64) {}), requests.WithDownloadProgress(func(_, _ int64) {}),
		requests.WithCookieJar(nil), requests.WithAdapter("", nil), requests.WithMiddleware(func(next http.RoundTripper) http.RoundTripper { return next }),
	}
	for _, o := range options {
		assert.NotNil(t, o)
	}
	authenticators := []auth.Authenticator{
		auth.Basic("", ""), auth.Bearer(""), auth.Header("", ""), auth.Query("", ""), auth.Digest("", ""), auth.Netrc(""),
		auth.OAuth2(oauth2.StaticTokenSource(nil)), auth.Func(nil), auth.First(), auth.For("http://a.test", auth.None), auth.None,
	}
	for _, a := range authenticators {
		assert.NotNil(t, a)
	}
	retry := adapters.Retry{Base: nil, Attempts: 1, Wait: 1, MaxWait: 1, MaxRetryAfter: 1, Statuses: nil, Methods: nil, Budget: 1, RaiseOnStatus: true,
		Connect: 1, Read: 1, Status: 1, Other: 1, MaxElapsed: 1, OnRetry: func(adapters.Attempt) {}, IdempotencyKey: true}
	assert.NotNil(t, retry.Wrap(adapters.Default()))
	assert.NotNil(t, adapters.New(adapters.Options{MaxConnsPerHost: 1, MaxIdlePerHost: 1, IdleTimeout: 1, MaxConnAge: 1, Protocols: nil, Socket: "", Dial: nil, Resolver: nil, ConnectTo: nil, LocalAddr: nil, Guard: nil}))
	assert.NotNil(t, adapters.From(&http.Transport{}))
	assert.NotNil(t, adapters.Handler(http.NotFoundHandler()))
	assert.NotNil(t, adapters.File(""))
	assert.NotNil(t, adapters.Data())
	signer := sigv4.Signer{Service: "s3", Region: "r", Credentials: sigv4.Static("a", "b", "c"), Payload: sigv4.PayloadSigned, RawPath: true, ContentSHA256: true, Now: time.Now}
	assert.Equal(t, "s3", signer.Service)
	ctx := adapters.WithSettings(t.Context(), adapters.Settings{})
	_, ok := adapters.SettingsFrom(ctx)
	assert.True(t, ok)
	exchange := requests.Exchange{Request: nil, Response: nil, Err: nil, Number: 1, Elapsed: 1}
	assert.Equal(t, 1, exchange.Number)
	result := requests.Result{Request: nil, Response: nil, Err: nil, Exchanges: nil, Elapsed: 1}
	assert.EqualValues(t, 1, result.Elapsed)
	assert.Empty(t, requests.Link{}.Rel)
}

func TestContract_Errors(t *testing.T) {
	for _, err := range []error{
		requests.ErrTimeout, requests.ErrConnectTimeout, requests.ErrReadTimeout, requests.ErrConnection, requests.ErrProxy, requests.ErrTLS,
		requests.ErrTooManyRedirects, requests.ErrInsecureRedirect, requests.ErrInvalidURL, requests.ErrMissingScheme, requests.ErrNoAdapter,
		requests.ErrInvalidHeader, requests.ErrInvalidProxyURL, requests.ErrContentDecoding, requests.ErrTruncated, requests.ErrInvalidJSON,
		requests.ErrBodyTooLarge, requests.ErrBodyNotReplayable, requests.ErrBodyConsumed, requests.ErrRetriesExhausted,
		requests.ErrBlockedAddress, requests.ErrSessionClosed,
	} {
		assert.NotNil(t, err)
	}
	assert.Equal(t, requests.ErrRetriesExhausted, adapters.ErrRetriesExhausted)
	assert.Equal(t, requests.ErrBlockedAddress, adapters.ErrBlockedAddress)
	assert.Equal(t, requests.ErrInvalidProxyURL, proxy.ErrInvalid)
	assert.NotNil(t, adapters.ErrCircuitOpen)
	e := requests.Error{Op: "o", Method: "m", URL: "u", Err: io.EOF, Response: nil}
	assert.ErrorIs(t, &e, io.EOF)
}
