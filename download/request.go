package download

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/internal/again"
)

// request makes one request for segment i and writes what it brings. While
// parallel, the content must be what it was; else a response may also be of
// content that is new.
func (d *download) request(ctx context.Context, i int, parallel bool) error {
	want, ranged := d.span(i)
	d.mu.Lock()
	d.requests++
	n := d.requests
	d.mu.Unlock()
	if n > maxRequests {
		return fmt.Errorf("more than %d requests", maxRequests)
	}
	resp, err := d.session.Get(ctx, d.url, d.requestOptions(want, ranged)...)
	if err != nil {
		return err
	}
	defer resp.Close()
	switch {
	case resp.StatusCode == http.StatusOK:
		return d.whole(ctx, resp, parallel, ranged)
	case resp.StatusCode == http.StatusPartialContent && ranged:
		return d.ranged(ctx, resp, i, want, parallel)
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && ranged:
		return &restart{fmt.Errorf("status 416 for %s: %w", want.field(), ErrRange), !d.begun}
	case resp.StatusCode == http.StatusPartialContent:
		return fmt.Errorf("status 206, though no range was asked for: %w", ErrRange)
	}
	if err := resp.RaiseForStatus(); err != nil {
		if again.Status(resp.StatusCode) {
			after, _ := again.After(resp.Header, time.Now())
			return &passing{err, after}
		}
		return err
	}
	return fmt.Errorf("status %d brings no content to keep", resp.StatusCode)
}

// span returns what to ask for, and whether it is less than all.
func (d *download) span(i int) (span, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	apart := d.options.Segments > 1 && !d.plain
	if !d.begun {
		return span{0, minSegment}, apart
	}
	s := d.segments[i]
	if s.Done == 0 && s.End == d.total && !apart {
		return span{}, false
	}
	want := span{s.Done, s.End}
	if want.to < 0 {
		// Where the end is not known, the content may be complete: asking for
		// its last byte again tells, where asking for the next is an error.
		want.from = max(0, want.from-1)
	}
	if apart && !d.proven {
		want.to = want.from + minSegment
		if s.End >= 0 {
			want.to = min(want.to, s.End)
		}
	}
	return want, true
}

func (d *download) requestOptions(want span, ranged bool) []requests.Option {
	opts := append([]requests.Option(nil), d.opts...)
	opts = append(opts, requests.WithStream(true), requests.WithRaiseForStatus(false),
		requests.WithHeader("Accept-Encoding", "identity"), requests.WithoutHeader("Range"), requests.WithoutHeader("If-Range"))
	if !ranged {
		return opts
	}
	opts = append(opts, requests.WithHeader("Range", want.field()))
	if d.begun {
		opts = append(opts, requests.WithHeader("If-Range", d.validator))
	}
	return opts
}

// whole takes a response that is all of the content, where a range was asked
// for or not.
func (d *download) whole(ctx context.Context, resp *requests.Response, parallel, ranged bool) error {
	if d.begun {
		same := ranged && d.validator == strongValidator(resp.Header)
		why := errors.New("the content changed")
		if same {
			why = errors.New("the server gives no ranges")
		}
		if parallel {
			return &restart{why, same}
		}
		if ranged {
			if err := d.restart(why); err != nil {
				return err
			}
		}
		if err := d.reset(); err != nil {
			return err
		}
		d.plain = d.plain || same
	} else if ranged {
		d.plain = true
	}
	if err := d.begin(resp, resp.ContentLength, resp.ContentLength); err != nil {
		return err
	}
	return d.copy(ctx, resp, resp.Body, 0, span{0, d.total}, parallel)
}

// ranged takes a response that should be the range that was asked for.
func (d *download) ranged(ctx context.Context, resp *requests.Response, i int, want span, parallel bool) error {
	r, err := d.readRange(resp, want)
	if err != nil {
		return &restart{err, true}
	}
	if !d.begun {
		if err := d.begin(resp, r.size, r.len()); err != nil {
			return err
		}
		if d.validator == "" {
			return &restart{errors.New("ranges without a strong validator"), true}
		}
	} else if err := d.sameContent(resp, r); err != nil {
		return &restart{err, false}
	}
	sums, err := parseDigests(resp.Header, "Content-Digest")
	if err != nil {
		return err
	}
	if !parallel {
		d.proven = true
	}
	return d.copyRange(ctx, resp, i, span{r.first, r.last + 1}, sums, parallel)
}

// readRange returns the range that a 206 says it is, if it is one that was
// asked for.
func (d *download) readRange(resp *requests.Response, want span) (contentRange, error) {
	if mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); mediaType == "multipart/byteranges" {
		return contentRange{}, fmt.Errorf("several ranges came where one was asked for: %w", ErrRange)
	}
	if coded(resp) {
		return contentRange{}, fmt.Errorf("a range of content in the coding %.100q: %w", resp.Header.Get("Content-Encoding"), ErrRange)
	}
	if lines := resp.Header.Values("Content-Range"); len(lines) != 1 {
		return contentRange{}, fmt.Errorf("a 206 with %d Content-Range fields: %w", len(lines), ErrRange)
	}
	r, err := parseContentRange(resp.Header.Get("Content-Range"))
	if err != nil {
		return r, err
	}
	if resp.ContentLength >= 0 && resp.ContentLength != r.len() {
		return r, fmt.Errorf("a range of %d bytes in content of %d: %w", r.len(), resp.ContentLength, ErrRange)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if want.to < 0 && r.size >= 0 && r.last != r.size-1 {
		return r, fmt.Errorf("a range up to the end was asked for, one up to %d of %d came: %w", r.last, r.size, ErrRange)
	}
	return r, r.answers(want, d.total >= 0)
}

// sameContent says how a range differs from the content there is.
func (d *download) sameContent(resp *requests.Response, r contentRange) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	field := "ETag"
	if !strings.HasPrefix(d.validator, `"`) {
		field = "Last-Modified"
	}
	if got := resp.Header.Get(field); got != "" && got != d.validator {
		return fmt.Errorf("the content changed: %s is %.100q, it was %.100q", field, got, d.validator)
	}
	if _, resource := resourceOf(resp); resource != d.resource {
		return errors.New("the partial file is of another URL")
	}
	sums, err := parseDigests(resp.Header, "Repr-Digest")
	if err != nil {
		return err
	}
	for name, sum := range sums {
		if had, ok := d.want[name]; ok && string(had) != string(sum) {
			return fmt.Errorf("the content changed: its %s is another", name)
		}
	}
	switch {
	case d.total < 0:
		d.total = r.size
		d.segments[0].End = r.size
	case r.size >= 0 && r.size != d.total:
		return fmt.Errorf("the content changed: it has %d bytes, it had %d", r.size, d.total)
	}
	if d.response == nil {
		d.response = resp
	}
	return nil
}

// begin notes what the content is.
func (d *download) begin(resp *requests.Response, size, length int64) error {
	want, err := parseDigests(resp.Header, "Repr-Digest")
	if err != nil {
		return err
	}
	asked, resource := resourceOf(resp)
	d.resource, d.response, d.total = resource, resp, size
	d.validator = strongValidator(resp.Header)
	d.unframed = resp.Response.Close && size < 0 && len(resp.TransferEncoding) == 0 && resp.ProtoMajor < 2
	if coded(resp) {
		d.validator, want, d.total, d.unframed = "", nil, -1, false
	} else if resp.StatusCode == http.StatusOK {
		sums, err := parseDigests(resp.Header, "Content-Digest")
		if err != nil {
			return err
		}
		if want == nil {
			want = make(digests)
		}
		if !want.add(sums) {
			return fmt.Errorf("Content-Digest and Repr-Digest contradict: %w", ErrDigest)
		}
	}
	if strings.EqualFold(resp.Header.Get("Accept-Ranges"), "none") {
		d.plain = true
	}
	if d.options.ServerName {
		if d.base, err = serverName(resp.Header, asked); err != nil {
			return err
		}
		if err := d.part.free(d.base); err != nil {
			return err
		}
	}
	if err := d.bounds(length); err != nil {
		return err
	}
	if err := d.expect(want); err != nil {
		return err
	}
	d.segments = []segment{{End: d.total}}
	d.begun = true
	d.saved, d.savedAt = time.Now(), 0
	return nil
}

// coded reports whether what is read of resp is not the bytes that ranges count.
func coded(resp *requests.Response) bool {
	for _, line := range resp.Header.Values("Content-Encoding") {
		for coding := range strings.SplitSeq(line, ",") {
			if coding = strings.Trim(coding, " \t"); coding != "" && !strings.EqualFold(coding, "identity") {
				return true
			}
		}
	}
	return false
}
