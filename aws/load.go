package aws

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"strings"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// loaded is what a session read when it was made. Copies share it; nothing in
// it is written to afterwards.
type loaded struct {
	cfg              sdk.Config
	provider         CredentialsProvider // of cfg, with our errors
	profile          string
	profiles         sharedProfiles
	configFiles      []string
	credentialsFiles []string
	models           []fs.FS
	sessionRetries   bool
	fresh            bool // from the environment, not adopted

	modelsOnce sync.Once
	loader     *api.Loader // set by modelsOnce
}

// boto3's limits: a service may well think for a minute.
const (
	defaultConnect = 60 * time.Second
	defaultRead    = 60 * time.Second
)

// maxPEM bounds the certificates that a caller hands over.
const maxPEM = 16 << 20 // bytes

// open makes a session of o.
func open(ctx context.Context, o *options) (*Session, error) {
	if err := o.checkExplicit(); err != nil {
		return nil, err
	}
	l := &loaded{models: o.models, sessionRetries: o.sessionRetries}
	s := &Session{loaded: l, events: NewEmitter[*Event](), Config: new(Config)}
	o.Handlers.copyTo(&s.Handlers)
	s.Config.MergeIn(&o.Config)
	if o.explicit != nil {
		creds := *o.explicit
		creds.AccountID = o.accountID
		s.Config.Credentials = static{creds}
	}
	if o.sdk != nil {
		l.cfg = o.sdk.Copy()
		l.profile = profileFromEnvironment(true)
		l.configFiles, l.credentialsFiles = o.files()
	} else if err := l.profileAndFiles(o, s.Config); err != nil {
		return nil, err
	}
	if err := s.openHTTP(o); err != nil {
		return nil, err
	}
	if o.sdk == nil {
		if err := l.load(ctx, o, s); err != nil {
			s.Close()
			return nil, err
		}
	}
	if s.Config.Region == nil && l.cfg.Region != "" {
		s.Config.Region = String(l.cfg.Region)
	}
	if s.Config.Credentials == nil {
		s.Config.Credentials = l.provider
	}
	if s.Config.Credentials == nil && l.cfg.Credentials != nil {
		s.Config.Credentials = &chain{l.cfg.Credentials}
	}
	if r := value(s.Config.Region); r != "" && !validHostLabel(r) {
		s.Close()
		return nil, &InvalidRegionError{r}
	}
	if e := s.Config.Endpoint; e != nil && *e != "" {
		if _, err := parseEndpoint(*e); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

func (o *options) checkExplicit() error {
	if o.explicit == nil {
		if o.accountID != "" {
			return fmt.Errorf("aws: an account id needs keys: %w", ErrNoCredentials)
		}
		return nil
	}
	return checkKeys(o.explicit)
}

func checkKeys(c *Credentials) error {
	switch {
	case c.AccessKeyID == "":
		return &PartialCredentialsError{Source: sourceExplicit, Missing: "aws_access_key_id"}
	case c.SecretAccessKey == "":
		return &PartialCredentialsError{Source: sourceExplicit, Missing: "aws_secret_access_key"}
	}
	return nil
}

func profileFromEnvironment(all bool) string {
	if p := os.Getenv("AWS_PROFILE"); p != "" {
		return p
	}
	if p := os.Getenv("AWS_DEFAULT_PROFILE"); p != "" && all {
		return p
	}
	return "default"
}

// profileAndFiles settles which profile counts, and that it exists.
func (l *loaded) profileAndFiles(o *options, c *Config) error {
	l.configFiles, l.credentialsFiles = o.files()
	l.profile = o.Profile
	if l.profile == "" {
		l.profile = profileFromEnvironment(o.sharedConfig())
	}
	var err error
	if l.profiles, err = readSharedProfiles(l.configFiles, l.credentialsFiles); err != nil {
		return err
	}
	named := o.Profile != "" || os.Getenv("AWS_PROFILE") != "" || os.Getenv("AWS_DEFAULT_PROFILE") != "" && o.sharedConfig()
	if _, ok := l.profiles.get(l.profile); !ok && named {
		return &ProfileNotFoundError{Profile: l.profile}
	}
	return nil
}

// load asks aws-sdk-go-v2/config. Clients that it makes to fetch credentials
// send through s.
func (l *loaded) load(ctx context.Context, o *options, s *Session) error {
	l.fresh = true
	opts := []func(*config.LoadOptions) error{
		config.WithSharedConfigFiles(l.configFiles),
		config.WithSharedCredentialsFiles(l.credentialsFiles),
		// The client is not given here: with AWS_CA_BUNDLE set the SDK refuses
		// any client but its own.
		config.WithLogger(logging.Nop{}),
		config.WithAPIOptions([]func(*middleware.Stack) error{s.sendThrough}),
		config.WithAssumeRoleCredentialOptions(func(a *stscreds.AssumeRoleOptions) {
			if o.AssumeRoleTokenProvider != nil {
				a.TokenProvider = o.AssumeRoleTokenProvider
			}
			if o.AssumeRoleDuration > 0 {
				a.Duration = o.AssumeRoleDuration
			}
		}),
		config.WithEndpointCredentialOptions(func(e *endpointcreds.Options) {
			e.HTTPClient = s.HTTPClient()
		}),
	}
	known, exists := l.profiles.get(l.profile)
	// A profile of the environment is given too: the SDK would look for one
	// that does not count here, and knows none in quotes. Keys and identity of
	// the environment are put before it below.
	given := exists && (l.profile != "default" || o.Profile != "" || os.Getenv("AWS_DEFAULT_PROFILE") != "")
	if os.Getenv("AWS_CA_BUNDLE") != "" || known.config["ca_bundle"] != "" {
		// The HTTP session has it. The SDK's own client, which is not used,
		// would refuse what the session accepts, a directory for one.
		bundle, err := placeholderBundle()
		if err != nil {
			return err
		}
		opts = append(opts, func(o *config.LoadOptions) error {
			o.CustomCABundle = bytes.NewReader(bundle)
			return nil
		})
	}
	region := value(s.Config.Region)
	// The SDK refuses to load a profile with half a pair of keys, also when
	// its keys are not what is used.
	if half(known.credentials) {
		opts = append(opts, config.WithSharedCredentialsFiles([]string{}))
	}
	if half(known.config) {
		opts = append(opts, config.WithSharedConfigFiles([]string{}))
		if region == "" {
			region = firstOf(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), known.config["region"])
		}
	}
	spoilt := exists && (known.credentials == nil || half(known.credentials)) && (known.config == nil || half(known.config))
	if spoilt { // nothing is left of it, and no other takes its place
		given = false
		opts = append(opts, config.WithSharedConfigFiles([]string{}), config.WithSharedCredentialsFiles([]string{}))
	}
	if given {
		name := l.profile
		if known.inFile != "" {
			name = known.inFile
		}
		opts = append(opts, config.WithSharedConfigProfile(name))
	}
	if region != "" {
		opts = append(opts, config.WithRegion(region))
	}
	if o.EC2IMDSEndpoint != "" {
		opts = append(opts, config.WithEC2IMDSEndpoint(o.EC2IMDSEndpoint))
	}
	if o.EC2IMDSEndpointMode != "" {
		var mode imds.EndpointModeState
		if err := mode.SetFromString(o.EC2IMDSEndpointMode); err != nil {
			return fmt.Errorf("aws: loading configuration: %w", err)
		}
		opts = append(opts, config.WithEC2IMDSEndpointMode(mode))
	}
	provider := s.Config.Credentials
	if provider == nil && o.Profile == "" {
		provider = environmentCredentials()
		if provider == nil && given && os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "" {
			// The SDK puts it before the profile of AWS_PROFILE, and would
			// not with the profile given in code.
			web, err := l.webIdentity(ctx, opts)
			if err != nil {
				return err
			}
			provider = web
		}
	}
	if provider == nil && exists {
		if err := partialInFile(known); err != nil {
			provider = failing{err}
		}
	}
	if provider != nil {
		opts = append(opts, config.WithCredentialsProvider(provider))
	}
	var cfg sdk.Config
	var err error
	if spoilt && os.Getenv("AWS_PROFILE") != "" {
		// The SDK would insist on the profile.
		env, eerr := config.NewEnvConfig()
		if provider == nil {
			provider = failing{ErrNoCredentials}
		}
		cfg = sdk.Config{Region: firstOf(region, env.Region), ConfigSources: []any{env}, Credentials: sdk.NewCredentialsCache(provider)}
		err = eerr
	} else {
		cfg, err = config.LoadDefaultConfig(ctx, opts...)
	}
	if err != nil {
		return loadError(l.profile, err)
	}
	cfg.APIOptions = nil // sendThrough; clients have their own way from here on
	if !o.sharedConfig() && s.Config.Region == nil {
		cfg.Region = os.Getenv("AWS_REGION")
	}
	l.cfg = cfg
	l.provider = &chain{cfg.Credentials}
	return nil
}

// webIdentity returns the provider for the token file of the environment.
func (l *loaded) webIdentity(ctx context.Context, opts []func(*config.LoadOptions) error) (CredentialsProvider, error) {
	opts = append(opts[:len(opts):len(opts)], config.WithCredentialsProvider(sdk.AnonymousCredentials{}))
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return nil, loadError(l.profile, err)
	}
	return newWebIdentity(cfg), nil
}

func loadError(profile string, err error) error {
	var (
		missing config.SharedConfigProfileNotExistError
		parse   config.SharedConfigLoadError
		role    config.SharedConfigAssumeRoleError
		arn     config.CredentialRequiresARNError
	)
	switch {
	case errors.As(err, &role), errors.As(err, &arn):
		return &ConfigParseError{Err: err}
	case errors.As(err, &missing):
		return &ProfileNotFoundError{Profile: profile, Err: err}
	case errors.As(err, &parse):
		return &ConfigParseError{Path: parse.Filename, Err: parse.Err}
	}
	return fmt.Errorf("aws: loading configuration: %w", err)
}

// openHTTP makes or borrows the HTTP session.
func (s *Session) openHTTP(o *options) error {
	trust, err := o.trust(s.loaded)
	if err != nil {
		return err
	}
	var opts []requests.Option
	if trust != nil {
		opts = append(opts, trustOption(*trust))
	}
	if o.http != nil {
		s.http = o.http
		if o.CustomCABundle != nil || o.ClientTLSCert != nil || trustIsPlain(o.http) {
			s.extra = opts
		}
		s.extra = append(s.extra, s.Config.HTTP...)
		h, err := s.wire() // what is wrong with them is told now
		if err != nil {
			return fmt.Errorf("aws: %w", err)
		}
		return h.Close()
	}
	opts = append([]requests.Option{requests.WithTimeouts(requests.Timeouts{Connect: defaultConnect, Read: defaultRead})}, opts...)
	h, err := requests.NewSession(append(opts, s.Config.HTTP...)...)
	if err != nil {
		return fmt.Errorf("aws: %w", err)
	}
	s.http, s.owned = h, true
	return nil
}

func trustOption(t requests.TLS) requests.Option {
	return requests.OptionFunc(func(r *requests.Request) error {
		set := t
		r.TLS = &set
		return nil
	})
}

// trustIsPlain reports whether code has chosen nothing about trust: the
// environment must not undo what code says.
func trustIsPlain(s *requests.Session) bool {
	t := s.Defaults().TLS
	return t == nil || (t.Verify == nil || *t.Verify) && t.CABundle == "" && t.RootCAs == nil && t.Config == nil
}

// trust returns what options, environment and profile say about certificates,
// nil for nothing.
func (o *options) trust(l *loaded) (*requests.TLS, error) {
	var t requests.TLS
	set := false
	profile, _ := l.profiles.get(l.profile)
	switch bundle := firstOf(os.Getenv("AWS_CA_BUNDLE"), profile.config["ca_bundle"]); {
	case o.CustomCABundle != nil:
		b, err := io.ReadAll(io.LimitReader(o.CustomCABundle, maxPEM))
		if err != nil {
			return nil, fmt.Errorf("aws: reading the CA bundle: %w", err)
		}
		t.RootCAs, set = x509.NewCertPool(), true
		if !t.RootCAs.AppendCertsFromPEM(b) {
			return nil, errors.New("aws: the CA bundle holds no certificates")
		}
	case bundle != "":
		t.CABundle, set = bundle, true
	}
	cert, key := os.Getenv("AWS_SDK_GO_CLIENT_TLS_CERT"), os.Getenv("AWS_SDK_GO_CLIENT_TLS_KEY")
	switch {
	case (o.ClientTLSCert == nil) != (o.ClientTLSKey == nil):
		return nil, errors.New("aws: ClientTLSCert and ClientTLSKey are needed both")
	case o.ClientTLSCert != nil:
		c, err := io.ReadAll(io.LimitReader(o.ClientTLSCert, maxPEM))
		k, kerr := io.ReadAll(io.LimitReader(o.ClientTLSKey, maxPEM))
		if err := errors.Join(err, kerr); err != nil {
			return nil, fmt.Errorf("aws: reading the client certificate: %w", err)
		}
		pair, err := tls.X509KeyPair(c, k)
		if err != nil {
			return nil, fmt.Errorf("aws: the client certificate: %w", err)
		}
		t.Certificates, set = []tls.Certificate{pair}, true
	case (cert == "") != (key == ""):
		return nil, errors.New("aws: AWS_SDK_GO_CLIENT_TLS_CERT and AWS_SDK_GO_CLIENT_TLS_KEY are needed both")
	case cert != "":
		t.ClientCert, t.ClientKey, set = cert, key, true
	}
	if !set {
		return nil, nil
	}
	return &t, nil
}

func firstOf(vs ...string) string {
	for _, v := range vs {
		if v = strings.TrimSpace(v); v != "" {
			return v
		}
	}
	return ""
}

// placeholderBundle is a certificate that nobody has the key of.
var placeholderBundle = sync.OnceValues(func() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
})
