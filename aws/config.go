package aws

import (
	"fmt"
	"io"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/seed-3bbad739/requests"
)

// Credentials are the keys of an account or a role, and where they came from.
// The type is the SDK's, and prints its secrets whatever the verb: do not log it.
type Credentials = sdk.Credentials

// CredentialsProvider hands out credentials, fresh ones when they expire.
type CredentialsProvider = sdk.CredentialsProvider

// Config overrides what a session has from its environment. Every nil field
// leaves a value as it is. Of several Configs the last to set a field decides.
type Config struct {
	// Region is where requests go. Nil: the environment's or the profile's.
	Region *string
	// Endpoint is a full URL, scheme included, that all clients use instead
	// of the one derived from service and region.
	Endpoint *string
	// Credentials take the place of the chain. A session asks the provider
	// when there are none yet or those it has expire, not for each request.
	Credentials CredentialsProvider
	// DisableSSL derives endpoints with http instead of https.
	DisableSSL *bool
	// UseFIPS and UseDualStack choose variants of derived endpoints. Nil: as
	// variables and profile say.
	UseFIPS, UseDualStack *bool
	// MaxRetries is how often a failed attempt is repeated; 0 means never.
	// Nil: what AWS_MAX_ATTEMPTS or the profile says, else 2.
	MaxRetries *int
	// S3ForcePathStyle says whether buckets are in the path, or in the host
	// where that can be. Nil: clients by name do as addressing_style in the
	// profile's block "s3" says, else have them in the host of AWS and in the
	// path of an endpoint that is given, as boto3 does; typed clients do
	// as their own options say, which is in the host.
	S3ForcePathStyle *bool
	// DisableParamValidation sends parameters unchecked.
	DisableParamValidation *bool
	// HTTP are changes of the HTTP session: trust, proxies, time limits. They
	// apply to a copy that shares the connections. The options of a later
	// Config follow those of an earlier one.
	HTTP []requests.Option
}

// NewConfig returns an empty Config, for chains such as
// NewConfig().WithRegion("eu-west-1").
func NewConfig() *Config { return new(Config) }

// WithRegion sets Region and returns c.
func (c *Config) WithRegion(region string) *Config { c.Region = &region; return c }

// WithEndpoint sets Endpoint and returns c.
func (c *Config) WithEndpoint(endpoint string) *Config { c.Endpoint = &endpoint; return c }

// WithCredentials sets Credentials and returns c.
func (c *Config) WithCredentials(p CredentialsProvider) *Config { c.Credentials = p; return c }

// WithMaxRetries sets MaxRetries and returns c.
func (c *Config) WithMaxRetries(n int) *Config { c.MaxRetries = &n; return c }

// Copy returns a copy of c with the others merged over it.
func (c *Config) Copy(cfgs ...*Config) *Config {
	n := new(Config)
	n.MergeIn(c)
	n.MergeIn(cfgs...)
	return n
}

// MergeIn lays the others over c, the last on top. A nil Config changes nothing.
func (c *Config) MergeIn(cfgs ...*Config) {
	for _, o := range cfgs {
		if o == nil {
			continue
		}
		merge(&c.Region, o.Region)
		merge(&c.Endpoint, o.Endpoint)
		merge(&c.DisableSSL, o.DisableSSL)
		merge(&c.UseFIPS, o.UseFIPS)
		merge(&c.UseDualStack, o.UseDualStack)
		merge(&c.MaxRetries, o.MaxRetries)
		merge(&c.S3ForcePathStyle, o.S3ForcePathStyle)
		merge(&c.DisableParamValidation, o.DisableParamValidation)
		if o.Credentials != nil {
			c.Credentials = cached(o.Credentials)
		}
		c.HTTP = append(slices.Clip(c.HTTP), o.HTTP...)
	}
}

// merge copies the value too: a Config stays its owner's.
func merge[T any](to **T, from *T) {
	if from != nil {
		v := *from
		*to = &v
	}
}

// Format prints the region only, whatever the verb.
func (c *Config) Format(w fmt.State, _ rune) {
	if c == nil {
		io.WriteString(w, "<nil>")
		return
	}
	fmt.Fprintf(w, "aws.Config{Region:%q}", value(c.Region))
}

// String returns a pointer to v, for the fields of Config.
func String(v string) *string { return &v }

// Bool returns a pointer to v.
func Bool(v bool) *bool { return &v }

// Int returns a pointer to v.
func Int(v int) *int { return &v }

// value returns what p points to, or the zero value.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// Must returns v and panics if err is not nil, for sessions and clients that
// are values of a package.
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
