package download

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/seed-3bbad739/requests"
)

// download is the state of one call of File.
type download struct {
	ctx     context.Context
	session *requests.Session
	url     string
	path    string
	options Options
	opts    []requests.Option

	part *partial
	base string // the file's name; "" until the server has given one
	kept bool   // the partial file is left for a later call

	mu        sync.Mutex // guards what follows, while ranges are had in parallel
	begun     bool       // it is known what the content is
	total     int64      // of the content; -1: not known
	resource  string
	validator string
	segments  []segment
	given     digests // by the server
	want      digests // given and the caller's
	tally     *tally
	unframed  bool
	proven    bool // the server has given a right range in this call
	plain     bool // the server has no ranges
	response  *requests.Response
	resumed   int64
	requests  int
	restarts  int
	retries   []retry // to be told about by the caller's goroutine

	tick    chan struct{}
	saved   time.Time // when the journal was
	savedAt int64     // what it claims
}

type retry struct {
	why  error
	wait time.Duration
}

func (d *download) run() (result *Result, err error) {
	if err := d.options.check(); err != nil {
		return nil, err
	}
	root, err := d.openTarget()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	defer func() {
		if leaveErr := d.leave(err); leaveErr != nil {
			err = errors.Join(err, leaveErr)
		}
	}()
	if err := d.resume(); err != nil {
		return nil, err
	}
	if err := d.transfer(); err != nil {
		return nil, err
	}
	return d.finish()
}

// openTarget opens the directory and, in it, the partial file.
func (d *download) openTarget() (*os.Root, error) {
	dir, base := d.path, ""
	if !d.options.ServerName {
		var err error
		if dir, base, err = split(d.path); err != nil {
			return nil, err
		}
		d.base = base
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	var mode os.FileMode
	if info, err := root.Lstat(base); base != "" && err == nil {
		if info.IsDir() {
			root.Close()
			return nil, fmt.Errorf("%s is a directory; Options.ServerName names the file in it: %w", d.path, ErrName)
		}
		if info.Mode().IsRegular() {
			mode = info.Mode().Perm()
		}
	}
	if base == "" {
		base = "download-" + digestOf(d.url)[:16]
	}
	if d.part, err = openPartial(root, base, mode); err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

// resume takes up what an earlier call has left.
func (d *download) resume() error {
	d.tick = make(chan struct{}, 1)
	if j := d.part.load(); j != nil && !d.options.Fresh {
		d.begun, d.total, d.segments = true, j.Size, j.Segments
		d.resource, d.validator = j.Resource, j.Validator
		given, _ := j.digests() // checked when the journal was read
		if last := &d.segments[len(d.segments)-1]; d.next() < 0 {
			last.Done-- // whether the content is still the same has to be asked
		}
		d.resumed = d.done()
		d.saved, d.savedAt = time.Now(), d.resumed
		if d.options.ServerName {
			d.base = j.Name
		}
		if err := d.expect(given); err == nil && d.base != "" {
			return d.bounds(0)
		}
	}
	return d.reset()
}

// reset drops what there is and begins anew.
func (d *download) reset() error {
	d.begun, d.total, d.segments = false, -1, nil
	d.validator, d.given, d.want, d.tally = "", nil, nil, nil
	d.unframed, d.proven, d.response, d.resumed = false, false, nil, 0
	d.savedAt = 0
	if d.options.ServerName {
		d.base = ""
	}
	return d.part.empty()
}

// leave ends the use of the partial file: after a failure it stays if a later
// call can go on from it.
func (d *download) leave(err error) error {
	defer d.part.close()
	if err == nil {
		return nil
	}
	useless := errors.Is(err, ErrDigest) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrUnframed)
	if d.resumable() && d.done() > 0 && !useless {
		saveErr := d.save()
		d.kept = saveErr == nil
		return saveErr
	}
	return d.part.discard()
}

// had returns how far segment i has come, or all of the content. In a download
// that began anew that is behind where it was.
func (d *download) had(i int) int64 {
	if i == inOrder {
		return d.done()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.segments[i].Done
}

func (d *download) complete(i int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.segments[i].finished()
}

// done returns how many bytes there are.
func (d *download) done() (n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.segments {
		n += s.Done - s.Start
	}
	return n
}

// resumable reports whether another request can go on from what there is.
func (d *download) resumable() bool { return d.begun && d.validator != "" && !d.plain }

// arrived notes that content was written, in the caller's goroutine or another.
func (d *download) arrived(parallel bool) error {
	if parallel {
		d.wake()
		return nil
	}
	return d.report()
}

func (d *download) wake() {
	select {
	case d.tick <- struct{}{}:
	default: // it will look anyway
	}
}

// report tells of progress and keeps the journal.
func (d *download) report() error {
	d.mu.Lock()
	retries := d.retries
	d.retries = nil
	d.mu.Unlock()
	for _, r := range retries {
		d.options.OnRetry(r.why, r.wait)
	}
	done := d.done()
	if d.options.Progress != nil {
		d.options.Progress(Progress{Done: done, Total: d.total})
	}
	if !d.resumable() || done == d.total || time.Since(d.saved) < journalEvery && done-d.savedAt < journalBytes {
		return nil
	}
	return d.save()
}

// save writes the journal.
func (d *download) save() error {
	d.mu.Lock()
	j := &journal{
		Version: journalVersion, Resource: d.resource, Validator: d.validator, Size: d.total, Segments: slices.Clone(d.segments),
	}
	j.setDigests(d.given)
	d.mu.Unlock()
	for i := range j.Segments {
		if s := &j.Segments[i]; s.unsure {
			s.Done = s.sure
		}
	}
	if d.options.ServerName {
		j.Name = d.base
	}
	d.saved, d.savedAt = time.Now(), d.done()
	return d.part.save(j)
}

// finish checks what there is and gives it its name.
func (d *download) finish() (*Result, error) {
	size := d.done()
	if err := d.tally.catchUp(d.ctx, d.part.file, size); err != nil {
		return nil, err
	}
	verified, err := d.tally.verify(d.want)
	if err != nil {
		return nil, err
	}
	if d.unframed && len(verified) == 0 && !d.options.AllowUnframed {
		return nil, ErrUnframed
	}
	if err := d.part.commit(d.base, size, !d.options.ServerName); err != nil {
		return nil, err
	}
	return &Result{
		Path: filepath.Join(d.part.dir, d.base), Size: size, Resumed: d.resumed, Requests: d.requests,
		Restarts: d.restarts, Verified: verified, Response: d.response,
	}, nil
}

// expect notes what the content must have: what the server gives and what the
// caller asks for.
func (d *download) expect(given digests) error {
	want := make(digests)
	want.add(given)
	if d.options.SHA256 != "" {
		sum, err := hex.DecodeString(d.options.SHA256)
		if err != nil {
			return err
		}
		if !want.add(digests{"sha-256": sum}) {
			return fmt.Errorf("sha-256 is %x by the server, expected %s: %w", want["sha-256"], d.options.SHA256, ErrDigest)
		}
	}
	d.given, d.want, d.tally = given, want, newTally(want)
	return nil
}

// freeSpace is replaced in tests.
var freeSpace = diskSpace

// bounds refuses content that is larger than the caller or the disk allows.
// length is how much of it is known to come when the total is not.
func (d *download) bounds(length int64) error {
	size := max(d.total, length)
	if d.options.MaxSize > 0 && size > d.options.MaxSize {
		return fmt.Errorf("%d bytes, of which %d are allowed: %w", size, d.options.MaxSize, ErrTooLarge)
	}
	if free, ok := freeSpace(d.part.file); ok && d.total-d.done() > free {
		return fmt.Errorf("%d bytes are to come, and there is room for %d: %w", d.total-d.done(), free, ErrNoSpace)
	}
	return nil
}
