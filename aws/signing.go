package aws

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/auth/bearer"

	"github.com/seed-3bbad739/requests/auth/sigv4"
	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// The schemes that a request can be authenticated by, as Event.Signer has them.
const (
	schemeNone   = "none"
	schemeV4     = "v4"
	schemeV4A    = "v4a"
	schemeBearer = "bearer"
)

// schemeOf are the schemes by their names in models, without the namespace.
var schemeOf = map[string]string{"noAuth": schemeNone, "sigv4": schemeV4, "sigv4a": schemeV4A, "httpBearerAuth": schemeBearer}

// requestSigner authenticates requests by one scheme.
type requestSigner interface {
	Authenticate(*http.Request) error
	Presign(*http.Request, time.Duration) (*url.URL, error)
}

// sign runs the Sign phase and authenticates, unless nothing asks for it.
func (c *Client) sign(o *api.Operation, call *api.Call, r *Request) error {
	signer, err := c.phases.sign(r)
	if err != nil {
		return err
	}
	s, err := c.signer(signer, o, call, r)
	if s == nil || err != nil {
		return err
	}
	return s.Authenticate(r.HTTPRequest)
}

// signer returns what authenticates r by the scheme given, "" for that of the
// operation. It is nil for none.
func (c *Client) signer(scheme string, o *api.Operation, call *api.Call, r *Request) (requestSigner, error) {
	if scheme == "" {
		var err error
		if scheme, err = c.scheme(o); err != nil {
			return nil, err
		}
	}
	switch scheme {
	case schemeNone:
		return nil, nil
	case schemeBearer:
		if c.tokens == nil {
			return nil, fmt.Errorf("%w: %s takes a bearer token", ErrNoCredentials, c.meta.ServiceName)
		}
		return bearerSigner{c.tokens}, nil
	case schemeV4, schemeV4A:
	default:
		return nil, &HandlerError{"choose-signer", fmt.Errorf("there is no signer %.64q", scheme)}
	}
	if c.provider == nil {
		return nil, ErrNoCredentials
	}
	payload, err := c.payload(scheme, o, call, r)
	if err != nil {
		return nil, err
	}
	if scheme == schemeV4A {
		s := c.v4a
		s.payload = payload
		return &s, nil
	}
	if r.trailer != "" {
		r.HTTPRequest.Header.Set("X-Amz-Trailer", r.trailer)
	}
	return &c.signersIn(r.region)[payload], nil
}

// payload returns how content enters the signature. What can be read only once
// is sent in chunks with its checksum after it, where the service knows that.
func (c *Client) payload(scheme string, o *api.Operation, call *api.Call, r *Request) (sigv4.Payload, error) {
	if o.AuthType == "v4-unsigned-body" || o.UnsignedPayload {
		return sigv4.PayloadUnsigned, nil
	}
	req := r.HTTPRequest
	if streams, _ := call.Streams(); !streams || replayable(req) {
		return sigv4.PayloadSigned, nil
	}
	secure := req.URL.Scheme == "https"
	switch {
	case req.ContentLength < 0:
		return 0, fmt.Errorf("aws: %s: content that cannot be read twice needs the parameter ContentLength: %w", o.Name, sigv4.ErrNotReplayable)
	case scheme == schemeV4A && !secure:
		return 0, fmt.Errorf("aws: %s: signing content by SigV4a over plain http: %w", o.Name, sigv4.ErrNotReplayable)
	case scheme == schemeV4A:
		return sigv4.PayloadUnsigned, nil
	case r.trailer != "" && secure:
		return sigv4.PayloadStreamUnsignedTrailer, nil
	case r.trailer != "":
		return sigv4.PayloadStreamSignedTrailer, nil // nothing else protects it
	case secure:
		return sigv4.PayloadUnsigned, nil
	}
	return sigv4.PayloadStreamSigned, nil
}

// scheme returns the first of the operation's schemes that there are
// credentials for. AWS_AUTH_SCHEME_PREFERENCE orders them; a token of the
// environment for the service comes before everything.
func (c *Client) scheme(o *api.Operation) (string, error) {
	if c.unsigned || o.AuthType == "none" {
		return schemeNone, nil
	}
	known := c.schemes(o)
	if len(known) == 0 {
		return "", fmt.Errorf("aws: %s authenticates by %s, which is not supported", c.meta.ServiceName, c.model.Metadata.SignatureVersion)
	}
	if c.v4aAsked && !slices.Contains(known, schemeNone) {
		return schemeV4A, nil
	}
	for _, s := range known {
		if s == schemeNone || s == schemeBearer && c.tokens != nil || (s == schemeV4 || s == schemeV4A) && c.provider != nil {
			return s, nil
		}
	}
	return known[0], nil
}

func (c *Client) schemes(o *api.Operation) []string {
	names := o.Auth
	if len(names) == 0 {
		names = c.model.Metadata.Auth
	}
	var known []string
	for _, n := range names {
		if s := schemeOf[n[strings.LastIndexByte(n, '#')+1:]]; s != "" {
			known = append(known, s)
		}
	}
	if len(known) == 0 {
		switch v := c.model.Metadata.SignatureVersion; v {
		case "", "v4", "s3", "s3v4":
			known = []string{schemeV4}
		case schemeV4A, schemeBearer:
			known = []string{v}
		}
	}
	switch c.meta.ServiceID {
	case "Bedrock", "Bedrock Runtime": // which take tokens, and have models that are older
		if !slices.Contains(known, schemeBearer) {
			known = append(known, schemeBearer)
		}
	}
	for _, n := range slices.Backward(c.preferred) {
		if i := slices.Index(known, schemeOf[n]); i > 0 {
			s := known[i]
			known = slices.Insert(slices.Delete(known, i, i+1), 0, s)
		}
	}
	return known
}

// credentials settles what the client authenticates by.
func (c *Client) credentials(cfg sdk.Config, o *clientOptions, signingName string) {
	c.provider = c.config.Credentials
	c.unsigned = o.anonymous || isAnonymous(c.provider)
	c.tokens, c.preferred = cfg.BearerAuthTokenProvider, cfg.AuthSchemePreference
	if t := environmentToken(signingName); c.session.loaded.fresh && t != "" && o.creds == nil {
		c.tokens = bearer.StaticTokenProvider{Token: bearer.Token{Value: t}}
		c.preferred = append([]string{"httpBearerAuth"}, c.preferred...)
	}
	regions := o.regionSet
	if c.v4aAsked = len(regions) > 0; !c.v4aAsked {
		regions = regionSet(c.session.loaded, c.endpoint.signingRegion)
	}
	if c.provider == nil {
		return
	}
	keys := signingCredentials(c.provider)
	c.initSigners(&c.signers, c.endpoint.signingRegion)
	c.v4a = *newV4ASigner(signingName, regions, keys)
}

func (c *Client) initSigners(signers *[5]sigv4.Signer, region string) {
	keys := signingCredentials(c.provider)
	for p := range signers {
		s := &signers[p]
		s.Service, s.Region, s.Credentials, s.Payload = c.endpoint.signingName, region, keys, sigv4.Payload(p)
	}
}

func isAnonymous(p CredentialsProvider) bool {
	return p != nil && sdk.IsCredentialsProvider(p, sdk.AnonymousCredentials{})
}

// environmentToken returns the bearer token that the environment has for one
// service, by its signing name.
func environmentToken(signingName string) string {
	if signingName == "" {
		return ""
	}
	return strings.TrimSpace(os.Getenv("AWS_BEARER_TOKEN_" + environmentName(signingName)))
}

// bearerSigner authenticates by a token.
type bearerSigner struct{ tokens bearer.TokenProvider }

// Authenticate sets the token, on https only: on plain http anybody could read it.
func (b bearerSigner) Authenticate(r *http.Request) error {
	if r.URL.Scheme != "https" {
		return fmt.Errorf("aws: a bearer token is not sent over plain http")
	}
	t, err := b.tokens.RetrieveBearerToken(r.Context())
	if err != nil {
		return fmt.Errorf("aws: retrieving the bearer token: %w", err)
	}
	for i := range len(t.Value) {
		if c := t.Value[i]; c <= ' ' || c >= 0x7f {
			return fmt.Errorf("aws: the bearer token holds a character that cannot be sent")
		}
	}
	r.Header.Set("Authorization", "Bearer "+t.Value)
	return nil
}

// Presign is an error: a token has no place in a URL.
func (b bearerSigner) Presign(*http.Request, time.Duration) (*url.URL, error) {
	return nil, fmt.Errorf("aws: a service that takes a bearer token has no presigned URLs")
}

func signingCredentials(p CredentialsProvider) func(context.Context) (sigv4.Credentials, error) {
	return func(ctx context.Context) (sigv4.Credentials, error) {
		c, err := p.Retrieve(ctx)
		return sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, err
	}
}
