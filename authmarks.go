package requests

import (
	"net/url"
	"slices"
	"strings"
	"sync"
)

// authMarks are the names of what authentication has set. Later exchanges add
// to them, while what is left of an earlier one may still print its request.
// Nil has none.
type authMarks struct {
	mu     sync.RWMutex // guards what follows
	fields []string     // of the header
	params []string     // of the query
}

func (m *authMarks) hasField(name string) bool {
	if m == nil {
		return false
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Contains(m.fields, name)
}

func (m *authMarks) hasParam(name string) bool {
	if m == nil {
		return false
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Contains(m.params, name)
}

func (m *authMarks) clone() *authMarks {
	if m == nil {
		return nil
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return &authMarks{fields: slices.Clone(m.fields), params: slices.Clone(m.params)}
}

// newKeys adds to keys the names that are in the query after and were not, or
// not with this value, before.
func newKeys(keys []string, before, after string) []string {
	had := strings.Split(before, "&")
	for pair := range strings.SplitSeq(after, "&") {
		if pair == "" || slices.Contains(had, pair) {
			continue
		}
		name, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		if !slices.Contains(keys, name) {
			keys = append(keys, name)
		}
	}
	return keys
}
