package auth

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/seed-3bbad739/requests/internal/hostaddr"
	"github.com/seed-3bbad739/requests/internal/origin"
	"github.com/seed-3bbad739/requests/internal/proxyauth"
)

type digest struct {
	label
	*digestState // behind a pointer for the reason of secret
}

type digestState struct {
	user, password string
	err            error
	newCnonce      func() string

	mu     sync.Mutex // guards spaces and all in them
	spaces spaces
}

// Digest returns an [Authenticator] for the Digest scheme (RFC 7616, and the
// older forms of RFC 2617 and RFC 2069). It is a [Challenger]: the first
// request to an origin goes without credentials, the challenge that answers
// it is kept by origin and realm, and later requests to its protection space
// carry credentials at once, each with a nonce count of its own.
//
// It knows the algorithms MD5, SHA-256 and SHA-512-256, those of SHA and
// SHA-512 that some servers use, all with -sess, and answers the strongest
// that is asked for. Of the qualities of protection it prefers auth, for which
// the content need not be read; with auth-int alone the content is read by
// GetBody before each sending. A challenge that cannot be met (another
// algorithm, no nonce or realm, auth-int over content that GetBody cannot
// open) is not answered. If the server proves its own knowledge of the password
// (rspauth) and fails, what it said is forgotten.
//
// User and password are taken as UTF-8. A control character in user is an
// error when a request is authenticated. It matches requests.ErrInvalidHeader.
//
// As authentication to a proxy it answers the challenges of status 407.
func Digest(user, password string) Authenticator {
	d := &digest{"auth.Digest", &digestState{user: user, password: password, newCnonce: randomCnonce}}
	if hasControl(user) {
		d.err = invalid("digest", "user name holds a control character")
	}
	return d
}

func randomCnonce() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Deferred marks credentials that depend on the final request.
func (d *digest) Deferred() {}

// Authenticate sets the credentials for the protection space of r, if a
// challenge for it is known.
func (d *digest) Authenticate(r *http.Request) error {
	if d.err != nil {
		return d.err
	}
	d.mu.Lock()
	a, ok := d.spaces.open(spaceOf(r)).answer(r, d.newCnonce)
	d.mu.Unlock()
	if !ok {
		return nil
	}
	a.method, a.target = r.Method, target(r)
	if a.method == "" {
		a.method = http.MethodGet
	}
	if a.qop == "auth-int" {
		sum, err := a.hashContent(r)
		if err != nil {
			return fmt.Errorf("auth: digest: content: %w", err)
		}
		a.content = sum
	}
	setField(r, credentialsField(r), a.credentials(d.user, d.password))
	return nil
}

// Challenge reports whether resp challenges in a way that can be met and that
// its request has not met yet.
func (d *digest) Challenge(resp *http.Response) (again bool, err error) {
	r := resp.Request
	if d.err != nil || r == nil || r.URL == nil || resp.StatusCode != challengeStatus(r) {
		return false, d.err
	}
	best, ok := strongest(resp.Header[challengeField(r)], r)
	if !ok {
		return false, nil
	}
	scheme, sent := credentialsOf(r, credentialsField(r))
	d.mu.Lock()
	defer d.mu.Unlock()
	sp := d.spaces.find(spaceOf(r))
	if sp == nil {
		// Never asked to authenticate to this server: a response from
		// elsewhere must not draw credentials out.
		return false, nil
	}
	if scheme == "digest" && sent.value("realm") == best.realm && sp.refuses(sent, best) {
		sp.drop(best.realm)
		return false, nil
	}
	sp.learn(best, r)
	return true, nil
}

// Observe takes the next nonce from a response (RFC 7616, section 3.5), unless
// the server failed to prove that it knows the password.
func (d *digest) Observe(resp *http.Response) {
	r := resp.Request
	if r == nil || r.URL == nil {
		return
	}
	lines := resp.Header[infoField(r)]
	if len(lines) == 0 {
		return
	}
	info, ok := parseParams(scanner(strings.Join(lines, ",")), maxValue)
	scheme, sent := credentialsOf(r, credentialsField(r))
	if !ok || scheme != "digest" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	sp := d.spaces.find(spaceOf(r))
	if sp == nil {
		return
	}
	s := sp.session(sent.value("realm"))
	if s == nil {
		return
	}
	if proof, ok := info.get("rspauth"); ok && !s.proves(proof, sent, d.user, d.password) {
		sp.drop(s.realm)
		return
	}
	if next := info.value("nextnonce"); next != "" {
		s.use(next)
	}
}

func challengeStatus(r *http.Request) int {
	if proxyauth.From(r.Context()) != nil {
		return http.StatusProxyAuthRequired
	}
	return http.StatusUnauthorized
}

func challengeField(r *http.Request) string {
	if proxyauth.From(r.Context()) != nil {
		return "Proxy-Authenticate"
	}
	return "Www-Authenticate"
}

func infoField(r *http.Request) string {
	if proxyauth.From(r.Context()) != nil {
		return "Proxy-Authentication-Info"
	}
	return "Authentication-Info"
}

// spaceOf is the key of what is known about the server that checks the
// credentials of r.
func spaceOf(r *http.Request) string {
	if proxy := proxyauth.From(r.Context()); proxy != nil {
		return "proxy " + origin.Of(proxy)
	}
	return origin.Of(r.URL)
}

// target is the request target as net/http writes it: the server compares it
// with the one that was hashed.
func target(r *http.Request) string {
	if proxyauth.From(r.Context()) == nil {
		return r.URL.RequestURI()
	}
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	if r.Method == http.MethodConnect {
		return tunnel(r.URL, host)
	}
	uri := r.URL.RequestURI()
	if r.URL.Scheme == "" || r.URL.Opaque != "" {
		return uri
	}
	return r.URL.Scheme + "://" + hostaddr.WithoutZone(host) + uri
}

// tunnel is the target of a CONNECT: host and port.
func tunnel(u *url.URL, host string) string {
	switch {
	case u.Opaque != "":
		host = u.Opaque
	case u.Host != "":
		host = u.Host
	}
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	if u.Scheme == "http" {
		return host + ":80"
	}
	return host + ":443"
}

// algorithm is a hash that challenges may name.
type algorithm struct {
	name     string
	strength int
	new      func() hash.Hash
}

var algorithms = []algorithm{
	{"MD5", 1, md5.New},
	{"SHA", 2, sha1.New},
	{"SHA-256", 3, sha256.New},
	{"SHA-512", 4, sha512.New},
	{"SHA-512-256", 4, sha512.New512_256},
}

// algorithmOf returns what a challenge names, in any case; "" is MD5.
func algorithmOf(name string) (a algorithm, session, ok bool) {
	base := strings.ToUpper(name)
	if base == "" {
		base = "MD5"
	}
	base, session = strings.CutSuffix(base, "-SESS")
	for _, a := range algorithms {
		if a.name == base {
			return a, session, true
		}
	}
	return algorithm{}, false, false
}

// sum hashes parts, joined by colons, to lower-case hex.
func (a algorithm) sum(parts ...string) string {
	h := a.new()
	for i, p := range parts {
		if i > 0 {
			io.WriteString(h, ":")
		}
		io.WriteString(h, p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// offer is a challenge that can be met.
type offer struct {
	algorithm
	named     string // the algorithm as the server spelled it; "": not at all
	sess      bool
	realm     string
	nonce     string
	opaque    string
	hasOpaque bool
	qop       string // auth, auth-int, or "": neither was offered
	stale     bool
	userhash  bool
	utf8      bool
	domain    string
}

// strongest picks the challenge to answer: the one of the strongest algorithm,
// of several such the first.
func strongest(lines []string, r *http.Request) (best offer, found bool) {
	for _, c := range parseChallenges(lines) {
		if o, ok := offerOf(c, r); ok && (!found || o.strength > best.strength) {
			best, found = o, true
		}
	}
	return best, found
}

func offerOf(c challenge, r *http.Request) (o offer, ok bool) {
	if c.scheme != "digest" || c.token68 != "" {
		return o, false
	}
	o.named = c.params.value("algorithm")
	if o.algorithm, o.sess, ok = algorithmOf(o.named); !ok {
		return o, false
	}
	var hasRealm bool
	o.realm, hasRealm = c.params.get("realm")
	o.nonce = c.params.value("nonce")
	if !hasRealm || o.nonce == "" {
		return o, false
	}
	o.opaque, o.hasOpaque = c.params.get("opaque")
	o.stale = strings.EqualFold(c.params.value("stale"), "true")
	o.userhash = strings.EqualFold(c.params.value("userhash"), "true")
	o.utf8 = strings.EqualFold(c.params.value("charset"), "UTF-8")
	o.domain = c.params.value("domain")
	o.qop, ok = chooseQop(c.params.value("qop"), r)
	return o, ok
}

// chooseQop prefers auth, as other clients do: auth-int means to read the
// content twice, and a proxy that touches it breaks the answer.
func chooseQop(offered string, r *http.Request) (qop string, ok bool) {
	if strings.Trim(offered, " \t,") == "" {
		return "", true // RFC 2069
	}
	for q := range strings.SplitSeq(offered, ",") {
		switch q = strings.Trim(q, " \t"); {
		case strings.EqualFold(q, "auth"):
			return "auth", true
		case strings.EqualFold(q, "auth-int") && canHash(r):
			qop, ok = "auth-int", true
		}
	}
	return qop, ok
}

// canHash reports whether the content of r, if any, can be read ahead.
func canHash(r *http.Request) bool {
	return r.GetBody != nil || r.Body == nil && r.ContentLength == 0 || r.Body == http.NoBody
}

// answer is what makes up one set of credentials.
type answer struct {
	offer
	cnonce  string
	count   uint32
	method  string
	target  string
	content string // hash of the content, for auth-int
}

// credentials writes the field (RFC 7616, section 3.4), what is to be quoted
// quoted and what must not be not.
func (a *answer) credentials(user, password string) string {
	var b strings.Builder
	b.Grow(512)
	b.WriteString("Digest ")
	a.writeUser(&b, user)
	text := func(name, value string) { b.WriteString(", " + name + "="); quote(&b, value) }
	text("realm", a.realm)
	text("uri", a.target)
	if a.named != "" {
		b.WriteString(", algorithm=" + a.named)
	}
	text("nonce", a.nonce)
	if a.qop != "" {
		b.WriteString(", nc=" + a.nc())
	}
	if a.qop != "" || a.sess {
		text("cnonce", a.cnonce)
	}
	if a.qop != "" {
		b.WriteString(", qop=" + a.qop)
	}
	text("response", a.response(a.secret(user, password), a.method))
	if a.hasOpaque {
		text("opaque", a.opaque)
	}
	if a.userhash {
		b.WriteString(", userhash=true")
	}
	return b.String()
}

func (a *answer) writeUser(b *strings.Builder, user string) {
	switch {
	case a.userhash:
		b.WriteString(`username="` + a.sum(user, a.realm) + `"`)
	case a.utf8 && !isASCII(user):
		// An ext-value (RFC 8187), as a quoted string has no charset.
		b.WriteString("username*=UTF-8''")
		for i := 0; i < len(user); i++ {
			if c := user[i]; isAlphanumeric(c) || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(b, "%%%02X", c)
			}
		}
	default:
		b.WriteString("username=")
		quote(b, user)
	}
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func (a *answer) nc() string { return fmt.Sprintf("%08x", a.count) }

// secret is H(A1) (RFC 7616, section 3.4.2).
func (a *answer) secret(user, password string) string {
	s := a.sum(user, a.realm, password)
	if a.sess {
		s = a.sum(s, a.nonce, a.cnonce)
	}
	return s
}

// response proves knowledge of the password for a request by method, or with
// "" for the response to it, where the server proves the same.
func (a *answer) response(secret, method string) string {
	request := []string{method, a.target}
	if a.qop == "auth-int" {
		request = append(request, a.content)
	}
	if a.qop == "" {
		return a.sum(secret, a.nonce, a.sum(request...))
	}
	return a.sum(secret, a.nonce, a.nc(), a.cnonce, a.qop, a.sum(request...))
}

// hashContent reads the content of r, of which no more is held than a buffer.
func (a *answer) hashContent(r *http.Request) (string, error) {
	h := a.new()
	if r.GetBody == nil {
		return hex.EncodeToString(h.Sum(nil)), nil
	}
	body, err := r.GetBody()
	if err != nil {
		return "", err
	}
	defer body.Close()
	if _, err := io.Copy(h, &whileContext{r, body}); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// whileContext reads until the context of r ends.
type whileContext struct {
	r    *http.Request
	body io.Reader
}

func (w *whileContext) Read(p []byte) (int, error) {
	if err := w.r.Context().Err(); err != nil {
		return 0, err
	}
	return w.body.Read(p)
}

// proves reports whether proof is the server's own answer to the request that
// had the credentials sent (RFC 7616, section 3.5). With auth-int it covers
// content that has not been read, so it is taken as given.
func (s *session) proves(proof string, sent params, user, password string) bool {
	a := answer{offer: s.offer, cnonce: sent.value("cnonce"), target: sent.value("uri")}
	a.nonce, a.qop = sent.value("nonce"), sent.value("qop")
	if a.qop != "auth" {
		return true
	}
	count, err := strconv.ParseUint(sent.value("nc"), 16, 32)
	if err != nil {
		return false
	}
	a.count = uint32(count)
	want := a.response(a.secret(user, password), "")
	return subtle.ConstantTimeCompare([]byte(strings.ToLower(proof)), []byte(want)) == 1
}
