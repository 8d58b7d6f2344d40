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
	name string
	keys map[string]string // names in lower case
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
	file := new(sharedFile)
	var section *sharedSection
	lastKey := ""
	for raw := range bytes.Lines(bytes.TrimPrefix(b, []byte("\ufeff"))) {
		line++
		text := strings.TrimRight(string(raw), "\r\n \t")
		trimmed := strings.TrimSpace(text)
		switch {
		case trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';':
			continue
		case (text[0] == ' ' || text[0] == '\t') && section != nil && lastKey != "":
			continue // a nested map or the rest of a long value: neither is of interest here
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
		i := strings.IndexAny(trimmed, "=:")
		if i <= 0 {
			return nil, line, errors.New("neither a section nor a setting")
		}
		lastKey = strings.ToLower(strings.TrimSpace(trimmed[:i]))
		section.keys[lastKey] = strings.TrimSpace(trimmed[i+1:])
	}
	return file, 0, nil
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
	name = strings.TrimSpace(rest)
	if n := len(name); n >= 2 && (name[0] == '"' || name[0] == '\'') && name[n-1] == name[0] {
		name = name[1 : n-1]
	}
	return name, name != ""
}

// profileKeys are the settings of a profile in the two kinds of files.
type profileKeys struct {
	name                string
	inFile              string            // as the config file has it, quotes included
	config, credentials map[string]string // nil: not there
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
	for _, path := range configFiles {
		f, err := readSharedFile(path)
		if err != nil {
			return nil, err
		}
		for _, s := range f.sections {
			if name, ok := configProfile(s.name); ok {
				p := find(name)
				p.inFile = strings.TrimSpace(strings.TrimPrefix(s.name, "profile"))
				overlay(&p.config, s.keys)
			}
		}
	}
	for _, path := range credentialsFiles {
		f, err := readSharedFile(path)
		if err != nil {
			return nil, err
		}
		for _, s := range f.sections {
			if _, isConfig := configProfile(s.name); isConfig && s.name != "default" {
				continue
			}
			overlay(&find(s.name).credentials, s.keys)
		}
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

func (ps sharedProfiles) names() []string {
	names := make([]string, len(ps))
	for i, p := range ps {
		names[i] = p.name
	}
	return names
}

// sharedFilePath returns the place of a shared file: the variable's, else the
// one below the home directory.
func sharedFilePath(variable, name string) string {
	path := os.Getenv(variable)
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
