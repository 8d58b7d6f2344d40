package aws

import (
	"context"
	"net/http"
	"net/url"
	"reflect"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/seed-3bbad739/requests"
)

// HTTPClient returns the HTTP session as what the clients of aws-sdk-go-v2
// send by. Requests pass as they are: adapters, middleware, proxies, trust,
// time limits and exchange hooks of the HTTP session apply; its header,
// params, cookies and authentication do not, redirects are not followed, and a
// status is no error.
func (s *Session) HTTPClient() sdk.HTTPClient { return (*httpClient)(s) }

type httpClient Session

// Do sends one request.
func (c *httpClient) Do(req *http.Request) (*http.Response, error) {
	s := (*Session)(c)
	base := s.http
	if len(s.extra) > 0 || s.err != nil {
		var err error
		if base, err = s.wire(); err != nil {
			return nil, &url.Error{Op: req.Method, URL: req.URL.Redacted(), Err: err}
		}
		defer base.Close() // gives its share of the pool back; the response lives on
	}
	if req.Method == "" || req.Host == "" && req.URL.Host == "" {
		req = req.Clone(req.Context())
		if req.Method == "" { // the container's credentials client leaves it so
			req.Method = http.MethodGet
		}
	}
	return base.RoundTripper().RoundTrip(req)
}

// wire returns the borrowed HTTP session with the options laid over it. It is
// made for each exchange, so that mounts, settings and hooks are those of the
// moment. The caller closes it.
func (s *Session) wire() (*requests.Session, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.http.Copy(s.extra...)
}

// SDKConfig returns a configuration for any client of aws-sdk-go-v2, which
// then sends through the session and runs copies of its handlers and events.
// The SDK's logger is off; a client's own options can set one.
func (s *Session) SDKConfig() sdk.Config { return s.sdkConfigWith(s.Config, s.Handlers.Copy()) }

func (s *Session) sdkConfigWith(c *Config, handlers *Handlers) sdk.Config {
	cfg := s.loaded.cfg.Copy()
	cfg.HTTPClient = s.HTTPClient()
	cfg.Region = value(c.Region)
	cfg.Credentials = c.Credentials
	if cfg.Credentials == nil {
		cfg.Credentials = failing{ErrNoCredentials}
	}
	if c.MaxRetries != nil {
		cfg.RetryMaxAttempts = max(*c.MaxRetries, 0) + 1
	}
	var over config.LoadOptions
	if e := value(c.Endpoint); e != "" {
		cfg.BaseEndpoint = &e
		// A base endpoint alone loses to the AWS_ENDPOINT_URL_ variables.
		over.BaseEndpoint = e
	}
	if c.UseFIPS != nil {
		over.UseFIPSEndpoint = sdk.FIPSEndpointStateDisabled
		if *c.UseFIPS {
			over.UseFIPSEndpoint = sdk.FIPSEndpointStateEnabled
		}
	}
	if c.UseDualStack != nil {
		over.UseDualStackEndpoint = sdk.DualStackEndpointStateDisabled
		if *c.UseDualStack {
			over.UseDualStackEndpoint = sdk.DualStackEndpointStateEnabled
		}
	}
	cfg.ConfigSources = append([]any{over}, cfg.ConfigSources...)
	cfg.Retryer = s.retryer(cfg)
	cfg.ServiceOptions = append(cfg.ServiceOptions[:len(cfg.ServiceOptions):len(cfg.ServiceOptions)], s.serviceOptions(c))
	p := &phases{handlers: handlers, events: s.events.Copy(), err: s.err, replay: s.loaded.sessionRetries}
	cfg.APIOptions = append(cfg.APIOptions[:len(cfg.APIOptions):len(cfg.APIOptions)], p.install)
	return cfg
}

// retryer returns the one layer that retries.
func (s *Session) retryer(cfg sdk.Config) func() sdk.Retryer {
	inner := cfg.Retryer
	switch {
	case s.loaded.sessionRetries:
		return func() sdk.Retryer { return sdk.NopRetryer{} }
	case inner == nil && cfg.RetryMode == sdk.RetryModeAdaptive:
		inner = func() sdk.Retryer { return retry.NewAdaptiveMode() }
	case inner == nil:
		inner = func() sdk.Retryer { return retry.NewStandard() }
	}
	return func() sdk.Retryer { return &handledRetryer{inner()} }
}

// serviceOptions sets what only the options of a single service have.
func (s *Session) serviceOptions(c *Config) func(string, any) {
	return func(id string, o any) {
		v := reflect.ValueOf(o)
		if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
			return
		}
		if f := v.Elem().FieldByName("Region"); f.IsValid() && f.Kind() == reflect.String && f.String() == "" {
			f.SetString(s.globalRegion(id))
		}
		if f := v.Elem().FieldByName("UsePathStyle"); f.IsValid() && f.Kind() == reflect.Bool && c.S3ForcePathStyle != nil {
			f.SetBool(*c.S3ForcePathStyle)
		}
		if value(c.DisableSSL) && value(c.Endpoint) == "" {
			if f := v.Elem().FieldByName("EndpointOptions"); f.IsValid() && f.Kind() == reflect.Struct {
				if f = f.FieldByName("DisableHTTPS"); f.IsValid() && f.CanSet() {
					f.SetBool(true)
				}
			}
		}
	}
}

// globalRegion returns the region of a service that does without one, as IAM's
// is aws-global, or "".
func (s *Session) globalRegion(serviceID string) string {
	info := serviceByID()[serviceID]
	if info == nil {
		return ""
	}
	e, err := s.loaded.resolve(context.Background(), endpointQuery{serviceID: serviceID, prefix: info.Prefix, signingName: info.SigningName})
	if err != nil {
		return ""
	}
	return e.region
}

// NewClient makes a client of an aws-sdk-go-v2 service over the session:
//
//	client := aws.NewClient(sess, s3.NewFromConfig, func(o *s3.Options) { o.UsePathStyle = true })
func NewClient[C, O any](s *Session, ctor func(sdk.Config, ...func(*O)) *C, optFns ...func(*O)) *C {
	return ctor(s.SDKConfig(), optFns...)
}
