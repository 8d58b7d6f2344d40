package cookies

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// version is that of the file's form. A file of a later one is not touched.
	version = 1

	// maxFile bounds a file, in bytes. The largest jar within the standard
	// limits, with all the deletions that it remembers, needs about half of it.
	maxFile = 128 << 20
)

// SaveOption changes what [Jar.SaveFile] writes.
type SaveOption func(*saveOptions)

type saveOptions struct{ session bool }

// WithSessionCookies saves the cookies that end with the session too.
// Without it they are left out.
func WithSessionCookies() SaveOption { return func(o *saveOptions) { o.session = true } }

// SaveFile saves the cookies to a file, as JSON with every attribute, for its
// owner alone to read (mode 0600; on Windows the directory's rights apply).
//
// What the file already has is kept, but for cookies that this jar has
// changed or deleted later: several processes may save to one file, and none
// loses its cookies. Saves take turns by a lock on the file path+".lock",
// which stays; waiting for more than 10 seconds is an error. The file is
// written beside its place, synced and renamed, so that at any moment the old
// or the new one is there, whole.
//
// Where path is a symbolic link or anything else but a regular file, can be
// read by others, is broken or comes from a newer version, SaveFile returns
// an error and leaves it.
func (j *Jar) SaveFile(path string, options ...SaveOption) error {
	var o saveOptions
	for _, option := range options {
		if option != nil {
			option(&o)
		}
	}
	if err := j.save(disk{}, path, o); err != nil {
		return fmt.Errorf("cookies: save %s: %w", path, err)
	}
	return nil
}

// LoadFile adds the cookies of a file that [Jar.SaveFile] wrote. Of a cookie
// that both have, the later change wins, be it a deletion; after a Clear
// without filters the file's cookies come back. An error, such as one that
// matches [fs.ErrNotExist] or those that SaveFile describes, leaves the jar as
// it is. Cookies that have expired, or that the jar's own policy refuses, are
// passed over.
func (j *Jar) LoadFile(path string) error {
	stored := j.sibling()
	if err := stored.readFile(disk{}, path, now()); err != nil {
		return fmt.Errorf("cookies: load %s: %w", path, err)
	}
	j.absorb(stored)
	return nil
}

// sibling returns an empty jar with j's policy.
func (j *Jar) sibling() *Jar {
	return &Jar{psl: j.psl, perHost: j.perHost, total: j.total, size: j.size}
}

// absorb takes over what a file holds.
func (j *Jar) absorb(stored *Jar) {
	now := now()
	j.mu.Lock()
	defer j.mu.Unlock()
	for id, g := range stored.graves {
		j.settle(id, g)
	}
	for _, e := range stored.living(now) {
		if g, dead := j.graves[e.identity]; dead && !g.emptied && e.changed < g.at {
			continue
		}
		j.adopt(e, now)
	}
}

// settle removes a cookie that was deleted elsewhere after its last change
// here.
func (j *Jar) settle(id identity, g grave) {
	key := j.registrable(id.domain, isAddress(id.domain))
	s := j.sites[key]
	if s == nil {
		return
	}
	if i := s.find(&id); i >= 0 && s.entries[i].changed < g.at {
		j.mourn(s.entries[i].identity, grave{at: g.at})
		j.remove(key, s, i)
	}
}

// save merges the jar with the file and writes the result.
func (j *Jar) save(d storage, path string, o saveOptions) (err error) {
	unlock, err := d.Lock(path + ".lock")
	if err != nil {
		return err
	}
	// The lock ends with the process, so a failure to release it is no reason
	// to doubt the file.
	defer func() { _ = unlock() }()
	now := now()
	merged := j.sibling()
	if err := merged.readFile(d, path, now); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	merged.overlay(j, o, now)
	data, err := merged.encode(now)
	if err != nil {
		return err
	}
	return writeFile(d, path, data)
}

// overlay lays the cookies and the deletions of a live jar over those of its
// file. Of two changes the later wins.
func (j *Jar) overlay(live *Jar, o saveOptions, now instant) {
	live.mu.RLock()
	entries, graves := live.ordered(), maps.Clone(live.graves)
	live.mu.RUnlock()
	for _, e := range entries {
		switch g, dead := j.graves[e.identity]; {
		case e.expired(now):
			// What is stored of it ended with it, unless it is newer.
			j.settle(e.identity, grave{at: e.changed})
		case e.expires == 0 && !o.session:
			j.displace(&e)
		case !dead || e.changed >= g.at:
			j.adopt(e, now)
		}
	}
	for id, g := range graves {
		j.settle(id, g)
	}
}

// displace removes what is stored of a cookie that has become one of the
// session and is not to be saved. An equal version goes too: it was saved
// when session cookies were asked for.
func (j *Jar) displace(e *entry) {
	key := j.registrable(e.domain, isAddress(e.domain))
	if s := j.sites[key]; s != nil {
		if i := s.find(&e.identity); i >= 0 && s.entries[i].changed <= e.changed {
			j.mourn(s.entries[i].identity, grave{at: e.changed})
			j.remove(key, s, i)
		}
	}
}

type document struct {
	Version int           `json:"version"`
	Cookies []savedCookie `json:"cookies"`
	// Deleted keeps another process, that loaded a cookie before it was
	// deleted, from saving it again.
	Deleted []savedGrave `json:"deleted,omitempty"`
}

type savedCookie struct {
	Name        text      `json:"name"`
	Value       text      `json:"value"`
	Domain      string    `json:"domain"`
	Path        text      `json:"path"`
	HostOnly    bool      `json:"host_only,omitempty"`
	Secure      bool      `json:"secure,omitempty"`
	HTTPOnly    bool      `json:"http_only,omitempty"`
	Partitioned bool      `json:"partitioned,omitempty"`
	SameSite    string    `json:"same_site,omitempty"`
	Expires     time.Time `json:"expires,omitzero"`
	Created     time.Time `json:"created"`
	Changed     time.Time `json:"changed"`
}

type savedGrave struct {
	Name     text      `json:"name"`
	Domain   string    `json:"domain"`
	Path     text      `json:"path"`
	HostOnly bool      `json:"host_only,omitempty"`
	At       time.Time `json:"at"`
}

// text is bytes within JSON: a string where they are UTF-8, else an object
// with their base64, for a JSON string cannot hold them.
type text string

type binary struct {
	Base64 []byte `json:"base64"`
}

func (t text) MarshalJSON() ([]byte, error) {
	switch {
	case !utf8.ValidString(string(t)):
		return json.Marshal(binary{[]byte(t)})
	case !strings.ContainsAny(string(t), "<>&"):
		return json.Marshal(string(t))
	}
	// json.Marshal makes six bytes of each of these: a server that sends many
	// would make the jar too large to save.
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(string(t))
	return b.Bytes(), err
}

func (t *text) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		var b binary
		err := json.Unmarshal(data, &b)
		*t = text(b.Base64)
		return err
	}
	return json.Unmarshal(data, (*string)(t))
}

// encode writes the jar, which nobody else uses.
func (j *Jar) encode(now instant) ([]byte, error) {
	doc := document{Version: version, Cookies: []savedCookie{}}
	for _, e := range j.living(now) {
		doc.Cookies = append(doc.Cookies, savedCookie{
			text(e.name), text(e.value), e.domain, text(e.path), e.hostOnly, e.secure, e.httpOnly, e.partitioned,
			sameSiteName(http.SameSite(e.sameSite)), e.expires.time(), e.created.time(), e.changed.time(),
		})
	}
	for id, g := range j.graves {
		// Whatever was set before and is still around has expired by then.
		if now < g.at.plus(ageLimit) {
			doc.Deleted = append(doc.Deleted, savedGrave{text(id.name), id.domain, text(id.path), id.hostOnly, g.at.time()})
		}
	}
	slices.SortFunc(doc.Deleted, func(a, b savedGrave) int { return a.At.Compare(b.At) })
	var line, b bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return nil, err
	}
	if err := json.Indent(&b, line.Bytes(), "", "\t"); err != nil {
		return nil, err
	}
	if b.Len() > maxFile {
		return nil, fmt.Errorf("would be larger than %d bytes", maxFile)
	}
	return b.Bytes(), nil
}

// decode reads a document into an empty jar. It goes by pieces, for the
// limits are to hold whatever the file says.
func (j *Jar) decode(r io.Reader, now instant) error {
	d := json.NewDecoder(r)
	if err := expect(d, json.Delim('{')); err != nil {
		return err
	}
	if err := expect(d, "version"); err != nil {
		return err
	}
	var v int
	switch err := d.Decode(&v); {
	case err != nil:
		return broken(err)
	case v > version:
		return fmt.Errorf("version %d is newer than this program knows (%d)", v, version)
	case v < 1:
		return broken(fmt.Errorf("version %d", v))
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return broken(err)
		}
		switch key {
		case "cookies":
			err = each(d, func(c savedCookie) error { return j.load(c, now) })
		case "deleted":
			err = each(d, func(g savedGrave) error { j.loadGrave(g, now); return nil })
		default:
			err = d.Decode(new(json.RawMessage))
		}
		if err != nil {
			return broken(err)
		}
	}
	if err := expect(d, json.Delim('}')); err != nil {
		return err
	}
	switch _, err := d.Token(); err {
	case io.EOF:
		return nil
	case nil:
		return broken(errors.New("text behind the end"))
	default:
		return broken(err)
	}
}

func broken(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("broken cookie file: %w", err)
}

func expect(d *json.Decoder, want json.Token) error {
	got, err := d.Token()
	if err != nil {
		return broken(err)
	}
	if got != want {
		return broken(fmt.Errorf("%q expected", fmt.Sprint(want)))
	}
	return nil
}

// each decodes the elements of an array one by one.
func each[T any](d *json.Decoder, take func(T) error) error {
	start, err := d.Token()
	if err != nil {
		return err
	}
	if start == nil { // null
		return nil
	}
	if start != json.Delim('[') {
		return errors.New("array expected")
	}
	for n := 0; d.More(); n++ {
		var v T
		if err := d.Decode(&v); err != nil {
			return err
		}
		if err := take(v); err != nil {
			return fmt.Errorf("entry %d: %w", n, err)
		}
	}
	_, err = d.Token()
	return err
}

// load takes a saved cookie. What has expired or breaks the policy is passed
// over: the public suffix list may have changed since.
func (j *Jar) load(c savedCookie, now instant) error {
	e, err := newEntry(Cookie{
		Name: string(c.Name), Value: string(c.Value), Domain: c.Domain, Path: string(c.Path), HostOnly: c.HostOnly,
		Secure: c.Secure, HttpOnly: c.HTTPOnly, Partitioned: c.Partitioned, Expires: c.Expires, Created: c.Created,
	})
	if err != nil {
		return err
	}
	if e.domain != c.Domain {
		return fmt.Errorf("malformed domain %q", c.Domain)
	}
	if c.SameSite != "" {
		e.sameSite = uint8(sameSite(c.SameSite))
	}
	if e.expired(now) || j.refuse(&e) != nil {
		return nil
	}
	e.expires = cappedExpiry(e.expires, now)
	e.changed = changeTime(c.Changed, now)
	j.adopt(e, now)
	return nil
}

func (j *Jar) loadGrave(g savedGrave, now instant) {
	id := identity{string(g.Name), g.Domain, string(g.Path), g.HostOnly}
	if len(id.name) > max(j.size, defaultSize) || len(id.path) > maxAttribute || !validHost(id.domain) && !strings.Contains(id.domain, ":") || len(id.domain) > maxHost {
		return
	}
	dead := grave{at: changeTime(g.At, now)}
	if key := j.registrable(id.domain, isAddress(id.domain)); j.sites[key] != nil && j.sites[key].find(&id) >= 0 {
		j.settle(id, dead)
		return
	}
	j.mourn(id, dead)
}

// changeTime keeps a clock that ran ahead from winning for years.
func changeTime(t time.Time, now instant) instant {
	return min(max(instantOf(t), longAgo), now.plus(24*time.Hour))
}
