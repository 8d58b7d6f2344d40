package requests

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"

	"github.com/seed-3bbad739/requests/cookies"
)

// layer is what the options of one session, or of one call, add up to: a
// Request and what is on the way into it. Header fields and params wait in
// small slices, so that a call with a few of each makes no maps.
type layer struct {
	layered

	// Room for what most layers have.
	headerBuf   [8]field
	paramBuf    [8]field
	sessionRoom sessionOptions
}

// layered is what a layer holds.
type layered struct {
	Request
	ofSession bool
	base      *url.URL // of baseOf, parsed by WithBaseURL
	baseOf    string
	foreign   bool // a user's option had its hands on the maps

	header []field // set after what Request.Header has
	params []field // set after what Request.Params has

	content  string // the option that set Body, form or parts
	form     url.Values
	hasForm  bool
	parts    []Part // nil: the body is not one of parts
	hookSets []*Hooks

	err     error           // what was wrong with the options
	rec     *recorder       // nil unless the request is explained
	session *sessionOptions // nil in the layer of a call
}

// layers keeps those that have been laid over what is below: a layer is needed
// no longer than that, and large.
var layers = sync.Pool{New: func() any { return new(layer) }}

func newLayer() *layer { return layers.Get().(*layer) }

// recycle gives l back, unless a user's own option had it in hand: it may have
// kept what it was given.
func (l *layer) recycle() {
	if l.foreign {
		return
	}
	if l.headerBuf[0].name != "" {
		l.headerBuf = [len(l.headerBuf)]field{}
	}
	if l.paramBuf[0] != (field{}) {
		l.paramBuf = [len(l.paramBuf)]field{}
	}
	if l.session != nil {
		l.sessionRoom = sessionOptions{}
	}
	l.layered = layered{}
	layers.Put(l)
}

// sessionOptions are those that only a session takes.
type sessionOptions struct {
	jar        *cookies.Jar
	jarSet     bool
	mounts     []mount
	mountBuf   [2]mount // room for what most sessions mount
	middleware []func(http.RoundTripper) http.RoundTripper
}

// field is a name with its values. Without any it removes the name. It is
// small, as every call has room for a few.
type field struct {
	name  string
	value string
	more  *[]string // beyond the first; removal is a mark of its own
}

// removal marks a field that takes away what the layer below has.
var removal = new([]string)

func (f *field) removes() bool { return f.more == removal }

// rest returns the values beyond the first.
func (f *field) rest() []string {
	if f.more == nil {
		return nil
	}
	return *f.more
}

func (f *field) values() []string {
	if f.removes() {
		return nil
	}
	return slices.Clip(append([]string{f.value}, f.rest()...))
}

// moreOf returns values for field.more, nil for none.
func moreOf(values []string) *[]string {
	if len(values) == 0 {
		return nil
	}
	own := slices.Clone(values)
	return &own
}

// apply runs the options in order and keeps all that was wrong with them.
func (l *layer) apply(opts []Option) {
	var errs []error
	if l.header == nil {
		l.header, l.params = l.headerBuf[:0], l.paramBuf[:0]
	}
	for _, o := range opts {
		if o == nil {
			continue
		}
		if err := o.apply(l); err != nil {
			errs = append(errs, err)
		}
	}
	if err := l.finish(); err != nil {
		errs = append(errs, err)
	}
	l.err = errors.Join(errs...)
}

// finish turns what the content options left into a Body and joins hooks.
func (l *layer) finish() error {
	if l.ofSession && (l.Body != nil || l.content != "") {
		name := cmp.Or(l.content, "Body")
		l.Body, l.form, l.hasForm, l.parts = nil, nil, false, nil
		return fmt.Errorf("%s: a session has no body", name)
	}
	switch {
	case l.parts != nil:
		m, err := newMultipart(l.form, l.parts)
		if err != nil {
			return fmt.Errorf("%s: %w", l.content, err)
		}
		l.Body = m
	case len(l.form) > 0:
		l.Body = newForm(l.form)
	}
	if len(l.hookSets) > 0 {
		hooks := new(Hooks)
		hooks.append(l.Hooks)
		for _, h := range l.hookSets {
			hooks.append(h)
		}
		l.Hooks = hooks
	}
	return nil
}

// claim notes that option sets the content. Files go with a form or with more
// files; any other two in one layer are a mistake, for one would be dropped.
func (l *layer) claim(option string, joins bool) error {
	if l.content == "" || joins && (l.parts != nil || l.hasForm) {
		l.content = option
		return nil
	}
	return fmt.Errorf("%s: the body is already set by %s", option, l.content)
}

// maxWaiting is how many fields wait in a slice, which is searched from its
// start for each: more of them go into a map.
const maxWaiting = 32

func (l *layer) setHeader(f field) {
	if len(l.header) >= maxWaiting {
		l.flushHeader()
	}
	l.header = setField(l.header, f)
}

func (l *layer) setParam(f field) {
	if len(l.params) >= maxWaiting {
		l.flushParams()
	}
	l.params = setField(l.params, f)
}

// setField puts f in fs in the place of one of the same name.
func setField(fs []field, f field) []field {
	for i := range fs {
		if fs[i].name == f.name {
			fs[i] = f
			return fs
		}
	}
	return append(fs, f)
}

// flush moves the waiting fields into Header and Params, where a user's own
// option expects them.
func (l *layer) flush() {
	l.flushHeader()
	l.flushParams()
}

func (l *layer) flushHeader() {
	if len(l.header) > 0 {
		l.Header = flushInto(l.owned(l.Header), l.header)
		l.header = l.header[:0]
	}
}

func (l *layer) flushParams() {
	if len(l.params) > 0 {
		l.Params = url.Values(flushInto(l.owned(http.Header(l.Params)), l.params))
		l.params = l.params[:0]
	}
}

// owned returns m to write to: a user's own option may have put one there that
// is the user's.
func (l *layer) owned(m http.Header) http.Header {
	if l.foreign {
		return maps.Clone(m)
	}
	return m
}

func flushInto(m http.Header, fs []field) http.Header {
	if m == nil {
		m = make(http.Header, len(fs))
	}
	singles := make([]string, len(fs)) // one array for all single values
	for i := range fs {
		f := &fs[i]
		if f.more != nil {
			m[f.name] = f.values()
			continue
		}
		singles[i] = f.value
		m[f.name] = singles[i : i+1 : i+1]
	}
	return m
}

// canonicalHeader returns h with canonical keys. Of two spellings of one name
// the one that sorts last wins, so that the outcome does not hang on the order
// of a map.
func canonicalHeader(h http.Header) http.Header {
	canonical := true
	for k := range h {
		if http.CanonicalHeaderKey(k) != k {
			canonical = false
			break
		}
	}
	if canonical {
		return h
	}
	out := make(http.Header, len(h))
	for _, k := range slices.Sorted(maps.Keys(h)) {
		out[http.CanonicalHeaderKey(k)] = h[k]
	}
	return out
}

// checkValue refuses what would break the framing of a request (RFC 9110,
// section 5.5). value is not printed: it may be a secret.
func checkValue(name, value string) error {
	if !httpguts.ValidHeaderFieldName(name) {
		return refuse(ErrInvalidHeader, "name %q is no token", name)
	}
	if value == "" {
		return nil
	}
	if c := value[0]; (c <= ' ' || c >= utf8.RuneSelf) && strings.TrimLeftFunc(value, unicode.IsSpace) != value {
		return refuse(ErrInvalidHeader, "the value of %s begins with white space", name)
	}
	if !httpguts.ValidHeaderFieldValue(value) {
		return refuse(ErrInvalidHeader, "the value of %s has a control character", name)
	}
	return nil
}

func checkHeaders(h http.Header) error {
	var errs []error
	for k, vs := range h {
		if len(vs) == 0 {
			vs = []string{""}
		}
		for _, v := range vs {
			if err := checkValue(k, v); err != nil {
				errs = append(errs, err)
			}
		}
	}
	if len(errs) > 1 { // map order is no order to report in
		slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	}
	return errors.Join(errs...)
}

// checkMethod refuses a method that is no token (RFC 9110, section 9.1).
func checkMethod(method string) error {
	if !httpguts.ValidHeaderFieldName(method) {
		return refuse(ErrInvalidHeader, "method %q is no token", method)
	}
	return nil
}

// checkCookie refuses a cookie of a request that would end its field or
// another cookie early.
func checkCookie(c *http.Cookie) error {
	if c == nil {
		return refuse(ErrInvalidHeader, "a cookie is nil")
	}
	if strings.ContainsFunc(c.Name, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '=' || r == ';' }) {
		return refuse(ErrInvalidHeader, "cookie name %q has an illegal character", c.Name)
	}
	if strings.ContainsFunc(c.Value, func(r rune) bool { return r < ' ' || r == 0x7f || r == ';' }) {
		return refuse(ErrInvalidHeader, "the value of cookie %s has an illegal character", c.Name)
	}
	return nil
}
