package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
)

// ClientConfig is what a client of one service is made from.
type ClientConfig struct {
	Config   *Config
	Handlers *Handlers // a copy
	// PartitionID is the partition of the region.
	PartitionID string
	// Endpoint is where the service is, "" if Err says why it is not known.
	Endpoint string
	// SigningRegion and SigningName are what requests are signed for.
	SigningRegion, SigningName string
	// SigningNameDerived says that SigningName is a guess by the endpoint's name.
	SigningNameDerived bool
	// ResolvedRegion is the region, pseudo regions such as fips-us-east-1 taken apart.
	ResolvedRegion string
	// Err is why there is no endpoint. It is also the error of every request,
	// unless an endpoint is set.
	Err error

	session *Session
	given   *Config
}

// ClientConfig returns what a client of service is made from, with cfgs merged
// over the session's Config. A service that is not known has an endpoint by
// the pattern of its partition.
func (s *Session) ClientConfig(service string, cfgs ...*Config) ClientConfig {
	c := s.ClientConfigNoResolveEndpoint(cfgs...)
	q := endpointQuery{
		prefix: service, serviceID: service, region: value(c.Config.Region), explicit: value(c.Config.Endpoint),
		useFIPS: c.Config.UseFIPS, useDualStack: c.Config.UseDualStack, http: value(c.Config.DisableSSL),
	}
	if info := serviceTable()[service]; info != nil {
		q.prefix, q.serviceID, q.signingName = info.Prefix, info.ID, info.SigningName
	}
	e, err := s.loaded.resolve(context.Background(), q)
	if err != nil {
		c.Err = err
		c.Handlers.Validate.PushBackNamed("ResolveEndpoint", func(*Request) error { return err })
		return c
	}
	q.normalise()
	if q.fips && value(c.Config.Region) != q.region {
		c.Config.Region, c.Config.UseFIPS = &q.region, Bool(true)
	}
	c.PartitionID, c.Endpoint, c.ResolvedRegion = e.partition, e.url.String(), e.region
	c.SigningRegion, c.SigningName = e.signingRegion, e.signingName
	c.SigningNameDerived = q.signingName == ""
	return c
}

// ClientConfigNoResolveEndpoint is ClientConfig without looking for an
// endpoint, for clients that have one of their own.
func (s *Session) ClientConfigNoResolveEndpoint(cfgs ...*Config) ClientConfig {
	c := ClientConfig{Config: s.Config.Copy(cfgs...), Handlers: s.Handlers.Copy(), session: s, given: new(Config).Copy(cfgs...)}
	c.ResolvedRegion, c.SigningRegion, c.Endpoint = value(c.Config.Region), value(c.Config.Region), value(c.Config.Endpoint)
	return c
}

// SDK returns the configuration for a client of aws-sdk-go-v2, which finds its
// endpoint by its own rules, unless Config has one.
func (c ClientConfig) SDK() sdk.Config {
	if c.session == nil {
		return sdk.Config{}
	}
	s := c.session
	if len(c.given.HTTP) > 0 {
		s = s.Copy(&Config{HTTP: c.given.HTTP})
	}
	return s.sdkConfigWith(c.Config, c.Handlers.Copy())
}
