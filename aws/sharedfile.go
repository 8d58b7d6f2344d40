package aws

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxSharedFile bounds a shared file; real ones have a few kilobytes.
const maxSharedFile = 8 << 20 // bytes

// sharedFile is what aws-sdk-go-v2/config does not tell of a file: which
// profiles it has, in order, and whether it is one at all.
type sharedFile struct {
	sections []sharedSection
}

type sharedSection struct {
	name     string
	keys     map[string]string // names in lower case; of one in a block, s3.addressing_style
	indented int               // the line of a setting that the SDK takes for part of the value above; 0: none
}

// readSharedFile reads an INI file. One that does not exist is empty.
func readSharedFile(path string) (*sharedFile, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) || path == "" {
		return new(sharedFile), nil
	}
	if err != nil {
		return new(sharedFile), nil // unreadable is skipped, as the SDKs do
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSharedFile+1))
	if err != nil {
		return new(sharedFile), nil
	}
	if len(b) > maxSharedFile {
		return nil, &ConfigParseError{Path: path, Err: errors.New("the file is too large")}
	}
	file, line, err := parseSharedFile(b)
	if err != nil {
		return nil, &ConfigParseError{Path: path, Line: line, Err: err}
	}
	return file, nil
}

// parseSharedFile parses the form that botocore and the SDKs share: sections
// in brackets, keys with = or :, comment lines with # or ;, and indented lines
// that go on with the value above.
func parseSharedFile(b []byte) (_ *sharedFile, line int, err error) {
	if !utf8.Valid(b) {
		return nil, 0, errors.New("the file is not UTF-8")
	}
	if bytes.HasPrefix(b, []byte("\ufeff")) {
		return nil, 1, errors.New("the file begins with a byte order mark, which the SDK takes for text: save it without")
	}
	file := new(sharedFile)
	var section *sharedSection
	lastKey := ""
	for raw := range bytes.Lines(b) {
		line++
		text := strings.TrimRight(string(raw), "\r\n \t")
		trimmed := strings.TrimSpace(text)
		switch {
		case trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';':
			continue
		case (text[0] == ' ' || text[0] == '\t') && section != nil && lastKey != "":
			switch k, v, ok := cutSetting(trimmed); {
			case ok && section.keys[lastKey] == "":
				section.keys[lastKey+"."+k] = v
			case ok && section.indented == 0 && isSetting(k):
				section.indented = line
			}
			continue // else the rest of a long value, which is of no interest here
		case trimmed[0] == '[':
			name, _, ok := strings.Cut(trimmed[1:], "]")
			if !ok {
				return nil, line, errors.New("a section without ]")
			}
			section, lastKey = file.section(strings.TrimSpace(name)), ""
			continue
		case section == nil:
			return nil, line, errors.New("a setting before the first section")
		}
		k, v, ok := cutSetting(trimmed)
		if !ok {
			return nil, line, errors.New("neither a section nor a setting")
		}
		section.keys[k], lastKey = v, k
	}
	return file, 0, nil
}

// cutSetting returns the name of a setting, in lower case, and its value.
func cutSetting(line string) (name, value string, ok bool) {
	i := strings.IndexAny(line, "=:")
	if i <= 0 {
		return "", "", false
	}
	return strings.ToLower(strings.TrimSpace(line[:i])), strings.TrimSpace(line[i+1:]), true
}

// isSetting reports whether a name is one that no value goes on with.
func isSetting(name string) bool {
	switch name {
	case "region", "output", "role_arn", "source_profile", "credential_source", "credential_process", "web_identity_token_file":
		return true
	}
	return strings.HasPrefix(name, "aws_") || strings.HasPrefix(name, "sso_")
}

// section returns the section called name, a new one at first sight.
func (f *sharedFile) section(name string) *sharedSection {
	for i := range f.sections {
		if f.sections[i].name == name {
			return &f.sections[i]
		}
	}
	f.sections = append(f.sections, sharedSection{name: name, keys: make(map[string]string)})
	return &f.sections[len(f.sections)-1]
}

// configProfile returns the profile that a section of a config file defines.
func configProfile(section string) (name string, ok bool) {
	if section == "default" {
		return section, true
	}
	rest, ok := strings.CutPrefix(section, "profile")
	if !ok || rest == "" || rest[0] != ' ' && rest[0] != '\t' {
		return "", false
	}
	name = withoutQuotes(strings.TrimSpace(rest))
	return name, name != ""
}

// profileKeys are the settings of a profile in the two kinds of files.
type profileKeys struct {
	name                string
	inFile              string            // as the config file has it, quotes included
	config, credentials map[string]string // nil: not there
	bad                 error             // why the SDK would read it wrong; may be nil
	noServices          bool              // its services name a section that there is not
}

// setting returns a setting of the profile, of the credentials file before the
// config file. What is neither keys nor a way to them counts only while the
// config file does.
func (p profileKeys) setting(name string, counts bool) string {
	if !counts {
		return ""
	}
	return firstOf(p.credentials[name], p.config[name])
}

// sections returns text of a shared file in which the profile, under either of
// its names, has the settings given, such as "region = x".
func (p profileKeys) sections(settings ...string) string {
	text := sectionText(p.name, settings...)
	if p.quoted() {
		text += sectionText(p.inFile, settings...)
	}
	return text
}

func sectionText(name string, settings ...string) string {
	return "[" + name + "]\n" + strings.Join(settings, "\n") + "\n"
}

// quoted reports whether the config file has the profile's name in quotes, which
// the SDK takes for part of it.
func (p profileKeys) quoted() bool { return p.inFile != "" && p.inFile != p.name }

// lendable are the settings that the SDK merges from one file to the next, but
// those that are secret, and a process, which may be called with some.
var lendable = [...]string{
	"role_arn", "source_profile", "credential_source", "external_id", "mfa_serial", "role_session_name", "duration_seconds", "web_identity_token_file",
	"sso_session", "sso_account_id", "sso_region", "sso_role_name", "sso_start_url", "login_session",
	"region", "defaults_mode", "retry_mode", "max_attempts", "use_dualstack_endpoint", "use_fips_endpoint", "auth_scheme_preference",
	"ec2_metadata_service_endpoint", "ec2_metadata_service_endpoint_mode", "ec2_metadata_v1_disabled",
}

// lent returns what the credentials file has of lendable, as lines of a file.
func (p profileKeys) lent() (settings []string) {
	for _, name := range lendable {
		if v, ok := p.credentials[name]; ok {
			settings = append(settings, name+" = "+v)
		}
	}
	return settings
}

// lends reports whether a profile in quotes has in the credentials file what is
// not lent, and what counts.
func (p profileKeys) lends() bool {
	return whole(p.credentials) || p.credentials["credential_process"] != "" && !whole(p.config)
}

// source returns the name of the profile that lends this one its credentials.
func (p profileKeys) source() string {
	return withoutQuotes(withoutComment(p.setting("source_profile", true)))
}

// services returns the name of the section of endpoints that the profile uses, ""
// for none.
func (p profileKeys) services() string {
	return withoutQuotes(withoutComment(p.setting("services", true)))
}

// services returns the name that profiles have for a section of endpoints, "" of
// any other section.
func (s sharedSection) services() string {
	if kind, name, _ := strings.Cut(s.name, " "); kind == "services" {
		return strings.TrimSpace(name)
	}
	return ""
}

// withoutComment returns a value without the comment that the SDK finds after it.
func withoutComment(v string) string {
	for _, begin := range [...]string{" #", " ;", "\t#", "\t;"} {
		v, _, _ = strings.Cut(v, begin)
	}
	return strings.TrimSpace(v)
}

// withoutQuotes takes off v a quote at either end.
func withoutQuotes(v string) string {
	if n := len(v); n >= 2 && (v[0] == '"' || v[0] == '\'') && v[n-1] == v[0] {
		return v[1 : n-1]
	}
	return v
}

// sharedProfiles are the profiles of all files, those of the config files first.
type sharedProfiles []profileKeys

func readSharedProfiles(configFiles, credentialsFiles []string) (sharedProfiles, error) {
	ps := sharedProfiles{} // not nil: there is none to look for later
	find := func(name string) *profileKeys {
		i := slices.IndexFunc(ps, func(p profileKeys) bool { return p.name == name })
		if i < 0 {
			ps, i = append(ps, profileKeys{name: name}), len(ps)
		}
		return &ps[i]
	}
	overlay := func(to *map[string]string, from map[string]string) {
		if *to == nil {
			*to = make(map[string]string, len(from))
		}
		for k, v := range from {
			(*to)[k] = v
		}
	}
	services := map[string]bool{"": true}
	check := func(p *profileKeys, path string, s sharedSection) {
		if s.indented > 0 && p.bad == nil {
			p.bad = &ConfigParseError{Path: path, Line: s.indented, Err: errors.New("an indented line goes on with the value above it: settings begin at the margin")}
		}
	}
	for _, path := range configFiles {
		f, err := readSharedFile(path)
		if err != nil {
			return nil, err
		}
		for _, s := range f.sections {
			services[s.services()] = true
			if name, ok := configProfile(s.name); ok {
				p := find(name)
				p.inFile = strings.TrimSpace(strings.TrimPrefix(s.name, "profile"))
				overlay(&p.config, s.keys)
				check(p, path, s)
			}
		}
	}
	for _, path := range credentialsFiles {
		f, err := readSharedFile(path)
		if err != nil {
			return nil, err
		}
		for _, s := range f.sections {
			services[s.services()] = true
			if _, isConfig := configProfile(s.name); isConfig && s.name != "default" {
				continue
			}
			p := find(s.name)
			overlay(&p.credentials, s.keys)
			check(p, path, s)
		}
	}
	for i := range ps {
		ps[i].noServices = !services[ps[i].services()]
	}
	return ps, nil
}

func (ps sharedProfiles) get(name string) (profileKeys, bool) {
	for _, p := range ps {
		if p.name == name {
			return p, true
		}
	}
	return profileKeys{}, false
}

// readable returns the error of a profile that the SDK would read wrong, or of
// one that it takes its credentials from.
func (ps sharedProfiles) readable(name string) error {
	for range ps { // each at most once: they may go round
		p, _ := ps.get(name)
		if p.bad != nil {
			return p.bad
		}
		name = p.source()
	}
	return nil
}

func (ps sharedProfiles) names() []string {
	names := make([]string, len(ps))
	for i, p := range ps {
		names[i] = p.name
	}
	return names
}

// sharedFilePath returns the place of a shared file: the variable's, else the
// one below the home directory. The variable's may name others, as for botocore.
func sharedFilePath(variable, name string) string {
	path := os.Expand(os.Getenv(variable), func(name string) string {
		if v, ok := os.LookupEnv(name); ok {
			return v
		}
		return "$" + name
	})
	home, _ := os.UserHomeDir()
	switch {
	case path == "" && home == "":
		return ""
	case path == "":
		return filepath.Join(home, ".aws", name)
	case home != "" && (path == "~" || strings.HasPrefix(path, "~/")):
		return filepath.Join(home, path[1:])
	}
	return path
}
