package aws_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/auth/bearer"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/aws"
)

// tinyService is a directory of models with one service, whose metadata and
// operation have more fields as given.
func tinyService(metadata, operation, shapes string) fs.FS {
	return fstest.MapFS{"tiny/2020-01-01/service-2.json": {Data: []byte(`{
		"metadata":{"apiVersion":"2020-01-01","endpointPrefix":"tiny","protocol":"rest-json","serviceId":"Tiny","signingName":"tiny"` + metadata + `},
		"operations":{"Do":{"name":"Do","http":{"method":"POST","requestUri":"/do"}` + operation + `}},
		"shapes":{"S":{"type":"string"}` + shapes + `}}`)}}
}

// capture answers every request with 200 and answer, and keeps them.
type capture struct {
	*httptest.Server
	answer   string
	requests []*http.Request
	bodies   [][]byte
}

func newCapture(t testing.TB, secure bool) *capture {
	c := &capture{answer: "{}"}
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		c.requests, c.bodies = append(c.requests, r), append(c.bodies, b)
		io.WriteString(w, c.answer)
	}))
	if secure {
		c.StartTLS()
	} else {
		c.Start()
	}
	t.Cleanup(c.Close)
	return c
}

func (c *capture) last() *http.Request { return c.requests[len(c.requests)-1] }

// over returns options for a session over the server.
func (c *capture) over(more ...aws.Option) []aws.Option {
	cfg := &aws.Config{Endpoint: &c.URL, HTTP: []requests.Option{requests.WithVerify(false)}, MaxRetries: aws.Int(0)}
	return append([]aws.Option{aws.WithRegion("eu-west-1"), aws.WithConfig(cfg)}, more...)
}

// TestSignaturesAreThoseOfTheSDK asks the SDK to sign what the session signed.
// Servers that get the escaping of a key wrong, moto for one, do not matter here.
func TestSignaturesAreThoseOfTheSDK(t *testing.T) {
	home(t, nil, nil)
	creds := sdk.Credentials{AccessKeyID: "AKIDTEST", SecretAccessKey: "secret-of-test", SessionToken: "token/+="}
	s := open(t, aws.WithStaticCredentials(creds.AccessKeyID, creds.SecretAccessKey, creds.SessionToken), aws.WithRegion("eu-west-1"))
	for _, c := range []struct{ name, service, method, path, query string }{
		{"an awkward key", "s3", "GET", "/bucket/" + awkwardKey, ""},
		{"a key with a plus sign, a percent sign and a tilde", "s3", "PUT", "/bucket/a+b%25~/é", ""},
		{"a key with empty and dot segments", "s3", "GET", "/bucket//a/./../b", ""},
		{"a query", "s3", "GET", "/bucket", "list-type=2&prefix=dir/a b+ü~'()*&delimiter=%2F&acl"},
		{"a path that is encoded twice", "execute-api", "POST", "/stage/a b/ü", "b=2&a=1&a=0"},
		{"nothing but a slash", "dynamodb", "POST", "/", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := &url.URL{Scheme: "https", Host: "h.test", Path: c.path, RawQuery: (url.Values{}).Encode()}
			if c.query != "" {
				q, err := url.ParseQuery(strings.ReplaceAll(c.query, "+", "%2B"))
				require.NoError(t, err)
				u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
			}
			ours := &http.Request{Method: c.method, URL: u, Host: u.Host, Header: http.Header{"X-Amz-Meta-A": {"a  b"}, "Content-Type": {"text/plain"}}}
			require.NoError(t, s.Auth(c.service).Authenticate(ours))
			theirs := ours.Clone(context.Background())
			for _, k := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
				theirs.Header.Del(k)
			}
			at, err := time.Parse("20060102T150405Z", ours.Header.Get("X-Amz-Date"))
			require.NoError(t, err)
			empty := sha256.Sum256(nil)
			err = v4.NewSigner().SignHTTP(context.Background(), creds, theirs, hex.EncodeToString(empty[:]), c.service, "eu-west-1", at,
				func(o *v4.SignerOptions) { o.DisableURIPathEscaping = c.service == "s3" })
			require.NoError(t, err)
			assert.Equal(t, theirs.Header.Get("Authorization"), ours.Header.Get("Authorization"))

			bare := &http.Request{Method: "GET", URL: u, Host: u.Host, Header: http.Header{}}
			signed, _, err := s.Presign(context.Background(), bare, c.service, time.Minute)
			require.NoError(t, err)
			got, err := url.Parse(signed)
			require.NoError(t, err)
			if at, err = time.Parse("20060102T150405Z", got.Query().Get("X-Amz-Date")); err != nil {
				t.Fatal(err)
			}
			again := bare.Clone(context.Background())
			again.URL.RawPath = got.EscapedPath() // every character escaped that can be
			again.URL.RawQuery = strings.Trim(again.URL.RawQuery+"&X-Amz-Expires=60", "&")
			hash := hex.EncodeToString(empty[:])
			if c.service == "s3" {
				hash = "UNSIGNED-PAYLOAD"
			}
			raw, _, err := v4.NewSigner().PresignHTTP(context.Background(), creds, again, hash, c.service, "eu-west-1", at,
				func(o *v4.SignerOptions) { o.DisableURIPathEscaping = c.service == "s3" })
			require.NoError(t, err)
			want, err := url.Parse(raw)
			require.NoError(t, err)
			assert.Equal(t, want.Query(), got.Query())
			assert.Equal(t, want.EscapedPath(), got.EscapedPath())
		})
	}
}

func TestSchemes(t *testing.T) {
	const both = `,"auth":["aws.auth#sigv4","smithy.api#httpBearerAuth"]`
	for _, c := range []struct {
		name, metadata, operation string
		env                       map[string]string
		opts                      []aws.ClientOption
		signer                    string // chosen by an event
		want                      string // how Authorization begins
	}{
		{name: "without a word about it, version 4", want: "AWS4-HMAC-SHA256 Credential=AKIDTEST/"},
		{name: "the first that the service names", metadata: both, want: "AWS4-HMAC-SHA256 "},
		{name: "a token of the environment comes before", metadata: both, env: map[string]string{"AWS_BEARER_TOKEN_TINY": "tok"}, want: "Bearer tok"},
		{name: "not when the client has keys of its own", metadata: both, env: map[string]string{"AWS_BEARER_TOKEN_TINY": "tok"}, opts: []aws.ClientOption{aws.ClientCredentials("AKIDOWN", "s", "")}, want: "AWS4-HMAC-SHA256 Credential=AKIDOWN/"},
		{name: "nor for a service that takes no token", env: map[string]string{"AWS_BEARER_TOKEN_TINY": "tok"}, want: "AWS4-HMAC-SHA256 "},
		{name: "but for Bedrock's runtime, which takes one, and has models that are older", metadata: `,"serviceId":"Bedrock Runtime","signingName":"bedrock","auth":["aws.auth#sigv4"]`, env: map[string]string{"AWS_BEARER_TOKEN_BEDROCK": "tok"}, want: "Bearer tok"},
		{name: "and for Bedrock, without a word about it", metadata: `,"serviceId":"Bedrock","signingName":"bedrock"`, env: map[string]string{"AWS_BEARER_TOKEN_BEDROCK": "tok"}, want: "Bearer tok"},
		{name: "a preference orders them", metadata: `,"auth":["aws.auth#sigv4","aws.auth#sigv4a"]`, env: map[string]string{"AWS_AUTH_SCHEME_PREFERENCE": "sigv4a,sigv4"}, want: "AWS4-ECDSA-P256-SHA256 "},
		{name: "and is no more than that", env: map[string]string{"AWS_AUTH_SCHEME_PREFERENCE": "httpBearerAuth"}, want: "AWS4-HMAC-SHA256 "},
		{name: "version 4a where it comes first", metadata: `,"auth":["aws.auth#sigv4a","aws.auth#sigv4"]`, want: "AWS4-ECDSA-P256-SHA256 "},
		{name: "an operation says otherwise", operation: `,"auth":["aws.auth#sigv4a"]`, want: "AWS4-ECDSA-P256-SHA256 "},
		{name: "version 4a by the old way to say it", metadata: `,"signatureVersion":"v4a"`, want: "AWS4-ECDSA-P256-SHA256 "},
		{name: "an option asks for version 4a", opts: []aws.ClientOption{aws.ClientSigV4A("*")}, want: "AWS4-ECDSA-P256-SHA256 "},
		{name: "but not for what takes nothing", operation: `,"auth":["smithy.api#noAuth"]`, opts: []aws.ClientOption{aws.ClientSigV4A("*")}},
		{name: "nothing, by the old way to say it", operation: `,"authtype":"none"`},
		{name: "nothing, for an anonymous client", opts: []aws.ClientOption{aws.ClientAnonymous()}},
		{name: "nothing, with anonymous credentials", opts: []aws.ClientOption{aws.ClientConfigs(&aws.Config{Credentials: sdk.AnonymousCredentials{}})}},
		{name: "an event chooses none", signer: "none"},
		{name: "an event chooses version 4a", signer: "v4a", want: "AWS4-ECDSA-P256-SHA256 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, nil, c.env)
			srv := newCapture(t, true)
			s := open(t, srv.over(testKeys(), aws.WithModels(tinyService(c.metadata, c.operation, "")))...)
			s.Events().On("choose-signer.tiny", func(_ string, ev *aws.Event) error { ev.Signer = c.signer; return nil })
			call(t, client(t, s, "tiny", c.opts...), "Do", nil)
			got := srv.last().Header.Get("Authorization")
			if c.want == "" {
				assert.Empty(t, got)
			} else {
				assert.True(t, strings.HasPrefix(got, c.want), got)
			}
		})
	}
	for _, c := range []struct {
		name, metadata, signer string
		secure                 bool
		opts                   []aws.Option
		want                   string
	}{
		{"a service that takes a token only, and there is none", `,"auth":["smithy.api#httpBearerAuth"]`, "", true, nil, "takes a bearer token"},
		{"a token over plain http", `,"auth":["smithy.api#httpBearerAuth"]`, "", false, []aws.Option{bearerConfig("tik")}, "not sent over plain http"},
		{"a token that would be two fields", `,"auth":["smithy.api#httpBearerAuth"]`, "", true, []aws.Option{bearerConfig("tik\r\nb: c")}, "cannot be sent"},
		{"a signature that nobody makes any more", `,"signatureVersion":"v2"`, "", true, nil, "authenticates by v2"},
		{"an event chooses what there is not", "", "v3", true, nil, `there is no signer "v3"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, nil, nil)
			srv := newCapture(t, c.secure)
			s := open(t, srv.over(append(c.opts, testKeys(), aws.WithModels(tinyService(c.metadata, "", "")))...)...)
			s.Events().On("choose-signer", func(_ string, ev *aws.Event) error { ev.Signer = c.signer; return nil })
			_, err := client(t, s, "tiny").Call(context.Background(), "Do", nil)
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "tik")
			assert.Empty(t, srv.requests)
		})
	}
	t.Run("the token of an SDK configuration", func(t *testing.T) {
		home(t, nil, nil)
		srv := newCapture(t, true)
		s := open(t, srv.over(bearerConfig("from-config"), aws.WithModels(tinyService(`,"auth":["smithy.api#httpBearerAuth"]`, "", "")))...)
		c := client(t, s, "tiny")
		call(t, c, "Do", nil)
		assert.Equal(t, "Bearer from-config", srv.last().Header.Get("Authorization"))
		_, err := c.Presign(context.Background(), "Do", nil, time.Minute)
		assert.ErrorContains(t, err, "no presigned URLs")
	})
}

func bearerConfig(token string) aws.Option {
	return aws.WithSDKConfig(sdk.Config{BearerAuthTokenProvider: bearer.StaticTokenProvider{Token: bearer.Token{Value: token}}})
}

func TestSigV4A(t *testing.T) {
	home(t, nil, map[string]string{"AWS_SIGV4A_SIGNING_REGION_SET": "us-east-1, us-west-2"})
	srv := newCapture(t, false)
	s := open(t, srv.over(aws.WithStaticCredentials("AKISORANDOMAASORANDOM", "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom", "atoken"), aws.WithModels(tinyService(`,"auth":["aws.auth#sigv4a"]`, "", "")))...)
	ctx := context.Background()
	t.Run("raw", func(t *testing.T) {
		for _, service := range []string{"s3", "execute-api"} {
			_, err := s.HTTP().Post(ctx, srv.URL+"/a%20b//c/./d%2Fe?z=1&a=b%20c&a=b", requests.WithAuth(s.Auth(service, aws.SignRegionSet("eu-west-1", "eu-west-3"))),
				requests.WithBody("content"), requests.WithHeader("X-Amz-Meta-Spaced", "a   b"))
			require.NoError(t, err)
			r := srv.last()
			assert.Equal(t, "eu-west-1,eu-west-3", r.Header.Get("X-Amz-Region-Set"))
			assert.Equal(t, "atoken", r.Header.Get("X-Amz-Security-Token"))
			verifyV4A(t, r, srv.bodies[len(srv.bodies)-1], service == "s3")
		}
	})
	t.Run("by name, for the regions of the environment", func(t *testing.T) {
		call(t, client(t, s, "tiny"), "Do", nil)
		assert.Equal(t, "us-east-1,us-west-2", srv.last().Header.Get("X-Amz-Region-Set"))
		verifyV4A(t, srv.last(), nil, false)
	})
	t.Run("an option wins", func(t *testing.T) {
		call(t, client(t, s, "tiny", aws.ClientSigV4A("*")), "Do", nil)
		assert.Equal(t, "*", srv.last().Header.Get("X-Amz-Region-Set"))
	})
	t.Run("presigned", func(t *testing.T) {
		for _, service := range []string{"s3", "execute-api"} {
			req, err := http.NewRequest("GET", srv.URL+"/a%20b?x=y%20z", nil)
			require.NoError(t, err)
			u, _, err := s.Presign(ctx, req, service, time.Minute, aws.SignRegionSet("*"))
			require.NoError(t, err)
			_, err = s.HTTP().Get(ctx, u)
			require.NoError(t, err)
			verifyV4A(t, srv.last(), nil, service == "s3")
			assert.Equal(t, "60", srv.last().URL.Query().Get("X-Amz-Expires"))
		}
	})
	t.Run("content in chunks is refused", func(t *testing.T) {
		_, err := s.HTTP().Put(ctx, srv.URL, requests.WithBody("x"), requests.WithAuth(s.Auth("s3", aws.SignRegionSet("*"), aws.SignPayload(2))))
		assert.ErrorContains(t, err, "in chunks")
	})
	t.Run("nothing prints the secret", func(t *testing.T) {
		a := s.Auth("s3", aws.SignRegionSet("*"))
		for _, v := range []string{"%v", "%+v", "%#v", "%s"} {
			assert.NotContains(t, fmt.Sprintf(v, a), "q+jcrXGc")
		}
	})
}

// verifyV4A checks the signature of what arrived with the public key that
// belongs to the test's secret. It shares no code with what signed.
func verifyV4A(t *testing.T, r *http.Request, body []byte, s3 bool) {
	t.Helper()
	get := func(name string) string { return r.Header.Get(name) }
	query := r.URL.Query()
	authorization := r.Header.Get("Authorization")
	scope, names, signature := cut(authorization, "Credential=", ","), cut(authorization, "SignedHeaders=", ","), cut(authorization, "Signature=", ",")
	date := get("X-Amz-Date")
	hash := sha256.Sum256(body)
	payload := hex.EncodeToString(hash[:])
	if authorization == "" {
		scope, names, signature, date = query.Get("X-Amz-Credential"), query.Get("X-Amz-SignedHeaders"), query.Get("X-Amz-Signature"), query.Get("X-Amz-Date")
		query.Del("X-Amz-Signature")
		if s3 {
			payload = "UNSIGNED-PAYLOAD"
		}
	}
	require.NotEmpty(t, signature)
	_, scope, _ = strings.Cut(scope, "/")
	path := r.URL.EscapedPath()
	if !s3 {
		path = strings.ReplaceAll(strings.ReplaceAll(path, "//", "/"), "/./", "/")
		path = strings.ReplaceAll(path, "%", "%25")
	}
	for k := range query {
		slices.Sort(query[k])
	}
	lines := []string{r.Method, path, strings.ReplaceAll(query.Encode(), "+", "%20")}
	for name := range strings.SplitSeq(names, ";") {
		v := get(name)
		if name == "host" {
			v = r.Host
		}
		lines = append(lines, name+":"+strings.Join(strings.Fields(v), " "))
	}
	lines = append(lines, "", names, payload)
	canonical := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	toSign := sha256.Sum256([]byte("AWS4-ECDSA-P256-SHA256\n" + date + "\n" + scope + "\n" + hex.EncodeToString(canonical[:])))
	sig, err := hex.DecodeString(signature)
	require.NoError(t, err)
	assert.True(t, ecdsa.VerifyASN1(v4aKey(t, "AKISORANDOMAASORANDOM", "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom"), toSign[:], sig), strings.Join(lines, "\n"))
}

func cut(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

// v4aKey derives the public key of an access key: a KDF in counter mode (NIST
// SP 800-108) over HMAC-SHA256, until a number in range comes out.
func v4aKey(t *testing.T, id, secret string) *ecdsa.PublicKey {
	curve := elliptic.P256()
	most := new(big.Int).Sub(curve.Params().N, big.NewInt(2))
	for counter := byte(1); ; counter++ {
		var b bytes.Buffer
		binary.Write(&b, binary.BigEndian, uint32(1))
		b.WriteString("AWS4-ECDSA-P256-SHA256\x00" + id)
		b.WriteByte(counter)
		binary.Write(&b, binary.BigEndian, uint32(256))
		m := hmac.New(sha256.New, []byte("AWS4A"+secret))
		m.Write(b.Bytes())
		if n := new(big.Int).SetBytes(m.Sum(nil)); n.Cmp(most) <= 0 {
			key, err := ecdsa.ParseRawPrivateKey(curve, n.Add(n, big.NewInt(1)).FillBytes(make([]byte, 32)))
			require.NoError(t, err)
			return &key.PublicKey
		}
	}
}
