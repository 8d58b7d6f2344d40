package aws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/auth/sigv4"
	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// Params are the parameters of an operation by their names in the API, such as
// {"Bucket": "b", "Body": reader}. Structures and maps are maps with string
// keys or structs, lists are slices, times are time.Time, content is a []byte
// or a string, and where it is the request's own content an io.Reader.
type Params = map[string]any

// Output is what an operation returned, by the names in the API: structures
// and maps are map[string]any, lists []any, whole numbers int64, others
// float64, times time.Time, content []byte. Content that is the response's own is
// an io.ReadCloser, which the caller closes. "ResponseMetadata" holds
// RequestId, HTTPStatusCode, HTTPHeaders and RetryAttempts.
type Output = map[string]any

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
	unsigned bool
	provider CredentialsProvider
	limit    int64
	agent    string
}

// ClientMeta describes a client.
type ClientMeta struct {
	ServiceName, ServiceID, APIVersion, Protocol string
	Region, Endpoint, PartitionID                string
	SigningName, SigningRegion                   string
}

// ClientOption changes how [Session.Client] makes a client.
type ClientOption func(*clientOptions)

type clientOptions struct {
	Config
	version   string
	creds     *Credentials
	anonymous bool
	resource  bool
}

// ClientRegion sets the region.
func ClientRegion(region string) ClientOption { return func(o *clientOptions) { o.Region = &region } }

// ClientAPIVersion sets the version of the API. Without it the newest counts.
func ClientAPIVersion(v string) ClientOption { return func(o *clientOptions) { o.version = v } }

// ClientEndpoint sends everything to endpoint, a URL with its scheme, whatever
// variables and profile say.
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

// ClientTimeouts sets the time limits.
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

// ClientRetry sets how often a failed attempt is repeated; 0 means never.
func ClientRetry(retries int) ClientOption { return func(o *clientOptions) { o.MaxRetries = &retries } }

// ClientConfigs lays cfgs over the session's Config.
func ClientConfigs(cfgs ...*Config) ClientOption {
	return func(o *clientOptions) { o.MergeIn(cfgs...) }
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
		fips: value(cfg.UseFIPS), dualStack: value(cfg.UseDualStack), http: value(cfg.DisableSSL),
	}
	e, err := s.loaded.resolve(context.Background(), q)
	if err != nil {
		return nil, err
	}
	c := &Client{
		session: own, config: cfg, model: model, endpoint: e, provider: cfg.Credentials,
		phases:   &phases{handlers: s.Handlers.Copy(), events: s.events.Copy()},
		unsigned: o.anonymous, limit: responseLimit(own.http),
		agent: "requests-go/aws " + runtime.Version(),
	}
	if o.resource {
		c.agent += " Resource"
	}
	sdkCfg := s.sdkConfigWith(cfg, new(Handlers))
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
	return c, nil
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

// ServiceError is an error that a service answered with.
type ServiceError struct {
	Operation  string
	Code       string // "NoSuchKey"; the status as text when the service gave none
	Message    string
	StatusCode int
	RequestID  string
	Fields     map[string]any // what the model has for this error; may be nil
}

func (e *ServiceError) Error() string {
	return fmt.Sprintf("aws: %s: %s (status %d): %q", e.Operation, e.Code, e.StatusCode, e.Message)
}

// ErrorCode returns Code, as [smithy.APIError] asks.
func (e *ServiceError) ErrorCode() string { return e.Code }

// ErrorMessage returns Message.
func (e *ServiceError) ErrorMessage() string { return e.Message }

// ErrorFault says whose fault it is, by the status.
func (e *ServiceError) ErrorFault() smithy.ErrorFault {
	switch {
	case e.StatusCode >= 500:
		return smithy.FaultServer
	case e.StatusCode >= 400:
		return smithy.FaultClient
	}
	return smithy.FaultUnknown
}

// HTTPStatusCode returns StatusCode, for retryers.
func (e *ServiceError) HTTPStatusCode() int { return e.StatusCode }

// ServiceRequestID returns RequestID.
func (e *ServiceError) ServiceRequestID() string { return e.RequestID }

// Call calls an operation. in is not changed. The error is a
// *ParamValidationError before anything is sent, a *ServiceError when the
// service answered with an error.
func (c *Client) Call(ctx context.Context, op string, in Params) (Output, error) {
	o, err := c.operation(op)
	if err != nil {
		return nil, err
	}
	r := c.newRequest(ctx, o, in)
	out, err := c.call(ctx, o, r)
	r.Error, r.Data = err, out
	if cerr := c.phases.complete(r); cerr != nil && err == nil {
		err = cerr
	}
	if err != nil {
		closeBody(out)
		return nil, err
	}
	return out, nil
}

// CallInto calls an operation with in, a struct or a map, and stores what it
// returned in out, a pointer to a struct. Fields are called as in the API, or
// as their tags say: `aws:"Name"`. A nil out is not stored to.
func (c *Client) CallInto(ctx context.Context, op string, in, out any) error {
	var params Params
	switch v := in.(type) {
	case nil:
	case Params:
		params = v
	default:
		r := reflect.ValueOf(in)
		for r.Kind() == reflect.Pointer && !r.IsNil() {
			r = r.Elem()
		}
		if r.Kind() != reflect.Struct {
			return fmt.Errorf("aws: %s: the input is a %T, not a struct or a map", op, in)
		}
		params = api.Fields(r)
	}
	res, err := c.Call(ctx, op, params)
	if err != nil || out == nil {
		closeBody(res)
		return err
	}
	to := reflect.ValueOf(out)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		closeBody(res)
		return fmt.Errorf("aws: %s: the output is a %T, not a pointer", op, out)
	}
	if err := api.Assign(to.Elem(), res); err != nil {
		closeBody(res)
		return fmt.Errorf("aws: %s: storing the output: %w", op, err)
	}
	return nil
}

func closeBody(out Output) {
	for _, v := range out {
		if b, ok := v.(io.Closer); ok {
			b.Close()
		}
	}
}

func (c *Client) operation(name string) (*api.Operation, error) {
	o := c.model.Operations[name]
	if o == nil {
		return nil, &UnknownOperationError{c.meta.ServiceName, "operation", name}
	}
	return o, nil
}

func (c *Client) newRequest(ctx context.Context, o *api.Operation, in Params) *Request {
	params := maps.Clone(in)
	if params == nil {
		params = Params{}
	}
	return &Request{
		ClientInfo: ClientInfo{
			ServiceName: c.meta.ServiceName, ServiceID: c.meta.ServiceID, APIVersion: c.meta.APIVersion, Endpoint: c.meta.Endpoint,
			SigningName: c.meta.SigningName, SigningRegion: c.meta.SigningRegion, PartitionID: c.meta.PartitionID,
		},
		Operation: Operation{Name: o.Name, HTTPMethod: o.HTTP.Method, HTTPPath: o.HTTP.RequestURI},
		Params:    params, Time: time.Now(), ctx: ctx,
	}
}

// prepare runs what comes once per call: Validate and Build.
func (c *Client) prepare(ctx context.Context, o *api.Operation, r *Request) (*api.Call, error) {
	if err := c.phases.validate(r); err != nil {
		return nil, err
	}
	given, _ := r.Params.(Params)
	params, problems := c.model.Normalise(o, given, !value(c.config.DisableParamValidation))
	if len(problems) > 0 {
		return nil, &ParamValidationError{o.Name, problems}
	}
	call, err := c.model.NewCall(o, params)
	if err != nil {
		return nil, fmt.Errorf("aws: %w", err)
	}
	endpoint, err := c.hostPrefixed(o, params)
	if err != nil {
		return nil, err
	}
	req, err := call.Request(ctx, endpoint)
	if err != nil {
		return nil, fmt.Errorf("aws: %w", err)
	}
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept-Encoding", "identity") // content is the service's to encode, and part of what is checked
	if req.ContentLength >= 0 {
		req.Header.Del("Content-Length")
	}
	if c.isS3() {
		c.addressBucket(req, params)
	}
	if err := c.checksum(o, req, params); err != nil {
		return nil, err
	}
	r.HTTPRequest = req
	return call, c.phases.build(r)
}

// hostPrefixed returns the endpoint with the prefix that the operation asks for.
func (c *Client) hostPrefixed(o *api.Operation, params map[string]any) (*url.URL, error) {
	u := *c.endpoint.url
	prefix := o.Endpoint.HostPrefix
	if prefix == "" || !c.endpoint.derived {
		return &u, nil
	}
	for k, v := range params {
		if s, ok := v.(string); ok && strings.Contains(prefix, "{"+k+"}") {
			if !validLabel(s) {
				return nil, &ParamValidationError{o.Name, []string{fmt.Sprintf("%s: %q cannot be part of a host name", k, s)}}
			}
			prefix = strings.ReplaceAll(prefix, "{"+k+"}", s)
		}
	}
	u.Host = prefix + u.Host
	return &u, nil
}

// validLabel is validHostLabel that admits digits alone, as account ids are.
func validLabel(s string) bool { return validHostLabel(s) || s != "" && validHostLabel("a"+s) }

func (c *Client) call(ctx context.Context, o *api.Operation, r *Request) (Output, error) {
	call, err := c.prepare(ctx, o, r)
	if err != nil {
		return nil, err
	}
	if r.Data != nil { // before-call answered
		out, ok := r.Data.(Output)
		if !ok {
			return nil, &HandlerError{"before-call", fmt.Errorf("the answer is a %T, not an Output", r.Data)}
		}
		return out, nil
	}
	release := c.retryer.GetInitialToken()
	built := r.HTTPRequest
	defer func() {
		if built.Body != nil {
			built.Body.Close()
		}
	}()
	for attempt := 1; ; attempt++ {
		r.RetryCount = attempt - 1
		out, err := c.attempt(ctx, o, call, r, built, attempt)
		release(err)
		if err == nil {
			return out, nil
		}
		if h := (*HandlerError)(nil); errors.As(err, &h) || attempt >= c.attempts || ctx.Err() != nil || !c.retryer.IsErrorRetryable(err) || !replayable(built) {
			return out, outcome(err)
		}
		token, terr := c.retryer.GetRetryToken(ctx, err)
		if terr != nil {
			return out, outcome(err)
		}
		closeBody(out)
		delay, derr := c.retryer.RetryDelay(attempt, err)
		if derr != nil {
			token(derr)
			return nil, outcome(err)
		}
		if err := wait(ctx, delay); err != nil {
			token(err)
			return nil, err
		}
		release = token
	}
}

// outcome takes what handlers decided off an error.
func outcome(err error) error {
	if a := (*attemptError)(nil); errors.As(err, &a) && error(a) == err {
		return a.err // nil: the last attempt went well after all
	}
	return err
}

func replayable(r *http.Request) bool {
	return r.Body == nil || r.Body == http.NoBody || r.GetBody != nil
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// attempt sends built once.
func (c *Client) attempt(ctx context.Context, o *api.Operation, call *api.Call, r *Request, built *http.Request, n int) (Output, error) {
	req := built.Clone(ctx)
	req.GetBody = built.GetBody
	if n > 1 && built.GetBody != nil {
		body, err := built.GetBody()
		if err != nil {
			return nil, err
		}
		req.Body = body
	}
	r.HTTPRequest, r.HTTPResponse = req, nil
	req.Header.Set("Amz-Sdk-Request", "attempt="+strconv.Itoa(n)+"; max="+strconv.Itoa(c.attempts))
	if err := c.sign(o, call, r); err != nil {
		return nil, err
	}
	if err := c.phases.send(r); err != nil {
		return nil, err
	}
	var out Output
	if r.HTTPResponse == nil {
		resp, err := c.session.HTTPClient().Do(r.HTTPRequest)
		if err != nil {
			if ctx.Err() != nil {
				r.Error = &sdk.RequestCanceledError{Err: err}
			} else {
				r.Error = &smithyhttp.RequestSendError{Err: err}
			}
			return nil, c.phases.attempted(r)
		}
		r.HTTPResponse = resp
	}
	resp := r.HTTPResponse
	if resp.Body == nil {
		resp.Body = http.NoBody
	}
	r.RequestID = firstOf(resp.Header.Get("X-Amzn-Requestid"), resp.Header.Get("X-Amz-Request-Id"), resp.Header.Get("X-Amzn-Request-Id"))
	if err := c.phases.received(r); err != nil {
		resp.Body.Close()
		return nil, err
	}
	out, _, err := call.Response(ctx, resp, c.limit)
	r.Error, r.Data = c.fault(o, r, err), out
	if err == nil {
		headers := make(map[string]any, len(resp.Header))
		for k := range resp.Header {
			headers[strings.ToLower(k)] = resp.Header.Get(k)
		}
		out["ResponseMetadata"] = map[string]any{
			"RequestId": r.RequestID, "HTTPStatusCode": int64(resp.StatusCode), "HTTPHeaders": headers, "RetryAttempts": int64(n - 1),
		}
	}
	if err := c.phases.attempted(r); err != nil {
		return out, err
	}
	return out, nil
}

// fault gives an error of the service its exported form.
func (c *Client) fault(o *api.Operation, r *Request, err error) error {
	var f *api.Fault
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f):
		e := &ServiceError{Operation: o.Name, Code: f.Code, Message: f.Message, StatusCode: r.HTTPResponse.StatusCode, RequestID: r.RequestID, Fields: f.Fields}
		if e.RequestID == "" {
			e.RequestID = f.RequestID
		}
		return e
	case errors.Is(err, api.ErrTooLarge):
		return fmt.Errorf("aws: %s: %w", o.Name, requests.ErrBodyTooLarge)
	case r.Context().Err() != nil:
		return &sdk.RequestCanceledError{Err: err}
	}
	return fmt.Errorf("aws: decoding the answer to %s: %w", o.Name, err)
}

// sign runs the Sign phase and signs, unless nothing asks for it.
func (c *Client) sign(o *api.Operation, call *api.Call, r *Request) error {
	signer, err := c.phases.sign(r)
	if err != nil {
		return err
	}
	if c.unsigned || o.AuthType == "none" || signer == "none" {
		return nil
	}
	s, err := c.signer(o, call, r.HTTPRequest)
	if err != nil {
		return err
	}
	return s.Authenticate(r.HTTPRequest)
}

func (c *Client) signer(o *api.Operation, call *api.Call, req *http.Request) (*sigv4.Signer, error) {
	switch v := c.model.Metadata.SignatureVersion; v {
	case "", "v4", "s3", "s3v4":
	default:
		return nil, fmt.Errorf("aws: %s signs by %s, which is not supported", c.meta.ServiceName, v)
	}
	if c.provider == nil {
		return nil, ErrNoCredentials
	}
	s := &sigv4.Signer{Service: c.endpoint.signingName, Region: c.endpoint.signingRegion, Credentials: signingCredentials(c.provider)}
	streams, _ := call.Streams()
	switch {
	case o.AuthType == "v4-unsigned-body":
		s.Payload = sigv4.PayloadUnsigned
	case streams && req.GetBody == nil && req.Body != nil && req.Body != http.NoBody:
		if req.ContentLength < 0 {
			return nil, fmt.Errorf("aws: %s: content that cannot be read twice needs the parameter ContentLength: %w", o.Name, sigv4.ErrNotReplayable)
		}
		s.Payload = sigv4.PayloadUnsigned
		if req.URL.Scheme != "https" {
			s.Payload = sigv4.PayloadStreamSigned // nothing else protects it
		}
	}
	return s, nil
}

func (c *Client) isS3() bool { return c.meta.ServiceID == "S3" }

// addressBucket moves the bucket from the path to the host, where it can be.
func (c *Client) addressBucket(req *http.Request, params map[string]any) {
	bucket, _ := params["Bucket"].(string)
	if bucket == "" || value(c.config.S3ForcePathStyle) || !isDNSBucket(bucket) {
		return
	}
	host := req.URL.Hostname()
	if net.ParseIP(host) != nil || !c.endpoint.derived && !strings.Contains(host, ".") {
		return // an address has no subdomains, and neither has a lone name such as localhost
	}
	if req.URL.Scheme == "https" && strings.Contains(bucket, ".") {
		return // no certificate is for two labels
	}
	path := req.URL.EscapedPath()
	rest, ok := strings.CutPrefix(path, "/"+bucket)
	if !ok || rest != "" && rest[0] != '/' {
		return
	}
	if rest == "" {
		rest = "/"
	}
	plain, err := url.PathUnescape(rest)
	if err != nil {
		return
	}
	req.URL.Host, req.URL.Path, req.URL.RawPath = bucket+"."+req.URL.Host, plain, rest
}

// isDNSBucket reports whether a bucket's name can be part of a host name.
func isDNSBucket(b string) bool {
	if len(b) < 3 || len(b) > 63 || net.ParseIP(b) != nil {
		return false
	}
	for label := range strings.SplitSeq(b, ".") {
		if label == "" || label != strings.ToLower(label) || !validLabel(label) {
			return false
		}
	}
	return true
}

// Presign returns a URL for an operation, valid for ttl, signed in the query.
// Fields that the operation sends in the header, a content type for one, have to be
// sent by the URL's user as well.
func (c *Client) Presign(ctx context.Context, op string, in Params, ttl time.Duration) (string, error) {
	o, err := c.operation(op)
	if err != nil {
		return "", err
	}
	r := c.newRequest(ctx, o, in)
	call, err := c.prepare(ctx, o, r)
	if err != nil {
		return "", err
	}
	req := r.HTTPRequest
	defer func() {
		if req.Body != nil {
			req.Body.Close()
		}
	}()
	if c.meta.Protocol == "query" || c.meta.Protocol == "ec2" {
		if err := formToQuery(req); err != nil {
			return "", err
		}
	}
	for _, k := range [...]string{"User-Agent", "Accept-Encoding", "Content-Length"} {
		req.Header.Del(k)
	}
	if _, err := c.phases.sign(r); err != nil {
		return "", err
	}
	s, err := c.signer(o, call, r.HTTPRequest)
	if err != nil {
		return "", err
	}
	u, err := s.Presign(r.HTTPRequest, ttl)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

// formToQuery makes a GET of a form: it is how calls of query protocols are
// passed around.
func formToQuery(req *http.Request) error {
	b, err := io.ReadAll(req.Body)
	if err != nil {
		return err
	}
	req.Body.Close()
	req.Method, req.Body, req.GetBody, req.ContentLength = http.MethodGet, http.NoBody, nil, 0
	req.URL.RawQuery = strings.ReplaceAll(string(bytes.TrimSpace(b)), "+", "%20")
	req.Header.Del("Content-Type")
	return nil
}
