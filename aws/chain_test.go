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
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/aws"
)

const process = `credential_process = sh $HOME/.aws/process.sh`

const processScript = `echo '{"Version":1,"AccessKeyId":"AKPROC","SecretAccessKey":"s","SessionToken":"t"}'
`

// TestCredentialChain is the table of where credentials come from.
func TestCredentialChain(t *testing.T) {
	container := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "container-token" {
			w.WriteHeader(403)
			return
		}
		io.WriteString(w, `{"AccessKeyId":"AKCONTAINER","SecretAccessKey":"s","Token":"t","Expiration":"2999-01-01T00:00:00Z"}`)
	}))
	defer container.Close()
	containerEnv := map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": container.URL + "/creds", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "container-token"}
	env := func(more ...string) map[string]string {
		m := map[string]string{"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "s"}
		for i := 0; i+1 < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	for _, c := range []struct {
		name   string
		files  map[string]string
		env    map[string]string
		opts   []aws.Option
		key    string
		method string
		check  func(*testing.T, error)
	}{
		{"explicit before all", files, env(), []aws.Option{testKeys()}, "AKIDTEST", "explicit", nil},
		{"environment before the profile", files, env(), nil, "AKENV", "env", nil},
		{"environment before AWS_PROFILE", files, env("AWS_PROFILE", "dev"), nil, "AKENV", "env", nil},
		{"the profile of the code before the environment", files, env(), []aws.Option{aws.WithProfile("dev")}, "AKDEV", "config-file", nil},
		{"AWS_SECURITY_TOKEN is a token too", nil, env("AWS_SECURITY_TOKEN", "old"), nil, "AKENV", "env", nil},
		{"a secret without a key is ignored", files, map[string]string{"AWS_SECRET_ACCESS_KEY": "s"}, nil, "AKDEFAULT", "shared-credentials-file", nil},
		{"a key without a secret is partial", files, map[string]string{"AWS_ACCESS_KEY_ID": "AK"}, nil, "", "", isPartial("AWS_SECRET_ACCESS_KEY")},
		{"half a pair in a file is partial", files, nil, []aws.Option{aws.WithProfile("partial")}, "", "", isPartial("aws_secret_access_key")},
		{"the credentials file", files, nil, nil, "AKDEFAULT", "shared-credentials-file", nil},
		{"a profile in the credentials file alone", files, nil, []aws.Option{aws.WithProfile("credonly")}, "AKCRED", "shared-credentials-file", nil},
		{"the credentials file wins over the config file", map[string]string{
			"config": "[default]\naws_access_key_id=A\naws_secret_access_key=B\n", "credentials": keys,
		}, nil, nil, "AKDEFAULT", "shared-credentials-file", nil},
		{"a process", map[string]string{"config": "[default]\n" + process + "\n", "process.sh": processScript}, nil, nil, "AKPROC", "custom-process", nil},
		{"a process that fails", map[string]string{"config": "[default]\ncredential_process = false\n"}, nil, nil, "", "", func(t *testing.T, err error) {
			var e *aws.CredentialRetrievalError
			assert.ErrorAs(t, err, &e)
		}},
		{"a container", nil, containerEnv, nil, "AKCONTAINER", "container-role", nil},
		{"static keys before the container", files, containerEnv, nil, "AKDEFAULT", "shared-credentials-file", nil},
		{"nothing", map[string]string{"config": "[default]\nregion=x\n"}, nil, nil, "", "", func(t *testing.T, err error) { assert.ErrorIs(t, err, aws.ErrNoCredentials) }},
		{"credential_source Environment without a role is an error", map[string]string{"config": "[profile x]\ncredential_source=Environment\n"}, nil, []aws.Option{aws.WithProfile("x")}, "", "", isConfigError},
		{"source_profile that does not exist", map[string]string{"config": "[profile x]\nsource_profile=y\nrole_arn=arn:aws:iam::123456789012:role/r\n"}, nil, []aws.Option{aws.WithProfile("x")}, "", "", isConfigError},
		{"a file that is none", map[string]string{"config": "nonsense\n"}, nil, nil, "", "", isConfigError},
		{"a line that is no setting", map[string]string{"config": "[default]\nnonsense\n"}, nil, nil, "", "", isConfigError},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := home(t, nil, c.env)
			for name, text := range c.files {
				require.NoError(t, os.WriteFile(filepath.Join(dir, ".aws", name), []byte(strings.ReplaceAll(text, "$HOME", dir)), 0o600))
			}
			creds, err := credentialsOf(c.opts...)
			if c.check != nil {
				require.Error(t, err)
				c.check(t, err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.key, creds.AccessKeyID)
			assert.Equal(t, c.method, aws.CredentialsMethod(creds))
			if strings.Contains(c.name, "SECURITY") {
				assert.Equal(t, "old", creds.SessionToken)
			}
		})
	}
}

func isConfigError(t *testing.T, err error) {
	var e *aws.ConfigParseError
	assert.ErrorAs(t, err, &e)
}

func credentialsOf(opts ...aws.Option) (aws.Credentials, error) {
	s, err := aws.Open(context.Background(), opts...)
	if err != nil {
		return aws.Credentials{}, err
	}
	defer s.Close()
	return s.Credentials(context.Background())
}

// TestAssumedRoles fetches credentials from STS, through the HTTP session.
func TestAssumedRoles(t *testing.T) {
	url := moto(t, -1)
	const base = "[profile base]\naws_access_key_id=AKBASE\naws_secret_access_key=s\nregion=us-east-1\n"
	const role = "role_arn=arn:aws:iam::123456789012:role/r\nregion=us-east-1\n"
	for _, c := range []struct {
		name, config string
		env          map[string]string
		opts         []aws.Option
		method       string
	}{
		{"source_profile", base + "[profile x]\nsource_profile=base\n" + role, nil, []aws.Option{aws.WithProfile("x")}, "assume-role"},
		{"a chain of profiles", base + "[profile y]\nsource_profile=base\n" + role + "[profile x]\nsource_profile=y\n" + role, nil, []aws.Option{aws.WithProfile("x")}, "assume-role"},
		{"credential_source", "[profile x]\ncredential_source=Environment\n" + role, map[string]string{"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "s"}, []aws.Option{aws.WithProfile("x")}, "assume-role"},
		{"web identity of the profile", "[profile x]\nweb_identity_token_file=$HOME/.aws/token\n" + role, nil, []aws.Option{aws.WithProfile("x")}, "assume-role-with-web-identity"},
		{"web identity of the environment", "[default]\nregion=us-east-1\n", map[string]string{
			"AWS_WEB_IDENTITY_TOKEN_FILE": "$HOME/.aws/token", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r",
		}, nil, "assume-role-with-web-identity"},
		{"web identity of the environment before AWS_PROFILE", base, map[string]string{
			"AWS_WEB_IDENTITY_TOKEN_FILE": "$HOME/.aws/token", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r", "AWS_PROFILE": "base",
		}, nil, "assume-role-with-web-identity"},
		{"MFA", base + "[profile x]\nsource_profile=base\nmfa_serial=arn:aws:iam::123456789012:mfa/u\n" + role, nil,
			[]aws.Option{aws.WithProfile("x"), aws.WithMFA(func() (string, error) { return "123456", nil })}, "assume-role"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := home(t, map[string]string{"token": "a.b.c"}, c.env)
			require.NoError(t, os.WriteFile(filepath.Join(dir, ".aws", "config"), []byte(strings.ReplaceAll(c.config, "$HOME", dir)), 0o600))
			t.Setenv("AWS_ENDPOINT_URL_STS", url)
			// A naive client fails with it set.
			_, bundle := trusted(t, http.NotFoundHandler())
			t.Setenv("AWS_CA_BUNDLE", bundle)
			var seen rounds
			h, err := requests.NewSession(requests.WithMiddleware(seen.wrap))
			require.NoError(t, err)
			defer h.Close()
			creds, err := credentialsOf(append(c.opts, aws.WithHTTPSession(h))...)
			require.NoError(t, err)
			assert.Equal(t, c.method, aws.CredentialsMethod(creds))
			assert.NotEmpty(t, creds.SessionToken)
			assert.NotEmpty(t, seen.all(), "what STS was asked went through the session")
		})
	}
	t.Run("MFA that nobody is asked for is an error of the constructor", func(t *testing.T) {
		home(t, map[string]string{"config": base + "[profile x]\nsource_profile=base\nmfa_serial=m\n" + role}, nil)
		_, err := aws.Open(context.Background(), aws.WithProfile("x"))
		assert.Error(t, err)
	})
}

func TestConfiguredEndpoints(t *testing.T) {
	models(t)
	const config = "[default]\nregion=us-east-1\nendpoint_url=http://profile.test\nservices=mine\n[services mine]\nsqs =\n  endpoint_url = http://service.test\n"
	for _, c := range []struct {
		name, config string
		env          map[string]string
		service      string
		opts         []aws.ClientOption
		want         string
	}{
		{"the variable of the service", config, map[string]string{"AWS_ENDPOINT_URL_SQS": "http://one.test", "AWS_ENDPOINT_URL": "http://all.test"}, "sqs", nil, "http://one.test"},
		{"its name is the service id's", "", map[string]string{"AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2": "http://elb.test", "AWS_REGION": "us-east-1"}, "elbv2", nil, "http://elb.test"},
		{"the variable of all", config, map[string]string{"AWS_ENDPOINT_URL": "http://all.test"}, "sns", nil, "http://all.test"},
		{"the profile's services section", config, nil, "sqs", nil, "http://service.test"},
		{"the profile", config, nil, "sns", nil, "http://profile.test"},
		{"the argument before all", config, map[string]string{"AWS_ENDPOINT_URL_SQS": "http://one.test"}, "sqs", []aws.ClientOption{aws.ClientEndpoint("http://arg.test")}, "http://arg.test"},
		{"told to ignore them", config, map[string]string{"AWS_ENDPOINT_URL_SQS": "http://one.test", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "sqs", nil, "https://sqs.us-east-1.amazonaws.com"},
		{"FIPS of the environment", "[default]\nregion=us-east-1\n", map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}, "sqs", nil, "https://sqs-fips.us-east-1.amazonaws.com"},
		{"dual stack of the profile", "[default]\nregion=us-east-1\nuse_dualstack_endpoint=true\n", nil, "s3", nil, "https://s3.dualstack.us-east-1.amazonaws.com"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, map[string]string{"config": c.config}, c.env)
			s := open(t, testKeys())
			assert.Equal(t, c.want, client(t, s, c.service, c.opts...).Meta().Endpoint)
		})
	}
}

// scenario is one environment, for both libraries.
type scenario struct {
	Config, Credentials string
	Env                 map[string]string
	Profile             string
}

type outcome struct{ Profile, Region, Method, Key, Error string }

const oracle = `
import json, os, sys, tempfile, boto3, botocore.exceptions as e
base = dict(os.environ)
out = []
for s in json.load(sys.stdin):
    os.environ.clear(); os.environ.update(base)
    home = tempfile.mkdtemp(); os.makedirs(home + '/.aws')
    for n in ('Config', 'Credentials'):
        if s[n]:
            open(home + '/.aws/' + n.lower(), 'w').write(s[n].replace('$HOME', home))
    open(home + '/.aws/process.sh', 'w').write("echo '{\"Version\":1,\"AccessKeyId\":\"AKPROC\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\"}'\n")
    os.environ['HOME'] = home
    env = dict(s['Env'] or {})
    # The decided order of names: AWS_PROFILE and AWS_REGION first.
    if 'AWS_PROFILE' in env: env['AWS_DEFAULT_PROFILE'] = env['AWS_PROFILE']
    if 'AWS_REGION' in env: env['AWS_DEFAULT_REGION'] = env['AWS_REGION']
    os.environ.update(env)
    r = dict(Profile='', Region='', Method='', Key='', Error='')
    try:
        b = boto3.Session(profile_name=s['Profile'] or None)
        r['Profile'] = b.profile_name; r['Region'] = b.region_name or ''
        c = b.get_credentials()
        if c is None: r['Error'] = 'none'
        else: r['Method'] = c.method; r['Key'] = c.access_key
    except e.ProfileNotFound: r = dict(Profile='', Region='', Method='', Key='', Error='profile')
    except e.PartialCredentialsError: r['Error'] = 'partial'
    except e.ConfigParseError: r = dict(Profile='', Region='', Method='', Key='', Error='parse')
    out.append(r)
json.dump(out, sys.stdout)
`

func TestSameAsBoto3(t *testing.T) {
	if _, err := pythonData(); err != nil {
		t.Skip("python3 has no boto3: skipped")
	}
	var all []scenario
	configs := []string{"", "[default]\nregion = eu-central-1\n", profiles,
		"[default]\nregion=r-1\naws_access_key_id=AKC\naws_secret_access_key=s\n[profile dev]\n" + process + "\n"}
	credentials := []string{"", keys, "[dev]\naws_access_key_id=AKD\naws_secret_access_key=s\n[default]\naws_access_key_id=AKHALF\n"}
	envs := []map[string]string{
		nil, {"AWS_PROFILE": "dev"}, {"AWS_DEFAULT_PROFILE": "dev", "AWS_PROFILE": "credonly"}, {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-east-2"},
		{"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "s", "AWS_PROFILE": "dev"}, {"AWS_ACCESS_KEY_ID": "AKENV"}, {"AWS_SECRET_ACCESS_KEY": "s"},
		{"AWS_DEFAULT_PROFILE": "nope"}, {"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"},
	}
	for _, c := range configs {
		for _, k := range credentials {
			for _, e := range envs {
				for _, p := range []string{"", "dev", "onlycfg"} {
					all = append(all, scenario{c, k, e, p})
				}
			}
		}
	}
	all = append(all, scenario{Config: "broken\n"}, scenario{Config: "[default]\nbroken\n"}, scenario{Credentials: "[x\n"},
		scenario{Config: profiles, Profile: "quo ted"}, scenario{Config: profiles, Profile: "bare"}, scenario{Config: profiles, Credentials: keys, Profile: "partial"},
		scenario{Config: profiles, Credentials: keys, Env: map[string]string{"AWS_PROFILE": "partial"}},
		scenario{Config: profiles, Credentials: keys, Env: map[string]string{"AWS_PROFILE": "partial", "AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "s"}},
		scenario{Config: "[default]\nregion=r-1\naws_secret_access_key=s\n"})
	in, err := json.Marshal(all)
	require.NoError(t, err)
	cmd := exec.Command("python3", "-c", oracle)
	cmd.Stdin = bytes.NewReader(in)
	cmd.Env = append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true")
	out, err := cmd.Output()
	require.NoError(t, err)
	var want []outcome
	require.NoError(t, json.Unmarshal(out, &want))
	require.Len(t, want, len(all))
	require.GreaterOrEqual(t, len(all), 60)
	for i, s := range all {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			dir := home(t, map[string]string{"process.sh": processScript}, s.Env)
			for name, text := range map[string]string{"config": s.Config, "credentials": s.Credentials} {
				if text != "" {
					require.NoError(t, os.WriteFile(filepath.Join(dir, ".aws", name), []byte(strings.ReplaceAll(text, "$HOME", dir)), 0o600))
				}
			}
			assert.Equal(t, want[i], observe(s.Profile), "%+v", s)
		})
	}
}

// observe says in the oracle's words what a session comes to.
func observe(profile string) (o outcome) {
	s, err := aws.Open(context.Background(), aws.WithProfile(profile))
	if err == nil {
		defer s.Close()
		o.Profile, o.Region = s.Profile(), s.Region()
		var c aws.Credentials
		if c, err = s.Credentials(context.Background()); err == nil {
			o.Method, o.Key = aws.CredentialsMethod(c), c.AccessKeyID
		}
	}
	o.Error = kind(err)
	return o
}

// kind names an error as the oracle does.
func kind(err error) string {
	var (
		profile *aws.ProfileNotFoundError
		partial *aws.PartialCredentialsError
		parse   *aws.ConfigParseError
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &profile):
		return "profile"
	case errors.As(err, &partial):
		return "partial"
	case errors.As(err, &parse):
		return "parse"
	case errors.Is(err, aws.ErrNoCredentials):
		return "none"
	}
	return err.Error()
}
