package aws

import (
	"slices"

	"github.com/seed-3bbad739/requests"
)

// ClientOption changes how [Session.Client] makes a client.
type ClientOption func(*clientOptions)

type clientOptions struct {
	Config
	version   string
	creds     *Credentials
	regionSet []string
	anonymous bool
	resource  bool
}

// ClientRegion sets the region.
func ClientRegion(region string) ClientOption { return func(o *clientOptions) { o.Region = &region } }

// ClientAPIVersion sets the version of the API. Without it the newest counts.
func ClientAPIVersion(v string) ClientOption { return func(o *clientOptions) { o.version = v } }

// ClientEndpoint sends everything to endpoint, a URL with its scheme, whatever
// variables and profile say. S3 has buckets in its path: see
// [Config.S3ForcePathStyle].
func ClientEndpoint(endpoint string) ClientOption {
	return func(o *clientOptions) { o.Endpoint = &endpoint }
}

// ClientDisableSSL derives the endpoint with http. A given endpoint is as given.
func ClientDisableSSL() ClientOption { return func(o *clientOptions) { o.DisableSSL = Bool(true) } }

// ClientVerify says whether servers have to show a trusted certificate.
func ClientVerify(verify bool) ClientOption {
	return func(o *clientOptions) { o.HTTP = append(o.HTTP, requests.WithVerify(verify)) }
}

// ClientCABundle trusts the certificates of a PEM file, or a directory of
// such, instead of the system's.
func ClientCABundle(path string) ClientOption {
	return func(o *clientOptions) { o.HTTP = append(o.HTTP, requests.WithCABundle(path)) }
}

// ClientTimeouts sets the time limits. Total bounds each attempt with its content:
// what the SDK retries has that time anew, after the SDK's wait. The context
// bounds them together.
func ClientTimeouts(t requests.Timeouts) ClientOption {
	return func(o *clientOptions) { o.HTTP = append(o.HTTP, requests.WithTimeouts(t)) }
}

// ClientCredentials sets the credentials. Key and secret are needed both, also
// beside a token.
func ClientCredentials(key, secret, token string) ClientOption {
	return func(o *clientOptions) {
		o.creds = &Credentials{AccessKeyID: key, SecretAccessKey: secret, SessionToken: token, Source: sourceExplicit}
	}
}

// ClientAnonymous sends requests unsigned.
func ClientAnonymous() ClientOption { return func(o *clientOptions) { o.anonymous = true } }

// ClientSigV4A signs by Signature Version 4a for all the regions given, or for
// "*", which is every region. Without it, operations whose model asks for that
// version are signed for the regions of AWS_SIGV4A_SIGNING_REGION_SET, else for
// the client's region.
func ClientSigV4A(regions ...string) ClientOption {
	return func(o *clientOptions) { o.regionSet = slices.Clone(regions) }
}

// ClientRetry sets how often a failed attempt is repeated; 0 means never.
func ClientRetry(retries int) ClientOption { return func(o *clientOptions) { o.MaxRetries = &retries } }

// ClientConfigs lays cfgs over the session's Config.
func ClientConfigs(cfgs ...*Config) ClientOption {
	return func(o *clientOptions) { o.MergeIn(cfgs...) }
}
