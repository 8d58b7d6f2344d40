package aws_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/aws"
)

const process = `credential_process = sh $HOME/.aws/process.sh`

// quotedScript wants one argument, with a blank in it.
const quotedScript = "#!/bin/sh\ntest \"$1\" = 'a b' && " + processScript

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
		{"a process in quotes, with an argument in quotes", map[string]string{"config": "[default]\ncredential_process = \"$HOME/.aws/my tools/creds.sh\" \"a b\"\n", "my tools/creds.sh": quotedScript}, nil, nil, "AKPROC", "custom-process", nil},
		{"a process in quotes with a comment after it", map[string]string{"credentials": "[default]\ncredential_process = '$HOME/.aws/my tools/creds.sh' 'a b' # ours\n", "my tools/creds.sh": quotedScript}, nil, nil, "AKPROC", "custom-process", nil},
		{"a process in quotes beside half a pair of keys", map[string]string{"config": "[default]\naws_access_key_id=AKSTALE\ncredential_process = \"$HOME/.aws/my tools/creds.sh\" \"a b\"\n", "my tools/creds.sh": quotedScript}, nil, nil, "AKPROC", "custom-process", nil},
		{"keys before a process in quotes", map[string]string{"config": keys + "credential_process = \"exit 1\"\n"}, nil, nil, "AKDEFAULT", "config-file", nil},
		{"the environment before a process in quotes", map[string]string{"config": "[default]\ncredential_process = \"exit 1\"\n"}, env(), nil, "AKENV", "env", nil},
		{"a process beside half a pair of keys", map[string]string{"config": "[default]\naws_access_key_id=AKSTALE\n" + process + "\n", "process.sh": processScript}, containerEnv, nil, "AKPROC", "custom-process", nil},
		{"a key in the config file beside a pair in the credentials file", map[string]string{"config": "[default]\naws_access_key_id=AKSTALE\n", "credentials": keys}, nil, nil, "AKDEFAULT", "shared-credentials-file", nil},
		{"a secret alone in the credentials file beside a pair in the config file", map[string]string{"config": keys, "credentials": "[default]\naws_secret_access_key=stale\n"}, nil, nil, "AKDEFAULT", "config-file", nil},
		{"a pair in the credentials file for a profile in quotes that has half of one", map[string]string{"config": "[profile \"a b\"]\naws_access_key_id=AKSTALE\n", "credentials": "[a b]\naws_access_key_id=AKAB\naws_secret_access_key=s\n"}, nil, []aws.Option{aws.WithProfile("a b")}, "AKAB", "shared-credentials-file", nil},
		{"the credentials file before such a profile's own pair", map[string]string{"config": "[profile \"a b\"]\naws_access_key_id=AKOLD\naws_secret_access_key=s\n", "credentials": "[a b]\naws_access_key_id='AKAB' # new\naws_secret_access_key=s\n"}, nil, []aws.Option{aws.WithProfile("a b")}, "AKAB", "shared-credentials-file", nil},
		{"credential_source Environment with half a pair there", map[string]string{"config": "[profile x]\ncredential_source=Environment\n" + roleARN + "r\n"}, map[string]string{"AWS_ACCESS_KEY_ID": "AK"}, []aws.Option{aws.WithProfile("x")}, "", "", isPartial("AWS_SECRET_ACCESS_KEY")},
		{"a process in the credentials file for a profile in quotes", map[string]string{"config": "[profile \"a b\"]\nregion=us-east-1\n", "credentials": "[a b]\n" + process + "\n", "process.sh": processScript}, containerEnv, []aws.Option{aws.WithProfile("a b")}, "AKPROC", "custom-process", nil},
		{"a secret alone in a file is ignored", map[string]string{"config": "[default]\naws_secret_access_key=s\n"}, containerEnv, nil, "AKCONTAINER", "container-role", nil},
		{"explicit before a source_profile that does not exist", map[string]string{"config": "[default]\nsource_profile=gone\n" + roleARN + "r\n"}, nil, []aws.Option{testKeys()}, "AKIDTEST", "explicit", nil},
		{"the environment before one", map[string]string{"config": "[default]\nsource_profile=gone\n" + roleARN + "r\n"}, env(), nil, "AKENV", "env", nil},
		{"the environment before one in the credentials file", map[string]string{"credentials": "[default]\nsource_profile=gone\n" + roleARN + "r\n"}, env(), nil, "AKENV", "env", nil},
		{"explicit before the same in the profile of the code", map[string]string{"config": "[profile x]\nsource_profile=gone\n" + roleARN + "r\n"}, nil, []aws.Option{testKeys(), aws.WithProfile("x")}, "AKIDTEST", "explicit", nil},
		{"explicit before an sso_session that does not exist", map[string]string{"config": "[default]\nsso_session=gone\nsso_account_id=1\nsso_role_name=r\n"}, nil, []aws.Option{testKeys()}, "AKIDTEST", "explicit", nil},
		{"explicit before a credential_source without a role", map[string]string{"config": "[default]\ncredential_source=Environment\n"}, nil, []aws.Option{testKeys()}, "AKIDTEST", "explicit", nil},
		{"explicit before two sources in one profile", map[string]string{"config": "[default]\ncredential_process=false\nweb_identity_token_file=f\n" + roleARN + "r\n"}, nil, []aws.Option{testKeys()}, "AKIDTEST", "explicit", nil},
		{"explicit before a source_profile with half a pair", map[string]string{"config": "[default]\nsource_profile=h\n" + roleARN + "r\n[profile h]\naws_access_key_id=AK\n"}, nil, []aws.Option{testKeys()}, "AKIDTEST", "explicit", nil},
		{"explicit does not hide another mistake of such a profile", map[string]string{"config": "[default]\nmax_attempts=many\nsource_profile=gone\n" + roleARN + "r\n"}, nil, []aws.Option{testKeys()}, "", "", isConfigError},
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
				path := filepath.Join(dir, ".aws", name)
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
				require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(text, "$HOME", dir)), 0o700))
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

// TestKeysOfAFileGoTogether: a token belongs to the pair that it stands beside.
func TestKeysOfAFileGoTogether(t *testing.T) {
	const whole = "aws_access_key_id=AKCONFIG\naws_secret_access_key=cs\n"
	for _, c := range []struct{ name, config, credentials, token string }{
		{"the pair of the credentials file has no token", whole + "aws_session_token=CT\n", "", ""},
		{"it has one", whole, "aws_session_token=KT\n", "KT"},
		{"the config file has a token alone", "aws_session_token=CT\n", "", ""},
		{"both have one", whole + "aws_session_token=CT\n", "aws_session_token=KT\n", "KT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, map[string]string{
				"config":      "[default]\n" + c.config,
				"credentials": "[default]\naws_access_key_id=\"AKCRED\" # ours\naws_secret_access_key=ks\n" + c.credentials,
			}, nil)
			scratch := t.TempDir()
			t.Setenv("TMPDIR", scratch)
			creds, err := credentialsOf()
			require.NoError(t, err)
			assert.Equal(t, "AKCRED", creds.AccessKeyID)
			assert.Equal(t, "ks", creds.SecretAccessKey)
			assert.Equal(t, c.token, creds.SessionToken)
			assert.Equal(t, "shared-credentials-file", aws.CredentialsMethod(creds))
			left, err := os.ReadDir(scratch)
			require.NoError(t, err)
			assert.Empty(t, left, "files that the SDK has read are gone")
		})
	}
	t.Run("where nothing can be written, the session is not made", func(t *testing.T) {
		home(t, map[string]string{"config": "[default]\naws_access_key_id=AK\n" + process + "\n"}, map[string]string{"TMPDIR": "$HOME/nowhere", "TMP": "$HOME/nowhere"})
		_, err := aws.Open(context.Background())
		isConfigError(t, err)
		assert.ErrorIs(t, err, fs.ErrNotExist)
	})
}

// TestProcessErrorsHideWhatItPrinted: a process prints the secret.
func TestProcessErrorsHideWhatItPrinted(t *testing.T) {
	for _, c := range []struct{ name, prints, why string }{
		{"a line before the JSON", `warning\n{"SecretAccessKey":"CANARY"}`, "invalid character"},
		{"JSON that breaks off", `{"SecretAccessKey":"CANARY"`, "unexpected end"},
		{"a time without a zone", `{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"CANARY","Expiration":"2999-01-01T00:00:00"}`, "2999-01-01"},
		{"a text like the SDK's", `CANARY, error: CANARY`, "invalid character"},
		{"no key", `{"Version":1,"SecretAccessKey":"CANARY"}`, "missing AccessKeyId"},
	} {
		for form, config := range map[string]string{
			"":                 "[default]\ncredential_process = $HOME/.aws/process.sh\n",
			" by a role":       "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = p\nregion = us-east-1\n[profile p]\ncredential_process = $HOME/.aws/process.sh\n",
			" in a typed call": "[default]\ncredential_process = $HOME/.aws/process.sh\nregion = us-east-1\n",
		} {
			t.Run(c.name+form, func(t *testing.T) {
				dir := home(t, nil, nil)
				write(t, dir, map[string]string{"config": config})
				require.NoError(t, os.WriteFile(filepath.Join(dir, ".aws", "process.sh"), []byte("#!/bin/sh\nprintf '%b' '"+c.prints+"'\n"), 0o700))
				s := open(t)
				_, err := s.Credentials(context.Background())
				if form == " in a typed call" {
					_, err = aws.NewClient(s, dynamodb.NewFromConfig).ListTables(context.Background(), nil)
				}
				require.Error(t, err)
				var retrieval *aws.CredentialRetrievalError
				assert.ErrorAs(t, err, &retrieval)
				assert.ErrorContains(t, err, c.why)
				for e := err; e != nil; e = errors.Unwrap(e) { // some loggers print them all
					assert.NotContains(t, fmt.Sprintf("%v %+v", e, e), "CANARY")
				}
			})
		}
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
		{"web identity of the environment before a process in quotes", "[default]\nregion=us-east-1\ncredential_process = \"exit 1\"\n", map[string]string{
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
		{"the variable of all before the services section", config, map[string]string{"AWS_ENDPOINT_URL": "http://all.test"}, "sqs", nil, "http://all.test"},
		{"the profile", config, nil, "sns", nil, "http://profile.test"},
		{"the argument before all", config, map[string]string{"AWS_ENDPOINT_URL_SQS": "http://one.test"}, "sqs", []aws.ClientOption{aws.ClientEndpoint("http://arg.test")}, "http://arg.test"},
		{"the profile, with half a pair of keys in it", "[default]\naws_access_key_id=AK\nregion=us-east-1\nendpoint_url=http://profile.test\n", nil, "sns", nil, "http://profile.test"},
		{"the profile's services section, with half a pair beside it", "[default]\naws_access_key_id=AK\nregion=us-east-1\nservices=mine\n[services mine]\nsqs =\n  endpoint_url = http://service.test\n", nil, "sqs", nil, "http://service.test"},
		{"FIPS of the profile, with half a pair beside it", "[default]\naws_secret_access_key=s\nregion=us-east-1\nuse_fips_endpoint=true\n", nil, "sqs", nil, "https://sqs-fips.us-east-1.amazonaws.com"},
		{"a named profile, with half a pair in it", "[profile 'my own']\naws_access_key_id=AK\nregion=us-east-1\nendpoint_url=http://profile.test\n", map[string]string{"AWS_PROFILE": "my own"}, "sns", nil, "http://profile.test"},
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

// TestServicesThatAreNotThere: what was to go to an endpoint of one's own would
// go to AWS, signed.
func TestServicesThatAreNotThere(t *testing.T) {
	const missing = "[default]\nregion=us-east-1\nservices=mien\n[services mine]\nsqs =\n  endpoint_url = http://service.test\n"
	for _, c := range []struct {
		name, config string
		env          map[string]string
		fails        bool
	}{
		{"a section that there is not", missing, nil, true},
		{"one that there is", "[default]\nregion=us-east-1\nservices = \"mine\" # ours\n[services  mine]\nsqs =\n  endpoint_url = http://service.test\n", nil, false},
		{"of another profile", "[default]\nregion=us-east-1\n[profile x]\nservices=mien\n", nil, false},
		{"where an endpoint for all comes first", missing, map[string]string{"AWS_ENDPOINT_URL": "http://all.test"}, false},
		{"where the environment says to ignore it", missing, map[string]string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, false},
		{"where the profile says to ignore it", strings.Replace(missing, "services=", "ignore_configured_endpoint_urls = True\nservices=", 1), nil, false},
		{"where the environment takes that back", strings.Replace(missing, "services=", "ignore_configured_endpoint_urls = True\nservices=", 1), map[string]string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"}, true},
		{"where the config file does not count", missing, map[string]string{"AWS_SDK_LOAD_CONFIG": "false"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, map[string]string{"config": c.config}, c.env)
			s, err := aws.Open(context.Background(), testKeys())
			if c.fails {
				isConfigError(t, err)
				assert.ErrorContains(t, err, "mien")
				return
			}
			require.NoError(t, err)
			s.Close()
		})
	}
}

// TestOtherValues is the table of what else variables and profile say.
func TestOtherValues(t *testing.T) {
	profile := func(lines string) map[string]string {
		return map[string]string{"config": "[default]\nregion=us-east-1\n" + lines + "\n"}
	}
	for _, c := range []struct {
		name       string
		files, env map[string]string
		get        func(sdk.Config) any
		want       any
	}{
		{"attempts: nothing said", profile(""), nil, func(c sdk.Config) any { return c.Retryer().MaxAttempts() }, 3},
		{"attempts: the variable", profile("max_attempts=4"), map[string]string{"AWS_MAX_ATTEMPTS": "5"}, func(c sdk.Config) any { return c.RetryMaxAttempts }, 5},
		{"attempts: the profile", profile("max_attempts=4"), nil, func(c sdk.Config) any { return c.RetryMaxAttempts }, 4},
		{"retry mode: the variable", profile("retry_mode=standard"), map[string]string{"AWS_RETRY_MODE": "adaptive"}, func(c sdk.Config) any { return c.RetryMode }, sdk.RetryModeAdaptive},
		{"retry mode: the profile", profile("retry_mode=adaptive"), nil, func(c sdk.Config) any { return c.RetryMode }, sdk.RetryModeAdaptive},
		{"the defaults mode", profile("defaults_mode=in-region"), nil, func(c sdk.Config) any { return c.DefaultsMode }, sdk.DefaultsModeInRegion},
		{"the application's id", profile(""), map[string]string{"AWS_SDK_UA_APP_ID": "mine"}, func(c sdk.Config) any { return c.AppID }, "mine"},
		{"checksums of requests", profile("request_checksum_calculation=when_required"), nil, func(c sdk.Config) any { return c.RequestChecksumCalculation }, sdk.RequestChecksumCalculationWhenRequired},
		{"checksums of responses", profile(""), map[string]string{"AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required"}, func(c sdk.Config) any { return c.ResponseChecksumValidation }, sdk.ResponseChecksumValidationWhenRequired},
		{"compression", profile("disable_request_compression=true"), nil, func(c sdk.Config) any { return c.DisableRequestCompression }, true},
		{"endpoints of accounts", profile(""), map[string]string{"AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled"}, func(c sdk.Config) any { return c.AccountIDEndpointMode }, sdk.AccountIDEndpointMode(sdk.AccountIDEndpointModeDisabled)},
		{"the account of the environment", profile(""), map[string]string{"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ACCOUNT_ID": "123456789012"}, func(c sdk.Config) any {
			creds, err := c.Credentials.Retrieve(context.Background())
			require.NoError(t, err)
			return creds.AccountID
		}, "123456789012"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, c.files, c.env)
			assert.Equal(t, c.want, c.get(open(t).SDKConfig()))
		})
	}
	t.Run("a value that is none is an error of the constructor", func(t *testing.T) {
		home(t, nil, map[string]string{"AWS_MAX_ATTEMPTS": "many"})
		_, err := aws.Open(context.Background())
		isConfigError(t, err)
	})
	for name, c := range map[string]struct{ files, env map[string]string }{
		"the variable": {profile(""), map[string]string{"AWS_RETRY_MODE": "legacy"}},
		"the profile":  {profile("retry_mode = Legacy"), nil},
	} {
		t.Run("boto3's own retry mode, by "+name, func(t *testing.T) {
			home(t, c.files, c.env)
			_, err := aws.Open(context.Background())
			isConfigError(t, err)
			assert.ErrorContains(t, err, `use "standard"`)
		})
	}
	t.Run("clients by name try as often", func(t *testing.T) {
		models(t)
		srv := newFlaky(t, 100)
		home(t, profile("max_attempts=4"), nil)
		s := open(t, testKeys())
		fast(s)
		_, err := client(t, s, "dynamodb", aws.ClientEndpoint(srv.URL)).Call(context.Background(), "ListTables", nil)
		require.Error(t, err)
		assert.Equal(t, int32(4), srv.calls.Load())
	})
}

// scenario is one environment, for both libraries.
type scenario struct {
	Config, Credentials string
	Files               map[string]string // below ~/.aws; $HOME and $SERVER stand for what they say
	Env                 map[string]string
	Profile             string

	// Why is the reason that the outcome differs from boto3's, which is Ours then.
	Why  string  `json:"-"`
	Ours outcome `json:"-"`
}

type outcome struct{ Profile, Region, Method, Key, Error string }

const oracle = `
import json, os, sys, tempfile, boto3, botocore.credentials, botocore.tokens, botocore.exceptions as e
base = dict(os.environ)
out = []
for s in json.load(sys.stdin):
    os.environ.clear(); os.environ.update(base)
    home = tempfile.mkdtemp()
    for n, text in s['Files'].items():
        path = home + '/.aws/' + n
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, 'w').write(text.replace('$HOME', home))
    os.environ['HOME'] = home
    for c in (botocore.credentials.SSOProvider, botocore.tokens.SSOTokenProvider): # they take it when they are imported
        c._SSO_TOKEN_CACHE_DIR = home + '/.aws/sso/cache'
    env = {k: v.replace('$HOME', home) for k, v in (s['Env'] or {}).items()}
    # The decided order of names: AWS_PROFILE and AWS_REGION first.
    if 'AWS_PROFILE' in env: env['AWS_DEFAULT_PROFILE'] = env['AWS_PROFILE']
    if 'AWS_REGION' in env: env['AWS_DEFAULT_REGION'] = env['AWS_REGION']
    os.environ.update(env)
    r = dict(Profile='', Region='', Method='', Key='', Error='')
    none = dict(r)
    try:
        b = boto3.Session(profile_name=s['Profile'] or None)
        r['Profile'] = b.profile_name; r['Region'] = b.region_name or ''
        c = b.get_credentials()
        if c is None: r['Error'] = 'none'
        else: r['Key'] = c.access_key; r['Method'] = c.method
    except e.ProfileNotFound: r = dict(none, Error='profile')
    except e.PartialCredentialsError: r['Error'] = 'partial'
    except (e.ConfigParseError, e.InvalidConfigError, e.InfiniteLoopConfigError): r = dict(none, Error='config')
    except (e.CredentialRetrievalError, e.MetadataRetrievalError, e.SSOError, e.ClientError, e.TokenRetrievalError, e.LoginError): r['Error'] = 'retrieval'
    except Exception as x: r['Error'] = type(x).__name__
    out.append(r)
json.dump(out, sys.stdout)
`

// scenarios are the environments that both libraries are run in.
func scenarios() []scenario {
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
					all = append(all, scenario{Config: c, Credentials: k, Env: e, Profile: p})
				}
			}
		}
	}
	all = append(all, scenario{Config: "broken\n"}, scenario{Config: "[default]\nbroken\n"}, scenario{Credentials: "[x\n"},
		scenario{Config: profiles, Profile: "quo ted"}, scenario{Config: profiles, Profile: "bare"}, scenario{Config: profiles, Credentials: keys, Profile: "partial"},
		scenario{Config: profiles, Credentials: keys, Env: map[string]string{"AWS_PROFILE": "partial"}},
		scenario{Config: profiles, Credentials: keys, Env: map[string]string{"AWS_PROFILE": "partial", "AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "s"}},
		scenario{Config: "[default]\nregion=r-1\naws_secret_access_key=s\n"},
		scenario{Credentials: "[default]\nregion=r-1\naws_access_key_id=AK\n", Env: map[string]string{"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "s"}},
		scenario{Config: "[default]\nregion=r-1\naws_access_key_id=AK\n", Credentials: keys},
		scenario{Config: "[default]\nregion=r-1\nsource_profile=gone\n" + roleARN + "r\n", Env: map[string]string{"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "s"}},
		scenario{Config: "[default]\nregion=r-1\nsso_session=gone\nsso_account_id=1\nsso_role_name=r\n", Env: map[string]string{"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "s"}},
		scenario{Env: map[string]string{"AWS_PROFILE": "default"}}, scenario{Profile: "default"}, scenario{Config: "[default]\nregion=r-1\n", Profile: "default"},
		scenario{Config: "[profile default]\nregion=r-1\n"}, scenario{Credentials: "[profile dev]\naws_access_key_id=A\naws_secret_access_key=s\n", Profile: "dev"},
		scenario{Config: profiles, Credentials: keys, Env: map[string]string{"AWS_CONFIG_FILE": "$HOME/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "$HOME/nowhere"}},
		scenario{Files: map[string]string{"c": profiles, "k": keys}, Env: map[string]string{"AWS_CONFIG_FILE": "$HOME/.aws/c", "AWS_SHARED_CREDENTIALS_FILE": "$HOME/.aws/k"}},
		scenario{Files: map[string]string{"c": profiles, "k": keys}, Env: map[string]string{"AWS_CONFIG_FILE": "~/.aws/c", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/k"}, Profile: "dev"},
		scenario{Env: map[string]string{"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SECURITY_TOKEN": "t"}})

	// The sources that have to be asked, of every kind, below what comes before
	// them and what does not.
	role := "role_session_name=me\n" + roleARN
	sources := []struct {
		config string
		files  map[string]string
		env    map[string]string
	}{
		{base + "[profile x]\nregion=us-east-1\nsource_profile=base\n" + role + "r1\n", nil, nil},
		{base + "[profile y]\nsource_profile=base\nregion=us-east-1\n" + role + "r1\n[profile x]\nregion=us-east-1\nsource_profile=y\n" + role + "r2\n", nil, nil},
		{"[profile x]\nregion=us-east-1\nsource_profile=gone\n" + role + "r1\n", nil, nil},
		{"[profile x]\nregion=us-east-1\ncredential_source=EcsContainer\n" + role + "r1\n", nil, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "$SERVER/container"}},
		{"[profile x]\nregion=us-east-1\ncredential_source=Ec2InstanceMetadata\n" + role + "r1\n", nil, map[string]string{"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "$SERVER"}},
		{"[profile x]\nregion=us-east-1\ncredential_source=Moon\n" + role + "r1\n", nil, nil},
		{base + "[profile x]\nregion=us-east-1\ncredential_source=Environment\nsource_profile=base\n" + role + "r1\n", nil, nil},
		{"[profile x]\nregion=us-east-1\nweb_identity_token_file=$HOME/.aws/token\n" + role + "web\n", map[string]string{"token": "a.b.c"}, nil},
		{"[profile x]\nregion=us-east-1\n", map[string]string{"token": "a.b.c"}, map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "$HOME/.aws/token", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/web"}},
		{session, map[string]string{tokenFile("corp"): ssoToken}, nil},
		{base + "[profile x]\nregion=us-east-1\naws_access_key_id=AKSTALE\nsource_profile=base\n" + role + "r1\n", nil, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "$SERVER/container"}},
		{session, nil, nil},
		{legacy, map[string]string{tokenFile("https://corp.test/start"): ssoToken}, nil},
		{legacy, nil, nil},
		{"[profile x]\nregion=us-east-1\nsso_session=gone\nsso_account_id=1\nsso_role_name=r\n", nil, nil},
		{strings.ReplaceAll(session, "profile x", "profile y") + "[profile x]\nregion=us-east-1\nsource_profile=y\n" + role + "r1\n", map[string]string{tokenFile("corp"): ssoToken}, nil},
		{"[profile x]\nregion=us-east-1\n" + process + "\n", map[string]string{"process.sh": processScript}, nil},
		{"[profile x]\nregion=us-east-1\ncredential_process = false\n", nil, nil},
		{"[profile x]\nregion=us-east-1\n", nil, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "$SERVER/container"}},
		{"[profile x]\nregion=us-east-1\n", nil, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "$SERVER/container", "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "$SERVER"}},
		{"[profile x]\nregion=us-east-1\n", nil, map[string]string{"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "$SERVER"}},
	}
	for _, src := range sources {
		for _, over := range []map[string]string{nil, {"AWS_PROFILE": "x"}, {"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "s"}} {
			env := map[string]string{"AWS_ENDPOINT_URL": "$SERVER"}
			for _, m := range []map[string]string{src.env, over} {
				for k, v := range m {
					env[k] = v
				}
			}
			profile := "x"
			if over["AWS_PROFILE"] != "" {
				profile = ""
			}
			all = append(all, scenario{Config: src.config, Files: src.files, Env: env, Profile: profile})
		}
	}
	return append(all, deviations...)
}

// deviations are the environments in which this package decides otherwise.
var deviations = []scenario{
	{
		Config: profiles, Credentials: keys, Env: map[string]string{"AWS_SDK_LOAD_CONFIG": "false", "AWS_DEFAULT_REGION": "us-east-2"},
		Why: "boto3 does not know the gate of the shared config", Ours: outcome{"default", "", "shared-credentials-file", "AKDEFAULT", ""},
	},
	{
		Config: "[default]\naws_access_key_id=AKC\naws_secret_access_key=s\n" + process + "\n", Files: map[string]string{"process.sh": processScript},
		Why: "keys of a profile come before its process, as in the SDKs for Go", Ours: outcome{"default", "", "config-file", "AKC", ""},
	},
	{
		Config: "[default]\nregion=r-1\n" + roleARN + "r\n", Env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "$SERVER/container", "AWS_ENDPOINT_URL": "$SERVER"},
		Why: "a role without a source is assumed with the keys of the machine, as in the SDKs for Go", Ours: outcome{"default", "r-1", "assume-role", "AKr", ""},
	},
	{
		Files: map[string]string{"old": "AWSAccessKeyId=AKOLD\nAWSSecretKey=s\n"}, Env: map[string]string{"AWS_CREDENTIAL_FILE": "$HOME/.aws/old"},
		Why: "the files of boto before 2014 are not read", Ours: outcome{"default", "", "", "", "none"},
	},
}

// TestSameAsBoto3 runs both libraries in the same environments. Where they are
// to differ, deviations says so.
func TestSameAsBoto3(t *testing.T) {
	if _, err := pythonData(); err != nil {
		t.Skip("python3 has no boto3: skipped")
	}
	server := &issuer{}
	srv := httptest.NewServer(server)
	defer srv.Close()
	all := scenarios()
	for i, s := range all {
		filled := map[string]string{"process.sh": processScript, "config": s.Config, "credentials": s.Credentials}
		for n, text := range s.Files {
			filled[n] = text
		}
		env := make(map[string]string)
		for k, v := range s.Env {
			env[k] = strings.ReplaceAll(v, "$SERVER", srv.URL)
		}
		all[i].Files, all[i].Env = filled, env
	}
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
		name := fmt.Sprint(i)
		if s.Why != "" {
			name = s.Why
		}
		t.Run(name, func(t *testing.T) {
			dir := home(t, nil, s.Env)
			write(t, dir, s.Files)
			got := observe(s.Profile)
			if s.Why == "" {
				assert.Equal(t, want[i], got, "%+v", s)
				return
			}
			assert.Equal(t, s.Ours, got)
			assert.NotEqual(t, want[i], got, "boto3 does it too: no deviation any more")
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
		return "config"
	case is[*aws.CredentialRetrievalError](err):
		return "retrieval"
	case errors.Is(err, aws.ErrNoCredentials):
		return "none"
	}
	return err.Error()
}
