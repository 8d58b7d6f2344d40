package aws

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The conditions that errors of this package match with [errors.Is].
var (
	// ErrNoRegion: no region is configured, and the service needs one.
	ErrNoRegion = errors.New("aws: no region is configured")
	// ErrNoCredentials: every source of credentials was asked in vain.
	ErrNoCredentials = errors.New("aws: no credentials were found")
	// ErrDataNotFound: there is no model for a service, a version of it, or
	// an operation.
	ErrDataNotFound = errors.New("aws: no such data")
	// ErrInvalidEndpoint: an endpoint is not a URL with scheme and host.
	ErrInvalidEndpoint = errors.New("aws: invalid endpoint")
)

// ProfileNotFoundError reports a profile that no file has.
type ProfileNotFoundError struct {
	Profile string
	Err     error // may be nil
}

func (e *ProfileNotFoundError) Error() string {
	return fmt.Sprintf("aws: the profile %q was not found", e.Profile)
}

func (e *ProfileNotFoundError) Unwrap() error { return e.Err }

// PartialCredentialsError reports a source that has some of what makes
// credentials, and not all.
type PartialCredentialsError struct {
	Source  string // "explicit", "env", "shared-credentials-file" or "config-file"
	Missing string // the name of what is missing
}

func (e *PartialCredentialsError) Error() string {
	return fmt.Sprintf("aws: partial credentials in %s, missing %s", e.Source, e.Missing)
}

// ConfigParseError reports a shared file that is no INI file, or settings, in
// files or variables, that contradict each other or lack something.
type ConfigParseError struct {
	Path string // "" when several files took part
	Line int    // 0 when it is not one line's fault
	Err  error
}

func (e *ConfigParseError) Error() string {
	switch {
	case e.Path == "":
		return "aws: invalid configuration: " + e.Err.Error()
	case e.Line > 0:
		return fmt.Sprintf("aws: parsing %s:%d: %v", e.Path, e.Line, e.Err)
	}
	return fmt.Sprintf("aws: parsing %s: %v", e.Path, e.Err)
}

func (e *ConfigParseError) Unwrap() error { return e.Err }

// CredentialRetrievalError reports a source that has credentials in prospect
// and could not deliver them: a process that failed, a role that could not be
// assumed.
type CredentialRetrievalError struct {
	Err error
}

func (e *CredentialRetrievalError) Error() string {
	return "aws: retrieving credentials: " + e.Err.Error()
}

func (e *CredentialRetrievalError) Unwrap() error { return e.Err }

// UnknownServiceError reports a service without a model. It matches
// ErrDataNotFound.
type UnknownServiceError struct {
	Name  string
	Known []string // sorted
}

func (e *UnknownServiceError) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("aws: unknown service %q: there are no models; see WithModels", e.Name)
	}
	return fmt.Sprintf("aws: unknown service %q, known are: %s", e.Name, strings.Join(e.Known, ", "))
}

func (e *UnknownServiceError) Unwrap() error { return ErrDataNotFound }

// UnknownAPIVersionError reports a version that a service's models do not
// have. It matches ErrDataNotFound.
type UnknownAPIVersionError struct {
	Service, Version string
	Known            []string // oldest first
}

func (e *UnknownAPIVersionError) Error() string {
	return fmt.Sprintf("aws: %s has no API version %q, known are: %s", e.Service, e.Version, strings.Join(e.Known, ", "))
}

func (e *UnknownAPIVersionError) Unwrap() error { return ErrDataNotFound }

// UnknownOperationError reports an operation, paginator or waiter that the
// model of a service does not have. It matches ErrDataNotFound.
type UnknownOperationError struct {
	Service, Kind, Name string // Kind is "operation", "paginator" or "waiter"
}

func (e *UnknownOperationError) Error() string {
	return fmt.Sprintf("aws: %s has no %s %q", e.Service, e.Kind, e.Name)
}

func (e *UnknownOperationError) Unwrap() error { return ErrDataNotFound }

// UnknownRegionError reports a region that no partition has or admits.
type UnknownRegionError struct{ Region string }

func (e *UnknownRegionError) Error() string {
	return fmt.Sprintf("aws: no partition has the region %q", e.Region)
}

// InvalidRegionError reports a region that cannot be part of a host name.
type InvalidRegionError struct{ Region string }

func (e *InvalidRegionError) Error() string {
	return fmt.Sprintf("aws: the region %q is not a valid host label", e.Region)
}

// ResourceNotExistsError reports a service without a resource definition.
type ResourceNotExistsError struct {
	Name      string
	Available []string // sorted
	HasClient bool     // Session.Client knows the service
}

func (e *ResourceNotExistsError) Error() string {
	s := fmt.Sprintf("aws: there is no resource %q, available are: %s", e.Name, strings.Join(e.Available, ", "))
	if e.HasClient {
		s += fmt.Sprintf("; consider Client(%q)", e.Name)
	}
	return s
}

// Unwrap returns ErrDataNotFound.
func (e *ResourceNotExistsError) Unwrap() error { return ErrDataNotFound }

// ParamValidationError reports parameters that do not fit the model of an
// operation, all mistakes at once.
type ParamValidationError struct {
	Operation string
	Problems  []string
}

func (e *ParamValidationError) Error() string {
	p := slices.Clone(e.Problems)
	slices.Sort(p)
	return fmt.Sprintf("aws: parameters of %s: %s", e.Operation, strings.Join(p, "; "))
}
