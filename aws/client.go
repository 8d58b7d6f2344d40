package aws

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/auth/bearer"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth/sigv4"
	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// Client calls the operations of one service in one region, by their names.
// It is safe for concurrent use.
type Client struct {
	session  *Session
	config   *Config
	model    *api.Model
	phases   *phases
	endpoint *resolvedEndpoint
	meta     ClientMeta
	retryer  sdk.Retryer
	attempts int
	limit    int64
	agent    string

	unsigned  bool                 // nothing is authenticated
	provider  CredentialsProvider  // nil: none
	tokens    bearer.TokenProvider // nil: none
	preferred []string             // schemes, as models name them
	signers   [5]sigv4.Signer      // by their payload
	v4a       v4aSigner
	v4aAsked  bool // by ClientSigV4A

	query     endpointQuery // what endpoint was resolved from
	bucketsMu sync.Mutex
	buckets   map[string]string           // guarded by bucketsMu; regions of buckets that are elsewhere
	elsewhere map[string]*[5]sigv4.Signer // guarded by bucketsMu; signers, by region
}

// ClientMeta describes a client.
type ClientMeta struct {
	ServiceName, ServiceID, APIVersion, Protocol string
	Region, Endpoint, PartitionID                string
	SigningName, SigningRegion                   string
}

// Client returns a client of a service by its name, such as "s3", made from
// the service's model at run time; see [WithModels] for where models come from.
//
// The error is an *UnknownServiceError or *UnknownAPIVersionError without a
// model, an *InvalidRegionError, a *PartialCredentialsError, or matches
// ErrNoRegion when a service needs a region and there is none.
func (s *Session) Client(service string, opts ...ClientOption) (*Client, error) {
	var o clientOptions
	for _, set := range opts {
		set(&o)
	}
	if s.err != nil {
		// As every request of New's clients fails, so does making one by name.
		return nil, s.err
	}
	model, err := s.models().load(service, o.version)
	if err != nil {
		return nil, err
	}
	if o.creds != nil {
		if err := checkKeys(o.creds); err != nil {
			return nil, err
		}
		o.Credentials = static{*o.creds}
	}
	own := s
	if len(o.HTTP) > 0 {
		if own = s.Copy(&Config{HTTP: o.HTTP}); own.err != nil {
			return nil, own.err
		}
		if own.owned { // a copy of the client's own, given back when it is dropped
			runtime.AddCleanup(own, func(h *requests.Session) { h.Close() }, own.http)
		}
	}
	cfg := s.Config.Copy(&o.Config)
	md := model.Metadata
	q := endpointQuery{
		serviceID: md.ServiceID, prefix: md.EndpointPrefix, signingName: md.SigningName,
		region: value(cfg.Region), explicit: value(cfg.Endpoint),
		useFIPS: cfg.UseFIPS, useDualStack: cfg.UseDualStack, http: value(cfg.DisableSSL),
	}
	e, err := s.loaded.resolve(context.Background(), q)
	if err != nil {
		return nil, err
	}
	c := &Client{
		session: own, config: cfg, model: model, endpoint: e, query: q,
		phases: &phases{handlers: s.Handlers.Copy(), events: s.events.Copy()},
		limit:  responseLimit(own.http), agent: s.userAgent(),
	}
	if o.resource {
		c.agent += " Resource"
	}
	sdkCfg := s.sdkConfigWith(cfg, new(Handlers))
	c.credentials(sdkCfg, &o, e.signingName)
	c.retryer = sdkCfg.Retryer()
	c.attempts = sdkCfg.RetryMaxAttempts
	if c.attempts <= 0 {
		c.attempts = c.retryer.MaxAttempts()
	}
	c.meta = ClientMeta{
		ServiceName: service, ServiceID: md.ServiceID, APIVersion: md.APIVersion, Protocol: md.Protocol,
		Region: e.region, Endpoint: e.url.String(), PartitionID: e.partition,
		SigningName: e.signingName, SigningRegion: e.signingRegion,
	}
	if err := c.announce(); err != nil {
		return nil, err
	}
	return c, nil
}

// announce tells the events of the session, which are the client's by now,
// that there is a client.
func (c *Client) announce() error {
	r := &Request{ClientInfo: c.info(), Time: time.Now()}
	name := "creating-client-class." + serviceIDName(c.meta.ServiceID)
	if err := c.phases.events.Emit(name, &Event{Request: r, Client: c}); err != nil {
		return &HandlerError{name, err}
	}
	return nil
}

// userAgent names this package, the application that AWS_SDK_UA_APP_ID or the
// profile names, and where AWS runs the program.
func (s *Session) userAgent() string {
	agent := "requests-go/aws " + runtime.Version()
	if env := os.Getenv("AWS_EXECUTION_ENV"); s.loaded.fresh && isToken(env) {
		agent += " exec-env/" + env
	}
	if id := s.loaded.cfg.AppID; isToken(id) {
		agent += " app/" + id
	}
	return agent
}

// isToken reports whether s can stand in a field as one word.
func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != "" && len(s) <= 256
}

// responseLimit is how much of a response is read into memory.
func responseLimit(s *requests.Session) int64 {
	switch n := s.Defaults().MaxBody; {
	case n > 0:
		return n
	case n < 0:
		return 1<<63 - 2
	}
	return 64 << 20
}

// Meta describes the client.
func (c *Client) Meta() ClientMeta { return c.meta }

// Operations returns the names of the operations, sorted.
func (c *Client) Operations() []string { return slices.Sorted(maps.Keys(c.model.Operations)) }

// Handlers returns the client's handlers, live.
func (c *Client) Handlers() *Handlers { return c.phases.handlers }

// Events returns the client's events, live.
func (c *Client) Events() *Emitter[*Event] { return c.phases.events }

// Format prints service and region, whatever the verb.
func (c *Client) Format(w fmt.State, _ rune) {
	if c == nil {
		io.WriteString(w, "<nil>")
		return
	}
	fmt.Fprintf(w, "aws.Client{Service:%q Region:%q}", c.meta.ServiceName, c.meta.Region)
}
