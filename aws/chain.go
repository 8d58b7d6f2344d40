package aws

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
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
	defer g.clean()
	for _, step := range []func() error{g.senders, g.bundle, g.profile, g.where, g.metadata} {
		if err := step(); err != nil {
			return err
		}
	}
	provider, err := g.provider(ctx)
	if err != nil {
		return err
	}
	if provider != nil {
		g.add(config.WithCredentialsProvider(provider))
	}
	cfg, err := config.LoadDefaultConfig(ctx, g.opts...)
	if err != nil && g.exists && g.own && g.withoutSources() == nil {
		// How the profile would get credentials does not matter.
		cfg, err = config.LoadDefaultConfig(ctx, g.opts...)
	}
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

	known       profileKeys
	exists      bool     // the profile is in some file
	given       bool     // the SDK is told its name
	credentials []string // files for the SDK
	temporary   []string // those of them that are to be removed
	region      string   // "": as the SDK finds
	nowhere     bool     // there is no region at all
	own         bool     // code or environment have credentials, whatever the profile has
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
	g.credentials = l.credentialsFiles
	if err := g.amend(); err != nil {
		return err
	}
	g.add(config.WithSharedConfigFiles(l.configFiles), config.WithSharedCredentialsFiles(g.credentials))
	if g.given {
		g.add(config.WithSharedConfigProfile(cmp.Or(known.inFile, l.profile)))
	}
	return nil
}

// amend has the SDK take the keys of a file together, and find profiles by their
// names. It refuses to load one with half a pair, also when its keys are not what
// is used, unless a later file has a whole one, which may be empty; it would
// leave a token of the config file beside a pair of the credentials file; and a
// profile that has quotes in its heading is two profiles to it, with the quotes in
// the config file and without them in the credentials file. It has one that lends
// its keys assume its own role with them first.
func (g *loading) amend() error {
	none := []string{"aws_access_key_id =", "aws_secret_access_key =", "aws_session_token ="}
	role := []string{"role_arn =", "source_profile =", "credential_source ="}
	first, last := "", ""
	for i, p := range g.loaded.inUse() {
		switch {
		case half(p.credentials), p.credentials == nil && half(p.config):
			last += p.sections(none...)
		case p.quoted() && half(p.config): // which is a profile of its own there
			last += sectionText(p.inFile, none...)
		case whole(p.credentials) && p.credentials["aws_session_token"] == "" && p.config["aws_session_token"] != "":
			first += p.sections("aws_session_token =")
		}
		if lent := p.lent(); p.quoted() && lent != nil {
			last += sectionText(p.inFile, lent...)
		}
		if i > 0 && (whole(p.config) || whole(p.credentials)) && p.setting("web_identity_token_file", true) == "" {
			if p.setting("role_arn", true) != "" {
				last += p.sections(role...)
			}
			break
		}
		if p.quoted() && p.source() == p.name { // the other of the two lends
			last += sectionText(p.name, role...)
		}
		if source, _ := g.loaded.profiles.get(p.source()); source.quoted() && !source.lends() {
			last += p.sections("source_profile = '" + source.inFile + "'")
		}
	}
	if first != "" {
		path, err := g.file(first)
		if err != nil {
			return err
		}
		g.credentials = append([]string{path}, g.credentials...)
	}
	if last == "" {
		return nil
	}
	path, err := g.file(last)
	g.credentials = append(slices.Clip(g.credentials), path)
	return err
}

// withoutSources takes from the profile in use what would give it credentials.
func (g *loading) withoutSources() error {
	var none []string
	for _, s := range append(sources[:], "credential_process") {
		none = append(none, s+" =")
	}
	path, err := g.file(g.known.sections(none...))
	g.add(config.WithSharedCredentialsFiles(append(slices.Clip(g.credentials), path)))
	return err
}

// file writes a file for the SDK, which reads profiles of nothing else.
func (g *loading) file(text string) (path string, err error) {
	f, err := os.CreateTemp("", "aws-profiles-")
	if err == nil {
		g.temporary = append(g.temporary, f.Name())
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return "", &ConfigParseError{Err: fmt.Errorf("profile %q takes a temporary file to read: %w", g.loaded.profile, err)}
	}
	return f.Name(), nil
}

// clean removes what file has written.
func (g *loading) clean() {
	for _, path := range g.temporary {
		os.Remove(path)
	}
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
		g.own = true
		return p, nil
	}
	identity := os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != ""
	if g.options.Profile == "" { // else the profile comes before the environment
		if p := environmentCredentials(); p != nil {
			g.own = true
			return p, nil
		}
		switch {
		case identity && g.given:
			// The SDK puts it before the profile of AWS_PROFILE, and would
			// not with the profile given in code.
			return g.webIdentity(ctx, webIdentityOfEnvironment())
		case identity:
			return nil, nil // the SDK's chain has it before the profile
		}
	}
	if g.exists {
		if err := partialInFile(g.known); err != nil {
			return failing{err}, nil
		}
	}
	if used := g.loaded.inUse(); len(used) > 0 && withoutQuotes(withoutComment(used[len(used)-1].setting("credential_source", true))) == "Environment" {
		if half, ok := environmentCredentials().(failing); ok {
			return half, nil
		}
	}
	if !g.options.sharedConfig() {
		return g.narrow(ctx, g.known.credentials)
	}
	switch p := g.known; {
	case p.hasSource():
	case whole(p.credentials) && p.quoted(): // where the SDK does not look
		return pair(p.credentials, sourceCredentialsFile), nil
	case whole(p.config) && half(p.credentials): // which amend has taken from the SDK
		return pair(p.config, sourceConfigFile), nil
	}
	if p := g.known.hiddenProcess(); p != "" {
		return processcreds.NewProvider(p), nil
	}
	return nil, nil
}

// pair returns the provider for the keys of a profile in a file.
func pair(keys map[string]string, source string) CredentialsProvider {
	get := func(name string) string { return withoutQuotes(withoutComment(keys[name])) }
	return static{Credentials{
		AccessKeyID: get("aws_access_key_id"), SecretAccessKey: get("aws_secret_access_key"), SessionToken: get("aws_session_token"),
		AccountID: get("aws_account_id"), Source: source,
	}}
}

// narrow returns what a profile of the credentials file has that
// counts while the config file does not, nil if the chain goes on.
func (g *loading) narrow(ctx context.Context, keys map[string]string) (CredentialsProvider, error) {
	switch {
	case whole(keys):
		return pair(keys, sourceCredentialsFile), nil
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
	partial := l.partialSource()
	switch {
	case isLegacy(os.Getenv("AWS_RETRY_MODE")) || isLegacy(p.setting("retry_mode", true)):
		return &ConfigParseError{Err: errors.New(`the retry mode "legacy" is boto3's alone: use "standard"`)}
	case errors.As(err, &role):
		return cmp.Or(partial, error(&ConfigParseError{Err: err}))
	case errors.As(err, &missing):
		return &ProfileNotFoundError{Profile: l.profile, Err: err}
	case errors.As(err, &parse):
		return &ConfigParseError{Path: parse.Filename, Err: parse.Err}
	}
	return cmp.Or(partial, error(&ConfigParseError{Err: err}))
}

// isLegacy reports whether a retry mode is the one that only boto3 has.
func isLegacy(mode string) bool { return strings.EqualFold(strings.TrimSpace(mode), "legacy") }

// partialSource finds half a pair of keys in the profiles that lend theirs to
// the one in use. The SDK says no more than that something is wrong.
func (l *loaded) partialSource() error {
	for i, p := range l.inUse() {
		if i == 0 {
			continue
		}
		if err := partialInFile(p); err != nil {
			return err
		}
	}
	return nil
}

// inUse returns the profile in use and those that lend it their credentials,
// each once: they may go round.
func (l *loaded) inUse() []profileKeys {
	var used []profileKeys
	for name := l.profile; name != ""; {
		p, exists := l.profiles.get(name)
		if !exists || slices.ContainsFunc(used, func(u profileKeys) bool { return u.name == name }) {
			break
		}
		used, name = append(used, p), p.source()
	}
	return used
}
