package requests

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-3bbad739/requests/internal/redact"
)

// HidesField makes a call [redact.Marks], which its context hands to whoever
// prints.
func (c *call) HidesField(name string) bool {
	if (planMarks{c.plan}).HidesField(name) {
		return true
	}
	if c.recorder() == nil {
		return false
	}
	m := c.mergedMarks() // the plan has them later
	return m != nil && slices.Contains(m.secret, name)
}

// HidesParam reports whether authentication set the query key.
func (c *call) HidesParam(name string) bool { return planMarks{c.plan}.HidesParam(name) }

func (c *call) explainMethod(method string) {
	c.recorder().set("method", "", http.MethodGet, fromBuiltin, "")
	if own := c.snapshot.request.Method; own != "" {
		c.recorder().set("method", "", upper(own), fromSession, "")
	}
	if c.layer.Method != "" {
		c.recorder().set("method", "", method, fromRequest, "")
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
	c.recorder().set("url", "", redact.Target(u), source, rule)
}

// explainPath notes the URL as it is with its path filled in.
func (c *call) explainPath() {
	f := c.recorder().fact("url", "")
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
	rec := c.recorder()
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
	rec := c.recorder()
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
	own := canonicalHeader(c.layer.Header)
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
	rec, body := c.recorder(), c.layer.Body
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
	case nil:
		return "none"
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
	if body == nil {
		return ""
	}
	if isReplayable(body) {
		return "can be sent again"
	}
	return "can be sent once"
}

// explainRest notes what no step of preparing writes: what is looked up when
// the request is sent.
func (c *call) explainRest() error {
	rec, p := c.recorder(), c.prepared
	if err := c.prepareExchange(p.URL); err != nil {
		return err
	}
	f := rec.fact("body", "")
	f.Value, f.Rule = describeBody(p.body, p.ContentLength), sendable(p.body)
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
			if name == logName && p.hooks != nil && p.hooks.logs.Load() {
				continue // the call's takes its place
			}
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
	rule := "mounted at " + strconv.Quote(m.prefix.raw) + ", the longest prefix that holds the URL"
	c.session.mu.Lock()
	around := len(c.session.middleware)
	c.session.mu.Unlock()
	if around > 0 {
		rule += "; within " + strconv.Itoa(around) + " middleware"
	}
	source := fromSession
	if m.adapter == http.RoundTripper(c.session.lease.adapter()) {
		source = fromBuiltin
	}
	rec.set("adapter", "", reflect.TypeOf(m.adapter).String(), source, rule)
	return nil
}

// explainFraming notes the fields that net/http writes for the body.
func (c *call) explainFraming() {
	p := c.prepared
	source := c.recorder().fact("body", "").Source
	switch {
	case p.body == nil:
		if p.Method != http.MethodGet && p.Method != http.MethodHead {
			c.recorder().set("header", "Content-Length", "0", fromBuiltin, "no body")
		}
	case p.ContentLength < 0:
		c.recorder().set("header", "Transfer-Encoding", "chunked", source, "a body of unknown length")
	case p.ContentLength > 0 || p.Method != http.MethodGet && p.Method != http.MethodHead:
		c.recorder().set("header", "Content-Length", strconv.FormatInt(p.ContentLength, 10), source, "of the body")
	}
}

// explainCookies notes the pairs of the Cookie field, as the exchange makes it.
func (c *call) explainCookies() {
	rec, p := c.recorder(), c.prepared
	source, rule := "cookie jar", ""
	own := 0
	var field string
	if vs, ok := p.Header["Cookie"]; ok && !p.cookie.is(vs) {
		field = strings.Join(vs, "; ")
		source, rule = rec.source("header", "Cookie"), "a Cookie field: the jar adds nothing"
	} else {
		c.home = p.URL
		field = c.cookieField(p.URL)
		p.cookies = cookiesFor(p.cookies, p.URL)
		own = len(p.cookies)
	}
	if field == "" {
		return
	}
	pairs := strings.Split(field, ";")
	first := 0 // of its own
	if !strings.HasPrefix(field, cookieText(p.cookies)) {
		first = len(pairs) - own
	}
	for i, pair := range pairs {
		name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok {
			name, value = "", name
		}
		from := source
		if i -= first; 0 <= i && i < own {
			from = fromSession
			if slices.ContainsFunc(c.layer.Cookies, func(k *http.Cookie) bool { return sameCookie(k, p.cookies[i]) }) {
				from = fromRequest
			}
		}
		rec.beside("cookie", name, redact.Value(value), from, rule, false)
	}
}
