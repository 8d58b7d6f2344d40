package download

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/net/http/httpguts"
)

// journal is what outlives the process: which content the partial file is of,
// and which of its bytes are on disk.
type journal struct {
	Version   int               `json:"version"`
	Resource  string            `json:"resource"`       // digest of the URL
	Validator string            `json:"validator"`      // for If-Range
	Size      int64             `json:"size"`           // -1: not known
	Name      string            `json:"name,omitempty"` // that the server gave
	Digests   map[string]string `json:"digests,omitempty"`
	Segments  []segment         `json:"segments"`
}

// segment is a part of the content, had up to Done.
type segment struct {
	Start int64 `json:"start"`
	Done  int64 `json:"done"`
	End   int64 `json:"end"` // not included; -1: not known

	unsure bool  // what came after sure has yet to be checked
	sure   int64 // no more than Done
}

func (s segment) finished() bool { return s.End >= 0 && s.Done == s.End }

const (
	journalVersion = 1
	maxJournal     = 64 << 10 // bytes
	maxJournaled   = 4 * maxSegments
)

// How much may be lost by a crash: whatever came since the last entry.
var (
	journalEvery = time.Second
	journalBytes = int64(16 << 20)
)

// parseJournal reads a journal beside a partial file of length bytes. One that
// could not have been written is an error, whatever wrote it.
func parseJournal(text []byte, length int64) (*journal, error) {
	j := new(journal)
	if err := json.Unmarshal(text, j); err != nil {
		return nil, err
	}
	if err := j.check(length); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return j, nil
}

func (j *journal) check(length int64) error {
	switch {
	case j.Version != journalVersion:
		return fmt.Errorf("version %d", j.Version)
	case j.Resource == "":
		return errors.New("no resource")
	case j.Validator == "" || !httpguts.ValidHeaderFieldValue(j.Validator):
		return errors.New("no validator")
	case j.Size < -1 || j.Size >= maxPosition:
		return errors.New("no size")
	case len(j.Segments) == 0 || len(j.Segments) > maxJournaled:
		return fmt.Errorf("%d segments", len(j.Segments))
	}
	if j.Name != "" {
		if name, err := baseName(j.Name); err != nil || name != j.Name {
			return errors.New("no file name")
		}
	}
	at := int64(0)
	for _, s := range j.Segments {
		if s.Start != at || s.Done < s.Start {
			return errors.New("segments do not join")
		}
		if at = s.End; j.Size < 0 {
			if s.End != -1 || len(j.Segments) > 1 {
				return errors.New("a segment without an end")
			}
		} else if s.End < s.Done || s.End == s.Start {
			return errors.New("a segment that is empty or passes its end")
		}
		if s.Done > s.Start && s.Done > length {
			return errors.New("more than the file has")
		}
	}
	if at != j.Size {
		return errors.New("segments do not fill the file")
	}
	_, err := j.digests()
	return err
}

func (j *journal) digests() (digests, error) {
	d := make(digests)
	for name, text := range j.Digests {
		newHash, known := algorithms[name]
		sum, err := hex.DecodeString(text)
		if !known || err != nil || len(sum) != newHash().Size() {
			return nil, fmt.Errorf("digest %q", name)
		}
		d[name] = sum
	}
	return d, nil
}

func (j *journal) setDigests(d digests) {
	j.Digests = make(map[string]string, len(d))
	for name, sum := range d {
		j.Digests[name] = hex.EncodeToString(sum)
	}
}
