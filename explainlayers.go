package requests

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/proxy"
)

// HidesField makes a call [redact.Marks], which its context hands to whoever
// prints.
func (c *call) HidesField(name string) bool {
	if (planMarks{c.plan}).HidesField(name) {
		return true
	}
	if c.rec == nil {
		return false
	}
	m := c.mergedMarks() // the plan has them later
	return m != nil && slices.Contains(m.secret, name)
}

// HidesParam reports whether authentication set the query key.
func (c *call) HidesParam(name string) bool { return planMarks{c.plan}.HidesParam(name) }

func (c *call) explainMethod(method string) {
	c.rec.set("method", "", http.MethodGet, fromBuiltin, "")
	if own := c.snapshot.request.Method; own != "" {
		c.rec.set("method", "", upper(own), fromSession, "")
	}
	if c.layer.Method != "" {
		c.rec.set("method", "", method, fromRequest, "")
	}
}

func (c *call) explainURL(u *url.URL, base *url.URL) {
	source, rule := fromRequest, ""
	if base != nil {
		rule = "resolved against the session's base " + redact.URL(base)
		if c.layer.BaseURL != "" && c.layer.BaseURL != c.snapshot.request.BaseURL {
			rule = "resolved against the request's base " + redact.URL(base)
		}
		if c.layer.URL == "" {
			source, rule = fromSession, "the base itself"
		}
	}
	c.rec.set("url", "", redact.Target(u), source, rule)
}

// explainPath notes the URL as it is with its path filled in.
func (c *call) explainPath() {
	f := c.rec.fact("url", "")
	target := redact.Target(c.prepared.URL)
	if f.Value == target {
		return
	}
	rules := []string{f.Rule}
	if f.Rule == "" {
		rules = nil
	}
	names := make(map[string]string)
	for name := range c.snapshot.request.PathParams {
		names[name] = fromSession
	}
	for name := range c.layer.PathParams {
		names[name] = fromRequest
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if strings.Contains(c.layer.URL+c.snapshot.request.BaseURL, "{"+name+"}") {
			rules = append(rules, "{"+name+"} of "+names[name])
		}
	}
	f.Value, f.Rule = target, strings.Join(rules, "; ")
}

// explainQuery notes the pairs of every layer. What the URL has, a raw query
// and the params stand beside one another; of params the layers override.
func (c *call) explainQuery(ownQuery, raw string, below, own []field) {
	rec := c.rec
	for _, f := range c.snapshot.params {
		rec.set("query", f.name, c.paramValue(f.name, f.values()), fromSession, "")
		if slices.ContainsFunc(below, func(b field) bool { return b.name == f.name }) {
			continue
		}
		rule := "stays with the origin of the base URL"
		if m := c.layer.marks; m != nil && m.rawSet {
			rule = "a raw query takes its place"
		}
		rec.drop("query", f.name, fromRequest, rule)
	}
	for i := range own {
		if f := &own[i]; f.removes() {
			rec.drop("query", f.name, fromRequest, "removed")
		} else {
			rec.set("query", f.name, c.paramValue(f.name, f.values()), fromRequest, "")
		}
	}
	source := fromSession
	if m := c.layer.marks; m != nil && m.rawSet {
		source = fromRequest
	}
	names, values := pairsOf(raw)
	for _, name := range names {
		rec.beside("query", name, c.paramValue(name, values[name]), source, "raw query", true)
	}
	names, values = pairsOf(ownQuery)
	for _, name := range names {
		rec.beside("query", name, c.paramValue(name, values[name]), fromRequest, "in the URL", true)
	}
}

// pairsOf returns the names in a query, once each in their order, and their values.
func pairsOf(raw string) ([]string, map[string][]string) {
	var names []string
	values := make(map[string][]string)
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		k, v = unescapeQuery(k), unescapeQuery(v)
		if _, ok := values[k]; !ok {
			names = append(names, k)
		}
		values[k] = append(values[k], v)
	}
	return names, values
}

func unescapeQuery(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// paramValue is a query key's values for printing.
func (c *call) paramValue(name string, values []string) string {
	shown := make([]string, len(values))
	for i, v := range values {
		shown[i] = redact.Param(name, v, c)
	}
	return strings.Join(shown, ", ")
}

// fieldValue is a header field's values for printing.
func (c *call) fieldValue(name string, values []string) string {
	shown := make([]string, len(values))
	for i, v := range values {
		shown[i] = redact.Field(name, v, c)
	}
	return strings.Join(shown, ", ")
}

func (c *call) explainHeader(below http.Header, host string) {
	rec := c.rec
	for k, vs := range bottomRequest.Header {
		rec.set("header", k, c.fieldValue(k, vs), fromBuiltin, "")
	}
	for k, vs := range c.snapshot.ownHeader() {
		if len(vs) == 0 {
			rec.drop("header", k, fromSession, "removed")
			continue
		}
		rec.set("header", k, c.fieldValue(k, vs), fromSession, "")
		if k == "Host" {
			if !c.atHome(&c.first.url) {
				rec.drop("header", k, fromRequest, "stays with the origin of the base URL")
			}
		} else if _, ok := below[k]; !ok {
			rec.drop("header", k, fromRequest, "stays with the origin of the base URL")
		}
	}
	own := make(http.Header)
	maps.Copy(own, canonicalHeader(c.layer.Header))
	for i := range c.layer.header {
		own[c.layer.header[i].name] = c.layer.header[i].values()
	}
	for k, vs := range own {
		if len(vs) == 0 {
			rec.drop("header", k, fromRequest, "removed")
		} else {
			rec.set("header", k, c.fieldValue(k, vs), fromRequest, "")
		}
	}
	if host == "" {
		rec.set("header", "Host", c.first.url.Host, cmp.Or(rec.source("url", ""), fromRequest), "of the URL")
	}
}

func (c *call) explainBody(req *http.Request, before http.Header) {
	rec, body := c.rec, c.layer.Body
	if body == nil {
		rec.set("body", "", "none", fromBuiltin, "")
	} else {
		rec.set("body", "", describeBody(body, req.ContentLength), fromRequest, sendable(body))
	}
	for k := range before {
		if _, ok := req.Header[k]; !ok {
			rec.drop("header", k, fromBuiltin, "the body is framed by its own length")
		}
	}
	if vs, ok := req.Header["Content-Type"]; ok {
		if had, ok := before["Content-Type"]; !ok || !slices.Equal(had, vs) {
			rec.set("header", "Content-Type", strings.Join(vs, ", "), fromRequest, "of the body")
		}
	}
}

func describeBody(body Body, length int64) string {
	kind := "bytes"
	switch b := body.(type) {
	case *bytesBody:
		switch b.contentType {
		case "application/json":
			kind = "JSON"
		case "application/x-www-form-urlencoded":
			kind = "form"
		}
	case *textBody:
		kind = "text"
	case *sectionBody, *seekBody, *onceBody, *givenBody:
		kind = "reader"
	case *fileBody:
		kind = "file " + b.path
	case *multipartBody:
		kind = "multipart of " + strconv.Itoa(len(b.contents)) + " parts"
	default:
		kind = fmt.Sprintf("%T", body)
	}
	if length < 0 {
		return kind + " of unknown length"
	}
	return kind + " of " + strconv.FormatInt(length, 10) + " bytes"
}

func sendable(body Body) string {
	if isReplayable(body) {
		return "can be sent again"
	}
	return "can be sent once"
}

// explainAuth notes the source of the credentials, what it was chosen over,
// and the fields and query keys they set.
func (c *call) explainAuth(a auth.Authenticator, source string, before http.Header, query string) {
	rec, p := c.rec, c.prepared
	rec.set("auth", "", "none", fromBuiltin, "")
	f := rec.fact("auth", "")
	sources := c.authSources(before)
	if len(sources) > 0 && sources[0].Source == source {
		sources = sources[1:]
	}
	switch {
	case a == nil:
		if vs, ok := before["Authorization"]; ok {
			f.Value, f.Source, f.Rule = c.fieldValue("Authorization", vs), rec.source("header", "Authorization"), "an Authorization field"
		}
		return
	case a == auth.None:
		f.Value, f.Source, f.Rule, f.Overrode = "none", source, "switched off", sources
		if _, ok := before["Authorization"]; ok && p.Header["Authorization"] == nil {
			rec.drop("header", "Authorization", source, "authentication is switched off")
		}
		return
	}
	f.Value, f.Source, f.Overrode = typeOrLabel(a), source, sources
	if isDeferred(a) {
		f.Rule = "sets its credentials when the request is sent"
	}
	for k, vs := range p.Header {
		if had, ok := before[k]; !ok || !slices.Equal(had, vs) {
			c.hideBelow("header", k)
			rec.set("header", k, c.fieldValue(k, vs), source, "set by authentication")
		}
	}
	if p.URL.RawQuery != query {
		_, had := pairsOf(query)
		names, now := pairsOf(p.URL.RawQuery)
		for _, name := range names {
			if !slices.Equal(had[name], now[name]) {
				c.hideBelow("query", name)
				rec.set("query", name, c.paramValue(name, now[name]), source, "set by authentication")
			}
		}
	}
	if p.body != c.layer.Body {
		rec.set("body", "", describeBody(p.body, p.ContentLength), source, "set by authentication")
	}
}

// hideBelow hides what is known of a name that has turned out to be one for
// credentials.
func (c *call) hideBelow(part, name string) {
	f := c.rec.fact(part, name)
	if f.Source != "" && !f.Absent {
		f.Value = redact.Value(f.Value)
	}
	for i := range f.Overrode {
		f.Overrode[i].Value = redact.Value(f.Overrode[i].Value)
	}
}

// authSources are the credentials that there are, the first of which counts.
func (c *call) authSources(before http.Header) []Overridden {
	var all []Overridden
	if a := c.layer.Auth; a != nil {
		all = append(all, Overridden{typeOrLabel(a), fromRequest})
	}
	if a := c.snapshot.request.Auth; a != nil {
		all = append(all, Overridden{typeOrLabel(a), fromSession})
	}
	if user := c.first.url.User; user != nil && isWeb(&c.first.url) {
		if _, ok := user.Password(); ok {
			all = append(all, Overridden{"basic", fromUserinfo})
		}
	}
	if vs, ok := before["Authorization"]; ok {
		all = append(all, Overridden{c.fieldValue("Authorization", vs), c.rec.source("header", "Authorization")})
	}
	return all
}

// typeOrLabel names an authenticator: ours by what they print, of which they
// take care, foreign ones by their type, for how they print is unknown.
func typeOrLabel(a any) string {
	if _, ok := a.(*auth.NetrcFile); ok {
		return "auth.Netrc"
	}
	t := reflect.TypeOf(a)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.PkgPath() == reflect.TypeFor[auth.NetrcFile]().PkgPath() {
		return fmt.Sprint(a)
	}
	return reflect.TypeOf(a).String()
}

// runExplained runs the Prepare hooks one by one and notes what each changed.
func (c *call) runExplained(p *PreparedRequest) error {
	c.explainPath()
	c.explainSettings()
	for _, list := range []*Hooks{&c.session.hooks, p.hooks} {
		if list == nil {
			continue
		}
		for name, hook := range list.Prepare.All() {
			before := stateOf(p)
			if err := hook(p); err != nil {
				return err
			}
			if p.Request == nil || p.URL == nil {
				return nil // prepare refuses it
			}
			c.explainHook("hook "+cmp.Or(name, "(unnamed)"), &before)
		}
	}
	return nil
}

// prepareState is what a Prepare hook may change.
type prepareState struct {
	method, target, query, host string
	header                      http.Header
	body                        any
	settings                    []setting
	proxies                     proxy.Map
	tls                         *TLS
}

func stateOf(p *PreparedRequest) prepareState {
	return prepareState{
		p.Method, redact.Target(p.URL), p.URL.RawQuery, p.Host, p.Header.Clone(), p.Request.Body,
		settingsOf(&p.Settings), maps.Clone(p.Settings.Proxies), cloneTLS(p.Settings.TLS),
	}
}

func (c *call) explainHook(source string, before *prepareState) {
	rec, p := c.rec, c.prepared
	now := stateOf(p)
	if now.method != before.method {
		rec.set("method", "", now.method, source, "")
	}
	if now.target != before.target {
		rec.set("url", "", now.target, source, "")
	}
	now.header = canonicalHeader(now.header)
	for k, vs := range now.header {
		if had, ok := before.header[k]; !ok || !slices.Equal(had, vs) {
			rec.set("header", k, c.fieldValue(k, vs), source, "")
		}
	}
	for k := range before.header {
		if _, ok := now.header[k]; !ok {
			rec.drop("header", k, source, "removed")
		}
	}
	if now.host != before.host {
		rec.set("header", "Host", now.host, source, "")
	}
	if now.query != before.query {
		_, had := pairsOf(before.query)
		names, values := pairsOf(now.query)
		for _, name := range names {
			if !slices.Equal(had[name], values[name]) {
				rec.set("query", name, c.paramValue(name, values[name]), source, "")
			}
		}
		for name := range had {
			if _, ok := values[name]; !ok {
				rec.drop("query", name, source, "removed")
			}
		}
	}
	if now.body != nil && now.body != before.body {
		rec.set("body", "", "reader", source, "")
	}
	for i, s := range now.settings {
		if s != before.settings[i] {
			rec.set(s.part, s.name, s.value, source, "")
		}
	}
	if !sameMap(now.proxies, before.proxies) {
		rec.proxies = source
	}
	if !reflect.DeepEqual(now.tls, before.tls) {
		rec.tls = source
	}
}

// explainRest notes what no step of preparing writes: what is looked up when
// the request is sent.
func (c *call) explainRest() error {
	rec, p := c.rec, c.prepared
	if err := c.prepareExchange(p.URL); err != nil {
		return err
	}
	if rec.source("body", "") != "" && p.body != nil && p.body != c.layer.Body {
		f := rec.fact("body", "")
		f.Value, f.Rule = describeBody(p.body, p.ContentLength), sendable(p.body)
	}
	c.explainFraming()
	c.explainProxy()
	c.explainTLS()
	c.explainCookies()
	for _, ring := range []struct {
		name  string
		names func(*Hooks) []string
	}{
		{"Prepare", func(h *Hooks) []string { return h.Prepare.Names() }},
		{"Send", func(h *Hooks) []string { return h.Send.Names() }},
		{"Response", func(h *Hooks) []string { return h.Response.Names() }},
		{"Complete", func(h *Hooks) []string { return h.Complete.Names() }},
	} {
		for _, name := range ring.names(&c.session.hooks) {
			rec.beside("hooks", ring.name, cmp.Or(name, "(unnamed)"), fromSession, "", false)
		}
		if p.hooks == nil {
			continue
		}
		for _, name := range ring.names(p.hooks) {
			rec.beside("hooks", ring.name, cmp.Or(name, "(unnamed)"), fromRequest, "the session's run first", false)
		}
	}
	m, err := c.session.mountFor(p.URL)
	if err != nil {
		return err
	}
	rule := "mounted at " + strconv.Quote(m.prefix) + ", the longest prefix that holds the URL"
	c.session.mu.Lock()
	around := len(c.session.middleware)
	c.session.mu.Unlock()
	if around > 0 {
		rule += "; within " + strconv.Itoa(around) + " middleware"
	}
	source := fromSession
	if m.adapter == http.RoundTripper(c.session.lease.pool.adapter) {
		source = fromBuiltin
	}
	rec.set("adapter", "", reflect.TypeOf(m.adapter).String(), source, rule)
	return nil
}

// explainFraming notes the fields that net/http writes for the body.
func (c *call) explainFraming() {
	p := c.prepared
	source := c.rec.fact("body", "").Source
	switch {
	case p.body == nil:
		if p.Method != http.MethodGet && p.Method != http.MethodHead {
			c.rec.set("header", "Content-Length", "0", fromBuiltin, "no body")
		}
	case p.ContentLength < 0:
		c.rec.set("header", "Transfer-Encoding", "chunked", source, "a body of unknown length")
	case p.ContentLength > 0 || p.Method != http.MethodGet && p.Method != http.MethodHead:
		c.rec.set("header", "Content-Length", strconv.FormatInt(p.ContentLength, 10), source, "of the body")
	}
}

// setting is one of Settings for printing. It is "" where a layer leaves it to
// those below.
type setting struct{ part, name, value string }

// settingsOf returns every number and switch of s, always the same ones.
func settingsOf(s *Settings) []setting {
	t := &s.Timeouts
	return []setting{
		{"timeout", "connect", durationText(t.Connect)},
		{"timeout", "tls handshake", durationText(t.TLSHandshake)},
		{"timeout", "read", durationText(t.Read)},
		{"timeout", "total", durationText(t.Total)},
		{"setting", "max redirects", numberText(int64(s.MaxRedirects))},
		{"setting", "max body", numberText(s.MaxBody)},
		{"setting", "environment", switchText(s.Environment)},
		{"setting", "stream", switchText(s.Stream)},
		{"setting", "raise for status", switchText(s.RaiseForStatus)},
		{"setting", "timings", switchText(s.Timings)},
	}
}

func durationText(d time.Duration) string {
	if d <= 0 {
		return numberText(int64(d))
	}
	return d.String()
}

func numberText(n int64) string {
	switch {
	case n < 0:
		return "none"
	case n == 0:
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func switchText(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}

// explainSettings notes the numbers and switches, layer by layer.
func (c *call) explainSettings() {
	low := builtin()
	for i, s := range []*Settings{&low, c.snapshot.own, &c.layer.Settings} {
		for _, v := range settingsOf(s) {
			if v.value != "" {
				c.rec.set(v.part, v.name, v.value, []string{fromBuiltin, fromSession, fromRequest}[i], "")
			} else if i == 0 {
				c.rec.set(v.part, v.name, "none", fromBuiltin, "")
			}
		}
	}
	if c.prepared.Method == http.MethodHead && !c.prepared.headFollows {
		c.rec.fact("setting", "max redirects").Rule = "HEAD follows redirects only when the call itself sets this"
	}
}

// explainProxy notes the proxy, the key that named it, and what that was
// chosen over: the most particular key first, of one key the highest layer.
func (c *call) explainProxy() {
	rec, a := c.rec, &c.ctx.settings
	value := func(raw string) string {
		if raw == "" {
			return "direct"
		}
		return redact.RawURL(raw)
	}
	rec.set("proxy", "", "direct", fromBuiltin, "")
	found := c.proxyCandidates()
	for i, f := range slices.Backward(found) {
		if i+1 < len(found) && found[i+1].raw == f.raw && found[i+1].source == f.source {
			rec.fact("proxy", "").Rule = "key " + strconv.Quote(f.key)
			continue // one option names several keys
		}
		rec.set("proxy", "", value(f.raw), f.source, "key "+strconv.Quote(f.key))
	}
	if a.Proxy == nil {
		if f := rec.fact("proxy", ""); f.Value != "direct" {
			source, rule := c.proxyException()
			rec.set("proxy", "", "direct", source, rule)
		}
		return
	}
	rec.fact("proxy", "").Value = redact.URL(a.Proxy)
	if a.ProxyAuth != nil {
		source := fromSession
		if c.layer.ProxyAuth != nil {
			source = fromRequest
		}
		rec.set("proxy", "auth", typeOrLabel(a.ProxyAuth), source, "")
	} else if a.Proxy.User != nil {
		rec.set("proxy", "auth", "userinfo", rec.fact("proxy", "").Source, "userinfo of the proxy's URL")
	}
	if a.ProxyTLS != nil && a.Proxy.Scheme == "https" {
		source := fromSession
		if c.layer.ProxyTLS != nil {
			source = fromRequest
		}
		rec.set("proxy", "tls", "trust of its own", source, "TLS of the origin never applies to the proxy")
	}
}

type proxyCandidate struct{ key, raw, source string }

// proxyCandidates are the keys that fit the URL, in the order they count.
func (c *call) proxyCandidates() []proxyCandidate {
	p := c.prepared
	if !isWeb(p.URL) {
		return nil
	}
	explicit, useEnvironment := p.proxies, *p.Settings.Environment
	if c.rec.proxies != "" {
		explicit, useEnvironment = p.Settings.Proxies, false
	}
	env := currentEnvironment().env
	var found []proxyCandidate
	host := strings.ToLower(p.URL.Hostname())
	for _, key := range []string{p.URL.Scheme + "://" + host, p.URL.Scheme, "all://" + host, "all"} {
		if raw, ok := explicit[key]; ok {
			found = append(found, proxyCandidate{key, raw, c.proxySource(key)})
			if _, ok := c.layer.Proxies[key]; ok && c.rec.proxies == "" {
				if raw, ok := c.snapshot.request.Proxies[key]; ok {
					found = append(found, proxyCandidate{key, raw, fromSession})
				}
			}
		}
		if raw, ok := env.Proxies[key]; ok && useEnvironment {
			found = append(found, proxyCandidate{key, raw, "environment " + variableOf(key+"_proxy")})
		}
	}
	return found
}

// proxySource is the layer of an explicit key.
func (c *call) proxySource(key string) string {
	if c.rec.proxies != "" {
		return c.rec.proxies
	}
	if _, ok := c.layer.Proxies[key]; ok {
		return fromRequest
	}
	return fromSession
}

// proxyException says why no proxy is used although one is named.
func (c *call) proxyException() (source, rule string) {
	if _, ok := c.prepared.Settings.Proxies[noProxyKey]; ok {
		return c.proxySource(noProxyKey), "an exception of " + strconv.Quote(noProxyKey)
	}
	name := variableOf(noProxyKey)
	return "environment " + name, "an exception of " + name
}

// variableOf returns the spelling of a variable that counts.
func variableOf(name string) string {
	if _, ok := os.LookupEnv(name); ok {
		return name
	}
	return strings.ToUpper(name)
}

// explainTLS notes the trust for the origin, field by field.
func (c *call) explainTLS() {
	if c.prepared.URL.Scheme != "https" {
		return
	}
	final := tlsOf(c.ctx.settings.TLS)
	below, own := tlsOf(c.snapshot.request.TLS), tlsOf(c.layer.TLS)
	for i, f := range final {
		builtin := [...]string{"true", "the system's", "none", "the URL's host", tls.VersionName(tls.VersionTLS12), "none"}[i]
		c.rec.set("tls", f.name, builtin, fromBuiltin, "")
		if below[i].value != "" {
			c.rec.set("tls", f.name, below[i].value, fromSession, "")
		}
		if own[i].value != "" {
			c.rec.set("tls", f.name, own[i].value, fromRequest, "")
		}
		if value := cmp.Or(f.value, builtin); value != c.rec.fact("tls", f.name).Value {
			source, rule := c.tlsSource(value)
			c.rec.set("tls", f.name, value, source, rule)
		}
	}
}

// tlsSource says what gave a field of the trust a value that no layer names.
func (c *call) tlsSource(value string) (source, rule string) {
	switch {
	case c.rec.tls != "":
		return c.rec.tls, ""
	case value == environmentBundle():
		if os.Getenv("REQUESTS_CA_BUNDLE") != "" {
			return "environment REQUESTS_CA_BUNDLE", ""
		}
		return "environment CURL_CA_BUNDLE", ""
	}
	return fromRequest, "what the request sets takes the place of the session's"
}

// tlsOf returns the fields of t for printing, always the same ones; "" where
// nothing is set.
func tlsOf(t *TLS) []setting {
	if t == nil {
		t = new(TLS)
	}
	roots := t.CABundle
	if t.RootCAs != nil {
		roots = "a pool in code"
		if t.CABundle != "" {
			roots += " and " + t.CABundle
		}
	}
	client := t.ClientCert
	if n := len(t.Certificates); n > 0 {
		client = strings.TrimPrefix(client+" and "+strconv.Itoa(n)+" in code", " and ")
	}
	version, config := "", ""
	if t.MinVersion != 0 {
		version = tls.VersionName(t.MinVersion)
	}
	if t.Config != nil {
		config = "set in code"
	}
	return []setting{
		{"tls", "verify", switchText(t.Verify)},
		{"tls", "roots", roots},
		{"tls", "client certificate", client},
		{"tls", "server name", t.ServerName},
		{"tls", "minimum version", version},
		{"tls", "config", config},
	}
}

// explainCookies notes the pairs of the Cookie field, as the exchange makes it.
func (c *call) explainCookies() {
	rec, p := c.rec, c.prepared
	source, rule := "cookie jar", ""
	own := 0
	var field string
	if vs, ok := p.Header["Cookie"]; ok {
		field = strings.Join(vs, "; ")
		source, rule = rec.source("header", "Cookie"), "a Cookie field: the jar adds nothing"
	} else {
		c.home = p.URL
		field = c.cookieField(p.URL)
		own = len(p.cookies)
	}
	if field == "" {
		return
	}
	for i, pair := range strings.Split(field, ";") {
		name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok {
			name, value = "", name
		}
		from := source
		if i < own {
			from = fromSession
			if slices.Contains(c.layer.Cookies, p.cookies[i]) {
				from = fromRequest
			}
		}
		rec.beside("cookie", name, redact.Value(value), from, rule, false)
	}
}
