package requests

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Body is content that can be opened again: redirects, challenges and retries
// all need that.
type Body interface {
	// Open returns the content from its start, on every call. It returns an
	// error that matches ErrBodyNotReplayable when it cannot. The caller
	// closes what it got. A call does not wait for it any longer than its
	// context allows, and calls it in a goroutine that may outlast the call.
	Open() (io.ReadCloser, error)
	// Len is the number of bytes, -1 when it is not known: then the content
	// is sent chunked.
	Len() int64
	// ContentType is the media type to send; "" sets none.
	ContentType() string
}

// NewBody returns content as a [Body]: a string, []byte, io.Reader or Body.
// It returns nil for a nil content.
//
// A bytes.Buffer, and every reader that is an io.ReaderAt and an io.Seeker
// (files, bytes.Reader, strings.Reader), is sent from its position at this
// moment, any number of times, concurrently, and is left as it is. Another
// io.Seeker is sent any number of times, one at a time. Any other reader is
// sent once and closed if it is an io.Closer.
//
// After an early answer content may be read for a moment longer than the call lasts:
// do not change a []byte that was sent, and use a reader again only once its Close
// has been called.
func NewBody(content any) (Body, error) {
	switch c := content.(type) {
	case nil:
		return nil, nil
	case Body:
		return c, nil
	case string:
		return &textBody{text: c}, nil
	case []byte:
		return &bytesBody{data: c}, nil
	case *bytes.Buffer:
		if c == nil {
			return nil, fmt.Errorf("the %T is nil", c)
		}
		return &bytesBody{data: c.Bytes()}, nil
	case io.Reader:
		if v := reflect.ValueOf(c); v.Kind() == reflect.Pointer && v.IsNil() {
			return nil, fmt.Errorf("the %T is nil", c)
		}
		return newReaderBody(c)
	}
	return nil, fmt.Errorf("content of type %T: want string, []byte, io.Reader or Body", content)
}

// isReplayable reports whether body can be opened more than once, as far as
// can be told without doing it.
func isReplayable(body Body) bool {
	if r, ok := body.(interface{ replayable() bool }); ok {
		return r.replayable()
	}
	return true
}

// bodyText is how every body is printed: what is in it may be secret.
func bodyText(b Body) string {
	s := "content"
	if n := b.Len(); n >= 0 {
		s = strconv.FormatInt(n, 10) + " bytes"
	}
	if kind, _, _ := strings.Cut(b.ContentType(), ";"); kind != "" {
		s += " of " + printable(kind)
	}
	return "<" + s + ">"
}

func (b *bytesBody) Format(f fmt.State, verb rune)     { formatText(f, verb, bodyText(b)) }
func (b *textBody) Format(f fmt.State, verb rune)      { formatText(f, verb, bodyText(b)) }
func (b *sectionBody) Format(f fmt.State, verb rune)   { formatText(f, verb, bodyText(b)) }
func (b *seekBody) Format(f fmt.State, verb rune)      { formatText(f, verb, bodyText(b)) }
func (b *onceBody) Format(f fmt.State, verb rune)      { formatText(f, verb, bodyText(b)) }
func (b *fileBody) Format(f fmt.State, verb rune)      { formatText(f, verb, bodyText(b)) }
func (b *givenBody) Format(f fmt.State, verb rune)     { formatText(f, verb, bodyText(b)) }
func (m *multipartBody) Format(f fmt.State, verb rune) { formatText(f, verb, bodyText(m)) }

// bytesBody is content in memory.
type bytesBody struct {
	data        []byte
	contentType string
}

func (b *bytesBody) Len() int64          { return int64(len(b.data)) }
func (b *bytesBody) ContentType() string { return b.contentType }

// Open returns a reader that adapters and net/http know for one in memory:
// its content goes out in one write with the header.
func (b *bytesBody) Open() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(b.data)), nil
}

// textBody is a string, which need not be copied.
type textBody struct{ text string }

func (b *textBody) Len() int64        { return int64(len(b.text)) }
func (*textBody) ContentType() string { return "" }
func (b *textBody) Open() (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(b.text)), nil
}

func newForm(fields url.Values) Body {
	return &bytesBody{[]byte(fields.Encode()), "application/x-www-form-urlencoded"}
}

// encoders keep the buffers that JSON is encoded in; what leaves is a copy of
// the right size.
var encoders = sync.Pool{New: func() any {
	e := new(jsonEncoder)
	e.Encoder = json.NewEncoder(&e.buf)
	e.SetEscapeHTML(false)
	return e
}}

type jsonEncoder struct {
	*json.Encoder
	buf bytes.Buffer
}

const maxPooledBuffer = 64 << 10 // bytes; a larger one is left to the collector

func newJSON(v any) (Body, error) {
	e := encoders.Get().(*jsonEncoder)
	e.buf.Reset()
	if err := e.Encode(v); err != nil {
		return nil, because(ErrInvalidJSON, err) // e may remember the error: it is dropped
	}
	data := bytes.Clone(bytes.TrimSuffix(e.buf.Bytes(), []byte("\n")))
	if e.buf.Cap() <= maxPooledBuffer {
		encoders.Put(e)
	}
	return &bytesBody{data, "application/json"}, nil
}

func newReaderBody(r io.Reader) (Body, error) {
	seeker, ok := r.(io.Seeker)
	if ok {
		start, size, err := remaining(seeker)
		if errors.Is(err, errStrayed) {
			return nil, err
		}
		if err == nil {
			if at, ok := r.(io.ReaderAt); ok {
				return &sectionBody{at, start, size}, nil
			}
			return &seekBody{r: r, seeker: seeker, start: start, size: size}, nil
		}
	}
	b := &onceBody{r: r, size: -1, claimed: new(uint32)}
	if l, ok := r.(interface{ Len() int }); ok {
		b.size = int64(l.Len())
	}
	return b, nil
}

var errStrayed = errors.New("the reader could not be put back to where it was")

// remaining finds where s stands and how much is left, and puts it back.
func remaining(s io.Seeker) (start, size int64, err error) {
	if f, ok := s.(*os.File); ok {
		// The size of a device or a pipe means nothing.
		if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
			return 0, 0, errors.ErrUnsupported
		}
	}
	if start, err = s.Seek(0, io.SeekCurrent); err != nil {
		return 0, 0, err
	}
	end, err := s.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, 0, err
	}
	if _, err = s.Seek(start, io.SeekStart); err != nil {
		return 0, 0, fmt.Errorf("%w: %w", errStrayed, err) // nothing is left to be read
	}
	return start, max(end-start, 0), nil
}

// sectionBody is a part of what can be read at any place: concurrently and
// without moving anything.
type sectionBody struct {
	r           io.ReaderAt
	start, size int64
}

func (b *sectionBody) Len() int64        { return b.size }
func (*sectionBody) ContentType() string { return "" }
func (b *sectionBody) Open() (io.ReadCloser, error) {
	return &sectionReader{*io.NewSectionReader(b.r, b.start, b.size)}, nil
}

type sectionReader struct{ io.SectionReader }

func (*sectionReader) Close() error { return nil }

// seekBody is a reader with one position, so that only one can read it.
type seekBody struct {
	r           io.Reader
	seeker      io.Seeker
	start, size int64

	mu   sync.Mutex    // guards what follows
	busy bool          // somebody reads
	free chan struct{} // closed when nobody does any more; nil: nobody waits for that
}

func (b *seekBody) Len() int64        { return b.size }
func (*seekBody) ContentType() string { return "" }
func (b *seekBody) Open() (io.ReadCloser, error) {
	if !b.claim() {
		return nil, refuse(ErrBodyNotReplayable, "the reader is being sent already")
	}
	if _, err := b.seeker.Seek(b.start, io.SeekStart); err != nil {
		b.release()
		return nil, because(ErrBodyNotReplayable, err)
	}
	return &seekReader{b: b, rest: b.size}, nil
}

// handover is how long one who wants to read waits for another to leave: an
// upload that was answered early is given up by net/http some 50 ms later.
const handover = 200 * time.Millisecond

// claim makes the caller the one who reads, and reports whether it could.
func (b *seekBody) claim() bool {
	var over <-chan time.Time
	for {
		b.mu.Lock()
		if !b.busy {
			b.busy = true
			b.mu.Unlock()
			return true
		}
		if b.free == nil {
			b.free = make(chan struct{})
		}
		free := b.free
		b.mu.Unlock()
		if over == nil {
			t := time.NewTimer(handover)
			defer t.Stop()
			over = t.C
		}
		select {
		case <-free:
		case <-over:
			return false
		}
	}
}

func (b *seekBody) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy = false
	if b.free != nil {
		close(b.free)
		b.free = nil
	}
}

type seekReader struct {
	b    *seekBody
	rest int64 // Read's alone

	mu      sync.Mutex // guards what follows
	reading bool       // a Read is under way, which Close does not wait for
	closed  bool
	left    bool // the next one may read
}

func (r *seekReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	closed := r.closed
	r.reading = !closed
	r.mu.Unlock()
	if closed {
		return 0, fs.ErrClosed
	}
	n, err := 0, io.EOF
	if r.rest > 0 {
		n, err = r.b.r.Read(p[:min(int64(len(p)), r.rest)])
	}
	if r.rest -= int64(n); err == io.EOF {
		r.rest = 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reading = false
	if r.rest <= 0 || r.closed {
		// net/http closes a body some time after its last byte was written, by
		// when the answer may be there and ask for it again.
		r.leave()
	}
	return n, err
}

func (r *seekReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if !r.reading {
		r.leave()
	}
	return nil
}

// leave lets the next one read. mu is held.
func (r *seekReader) leave() {
	if !r.left {
		r.left = true
		r.b.release()
	}
}

// onceBody is a reader that can be read once.
type onceBody struct {
	r       io.Reader
	size    int64
	claimed *uint32 // set atomically
}

func (b *onceBody) Len() int64        { return b.size }
func (*onceBody) ContentType() string { return "" }
func (*onceBody) replayable() bool    { return false }
func (b *onceBody) Open() (io.ReadCloser, error) {
	if !atomic.CompareAndSwapUint32(b.claimed, 0, 1) {
		return nil, refuse(ErrBodyNotReplayable, "a %T is read once", b.r)
	}
	if rc, ok := b.r.(io.ReadCloser); ok {
		return rc, nil
	}
	return io.NopCloser(b.r), nil
}

// fileBody is a file that is opened whenever it is sent.
type fileBody struct {
	path string
	size int64
}

func newFileBody(path string) (Body, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("is a directory")}
	}
	if !info.Mode().IsRegular() || info.Size() == 0 && hasBytes(path) {
		return &fileBody{path, -1}, nil
	}
	return &fileBody{path, info.Size()}, nil
}

// hasBytes reports whether there is something to read in a file: those below
// /proc and the like have a size of 0, whatever is in them.
func hasBytes(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false // as Open will say
	}
	defer f.Close()
	n, _ := f.Read(make([]byte, 1))
	return n > 0
}

func (b *fileBody) Len() int64        { return b.size }
func (*fileBody) ContentType() string { return "" }
func (b *fileBody) replayable() bool  { return b.size >= 0 }
func (b *fileBody) Open() (io.ReadCloser, error) {
	f, err := os.Open(b.path)
	if err != nil {
		return nil, err
	}
	if b.size < 0 {
		return f, nil
	}
	info, err := f.Stat()
	if err == nil && info.Size() != b.size {
		err = fmt.Errorf("%s has changed from %d to %d bytes since the request was made", b.path, b.size, info.Size())
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
