package requests

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/redact"
)

// Explanation says what a request will be, and which layer said so. Secrets
// are hidden.
type Explanation struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	// Facts are in the order in which a request is made: method, URL, query,
	// header, cookies, body, settings, authentication, hooks, adapter.
	Facts []Fact `json:"facts"`
}

// Fact is one part of a request, with where it comes from.
type Fact struct {
	Part   string `json:"part"`           // "header", "query", "proxy", …
	Name   string `json:"name,omitempty"` // of the field, parameter or setting
	Value  string `json:"value"`          // without secrets; "" with Absent
	Absent bool   `json:"absent,omitempty"`
	// Source is the layer: "built-in", "environment NAME", "netrc FILE:LINE",
	// "session", "request", "hook NAME", "cookie jar".
	Source string `json:"source"`
	// Overrode are the values of layers below that this one took the place
	// of, the last one first.
	Overrode []Overridden `json:"overrode,omitempty"`
	Rule     string       `json:"rule,omitempty"` // why, where it does not go without saying
}

// Overridden is a value that did not come to count.
type Overridden struct {
	Value  string `json:"value"`
	Source string `json:"source"`
}

// Explain says of every part of the request that r would become which layer
// set it, what it overrode, and by which rule. It runs the code of
// [Session.Prepare], Prepare hooks included: no network, no body is opened,
// and authenticators that wait for the exchange are named but not run.
func (s *Session) Explain(ctx context.Context, r *Request) (*Explanation, error) {
	c, err := s.newCall(ctx, r)
	if err != nil {
		return nil, err
	}
	c.rec = newRecorder()
	if err := c.prepare(); err != nil {
		return nil, err
	}
	c.explainRest()
	p := &c.prepared
	return &Explanation{Method: p.Method, URL: redact.URL(p.URL), Facts: c.rec.list()}, nil
}

// String is a table for people.
func (e *Explanation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", e.Method, e.URL)
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, f := range e.Facts {
		value := printable(f.Value)
		if f.Absent {
			value = "(absent)"
		}
		name := f.Part
		if f.Name != "" {
			name += " " + f.Name
		}
		var notes []string
		for _, o := range f.Overrode {
			notes = append(notes, "over "+printable(o.Value)+" of "+o.Source)
		}
		if f.Rule != "" {
			notes = append(notes, f.Rule)
		}
		line := name + "\t" + value + "\t" + f.Source
		if len(notes) > 0 {
			line += "\t" + strings.Join(notes, "; ")
		}
		fmt.Fprintln(w, line)
	}
	w.Flush()
	return b.String()
}

// MarshalJSON writes the explanation for tools.
func (e *Explanation) MarshalJSON() ([]byte, error) {
	type plain Explanation
	return json.Marshal((*plain)(e))
}

const (
	fromBuiltin = "built-in"
	fromSession = "session"
	fromRequest = "request"

	fromUserinfo = "userinfo of the URL"
)

// recorder notes who writes what while a request is prepared. Prepare asks
// `if rec != nil` before it says anything, so that without one it costs nothing.
type recorder struct {
	facts map[[2]string]*Fact
	order []*Fact
}

func newRecorder() *recorder { return &recorder{facts: make(map[[2]string]*Fact)} }

// set notes a value that takes the place of the one before.
func (r *recorder) set(part, name, value, source, rule string) {
	f := r.fact(part, name)
	if f.Source != "" && !f.Absent {
		f.Overrode = slices.Insert(f.Overrode, 0, Overridden{f.Value, f.Source})
	}
	f.Value, f.Source, f.Rule, f.Absent = value, source, rule, false
}

// drop notes that a value was taken away.
func (r *recorder) drop(part, name, source, rule string) {
	f, ok := r.facts[[2]string{part, name}]
	if !ok || f.Absent {
		return
	}
	f.Overrode = slices.Insert(f.Overrode, 0, Overridden{f.Value, f.Source})
	f.Value, f.Source, f.Rule, f.Absent = "", source, rule, true
}

func (r *recorder) fact(part, name string) *Fact {
	key := [2]string{part, name}
	f, ok := r.facts[key]
	if !ok {
		f = &Fact{Part: part, Name: name}
		r.facts[key] = f
		r.order = append(r.order, f)
	}
	return f
}

// parts are in the order they are listed in.
var parts = []string{"method", "url", "query", "header", "cookie", "body", "proxy", "tls", "timeout", "setting", "auth", "hooks", "adapter"}

func (r *recorder) list() []Fact {
	slices.SortStableFunc(r.order, func(a, b *Fact) int {
		if d := slices.Index(parts, a.Part) - slices.Index(parts, b.Part); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	out := make([]Fact, len(r.order))
	for i, f := range r.order {
		out[i] = *f
	}
	return out
}

func (c *call) explainMethod(method string) {
	c.rec.set("method", "", http.MethodGet, fromBuiltin, "")
	if c.snapshot.own.Method != "" {
		c.rec.set("method", "", c.snapshot.own.Method, fromSession, "")
	}
	if c.layer.Method != "" {
		c.rec.set("method", "", method, fromRequest, "")
	}
}

func (c *call) explainURL(u *url.URL, base *url.URL) {
	target := *u
	target.RawQuery, target.ForceQuery = "", false
	rule := ""
	if base != nil {
		rule = "resolved against " + redact.URL(base)
	}
	c.rec.set("url", "", redact.URL(&target), fromRequest, rule)
}

// explainQuery notes the pairs of every layer, in the order they are laid.
func (c *call) explainQuery(ownQuery, raw string, below, own []field) {
	for name, values := range pairsOf(ownQuery) {
		c.rec.set("query", name, values, fromRequest, "in the URL")
	}
	for name, values := range pairsOf(raw) {
		c.rec.set("query", name, values, fromRequest, "raw query")
	}
	for i := range below {
		c.rec.add("query", below[i].name, hiddenValue(below[i].name, below[i].values()), fromSession)
	}
	for _, f := range c.snapshot.params {
		if !slices.ContainsFunc(below, func(b field) bool { return b.name == f.name }) {
			c.rec.set("query", f.name, hiddenValue(f.name, f.values()), fromSession, "")
			c.rec.drop("query", f.name, fromRequest, "stays with the origin of the base URL, or a raw query took its place")
		}
	}
	for i := range own {
		f := &own[i]
		if f.remove {
			c.rec.drop("query", f.name, fromRequest, "removed")
			continue
		}
		c.rec.set("query", f.name, hiddenValue(f.name, f.values()), fromRequest, "")
	}
}

// add notes a value that stands beside one already there.
func (r *recorder) add(part, name, value, source string) {
	if f, ok := r.facts[[2]string{part, name}]; ok && !f.Absent {
		f.Value += ", " + value
		f.Source += " and " + source
		return
	}
	r.set(part, name, value, source, "")
}

func pairsOf(raw string) map[string]string {
	out := make(map[string]string)
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		if d, err := url.QueryUnescape(k); err == nil {
			k = d
		}
		if d, err := url.QueryUnescape(v); err == nil {
			v = d
		}
		v = hiddenValue(k, []string{v})
		if had, ok := out[k]; ok {
			v = had + ", " + v
		}
		out[k] = v
	}
	return out
}

func hiddenValue(name string, values []string) string {
	if redact.SecretKey(name) {
		return redact.Mask
	}
	return strings.Join(values, ", ")
}

// fieldValue is a header field's value for printing.
func (c *call) fieldValue(name string, values []string) string {
	secret, _, _ := c.secretMarks()
	if slices.Contains(secret, name) || slices.Contains(c.prepared.authSet, name) && !redact.SecretName(name) {
		return redact.Mask
	}
	return redact.Header(name, strings.Join(values, ", "))
}

func (c *call) explainHeader(below http.Header, host string) {
	builtin := bottom().request.Header
	for k, vs := range builtin {
		c.rec.set("header", k, c.fieldValue(k, vs), fromBuiltin, "")
	}
	for k, vs := range c.snapshot.own.Header {
		if len(vs) == 0 {
			c.rec.drop("header", k, fromSession, "removed")
			continue
		}
		c.rec.set("header", k, c.fieldValue(k, vs), fromSession, "")
		if _, ok := below[k]; !ok && k != "Host" || k == "Host" && host == "" {
			c.rec.drop("header", k, fromRequest, "stays with the origin of the base URL")
		}
	}
	for k, vs := range canonicalHeader(c.layer.Header) {
		if len(vs) == 0 {
			c.rec.drop("header", k, fromRequest, "removed")
		} else {
			c.rec.set("header", k, c.fieldValue(k, vs), fromRequest, "")
		}
	}
	for i := range c.layer.header {
		f := &c.layer.header[i]
		if f.remove {
			c.rec.drop("header", f.name, fromRequest, "removed")
		} else {
			c.rec.set("header", f.name, c.fieldValue(f.name, f.values()), fromRequest, "")
		}
	}
}

func (c *call) explainBody(req *http.Request, before http.Header) {
	body := c.layer.Body
	if body == nil {
		c.rec.set("body", "", "none", fromBuiltin, "")
	} else {
		kind := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", body), "*requests."), "Body")
		length := "of unknown length"
		if req.ContentLength >= 0 {
			length = strconv.FormatInt(req.ContentLength, 10) + " bytes"
		}
		rule := "can be sent again"
		if !isReplayable(body) {
			rule = "can be sent once"
		}
		c.rec.set("body", "", kind+", "+length, fromRequest, rule)
	}
	for k := range before {
		if _, ok := req.Header[k]; !ok {
			c.rec.drop("header", k, fromBuiltin, "the body is framed by net/http")
		}
	}
	if vs, ok := req.Header["Content-Type"]; ok {
		if had, ok := before["Content-Type"]; !ok || !slices.Equal(had, vs) {
			c.rec.set("header", "Content-Type", strings.Join(vs, ", "), fromRequest, "by the body")
		}
	}
}

// explainAuth notes the source of the credentials and the fields they set.
func (c *call) explainAuth(a auth.Authenticator, source string, before http.Header, query string) {
	rule := ""
	switch {
	case a == nil:
		if vs, ok := before["Authorization"]; ok {
			c.rec.set("auth", "", redact.Header("Authorization", strings.Join(vs, ", ")), c.rec.fact("header", "Authorization").Source, "an Authorization field")
		} else {
			c.rec.set("auth", "", "none", fromBuiltin, "")
		}
		return
	case a == auth.None:
		c.rec.set("auth", "", "none", source, "switched off")
		if _, ok := before["Authorization"]; ok {
			if _, ok := c.prepared.Header["Authorization"]; !ok {
				c.rec.drop("header", "Authorization", source, "authentication is switched off")
			}
		}
		return
	case isDeferred(a):
		rule = "authenticates when the request is sent"
	}
	c.rec.set("auth", "", fmt.Sprint(a), source, rule)
	for k, vs := range c.prepared.Header {
		if !slices.Equal(before[k], vs) {
			c.rec.set("header", k, c.fieldValue(k, vs), source, "by authentication")
		}
	}
	if c.prepared.URL.RawQuery != query {
		for name, values := range pairsOf(c.prepared.URL.RawQuery) {
			if f := c.rec.fact("query", name); f.Source == "" || f.Value != values {
				c.rec.set("query", name, redact.Mask, source, "by authentication")
			}
		}
	}
}

// runExplained runs the Prepare hooks one by one and notes what each changed.
func (c *call) runExplained(p *PreparedRequest) error {
	for _, list := range []*Hooks{&c.session.hooks, p.hooks} {
		if list == nil {
			continue
		}
		for name, hook := range list.Prepare.All() {
			before, query, method := p.Header.Clone(), p.URL.RawQuery, p.Method
			if err := hook(p); err != nil {
				return err
			}
			if p.Request == nil || p.URL == nil {
				return nil // prepare refuses it
			}
			c.explainHook("hook "+hookName(name), before, query, method)
		}
	}
	return nil
}

func (c *call) explainHook(source string, before http.Header, query, method string) {
	p := &c.prepared
	if p.Method != method {
		c.rec.set("method", "", p.Method, source, "")
	}
	after := canonicalHeader(p.Header)
	for k, vs := range after {
		if had, ok := before[k]; !ok || !slices.Equal(had, vs) {
			c.rec.set("header", k, c.fieldValue(k, vs), source, "")
		}
	}
	for k := range before {
		if _, ok := after[k]; !ok {
			c.rec.drop("header", k, source, "removed")
		}
	}
	if p.URL.RawQuery != query {
		now := pairsOf(p.URL.RawQuery)
		for name, values := range now {
			c.rec.set("query", name, values, source, "")
		}
		for name := range pairsOf(query) {
			if _, ok := now[name]; !ok {
				c.rec.drop("query", name, source, "removed")
			}
		}
	}
}

func hookName(name string) string {
	if name == "" {
		return "(unnamed)"
	}
	return name
}

// explainRest notes what no step of preparing writes: what is looked up when
// the request is sent.
func (c *call) explainRest() {
	p := &c.prepared
	c.explainSettings()
	c.explainProxy()
	c.explainTLS()
	c.explainCookies()
	for _, ring := range []struct {
		name  string
		lists [2][]string
	}{
		{"Prepare", [2][]string{c.session.hooks.Prepare.Names(), namesOf(p.hooks, func(h *Hooks) []string { return h.Prepare.Names() })}},
		{"Send", [2][]string{c.session.hooks.Send.Names(), namesOf(p.hooks, func(h *Hooks) []string { return h.Send.Names() })}},
		{"Response", [2][]string{c.session.hooks.Response.Names(), namesOf(p.hooks, func(h *Hooks) []string { return h.Response.Names() })}},
		{"Complete", [2][]string{c.session.hooks.Complete.Names(), namesOf(p.hooks, func(h *Hooks) []string { return h.Complete.Names() })}},
	} {
		for i, source := range []string{fromSession, fromRequest} {
			for _, name := range ring.lists[i] {
				c.rec.add("hooks", ring.name, hookName(name), source)
			}
		}
	}
	if m, err := c.session.mountFor(p.URL); err == nil {
		rule := "the longest prefix that holds the URL: " + strconv.Quote(m.prefix)
		c.rec.set("adapter", "", reflect.TypeOf(m.adapter).String(), fromSession, rule)
	}
}

func namesOf(h *Hooks, names func(*Hooks) []string) []string {
	if h == nil {
		return nil
	}
	return names(h)
}

// explainSettings notes the numbers and switches, layer by layer.
func (c *call) explainSettings() {
	low, own, call := builtin(), &c.snapshot.own.Settings, &c.layer.Settings
	duration := func(name string, get func(*Settings) time.Duration) {
		c.explainLayers("timeout", name, get(&low) != 0, func(s *Settings) (string, bool) {
			d := get(s)
			if d < 0 {
				return "none", true
			}
			return d.String(), d != 0
		}, &low, own, call)
	}
	duration("connect", func(s *Settings) time.Duration { return s.Timeouts.Connect })
	duration("tls handshake", func(s *Settings) time.Duration { return s.Timeouts.TLSHandshake })
	duration("read", func(s *Settings) time.Duration { return s.Timeouts.Read })
	duration("total", func(s *Settings) time.Duration { return s.Timeouts.Total })
	number := func(name string, get func(*Settings) int64) {
		c.explainLayers("setting", name, true, func(s *Settings) (string, bool) {
			n := get(s)
			if n < 0 {
				return "none", true
			}
			return strconv.FormatInt(n, 10), n != 0
		}, &low, own, call)
	}
	number("max redirects", func(s *Settings) int64 { return int64(s.MaxRedirects) })
	number("max body", func(s *Settings) int64 { return s.MaxBody })
	truth := func(name string, get func(*Settings) *bool) {
		c.explainLayers("setting", name, true, func(s *Settings) (string, bool) {
			b := get(s)
			return fmt.Sprint(b != nil && *b), b != nil
		}, &low, own, call)
	}
	truth("environment", func(s *Settings) *bool { return s.Environment })
	truth("stream", func(s *Settings) *bool { return s.Stream })
	truth("raise for status", func(s *Settings) *bool { return s.RaiseForStatus })
	truth("timings", func(s *Settings) *bool { return s.Timings })
	if c.prepared.Method == http.MethodHead && !c.prepared.headFollows {
		c.rec.fact("setting", "max redirects").Rule = "HEAD follows redirects only when the call itself sets this"
	}
}

func (c *call) explainLayers(part, name string, _ bool, value func(*Settings) (string, bool), layers ...*Settings) {
	for i, s := range layers {
		if v, ok := value(s); ok {
			c.rec.set(part, name, v, []string{fromBuiltin, fromSession, fromRequest}[i], "")
		}
	}
	if f := c.rec.fact(part, name); f.Source == "" {
		f.Value, f.Source = "none", fromBuiltin
	}
}

// explainProxy follows selectProxy's keys and notes which layer has the first.
func (c *call) explainProxy() {
	p := &c.prepared
	useEnvironment := p.Settings.Environment != nil && *p.Settings.Environment
	chosen, err := selectProxy(p.proxies, c.snapshot.proxies, useEnvironment, p.URL)
	if err != nil {
		return // prepare has refused it
	}
	if chosen == nil {
		source, rule := fromBuiltin, ""
		if k, s := c.proxySource(useEnvironment); k != "" {
			source, rule = s, "key "+strconv.Quote(k)
		}
		c.rec.set("proxy", "", "direct", source, rule)
		return
	}
	key, source := c.proxySource(useEnvironment)
	c.rec.set("proxy", "", redact.URL(chosen), source, "key "+strconv.Quote(key))
	if p.Settings.ProxyAuth != nil {
		from := fromSession
		if c.layer.ProxyAuth != nil {
			from = fromRequest
		}
		c.rec.set("proxy", "auth", fmt.Sprint(p.Settings.ProxyAuth), from, "")
	}
}

// proxySource returns the key that decides about the proxy and its layer.
func (c *call) proxySource(useEnvironment bool) (key, source string) {
	p := &c.prepared
	host := strings.ToLower(p.URL.Hostname())
	scheme := p.URL.Scheme
	merged := withEnvironment(nil, p.URL)
	for _, key := range []string{scheme + "://" + host, scheme, "all://" + host, "all"} {
		if _, ok := c.layer.Proxies[key]; ok {
			return key, fromRequest
		}
		if _, ok := p.proxies[key]; ok {
			return key, fromSession
		}
		if _, ok := merged[key]; ok && useEnvironment {
			return key, "environment " + variableOf(key+"_proxy")
		}
	}
	return "", ""
}

// variableOf returns the spelling of a proxy variable that counts.
func variableOf(name string) string {
	if _, ok := os.LookupEnv(name); ok {
		return name
	}
	return strings.ToUpper(name)
}

func (c *call) explainTLS() {
	p := &c.prepared
	if p.URL.Scheme != "https" {
		return
	}
	verify, source := "verified by the system's roots", fromBuiltin
	layer := func(t *TLS) string {
		if t != nil {
			return fromRequest
		}
		return fromSession
	}
	if t := p.Settings.TLS; t != nil {
		switch {
		case t.Verify != nil && !*t.Verify:
			verify, source = "NOT verified", layer(c.layer.TLS)
		case t.RootCAs != nil:
			verify, source = "verified by a pool of roots", layer(c.layer.TLS)
		case t.CABundle != "":
			verify, source = "verified by "+t.CABundle, layer(c.layer.TLS)
			if p.Settings.Environment != nil && *p.Settings.Environment && t.CABundle == environmentBundle() && isPlainBelow(&c.layer, c.snapshot) {
				source = "environment CURL_CA_BUNDLE"
				if os.Getenv("REQUESTS_CA_BUNDLE") != "" {
					source = "environment REQUESTS_CA_BUNDLE"
				}
			}
		}
		if t.ServerName != "" {
			c.rec.set("tls", "server name", t.ServerName, layer(c.layer.TLS), "")
		}
		if t.ClientCert != "" {
			c.rec.set("tls", "client certificate", t.ClientCert, layer(c.layer.TLS), "")
		}
	}
	c.rec.set("tls", "trust", verify, source, "")
}

func isPlainBelow(l *layer, s *snapshot) bool {
	return (l.TLS == nil || isPlainTrust(l.TLS)) && (s.request.TLS == nil || isPlainTrust(s.request.TLS))
}

func (c *call) explainCookies() {
	p := &c.prepared
	if _, ok := p.Header["Cookie"]; ok {
		c.rec.set("cookie", "", redact.Mask, c.rec.fact("header", "Cookie").Source, "a Cookie field: the jar adds nothing")
		return
	}
	for _, k := range p.cookies {
		source := fromSession
		if slices.ContainsFunc(c.layer.Cookies, func(o *http.Cookie) bool { return o.Name == k.Name }) {
			source = fromRequest
		}
		c.rec.set("cookie", k.Name, redact.Mask, source, "")
	}
	if c.jar == nil {
		return
	}
	field := c.jar.Header(p.URL)
	if field == "" {
		return
	}
	for pair := range strings.SplitSeq(field, "; ") {
		name, _, _ := strings.Cut(pair, "=")
		c.rec.add("cookie", name, redact.Mask, "cookie jar")
	}
}
