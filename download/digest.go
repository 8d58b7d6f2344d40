package download

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// algorithms are the digests that prove something (RFC 9530, section 5); the
// others that a server may send are ignored.
var algorithms = map[string]func() hash.Hash{"sha-256": sha256.New, "sha-512": sha512.New}

// digests are what content must have, by algorithm.
type digests map[string][]byte

// parseDigests reads a Repr-Digest or Content-Digest field, a dictionary of
// byte sequences (RFC 9530, sections 2 and 3; RFC 9651, section 3.2). Of the
// members only those of known algorithms are looked at.
func parseDigests(h http.Header, field string) (digests, error) {
	var found digests
	for member := range strings.SplitSeq(strings.Join(h.Values(field), ","), ",") {
		name, value, _ := strings.Cut(strings.Trim(member, " \t"), "=")
		newHash, known := algorithms[name]
		if !known {
			continue
		}
		value, _, _ = strings.Cut(value, ";")
		value = strings.Trim(value, " \t")
		encoded, ok := strings.CutPrefix(value, ":")
		if ok {
			encoded, ok = strings.CutSuffix(encoded, ":")
		}
		// Padding may be missing (RFC 9651, section 4.2.7).
		sum, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
		if !ok || err != nil || len(sum) != newHash().Size() {
			return nil, fmt.Errorf("%s: %.200q is no digest: %w", field, member, ErrDigest)
		}
		if found == nil {
			found = make(digests)
		}
		found[name] = sum
	}
	return found, nil
}

// add takes more into d. It reports false when they contradict.
func (d digests) add(more digests) bool {
	for name, sum := range more {
		if had, ok := d[name]; ok && !bytes.Equal(had, sum) {
			return false
		}
		d[name] = sum
	}
	return true
}

// tally computes digests of content that arrives in its order, as it does;
// what arrives otherwise is read back from the file.
type tally struct {
	hashes map[string]hash.Hash
	offset int64 // up to where the content is in hashes
}

func newTally(d digests) *tally {
	t := &tally{hashes: make(map[string]hash.Hash)}
	for name := range d {
		t.hashes[name] = algorithms[name]()
	}
	return t
}

// feed takes b, which stands at offset in the content.
func (t *tally) feed(b []byte, offset int64) {
	if offset > t.offset || offset+int64(len(b)) <= t.offset {
		return
	}
	b = b[t.offset-offset:]
	for _, h := range t.hashes {
		h.Write(b)
	}
	t.offset += int64(len(b))
}

// catchUp reads from r what feed was not given, up to size.
func (t *tally) catchUp(ctx context.Context, r io.ReaderAt, size int64) error {
	if len(t.hashes) == 0 {
		return nil
	}
	buf := make([]byte, 1<<20)
	for t.offset < size {
		if ctx.Err() != nil {
			return sentinel.Ended(ctx)
		}
		n, err := r.ReadAt(buf[:min(int64(len(buf)), size-t.offset)], t.offset)
		t.feed(buf[:n], t.offset)
		if err != nil && t.offset < size {
			return err
		}
	}
	return nil
}

// verify compares with what is expected and returns the names of what agrees.
func (t *tally) verify(want digests) ([]string, error) {
	names := slices.Sorted(maps.Keys(want))
	for _, name := range names {
		if got := t.hashes[name].Sum(nil); !bytes.Equal(got, want[name]) {
			return nil, fmt.Errorf("%s is %x, expected %x: %w", name, got, want[name], ErrDigest)
		}
	}
	return names, nil
}
