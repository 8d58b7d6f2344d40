package requests

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/redact"
)

// explainAuth notes the source of the credentials, what it was chosen over,
// and the fields and query keys they set.
func (c *call) explainAuth(a auth.Authenticator, source string, before http.Header, query string) {
	rec, p := c.recorder(), c.prepared
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
	f := c.recorder().fact(part, name)
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
		if password, ok := user.Password(); ok && user.Username()+password != "" {
			all = append(all, Overridden{"basic", fromUserinfo})
		}
	}
	if vs, ok := before["Authorization"]; ok {
		all = append(all, Overridden{c.fieldValue("Authorization", vs), c.recorder().source("header", "Authorization")})
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
