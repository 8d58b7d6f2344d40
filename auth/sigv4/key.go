package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"
	"sync/atomic"
)

// terminator ends every credential scope of this version of the algorithm.
const terminator = "aws4_request"

// maxKeys bounds the keys a signer keeps: a day's change, a rotation of
// credentials and a few tenants behind one Credentials function fit.
const maxKeys = 16

// signingKey is what signatures are made with: derived from a secret for one
// day, region and service. It is as good as the secret on that day.
type signingKey struct {
	day, region, service, secret string
	scope                        string // day/region/service/aws4_request
	key                          [sha256.Size]byte
	spare                        sync.Pool // of *workspace
}

// workspace is what a signature is worked out in. It comes from its key, for
// setting up an HMAC costs as much as using it.
type workspace struct {
	mac hash.Hash
	buf []byte
}

// maxSpare is the largest buffer that is kept; header fields can be of any size.
const maxSpare = 16 << 10

func (k *signingKey) workspace() *workspace {
	if w, ok := k.spare.Get().(*workspace); ok {
		return w
	}
	return &workspace{hmac.New(sha256.New, k.key[:]), make([]byte, 0, 1<<10)}
}

func (k *signingKey) release(w *workspace) {
	if cap(w.buf) <= maxSpare {
		k.spare.Put(w)
	}
}

// keyring keeps the last derived keys: deriving one costs four HMACs. Its
// entries are never written to, and it hides them from fmt behind a pointer.
type keyring struct{ keys atomic.Pointer[[]*signingKey] }

func (k *keyring) get(day, region, service, secret string) *signingKey {
	var kept []*signingKey
	if p := k.keys.Load(); p != nil {
		kept = *p
	}
	for _, c := range kept {
		if c.day == day && c.secret == secret && c.region == region && c.service == service {
			return c
		}
	}
	fresh := deriveKey(day, region, service, secret)
	// Concurrent misses may drop each other's key; it is derived again then.
	next := append(make([]*signingKey, 0, len(kept)+1), fresh)
	next = append(next, kept[:min(len(kept), maxKeys-1)]...)
	k.keys.Store(&next)
	return fresh
}

func deriveKey(day, region, service, secret string) *signingKey {
	k := &signingKey{
		day: day, region: region, service: service, secret: secret,
		scope: day + "/" + region + "/" + service + "/" + terminator,
	}
	sum := mac([]byte("AWS4"+secret), []byte(day))
	for _, part := range []string{region, service, terminator} {
		sum = mac(sum[:], []byte(part))
	}
	k.key = sum
	return k
}

// signature is a signature's text: lower-case hexadecimal digits.
type signature [2 * sha256.Size]byte

// sign returns the signature of what w.buf holds.
func (w *workspace) sign() (s signature) {
	w.mac.Reset()
	w.mac.Write(w.buf)
	w.buf = w.mac.Sum(w.buf[:0])
	hex.Encode(s[:], w.buf)
	return s
}

// begin appends the lines that every string to sign starts with.
func (k *signingKey) begin(b []byte, algorithm, date string) []byte {
	b = append(b, algorithm...)
	b = append(b, '\n')
	b = append(b, date...)
	b = append(b, '\n')
	b = append(b, k.scope...)
	return append(b, '\n')
}

func mac(key, message []byte) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	h.Sum(sum[:0])
	return sum
}
