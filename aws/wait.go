package aws

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/seed-3bbad739/requests/aws/internal/jmespath"
)

type waiter struct {
	Operation   string
	Delay       float64
	MaxAttempts int
	Acceptors   []acceptor
}

type acceptor struct {
	State, Matcher, Argument string
	Expected                 any
}

// WaitOption changes how [Client.Wait] waits.
type WaitOption func(*waitOptions)

type waitOptions struct {
	delay    time.Duration
	attempts int
}

// WaitDelay sets the time between two looks.
func WaitDelay(d time.Duration) WaitOption { return func(o *waitOptions) { o.delay = d } }

// WaitAttempts sets how often to look at most.
func WaitAttempts(n int) WaitOption { return func(o *waitOptions) { o.attempts = n } }

// WaiterError reports a state that was not reached.
type WaiterError struct {
	Waiter string
	Reason string // "attempts are used up", "a state that it cannot be reached from"
	Err    error  // of the last call; may be nil
}

func (e *WaiterError) Error() string {
	s := fmt.Sprintf("aws: waiting for %s: %s", e.Waiter, e.Reason)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *WaiterError) Unwrap() error { return e.Err }

// Wait calls an operation until what it returns says that a state has been
// reached: of S3, Wait(ctx, "BucketExists", {"Bucket": …}). Names are also
// understood as boto3 has them, bucket_exists. The error of a state that was not
// reached is a *WaiterError; an error of the service that the waiter does not know ends it.
func (c *Client) Wait(ctx context.Context, name string, in Params, opts ...WaitOption) error {
	var file struct{ Waiters map[string]*waiter }
	if _, err := c.session.models().loader.Read(c.model.Name, c.model.Version, "waiters-2", &file); err != nil {
		return fmt.Errorf("aws: %w", err)
	}
	var w *waiter
	for n := range file.Waiters {
		if strings.EqualFold(n, strings.ReplaceAll(name, "_", "")) {
			w = file.Waiters[n]
		}
	}
	if w == nil {
		return &UnknownOperationError{c.meta.ServiceName, "waiter", name}
	}
	o := waitOptions{delay: time.Duration(w.Delay * float64(time.Second)), attempts: w.MaxAttempts}
	for _, set := range opts {
		set(&o)
	}
	for i := 1; ; i++ {
		out, err := c.Call(ctx, w.Operation, in)
		closeBody(out)
		state, merr := w.state(out, in, err)
		if merr != nil {
			return fmt.Errorf("aws: waiting for %s: %w", name, merr)
		}
		switch {
		case state == "success":
			return nil
		case state == "failure":
			return &WaiterError{name, "a state that it cannot be reached from", err}
		case state == "" && err != nil:
			return &WaiterError{name, "an error that it does not know", err}
		case i >= o.attempts:
			return &WaiterError{name, "attempts are used up", err}
		}
		if err := wait(ctx, o.delay); err != nil {
			return &WaiterError{name, "the context ended", err}
		}
	}
}

// state returns that of the first acceptor that matches, "" for none.
func (w *waiter) state(out Output, in Params, err error) (string, error) {
	var fault *ServiceError
	isFault := errors.As(err, &fault)
	if err != nil && !isFault {
		return "", nil
	}
	for _, a := range w.Acceptors {
		ok := false
		switch a.Matcher {
		case "status":
			want, _ := a.Expected.(float64)
			ok = isFault && fault.StatusCode == int(want) || !isFault && statusOf(out) == int64(want)
		case "error":
			switch want := a.Expected.(type) {
			case string:
				ok = isFault && fault.Code == want
			case bool:
				ok = isFault == want
			}
		case "path", "pathAll", "pathAny":
			if isFault {
				continue
			}
			v, err := jmespath.Search(a.Argument, out)
			if err != nil {
				return "", err
			}
			ok = a.matches(v)
		}
		if ok {
			return a.State, nil
		}
	}
	return "", nil
}

func (a *acceptor) matches(v any) bool {
	if a.Matcher == "path" {
		return sameValue(v, a.Expected)
	}
	items, _ := v.([]any)
	for _, item := range items {
		if same := sameValue(item, a.Expected); same != (a.Matcher == "pathAll") {
			return same
		}
	}
	return len(items) > 0 && a.Matcher == "pathAll"
}

// sameValue compares with a value of JSON, whose numbers are all float64.
func sameValue(v, want any) bool {
	if i, ok := v.(int64); ok {
		v = float64(i)
	}
	return reflect.DeepEqual(v, want)
}

func statusOf(out Output) int64 {
	md, _ := out["ResponseMetadata"].(map[string]any)
	n, _ := md["HTTPStatusCode"].(int64)
	return n
}
