package aws

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/auth/sigv4"
)

// SignOption changes how [Session.Auth] signs.
type SignOption func(*sigv4.Signer)

// SignRegion signs for a region other than the session's.
func SignRegion(region string) SignOption { return func(s *sigv4.Signer) { s.Region = region } }

// SignPayload chooses how content is signed; see [sigv4.Payload].
func SignPayload(p sigv4.Payload) SignOption { return func(s *sigv4.Signer) { s.Payload = p } }

// Auth returns an authenticator that signs requests of any HTTP session for a
// service, named as in Client, with the session's credentials, fresh ones when
// they expire. The handlers of Sign, and then those of Send, run with each
// request before its signature; one of Send cannot answer in place of the
// network here. The error of a session without region, or without
// credentials, is that of the request.
func (s *Session) Auth(service string, opts ...SignOption) auth.Authenticator {
	return &requestAuth{
		signer: s.signer(service, opts), service: service,
		phases: &phases{handlers: s.Handlers.Copy(), events: s.events.Copy(), err: s.err},
	}
}

// signer returns a signer for a service by the name of its client.
func (s *Session) signer(service string, opts []SignOption) *sigv4.Signer {
	c := s.ClientConfig(service)
	sg := &sigv4.Signer{Service: c.SigningName, Region: c.SigningRegion, Credentials: signingCredentials(s.CredentialsProvider())}
	if sg.Service == "" {
		sg.Service = service
	}
	for _, o := range opts {
		o(sg)
	}
	return sg
}

func signingCredentials(p CredentialsProvider) func(context.Context) (sigv4.Credentials, error) {
	return func(ctx context.Context) (sigv4.Credentials, error) {
		c, err := p.Retrieve(ctx)
		return sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, err
	}
}

type requestAuth struct {
	signer  *sigv4.Signer
	service string
	phases  *phases
}

// Deferred marks the authenticator as one that works when a request is sent.
func (a *requestAuth) Deferred() {}

// Authenticate signs r.
func (a *requestAuth) Authenticate(r *http.Request) error {
	if a.phases.err != nil {
		return a.phases.err
	}
	if a.signer.Region == "" {
		return fmt.Errorf("%w: signing for %s needs one", ErrNoRegion, a.service)
	}
	id := a.service
	if info := serviceTable()[a.service]; info != nil {
		id = info.ID
	}
	call := &Request{
		ClientInfo: ClientInfo{ServiceName: a.service, ServiceID: id, SigningName: a.signer.Service, SigningRegion: a.signer.Region},
		Operation:  Operation{HTTPMethod: r.Method}, HTTPRequest: r, Time: time.Now(), ctx: r.Context(),
	}
	signer, err := a.phases.sign(call)
	if err != nil {
		return err
	}
	if call.HTTPRequest != r {
		*r = *call.HTTPRequest
		call.HTTPRequest = r
	}
	if signer != "none" {
		if err := a.signer.Authenticate(r); err != nil {
			return err
		}
	}
	if err := a.phases.send(call); err != nil {
		return err
	}
	if call.HTTPResponse != nil {
		return &HandlerError{"Send", fmt.Errorf("a raw request cannot be answered by a handler")}
	}
	return nil
}

// String keeps what the signer holds from printing.
func (a *requestAuth) String() string   { return fmt.Sprintf("aws.Auth(%q)", a.service) }
func (a *requestAuth) GoString() string { return a.String() }

// Presign returns the URL of req with a signature for service in its query,
// valid for ttl, and the fields that were signed and have to be sent with it.
// It does not change req.
func (s *Session) Presign(ctx context.Context, req *http.Request, service string, ttl time.Duration) (string, http.Header, error) {
	if s.err != nil {
		return "", nil, s.err
	}
	sg := s.signer(service, nil)
	if sg.Region == "" {
		return "", nil, fmt.Errorf("%w: signing for %s needs one", ErrNoRegion, service)
	}
	u, err := sg.Presign(req.WithContext(ctx), ttl)
	if err != nil {
		return "", nil, err
	}
	signed := make(http.Header)
	for name := range signedNames(u.Query().Get("X-Amz-SignedHeaders")) {
		if name == "host" {
			if host := req.Host; host != "" && host != req.URL.Host {
				signed.Set("Host", host)
			}
			continue
		}
		if vs := req.Header.Values(name); len(vs) > 0 {
			signed[http.CanonicalHeaderKey(name)] = vs
		}
	}
	return u.String(), signed, nil
}

func signedNames(list string) iter.Seq[string] { return strings.SplitSeq(list, ";") }
