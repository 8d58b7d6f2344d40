package drain_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seed-3bbad739/requests/internal/drain"
)

// body reads from r until it is closed; a read of a nil r waits for the end.
type body struct {
	r       io.Reader
	closed  int
	over    chan struct{}
	aborted bool
}

func (b *body) Read(p []byte) (int, error) {
	if b.r != nil {
		return b.r.Read(p)
	}
	<-b.over
	return 0, errors.New("over")
}

func (b *body) Close() error {
	if b.closed++; b.over != nil && !b.aborted {
		b.aborted = true
		close(b.over)
	}
	return nil
}

type aborter struct{ *body }

func (a aborter) Abort() {
	a.aborted = true
	close(a.over)
}

func TestBody(t *testing.T) {
	for _, test := range []struct {
		name     string
		content  io.Reader
		complete bool
		read     int
	}{
		{"a short one is read to its end", strings.NewReader("content"), true, 7},
		{"an empty one", strings.NewReader(""), true, 0},
		{"as long as the bound", strings.NewReader(strings.Repeat("x", drain.MaxBytes)), true, drain.MaxBytes},
		{"longer than the bound", strings.NewReader(strings.Repeat("x", drain.MaxBytes+10)), false, drain.MaxBytes + 1},
		{"one of which no more comes, and no end", io.MultiReader(strings.NewReader("abc"), readerFunc(func([]byte) (int, error) { return 0, nil })), false, 3},
		{"one that breaks", io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(errors.New("cut"))), false, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // so that reading takes no time
				var got bytes.Buffer
				b := &body{r: test.content}
				assert.Equal(t, test.complete, drain.Body(&got, b))
				assert.Equal(t, test.read, got.Len())
				assert.Equal(t, 1, b.closed)
			})
		})
	}
	assert.True(t, drain.Body(io.Discard, nil))
	assert.True(t, drain.Body(io.Discard, http.NoBody))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestBody_GivesUpOnSilence(t *testing.T) {
	for name, wrap := range map[string]func(*body) io.ReadCloser{
		"by closing":                            func(b *body) io.ReadCloser { return b },
		"by aborting, where the body knows how": func(b *body) io.ReadCloser { return aborter{b} },
		"by closing what is below":              func(b *body) io.ReadCloser { return passing{b} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &body{over: make(chan struct{})}
				start := time.Now()
				assert.False(t, drain.Body(io.Discard, wrap(b)))
				assert.Equal(t, drain.MaxWait, time.Since(start))
				assert.Positive(t, b.closed)
			})
		})
	}
}

// passing has Abort for what is below, which cannot.
type passing struct{ *body }

func (p passing) Abort()         { p.Close() }
func (p passing) CanAbort() bool { return drain.CanAbort(p.body) }

func TestCanAbort(t *testing.T) {
	assert.True(t, drain.CanAbort(aborter{}))
	assert.False(t, drain.CanAbort(new(body)))
	assert.False(t, drain.CanAbort(passing{}))
}

func TestAbort(t *testing.T) {
	known, other := &body{over: make(chan struct{})}, new(body)
	drain.Abort(aborter{known})
	assert.True(t, known.aborted)
	assert.Zero(t, known.closed, "that is still its reader's to do")
	drain.Abort(other)
	assert.Equal(t, 1, other.closed, "there is no other way")
}

// deaf waits in Read until it is let go, whatever is done to it.
type deaf struct {
	content io.Reader
	free    chan struct{}
	closed  chan struct{} // by Close, which waits for the Read
}

func (d *deaf) Read(p []byte) (int, error) {
	if n, err := d.content.Read(p); err == nil {
		return n, nil
	}
	<-d.free
	return copy(p, "tent"), io.EOF
}

func (d *deaf) Close() error {
	<-d.free
	close(d.closed)
	return nil
}

// A body that nothing ends is left, with what came of it, and closed when it
// ends after all. net/http's is one while it waits for the header of gzip.
func TestBody_LeavesWhatItCannotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &deaf{strings.NewReader("con"), make(chan struct{}), make(chan struct{})}
		var got bytes.Buffer
		start := time.Now()
		assert.False(t, drain.Body(&got, d))
		assert.Equal(t, 2*drain.MaxWait, time.Since(start))
		assert.Equal(t, "con", got.String())
		close(d.free)
		<-d.closed
		synctest.Wait()
		assert.Equal(t, "con", got.String(), "nobody writes to it any more")
	})
}

// What the Read of a foreign body panics with can be recovered.
func TestBody_Panics(t *testing.T) {
	b := &body{r: iotest.DataErrReader(nil)}
	assert.Panics(t, func() { drain.Discard(b) })
	assert.Equal(t, 1, b.closed)
}

func TestSeries(t *testing.T) {
	silent := func() *body { return &body{over: make(chan struct{})} }
	synctest.Test(t, func(t *testing.T) {
		var s drain.Series
		for i := range 6 {
			var got bytes.Buffer
			start := time.Now()
			if i%3 == 2 {
				b := silent()
				assert.False(t, s.Body(&got, aborter{b}), "a silent one, after others")
				assert.Equal(t, drain.MaxWait, time.Since(start), "each has all of the time")
				assert.Equal(t, 1, b.closed)
				continue
			}
			time.Sleep(drain.MaxWait - 1) // between two of them
			b := &body{r: strings.NewReader("content")}
			assert.True(t, s.Body(&got, b))
			assert.Equal(t, "content", got.String())
			assert.Equal(t, 1, b.closed)
			assert.False(t, b.aborted)
		}
		time.Sleep(time.Hour) // nothing fires that was left behind
	})
}

// A body may end at the very moment its time does: whoever wins, the one after
// it is left alone.
func TestSeries_EndsAsItsTimeDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 100 {
			var s drain.Series
			s.Discard(&slow{wait: drain.MaxWait})
			next := &slow{wait: drain.MaxWait - 1}
			assert.True(t, s.Body(io.Discard, next))
			assert.False(t, next.aborted)
		}
	})
}

// slow ends after a while.
type slow struct {
	wait    time.Duration
	aborted bool
}

func (s *slow) Read([]byte) (int, error) { time.Sleep(s.wait); return 0, io.EOF }
func (s *slow) Close() error             { return nil }
func (s *slow) Abort()                   { s.aborted = true }

func TestDiscard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &body{r: strings.NewReader("content")}
		drain.Discard(b)
		assert.Equal(t, 1, b.closed)
	})
}
