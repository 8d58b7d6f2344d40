package requests

import (
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seed-3bbad739/requests/internal/redact"
)

// CurlOption changes what [PreparedRequest.Curl] writes.
type CurlOption func(*curl)

// CurlWithSecrets makes the command complete: credentials, cookies and other
// secrets are in it as they are sent.
func CurlWithSecrets() CurlOption { return func(c *curl) { c.secrets = true } }

// Curl returns a command that sends the request by curl, for /bin/sh as it is:
// this one request, without redirects, the cookies of the jar and what
// authentication adds when the request is sent. Marks stand in the place of
// secrets; see [CurlWithSecrets]. What the command leaves out is said in a
// comment behind it.
//
// Text goes into the command, other content through base64. A body that can be
// read once, that is of a foreign type, or that is longer than 1 MiB is not
// opened: a placeholder is sent in its place.
func (p *PreparedRequest) Curl(opts ...CurlOption) string {
	c := &curl{p: p}
	for _, o := range opts {
		if o != nil {
			o(c)
		}
	}
	if p == nil || p.Request == nil || p.URL == nil {
		return "# there is no request"
	}
	c.method()
	c.header()
	c.body()
	c.proxy()
	c.tls()
	c.limits()
	c.url()
	var b strings.Builder
	if c.piped != "" {
		b.WriteString("printf %s " + c.piped + " | base64 -d |\n")
	}
	b.WriteString("curl")
	for _, a := range c.args {
		b.WriteString(" \\\n  " + a)
	}
	for _, n := range c.notes {
		b.WriteString("\n# " + strings.ReplaceAll(redact.Text(n), "\n", " "))
	}
	return b.String()
}

const (
	maxCurlBody   = 1 << 20  // bytes of a body that are put into a command
	maxCurlInline = 96 << 10 // bytes of one argument: systems allow 128 KiB and more
)

// curl is a command in the making.
type curl struct {
	p       *PreparedRequest
	secrets bool
	args    []string
	piped   string // what goes through base64 into the command
	notes   []string
}

func (c *curl) add(flag, value string) { c.args = append(c.args, flag+" "+shellQuote(value)) }

func (c *curl) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// shellQuote returns s as one word of a POSIX shell.
func shellQuote(s string) string {
	plain := s != ""
	for i := 0; i < len(s); i++ {
		if b := s[i]; !unreserved.has(b) && !strings.ContainsRune("/:@%+=,", rune(b)) || b == '~' {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func (c *curl) verb() string {
	if c.p.Method == "" {
		return http.MethodGet
	}
	return c.p.Method
}

func (c *curl) hasBody() bool {
	return c.p.body != nil || c.p.Request.Body != nil && c.p.Request.Body != http.NoBody
}

// sendsBody reports whether there is a body to name, an empty one included:
// all methods but two announce that they have none.
func (c *curl) sendsBody() bool {
	switch c.verb() {
	case http.MethodHead:
		return false
	case http.MethodGet:
		return c.hasBody() && c.p.ContentLength != 0
	}
	return true
}

func (c *curl) method() {
	switch m := c.verb(); {
	case m == http.MethodHead:
		c.args = append(c.args, "--head")
		if c.hasBody() {
			c.note("curl sends no body with HEAD")
		}
	case m == http.MethodGet && !c.sendsBody(), m == http.MethodPost:
	default:
		c.add("--request", m)
	}
}

func (c *curl) header() {
	h := canonicalHeader(c.p.Header)
	if strings.TrimSpace(h.Get("User-Agent")) == "" {
		h = h.Clone()
		h.Del("User-Agent") // net/http sends none then
	}
	host := c.p.Host
	if own := h["Host"]; len(own) > 0 {
		host = own[0] // set by hand: Send takes it
	}
	if host != "" && host != c.p.URL.Host {
		c.add("--header", "Host: "+host)
	}
	for _, k := range slices.Sorted(maps.Keys(h)) {
		switch k {
		case "Host", "Content-Length", "Proxy-Authorization":
			continue
		}
		for _, v := range h[k] {
			c.field("--header", k, v)
		}
		if k == "Accept-Encoding" && len(h[k]) > 0 {
			c.args = append(c.args, "--compressed")
		}
	}
	if _, ok := h["Cookie"]; !ok && len(c.p.cookies) > 0 && !c.p.cookie.lacksJar() { // else somebody has taken them out
		own := &call{plan: &c.p.plan}
		own.home = c.p.URL
		if field := own.cookieField(c.p.URL); field != "" {
			c.field("--header", "Cookie", field)
		}
	}
	// What curl sends unless it is told not to.
	own := []string{"Accept", "User-Agent"}
	if c.sendsBody() {
		own = append(own, "Content-Type")
		if n := c.p.ContentLength; n < 0 || n >= 1<<20 {
			own = append(own, "Expect")
		}
		if c.hasBody() && c.p.ContentLength < 0 {
			c.add("--header", "Transfer-Encoding: chunked")
		}
	}
	for _, k := range own {
		if len(h[k]) == 0 {
			c.add("--header", k+":")
		}
	}
	if a := c.p.auth; a != nil && isDeferred(a) {
		c.note("left out: what %s sets when the request is sent", typeOrLabel(a))
	}
}

func (c *curl) field(flag, name, value string) {
	if strings.TrimSpace(value) == "" {
		c.add(flag, name+";")
		return
	}
	if !c.secrets {
		value = redact.Field(name, value, planMarks{&c.p.plan})
	}
	c.add(flag, name+": "+value)
}

func (c *curl) body() {
	switch {
	case !c.sendsBody():
		return
	case !c.hasBody():
		c.add("--data-raw", "")
		return
	}
	content, reason := c.content()
	if reason != "" {
		c.add("--data-raw", "["+reason+"]")
		return
	}
	kind := c.p.Header.Get("Content-Type")
	if !c.secrets {
		encoded := len(c.p.Header["Content-Encoding"]) > 0
		isMultipart := hasPrefixFold(kind, "multipart/form-data")
		if !isMultipart && !isPlain(content) && redact.IsText(kind) || encoded && redact.IsText(kind) {
			c.add("--data-raw", "[content that is not shown: it cannot be searched for secrets]")
			return
		}
		if isMultipart || isPlain(content) {
			content = redact.Body(kind, content)
		}
	}
	if quoted := shellQuote(string(content)); isPlain(content) && len(quoted) <= maxCurlInline {
		c.args = append(c.args, "--data-raw "+quoted)
		return
	}
	c.piped = "'" + base64.StdEncoding.EncodeToString(content) + "'"
	c.args = append(c.args, "--data-binary @-")
}

// content returns what can be read without taking it from the request, or why
// it is not shown.
func (c *curl) content() (content []byte, reason string) {
	open := c.p.Request.GetBody
	switch b := c.p.body.(type) {
	case nil:
	case *bytesBody, *textBody, *sectionBody, *seekBody:
		open = b.Open
	case *multipartBody:
		if open = b.Open; !ownParts(b) {
			return nil, "a body with a part that can be read once, which is not opened"
		}
	case *givenBody:
		open = b.get
	default:
		if open = nil; isReplayable(b) {
			return nil, fmt.Sprintf("a %T, which is not opened", b)
		}
	}
	if open == nil {
		return nil, "a body that can be read once, which is not opened"
	}
	if n := c.p.ContentLength; n > maxCurlBody {
		return nil, "a body of " + strconv.FormatInt(n, 10) + " bytes"
	}
	rc, err := open()
	if err != nil {
		return nil, "a body that cannot be opened now"
	}
	defer rc.Close()
	content, err = io.ReadAll(io.LimitReader(rc, maxCurlBody+1))
	switch {
	case err != nil:
		return nil, "a body that cannot be read"
	case len(content) > maxCurlBody:
		return nil, "a body of more than " + strconv.Itoa(maxCurlBody) + " bytes"
	}
	return content, ""
}

// ownParts reports whether every part can be opened without being taken away.
func ownParts(m *multipartBody) bool {
	for _, part := range m.contents {
		switch part.(type) {
		case *bytesBody, *textBody, *sectionBody, *seekBody, *fileBody:
			if !isReplayable(part) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// isPlain reports whether content can stand in a command that people read.
func isPlain(content []byte) bool {
	if !utf8.Valid(content) {
		return false
	}
	for _, b := range content {
		if b < ' ' && b != '\n' && b != '\t' && b != '\r' || b == 0x7f {
			return false
		}
	}
	return true
}

func (c *curl) proxy() {
	s := &c.p.Settings
	explicit, env := s.Proxies, (*environmentProxies)(nil)
	if s.Environment != nil && sameMap(s.Proxies, c.p.merged) {
		if explicit = c.p.proxies; *s.Environment {
			env = environmentFor(c.p.URL)
		}
	}
	u, err := selectProxy(explicit, nil, env, c.p.URL)
	switch {
	case err != nil:
		c.note("left out: a proxy that is no URL")
		return
	case u == nil:
		// curl would follow the variables that were decided against.
		if len(currentEnvironment().env.Proxies) > 0 {
			c.add("--noproxy", "*")
		}
		return
	}
	shown := *u
	shown.User = nil
	if user := u.User; user != nil {
		password, _ := user.Password()
		credentials := user.Username() + ":" + password
		if !c.secrets {
			credentials = redact.Mask + ":" + redact.Mask
		}
		defer c.add("--proxy-user", credentials)
	}
	c.add("--proxy", shown.String())
	for _, v := range canonicalHeader(c.p.Header)["Proxy-Authorization"] {
		c.field("--proxy-header", "Proxy-Authorization", v)
	}
	if by := proxyAuthFor(u, s.ProxyAuth, explicit, env); by != nil {
		c.note("left out: what %s sets for the proxy", typeOrLabel(by))
	}
	if s.ProxyTLS != nil && u.Scheme == "https" {
		c.note("left out: the trust for the proxy")
	}
}

func (c *curl) tls() {
	t := c.p.Settings.TLS
	if t == nil || c.p.URL.Scheme != "https" {
		return
	}
	if t.Verify != nil && !*t.Verify {
		c.args = append(c.args, "--insecure")
	}
	if t.CABundle != "" {
		if isDir(t.CABundle) {
			c.add("--capath", t.CABundle)
		} else {
			c.add("--cacert", t.CABundle)
		}
	}
	if t.ClientCert != "" {
		c.add("--cert", certPath.Replace(t.ClientCert))
	}
	if t.ClientKey != "" {
		c.add("--key", t.ClientKey)
	}
	for _, f := range tlsOf(&TLS{RootCAs: t.RootCAs, Certificates: t.Certificates, ServerName: t.ServerName, MinVersion: t.MinVersion, Config: t.Config}) {
		if f.value != "" {
			c.note("left out: %s, %s", f.name, f.value)
		}
	}
}

// limits names the times that differ from what a session begins with.
func (c *curl) limits() {
	t, low := c.p.Settings.Timeouts, builtin().Timeouts
	if t.Connect > 0 && t.Connect != low.Connect {
		c.add("--connect-timeout", strconv.FormatFloat(t.Connect.Seconds(), 'f', -1, 64))
	}
	if t.Total > 0 {
		c.add("--max-time", strconv.FormatFloat(t.Total.Seconds(), 'f', -1, 64))
	}
}

func (c *curl) url() {
	u := *c.p.URL
	u.User = nil
	u.Fragment, u.RawFragment = "", ""
	s := u.String()
	if !c.secrets {
		s = redact.Marked(&u, planMarks{&c.p.plan})
	}
	if strings.ContainsAny(s, "[]{}") {
		c.args = append(c.args, "--globoff")
	}
	c.add("--path-as-is", s)
}

// certPath escapes what curl would take for the start of a password.
var certPath = strings.NewReplacer(`\`, `\\`, ":", `\:`)

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
