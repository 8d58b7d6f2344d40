package requests

import (
	"cmp"
	"maps"
	"net/http"
	"reflect"
	"slices"

	"github.com/seed-3bbad739/requests/hooks"
	"github.com/seed-3bbad739/requests/internal/redact"
	"github.com/seed-3bbad739/requests/proxy"
)

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
			var one hooks.List[*PreparedRequest] // whose errors say the name
			one.PushBackNamed(name, hook)
			if err := one.Run(p); err != nil {
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
	rec, p := c.recorder(), c.prepared
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
