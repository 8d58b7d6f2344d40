package aws

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/auth/sigv4"
)

// SignOption changes how [Session.Auth] signs.
type SignOption func(*signOptions)

type signOptions struct {
	region    string
	regionSet []string
	payload   sigv4.Payload
}

// SignRegion signs for a region other than the session's.
func SignRegion(region string) SignOption { return func(o *signOptions) { o.region = region } }

// SignRegionSet signs by Signature Version 4a, for all the regions given, or for
// "*", which is every region. It signs no content in chunks.
func SignRegionSet(regions ...string) SignOption {
	return func(o *signOptions) { o.regionSet = slices.Clone(regions) }
}

// SignPayload chooses how content is signed; see [sigv4.Payload].
func SignPayload(p sigv4.Payload) SignOption { return func(o *signOptions) { o.payload = p } }

// Auth returns an authenticator that signs requests of any HTTP session for a
// service, named as in Client, with the session's credentials, fresh ones when
// they expire. The handlers of Sign, and then those of Send, run with each
// request before its signature; one of Send cannot answer in place of the
// network here. The error of a session without region, or without
// credentials, is that of the request. With anonymous credentials nothing is
// signed.
func (s *Session) Auth(service string, opts ...SignOption) auth.Authenticator {
	signer, name, region, err := s.signer(service, opts)
	p := &phases{handlers: s.Handlers.Copy(), events: s.events.Copy(), err: s.err}
	if p.err == nil {
		p.err = err
	}
	return &requestAuth{
		signer: signer, service: service, signingName: name, region: region, phases: p,
		anonymous: isAnonymous(s.CredentialsProvider()),
	}
}

// signer returns a signer for a service by the name of its client, and what it
// signs for.
func (s *Session) signer(service string, opts []SignOption) (signer requestSigner, name, region string, err error) {
	c := s.ClientConfig(service)
	o := signOptions{region: c.SigningRegion}
	for _, set := range opts {
		set(&o)
	}
	name = firstOf(c.SigningName, service)
	keys := signingCredentials(s.CredentialsProvider())
	if len(o.regionSet) > 0 {
		v4a := newV4ASigner(name, o.regionSet, keys)
		v4a.payload = o.payload
		return v4a, name, strings.Join(o.regionSet, ","), v4a.check()
	}
	if o.region == "" {
		err = fmt.Errorf("%w: signing for %s needs one", ErrNoRegion, service)
	}
	return &sigv4.Signer{Service: name, Region: o.region, Credentials: keys, Payload: o.payload}, name, o.region, err
}

type requestAuth struct {
	signer                       requestSigner
	service, signingName, region string
	anonymous                    bool
	phases                       *phases
}

// Deferred marks the authenticator as one that works when a request is sent.
func (a *requestAuth) Deferred() {}

// Authenticate signs r.
func (a *requestAuth) Authenticate(r *http.Request) error {
	if a.phases.err != nil {
		return a.phases.err
	}
	id := a.service
	if info := serviceTable()[a.service]; info != nil {
		id = info.ID
	}
	call := &Request{
		ClientInfo: ClientInfo{ServiceName: a.service, ServiceID: id, SigningName: a.signingName, SigningRegion: a.region},
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
	switch {
	case signer != "" && signer != schemeNone:
		return &HandlerError{"choose-signer", fmt.Errorf("a raw request cannot take the signer %.64q", signer)}
	case signer == "" && !a.anonymous:
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
func (s *Session) Presign(ctx context.Context, req *http.Request, service string, ttl time.Duration, opts ...SignOption) (string, http.Header, error) {
	if s.err != nil {
		return "", nil, s.err
	}
	sg, _, _, err := s.signer(service, opts)
	if err != nil {
		return "", nil, err
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
