package aws_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/aws"
)

// TestTrapCABundle: with AWS_CA_BUNDLE set, sessions are made, the bundle is what
// is trusted, and both typed clients and what fetches their credentials go
// through the HTTP session. The SDK refuses any client but its own there.
func TestTrapCABundle(t *testing.T) {
	server := &issuer{}
	srv, bundle := trusted(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") != "" {
			io.WriteString(w, "{}")
			return
		}
		server.ServeHTTP(w, r)
	}))
	home(t, map[string]string{"config": base + "[profile x]\nregion=us-east-1\nsource_profile=base\n" + roleARN + "r\n"},
		map[string]string{"AWS_CA_BUNDLE": bundle, "AWS_ENDPOINT_URL": srv.URL, "AWS_PROFILE": "x"})
	var seen rounds
	h, err := requests.NewSession(requests.WithMiddleware(seen.wrap))
	require.NoError(t, err)
	defer h.Close()
	for name, opts := range map[string][]aws.Option{"a session of its own": nil, "a borrowed session": {aws.WithHTTPSession(h)}} {
		t.Run(name, func(t *testing.T) {
			_, err := aws.NewClient(open(t, opts...), dynamodb.NewFromConfig).ListTables(context.Background(), nil)
			require.NoError(t, err)
		})
	}
	require.Len(t, seen.all(), 2)
	assert.Contains(t, seen.all()[0].Header.Get("Content-Type"), "form", "STS")
	assert.Contains(t, seen.all()[1].Header.Get("Authorization"), "Credential=AKr/", "and then the client, with the role's keys")
}

// TestTrapWhichVariableWins: four questions that look alike and have different
// answers.
func TestTrapWhichVariableWins(t *testing.T) {
	pair := map[string]string{"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "s", "AWS_PROFILE": "dev"}
	for _, c := range []struct {
		name string
		env  map[string]string
		opts []aws.Option
		want string
	}{
		{"both profile variables", map[string]string{"AWS_PROFILE": "dev", "AWS_DEFAULT_PROFILE": "onlycfg"}, nil, "dev eu-west-2 AKDEV"},
		{"both region variables", map[string]string{"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-east-2"}, nil, "default us-west-2 AKDEFAULT"},
		{"keys and AWS_PROFILE: the keys, but the profile's region", pair, nil, "dev eu-west-2 AKENV"},
		{"keys and a profile of the code: the profile", pair, []aws.Option{aws.WithProfile("dev")}, "dev eu-west-2 AKDEV"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, files, c.env)
			s := open(t, c.opts...)
			creds, err := s.Credentials(context.Background())
			require.NoError(t, err)
			assert.Equal(t, c.want, strings.Join([]string{s.Profile(), s.Region(), creds.AccessKeyID}, " "))
		})
	}
}

// TestTrapInheritance: a client sees what its session had when it was made, and
// copies are independent both ways.
func TestTrapInheritance(t *testing.T) {
	for _, c := range callers {
		t.Run(c.name, func(t *testing.T) {
			srv := newFlaky(t, 0)
			s := handlerSession(t, srv.URL)
			var seen []string
			handler := func(word string) func(*aws.Request) error {
				return func(*aws.Request) error { seen = append(seen, word); return nil }
			}
			event := func(word string) func(string, *aws.Event) error {
				return func(string, *aws.Event) error { seen = append(seen, word); return nil }
			}
			typed := aws.NewClient(s, dynamodb.NewFromConfig)
			byName := client(t, s, "dynamodb")
			before := func() error {
				if c.name == "typed" {
					_, err := typed.ListTables(context.Background(), nil)
					return err
				}
				_, err := byName.Call(context.Background(), "ListTables", nil)
				return err
			}
			copied := s.Copy()
			s.Handlers.Send.PushBack(handler("handler"))
			s.Events().On("before-send", event("event"))
			require.NoError(t, before())
			require.NoError(t, c.call(context.Background(), t, copied))
			assert.Empty(t, seen)
			require.NoError(t, c.call(context.Background(), t, s))
			assert.Equal(t, []string{"handler", "event"}, seen)
			seen = nil
			copied.Handlers.Send.PushBack(handler("the copy's"))
			copied.Events().On("before-send", event("the copy's event"))
			require.NoError(t, c.call(context.Background(), t, s))
			assert.Equal(t, []string{"handler", "event"}, seen)
		})
	}
}

// TestTrapSignHook: a header that a handler adds in Sign is signed, on the wire,
// on every attempt, in all three ways.
func TestTrapSignHook(t *testing.T) {
	ways := append(callers[:len(callers):len(callers)], struct {
		name string
		call func(ctx context.Context, t testing.TB, s *aws.Session) error
	}{"raw", func(ctx context.Context, t testing.TB, s *aws.Session) error {
		resp, err := s.HTTP().Post(ctx, *s.Config.Endpoint, requests.WithAuth(s.Auth("dynamodb")), requests.WithBody("{}"))
		if err == nil && resp.StatusCode == 500 { // a raw call has no attempts: its caller tries again
			_, err = s.HTTP().Post(ctx, *s.Config.Endpoint, requests.WithAuth(s.Auth("dynamodb")), requests.WithBody("{}"))
		}
		return err
	}})
	for _, c := range ways {
		t.Run(c.name, func(t *testing.T) {
			srv := newFlaky(t, 1)
			s := handlerSession(t, srv.URL)
			fast(s)
			n := 0
			s.Handlers.Sign.PushBack(func(r *aws.Request) error {
				n++
				r.HTTPRequest.Header.Set("X-Attempt", fmt.Sprint(n))
				return nil
			})
			require.NoError(t, c.call(context.Background(), t, s))
			require.Len(t, srv.headers, 2)
			for i, h := range srv.headers {
				assert.Equal(t, fmt.Sprint(i+1), h.Get("X-Attempt"))
				assert.Regexp(t, `SignedHeaders=[^,]*\bx-attempt\b`, h.Get("Authorization"))
			}
		})
	}
}

// TestTrapSendError: an error of a Send handler keeps everything off the wire,
// which the SDK for Go gets wrong.
func TestTrapSendError(t *testing.T) {
	own := errors.New("not today")
	for _, c := range callers {
		t.Run(c.name, func(t *testing.T) {
			srv := newFlaky(t, 0)
			s := handlerSession(t, srv.URL)
			s.Handlers.Send.PushFront(func(*aws.Request) error { return own })
			assert.ErrorIs(t, c.call(context.Background(), t, s), own)
			assert.Zero(t, srv.calls.Load())
		})
	}
	t.Run("raw", func(t *testing.T) {
		srv := newFlaky(t, 0)
		s := handlerSession(t, srv.URL)
		s.Handlers.Send.PushFront(func(*aws.Request) error { return own })
		_, err := s.HTTP().Get(context.Background(), srv.URL, requests.WithAuth(s.Auth("dynamodb")))
		assert.ErrorIs(t, err, own)
		assert.Zero(t, srv.calls.Load())
	})
}

// TestTrapAwkwardKey: an object's key that needs every kind of escaping comes
// back under the name that it was put, in every way, on both servers. moto runs
// without its check of signatures here: of such keys it refuses the SDK's own
// requests. TestTrapAwkwardKeySignature makes up for it.
func TestTrapAwkwardKey(t *testing.T) {
	list := func(t *testing.T, s *aws.Session, bucket string) {
		out, err := aws.NewClient(s, s3.NewFromConfig).ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: &bucket})
		require.NoError(t, err)
		require.NotEmpty(t, out.Contents)
		for _, o := range out.Contents {
			assert.True(t, strings.HasSuffix(*o.Key, "/"+awkwardKey), *o.Key)
		}
	}
	run := func(t *testing.T, endpoint string) {
		home(t, nil, nil)
		if dirs, err := pythonData(); err == nil {
			t.Setenv("AWS_DATA_PATH", dirs[0])
		}
		s := open(t, testKeys(), aws.WithRegion("us-east-1"), aws.WithConfig(&aws.Config{Endpoint: &endpoint, S3ForcePathStyle: aws.Bool(true)}))
		_, err := aws.NewClient(s, s3.NewFromConfig).CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: sdk.String("awkward")})
		require.NoError(t, err)
		roundTrip(t, s, endpoint, "awkward", awkwardKey)
		list(t, s, "awkward")
	}
	t.Run("gofakes3", func(t *testing.T) {
		srv := httptest.NewServer(gofakes3.New(s3mem.New(), gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
		defer srv.Close()
		run(t, srv.URL)
	})
	t.Run("moto", func(t *testing.T) { run(t, moto(t, -1)) })
}

// TestTrapAwkwardKeySignature signs what went over the wire once more, by the
// SDK's signer, and wants the same signature.
func TestTrapAwkwardKeySignature(t *testing.T) {
	home(t, nil, nil)
	if dirs, err := pythonData(); err == nil {
		t.Setenv("AWS_DATA_PATH", dirs[0])
	}
	var got []*http.Request
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		got = append(got, r)
	}))
	defer srv.Close()
	s := open(t, testKeys(), aws.WithRegion("us-east-1"), aws.WithConfig(&aws.Config{Endpoint: &srv.URL, S3ForcePathStyle: aws.Bool(true)}))
	ctx := context.Background()
	for _, key := range []string{awkwardKey, "a//b/.c/..d/", "%2F%25 +", "\u00fc/\U0001f600", "a=b&c=d;e?f#g", "'\"<>\\^`{|}[]@:!$,"} {
		ways := map[string]func(){
			"typed": func() {
				_, err := aws.NewClient(s, s3.NewFromConfig).PutObject(ctx, &s3.PutObjectInput{Bucket: sdk.String("b"), Key: &key, Body: strings.NewReader("x")})
				require.NoError(t, err)
			},
			"raw": func() {
				_, err := s.HTTP().Put(ctx, srv.URL+"/b/"+escaped(key), requests.WithAuth(s.Auth("s3")), requests.WithBody("x"))
				require.NoError(t, err)
			},
		}
		if _, err := pythonData(); err == nil {
			ways["by name"] = func() {
				call(t, client(t, s, "s3"), "PutObject", aws.Params{"Bucket": "b", "Key": key, "Body": "x"})
			}
		}
		paths := map[string]bool{}
		for way, put := range ways {
			t.Run(way+": "+key, func(t *testing.T) {
				got = nil
				put()
				require.Len(t, got, 1)
				wire := got[0]
				path, _, _ := strings.Cut(wire.RequestURI, "?")
				paths[path] = true
				again, err := http.NewRequest(wire.Method, srv.URL+wire.RequestURI, nil)
				require.NoError(t, err)
				_, list, _ := strings.Cut(wire.Header.Get("Authorization"), "SignedHeaders=")
				list, _, _ = strings.Cut(list, ",")
				for name := range strings.SplitSeq(list, ";") {
					switch name {
					case "host":
					case "content-length":
						again.ContentLength = wire.ContentLength
					default:
						again.Header[http.CanonicalHeaderKey(name)] = wire.Header.Values(name)
					}
				}
				at, err := time.Parse("20060102T150405Z", wire.Header.Get("X-Amz-Date"))
				require.NoError(t, err)
				signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
				require.NoError(t, signer.SignHTTP(ctx, sdk.Credentials{AccessKeyID: "AKIDTEST", SecretAccessKey: "secret-of-test"}, again,
					wire.Header.Get("X-Amz-Content-Sha256"), "s3", "us-east-1", at))
				assert.Equal(t, again.Header.Get("Authorization"), wire.Header.Get("Authorization"))
			})
		}
		assert.Len(t, paths, 1, "all ways write %q alike", key)
	}
}

// escaped writes a key as S3 wants it in a path: all but the unreserved
// characters and the slash in percent form.
func escaped(key string) string {
	b := &strings.Builder{}
	for _, c := range []byte(key) {
		if c == '/' || strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(b, "%%%02X", c)
		}
	}
	return b.String()
}

// TestTrapDiscovery: what is not known is an empty list, not an error; what looks
// like a region belongs to a partition.
func TestTrapDiscovery(t *testing.T) {
	home(t, nil, nil)
	s := open(t)
	assert.Empty(t, s.AvailableRegions("nope"))
	assert.Empty(t, s.AvailableRegions("s3", aws.InPartition("nope")))
	assert.NotEmpty(t, s.AvailableRegions("s3"))
	p, err := s.PartitionForRegion("eu-fake-77")
	require.NoError(t, err)
	assert.Equal(t, "aws", p)
	_, err = s.PartitionForRegion("aws-global")
	assert.True(t, is[*aws.UnknownRegionError](err))
}

// TestTrapNoRegion: services that are everywhere, and S3, do without a region;
// others say at creation that they do not.
func TestTrapNoRegion(t *testing.T) {
	home(t, nil, nil)
	models(t)
	s := open(t, testKeys())
	for service, want := range map[string]string{"iam": "https://iam.amazonaws.com us-east-1", "sts": "https://sts.amazonaws.com us-east-1", "s3": "https://s3.us-east-1.amazonaws.com us-east-1"} {
		m := client(t, s, service).Meta()
		assert.Equal(t, want, m.Endpoint+" "+m.SigningRegion, service)
	}
	_, err := s.Client("dynamodb")
	assert.ErrorIs(t, err, aws.ErrNoRegion)
}

// TestTrapRaces: a hundred goroutines make clients from one session and from
// the default session, while others replace and forget the default session.
func TestTrapRaces(t *testing.T) {
	home(t, files, nil)
	models(t)
	t.Cleanup(aws.ResetDefaultSession)
	shared := open(t, testKeys(), aws.WithRegion("us-east-1"))
	srv := newQuiet(t)
	shared.Config.Endpoint = &srv.URL
	var users, others sync.WaitGroup
	var done atomic.Bool
	others.Go(func() {
		for !done.Load() {
			assert.NoError(t, aws.SetupDefaultSession(context.Background(), aws.WithProfile("dev")))
			aws.ResetDefaultSession()
			assert.Error(t, aws.SetupDefaultSession(context.Background(), aws.WithProfile("nope")))
		}
	})
	others.Go(func() {
		for !done.Load() {
			off := shared.Events().On("before-send", func(string, *aws.Event) error { return nil })
			shared.Handlers.Send.PushBackNamed("race", func(*aws.Request) error { return nil })
			shared.Handlers.Send.RemoveByName("race")
			off()
		}
	})
	for i := range 100 {
		users.Go(func() {
			c, err := aws.DefaultClient("sqs")
			if assert.NoError(t, err) {
				assert.Contains(t, []string{"eu-central-1", "eu-west-2"}, c.Meta().Region)
			}
			_, err = aws.DefaultResource("s3")
			assert.NoError(t, err)
			byName, err := shared.Client("dynamodb")
			if assert.NoError(t, err) {
				_, err = byName.Call(context.Background(), "ListTables", nil)
				assert.NoError(t, err)
			}
			_, err = aws.NewClient(shared.Copy(aws.NewConfig().WithRegion(fmt.Sprintf("eu-west-%d", i%3+1))), dynamodb.NewFromConfig).ListTables(context.Background(), nil)
			assert.NoError(t, err)
		})
	}
	users.Wait()
	done.Store(true)
	others.Wait()
}

// newQuiet is a server that keeps nothing, for calls at a time.
func newQuiet(t testing.TB) *httptest.Server {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") }))
	t.Cleanup(srv.Close)
	return srv
}

// TestTrapCoreKnowsNoAWS: who uses the HTTP session alone builds no AWS module.
func TestTrapCoreKnowsNoAWS(t *testing.T) { TestCoreKnowsNoAWS(t) }
