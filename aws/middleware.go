package aws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

type requestKey struct{}

func requestFrom(ctx context.Context) *Request {
	r, _ := middleware.GetStackValue(ctx, requestKey{}).(*Request)
	return r
}

// install puts the phases into the stack of a typed client. Interceptors would
// not do: what they change of a request does not reach the wire once the retry
// step has cloned it.
func (p *phases) install(stack *middleware.Stack) error {
	call := middleware.InitializeMiddlewareFunc("SessionCall", p.handleCall)
	if err := stack.Initialize.Insert(call, "RegisterServiceMetadata", middleware.After); err != nil {
		if err := stack.Initialize.Add(call, middleware.After); err != nil {
			return err
		}
	}
	if err := stack.Serialize.Add(middleware.SerializeMiddlewareFunc("SessionBuild", p.handleBuild), middleware.After); err != nil {
		return err
	}
	attempt := middleware.FinalizeMiddlewareFunc("SessionAttempt", p.handleAttempt)
	if err := stack.Finalize.Insert(attempt, "Retry", middleware.After); err != nil {
		if err := stack.Finalize.Add(attempt, middleware.Before); err != nil {
			return err
		}
	}
	sign := middleware.FinalizeMiddlewareFunc("SessionSign", p.handleSign)
	if err := stack.Finalize.Insert(sign, "Signing", middleware.Before); err != nil {
		if err := stack.Finalize.Add(sign, middleware.After); err != nil {
			return err
		}
	}
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("SessionSend", p.handleSend), middleware.After)
}

func (p *phases) handleCall(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (out middleware.InitializeOutput, md middleware.Metadata, err error) {
	id := awsmiddleware.GetServiceID(ctx)
	r := &Request{
		ClientInfo: ClientInfo{
			ServiceName: serviceIDName(id), ServiceID: id,
			SigningRegion: awsmiddleware.GetRegion(ctx), PartitionID: awsmiddleware.GetPartitionID(ctx),
		},
		Operation: Operation{Name: awsmiddleware.GetOperationName(ctx)},
		Params:    in.Parameters, Time: time.Now(), ctx: ctx,
	}
	if info := serviceByID()[id]; info != nil {
		r.ClientInfo.ServiceName, r.ClientInfo.SigningName = info.Name, firstOf(info.SigningName, info.Prefix)
	}
	if err = p.validate(r); err == nil {
		in.Parameters = r.Params
		out, md, err = next.HandleInitialize(middleware.WithStackValue(ctx, requestKey{}, r), in)
	}
	if missing := (*sdk.MissingRegionError)(nil); err != nil && !r.sent && awsmiddleware.GetRegion(ctx) == "" && (errors.As(err, &missing) || strings.Contains(err.Error(), "Missing Region")) {
		err = fmt.Errorf("%w: %s needs one: %w", ErrNoRegion, id, err)
	}
	r.Error, r.Data = err, out.Result
	if cerr := p.complete(r); cerr != nil && err == nil {
		err = cerr
	}
	return out, md, err
}

func (p *phases) handleBuild(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (out middleware.SerializeOutput, md middleware.Metadata, err error) {
	if r, req := requestFrom(ctx), httpRequest(in.Request); r != nil && req != nil {
		r.HTTPRequest = req.Request
		if err := p.build(r); err != nil {
			return out, md, err
		}
		if r.Data != nil { // before-call answered
			if t := reflect.TypeOf(r.Data); t.Kind() != reflect.Pointer || t.Elem().Name() != r.Operation.Name+"Output" {
				return out, md, &HandlerError{"before-call", fmt.Errorf("the answer is a %T, not an %sOutput", r.Data, r.Operation.Name)}
			}
			out.Result = r.Data
			return out, md, nil
		}
		req.Request = r.HTTPRequest
	}
	return next.HandleSerialize(ctx, in)
}

func (p *phases) handleAttempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (out middleware.FinalizeOutput, md middleware.Metadata, err error) {
	r := requestFrom(ctx)
	if r == nil {
		return next.HandleFinalize(ctx, in)
	}
	r.HTTPResponse = nil
	r.attempts++
	r.RetryCount = r.attempts - 1
	out, md, err = next.HandleFinalize(ctx, in)
	if h := (*HandlerError)(nil); errors.As(err, &h) || !r.sent && err != nil {
		return out, md, err
	}
	if id, ok := awsmiddleware.GetRequestIDMetadata(md); ok {
		r.RequestID = id
	}
	r.Error, r.Data = err, out.Result
	return out, md, p.attempted(r)
}

func (p *phases) handleSign(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (out middleware.FinalizeOutput, md middleware.Metadata, err error) {
	if r, req := requestFrom(ctx), httpRequest(in.Request); r != nil && req != nil {
		r.sent = false
		r.HTTPRequest = req.Request
		if r.ClientInfo.Endpoint == "" && req.URL != nil {
			r.ClientInfo.Endpoint = req.URL.Scheme + "://" + req.URL.Host
		}
		signer, err := p.sign(r)
		if err == nil && signer != "" {
			err = &HandlerError{"choose-signer", fmt.Errorf("a typed client cannot take the signer %q", signer)}
		}
		if err != nil {
			return out, md, err
		}
		req.Request = r.HTTPRequest
	}
	return next.HandleFinalize(ctx, in)
}

func (p *phases) handleSend(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (out middleware.DeserializeOutput, md middleware.Metadata, err error) {
	r, req := requestFrom(ctx), httpRequest(in.Request)
	if r == nil || req == nil {
		return next.HandleDeserialize(ctx, in)
	}
	r.sent = true
	r.HTTPRequest = req.Request
	if err := p.send(r); err != nil {
		return out, md, err
	}
	if r.HTTPResponse != nil {
		out.RawResponse = &smithyhttp.Response{Response: r.HTTPResponse}
	} else {
		req.Request = r.HTTPRequest
		if p.replay && req.IsStreamSeekable() {
			req.Request.GetBody = reopen(req)
		}
		out, md, err = next.HandleDeserialize(ctx, in)
		if resp, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil {
			r.HTTPResponse = resp.Response
		}
	}
	if err != nil {
		return out, md, err
	}
	return out, md, p.received(r)
}

// reopen is the GetBody that the SDK's requests do not have. Content that can
// be read at any place is opened anew, as net/http may still hold the reader
// that was sent before; of other content one reader serves all attempts.
func reopen(req *smithyhttp.Request) func() (io.ReadCloser, error) {
	stream := req.GetStream()
	if at, ok := stream.(io.ReaderAt); ok {
		start, err := stream.(io.Seeker).Seek(0, io.SeekCurrent)
		if size, known, sizeErr := req.StreamLength(); err == nil && sizeErr == nil && known {
			return func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(at, start, size)), nil }
		}
	}
	return func() (io.ReadCloser, error) {
		err := req.RewindStream()
		return io.NopCloser(stream), err
	}
}

func httpRequest(v any) *smithyhttp.Request {
	r, _ := v.(*smithyhttp.Request)
	return r
}
