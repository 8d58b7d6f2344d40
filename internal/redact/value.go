package redact

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// key is drawn once in a process: hashes of two processes cannot be compared,
// and none can be tried against a list of likely secrets.
var key = sync.OnceValue(func() []byte {
	k := make([]byte, sha256.Size)
	rand.Read(k)
	return k
})

const hashLen = 8 // hexadecimal digits

// Value is what stands for a secret where lines are compared: "[redacted:"
// and a short keyed hash, the same for the same secret as long as the process
// runs. What has been hidden already stays as it is.
func Value(secret string) string {
	switch {
	case secret == "":
		return Mask
	case isHidden(secret):
		return secret
	}
	h := hmac.New(sha256.New, key())
	h.Write([]byte(secret))
	return Mask[:len(Mask)-1] + ":" + hex.EncodeToString(h.Sum(nil))[:hashLen] + "]"
}

func isHidden(s string) bool {
	if s == Mask {
		return true
	}
	rest, ok := strings.CutPrefix(s, Mask[:len(Mask)-1]+":")
	return ok && len(rest) == hashLen+1 && rest[hashLen] == ']' && strings.Trim(rest[:hashLen], "0123456789abcdef") == ""
}

// extra are the names that [Add] has added, in lower case. It is copied when
// written.
var (
	extra   atomic.Pointer[[]string]
	extraMu sync.Mutex // serialises writers
)

// Add makes names secret as query keys and as fields of forms and JSON bodies,
// in any case, for the whole process. Nothing takes a name away again.
func Add(names ...string) {
	extraMu.Lock()
	defer extraMu.Unlock()
	var all []string
	if p := extra.Load(); p != nil {
		all = slices.Clone(*p)
	}
	for _, n := range names {
		if n = strings.ToLower(n); n != "" && !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	extra.Store(&all)
}

// added reports whether Add was given name.
func added(name string) bool {
	p := extra.Load()
	if p == nil {
		return false
	}
	return slices.ContainsFunc(*p, func(n string) bool { return strings.EqualFold(n, name) })
}
