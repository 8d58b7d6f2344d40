package aws

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

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
	s3               s3Settings
	fresh            bool // from the environment, not adopted

	modelsOnce sync.Once
	loader     *api.Loader // set by modelsOnce
	modelsMu   sync.Mutex  // held while a model is made complete

	endpointsOnce sync.Once
	endpoints     map[string]*endpointPartition // set by endpointsOnce; nil: the built-in ones
}

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
		s.Config.Credentials = &chain{inner: cached(l.cfg.Credentials), credentialsFiles: l.credentialsFiles}
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
	if err := l.profiles.readable(l.profile); err != nil {
		return err
	}
	p, _ := l.profiles.get(l.profile)
	if l.s3, err = readS3Settings(p, o.sharedConfig()); err != nil {
		return err
	}
	if p.noServices && o.sharedConfig() && value(c.Endpoint) == "" && os.Getenv("AWS_ENDPOINT_URL") == "" && !p.ignoresEndpoints() {
		return &ConfigParseError{Err: fmt.Errorf("profile %q names services %q, and there is no such section", l.profile, p.services())}
	}
	return nil
}

// ignoresEndpoints reports whether configured endpoints are not to count.
func (p profileKeys) ignoresEndpoints() bool {
	return strings.EqualFold(firstOf(os.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), withoutComment(p.setting("ignore_configured_endpoint_urls", true))), "true")
}

func firstOf(vs ...string) string {
	for _, v := range vs {
		if v = strings.TrimSpace(v); v != "" {
			return v
		}
	}
	return ""
}
