package requests

import (
	"cmp"
	"crypto/tls"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-3bbad739/requests/internal/redact"
)

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
				c.recorder().set(v.part, v.name, v.value, []string{fromBuiltin, fromSession, fromRequest}[i], "")
			} else if i == 0 {
				c.recorder().set(v.part, v.name, "none", fromBuiltin, "")
			}
		}
	}
	if c.prepared.Method == http.MethodHead && !c.prepared.headFollows {
		c.recorder().fact("setting", "max redirects").Rule = "HEAD follows redirects only when the call itself sets this"
	}
}

// explainProxy notes the proxy, the key that named it, and what that was
// chosen over: the most particular key first, of one key the highest layer.
func (c *call) explainProxy() {
	rec, a := c.recorder(), c.ctx.settings.Load()
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
		rec.drop("header", "Proxy-Authorization", fromBuiltin, "it is for a proxy, and none is used")
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
	if c.recorder().proxies != "" {
		explicit, useEnvironment = p.Settings.Proxies, false
	}
	env := currentEnvironment().env
	var found []proxyCandidate
	host := strings.ToLower(p.URL.Hostname())
	for _, key := range []string{hostKey(explicit, p.URL.Scheme, host), p.URL.Scheme, hostKey(explicit, "all", host), "all"} {
		if raw, ok := explicit[key]; ok {
			found = append(found, proxyCandidate{key, raw, c.proxySource(key)})
			if _, ok := c.layer.Proxies[key]; ok && c.recorder().proxies == "" {
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
	if c.recorder().proxies != "" {
		return c.recorder().proxies
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
	final := tlsOf(c.ctx.settings.Load().TLS)
	below, own := tlsOf(c.snapshot.request.TLS), tlsOf(c.layer.TLS)
	for i, f := range final {
		builtin := [...]string{"true", "the system's", "none", "the URL's host", tls.VersionName(tls.VersionTLS12), "none"}[i]
		c.recorder().set("tls", f.name, builtin, fromBuiltin, "")
		if below[i].value != "" {
			c.recorder().set("tls", f.name, below[i].value, fromSession, "")
		}
		if own[i].value != "" {
			c.recorder().set("tls", f.name, own[i].value, fromRequest, "")
		}
		if value := cmp.Or(f.value, builtin); value != c.recorder().fact("tls", f.name).Value {
			source, rule := c.tlsSource(value)
			c.recorder().set("tls", f.name, value, source, rule)
		}
	}
}

// tlsSource says what gave a field of the trust a value that no layer names.
func (c *call) tlsSource(value string) (source, rule string) {
	switch {
	case c.recorder().tls != "":
		return c.recorder().tls, ""
	case value == environmentBundle():
		return "environment " + bundleVariable(), ""
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
