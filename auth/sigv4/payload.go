package sigv4

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// ErrNotReplayable is matched by errors for content that has to be read before
// it is sent, or sent again, and can be read only once.
var ErrNotReplayable error = sentinel.NotReplayable

const (
	unsignedPayload = "UNSIGNED-PAYLOAD"
	streamPrefix    = "STREAMING-"
	signedStream    = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	signedTrailer   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	unsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

// stream returns what stands for the hash when content is streamed, or "".
func (p Payload) stream() string {
	switch p {
	case PayloadStreamSigned:
		return signedStream
	case PayloadStreamSignedTrailer:
		return signedTrailer
	case PayloadStreamUnsignedTrailer:
		return unsignedTrailer
	}
	return ""
}

// content returns what stands for r's content in the canonical request, and
// for content to be streamed how. What an earlier signature did to the
// content is undone first; resigned says that there was one.
func (s *Signer) content(r *http.Request, resigned bool) (hash string, chunks *encoding, err error) {
	if err := unwrap(r); err != nil {
		return "", nil, err
	}
	if own := r.Header.Get("X-Amz-Content-Sha256"); own != "" {
		keep, err := s.keeps(r, own, resigned)
		if keep || err != nil {
			return own, nil, err
		}
	}
	switch {
	case s.Payload == PayloadUnsigned:
		return unsignedPayload, nil, nil
	case s.Payload == PayloadSigned:
		hash, err = hashContent(r)
		return hash, nil, err
	case empty(r) && r.Header.Get("X-Amz-Trailer") == "":
		return emptyHash, nil, nil
	}
	chunks, err = newEncoding(r, s.Payload)
	return s.Payload.stream(), chunks, err
}

// keeps reports whether own, the X-Amz-Content-Sha256 found on r, stays.
func (s *Signer) keeps(r *http.Request, own string, resigned bool) (bool, error) {
	encoded := chunkedCoding(r.Header.Get("Content-Encoding"))
	switch {
	case strings.HasPrefix(own, streamPrefix):
		if resigned && encoded && own != unsignedTrailer {
			return false, fmt.Errorf("sigv4: the chunks carry an earlier signature: %w", ErrNotReplayable)
		}
		// The caller's own encoding is not encoded again, but naming the mode
		// of this signer asks for nothing else than it does anyway.
		return encoded || own != s.Payload.stream(), nil
	case resigned && isDigest(own):
		// It may be from the earlier signature, and the content another now.
		return s.Payload == PayloadUnsigned || r.GetBody == nil && !empty(r), nil
	}
	return true, nil
}

// empty reports whether r has no content.
func empty(r *http.Request) bool {
	return r.Body == http.NoBody || r.Body == nil && r.ContentLength == 0
}

// hashContent returns the SHA-256 of r's content, which it opens for itself.
func hashContent(r *http.Request) (string, error) {
	if r.GetBody == nil {
		if empty(r) {
			return emptyHash, nil
		}
		return "", fmt.Errorf("sigv4: signing the content: %w", ErrNotReplayable)
	}
	if r.Body == http.NoBody {
		return emptyHash, nil
	}
	body, err := r.GetBody()
	if err != nil {
		return "", fmt.Errorf("sigv4: signing the content: %w", err)
	}
	if body == nil || body == http.NoBody {
		return emptyHash, nil
	}
	h := sha256.New()
	_, err = io.Copy(h, &contextReader{r.Context(), body})
	if err = errors.Join(err, body.Close()); err != nil {
		return "", fmt.Errorf("sigv4: signing the content: %w", err)
	}
	var sum [sha256.Size]byte
	return hex.EncodeToString(h.Sum(sum[:0])), nil
}

// contextReader ends with its context: hashing a long file takes a while.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, sentinel.Ended(c.ctx)
	}
	return c.r.Read(p)
}
