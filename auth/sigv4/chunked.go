package sigv4

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
)

const (
	coding    = "aws-chunked"
	chunkSize = 64 << 10 // bytes of content; S3 wants 8 KiB at least

	chunkExtension   = ";chunk-signature="
	trailerSignature = "x-amz-trailer-signature:"
	crlf             = "\r\n"

	// maxContent keeps the arithmetic on lengths far from overflow.
	maxContent = 1 << 60
)

// encoding is how the content of one signed request is sent as aws-chunked.
// All but the state of a single reading is here, so that each opening of the
// content starts the chain of signatures again at the seed.
type encoding struct {
	open    func() (io.ReadCloser, error) // the content itself; nil: it can be had only once
	length  int64                         // of the content itself
	mode    Payload
	trailer string // "" for none
	chosen  bool   // the caller named the trailer

	key  *signingKey
	date string
	seed signature // of the request's header
}

func newEncoding(r *http.Request, mode Payload) (*encoding, error) {
	e := &encoding{open: r.GetBody, length: r.ContentLength, mode: mode}
	switch {
	case e.length < 0 || e.length == 0 && !empty(r):
		return nil, errors.New("sigv4: content can be sent as aws-chunked only if its length is known")
	case e.length > maxContent:
		return nil, errors.New("sigv4: the content is too long")
	case r.Body == nil && r.GetBody == nil && e.length > 0:
		return nil, errors.New("sigv4: the request has a content length and no content")
	}
	if mode == PayloadStreamSigned {
		if r.Header.Get("X-Amz-Trailer") != "" {
			return nil, errors.New("sigv4: the request names a trailer, which this payload does not send")
		}
		return e, nil
	}
	var err error
	e.trailer, e.chosen, err = trailer(r.Header)
	return e, err
}

func (e *encoding) signed() bool { return e.mode != PayloadStreamUnsignedTrailer }

// announce sets the fields that tell of the encoding.
func (e *encoding) announce(h http.Header) {
	if c := strings.Join(h.Values("Content-Encoding"), ","); c == "" {
		h.Set("Content-Encoding", coding)
	} else if !chunkedCoding(c) {
		h.Set("Content-Encoding", coding+","+c)
	}
	h.Set("X-Amz-Decoded-Content-Length", strconv.FormatInt(e.length, 10))
	if e.trailer != "" {
		h.Set("X-Amz-Trailer", e.trailer)
	}
}

// chunkedCoding reports whether the outermost content coding is aws-chunked.
func chunkedCoding(contentEncoding string) bool {
	first, _, _ := strings.Cut(contentEncoding, ",")
	return strings.EqualFold(strings.TrimSpace(first), coding)
}

// replaceBody puts the encoding in the place of r's content.
func (e *encoding) replaceBody(r *http.Request) {
	if r.Body == nil && r.GetBody == nil { // no content, but a trailer that was asked for
		r.Body = http.NoBody
	}
	if r.Body != nil {
		r.Body = e.encode(r.Body)
	}
	if e.open != nil {
		r.GetBody = func() (io.ReadCloser, error) {
			src, err := e.open()
			if err != nil {
				return nil, err
			}
			return e.encode(src), nil
		}
	}
	r.ContentLength = e.size()
	r.TransferEncoding = nil
}

// size returns the length of the encoding.
func (e *encoding) size() int64 {
	chunk := func(n int64) int64 {
		size := int64(len(strconv.FormatInt(n, 16)) + len(crlf))
		if e.signed() {
			size += int64(len(chunkExtension) + len(signature{}))
		}
		return size
	}
	n := chunk(0) + int64(len(crlf))
	n += e.length / chunkSize * (chunk(chunkSize) + chunkSize + int64(len(crlf)))
	if rest := e.length % chunkSize; rest > 0 {
		n += chunk(rest) + rest + int64(len(crlf))
	}
	if e.trailer != "" {
		n += int64(len(e.trailer) + len(":") + base64.StdEncoding.EncodedLen(checksum(e.trailer).Size()) + len(crlf))
		if e.signed() {
			n += int64(len(trailerSignature) + len(signature{}) + len(crlf))
		}
	}
	return n
}

func (e *encoding) encode(src io.ReadCloser) *chunked {
	return &chunked{encoding: e, src: src, left: e.length, previous: e.seed}
}

// unwrap undoes what an earlier signature did to r's content, so that it can
// be encoded anew. Content that somebody else has encoded stays.
func unwrap(r *http.Request) error {
	c, ok := r.Body.(*chunked)
	if !ok {
		if r.GetBody == nil || !chunkedCoding(r.Header.Get("Content-Encoding")) || !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), streamPrefix) {
			return nil
		}
		body, err := r.GetBody()
		if err != nil {
			return fmt.Errorf("sigv4: opening the content: %w", err)
		}
		if body != nil {
			body.Close()
		}
		if c, ok = body.(*chunked); !ok {
			return nil
		}
	}
	e := c.encoding
	if r.Body != nil {
		fresh := c.src
		if c.used.Load() || r.Body != io.ReadCloser(c) {
			if e.open == nil {
				return fmt.Errorf("sigv4: encoding the content anew: %w", ErrNotReplayable)
			}
			var err error
			if fresh, err = e.open(); err != nil {
				return fmt.Errorf("sigv4: opening the content: %w", err)
			}
			r.Body.Close()
		}
		r.Body = fresh
	}
	r.GetBody, r.ContentLength = e.open, e.length
	e.retract(r.Header)
	return nil
}

// retract removes the fields that announce and the signer set.
func (e *encoding) retract(h http.Header) {
	if c := strings.Join(h.Values("Content-Encoding"), ","); chunkedCoding(c) {
		if _, rest, _ := strings.Cut(c, ","); strings.TrimSpace(rest) != "" {
			h.Set("Content-Encoding", strings.TrimSpace(rest))
		} else {
			h.Del("Content-Encoding")
		}
	}
	h.Del("X-Amz-Decoded-Content-Length")
	if !e.chosen {
		h.Del("X-Amz-Trailer")
	}
	if h.Get("X-Amz-Content-Sha256") == e.mode.stream() {
		h.Del("X-Amz-Content-Sha256")
	}
}

// chunked reads content as aws-chunked. A chunk is signed in its head, so
// one is held in memory.
type chunked struct {
	*encoding
	src io.ReadCloser
	// used says that the content is no longer whole: Read or Close was called,
	// perhaps by a transport that is still at it when the next attempt begins.
	used atomic.Bool

	left     int64     // content to be read
	previous signature // what the next one is chained to
	sum      hash.Hash
	memory   []byte // holds a chunk with head and end
	out      []byte // part of memory that is encoded and not yet read
	end      error  // what follows out
}

// Format keeps the signing key out of whatever prints a request's body.
func (c *chunked) Format(w fmt.State, _ rune) { io.WriteString(w, "sigv4: "+coding+" content") }

func (c *chunked) Close() error {
	c.used.Store(true)
	return c.src.Close()
}

func (c *chunked) Read(p []byte) (int, error) {
	c.used.Store(true)
	for len(c.out) == 0 {
		if c.end != nil {
			return 0, c.end
		}
		if len(p) == 0 {
			return 0, nil
		}
		if err := c.fill(); err != nil {
			c.end = err
		}
	}
	n := copy(p, c.out)
	c.out = c.out[n:]
	return n, nil
}

// room is kept before a chunk for its head, whose length is known last.
const room = 5 + len(chunkExtension) + len(signature{}) + len(crlf)

// fill encodes the next chunk, or the last one and the trailer.
func (c *chunked) fill() error {
	if c.memory == nil {
		c.memory = make([]byte, room+int(min(c.left, chunkSize))+len(crlf))
		if c.trailer != "" {
			c.sum = checksum(c.trailer)
		}
	}
	if c.left == 0 {
		return c.finish()
	}
	n := int(min(c.left, chunkSize))
	data := c.memory[room : room+n]
	if got, err := io.ReadFull(c.src, data); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return fmt.Errorf("sigv4: the content is %d bytes shorter than its declared length: %w", c.left-int64(got), io.ErrUnexpectedEOF)
		}
		return err
	}
	c.left -= int64(n)
	if c.sum != nil {
		c.sum.Write(data)
	}
	var array [room]byte
	head := c.appendHead(array[:0], data)
	start := room - len(head)
	copy(c.memory[start:], head)
	copy(c.memory[room+n:], crlf)
	c.out = c.memory[start : room+n+len(crlf)]
	return nil
}

// finish encodes the chunk without content and the trailer. Its error is the
// end of the encoding: io.EOF when all went well.
func (c *chunked) finish() error {
	var one [1]byte
	switch _, err := io.ReadFull(c.src, one[:]); {
	case err == nil:
		return errors.New("sigv4: the content is longer than its declared length")
	case err != io.EOF:
		return err
	}
	b := c.appendHead(c.memory[:0], nil)
	if c.trailer != "" {
		start := len(b)
		b = append(b, c.trailer...)
		b = append(b, ':')
		var sum [64]byte
		b = base64.StdEncoding.AppendEncode(b, c.sum.Sum(sum[:0]))
		if c.signed() {
			// What is signed ends in a line feed alone.
			line := append(bytes.Clone(b[start:]), '\n')
			c.chain("AWS4-HMAC-SHA256-TRAILER", "", line)
			b = append(b, crlf+trailerSignature...)
			b = append(b, c.previous[:]...)
		}
		b = append(b, crlf...)
	}
	c.out = append(b, crlf...)
	return io.EOF
}

// appendHead appends the head of a chunk with data in it.
func (c *chunked) appendHead(b, data []byte) []byte {
	b = strconv.AppendInt(b, int64(len(data)), 16)
	if c.signed() {
		c.chain("AWS4-HMAC-SHA256-PAYLOAD", emptyHash+"\n", data)
		b = append(b, chunkExtension...)
		b = append(b, c.previous[:]...)
	}
	return append(b, crlf...)
}

// chain signs data in the chain. A chunk's string to sign has the hash of an
// extension nobody uses, in a line before that of the data.
func (c *chunked) chain(algorithm, extension string, data []byte) {
	digest := sha256.Sum256(data)
	w := c.key.workspace()
	defer c.key.release(w)
	b := c.key.begin(w.buf[:0], algorithm, c.date)
	b = append(b, c.previous[:]...)
	b = append(b, '\n')
	b = append(b, extension...)
	w.buf = hex.AppendEncode(b, digest[:])
	c.previous = w.sign()
}
