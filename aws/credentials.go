package aws

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/logincreds"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"

	"github.com/seed-3bbad739/requests"
)

const (
	sourceExplicit        = "explicit"
	sourceEnv             = "env"
	sourceCredentialsFile = "shared-credentials-file"
	sourceConfigFile      = "config-file"
)

// sdkSharedFile begins the source of credentials that the SDK read in a file.
const sdkSharedFile = "SharedConfigCredentials: "

// CredentialsMethod returns where c came from in boto3's words: explicit, env,
// shared-credentials-file, config-file, assume-role,
// assume-role-with-web-identity, sso, login, custom-process, container-role
// or iam-role. What it does not know it returns as it is.
func CredentialsMethod(c Credentials) string {
	s := c.Source
	switch {
	case s == credentials.StaticCredentialsName:
		return sourceExplicit
	case s == config.CredentialsSourceName:
		return sourceEnv
	case strings.HasPrefix(s, sdkSharedFile):
		// Of a session of this package the chain has said which file it is.
		if strings.Contains(filepath.Base(s), "credentials") {
			return sourceCredentialsFile
		}
		return sourceConfigFile
	case strings.HasPrefix(s, sourceCredentialsFile+": "):
		return sourceCredentialsFile
	case strings.HasPrefix(s, sourceConfigFile+": "):
		return sourceConfigFile
	case s == stscreds.ProviderName:
		return "assume-role"
	case s == stscreds.WebIdentityProviderName:
		return "assume-role-with-web-identity"
	case s == ssocreds.ProviderName:
		return "sso"
	case s == logincreds.ProviderName:
		return "login"
	case s == processcreds.ProviderName:
		return "custom-process"
	case s == endpointcreds.ProviderName:
		return "container-role"
	case s == ec2rolecreds.ProviderName:
		return "iam-role"
	}
	return s
}

// chain is the provider that a session's clients use: the SDK's, with the
// errors of this package.
type chain struct {
	inner            CredentialsProvider
	credentialsFiles []string
	loaded           bool // the SDK has made inner of files and variables
}

// maxEarly is how much earlier than they do the SDK has credentials expire, at most.
const maxEarly = 5 * time.Minute

// Retrieve implements [CredentialsProvider].
func (c *chain) Retrieve(ctx context.Context) (Credentials, error) {
	creds, err := c.inner.Retrieve(ctx)
	if err == nil {
		if path, ok := strings.CutPrefix(creds.Source, sdkSharedFile); ok {
			kind := sourceConfigFile
			if slices.Contains(c.credentialsFiles, path) {
				kind = sourceCredentialsFile
			}
			creds.Source = kind + ": " + path
		}
		// An instance hands out old ones on purpose while it cannot renew
		// them: services take those.
		instance := sdk.IsCredentialsProvider(c.inner, (*ec2rolecreds.Provider)(nil))
		if c.loaded && !instance && creds.CanExpire && time.Since(creds.Expires) > maxEarly {
			return Credentials{}, &CredentialRetrievalError{fmt.Errorf("those that %s gives have expired", CredentialsMethod(creds))}
		}
		return creds, nil
	}
	err = withoutOutput(err)
	if p := (*PartialCredentialsError)(nil); errors.As(err, &p) || errors.Is(err, ErrNoCredentials) || ctx.Err() != nil {
		return Credentials{}, err
	}
	if sdk.IsCredentialsProvider(c.inner, (*ec2rolecreds.Provider)(nil)) {
		// The instance's role is the end of the chain: nothing else was found.
		return Credentials{}, &noCredentials{err}
	}
	if r := (*CredentialRetrievalError)(nil); errors.As(err, &r) {
		return Credentials{}, err
	}
	if sdk.IsCredentialsProvider(c.inner, (*ssocreds.Provider)(nil)) && !errors.Is(err, requests.ErrConnection) {
		err = fmt.Errorf("%w: if its session is over, aws sso login begins another", err)
	}
	return Credentials{}, &CredentialRetrievalError{err}
}

// IsCredentialsProvider lets the SDK look through c.
func (c *chain) IsCredentialsProvider(target CredentialsProvider) bool {
	return sdk.IsCredentialsProvider(c.inner, target)
}

// Invalidate makes the next Retrieve fetch anew.
func (c *chain) Invalidate() {
	if i, ok := c.inner.(interface{ Invalidate() }); ok {
		i.Invalidate()
	}
}

// noCredentials is ErrNoCredentials with the last source's error.
type noCredentials struct{ cause error }

func (e *noCredentials) Error() string   { return ErrNoCredentials.Error() + ": " + e.cause.Error() }
func (e *noCredentials) Unwrap() []error { return []error{ErrNoCredentials, e.cause} }

// withoutOutput keeps what a credential process printed out of its error: the
// SDK quotes it when it does not parse, and it may hold the secret.
func withoutOutput(err error) error {
	var p *processcreds.ProviderError
	if !errors.As(err, &p) {
		return err
	}
	cause := errors.Unwrap(p.Err)
	switch cause.(type) {
	case nil, *exec.ExitError, *exec.Error: // the process has said nothing that is quoted
		return err
	}
	before, _, _ := strings.Cut(err.Error(), p.Err.Error())
	return &processError{before, cause}
}

// processError is the error for what a credential process printed.
type processError struct {
	before string // what the SDK says leads here
	cause  error
}

func (e *processError) Error() string {
	return e.before + "(its output is hidden) " + e.cause.Error()
}

// Unwrap leaves out the errors between, which quote the output.
func (e *processError) Unwrap() error { return e.cause }

// cached returns p, if it keeps what it has, else p behind a cache: the SDK's
// providers of roles and the like fetch at every call.
func cached(p CredentialsProvider) CredentialsProvider {
	switch p.(type) {
	case *sdk.CredentialsCache, *chain, static, failing:
		return p
	}
	return sdk.NewCredentialsCache(p)
}

// failing is a provider for credentials that are known to be wrong.
type failing struct{ err error }

func (f failing) Retrieve(context.Context) (Credentials, error) { return Credentials{}, f.err }

// static is a provider for credentials as they are, whatever their source.
type static struct{ creds Credentials }

func (s static) Retrieve(context.Context) (Credentials, error) { return s.creds, nil }

// String keeps the keys from printing.
func (static) String() string   { return "aws.static" }
func (static) GoString() string { return "aws.static" }

// environmentCredentials returns what the environment's keys come to: nil when
// there are none or the SDK reads them as they are.
func environmentCredentials() CredentialsProvider {
	key := firstVariable("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY")
	secret := firstVariable("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY")
	switch {
	case key != "" && secret == "":
		return failing{&PartialCredentialsError{Source: sourceEnv, Missing: "AWS_SECRET_ACCESS_KEY"}}
	case key == "":
		return nil // a secret alone is ignored
	}
	token := firstVariable("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
	return static{Credentials{
		AccessKeyID: key, SecretAccessKey: secret, SessionToken: token,
		AccountID: os.Getenv("AWS_ACCOUNT_ID"), Source: config.CredentialsSourceName,
	}}
}

func firstVariable(names ...string) string {
	for _, n := range names {
		if v := os.Getenv(n); v != "" {
			return v
		}
	}
	return ""
}

// partialInFile finds half a pair of keys in a profile that has nothing else
// to get credentials by.
func partialInFile(p profileKeys) error {
	if p.hasSource() || whole(p.config) && p.credentials["aws_access_key_id"] == "" || whole(p.credentials) {
		return nil
	}
	for _, f := range []struct {
		source string
		keys   map[string]string
	}{{sourceCredentialsFile, p.credentials}, {sourceConfigFile, p.config}} {
		if f.keys["credential_process"] != "" {
			return nil
		}
		if f.keys["aws_access_key_id"] != "" && f.keys["aws_secret_access_key"] == "" {
			return &PartialCredentialsError{Source: f.source, Missing: "aws_secret_access_key"}
		}
	}
	return nil
}

// sources are the settings of a profile that name a source of credentials
// other than keys and a process.
var sources = [...]string{"role_arn", "source_profile", "credential_source", "web_identity_token_file", "sso_account_id", "sso_session", "sso_start_url", "login_session"}

// hasSource reports whether a profile has one of sources.
func hasSource(m map[string]string) bool {
	return slices.ContainsFunc(sources[:], func(k string) bool { return m[k] != "" })
}

func (p profileKeys) hasSource() bool { return hasSource(p.config) || hasSource(p.credentials) }

// hiddenProcess returns the profile's credential_process where that is what
// counts and the SDK would run another or none, "" elsewhere. It takes quotes at
// both ends off any value, and the shell would see a path and the last argument
// without theirs; and it looks for a profile in quotes in the config file alone.
func (p profileKeys) hiddenProcess() string {
	v := withoutComment(p.setting("credential_process", true))
	seen := withoutQuotes(v) == v && !(p.quoted() && p.credentials["credential_process"] != "")
	if seen || p.hasSource() || whole(p.config) || whole(p.credentials) {
		return ""
	}
	return v
}

// whole reports whether both of a pair of keys are there.
func whole(m map[string]string) bool {
	return m["aws_access_key_id"] != "" && m["aws_secret_access_key"] != ""
}

// half reports whether one of a pair of keys is there without the other.
func half(m map[string]string) bool {
	return (m["aws_access_key_id"] == "") != (m["aws_secret_access_key"] == "")
}
