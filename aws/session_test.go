package aws_test

import (
	"context"
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
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/aws"
)

const profiles = `[default]
region = eu-central-1
[profile dev]
region = eu-west-2
aws_access_key_id = AKDEV
aws_secret_access_key = devsecret
[bare]
region = us-west-1
[profile "quo ted"]
region = sa-east-1
[profile onlycfg]
[sso-session s]
sso_region = us-east-1
[services v]
`

const keys = `[default]
aws_access_key_id = AKDEFAULT
aws_secret_access_key = defaultsecret
[partial]
aws_access_key_id = AKPARTIAL
[credonly]
aws_access_key_id = AKCRED
aws_secret_access_key = credsecret
`

var files = map[string]string{"config": profiles, "credentials": keys}

func TestDefaultSession(t *testing.T) {
	t.Cleanup(aws.ResetDefaultSession)
	t.Run("setup_default_session replaces, and an error keeps the old one", func(t *testing.T) {
		home(t, files, nil)
		aws.ResetDefaultSession()
		require.NoError(t, aws.SetupDefaultSession(context.Background(), aws.WithProfile("dev")))
		first, err := aws.DefaultSession()
		require.NoError(t, err)
		assert.Equal(t, "dev", first.Profile())
		require.Error(t, aws.SetupDefaultSession(context.Background(), aws.WithProfile("nope")))
		still, err := aws.DefaultSession()
		require.NoError(t, err)
		assert.Same(t, first, still)
		require.NoError(t, aws.SetupDefaultSession(context.Background()))
		second, err := aws.DefaultSession()
		require.NoError(t, err)
		assert.Equal(t, "default", second.Profile(), "nothing is merged")
		first.Close()
		second.Close()
	})
	t.Run("a failed first use is not kept", func(t *testing.T) {
		home(t, files, map[string]string{"AWS_PROFILE": "nope"})
		aws.ResetDefaultSession()
		_, err := aws.DefaultSession()
		require.Error(t, err)
		os.Setenv("AWS_PROFILE", "dev")
		s, err := aws.DefaultSession()
		require.NoError(t, err)
		s.Close()
	})
	t.Run("concurrent first use creates one session, while another replaces it", func(t *testing.T) {
		home(t, files, nil)
		models(t)
		aws.ResetDefaultSession()
		var wg sync.WaitGroup
		shared := open(t, testKeys(), aws.WithRegion("us-east-1"))
		for i := range 100 {
			wg.Go(func() {
				_, err := aws.DefaultClient("sqs")
				assert.NoError(t, err)
				_, err = shared.Client("sqs")
				assert.NoError(t, err)
				aws.NewClient(shared, dynamodb.NewFromConfig)
				if i%20 == 0 {
					assert.NoError(t, aws.SetupDefaultSession(context.Background()))
				}
			})
		}
		wg.Wait()
	})
}

func TestSessionConstructor(t *testing.T) {
	t.Run("explicit credentials have the method explicit", func(t *testing.T) {
		home(t, nil, nil)
		s := open(t, aws.WithStaticCredentials("AK", "SK", "TK"), aws.WithAccountID("123456789012"))
		c, err := s.Credentials(context.Background())
		require.NoError(t, err)
		assert.Equal(t, "AK", c.AccessKeyID)
		assert.Equal(t, "TK", c.SessionToken)
		assert.Equal(t, "123456789012", c.AccountID)
		assert.Equal(t, "explicit", aws.CredentialsMethod(c))
	})
	for _, c := range []struct {
		name  string
		opt   aws.Option
		check func(t *testing.T, err error)
	}{
		{"a key without a secret", aws.WithStaticCredentials("AK", "", ""), isPartial("aws_secret_access_key")},
		{"a secret without a key", aws.WithStaticCredentials("", "SK", ""), isPartial("aws_access_key_id")},
		{"a token alone", aws.WithStaticCredentials("", "", "T"), isPartial("aws_access_key_id")},
		{"an account without keys", aws.WithAccountID("1"), func(t *testing.T, err error) { assert.ErrorIs(t, err, aws.ErrNoCredentials) }},
		{"a missing profile", aws.WithProfile("nope"), isMissing("nope")},
		{"a region that is no host label", aws.WithRegion("no.such_region"), func(t *testing.T, err error) {
			var e *aws.InvalidRegionError
			assert.ErrorAs(t, err, &e)
		}},
		{"an endpoint without a scheme", aws.WithConfig(aws.NewConfig().WithEndpoint("localhost:1234")), func(t *testing.T, err error) {
			assert.ErrorIs(t, err, aws.ErrInvalidEndpoint)
		}},
	} {
		t.Run(c.name+" is an error of the constructor", func(t *testing.T) {
			home(t, files, nil)
			_, err := aws.Open(context.Background(), c.opt)
			require.Error(t, err)
			c.check(t, err)
		})
	}
	t.Run("a missing profile of the environment too", func(t *testing.T) {
		for _, v := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
			home(t, files, nil)
			os.Unsetenv("AWS_PROFILE")
			t.Setenv(v, "nope")
			_, err := aws.NewSession()
			require.Error(t, err)
			isMissing("nope")(t, err)
		}
	})
	t.Run("no secret prints", func(t *testing.T) {
		home(t, files, nil)
		s := open(t, aws.WithStaticCredentials("AK", "hunter2", "hunter3"))
		for _, f := range []string{"%v", "%+v", "%#v", "%s"} {
			for _, v := range []any{s, s.Config, s.Auth("s3"), s.CredentialsProvider()} {
				assert.NotContains(t, fmt.Sprintf(f, v), "hunter")
			}
		}
	})
}

func isPartial(missing string) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		var e *aws.PartialCredentialsError
		if assert.ErrorAs(t, err, &e) {
			assert.Equal(t, missing, e.Missing)
		}
	}
}

func isMissing(profile string) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		var e *aws.ProfileNotFoundError
		if assert.ErrorAs(t, err, &e) {
			assert.Equal(t, profile, e.Profile)
		}
	}
}

func TestSessionProperties(t *testing.T) {
	for _, c := range []struct {
		name            string
		env             map[string]string
		opts            []aws.Option
		profile, region string
	}{
		{"nothing set", nil, nil, "default", "eu-central-1"},
		{"the profile of the code", map[string]string{"AWS_PROFILE": "onlycfg"}, []aws.Option{aws.WithProfile("dev")}, "dev", "eu-west-2"},
		{"AWS_PROFILE comes before AWS_DEFAULT_PROFILE", map[string]string{"AWS_PROFILE": "dev", "AWS_DEFAULT_PROFILE": "onlycfg"}, nil, "dev", "eu-west-2"},
		{"AWS_DEFAULT_PROFILE counts", map[string]string{"AWS_DEFAULT_PROFILE": "quo ted"}, nil, "quo ted", "sa-east-1"},
		{"AWS_REGION comes before AWS_DEFAULT_REGION", map[string]string{"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-east-2"}, nil, "default", "us-west-2"},
		{"AWS_DEFAULT_REGION comes before the profile", map[string]string{"AWS_DEFAULT_REGION": "us-east-2"}, nil, "default", "us-east-2"},
		{"the region of the code comes first", map[string]string{"AWS_REGION": "us-west-2"}, []aws.Option{aws.WithRegion("ca-central-1")}, "default", "ca-central-1"},
		{"no region is known", nil, []aws.Option{aws.WithProfile("onlycfg")}, "onlycfg", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, files, c.env)
			s := open(t, c.opts...)
			assert.Equal(t, c.profile, s.Profile())
			assert.Equal(t, c.region, s.Region())
		})
	}
	t.Run("available_profiles are in file order", func(t *testing.T) {
		home(t, files, nil)
		names, err := open(t).AvailableProfiles()
		require.NoError(t, err)
		assert.Equal(t, []string{"default", "dev", "quo ted", "onlycfg", "partial", "credonly"}, names)
	})
	t.Run("without files there are none", func(t *testing.T) {
		home(t, nil, nil)
		names, err := open(t).AvailableProfiles()
		require.NoError(t, err)
		assert.Empty(t, names)
	})
	t.Run("no credentials are an error that says so", func(t *testing.T) {
		home(t, nil, nil)
		_, err := open(t).Credentials(context.Background())
		assert.ErrorIs(t, err, aws.ErrNoCredentials)
	})
}

func TestClientArguments(t *testing.T) {
	home(t, nil, nil)
	models(t)
	s := open(t, testKeys(), aws.WithRegion("us-east-1"))
	none := open(t, testKeys())
	for _, c := range []struct {
		name     string
		session  *aws.Session
		service  string
		opts     []aws.ClientOption
		endpoint string
	}{
		{"the session's region", s, "sqs", nil, "https://sqs.us-east-1.amazonaws.com"},
		{"a region of the client", s, "sqs", []aws.ClientOption{aws.ClientRegion("eu-west-1")}, "https://sqs.eu-west-1.amazonaws.com"},
		{"a plausible region that is not known", s, "sqs", []aws.ClientOption{aws.ClientRegion("xx-foo-9")}, "https://sqs.xx-foo-9.amazonaws.com"},
		{"a region of China", s, "sqs", []aws.ClientOption{aws.ClientRegion("cn-north-1")}, "https://sqs.cn-north-1.amazonaws.com.cn"},
		{"no TLS", s, "sqs", []aws.ClientOption{aws.ClientDisableSSL()}, "http://sqs.us-east-1.amazonaws.com"},
		{"an endpoint is taken as it is", s, "sqs", []aws.ClientOption{aws.ClientEndpoint("https://own.test:99/x"), aws.ClientDisableSSL()}, "https://own.test:99/x"},
		{"a pseudo region is FIPS", s, "sqs", []aws.ClientOption{aws.ClientRegion("fips-us-east-1")}, "https://sqs-fips.us-east-1.amazonaws.com"},
		{"a global service", s, "iam", nil, "https://iam.amazonaws.com"},
		{"no region: iam", none, "iam", nil, "https://iam.amazonaws.com"},
		{"no region: sts", none, "sts", nil, "https://sts.amazonaws.com"},
		{"no region: s3", none, "s3", nil, "https://s3.us-east-1.amazonaws.com"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cl, err := c.session.Client(c.service, c.opts...)
			require.NoError(t, err)
			assert.Equal(t, c.endpoint, cl.Meta().Endpoint)
			assert.NotEmpty(t, cl.Meta().SigningRegion)
		})
	}
	for _, c := range []struct {
		name    string
		session *aws.Session
		service string
		opts    []aws.ClientOption
		check   func(t *testing.T, err error)
	}{
		{"an unknown service", s, "nope", nil, func(t *testing.T, err error) {
			var e *aws.UnknownServiceError
			require.ErrorAs(t, err, &e)
			assert.Contains(t, e.Error(), "dynamodb, ")
			assert.ErrorIs(t, err, aws.ErrDataNotFound)
		}},
		{"an unknown version", s, "s3", []aws.ClientOption{aws.ClientAPIVersion("1999-01-01")}, func(t *testing.T, err error) {
			assert.ErrorIs(t, err, aws.ErrDataNotFound)
		}},
		{"an invalid region", s, "s3", []aws.ClientOption{aws.ClientRegion("a.b")}, func(t *testing.T, err error) {
			var e *aws.InvalidRegionError
			assert.ErrorAs(t, err, &e)
		}},
		{"an endpoint without a scheme", s, "s3", []aws.ClientOption{aws.ClientEndpoint("own.test")}, func(t *testing.T, err error) {
			assert.ErrorIs(t, err, aws.ErrInvalidEndpoint)
		}},
		{"half a pair of keys", s, "s3", []aws.ClientOption{aws.ClientCredentials("AK", "", "")}, isPartial("aws_secret_access_key")},
		{"a lone token", s, "s3", []aws.ClientOption{aws.ClientCredentials("", "", "T")}, isPartial("aws_access_key_id")},
		{"no region: dynamodb", none, "dynamodb", nil, func(t *testing.T, err error) { assert.ErrorIs(t, err, aws.ErrNoRegion) }},
	} {
		t.Run(c.name+" is an error", func(t *testing.T) {
			_, err := c.session.Client(c.service, c.opts...)
			require.Error(t, err)
			c.check(t, err)
		})
	}
	t.Run("an anonymous client does not sign, verify can be off", func(t *testing.T) {
		var auth []string
		srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			auth = append(auth, r.Header.Get("Authorization"))
			io.WriteString(w, "{}")
		}))
		defer srv.Close()
		_, err := client(t, s, "dynamodb", aws.ClientEndpoint(srv.URL), aws.ClientRetry(0)).Call(context.Background(), "ListTables", nil)
		assert.ErrorIs(t, err, requests.ErrTLS)
		call(t, client(t, s, "dynamodb", aws.ClientEndpoint(srv.URL), aws.ClientVerify(false), aws.ClientAnonymous()), "ListTables", nil)
		assert.Equal(t, []string{""}, auth)
	})
}

func TestDiscovery(t *testing.T) {
	home(t, nil, nil)
	s := open(t)
	t.Run("get_available_partitions", func(t *testing.T) {
		assert.Equal(t, []string{"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"}, s.AvailablePartitions())
	})
	t.Run("get_available_resources", func(t *testing.T) {
		assert.Equal(t, "cloudformation cloudwatch dynamodb ec2 glacier iam s3 sns sqs", strings.Join(s.AvailableResources(), " "))
	})
	t.Run("get_available_services without models is the table", func(t *testing.T) {
		names := s.AvailableServices()
		assert.Greater(t, len(names), 350)
		assert.Subset(t, names, []string{"s3", "dynamodb", "elbv2", "stepfunctions", "logs"})
		_, err := s.Client("s3")
		assert.ErrorIs(t, err, aws.ErrDataNotFound)
	})
	t.Run("get_available_services with models is what can be loaded", func(t *testing.T) {
		own := open(t, aws.WithModels(fstest.MapFS{"mine/2020-01-01/service-2.json": {Data: []byte(`{}`)}, "not/a/model.json": {}}))
		assert.Equal(t, []string{"mine"}, own.AvailableServices())
	})
	for _, c := range []struct {
		name, service string
		opts          []aws.RegionOption
		has, lacks    []string
	}{
		{"regions of a service", "s3", nil, []string{"us-east-1", "eu-west-1"}, []string{"aws-global", "cn-north-1"}},
		{"in another partition", "s3", []aws.RegionOption{aws.InPartition("aws-cn")}, []string{"cn-north-1"}, []string{"us-east-1"}},
		{"non-regional ones", "s3", []aws.RegionOption{aws.IncludeNonRegional()}, []string{"aws-global", "s3-external-1", "us-east-1"}, nil},
		{"a client's name is not the endpoint's", "elbv2", nil, []string{"us-east-1"}, nil},
		{"a global service has none", "iam", nil, nil, []string{"us-east-1", "aws-global"}},
		{"an unknown service has none", "nope", nil, nil, nil},
		{"an unknown partition has none", "s3", []aws.RegionOption{aws.InPartition("nope")}, nil, nil},
		{"an endpoint's prefix that is no service has none", "elasticloadbalancing", nil, nil, nil},
	} {
		t.Run("get_available_regions: "+c.name, func(t *testing.T) {
			got := s.AvailableRegions(c.service, c.opts...)
			require.NotNil(t, got)
			assert.Subset(t, got, c.has)
			for _, r := range c.lacks {
				assert.NotContains(t, got, r)
			}
			assert.IsNonDecreasing(t, append([]string{""}, got...))
			if c.has == nil {
				assert.Empty(t, got)
			}
		})
	}
	for region, want := range map[string]string{
		"eu-fake-77": "aws", "us-east-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "us-iso-east-1": "aws-iso", "aws-global": "", "": "", "nowhere": "",
	} {
		t.Run("get_partition_for_region: "+region, func(t *testing.T) {
			got, err := s.PartitionForRegion(region)
			assert.Equal(t, want, got)
			if want == "" {
				var e *aws.UnknownRegionError
				require.ErrorAs(t, err, &e)
				assert.Equal(t, region, e.Region)
			}
		})
	}
}

func TestNew(t *testing.T) {
	t.Run("never fails, its requests do, in Validate", func(t *testing.T) {
		srv := newFlaky(t, 0)
		home(t, nil, map[string]string{"AWS_PROFILE": "nope"})
		s := aws.New(aws.NewConfig().WithRegion("us-east-1").WithEndpoint(srv.URL))
		defer s.Close()
		_, err := aws.NewClient(s, dynamodb.NewFromConfig).ListTables(context.Background(), nil)
		isMissing("nope")(t, err)
		_, err = s.HTTP().Get(context.Background(), srv.URL, requests.WithAuth(s.Auth("s3")))
		isMissing("nope")(t, err)
		_, err = s.Credentials(context.Background())
		isMissing("nope")(t, err)
		assert.Zero(t, srv.calls.Load())
	})
	t.Run("and works otherwise", func(t *testing.T) {
		home(t, files, nil)
		s := aws.New()
		defer s.Close()
		assert.Equal(t, "eu-central-1", s.Region())
	})
	t.Run("Must panics", func(t *testing.T) {
		home(t, nil, map[string]string{"AWS_PROFILE": "nope"})
		assert.Panics(t, func() { aws.Must(aws.NewSession()) })
	})
}

func TestNewSessionMergesConfigs(t *testing.T) {
	home(t, files, nil)
	s, err := aws.NewSession(&aws.Config{Region: aws.String("us-west-1"), MaxRetries: aws.Int(1)}, nil, &aws.Config{Region: aws.String("us-west-2")})
	require.NoError(t, err)
	defer s.Close()
	assert.Equal(t, "us-west-2", s.Region())
	assert.Equal(t, 1, *s.Config.MaxRetries)
	assert.Equal(t, 2, s.SDKConfig().RetryMaxAttempts)
}

func TestSharedConfigGate(t *testing.T) {
	for _, c := range []struct {
		name   string
		state  aws.SharedConfigState
		env    map[string]string
		region string
	}{
		{"unset is on", aws.SharedConfigStateFromEnv, nil, "eu-central-1"},
		{"AWS_SDK_LOAD_CONFIG=0 is off", aws.SharedConfigStateFromEnv, map[string]string{"AWS_SDK_LOAD_CONFIG": "0"}, ""},
		{"off leaves AWS_DEFAULT_REGION out", aws.SharedConfigDisable, map[string]string{"AWS_DEFAULT_REGION": "us-east-2", "AWS_DEFAULT_PROFILE": "dev"}, ""},
		{"off keeps AWS_REGION", aws.SharedConfigDisable, map[string]string{"AWS_REGION": "us-east-2"}, "us-east-2"},
		{"Enable wins over the variable", aws.SharedConfigEnable, map[string]string{"AWS_SDK_LOAD_CONFIG": "false"}, "eu-central-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, files, c.env)
			s, err := aws.NewSessionWithOptions(aws.Options{SharedConfigState: c.state})
			require.NoError(t, err)
			defer s.Close()
			assert.Equal(t, c.region, s.Region())
			creds, err := s.Credentials(context.Background())
			require.NoError(t, err)
			assert.Equal(t, "AKDEFAULT", creds.AccessKeyID, "keys come from the credentials file all the same")
		})
	}
}

func TestNewSessionWithOptionsFiles(t *testing.T) {
	dir := home(t, files, nil)
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	require.NoError(t, os.WriteFile(one, []byte("[default]\nregion = us-east-1\naws_access_key_id=A\naws_secret_access_key=B\n"), 0o600))
	require.NoError(t, os.WriteFile(two, []byte("[default]\nregion = us-east-2\n"), 0o600))
	s, err := aws.NewSessionWithOptions(aws.Options{SharedConfigFiles: []string{one, two}})
	require.NoError(t, err)
	defer s.Close()
	assert.Equal(t, "us-east-2", s.Region(), "a later file wins")
	creds, err := s.Credentials(context.Background())
	require.NoError(t, err)
	assert.Equal(t, "A", creds.AccessKeyID)
}

func TestCopy(t *testing.T) {
	home(t, files, nil)
	s := open(t, testKeys(), aws.WithRegion("us-east-1"))
	s.Handlers.Send.PushBack(func(*aws.Request) error { return nil })
	c := s.Copy(aws.NewConfig().WithRegion("eu-west-1"))
	assert.Equal(t, "us-east-1", s.Region())
	assert.Equal(t, "eu-west-1", c.Region())
	assert.Same(t, s.HTTP(), c.HTTP(), "connections are shared")
	assert.Equal(t, s.Config.Credentials, c.Config.Credentials)
	c.Handlers.Send.PushBack(func(*aws.Request) error { return nil })
	assert.Equal(t, 1, s.Handlers.Send.Len())
	assert.Equal(t, 2, c.Handlers.Send.Len())
	other := s.Copy(&aws.Config{HTTP: []requests.Option{requests.WithVerify(false)}})
	defer other.Close()
	assert.NotSame(t, s.HTTP(), other.HTTP(), "what touches TLS has a session of its own")
	bad := s.Copy(&aws.Config{HTTP: []requests.Option{requests.WithCABundle("/nowhere")}})
	_, err := bad.Credentials(context.Background())
	assert.Error(t, err)
}

func TestClientConfig(t *testing.T) {
	home(t, nil, nil)
	s := open(t, testKeys(), aws.WithRegion("us-west-2"))
	c := s.ClientConfig("dynamodb")
	assert.Equal(t, "https://dynamodb.us-west-2.amazonaws.com", c.Endpoint)
	assert.Equal(t, "us-west-2", c.SigningRegion)
	assert.Equal(t, "dynamodb", c.SigningName)
	assert.Equal(t, "aws", c.PartitionID)
	assert.Equal(t, "us-west-2", c.ResolvedRegion)
	fips := s.ClientConfig("dynamodb", aws.NewConfig().WithRegion("fips-us-east-1"))
	assert.Equal(t, "us-east-1", *fips.Config.Region)
	assert.True(t, *fips.Config.UseFIPS)
	assert.Equal(t, "https://dynamodb-fips.us-east-1.amazonaws.com", fips.Endpoint)
	assert.Equal(t, "https://own.test", s.ClientConfig("s3", aws.NewConfig().WithEndpoint("https://own.test")).Endpoint)
	assert.Equal(t, "https://made-up.us-west-2.amazonaws.com", s.ClientConfig("made-up").Endpoint)
	assert.Equal(t, "us-west-2", s.ClientConfigNoResolveEndpoint().SDK().Region)
	srv := newFlaky(t, 0)
	_, err := dynamodb.NewFromConfig(s.ClientConfig("dynamodb", aws.NewConfig().WithEndpoint(srv.URL)).SDK()).ListTables(context.Background(), nil)
	require.NoError(t, err)
	t.Run("an endpoint that is not found is a Validate error", func(t *testing.T) {
		none := open(t, testKeys())
		c := none.ClientConfig("dynamodb")
		require.ErrorIs(t, c.Err, aws.ErrNoRegion)
		_, err := dynamodb.NewFromConfig(c.SDK()).ListTables(context.Background(), nil)
		assert.ErrorIs(t, err, aws.ErrNoRegion)
	})
}

// trusted starts a TLS server and returns it with a file of its certificate.
func trusted(t testing.TB, h http.Handler) (*httptest.Server, string) {
	srv := httptest.NewTLSServer(h)
	t.Cleanup(srv.Close)
	path := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600))
	return srv, path
}

func TestCABundle(t *testing.T) {
	srv, path := trusted(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		io.WriteString(w, "{}")
	}))
	list := func(s *aws.Session) error {
		_, err := aws.NewClient(s, dynamodb.NewFromConfig, func(o *dynamodb.Options) { o.RetryMaxAttempts = 1 }).ListTables(context.Background(), nil)
		return err
	}
	base := []aws.Option{testKeys(), aws.WithRegion("us-east-1"), aws.WithConfig(&aws.Config{Endpoint: &srv.URL})}
	t.Run("without it the server is not trusted", func(t *testing.T) {
		home(t, nil, nil)
		assert.ErrorIs(t, list(open(t, base...)), requests.ErrTLS)
	})
	t.Run("AWS_CA_BUNDLE", func(t *testing.T) {
		home(t, nil, map[string]string{"AWS_CA_BUNDLE": path})
		s := open(t, base...)
		assert.NoError(t, list(s))
		_, err := s.HTTP().Get(context.Background(), srv.URL)
		assert.NoError(t, err)
	})
	t.Run("the profile's ca_bundle", func(t *testing.T) {
		home(t, map[string]string{"config": "[default]\nca_bundle = " + path + "\n"}, nil)
		assert.NoError(t, list(open(t, base...)))
	})
	t.Run("on a borrowed session", func(t *testing.T) {
		home(t, nil, map[string]string{"AWS_CA_BUNDLE": path})
		h, err := requests.NewSession()
		require.NoError(t, err)
		defer h.Close()
		assert.NoError(t, list(open(t, append(base, aws.WithHTTPSession(h))...)))
	})
	t.Run("code comes before the environment", func(t *testing.T) {
		home(t, nil, map[string]string{"AWS_CA_BUNDLE": "/etc/hostname"})
		h, err := requests.NewSession(requests.WithCABundle(path))
		require.NoError(t, err)
		defer h.Close()
		assert.NoError(t, list(open(t, append(base, aws.WithHTTPSession(h))...)))
	})
	t.Run("CustomCABundle comes before AWS_CA_BUNDLE", func(t *testing.T) {
		home(t, nil, map[string]string{"AWS_CA_BUNDLE": path})
		f, err := os.Open(path)
		require.NoError(t, err)
		defer f.Close()
		s, err := aws.NewSessionWithOptions(aws.Options{CustomCABundle: f, Config: aws.Config{Region: aws.String("us-east-1"), Endpoint: &srv.URL}})
		require.NoError(t, err)
		defer s.Close()
		_, err = s.HTTP().Get(context.Background(), srv.URL)
		assert.NoError(t, err)
	})
	t.Run("half a client certificate is an error", func(t *testing.T) {
		home(t, nil, map[string]string{"AWS_SDK_GO_CLIENT_TLS_CERT": path})
		_, err := aws.NewSession()
		assert.ErrorContains(t, err, "both")
	})
}

func TestClientCertificate(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	secret, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	private := string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}))
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"TableNames":[%q]}`, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	srv.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	bundle := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}))
	own := aws.Config{Region: aws.String("us-east-1"), Endpoint: &srv.URL, MaxRetries: aws.Int(0)}
	show := func(t *testing.T, o aws.Options) (string, error) {
		o.Config, o.CustomCABundle = own, strings.NewReader(bundle)
		s, err := aws.NewSessionWithOptions(o)
		require.NoError(t, err)
		defer s.Close()
		s.Config.Credentials = open(t, testKeys()).CredentialsProvider()
		out, err := aws.NewClient(s, dynamodb.NewFromConfig).ListTables(context.Background(), nil)
		if err != nil {
			return "", err
		}
		return out.TableNames[0], nil
	}
	t.Run("of the options", func(t *testing.T) {
		home(t, nil, nil)
		name, err := show(t, aws.Options{ClientTLSCert: strings.NewReader(cert), ClientTLSKey: strings.NewReader(private)})
		require.NoError(t, err)
		assert.Equal(t, "client", name)
	})
	t.Run("of the environment", func(t *testing.T) {
		dir := home(t, map[string]string{"cert": cert, "key": private}, nil)
		t.Setenv("AWS_SDK_GO_CLIENT_TLS_CERT", filepath.Join(dir, ".aws", "cert"))
		t.Setenv("AWS_SDK_GO_CLIENT_TLS_KEY", filepath.Join(dir, ".aws", "key"))
		name, err := show(t, aws.Options{})
		require.NoError(t, err)
		assert.Equal(t, "client", name)
	})
	t.Run("none", func(t *testing.T) {
		home(t, nil, nil)
		_, err := show(t, aws.Options{})
		assert.Error(t, err) // the server's alert, or a pipe that it broke first
	})
	for name, o := range map[string]aws.Options{
		"a certificate without its key": {ClientTLSCert: strings.NewReader(cert)}, "a key without its certificate": {ClientTLSKey: strings.NewReader(private)},
		"two that do not belong together": {ClientTLSCert: strings.NewReader(cert), ClientTLSKey: strings.NewReader(cert)},
	} {
		t.Run(name+" is an error of the constructor", func(t *testing.T) {
			home(t, nil, nil)
			_, err := aws.NewSessionWithOptions(o)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "PRIVATE")
		})
	}
}

func TestPresign(t *testing.T) {
	home(t, nil, nil)
	s := open(t, testKeys(), aws.WithRegion("eu-west-1"))
	req, err := http.NewRequest("PUT", "https://bucket.s3.eu-west-1.amazonaws.com/key", nil)
	require.NoError(t, err)
	req.Header.Set("Content-Type", "text/plain")
	u, header, err := s.Presign(context.Background(), req, "s3", 5*time.Minute)
	require.NoError(t, err)
	assert.Contains(t, u, "X-Amz-Expires=300")
	assert.Contains(t, u, "eu-west-1%2Fs3%2Faws4_request")
	assert.Equal(t, http.Header{"Content-Type": {"text/plain"}}, header)
	_, _, err = open(t, testKeys()).Presign(context.Background(), req, "sqs", time.Minute)
	assert.ErrorIs(t, err, aws.ErrNoRegion)
}

func TestWithSDKConfig(t *testing.T) {
	srv := newFlaky(t, 0)
	home(t, files, map[string]string{"AWS_PROFILE": "nope", "AWS_REGION": "us-west-2"})
	s := open(t, aws.WithSDKConfig(sdk.Config{
		Region: "eu-north-1", Credentials: open(t, aws.WithSDKConfig(sdk.Config{}), testKeys()).CredentialsProvider(), BaseEndpoint: &srv.URL,
	}))
	assert.Equal(t, "eu-north-1", s.Region(), "nothing is read beside it")
	_, err := aws.NewClient(s, dynamodb.NewFromConfig).ListTables(context.Background(), nil)
	require.NoError(t, err)
	assert.Contains(t, srv.headers[0].Get("Authorization"), "AKIDTEST/")
	assert.Contains(t, srv.headers[0].Get("Authorization"), "/eu-north-1/")
	_, err = open(t, aws.WithSDKConfig(sdk.Config{})).Credentials(context.Background())
	assert.ErrorIs(t, err, aws.ErrNoCredentials)
}
