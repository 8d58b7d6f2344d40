// Package sigv4 signs requests with AWS Signature Version 4, for AWS and for
// the many services that are compatible with S3.
//
// A [Signer] signs in the header of a request, whose content it may hash, leave
// unsigned, or sign in chunks as it streams, and it makes presigned URLs.
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
	"time"
)

const (
	algorithm = "AWS4-HMAC-SHA256"
	timeForm  = "20060102T150405Z" // of X-Amz-Date; a scope has its first eight characters
	scheme    = algorithm + " "
)

// Payload says how the content of a request enters its signature.
type Payload int

const (
	// PayloadSigned signs the SHA-256 of the content. GetBody is read once more
	// for it, so content that can be had only once is [ErrNotReplayable].
	PayloadSigned Payload = iota
	// PayloadUnsigned leaves the content out. Only TLS protects it then, and
	// only some services, S3 among them, accept it.
	PayloadUnsigned
	// PayloadStreamSigned sends the content as aws-chunked, in chunks of 64 KiB
	// that are signed one after the other. Content is read once. Its length must
	// be known, and S3 and what is compatible with it understand it.
	PayloadStreamSigned
	// PayloadStreamSignedTrailer adds a checksum after the content, signed too.
	// The field X-Amz-Trailer of the request names it: x-amz-checksum- and one
	// of crc32, which is the default, crc32c, crc64nvme, sha1 and sha256.
	PayloadStreamSignedTrailer
	// PayloadStreamUnsignedTrailer is aws-chunked with a checksum and without
	// signatures: what AWS's own clients send over TLS.
	PayloadStreamUnsignedTrailer
)

// Signer signs requests to one service in one region. It is an
// [auth.Authenticator] of the deferred kind: it works on the request as it is
// about to be sent, each time it is sent. A Signer is safe for concurrent use
// while nobody changes its fields, and must not be copied after its first use.
//
// [auth.Authenticator]: https://pkg.go.dev/github.com/seed-3bbad739/requests/auth#Authenticator
type Signer struct {
	// Service and Region are the signing names, such as "s3" and "eu-west-1".
	// Neither may be empty.
	Service, Region string

	// Credentials is asked for each signature, with the context of the request,
	// so it should keep what is costly to get. See [Static]. It may not be nil.
	Credentials func(context.Context) (Credentials, error)

	// Payload says how content is signed. Zero is [PayloadSigned]. A request
	// without content is never sent in chunks.
	Payload Payload

	// RawPath signs the path as S3 does, encoded once and otherwise as it is;
	// false signs it normalised and encoded twice, as all others do. It is
	// implied by the services s3, s3express, s3-outposts and s3-object-lambda.
	RawPath bool

	// ContentSHA256 sends the field X-Amz-Content-Sha256 with the hash of the
	// content, as S3 demands. It is implied by S3's services and by every
	// Payload but [PayloadSigned].
	ContentSHA256 bool

	// Now is the clock. Nil means time.Now.
	Now func() time.Time

	keys keyring
}

// Deferred marks the Signer as one that signs last, when a request is sent.
func (s *Signer) Deferred() {}

// Authenticate signs r in its header: it sets Authorization, X-Amz-Date and,
// where they apply, X-Amz-Security-Token and X-Amz-Content-Sha256, whose value
// is honoured when the caller has set it. What an earlier signature set is
// replaced, so a request may be signed again. A URL that is presigned is left alone.
//
// Host is set without a default port, and the URL gets the canonical
// percent-encoding where another could be read in two ways; r.URL is replaced
// for that, not written to. Streaming payloads replace Body and GetBody
// by their encoding (a nil Body stays nil), set ContentLength to its exact
// length, and set Content-Encoding, X-Amz-Decoded-Content-Length and
// X-Amz-Trailer.
//
// Signed are Host and all fields but those that net/http, proxies and
// tracing set or change after this: Content-Length, User-Agent, Accept-Encoding,
// Cookie, Referer, Via, the hop-by-hop fields of RFC 9110, section 7.6.1, and their like.
//
// Content that is needed and cannot be read again is [ErrNotReplayable]; the
// error of Credentials is wrapped.
func (s *Signer) Authenticate(r *http.Request) error {
	if err := s.check(r); err != nil {
		return err
	}
	if presigned(r.URL.RawQuery) {
		return nil
	}
	creds, err := s.credentials(r.Context())
	if err != nil {
		return err
	}
	host, err := wireHost(r)
	if err != nil {
		return err
	}
	path, query, send, err := target(r.URL, s.singleEncoding())
	if err != nil {
		return err
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	resigned := strings.HasPrefix(r.Header.Get("Authorization"), scheme)
	hash, chunks, err := s.content(r, resigned)
	if err != nil {
		return err
	}

	date := s.now().UTC().Format(timeForm)
	key := s.keys.get(date[:8], s.Region, s.Service, creds.SecretAccessKey)
	// One array serves all values; each is clipped, so that none can grow into the next.
	values := make([]string, 0, 4)
	set := func(name, value string) {
		values = append(values, value)
		r.Header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	set("X-Amz-Date", date)
	if creds.SessionToken != "" {
		set("X-Amz-Security-Token", creds.SessionToken)
	} else if resigned && !strings.HasPrefix(r.Header.Get("Authorization"), scheme+"Credential="+creds.AccessKeyID+"/") {
		// Other credentials signed before, so the token is theirs. With the same
		// ones it is the caller's own.
		delete(r.Header, "X-Amz-Security-Token")
	}
	if s.sendsHash() || r.Header["X-Amz-Content-Sha256"] != nil {
		set("X-Amz-Content-Sha256", hash)
	}
	if chunks != nil {
		chunks.announce(r.Header)
	}
	if r.Host != host && (r.Host != "" || r.URL.Host != host) {
		r.Host = host
	}
	r.URL = send

	var array [24]field
	fields := signedFields(array[:0], r.Header, host, nil)
	w := key.workspace()
	defer key.release(w)
	w.buf = appendRequest(w.buf[:0], r.Method, path, query, fields, hash)
	seed := key.signRequest(w, date)

	b := append(w.buf[:0], scheme+"Credential="...)
	b = append(b, creds.AccessKeyID...)
	b = append(b, '/')
	b = append(b, key.scope...)
	b = append(b, ", SignedHeaders="...)
	b = appendNames(b, fields)
	b = append(b, ", Signature="...)
	b = append(b, seed[:]...)
	w.buf = b
	set("Authorization", string(b))
	if chunks != nil {
		chunks.key, chunks.date, chunks.seed = key, date, seed
		chunks.replaceBody(r)
	}
	return nil
}

// appendRequest appends the canonical request.
func appendRequest(b []byte, method, path, query string, fields []field, hash string) []byte {
	if method == "" {
		method = http.MethodGet
	}
	b = append(b, method...)
	b = append(b, '\n')
	b = append(b, path...)
	b = append(b, '\n')
	b = append(b, query...)
	b = append(b, '\n')
	b = appendFields(b, fields)
	b = append(b, '\n')
	b = appendNames(b, fields)
	b = append(b, '\n')
	return append(b, hash...)
}

// signRequest returns the signature of the canonical request in w.buf.
func (k *signingKey) signRequest(w *workspace, date string) signature {
	digest := sha256.Sum256(w.buf)
	w.buf = hex.AppendEncode(k.begin(w.buf[:0], algorithm, date), digest[:])
	return w.sign()
}

// check finds what cannot be signed with, or not unambiguously.
func (s *Signer) check(r *http.Request) error {
	switch {
	case r.URL == nil:
		return errors.New("sigv4: the request has no URL")
	case s.Service == "" || s.Region == "":
		return errors.New("sigv4: a signer needs a service and a region")
	case !visible(s.Service, '/') || !visible(s.Region, '/'):
		return errors.New("sigv4: the service or the region is no name")
	case s.Credentials == nil:
		return errors.New("sigv4: a signer needs credentials")
	case s.Payload < PayloadSigned || s.Payload > PayloadStreamUnsignedTrailer:
		return fmt.Errorf("sigv4: there is no payload %d", int(s.Payload))
	case strings.ContainsAny(r.Method, "\r\n"):
		return errors.New("sigv4: the method is no token")
	}
	return nil
}

func (s *Signer) credentials(ctx context.Context) (Credentials, error) {
	c, err := s.Credentials(ctx)
	if err != nil {
		return Credentials{}, fmt.Errorf("sigv4: credentials: %w", err)
	}
	return c, c.validate()
}

func (s *Signer) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// isS3 reports whether the service signs by S3's rules.
func (s *Signer) isS3() bool {
	switch s.Service {
	case "s3", "s3express", "s3-outposts", "s3-object-lambda":
		return true
	}
	return false
}

func (s *Signer) singleEncoding() bool { return s.RawPath || s.isS3() }

func (s *Signer) sendsHash() bool {
	return s.ContentSHA256 || s.isS3() || s.Payload != PayloadSigned
}

// Format writes the service and the region, for whatever verb: credentials
// and keys derived from them never print.
func (s *Signer) Format(w fmt.State, _ rune) {
	if s == nil {
		io.WriteString(w, "<nil>")
		return
	}
	fmt.Fprintf(w, "sigv4.Signer{Service:%q Region:%q}", s.Service, s.Region)
}

// emptyHash is the SHA-256 of no content.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// isDigest reports whether s has the form of a SHA-256 in hexadecimal.
func isDigest(s string) bool {
	if len(s) != len(emptyHash) {
		return false
	}
	_, err := hex.DecodeString(s)
	return err == nil
}
