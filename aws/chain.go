package aws

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
)

// load asks aws-sdk-go-v2/config. Clients that it makes to fetch credentials
// send through s.
func (l *loaded) load(ctx context.Context, o *options, s *Session) error {
	l.fresh = true
	g := &loading{options: o, loaded: l, session: s, region: value(s.Config.Region)}
	g.known, g.exists = l.profiles.get(l.profile)
	for _, step := range []func() error{g.senders, g.bundle, g.profile, g.where, g.metadata} {
		if err := step(); err != nil {
			return err
		}
	}
	provider, err := g.provider(ctx)
	if err != nil {
		return err
	}
	cfg, err := g.config(ctx, provider)
	if err != nil {
		return l.loadError(err)
	}
	cfg.APIOptions = nil // of senders; clients have their own way from here on
	if g.nowhere {
		cfg.Region = ""
	}
	if !o.sharedConfig() && s.Config.Region == nil {
		cfg.Region = os.Getenv("AWS_REGION")
	}
	l.cfg = cfg
	l.provider = &chain{cfg.Credentials, l.credentialsFiles, true}
	return nil
}

// loading is what the steps of load find out for each other, and the options
// for the SDK that they add.
type loading struct {
	options *options
	loaded  *loaded
	session *Session
	opts    []func(*config.LoadOptions) error

	known   profileKeys
	exists  bool   // the profile is in some file
	given   bool   // the SDK is told its name
	spoilt  bool   // the SDK could load nothing of it
	region  string // "": as the SDK finds
	nowhere bool   // there is no region at all
}

func (g *loading) add(opts ...func(*config.LoadOptions) error) { g.opts = append(g.opts, opts...) }

// senders has what fetches credentials do so by the session. The client is not
// given here: with AWS_CA_BUNDLE set the SDK refuses any but its own.
func (g *loading) senders() error {
	o, s := g.options, g.session
	g.add(
		config.WithLogger(logging.Nop{}),
		config.WithAPIOptions([]func(*middleware.Stack) error{s.sendThrough, s.useConfiguredEndpoint}),
		config.WithEndpointCredentialOptions(s.containerOptions),
		config.WithWebIdentityRoleCredentialOptions(o.webIdentity),
		config.WithAssumeRoleCredentialOptions(func(a *stscreds.AssumeRoleOptions) {
			if o.AssumeRoleTokenProvider != nil {
				a.TokenProvider = o.AssumeRoleTokenProvider
			}
			if o.AssumeRoleDuration > 0 {
				a.Duration = o.AssumeRoleDuration
			}
		}),
	)
	return nil
}

// bundle keeps the SDK from reading a bundle that is configured. The HTTP session
// has it; the SDK's own client, which is not used, would refuse what the session
// accepts, a directory for one.
func (g *loading) bundle() error {
	if os.Getenv("AWS_CA_BUNDLE") == "" && g.known.setting("ca_bundle", true) == "" {
		return nil
	}
	bundle, err := placeholderBundle()
	if err != nil {
		return err
	}
	g.add(func(o *config.LoadOptions) error {
		o.CustomCABundle = bytes.NewReader(bundle)
		return nil
	})
	return nil
}

// profile settles which files and which profile the SDK reads.
func (g *loading) profile() error {
	l, known := g.loaded, g.known
	// A profile of the environment is given too: the SDK would look for one
	// that does not count here, and knows none in quotes. Keys and identity of
	// the environment are put before it in provider.
	g.given = g.exists && (l.profile != "default" || g.options.Profile != "" || os.Getenv("AWS_DEFAULT_PROFILE") != "")
	configs, credentials := l.configFiles, l.credentialsFiles
	// The SDK refuses to load a profile with half a pair of keys, also when
	// its keys are not what is used.
	if half(known.credentials) {
		credentials = []string{}
	}
	if half(known.config) {
		configs = []string{}
		if g.region == "" {
			g.region = firstOf(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), known.config["region"])
		}
	}
	g.spoilt = g.exists && (known.credentials == nil || half(known.credentials)) && (known.config == nil || half(known.config))
	if g.spoilt { // no other profile takes its place
		g.given, configs, credentials = false, []string{}, []string{}
	}
	g.add(config.WithSharedConfigFiles(configs), config.WithSharedCredentialsFiles(credentials))
	if g.given {
		g.add(config.WithSharedConfigProfile(cmp.Or(known.inFile, l.profile)))
	}
	return nil
}

// where settles the region.
func (g *loading) where() error {
	if g.region != "" {
		g.add(config.WithRegion(g.region))
	}
	g.nowhere = g.known.setting("login_session", true) == "" &&
		firstOf(g.region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), g.known.setting("region", true)) == ""
	if g.nowhere {
		// STS is asked for credentials without a region too.
		g.add(config.WithDefaultRegion("aws-global"))
	}
	return nil
}

// metadata settles where an instance's metadata are.
func (g *loading) metadata() error {
	if e := g.options.EC2IMDSEndpoint; e != "" {
		g.add(config.WithEC2IMDSEndpoint(e))
	}
	if m := g.options.EC2IMDSEndpointMode; m != "" {
		var mode imds.EndpointModeState
		if err := mode.SetFromString(m); err != nil {
			return &ConfigParseError{Err: err}
		}
		g.add(config.WithEC2IMDSEndpointMode(mode))
	}
	return nil
}

// provider returns the source of credentials where the SDK would choose another
// or none, nil where its chain is right.
func (g *loading) provider(ctx context.Context) (CredentialsProvider, error) {
	if p := g.session.Config.Credentials; p != nil {
		return p, nil
	}
	identity := os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != ""
	if g.options.Profile == "" { // else the profile comes before the environment
		if p := environmentCredentials(); p != nil {
			return p, nil
		}
		if identity && g.given {
			// The SDK puts it before the profile of AWS_PROFILE, and would
			// not with the profile given in code.
			return g.webIdentity(ctx, webIdentityOfEnvironment())
		}
	}
	if g.exists {
		if err := partialInFile(g.known); err != nil {
			return failing{err}, nil
		}
	}
	if identity && g.options.Profile == "" {
		return nil, nil // the SDK's chain has it before the profile
	}
	if !g.options.sharedConfig() {
		return g.narrow(ctx, g.known.credentials)
	}
	if p := g.known.quotedProcess(); p != "" {
		return processcreds.NewProvider(p), nil
	}
	return nil, nil
}

// config loads what the steps have settled.
func (g *loading) config(ctx context.Context, provider CredentialsProvider) (sdk.Config, error) {
	if g.spoilt && os.Getenv("AWS_PROFILE") != "" {
		// The SDK would insist on the profile.
		env, err := config.NewEnvConfig()
		if provider == nil {
			provider = failing{ErrNoCredentials}
		}
		return sdk.Config{Region: firstOf(g.region, env.Region), ConfigSources: []any{env}, Credentials: sdk.NewCredentialsCache(provider)}, err
	}
	if provider != nil {
		g.add(config.WithCredentialsProvider(provider))
	}
	return config.LoadDefaultConfig(ctx, g.opts...)
}

// narrow returns what a profile of the credentials file has that
// counts while the config file does not, nil if the chain goes on.
func (g *loading) narrow(ctx context.Context, keys map[string]string) (CredentialsProvider, error) {
	switch {
	case keys["aws_access_key_id"] != "" && keys["aws_secret_access_key"] != "":
		return static{Credentials{
			AccessKeyID: keys["aws_access_key_id"], SecretAccessKey: keys["aws_secret_access_key"], SessionToken: keys["aws_session_token"],
			AccountID: keys["aws_account_id"], Source: sourceCredentialsFile,
		}}, nil
	case keys["web_identity_token_file"] != "":
		return g.webIdentity(ctx, webIdentity{keys["web_identity_token_file"], keys["role_arn"], keys["role_session_name"]})
	case keys["credential_process"] != "":
		return processcreds.NewProvider(keys["credential_process"]), nil
	case hasSource(keys):
		return failing{ErrNoCredentials}, nil
	}
	return nil, nil
}

// webIdentity returns the provider for a token file.
func (g *loading) webIdentity(ctx context.Context, w webIdentity) (CredentialsProvider, error) {
	cfg, err := config.LoadDefaultConfig(ctx, append(slices.Clone(g.opts), config.WithCredentialsProvider(sdk.AnonymousCredentials{}))...)
	if err != nil {
		return nil, g.loaded.loadError(err)
	}
	return w.provider(cfg, g.options.webIdentity)
}

// loadError says in the words of this package what the SDK refused to load.
func (l *loaded) loadError(err error) error {
	var (
		missing config.SharedConfigProfileNotExistError
		parse   config.SharedConfigLoadError
		role    config.SharedConfigAssumeRoleError
	)
	p, _ := l.profiles.get(l.profile)
	switch {
	case isLegacy(os.Getenv("AWS_RETRY_MODE")) || isLegacy(p.setting("retry_mode", true)):
		return &ConfigParseError{Err: errors.New(`the retry mode "legacy" is boto3's alone: use "standard"`)}
	case errors.As(err, &role):
		return &ConfigParseError{Err: err}
	case errors.As(err, &missing):
		return &ProfileNotFoundError{Profile: l.profile, Err: err}
	case errors.As(err, &parse):
		return &ConfigParseError{Path: parse.Filename, Err: parse.Err}
	}
	if partial := l.partialSource(); partial != nil {
		return partial
	}
	return &ConfigParseError{Err: err}
}

// isLegacy reports whether a retry mode is the one that only boto3 has.
func isLegacy(mode string) bool { return strings.EqualFold(strings.TrimSpace(mode), "legacy") }

// partialSource finds half a pair of keys in the profiles that lend theirs to
// the one in use. The SDK says no more than that something is wrong.
func (l *loaded) partialSource() error {
	p, _ := l.profiles.get(l.profile)
	for range l.profiles { // each at most once: they may go round
		name := p.setting("source_profile", true)
		if name == "" {
			return nil
		}
		p, _ = l.profiles.get(name)
		if err := partialInFile(p); err != nil {
			return err
		}
	}
	return nil
}
