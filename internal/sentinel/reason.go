package sentinel

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Reason is the cause that a caller has cancelled a context with. It matches
// what that matches, but for what tells of one call: the conditions, a time that
// ran out, the types of this module. An errgroup gives the error of the first
// call that fails to all the others as their cause, and nothing of the kind has
// happened to those.
type Reason struct{ err error }

func (r *Reason) Error() string { return r.err.Error() }

// Is reports whether target is the cause, or is matched by it and does not tell
// of one call.
func (r *Reason) Is(target error) bool {
	if _, ok := target.(*Condition); ok || target == context.DeadlineExceeded {
		return r.err == target // which the caller has named himself
	}
	return errors.Is(r.err, target)
}

// As finds what is in the cause and does not tell of one call.
func (r *Reason) As(target any) bool {
	if r.err == nil || tellsOfOneCall(reflect.TypeOf(target).Elem()) {
		return false
	}
	return errors.As(r.err, target)
}

var module = strings.TrimSuffix(reflect.TypeFor[Reason]().PkgPath(), "internal/sentinel")

// tellsOfOneCall reports whether t is a type of this module's errors, or an
// interface that asks for a timeout as net.Error does.
func tellsOfOneCall(t reflect.Type) bool {
	if t.Kind() == reflect.Interface {
		_, asks := t.MethodByName("Timeout")
		return asks
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return strings.HasPrefix(t.PkgPath()+"/", module)
}

// Because returns cause as what a context that ended with err has ended for: a
// Reason, unless its time was up or cause is no more than err.
func Because(err, cause error) error {
	if cause == nil || cause == err || errors.Is(err, context.DeadlineExceeded) {
		return cause
	}
	return &Reason{cause}
}

// Ended says why ctx has ended, by its error and the cause that it was given;
// nil while it lasts.
func Ended(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil && cause != err {
		return fmt.Errorf("%w: %w", err, Because(err, cause))
	}
	return err
}
