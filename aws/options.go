package aws

import (
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"

	"github.com/seed-3bbad739/requests"
)

// SharedConfigState says whether the config file counts.
type SharedConfigState int

const (
	// SharedConfigStateFromEnv reads it unless AWS_SDK_LOAD_CONFIG is false.
	SharedConfigStateFromEnv SharedConfigState = iota
	// SharedConfigDisable reads keys, a credential process and a web identity
	// from the credentials file and nothing else; AWS_DEFAULT_REGION and
	// AWS_DEFAULT_PROFILE do not count.
	SharedConfigDisable
	// SharedConfigEnable reads it.
	SharedConfigEnable
)

// Options say how [NewSessionWithOptions] makes a session. The zero value is
// what [NewSession] uses.
type Options struct {
	// Config is laid over what the environment and the files say.
	Config Config
	// Profile is the profile to use; its credentials then count before those
	// of the environment. "": AWS_PROFILE, AWS_DEFAULT_PROFILE, else default.
	Profile string
	// SharedConfigState says whether the config file counts.
	SharedConfigState SharedConfigState
	// SharedConfigFiles are read instead of the config and credentials files
	// of the environment; of one setting the last file's counts.
	SharedConfigFiles []string
	// AssumeRoleTokenProvider is asked for the code of the device that a
	// profile names by mfa_serial. Nil: such a profile is an error.
	AssumeRoleTokenProvider func() (string, error)
	// AssumeRoleDuration is how long an assumed role's credentials live. 0:
	// the profile's duration_seconds, else 15 minutes.
	AssumeRoleDuration time.Duration
	// CustomCABundle holds certificates in PEM that are trusted instead of
	// the system's, before AWS_CA_BUNDLE and the profile's ca_bundle.
	CustomCABundle io.Reader
	// ClientTLSCert and ClientTLSKey are shown to servers, in PEM, both or
	// neither. Nil: the files AWS_SDK_GO_CLIENT_TLS_CERT and _KEY, if set.
	ClientTLSCert, ClientTLSKey io.Reader
	// Handlers are copied into the session. Nil: none.
	Handlers *Handlers
	// EC2IMDSEndpoint and EC2IMDSEndpointMode ("IPv4" or "IPv6") say where the
	// instance's metadata are. "": AWS_EC2_METADATA_SERVICE_ENDPOINT and
	// AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE.
	EC2IMDSEndpoint, EC2IMDSEndpointMode string
	// CredentialsProviderOptions change single providers of the chain. Nil:
	// they are as they are.
	CredentialsProviderOptions *CredentialsProviderOptions
}

// CredentialsProviderOptions change single providers of the chain.
type CredentialsProviderOptions struct {
	// WebIdentityRoleProviderOptions changes how a web identity is exchanged
	// for a role, after variables and profile. Nil changes nothing.
	WebIdentityRoleProviderOptions func(*WebIdentityRoleOptions)
}

// WebIdentityRoleOptions are the settings of a web identity: the role, the
// name and length of its session, a policy, where the token comes from.
type WebIdentityRoleOptions = stscreds.WebIdentityRoleOptions

// Option changes how [Open] makes a session.
type Option func(*options)

// webIdentity changes the settings of a web identity.
func (o *options) webIdentity(w *stscreds.WebIdentityRoleOptions) {
	if c := o.CredentialsProviderOptions; c != nil && c.WebIdentityRoleProviderOptions != nil {
		c.WebIdentityRoleProviderOptions(w)
	}
}

// options is what all constructors come down to.
type options struct {
	Options
	explicit         *Credentials // from WithStaticCredentials
	accountID        string
	http             *requests.Session
	sdk              *sdk.Config
	configFiles      []string
	credentialsFiles []string
	models           []fs.FS
	sessionRetries   bool
}

// WithProfile uses the profile called name, which must exist. Its credentials
// count before those of the environment.
func WithProfile(name string) Option { return func(o *options) { o.Profile = name } }

// WithRegion sets the region.
func WithRegion(region string) Option { return func(o *options) { o.Config.Region = &region } }

// WithCredentials sets where credentials come from, in place of the chain.
func WithCredentials(p CredentialsProvider) Option {
	return func(o *options) { o.Config.Credentials = p }
}

// WithStaticCredentials sets the credentials. Key and secret are needed both;
// the token may be "".
func WithStaticCredentials(key, secret, token string) Option {
	return func(o *options) {
		o.explicit = &Credentials{AccessKeyID: key, SecretAccessKey: secret, SessionToken: token, Source: sourceExplicit}
	}
}

// WithAccountID sets the account that the credentials of
// [WithStaticCredentials] belong to. Without those it is an error.
func WithAccountID(id string) Option { return func(o *options) { o.accountID = id } }

// WithConfig lays cfgs over what the environment and the files say.
func WithConfig(cfgs ...*Config) Option { return func(o *options) { o.Config.MergeIn(cfgs...) } }

// WithHTTPSession borrows s for everything that is sent: its adapters,
// proxies, trust, client certificate, time limits, middleware and exchange hooks
// apply, its header, params, cookies, authentication and base URL do not.
// [Session.Close] leaves it open. AWS_CA_BUNDLE and the profile's ca_bundle
// count unless s has trust of its own.
func WithHTTPSession(s *requests.Session) Option { return func(o *options) { o.http = s } }

// WithSDKConfig adopts a ready configuration, in place of all that would be
// read from the environment and the files. Its HTTP client is not used.
func WithSDKConfig(c sdk.Config) Option { return func(o *options) { o.sdk = &c } }

// WithSharedConfig says whether the config file counts.
func WithSharedConfig(s SharedConfigState) Option {
	return func(o *options) { o.SharedConfigState = s }
}

// WithConfigFiles names the config files instead of AWS_CONFIG_FILE; of one
// setting the last file's counts. None at all means that no file is read.
func WithConfigFiles(paths ...string) Option {
	return func(o *options) { o.configFiles = append([]string{}, paths...) }
}

// WithCredentialsFiles names the credentials files instead of
// AWS_SHARED_CREDENTIALS_FILE.
func WithCredentialsFiles(paths ...string) Option {
	return func(o *options) { o.credentialsFiles = append([]string{}, paths...) }
}

// WithModels adds a directory of API models in botocore's layout,
// service/version/service-2.json, plain or gzipped. It is looked at before
// the directories of AWS_DATA_PATH, ~/.aws/models and what [RegisterModels] has.
func WithModels(models fs.FS) Option {
	return func(o *options) {
		if models != nil {
			o.models = append(slices.Clip(o.models), models)
		}
	}
}

// WithMFA sets who is asked for the code of an MFA device.
func WithMFA(code func() (string, error)) Option {
	return func(o *options) { o.AssumeRoleTokenProvider = code }
}

// WithSessionRetries leaves retrying to the HTTP session, an adapters.Retry
// mounted there, in place of the SDK's retryer. Without it an adapter that
// retries and the SDK would multiply their attempts. Adapters that send twice at
// a time, such as a Hedge, are not for it.
func WithSessionRetries() Option { return func(o *options) { o.sessionRetries = true } }

// sharedConfig reports whether the config file counts.
func (o *options) sharedConfig() bool {
	switch o.SharedConfigState {
	case SharedConfigDisable:
		return false
	case SharedConfigEnable:
		return true
	}
	on, err := strconv.ParseBool(strings.TrimSpace(os.Getenv("AWS_SDK_LOAD_CONFIG")))
	return err != nil || on
}

// files returns the config and credentials files to read, neither nil.
func (o *options) files() (configs, credentials []string) {
	switch {
	case !o.sharedConfig():
		configs = []string{}
	case o.configFiles != nil:
		configs = o.configFiles
	case o.SharedConfigFiles != nil:
		configs = o.SharedConfigFiles
	default:
		configs = []string{sharedFilePath("AWS_CONFIG_FILE", "config")}
	}
	switch {
	case o.credentialsFiles != nil:
		credentials = o.credentialsFiles
	case o.SharedConfigFiles != nil:
		credentials = o.SharedConfigFiles
	default:
		credentials = []string{sharedFilePath("AWS_SHARED_CREDENTIALS_FILE", "credentials")}
	}
	return configs, credentials
}
