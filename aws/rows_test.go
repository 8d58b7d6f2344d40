package aws_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/aws"
)

// boto3Script asks boto3 what rows are compared with. It runs in the home that
// the rows run in: variable F, the files of this package's tests.
const boto3Script = `
import json, os, sys, boto3, botocore.exceptions as e
key = dict(aws_access_key_id='AK', aws_secret_access_key='SK')
def kind(f):
    try: return f()
    except Exception as x: return 'error ' + type(x).__name__
def env(f, **kw):
    os.environ.update(kw)
    try: return f()
    finally:
        for k in kw: del os.environ[k]
plain = boto3.Session(region_name='us-east-1', **key)
nowhere = boto3.Session(profile_name='onlycfg', **key)
def url(s, name, **kw): return kind(lambda: s.client(name, **kw).meta.endpoint_url)
def defaults():
    boto3.DEFAULT_SESSION = None
    boto3.setup_default_session(profile_name='dev')
    first = boto3.DEFAULT_SESSION
    failed = kind(lambda: boto3.setup_default_session(profile_name='nope'))
    kept = boto3.DEFAULT_SESSION is first
    boto3.setup_default_session()
    return [failed, kept, boto3.DEFAULT_SESSION.profile_name]
def events():
    s = boto3.Session(region_name='us-east-1', **key); seen = []
    before = s.client('sqs')
    s.events.register('own-event', lambda **kw: seen.append('late'))
    before.meta.events.emit('own-event.sqs')
    after = s.client('sqs')
    after.meta.events.emit('own-event.sqs')
    return seen
def creds(**kw):
    c = boto3.Session(**kw).get_credentials()
    return c and [c.method, c.access_key]
out = {
 'defaults': defaults(),
 'account alone': kind(lambda: boto3.Session(aws_account_id='1') and 'ok'),
 'explicit': creds(**key),
 'missing': kind(lambda: boto3.Session(profile_name='nope') and 'ok'),
 'missing in env': env(lambda: kind(lambda: boto3.Session() and 'ok'), AWS_PROFILE='nope', AWS_DEFAULT_REGION='us-east-1'),
 'profile': [boto3.Session().profile_name, boto3.Session(profile_name='dev').profile_name, env(lambda: boto3.Session().profile_name, AWS_DEFAULT_PROFILE='quo ted')],
 'profile both': env(lambda: boto3.Session().profile_name, AWS_PROFILE='dev', AWS_DEFAULT_PROFILE='onlycfg'),
 'region': [boto3.Session().region_name, boto3.Session(profile_name='dev').region_name, boto3.Session(profile_name='onlycfg').region_name, env(lambda: boto3.Session().region_name, AWS_DEFAULT_REGION='us-east-2')],
 'region both': env(lambda: boto3.Session().region_name, AWS_REGION='us-west-2', AWS_DEFAULT_REGION='us-east-2'),
 'events': events(),
 'profiles': boto3.Session().available_profiles,
 'no credentials': creds(profile_name='onlycfg'),
 'unknown service': [kind(lambda: plain.client('nope')), issubclass(e.UnknownServiceError, e.DataNotFoundError)],
 'endpoints': {n: url(plain, n) for n in ('sqs', 'dynamodb', 'iam', 'sts', 'elbv2', 'ec2', 'lambda')},
 'regions': {r: url(plain, 'sqs', region_name=r) for r in ('eu-west-1', 'cn-north-1', 'us-gov-west-1', 'xx-foo-9', 'a.b', '12345', '-x', 'x' * 64)},
 'nowhere': {n: url(nowhere, n) for n in ('iam', 'sts', 'dynamodb', 'sqs')},
 'versions': [kind(lambda: plain.client('s3', api_version='1999-01-01')), kind(lambda: plain.resource('s3', api_version='1999-01-01'))],
 'ssl': [url(plain, 'sqs', use_ssl=False), url(plain, 'sqs', use_ssl=False, endpoint_url='https://own.test')],
 'no scheme': url(plain, 'sqs', endpoint_url='own.test'),
 'half': kind(lambda: plain.client('sqs', aws_access_key_id='x')),
 'resources': [kind(lambda: plain.resource('lambda')), kind(lambda: plain.resource('nope'))],
 'services': plain.get_available_services(),
 'available resources': plain.get_available_resources(),
 'partitions': plain.get_available_partitions(),
 'service regions': [plain.get_available_regions(n, partition_name=p, allow_non_regional=a)
    for n in SERVICES.split() for p in ('aws', 'aws-cn', 'aws-us-gov', 'nope') for a in (False, True)],
 'partition': {r: kind(lambda: plain.get_partition_for_region(r)) for r in ('eu-fake-77', 'us-east-1', 'cn-north-1', 'us-gov-west-1', 'us-iso-east-1', 'us-isob-east-1', 'eusc-de-east-1', 'aws-global', '', 'nowhere')},
}
json.dump(out, sys.stdout)
`

// regional are the services whose regions are compared; boto3 takes its time.
const regional = "s3 ec2 iam sts lambda dynamodb elbv2 route53 cloudfront logs events stepfunctions secretsmanager kms sns sqs rds apigateway organizations ce nope elasticloadbalancing"

// TestRows has one test for each promise of boto3's session and of the SDK for
// Go's, named after what it is called there. Where boto3 is, it answers beside;
// where the two libraries differ on purpose, the row says so.
func TestRows(t *testing.T) {
	ctx := context.Background()
	dir := home(t, files, nil)
	bare := os.Environ()
	var boto3 map[string]any
	beside := func(t *testing.T, key string, ours any) { t.Log("python3 has no boto3: not compared") }
	if data, err := pythonData(); err == nil {
		t.Setenv("AWS_DATA_PATH", data[0]+":"+data[1])
		cmd := exec.Command("python3", "-c", "SERVICES = '"+regional+"'\n"+boto3Script)
		cmd.Env = bare // a boto3 that is told of its data is late to see that a profile is missing
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		require.NoError(t, err, stderr.String())
		require.NoError(t, json.Unmarshal(out, &boto3))
		beside = func(t *testing.T, key string, ours any) {
			t.Helper()
			want, ok := boto3[key]
			require.True(t, ok, key)
			b, err := json.Marshal(ours)
			require.NoError(t, err)
			var got any
			require.NoError(t, json.Unmarshal(b, &got))
			assert.Equal(t, want, got, "boto3 on the left")
		}
	}
	has := boto3 != nil // models too
	keys := testKeys()
	plain := open(t, keys, aws.WithRegion("us-east-1"))
	nowhere := open(t, keys, aws.WithProfile("onlycfg"))
	url := func(s *aws.Session, name string, opts ...aws.ClientOption) string {
		c, err := s.Client(name, opts...)
		if err != nil {
			return errorName(err)
		}
		return c.Meta().Endpoint
	}
	row := func(name string, test func(t *testing.T)) { t.Run(name, test) }
	withModels := func(name string, test func(t *testing.T)) {
		t.Run(name, func(t *testing.T) {
			if !has {
				t.Skip("python3 has no botocore: there are no models to test with")
			}
			test(t)
		})
	}

	row("1a setup_default_session", func(t *testing.T) {
		t.Cleanup(aws.ResetDefaultSession)
		require.NoError(t, aws.SetupDefaultSession(ctx, aws.WithProfile("dev")))
		first := aws.Must(aws.DefaultSession())
		failed := aws.SetupDefaultSession(ctx, aws.WithProfile("nope"))
		kept := aws.Must(aws.DefaultSession()) == first
		require.NoError(t, aws.SetupDefaultSession(ctx))
		last := aws.Must(aws.DefaultSession())
		beside(t, "defaults", []any{errorName(failed), kept, last.Profile()})
		assert.True(t, kept)
		assert.Equal(t, "default", last.Profile(), "nothing is merged into the new one")
		require.NoError(t, first.Close())
		require.NoError(t, last.Close())
	})
	withModels("1a client and resource", func(t *testing.T) {
		aws.ResetDefaultSession()
		t.Cleanup(aws.ResetDefaultSession)
		c, err := aws.DefaultClient("sqs")
		require.NoError(t, err)
		s := aws.Must(aws.DefaultSession())
		defer s.Close()
		assert.Equal(t, s.Region(), c.Meta().Region)
		_, err = aws.DefaultResource("s3")
		require.NoError(t, err)
		assert.Same(t, s, aws.Must(aws.DefaultSession()), "one session is made, once")
		require.NoError(t, aws.SetupDefaultSession(ctx, aws.WithProfile("dev")))
		next := aws.Must(aws.DefaultSession())
		defer next.Close()
		assert.Equal(t, "eu-central-1", c.Meta().Region, "a client keeps the session that it was made of")
	})
	row("1a DEFAULT_SESSION reset", func(t *testing.T) {
		t.Cleanup(aws.ResetDefaultSession)
		aws.ResetDefaultSession()
		first := aws.Must(aws.DefaultSession())
		aws.ResetDefaultSession()
		second := aws.Must(aws.DefaultSession())
		assert.NotSame(t, first, second)
		first.Close()
		second.Close()
		aws.ResetDefaultSession()
		t.Setenv("AWS_PROFILE", "nope")
		_, err := aws.DefaultSession()
		require.Error(t, err)
		t.Setenv("AWS_PROFILE", "dev")
		third, err := aws.DefaultSession()
		require.NoError(t, err, "a failure is not kept")
		third.Close()
	})

	row("1b Session", func(t *testing.T) {
		_, err := aws.Open(ctx, aws.WithAccountID("1"))
		require.ErrorIs(t, err, aws.ErrNoCredentials)
		beside(t, "account alone", errorName(err))
		s := open(t, aws.WithStaticCredentials("AK", "SK", "TK"), aws.WithAccountID("123456789012"))
		c, err := s.Credentials(ctx)
		require.NoError(t, err)
		assert.Equal(t, aws.Credentials{AccessKeyID: "AK", SecretAccessKey: "SK", SessionToken: "TK", AccountID: "123456789012", Source: "explicit"}, c)
		beside(t, "explicit", []any{aws.CredentialsMethod(c), c.AccessKeyID})
		// boto3 takes half a pair, and fails when it signs.
		for _, opt := range []aws.Option{aws.WithStaticCredentials("AK", "", ""), aws.WithStaticCredentials("", "SK", ""), aws.WithStaticCredentials("", "", "TK")} {
			_, err = aws.Open(ctx, opt)
			assert.Equal(t, "error PartialCredentialsError", errorName(err))
		}
		own, err := requests.NewSession()
		require.NoError(t, err)
		defer own.Close()
		assert.Same(t, own, open(t, aws.WithHTTPSession(own)).HTTP())
		assert.Equal(t, "sa-east-1", open(t, aws.WithSDKConfig(plain.Copy(aws.NewConfig().WithRegion("sa-east-1")).SDKConfig())).Region())
	})
	row("1b missing profile_name", func(t *testing.T) {
		_, err := aws.Open(ctx, aws.WithProfile("nope"))
		beside(t, "missing", errorName(err))
		isMissing("nope")(t, err)
		t.Setenv("AWS_PROFILE", "nope")
		t.Setenv("AWS_DEFAULT_REGION", "us-east-1")
		_, err = aws.Open(ctx)
		beside(t, "missing in env", errorName(err))
		isMissing("nope")(t, err)
	})
	row("1b profile_name", func(t *testing.T) {
		got := []any{open(t).Profile(), open(t, aws.WithProfile("dev")).Profile()}
		t.Setenv("AWS_DEFAULT_PROFILE", "quo ted")
		got = append(got, open(t).Profile())
		assert.Equal(t, []any{"default", "dev", "quo ted"}, got)
		beside(t, "profile", got)
		// By decision: boto3 reads AWS_DEFAULT_PROFILE first, the SDKs for Go
		// and this package AWS_PROFILE.
		t.Setenv("AWS_PROFILE", "dev")
		t.Setenv("AWS_DEFAULT_PROFILE", "onlycfg")
		assert.Equal(t, "dev", open(t).Profile())
		beside(t, "profile both", "onlycfg")
	})
	row("1b region_name", func(t *testing.T) {
		got := []any{open(t).Region(), open(t, aws.WithProfile("dev")).Region(), nil}
		assert.Empty(t, open(t, aws.WithProfile("onlycfg")).Region(), "None in boto3")
		t.Setenv("AWS_DEFAULT_REGION", "us-east-2")
		got = append(got, open(t).Region())
		assert.Equal(t, []any{"eu-central-1", "eu-west-2", nil, "us-east-2"}, got)
		beside(t, "region", got)
		assert.Equal(t, "ca-central-1", open(t, aws.WithRegion("ca-central-1")).Region())
		// By decision: boto3 does not know AWS_REGION.
		t.Setenv("AWS_REGION", "us-west-2")
		assert.Equal(t, "us-west-2", open(t).Region())
		beside(t, "region both", "us-east-2")
	})
	withModels("1b events", func(t *testing.T) {
		s := open(t, keys, aws.WithRegion("us-east-1"))
		seen := []string{}
		note := func(word string) func(string, *aws.Event) error {
			return func(string, *aws.Event) error { seen = append(seen, word); return nil }
		}
		before := client(t, s, "sqs")
		s.Events().On("own-event", note("late"))
		require.NoError(t, before.Events().Emit("own-event.sqs", &aws.Event{}))
		after := client(t, s, "sqs")
		require.NoError(t, after.Events().Emit("own-event.sqs", &aws.Event{}))
		assert.Equal(t, []string{"late"}, seen)
		beside(t, "events", seen)
		after.Events().On("own-event", note("the client's"))
		seen = nil
		require.NoError(t, s.Events().Emit("own-event.sqs", &aws.Event{}))
		assert.Equal(t, []string{"late"}, seen, "what a client registers stays with it")
	})
	row("1b available_profiles", func(t *testing.T) {
		s := open(t)
		names, err := s.AvailableProfiles()
		require.NoError(t, err)
		assert.Equal(t, []string{"default", "dev", "quo ted", "onlycfg", "partial", "credonly"}, names)
		beside(t, "profiles", names)
		write(t, dir, map[string]string{"config": profiles + "[profile later]\n"})
		again, err := s.AvailableProfiles()
		require.NoError(t, err)
		assert.Equal(t, names, again, "the session keeps what it read")
		write(t, dir, map[string]string{"config": profiles})
		none, err := open(t, aws.WithConfigFiles(), aws.WithCredentialsFiles()).AvailableProfiles()
		require.NoError(t, err)
		assert.Empty(t, none)
	})
	row("1b get_credentials", func(t *testing.T) {
		_, err := open(t, aws.WithProfile("onlycfg")).Credentials(ctx)
		assert.ErrorIs(t, err, aws.ErrNoCredentials)
		beside(t, "no credentials", nil)
		s := open(t)
		assert.Same(t, s.CredentialsProvider(), s.CredentialsProvider(), "one object, which refreshes itself")
		_, err = s.Credentials(ctx)
		require.NoError(t, err)
	})
	row("1b read-only-ness", func(t *testing.T) {
		c := plain.Copy(aws.NewConfig().WithRegion("eu-west-1"))
		assert.Equal(t, "us-east-1 eu-west-1", plain.Region()+" "+c.Region())
		assert.Equal(t, plain.Profile(), c.Profile())
	})
	row("1b credential object", func(t *testing.T) {
		for source, want := range map[string]string{
			"StaticCredentials": "explicit", "explicit": "explicit", "EnvConfigCredentials": "env", "SharedConfigCredentials: /h/.aws/credentials": "shared-credentials-file",
			"SharedConfigCredentials: /h/.aws/config": "config-file", "AssumeRoleProvider": "assume-role", "WebIdentityCredentials": "assume-role-with-web-identity",
			"SSOProvider": "sso", "LoginProvider": "login", "ProcessProvider": "custom-process", "CredentialsEndpointProvider": "container-role", "EC2RoleProvider": "iam-role", "mine": "mine",
		} {
			assert.Equal(t, want, aws.CredentialsMethod(aws.Credentials{Source: source}), source)
		}
		c, err := open(t).Credentials(ctx)
		require.NoError(t, err)
		c.AccessKeyID = "changed"
		again, err := open(t).Credentials(ctx)
		require.NoError(t, err)
		assert.Equal(t, "AKDEFAULT", again.AccessKeyID, "what is handed out is frozen")
	})

	withModels("1c service_name", func(t *testing.T) {
		_, err := plain.Client("nope")
		var unknown *aws.UnknownServiceError
		require.ErrorAs(t, err, &unknown)
		assert.Equal(t, "nope", unknown.Name)
		assert.Contains(t, err.Error(), "accessanalyzer, account, acm, ", "the text lists what there is")
		assert.ErrorIs(t, err, aws.ErrDataNotFound)
		beside(t, "unknown service", []any{errorName(err), true})
		got := map[string]string{}
		for _, n := range []string{"sqs", "dynamodb", "iam", "sts", "elbv2", "ec2", "lambda"} {
			got[n] = url(plain, n)
		}
		beside(t, "endpoints", got)
	})
	withModels("1c region_name", func(t *testing.T) {
		got := map[string]string{}
		for _, r := range []string{"eu-west-1", "cn-north-1", "us-gov-west-1", "xx-foo-9", "a.b", "12345", "-x", strings.Repeat("x", 64)} {
			got[r] = url(plain, "sqs", aws.ClientRegion(r))
		}
		assert.Equal(t, "https://sqs.xx-foo-9.amazonaws.com", got["xx-foo-9"], "a plausible region is routed by pattern")
		assert.Equal(t, "error InvalidRegionError", got["a.b"])
		beside(t, "regions", got)
		assert.Equal(t, "https://sqs.eu-west-1.amazonaws.com", url(plain, "sqs", aws.ClientConfigs(aws.NewConfig().WithRegion("eu-west-1"))))
		got = map[string]string{}
		for _, n := range []string{"iam", "sts", "dynamodb", "sqs"} {
			got[n] = url(nowhere, n)
		}
		assert.Equal(t, "error NoRegionError", got["dynamodb"])
		beside(t, "nowhere", got)
		// boto3 reports https://s3.amazonaws.com and signs for us-east-1.
		s3 := client(t, nowhere, "s3").Meta()
		assert.Equal(t, "us-east-1", s3.Region)
		assert.Equal(t, "us-east-1", s3.SigningRegion)
		assert.Equal(t, "us-east-1", client(t, nowhere, "iam").Meta().SigningRegion)
	})
	withModels("1c api_version", func(t *testing.T) {
		_, err := plain.Client("s3", aws.ClientAPIVersion("1999-01-01"))
		_, rerr := plain.Resource("s3", aws.ClientAPIVersion("1999-01-01"))
		assert.ErrorIs(t, err, aws.ErrDataNotFound)
		var unknown *aws.UnknownAPIVersionError
		require.ErrorAs(t, rerr, &unknown)
		assert.Equal(t, []string{"2006-03-01"}, unknown.Known)
		beside(t, "versions", []string{"error DataNotFoundError", errorName(rerr)})
		assert.Equal(t, "2006-03-01", client(t, plain, "s3", aws.ClientAPIVersion("2006-03-01")).Meta().APIVersion)
	})
	withModels("1c use_ssl", func(t *testing.T) {
		got := []string{url(plain, "sqs", aws.ClientDisableSSL()), url(plain, "sqs", aws.ClientDisableSSL(), aws.ClientEndpoint("https://own.test"))}
		assert.Equal(t, []string{"http://sqs.us-east-1.amazonaws.com", "https://own.test"}, got)
		beside(t, "ssl", got)
	})
	withModels("1c verify", func(t *testing.T) {
		srv, bundle := trusted(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") }))
		list := func(s *aws.Session, opts ...aws.ClientOption) error {
			_, err := client(t, s, "dynamodb", append(opts, aws.ClientEndpoint(srv.URL), aws.ClientRetry(0))...).Call(ctx, "ListTables", nil)
			return err
		}
		assert.ErrorIs(t, list(plain), requests.ErrTLS, "nothing said: the system's roots")
		assert.NoError(t, list(plain, aws.ClientVerify(false)), "False")
		assert.NoError(t, list(plain, aws.ClientCABundle(bundle)), "a path")
		assert.ErrorIs(t, list(plain), requests.ErrTLS, "and the session's other clients are as they were")
		t.Run("REQUESTS_CA_BUNDLE", func(t *testing.T) {
			t.Setenv("REQUESTS_CA_BUNDLE", bundle)
			assert.NoError(t, list(open(t, keys, aws.WithRegion("us-east-1"))))
			t.Setenv("AWS_CA_BUNDLE", "/etc/hostname") // no certificates
			_, err := aws.Open(ctx)
			assert.Error(t, err, "AWS_CA_BUNDLE comes first")
		})
		t.Run("AWS_CA_BUNDLE", func(t *testing.T) {
			t.Setenv("AWS_CA_BUNDLE", bundle)
			assert.NoError(t, list(open(t, keys, aws.WithRegion("us-east-1"))))
		})
		t.Run("ca_bundle of the profile", func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config")
			require.NoError(t, os.WriteFile(path, []byte("[default]\nca_bundle="+bundle+"\n"), 0o600))
			assert.NoError(t, list(open(t, keys, aws.WithRegion("us-east-1"), aws.WithConfigFiles(path))))
		})
	})
	withModels("1c endpoint_url", func(t *testing.T) {
		t.Setenv("AWS_ENDPOINT_URL", "http://all.test")
		t.Setenv("AWS_ENDPOINT_URL_SQS", "http://one.test")
		s := open(t, keys, aws.WithRegion("us-east-1"))
		assert.Equal(t, "https://own.test:8/p", url(s, "sqs", aws.ClientEndpoint("https://own.test:8/p")), "it beats the variables")
		got := url(plain, "sqs", aws.ClientEndpoint("own.test"))
		assert.Equal(t, "error ErrInvalidEndpoint", got)
		beside(t, "no scheme", "error ValueError")
	})
	withModels("1c the three keys, aws_account_id", func(t *testing.T) {
		got := url(plain, "sqs", aws.ClientCredentials("x", "", ""))
		assert.Equal(t, "error PartialCredentialsError", got)
		beside(t, "half", got)
		_, err := plain.Client("sqs", aws.ClientCredentials("", "", "token"))
		isPartial("aws_access_key_id")(t, err) // boto3 ignores a lone token
		var auth string
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			auth = r.Header.Get("Authorization")
			io.WriteString(w, "{}")
		}))
		defer srv.Close()
		call(t, client(t, plain, "dynamodb", aws.ClientEndpoint(srv.URL), aws.ClientCredentials("AKCLIENT", "s", "")), "ListTables", nil)
		assert.Contains(t, auth, "Credential=AKCLIENT/")
		call(t, client(t, plain, "dynamodb", aws.ClientEndpoint(srv.URL)), "ListTables", nil)
		assert.Contains(t, auth, "Credential=AKIDTEST/")
	})
	withModels("1c config", func(t *testing.T) {
		srv := newFlaky(t, 100)
		s := open(t, aws.WithProfile("onlycfg"), aws.WithRegion("us-east-1")) // no credentials
		c := client(t, s, "dynamodb", aws.ClientEndpoint(srv.URL), aws.ClientAnonymous(), aws.ClientRetry(0), aws.ClientTimeouts(requests.Timeouts{Read: time.Minute}))
		_, err := c.Call(ctx, "ListTables", nil)
		var failed *aws.ServiceError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, int32(1), srv.calls.Load(), "the client's number of retries")
		assert.Empty(t, srv.headers[0].Get("Authorization"), "UNSIGNED needs no credentials")
		_, err = client(t, s, "dynamodb", aws.ClientEndpoint(srv.URL)).Call(ctx, "ListTables", nil)
		assert.ErrorIs(t, err, aws.ErrNoCredentials)
	})
	withModels("1c result", func(t *testing.T) {
		c := client(t, plain, "sqs")
		assert.Equal(t, aws.ClientMeta{
			ServiceName: "sqs", ServiceID: "SQS", APIVersion: "2012-11-05", Protocol: "json", Region: "us-east-1",
			Endpoint: "https://sqs.us-east-1.amazonaws.com", PartitionID: "aws", SigningName: "sqs", SigningRegion: "us-east-1",
		}, c.Meta())
		assert.Contains(t, c.Operations(), "SendMessage")
		srv := newFlaky(t, 0)
		shared := client(t, plain, "dynamodb", aws.ClientEndpoint(srv.URL))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { call(t, shared, "ListTables", nil) })
		}
		wg.Wait()
	})
	withModels("1c resource()", func(t *testing.T) {
		_, lambda := plain.Resource("lambda")
		_, nope := plain.Resource("nope")
		var e *aws.ResourceNotExistsError
		require.ErrorAs(t, nope, &e)
		assert.False(t, e.HasClient)
		require.ErrorAs(t, lambda, &e)
		assert.True(t, e.HasClient)
		assert.Equal(t, plain.AvailableResources(), e.Available)
		assert.Contains(t, lambda.Error(), `Client("lambda")`)
		beside(t, "resources", []string{errorName(lambda), errorName(nope)})
		var agent string
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			agent = r.Header.Get("User-Agent")
			io.WriteString(w, `{"TableNames":[]}`)
		}))
		defer srv.Close()
		r, err := plain.Resource("dynamodb", aws.ClientEndpoint(srv.URL))
		require.NoError(t, err)
		call(t, r.Client(), "ListTables", nil)
		assert.Contains(t, agent, "Resource")
	})

	withModels("1d get_available_services", func(t *testing.T) {
		names := plain.AvailableServices()
		assert.IsIncreasing(t, names)
		beside(t, "services", names)
	})
	row("1d get_available_resources", func(t *testing.T) { beside(t, "available resources", plain.AvailableResources()) })
	row("1d get_available_partitions", func(t *testing.T) { beside(t, "partitions", plain.AvailablePartitions()) })
	withModels("1d get_available_regions", func(t *testing.T) {
		all := [][]string{}
		for _, n := range strings.Fields(regional) {
			for _, p := range []string{"aws", "aws-cn", "aws-us-gov", "nope"} {
				all = append(all, plain.AvailableRegions(n, aws.InPartition(p)), plain.AvailableRegions(n, aws.InPartition(p), aws.IncludeNonRegional()))
			}
		}
		beside(t, "service regions", all)
	})
	row("1d get_partition_for_region", func(t *testing.T) {
		got := map[string]string{}
		for _, r := range []string{"eu-fake-77", "us-east-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eusc-de-east-1", "aws-global", "", "nowhere"} {
			p, err := plain.PartitionForRegion(r)
			if err != nil {
				p = errorName(err)
			}
			got[r] = p
		}
		assert.Equal(t, "aws", got["eu-fake-77"])
		assert.Equal(t, "error UnknownRegionError", got["aws-global"])
		beside(t, "partition", got)
	})

	row("1e type Session struct", func(t *testing.T) {
		s := open(t, keys, aws.WithRegion("us-east-1"))
		s.Config.Region = aws.String("us-west-1") // as long as nobody else has it
		s.Handlers.Validate.PushBack(func(*aws.Request) error { return io.ErrUnexpectedEOF })
		assert.Equal(t, "us-west-1", s.SDKConfig().Region)
		_, err := aws.NewClient(s, dynamodb.NewFromConfig).ListTables(ctx, nil)
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	})
	row("1e New", func(t *testing.T) {
		t.Setenv("AWS_PROFILE", "nope")
		srv := newFlaky(t, 0)
		s := aws.New(aws.NewConfig().WithRegion("us-east-1").WithEndpoint(srv.URL))
		defer s.Close()
		var complete []error
		s.Handlers.Complete.PushBack(func(r *aws.Request) error { complete = append(complete, r.Error); return nil })
		_, err := aws.NewClient(s, dynamodb.NewFromConfig).ListTables(ctx, nil)
		isMissing("nope")(t, err)
		require.Len(t, complete, 1, "it fails in Validate, and Complete runs all the same")
		isMissing("nope")(t, complete[0])
		assert.Zero(t, srv.calls.Load())
	})
	row("1e NewSession", func(t *testing.T) {
		s, err := aws.NewSession(&aws.Config{Region: aws.String("us-west-1"), MaxRetries: aws.Int(7)}, nil, &aws.Config{Region: aws.String("us-west-2")})
		require.NoError(t, err)
		defer s.Close()
		assert.Equal(t, "us-west-2", s.Region(), "a later field wins")
		assert.Equal(t, 7, *s.Config.MaxRetries, "one that is not set does not")
	})
	row("1e NewSessionWithOptions", func(t *testing.T) {
		server, address := served(t, nil, map[string]string{"AWS_EC2_METADATA_DISABLED": "false"})
		one, two := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two")
		require.NoError(t, os.WriteFile(one, []byte(base+"[profile x]\nregion=us-east-1\nsource_profile=base\nmfa_serial=d\n"+roleARN+"r\nrole_session_name=me\n"), 0o600))
		require.NoError(t, os.WriteFile(two, []byte("[profile x]\nregion=us-east-2\n"), 0o600))
		handlers := new(aws.Handlers)
		handlers.Send.PushBack(func(*aws.Request) error { return nil })
		s, err := aws.NewSessionWithOptions(aws.Options{
			Config: aws.Config{MaxRetries: aws.Int(1)}, Profile: "x", SharedConfigState: aws.SharedConfigEnable, SharedConfigFiles: []string{one, two},
			AssumeRoleTokenProvider: func() (string, error) { return "123456", nil }, AssumeRoleDuration: time.Hour, Handlers: handlers,
		})
		require.NoError(t, err)
		defer s.Close()
		assert.Equal(t, "x us-east-2", s.Profile()+" "+s.Region(), "of the files the later one wins")
		_, err = s.Credentials(ctx)
		require.NoError(t, err)
		assert.Equal(t, []string{"AssumeRole by=AKBASE RoleArn=arn:aws:iam::123456789012:role/r RoleSessionName=me SerialNumber=d TokenCode=123456 DurationSeconds=3600"}, server.asked())
		handlers.Send.PushBack(func(*aws.Request) error { return nil })
		assert.Equal(t, 1, s.Handlers.Send.Len(), "the handlers were copied")
		s, err = aws.NewSessionWithOptions(aws.Options{EC2IMDSEndpoint: address, EC2IMDSEndpointMode: "IPv4"})
		require.NoError(t, err)
		defer s.Close()
		c, err := s.Credentials(ctx)
		require.NoError(t, err)
		assert.Equal(t, "AKIMDS", c.AccessKeyID)
		_, err = aws.NewSessionWithOptions(aws.Options{EC2IMDSEndpointMode: "IPv5"})
		assert.Error(t, err)
		seen := ""
		t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", one)
		t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/web")
		s, err = aws.NewSessionWithOptions(aws.Options{CredentialsProviderOptions: &aws.CredentialsProviderOptions{
			WebIdentityRoleProviderOptions: func(o *aws.WebIdentityRoleOptions) { seen, o.RoleSessionName = o.RoleARN, "by-option" },
		}})
		require.NoError(t, err)
		defer s.Close()
		_, err = s.Credentials(ctx)
		require.NoError(t, err)
		assert.Equal(t, "arn:aws:iam::123456789012:role/web", seen)
		assert.Contains(t, server.asked()[2], "RoleSessionName=by-option")
		// CustomCABundle, ClientTLSCert and ClientTLSKey: TestCABundle, TestClientCertificate.
	})
	row("1e Must", func(t *testing.T) {
		s := aws.Must(aws.NewSession())
		defer s.Close()
		t.Setenv("AWS_PROFILE", "nope")
		assert.Panics(t, func() { aws.Must(aws.NewSession()) })
	})
	row("1e shared config gate", func(t *testing.T) {
		// By decision it is open unless it is closed.
		narrow := func(text string) *aws.Session {
			path := filepath.Join(t.TempDir(), "credentials")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			s, err := aws.NewSessionWithOptions(aws.Options{SharedConfigState: aws.SharedConfigDisable, SharedConfigFiles: []string{path}})
			require.NoError(t, err)
			t.Cleanup(func() { s.Close() })
			return s
		}
		assert.Equal(t, "eu-central-1", open(t).Region())
		assert.Empty(t, open(t, aws.WithSharedConfig(aws.SharedConfigDisable)).Region())
		s := narrow("[default]\nregion=us-east-1\naws_access_key_id=A\naws_secret_access_key=B\nrole_arn=arn:aws:iam::123456789012:role/r\nsource_profile=default\n")
		assert.Empty(t, s.Region(), "only keys are read")
		c, err := s.Credentials(ctx)
		require.NoError(t, err, "roles are not followed")
		assert.Equal(t, "A", c.AccessKeyID)
		c, err = narrow("[default]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"AKPROC\",\"SecretAccessKey\":\"s\"}'\n").Credentials(ctx)
		require.NoError(t, err)
		assert.Equal(t, "AKPROC", c.AccessKeyID)
		t.Setenv("AWS_DEFAULT_PROFILE", "nope")
		t.Setenv("AWS_DEFAULT_REGION", "us-east-2")
		t.Setenv("AWS_SDK_LOAD_CONFIG", "0")
		assert.Equal(t, "default ", open(t).Profile()+" "+open(t).Region(), "the AWS_DEFAULT_ variables do not count")
		t.Setenv("AWS_REGION", "us-west-1")
		assert.Equal(t, "us-west-1", open(t).Region())
		t.Setenv("AWS_SDK_LOAD_CONFIG", "1")
		_, err = aws.Open(ctx)
		isMissing("nope")(t, err)
	})
	row("1e file precedence", func(t *testing.T) {
		where := t.TempDir()
		config, credentials := filepath.Join(where, "config"), filepath.Join(where, "credentials")
		put := func(c, k string) *aws.Session {
			require.NoError(t, os.WriteFile(config, []byte(c), 0o600))
			require.NoError(t, os.WriteFile(credentials, []byte(k), 0o600))
			return open(t, aws.WithConfigFiles(config), aws.WithCredentialsFiles(credentials))
		}
		s := put("[default]\nregion=us-east-1\naws_access_key_id=A\naws_secret_access_key=A\naws_session_token=A\n", "[default]\nregion=us-east-2\naws_access_key_id=B\naws_secret_access_key=B\n")
		c, err := s.Credentials(ctx)
		require.NoError(t, err)
		assert.Equal(t, "B us-east-2", c.AccessKeyID+" "+s.Region(), "the credentials file wins, key by key")
		s = put("[default]\naws_access_key_id=A\n", "[default]\naws_secret_access_key=B\n")
		_, err = s.Credentials(ctx)
		assert.Error(t, err, "a pair is of one file")
	})
	row("1e missing profile", func(t *testing.T) {
		// By decision an error, as in boto3; the SDK goes on without.
		_, err := aws.NewSessionWithOptions(aws.Options{Profile: "nope", SharedConfigState: aws.SharedConfigEnable})
		isMissing("nope")(t, err)
	})
	row("1e env credentials", func(t *testing.T) {
		t.Setenv("AWS_ACCESS_KEY", "AKALT")
		t.Setenv("AWS_SECRET_KEY", "s")
		c, err := open(t).Credentials(ctx)
		require.NoError(t, err)
		assert.Equal(t, "AKALT env", c.AccessKeyID+" "+aws.CredentialsMethod(c))
		t.Setenv("AWS_ACCESS_KEY_ID", "AKENV")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
		c, err = open(t).Credentials(ctx)
		require.NoError(t, err)
		assert.Equal(t, "AKENV", c.AccessKeyID)
	})
	row("1e region missing", func(t *testing.T) {
		if has {
			_, err := nowhere.Client("dynamodb")
			assert.ErrorIs(t, err, aws.ErrNoRegion, "at creation, as in boto3")
		}
		c := nowhere.ClientConfig("dynamodb")
		assert.ErrorIs(t, c.Err, aws.ErrNoRegion)
		_, err := dynamodb.NewFromConfig(c.SDK()).ListTables(ctx, nil)
		assert.ErrorIs(t, err, aws.ErrNoRegion, "in Validate of the first request")
		req, _ := http.NewRequest("GET", "http://x.test", nil)
		_, _, err = nowhere.Presign(ctx, req, "dynamodb", time.Minute)
		assert.ErrorIs(t, err, aws.ErrNoRegion)
	})
	row("1e Copy", func(t *testing.T) {
		s := open(t, keys, aws.WithRegion("us-east-1"))
		s.Handlers.Send.PushBackNamed("one", func(*aws.Request) error { return nil })
		c := s.Copy(aws.NewConfig().WithRegion("eu-west-1"), &aws.Config{DisableParamValidation: aws.Bool(true)})
		c.Handlers.Send.PushBackNamed("two", func(*aws.Request) error { return nil })
		s.Handlers.Send.PushBackNamed("three", func(*aws.Request) error { return nil })
		assert.Equal(t, "us-east-1 eu-west-1", s.Region()+" "+c.Region())
		assert.Equal(t, 2, s.Handlers.Send.Len())
		assert.Equal(t, 2, c.Handlers.Send.Len())
		assert.Same(t, s.HTTP(), c.HTTP())
		assert.Equal(t, s.CredentialsProvider(), c.CredentialsProvider())
		own := s.Copy(&aws.Config{HTTP: []requests.Option{requests.WithVerify(false)}})
		defer own.Close()
		assert.NotSame(t, s.HTTP(), own.HTTP(), "trust of its own is a session of its own")
		if has {
			srv := newFlaky(t, 0)
			_, err := client(t, s, "dynamodb", aws.ClientEndpoint(srv.URL)).Call(ctx, "GetItem", aws.Params{})
			var invalid *aws.ParamValidationError
			require.ErrorAs(t, err, &invalid)
			_, err = client(t, c, "dynamodb", aws.ClientEndpoint(srv.URL)).Call(ctx, "GetItem", aws.Params{})
			assert.NoError(t, err, "and validation can be taken away")
		}
	})
	row("1e ClientConfig", func(t *testing.T) {
		c := plain.ClientConfig("dynamodb", aws.NewConfig().WithRegion("fips-us-west-2"))
		assert.Equal(t, "us-west-2 true", fmt.Sprint(*c.Config.Region, " ", *c.Config.UseFIPS))
		assert.Equal(t, "https://dynamodb-fips.us-west-2.amazonaws.com us-west-2 dynamodb aws us-west-2",
			strings.Join([]string{c.Endpoint, c.SigningRegion, c.SigningName, c.PartitionID, c.ResolvedRegion}, " "))
		assert.Equal(t, "https://own.test", plain.ClientConfig("dynamodb", aws.NewConfig().WithEndpoint("https://own.test")).Endpoint)
		unknown := plain.ClientConfig("made-up")
		assert.Equal(t, "https://made-up.us-east-1.amazonaws.com", unknown.Endpoint)
		assert.True(t, unknown.SigningNameDerived)
		c.Handlers.Send.PushBack(func(*aws.Request) error { return nil })
		assert.Zero(t, plain.Handlers.Send.Len())
		srv := newFlaky(t, 0)
		_, err := dynamodb.NewFromConfig(plain.ClientConfig("dynamodb", aws.NewConfig().WithEndpoint(srv.URL)).SDK()).ListTables(ctx, nil)
		assert.NoError(t, err)
	})
	row("1e ClientConfigNoResolveEndpoint", func(t *testing.T) {
		c := nowhere.ClientConfigNoResolveEndpoint(aws.NewConfig().WithRegion("eu-west-1"))
		assert.NoError(t, c.Err)
		assert.Empty(t, c.Endpoint)
		assert.Equal(t, "eu-west-1", c.SDK().Region)
	})
	row("1e Handlers inherit", func(t *testing.T) {
		srv := newFlaky(t, 0)
		s := open(t, keys, aws.WithRegion("us-east-1"), aws.WithConfig(aws.NewConfig().WithEndpoint(srv.URL)))
		n := 0
		before := aws.NewClient(s, dynamodb.NewFromConfig)
		s.Handlers.Send.PushBack(func(*aws.Request) error { n++; return nil })
		_, err := before.ListTables(ctx, nil)
		require.NoError(t, err)
		assert.Zero(t, n)
		_, err = aws.NewClient(s, dynamodb.NewFromConfig).ListTables(ctx, nil)
		require.NoError(t, err)
		assert.Equal(t, 1, n)
	})
	row("1e concurrency", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				aws.NewClient(plain, sts.NewFromConfig)
				plain.ClientConfig("sqs")
				plain.Copy(aws.NewConfig().WithRegion("eu-west-1")).Region()
				_, err := plain.Credentials(ctx)
				assert.NoError(t, err)
				plain.AvailableRegions("s3")
				_, err = plain.AvailableProfiles()
				assert.NoError(t, err)
			})
		}
		wg.Wait()
	})
	row("1e cache sessions", func(t *testing.T) {
		s := open(t)
		t.Setenv("AWS_REGION", "us-west-2")
		assert.Equal(t, "eu-central-1", s.Region(), "what was read when the session was made stays")
		assert.Equal(t, "us-west-2", open(t).Region(), "making one reads anew")
	})
	row("1e logging example", func(t *testing.T) {
		srv := newFlaky(t, 1)
		s := open(t, keys, aws.WithRegion("us-east-1"), aws.WithConfig(aws.NewConfig().WithEndpoint(srv.URL)))
		fast(s)
		var log []string
		s.Handlers.Send.PushFront(func(r *aws.Request) error {
			log = append(log, fmt.Sprintf("Request: %s/%s, Params: %T", r.ClientInfo.ServiceName, r.Operation.Name, r.Params))
			return nil
		})
		_, err := aws.NewClient(s, dynamodb.NewFromConfig).ListTables(ctx, &dynamodb.ListTablesInput{})
		require.NoError(t, err)
		line := "Request: dynamodb/ListTables, Params: *dynamodb.ListTablesInput"
		assert.Equal(t, []string{line, line}, log, "before every attempt")
	})
}

// errorName names an error as boto3 does.
func errorName(err error) string {
	switch {
	case err == nil:
		return "ok"
	case is[*aws.ProfileNotFoundError](err):
		return "error ProfileNotFound"
	case is[*aws.PartialCredentialsError](err):
		return "error PartialCredentialsError"
	case is[*aws.UnknownServiceError](err):
		return "error UnknownServiceError"
	case is[*aws.UnknownAPIVersionError](err):
		return "error UnknownAPIVersionError"
	case is[*aws.UnknownRegionError](err):
		return "error UnknownRegionError"
	case is[*aws.InvalidRegionError](err):
		return "error InvalidRegionError"
	case is[*aws.ResourceNotExistsError](err):
		return "error ResourceNotExistsError"
	}
	for name, sentinel := range map[string]error{"NoRegionError": aws.ErrNoRegion, "NoCredentialsError": aws.ErrNoCredentials, "ErrInvalidEndpoint": aws.ErrInvalidEndpoint} {
		if errors.Is(err, sentinel) {
			return "error " + name
		}
	}
	return err.Error()
}

func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}
