// Package decode undoes the content codings of a response (RFC 9110, section
// 8.4): gzip, deflate, br and zstd, alone or one over the other. It decodes as
// it is read, in bounded memory whatever the content claims.
package decode

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/seed-3bbad739/requests/internal/drain"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// Supported is the value of Accept-Encoding that names what Reader undoes.
const Supported = "gzip, deflate, br, zstd"

// maxCodings bounds a chain. Real ones have one coding, seldom two; each more
// multiplies what a small body can cost.
const maxCodings = 5

// Reader returns body with its codings undone. They are given as the lines of
// the Content-Encoding field, in any case, and are undone from the last to the
// first. When there is nothing to undo, or one of them is unknown, that is
// body itself. More than five codings, "identity" among them, are an error.
//
// The reader opens its decoders at the first Read and gives what it has before
// it waits for more. It returns io.EOF only once body has, up to 256 KiB past
// the end of the coded content; that end may come at once, for empty content
// is empty whatever its coding. An error of body itself is returned as it is,
// one of its method Alive too; see [Alive]. All others match
// [sentinel.ContentDecoding] and wrap their cause, which for content that ends
// too early is io.ErrUnexpectedEOF. Codings over one another that bring next to
// no content are such an error.
//
// Close closes body and may be called during a Read. It returns at once; a
// Read after it is http.ErrBodyReadAfterClose. If Reader returns an error, body
// is left to the caller.
func Reader(body io.ReadCloser, codings []string) (io.ReadCloser, error) {
	var list [maxCodings]*coding
	n, err := parse(&list, codings)
	if err != nil {
		return nil, err
	}
	if n == 0 || body == nil || body == http.NoBody {
		return body, nil
	}
	r := &reader{body: body, spare: maxSpare}
	r.first = layer{coding: list[n-1], in: input{r: body}}
	r.last = &r.first
	r.alive, _ = body.(Alive)
	for i := n - 2; i >= 0; i-- {
		r.last = &layer{coding: list[i], in: input{r: r.last, top: r}, below: r.last}
	}
	return r, nil
}

// parse fills list with the codings to undo, in the order they were applied,
// and returns their number: none when one is unknown.
func parse(list *[maxCodings]*coding, lines []string) (n int, err error) {
	named, unknown := 0, false
	for _, line := range lines {
		for line != "" {
			var name string
			name, line, _ = strings.Cut(line, ",")
			if name = strings.Trim(name, " \t"); name == "" {
				continue
			}
			if named++; named > maxCodings {
				return 0, fmt.Errorf("%w: more than %d content codings", sentinel.ContentDecoding, maxCodings)
			}
			if strings.EqualFold(name, "identity") {
				continue
			}
			c := find(name)
			if c == nil {
				unknown = true
				continue
			}
			list[n] = c
			n++
		}
	}
	if unknown {
		return 0, nil
	}
	return n, nil
}

// reader is the outermost of the layers, with what only that one needs.
type reader struct {
	body   io.ReadCloser
	last   *layer     // undone last, which the caller reads
	first  layer      // undone first, which reads body
	mu     sync.Mutex // held while the layers are in use
	alive  Alive      // nil: nobody is asked
	spare  int64      // what may still pass between the layers
	since  int        // decoded since alive was asked
	closed atomic.Bool
}

func (r *reader) Read(p []byte) (int, error) {
	r.mu.Lock()
	n, err := 0, r.wanted()
	if err == nil {
		n, err = r.last.Read(p)
		r.bring(n)
	}
	r.mu.Unlock()
	if r.closed.Load() {
		r.release() // Close found the layers in use and left them
	}
	return n, err
}

func (r *reader) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	err := r.body.Close()
	r.release()
	return err
}

// Abort ends a pending Read of the body; see [drain.Aborter].
func (r *reader) Abort() { drain.Abort(r.body) }

// CanAbort reports whether Abort is more than Close.
func (r *reader) CanAbort() bool { return drain.CanAbort(r.body) }

// release gives the decoders back unless a Read is using them; that Read does
// it then.
func (r *reader) release() {
	if !r.mu.TryLock() {
		return
	}
	defer r.mu.Unlock()
	for l := r.last; l != nil; l = l.below {
		l.release()
	}
}

// layer undoes one coding.
type layer struct {
	coding *coding
	below  *layer
	in     input
	dec    decoder // nil: not opened yet, or given back
	ended  error   // what the decoder ended with; nil: it has not
	err    error   // what this layer ended with; nil: it has not
	probe  [16]byte
}

func (l *layer) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if l.ended == nil {
		if l.dec == nil {
			l.dec = l.coding.get(&l.in)
		}
		n, err := l.dec.Read(p)
		if err != nil {
			l.ended = err
			l.release()
		}
		if n > 0 || err == nil {
			return n, nil // finding out how it ends may have to wait
		}
	}
	l.err = l.end()
	return 0, l.err
}

// end turns what the decoder ended with into what the layer ends with.
func (l *layer) end() error {
	switch {
	case l.in.err != nil && l.in.err != io.EOF:
		return l.in.err
	case l.ended == io.EOF || !l.in.any:
		return l.rest()
	default:
		return fmt.Errorf("%w: %s: %w", sentinel.ContentDecoding, l.coding.name, l.ended)
	}
}

// rest reads what follows the coded content. The body has to be read to its
// end for its connection to serve again, and for a broken framing to show.
func (l *layer) rest() error {
	for left := drain.MaxBytes; l.in.err == nil && left > 0; {
		n, _ := l.in.Read(l.probe[:])
		left -= n
		if n > 0 && l.in.err == nil {
			m, _ := io.CopyN(io.Discard, &l.in, int64(left))
			left -= int(m)
		}
	}
	if l.in.err != nil {
		return l.in.err
	}
	return io.EOF
}

// release gives the decoder back. It is the only place that does.
func (l *layer) release() {
	if l.dec == nil {
		return
	}
	l.coding.put(l.dec)
	l.dec = nil
	if l.ended == nil {
		l.ended = http.ErrBodyReadAfterClose
	}
}

// input remembers how its reader ended, to tell an error of the body from one
// of the content.
type input struct {
	r   io.Reader
	top *reader // counts what comes; nil: r is the body
	any bool    // something was read
	err error   // sticky
}

func (in *input) Read(p []byte) (n int, err error) {
	if in.err != nil {
		return 0, in.err
	}
	for range 100 {
		n, in.err = in.r.Read(p)
		if n > 0 && in.top != nil {
			if err := in.top.pass(n); err != nil {
				in.err = err
				return 0, err
			}
		}
		if n > 0 || in.err != nil {
			in.any = in.any || n > 0
			return n, in.err
		}
	}
	in.err = io.ErrNoProgress
	return 0, in.err
}
