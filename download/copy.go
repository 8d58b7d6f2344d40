package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/seed-3bbad739/requests"
)

// copyRange writes the range r of segment i. One that does not match its
// Content-Digest counts as not had; until that is known no journal claims it.
func (d *download) copyRange(ctx context.Context, resp *requests.Response, i int, r span, sums digests, parallel bool) error {
	if len(sums) == 0 {
		return d.copy(ctx, resp, resp.Body, i, r, parallel)
	}
	d.mu.Lock()
	s := &d.segments[i]
	before := s.Done
	s.unsure, s.sure = true, before
	d.mu.Unlock()

	t := &tallied{r: resp.Body, tally: newTally(sums)}
	err := d.copy(ctx, resp, t, i, r, parallel)
	var wrong error
	if err == nil {
		_, wrong = t.tally.verify(sums)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s.unsure = false
	if wrong == nil {
		return err // a range that was cut cannot be checked; all of the content may be
	}
	s.Done = before
	d.tally = newTally(d.want) // it was fed with them; the file will be read again
	return &passing{error: wrong}
}

// tallied computes digests of what is read.
type tallied struct {
	r     io.Reader
	tally *tally
}

func (t *tallied) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.tally.feed(p[:n], t.tally.offset)
	return n, err
}

const bufferSize = 128 << 10 // bytes

// copy writes what body brings to where it belongs, r of segment i. If r has
// no end, that of body is the end of the content.
func (d *download) copy(ctx context.Context, resp *requests.Response, body io.Reader, i int, r span, parallel bool) error {
	if err := d.arrived(parallel); err != nil {
		return err
	}
	buf := make([]byte, bufferSize)
	at := r.from
	for r.to < 0 || at < r.to {
		room := buf
		if r.to >= 0 {
			room = buf[:min(int64(len(buf)), r.to-at)]
		}
		n, err := body.Read(room)
		if n > 0 {
			if err := d.write(room[:n], at, i); err != nil {
				return err
			}
			at += int64(n)
			if err := d.arrived(parallel); err != nil {
				return err
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ended(ctx, nil)
		}
	}
	if r.to < 0 {
		return d.endAt(at)
	}
	if at < r.to {
		return fmt.Errorf("%d bytes are missing: %w", r.to-at, requests.ErrTruncated)
	}
	if resp.ContentLength >= 0 {
		return nil
	}
	if n, _ := body.Read(buf[:1]); n > 0 {
		return &restart{fmt.Errorf("more than the range of %d bytes: %w", r.to-r.from, ErrRange), true}
	}
	return nil
}

// write puts b at its place in the file and notes it.
func (d *download) write(b []byte, at int64, i int) error {
	end := at + int64(len(b))
	if d.options.MaxSize > 0 && end > d.options.MaxSize {
		return fmt.Errorf("more than %d bytes: %w", d.options.MaxSize, ErrTooLarge)
	}
	if _, err := d.part.file.WriteAt(b, at); err != nil {
		if errors.Is(err, syscall.ENOSPC) {
			err = fmt.Errorf("%w: %w", ErrNoSpace, err)
		}
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.segments[i].Done = max(d.segments[i].Done, end)
	d.tally.feed(b, at)
	return nil
}

// endAt notes where content of unknown size has ended.
func (d *download) endAt(size int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.total, d.segments[0].End = size, size
	return nil
}
