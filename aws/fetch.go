package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/seed-3bbad739/requests"
)

// metadataLimits bound connecting to an instance's metadata and waiting for its
// answer, and say how often it is asked that does not answer. As in boto3 it is
// a second and once, but for settings: off an instance nobody answers, and a
// program that has no credentials should hear of it soon.
func (l *loaded) metadataLimits() (wait time.Duration, attempts int, err error) {
	profile, _ := l.profiles.get(l.profile)
	number := func(variable, setting string) int {
		text := firstOf(os.Getenv(variable), profile.setting(setting, true), "1")
		n, bad := strconv.Atoi(text)
		if bad != nil || n < 1 || n > 3600 {
			err = fmt.Errorf("%s: %.64q is no number from 1 to 3600", variable, text)
		}
		return n
	}
	wait = time.Duration(number("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout")) * time.Second
	return wait, number("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts"), err
}

// sendThrough makes the clients that fetch credentials send by s. It takes the
// transport's place at the end of the stack, as aws-sdk-go-v2/config does not
// accept a client while AWS_CA_BUNDLE is set.
func (s *Session) sendThrough(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("SessionTransport",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (out middleware.DeserializeOutput, md middleware.Metadata, err error) {
			req, ok := in.Request.(*smithyhttp.Request)
			if !ok {
				return next.HandleDeserialize(ctx, in)
			}
			built := req.Build(ctx)
			var client sdk.HTTPClient = s.HTTPClient()
			attempts := 1
			metadata := awsmiddleware.GetServiceID(ctx) == "" // alone in naming no service
			if metadata {
				wait, n, err := s.loaded.metadataLimits()
				client = s.direct(requests.WithTimeouts(requests.Timeouts{Connect: wait, Read: wait})).HTTPClient()
				if err != nil {
					client = refusal{err}
				}
				if built.Method == http.MethodGet { // without a token it goes on without one
					attempts = n
				}
			}
			resp, err := client.Do(built)
			for ; err != nil && attempts > 1 && ctx.Err() == nil; attempts-- {
				resp, err = client.Do(built)
			}
			if err != nil {
				// As of the SDK's transport there is a response even so: some
				// deserializers look at it before they look at the error.
				out.RawResponse = &smithyhttp.Response{Response: &http.Response{Header: http.Header{}, Body: http.NoBody}}
				err = &smithyhttp.RequestSendError{Err: err}
				switch {
				case ctx.Err() != nil:
					err = &sdk.RequestCanceledError{Err: err}
				case metadata:
					err = &unreachable{err}
				}
				return out, md, err
			}
			out.RawResponse = &smithyhttp.Response{Response: resp}
			return out, md, nil
		}), middleware.After)
}

// unreachable is the error of a source that could not be asked. It is not worth
// a second try: where metadata are, most likely this is no instance.
type unreachable struct{ error }

func (e *unreachable) Unwrap() error { return e.error }

// RetryableError tells the SDK's retryer.
func (*unreachable) RetryableError() bool { return false }

// useConfiguredEndpoint sends what fetches credentials to AWS_ENDPOINT_URL or
// the profile's endpoint_url. The SDK finds credentials before it finds those,
// and so has only the endpoints of single services by itself.
func (s *Session) useConfiguredEndpoint(stack *middleware.Stack) error {
	const resolve = "ResolveEndpointV2"
	if _, ok := stack.Finalize.Get(resolve); !ok {
		return nil // metadata and containers, which are where they are
	}
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("ConfiguredEndpoint",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			base, err := s.loaded.endpointOfAll(ctx, awsmiddleware.GetServiceID(ctx))
			if req, ok := in.Request.(*smithyhttp.Request); ok && base != nil {
				req.URL.Scheme, req.URL.Host = base.Scheme, base.Host
				req.URL.Path = strings.TrimSuffix(base.Path, "/") + req.URL.Path
				req.URL.RawPath = ""
			}
			if err != nil {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, err
			}
			return next.HandleFinalize(ctx, in)
		}), resolve, middleware.After)
}

// endpointOfAll returns the endpoint that is configured for all services, nil if
// there is none or the service has one of its own.
func (l *loaded) endpointOfAll(ctx context.Context, serviceID string) (*url.URL, error) {
	base := value(l.cfg.BaseEndpoint)
	if base == "" { // also when such settings are to be ignored
		return nil, nil
	}
	own := os.Getenv("AWS_ENDPOINT_URL_"+strings.ToUpper(strings.ReplaceAll(serviceID, " ", "_"))) != ""
	if !own && os.Getenv("AWS_ENDPOINT_URL") == "" {
		for _, src := range l.cfg.ConfigSources {
			if c, ok := src.(config.SharedConfig); ok {
				_, own, _ = c.GetServiceBaseEndpoint(ctx, serviceID)
			}
		}
	}
	if own {
		return nil, nil
	}
	return parseEndpoint(base)
}

// containerOptions makes the client of a container's credentials send by s.
// Plain http is for the machine at hand only.
func (s *Session) containerOptions(o *endpointcreds.Options) {
	o.APIOptions = nil // sendThrough
	o.HTTPClient = s.HTTPClient()
	if path := os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); path != "" && path[0] != '/' {
		// The SDK would make it part of the host, and send that host the token.
		o.HTTPClient = refusal{errors.New("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI has to begin with a slash")}
		return
	}
	if u, err := url.Parse(o.Endpoint); err == nil && u.Scheme == "http" {
		o.HTTPClient = s.direct().HTTPClient()
	}
}

// refusal is a client that sends nothing.
type refusal struct{ err error }

// Do returns the error, which a retryer leaves.
func (r refusal) Do(*http.Request) (*http.Response, error) { return nil, &unreachable{r.err} }

// direct returns a session that sends by s, but by no proxy: credentials of the
// machine at hand are asked of the machine. A proxy would answer with its own,
// or could read along.
func (s *Session) direct(opts ...requests.Option) *Session {
	return &Session{http: s.http, err: s.err, extra: append(append(slices.Clone(s.extra), requests.WithProxy("")), opts...)}
}
