package aws

import (
	"fmt"
	"regexp"

	"github.com/aws/smithy-go"
)

// ServiceError is an error that a service answered with.
type ServiceError struct {
	Operation  string
	Code       string // "NoSuchKey"; the status as text when the service gave none
	Message    string
	StatusCode int
	RequestID  string
	Fields     map[string]any // what the service says besides, by the model or S3's way; may be nil
}

// Error holds what the service says, without the signatures of presigned URLs
// that it quotes.
func (e *ServiceError) Error() string {
	return fmt.Sprintf("aws: %s: %s (status %d): %q", e.Operation, e.Code, e.StatusCode, hideSignatures(e.Message))
}

var signature = regexp.MustCompile(`(?i)(X-Amz-(?:Credential|Security-Token|Signature)(?:=|%3D))[^&\s()<>"']*`)

// hideSignatures hides what a presigned URL in a text is good by, also where
// the URL is part of another.
func hideSignatures(s string) string { return signature.ReplaceAllString(s, "${1}[redacted]") }

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
