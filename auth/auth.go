package auth

import "net/http"

// Authenticator sets credentials on a request. The request is the
// authenticator's to change; its URL, header and content length are final
// otherwise, and GetBody opens its content. An Authenticator is safe for
// concurrent use.
type Authenticator interface {
	Authenticate(*http.Request) error
}

// Challenger is an [Authenticator] that answers challenges: responses of
// status 401, or 407 from a proxy. Challenge looks at the response and reports
// whether the request is worth sending again, newly authenticated. It may read
// the header but leaves the body alone: the caller drains or returns it.
type Challenger interface {
	Authenticator
	Challenge(*http.Response) (again bool, err error)
}
