package adapters

import (
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/seed-3bbad739/requests/internal/drain"
	"github.com/seed-3bbad739/requests/internal/hostaddr"
	"github.com/seed-3bbad739/requests/internal/proxyauth"
)

const proxyAuthorization = "Proxy-Authorization"

// maxAnswers bounds how often a proxy's challenge is answered: a nonce that
// has gone stale takes two.
const maxAnswers = 2

// challenger is a [ProxyAuth] that answers challenges.
type challenger interface {
	Challenge(*http.Response) (again bool, err error)
}

// authenticate sets on out what the proxy of the exchange wants to see, and
// takes away what only a proxy may see. out's header is the caller's own
// until it is written to.
func (x *exchange) authenticate(out *http.Request, set *Settings) error {
	proxy := x.via.proxy
	forwarded := x.forwarded()
	_, own := ownProxyAuthorization(out.Header)
	if own && x.adoptedForwards(out) {
		return nil
	}
	if forwarded && x.via.auth == nil && x.via.header == "" || !forwarded && !own {
		return nil
	}
	out.Header = out.Header.Clone()
	for k := range out.Header {
		if strings.EqualFold(k, proxyAuthorization) {
			delete(out.Header, k)
		}
	}
	switch {
	case !forwarded:
		return nil
	case x.via.auth != nil:
		// Under the caller's context: what it may send itself is no part of this exchange.
		return x.via.auth.Authenticate(out.WithContext(proxyauth.WithProxy(x.request.Context(), proxy)))
	}
	out.Header.Set(proxyAuthorization, x.via.header)
	return nil
}

// forwarded reports whether the exchange's proxy is sent the request itself.
func (x *exchange) forwarded() bool {
	return x.via.proxy != nil && !x.secure() && !isSOCKS(x.via.proxy)
}

// absoluteTarget returns req's URL such that the target a proxy is sent (RFC
// 9112, section 3.2.2) has the URL's host. net/http would put a Host field of the
// caller's there, and the proxy would go to another server.
func absoluteTarget(req *http.Request) *url.URL {
	if req.Host == "" || req.Host == req.URL.Host || req.URL.Opaque != "" {
		return req.URL
	}
	u := *req.URL
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	u.Opaque = "//" + hostaddr.WithoutZone(u.Host) + path
	return &u
}

// adoptedForwards reports whether an adopted transport will send out to a
// proxy of its own choice as it is: not to an origin, nor through a tunnel.
func (x *exchange) adoptedForwards(out *http.Request) bool {
	if !x.via.adopted || x.secure() {
		return false
	}
	choose := x.pool.from().adopted.Proxy
	if choose == nil {
		return false
	}
	proxy, err := choose(out)
	return err == nil && proxy != nil && !isSOCKS(proxy)
}

// ownProxyAuthorization returns the caller's own field, however it is spelt.
func ownProxyAuthorization(h http.Header) (string, bool) {
	for k, vv := range h {
		if len(k) == len(proxyAuthorization) && strings.EqualFold(k, proxyAuthorization) && len(vv) > 0 {
			return vv[0], true
		}
	}
	return "", false
}

// answering is RoundTrip with a proxy that may challenge.
func (h *HTTP) answering(req *http.Request, c challenger, set *Settings) (*http.Response, error) {
	content := req.Body
	var kept *keptBody
	if content != nil && content != http.NoBody && req.GetBody == nil {
		kept = &keptBody{content: content}
		content = kept
		defer kept.release()
	}
	for answers := 0; ; answers++ {
		if answers > 0 && kept == nil && content != nil && content != http.NoBody {
			var err error
			if content, err = req.GetBody(); err != nil {
				return nil, err
			}
		}
		resp, err := h.roundTrip(req, content, set)
		if err != nil {
			if err == errAnswered && answers < maxAnswers && kept.untouched() {
				continue
			}
			if err == errAnswered {
				err = proxyFailure(set.Proxy, &refusal{http.StatusProxyAuthRequired})
			}
			return nil, err
		}
		again, err := forwardedChallenge(req, resp, c, set)
		if err != nil {
			drain.Discard(resp.Body)
			return nil, err
		}
		if !again || answers == maxAnswers || kept != nil {
			return resp, nil
		}
		drain.Discard(resp.Body)
	}
}

// forwardedChallenge asks c for an answer to a 407 that came from the proxy.
func forwardedChallenge(req *http.Request, resp *http.Response, c challenger, set *Settings) (bool, error) {
	if resp.StatusCode != http.StatusProxyAuthRequired || req.URL.Scheme == "https" || isSOCKS(set.Proxy) {
		return false, nil
	}
	challenge := *resp
	challenge.Request = req.WithContext(proxyauth.WithProxy(req.Context(), set.Proxy))
	return c.Challenge(&challenge)
}

// keptBody holds a body that can be read once open until it is needed: the
// transport closes it when CONNECT is refused, unread.
type keptBody struct {
	content io.ReadCloser

	mu       sync.Mutex // guards what follows
	read     bool
	asked    bool // to close
	released bool
}

func (k *keptBody) Read(p []byte) (int, error) {
	k.mu.Lock()
	k.read = true
	k.mu.Unlock()
	return k.content.Read(p)
}

func (k *keptBody) Close() error {
	k.mu.Lock()
	k.asked = true
	now := k.read || k.released
	k.mu.Unlock()
	if now {
		return k.content.Close()
	}
	return nil
}

// untouched reports whether the body can still be sent. A nil k can: what it
// would keep is opened again.
func (k *keptBody) untouched() bool {
	if k == nil {
		return true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.read
}

// release closes the body if that was asked for while it was kept.
func (k *keptBody) release() {
	k.mu.Lock()
	now := k.asked && !k.read && !k.released
	k.released = true
	k.mu.Unlock()
	if now {
		k.content.Close()
	}
}

// credentials returns the value of Proxy-Authorization that u asks for by its
// userinfo: user and password must both be there.
func credentials(u *url.URL) string {
	password, ok := u.User.Password()
	if !ok || u.User.Username() == "" || isSOCKS(u) {
		return ""
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password))
}

// hostPort returns the address of a proxy.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		switch u.Scheme {
		case "http":
			port = "80"
		case "https":
			port = "443"
		default:
			port = "1080"
		}
	}
	return net.JoinHostPort(proxyHost(u), port)
}

// proxyHost is the host as it is looked up; a zone is part of an address.
func proxyHost(u *url.URL) string {
	if host := u.Hostname(); strings.Contains(host, ":") {
		return host
	}
	return hostaddr.Name(u.Hostname())
}
