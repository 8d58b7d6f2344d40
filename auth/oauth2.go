package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"golang.org/x/oauth2"

	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

type tokenAuth struct {
	label
	*tokenState // behind a pointer for the reason of secret
}

type tokenState struct {
	source oauth2.TokenSource

	mu    sync.Mutex // guards what follows
	token *oauth2.Token
	value string // of the field, for token
	// trial is whether token replaced one that was refused and has not been
	// seen to do better.
	trial bool
	fetch *fetch // under way, nil if none is
}

// fetch is one call of the source. It ends by itself: the source cannot be
// told to stop, so what it brings serves whoever comes next.
type fetch struct {
	done     chan struct{} // closed when what follows is set
	value    string
	err      error
	panicked any // what the source panicked with
}

// OAuth2 returns an [Authenticator] that sends the access token of source
// (RFC 6749, section 7). The token is kept until shortly before it expires;
// then any number of concurrent requests share one call of source, each
// waiting for it no longer than its context allows.
//
// It is a [Challenger]: a response of status 401 makes it ask source again,
// and the request is worth sending once more if that gives another token. The
// sources of golang.org/x/oauth2 keep a token themselves and give no other
// before it expires.
//
// source must not ask for a token through a session that this authenticates: it
// would wait for itself. A copy of the session without authentication will do.
//
// An error names the token endpoint if it is known. errors.As finds in it an
// [oauth2.RetrieveError] with the status and the error code alone: what else
// the endpoint answered, or was sent, may hold secrets.
func OAuth2(source oauth2.TokenSource) Authenticator {
	return &tokenAuth{"auth.OAuth2", &tokenState{source: source}}
}

// Deferred marks credentials that may need the network.
func (t *tokenAuth) Deferred() {}

// Authenticate sets the access token, which it may have to wait for.
func (t *tokenAuth) Authenticate(r *http.Request) error {
	value, err := t.get(r.Context(), "")
	if err != nil {
		return err
	}
	setField(r, credentialsField(r), value)
	return nil
}

// Challenge reports whether there is another token than the one refused.
func (t *tokenAuth) Challenge(resp *http.Response) (again bool, err error) {
	r := resp.Request
	if r == nil || resp.StatusCode != challengeStatus(r) {
		return false, nil
	}
	refused := r.Header.Get(credentialsField(r))
	if refused == "" {
		return false, nil
	}
	t.mu.Lock()
	if t.value == refused && t.trial {
		// One retry has been had. The next request asks the source anew.
		t.forget()
		t.mu.Unlock()
		return false, nil
	}
	t.mu.Unlock()
	value, err := t.get(r.Context(), refused)
	return err == nil && value != refused, err
}

// Observe notes that a token was accepted.
func (t *tokenAuth) Observe(resp *http.Response) {
	r := resp.Request
	if r == nil || resp.StatusCode == challengeStatus(r) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.trial && r.Header.Get(credentialsField(r)) == t.value {
		t.trial = false
	}
}

// get returns the field's value for a token that is valid and, if the source
// has another, not the refused one.
func (t *tokenAuth) get(ctx context.Context, refused string) (string, error) {
	t.mu.Lock()
	if t.token.Valid() && t.value != refused {
		defer t.mu.Unlock()
		return t.value, nil
	}
	if t.source == nil {
		t.mu.Unlock()
		return "", errors.New("auth: oauth2: token source is nil")
	}
	f := t.fetch
	if f == nil {
		f = &fetch{done: make(chan struct{})}
		t.fetch = f
		go t.run(f, refused)
	}
	t.mu.Unlock()
	select {
	case <-f.done:
		if f.panicked != nil {
			panic(f.panicked) // where the caller can recover from it
		}
		return f.value, f.err
	case <-ctx.Done():
		return "", fmt.Errorf("auth: oauth2: waiting for a token: %w", sentinel.Ended(ctx))
	}
}

func (t *tokenAuth) run(f *fetch, refused string) {
	// A source that leaves by runtime.Goexit must not leave its waiters.
	f.err = errors.New("auth: oauth2: token source did not return")
	var token *oauth2.Token
	defer func() {
		f.panicked = recover()
		t.mu.Lock()
		defer t.mu.Unlock()
		t.fetch = nil
		if f.err == nil {
			t.token, t.value = token, f.value
			t.trial = refused != "" && f.value != refused
		} else if t.value == refused {
			t.forget()
		}
		close(f.done)
	}()
	token, err := t.source.Token()
	if err != nil {
		f.err = tokenError(err)
		return
	}
	f.value, f.err = fieldOf(token)
}

func (t *tokenAuth) forget() { t.token, t.value, t.trial = nil, "", false }

func fieldOf(token *oauth2.Token) (string, error) {
	switch {
	case token == nil:
		return "", errors.New("auth: oauth2: token source gave no token")
	case !validToken(token.AccessToken) || !validToken(token.Type()):
		return "", invalid("oauth2", "access token is empty or holds what a token cannot")
	}
	return token.Type() + " " + token.AccessToken, nil
}

// endpointError is a failure to get a token. It prints nothing that was sent
// to or received from the endpoint but its address and its status.
type endpointError struct {
	endpoint string
	text     string
	cause    error // for Is and As only: it may print what text leaves out
}

func (e *endpointError) Error() string {
	if e.endpoint == "" {
		return "auth: oauth2: " + e.text
	}
	return "auth: oauth2: token endpoint " + e.endpoint + ": " + e.text
}

func (e *endpointError) Is(target error) bool { return errors.Is(e.cause, target) }
func (e *endpointError) As(target any) bool   { return errors.As(e.cause, target) }

func tokenError(err error) error {
	if re, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return retrieveError(re)
	}
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return &endpointError{redact.RawURL(withoutQuery(ue.URL)), redact.Text(ue.Err.Error()), ue.Err}
	}
	return &endpointError{"", redact.Text(err.Error()), err}
}

// retrieveError keeps of re what is known to be harmless.
func retrieveError(re *oauth2.RetrieveError) error {
	safe := &oauth2.RetrieveError{Response: new(http.Response), ErrorCode: errorCode(re.ErrorCode)}
	e := &endpointError{text: "failed", cause: safe}
	if resp := re.Response; resp != nil {
		safe.Response.StatusCode = resp.StatusCode
		safe.Response.Status = fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
		e.text = "answered " + safe.Response.Status
		if resp.Request != nil {
			e.endpoint = redact.Target(resp.Request.URL)
		}
	}
	if safe.ErrorCode != "" {
		e.text += ", " + safe.ErrorCode
	}
	return e
}

// errorCode returns code if it looks like those of RFC 6749, section 5.2:
// what else a server puts there is not repeated.
func errorCode(code string) string {
	if len(code) > 40 {
		return ""
	}
	for _, c := range []byte(code) {
		if (c < 'a' || c > 'z') && c != '_' {
			return ""
		}
	}
	return code
}

func withoutQuery(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	u.RawQuery = ""
	return u.String()
}
