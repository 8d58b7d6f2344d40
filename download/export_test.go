package download

import (
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"
)

// Small makes files of some KiB worth segments and journals.
func Small(t testing.TB, segment, journaled int64, every time.Duration) {
	s, b, e := minSegment, journalBytes, journalEvery
	minSegment, journalBytes, journalEvery = segment, journaled, every
	t.Cleanup(func() { minSegment, journalBytes, journalEvery = s, b, e })
}

// SetSmall is Small for a process of its own.
func SetSmall(segment, journaled int64, every time.Duration) {
	minSegment, journalBytes, journalEvery = segment, journaled, every
}

// SetFreeSpace makes the disk have n bytes left.
func SetFreeSpace(t testing.TB, n int64) {
	was := freeSpace
	freeSpace = func(*os.File) (int64, bool) { return n, true }
	t.Cleanup(func() { freeSpace = was })
}

// DiskSpace is what the disk says.
func DiskSpace(f *os.File) (int64, bool) { return diskSpace(f) }

// ParseContentRange returns first, last and size.
func ParseContentRange(v string) (first, last, size int64, err error) {
	r, err := parseContentRange(v)
	return r.first, r.last, r.size, err
}

func ServerName(h http.Header, u *url.URL) (string, error) { return serverName(h, u) }

func ParseDigests(h http.Header, field string) (map[string][]byte, error) {
	return parseDigests(h, field)
}

func StrongValidator(h http.Header) string { return strongValidator(h) }

// ParseJournal reports what a journal beside a file of length bytes claims.
func ParseJournal(text []byte, length int64) (size, done int64, segments int, err error) {
	j, err := parseJournal(text, length)
	if err != nil {
		return 0, 0, 0, err
	}
	for _, s := range j.Segments {
		done += s.Done - s.Start
	}
	return j.Size, done, len(j.Segments), nil
}
