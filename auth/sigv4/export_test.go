package sigv4

import (
	"io"
)

// CanonicalQuery is what is signed of a query, and what is sent.
var CanonicalQuery = canonicalQuery

// Normalise is the path that services other than S3 sign.
var Normalise = normalise

// EncodeSigned returns the signed encoding of content after a request of that
// seed signature, and the length foretold for it.
func EncodeSigned(content io.Reader, secret, date, region, service, seed string, length int64) ([]byte, int64, error) {
	e := &encoding{length: length, mode: PayloadStreamSigned, date: date, key: deriveKey(date[:8], region, service, secret)}
	copy(e.seed[:], seed)
	b, err := io.ReadAll(e.encode(io.NopCloser(content)))
	return b, e.size(), err
}

// Keys returns how many derived keys s holds.
func Keys(s *Signer) int {
	if p := s.keys.keys.Load(); p != nil {
		return len(*p)
	}
	return 0
}

// DerivedKey returns the key that s used last.
func DerivedKey(s *Signer) []byte { return (*s.keys.keys.Load())[0].key[:] }
