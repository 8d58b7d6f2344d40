package aws

// ParseSharedFile returns the names of the sections of an INI file.
func ParseSharedFile(b []byte) ([]string, error) {
	f, _, err := parseSharedFile(b)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(f.sections))
	for i, s := range f.sections {
		names[i] = s.name
	}
	return names, nil
}

// CopySources returns the operations that copy from another region, by the
// names of their services.
func CopySources() map[string][]string {
	all := make(map[string][]string)
	for id, s := range copySources {
		all[serviceIDName(id)] = s.operations
	}
	return all
}
