package auth

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/seed-3bbad739/requests/internal/filecache"
)

// NetrcFile is an [Authenticator] that takes user and password from a netrc
// file, by the host of the request's URL. Create one by [Netrc]; the zero
// NetrcFile is Netrc("").
type NetrcFile struct {
	path string
}

// Netrc returns an [Authenticator] that sends Basic credentials from the netrc
// file at path. A path of "" means the file that the environment variable
// NETRC names, if it is set, even if there is none; else ~/.netrc, or if there
// is none ~/_netrc. The choice is made at each request; a file is looked at
// again once a second at most. A missing file means no credentials.
//
// An entry is found by the name of its machine, which is to be written as in a
// URL: in lower case, without a port. The last of several entries counts, and
// default when no machine has the name. If the URL holds a user name, the
// entry has to be that user's. A missing login is the account, a missing
// password is empty, an entry with neither is no entry.
//
// A file that cannot be read or parsed is an error when a request is
// authenticated. So is one, not named by NETRC, that holds a password and that
// others than its owner may read; Windows is not checked for that.
func Netrc(path string) *NetrcFile { return &NetrcFile{path} }

// Authenticate sets the credentials for the host of r, if the file has any.
func (n *NetrcFile) Authenticate(r *http.Request) error {
	u := server(r)
	file, err := n.load()
	if err != nil || file == nil {
		return err
	}
	e := file.find(u.Hostname(), u.User)
	if e == nil {
		return nil
	}
	user := e.login
	if user == "" {
		user = e.account
	}
	value, err := basicCredentials(user, e.password)
	if err != nil {
		return fmt.Errorf("auth: netrc: %q, line %d: %w", file.path, e.line, err)
	}
	setField(r, credentialsField(r), value)
	return nil
}

// Source returns the file and the line of the entry for host, and whether
// there is one. The default entry is one for every host.
func (n *NetrcFile) Source(host string) (file string, line int, ok bool) {
	f, err := n.load()
	if err != nil || f == nil {
		return "", 0, false
	}
	e := f.find(host, nil)
	if e == nil {
		return "", 0, false
	}
	return f.path, e.line, true
}

// Named reports whether the file has an entry for host by its name. The
// default entry does not count: it is not meant for where a redirect leads.
func (n *NetrcFile) Named(host string) bool {
	f, err := n.load()
	if err != nil || f == nil {
		return false
	}
	e := f.find(host, nil)
	return e != nil && e.machine != nil
}

// load returns the file that counts now, nil if there is none.
func (n *NetrcFile) load() (*netrcFile, error) {
	named, isSet := os.LookupEnv("NETRC")
	switch {
	case n.path != "":
		return loadNetrc(n.path, !isSet || n.path != named)
	case isSet:
		return loadNetrc(named, false)
	}
	for _, base := range []string{"~/.netrc", "~/_netrc"} {
		if f, err := loadNetrc(base, true); f != nil || err != nil {
			return f, err
		}
	}
	return nil, nil
}

// netrcFiles keeps what was read by path, for all values: those of the
// environment come and go.
var netrcFiles = filecache.New(readNetrc)

func loadNetrc(path string, private bool) (*netrcFile, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, nil
		}
		path = filepath.Join(home, rest)
	}
	f, err := netrcFiles.Get(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil, nil // ENOTDIR: a home such as /dev/null
	case err != nil:
		return nil, fmt.Errorf("auth: netrc: %w", err)
	}
	if private && f.open && f.hasPassword && runtime.GOOS != "windows" {
		// The mode may have been mended since the content was read.
		if info, err := os.Stat(path); err == nil && isOpen(info) {
			return nil, fmt.Errorf("auth: netrc: %q holds a password and others may read it: its mode is %v, not -rw-------", path, info.Mode())
		}
	}
	return f, nil
}

func isOpen(info fs.FileInfo) bool { return info.Mode().Perm()&0o044 != 0 }

// maxNetrc bounds what is read of a netrc file.
const maxNetrc = 1 << 20 // bytes

func readNetrc(path string) (*netrcFile, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|openNow, 0) // a pipe without a writer is empty
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(file, maxNetrc+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxNetrc {
		return nil, fmt.Errorf("%q is larger than %d bytes", path, maxNetrc)
	}
	entries, line, err := parseNetrc(content)
	if err != nil {
		return nil, fmt.Errorf("%q, line %d: %w", path, line, err)
	}
	f := &netrcFile{path: path, open: isOpen(info), entries: entries}
	for _, e := range entries {
		f.hasPassword = f.hasPassword || e.password != ""
	}
	return f, nil
}

type netrcFile struct {
	path        string
	entries     []netrcEntry
	hasPassword bool
	open        bool // to others than the owner
}

type netrcEntry struct {
	machine                  *string // nil: default
	login, account, password string
	line                     int
}

// find returns the entry for host and for the user in the URL's userinfo, if
// that names one.
func (f *netrcFile) find(host string, userinfo *url.Userinfo) *netrcEntry {
	if host == "" {
		return nil
	}
	host = strings.ToLower(host)
	var byDefault *netrcEntry
	for i := len(f.entries) - 1; i >= 0; i-- {
		e := &f.entries[i]
		switch {
		case e.machine == nil && byDefault == nil:
			byDefault = e
		case e.machine != nil && *e.machine == host:
			if e.isFor(userinfo) {
				return e
			}
			if userinfo.Username() == "" {
				return nil // it is there to say that there are none
			}
		}
	}
	if byDefault != nil && byDefault.isFor(userinfo) {
		return byDefault
	}
	return nil
}

func (e *netrcEntry) isFor(userinfo *url.Userinfo) bool {
	if e.login == "" && e.account == "" && e.password == "" {
		return false
	}
	user := userinfo.Username()
	return user == "" || user == e.login || e.login == "" && user == e.account
}

// Errors of a netrc file say what is wrong, never what is there.
var (
	errNetrcWord  = errors.New("expected machine, default, macdef, login, account or password")
	errNetrcStray = errors.New("login, account or password before any machine")
	errNetrcName  = errors.New("keyword without a value")
	errNetrcQuote = errors.New("quote is not closed on its line")
)

// parseNetrc reads the entries of a netrc file. With an error comes its line.
func parseNetrc(content []byte) (entries []netrcEntry, line int, err error) {
	l := &netrcLexer{rest: bytes.TrimPrefix(content, []byte("\ufeff")), line: 1}
	for {
		word, ok, err := l.word(true)
		if err != nil {
			return nil, l.line, err
		}
		if !ok {
			return entries, l.line, nil
		}
		line := l.line
		var value *string
		if len(entries) > 0 {
			e := &entries[len(entries)-1]
			switch word {
			case "login", "user":
				value = &e.login
			case "account":
				value = &e.account
			case "password":
				value = &e.password
			}
		}
		switch word {
		case "machine":
			value = new(string)
			entries = append(entries, netrcEntry{machine: value, line: line})
		case "default":
			entries = append(entries, netrcEntry{line: line})
			continue
		case "macdef":
			value = new(string)
		case "login", "user", "account", "password":
			if value == nil {
				return nil, line, errNetrcStray
			}
		default:
			return nil, line, errNetrcWord
		}
		if *value, ok, err = l.word(false); err != nil {
			return nil, l.line, err
		} else if !ok {
			return nil, line, errNetrcName
		}
		if word == "macdef" {
			l.skipMacro()
		}
	}
}

// netrcLexer splits a netrc file into words.
type netrcLexer struct {
	rest []byte
	line int
}

// word returns the next word, and whether there is one. Where a keyword is
// due, a word that begins with # begins a comment; values may begin with it.
// A backslash takes the byte after it literally, as in the reference.
func (l *netrcLexer) word(keyword bool) (string, bool, error) {
	for len(l.rest) > 0 {
		switch c := l.rest[0]; {
		case c == '\n':
			l.line++
			l.rest = l.rest[1:]
		case c == ' ' || c == '\t' || c == '\r':
			l.rest = l.rest[1:]
		case c == '#' && keyword:
			l.skipLine()
		case c == '"':
			return l.quoted()
		default:
			return l.bare()
		}
	}
	return "", false, nil
}

func (l *netrcLexer) bare() (string, bool, error) {
	var word []byte
	for i := 0; i < len(l.rest); i++ {
		switch c := l.rest[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			l.rest = l.rest[i:]
			return string(word), true, nil
		case c == '\\' && i+1 < len(l.rest) && l.rest[i+1] != '\n':
			i++
			word = append(word, l.rest[i])
		default:
			word = append(word, c)
		}
	}
	l.rest = nil
	return string(word), true, nil
}

func (l *netrcLexer) quoted() (string, bool, error) {
	var word []byte
	for i := 1; i < len(l.rest); i++ {
		switch c := l.rest[i]; {
		case c == '"':
			l.rest = l.rest[i+1:]
			return string(word), true, nil
		case c == '\n':
			return "", false, errNetrcQuote
		case c == '\\' && i+1 < len(l.rest) && l.rest[i+1] != '\n':
			i++
			word = append(word, l.rest[i])
		default:
			word = append(word, c)
		}
	}
	return "", false, errNetrcQuote
}

// skipLine passes over the rest of the line and reports whether it was blank.
func (l *netrcLexer) skipLine() (blank bool) {
	line, rest, ended := bytes.Cut(l.rest, []byte("\n"))
	if ended {
		l.line++
	}
	l.rest = rest
	return len(bytes.TrimSpace(line)) == 0
}

// skipMacro passes over a macro: what is left of its line, and all lines up
// to a blank one.
func (l *netrcLexer) skipMacro() {
	l.skipLine()
	for len(l.rest) > 0 && !l.skipLine() {
	}
}
