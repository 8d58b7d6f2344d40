package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// Params are the parameters of an operation by their names in the API, such as
// {"Bucket": "b", "Body": reader}. Structures and maps are maps with string
// keys or structs, lists are slices, times are time.Time, content is a []byte
// or a string, and where it is the request's own content an io.Reader. A
// document, and what the API has as JSON in text, is any value that JSON has.
type Params = map[string]any

// Output is what an operation returned, by the names in the API: structures
// and maps are map[string]any, lists []any, whole numbers int64, others
// float64, times time.Time, content []byte. Policies of IAM, templates of
// CloudFormation in JSON, and members that a model has as JSON in text are
// decoded, each price in the PriceList of pricing's GetProducts for one, where
// boto3 leaves text; text that is no JSON stays. Content that is the response's
// own is an io.ReadCloser, which the caller closes. "ResponseMetadata" holds
// RequestId, HTTPStatusCode, HTTPHeaders and RetryAttempts.
type Output = map[string]any

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
// as their tags say: `aws:"Name"`. A nil out is not stored to. A structure or a
// list goes into a string as JSON: a policy or a template that Call decodes.
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

// ErrEventStream is matched by the error for an operation that sends or receives
// a stream of events, which clients by name do not speak. A client of
// aws-sdk-go-v2 does, over the same session: see [NewClient].
var ErrEventStream = errors.New("it has an event stream: call it with a typed client, made by NewClient")

func (c *Client) operation(name string) (*api.Operation, error) {
	o := c.model.Operations[name]
	if o == nil {
		return nil, &UnknownOperationError{c.meta.ServiceName, "operation", name}
	}
	if c.model.HasEvents(o) {
		return nil, fmt.Errorf("aws: %s of %s: %w", name, c.meta.ServiceName, ErrEventStream)
	}
	return o, nil
}

func (c *Client) newRequest(ctx context.Context, o *api.Operation, in Params) *Request {
	params := maps.Clone(in)
	if params == nil {
		params = Params{}
	}
	return &Request{
		ClientInfo: c.info(),
		Operation:  Operation{Name: o.Name, HTTPMethod: o.HTTP.Method, HTTPPath: o.HTTP.RequestURI},
		Params:     params, Time: time.Now(), ctx: ctx,
	}
}

func (c *Client) info() ClientInfo {
	return ClientInfo{
		ServiceName: c.meta.ServiceName, ServiceID: c.meta.ServiceID, APIVersion: c.meta.APIVersion, Endpoint: c.meta.Endpoint,
		SigningName: c.meta.SigningName, SigningRegion: c.meta.SigningRegion, PartitionID: c.meta.PartitionID,
	}
}

// prepare runs what comes once per call: Validate and Build.
func (c *Client) prepare(ctx context.Context, o *api.Operation, r *Request, presign bool) (*api.Call, error) {
	if err := c.phases.validate(r); err != nil {
		return nil, err
	}
	given, _ := r.Params.(Params)
	given, err := c.adjustParams(o, r, given, presign)
	if err != nil {
		return nil, err
	}
	params, problems := c.model.Normalise(o, given, !value(c.config.DisableParamValidation))
	if len(problems) > 0 {
		return nil, &ParamValidationError{o.Name, problems}
	}
	call, err := c.model.NewCall(o, params)
	if err != nil {
		return nil, fmt.Errorf("aws: %w", err)
	}
	endpoint, err := c.hostPrefixed(o, c.endpointOf(r, params), params)
	if err != nil {
		return nil, err
	}
	req, err := call.Request(ctx, endpoint)
	if err != nil {
		return nil, fmt.Errorf("aws: %w", err)
	}
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Amz-Sdk-Invocation-Id", api.NewToken())
	req.Header.Set("Accept-Encoding", "identity") // content is the service's to encode, and part of what is checked
	if req.ContentLength >= 0 {
		req.Header.Del("Content-Length")
	}
	if c.isS3() {
		c.addressBucket(req, params)
	}
	if err := c.adjustRequest(o, req, presign); err != nil {
		return nil, err
	}
	if err := c.compress(o, req); err != nil {
		return nil, err
	}
	r.HTTPRequest = req
	if err := c.checksum(o, r, params, presign); err != nil {
		return nil, err
	}
	return call, c.phases.build(r)
}

// hostPrefixed returns the endpoint with the prefix that the operation asks for.
func (c *Client) hostPrefixed(o *api.Operation, e *resolvedEndpoint, params map[string]any) (*url.URL, error) {
	u := *e.url
	prefix := o.Endpoint.HostPrefix
	if prefix == "" || !e.derived {
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
	call, err := c.prepare(ctx, o, r, false)
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
	release := func(error) error { return nil }
	if _, ok := c.retryer.(sdk.RetryerV2); !ok {
		release = c.retryer.GetInitialToken()
	}
	built := r.HTTPRequest
	defer func() {
		if built.Body != nil {
			built.Body.Close()
		}
	}()
	for attempt := 1; ; attempt++ {
		r.RetryCount = attempt - 1
		done, err := c.attemptToken(ctx)
		if err != nil {
			return nil, fmt.Errorf("aws: %s: waiting for leave to send: %w", o.Name, err)
		}
		out, err := c.attempt(ctx, o, call, r, built, attempt)
		done(err)
		release(err)
		if err == nil {
			return out, nil
		}
		if c.follow(o, r, built, err) {
			closeBody(out)
			release = func(error) error { return nil }
			continue
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
		if ended := wait(ctx, delay); ended != nil {
			token(ended)
			ended = fmt.Errorf("aws: %s: %w", o.Name, &sdk.RequestCanceledError{Err: ended})
			if err = outcome(err); err != nil {
				ended = fmt.Errorf("%w, after: %v", ended, err)
			}
			return nil, ended
		}
		release = token
	}
}

// attemptToken waits until the retryer lets another attempt be made, which in
// the adaptive mode may take a while.
func (c *Client) attemptToken(ctx context.Context) (done func(error) error, err error) {
	if v2, ok := c.retryer.(sdk.RetryerV2); ok {
		return v2.GetAttemptToken(ctx)
	}
	return func(error) error { return nil }, nil
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

// wait waits for d. The error is that of a context that has ended before, and
// the cause that it was given.
func wait(ctx context.Context, d time.Duration) error {
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return nil
		case <-ctx.Done():
		}
	}
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
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
	r.RequestID = api.RequestID(resp.Header)
	if err := c.phases.received(r); err != nil {
		resp.Body.Close()
		return nil, err
	}
	header := resp.Header
	expires := c.takeExpires(o, resp)
	c.verify(o, r, resp)
	out, _, err := call.Response(ctx, resp, c.limit)
	resp.Header = header
	r.RequestID = cmp.Or(r.RequestID, call.RequestID)
	r.Error, r.Data = c.fault(o, r, err), out
	if err == nil {
		c.adjustOutput(o, r, out)
		if expires != "" {
			out["ExpiresString"] = expires
		}
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
		if e.StatusCode < 300 { // S3 says so inside of a 200, and means a 500
			e.StatusCode = http.StatusInternalServerError
		}
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
